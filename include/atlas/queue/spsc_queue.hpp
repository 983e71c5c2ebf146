// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/spsc_queue.hpp -- a bounded queue from one thread to one other.
//
// Room:      spsc_queue.
// Not here:  more threads on a side (queue/mpmc_queue.hpp), other processes.
// Depends:   core/{result,span,atomic}.hpp, queue/{wait_gate,queue_element,spsc_layouts}.hpp.
// Threads:   one pushes, one pops; the two may change if something else orders the change. close(), is_closed(),
//            capacity() and size_approx() from any thread.
#ifndef ATLAS_QUEUE_SPSC_QUEUE_HPP
#define ATLAS_QUEUE_SPSC_QUEUE_HPP

#include <atlas/core/result.hpp>          // result, status
#include <atlas/core/span.hpp>            // span
#include <atlas/queue/queue_element.hpp>  // queue_element
#include <atlas/queue/spsc_layouts.hpp>   // index_cached, slot_sequenced
#include <atlas/queue/wait_gate.hpp>      // sleeping, spinning, yielding

#include <cstdlib>  // std::aligned_alloc, std::free
#include <cstring>  // std::memcpy

namespace atlas { inline namespace ATLAS_ABI {

/// A bounded first-in-first-out queue, with one block of memory: sizeof(Value) for each element of capacity, by
/// slot_sequenced 8 bytes more, up to 16, 32 or a multiple of 64. The words are mpmc_queue's.
///
/// Order:     linearizable: try_push is false exactly when the queue is full or closed, try_pop exactly when it is
///            empty. What the producer wrote before a push is seen after the pop of that element. Of a batch by
///            slot_sequenced the elements come one by one.
/// Progress:  try_push and try_pop are wait-free. But one that finds, for the second time running, that the other side
///            has gone on waits for that to go on further, up to 84 pauses of the processor (some us), also if it has
///            found what it wants; so do batches. Not try_pop by slot_sequenced, has_element() and size_approx().
/// Closing:   after a close() by the producer every element is popped before errc::closed. A close() by another
///            thread may overtake one push, which then succeeds; its element is popped later or ends with the queue.
/// Throws:    what an element's constructor or assignment throws; a push then leaves the queue, and a pop the element
///            in it, as it was (moved from if the assignment did so). A batch ends there, and what it did before stays
///            done.
/// Cost:      one release store a call, by slot_sequenced two; the other side's position is read only when the copy of
///            it here is used up. Nothing is allocated after create(). The queue itself is five lines of the
///            cache, which a move copies.
/// @param Value    what moves; no default constructor is needed
/// @param Layout   index_cached (throughput) or slot_sequenced (latency)
/// @param Waiting  sleeping, spinning or yielding: how push and pop wait
/// @param Atom     the atomic type: another one records or orders the schedules of a test
template <class Value, class Layout = index_cached, class Waiting = sleeping, template <class> class Atom = atomic>
class spsc_queue {
  using ring = typename Layout::template ring<Value, Atom>;
  using slot = typename ring::slot;
  using gate = typename Waiting::template gate<Atom>;
  static constexpr bool moves_safely = queue_element<Value>;
  static_assert(ends_without_throwing<Value>, "a queue's element must end without throwing (noexcept)");

 public:
  using value_type = Value;

  /// @param capacity  elements, 1 to max_queue_capacity; held exactly, no power of two needed
  /// @return          errc::invalid_argument for 0, errc::limit_exceeded above, errc::no_memory
  static result<spsc_queue> create(std::size_t capacity) noexcept { return create_at(capacity, 0); }
  /// As if `laps` times `capacity` elements had gone through it: for tests of the positions' end.
  static result<spsc_queue> create_at(std::size_t capacity, std::uint64_t laps) noexcept {
    if (capacity == 0) return error{errc::invalid_argument, "queue.capacity", "at least 1", std::uint64_t{0}};
    if (capacity > max_queue_capacity) {
      return error{errc::limit_exceeded, "queue.capacity", max_queue_capacity, capacity};
    }
    constexpr std::size_t unit = alignof(slot) > cache_line ? alignof(slot) : cache_line;
    if (capacity > (~std::size_t{0} - unit) / sizeof(slot)) return error{errc::no_memory, "queue.capacity"};
    void* const memory = std::aligned_alloc(unit, (capacity * sizeof(slot) + unit - 1) / unit * unit);
    if (memory == nullptr) return error{errc::no_memory, "queue.capacity"};
    return spsc_queue(static_cast<slot*>(memory), capacity, laps, heavy_barrier());
  }

  /// @pre no other thread uses either queue, and nothing watches them. The queue moved from can only be assigned to or
  ///         destroyed.
  spsc_queue(spsc_queue&& other) noexcept : spsc_queue(nullptr, 0, 0, other.asymmetric_) { take(other); }
  spsc_queue& operator=(spsc_queue&& other) noexcept {
    if (this != &other) {
      destroy();
      take(other);
    }
    return *this;
  }
  spsc_queue(const spsc_queue&) = delete;
  spsc_queue& operator=(const spsc_queue&) = delete;
  /// Ends the elements left over. @pre no other thread uses the queue
  ~spsc_queue() { destroy(); }

  /// @return false, and `value` untouched, when there is no room or the queue is closed
  [[nodiscard]] bool try_push(Value&& value) noexcept(moves_safely) {
    return try_emplace([&](void* place) noexcept(moves_safely) { ::new (place) Value(static_cast<Value&&>(value)); });
  }
  [[nodiscard]] bool try_push(const Value& value) noexcept(copies_without_throwing<Value>)
    requires copyable_element<Value>
  {
    return try_emplace([&](void* place) noexcept(copies_without_throwing<Value>) { ::new (place) Value(value); });
  }
  /// @param out  assigned the oldest element; untouched when the answer is false
  [[nodiscard]] bool try_pop(Value& out) noexcept(moves_safely) {
    const std::uint64_t head = slots().consumer_at();
    if (slots_.elements(head, 1) == 0) return false;
    Value* const value = slots_.element(head, 0);
    out = static_cast<Value&&>(*value);
    value->~Value();
    slots_.release(head, 1);
    room_.signal(1);
    return true;
  }

  /// Waits for room.
  ///
  /// @param deadline_ns  on the clock of monotonic_ns(); 0: wait as long as it takes
  /// @return             errc::closed, errc::timed_out; `value` is then untouched
  status push(Value&& value, std::uint64_t deadline_ns = 0) noexcept(moves_safely) {
    if (try_push(static_cast<Value&&>(value))) return {};
    return room_.wait([&] { return try_push(static_cast<Value&&>(value)); }, [] { return false; },
                      [&] { return is_closed() ? wait_outlook::closed : wait_outlook::open; }, deadline_ns);
  }
  status push(const Value& value, std::uint64_t deadline_ns = 0) noexcept(copies_without_throwing<Value> &&
                                                                            moves_safely)
    requires copyable_element<Value>
  {
    return push(Value(value), deadline_ns);
  }
  /// Waits for an element. @return errc::closed when the queue is closed and drained, errc::timed_out;
  /// `out` is then untouched
  status pop(Value& out, std::uint64_t deadline_ns = 0) noexcept(moves_safely) {
    if (try_pop(out)) return {};
    return elements_.wait([&] { return try_pop(out); }, [] { return false; }, [&] { return pop_outlook(); },
                          deadline_ns);
  }

  /// Moves the first values in. @return how many; the rest is untouched. Fewer than all when there was no more room
  [[nodiscard]] std::size_t try_push_n(span<Value> values) noexcept(moves_safely) {
    const std::uint64_t tail = slots().producer_at();
    if (values.empty() || closed_.load_acquire() != 0) return 0;
    const std::size_t count = least(slots_.room(tail, values.size()), values.size());
    if (count == 0) return 0;
    if constexpr (copies_blocks) {
      const std::size_t first = least(count, slots_.adjacent_places(tail));
      std::memcpy(slots_.place(tail, 0), values.data(), first * sizeof(Value));
      if (first != count)
        std::memcpy(slots_.place(tail, first), values.data() + first, (count - first) * sizeof(Value));
      slots_.publish(tail, count);
      elements_.signal(1);
    } else {
      published done(*this, tail);
      for (; done.count < count; ++done.count)
        ::new (slots_.place(tail, done.count)) Value(static_cast<Value&&>(values[done.count]));
    }
    return count;
  }
  /// Takes up to out.size() elements. @return how many; the rest of `out` is untouched
  [[nodiscard]] std::size_t try_pop_n(span<Value> out) noexcept(moves_safely) {
    if (out.empty()) return 0;
    const std::uint64_t head = slots().consumer_at();
    const std::size_t count = least(slots_.elements(head, out.size()), out.size());
    if (count == 0) return 0;
    if constexpr (copies_blocks) {
      const std::size_t first = least(count, slots_.adjacent_elements(head));
      std::memcpy(static_cast<void*>(out.data()), slots_.element(head, 0), first * sizeof(Value));
      if (first != count)
        std::memcpy(static_cast<void*>(out.data() + first), slots_.element(head, first),
                    (count - first) * sizeof(Value));
      slots_.release(head, count);
      room_.signal(1);
    } else {
      released done(*this, head);
      for (; done.count < count; ++done.count) {
        Value* const value = slots_.element(head, done.count);
        out[done.count] = static_cast<Value&&>(*value);
        value->~Value();
      }
    }
    return count;
  }

  /// Pushes fail from now on; what was pushed can still be popped. A waiting thread wakes. Idempotent.
  void close() noexcept {
    ATLAS_ASSERT(has_slots());
    if (closed_.exchange(1) != 0) return;
    elements_.signal_all();
    room_.signal_all();
  }
  [[nodiscard]] bool is_closed() const noexcept {
    ATLAS_ASSERT(has_slots());
    return closed_.load_acquire() != 0;
  }
  /// Whether try_pop would succeed. Threads: the consumer.
  [[nodiscard]] bool has_element() const noexcept { return slots().has_element(); }
  [[nodiscard]] std::size_t capacity() const noexcept { return slots().positions().capacity; }
  /// Elements, a moment ago; exact while no other thread uses the queue.
  [[nodiscard]] std::size_t size_approx() const noexcept {
    // Of slot_sequenced the consumer may be ahead of what the producer has counted; and between two looks others may
    // have been pushed and popped.
    const std::uint64_t head = slots().popped();
    const std::int64_t size = slots().positions().distance(head, slots().pushed());
    return size < 0 ? 0 : least(static_cast<std::size_t>(size), capacity());
  }

 private:
  friend struct detail::watch_access;
  static constexpr bool copies_blocks = __is_trivially_copyable(Value) && ring::lie_side_by_side;

  /// Hands over what a batch did, also if an element throws.
  struct published {
    published(spsc_queue& where, std::uint64_t tail) noexcept : queue(where), begin(tail) {}
    published(const published&) = delete;
    ~published() {
      if (count == 0) return;
      queue.slots_.publish(begin, count);
      queue.elements_.signal(1);
    }
    spsc_queue& queue;
    const std::uint64_t begin;
    std::size_t count = 0;
  };
  struct released {
    released(spsc_queue& where, std::uint64_t head) noexcept : queue(where), begin(head) {}
    released(const released&) = delete;
    ~released() {
      if (count == 0) return;
      queue.slots_.release(begin, count);
      queue.room_.signal(1);
    }
    spsc_queue& queue;
    const std::uint64_t begin;
    std::size_t count = 0;
  };

  spsc_queue(slot* slots, std::size_t capacity, std::uint64_t laps, bool asymmetric) noexcept
      : slots_(slots, capacity, laps), asymmetric_(asymmetric), elements_(asymmetric), room_(asymmetric) {}
  void take(spsc_queue& other) noexcept {
    slots_.take(other.slots_);
    closed_.store_relaxed(other.closed_.load_relaxed());
  }
  [[nodiscard]] ring& slots() noexcept {
    ATLAS_ASSERT(has_slots());
    return slots_;
  }
  [[nodiscard]] const ring& slots() const noexcept {
    ATLAS_ASSERT(has_slots());
    return slots_;
  }
  /// It was not moved from.
  [[nodiscard]] bool has_slots() const noexcept { return slots_.slots() != nullptr; }
  static std::size_t least(std::size_t left, std::size_t right) noexcept { return left < right ? left : right; }

  template <class Construct>
  bool try_emplace(Construct construct) noexcept(noexcept(construct(nullptr))) {
    const std::uint64_t tail = slots().producer_at();
    if (closed_.load_acquire() != 0) return false;
    if (slots_.room(tail, 1) == 0) return false;
    construct(slots_.place(tail, 0));
    slots_.publish(tail, 1);
    elements_.signal(1);
    return true;
  }

  [[nodiscard]] gate& element_gate() noexcept {
    ATLAS_ASSERT(has_slots());
    return elements_;
  }
  [[nodiscard]] wait_outlook pop_outlook() const noexcept {
    if (!is_closed()) return wait_outlook::open;
    // Closed is read first: what the closing producer pushed before is then visible to this look at the positions.
    return slots().pushed() == slots().popped() ? wait_outlook::closed : wait_outlook::ending;
  }

  void destroy() noexcept {
    if (!has_slots()) return;
    for (std::uint64_t at = slots_.consumer_at(); at != slots_.pushed(); at = slots_.positions().ahead(at, 1)) {
      slots_.element(at, 0)->~Value();
    }
    slots_.end_slots();
    std::free(slots_.slots());
  }

  // Here and not in the block of the slots: as long as the place of what a call leaves for the next is an offset from
  // the queue's own address, which stays in a register, processors hand it on without a way through memory. Measured
  // (Zen 3, 8 bytes, six runs of each): 250 to 346 million elements a second, and 250 to 293 by a pointer to it.
  alignas(cache_line) ring slots_;
  alignas(cache_line) Atom<std::uint32_t> closed_{0};  // looked at by the producer, like what follows
  const bool asymmetric_;                              // as both gates are
  gate elements_;                                      // the consumer waits here
  alignas(cache_line) gate room_;                      // the producer waits here
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_SPSC_QUEUE_HPP
