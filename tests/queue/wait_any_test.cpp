// SPDX-License-Identifier: Apache-2.0
// tests/queue/wait_any_test.cpp -- mirrors include/atlas/queue/wait_any.hpp.
#include <atlas/queue/wait_any.hpp>

#include <atlas/queue.hpp>

#include "support/threads.hpp"
#include "support/watchable_queue.hpp"
#include "support/without_membarrier.hpp"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <thread>
#include <vector>

namespace {

using number_queue = atlas::mpmc_queue<std::uint32_t>;

/// So late that only a defect lets it come: a wait whose wake-up was lost ends then. It may even succeed; so a test
/// ends with a look at the clock.
std::uint64_t soon() { return atlas::monotonic_ns() + 60'000'000'000; }
constexpr std::uint64_t at_once = 1;  // long past

/// One of each queue that can be waited for, of small capacity.
struct all_queues {
  atlas::spsc_queue<std::uint32_t> cached = atlas::spsc_queue<std::uint32_t>::create(2).value();
  atlas::spsc_queue<std::uint32_t, atlas::slot_sequenced> sequenced =
      atlas::spsc_queue<std::uint32_t, atlas::slot_sequenced>::create(2).value();
  number_queue many = number_queue::create(2).value();
  atlas::mpsc_queue<std::uint32_t> single = atlas::mpsc_queue<std::uint32_t>::create(2).value();
  atlas::priority_queue<std::uint32_t> urgent = atlas::priority_queue<std::uint32_t>::create({.capacity = 2}).value();
  atlas::byte_ring<> bytes = atlas::byte_ring<>::create(64).value();
  atlas::broadcast_ring<std::uint32_t> gated = atlas::broadcast_ring<std::uint32_t>::create({.capacity = 2}).value();
  atlas::broadcast_ring<std::uint32_t, atlas::slow_reader::is_overtaken> lossy =
      atlas::broadcast_ring<std::uint32_t, atlas::slow_reader::is_overtaken>::create({.capacity = 2}).value();
  atlas::broadcast_ring<std::uint32_t>::reader gated_reader = gated.subscribe().value();
  atlas::broadcast_ring<std::uint32_t, atlas::slow_reader::is_overtaken>::reader lossy_reader =
      lossy.subscribe().value();
  static constexpr std::size_t count = 8;

  atlas::result<std::size_t> wait(std::uint64_t deadline_ns) {
    return atlas::wait_any(deadline_ns, cached, sequenced, many, single, urgent, bytes, gated_reader, lossy_reader);
  }
  bool push(std::size_t which, std::uint32_t value) {
    switch (which) {
      case 0: return cached.try_push(value);
      case 1: return sequenced.try_push(value);
      case 2: return many.try_push(value);
      case 3: return single.try_push(value);
      case 4: return urgent.try_push(value, value % 8);
      case 5: return *bytes.try_push({reinterpret_cast<const std::byte*>(&value), sizeof value});
      case 6: return gated.try_push(value);
      default: return lossy.try_push(value);
    }
  }
  bool pop(std::size_t which, std::uint32_t& value) {
    switch (which) {
      case 0: return cached.try_pop(value);
      case 1: return sequenced.try_pop(value);
      case 2: return many.try_pop(value);
      case 3: return single.try_pop(value);
      case 4: return urgent.try_pop(value);
      case 5: {
        atlas::span<const std::byte> record;
        if (!bytes.try_peek(record)) return false;
        std::memcpy(&value, record.data(), sizeof value);
        bytes.release();
        return true;
      }
      case 6: return gated_reader.try_pop(value);
      default: return lossy_reader.try_pop(value);
    }
  }
  void close(std::size_t which) {
    switch (which) {
      case 0: return cached.close();
      case 1: return sequenced.close();
      case 2: return many.close();
      case 3: return single.close();
      case 4: return urgent.close();
      case 5: return bytes.close();
      case 6: return gated.close();
      default: return lossy.close();
    }
  }
};

/// Passes up to some 20 us, so that what follows comes while the other side spins, announces itself, or sleeps.
void dawdle(std::uint32_t round) {
  for (std::uint32_t i = 0; i < round * 37 % 500; ++i) atlas::spin_pause();
}

/// Two threads hand a number to and fro, each over one queue of two: a wake-up that is lost ends it with a failure.
bool hands_over(std::uint32_t rounds) {
  auto unused = number_queue::create(1).value();
  auto there = number_queue::create(1).value();
  auto back = atlas::spsc_queue<std::uint32_t>::create(1).value();
  const std::uint64_t deadline_ns = soon();
  std::atomic<std::uint32_t> wrong{0};
  support::together(2, [&](unsigned thread) {
    for (std::uint32_t round = 0; round < rounds && wrong.load() == 0; ++round) {
      std::uint32_t value = 0;
      if (thread == 0) {
        dawdle(round);
        if (!there.try_push(round) || !atlas::wait_any(deadline_ns, unused, back).ok()) ++wrong;
        if (!back.try_pop(value) || value != round) ++wrong;
      } else {
        const auto ready = atlas::wait_any(deadline_ns, there, unused);
        dawdle(round * 3);
        if (!ready.ok() || *ready != 0 || !there.try_pop(value) || !back.try_push(value)) ++wrong;
      }
    }
  });
  return wrong.load() == 0 && atlas::monotonic_ns() < deadline_ns;
}

}  // namespace

TEST_SUITE("queue") {
  TEST_CASE("wait_any: tells the queue that has an element, of whatever type it is, and takes nothing") {
    all_queues queues;
    for (std::size_t which = 0; which < all_queues::count; ++which) {
      CAPTURE(which);
      CHECK(queues.wait(at_once).error() == atlas::errc::timed_out);
      REQUIRE(queues.push(which, 7));
      CHECK(*queues.wait(at_once) == which);
      CHECK(*queues.wait(0) == which);
      std::uint32_t value = 0;
      CHECK(queues.pop(which, value));
      CHECK(value == 7);
    }
    CHECK(queues.wait(at_once).error() == atlas::errc::timed_out);
  }

  TEST_CASE("wait_any: the deadline ends the wait, and not before it has come") {
    all_queues queues;
    const std::uint64_t deadline_ns = atlas::monotonic_ns() + 1'000'000;
    CHECK(queues.wait(deadline_ns).error() == atlas::errc::timed_out);
    CHECK(atlas::monotonic_ns() >= deadline_ns);
  }

  TEST_CASE("wait_any: the caller's order is a priority") {
    all_queues queues;
    for (std::size_t which = all_queues::count; which-- > 0;) {
      REQUIRE(queues.push(which, 1));
      CHECK(*queues.wait(at_once) == which);
    }
  }

  TEST_CASE("wait_any: with a turn, a queue that always has something starves none") {
    std::deque<number_queue> queues;
    std::vector<number_queue*> all;
    for (int i = 0; i < 20; ++i) {  // more than are kept on the stack
      queues.push_back(number_queue::create(1).value());
      all.push_back(&queues.back());
    }
    for (const std::size_t busy : {0U, 7U, 19U}) REQUIRE(all[busy]->try_push(1));
    atlas::wait_turn turn;
    for (int round = 0; round < 3; ++round) {
      CHECK(*atlas::wait_any_of(turn, at_once, all) == 0);
      CHECK(*atlas::wait_any_of(turn, at_once, all) == 7);
      CHECK(*atlas::wait_any_of(turn, at_once, all) == 19);
    }
    CHECK(*atlas::wait_any_of(at_once, all) == 0);
    turn.first = ~std::size_t{0};  // of another set of queues
    CHECK(*atlas::wait_any_of(turn, at_once, all) == 0);
    CHECK(*atlas::wait_any(turn, at_once, queues[6], queues[7], queues[8]) == 1);
    CHECK(turn.first == 2);
  }

  TEST_CASE("wait_any: a null pointer leaves a queue out") {
    auto first = number_queue::create(1).value();
    auto second = number_queue::create(1).value();
    REQUIRE(first.try_push(1));
    REQUIRE(second.try_push(1));
    number_queue* left_out = &first;
    CHECK(*atlas::wait_any(at_once, left_out, second) == 0);
    left_out = nullptr;
    CHECK(*atlas::wait_any(at_once, left_out, second) == 1);
    CHECK(*atlas::wait_any(at_once, left_out, &second) == 1);
    CHECK(atlas::wait_any(0, left_out, left_out).error() == atlas::errc::closed);

    const std::array<number_queue*, 3> some = {nullptr, nullptr, &second};
    CHECK(*atlas::wait_any_of(at_once, some) == 2);
    CHECK(atlas::wait_any_of(0, atlas::span<number_queue* const>(some.data(), 2)).error() == atlas::errc::closed);
    CHECK(atlas::wait_any_of(0, atlas::span<number_queue* const>()).error() == atlas::errc::closed);
  }

  TEST_CASE("wait_any: a queue that is closed and drained is told, after those that have something") {
    for (std::size_t which = 0; which < all_queues::count; ++which) {
      CAPTURE(which);
      all_queues queues;
      const std::size_t other = which == all_queues::count - 1 ? 0 : all_queues::count - 1;
      REQUIRE(queues.push(which, 1));
      queues.close(which);
      CHECK(*queues.wait(at_once) == which);  // for its element
      std::uint32_t value = 0;
      REQUIRE(queues.pop(which, value));
      CHECK(*queues.wait(at_once) == which);  // for its end
      CHECK_FALSE(queues.pop(which, value));
      REQUIRE(queues.push(other, 2));
      CHECK(*queues.wait(at_once) == other);
    }
  }

  TEST_CASE("wait_any: a sleeper is woken by an element and by a close, of each queue") {
    for (const bool closes : {false, true}) {
      for (std::size_t which = 0; which < all_queues::count; ++which) {
        CAPTURE(which);
        CAPTURE(closes);
        all_queues queues;
        const std::uint64_t deadline_ns = soon();
        std::atomic<pid_t> sleeper{0};
        support::together(2, [&](unsigned thread) {
          if (thread == 0) {
            sleeper.store(support::kernel_thread());
            const auto ready = queues.wait(deadline_ns);
            REQUIRE(ready.ok());
            CHECK(*ready == which);
          } else {
            support::wait_until_asleep(sleeper);
            if (closes) {
              queues.close(which);
            } else {
              CHECK(queues.push(which, 1));
            }
          }
        });
        CHECK(atlas::monotonic_ns() < deadline_ns);
      }
    }
  }

  TEST_CASE("wait_any: notices the end of a queue that comes without a signal once it is near") {
    support::watchable_queue queue;
    queue.becomes(atlas::wait_outlook::ending);
    CHECK(atlas::wait_any(atlas::monotonic_ns() + 500'000, queue).error() == atlas::errc::timed_out);
    const std::uint64_t deadline_ns = soon();
    std::atomic<pid_t> sleeper{0};
    support::together(2, [&](unsigned thread) {
      if (thread == 0) {
        sleeper.store(support::kernel_thread());
        CHECK(*atlas::wait_any(deadline_ns, queue) == 0);
      } else {
        support::wait_until_asleep(sleeper);
        queue.becomes(atlas::wait_outlook::closed);
      }
    });
    CHECK(atlas::monotonic_ns() < deadline_ns);
  }

  TEST_CASE("wait_any: an element wakes a plain pop and a wait_any that sleep at the same queue") {
    // The wait_any takes nothing: were the wake-up its alone, the pop would sleep on.
    auto queue = number_queue::create(1).value();
    auto unused = atlas::byte_ring<>::create(64).value();
    const std::uint64_t deadline_ns = soon();
    std::atomic<pid_t> watcher{0};
    std::atomic<pid_t> popper{0};
    std::atomic<bool> has_popped{false};
    support::together(3, [&](unsigned thread) {
      if (thread == 0) {
        watcher.store(support::kernel_thread());
        // Told of the element, of the close, or, where the pop was faster, of the close after it.
        CHECK(*atlas::wait_any(deadline_ns, unused, queue) == 1);
      } else if (thread == 1) {
        popper.store(support::kernel_thread());
        std::uint32_t value = 0;
        CHECK(queue.pop(value, deadline_ns).ok());
        has_popped.store(true);
      } else {
        support::wait_until_asleep(watcher);
        support::wait_until_asleep(popper);
        REQUIRE(queue.try_push(1));
        while (!has_popped.load()) std::this_thread::yield();  // ends at the latest with the pop's deadline
        queue.close();
      }
    });
    CHECK(atlas::monotonic_ns() < deadline_ns);
  }

  TEST_CASE("wait_any: an element that comes right after a look is not missed, whichever look that is") {
    const std::uint64_t deadline_ns = soon();
    for (unsigned looks = 1; looks <= atlas::wait_spins + 1; ++looks) {
      support::watchable_queue queue;
      auto unused = number_queue::create(1).value();
      queue.arrives_after(looks);
      CHECK(*atlas::wait_any(deadline_ns, queue, unused) == 0);
    }
    CHECK(atlas::monotonic_ns() < deadline_ns);
  }

  TEST_CASE("wait_any: no wake-up is lost") {
    CHECK(hands_over(4000));
  }

  TEST_CASE("wait_any: no wake-up is lost where the system has no membarrier call, or has it no longer") {
    if (support::under_thread_sanitizer) {
      MESSAGE("skipped: ThreadSanitizer does not follow threads in a child process");
      return;
    }
    CHECK(support::holds_in_child([] { return support::forbid_membarrier() && hands_over(500); }));
    CHECK(support::holds_in_child([] {
      auto there = number_queue::create(1).value();
      auto back = number_queue::create(1).value();
      const std::uint64_t deadline_ns = soon();
      if (!support::forbid_membarrier()) return false;
      std::thread other([&] {
        std::uint32_t value = 0;
        while (atlas::wait_any(deadline_ns, there).ok() && there.try_pop(value)) back.push(value).value();
      });
      bool is_right = true;
      for (std::uint32_t round = 0; round < 200; ++round) {
        std::uint32_t value = 0;
        is_right = is_right && there.push(round).ok() && atlas::wait_any(deadline_ns, back).ok();
        is_right = is_right && back.try_pop(value) && value == round;
      }
      there.close();
      other.join();
      return is_right && atlas::monotonic_ns() < deadline_ns;
    }));
  }

  TEST_CASE("wait_any: among other waiters every element is taken once, and every waiter ends") {
    constexpr unsigned producers = 3;
    constexpr unsigned waiters = 2;
    constexpr unsigned poppers = 2;
    constexpr std::uint32_t each = 1200;
    auto plain = number_queue::create(3).value();
    auto urgent = atlas::priority_queue<std::uint32_t>::create({.capacity = 2}).value();
    const std::uint64_t deadline_ns = soon();
    std::vector<std::atomic<std::uint32_t>> taken(producers * each);
    std::atomic<std::uint32_t> count{0};
    std::atomic<unsigned> producing{producers};
    std::atomic<std::uint32_t> wrong{0};
    const auto take = [&](std::uint32_t value) {
      ++taken[value];
      ++count;
    };
    support::together(producers + waiters + poppers, [&](unsigned thread) {
      if (thread < producers) {
        for (std::uint32_t i = 0; i < each; ++i) {
          const std::uint32_t value = thread * each + i;
          // Every few, all that was pushed must be taken first: so the consumers sleep again and again.
          if (!(i % 3 == 0 ? urgent.push(value, i % 8, deadline_ns) : plain.push(value, deadline_ns)).ok()) ++wrong;
          if (i % 16 == 15) {
            while ((plain.size_approx() != 0 || urgent.size_approx() != 0) && atlas::monotonic_ns() < deadline_ns) {
              std::this_thread::yield();
            }
          }
        }
        if (producing.fetch_sub(1) == 1) {
          plain.close();
          urgent.close();
        }
      } else if (thread < producers + waiters) {
        number_queue* first = &plain;
        auto* second = &urgent;
        atlas::wait_turn turn;
        for (;;) {
          const auto ready = atlas::wait_any(turn, deadline_ns, first, second);
          if (!ready.ok()) {
            if (ready.error() != atlas::errc::closed) ++wrong;
            break;
          }
          std::uint32_t value = 0;
          const atlas::status got = *ready == 0 ? first->pop(value, at_once) : second->pop(value, at_once);
          if (got.ok()) {
            take(value);
          } else if (got.error() == atlas::errc::closed) {
            if (*ready == 0) first = nullptr;
            if (*ready == 1) second = nullptr;
          }
        }
      } else {
        std::uint32_t value = 0;
        atlas::status got;
        do {
          got = thread % 2 == 0 ? plain.pop(value, deadline_ns) : urgent.pop(value, deadline_ns);
          if (got.ok()) take(value);
        } while (got.ok());
        if (got.error() != atlas::errc::closed) ++wrong;
      }
    });
    CHECK(atlas::monotonic_ns() < deadline_ns);
    CHECK(wrong.load() == 0);
    CHECK(count.load() == producers * each);
    std::uint32_t not_once = 0;
    for (const auto& times : taken) not_once += times.load() != 1;
    CHECK(not_once == 0);
  }

  TEST_CASE("wait_any: comes and goes while others signal") {
    // Its entries in the queues' lists are on its stack: one that was told after it left would be a stray write.
    auto first = number_queue::create(64).value();
    auto second =
        atlas::broadcast_ring<std::uint32_t, atlas::slow_reader::is_overtaken>::create({.capacity = 4}).value();
    auto reader = second.subscribe().value();
    std::atomic<unsigned> waiting{2};
    support::together(4, [&](unsigned thread) {
      std::uint32_t value = 0;
      if (thread < 2) {
        for (int round = 0; round < 1000; ++round) {
          const std::uint64_t deadline_ns = atlas::monotonic_ns() + static_cast<std::uint64_t>(round % 5) * 5'000;
          const auto ready =
              thread == 0 ? atlas::wait_any(deadline_ns, first, reader) : atlas::wait_any(deadline_ns, first);
          if (ready.ok() && *ready == 0) static_cast<void>(!first.try_pop(value));
          if (ready.ok() && *ready == 1) CHECK(reader.try_pop(value));
        }
        --waiting;
      } else {
        while (waiting.load() != 0) {
          static_cast<void>(!(thread == 2 ? first.try_push(1) : second.try_push(1)));
          std::this_thread::yield();
        }
      }
    });
  }
}
