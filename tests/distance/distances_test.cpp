// SPDX-License-Identifier: Apache-2.0
// tests/distance/distances_test.cpp -- mirrors include/atlas/distance/distances.hpp.
#include <atlas/distance/distances.hpp>

#include "support/components.hpp"
#include "support/each_target.hpp"
#include "support/guarded_array.hpp"
#include "support/reference.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

namespace {

using atlas::errc;
using atlas::metric;
using atlas::scalar;

constexpr float untouched = -77.0F;
constexpr metric number_metrics[] = {metric::l2sq, metric::inner_product, metric::cosine};
constexpr metric bit_metrics[] = {metric::hamming, metric::jaccard};

template <class Query, class Row>
float one_distance(metric which, const Query* a, const Row* b, std::size_t dimension) {
  if constexpr (atlas::scalar_of<Row> == scalar::b1) {
    return which == metric::hamming ? atlas::hamming(a, b, dimension) : atlas::jaccard(a, b, dimension);
  } else {
    if (which == metric::l2sq) return atlas::l2sq(a, b, dimension);
    return which == metric::inner_product ? atlas::inner_product(a, b, dimension) : atlas::cosine(a, b, dimension);
  }
}

/// Every shape gives what one to one gives, bit for bit, with any stride.
template <class Query, class Row>
void check_shapes() {
  constexpr scalar query_scalar = atlas::scalar_of<Query>;
  constexpr scalar row_scalar = atlas::scalar_of<Row>;
  CAPTURE(atlas::name(query_scalar));
  CAPTURE(atlas::name(row_scalar));
  support::on_each_target([] {
    for (const std::size_t dimension : {1U, 5U, 16U, 37U}) {
      for (const std::size_t gap : {0U, 3U}) {
        CAPTURE(dimension);
        const std::size_t query_stride = atlas::elements_of<Query>(dimension) + gap;
        const std::size_t stride = atlas::elements_of<Row>(dimension) + gap;
        const auto query_bytes = support::random_components(1, query_scalar, support::filling::wide, 3 * query_stride * 8);
        const auto row_bytes = support::random_components(2, row_scalar, support::filling::wide, 11 * stride * 8);
        const atlas::basic_matrix_view<Query> queries{reinterpret_cast<const Query*>(query_bytes.data()), 3, dimension,
                                                      query_stride};
        const atlas::basic_matrix_view<Row> rows{reinterpret_cast<const Row*>(row_bytes.data()), 11, dimension, stride};
        const std::uint32_t ids[] = {10, 0, 3, 3, 7};
        const auto check = [&](metric which) {
          CAPTURE(atlas::name(which));
          std::vector<float> all(33);
          REQUIRE(atlas::distances(queries, rows, which, all.data()).value() == 33);
          std::vector<float> one(11);
          REQUIRE(atlas::distances(queries.row(1), rows, which, one.data()).value() == 11);
          std::vector<float> some(5);
          REQUIRE(atlas::distances(queries.row(1), rows, ids, which, some.data()).value() == 5);
          for (std::size_t row = 0; row < 11; ++row) {
            for (std::size_t query = 0; query < 3; ++query) {
              CHECK(all[query * 11 + row] == one_distance(which, queries.row(query), rows.row(row), dimension));
            }
            CHECK(one[row] == all[11 + row]);
          }
          for (std::size_t i = 0; i < 5; ++i) CHECK(some[i] == one[ids[i]]);
          std::vector<float> any(33);
          const auto any_queries = atlas::any_matrix_view::of(queries);
          REQUIRE(atlas::distances_of_any(any_queries, atlas::any_matrix_view::of(rows), which, any.data()).value() == 33);
          CHECK(any == all);
        };
        if constexpr (row_scalar == scalar::b1) {
          for (const metric which : bit_metrics) check(which);
        } else {
          for (const metric which : number_metrics) check(which);
        }
      }
    }
  });
}

/// Rows 64 KiB apart, 8 MiB of them, with the last one cut off behind its end.
template <class Query, class Row>
void check_rows_from_memory() {
  constexpr std::size_t row_count = 129;
  const std::size_t stride = 65536 / sizeof(Row);
  CAPTURE(atlas::name(atlas::scalar_of<Query>));
  CAPTURE(atlas::name(atlas::scalar_of<Row>));
  const std::size_t components = row_count * stride * (atlas::scalar_of<Row> == scalar::b1 ? 8 : 1);
  const auto row_bytes = support::random_components(1, atlas::scalar_of<Row>, support::filling::wide, components);
  const auto query_bytes = support::random_components(2, atlas::scalar_of<Query>, support::filling::wide, 1100);
  const auto* query = reinterpret_cast<const Query*>(query_bytes.data());
  const auto* row_values = reinterpret_cast<const Row*>(row_bytes.data());
  for (const std::size_t dimension : {1U, 37U, 96U, 100U, 784U, 1100U}) {
    CAPTURE(dimension);
    const std::size_t used = (row_count - 1) * stride + atlas::elements_of<Row>(dimension);
    const support::guarded_array<Row> memory(std::vector<Row>(row_values, row_values + used));
    support::on_each_target([&] {
      const atlas::basic_matrix_view<Row> rows{memory.data(), row_count, dimension, stride};
      const auto check = [&](metric which) {
        CAPTURE(atlas::name(which));
        std::vector<float> out(row_count + 1, untouched);
        REQUIRE(atlas::distances(query, rows, which, out.data()).value() == row_count);
        CHECK(out.back() == untouched);
        bool all_same = true;
        for (std::size_t row = 0; row < row_count; ++row) {
          all_same = all_same && out[row] == one_distance(which, query, rows.row(row), dimension);
        }
        CHECK(all_same);
      };
      if constexpr (atlas::scalar_of<Row> == scalar::b1) {
        for (const metric which : bit_metrics) check(which);
      } else {
        for (const metric which : number_metrics) check(which);
      }
    });
  }
}

}  // namespace

TEST_SUITE("distance") {
  TEST_CASE("distances: each number as one to one gives it, for each pair of scalars") {
    check_shapes<float, float>();
    check_shapes<atlas::f16, atlas::f16>();
    check_shapes<atlas::bf16, atlas::bf16>();
    check_shapes<std::int8_t, std::int8_t>();
    check_shapes<std::uint8_t, std::uint8_t>();
    check_shapes<float, atlas::f16>();
    check_shapes<float, atlas::bf16>();
    check_shapes<float, std::int8_t>();
    check_shapes<float, std::uint8_t>();
    check_shapes<atlas::b1x8, atlas::b1x8>();
  }

  TEST_CASE("distances: more rows than a cache holds, which are read in a way of their own, give the same bits") {
    check_rows_from_memory<float, float>();
    check_rows_from_memory<atlas::f16, atlas::f16>();
    check_rows_from_memory<atlas::bf16, atlas::bf16>();
    check_rows_from_memory<std::int8_t, std::int8_t>();
    check_rows_from_memory<std::uint8_t, std::uint8_t>();
    check_rows_from_memory<float, atlas::f16>();
    check_rows_from_memory<float, atlas::bf16>();
    check_rows_from_memory<float, std::uint8_t>();
    check_rows_from_memory<atlas::b1x8, atlas::b1x8>();
  }

  TEST_CASE("distances: many float queries, around panels and blocks of rows, within the promised bounds") {
    support::on_each_target([] {
      for (const std::size_t dimension : {1U, 5U, 96U, 131U}) {
        // A block of rows is at most 256, and with rows 4 KiB apart 64.
        for (const std::size_t row_count : {1U, 7U, 255U, 257U}) {
          const std::size_t stride = row_count == 7 ? 1024 : dimension;
          const auto row_values = support::random_vector(2, row_count * stride);
          const atlas::matrix_view rows{row_values.data(), row_count, dimension, stride};
          for (const std::size_t query_count : {8U, 12U, 16U, 31U, 33U, 47U, 65U}) {
            CAPTURE(dimension);
            CAPTURE(row_count);
            CAPTURE(query_count);
            const auto query_values = support::random_vector(1, query_count * (dimension + 1));
            const atlas::matrix_view queries{query_values.data(), query_count, dimension, dimension + 1};
            const double unit = static_cast<double>(dimension + 9) * std::ldexp(1.0, -24);
            for (const metric which : number_metrics) {
              std::vector<float> all(query_count * row_count + 1, untouched);
              REQUIRE(atlas::distances(queries, rows, which, all.data()).value() == query_count * row_count);
              CHECK(all.back() == untouched);
              bool is_right = true;
              for (std::size_t query = 0; query < query_count; ++query) {
                for (std::size_t row = 0; row < row_count; ++row) {
                  const float* a = queries.row(query);
                  const float* b = rows.row(row);
                  const float found = all[query * row_count + row];
                  const double aa = support::dot_float64(a, a, dimension);
                  const double bb = support::dot_float64(b, b, dimension);
                  const double ab = support::dot_float64(a, b, dimension);
                  if (which == metric::l2sq) {
                    const double want = support::l2sq_float64(a, b, dimension);
                    const double off = std::abs(static_cast<double>(found) - want);
                    is_right = is_right && off <= support::l2sq_bound(want, dimension);
                  }
                  if (which == metric::inner_product) {
                    is_right = is_right && std::abs(static_cast<double>(found) - (1 - ab)) <= unit * (1 + std::sqrt(aa * bb));
                  }
                  if (which == metric::cosine) {
                    const double want = 1 - ab / std::sqrt(aa * bb);
                    is_right = is_right && std::abs(static_cast<double>(found) - want) <= 2 * unit && found >= 0 && found <= 2;
                  }
                }
              }
              CHECK(is_right);
            }
          }
        }
      }
    });
  }

  TEST_CASE("distances: queries so long that their panels are made one after the other") {
    constexpr std::size_t dimension = 65535;
    constexpr std::size_t query_count = 70;
    const auto query_values = support::random_vector(3, query_count * dimension);
    const auto row_values = support::random_vector(4, 2 * dimension);
    const auto queries = atlas::dense(query_values.data(), query_count, dimension);
    const auto rows = atlas::dense(row_values.data(), 2, dimension);
    std::vector<double> exact(query_count * 2);
    for (std::size_t i = 0; i < exact.size(); ++i) {
      exact[i] = support::l2sq_float64(queries.row(i / 2), rows.row(i % 2), dimension);
    }
    support::on_each_target([&] {
      std::vector<float> all(exact.size(), untouched);
      REQUIRE(atlas::distances(queries, rows, metric::l2sq, all.data()).value() == exact.size());
      bool is_right = true;
      for (std::size_t i = 0; i < exact.size(); ++i) {
        is_right = is_right && std::abs(static_cast<double>(all[i]) - exact[i]) <= support::l2sq_bound(exact[i], dimension);
      }
      CHECK(is_right);
    });
  }

  TEST_CASE("distances: many queries, the ends of cosine, NaN and infinity as one to one gives them") {
    support::on_each_target([] {
      constexpr std::size_t dimension = 4;
      const float nan = std::numeric_limits<float>::quiet_NaN();
      const float infinity = std::numeric_limits<float>::infinity();
      std::vector<float> values = {0, 0, 0, 0, 1, 2, 3, 4, nan, 0, 0, 1, infinity, 1, 0, 0, 1e20F, 1e20F, 0, 1, -1, -2, -3, -4};
      values.resize(64 * dimension, 1.5F);
      const auto block = atlas::dense(values.data(), 64, dimension);
      std::vector<float> all(64 * 64);
      for (const metric which : number_metrics) {
        REQUIRE(atlas::distances(block, block, which, all.data()).ok());
        for (std::size_t query = 0; query < 8; ++query) {
          for (std::size_t row = 0; row < 8; ++row) {
            CAPTURE(query);
            CAPTURE(row);
            const float want = one_distance(which, block.row(query), block.row(row), dimension);
            const float found = all[query * 64 + row];
            CHECK(std::isnan(found) == std::isnan(want));
            if (!std::isnan(want) && !std::isinf(want)) CHECK(found == doctest::Approx(want).epsilon(1e-5));
            if (std::isinf(want)) CHECK(found == want);
          }
        }
      }
    });
  }

  TEST_CASE("distances: a block without rows, queries or ids needs no pointers") {
    const float one[2] = {1, 2};
    CHECK(atlas::distances(nullptr, {}, metric::l2sq, nullptr).value() == 0);
    CHECK(atlas::distances(nullptr, {nullptr, 0, 8, 8}, metric::cosine, nullptr).value() == 0);
    CHECK(atlas::distances(atlas::matrix_view{}, {one, 1, 2, 2}, metric::cosine, nullptr).value() == 0);
    CHECK(atlas::distances({one, 1, 2, 2}, atlas::matrix_view{}, metric::cosine, nullptr).value() == 0);
    CHECK(atlas::distances(nullptr, {one, 1, 2, 2}, {}, metric::l2sq, nullptr).value() == 0);
  }

  TEST_CASE("distances: a refused call writes nothing and names what was expected and found") {
    const float query[2] = {0, 0};
    const float block[6] = {1, 1, 2, 2, 3, 3};
    float out[9];
    for (float& each : out) each = untouched;
    const auto text_of = [](const auto& answer) {
      char text[512] = {};
      if (!answer.ok()) atlas::describe(answer.error(), text, sizeof text);
      return std::string(text);
    };
    const atlas::matrix_view good = atlas::dense(block, 3, 2);

    CHECK(text_of(atlas::distances(query, {block, 2, 2, 1}, metric::l2sq, out)) ==
          "dimension mismatch: rows.stride: expected at least 2, found 1");
    CHECK(text_of(atlas::distances({query, 1, 2, 1}, good, metric::l2sq, out)) ==
          "dimension mismatch: queries.stride: expected at least 2, found 1");
    CHECK(text_of(atlas::distances({query, 1, 1, 2}, good, metric::l2sq, out)) ==
          "dimension mismatch: rows.dimension: expected 1, found 2");
    CHECK(text_of(atlas::distances(query, {block, 2, 0, 1}, metric::l2sq, out)) ==
          "invalid argument: rows.dimension: expected 1 to 65535, found 0");
    CHECK(text_of(atlas::distances(query, {block, 2, 65536, 65536}, metric::l2sq, out)) ==
          "limit exceeded: rows.dimension: expected 65535, found 65536");
    CHECK(text_of(atlas::distances(nullptr, good, metric::l2sq, out)) ==
          "invalid argument: query: expected a pointer, found null");
    CHECK(text_of(atlas::distances(query, {nullptr, 2, 2, 2}, metric::l2sq, out)) ==
          "invalid argument: rows.data: expected a pointer, found null");
    CHECK(text_of(atlas::distances({nullptr, 1, 2, 2}, good, metric::l2sq, out)) ==
          "invalid argument: queries.data: expected a pointer, found null");
    CHECK(text_of(atlas::distances(query, good, metric::l2sq, nullptr)) ==
          "invalid argument: out: expected a pointer, found null");
    CHECK(text_of(atlas::distances(query, good, metric::hamming, out)) ==
          "metric mismatch: metric: expected l2sq, inner_product or cosine for numbers, found hamming");
    CHECK(text_of(atlas::distances(query, good, static_cast<metric>(77), out)) ==
          "metric mismatch: metric: expected l2sq, inner_product or cosine for numbers, found unknown");
    const atlas::b1x8 bits[2] = {};
    CHECK(text_of(atlas::distances(bits, atlas::dense(bits, 2, 8), metric::cosine, out)) ==
          "metric mismatch: metric: expected hamming or jaccard for bits, found cosine");
    const std::uint32_t ids[3] = {0, 3, 1};
    CHECK(text_of(atlas::distances(query, good, ids, metric::l2sq, out)) ==
          "limit exceeded: id: expected below 3, found 3 (row 1)");
    CHECK(text_of(atlas::distances(query, good, {static_cast<const std::uint32_t*>(nullptr), 3}, metric::l2sq, out)) ==
          "invalid argument: ids: expected a pointer, found null");
    CHECK(text_of(atlas::distances(query, good, {ids, 1}, metric::l2sq, nullptr)) ==
          "invalid argument: out: expected a pointer, found null");
    CHECK(text_of(atlas::distances(query, {block, std::size_t{1} << 62, 2, 2}, metric::l2sq, out)).find(
              "limit exceeded: rows.rows: expected at most 1152921504606846975, found") == 0);
    const std::int8_t bytes[4] = {};
    const atlas::any_matrix_view byte_rows{bytes, 2, 2, 2, scalar::i8};
    const atlas::any_matrix_view half_rows{bytes, 1, 2, 2, scalar::f16};
    CHECK(text_of(atlas::distances_of_any(byte_rows, half_rows, metric::l2sq, out)) ==
          "scalar mismatch: rows.scalar: expected i8, found f16");
    CHECK(text_of(atlas::distances_of_any(byte_rows, byte_rows, {ids, 1}, metric::l2sq, out)) ==
          "invalid argument: query.rows: expected 1, found 2");
    for (const float each : out) CHECK(each == untouched);
  }

  TEST_CASE("distances: an output that overlaps an input is refused, beside it is not") {
    float memory[16];
    for (float& each : memory) each = 1.0F;
    const atlas::matrix_view rows{memory + 4, 3, 2, 2};
    const float query[2] = {1, 1};
    const auto refused = [&](float* out) {
      const auto answer = atlas::distances(query, rows, metric::l2sq, out);
      return !answer.ok() && answer.error() == errc::invalid_argument && std::strcmp(answer.error().found_text, "rows") == 0;
    };
    for (std::size_t at = 2; at < 10; ++at) {
      CAPTURE(at);
      CHECK(refused(memory + at));
    }
    for (const float each : memory) CHECK(each == 1.0F);
    CHECK(atlas::distances(query, rows, metric::l2sq, memory + 1).ok());
    CHECK(atlas::distances(query, rows, metric::l2sq, memory + 10).ok());
    CHECK(atlas::distances(memory + 4, atlas::dense(query, 1, 2), metric::l2sq, memory + 5).error() == errc::invalid_argument);
    std::uint32_t ids[2] = {0, 0};
    auto* over_ids = reinterpret_cast<float*>(ids);
    CHECK(atlas::distances(query, rows, ids, metric::l2sq, over_ids).error() == errc::invalid_argument);
    CHECK(ids[1] == 0);
  }
}
