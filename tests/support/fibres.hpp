// SPDX-License-Identifier: Apache-2.0
// tests/support/fibres.hpp -- threads in name only, of which one runs at a time, that change over at atomic operations.
//
// On a machine of two cores, calls of real threads seldom overlap in more than one way. Fibres overlap as a seed
// says, at every atomic operation, and the same seed does the same again; but they show sequentially consistent
// orders alone.
#ifndef ATLAS_TESTS_SUPPORT_FIBRES_HPP
#define ATLAS_TESTS_SUPPORT_FIBRES_HPP

#include <atlas/core/atomic.hpp>
#include <atlas/core/futex.hpp>
#include <atlas/core/thread.hpp>

#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace support {

/// xorshift64*: cheap enough for every atomic operation.
class quick_random {
 public:
  explicit quick_random(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15U | 1U) {}
  std::uint64_t operator()() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1dU >> 16;
  }
  std::uint64_t below(std::uint64_t end) { return (*this)() % end; }

 private:
  std::uint64_t state_;
};

class fibres {
 public:
  static constexpr unsigned most = 4;

  fibres() : stacks_(most * stack_bytes) {}

  /// Runs work(number) for every number below `count`, changing over at one of `one_in` operations; returns when all
  /// are done.
  template <class Work>
  void run(unsigned count, std::uint64_t seed, unsigned one_in, Work& work) {
    random_ = quick_random(seed);
    one_in_ = one_in;
    work_ = &work;
    call_ = [](void* of, unsigned number) { (*static_cast<Work*>(of))(number); };
    alive_count_ = count;
    for (unsigned i = 0; i < count; ++i) {
      alive_[i] = i;
      ::getcontext(&contexts_[i]);
      contexts_[i].uc_stack.ss_sp = stacks_.data() + i * stack_bytes;
      contexts_[i].uc_stack.ss_size = stack_bytes;
      contexts_[i].uc_link = &home_;
      ::makecontext(&contexts_[i], &enter, 0);
    }
    current_fibres = this;
    while (alive_count_ != 0) {
      const std::size_t which = random_.below(alive_count_);
      running_ = alive_[which];
      ::swapcontext(&home_, &contexts_[running_]);
      for (unsigned i = 0; i < alive_count_; ++i) {  // one has ended
        if (alive_[i] == running_) alive_[i] = alive_[--alive_count_];
      }
    }
    current_fibres = nullptr;
  }
  void may_change() {
    if (alive_count_ < 2 || random_.below(one_in_) != 0) return;
    const unsigned before = running_;
    running_ = alive_[random_.below(alive_count_)];
    if (running_ != before) ::swapcontext(&contexts_[before], &contexts_[running_]);
  }
  [[nodiscard]] unsigned running() const { return running_; }

  static inline thread_local fibres* current_fibres = nullptr;

 private:
  static constexpr std::size_t stack_bytes = std::size_t{1} << 17;

  static void enter() {
    fibres& all = *current_fibres;
    all.call_(all.work_, all.running_);
  }

  std::vector<unsigned char> stacks_;
  ucontext_t home_{};
  ucontext_t contexts_[most]{};
  quick_random random_{1};
  unsigned one_in_ = 1;
  void* work_ = nullptr;
  void (*call_)(void*, unsigned) = nullptr;
  unsigned alive_[most] = {};
  unsigned alive_count_ = 0;
  unsigned running_ = 0;
};

/// How often a real thread pauses at its atomic operations: one in so many; 0 for never.
inline thread_local unsigned pauses_one_in = 0;
inline thread_local quick_random pause_random{7};

/// What comes before every atomic operation: others may run first.
inline void at_atomic() noexcept {
  if (fibres::current_fibres != nullptr) {
    fibres::current_fibres->may_change();
  } else if (pauses_one_in != 0 && pause_random.below(pauses_one_in) == 0) {
    const std::uint64_t how = pause_random.below(64);
    if (how == 0) atlas::yield_thread();
    for (std::uint64_t i = 0; i < how; ++i) atlas::spin_pause();
  }
}

/// atlas::atomic that lets others run before each of its operations, or before those that look alone. A lock of
/// another sort is then never held where others come to run: they would wait for it, and fibres for ever.
template <class T, bool AtLooksAlone = false>
class yielding : public atlas::atomic<T> {
  using base = atlas::atomic<T>;
  static void pause() noexcept {
    if constexpr (!AtLooksAlone) at_atomic();
  }

 public:
  using base::base;

  [[nodiscard]] T load_relaxed() const noexcept { return pause(), base::load_relaxed(); }
  [[nodiscard]] T load_acquire() const noexcept { return at_atomic(), base::load_acquire(); }
  [[nodiscard]] T load_ordered() const noexcept { return at_atomic(), base::load_ordered(); }
  void store_relaxed(T value) noexcept { pause(), base::store_relaxed(value); }
  void store_release(T value) noexcept { pause(), base::store_release(value); }
  T exchange(T value) noexcept { return pause(), base::exchange(value); }
  T fetch_add(T value) noexcept { return pause(), base::fetch_add(value); }
  T fetch_or_acq_rel(T value) noexcept { return pause(), base::fetch_or_acq_rel(value); }
  bool compare_exchange(T& expected, T desired) noexcept { return pause(), base::compare_exchange(expected, desired); }
  bool compare_exchange_weak_acquire(T& expected, T desired) noexcept {
    return pause(), base::compare_exchange_weak_acquire(expected, desired);
  }
};
template <class T>
using yielding_atomic = yielding<T>;
template <class T>
using looking_atomic = yielding<T, true>;

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_FIBRES_HPP
