// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/scalar.hpp -- what one component of a vector is stored as.
//
// Room:      the element types, their numbers (stored in files, crossing the C ABI), names and sizes.
// Not here:  arithmetic on them.
// Depends:   core only.
#ifndef ATLAS_DISTANCE_SCALAR_HPP
#define ATLAS_DISTANCE_SCALAR_HPP

#include <atlas/core/result.hpp>     // result, errc
#include <atlas/core/text_view.hpp>  // text_view

namespace atlas { inline namespace ATLAS_ABI {

/// Values are never reused.
enum class scalar : std::uint8_t {
  f32 = 0,   ///< IEEE 754 binary32
  f16 = 1,   ///< IEEE 754 binary16
  bf16 = 2,  ///< the upper half of a binary32
  i8 = 3,    ///< two's complement
  u8 = 4,
  b1 = 5,    ///< one bit, eight a byte, the lowest bit first
};

/// Storage of the types that C++20 has no name for. They hold bits and do no arithmetic.
struct f16 {
  std::uint16_t bits;
};
struct bf16 {
  std::uint16_t bits;
};
struct b1x8 {
  std::uint8_t bits;  ///< components 8i .. 8i + 7, the lowest bit first
};
static_assert(sizeof(f16) == 2 && sizeof(bf16) == 2 && sizeof(b1x8) == 1);

/// The name as written in the enum; "unknown" for a value outside it.
[[nodiscard]] constexpr const char* name(scalar which) noexcept {
  switch (which) {
    case scalar::f32: return "f32";
    case scalar::f16: return "f16";
    case scalar::bf16: return "bf16";
    case scalar::i8: return "i8";
    case scalar::u8: return "u8";
    case scalar::b1: return "b1";
  }
  return "unknown";
}

/// Whether a stored number is a scalar of this version.
[[nodiscard]] constexpr bool is_scalar(std::uint8_t number) noexcept { return number <= 5; }

/// Bits of one component: 32, 16, 16, 8, 8, 1; 0 for a value outside the enum.
[[nodiscard]] constexpr std::size_t bits_of(scalar which) noexcept {
  switch (which) {
    case scalar::f32: return 32;
    case scalar::f16:
    case scalar::bf16: return 16;
    case scalar::i8:
    case scalar::u8: return 8;
    case scalar::b1: return 1;
  }
  return 0;
}

/// Bytes of one dense vector, rounded up to whole bytes. @pre dimension <= max_dimension
[[nodiscard]] constexpr std::size_t vector_bytes(scalar which, std::size_t dimension) noexcept {
  return (bits_of(which) * dimension + 7) / 8;
}

/// The scalar of a name, exactly as `name` spells it.
/// @return  the scalar, or errc::invalid_argument
[[nodiscard]] inline result<scalar> parse_scalar(text_view text) noexcept {
  for (std::uint8_t number = 0; is_scalar(number); ++number) {
    if (text == text_view{name(static_cast<scalar>(number))}) return static_cast<scalar>(number);
  }
  return error{errc::invalid_argument, "scalar", "f32, f16, bf16, i8, u8 or b1", "another name"};
}

namespace detail {
template <class T>
struct scalar_number;  // undefined: T is no vector component
template <>
struct scalar_number<float> {
  static constexpr scalar value = scalar::f32;
};
template <>
struct scalar_number<f16> {
  static constexpr scalar value = scalar::f16;
};
template <>
struct scalar_number<bf16> {
  static constexpr scalar value = scalar::bf16;
};
template <>
struct scalar_number<std::int8_t> {
  static constexpr scalar value = scalar::i8;
};
template <>
struct scalar_number<std::uint8_t> {
  static constexpr scalar value = scalar::u8;
};
template <>
struct scalar_number<b1x8> {
  static constexpr scalar value = scalar::b1;
};
}  // namespace detail

/// The scalar of a C++ type: float, f16, bf16, int8_t, uint8_t, b1x8.
template <class T>
inline constexpr scalar scalar_of = detail::scalar_number<T>::value;

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_DISTANCE_SCALAR_HPP
