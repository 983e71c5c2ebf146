// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/assert.hpp -- a broken precondition ends the process; it never becomes a value.
//
// Room:      ATLAS_ASSERT (checked builds) and panic (every build).
// Not here:  bad input, which is a value (core/error.hpp, core/result.hpp).
// Depends:   core/config.hpp.
#ifndef ATLAS_CORE_ASSERT_HPP
#define ATLAS_CORE_ASSERT_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI, ATLAS_CHECKED

// As <unistd.h> declares it, in one line and not in 600.
extern "C" long write(int descriptor, const void* bytes, unsigned long count);

namespace atlas { inline namespace ATLAS_ABI {

/// Writes `message`, up to 1,000 bytes of it, as one line to stderr and ends the process with abort().
[[noreturn, gnu::cold, gnu::noinline]] inline void panic(const char* message) noexcept {
  char line[1024] = "atlas: ";
  std::size_t size = 7;
  while (*message != '\0' && size < 1007) line[size++] = *message++;
  line[size++] = '\n';
  if (::write(2, line, size) < 0) __builtin_abort();  // there is nobody left to tell
  __builtin_abort();
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
