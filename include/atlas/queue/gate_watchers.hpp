// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/gate_watchers.hpp -- who is told of a gate's signals beside those who wait at it.
//
// Room:      the futex of a gate; gate_watcher, one entry in a gate's list; gate_watchers, the list.
// Not here:  signals and waiters (queue/wait_gate.hpp); who watches (queue/wait_any.hpp, queue/queue_event.hpp).
// Depends:   core/{assert,atomic,futex,thread}.hpp.
// Threads:   every member of gate_watchers, from any thread of one process. As of any lock, a list that another thread
//            uses during fork() stays locked in the child, which may destroy it and nothing else.
#ifndef ATLAS_QUEUE_GATE_WATCHERS_HPP
#define ATLAS_QUEUE_GATE_WATCHERS_HPP

#include <atlas/core/assert.hpp>  // ATLAS_ASSERT
#include <atlas/core/atomic.hpp>  // atomic
#include <atlas/core/futex.hpp>   // futex_wait, futex_wake
#include <atlas/core/thread.hpp>  // current_process

namespace atlas { inline namespace ATLAS_ABI {

/// The futex of a gate; another atomic type brings its own, found by its namespace.
inline void sleep_at(atomic<std::uint32_t>& word, std::uint32_t expected, std::uint64_t deadline_ns) noexcept {
  ::atlas::futex_wait(word.address(), expected, deadline_ns);
}
inline void wake_at(atomic<std::uint32_t>& word, std::uint32_t count) noexcept {
  ::atlas::futex_wake(word.address(), count);
}

/// One that watches one gate. It stays where it is from attach to detach; who watches several gates has one for each.
struct gate_watcher {
  void (*notify)(void* who) noexcept = nullptr;  ///< called under the list's lock: it must not use the gate
  void* who = nullptr;
  gate_watcher* next = nullptr;      ///< the list's
  gate_watcher* previous = nullptr;  ///< the list's
};

/// The watchers of one gate. Cost: each call holds a lock; notify() is one load while there are none.
template <template <class> class Atom>
class gate_watchers {
 public:
  gate_watchers() noexcept = default;
  gate_watchers(const gate_watchers&) = delete;
  gate_watchers& operator=(const gate_watchers&) = delete;
  /// @pre no watcher of this process is left
  ~gate_watchers() { ATLAS_ASSERT(first_ == nullptr || process_ != current_process()); }

  void attach(gate_watcher& added) noexcept {
    const held in(*this);
    added.previous = nullptr;
    added.next = first_;
    if (first_ != nullptr) first_->previous = &added;
    first_ = &added;
    process_ = current_process();
    count_.store_release(count_.load_relaxed() + 1);
  }
  /// When it returns no notification of this watcher runs, nor will one. @pre it is attached here
  void detach(gate_watcher& removed) noexcept {
    const held in(*this);
    (removed.previous != nullptr ? removed.previous->next : first_) = removed.next;
    if (removed.next != nullptr) removed.next->previous = removed.previous;
    count_.store_release(count_.load_relaxed() - 1);
  }
  /// Tells every watcher whose attach happened before.
  void notify() noexcept {
    if (count_.load_acquire() == 0) return;
    const held in(*this);
    for (gate_watcher* one = first_; one != nullptr; one = one->next) one->notify(one->who);
  }

 private:
  static constexpr std::uint32_t open = 0;
  static constexpr std::uint32_t locked = 1;
  static constexpr std::uint32_t waited_for = 2;  // locked, and somebody may sleep

  /// core/mutex.hpp's algorithm over the gate's atomic type, so that a test can order its schedules.
  struct held {
    explicit held(gate_watchers& list) noexcept : lock(list.lock_) {
      std::uint32_t seen = open;
      if (lock.compare_exchange(seen, locked)) return;
      while (lock.exchange(waited_for) != open) sleep_at(lock, waited_for, 0);
    }
    held(const held&) = delete;
    held& operator=(const held&) = delete;
    ~held() {
      if (lock.exchange(open) == waited_for) wake_at(lock, 1);
    }
    Atom<std::uint32_t>& lock;
  };

  Atom<std::uint32_t> lock_{open};
  Atom<std::uint32_t> count_{0};  // written under the lock
  gate_watcher* first_ = nullptr;
  std::uint32_t process_ = 0;  // of the watchers
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_GATE_WATCHERS_HPP
