// SPDX-License-Identifier: Apache-2.0
// tests/distance/pair_distance_test.cpp -- mirrors include/atlas/distance/pair_distance.hpp.
#include <atlas/distance/pair_distance.hpp>

#include "support/components.hpp"
#include "support/each_target.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace {

constexpr double unit = 0x1p-24;

/// Float64 sums over the numbers as stored.
struct exact {
  double l2sq = 0;
  double dot = 0;
  double absolute_dot = 0;
  double a_squared = 0;
  double b_squared = 0;

  exact(const std::vector<double>& a, const std::vector<double>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      l2sq += (a[i] - b[i]) * (a[i] - b[i]);
      dot += a[i] * b[i];
      absolute_dot += std::abs(a[i] * b[i]);
      a_squared += a[i] * a[i];
      b_squared += b[i] * b[i];
    }
  }
  [[nodiscard]] double cosine() const {
    return a_squared == 0 || b_squared == 0 ? 1.0 : 1.0 - dot / std::sqrt(a_squared * b_squared);
  }
};

/// Dimensions around every vector width, and a long one with a tail.
constexpr std::size_t dimensions[] = {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 127, 129, 768, 1021};

template <class Query, class Row>
void check_bounds() {
  constexpr atlas::scalar query = atlas::scalar_of<Query>;
  constexpr atlas::scalar row = atlas::scalar_of<Row>;
  CAPTURE(atlas::name(query));
  CAPTURE(atlas::name(row));
  constexpr bool are_integers = query == row && (row == atlas::scalar::i8 || row == atlas::scalar::u8);
  support::on_each_target([&] {
    for (const std::size_t dimension : dimensions) {
      CAPTURE(dimension);
      const auto a_bytes = support::random_components(1, query, support::filling::wide, dimension);
      const auto b_bytes = support::random_components(2, row, support::filling::wide, dimension);
      const auto* a = reinterpret_cast<const Query*>(a_bytes.data());
      const auto* b = reinterpret_cast<const Row*>(b_bytes.data());
      const exact want(support::values_of(query, a, dimension), support::values_of(row, b, dimension));
      const float l2sq = atlas::l2sq(a, b, dimension);
      const float inner_product = atlas::inner_product(a, b, dimension);
      const float cosine = atlas::cosine(a, b, dimension);
      if constexpr (are_integers) {
        CHECK(l2sq == static_cast<float>(want.l2sq));
        CHECK(inner_product == 1.0F - static_cast<float>(want.dot));
        CHECK(std::abs(static_cast<double>(cosine) - want.cosine()) <= 4 * unit);
      } else {
        const double terms = static_cast<double>(dimension);
        CHECK(std::abs(static_cast<double>(l2sq) - want.l2sq) <= (terms + 3) * unit * want.l2sq);
        CHECK(std::abs(static_cast<double>(inner_product) - (1.0 - want.dot)) <= (terms + 4) * unit * (1 + want.absolute_dot));
        CHECK(std::abs(static_cast<double>(cosine) - want.cosine()) <= 2 * (terms + 4) * unit);
      }
      if constexpr (query == row) {
        CHECK(atlas::l2sq(b, a, dimension) == l2sq);
        CHECK(atlas::inner_product(b, a, dimension) == inner_product);
        CHECK(atlas::cosine(b, a, dimension) == cosine);
      }
    }
  });
}

template <class Value>
void check_not_a_number(Value bad, Value ordinary) {
  support::on_each_target([&] {
    for (const std::size_t dimension : {1U, 17U, 64U}) {
      std::vector<Value> a(dimension, ordinary);
      const std::vector<Value> b(dimension, ordinary);
      a.back() = bad;  // in the tail, where masks go wrong
      for (const bool is_turned : {false, true}) {
        const Value* one = is_turned ? b.data() : a.data();
        const Value* other = is_turned ? a.data() : b.data();
        CHECK_FALSE(std::isfinite(atlas::l2sq(one, other, dimension)));
        CHECK_FALSE(std::isfinite(atlas::inner_product(one, other, dimension)));
        CHECK(std::isnan(atlas::cosine(one, other, dimension)));
      }
    }
  });
}

}  // namespace

TEST_SUITE("distance") {
  TEST_CASE("l2sq, inner_product, cosine: within the promised bounds for each scalar") {
    check_bounds<float, float>();
    check_bounds<atlas::f16, atlas::f16>();
    check_bounds<atlas::bf16, atlas::bf16>();
    check_bounds<std::int8_t, std::int8_t>();
    check_bounds<std::uint8_t, std::uint8_t>();
  }

  TEST_CASE("l2sq, inner_product, cosine: within the promised bounds for a float query and smaller rows") {
    check_bounds<float, atlas::f16>();
    check_bounds<float, atlas::bf16>();
    check_bounds<float, std::int8_t>();
    check_bounds<float, std::uint8_t>();
  }

  TEST_CASE("l2sq, inner_product, cosine: NaN and infinity come out") {
    check_not_a_number<float>(std::numeric_limits<float>::quiet_NaN(), 1.0F);
    check_not_a_number<float>(std::numeric_limits<float>::infinity(), 1.0F);
    check_not_a_number<atlas::f16>({0x7E00}, {0x3C00});
    check_not_a_number<atlas::f16>({0xFC00}, {0x3C00});
    check_not_a_number<atlas::bf16>({0x7FC0}, {0x3F80});
    check_not_a_number<atlas::bf16>({0x7F80}, {0x3F80});
  }

  TEST_CASE("inner_product: 0 for equal vectors of length 1, 1 for dimension 0") {
    const float unit_vector[2] = {0.6F, 0.8F};
    CHECK(std::abs(atlas::inner_product(unit_vector, unit_vector, 2)) <= 1e-6F);
    CHECK(atlas::inner_product(unit_vector, unit_vector, 0) == 1.0F);
    CHECK(atlas::l2sq(unit_vector, unit_vector, 0) == 0.0F);
    CHECK(atlas::cosine(unit_vector, unit_vector, 0) == 1.0F);
  }

  TEST_CASE("l2sq, inner_product: the largest sums of integers are exact at the largest dimension") {
    support::on_each_target([] {
      const std::size_t dimension = atlas::max_dimension;
      const std::vector<std::uint8_t> zeros(dimension, 0);
      const std::vector<std::uint8_t> most(dimension, 255);
      CHECK(atlas::l2sq(zeros.data(), most.data(), dimension) == static_cast<float>(65535.0 * 255 * 255));
      CHECK(atlas::inner_product(most.data(), most.data(), dimension) == 1.0F - static_cast<float>(65535.0 * 255 * 255));
      const std::vector<std::int8_t> low(dimension, -128);
      const std::vector<std::int8_t> high(dimension, 127);
      CHECK(atlas::l2sq(low.data(), high.data(), dimension) == static_cast<float>(65535.0 * 255 * 255));
      CHECK(atlas::inner_product(low.data(), high.data(), dimension) == 1.0F + static_cast<float>(65535.0 * 128 * 127));
    });
  }

  TEST_CASE("cosine: stays inside [0, 2] for parallel and opposite vectors of any length") {
    support::on_each_target([] {
      for (std::uint64_t seed = 0; seed < 100; ++seed) {
        const auto bytes = support::random_components(seed, atlas::scalar::i8, support::filling::wide, 37);
        for (const float factor : {1.0F, 3.0F, 1e-12F, 1e12F}) {
          std::vector<float> a(37);
          std::vector<float> same(37);
          std::vector<float> opposite(37);
          for (std::size_t i = 0; i < a.size(); ++i) {
            a[i] = static_cast<float>(support::component(atlas::scalar::i8, bytes.data(), i));
            same[i] = a[i] * factor;
            opposite[i] = a[i] * -factor;
          }
          const float near = atlas::cosine(a.data(), same.data(), a.size());
          CHECK(near >= 0.0F);
          CHECK(near <= 1e-5F);
          const float far = atlas::cosine(a.data(), opposite.data(), a.size());
          CHECK(far <= 2.0F);
          CHECK(far >= 2.0F - 1e-5F);
        }
      }
    });
  }

  TEST_CASE("cosine: a zero vector is at distance 1 from everything") {
    support::on_each_target([] {
      const std::vector<float> zero(19, 0.0F);
      const std::vector<float> other(19, 2.0F);
      CHECK(atlas::cosine(zero.data(), other.data(), 19) == 1.0F);
      CHECK(atlas::cosine(other.data(), zero.data(), 19) == 1.0F);
      CHECK(atlas::cosine(zero.data(), zero.data(), 19) == 1.0F);
      const std::vector<std::int8_t> bytes(19, 0);
      CHECK(atlas::cosine(other.data(), bytes.data(), 19) == 1.0F);
      CHECK(atlas::cosine(bytes.data(), bytes.data(), 19) == 1.0F);
    });
  }

  TEST_CASE("cosine: infinity or a squared length that overflows gives NaN") {
    const float ordinary[2] = {1, 2};
    const float infinite[2] = {std::numeric_limits<float>::infinity(), 1};
    const float large[2] = {1e20F, 1e20F};
    const float zero[2] = {0, 0};
    CHECK(std::isnan(atlas::cosine(ordinary, infinite, 2)));
    CHECK(std::isnan(atlas::cosine(zero, infinite, 2)));
    CHECK(std::isnan(atlas::cosine(ordinary, large, 2)));
  }

  TEST_CASE("hamming, jaccard: count bits of any dimension and none behind it") {
    support::on_each_target([] {
      for (std::size_t dimension = 0; dimension <= 1100; dimension += dimension < 70 ? 1 : 37) {
        CAPTURE(dimension);
        // Whole random bytes: the bits behind the dimension differ too.
        const auto a_bytes = support::random_components(1, atlas::scalar::b1, support::filling::wide, dimension);
        const auto b_bytes = support::random_components(2, atlas::scalar::b1, support::filling::wide, dimension);
        const auto* a = reinterpret_cast<const atlas::b1x8*>(a_bytes.data());
        const auto* b = reinterpret_cast<const atlas::b1x8*>(b_bytes.data());
        int differ = 0;
        int both = 0;
        int either = 0;
        for (std::size_t i = 0; i < dimension; ++i) {
          const bool in_a = support::component(atlas::scalar::b1, a, i) != 0;
          const bool in_b = support::component(atlas::scalar::b1, b, i) != 0;
          differ += in_a != in_b ? 1 : 0;
          both += in_a && in_b ? 1 : 0;
          either += in_a || in_b ? 1 : 0;
        }
        CHECK(atlas::hamming(a, b, dimension) == static_cast<float>(differ));
        CHECK(atlas::jaccard(a, b, dimension) == (either == 0 ? 0.0F : static_cast<float>(1.0 - double{1} * both / either)));
      }
    });
  }
}
