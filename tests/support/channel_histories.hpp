// SPDX-License-Identifier: Apache-2.0
// tests/support/channel_histories.hpp -- a channel between processes as queue_histories.hpp runs it, and what it may
// do.
#ifndef ATLAS_TESTS_SUPPORT_CHANNEL_HISTORIES_HPP
#define ATLAS_TESTS_SUPPORT_CHANNEL_HISTORIES_HPP

#include <atlas/queue.hpp>

#include "support/queue_subjects.hpp"
#include "support/shm_names.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace support {

/// A channel of up to three lanes; each event's `who` is the lane of the sender that made the call. A push sees the
/// channel open, and later its message is there; of messages that were taken together each comes at its own moment,
/// from any lane, and then the lanes' room is given back, one lane after the other.
class channel_model : public history_model {
 public:
  static constexpr std::size_t most_lanes = 3;
  static constexpr std::size_t most_messages = 32;  // of one lane
  struct lane {
    std::uint8_t values[most_messages];
    std::uint16_t end[most_messages];  // bytes written when the message was there
    std::uint16_t written;
    std::uint16_t taken;
    std::uint16_t at;  // in the ring
    std::uint8_t tail;
    std::uint8_t head;
  };
  struct state {
    lane lanes[most_lanes] = {};
    std::uint8_t stage[most_events] = {};
    std::uint16_t closed = 0;
  };

  explicit channel_model(std::size_t lane_bytes) : ring_bytes_(static_cast<unsigned>(lane_bytes)) {}

  [[nodiscard]] static state begin() { return {}; }

  step advance(state& now, std::size_t which) const {
    const queue_event& event = events_[which];
    switch (event.call) {
      case queue_call::close:
        now.closed = 1;
        return step::last;
      case queue_call::subscribe:
        return (event.done != 0) == (now.closed == 0) || lenience_.closing ? step::last : step::none;
      case queue_call::unsubscribe:
        return step::last;
      case queue_call::push:
        return pushes(now, event, now.stage[which]);
      case queue_call::pop:
        return pops(now, event, now.stage[which]);
      case queue_call::count:
        break;
    }
    return step::none;
  }

 private:
  [[nodiscard]] static unsigned record_bytes(unsigned length) { return 8 + (length + 7) / 8 * 8; }

  step pushes(state& now, const queue_event& event, std::uint8_t& stage) const {
    lane& own = now.lanes[event.who];
    const unsigned left = ring_bytes_ - own.at;
    const unsigned skipped = record_bytes(event.length) <= left ? 0 : left;
    const unsigned room = ring_bytes_ - 8 - static_cast<unsigned>(own.written - own.taken);
    const bool has_room = room >= skipped + record_bytes(event.length);
    if (event.done == 0) return lenience_.refused_pushes || now.closed != 0 || !has_room ? step::last : step::none;
    if (stage == 0) {
      if (now.closed != 0 && !lenience_.closing) return step::none;
      ++stage;
      return step::one;
    }
    if (!(has_room || lenience_.capacity)) return step::none;
    const unsigned size = record_bytes(event.written);
    own.written = static_cast<std::uint16_t>(own.written + skipped + size);
    own.at = static_cast<std::uint16_t>(((skipped == 0 ? own.at : 0U) + size) % ring_bytes_);
    own.values[own.tail] = event.values[0];
    own.end[own.tail++] = own.written;
    return step::last;
  }

  step pops(state& now, const queue_event& event, std::uint8_t& stage) const {
    if (stage < event.done) {
      for (lane& from : now.lanes) {
        if (from.head == from.tail || from.values[from.head] != event.values[stage]) continue;
        ++from.head;
        ++stage;
        return step::one;
      }
      return step::none;
    }
    unsigned stages = event.done;
    if (event.done < event.wanted) {
      if (stage == stages++) {
        for (const lane& from : now.lanes) {
          if (from.head != from.tail && !lenience_.missed_elements) return step::none;
        }
        if (event.done == 0) return step::last;
        ++stage;
        return step::one;
      }
    }
    lane& given_back = now.lanes[stage - stages];
    if (given_back.head != 0) given_back.taken = given_back.end[given_back.head - 1];
    ++stage;
    return stage - stages == most_lanes ? step::last : step::one;
  }

  unsigned ring_bytes_;
};

/// A sender whose messages are fill_number's.
template <template <class> class Atom>
class numbered_sender : public atlas::basic_shm_sender<Atom> {
  using base = atlas::basic_shm_sender<Atom>;

 public:
  explicit numbered_sender(base&& made) noexcept : base(static_cast<base&&>(made)) {}
  void send(std::byte* room, std::uint8_t number, std::size_t length) {
    fill_number(room, number, length);
    this->commit(length);
  }
};

/// Thread 0 receives; the others have a sender each, of which the last one's comes and goes. A sender that comes takes
/// the first free lane, so that a lane goes from one to the next.
/// @tparam Sender, Receiver  as numbered_sender and basic_shm_receiver
template <class Sender, class Receiver>
class channel_subject {
 public:
  static constexpr unsigned least_threads = 2;
  static constexpr unsigned most_threads = 1 + channel_model::most_lanes;
  static constexpr bool is_drained = true;

  explicit channel_subject(quick_random& random)
      : lane_bytes_(random.below(2) == 0 ? 64 : 128),
        receiver_(Receiver::create(name_, {.lanes = channel_model::most_lanes, .lane_bytes = lane_bytes_}).value()) {}

  void plan(quick_random& random, history& plan) {
    planner made(random);
    const auto push = [&](unsigned sender) {
      queue_event event = made.push(false);
      event.level = static_cast<std::uint8_t>(sender);
      event.length = static_cast<std::uint8_t>(1 + random.below(lane_bytes_ / 2 / 8 * 8 - 8));
      event.written = static_cast<std::uint8_t>(made.one_in(2) ? event.length : 1 + random.below(event.length));
      return event;
    };
    const auto comes = [](queue_call call, unsigned sender) {
      return queue_event{.call = call, .level = static_cast<std::uint8_t>(sender)};
    };
    for (unsigned sender = 1; sender < plan.threads; ++sender) {
      plan.before.push_back(comes(queue_call::subscribe, sender));
      for (std::uint64_t i = random.below(3); i != 0; --i) plan.before.push_back(push(sender));
    }
    bool is_attached = true;
    made.share_out(plan, [&](unsigned thread) {
      if (thread == 0) return made.pop(made.one_in(3));
      if (thread + 1 != plan.threads || (is_attached && !made.one_in(4))) return push(thread);
      is_attached = !is_attached;
      return comes(is_attached ? queue_call::subscribe : queue_call::unsubscribe, thread);
    });
    if (made.one_in(3)) {
      const auto thread = static_cast<unsigned>(random.below(plan.threads));
      made.close(plan.of_thread[thread]);
    }
  }
  void perform(unsigned, queue_event& event) {
    std::optional<Sender>& sender = senders_[event.level];
    switch (event.call) {
      case queue_call::close:
        receiver_.close();
        break;
      case queue_call::subscribe:
        if (auto attached = Sender::attach(name_); attached.ok()) {
          sender.emplace(static_cast<decltype(attached)&&>(attached).value());
          event.who = static_cast<std::uint8_t>(sender->lane());
          event.done = 1;
        } else if (attached.error() != atlas::errc::closed) {
          cannot_be(event);
        }
        break;
      case queue_call::unsubscribe:
        sender.reset();
        break;
      case queue_call::push:
        if (sender.has_value()) push(*sender, event);
        break;
      case queue_call::pop:
        pop(event);
        break;
      case queue_call::count:
        break;
    }
    at_atomic();
  }
  template <class Call>
  void drain(history& done, Call call) {
    drain_by_pops(done, 30, call);
  }
  [[nodiscard]] channel_model model() const { return channel_model(lane_bytes_); }

 private:
  /// An error for which there is no reason: as a value that nobody pushed.
  static void cannot_be(queue_event& event) {
    event.call = queue_call::pop;
    event.done = 1;
    event.values[0] = 255;
  }
  void push(Sender& sender, queue_event& event) {
    event.who = static_cast<std::uint8_t>(sender.lane());
    if (event.values[0] % 2 == 0) {  // a claim that is given up
      const auto given_up = sender.try_claim(event.length);
      if (given_up.ok() && *given_up != nullptr) sender.abort();
    }
    const auto room = sender.try_claim(event.length);
    if (!room.ok()) {
      if (room.error() != atlas::errc::closed) cannot_be(event);
    } else if (*room != nullptr) {
      sent_.add(event.values[0], event.written, event.who);
      sender.send(*room, event.values[0], event.written);
      event.done = 1;
    }
  }
  void pop(queue_event& event) {
    atlas::shm_message messages[most_batch];
    for (; event.done < event.wanted; ++event.done) {
      const auto found = receiver_.try_peek(messages[event.done]);
      if (!found.ok()) return cannot_be(event);
      if (!*found) break;
    }
    at_atomic();
    for (std::size_t i = 0; i < event.done; ++i) event.values[i] = sent_.value_of(messages[i].bytes, messages[i].lane);
    receiver_.release();
  }

  shm_name name_;
  std::uint64_t lane_bytes_;
  Receiver receiver_;
  std::optional<Sender> senders_[most_threads];
  sent_records sent_;
};

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_CHANNEL_HISTORIES_HPP
