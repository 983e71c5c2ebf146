// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/locked_state.hpp -- what the queues behind a lock have in common.
//
// Room:      locked_state, element_slot, signal_at_end, check_queue_capacity.
// Not here:  which element goes where (queue/priority_queue.hpp, queue/overflow_queue.hpp).
// Depends:   core/{mutex,result}.hpp, queue/{wait_gate,queue_element}.hpp.
// Threads:   as each member says.
#ifndef ATLAS_QUEUE_LOCKED_STATE_HPP
#define ATLAS_QUEUE_LOCKED_STATE_HPP

#include <atlas/core/mutex.hpp>           // mutex, lock_guard
#include <atlas/core/result.hpp>          // status
#include <atlas/queue/queue_element.hpp>  // max_queue_capacity
#include <atlas/queue/wait_gate.hpp>      // wait_outlook, wake_all

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// @return  errc::invalid_argument for a capacity of 0, errc::limit_exceeded above max_queue_capacity
[[nodiscard]] inline status check_queue_capacity(std::size_t capacity) noexcept {
  if (capacity == 0) return error{errc::invalid_argument, "queue.capacity", "at least 1", std::uint64_t{0}};
  if (capacity > max_queue_capacity) return error{errc::limit_exceeded, "queue.capacity", max_queue_capacity, capacity};
  return {};
}

/// Memory for one element.
template <class Value>
struct element_slot {
  alignas(Value) unsigned char bytes[sizeof(Value)];
  [[nodiscard]] Value* value() noexcept { return std::launder(reinterpret_cast<Value*>(bytes)); }
};

/// The lock, what it guards of every such queue, and the gate that consumers wait at.
template <class Gate>
struct locked_state {
  explicit locked_state(bool asymmetric) noexcept : elements(asymmetric) {}

  /// Nothing is put in any more; whoever waits at `elements` wakes. @return whether it was open
  bool close() noexcept {
    {
      const lock_guard lock(guard);
      if (closed.load_relaxed() != 0) return false;
      closed.store_release(1);
    }
    elements.signal_all();
    return true;
  }
  [[nodiscard]] bool is_closed() const noexcept { return closed.load_acquire() != 0; }
  [[nodiscard]] bool has_element() const noexcept { return size.load_acquire() != 0; }
  /// Of a pop that found nothing.
  [[nodiscard]] wait_outlook pop_outlook() const noexcept {
    if (!is_closed()) return wait_outlook::open;
    // Nothing comes after the close, which is under the lock.
    return has_element() ? wait_outlook::ending : wait_outlook::closed;
  }
  [[nodiscard]] wait_outlook push_outlook() const noexcept {
    return is_closed() ? wait_outlook::closed : wait_outlook::open;
  }

  alignas(cache_line) mutable mutex guard;
  atomic<std::uint32_t> closed;  // written under the lock
  atomic<std::size_t> size;      // elements; written under the lock
  alignas(cache_line) Gate elements;
};

/// Made before the lock is taken: wakes those whom a call serves when the lock is free again, also if an element
/// throws.
template <class Gate>
struct signal_at_end {
  explicit signal_at_end(Gate& where) noexcept : gate(where) {}
  signal_at_end(const signal_at_end&) = delete;
  signal_at_end& operator=(const signal_at_end&) = delete;
  ~signal_at_end() {
    if (count != 0) gate.signal(static_cast<std::uint32_t>(count < wake_all ? count : wake_all));
  }
  Gate& gate;
  std::size_t count = 0;  ///< things published
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUEUE_LOCKED_STATE_HPP
