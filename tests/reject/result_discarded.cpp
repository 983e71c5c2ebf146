// SPDX-License-Identifier: Apache-2.0
// tests/reject/result_discarded.cpp -- an error that nobody looks at does not compile in our own code.
// reject: ignoring return
#include <atlas/core/result.hpp>

#pragma GCC diagnostic error "-Wunused-result"

atlas::status save();

int main() {
#if REJECT
  save();
#else
  return save().ok() ? 0 : 1;
#endif
}
