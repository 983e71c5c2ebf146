// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/futex.hpp -- sleep until a 32-bit word changes, wake those who sleep on it.
//
// Room:      the two system calls, and the pause of a spinning loop.
// Not here:  locks (core/mutex.hpp), queues that wait (queue/).
// Depends:   core/config.hpp, the Linux futex system call.
// Threads:   any; words are private to one process, except for the two functions named shared.
#ifndef ATLAS_CORE_FUTEX_HPP
#define ATLAS_CORE_FUTEX_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI

#include <cerrno>         // errno, ETIMEDOUT
#include <climits>        // INT_MAX
#include <linux/futex.h>  // FUTEX_WAIT_BITSET
#include <sys/syscall.h>  // SYS_futex
#include <time.h>         // timespec
#include <unistd.h>       // syscall

namespace atlas { inline namespace ATLAS_ABI {

/// Wakes every sleeper when given as the count of futex_wake.
inline constexpr std::uint32_t wake_all = INT_MAX;

namespace detail {
inline bool futex_wait(const std::uint32_t* word, std::uint32_t expected, std::uint64_t deadline_ns,
                       int flags) noexcept {
  timespec deadline{};
  deadline.tv_sec = static_cast<decltype(deadline.tv_sec)>(deadline_ns / 1'000'000'000U);
  deadline.tv_nsec = static_cast<decltype(deadline.tv_nsec)>(deadline_ns % 1'000'000'000U);
  const int errno_before = errno;
  // The bitset flavour takes the moment itself and not the time left, so that an early wake loses nothing.
  const long code = ::syscall(SYS_futex, word, FUTEX_WAIT_BITSET | flags, expected,
                              deadline_ns == 0 ? nullptr : &deadline, nullptr, FUTEX_BITSET_MATCH_ANY);
  const bool timed_out = code != 0 && errno == ETIMEDOUT;
  errno = errno_before;
  return !timed_out;
}
inline std::uint32_t futex_wake(std::uint32_t* word, std::uint32_t count, int flags) noexcept {
  const int errno_before = errno;
  const long woken = ::syscall(SYS_futex, word, FUTEX_WAKE | flags, count, nullptr, nullptr, 0);
  errno = errno_before;
  return woken > 0 ? static_cast<std::uint32_t>(woken) : 0;
}
}  // namespace detail

/// Sleeps while `*word == expected`, until a futex_wake on the word.
///
/// @param word         aligned to 4 bytes; the kernel compares it and goes to sleep in one step
/// @param expected     returns at once if the word holds anything else
/// @param deadline_ns  on the clock of monotonic_ns(); 0: no deadline
/// @return             false when the deadline passed; true otherwise, also for no reason at all
///                     (signals): look at the word again
/// Cost: one system call, about 1 us to sleep and 10 to 50 us to be woken. Keeps errno.
inline bool futex_wait(const std::uint32_t* word, std::uint32_t expected, std::uint64_t deadline_ns = 0) noexcept {
  return detail::futex_wait(word, expected, deadline_ns, FUTEX_PRIVATE_FLAG);
}
/// Wakes at most `count` sleepers on the word. @return how many were woken. Keeps errno.
inline std::uint32_t futex_wake(std::uint32_t* word, std::uint32_t count) noexcept {
  return detail::futex_wake(word, count, FUTEX_PRIVATE_FLAG);
}

/// The same two for a word in memory that several processes map.
inline bool futex_wait_shared(const std::uint32_t* word, std::uint32_t expected,
                              std::uint64_t deadline_ns = 0) noexcept {
  return detail::futex_wait(word, expected, deadline_ns, 0);
}
inline std::uint32_t futex_wake_shared(std::uint32_t* word, std::uint32_t count) noexcept {
  return detail::futex_wake(word, count, 0);
}

/// Tells the CPU that the loop around it waits for another thread: kinder to the sibling core and to power.
inline void spin_pause() noexcept {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  __asm__ __volatile__("isb" ::: "memory");  // Arm's yield returns at once on most cores; isb takes about 10 ns
#endif
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_FUTEX_HPP
