// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/broadcast_ring.hpp -- from one thread to many others, each of which sees every element.
//
// Room:      broadcast_ring, gated by its slowest reader or overwriting what that one has not read.
// Not here:  elements that one of many takes (queue/mpmc_queue.hpp).
// Depends:   core/{mutex,result}.hpp, queue/{queue_element,ring_positions,wait_gate}.hpp.
// Threads:   one writes; each reader belongs to one thread at a time; subscribe, close and the rest from any thread.
#ifndef ATLAS_QUEUE_BROADCAST_RING_HPP
#define ATLAS_QUEUE_BROADCAST_RING_HPP

#include <atlas/core/mutex.hpp>            // mutex, lock_guard
#include <atlas/core/result.hpp>           // result, status
#include <atlas/queue/queue_element.hpp>   // max_queue_capacity
#include <atlas/queue/ring_positions.hpp>  // ring_positions
#include <atlas/queue/wait_gate.hpp>       // sleeping, spinning, yielding

#include <cstdlib>  // std::aligned_alloc, std::free
#include <cstring>  // std::memcpy

namespace atlas { inline namespace ATLAS_ABI {

/// What happens to a reader that does not keep up.
enum class slow_reader : bool {
  gates,         ///< the writer waits for it
  is_overtaken,  ///< it misses the oldest elements, and is told how many
};

struct broadcast_options {
  std::size_t capacity = 1024;    ///< elements, 1 to max_queue_capacity
  std::size_t most_readers = 16;  ///< at a time, 1 to 4096
};

/// One writer, many readers that each see every element from when they subscribed. The words are mpmc_queue's.
///
///     auto ring = atlas::broadcast_ring<tick>::create().value();
///     auto reader = ring.subscribe().value();      // before what it is to see
///     ring.push(tick{...}).value();                // the writer
///     for (tick one; reader.pop(one).ok();) ...    // each reader; ends when the ring is closed and read
///
/// Order:     each reader sees the elements in the order of their pushes, each once, but for those that it is told it
///            missed.
/// Progress:  a push that overwrites is wait-free; one that is gated looks at all readers when the room it knows of is
///            used up.
/// Closing:   after a close() by the writer every reader is given all elements before errc::closed. A close() by
///            another thread may overtake one push, which then succeeds; readers that were told errc::closed by then do
///            not see it.
/// Cost:      a push writes one slot and one count, whatever the readers; a pop copies one slot. Nothing is allocated
///            after create().
/// @param Value    trivially copyable, since readers copy what others read too, and may meet the writer when they are
///                 overtaken
/// @param Slow     whether the writer waits for a reader that does not keep up
/// @param Waiting  sleeping, spinning or yielding: how push and pop wait
/// @param Atom     the atomic type: another one records or orders the schedules of a test
/// Source:    the gating and the sequence of the Disruptor (Thompson et al., 2011); overtaking by a sequence lock in
///            each slot (Boehm, "Can seqlocks get along with programming language memory models?", MSPC 2012).
template <class Value, slow_reader Slow = slow_reader::gates, class Waiting = sleeping,
          template <class> class Atom = atomic>
class broadcast_ring {
  static_assert(__is_trivially_copyable(Value),
                "a broadcast_ring's element must be trivially copyable; push an index or a pointer otherwise");
  using gate = typename Waiting::template gate<Atom>;
  static constexpr bool is_gated = Slow == slow_reader::gates;
  struct shared;
  struct place;

 public:
  using value_type = Value;

  /// One subscriber. It must not outlive the ring.
  class reader {
   public:
    reader(reader&& other) noexcept : ring_(other.ring_), place_(other.place_), at_(other.at_), missed_(other.missed_) {
      other.ring_ = nullptr;
    }
    reader& operator=(reader&& other) noexcept {
      if (this != &other) {
        leave();
        ring_ = other.ring_;
        place_ = other.place_;
        at_ = other.at_;
        missed_ = other.missed_;
        other.ring_ = nullptr;
      }
      return *this;
    }
    reader(const reader&) = delete;
    reader& operator=(const reader&) = delete;
    /// Unsubscribes: the writer waits for it no longer.
    ~reader() { leave(); }

    /// @param out  assigned the next element; untouched when the answer is false: there is none
    [[nodiscard]] bool try_pop(Value& out) noexcept {
      ATLAS_ASSERT(ring_ != nullptr);
      for (;;) {
        const reading found = ring_->read(at_, out);
        if (found == reading::none) return false;
        if (found == reading::done) {
          at_ = ring_->positions.after(at_);
          if constexpr (is_gated) {
            place_->position.store_release(at_);
            ring_->room.signal(1);
          }
          return true;
        }
        const std::uint64_t oldest = ring_->oldest();
        missed_ += ring_->positions.distance(at_, oldest);
        at_ = oldest;
      }
    }
    /// Waits for an element. @return errc::closed when the ring is closed and read, errc::timed_out; `out` is then
    /// untouched
    /// @param deadline_ns  on the clock of monotonic_ns(); 0: wait as long as it takes
    status pop(Value& out, std::uint64_t deadline_ns = 0) noexcept {
      if (try_pop(out)) return {};
      return ring_->elements.wait([&] { return try_pop(out); }, [] { return false; }, [&] { return pop_outlook(); },
                                  deadline_ns);
    }
    /// Whether a try_pop is worth it: there is an element, or this reader was overtaken. Threads: the reader's.
    [[nodiscard]] bool has_element() const noexcept {
      ATLAS_ASSERT(ring_ != nullptr);
      return ring_->look(at_) != reading::none;
    }
    /// Elements that the writer overwrote before this reader came to them. Always 0 where the readers gate.
    [[nodiscard]] std::uint64_t missed() const noexcept { return missed_; }
    /// Elements that are still to be read, a moment ago; more than the capacity if some of them are gone.
    [[nodiscard]] std::uint64_t lag_approx() const noexcept {
      const std::uint64_t tail = ring_->tail.load_acquire();
      // An element may be read before its writer counts it.
      return ring_->positions.after(tail) == at_ ? 0 : ring_->positions.distance(at_, tail);
    }

   private:
    friend class broadcast_ring;
    friend struct detail::watch_access;
    reader(shared* ring, place* where, std::uint64_t begin) noexcept : ring_(ring), place_(where), at_(begin) {}

    [[nodiscard]] gate& element_gate() noexcept {
      ATLAS_ASSERT(ring_ != nullptr);
      return ring_->elements;
    }
    [[nodiscard]] wait_outlook pop_outlook() const noexcept {
      if (ring_->closed.load_acquire() == 0) return wait_outlook::open;
      return ring_->tail.load_acquire() == at_ ? wait_outlook::closed : wait_outlook::ending;
    }
    void leave() noexcept {
      if (ring_ == nullptr) return;
      place_->is_taken.store_release(0);
      if constexpr (is_gated) ring_->room.signal(1);
      ring_ = nullptr;
    }

    shared* ring_;
    place* place_;
    std::uint64_t at_;
    std::uint64_t missed_ = 0;
  };

  /// @return  errc::invalid_argument for no capacity or no readers, errc::limit_exceeded above the most,
  ///          errc::no_memory
  static result<broadcast_ring> create(const broadcast_options& options = {}) noexcept { return create_at(options, 0); }
  /// As if `laps` times the capacity of elements had gone through it: for tests of the positions' end.
  static result<broadcast_ring> create_at(const broadcast_options& options, std::uint64_t laps) noexcept {
    if (options.capacity == 0) return error{errc::invalid_argument, "ring.capacity", "at least 1", std::uint64_t{0}};
    if (options.capacity > max_queue_capacity)
      return error{errc::limit_exceeded, "ring.capacity", max_queue_capacity, options.capacity};
    if (options.most_readers == 0)
      return error{errc::invalid_argument, "ring.most_readers", "at least 1", std::uint64_t{0}};
    if (options.most_readers > most_readers)
      return error{errc::limit_exceeded, "ring.most_readers", most_readers, options.most_readers};
    const std::size_t before_slots = sizeof(shared) + options.most_readers * sizeof(place);
    if (options.capacity > (~std::size_t{0} - before_slots - cache_line) / sizeof(slot))
      return error{errc::no_memory, "ring.capacity"};
    const std::size_t bytes =
        before_slots + (options.capacity * sizeof(slot) + cache_line - 1) / cache_line * cache_line;
    auto* const memory = static_cast<unsigned char*>(std::aligned_alloc(cache_line, bytes));
    if (memory == nullptr) return error{errc::no_memory, "ring.capacity"};
    auto* const places = reinterpret_cast<place*>(memory + sizeof(shared));
    auto* const slots = reinterpret_cast<slot*>(memory + before_slots);
    return broadcast_ring(::new (static_cast<void*>(memory)) shared(places, slots, options, laps, heavy_barrier()));
  }

  /// @pre no other thread uses either ring, and neither has readers. The ring moved from can only be assigned to or
  ///         destroyed.
  broadcast_ring(broadcast_ring&& other) noexcept : shared_(other.shared_) { other.shared_ = nullptr; }
  broadcast_ring& operator=(broadcast_ring&& other) noexcept {
    if (this != &other) {
      destroy();
      shared_ = other.shared_;
      other.shared_ = nullptr;
    }
    return *this;
  }
  broadcast_ring(const broadcast_ring&) = delete;
  broadcast_ring& operator=(const broadcast_ring&) = delete;
  /// @pre no other thread uses the ring, and no reader is left
  ~broadcast_ring() { destroy(); }

  /// A reader that sees what is pushed from now on. @return errc::limit_exceeded when there are as many as there may be
  [[nodiscard]] result<reader> subscribe() noexcept {
    shared& ring = here();
    const lock_guard lock(ring.subscribing);
    for (std::size_t i = 0; i < ring.most; ++i) {
      place& free = ring.places[i];
      if (free.is_taken.load_acquire() != 0) continue;
      free.position.store_release(ring.tail.load_acquire());
      free.is_taken.store_release(1);
      // The writer adds to `looks` before it looks where the readers are. If it did so before this, its position then
      // is seen here, and the room that it found ends at most one lap behind; if it does so after this, it sees this
      // reader.
      ring.looks.fetch_add(1);
      const std::uint64_t begin = ring.tail.load_acquire();
      free.position.store_release(begin);
      if constexpr (is_gated) ring.room.signal(1);  // the writer may have seen the earlier position, and wait for it
      return reader(&ring, &free, begin);
    }
    return error{errc::limit_exceeded, "readers", ring.most, ring.most + 1};
  }

  /// @return  false, and nothing is written, when a reader has not read what lies in the next slot, and when the ring
  ///          is closed
  [[nodiscard]] bool try_push(const Value& value) noexcept {
    shared& ring = here();
    if (ring.closed.load_acquire() != 0) return false;
    const std::uint64_t tail = ring.tail.load_relaxed();
    if (is_gated && tail == ring.room_end && !ring.has_room(tail)) return false;
    ring.write(tail, value);
    ring.tail.store_release(ring.positions.after(tail));
    ring.elements.signal(wake_all);
    return true;
  }
  /// Waits for room. @return errc::closed, errc::timed_out
  /// @param deadline_ns  on the clock of monotonic_ns(); 0: wait as long as it takes
  status push(const Value& value, std::uint64_t deadline_ns = 0) noexcept {
    if (try_push(value)) return {};
    return here().room.wait([&] { return try_push(value); }, [] { return false; },
                            [&] { return is_closed() ? wait_outlook::closed : wait_outlook::open; }, deadline_ns);
  }

  /// Pushes fail from now on; what was pushed can still be read. Every waiting thread wakes. Idempotent.
  void close() noexcept {
    shared& ring = here();
    if (ring.closed.exchange(1) != 0) return;
    ring.elements.signal_all();
    ring.room.signal_all();
  }
  [[nodiscard]] bool is_closed() const noexcept { return here().closed.load_acquire() != 0; }
  [[nodiscard]] std::size_t capacity() const noexcept { return here().positions.capacity; }
  /// Readers, a moment ago.
  [[nodiscard]] std::size_t readers_approx() const noexcept {
    std::size_t count = 0;
    for (std::size_t i = 0; i < here().most; ++i) count += here().places[i].is_taken.load_acquire();
    return count;
  }

 private:
  static constexpr std::size_t most_readers = 4096;
  static constexpr std::size_t words = (sizeof(Value) + 7) / 8;
  enum class reading : std::uint8_t {
    done,
    none,
    overtaken
  };

  /// A reader's, which gates the writer.
  struct alignas(cache_line) place {
    Atom<std::uint64_t> position;
    Atom<std::uint32_t> is_taken;
  };
  /// Bit 0 of the stamp: it is being written. Else it is the position of what is there.
  struct slot {
    Atom<std::uint64_t> stamp;
    Atom<std::uint64_t> word[words];
  };

  struct alignas(cache_line) shared {
    shared(place* readers, slot* memory, const broadcast_options& options, std::uint64_t laps, bool asymmetric) noexcept
        : positions(options.capacity),
          places(readers),
          slots(memory),
          most(options.most_readers),
          tail(laps * positions.lap),
          room_end(tail.load_relaxed() + positions.lap),
          elements(asymmetric),
          room(asymmetric) {
      for (std::size_t i = 0; i < most; ++i) ::new (static_cast<void*>(places + i)) place();
      for (std::size_t i = 0; i < positions.capacity; ++i) {
        ::new (static_cast<void*>(slots + i)) slot();
        slots[i].stamp.store_relaxed(tail.load_relaxed() - positions.lap + i * 2);
      }
    }

    void write(std::uint64_t position, const Value& value) noexcept {
      slot& to = slots[positions.slot(position)];
      std::uint64_t copy[words] = {};
      std::memcpy(copy, &value, sizeof value);
      // A reader that is overtaken by this sees a tail that is no older; and one that sees a word below sees this too.
      if (!is_gated) to.stamp.store_release(position | 1U);
      for (std::size_t i = 0; i < words; ++i)
        is_gated ? to.word[i].store_relaxed(copy[i]) : to.word[i].store_release(copy[i]);
      to.stamp.store_release(position);
    }
    /// What a read would find, `done` for an element.
    [[nodiscard]] reading look(std::uint64_t position) noexcept {
      const std::uint64_t before = slots[positions.slot(position)].stamp.load_acquire();
      if (before == position) return reading::done;
      if constexpr (is_gated) return reading::none;
      // One of an earlier lap, perhaps about to become this one, or one of a later lap.
      const std::uint64_t there = before & ~std::uint64_t{1};
      return there == position || there + positions.lap == position ? reading::none : reading::overtaken;
    }
    [[nodiscard]] reading read(std::uint64_t position, Value& out) noexcept {
      slot& from = slots[positions.slot(position)];
      const reading found = look(position);
      if (found != reading::done) return found;
      std::uint64_t copy[words];
      for (std::size_t i = 0; i < words; ++i)
        copy[i] = is_gated ? from.word[i].load_relaxed() : from.word[i].load_acquire();
      if (!is_gated && from.stamp.load_acquire() != position) return reading::overtaken;
      std::memcpy(static_cast<void*>(&out), copy, sizeof out);
      return reading::done;
    }
    /// The oldest position that is sure to be there for a moment.
    [[nodiscard]] std::uint64_t oldest() const noexcept {
      // The slot of the next one may be in the writer's hands.
      return positions.before(tail.load_acquire(), positions.capacity - 1);
    }
    /// Looks where the readers are; whether the next slot may be written.
    [[nodiscard]] bool has_room(std::uint64_t tail_now) noexcept {
      looks.fetch_add(1);
      std::uint64_t most_behind = 0;
      for (std::size_t i = 0; i < most; ++i) {
        if (places[i].is_taken.load_acquire() == 0) continue;
        const std::uint64_t behind = positions.distance(places[i].position.load_acquire(), tail_now);
        if (behind > most_behind) most_behind = behind;
      }
      // A reader that subscribes may be further behind for a moment; nothing is written until it is not.
      const bool is_free = most_behind < positions.capacity;
      room_end = is_free ? positions.before(tail_now, static_cast<std::size_t>(most_behind)) + positions.lap : tail_now;
      return is_free;
    }

    const detail::ring_positions positions;
    place* const places;
    slot* const slots;
    const std::size_t most;
    mutex subscribing;
    Atom<std::uint32_t> closed;
    Atom<std::uint32_t> looks;                     // only its order counts
    alignas(cache_line) Atom<std::uint64_t> tail;  // position of the next push
    std::uint64_t room_end;                        // the writer's: it may write up to here without another look
    alignas(cache_line) gate elements;             // readers wait here
    alignas(cache_line) gate room;                 // the writer waits here
  };

  explicit broadcast_ring(shared* made) noexcept : shared_(made) {}

  [[nodiscard]] shared& here() const noexcept {
    ATLAS_ASSERT(shared_ != nullptr);
    return *shared_;
  }
  void destroy() noexcept {
    if (shared_ == nullptr) return;
    for (std::size_t i = 0; i < shared_->most; ++i) shared_->places[i].~place();
    for (std::size_t i = 0; i < shared_->positions.capacity; ++i) shared_->slots[i].~slot();
    shared_->~shared();
    std::free(shared_);
    shared_ = nullptr;
  }

  shared* shared_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_BROADCAST_RING_HPP
