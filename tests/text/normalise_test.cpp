// SPDX-License-Identifier: Apache-2.0
// tests/text/normalise_test.cpp -- mirrors include/atlas/text/normalise.hpp.
#include <atlas/text/normalise.hpp>  // first, so that a missing include in it fails here
#include <atlas/text/utf8_validity.hpp>

#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <sstream>
#include <string>

namespace {

using atlas::normal_form;

std::string normalised(const std::string& text, normal_form form = normal_form::nfkc_casefold) {
  atlas::buffer<char> out;
  REQUIRE(atlas::normalise(text, form, out).ok());
  return {out.data(), out.size()};
}

/// utf8proc on the whole text at once: what our piecewise way must equal. @pre valid UTF-8
std::string by_utf8proc(const std::string& text, normal_form form) {
  int flags = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
  if (form != normal_form::nfc) flags |= UTF8PROC_COMPAT;
  if (form == normal_form::nfkc_casefold) flags |= UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
  utf8proc_uint8_t* made = nullptr;
  const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                 static_cast<utf8proc_ssize_t>(text.size()), &made, static_cast<utf8proc_option_t>(flags));
  REQUIRE(size >= 0);
  std::string out(reinterpret_cast<const char*>(made), static_cast<std::size_t>(size));
  std::free(made);
  return out;
}

std::string from_code_points(const std::string& hex) {
  std::istringstream in(hex);
  std::string out;
  for (std::string one; in >> one;) {
    char bytes[4];
    out.append(bytes, atlas::encode_one(static_cast<char32_t>(std::stoul(one, nullptr, 16)), bytes));
  }
  return out;
}

}  // namespace

TEST_SUITE("text") {
  TEST_CASE("normalise: spellings of the same become one") {
    CHECK(normalised("ABC xyz 09 @[`{") == "abc xyz 09 @[`{");
    CHECK(normalised("Stra\u00DFe") == normalised("STRASSE"));
    CHECK(normalised("e\u0301") == normalised("\u00C9"));
    CHECK(normalised("\uFF21\uFB01") == "afi");
    CHECK(normalised("so\u00ADft\u200Bjoin") == "softjoin");
    CHECK(normalised("\u1100\u1161\u11A8") == "\uAC01");
    CHECK(normalised("\u00C9\uFB01", normal_form::nfkc) == "\u00C9fi");
    CHECK(normalised("e\u0301\uFB01A", normal_form::nfc) == "\u00E9\uFB01A");
    CHECK(normalised("").empty());
  }

  TEST_CASE("normalise: an ill-formed byte becomes U+FFFD, and the answer is valid UTF-8") {
    CHECK(normalised("A\xFF" "B\xE4\xB8") == "a\uFFFDb\uFFFD\uFFFD");
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
      const std::string text = seed % 2 == 0 ? support::random_bytes(seed, seed) : support::random_text(seed, seed);
      for (const normal_form form : {normal_form::nfc, normal_form::nfkc, normal_form::nfkc_casefold}) {
        REQUIRE(atlas::is_utf8(normalised(text, form)));
      }
    }
  }

  TEST_CASE("normalise: in pieces as at once") {
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
      CAPTURE(seed);
      std::string text;  // valid: what the random text says with U+FFFD in it
      const std::string raw = support::random_text(seed, 400);
      for (std::size_t at = 0; at < raw.size();) {
        const auto c = atlas::decode_one(raw, at);
        char bytes[4];
        text.append(bytes, atlas::encode_one(c.code_point, bytes));
        at += c.length_bytes;
      }
      for (const normal_form form : {normal_form::nfc, normal_form::nfkc, normal_form::nfkc_casefold}) {
        const bool same = normalised(text, form) == by_utf8proc(text, form);
        REQUIRE(same);
      }
    }
  }

  TEST_CASE("normalise: scripts that are one long run of letters, marks among them") {
    std::string text;
    for (int i = 0; i < 2000; ++i) text += i % 7 == 0 ? "\u304B\u3099" : i % 5 == 0 ? "\u0438\u0306" : "\u4E2D";
    const bool same = normalised(text) == by_utf8proc(text, normal_form::nfkc_casefold);  // too long to print
    CHECK(same);
    std::string hangul;
    for (int i = 0; i < 60; ++i) hangul += "\u1112\u1161\u11AB ";
    CHECK(normalised(hangul) == by_utf8proc(hangul, normal_form::nfkc_casefold));
  }

  TEST_CASE("normalise: where it starts anew, no form joins what stands before") {
    // The first code point of each such letter's decomposition orders before nothing and joins to nothing on its left.
    std::size_t joined = 0;
    const char* const befores[] = {"a", "e\u0301", "\u1100", "\u1100\u1161", "\u09C7", "\u0B47", "\u0BC6", "\u0CC6", "\u0D46", "\u0DD9", "\u1025", "\u304B", "\u0915"};
    for (char32_t c = 0x80; c <= 0x10FFFFU; ++c) {
      if ((c >= 0xD800U && c <= 0xDFFFU) || !atlas::detail::starts_anew(c)) continue;
      char bytes[4];
      const std::string letter(bytes, atlas::encode_one(c, bytes));
      const std::string alone = by_utf8proc(letter, normal_form::nfkc_casefold);
      for (const char* before : befores) {
        joined += by_utf8proc(before + letter, normal_form::nfkc_casefold) ==
                          by_utf8proc(before, normal_form::nfkc_casefold) + alone ? 0U : 1U;
        if (c > 0x3400U && c % 64 != 0) break;  // ideographs and Hangul syllables by the thousand
      }
    }
    CHECK(joined == 0);
  }

  TEST_CASE("normalise: a hundred thousand marks on one letter end, soon and valid") {
    std::string text = "a";
    for (int i = 0; i < 100'000; ++i) text += i % 2 == 0 ? "\u0301" : "\u0323";
    const std::string out = normalised(text);
    CHECK(atlas::is_utf8(out));
    CHECK(out.size() <= text.size() + 2);
  }

  TEST_CASE("normalise: the Unicode normalisation suite") {
    const std::string packed = support::test_data() + "/suites/unicode-15.0.tar.zst";
    if (support::test_data().empty()) {
      MESSAGE("skipped: 19,074 lines, ATLAS_TEST_DATA is not set");
      return;
    }
    const std::string suite = support::output_of("tar -I zstd -xOf " + packed + " unicode-15.0/NormalizationTest.txt 2>/dev/null");
    if (suite.empty()) {
      MESSAGE("skipped: tar cannot unpack zstd here");
      return;
    }
    std::size_t lines = 0;
    std::size_t wrong = 0;
    for (const std::string& line : support::lines_of(suite)) {
      if (line.empty() || line[0] == '#' || line[0] == '@') continue;
      std::istringstream in(line);
      std::string column[5];
      for (std::string& one : column) {
        std::getline(in, one, ';');
        one = from_code_points(one);
      }
      ++lines;
      for (int i = 0; i < 3; ++i) wrong += normalised(column[i], normal_form::nfc) == column[1] ? 0U : 1U;
      for (const std::string& one : column) wrong += normalised(one, normal_form::nfkc) == column[3] ? 0U : 1U;
    }
    MESSAGE(lines << " lines, utf8proc for Unicode " << std::string(utf8proc_unicode_version()));
    CHECK(lines > 18'000);
    CHECK(wrong == 0);
  }
}
