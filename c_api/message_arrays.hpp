// SPDX-License-Identifier: Apache-2.0
// c_api/message_arrays.hpp -- what queue.cpp and channel.cpp have in common: messages in one buffer, timeouts.
//
// Room:      check_offsets, deadline_of.
// Depends:   core, atlas.h.
// Threads:   pure.
#ifndef ATLAS_C_API_MESSAGE_ARRAYS_HPP
#define ATLAS_C_API_MESSAGE_ARRAYS_HPP

#include "atlas.h"

#include <atlas/core/clock.hpp>   // monotonic_ns
#include <atlas/core/result.hpp>  // status, error

namespace atlas::c_api {

/// On the clock of monotonic_ns(); 0: none. @pre not ATLAS_NO_WAIT
[[nodiscard]] inline std::uint64_t deadline_of(std::uint64_t timeout_ns) noexcept {
  const std::uint64_t now_ns = monotonic_ns();
  return timeout_ns > ATLAS_WAIT_FOREVER - now_ns ? 0 : now_ns + timeout_ns;
}

/// Before anything is pushed. Each offset is read once more when it is used: the caller must not change it meanwhile.
/// @param offsets        [count + 1]
/// @param longest_bytes  of one message
/// @return               errc::invalid_argument, errc::limit_exceeded, with the message's row
[[nodiscard]] inline status check_offsets(const std::uint64_t* offsets, std::size_t count, std::size_t buffer_bytes,
                                          std::uint64_t longest_bytes) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t begin = offsets[i];
    const std::uint64_t end = offsets[i + 1];
    if (end < begin) return error{errc::invalid_argument, "offsets", "at least", begin, end}.at_row(i);
    if (end > buffer_bytes) return error{errc::invalid_argument, "offsets", "at most", buffer_bytes, end}.at_row(i);
    if (end - begin > longest_bytes) {
      return error{errc::limit_exceeded, "message bytes", longest_bytes, end - begin}.at_row(i);
    }
  }
  return {};
}

}  // namespace atlas::c_api

#endif  // ATLAS_C_API_MESSAGE_ARRAYS_HPP
