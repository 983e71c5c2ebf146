// SPDX-License-Identifier: Apache-2.0
// tests/support/overflow_histories.hpp -- overflow_queue with its policies, keys, weights and counts as
// queue_histories.hpp runs it, and what it may do.
#ifndef ATLAS_TESTS_SUPPORT_OVERFLOW_HISTORIES_HPP
#define ATLAS_TESTS_SUPPORT_OVERFLOW_HISTORIES_HPP

#include <atlas/queue.hpp>

#include "support/queue_subjects.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace support {

/// What a number weighs, and what has the same key; 0 for none.
inline std::size_t weight_of_number(int number) { return 1 + static_cast<std::size_t>(number) % 3; }
inline std::uint64_t key_of_number(int number) { return static_cast<std::uint64_t>(number) % 4; }
/// What two of a key become when they are merged.
inline int merged_number(int older, int newer) { return newer % 2 != 0 ? older : newer; }
inline std::size_t weight_of_merged(int older, int newer) { return weight_of_number(older + newer); }

/// Rules of a queue of elements: what coalesces is replaced, or merged.
struct replacing_rule {
  static constexpr bool is_merging = false;
  [[nodiscard]] std::uint64_t key_of(const element& one) const noexcept { return key_of_number(one.number()); }
  [[nodiscard]] std::size_t weight_of(const element& one) const noexcept { return weight_of_number(one.number()); }
};
struct merging_rule : replacing_rule {
  static constexpr bool is_merging = true;
  void merge(element& older, element&& newer) const noexcept {
    older = element(merged_number(older.number(), newer.number()));
  }
  [[nodiscard]] std::size_t merged_weight_of(const element& older, const element& newer) const noexcept {
    return weight_of_merged(older.number(), newer.number());
  }
};

/// Every call happens at one moment, batches and the reading of the counts too.
class overflow_model : public history_model {
 public:
  static constexpr std::size_t most_capacity = 4;
  struct state {
    std::uint8_t values[most_capacity + 1] = {};
    std::uint8_t weights[most_capacity + 1] = {};
    std::uint8_t count = 0;
    std::uint8_t pushed = 0;
    std::uint8_t popped = 0;
    std::uint8_t dropped_newest = 0;
    std::uint8_t dropped_oldest = 0;
    std::uint8_t coalesced = 0;
    std::uint8_t refused = 0;
    std::uint8_t closed = 0;

    [[nodiscard]] std::size_t weight() const {
      std::size_t all = 0;
      for (std::size_t i = 0; i < count; ++i) all += weights[i];
      return all;
    }
    void remove_front() {
      for (std::size_t i = 1; i < count; ++i) {
        values[i - 1] = values[i];
        weights[i - 1] = weights[i];
      }
      --count;
      values[count] = weights[count] = 0;  // the same queue is the same state
    }
  };

  overflow_model(atlas::overflow_queue_options options, bool is_merging) : options_(options), is_merging_(is_merging) {}

  [[nodiscard]] static state begin() { return {}; }

  step advance(state& now, std::size_t which) const {
    const queue_event& event = events_[which];
    if (event.call == queue_call::close) {
      now.closed = 1;
      return step::last;
    }
    if (event.call == queue_call::count) return shows(now, event) ? step::last : step::none;
    if (event.call == queue_call::pop) {
      for (std::size_t i = 0; i < event.done; ++i) {
        if (now.count == 0 || now.values[0] != event.values[i]) return step::none;
        now.remove_front();
        ++now.popped;
      }
      return event.done == event.wanted || now.count == 0 || lenience_.missed_elements ? step::last : step::none;
    }
    const bool is_open = now.closed == 0 || lenience_.closing;
    for (std::size_t i = 0; i < event.done; ++i) {
      if (!is_open || !puts(now, event.values[i])) return step::none;
    }
    if (event.done == event.wanted || now.closed != 0) return step::last;
    state after = now;
    if (puts(after, event.values[event.done]) && !lenience_.refused_pushes) return step::none;
    if (last_resort() == atlas::overflow::error)
      now.refused = static_cast<std::uint8_t>(now.refused + event.wanted - event.done);
    return step::last;
  }

 private:
  [[nodiscard]] atlas::overflow last_resort() const {
    return options_.overflow == atlas::overflow::coalesce ? options_.otherwise : options_.overflow;
  }
  [[nodiscard]] static bool shows(const state& now, const queue_event& event) {
    return event.values[0] == now.dropped_newest && event.values[1] == now.dropped_oldest &&
           event.values[2] == now.coalesced && event.values[3] == now.count && event.level == now.pushed &&
           event.length == now.popped && event.written == now.refused && event.missed == now.weight();
  }
  [[nodiscard]] bool fits(std::size_t count, std::size_t weight) const {
    return lenience_.capacity ||
           (count <= options_.capacity && (options_.capacity_weight == 0 || weight <= options_.capacity_weight));
  }
  static void drop_oldest(state& now) {
    now.remove_front();
    ++now.dropped_oldest;
  }
  /// Whether a push of the value succeeds, and what it does.
  [[nodiscard]] bool puts(state& now, std::uint8_t value) const {
    const std::size_t weight = weight_of_number(value);
    if (!fits(1, weight)) return false;
    const atlas::overflow last = last_resort();
    const auto without_room = [&] {
      if (last != atlas::overflow::drop_newest) return false;
      ++now.dropped_newest;
      ++now.pushed;
      return true;
    };
    for (;;) {
      std::size_t older = now.count;
      for (std::size_t i = 0; i < now.count; ++i) {
        if (options_.overflow == atlas::overflow::coalesce && key_of_number(value) != 0 &&
            key_of_number(now.values[i]) == key_of_number(value))
          older = i;
      }
      if (older == now.count) break;
      const std::uint8_t before = now.values[older];
      const std::size_t merged = is_merging_ ? weight_of_merged(before, value) : weight;
      if (fits(1, now.weight() - now.weights[older] + merged)) {
        now.values[older] = is_merging_ ? static_cast<std::uint8_t>(merged_number(before, value)) : value;
        now.weights[older] = static_cast<std::uint8_t>(merged);
        ++now.coalesced;
        ++now.pushed;
        return true;
      }
      if (last != atlas::overflow::drop_oldest) return without_room();
      drop_oldest(now);
    }
    if (!fits(now.count + 1U, now.weight() + weight)) {
      if (last != atlas::overflow::drop_oldest) return without_room();
      while (!fits(now.count + 1U, now.weight() + weight)) drop_oldest(now);
    }
    if (now.count > most_capacity) return false;  // more than the queue was told, and than there is room for here
    now.values[now.count] = value;
    now.weights[now.count++] = static_cast<std::uint8_t>(weight);
    ++now.pushed;
    return true;
  }

  atlas::overflow_queue_options options_;
  bool is_merging_;
};

/// @tparam Queue  an overflow_queue of elements and one of the rules
template <class Queue, class Rule>
class overflow_subject {
 public:
  static constexpr unsigned least_threads = 2;
  static constexpr unsigned most_threads = 4;
  static constexpr bool is_drained = false;  // what was dropped does not come out

  explicit overflow_subject(quick_random& random)
      : options_(drawn_options(random)), queue_(Queue::create(options_).value()) {}

  void plan(quick_random& random, history& plan) {
    planner made(random);
    for (std::uint64_t i = random.below(4); i != 0; --i) plan.before.push_back(made.push(false));
    made.share_out(plan, [&](unsigned) {
      if (made.one_in(5)) return queue_event{.call = queue_call::count};
      return made.one_in(3) ? made.pop(made.one_in(3)) : made.push(made.one_in(3));
    });
    if (made.one_in(3)) made.close(plan.of_thread[random.below(plan.threads)]);
  }
  void perform(unsigned, queue_event& event) {
    element values[most_batch] = {element(event.values[0]), element(event.values[1]), element(event.values[2]),
                                  element(event.values[3])};
    const atlas::span<element> some(values, event.wanted);
    if (event.call == queue_call::close) {
      queue_.close();
    } else if (event.call == queue_call::count) {
      tells(queue_.statistics(), event);
    } else if (event.call == queue_call::push) {
      event.done = static_cast<std::uint8_t>(event.is_batch ? queue_.try_push_n(some)
                                                            : std::size_t{queue_.try_push(std::move(values[0]))});
    } else {
      event.done =
          static_cast<std::uint8_t>(event.is_batch ? queue_.try_pop_n(some) : std::size_t{queue_.try_pop(values[0])});
      for (std::size_t i = 0; i < event.done; ++i) event.values[i] = event_value(values[i].number());
    }
    at_atomic();
  }
  template <class Call>
  void drain(history& done, Call call) {
    drain_by_pops(done, 2 * overflow_model::most_capacity, call);
    call(done.after.emplace_back(queue_event{.call = queue_call::count}));
  }
  [[nodiscard]] overflow_model model() const { return overflow_model(options_, Rule::is_merging); }

 private:
  static atlas::overflow_queue_options drawn_options(quick_random& random) {
    atlas::overflow_queue_options options;
    options.capacity = 1 + random.below(overflow_model::most_capacity);
    options.capacity_weight = random.below(2) == 0 ? 0 : 2 + random.below(6);
    options.overflow = static_cast<atlas::overflow>(random.below(5));
    if (options.overflow == atlas::overflow::coalesce) {
      constexpr atlas::overflow others[] = {atlas::overflow::block, atlas::overflow::drop_newest,
                                            atlas::overflow::drop_oldest, atlas::overflow::error};
      options.otherwise = others[random.below(4)];
    }
    return options;
  }
  static void tells(const atlas::overflow_statistics& counts, queue_event& event) {
    event.done = most_batch;
    event.values[0] = static_cast<std::uint8_t>(counts.dropped_newest);
    event.values[1] = static_cast<std::uint8_t>(counts.dropped_oldest);
    event.values[2] = static_cast<std::uint8_t>(counts.coalesced);
    event.values[3] = static_cast<std::uint8_t>(counts.waiting);
    event.level = static_cast<std::uint8_t>(counts.pushed);
    event.length = static_cast<std::uint8_t>(counts.popped);
    event.written = static_cast<std::uint8_t>(counts.refused);
    event.missed = static_cast<std::uint8_t>(counts.waiting_weight);
  }

  atlas::overflow_queue_options options_;
  Queue queue_;
};

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_OVERFLOW_HISTORIES_HPP
