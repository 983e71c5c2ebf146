// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/atomic.hpp -- atomic access to plain words, also inside mapped memory.
//
// Room:      load, store, add, compare-and-swap on a T*, and atomic<T> that holds one.
// Not here:  waiting (core/futex.hpp), locks (core/mutex.hpp).
// Depends:   core/config.hpp. <atomic> is not used: it costs 24,000 lines in C++20 (libstdc++ 12), and
//            std::atomic_ref cannot be placed over a mapped file's words without it. The __atomic
//            built-ins of gcc and clang are what it is made of; ThreadSanitizer understands them.
#ifndef ATLAS_CORE_ATOMIC_HPP
#define ATLAS_CORE_ATOMIC_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI

namespace atlas { inline namespace ATLAS_ABI {

template <class T>
[[nodiscard]] inline T load_relaxed(const T* from) noexcept {
  return __atomic_load_n(from, __ATOMIC_RELAXED);
}
template <class T>
[[nodiscard]] inline T load_acquire(const T* from) noexcept {
  return __atomic_load_n(from, __ATOMIC_ACQUIRE);
}
template <class T>
inline void store_relaxed(T* to, T value) noexcept {
  __atomic_store_n(to, value, __ATOMIC_RELAXED);
}
template <class T>
inline void store_release(T* to, T value) noexcept {
  __atomic_store_n(to, value, __ATOMIC_RELEASE);
}

/// Stores `desired` if the word equals `expected`. Sequentially consistent.
template <class T>
[[nodiscard]] inline bool compare_exchange(T* word, T expected, T desired) noexcept {
  return __atomic_compare_exchange_n(word, &expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/// Adds and forgets: for counters whose sum is read after the threads have met.
template <class T>
inline void add_relaxed(T* to, T value) noexcept {
  __atomic_fetch_add(to, value, __ATOMIC_RELAXED);
}

/// One word shared by threads: an integer, a bool or a pointer. The member names say the order.
template <class T>
class atomic {
 public:
  constexpr atomic() noexcept = default;
  constexpr explicit atomic(T value) noexcept : value_(value) {}
  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

  [[nodiscard]] T load_relaxed() const noexcept { return __atomic_load_n(&value_, __ATOMIC_RELAXED); }
  [[nodiscard]] T load_acquire() const noexcept { return __atomic_load_n(&value_, __ATOMIC_ACQUIRE); }
  [[nodiscard]] T load_ordered() const noexcept { return __atomic_load_n(&value_, __ATOMIC_SEQ_CST); }
  void store_relaxed(T value) noexcept { __atomic_store_n(&value_, value, __ATOMIC_RELAXED); }
  void store_release(T value) noexcept { __atomic_store_n(&value_, value, __ATOMIC_RELEASE); }
  void store_ordered(T value) noexcept { __atomic_store_n(&value_, value, __ATOMIC_SEQ_CST); }
  /// All of these are sequentially consistent and give the value before.
  T exchange(T value) noexcept { return __atomic_exchange_n(&value_, value, __ATOMIC_SEQ_CST); }
  T fetch_add(T value) noexcept
    requires requires(T a) { a + a; }
  {
    return __atomic_fetch_add(&value_, value, __ATOMIC_SEQ_CST);
  }
  T fetch_sub(T value) noexcept
    requires requires(T a) { a - a; }
  {
    return __atomic_fetch_sub(&value_, value, __ATOMIC_SEQ_CST);
  }
  /// Stores `desired` if the word equals `expected`; otherwise loads the word into `expected`.
  bool compare_exchange(T& expected, T desired) noexcept {
    return __atomic_compare_exchange_n(&value_, &expected, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  }

  /// The same with no more order than the name says.
  T exchange_acquire(T value) noexcept { return __atomic_exchange_n(&value_, value, __ATOMIC_ACQUIRE); }
  T exchange_release(T value) noexcept { return __atomic_exchange_n(&value_, value, __ATOMIC_RELEASE); }
  T exchange_acq_rel(T value) noexcept { return __atomic_exchange_n(&value_, value, __ATOMIC_ACQ_REL); }
  T fetch_add_relaxed(T value) noexcept
    requires requires(T a) { a + a; }
  {
    return __atomic_fetch_add(&value_, value, __ATOMIC_RELAXED);
  }
  T fetch_add_release(T value) noexcept
    requires requires(T a) { a + a; }
  {
    return __atomic_fetch_add(&value_, value, __ATOMIC_RELEASE);
  }
  T fetch_sub_release(T value) noexcept
    requires requires(T a) { a - a; }
  {
    return __atomic_fetch_sub(&value_, value, __ATOMIC_RELEASE);
  }
  T fetch_or_acq_rel(T value) noexcept
    requires requires(T a) { a | a; }
  {
    return __atomic_fetch_or(&value_, value, __ATOMIC_ACQ_REL);
  }
  bool compare_exchange_relaxed(T& expected, T desired) noexcept {
    return __atomic_compare_exchange_n(&value_, &expected, desired, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  }
  bool compare_exchange_acquire(T& expected, T desired) noexcept {
    return __atomic_compare_exchange_n(&value_, &expected, desired, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
  }
  /// May fail although the word equals `expected`; cheaper in a loop on CPUs without a swap instruction.
  /// What a failure loads into `expected` is acquired as well.
  bool compare_exchange_weak_acquire(T& expected, T desired) noexcept {
    return __atomic_compare_exchange_n(&value_, &expected, desired, true, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE);
  }

  /// The word itself, for core/futex.hpp.
  [[nodiscard]] T* address() noexcept { return &value_; }

 private:
  T value_{};
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_ATOMIC_HPP
