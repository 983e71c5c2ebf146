// SPDX-License-Identifier: Apache-2.0
// tests/index/key_map_test.cpp -- mirrors include/atlas/index/key_map.hpp.
#include <atlas/index/key_map.hpp>

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <vector>

using atlas::key_map;

TEST_SUITE("index") {
  TEST_CASE("key_map: any sequence of changes agrees with std::map") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      std::mt19937_64 draw(seed);
      key_map map;
      std::vector<std::uint64_t> keys;  // the key column: a key for each row, given once
      std::map<std::uint64_t, std::uint32_t> model;
      const auto row_count = [&] { return static_cast<std::uint32_t>(keys.size()); };
      for (int step = 0; step < 2000; ++step) {
        const std::uint64_t key = draw() % 300 << (seed % 3 * 20);
        const bool is_there = model.contains(key);
        switch (draw() % 3) {
          case 0: {
            REQUIRE(map.reserve(keys.size() + 1, keys.data(), row_count()).ok());
            const std::uint32_t row = row_count();
            keys.push_back(key);
            if (is_there) {
              map.replace(key, model[key], row);
            } else {
              map.insert(key, row);
            }
            model[key] = row;
            break;
          }
          case 1:
            REQUIRE(map.reserve(keys.size(), keys.data(), row_count()).ok());
            if (is_there) {
              map.erase(key, model[key]);
              model.erase(key);
            }
            break;
          default: CHECK(map.find(key, keys.data(), row_count()) == (is_there ? model[key] : key_map::no_row));
        }
        CHECK((map.slot_count() & (map.slot_count() - 1)) == 0);
        CHECK(map.slot_count() <= 4 * (keys.size() + 8));
      }
      for (const auto& [key, row] : model) CHECK(map.find(key, keys.data(), row_count()) == row);
    }
  }

  TEST_CASE("key_map: empty, it finds nothing") {
    const key_map none;
    CHECK(none.find(5, nullptr, 0) == key_map::no_row);
    CHECK(none.slot_count() == 0);
    const key_map no_slots(nullptr, 0);
    CHECK(no_slots.find(5, nullptr, 0) == key_map::no_row);
  }

  TEST_CASE("key_map: room for rows is room for as many keys, whatever the slots were before") {
    std::vector<std::uint64_t> keys;
    for (std::uint64_t key = 0; key < 1000; ++key) keys.push_back(key * 7);
    // Mapped slots that name few rows, one row often, rows that are not there, and rows under the wrong key.
    for (const std::uint32_t filling : {0U, 5U, 999U, 1000U, key_map::erased, key_map::empty}) {
      CAPTURE(filling);
      const std::vector<std::uint32_t> slots(2048, filling);
      key_map map(slots.data(), slots.size());
      REQUIRE(map.reserve(2000, keys.data(), 1000).ok());
      std::vector<std::uint64_t> more = keys;
      for (std::uint64_t key = 0; key < 1000; ++key) {
        more.push_back(1'000'000 + key);
        map.insert(more.back(), static_cast<std::uint32_t>(more.size() - 1));
      }
      for (std::uint32_t row = 1000; row < 2000; ++row) CHECK(map.find(more[row], more.data(), 2000) == row);
      CHECK(map.find(3, more.data(), 2000) == key_map::no_row);
    }
  }

  TEST_CASE("key_map: rows of one key in a hostile map count once, the first of them") {
    const std::vector<std::uint64_t> keys(3000, 42);
    std::vector<std::uint32_t> slots(4096);
    for (std::uint32_t slot = 0; slot < 4096; ++slot) slots[slot] = slot % 3000;
    key_map map(slots.data(), slots.size());
    CHECK(map.find(42, keys.data(), 3000) < 3000);
    REQUIRE(map.reserve(3001, keys.data(), 3000).ok());
    CHECK(map.find(42, keys.data(), 3000) < 3000);
    map.erase(42, map.find(42, keys.data(), 3000));
    CHECK(map.find(42, keys.data(), 3000) == key_map::no_row);
  }

  TEST_CASE("key_map: mapped slots are not written") {
    const std::vector<std::uint64_t> keys{10, 20};
    std::vector<std::uint32_t> slots(8, key_map::empty);
    for (const std::uint32_t row : {0U, 1U}) {
      std::size_t slot = atlas::mix64(keys[row]) % 8;
      while (slots[slot] != key_map::empty) slot = (slot + 1) % 8;
      slots[slot] = row;
    }
    const std::vector<std::uint32_t> before = slots;
    key_map map(slots.data(), slots.size());
    CHECK(map.slots() == slots.data());
    CHECK(map.find(20, keys.data(), 2) == 1);
    REQUIRE(map.reserve(2, keys.data(), 2).ok());
    map.erase(20, 1);
    CHECK(map.slots() != slots.data());
    CHECK(map.find(20, keys.data(), 2) == key_map::no_row);
    CHECK(map.find(10, keys.data(), 2) == 0);
    CHECK(slots == before);
  }
}
