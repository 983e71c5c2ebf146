// SPDX-License-Identifier: Apache-2.0
// tests/distance_test.cpp -- mirrors include/atlas/distance.hpp, one TEST_CASE for each promise in it.
#include <atlas/distance.hpp>

#include "support/each_target.hpp"
#include "support/reference.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr atlas::metric float_metrics[] = {atlas::metric::l2sq, atlas::metric::inner_product, atlas::metric::cosine};

}  // namespace

TEST_SUITE("distance") {
  TEST_CASE("distances, nearest: a refused call writes nothing and says why") {
    const float query[2] = {0, 0};
    const float block[4] = {1, 1, 2, 2};
    float out[2] = {-1, -1};
    atlas::neighbour found[2] = {{-1, 7}, {-1, 7}};
    const atlas::matrix_view good = atlas::dense(block, 2, 2);

    struct refused_call {
      const float* query;
      atlas::matrix_view rows;
      atlas::metric which;
      atlas::errc why;
    };
    const refused_call calls[] = {
        {query, {block, 2, 2, 1}, atlas::metric::l2sq, atlas::errc::dimension_mismatch},
        {query, {block, 2, 0, 1}, atlas::metric::l2sq, atlas::errc::invalid_argument},
        {nullptr, good, atlas::metric::l2sq, atlas::errc::invalid_argument},
        {query, {nullptr, 2, 2, 2}, atlas::metric::l2sq, atlas::errc::invalid_argument},
        {query, good, atlas::metric::hamming, atlas::errc::metric_mismatch},
        {query, good, atlas::metric::jaccard, atlas::errc::metric_mismatch},
        {query, good, static_cast<atlas::metric>(77), atlas::errc::metric_mismatch},
    };
    for (const refused_call& call : calls) {
      const auto answer = atlas::distances(call.query, call.rows, call.which, out);
      REQUIRE_FALSE(answer.ok());
      CHECK(answer.error() == call.why);
      CHECK(answer.error().field != nullptr);
      const auto nearest = atlas::nearest(call.query, call.rows, call.which, found);
      REQUIRE_FALSE(nearest.ok());
      CHECK(nearest.error() == call.why);
    }
    CHECK(atlas::distances(query, good, atlas::metric::l2sq, nullptr).error() == atlas::errc::invalid_argument);
    CHECK(atlas::nearest(query, good, atlas::metric::l2sq, {}).error() == atlas::errc::invalid_argument);
    CHECK(atlas::nearest(query, good, atlas::metric::l2sq, {nullptr, 2}).error() == atlas::errc::invalid_argument);
    CHECK(atlas::nearest(query, {block, atlas::max_rows + 1, 2, 2}, atlas::metric::l2sq, found).error() ==
          atlas::errc::limit_exceeded);
    for (const float each : out) CHECK(each == -1.0F);
    for (const atlas::neighbour& each : found) CHECK(each == atlas::neighbour{-1, 7});
  }

  TEST_CASE("nearest: agrees with sorting all distances") {
    support::on_each_target([] {
      // Around the batch of 256 rows, and small integers so that distances tie.
      for (const std::size_t count : {0U, 1U, 3U, 255U, 256U, 257U, 700U}) {
        const auto block = support::random_integers(3, count * 5, 2);
        const auto query = support::random_integers(4, 5, 2);
        const auto rows = atlas::dense(block.data(), count, 5);
        for (const atlas::metric which : float_metrics) {
          std::vector<float> all(count);
          REQUIRE(atlas::distances(query.data(), rows, which, all.data()).ok());
          for (const std::size_t k : {1U, 10U, 300U, 1000U}) {
            CAPTURE(count);
            CAPTURE(k);
            std::vector<atlas::neighbour> found(k);
            const auto want = support::sorted_top_k(all, k);
            REQUIRE(atlas::nearest(query.data(), rows, which, found).value() == want.size());
            bool right = true;
            for (std::size_t i = 0; i < want.size(); ++i) {
              right = right && found[i] == atlas::neighbour{want[i].first, want[i].second};
            }
            CHECK(right);
          }
        }
      }
    });
  }

  TEST_CASE("nearest: a row at distance NaN is never found") {
    const float query[1] = {0};
    const float block[3] = {not_a_number, 2, 1};
    atlas::neighbour found[3];
    REQUIRE(atlas::nearest(query, atlas::dense(block, 3, 1), atlas::metric::l2sq, found).value() == 2);
    CHECK(found[0] == atlas::neighbour{1, 2});
    CHECK(found[1] == atlas::neighbour{4, 1});
  }
}
