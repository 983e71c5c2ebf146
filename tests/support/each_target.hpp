// SPDX-License-Identifier: Apache-2.0
// tests/support/each_target.hpp -- runs a check once for every instruction set of this CPU.
#ifndef ATLAS_TESTS_SUPPORT_EACH_TARGET_HPP
#define ATLAS_TESTS_SUPPORT_EACH_TARGET_HPP

#include <atlas/simd/target.hpp>

#include <doctest/doctest.h>

#include <string>

namespace support {

/// Calls check() under each target, best first, and restores the one that was in use.
template <class Check>
void on_each_target(Check&& check) {
  const char* const before = atlas::simd::target();
  for (const char* name : atlas::simd::targets()) {
    const std::string target = name;  // doctest prints a captured pointer as a number
    CAPTURE(target);
    REQUIRE(atlas::simd::force_target(name).ok());
    check();
  }
  REQUIRE(atlas::simd::force_target(before).ok());
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_EACH_TARGET_HPP
