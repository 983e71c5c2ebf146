// SPDX-License-Identifier: Apache-2.0
// tests/support/queue_subjects.hpp -- the kinds of queue as queue_histories.hpp runs them: who calls what, and what
// is promised.
#ifndef ATLAS_TESTS_SUPPORT_QUEUE_SUBJECTS_HPP
#define ATLAS_TESTS_SUPPORT_QUEUE_SUBJECTS_HPP

#include <atlas/queue.hpp>

#include "support/fibres.hpp"
#include "support/queue_histories.hpp"
#include "support/queue_models.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

namespace support {

/// A number whose reads and writes are atomic, so that a queue with a fault gives a wrong one and no race.
class element {
 public:
  element() = default;
  explicit element(int number) noexcept : number_(number) {}
  element(element&& other) noexcept { atlas::store_relaxed(&number_, other.number()); }
  element& operator=(element&& other) noexcept {
    atlas::store_relaxed(&number_, other.number());
    return *this;
  }
  [[nodiscard]] int number() const noexcept { return atlas::load_relaxed(&number_); }

 protected:
  int number_ = 0;
};
inline int number_of(int number) { return number; }
inline int number_of(const element& one) { return one.number(); }
/// As an event holds it; 255 is a value that nobody pushed.
inline std::uint8_t event_value(int number) {
  return number > 0 && number < 255 ? static_cast<std::uint8_t>(number) : std::uint8_t{255};
}

/// Bytes that are one number, each of them atomic: what is changed while it is read is a wrong number.
inline void fill_number(std::byte* room, std::uint8_t number, std::size_t length) {
  for (std::size_t i = 0; i < length; ++i) atlas::store_relaxed(reinterpret_cast<std::uint8_t*>(room + i), number);
}
inline int number_in(atlas::span<const std::byte> bytes) {
  if (bytes.empty()) return -1;
  const auto first = atlas::load_relaxed(reinterpret_cast<const std::uint8_t*>(bytes.data()));
  for (std::size_t i = 1; i < bytes.size(); ++i) {
    if (atlas::load_relaxed(reinterpret_cast<const std::uint8_t*>(bytes.data() + i)) != first) return -1;
  }
  return first;
}

/// What was sent as each number; records that are received are held against it.
class sent_records {
 public:
  void add(std::uint8_t number, std::size_t length, unsigned lane = 0) {
    atlas::store_relaxed(&sent_[number], static_cast<std::uint16_t>(lane << 8 | length));
  }
  /// As an event holds it: of a record that is no number, or of another length or lane, one that nobody sent.
  [[nodiscard]] std::uint8_t value_of(atlas::span<const std::byte> record, unsigned lane = 0) const {
    const std::uint8_t value = event_value(number_in(record));
    const bool is_whole = atlas::load_relaxed(&sent_[value]) == (lane << 8 | record.size());
    return is_whole ? value : std::uint8_t{255};
  }

 private:
  std::uint16_t sent_[256] = {};
};

/// Where the counts of a queue begin: at 0 or shortly before the end of 32 or 64 bits.
inline std::uint64_t drawn_begin(quick_random& random) {
  constexpr std::uint64_t begins[] = {0, (std::uint64_t{1} << 32) - 3, ~std::uint64_t{0} - 2};
  return begins[random.below(3)];
}

/// So few that the ends are near, or from 8 on, where a side of some queues waits for the other to get further.
inline std::size_t drawn_capacity(quick_random& random) {
  return random.below(2) == 0 ? 8 + random.below(9) : 1 + random.below(4);
}
/// How many elements are there at first: any number, of a large capacity nearly none or nearly all.
inline std::size_t drawn_fill(std::size_t capacity, quick_random& random) {
  if (capacity < 8) return random.below(capacity + 1);
  const std::size_t few = random.below(2);
  return random.below(2) == 0 ? few : capacity - few;
}

/// Gives the calls of a history their values, one after the other.
class planner {
 public:
  explicit planner(quick_random& random) : random_(random) {}

  queue_event push(bool is_batch) { return made(queue_call::push, is_batch); }
  queue_event pop(bool is_batch) { return made(queue_call::pop, is_batch); }
  /// 6 to 12 calls among the threads; `draw(thread)` gives the next of a thread.
  template <class Draw>
  void share_out(history& plan, Draw draw) {
    const std::uint64_t calls = 6 + random_.below(7);
    for (std::uint64_t i = 0; i < calls; ++i) {
      const auto thread = static_cast<unsigned>(i < plan.threads ? i : random_.below(plan.threads));
      plan.of_thread[thread].push_back(draw(thread));
    }
  }
  /// Puts a close into the calls of a thread.
  void close(std::vector<queue_event>& calls) {
    queue_event event;
    event.call = queue_call::close;
    calls.insert(calls.begin() + static_cast<std::ptrdiff_t>(random_.below(calls.size() + 1)), event);
  }
  bool one_in(std::uint64_t many) { return random_.below(many) == 0; }

 private:
  queue_event made(queue_call call, bool is_batch) {
    queue_event event;
    event.call = call;
    event.is_batch = is_batch;
    if (is_batch) event.wanted = static_cast<std::uint8_t>(1 + random_.below(most_batch - 1));
    for (std::size_t i = 0; call == queue_call::push && i < event.wanted; ++i) event.values[i] = next_++;
    return event;
  }
  quick_random& random_;
  std::uint8_t next_ = 1;
};

/// Plans pops by `call`, one after the other, until one finds nothing, `most` at most.
template <class Call>
void drain_by_pops(history& done, std::size_t most, Call call) {
  do {
    call(done.after.emplace_back(queue_event{.call = queue_call::pop}));
  } while (done.after.back().done != 0 && done.after.size() < most);
}

/// What the first-in-first-out queues differ in. @tparam Layout of spsc_queue
template <class Layout>
struct of_spsc {
  static constexpr unsigned most_threads = 3;  // the third closes
  static constexpr bool many_producers = false;
  static constexpr bool many_consumers = false;
  static constexpr bool whole_pushes = Layout::template ring<int, atlas::atomic>::lie_side_by_side;
  static constexpr bool whole_pops = true;
  static constexpr bool one_step = true;
};
struct of_mpsc {
  static constexpr unsigned most_threads = 4;
  static constexpr bool many_producers = true;
  static constexpr bool many_consumers = false;
  static constexpr bool whole_pushes = false;
  static constexpr bool whole_pops = false;
  static constexpr bool one_step = false;
};
struct of_mpmc : of_mpsc {
  static constexpr bool many_consumers = true;
};

/// Queues behind a lock: all of a batch happens at one moment.
struct of_locked {
  static constexpr unsigned most_threads = 4;
  static constexpr bool many_producers = true;
  static constexpr bool many_consumers = true;
  static constexpr bool whole_pushes = true;
  static constexpr bool whole_pops = true;
  static constexpr bool one_step = true;
};

template <class Queue, class Kind>
class fifo_subject {
 public:
  static constexpr unsigned least_threads = 2;
  static constexpr unsigned most_threads = Kind::most_threads;
  static constexpr bool is_drained = true;

  explicit fifo_subject(quick_random& random)
      : promise_{.capacity = drawn_capacity(random),
                 .one_step = Kind::one_step,
                 .whole_pushes = Kind::whole_pushes,
                 .whole_pops = Kind::whole_pops},
        queue_(Queue::create_at(promise_.capacity, drawn_begin(random)).value()) {}

  void plan(quick_random& random, history& plan) {
    planner made(random);
    for (std::size_t left = drawn_fill(promise_.capacity, random); left != 0;) {
      plan.before.push_back(made.push(left >= most_batch && made.one_in(2)));
      left -= plan.before.back().wanted;
    }
    made.share_out(plan, [&](unsigned thread) {
      bool pushes = made.one_in(2);
      if (!Kind::many_consumers) pushes = thread != 0;
      if (!Kind::many_producers && thread == 2) return queue_event{.call = queue_call::close};
      return pushes ? made.push(made.one_in(3)) : made.pop(made.one_in(3));
    });
    bool is_closed_by_another = plan.threads == 3;
    if (made.one_in(3)) {
      const auto thread = static_cast<unsigned>(random.below(plan.threads));
      is_closed_by_another = is_closed_by_another || thread != 1;
      made.close(plan.of_thread[thread]);
    }
    if (!Kind::many_producers && is_closed_by_another) {
      promise_.close_overtakes = true;
      promise_.one_step = false;
    }
  }
  void perform(unsigned, queue_event& event) {
    using value = typename Queue::value_type;
    if (event.call == queue_call::close) {
      queue_.close();
    } else if (event.is_batch) {
      value values[most_batch] = {value(event.values[0]), value(event.values[1]), value(event.values[2]),
                                  value(event.values[3])};
      const atlas::span<value> some(values, event.wanted);
      event.done =
          static_cast<std::uint8_t>(event.call == queue_call::push ? queue_.try_push_n(some) : queue_.try_pop_n(some));
      for (std::size_t i = 0; event.call == queue_call::pop && i < event.done; ++i)
        event.values[i] = event_value(number_of(values[i]));
    } else {
      value one(event.values[0]);
      event.done =
          (event.call == queue_call::push ? queue_.try_push(static_cast<value&&>(one)) : queue_.try_pop(one)) ? 1 : 0;
      if (event.call == queue_call::pop) event.values[0] = event_value(number_of(one));
    }
    at_atomic();
  }
  template <class Call>
  void drain(history& done, Call call) {
    drain_by_pops(done, promise_.capacity + 4, call);
  }
  [[nodiscard]] fifo_model model() const { return fifo_model(promise_); }

 private:
  fifo_promise promise_;
  Queue queue_;
};

/// @tparam Queue  of priority_model::levels levels
template <class Queue>
class priority_subject {
 public:
  static constexpr unsigned least_threads = 2;
  static constexpr unsigned most_threads = 4;
  static constexpr bool is_drained = true;

  explicit priority_subject(quick_random& random)
      : capacity_(1 + random.below(3)),
        ageing_(static_cast<unsigned>(random.below(4))),
        queue_(Queue::create({capacity_, ageing_}).value()) {}

  void plan(quick_random& random, history& plan) {
    planner made(random);
    const auto push = [&](bool is_batch) {
      queue_event event = made.push(is_batch);
      event.level = static_cast<std::uint8_t>(random.below(priority_model::levels));
      return event;
    };
    for (std::uint64_t i = random.below(5); i != 0; --i) plan.before.push_back(push(false));
    made.share_out(plan, [&](unsigned) { return made.one_in(2) ? push(made.one_in(3)) : made.pop(made.one_in(3)); });
    if (made.one_in(3)) made.close(plan.of_thread[random.below(plan.threads)]);
  }
  void perform(unsigned, queue_event& event) {
    using value = typename Queue::value_type;
    value values[most_batch] = {value(event.values[0]), value(event.values[1]), value(event.values[2]),
                                value(event.values[3])};
    const atlas::span<value> some(values, event.wanted);
    if (event.call == queue_call::close) {
      queue_.close();
    } else if (event.call == queue_call::push) {
      event.done = static_cast<std::uint8_t>(event.is_batch ? queue_.try_push_n(some, event.level)
                                             : queue_.try_push(static_cast<value&&>(values[0]), event.level) ? 1U
                                                                                                             : 0U);
    } else {
      event.done = static_cast<std::uint8_t>(event.is_batch              ? queue_.try_pop_n(some)
                                             : queue_.try_pop(values[0]) ? 1U
                                                                         : 0U);
      for (std::size_t i = 0; i < event.done; ++i) event.values[i] = event_value(number_of(values[i]));
    }
    at_atomic();
  }
  template <class Call>
  void drain(history& done, Call call) {
    drain_by_pops(done, 12, call);
  }
  [[nodiscard]] priority_model model() const { return priority_model(capacity_, ageing_); }

 private:
  std::size_t capacity_;
  unsigned ageing_;
  Queue queue_;
};

/// Two words, so that a torn element is seen. All of their bits 0 are 0: a fault may look at those.
struct pair_element {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  pair_element() = default;
  explicit pair_element(int number)
      : low(static_cast<std::uint64_t>(number) * 2), high(static_cast<std::uint64_t>(number) * 512) {}
};
inline int number_of(const pair_element& one) {
  return one.low * 256 == one.high && one.low % 2 == 0 ? static_cast<int>(one.low / 2) : -1;
}

/// Thread 0 writes; threads 1 and 2 read what was pushed since before; thread 3, or 1 if nobody else reads, comes and
/// goes.
template <class Ring, bool IsGated>
class broadcast_subject {
 public:
  static constexpr unsigned least_threads = 2;
  static constexpr unsigned most_threads = 4;
  static constexpr bool is_drained = false;

  explicit broadcast_subject(quick_random& random)
      : capacity_(1 + random.below(4)),
        ring_(Ring::create_at({.capacity = capacity_, .most_readers = 4}, drawn_begin(random)).value()) {}

  void plan(quick_random& random, history& plan) {
    planner made(random);
    for (unsigned reader = 1; reader < plan.threads && reader < 3; ++reader) {
      plan.before.push_back({.call = queue_call::subscribe, .who = static_cast<std::uint8_t>(reader)});
    }
    for (std::uint64_t i = random.below(capacity_ + 1); i != 0; --i) plan.before.push_back(made.push(false));
    bool is_subscribed = false;
    made.share_out(plan, [&](unsigned thread) {
      if (thread == 0) return made.push(false);
      queue_event event = made.pop(false);
      event.who = static_cast<std::uint8_t>(thread);
      if (thread == 3 && (!is_subscribed || made.one_in(3))) {
        event.call = is_subscribed ? queue_call::unsubscribe : queue_call::subscribe;
        is_subscribed = !is_subscribed;
      }
      return event;
    });
    if (made.one_in(3)) made.close(plan.of_thread[0]);
  }
  void perform(unsigned, queue_event& event) {
    auto& reader = readers_[event.who];
    switch (event.call) {
      case queue_call::close:
        ring_.close();
        break;
      case queue_call::subscribe:
        reader.emplace(ring_.subscribe().value());
        break;
      case queue_call::unsubscribe:
        reader.reset();
        break;
      case queue_call::push:
        event.done = ring_.try_push(pair_element(event.values[0])) ? 1 : 0;
        break;
      case queue_call::pop: {
        const std::uint64_t missed = reader->missed();
        pair_element one;
        event.done = reader->try_pop(one) ? 1 : 0;
        event.values[0] = event_value(number_of(one));
        event.missed = static_cast<std::uint8_t>(reader->missed() - missed);
        break;
      }
      case queue_call::count:
        break;
    }
    at_atomic();
  }
  template <class Call>
  void drain(history& done, Call call) {
    for (std::uint8_t reader = 1; reader < broadcast_model::most_readers; ++reader) {
      if (!readers_[reader].has_value()) continue;
      for (int pops = 0; pops < 6; ++pops) {
        call(done.after.emplace_back(queue_event{.call = queue_call::pop, .who = reader}));
        if (done.after.back().done == 0) break;
      }
    }
  }
  [[nodiscard]] broadcast_model model() const { return broadcast_model(capacity_, IsGated); }

 private:
  std::size_t capacity_;
  Ring ring_;
  std::optional<typename Ring::reader> readers_[broadcast_model::most_readers];
};

/// Thread 0 writes, thread 1 reads. A record's bytes are all its value; half of them are claimed twice, and may be
/// for more than is written.
/// @tparam Ring  has try_claim, commit, abort, try_peek, release as byte_ring
template <class Ring>
class bytes_subject {
 public:
  static constexpr unsigned least_threads = 2;
  static constexpr unsigned most_threads = 2;
  static constexpr bool is_drained = true;

  explicit bytes_subject(quick_random& random)
      : capacity_(32 + 8 * random.below(5)),
        ring_(Ring::create_at(capacity_, drawn_begin(random) & ~std::uint64_t{7}).value()) {}

  void plan(quick_random& random, history& plan) {
    planner made(random);
    const auto push = [&] {
      queue_event event = made.push(false);
      event.length = static_cast<std::uint8_t>(1 + random.below(capacity_ / 2 / 8 * 8 - 8));
      event.written = static_cast<std::uint8_t>(made.one_in(2) ? event.length : 1 + random.below(event.length));
      return event;
    };
    for (std::uint64_t i = random.below(3); i != 0; --i) plan.before.push_back(push());
    made.share_out(plan, [&](unsigned thread) { return thread == 0 ? push() : made.pop(made.one_in(3)); });
    if (made.one_in(3)) made.close(plan.of_thread[0]);
  }
  void perform(unsigned, queue_event& event) {
    if (event.call == queue_call::close) {
      ring_.close();
    } else if (event.call == queue_call::push) {
      if (event.values[0] % 2 == 0 && ring_.try_claim(event.length).value() != nullptr) ring_.abort();
      if (std::byte* const room = ring_.try_claim(event.length).value(); room != nullptr) {
        sent_.add(event.values[0], event.written);
        ring_.write(room, event.values[0], event.written);
        event.done = 1;
      }
    } else {
      atlas::span<const std::byte> record;
      for (; event.done < event.wanted && ring_.try_peek(record); ++event.done) {
        event.values[event.done] = sent_.value_of(record);
      }
      if (event.done != 0) ring_.release();
    }
    at_atomic();
  }
  template <class Call>
  void drain(history& done, Call call) {
    drain_by_pops(done, 8, call);
  }
  [[nodiscard]] bytes_model model() const { return bytes_model(capacity_); }

 private:
  std::size_t capacity_;
  Ring ring_;
  sent_records sent_;
};

/// A byte_ring whose records are such bytes.
template <class Ring>
class numbered_bytes : public Ring {
 public:
  explicit numbered_bytes(Ring&& made) noexcept : Ring(static_cast<Ring&&>(made)) {}
  static atlas::result<numbered_bytes> create_at(std::size_t capacity_bytes, std::uint64_t count) {
    return numbered_bytes(Ring::create_at(capacity_bytes, count).value());
  }
  void write(std::byte* room, std::uint8_t number, std::size_t length) {
    fill_number(room, number, length);
    this->commit(length);
  }
};

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_QUEUE_SUBJECTS_HPP
