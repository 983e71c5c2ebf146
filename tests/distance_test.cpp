// SPDX-License-Identifier: Apache-2.0
// tests/distance_test.cpp -- mirrors include/atlas/distance.hpp, one TEST_CASE for each promise in it.
#include <atlas/distance.hpp>

#include "support/each_target.hpp"
#include "support/reference.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr atlas::metric float_metrics[] = {atlas::metric::l2sq, atlas::metric::inner_product, atlas::metric::cosine};

float one_distance(atlas::metric which, const float* a, const float* b, std::size_t dimension) {
  if (which == atlas::metric::l2sq) return atlas::l2sq(a, b, dimension);
  if (which == atlas::metric::inner_product) return atlas::inner_product(a, b, dimension);
  return atlas::cosine(a, b, dimension);
}

}  // namespace

TEST_SUITE("distance") {
  TEST_CASE("l2sq, inner_product, cosine: agree with float64 within the promised bounds") {
    support::on_each_target([] {
      for (const std::size_t dimension : {0U, 1U, 3U, 4U, 7U, 8U, 15U, 16U, 17U, 31U, 33U, 768U, 1021U}) {
        CAPTURE(dimension);
        const auto a = support::random_vector(1, dimension);
        const auto b = support::random_vector(2, dimension);
        const double l2sq = support::l2sq_float64(a.data(), b.data(), dimension);
        CHECK(std::abs(atlas::l2sq(a.data(), b.data(), dimension) - l2sq) <= support::l2sq_bound(l2sq, dimension));
        const double unit = static_cast<double>(dimension + 4) * std::ldexp(1.0, -24);
        CHECK(std::abs(atlas::inner_product(a.data(), b.data(), dimension) -
                       (1.0 - support::dot_float64(a.data(), b.data(), dimension))) <=
              unit * (1.0 + support::absolute_dot_float64(a.data(), b.data(), dimension)));
        const double cosine = dimension == 0 ? 1.0 : support::cosine_float64(a.data(), b.data(), dimension);
        CHECK(std::abs(atlas::cosine(a.data(), b.data(), dimension) - cosine) <= 2.0 * unit);
      }
    });
  }

  TEST_CASE("l2sq, inner_product, cosine: NaN in, NaN out") {
    support::on_each_target([] {
      std::vector<float> a(17, 1.0F);
      const std::vector<float> b(17, 2.0F);
      a[16] = not_a_number;  // in the tail, where masks go wrong
      for (const atlas::metric which : float_metrics) {
        CHECK(std::isnan(one_distance(which, a.data(), b.data(), 17)));
        CHECK(std::isnan(one_distance(which, b.data(), a.data(), 17)));
      }
    });
  }

  TEST_CASE("inner_product: 0 for equal vectors of length 1, 1 for dimension 0") {
    const float unit[2] = {0.6F, 0.8F};
    CHECK(std::abs(atlas::inner_product(unit, unit, 2)) <= 1e-6F);
    CHECK(atlas::inner_product(unit, unit, 0) == 1.0F);
  }

  TEST_CASE("cosine: stays inside [0, 2] for parallel and opposite vectors of any length") {
    support::on_each_target([] {
      for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const auto a = support::random_vector(seed, 37);
        for (const float factor : {1.0F, 3.0F, 1e-12F, 1e12F}) {
          std::vector<float> same(a);
          std::vector<float> opposite(a);
          for (std::size_t i = 0; i < a.size(); ++i) {
            same[i] *= factor;
            opposite[i] *= -factor;
          }
          const float near = atlas::cosine(a.data(), same.data(), a.size());
          CHECK(near >= 0.0F);
          CHECK(near <= 1e-5F);
          const float far = atlas::cosine(a.data(), opposite.data(), a.size());
          CHECK(far <= 2.0F);
          CHECK(far >= 2.0F - 1e-5F);
        }
      }
    });
  }

  TEST_CASE("cosine: a zero vector is at distance 1 from everything") {
    const std::vector<float> zero(19, 0.0F);
    const auto other = support::random_vector(1, 19);
    CHECK(atlas::cosine(zero.data(), other.data(), 19) == 1.0F);
    CHECK(atlas::cosine(other.data(), zero.data(), 19) == 1.0F);
    CHECK(atlas::cosine(zero.data(), zero.data(), 19) == 1.0F);
    CHECK(atlas::cosine(other.data(), other.data(), 0) == 1.0F);
  }

  TEST_CASE("cosine: infinity or a squared length that overflows gives NaN") {
    const float ordinary[2] = {1, 2};
    const float infinite[2] = {infinity, 1};
    const float large[2] = {1e20F, 1e20F};
    const float zero[2] = {0, 0};
    CHECK(std::isnan(atlas::cosine(ordinary, infinite, 2)));
    CHECK(std::isnan(atlas::cosine(zero, infinite, 2)));
    CHECK(std::isnan(atlas::cosine(ordinary, large, 2)));
  }

  TEST_CASE("distances: each row as one to one gives it, with and without gaps") {
    support::on_each_target([] {
      for (const std::size_t dimension : {1U, 5U, 16U, 37U}) {
        for (const std::size_t gap : {0U, 3U}) {
          const std::size_t stride = dimension + gap;
          const auto block = support::random_vector(1, 11 * stride);
          const auto query = support::random_vector(2, dimension);
          const atlas::matrix_view rows{block.data(), 11, dimension, stride};
          for (const atlas::metric which : float_metrics) {
            std::vector<float> out(11);
            REQUIRE(atlas::distances(query.data(), rows, which, out.data()).value() == 11);
            for (std::size_t row = 0; row < 11; ++row) {
              CHECK(out[row] == one_distance(which, query.data(), rows.row(row), dimension));
            }
          }
        }
      }
    });
  }

  TEST_CASE("distances: a block without rows needs no pointers") {
    CHECK(atlas::distances(nullptr, {}, atlas::metric::l2sq, nullptr).value() == 0);
    CHECK(atlas::distances(nullptr, {nullptr, 0, 8, 8}, atlas::metric::cosine, nullptr).value() == 0);
  }

  TEST_CASE("distances: rows of dimension 0 need no vectors") {
    float out[2] = {-1, -1};
    CHECK(atlas::distances(nullptr, {nullptr, 2, 0, 0}, atlas::metric::l2sq, out).value() == 2);
    CHECK(out[0] == 0.0F);
    CHECK(out[1] == 0.0F);
    CHECK(atlas::distances(nullptr, {nullptr, 2, 0, 4}, atlas::metric::cosine, out).value() == 2);
    CHECK(out[1] == 1.0F);
    atlas::neighbour found[2];
    CHECK(atlas::nearest(nullptr, {nullptr, 600, 0, 4}, atlas::metric::cosine, found).value() == 2);
    CHECK(found[1] == atlas::neighbour{1.0F, 1});
  }

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
