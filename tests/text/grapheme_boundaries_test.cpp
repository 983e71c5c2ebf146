// SPDX-License-Identifier: Apache-2.0
// tests/text/grapheme_boundaries_test.cpp -- mirrors include/atlas/text/grapheme_boundaries.hpp.
#include <atlas/text/grapheme_boundaries.hpp>  // first, so that a missing include in it fails here

#include "support/repetitions.hpp"
#include "support/segmentation_model.hpp"
#include "support/segmentation_ways.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_SUITE("text: grapheme boundaries") {
  TEST_CASE("grapheme_state: every case of the Unicode suite, every way") {
    std::string skipped;
    const auto cases = support::break_cases("GraphemeBreakTest.txt", skipped);
    if (!skipped.empty()) {
      MESSAGE("skipped: 602 cases, " << skipped);
      return;
    }
    for (const auto& one : cases) {
      CAPTURE(one.line);
      CHECK(support::disagreement<atlas::grapheme_state>(one.text, one.boundaries) == "");
    }
    MESSAGE(cases.size() << " cases");
    CHECK(cases.size() == 602);
  }

  TEST_CASE("grapheme_state: the rules as they are printed, on texts of characters of all classes") {
    const auto by_value = support::characters_by(&atlas::break_properties::grapheme);
    const std::size_t texts = support::repetitions(30'000, 1'500, 1'500);
    for (std::uint64_t seed = 0; seed < texts; ++seed) {
      const auto characters = support::random_characters(by_value, seed, seed / 4 % 16);
      const std::string text = support::utf8_of_all(characters);
      CAPTURE(seed);
      support::offsets begins;
      static_cast<void>(support::characters_of(text, begins));
      const auto want = support::boundaries_of(support::model_graphemes(characters), begins);
      CHECK(support::disagreement<atlas::grapheme_state>(text, want) == "");
    }
  }

  TEST_CASE("grapheme_state: damaged UTF-8, each ill-formed byte a character of the property Other") {
    const auto by_value = support::characters_by(&atlas::break_properties::grapheme);
    for (std::uint64_t seed = 0; seed < support::repetitions(800, 80, 80); ++seed) {
      std::string text = support::utf8_of_all(support::random_characters(by_value, seed, seed / 4 % 8));
      text += seed % 3 == 0 ? support::random_bytes(seed, seed % 7) : support::random_text(seed, seed % 7);
      if (!text.empty()) text.erase(seed % text.size(), 1);
      CAPTURE(seed);
      support::offsets begins;
      const auto characters = support::characters_of(text, begins);
      const auto want = support::boundaries_of(support::model_graphemes(characters), begins);
      CHECK(support::disagreement<atlas::grapheme_state>(text, want) == "");
    }
  }
}
