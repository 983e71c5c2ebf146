// tests/distance/nearest_many_test.cpp -- mirrors include/atlas/distance/nearest_many.hpp: whatever way a request takes, the
// answer is that of sorting all distances, bit for bit.
#include <atlas/distance/nearest_many.hpp>

#include <atlas/distance/nearest.hpp>

#include "support/each_target.hpp"
#include "support/nearest_model.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <vector>

namespace {

using atlas::first_pass;
using atlas::metric;
constexpr metric float_metrics[] = {metric::l2sq, metric::inner_product, metric::cosine};
constexpr first_pass passes[] = {first_pass::f32, first_pass::bf16, first_pass::i8};

void check_nearest(const support::float_block& queries, const support::float_block& rows, metric which, std::size_t k,
                   unsigned threads, first_pass pass) {
  CAPTURE(std::string(atlas::name(which)));
  CAPTURE(k);
  CAPTURE(threads);
  CAPTURE(static_cast<int>(pass));
  std::vector<std::uint32_t> want_counts;
  const auto want = support::sorted_nearest(queries.view(), rows.view(), which, k, &want_counts);
  std::vector<atlas::neighbour> found(queries.rows * k);
  std::vector<std::uint32_t> counts(queries.rows);
  const auto slots = atlas::nearest(queries.view(), rows.view(), which, {.k = k, .threads = threads, .first_pass = pass},
                                    found.data(), counts.data());
  REQUIRE(slots.ok());
  CHECK(*slots == queries.rows * k);
  CHECK(support::are_same(found, want));
  CHECK(counts == want_counts);
}

}  // namespace

TEST_SUITE("distance") {
  TEST_CASE("nearest of many: every kind of data, metric and first pass on every target") {
    support::on_each_target([] {
      for (const std::string kind : support::kinds_of_data) {
        CAPTURE(kind);
        for (const std::size_t dimension : {3U, 67U}) {
          CAPTURE(dimension);
          const auto rows = support::make_block(kind, 1, 900, dimension, 5);
          const auto queries = support::make_block(kind, 2, 37, dimension, 2);
          for (const metric which : float_metrics) {
            for (const first_pass pass : passes) check_nearest(queries, rows, which, 10, 2, pass);
          }
        }
      }
    });
  }

  TEST_CASE("nearest of many: k from 1 to all rows, few queries and many") {
    const auto rows = support::make_block("few values", 3, 333, 9, 0);
    for (const std::size_t count : {0U, 1U, 5U, 6U, 31U, 33U, 100U}) {
      const auto queries = support::make_block("few values", 4, count, 9, 1);
      for (const std::size_t k : {1U, 2U, 40U, 41U, 42U, 332U, 333U}) {
        for (const unsigned threads : {0U, 1U, 2U, 3U, 4U}) check_nearest(queries, rows, metric::l2sq, k, threads, first_pass::f32);
      }
    }
  }

  TEST_CASE("nearest of many: more queries than a batch holds") {
    const auto rows = support::make_block("random", 5, 700, 4, 0);
    const auto queries = support::make_block("random", 6, 2100, 4, 0);
    for (const first_pass pass : passes) check_nearest(queries, rows, metric::inner_product, 3, 2, pass);
  }

  TEST_CASE("nearest of many: a first pass that helps nowhere gives way, and the answer stays") {
    // Rows so close together and so far from the origin that no bound tells them apart.
    const auto rows = support::make_block("far away", 7, 4000, 24, 0);
    auto queries = support::make_block("far away", 8, 70, 24, 0);
    for (std::size_t i = 0; i < 24; ++i) queries.row(3)[i] = 0.5F;  // one that has no such trouble
    for (const metric which : float_metrics) {
      for (const first_pass pass : passes) check_nearest(queries, rows, which, 10, 2, pass);
    }
  }

  TEST_CASE("nearest of many: without a limit yet, rows in falling order of distance are all candidates") {
    support::float_block rows{4000, 8, 8, std::vector<float>(4000 * 8)};
    for (std::size_t row = 0; row < rows.rows; ++row) {
      for (std::size_t i = 0; i < 8; ++i) rows.row(row)[i] = static_cast<float>(rows.rows - row) * 0.01F;
    }
    support::float_block queries{40, 8, 8, std::vector<float>(40 * 8)};
    for (const std::size_t k : {1U, 10U, 400U}) {
      for (const first_pass pass : passes) check_nearest(queries, rows, metric::l2sq, k, 1, pass);
    }
  }

  TEST_CASE("a request: skipped rows are not found, and distances may be the caller's") {
    const auto rows = support::make_block("random", 9, 2000, 20, 0);
    for (const std::size_t count : {2U, 50U}) {
      const auto queries = support::make_block("random", 10, count, 20, 0);
      for (const std::uint32_t every : {2U, 50U}) {
        struct context {
          std::uint32_t every;
          const support::float_block& queries;
          const support::float_block& rows;
        } const held{every, queries, rows};
        std::vector<atlas::neighbour> found(count * 5);
        std::vector<std::uint32_t> counts(count);
        atlas::kernels_v1::nearest_request request;
        request.queries = queries.values.data();
        request.query_stride_bytes = queries.stride * sizeof(float);
        request.query_count = count;
        request.rows = rows.values.data();
        request.row_stride_bytes = rows.stride * sizeof(float);
        request.row_count = rows.rows;
        request.dimension = 20;
        request.k = 5;
        request.threads = 2;
        request.found = found.data();
        request.counts = counts.data();
        request.context = &held;
        request.skip = [](const void* given, std::uint32_t row) { return row % static_cast<const context*>(given)->every != 1; };
        request.distances = [](const void* given, std::size_t query, std::uint32_t first, const std::uint32_t* ids,
                               std::size_t many, float* out) {
          const auto& self = *static_cast<const context*>(given);
          for (std::size_t i = 0; i < many; ++i) {
            const std::size_t row = ids == nullptr ? first + i : ids[i];
            out[i] = atlas::l2sq(self.queries.view().row(query), self.rows.view().row(row), 20);
          }
        };
        REQUIRE(atlas::detail::search_nearest(request) == atlas::errc{});
        for (std::size_t query = 0; query < count; ++query) {
          std::vector<float> all(rows.rows);
          static_cast<void>(atlas::distances(queries.view().row(query), rows.view(), metric::l2sq, all.data()).value());
          for (std::size_t row = 0; row < rows.rows; ++row) {
            if (row % every != 1) all[row] = std::numeric_limits<float>::quiet_NaN();
          }
          const auto want = support::sorted_top_k(all, 5);
          REQUIRE(counts[query] == want.size());
          for (std::size_t i = 0; i < want.size(); ++i) {
            CHECK(found[query * 5 + i] == atlas::neighbour{want[i].first, want[i].second});
          }
        }
      }
    }
  }

  TEST_CASE("nearest of many: reports rows up to all of them, and ends when told") {
    const auto rows = support::make_block("random", 11, 3000, 16, 0);
    for (const std::size_t count : {2U, 40U, 1500U}) {
      const auto queries = support::make_block("random", 12, count, 16, 0);
      std::vector<atlas::neighbour> found(count * 4);
      std::uint64_t last = 0;
      std::uint64_t total = 0;
      bool is_rising = true;
      const auto watch = [&](std::uint64_t done, std::uint64_t of) {
        is_rising = is_rising && done >= last && done <= of;
        last = done;
        total = of;
        return true;
      };
      REQUIRE(atlas::nearest(queries.view(), rows.view(), metric::l2sq, {.k = 4, .threads = 2, .on_progress = watch}, found.data()).ok());
      CHECK(is_rising);
      CHECK(last == total);
      CHECK(total == 3000 * (count > 1024 ? 2 : 1));
      const auto refuse = [](std::uint64_t, std::uint64_t) { return false; };
      const auto stopped = atlas::nearest(queries.view(), rows.view(), metric::l2sq, {.k = 4, .on_progress = refuse}, found.data());
      REQUIRE_FALSE(stopped.ok());
      CHECK(stopped.error() == atlas::errc::cancelled);
    }
  }

  TEST_CASE("nearest of many: what is called back may search too") {
    const auto rows = support::make_block("random", 13, 3000, 16, 0);
    const auto queries = support::make_block("random", 14, 40, 16, 0);
    for (const first_pass pass : passes) {
      CAPTURE(static_cast<int>(pass));
      std::vector<atlas::neighbour> found(40 * 4);
      std::size_t searches = 0;
      const auto search = [&](std::uint64_t, std::uint64_t) {
        check_nearest(queries, rows, metric::l2sq, 4, 1, pass);
        ++searches;
        return true;
      };
      REQUIRE(atlas::nearest(queries.view(), rows.view(), metric::l2sq,
                             {.k = 4, .first_pass = pass, .on_progress = search}, found.data()).ok());
      CHECK(searches > 1);
      CHECK(support::are_same(found, support::sorted_nearest(queries.view(), rows.view(), metric::l2sq, 4)));
    }
  }
}
