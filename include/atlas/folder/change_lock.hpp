// SPDX-License-Identifier: Apache-2.0
// include/atlas/folder/change_lock.hpp -- changes that wait for each other, but never for themselves.
//
// Room:      change_lock, change_turn.
// Not here:  what changes (folder/folder_index.hpp).
// Depends:   core/mutex.hpp, core/thread.hpp.
// Threads:   every member, from any thread.
#ifndef ATLAS_FOLDER_CHANGE_LOCK_HPP
#define ATLAS_FOLDER_CHANGE_LOCK_HPP

#include <atlas/core/atomic.hpp>  // atomic
#include <atlas/core/mutex.hpp>   // mutex
#include <atlas/core/result.hpp>  // status
#include <atlas/core/thread.hpp>  // current_thread

namespace atlas { inline namespace ATLAS_ABI {

/// A mutex that refuses the thread that holds it: a callback of a long call may change what that call holds still, and
/// would wait for ever.
class change_lock {
 public:
  /// @return false at once if this thread holds the lock already
  [[nodiscard]] bool lock() noexcept {
    if (holder_.load_relaxed() == current_thread()) return false;  // nobody else can have written this thread's number
    mutex_.lock();
    holder_.store_relaxed(current_thread());
    return true;
  }
  /// @pre lock() gave true to this thread
  void unlock() noexcept {
    holder_.store_relaxed(0);
    mutex_.unlock();
  }

 private:
  mutex mutex_;
  atomic<std::uintptr_t> holder_{0};
};

/// Holds a change_lock to the end of its scope, if said() is ok.
class [[nodiscard]] change_turn {
 public:
  explicit change_turn(change_lock& held) noexcept : held_(held), is_held_(held.lock()) {}
  change_turn(const change_turn&) = delete;
  change_turn& operator=(const change_turn&) = delete;
  ~change_turn() {
    if (is_held_) held_.unlock();
  }

  /// @return errc::invalid_argument inside of a callback of a call that holds the lock
  [[nodiscard]] status said() const noexcept {
    if (is_held_) return {};
    return error{errc::invalid_argument, "call", "none from a callback of another that reads or changes the same index", "one"};
  }

 private:
  change_lock& held_;
  bool is_held_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_FOLDER_CHANGE_LOCK_HPP
