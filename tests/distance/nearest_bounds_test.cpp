// tests/distance/nearest_bounds_test.cpp -- mirrors include/atlas/distance/nearest_bounds.hpp.
#include <atlas/distance/nearest_bounds.hpp>

#include <atlas/distance/distances.hpp>

#include "support/each_target.hpp"
#include "support/nearest_model.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <vector>

TEST_SUITE("distance") {
namespace {

using atlas::metric;

/// Every distance lies inside its bounds, and no row that may be near is beyond the limit of scores.
void check_bounds(const atlas::kernels_v1::panel_kernels& panel, const char* kind, metric which, std::size_t dimension) {
  CAPTURE(std::string(kind));
  CAPTURE(std::string(atlas::name(which)));
  CAPTURE(dimension);
  const auto rows = support::make_block(kind, 1, 64, dimension, 0);
  const auto queries = support::make_block(kind, 2, panel.queries, dimension, 0);
  const auto aligned = [](std::size_t bytes) {
    return std::unique_ptr<void, void (*)(void*)>(std::aligned_alloc(64, (bytes + 63) / 64 * 64), &std::free);
  };
  const auto packed = aligned(panel.panel_bytes(dimension));
  const auto products = aligned(64 * panel.queries * sizeof(float));
  std::vector<float> query_residuals(panel.queries);
  panel.pack(queries.values.data(), dimension * sizeof(float), panel.queries, dimension, packed.get(), query_residuals.data());
  const std::size_t padded = (dimension + panel.padded_to - 1) / panel.padded_to * panel.padded_to;
  const std::size_t stride = panel.prepare == nullptr ? dimension * sizeof(float) : (padded * panel.component_bytes + 63) / 64 * 64;
  const auto prepared = aligned(64 * stride);
  std::vector<float> scales(64, 1.0F);
  std::vector<float> residuals(64, 0.0F);
  const void* operands = rows.values.data();
  if (panel.prepare != nullptr) {
    panel.prepare(rows.values.data(), dimension * sizeof(float), 64, dimension, prepared.get(), stride, scales.data(), residuals.data());
    operands = prepared.get();
  }
  if (panel.begin != nullptr) REQUIRE(panel.begin());
  panel.products(packed.get(), operands, stride, 64, dimension, static_cast<float*>(products.get()));
  if (panel.begin != nullptr) panel.end();

  const atlas::detail::rounding by(dimension);
  bool is_inside = true;
  bool is_below = true;
  for (std::size_t query = 0; query < panel.queries; ++query) {
    std::vector<float> distances(64);
    static_cast<void>(atlas::distances(queries.view().row(query), rows.view(), which, distances.data()).value());
    const double least = which == metric::cosine ? atlas::detail::shortest_squared_cosine : 0.0;
    const double squared = support::dot_float64(queries.view().row(query), queries.view().row(query), dimension);
    if (squared < least) continue;
    const atlas::detail::query_bound bound(by, which, squared, static_cast<double>(query_residuals[query]));
    for (std::size_t row = 0; row < 64; ++row) {
      const float* values = rows.view().row(row);
      float row_squared = 0;
      atlas::kernels().dot[atlas::kernels_v1::f32_f32](values, values, 0, nullptr, 1, dimension, &row_squared);
      if (static_cast<double>(row_squared) < least) continue;
      const auto of_row = atlas::detail::bound_of_row(by, which, static_cast<double>(row_squared),
                                                      static_cast<double>(residuals[row]), static_cast<double>(scales[row]), 1);
      const float score = static_cast<float*>(products.get())[row * panel.queries + query] * of_row.factor + of_row.term;
      const auto where = bound.around(static_cast<double>(score), of_row);
      is_inside = is_inside && where.lower < distances[row] && distances[row] < where.upper;
      is_below = is_below && score <= bound.score_limit(distances[row], static_cast<double>(of_row.length),
                                                        static_cast<double>(of_row.residual), static_cast<double>(of_row.fixed));
    }
  }
  CHECK(is_inside);
  CHECK(is_below);
}

}  // namespace

  TEST_CASE("rounded_up, rounded_down: never on the wrong side") {
    for (const double value : {0.0, 1.0, -1.0, 1.0 / 3.0, -1.0 / 3.0, 1e30, -1e30, 1e-40, -1e-40}) {
      CHECK(static_cast<double>(atlas::detail::rounded_up(value)) > value);
      CHECK(static_cast<double>(atlas::detail::rounded_down(value)) < value);
    }
    CHECK(std::isinf(atlas::detail::rounded_up(std::numeric_limits<double>::infinity())));
  }

  TEST_CASE("bounds: each distance lies between them, for every panel on every target") {
    support::on_each_target([] {
      const auto& table = atlas::kernels();
      for (const auto* panel : {&table.panel, table.panel_bf16, table.panel_i8}) {
        if (panel == nullptr) continue;
        for (const char* kind : {"random", "few values", "all alike", "far away", "lengths", "near"}) {
          for (const metric which : {metric::l2sq, metric::inner_product, metric::cosine}) {
            for (const std::size_t dimension : {1U, 17U, 200U}) check_bounds(*panel, kind, which, dimension);
          }
        }
      }
    });
  }

  TEST_CASE("bounds: narrow enough to tell rows of ordinary data apart") {
    const atlas::detail::rounding by(784);
    const auto row = atlas::detail::bound_of_row(by, metric::l2sq, 784.0, 0.0, 1.0, 1.0);
    const atlas::detail::query_bound query(by, metric::l2sq, 784.0, 0.0);
    const auto where = query.around(0.0, row);
    CHECK(static_cast<double>(where.upper - where.lower) <= 784.0 * 2e-3);
  }

  TEST_CASE("score_limit: without a limit every score passes") {
    const atlas::detail::query_bound query(atlas::detail::rounding(8), metric::cosine, 2.0, 0.0);
    CHECK(query.score_limit(std::numeric_limits<float>::infinity(), 1, 0, 0) == std::numeric_limits<float>::infinity());
  }
}
