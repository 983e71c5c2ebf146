// SPDX-License-Identifier: Apache-2.0
// tests/simd/kernel_entries_test.cpp -- mirrors include/atlas/simd/kernel_entries.hpp: each promise, for
// each kernel, on each instruction set of this CPU.
#include <atlas/simd/kernel_entries.hpp>

#include <atlas/simd/kernel_table.hpp>

#include "support/each_target.hpp"
#include "support/guarded_floats.hpp"
#include "support/reference.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace {

using atlas::kernel_table;
using atlas::kernels;

using one_to_one = decltype(kernel_table::l2sq_f32);
using one_to_rows = decltype(kernel_table::l2sq_rows_f32);
using one_to_gathered = decltype(kernel_table::l2sq_gather_f32);

struct family {
  const char* name;
  one_to_one kernel_table::*pair;
  one_to_rows kernel_table::*rows;
  one_to_gathered kernel_table::*gather;
};
constexpr family families[] = {
    {"l2sq", &kernel_table::l2sq_f32, &kernel_table::l2sq_rows_f32, &kernel_table::l2sq_gather_f32},
    {"dot", &kernel_table::dot_f32, &kernel_table::dot_rows_f32, &kernel_table::dot_gather_f32},
};

/// 0 to 140: every remainder of every vector width and of four vectors at once; then around larger blocks.
std::vector<std::size_t> dimensions() {
  std::vector<std::size_t> all;
  for (std::size_t dimension = 0; dimension <= 140; ++dimension) all.push_back(dimension);
  for (const std::size_t near : {192U, 256U, 384U, 768U, 1024U, 1536U}) {
    for (std::size_t dimension = near - 1; dimension <= near + 1; ++dimension) all.push_back(dimension);
  }
  return all;
}

bool same_bits(float left, float right) { return std::memcmp(&left, &right, sizeof left) == 0; }

bool same(float left, float right) { return same_bits(left, right) || (std::isnan(left) && std::isnan(right)); }

}  // namespace

TEST_SUITE("simd") {
  TEST_CASE("kernels: no pointer is null") {
    support::on_each_target([] {
      for (const family& which : families) {
        CHECK((kernels().*which.pair != nullptr));
        CHECK((kernels().*which.rows != nullptr));
        CHECK((kernels().*which.gather != nullptr));
      }
    });
  }

  TEST_CASE("l2sq, dot: agree with a float64 sum within the promised bound") {
    support::on_each_target([] {
      for (const std::size_t dimension : dimensions()) {
        CAPTURE(dimension);
        const auto a = support::random_vector(dimension, dimension);
        const auto b = support::random_vector(dimension + 10'000, dimension);
        const double l2sq = support::l2sq_float64(a.data(), b.data(), dimension);
        const double dot = support::dot_float64(a.data(), b.data(), dimension);
        CHECK(std::abs(kernels().l2sq_f32(a.data(), b.data(), dimension) - l2sq) <=
              support::l2sq_bound(l2sq, dimension));
        CHECK(std::abs(kernels().dot_f32(a.data(), b.data(), dimension) - dot) <=
              support::dot_bound(a.data(), b.data(), dimension));
      }
    });
  }

  TEST_CASE("l2sq, dot: exact where float32 is, on every instruction set") {
    support::on_each_target([] {
      for (const std::size_t dimension : dimensions()) {
        CAPTURE(dimension);
        const auto a = support::random_integers(dimension, dimension, 20);
        const auto b = support::random_integers(dimension + 1, dimension, 20);
        CHECK(kernels().l2sq_f32(a.data(), b.data(), dimension) ==
              support::l2sq_float64(a.data(), b.data(), dimension));
        CHECK(kernels().dot_f32(a.data(), b.data(), dimension) == support::dot_float64(a.data(), b.data(), dimension));
      }
    });
  }

  TEST_CASE("l2sq, dot: the same bits in either order, and for a vector with itself") {
    support::on_each_target([] {
      for (const std::size_t dimension : dimensions()) {
        CAPTURE(dimension);
        const auto a = support::random_vector(3, dimension);
        const auto b = support::random_vector(4, dimension);
        for (const family& which : families) {
          const one_to_one pair = kernels().*which.pair;
          CHECK(same_bits(pair(a.data(), b.data(), dimension), pair(b.data(), a.data(), dimension)));
        }
        CHECK(same_bits(kernels().l2sq_f32(a.data(), a.data(), dimension), 0.0F));
      }
    });
  }

  TEST_CASE("rows, gather: the same bits as one to one, for any count, stride and alignment") {
    constexpr std::size_t row_count = 23;
    support::on_each_target([] {
      for (const family& which : families) {
        for (const std::size_t dimension : {0U, 1U, 3U, 4U, 5U, 8U, 15U, 16U, 17U, 31U, 33U, 64U, 100U, 127U, 384U}) {
          for (const std::size_t gap : {0U, 1U, 5U, 16U}) {
            for (const std::size_t offset : {0U, 1U, 3U}) {
              CAPTURE(which.name);
              CAPTURE(dimension);
              CAPTURE(gap);
              CAPTURE(offset);
              const std::size_t stride = dimension + gap;
              const auto storage = support::random_vector(7, offset + row_count * stride);
              const auto query_storage = support::random_vector(8, offset + dimension);
              const float* rows = storage.data() + offset;
              const float* query = query_storage.data() + offset;
              for (const std::size_t count : {0U, 1U, 2U, 3U, 4U, 5U, 7U, 8U, 9U, 15U, 16U, 17U, 23U}) {
                CAPTURE(count);
                std::vector<float> out(count + 1, -77.0F);
                (kernels().*which.rows)(query, rows, stride * sizeof(float), count, dimension, out.data());
                bool all_same = true;
                for (std::size_t row = 0; row < count; ++row) {
                  all_same = all_same && same(out[row], (kernels().*which.pair)(query, rows + row * stride, dimension));
                }
                CHECK(all_same);
                CHECK(out[count] == -77.0F);

                const auto ids = support::random_ids(9 + count, count, row_count);
                std::vector<float> gathered(count + 1, -77.0F);
                (kernels().*which.gather)(query, rows, stride * sizeof(float), ids.data(), count, dimension,
                                          gathered.data());
                all_same = true;
                for (std::size_t i = 0; i < count; ++i) {
                  all_same =
                      all_same && same(gathered[i], (kernels().*which.pair)(query, rows + ids[i] * stride, dimension));
                }
                CHECK(all_same);
                CHECK(gathered[count] == -77.0F);
              }
            }
          }
        }
      }
    });
  }

  TEST_CASE("every kernel: a stride of zero bytes repeats the first row") {
    support::on_each_target([] {
      const auto query = support::random_vector(1, 40);
      const auto row = support::random_vector(2, 40);
      for (const family& which : families) {
        float out[9];
        (kernels().*which.rows)(query.data(), row.data(), 0, 9, 40, out);
        for (const float distance : out) CHECK(same(distance, (kernels().*which.pair)(query.data(), row.data(), 40)));
      }
    });
  }

  TEST_CASE("every kernel: the whole range of ids reaches its row") {
    // Four bytes a row: the last id is 16 GiB from the first row, further than 32-bit arithmetic goes.
    // Rows are named from the far end, so that only the memory that exists is read.
    support::on_each_target([] {
      const std::vector<float> storage = {3.0F, 5.0F};
      const float query = 2.0F;
      const std::uint32_t ids[] = {0xFFFFFFFEU, 0xFFFFFFFDU};
      const auto first = reinterpret_cast<std::uintptr_t>(storage.data()) - std::uintptr_t{0xFFFFFFFDU} * sizeof(float);
      float out[2];
      kernels().l2sq_gather_f32(&query, reinterpret_cast<const void*>(first), sizeof(float), ids, 2, 1, out);
      CHECK(out[0] == 9.0F);
      CHECK(out[1] == 1.0F);
    });
  }

  TEST_CASE("every kernel: nothing outside a vector is read") {
    support::on_each_target([] {
      for (const auto where : {support::guarded_floats::guard::behind, support::guarded_floats::guard::before}) {
        for (const std::size_t dimension : dimensions()) {
          CAPTURE(dimension);
          // Five dense rows: the last one ends (or the first one begins) at the unreadable page.
          const auto values = support::random_vector(5, 5 * dimension);
          const auto query_values = support::random_vector(6, dimension);
          const support::guarded_floats rows(values, where);
          const support::guarded_floats query(query_values, where);
          const std::uint32_t ids[] = {4, 0, 3, 1, 2};
          for (const family& which : families) {
            float out[5];
            float gathered[5];
            (kernels().*which.rows)(query.data(), rows.data(), dimension * sizeof(float), 5, dimension, out);
            (kernels().*which.gather)(query.data(), rows.data(), dimension * sizeof(float), ids, 5, dimension,
                                      gathered);
            for (std::size_t i = 0; i < 5; ++i) {
              CHECK(same(gathered[i], out[ids[i]]));
              CHECK(same(out[i], (kernels().*which.pair)(query.data(), rows.data() + i * dimension, dimension)));
            }
          }
        }
      }
    });
  }

  TEST_CASE("every kernel: buffers that end with their heap block, for the sanitizers") {
    support::on_each_target([] {
      for (std::size_t dimension = 1; dimension <= 70; ++dimension) {
        const std::vector<float> query(dimension, 1.0F);
        const std::vector<float> rows(3 * dimension, 2.0F);
        const std::vector<std::uint32_t> ids = {2, 1, 0};
        std::vector<float> out(3);
        for (const family& which : families) {
          const float want = static_cast<float>(which.pair == &kernel_table::dot_f32 ? 2 * dimension : dimension);
          (kernels().*which.rows)(query.data(), rows.data(), dimension * sizeof(float), 3, dimension, out.data());
          CHECK(out == std::vector<float>(3, want));
          (kernels().*which.gather)(query.data(), rows.data(), dimension * sizeof(float), ids.data(), 3, dimension,
                                    out.data());
          CHECK(out == std::vector<float>(3, want));
        }
      }
    });
  }

  TEST_CASE("every kernel: NaN in any component gives NaN, in its row alone") {
    support::on_each_target([] {
      for (const std::size_t dimension : {1U, 3U, 5U, 9U, 17U, 31U, 47U, 70U, 100U}) {
        for (std::size_t at = 0; at < dimension; ++at) {
          auto rows = support::random_vector(1, 6 * dimension);
          rows[4 * dimension + at] = std::numeric_limits<float>::quiet_NaN();
          const auto query = support::random_vector(2, dimension);
          const std::uint32_t ids[] = {5, 4, 3, 2, 1, 0};
          for (const family& which : families) {
            float out[6];
            (kernels().*which.rows)(query.data(), rows.data(), dimension * sizeof(float), 6, dimension, out);
            bool right = true;
            for (std::size_t row = 0; row < 6; ++row) right = right && std::isnan(out[row]) == (row == 4);
            (kernels().*which.gather)(query.data(), rows.data(), dimension * sizeof(float), ids, 6, dimension, out);
            for (std::size_t i = 0; i < 6; ++i) right = right && std::isnan(out[i]) == (ids[i] == 4);
            const float* bad = rows.data() + 4 * dimension;
            right = right && std::isnan((kernels().*which.pair)(query.data(), bad, dimension));
            right = right && std::isnan((kernels().*which.pair)(bad, query.data(), dimension));
            CHECK(right);
          }
        }
      }
    });
  }

  TEST_CASE("every kernel: infinity in any component gives what IEEE 754 says, and never NaN by a mask") {
    support::on_each_target([] {
      constexpr float infinity = std::numeric_limits<float>::infinity();
      for (const std::size_t dimension : {1U, 3U, 5U, 7U, 9U, 15U, 17U, 31U, 47U, 70U, 100U}) {
        for (std::size_t at = 0; at < dimension; ++at) {
          std::vector<float> query(dimension, 1.0F);
          std::vector<float> row(dimension, 2.0F);
          row[at] = infinity;
          CHECK(kernels().l2sq_f32(query.data(), row.data(), dimension) == infinity);
          CHECK(kernels().dot_f32(query.data(), row.data(), dimension) == infinity);
          row[at] = -infinity;
          CHECK(kernels().l2sq_f32(query.data(), row.data(), dimension) == infinity);
          CHECK(kernels().dot_f32(query.data(), row.data(), dimension) == -infinity);
          query[at] = -infinity;
          CHECK(std::isnan(kernels().l2sq_f32(query.data(), row.data(), dimension)));
          CHECK(kernels().dot_f32(query.data(), row.data(), dimension) == infinity);
          query[at] = 0.0F;
          CHECK(kernels().l2sq_f32(query.data(), row.data(), dimension) == infinity);
          CHECK(std::isnan(kernels().dot_f32(query.data(), row.data(), dimension)));
        }
      }
    });
  }

  TEST_CASE("every kernel: a sum above the largest float is infinity") {
    support::on_each_target([] {
      const std::vector<float> large(37, 1e30F);
      CHECK(std::isinf(kernels().dot_f32(large.data(), large.data(), large.size())));
    });
  }
}
