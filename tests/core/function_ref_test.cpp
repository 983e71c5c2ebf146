// SPDX-License-Identifier: Apache-2.0
// tests/core/function_ref_test.cpp -- mirrors include/atlas/core/function_ref.hpp and progress.hpp.
#include <atlas/core/function_ref.hpp>
#include <atlas/core/progress.hpp>

#include "support/counted.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <type_traits>
#include <utility>

namespace {

int call(atlas::function_ref<int(int)> function, int argument) { return function(argument); }

struct adder {
  int base;
  int operator()(int more) const { return base + more; }
};

}  // namespace

TEST_SUITE("core") {
  TEST_CASE("function_ref: is false when empty") {
    const atlas::function_ref<void()> none;
    CHECK_FALSE(static_cast<bool>(none));
    const auto something = [] {};
    CHECK(static_cast<bool>(atlas::function_ref<void()>(something)));
  }

  TEST_CASE("function_ref: calls lambdas, function objects and std::function") {
    int seen = 0;
    CHECK(call([&](int number) { return seen = number * 2; }, 4) == 8);
    CHECK(seen == 8);
    CHECK(call(adder{3}, 4) == 7);
    const adder constant{5};
    CHECK(call(constant, 1) == 6);
    std::function<int(int)> wrapped = adder{1};
    CHECK(call(wrapped, 1) == 2);
  }

  TEST_CASE("function_ref: borrows, so that changes of the callable are seen") {
    int calls = 0;
    auto count = [calls]() mutable { return ++calls; };
    const atlas::function_ref<int()> borrowed = count;
    CHECK(borrowed() == 1);
    CHECK(borrowed() == 2);
    CHECK(count() == 3);
  }

  TEST_CASE("function_ref: a copy refers to the callable, not to the copied function_ref") {
    const adder first{1};
    atlas::function_ref<int(int)> original = first;
    atlas::function_ref<int(int)> copy = original;
    original = {};
    CHECK(copy(1) == 2);
  }

  TEST_CASE("function_ref: passes references and move-only arguments through, and drops results") {
    int target = 0;
    const auto set = [](int& to, support::counted value) { return to = value.number(); };
    const atlas::function_ref<void(int&, support::counted)> borrowed = set;
    borrowed(target, support::counted(9));
    CHECK(target == 9);
  }

  TEST_CASE("function_ref: is two words of plain data, refuses what cannot be called") {
    CHECK(std::is_trivially_copyable_v<atlas::function_ref<void()>>);
    CHECK(sizeof(atlas::function_ref<void()>) == 2 * sizeof(void*));
    CHECK_FALSE(std::is_constructible_v<atlas::function_ref<void()>, int>);
    CHECK_FALSE(std::is_constructible_v<atlas::function_ref<void(const char*)>, adder>);
  }

  TEST_CASE("progress: is asked with done and total and may say stop") {
    const auto half_way = [](std::uint64_t done, std::uint64_t total) { return done * 2 < total; };
    const atlas::progress report = half_way;
    CHECK(report(4, 10));
    CHECK_FALSE(report(5, 10));
  }
}
