// SPDX-License-Identifier: Apache-2.0
// tests/index/row_distance_test.cpp -- mirrors include/atlas/index/row_distance.hpp.
#include <atlas/index/row_distance.hpp>

#include "support/error_line.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

using atlas::errc;
using atlas::metric;
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
}
