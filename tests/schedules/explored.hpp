// SPDX-License-Identifier: Apache-2.0
// tests/schedules/explored.hpp -- atomics and the gate's futex over Relacy's, and what a run of all schedules gave.
#ifndef ATLAS_TESTS_SCHEDULES_EXPLORED_HPP
#define ATLAS_TESTS_SCHEDULES_EXPLORED_HPP

#include <atlas/queue.hpp>  // first: Relacy makes macros of words such as delete and errno

#include <cstdint>
#include <cstdio>
#include <optional>
#include <ostream>
#include <streambuf>
#include <string>

#include <relacy/relacy.hpp>
#undef new
#undef delete
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wdollar-in-identifier-extension"  // Relacy's name for where a call stands
#endif

namespace schedules {  // not without a name: some types of ATLAS are made of these

/// How an explored atomic differs from atlas::atomic.
struct orders {
  bool weak_stores = false;  ///< a fault: stores that release do not
  bool weak_loads = false;   ///< a fault: loads that acquire do not
  bool weak_swaps = false;   ///< a fault: read-modify-writes that order anything do not
  /// light_barrier() and heavy_barrier() are nothing that Relacy sees. Here a fence that is sequentially consistent
  /// stands for each: before the look of signal(), and after a waiter has announced itself. This proves the gate's
  /// protocol; that the system call does to the other thread what a fence in it would do is what membarrier(2)
  /// promises, and is not proved.
  bool is_fenced = false;
};

/// Which threads have changed a gate's word, and so are past their spins.
inline bool has_announced[8] = {};

template <class T, orders Orders>
class explored {
 public:
  explored() : explored(T{}) {}
  explicit explored(T value) { value_.store(value, rl::mo_relaxed, $); }

  [[nodiscard]] T load_relaxed() const {
    if constexpr (Orders.is_fenced && sizeof(T) == 4) rl::atomic_thread_fence(rl::mo_seq_cst, $);
    return value_.load(rl::mo_relaxed, $);
  }
  [[nodiscard]] T load_acquire() const { return value_.load(Orders.weak_loads ? rl::mo_relaxed : rl::mo_acquire, $); }
  void store_relaxed(T value) { value_.store(value, rl::mo_relaxed, $); }
  void store_release(T value) { value_.store(value, Orders.weak_stores ? rl::mo_relaxed : rl::mo_release, $); }
  T exchange(T value) { return value_.exchange(value, swaps(rl::mo_seq_cst), $); }
  T fetch_add(T value) { return value_.fetch_add(value, swaps(rl::mo_seq_cst), $); }
  T fetch_or_acq_rel(T value) {
    const T before = value_.fetch_or(value, swaps(rl::mo_acq_rel), $);
    if constexpr (Orders.is_fenced && sizeof(T) == 4) rl::atomic_thread_fence(rl::mo_seq_cst, $);
    if constexpr (sizeof(T) == 4) has_announced[rl::thread_index()] = true;
    return before;
  }
  bool compare_exchange(T& expected, T desired) {
    return value_.compare_exchange(rl::bool_t<false>(), expected, desired, swaps(rl::mo_seq_cst), swaps(rl::mo_seq_cst),
                                   $);
  }
  bool compare_exchange_weak_acquire(T& expected, T desired) {
    return value_.compare_exchange(rl::bool_t<true>(), expected, desired, swaps(rl::mo_acquire), swaps(rl::mo_acquire),
                                   $);
  }

  /// The kernel compares the word, and goes to sleep, in one step with regard to wakers: it sees the last value there
  /// is.
  friend void sleep_at(explored& word, T expected, std::uint64_t deadline_ns) {
    rl::context& here = rl::ctx();
    here.sched();
    const rl::preemption_disabler whole(here);
    if (word.value_.fetch_add(0, rl::mo_relaxed, $) != expected) return;
    word.value_.wait(here, deadline_ns != 0, false, $);  // no waking for no reason: it would hide a lost wake-up
  }
  friend void wake_at(explored& word, std::uint32_t count) {
    rl::context& here = rl::ctx();
    here.sched();
    word.value_.wake(here, count < 8 ? static_cast<rl::thread_id_t>(count) : 8, $);
  }

  /// Of a byte_ring: beside its memory, as a word of Relacy's is longer than the ring's.
  friend explored& record_header_at(explored*, std::byte* at) { return headers->at(at); }
  struct table {
    [[nodiscard]] explored& at(std::byte* place) { return words[reinterpret_cast<std::uintptr_t>(place) / 8 % most]; }
    static constexpr std::size_t most = 16;  // more than a ring has
    explored words[most];
  };
  static inline table* headers = nullptr;

 private:
  static constexpr rl::memory_order swaps(rl::memory_order order) { return Orders.weak_swaps ? rl::mo_relaxed : order; }
  rl::atomic<T> value_;
};
template <class T>
using honest = explored<T, orders{}>;
template <class T>
using weak_stores = explored<T, orders{.weak_stores = true}>;
template <class T>
using weak_loads = explored<T, orders{.weak_loads = true}>;
template <class T>
using weak_swaps = explored<T, orders{.weak_swaps = true}>;
template <class T>
using fenced = explored<T, orders{.is_fenced = true}>;

/// Lets Relacy run others: what a queue does between two tries.
inline void yield_to_others() noexcept { rl::yield(1, $); }
struct exploring {
  template <template <class> class>
  using gate = atlas::busy_gate<yield_to_others>;
};

/// Keeps what is written, up to its size, and allocates nothing, which Relacy would take for the test's.
class fixed_buffer : public std::streambuf {
 public:
  [[nodiscard]] std::string text() const { return {bytes_, size_}; }

 protected:
  int overflow(int byte) override {
    if (size_ < sizeof bytes_ && byte != traits_type::eof()) bytes_[size_++] = static_cast<char>(byte);
    return 0;
  }

 private:
  char bytes_[1 << 14];
  std::size_t size_ = 0;
};

/// How the schedules went: test_result_success, or what went wrong in the first that did not.
template <class Suite>
rl::test_result_e explore(unsigned schedules, std::string* what) {
  static fixed_buffer buffer;
  buffer = fixed_buffer();
  std::ostream said(&buffer);
  rl::test_params params;
  params.iteration_count = schedules;
  params.output_stream = &said;
  params.progress_stream = &said;
  params.execution_depth_limit = 5000;
  rl::simulate<Suite>(params);
  *what = buffer.text();
  return params.test_result;
}

inline int failed = 0;
inline int passed = 0;
/// The schedules go as they should: well, or wrong in the way that is meant.
template <class Suite>
void expect(rl::test_result_e wanted, const char* what, unsigned schedules) {
  std::string said;
  const rl::test_result_e found = explore<Suite>(schedules, &said);
  (found == wanted ? passed : failed) += 1;
  std::printf("%-72s %s\n", what, found == wanted ? "ok" : "FAILED");
  if (found != wanted)
    std::printf("%s, not %s\n%s\n", rl::test_result_str(found), rl::test_result_str(wanted), said.c_str());
}
template <class Suite>
void expect_sound(const char* what, unsigned schedules = 20'000) {
  expect<Suite>(rl::test_result_success, what, schedules);
}
template <class Suite>
void expect_caught(rl::test_result_e wanted, const char* what) {
  expect<Suite>(wanted, what, 30'000);
}

}  // namespace schedules

#endif  // ATLAS_TESTS_SCHEDULES_EXPLORED_HPP
