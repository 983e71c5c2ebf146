// SPDX-License-Identifier: Apache-2.0
// tests/distance/top_k_test.cpp -- mirrors include/atlas/distance/top_k.hpp.
#include <atlas/distance/top_k.hpp>

#include "support/reference.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

TEST_SUITE("distance") {
namespace {

std::vector<std::pair<float, std::uint32_t>> pairs(atlas::span<atlas::neighbour> found) {
  std::vector<std::pair<float, std::uint32_t>> all;
  for (const atlas::neighbour& each : found) all.emplace_back(each.distance, each.id);
  return all;
}

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

}  // namespace

  TEST_CASE("top_k: agrees with sorting everything, many ties included") {
    for (const std::size_t count : {0U, 1U, 2U, 9U, 10U, 11U, 100U, 1000U}) {
      for (const std::size_t k : {1U, 2U, 3U, 10U, 100U, 1001U}) {
        CAPTURE(count);
        CAPTURE(k);
        std::vector<float> distances = support::random_integers(count + k, count, 20);
        std::vector<atlas::neighbour> memory(k);
        atlas::top_k best(memory);
        best.offer_rows(distances.data(), count, 0);
        CHECK(best.size() == std::min(count, k));
        CHECK(pairs(best.take_sorted()) == support::sorted_top_k(distances, k));
      }
    }
  }

  TEST_CASE("top_k: the answer does not depend on the order of the offers") {
    const std::vector<float> distances = support::random_integers(1, 300, 5);
    std::vector<std::uint32_t> order(distances.size());
    std::iota(order.begin(), order.end(), 0U);
    std::mt19937 shuffler(2);
    for (int round = 0; round < 20; ++round) {
      std::shuffle(order.begin(), order.end(), shuffler);
      std::vector<atlas::neighbour> memory(17);
      atlas::top_k best(memory);
      for (const std::uint32_t id : order) best.offer(distances[id], id);
      CHECK(pairs(best.take_sorted()) == support::sorted_top_k(distances, 17));
    }
  }

  TEST_CASE("top_k: of equal distances the lower ids stay, also when they come last") {
    std::vector<atlas::neighbour> memory(3);
    atlas::top_k best(memory);
    for (const std::uint32_t id : {9U, 4U, 7U, 1U, 8U, 0U}) best.offer(2.0F, id);
    CHECK(pairs(best.take_sorted()) == std::vector<std::pair<float, std::uint32_t>>{{2.0F, 0}, {2.0F, 1}, {2.0F, 4}});
  }

  TEST_CASE("top_k: NaN never enters, infinity does") {
    std::vector<atlas::neighbour> memory(4);
    atlas::top_k best(memory);
    CHECK_FALSE(best.offer(not_a_number, 1));
    CHECK(best.offer(infinity, 2));
    CHECK(best.offer(-infinity, 3));
    CHECK_FALSE(best.offer(-not_a_number, 4));
    CHECK(best.offer(0.0F, 5));
    CHECK(best.offer(infinity, 6));
    CHECK_FALSE(best.offer(not_a_number, 0));
    CHECK(best.offer(infinity, 1));
    CHECK(pairs(best.take_sorted()) ==
          std::vector<std::pair<float, std::uint32_t>>{{-infinity, 3}, {0.0F, 5}, {infinity, 1}, {infinity, 2}});
  }

  TEST_CASE("top_k: worst is the k-th distance, and infinity before there are k") {
    std::vector<atlas::neighbour> memory(2);
    atlas::top_k best(memory);
    CHECK(best.worst() == infinity);
    best.offer(5.0F, 1);
    CHECK(best.worst() == infinity);
    CHECK_FALSE(best.is_full());
    best.offer(3.0F, 2);
    CHECK(best.worst() == 5.0F);
    CHECK(best.is_full());
    best.offer(4.0F, 3);
    CHECK(best.worst() == 4.0F);
    CHECK_FALSE(best.offer(4.5F, 4));
  }

  TEST_CASE("top_k: k = 0 takes nothing") {
    atlas::top_k best(atlas::span<atlas::neighbour>{});
    CHECK_FALSE(best.offer(-infinity, 0));
    CHECK_FALSE(best.offer(1.0F, 0));
    CHECK(best.worst() == -infinity);
    CHECK(best.take_sorted().empty());
  }

  TEST_CASE("top_k: is empty and usable again after take_sorted") {
    std::vector<atlas::neighbour> memory(2);
    atlas::top_k best(memory);
    for (std::uint32_t id = 0; id < 5; ++id) best.offer(static_cast<float>(id), id);
    CHECK(best.take_sorted().size() == 2);
    CHECK(best.size() == 0);
    CHECK(best.worst() == infinity);
    best.offer(100.0F, 7);
    CHECK(pairs(best.take_sorted()) == std::vector<std::pair<float, std::uint32_t>>{{100.0F, 7}});
  }
}
