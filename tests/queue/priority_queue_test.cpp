// SPDX-License-Identifier: Apache-2.0
// tests/queue/priority_queue_test.cpp -- mirrors include/atlas/queue/priority_queue.hpp.
#include <atlas/queue/priority_queue.hpp>  // first, so that a missing include in it fails here

#include <atlas/core/clock.hpp>

#include "support/counted.hpp"
#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <vector>

TEST_SUITE("priority_queue") {
namespace {

/// What the documentation says, the plain way.
class priority_model {
 public:
  priority_model(std::size_t levels, std::size_t capacity, std::uint32_t ageing) : lanes_(levels), passed_(levels), capacity_(capacity), ageing_(ageing) {}

  bool push(int value, unsigned level) {
    if (lanes_[level].size() == capacity_) return false;
    if (lanes_[level].empty()) passed_[level] = 0;
    lanes_[level].push_back(value);
    return true;
  }
  /// -1 if there is nothing.
  int pop() {
    std::size_t from = lanes_.size();
    for (std::size_t level = lanes_.size(); level-- != 0;) {
      if (!lanes_[level].empty()) from = level;
    }
    if (from == lanes_.size()) return -1;
    if (ageing_ != 0) {
      for (std::size_t level = from + 1; level < lanes_.size(); ++level) {
        if (!lanes_[level].empty() && passed_[level] >= ageing_ && passed_[level] >= passed_[from]) from = level;
      }
    }
    const int value = lanes_[from].front();
    lanes_[from].pop_front();
    for (std::size_t level = 0; level < lanes_.size(); ++level) {
      if (level == from) passed_[level] = 0;
      else if (!lanes_[level].empty()) ++passed_[level];
    }
    return value;
  }
  [[nodiscard]] std::size_t size() const {
    std::size_t sum = 0;
    for (const auto& lane : lanes_) sum += lane.size();
    return sum;
  }

 private:
  std::vector<std::deque<int>> lanes_;
  std::vector<std::uint32_t> passed_;
  std::size_t capacity_;
  std::uint32_t ageing_;
};

}  // namespace

  TEST_CASE("create: refuses what cannot be, by name") {
    using queue = atlas::priority_queue<int>;
    CHECK(queue::create({.capacity = 0}).error() == atlas::errc::invalid_argument);
    CHECK(queue::create({.capacity = atlas::max_queue_capacity + 1}).error() == atlas::errc::limit_exceeded);
    using queue_of_huge = atlas::priority_queue<std::array<char, std::size_t{1} << 20>>;
    CHECK(queue_of_huge::create({.capacity = atlas::max_queue_capacity}).error() == atlas::errc::no_memory);
    CHECK(queue::create().value().capacity() == 1024);
  }

  TEST_CASE_TEMPLATE("any sequence of calls by one thread does what the model does", Levels, std::integral_constant<unsigned, 1>,
                     std::integral_constant<unsigned, 3>, std::integral_constant<unsigned, 8>, std::integral_constant<unsigned, 64>) {
    for (const std::size_t capacity : {1U, 2U, 5U}) {
      for (const std::uint32_t ageing : {0U, 1U, 2U, 10U}) {
        CAPTURE(capacity);
        CAPTURE(ageing);
        auto queue = atlas::priority_queue<int, Levels::value>::create({.capacity = capacity, .ageing = ageing}).value();
        priority_model model(Levels::value, capacity, ageing);
        std::mt19937_64 random(capacity * 100 + ageing);
        int next = 0;
        for (int step = 0; step < 4000; ++step) {
          const auto level = static_cast<unsigned>(random() % Levels::value);
          switch (random() % 4) {
            case 0:
            case 1: {
              const bool pushed = queue.try_push(next, level);
              REQUIRE(pushed == model.push(next, level));
              next += pushed ? 1 : 0;
              break;
            }
            case 2: {
              int out = -1;
              const bool popped = queue.try_pop(out);
              REQUIRE(out == model.pop());
              REQUIRE(popped == (out != -1));
              break;
            }
            default: {
              std::vector<int> out(random() % 4, -1);
              const std::size_t popped = queue.try_pop_n(out);
              for (std::size_t i = 0; i < out.size(); ++i) REQUIRE(out[i] == model.pop());
              REQUIRE(popped <= out.size());
              std::vector<int> in(random() % 4);
              for (std::size_t i = 0; i < in.size(); ++i) in[i] = next + static_cast<int>(i);
              const std::size_t pushed = queue.try_push_n(in, level);
              for (std::size_t i = 0; i < in.size(); ++i) REQUIRE(model.push(next + static_cast<int>(i), level) == (i < pushed));
              next += static_cast<int>(pushed);
            }
          }
          REQUIRE(queue.size_approx() == model.size());
        }
      }
    }
  }

  TEST_CASE("ageing: no level that has elements waits for long, whichever it is") {
    for (const std::uint32_t ageing : {1U, 3U, 7U, 20U}) {
      auto queue = atlas::priority_queue<int, 8>::create({.capacity = 4, .ageing = ageing}).value();
      std::array<int, 8> last{};
      for (int pops = 1; pops < 20'000; ++pops) {
        for (unsigned level = 0; level < 8; ++level) {
          while (queue.try_push(0, level)) {
          }
        }
        int out = 0;
        unsigned level = 9;
        REQUIRE(queue.try_pop(out, &level));
        last[level] = pops;
        for (const int one : last) REQUIRE(pops - one <= static_cast<int>(ageing) + 16);
      }
    }
  }

  TEST_CASE("a full level leaves the others their room, a push that fails the value, and a pop tells the level") {
    auto queue = atlas::priority_queue<std::unique_ptr<int>, 2>::create({.capacity = 1}).value();
    CHECK(queue.try_push(std::make_unique<int>(1), 1));
    auto kept = std::make_unique<int>(2);
    CHECK_FALSE(queue.try_push(std::move(kept), 1));
    CHECK(queue.push(std::move(kept), 1, 1).error() == atlas::errc::timed_out);
    REQUIRE(kept != nullptr);  // NOLINT: promised
    CHECK(queue.try_push(std::move(kept), 0));
    std::unique_ptr<int> out;
    unsigned level = 9;
    CHECK(queue.try_pop(out, &level));
    CHECK(*out == 2);
    CHECK(level == 0);
    CHECK(queue.pop(out, 0, &level).ok());
    CHECK(level == 1);
    CHECK(queue.pop(out, atlas::monotonic_ns() + 1'000'000).error() == atlas::errc::timed_out);
    queue.close();
    CHECK(queue.push(std::make_unique<int>(3), 0).error() == atlas::errc::closed);
    CHECK(queue.pop(out).error() == atlas::errc::closed);
  }

  TEST_CASE("every element ends once, also those left over") {
    const int before = support::counted::alive().load();
    {
      auto queue = atlas::priority_queue<support::counted, 3>::create({.capacity = 4}).value();
      for (int i = 0; i < 9; ++i) static_cast<void>(queue.try_push(support::counted(i), static_cast<unsigned>(i % 3)));
      support::counted out;
      CHECK(queue.try_pop(out));
      CHECK(out.number() == 0);
      auto moved = std::move(queue);
      CHECK(moved.size_approx() == 8);
    }
    CHECK(support::counted::alive().load() == before);
  }

  TEST_CASE("many threads: every element arrives once, each producer's of a level in their order; close wakes whoever sleeps") {
    constexpr unsigned producers = 2;
    constexpr unsigned consumers = 2;
    constexpr int each = 4000;
    struct parcel {
      unsigned from, level;
      int number;
    };
    auto queue = atlas::priority_queue<parcel, 4>::create({.capacity = 3, .ageing = 5}).value();
    std::atomic<unsigned> left{producers};
    std::atomic<int> wrong{0};
    std::vector<std::vector<parcel>> got(consumers);
    support::together(producers + consumers, [&](unsigned thread) {
      if (thread < producers) {
        std::array<int, 4> next{};
        std::mt19937_64 random(thread);
        for (int i = 0; i < each; ++i) {
          const auto level = static_cast<unsigned>(random() % 4);
          if (!queue.push(parcel{thread, level, next[level]++}, level).ok()) wrong.fetch_add(1);
        }
        if (left.fetch_sub(1) == 1) queue.close();
      } else {
        parcel one{};
        unsigned level = 0;
        while (queue.pop(one, 0, &level).ok()) {
          wrong.fetch_add(one.level == level ? 0 : 1);
          got[thread - producers].push_back(one);
        }
      }
    });
    CHECK(wrong.load() == 0);
    std::size_t sum = 0;
    for (const auto& taken : got) {
      sum += taken.size();
      std::array<std::array<int, 4>, producers> last{};
      for (auto& lane : last) lane.fill(-1);
      for (const parcel& one : taken) {
        REQUIRE(one.number > last[one.from][one.level]);
        last[one.from][one.level] = one.number;
      }
    }
    CHECK(sum == std::size_t{producers} * each);
  }
}
