// SPDX-License-Identifier: Apache-2.0
// tests/support/each_target.hpp -- runs a check once for every instruction set of this CPU.
#ifndef ATLAS_TESTS_SUPPORT_EACH_TARGET_HPP
#define ATLAS_TESTS_SUPPORT_EACH_TARGET_HPP

#include <atlas/simd/target.hpp>

#include "support/repetitions.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace support {

/// Whether a target's memory is watched: the best one's, and of each width of vectors the plainest. What lies between differs in a few
/// kernels from its neighbours, and reads past an end there meet a page that is not there (support/guarded_array.hpp), in plain builds.
inline bool is_watched(std::string_view target) {
  return target == atlas::simd::targets().names[0] || target == "avx512" || target == "avx2" || target == "scalar";
}

/// Calls check() under each target, best first, and restores the one that was in use; under AddressSanitizer under those of is_watched.
template <class Check>
void on_each_target(Check&& check) {
  const char* const before = atlas::simd::target();
  for (const char* name : atlas::simd::targets()) {
    const std::string target = name;  // doctest prints a captured pointer as a number
    if (under_address_sanitizer && !is_watched(target)) continue;
    CAPTURE(target);
    REQUIRE(atlas::simd::force_target(name).ok());
    check();
  }
  REQUIRE(atlas::simd::force_target(before).ok());
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_EACH_TARGET_HPP
