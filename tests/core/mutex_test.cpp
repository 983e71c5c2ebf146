// SPDX-License-Identifier: Apache-2.0
// tests/core/mutex_test.cpp -- mirrors include/atlas/core/mutex.hpp.
#include <atlas/core/mutex.hpp>

#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

TEST_SUITE("core") {
  TEST_CASE("mutex: try_lock fails while it is held, and only then") {
    atlas::mutex lock;
    CHECK(lock.try_lock());
    CHECK_FALSE(lock.try_lock());
    lock.unlock();
    {
      const atlas::lock_guard held(lock);
      CHECK_FALSE(lock.try_lock());
    }
    CHECK(lock.try_lock());
    lock.unlock();
  }

  TEST_CASE("mutex: one thread at a time, and each sees what the last one wrote") {
    atlas::mutex lock;
    std::uint64_t first = 0;  // not atomic: a race shows here and under TSan
    std::uint64_t second = 0;
    std::uint64_t apart = 0;
    support::together(4, [&](unsigned number) {
      for (int i = 0; i < 5000; ++i) {
        const atlas::lock_guard held(lock);
        apart += first != second ? 1U : 0U;
        ++first;
        if (i % 512 == static_cast<int>(number)) std::this_thread::yield();  // lets the others queue up
        ++second;
      }
    });
    CHECK(first == 20'000);
    CHECK(second == 20'000);
    CHECK(apart == 0);
  }

  TEST_CASE("mutex: every waiter that sleeps is woken in its turn") {
    atlas::mutex lock;
    int inside = 0;
    std::atomic<pid_t> waiting[3] = {};
    lock.lock();
    std::vector<std::thread> waiters;
    for (std::atomic<pid_t>& me : waiting) {
      waiters.emplace_back([&] {
        me = support::kernel_thread();
        const atlas::lock_guard held(lock);
        ++inside;
      });
    }
    for (const std::atomic<pid_t>& one : waiting) support::wait_until_asleep(one);
    CHECK(inside == 0);
    lock.unlock();
    for (std::thread& one : waiters) one.join();
    CHECK(inside == 3);
  }

  TEST_CASE("mutex: unlocking an open one ends the process in checked builds") {
#if ATLAS_CHECKED
    CHECK(support::aborts_in_child([] { atlas::mutex().unlock(); }));
    CHECK(support::aborts_in_child([] { atlas::shared_mutex().unlock_shared(); }));
    CHECK(support::aborts_in_child([] { atlas::shared_mutex().unlock(); }));
#else
    MESSAGE("skipped: built without ATLAS_CHECKED");
#endif
  }

  TEST_CASE("shared_mutex: readers share, a writer does not") {
    atlas::shared_mutex lock;
    CHECK(lock.try_lock_shared());
    CHECK(lock.try_lock_shared());
    CHECK_FALSE(lock.try_lock());
    lock.unlock_shared();
    CHECK_FALSE(lock.try_lock());
    lock.unlock_shared();
    CHECK(lock.try_lock());
    CHECK_FALSE(lock.try_lock());
    CHECK_FALSE(lock.try_lock_shared());
    lock.unlock();
    {
      const atlas::shared_lock_guard reading(lock);
      CHECK(lock.try_lock_shared());
      lock.unlock_shared();
    }
    const atlas::lock_guard writing(lock);
    CHECK_FALSE(lock.try_lock_shared());
  }

  TEST_CASE("shared_mutex: readers never see half of a write, writers never meet") {
    atlas::shared_mutex lock;
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    atlas::atomic<std::uint64_t> torn;
    support::together(5, [&](unsigned number) {
      for (int i = 0; i < 3000; ++i) {
        if (number < 2) {
          const atlas::lock_guard writing(lock);
          ++first;
          if (i % 256 == 0) std::this_thread::yield();
          ++second;
        } else {
          const atlas::shared_lock_guard reading(lock);
          if (first != second) torn.fetch_add(1);
          if (i % 256 == 0) std::this_thread::yield();
        }
      }
    });
    CHECK(torn.load_relaxed() == 0);
    CHECK(first == 6000);
    CHECK(second == 6000);
  }

  TEST_CASE("shared_mutex: a waiting writer gets in although readers keep coming") {
    atlas::shared_mutex lock;
    atlas::atomic<std::uint32_t> is_written;
    support::together(3, [&](unsigned number) {
      if (number == 0) {
        const atlas::lock_guard writing(lock);
        is_written.store_release(1);
      } else {
        // Two readers whose holds overlap would keep a writer out for ever if new readers were let past it.
        while (is_written.load_acquire() == 0) {
          const atlas::shared_lock_guard reading(lock);
          for (int i = 0; i < 10; ++i) std::this_thread::yield();
        }
      }
    });
    CHECK(is_written.load_relaxed() == 1);
  }

  TEST_CASE("shared_mutex: many sleepers of both sorts all get their turn") {
    atlas::shared_mutex lock;
    int written = 0;
    atlas::atomic<std::uint32_t> read;
    std::atomic<pid_t> waiting[6] = {};
    lock.lock();
    std::vector<std::thread> crowd;
    for (unsigned number = 0; number < 6; ++number) {
      crowd.emplace_back([&, number] {
        waiting[number] = support::kernel_thread();
        if (number % 2 == 0) {
          const atlas::lock_guard writing(lock);
          ++written;
        } else {
          const atlas::shared_lock_guard reading(lock);
          read.fetch_add(1);
        }
      });
    }
    for (const std::atomic<pid_t>& one : waiting) support::wait_until_asleep(one);
    lock.unlock();
    for (std::thread& one : crowd) one.join();
    CHECK(written == 3);
    CHECK(read.load_relaxed() == 3);
  }
}
