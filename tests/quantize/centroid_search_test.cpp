// SPDX-License-Identifier: Apache-2.0
// tests/quantize/centroid_search_test.cpp -- mirrors include/atlas/quantize/centroid_search.hpp: what
// assign_to_centroids and kmeans do not show of it, prices above all.
#include <atlas/quantize/centroid_search.hpp>

#include <atlas/distance/pair_distance.hpp>

#include "support/each_target.hpp"
#include "support/nearest_model.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

TEST_SUITE("centroid_search") {
namespace {

using atlas::matrix_view;
using atlas::detail::centroid_search;

/// The centroid of the least distance plus price, both float32, the first of equal ones.
std::vector<std::uint32_t> cheapest(const matrix_view& rows, const matrix_view& centroids, const float* prices) {
  std::vector<std::uint32_t> ids(rows.rows);
  for (std::size_t row = 0; row < rows.rows; ++row) {
    float least = std::numeric_limits<float>::infinity();
    for (std::size_t i = 0; i < centroids.rows; ++i) {
      const float distance = atlas::l2sq(rows.row(row), centroids.row(i), rows.dimension) + prices[i];
      if (!(distance < least)) continue;
      least = distance;
      ids[row] = static_cast<std::uint32_t>(i);
    }
  }
  return ids;
}

std::vector<std::uint32_t> found_by(centroid_search& search, const matrix_view& rows, const matrix_view& centroids,
                                    const float* prices) {
  std::vector<std::uint32_t> ids(rows.rows, 77);
  search.find(centroids, prices, ids.data());
  return ids;
}

}  // namespace

  TEST_CASE("find: with prices the least sum of distance and price, on each target, panels kept or not") {
    support::on_each_target([] {
      struct shape {
        std::size_t rows, dimension, centroids;
      };
      for (const shape each : {shape{70, 1, 5}, shape{300, 8, 40}, shape{200, 31, 20}, shape{300, 32, 48},
                               shape{150, 65, 200}, shape{1000, 40, 230}}) {
        for (const std::string kind : {"random", "few values", "all alike"}) {
          CAPTURE(each.dimension);
          CAPTURE(kind);
          const auto rows = support::make_block(kind, 1, each.rows, each.dimension, 1);
          const auto centroids = support::make_block(kind, 2, each.centroids, each.dimension, 3);
          const float typical = atlas::l2sq(rows.view().row(0), centroids.view().row(1), each.dimension);
          for (const float scale : {0.0F, 0.01F, 1.0F, 100.0F}) {
            auto prices = support::random_vector(4, each.centroids);
            for (std::size_t i = 0; i < each.centroids; ++i) {
              prices[i] = i % 5 == 0 ? 0.0F : (prices[i] + 1.0F) * scale * typical;
            }
            const auto want = cheapest(rows.view(), centroids.view(), prices.data());
            for (const bool keeps_panels : {false, true}) {
              atlas::thread_pool pool(2);
              centroid_search search(pool, rows.view());
              REQUIRE(search.create(each.centroids, keeps_panels).ok());
              CHECK((found_by(search, rows.view(), centroids.view(), prices.data()) == want));
            }
          }
        }
      }
    });
  }

  TEST_CASE("find: a copy of a centroid that is cheaper is found, the first of equally cheap ones stands") {
    const auto rows = support::make_block("random", 5, 200, 48, 0);
    auto centroids = support::make_block("random", 6, 12, 48, 0);
    for (std::size_t copy = 4; copy < 12; ++copy) {
      for (std::size_t i = 0; i < 48; ++i) centroids.row(copy)[i] = centroids.row(copy % 4)[i];
    }
    const std::vector<float> prices{2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1};
    support::on_each_target([&] {
      atlas::thread_pool pool(1);
      centroid_search search(pool, rows.view());
      REQUIRE(search.create(12, true).ok());
      const auto ids = found_by(search, rows.view(), centroids.view(), prices.data());
      CHECK((ids == cheapest(rows.view(), centroids.view(), prices.data())));
      for (const std::uint32_t id : ids) CHECK((id >= 4 && id < 8));
    });
  }

  TEST_CASE("find: one search serves other centroids and prices after each other, and none") {
    const auto rows = support::make_block("random", 7, 500, 36, 2);
    atlas::thread_pool pool(3);
    centroid_search search(pool, rows.view());
    REQUIRE(search.create(60, true).ok());
    const std::vector<float> none(60, 0.0F);
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      const auto centroids = support::make_block("random", 10 + seed, 60 - 9 * seed, 36, 0);
      auto prices = support::random_vector(20 + seed, 60);
      for (float& price : prices) price = (price + 1.0F) * 5.0F;
      const float* const asked = seed % 2 == 0 ? prices.data() : nullptr;
      const auto want = cheapest(rows.view(), centroids.view(), asked == nullptr ? none.data() : asked);
      const auto ids = found_by(search, rows.view(), centroids.view(), asked);
      CHECK((ids == want));
      std::vector<float> distances(500);
      search.measure(centroids.view(), ids.data(), distances.data());
      std::size_t wrong = 0;
      for (std::size_t row = 0; row < 500; ++row) {
        wrong += distances[row] == atlas::l2sq(rows.view().row(row), centroids.view().row(ids[row]), 36) ? 0U : 1U;
      }
      CHECK(wrong == 0);
    }
  }
}
