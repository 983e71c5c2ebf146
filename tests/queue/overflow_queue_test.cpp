// SPDX-License-Identifier: Apache-2.0
// tests/queue/overflow_queue_test.cpp -- mirrors include/atlas/queue/overflow_queue.hpp.
#include <atlas/queue/overflow_queue.hpp>  // first, so that a missing include in it fails here

#include <atlas/core/clock.hpp>
#include <atlas/queue.hpp>

#include "support/counted.hpp"
#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

TEST_SUITE("overflow_queue") {
namespace {

using atlas::overflow;
using atlas::overflow_queue_options;
using atlas::overflow_statistics;

/// What is pushed: the numbers of its pushes, of which each weighs one.
struct parcel {
  std::uint64_t key = 0;
  std::vector<int> numbers{};
  friend bool operator==(const parcel&, const parcel&) = default;
};

struct by_key {
  [[nodiscard]] std::uint64_t key_of(const parcel& one) const noexcept { return one.key; }
};
struct by_weight {
  [[nodiscard]] std::size_t weight_of(const parcel& one) const noexcept { return one.numbers.size(); }
};
struct by_both : by_key, by_weight {};
struct appending : by_key {
  void merge(parcel& older, parcel&& newer) const {
    older.numbers.insert(older.numbers.end(), newer.numbers.begin(), newer.numbers.end());
    newer.numbers.clear();
  }
};
struct appending_weighed : appending, by_weight {
  [[nodiscard]] std::size_t merged_weight_of(const parcel& older, const parcel& newer) const noexcept {
    return older.numbers.size() + newer.numbers.size();
  }
};

template <class Rule>
inline constexpr bool has_keys = std::is_base_of_v<by_key, Rule>;
template <class Rule>
inline constexpr bool has_weight = std::is_base_of_v<by_weight, Rule>;
template <class Rule>
inline constexpr bool appends = std::is_base_of_v<appending, Rule>;

/// What the documentation says, the plain way.
template <class Rule>
class overflow_model {
 public:
  explicit overflow_model(const overflow_queue_options& options) : options_(options) {}

  /// Whether the push succeeds.
  bool push(const parcel& value) {
    if (put(value)) {
      ++counts.pushed;
      return true;
    }
    return false;
  }
  void refuse(std::size_t values) {
    const overflow last = options_.overflow == overflow::coalesce ? options_.otherwise : options_.overflow;
    if (last == overflow::error) counts.refused += values;
  }
  parcel pop() {
    parcel oldest = waiting.front();
    waiting.pop_front();
    ++counts.popped;
    return oldest;
  }
  [[nodiscard]] std::size_t weight() const {
    std::size_t sum = 0;
    for (const parcel& one : waiting) sum += weight_of(one);
    return sum;
  }
  std::deque<parcel> waiting;
  overflow_statistics counts;

 private:
  static std::size_t weight_of(const parcel& one) { return has_weight<Rule> ? one.numbers.size() : 0; }
  [[nodiscard]] bool fits(std::size_t elements, std::size_t weight) const {
    return elements <= options_.capacity && (options_.capacity_weight == 0 || weight <= options_.capacity_weight);
  }
  bool put(const parcel& value) {
    if (!fits(1, weight_of(value))) return false;
    overflow how = options_.overflow;
    const bool coalesces = how == overflow::coalesce && value.key != 0;
    if (how == overflow::coalesce) how = options_.otherwise;
    for (;;) {
      const auto same = std::find_if(waiting.begin(), waiting.end(),
                                     [&](const parcel& one) { return coalesces && one.key == value.key; });
      if (same != waiting.end()) {
        parcel merged = value;
        if (appends<Rule>) merged.numbers.insert(merged.numbers.begin(), same->numbers.begin(), same->numbers.end());
        if (fits(1, weight() - weight_of(*same) + weight_of(merged))) {
          *same = merged;
          ++counts.coalesced;
          return true;
        }
      } else if (fits(waiting.size() + 1, weight() + weight_of(value))) {
        waiting.push_back(value);
        return true;
      }
      if (how == overflow::drop_newest) ++counts.dropped_newest;
      if (how != overflow::drop_oldest) return how == overflow::drop_newest;
      waiting.pop_front();
      ++counts.dropped_oldest;
    }
  }

  overflow_queue_options options_;
};

void require_same(const overflow_statistics& now, const overflow_statistics& want) {
  REQUIRE(now.pushed == want.pushed);
  REQUIRE(now.popped == want.popped);
  REQUIRE(now.dropped_newest == want.dropped_newest);
  REQUIRE(now.dropped_oldest == want.dropped_oldest);
  REQUIRE(now.coalesced == want.coalesced);
  REQUIRE(now.refused == want.refused);
}
void require_identity(const overflow_statistics& now) {
  REQUIRE(now.pushed == now.popped + now.waiting + now.dropped_newest + now.dropped_oldest + now.coalesced);
}

template <class Rule>
void agrees_with_the_model(const overflow_queue_options& options, std::uint64_t seed, int steps) {
  auto queue = atlas::overflow_queue<parcel, Rule>::create(options).value();
  overflow_model<Rule> model(options);
  std::mt19937_64 random(seed);
  int next = 0;
  const auto fresh = [&] {
    parcel made{random() % 5, {}};
    for (std::size_t i = 1 + random() % 3; i != 0; --i) made.numbers.push_back(next++);
    return made;
  };
  for (int step = 0; step < steps; ++step) {
    switch (random() % 8) {
      case 0:
      case 1: {
        parcel value = fresh();
        const parcel copy = value;
        const bool pushed = queue.try_push(std::move(value));
        REQUIRE(pushed == model.push(copy));
        if (!pushed) {
          model.refuse(1);
          REQUIRE(value == copy);  // NOLINT: promised
        }
        break;
      }
      case 2: {
        std::vector<parcel> values(random() % 4);
        for (parcel& one : values) one = fresh();
        std::vector<parcel> copies = values;
        const std::size_t pushed = queue.try_push_n(values);
        for (std::size_t i = 0; i < copies.size() && i <= pushed; ++i) REQUIRE(model.push(copies[i]) == (i < pushed));
        model.refuse(copies.size() - pushed);
        for (std::size_t i = pushed; i < copies.size(); ++i) REQUIRE(values[i] == copies[i]);
        break;
      }
      case 3: {
        if (random() % 8 != 0) break;  // it spins before it gives up
        parcel value = fresh();
        const parcel copy = value;
        const atlas::status pushed = queue.push(std::move(value), 1);
        REQUIRE(pushed.ok() == model.push(copy));
        if (!pushed.ok()) {
          model.refuse(1);
          const overflow last = options.overflow == overflow::coalesce ? options.otherwise : options.overflow;
          const bool is_heavy = options.capacity_weight != 0 && copy.numbers.size() > options.capacity_weight;
          const bool is_refused = is_heavy || last == overflow::error;
          REQUIRE(pushed.error() == (is_refused ? atlas::errc::limit_exceeded : atlas::errc::timed_out));
          REQUIRE(value == copy);  // NOLINT: promised
        }
        break;
      }
      case 4:
      case 5: {
        parcel out;
        REQUIRE(queue.try_pop(out) == !model.waiting.empty());
        if (!model.waiting.empty()) REQUIRE(out == model.pop());
        break;
      }
      case 6: {
        std::vector<parcel> out(random() % 4);
        const std::size_t popped = queue.try_pop_n(out);
        REQUIRE(popped == std::min(out.size(), model.waiting.size()));
        for (std::size_t i = 0; i < popped; ++i) REQUIRE(out[i] == model.pop());
        break;
      }
      default: {
        std::size_t left = random() % 3;
        std::vector<parcel> shown;
        const std::size_t taken = queue.try_consume_n(3, [&](parcel& one) {
          shown.push_back(one);
          return left-- != 0;
        });
        REQUIRE(shown.size() <= taken + 1);
        for (std::size_t i = 0; i < taken; ++i) REQUIRE(shown[i] == model.pop());
        if (shown.size() > taken) REQUIRE(shown.back() == model.waiting.front());
      }
    }
    const overflow_statistics now = queue.statistics();
    REQUIRE(queue.size_approx() == model.waiting.size());
    REQUIRE(now.waiting == model.waiting.size());
    REQUIRE(now.waiting_weight == model.weight());
    require_same(now, model.counts);
    require_identity(now);
  }
}

template <class Rule>
std::vector<overflow_queue_options> every_policy() {
  std::vector<overflow_queue_options> all;
  for (const std::size_t capacity : {1U, 2U, 3U, 6U}) {
    for (const std::size_t weight : {0U, 2U, 5U}) {
      if (weight != 0 && !has_weight<Rule>) continue;
      for (const overflow one : {overflow::block, overflow::drop_newest, overflow::drop_oldest, overflow::error}) {
        overflow_queue_options options{.capacity = capacity, .capacity_weight = weight, .overflow = one};
        all.push_back(options);
        options.otherwise = one;
        options.overflow = overflow::coalesce;
        if (has_keys<Rule>) all.push_back(options);
      }
    }
  }
  return all;
}

}  // namespace

  static_assert(atlas::bounded_queue<atlas::overflow_queue<int>>);
  static_assert(atlas::bounded_queue<atlas::overflow_queue<std::unique_ptr<int>>>);
  static_assert(noexcept(std::declval<atlas::overflow_queue<parcel, by_both>&>().try_push(parcel{})));
  static_assert(!noexcept(std::declval<atlas::overflow_queue<parcel, appending>&>().try_push(parcel{})));
  static_assert(noexcept(std::declval<atlas::overflow_queue<parcel, appending>&>().try_pop(std::declval<parcel&>())));

  TEST_CASE_TEMPLATE("every policy: any sequence of calls by one thread does what the model does", Rule,
                     atlas::any_element, by_key, by_weight, by_both, appending, appending_weighed) {
    for (const overflow_queue_options& options : every_policy<Rule>()) {
      CAPTURE(options.capacity);
      CAPTURE(options.capacity_weight);
      CAPTURE(static_cast<int>(options.overflow));
      CAPTURE(static_cast<int>(options.otherwise));
      for (std::uint64_t seed = 0; seed < (support::under_thread_sanitizer ? 2 : 12); ++seed) {
        agrees_with_the_model<Rule>(options, seed, 150);
      }
    }
  }

  TEST_CASE("create: refuses what cannot be, by name") {
    using plain = atlas::overflow_queue<parcel>;
    using keyed = atlas::overflow_queue<parcel, by_both>;
    CHECK(plain::create({.capacity = 0}).error() == atlas::errc::invalid_argument);
    CHECK(plain::create({.capacity = atlas::max_queue_capacity + 1}).error() == atlas::errc::limit_exceeded);
    using queue_of_huge = atlas::overflow_queue<std::array<char, std::size_t{1} << 20>>;
    CHECK(queue_of_huge::create({.capacity = atlas::max_queue_capacity}).error() == atlas::errc::no_memory);
    const auto says = [](const auto& made, const std::string& text) {
      char said[512];
      atlas::describe(made.error(), said, sizeof said);
      CHECK(std::string(said) == text);
    };
    says(plain::create({.overflow = overflow::coalesce}),
         "invalid argument: queue.overflow: expected a rule with key_of, found one without");
    says(plain::create({.capacity_weight = 1}),
         "invalid argument: queue.capacity_weight: expected a rule with weight_of, found one without");
    says(keyed::create({.overflow = static_cast<overflow>(5)}),
         "invalid argument: queue.overflow: expected a policy, found 5");
    says(keyed::create({.overflow = overflow::coalesce, .otherwise = overflow::coalesce}),
         "invalid argument: queue.otherwise: expected a policy other than coalesce, found 3");
    says(keyed::create({.overflow = overflow::error, .otherwise = overflow::drop_newest}),
         "invalid argument: queue.otherwise: expected block, as it is asked under coalesce alone, found 1");
    says(keyed::create({.capacity_weight = (std::size_t{1} << 62) + 1}),
         "limit exceeded: queue.capacity_weight: expected 4611686018427387904, found 4611686018427387905");
    CHECK(keyed::create().value().capacity() == 1024);
  }

  TEST_CASE("a value that could never be held is refused at once, by number, under every policy") {
    for (const overflow how : {overflow::block, overflow::drop_newest, overflow::drop_oldest, overflow::error}) {
      auto queue = atlas::overflow_queue<parcel, by_both>::create({.capacity_weight = 2, .overflow = how}).value();
      std::array<parcel, 3> values{parcel{0, {1}}, parcel{0, {2, 3, 4}}, parcel{0, {5}}};
      std::size_t pushed = 9;
      const atlas::status outcome = queue.push_n(values, pushed);
      CHECK(outcome.error() == atlas::errc::limit_exceeded);
      CHECK(outcome.error().row == 1);
      CHECK(outcome.error().expected == 2);
      CHECK(outcome.error().found == 3);
      CHECK(pushed == 1);
      CHECK(values[1].numbers.size() == 3);
      CHECK(values[2].numbers.size() == 1);
      CHECK(queue.statistics().waiting == 1);
      CHECK(queue.statistics().dropped_oldest == 0);
    }
  }

  TEST_CASE("coalesce: the last state waits once, in the first place; without a key nothing is lost in another") {
    auto queue = atlas::overflow_queue<parcel, appending>::create(
                     {.capacity = 3, .overflow = overflow::coalesce, .otherwise = overflow::error})
                     .value();
    for (const auto& [key, number] : {std::pair{7U, 1}, {0U, 2}, {7U, 3}, {8U, 4}, {7U, 5}, {8U, 6}}) {
      REQUIRE(queue.push(parcel{key, {number}}).ok());
    }
    CHECK(queue.push(parcel{0, {9}}).error() == atlas::errc::limit_exceeded);
    parcel out;
    REQUIRE(queue.try_pop(out));
    CHECK(out == parcel{7, {1, 3, 5}});
    REQUIRE(queue.try_pop(out));
    CHECK(out == parcel{0, {2}});
    REQUIRE(queue.push(parcel{7, {8}}).ok());  // what was popped takes nothing in
    REQUIRE(queue.try_pop(out));
    CHECK(out == parcel{8, {4, 6}});
    REQUIRE(queue.try_pop(out));
    CHECK(out == parcel{7, {8}});
    CHECK(queue.statistics().coalesced == 3);
    CHECK(queue.statistics().refused == 1);
  }

  TEST_CASE("a push that fails leaves the value, and close drains") {
    auto queue = atlas::overflow_queue<std::unique_ptr<int>>::create({.capacity = 1}).value();
    CHECK(queue.try_push(std::make_unique<int>(1)));
    auto kept = std::make_unique<int>(2);
    CHECK_FALSE(queue.try_push(std::move(kept)));
    CHECK(queue.push(std::move(kept), atlas::monotonic_ns() + 1'000'000).error() == atlas::errc::timed_out);
    REQUIRE(kept != nullptr);  // NOLINT: promised
    queue.close();
    queue.close();
    CHECK(queue.is_closed());
    CHECK(queue.push(std::move(kept)).error() == atlas::errc::closed);
    CHECK_FALSE(queue.try_push(std::move(kept)));
    CHECK(queue.try_push_n({&kept, 1}) == 0);
    REQUIRE(kept != nullptr);
    std::unique_ptr<int> out;
    CHECK(queue.pop(out).ok());
    CHECK(*out == 1);
    CHECK(queue.pop(out).error() == atlas::errc::closed);
    CHECK(*out == 1);
    CHECK(queue.statistics().pushed == 1);
    CHECK(queue.statistics().refused == 0);
  }

  TEST_CASE("consume_n: a first element that is left is no reason to wait") {
    auto queue = atlas::overflow_queue<int>::create({.capacity = 4}).value();
    std::size_t taken = 9;
    CHECK(queue.consume_n(2, [](int&) { return true; }, taken, 1).error() == atlas::errc::timed_out);
    CHECK(taken == 0);
    REQUIRE(queue.push(5).ok());
    int shown = 0;
    REQUIRE(queue.consume_n(2, [&](int& one) {
      shown = one;
      return false;
    }, taken).ok());
    CHECK(taken == 0);
    CHECK(shown == 5);
    CHECK(queue.size_approx() == 1);
    REQUIRE(queue.consume_n(0, [](int&) { return true; }, taken).ok());
    CHECK(queue.size_approx() == 1);
  }

  TEST_CASE("emplace_n: elements are made in their places of sources that the rule reads as well") {
    struct raw {
      std::uint64_t key;
      int number;
    };
    struct made_parcel : parcel {
      explicit made_parcel(raw&& from) : parcel{from.key, {from.number}} {}
    };
    struct rule {
      [[nodiscard]] std::uint64_t key_of(const raw& one) const noexcept { return one.key; }
      [[nodiscard]] std::uint64_t key_of(const parcel& one) const noexcept { return one.key; }
      void merge(made_parcel& older, made_parcel&& newer) const { older.numbers.push_back(newer.numbers.front()); }
    };
    using made_queue = atlas::overflow_queue<made_parcel, rule>;
    auto queue = made_queue::create({.capacity = 2, .overflow = overflow::coalesce}).value();
    std::array<raw, 5> sources{raw{1, 10}, raw{2, 20}, raw{1, 11}, raw{3, 30}, raw{1, 12}};
    CHECK(queue.try_emplace_n(atlas::span<raw>(sources)) == 3);
    std::size_t pushed = 9;
    CHECK(queue.emplace_n(atlas::span<raw>(sources).subspan(3, 2), pushed, 1).error() == atlas::errc::timed_out);
    CHECK(pushed == 0);
    std::vector<std::vector<int>> out;
    CHECK(queue.try_consume_n(9, [&](made_parcel& one) {
      out.push_back(one.numbers);
      return true;
    }) == 2);
    CHECK(out == std::vector<std::vector<int>>{{10, 11}, {20}});
  }

  TEST_CASE("every element ends once: those dropped, coalesced and left over") {
    struct parity {
      [[nodiscard]] std::uint64_t key_of(const support::counted& one) const noexcept {
        return static_cast<std::uint64_t>(one.number() % 3);
      }
    };
    const int before = support::counted::alive().load();
    for (const overflow how : {overflow::drop_newest, overflow::drop_oldest, overflow::coalesce}) {
      auto queue = atlas::overflow_queue<support::counted, parity>::create({.capacity = 3, .overflow = how}).value();
      for (int i = 0; i < 50; ++i) {
        static_cast<void>(queue.try_push(support::counted(i)));
        if (i % 7 == 0) {
          support::counted out;
          CHECK(queue.try_pop(out));
        }
      }
      require_identity(queue.statistics());
      const auto waiting = static_cast<int>(queue.size_approx());
      CHECK(support::counted::alive().load() == before + waiting);
      auto moved = std::move(queue);
      queue = std::move(moved);
      CHECK(support::counted::alive().load() == before + waiting);
    }
    CHECK(support::counted::alive().load() == before);
  }

#if defined(__cpp_exceptions)
  struct thrown {};
  /// Throws from its move, its assignment, its key or its merge when told to.
  struct fragile {
    explicit fragile(int value = 0) : number(value) {}
    fragile(fragile&& other) : number(other.number) {  // NOLINT: may throw
      if (fails_at == 1) throw thrown{};
    }
    fragile& operator=(fragile&& other) {  // NOLINT: may throw
      if (fails_at == 2) throw thrown{};
      number = other.number;
      return *this;
    }
    int number;
    static inline int fails_at = 0;
  };
  struct fragile_rule {
    [[nodiscard]] std::uint64_t key_of(const fragile& one) const {
      if (fragile::fails_at == 3) throw thrown{};
      return static_cast<std::uint64_t>(one.number);
    }
    void merge(fragile&, fragile&& newer) const {
      if (fragile::fails_at == 4 || (fragile::fails_at == 5 && newer.number == 2)) throw thrown{};
    }
  };

  TEST_CASE("what throws reaches the caller, and the queue is as it was") {
    for (const overflow otherwise : {overflow::block, overflow::drop_oldest}) {
      fragile::fails_at = 0;
      using fragile_queue = atlas::overflow_queue<fragile, fragile_rule>;
      const overflow_queue_options options{.capacity = 2, .overflow = overflow::coalesce, .otherwise = otherwise};
      auto queue = fragile_queue::create(options).value();
      REQUIRE(queue.try_push(fragile(1)));
      REQUIRE(queue.try_push(fragile(2)));
      overflow_statistics before = queue.statistics();
      const auto still = [&] {
        fragile::fails_at = 0;
        require_same(queue.statistics(), before);
        CHECK(queue.size_approx() == 2);
      };
      fragile three(3);
      fragile two(2);
      fragile out;
      fragile::fails_at = 1;
      if (otherwise == overflow::drop_oldest) {
        CHECK_THROWS_AS(static_cast<void>(queue.try_push(std::move(three))), thrown);
      }
      still();
      fragile::fails_at = 3;
      CHECK_THROWS_AS(static_cast<void>(queue.try_push(std::move(three))), thrown);
      still();
      fragile::fails_at = 4;
      CHECK_THROWS_AS(static_cast<void>(queue.push(std::move(two))), thrown);
      still();
      std::array<fragile, 3> batch{fragile(1), fragile(2), fragile(1)};
      std::size_t pushed = 9;
      fragile::fails_at = 5;
      CHECK_THROWS_AS(static_cast<void>(queue.push_n(batch, pushed)), thrown);
      CHECK(pushed == 1);
      fragile::fails_at = 0;
      CHECK(queue.statistics().coalesced == before.coalesced + 1);
      before = queue.statistics();
      fragile::fails_at = 2;
      CHECK_THROWS_AS(static_cast<void>(queue.try_pop(out)), thrown);
      still();
      CHECK(queue.try_pop(out));
      CHECK(out.number == 1);
      CHECK(queue.try_pop(out));
      CHECK(out.number == 2);
    }
  }
#endif
}
