// SPDX-License-Identifier: Apache-2.0
// tests/quantize/lvq_test.cpp -- mirrors include/atlas/quantize/lvq.hpp. Its kernels alone: lvq_kernels_test.cpp.
#include <atlas/quantize/lvq.hpp>

#include "support/each_target.hpp"
#include "support/lvq_model.hpp"
#include "support/reference.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

TEST_SUITE("lvq") {
namespace {

using atlas::lvq_bits;
using atlas::lvq_layout;
using atlas::lvq_query;
using atlas::metric;

constexpr lvq_bits widths[] = {lvq_bits::eight, lvq_bits::four};
constexpr metric metrics[] = {metric::l2sq, metric::inner_product, metric::cosine};

std::vector<std::size_t> dimensions() {
  std::vector<std::size_t> all;
  for (std::size_t dimension = 1; dimension <= 300; ++dimension) all.push_back(dimension);
  for (const std::size_t dimension : {784U, 1024U, 1536U, 4096U, 65'535U}) all.push_back(dimension);
  return all;
}

/// Vectors of one length, a centre, their rows, and a query.
struct encoded {
  lvq_layout layout;
  metric which;
  std::size_t count;
  std::vector<float> centre;
  std::vector<float> vectors;
  std::vector<float> query;
  std::vector<float> scales;  ///< of the vectors, then of the query
  atlas::buffer<std::byte> rows;
  atlas::buffer<std::int8_t> components;
  lvq_query prepared{};

  encoded(std::size_t dimension, lvq_bits bits, metric metric_of_rows, std::size_t row_count)
      : layout(lvq_layout::of(dimension, bits)),
        which(metric_of_rows),
        count(row_count),
        centre(support::random_vector(1, dimension)),
        vectors(support::random_vector(2, dimension * row_count)),
        query(support::random_vector(3, dimension)),
        rows(support::aligned_memory<std::byte>(layout.stride_bytes * row_count)),
        components(support::aligned_memory<std::int8_t>(atlas::lvq_query_bytes(dimension))) {
    for (float& each : centre) each *= 0.125F;
    for (std::size_t row = 0; row < count; ++row) scales.push_back(scale_of(vector(row)));
    scales.push_back(scale_of(query.data()));
    for (std::size_t row = 0; row < count; ++row) {
      atlas::lvq_encode(layout, which, vector(row), scales[row], centre.data(), this->row(row));
    }
    prepared = atlas::lvq_prepare(layout, which, query.data(), scales[count], centre.data(), components.data());
  }
  [[nodiscard]] const float* vector(std::size_t row) const { return vectors.data() + row * layout.dimension; }
  [[nodiscard]] std::byte* row(std::size_t index) { return rows.data() + index * layout.stride_bytes; }
  [[nodiscard]] float scale_of(const float* vector) const {
    const double squared = support::dot_float64(vector, vector, layout.dimension);
    return which == metric::cosine && squared > 0 ? static_cast<float>(1 / std::sqrt(squared)) : 1.0F;
  }
  [[nodiscard]] std::vector<double> centred(const float* vector, float scale) const {
    return support::centred(vector, scale, centre.data(), layout.dimension);
  }
};

/// How many components of a row are further from the vector than the contract says.
std::size_t wrong_components(const lvq_layout& layout, const std::byte* row, const float* vector, float scale,
                             const float* centre) {
  const auto numbers = support::centred(vector, scale, centre, layout.dimension);
  const auto step = static_cast<double>(support::terms_of(layout, row).step);
  const double range = step * layout.largest_code();
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < layout.dimension; ++i) {
    const double bound = step / 2 + std::ldexp(range, -22) + support::centred_error(vector, scale, centre, i);
    if (!(std::abs(support::number_of(layout, row, i) - numbers[i]) <= bound)) ++wrong;
  }
  return wrong;
}

bool is_finite(const atlas::lvq_terms& terms) {
  return std::isfinite(terms.norm) && std::isfinite(terms.lower) && std::isfinite(terms.step) &&
         std::isfinite(terms.sum);
}

}  // namespace

  TEST_CASE("layout: terms behind the codes, whole cache lines, and the stated order of codes") {
    for (const lvq_bits bits : widths) {
      for (const std::size_t dimension : dimensions()) {
        CAPTURE(dimension);
        const lvq_layout layout = lvq_layout::of(dimension, bits);
        CHECK(layout.code_bytes % 16 == 0);
        CHECK(layout.stride_bytes % 64 == 0);
        CHECK(layout.code_bytes + 16 <= layout.stride_bytes);
        CHECK(layout.stride_bytes < layout.code_bytes + 16 + 64);
        const std::size_t last =
            bits == lvq_bits::four ? (dimension - 1) / 128 * 64 + (dimension - 1) % 64 : dimension - 1;
        CHECK(last < layout.code_bytes);
      }
    }
    CHECK(lvq_layout::of(100, lvq_bits::eight).code_bytes == 112);
    CHECK(lvq_layout::of(100, lvq_bits::eight).stride_bytes == 128);
    CHECK(lvq_layout::of(128, lvq_bits::eight).stride_bytes == 192);
    CHECK(lvq_layout::of(128, lvq_bits::four).code_bytes == 64);
    CHECK(lvq_layout::of(129, lvq_bits::four).code_bytes == 80);
    CHECK(lvq_layout::of(30, lvq_bits::four).code_bytes == 32);
    CHECK(lvq_layout::of(784, lvq_bits::four).code_bytes == 400);
    CHECK(atlas::lvq_query_bytes(1) == 128);
    CHECK(atlas::lvq_query_bytes(784) == 896);
  }

  TEST_CASE("lvq_encode: within half a step of each component; terms are those of the codes; the rest is zeros") {
    support::on_each_target([] {
      for (const lvq_bits bits : widths) {
        for (const metric which : metrics) {
          for (const std::size_t dimension : dimensions()) {
            CAPTURE(dimension);
            encoded rows(dimension, bits, which, 2);
            for (std::size_t index = 0; index < 2; ++index) {
              const lvq_layout& layout = rows.layout;
              const std::byte* const row = rows.row(index);
              CHECK(wrong_components(layout, row, rows.vector(index), rows.scales[index], rows.centre.data()) == 0);

              const atlas::lvq_terms terms = support::terms_of(layout, row);
              double sum = 0;
              double squares = 0;
              double sizes = 0;
              double product = 0;
              double product_bound = 0;
              const auto numbers = rows.centred(rows.vector(index), rows.scales[index]);
              for (std::size_t i = 0; i < dimension; ++i) {
                const double number = support::number_of(layout, row, i);
                sum += number;
                squares += number * number;
                sizes += std::abs(number);
                product += numbers[i] * static_cast<double>(rows.centre[i]);
                product_bound += std::abs(numbers[i] * static_cast<double>(rows.centre[i])) +
                                 std::abs(static_cast<double>(rows.centre[i]));
              }
              const double unit = std::ldexp(1.0, -23);
              CHECK(std::abs(static_cast<double>(terms.sum) - sum) <= unit * sizes);
              if (which == metric::inner_product) {
                CHECK(std::abs(static_cast<double>(terms.norm) + product) <=
                      static_cast<double>(dimension + 3) * unit * product_bound);
              } else {
                const double norm = which == metric::cosine ? squares / 2 : squares;
                CHECK(std::abs(static_cast<double>(terms.norm) - norm) <= unit * norm);
              }

              std::size_t not_zero = 0;
              const std::size_t whole = bits == lvq_bits::four ? dimension / 128 * 64 : dimension;
              for (std::size_t at = whole; at < layout.stride_bytes; ++at) {
                if (at >= layout.code_bytes && at < layout.code_bytes + 16) continue;
                const std::size_t in_block = at - whole;
                const std::size_t left = bits == lvq_bits::four ? dimension % 128 : 0;
                unsigned unused = std::to_integer<unsigned>(row[at]);
                if (in_block < left) unused = in_block + 64 < left ? 0 : unused >> 4;
                not_zero += unused == 0 ? 0U : 1U;
              }
              CHECK(not_zero == 0);
            }
          }
        }
      }
    });
  }

  TEST_CASE("lvq_decode: what the row stands for and the centre") {
    for (const lvq_bits bits : widths) {
      for (const std::size_t dimension : {1U, 63U, 64U, 65U, 128U, 200U, 784U}) {
        encoded rows(dimension, bits, metric::l2sq, 1);
        std::vector<float> decoded(dimension);
        atlas::lvq_decode(rows.layout, rows.row(0), rows.centre.data(), decoded.data());
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < dimension; ++i) {
          const double want = support::number_of(rows.layout, rows.row(0), i) + static_cast<double>(rows.centre[i]);
          wrong += std::abs(static_cast<double>(decoded[i]) - want) <= std::ldexp(4.0, -24) ? 0U : 1U;
        }
        CHECK(wrong == 0);
      }
    }
  }

  TEST_CASE("lvq_prepare: within half a step of each component, zeros behind them, terms those of the components") {
    support::on_each_target([] {
      for (const metric which : metrics) {
        for (const std::size_t dimension : dimensions()) {
          CAPTURE(dimension);
          encoded rows(dimension, lvq_bits::eight, which, 0);
          const lvq_query& query = rows.prepared;
          const auto numbers = rows.centred(rows.query.data(), rows.scales[0]);
          const auto step = static_cast<double>(query.step);
          double sum = 0;
          double squares = 0;
          double product = 0;
          double product_bound = 0;
          std::size_t wrong = 0;
          CHECK((query.components == rows.components.data()));
          for (std::size_t i = 0; i < dimension; ++i) {
            const double number = support::number_of(query, i);
            sum += query.components[i];
            squares += number * number;
            const double bound = step / 2 + std::ldexp(254 * step, -22) + std::ldexp(1.0, -23) +
                                 support::centred_error(rows.query.data(), rows.scales[0], rows.centre.data(), i);
            wrong += std::abs(number - numbers[i]) <= bound && query.components[i] >= -127 ? 0U : 1U;
            const double here =
                static_cast<double>(rows.query[i]) * static_cast<double>(rows.scales[0] * rows.centre[i]);
            product += here;
            product_bound += std::abs(here);
          }
          for (std::size_t i = dimension; i < atlas::lvq_query_bytes(dimension); ++i) {
            wrong += query.components[i] == 0 ? 0U : 1U;
          }
          CHECK(wrong == 0);
          const double unit = std::ldexp(1.0, -23);
          CHECK(std::abs(static_cast<double>(query.step_sum) - step * sum) <= unit * std::abs(step * sum));
          CHECK(query.weight == (which == metric::l2sq ? 2.0F : 1.0F));
          const auto base = static_cast<double>(query.base);
          if (which == metric::inner_product) {
            CHECK(std::abs(base - (1 - product)) <= unit * (static_cast<double>(dimension + 5) * product_bound + 2));
          } else {
            const double want = which == metric::cosine ? squares / 2 : squares;
            CHECK(std::abs(base - want) <= unit * want);
          }
        }
      }
    });
  }

  TEST_CASE("lvq_distances: within the stated bound of the distance of what both stand for; near the vectors' own") {
    support::on_each_target([] {
      for (const lvq_bits bits : widths) {
        for (const metric which : metrics) {
          for (const std::size_t dimension : dimensions()) {
            CAPTURE(dimension);
            const std::size_t count = dimension > 5000 ? 2 : 5;
            encoded rows(dimension, bits, which, count);
            std::vector<float> out(count);
            atlas::lvq_distances(rows.layout, rows.prepared, rows.rows.data(), nullptr, count, 0, out.data());
            const auto query = rows.centred(rows.query.data(), rows.scales[count]);
            const double length = support::length(query);
            const double root = std::sqrt(static_cast<double>(dimension));
            // From half steps, and a little for the rounding of steps and components.
            const double query_error = root * (static_cast<double>(rows.prepared.step) * 0.501 + 1e-6);
            for (std::size_t row = 0; row < count; ++row) {
              const auto [distance, bound] = support::lvq_distance(rows.layout, which, rows.prepared, rows.row(row));
              const auto found = static_cast<double>(out[row]);
              CHECK(std::abs(found - distance) <= bound);

              const auto vector = rows.centred(rows.vector(row), rows.scales[row]);
              double product = 0;
              double difference = 0;
              for (std::size_t i = 0; i < dimension; ++i) {
                const double own = query[i] - vector[i];
                difference += own * own;
                product += (query[i] + static_cast<double>(rows.centre[i])) *
                           (vector[i] + static_cast<double>(rows.centre[i]));
              }
              const double row_error =
                  root * (static_cast<double>(support::terms_of(rows.layout, rows.row(row)).step) * 0.501 + 1e-6);
              const double errors = query_error + row_error;
              const double slack = bound + 1e-6 * static_cast<double>(dimension);
              if (which == metric::inner_product) {
                CHECK(std::abs(found - (1 - product)) <=
                      slack + length * row_error + support::length(vector) * query_error + query_error * row_error);
              } else {
                const double half = which == metric::cosine ? 0.5 : 1.0;
                CHECK(std::abs(found - half * difference) <=
                      slack + half * (2 * std::sqrt(difference) * errors + errors * errors));
                if (which == metric::cosine) CHECK(std::abs(half * difference - (1 - product)) <= 1e-5);
              }
            }
          }
        }
      }
    });
  }

  TEST_CASE("lvq_encode: equal components, zeros, outliers, subnormals and the largest floats") {
    constexpr float largest = std::numeric_limits<float>::max();
    constexpr float least = std::numeric_limits<float>::denorm_min();
    support::on_each_target([] {
      for (const lvq_bits bits : widths) {
        for (const metric which : metrics) {
          for (const std::size_t dimension : {1U, 2U, 15U, 16U, 17U, 64U, 100U, 129U, 300U}) {
            CAPTURE(dimension);
            const lvq_layout layout = lvq_layout::of(dimension, bits);
            auto row = support::aligned_memory<std::byte>(layout.stride_bytes);
            auto components = support::aligned_memory<std::int8_t>(atlas::lvq_query_bytes(dimension));
            const std::vector<float> centre(dimension, 0.0F);
            const auto encode = [&](const std::vector<float>& vector) {
              atlas::lvq_encode(layout, which, vector.data(), 1.0F, centre.data(), row.data());
              const lvq_query query =
                  atlas::lvq_prepare(layout, which, vector.data(), 1.0F, centre.data(), components.data());
              CHECK(is_finite(support::terms_of(layout, row.data())));
              CHECK(std::isfinite(query.base));
              CHECK(std::isfinite(query.middle));
              CHECK(std::isfinite(query.step));
              CHECK(std::isfinite(query.step_sum));
              float distance = -1.0F;
              atlas::lvq_distances(layout, query, row.data(), nullptr, 1, 1, &distance);
              CHECK_FALSE(std::isnan(distance));
              return wrong_components(layout, row.data(), vector.data(), 1.0F, centre.data());
            };
            for (const float value : {0.0F, -0.0F, 1.0F, -3.5F, 1e19F, -1e19F, least, -least, largest, -largest}) {
              CHECK(encode(std::vector<float>(dimension, value)) == 0);
              CHECK(support::terms_of(layout, row.data()).step == 0.0F);
              CHECK(support::code_of(layout, row.data(), dimension - 1) == 0);
            }
            for (const float outlier :
                 {1e18F, -1e18F, 1e19F, 1e30F, largest, -largest, least, 3 * least, 1e-38F, -1e-39F}) {
              auto vector = support::random_vector(4, dimension);
              if (std::abs(outlier) < 1) {
                for (float& each : vector) each *= std::abs(outlier);
              }
              vector[dimension / 2] = outlier;
              CHECK(encode(vector) == 0);
            }
            // A range beyond the largest float: codes of the ends, terms that are finite.
            auto vector = support::random_vector(5, dimension);
            vector[0] = largest;
            vector[dimension - 1] = -largest;
            encode(vector);
            CHECK(support::code_of(layout, row.data(), dimension - 1) == 0);
            if (dimension > 1) CHECK(support::code_of(layout, row.data(), 0) == layout.largest_code());
            // Numbers that overflow with their scale.
            const auto scale = 4.0F;
            atlas::lvq_encode(layout, which, vector.data(), scale, centre.data(), row.data());
            CHECK(is_finite(support::terms_of(layout, row.data())));
            CHECK(support::code_of(layout, row.data(), dimension - 1) == 0);
          }
        }
      }
    });
  }
}
