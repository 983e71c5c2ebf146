// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/priority_queue.hpp -- a bounded queue with a lane for each level of urgency.
//
// Room:      priority_queue.
// Not here:  one level (queue/mpmc_queue.hpp, without a lock); priorities that are any number (a heap).
// Depends:   core/{result,span}.hpp, queue/{locked_state,wait_gate,queue_element}.hpp.
// Threads:   every member but creation, move and destruction, from any thread of one process.
#ifndef ATLAS_QUEUE_PRIORITY_QUEUE_HPP
#define ATLAS_QUEUE_PRIORITY_QUEUE_HPP

#include <atlas/core/result.hpp>          // result, status
#include <atlas/core/span.hpp>            // span
#include <atlas/queue/locked_state.hpp>   // locked_state, element_slot, signal_at_end
#include <atlas/queue/queue_element.hpp>  // copyable_element
#include <atlas/queue/wait_gate.hpp>      // sleeping, spinning, yielding

#include <cstdlib>  // std::aligned_alloc, std::free

namespace atlas { inline namespace ATLAS_ABI {

struct priority_queue_options {
  /// Elements of each level, 1 to max_queue_capacity; a full level leaves the others their room.
  std::size_t capacity = 1024;
  /// 0: a less urgent element waits for as long as a more urgent one is there. Else a level whose elements were passed
  /// over by so many pops is due; of levels that are due, and the most urgent one, the one passed over most often gives
  /// the next, of equal ones the least urgent. So no level waits for more than about ageing and Levels pops.
  std::uint32_t ageing = 0;
};

/// Elements come out the most urgent first, level 0, and those of a level in the order in which they came in. The words
/// are mpmc_queue's, with a level.
///
/// Order:     linearizable and exact: a pop takes the oldest element of the most urgent level that is not empty, but
///            where ageing says otherwise. What a producer wrote before a push is seen after the pop of that element.
/// Progress:  a call holds a lock for as long as it moves its elements.
/// Throws:    what an element's constructor or assignment throws; the queue is then as spsc_queue would be.
/// Cost:      a call is two atomic operations on the lock, whatever the levels. Nothing is allocated after create().
/// @param Value    what moves; no default constructor is needed
/// @param Levels   1 to 64
/// @param Waiting  sleeping, spinning or yielding: how push and pop wait
/// @param Atom     the atomic type, but for the lock's: another one records or orders the schedules of a test
template <class Value, unsigned Levels = 8, class Waiting = sleeping, template <class> class Atom = atomic>
class priority_queue {
  static_assert(Levels >= 1 && Levels <= 64);
  using gate = typename Waiting::template gate<Atom>;
  static constexpr bool moves_safely = queue_element<Value>;
  static_assert(ends_without_throwing<Value>, "a queue's element must end without throwing (noexcept)");

 public:
  using value_type = Value;
  static constexpr unsigned level_count = Levels;

  /// @return  errc::invalid_argument for a capacity of 0, errc::limit_exceeded above max_queue_capacity,
  ///          errc::no_memory
  static result<priority_queue> create(const priority_queue_options& options = {}) noexcept {
    if (const status checked = detail::check_queue_capacity(options.capacity); !checked.ok()) return checked.error();
    constexpr std::size_t unit = alignof(shared);
    if (options.capacity > (~std::size_t{0} - sizeof(shared) - unit) / sizeof(slot) / Levels)
      return error{errc::no_memory, "queue.capacity"};
    const std::size_t bytes = sizeof(shared) + (options.capacity * Levels * sizeof(slot) + unit - 1) / unit * unit;
    void* const memory = std::aligned_alloc(unit, bytes);
    if (memory == nullptr) return error{errc::no_memory, "queue.capacity"};
    auto* const slots = reinterpret_cast<slot*>(static_cast<unsigned char*>(memory) + sizeof(shared));
    return priority_queue(::new (memory) shared(slots, options, heavy_barrier()));
  }

  /// @pre no other thread uses either queue. The queue moved from can only be assigned to or destroyed.
  priority_queue(priority_queue&& other) noexcept : shared_(other.shared_) { other.shared_ = nullptr; }
  priority_queue& operator=(priority_queue&& other) noexcept {
    if (this != &other) {
      destroy();
      shared_ = other.shared_;
      other.shared_ = nullptr;
    }
    return *this;
  }
  priority_queue(const priority_queue&) = delete;
  priority_queue& operator=(const priority_queue&) = delete;
  /// Ends the elements left over. @pre no other thread uses the queue
  ~priority_queue() { destroy(); }

  /// @param level  less than Levels; 0 is the most urgent
  /// @return       false, and `value` untouched, when the level has no room or the queue is closed
  [[nodiscard]] bool try_push(Value&& value, unsigned level) noexcept(moves_safely) {
    return try_push_n({&value, 1}, level) == 1;
  }
  [[nodiscard]] bool try_push(const Value& value, unsigned level) noexcept(copies_without_throwing<Value> &&
                                                                        moves_safely)
    requires copyable_element<Value>
  {
    return try_push(Value(value), level);
  }
  /// @param out    assigned the element; untouched when the answer is false
  /// @param level  told the element's level; may be null
  [[nodiscard]] bool try_pop(Value& out, unsigned* level = nullptr) noexcept(moves_safely) {
    shared& queue = here();
    if (!queue.has_element()) return false;
    unsigned from = Levels;
    {
      const lock_guard lock(queue.guard);
      from = queue.next_level();
      if (from == Levels) return false;
      queue.take(from, out);
    }
    queue.at(from).room.signal(1);
    if (level != nullptr) *level = from;
    return true;
  }

  /// Waits for room in the level.
  ///
  /// @param deadline_ns  on the clock of monotonic_ns(); 0: wait as long as it takes
  /// @return             errc::closed, errc::timed_out; `value` is then untouched
  status push(Value&& value, unsigned level, std::uint64_t deadline_ns = 0) noexcept(moves_safely) {
    if (try_push(static_cast<Value&&>(value), level)) return {};
    return here().at(level).room.wait([&] { return try_push(static_cast<Value&&>(value), level); },
                                      [&] { return has_room(level); }, [&] { return here().push_outlook(); },
                                      deadline_ns);
  }
  status push(const Value& value, unsigned level,
              std::uint64_t deadline_ns = 0) noexcept(copies_without_throwing<Value> && moves_safely)
    requires copyable_element<Value>
  {
    return push(Value(value), level, deadline_ns);
  }
  /// Waits for an element. @return errc::closed when the queue is closed and drained, errc::timed_out; `out` is then
  /// untouched
  status pop(Value& out, std::uint64_t deadline_ns = 0, unsigned* level = nullptr) noexcept(moves_safely) {
    if (try_pop(out, level)) return {};
    return here().elements.wait([&] { return try_pop(out, level); }, [&] { return has_element(); },
                                [&] { return pop_outlook(); }, deadline_ns);
  }

  /// Moves the first values in, with no other producer's of this level between them.
  /// @return how many; the rest is untouched. Fewer than all when the level had no more room
  [[nodiscard]] std::size_t try_push_n(span<Value> values, unsigned level) noexcept(moves_safely) {
    ATLAS_ASSERT(level < Levels);
    shared& queue = here();
    detail::signal_at_end done(queue.elements);
    const lock_guard lock(queue.guard);
    if (queue.closed.load_relaxed() != 0) return 0;
    while (done.count < values.size() && queue.put(level, values[done.count])) ++done.count;
    return done.count;
  }
  /// Takes up to out.size() elements as so many pops would, with no other consumer's between them.
  /// @return how many; the rest of `out` is untouched
  [[nodiscard]] std::size_t try_pop_n(span<Value> out) noexcept(moves_safely) {
    if (!here().has_element()) return 0;
    popped_elements done(here());
    const lock_guard lock(done.queue.guard);
    std::size_t count = 0;
    for (; count < out.size(); ++count) {
      const unsigned from = done.queue.next_level();
      if (from == Levels) break;
      done.queue.take(from, out[count]);
      if (done.of_level[from] < wake_all) ++done.of_level[from];
    }
    return count;
  }

  /// Pushes fail from now on; what was pushed can still be popped. Every waiting thread wakes. Idempotent.
  void close() noexcept {
    shared& queue = here();
    if (!queue.close()) return;
    for (unsigned level = 0; level < Levels; ++level) queue.at(level).room.signal_all();
  }
  [[nodiscard]] bool is_closed() const noexcept { return here().is_closed(); }
  /// Whether a try_pop is worth it: there is an element of some level.
  [[nodiscard]] bool has_element() const noexcept { return here().has_element(); }
  /// Of each level.
  [[nodiscard]] std::size_t capacity() const noexcept { return here().capacity; }
  /// Elements of all levels, a moment ago; exact while no other thread uses the queue.
  [[nodiscard]] std::size_t size_approx() const noexcept { return here().size.load_acquire(); }

 private:
  friend struct detail::watch_access;
  using slot = detail::element_slot<Value>;
  /// The elements of one level: a ring in a part of the slots.
  struct lane {
    explicit lane(bool asymmetric) noexcept : room(asymmetric) {}

    std::size_t first = 0;
    std::size_t size = 0;
    std::uint32_t passed = 0;  ///< pops that took another element while this lane had one, since it last gave one
    gate room;                 ///< producers of the level wait here
  };
  static constexpr std::size_t block_alignment = alignof(slot) > cache_line ? alignof(slot) : cache_line;

  struct alignas(block_alignment) shared : detail::locked_state<gate, Atom> {
    shared(slot* memory, const priority_queue_options& options, bool asymmetric) noexcept
        : detail::locked_state<gate, Atom>(asymmetric),
          slots(memory),
          capacity(options.capacity),
          ageing(options.ageing) {
      for (unsigned level = 0; level < Levels; ++level)
        ::new (static_cast<void*>(lane_bytes + level * sizeof(lane))) lane(asymmetric);
    }
    [[nodiscard]] lane& at(unsigned level) noexcept {
      return *(std::launder(reinterpret_cast<lane*>(lane_bytes)) + level);
    }
    [[nodiscard]] slot& slot_of(unsigned level, std::size_t which) noexcept {
      return slots[level * capacity + (which < capacity ? which : which - capacity)];
    }

    // What follows is under the lock.

    [[nodiscard]] bool put(unsigned level, Value& value) noexcept(moves_safely) {
      lane& to = at(level);
      if (to.size == capacity) return false;
      ::new (static_cast<void*>(slot_of(level, to.first + to.size).bytes)) Value(static_cast<Value&&>(value));
      if (to.size++ == 0) {
        filled |= std::uint64_t{1} << level;
        to.passed = 0;
      }
      this->size.store_release(this->size.load_relaxed() + 1);
      return true;
    }
    /// Whose turn it is; Levels if there is nothing.
    [[nodiscard]] unsigned next_level() noexcept {
      if (filled == 0) return Levels;
      const auto urgent = static_cast<unsigned>(__builtin_ctzll(filled));
      if (ageing == 0) return urgent;
      unsigned due = urgent;
      for (unsigned level = urgent + 1; level < Levels; ++level) {
        if ((filled >> level & 1U) != 0 && at(level).passed >= ageing && at(level).passed >= at(due).passed)
          due = level;
      }
      return due;
    }
    void take(unsigned level, Value& out) noexcept(moves_safely) {
      lane& from = at(level);
      Value* const value = slot_of(level, from.first).value();
      out = static_cast<Value&&>(*value);
      value->~Value();
      from.first = from.first + 1 < capacity ? from.first + 1 : 0;
      if (--from.size == 0) filled &= ~(std::uint64_t{1} << level);
      this->size.store_release(this->size.load_relaxed() - 1);
      if (ageing == 0) return;
      from.passed = 0;
      for (std::uint64_t left = filled & ~(std::uint64_t{1} << level); left != 0; left &= left - 1) {
        lane& passed = at(static_cast<unsigned>(__builtin_ctzll(left)));
        if (passed.passed != ~std::uint32_t{0}) ++passed.passed;
      }
    }

    slot* const slots;
    const std::size_t capacity;
    const std::uint32_t ageing;
    std::uint64_t filled = 0;  // a bit for each level that has elements
    alignas(lane) unsigned char lane_bytes[Levels * sizeof(lane)];
  };

  /// As signal_at_end, of all levels.
  struct popped_elements {
    explicit popped_elements(shared& where) noexcept : queue(where) {}
    popped_elements(const popped_elements&) = delete;
    ~popped_elements() {
      for (unsigned level = 0; level < Levels; ++level) {
        if (of_level[level] != 0) queue.at(level).room.signal(of_level[level]);
      }
    }
    shared& queue;
    std::uint32_t of_level[Levels] = {};
  };

  explicit priority_queue(shared* made) noexcept : shared_(made) {}

  [[nodiscard]] shared& here() const noexcept {
    ATLAS_ASSERT(shared_ != nullptr);
    return *shared_;
  }
  [[nodiscard]] bool has_room(unsigned level) const noexcept {
    const lock_guard lock(here().guard);
    return here().at(level).size < here().capacity && here().closed.load_relaxed() == 0;
  }
  [[nodiscard]] gate& element_gate() noexcept { return here().elements; }
  [[nodiscard]] wait_outlook pop_outlook() const noexcept { return here().pop_outlook(); }

  void destroy() noexcept {
    if (shared_ == nullptr) return;
    for (unsigned level = 0; level < Levels; ++level) {
      lane& left = shared_->at(level);
      for (std::size_t i = 0; i < left.size; ++i) shared_->slot_of(level, left.first + i).value()->~Value();
      left.~lane();
    }
    shared_->~shared();
    std::free(shared_);
    shared_ = nullptr;
  }

  shared* shared_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_PRIORITY_QUEUE_HPP
