// SPDX-License-Identifier: Apache-2.0
// tests/main.cpp -- main() of every test program; each room's *_test.cpp files are linked with it.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

// What the sanitizers ask when they start, and nobody asks otherwise. Tests request impossible amounts of memory on
// purpose.
extern "C" {
__attribute__((visibility("default"))) const char* __asan_default_options() {
  return "allocator_may_return_null=1:detect_stack_use_after_return=1";
}
__attribute__((visibility("default"))) const char* __tsan_default_options() {
  return "allocator_may_return_null=1";
}
}
