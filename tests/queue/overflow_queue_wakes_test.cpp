// SPDX-License-Identifier: Apache-2.0
// tests/queue/overflow_queue_wakes_test.cpp -- producers of overflow_queue of whom each can go on by something else:
// whom a signal wakes must not depend on another's that comes at the same moment.
#include <atlas/queue/overflow_queue.hpp>

#include "support/threads.hpp"
#include "support/waits.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

TEST_SUITE("overflow_queue_wakes") {
  // Not without a name: queues are made of these, in headers that several files of tests share.
  namespace overflow_queue_wakes {

  using atlas::overflow;

  /// Where a thread is to be stopped; each happens once.
  struct turning_points {
    std::function<void()> before_wake{};     ///< it has seen that somebody may sleep
    std::function<void()> after_announce{};  ///< it has said that it may sleep, and is about to try again
    void reach(std::function<void()>& which) {
      if (which) std::exchange(which, nullptr)();
    }
    static turning_points& of_thread() {
      thread_local turning_points own;
      return own;
    }
  };
  /// A gate's word is the only one of these types that is compared, or whose bits are set.
  template <class T>
  struct stopping_atomic : atlas::atomic<T> {
    using atlas::atomic<T>::atomic;
    bool compare_exchange(T& expected, T desired) noexcept {
      turning_points::of_thread().reach(turning_points::of_thread().before_wake);
      return atlas::atomic<T>::compare_exchange(expected, desired);
    }
    T fetch_or_acq_rel(T bits) noexcept {
      const T before = atlas::atomic<T>::fetch_or_acq_rel(bits);
      turning_points::of_thread().reach(turning_points::of_thread().after_announce);
      return before;
    }
  };

  struct item {
    std::uint64_t key = 0;
    std::size_t weight = 0;
  };
  struct by_weight {
    [[nodiscard]] std::size_t weight_of(const item& one) const noexcept { return one.weight; }
  };
  struct by_key {
    [[nodiscard]] std::uint64_t key_of(const item& one) const noexcept { return one.key; }
  };
  template <class Rule>
  using stopped_queue = atlas::overflow_queue<item, Rule, atlas::sleeping, stopping_atomic>;

  /// A thread that pushes one item, and sleeps for want of room before the constructor returns.
  template <class Queue>
  struct sleeping_producer {
    sleeping_producer(Queue& queue, item given)
        : thread([this, &queue, given] {
            number.store(support::kernel_thread());
            is_pushed.store(queue.push(item(given), support::soon()).ok() ? 1 : -1);
          }) {
      support::wait_until_asleep(number);
    }
    [[nodiscard]] bool succeeds() {
      while (is_pushed.load() == 0) std::this_thread::yield();  // it has a deadline
      return is_pushed.load() == 1;
    }
    ~sleeping_producer() { thread.join(); }
    std::atomic<pid_t> number{0};
    std::atomic<int> is_pushed{0};
    std::thread thread;
  };

  /// A thread that takes the oldest element, and then stands before its signal until it may go on.
  template <class Queue>
  struct late_signaller {
    explicit late_signaller(Queue& queue)
        : thread([this, &queue] {
            turning_points::of_thread().before_wake = [this] {
              stands.store(true);
              while (!may_go.load()) std::this_thread::yield();
            };
            item out;
            static_cast<void>(queue.try_pop(out));
            stands.store(true);
          }) {
      while (!stands.load()) std::this_thread::yield();
    }
    void go() {
      may_go.store(true);
      thread.join();
    }
    std::atomic<bool> stands{false};
    std::atomic<bool> may_go{false};
    std::thread thread;
  };

  }  // namespace overflow_queue_wakes

  using namespace overflow_queue_wakes;  // NOLINT

  TEST_CASE("weighed: a producer that gets in hands its wake-up on to all, as the signal that it forestalls would") {
    using queue_type = stopped_queue<by_weight>;
    const std::uint64_t end_ns = support::soon();
    auto queue = queue_type::create({.capacity = 16, .capacity_weight = 10}).value();
    REQUIRE(queue.try_push(item{0, 4}));
    REQUIRE(queue.try_push(item{0, 6}));
    sleeping_producer<queue_type> heavy(queue, {0, 10});  // slept first: woken first
    sleeping_producer<queue_type> light(queue, {0, 2});
    std::thread third([&] {
      std::optional<late_signaller<queue_type>> consumer;
      turning_points::of_thread().after_announce = [&] { consumer.emplace(queue); };
      CHECK(queue.push(item{0, 1}, support::soon()).ok());
      REQUIRE(consumer.has_value());
      consumer->go();
    });
    third.join();
    CHECK(light.succeeds());  // 6 + 1 + 2
    std::size_t weight = 0;
    for (item out; weight < 9; weight += out.weight) REQUIRE(queue.pop(out, support::soon()).ok());
    CHECK(heavy.succeeds());
    CHECK(atlas::monotonic_ns() < end_ns);
  }

  TEST_CASE("coalesce: an element that is added wakes those whose values have its key") {
    using queue_type = stopped_queue<by_key>;
    const std::uint64_t end_ns = support::soon();
    auto queue = queue_type::create({.capacity = 1, .overflow = overflow::coalesce}).value();
    REQUIRE(queue.try_push(item{1}));
    sleeping_producer<queue_type> other(queue, {7});  // slept first: woken first
    sleeping_producer<queue_type> same(queue, {2});
    late_signaller<queue_type> consumer(queue);
    REQUIRE(queue.try_push(item{2}));
    consumer.go();
    CHECK(same.succeeds());
    CHECK(queue.statistics().coalesced == 1);
    item out;
    REQUIRE(queue.pop(out, support::soon()).ok());
    CHECK(out.key == 2);
    CHECK(other.succeeds());
    CHECK(atlas::monotonic_ns() < end_ns);
  }
}
