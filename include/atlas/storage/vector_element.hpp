// SPDX-License-Identifier: Apache-2.0
// include/atlas/storage/vector_element.hpp -- the number types found in vector files, and their way to float.
//
// Room:      vector_element; runs of stored numbers converted to float or to int64.
// Not here:  the scalars an index stores (distance/scalar.hpp), the files themselves (storage/vector_file.hpp).
// Depends:   core only.
// Threads:   every function is pure.
#ifndef ATLAS_STORAGE_VECTOR_ELEMENT_HPP
#define ATLAS_STORAGE_VECTOR_ELEMENT_HPP

#include <atlas/core/bits.hpp>    // load_unaligned
#include <atlas/core/result.hpp>  // status, errc

namespace atlas { inline namespace ATLAS_ABI {

/// How one component is stored, little-endian.
enum class vector_element : std::uint8_t {
  f16 = 0,
  f32 = 1,
  f64 = 2,
  i8 = 3,
  u8 = 4,
  i16 = 5,
  u16 = 6,
  i32 = 7,
  u32 = 8,
  i64 = 9,
  u64 = 10,
};

[[nodiscard]] constexpr const char* name(vector_element element) noexcept {
  constexpr const char* names[] = {"f16", "f32", "f64", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64"};
  return names[static_cast<unsigned>(element)];
}
[[nodiscard]] constexpr std::size_t size_bytes(vector_element element) noexcept {
  constexpr std::uint8_t sizes[] = {2, 4, 8, 1, 1, 2, 2, 4, 4, 8, 8};
  return sizes[static_cast<unsigned>(element)];
}
[[nodiscard]] constexpr bool is_integer(vector_element element) noexcept { return element >= vector_element::i8; }

/// The float that an IEEE 754 binary16 stands for: exact, infinities and NaN included.
[[nodiscard]] inline float float_of_half(std::uint16_t half) noexcept {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t magnitude = half & 0x7FFFU;
  std::uint32_t bits = 0;
  if (magnitude >= 0x7C00U) {  // infinity, NaN
    bits = 0x7F800000U | (magnitude & 0x3FFU) << 13;
  } else if (magnitude >= 0x400U) {
    bits = (magnitude << 13) + (112U << 23);  // the exponent's bias goes from 15 to 127
  } else {  // zero and subnormals: magnitude * 2^-24, exact in a float
    const float value = static_cast<float>(magnitude) * 0x1p-24F;
    std::memcpy(&bits, &value, sizeof bits);
  }
  bits |= sign;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

namespace detail {
template <class Stored, class To>
inline void convert_run(const std::byte* from, std::size_t count, To* to) noexcept {
  for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<To>(load_unaligned<Stored>(from + i * sizeof(Stored)));
}
template <class To>
inline void convert_integers(vector_element element, const std::byte* from, std::size_t count, To* to) noexcept {
  switch (element) {
    case vector_element::i8: return convert_run<std::int8_t>(from, count, to);
    case vector_element::u8: return convert_run<std::uint8_t>(from, count, to);
    case vector_element::i16: return convert_run<std::int16_t>(from, count, to);
    case vector_element::u16: return convert_run<std::uint16_t>(from, count, to);
    case vector_element::i32: return convert_run<std::int32_t>(from, count, to);
    case vector_element::u32: return convert_run<std::uint32_t>(from, count, to);
    case vector_element::i64: return convert_run<std::int64_t>(from, count, to);
    case vector_element::u64: return convert_run<std::uint64_t>(from, count, to);
    case vector_element::f16:
    case vector_element::f32:
    case vector_element::f64: break;
  }
}
/// A double beyond the range of float becomes infinity: the plain conversion would be undefined.
[[nodiscard]] inline float narrow(double value) noexcept {
  constexpr double greatest = 0x1.FFFFFFp127;  // halfway to 2^128: from here on rounding gives infinity
  if (value >= greatest) return __builtin_inff();
  if (value <= -greatest) return -__builtin_inff();
  return static_cast<float>(value);
}
}  // namespace detail

/// Stored numbers as floats. Exact up to 2^24 in magnitude for integers; wider numbers are rounded.
///
/// @param from   count * size_bytes(element) bytes of any alignment
/// @param to     shape [count]; NaN and infinity pass through
inline void to_floats(vector_element element, const std::byte* from, std::size_t count, float* to) noexcept {
  switch (element) {
    case vector_element::f32:
      if (count != 0) std::memcpy(to, from, count * sizeof(float));
      return;
    case vector_element::f16:
      for (std::size_t i = 0; i < count; ++i) to[i] = float_of_half(load_unaligned<std::uint16_t>(from + 2 * i));
      return;
    case vector_element::f64:
      for (std::size_t i = 0; i < count; ++i) to[i] = detail::narrow(load_unaligned<double>(from + 8 * i));
      return;
    default: return detail::convert_integers(element, from, count, to);
  }
}

/// Stored integers as int64; a u64 of 2^63 or more keeps its bits.
///
/// @return errc::scalar_mismatch for a floating-point element: nothing is written then
[[nodiscard]] inline status to_integers(vector_element element, const std::byte* from, std::size_t count,
                                        std::int64_t* to) noexcept {
  if (!is_integer(element)) return error{errc::scalar_mismatch, "vector file element", "integers", name(element)};
  detail::convert_integers(element, from, count, to);
  return {};
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_STORAGE_VECTOR_ELEMENT_HPP
