// tests/quantize/corrected_quantizer_test.cpp -- mirrors include/atlas/quantize/corrected_quantizer.hpp.
#include <atlas/quantize/corrected_quantizer.hpp>

#include <atlas/distance/code_distance.hpp>
#include <atlas/quantize/learned_rotation.hpp>
#include <atlas/quantize/product_quantizer.hpp>

#include "support/damaged_image.hpp"
#include "support/each_target.hpp"
#include "support/error_line.hpp"
#include "support/reference.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

TEST_SUITE("corrected_quantizer") {
namespace {

using atlas::corrected_options;
using atlas::corrected_quantizer;
using atlas::dense;
using atlas::errc;
using atlas::matrix_view;

/// Rows of unequal length about a mean that is not 0, whose components vary less and less.
std::vector<float> uneven_rows(std::size_t count, std::size_t dimension, std::uint64_t seed = 1) {
  auto rows = support::random_vector(seed, count * dimension);
  for (std::size_t row = 0; row < count; ++row) {
    for (std::size_t i = 0; i < dimension; ++i) {
      float& number = rows[row * dimension + i];
      number = 2.0F + number * static_cast<float>(1 + row % 4) / static_cast<float>(2 + i);
    }
  }
  return rows;
}

/// Rows of length 1, whose components vary less and less.
std::vector<float> unit_rows(std::size_t count, std::size_t dimension, std::uint64_t seed) {
  auto rows = support::random_vector(seed, count * dimension);
  for (std::size_t row = 0; row < count; ++row) {
    float* const numbers = rows.data() + row * dimension;
    for (std::size_t i = 0; i < dimension; ++i) numbers[i] /= static_cast<float>(2 + i / 4);
    const auto length = static_cast<float>(std::sqrt(support::dot_float64(numbers, numbers, dimension)));
    for (std::size_t i = 0; i < dimension; ++i) numbers[i] /= length;
  }
  return rows;
}

std::vector<std::uint8_t> codes_of(const corrected_quantizer& quantizer, const matrix_view& rows, unsigned threads = 1) {
  std::vector<std::uint8_t> codes(rows.rows * quantizer.code_bytes());
  REQUIRE(quantizer.encode(rows, codes.data(), threads).ok());
  return codes;
}

/// The share of queries' ten nearest rows among the ten that tables and codes find.
template <class Tables>
double recall(const matrix_view& rows, const matrix_view& queries, const std::vector<std::uint8_t>& codes, std::size_t bytes,
              Tables tables_of) {
  std::size_t found = 0;
  std::vector<float> tables(bytes * 256);
  std::vector<float> estimates(rows.rows);
  std::vector<std::size_t> order(rows.rows);
  for (std::size_t query = 0; query < queries.rows; ++query) {
    const auto distance = [&](std::size_t row) { return support::l2sq_float64(queries.row(query), rows.row(row), rows.dimension); };
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::nth_element(order.begin(), order.begin() + 9, order.end(), [&](auto a, auto b) { return distance(a) < distance(b); });
    const double tenth = distance(order[9]);
    tables_of(queries.row(query), tables.data());
    REQUIRE(atlas::pq_distances({tables.data(), tables.size()}, dense(codes.data(), rows.rows, bytes), estimates.data()).ok());
    std::nth_element(order.begin(), order.begin() + 9, order.end(), [&](auto a, auto b) { return estimates[a] < estimates[b]; });
    for (std::size_t i = 0; i < 10; ++i) found += distance(order[i]) <= tenth ? 1U : 0U;
  }
  return static_cast<double>(found) / static_cast<double>(10 * queries.rows);
}

}  // namespace

  TEST_CASE("tables: entries of the parts are the distance to the decoded row, the last is the correction") {
    const auto numbers = uneven_rows(600, 11);
    const matrix_view rows = dense(numbers.data(), 600, 11);
    const auto query = uneven_rows(1, 11, 9);
    support::on_each_target([&] {
      for (const std::size_t bytes : {2U, 4U, 12U}) {
        const auto quantizer = corrected_quantizer::train(rows, {.code_bytes = bytes, .iterations = 5}).value();
        CHECK(quantizer.dimension() == 11);
        CHECK(quantizer.code_bytes() == bytes);
        const auto codes = codes_of(quantizer, rows);
        std::vector<float> tables(bytes * 256);
        REQUIRE(quantizer.distance_tables(query.data(), tables.data()).ok());
        double with = 0;
        double without = 0;
        for (std::size_t row = 0; row < 600; ++row) {
          const std::uint8_t* const code = codes.data() + row * bytes;
          float decoded[11];
          quantizer.decode(code, decoded);
          double sum = 0;
          for (std::size_t part = 0; part + 1 < bytes; ++part) sum += static_cast<double>(tables[part * 256 + code[part]]);
          const double want = support::l2sq_float64(query.data(), decoded, 11);
          CHECK(std::abs(sum - want) <= 1e-4 * (1 + want));
          const double exact = support::l2sq_float64(query.data(), rows.row(row), 11);
          const auto correction = static_cast<double>(tables[(bytes - 1) * 256 + code[bytes - 1]]);
          with += std::pow(sum + correction - exact, 2);
          without += std::pow(sum - exact, 2);
        }
        if (bytes == 4) CHECK(with < without);
      }
    });
  }

  TEST_CASE("recall: the correction finds more of the nearest, and more than product codes of as many bytes") {
    const std::size_t dimension = 64;
    const auto numbers = unit_rows(4000, dimension, 1);
    const auto others = unit_rows(100, dimension, 77);
    const matrix_view rows = dense(numbers.data(), 4000, dimension);
    const matrix_view queries = dense(others.data(), 100, dimension);
    const std::size_t bytes = 9;
    const auto quantizer = corrected_quantizer::train(rows, {.code_bytes = bytes}).value();
    const auto codes = codes_of(quantizer, rows);
    const double corrected = recall(rows, queries, codes, bytes, [&](const float* query, float* tables) {
      REQUIRE(quantizer.distance_tables(query, tables).ok());
    });
    const double uncorrected = recall(rows, queries, codes, bytes, [&](const float* query, float* tables) {
      REQUIRE(quantizer.distance_tables(query, tables).ok());
      std::fill_n(tables + (bytes - 1) * 256, 256, 0.0F);
    });
    const auto rotation = atlas::learned_rotation::train(rows, {.parts = bytes}).value();
    std::vector<float> turned(4000 * rotation.padded());
    REQUIRE(rotation.apply(rows, turned.data()).ok());
    const matrix_view view = dense(turned.data(), 4000, rotation.padded());
    const auto product = atlas::product_quantizer::train(view, {.parts = bytes}).value();
    std::vector<std::uint8_t> product_codes(4000 * bytes);
    REQUIRE(product.encode(view, product_codes.data()).ok());
    const double of_products = recall(rows, queries, product_codes, bytes, [&](const float* query, float* tables) {
      std::vector<float> turned_query(rotation.padded());
      rotation.apply(query, turned_query.data());
      product.distance_tables(turned_query.data(), tables);
    });
    CHECK(corrected > uncorrected + 0.01);
    CHECK(corrected > of_products + 0.01);
  }

  TEST_CASE("train, encode: the same with any number of threads, and a row alone as among others") {
    const auto numbers = uneven_rows(2600, 9);
    const matrix_view rows = dense(numbers.data(), 2600, 9);
    corrected_options options{.code_bytes = 4, .iterations = 3, .sample_rows = 500};
    support::on_each_target([&] {
      options.threads = 1;
      const auto want = corrected_quantizer::train(rows, options).value();
      const auto image = support::image_of(want);
      const auto codes = codes_of(want, rows);
      for (const unsigned threads : {3U, 0U}) {
        options.threads = threads;
        CHECK(support::image_of(corrected_quantizer::train(rows, options).value()) == image);
        CHECK(codes_of(want, rows, threads) == codes);
      }
      for (std::size_t row = 0; row < 2600; row += 97) {
        const auto alone = codes_of(want, rows.subrows(row, 1));
        CHECK(std::equal(alone.begin(), alone.end(), codes.begin() + static_cast<std::ptrdiff_t>(4 * row)));
      }
    });
  }

  TEST_CASE("error_of: what is lost from rows to what they are decoded as") {
    const auto numbers = uneven_rows(1500, 10);
    const matrix_view rows = dense(numbers.data(), 1500, 10);
    const auto quantizer = corrected_quantizer::train(rows, {.code_bytes = 4, .iterations = 5}).value();
    const auto codes = codes_of(quantizer, rows);
    double lost = 0;
    double whole = 0;
    for (std::size_t row = 0; row < 1500; ++row) {
      float decoded[10];
      quantizer.decode(codes.data() + row * 4, decoded);
      lost += support::l2sq_float64(rows.row(row), decoded, 10);
      whole += support::dot_float64(rows.row(row), rows.row(row), 10);
    }
    for (const unsigned threads : {1U, 2U}) {
      const auto error = quantizer.error_of(rows, threads).value();
      CHECK(std::abs(error.mean_squared - lost / 1500) <= 1e-4 * lost / 1500);
      CHECK(std::abs(error.share - lost / whole) <= 1e-4 * lost / whole);
    }
    CHECK(quantizer.error_of(matrix_view{}).value().mean_squared == 0);
    const auto more = corrected_quantizer::train(rows, {.code_bytes = 8, .iterations = 5}).value();
    CHECK(more.error_of(rows).value().share < 0.5 * quantizer.error_of(rows).value().share);
  }

  TEST_CASE("train: rows that are all alike, tiny, huge or far away work") {
    const auto numbers = uneven_rows(400, 6);
    const corrected_options options{.code_bytes = 4, .iterations = 5};
    const matrix_view rows = dense(numbers.data(), 400, 6);
    const auto near_error = corrected_quantizer::train(rows, options).value().error_of(rows).value();
    for (const float scale : {0.0F, 1e-16F, 1e17F}) {
      auto scaled = numbers;
      for (float& each : scaled) each *= scale;
      const matrix_view view = dense(scaled.data(), 400, 6);
      const auto made = corrected_quantizer::train(view, options);
      REQUIRE(made.ok());
      CHECK(made.value().error_of(view).value().share <= 1.5 * near_error.share);
      CHECK(support::load_image<corrected_quantizer>(support::image_of(made.value())).ok());
    }
    auto far = numbers;
    for (float& each : far) each += 1000.0F;
    const matrix_view view = dense(far.data(), 400, 6);
    const auto far_error = corrected_quantizer::train(view, options).value().error_of(view).value();
    CHECK(far_error.mean_squared <= 1.5 * near_error.mean_squared + 1e-7);
    // So small that no square is left: codes are made all the same.
    auto vanishing = numbers;
    for (float& each : vanishing) each *= 1e-41F;
    const auto made = corrected_quantizer::train(dense(vanishing.data(), 400, 6), options);
    REQUIRE(made.ok());
    CHECK(codes_of(made.value(), dense(vanishing.data(), 400, 6)).size() == 1600);
  }

  TEST_CASE("train, encode: what does not fit is refused, with both values where there are two; it ends where told to") {
    const auto numbers = uneven_rows(300, 6);
    const matrix_view rows = dense(numbers.data(), 300, 6);
    const auto refused = [](const matrix_view& of, const corrected_options& options, errc code) {
      const auto made = corrected_quantizer::train(of, options);
      CHECK(support::failed_as(made, code));
      return support::error_line(made);
    };
    CHECK(refused(rows, {}, errc::invalid_argument) == "invalid argument: code_bytes: expected at least 2, found 0");
    CHECK(refused(rows, {.code_bytes = 1}, errc::invalid_argument) == "invalid argument: code_bytes: expected at least 2, found 1");
    CHECK(refused(rows, {.code_bytes = 8}, errc::invalid_argument) == "invalid argument: code_bytes: expected at most 7, found 8");
    CHECK(refused(rows, {.code_bytes = 3, .iterations = 10'001}, errc::invalid_argument) ==
          "invalid argument: iterations: expected 0 to 10000, found 10001");
    CHECK(refused(rows.subrows(0, 255), {.code_bytes = 3}, errc::invalid_argument) ==
          "invalid argument: rows.rows: expected at least 256, found 255");
    CHECK(refused(rows, {.code_bytes = 3, .sample_rows = 255}, errc::invalid_argument) ==
          "invalid argument: sample_rows: expected at least 256, found 255");
    CHECK(refused({}, {.code_bytes = 2}, errc::invalid_argument) != "");
    CHECK(refused({nullptr, 300, 6, 6}, {.code_bytes = 2}, errc::invalid_argument) != "");
    CHECK(refused({numbers.data(), 300, 6, 5}, {.code_bytes = 2}, errc::dimension_mismatch) != "");
    auto broken = numbers;
    broken[44 * 6] = std::numeric_limits<float>::quiet_NaN();
    const auto not_finite = corrected_quantizer::train(dense(broken.data(), 300, 6), {.code_bytes = 2});
    REQUIRE(support::failed_as(not_finite, errc::not_finite));
    CHECK(not_finite.error().row == 44);
    broken[44 * 6] = 2e18F;
    CHECK(refused(dense(broken.data(), 300, 6), {.code_bytes = 2}, errc::limit_exceeded) != "");
    for (std::uint64_t last = 1; last <= 4; ++last) {
      std::uint64_t calls = 0;
      const auto note = [&](std::uint64_t done, std::uint64_t total) {
        CHECK(done == ++calls);
        CHECK(total == 4);
        return done != last;
      };
      CHECK(refused(rows, {.code_bytes = 3, .iterations = 2, .on_progress = note}, errc::cancelled) != "");
      CHECK(calls == last);
    }

    const auto quantizer = corrected_quantizer::train(rows, {.code_bytes = 3, .iterations = 2}).value();
    std::vector<std::uint8_t> codes(6, 0xEE);
    CHECK(support::failed_as(quantizer.encode(dense(numbers.data(), 2, 5), codes.data()), errc::dimension_mismatch));
    CHECK(support::failed_as(quantizer.encode({nullptr, 2, 6, 6}, codes.data()), errc::invalid_argument));
    CHECK(support::failed_as(quantizer.encode(rows, nullptr), errc::invalid_argument));
    CHECK(support::failed_as(quantizer.error_of(dense(numbers.data(), 2, 5)), errc::dimension_mismatch));
    CHECK(codes == std::vector<std::uint8_t>(6, 0xEE));
    CHECK(quantizer.encode(matrix_view{}, nullptr).ok());
  }

  TEST_CASE("decode: many codes at once as each alone; what does not fit is refused") {
    const auto numbers = support::random_vector(31, 500 * 9);
    const auto quantizer = corrected_quantizer::train(dense(numbers.data(), 500, 9), {.code_bytes = 4, .iterations = 2}).value();
    const auto codes = codes_of(quantizer, dense(numbers.data(), 500, 9));
    std::vector<float> out(500 * 9 + 1, 9.0F);
    REQUIRE(quantizer.decode({codes.data(), 500, 4, 4}, out.data(), 2).ok());
    CHECK(out.back() == 9.0F);
    std::vector<float> one(9);
    for (const std::size_t row : {0U, 255U, 499U}) {
      quantizer.decode(codes.data() + row * 4, one.data());
      for (std::size_t i = 0; i < 9; ++i) CHECK(out[row * 9 + i] == doctest::Approx(one[i]).epsilon(1e-4).scale(1));
    }
    CHECK(support::failed_as(quantizer.decode({codes.data(), 2, 3, 3}, out.data()), errc::dimension_mismatch));
    CHECK(support::failed_as(quantizer.decode({nullptr, 2, 4, 4}, out.data()), errc::invalid_argument));
    CHECK(support::failed_as(quantizer.decode({codes.data(), 2, 4, 4}, nullptr), errc::invalid_argument));
  }

  TEST_CASE("save, load: the same quantiser, codes and tables; what is cut, changed or made up is refused") {
    const auto numbers = uneven_rows(300, 3);
    const matrix_view rows = dense(numbers.data(), 300, 3);
    const auto quantizer = corrected_quantizer::train(rows, {.code_bytes = 3, .iterations = 2}).value();
    const support::image_bytes image = support::image_of(quantizer);
    const auto loaded = support::load_image<corrected_quantizer>(image);
    REQUIRE(loaded.ok());
    CHECK(support::image_of(loaded.value()) == image);
    CHECK(codes_of(loaded.value(), rows) == codes_of(quantizer, rows));
    float tables[2][3 * 256];
    REQUIRE(quantizer.distance_tables(numbers.data(), tables[0]).ok());
    REQUIRE(loaded.value().distance_tables(numbers.data(), tables[1]).ok());
    CHECK(std::memcmp(tables[0], tables[1], sizeof tables[0]) == 0);
    support::refuses_damage<corrected_quantizer>(image);

    const std::size_t values = support::header_of(image).count - 256;
    const auto unordered = support::load_image<corrected_quantizer>(support::with_number(image, values + 9, -1e30F));
    REQUIRE(support::failed_as(unordered, errc::corrupt_file));
    CHECK(unordered.error().row == 9);
    CHECK(support::failed_as(support::load_image<corrected_quantizer>(support::with_number(image, 3, 40.0F)), errc::corrupt_file));
  }
}
