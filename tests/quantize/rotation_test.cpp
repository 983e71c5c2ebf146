// SPDX-License-Identifier: Apache-2.0
// tests/quantize/rotation_test.cpp -- mirrors include/atlas/quantize/rotation.hpp, and its kernel in
// include/atlas/simd/kernel_entries.hpp.
#include <atlas/quantize/rotation.hpp>

#include "support/damaged_image.hpp"
#include "support/each_target.hpp"
#include "support/error_line.hpp"
#include "support/guarded_array.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

TEST_SUITE("rotation") {
namespace {

using atlas::rotation;

std::vector<std::size_t> dimensions() {
  std::vector<std::size_t> all;
  for (std::size_t dimension = 1; dimension <= 300; ++dimension) all.push_back(dimension);
  for (const std::size_t dimension : {512U, 784U, 1024U, 1536U, 2048U, 4096U, 5000U, 65'535U}) all.push_back(dimension);
  return all;
}

/// The rotation as its documentation says it, in double.
std::vector<double> rotated_float64(std::vector<double> numbers, const std::uint8_t* signs) {
  const std::size_t padded = numbers.size();
  const std::size_t power = std::bit_floor(padded);
  for (std::size_t round = 0; round < 4; ++round) {
    for (std::size_t i = 0; i < padded; ++i) {
      const std::size_t bit = round * padded + i;
      if ((signs[bit / 8] >> (bit % 8)) % 2 == 1) numbers[i] = -numbers[i];
    }
    double* const span = numbers.data() + (round % 2 == 0 ? 0 : padded - power);
    for (std::size_t half = 1; half < power; half *= 2) {
      for (std::size_t i = 0; i < power; ++i) {
        if (i / half % 2 == 1) continue;
        const double a = span[i];
        const double b = span[i + half];
        span[i] = a + b;
        span[i + half] = a - b;
      }
    }
    for (std::size_t i = 0; i < power; ++i) span[i] /= std::sqrt(static_cast<double>(power));
    if (power == padded) continue;
    for (std::size_t i = 0; i < padded / 2; ++i) {
      const double a = numbers[i];
      const double b = numbers[i + padded / 2];
      numbers[i] = (a + b) / std::sqrt(2.0);
      numbers[i + padded / 2] = (a - b) / std::sqrt(2.0);
    }
  }
  return numbers;
}

/// vector * scale - centre and zeros.
std::vector<double> centred(const std::vector<float>& vector, float scale, const std::vector<float>& centre,
                            std::size_t padded) {
  std::vector<double> numbers(padded, 0.0);
  for (std::size_t i = 0; i < vector.size(); ++i) {
    numbers[i] = static_cast<double>(vector[i]) * static_cast<double>(scale) - static_cast<double>(centre[i]);
  }
  return numbers;
}

double length(const std::vector<double>& numbers) {
  double sum = 0;
  for (const double number : numbers) sum += number * number;
  return std::sqrt(sum);
}
/// Of each component: of the transform, and of what it starts from.
double bound_of(double length, std::size_t dimension, std::size_t padded) {
  return std::ldexp(
      4 * (std::log2(static_cast<double>(padded)) + 4) * length + 4 * std::sqrt(static_cast<double>(dimension)), -24);
}

std::vector<float> applied(const rotation& map, const std::vector<float>& vector) {
  const std::vector<float> zeros(map.dimension(), 0.0F);
  std::vector<float> out(map.padded());
  map.apply(vector.data(), 1.0F, zeros.data(), out.data());
  return out;
}

double product(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

}  // namespace

  TEST_CASE("create: a dimension of 1 to 65,535, padded to a multiple of 8") {
    for (const std::size_t dimension : {1U, 7U, 8U, 9U, 784U, 65'535U}) {
      const auto made = rotation::create(dimension, 1);
      REQUIRE(made.ok());
      CHECK(made.value().dimension() == dimension);
      CHECK(made.value().padded() == (dimension + 7) / 8 * 8);
    }
    CHECK(support::failed_as(rotation::create(0, 1), atlas::errc::invalid_argument));
    CHECK(support::says_both(rotation::create(0, 1)));
    CHECK(support::failed_as(rotation::create(65'536, 1), atlas::errc::limit_exceeded));
    CHECK(support::says_both(rotation::create(65'536, 1)));
  }

  TEST_CASE("rotate: within the stated bound of float64, of signs that any bits are; no other memory is touched") {
    support::on_each_target([] {
      std::mt19937_64 random(1);
      for (const std::size_t dimension : dimensions()) {
        CAPTURE(dimension);
        const std::size_t padded = (dimension + 7) / 8 * 8;
        std::vector<std::uint8_t> bits(padded / 2);
        for (std::uint8_t& byte : bits) byte = static_cast<std::uint8_t>(random() & 0xFF);
        const auto vector = support::random_vector(dimension, dimension);
        const auto centre = support::random_vector(dimension + 1, dimension);
        const auto start = centred(vector, 0.75F, centre, padded);
        const auto want = rotated_float64(start, bits.data());
        const double bound = bound_of(length(start), dimension, padded);
        for (const auto where : {support::guard::behind, support::guard::before}) {
          const support::guarded_array<std::uint8_t> signs(bits, where);
          const support::guarded_array<float> from(vector, where);
          const support::guarded_array<float> common(centre, where);
          support::guarded_array<float> out(padded, where);
          atlas::kernels().rotate(from.data(), 0.75F, common.data(), dimension, padded, signs.data(), out.data());
          std::size_t wrong = 0;
          for (std::size_t i = 0; i < padded; ++i) {
            wrong += std::abs(static_cast<double>(out.data()[i]) - want[i]) <= bound ? 0U : 1U;
          }
          CHECK(wrong == 0);
        }
      }
    });
  }

  TEST_CASE("apply: the rotation that the seed says, the same on each instruction set but for rounding") {
    for (const std::size_t dimension : {5U, 100U, 128U, 784U}) {
      for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{42}, ~std::uint64_t{0}}) {
        const rotation map = rotation::create(dimension, seed).value();
        // Files depend on it: bit b of the signs is bit b % 64 of the (b / 64)th number of splitmix64.
        std::vector<std::uint64_t> words((map.padded() / 2 + 7) / 8);
        for (std::size_t word = 0; word < words.size(); ++word) {
          words[word] = atlas::mix64(seed + (word + 1) * 0x9E3779B97F4A7C15U);
        }
        std::vector<std::uint8_t> signs(words.size() * 8);
        std::memcpy(signs.data(), words.data(), signs.size());
        const auto vector = support::random_vector(3, dimension);
        const auto centre = support::random_vector(4, dimension);
        const auto start = centred(vector, 2.0F, centre, map.padded());
        const auto want = rotated_float64(start, signs.data());
        support::on_each_target([&] {
          std::vector<float> out(map.padded());
          std::vector<float> again(map.padded());
          map.apply(vector.data(), 2.0F, centre.data(), out.data());
          rotation::create(dimension, seed).value().apply(vector.data(), 2.0F, centre.data(), again.data());
          CHECK(std::memcmp(out.data(), again.data(), out.size() * sizeof(float)) == 0);
          std::size_t wrong = 0;
          for (std::size_t i = 0; i < out.size(); ++i) {
            wrong += std::abs(static_cast<double>(out[i]) - want[i]) <= bound_of(length(start), dimension, map.padded())
                         ? 0U
                         : 1U;
          }
          CHECK(wrong == 0);
        });
      }
    }
    const auto vector = support::random_vector(5, 64);
    CHECK(applied(rotation::create(64, 1).value(), vector) != applied(rotation::create(64, 2).value(), vector));
  }

  TEST_CASE("apply: unit vectors stay of length 1 and orthogonal") {
    support::on_each_target([] {
      for (const std::size_t dimension : {1U, 2U, 8U, 9U, 16U, 24U, 31U, 40U, 72U, 100U}) {
        CAPTURE(dimension);
        const rotation map = rotation::create(dimension, 6).value();
        std::vector<std::vector<float>> columns;
        for (std::size_t i = 0; i < dimension; ++i) {
          std::vector<float> unit(dimension, 0.0F);
          unit[i] = 1.0F;
          columns.push_back(applied(map, unit));
        }
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < dimension; ++i) {
          for (std::size_t j = 0; j <= i; ++j) {
            wrong += std::abs(product(columns[i], columns[j]) - (i == j ? 1 : 0)) <= 1e-5 ? 0U : 1U;
          }
        }
        CHECK(wrong == 0);
      }
    });
  }

  TEST_CASE("apply: lengths and inner products stay, and no component keeps much of one") {
    support::on_each_target([] {
      for (const std::size_t dimension : {64U, 100U, 384U, 784U, 1536U, 4096U}) {
        CAPTURE(dimension);
        const rotation map = rotation::create(dimension, 7).value();
        const auto a = support::random_vector(8, dimension);
        const auto b = support::random_vector(9, dimension);
        const auto rotated_a = applied(map, a);
        const auto rotated_b = applied(map, b);
        const double bound = 1e-6 * static_cast<double>(dimension);
        CHECK(std::abs(product(rotated_a, rotated_a) - product(a, a)) <= bound);
        CHECK(std::abs(product(rotated_a, rotated_b) - product(a, b)) <= bound);
        std::vector<float> unit(dimension, 0.0F);
        unit[dimension / 3] = 1.0F;
        // A normal number of variance 1 / D is above six standard deviations once in 5 * 10^8.
        for (const float each : applied(map, unit)) {
          CHECK(static_cast<double>(std::abs(each)) <= 6 / std::sqrt(static_cast<double>(map.padded())));
        }
      }
    });
  }

  TEST_CASE("apply_inverse turns back what apply gave, and the nearest rotated vector of any numbers") {
    for (const std::size_t dimension : dimensions()) {
      if (dimension > 300 && dimension != 784 && dimension != 5000) continue;
      const auto turn = rotation::create(dimension, dimension).value();
      const auto vector = support::random_vector(dimension, dimension);
      const std::vector<float> zeros(dimension, 0.0F);
      std::vector<float> numbers(turn.padded());
      turn.apply(vector.data(), 1.0F, zeros.data(), numbers.data());
      turn.apply_inverse(numbers.data());
      double squares = 0;
      double off = 0;
      for (std::size_t i = 0; i < turn.padded(); ++i) {
        const double wanted = i < dimension ? static_cast<double>(vector[i]) : 0.0;
        squares += wanted * wanted;
        off = std::max(off, std::abs(static_cast<double>(numbers[i]) - wanted));
      }
      CHECK(off <= 1e-5 * std::sqrt(squares));
      // An inverse of an orthogonal map keeps products: <P x, w> = <x, inverse w>.
      const auto any = support::random_vector(dimension + 1, turn.padded());
      std::vector<float> turned(turn.padded());
      turn.apply(vector.data(), 1.0F, zeros.data(), turned.data());
      std::vector<float> back = any;
      turn.apply_inverse(back.data());
      double before = 0;
      double after = 0;
      for (std::size_t i = 0; i < turn.padded(); ++i) before += static_cast<double>(turned[i]) * static_cast<double>(any[i]);
      for (std::size_t i = 0; i < dimension; ++i) after += static_cast<double>(vector[i]) * static_cast<double>(back[i]);
      CHECK(before == doctest::Approx(after).epsilon(1e-4).scale(static_cast<double>(dimension)));
    }
  }

  TEST_CASE("save, load: the same rotation; what is cut, changed or made up is refused") {
    for (const std::size_t dimension : {1U, 21U, 784U}) {
      const auto turn = rotation::create(dimension, 7 + dimension).value();
      const support::image_bytes image = support::image_of(turn);
      const auto loaded = support::load_image<rotation>(image);
      REQUIRE(loaded.ok());
      CHECK(support::image_of(*loaded) == image);
      const auto vector = support::random_vector(1, dimension);
      const std::vector<float> zeros(dimension, 0.0F);
      std::vector<float> want(turn.padded());
      std::vector<float> found(loaded->padded());
      turn.apply(vector.data(), 1.0F, zeros.data(), want.data());
      loaded->apply(vector.data(), 1.0F, zeros.data(), found.data());
      CHECK(found == want);
      support::refuses_damage<rotation>(image);
    }
  }
}
