// SPDX-License-Identifier: Apache-2.0
// tests/index/any_index_test.cpp -- mirrors include/atlas/index/any_index.hpp: what it adds to the index that it holds.
#include <atlas/index/any_index.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>

TEST_SUITE("index") {
  TEST_CASE("any_index: names its kind, gives the index held, and visits it") {
    atlas::any_index first(atlas::flat<float>::create({.dimension = 3}).value());
    atlas::any_index second(atlas::hnsw<float>::create({.dimension = 4}).value());
    CHECK(first.kind() == atlas::file_kind::flat);
    CHECK(std::string(first.kind_name()) == "flat");
    CHECK(first.as_flat() != nullptr);
    CHECK(first.as_hnsw() == nullptr);
    CHECK(second.kind() == atlas::file_kind::hnsw);
    CHECK(std::string(second.kind_name()) == "hnsw");
    CHECK(second.as_flat() == nullptr);
    CHECK(std::as_const(second).as_hnsw()->connectivity() == 16);
    CHECK(std::as_const(first).as_flat()->dimension() == 3);
    const auto dimension = [](const auto& index) noexcept { return index.dimension(); };
    CHECK(first.visit(dimension) == 3);
    CHECK(std::as_const(second).visit(dimension) == 4);
  }

  TEST_CASE("any_index: changes kind when another is moved into it") {
    atlas::any_index one(atlas::flat<float>::create({.dimension = 3}).value());
    atlas::any_index other(atlas::hnsw<float>::create({.dimension = 4}).value());
    one = std::move(other);
    CHECK(one.kind() == atlas::file_kind::hnsw);
    CHECK(one.dimension() == 4);
    other = atlas::any_index(atlas::flat<float>::create({.dimension = 5}).value());
    std::swap(one, other);
    CHECK(one.kind() == atlas::file_kind::flat);
    CHECK(one.dimension() == 5);
    CHECK(other.kind() == atlas::file_kind::hnsw);
    CHECK(other.dimension() == 4);
  }
}
