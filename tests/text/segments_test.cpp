// SPDX-License-Identifier: Apache-2.0
// tests/text/segments_test.cpp -- mirrors include/atlas/text/segments.hpp: what holds for clusters, words and sentences alike.
#include <atlas/text/segments.hpp>  // first, so that a missing include in it fails here
#include <atlas/text/utf8_validity.hpp>

#include <atlas/text/grapheme_boundaries.hpp>
#include <atlas/text/sentence_boundaries.hpp>
#include <atlas/text/tailored_sentences.hpp>
#include <atlas/text/word_boundaries.hpp>

#include "support/repetitions.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

TEST_SUITE("text: segments") {
  using pieces = std::vector<std::string>;

  template <class Reader>
  pieces segments_of(const std::string& text) {
    Reader reader(text);
    pieces out;
    for (atlas::text_view segment; reader.next(segment);) out.emplace_back(segment.data(), segment.size());
    return out;
  }

  TEST_CASE("grapheme_reader: what a reader takes for one character") {
    CHECK(segments_of<atlas::grapheme_reader>("ae\u0301\r\n\U0001F468\u200D\U0001F469\u200D\U0001F467\U0001F1EB\U0001F1F7\U0001F1E9\U0001F1EA\U0001F1E9") ==
          pieces{"a", "e\u0301", "\r\n", "\U0001F468\u200D\U0001F469\u200D\U0001F467", "\U0001F1EB\U0001F1F7", "\U0001F1E9\U0001F1EA", "\U0001F1E9"});
    CHECK(segments_of<atlas::grapheme_reader>("\u1112\u1161\u11AB\uAC01\u11A8") == pieces{"\u1112\u1161\u11AB", "\uAC01\u11A8"});
    CHECK(segments_of<atlas::grapheme_reader>("a\xFF\xE4\xB8\u0301") == pieces{"a", "\xFF", "\xE4", "\xB8\u0301"});
  }

  TEST_CASE("word_segment_reader: words, and what stands between them") {
    CHECK(segments_of<atlas::word_segment_reader>("Can't pay $3.14, o'clock?") ==
          pieces{"Can't", " ", "pay", " ", "$", "3.14", ",", " ", "o'clock", "?"});
    CHECK(segments_of<atlas::word_segment_reader>("a'") == pieces{"a", "'"});
    CHECK(segments_of<atlas::word_segment_reader>("a' b") == pieces{"a", "'", " ", "b"});
    CHECK(segments_of<atlas::word_segment_reader>("\u4E2D\u6587") == pieces{"\u4E2D", "\u6587"});
    CHECK(segments_of<atlas::word_segment_reader>("\u05D0\"\u05D1") == pieces{"\u05D0\"\u05D1"});
  }

  TEST_CASE("sentence_reader: sentences with the spaces behind them") {
    CHECK(segments_of<atlas::sentence_reader>("He paid 3.50 (etc. and so on). \"Yes?\" Then\nno") ==
          pieces{"He paid 3.50 (etc. and so on). ", "\"Yes?\" ", "Then\n", "no"});
    CHECK(segments_of<atlas::sentence_reader>("It ends. (1) it does not") == pieces{"It ends. (1) it does not"});
    CHECK(segments_of<atlas::sentence_reader>("It ends. (1) It does") == pieces{"It ends. ", "(1) It does"});
    CHECK(segments_of<atlas::sentence_reader>("It ends. (1)") == pieces{"It ends. ", "(1)"});
    CHECK(segments_of<atlas::sentence_reader>("\u4E2D\u3002\u6587\u3002") == pieces{"\u4E2D\u3002", "\u6587\u3002"});
  }

  TEST_CASE("an empty text has no boundary and no segment") {
    CHECK(segments_of<atlas::grapheme_reader>("").empty());
    CHECK_FALSE(atlas::is_word_boundary("", 0));
    CHECK(atlas::next_sentence_boundary("", 0) == 0);
    CHECK(atlas::boundary_behind<atlas::grapheme_state>("", 0) == 0);
  }

  TEST_CASE("boundaries are found while compiling, too") {
    static_assert(atlas::next_grapheme("e\u0301x", 0) == 3);
    static_assert(atlas::is_word_boundary("one two", 3));
    static_assert(atlas::next_sentence_boundary("One. Two.", 0) == 5);
    static_assert(atlas::boundary_behind<atlas::tailored_sentence_state>("Mr. Two. Three.", 2) == 9);
    CHECK(atlas::next_sentence_boundary("One. Two.", 0) == 5);
  }

  TEST_CASE("states are bytes that can be kept, as many as their headers say") {
    static_assert(sizeof(atlas::grapheme_state) == 2 && std::is_trivially_copyable_v<atlas::grapheme_state>);
    static_assert(sizeof(atlas::word_state) == 16 && std::is_trivially_copyable_v<atlas::word_state>);
    static_assert(sizeof(atlas::sentence_state) == 16 && std::is_trivially_copyable_v<atlas::sentence_state>);
    static_assert(sizeof(atlas::tailored_sentence_state) == 32 && std::is_trivially_copyable_v<atlas::tailored_sentence_state>);
    atlas::word_state state;
    CHECK(state.feed(U'a', 0).before_this);
    CHECK_FALSE(state.feed(U'.', 1).before_this);
    const atlas::word_state kept = state;
    CHECK((state.is_open() && state.finish() && state.open_at() == 1));
    CHECK_FALSE(state.feed(U'b', 2).before_open);  // "a.b" is a word
    state = kept;
    const auto step = state.feed(U' ', 2);
    CHECK((step.before_open && step.before_this && state.open_at() == 1 && !state.is_open()));
  }

  /// A state that counts what it is asked.
  template <class State>
  struct counted : State {
    static inline std::size_t steps = 0;
    atlas::boundary_step feed(char32_t c, std::uint64_t offset) {
      ++steps;
      return State::feed(c, offset);
    }
    /// A step for every character that is passed.
    std::size_t skip(atlas::text_view text, std::size_t offset) {
      if constexpr (requires { State::skip(text, offset); }) {
        const std::size_t bytes = State::skip(text, offset);
        steps += atlas::count_characters(text.subview(offset, bytes));
        return bytes;
      }
      return 0;
    }
    static bool is_anchor(char32_t c) {
      ++steps;
      return State::is_anchor(c);
    }
  };

  template <class State>
  void check_steps(const std::string& name, const std::string& text) {
    CAPTURE(name);
    const std::size_t characters = atlas::count_characters(text);
    std::size_t& steps = counted<State>::steps;

    steps = 0;
    std::size_t segments = 0;
    atlas::segment_reader<counted<State>> reader(text);
    for (atlas::text_view segment; reader.next(segment);) ++segments;
    CHECK(steps <= characters);

    steps = 0;
    std::size_t walked = 0;
    for (std::size_t at = 0; at < text.size(); ++walked) at = atlas::next_boundary<counted<State>>(text, at);
    CHECK(walked == segments);
    CHECK(steps <= 4 * characters);

    // One question costs no more than the text, twice: once back, once forwards.
    std::size_t most = 0;
    for (std::size_t part = 0; part < 8; ++part) {
      steps = 0;
      static_cast<void>(atlas::is_boundary<counted<State>>(text, part * text.size() / 8));
      most = std::max(most, steps);
      steps = 0;
      static_cast<void>(atlas::boundary_behind<counted<State>>(text, part * text.size() / 8));
      most = std::max(most, steps);
    }
    CHECK(most <= 2 * characters + 2);
  }

  TEST_CASE("time is linear on any input: characters are looked at a few times at most") {
    const std::vector<std::string> units = {"a",         " ",          ".",      ". ",       ". 1 ", "\"",     ". \"",       "a. ",   "a.) (1) ",
                                            "1'",        "a'",         "'",      "a'\u0301", "\n",   "\r\n",   "\U0001F1E6", "\u0301", "\u200D",
                                            "\U0001F600\u200D", "\u05D0\"", "\u3002", "\u4E2D",   "\xFF", "\u1100", "A. ",     "\u0600", "\u00AD",
                                            "U.S. The ", "1. ",       "... ",   "? \u00BB",  "\u2022 a "};
    for (const std::string& unit : units) {
      for (const std::string& first : {std::string(), std::string("a. "), std::string("a'"), std::string("\U0001F600")}) {
        std::string text = first;
        while (text.size() < support::repetitions(30'000, 6'000, 6'000)) text += unit;
        const std::string name = first + "+" + unit;
        check_steps<atlas::grapheme_state>(name, text);
        check_steps<atlas::word_state>(name, text);
        check_steps<atlas::sentence_state>(name, text);
        check_steps<atlas::tailored_sentence_state>(name, text);
      }
    }
  }
}
