// SPDX-License-Identifier: Apache-2.0
// tests/core/futex_test.cpp -- mirrors include/atlas/core/futex.hpp and clock.hpp.
#include <atlas/core/clock.hpp>
#include <atlas/core/futex.hpp>

#include <atlas/core/atomic.hpp>

#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <sys/mman.h>

#include <cerrno>
#include <cstdint>

TEST_SUITE("core") {
  TEST_CASE("clock: never runs backwards and is never 0") {
    std::uint64_t before = atlas::monotonic_ns();
    CHECK(before != 0);
    for (int i = 0; i < 1000; ++i) {
      const std::uint64_t now = atlas::monotonic_ns();
      REQUIRE(now >= before);
      before = now;
    }
  }

  TEST_CASE("futex: returns at once when the word holds something else") {
    const std::uint32_t word = 1;
    CHECK(atlas::futex_wait(&word, 2));
    CHECK(atlas::futex_wait_shared(&word, 2));
  }

  TEST_CASE("futex: says when the deadline passed, and not before") {
    const std::uint32_t word = 1;
    CHECK_FALSE(atlas::futex_wait(&word, 1, 1));  // long ago
    const std::uint64_t deadline_ns = atlas::monotonic_ns() + 2'000'000;
    while (atlas::futex_wait(&word, 1, deadline_ns)) {
    }
    CHECK(atlas::monotonic_ns() >= deadline_ns);
    CHECK_FALSE(atlas::futex_wait_shared(&word, 1, 1));
  }

  TEST_CASE("futex: keeps errno") {
    std::uint32_t word = 1;
    errno = 77;
    atlas::futex_wait(&word, 1, 1);
    atlas::futex_wait(&word, 2);
    CHECK(atlas::futex_wake(&word, 1) == 0);
    CHECK(errno == 77);
  }

  TEST_CASE("futex: a wake reaches the sleeper") {
    atlas::atomic<std::uint32_t> word;
    support::together(2, [&](unsigned number) {
      if (number == 0) {
        while (word.load_acquire() == 0) atlas::futex_wait(word.address(), 0);
      } else {
        word.store_release(1);
        atlas::futex_wake(word.address(), atlas::wake_all);
      }
    });
    CHECK(word.load_relaxed() == 1);
  }

  TEST_CASE("futex: the shared flavour reaches another process") {
    void* const memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    auto* const words = static_cast<std::uint32_t*>(memory);
    CHECK(support::holds_in_child([&] {
      const pid_t grandchild = ::fork();
      if (grandchild == 0) {
        atlas::store_release(words, 1U);
        atlas::futex_wake_shared(words, 1);
        ::_exit(0);
      }
      while (atlas::load_acquire(words) == 0) atlas::futex_wait_shared(words, 0);
      int how = 0;
      return ::waitpid(grandchild, &how, 0) == grandchild && how == 0;
    }));
    ::munmap(memory, 4096);
  }
}
