// SPDX-License-Identifier: Apache-2.0
// tests/support/stored_numbers.hpp -- what an index keeps of the numbers it is given, for every scalar that it stores, and
// how far the distances of its answers may be from those of these numbers.
#ifndef ATLAS_TESTS_SUPPORT_STORED_NUMBERS_HPP
#define ATLAS_TESTS_SUPPORT_STORED_NUMBERS_HPP

#include <atlas/distance/scalar.hpp>

#include "support/components.hpp"
#include "support/index_model.hpp"
#include "support/reference.hpp"
#include "support/vectors.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace support {

inline constexpr atlas::scalar row_scalars[] = {atlas::scalar::f32, atlas::scalar::f16, atlas::scalar::bf16, atlas::scalar::i8,
                                                atlas::scalar::u8};

/// The nearest number of a format, ties to even. @pre no overflow
inline double rounded(const binary_format& format, double value) {
  if (value == 0.0) return value;
  const int exponent = std::max(std::ilogb(value), 1 - format.bias);
  return std::ldexp(std::nearbyint(std::ldexp(value, format.fraction_bits - exponent)), exponent - format.fraction_bits);
}
/// The number as it is stored. @pre the scalar holds it
inline float stored_number(atlas::scalar stored, float value) {
  const auto wide = static_cast<double>(value);
  if (stored == atlas::scalar::f16) return static_cast<float>(rounded(binary16, wide));
  if (stored == atlas::scalar::bf16) return static_cast<float>(rounded(bfloat16, wide));
  return value;
}
inline std::vector<float> stored_numbers(atlas::scalar stored, std::vector<float> values) {
  for (float& value : values) value = stored_number(stored, value);
  return values;
}

/// `size` numbers that the scalar holds, of its whole range if it is of bytes, else of [-1, 1) and to be rounded.
inline std::vector<float> storable_numbers(atlas::scalar stored, std::uint64_t seed, std::size_t size) {
  if (is_float(stored)) return random_vector(seed, size);
  std::mt19937_64 bits(seed);
  std::vector<float> values(size);
  const float least = stored == atlas::scalar::i8 ? -128.0F : 0.0F;
  for (float& value : values) value = least + static_cast<float>(bits() % 256);
  return values;
}

/// How far an index's float distance may be from the one of the stored numbers in float64: the kernels' bound
/// (simd/kernel_entries.hpp), and what rounding the norms and the last steps adds.
inline double distance_bound(atlas::metric metric, const float* query, const float* row, std::size_t dimension) {
  const double unit = std::ldexp(1.0, -24);
  if (metric == atlas::metric::l2sq) return l2sq_bound(l2sq_float64(query, row, dimension), dimension);
  if (metric == atlas::metric::inner_product) {
    return dot_bound(query, row, dimension) + unit * (1 + std::abs(1 - dot_float64(query, row, dimension)));
  }
  return static_cast<double>(dimension + 12) * 2 * unit;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_STORED_NUMBERS_HPP
