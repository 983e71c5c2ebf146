// SPDX-License-Identifier: Apache-2.0
// tests/simd/kernel_entries_bits_test.cpp -- include/atlas/simd/kernel_entries.hpp: hamming, jaccard and
// common_bits are exact for every number of bits, on each instruction set of this CPU.
#include <atlas/simd/kernel_entries.hpp>

#include <atlas/simd/kernel_table.hpp>

#include "support/components.hpp"
#include "support/each_target.hpp"
#include "support/guarded_array.hpp"
#include "support/row_entries.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

TEST_SUITE("simd") {
namespace {

using support::byte_vector;
using support::exact_sums;
using support::guard;
using support::row_entry;

/// One more than the rows that any target takes at once.
constexpr std::size_t row_count = 9;

/// Checks each kernel on vectors of `dimension` bits out of longer random ones: what lies in the last byte beyond
/// them, and in the gap between rows, is noise. `density` of 8 bits are set, about.
void check_shape(std::size_t dimension, unsigned density, guard where) {
  const std::size_t vector_bytes = (dimension + 7) / 8;
  const std::size_t stride_bytes = vector_bytes + 3;
  const auto noise = [&](std::uint64_t seed, std::size_t count) {
    byte_vector values = support::random_components(seed, atlas::scalar::b1, support::filling::wide, count * 8);
    const byte_vector mask =
        support::random_components(seed + 100, atlas::scalar::b1, support::filling::wide, count * 8);
    for (std::size_t i = 0; i < count && density != 4; ++i) {
      values[i] = static_cast<std::uint8_t>(density < 4 ? values[i] & mask[i] : values[i] | mask[i]);
    }
    return values;
  };
  const support::guarded_array<std::uint8_t> query(noise(dimension, vector_bytes), where);
  // The last row has no gap behind it.
  const support::guarded_array<std::uint8_t> rows(noise(dimension + 1, (row_count - 1) * stride_bytes + vector_bytes),
                                                  where);
  std::vector<exact_sums> sums;
  for (std::size_t row = 0; row < row_count; ++row) {
    sums.push_back(
        support::sums_of(support::bit_entries()[0], query.data(), rows.data() + row * stride_bytes, dimension));
  }
  support::on_each_target([&] {
    for (const row_entry& entry : support::bit_entries()) {
      float out[row_count];
      entry.kernel()(query.data(), rows.data(), stride_bytes, nullptr, row_count, dimension, out);
      for (std::size_t row = 0; row < row_count; ++row) {
        const float wanted = support::rounded_answer(entry.what, sums[row]);
        CAPTURE(entry.name);
        CAPTURE(dimension);
        CAPTURE(row);
        if (out[row] != wanted) CHECK(out[row] == wanted);
      }
    }
  });
}

}  // namespace

  TEST_CASE("bits: exact for 1 to 1,100 bits, whatever lies beyond the last, each end at an unreadable page") {
    for (std::size_t dimension = 1; dimension <= 1100; ++dimension) {
      check_shape(dimension, 4, dimension % 2 == 0 ? guard::behind : guard::before);
      if (dimension <= 70 || dimension % 64 < 2)
        check_shape(dimension, 4, dimension % 2 == 0 ? guard::before : guard::behind);
    }
  }

  TEST_CASE("bits: exact for long vectors, few bits set or most") {
    for (std::size_t dimension = 1101; dimension <= atlas::max_dimension; dimension += 1009) {
      check_shape(dimension, static_cast<unsigned>(dimension % 3) * 2 + 2, guard::behind);
    }
    // Up to 1,536 bits a count of 64 bits at a time fits a byte.
    for (const std::size_t dimension : {1102U, 1279U, 1280U, 1500U, 1535U, 1536U, 1537U}) {
      check_shape(dimension, 6, guard::behind);
    }
    for (std::size_t dimension = atlas::max_dimension - 8; dimension <= atlas::max_dimension; ++dimension) {
      check_shape(dimension, 6, guard::behind);
    }
  }

  TEST_CASE("bits: no sum overflows where all bits are set") {
    const byte_vector ones(8192, 0xFF);
    const byte_vector zeros(8192, 0x00);
    // Wherever a byte, or a register of bytes, may be full.
    std::vector<std::size_t> dimensions = {16320, 16321, 32768, atlas::max_dimension};
    for (std::size_t blocks = 1; blocks <= 72; ++blocks) {
      for (std::size_t dimension = 64 * blocks - 1; dimension <= 64 * blocks + 1; ++dimension)
        dimensions.push_back(dimension);
    }
    support::on_each_target([&] {
      const auto entries = support::bit_entries();
      const row_entry& hamming = entries[0];
      const row_entry& jaccard = entries[1];
      const row_entry& common = entries[2];
      for (const std::size_t dimension : dimensions) {
        CAPTURE(dimension);
        const auto all = static_cast<float>(dimension);
        const auto gives = [dimension](const row_entry& entry, const byte_vector& query, const byte_vector& row,
                                       float wanted) {
          bool right = true;
          for (const float found : entry.in_groups(query.data(), row.data(), dimension)) {
            right = right && found == wanted;
          }
          return right;
        };
        CHECK(gives(hamming, ones, zeros, all));
        CHECK(gives(hamming, ones, ones, 0.0F));
        CHECK(gives(common, ones, ones, all));
        CHECK(gives(common, ones, zeros, 0.0F));
        CHECK(gives(jaccard, ones, ones, 0.0F));
        CHECK(gives(jaccard, ones, zeros, 1.0F));
        CHECK(gives(jaccard, zeros, zeros, 0.0F));
      }
    });
  }

  TEST_CASE("jaccard: rounded once, from double") {
    // 1 of 3 bits: 1 - 1/3 in double, then to float. 1 - float(1/3) would be another number.
    const byte_vector one = {0x01};
    const byte_vector three = {0x07};
    // Bit 7 and above lie beyond the dimension of 3.
    const byte_vector noisy = {0xF7};
    support::on_each_target([&] {
      const row_entry jaccard = support::bit_entries()[1];
      CHECK(jaccard.one(one.data(), three.data(), 3) == static_cast<float>(1.0 - 1.0 / 3.0));
      CHECK(jaccard.one(noisy.data(), one.data(), 3) == static_cast<float>(1.0 - 1.0 / 3.0));
      CHECK(jaccard.one(noisy.data(), three.data(), 3) == 0.0F);
    });
  }
}
