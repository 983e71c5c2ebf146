// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/clock.hpp -- the monotonic clock, on which every deadline is given.
//
// Room:      monotonic_ns.
// Not here:  dates and time zones; nothing in the library needs them.
// Depends:   core/config.hpp, the operating system's clock.
// Threads:   any.
#ifndef ATLAS_CORE_CLOCK_HPP
#define ATLAS_CORE_CLOCK_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI

#include <time.h>  // clock_gettime

namespace atlas { inline namespace ATLAS_ABI {

/// Nanoseconds since a fixed moment before the process began (CLOCK_MONOTONIC: it never jumps, and stands
/// still while the machine sleeps). Never 0. A deadline is `monotonic_ns() + wait`; 0 stands for none.
/// Cost: about 20 to 50 ns, no system call on the usual kernels.
[[nodiscard]] inline std::uint64_t monotonic_ns() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::uint64_t nanoseconds =
      static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
  return nanoseconds == 0 ? 1 : nanoseconds;
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_CLOCK_HPP
