// SPDX-License-Identifier: Apache-2.0
// tests/queue/spsc_queue_test.cpp -- mirrors include/atlas/queue/spsc_queue.hpp: what it alone promises.
#include <atlas/queue/spsc_queue.hpp>  // first, so that a missing include in it fails here

#include <atlas/core/clock.hpp>

#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
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

}  // namespace spsc_queue_test

TEST_SUITE("spsc_queue") {
  using spsc_queue_test::counting_atomic;

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
