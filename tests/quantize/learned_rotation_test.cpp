// SPDX-License-Identifier: Apache-2.0
// tests/quantize/learned_rotation_test.cpp -- mirrors include/atlas/quantize/learned_rotation.hpp, and
// rotation_training.hpp below it.
#include <atlas/quantize/learned_rotation.hpp>

#include <atlas/quantize/product_quantizer.hpp>

#include "support/damaged_image.hpp"
#include "support/each_target.hpp"
#include "support/error_line.hpp"
#include "support/reference.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

TEST_SUITE("learned_rotation") {
namespace {

using atlas::dense;
using atlas::errc;
using atlas::learned_rotation;
using atlas::matrix_view;
using atlas::opq_options;

/// Rows whose components hang together, the first ones most.
std::vector<float> dependent_rows(std::size_t count, std::size_t dimension, std::uint64_t seed = 1) {
  const auto mixed = support::random_vector(seed, dimension * dimension);
  const auto sources = support::random_vector(seed + 1, count * dimension);
  std::vector<float> rows(count * dimension);
  for (std::size_t row = 0; row < count; ++row) {
    for (std::size_t i = 0; i < dimension; ++i) {
      double sum = 3;
      for (std::size_t j = 0; j < dimension; ++j) {
        sum += static_cast<double>(sources[row * dimension + j]) * static_cast<double>(mixed[j * dimension + i]) /
               static_cast<double>(1 + j);
      }
      rows[row * dimension + i] = static_cast<float>(sum);
    }
  }
  return rows;
}

bool same(const learned_rotation& a, const learned_rotation& b) {
  return a.dimension() == b.dimension() && a.padded() == b.padded() &&
         std::memcmp(a.columns(), b.columns(), a.dimension() * a.padded() * sizeof(float)) == 0;
}

}  // namespace

  TEST_CASE("train: orthogonal to 10^-5, of the dimension rounded up to a multiple of the parts") {
    support::on_each_target([] {
      for (const std::size_t dimension : {1U, 2U, 9U, 24U}) {
        const auto rows = dependent_rows(300, dimension);
        for (const std::size_t parts : {1U, 2U, 7U, 24U}) {
          for (const std::uint32_t rounds : {0U, 3U}) {
            if (parts > dimension) continue;
            const auto made = learned_rotation::train(dense(rows.data(), 300, dimension),
                                                      {.parts = parts, .bits = 4, .rounds = rounds});
            REQUIRE(made.ok());
            const learned_rotation& map = made.value();
            CHECK(map.dimension() == dimension);
            CHECK(map.padded() == (dimension + parts - 1) / parts * parts);
            CHECK(map.orthogonality_error().value() <= 1e-5F);
            double most = 0;
            for (std::size_t i = 0; i < dimension; ++i) {
              for (std::size_t j = 0; j < dimension; ++j) {
                double product = 0;
                for (std::size_t column = 0; column < map.padded(); ++column) {
                  const float* const of = map.columns() + column * dimension;
                  product += static_cast<double>(of[i]) * static_cast<double>(of[j]);
                }
                most = std::max(most, std::abs(product - (i == j ? 1 : 0)));
              }
            }
            CHECK(most <= 1e-5);
          }
        }
      }
    });
  }

  TEST_CASE("train: after it product quantisation loses less, also after rounds") {
    const std::size_t dimension = 24;
    const auto rows = dependent_rows(3000, dimension);
    const matrix_view view = dense(rows.data(), 3000, dimension);
    const auto lost = [&](const matrix_view& of) {
      const auto pq = atlas::product_quantizer::train(of, {.parts = 6, .bits = 4}).value();
      return pq.error_of(of).value().mean_squared;
    };
    const auto after = [&](std::uint32_t rounds) {
      const auto map = learned_rotation::train(view, {.parts = 6, .bits = 4, .rounds = rounds}).value();
      std::vector<float> turned(3000 * map.padded());
      REQUIRE(map.apply(view, turned.data()).ok());
      return lost(dense(turned.data(), 3000, map.padded()));
    };
    const double unturned = lost(view);
    CHECK(after(0) < 0.8 * unturned);
    CHECK(after(10) < 0.8 * unturned);
  }

  TEST_CASE("train: the same with any number of threads; rows that are all alike, tiny or huge work") {
    const auto rows = dependent_rows(700, 10);
    opq_options options{.parts = 3, .bits = 4, .rounds = 2, .sample_rows = 300};
    const matrix_view view = dense(rows.data(), 700, 10);
    support::on_each_target([&] {
      options.threads = 1;
      const auto want = learned_rotation::train(view, options).value();
      for (const unsigned threads : {3U, 0U}) {
        options.threads = threads;
        CHECK(same(learned_rotation::train(view, options).value(), want));
      }
    });
    for (const float scale : {0.0F, 1e-37F, 1e37F}) {
      auto scaled = rows;
      for (float& each : scaled) each *= scale;
      const auto made = learned_rotation::train(dense(scaled.data(), 700, 10), options);
      REQUIRE(made.ok());
      CHECK(made.value().orthogonality_error().value() <= 1e-5F);
    }
  }

  TEST_CASE("train: what does not fit is refused, with both values where there are two; it ends where it is told to") {
    const auto rows = dependent_rows(300, 9);
    const matrix_view view = dense(rows.data(), 300, 9);
    const auto refused = [](const matrix_view& of, const opq_options& options, errc code) {
      const auto made = learned_rotation::train(of, options);
      CHECK(support::failed_as(made, code));
      return support::error_line(made);
    };
    CHECK(refused(view, {}, errc::invalid_argument) == "invalid argument: parts: expected at least 1, found 0");
    CHECK(refused(view, {.parts = 10}, errc::invalid_argument) ==
          "invalid argument: parts: expected at most the dimension 9, found 10");
    CHECK(refused(view, {.parts = 3, .bits = 6}, errc::invalid_argument) ==
          "invalid argument: bits: expected 4 or 8, found 6");
    CHECK(refused(view, {.parts = 3, .rounds = 1001}, errc::invalid_argument) ==
          "invalid argument: rounds: expected 0 to 1000, found 1001");
    CHECK(refused(view.subrows(0, 100), {.parts = 3}, errc::invalid_argument) ==
          "invalid argument: rows.rows: expected at least 256, found 100");
    CHECK(refused(view, {.parts = 3, .sample_rows = 255}, errc::invalid_argument) ==
          "invalid argument: sample_rows: expected at least 256, found 255");
    CHECK(refused({}, {.parts = 1}, errc::invalid_argument) != "");
    CHECK(refused({nullptr, 300, 9, 9}, {.parts = 3}, errc::invalid_argument) != "");
    CHECK(refused({rows.data(), 300, 9, 8}, {.parts = 3}, errc::dimension_mismatch) != "");
    auto broken = rows;
    broken[33 * 9] = std::numeric_limits<float>::quiet_NaN();
    const auto made = learned_rotation::train(dense(broken.data(), 300, 9), {.parts = 3});
    REQUIRE(support::failed_as(made, errc::not_finite));
    CHECK(made.error().row == 33);
    for (std::uint64_t last = 1; last <= 4; ++last) {
      std::uint64_t calls = 0;
      const auto note = [&](std::uint64_t done, std::uint64_t total) {
        CHECK(done == ++calls);
        CHECK(total == 4);
        return done != last;
      };
      CHECK(refused(view, {.parts = 3, .bits = 4, .rounds = 3, .on_progress = note}, errc::cancelled) != "");
      CHECK(calls == last);
    }
  }

  TEST_CASE("apply: within the stated bound of float64, one row and many; a refused call writes nothing") {
    const auto rows = dependent_rows(300, 21);
    const matrix_view view = dense(rows.data(), 300, 21);
    const auto map = learned_rotation::train(view, {.parts = 4, .bits = 4}).value();
    REQUIRE(map.padded() == 24);
    support::on_each_target([&] {
      std::vector<float> many(300 * 24);
      std::vector<float> threads(300 * 24);
      REQUIRE(map.apply(view, many.data()).ok());
      REQUIRE(map.apply(view, threads.data(), 3).ok());
      CHECK(many == threads);
      std::size_t wrong = 0;
      for (std::size_t row = 0; row < 300; ++row) {
        float one[24];
        map.apply(view.row(row), one);
        const double length = std::sqrt(support::dot_float64(view.row(row), view.row(row), 21));
        for (std::size_t i = 0; i < 24; ++i) {
          const double want = support::dot_float64(view.row(row), map.columns() + i * 21, 21);
          const double bound = 29 * std::ldexp(length, -24) * 1.01;
          wrong += std::abs(static_cast<double>(one[i]) - want) <= bound ? 0U : 1U;
          wrong += std::abs(static_cast<double>(many[row * 24 + i]) - want) <= bound ? 0U : 1U;
        }
      }
      CHECK(wrong == 0);
    });
    std::vector<float> out(24, -77.0F);
    CHECK(support::failed_as(map.apply(dense(rows.data(), 1, 20), out.data()), errc::dimension_mismatch));
    CHECK(support::says_both(map.apply(dense(rows.data(), 1, 20), out.data())));
    CHECK(support::failed_as(map.apply({nullptr, 1, 21, 21}, out.data()), errc::invalid_argument));
    CHECK(support::failed_as(map.apply(view, nullptr), errc::invalid_argument));
    auto within = rows;
    CHECK(support::failed_as(map.apply(dense(within.data(), 2, 21), within.data() + 30), errc::invalid_argument));
    CHECK(within == rows);
    CHECK(out == std::vector<float>(24, -77.0F));
    CHECK(map.apply(matrix_view{}, nullptr, 1).ok());
  }

  TEST_CASE("apply: a row alone is turned to the same bits on each target") {
    for (const std::size_t dimension : {7U, 16U, 21U, 40U}) {
      const auto rows = dependent_rows(300, dimension);
      const auto map = learned_rotation::train(dense(rows.data(), 300, dimension), {.parts = 3, .bits = 4}).value();
      std::vector<float> want(map.padded());
      map.apply(rows.data(), want.data());
      support::on_each_target([&] {
        std::vector<float> out(map.padded());
        map.apply(rows.data(), out.data());
        CHECK(out == want);
      });
    }
  }

  TEST_CASE("apply_inverse turns back what apply gave, and the nearest rotated vector of any numbers") {
    for (const std::size_t dimension : {7U, 16U, 37U}) {
      const auto rows = dependent_rows(300, dimension);
      const auto map = learned_rotation::train(dense(rows.data(), 300, dimension), {.parts = 4, .bits = 4}).value();
      const auto vector = support::random_vector(1, dimension);
      const auto any = support::random_vector(2, map.padded());
      std::vector<float> turned(map.padded());
      std::vector<float> back(dimension + 1, 9.0F);
      map.apply(vector.data(), turned.data());
      map.apply_inverse(turned.data(), back.data());
      for (std::size_t i = 0; i < dimension; ++i) CHECK(back[i] == doctest::Approx(vector[i]).epsilon(1e-4).scale(1));
      CHECK(back[dimension] == 9.0F);
      // An inverse of an orthogonal map keeps products: <P x, w> = <x, inverse w>.
      map.apply_inverse(any.data(), back.data());
      double before = 0;
      double after = 0;
      for (std::size_t i = 0; i < map.padded(); ++i) before += static_cast<double>(turned[i]) * static_cast<double>(any[i]);
      for (std::size_t i = 0; i < dimension; ++i) after += static_cast<double>(vector[i]) * static_cast<double>(back[i]);
      CHECK(before == doctest::Approx(after).epsilon(1e-4).scale(1));
      // Many at once, with gaps between them.
      const auto many = support::random_vector(3, 90 * (map.padded() + 3));
      const atlas::matrix_view numbers{many.data(), 90, map.padded(), map.padded() + 3};
      std::vector<float> out(90 * dimension + 1, 9.0F);
      REQUIRE(map.apply_inverse(numbers, out.data(), 2).ok());
      CHECK(out.back() == 9.0F);
      std::vector<float> one(dimension);
      for (const std::size_t row : {0U, 47U, 89U}) {
        map.apply_inverse(numbers.row(row), one.data());
        for (std::size_t i = 0; i < dimension; ++i) CHECK(out[row * dimension + i] == doctest::Approx(one[i]).epsilon(1e-4).scale(1));
      }
      CHECK(support::failed_as(map.apply_inverse(dense(many.data(), 2, map.padded() - 1), out.data()), errc::dimension_mismatch));
      CHECK(support::failed_as(map.apply_inverse({many.data(), 2, map.padded(), map.padded() - 1}, out.data()), errc::dimension_mismatch));
      CHECK(support::failed_as(map.apply_inverse({nullptr, 2, map.padded(), map.padded()}, out.data()), errc::invalid_argument));
      CHECK(support::failed_as(map.apply_inverse(numbers, nullptr), errc::invalid_argument));
    }
  }

  TEST_CASE("save, load: the same rotation; what is cut, changed or made up is refused") {
    const auto rows = dependent_rows(300, 7);
    const auto map = learned_rotation::train(dense(rows.data(), 300, 7), {.parts = 4, .bits = 4}).value();
    const support::image_bytes image = support::image_of(map);
    const auto loaded = support::load_image<learned_rotation>(image);
    REQUIRE(loaded.ok());
    CHECK(same(loaded.value(), map));
    CHECK(support::image_of(loaded.value()) == image);
    support::refuses_damage<learned_rotation>(image);
  }

  TEST_CASE("load: what would lengthen a component is refused; that others are at right angles is not checked") {
    const auto rows = dependent_rows(300, 5);
    const auto map = learned_rotation::train(dense(rows.data(), 300, 5), {.parts = 3, .bits = 4}).value();
    const support::image_bytes image = support::image_of(map);
    CHECK(map.orthogonality_error().value() < 1e-5F);
    for (const float number : {1e30F, 2.0F, -1.1F}) {
      const auto loaded = support::load_image<learned_rotation>(support::with_number(image, 7, number));
      REQUIRE(support::failed_as(loaded, errc::corrupt_file));
      CHECK(loaded.error().row == 2);  // component 2 of column 1
    }
    const auto zeros = support::with_header(support::image_bytes(image.size(), std::byte{0}), support::header_of(image));
    CHECK(support::failed_as(support::load_image<learned_rotation>(zeros), errc::corrupt_file));
    // All components become the same one.
    auto same_rows = image;
    for (std::size_t i = 0; i < 5 * 6; ++i) same_rows = support::with_number(same_rows, i, i < 5 ? 1.0F : 0.0F);
    const auto loaded = support::load_image<learned_rotation>(same_rows);
    REQUIRE(loaded.ok());
    CHECK(std::abs(loaded->orthogonality_error().value() - 1.0F) < 1e-5F);
    const float ones[5] = {1, 1, 1, 1, 1};
    float out[6];
    loaded->apply(ones, out);
    CHECK(out[0] == 5.0F);
    CHECK(out[1] == 0.0F);
  }
}
