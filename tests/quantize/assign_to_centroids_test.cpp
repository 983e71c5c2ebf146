// SPDX-License-Identifier: Apache-2.0
// tests/quantize/assign_to_centroids_test.cpp -- mirrors include/atlas/quantize/assign_to_centroids.hpp.
#include <atlas/quantize/assign_to_centroids.hpp>

#include "support/each_target.hpp"
#include "support/error_line.hpp"
#include "support/kmeans_model.hpp"
#include "support/nearest_model.hpp"
#include "support/repetitions.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

TEST_SUITE("assign_to_centroids") {
  namespace {

  using atlas::assign_to_centroids;
  using atlas::errc;
  using support::failed_as;

  void check_assignment(const support::float_block& rows, const support::float_block& centroids, unsigned threads) {
    CAPTURE(rows.dimension);
    CAPTURE(centroids.rows);
    const auto want = support::assign_by_pairs(rows.view(), centroids.view());
    std::vector<std::uint32_t> ids(rows.rows, 99);
    std::vector<float> distances(rows.rows, -1.0F);
    const auto done =
        assign_to_centroids(rows.view(), centroids.view(), {.threads = threads}, ids.data(), distances.data());
    REQUIRE(done.ok());
    CHECK(*done == rows.rows);
    CHECK((ids == want.ids));
    CHECK((distances == want.distances));
  }

  }  // namespace

  TEST_CASE("assign_to_centroids: ids and distances are those of the pair function, for all sorts of data") {
    support::on_each_target([] {
      for (const std::string kind : {"random", "few values", "all alike", "far away", "near", "tiny", "lengths"}) {
        CAPTURE(kind);
        for (const std::size_t dimension : {1U, 5U, 16U, 33U, 130U}) {
          for (const std::size_t count : {1U, 2U, 13U, 192U, 193U, 500U}) {
            check_assignment(support::make_block(kind, 1, support::repetitions(150, 50, 50), dimension, 3),
                             support::make_block(kind, 2, count, dimension, 1), static_cast<unsigned>(count % 3));
          }
        }
      }
    });
  }

  TEST_CASE("assign_to_centroids: centroids in every order of nearness, in several passes") {
    support::on_each_target([] {
      // Along a line: passes of centroids come nearer and nearer, go further away, and have pairs nearly alike.
      for (const std::size_t dimension : {2U, 40U}) {
        for (const int sign : {1, -1}) {
          support::float_block centroids{1000, dimension, dimension, std::vector<float>(1000 * dimension, 0.25F)};
          for (std::size_t i = 0; i < 1000; ++i) {
            const auto place = static_cast<float>(sign > 0 ? 1000 - i / 2 * 2 : i / 2 * 2);
            centroids.row(i)[0] = place + static_cast<float>(i % 2) / 65536.0F;
          }
          support::float_block rows{300, dimension, dimension, std::vector<float>(300 * dimension, 0.25F)};
          for (std::size_t i = 0; i < 300; ++i) rows.row(i)[0] = static_cast<float>(i * 4) - 100.0F;
          check_assignment(rows, centroids, 1);
        }
      }
    });
  }

  TEST_CASE("assign_to_centroids: copies of centroids, and more near ones than lists have room for") {
    support::on_each_target([] {
      auto centroids = support::make_block("random", 3, 400, 48, 0);
      for (std::size_t i = 100; i < 400; ++i) {
        for (std::size_t j = 0; j < 48; ++j) {
          centroids.row(i)[j] = centroids.row(i % 100)[j] + (i < 200 && j == 0 ? std::ldexp(1.0F, -30) : 0.0F);
        }
      }
      for (std::size_t i = 0; i < 60; ++i) {
        for (std::size_t j = 0; j < 48; ++j)
          centroids.row(i)[j] = 0.5F + static_cast<float>(i * 7 % 60) * std::ldexp(1.0F, -20);
      }
      auto rows = support::make_block("random", 4, 200, 48, 0);
      for (std::size_t i = 0; i < 100; ++i) {
        for (std::size_t j = 0; j < 48; ++j) rows.row(i)[j] = 0.5F;
      }
      check_assignment(rows, centroids, 1);
      check_assignment(rows, centroids, 3);
    });
  }

  TEST_CASE("assign_to_centroids: no rows, no distances, progress") {
    const auto rows = support::make_block("random", 5, 100, 7, 0);
    const auto centroids = support::make_block("random", 6, 9, 7, 0);
    std::vector<std::uint32_t> ids(100);
    CHECK(assign_to_centroids({nullptr, 0, 7, 7}, centroids.view(), {}, nullptr).value() == 0);
    CHECK(assign_to_centroids(rows.view(), centroids.view(), {}, ids.data()).value() == 100);
    CHECK((ids == support::assign_by_pairs(rows.view(), centroids.view()).ids));
    std::uint64_t told = 0;
    const auto stop = [&](std::uint64_t done, std::uint64_t total) {
      told = done;
      return total != 100;
    };
    CHECK(failed_as(assign_to_centroids(rows.view(), centroids.view(), {.on_progress = stop}, ids.data()),
                    errc::cancelled));
    CHECK(told == 100);
  }

  TEST_CASE("assign_to_centroids: a refused call writes nothing") {
    auto rows = support::make_block("random", 7, 40, 6, 0);
    auto centroids = support::make_block("random", 8, 5, 6, 0);
    std::vector<std::uint32_t> ids(40, 77);
    std::vector<float> distances(40, -1.0F);
    const auto refused = [&](const atlas::matrix_view& of, const atlas::matrix_view& to, errc code) {
      const auto done = assign_to_centroids(of, to, {}, ids.data(), distances.data());
      CHECK(failed_as(done, code));
      CHECK((ids == std::vector<std::uint32_t>(40, 77)));
      CHECK((distances == std::vector<float>(40, -1.0F)));
      return done.ok() ? atlas::error::no_row : done.error().row;
    };
    const float* const data = centroids.values.data();
    refused(rows.view(), {data, 0, 6, 6}, errc::invalid_argument);
    refused(rows.view(), {nullptr, 5, 6, 6}, errc::invalid_argument);
    refused(rows.view(), {data, 5, 5, 6}, errc::dimension_mismatch);
    refused(rows.view(), {data, 5, 6, 5}, errc::dimension_mismatch);
    refused({nullptr, 40, 6, 6}, centroids.view(), errc::invalid_argument);
    refused({rows.values.data(), 40, 6, 5}, centroids.view(), errc::dimension_mismatch);
    CHECK(failed_as(assign_to_centroids(rows.view(), centroids.view(), {}, nullptr), errc::invalid_argument));
    auto* const inside = reinterpret_cast<std::uint32_t*>(rows.values.data());
    CHECK(failed_as(assign_to_centroids(rows.view(), centroids.view(), {}, inside), errc::invalid_argument));
    CHECK(failed_as(assign_to_centroids(rows.view(), centroids.view(), {}, ids.data(), centroids.values.data()),
                    errc::invalid_argument));
    CHECK(failed_as(
        assign_to_centroids(rows.view(), centroids.view(), {}, ids.data(), reinterpret_cast<float*>(ids.data())),
        errc::invalid_argument));

    const float kept = rows.row(23)[5];
    rows.row(23)[5] = std::numeric_limits<float>::quiet_NaN();
    CHECK(refused(rows.view(), centroids.view(), errc::not_finite) == 23);
    rows.row(23)[5] = 2e18F;
    CHECK(refused(rows.view(), centroids.view(), errc::limit_exceeded) == 23);
    rows.row(23)[5] = kept;
    centroids.row(3)[0] = -std::numeric_limits<float>::infinity();
    CHECK(refused(rows.view(), centroids.view(), errc::not_finite) == 3);
  }
}
