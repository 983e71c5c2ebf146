// tests/distance/nearest_test.cpp -- mirrors include/atlas/distance/nearest.hpp: what it takes, gives and refuses.
#include <atlas/distance/nearest.hpp>

#include <atlas/distance/distances.hpp>

#include "support/components.hpp"
#include "support/each_target.hpp"
#include "support/error_line.hpp"
#include "support/nearest_model.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using atlas::errc;
using atlas::metric;
using atlas::neighbour;

/// One query and many, of any pair of scalars, as sorting all distances gives it.
template <class Query, class Row>
void check_scalars(metric which) {
  CAPTURE(std::string(atlas::name(atlas::scalar_of<Query>)));
  CAPTURE(std::string(atlas::name(atlas::scalar_of<Row>)));
  CAPTURE(std::string(atlas::name(which)));
  constexpr std::size_t dimension = 41;
  constexpr std::size_t row_count = 700;
  constexpr std::size_t query_count = 9;
  const std::size_t query_stride = atlas::elements_of<Query>(dimension) + 1;
  const std::size_t stride = atlas::elements_of<Row>(dimension) + 2;
  const auto query_bytes = support::random_components(1, atlas::scalar_of<Query>, support::filling::wide, query_count * query_stride * 8);
  const auto row_bytes = support::random_components(2, atlas::scalar_of<Row>, support::filling::wide, row_count * stride * 8);
  const atlas::basic_matrix_view<Query> queries{reinterpret_cast<const Query*>(query_bytes.data()), query_count, dimension, query_stride};
  const atlas::basic_matrix_view<Row> rows{reinterpret_cast<const Row*>(row_bytes.data()), row_count, dimension, stride};
  for (const std::size_t k : {1U, 10U, 700U}) {
    std::vector<neighbour> found(query_count * k);
    REQUIRE(atlas::nearest(queries, rows, which, {.k = k, .threads = 2}, found.data()).value() == query_count * k);
    for (std::size_t query = 0; query < query_count; ++query) {
      std::vector<float> all(row_count);
      REQUIRE(atlas::distances(queries.row(query), rows, which, all.data()).ok());
      const auto want = support::sorted_top_k(all, k);
      std::vector<neighbour> one(k);
      REQUIRE(atlas::nearest(queries.row(query), rows, which, one).value() == want.size());
      bool is_same = true;
      for (std::size_t i = 0; i < want.size(); ++i) {
        const neighbour wanted{want[i].first, want[i].second};
        is_same = is_same && one[i] == wanted && found[query * k + i] == wanted;
      }
      CHECK(is_same);
    }
  }
}

}  // namespace

TEST_SUITE("distance") {
  TEST_CASE("nearest: every pair of scalars and each of their metrics") {
    support::on_each_target([] {
      for (const metric which : {metric::l2sq, metric::inner_product, metric::cosine}) {
        check_scalars<float, float>(which);
        check_scalars<atlas::f16, atlas::f16>(which);
        check_scalars<atlas::bf16, atlas::bf16>(which);
        check_scalars<std::int8_t, std::int8_t>(which);
        check_scalars<std::uint8_t, std::uint8_t>(which);
        check_scalars<float, atlas::f16>(which);
        check_scalars<float, atlas::bf16>(which);
        check_scalars<float, std::int8_t>(which);
        check_scalars<float, std::uint8_t>(which);
      }
      check_scalars<atlas::b1x8, atlas::b1x8>(metric::hamming);
      check_scalars<atlas::b1x8, atlas::b1x8>(metric::jaccard);
    });
  }

  TEST_CASE("nearest of many: no queries need no pointers") {
    const float rows[4] = {1, 2, 3, 4};
    CHECK(atlas::nearest({nullptr, 0, 0, 0}, atlas::dense(rows, 2, 2), metric::l2sq, {.k = 1}, nullptr).value() == 0);
  }

  TEST_CASE("nearest of many: slots that no row fills say so") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float rows[3] = {nan, 2, 1};
    const float queries[8] = {0, 5, 0, 0, 0, 0, nan, 0};
    neighbour found[24];
    std::uint32_t counts[8];
    REQUIRE(atlas::nearest(atlas::dense(queries, 8, 1), atlas::dense(rows, 3, 1), metric::l2sq, {.k = 3}, found, counts).value() == 24);
    CHECK(counts[0] == 2);
    CHECK(found[0] == neighbour{1, 2});
    CHECK(found[1] == neighbour{4, 1});
    CHECK(found[2] == neighbour{std::numeric_limits<float>::infinity(), ~std::uint32_t{0}});
    CHECK(counts[6] == 0);
    CHECK(found[18] == neighbour{std::numeric_limits<float>::infinity(), ~std::uint32_t{0}});
  }

  TEST_CASE("nearest of many: a refused call writes nothing, and names what was expected and what was found") {
    float values[24] = {};
    neighbour found[6];
    std::uint32_t counts[2] = {7, 7};
    for (neighbour& each : found) each = {-1, 7};
    const atlas::matrix_view queries{values, 2, 3, 4};
    const atlas::matrix_view rows{values + 8, 3, 3, 3};
    const auto refused = [&](errc why, const char* field, const atlas::matrix_view& from, const atlas::matrix_view& to,
                             metric which, const atlas::nearest_options& options, neighbour* out, std::uint32_t* of) {
      CAPTURE(std::string(field));
      const auto answer = atlas::nearest(from, to, which, options, out, of);
      REQUIRE_FALSE(answer.ok());
      CHECK(answer.error() == why);
      REQUIRE(answer.error().field != nullptr);
      CHECK(std::string(answer.error().field) == field);
      CHECK((answer.error().expected_text != nullptr || answer.error().has_numbers()));
      CHECK((answer.error().found_text != nullptr || answer.error().has_numbers()));
      for (const neighbour& each : found) CHECK(each == neighbour{-1, 7});
      for (const std::uint32_t each : counts) CHECK(each == 7);
    };
    const atlas::nearest_options two{.k = 2};
    refused(errc::invalid_argument, "queries.data", {nullptr, 2, 3, 3}, rows, metric::l2sq, two, found, counts);
    refused(errc::invalid_argument, "rows.data", queries, {nullptr, 3, 3, 3}, metric::l2sq, two, found, counts);
    refused(errc::invalid_argument, "found", queries, rows, metric::l2sq, two, nullptr, counts);
    refused(errc::dimension_mismatch, "queries.stride", {values, 2, 3, 2}, rows, metric::l2sq, two, found, counts);
    refused(errc::dimension_mismatch, "rows.stride", queries, {values, 3, 3, 2}, metric::l2sq, two, found, counts);
    refused(errc::dimension_mismatch, "rows.dimension", queries, {values, 3, 2, 3}, metric::l2sq, two, found, counts);
    refused(errc::invalid_argument, "rows.dimension", {values, 2, 0, 0}, {values, 3, 0, 0}, metric::l2sq, two, found, counts);
    refused(errc::limit_exceeded, "rows.dimension", {values, 2, 65'536, 65'536}, {values, 3, 65'536, 65'536}, metric::l2sq, two, found, counts);
    refused(errc::limit_exceeded, "rows.rows", queries, {values, atlas::max_rows + 1, 3, 3}, metric::l2sq, two, found, counts);
    refused(errc::invalid_argument, "k", queries, rows, metric::l2sq, {.k = 0}, found, counts);
    refused(errc::invalid_argument, "k", queries, rows, metric::l2sq, {.k = 4}, found, counts);
    refused(errc::invalid_argument, "first_pass", queries, rows, metric::l2sq, {.k = 2, .first_pass = static_cast<atlas::first_pass>(3)}, found, counts);
    refused(errc::metric_mismatch, "metric", queries, rows, metric::hamming, two, found, counts);
    refused(errc::metric_mismatch, "metric", queries, rows, static_cast<metric>(99), two, found, counts);
    refused(errc::invalid_argument, "found", queries, rows, metric::l2sq, two, reinterpret_cast<neighbour*>(values), counts);
    refused(errc::invalid_argument, "found", queries, rows, metric::l2sq, two, reinterpret_cast<neighbour*>(values + 10), counts);
    refused(errc::invalid_argument, "counts", queries, rows, metric::l2sq, two, found, reinterpret_cast<std::uint32_t*>(values + 6));
    refused(errc::invalid_argument, "counts", queries, rows, metric::l2sq, two, found, reinterpret_cast<std::uint32_t*>(values + 16));
    refused(errc::invalid_argument, "found", queries, rows, metric::l2sq, two, found, reinterpret_cast<std::uint32_t*>(found + 1));

    const atlas::any_matrix_view i8{values, 2, 3, 3, atlas::scalar::i8};
    const auto mixed = atlas::nearest_of_any(i8, atlas::any_matrix_view::of(rows), metric::l2sq, two, found);
    REQUIRE_FALSE(mixed.ok());
    CHECK(mixed.error() == errc::scalar_mismatch);
    CHECK(std::string(mixed.error().expected_text) == "i8");
    CHECK(std::string(mixed.error().found_text) == "f32");

    const auto too_many = atlas::nearest(queries, rows, metric::l2sq, {.k = 4}, found);
    CHECK(too_many.error().expected == 3);
    CHECK(too_many.error().found == 4);
  }

  TEST_CASE("nearest of one: a refused call writes nothing and says why") {
    const float query[2] = {0, 0};
    float block[8] = {1, 1, 2, 2};
    neighbour found[2] = {{-1, 7}, {-1, 7}};
    const atlas::matrix_view good = atlas::dense(block, 2, 2);
    CHECK(atlas::nearest(query, {block, 2, 2, 1}, metric::l2sq, found).error() == errc::dimension_mismatch);
    CHECK(atlas::nearest(query, {block, 2, 0, 1}, metric::l2sq, found).error() == errc::invalid_argument);
    CHECK(atlas::nearest(static_cast<const float*>(nullptr), good, metric::l2sq, found).error() == errc::invalid_argument);
    CHECK(atlas::nearest(query, {nullptr, 2, 2, 2}, metric::l2sq, found).error() == errc::invalid_argument);
    CHECK(atlas::nearest(query, good, metric::jaccard, found).error() == errc::metric_mismatch);
    CHECK(atlas::nearest(query, good, metric::l2sq, {}).error() == errc::invalid_argument);
    CHECK(atlas::nearest(query, good, metric::l2sq, {nullptr, 2}).error() == errc::invalid_argument);
    CHECK(atlas::nearest(query, good, metric::l2sq, {reinterpret_cast<neighbour*>(block + 2), 2}).error() == errc::invalid_argument);
    CHECK(atlas::nearest(query, {block, atlas::max_rows + 1, 2, 2}, metric::l2sq, found).error() == errc::limit_exceeded);
    for (const neighbour& each : found) CHECK(each == neighbour{-1, 7});
  }
}
