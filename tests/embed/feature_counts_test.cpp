// SPDX-License-Identifier: Apache-2.0
// tests/embed/feature_counts_test.cpp -- mirrors include/atlas/embed/feature_counts.hpp.
#include <atlas/embed/feature_counts.hpp>  // first, so that a missing include in it fails here

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <vector>

namespace {

using atlas::feature_kind;

/// Counts the hashes with ours and with a map, and compares counts and order.
void check_against_map(atlas::feature_counts& counts, const std::vector<std::uint64_t>& hashes) {
  counts.clear();
  std::map<std::uint64_t, std::uint32_t> want;
  std::vector<std::uint64_t> order;
  for (const std::uint64_t hash : hashes) {
    REQUIRE(counts.add(hash, feature_kind::word).ok());
    if (++want[hash] == 1) order.push_back(hash);
  }
  REQUIRE(counts.size() == order.size());
  std::size_t i = 0;
  bool same = true;
  for (const atlas::feature_count& feature : counts) {
    same = same && feature.hash == order[i] && feature.count == want[order[i]];
    ++i;
  }
  CHECK(same);
}

}  // namespace

TEST_SUITE("embed") {
  TEST_CASE("feature_counts: counts each hash, in the order of first sight, text after text") {
    atlas::feature_counts counts;
    CHECK(counts.size() == 0);
    counts.clear();
    std::mt19937_64 random(5);
    // Large and small in turn: each way of forgetting follows each size of table.
    for (const std::size_t size : {10U, 0U, 3000U, 2U, 100U, 50'000U, 1U, 700U, 9000U, 0U, 20U}) {
      CAPTURE(size);
      std::vector<std::uint64_t> hashes(size);
      for (std::uint64_t& hash : hashes) hash = random() % (size * 2 / 3 + 1);  // neighbours collide in the table
      check_against_map(counts, hashes);
      for (std::uint64_t& hash : hashes) hash = random();
      check_against_map(counts, hashes);
    }
  }

  TEST_CASE("feature_counts: keeps the kind of the first sight") {
    atlas::feature_counts counts;
    REQUIRE(counts.add(0, feature_kind::pair).ok());
    REQUIRE(counts.add(0, feature_kind::gram).ok());
    REQUIRE(counts.size() == 1);
    CHECK(counts.begin()->kind == feature_kind::pair);
    CHECK(counts.begin()->count == 2);
  }
}
