// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/assert.hpp -- a broken precondition ends the process; it never becomes a value.
//
// Room:      ATLAS_ASSERT (checked builds) and panic (every build).
// Not here:  bad input, which is a value (core/error.hpp, core/result.hpp).
// Depends:   core/config.hpp.
#ifndef ATLAS_CORE_ASSERT_HPP
#define ATLAS_CORE_ASSERT_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI, ATLAS_CHECKED

#include <cstdio>  // std::fputs

namespace atlas { inline namespace ATLAS_ABI {

/// Writes `message` to stderr and ends the process with abort().
[[noreturn, gnu::cold, gnu::noinline]] inline void panic(const char* message) noexcept {
  std::fputs("atlas: ", stderr);
  std::fputs(message, stderr);
  std::fputs("\n", stderr);
  __builtin_abort();  // as std::abort, without the 700 lines of <cstdlib>
}

}}  // namespace atlas::ATLAS_ABI

#define ATLAS_DETAIL_TEXT_(x) #x
#define ATLAS_DETAIL_TEXT(x) ATLAS_DETAIL_TEXT_(x)

#if ATLAS_CHECKED
#define ATLAS_ASSERT(condition)                                                                        \
  ((condition) ? static_cast<void>(0)                                                                  \
               : ::atlas::panic(__FILE__ ":" ATLAS_DETAIL_TEXT(__LINE__) ": broken precondition: " #condition))
#else
#define ATLAS_ASSERT(condition) static_cast<void>(sizeof((condition) ? 1 : 0))
#endif

#endif  // ATLAS_CORE_ASSERT_HPP
