// SPDX-License-Identifier: Apache-2.0
// tests/support/shm_messages.hpp -- messages of channels as texts, and moments to wait until.
#ifndef ATLAS_TESTS_SUPPORT_SHM_MESSAGES_HPP
#define ATLAS_TESTS_SUPPORT_SHM_MESSAGES_HPP

#include <atlas/core/clock.hpp>
#include <atlas/core/span.hpp>
#include <atlas/queue/shm_channel.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace support {

inline atlas::span<const std::byte> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string text_of(atlas::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// All that is there, released.
inline std::vector<std::string> drained(atlas::shm_receiver& in) {
  std::vector<std::string> all;
  for (atlas::shm_message message; in.try_peek(message).value(); in.release()) all.push_back(text_of(message.bytes));
  return all;
}

inline std::uint64_t in_seconds(double seconds) {
  return atlas::monotonic_ns() + static_cast<std::uint64_t>(seconds * 1e9);
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_SHM_MESSAGES_HPP
