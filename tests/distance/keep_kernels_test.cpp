// SPDX-License-Identifier: Apache-2.0
// tests/distance/keep_kernels_test.cpp -- mirrors include/atlas/distance/keep_kernels-inl.hpp.
#include <atlas/simd/kernel_table.hpp>

#include "support/each_target.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <utility>
#include <vector>

TEST_SUITE("keep_kernels") {
namespace {

using pairs = std::vector<std::pair<float, std::uint32_t>>;

constexpr std::size_t room_behind = 15;
constexpr float infinity = std::numeric_limits<float>::infinity();

/// What is left, in the order in which it is left; checks the bound and how many there are.
pairs kept(const pairs& all, std::size_t most) {
  std::vector<float> distances;
  std::vector<std::uint32_t> rows;
  for (const auto& [distance, row] : all) {
    distances.push_back(distance);
    rows.push_back(row);
  }
  // What lies behind must count nothing.
  distances.resize(all.size() + room_behind, -infinity);
  rows.resize(all.size() + room_behind, 0);
  float bound = -1.0F;
  const std::size_t count = atlas::kernels().keep_nearest(distances.data(), rows.data(), all.size(), most, &bound);
  CHECK(count == std::min(all.size(), most));
  pairs left;
  for (std::size_t i = 0; i < count; ++i) {
    CHECK(distances[i] <= bound);
    left.emplace_back(distances[i], rows[i]);
  }
  for (const auto& one : all) {
    if (std::find(left.begin(), left.end(), one) == left.end()) CHECK(one.first >= bound);
  }
  return left;
}

/// The `most` least pairs, in the order in which they come in `all`.
pairs least(const pairs& all, std::size_t most) {
  pairs sorted = all;
  std::sort(sorted.begin(), sorted.end());
  sorted.resize(std::min(all.size(), most));
  pairs in_order;
  for (const auto& one : all) {
    if (std::binary_search(sorted.begin(), sorted.end(), one)) in_order.push_back(one);
  }
  return in_order;
}

}  // namespace

  TEST_CASE("keep_nearest: the least pairs stay, in their order, on each target, around every vector width") {
    std::mt19937 draw(1);
    support::on_each_target([&] {
      for (const std::size_t count : {1U, 2U, 3U, 4U, 7U, 8U, 15U, 16U, 17U, 31U, 33U, 64U, 100U, 333U}) {
        for (const unsigned range : {1U, 3U, 20U, 1'000'000U}) {  // all alike, many alike, few alike
          pairs all;
          for (std::size_t i = 0; i < count; ++i) {
            all.emplace_back((static_cast<float>(draw() % range) - static_cast<float>(range) / 2) * 0.37F, static_cast<std::uint32_t>(draw()));
          }
          for (const std::size_t most : {std::size_t{1}, count / 3 + 1, count - 1, count, count + 5}) {
            if (most == 0) continue;
            CAPTURE(count);
            CAPTURE(range);
            CAPTURE(most);
            CHECK(kept(all, most) == least(all, most));
          }
        }
      }
    });
  }

  TEST_CASE("keep_nearest: infinities, the largest and the smallest numbers, both zeros") {
    constexpr float largest = std::numeric_limits<float>::max();
    constexpr float smallest = std::numeric_limits<float>::denorm_min();
    const pairs all = {{infinity, 1}, {largest, 2}, {-largest, 3}, {0.0F, 9}, {-0.0F, 5}, {smallest, 6}, {-smallest, 7}, {-infinity, 8}, {infinity, 0}};
    support::on_each_target([&] {
      CHECK(kept(all, 1) == pairs{{-infinity, 8}});
      CHECK(kept(all, 3) == pairs{{-largest, 3}, {-smallest, 7}, {-infinity, 8}});
      CHECK(kept(all, 4) == pairs{{-largest, 3}, {-0.0F, 5}, {-smallest, 7}, {-infinity, 8}});  // as far as 9, and below it
      CHECK(kept(all, 8) == pairs{{largest, 2}, {-largest, 3}, {0.0F, 9}, {-0.0F, 5}, {smallest, 6}, {-smallest, 7}, {-infinity, 8}, {infinity, 0}});
    });
  }
}
