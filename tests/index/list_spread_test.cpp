// SPDX-License-Identifier: Apache-2.0
// tests/index/list_spread_test.cpp -- mirrors include/atlas/index/list_spread.hpp, and the order of lists in index/ivf_model.hpp.
#include <atlas/index/list_spread.hpp>
#include <atlas/ivf_pq.hpp>

#include "support/each_target.hpp"
#include "support/index_answers.hpp"
#include "support/memory_folder.hpp"
#include "support/patched_file.hpp"
#include "support/texts.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
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
    float of_first = -1;
    for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
      CAPTURE(seed);
      const spread_case in(seed);
      std::vector<float> spreads(in.sizes.size(), -1.0F);
      const bool has_order = atlas::detail::learn_spreads(in.sample(), spreads.data()).value();
      CHECK(has_order == (spreads[0] > 0));
      const float share = spreads[0] / in.means[0];
      for (std::size_t list = 0; list < spreads.size(); ++list) CHECK(spreads[list] == doctest::Approx(share * in.means[list]));
      double least = std::numeric_limits<double>::infinity();
      for (int quarters = 0; quarters < 5; ++quarters) least = std::min(least, in.cost(0.25 * quarters));
      CHECK(in.cost(share) == doctest::Approx(least).epsilon(1e-4));  // logarithms are rounded to 1/4096
      if (of_first < 0) of_first = share;
      differ = differ || std::abs(share - of_first) > 0.1F;
    }
    CHECK(differ);
  }

  TEST_CASE("spreads are the same bits on all instruction sets") {
    const spread_case in(1);
    std::vector<float> want(in.sizes.size());
    bool has_one = false;
    support::on_each_target([&] {
      std::vector<float> spreads(in.sizes.size());
      REQUIRE(atlas::detail::learn_spreads(in.sample(), spreads.data()).value());
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
    for (const atlas::metric metric : {atlas::metric::l2sq, atlas::metric::cosine, atlas::metric::inner_product}) {
      if (metric == atlas::metric::cosine) {
        const auto topics = support::random_vector(6, 25 * dimension);
        for (std::size_t i = 0; i < rows; ++i) {
          for (std::size_t j = 0; j < dimension; ++j) sample[i * dimension + j] += 0.7F * topics[(i * i) % 25 * dimension + j];
          double squares = 0;
          for (std::size_t j = 0; j < dimension; ++j) squares += static_cast<double>(sample[i * dimension + j]) * sample[i * dimension + j];
          for (std::size_t j = 0; j < dimension; ++j) sample[i * dimension + j] /= static_cast<float>(std::sqrt(squares));
        }
      }
      CAPTURE(static_cast<int>(metric));
      // Of 40 lists all are measured; of 300, 76,800 bytes and more, their codes tell which.
      for (const std::size_t lists : {std::size_t{40}, std::size_t{300}}) {
        CAPTURE(lists);
        atlas::ivf_pq_options options{.dimension = dimension, .metric = metric, .lists = lists, .codes = atlas::ivf_codes::sq8, .rotation = atlas::ivf_rotation::none};
        atlas::detail::ivf_model model;
        model.train(atlas::dense(sample.data(), rows, dimension), options, 1, {}).value();
        if (metric == atlas::metric::inner_product) CHECK(model.spreads() == nullptr);
        if (metric != atlas::metric::inner_product && lists == 40) REQUIRE(model.spreads() != nullptr);
        if (model.spreads() == nullptr) continue;
        const double factor = metric == atlas::metric::cosine ? 0.5 : 1.0;
        for (const std::size_t probes : {std::size_t{7}, lists}) {
          CAPTURE(probes);
          atlas::detail::centred_query query;
          model.take(sample.data() + 17 * dimension, query).value();
          std::vector<float> products(lists);
          model.multiply(&query, 1, probes, products.data()).value();
          atlas::detail::near_lists near;
          model.nearest_lists(probes, query, products.data(), near).value();
          REQUIRE(near.nearest.size() == probes);
          std::vector<double> distances(lists);
          std::vector<double> keys;
          for (std::uint32_t list = 0; list < lists; ++list) {
            for (std::size_t j = 0; j < dimension; ++j) {
              const double difference = static_cast<double>(query.vector.data()[j]) - model.centroid(list)[j];
              distances[list] += factor * difference * difference;
            }
            keys.push_back(distances[list] + factor * model.spreads()[list]);
          }
          std::sort(keys.begin(), keys.end());
          for (std::size_t i = 0; i < probes; ++i) {
            const atlas::candidate& one = near.nearest.data()[i];
            CHECK(one.distance == doctest::Approx(distances[one.row]).epsilon(1e-4));
            CHECK(distances[one.row] + factor * model.spreads()[one.row] == doctest::Approx(keys[i]).epsilon(1e-4));
          }
        }
      }
    }
  }

  TEST_CASE("an index is saved with its order, and any bytes in the place of spreads give answers") {
    constexpr std::size_t dimension = 60;
    constexpr std::size_t rows = 2000;
    auto vectors = support::random_vector(5, rows * dimension);
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < dimension; ++j) vectors[i * dimension + j] *= 0.2F + 0.1F * static_cast<float>(i % 10);
    }
    const support::memory_folder folder;
    const std::string path = folder.path("spread.atlas");
    auto index = atlas::ivf_pq<float>::create({.dimension = dimension, .lists = 30, .train_from = rows, .probes = 6}).value();
    index.add(support::keys_from(0, rows), atlas::dense(vectors.data(), rows, dimension)).value();
    index.save(path.c_str()).value();
    const auto queries = atlas::dense(vectors.data(), 50, dimension);
    const auto answers = [&](const atlas::ivf_pq<float>& of) {
      std::vector<std::uint64_t> keys(50 * 5);
      std::vector<float> distances(50 * 5);
      of.search(queries, {.k = 5}, {keys.data(), distances.data()}).value();
      return keys;
    };
    const auto want = answers(index);
    for (const bool is_loaded : {false, true}) CHECK(answers(atlas::ivf_pq<float>::open(path.c_str(), {.load = is_loaded}).value()) == want);
    CHECK(answers(atlas::ivf_pq<float>::open(path.c_str(), {.mode = atlas::open_mode::change}).value()) == want);

    const std::string whole = support::file_bytes(path);
    const auto place = support::section_of(whole, static_cast<std::uint32_t>(atlas::index_section::list_spreads));
    REQUIRE(place.length_bytes == 30 * sizeof(float));
    for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), -1.0F, 3e38F}) {
      std::string changed = whole;
      for (std::size_t list = 0; list < 30; list += 2) std::memcpy(changed.data() + place.offset + list * sizeof value, &value, sizeof value);
      std::ofstream(path, std::ios::binary) << changed;
      const auto found = answers(atlas::ivf_pq<float>::open(path.c_str()).value());
      std::size_t given = 0;
      for (const std::uint64_t key : found) given += key < rows ? 1U : 0U;
      CHECK(given > 50);
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
