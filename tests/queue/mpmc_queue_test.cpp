// SPDX-License-Identifier: Apache-2.0
// tests/queue/mpmc_queue_test.cpp -- mirrors include/atlas/queue/mpmc_queue.hpp: many producers, many consumers.
#include <atlas/queue/mpmc_queue.hpp>

#include <atlas/core/clock.hpp>

#include "support/counted.hpp"
#include "support/threads.hpp"
#include "support/without_membarrier.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

// Not without a name: queues are made of it, in headers that several files of tests share.
namespace mpmc_queue_test {

/// Does something once, at the so many-th relaxed load of a position by this thread.
template <class T>
struct meddled_atomic : atlas::atomic<T> {
  using atlas::atomic<T>::atomic;
  [[nodiscard]] T load_relaxed() const noexcept {
    if (sizeof(T) == 8 && loads_left != 0 && --loads_left == 0) meddle();
    return atlas::atomic<T>::load_relaxed();
  }
  static inline thread_local unsigned loads_left = 0;
  static inline thread_local std::function<void()> meddle{};
};

inline thread_local support::standstill* behind_mark = nullptr;
/// A close that stands still behind its mark.
template <class T>
struct halting_atomic : atlas::atomic<T> {
  using atlas::atomic<T>::atomic;
  T fetch_or_acq_rel(T value) noexcept {
    const T before = atlas::atomic<T>::fetch_or_acq_rel(value);
    if (behind_mark != nullptr && sizeof(T) == 8) behind_mark->here();
    return before;
  }
};

}  // namespace mpmc_queue_test

namespace {

struct parcel {
  std::uint32_t producer = 0;
  std::uint32_t number = 0;
};

enum class way : std::uint8_t {
  tried,
  waited,
  batches
};

/// Producers push 0, 1, 2, ...; whether each parcel arrives once and each consumer sees each producer's in order.
bool delivers(std::size_t capacity, std::uint64_t lap, unsigned producers, unsigned consumers, std::uint32_t each,
              way how) {
  auto queue = atlas::mpmc_queue<parcel>::create_at(capacity, lap).value();
  std::vector<std::vector<std::atomic<std::uint32_t>>> arrivals(producers);
  for (auto& of_producer : arrivals) of_producer = std::vector<std::atomic<std::uint32_t>>(each);
  std::atomic<std::uint32_t> wrong{0};
  std::atomic<unsigned> producing{producers};
  support::together(producers + consumers, [&](unsigned thread) {
    std::array<parcel, 7> batch;
    if (thread < producers) {
      for (std::uint32_t next = 0; next < each;) {
        if (how == way::waited) {
          if (!queue.push({thread, next++}).ok()) wrong.fetch_add(1);
        } else if (how == way::tried) {
          if (queue.try_push(parcel{thread, next})) {
            ++next;
          } else {
            std::this_thread::yield();
          }
        } else {
          std::uint32_t filled = 0;
          while (filled < batch.size() && next + filled < each) {
            batch[filled] = {thread, next + filled};
            ++filled;
          }
          const std::size_t pushed = queue.try_push_n({batch.data(), filled});
          if (pushed == 0) std::this_thread::yield();
          next += static_cast<std::uint32_t>(pushed);
        }
      }
      if (producing.fetch_sub(1) == 1) queue.close();
    } else {
      std::vector<std::uint32_t> least(producers, 0);
      const auto take = [&](const parcel& one) {
        if (one.producer >= producers || one.number >= each || one.number < least[one.producer]) {
          wrong.fetch_add(1);
          return;
        }
        least[one.producer] = one.number + 1;
        arrivals[one.producer][one.number].fetch_add(1);
      };
      for (;;) {
        parcel one;
        if (how == way::waited) {
          if (!queue.pop(one).ok()) break;
          take(one);
          continue;
        }
        const std::size_t popped =
            how == way::tried ? (queue.try_pop(one) ? 1U : 0U) : queue.try_pop_n({batch.data(), batch.size()});
        if (how == way::tried && popped == 1) take(one);
        for (std::size_t i = 0; how == way::batches && i < popped; ++i) take(batch[i]);
        if (popped == 0) {
          // Closed and drained is what a waiting pop says; its deadline is long past.
          const atlas::status last = queue.pop(one, 1);
          if (last.ok()) {
            take(one);
          } else if (last.error() == atlas::errc::closed) {
            break;
          }
          std::this_thread::yield();
        }
      }
    }
  });
  for (const auto& of_producer : arrivals) {
    for (const std::atomic<std::uint32_t>& count : of_producer) wrong.fetch_add(count.load() == 1 ? 0 : 1);
  }
  return wrong.load() == 0 && queue.size_approx() == 0;
}

}  // namespace

TEST_SUITE("queue") {
  TEST_CASE("mpmc_queue: every element arrives once, each producer's in order") {
    for (const std::size_t capacity : {1U, 2U, 3U, 16U, 1000U}) {
      for (const way how : {way::tried, way::waited, way::batches}) {
        CAPTURE(capacity);
        CAPTURE(static_cast<int>(how));
        const std::uint32_t each = capacity < 16 ? 500 : 3000;
        CHECK(delivers(capacity, 0, 2, 2, each, how));
        CHECK(delivers(capacity, 0, 3, 1, each / 2, how));
        CHECK(delivers(capacity, 0, 1, 3, each, how));
      }
    }
  }

  TEST_CASE("mpmc_queue: an element may go to another while a pop that found it waits for more") {
    auto queue = atlas::mpmc_queue<int, atlas::sleeping, mpmc_queue_test::meddled_atomic>::create(16).value();
    int other = 0;
    using positions = mpmc_queue_test::meddled_atomic<std::uint64_t>;
    positions::meddle = [&] {
      CHECK(queue.try_pop(other));
      for (const int one : {3, 4}) CHECK(queue.try_push(one));
    };
    for (const int one : {1, 2}) REQUIRE(queue.try_push(one));
    int out = 0;
    REQUIRE(queue.try_pop(out));
    CHECK(out == 1);
    positions::loads_left = 4;  // the look at the end after the first pauses
    REQUIRE(queue.try_pop(out));
    CHECK(positions::loads_left == 0);
    CHECK(other == 2);
    CHECK(out == 3);
    REQUIRE(queue.try_pop(out));
    CHECK(out == 4);
    CHECK_FALSE(queue.try_pop(out));
    positions::meddle = nullptr;
  }

  TEST_CASE("mpmc_queue: a crowd of producers is never told full while there is room") {
    auto queue = atlas::mpmc_queue<int>::create(8000).value();
    std::atomic<int> refused{0};
    support::together(4, [&](unsigned) {
      for (int i = 0; i < 2000; ++i) refused.fetch_add(queue.try_push(1) ? 0 : 1);
    });
    CHECK(refused.load() == 0);
    CHECK_FALSE(queue.try_push(1));
    support::together(4, [&](unsigned) {
      for (int i = 0, value = 0; i < 2000; ++i) refused.fetch_add(queue.try_pop(value) ? 0 : 1);
    });
    CHECK(refused.load() == 0);
    int value = 0;
    CHECK_FALSE(queue.try_pop(value));
  }

  TEST_CASE("mpmc_queue: two elements wake two sleepers, although the second push found the first being woken") {
    for (int round = 0; round < 60; ++round) {
      auto queue = atlas::mpmc_queue<int>::create(2).value();
      std::atomic<pid_t> asleep[2] = {};
      support::together(3, [&](unsigned number) {
        if (number == 2) {
          support::wait_until_asleep(asleep[0]);
          support::wait_until_asleep(asleep[1]);
          CHECK(queue.try_push(1));
          CHECK(queue.try_push(1));
        } else {
          asleep[number] = support::kernel_thread();
          int value = 0;
          CHECK(queue.pop(value).ok());
        }
      });
      // The same for two producers and two slots that come free.
      std::atomic<pid_t> pushing[2] = {};
      CHECK(queue.try_push(1));
      CHECK(queue.try_push(1));
      support::together(3, [&](unsigned number) {
        int value = 0;
        if (number == 2) {
          support::wait_until_asleep(pushing[0]);
          support::wait_until_asleep(pushing[1]);
          CHECK(queue.try_pop(value));
          CHECK(queue.try_pop(value));
        } else {
          pushing[number] = support::kernel_thread();
          CHECK(queue.push(std::move(value)).ok());
        }
      });
    }
  }

  TEST_CASE("mpmc_queue: the end of the positions passes unnoticed by many threads") {
    for (const std::size_t capacity : {1U, 2U, 3U, 1000U}) {
      CAPTURE(capacity);
      CHECK(delivers(capacity, ~std::uint64_t{0}, 2, 2, 700, way::tried));
      CHECK(delivers(capacity, ~std::uint64_t{0}, 2, 2, 700, way::batches));
      CHECK(delivers(capacity, (std::uint64_t{1} << 32) / capacity - 1, 2, 2, 700, way::waited));
    }
  }

  TEST_CASE("mpmc_queue: no wake-up is lost among many that wait on both sides of a small queue") {
    for (const std::size_t capacity : {1U, 2U}) {
      CAPTURE(capacity);
      CHECK(delivers(capacity, 0, 4, 4, 400, way::waited));
      CHECK(delivers(capacity, 0, 6, 1, 300, way::waited));
      CHECK(delivers(capacity, 0, 1, 6, 1500, way::waited));
    }
  }

  TEST_CASE("mpmc_queue: what close() found accepted is popped, and nothing else") {
    for (int round = 0; round < 150; ++round) {
      auto queue = atlas::mpmc_queue<int>::create(static_cast<std::size_t>(round % 5 + 1)).value();
      std::atomic<int> accepted{0};
      std::atomic<int> popped{0};
      support::together(5, [&](unsigned number) {
        if (number == 0) {
          while (queue.push(1).ok()) accepted.fetch_add(1);
        } else if (number == 1) {
          while (!queue.is_closed()) accepted.fetch_add(queue.try_push(1) ? 1 : 0);
        } else if (number < 4) {
          int value = 0;
          while (queue.pop(value).ok()) popped.fetch_add(value);
        } else {
          while (popped.load() < round % 30) std::this_thread::yield();
          queue.close();
        }
      });
      int left = 0;
      CHECK(queue.pop(left).error() == atlas::errc::closed);
      CHECK(popped.load() == accepted.load());
    }
  }

  TEST_CASE("mpmc_queue: a batch is contiguous, whoever else pushes") {
    auto queue = atlas::mpmc_queue<parcel>::create(16).value();
    std::atomic<std::uint32_t> wrong{0};
    std::atomic<unsigned> producing{2};
    support::together(3, [&](unsigned thread) {
      if (thread < 2) {
        for (std::uint32_t next = 0; next < 3000;) {
          std::array<parcel, 4> batch;
          for (std::uint32_t i = 0; i < 4; ++i) batch[i] = {thread, i};
          const std::size_t pushed = queue.try_push_n(batch);
          // The rest of a batch that was cut goes in one by one, marked as no batch.
          for (std::size_t i = pushed; pushed != 0 && i < 4; ++i) queue.push({thread, 99}).value();
          if (pushed == 0) std::this_thread::yield();
          next += static_cast<std::uint32_t>(pushed);
        }
        if (producing.fetch_sub(1) == 1) queue.close();
      } else {
        parcel before{9, 99};
        parcel one;
        while (queue.pop(one).ok()) {
          const bool continues = one.number != 0 && one.number != 99;
          if (continues && (before.producer != one.producer || before.number + 1 != one.number)) wrong.fetch_add(1);
          before = one;
        }
      }
    });
    CHECK(wrong.load() == 0);
  }

  TEST_CASE("mpmc_queue: move-only elements survive a crowd without a leak or a double end") {
    const int before = support::counted::alive().load();
    {
      auto queue = atlas::mpmc_queue<support::counted>::create(3).value();
      std::atomic<int> sum{0};
      std::atomic<unsigned> producing{2};
      support::together(4, [&](unsigned number) {
        if (number < 2) {
          for (int value = 1; value <= 1000; ++value) queue.push(support::counted(value)).value();
          if (producing.fetch_sub(1) == 1) queue.close();
        } else {
          support::counted out;
          while (queue.pop(out).ok()) sum.fetch_add(out.number());
        }
      });
      CHECK(sum.load() == 2 * 1000 * 1001 / 2);
      CHECK(support::counted::alive().load() == before);
    }
    CHECK(support::counted::alive().load() == before);
  }

  TEST_CASE("mpmc_queue: a deadline among many waiters costs nobody a wake-up") {
    auto queue = atlas::mpmc_queue<int>::create(1).value();
    std::atomic<int> popped{0};
    std::atomic<int> timed_out{0};
    support::together(4, [&](unsigned number) {
      if (number == 0) {
        for (int value = 0; value < 1000; ++value) {
          queue.push(int{value}).value();
          if (value % 16 == 0) {
            for (int i = 0; i < 50; ++i) std::this_thread::yield();  // some of the others run out of patience
          }
        }
        queue.close();
        return;
      }
      for (int value = 0;;) {
        const atlas::status answer = queue.pop(value, number == 1 ? 0 : atlas::monotonic_ns() + 20'000);
        if (answer.ok()) {
          popped.fetch_add(1);
        } else if (answer.error() == atlas::errc::timed_out) {
          timed_out.fetch_add(1);
        } else {
          break;
        }
      }
    });
    CHECK(popped.load() == 1000);
  }

  TEST_CASE("mpmc_queue: works the same where the system has no membarrier call") {
    if (support::under_thread_sanitizer) {
      MESSAGE("skipped: ThreadSanitizer does not follow threads in a child process");
      return;
    }
    CHECK(support::holds_in_child([] {
      if (!support::forbid_membarrier()) return false;
      return !atlas::heavy_barrier() && delivers(1, 0, 3, 3, 400, way::waited) && delivers(2, 0, 2, 2, 400, way::tried);
    }));
  }

  TEST_CASE("mpmc_queue: is closed for everybody at one moment") {
    auto queue = atlas::mpmc_queue<int, atlas::yielding, mpmc_queue_test::halting_atomic>::create(4).value();
    support::standstill marked;
    support::together(2, [&](unsigned thread) {
      if (thread == 0) {
        mpmc_queue_test::behind_mark = &marked;
        queue.close();
        mpmc_queue_test::behind_mark = nullptr;
      } else {
        marked.wait_until_reached();
        int out = 0;
        CHECK(queue.is_closed());
        CHECK(queue.push(1).error() == atlas::errc::closed);
        CHECK(queue.pop(out, atlas::monotonic_ns() + 20'000'000).error() == atlas::errc::closed);
        marked.end();
      }
    });
  }

  TEST_CASE("mpmc_queue: keeps working where the membarrier call is taken away while it is in use") {
    if (support::under_thread_sanitizer) {
      MESSAGE("skipped: ThreadSanitizer does not follow threads in a child process");
      return;
    }
    CHECK(support::holds_in_child([] {
      auto there = atlas::mpmc_queue<int>::create(1).value();
      auto back = atlas::mpmc_queue<int>::create(1).value();
      if (!support::forbid_membarrier()) return false;
      std::thread other([&] {
        for (int value = 0; there.pop(value).ok();) back.push(std::move(value)).value();
      });
      bool is_right = true;
      for (int round = 0; round < 200; ++round) {
        int value = -1;
        is_right = is_right && there.push(int{round}).ok() && back.pop(value).ok() && value == round;
      }
      there.close();
      other.join();
      return is_right;
    }));
  }
}
