// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/spsc_layouts.hpp -- where a queue from one thread to one other keeps what the two tell each
// other.
//
// Room:      index_cached and slot_sequenced: the slots, and which of them are free or hold an element.
// Not here:  moving elements, waiting, closing (queue/spsc_queue.hpp).
// Depends:   core/futex.hpp, queue/queue_element.hpp. The atomic type is the queue's.
// Threads:   one produces, one consumes.
#ifndef ATLAS_QUEUE_SPSC_LAYOUTS_HPP
#define ATLAS_QUEUE_SPSC_LAYOUTS_HPP

#include <atlas/core/futex.hpp>           // spin_pause
#include <atlas/queue/queue_element.hpp>  // placement new

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {

/// Asks for a line of the cache that will be read, or written to. Inlined in any case: gcc 12 takes a function of
/// prefetches alone for one that does nothing, and leaves calls of it out.
template <bool ToWrite>
[[gnu::always_inline]] inline void ask_for_line(const unsigned char* at) noexcept {
#if defined(__x86_64__)
  // What the built-in says of writing is not heard without -mprfchw. Processors that do not have it take it for nothing.
  if constexpr (ToWrite) {
    __asm__ __volatile__("prefetchw %0" : : "m"(*at));
    return;
  }
#endif
  __builtin_prefetch(at, ToWrite ? 1 : 0);
}

/// A position is a lap, in the upper half, and a slot. The sides of a ring are a lap apart at most, so laps may begin
/// again at nought, and any capacity wraps without a division.
struct lapped_positions {
  static constexpr std::uint64_t lap = std::uint64_t{1} << 32;

  [[nodiscard]] static constexpr std::size_t slot(std::uint64_t position) noexcept {
    return static_cast<std::uint32_t>(position);
  }
  /// The position that lies `steps` behind it, at most the capacity. As seldom as it wraps, a branch is faster than a
  /// choice without: the next call waits for the result.
  [[nodiscard]] constexpr std::uint64_t ahead(std::uint64_t position, std::size_t steps) const noexcept {
    if (__builtin_expect_with_probability(slot(position) + steps >= capacity, 0, 0.999))
      return position + steps - capacity + lap;
    return position + steps;
  }
  /// Elements from one position to one that lies at or behind it, a lap at most.
  [[nodiscard]] constexpr std::size_t steps(std::uint64_t from, std::uint64_t to) const noexcept {
    return slot(to) - slot(from) + ((from ^ to) >= lap ? capacity : 0);
  }
  /// The same of any two positions less than 2^31 laps apart; below 0 if the other lies before.
  [[nodiscard]] constexpr std::int64_t distance(std::uint64_t from, std::uint64_t to) const noexcept {
    const auto laps = static_cast<std::int32_t>(static_cast<std::uint32_t>((to / lap) - (from / lap)));
    return laps * static_cast<std::int64_t>(capacity) + static_cast<std::int64_t>(slot(to)) -
           static_cast<std::int64_t>(slot(from));
  }

  std::size_t capacity;  ///< at most max_queue_capacity, so that a slot has room in 32 bits
};

/// Where one side of a ring is.
template <template <class> class Atom>
struct ring_cursor {
  ring_cursor(std::uint64_t begin, std::uint64_t first_limit) noexcept : position(begin), limit(first_limit) {}
  ring_cursor(const ring_cursor&) = delete;
  ring_cursor& operator=(const ring_cursor&) = delete;
  void take(const ring_cursor& other) noexcept {
    position.store_relaxed(other.position.load_relaxed());
    limit = other.limit;
    keeps_coming = other.keeps_coming;
    looks_at_once = other.looks_at_once;
  }

  /// What the other side has done for this one, by `look`, which reads its position. A side that comes for the next
  /// element as soon as it is there would fetch the position's line, and the element's, from the other's core for each
  /// one, and the other would fetch them back. So one that keeps finding little gives the other about the time that
  /// more of it takes, 32 pauses of the processor, and both get on. One that found nothing in between does not wait; nor,
  /// for 16 looks, one that waited for nothing: so elements that come singly are held up once in 16 times at most.
  /// Measured (1,024 elements of 8 bytes, millions a second): on Zen 5 290 to 330 without, 540 to 580 with; on Zen 3,
  /// a look behind 32 pauses and at four places behind them, medians of 100 samples in turn: elements one by one 364,
  /// behind 8 291, behind 16 347, in steps of 4, 16 and 64 341; batches of 64, in the same order, 564, 797, 782, 723.
  template <class Look>
  [[nodiscard]] std::size_t progress(Look look, std::size_t wanted, std::size_t capacity) noexcept {
    std::size_t found = look();
    if (found != 0 && keeps_coming) {
      const std::size_t most = capacity / 4;
      const std::size_t some = wanted <= 64 ? 256 : wanted < most ? 4 * wanted : most;
      const std::size_t enough = some < most ? some : most;
      if (found < enough && looks_at_once != 0) {
        --looks_at_once;
      } else if (found < enough) {
        for (int left = wanted == 1 ? 32 : 12; left != 0; --left) spin_pause();
        const std::size_t before = found;
        found = look();
        if (found == before) looks_at_once = 16;  // nobody is at work there
      }
    }
    keeps_coming = found != 0;
    return found;
  }

  Atom<std::uint64_t> position;    // of the next element; written by this side alone
  std::uint64_t limit;             // that it may reach, by this side's last look at the other's position
  bool keeps_coming = false;       // the last look found something
  std::uint8_t looks_at_once = 0;  // so many further ones do not wait
};

/// What the layouts have in common: where both sides are, and the room between them, which each tells by the other's
/// position.
/// @param Slot  has `bytes` for an element
template <class Value, class Slot, template <class> class Atom>
class positioned_ring {
 public:
  using slot = Slot;

  /// @param slots  [capacity] of memory of their size and alignment
  /// @param laps   that both sides are said to have gone before
  positioned_ring(slot* slots, std::size_t capacity, std::uint64_t laps) noexcept
      : producer_(laps * positions_.lap, (laps + 1) * positions_.lap),
        consumer_(laps * positions_.lap, laps * positions_.lap),
        slots_(slots),
        positions_{capacity} {}
  positioned_ring(const positioned_ring&) = delete;
  positioned_ring& operator=(const positioned_ring&) = delete;
  /// Takes the slots over. @pre no other thread uses either ring, and this one has no slots
  void take(positioned_ring& other) noexcept {
    slots_ = other.slots_;
    positions_ = other.positions_;
    producer_.take(other.producer_);
    consumer_.take(other.consumer_);
    other.slots_ = nullptr;
  }
  /// None behind take().
  [[nodiscard]] slot* slots() const noexcept { return slots_; }
  [[nodiscard]] const lapped_positions& positions() const noexcept { return positions_; }

  // A side asks for its position once a call, and hands it in: a look at it costs more than what is made of it.

  // --- the producer ---

  [[nodiscard]] std::uint64_t producer_at() const noexcept { return producer_.position.load_relaxed(); }
  /// Free slots from the tail on: `wanted` of them or more, or all that there are. @param tail  producer_at()
  [[nodiscard]] std::size_t room(std::uint64_t tail, std::size_t wanted) noexcept {
    ATLAS_ASSERT(tail == producer_at());
    const std::size_t seen = known(producer_, tail, wanted);
    if (seen >= wanted) return seen;
    const std::size_t found =
        look(producer_, tail, wanted, [&] { return consumer_.position.load_acquire() + positions_.lap; });
    ask_for_lines<true>(tail, found);
    return found;
  }
  /// The memory of the free slot that is `ahead` of the tail. @pre ahead < room
  [[nodiscard]] void* place(std::uint64_t tail, std::size_t ahead) noexcept { return slot_ahead(tail, ahead).bytes; }

  // --- the consumer ---

  [[nodiscard]] std::uint64_t consumer_at() const noexcept { return consumer_.position.load_relaxed(); }
  /// The element that is `ahead` of the head. @pre ahead < elements
  [[nodiscard]] Value* element(std::uint64_t head, std::size_t ahead) noexcept {
    return std::launder(reinterpret_cast<Value*>(slot_ahead(head, ahead).bytes));
  }
  /// Gives `count` slots from the head on back, whose elements have ended.
  void release(std::uint64_t head, std::size_t count) noexcept {
    consumer_.position.store_release(positions_.ahead(head, count));
  }

  // --- any thread ---

  [[nodiscard]] std::uint64_t pushed() const noexcept { return producer_.position.load_acquire(); }
  [[nodiscard]] std::uint64_t popped() const noexcept { return consumer_.position.load_acquire(); }

 protected:
  using cursor = ring_cursor<Atom>;

  /// How far a side may go as far as it knows; of more than one when only one is wanted, one.
  [[nodiscard]] std::size_t known(const cursor& side, std::uint64_t at, std::size_t wanted) const noexcept {
    return wanted == 1 ? (at != side.limit ? 1 : 0) : positions_.steps(at, side.limit);
  }
  /// The same by a look at the other side, through `look_limit`.
  template <class LookLimit>
  [[nodiscard]] std::size_t look(cursor& side, std::uint64_t at, std::size_t wanted, LookLimit look_limit) noexcept {
    return side.progress(
        [&] {
          side.limit = look_limit();
          return positions_.steps(at, side.limit);
        },
        wanted, positions_.capacity);
  }
  /// Asks for the lines of the slots that a look found, up to the ring's end and at most 128, all at once: else each
  /// would be asked for when it comes to it, and waited for. Of the two sides the slower one counts, so it helps if both
  /// do it. Measured (Zen 3, 8 bytes, millions a second): 320 without, 320 and 330 on one side alone, 410 on both; 460
  /// with a single wait in progress(), 340 with that alone. In other hours of the machine less.
  template <bool ToWrite>
  [[gnu::always_inline]] void ask_for_lines(std::uint64_t at, std::size_t found) const noexcept {
    if (found == 0) return;  // the line may be in the other side's hands
    constexpr std::size_t most_bytes = 128 * cache_line;
    const std::size_t to_the_end = positions_.capacity - positions_.slot(at);
    const std::size_t bytes = (found < to_the_end ? found : to_the_end) * sizeof(slot);
    const auto* line = reinterpret_cast<const unsigned char*>(slots_ + positions_.slot(at));
    const unsigned char* const end = line + (bytes < most_bytes ? bytes : most_bytes);
    line -= reinterpret_cast<std::uintptr_t>(line) % cache_line;
    for (; line < end; line += cache_line) ask_for_line<ToWrite>(line);
  }
  [[nodiscard]] slot& slot_ahead(std::uint64_t at, std::size_t steps) const noexcept {
    return slots_[positions_.slot(steps == 0 ? at : positions_.ahead(at, steps))];
  }

  // First, as what a call leaves for the next is handed on without a way through memory only where its place is less
  // than 128 bytes behind an address in a register (Zen 3: 0.65 ns for a word that is counted up, else 1.4).
  alignas(cache_line) cursor producer_;
  alignas(cache_line) cursor consumer_;
  alignas(cache_line) slot* slots_;
  lapped_positions positions_;
};

template <class Value>
struct plain_slot {
  alignas(Value) unsigned char bytes[sizeof(Value)];
};
/// Aligned so that none lies in more lines of the cache than it must.
template <class Value, template <class> class Atom>
struct alignas(sizeof(Value) <= 8 ? 16 : sizeof(Value) <= 24 ? 32 : 64) alignas(Value) numbered_slot {
  explicit numbered_slot(std::uint64_t first) noexcept : number(first) {}

  Atom<std::uint64_t> number;  // position of the element that is there; before it one of an earlier lap
  alignas(Value) unsigned char bytes[sizeof(Value)];
};

}  // namespace detail

/// Each side writes its position, and keeps a copy of the other's that it renews when it is used up. The most elements
/// a second; an element costs the other side two lines of the cache when it is alone in the queue.
/// Source: Rigtorp, "Optimizing a ring buffer for throughput" (rigtorp.se/ringbuffer, 2021).
struct index_cached {
  template <class Value, template <class> class Atom>
  class ring : public detail::positioned_ring<Value, detail::plain_slot<Value>, Atom> {
    using base = detail::positioned_ring<Value, detail::plain_slot<Value>, Atom>;

   public:
    using base::base;
    static constexpr bool lie_side_by_side = true;  ///< the elements
    void end_slots() noexcept {}                    // they are bytes

    /// How many slots from the tail or the head on lie side by side.
    [[nodiscard]] std::size_t adjacent_places(std::uint64_t tail) const noexcept {
      return this->positions_.capacity - this->positions_.slot(tail);
    }
    [[nodiscard]] std::size_t adjacent_elements(std::uint64_t head) const noexcept { return adjacent_places(head); }
    /// Hands the elements of `count` slots from the tail on over.
    void publish(std::uint64_t tail, std::size_t count) noexcept {
      this->producer_.position.store_release(this->positions_.ahead(tail, count));
    }
    /// Elements from the head on: `wanted` of them or more, or all that there are. @param head  consumer_at()
    [[nodiscard]] std::size_t elements(std::uint64_t head, std::size_t wanted) noexcept {
      ATLAS_ASSERT(head == this->consumer_at());
      const std::size_t seen = this->known(this->consumer_, head, wanted);
      if (seen >= wanted) return seen;
      const std::size_t found = this->look(this->consumer_, head, wanted, [&] { return this->pushed(); });
      this->template ask_for_lines<false>(head, found);
      return found;
    }
    /// Whether there is an element; does not wait for more of them.
    [[nodiscard]] bool has_element() const noexcept {
      const std::uint64_t head = this->consumer_at();
      return this->consumer_.limit != head || this->pushed() != head;
    }
  };
};

/// A number beside each element says that it is there; so a single element reaches the other side in one line of the
/// cache, if both fit into it (up to 56 bytes). For the shortest way of one message, and for queues that are empty as a
/// rule.
/// Source: the sequence numbers of Vyukov, "Bounded MPMC queue" (1024cores.net, 2010), of which the consumer needs
/// none.
struct slot_sequenced {
  template <class Value, template <class> class Atom>
  class ring : public detail::positioned_ring<Value, detail::numbered_slot<Value, Atom>, Atom> {
    using base = detail::positioned_ring<Value, detail::numbered_slot<Value, Atom>, Atom>;

   public:
    using slot = typename base::slot;
    static constexpr bool lie_side_by_side = false;

    ring(slot* slots, std::size_t capacity, std::uint64_t laps) noexcept : base(slots, capacity, laps) {
      for (std::size_t i = 0; i < capacity; ++i)
        ::new (static_cast<void*>(slots + i)) slot(this->pushed() + i - detail::lapped_positions::lap);
    }
    /// The slots' end, behind that of their elements.
    void end_slots() noexcept {
      for (std::size_t i = 0; i < this->positions_.capacity; ++i) this->slots_[i].~slot();
    }

    void publish(std::uint64_t tail, std::size_t count) noexcept {
      for (; count != 0; --count, tail = this->positions_.ahead(tail, 1)) at_slot(tail).number.store_release(tail);
      this->producer_.position.store_release(tail);
    }

    /// Looks at the slots, and at no more of them than are wanted.
    [[nodiscard]] std::size_t elements(std::uint64_t head, std::size_t wanted) const noexcept {
      const std::size_t most = wanted < this->positions_.capacity ? wanted : this->positions_.capacity;
      std::size_t found = 0;
      for (; found < most && at_slot(head).number.load_acquire() == head; head = this->positions_.ahead(head, 1))
        ++found;
      return found;
    }
    [[nodiscard]] bool has_element() const noexcept { return elements(this->consumer_at(), 1) != 0; }

   private:
    [[nodiscard]] slot& at_slot(std::uint64_t at) const noexcept { return this->slots_[this->positions_.slot(at)]; }
  };
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_SPSC_LAYOUTS_HPP
