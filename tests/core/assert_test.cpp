// SPDX-License-Identifier: Apache-2.0
// tests/core/assert_test.cpp -- mirrors include/atlas/core/assert.hpp.
#include <atlas/core/assert.hpp>

#include "support/threads.hpp"

#include <doctest/doctest.h>

TEST_SUITE("core") {
  TEST_CASE("panic: ends the process by abort") {
    CHECK(support::aborts_in_child([] { atlas::panic("a message"); }));
  }

  TEST_CASE("ATLAS_ASSERT: ends the process only when the condition is false, and only in checked builds") {
    CHECK_FALSE(support::aborts_in_child([] { ATLAS_ASSERT(1 + 1 == 2); }));
#if ATLAS_CHECKED
    CHECK(support::aborts_in_child([] { ATLAS_ASSERT(1 + 1 == 3); }));
#else
    int evaluated = 0;
    ATLAS_ASSERT(++evaluated == 2);
    CHECK(evaluated == 0);
#endif
  }
}
