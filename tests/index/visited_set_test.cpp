// SPDX-License-Identifier: Apache-2.0
// tests/index/visited_set_test.cpp -- mirrors include/atlas/index/visited_set.hpp.
#include <atlas/index/visited_set.hpp>

#include <doctest/doctest.h>

#include <random>
#include <set>

TEST_SUITE("index") {
  TEST_CASE("visited_set: a row is new once in each search, over more searches than a mark counts, while it grows") {
    atlas::visited_set visited;
    std::mt19937_64 draw(1);
    std::size_t rows = 3;
    for (int search = 0; search < 1100; ++search) {
      if (search % 100 == 99) rows = rows * 2 + 5;
      const std::size_t asked = search % 7 == 0 ? 3 : rows;  // a smaller search in between
      REQUIRE(visited.start(asked).ok());
      std::set<std::uint32_t> seen;
      for (int i = 0; i < 40; ++i) {
        const auto row = static_cast<std::uint32_t>(draw() % asked);
        CHECK(visited.insert(row) == seen.insert(row).second);
      }
    }
  }

  TEST_CASE("visited_set: has room for what it was started with, and does not give it back") {
    atlas::visited_set visited;
    CHECK(visited.capacity() == 0);
    CHECK(visited.bytes() == 0);
    std::size_t most = 0;
    for (const std::size_t rows : {1U, 100U, 50U, 1000U, 3U, 1001U}) {
      REQUIRE(visited.start(rows).ok());
      CHECK(visited.capacity() >= rows);
      CHECK(visited.capacity() >= most);
      CHECK(visited.bytes() >= visited.capacity());
      most = visited.capacity();
      // All of it may be asked for, whatever start was told.
      REQUIRE(visited.start(visited.capacity()).ok());
      CHECK(visited.capacity() == most);
      for (std::uint32_t row = 0; row < most; ++row) CHECK(visited.insert(row));
      for (std::uint32_t row = 0; row < most; ++row) CHECK_FALSE(visited.insert(row));
    }
  }

  TEST_CASE("visited_set: of no rows it is started as often as one likes, as searches of an empty index do") {
    atlas::visited_set visited;
    for (int i = 0; i < 600; ++i) REQUIRE(visited.start(0).ok());
    CHECK(visited.capacity() == 0);
    REQUIRE(visited.start(3).ok());
    for (std::uint32_t row = 0; row < 3; ++row) CHECK(visited.insert(row));
    for (std::uint32_t row = 0; row < 3; ++row) CHECK_FALSE(visited.insert(row));
  }
}
