// SPDX-License-Identifier: Apache-2.0
// tests/schedules/suites.hpp -- what the threads do whose schedules are explored: the queues, the rings and the gate.
#ifndef ATLAS_TESTS_SCHEDULES_SUITES_HPP
#define ATLAS_TESTS_SCHEDULES_SUITES_HPP

#include "explored.hpp"

namespace schedules {

/// An element that tells Relacy when its slot is written and read: so a slot that is in two hands is a race, whatever
/// is in it.
class tracked {
 public:
  static constexpr int most_slots = 8;

  explicit tracked(int value) : number(value) {}
  /// Only queues make one out of another: in a slot.
  tracked(tracked&& other) noexcept : number(other.number), is_in_slot_(true) { slot_at(this)($) = number; }
  tracked& operator=(tracked&& other) noexcept {
    number = other.is_in_slot_ ? static_cast<int>(slot_at(&other)($)) : other.number;
    return *this;
  }
  int number;

  /// @param slots  [most_slots] of a new run
  static void watch(rl::var<int>* slots) {
    slots_ = slots;
    known_count_ = 0;
  }

 private:
  static rl::var<int>& slot_at(const void* where) {
    int which = 0;
    while (which < known_count_ && known_[which] != where) ++which;
    RL_ASSERT(which < most_slots);
    if (which == known_count_) known_[known_count_++] = where;
    return slots_[which];
  }
  bool is_in_slot_ = false;
  static inline rl::var<int>* slots_ = nullptr;
  static inline const void* known_[most_slots] = {};
  static inline int known_count_ = 0;
};

/// Runs a queue of `Capacity` among threads that push and pop, by batches of two if that is asked for, and checks
/// what arrives. The first producer closes the queue when it is done; the others go on until they are told. The
/// consumers end when it is closed and drained.
template <class Queue, unsigned Producers, unsigned Consumers, std::size_t Capacity, int Each, bool InBatches = false>
struct crowd : rl::test_suite<crowd<Queue, Producers, Consumers, Capacity, Each, InBatches>,
                              static_cast<int>(Producers + Consumers)> {
  std::optional<Queue> queue;  // not by new, which would be Relacy's
  rl::var<int> slots[tracked::most_slots];
  int pushed[Producers];
  int popped[Consumers][Producers];
  int last[Consumers][Producers];

  void before() {
    for (int& one : pushed) one = 0;
    for (unsigned i = 0; i < Consumers; ++i) {
      for (unsigned j = 0; j < Producers; ++j) {
        popped[i][j] = 0;
        last[i][j] = -1;
      }
    }
    queue.emplace(Queue::create_at(Capacity, ~std::uint64_t{0} - 1).value());
    tracked::watch(slots);
  }
  void thread(unsigned number) {
    if (number < Producers)
      produce(number);
    else
      consume(number - Producers);
  }
  void produce(unsigned number) {
    int& count = pushed[number];
    while (count < Each) {
      tracked values[2] = {tracked(static_cast<int>(number) * 100 + count),
                           tracked(static_cast<int>(number) * 100 + count + 1)};
      if (InBatches && count + 1 < Each) {
        const auto done = static_cast<int>(queue->try_push_n({values, 2}));
        count += done;
        if (done == 0 && queue->is_closed()) return;
        if (done == 0) yield_to_others();
      } else if (queue->push(static_cast<tracked&&>(values[0])).ok()) {
        ++count;
      } else {
        return;
      }
    }
    if (number == 0) queue->close();
  }
  void consume(unsigned number) {
    for (;;) {
      tracked values[2] = {tracked(-1), tracked(-1)};
      std::size_t count = InBatches ? queue->try_pop_n({values, 2}) : 0;
      if (count == 0) {
        if (!queue->pop(values[0]).ok()) return;
        count = 1;
      }
      for (std::size_t i = 0; i < count; ++i) {
        const unsigned from = static_cast<unsigned>(values[i].number) / 100;
        RL_ASSERT(values[i].number >= 0 && from < Producers);
        RL_ASSERT(values[i].number % 100 > last[number][from]);  // a producer's elements come in their order
        last[number][from] = values[i].number % 100;
        ++popped[number][from];
      }
    }
  }
  void after() {
    for (unsigned from = 0; from < Producers; ++from) {
      int sum = 0;
      for (unsigned i = 0; i < Consumers; ++i) sum += popped[i][from];
      RL_ASSERT(sum == pushed[from]);  // whatever was pushed before the close has come out
    }
    queue.reset();
  }
  void invariant() {}
};

/// Waiters at a gate, each of which takes one thing, and one thread that brings them one by one, or closes instead of
/// the last. If a wake-up is lost, nobody runs any more.
template <template <class> class Atom, bool Asymmetric, unsigned Waiters, bool Closes>
struct sleepers : rl::test_suite<sleepers<Atom, Asymmetric, Waiters, Closes>, static_cast<int>(Waiters + 1)> {
  std::optional<atlas::basic_wait_gate<Atom>> gate;
  std::optional<Atom<std::uint64_t>> things;
  std::optional<Atom<std::uint64_t>> closed;
  int taken[Waiters];

  void before() {
    for (bool& one : has_announced) one = false;
    for (int& one : taken) one = 0;
    gate.emplace(Asymmetric);
    things.emplace(std::uint64_t{0});
    closed.emplace(std::uint64_t{0});
  }
  void thread(unsigned number) {
    if (number == Waiters) {
      for (unsigned i = 0; i < Waiters - (Closes ? 1 : 0); ++i) {
        std::uint64_t seen = things->load_acquire();
        while (!things->compare_exchange_weak_acquire(seen, seen + 1)) {
        }
        gate->signal(1);
      }
      if (Closes) {
        closed->store_release(1);
        gate->signal_all();
      }
      return;
    }
    // The spins, which would be most of every schedule, look at nothing.
    const bool well =
        gate->wait([&] { return has_announced[number] && take(); }, [&] { return things->load_acquire() != 0; },
                   [&] {
                     const bool ends = has_announced[number] && closed->load_acquire() != 0;
                     return ends ? atlas::wait_outlook::closed : atlas::wait_outlook::open;
                   },
                   0)
            .ok();
    taken[number] = well ? 1 : 0;
    RL_ASSERT(well || Closes);
  }
  bool take() {
    std::uint64_t seen = things->load_acquire();
    while (seen != 0) {
      if (things->compare_exchange_weak_acquire(seen, seen - 1)) return true;
    }
    return false;
  }
  void after() {
    gate.reset();
    things.reset();
    closed.reset();
  }
  void invariant() {}
};

struct pair_of_words {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

/// One writer, a reader that was there before and one that subscribes meanwhile.
template <atlas::slow_reader Slow, template <class> class Atom, std::size_t Capacity, std::uint64_t Count>
struct audience : rl::test_suite<audience<Slow, Atom, Capacity, Count>, 3> {
  using ring_type = atlas::broadcast_ring<pair_of_words, Slow, exploring, Atom>;
  std::optional<ring_type> ring;
  std::optional<typename ring_type::reader> first;

  void before() {
    ring.emplace(ring_type::create_at({.capacity = Capacity, .most_readers = 2}, ~std::uint64_t{0} - 1).value());
    first.emplace(ring->subscribe().value());
  }
  void thread(unsigned number) {
    if (number == 0) {
      for (std::uint64_t i = 0; i < Count; ++i) RL_ASSERT(ring->push({i, ~i}).ok());
      ring->close();
    } else if (number == 1) {
      RL_ASSERT(reads(*first, true) == Count);
    } else {
      auto guest = ring->subscribe().value();
      reads(guest, false);
    }
  }
  /// @return elements read and missed
  std::uint64_t reads(typename ring_type::reader& reader, bool from_first) {
    std::uint64_t next = 0;
    std::uint64_t count = 0;
    pair_of_words one;
    while (reader.pop(one).ok()) {
      RL_ASSERT(one.high == ~one.low);
      if (count == 0 && !from_first) next = one.low;
      RL_ASSERT(Slow == atlas::slow_reader::gates ? one.low == next : one.low >= next);
      next = one.low + 1;
      ++count;
    }
    return count + reader.missed();
  }
  void after() {
    first.reset();
    ring.reset();
  }
  void invariant() {}
};

/// Records of one number, of which Relacy is told when they are written and read. Some are given up; some are read
/// together.
template <template <class> class Atom, std::size_t Capacity, int Count, bool ReleasesEarly = false>
struct records : rl::test_suite<records<Atom, Capacity, Count, ReleasesEarly>, 2> {
  using ring_type = atlas::byte_ring<exploring, Atom>;
  using header = Atom<std::uint64_t>;
  std::optional<ring_type> ring;
  std::optional<typename header::table> headers;
  rl::var<int> places[Capacity / 8 + 16];

  void before() {
    header::headers = &headers.emplace();
    ring.emplace(ring_type::create_at(Capacity, ~std::uint64_t{0} - 7).value());
  }
  /// Such that the third lies where the first was, while that is the only one given back.
  static std::size_t bytes_of(int record) { return ReleasesEarly && record % 3 != 2 ? 16 : 8; }
  rl::var<int>& place_of(const void* bytes) {
    const auto block = reinterpret_cast<std::uintptr_t>(*reinterpret_cast<void**>(&*ring));
    return places[(reinterpret_cast<std::uintptr_t>(bytes) - block) / 8 % (Capacity / 8 + 1)];
  }
  void thread(unsigned number) {
    if (number == 0) {
      for (int i = 0; i < Count; ++i) {
        if (i % 2 == 1) {
          place_of(ring->claim(bytes_of(i)).value())($) = -1;
          ring->abort();
        }
        std::byte* const room = ring->claim(bytes_of(i)).value();
        place_of(room)($) = i;
        ring->commit(bytes_of(i));
      }
      ring->close();
      return;
    }
    int next = 0;
    atlas::span<const std::byte> record;
    while (ring->peek(record).ok()) {
      do {
        if (ReleasesEarly) ring->release();
        RL_ASSERT(static_cast<int>(place_of(record.data())($)) == next);
        ++next;
      } while (next % 3 != 0 && ring->try_peek(record));
      ring->release();
    }
    RL_ASSERT(next == Count);
  }
  void after() {
    ring.reset();
    headers.reset();
  }
  void invariant() {}
};

}  // namespace schedules

#endif  // ATLAS_TESTS_SCHEDULES_SUITES_HPP
