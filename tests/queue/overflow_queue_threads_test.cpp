// SPDX-License-Identifier: Apache-2.0
// tests/queue/overflow_queue_threads_test.cpp -- overflow_queue with many threads: its counts, its order, and who wakes
// whom.
#include <atlas/core/clock.hpp>
#include <atlas/queue/overflow_queue.hpp>
#include <atlas/queue/queue_event.hpp>
#include <atlas/queue/wait_any.hpp>

#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include <poll.h>

TEST_SUITE("overflow_queue_threads") {
namespace {

using atlas::overflow;
using atlas::overflow_queue_options;
using atlas::overflow_statistics;

std::uint64_t soon() { return atlas::monotonic_ns() + 60'000'000'000U; }

}  // namespace

  TEST_CASE("many threads: what is missing is what was counted, and what is there comes in each producer's order") {
    struct token {
      unsigned from = 0;
      int number = 0;
    };
    struct by_producer {
      [[nodiscard]] std::uint64_t key_of(const token& one) const noexcept {
        return one.number % 5 == 0 ? 0 : one.from + 1;
      }
    };
    constexpr unsigned producers = 2;
    constexpr unsigned consumers = 2;
    constexpr int each = support::under_thread_sanitizer ? 1000 : 5000;
    for (const overflow_queue_options& options :
         {overflow_queue_options{.capacity = 3},
          overflow_queue_options{.capacity = 3, .overflow = overflow::drop_newest},
          overflow_queue_options{.capacity = 3, .overflow = overflow::drop_oldest},
          overflow_queue_options{.capacity = 3, .overflow = overflow::error},
          overflow_queue_options{.capacity = 3, .overflow = overflow::coalesce},
          overflow_queue_options{.capacity = 3, .overflow = overflow::coalesce, .otherwise = overflow::drop_oldest}}) {
      CAPTURE(static_cast<int>(options.overflow));
      CAPTURE(static_cast<int>(options.otherwise));
      auto queue = atlas::overflow_queue<token, by_producer>::create(options).value();
      std::atomic<unsigned> left{producers};
      std::atomic<std::uint64_t> refused{0};
      std::atomic<int> wrong{0};
      std::vector<std::vector<token>> got(consumers);
      support::together(producers + consumers, [&](unsigned thread) {
        if (thread < producers) {
          for (int i = 0; i < each; ++i) {
            if (const atlas::status pushed = queue.push(token{thread, i}, soon()); !pushed.ok()) {
              if (!(pushed.error() == atlas::errc::limit_exceeded)) wrong.fetch_add(1);
              refused.fetch_add(1);
            }
            if (i % 16 == 0) {
              const overflow_statistics now = queue.statistics();
              const std::uint64_t lost = now.dropped_newest + now.dropped_oldest + now.coalesced;
              if (now.pushed != now.popped + now.waiting + lost) wrong.fetch_add(1);
            }
          }
          if (left.fetch_sub(1) == 1) queue.close();
        } else {
          std::array<token, 4> some{};
          std::size_t popped = 0;
          std::vector<token>& mine = got[thread - producers];
          while (queue.pop_n(some, popped, soon()).ok()) {
            for (std::size_t i = 0; i < popped; ++i) mine.push_back(some[i]);
          }
        }
      });
      CHECK(wrong.load() == 0);
      const overflow_statistics end = queue.statistics();
      CHECK(end.pushed == end.popped + end.waiting + end.dropped_newest + end.dropped_oldest + end.coalesced);
      std::size_t arrived = 0;
      std::vector<std::vector<int>> times(producers, std::vector<int>(each));
      for (const auto& taken : got) {
        arrived += taken.size();
        std::array<int, 2 * producers> last{};
        last.fill(-1);
        for (const token& one : taken) {
          // What coalesced stands before elements of other keys that are older than it.
          const bool is_apart = options.overflow == overflow::coalesce && one.number % 5 == 0;
          int& before = last[one.from + (is_apart ? producers : 0)];
          REQUIRE(one.number > before);
          before = one.number;
          ++times[one.from][static_cast<std::size_t>(one.number)];
        }
      }
      std::size_t missing = 0;
      for (const auto& one : times) {
        for (std::size_t number = 0; number < one.size(); ++number) {
          REQUIRE(one[number] <= 1);
          if (one[number] == 0) ++missing;
          const bool only_coalesces = options.overflow == overflow::coalesce && options.otherwise == overflow::block;
          if (only_coalesces && number % 5 == 0) REQUIRE(one[number] == 1);  // it has no key
        }
      }
      CHECK(end.popped == arrived);
      CHECK(end.waiting == 0);
      CHECK(end.refused == refused.load());
      CHECK(missing == end.dropped_newest + end.dropped_oldest + end.coalesced + end.refused);
      if (options.overflow == overflow::block) CHECK(missing == 0);
    }
  }

  TEST_CASE("room in weight wakes whoever it is enough for, not only the first who waits") {
    struct sized {
      [[nodiscard]] std::size_t weight_of(const std::size_t& one) const noexcept { return one; }
    };
    auto queue = atlas::overflow_queue<std::size_t, sized>::create({.capacity = 100, .capacity_weight = 10}).value();
    for (int round = 0; round < 20; ++round) {
      REQUIRE(queue.try_push(std::size_t{6}));
      REQUIRE(queue.try_push(std::size_t{4}));
      std::atomic<pid_t> heavy{0};
      std::atomic<pid_t> light{0};
      std::atomic<int> pushed{0};
      support::together(3, [&](unsigned thread) {
        if (thread < 2) {
          (thread == 0 ? heavy : light).store(support::kernel_thread());
          if (queue.push(thread == 0 ? std::size_t{9} : std::size_t{3}, soon()).ok()) pushed.fetch_add(1);
        } else {
          support::wait_until_asleep(heavy);
          support::wait_until_asleep(light);
          std::size_t out = 0;
          if (!queue.pop(out, soon()).ok() || out != 6) return;
          while (pushed.load() == 0 && queue.size_approx() != 2) std::this_thread::yield();  // 4 and the light one's 3
          for (std::size_t left = 16; left != 0; left -= out) {
            if (!queue.pop(out, soon()).ok()) return;
          }
        }
      });
      REQUIRE(pushed.load() == 2);
      REQUIRE(queue.size_approx() == 0);
    }
  }

  TEST_CASE("an element that became lighter by coalescing makes room for who waits") {
    struct by_tens {
      [[nodiscard]] std::uint64_t key_of(const std::size_t& one) const noexcept { return one / 10; }
      [[nodiscard]] std::size_t weight_of(const std::size_t& one) const noexcept { return one % 10; }
    };
    auto queue = atlas::overflow_queue<std::size_t, by_tens>::create(
                     {.capacity = 100, .capacity_weight = 10, .overflow = overflow::coalesce})
                     .value();
    for (int round = 0; round < 20; ++round) {
      REQUIRE(queue.try_push(std::size_t{19}));
      std::atomic<pid_t> producer{0};
      bool is_pushed = false;
      support::together(2, [&](unsigned thread) {
        if (thread == 0) {
          producer.store(support::kernel_thread());
          is_pushed = queue.push(std::size_t{25}, soon()).ok();
        } else {
          support::wait_until_asleep(producer);
          static_cast<void>(queue.try_push(std::size_t{11}));
        }
      });
      REQUIRE(is_pushed);
      std::array<std::size_t, 3> out{};
      REQUIRE(queue.try_pop_n(out) == 2);
      REQUIRE(out[0] == 11);
      REQUIRE(out[1] == 25);
    }
  }

  TEST_CASE("close wakes whoever sleeps on both sides") {
    for (int round = 0; round < 20; ++round) {
      auto full = atlas::overflow_queue<int>::create({.capacity = 1}).value();
      auto empty = atlas::overflow_queue<int>::create({.capacity = 1}).value();
      REQUIRE(full.try_push(1));
      std::atomic<pid_t> producer{0};
      std::atomic<pid_t> consumer{0};
      std::atomic<int> right{0};
      support::together(3, [&](unsigned thread) {
        if (thread == 0) {
          producer.store(support::kernel_thread());
          if (full.push(2, soon()).error() == atlas::errc::closed) right.fetch_add(1);
        } else if (thread == 1) {
          consumer.store(support::kernel_thread());
          int out = 0;
          if (empty.pop(out, soon()).error() == atlas::errc::closed) right.fetch_add(1);
        } else {
          support::wait_until_asleep(producer);
          support::wait_until_asleep(consumer);
          full.close();
          empty.close();
        }
      });
      REQUIRE(right.load() == 2);
    }
  }

  TEST_CASE("an event and wait_any are told of elements and of the end") {
    auto queue = atlas::overflow_queue<int>::create({.capacity = 2, .overflow = overflow::drop_oldest}).value();
    auto event = atlas::queue_event::create().value();
    const auto is_readable = [&] {
      pollfd asked{event.descriptor(), POLLIN, 0};
      return ::poll(&asked, 1, 0) == 1;
    };
    REQUIRE(event.watch(queue).ok());
    CHECK_FALSE(event.arm());
    CHECK_FALSE(is_readable());
    CHECK(atlas::wait_any(1, queue).error() == atlas::errc::timed_out);
    for (int i = 0; i < 3; ++i) REQUIRE(queue.push(i).ok());
    CHECK(is_readable());
    CHECK(event.arm());
    CHECK(atlas::wait_any(1, queue).value() == 0);
    int out = 0;
    CHECK(queue.pop(out).ok());
    CHECK(out == 1);
    CHECK(queue.pop(out).ok());
    CHECK_FALSE(event.arm());
    CHECK_FALSE(is_readable());
    queue.close();
    CHECK(is_readable());
    CHECK(event.unwatch(queue));
  }
}
