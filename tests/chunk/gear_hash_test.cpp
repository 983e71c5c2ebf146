// SPDX-License-Identifier: Apache-2.0
// tests/chunk/gear_hash_test.cpp -- mirrors include/atlas/chunk/gear_hash.hpp.
#include <atlas/chunk/gear_hash.hpp>  // first, so that a missing include in it fails here

#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_SUITE("gear_hash") {
namespace {

/// The sum as the header has it.
std::uint32_t gear_by_definition(const std::string& text, std::size_t at, std::uint64_t seed) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    const auto byte = static_cast<unsigned char>(text[at - 1 - i]);
    sum += static_cast<std::uint32_t>(atlas::xxh3_64(&byte, 1, seed) >> 32) << i;
  }
  return sum;
}

}  // namespace

  TEST_CASE("the value at a place is the definition's, and known numbers stay what they are") {
    const std::string text = support::random_bytes(1, 400);
    for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{77}}) {
      const atlas::gear_hash gear(seed);
      for (std::size_t at = 32; at <= text.size(); ++at) REQUIRE(gear.value(text, at) == gear_by_definition(text, at, seed));
    }
    CHECK(atlas::gear_hash(0).value("The quick brown fox jumps over the lazy dog", 43) == 3036954693U);
    CHECK(atlas::gear_hash(1).value("The quick brown fox jumps over the lazy dog", 43) == 2350640321U);
  }

  TEST_CASE("the first place below a threshold is found wherever it lies") {
    const atlas::gear_hash gear(5);
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
      const std::string text = support::random_bytes(seed, 6000);
      // Thresholds that are met at every few places, at some in a block, and at none.
      for (const std::uint32_t threshold : {0x80000000U, 0x04000000U, 0x00400000U, 0x00080000U, 0U, 0xFFFFFFFFU}) {
        for (const std::size_t first : {std::size_t{32}, std::size_t{33}, std::size_t{1000 + seed}}) {
          for (const std::size_t last : {first, first + 1, first + 255, first + 256, first + 259, first + 2048, first + 2051, text.size()}) {
            std::size_t want = first;
            while (want < last && gear.value(text, want) >= threshold) ++want;
            REQUIRE(gear.first_below(text, first, last, threshold) == want);
          }
        }
      }
    }
  }
}
