// SPDX-License-Identifier: Apache-2.0
// tests/support/boundary_checks.hpp -- what every state of boundaries is held against: the Unicode suite, the rules, damage.
#ifndef ATLAS_TESTS_SUPPORT_BOUNDARY_CHECKS_HPP
#define ATLAS_TESTS_SUPPORT_BOUNDARY_CHECKS_HPP

#include "support/repetitions.hpp"
#include "support/segmentation_model.hpp"
#include "support/segmentation_ways.hpp"
#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace support {

/// Every case of a file of the Unicode suite, every way.
template <class State>
void check_suite(const char* file, std::size_t count) {
  std::string skipped;
  const auto cases = break_cases(file, skipped);
  if (!skipped.empty()) {
    MESSAGE("skipped: " << count << " cases, " << skipped);
    return;
  }
  for (const auto& one : cases) {
    CAPTURE(one.line);
    CHECK(disagreement<State>(one.text, one.boundaries) == "");
  }
  MESSAGE(cases.size() << " cases");
  CHECK(cases.size() == count);
}

/// Texts of characters of all classes, against the rules as they are printed.
/// @param property  the member of atlas::break_properties
/// @param model     characters -> which of them have a boundary before them
template <class State, class Property, class Model>
void check_rules(Property property, Model model) {
  const auto by_value = characters_by(property);
  const std::size_t texts = repetitions(30'000, 1'500, 1'500);
  for (std::uint64_t seed = 0; seed < texts; ++seed) {
    const auto characters = random_characters(by_value, seed, seed / 4 % 16);
    const std::string text = utf8_of_all(characters);
    CAPTURE(seed);
    offsets begins;
    static_cast<void>(characters_of(text, begins));
    CHECK(disagreement<State>(text, boundaries_of(model(characters), begins)) == "");
  }
}

/// The same of damaged UTF-8, each ill-formed byte of which is a character of the property Other.
template <class State, class Property, class Model>
void check_damaged(Property property, Model model) {
  const auto by_value = characters_by(property);
  for (std::uint64_t seed = 0; seed < repetitions(800, 80, 80); ++seed) {
    std::string text = utf8_of_all(random_characters(by_value, seed, seed / 4 % 8));
    text += seed % 3 == 0 ? random_bytes(seed, seed % 7) : random_text(seed, seed % 7);
    if (!text.empty()) text.erase(seed % text.size(), 1);
    CAPTURE(seed);
    offsets begins;
    const auto characters = characters_of(text, begins);
    CHECK(disagreement<State>(text, boundaries_of(model(characters), begins)) == "");
  }
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_BOUNDARY_CHECKS_HPP
