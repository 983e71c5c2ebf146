// SPDX-License-Identifier: Apache-2.0
// tests/core/one_of_test.cpp -- mirrors include/atlas/core/one_of.hpp.
#include <atlas/core/one_of.hpp>  // first, so that a missing include in it fails here

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

namespace {

/// Counts how many of it are alive, and knows where it lies.
struct lodger {
  static inline int alive = 0;
  std::string name;
  const lodger* self = this;

  explicit lodger(const char* said = "") : name(said) { ++alive; }
  lodger(const lodger& other) : name(other.name) { ++alive; }
  lodger(lodger&& other) noexcept : name(static_cast<std::string&&>(other.name)) { ++alive; }
  lodger& operator=(const lodger&) = delete;
  ~lodger() { --alive; }
};
struct alignas(64) wide {
  std::uint64_t number = 7;
};

using one = atlas::one_of<int, lodger, wide>;

std::string said(const one& value) {
  return value.visit([]<class T>(const T& held) -> std::string {
    if constexpr (__is_same(T, int)) return std::to_string(held);
    if constexpr (__is_same(T, lodger)) return held.self == &held ? held.name : "lies elsewhere";
    if constexpr (__is_same(T, wide)) return reinterpret_cast<std::uintptr_t>(&held) % 64 == 0 ? "wide " + std::to_string(held.number) : "not aligned";
  });
}

TEST_SUITE("core/one_of") {
  TEST_CASE("holds the first type until it is given another, and says which it holds") {
    CHECK(said(one()) == "0");
    CHECK(one().index() == 0);
    CHECK(said(one(5)) == "5");
    const one text(lodger("a name that is too long to lie in the string itself"));
    CHECK(text.index() == 1);
    CHECK(said(text) == "a name that is too long to lie in the string itself");
    CHECK(said(one(wide{9})) == "wide 9");
    CHECK(one(wide{}).index() == 2);
  }

  TEST_CASE("copies and moves what it holds, and ends it") {
    REQUIRE(lodger::alive == 0);
    {
      one a(lodger("first"));
      one b(a);
      CHECK(said(a) == "first");
      CHECK(said(b) == "first");
      one c(static_cast<one&&>(a));
      CHECK(said(c) == "first");
      CHECK(said(a).empty());
      c = one(3);
      CHECK(said(c) == "3");
      b = c;
      CHECK(said(b) == "3");
      b = one(lodger("second"));
      c = b;
      CHECK(said(c) == "second");
      const one& same = c;
      c = same;
      CHECK(said(c) == "second");
      c = static_cast<one&&>(b);
      CHECK(said(c) == "second");
      CHECK(lodger::alive == 3);  // those in a, b and c
    }
    CHECK(lodger::alive == 0);
  }
}

}  // namespace
