// SPDX-License-Identifier: Apache-2.0
// tests/support/linearizability.hpp -- could a recorded history of a bounded queue have happened one step at a time?
//
// The search is that of Wing and Gong, "Testing and verifying concurrent objects" (1993), which tries every order of
// the steps that respects real time against a sequential queue, with the states that led nowhere remembered (Lowe,
// "Testing for linearizability", 2017). What a step may do is the model's: queue_models.hpp.
#ifndef ATLAS_TESTS_SUPPORT_LINEARIZABILITY_HPP
#define ATLAS_TESTS_SUPPORT_LINEARIZABILITY_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

namespace support {

enum class queue_call : std::uint8_t {
  push,
  pop,
  close,
  subscribe,
  unsubscribe,
  count,  ///< the counts of an overflow_queue
};

inline constexpr std::size_t most_batch = 4;

/// One finished call. The values pushed in one history all differ, and are 1 to 254.
struct queue_event {
  queue_call call = queue_call::push;
  std::uint8_t wanted = 1;  ///< elements: 1, or those of a batch
  std::uint8_t done = 0;    ///< how many of them were pushed or popped
  std::uint8_t values[most_batch] = {};
  std::uint64_t begin = 0;  ///< moments of one clock
  std::uint64_t end = 0;
  std::uint8_t who = 0;      ///< the reader of a broadcast
  std::uint8_t level = 0;    ///< of a priority_queue
  std::uint8_t length = 0;   ///< bytes claimed for a record
  std::uint8_t written = 0;  ///< bytes of it that were committed
  std::uint8_t missed = 0;   ///< elements that a reader was told of in this call
  bool is_batch = false;     ///< made by the call for several
};

/// Parts of a promise that are left out, to see which of them it is that a history breaks.
struct leniency {
  bool refused_pushes = false;   ///< a push may fail for no reason
  bool missed_elements = false;  ///< a pop may find nothing for no reason
  bool capacity = false;         ///< there is no end of room
  bool closing = false;          ///< a push may succeed after close
};

/// Calls that a history may have.
inline constexpr std::size_t most_events = 48;
using event_set = std::uint64_t;

enum class step : std::uint8_t {
  none,
  one,
  last,
};

/// The search for an order. A model has
///   state                      trivially copyable, no padding: what the queue is like, and how far the events are
///   that take several steps
///   begins(events, lenience)   what is to be explained
///   begin()                    the empty queue
///   advance(state&, event)     takes the next step of an event: whether the queue could do so now, and whether it
///   was the last
template <class Model>
class history_search {
 public:
  using state = typename Model::state;
  static_assert(std::has_unique_object_representations_v<state>, "a state is hashed as bytes");

  explicit history_search(const Model& model) : model_(model) {}

  /// Whether some order explains the events.
  bool explains(const std::vector<queue_event>& events) {
    count_ = events.size();
    if (count_ > most_events) return false;
    // What ended first is tried first: it is the order of most histories.
    for (std::size_t i = 0; i < count_; ++i) {
      std::size_t at = i;
      for (; at > 0 && events[order_[at - 1]].end > events[i].end; --at) order_[at] = order_[at - 1];
      order_[at] = static_cast<std::uint8_t>(i);
      before_[i] = 0;
      for (std::size_t other = 0; other < count_; ++other) {
        if (events[other].end < events[i].begin) before_[i] |= event_set{1} << other;
      }
    }
    dead_ends_.clear();
    return goes_on(model_.begin(), (event_set{1} << count_) - 1);
  }

 private:
  bool goes_on(const state& now, event_set left) {
    if (left == 0) return true;
    const std::uint64_t hash = hash_of(now, left);
    if (dead_ends_.holds(hash)) return false;
    for (std::size_t i = 0; i < count_; ++i) {
      const std::size_t event = order_[i];
      if ((left >> event & 1U) == 0 || (before_[event] & left) != 0) continue;
      state next = now;
      const step took = model_.advance(next, event);
      if (took == step::none) continue;
      if (goes_on(next, took == step::last ? left & ~(event_set{1} << event) : left)) return true;
    }
    dead_ends_.add(hash);
    return false;
  }
  static std::uint64_t hash_of(const state& what, event_set left) {
    std::uint64_t words[(sizeof(state) + 7) / 8 + 1] = {left};
    std::memcpy(words + 1, &what, sizeof what);
    std::uint64_t hash = 0x9e3779b97f4a7c15U;
    for (const std::uint64_t word : words) {
      hash = (hash ^ word) * 0xff51afd7ed558ccdU;
      hash ^= hash >> 32;
    }
    return hash | 1U;
  }

  /// Hashes of states; two alike would cost an explanation, and never find one that is none.
  class hash_set {
   public:
    void clear() {
      if (size_ != 0) slots_.assign(slots_.size(), 0);
      size_ = 0;
    }
    [[nodiscard]] bool holds(std::uint64_t hash) const { return size_ != 0 && slots_[place_of(hash)] == hash; }
    void add(std::uint64_t hash) {
      if (size_ * 2 >= slots_.size()) grow();
      slots_[place_of(hash)] = hash;
      ++size_;
    }

   private:
    [[nodiscard]] std::size_t place_of(std::uint64_t hash) const {
      std::size_t at = (hash >> 8) & (slots_.size() - 1);
      while (slots_[at] != 0 && slots_[at] != hash) at = (at + 1) & (slots_.size() - 1);
      return at;
    }
    void grow() {
      std::vector<std::uint64_t> old(slots_.empty() ? 256 : slots_.size() * 2);
      old.swap(slots_);
      for (const std::uint64_t hash : old) {
        if (hash != 0) slots_[place_of(hash)] = hash;
      }
    }
    std::vector<std::uint64_t> slots_;
    std::size_t size_ = 0;
  };

  const Model& model_;
  std::size_t count_ = 0;
  std::uint8_t order_[most_events] = {};
  event_set before_[most_events] = {};  // events that were over when this one began
  hash_set dead_ends_;
};

/// What is wrong with a history.
enum class verdict : std::uint8_t {
  linearizable,
  from_nowhere,   ///< an element came out that nobody pushed, or whose push was refused
  twice,          ///< an element came out twice (of a broadcast: to one reader)
  lost,           ///< what was pushed was not there when the queue was drained
  refused,        ///< a push failed, or a batch was cut short, although there was room
  missed,         ///< a pop found nothing, or too little, although there was more
  over_capacity,  ///< there were more elements in the queue than it holds
  after_close,    ///< a push succeeded after close
  out_of_order,   ///< none of these, but no order explains it
};

inline const char* name_of(verdict which) {
  constexpr const char* names[] = {"linearizable", "from nowhere",  "twice",       "lost",        "refused",
                                   "missed",       "over capacity", "after close", "out of order"};
  return names[static_cast<std::size_t>(which)];
}

/// Whether the events are explained by a model, and if not, by what they are not.
/// @param is_drained  the last pop of each reader found nothing, and nobody pushed after it: then what was pushed and
/// did not come
///                    out is lost. Not of a broadcast that overwrites
template <class Model>
verdict judge(const std::vector<queue_event>& events, Model model, bool is_drained) {
  const auto is_explained = [&](leniency lenience) {
    model.begins(events, lenience);
    return history_search<Model>(model).explains(events);
  };
  if (is_explained({})) return verdict::linearizable;
  std::uint64_t pushed[4] = {};
  std::uint64_t popped[8][4] = {};
  const auto mark = [](std::uint64_t(&set)[4], std::uint8_t value) {
    const std::uint64_t bit = std::uint64_t{1} << value % 64;
    const bool was_set = (set[value / 64] & bit) != 0;
    set[value / 64] |= bit;
    return was_set;
  };
  for (const queue_event& event : events) {
    for (std::size_t i = 0; event.call == queue_call::push && i < event.done; ++i) mark(pushed, event.values[i]);
  }
  bool is_twice = false;
  for (const queue_event& event : events) {
    if (event.call != queue_call::pop) continue;
    for (std::size_t i = 0; i < event.done; ++i) {
      const std::uint8_t value = event.values[i];
      if ((pushed[value / 64] >> value % 64 & 1U) == 0) return verdict::from_nowhere;
      is_twice = mark(popped[event.who % 8], value) || is_twice;
    }
  }
  if (is_twice) return verdict::twice;
  if (is_drained) {
    for (std::size_t word = 0; word < 4; ++word) {
      if ((pushed[word] & ~popped[0][word]) != 0) return verdict::lost;
    }
  }
  if (is_explained({.refused_pushes = true})) return verdict::refused;
  if (is_explained({.missed_elements = true})) return verdict::missed;
  if (is_explained({.refused_pushes = true, .capacity = true})) return verdict::over_capacity;
  if (is_explained({.closing = true})) return verdict::after_close;
  return verdict::out_of_order;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_LINEARIZABILITY_HPP
