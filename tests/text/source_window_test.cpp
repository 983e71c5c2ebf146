// SPDX-License-Identifier: Apache-2.0
// tests/text/source_window_test.cpp -- mirrors include/atlas/text/source_window.hpp.
#include <atlas/text/source_window.hpp>  // first, so that a missing include in it fails here

#include "support/encodings.hpp"
#include "support/error_line.hpp"
#include "support/source_places.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

using atlas::bad_bytes;

TEST_SUITE("source window") {
  TEST_CASE("source_window: places of a stream are those of the whole source, from the last release on") {
    for (const support::encoded_text& text : support::encoded_texts()) {
      CAPTURE(std::string(atlas::name(text.encoding)));
      std::string source = text.bytes + text.bytes + text.bytes;
      std::mt19937_64 random(source.size());
      for (int damage = 0; damage < 2; ++damage) {
        for (const bad_bytes policy : {bad_bytes::replace, bad_bytes::pass}) {
          const auto want = support::places_by_characters(source, text.encoding, policy);
          for (const std::size_t piece : {1U, 5U, 1000U}) {
            CAPTURE(piece);
            atlas::stream_decoder decoder(policy, text.encoding);
            atlas::source_window window;
            atlas::buffer<char> out;
            std::size_t released = 0;
            for (std::size_t at = 0; at <= source.size(); at += piece) {
              const std::string part = source.substr(at, piece);
              REQUIRE(window.feed(decoder, support::bytes_of(part), out).ok());
              if (at + piece > source.size()) REQUIRE(decoder.finish(out).ok());
              const std::size_t end = out.size();
              for (int i = 0; i < 4; ++i) {
                const std::size_t place = released + random() % (end - released + 1);
                CAPTURE(place);
                const auto found = window.source_byte(decoder, place);
                REQUIRE(found.ok());
                // The end of what is there already may be the beginning of a character that is still to come.
                REQUIRE((*found == want[place] || (place == end && *found <= want[place])));
              }
              if (random() % 3 == 0) {
                released += random() % (end - released + 1);
                while (released < end && released > 0 && want[released] == want[released - 1]) --released;
                REQUIRE(window.release(decoder, released).ok());
              }
            }
            REQUIRE(out.size() + 1 == want.size());
            for (std::size_t place = released; place < want.size(); ++place) REQUIRE(window.source_byte(decoder, place).value() == want[place]);
          }
        }
        for (int i = 0; i < 12; ++i) source[random() % source.size()] = static_cast<char>(random() & 0xFF);
      }
    }
  }

  TEST_CASE("source_window: the encoding is told on the way, ASCII before it and a byte-order mark count") {
    const std::string ascii(atlas::stream_decoder::first_bytes + 10'000, 'a');
    std::string source = ascii;
    for (int i = 0; i < 20'000; ++i) source += "\xCF\xF0\xE8\xE2\xE5\xF2, \xEC\xE8\xF0. ";  // windows-1251
    atlas::stream_decoder decoder(bad_bytes::replace);
    atlas::source_window window;
    atlas::buffer<char> text;
    const std::size_t half = ascii.size() + 50;
    REQUIRE(window.feed(decoder, support::bytes_of(source.substr(0, half)), text).ok());
    REQUIRE(!decoder.is_decided());
    REQUIRE(text.size() > 5'000);
    CHECK(window.source_byte(decoder, 1'234).value() == 1'234);
    REQUIRE(window.release(decoder, 5'000).ok());
    CHECK(support::failed_as(window.source_byte(decoder, 4'999), atlas::errc::invalid_argument));
    CHECK(support::failed_as(window.source_byte(decoder, text.size() + 1), atlas::errc::invalid_argument));
    const std::string rest = source.substr(half);
    REQUIRE(window.feed(decoder, support::bytes_of(rest), text).ok());
    REQUIRE(decoder.finish(text).ok());
    REQUIRE(decoder.guess().encoding == atlas::text_encoding::windows_1251);
    CHECK(window.source_byte(decoder, 5'000).value() == 5'000);
    CHECK(window.source_byte(decoder, ascii.size() + 2 * 6 + 2).value() == ascii.size() + 8);
    CHECK(window.source_byte(decoder, text.size()).value() == source.size());
    CHECK(window.source_byte(decoder, ascii.size()).value() == ascii.size());

    for (const std::string& marked : {std::string("\xEF\xBB\xBF" "abc"), std::string("\xEF\xBB\xBF" "\xFF" "abc")}) {
      atlas::stream_decoder with_mark(bad_bytes::replace);
      atlas::source_window of_mark;
      text.clear();
      REQUIRE(of_mark.feed(with_mark, support::bytes_of(marked), text).ok());
      CHECK(of_mark.source_byte(with_mark, 0).value() == 0);  // nothing is told yet
      REQUIRE(of_mark.release(with_mark, 0).ok());
      REQUIRE(with_mark.finish(text).ok());
      CHECK(of_mark.source_byte(with_mark, 0).value() == 3);
      CHECK(of_mark.source_byte(with_mark, text.size()).value() == marked.size());
      CHECK(of_mark.source_byte(with_mark, text.size() - 1).value() == marked.size() - 1);
    }
  }

  TEST_CASE("source_window: places of chunks within each other, and behind many escapes, are found in a short walk each") {
    // Quadratic time would take minutes.
    std::string source;
    for (int i = 0; i < 300'000; ++i) source += "\x1B$B\x1B(B";
    source += "abc";
    for (int i = 0; i < 200'000; ++i) source += "\x1B$B\x24\x22\x1B(B ";
    atlas::stream_decoder decoder(bad_bytes::replace, atlas::text_encoding::iso_2022_jp);
    atlas::source_window window;
    atlas::buffer<char> text;
    REQUIRE(window.feed(decoder, support::bytes_of(source), text).ok());
    REQUIRE(decoder.finish(text).ok());
    REQUIRE(text.size() == 3 + 200'000 * 4);
    constexpr std::size_t escapes = 300'000 * 6;
    for (int i = 0; i < 10'000; ++i) {
      REQUIRE(window.source_byte(decoder, 2).value() == escapes + 2);
      REQUIRE(window.source_byte(decoder, 1).value() == escapes + 1);
    }
    for (std::size_t word = 100'000; word-- != 0;) {
      const std::size_t end = 2 * word + 2;
      REQUIRE(window.source_byte(decoder, 3 + end * 4).value() == escapes + 3 + end * 9);
      REQUIRE(window.source_byte(decoder, 3 + end * 4 - 8).value() == escapes + 3 + end * 9 - 18);
    }
  }

  TEST_CASE("source_window: holds what was fed since the last release, and no more than twice that") {
    atlas::stream_decoder decoder(bad_bytes::replace, atlas::text_encoding::shift_jis);
    atlas::source_window window;
    atlas::buffer<char> text;
    std::string piece;
    for (int i = 0; i < 100; ++i) piece += "\x93\xFA line ";
    std::uint64_t before = 0;
    std::size_t most = 0;
    for (int i = 0; i < 2'000; ++i) {
      text.clear();
      REQUIRE(window.feed(decoder, support::bytes_of(piece), text).ok());
      const std::uint64_t source = (static_cast<std::uint64_t>(i) + 1) * piece.size();
      REQUIRE(window.source_byte(decoder, before + text.size()).value() == source);
      REQUIRE(window.release(decoder, before).ok());
      before += text.size();
      most = std::max(most, window.memory_bytes());
    }
    CHECK(most <= 8 * piece.size());
    CHECK(most >= piece.size());
  }
}
