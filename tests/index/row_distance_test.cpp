// SPDX-License-Identifier: Apache-2.0
// tests/index/row_distance_test.cpp -- mirrors include/atlas/index/row_distance.hpp.
#include <atlas/index/row_distance.hpp>

#include <atlas/core/memory.hpp>

#include "support/error_line.hpp"
#include "support/stored_numbers.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

using atlas::errc;
using atlas::metric;
using atlas::scalar;
using atlas::detail::all_finite;
using atlas::detail::checked_inverse_norm;
using support::failed_as;

TEST_SUITE("index") {
  TEST_CASE("row_layout: a row is the fewest cache lines that hold it, and under cosine its norm") {
    const auto stride = [](std::size_t dimension, metric which) { return atlas::row_layout(dimension, which).stride_bytes; };
    CHECK(stride(1, metric::l2sq) == 64);
    CHECK(stride(16, metric::l2sq) == 64);
    CHECK(stride(16, metric::inner_product) == 64);
    CHECK(stride(16, metric::cosine) == 128);
    CHECK(stride(15, metric::cosine) == 64);
    CHECK(stride(17, metric::l2sq) == 128);
    CHECK(stride(65'535, metric::cosine) == 262'144);
  }

  TEST_CASE("all_finite: sees NaN and infinity anywhere, and nothing else") {
    for (const std::size_t count : {1U, 7U, 16U, 100U}) {
      std::vector<float> values(count, std::numeric_limits<float>::max());
      CHECK(all_finite(values.data(), count));
      for (std::size_t at = 0; at < count; ++at) {
        for (const std::uint32_t bits : {0x7F800000U, 0xFF800000U, 0x7F800001U, 0x7FC00000U, 0xFFFFFFFFU}) {
          values[at] = std::bit_cast<float>(bits);
          CHECK_FALSE(all_finite(values.data(), count));
        }
        for (const std::uint32_t bits : {0U, 0x80000000U, 1U, 0x807FFFFFU, 0x7F7FFFFFU, 0xFF7FFFFFU}) {
          values[at] = std::bit_cast<float>(bits);
          CHECK(all_finite(values.data(), count));
        }
      }
    }
    CHECK(all_finite(nullptr, 0));
  }

  TEST_CASE("checked_inverse_norm: right to the last bits for every length whose square a float holds, else refused") {
    for (const float scale : {1e-17F, 1e-15F, 1.0F, 1e15F, 1e18F, 3.5e18F}) {
      CAPTURE(scale);
      const float vector[2] = {3 * scale, 4 * scale};
      const auto inverse = checked_inverse_norm(vector, 2, metric::cosine);
      REQUIRE(inverse.ok());
      CHECK(std::abs(static_cast<double>(*inverse) * 5.0 * static_cast<double>(scale) - 1.0) < 1e-6);
    }
    const float zero[2] = {0.0F, -0.0F};
    CHECK(failed_as(checked_inverse_norm(zero, 2, metric::cosine), errc::zero_vector));
    CHECK(*checked_inverse_norm(zero, 2, metric::l2sq) == 1.0F);
    const float smallest[2] = {std::numeric_limits<float>::denorm_min(), 0};
    CHECK(failed_as(checked_inverse_norm(smallest, 2, metric::cosine), errc::limit_exceeded));
    const float largest[2] = {std::numeric_limits<float>::max(), 0};
    CHECK(failed_as(checked_inverse_norm(largest, 2, metric::cosine), errc::limit_exceeded));
    const float bad[2] = {1, std::numeric_limits<float>::quiet_NaN()};
    for (const metric which : {metric::l2sq, metric::inner_product, metric::cosine}) {
      CHECK(failed_as(checked_inverse_norm(bad, 2, which), errc::not_finite));
    }
  }

  TEST_CASE("row_layout: of every stored scalar, components, the norm behind them at whole words, zeros up to whole lines") {
    for (const scalar stored : support::row_scalars) {
      for (const metric which : {metric::l2sq, metric::inner_product, metric::cosine}) {
        for (const std::size_t dimension : {1U, 2U, 3U, 15U, 16U, 17U, 31U, 32U, 60U, 61U, 64U, 65U, 100U}) {
          CAPTURE(std::string(atlas::name(stored)));
          CAPTURE(dimension);
          const atlas::row_layout layout(dimension, which, stored);
          const std::size_t bytes = support::bytes_of(stored, dimension);
          CHECK(layout.norm_offset == (bytes + 3) / 4 * 4);
          CHECK(layout.stride_bytes % 64 == 0);
          CHECK(layout.stride_bytes >= layout.norm_offset + (which == metric::cosine ? 4U : 0U));
          CHECK(layout.stride_bytes < layout.norm_offset + (which == metric::cosine ? 4U : 0U) + 64);
          const auto given = support::storable_numbers(stored, dimension, dimension);
          std::vector<std::byte> row(layout.stride_bytes + 8, std::byte{0xEE});
          layout.write(row.data(), given.data(), 0.25F);
          for (std::size_t i = 0; i < dimension; ++i) {
            CHECK(support::component(stored, row.data(), i) == static_cast<double>(support::stored_number(stored, given[i])));
          }
          std::size_t not_zero = 0;
          for (std::size_t at = bytes; at < layout.stride_bytes; ++at) {
            const bool is_norm = which == metric::cosine && at >= layout.norm_offset && at < layout.norm_offset + 4;
            if (!is_norm && row[at] != std::byte{0}) ++not_zero;
          }
          CHECK(not_zero == 0);
          if (which == metric::cosine) CHECK(layout.inverse_norm(row.data(), 0) == 0.25F);
          for (std::size_t at = layout.stride_bytes; at < row.size(); ++at) CHECK(row[at] == std::byte{0xEE});
          std::vector<float> got(dimension + 2, -77.0F);
          layout.read(row.data(), got.data());
          for (std::size_t i = 0; i < dimension; ++i) CHECK(got[i] == support::stored_number(stored, given[i]));
          CHECK(got[dimension] == -77.0F);
        }
      }
    }
  }

  TEST_CASE("row_layout: between stored rows the distance is the same bits in either order") {
    for (const scalar stored : support::row_scalars) {
      for (const metric which : {metric::l2sq, metric::inner_product, metric::cosine}) {
        const std::size_t dimension = 37;
        const std::size_t rows = 40;
        const atlas::row_layout layout(dimension, which, stored);
        const auto given = support::storable_numbers(stored, 3, rows * dimension);
        atlas::buffer<std::byte> block;
        REQUIRE(block.resize(rows * layout.stride_bytes).ok());
        for (std::size_t row = 0; row < rows; ++row) {
          const auto kept = support::stored_numbers(stored, {given.begin() + static_cast<std::ptrdiff_t>(row * dimension), given.begin() + static_cast<std::ptrdiff_t>((row + 1) * dimension)});
          layout.write(block.data() + row * layout.stride_bytes, given.data() + row * dimension, *checked_inverse_norm(kept.data(), dimension, which));
        }
        const auto distance = [&](std::uint32_t from, std::uint32_t to) {
          float out = 0;
          const float scale = which == metric::cosine ? layout.inverse_norm(block.data(), from) : 1.0F;
          layout.gather(layout.row(block.data(), from), stored, scale, block.data(), &to, 1, &out);
          return out;
        };
        std::size_t different = 0;
        for (std::uint32_t a = 0; a < rows; ++a) {
          for (std::uint32_t b = 0; b < rows; ++b) different += distance(a, b) == distance(b, a) ? 0U : 1U;
        }
        CHECK(different == 0);
      }
    }
  }

  TEST_CASE("check_storable: whole numbers of the range for bytes, finite ones for halves, anything for float") {
    const auto fits = [](scalar stored, float value) {
      const float vector[3] = {0, value, 1};
      const auto said = atlas::detail::check_storable(vector, 3, stored);
      if (!said.ok()) {
        CHECK(failed_as(said, errc::limit_exceeded));
        CHECK(support::says_both(said));
      }
      return said.ok();
    };
    for (int value = -300; value <= 300; ++value) {
      CHECK(fits(scalar::i8, static_cast<float>(value)) == (value >= -128 && value <= 127));
      CHECK(fits(scalar::u8, static_cast<float>(value)) == (value >= 0 && value <= 255));
      CHECK_FALSE(fits(scalar::i8, static_cast<float>(value) + 0.5F));
      CHECK_FALSE(fits(scalar::u8, static_cast<float>(value) + 0.25F));
    }
    for (const float value : {1e9F, -1e9F, 3e38F, -3e38F, 2147483648.0F, -2147483904.0F, 1e-40F}) {
      CHECK_FALSE(fits(scalar::i8, value));
      CHECK_FALSE(fits(scalar::u8, value));
      CHECK(fits(scalar::f32, value));
      CHECK(fits(scalar::f16, value) == (std::abs(value) < 1));
      CHECK(fits(scalar::bf16, value));
    }
    CHECK(fits(scalar::f16, 65504.0F));
    CHECK_FALSE(fits(scalar::f16, std::nextafter(65504.0F, 1e9F)));
    CHECK(fits(scalar::bf16, 0x1.FEp127F));
    CHECK_FALSE(fits(scalar::bf16, std::nextafter(0x1.FEp127F, std::numeric_limits<float>::infinity())));
    CHECK(fits(scalar::f32, std::numeric_limits<float>::max()));
    for (const scalar stored : {scalar::f32, scalar::f16, scalar::bf16, scalar::i8, scalar::u8}) CHECK(atlas::detail::is_row_scalar(stored));
    CHECK_FALSE(atlas::detail::is_row_scalar(scalar::b1));
    CHECK_FALSE(atlas::detail::is_row_scalar(static_cast<scalar>(6)));
  }
}
