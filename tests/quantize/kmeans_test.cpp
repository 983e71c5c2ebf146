// SPDX-License-Identifier: Apache-2.0
// tests/quantize/kmeans_test.cpp -- mirrors include/atlas/quantize/kmeans.hpp and kmeans_options.hpp.
#include <atlas/quantize/kmeans.hpp>

#include "support/each_target.hpp"
#include "support/error_line.hpp"
#include "support/kmeans_model.hpp"
#include "support/nearest_model.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

TEST_SUITE("kmeans") {
  namespace {

  using atlas::errc;
  using atlas::kmeans;
  using atlas::kmeans_options;
  using atlas::kmeans_result;
  using atlas::kmeans_start;
  using support::failed_as;

  template <class T>
  std::vector<T> all_of(const atlas::buffer<T>& values) {
    return {values.begin(), values.end()};
  }

  bool are_same(const kmeans_result& left, const kmeans_result& right) {
    return all_of(left.centroids) == all_of(right.centroids) && all_of(left.assigned) == all_of(right.assigned) &&
           all_of(left.sizes) == all_of(right.sizes) && left.error == right.error &&
           left.iterations == right.iterations;
  }

  /// Rows near one of `clusters` points, so that k-means has something to find. Multiples of 2^-20 below 2.
  support::float_block clumps(std::uint64_t seed, std::size_t rows, std::size_t dimension, std::size_t clusters,
                              std::size_t gap = 0) {
    support::float_block made{rows, dimension, dimension + gap, std::vector<float>(rows * (dimension + gap), 77.0F)};
    const auto points = support::random_integers(seed, clusters * dimension, 1 << 20);
    const auto noise = support::random_integers(seed + 1, rows * dimension, 1 << 17);
    const auto which = support::random_ids(seed + 2, rows, static_cast<std::uint32_t>(clusters));
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t i = 0; i < dimension; ++i) {
        made.row(row)[i] = (points[which[row] * dimension + i] + noise[row * dimension + i]) / 1048576.0F;
      }
    }
    return made;
  }

  /// Against the model, from the same start.
  void check_lloyd(const support::float_block& rows, const kmeans_options& options) {
    kmeans_options none = options;
    none.iterations = 0;
    const auto start = kmeans(rows.view(), none);
    REQUIRE(start.ok());
    const auto want = support::lloyd(rows.view(), all_of(start->centroids), options.iterations, options.seed, static_cast<double>(options.relaxation));
    const auto found = kmeans(rows.view(), options);
    REQUIRE(found.ok());
    CHECK((all_of(found->assigned) == want.assigned.ids));
    CHECK((all_of(found->centroids) == want.centroids));
    CHECK(found->error == want.error);
    CHECK(found->iterations == want.iterations);
    std::vector<std::uint32_t> sizes(options.clusters, 0);
    for (const std::uint32_t id : want.assigned.ids) ++sizes[id];
    CHECK((all_of(found->sizes) == sizes));
  }

  }  // namespace

  TEST_CASE("kmeans: centroids, assignment and error are those of Lloyd's iterations, on each target") {
    support::on_each_target([] {
      struct shape {
        std::size_t rows, dimension, clusters;
      };
      for (const shape each : {shape{500, 1, 7}, shape{700, 3, 16}, shape{1000, 8, 40}, shape{999, 16, 33},
                               shape{600, 31, 20}, shape{700, 32, 48}, shape{333, 129, 24}, shape{1961, 40, 390}}) {
        CAPTURE(each.rows);
        CAPTURE(each.dimension);
        check_lloyd(clumps(1, each.rows, each.dimension, each.clusters, each.dimension % 2),
                    {.clusters = each.clusters, .iterations = 6});
        check_lloyd(clumps(1, each.rows, each.dimension, each.clusters, each.dimension % 2),
                    {.clusters = each.clusters, .iterations = 4, .relaxation = 1});
      }
    });
  }

  TEST_CASE("kmeans: data that bounds have their troubles with is clustered the same") {
    support::on_each_target([] {
      for (const std::string kind : {"few values", "all alike", "random"}) {
        CAPTURE(kind);
        for (const std::size_t dimension : {2U, 12U, 48U}) {
          check_lloyd(support::make_block(kind, 3, 400, dimension, 1), {.clusters = 21, .iterations = 5});
        }
      }
      // Far from the origin and near each other; large and small together.
      auto far = clumps(5, 500, 40, 12);
      for (float& value : far.values) value += 64.0F;
      check_lloyd(far, {.clusters = 12, .iterations = 5});
      auto lengths = clumps(6, 500, 36, 12);
      for (std::size_t row = 0; row < lengths.rows; ++row) {
        for (std::size_t i = 0; i < lengths.dimension; ++i) lengths.row(row)[i] *= row % 7 == 0 ? 1024.0F : 1.0F;
      }
      check_lloyd(lengths, {.clusters = 12, .iterations = 5});
    });
  }

  TEST_CASE("kmeans: the result is the same for any number of threads") {
    for (const std::size_t dimension : {4U, 64U}) {
      const auto rows = clumps(7, 5000, dimension, 30);
      for (kmeans_options options :
           {kmeans_options{.clusters = 30, .iterations = 5},
            kmeans_options{.clusters = 30, .iterations = 5, .start = kmeans_start::plus_plus, .balance = 0.1F},
            kmeans_options{.clusters = 30, .iterations = 5, .batch_rows = 2000},
            kmeans_options{.clusters = 30, .iterations = 5, .sample_rows = 2500}}) {
        const auto one = kmeans(rows.view(), options);
        REQUIRE(one.ok());
        for (const unsigned threads : {0U, 2U, 3U, 7U}) {
          options.threads = threads;
          const auto many = kmeans(rows.view(), options);
          REQUIRE(many.ok());
          CHECK(are_same(*one, *many));
        }
      }
    }
  }

  TEST_CASE("kmeans: a seed decides all random choices") {
    const auto rows = clumps(8, 900, 6, 12);
    for (const kmeans_start start : {kmeans_start::sampled, kmeans_start::plus_plus}) {
      kmeans_options options{.clusters = 12, .iterations = 3, .start = start};
      const auto first = kmeans(rows.view(), options);
      const auto again = kmeans(rows.view(), options);
      options.seed = 43;
      const auto other = kmeans(rows.view(), options);
      REQUIRE((first.ok() && again.ok() && other.ok()));
      CHECK(are_same(*first, *again));
      CHECK_FALSE(are_same(*first, *other));
    }
  }

  TEST_CASE("kmeans: plus_plus starts at different rows where there are enough, and finds clumps that are far apart") {
    auto rows = clumps(9, 640, 4, 16);
    const auto found = kmeans(rows.view(), {.clusters = 16, .iterations = 0, .start = kmeans_start::plus_plus});
    REQUIRE(found.ok());
    std::set<std::vector<float>> different;
    for (std::size_t i = 0; i < 16; ++i)
      different.emplace(found->centroids.data() + i * 4, found->centroids.data() + i * 4 + 4);
    CHECK(different.size() == 16);
    // Three points far from each other among many rows at one place.
    support::float_block far{300, 2, 2, std::vector<float>(600, 0.0F)};
    far.row(17)[0] = 1000.0F;
    far.row(203)[1] = -2000.0F;
    const auto three = kmeans(far.view(), {.clusters = 3, .iterations = 1, .start = kmeans_start::plus_plus});
    REQUIRE(three.ok());
    CHECK(three->error == 0.0);
  }

  TEST_CASE("kmeans: it ends where no row moves, and a tolerance ends it before") {
    const auto rows = clumps(10, 800, 5, 8);
    const auto end = kmeans(rows.view(), {.clusters = 8, .iterations = 1000});
    REQUIRE(end.ok());
    CHECK(end->iterations < 1000);
    const auto sooner = kmeans(rows.view(), {.clusters = 8, .iterations = 1000, .tolerance = 0.2});
    REQUIRE(sooner.ok());
    CHECK(sooner->iterations < end->iterations);
    CHECK(sooner->error >= end->error);
    const auto nowhere = kmeans(rows.view(), {.clusters = 8, .iterations = 0});
    REQUIRE(nowhere.ok());
    CHECK(nowhere->iterations == 0);
  }

  TEST_CASE("kmeans: steps beyond the mean end nearer to the rows, and at means") {
    double relaxed = 0;
    double plain = 0;
    const support::float_block rows{4000, 8, 8, support::random_vector(31, 4000 * 8)};
    for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
      const auto beyond = kmeans(rows.view(), {.clusters = 100, .iterations = 8, .seed = seed});
      const auto lloyd = kmeans(rows.view(), {.clusters = 100, .iterations = 8, .seed = seed, .relaxation = 1});
      REQUIRE((beyond.ok() && lloyd.ok()));
      relaxed += beyond->error;
      plain += lloyd->error;
    }
    CHECK(relaxed < 0.998 * plain);
    // Rows at rest: each centroid is the mean of those that it has in the end.
    const auto few = clumps(30, 300, 5, 8);
    const auto end = kmeans(few.view(), {.clusters = 8, .iterations = 1000, .relaxation = 1.9F});
    REQUIRE(end.ok());
    CHECK(end->iterations < 1000);
    for (std::size_t cluster = 0; cluster < 8; ++cluster) {
      for (std::size_t i = 0; i < 5; ++i) {
        double sum = 0;
        for (std::size_t row = 0; row < 300; ++row) sum += end->assigned[row] == cluster ? static_cast<double>(few.view().row(row)[i]) : 0.0;
        CHECK(end->centroids[cluster * 5 + i] == static_cast<float>(sum / end->sizes[cluster]));
      }
    }
    // Two rows as long as may be, opposite to each other: no step leaves the range.
    support::float_block long_rows{40, 33, 33, std::vector<float>(40 * 33, 0.0F)};
    for (std::size_t row = 0; row < 40; ++row) long_rows.row(row)[row % 3] = row % 2 == 0 ? 9.9e17F : -9.9e17F;
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
      const auto wide = kmeans(long_rows.view(), {.clusters = 3, .iterations = 30, .seed = seed, .relaxation = 1.9F});
      REQUIRE(wide.ok());
      CHECK(std::isfinite(wide->error));
      for (const float number : wide->centroids) CHECK(std::abs(number) <= 1e18F);
    }
  }

  TEST_CASE("kmeans: one cluster, as many clusters as rows, equal rows, one dimension") {
    const auto rows = clumps(11, 60, 3, 9);
    const auto one = kmeans(rows.view(), {.clusters = 1});
    REQUIRE(one.ok());
    CHECK(one->sizes[0] == 60);
    for (std::size_t i = 0; i < 3; ++i) {
      double sum = 0;
      for (std::size_t row = 0; row < 60; ++row) sum += static_cast<double>(rows.view().row(row)[i]);
      CHECK(one->centroids[i] == static_cast<float>(sum / 60));
    }
    const auto all = kmeans(rows.view(), {.clusters = 60});
    REQUIRE(all.ok());
    CHECK(all->error == 0.0);
    for (const std::uint32_t size : all->sizes) CHECK(size == 1);

    for (const std::size_t dimension : {1U, 40U}) {
      const support::float_block equal{100, dimension, dimension, std::vector<float>(100 * dimension, 2.5F)};
      const auto same = kmeans(equal.view(), {.clusters = 7});
      REQUIRE(same.ok());
      CHECK(same->error == 0.0);
      CHECK(same->sizes[0] == 100);
      for (const float value : same->centroids) CHECK(value == 2.5F);
    }
    const auto alone = kmeans(rows.view().subrows(0, 1), {.clusters = 1});
    REQUIRE(alone.ok());
    CHECK(alone->error == 0.0);
  }

  TEST_CASE("kmeans: empty clusters are given rows, so that few different rows are all found") {
    // Half of the rows are equal, so that many centroids start at the same place.
    support::float_block rows{400, 2, 2, std::vector<float>(800, 0.0F)};
    for (std::size_t row = 0; row < 400; row += 2) rows.row(row)[0] = static_cast<float>(row % 20) + 1.0F;
    const auto found = kmeans(rows.view(), {.clusters = 11, .iterations = 20});
    REQUIRE(found.ok());
    CHECK(found->error == 0.0);
    for (const std::uint32_t size : found->sizes) CHECK(size != 0);
  }

  TEST_CASE("kmeans: an empty cluster's row is drawn in proportion to its squared distance") {
    // Wherever both centroids start at one of the many rows at 0, one of the three others fills the second cluster.
    support::float_block rows{300, 1, 1, std::vector<float>(300, 0.0F)};
    for (std::size_t i = 0; i < 3; ++i) rows.row(100 * i + 7)[0] = static_cast<float>(i + 1);
    std::size_t drawn[4] = {};
    for (std::uint64_t seed = 0; seed < 4000; ++seed) {
      const auto start = kmeans(rows.view(), {.clusters = 2, .iterations = 0, .seed = seed});
      REQUIRE(start.ok());
      if (start->centroids[0] != 0.0F || start->centroids[1] != 0.0F) continue;
      const auto found = kmeans(rows.view(), {.clusters = 2, .iterations = 1, .seed = seed});
      REQUIRE(found.ok());
      REQUIRE((found->centroids[1] >= 1.0F && found->centroids[1] <= 3.0F));
      ++drawn[static_cast<std::size_t>(found->centroids[1])];
    }
    const auto all = static_cast<double>(drawn[1] + drawn[2] + drawn[3]);
    CHECK(all > 3800);
    for (const std::size_t distance : {1U, 2U, 3U}) {
      CAPTURE(distance);
      const double share = static_cast<double>(distance * distance) / 14;
      const double deviation = std::sqrt(all * share * (1 - share));
      CHECK(std::abs(static_cast<double>(drawn[distance]) - all * share) < 4 * deviation);
    }
  }

  TEST_CASE("kmeans: batches come near to all rows") {
    const auto rows = clumps(12, 6000, 16, 20);
    const auto full = kmeans(rows.view(), {.clusters = 20, .iterations = 10, .start = kmeans_start::plus_plus});
    const auto none = kmeans(rows.view(), {.clusters = 20, .iterations = 0, .start = kmeans_start::plus_plus});
    const auto batches =
        kmeans(rows.view(), {.clusters = 20, .iterations = 10, .start = kmeans_start::plus_plus, .batch_rows = 600});
    REQUIRE((full.ok() && none.ok() && batches.ok()));
    CHECK(batches->iterations == 10);
    CHECK(batches->error - full->error < 0.2 * (none->error - full->error));
    const auto want = support::assign_by_pairs(rows.view(), atlas::dense(batches->centroids.data(), 20, 16));
    CHECK((all_of(batches->assigned) == want.ids));
    // As many as there are means all.
    const auto not_batches =
        kmeans(rows.view(), {.clusters = 20, .iterations = 10, .start = kmeans_start::plus_plus, .batch_rows = 6000});
    REQUIRE(not_batches.ok());
    CHECK(are_same(*not_batches, *full));
  }

  TEST_CASE("kmeans: centroids of a sample are those of its rows alone, and all rows are assigned to them") {
    const auto rows = clumps(12, 6000, 16, 20, 1);
    for (const kmeans_start start : {kmeans_start::sampled, kmeans_start::plus_plus}) {
      const kmeans_options options{.clusters = 20, .iterations = 10, .start = start};
      kmeans_options sampling = options;
      sampling.sample_rows = 900;
      atlas::buffer<std::uint32_t> ids;
      REQUIRE(atlas::detail::choose_rows(6000, 900, ~options.seed, ids).ok());
      CHECK((std::set<std::uint32_t>(ids.begin(), ids.end()).size() == 900));
      std::vector<float> sample(900 * 16);
      atlas::detail::copy_rows(rows.view(), ids.data(), 900, sample.data());
      const auto of_sample = kmeans(atlas::dense(sample.data(), 900, 16), options);
      const auto sampled = kmeans(rows.view(), sampling);
      REQUIRE((of_sample.ok() && sampled.ok()));
      CHECK((all_of(sampled->centroids) == all_of(of_sample->centroids)));
      const auto want = support::assign_by_pairs(rows.view(), atlas::dense(sampled->centroids.data(), 20, 16));
      CHECK((all_of(sampled->assigned) == want.ids));
      // As many as there are means all.
      sampling.sample_rows = 7000;
      CHECK(are_same(kmeans(rows.view(), sampling).value(), kmeans(rows.view(), options).value()));
    }
  }

  TEST_CASE("kmeans: a centroid is its rows' mean also where a row that is far larger was among them") {
    for (const float outlier : {1e6F, 1e12F, 9e17F}) {
      for (std::uint64_t seed = 0; seed < 20; ++seed) {
        support::float_block rows{60, 2, 2, support::random_vector(7, 120)};
        for (std::size_t i = 0; i < 30; ++i) rows.row(i)[0] = rows.row(i)[1] = 0.0F;  // so that clusters are empty
        rows.row(45)[0] = outlier;
        const auto found = kmeans(rows.view(), {.clusters = 5, .iterations = 100, .seed = seed});
        REQUIRE(found.ok());
        REQUIRE(found->iterations < 100);
        for (std::uint32_t cluster = 0; cluster < 5; ++cluster) {
          double sums[2] = {0, 0};
          double largest = 0;
          for (std::size_t row = 0; row < 60; ++row) {
            if (found->assigned[row] != cluster) continue;
            for (std::size_t i = 0; i < 2; ++i) sums[i] += static_cast<double>(rows.row(row)[i]);
          }
          if (found->sizes[cluster] == 0) continue;
          for (double& sum : sums) {
            sum /= found->sizes[cluster];
            largest = std::max(largest, std::abs(sum));
          }
          for (std::size_t i = 0; i < 2; ++i) {
            CHECK(std::abs(static_cast<double>(found->centroids[cluster * 2 + i]) - sums[i]) <= largest * 0x1p-23);
          }
        }
      }
    }
  }

  TEST_CASE("kmeans: the centroid of batches is the mean of all the rows that were drawn, as often as they were") {
    support::float_block rows{50, 1, 1, std::vector<float>(50)};
    for (std::size_t i = 0; i < 50; ++i) rows.row(i)[0] = static_cast<float>(i * i);
    for (const std::uint32_t iterations : {1U, 2U, 7U}) {
      const auto found = kmeans(rows.view(), {.clusters = 1, .iterations = iterations, .batch_rows = 5});
      REQUIRE(found.ok());
      double sum = 0;
      for (std::uint64_t i = 0; i < iterations * 5; ++i) {
        const std::uint64_t row = atlas::detail::random_number(42 ^ 0x6261746368, i) % 50;
        sum += static_cast<double>(row * row);
      }
      CHECK(found->centroids[0] == static_cast<float>(sum / (iterations * 5.0)));
    }
  }

  TEST_CASE("kmeans: k-means++ over more rows than a block chooses the same on any number of threads, and can be ended") {
    const auto rows = clumps(18, 12'000, 3, 700);
    kmeans_options options{.clusters = 700, .iterations = 0, .start = kmeans_start::plus_plus};
    const auto one = kmeans(rows.view(), options);
    REQUIRE(one.ok());
    std::set<std::vector<float>> different;
    for (std::size_t i = 0; i < 700; ++i)
      different.emplace(one->centroids.data() + i * 3, one->centroids.data() + i * 3 + 3);
    CHECK(different.size() == 700);
    for (const unsigned threads : {2U, 5U}) {
      options.threads = threads;
      const auto many = kmeans(rows.view(), options);
      REQUIRE(many.ok());
      CHECK(are_same(*one, *many));
    }
    // 16 rows for each of 64 clusters, of so many components that a quarter of the way is the first report.
    const auto long_rows = support::float_block{1024, 16'384, 16'384, std::vector<float>(1024 * 16'384, 1.0F)};
    std::size_t asked = 0;
    const auto stop = [&](std::uint64_t done, std::uint64_t) {
      CHECK(done == 0);
      ++asked;
      return false;
    };
    CHECK(failed_as(kmeans(long_rows.view(), {.clusters = 64, .start = kmeans_start::plus_plus, .on_progress = stop}),
                    errc::cancelled));
    CHECK(asked == 1);
  }

  TEST_CASE("kmeans: balance makes sizes even, at some error") {
    // Half of the rows lie in an eighth of the space.
    support::float_block rows{4000, 3, 3, support::random_vector(13, 4000 * 3)};
    for (std::size_t i = 0; i < 6000; ++i) rows.values[i] /= 2.0F;
    const auto largest = [&](float balance) {
      const auto found = kmeans(rows.view(), {.clusters = 32, .iterations = 30, .balance = balance});
      REQUIRE(found.ok());
      return std::pair{*std::max_element(found->sizes.begin(), found->sizes.end()), found->error};
    };
    const auto uneven = largest(0.0F);
    const auto even = largest(1.0F);
    CHECK(even.first < uneven.first);
    CHECK(even.first < 1.5 * 4000 / 32);
    CHECK(even.second >= uneven.second);
  }

  TEST_CASE("kmeans: progress is told of each iteration, and ends it") {
    const auto rows = clumps(14, 500, 4, 9);
    std::vector<std::uint64_t> told;
    const auto tell = [&](std::uint64_t done, std::uint64_t total) {
      CHECK(total == 4);
      told.push_back(done);
      return true;
    };
    for (const std::size_t batch_rows : {0U, 100U}) {
      told.clear();
      REQUIRE(
          kmeans(rows.view(), {.clusters = 40, .iterations = 4, .batch_rows = batch_rows, .on_progress = tell}).ok());
      CHECK((told == std::vector<std::uint64_t>{1, 2, 3, 4}));
    }
    const auto stop = [&](std::uint64_t done, std::uint64_t) { return done < 2; };
    CHECK(failed_as(kmeans(rows.view(), {.clusters = 40, .on_progress = stop}), errc::cancelled));
    CHECK(failed_as(kmeans(rows.view(), {.clusters = 40, .batch_rows = 10, .on_progress = stop}), errc::cancelled));
  }

  TEST_CASE("kmeans: what does not fit is refused, and both numbers are said") {
    auto rows = clumps(15, 50, 40, 4);
    const auto view = rows.view();
    CHECK(failed_as(kmeans(view, {}), errc::invalid_argument));
    const auto few = kmeans(view, {.clusters = 51});
    CHECK(failed_as(few, errc::invalid_argument));
    CHECK(support::error_line(few) == "invalid argument: clusters: expected at most rows.rows = 50, found 51");
    CHECK(failed_as(kmeans(view, {.clusters = (1U << 20) + 1}), errc::limit_exceeded));
    CHECK(failed_as(kmeans(view, {.clusters = 2, .iterations = 10'001}), errc::limit_exceeded));
    CHECK(failed_as(kmeans(view, {.clusters = 2, .start = static_cast<kmeans_start>(2)}), errc::invalid_argument));
    CHECK(failed_as(kmeans(view, {.clusters = 9, .sample_rows = 8}), errc::invalid_argument));
    for (const float balance : {-0.1F, 1.1F, std::numeric_limits<float>::quiet_NaN()}) {
      CHECK(failed_as(kmeans(view, {.clusters = 2, .balance = balance}), errc::invalid_argument));
    }
    for (const float relaxation : {0.0F, 0.99F, 1.91F, std::numeric_limits<float>::quiet_NaN()}) {
      const auto beyond = kmeans(view, {.clusters = 2, .relaxation = relaxation});
      CHECK(support::error_line(beyond) == "invalid argument: relaxation: expected 1 to 1.9, found a number outside");
    }
    for (const double tolerance : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
      CHECK(failed_as(kmeans(view, {.clusters = 2, .tolerance = tolerance}), errc::invalid_argument));
    }
    CHECK(failed_as(kmeans({nullptr, 50, 40, 40}, {.clusters = 2}), errc::invalid_argument));
    CHECK(failed_as(kmeans({rows.values.data(), 50, 0, 40}, {.clusters = 2}), errc::invalid_argument));
    CHECK(failed_as(kmeans({rows.values.data(), 50, 40, 39}, {.clusters = 2}), errc::dimension_mismatch));
    CHECK(failed_as(kmeans({rows.values.data(), 1, 65'536, 65'536}, {.clusters = 1}), errc::limit_exceeded));
    CHECK(failed_as(kmeans({}, {.clusters = 1}), errc::invalid_argument));
  }

  TEST_CASE("kmeans: rows that are no numbers, or too long, are refused by their number, sampled or not") {
    for (const std::size_t sample_rows : {0U, 10U}) {
      for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                                -std::numeric_limits<float>::infinity(), 1.1e18F, 3e38F}) {
        auto rows = clumps(16, 50, 33, 4);
        rows.row(31)[32] = value;
        const auto refused = kmeans(rows.view(), {.clusters = 5, .sample_rows = sample_rows});
        CHECK(failed_as(refused, std::isfinite(value) ? errc::limit_exceeded : errc::not_finite));
        CHECK(refused.error().row == 31);
      }
    }
    auto rows = clumps(17, 50, 33, 4);
    rows.row(31)[32] = 9e17F;
    rows.row(4)[0] = -9e17F;
    support::on_each_target([&] {
      const auto found = kmeans(rows.view(), {.clusters = 5});
      REQUIRE(found.ok());
      CHECK(std::isfinite(found->error));
      const auto want = support::assign_by_pairs(rows.view(), atlas::dense(found->centroids.data(), 5, 33));
      CHECK((all_of(found->assigned) == want.ids));
    });
  }
}
