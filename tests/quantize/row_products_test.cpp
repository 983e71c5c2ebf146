// SPDX-License-Identifier: Apache-2.0
// tests/quantize/row_products_test.cpp -- mirrors include/atlas/quantize/row_products.hpp, and orthogonal_factor.hpp
// and principal_directions.hpp, which are made of such products.
#include <atlas/quantize/orthogonal_factor.hpp>
#include <atlas/quantize/principal_directions.hpp>
#include <atlas/quantize/row_products.hpp>

#include "support/each_target.hpp"
#include "support/reference.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

TEST_SUITE("row_products") {
namespace {

using atlas::dense;
using atlas::thread_pool;

double length(const float* vector, std::size_t dimension) {
  return std::sqrt(support::dot_float64(vector, vector, dimension));
}

/// max |A A' - I| in double.
double orthogonality(const std::vector<float>& matrix, std::size_t rows, std::size_t columns) {
  double most = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      const double product = support::dot_float64(matrix.data() + i * columns, matrix.data() + j * columns, columns);
      most = std::max(most, std::abs(product - (i == j ? 1 : 0)));
    }
  }
  return most;
}

/// A symmetric matrix with these eigenvalues, of random eigenvectors.
std::vector<float> symmetric_with(const std::vector<double>& values, std::uint64_t seed) {
  const std::size_t count = values.size();
  thread_pool pool(1);
  auto vectors = support::random_vector(seed, count * count);
  REQUIRE(atlas::detail::orthogonal_factor(vectors.data(), count, count, pool).ok());
  std::vector<float> matrix(count * count);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t j = 0; j < count; ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < count; ++k) {
        sum += values[k] * static_cast<double>(vectors[k * count + i]) * static_cast<double>(vectors[k * count + j]);
      }
      matrix[i * count + j] = static_cast<float>(sum);
    }
  }
  return matrix;
}

}  // namespace

  TEST_CASE("row_products: within the stated bound of float64, with strides, any threads the same bits") {
    support::on_each_target([] {
      for (const std::size_t rows : {1U, 3U, 64U, 65U, 130U}) {
        for (const std::size_t dimension : {1U, 7U, 100U}) {
          CAPTURE(rows);
          CAPTURE(dimension);
          const std::size_t others = rows == 64 ? 129 : 2 * rows + 1;
          const auto a = support::random_vector(1, rows * (dimension + 3));
          const auto b = support::random_vector(2, others * (dimension + 1));
          std::vector<float> out(rows * others + 1, -77.0F);
          thread_pool one(1);
          const atlas::matrix_view left{a.data(), rows, dimension, dimension + 3};
          const atlas::matrix_view right{b.data(), others, dimension, dimension + 1};
          REQUIRE(atlas::detail::row_products(left, right, out.data(), one).ok());
          std::size_t wrong = out.back() == -77.0F ? 0U : 1U;
          for (std::size_t i = 0; i < rows; ++i) {
            for (std::size_t j = 0; j < others; ++j) {
              const double want = support::dot_float64(left.row(i), right.row(j), dimension);
              const double lengths = length(left.row(i), dimension) * length(right.row(j), dimension);
              const double bound =
                  static_cast<double>(dimension + 8) * (std::ldexp(lengths, -24) + std::ldexp(1.0, -125));
              wrong += std::abs(static_cast<double>(out[i * others + j]) - want) <= bound ? 0U : 1U;
            }
          }
          CHECK(wrong == 0);
          thread_pool three(3);
          std::vector<float> again(out.size(), -77.0F);
          REQUIRE(atlas::detail::row_products(left, right, again.data(), three).ok());
          CHECK(again == out);
        }
      }
    });
  }

  TEST_CASE("row_products: few panels on a pool whose workers are more than these") {
    thread_pool pool(8);
    REQUIRE(pool.run(1000, [](std::size_t, unsigned) {}).ok());
    const std::size_t dimension = 24;
    const auto a = support::random_vector(1, 200 * dimension);
    const auto b = support::random_vector(2, 40 * dimension);
    for (int round = 0; round < 200; ++round) {
      std::vector<float> out(200 * 40);
      REQUIRE(atlas::detail::row_products(dense(a.data(), 200, dimension), dense(b.data(), 40, dimension), out.data(), pool).ok());
      const double want = support::dot_float64(a.data() + 199 * dimension, b.data() + 39 * dimension, dimension);
      REQUIRE(std::abs(static_cast<double>(out.back()) - want) <= 1e-4);
    }
  }

  TEST_CASE("transpose: rows become columns") {
    for (const std::size_t rows : {1U, 15U, 16U, 33U}) {
      for (const std::size_t columns : {1U, 16U, 21U}) {
        const auto from = support::random_vector(3, rows * columns);
        std::vector<float> out(from.size());
        atlas::detail::transpose(from.data(), rows, columns, out.data());
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < from.size(); ++i)
          wrong += out[i % columns * rows + i / columns] == from[i] ? 0U : 1U;
        CHECK(wrong == 0);
      }
    }
  }

  TEST_CASE("orthogonal_factor: orthonormal rows; of all such matrices the nearest, so the product is symmetric") {
    support::on_each_target([] {
      thread_pool pool(1);
      for (const std::size_t rows : {1U, 2U, 17U, 64U}) {
        for (const std::size_t more : {0U, 1U, 9U}) {
          for (const float scale : {1.0F, 1e-15F, 1e15F}) {
            const std::size_t columns = rows + more;
            auto matrix = support::random_vector(rows + more, rows * columns);
            for (std::size_t i = 0; i < rows; ++i) matrix[i * columns + i] += 2.0F;
            for (float& each : matrix) each *= scale;
            auto factor = matrix;
            const auto error = atlas::detail::orthogonal_factor(factor.data(), rows, columns, pool);
            REQUIRE(error.ok());
            CHECK(error.value() <= 1e-5F);
            CHECK(orthogonality(factor, rows, columns) <= 1e-5);
            CHECK(atlas::detail::orthogonality_error(factor.data(), rows, columns, pool).value() <= 1e-5F);
            // A = P U with P = A U' symmetric and without negative eigenvalues.
            double most = 0;
            for (std::size_t i = 0; i < rows; ++i) {
              const double own =
                  support::dot_float64(matrix.data() + i * columns, factor.data() + i * columns, columns);
              CHECK(own > 0);
              for (std::size_t j = 0; j < i; ++j) {
                const double one =
                    support::dot_float64(matrix.data() + i * columns, factor.data() + j * columns, columns);
                const double other =
                    support::dot_float64(matrix.data() + j * columns, factor.data() + i * columns, columns);
                most = std::max(most, std::abs(one - other) / static_cast<double>(scale));
              }
            }
            CHECK(most <= 1e-3);
          }
        }
      }
    });
  }

  TEST_CASE("orthogonal_factor: singular values of a ten-thousandth are moved too; of zeros the error is 1") {
    thread_pool pool(1);
    std::vector<double> values(40, 1e-4);
    values[0] = 1;
    values[7] = 1e-2;
    auto matrix = symmetric_with(values, 4);
    CHECK(atlas::detail::orthogonal_factor(matrix.data(), 40, 40, pool).value() <= 1e-5F);
    CHECK(orthogonality(matrix, 40, 40) <= 1e-5);
    std::vector<float> zeros(12, 0.0F);
    CHECK(atlas::detail::orthogonal_factor(zeros.data(), 3, 4, pool).value() == 1.0F);
    CHECK(zeros == std::vector<float>(12, 0.0F));
  }

  TEST_CASE("eigenvectors: orthonormal rows and the eigenvalues of each, zeros too") {
    support::on_each_target([] {
      for (const std::size_t count : {1U, 2U, 3U, 30U, 65U}) {
        CAPTURE(count);
        std::vector<double> want(count);
        for (std::size_t i = 0; i < count; ++i) want[i] = i % 3 == 2 ? 0.0 : 100.0 / static_cast<double>(1 + i * i);
        const auto matrix = symmetric_with(want, count);
        auto turned = matrix;
        std::vector<float> vectors(count * count);
        std::vector<double> values(count);
        atlas::detail::eigenvectors(turned.data(), count, vectors.data(), values.data());
        CHECK(orthogonality(vectors, count, count) <= 1e-5);
        for (std::size_t each = 0; each < count; ++each) {
          for (std::size_t i = 0; i < count; ++i) {
            const double product =
                support::dot_float64(matrix.data() + i * count, vectors.data() + each * count, count);
            CHECK(std::abs(product - values[each] * static_cast<double>(vectors[each * count + i])) <= 2e-2);
          }
        }
        std::sort(values.begin(), values.end());
        std::sort(want.begin(), want.end());
        for (std::size_t i = 0; i < count; ++i) CHECK(std::abs(values[i] - want[i]) <= 2e-3);
      }
    });
  }

  TEST_CASE("parts_of_even_variance: from the largest on to the part with the least product that has room") {
    const auto shape = atlas::detail::part_shape::of(5, 2, 8);  // two parts of three
    std::vector<float> directions(25, 0.0F);
    for (std::size_t i = 0; i < 5; ++i) directions[i * 5 + i] = 1.0F;
    std::vector<double> variances = {8, 64, 2, 1, 4};
    std::vector<double> logarithms(2);
    std::vector<std::size_t> used(2);
    std::vector<float> out(30, 7.0F);
    atlas::detail::parts_of_even_variance(shape, directions.data(), variances.data(), logarithms.data(), used.data(),
                                          out.data());
    // 64 | 8, 4 to the second, 2 to the first, as products are of variances / (64 * 10^-7); 1 to the second, and zeros.
    const std::size_t want[] = {1, 2, 5, 0, 4, 3};
    for (std::size_t row = 0; row < 6; ++row) {
      for (std::size_t i = 0; i < 5; ++i) CHECK(out[row * 5 + i] == (want[row] == i ? 1.0F : 0.0F));
    }
  }
}
