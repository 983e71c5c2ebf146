// SPDX-License-Identifier: Apache-2.0
// tests/text/sentence_stops_test.cpp -- mirrors include/atlas/text/sentence_stops.hpp.
#include <atlas/text/sentence_stops.hpp>  // first, so that a missing include in it fails here

#include <atlas/text/break_properties_of.hpp>

#include "support/segmentation_ways.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_SUITE("text: sentence stops") {
  TEST_CASE("bytes_to_stop: each byte value at each place of texts around a word's width") {
    for (std::size_t size = 0; size <= 25; ++size) {
      for (std::size_t place = 0; place < size; ++place) {
        for (int value = 0; value < 256; ++value) {
          std::string text(size, 'a');
          text[place] = static_cast<char>(value);
          if (place + 1 < size) text[place + 1] = value % 2 == 0 ? '.' : '/';  // next to it, where a borrow could go
          const bool stops = value >= 0x80 || value < 0x0E || value == '.' || value == '!' || value == '?';
          const std::size_t want = stops ? place : place + 1 < size && value % 2 == 0 ? place + 1 : size;
          CAPTURE(size);
          CAPTURE(place);
          CAPTURE(value);
          REQUIRE(atlas::detail::bytes_to_stop(text, 0) == want);
          REQUIRE(atlas::detail::bytes_to_stop(text, place) == want - place);
        }
      }
    }
  }

  TEST_CASE("bytes_of_syllables: characters of three bytes in its ranges, none of which is a mark, a terminator or a line end") {
    using enum atlas::sentence_break;
    std::size_t passed = 0;
    for (char32_t c = 0; c <= 0x10FFFFU; ++c) {
      if (c >= 0xD800U && c <= 0xDFFFU) continue;
      const std::string text = support::utf8_of_all({c, c, U'a'});
      const std::size_t bytes = atlas::detail::bytes_of_syllables(text, 0);
      const bool within = (c >= 0x3041 && c <= 0x3096) || (c >= 0x30A1 && c <= 0x30FA) || (c >= 0x4000 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7A3);
      if (bytes != (within ? 6U : 0U)) FAIL(c);
      const auto property = atlas::sentence_break_of(c);
      if (within && property != oletter && property != other) FAIL(c);
      passed += within ? 1U : 0U;
    }
    CHECK(passed > 30'000);
    CHECK(atlas::detail::bytes_of_syllables("\u4E2D\xE4\xB8", 0) == 3);
    CHECK(atlas::detail::bytes_of_syllables("\u4E2D\xE4\xB8.", 0) == 3);
    CHECK(atlas::detail::bytes_of_syllables("\u4E2D\xE4.\xAD", 3) == 0);
    CHECK(atlas::detail::bytes_of_syllables("", 0) == 0);
  }

  TEST_CASE("bytes_to_stop: the same while compiling; nothing at the end") {
    static_assert(atlas::detail::bytes_to_stop("twenty bytes and no stop", 0) == 24);
    static_assert(atlas::detail::bytes_to_stop("twelve bytes. And", 3) == 9);
    CHECK(atlas::detail::bytes_to_stop("abc", 3) == 0);
    CHECK(atlas::detail::bytes_to_stop("", 0) == 0);
  }
}
