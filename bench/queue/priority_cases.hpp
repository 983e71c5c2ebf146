// SPDX-License-Identifier: Apache-2.0
// bench/queue/priority_cases.hpp -- a queue of eight levels, beside a heap behind a lock.
#ifndef ATLAS_BENCH_QUEUE_PRIORITY_CASES_HPP
#define ATLAS_BENCH_QUEUE_PRIORITY_CASES_HPP

#include <atlas/queue/priority_queue.hpp>

#include "queue/contest.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <queue>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

inline constexpr unsigned priority_levels = 8;

class atlas_lanes {
 public:
  void push(std::uint64_t value, unsigned level) { static_cast<void>(queue_.try_push(value, level)); }
  bool pop(std::uint64_t& value) { return queue_.try_pop(value); }

 private:
  atlas::priority_queue<std::uint64_t, priority_levels> queue_ =
      atlas::priority_queue<std::uint64_t, priority_levels>::create({.capacity = 1024}).value();
};

/// The most urgent first, and of a level the oldest: the same promise.
class locked_heap {
 public:
  void push(std::uint64_t value, unsigned level) {
    const std::lock_guard lock(mutex_);
    heap_.push({level, next_++, value});
  }
  bool pop(std::uint64_t& value) {
    const std::lock_guard lock(mutex_);
    if (heap_.empty()) return false;
    value = heap_.top().value;
    heap_.pop();
    return true;
  }

 private:
  struct element {
    unsigned level;
    std::uint64_t number;
    std::uint64_t value;
    bool operator<(const element& other) const { return level != other.level ? level > other.level : number > other.number; }
  };
  std::mutex mutex_;
  std::priority_queue<element> heap_;
  std::uint64_t next_ = 0;
};

inline unsigned level_of(std::uint64_t number) { return static_cast<unsigned>(number * 0x9E3779B97F4A7C15U >> 61U); }

/// The most urgent first, and of a level the oldest, exactly; else nobody is timed.
template <class Queue>
void check_order() {
  const auto queue = std::make_unique<Queue>();
  constexpr std::uint64_t elements = 512;
  for (std::uint64_t i = 0; i < elements; ++i) queue->push(i, level_of(i));
  std::uint64_t before = 0;
  std::uint64_t popped = 0;
  for (std::uint64_t value = 0; queue->pop(value); before = value, ++popped) {
    if (popped == 0) continue;
    const bool is_next = level_of(before) != level_of(value) ? level_of(before) < level_of(value) : before < value;
    if (!is_next) throw std::runtime_error("priority: out of order");
  }
  if (popped != elements) throw std::runtime_error("priority: elements are missing");
}

/// Each thread pushes one and pops one, `count` times in all, on a queue that holds `waiting`.
template <class Queue>
sample push_pop_pairs(std::size_t threads, std::size_t waiting, std::size_t count) {
  const auto queue = std::make_unique<Queue>();
  std::uint64_t pushed = 0;
  for (std::uint64_t i = 0; i < waiting; ++i) {
    queue->push(i, level_of(i));
    pushed += i;
  }
  std::vector<std::uint64_t> sums(threads * 2 * 8);  // a line of the cache each
  std::vector<std::function<void()>> pieces;
  for (std::size_t which = 0; which < threads; ++which) {
    pieces.emplace_back([&, which] {
      std::uint64_t in = 0;
      std::uint64_t out = 0;
      for (std::uint64_t i = waiting + which; i < waiting + count; i += threads) {
        queue->push(i, level_of(i));
        in += i;
        std::uint64_t value = 0;
        if (!queue->pop(value)) throw std::runtime_error("priority: empty with elements in it");
        out += value;
      }
      sums[which * 16] = in;
      sums[which * 16 + 8] = out;
    });
  }
  const sample took = run_together(pieces);
  std::uint64_t popped = 0;
  for (std::size_t which = 0; which < threads; ++which) {
    pushed += sums[which * 16];
    popped += sums[which * 16 + 8];
  }
  for (std::uint64_t value = 0; queue->pop(value);) popped += value;
  if (pushed != popped) throw std::runtime_error("priority: elements are missing or came twice");
  return took;
}

inline void priority_cases(const bench_options& options) {
  constexpr std::size_t waiting = 64;
  check_order<atlas_lanes>();
  check_order<locked_heap>();
  for (const std::size_t threads : {std::size_t{1}, std::size_t{2}}) {
    const std::vector<entrant> entrants = {
        {"priority_queue", true, true, [=](std::size_t count) { return push_pop_pairs<atlas_lanes>(threads, waiting, count); }},
        {"std::mutex and std::priority_queue", false, true, [=](std::size_t count) { return push_pop_pairs<locked_heap>(threads, waiting, count); }},
    };
    hold_contest("priority/" + std::to_string(threads) + "-thread" + (threads == 1 ? "" : "s"), entrants, true, {{"", 1.0}}, options);
  }
}

}  // namespace bench

#endif  // ATLAS_BENCH_QUEUE_PRIORITY_CASES_HPP
