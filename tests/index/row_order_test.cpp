// SPDX-License-Identifier: Apache-2.0
// tests/index/row_order_test.cpp -- mirrors include/atlas/index/row_order.hpp.
#include <atlas/index/row_order.hpp>

#include <doctest/doctest.h>

#include <vector>

using atlas::detail::row_order;

TEST_SUITE("index") {
  TEST_CASE("row_order: rows are numbered as they are kept, each once; what is left out has no number") {
    row_order order;
    REQUIRE(order.start(10).ok());
    CHECK(order.size() == 0);
    for (std::uint32_t row = 0; row < 10; ++row) CHECK(order.number(row) == row_order::no_row);
    CHECK(order.keep(7));
    CHECK(order.keep(0));
    CHECK_FALSE(order.keep(7));
    CHECK(order.keep(9));
    CHECK_FALSE(order.keep(0));
    CHECK(order.size() == 3);
    const std::vector<std::uint32_t> kept(order.rows().begin(), order.rows().end());
    CHECK(kept == std::vector<std::uint32_t>{7, 0, 9});
    CHECK(order.number(7) == 0);
    CHECK(order.number(0) == 1);
    CHECK(order.number(9) == 2);
    for (const std::uint32_t row : {1U, 8U, 10U, 11U, 0xFFFFFFFEU, 0xFFFFFFFFU}) CHECK(order.number(row) == row_order::no_row);
  }

  TEST_CASE("row_order: of no rows it is empty, and of many it keeps all") {
    row_order none;
    REQUIRE(none.start(0).ok());
    CHECK(none.size() == 0);
    CHECK(none.rows().empty());
    CHECK(none.number(0) == row_order::no_row);
    row_order many;
    REQUIRE(many.start(100'000).ok());
    for (std::uint32_t row = 100'000; row-- > 0;) CHECK(many.keep(row));
    CHECK(many.size() == 100'000);
    for (std::uint32_t row = 0; row < 100'000; row += 999) CHECK(many.number(row) == 99'999 - row);
  }
}
