// SPDX-License-Identifier: Apache-2.0
// tests/queue/overflow_queue_rule_test.cpp -- when overflow_queue asks its rule, what it tells while the rule works,
// and what is left of it when any of the rule's calls, or of an element's, throws.
#include <atlas/queue/overflow_queue.hpp>

#include "support/waits.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

TEST_SUITE("overflow_queue_rule") {
  // Not without a name: queues are made of these, in headers that several files of tests share.
  namespace overflow_queue_rule {

  using atlas::errc;
  using atlas::overflow;
  using atlas::overflow_queue_options;
  using atlas::overflow_statistics;

  struct item {
    std::uint64_t key = 0;
    std::size_t weight = 0;
  };
  struct summing {
    [[nodiscard]] std::uint64_t key_of(const item& one) const noexcept { return one.key; }
    [[nodiscard]] std::size_t weight_of(const item& one) const noexcept {
      ++*asked;
      return one.weight;
    }
    [[nodiscard]] std::size_t merged_weight_of(const item& older, const item& newer) const noexcept {
      return older.weight + newer.weight;
    }
    void merge(item& older, item&& newer) const noexcept { older.weight += newer.weight; }
    int* asked = nullptr;
  };

  /// Keeps what is told of a size, which is the only word of 8 bytes.
  std::vector<std::uint64_t>& told_sizes() {
    static std::vector<std::uint64_t> all;
    return all;
  }
  template <class T>
  struct telling_atomic : atlas::atomic<T> {
    using atlas::atomic<T>::atomic;
    void store_release(T value) noexcept {
      if (sizeof(T) == 8) told_sizes().push_back(static_cast<std::uint64_t>(value));
      atlas::atomic<T>::store_release(value);
    }
  };

  // --- what throws ---

  int calls_left = 0;  // until one throws; 0: none does
  long living = 0;
  struct thrown {};
  void may_throw() {
    if (calls_left > 0 && --calls_left == 0) throw thrown();
  }
  struct throwing_item {
    throwing_item() noexcept { ++living; }
    throwing_item(std::uint64_t key_given, std::size_t weight_given) noexcept : key(key_given), weight(weight_given) {
      ++living;
    }
    throwing_item(throwing_item&& other) : key(other.key), weight(other.weight) {
      may_throw();
      ++living;
    }
    throwing_item& operator=(throwing_item&& other) {
      may_throw();
      key = other.key;
      weight = other.weight;
      return *this;
    }
    ~throwing_item() { --living; }
    std::uint64_t key = 0;
    std::size_t weight = 0;
  };
  struct throwing_rule {
    [[nodiscard]] std::uint64_t key_of(const throwing_item& one) const {
      may_throw();
      return one.key;
    }
    [[nodiscard]] std::size_t weight_of(const throwing_item& one) const {
      may_throw();
      return one.weight;
    }
    [[nodiscard]] std::size_t merged_weight_of(const throwing_item& older, const throwing_item& newer) const {
      may_throw();
      return older.weight + newer.weight;
    }
    void merge(throwing_item& older, throwing_item&& newer) const {
      may_throw();
      older.weight += newer.weight;
      may_throw();
    }
  };
  using throwing_queue = atlas::overflow_queue<throwing_item, throwing_rule>;

  /// One call of any kind.
  void call(throwing_queue& queue, std::mt19937& random, int throws_at) {
    std::vector<throwing_item> some;
    some.reserve(4);
    for (auto left = random() % 4; left != 0; --left) some.emplace_back(random() % 4, random() % 6);
    std::array<throwing_item, 3> out;
    std::size_t done = 0;
    const auto kind = random() % 4;
    calls_left = throws_at;
    if (kind == 0) static_cast<void>(queue.try_push_n(some));
    else if (kind == 1) static_cast<void>(queue.push_n(some, done, 1));  // a deadline that has passed
    else static_cast<void>(queue.try_pop_n({out.data(), random() % 4}));
  }

  }  // namespace overflow_queue_rule

  using namespace overflow_queue_rule;  // NOLINT

  TEST_CASE("what is seen without the lock is never what the queue is only while a push replaces something") {
    int asked = 0;
    using queue_type = atlas::overflow_queue<item, summing, atlas::sleeping, telling_atomic>;
    auto queue = queue_type::create({.capacity = 2,
                                     .capacity_weight = 10,
                                     .overflow = overflow::coalesce,
                                     .otherwise = overflow::drop_oldest},
                                    summing{&asked})
                     .value();
    REQUIRE(queue.try_push(item{1, 6}));
    told_sizes().clear();
    for (int i = 0; i < 5; ++i) REQUIRE(queue.try_push(item{1, 6}));  // too much for both: the older one goes
    REQUIRE(queue.try_push(item{2, 3}));
    for (std::uint64_t key = 3; key < 8; ++key) REQUIRE(queue.try_push(item{key, 1}));  // too many
    CHECK(queue.statistics().dropped_oldest == 10);
    for (const std::uint64_t size : told_sizes()) {
      CHECK(size >= 1);
      CHECK(size <= 2);
    }
  }

  TEST_CASE("a value's weight is asked under the lock alone, once a try") {
    int asked = 0;
    auto queue = atlas::overflow_queue<item, summing>::create({.capacity = 1, .capacity_weight = 10}, summing{&asked})
                     .value();
    CHECK(queue.push(item{0, 11}).error() == errc::limit_exceeded);
    CHECK(asked == 1);
    CHECK(queue.push(item{0, 1}).ok());
    CHECK(asked == 2);
    std::array<item, 2> some = {item{0, 1}, item{0, 11}};
    std::size_t pushed = 0;
    const auto refused = queue.push_n(some, pushed, 1);  // for want of room, before the second is asked
    CHECK(refused.error() == errc::timed_out);
    item out;
    REQUIRE(queue.try_pop(out));
    asked = 0;
    const auto heavy = queue.push_n(some, pushed, support::soon());
    CHECK(heavy.error() == errc::limit_exceeded);
    CHECK(heavy.error().row == 1);
    CHECK(pushed == 1);
    CHECK(asked == 2);
  }

  TEST_CASE("whichever call of the rule or of an element throws, counts and bounds hold, and every element ends once") {
    std::mt19937 random(7);
    long throws = 0;
    for (int round = 0; round < 600; ++round) {
      CAPTURE(round);
      const long before = living;
      {
        overflow_queue_options options{.capacity = random() % 4 + 1, .capacity_weight = random() % 12 + 1};
        options.overflow = static_cast<overflow>(random() % 5);
        if (options.overflow == overflow::coalesce) {
          constexpr overflow others[] = {overflow::block, overflow::drop_newest, overflow::drop_oldest,
                                         overflow::error};
          options.otherwise = others[random() % 4];
        }
        auto queue = throwing_queue::create(options).value();
        for (int i = 0; i < 60; ++i) {
          const int throws_at = random() % 3 == 0 ? static_cast<int>(random() % 12) + 1 : 0;
          try {
            call(queue, random, throws_at);
          } catch (const thrown&) {
            ++throws;
          }
          calls_left = 0;
          const overflow_statistics now = queue.statistics();
          const std::uint64_t gone = now.dropped_newest + now.dropped_oldest + now.coalesced;
          REQUIRE(now.pushed == now.popped + now.waiting + gone);
          REQUIRE(now.waiting <= options.capacity);
          REQUIRE(now.waiting_weight <= options.capacity_weight);
          REQUIRE(now.waiting == queue.size_approx());
          REQUIRE(queue.has_element() == (now.waiting != 0));
        }
      }
      REQUIRE(living == before);
    }
    CHECK(throws > 1000);
  }
}
