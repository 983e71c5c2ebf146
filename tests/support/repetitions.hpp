// SPDX-License-Identifier: Apache-2.0
// tests/support/repetitions.hpp -- how often to repeat what chance finds: less under a sanitizer, which takes 10 to 50 times
// as long and sees at once what a plain build needs many tries for.
#ifndef ATLAS_TESTS_SUPPORT_REPETITIONS_HPP
#define ATLAS_TESTS_SUPPORT_REPETITIONS_HPP

#include "support/threads.hpp"

#include <cstddef>

namespace support {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool under_address_sanitizer = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool under_address_sanitizer = true;
#else
inline constexpr bool under_address_sanitizer = false;
#endif
#else
inline constexpr bool under_address_sanitizer = false;
#endif

/// @param plain            repetitions in a plain build
/// @param watched_memory   under AddressSanitizer
/// @param watched_threads  under ThreadSanitizer
constexpr std::size_t repetitions(std::size_t plain, std::size_t watched_memory, std::size_t watched_threads) {
  return under_thread_sanitizer ? watched_threads : under_address_sanitizer ? watched_memory : plain;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_REPETITIONS_HPP
