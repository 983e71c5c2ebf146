// SPDX-License-Identifier: Apache-2.0
// tests/text/grapheme_boundaries_test.cpp -- mirrors include/atlas/text/grapheme_boundaries.hpp.
#include <atlas/text/grapheme_boundaries.hpp>  // first, so that a missing include in it fails here

#include "support/boundary_checks.hpp"
#include "support/segmentation_model.hpp"

#include <doctest/doctest.h>


TEST_SUITE("text: grapheme boundaries") {
  TEST_CASE("grapheme_state: every case of the Unicode suite, every way") {
    support::check_suite<atlas::grapheme_state>("GraphemeBreakTest.txt", 602);
  }

  TEST_CASE("grapheme_state: the rules as they are printed, on texts of characters of all classes") {
    support::check_rules<atlas::grapheme_state>(&atlas::break_properties::grapheme, &support::model_graphemes);
  }

  TEST_CASE("grapheme_state: damaged UTF-8, each ill-formed byte a character of the property Other") {
    support::check_damaged<atlas::grapheme_state>(&atlas::break_properties::grapheme, &support::model_graphemes);
  }
}
