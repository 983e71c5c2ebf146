// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/watched_queue.hpp -- a queue as somebody sees it who waits for several.
//
// Room:      watch_access, what a queue lets its watchers use; watched_queue, a queue without its type.
// Not here:  waiting (queue/wait_any.hpp, queue/queue_event.hpp).
// Depends:   queue/wait_gate.hpp.
// Threads:   as try_pop of the queue.
#ifndef ATLAS_QUEUE_WATCHED_QUEUE_HPP
#define ATLAS_QUEUE_WATCHED_QUEUE_HPP

#include <atlas/queue/wait_gate.hpp>  // wait_outlook, gate_watcher

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {

enum class queue_look : std::uint8_t {
  nothing,  ///< whoever publishes an element, or closes the queue, signals
  element,
  ending,   ///< closed; whether it is drained will be decided within microseconds, perhaps without a signal
  over,     ///< closed and drained
};

/// A queue that can be watched makes this its friend and has, beside has_element(), two private members:
/// element_gate(), at which its consumers wait, signalled after an element was published and after the close; and
/// pop_outlook(), asked after has_element() was false.
struct watch_access {
  template <class Queue>
  [[nodiscard]] static auto& gate(Queue& queue) noexcept {
    return queue.element_gate();
  }
  template <class Queue>
  [[nodiscard]] static queue_look look(Queue& queue) noexcept {
    if (queue.has_element()) return queue_look::element;
    const wait_outlook future = queue.pop_outlook();
    if (future == wait_outlook::open) return queue_look::nothing;
    return future == wait_outlook::ending ? queue_look::ending : queue_look::over;
  }
};

template <class Gate>
Gate gate_type(Gate& gate);
template <class Queue>
using gate_of = decltype(gate_type(watch_access::gate(*static_cast<Queue*>(nullptr))));

/// One queue of those that somebody watches, whatever its type.
/// @param Gate  the queue's
template <class Gate>
struct watched_queue {
  template <class Queue>
  void set(Queue& watched) noexcept {
    gate = &watch_access::gate(watched);
    queue = &watched;
    look_at = [](void* one) noexcept { return watch_access::look(*static_cast<Queue*>(one)); };
  }
  [[nodiscard]] queue_look look() const noexcept { return look_at(queue); }

  gate_watcher watcher;
  Gate* gate = nullptr;  ///< null: none is set
  void* queue = nullptr;
  queue_look (*look_at)(void* queue) noexcept = nullptr;
};

}  // namespace detail

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_WATCHED_QUEUE_HPP
