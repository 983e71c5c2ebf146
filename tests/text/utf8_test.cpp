// SPDX-License-Identifier: Apache-2.0
// tests/text/utf8_test.cpp -- mirrors include/atlas/text/utf8.hpp.
#include <atlas/text/utf8.hpp>  // first, so that a missing include in it fails here

#include "support/utf8_model.hpp"  // model_characters: table 3-7 row by row
#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

/// Reads a text with decode_one, and each of its bytes back to where its character starts, and compares each character with the model.
void check_against_model(const std::string& text) {
  const auto want = support::model_characters(text);
  std::size_t at = 0;
  std::size_t count = 0;
  bool right = true;
  for (; at < text.size(); ++count) {
    const atlas::utf8_character got = atlas::decode_one(text, at);
    right = right && count < want.size() && want[count].byte == at && got.length_bytes >= 1 && got.length_bytes <= 4;
    if (!right) break;
    const bool good = want[count].code_point < 0x110000U;
    right = got.well_formed == good && got.code_point == (good ? want[count].code_point : atlas::replacement_character);
    for (std::size_t byte = 0; byte < got.length_bytes; ++byte) right = right && atlas::character_start(text, at + byte) == at;
    if (!right) break;
    at += got.length_bytes;
  }
  CHECK(right);
  CHECK(at == text.size());
  CHECK(count == want.size());
}

}  // namespace

TEST_SUITE("text") {
  TEST_CASE("decode_one, encode_one: every code point there and back") {
    std::size_t wrong = 0;
    for (std::uint32_t c = 0; c <= 0x10FFFFU; ++c) {
      if (c >= 0xD800U && c <= 0xDFFFU) continue;
      char bytes[4];
      const std::size_t length = atlas::encode_one(c, bytes);
      const atlas::utf8_character back = atlas::decode_one({bytes, length}, 0);
      wrong += back.well_formed && back.code_point == c && back.length_bytes == length ? 0U : 1U;
      // Cut short, it is no sequence, and its first byte is a character of its own.
      if (length > 1) {
        const atlas::utf8_character cut = atlas::decode_one({bytes, length - 1}, 0);
        wrong += !cut.well_formed && cut.length_bytes == 1 ? 0U : 1U;
      }
    }
    CHECK(wrong == 0);
  }

  TEST_CASE("encode_one: surrogates and numbers past the last plane become U+FFFD") {
    for (const char32_t bad : {0xD800U, 0xDFFFU, 0x110000U, 0xFFFFFFFFU}) {
      char bytes[4];
      REQUIRE(atlas::encode_one(bad, bytes) == 3);
      CHECK(std::string(bytes, 3) == "\uFFFD");
    }
  }

  TEST_CASE("decode_one: every sequence of two bytes, and of three and four with telling tails, is judged as in table 3-7") {
    for (unsigned first = 0; first < 256; ++first) {
      std::string all;
      for (unsigned second = 0; second < 256; ++second) {
        all += static_cast<char>(first);
        all += static_cast<char>(second);
        all += ' ';
        for (const unsigned third : {0x00U, 0x7FU, 0x80U, 0xBFU, 0xC0U}) {
          for (const unsigned fourth : {0x7FU, 0x80U, 0xBFU, 0xC0U}) {
            for (const unsigned byte : {first, second, third, fourth}) all += static_cast<char>(byte);
            all += ' ';
          }
        }
      }
      CAPTURE(first);
      check_against_model(all);
    }
  }

  TEST_CASE("decode_one: any bytes of any length, cut anywhere") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      CAPTURE(seed);
      check_against_model(support::random_bytes(seed, static_cast<std::size_t>(seed)));
      check_against_model(support::random_text(seed, static_cast<std::size_t>(seed)));
    }
    const std::string text = "0123456789abcdef\u00E9\u4E2D\U0001F600" + std::string(40, 'x') + "\xFF";
    for (std::size_t size = 0; size <= text.size(); ++size) check_against_model(text.substr(0, size));
  }

  TEST_CASE("the UTF-8 stress file: each byte belongs to one character") {
    if (support::test_data().empty()) {
      MESSAGE("skipped: 1 file, ATLAS_TEST_DATA is not set");
      return;
    }
    const std::string text = support::file_bytes(support::test_data() + "/suites/utf8-stress/UTF-8-test.txt");
    REQUIRE(text.size() > 10'000);
    check_against_model(text);
    // Its lines also as they are when each other byte is lost.
    std::string half;
    for (std::size_t i = 0; i < text.size(); i += 2) half += text[i];
    check_against_model(half);
  }
}
