// SPDX-License-Identifier: Apache-2.0
// tests/support/vectors.hpp -- seeded random vectors, the same on every machine.
#ifndef ATLAS_TESTS_SUPPORT_VECTORS_HPP
#define ATLAS_TESTS_SUPPORT_VECTORS_HPP

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace support {

/// Floats in [-1, 1), each a multiple of 2^-23. The standard fixes std::mt19937_64 but no distribution,
/// so none is used.
inline std::vector<float> random_vector(std::uint64_t seed, std::size_t size) {
  std::mt19937_64 bits(seed);
  std::vector<float> values(size);
  for (float& value : values) {
    value = static_cast<float>(static_cast<std::int64_t>(bits() >> 40) - (std::int64_t{1} << 23)) / 8388608.0F;
  }
  return values;
}

/// Rows around seven points on a line, in turn: shape [rows, dimension].
inline std::vector<float> random_rows_on_line(std::uint64_t seed, std::size_t rows, std::size_t dimension) {
  std::vector<float> values = random_vector(seed, rows * dimension);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += static_cast<float>(i / dimension % 7) * 2.0F;
  return values;
}

/// Integers in [-limit, limit] as floats: their sums of products are exact in float32 while below 2^24.
inline std::vector<float> random_integers(std::uint64_t seed, std::size_t size, int limit) {
  std::mt19937_64 bits(seed);
  std::vector<float> values(size);
  for (float& value : values) {
    value = static_cast<float>(static_cast<int>(bits() % static_cast<std::uint64_t>(2 * limit + 1)) - limit);
  }
  return values;
}

/// Numbers in [0, bound), with repetitions.
inline std::vector<std::uint32_t> random_ids(std::uint64_t seed, std::size_t size, std::uint32_t bound) {
  std::mt19937_64 bits(seed);
  std::vector<std::uint32_t> ids(size);
  for (std::uint32_t& id : ids) id = static_cast<std::uint32_t>(bits() % bound);
  return ids;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_VECTORS_HPP
