// SPDX-License-Identifier: Apache-2.0
// tests/queue/broadcast_ring_test.cpp -- mirrors include/atlas/queue/broadcast_ring.hpp and ring_positions.hpp.
#include <atlas/queue/broadcast_ring.hpp>  // first, so that a missing include in it fails here

#include "support/error_line.hpp"
#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <vector>

TEST_SUITE("broadcast_ring") {
namespace {

using atlas::errc;
using atlas::slow_reader;
template <class Value>
using gated_ring = atlas::broadcast_ring<Value>;
template <class Value>
using overwriting_ring = atlas::broadcast_ring<Value, slow_reader::is_overtaken>;

/// Larger than a word, and whole only if all of it is of one push.
struct tick {
  std::uint64_t number = 0;
  std::array<std::uint64_t, 4> copies = {};
  explicit tick(std::uint64_t of = 0) : number(of) { copies.fill(of * 3); }
  [[nodiscard]] bool is_whole() const {
    for (const std::uint64_t one : copies) {
      if (one != number * 3) return false;
    }
    return true;
  }
};

}  // namespace

  TEST_CASE("ring_positions: neighbours, distances and what lies before, for every capacity, over the end of the numbers") {
    for (const std::size_t capacity : {1U, 2U, 3U, 5U, 8U, 9U}) {
      const atlas::detail::ring_positions positions(capacity);
      for (const std::uint64_t lap : {std::uint64_t{0}, ~std::uint64_t{0} - 1}) {
        const std::uint64_t begin = lap * positions.lap;
        std::uint64_t at = begin;
        for (std::size_t steps = 0; steps < 4 * capacity; ++steps, at = positions.after(at)) {
          REQUIRE(positions.slot(at) == steps % capacity);
          REQUIRE(positions.distance(begin, at) == steps);
          for (std::size_t back = 0; back <= capacity && back <= steps; ++back) REQUIRE(positions.distance(positions.before(at, back), at) == back);
        }
      }
    }
  }

  TEST_CASE("create, subscribe: refuse what cannot be, by name") {
    using ring = gated_ring<int>;
    CHECK(support::failed_as(ring::create({.capacity = 0}), errc::invalid_argument));
    CHECK(support::failed_as(ring::create({.capacity = atlas::max_queue_capacity + 1}), errc::limit_exceeded));
    CHECK(support::failed_as(ring::create({.most_readers = 0}), errc::invalid_argument));
    CHECK(support::failed_as(ring::create({.most_readers = 4097}), errc::limit_exceeded));
    auto made = ring::create({.capacity = 2, .most_readers = 1}).value();
    {
      const auto first = made.subscribe().value();
      CHECK(made.readers_approx() == 1);
      CHECK(support::failed_as(made.subscribe(), errc::limit_exceeded));
    }
    CHECK(made.readers_approx() == 0);
    CHECK(made.subscribe().ok());
  }

  TEST_CASE("gated: any sequence of calls gives each reader what was pushed since it came, and never more than the capacity waits") {
    for (const std::size_t capacity : {1U, 2U, 3U, 7U, 8U}) {
      for (const std::uint64_t laps : {std::uint64_t{0}, ~std::uint64_t{0} - 1}) {
        CAPTURE(capacity);
        auto ring = gated_ring<int>::create_at({.capacity = capacity, .most_readers = 3}, laps).value();
        std::array<std::optional<gated_ring<int>::reader>, 3> readers;
        std::array<std::deque<int>, 3> wanted;
        std::mt19937_64 random(capacity);
        for (int step = 0; step < 5000; ++step) {
          const std::size_t which = random() % 3;
          switch (random() % 8) {
            case 0:
              if (readers[which].has_value()) readers[which].reset();
              else readers[which].emplace(ring.subscribe().value());
              wanted[which].clear();
              break;
            case 1:
            case 2:
            case 3: {
              bool has_room = true;
              for (std::size_t i = 0; i < 3; ++i) has_room = has_room && !(readers[i].has_value() && wanted[i].size() == capacity);
              REQUIRE(ring.try_push(step) == has_room);
              for (std::size_t i = 0; i < 3 && has_room; ++i) {
                if (readers[i].has_value()) wanted[i].push_back(step);
              }
              break;
            }
            default: {
              if (!readers[which].has_value()) break;
              int got = -1;
              REQUIRE(readers[which]->lag_approx() == wanted[which].size());
              const bool found = readers[which]->try_pop(got);
              REQUIRE(found == !wanted[which].empty());
              if (found) {
                REQUIRE(got == wanted[which].front());
                wanted[which].pop_front();
              }
              REQUIRE(readers[which]->missed() == 0);
            }
          }
        }
        readers = {};
      }
    }
  }

  TEST_CASE("overwriting: a push never fails; a reader gets what it did not miss, and what it missed is counted") {
    for (const std::size_t capacity : {1U, 2U, 3U, 7U, 8U}) {
      CAPTURE(capacity);
      auto ring = overwriting_ring<int>::create_at({.capacity = capacity}, ~std::uint64_t{0} - 1).value();
      auto reader = ring.subscribe().value();
      std::mt19937_64 random(capacity);
      int next = 0;
      int last = -1;
      int got_count = 0;
      for (int step = 0; step < 5000; ++step) {
        if (random() % 2 == 0) {
          for (std::size_t i = random() % (2 * capacity + 1); i != 0; --i) REQUIRE(ring.try_push(next++));
        }
        int got = -1;
        if (reader.try_pop(got)) {
          REQUIRE(got > last);
          REQUIRE(static_cast<std::size_t>(next - got) <= capacity);
          last = got;
          ++got_count;
          REQUIRE(static_cast<std::uint64_t>(last) + 1 == static_cast<std::uint64_t>(got_count) + reader.missed());
        } else if (capacity > 1) {
          REQUIRE(last == next - 1);
        }
      }
      CHECK(reader.missed() > 0);
    }
  }

  TEST_CASE("gated, many threads: each reader sees every element once, in order and whole") {
    for (const std::size_t capacity : {1U, 3U, 64U}) {
      constexpr std::uint64_t count = 6'000;
      auto ring = gated_ring<tick>::create_at({.capacity = capacity}, ~std::uint64_t{0}).value();
      std::atomic<int> wrong{0};
      std::vector<gated_ring<tick>::reader> readers;
      for (int i = 0; i < 2; ++i) readers.push_back(ring.subscribe().value());
      support::together(4, [&](unsigned thread) {
        if (thread == 0) {
          for (std::uint64_t i = 0; i < count; ++i) ring.push(tick(i)).value();
          ring.close();
        } else if (thread == 3) {  // comes and goes; what it sees follows each other
          for (int round = 0; round < 50; ++round) {
            auto guest = ring.subscribe().value();
            tick one;
            std::uint64_t before = 0;
            for (int i = 0; i < 20 && guest.pop(one).ok(); ++i) {
              if (!one.is_whole() || (i != 0 && one.number != before + 1)) wrong.fetch_add(1);
              before = one.number;
            }
          }
        } else {
          tick one;
          std::uint64_t next = 0;
          while (readers[thread - 1].pop(one).ok()) wrong.fetch_add(one.is_whole() && one.number == next++ ? 0 : 1);
          wrong.fetch_add(next == count ? 0 : 1);
        }
      });
      CHECK(wrong.load() == 0);
    }
  }

  TEST_CASE("overwriting, many threads: what a reader gets is whole and in order, and what it misses is counted") {
    for (const std::size_t capacity : {1U, 2U, 16U}) {
      constexpr std::uint64_t count = 30'000;
      auto ring = overwriting_ring<tick>::create_at({.capacity = capacity}, ~std::uint64_t{0}).value();
      std::atomic<int> wrong{0};
      std::vector<overwriting_ring<tick>::reader> readers;
      for (int i = 0; i < 2; ++i) readers.push_back(ring.subscribe().value());
      support::together(3, [&](unsigned thread) {
        if (thread == 0) {
          for (std::uint64_t i = 0; i < count; ++i) {
            if (!ring.try_push(tick(i))) wrong.fetch_add(1);
          }
          ring.close();
        } else {
          auto& reader = readers[thread - 1];
          tick one;
          std::uint64_t got = 0;
          std::uint64_t next = 0;
          while (reader.pop(one).ok()) {
            if (!one.is_whole() || one.number < next) wrong.fetch_add(1);
            next = one.number + 1;
            ++got;
            if (got + reader.missed() != next) wrong.fetch_add(1);
          }
          if (got + reader.missed() != count) wrong.fetch_add(1);
        }
      });
      CHECK(wrong.load() == 0);
    }
  }
}
