// SPDX-License-Identifier: Apache-2.0
// tests/main.cpp -- main() of every test program; each room's *_test.cpp files are linked with it.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
