// SPDX-License-Identifier: Apache-2.0
// tests/queue/wait_gate_test.cpp -- mirrors include/atlas/queue/wait_gate.hpp.
#include <atlas/queue/wait_gate.hpp>

#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <thread>

namespace {

/// A counting semaphore: the least thing that one can wait for at a gate.
struct tokens {
  explicit tokens(bool asymmetric) : gate(asymmetric) {}

  void give(std::uint32_t count) {
    left.fetch_add_release(count);
    gate.signal(count);
  }
  bool try_take() {
    std::uint32_t seen = left.load_acquire();
    while (seen != 0) {
      if (left.compare_exchange_weak_acquire(seen, seen - 1)) return true;
    }
    return false;
  }
  atlas::status take(std::uint64_t deadline_ns = 0) {
    return gate.wait([this] { return try_take(); }, [this] { return left.load_acquire() != 0; },
                     [this] { return is_closed.load_acquire() ? atlas::wait_outlook::closed : outlook; }, deadline_ns);
  }

  atlas::atomic<std::uint32_t> left;
  atlas::atomic<bool> is_closed;
  atlas::wait_gate gate;
  atlas::wait_outlook outlook = atlas::wait_outlook::open;
};

bool can_be_asymmetric() { return atlas::heavy_barrier(); }

/// Counts its notifications.
struct counting_watcher {
  counting_watcher() {
    entry.who = this;
    entry.notify = [](void* who) noexcept { static_cast<counting_watcher*>(who)->told.fetch_add(1); };
  }
  atlas::gate_watcher entry;
  atlas::atomic<std::uint32_t> told;
};
void announce(atlas::wait_gate& gate) {
  if (gate.announce()) CHECK(atlas::heavy_barrier());
}

}  // namespace

TEST_SUITE("queue") {
  TEST_CASE("wait_gate: an attempt that succeeds at once never sleeps") {
    tokens some(can_be_asymmetric());
    some.give(2);
    CHECK(some.take().ok());
    CHECK(some.take(1).ok());  // also when the deadline passed long ago
  }

  TEST_CASE("wait_gate: the deadline ends the wait, and not before it has come") {
    for (const bool asymmetric : {false, can_be_asymmetric()}) {
      tokens none(asymmetric);
      CHECK(none.take(1).error() == atlas::errc::timed_out);
      const std::uint64_t deadline_ns = atlas::monotonic_ns() + 1'000'000;
      CHECK(none.take(deadline_ns).error() == atlas::errc::timed_out);
      CHECK(atlas::monotonic_ns() >= deadline_ns);
    }
  }

  TEST_CASE("wait_gate: a closed outlook ends the wait, an ending one is asked again") {
    tokens none(can_be_asymmetric());
    none.is_closed.store_release(true);
    CHECK(none.take().error() == atlas::errc::closed);

    tokens ending(can_be_asymmetric());
    ending.outlook = atlas::wait_outlook::ending;
    CHECK(ending.take(atlas::monotonic_ns() + 500'000).error() == atlas::errc::timed_out);
    support::together(2, [&](unsigned number) {
      if (number == 0) {
        CHECK(ending.take().error() == atlas::errc::closed);
      } else {
        for (int i = 0; i < 100; ++i) std::this_thread::yield();
        ending.is_closed.store_release(true);  // and no signal at all
      }
    });
  }

  TEST_CASE("wait_gate: no wake-up is lost") {
    // Each thread takes and gives in turn; if one signal were lost, all would sleep for ever.
    for (const bool asymmetric : {false, can_be_asymmetric()}) {
      CAPTURE(asymmetric);
      constexpr std::uint32_t rounds = 1500;
      tokens forward(asymmetric);
      tokens back(asymmetric);
      support::together(2, [&](unsigned number) {
        for (std::uint32_t round = 0; round < rounds; ++round) {
          if (number == 0) {
            forward.give(1);
            CHECK(back.take().ok());
          } else {
            CHECK(forward.take().ok());
            back.give(1);
          }
        }
      });
      CHECK(forward.left.load_relaxed() == 0);
      CHECK(back.left.load_relaxed() == 0);
    }
  }

  TEST_CASE("wait_gate: bursts wake as many as there is for, whoever takes it") {
    for (const bool asymmetric : {false, can_be_asymmetric()}) {
      CAPTURE(asymmetric);
      constexpr unsigned takers = 4;
      constexpr std::uint32_t each = 600;
      tokens shared(asymmetric);
      tokens taken(asymmetric);
      support::together(takers + 1, [&](unsigned number) {
        if (number == takers) {
          for (std::uint32_t given = 0; given < takers * each;) {
            // Up to seven at once, then wait for them: the takers fall asleep again and again.
            const std::uint32_t burst = given % 7 + 1 < takers * each - given ? given % 7 + 1 : takers * each - given;
            shared.give(burst);
            given += burst;
            for (std::uint32_t i = 0; i < burst; ++i) CHECK(taken.take().ok());
          }
        } else {
          while (shared.take().ok()) taken.give(1);
        }
        if (number == takers) {
          shared.is_closed.store_release(true);
          shared.gate.signal_all();
        }
      });
      CHECK(shared.left.load_relaxed() == 0);
    }
  }

  TEST_CASE("wait_gate: signal_all wakes every sleeper") {
    for (const bool asymmetric : {false, can_be_asymmetric()}) {
      for (int round = 0; round < 50; ++round) {
        tokens none(asymmetric);
        support::together(4, [&](unsigned number) {
          if (number != 0) {
            CHECK(none.take().error() == atlas::errc::closed);
          } else {
            for (int i = 0; i < round * 4; ++i) std::this_thread::yield();
            none.is_closed.store_release(true);
            none.gate.signal_all();
          }
        });
      }
    }
  }

  TEST_CASE("wait_gate: every watcher is told of a signal that follows an announcement, and of no other") {
    for (const bool asymmetric : {false, can_be_asymmetric()}) {
      atlas::wait_gate gate(asymmetric);
      counting_watcher first;
      counting_watcher second;
      gate.attach(first.entry);
      gate.attach(second.entry);
      gate.signal(1);
      CHECK(first.told.load_relaxed() == 0);
      announce(gate);
      gate.signal(1);
      CHECK(first.told.load_relaxed() == 1);
      CHECK(second.told.load_relaxed() == 1);
      gate.signal(7);  // nobody announced since
      CHECK(first.told.load_relaxed() == 1);
      gate.signal_all();  // asks nobody whether he announced
      CHECK(first.told.load_relaxed() == 2);
      gate.detach(first.entry);
      announce(gate);
      gate.signal(7);
      CHECK(first.told.load_relaxed() == 2);
      CHECK(second.told.load_relaxed() == 3);
      gate.detach(second.entry);
      announce(gate);
      gate.signal(1);
      gate.signal_all();
      CHECK(second.told.load_relaxed() == 3);
    }
  }

  TEST_CASE("wait_gate: watchers leave in any order") {
    atlas::wait_gate gate(can_be_asymmetric());
    for (const unsigned leaves : {0U, 1U, 2U}) {
      counting_watcher three[3];
      for (counting_watcher& one : three) gate.attach(one.entry);
      gate.detach(three[leaves].entry);
      gate.signal_all();
      for (unsigned i = 0; i < 3; ++i) CHECK(three[i].told.load_relaxed() == (i == leaves ? 0U : 1U));
      for (unsigned i = 0; i < 3; ++i) {
        if (i != leaves) gate.detach(three[i].entry);
      }
      gate.signal_all();
      for (unsigned i = 0; i < 3; ++i) CHECK(three[i].told.load_relaxed() == (i == leaves ? 0U : 1U));
    }
  }

  TEST_CASE("wait_gate: watchers take no wake-up from those who wait") {
    // As "bursts wake as many as there is for", among watchers that announce themselves all the time and take nothing.
    for (const bool asymmetric : {false, can_be_asymmetric()}) {
      constexpr unsigned takers = 3;
      constexpr std::uint32_t each = 300;
      tokens shared(asymmetric);
      tokens taken(asymmetric);
      atlas::atomic<bool> is_over;
      support::together(takers + 2, [&](unsigned number) {
        if (number == takers + 1) {
          while (!is_over.load_acquire()) {
            counting_watcher some[2];
            for (counting_watcher& one : some) shared.gate.attach(one.entry);
            announce(shared.gate);
            std::this_thread::yield();
            for (counting_watcher& one : some) shared.gate.detach(one.entry);
          }
        } else if (number == takers) {
          for (std::uint32_t given = 0; given < takers * each;) {
            const std::uint32_t burst = given % 5 + 1 < takers * each - given ? given % 5 + 1 : takers * each - given;
            shared.give(burst);
            given += burst;
            for (std::uint32_t i = 0; i < burst; ++i) CHECK(taken.take(atlas::monotonic_ns() + 60'000'000'000).ok());
          }
          is_over.store_release(true);
          shared.is_closed.store_release(true);
          shared.gate.signal_all();
        } else {
          while (shared.take().ok()) taken.give(1);
        }
      });
      CHECK(shared.left.load_relaxed() == 0);
    }
  }
}
