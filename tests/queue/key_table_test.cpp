// SPDX-License-Identifier: Apache-2.0
// tests/queue/key_table_test.cpp -- mirrors include/atlas/queue/key_table.hpp.
#include <atlas/queue/key_table.hpp>  // first, so that a missing include in it fails here

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <random>
#include <vector>

TEST_SUITE("key_table") {
  using atlas::detail::key_table;

  TEST_CASE("any sequence of calls does what a map does") {
    for (const std::size_t most : {1U, 2U, 3U, 8U, 100U}) {
      CAPTURE(most);
      auto table = key_table::create(most).value();
      std::map<std::uint64_t, std::size_t> model;
      std::mt19937_64 random(most);
      for (int step = 0; step < 20'000; ++step) {
        const std::uint64_t key = 1 + random() % (most * 3);
        if (random() % 2 == 0 && model.size() < most && !model.contains(key)) {
          table.insert(key, static_cast<std::size_t>(step));
          model[key] = static_cast<std::size_t>(step);
        } else if (random() % 2 == 0) {
          table.erase(key);
          model.erase(key);
        }
        for (std::uint64_t asked = 0; asked <= most * 3; asked += 1 + random() % 4) {
          const auto found = model.find(asked);
          REQUIRE(table.find(asked) == (found == model.end() ? key_table::no_place : found->second));
        }
      }
    }
  }

  TEST_CASE("keys that all begin at one slot are found whichever of them go, over the table's end too") {
    constexpr std::size_t most = 8;  // 16 slots
    for (const std::uint64_t home : {0U, 7U, 14U, 15U}) {
      std::vector<std::uint64_t> keys;
      for (std::uint64_t key = 1; keys.size() < most; ++key) {
        if ((atlas::mix64(key) & 15U) == home || (atlas::mix64(key) & 15U) == ((home + 1) & 15U)) keys.push_back(key);
      }
      for (unsigned gone = 0; gone < 1U << most; ++gone) {
        auto table = key_table::create_with(most, 0).value();
        for (std::size_t i = 0; i < most; ++i) table.insert(keys[i], i);
        for (std::size_t i = 0; i < most; ++i) {
          if ((gone >> i & 1U) != 0) table.erase(keys[i]);
        }
        for (std::size_t i = 0; i < most; ++i) {
          REQUIRE(table.find(keys[i]) == ((gone >> i & 1U) != 0 ? key_table::no_place : i));
        }
      }
    }
  }

  TEST_CASE("a table that was not created finds nothing, and one that cannot be is refused") {
    key_table none;
    CHECK(none.find(1) == key_table::no_place);
    none.erase(1);
    CHECK(key_table::create(std::size_t{1} << 57).error() == atlas::errc::no_memory);
  }
}
