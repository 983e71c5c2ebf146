// SPDX-License-Identifier: Apache-2.0
// tests/support/insist.hpp -- ends the process where a promise is broken, for programs without doctest too.
#ifndef ATLAS_TESTS_SUPPORT_INSIST_HPP
#define ATLAS_TESTS_SUPPORT_INSIST_HPP

#include <cstdio>
#include <cstdlib>

namespace support {

inline void insist(bool is_so, const char* what) {
  if (is_so) return;
  std::fprintf(stderr, "broken promise: %s\n", what);
  std::abort();
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_INSIST_HPP
