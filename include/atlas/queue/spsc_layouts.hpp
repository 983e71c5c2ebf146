// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/spsc_layouts.hpp -- where a queue from one thread to one other keeps what the two tell each other.
//
// Room:      index_cached and slot_sequenced: the slots, and which of them are free or hold an element.
// Not here:  moving elements, waiting, closing (queue/spsc_queue.hpp).
// Depends:   core/config.hpp, queue/queue_element.hpp. The atomic type is the queue's.
// Threads:   one produces, one consumes.
#ifndef ATLAS_QUEUE_SPSC_LAYOUTS_HPP
#define ATLAS_QUEUE_SPSC_LAYOUTS_HPP

#include <atlas/core/futex.hpp>           // spin_pause
#include <atlas/queue/queue_element.hpp>  // placement new

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {

/// Where one side of a ring is. It counts elements modulo 2^64 and, beside that, the slot it stands at; so that any capacity wraps
/// without a division, and the count runs over its end without a seam.
template <template <class> class Atom>
struct ring_cursor {
  explicit ring_cursor(std::uint64_t begin) noexcept : count(begin), other_seen(begin) {}

  [[nodiscard]] std::size_t slot_ahead(std::size_t steps, std::size_t capacity) const noexcept {
    return steps < capacity - slot ? slot + steps : slot + steps - capacity;
  }

  /// What the other side has done for this one, by `look`, which reads its count. A side that comes for the next element
  /// as soon as it is there would fetch the count's line, and the element's, from the other's core for each one, and the
  /// other would fetch them back. So one that keeps finding little waits a moment and looks again, three times at most,
  /// and both get on. One that found nothing in between does not wait: a single element is not held up.
  /// Measured (two cores of Zen 5, 1,024 elements, millions a second): of 8 bytes 290 to 330 without, 540 to 580 with; of
  /// 64 bytes 77 to 80 and 179 to 183; 64 of 8 bytes a call: 780 if that waits for 64, 870 to 910 for 128, 1,020 to 1,160 for 256.
  template <class Look>
  [[nodiscard]] std::size_t progress(Look look, std::size_t wanted, std::size_t capacity) noexcept {
    std::size_t found = look();
    if (found != 0 && keeps_coming) found = wait_for_more(look, found, wanted, capacity);
    keeps_coming = found != 0;
    return found;
  }
  template <class Look>
  [[nodiscard]] static std::size_t wait_for_more(Look look, std::size_t found, std::size_t wanted,
                                                 std::size_t capacity) noexcept {
    const std::size_t most = capacity / 4;
    const std::size_t some = wanted == 1 ? 64 : wanted < most ? 4 * wanted : most;
    const std::size_t enough = some < most ? some : most;
    for (int pauses = 4; pauses <= 64 && found < enough; pauses *= 4) {
      for (int i = 0; i < pauses; ++i) spin_pause();
      const std::size_t before = found;
      found = look();
      if (found == before) break;  // nobody is at work there
    }
    return found;
  }

  Atom<std::uint64_t> count;    // written by this side alone
  std::uint64_t other_seen;     // this side's last look at the other's count
  std::size_t slot = 0;
  bool keeps_coming = false;    // the last look found something
};

/// What the layouts have in common: where both sides are, and the room between them, which each tells by the other's count.
/// @param Slot  has `bytes` for an element
template <class Value, class Slot, template <class> class Atom>
class counted_ring {
 public:
  using slot = Slot;

  counted_ring(slot* slots, std::size_t capacity, std::uint64_t count) noexcept
      : slots_(slots), capacity_(capacity), producer_(count), consumer_(count) {}
  counted_ring(const counted_ring&) = delete;
  counted_ring& operator=(const counted_ring&) = delete;
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  // --- the producer ---

  /// Free slots as far as they are known; all of them if fewer than `wanted` were.
  [[nodiscard]] std::size_t room(std::size_t wanted) noexcept {
    const std::uint64_t tail = producer_.count.load_relaxed();
    std::size_t room = capacity_ - static_cast<std::size_t>(tail - producer_.other_seen);
    if (room < wanted) {
      room = producer_.progress(
          [&] {
            producer_.other_seen = consumer_.count.load_acquire();
            return capacity_ - static_cast<std::size_t>(tail - producer_.other_seen);
          },
          wanted, capacity_);
    }
    return room;
  }
  /// The memory of the free slot that is `ahead` of the next one. @pre ahead < room
  [[nodiscard]] void* place(std::size_t ahead) noexcept { return slots_[producer_.slot_ahead(ahead, capacity_)].bytes; }

  // --- the consumer ---

  /// The element that is `ahead` of the next one. @pre ahead < elements
  [[nodiscard]] Value* element(std::size_t ahead) noexcept {
    return std::launder(reinterpret_cast<Value*>(slots_[consumer_.slot_ahead(ahead, capacity_)].bytes));
  }
  /// Gives the next `count` slots back, whose elements have ended.
  void release(std::size_t count) noexcept {
    consumer_.slot = consumer_.slot_ahead(count, capacity_);
    consumer_.count.store_release(consumer_.count.load_relaxed() + count);
  }

  // --- any thread ---

  [[nodiscard]] std::uint64_t pushed() const noexcept { return producer_.count.load_acquire(); }
  [[nodiscard]] std::uint64_t popped() const noexcept { return consumer_.count.load_acquire(); }

 protected:
  slot* const slots_;
  const std::size_t capacity_;
  alignas(cache_line) ring_cursor<Atom> producer_;
  alignas(cache_line) ring_cursor<Atom> consumer_;
};

template <class Value>
struct plain_slot {
  alignas(Value) unsigned char bytes[sizeof(Value)];
};
/// Aligned so that none lies in more lines of the cache than it must.
template <class Value, template <class> class Atom>
struct alignas(sizeof(Value) <= 8 ? 16 : sizeof(Value) <= 24 ? 32 : 64) alignas(Value) numbered_slot {
  explicit numbered_slot(std::uint64_t first) noexcept : number(first) {}

  Atom<std::uint64_t> number;  // count of the element that is there, from 1 on; before it one of an earlier lap
  alignas(Value) unsigned char bytes[sizeof(Value)];
};

}  // namespace detail

/// Each side writes its count, and keeps a copy of the other's that it renews when it is used up. The most elements a second; an
/// element costs the other side two lines of the cache when it is alone in the queue.
/// Source: Rigtorp, "Optimizing a ring buffer for throughput" (rigtorp.se/ringbuffer, 2021).
struct index_cached {
  template <class Value, template <class> class Atom>
  class ring : public detail::counted_ring<Value, detail::plain_slot<Value>, Atom> {
    using base = detail::counted_ring<Value, detail::plain_slot<Value>, Atom>;

   public:
    /// @param slots  [capacity] of memory of their size and alignment
    /// @param count  of elements that are said to have gone through before
    ring(typename base::slot* slots, std::size_t capacity, std::uint64_t count) noexcept : base(slots, capacity, count) {}

    /// How many slots from the next one on lie side by side.
    [[nodiscard]] std::size_t adjacent_places() const noexcept { return this->capacity_ - this->producer_.slot; }
    /// Hands the elements of the next `count` slots over.
    void publish(std::size_t count) noexcept {
      this->producer_.slot = this->producer_.slot_ahead(count, this->capacity_);
      this->producer_.count.store_release(this->producer_.count.load_relaxed() + count);
    }

    /// Elements as far as they are known; all of them if fewer than `wanted` were.
    [[nodiscard]] std::size_t elements(std::size_t wanted) noexcept {
      auto& consumer = this->consumer_;
      const std::uint64_t head = consumer.count.load_relaxed();
      auto elements = static_cast<std::size_t>(consumer.other_seen - head);
      if (elements < wanted) {
        elements = consumer.progress(
            [&] {
              consumer.other_seen = this->producer_.count.load_acquire();
              return static_cast<std::size_t>(consumer.other_seen - head);
            },
            wanted, this->capacity_);
      }
      return elements;
    }
    /// Whether there is an element; does not wait for more of them.
    [[nodiscard]] bool has_element() const noexcept {
      const std::uint64_t head = this->consumer_.count.load_relaxed();
      return this->consumer_.other_seen != head || this->pushed() != head;
    }
    [[nodiscard]] std::size_t adjacent_elements() const noexcept { return this->capacity_ - this->consumer_.slot; }
  };
};

/// A number beside each element says that it is there; so a single element reaches the other side in one line of the cache, if both
/// fit into it (up to 56 bytes). For the shortest way of one message, and for queues that are empty as a rule.
/// Source: the sequence numbers of Vyukov, "Bounded MPMC queue" (1024cores.net, 2010), of which the consumer needs none.
struct slot_sequenced {
  template <class Value, template <class> class Atom>
  class ring : public detail::counted_ring<Value, detail::numbered_slot<Value, Atom>, Atom> {
    using base = detail::counted_ring<Value, detail::numbered_slot<Value, Atom>, Atom>;

   public:
    using slot = typename base::slot;

    ring(slot* slots, std::size_t capacity, std::uint64_t count) noexcept : base(slots, capacity, count) {
      for (std::size_t i = 0; i < capacity; ++i) ::new (static_cast<void*>(slots + i)) slot(count + i + 1 - capacity);
    }
    ~ring() {  // the numbers' end; the queue has ended the elements
      for (std::size_t i = 0; i < this->capacity_; ++i) this->slots_[i].~slot();
    }

    void publish(std::size_t count) noexcept {
      auto& producer = this->producer_;
      const std::uint64_t tail = producer.count.load_relaxed();
      for (std::size_t i = 0; i < count; ++i) this->slots_[producer.slot_ahead(i, this->capacity_)].number.store_release(tail + i + 1);
      producer.slot = producer.slot_ahead(count, this->capacity_);
      producer.count.store_release(tail + count);
    }

    /// Looks at the slots, and at no more of them than are wanted.
    [[nodiscard]] std::size_t elements(std::size_t wanted) noexcept {
      const std::uint64_t head = this->consumer_.count.load_relaxed();
      const std::size_t most = wanted < this->capacity_ ? wanted : this->capacity_;
      std::size_t found = 0;
      while (found < most && this->slots_[this->consumer_.slot_ahead(found, this->capacity_)].number.load_acquire() == head + found + 1) ++found;
      return found;
    }
    [[nodiscard]] bool has_element() noexcept { return elements(1) != 0; }
  };
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_SPSC_LAYOUTS_HPP
