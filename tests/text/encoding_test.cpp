// SPDX-License-Identifier: Apache-2.0
// tests/text/encoding_test.cpp -- mirrors include/atlas/text/encoding.hpp.
#include <atlas/text/encoding.hpp>  // first, so that a missing include in it fails here

#include "support/chunk_model.hpp"  // model_characters
#include "support/error_line.hpp"
#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using atlas::text_encoding;

atlas::span<const std::byte> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

/// Valid UTF-8 as UTF-16 or UTF-32, written by the definitions.
std::string encoded(const std::string& utf8, text_encoding to, bool mark) {
  const bool wide = to == text_encoding::utf32_le || to == text_encoding::utf32_be;
  const bool big = to == text_encoding::utf16_be || to == text_encoding::utf32_be;
  std::string out;
  const auto put = [&](std::uint32_t unit) {
    const int size = wide ? 4 : 2;
    for (int i = 0; i < size; ++i) out += static_cast<char>((unit >> 8 * (big ? size - 1 - i : i)) & 0xFF);
  };
  if (mark) put(0xFEFF);
  for (const auto& c : support::model_characters(utf8)) {
    if (wide || c.code_point < 0x10000U) {
      put(c.code_point);
    } else {
      put(0xD800U + ((c.code_point - 0x10000U) >> 10));
      put(0xDC00U + ((c.code_point - 0x10000U) & 0x3FFU));
    }
  }
  return out;
}

const std::vector<text_encoding> wide_encodings = {text_encoding::utf16_le, text_encoding::utf16_be,
                                                   text_encoding::utf32_le, text_encoding::utf32_be};
const std::vector<std::string> texts = {
    "A first line.\nAnd a second.\n", "Zu\u00DFe, \u0416\u0443\u043A 42\n", "\u4E2D\u6587 \u3042\n", "\U0001F600 face\r\n", "a"};

std::string text_of(const atlas::decoded_text& decoded) { return {decoded.text.data(), decoded.text.size()}; }

}  // namespace

TEST_SUITE("text") {
  TEST_CASE("decode_text: UTF-8 is borrowed, its byte-order mark left out and counted") {
    for (const std::string& text : texts) {
      atlas::buffer<char> storage;
      const auto plain = atlas::decode_text(bytes_of(text), storage);
      REQUIRE(plain.ok());
      CHECK(plain->text.data() == text.data());
      CHECK(text_of(*plain) == text);
      CHECK(plain->mark_bytes == 0);
      CHECK(plain->borrowed);

      const std::string marked = "\xEF\xBB\xBF" + text;
      const auto stripped = atlas::decode_text(bytes_of(marked), storage);
      REQUIRE(stripped.ok());
      CHECK(text_of(*stripped) == text);
      CHECK(stripped->mark_bytes == 3);
      CHECK(stripped->encoding == text_encoding::utf8);
      CHECK(storage.empty());
    }
  }

  TEST_CASE("decode_text: UTF-16 and UTF-32 in both orders, with and without byte-order mark, are the same text") {
    for (const std::string& text : texts) {
      for (const text_encoding encoding : wide_encodings) {
        for (const bool mark : {true, false}) {
          CAPTURE(text);
          CAPTURE(std::string(atlas::name(encoding)));
          CAPTURE(mark);
          atlas::buffer<char> storage;
          const std::string input = encoded(text, encoding, mark);
          const auto decoded = atlas::decode_text(bytes_of(input), storage);
          REQUIRE(decoded.ok());
          CHECK(text_of(*decoded) == text);
          CHECK(decoded->encoding == encoding);
          CHECK(decoded->mark_bytes == (mark ? input.size() - encoded(text, encoding, false).size() : 0));
          CHECK_FALSE(decoded->borrowed);
          CHECK(decoded->text.data() == storage.data());
        }
      }
    }
  }

  TEST_CASE("decode_text: longer than the sample that is looked at, cut inside a surrogate pair there") {
    std::string text = "x";
    while (text.size() < 400'000) text += "\U0001F600";
    text += " end\n";
    for (const text_encoding encoding : wide_encodings) {
      atlas::buffer<char> storage;
      const auto decoded = atlas::decode_text(bytes_of(encoded(text, encoding, false)), storage);
      REQUIRE(decoded.ok());
      const bool same = text_of(*decoded) == text;  // too long to print
      CHECK(same);
      CHECK(decoded->encoding == encoding);
    }
  }

  TEST_CASE("decode_text: no bytes are an empty text; a byte-order mark alone is one too") {
    atlas::buffer<char> storage;
    CHECK(atlas::decode_text({}, storage).value().text.empty());
    for (const text_encoding encoding : wide_encodings) {
      const std::string mark = encoded("", encoding, true);
      CHECK(atlas::decode_text(bytes_of(mark), storage).value().text.empty());
    }
  }

  TEST_CASE("decode_text: binary data and unknown encodings are refused and named") {
    atlas::buffer<char> storage;
    const std::string program("\x7F" "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0", 20);
    const std::string picture("\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0", 18);
    const std::string late_nul = std::string(100'000, 'a') + std::string(1, '\0');
    for (const std::string& data : {program, picture, late_nul, std::string("\x01\x02\xFF\xFE")}) {
      CHECK(atlas::guess_encoding(bytes_of(data)) == text_encoding::binary);
      const auto decoded = atlas::decode_text(bytes_of(data), storage);
      CHECK(support::failed_as(decoded, atlas::errc::bad_encoding));
      CHECK(support::error_line(decoded).find("expected UTF-8, UTF-16 or UTF-32, found binary data") != std::string::npos);
    }
    const std::string latin1 = "Stra\xDF" "e, na\xEFve\n";
    CHECK(atlas::guess_encoding(bytes_of(latin1)) == text_encoding::unknown);
    CHECK(support::error_line(atlas::decode_text(bytes_of(latin1), storage)).find("found unknown encoding") != std::string::npos);
    const std::string shift_jis = "\x93\xFA\x96\x7B\x8C\xEA\n";
    CHECK(atlas::guess_encoding(bytes_of(shift_jis)) == text_encoding::unknown);
  }

  TEST_CASE("decode_text: ill-formed bytes behind a byte-order mark are refused with their offset") {
    atlas::buffer<char> storage;
    const auto refused_at = [&](const std::string& input) {
      const auto decoded = atlas::decode_text(bytes_of(input), storage);
      REQUIRE(support::failed_as(decoded, atlas::errc::bad_encoding));
      CHECK(support::says_both(decoded));
      CHECK(storage.empty());
      return decoded.error().found;
    };
    CHECK(refused_at("\xEF\xBB\xBF" "ab\xFF") == 5);
    CHECK(refused_at(encoded("ab", text_encoding::utf16_le, true) + "\x41") == 6);                 // half a unit
    CHECK(refused_at(encoded("ab", text_encoding::utf16_le, true) + std::string("\x00\xDC", 2)) == 6);      // low surrogate first
    CHECK(refused_at(encoded("ab", text_encoding::utf16_be, true) + std::string("\xD8\x00\x00\x41", 4)) == 6);  // high without low
    CHECK(refused_at(encoded("ab", text_encoding::utf32_le, true) + std::string("\x00\x00\x11\x00", 4)) == 12);
    CHECK(refused_at(encoded("ab", text_encoding::utf32_be, true) + std::string("\x00\x00\xD8\x00", 4)) == 12);
  }

  TEST_CASE("guess_encoding: escape sequences of a terminal log are text, other controls beside bad bytes are not") {
    CHECK(atlas::guess_encoding(bytes_of("\x1B[31mred\x1B[0m\b\f\n")) == text_encoding::utf8);
    CHECK(atlas::guess_encoding(bytes_of("\x02\x03\xE9")) == text_encoding::binary);
  }

  TEST_CASE("decode_text: whatever it accepts is valid UTF-8, whatever the bytes") {
    atlas::buffer<char> storage;
    std::size_t accepted = 0;
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
      std::string input = seed % 2 == 0 ? support::random_text(seed, seed % 40) : support::random_bytes(seed, seed % 24);
      if (seed % 3 == 0) input = encoded(support::random_text(seed, 5), wide_encodings[seed % 4], true).substr(0, seed % 50);
      const auto decoded = atlas::decode_text(bytes_of(input), storage);
      if (!decoded.ok()) continue;
      ++accepted;
      REQUIRE(atlas::is_utf8(decoded->text));
    }
    CHECK(accepted > 100);
  }

  TEST_CASE("files of the wild: accepted ones are what their folder says") {
    const std::string packed = support::test_data() + "/suites/chardet-tests.tar.zst";
    if (support::test_data().empty()) {
      MESSAGE("skipped: files in UTF-8, UTF-16 and UTF-32, ATLAS_TEST_DATA is not set");
      return;
    }
    const std::string names = support::output_of("tar -I zstd -tf " + packed + " 2>/dev/null");
    if (names.empty()) {
      MESSAGE("skipped: tar cannot unpack zstd here");
      return;
    }
    std::size_t checked = 0;
    for (const std::string& path : support::lines_of(names)) {
      const bool is_utf = path.find("/utf-8") != std::string::npos || path.find("/UTF-16") != std::string::npos ||
                          path.find("/UTF-32") != std::string::npos || path.find("/utf-16") != std::string::npos;
      if (!is_utf || path.back() == '/') continue;
      const std::string input = support::output_of("tar -I zstd -xOf " + packed + " '" + path + "'");
      CAPTURE(path);
      atlas::buffer<char> storage;
      CHECK(atlas::decode_text(bytes_of(input), storage).ok());
      ++checked;
    }
    MESSAGE(checked << " files");
    CHECK(checked > 10);
  }
}
