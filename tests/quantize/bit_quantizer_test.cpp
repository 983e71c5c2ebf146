// SPDX-License-Identifier: Apache-2.0
// tests/quantize/bit_quantizer_test.cpp -- mirrors include/atlas/quantize/bit_quantizer.hpp.
#include <atlas/quantize/bit_quantizer.hpp>

#include "support/damaged_image.hpp"
#include "support/error_line.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

TEST_SUITE("bit_quantizer") {
namespace {

using atlas::bit_quantizer;
using atlas::dense;
using atlas::errc;
using atlas::load_unaligned;

double squared_distance(const float* a, const float* b, std::size_t dimension) {
  double sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum += difference * difference;
  }
  return sum;
}
/// Components of other sizes, about a centre that is not 0.
std::vector<float> uneven_rows(std::uint64_t seed, std::size_t rows, std::size_t dimension) {
  auto numbers = support::random_vector(seed, rows * dimension);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto at = static_cast<float>(i % dimension);
    numbers[i] = numbers[i] * (1.0F + at / 8) + 3.0F;
  }
  return numbers;
}
std::vector<std::uint8_t> codes_of(const bit_quantizer& bits, const std::vector<float>& rows, unsigned threads = 1) {
  const std::size_t count = rows.size() / bits.dimension();
  std::vector<std::uint8_t> codes(count * bits.code_bytes());
  bits.encode(dense(rows.data(), count, bits.dimension()), codes.data(), threads).value();
  return codes;
}
struct estimates {
  std::vector<float> distances;
  std::vector<float> errors;
};
estimates estimates_of(const bit_quantizer& bits, const float* query, const std::vector<std::uint8_t>& codes) {
  bit_quantizer::query_tables tables;
  bits.prepare(query, tables).value();
  const std::size_t count = codes.size() / bits.code_bytes();
  estimates found{std::vector<float>(count), std::vector<float>(count)};
  bits.estimate(tables, codes.data(), count, found.distances.data(), found.errors.data());
  std::vector<float> alone(count);
  bits.estimate(tables, codes.data(), count, alone.data());
  CHECK(alone == found.distances);
  return found;
}

}  // namespace

  TEST_CASE("encode: two terms, then the signs of the rotated difference; estimate: what the source says of these") {
    for (const std::size_t dimension : {1U, 7U, 8U, 21U, 100U, 128U}) {
      CAPTURE(dimension);
      const auto rows = uneven_rows(1, 40, dimension);
      const auto bits = bit_quantizer::train(dense(rows.data(), 40, dimension), {.seed = 5}).value();
      const auto turn = atlas::rotation::create(dimension, 5).value();
      const std::size_t padded = turn.padded();
      REQUIRE(bits.padded() == padded);
      REQUIRE(bits.code_bytes() == 8 + padded / 8);
      const auto codes = codes_of(bits, rows);
      const auto query = uneven_rows(2, 1, dimension);
      const auto found = estimates_of(bits, query.data(), codes);
      std::vector<float> turned_query(padded);
      turn.apply(query.data(), 1.0F, bits.centre(), turned_query.data());
      const double query_squares = squared_distance(query.data(), bits.centre(), dimension);
      for (std::size_t row = 0; row < 40; ++row) {
        const std::uint8_t* const code = codes.data() + row * bits.code_bytes();
        std::vector<float> turned(padded);
        turn.apply(rows.data() + row * dimension, 1.0F, bits.centre(), turned.data());
        double squares = 0;
        double sizes = 0;
        double with_query = 0;
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < padded; ++i) {
          const bool is_set = (code[8 + i / 8] >> (i % 8)) % 2 == 1;
          wrong += is_set == (turned[i] > 0.0F) ? 0U : 1U;
          squares += std::pow(static_cast<double>(turned[i]), 2);
          sizes += std::abs(static_cast<double>(turned[i]));
          with_query += (is_set ? 1 : -1) * static_cast<double>(turned_query[i]);
        }
        CHECK(wrong == 0);
        const double length = std::sqrt(squares);
        const double cosine = sizes / (length * std::sqrt(static_cast<double>(padded)));
        CHECK(static_cast<double>(load_unaligned<float>(code)) == doctest::Approx(length).epsilon(1e-5));
        CHECK(static_cast<double>(load_unaligned<float>(code + 4)) == doctest::Approx(cosine).epsilon(1e-5));
        const double distance = query_squares + squares - 2 * squares / sizes * with_query;
        const double scale = query_squares + squares;
        CHECK(std::abs(static_cast<double>(found.distances[row]) - distance) <= 1e-4 * scale);
        const double error = 2 * length * std::sqrt(query_squares) * std::sqrt(std::max(0.0, 1 / (cosine * cosine) - 1) / static_cast<double>(padded - 1));
        CHECK(std::abs(static_cast<double>(found.errors[row]) - error) <= 1e-3 * scale);
      }
    }
  }

  TEST_CASE("estimate: on average over rotations the exact distance, and as far from it as is said") {
    constexpr std::size_t dimension = 64;
    constexpr std::size_t row_count = 20;
    constexpr std::size_t seeds = 400;
    const auto rows = uneven_rows(3, row_count, dimension);
    const auto query = uneven_rows(4, 1, dimension);
    std::vector<double> sums(row_count);
    std::vector<double> variances(row_count);
    std::size_t within[3] = {};
    for (std::size_t seed = 0; seed < seeds; ++seed) {
      const auto bits = bit_quantizer::train(dense(rows.data(), row_count, dimension), {.seed = seed}).value();
      const auto found = estimates_of(bits, query.data(), codes_of(bits, rows));
      for (std::size_t row = 0; row < row_count; ++row) {
        const double off = static_cast<double>(found.distances[row]) - squared_distance(query.data(), rows.data() + row * dimension, dimension);
        const auto error = static_cast<double>(found.errors[row]);
        sums[row] += off;
        variances[row] += error * error;
        for (int deviations = 1; deviations <= 3; ++deviations) within[deviations - 1] += std::abs(off) <= deviations * error ? 1U : 0U;
      }
    }
    for (std::size_t row = 0; row < row_count; ++row) {
      CHECK(std::abs(sums[row]) <= 4.5 * std::sqrt(variances[row]));  // of the sum of so many
    }
    // Of a bell curve 0.68, 0.95 and 0.997; more, as the query is seldom at right angles to the row.
    const double all = seeds * row_count;
    CHECK(static_cast<double>(within[0]) >= 0.65 * all);
    CHECK(static_cast<double>(within[0]) <= 0.80 * all);
    CHECK(static_cast<double>(within[1]) >= 0.94 * all);
    CHECK(static_cast<double>(within[2]) >= 0.995 * all);
  }

  TEST_CASE("decode: the nearest vector along the signs; error_of says how far that is") {
    for (const std::size_t dimension : {8U, 30U, 96U}) {
      CAPTURE(dimension);
      const auto rows = support::random_vector(6, 300 * dimension);
      const auto view = dense(rows.data(), 300, dimension);
      const auto bits = bit_quantizer::train(view).value();
      const auto codes = codes_of(bits, rows);
      double lost = 0;
      for (std::size_t row = 0; row < 300; ++row) {
        const std::uint8_t* const code = codes.data() + row * bits.code_bytes();
        std::vector<float> decoded(bits.padded());
        bits.decode(code, decoded.data());
        const double squares = std::pow(static_cast<double>(load_unaligned<float>(code)), 2);
        const double cosine = static_cast<double>(load_unaligned<float>(code + 4));
        const double distance = squared_distance(decoded.data(), rows.data() + row * dimension, dimension);
        // With padding some of the direction points out of the space, which decode leaves out and is nearer for it.
        CHECK(distance <= squares * (1 - cosine * cosine) + 1e-4 * squares);
        if (dimension % 8 == 0) CHECK(distance == doctest::Approx(squares * (1 - cosine * cosine)).epsilon(1e-3));
        lost += distance;
      }
      const auto error = bits.error_of(view).value();
      CHECK(error.mean_squared == doctest::Approx(lost / 300).epsilon(1e-4));
      CHECK(error.share > 0.2);
      CHECK(error.share < 0.5);
    }
  }

  TEST_CASE("a row that is the centre is as far as the centre; a query that is one is exactly so far from every row") {
    constexpr std::size_t dimension = 16;
    auto rows = support::random_vector(7, 4 * dimension);
    for (std::size_t i = 0; i < dimension; ++i) rows[i + dimension] = -rows[i];
    for (std::size_t i = 2 * dimension; i < 4 * dimension; ++i) rows[i] = 0.0F;
    const auto bits = bit_quantizer::train(dense(rows.data(), 4, dimension)).value();
    const auto codes = codes_of(bits, rows);
    const auto found = estimates_of(bits, rows.data(), codes);
    const double squares = squared_distance(rows.data(), rows.data() + 2 * dimension, dimension);
    CHECK(static_cast<double>(found.distances[2]) == doctest::Approx(squares).epsilon(1e-5));
    CHECK(found.errors[2] == 0.0F);
    const auto of_centre = estimates_of(bits, bits.centre(), codes);
    CHECK(static_cast<double>(of_centre.distances[0]) == doctest::Approx(squares).epsilon(1e-5));
    CHECK(of_centre.errors[0] == 0.0F);
  }

  TEST_CASE("the same codes with any number of threads, and after save and load; damaged bytes are refused") {
    const std::size_t dimension = 21;
    const auto rows = uneven_rows(8, 1000, dimension);
    const auto bits = bit_quantizer::train(dense(rows.data(), 1000, dimension), {.seed = 77}).value();
    const auto codes = codes_of(bits, rows);
    CHECK(codes_of(bits, rows, 3) == codes);
    const auto image = support::image_of(bits);
    const auto loaded = support::load_image<bit_quantizer>(image).value();
    CHECK(codes_of(loaded, rows) == codes);
    CHECK(support::image_of(loaded) == image);
    support::refuses_damage<bit_quantizer>(image);
  }

  TEST_CASE("what cannot be trained on or encoded is refused by name") {
    const std::vector<float> rows(6, 1.0F);
    CHECK(support::failed_as(bit_quantizer::train(dense(rows.data(), 0, 3)), errc::invalid_argument));
    CHECK(support::failed_as(bit_quantizer::train(dense<float>(nullptr, 2, 3)), errc::invalid_argument));
    CHECK(support::failed_as(bit_quantizer::train({rows.data(), 2, 3, 2}), errc::dimension_mismatch));
    auto wrong = rows;
    wrong[4] = std::numeric_limits<float>::quiet_NaN();
    CHECK(support::failed_as(bit_quantizer::train(dense(wrong.data(), 2, 3)), errc::not_finite));
    CHECK(bit_quantizer::train(dense(wrong.data(), 2, 3)).error().row == 1);
    wrong[4] = 1e19F;
    CHECK(support::failed_as(bit_quantizer::train(dense(wrong.data(), 2, 3)), errc::limit_exceeded));
    const auto bits = bit_quantizer::train(dense(rows.data(), 2, 3)).value();
    std::uint8_t code[16];
    REQUIRE(bits.code_bytes() <= sizeof code);
    CHECK(support::failed_as(bits.encode(dense(rows.data(), 1, 2), code), errc::dimension_mismatch));
    CHECK(support::failed_as(bits.encode(dense(rows.data(), 1, 3), nullptr), errc::invalid_argument));
    CHECK(bits.encode(dense(rows.data(), 0, 3), nullptr).ok());
  }
}
