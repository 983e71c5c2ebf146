// SPDX-License-Identifier: Apache-2.0
// tests/queue/bounded_queue_test.cpp -- mirrors include/atlas/queue.hpp: what all queues promise in the same words.
#include <atlas/queue.hpp>

#include "support/counted.hpp"
#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

struct of_mpmc {
  template <class Value>
  using queue = atlas::mpmc_queue<Value>;
  // Both count positions modulo 2^64: the first 2^32 elements end there, and the last position here.
  static std::vector<std::uint64_t> starts_near_the_end(std::size_t) {
    return {~std::uint64_t{0}, ~std::uint64_t{0} - 1, (std::uint64_t{1} << 32) - 1, (std::uint64_t{1} << 20) - 1};
  }
};
struct of_mpsc : of_mpmc {
  template <class Value>
  using queue = atlas::mpsc_queue<Value>;
};
struct of_yielding_mpmc : of_mpmc {
  template <class Value>
  using queue = atlas::mpmc_queue<Value, atlas::yielding>;
};
struct of_spsc {
  template <class Value>
  using queue = atlas::spsc_queue<Value>;
  static std::vector<std::uint64_t> starts_near_the_end(std::size_t capacity) {
    return {~std::uint64_t{0} - 2, ~std::uint64_t{0} - capacity, (std::uint64_t{1} << 32) - 3,
            (std::uint64_t{1} << 63) - 3};
  }
};

struct of_sequenced_spsc : of_spsc {
  template <class Value>
  using queue = atlas::spsc_queue<Value, atlas::slot_sequenced>;
};
struct of_yielding_spsc : of_spsc {
  template <class Value>
  using queue = atlas::spsc_queue<Value, atlas::index_cached, atlas::yielding>;
};
#define ATLAS_EACH_SLEEPING_QUEUE of_mpmc, of_mpsc, of_spsc, of_sequenced_spsc
#define ATLAS_EACH_QUEUE ATLAS_EACH_SLEEPING_QUEUE, of_yielding_mpmc, of_yielding_spsc

/// Any sequence of calls by one thread, against a deque.
template <class Queue>
void agrees_with_a_deque(Queue& queue, std::uint64_t seed, int steps) {
  std::mt19937_64 random(seed);
  std::deque<int> model;
  int next = 1;
  for (int step = 0; step < steps; ++step) {
    switch (random() % 4) {
      case 0: {
        int value = next;
        REQUIRE(queue.try_push(std::move(value)) == (model.size() < queue.capacity()));
        if (model.size() < queue.capacity()) model.push_back(next++);
        break;
      }
      case 1: {
        int value = -1;
        REQUIRE(queue.try_pop(value) == !model.empty());
        REQUIRE(value == (model.empty() ? -1 : model.front()));
        if (!model.empty()) model.pop_front();
        break;
      }
      case 2: {
        std::vector<int> values(random() % (queue.capacity() + 3));
        for (std::size_t i = 0; i < values.size(); ++i) values[i] = next + static_cast<int>(i);
        const std::size_t pushed = queue.try_push_n(values);
        REQUIRE(pushed == std::min(values.size(), queue.capacity() - model.size()));
        for (std::size_t i = 0; i < pushed; ++i) model.push_back(next++);
        break;
      }
      default: {
        std::vector<int> values(random() % (queue.capacity() + 3), -1);
        const std::size_t popped = queue.try_pop_n(values);
        REQUIRE(popped == std::min(values.size(), model.size()));
        for (std::size_t i = 0; i < values.size(); ++i) {
          REQUIRE(values[i] == (i < popped ? model.front() : -1));
          if (i < popped) model.pop_front();
        }
      }
    }
    REQUIRE(queue.size_approx() == model.size());
  }
}

/// Moved in and out, it notices whether it stands where its alignment asks.
struct alignas(256) wide {
  explicit wide(int value = 0) : number(value) { check(); }
  wide(wide&& other) noexcept : number(other.number) { check(); }
  wide& operator=(wide&& other) noexcept {
    number = other.number;
    return *this;
  }
  ~wide() { check(); }
  void check() const { is_aligned = is_aligned && reinterpret_cast<std::uintptr_t>(this) % 256 == 0; }
  int number;
  static inline bool is_aligned = true;
};

struct copy_thrown {};
/// Moves without throwing; a copy throws when told to.
struct throwing_copy {
  explicit throwing_copy(int value = 0) : number(value) {}
  throwing_copy(const throwing_copy& other) : number(other.number) {
    if (number < 0) throw copy_thrown{};
  }
  throwing_copy(throwing_copy&& other) noexcept : number(other.number) {}
  throwing_copy& operator=(throwing_copy&& other) noexcept {
    number = other.number;
    return *this;
  }
  int number;
};

struct no_default {
  explicit no_default(int value) : number(value) {}
  int number;
};

using huge = std::array<char, std::size_t{1} << 20>;

}  // namespace

TEST_SUITE("queue") {
  static_assert(atlas::bounded_queue<atlas::mpmc_queue<int>>);
  static_assert(atlas::bounded_queue<atlas::spsc_queue<int>>);
  static_assert(atlas::bounded_queue<atlas::mpmc_queue<std::unique_ptr<int>>>);
  static_assert(!atlas::bounded_queue<std::vector<int>>);
  static_assert(!std::is_copy_constructible_v<atlas::mpmc_queue<int>>);
  static_assert(!std::is_copy_constructible_v<atlas::spsc_queue<int>>);

  TEST_CASE_TEMPLATE("queue: refuses capacities that cannot be, and says which are possible", Kind, ATLAS_EACH_QUEUE) {
    using queue_of_huge = typename Kind::template queue<huge>;
    CHECK(queue_of_huge::create(0).error() == atlas::errc::invalid_argument);
    CHECK(queue_of_huge::create(atlas::max_queue_capacity + 1).error() == atlas::errc::limit_exceeded);
    CHECK(queue_of_huge::create(~std::size_t{0}).error() == atlas::errc::limit_exceeded);
    CHECK(queue_of_huge::create(atlas::max_queue_capacity).error() == atlas::errc::no_memory);  // 4 PiB
    char text[512];
    atlas::describe(queue_of_huge::create(0).error(), text, sizeof text);
    CHECK(std::string(text) == "invalid argument: queue.capacity: expected at least 1, found 0");
  }

  TEST_CASE_TEMPLATE("queue: holds exactly its capacity, in order, lap after lap", Kind, ATLAS_EACH_QUEUE) {
    for (const std::size_t capacity : {1U, 2U, 3U, 4U, 5U, 7U, 8U, 9U, 1000U}) {
      CAPTURE(capacity);
      auto queue = Kind::template queue<std::size_t>::create(capacity).value();
      CHECK(queue.capacity() == capacity);
      for (int lap = 0; lap < 5; ++lap) {
        for (std::size_t i = 0; i < capacity; ++i) {
          CHECK(queue.size_approx() == i);
          REQUIRE(queue.try_push(i));
        }
        CHECK_FALSE(queue.try_push(capacity));
        std::size_t value = 0;
        for (std::size_t i = 0; i < capacity; ++i) {
          REQUIRE(queue.try_pop(value));
          REQUIRE(value == i);
        }
        CHECK_FALSE(queue.try_pop(value));
        CHECK(value == capacity - 1);
      }
    }
  }

  TEST_CASE_TEMPLATE("queue: does what a deque does, single calls and batches mixed", Kind, ATLAS_EACH_QUEUE) {
    for (const std::size_t capacity : {1U, 2U, 3U, 6U, 8U, 33U}) {
      CAPTURE(capacity);
      auto queue = Kind::template queue<int>::create(capacity).value();
      agrees_with_a_deque(queue, 100 + capacity, 3000);
    }
  }

  TEST_CASE_TEMPLATE("queue: positions run over 2^32 and 2^64 without a seam", Kind, ATLAS_EACH_QUEUE) {
    for (const std::size_t capacity : {1U, 2U, 3U, 4U, 5U, 1000U}) {
      for (const std::uint64_t start : Kind::starts_near_the_end(capacity)) {
        CAPTURE(capacity);
        CAPTURE(start);
        auto queue = Kind::template queue<int>::create_at(capacity, start).value();
        CHECK(queue.size_approx() == 0);
        for (int next = 0; next < static_cast<int>(capacity) * 3; ++next) {
          int value = -1;
          CHECK_FALSE(queue.try_pop(value));
          REQUIRE(queue.try_push(int{next}));
          REQUIRE(queue.try_pop(value));
          REQUIRE(value == next);
        }
        auto again = Kind::template queue<int>::create_at(capacity, start).value();
        agrees_with_a_deque(again, 7 + capacity, 1500);
      }
    }
  }

  TEST_CASE_TEMPLATE("queue: a push that fails leaves the value", Kind, ATLAS_EACH_QUEUE) {
    auto queue = Kind::template queue<std::unique_ptr<int>>::create(1).value();
    CHECK(queue.try_push(std::make_unique<int>(1)));
    auto kept = std::make_unique<int>(2);
    CHECK_FALSE(queue.try_push(std::move(kept)));
    CHECK(kept != nullptr);  // NOLINT: promised
    CHECK(queue.push(std::move(kept), 1).error() == atlas::errc::timed_out);
    CHECK(kept != nullptr);
    std::array<std::unique_ptr<int>, 2> two{std::make_unique<int>(3), std::make_unique<int>(4)};
    CHECK(queue.try_push_n(two) == 0);
    CHECK(two[0] != nullptr);
    std::unique_ptr<int> out;
    CHECK(queue.try_pop(out));
    CHECK(queue.try_push_n(two) == 1);
    CHECK(two[0] == nullptr);
    CHECK(two[1] != nullptr);
    queue.close();
    CHECK(queue.push(std::move(kept)).error() == atlas::errc::closed);
    CHECK_FALSE(queue.try_push(std::move(kept)));
    CHECK(queue.try_push_n({&kept, 1}) == 0);
    CHECK(kept != nullptr);
    CHECK(*kept == 2);
  }

  TEST_CASE_TEMPLATE("queue: ends every element exactly once, also those left over", Kind, ATLAS_EACH_QUEUE) {
    const int before = support::counted::alive().load();
    {
      auto queue = Kind::template queue<support::counted>::create(5).value();
      CHECK(support::counted::alive().load() == before);  // an empty slot holds no element
      for (int number = 0; number < 13; ++number) {
        REQUIRE(queue.try_push(support::counted(number)));
        support::counted out;
        REQUIRE(queue.try_pop(out));
        REQUIRE(out.number() == number);
      }
      for (int number = 0; number < 4; ++number) REQUIRE(queue.try_push(support::counted(number)));
      std::vector<support::counted> out(2);
      CHECK(queue.try_pop_n(out) == 2);
      CHECK(out[1].number() == 1);
      CHECK(support::counted::alive().load() == before + 4);

      auto moved = std::move(queue);
      CHECK(moved.size_approx() == 2);
      queue = Kind::template queue<support::counted>::create(1).value();
      CHECK(queue.try_push(support::counted(9)));
      queue = std::move(moved);
      CHECK(queue.try_pop(out[0]));
      CHECK(out[0].number() == 2);
      CHECK(queue.try_push(support::counted(10)));
    }
    CHECK(support::counted::alive().load() == before);
  }

  TEST_CASE_TEMPLATE("queue: carries over-aligned types", Kind, ATLAS_EACH_QUEUE) {
    wide::is_aligned = true;
    auto queue = Kind::template queue<wide>::create(3).value();
    for (int number = 0; number < 10; ++number) {
      REQUIRE(queue.try_push(wide(number)));
      wide out;
      REQUIRE(queue.try_pop(out));
      REQUIRE(out.number == number);
    }
    CHECK(queue.try_push(wide(1)));
    CHECK(wide::is_aligned);
  }

  TEST_CASE_TEMPLATE("queue: a copy that throws leaves the queue as it was", Kind, ATLAS_EACH_QUEUE) {
    auto queue = Kind::template queue<throwing_copy>::create(2).value();
    const throwing_copy good(1);
    const throwing_copy bad(-1);
    CHECK(queue.try_push(good));
    CHECK_THROWS_AS(static_cast<void>(queue.try_push(bad)), copy_thrown);
    CHECK_THROWS_AS(static_cast<void>(queue.push(bad)), copy_thrown);
    CHECK(queue.size_approx() == 1);
    CHECK(queue.push(throwing_copy(-2)).ok());  // moved, not copied
    throwing_copy out;
    CHECK(queue.try_pop(out));
    CHECK(out.number == 1);
    CHECK(queue.try_pop(out));
    CHECK(out.number == -2);
    CHECK_FALSE(queue.try_pop(out));
  }

  TEST_CASE_TEMPLATE("queue: needs no default constructor", Kind, ATLAS_EACH_QUEUE) {
    auto queue = Kind::template queue<no_default>::create(1).value();
    CHECK(queue.push(no_default(5)).ok());
    no_default out(0);
    CHECK(queue.pop(out).ok());
    CHECK(out.number == 5);
  }

  TEST_CASE_TEMPLATE("queue: after close, pushes fail and pops drain", Kind, ATLAS_EACH_QUEUE) {
    auto queue = Kind::template queue<int>::create(4).value();
    CHECK_FALSE(queue.is_closed());
    CHECK(queue.push(1).ok());
    CHECK(queue.push(2).ok());
    CHECK(queue.push(3).ok());
    queue.close();
    queue.close();  // again: nothing
    CHECK(queue.is_closed());
    CHECK_FALSE(queue.try_push(4));
    CHECK(queue.push(4).error() == atlas::errc::closed);
    CHECK(queue.size_approx() == 3);
    int out = 0;
    CHECK(queue.pop(out).ok());
    CHECK(out == 1);
    CHECK(queue.try_pop(out));
    CHECK(out == 2);
    CHECK(queue.try_pop_n({&out, 1}) == 1);
    CHECK(out == 3);
    CHECK(queue.pop(out).error() == atlas::errc::closed);
    CHECK(queue.pop(out, 1).error() == atlas::errc::closed);
    CHECK_FALSE(queue.try_pop(out));
    CHECK(out == 3);
  }

  TEST_CASE_TEMPLATE("queue: a deadline ends a wait, and never a call that need not wait", Kind, ATLAS_EACH_QUEUE) {
    auto queue = Kind::template queue<int>::create(1).value();
    int out = -1;
    CHECK(queue.pop(out, 1).error() == atlas::errc::timed_out);
    std::uint64_t deadline_ns = atlas::monotonic_ns() + 1'000'000;
    CHECK(queue.pop(out, deadline_ns).error() == atlas::errc::timed_out);
    CHECK(atlas::monotonic_ns() >= deadline_ns);
    CHECK(out == -1);
    CHECK(queue.push(5, 1).ok());  // a deadline long ago, but there is room
    CHECK(queue.push(6, 1).error() == atlas::errc::timed_out);
    deadline_ns = atlas::monotonic_ns() + 1'000'000;
    CHECK(queue.push(6, deadline_ns).error() == atlas::errc::timed_out);
    CHECK(atlas::monotonic_ns() >= deadline_ns);
    CHECK(queue.pop(out, 1).ok());
    CHECK(out == 5);
  }

  TEST_CASE_TEMPLATE("queue: every element arrives once and in order, tried, waited for or in batches", Kind, ATLAS_EACH_QUEUE) {
    for (const std::size_t capacity : {1U, 2U, 3U, 64U, 1000U}) {
      for (int way = 0; way < 4; ++way) {
        CAPTURE(capacity);
        CAPTURE(way);
        const std::uint32_t count = capacity < 8 ? 1500 : 10'000;
        auto queue = Kind::template queue<std::uint32_t>::create_at(capacity, ~std::uint64_t{0} - 1).value();
        std::uint32_t wrong = 0;
        support::together(2, [&](unsigned number) {
          const bool is_waiting = number == 0 ? (way & 1) != 0 : (way & 2) != 0;
          std::vector<std::uint32_t> batch(5);
          if (number == 0) {
            for (std::uint32_t next = 0; next < count;) {
              if (is_waiting) {
                queue.push(std::uint32_t{next++}).value();
              } else if (next % 3 == 0 && count - next >= batch.size()) {
                for (std::uint32_t i = 0; i < batch.size(); ++i) batch[i] = next + i;
                const std::size_t pushed = queue.try_push_n(batch);
                next += static_cast<std::uint32_t>(pushed);
                if (pushed == 0) std::this_thread::yield();
              } else if (queue.try_push(next)) {
                ++next;
              } else {
                std::this_thread::yield();
              }
            }
            queue.close();
          } else {
            std::uint32_t next = 0;
            std::uint32_t out = 0;
            if (is_waiting) {
              while (queue.pop(out).ok()) wrong += out == next++ ? 0U : 1U;
            } else {
              while (next != count) {
                const std::size_t popped = queue.try_pop_n(batch);
                for (std::size_t i = 0; i < popped; ++i) wrong += batch[i] == next++ ? 0U : 1U;
                if (popped != 0) continue;
                if (queue.try_pop(out)) {
                  wrong += out == next++ ? 0U : 1U;
                } else {
                  std::this_thread::yield();
                }
              }
            }
            wrong += next == count ? 0U : 1U;
          }
        });
        REQUIRE(wrong == 0);
      }
    }
  }

  TEST_CASE_TEMPLATE("queue: what the producer wrote before the push is seen after the pop", Kind, ATLAS_EACH_QUEUE) {
    auto queue = Kind::template queue<int*>::create(4).value();
    std::vector<int> cells(5000, 0);  // not atomic: TSan watches
    support::together(2, [&](unsigned number) {
      if (number == 0) {
        for (int& cell : cells) {
          cell = 1;
          queue.push(&cell).value();
        }
        queue.close();
      } else {
        int* cell = nullptr;
        while (queue.pop(cell).ok()) ++*cell;
      }
    });
    for (const int cell : cells) REQUIRE(cell == 2);
  }

  TEST_CASE_TEMPLATE("queue: no wake-up is lost between two threads that wait for each other", Kind, ATLAS_EACH_QUEUE) {
    auto there = Kind::template queue<int>::create(1).value();
    auto back = Kind::template queue<int>::create(1).value();
    support::together(2, [&](unsigned number) {
      int value = 0;
      for (int round = 0; round < 2000; ++round) {
        if (number == 0) {
          there.push(int{round}).value();
          back.pop(value).value();
          REQUIRE(value == round);
        } else {
          there.pop(value).value();
          back.push(std::move(value)).value();
        }
      }
    });
  }

  TEST_CASE_TEMPLATE("queue: close wakes whoever sleeps, on either side", Kind, ATLAS_EACH_SLEEPING_QUEUE) {
    auto empty = Kind::template queue<int>::create(2).value();
    auto full = Kind::template queue<int>::create(1).value();
    full.push(1).value();
    std::atomic<pid_t> asleep[2] = {};
    support::together(3, [&](unsigned number) {
      int value = 7;
      if (number == 2) {
        support::wait_until_asleep(asleep[0]);
        support::wait_until_asleep(asleep[1]);
        empty.close();
        full.close();
        return;
      }
      asleep[number] = support::kernel_thread();
      const atlas::status answer = number == 0 ? empty.pop(value) : full.push(std::move(value));
      CHECK(answer.error() == atlas::errc::closed);
      CHECK(value == 7);
    });
  }

  TEST_CASE_TEMPLATE("queue: close wakes whoever is about to sleep", Kind, ATLAS_EACH_SLEEPING_QUEUE) {
    support::meeting meeting(2);
    std::vector<typename Kind::template queue<int>> queues;
    for (int i = 0; i < 300; ++i) queues.push_back(Kind::template queue<int>::create(1).value());
    support::together(2, [&](unsigned number) {
      for (std::size_t i = 0; i < queues.size(); ++i) {
        meeting.wait();
        int value = 0;
        if (number == 0) {
          REQUIRE(queues[i].pop(value).error() == atlas::errc::closed);
        } else {
          for (std::size_t pause = 0; pause < i % 160; ++pause) atlas::spin_pause();  // around the spins of a wait
          queues[i].close();
        }
      }
    });
  }

  TEST_CASE_TEMPLATE("queue: an element pushed while the consumer is about to sleep wakes it", Kind, ATLAS_EACH_SLEEPING_QUEUE) {
    support::meeting meeting(2);
    auto queue = Kind::template queue<int>::create(1).value();
    support::together(2, [&](unsigned number) {
      for (int i = 0; i < 6000; ++i) {
        meeting.wait();
        int value = 0;
        if (number == 0) {
          REQUIRE(queue.pop(value).ok());
        } else {
          for (int pause = 0; pause < 80 + i % 60; ++pause) atlas::spin_pause();  // around the spins of a wait
          REQUIRE(queue.try_push(1));
        }
      }
    });
  }

  TEST_CASE_TEMPLATE("queue: an element pushed just before close is not missed", Kind, ATLAS_EACH_SLEEPING_QUEUE) {
    support::meeting meeting(2);
    std::vector<typename Kind::template queue<int>> queues;
    for (int i = 0; i < 1500; ++i) queues.push_back(Kind::template queue<int>::create(1).value());
    support::together(2, [&](unsigned number) {
      for (std::size_t i = 0; i < queues.size(); ++i) {
        meeting.wait();
        int value = 0;
        if (number == 0) {
          REQUIRE(queues[i].pop(value).ok());
          REQUIRE(queues[i].pop(value).error() == atlas::errc::closed);
        } else {
          for (std::size_t pause = 0; pause < i % 16; ++pause) atlas::spin_pause();
          queues[i].push(1).value();
          queues[i].close();
        }
      }
    });
  }

  TEST_CASE_TEMPLATE("queue: a moved-from queue may be assigned to, and nothing else", Kind, ATLAS_EACH_QUEUE) {
    auto first = Kind::template queue<int>::create(1).value();
    auto second = std::move(first);
    CHECK(second.try_push(1));
#if ATLAS_CHECKED
    CHECK(support::aborts_in_child([&] { static_cast<void>(first.try_push(1)); }));  // NOLINT
#endif
    first = std::move(second);
    int out = 0;
    CHECK(first.try_pop(out));
    auto& same = first;
    first = std::move(same);
    CHECK(first.capacity() == 1);
  }

  TEST_CASE("queue: whoever spins is told what others did, and when the time is over") {
    auto queue = atlas::spsc_queue<int, atlas::slot_sequenced, atlas::spinning>::create(1).value();
    int out = -1;
    CHECK(queue.pop(out, atlas::monotonic_ns() + 100'000).error() == atlas::errc::timed_out);
    support::together(2, [&](unsigned number) {
      if (number == 0) {
        for (int i = 0; i < 20; ++i) queue.push(int{i}).value();
        queue.close();
      } else {
        for (int i = 0; i < 20; ++i) {
          REQUIRE(queue.pop(out).ok());
          REQUIRE(out == i);
        }
        REQUIRE(queue.pop(out).error() == atlas::errc::closed);
      }
    });
  }
}
