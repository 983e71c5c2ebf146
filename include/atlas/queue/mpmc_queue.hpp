// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/mpmc_queue.hpp -- a bounded queue for any number of producers, and any number of consumers or
// one.
//
// Room:      mpmc_queue, mpsc_queue.
// Not here:  one producer and one consumer (queue/spsc_queue.hpp, several times faster), other processes.
// Depends:   core/{result,span,atomic}.hpp, queue/{wait_gate,queue_element,ring_positions}.hpp.
// Threads:   every member but creation, move and destruction, from any thread of one process; the pops of mpsc_queue
//            from one at a time.
#ifndef ATLAS_QUEUE_MPMC_QUEUE_HPP
#define ATLAS_QUEUE_MPMC_QUEUE_HPP

#include <atlas/core/futex.hpp>            // spin_pause
#include <atlas/core/result.hpp>           // result, status
#include <atlas/core/span.hpp>             // span
#include <atlas/queue/queue_element.hpp>   // queue_element
#include <atlas/queue/ring_positions.hpp>  // ring_positions
#include <atlas/queue/wait_gate.hpp>       // wait_gate

#include <cstdlib>  // std::aligned_alloc, std::free

namespace atlas { inline namespace ATLAS_ABI {

/// How many threads may pop at a time.
enum class consumer_count : bool {
  one,
  many
};

/// A bounded first-in-first-out queue in one block of memory: at least 64 bytes for each element of capacity.
///
/// Order:     pushes are totally ordered by the moment they claim a slot, and pops take them in that order;
///            so what one producer pushes, is popped in its order, and each element exactly once. What a
///            producer wrote before a push is seen after the pop of that element.
/// try_push:  false when every slot is taken; also when the one due next is still being emptied by a pop that
///            began earlier; and after close(). The value is then untouched.
/// try_pop:   false when no element is there; also when the oldest is still being written by a push that began
///            earlier, although later pushes may have finished. Apart from these two, queue and results are
///            linearizable.
/// Progress:  not lock-free: a thread that is stopped inside a push or pop holds up the slot that it claimed. A try_pop
///            that is about to take the last element seen waits for more of them, up to 84 pauses of the processor
///            (some us), and a try_push that is about to fill the last slot that it saw free likewise, if it did not
///            find that there was none in between; a call that loses its position to another of its side waits 64
///            before it tries again.
/// Cost:      one compare-and-swap and one release store a call; nothing is allocated after create().
/// Source:    Vyukov, "Bounded MPMC queue" (1024cores.net, 2010): a sequence number in each slot.
/// @param Value      what moves, without throwing; no default constructor is needed
/// @param Consumers  one: a pop is no compare-and-swap, and one thread at a time pops
/// @param Waiting    sleeping, spinning or yielding: how push and pop wait
/// @param Atom       the atomic type: another one records or orders the schedules of a test
template <class Value, consumer_count Consumers, class Waiting = sleeping, template <class> class Atom = atomic>
class basic_mpmc_queue {
  static_assert(queue_element<Value>,
                "a queue's element must move-construct, move-assign and end without throwing (noexcept); "
                "push a pointer to it otherwise");

  using gate = typename Waiting::template gate<Atom>;

 public:
  using value_type = Value;

  /// @param capacity  elements, 1 to max_queue_capacity; held exactly, no power of two needed
  /// @return          errc::invalid_argument for 0, errc::limit_exceeded above, errc::no_memory
  static result<basic_mpmc_queue> create(std::size_t capacity) noexcept { return create_at(capacity, 0); }
  /// As if `lap` times `capacity` elements had gone through it: for tests of the indices' end.
  static result<basic_mpmc_queue> create_at(std::size_t capacity, std::uint64_t lap) noexcept {
    if (capacity == 0) return error{errc::invalid_argument, "queue.capacity", "at least 1", std::uint64_t{0}};
    if (capacity > max_queue_capacity) {
      return error{errc::limit_exceeded, "queue.capacity", max_queue_capacity, capacity};
    }
    if (capacity > (~std::size_t{0} - sizeof(shared)) / sizeof(slot)) {
      return error{errc::no_memory, "queue.capacity"};
    }
    void* const memory = std::aligned_alloc(alignof(shared), sizeof(shared) + capacity * sizeof(slot));
    if (memory == nullptr) return error{errc::no_memory, "queue.capacity"};
    return basic_mpmc_queue(::new (memory) shared(capacity, lap));
  }

  /// @pre no other thread uses either queue. The queue moved from can only be assigned to or destroyed.
  basic_mpmc_queue(basic_mpmc_queue&& other) noexcept : shared_(other.shared_) { other.shared_ = nullptr; }
  basic_mpmc_queue& operator=(basic_mpmc_queue&& other) noexcept {
    if (this != &other) {
      destroy();
      shared_ = other.shared_;
      other.shared_ = nullptr;
    }
    return *this;
  }
  basic_mpmc_queue(const basic_mpmc_queue&) = delete;
  basic_mpmc_queue& operator=(const basic_mpmc_queue&) = delete;
  /// Ends the elements left over. @pre no other thread uses the queue
  ~basic_mpmc_queue() { destroy(); }

  /// @return false, and `value` untouched, when there is no room or the queue is closed
  [[nodiscard]] bool try_push(Value&& value) noexcept {
    return try_emplace([&](void* place) noexcept { ::new (place) Value(static_cast<Value&&>(value)); });
  }
  /// The same for a copy. If copying may throw, it is done first, and a throw leaves the queue as it was.
  [[nodiscard]] bool try_push(const Value& value) noexcept(copies_without_throwing<Value>)
    requires copyable_element<Value>
  {
    if constexpr (copies_without_throwing<Value>) {
      return try_emplace([&](void* place) noexcept { ::new (place) Value(value); });
    } else {
      return try_push(Value(value));
    }
  }
  /// @param out  assigned the oldest element; untouched when the answer is false
  [[nodiscard]] bool try_pop(Value& out) noexcept {
    return try_take([&](Value& value) noexcept { out = static_cast<Value&&>(value); });
  }

  /// Waits for room.
  ///
  /// @param deadline_ns  on the clock of monotonic_ns(); 0: wait as long as it takes
  /// @return             errc::closed, errc::timed_out; `value` is then untouched
  status push(Value&& value, std::uint64_t deadline_ns = 0) noexcept {
    if (try_push(static_cast<Value&&>(value))) return {};
    return here().room.wait([&] { return try_push(static_cast<Value&&>(value)); }, [&] { return has_room(); },
                            [&] { return push_outlook(); }, deadline_ns);
  }
  status push(const Value& value, std::uint64_t deadline_ns = 0) noexcept(copies_without_throwing<Value>)
    requires copyable_element<Value>
  {
    return push(Value(value), deadline_ns);
  }
  /// Waits for an element. @return errc::closed when the queue is closed and drained, errc::timed_out;
  /// `out` is then untouched
  status pop(Value& out, std::uint64_t deadline_ns = 0) noexcept {
    if (try_pop(out)) return {};
    return here().elements.wait([&] { return try_pop(out); }, [&] { return has_element(); },
                                [&] { return pop_outlook(); }, deadline_ns);
  }

  /// Moves the first values in, in their order and with no other producer's between them.
  /// @return how many; the rest is untouched. 0 as try_push false, fewer than all when there was no more room
  [[nodiscard]] std::size_t try_push_n(span<Value> values) noexcept {
    shared& queue = here();
    std::uint64_t tail = queue.tail.load_acquire();
    for (;;) {
      if ((tail & closed_mark) != 0) return 0;
      std::size_t count = 0;
      std::uint64_t at = tail;
      for (; count < values.size() && count < queue.positions.capacity; ++count, at = queue.positions.after(at)) {
        if (queue.at(at).stamp.load_acquire() != at) break;
      }
      if (count == 0) {
        const std::uint64_t now = queue.tail.load_acquire();
        if (now == tail) return 0;
        tail = now;
      } else if (queue.tail.compare_exchange_weak_acquire(tail, at)) {
        at = tail;
        for (std::size_t i = 0; i < count; ++i, at = queue.positions.after(at)) {
          slot& place = queue.at(at);
          ::new (place.memory()) Value(static_cast<Value&&>(values[i]));
          place.stamp.store_release(at + filled);
        }
        queue.elements.signal(static_cast<std::uint32_t>(count < wake_all ? count : wake_all));
        return count;
      } else {
        tail = gave_way(queue.tail);
      }
    }
  }
  /// Takes up to out.size() elements that follow each other. @return how many; the rest of `out` is untouched
  [[nodiscard]] std::size_t try_pop_n(span<Value> out) noexcept {
    shared& queue = here();
    std::uint64_t head = queue.head.load_acquire();
    for (;;) {
      std::size_t count = 0;
      std::uint64_t at = head;
      for (; count < out.size() && count < queue.positions.capacity; ++count, at = queue.positions.after(at)) {
        if (queue.at(at).stamp.load_acquire() != at + filled) break;
      }
      if (count == 0) {
        const std::uint64_t now = queue.head.load_acquire();
        if (now == head) return 0;
        head = now;
      } else if (claim_head(queue, head, at)) {
        at = head;
        for (std::size_t i = 0; i < count; ++i, at = queue.positions.after(at)) {
          slot& place = queue.at(at);
          out[i] = static_cast<Value&&>(*place.value());
          place.value()->~Value();
          place.stamp.store_release(at + queue.positions.lap);
        }
        queue.room.signal(static_cast<std::uint32_t>(count < wake_all ? count : wake_all));
        return count;
      } else {
        head = gave_way(queue.head);
      }
    }
  }

  /// Pushes fail from now on; what was pushed can still be popped. Every waiting thread wakes. Idempotent.
  void close() noexcept {
    shared& queue = here();
    queue.closing.store_release(1);  // first: whoever sees the mark sees this
    if ((queue.tail.fetch_or_acq_rel(closed_mark) & closed_mark) != 0) return;
    queue.elements.signal_all();
    queue.room.signal_all();
  }
  [[nodiscard]] bool is_closed() const noexcept { return (here().tail.load_acquire() & closed_mark) != 0; }
  /// Whether a try_pop is worth it: there is an element, or another consumer took one meanwhile. Threads: as try_pop.
  [[nodiscard]] bool has_element() const noexcept {
    const std::uint64_t head = here().head.load_acquire();
    return here().at(head).stamp.load_acquire() == head + filled || here().head.load_acquire() != head;
  }
  [[nodiscard]] std::size_t capacity() const noexcept { return here().positions.capacity; }
  /// Elements claimed and not yet taken, a moment ago; exact while no other thread uses the queue.
  [[nodiscard]] std::size_t size_approx() const noexcept {
    const shared& queue = here();
    const std::uint64_t head = queue.head.load_acquire();
    const std::uint64_t tail = queue.tail.load_acquire() & ~closed_mark;
    const std::uint64_t size = queue.positions.distance(head, tail);
    return size <= capacity() ? static_cast<std::size_t>(size) : size > ~std::uint64_t{0} / 2 ? 0 : capacity();
  }

 private:
  friend struct detail::watch_access;
  // Bit 0 of `tail` says closed. A slot's stamp is the position of the push that it waits for, and one more (`filled`)
  // once that push has finished.
  static constexpr std::uint64_t closed_mark = 1;
  static constexpr std::uint64_t filled = 1;
  static constexpr std::size_t slot_alignment = alignof(Value) > cache_line ? alignof(Value) : cache_line;

  struct alignas(slot_alignment) slot {
    explicit slot(std::uint64_t first) noexcept : stamp(first) {}
    [[nodiscard]] void* memory() noexcept { return bytes; }
    [[nodiscard]] Value* value() noexcept { return std::launder(reinterpret_cast<Value*>(bytes)); }

    Atom<std::uint64_t> stamp;
    alignas(Value) unsigned char bytes[sizeof(Value)];
  };

  struct alignas(slot_alignment) shared {
    shared(std::size_t elements_most, std::uint64_t first_lap) noexcept
        : shared(elements_most, first_lap, heavy_barrier()) {}
    shared(std::size_t elements_most, std::uint64_t first_lap, bool asymmetric) noexcept
        : positions(elements_most),
          tail(first_lap * positions.lap),
          head(first_lap * positions.lap),
          elements(asymmetric),
          room(asymmetric) {
      for (std::size_t i = 0; i < positions.capacity; ++i)
        ::new (static_cast<void*>(slots() + i)) slot(first_lap * positions.lap + i * 2);
    }
    [[nodiscard]] slot* slots() noexcept { return reinterpret_cast<slot*>(this + 1); }
    [[nodiscard]] slot& at(std::uint64_t position) noexcept { return slots()[positions.slot(position)]; }

    // Consumers at the producers' heels fetch every slot's line from their cores while it is still written to, and the
    // producers fetch it back; and so do producers at the consumers' heels, when the queue is full. So a side that gets
    // as far as it saw the other waits a moment, three times at most, for that to get on, and both do; but not when it
    // had nothing to do in between: a single element is not held up. Measured (one thread a side, 1,024 elements of 8
    // bytes): two cores of Zen 5, 70 million a second without, 120 to 170 where consumers do so; Zen 3, 73 to 132
    // where consumers do, 138 to 155 where both do. `seen` is the end of what a side saw, or, one more than that,
    // where nothing was. It is a hint: a batch passes it by, and it holds again when a side next finds nothing.
    [[nodiscard]] static bool is_close(const Atom<std::uint64_t>& seen, std::uint64_t at) noexcept {
      return (seen.load_relaxed() | 1) == (at | 1);
    }
    /// @param look_end  where the other side's work ends
    template <class LookEnd>
    [[gnu::noinline]] void keep_a_distance(Atom<std::uint64_t>& seen, std::uint64_t at,
                                           LookEnd look_end) const noexcept {
      if ((seen.load_relaxed() & 1) != 0) {
        seen.store_relaxed(positions.after(at));
        return;
      }
      const std::size_t enough = positions.capacity / 4 < 128 ? positions.capacity / 4 : 128;
      std::uint64_t end = look_end();
      for (int pauses = 4; pauses <= 64 && end - at < 2 * enough; pauses *= 4) {
        for (int i = 0; i < pauses; ++i) spin_pause();
        const std::uint64_t before = end;
        end = look_end();
        if (end == before) break;  // nobody is at work there
      }
      seen.store_relaxed(end);
    }
    static void reaches_end(Atom<std::uint64_t>& seen, std::uint64_t at) noexcept {
      if (seen.load_relaxed() != (at | 1)) seen.store_relaxed(at | 1);
    }

    const detail::ring_positions positions;
    // 1 before `tail` has its mark: for consumers who wait, and leave that line to the producers. A look at it for each
    // try would cost them and the producers the line (Zen 3, a round trip of 8 bytes: 272 ns, 116 to 135 without).
    Atom<std::uint32_t> closing{0};
    alignas(cache_line) Atom<std::uint64_t> tail;  // position of the next push, and closed_mark
    Atom<std::uint64_t> room_seen{1};              // by producers
    alignas(cache_line) Atom<std::uint64_t> head;  // position of the next pop
    Atom<std::uint64_t> elements_seen{1};          // by consumers
    alignas(cache_line) gate elements;             // consumers wait here
    alignas(cache_line) gate room;                 // producers wait here
  };

  explicit basic_mpmc_queue(shared* made) noexcept : shared_(made) {}

  [[nodiscard]] shared& here() const noexcept {
    ATLAS_ASSERT(shared_ != nullptr);
    return *shared_;
  }

  template <class Construct>
  bool try_emplace(Construct construct) noexcept {
    shared& queue = here();
    std::uint64_t tail = queue.tail.load_acquire();
    for (;;) {
      if ((tail & closed_mark) != 0) return false;
      slot& place = queue.at(tail);
      if (place.stamp.load_acquire() == tail) {
        if (queue.is_close(queue.room_seen, tail)) {
          queue.keep_a_distance(queue.room_seen, tail, [&] { return queue.head.load_relaxed() + queue.positions.lap; });
        }
        if (queue.tail.compare_exchange_weak_acquire(tail, queue.positions.after(tail))) {
          construct(place.memory());
          place.stamp.store_release(tail + filled);
          queue.elements.signal(1);
          return true;
        }
        tail = gave_way(queue.tail);
      } else {
        const std::uint64_t now = queue.tail.load_acquire();
        if (now == tail) {
          queue.reaches_end(queue.room_seen, tail);
          return false;
        }
        tail = now;
      }
    }
  }

  // Behind a position that another thread of this side took: that one goes on undisturbed for a while, with the lines
  // that it has. Measured (two cores of Zen 5, two producers and two consumers): 38 to 50 million elements a second,
  // without 5 to 44.
  [[gnu::noinline]] static std::uint64_t gave_way(const Atom<std::uint64_t>& position) noexcept {
    for (int i = 0; i < 64; ++i) spin_pause();
    return position.load_acquire();
  }
  /// Whether the slots up to `after` are this call's.
  static bool claim_head(shared& queue, std::uint64_t& head, std::uint64_t after) noexcept {
    if constexpr (Consumers == consumer_count::one) {
      queue.head.store_relaxed(after);
      return true;
    } else {
      return queue.head.compare_exchange_weak_acquire(head, after);
    }
  }

  template <class Take>
  bool try_take(Take take) noexcept {
    shared& queue = here();
    std::uint64_t head = queue.head.load_acquire();
    for (;;) {
      slot& place = queue.at(head);
      if (place.stamp.load_acquire() == head + filled) {
        if (queue.is_close(queue.elements_seen, head)) {
          queue.keep_a_distance(queue.elements_seen, head, [&] { return queue.tail.load_relaxed() & ~closed_mark; });
        }
        if (claim_head(queue, head, queue.positions.after(head))) {
          take(*place.value());
          place.value()->~Value();
          place.stamp.store_release(head + queue.positions.lap);
          queue.room.signal(1);
          return true;
        }
        head = gave_way(queue.head);
      } else {
        const std::uint64_t now = queue.head.load_acquire();
        if (now == head) {
          queue.reaches_end(queue.elements_seen, head);
          return false;
        }
        head = now;
      }
    }
  }

  // Whether it is worth another waiter's while to try. If the position is an old one by now, it is: nothing was seen of
  // the present one.
  [[nodiscard]] bool has_room() const noexcept {
    const std::uint64_t tail = here().tail.load_acquire();
    if ((tail & closed_mark) != 0) return false;
    return here().at(tail).stamp.load_acquire() == tail || here().tail.load_acquire() != tail;
  }
  [[nodiscard]] wait_outlook push_outlook() const noexcept {
    return is_closed() ? wait_outlook::closed : wait_outlook::open;
  }
  [[nodiscard]] gate& element_gate() noexcept { return here().elements; }
  [[nodiscard]] wait_outlook pop_outlook() const noexcept {
    if (here().closing.load_acquire() == 0) return wait_outlook::open;
    const std::uint64_t tail = here().tail.load_acquire();
    if ((tail & closed_mark) == 0) return wait_outlook::open;
    // No push can claim any more; but one that did may not have finished.
    return here().head.load_acquire() == (tail & ~closed_mark) ? wait_outlook::closed : wait_outlook::ending;
  }

  void destroy() noexcept {
    if (shared_ == nullptr) return;
    const std::uint64_t tail = shared_->tail.load_acquire() & ~closed_mark;
    for (std::uint64_t at = shared_->head.load_acquire(); at != tail; at = shared_->positions.after(at)) {
      shared_->at(at).value()->~Value();
    }
    for (std::size_t i = 0; i < shared_->positions.capacity; ++i) shared_->slots()[i].~slot();
    shared_->~shared();
    std::free(shared_);
    shared_ = nullptr;
  }

  shared* shared_;
};

/// Any number of threads on both sides.
template <class Value, class Waiting = sleeping, template <class> class Atom = atomic>
using mpmc_queue = basic_mpmc_queue<Value, consumer_count::many, Waiting, Atom>;
/// Any number of producers, and one consumer at a time: try_pop, try_pop_n and pop are its alone.
template <class Value, class Waiting = sleeping, template <class> class Atom = atomic>
using mpsc_queue = basic_mpmc_queue<Value, consumer_count::one, Waiting, Atom>;

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_MPMC_QUEUE_HPP
