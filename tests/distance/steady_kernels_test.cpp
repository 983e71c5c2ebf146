// SPDX-License-Identifier: Apache-2.0
// tests/distance/steady_kernels_test.cpp -- mirrors include/atlas/distance/steady_kernels-inl.hpp.
#include <atlas/simd/kernel_table.hpp>

#include "support/each_target.hpp"
#include "support/guarded_array.hpp"
#include "support/reference.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <vector>

TEST_SUITE("steady_kernels") {
namespace {

/// As the kernel's contract says it, one operation after the other.
float steady_dot_model(const float* a, const float* b, std::size_t dimension) {
  volatile float sums[16] = {};
  for (std::size_t i = 0; i < dimension; ++i) {
    const volatile float product = a[i] * b[i];
    sums[i % 16] = sums[i % 16] + product;
  }
  for (std::size_t half = 8; half != 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) sums[i] = sums[i] + sums[i + half];
  }
  return sums[0];
}

}  // namespace

  TEST_CASE("steady_dot: the documented sums, bit for bit, on each target, for any number, place and order of rows") {
    for (const std::size_t dimension : {0U, 16U, 32U, 48U, 112U, 784U, 1536U}) {
      CAPTURE(dimension);
      constexpr std::size_t most = 23;
      const std::size_t stride = dimension + 16;
      const auto query = support::random_vector(1, dimension + 1);
      const auto rows = support::random_vector(2, most * stride + 1);
      std::vector<std::uint32_t> ids(most);
      for (std::size_t i = 0; i < most; ++i) ids[i] = static_cast<std::uint32_t>(i * 7 % most);
      std::vector<float> want(most);
      for (std::size_t i = 0; i < most; ++i) want[i] = steady_dot_model(query.data(), rows.data() + 1 + i * stride, dimension);
      support::on_each_target([&] {
        for (std::size_t count = 0; count <= most; ++count) {
          std::vector<float> out(count + 1, -1.0F);
          atlas::kernels().steady_dot(query.data(), rows.data() + 1, stride * sizeof(float), nullptr, count, dimension, out.data());
          CHECK(std::memcmp(out.data(), want.data(), count * sizeof(float)) == 0);
          CHECK(out[count] == -1.0F);
          atlas::kernels().steady_dot(query.data(), rows.data() + 1, stride * sizeof(float), ids.data(), count, dimension, out.data());
          for (std::size_t i = 0; i < count; ++i) CHECK(out[i] == want[ids[i]]);
        }
      });
    }
  }

  TEST_CASE("steady_dot: NaN in, NaN out, and only in its row") {
    std::vector<float> rows(5 * 32, 1.0F);
    const std::vector<float> query(32, 2.0F);
    rows[3 * 32 + 31] = std::numeric_limits<float>::quiet_NaN();
    support::on_each_target([&] {
      float out[5];
      atlas::kernels().steady_dot(query.data(), rows.data(), 32 * sizeof(float), nullptr, 5, 32, out);
      for (std::size_t i = 0; i < 5; ++i) CHECK(std::isnan(out[i]) == (i == 3));
      CHECK(out[4] == 64.0F);
    });
  }
}
