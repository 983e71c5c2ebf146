// SPDX-License-Identifier: Apache-2.0
// tests/killstep/killstep_test.cpp -- the stepper finds what a kill leaves broken: else its silence would mean nothing.
#include "killstep/killstep.hpp"

#include <atlas/core/atomic.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>

TEST_SUITE("killstep") {
namespace {

struct words {
  atlas::atomic<std::uint32_t> lock;
  atlas::atomic<std::uint64_t> written;
  unsigned char bytes[64];
};

/// Memory that children write to and their parent reads.
class common_words {
 public:
  common_words() : at_(::mmap(nullptr, sizeof(words), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    REQUIRE(at_ != MAP_FAILED);
    clear();
  }
  common_words(const common_words&) = delete;
  common_words& operator=(const common_words&) = delete;
  ~common_words() { ::munmap(at_, sizeof(words)); }
  void clear() const { ::new (at_) words{}; }
  words* operator->() const { return static_cast<words*>(at_); }

 private:
  void* at_;
};

constexpr unsigned char filling = 0xA7;

}  // namespace

  TEST_CASE("the stepper finds where a lock is lost with its owner, and every point before and behind") {
    if (!killstep::may_trace()) {
      std::puts("skipped: this system does not let a process trace its children");
      return;
    }
    killstep::stay_on_one_core();
    const common_words common;
    std::size_t held = 0;
    std::size_t untouched = 0;
    std::size_t done = 0;
    const std::size_t points = killstep::at_every_instruction(
        [&] { common.clear(); }, [] { return 0; },
        [&](int&) {
          static_cast<void>(common->lock.exchange(1));
          common->written.store_release(common->written.load_relaxed() + 1);
          common->lock.store_release(0);
        },
        [&](bool has_ended) {
          const bool is_held = common->lock.load_acquire() != 0;
          held += is_held ? 1 : 0;
          if (!is_held) (common->written.load_acquire() == 0 ? untouched : done) += 1;
          if (has_ended) CHECK_FALSE(is_held);
        });
    CHECK(held >= 3);  // behind the exchange, the load, the store
    CHECK(untouched >= 1);
    CHECK(done >= 1);
    CHECK(held + untouched + done == points);
  }

  TEST_CASE("the stepper finds a message that is handed over before it is written") {
    if (!killstep::may_trace()) {
      std::puts("skipped: this system does not let a process trace its children");
      return;
    }
    killstep::stay_on_one_core();
    const common_words common;
    for (const bool is_right : {true, false}) {
      std::size_t torn = 0;
      static_cast<void>(killstep::at_every_instruction(
          [&] { common.clear(); }, [] { return 0; },
          [&](int&) {
            if (!is_right) common->written.store_release(sizeof common->bytes);
            for (unsigned char& byte : common->bytes) *const_cast<volatile unsigned char*>(&byte) = filling;
            if (is_right) common->written.store_release(sizeof common->bytes);
          },
          [&](bool) {
            const std::size_t there = common->written.load_acquire();
            torn += std::count(common->bytes, common->bytes + there, filling) != static_cast<std::ptrdiff_t>(there) ? 1U : 0U;
          }));
      CAPTURE(is_right);
      CHECK((torn == 0) == is_right);
    }
  }
}
