// SPDX-License-Identifier: Apache-2.0
// tests/folder/ordered_pipeline_test.cpp -- mirrors include/atlas/folder/ordered_pipeline.hpp.
#include <atlas/folder/ordered_pipeline.hpp>

#include "support/error_line.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

struct job {
  std::uint64_t weight = 1;
  int number = 0;
  int square = 0;
};
using pipeline = atlas::ordered_pipeline<job>;

// Burns a time that differs from piece to piece, so that they finish out of order.
void dawdle(int number) {
  volatile unsigned sink = 0;
  for (int i = 0; i < (number * 7919) % 5000; ++i) sink = sink + 1;
}

constexpr std::uint64_t any_weight = ~std::uint64_t{0};

}  // namespace

TEST_SUITE("folder") {
  TEST_CASE("ordered_pipeline: everything is worked once and collected in order, on any number of threads") {
    for (const unsigned threads : {0U, 1U, 2U, 3U, 8U}) {
      for (const int count : {0, 1, 2, 7, 1000}) {
        CAPTURE(threads);
        CAPTURE(count);
        int next = 0;
        std::atomic<int> worked{0};
        std::vector<int> collected;
        const auto produce = [&](job& to) -> atlas::result<bool> {
          if (next == count) return false;
          to.number = next++;
          return true;
        };
        const auto work = [&](job& of) -> atlas::status {
          dawdle(of.number);
          of.square = of.number * of.number;
          ++worked;
          return {};
        };
        const auto collect = [&](job& of) -> atlas::status {
          CHECK(of.square == of.number * of.number);
          collected.push_back(of.number);
          return {};
        };
        REQUIRE(pipeline::run(threads, any_weight, {produce, work, collect, {}}).ok());
        CHECK(worked == count);
        REQUIRE(collected.size() == static_cast<std::size_t>(count));
        for (int i = 0; i < count; ++i) CHECK(collected[static_cast<std::size_t>(i)] == i);
      }
    }
  }

  TEST_CASE("ordered_pipeline: the work runs off the calling thread when there are several, on it when there is one") {
    for (const unsigned threads : {1U, 2U}) {
      int left = 50;
      const std::thread::id caller = std::this_thread::get_id();
      std::atomic<int> off{0};
      const auto produce = [&](job&) -> atlas::result<bool> { return left-- > 0; };
      const auto work = [&](job&) -> atlas::status {
        if (std::this_thread::get_id() != caller) ++off;
        return {};
      };
      const auto collect = [&](job&) -> atlas::status {
        CHECK(std::this_thread::get_id() == caller);
        return {};
      };
      REQUIRE(pipeline::run(threads, any_weight, {produce, work, collect, {}}).ok());
      CHECK(off == (threads == 1 ? 0 : 50));
    }
  }

  TEST_CASE("ordered_pipeline: the first failing piece of work gives the error, and nothing after it is collected") {
    for (const unsigned threads : {1U, 2U, 4U}) {
      for (int round = 0; round < 50; ++round) {
        int next = 0;
        std::vector<int> collected;
        const auto produce = [&](job& to) -> atlas::result<bool> {
          to.number = next++;
          return true;  // without end: only the error stops it
        };
        const auto work = [&](job& of) -> atlas::status {
          dawdle(of.number + round);
          if (of.number >= 20) return atlas::error{atlas::errc::io, "number", std::uint64_t{0}, static_cast<std::uint64_t>(of.number)};
          return {};
        };
        const auto collect = [&](job& of) -> atlas::status {
          collected.push_back(of.number);
          return {};
        };
        const atlas::status said = pipeline::run(threads, any_weight, {produce, work, collect, {}});
        REQUIRE(support::failed_as(said, atlas::errc::io));
        CHECK(said.error().found == 20);
        CHECK(collected.size() == 20);
      }
    }
  }

  TEST_CASE("ordered_pipeline: errors of produce, collect and wait stop it, without a thread left behind") {
    for (const unsigned threads : {1U, 3U}) {
      int next = 0;
      const auto endless = [&](job& to) -> atlas::result<bool> {
        to.number = next++;
        return true;
      };
      const auto broken = [&](job& to) -> atlas::result<bool> {
        to.number = next++;
        if (to.number == 10) return atlas::errc::no_memory;
        return true;
      };
      const auto work = [&](job&) -> atlas::status { return {}; };
      const auto collect = [&](job&) -> atlas::status { return {}; };
      const auto cancel_at_30 = [&](job& of) -> atlas::status {
        if (of.number == 30) return atlas::errc::cancelled;
        return {};
      };
      CHECK(support::failed_as(pipeline::run(threads, any_weight, {broken, work, collect, {}}), atlas::errc::no_memory));
      next = 0;
      CHECK(support::failed_as(pipeline::run(threads, any_weight, {endless, work, cancel_at_30, {}}),
                               atlas::errc::cancelled));
    }
    // One piece of work that waits for ever but for the answer of `wait`.
    std::atomic<bool> asked{false};
    int left = 1;
    const auto one = [&](job&) -> atlas::result<bool> { return left-- > 0; };
    const auto until_asked = [&](job&) -> atlas::status {
      while (!asked) std::this_thread::yield();
      return {};
    };
    const auto collect = [&](job&) -> atlas::status { return {}; };
    const auto wait = [&]() -> atlas::status {
      asked = true;
      return atlas::errc::cancelled;
    };
    CHECK(support::failed_as(pipeline::run(2, any_weight, {one, until_asked, collect, wait}), atlas::errc::cancelled));
  }

  TEST_CASE("ordered_pipeline: an exception of a step on the calling thread passes, and the threads are joined") {
    int next = 0;
    const auto produce = [&](job& to) -> atlas::result<bool> {
      to.number = next++;
      return true;
    };
    const auto work = [&](job& of) -> atlas::status {
      dawdle(of.number);
      return {};
    };
    const auto collect = [&](job& of) -> atlas::status {
      if (of.number == 5) throw std::runtime_error("stop");
      return {};
    };
    const atlas::pipeline_steps<job> steps{produce, work, collect, {}};
    CHECK_THROWS_AS(static_cast<void>(pipeline::run(3, any_weight, steps)), std::runtime_error);
  }

  TEST_CASE("ordered_pipeline: what is in flight stays below the weight, but for one piece alone") {
    std::atomic<std::uint64_t> in_flight{0};
    std::atomic<std::uint64_t> most{0};
    int next = 0;
    const auto produce = [&](job& to) -> atlas::result<bool> {
      if (next == 300) return false;
      to.number = next++;
      to.weight = to.number % 10 == 0 ? 1000 : 30;  // the heavy ones are above the bound
      return true;
    };
    const auto work = [&](job& of) -> atlas::status {
      const std::uint64_t now = in_flight.fetch_add(of.weight) + of.weight;
      std::uint64_t before = most;
      while (now > before && !most.compare_exchange_weak(before, now)) {
      }
      dawdle(of.number);
      in_flight -= of.weight;
      return {};
    };
    const auto collect = [&](job&) -> atlas::status { return {}; };
    REQUIRE(pipeline::run(8, 100, {produce, work, collect, {}}).ok());
    CHECK(most == 1000);
  }

  TEST_CASE("ordered_pipeline: slots are few and used again") {
    std::set<const job*> seen;
    int left = 500;
    const auto produce = [&](job& to) -> atlas::result<bool> {
      seen.insert(&to);
      return left-- > 0;
    };
    const auto work = [&](job&) -> atlas::status { return {}; };
    const auto collect = [&](job&) -> atlas::status { return {}; };
    REQUIRE(pipeline::run(4, any_weight, {produce, work, collect, {}}).ok());
    CHECK(seen.size() <= 4 * pipeline::slots_per_thread);
  }
}
