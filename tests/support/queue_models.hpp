// SPDX-License-Identifier: Apache-2.0
// tests/support/queue_models.hpp -- what each kind of queue may do, one step at a time: the models of
// linearizability.hpp.
#ifndef ATLAS_TESTS_SUPPORT_QUEUE_MODELS_HPP
#define ATLAS_TESTS_SUPPORT_QUEUE_MODELS_HPP

#include "support/linearizability.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace support {

inline constexpr std::size_t most_places = 64;  ///< elements that go through a queue in one history

/// What the models have in common: the events that are to be explained, and the parts of the promise that are left out.
class history_model {
 public:
  void begins(const std::vector<queue_event>& events, leniency lenience) {
    events_ = events.data();
    lenience_ = lenience;
  }

 protected:
  leniency lenience_;
  const queue_event* events_ = nullptr;
};

/// What a first-in-first-out queue promises beyond its order.
struct fifo_promise {
  std::size_t capacity = 1;
  /// A call for one element happens at one moment: false means full or empty. Else a success claims its place at one
  /// moment and finishes at a later one, and false may also mean that the place due next is claimed by a call that has
  /// not finished.
  bool one_step = false;
  bool whole_pushes = false;     ///< a batch's elements become visible at one moment, not one by one
  bool whole_pops = false;       ///< a batch's places become free at one moment
  bool close_overtakes = false;  ///< a push that saw the queue open succeeds although it is closed meanwhile
};

/// spsc_queue, mpsc_queue, mpmc_queue. A batch that is cut short saw no more room, or no more elements, at some
/// moment before its claim since which no other call claimed.
class fifo_model : public history_model {
 public:
  struct state {
    std::uint64_t published = 0;  // a bit for each place
    std::uint64_t emptied = 0;
    std::uint8_t values[most_places] = {};
    std::uint8_t stage[most_events] = {};  // of each event: how far it is, and then elements that it has finished
    std::uint8_t place[most_events] = {};  // of each event: its first
    std::uint64_t tail = 0;
    std::uint64_t head = 0;
    std::uint64_t closed = 0;
  };

  explicit fifo_model(fifo_promise promise) : promise_(promise) {}

  [[nodiscard]] static state begin() { return {}; }

  step advance(state& now, std::size_t which) const {
    const queue_event& event = events_[which];
    if (event.call == queue_call::close) {
      now.closed = 1;
      return step::last;
    }
    const bool is_push = event.call == queue_call::push;
    if (event.done == 0) {
      const bool may_fail = is_push ? lenience_.refused_pushes || now.closed != 0 || !is_free(now, now.tail)
                                    : lenience_.missed_elements || !is_there(now, now.head);
      return may_fail ? step::last : step::none;
    }
    std::uint8_t& stage = now.stage[which];
    if (stage == fresh && is_push && promise_.close_overtakes) {
      if (now.closed != 0 && !lenience_.closing) return step::none;
      stage = saw_open;
      return step::one;
    }
    if (stage <= saw_open && event.is_batch && event.done < event.wanted && event.done < promise_.capacity) {
      const bool is_cut = is_push ? lenience_.refused_pushes || !is_free(now, now.tail + event.done)
                                  : lenience_.missed_elements || !is_there(now, now.head + event.done);
      if (!is_cut) return step::none;
      now.place[which] = static_cast<std::uint8_t>(is_push ? now.tail : now.head);
      stage = saw_end;
      return step::one;
    }
    if (stage < claimed) {
      std::uint64_t& end = is_push ? now.tail : now.head;
      if (stage == saw_end && end != now.place[which]) return step::none;
      if (is_push ? !claims_room(now, event) : !claims_elements(now, event)) return step::none;
      now.place[which] = static_cast<std::uint8_t>(end);
      end += event.done;
      stage = claimed;
      if (!promise_.one_step || event.is_batch) return step::one;
    }
    // Finished, wholly or an element at a time.
    std::uint64_t& bits = is_push ? now.published : now.emptied;
    const bool is_whole = is_push ? promise_.whole_pushes : promise_.whole_pops;
    do {
      bits |= std::uint64_t{1} << (now.place[which] + stage - claimed);
      ++stage;
    } while (is_whole && stage - claimed < event.done);
    return stage - claimed == event.done ? step::last : step::one;
  }

 private:
  static constexpr std::uint8_t fresh = 0;
  static constexpr std::uint8_t saw_open = 1;
  static constexpr std::uint8_t saw_end = 2;
  static constexpr std::uint8_t claimed = 3;

  [[nodiscard]] bool is_free(const state& now, std::uint64_t place) const {
    return lenience_.capacity || place < promise_.capacity || (now.emptied >> (place - promise_.capacity) & 1U) != 0;
  }
  [[nodiscard]] static bool is_there(const state& now, std::uint64_t place) {
    return place < now.tail && (now.published >> place & 1U) != 0;
  }
  [[nodiscard]] bool claims_room(state& now, const queue_event& event) const {
    if (now.closed != 0 && !promise_.close_overtakes && !lenience_.closing) return false;
    for (std::uint64_t i = 0; i < event.done; ++i) {
      if (!is_free(now, now.tail + i)) return false;
      now.values[now.tail + i] = event.values[i];
    }
    return true;
  }
  [[nodiscard]] static bool claims_elements(const state& now, const queue_event& event) {
    for (std::uint64_t i = 0; i < event.done; ++i) {
      if (!is_there(now, now.head + i) || now.values[now.head + i] != event.values[i]) return false;
    }
    return true;
  }

  fifo_promise promise_;
};

/// priority_queue of three levels: every call happens at one moment, batches too.
class priority_model : public history_model {
 public:
  static constexpr std::size_t levels = 3;
  struct state {
    std::uint8_t values[levels][most_places] = {};
    std::uint8_t head[levels] = {};
    std::uint8_t tail[levels] = {};
    std::uint8_t passed[levels] = {};
    std::uint8_t closed = 0;
  };

  priority_model(std::size_t capacity, unsigned ageing) : capacity_(capacity), ageing_(ageing) {}

  [[nodiscard]] static state begin() { return {}; }

  step advance(state& now, std::size_t which) const {
    const queue_event& event = events_[which];
    if (event.call == queue_call::close) {
      now.closed = 1;
      return step::last;
    }
    for (std::size_t i = 0; i < event.done; ++i) {
      if (!(event.call == queue_call::push ? pushes(now, event, i) : pops(now, event.values[i]))) return step::none;
    }
    if (event.done == event.wanted) return step::last;
    const bool may_end = event.call == queue_call::push
                             ? lenience_.refused_pushes || now.closed != 0 || !has_room(now, event.level)
                             : lenience_.missed_elements || next(now) == levels;
    return may_end ? step::last : step::none;
  }

 private:
  [[nodiscard]] bool has_room(const state& now, std::size_t level) const {
    return lenience_.capacity || static_cast<std::size_t>(now.tail[level] - now.head[level]) < capacity_;
  }
  [[nodiscard]] bool pushes(state& now, const queue_event& event, std::size_t i) const {
    const std::size_t level = event.level;
    if ((now.closed != 0 && !lenience_.closing) || !has_room(now, level)) return false;
    if (now.tail[level] == now.head[level]) now.passed[level] = 0;
    now.values[level][now.tail[level]++] = event.values[i];
    return true;
  }
  [[nodiscard]] std::size_t next(const state& now) const {
    std::size_t from = 0;
    while (from < levels && now.head[from] == now.tail[from]) ++from;
    for (std::size_t level = from + 1; ageing_ != 0 && level < levels; ++level) {
      if (now.head[level] != now.tail[level] && now.passed[level] >= ageing_ && now.passed[level] >= now.passed[from])
        from = level;
    }
    return from;
  }
  [[nodiscard]] bool pops(state& now, std::uint8_t value) const {
    const std::size_t from = next(now);
    if (from == levels || now.values[from][now.head[from]] != value) return false;
    ++now.head[from];
    for (std::size_t level = 0; level < levels; ++level) {
      now.passed[level] = static_cast<std::uint8_t>(
          level == from ? 0 : now.passed[level] + (now.head[level] != now.tail[level] ? 1 : 0));
    }
    return true;
  }

  std::size_t capacity_;
  unsigned ageing_;
};

/// broadcast_ring with one writer. A reader may read an element before its push has returned, and one that subscribes
/// meanwhile begins with that element or behind it. While a reader subscribes to a gated ring, a push may find no
/// room.
class broadcast_model : public history_model {
 public:
  static constexpr std::size_t most_readers = 4;
  struct state {
    std::uint8_t values[most_places] = {};
    std::uint8_t stage[most_events] = {};
    std::uint8_t at[most_readers] = {};  // places
    std::uint8_t is_reading[most_readers] = {};
    std::uint8_t started = 0;    // pushes that write, or have
    std::uint8_t published = 0;  // that can be read
    std::uint8_t counted = 0;    // where new readers begin
    std::uint8_t subscribing = 0;
    std::uint8_t closed = 0;
    std::uint8_t unused[3] = {};
  };

  broadcast_model(std::size_t capacity, bool is_gated)
      : capacity_(static_cast<unsigned>(capacity)), is_gated_(is_gated) {}

  [[nodiscard]] static state begin() { return {}; }

  step advance(state& now, std::size_t which) const {
    const queue_event& event = events_[which];
    std::uint8_t& stage = now.stage[which];
    switch (event.call) {
      case queue_call::close:
        now.closed = 1;
        return step::last;
      case queue_call::unsubscribe:
        now.is_reading[event.who] = 0;
        return step::last;
      case queue_call::subscribe:
        if (stage++ == 0) {
          ++now.subscribing;
          return step::one;
        }
        --now.subscribing;
        now.is_reading[event.who] = 1;
        now.at[event.who] = now.counted;
        return step::last;
      case queue_call::push:
        break;
      case queue_call::pop:
        return pops(now, event) ? step::last : step::none;
      case queue_call::count:
        return step::none;
    }
    const bool is_open = now.closed == 0 || lenience_.closing;
    if (event.done == 0) {
      const bool is_full = is_gated_ && (now.subscribing != 0 || !has_room(now));
      return lenience_.refused_pushes || now.closed != 0 || is_full ? step::last : step::none;
    }
    switch (stage++) {
      case 0:
        if (!is_open || (is_gated_ && !has_room(now))) return step::none;
        now.values[now.started++] = event.values[0];
        return step::one;
      case 1:
        ++now.published;
        return step::one;
      default:
        ++now.counted;
        return step::last;
    }
  }

 private:
  [[nodiscard]] bool has_room(const state& now) const {
    for (std::size_t i = 0; i < most_readers; ++i) {
      if (now.is_reading[i] != 0 && now.started >= now.at[i] + capacity_ && !lenience_.capacity) return false;
    }
    return true;
  }
  [[nodiscard]] bool pops(state& now, const queue_event& event) const {
    const unsigned before = now.at[event.who];
    const unsigned at = before + event.missed;
    // Overtaken: its element was being replaced, and it goes on with the oldest that the writer is not about to
    // replace.
    if (event.missed != 0 && (is_gated_ || now.started <= before + capacity_ || at + capacity_ > now.counted + 1U))
      return false;
    now.at[event.who] = static_cast<std::uint8_t>(at);
    if (event.done == 0) return lenience_.missed_elements || now.published <= at;
    if (at >= most_places || now.published <= at || now.values[at] != event.values[0]) return false;
    if (!is_gated_ && !lenience_.capacity && now.started > at + capacity_) return false;
    ++now.at[event.who];
    return true;
  }

  unsigned capacity_;
  bool is_gated_;
};

/// byte_ring: a record happens at one moment, of a batch that was read the room becomes free at one moment.
class bytes_model : public history_model {
 public:
  struct state {
    std::uint8_t values[most_places] = {};
    std::uint16_t end[most_places] = {};  // bytes written when the record was there
    std::uint8_t stage[most_events] = {};
    std::uint16_t written = 0;
    std::uint16_t taken = 0;
    std::uint16_t at = 0;  // in the ring
    std::uint8_t tail = 0;
    std::uint8_t head = 0;
    std::uint64_t closed = 0;
  };

  explicit bytes_model(std::size_t capacity_bytes) : capacity_(static_cast<unsigned>(capacity_bytes)) {}

  [[nodiscard]] static state begin() { return {}; }

  step advance(state& now, std::size_t which) const {
    const queue_event& event = events_[which];
    if (event.call == queue_call::close) {
      now.closed = 1;
      return step::last;
    }
    if (event.call == queue_call::push) {
      const unsigned left = ring_bytes() - now.at;
      const unsigned skipped = record_bytes(event.length) <= left ? 0 : left;
      const bool has_room =
          capacity_ - static_cast<unsigned>(now.written - now.taken) >= skipped + record_bytes(event.length);
      if (event.done == 0) return lenience_.refused_pushes || now.closed != 0 || !has_room ? step::last : step::none;
      if ((now.closed != 0 && !lenience_.closing) || !(has_room || lenience_.capacity)) return step::none;
      const unsigned size = record_bytes(event.written);
      now.written = static_cast<std::uint16_t>(now.written + skipped + size);
      now.at = static_cast<std::uint16_t>(((skipped == 0 ? now.at : 0U) + size) % ring_bytes());
      now.values[now.tail] = event.values[0];
      now.end[now.tail++] = now.written;
      return step::last;
    }
    if (now.stage[which]++ == 0) {
      if (event.done != event.wanted && !lenience_.missed_elements && now.head + event.done < now.tail)
        return step::none;
      if (event.done == 0) return step::last;
      for (std::size_t i = 0; i < event.done; ++i) {
        if (now.head == now.tail || now.values[now.head] != event.values[i]) return step::none;
        ++now.head;
      }
      if (event.wanted != 1) return step::one;
    }
    now.taken = now.end[now.head - 1];
    return step::last;
  }

 private:
  static unsigned record_bytes(unsigned length) { return 8 + (length + 7) / 8 * 8; }
  [[nodiscard]] unsigned ring_bytes() const { return capacity_ + 8; }  // with the nought behind the last record

  unsigned capacity_;
};

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_QUEUE_MODELS_HPP
