// SPDX-License-Identifier: Apache-2.0
// tests/index/list_spread_test.cpp -- mirrors include/atlas/index/list_spread.hpp, and the order of lists in index/ivf_model.hpp.
#include <atlas/index/list_spread.hpp>
#include <atlas/index/ivf_model.hpp>

#include "support/each_target.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

TEST_SUITE("list_spread") {
namespace {

constexpr std::size_t padded = 16;

/// Rows around centroids, list i of which is the wider the larger i is.
struct spread_case {
  explicit spread_case(std::uint64_t seed, std::size_t row_count = 1500, std::size_t list_count = 24) {
    centroids = support::random_vector(seed, list_count * padded);
    rows = support::random_vector(seed + 1, row_count * padded);
    sizes.resize(list_count);
    means.resize(list_count);
    for (std::size_t i = 0; i < row_count; ++i) {
      const std::size_t list = (i * 7) % list_count;
      const float width = 0.1F + 0.05F * static_cast<float>(list);
      double sum = 0;
      for (std::size_t j = 0; j < padded; ++j) {
        const float residual = rows[i * padded + j] * width;
        rows[i * padded + j] = centroids[list * padded + j] + residual;
        sum += static_cast<double>(residual) * residual;
      }
      lists.push_back(static_cast<std::uint32_t>(list));
      ++sizes[list];
      means[list] += static_cast<float>(sum);
    }
    for (std::size_t list = 0; list < list_count; ++list) means[list] /= static_cast<float>(sizes[list]);
  }
  [[nodiscard]] atlas::detail::spread_sample sample() const {
    atlas::detail::spread_sample out;
    out.rows = rows.data();
    out.lists = lists.data();
    out.row_count = lists.size();
    out.padded = padded;
    out.centroids = reinterpret_cast<const std::byte*>(centroids.data());
    out.stride_bytes = padded * sizeof(float);
    out.list_count = sizes.size();
    out.mean_squares = means.data();
    out.sizes = sizes.data();
    return out;
  }
  [[nodiscard]] double distance(const float* a, const float* b) const {
    double sum = 0;
    for (std::size_t j = 0; j < padded; ++j) sum += (static_cast<double>(a[j]) - b[j]) * (static_cast<double>(a[j]) - b[j]);
    return sum;
  }
  /// Mean logarithm of the rows that are passed until the lists of the nearest neighbours are reached, as the header says it.
  [[nodiscard]] double cost(double share) const {
    double sum = 0;
    for (std::size_t query = 0; query < 128; ++query) {
      const float* const vector = rows.data() + query * lists.size() / 128 * padded;
      std::vector<std::pair<double, std::uint32_t>> near;
      for (std::size_t i = 0; i < lists.size(); ++i) {
        if (rows.data() + i * padded != vector) near.emplace_back(distance(vector, rows.data() + i * padded), lists[i]);
      }
      std::sort(near.begin(), near.end());
      const auto key = [&](std::size_t list) { return distance(vector, centroids.data() + list * padded) + share * means[list]; };
      for (std::size_t k = 0; k < 5; ++k) {
        double passed = 1;
        for (std::size_t list = 0; list < sizes.size(); ++list) passed += key(list) <= key(near[k].second) ? sizes[list] : 0;
        sum += std::log2(passed);
      }
    }
    return sum;
  }

  std::vector<float> centroids, rows, means;
  std::vector<std::uint32_t> lists, sizes;
};

}  // namespace

  TEST_CASE("the share of the mean squares is the one that needs the fewest rows") {
    bool differ = false;
    float before = -1;
    for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
      CAPTURE(seed);
      const spread_case in(seed);
      std::vector<float> spreads(in.sizes.size(), -1.0F);
      atlas::detail::learn_spreads(in.sample(), spreads.data()).value();
      const float share = spreads[0] / in.means[0];
      for (std::size_t list = 0; list < spreads.size(); ++list) CHECK(spreads[list] == doctest::Approx(share * in.means[list]));
      double least = std::numeric_limits<double>::infinity();
      for (int fifths = 0; fifths < 6; ++fifths) least = std::min(least, in.cost(0.2 * fifths));
      CHECK(in.cost(share) == doctest::Approx(least).epsilon(1e-6));
      differ = differ || share != before;
      before = share;
    }
    CHECK(differ);
  }

  TEST_CASE("spreads are the same bits on all instruction sets") {
    const spread_case in(9);
    std::vector<float> want(in.sizes.size());
    bool has_one = false;
    support::on_each_target([&] {
      std::vector<float> spreads(in.sizes.size());
      atlas::detail::learn_spreads(in.sample(), spreads.data()).value();
      if (!has_one) want = spreads;
      has_one = true;
      CHECK(std::memcmp(want.data(), spreads.data(), spreads.size() * sizeof(float)) == 0);
    });
    CHECK(has_one);
  }

  TEST_CASE("lists come in the order of centroids and spreads, each with the distance of its centroid") {
    constexpr std::size_t dimension = 60;
    constexpr std::size_t rows = 3000;
    auto sample = support::random_vector(5, rows * dimension);
    for (std::size_t i = 0; i < rows; ++i) {  // of different lengths, and without clusters
      for (std::size_t j = 0; j < dimension; ++j) sample[i * dimension + j] *= 0.2F + 0.1F * static_cast<float>(i % 10);
    }
    for (const atlas::metric metric : {atlas::metric::l2sq, atlas::metric::inner_product}) {
      atlas::ivf_pq_options options{.dimension = dimension, .metric = metric, .lists = 40, .codes = atlas::ivf_codes::sq8, .rotation = atlas::ivf_rotation::none};
      atlas::detail::ivf_model model;
      model.train(atlas::dense(sample.data(), rows, dimension), options, 1, {}).value();
      CHECK((model.spreads() != nullptr) == (metric == atlas::metric::l2sq));
      if (model.spreads() == nullptr) continue;
      CHECK(*std::max_element(model.spreads(), model.spreads() + 40) > 0.0F);
      atlas::detail::centred_query query;
      model.take(sample.data() + 17 * dimension, query).value();
      std::vector<float> products(40);
      model.multiply(&query, 1, 40, products.data()).value();
      atlas::detail::near_lists near;
      model.nearest_lists(40, query, products.data(), near).value();
      REQUIRE(near.nearest.size() == 40);
      float before = -1;
      for (std::size_t i = 0; i < 40; ++i) {
        const atlas::candidate& one = near.nearest.data()[i];
        double distance = 0;
        for (std::size_t j = 0; j < dimension; ++j) {
          const double difference = static_cast<double>(query.vector.data()[j]) - model.centroid(one.row)[j];
          distance += difference * difference;
        }
        CHECK(one.distance == doctest::Approx(distance).epsilon(1e-4));
        const float key = one.distance + model.spreads()[one.row];
        CHECK(key >= before - 1e-4F);
        before = key;
      }
    }
  }

  TEST_CASE("few rows teach no order") {
    const auto sample = support::random_vector(6, 900 * 8);
    atlas::ivf_pq_options options{.dimension = 8, .lists = 10, .codes = atlas::ivf_codes::sq8, .rotation = atlas::ivf_rotation::none};
    atlas::detail::ivf_model model;
    model.train(atlas::dense(sample.data(), 900, 8), options, 1, {}).value();
    CHECK(model.spreads() == nullptr);
  }
}
