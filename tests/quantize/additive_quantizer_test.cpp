// SPDX-License-Identifier: Apache-2.0
// tests/quantize/additive_quantizer_test.cpp -- mirrors include/atlas/quantize/additive_quantizer.hpp, and
// additive_codebooks.hpp and additive_training.hpp below it.
#include <atlas/quantize/additive_quantizer.hpp>

#include <atlas/quantize/product_quantizer.hpp>

#include "support/damaged_image.hpp"
#include "support/each_target.hpp"
#include "support/error_line.hpp"
#include "support/reference.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

TEST_SUITE("additive_quantizer") {
namespace {

using atlas::additive_quantizer;
using atlas::aq_options;
using atlas::dense;
using atlas::errc;
using atlas::matrix_view;

/// Sums of one of four vectors of each of three lists, and a little noise.
std::vector<float> sums_of_few(std::size_t count, std::size_t dimension, std::uint64_t seed = 1) {
  const auto lists = support::random_vector(seed, 12 * dimension);
  const auto chosen = support::random_ids(seed + 1, 3 * count, 4);
  auto rows = support::random_vector(seed + 2, count * dimension);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i] /= 32;
    for (std::size_t list = 0; list < 3; ++list) {
      rows[i] += lists[(list * 4 + chosen[3 * (i / dimension) + list]) * dimension + i % dimension];
    }
  }
  return rows;
}

double share_of(const additive_quantizer& aq, const matrix_view& rows) { return aq.error_of(rows).value().share; }

bool same(const additive_quantizer& a, const additive_quantizer& b) {
  return a.dimension() == b.dimension() && a.stages() == b.stages() && a.centroids() == b.centroids() &&
         std::memcmp(a.codebook(), b.codebook(), a.stages() * a.centroids() * a.dimension() * sizeof(float)) == 0;
}

}  // namespace

  TEST_CASE("encode: with a beam of all sums there are the best of them, with a beam of one each stage's nearest") {
    const std::size_t dimension = 6;
    const auto numbers = sums_of_few(200, dimension);
    const matrix_view rows = dense(numbers.data(), 200, dimension);
    support::on_each_target([&] {
      for (const std::size_t beam : {1U, 16U, 64U}) {
        const auto aq = additive_quantizer::train(rows, {.stages = 2, .bits = 4, .beam = beam, .rounds = 1}).value();
        std::vector<std::uint8_t> codes(400);
        REQUIRE(aq.encode(rows, codes.data()).ok());
        const auto distance = [&](std::size_t row, unsigned first, unsigned second) {
          double sum = 0;
          for (std::size_t i = 0; i < dimension; ++i) {
            const double one = static_cast<double>(aq.codebook()[first * dimension + i]);
            const double other = second == 16 ? 0.0 : static_cast<double>(aq.codebook()[(16 + second) * dimension + i]);
            sum += std::pow(static_cast<double>(rows.row(row)[i]) - one - other, 2);
          }
          return sum;
        };
        for (std::size_t row = 0; row < 200; ++row) {
          double least = std::numeric_limits<double>::infinity();
          unsigned nearest = 0;
          for (unsigned first = 0; first < 16; ++first) {
            if (distance(row, first, 16) < distance(row, nearest, 16)) nearest = first;
          }
          for (unsigned first = 0; first < 16; ++first) {
            if (beam == 1 && first != nearest) continue;
            for (unsigned second = 0; second < 16; ++second) least = std::min(least, distance(row, first, second));
          }
          const double found = distance(row, codes[2 * row], codes[2 * row + 1]);
          CHECK(std::abs(found - least) <= 1e-4);
        }
      }
    });
  }

  TEST_CASE("train: stages, rounds and a wider beam lower what is lost") {
    const auto numbers = sums_of_few(3000, 20);
    const matrix_view rows = dense(numbers.data(), 3000, 20);
    const auto lost = [&](const aq_options& options) {
      return share_of(additive_quantizer::train(rows, options).value(), rows);
    };
    const double one_stage = lost({.stages = 1, .bits = 4});
    const double started = lost({.stages = 3, .bits = 4, .rounds = 0});
    const double narrow = lost({.stages = 3, .bits = 4, .beam = 1, .rounds = 6});
    const double moved = lost({.stages = 3, .bits = 4, .beam = 16, .rounds = 6});
    CHECK(started < one_stage);
    CHECK(narrow < started);
    CHECK(moved < narrow);
    // Of sums of three lists product quantisation with as many codes loses more.
    const auto pq = atlas::product_quantizer::train(rows, {.parts = 3, .bits = 4}).value();
    CHECK(moved < pq.error_of(rows).value().share);
  }

  TEST_CASE("train: what a product quantiser leaves over is a second stage's") {
    const auto numbers = support::random_vector(3, 2000 * 12);
    const matrix_view rows = dense(numbers.data(), 2000, 12);
    const auto pq = atlas::product_quantizer::train(rows, {.parts = 3, .bits = 4}).value();
    std::vector<float> left_over = numbers;
    for (std::size_t row = 0; row < 2000; ++row) {
      std::uint8_t codes[3];
      float decoded[12];
      pq.encode(rows.row(row), codes);
      pq.decode(codes, decoded);
      for (std::size_t i = 0; i < 12; ++i) left_over[row * 12 + i] -= decoded[i];
    }
    const matrix_view second = dense(left_over.data(), 2000, 12);
    const auto aq = additive_quantizer::train(second, {.stages = 3, .bits = 4}).value();
    CHECK(aq.error_of(second).value().mean_squared < 0.6 * pq.error_of(rows).value().mean_squared);
  }

  TEST_CASE("train, encode: the same with any number of threads; rows that are all alike work") {
    const auto numbers = sums_of_few(2500, 9);
    const matrix_view rows = dense(numbers.data(), 2500, 9);
    aq_options options{.stages = 2, .bits = 4, .iterations = 3, .rounds = 1, .sample_rows = 500};
    support::on_each_target([&] {
      options.threads = 1;
      const auto want = additive_quantizer::train(rows, options).value();
      std::vector<std::uint8_t> codes(5000);
      REQUIRE(want.encode(rows, codes.data()).ok());
      for (const unsigned threads : {3U, 0U}) {
        options.threads = threads;
        CHECK(same(additive_quantizer::train(rows, options).value(), want));
        std::vector<std::uint8_t> again(5000);
        REQUIRE(want.encode(rows, again.data(), threads).ok());
        CHECK(again == codes);
      }
    });
    const std::vector<float> alike(300 * 5, 2.5F);
    const auto aq = additive_quantizer::train(dense(alike.data(), 300, 5), {.stages = 2}).value();
    CHECK(share_of(aq, dense(alike.data(), 300, 5)) <= 1e-10);
  }

  TEST_CASE("decode, tables: sums of centroids; entries and squared length give the distance") {
    const auto numbers = sums_of_few(400, 11);
    const matrix_view rows = dense(numbers.data(), 400, 11);
    const auto aq = additive_quantizer::train(rows, {.stages = 3, .bits = 4}).value();
    CHECK(aq.dimension() == 11);
    CHECK(aq.stages() == 3);
    CHECK(aq.bits() == 4);
    const auto query = support::random_vector(9, 11);
    std::vector<std::uint8_t> codes(1200);
    support::on_each_target([&] {
      std::vector<float> tables(48);
      REQUIRE(aq.encode(rows, codes.data()).ok());
      aq.inner_product_tables(query.data(), tables.data());
      for (std::size_t row = 0; row < 400; row += 9) {
        const std::uint8_t* const of_row = codes.data() + 3 * row;
        float decoded[11];
        aq.decode(of_row, decoded);
        double product = 0;
        for (std::size_t stage = 0; stage < 3; ++stage) {
          product += static_cast<double>(tables[stage * 16 + of_row[stage]]);
        }
        for (std::size_t i = 0; i < 11; ++i) {
          double sum = 0;
          for (std::size_t stage = 0; stage < 3; ++stage) {
            sum += static_cast<double>(aq.codebook()[(stage * 16 + of_row[stage]) * 11 + i]);
          }
          CHECK(std::abs(static_cast<double>(decoded[i]) - sum) <= 1e-5);
        }
        const double length = static_cast<double>(aq.squared_length(of_row));
        const double distance = support::dot_float64(query.data(), query.data(), 11) - 2 * product + length;
        CHECK(std::abs(length - support::dot_float64(decoded, decoded, 11)) <= 1e-4);
        CHECK(std::abs(distance - support::l2sq_float64(query.data(), decoded, 11)) <= 1e-4);
      }
    });
    const std::uint8_t wild[3] = {0xF1, 0x32, 0xFF};
    const std::uint8_t tame[3] = {1, 2, 15};
    float first[11];
    float second[11];
    aq.decode(wild, first);
    aq.decode(tame, second);
    CHECK(std::memcmp(first, second, sizeof first) == 0);
    CHECK(aq.squared_length(wild) == aq.squared_length(tame));
  }

  TEST_CASE(
      "train, encode: what does not fit is refused, with both values where there are two; it ends where told to") {
    const auto numbers = sums_of_few(300, 6);
    const matrix_view rows = dense(numbers.data(), 300, 6);
    const auto refused = [](const matrix_view& of, const aq_options& options, errc code) {
      const auto made = additive_quantizer::train(of, options);
      CHECK(support::failed_as(made, code));
      return support::error_line(made);
    };
    CHECK(refused(rows, {}, errc::invalid_argument) == "invalid argument: stages: expected at least 1, found 0");
    CHECK(refused(rows, {.stages = 5, .bits = 4}, errc::invalid_argument) ==
          "invalid argument: stages: expected what cuts into parts a dimension of 6, found 5");
    CHECK(refused(rows, {.stages = 17}, errc::invalid_argument) ==
          "invalid argument: stages: expected at most 16, found 17");
    CHECK(refused(rows, {.stages = 65, .bits = 4}, errc::invalid_argument) ==
          "invalid argument: stages: expected at most 64, found 65");
    CHECK(refused(rows, {.stages = 2, .bits = 7}, errc::invalid_argument) ==
          "invalid argument: bits: expected 4 or 8, found 7");
    CHECK(refused(rows, {.stages = 2, .beam = 0}, errc::invalid_argument) ==
          "invalid argument: beam: expected 1 to 64, found 0");
    CHECK(refused(rows, {.stages = 2, .beam = 65}, errc::invalid_argument) ==
          "invalid argument: beam: expected 1 to 64, found 65");
    CHECK(refused(rows, {.stages = 2, .iterations = 10'001}, errc::invalid_argument) ==
          "invalid argument: iterations: expected 0 to 10000, found 10001");
    CHECK(refused(rows, {.stages = 2, .rounds = 1'001}, errc::invalid_argument) ==
          "invalid argument: rounds: expected 0 to 1000, found 1001");
    CHECK(refused(rows.subrows(0, 255), {.stages = 2}, errc::invalid_argument) ==
          "invalid argument: rows.rows: expected at least 256, found 255");
    CHECK(refused(rows, {.stages = 2, .sample_rows = 15}, errc::invalid_argument) ==
          "invalid argument: sample_rows: expected at least 256, found 15");
    CHECK(refused({nullptr, 300, 6, 6}, {.stages = 2}, errc::invalid_argument) != "");
    CHECK(refused({numbers.data(), 300, 6, 5}, {.stages = 2}, errc::dimension_mismatch) != "");
    auto broken = numbers;
    broken[44 * 6] = std::numeric_limits<float>::quiet_NaN();
    const auto made = additive_quantizer::train(dense(broken.data(), 300, 6), {.stages = 2});
    REQUIRE(support::failed_as(made, errc::not_finite));
    CHECK(made.error().row == 44);
    const auto stop = [](std::uint64_t done, std::uint64_t total) { return done < 3 && total == 4; };
    CHECK(refused(rows, {.stages = 2, .bits = 4, .rounds = 3, .on_progress = stop}, errc::cancelled) != "");

    const auto aq = additive_quantizer::train(rows, {.stages = 2, .bits = 4, .rounds = 0}).value();
    std::vector<std::uint8_t> codes(4, 0xEE);
    CHECK(support::failed_as(aq.encode(dense(numbers.data(), 2, 5), codes.data()), errc::dimension_mismatch));
    CHECK(support::failed_as(aq.encode({nullptr, 2, 6, 6}, codes.data()), errc::invalid_argument));
    CHECK(support::failed_as(aq.encode(rows, nullptr), errc::invalid_argument));
    CHECK(support::failed_as(aq.error_of(dense(numbers.data(), 2, 5)), errc::dimension_mismatch));
    CHECK(codes == std::vector<std::uint8_t>(4, 0xEE));
    CHECK(aq.encode(matrix_view{}, nullptr).ok());
  }

  TEST_CASE("save, load: the same quantiser and codes; what is cut, changed or made up is refused") {
    const auto numbers = sums_of_few(100, 3);
    const matrix_view rows = dense(numbers.data(), 100, 3);
    const auto aq = additive_quantizer::train(rows, {.stages = 2, .bits = 4, .beam = 3}).value();
    const support::image_bytes image = support::image_of(aq);
    const auto loaded = support::load_image<additive_quantizer>(image);
    REQUIRE(loaded.ok());
    CHECK(same(loaded.value(), aq));
    CHECK(support::image_of(loaded.value()) == image);
    std::vector<std::uint8_t> codes(200);
    std::vector<std::uint8_t> again(200);
    REQUIRE(aq.encode(rows, codes.data()).ok());
    REQUIRE(loaded.value().encode(rows, again.data()).ok());
    CHECK(again == codes);
    support::refuses_damage<additive_quantizer>(image);
  }
}
