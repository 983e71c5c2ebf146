// SPDX-License-Identifier: Apache-2.0
// tests/c_api/encoding_test.cpp -- encodings told and named, bytes decoded at once and in pieces, places found in the source.
#include "c_api/c_api_support.hpp"

#include <algorithm>
#include <string>

TEST_SUITE("c_api") {
namespace {
using namespace c_api_support;

const std::string euro_windows = "Preis: 5 \x80 f\xFCr die Gr\xF6\xDF" "e";  // windows-1252
const std::string euro_utf8 = "Preis: 5 \xE2\x82\xAC f\xC3\xBCr die Gr\xC3\xB6\xC3\x9F" "e";

struct decoded_string {
  atlas_status status = ATLAS_OK;
  atlas_decoded_text facts = ATLAS_DECODED_TEXT_INIT;
  std::string text;
};
decoded_string decoded(const std::string& source, std::int32_t encoding = ATLAS_ENCODING_UNKNOWN,
                       std::int32_t bad = ATLAS_BAD_BYTES_REFUSE) {
  decoded_string out;
  out.text.resize(3 * source.size());
  out.status = atlas_text_decode(&out.facts, out.text.data(), source.data(), source.size(), encoding, bad, out.text.size());
  REQUIRE(out.facts.text_bytes <= out.text.size());
  out.text.resize(out.facts.text_bytes);
  return out;
}
std::string utf16_le(const std::u16string& text) {
  std::string out;
  for (const char16_t unit : text) {
    out += static_cast<char>(unit & 0xFF);
    out += static_cast<char>(unit >> 8);
  }
  return out;
}
}  // namespace

  TEST_CASE("validate: the first byte that is no UTF-8, and characters") {
    std::uint64_t first_bad = 99;
    std::uint64_t characters = 99;
    const std::string good(100, 'x');
    REQUIRE(atlas_text_validate(&first_bad, &characters, euro_utf8.data(), euro_utf8.size()) == ATLAS_OK);
    CHECK(first_bad == euro_utf8.size());
    CHECK(characters == euro_windows.size());
    const std::string bad = good + "\xC3\xA4" + "\xE2\x82" + good;
    REQUIRE(atlas_text_validate(&first_bad, &characters, bad.data(), bad.size()) == ATLAS_OK);
    CHECK(first_bad == 102);
    CHECK(characters == 203);
    REQUIRE(atlas_text_validate(&first_bad, &characters, nullptr, 0) == ATLAS_OK);
    CHECK(first_bad == 0);
    CHECK(characters == 0);
  }

  TEST_CASE("encodings: names are labels, labels are found in any case, and what is none is refused") {
    std::int32_t found = -1;
    int decodable = 0;
    for (std::int32_t number = 0; number < 256; ++number) {
      if (std::string(atlas_encoding_name(number)) == "unknown encoding" || number == ATLAS_ENCODING_BINARY) continue;
      REQUIRE(atlas_encoding_of_label(&found, atlas_encoding_name(number)) == ATLAS_OK);
      CHECK(found == number);
      ++decodable;
    }
    CHECK(decodable == 42);
    REQUIRE(atlas_encoding_of_label(&found, " Latin1\n") == ATLAS_OK);
    CHECK(found == ATLAS_ENCODING_WINDOWS_1252);
    for (const char* const label : {"", "utf-9", "iso-2022-kr", "binary data"}) {
      CHECK(atlas_encoding_of_label(&found, label) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("encoding label"));
    }
    CHECK(found == ATLAS_ENCODING_WINDOWS_1252);
  }

  TEST_CASE("detect: by mark, by form, by statistics, and what is no text") {
    const auto told = [](const std::string& bytes) {
      atlas_encoding_guess guess = ATLAS_ENCODING_GUESS_INIT;
      REQUIRE(atlas_text_detect_encoding(&guess, bytes.data(), bytes.size()) == ATLAS_OK);
      return guess;
    };
    CHECK(told(euro_utf8).encoding == ATLAS_ENCODING_UTF8);
    CHECK(told(euro_utf8).basis == ATLAS_GUESS_BY_FORM);
    CHECK(told("\xFF\xFE" + utf16_le(u"ab")).encoding == ATLAS_ENCODING_UTF16_LE);
    CHECK(told("\xFF\xFE" + utf16_le(u"ab")).basis == ATLAS_GUESS_BY_MARK);
    CHECK(told("\xFF\xFE" + utf16_le(u"ab")).mark_bytes == 2);
    CHECK(told(utf16_le(u"a few words")).encoding == ATLAS_ENCODING_UTF16_LE);
    CHECK(told(utf16_le(u"a few words")).basis == ATLAS_GUESS_BY_FORM);
    CHECK(told(euro_windows).encoding == ATLAS_ENCODING_WINDOWS_1252);
    CHECK(told(euro_windows).basis == ATLAS_GUESS_BY_STATISTICS);
    CHECK(told(std::string("\x7F" "ELF\1\0\0\2", 8)).encoding == ATLAS_ENCODING_BINARY);
    CHECK(told(std::string("\x7F" "ELF\1\0\0\2", 8)).basis == ATLAS_GUESS_BY_NOTHING);
  }

  TEST_CASE("decode: told or given, without the mark, into an array that is large enough or not at all") {
    const decoded_string whole = decoded(euro_windows);
    REQUIRE(whole.status == ATLAS_OK);
    CHECK(whole.text == euro_utf8);
    CHECK(whole.facts.encoding == ATLAS_ENCODING_WINDOWS_1252);
    CHECK(whole.facts.is_source == 0);
    const decoded_string same = decoded("\xEF\xBB\xBF" + euro_utf8);
    CHECK(same.text == euro_utf8);
    CHECK(same.facts.mark_bytes == 3);
    CHECK(same.facts.is_source == 1);
    CHECK(whole.facts.basis == ATLAS_GUESS_BY_STATISTICS);
    CHECK(same.facts.basis == ATLAS_GUESS_BY_MARK);
    CHECK(decoded("x", ATLAS_ENCODING_UTF8).facts.basis == ATLAS_GUESS_GIVEN);
    CHECK(decoded("\xFF\xFE" + utf16_le(u"\u00E4b"), ATLAS_ENCODING_UTF16_LE).text == "\xC3\xA4" "b");
    CHECK(decoded("").status == ATLAS_OK);

    atlas_decoded_text facts = ATLAS_DECODED_TEXT_INIT;
    char small[4] = {'x', 'x', 'x', 'x'};
    REQUIRE(atlas_text_decode(&facts, small, euro_windows.data(), euro_windows.size(), ATLAS_ENCODING_WINDOWS_1252, 0, 4) == ATLAS_OK);
    CHECK(facts.text_bytes == euro_utf8.size());
    CHECK(std::string(small, 4) == "xxxx");
    for (const std::int32_t number : {-1, 15, std::int32_t{ATLAS_ENCODING_BINARY}, 256}) {
      CHECK(atlas_text_decode(&facts, small, "x", 1, number, 0, 4) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("ATLAS_ENCODING_"));
    }
    for (const std::int32_t number : {-1, 3}) {
      CHECK(atlas_text_decode(&facts, small, "x", 1, 0, number, 4) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("ATLAS_BAD_BYTES_"));
    }
  }

  TEST_CASE("decode: bad bytes are refused with their place, replaced or passed, and counted") {
    const std::string source = "\xEF\xBB\xBF" "a\xFF" "b\xE2\x82";
    const decoded_string refused = decoded(source, ATLAS_ENCODING_UTF8);
    CHECK(refused.status == ATLAS_ERR_BAD_ENCODING);
    CHECK(last_error_says("text.utf8_byte: expected well-formed UTF-8, found 4"));
    CHECK(refused.facts.encoding == ATLAS_ENCODING_UTF8);
    CHECK(refused.facts.basis == ATLAS_GUESS_GIVEN);
    CHECK(refused.facts.bad_count == 1);
    CHECK(refused.facts.first_bad == 4);
    CHECK(refused.text.empty());
    const decoded_string replaced = decoded(source, ATLAS_ENCODING_UTF8, ATLAS_BAD_BYTES_REPLACE);
    CHECK(replaced.text == "a\xEF\xBF\xBD" "b\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(replaced.facts.bad_count == 3);
    CHECK(replaced.facts.first_bad == 4);
    CHECK(replaced.facts.bad_bytes == ATLAS_BAD_BYTES_REPLACE);
    CHECK(decoded(source, ATLAS_ENCODING_UTF8, ATLAS_BAD_BYTES_PASS).text == source.substr(3));

    const decoded_string no_text = decoded(std::string("\1\0\2\3", 4));
    CHECK(no_text.status == ATLAS_ERR_BAD_ENCODING);
    CHECK(last_error_says("binary data"));
    CHECK(no_text.facts.encoding == ATLAS_ENCODING_BINARY);
    CHECK(no_text.facts.basis == ATLAS_GUESS_BY_NOTHING);
    CHECK(no_text.facts.bad_count == 0);
  }

  TEST_CASE("source offsets: places of the text in its source, in any order") {
    for (const std::int32_t bad : {ATLAS_BAD_BYTES_REPLACE, ATLAS_BAD_BYTES_PASS}) {
      CAPTURE(bad);
      std::string source = "\xFF\xFE";
      std::vector<std::uint64_t> want;  // for each byte of the text and its end
      const std::u16string some = u"a\u00E4\u4F60\U0001F600";
      while (source.size() < 20'000) {
        const std::size_t lengths[4] = {1, 2, 3, 4};
        const std::size_t units[4] = {1, 1, 1, 2};
        std::size_t unit = 0;
        for (std::size_t i = 0; i < 4; ++i) {
          for (std::size_t k = 0; k < lengths[i]; ++k) want.push_back(source.size() + 2 * unit);
          unit += units[i];
        }
        source += utf16_le(some);
      }
      want.push_back(source.size());
      const decoded_string text = decoded(source, ATLAS_ENCODING_UNKNOWN, bad);
      REQUIRE(text.status == ATLAS_OK);
      REQUIRE(text.text.size() + 1 == want.size());
      std::vector<std::uint64_t> offsets(want.size());
      for (std::size_t i = 0; i < offsets.size(); ++i) offsets[i] = i;
      const auto find = [&](std::uint64_t* out) {
        return atlas_text_source_offsets(out, offsets.data(), offsets.size(), &text.facts, source.data(), source.size());
      };
      std::vector<std::uint64_t> found(offsets.size());
      REQUIRE(find(found.data()) == ATLAS_OK);
      CHECK(found == want);
      std::reverse(offsets.begin(), offsets.end());
      std::reverse(want.begin(), want.end());
      REQUIRE(find(offsets.data()) == ATLAS_OK);  // in place
      CHECK(offsets == want);
      offsets = {1, text.text.size() + 1};
      CHECK(find(found.data()) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(atlas_last_error_row() == 1);
    }

    atlas_decoded_text wrong = ATLAS_DECODED_TEXT_INIT;
    wrong.text_bytes = 100;  // of another source: places in this one, and no harm
    std::uint64_t place = 50;
    CHECK(atlas_text_source_offsets(&place, &place, 1, &wrong, "short", 5) == ATLAS_OK);
    CHECK(place == 5);
    std::uint64_t places[2] = {5, 1};
    CHECK(atlas_text_source_offsets(places, places, 2, &wrong, "ab\xFF" "cd", 5) == ATLAS_ERR_BAD_ENCODING);
    CHECK(places[0] == 5);
    wrong.mark_bytes = 6;
    CHECK(atlas_text_source_offsets(&place, &place, 1, &wrong, "short", 5) == ATLAS_ERR_INVALID_ARGUMENT);
    wrong.mark_bytes = 0;
    wrong.encoding = ATLAS_ENCODING_UNKNOWN;
    CHECK(atlas_text_source_offsets(&place, &place, 1, &wrong, "short", 5) == ATLAS_ERR_INVALID_ARGUMENT);
    wrong.encoding = ATLAS_ENCODING_UTF8;
    wrong.bad_bytes = 3;
    CHECK(atlas_text_source_offsets(&place, &place, 1, &wrong, "short", 5) == ATLAS_ERR_INVALID_ARGUMENT);
  }

  TEST_CASE("decoder: pieces give the text that the whole gives, and say where bad bytes are") {
    for (const std::size_t most : {1U, 2U, 7U, 1000U}) {
      for (const std::int32_t encoding : {ATLAS_ENCODING_UNKNOWN, ATLAS_ENCODING_UTF16_LE}) {
        CAPTURE(most);
        CAPTURE(encoding);
        const std::string source = "\xFF\xFE" + utf16_le(u"a\u00E4\u4F60\U0001F600 and more");
        atlas_text_decoder* made = nullptr;
        REQUIRE(atlas_text_decoder_create(&made, encoding, ATLAS_BAD_BYTES_REFUSE) == ATLAS_OK);
        const text_decoder_handle decoder(made);
        atlas_decoded_text facts = ATLAS_DECODED_TEXT_INIT;
        REQUIRE(atlas_text_decoder_describe(&facts, made) == ATLAS_OK);
        CHECK(facts.encoding == ATLAS_ENCODING_UNKNOWN);
        CHECK(facts.basis == ATLAS_GUESS_BY_NOTHING);
        std::string text;
        atlas_text part = {nullptr, 0};
        for (std::size_t at = 0; at < source.size(); at += most) {
          REQUIRE(atlas_text_decoder_feed(&part, made, source.data() + at, std::min(most, source.size() - at)) == ATLAS_OK);
          text.append(part.data, part.size_bytes);
        }
        REQUIRE(atlas_text_decoder_finish(&part, made) == ATLAS_OK);
        text.append(part.data, part.size_bytes);
        CHECK(text == decoded(source).text);
        REQUIRE(atlas_text_decoder_describe(&facts, made) == ATLAS_OK);
        CHECK(facts.encoding == ATLAS_ENCODING_UTF16_LE);
        CHECK(facts.mark_bytes == 2);
        CHECK(facts.basis == (encoding == ATLAS_ENCODING_UNKNOWN ? ATLAS_GUESS_BY_MARK : ATLAS_GUESS_GIVEN));
        CHECK(facts.text_bytes == text.size());
        CHECK(atlas_text_decoder_feed(&part, made, "x", 1) == ATLAS_ERR_CLOSED);
        CHECK(atlas_text_decoder_finish(&part, made) == ATLAS_ERR_CLOSED);
      }
    }
    atlas_text_decoder* made = nullptr;
    REQUIRE(atlas_text_decoder_create(&made, ATLAS_ENCODING_UTF8, ATLAS_BAD_BYTES_REFUSE) == ATLAS_OK);
    const text_decoder_handle decoder(made);
    atlas_text part = {nullptr, 0};
    REQUIRE(atlas_text_decoder_feed(&part, made, "hello", 5) == ATLAS_OK);
    CHECK(atlas_text_decoder_feed(&part, made, "good\xFF" "bad", 8) == ATLAS_ERR_BAD_ENCODING);
    CHECK(last_error_says("found 9"));
    CHECK(std::string(part.data, part.size_bytes) == "good");
    atlas_decoded_text facts = ATLAS_DECODED_TEXT_INIT;
    REQUIRE(atlas_text_decoder_describe(&facts, made) == ATLAS_OK);
    CHECK(facts.bad_count == 1);
    CHECK(facts.first_bad == 9);
    CHECK(facts.text_bytes == 9);
    CHECK(atlas_text_decoder_feed(&part, made, "good", 4) == ATLAS_ERR_BAD_ENCODING);
    CHECK(atlas_text_decoder_finish(&part, made) == ATLAS_ERR_BAD_ENCODING);
    CHECK(atlas_text_decoder_create(&made, ATLAS_ENCODING_BINARY, 0) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(atlas_text_decoder_create(&made, ATLAS_ENCODING_UTF8, 3) == ATLAS_ERR_INVALID_ARGUMENT);
  }

  TEST_CASE("decoder: places of the text in what was fed, for as long as they are kept") {
    const std::string source = "\xFF\xFE" + utf16_le(u"a\u00E4\u4F60\U0001F600 and more");
    atlas_text_decoder* made = nullptr;
    REQUIRE(atlas_text_decoder_create(&made, ATLAS_ENCODING_UNKNOWN, ATLAS_BAD_BYTES_REFUSE) == ATLAS_OK);
    const text_decoder_handle decoder(made);
    REQUIRE(atlas_text_decoder_keep_source(made, 0) == ATLAS_OK);
    atlas_text part = {nullptr, 0};
    for (const char& byte : source) REQUIRE(atlas_text_decoder_feed(&part, made, &byte, 1) == ATLAS_OK);
    REQUIRE(atlas_text_decoder_finish(&part, made) == ATLAS_OK);
    std::uint64_t places[] = {10, 0, 1, 2, 3, 6, 5, part.size_bytes};
    REQUIRE(atlas_text_decoder_source_offsets(places, places, 8, made) == ATLAS_OK);
    const std::uint64_t want[] = {12, 2, 4, 4, 6, 8, 6, source.size()};
    for (std::size_t i = 0; i < 8; ++i) CHECK(places[i] == want[i]);
    REQUIRE(atlas_text_decoder_keep_source(made, 3) == ATLAS_OK);
    std::uint64_t three[] = {3, part.size_bytes, 2};
    CHECK(atlas_text_decoder_source_offsets(three, three, 3, made) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("at least 3, found 2"));
    CHECK(atlas_last_error_row() == 2);
    CHECK(atlas_text_decoder_keep_source(made, 2) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(atlas_text_decoder_keep_source(made, part.size_bytes + 1) == ATLAS_ERR_INVALID_ARGUMENT);

    atlas_text_decoder* other = nullptr;
    REQUIRE(atlas_text_decoder_create(&other, ATLAS_ENCODING_UTF8, ATLAS_BAD_BYTES_REFUSE) == ATLAS_OK);
    const text_decoder_handle without(other);
    CHECK(atlas_text_decoder_keep_source(other, 5) == ATLAS_ERR_INVALID_ARGUMENT);  // and nothing is kept
    CHECK(atlas_text_decoder_source_offsets(three, three, 1, other) == ATLAS_ERR_INVALID_ARGUMENT);
    REQUIRE(atlas_text_decoder_feed(&part, other, "text", 4) == ATLAS_OK);
    CHECK(atlas_text_decoder_keep_source(other, 0) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("a call before the first feed"));
  }

  TEST_CASE("decoder: says how much it has handed out while the encoding is still open, and none for what could not be told") {
    atlas_text_decoder* made = nullptr;
    REQUIRE(atlas_text_decoder_create(&made, ATLAS_ENCODING_UNKNOWN, ATLAS_BAD_BYTES_REFUSE) == ATLAS_OK);
    const text_decoder_handle decoder(made);
    const std::string ascii(std::size_t{3} << 20, 'a');
    atlas_text part = {nullptr, 0};
    REQUIRE(atlas_text_decoder_feed(&part, made, ascii.data(), ascii.size()) == ATLAS_OK);
    CHECK(part.size_bytes == ascii.size());
    atlas_decoded_text facts = ATLAS_DECODED_TEXT_INIT;
    REQUIRE(atlas_text_decoder_describe(&facts, made) == ATLAS_OK);
    CHECK(facts.encoding == ATLAS_ENCODING_UNKNOWN);
    CHECK(facts.text_bytes == ascii.size());
    REQUIRE(atlas_text_decoder_feed(&part, made, "\0\1\xFF", 3) == ATLAS_OK);
    CHECK(atlas_text_decoder_finish(&part, made) == ATLAS_ERR_BAD_ENCODING);
    CHECK(last_error_says("binary data"));
    REQUIRE(atlas_text_decoder_describe(&facts, made) == ATLAS_OK);
    CHECK(facts.bad_count == 0);
    CHECK(facts.text_bytes == ascii.size());
  }
}
