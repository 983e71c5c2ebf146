// SPDX-License-Identifier: Apache-2.0
// tests/core/reader_epochs_orders_test.cpp -- mirrors include/atlas/core/reader_epochs.hpp: its code over atomics that let
// another thread go on before any access, so that orders of accesses come up that threads of a system meet once in years.
#include <atlas/core/config.hpp>

#include "support/repetitions.hpp"

#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

namespace orders {

/// Threads that take turns at every access, as a seed says.
class turns {
 public:
  turns() { running_ = this; }
  turns(const turns&) = delete;
  turns& operator=(const turns&) = delete;
  ~turns() { running_ = nullptr; }

  void run(std::uint64_t seed, const std::vector<std::function<void()>>& bodies) {
    draw_.seed(seed);
    at_ = bodies.size();
    threads_.resize(bodies.size());
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      one_thread& one = threads_[i];
      one.body = &bodies[i];
      one.is_over = false;
      one.stack.resize(std::size_t{64} << 10);
      ::getcontext(&one.context);
      one.context.uc_stack.ss_sp = one.stack.data();
      one.context.uc_stack.ss_size = one.stack.size();
      one.context.uc_link = &here_;
      ::makecontext(&one.context, &enter, 0);
    }
    for (std::size_t left = bodies.size(); left != 0;) {
      // Runs of turns of one thread, as well as changes at each access.
      if (at_ >= threads_.size() || threads_[at_].is_over || draw_() % 4 == 0) {
        do at_ = draw_() % threads_.size();
        while (threads_[at_].is_over);
      }
      is_inside_ = true;
      ::swapcontext(&here_, &threads_[at_].context);
      is_inside_ = false;
      if (threads_[at_].is_over) --left;
    }
  }
  /// Before an access: perhaps another's turn.
  static void pause() {
    if (running_ != nullptr && running_->is_inside_) ::swapcontext(&running_->threads_[running_->at_].context, &running_->here_);
  }

 private:
  struct one_thread {
    ucontext_t context;
    std::vector<char> stack;
    const std::function<void()>* body = nullptr;
    bool is_over = false;
  };
  static void enter() {
    one_thread& self = running_->threads_[running_->at_];
    (*self.body)();
    self.is_over = true;
  }
  inline static turns* running_ = nullptr;
  std::mt19937_64 draw_;
  std::vector<one_thread> threads_;
  ucontext_t here_{};
  std::size_t at_ = 0;
  bool is_inside_ = false;
};

}  // namespace orders

// In place of core/atomic.hpp, and under another tag, so that the class made of it is none of the library's.
#define ATLAS_CORE_ATOMIC_HPP
#undef ATLAS_ABI
#define ATLAS_ABI taking_turns
namespace atlas { inline namespace ATLAS_ABI {

template <class T>
class atomic {
 public:
  constexpr atomic() noexcept = default;
  constexpr explicit atomic(T value) noexcept : value_(value), is_shared_(true) {}
  [[nodiscard]] T load_ordered() const noexcept {
    if (is_shared_) orders::turns::pause();  // what nobody has changed yet may as well be read a little earlier
    return value_;
  }
  T fetch_add(T value) noexcept { return change(value); }
  T fetch_sub(T value) noexcept { return change(T{0} - value); }
  bool compare_exchange(T& expected, T desired) noexcept {
    orders::turns::pause();
    if (value_ != expected) {
      expected = value_;
      return false;
    }
    value_ = desired;
    return true;
  }

 private:
  T change(T by) noexcept {
    orders::turns::pause();
    const T before = value_;
    value_ = static_cast<T>(before + by);
    is_shared_ = true;
    return before;
  }
  T value_{};
  bool is_shared_ = false;
};

}}  // namespace atlas::ATLAS_ABI

#include <atlas/core/reader_epochs.hpp>

#include <doctest/doctest.h>

using atlas::taking_turns::reader_epochs;

TEST_SUITE("core") {
  TEST_CASE("reader_epochs: in whatever order threads come to their turns, nothing is left that somebody holds") {
    if (support::under_thread_sanitizer) {
      MESSAGE("skipped: ThreadSanitizer does not follow stacks that are swapped");
      return;
    }
    const std::size_t seeds = support::repetitions(4'000, 1'000, 0);
    orders::turns turns;
    std::size_t wrong = 0;
    std::size_t passed = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      reader_epochs epochs;
      // A slot leads to one of eight values, each of which is used once and is gone as soon as nobody holds it.
      std::size_t slot = 0;
      bool is_gone[8] = {};
      const auto reader = [&](unsigned place) {
        return [&, place] {
          for (int visit = 0; visit < 3; ++visit) {
            const reader_epochs::reader inside(epochs, place);
            orders::turns::pause();
            const std::size_t found = slot;
            for (int i = 0; i < 6; ++i) {
              orders::turns::pause();
              wrong += is_gone[found] ? 1U : 0U;
            }
          }
        };
      };
      const auto writer = [&] {
        for (std::size_t value = 0; value + 1 < 4; ++value) {
          orders::turns::pause();
          slot = value + 1;
          const std::uint64_t retired = epochs.now();
          for (int tries = 0; tries < 8 && !is_gone[value]; ++tries) is_gone[value] = epochs.have_left(retired);
          passed += is_gone[value] ? 1U : 0U;
        }
      };
      const auto advancing = [&] {
        for (int tries = 0; tries < 6; ++tries) epochs.try_advance();
      };
      turns.run(seed, {reader(0), reader(seed % 2), writer, advancing});
      // When all have left, everything passes.
      if (!epochs.have_left(epochs.now())) ++wrong;
    }
    CHECK(wrong == 0);
    CHECK(passed > seeds);  // of three each time
  }
}
