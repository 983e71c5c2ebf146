// SPDX-License-Identifier: Apache-2.0
// tests/text/sentence_boundaries_test.cpp -- mirrors include/atlas/text/sentence_boundaries.hpp.
#include <atlas/text/sentence_boundaries.hpp>  // first, so that a missing include in it fails here

#include "support/repetitions.hpp"
#include "support/segmentation_model.hpp"
#include "support/segmentation_ways.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_SUITE("text: sentence boundaries") {
  TEST_CASE("sentence_state: every case of the Unicode suite, every way") {
    std::string skipped;
    const auto cases = support::break_cases("SentenceBreakTest.txt", skipped);
    if (!skipped.empty()) {
      MESSAGE("skipped: 502 cases, " << skipped);
      return;
    }
    for (const auto& one : cases) {
      CAPTURE(one.line);
      CHECK(support::disagreement<atlas::sentence_state>(one.text, one.boundaries) == "");
    }
    MESSAGE(cases.size() << " cases");
    CHECK(cases.size() == 502);
  }

  TEST_CASE("sentence_state: the rules as they are printed, on texts of characters of all classes") {
    const auto by_value = support::characters_by(&atlas::break_properties::sentence);
    const std::size_t texts = support::repetitions(30'000, 1'500, 1'500);
    for (std::uint64_t seed = 0; seed < texts; ++seed) {
      const auto characters = support::random_characters(by_value, seed, seed / 4 % 16);
      const std::string text = support::utf8_of_all(characters);
      CAPTURE(seed);
      support::offsets begins;
      static_cast<void>(support::characters_of(text, begins));
      const auto want = support::boundaries_of(support::model_sentences(characters), begins);
      CHECK(support::disagreement<atlas::sentence_state>(text, want) == "");
    }
  }

  TEST_CASE("sentence_state: what is skipped is what feeding it would not have told") {
    for (std::uint64_t seed = 0; seed < support::repetitions(20'000, 1'000, 1'000); ++seed) {
      const std::string text = support::random_prose(seed, seed % 60);
      CAPTURE(text);
      const auto want = support::by_feeding<atlas::sentence_state>(text);
      REQUIRE(support::by_reader<atlas::segment_reader<atlas::sentence_state>>(text) == want);
      for (std::size_t i = 1; i < want.size(); ++i) REQUIRE(atlas::next_boundary<atlas::sentence_state>(text, want[i - 1]) == want[i]);
    }
  }

  TEST_CASE("sentence_state: damaged UTF-8, each ill-formed byte a character of the property Other") {
    const auto by_value = support::characters_by(&atlas::break_properties::sentence);
    for (std::uint64_t seed = 0; seed < support::repetitions(800, 80, 80); ++seed) {
      std::string text = support::utf8_of_all(support::random_characters(by_value, seed, seed / 4 % 8));
      text += seed % 3 == 0 ? support::random_bytes(seed, seed % 7) : support::random_text(seed, seed % 7);
      if (!text.empty()) text.erase(seed % text.size(), 1);
      CAPTURE(seed);
      support::offsets begins;
      const auto characters = support::characters_of(text, begins);
      const auto want = support::boundaries_of(support::model_sentences(characters), begins);
      CHECK(support::disagreement<atlas::sentence_state>(text, want) == "");
    }
  }
}
