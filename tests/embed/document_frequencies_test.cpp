// SPDX-License-Identifier: Apache-2.0
// tests/embed/document_frequencies_test.cpp -- mirrors include/atlas/embed/document_frequencies.hpp.
#include <atlas/embed/document_frequencies.hpp>  // first, so that a missing include in it fails here

#include "support/threads.hpp"

#include <doctest/doctest.h>

TEST_SUITE("embed") {
  TEST_CASE("document_frequencies: starts at zero and counts by bucket") {
    auto table = atlas::document_frequencies::create(256).value();
    CHECK(table.buckets() == 256);
    CHECK(table.texts() == 0);
    for (std::size_t bucket = 0; bucket < 256; ++bucket) CHECK(table.count(bucket) == 0);
    table.add_text();
    table.add(3);
    table.add(3);
    table.add(255);
    CHECK(table.texts() == 1);
    CHECK(table.count(3) == 2);
    CHECK(table.count(255) == 1);
  }

  TEST_CASE("document_frequencies: every hash has a bucket, and hashes spread over them") {
    const auto table = atlas::document_frequencies::create(1024).value();
    std::size_t used[1024] = {};
    for (std::uint64_t hash = 0; hash < 100'000; ++hash) {
      REQUIRE(table.bucket_of(hash) < 1024);
      ++used[table.bucket_of(hash)];
    }
    for (const std::size_t count : used) CHECK(count > 40);  // 98 on average
  }

  TEST_CASE("document_frequencies: no count is lost between threads") {
    auto table = atlas::document_frequencies::create(256).value();
    support::together(4, [&](unsigned) {
      for (int i = 0; i < 10'000; ++i) {
        table.add_text();
        table.add(7);
        table.add(static_cast<std::size_t>(i) % 256);
      }
    });
    CHECK(table.texts() == 40'000);
    CHECK(table.count(7) == 40'000 + 4 * 40);
    CHECK(table.count(8) == 4 * 40);
  }
}
