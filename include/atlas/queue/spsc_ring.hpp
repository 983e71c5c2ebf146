// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/spsc_ring.hpp -- a bounded queue from one thread to one other.
//
// Room:      spsc_ring.
// Not here:  more threads on a side (queue/mpmc_ring.hpp), other processes.
// Depends:   core/{result,span,atomic}.hpp, queue/{wait_gate,ring_element}.hpp.
// Threads:   one pushes, one pops; the two may change if something else orders the change. close(), is_closed(),
//            capacity() and size_approx() from any thread.
#ifndef ATLAS_QUEUE_SPSC_RING_HPP
#define ATLAS_QUEUE_SPSC_RING_HPP

#include <atlas/core/result.hpp>         // result, status
#include <atlas/core/span.hpp>           // span
#include <atlas/queue/ring_element.hpp>  // ring_element
#include <atlas/queue/wait_gate.hpp>     // wait_gate

#include <cstdlib>  // std::aligned_alloc, std::free

namespace atlas { inline namespace ATLAS_ABI {

/// A bounded first-in-first-out queue in one block of memory: sizeof(Value) for each element of capacity.
/// The words are mpmc_ring's.
///
/// Order:     linearizable: try_push is false exactly when the ring is full or closed, try_pop exactly when it is
///            empty. What the producer wrote before a push is seen after the pop of that element.
/// Progress:  try_push and try_pop are wait-free.
/// Closing:   after a close() by the producer every element is popped before errc::closed. A close() by another
///            thread may overtake one push, which then succeeds; its element is popped later or ends with the ring.
/// Cost:      one release store a call; the other side's index is read only when the copy of it here is used up.
///            Nothing is allocated after create().
/// Source:    Rigtorp, "Optimizing a ring buffer for throughput" (rigtorp.se/ringbuffer, 2021): cached indices.
template <class Value>
class spsc_ring {
  static_assert(ring_element<Value>,
                "a ring's element must move-construct, move-assign and end without throwing (noexcept); "
                "push a pointer to it otherwise");

 public:
  using value_type = Value;

  /// @param capacity  elements, 1 to max_ring_capacity; held exactly, no power of two needed
  /// @return          errc::invalid_argument for 0, errc::limit_exceeded above, errc::no_memory
  static result<spsc_ring> create(std::size_t capacity) noexcept { return create_at(capacity, 0); }
  /// As if `count` elements had gone through it: for tests of the indices' end.
  static result<spsc_ring> create_at(std::size_t capacity, std::uint64_t count) noexcept {
    if (capacity == 0) return error{errc::invalid_argument, "ring.capacity", "at least 1", std::uint64_t{0}};
    if (capacity > max_ring_capacity) {
      return error{errc::limit_exceeded, "ring.capacity", max_ring_capacity, capacity};
    }
    constexpr std::size_t unit = alignof(shared);
    if (capacity > (~std::size_t{0} - sizeof(shared) - unit) / sizeof(Value)) {
      return error{errc::no_memory, "ring.capacity"};
    }
    const std::size_t bytes = sizeof(shared) + (capacity * sizeof(Value) + unit - 1) / unit * unit;
    void* const memory = std::aligned_alloc(unit, bytes);
    if (memory == nullptr) return error{errc::no_memory, "ring.capacity"};
    return spsc_ring(::new (memory) shared(capacity, count, heavy_barrier()));
  }

  /// @pre no other thread uses either ring. The ring moved from can only be assigned to or destroyed.
  spsc_ring(spsc_ring&& other) noexcept : shared_(other.shared_) { other.shared_ = nullptr; }
  spsc_ring& operator=(spsc_ring&& other) noexcept {
    if (this != &other) {
      destroy();
      shared_ = other.shared_;
      other.shared_ = nullptr;
    }
    return *this;
  }
  spsc_ring(const spsc_ring&) = delete;
  spsc_ring& operator=(const spsc_ring&) = delete;
  /// Ends the elements left over. @pre no other thread uses the ring
  ~spsc_ring() { destroy(); }

  /// @return false, and `value` untouched, when there is no room or the ring is closed
  [[nodiscard]] bool try_push(Value&& value) noexcept {
    return try_emplace([&](void* place) noexcept { ::new (place) Value(static_cast<Value&&>(value)); });
  }
  /// The same for a copy; a throw while copying leaves the ring as it was.
  [[nodiscard]] bool try_push(const Value& value) noexcept(copies_without_throwing<Value>)
    requires copyable_element<Value>
  {
    return try_emplace([&](void* place) noexcept(copies_without_throwing<Value>) { ::new (place) Value(value); });
  }
  /// @param out  assigned the oldest element; untouched when the answer is false
  [[nodiscard]] bool try_pop(Value& out) noexcept {
    shared& ring = here();
    const std::uint64_t head = ring.head.load_relaxed();
    if (seen_elements(ring, head, 1) == 0) return false;
    Value* const value = ring.at(ring.head_slot);
    out = static_cast<Value&&>(*value);
    value->~Value();
    ring.head_slot = ring.after(ring.head_slot, 1);
    ring.head.store_release(head + 1);
    ring.room.signal(1);
    return true;
  }

  /// Waits for room.
  ///
  /// @param deadline_ns  on the clock of monotonic_ns(); 0: wait as long as it takes
  /// @return             errc::closed, errc::timed_out; `value` is then untouched
  status push(Value&& value, std::uint64_t deadline_ns = 0) noexcept {
    if (try_push(static_cast<Value&&>(value))) return {};
    return here().room.wait([&] { return try_push(static_cast<Value&&>(value)); }, [] { return false; },
                            [&] { return is_closed() ? wait_outlook::closed : wait_outlook::open; }, deadline_ns);
  }
  status push(const Value& value, std::uint64_t deadline_ns = 0) noexcept(copies_without_throwing<Value>)
    requires copyable_element<Value>
  {
    return push(Value(value), deadline_ns);
  }
  /// Waits for an element. @return errc::closed when the ring is closed and drained, errc::timed_out;
  /// `out` is then untouched
  status pop(Value& out, std::uint64_t deadline_ns = 0) noexcept {
    if (try_pop(out)) return {};
    return here().elements.wait([&] { return try_pop(out); }, [] { return false; }, [&] { return pop_outlook(); },
                                deadline_ns);
  }

  /// Moves the first values in. @return how many; the rest is untouched. Fewer than all when there was no more room
  [[nodiscard]] std::size_t try_push_n(span<Value> values) noexcept {
    shared& ring = here();
    if (values.empty() || ring.closed.load_acquire() != 0) return 0;
    const std::uint64_t tail = ring.tail.load_relaxed();
    const std::size_t count = least(seen_room(ring, tail, values.size()), values.size());
    if (count == 0) return 0;
    std::size_t at = ring.tail_slot;
    for (std::size_t i = 0; i < count; ++i, at = ring.after(at, 1)) {
      ::new (static_cast<void*>(ring.at(at))) Value(static_cast<Value&&>(values[i]));
    }
    ring.tail_slot = at;
    ring.tail.store_release(tail + count);
    ring.elements.signal(1);
    return count;
  }
  /// Takes up to out.size() elements. @return how many; the rest of `out` is untouched
  [[nodiscard]] std::size_t try_pop_n(span<Value> out) noexcept {
    shared& ring = here();
    if (out.empty()) return 0;
    const std::uint64_t head = ring.head.load_relaxed();
    const std::size_t count = least(seen_elements(ring, head, out.size()), out.size());
    if (count == 0) return 0;
    std::size_t at = ring.head_slot;
    for (std::size_t i = 0; i < count; ++i, at = ring.after(at, 1)) {
      Value* const value = ring.at(at);
      out[i] = static_cast<Value&&>(*value);
      value->~Value();
    }
    ring.head_slot = at;
    ring.head.store_release(head + count);
    ring.room.signal(1);
    return count;
  }

  /// Pushes fail from now on; what was pushed can still be popped. A waiting thread wakes. Idempotent.
  void close() noexcept {
    shared& ring = here();
    if (ring.closed.exchange(1) != 0) return;
    ring.elements.signal_all();
    ring.room.signal_all();
  }
  [[nodiscard]] bool is_closed() const noexcept { return here().closed.load_acquire() != 0; }
  [[nodiscard]] std::size_t capacity() const noexcept { return here().capacity; }
  /// Elements, a moment ago; exact while no other thread uses the ring.
  [[nodiscard]] std::size_t size_approx() const noexcept {
    const std::uint64_t head = here().head.load_acquire();
    return least(here().tail.load_acquire() - head, here().capacity);
  }

 private:
  static constexpr std::size_t block_alignment = alignof(Value) > cache_line ? alignof(Value) : cache_line;

  // `tail` and `head` count elements modulo 2^64; the slots that they stand for are counted beside them, so that
  // neither a power of two nor a division is needed and the counts run over their end without a seam.
  struct alignas(block_alignment) shared {
    shared(std::size_t elements_most, std::uint64_t count, bool asymmetric) noexcept
        : capacity(elements_most),
          tail(count),
          head_seen(count),
          head(count),
          tail_seen(count),
          elements(asymmetric),
          room(asymmetric) {}
    [[nodiscard]] Value* at(std::size_t which) noexcept {
      return std::launder(reinterpret_cast<Value*>(this + 1)) + which;
    }
    [[nodiscard]] std::size_t after(std::size_t which, std::size_t steps) const noexcept {
      return which + steps < capacity ? which + steps : which + steps - capacity;
    }

    const std::size_t capacity;
    atomic<std::uint32_t> closed;

    alignas(cache_line) atomic<std::uint64_t> tail;  // written by the producer
    std::uint64_t head_seen;                         // the producer's last look at `head`
    std::size_t tail_slot = 0;

    alignas(cache_line) atomic<std::uint64_t> head;  // written by the consumer
    std::uint64_t tail_seen;                         // the consumer's last look at `tail`
    std::size_t head_slot = 0;

    alignas(cache_line) wait_gate elements;  // the consumer waits here
    alignas(cache_line) wait_gate room;      // the producer waits here
  };

  explicit spsc_ring(shared* made) noexcept : shared_(made) {}

  [[nodiscard]] shared& here() const noexcept {
    ATLAS_ASSERT(shared_ != nullptr);
    return *shared_;
  }
  static std::size_t least(std::size_t left, std::size_t right) noexcept { return left < right ? left : right; }

  // Free slots as the producer knows them; it looks at the consumer's index when it knows of fewer than it wants.
  static std::size_t seen_room(shared& ring, std::uint64_t tail, std::size_t wanted) noexcept {
    std::size_t room = ring.capacity - (tail - ring.head_seen);
    if (room < wanted) {
      ring.head_seen = ring.head.load_acquire();
      room = ring.capacity - (tail - ring.head_seen);
    }
    return room;
  }
  static std::size_t seen_elements(shared& ring, std::uint64_t head, std::size_t wanted) noexcept {
    std::size_t elements = ring.tail_seen - head;
    if (elements < wanted) {
      ring.tail_seen = ring.tail.load_acquire();
      elements = ring.tail_seen - head;
    }
    return elements;
  }

  template <class Construct>
  bool try_emplace(Construct construct) noexcept(noexcept(construct(nullptr))) {
    shared& ring = here();
    const std::uint64_t tail = ring.tail.load_relaxed();
    if (ring.closed.load_acquire() != 0 || seen_room(ring, tail, 1) == 0) return false;
    construct(ring.at(ring.tail_slot));
    ring.tail_slot = ring.after(ring.tail_slot, 1);
    ring.tail.store_release(tail + 1);
    ring.elements.signal(1);
    return true;
  }

  [[nodiscard]] wait_outlook pop_outlook() const noexcept {
    if (!is_closed()) return wait_outlook::open;
    // Closed is read first: what the closing producer pushed before is then visible to this look at the tail.
    const shared& ring = here();
    return ring.tail.load_acquire() == ring.head.load_relaxed() ? wait_outlook::closed : wait_outlook::ending;
  }

  void destroy() noexcept {
    if (shared_ == nullptr) return;
    shared& ring = *shared_;
    for (std::uint64_t left = ring.tail.load_acquire() - ring.head.load_acquire(); left != 0; --left) {
      ring.at(ring.head_slot)->~Value();
      ring.head_slot = ring.after(ring.head_slot, 1);
    }
    std::free(shared_);
    shared_ = nullptr;
  }

  shared* shared_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_SPSC_RING_HPP
