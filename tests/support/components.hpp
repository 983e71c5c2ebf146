// SPDX-License-Identifier: Apache-2.0
// tests/support/components.hpp -- vectors of every stored type: the value behind the bits, and seeded random ones.
#ifndef ATLAS_TESTS_SUPPORT_COMPONENTS_HPP
#define ATLAS_TESTS_SUPPORT_COMPONENTS_HPP

#include <atlas/distance/scalar.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

namespace support {

using byte_vector = std::vector<std::uint8_t>;

// ---- one component: its bits and its value -------------------------------------------------------------------

/// An IEEE 754 binary format of 16 or 32 bits, decoded and encoded by arithmetic on doubles alone.
struct binary_format {
  int fraction_bits;
  int bias;
  std::uint32_t exponent_mask;

  [[nodiscard]] double value(std::uint32_t bits) const {
    const std::uint32_t exponent = (bits >> fraction_bits) & exponent_mask;
    const std::uint32_t fraction = bits & ((1U << fraction_bits) - 1U);
    const bool negative = (bits >> fraction_bits) > exponent_mask;
    double magnitude =
        std::ldexp(fraction + std::ldexp(1.0, fraction_bits), static_cast<int>(exponent) - bias - fraction_bits);
    if (exponent == 0) magnitude = std::ldexp(fraction, 1 - bias - fraction_bits);
    if (exponent == exponent_mask) {
      magnitude = fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
    }
    return negative ? -magnitude : magnitude;
  }
  /// @pre the format has the value; ends the program if not
  [[nodiscard]] std::uint32_t bits(double wanted) const {
    const std::uint32_t sign = std::signbit(wanted) ? (exponent_mask + 1U) << fraction_bits : 0U;
    const std::uint32_t infinity = exponent_mask << fraction_bits;
    if (std::isnan(wanted)) return infinity | (1U << (fraction_bits - 1));
    if (std::isinf(wanted)) return sign | infinity;
    if (wanted == 0.0) return sign;
    const int exponent = std::max(std::ilogb(wanted), 1 - bias);
    const double scaled = std::ldexp(std::abs(wanted), fraction_bits - exponent);
    // A normal number's leading one adds 1 to the exponent field below it.
    const auto found = sign | ((static_cast<std::uint32_t>(exponent + bias - 1) << fraction_bits) +
                               static_cast<std::uint32_t>(scaled));
    if (value(found) != wanted) std::abort();
    return found;
  }
};

inline constexpr binary_format binary16{10, 15, 0x1FU};
inline constexpr binary_format bfloat16{7, 127, 0xFFU};

/// Bytes of a component; 1 for b1, of which a byte holds eight.
inline std::size_t element_bytes(atlas::scalar type) {
  return type == atlas::scalar::b1 ? 1 : atlas::bits_of(type) / 8;
}
/// Bytes of `dimension` components.
inline std::size_t bytes_of(atlas::scalar type, std::size_t dimension) { return atlas::vector_bytes(type, dimension); }

inline bool is_float(atlas::scalar type) {
  return type == atlas::scalar::f32 || type == atlas::scalar::f16 || type == atlas::scalar::bf16;
}

/// The value of component `index` of a vector of any type.
inline double component(atlas::scalar type, const void* vector, std::size_t index) {
  const auto* at = static_cast<const std::uint8_t*>(vector) + index * element_bytes(type);
  float f32;
  std::uint16_t sixteen;
  switch (type) {
    case atlas::scalar::f32:
      std::memcpy(&f32, at, sizeof f32);
      return static_cast<double>(f32);
    case atlas::scalar::f16:
      std::memcpy(&sixteen, at, sizeof sixteen);
      return binary16.value(sixteen);
    case atlas::scalar::bf16:
      std::memcpy(&sixteen, at, sizeof sixteen);
      return bfloat16.value(sixteen);
    case atlas::scalar::i8: return *at < 128 ? *at : *at - 256;
    case atlas::scalar::u8: return *at;
    case atlas::scalar::b1: return (static_cast<const std::uint8_t*>(vector)[index / 8] >> (index % 8)) & 1;
  }
  std::abort();
}

/// Stores a value that the type has.
inline void set_component(atlas::scalar type, void* vector, std::size_t index, double value) {
  auto* at = static_cast<std::uint8_t*>(vector) + index * element_bytes(type);
  const auto f32 = static_cast<float>(value);
  const auto sixteen = static_cast<std::uint16_t>(type == atlas::scalar::f16    ? binary16.bits(value)
                                                  : type == atlas::scalar::bf16 ? bfloat16.bits(value)
                                                                                : 0);
  switch (type) {
    case atlas::scalar::f32:
      std::memcpy(at, &f32, sizeof f32);
      return;
    case atlas::scalar::f16:
    case atlas::scalar::bf16:
      std::memcpy(at, &sixteen, sizeof sixteen);
      return;
    case atlas::scalar::i8:
    case atlas::scalar::u8:
      *at = static_cast<std::uint8_t>(static_cast<int>(value));
      return;
    case atlas::scalar::b1: {
      auto& eight = static_cast<std::uint8_t*>(vector)[index / 8];
      const auto bit = static_cast<std::uint8_t>(1U << (index % 8));
      eight = static_cast<std::uint8_t>(value != 0.0 ? eight | bit : eight & ~bit);
      return;
    }
  }
}

// ---- vectors --------------------------------------------------------------------------------------------------

enum class filling {
  small,     ///< integers whose sums of 1,100 products and squares float32 holds exactly, in any order
  wide,      ///< bytes of the whole range; floats of many magnitudes, f16 and bf16 by their bits
  extremes,  ///< only the least and the greatest byte; floats as in wide
};

/// `size` components of a type, back to back; the same for a seed on every machine. For b1, whole random bytes.
inline byte_vector random_components(std::uint64_t seed, atlas::scalar type, filling how, std::size_t size) {
  std::mt19937_64 random(seed);
  byte_vector vector(bytes_of(type, size));
  const auto below = [&random](std::uint64_t bound) { return random() % bound; };
  if (type == atlas::scalar::b1) {
    for (std::uint8_t& eight : vector) eight = static_cast<std::uint8_t>(random() >> 56);
    return vector;
  }
  const bool is_byte = !is_float(type);
  const double least = type == atlas::scalar::u8 ? 0 : is_byte ? -128 : -20;
  for (std::size_t i = 0; i < size; ++i) {
    double value = 0;
    if (how == filling::small) {
      value = std::max(least, static_cast<double>(below(is_byte ? 201 : 41)) - (is_byte ? 100 : 20));
    } else if (is_byte) {
      value = least + static_cast<double>(how == filling::wide ? below(256) : below(2) * 255);
    } else if (type == atlas::scalar::f32) {
      value = std::ldexp(static_cast<double>(below(1U << 24)) - (1 << 23), -16 - static_cast<int>(below(12)));
    } else if (type == atlas::scalar::f16) {
      // Mostly [2^-5, 4), one in eight of any magnitude below 4, subnormals included.
      const std::uint64_t exponent = below(8) == 0 ? below(17) : 10 + below(7);
      value = binary16.value(static_cast<std::uint32_t>(below(2) << 15 | exponent << 10 | below(1024)));
    } else {
      value = bfloat16.value(static_cast<std::uint32_t>(below(2) << 15 | (117 + below(12)) << 7 | below(128)));
    }
    set_component(type, vector.data(), i, value);
  }
  return vector;
}

/// All components of a vector as numbers.
inline std::vector<double> values_of(atlas::scalar type, const void* vector, std::size_t dimension) {
  std::vector<double> values(dimension);
  for (std::size_t i = 0; i < dimension; ++i) values[i] = component(type, vector, i);
  return values;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_COMPONENTS_HPP
