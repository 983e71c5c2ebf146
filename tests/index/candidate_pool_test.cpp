// SPDX-License-Identifier: Apache-2.0
// tests/index/candidate_pool_test.cpp -- mirrors include/atlas/index/candidate_pool.hpp.
#include <atlas/index/candidate_pool.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <random>
#include <set>
#include <utility>
#include <vector>

using atlas::candidate;
using atlas::candidate_pool;

TEST_SUITE("index") {
namespace {

/// The order of a walk.
struct newer_first {
  bool operator()(const std::pair<float, std::uint32_t>& left, const std::pair<float, std::uint32_t>& right) const {
    return left.first < right.first || (left.first == right.first && left.second > right.second);
  }
};

}  // namespace

  TEST_CASE("candidate: ordered by distance, then by row") {
    CHECK(candidate{1, 9} < candidate{2, 0});
    CHECK(candidate{1, 3} < candidate{1, 4});
    CHECK_FALSE(candidate{1, 4} < candidate{1, 4});
    CHECK_FALSE(candidate{std::numeric_limits<float>::quiet_NaN(), 0} < candidate{1, 4});
    CHECK_FALSE(candidate{1, 4} < candidate{std::numeric_limits<float>::quiet_NaN(), 0});
  }

  TEST_CASE("candidate: the order of a walk, as a number") {
    std::vector<candidate> some;
    for (const float distance : {-std::numeric_limits<float>::infinity(), -2.0F, -1e-45F, -0.0F, 0.0F, 1e-45F, 1.0F, 3e38F, std::numeric_limits<float>::infinity()}) {
      for (const std::uint32_t row : {0U, 1U, 0x80000000U, 0xFFFFFFFEU}) some.push_back({distance, row});
    }
    for (const candidate& left : some) {
      for (const candidate& right : some) CHECK((atlas::walk_order(left) < atlas::walk_order(right)) == atlas::is_walked_before(left, right));
    }
  }

  TEST_CASE("candidate_pool: inserts and takes as a sorted set of the nearest would") {
    candidate_pool pool;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      std::mt19937_64 draw(seed);
      const std::size_t width = 1 + draw() % 20;
      REQUIRE(pool.start(width).ok());
      std::set<std::pair<float, std::uint32_t>, newer_first> kept;
      std::set<std::pair<float, std::uint32_t>, newer_first> taken;
      std::uint32_t row = 0;
      for (int step = 0; step < 200; ++step) {
        if (draw() % 3 != 0) {
          float distance = static_cast<float>(draw() % 30);
          if (draw() % 20 == 0) distance = std::numeric_limits<float>::quiet_NaN();
          if (draw() % 20 == 0) distance = std::numeric_limits<float>::infinity();
          if (draw() % 3 == 0) distance = -distance;  // also -0, which is equal to 0
          const candidate one{distance, row = (row + 7919) % 10'007};
          pool.insert(one);
          if (one.distance == one.distance) {
            kept.emplace(one.distance, one.row);
            if (kept.size() > width) kept.erase(std::prev(kept.end()));
          }
        } else {
          const auto next = std::find_if(kept.begin(), kept.end(), [&](const auto& one) { return !taken.contains(one); });
          candidate got{};
          const bool is_any = pool.take(got);
          CHECK(is_any == (next != kept.end()));
          if (is_any && next != kept.end()) {
            CHECK(got.distance == next->first);
            CHECK(got.row == next->second);
            taken.insert(*next);
          }
        }
        REQUIRE(pool.size() == kept.size());
        std::size_t at = 0;
        for (const auto& [distance, which] : kept) {
          CHECK(pool.data()[at].distance == distance);
          CHECK(pool.data()[at].row == which);
          ++at;
        }
        CHECK(pool.bound() == (kept.size() == width ? kept.rbegin()->first : std::numeric_limits<float>::infinity()));
      }
    }
  }
  TEST_CASE("candidate_pool: walks equal distances newer first, answers them older first") {
    candidate_pool pool;
    REQUIRE(pool.start(10).ok());
    const candidate some[] = {{2, 1}, {1, 5}, {1, 7}, {2, 9}, {1, 2}, {3, 4}, {2, 6}};
    for (const candidate& one : some) pool.insert(one);
    const auto rows = [&] {
      std::vector<std::uint32_t> all;
      for (std::size_t i = 0; i < pool.size(); ++i) all.push_back(pool.data()[i].row);
      return all;
    };
    CHECK(rows() == std::vector<std::uint32_t>{7, 5, 2, 9, 6, 1, 4});
    CHECK(pool.distance_at(0) == pool.data()[0].distance);
    CHECK(pool.distance_at(6) == pool.data()[6].distance);
    CHECK(pool.distance_at(7) == std::numeric_limits<float>::infinity());
  }
}
