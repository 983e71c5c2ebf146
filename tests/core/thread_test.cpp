// SPDX-License-Identifier: Apache-2.0
// tests/core/thread_test.cpp -- mirrors include/atlas/core/thread.hpp.
#include <atlas/core/thread.hpp>

#include <atlas/core/atomic.hpp>

#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace {

struct note {
  std::uintptr_t self = 0;
  bool blocks_interrupt = false;
  bool blocks_fault = true;
  int runs = 0;
};

void write_note(void* given) {
  auto& into = *static_cast<note*>(given);
  into.self = atlas::current_thread();
  sigset_t mask;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  into.blocks_interrupt = ::sigismember(&mask, SIGINT) == 1;
  into.blocks_fault = ::sigismember(&mask, SIGSEGV) == 1;
  ++into.runs;
}

}  // namespace

TEST_SUITE("core") {
  TEST_CASE("hardware_threads: counts the CPUs of the affinity mask") {
    const unsigned all = atlas::hardware_threads();
    CHECK(all >= 1);
    cpu_set_t before;
    REQUIRE(::sched_getaffinity(0, sizeof before, &before) == 0);
    CHECK(all == static_cast<unsigned>(CPU_COUNT(&before)));
    CHECK(support::holds_in_child([] {
      cpu_set_t mask;
      ::sched_getaffinity(0, sizeof mask, &mask);
      std::size_t first = 0;
      while (!CPU_ISSET(first, &mask)) ++first;
      CPU_ZERO(&mask);
      CPU_SET(first, &mask);
      ::sched_setaffinity(0, sizeof mask, &mask);
      return atlas::hardware_threads() == 1;
    }));
  }

  TEST_CASE("thread: runs its function once, on another thread, and join waits for it") {
    note seen;
    atlas::thread one = atlas::thread::start(&write_note, &seen).value();
    CHECK(one.is_joinable());
    one.join();
    CHECK_FALSE(one.is_joinable());
    one.join();  // again: nothing
    CHECK(seen.runs == 1);
    CHECK(seen.self != 0);
    CHECK(seen.self != atlas::current_thread());
  }

  TEST_CASE("thread: the destructor and assignment join") {
    note first;
    note second;
    {
      atlas::thread one = atlas::thread::start(&write_note, &first).value();
      one = atlas::thread::start(&write_note, &second).value();
      CHECK(first.runs == 1);
      const atlas::thread moved = std::move(one);
      CHECK_FALSE(one.is_joinable());  // NOLINT: promised
      CHECK(moved.is_joinable());
    }
    CHECK(second.runs == 1);
  }

  TEST_CASE("thread: signals stay with the host's threads, faults with the one that made them") {
    note seen;
    atlas::thread::start(&write_note, &seen).value().join();
    CHECK(seen.blocks_interrupt);
    CHECK_FALSE(seen.blocks_fault);
    sigset_t mask;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    CHECK(::sigismember(&mask, SIGINT) == 0);  // the starter's own mask is as before
  }

  TEST_CASE("thread: when the system has none to give, that is an error and nothing runs") {
    CHECK(support::holds_in_child([] {
      pthread_attr_t impossible;  // a stack larger than the address space
      ::pthread_attr_init(&impossible);
      ::pthread_attr_setstacksize(&impossible, std::size_t{1} << 47);
      if (::pthread_setattr_default_np(&impossible) != 0) return false;
      note seen;
      const auto refused = atlas::thread::start(&write_note, &seen);
      return !refused.ok() && refused.error() == atlas::errc::limit_exceeded && refused.error().os_code != 0 &&
             seen.runs == 0;
    }));
  }

  TEST_CASE("thread: an abandoned one is not waited for") {
    if (support::under_thread_sanitizer) {
      MESSAGE("skipped: ThreadSanitizer does not follow threads in a child process");
      return;
    }
    CHECK(support::holds_in_child([] {
      atlas::atomic<int> never;
      atlas::thread one = atlas::thread::start(
                              [](void* word) {
                                while (static_cast<atlas::atomic<int>*>(word)->load_acquire() == 0) ::sched_yield();
                              },
                              &never)
                              .value();
      one.abandon();
      return !one.is_joinable();
    }));
  }
}
