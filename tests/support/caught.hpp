// SPDX-License-Identifier: Apache-2.0
// tests/support/caught.hpp -- that the checker of histories finds a seeded fault, and says what it is.
#ifndef ATLAS_TESTS_SUPPORT_CAUGHT_HPP
#define ATLAS_TESTS_SUPPORT_CAUGHT_HPP

#include "support/queue_histories.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>

namespace support {

inline constexpr verdict whatever = verdict::linearizable;
/// Of 300 histories the checker finds the fault in some, and says what it is. Others it may break in another way.
template <class Subject>
void check_caught(const char* what, verdict wanted) {
  if (under_thread_sanitizer) {
    MESSAGE("skipped: ThreadSanitizer does not follow a change of stacks");
    return;
  }
  const recorded found = record<Subject>({.histories = 300, .seed = 11, .stops_at_first = false});
  const std::string name = std::string(what) + ": " + name_of(wanted);
  CAPTURE(name);
  CAPTURE(found.unexplained);
  CHECK_MESSAGE((wanted == whatever ? found.unexplained : found.said[static_cast<std::size_t>(wanted)]) > 0,
                found.text);
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_CAUGHT_HPP
