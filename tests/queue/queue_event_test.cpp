// SPDX-License-Identifier: Apache-2.0
// tests/queue/queue_event_test.cpp -- mirrors include/atlas/queue/queue_event.hpp.
#include <atlas/queue/queue_event.hpp>

#include <atlas/queue.hpp>

#include "support/threads.hpp"
#include "support/waits.hpp"
#include "support/watchable_queue.hpp"
#include "support/without_membarrier.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace {

using number_queue = atlas::mpmc_queue<std::uint32_t>;

constexpr int too_long_ms = 60'000;

bool is_readable(const atlas::queue_event& event, int timeout_ms = 0) {
  pollfd one = {event.descriptor(), POLLIN, 0};
  return ::poll(&one, 1, timeout_ms) == 1 && one.revents == POLLIN;
}

/// Epoll, level-triggered, as an event loop uses it.
class event_loop {
 public:
  explicit event_loop(const atlas::queue_event& event) : number_(::epoll_create1(EPOLL_CLOEXEC)) {
    epoll_event wanted = {};
    wanted.events = EPOLLIN;
    REQUIRE(::epoll_ctl(number_, EPOLL_CTL_ADD, event.descriptor(), &wanted) == 0);
  }
  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;
  ~event_loop() { ::close(number_); }
  bool wait() const {
    epoll_event got = {};
    return ::epoll_wait(number_, &got, 1, too_long_ms) == 1;
  }

 private:
  const int number_;
};

/// One thread waits by epoll, the other by pop.
bool hands_over_to_epoll(std::uint32_t rounds) {
  auto there = number_queue::create(1).value();
  auto back = atlas::spsc_queue<std::uint32_t>::create(1).value();
  const std::uint64_t deadline_ns = support::soon();
  std::atomic<std::uint32_t> wrong{0};
  support::together(2, [&](unsigned thread) {
    if (thread == 0) {
      for (std::uint32_t round = 0; round < rounds && wrong.load() == 0; ++round) {
        std::uint32_t value = ~0U;
        support::dawdle(round);
        if (!there.try_push(round) || !back.pop(value, deadline_ns).ok() || value != round) ++wrong;
      }
      there.close();
      return;
    }
    auto event = atlas::queue_event::create().value();
    event.watch(there).value();
    const event_loop loop(event);
    for (std::uint32_t value = 0; wrong.load() == 0; event.arm()) {
      if (!loop.wait()) ++wrong;
      const atlas::status got = there.pop(value, 1);
      if (got.ok() && !back.try_push(value)) ++wrong;
      if (!got.ok() && got.error() == atlas::errc::closed) break;
    }
  });
  return wrong.load() == 0 && atlas::monotonic_ns() < deadline_ns;
}

}  // namespace

TEST_SUITE("queue") {
  TEST_CASE("queue_event: is readable until it is armed, and again from the next element on") {
    auto queue = number_queue::create(4).value();
    auto event = atlas::queue_event::create().value();
    CHECK_FALSE(event.arm());  // of no queue
    CHECK_FALSE(is_readable(event));
    event.watch(queue).value();
    CHECK(is_readable(event));
    std::uint32_t value = 0;
    for (std::uint32_t round = 0; round < 5; ++round) {
      CHECK_FALSE(event.arm());
      CHECK_FALSE(is_readable(event));
      REQUIRE(queue.try_push(round));
      CHECK(is_readable(event));
      REQUIRE(queue.try_pop(value));
      CHECK(is_readable(event));  // it is level-triggered, and not armed yet
    }
  }

  TEST_CASE("queue_event: stays readable while something is left, armed or not") {
    auto queue = number_queue::create(4).value();
    auto event = atlas::queue_event::create().value();
    event.watch(queue).value();
    CHECK_FALSE(event.arm());
    for (std::uint32_t i = 0; i < 3; ++i) REQUIRE(queue.try_push(i));
    std::uint32_t value = 0;
    for (int left = 3; left > 0; --left) {
      CHECK(event.arm());
      CHECK(is_readable(event));
      REQUIRE(queue.try_pop(value));
    }
    CHECK_FALSE(event.arm());
    CHECK_FALSE(is_readable(event));
  }

  TEST_CASE("queue_event: watches every type of queue, and tells the close until the queue is unwatched") {
    auto event = atlas::queue_event::create().value();
    const auto check = [&event](auto& queue, auto push, auto pop, auto& closed) {
      event.watch(queue).value();
      CHECK_FALSE(event.arm());
      push();
      CHECK(is_readable(event));
      CHECK(event.arm());
      pop();
      CHECK_FALSE(event.arm());
      closed.close();
      CHECK(is_readable(event));
      CHECK(event.arm());
      CHECK(is_readable(event));
      CHECK(event.unwatch(queue));
      CHECK_FALSE(event.arm());
      CHECK_FALSE(is_readable(event));
    };
    int value = 0;
    auto cached = atlas::spsc_queue<int>::create(1).value();
    check(cached, [&] { REQUIRE(cached.try_push(1)); }, [&] { REQUIRE(cached.try_pop(value)); }, cached);
    auto sequenced = atlas::spsc_queue<int, atlas::slot_sequenced>::create(1).value();
    check(sequenced, [&] { REQUIRE(sequenced.try_push(1)); }, [&] { REQUIRE(sequenced.try_pop(value)); }, sequenced);
    auto many = atlas::mpmc_queue<int>::create(1).value();
    check(many, [&] { REQUIRE(many.try_push(1)); }, [&] { REQUIRE(many.try_pop(value)); }, many);
    auto single = atlas::mpsc_queue<int>::create(1).value();
    check(single, [&] { REQUIRE(single.try_push(1)); }, [&] { REQUIRE(single.try_pop(value)); }, single);
    auto urgent = atlas::priority_queue<int>::create().value();
    check(urgent, [&] { REQUIRE(urgent.try_push(1, 3)); }, [&] { REQUIRE(urgent.try_pop(value)); }, urgent);
    auto bytes = atlas::byte_ring<>::create(64).value();
    atlas::span<const std::byte> record;
    check(bytes, [&] { REQUIRE(*bytes.try_push({})); }, [&] { REQUIRE(bytes.try_peek(record)); }, bytes);
    auto gated = atlas::broadcast_ring<int>::create().value();
    auto gated_reader = gated.subscribe().value();
    check(gated_reader, [&] { REQUIRE(gated.try_push(1)); }, [&] { REQUIRE(gated_reader.try_pop(value)); }, gated);
    auto lossy = atlas::broadcast_ring<int, atlas::slow_reader::is_overtaken>::create({.capacity = 2}).value();
    auto lossy_reader = lossy.subscribe().value();
    const auto push_thrice = [&] {
      for (int i = 0; i < 3; ++i) REQUIRE(lossy.try_push(i));
    };
    check(lossy_reader, push_thrice, [&] { REQUIRE(lossy_reader.try_pop(value)); }, lossy);
    CHECK(lossy_reader.missed() == 2);
  }

  TEST_CASE("queue_event: tells of any of its queues, and no more of one that it does not watch") {
    auto first = number_queue::create(4).value();
    auto second = number_queue::create(4).value();
    std::optional<atlas::queue_event> event(atlas::queue_event::create().value());
    event->watch(first).value();
    event->watch(second).value();
    const atlas::status again = event->watch(first);
    REQUIRE_FALSE(again.ok());
    CHECK(again.error() == atlas::errc::invalid_argument);
    std::uint32_t value = 0;
    for (number_queue* queue : {&first, &second}) {
      CHECK_FALSE(event->arm());
      REQUIRE(queue->try_push(1));
      CHECK(is_readable(*event));
      REQUIRE(queue->try_pop(value));
    }
    CHECK(event->unwatch(first));
    CHECK_FALSE(event->unwatch(first));
    CHECK_FALSE(event->arm());
    REQUIRE(first.try_push(1));
    CHECK_FALSE(is_readable(*event));
    REQUIRE(second.try_push(1));
    CHECK(is_readable(*event));
    event.reset();
    REQUIRE(second.try_push(1));  // nobody is told
  }

  TEST_CASE("queue_event: pushes between two arm() do not write to the descriptor") {
    auto queue = number_queue::create(16).value();
    auto event = atlas::queue_event::create().value();
    event.watch(queue).value();
    CHECK_FALSE(event.arm());
    for (std::uint32_t i = 0; i < 10; ++i) REQUIRE(queue.try_push(i));
    std::uint64_t writes = 0;
    REQUIRE(::read(event.descriptor(), &writes, sizeof writes) == sizeof writes);
    CHECK(writes == 1);
    CHECK(event.arm());  // and it is as readable as if nobody had read from it
    CHECK(is_readable(event));
  }

  TEST_CASE("queue_event: nor do they when somebody else waits at the queue") {
    auto queue = number_queue::create(1).value();
    auto event = atlas::queue_event::create().value();
    event.watch(queue).value();
    CHECK_FALSE(event.arm());
    std::uint64_t writes = 0;
    REQUIRE(::read(event.descriptor(), &writes, sizeof writes) == -1);
    for (std::uint32_t i = 0; i < 5; ++i) {
      std::uint32_t value = 0;
      CHECK(queue.pop(value, 1).error() == atlas::errc::timed_out);  // and it has announced itself
      REQUIRE(queue.try_push(i));
      REQUIRE(queue.try_pop(value));
    }
    REQUIRE(::read(event.descriptor(), &writes, sizeof writes) == sizeof writes);
    CHECK(writes == 1);
  }

  TEST_CASE("queue_event: stays readable while a queue's end is near") {
    support::watchable_queue queue;
    auto event = atlas::queue_event::create().value();
    event.watch(queue).value();
    CHECK_FALSE(event.arm());
    queue.becomes(atlas::wait_outlook::ending);
    CHECK(event.arm());
    CHECK(is_readable(event));
  }

  TEST_CASE("queue_event: several watch one queue, and each is told") {
    auto queue = number_queue::create(4).value();
    auto one = atlas::queue_event::create().value();
    auto other = atlas::queue_event::create().value();
    one.watch(queue).value();
    other.watch(queue).value();
    CHECK_FALSE(one.arm());
    CHECK_FALSE(other.arm());
    REQUIRE(queue.try_push(1));
    CHECK(is_readable(one));
    CHECK(is_readable(other));
    std::uint32_t value = 0;
    REQUIRE(queue.try_pop(value));
    CHECK_FALSE(one.arm());
    REQUIRE(queue.try_push(1));
    CHECK(is_readable(one));
    CHECK(is_readable(other));
  }

  TEST_CASE("queue_event: can be moved while it watches") {
    auto queue = number_queue::create(4).value();
    auto made = atlas::queue_event::create().value();
    made.watch(queue).value();
    atlas::queue_event event(std::move(made));
    CHECK_FALSE(event.arm());
    REQUIRE(queue.try_push(1));
    CHECK(is_readable(event));
    auto other = atlas::queue_event::create().value();
    const int closed = other.descriptor();
    other = std::move(event);
    CHECK(::fcntl(closed, F_GETFD) == -1);
    CHECK(is_readable(other));
    CHECK(other.unwatch(queue));
  }

  TEST_CASE("queue_event: its descriptor is not inherited by exec and never blocks") {
    const auto event = atlas::queue_event::create().value();
    CHECK((::fcntl(event.descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(event.descriptor(), F_GETFL) & O_NONBLOCK) != 0);
  }

  TEST_CASE("queue_event: one that ends in a forked child closes its descriptor there, whatever threads were at work") {
    support::watchable_queue queue;
    std::atomic<int> stage{0};
    std::optional<atlas::queue_event> event = atlas::queue_event::create().value();
    REQUIRE(event->watch(queue).ok());
    atlas::gate_watcher slow;  // in whose notification the list stays locked
    slow.who = &stage;
    slow.notify = [](void* who) noexcept {
      auto& seen = *static_cast<std::atomic<int>*>(who);
      seen.store(1);
      while (seen.load() == 1) std::this_thread::yield();
    };
    atlas::wait_gate& gate = atlas::detail::watch_access::gate(queue);
    gate.attach(slow);
    std::thread signals([&] { gate.signal_all(); });
    while (stage.load() == 0) std::this_thread::yield();
    CHECK(support::holds_in_child([&] {
      ::alarm(30);  // it would sleep for ever
      const int number = event->descriptor();
      event.reset();
      queue.~watchable_queue();  // nor does a checked build blame it for the parent's watchers
      return ::fcntl(number, F_GETFD) == -1;
    }));
    stage.store(2);
    signals.join();
    gate.detach(slow);
    CHECK(is_readable(*event));
    CHECK(event->unwatch(queue));
  }

  TEST_CASE("queue_event: a queue that ends while it is watched ends the process in checked builds") {
#if ATLAS_CHECKED
    const auto ends_watched = [](auto queue) {
      return support::aborts_in_child([&] {
        auto event = atlas::queue_event::create().value();
        auto ending = std::move(queue);
        event.watch(ending).value();
      });
    };
    CHECK(ends_watched(number_queue::create(1).value()));
    CHECK(ends_watched(atlas::spsc_queue<int>::create(1).value()));
    CHECK(ends_watched(atlas::priority_queue<int>::create().value()));
    CHECK(ends_watched(atlas::byte_ring<>::create(64).value()));
    CHECK(support::aborts_in_child([] {
      auto event = atlas::queue_event::create().value();
      auto ring = atlas::broadcast_ring<int>::create().value();
      auto reader = ring.subscribe().value();
      event.watch(reader).value();
    }));
#else
    MESSAGE("skipped: built without ATLAS_CHECKED");
#endif
  }

  TEST_CASE("queue_event: a process without a free descriptor is told so") {
    CHECK(support::holds_in_child([] {
      const rlimit none = {0, 0};
      if (::setrlimit(RLIMIT_NOFILE, &none) != 0) return false;
      const auto refused = atlas::queue_event::create();
      return !refused.ok() && refused.error() == atlas::errc::io && refused.error().os_code == EMFILE;
    }));
  }

  TEST_CASE("queue_event: an element that comes right after a look is not missed, whichever look that is") {
    for (const unsigned looks : {1U, 2U}) {
      support::watchable_queue queue;
      auto event = atlas::queue_event::create().value();
      event.watch(queue).value();
      queue.arrives_after(looks);
      CHECK(event.arm() == (looks == 1));
      CHECK(is_readable(event));
    }
  }

  TEST_CASE("queue_event: no wake-up is lost") {
    CHECK(hands_over_to_epoll(4000));
  }

  TEST_CASE("queue_event: no wake-up is lost where the system has no membarrier call, or has it no longer") {
    if (support::under_thread_sanitizer) {
      MESSAGE("skipped: ThreadSanitizer does not follow threads in a child process");
      return;
    }
    CHECK(support::holds_in_child([] { return support::forbid_membarrier() && hands_over_to_epoll(500); }));
    CHECK(support::holds_in_child([] {
      auto queue = number_queue::create(1).value();
      auto event = atlas::queue_event::create().value();
      event.watch(queue).value();
      const bool was_ordered = !event.arm();
      return was_ordered && support::forbid_membarrier() && event.arm() && is_readable(event);
    }));
  }

  TEST_CASE("queue_event: an element wakes a plain pop, a wait_any and an epoll loop that wait for the same queue") {
    // Only the pop takes anything. In each round all three sleep; were a wake-up one's alone, another would sleep on.
    constexpr std::uint32_t rounds = 300;
    auto queue = number_queue::create(1).value();
    const std::uint64_t deadline_ns = support::soon();
    std::atomic<std::uint32_t> wrong{0};
    std::atomic<std::uint32_t> popped{0};
    std::atomic<std::uint32_t> begun{0};
    std::atomic<bool> is_over{false};
    support::together(4, [&](unsigned thread) {
      if (thread == 0) {
        std::uint32_t value = 0;
        while (queue.pop(value, deadline_ns).ok()) popped.store(value + 1);
      } else if (thread == 1) {
        // It is told of elements as far as they are still there when it looks; so it looks at its own turn.
        auto own = atlas::spsc_queue<std::uint32_t>::create(1).value();
        begun.fetch_add(1);
        do {
          if (!atlas::wait_any(deadline_ns, own, queue).ok()) ++wrong;
          std::this_thread::yield();
        } while (!is_over.load());
      } else if (thread == 2) {
        auto event = atlas::queue_event::create().value();
        event.watch(queue).value();
        const event_loop loop(event);
        begun.fetch_add(1);
        do {
          if (!loop.wait()) ++wrong;
          event.arm();
        } while (!is_over.load());
      } else {
        while (begun.load() != 2) std::this_thread::yield();
        for (std::uint32_t round = 0; round < rounds; ++round) {
          if (!queue.try_push(round)) ++wrong;
          while (popped.load() != round + 1 && atlas::monotonic_ns() < deadline_ns) std::this_thread::yield();
        }
        is_over.store(true);
        queue.close();  // wakes all three, for the last time
      }
    });
    CHECK(atlas::monotonic_ns() < deadline_ns);
    CHECK(wrong.load() == 0);
    CHECK(popped.load() == rounds);
  }

  TEST_CASE("queue_event: among other waiters every element is taken once, and every waiter ends") {
    constexpr unsigned producers = 3;
    constexpr std::uint32_t each = 1200;
    auto plain = number_queue::create(3).value();
    auto urgent = atlas::priority_queue<std::uint32_t>::create({.capacity = 2}).value();
    auto own = atlas::spsc_queue<std::uint32_t>::create(2).value();  // from the first producer to the epoll loop
    const std::uint64_t deadline_ns = support::soon();
    std::vector<std::atomic<std::uint32_t>> taken(producers * each);
    std::atomic<unsigned> producing{producers};
    std::atomic<std::uint32_t> wrong{0};
    support::together(producers + 4, [&](unsigned thread) {
      std::uint32_t value = 0;
      if (thread < producers) {
        for (std::uint32_t i = 0; i < each; ++i) {
          value = thread * each + i;
          const std::uint32_t way = i % 3;
          const atlas::status done = way == 0                  ? urgent.push(value, i % 8, deadline_ns)
                                     : way == 1 && thread == 0 ? own.push(value, deadline_ns)
                                                               : plain.push(value, deadline_ns);
          if (!done.ok()) ++wrong;
          if (i % 16 != 15) continue;
          // All must be taken before there is more: so the consumers sleep again and again.
          while (plain.size_approx() + urgent.size_approx() + own.size_approx() != 0 &&
                 atlas::monotonic_ns() < deadline_ns) {
            std::this_thread::yield();
          }
        }
        if (producing.fetch_sub(1) == 1) {
          plain.close();
          urgent.close();
          own.close();
        }
      } else if (thread == producers) {
        while (plain.pop(value, deadline_ns).ok()) ++taken[value];
        if (plain.pop(value, deadline_ns).error() != atlas::errc::closed) ++wrong;
      } else if (thread == producers + 1) {
        while (urgent.pop(value, deadline_ns).ok()) ++taken[value];
        if (urgent.pop(value, deadline_ns).error() != atlas::errc::closed) ++wrong;
      } else if (thread == producers + 2) {
        bool is_plain_open = true;
        bool is_urgent_open = true;
        while (is_plain_open || is_urgent_open) {
          const auto ready =
              atlas::wait_any(deadline_ns, is_plain_open ? &plain : nullptr, is_urgent_open ? &urgent : nullptr);
          if (!ready.ok()) {
            ++wrong;
            break;
          }
          const atlas::status got = *ready == 0 ? plain.pop(value, 1) : urgent.pop(value, 1);
          if (got.ok()) ++taken[value];
          if (!got.ok() && got.error() == atlas::errc::closed) (*ready == 0 ? is_plain_open : is_urgent_open) = false;
        }
      } else {
        auto event = atlas::queue_event::create().value();
        event.watch(plain).value();
        event.watch(urgent).value();
        event.watch(own).value();
        const event_loop loop(event);
        unsigned open = 3;
        const auto take = [&](auto& queue) {
          for (int i = 0; i < 2; ++i) {  // no more at a time: what is left must make the descriptor readable again
            const atlas::status got = queue.pop(value, 1);
            if (got.ok()) {
              ++taken[value];
            } else {
              if (got.error() == atlas::errc::closed && event.unwatch(queue)) --open;
              return;
            }
          }
        };
        while (open != 0) {
          if (!loop.wait()) {
            ++wrong;
            break;
          }
          take(plain);
          take(urgent);
          take(own);
          event.arm();
        }
      }
    });
    CHECK(atlas::monotonic_ns() < deadline_ns);
    CHECK(wrong.load() == 0);
    std::uint32_t not_once = 0;
    for (const auto& times : taken) not_once += times.load() != 1;
    CHECK(not_once == 0);
  }

  TEST_CASE("queue_event: comes and goes while others signal") {
    // Were it told after unwatch or its end, that would be a write to freed memory, or to somebody else's descriptor.
    auto queue = number_queue::create(4).value();
    std::atomic<bool> is_over{false};
    support::together(4, [&](unsigned thread) {
      std::uint32_t value = 0;
      if (thread < 2) {
        while (!is_over.load()) {
          static_cast<void>(!queue.try_push(1));
          std::this_thread::yield();
        }
      } else if (thread == 2) {
        while (!is_over.load()) {
          if (!queue.try_pop(value)) std::this_thread::yield();
        }
      } else {
        for (int round = 0; round < 1500; ++round) {
          auto event = atlas::queue_event::create().value();
          event.watch(queue).value();
          event.arm();
          if (round % 3 == 0) CHECK(event.unwatch(queue));
          if (round % 3 == 1) std::this_thread::yield();
        }
        is_over.store(true);
      }
    });
  }
}
