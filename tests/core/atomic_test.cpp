// SPDX-License-Identifier: Apache-2.0
// tests/core/atomic_test.cpp -- mirrors include/atlas/core/atomic.hpp and barrier.hpp.
#include <atlas/core/atomic.hpp>
#include <atlas/core/barrier.hpp>

#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <cstdint>
#include <thread>

TEST_SUITE("core") {
  TEST_CASE("atomic: loads what was stored, in every order") {
    atlas::atomic<std::uint64_t> word(1);
    CHECK(word.load_relaxed() == 1);
    word.store_relaxed(2);
    CHECK(word.load_acquire() == 2);
    word.store_release(3);
    CHECK(word.load_ordered() == 3);
    word.store_ordered(4);
    CHECK(word.load_relaxed() == 4);
    CHECK(*word.address() == 4);
    CHECK(atlas::atomic<int>().load_relaxed() == 0);
  }

  TEST_CASE("atomic: every read-modify-write gives the value before") {
    atlas::atomic<std::uint32_t> word(10);
    CHECK(word.exchange(11) == 10);
    CHECK(word.exchange_acquire(12) == 11);
    CHECK(word.exchange_release(13) == 12);
    CHECK(word.exchange_acq_rel(14) == 13);
    CHECK(word.fetch_add(2) == 14);
    CHECK(word.fetch_sub(1) == 16);
    CHECK(word.fetch_add_relaxed(1) == 15);
    CHECK(word.fetch_add_release(1) == 16);
    CHECK(word.fetch_sub_release(1) == 17);
    CHECK(word.fetch_or_acq_rel(1) == 16);
    CHECK(word.load_relaxed() == 17);
  }

  TEST_CASE("atomic: compare_exchange stores, or loads what it found") {
    atlas::atomic<int> word(5);
    int expected = 5;
    CHECK(word.compare_exchange(expected, 6));
    CHECK_FALSE(word.compare_exchange(expected, 7));
    CHECK(expected == 6);
    CHECK(word.compare_exchange_acquire(expected, 7));
    CHECK_FALSE(word.compare_exchange_acquire(expected, 8));
    CHECK(expected == 7);
    CHECK(word.compare_exchange_relaxed(expected, 8));
    CHECK_FALSE(word.compare_exchange_relaxed(expected, 9));
    CHECK(expected == 8);
    while (!word.compare_exchange_weak_acquire(expected, 9)) CHECK(expected == 8);
    CHECK(word.load_relaxed() == 9);
    // On a plain word, which may lie in mapped memory: it tells only whether it stored.
    std::uint8_t bytes[3] = {7, 1, 7};
    CHECK(atlas::compare_exchange(bytes + 1, std::uint8_t{1}, std::uint8_t{3}));
    CHECK_FALSE(atlas::compare_exchange(bytes + 1, std::uint8_t{1}, std::uint8_t{4}));
    CHECK(bytes[0] == 7);
    CHECK(bytes[1] == 3);
    CHECK(bytes[2] == 7);
  }

  TEST_CASE("atomic: holds pointers and bools") {
    int target = 0;
    atlas::atomic<int*> pointer;
    CHECK(pointer.load_relaxed() == nullptr);
    pointer.store_release(&target);
    CHECK(pointer.load_acquire() == &target);
    atlas::atomic<bool> flag(true);
    CHECK(flag.exchange(false));
    CHECK_FALSE(flag.load_relaxed());
  }

  TEST_CASE("atomic: free functions work on plain words") {
    std::uint32_t word = 1;
    atlas::store_relaxed(&word, 2U);
    CHECK(atlas::load_relaxed(&word) == 2);
    atlas::store_release(&word, 3U);
    CHECK(atlas::load_acquire(&word) == 3);
    atlas::add_relaxed(&word, 4U);
    CHECK(word == 7);
  }

  TEST_CASE("atomic: no addition is lost between threads") {
    atlas::atomic<std::uint64_t> ordered;
    atlas::atomic<std::uint64_t> relaxed;
    atlas::atomic<std::uint64_t> swapped;
    support::together(4, [&](unsigned) {
      for (int i = 0; i < 5000; ++i) {
        ordered.fetch_add(1);
        relaxed.fetch_add_relaxed(1);
        std::uint64_t seen = swapped.load_relaxed();
        while (!swapped.compare_exchange_weak_acquire(seen, seen + 1)) {
        }
      }
    });
    CHECK(ordered.load_relaxed() == 20'000);
    CHECK(relaxed.load_relaxed() == 20'000);
    CHECK(swapped.load_relaxed() == 20'000);
  }

  TEST_CASE("atomic: what was written before a release is read after the acquire") {
    int message = 0;
    atlas::atomic<int> is_ready;
    support::together(2, [&](unsigned number) {
      if (number == 0) {
        message = 42;
        is_ready.store_release(1);
      } else {
        while (is_ready.load_acquire() == 0) std::this_thread::yield();
        CHECK(message == 42);
      }
    });
  }

  TEST_CASE("barrier: of two threads that store and then look at the other's word, one sees it") {
    if (!atlas::heavy_barrier()) {
      MESSAGE("skipped: the membarrier system call is not available here");
      return;
    }
    constexpr std::uint32_t rounds = 20'000;
    alignas(64) atlas::atomic<std::uint32_t> often;  // on two cache lines: on one, a store cannot lag behind
    alignas(64) atlas::atomic<std::uint32_t> rarely;
    std::uint32_t seen_by[2] = {};
    support::meeting meeting(2);
    std::uint32_t missed = 0;
    support::together(2, [&](unsigned number) {
      for (std::uint32_t round = 1; round <= rounds; ++round) {
        meeting.wait();
        for (std::uint32_t pause = 0; pause < (number == 0 ? round / 8 % 8 : round % 8); ++pause)
          atlas::light_barrier();
        if (number == 0) {
          often.store_relaxed(round);
          atlas::light_barrier();
          seen_by[0] = rarely.load_relaxed();
        } else {
          rarely.store_relaxed(round);
          atlas::heavy_barrier();
          seen_by[1] = often.load_relaxed();
        }
        meeting.wait();
        if (number == 0) missed += seen_by[0] != round && seen_by[1] != round ? 1U : 0U;
      }
    });
    CHECK(missed == 0);
  }

  TEST_CASE("barrier: keeps errno") {
    errno = 77;
    static_cast<void>(atlas::heavy_barrier());
    CHECK(errno == 77);
  }

  TEST_CASE("barrier: works in a child process as well as in its parent") {
    const bool here = atlas::heavy_barrier();
    CHECK(support::holds_in_child([&] { return atlas::heavy_barrier() == here; }));
  }
}
