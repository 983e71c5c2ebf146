// SPDX-License-Identifier: Apache-2.0
// tests/core/result_test.cpp -- mirrors include/atlas/core/result.hpp.
#include <atlas/core/result.hpp>

#include "support/counted.hpp"
#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

namespace {

atlas::result<int> half(int number) {
  if (number % 2 != 0) return atlas::error{atlas::errc::invalid_argument, "number", "an even one", "an odd one"};
  return number / 2;
}
atlas::status even(int number) {
  if (number % 2 != 0) return atlas::errc::invalid_argument;
  return {};
}

}  // namespace

TEST_SUITE("core") {
  TEST_CASE("result: holds the value it was made from") {
    auto answer = half(8);
    CHECK(answer.ok());
    CHECK(answer.has_value());
    CHECK(static_cast<bool>(answer));
    CHECK(*answer == 4);
    CHECK(answer.value() == 4);
    *answer = 5;
    CHECK(std::as_const(answer).value() == 5);
    CHECK(*std::as_const(answer) == 5);
  }

  TEST_CASE("result: holds the error in the value's place") {
    const auto answer = half(7);
    CHECK_FALSE(answer.ok());
    CHECK_FALSE(answer.has_value());
    CHECK_FALSE(static_cast<bool>(answer));
    CHECK(answer.error() == atlas::errc::invalid_argument);
    CHECK(std::string(answer.error().field) == "number");
  }

  TEST_CASE("result: a bare code is an error") {
    const atlas::result<std::string> answer = atlas::errc::no_memory;
    CHECK(answer.error() == atlas::errc::no_memory);
  }

  TEST_CASE("result: moves a move-only value and ends each exactly once") {
    const int before = support::counted::alive().load();
    {
      atlas::result<support::counted> first{support::counted(3)};
      atlas::result<support::counted> second = std::move(first);
      CHECK(second->number() == 3);
      CHECK(first.ok());  // still holds a value, which was moved from
      second = atlas::result<support::counted>(atlas::errc::io);
      CHECK(second.error() == atlas::errc::io);
      second = atlas::result<support::counted>(support::counted(4));
      CHECK(second->number() == 4);
      const support::counted taken = *std::move(second);
      CHECK(taken.number() == 4);
      const support::counted out = atlas::result<support::counted>(support::counted(5)).value();
      CHECK(out.number() == 5);
    }
    CHECK(support::counted::alive().load() == before);
  }

  TEST_CASE("result: reaches through to the value's members") {
    atlas::result<std::string> text{std::string("four")};
    CHECK(text->size() == 4);
    CHECK(std::as_const(text)->size() == 4);
  }

  TEST_CASE("status: is success by default and carries an error otherwise") {
    CHECK(even(2).ok());
    CHECK(even(2).has_value());
    even(2).value();
    const atlas::status answer = even(3);
    CHECK_FALSE(answer.ok());
    CHECK_FALSE(static_cast<bool>(answer));
    CHECK(answer.error() == atlas::errc::invalid_argument);
  }

  TEST_CASE("result: value() of an error ends the process") {
    CHECK(support::aborts_in_child([] { static_cast<void>(half(1).value()); }));
    CHECK(support::aborts_in_child([] { even(1).value(); }));
  }

  TEST_CASE("result: * and error() on the wrong side end the process in checked builds") {
#if ATLAS_CHECKED
    CHECK(support::aborts_in_child([] { static_cast<void>(*half(1)); }));
    CHECK(support::aborts_in_child([] { static_cast<void>(half(2).error()); }));
    CHECK(support::aborts_in_child([] { static_cast<void>(even(2).error()); }));
#else
    MESSAGE("skipped: built without ATLAS_CHECKED");
#endif
  }

  TEST_CASE("result: does not copy, so that a value is never duplicated by accident") {
    CHECK_FALSE(std::is_copy_constructible_v<atlas::result<int>>);
    CHECK_FALSE(std::is_copy_assignable_v<atlas::result<int>>);
    CHECK(std::is_nothrow_move_constructible_v<atlas::result<int>>);
  }
}
