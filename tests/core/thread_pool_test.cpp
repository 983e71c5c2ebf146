// SPDX-License-Identifier: Apache-2.0
// tests/core/thread_pool_test.cpp -- mirrors include/atlas/core/thread_pool.hpp.
#include <atlas/core/thread_pool.hpp>

#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <pthread.h>

#include <atomic>
#include <cstddef>
#include <set>
#include <thread>
#include <vector>

namespace {

/// Whether one run over `tasks` calls each task once, with a worker number that is in range and in no other call.
bool covers(atlas::thread_pool& pool, std::size_t tasks, unsigned most_threads = 0) {
  std::vector<std::atomic<int>> calls(tasks);
  std::vector<std::atomic<int>> inside(pool.thread_count());
  std::atomic<bool> is_right{true};
  const auto work = [&](std::size_t task, unsigned worker) {
    if (task >= tasks || worker >= pool.thread_count()) {
      is_right = false;
      return;
    }
    if (inside[worker].fetch_add(1) != 0) is_right = false;
    calls[task].fetch_add(1);
    inside[worker].fetch_sub(1);
  };
  if (!pool.run(tasks, work, most_threads).ok()) return false;
  for (const std::atomic<int>& count : calls) {
    if (count.load() != 1) return false;
  }
  return is_right.load();
}

}  // namespace

TEST_SUITE("core") {
  TEST_CASE("thread_pool: 0 threads means all of them, and the caller is one") {
    CHECK(atlas::thread_pool(0).thread_count() == atlas::hardware_threads());
    CHECK(atlas::thread_pool(1).thread_count() == 1);
    CHECK(atlas::thread_pool(7).thread_count() == 7);
    CHECK(atlas::thread_pool(~0U).thread_count() == 4096);
  }

  TEST_CASE("thread_pool: calls each task once, whatever the numbers") {
    for (const unsigned threads : {1U, 2U, 3U, 8U}) {
      atlas::thread_pool pool(threads);
      for (const std::size_t tasks : {0U, 1U, 2U, 3U, 7U, 8U, 9U, 1000U}) {
        CAPTURE(threads);
        CAPTURE(tasks);
        CHECK(covers(pool, tasks));
      }
    }
  }

  TEST_CASE("thread_pool: thousands of short runs lose nobody") {
    atlas::thread_pool pool(4);
    for (int round = 0; round < 3000; ++round) REQUIRE(covers(pool, static_cast<std::size_t>(round % 9)));
  }

  TEST_CASE("thread_pool: one thread is the caller itself, in order") {
    atlas::thread_pool pool(1);
    std::vector<std::size_t> order;
    const auto self = std::this_thread::get_id();
    CHECK(pool.run(5,
                   [&](std::size_t task, unsigned worker) {
                     CHECK(std::this_thread::get_id() == self);
                     CHECK(worker == 0);
                     order.push_back(task);
                   })
              .ok());
    CHECK(order == std::vector<std::size_t>{0, 1, 2, 3, 4});
  }

  TEST_CASE("thread_pool: a worker number stays with its thread during a run, and 0 is the caller") {
    atlas::thread_pool pool(3);
    std::vector<std::set<std::thread::id>> threads(3);
    CHECK(
        pool.run(2000, [&](std::size_t, unsigned worker) { threads[worker].insert(std::this_thread::get_id()); }).ok());
    for (const auto& of_worker : threads) CHECK(of_worker.size() <= 1);
    for (const auto& id : threads[0]) CHECK(id == std::this_thread::get_id());
  }

  TEST_CASE("thread_pool: tasks that wait for each other all run when there are threads for them") {
    atlas::thread_pool pool(3);
    for (int round = 0; round < 50; ++round) {
      std::atomic<int> arrived{0};
      CHECK(pool.run(3,
                     [&](std::size_t, unsigned) {
                       arrived.fetch_add(1);
                       while (arrived.load() != 3) std::this_thread::yield();
                     })
                .ok());
    }
  }

  TEST_CASE("thread_pool: most_threads limits how many work at once") {
    atlas::thread_pool pool(6);
    CHECK(covers(pool, 100));  // all workers exist
    for (const unsigned most : {1U, 2U, 3U, 99U}) {
      CAPTURE(most);
      std::atomic<unsigned> now{0};
      std::atomic<unsigned> highest{0};
      CHECK(pool.run(
                    200,
                    [&](std::size_t, unsigned) {
                      const unsigned inside = now.fetch_add(1) + 1;
                      unsigned before = highest.load();
                      while (inside > before && !highest.compare_exchange_weak(before, inside)) {
                      }
                      std::this_thread::yield();
                      now.fetch_sub(1);
                    },
                    most)
                .ok());
      CHECK(highest.load() <= most);
      CHECK(covers(pool, 50, most));
    }
  }

  TEST_CASE("thread_pool: a run inside a task runs on that thread, under its worker's number") {
    atlas::thread_pool pool(4);
    std::atomic<int> inner{0};
    std::atomic<int> wrong{0};
    for (int round = 0; round < 100; ++round) {
      CHECK(pool.run(8,
                     [&](std::size_t, unsigned worker) {
                       const auto self = std::this_thread::get_id();
                       const auto check = [&](std::size_t, unsigned inner_worker) {
                         if (std::this_thread::get_id() != self || inner_worker != worker) wrong.fetch_add(1);
                         inner.fetch_add(1);
                         pool.run(2, [&](std::size_t, unsigned) { inner.fetch_add(1); }).value();
                       };
                       pool.run(3, check).value();
                     })
                .ok());
    }
    CHECK(inner.load() == 100 * 8 * 9);
    CHECK(wrong.load() == 0);
  }

  TEST_CASE("thread_pool: runs from several threads each do all of their own tasks") {
    atlas::thread_pool pool(3);
    std::atomic<int> calls{0};
    support::together(4, [&](unsigned) {
      for (int round = 0; round < 200; ++round) {
        std::atomic<int> own{0};
        pool.run(4, [&](std::size_t, unsigned) { own.fetch_add(1); }).value();
        calls.fetch_add(own.load());
      }
    });
    CHECK(calls.load() == 4 * 200 * 4);
  }

  TEST_CASE("thread_pool: a run does not wait for one that goes on") {
    atlas::thread_pool pool(2);
    std::atomic<bool> is_inside{false};
    std::atomic<bool> may_end{false};
    std::thread other([&] {
      pool.run(2, [&](std::size_t, unsigned) {
            is_inside.store(true);
            while (!may_end.load()) std::this_thread::yield();
          })
          .value();
    });
    while (!is_inside.load()) std::this_thread::yield();
    int done = 0;
    pool.run(3, [&](std::size_t, unsigned worker) { done += worker == 0 ? 1 : 100; }).value();
    CHECK(done == 3);
    may_end.store(true);
    other.join();
  }

  TEST_CASE("thread_pool: what tasks wrote is visible after the run, and what was written before inside") {
    atlas::thread_pool pool(4);
    std::vector<int> values(64, 0);  // not atomic: TSan watches
    for (int round = 1; round <= 200; ++round) {
      pool.run(values.size(), [&](std::size_t task, unsigned) { values[task] += 1; }).value();
      for (const int value : values) REQUIRE(value == round);
    }
  }

  TEST_CASE("thread_pool: a child process starts its own threads") {
    if (support::under_thread_sanitizer) {
      MESSAGE("skipped: ThreadSanitizer does not follow threads in a child process");
      return;
    }
    atlas::thread_pool pool(3);
    CHECK(covers(pool, 100));
    CHECK(support::holds_in_child([&] {
      for (int round = 0; round < 20; ++round) {
        if (!covers(pool, 100)) return false;
      }
      return support::holds_in_child([&] { return covers(pool, 100); });
    }));
    CHECK(covers(pool, 100));
  }

  TEST_CASE("thread_pool: in a child, several threads may be the first to run") {
    if (support::under_thread_sanitizer) {
      MESSAGE("skipped: ThreadSanitizer does not follow threads in a child process");
      return;
    }
    atlas::thread_pool pool(3);
    CHECK(covers(pool, 100));
    CHECK(support::holds_in_child([&] {
      std::atomic<int> right{0};
      support::together(3, [&](unsigned) { right.fetch_add(covers(pool, 50) ? 1 : 0); });
      return right.load() == 3;
    }));
  }

  TEST_CASE("thread_pool: a fork while another thread is inside a run leaves the child a usable pool") {
    if (support::under_thread_sanitizer) {
      MESSAGE("skipped: ThreadSanitizer does not follow threads in a child process");
      return;
    }
    atlas::thread_pool pool(2);
    std::atomic<bool> is_inside{false};
    std::atomic<bool> may_leave{false};
    std::thread other([&] {
      pool.run(2,
               [&](std::size_t, unsigned) {
                 is_inside = true;
                 while (!may_leave.load()) std::this_thread::yield();
               })
          .value();
    });
    while (!is_inside.load()) std::this_thread::yield();
    CHECK(support::holds_in_child([&] { return covers(pool, 20); }));
    may_leave = true;
    other.join();
    CHECK(covers(pool, 20));
  }

  TEST_CASE("thread_pool: ending it in a child waits for no thread of the parent") {
    auto* const pool = new atlas::thread_pool(3);
    CHECK(covers(*pool, 100));
    CHECK(support::holds_in_child([&] {
      delete pool;
      return true;
    }));
    delete pool;
  }

  TEST_CASE("thread_pool: without threads to be had, the caller does it all") {
    // A limit on the user's processes does not bind root; a stack larger than the address space always fails.
    CHECK(support::holds_in_child([] {
      pthread_attr_t impossible;
      ::pthread_attr_init(&impossible);
      if (::pthread_attr_setstacksize(&impossible, std::size_t{1} << 47) != 0) return false;
      if (::pthread_setattr_default_np(&impossible) != 0) return false;
      atlas::thread_pool pool(4);
      std::vector<int> calls(100, 0);
      bool is_alone = true;
      for (int round = 0; round < 3; ++round) {
        if (!pool.run(calls.size(),
                      [&](std::size_t task, unsigned worker) {
                        is_alone = is_alone && worker == 0;
                        ++calls[task];
                      })
                 .ok()) {
          return false;
        }
      }
      for (const int count : calls) is_alone = is_alone && count == 3;
      return is_alone;
    }));
  }
}
