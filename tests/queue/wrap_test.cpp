// SPDX-License-Identifier: Apache-2.0
// tests/queue/wrap_test.cpp -- every queue when its counts run over the end of 32 and of 64 bits, between two threads.
// One thread, and the order of any calls: bounded_queue_test.cpp.
#include <atlas/queue.hpp>

#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

TEST_SUITE("wrap") {
  namespace {

  constexpr std::uint64_t begins[] = {(std::uint64_t{1} << 32) - 3, ~std::uint64_t{0} - 2};
  constexpr std::size_t capacities[] = {1, 2, 3, 1000};

  /// The laps after which a ring of places (ring_positions) holds this count, or the last before it; so few laps
  /// later it is over.
  std::uint64_t laps_before(std::uint64_t count, std::size_t capacity) {
    std::uint64_t lap = 2;
    while (lap < 2 * capacity) lap *= 2;
    return count / lap;
  }

  template <class Queue>
  void check_two_threads(Queue queue) {
    const int count = 3000;
    int wrong = 0;
    support::together(2, [&](unsigned number) {
      if (number == 0) {
        for (int i = 0; i < count; ++i) queue.push(int{i}).value();
        queue.close();
      } else {
        int next = 0;
        for (int one = -1; queue.pop(one).ok();) wrong += one == next++ ? 0 : 1;
        wrong += next == count ? 0 : 1;
      }
    });
    REQUIRE(wrong == 0);
  }

  /// @param begin(count, capacity)  what create_at takes
  template <class Queue, class Begin>
  void check_queue(Begin begin) {
    for (const std::size_t capacity : capacities) {
      for (const std::uint64_t count : begins) {
        CAPTURE(capacity);
        CAPTURE(count);
        check_two_threads(Queue::create_at(capacity, begin(count, capacity)).value());
      }
    }
  }

  }  // namespace

  TEST_CASE_TEMPLATE("spsc_queue", Layout, atlas::index_cached, atlas::slot_sequenced) {
    using queue = atlas::spsc_queue<int, Layout>;
    // That many laps, which are counted modulo 2^32; and that many elements.
    check_queue<queue>([](std::uint64_t count, std::size_t) { return count; });
    check_queue<queue>([](std::uint64_t count, std::size_t capacity) { return count / capacity; });
  }

  TEST_CASE_TEMPLATE("mpmc_queue, mpsc_queue", Queue, atlas::mpmc_queue<int>, atlas::mpsc_queue<int>) {
    check_queue<Queue>([](std::uint64_t count, std::size_t) { return count; });  // that many laps
    check_queue<Queue>(laps_before);                                             // its positions
  }

  TEST_CASE("priority_queue: a level's places and passes, many laps on") {
    for (const std::size_t capacity : {1U, 2U, 3U, 100U}) {  // it keeps no counts that grow
      auto queue = atlas::priority_queue<int, 2>::create({.capacity = capacity}).value();
      for (int i = 0; i < 5000; ++i) {
        for (std::size_t j = 0; j < capacity && j < 3; ++j) REQUIRE(queue.try_push(i * 3 + static_cast<int>(j), 1));
        for (std::size_t j = 0; j < capacity && j < 3; ++j) {
          int one = -1;
          REQUIRE(queue.try_pop(one));
          REQUIRE(one == i * 3 + static_cast<int>(j));
        }
      }
    }
  }

  TEST_CASE_TEMPLATE("broadcast_ring", Ring, atlas::broadcast_ring<int>,
                     atlas::broadcast_ring<int, atlas::slow_reader::is_overtaken>) {
    for (const std::size_t capacity : capacities) {
      for (const std::uint64_t count : begins) {
        for (const std::uint64_t laps : {count, laps_before(count, capacity)}) {
          CAPTURE(capacity);
          CAPTURE(laps);
          auto ring = Ring::create_at({.capacity = capacity, .most_readers = 2}, laps).value();
          auto reader = ring.subscribe().value();
          int next = 0;
          for (int lap = 0; lap < 8; ++lap) {  // to the last place, but for the one that a writer may be at
            const std::size_t most = capacity == 1 ? 1 : capacity - 1;
            for (std::size_t i = 0; i < most; ++i) REQUIRE(ring.try_push(next + static_cast<int>(i)));
            REQUIRE(reader.lag_approx() == most);
            int one = -1;
            for (std::size_t i = 0; i < most; ++i) {
              REQUIRE(reader.try_pop(one));
              REQUIRE(one == next++);
            }
            REQUIRE_FALSE(reader.try_pop(one));
          }
          REQUIRE(reader.missed() == 0);
          for (std::size_t i = 0; i < capacity; ++i) REQUIRE(ring.try_push(next + static_cast<int>(i)));
          const bool is_gated = !ring.try_push(next + static_cast<int>(capacity));
          int one = -1;
          REQUIRE((reader.try_pop(one) || capacity == 1));
          REQUIRE(reader.missed() == (is_gated ? 0U : 2U));  // what was overwritten, and the place that is next
        }
      }
    }
  }

  TEST_CASE("byte_ring") {
    for (const std::size_t capacity : {32U, 40U, 64U, 8000U}) {
      for (const std::uint64_t count : begins) {
        CAPTURE(capacity);
        CAPTURE(count);
        auto ring = atlas::byte_ring<>::create_at(capacity, count & ~std::uint64_t{7}).value();
        const std::uint64_t records = 2000;
        std::uint64_t wrong = 0;
        support::together(2, [&](unsigned number) {
          if (number == 0) {
            for (std::uint64_t i = 0; i < records; ++i) {
              std::memcpy(ring.claim(8).value(), &i, sizeof i);
              ring.commit(i % 5 == 0 ? 0 : 8);
            }
            ring.close();
          } else {
            std::uint64_t next = 0;
            for (atlas::span<const std::byte> record; ring.peek(record).ok(); ring.release(), ++next) {
              std::uint64_t got = next;
              if (record.size() == sizeof got) std::memcpy(&got, record.data(), sizeof got);
              wrong += got == next && record.size() == (next % 5 == 0 ? 0U : 8U) ? 0U : 1U;
            }
            wrong += next == records ? 0U : 1U;
          }
        });
        REQUIRE(wrong == 0);
        REQUIRE(ring.size_bytes_approx() == 0);
      }
    }
  }
}
