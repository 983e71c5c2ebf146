// SPDX-License-Identifier: Apache-2.0
// tests/quantize/product_kernels_test.cpp -- pq_products, pq_differences, pq_encode and pq4_byte_tables of
// include/atlas/simd/kernel_entries.hpp, on each instruction set of this CPU.
#include <atlas/simd/kernel_table.hpp>

#include "support/each_target.hpp"
#include "support/guarded_array.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

TEST_SUITE("product_kernels") {
namespace {

using support::guard;

struct shape {
  std::size_t parts, width, centroids;
};
constexpr shape shapes[] = {{1, 1, 16},  {1, 4, 16},  {2, 3, 16},  {3, 5, 16},  {4, 4, 16},   {5, 2, 16},  {9, 8, 16},
                            {17, 1, 16}, {1, 1, 256}, {3, 4, 256}, {5, 7, 256}, {2, 33, 256}, {1, 100, 16}};

/// The sum as documented: rounded after each operation. `volatile` keeps products and sums apart.
float sum_of(const float* query, const float* codebook, const shape& of, std::size_t part, std::size_t centroid,
             bool is_difference) {
  volatile float sum = 0.0F;
  for (std::size_t i = 0; i < of.width; ++i) {
    const float component = query[part * of.width + i];
    const float other = codebook[(part * of.width + i) * of.centroids + centroid];
    volatile float difference = component - other;
    volatile float term = is_difference ? difference * difference : component * other;
    sum = i == 0 ? term : sum + term;
  }
  return sum;
}

std::uint8_t nearest_of(const float* row, const float* codebook, const shape& of, std::size_t part) {
  std::size_t nearest = 0;
  for (std::size_t each = 1; each < of.centroids; ++each) {
    if (sum_of(row, codebook, of, part, each, true) < sum_of(row, codebook, of, part, nearest, true)) nearest = each;
  }
  return static_cast<std::uint8_t>(nearest);
}

struct byte_tables {
  float step = 0;
  double least = 0;
  std::vector<std::uint8_t> bytes;
};
byte_tables model_of(const std::vector<float>& tables) {
  byte_tables model{0.0F, 0.0, std::vector<std::uint8_t>(tables.size(), 0)};
  float range = 0;
  std::vector<float> leasts;
  for (std::size_t part = 0; part < tables.size() / 16; ++part) {
    const auto begin = tables.begin() + static_cast<std::ptrdiff_t>(part * 16);
    leasts.push_back(*std::min_element(begin, begin + 16));
    model.least += static_cast<double>(leasts.back());
    range = std::max(range, *std::max_element(begin, begin + 16) - leasts.back());
  }
  if (!(range >= std::ldexp(1.0F, -100)) || std::isinf(range)) return model;
  model.step = range / 63.0F;
  const float inverse = 1.0F / model.step;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    volatile float difference = tables[i] - leasts[i / 16];
    volatile float steps = difference * inverse;
    model.bytes[i] = static_cast<std::uint8_t>(std::min(63.0F, std::nearbyint(steps)));
  }
  return model;
}

}  // namespace

  TEST_CASE(
      "pq_products, pq_differences: sums in the order of components, rounded twice, to the bit; no other memory") {
    support::on_each_target([] {
      for (const shape& of : shapes) {
        CAPTURE(of.parts);
        CAPTURE(of.width);
        CAPTURE(of.centroids);
        const std::size_t padded = of.parts * of.width;
        for (const auto where : {guard::behind, guard::before}) {
          const support::guarded_array<float> query(support::random_vector(1, padded), where);
          const support::guarded_array<float> codebook(support::random_vector(2, padded * of.centroids), where);
          support::guarded_array<float> tables(of.parts * of.centroids, where);
          for (const bool is_difference : {false, true}) {
            const auto& table = atlas::kernels();
            (is_difference ? table.pq_differences : table.pq_products)(query.data(), codebook.data(), of.parts,
                                                                       of.width, of.centroids, tables.data());
            std::size_t wrong = 0;
            for (std::size_t i = 0; i < of.parts * of.centroids; ++i) {
              const float want =
                  sum_of(query.data(), codebook.data(), of, i / of.centroids, i % of.centroids, is_difference);
              wrong += std::memcmp(&want, tables.data() + i, sizeof want) == 0 ? 0U : 1U;
            }
            CHECK(wrong == 0);
          }
        }
      }
    });
  }

  TEST_CASE("pq_encode: the nearest by those sums, of any number of rows; nothing else is read or written") {
    support::on_each_target([] {
      for (const shape& of : shapes) {
        CAPTURE(of.parts);
        CAPTURE(of.width);
        CAPTURE(of.centroids);
        const std::size_t padded = of.parts * of.width;
        for (const std::size_t count : {0U, 1U, 2U, 3U, 4U, 5U, 31U, 32U, 33U, 37U}) {
          const support::guarded_array<float> rows(support::random_vector(3, count * padded));
          const support::guarded_array<float> codebook(support::random_vector(4, padded * of.centroids));
          const std::size_t stride = of.parts + 2;
          std::vector<std::uint8_t> codes(count * stride + 1, 0xEE);
          atlas::kernels().pq_encode(rows.data(), padded * sizeof(float), count, codebook.data(), of.parts, of.width,
                                     of.centroids, codes.data(), stride);
          std::size_t wrong = 0;
          for (std::size_t i = 0; i < codes.size(); ++i) {
            const std::size_t part = i % stride;
            const bool is_code = i < count * stride && part < of.parts;
            const std::uint8_t want =
                is_code ? nearest_of(rows.data() + i / stride * padded, codebook.data(), of, part) : std::uint8_t{0xEE};
            wrong += codes[i] == want ? 0U : 1U;
          }
          CHECK(wrong == 0);
        }
      }
    });
  }

  TEST_CASE("pq_encode: of equally near centroids the lowest; infinite distances are equal, NaN gives some centroid") {
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    support::on_each_target([&] {
      for (const std::size_t centroids : {16U, 256U}) {
        for (std::size_t first = 0; first < centroids; ++first) {
          // Centroids of 0 and 2 at and behind `first`, equally far from 1; others farther.
          std::vector<float> codebook(centroids * 2, 5.0F);
          for (std::size_t i = first; i < centroids; i += 1 + i % 3) codebook[i] = i % 2 == 0 ? 0.0F : 2.0F;
          const float row[2] = {1.0F, 5.0F};
          std::uint8_t code = 0xEE;
          atlas::kernels().pq_encode(row, sizeof row, 1, codebook.data(), 1, 2, centroids, &code, 1);
          CHECK(code == first);
        }
        const std::vector<float> far(centroids, -3e38F);
        const std::vector<float> not_numbers(centroids, nan);
        std::uint8_t codes[5] = {};
        const float rows[5] = {3e38F, 3e38F, 3e38F, 3e38F, 3e38F};
        atlas::kernels().pq_encode(rows, sizeof(float), 5, far.data(), 1, 1, centroids, codes, 1);
        for (const std::uint8_t code : codes) CHECK(code == 0);
        atlas::kernels().pq_encode(rows, sizeof(float), 5, not_numbers.data(), 1, 1, centroids, codes, 1);
        for (const std::uint8_t code : codes) CHECK(code < centroids);
      }
    });
  }

  TEST_CASE("pq4_byte_tables: steps of the largest range / 63, rounded to nearest even, to the bit; no other memory") {
    support::on_each_target([] {
      for (const std::size_t parts : {4U, 8U, 20U, 196U}) {
        for (const float scale : {1.0F, 1e-25F, 1e30F}) {
          CAPTURE(parts);
          auto numbers = support::random_vector(parts, parts * 16);
          for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] *= scale / static_cast<float>(1 + i / 16 % 5);
          const byte_tables want = model_of(numbers);
          for (const auto where : {guard::behind, guard::before}) {
            const support::guarded_array<float> tables(numbers, where);
            support::guarded_array<std::uint8_t> bytes(parts * 16, where);
            const auto found = atlas::kernels().pq4_byte_tables(tables.data(), parts, bytes.data());
            CHECK(found.step == want.step);
            CHECK(found.least == want.least);
            CHECK(std::memcmp(bytes.data(), want.bytes.data(), bytes.size()) == 0);
            CHECK(*std::max_element(want.bytes.begin(), want.bytes.end()) == 63);
          }
        }
      }
      // Halves: of a range of 63 the step is 1.
      std::vector<float> halves(64, 0.0F);
      for (std::size_t i = 0; i < 15; ++i) halves[i] = static_cast<float>(i) + 0.5F;
      halves[15] = 63.0F;
      halves[0] = 0.0F;
      std::vector<std::uint8_t> bytes(64);
      CHECK(atlas::kernels().pq4_byte_tables(halves.data(), 4, bytes.data()).step == 1.0F);
      for (std::size_t i = 1; i < 15; ++i) CHECK(bytes[i] == (i + 1) / 2 * 2);
    });
  }

  TEST_CASE("pq4_byte_tables: zeros where no range is large enough or one is not finite") {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    support::on_each_target([] {
      const auto zeros_of = [](std::vector<float> tables) {
        std::vector<std::uint8_t> bytes(tables.size(), 0xEE);
        const auto found = atlas::kernels().pq4_byte_tables(tables.data(), tables.size() / 16, bytes.data());
        CHECK(found.step == 0.0F);
        CHECK(std::count(bytes.begin(), bytes.end(), 0) == static_cast<std::ptrdiff_t>(bytes.size()));
        return found.least;
      };
      CHECK(zeros_of(std::vector<float>(64, 0.25F)) == 1.0);
      std::vector<float> tiny(64, 0.0F);
      tiny[5] = 1e-35F;
      CHECK(zeros_of(tiny) == 0.0);
      std::vector<float> wide(64, 3e38F);
      wide[17] = -3e38F;
      CHECK(zeros_of(wide) == 2 * static_cast<double>(3e38F));
      for (const float odd : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN()}) {
        for (const std::size_t place : {0U, 15U, 30U, 63U}) {
          std::vector<float> tables(64, 1.0F);
          tables[place] = odd;
          CHECK(zeros_of(tables) == 0.0);
        }
      }
    });
  }
}
