// SPDX-License-Identifier: Apache-2.0
// tests/distance/matrix_view_test.cpp -- mirrors include/atlas/distance/matrix_view.hpp.
#include <atlas/distance/matrix_view.hpp>

#include <doctest/doctest.h>

TEST_SUITE("distance") {
  TEST_CASE("matrix_view: rows begin stride elements apart") {
    const float data[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    const atlas::matrix_view view{data, 2, 3, 5};
    CHECK(view.row(0) == data);
    CHECK(view.row(1) == data + 5);
    CHECK_FALSE(view.is_dense());
    CHECK_FALSE(view.empty());
    CHECK(atlas::matrix_view{}.empty());
  }
  TEST_CASE("dense: rows lie end to end") {
    const double data[6] = {};
    const auto view = atlas::dense(data, 2, 3);
    CHECK(view.is_dense());
    CHECK(view.row(1) == data + 3);
  }
  TEST_CASE("dense: rows of bits begin at a whole byte") {
    const atlas::b1x8 data[6] = {};
    const auto view = atlas::dense(data, 3, 13);
    CHECK(view.dimension == 13);
    CHECK(view.stride == 2);
    CHECK(view.is_dense());
    CHECK(view.row(2) == data + 4);
    CHECK(atlas::elements_of<atlas::b1x8>(0) == 0);
    CHECK(atlas::elements_of<atlas::b1x8>(16) == 2);
    CHECK(atlas::elements_of<float>(13) == 13);
  }
  TEST_CASE("subrows: a run of rows") {
    const float data[8] = {};
    const auto view = atlas::dense(data, 4, 2);
    const auto part = view.subrows(1, 2);
    CHECK(part.rows == 2);
    CHECK(part.row(0) == data + 2);
    CHECK(view.subrows(4, 0).empty());
    CHECK(atlas::matrix_view{}.subrows(0, 0).data == nullptr);
  }
}
