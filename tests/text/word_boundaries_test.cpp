// SPDX-License-Identifier: Apache-2.0
// tests/text/word_boundaries_test.cpp -- mirrors include/atlas/text/word_boundaries.hpp.
#include <atlas/text/word_boundaries.hpp>  // first, so that a missing include in it fails here

#include "support/boundary_checks.hpp"
#include "support/segmentation_model.hpp"

#include <doctest/doctest.h>


TEST_SUITE("text: word boundaries") {
  TEST_CASE("word_state: every case of the Unicode suite, every way") {
    support::check_suite<atlas::word_state>("WordBreakTest.txt", 1'823);
  }

  TEST_CASE("word_state: the rules as they are printed, on texts of characters of all classes") {
    support::check_rules<atlas::word_state>(&atlas::break_properties::word, &support::model_words);
  }

  TEST_CASE("word_state: damaged UTF-8, each ill-formed byte a character of the property Other") {
    support::check_damaged<atlas::word_state>(&atlas::break_properties::word, &support::model_words);
  }
}
