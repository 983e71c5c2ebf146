// SPDX-License-Identifier: Apache-2.0
// tests/queue/linearizability_test.cpp -- recorded histories of all queues against the models that they promise.
#include <atlas/queue.hpp>

#include "support/linearizability.hpp"
#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace {

using support::is_linearizable;
using support::queue_call;
using support::queue_event;
using support::queue_model;

constexpr queue_call push = queue_call::push;
constexpr queue_call pop = queue_call::pop;

/// Runs `rounds` short histories of `threads` threads on queues of the given capacity and checks each.
/// `may(thread, call)` says which calls a thread makes.
template <class Queue, class May>
int unexplained_histories(unsigned threads, int calls_each, std::size_t capacity, int rounds, std::uint64_t seed,
                          queue_model model, May may) {
  std::vector<std::vector<queue_event>> recorded(threads);
  std::vector<queue_event> before;
  std::atomic<std::uint64_t> clock{0};
  auto queue = Queue::create_at(capacity, ~std::uint64_t{0} - 5).value();
  int wrong = 0;
  support::meeting meeting(threads);
  support::together(threads, [&](unsigned number) {
    std::mt19937_64 random(seed + number);
    for (int round = 0; round < rounds; ++round) {
      if (number == 0) {  // empty the queue, then begin with a few elements in it
        int value = 0;
        before.clear();
        while (queue.try_pop(value)) {
        }
        const std::size_t first = random() % (capacity + 1);
        for (std::size_t i = 0; i < first; ++i) {
          value = -1 - static_cast<int>(i);
          const std::uint64_t begin = clock.fetch_add(1);
          const bool pushed = queue.try_push(value);
          before.push_back({push, pushed, value, begin, clock.fetch_add(1)});
        }
      }
      meeting.wait();
      recorded[number].clear();
      for (int i = 0; i < calls_each; ++i) {
        queue_event event;
        event.call = random() % 2 == 0 ? push : pop;
        if (!may(number, event.call)) event.call = event.call == push ? pop : push;
        event.value = event.call == push ? static_cast<int>(number) * 100 + i : 0;
        const auto pause = static_cast<int>(random() % 8);
        for (int j = 0; j < pause; ++j) atlas::spin_pause();
        event.begin = clock.fetch_add(1);
        event.succeeded = event.call == push ? queue.try_push(event.value) : queue.try_pop(event.value);
        event.end = clock.fetch_add(1);
        recorded[number].push_back(event);
      }
      meeting.wait();
      if (number == 0) {
        std::vector<queue_event> events = before;
        for (const auto& of_thread : recorded) events.insert(events.end(), of_thread.begin(), of_thread.end());
        wrong += is_linearizable(events, capacity, model) ? 0 : 1;
      }
      meeting.wait();
    }
  });
  return wrong;
}

}  // namespace

TEST_SUITE("queue") {
  TEST_CASE("the checker: accepts what a queue may do") {
    for (const queue_model model : {queue_model::strict, queue_model::reserving}) {
      CHECK(is_linearizable({}, 1, model));
      CHECK(is_linearizable({{push, true, 1, 0, 1},
                             {push, true, 2, 2, 3},
                             {pop, true, 1, 4, 5},
                             {pop, true, 2, 6, 7},
                             {pop, false, 0, 8, 9}},
                            2, model));
      // Two pushes at the same time may take effect either way round.
      CHECK(is_linearizable({{push, true, 1, 0, 5}, {push, true, 2, 1, 4}, {pop, true, 2, 6, 7}, {pop, true, 1, 8, 9}},
                            2, model));
      CHECK(is_linearizable({{push, true, 1, 0, 1}, {push, false, 2, 2, 3}, {pop, true, 1, 4, 5}}, 1, model));
      // A pop that overlaps the push may come before it or after it.
      CHECK(is_linearizable({{push, true, 1, 0, 3}, {pop, false, 0, 1, 2}}, 1, model));
      CHECK(is_linearizable({{push, true, 1, 0, 3}, {pop, true, 1, 1, 4}}, 1, model));
    }
  }

  TEST_CASE("the checker: refuses what no queue may do") {
    for (const queue_model model : {queue_model::strict, queue_model::reserving}) {
      // out of order, twice, from nowhere, lost, over capacity, full or empty without reason, before it was pushed
      CHECK_FALSE(is_linearizable({{push, true, 1, 0, 1}, {push, true, 2, 2, 3}, {pop, true, 2, 4, 5}}, 2, model));
      CHECK_FALSE(is_linearizable({{push, true, 1, 0, 1}, {pop, true, 1, 2, 3}, {pop, true, 1, 4, 5}}, 2, model));
      CHECK_FALSE(is_linearizable({{pop, true, 1, 0, 1}}, 2, model));
      CHECK_FALSE(is_linearizable({{push, true, 1, 0, 1}, {pop, false, 0, 2, 3}}, 2, model));
      CHECK_FALSE(is_linearizable({{push, true, 1, 0, 1}, {push, true, 2, 2, 3}}, 1, model));
      CHECK_FALSE(is_linearizable({{push, false, 1, 0, 1}}, 1, model));
      CHECK_FALSE(is_linearizable({{pop, true, 1, 0, 1}, {push, true, 1, 2, 3}}, 1, model));
    }
  }

  TEST_CASE("the checker: tells the two models apart") {
    // The first push is slow; the second is done. A pop that then finds nothing is explained only by the first
    // one's claim, which is what `reserving` allows.
    const std::vector<queue_event> slow_push = {
        {push, true, 1, 0, 9}, {push, true, 2, 1, 2}, {pop, false, 0, 3, 4}, {pop, true, 1, 10, 11}};
    CHECK_FALSE(is_linearizable(slow_push, 2, queue_model::strict));
    CHECK(is_linearizable(slow_push, 2, queue_model::reserving));
    // The same for a slow pop that keeps its slot while a push looks for room.
    const std::vector<queue_event> slow_pop = {{push, true, 1, 0, 1},
                                               {push, true, 2, 2, 3},
                                               {pop, true, 1, 4, 11},
                                               {pop, true, 2, 5, 6},
                                               {push, false, 3, 7, 8}};
    CHECK_FALSE(is_linearizable(slow_pop, 2, queue_model::strict));
    CHECK(is_linearizable(slow_pop, 2, queue_model::reserving));
  }

  TEST_CASE("spsc_queue: is linearizable, false means full or empty") {
    const auto one_each = [](unsigned thread, queue_call call) { return (thread == 0) == (call == push); };
    for (const std::size_t capacity : {1U, 2U, 3U}) {
      CAPTURE(capacity);
      CHECK(unexplained_histories<atlas::spsc_queue<int>>(2, 5, capacity, 8000, 40 + capacity, queue_model::strict,
                                                         one_each) == 0);
      using sequenced = atlas::spsc_queue<int, atlas::slot_sequenced>;
      CHECK(unexplained_histories<sequenced>(2, 5, capacity, 8000, 80 + capacity, queue_model::strict, one_each) == 0);
    }
  }

  TEST_CASE("mpmc_queue: is linearizable but for slots that a call in progress holds") {
    const auto any = [](unsigned, queue_call) { return true; };
    for (const std::size_t capacity : {1U, 2U, 3U}) {
      CAPTURE(capacity);
      using queue = atlas::mpmc_queue<int>;
      CHECK(unexplained_histories<queue>(2, 5, capacity, 6000, 50 + capacity, queue_model::reserving, any) == 0);
      CHECK(unexplained_histories<queue>(3, 3, capacity, 3000, 60 + capacity, queue_model::reserving, any) == 0);
    }
  }

  TEST_CASE("mpsc_queue: likewise, with one thread that pops") {
    const auto first_pops = [](unsigned thread, queue_call call) { return (thread == 0) == (call == pop); };
    for (const std::size_t capacity : {1U, 2U, 3U}) {
      CAPTURE(capacity);
      using queue = atlas::mpsc_queue<int>;
      CHECK(unexplained_histories<queue>(3, 4, capacity, 4000, 70 + capacity, queue_model::reserving, first_pops) == 0);
    }
  }
}
