// SPDX-License-Identifier: Apache-2.0
// tests/index/batch_test.cpp -- mirrors include/atlas/index/batch.hpp.
#include <atlas/index/batch.hpp>

#include "support/error_line.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

using atlas::errc;
using support::failed_as;

TEST_SUITE("index") {
  TEST_CASE("run_batch: every item once, on any number of threads") {
    atlas::thread_pool pool(3);
    atlas::scratch_list scratches;
    for (const std::size_t count : {0U, 1U, 2U, 5U, 5000U}) {
      for (const unsigned threads : {0U, 1U, 2U, 3U, 99U}) {
        std::vector<std::atomic<int>> times(count);
        const auto work = [&](atlas::search_scratch&, std::size_t i) -> atlas::status {
          times[i].fetch_add(1);
          return {};
        };
        CHECK(atlas::detail::run_batch(pool, scratches, count, threads, {}, work).ok());
        for (const auto& one : times) CHECK(one.load() == 1);
      }
    }
  }

  TEST_CASE("run_batch: the first failure ends it") {
    atlas::thread_pool pool(3);
    atlas::scratch_list scratches;
    for (const unsigned threads : {1U, 3U}) {
      std::atomic<int> after{0};
      const auto work = [&](atlas::search_scratch&, std::size_t i) -> atlas::status {
        if (i == 7) return atlas::error{errc::no_memory, "here"}.at_row(i);
        if (i > 7) after.fetch_add(1);
        return {};
      };
      const atlas::status said = atlas::detail::run_batch(pool, scratches, 100'000, threads, {}, work);
      CHECK(failed_as(said, errc::no_memory));
      CHECK(said.error().row == 7);
      if (threads == 1) CHECK(after.load() == 0);
      CHECK(after.load() < 99'000);
    }
  }

  TEST_CASE("run_batch: progress comes from the calling thread, rises, and about a thousand times at most") {
    atlas::thread_pool pool(3);
    atlas::scratch_list scratches;
    const auto work = [](atlas::search_scratch&, std::size_t) -> atlas::status { return {}; };
    for (const unsigned threads : {1U, 3U}) {
      std::uint64_t last = 0;
      std::size_t calls = 0;
      bool is_right = true;
      const auto caller = std::this_thread::get_id();
      const auto note = [&](std::uint64_t done, std::uint64_t total) {
        is_right = is_right && std::this_thread::get_id() == caller && total == 100'000 && (calls == 0 || done > last);
        last = done;
        ++calls;
        return true;
      };
      CHECK(atlas::detail::run_batch(pool, scratches, 100'000, threads, note, work).ok());
      CHECK(is_right);
      CHECK(last == 100'000);
      CHECK(calls <= 1002);
    }
  }

  TEST_CASE("scratch_list: gives back what it was given, counts it, and keeps no more than it has places for") {
    atlas::scratch_list list;
    CHECK(list.bytes() == 0);
    atlas::search_scratch* first = list.take();
    REQUIRE(first != nullptr);
    REQUIRE(first->visited.start(1000).ok());
    CHECK(list.bytes() == 0);  // of the idle ones
    list.give_back(first);
    CHECK(list.bytes() >= 1000);
    CHECK(list.take() == first);
    list.give_back(first);
    std::vector<atlas::search_scratch*> many;
    for (std::size_t i = 0; i < atlas::scratch_list::most_idle + 10; ++i) many.push_back(list.take());
    for (atlas::search_scratch* one : many) {
      REQUIRE(one != nullptr);
      list.give_back(one);  // the last ten are freed: a leak checker watches
    }
  }
}
