// SPDX-License-Identifier: Apache-2.0
// tests/index/free_blocks_test.cpp -- mirrors include/atlas/index/free_blocks.hpp.
#include <atlas/index/free_blocks.hpp>

#include "support/repetitions.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

TEST_SUITE("free_blocks") {
namespace {

using atlas::detail::free_blocks;

}  // namespace

  TEST_CASE("take: what is given is handed out once, a run of the wanted length or none") {
    free_blocks blocks;
    CHECK(blocks.take(1, 100) == free_blocks::none);
    blocks.give(10, 5);
    CHECK(blocks.take(0, 100) == free_blocks::none);
    CHECK(blocks.take(6, 100) == free_blocks::none);
    CHECK(blocks.take(5, 100) == 10);
    CHECK(blocks.take(1, 100) == free_blocks::none);
    blocks.give(20, 7);
    const std::uint32_t first = blocks.take(3, 100);
    const std::uint32_t second = blocks.take(4, 100);
    CHECK(std::min(first, second) == 20);
    CHECK((first == 20 ? second == 23 : second == 20 && first == 24));
    CHECK(blocks.run_count() == 0);
    CHECK(blocks.block_count() == 0);
  }

  TEST_CASE("take: blocks are never in two hands, whatever comes and goes") {
    std::mt19937 engine(3);
    const auto bits = [&] { return static_cast<std::uint32_t>(engine()); };
    for (std::size_t round = 0; round < support::repetitions(20, 6, 3); ++round) {
      constexpr std::uint32_t block_count = 5000;
      free_blocks blocks;
      std::vector<bool> is_free(block_count, true);
      blocks.give(0, block_count);
      struct held {
        std::uint32_t first;
        std::uint32_t count;
      };
      std::vector<held> taken;
      std::uint64_t free_count = block_count;
      bool is_right = true;
      for (int step = 0; step < 3000; ++step) {
        if (bits() % 2 == 0 || taken.empty()) {
          const std::uint32_t count = bits() % 3 == 0 ? 1 + bits() % 200 : 1 + bits() % 4;
          const std::uint32_t first = blocks.take(count, block_count);
          if (first == free_blocks::none) continue;
          for (std::uint32_t i = first; i < first + count; ++i) {
            is_right = is_right && i < block_count && is_free[i];
            is_free[i] = false;
          }
          taken.push_back({first, count});
          free_count -= count;
        } else {
          std::swap(taken[bits() % taken.size()], taken.back());
          const held one = taken.back();
          taken.pop_back();
          blocks.give(one.first, one.count);
          for (std::uint32_t i = one.first; i < one.first + one.count; ++i) is_free[i] = true;
          free_count += one.count;
        }
        REQUIRE(is_right);
        CHECK(blocks.block_count() == free_count);
      }
    }
  }

  TEST_CASE("take: single blocks that touch are joined to a long run, when many came") {
    for (const std::uint32_t count : {63U, 64U, 65U, 1000U, 9973U}) {
      CAPTURE(count);
      free_blocks blocks;
      std::vector<std::uint32_t> order(count);
      for (std::uint32_t i = 0; i < count; ++i) order[i] = i + 70;  // not from the beginning of a word of the bitmap
      std::shuffle(order.begin(), order.end(), std::mt19937(5));
      for (const std::uint32_t block : order) blocks.give(block, 1);
      CHECK(blocks.run_count() == count);
      const std::uint32_t all = blocks.take(count, 70 + count);
      CHECK(all == (count < 64 ? free_blocks::none : 70U));  // a few are left apart: joining them is not worth a pass
      if (all == 70) CHECK(blocks.run_count() == 0);
    }
  }

  TEST_CASE("take: runs with a block between them stay apart") {
    free_blocks blocks;
    for (std::uint32_t i = 0; i < 1000; ++i) blocks.give(3 * i, 2);
    CHECK(blocks.take(3, 3000) == free_blocks::none);
    CHECK(blocks.block_count() == 2000);
    std::vector<bool> seen(3000, false);
    for (std::uint32_t i = 0; i < 1000; ++i) {
      const std::uint32_t first = blocks.take(2, 3000);
      REQUIRE(first < 3000);
      CHECK(first % 3 == 0);
      CHECK_FALSE(seen[first]);
      seen[first] = true;
    }
    CHECK(blocks.take(1, 3000) == free_blocks::none);
  }
}
