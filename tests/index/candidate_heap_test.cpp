// SPDX-License-Identifier: Apache-2.0
// tests/index/candidate_heap_test.cpp -- mirrors include/atlas/index/candidate_heap.hpp.
#include <atlas/index/candidate_heap.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

using atlas::candidate;
using atlas::heap_order;

TEST_SUITE("index") {
  TEST_CASE("candidate_heap: pops in its order, whatever the order of pushes") {
    atlas::candidate_heap<heap_order::nearest_first> nearest;
    atlas::candidate_heap<heap_order::farthest_first> farthest;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
      std::mt19937_64 draw(seed);
      nearest.clear();
      farthest.clear();
      std::vector<candidate> model;
      for (std::uint32_t row = 0; row < 150; ++row) {
        if (draw() % 3 != 0 || model.empty()) {
          const candidate one{static_cast<float>(draw() % 20), row};
          REQUIRE(nearest.push(one).ok());
          REQUIRE(farthest.push(one).ok());
          model.push_back(one);
          std::sort(model.begin(), model.end());
        }
        CHECK(nearest.top().row == model.front().row);
        CHECK(farthest.top().row == model.back().row);
        CHECK(nearest.size() == model.size());
      }
      std::vector<candidate> rest = model;
      while (nearest.size() != 0) {
        CHECK(nearest.pop().row == rest.front().row);
        rest.erase(rest.begin());
      }
      for (int i = 0; i < 20; ++i) {
        CHECK(farthest.pop().row == model.back().row);
        model.pop_back();
      }
      farthest.sort();
      REQUIRE(farthest.size() == model.size());
      for (std::size_t i = 0; i < model.size(); ++i) CHECK(farthest.data()[i].row == model[i].row);
    }
  }
}
