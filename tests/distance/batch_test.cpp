// SPDX-License-Identifier: Apache-2.0
// tests/distance/batch_test.cpp -- mirrors include/atlas/distance/batch.hpp, and its kernels in
// include/atlas/simd/kernel_entries.hpp.
#include <atlas/distance/batch.hpp>

#include "support/components.hpp"
#include "support/each_target.hpp"
#include "support/error_line.hpp"
#include "support/guarded_array.hpp"
#include "support/reference.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

namespace {

using atlas::errc;
using atlas::scalar;

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float greatest = std::numeric_limits<float>::max();
constexpr float least = std::numeric_limits<float>::denorm_min();

double length_float64(scalar type, const void* row, std::size_t dimension) {
  double sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) sum += std::pow(support::component(type, row, i), 2);
  return std::sqrt(sum);
}

double length_bound(double exact, std::size_t dimension) {
  return static_cast<double>(dimension + 6) * std::ldexp(exact, -25) + static_cast<double>(least) / 2;
}

template <class Scalar>
void check_norms() {
  constexpr scalar type = atlas::scalar_of<Scalar>;
  CAPTURE(atlas::name(type));
  support::on_each_target([] {
    for (const std::size_t dimension : {1U, 5U, 16U, 37U, 300U}) {
      for (const std::size_t gap : {0U, 3U}) {
        const std::size_t stride = dimension + gap;
        const auto bytes = support::random_components(7, type, support::filling::wide, 9 * stride);
        const atlas::basic_matrix_view<Scalar> rows{reinterpret_cast<const Scalar*>(bytes.data()), 9, dimension,
                                                    stride};
        std::vector<float> out(10, -1.0F);
        REQUIRE(atlas::norms(rows, out.data()).ok());
        for (std::size_t row = 0; row < 9; ++row) {
          const double exact = length_float64(type, rows.row(row), dimension);
          CHECK(std::abs(static_cast<double>(out[row]) - exact) <= length_bound(exact, dimension));
        }
        CHECK(out[9] == -1.0F);
      }
    }
  });
}

template <class Scalar>
void check_consecutive_cosine() {
  constexpr scalar type = atlas::scalar_of<Scalar>;
  CAPTURE(atlas::name(type));
  support::on_each_target([] {
    for (const std::size_t dimension : {1U, 16U, 37U}) {
      const std::size_t stride = dimension + 2;
      const auto bytes = support::random_components(8, type, support::filling::small, 6 * stride);
      const atlas::basic_matrix_view<Scalar> rows{reinterpret_cast<const Scalar*>(bytes.data()), 6, dimension, stride};
      std::vector<float> out(6, -1.0F);
      REQUIRE(atlas::consecutive_cosine(rows, out.data()).ok());
      for (std::size_t row = 0; row < 5; ++row)
        CHECK(out[row] == atlas::cosine(rows.row(row), rows.row(row + 1), dimension));
      CHECK(out[5] == -1.0F);
    }
  });
}

/// Rows that float32's sum of squares cannot hold: of one magnitude, and of very different ones.
std::vector<float> extreme_rows(std::size_t dimension) {
  std::vector<float> block;
  const auto shape = support::random_vector(9, dimension);
  for (const float magnitude :
       {1e-44F, 1e-38F, 1e-30F, 1e-23F, 1e-19F, 1e-12F, 1.0F, 1e12F, 1e18F, 1e19F, 1e25F, 1e37F}) {
    for (const float component : shape) block.push_back(component * magnitude);
  }
  // One component as large as the squares of the others are lost beside it.
  for (std::size_t i = 0; i < dimension; ++i) block.push_back(i == 0 ? 1.1e-19F : 9e-23F);
  for (std::size_t i = 0; i < dimension; ++i) block.push_back(i == 1 ? 1e25F : 1e-25F);
  return block;
}

}  // namespace

TEST_SUITE("batch") {
  TEST_CASE("norms: within the stated bound of float64, every scalar, rows with and without gaps") {
    check_norms<float>();
    check_norms<atlas::f16>();
    check_norms<atlas::bf16>();
    check_norms<std::int8_t>();
    check_norms<std::uint8_t>();
  }

  TEST_CASE("norms: lengths whose squares float32 cannot hold") {
    support::on_each_target([] {
      for (const std::size_t dimension : {2U, 19U, 1000U}) {
        CAPTURE(dimension);
        const auto block = extreme_rows(dimension);
        const atlas::matrix_view rows = atlas::dense(block.data(), block.size() / dimension, dimension);
        std::vector<float> out(rows.rows);
        REQUIRE(atlas::norms(rows, out.data()).ok());
        std::vector<atlas::bf16> brains(block.size());
        for (std::size_t i = 0; i < block.size(); ++i) {
          std::uint32_t bits;
          std::memcpy(&bits, &block[i], sizeof bits);
          brains[i].bits = static_cast<std::uint16_t>(bits >> 16);
        }
        std::vector<float> out_brains(rows.rows);
        REQUIRE(atlas::norms(atlas::dense(brains.data(), rows.rows, dimension), out_brains.data()).ok());
        for (std::size_t row = 0; row < rows.rows; ++row) {
          CAPTURE(row);
          const double exact = length_float64(scalar::f32, rows.row(row), dimension);
          const double brain = length_float64(scalar::bf16, brains.data() + row * dimension, dimension);
          CHECK(std::abs(static_cast<double>(out[row]) - exact) <= length_bound(exact, dimension));
          CHECK(std::abs(static_cast<double>(out_brains[row]) - brain) <= length_bound(brain, dimension));
        }
      }
    });
  }

  TEST_CASE("norms: 0 for zeros, NaN for NaN, infinity for infinity and for what float32 cannot hold") {
    const float block[] = {0, -0.0F, 0, not_a_number, 1, infinity, infinity, -1, 2, greatest, greatest, greatest};
    support::on_each_target([&] {
      float out[4];
      REQUIRE(atlas::norms(atlas::dense(block, 4, 3), out).ok());
      CHECK(out[0] == 0.0F);
      CHECK(std::isnan(out[1]));
      CHECK(out[2] == infinity);
      CHECK(out[3] == infinity);
    });
  }

  TEST_CASE("normalise_rows: each row divided by its length, whatever the length") {
    support::on_each_target([] {
      for (const std::size_t dimension : {1U, 2U, 19U, 300U}) {
        const auto block = extreme_rows(dimension);
        const atlas::matrix_view rows = atlas::dense(block.data(), block.size() / dimension, dimension);
        std::vector<float> out(rows.rows * (dimension + 1), -7.0F);
        const std::size_t zero_rows = atlas::normalise_rows(rows, out.data(), dimension + 1).value();
        std::size_t want_zero_rows = 0;
        for (std::size_t row = 0; row < rows.rows; ++row) {
          CAPTURE(row);
          CHECK(out[row * (dimension + 1) + dimension] == -7.0F);
          const double length = length_float64(scalar::f32, rows.row(row), dimension);
          want_zero_rows += length == 0.0 ? 1U : 0U;
          std::size_t wrong = 0;
          for (std::size_t i = 0; i < dimension; ++i) {
            const double exact = length == 0.0 ? 0.0 : static_cast<double>(rows.row(row)[i]) / length;
            const double bound =
                std::abs(exact) * (std::ldexp(1.0, -23) + static_cast<double>(dimension + 6) * std::ldexp(1.0, -25)) +
                static_cast<double>(least);
            wrong += std::abs(static_cast<double>(out[row * (dimension + 1) + i]) - exact) <= bound ? 0U : 1U;
          }
          CHECK(wrong == 0);
        }
        CHECK(zero_rows == want_zero_rows);
      }
    });
  }

  TEST_CASE("normalise_rows: in place gives the same bits, with gaps that stay") {
    support::on_each_target([] {
      for (std::size_t dimension = 1; dimension <= 70; ++dimension) {
        for (const std::size_t gap : {0U, 2U}) {
          const std::size_t stride = dimension + gap;
          auto block = support::random_vector(10, 4 * stride);
          const auto before = block;
          std::vector<float> apart(4 * dimension);
          const atlas::matrix_view rows{block.data(), 4, dimension, stride};
          REQUIRE(atlas::normalise_rows(rows, apart.data()).value() == 0);
          CHECK(block == before);
          REQUIRE(atlas::normalise_rows(rows, block.data(), stride).value() == 0);
          for (std::size_t row = 0; row < 4; ++row) {
            for (std::size_t i = 0; i < stride; ++i) {
              CHECK(block[row * stride + i] == (i < dimension ? apart[row * dimension + i] : before[row * stride + i]));
            }
          }
        }
      }
    });
  }

  TEST_CASE("normalise_rows: zero rows stay and are counted; NaN and infinity as stated") {
    const float block[] = {0, -0.0F, 0, 3, 0, 4, not_a_number, 1, 2, infinity, 5, 0, 0, 0, 0};
    support::on_each_target([&] {
      float out[15];
      CHECK(atlas::normalise_rows(atlas::dense(block, 5, 3), out).value() == 2);
      CHECK(out[0] == 0.0F);
      CHECK(std::signbit(out[1]));
      CHECK(out[3] == doctest::Approx(0.6));
      CHECK(out[5] == doctest::Approx(0.8));
      for (std::size_t i = 6; i < 10; ++i) CHECK(std::isnan(out[i]));
      CHECK(out[10] == 0.0F);
      CHECK(out[11] == 0.0F);
    });
  }

  TEST_CASE("mean_of_rows: within the stated bound of long double, the same bits on every target") {
    for (const std::size_t dimension : {1U, 7U, 16U, 33U, 511U, 512U, 1100U}) {
      for (const std::size_t gap : {0U, 3U}) {
        CAPTURE(dimension);
        const std::size_t stride = dimension + gap;
        auto block = support::random_vector(11, 50 * stride);
        for (std::size_t i = 0; i < 3 * stride; ++i) block[i] *= 1e10F;
        const atlas::matrix_view rows{block.data(), 50, dimension, stride};
        std::vector<float> first;
        support::on_each_target([&] {
          std::vector<float> out(dimension + 1, -1.0F);
          REQUIRE(atlas::mean_of_rows(rows, out.data()).ok());
          CHECK(out[dimension] == -1.0F);
          if (first.empty()) first = out;
          CHECK(out == first);
        });
        for (std::size_t i = 0; i < dimension; ++i) {
          long double sum = 0;
          long double magnitudes = 0;
          for (std::size_t row = 0; row < 50; ++row) {
            sum += static_cast<long double>(rows.row(row)[i]);
            magnitudes += std::abs(static_cast<long double>(rows.row(row)[i]));
          }
          const long double mean = sum / 50;
          CHECK(std::abs(static_cast<long double>(first[i]) - mean) <=
                std::ldexp(std::abs(mean), -24) + std::ldexp(magnitudes, -53));
        }
      }
    }
  }

  TEST_CASE("mean_of_rows: NaN and infinity go through") {
    const float block[] = {1, infinity, not_a_number, infinity, 3, 5, 1, -infinity};
    float out[4];
    REQUIRE(atlas::mean_of_rows(atlas::dense(block, 2, 4), out).ok());
    CHECK(out[0] == 2.0F);
    CHECK(out[1] == infinity);
    CHECK(std::isnan(out[2]));
    CHECK(std::isnan(out[3]));
  }

  TEST_CASE("consecutive_cosine: each row and the next, as cosine gives it, every scalar") {
    check_consecutive_cosine<float>();
    check_consecutive_cosine<atlas::f16>();
    check_consecutive_cosine<atlas::bf16>();
    check_consecutive_cosine<std::int8_t>();
    check_consecutive_cosine<std::uint8_t>();
  }

  TEST_CASE("largest_f32, scale_f32, add_to_f64: every short length between unreadable pages, in place too") {
    auto values = support::random_vector(12, 100);
    values[57] = 1e-42F;
    support::on_each_target([&] {
      const atlas::kernel_table& table = atlas::kernels();
      for (std::size_t count = 0; count <= 100; ++count) {
        for (const auto where : {support::guard::behind, support::guard::before}) {
          const std::vector<float> some(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count));
          support::guarded_array<float> from(some, where);
          support::guarded_array<float> to(count, where);
          support::guarded_array<double> sums(count, where);
          float largest = 0;
          for (std::size_t i = 0; i < count; ++i) {
            largest = std::max(largest, std::abs(some[i]));
            sums.data()[i] = static_cast<double>(i) / 3;
          }
          CHECK(table.largest_f32(from.data(), count) == largest);
          table.scale_f32(from.data(), 0.7F, to.data(), count);
          table.add_to_f64(from.data(), sums.data(), count);
          table.scale_f32(from.data(), 0.7F, from.data(), count);
          for (std::size_t i = 0; i < count; ++i) {
            const volatile float product = some[i] * 0.7F;
            CHECK(to.data()[i] == product);
            CHECK(from.data()[i] == product);
            CHECK(sums.data()[i] == static_cast<double>(i) / 3 + static_cast<double>(some[i]));
          }
          // Wherever NaN stands; beside infinity too.
          if (count == 0) continue;
          from.data()[count / 2] = -infinity;
          CHECK(table.largest_f32(from.data(), count) == infinity);
          from.data()[count - 1] = -not_a_number;
          CHECK(std::isnan(table.largest_f32(from.data(), count)));
        }
      }
    });
  }

  TEST_CASE("batch: few rows need no pointers") {
    CHECK(atlas::norms(atlas::matrix_view{}, nullptr).ok());
    CHECK(atlas::normalise_rows({}, nullptr).value() == 0);
    CHECK(atlas::consecutive_cosine(atlas::matrix_view{}, nullptr).ok());
    const float row[] = {1, 2};
    CHECK(atlas::consecutive_cosine(atlas::dense(row, 1, 2), nullptr).ok());
  }

  TEST_CASE("batch: a refused call writes nothing and says what was expected and found") {
    std::vector<float> block(12, 1.0F);
    std::vector<float> out(12, -1.0F);
    const auto refused = [&](const auto& answer, errc code) {
      CHECK(support::failed_as(answer, code));
      CHECK(support::says_both(answer));
      for (const float number : out) CHECK(number == -1.0F);
      for (const float number : block) CHECK(number == 1.0F);
    };
    const auto refused_by_all = [&](atlas::matrix_view rows, float* to, errc code) {
      refused(atlas::norms(rows, to), code);
      refused(atlas::normalise_rows(rows, to), code);
      refused(atlas::mean_of_rows(rows, to), code);
      refused(atlas::consecutive_cosine(rows, to), code);
    };
    const atlas::matrix_view good = atlas::dense(block.data(), 3, 4);
    refused_by_all({nullptr, 3, 4, 4}, out.data(), errc::invalid_argument);
    refused_by_all(good, nullptr, errc::invalid_argument);
    refused_by_all({block.data(), 3, 4, 3}, out.data(), errc::dimension_mismatch);
    refused_by_all({block.data(), 3, 0, 4}, out.data(), errc::invalid_argument);
    refused_by_all({block.data(), 1, 65'536, 65'536}, out.data(), errc::limit_exceeded);
    refused_by_all(good, block.data() + 11, errc::invalid_argument);
    refused(atlas::mean_of_rows({block.data(), 0, 4, 4}, out.data()), errc::invalid_argument);
    refused(atlas::norms(good, block.data()), errc::invalid_argument);
    refused(atlas::normalise_rows(good, out.data(), 3), errc::dimension_mismatch);
    // In place only with the stride of the rows.
    refused(atlas::normalise_rows({block.data(), 3, 3, 4}, block.data()), errc::invalid_argument);
    refused(atlas::normalise_rows({block.data(), 2, 4, 4}, block.data() + 1, 4), errc::invalid_argument);
  }
}
