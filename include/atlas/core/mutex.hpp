// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/mutex.hpp -- locks of 4 and 8 bytes, and the guards that release them.
//
// Room:      mutex, shared_mutex, lock_guard, shared_lock_guard.
// Not here:  waiting for a condition (core/futex.hpp), queues (queue/).
// Depends:   core/assert.hpp, core/atomic.hpp, core/futex.hpp. <mutex> would cost 20 times the lines.
// Threads:   every member, from any thread. Not recursive. A lock that another thread holds during fork()
//            stays held for ever in the child.
#ifndef ATLAS_CORE_MUTEX_HPP
#define ATLAS_CORE_MUTEX_HPP

#include <atlas/core/assert.hpp>  // ATLAS_ASSERT
#include <atlas/core/atomic.hpp>  // atomic
#include <atlas/core/futex.hpp>   // futex_wait, futex_wake, spin_pause

namespace atlas { inline namespace ATLAS_ABI {

/// How long a lock's waiter looks at it before it sleeps, in pauses of the processor: about 1 to 5 us, less than a
/// sleep and a wake. Between two looks shared_mutex makes one of them, mutex twice as many as the time before.
inline constexpr unsigned lock_spins = 100;

/// Mutual exclusion in 4 bytes; all zero bytes are an open lock.
/// Cost: one compare-and-swap each way when nobody else wants it. Unfair: a woken waiter may be overtaken.
/// Source: Drepper, "Futexes are tricky" (2011), section 5, mutex2.
class mutex {
 public:
  constexpr mutex() noexcept = default;
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;

  void lock() noexcept {
    if (!try_lock()) lock_contended();
  }
  [[nodiscard]] bool try_lock() noexcept {
    std::uint32_t expected = open;
    return state_.compare_exchange_acquire(expected, held);
  }
  /// @pre this thread holds the lock
  void unlock() noexcept {
    const std::uint32_t before = state_.exchange_release(open);
    ATLAS_ASSERT(before != open);
    if (before == waited_for) futex_wake(state_.address(), 1);
  }

 private:
  static constexpr std::uint32_t open = 0;
  static constexpr std::uint32_t held = 1;
  static constexpr std::uint32_t waited_for = 2;  // held, and somebody may sleep

  [[gnu::noinline]] void lock_contended() noexcept {
    for (unsigned spin = 0, pauses = 1;; spin += pauses, pauses *= 2) {
      const std::uint32_t seen = state_.load_relaxed();
      if (seen == open && try_lock()) return;
      if (seen == waited_for || spin >= lock_spins) break;
      // Longer from look to look: the holder's next turn then often comes first, while the line is still with it.
      for (unsigned i = 0; i < pauses; ++i) spin_pause();
    }
    // Whoever slept takes the lock as `waited_for`: it cannot know whether others still sleep.
    while (state_.exchange_acquire(waited_for) != open) futex_wait(state_.address(), waited_for);
  }

  atomic<std::uint32_t> state_;
};
static_assert(sizeof(mutex) == 4);

/// Many readers or one writer, in 8 bytes; all zero bytes are an open lock.
/// A waiting writer holds new readers back, so that writers get in; a reader must therefore not take it twice.
/// Cost: one compare-and-swap in, one atomic subtraction out. Up to 2^30 - 2 readers at once.
/// Source: the state machine is that of Rust's std::sync::RwLock (library/std/src/sys/sync/rwlock/futex.rs).
class shared_mutex {
 public:
  constexpr shared_mutex() noexcept = default;
  shared_mutex(const shared_mutex&) = delete;
  shared_mutex& operator=(const shared_mutex&) = delete;

  void lock() noexcept {
    if (!try_lock()) lock_contended();
  }
  [[nodiscard]] bool try_lock() noexcept {
    std::uint32_t expected = 0;
    return state_.compare_exchange_acquire(expected, written);
  }
  /// @pre this thread holds the lock for writing
  void unlock() noexcept {
    const std::uint32_t after = state_.fetch_sub_release(written) - written;
    ATLAS_ASSERT(is_open(after));
    if (after != 0) wake_next(after);
  }

  void lock_shared() noexcept {
    if (!try_lock_shared()) lock_shared_contended();
  }
  /// May also fail for no more than a race with another reader.
  [[nodiscard]] bool try_lock_shared() noexcept {
    std::uint32_t seen = state_.load_relaxed();
    return admits_reader(seen) && state_.compare_exchange_acquire(seen, seen + 1);
  }
  /// @pre this thread holds the lock for reading
  void unlock_shared() noexcept {
    const std::uint32_t after = state_.fetch_sub_release(1) - 1;
    ATLAS_ASSERT((after & count_mask) < most_readers);
    if (is_open(after) && (after & writers_wait) != 0) wake_next(after);
  }

 private:
  // state_: the low 30 bits count readers, or are all ones for a writer; two bits say who sleeps.
  static constexpr std::uint32_t count_mask = (1U << 30) - 1;
  static constexpr std::uint32_t written = count_mask;
  static constexpr std::uint32_t most_readers = count_mask - 1;
  static constexpr std::uint32_t readers_wait = 1U << 30;
  static constexpr std::uint32_t writers_wait = 1U << 31;

  static constexpr bool is_open(std::uint32_t state) noexcept { return (state & count_mask) == 0; }
  static constexpr bool admits_reader(std::uint32_t state) noexcept {
    return (state & count_mask) < most_readers && (state & (readers_wait | writers_wait)) == 0;
  }

  template <class Done>
  std::uint32_t spin_until(Done done) const noexcept {
    std::uint32_t state = state_.load_relaxed();
    for (unsigned spin = 0; spin < lock_spins && !done(state); ++spin) {
      spin_pause();
      state = state_.load_relaxed();
    }
    return state;
  }

  [[gnu::noinline]] void lock_shared_contended() noexcept {
    const auto done = [](std::uint32_t state) {
      return (state & count_mask) != written || (state & (readers_wait | writers_wait)) != 0;
    };
    std::uint32_t state = spin_until(done);
    for (;;) {
      if (admits_reader(state)) {
        if (state_.compare_exchange_acquire(state, state + 1)) return;
        continue;
      }
      ATLAS_ASSERT((state & count_mask) != most_readers);
      if ((state & readers_wait) == 0 && !state_.compare_exchange_relaxed(state, state | readers_wait)) continue;
      futex_wait(state_.address(), state | readers_wait);
      state = spin_until(done);
    }
  }

  [[gnu::noinline]] void lock_contended() noexcept {
    const auto done = [](std::uint32_t state) { return is_open(state) || (state & writers_wait) != 0; };
    std::uint32_t state = spin_until(done);
    std::uint32_t other_writers = 0;  // once asleep, this writer cannot know that it was the only one
    for (;;) {
      if (is_open(state)) {
        if (state_.compare_exchange_acquire(state, state | written | other_writers)) return;
        continue;
      }
      if ((state & writers_wait) == 0 && !state_.compare_exchange_relaxed(state, state | writers_wait)) continue;
      other_writers = writers_wait;
      const std::uint32_t turn = writer_turn_.load_acquire();
      state = state_.load_relaxed();
      if (is_open(state) || (state & writers_wait) == 0) continue;
      futex_wait(writer_turn_.address(), turn);
      state = spin_until(done);
    }
  }

  bool wake_writer() noexcept {
    writer_turn_.fetch_add_release(1);
    return futex_wake(writer_turn_.address(), 1) != 0;
  }

  // Called by whoever opened the lock while somebody slept: one writer if there is any, else all readers.
  [[gnu::noinline]] void wake_next(std::uint32_t state) noexcept {
    if (state == writers_wait) {
      if (state_.compare_exchange_relaxed(state, 0)) {
        wake_writer();
        return;
      }
    }
    if (state == (readers_wait | writers_wait)) {
      if (!state_.compare_exchange_relaxed(state, readers_wait)) return;  // taken again: its holder wakes
      if (wake_writer()) return;
      state = readers_wait;  // no writer slept yet; readers must not be left asleep for it
    }
    if (state == readers_wait && state_.compare_exchange_relaxed(state, 0)) {
      futex_wake(state_.address(), wake_all);
    }
  }

  atomic<std::uint32_t> state_;
  atomic<std::uint32_t> writer_turn_;
};
static_assert(sizeof(shared_mutex) == 8);

/// Holds a lock from construction to the end of its scope. @tparam Mutex anything with lock and unlock
template <class Mutex>
class [[nodiscard]] lock_guard {
 public:
  explicit lock_guard(Mutex& held) noexcept : held_(held) { held_.lock(); }
  lock_guard(const lock_guard&) = delete;
  lock_guard& operator=(const lock_guard&) = delete;
  ~lock_guard() { held_.unlock(); }

 private:
  Mutex& held_;
};

/// Holds a lock for reading. @tparam Mutex anything with lock_shared and unlock_shared
template <class Mutex>
class [[nodiscard]] shared_lock_guard {
 public:
  explicit shared_lock_guard(Mutex& held) noexcept : held_(held) { held_.lock_shared(); }
  shared_lock_guard(const shared_lock_guard&) = delete;
  shared_lock_guard& operator=(const shared_lock_guard&) = delete;
  ~shared_lock_guard() { held_.unlock_shared(); }

 private:
  Mutex& held_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_MUTEX_HPP
