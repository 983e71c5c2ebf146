// SPDX-License-Identifier: Apache-2.0
// tests/queue/spsc_queue_test.cpp -- mirrors include/atlas/queue/spsc_queue.hpp: what it alone promises.
#include <atlas/queue/spsc_queue.hpp>  // first, so that a missing include in it fails here

#include <atlas/core/clock.hpp>

#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

// Not without a name: queues are made of it, in headers that several files of tests share.
namespace spsc_queue_test {

template <class T>
struct counting_atomic : atlas::atomic<T> {
  using atlas::atomic<T>::atomic;
  [[nodiscard]] T load_acquire() const noexcept {
    ++loads;
    return atlas::atomic<T>::load_acquire();
  }
  static inline unsigned loads = 0;
};

inline thread_local support::standstill* before_release = nullptr;
inline thread_local int releases_to_come = 0;
/// A producer that stands still before its second release, by slot_sequenced between an element and the count of it.
template <class T>
struct halting_atomic : atlas::atomic<T> {
  using atlas::atomic<T>::atomic;
  void store_release(T value) noexcept {
    if (releases_to_come != 0 && --releases_to_come == 0) before_release->here();
    atlas::atomic<T>::store_release(value);
  }
};

}  // namespace spsc_queue_test

TEST_SUITE("spsc_queue") {
  using spsc_queue_test::counting_atomic;

  TEST_CASE("spsc_queue: has no size below 0 where an element is popped before it is counted") {
    using spsc_queue_test::halting_atomic;
    using queue_type = atlas::spsc_queue<int, atlas::slot_sequenced, atlas::spinning, halting_atomic>;
    for (const std::size_t capacity : {1U, 2U, 1000U}) {
      CAPTURE(capacity);
      auto queue = queue_type::create(capacity).value();
      support::standstill uncounted;
      support::together(2, [&](unsigned thread) {
        if (thread == 0) {
          spsc_queue_test::before_release = &uncounted;
          spsc_queue_test::releases_to_come = 2;
          CHECK(queue.try_push(7));
        } else {
          uncounted.wait_until_reached();
          int out = 0;
          CHECK(queue.try_pop(out));
          CHECK(out == 7);
          CHECK(queue.size_approx() == 0);
          uncounted.end();
        }
      });
      CHECK(queue.size_approx() == 0);
    }
  }

  TEST_CASE("lapped_positions: steps and distances, over the end of the laps") {
    for (const std::size_t capacity : {1U, 2U, 3U, 1000U}) {
      const atlas::detail::lapped_positions positions{capacity};
      for (const std::uint64_t lap : {std::uint64_t{0}, (std::uint64_t{1} << 32) - 1}) {
        const std::uint64_t begin = lap * positions.lap + capacity - 1;
        std::uint64_t at = begin;
        for (std::size_t count = 0; count <= 3 * capacity; ++count, at = positions.ahead(at, 1)) {
          REQUIRE(positions.distance(begin, at) == static_cast<std::int64_t>(count));
          REQUIRE(positions.distance(at, begin) == -static_cast<std::int64_t>(count));
          if (count > capacity) continue;
          REQUIRE(positions.steps(begin, at) == count);
          REQUIRE(positions.ahead(begin, count) == at);
        }
      }
    }
  }

  TEST_CASE("ring_cursor: whoever keeps finding little waits for more, and not where nobody is at work") {
    atlas::detail::ring_cursor<atlas::atomic> cursor(0, 0);
    std::size_t looks = 0;
    std::size_t there = 1;
    std::size_t more = 0;
    const auto looks_of_one = [&] {
      looks = 0;
      const std::size_t found = cursor.progress(
          [&] {
            there += looks == 0 ? 0 : more;
            ++looks;
            return there;
          },
          1, 1024);
      CHECK(found == there);
      return looks;
    };
    CHECK(looks_of_one() == 1);  // the look before may have found nothing
    CHECK(looks_of_one() == 2);
    for (int i = 0; i < 16; ++i) CHECK(looks_of_one() == 1);  // the wait was for nothing
    more = 1;
    for (int i = 0; i < 20; ++i) CHECK(looks_of_one() == 2);
    there = 0;
    more = 0;
    CHECK(looks_of_one() == 1);
    there = 1;
    CHECK(looks_of_one() == 1);
    there = 256;
    CHECK(looks_of_one() == 1);  // enough
  }

  TEST_CASE("spsc_queue: has_element says what try_pop will, and is only a look") {
    const auto agrees = []<class Layout>(Layout) {
      auto queue = atlas::spsc_queue<int, Layout, atlas::sleeping, counting_atomic>::create(16).value();
      int out = 0;
      CHECK_FALSE(queue.has_element());
      for (int round = 0; round < 40; ++round) {
        for (int i = 0; i < 2; ++i) CHECK(queue.try_push(int(i)));
        for (int i = 0; i < 2; ++i) {
          counting_atomic<std::uint64_t>::loads = 0;
          CHECK(queue.has_element());
          CHECK(counting_atomic<std::uint64_t>::loads <= 1);  // else it looked again
          CHECK(queue.try_pop(out));
        }
      }
      CHECK_FALSE(queue.has_element());
    };
    agrees(atlas::index_cached{});
    agrees(atlas::slot_sequenced{});
  }

  TEST_CASE("spsc_queue: an element that throws on its way in is not in, and one on its way out stays in") {
    struct thrown {};
    struct fragile {
      explicit fragile(int value) : number(value) {}
      fragile(fragile&& other) : number(other.number) {
        if (number < 0) throw thrown{};
      }
      fragile& operator=(fragile&& other) {
        if (is_refusing) throw thrown{};
        number = other.number;
        return *this;
      }
      int number;
      bool is_refusing = false;
    };
    const auto check = [](auto queue) {
      CHECK(queue.try_push(fragile(1)));
      CHECK_THROWS_AS(static_cast<void>(queue.try_push(fragile(-1))), thrown);
      CHECK_THROWS_AS(static_cast<void>(queue.push(fragile(-1))), thrown);
      CHECK(queue.size_approx() == 1);
      std::vector<fragile> batch;
      batch.reserve(3);
      batch.emplace_back(2);
      batch.emplace_back(-3);
      batch.emplace_back(4);
      CHECK_THROWS_AS(static_cast<void>(queue.try_push_n(batch)), thrown);  // what stands before it is in
      CHECK(queue.size_approx() == 2);
      fragile out(0);
      out.is_refusing = true;
      CHECK_THROWS_AS(static_cast<void>(queue.try_pop(out)), thrown);
      CHECK_THROWS_AS(static_cast<void>(queue.pop(out)), thrown);
      CHECK(queue.size_approx() == 2);
      out.is_refusing = false;
      CHECK(queue.try_pop(out));
      CHECK(out.number == 1);
      batch[1].number = 7;
      batch[1].is_refusing = true;
      CHECK_THROWS_AS(static_cast<void>(queue.try_pop_n({batch.data() + 1, 1})), thrown);
      CHECK(queue.try_pop_n({batch.data(), 1}) == 1);
      CHECK(batch[0].number == 2);
      CHECK(queue.size_approx() == 0);
    };
    check(atlas::spsc_queue<fragile>::create(3).value());
    check(atlas::spsc_queue<fragile, atlas::slot_sequenced>::create(3).value());

    // What stands before it wakes whoever sleeps for it.
    auto queue = atlas::spsc_queue<fragile>::create(3).value();
    std::atomic<pid_t> asleep{};
    support::together(2, [&](unsigned thread) {
      if (thread == 0) {
        fragile out(0);
        asleep = support::kernel_thread();
        const std::uint64_t deadline_ns = atlas::monotonic_ns() + 60'000'000'000U;
        CHECK(queue.pop(out, deadline_ns).ok());
        CHECK(atlas::monotonic_ns() < deadline_ns);  // at which one more attempt is made
        CHECK(out.number == 5);
      } else {
        std::vector<fragile> batch;
        batch.reserve(2);
        batch.emplace_back(5);
        batch.emplace_back(-6);
        support::wait_until_asleep(asleep);
        CHECK_THROWS_AS(static_cast<void>(queue.try_push_n(batch)), thrown);
      }
    });
  }
}
