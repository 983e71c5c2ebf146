// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/wait_gate.hpp -- wait until another thread made progress: asleep, spinning or yielding.
//
// Room:      wait_gate, an eventcount over one 32-bit futex word, free while nobody sleeps; busy_gate, that never
//            sleeps; sleeping, spinning and yielding, which a queue takes to say which of them it waits at.
// Not here:  what is waited for (queue/mpmc_queue.hpp, queue/spsc_queue.hpp), waiting at several gates at once
//            (queue/wait_any.hpp, queue/queue_event.hpp).
// Depends:   core/{atomic,barrier,clock,futex,result,thread}.hpp, queue/gate_watchers.hpp.
// Threads:   every member, from any thread of one process.
#ifndef ATLAS_QUEUE_WAIT_GATE_HPP
#define ATLAS_QUEUE_WAIT_GATE_HPP

#include <atlas/core/atomic.hpp>          // atomic
#include <atlas/core/barrier.hpp>         // light_barrier, heavy_barrier
#include <atlas/core/clock.hpp>           // monotonic_ns
#include <atlas/core/futex.hpp>           // spin_pause, wake_all
#include <atlas/core/result.hpp>          // status
#include <atlas/core/thread.hpp>          // yield_thread
#include <atlas/queue/gate_watchers.hpp>  // gate_watchers, sleep_at, wake_at

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {
struct watch_access;  // a friend of each queue: queue/watched_queue.hpp
}

/// What the thing waited for says about waiting on.
enum class wait_outlook : std::uint8_t {
  open,    ///< another thread may make it succeed, and signals then
  ending,  ///< it will be decided within microseconds, perhaps without a signal
  closed,  ///< it cannot succeed any more
};

/// How often a waiter looks before it sleeps: 1 to 5 us, less than the 10 to 50 us of a sleep and a wake.
inline constexpr unsigned wait_spins = 100;
/// Until when a waiter may sleep whose last look found nothing.
///
/// @param until_ns        out; 0: until it is woken
/// @param is_signal_sure  false: it only naps, because what it waits for may come without a signal
/// @return                false when the deadline has passed
inline bool may_sleep_until(std::uint64_t& until_ns, std::uint64_t deadline_ns, bool is_signal_sure) noexcept {
  constexpr std::uint64_t nap_ns = 50'000;
  until_ns = deadline_ns;
  if (deadline_ns == 0 && is_signal_sure) return true;
  const std::uint64_t now_ns = monotonic_ns();
  if (deadline_ns != 0 && now_ns >= deadline_ns) return false;
  if (!is_signal_sure && (deadline_ns == 0 || deadline_ns - now_ns > nap_ns)) until_ns = now_ns + nap_ns;
  return true;
}

/// Threads wait at a gate for an attempt to succeed; whoever may have made it succeed signals.
///
/// The rule that no wake-up is lost: the signaller first publishes, then calls signal(). A waiter first says that
/// it may sleep (announce), then tries once more, and sleeps only while the word is as it left it. A signal takes
/// the mark away and wakes a few; each woken waiter sets the mark again before it tries, and after a success
/// wakes the next one if there is more. So a burst of signals costs one system call, and a sleeper whose signal
/// was swallowed by another waiter's is woken by that waiter.
///
/// A watcher, which waits elsewhere, is attached, and then does as a waiter does: it announces itself, looks once more,
/// and waits. The signal that takes the mark away tells every watcher, and wakes as many waiters as it would without
/// them: so none depends on what another does with its notification. Who wants to go on waiting announces itself again.
template <template <class> class Atom>
class basic_wait_gate {
 public:
  /// @param asymmetric  whether heavy_barrier() works here: then signal() is one load while nobody sleeps, else
  ///                    a read-modify-write beside it
  explicit basic_wait_gate(bool asymmetric) noexcept : state_(asymmetric ? 0 : symmetric) {}

  /// Wakes waiters after something was published for them. @param count things published, >= 1
  void signal(std::uint32_t count) noexcept {
    light_barrier();
    if ((state_.load_relaxed() & (may_sleep | symmetric)) != 0) wake(count);
  }
  /// Wakes every waiter, also those that are about to sleep, because the outlook changed.
  void signal_all() noexcept {
    std::uint32_t seen = state_.load_relaxed();
    while (!state_.compare_exchange(seen, signalled(seen))) {
    }
    wake_at(state_, wake_all);
    watchers_.notify();
  }

  /// Watchers can be attached here.
  static constexpr bool is_watchable = true;
  using word = Atom<std::uint32_t>;  ///< that a watcher may sleep at
  /// From now on the watcher is notified of the signals that follow an announce().
  void attach(gate_watcher& added) noexcept { watchers_.attach(added); }
  /// @pre it is attached here
  void detach(gate_watcher& removed) noexcept { watchers_.detach(removed); }
  /// Of two things at least one holds afterwards: a look finds what was published, or its signal notifies the watchers.
  /// @return  whether that needs a heavy_barrier() between this and the look; one will do for several gates
  [[nodiscard]] bool announce() noexcept { return (state_.fetch_or_acq_rel(may_sleep) & symmetric) == 0; }

  /// Repeats `attempt` until it succeeds, first spinning, then asleep between signals.
  ///
  /// @param attempt      bool(): true when it succeeded; false promises a signal when it may succeed
  /// @param has_more     bool() noexcept: another waiter's attempt may succeed now, whichever waiter is woken. If it
  ///                     depends on which, every signal here is for wake_all, and this gives wake_all or 0 instead
  /// @param outlook      wait_outlook(), asked after a failed attempt
  /// @param deadline_ns  on monotonic_ns(); 0: none. At least one attempt is made, also if it has passed
  /// @return             errc::closed when the outlook is, errc::timed_out
  template <class Attempt, class HasMore, class Outlook>
  status wait(Attempt attempt, HasMore has_more, Outlook outlook, std::uint64_t deadline_ns) {
    for (unsigned spin = 0; spin < wait_spins; ++spin) {
      if (attempt()) return {};
      if (outlook() == wait_outlook::closed) return errc::closed;
      spin_pause();
    }
    for (;;) {
      // After this, a signal for anything published later finds the mark; anything earlier is seen by attempt().
      const std::uint32_t announced = state_.fetch_or_acq_rel(may_sleep) | may_sleep;
      const bool is_ordered = (announced & symmetric) != 0 || heavy_barrier();
      {
        handed_on<HasMore> wake_up{*this, has_more};  // also if the attempt throws
        if (attempt()) return {};
        wake_up.is_kept = true;
      }
      const wait_outlook future = outlook();
      if (future == wait_outlook::closed) return errc::closed;
      std::uint64_t until_ns = 0;
      // Not ordered: the barrier stopped working after it had worked.
      if (!may_sleep_until(until_ns, deadline_ns, future == wait_outlook::open && is_ordered)) return errc::timed_out;
      sleep_at(state_, announced, until_ns);
    }
  }

 private:
  // state_: bit 0, somebody may sleep; bit 1, never changed, heavy_barrier() does not work here; above them a count of
  // signals, so that a sleeper notices one that came between its attempt and its sleep. It would have to miss 2^30 of
  // them to be fooled.
  static constexpr std::uint32_t may_sleep = 1;
  static constexpr std::uint32_t symmetric = 2;
  static constexpr std::uint32_t one_signal = 4;
  /// One signal more, and nobody who may sleep.
  static constexpr std::uint32_t signalled(std::uint32_t seen) noexcept { return (seen & ~may_sleep) + one_signal; }

  /// A wake-up that this waiter needs no more, to another one.
  template <class HasMore>
  struct handed_on {
    basic_wait_gate& gate;
    HasMore& has_more;
    bool is_kept = false;
    ~handed_on() {
      if (is_kept) return;
      if (const std::uint32_t more = has_more(); more != 0) gate.signal(more);
    }
  };

  [[gnu::noinline]] void wake(std::uint32_t count) noexcept {
    std::uint32_t seen = state_.load_relaxed();
    if ((seen & symmetric) != 0) seen = state_.fetch_add(0);  // what was published stands before this look at the mark
    if ((seen & may_sleep) == 0) return;
    // Clears the mark and counts the signal. If it fails, another signal came first; the waiter that it wakes, and the
    // watchers that it tells, look after what we published.
    if (!state_.compare_exchange(seen, signalled(seen))) return;
    wake_at(state_, count);
    watchers_.notify();
  }

  Atom<std::uint32_t> state_;
  gate_watchers<Atom> watchers_;
};
using wait_gate = basic_wait_gate<atomic>;

/// A gate at which waiters keep trying, so that there is nothing to signal. `pause()` comes between two tries.
template <void (*pause)() noexcept>
class busy_gate {
 public:
  explicit busy_gate(bool) noexcept {}

  /// Nothing is signalled, so nobody can be told.
  static constexpr bool is_watchable = false;
  void signal(std::uint32_t) noexcept {}
  void signal_all() noexcept {}
  /// As wait_gate::wait; `has_more` is never asked.
  template <class Attempt, class HasMore, class Outlook>
  status wait(Attempt attempt, HasMore, Outlook outlook, std::uint64_t deadline_ns) {
    for (unsigned tries = 1;; ++tries) {
      if (attempt()) return {};
      if (outlook() == wait_outlook::closed) return errc::closed;
      if (deadline_ns != 0 && tries % tries_a_look == 0 && monotonic_ns() >= deadline_ns) return errc::timed_out;
      pause();
    }
  }

 private:
  static constexpr unsigned tries_a_look = 32;  // a look at the clock takes as long as some tries
};

/// A queue's waiters spin for some microseconds and then sleep: the default. A call pays one load for it while nobody
/// sleeps.
struct sleeping {
  template <template <class> class Atom>
  using gate = basic_wait_gate<Atom>;
};
/// A queue's waiters spin: the least latency, for threads that have a core each.
struct spinning {
  template <template <class> class>
  using gate = busy_gate<spin_pause>;
};
/// A queue's waiters let other threads run between two tries.
struct yielding {
  template <template <class> class>
  using gate = busy_gate<yield_thread>;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_WAIT_GATE_HPP
