// SPDX-License-Identifier: Apache-2.0
// tests/index/hnsw_measure_test.cpp -- mirrors include/atlas/index/hnsw_measure.hpp.
#include <atlas/index/hnsw_measure.hpp>

#include "support/index_answers.hpp"
#include "support/repetitions.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

using atlas::candidate;
using atlas::metric;
using atlas::row_store;
using atlas::search_scratch;
using atlas::detail::measure_candidates;
using atlas::detail::order_equals_by_key;

TEST_SUITE("index") {
namespace {

/// Rows under the given keys.
void fill(row_store& rows, const std::vector<std::uint64_t>& keys, const std::vector<float>& vectors) {
  const std::size_t dimension = vectors.size() / keys.size();
  rows.create(atlas::row_layout(dimension, metric::l2sq), 0).value();
  rows.publish(rows.append(keys, atlas::dense(vectors.data(), keys.size(), dimension), atlas::on_duplicate::refuse).value());
}

std::vector<std::uint64_t> shuffled_keys(std::size_t count, std::uint64_t seed) {
  auto keys = support::keys_from(1000, count);
  std::mt19937_64 draw(seed);
  std::shuffle(keys.begin(), keys.end(), draw);
  return keys;
}

/// A sum of twelve uniform numbers, less its mean: nearly normal, with a standard deviation of 1.
double normal(std::mt19937_64& draw) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += static_cast<double>(draw() >> 11) * 0x1p-53;
  return sum;
}

/// Random rows, and a query's candidates among them with distances that are wrong in some way.
struct measured {
  static constexpr std::size_t dimension = 16;
  measured(std::size_t count, std::uint64_t seed) : keys(shuffled_keys(count, seed)), vectors(support::random_vector(seed, count * dimension)) {
    fill(rows, keys, vectors);
    query = support::random_vector(seed + 1000, dimension);
    scratch.take_query(query.data(), rows.layout()).value();
    for (std::uint32_t row = 0; row < count; ++row) {
      float distance = 0;
      rows.layout().gather(scratch.query.data(), 1.0F, rows.vectors(), &row, 1, &distance);
      exact.push_back({distance, row});
    }
  }
  template <class Error>
  std::vector<candidate> found(Error error) {
    std::vector<candidate> all = exact;
    for (candidate& one : all) one.distance = static_cast<float>(error(static_cast<double>(one.distance)));
    std::sort(all.begin(), all.end());
    return all;
  }
  /// The k nearest of the candidates that pass.
  template <class Passes>
  std::vector<candidate> right(std::size_t k, Passes passes) {
    std::vector<candidate> all;
    for (const candidate& one : exact) {
      if (passes(one.row)) all.push_back(one);
    }
    std::sort(all.begin(), all.end());
    all.resize(std::min(k, all.size()));
    return all;
  }
  std::vector<candidate> answers() { return {scratch.answers.data(), scratch.answers.data() + scratch.answers.size()}; }

  row_store rows;
  search_scratch scratch;
  std::vector<std::uint64_t> keys;
  std::vector<float> vectors;
  std::vector<float> query;
  std::vector<candidate> exact;
};

bool same(const std::vector<candidate>& left, const std::vector<candidate>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const candidate& a, const candidate& b) { return a.row == b.row && a.distance == b.distance; });
}

}  // namespace

  TEST_CASE("order_equals_by_key: runs of equal distances, and only they, come in the order of their keys") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
      std::mt19937_64 draw(seed);
      const std::size_t count = 1 + draw() % 40;
      row_store rows;
      const auto keys = shuffled_keys(count, seed);
      fill(rows, keys, std::vector<float>(count, 1.0F));
      std::vector<candidate> all;
      float distance = 0;
      for (std::uint32_t row = 0; row < count; ++row) {
        if (draw() % 3 == 0) distance += 1;
        all.push_back({distance, row});
      }
      auto expected = all;
      std::sort(expected.begin(), expected.end(), [&](const candidate& left, const candidate& right) {
        return left.distance < right.distance || (left.distance == right.distance && keys[left.row] < keys[right.row]);
      });
      order_equals_by_key(all.data(), count, rows);
      CHECK(same(all, expected));
    }
    row_store none;
    order_equals_by_key(nullptr, 0, none);
  }

  TEST_CASE("order_equals_by_key: many equal distances take no square of their number in steps") {
    // A hundred thousand squared would be ten milliards of steps; this is to be over at once, in every order of keys.
    const std::size_t count = support::repetitions(100'000, 50'000, 20'000);
    for (int order = 0; order < 3; ++order) {
      auto keys = shuffled_keys(count, 1);
      if (order != 0) std::sort(keys.begin(), keys.end());
      if (order == 2) std::reverse(keys.begin(), keys.end());
      row_store rows;
      fill(rows, keys, std::vector<float>(count, 1.0F));
      std::vector<candidate> all;
      for (std::uint32_t row = 0; row < count; ++row) all.push_back({2.5F, row});
      order_equals_by_key(all.data(), count, rows);
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < count; ++i) wrong += rows.key(all[i].row) == 1000 + i && all[i].distance == 2.5F ? 0U : 1U;
      CHECK(wrong == 0);
    }
  }

  TEST_CASE("measure_candidates: the k nearest at their vectors' distances, of exact candidates and of inexact ones") {
    for (const std::size_t count : {1U, 2U, 7U, 8U, 9U, 100U, 300U}) {
      measured in(count, count);
      for (const std::size_t k : {1U, 3U, 10U, 100U, 1000U}) {
        CAPTURE(count);
        CAPTURE(k);
        const auto everything = [](std::uint32_t) { return true; };
        const auto exact = in.found([](double distance) { return distance; });
        REQUIRE(measure_candidates(in.rows, in.scratch, exact.data(), count, true, k, {}).ok());
        CHECK(same(in.answers(), in.right(k, everything)));
        // All wrong by the same amount: then the order is right, and nothing is lost by ending early.
        const auto moved = in.found([](double distance) { return distance + 5; });
        REQUIRE(measure_candidates(in.rows, in.scratch, moved.data(), count, false, k, {}).ok());
        CHECK(same(in.answers(), in.right(k, everything)));
      }
    }
  }

  TEST_CASE("measure_candidates: removed rows and keys that are not allowed are left out, however near") {
    measured in(200, 3);
    for (std::uint32_t row = 0; row < 200; row += 3) REQUIRE(in.rows.remove(in.keys[row]).ok());
    std::set<std::uint64_t> asked;
    const auto even = [&](std::uint64_t key) {
      asked.insert(key);
      return key % 2 == 0;
    };
    const auto passes = [&](std::uint32_t row) { return row % 3 != 0 && in.keys[row] % 2 == 0; };
    for (const bool are_exact : {false, true}) {
      const auto found = in.found([&](double distance) { return are_exact ? distance : distance * 1.01; });
      for (const std::size_t k : {1U, 10U, 66U, 200U}) {
        REQUIRE(measure_candidates(in.rows, in.scratch, found.data(), 200, are_exact, k, {.predicate = even}).ok());
        CHECK(same(in.answers(), in.right(k, passes)));
      }
    }
    for (const std::uint64_t key : asked) CHECK(in.rows.find(key) != row_store::no_row);
    const auto never = [](std::uint64_t) { return false; };
    const auto found = in.found([](double distance) { return distance; });
    REQUIRE(measure_candidates(in.rows, in.scratch, found.data(), 200, false, 5, {.predicate = never}).ok());
    CHECK(in.scratch.answers.size() == 0);
    REQUIRE(measure_candidates(in.rows, in.scratch, found.data(), 0, false, 5, {}).ok());
    CHECK(in.scratch.answers.size() == 0);
  }

  TEST_CASE("measure_candidates: equal distances in the order of keys, and vectors that are no numbers in no answer") {
    const std::size_t count = 60;
    const auto keys = shuffled_keys(count, 9);
    std::vector<float> vectors;
    for (std::size_t i = 0; i < count; ++i) vectors.push_back(static_cast<float>(i / 20));
    row_store rows;
    fill(rows, keys, vectors);
    search_scratch scratch;
    const float query = 0;
    scratch.take_query(&query, rows.layout()).value();
    std::vector<candidate> found;
    for (std::uint32_t row = 0; row < count; ++row) found.push_back({static_cast<float>(row), row});
    REQUIRE(measure_candidates(rows, scratch, found.data(), count, false, count, {}).ok());
    REQUIRE(scratch.answers.size() == count);
    for (std::size_t i = 1; i < count; ++i) {
      const candidate before = scratch.answers.data()[i - 1];
      const candidate one = scratch.answers.data()[i];
      CHECK((before.distance < one.distance || (before.distance == one.distance && rows.key(before.row) < rows.key(one.row))));
    }
    // As a file may hold them.
    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const std::uint32_t row : {0U, 30U, 59U}) {
      std::memcpy(const_cast<std::byte*>(rows.vector(row)), &nan, sizeof nan);  // NOLINT: the rows are this test's own
    }
    REQUIRE(measure_candidates(rows, scratch, found.data(), count, false, count, {}).ok());
    CHECK(scratch.answers.size() == count - 3);
    for (std::size_t i = 0; i < scratch.answers.size(); ++i) CHECK(scratch.answers.data()[i].distance == scratch.answers.data()[i].distance);
  }

  TEST_CASE("measure_candidates: ending early loses next to nothing, whatever the error of the codes is like, and does end early") {
    const std::size_t count = 400;
    const std::size_t rounds = support::repetitions(200, 60, 30);
    struct error {
      const char* name;
      double shift;      // of all distances
      double noise;      // standard deviation; distances are 10 on the average
      bool grows;        // with the distance, of which it is then a share
      double most_lost; // share of the answers
      double most_read; // share of the candidates
    };
    // Measured: 1 lost of 2,200, and 3, 8 and 12 % read of small, large and growing errors.
    const error errors[] = {{"none", 0, 0, false, 0, 0.05},        {"shifted", 3, 0, false, 0, 0.05},
                            {"small", 0, 0.05, false, 0.002, 0.06}, {"large", 0, 0.5, false, 0.002, 0.15},
                            {"shifted, large", -2, 0.5, false, 0.002, 0.15}, {"growing", 0, 0.1, true, 0.002, 0.2}};
    for (const error& one : errors) {
      CAPTURE(std::string(one.name));
      std::size_t wanted = 0;
      std::size_t lost = 0;
      std::size_t read = 0;
      for (std::uint64_t seed = 1; seed <= rounds; ++seed) {
        measured in(count, seed);
        std::mt19937_64 draw(seed);
        const auto found = in.found([&](double distance) { return distance + one.shift + one.noise * normal(draw) * (one.grows ? distance : 1.0); });
        for (const std::size_t k : {1U, 10U}) {
          const auto count_reads = [&](std::uint64_t) {
            ++read;
            return true;
          };
          REQUIRE(measure_candidates(in.rows, in.scratch, found.data(), count, false, k, {.predicate = count_reads}).ok());
          const auto right = in.right(k, [](std::uint32_t) { return true; });
          wanted += right.size();
          std::set<std::uint32_t> given;
          for (const candidate& answer : in.answers()) given.insert(answer.row);
          for (const candidate& answer : right) lost += given.count(answer.row) == 0 ? 1U : 0U;
        }
      }
      CHECK(static_cast<double>(lost) <= one.most_lost * static_cast<double>(wanted));
      CHECK(static_cast<double>(read) <= one.most_read * static_cast<double>(2 * rounds * count));
    }
  }
}
