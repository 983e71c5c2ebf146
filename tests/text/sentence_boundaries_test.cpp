// SPDX-License-Identifier: Apache-2.0
// tests/text/sentence_boundaries_test.cpp -- mirrors include/atlas/text/sentence_boundaries.hpp.
#include <atlas/text/sentence_boundaries.hpp>  // first, so that a missing include in it fails here

#include "support/boundary_checks.hpp"
#include "support/repetitions.hpp"
#include "support/segmentation_model.hpp"
#include "support/segmentation_ways.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>

TEST_SUITE("text: sentence boundaries") {
  TEST_CASE("sentence_state: every case of the Unicode suite, every way") {
    support::check_suite<atlas::sentence_state>("SentenceBreakTest.txt", 502);
  }

  TEST_CASE("sentence_state: the rules as they are printed, on texts of characters of all classes") {
    support::check_rules<atlas::sentence_state>(&atlas::break_properties::sentence, &support::model_sentences);
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
    support::check_damaged<atlas::sentence_state>(&atlas::break_properties::sentence, &support::model_sentences);
  }
}
