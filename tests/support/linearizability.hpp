// SPDX-License-Identifier: Apache-2.0
// tests/support/linearizability.hpp -- could a recorded history of a bounded queue have happened one step at a time?
//
// The search is that of Wing and Gong, "Testing and verifying concurrent objects" (1993): every order of the steps
// that respects real time is tried against a sequential queue, with the states that led nowhere remembered.
#ifndef ATLAS_TESTS_SUPPORT_LINEARIZABILITY_HPP
#define ATLAS_TESTS_SUPPORT_LINEARIZABILITY_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

namespace support {

enum class queue_call : std::uint8_t {
  push,
  pop
};

/// One finished call. The values pushed in one history all differ; `begin` and `end` are moments of one clock.
struct queue_event {
  queue_call call = queue_call::push;
  bool succeeded = false;
  int value = 0;  ///< what was pushed, or what came out
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

enum class queue_model : std::uint8_t {
  strict,     ///< each call happens at one moment; false means full or empty
  reserving,  ///< a success claims its place at one moment and finishes at a later one; false also means that the
              ///< place due next is claimed by a call that has not finished
};

/// Whether some sequential order explains the history. At most 60 events; a few dozen are quick.
class queue_history_check {
 public:
  queue_history_check(const std::vector<queue_event>& events, std::size_t capacity, queue_model model)
      : events_(events), capacity_(capacity), model_(model), steps_(events.size(), '0') {}

  bool is_explained() {
    std::string key = steps_;
    for (const place& one : places_) key += ' ' + std::to_string(one.value);
    if (!seen_.insert(key).second) return false;
    bool is_finished = true;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (is_done(i)) continue;
      is_finished = false;
      if (may_begin(i) && tries(i)) return true;
    }
    return is_finished;
  }

 private:
  struct place {
    int value;
    bool is_published;
    bool is_emptied;
  };

  bool is_done(std::size_t i) const { return steps_[i] == '2'; }
  bool may_begin(std::size_t i) const {
    for (std::size_t other = 0; other < events_.size(); ++other) {
      if (!is_done(other) && events_[other].end < events_[i].begin) return false;
    }
    return true;
  }

  // Takes the next step of event i if the model allows it, and goes on from there; undoes it if that fails.
  bool tries(std::size_t i) {
    const queue_event& event = events_[i];
    const std::size_t tail = places_.size();
    const bool has_room = tail < capacity_ || places_[tail - capacity_].is_emptied;
    const bool has_element = popped_ < tail && places_[popped_].is_published;
    const bool is_one_step = model_ == queue_model::strict;
    const char before = steps_[i];
    if (before == '1') return finishes(i);
    if (!event.succeeded) {
      if (event.call == queue_call::push ? has_room : has_element) return false;
      steps_[i] = '2';
      if (is_explained()) return true;
    } else if (event.call == queue_call::push) {
      if (!has_room) return false;
      places_.push_back({event.value, is_one_step, false});
      steps_[i] = is_one_step ? '2' : '1';
      if (is_explained()) return true;
      places_.pop_back();
    } else {
      if (!has_element || places_[popped_].value != event.value) return false;
      places_[popped_].is_emptied = is_one_step;
      ++popped_;
      steps_[i] = is_one_step ? '2' : '1';
      if (is_explained()) return true;
      --popped_;
      places_[popped_].is_emptied = false;
    }
    steps_[i] = before;
    return false;
  }
  bool finishes(std::size_t i) {
    const queue_event& event = events_[i];
    std::size_t which = 0;
    while (places_[which].value != event.value) ++which;
    bool place::*const flag = event.call == queue_call::push ? &place::is_published : &place::is_emptied;
    places_[which].*flag = true;
    steps_[i] = '2';
    if (is_explained()) return true;
    places_[which].*flag = false;
    steps_[i] = '1';
    return false;
  }

  const std::vector<queue_event>& events_;
  const std::size_t capacity_;
  const queue_model model_;
  std::string steps_;          // of each event: '0' not begun, '1' claimed, '2' done
  std::vector<place> places_;  // every push so far, in order of claim
  std::size_t popped_ = 0;
  std::unordered_set<std::string> seen_;
};

inline bool is_linearizable(const std::vector<queue_event>& events, std::size_t capacity, queue_model model) {
  return queue_history_check(events, capacity, model).is_explained();
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_LINEARIZABILITY_HPP
