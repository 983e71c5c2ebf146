// SPDX-License-Identifier: Apache-2.0
// tests/index/filter_test.cpp -- mirrors include/atlas/index/filter.hpp.
#include <atlas/index/filter.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <initializer_list>

TEST_SUITE("index") {
  TEST_CASE("filter: empty allows all; a bitmap its set bits; a predicate what it says; both what both say") {
    const atlas::filter all;
    CHECK(all.is_empty());
    CHECK(all.allows(0));
    CHECK(all.allows(~std::uint64_t{0}));
    const std::uint64_t words[2] = {0x8000000000000001U, 0x2};
    const atlas::filter some{.bitmap = words, .bitmap_bits = 66};
    CHECK_FALSE(some.is_empty());
    for (const std::uint64_t key : {0U, 63U, 65U}) CHECK(some.allows(key));
    for (const std::uint64_t key : {1U, 62U, 64U, 66U, 1000U}) CHECK_FALSE(some.allows(key));
    CHECK_FALSE(some.allows(std::uint64_t{1} << 63));
    CHECK_FALSE((atlas::filter{.bitmap = words, .bitmap_bits = 65}.allows(65)));
    CHECK_FALSE((atlas::filter{.bitmap = words, .bitmap_bits = 0}.allows(0)));
    const auto odd = [](std::uint64_t key) { return key % 2 == 1; };
    const atlas::filter asked{.predicate = odd};
    CHECK_FALSE(asked.is_empty());
    CHECK(asked.allows(7));
    CHECK_FALSE(asked.allows(8));
    const atlas::filter both{.bitmap = words, .bitmap_bits = 66, .predicate = odd};
    CHECK(both.allows(63));
    CHECK_FALSE(both.allows(0));
    CHECK_FALSE(both.allows(1));
  }
}
