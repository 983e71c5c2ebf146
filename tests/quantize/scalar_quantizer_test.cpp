// SPDX-License-Identifier: Apache-2.0
// tests/quantize/scalar_quantizer_test.cpp -- mirrors include/atlas/quantize/scalar_quantizer.hpp, and
// scalar_training.hpp below it.
#include <atlas/quantize/scalar_quantizer.hpp>

#include "support/damaged_image.hpp"
#include "support/error_line.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

TEST_SUITE("scalar_quantizer") {
namespace {

using atlas::dense;
using atlas::errc;
using atlas::matrix_view;
using atlas::scalar_quantizer;
using atlas::sq_options;

/// Bell-shaped numbers: sums of twelve even ones.
std::vector<float> bell_shaped(std::uint64_t seed, std::size_t count) {
  const auto even = support::random_vector(seed, 12 * count);
  std::vector<float> numbers(count, 0.0F);
  for (std::size_t i = 0; i < even.size(); ++i) numbers[i / 12] += even[i] / 2;
  return numbers;
}

double squared_error(const std::vector<float>& numbers, const atlas::detail::scalar_range& range, float largest) {
  double sum = 0;
  for (const float number : numbers) {
    double least = std::numeric_limits<double>::infinity();
    for (float code = 0; code <= largest; ++code) {
      const double stands_for =
          static_cast<double>(range.lower) + static_cast<double>(range.step) * static_cast<double>(code);
      least = std::min(least, std::pow(static_cast<double>(number) - stands_for, 2));
    }
    sum += least;
  }
  return sum / static_cast<double>(numbers.size());
}

bool same(const scalar_quantizer& a, const scalar_quantizer& b) {
  if (a.dimension() != b.dimension() || a.bits() != b.bits()) return false;
  for (std::size_t i = 0; i < a.dimension(); ++i) {
    if (a.lower(i) != b.lower(i) || a.step(i) != b.step(i)) return false;
  }
  return true;
}

}  // namespace

  TEST_CASE("fit_range: at most the error of the whole range, and near the best there is for bell-shaped numbers") {
    const auto numbers = bell_shaped(1, 4000);  // of variance 1
    // Max, "Quantizing for minimum distortion", IRE Trans. Inf. Theory 6, 1960, table II: 16 even steps 0.01154.
    const auto four = atlas::detail::fit_range(numbers.data(), numbers.size(), 15.0F);
    CHECK(squared_error(numbers, four, 15.0F) <= 0.0122);
    for (const float largest : {15.0F, 255.0F}) {
      const auto [least, greatest] = std::minmax_element(numbers.begin(), numbers.end());
      const auto whole = atlas::detail::scalar_range::of(
          static_cast<double>(*least),
          (static_cast<double>(*greatest) - static_cast<double>(*least)) / static_cast<double>(largest));
      const auto fitted = atlas::detail::fit_range(numbers.data(), numbers.size(), largest);
      CHECK(squared_error(numbers, fitted, largest) <= squared_error(numbers, whole, largest));
    }
  }

  TEST_CASE("fit_range: outliers are left out where steps would widen more than they are worth, and only there") {
    for (const float outlier : {4.0F, 15.0F, 40.0F, 1000.0F}) {
      for (const std::size_t period : {20U, 4000U}) {
        CAPTURE(outlier);
        CAPTURE(period);
        auto numbers = bell_shaped(2, 1000);
        for (std::size_t i = 7; i < 1000; i += period) numbers[i] = outlier;
        double least = std::numeric_limits<double>::infinity();
        for (double lower = -4; lower <= -1; lower += 0.25) {
          for (double upper = 1; upper <= 1100; upper *= 1.05) {
            const auto range = atlas::detail::scalar_range::of(lower, (upper - lower) / 15);
            least = std::min(least, squared_error(numbers, range, 15.0F));
          }
        }
        CHECK(squared_error(numbers, atlas::detail::fit_range(numbers.data(), 1000, 15.0F), 15.0F) <= 1.25 * least);
      }
    }
    // Two values alone, however far apart and rare the second is, are met exactly.
    std::vector<float> two(4000, 1.0F);
    two[5] = 1e6F;
    CHECK(squared_error(two, atlas::detail::fit_range(two.data(), 4000, 15.0F), 15.0F) <= 1e-3);
  }

  TEST_CASE("train, encode, decode: each component by its own range, the nearest code of it") {
    const std::size_t dimension = 13;
    auto numbers = bell_shaped(3, 1000 * dimension);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const auto at = static_cast<float>(i % dimension);
      numbers[i] = numbers[i] * std::exp2(at - 6) + 100 * at;
      if (i % dimension == 4) numbers[i] = -7.0F;  // one that is always the same
    }
    const matrix_view view = dense(numbers.data(), 1000, dimension);
    for (const unsigned bits : {4U, 8U}) {
      const auto sq = scalar_quantizer::train(view, {.bits = bits}).value();
      CHECK(sq.dimension() == dimension);
      CHECK(sq.bits() == bits);
      CHECK(sq.code_bytes() == (bits == 4 ? 7 : 13));
      CHECK(sq.step(4) == 0.0F);
      std::vector<std::uint8_t> all(1000 * sq.code_bytes());
      REQUIRE(sq.encode(view, all.data(), 2).ok());
      std::size_t wrong = 0;
      for (std::size_t row = 0; row < 1000; ++row) {
        std::vector<std::uint8_t> codes(sq.code_bytes() + 1, 0xEE);
        float decoded[dimension];
        sq.encode(view.row(row), codes.data());
        wrong += codes.back() == 0xEE ? 0U : 1U;
        sq.decode(codes.data(), decoded);
        for (std::size_t i = 0; i + 1 < codes.size(); ++i)
          wrong += codes[i] == all[row * sq.code_bytes() + i] ? 0U : 1U;
        for (std::size_t i = 0; i < dimension; ++i) {
          const unsigned code = bits == 8 ? codes[i] : i % 2 == 0 ? codes[i / 2] % 16U : codes[i / 2] / 16U;
          const double step = static_cast<double>(sq.step(i));
          const double stands_for = static_cast<double>(sq.lower(i)) + step * code;
          wrong += std::abs(static_cast<double>(decoded[i]) - stands_for) <= std::ldexp(1500.0, -23) ? 0U : 1U;
          const double off = std::abs(static_cast<double>(view.row(row)[i]) - stands_for);
          const bool is_end = code == 0 || code == (bits == 8 ? 255 : 15);
          wrong += is_end || off <= step * 0.501 + std::ldexp(1500.0, -23) ? 0U : 1U;
        }
      }
      CHECK(wrong == 0);
      const auto error = sq.error_of(view).value();
      CHECK(error.share < (bits == 8 ? 1e-4 : 1e-2));
      CHECK(error.mean_squared > 0);
    }
  }

  TEST_CASE("encode: what is out of the range is its end, NaN is code 0; any bytes are decoded") {
    std::vector<float> numbers;
    for (std::size_t i = 0; i < 256; ++i) numbers.push_back(static_cast<float>(i));
    const auto sq = scalar_quantizer::train(dense(numbers.data(), 256, 1), {}).value();
    CHECK(sq.lower(0) == 0.0F);
    CHECK(sq.step(0) == 1.0F);
    const auto code_of = [&](float number) {
      std::uint8_t code = 0xEE;
      sq.encode(&number, &code);
      return static_cast<int>(code);
    };
    CHECK(code_of(-1e30F) == 0);
    CHECK(code_of(1e30F) == 255);
    CHECK(code_of(std::numeric_limits<float>::infinity()) == 255);
    CHECK(code_of(std::numeric_limits<float>::quiet_NaN()) == 0);
    CHECK(code_of(100.4F) == 100);
    CHECK(code_of(100.6F) == 101);
    const std::uint8_t any = 0xC7;
    float out = 0;
    sq.decode(&any, &out);
    CHECK(out == 199.0F);
  }

  TEST_CASE("encode: numbers that lie farther apart than the largest float have their codes") {
    const std::vector<float> numbers{-3e38F, 3e38F, 0.0F, 1e38F};
    const auto sq = scalar_quantizer::train(dense(numbers.data(), 4, 1), {}).value();
    const auto lower = static_cast<double>(sq.lower(0));
    const auto step = static_cast<double>(sq.step(0));
    CHECK(step > 2e36);
    for (const float number : {-3e38F, -1e38F, 0.0F, 5e37F, 1e38F, 2.5e38F, 3e38F}) {
      std::uint8_t code = 0;
      float decoded = 0;
      sq.encode(&number, &code);
      sq.decode(&code, &decoded);
      CHECK(code == static_cast<std::uint8_t>(std::lround((static_cast<double>(number) - lower) / step)));
      CHECK(std::abs(static_cast<double>(decoded) - static_cast<double>(number)) <= 0.501 * step);
    }
    // And of the smallest the difference is not lost: steps of 2^-126 are the narrowest.
    std::vector<float> small;
    for (int i = 0; i < 256; ++i) small.push_back(std::ldexp(static_cast<float>(i), -126));
    const auto narrow = scalar_quantizer::train(dense(small.data(), 256, 1), {}).value();
    CHECK(narrow.step(0) == std::ldexp(1.0F, -126));
    for (std::size_t i = 0; i < 256; ++i) {
      std::uint8_t code = 0;
      narrow.encode(&small[i], &code);
      CHECK(code == i);
    }
  }

  TEST_CASE("train: the ends of all rows count, also of those that are not in the sample") {
    std::vector<float> numbers(3000, 0.0F);
    numbers[1234] = 255.0F;
    const auto sq = scalar_quantizer::train(dense(numbers.data(), 3000, 1), {.sample_rows = 10}).value();
    CHECK(sq.lower(0) == 0.0F);
    CHECK(std::abs(sq.lower(0) + 255 * sq.step(0) - 255) <= 1e-3F);
  }

  TEST_CASE("train: the same with any number of threads; numbers that are huge, tiny or all alike work") {
    const auto numbers = bell_shaped(4, 500 * 9);
    sq_options options{.bits = 4, .sample_rows = 100};
    const matrix_view view = dense(numbers.data(), 500, 9);
    const auto want = scalar_quantizer::train(view, options).value();
    for (const unsigned threads : {2U, 0U}) {
      options.threads = threads;
      CHECK(same(scalar_quantizer::train(view, options).value(), want));
    }
    for (const float scale : {0.0F, 1e-44F, 1e-38F, 5e37F}) {
      for (const unsigned bits : {4U, 8U}) {
        auto scaled = numbers;
        for (float& each : scaled) each *= scale;
        const auto sq = scalar_quantizer::train(dense(scaled.data(), 500, 9), {.bits = bits}).value();
        for (std::size_t i = 0; i < 9; ++i) {
          CHECK(std::isfinite(sq.lower(i)));
          CHECK(std::isfinite(sq.step(i)));
        }
        CHECK(std::isfinite(sq.error_of(dense(scaled.data(), 500, 9)).value().share));
        CHECK(support::load_image<scalar_quantizer>(support::image_of(sq)).ok());
      }
    }
  }

  TEST_CASE("train, encode: what does not fit is refused; it ends where it is told to") {
    const auto numbers = bell_shaped(5, 50 * 6);
    const matrix_view view = dense(numbers.data(), 50, 6);
    const auto refused = [](const matrix_view& of, const sq_options& options, errc code) {
      const auto made = scalar_quantizer::train(of, options);
      CHECK(support::failed_as(made, code));
      return support::error_line(made);
    };
    CHECK(refused(view, {.bits = 5}, errc::invalid_argument) == "invalid argument: bits: expected 4 or 8, found 5");
    CHECK(refused(view, {.sample_rows = 0}, errc::invalid_argument) ==
          "invalid argument: sample_rows: expected at least 1, found 0");
    CHECK(refused({}, {}, errc::invalid_argument) == "invalid argument: rows.rows: expected at least 1, found 0");
    CHECK(refused({nullptr, 50, 6, 6}, {}, errc::invalid_argument) != "");
    CHECK(refused({numbers.data(), 50, 6, 5}, {}, errc::dimension_mismatch) != "");
    auto broken = numbers;
    broken[7 * 6 + 5] = std::numeric_limits<float>::infinity();
    const auto made = scalar_quantizer::train(dense(broken.data(), 50, 6), {});
    REQUIRE(support::failed_as(made, errc::not_finite));
    CHECK(made.error().row == 7);
    const auto stop = [](std::uint64_t done, std::uint64_t total) { return done < 3 && total == 6; };
    CHECK(refused(view, {.on_progress = stop}, errc::cancelled) != "");
    const auto sq = scalar_quantizer::train(view, {}).value();
    std::vector<std::uint8_t> codes(12, 0xEE);
    CHECK(support::failed_as(sq.encode(dense(numbers.data(), 2, 5), codes.data()), errc::dimension_mismatch));
    CHECK(support::failed_as(sq.encode({nullptr, 2, 6, 6}, codes.data()), errc::invalid_argument));
    CHECK(support::failed_as(sq.encode(view, nullptr), errc::invalid_argument));
    CHECK(codes == std::vector<std::uint8_t>(12, 0xEE));
  }

  TEST_CASE("save, load: the same quantiser; what is cut, changed or made up is refused") {
    const auto numbers = bell_shaped(6, 100 * 7);
    for (const unsigned bits : {4U, 8U}) {
      const auto sq = scalar_quantizer::train(dense(numbers.data(), 100, 7), {.bits = bits}).value();
      const support::image_bytes image = support::image_of(sq);
      const auto loaded = support::load_image<scalar_quantizer>(image);
      REQUIRE(loaded.ok());
      CHECK(same(loaded.value(), sq));
      CHECK(support::image_of(loaded.value()) == image);
      support::refuses_damage<scalar_quantizer>(image);
      for (const float step : {-1.0F, -0.0F, 1e-40F}) {
        CHECK(support::failed_as(support::load_image<scalar_quantizer>(support::with_number(image, 3, step)),
                                 errc::corrupt_file));
      }
    }
  }
}
