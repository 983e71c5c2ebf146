// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/barrier.hpp -- a full barrier whose whole cost falls on the side that runs rarely.
//
// Room:      light_barrier (free, often) and heavy_barrier (a system call, rarely).
// Not here:  ordinary ordering, which is in the names of core/atomic.hpp's members.
// Depends:   core/config.hpp, the Linux membarrier system call (4.14 or newer).
// Threads:   any threads of one process.
#ifndef ATLAS_CORE_BARRIER_HPP
#define ATLAS_CORE_BARRIER_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI

#include <cerrno>              // errno, EPERM
#include <linux/membarrier.h>  // MEMBARRIER_CMD_PRIVATE_EXPEDITED
#include <sys/syscall.h>       // SYS_membarrier
#include <unistd.h>            // syscall

namespace atlas { inline namespace ATLAS_ABI {

/// Keeps the compiler from moving memory accesses across it. Together with a heavy_barrier in another thread it
/// is a full barrier: of `store x; light_barrier(); load y` and `store y; heavy_barrier(); load x`, at least one
/// load sees the other side's store. Cost: none.
inline void light_barrier() noexcept { __asm__ __volatile__("" ::: "memory"); }

/// Makes every running thread of the process pass a full barrier before it returns.
///
/// @return false when the system cannot (an old kernel, a sandbox): then both sides need a read-modify-write
///         of one common word instead
/// Cost: 0.1 us alone, a few us while other threads run; the first call in a process may take milliseconds.
/// Keeps errno. Source: membarrier(2), EXAMPLES.
[[gnu::noinline]] inline bool heavy_barrier() noexcept {
  const int errno_before = errno;
  long code = ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  if (code != 0 && errno == EPERM) {  // this process has not said yet that it means to
    code = ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
    if (code == 0) code = ::syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  }
  errno = errno_before;
  return code == 0;
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_BARRIER_HPP
