// SPDX-License-Identifier: Apache-2.0
// tests/text/words_test.cpp -- mirrors include/atlas/text/words.hpp.
#include <atlas/text/words.hpp>  // first, so that a missing include in it fails here
#include <atlas/text/utf8_validity.hpp>

#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

std::vector<std::string> words_of(const std::string& text) {
  atlas::word_reader reader(text);
  std::vector<std::string> words;
  for (atlas::text_view word; reader.next(word);) words.emplace_back(word.data(), word.size());
  return words;
}
using words = std::vector<std::string>;

}  // namespace

TEST_SUITE("text") {
  TEST_CASE("word_reader: letters and digits join, everything else parts") {
    CHECK(words_of("The cat's hat-trick, 3.5 times: snake_case x+y") ==
          words{"The", "cat", "s", "hat", "trick", "3", "5", "times", "snake", "case", "x", "y"});
    CHECK(words_of("na\u00EFve \u0416\u0443\u043A\u2014\u05D0\u05D1 \u00ABStra\u00DFe\u00BB") == words{"na\u00EFve", "\u0416\u0443\u043A", "\u05D0\u05D1", "Stra\u00DFe"});
    CHECK(words_of("e\u0301te\u0301") == words{"e\u0301te\u0301"});
  }

  TEST_CASE("word_reader: scripts without spaces give a word a character, Katakana and Hangul give runs") {
    CHECK(words_of("\u4E2D\u6587abc\u3002\u3042\u3044") == words{"\u4E2D", "\u6587", "abc", "\u3042", "\u3044"});
    CHECK(words_of("\u30C6\u30B9\u30C8\u30FB\u30C7\u30FC\u30BF") == words{"\u30C6\u30B9\u30C8", "\u30C7\u30FC\u30BF"});
    CHECK(words_of("\uD55C\uAD6D\uC5B4 \uB9D0") == words{"\uD55C\uAD6D\uC5B4", "\uB9D0"});
    CHECK(words_of("\u0E44\u0E17\u0E22") == words{"\u0E44", "\u0E17", "\u0E22"});
    CHECK(words_of("ok\U0001F600\U0001F680!") == words{"ok", "\U0001F600", "\U0001F680"});
  }

  TEST_CASE("word_reader: nothing to find") {
    CHECK(words_of("").empty());
    CHECK(words_of(" \n\t .,;:!? \u3000\u2026 \xFF\x80").empty());
  }

  TEST_CASE("word_reader: words are disjoint, in order, and hold all that joins, whatever the bytes") {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      const std::string text = seed % 2 == 0 ? support::random_text(seed, 60) : support::random_bytes(seed, 200);
      atlas::word_reader reader(text);
      std::size_t end = 0;
      std::size_t covered = 0;
      for (atlas::text_view word; reader.next(word);) {
        REQUIRE_FALSE(word.empty());
        const auto begin = static_cast<std::size_t>(word.data() - text.data());
        REQUIRE(begin >= end);
        end = begin + word.size();
        REQUIRE(end <= text.size());
        REQUIRE(atlas::is_utf8(word));
        covered += word.size();
      }
      std::size_t joining = 0;
      for (std::size_t at = 0; at < text.size();) {
        const auto c = atlas::decode_one(text, at);
        if (c.well_formed && atlas::word_part_of(c.code_point) != atlas::word_part::none) joining += c.length_bytes;
        at += c.length_bytes;
      }
      REQUIRE(covered == joining);
    }
  }
}
