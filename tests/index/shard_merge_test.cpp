// SPDX-License-Identifier: Apache-2.0
// tests/index/shard_merge_test.cpp -- mirrors include/atlas/index/shard_merge.hpp.
#include <atlas/index/shard_merge.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <utility>
#include <vector>

TEST_SUITE("shard_merge") {
namespace {

using atlas::detail::shard_hit;
using pairs = std::vector<std::pair<float, std::uint64_t>>;

pairs merged(std::vector<shard_hit> hits, std::size_t most) {
  pairs put;
  std::vector<std::uint64_t> seen(atlas::detail::merge_slots(std::min(most, hits.size())), 77);
  const std::size_t count = atlas::detail::merge_hits({hits.data(), hits.size()}, most, seen,
                                                      [&](const shard_hit& hit) { put.emplace_back(hit.distance, hit.key); });
  CHECK(count == put.size());
  return put;
}
/// The least distance of each key, sorted.
pairs model(const std::vector<shard_hit>& hits, std::size_t most) {
  std::map<std::uint64_t, float> nearest;
  for (const shard_hit& hit : hits) {
    const auto [place, is_new] = nearest.emplace(hit.key, hit.distance);
    if (!is_new) place->second = std::min(place->second, hit.distance);
  }
  pairs sorted;
  for (const auto& [key, distance] : nearest) sorted.emplace_back(distance, key);
  std::sort(sorted.begin(), sorted.end());
  if (sorted.size() > most) sorted.resize(most);
  return sorted;
}

}  // namespace

  TEST_CASE("shard merge: as a map and a sort, whatever is equal and whatever comes twice") {
    std::mt19937_64 bits(5);
    for (const std::size_t size : {0U, 1U, 2U, 3U, 10U, 64U, 65U, 1000U}) {
      for (const std::uint64_t keys : {1U, 7U, 100000U}) {
        for (const unsigned distances : {1U, 5U, 1000000U}) {
          std::vector<shard_hit> hits(size);
          for (shard_hit& hit : hits) hit = {bits() % keys, static_cast<float>(bits() % distances) - 2.0F};
          for (const std::size_t most : {0U, 1U, 2U, 10U, 5000U}) {
            CAPTURE(size);
            CAPTURE(keys);
            CAPTURE(distances);
            CAPTURE(most);
            CHECK(merged(hits, most) == model(hits, most));
          }
        }
      }
    }
  }

  TEST_CASE("shard merge: distances and keys that only damaged files have end it all the same") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const std::vector<shard_hit> hits = {{atlas::reserved_key, nan}, {3, nan}, {atlas::reserved_key, 1}, {2, nan}, {3, nan},
                                         {1, -std::numeric_limits<float>::infinity()}, {2, 0}, {atlas::reserved_key, nan}};
    for (std::size_t most = 0; most <= hits.size(); ++most) CHECK(merged(hits, most).size() <= most);
  }
}
