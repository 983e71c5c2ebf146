// SPDX-License-Identifier: Apache-2.0
// tests/support/effort.hpp -- how much of the same to try, for machines that are emulated.
#ifndef ATLAS_TESTS_SUPPORT_EFFORT_HPP
#define ATLAS_TESTS_SUPPORT_EFFORT_HPP

#include <cstddef>
#include <cstdlib>
#include <string_view>

namespace support {

/// @param full     repetitions, rows or rounds in general
/// @param reduced  the same where the environment says ATLAS_TEST_EFFORT=reduced; covers the same shapes
inline std::size_t with_effort(std::size_t full, std::size_t reduced) {
  const char* const wanted = std::getenv("ATLAS_TEST_EFFORT");
  return wanted != nullptr && std::string_view(wanted) == "reduced" ? reduced : full;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_EFFORT_HPP
