// SPDX-License-Identifier: Apache-2.0
// tests/chunk/streaming_quantile_test.cpp -- mirrors include/atlas/chunk/streaming_quantile.hpp.
#include <atlas/chunk/streaming_quantile.hpp>  // first, so that a missing include in it fails here

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

TEST_SUITE("streaming_quantile") {
  TEST_CASE("of up to five numbers it is one of them, by rank") {
    atlas::streaming_quantile middle(0.5);
    CHECK(middle.value() == 0);
    for (const double number : {7.0, 1.0, 5.0, 9.0, 3.0}) middle.add(number);
    CHECK(middle.count() == 5);
    CHECK(middle.value() == 5);
    atlas::streaming_quantile most(1);
    most.add(2);
    CHECK(most.value() == 2);
    most.add(8);
    most.add(4);
    CHECK(most.value() == 8);
  }

  TEST_CASE("the example of the paper, table I") {
    const double numbers[] = {0.02, 0.15, 0.74, 3.39, 0.83, 22.37, 10.15, 15.43, 38.62, 15.92, 34.60, 10.28, 1.47, 0.40, 0.05, 11.39, 0.27, 0.42, 0.09, 11.37};
    atlas::streaming_quantile median(0.5);
    for (const double number : numbers) median.add(number);
    CHECK(median.value() == doctest::Approx(4.44).epsilon(0.002));
  }

  TEST_CASE("it is near the quantile of all numbers sorted") {
    for (const double share : {0.1, 0.5, 0.9, 0.95}) {
      for (std::uint64_t seed = 0; seed < 10; ++seed) {
        std::mt19937_64 random(seed);
        atlas::streaming_quantile estimate(share);
        std::vector<double> all;
        for (int i = 0; i < 4000; ++i) {
          const double number = static_cast<double>(random() % 1'000'000) / 1e6;
          const double skewed = seed % 2 == 0 ? number : number * number * number;
          all.push_back(skewed);
          estimate.add(skewed);
        }
        std::sort(all.begin(), all.end());
        CAPTURE(share);
        CAPTURE(seed);
        // The share of all numbers that lies below the estimate.
        const auto below = static_cast<double>(std::lower_bound(all.begin(), all.end(), estimate.value()) - all.begin()) / 4000;
        CHECK(std::abs(below - share) < 0.02);
      }
    }
  }

  TEST_CASE("it lies between the least and the greatest, in any order, of equal numbers too") {
    atlas::streaming_quantile rising(0.9);
    atlas::streaming_quantile falling(0.9);
    atlas::streaming_quantile equal(0.9);
    for (int i = 0; i < 1000; ++i) {
      rising.add(i);
      falling.add(-i);
      equal.add(3);
    }
    CHECK(std::abs(rising.value() - 900) < 50);
    CHECK(std::abs(falling.value() + 100) < 50);
    CHECK(equal.value() == 3);
  }
}
