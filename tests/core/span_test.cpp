// SPDX-License-Identifier: Apache-2.0
// tests/core/span_test.cpp -- mirrors include/atlas/core/span.hpp.
#include <atlas/core/span.hpp>

#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace {

int sum(atlas::span<const int> numbers) {
  int total = 0;
  for (const int number : numbers) total += number;
  return total;
}

}  // namespace

TEST_SUITE("core") {
  TEST_CASE("span: is empty by default") {
    const atlas::span<int> none;
    CHECK(none.empty());
    CHECK(none.size() == 0);
    CHECK(none.data() == nullptr);
    CHECK(none.begin() == none.end());
  }

  TEST_CASE("span: borrows from anything with data() and size(), and from arrays") {
    std::vector<int> vector{1, 2, 3};
    const std::array<int, 2> array{4, 5};
    const int plain[] = {6, 7, 8, 9};
    CHECK(sum(vector) == 6);
    CHECK(sum(array) == 9);
    CHECK(sum(plain) == 30);
    CHECK(sum(std::span<int>(vector)) == 6);
    CHECK(sum({plain, 2}) == 13);
    CHECK(atlas::span<const char>(std::string("abc")).size() == 3);
    const atlas::span<int> writable = vector;
    writable[1] = 20;
    CHECK(vector[1] == 20);
    CHECK(sum(writable) == 24);  // a span of int is a span of const int
  }

  TEST_CASE("span: subspan takes a part, also an empty one at the end") {
    const int plain[] = {1, 2, 3, 4};
    const atlas::span<const int> all = plain;
    CHECK(sum(all.subspan(1, 2)) == 5);
    CHECK(all.subspan(4, 0).empty());
    CHECK(all.subspan(0, 4).size() == 4);
  }

  TEST_CASE("span: reaching outside ends the process in checked builds") {
#if ATLAS_CHECKED
    const int plain[] = {1, 2};
    const atlas::span<const int> all = plain;
    CHECK(support::aborts_in_child([&] { static_cast<void>(all[2]); }));
    CHECK(support::aborts_in_child([&] { static_cast<void>(all.subspan(1, 2)); }));
    CHECK(support::aborts_in_child([&] { static_cast<void>(all.subspan(1, ~std::size_t{0})); }));
#else
    MESSAGE("skipped: built without ATLAS_CHECKED");
#endif
  }
}
