// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/wait_any.hpp -- wait until one of several queues has an element to take.
//
// Room:      wait_any, for queues of any types; wait_any_of, for any number of queues of one type; wait_turn.
// Not here:  waiting in an event loop, for queues beside sockets (queue/queue_event.hpp).
// Depends:   core/{barrier,clock,memory,result}.hpp, queue/{wait_gate,watched_queue}.hpp.
// Threads:   as try_pop of each of the queues. Any number of threads may wait, for queues in common too.
#ifndef ATLAS_QUEUE_WAIT_ANY_HPP
#define ATLAS_QUEUE_WAIT_ANY_HPP

#include <atlas/core/barrier.hpp>         // heavy_barrier
#include <atlas/core/clock.hpp>           // monotonic_ns
#include <atlas/core/memory.hpp>          // buffer
#include <atlas/core/result.hpp>          // result
#include <atlas/queue/wait_gate.hpp>      // wait_spins, may_sleep_until
#include <atlas/queue/watched_queue.hpp>  // watched_queue

namespace atlas { inline namespace ATLAS_ABI {

/// Lets queues take turns: kept by the caller from one wait_any to the next, of the same queues in the same order.
struct wait_turn {
  std::size_t first = 0;  ///< where the next look begins
};

namespace detail {

inline constexpr std::size_t no_queue = ~std::size_t{0};

struct queues_look {
  std::size_t ready = no_queue;  ///< that has an element; else one that is over
  bool is_any = false;           ///< not all are left out
  bool is_ending = false;
};
/// Looks at `count` queues, at `first` first; one without a gate is left out.
template <class Gate>
[[nodiscard]] queues_look look_at_all(const watched_queue<Gate>* queues, std::size_t count,
                                      std::size_t first) noexcept {
  queues_look found;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = i < count - first ? first + i : first + i - count;
    if (queues[at].gate == nullptr) continue;
    found.is_any = true;
    const queue_look look = queues[at].look();
    if (look == queue_look::element) {
      found.ready = at;
      return found;
    }
    if (look == queue_look::over && found.ready == no_queue) found.ready = at;
    if (look == queue_look::ending) found.is_ending = true;
  }
  return found;
}

/// Sleeps until one of the gates is signalled; watches them while it lives.
template <class Gate>
class gates_sleeper {
 public:
  gates_sleeper(watched_queue<Gate>* queues, std::size_t count) noexcept : queues_(queues), count_(count) {
    for (std::size_t i = 0; i < count_; ++i) {
      if (queues_[i].gate == nullptr) continue;
      queues_[i].watcher.notify = wake;
      queues_[i].watcher.who = this;
      queues_[i].gate->attach(queues_[i].watcher);
    }
  }
  gates_sleeper(const gates_sleeper&) = delete;
  gates_sleeper& operator=(const gates_sleeper&) = delete;
  ~gates_sleeper() {
    for (std::size_t i = 0; i < count_; ++i) {
      if (queues_[i].gate != nullptr) queues_[i].gate->detach(queues_[i].watcher);
    }
  }
  /// Before the last look. @return false when a signal for what the look does not find may be missed
  [[nodiscard]] bool announce() noexcept {
    // Before the marks are set: whoever finds one of them comes after this.
    woken_.store_relaxed(0);
    bool needs_barrier = false;
    for (std::size_t i = 0; i < count_; ++i) {
      if (queues_[i].gate != nullptr && queues_[i].gate->announce()) needs_barrier = true;
    }
    return !needs_barrier || heavy_barrier();
  }
  void sleep(std::uint64_t until_ns) noexcept { sleep_at(woken_, 0, until_ns); }

 private:
  static void wake(void* who) noexcept {
    auto& woken = static_cast<gates_sleeper*>(who)->woken_;
    if (woken.exchange(1) == 0) wake_at(woken, 1);
  }

  watched_queue<Gate>* const queues_;
  const std::size_t count_;
  typename Gate::word woken_{0};
};

template <class Gate>
[[nodiscard]] result<std::size_t> wait_for_any(watched_queue<Gate>* queues, std::size_t count, wait_turn& turn,
                                               std::uint64_t deadline_ns) noexcept {
  const std::size_t first = turn.first < count ? turn.first : 0;
  const auto told = [&](std::size_t ready) -> std::size_t {
    turn.first = ready + 1;
    return ready;
  };
  for (unsigned spin = 0; spin < wait_spins; ++spin) {
    const queues_look found = look_at_all(queues, count, first);
    if (found.ready != no_queue) return told(found.ready);
    if (!found.is_any) return errc::closed;
    if (spin == 0 && deadline_ns != 0 && monotonic_ns() >= deadline_ns) return errc::timed_out;
    spin_pause();
  }
  gates_sleeper<Gate> sleeper(queues, count);
  for (;;) {
    const bool is_ordered = sleeper.announce();
    const queues_look found = look_at_all(queues, count, first);
    if (found.ready != no_queue) return told(found.ready);
    std::uint64_t until_ns = 0;
    if (!may_sleep_until(until_ns, deadline_ns, is_ordered && !found.is_ending)) return errc::timed_out;
    sleeper.sleep(until_ns);
  }
}

// An argument of wait_any is a queue or a pointer to one.
template <class Argument>
struct waited_queue {
  using type = Argument;
};
template <class Argument>
struct waited_queue<Argument&> : waited_queue<Argument> {};
template <class Argument>
struct waited_queue<Argument*> : waited_queue<Argument> {};
template <class Argument>
struct waited_queue<Argument* const> : waited_queue<Argument> {};
template <class Argument>
using waited_gate = gate_of<typename waited_queue<Argument>::type>;

template <class Gate, class Queue>
void set_watched(watched_queue<Gate>& to, Queue& queue) noexcept {
  to.set(queue);
}
template <class Gate, class Queue>
void set_watched(watched_queue<Gate>& to, Queue* queue) noexcept {
  if (queue != nullptr) to.set(*queue);
}

template <class Left, class Right>
inline constexpr bool is_same_gate = false;
template <class Gate>
inline constexpr bool is_same_gate<Gate, Gate> = true;

template <class First, class... Others>
[[nodiscard]] result<std::size_t> wait_any(wait_turn& turn, std::uint64_t deadline_ns, First& first,
                                           Others&... others) noexcept {
  using gate = waited_gate<First>;
  constexpr bool are_watchable = gate::is_watchable && (waited_gate<Others>::is_watchable && ...);
  static_assert(are_watchable, "a queue that waits by spinning or yielding signals nothing, so it cannot be watched");
  if constexpr (are_watchable) {
    static_assert((is_same_gate<gate, waited_gate<Others>> && ...),
                  "queues that are waited for together have one atomic type");
    watched_queue<gate> watched[1 + sizeof...(Others)];
    set_watched(watched[0], first);
    std::size_t at = 0;
    (set_watched(watched[++at], others), ...);
    return wait_for_any(watched, 1 + sizeof...(Others), turn, deadline_ns);
  }
}

}  // namespace detail

/// Waits until one of the queues has an element to take.
///
///     const auto ready = atlas::wait_any(0, control, work);   // 0: no deadline
///     if (*ready == 0 && !control.try_pop(order)) ...          // closed and drained, or another consumer was faster
///
/// The caller's order is a priority: of those that have an element the first is told, so that what stops a thread can
/// stand before what keeps it busy. Queues that shall take turns are given with a wait_turn.
///
/// @param deadline_ns  on the clock of monotonic_ns(); 0: wait as long as it takes. If it has passed, one look is made
/// @param queues       spsc_queue, mpmc_queue, mpsc_queue, priority_queue, byte_ring, a broadcast_ring's reader, in any
///                     mix, each of which waits by sleeping. A pointer stands for its queue, a null pointer for none
/// @return             the place among `queues` of one that has an element; if none has, of one that is closed and
///                     drained, so that popping says errc::closed; it is told each time: leave it out from then on.
///                     errc::timed_out; errc::closed when all are left out
/// Nothing is taken: where there are other consumers, the element may be theirs by then. They are woken as if nobody
/// waited here.
/// Cost: a look at each queue; to sleep, a lock of each queue twice and what pop pays once. Allocates nothing.
template <class... Queues>
[[nodiscard]] result<std::size_t> wait_any(std::uint64_t deadline_ns, Queues&&... queues) noexcept
  requires(sizeof...(Queues) != 0)
{
  wait_turn turn;
  return detail::wait_any(turn, deadline_ns, queues...);
}
/// The same, but the look begins after the queue that was told last: so one that always has something starves none, and
/// each queue that has something is told within as many calls as there are queues.
template <class... Queues>
[[nodiscard]] result<std::size_t> wait_any(wait_turn& turn, std::uint64_t deadline_ns, Queues&&... queues) noexcept
  requires(sizeof...(Queues) != 0)
{
  return detail::wait_any(turn, deadline_ns, queues...);
}

/// The same for any number of queues of one type.
///
/// @param queues  a span, array or vector of pointers; null: left out
/// @return        also errc::no_memory, when there are more than 16
template <class Pointers>
[[nodiscard]] result<std::size_t> wait_any_of(wait_turn& turn, std::uint64_t deadline_ns,
                                              const Pointers& queues) noexcept
  requires requires { detail::watch_access::gate(**queues.data()); queues.size(); }
{
  using gate = detail::waited_gate<decltype(*queues.data())>;
  using watched = detail::watched_queue<gate>;
  constexpr std::size_t few = 16;
  watched some[few];
  buffer<watched> many;
  const std::size_t count = queues.size();
  if (count > few) {
    if (const status got = many.resize(count); !got.ok()) return got.error();
  }
  watched* const all = count > few ? many.data() : some;
  for (std::size_t i = 0; i < count; ++i) {
    ::new (static_cast<void*>(all + i)) watched();
    detail::set_watched(all[i], queues.data()[i]);
  }
  return detail::wait_for_any(all, count, turn, deadline_ns);
}
template <class Pointers>
[[nodiscard]] result<std::size_t> wait_any_of(std::uint64_t deadline_ns, const Pointers& queues) noexcept
  requires requires { detail::watch_access::gate(**queues.data()); queues.size(); }
{
  wait_turn turn;
  return wait_any_of(turn, deadline_ns, queues);
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_WAIT_ANY_HPP
