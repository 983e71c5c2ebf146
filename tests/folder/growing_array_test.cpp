// SPDX-License-Identifier: Apache-2.0
// tests/folder/growing_array_test.cpp -- mirrors include/atlas/folder/growing_array.hpp.
#include <atlas/folder/growing_array.hpp>

#include "support/error_line.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <vector>

TEST_SUITE("folder") {
  TEST_CASE("growing_array: elements never move while it grows") {
    atlas::growing_array<std::uint32_t> array;
    const std::uint32_t first[] = {7, 8, 9};
    REQUIRE(array.own(first, 3).ok());
    const std::uint32_t* const before = array.data();
    std::vector<std::uint32_t> more(10'000);
    for (std::uint32_t i = 0; i < more.size(); ++i) more[i] = i;
    for (int round = 0; round < 100; ++round) REQUIRE(array.append(more.data(), more.size()).ok());
    CHECK(array.data() == before);
    CHECK(array.size() == 3 + 1'000'000);
    CHECK(array.at(2) == 9);
    CHECK(array.at(3 + 123'456) == 3456);
    array.put(2, 10);
    CHECK(array.at(2) == 10);
  }

  TEST_CASE("growing_array: borrowed elements are read where they are") {
    const std::uint64_t elements[] = {1, 2, 3, 4};
    atlas::growing_array<std::uint64_t> array;
    CHECK(array.size() == 0);
    array.borrow(elements, 4);
    CHECK(array.size() == 4);
    CHECK(array.data() == elements);
    CHECK(array.at(3) == 4);
  }

  TEST_CASE("growing_array: more than there are addresses for is refused, and nothing has changed") {
    atlas::growing_array<std::uint64_t> array;
    REQUIRE(array.own(nullptr, 0).ok());
    const std::uint64_t one = 1;
    REQUIRE(array.append(&one, 1).ok());
    // Not constants: a compiler that sees such a length warns of the copy, although it is never reached.
    for (volatile std::size_t count : {std::size_t{1} << 40, std::numeric_limits<std::size_t>::max()}) {
      CHECK(support::failed_as(array.append(&one, count), atlas::errc::limit_exceeded));
      CHECK(support::failed_as(array.reserve(count), atlas::errc::limit_exceeded));
    }
    CHECK(array.size() == 1);
    CHECK(array.at(0) == 1);
  }
}
