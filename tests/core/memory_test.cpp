// SPDX-License-Identifier: Apache-2.0
// tests/core/memory_test.cpp -- mirrors include/atlas/core/memory.hpp.
#include <atlas/core/memory.hpp>

#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

TEST_SUITE("core") {
  TEST_CASE("buffer: is empty by default and holds no memory") {
    const atlas::buffer<int> none;
    CHECK(none.empty());
    CHECK(none.capacity() == 0);
    CHECK(none.data() == nullptr);
    CHECK(none.begin() == none.end());
  }

  TEST_CASE("buffer: is aligned to a cache line whatever the element") {
    for (std::size_t size = 1; size < 200; size += 7) {
      atlas::buffer<char> bytes;
      atlas::buffer<double> numbers;
      REQUIRE(bytes.resize(size).ok());
      REQUIRE(numbers.resize(size).ok());
      CHECK(reinterpret_cast<std::uintptr_t>(bytes.data()) % atlas::cache_line == 0);
      CHECK(reinterpret_cast<std::uintptr_t>(numbers.data()) % atlas::cache_line == 0);
    }
  }

  TEST_CASE("buffer: does what a vector does, over a random sequence of calls") {
    std::mt19937_64 random(11);
    atlas::buffer<std::uint32_t> buffer;
    std::vector<std::uint32_t> model;
    for (int step = 0; step < 4000; ++step) {
      const auto value = static_cast<std::uint32_t>(random());
      switch (random() % 6) {
        case 0:
        case 1: {
          REQUIRE(buffer.push_back(value).ok());
          model.push_back(value);
          break;
        }
        case 2: {
          const std::size_t size = random() % 300;
          REQUIRE(buffer.resize_zeroed(size).ok());
          model.resize(size);
          break;
        }
        case 3: {
          const std::vector<std::uint32_t> more(random() % 20, value);
          REQUIRE(buffer.append(more.data(), more.size()).ok());
          model.insert(model.end(), more.begin(), more.end());
          break;
        }
        case 4: {
          REQUIRE(buffer.reserve(random() % 400).ok());
          break;
        }
        default: {
          if (step % 50 == 0) {
            buffer.clear();
            model.clear();
          } else if (!model.empty()) {
            const std::size_t which = random() % model.size();
            buffer[which] = value;
            model[which] = value;
          }
        }
      }
      REQUIRE(buffer.size() == model.size());
      REQUIRE(buffer.capacity() >= buffer.size());
      REQUIRE(std::vector<std::uint32_t>(buffer.begin(), buffer.end()) == model);
    }
  }

  TEST_CASE("buffer: push_back takes an element of the buffer itself") {
    atlas::buffer<int> numbers;
    REQUIRE(numbers.push_back(42).ok());
    for (int i = 0; i < 100; ++i) REQUIRE(numbers.push_back(numbers[0]).ok());
    for (const int number : numbers) CHECK(number == 42);
  }

  TEST_CASE("buffer: appending nothing takes a null pointer") {
    atlas::buffer<int> numbers;
    CHECK(numbers.append(nullptr, 0).ok());
    CHECK(numbers.empty());
  }

  TEST_CASE("buffer: growing one by one moves it a logarithmic number of times") {
    atlas::buffer<int> numbers;
    int moves = 0;
    const int* at = nullptr;
    for (int i = 0; i < 100'000; ++i) {
      REQUIRE(numbers.push_back(i).ok());
      moves += numbers.data() != at ? 1 : 0;
      at = numbers.data();
    }
    CHECK(moves < 40);
  }

  TEST_CASE("buffer: moves leave the other one empty") {
    atlas::buffer<int> first;
    REQUIRE(first.push_back(1).ok());
    const int* const at = first.data();
    atlas::buffer<int> second = std::move(first);
    CHECK(second.data() == at);
    CHECK(first.empty());  // NOLINT: promised
    CHECK(first.data() == nullptr);
    first = std::move(second);
    CHECK(first.data() == at);
    CHECK(second.capacity() == 0);  // NOLINT: promised
    atlas::buffer<int>& same = first;
    first = std::move(same);
    CHECK(first[0] == 1);
  }

  TEST_CASE("buffer: more than there is gives no_memory and changes nothing") {
    // Compilers may drop an allocation that nothing looks at, and then it has not failed: hide the buffer from them.
    atlas::buffer<std::uint64_t> hidden;
    atlas::buffer<std::uint64_t>* volatile reached = &hidden;
    atlas::buffer<std::uint64_t>& numbers = *reached;
    REQUIRE(numbers.push_back(7).ok());
    const std::uint64_t* const at = numbers.data();
    // The last byte count does not fit 64 bits, the one before not the address space.
    for (const std::size_t size : {std::size_t{1} << 46, std::size_t{1} << 61, ~std::size_t{0}}) {
      CAPTURE(size);
      CHECK(numbers.reserve(size).error() == atlas::errc::no_memory);
      CHECK(numbers.resize(size).error() == atlas::errc::no_memory);
      CHECK(numbers.resize_zeroed(size).error() == atlas::errc::no_memory);
      CHECK(numbers.size() == 1);
      CHECK(numbers.data() == at);
      CHECK(numbers[0] == 7);
    }
    char text[512];
    CHECK(atlas::describe(numbers.reserve(~std::size_t{0}).error(), text, sizeof text) > 0);
  }

  TEST_CASE("buffer: reaching outside ends the process in checked builds") {
#if ATLAS_CHECKED
    atlas::buffer<int> numbers;
    REQUIRE(numbers.resize(2).ok());
    CHECK(support::aborts_in_child([&] { numbers[2] = 0; }));
    CHECK(support::aborts_in_child([&] { static_cast<void>(std::as_const(numbers)[2]); }));
#else
    MESSAGE("skipped: built without ATLAS_CHECKED");
#endif
  }
}
