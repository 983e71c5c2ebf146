// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/convert_kernels-inl.hpp -- float32 to and from smaller types; compiled once for each target.
//
// Room:      conversions element by element; largest magnitude, scaling and adding, which scales and means need.
// Not here:  what they promise (simd/kernel_entries.hpp), shapes and scales (distance/convert.hpp, batch.hpp).
// Depends:   simd/kernels-inl.hpp, which sets up Highway and the ATLAS_KERNELS macros.
#if defined(ATLAS_DISTANCE_CONVERT_KERNELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_DISTANCE_CONVERT_KERNELS_INL_HPP
#undef ATLAS_DISTANCE_CONVERT_KERNELS_INL_HPP
#else
#define ATLAS_DISTANCE_CONVERT_KERNELS_INL_HPP
#endif

#include <atlas/distance/components-inl.hpp>  // number, widened: the types as float32

#include <cstring>  // std::memcpy

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

// A NaN keeps its sign and the upper bits of its payload, and from or to f16 becomes quiet: what VCVTPS2PH, VCVTPH2PS
// (Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2C, table 5-16) and FCVTN, FCVTL (Arm
// Architecture Reference Manual, FPConvertNaN) do, so that the targets without them agree.

#if ATLAS_KERNELS_PLAIN

HWY_INLINE std::uint16_t rounded_to_f16(float value) {
  const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, value);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  std::uint32_t half = 0;
  if (magnitude > 0x7F800000U) {
    half = 0x7E00U | ((magnitude >> 13) & 0x3FFU);
  } else if (magnitude >= 0x47800000U) {  // 2^16
    half = 0x7C00U;
  } else if (magnitude >= 0x38800000U) {  // 2^-14; what rounds up to 2^16 becomes infinity by its carry
    half = (magnitude - 0x38000000U + 0xFFFU + ((magnitude >> 13) & 1U)) >> 13;
  } else {  // 0.5 has units of 2^-24, as subnormal halves have: the addition rounds
    const float sum = float_of_bits(magnitude) + 0.5F;
    half = __builtin_bit_cast(std::uint32_t, sum) - 0x3F000000U;
  }
  return static_cast<std::uint16_t>(((bits >> 16) & 0x8000U) | half);
}

HWY_INLINE std::uint16_t rounded_to_bf16(float value) {
  const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, value);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

HWY_INLINE std::int8_t rounded_to_i8(float value) {
  if (value != value) return 0;
  value = value < -127.0F ? -127.0F : value;
  value = value > 127.0F ? 127.0F : value;
  const float sum = value + 12582912.0F;  // 1.5 * 2^23 has units of 1: the addition rounds
  return static_cast<std::int8_t>(__builtin_bit_cast(std::int32_t, sum) - 0x4B400000);
}

inline void f32_to_f16(const void* from, void* to, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    static_cast<std::uint16_t*>(to)[i] = rounded_to_f16(static_cast<const float*>(from)[i]);
  }
}
inline void f16_to_f32(const void* from, void* to, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint16_t half = static_cast<const std::uint16_t*>(from)[i];
    std::uint32_t bits = __builtin_bit_cast(std::uint32_t, number(stored_f16(), half));
    if ((half & 0x7FFFU) > 0x7C00U) bits |= 0x00400000U;
    std::memcpy(static_cast<float*>(to) + i, &bits, sizeof bits);
  }
}
inline void f32_to_bf16(const void* from, void* to, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    static_cast<std::uint16_t*>(to)[i] = rounded_to_bf16(static_cast<const float*>(from)[i]);
  }
}
inline void bf16_to_f32(const void* from, void* to, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t bits = std::uint32_t{static_cast<const std::uint16_t*>(from)[i]} << 16;
    std::memcpy(static_cast<float*>(to) + i, &bits, sizeof bits);
  }
}
inline void f32_to_i8(const float* from, const float* factors, std::size_t factor_count, std::int8_t* to,
                      std::size_t count) {
  const std::size_t step = factor_count == 1 ? 0 : 1;
  for (std::size_t i = 0; i < count; ++i) to[i] = rounded_to_i8(from[i] * factors[i * step]);
}
inline void i8_to_f32(const std::int8_t* from, const float* factors, std::size_t factor_count, float* to,
                      std::size_t count) {
  const std::size_t step = factor_count == 1 ? 0 : 1;
  for (std::size_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i]) * factors[i * step];
}
inline float largest_f32(const float* from, std::size_t count) {
  std::uint32_t largest = 0;  // magnitudes order as their bits do, NaN above infinity
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t magnitude = __builtin_bit_cast(std::uint32_t, from[i]) & 0x7FFFFFFFU;
    largest = magnitude > largest ? magnitude : largest;
  }
  return float_of_bits(largest);
}
inline void scale_f32(const float* from, float factor, float* to, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) to[i] = from[i] * factor;
}
inline void add_to_f64(const float* from, double* sums, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) sums[i] += static_cast<double>(from[i]);
}

#else

using lanes_u32 = hn::RebindToUnsigned<lanes_f32>;
using two_byte_lanes = hn::Rebind<std::uint16_t, lanes_f32>;
using one_byte_lanes = hn::Rebind<std::int8_t, lanes_f32>;

/// Whether PromoteTo and DemoteTo of f16 are single instructions. Highway's own steps where there is none cut off
/// instead of rounding and do not know infinity.
#if (HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2 && !defined(HWY_DISABLE_F16C)) || HWY_ARCH_ARM_A64
#define ATLAS_KERNELS_CONVERT_F16 1
#else
#define ATLAS_KERNELS_CONVERT_F16 0
#endif

/// The steps: convert(from, to, at) takes one vector of elements from `from` to `to`; `at` is their place among all,
/// for what belongs to single elements.
struct f16_of_f32 {
  HWY_INLINE void convert(const float* from, std::uint16_t* to, std::size_t) const {
#if ATLAS_KERNELS_CONVERT_F16
    const auto halves = hn::DemoteTo(hn::Rebind<hwy::float16_t, lanes_f32>(), hn::LoadU(lanes_f32(), from));
    hn::StoreU(hn::BitCast(two_byte_lanes(), halves), two_byte_lanes(), to);
#else  // as rounded_to_f16 of the plain kernels
    const lanes_i32 lanes;
    const auto bits = hn::BitCast(lanes, hn::LoadU(lanes_f32(), from));
    const auto magnitude = hn::And(bits, hn::Set(lanes, 0x7FFFFFFF));
    const auto upper = hn::ShiftRight<13>(magnitude);
    const auto odd = hn::And(upper, hn::Set(lanes, 1));
    const auto normal = hn::ShiftRight<13>(hn::Add(magnitude, hn::Add(odd, hn::Set(lanes, 0xFFF - 0x38000000))));
    const auto sum = hn::Add(hn::BitCast(lanes_f32(), magnitude), hn::Set(lanes_f32(), 0.5F));
    const auto small = hn::Sub(hn::BitCast(lanes, sum), hn::Set(lanes, 0x3F000000));
    const auto quiet = hn::Or(hn::And(upper, hn::Set(lanes, 0x3FF)), hn::Set(lanes, 0x7E00));
    auto half = hn::IfThenElse(hn::Lt(magnitude, hn::Set(lanes, 0x38800000)), small, normal);
    half = hn::IfThenElse(hn::Lt(magnitude, hn::Set(lanes, 0x47800000)), half, hn::Set(lanes, 0x7C00));
    half = hn::IfThenElse(hn::Gt(magnitude, hn::Set(lanes, 0x7F800000)), quiet, half);
    const auto sign = hn::And(hn::ShiftRight<16>(bits), hn::Set(lanes, 0x8000));
    hn::StoreU(hn::DemoteTo(two_byte_lanes(), hn::Or(sign, half)), two_byte_lanes(), to);
#endif
  }
};

struct f32_of_f16 {
  HWY_INLINE void convert(const std::uint16_t* from, float* to, std::size_t) const {
    const auto halves = hn::LoadU(two_byte_lanes(), from);
#if ATLAS_KERNELS_CONVERT_F16
    const auto value = hn::PromoteTo(lanes_f32(), hn::BitCast(hn::Rebind<hwy::float16_t, lanes_f32>(), halves));
#else  // as number(stored_f16), and quiet
    const lanes_i32 lanes;
    const auto wide = hn::PromoteTo(lanes, halves);
    const auto sign = hn::ShiftLeft<16>(hn::And(wide, hn::Set(lanes, 0x8000)));
    const auto magnitude = hn::ShiftLeft<13>(hn::And(wide, hn::Set(lanes, 0x7FFF)));
    const auto least = hn::Set(lanes, 0x38800000);
    const auto small = hn::BitCast(
        lanes, hn::Sub(hn::BitCast(lanes_f32(), hn::Add(magnitude, least)), hn::BitCast(lanes_f32(), least)));
    auto bits = hn::IfThenElse(hn::Lt(magnitude, hn::Set(lanes, 0x00800000)), small,
                               hn::Add(magnitude, hn::Set(lanes, 0x38000000)));
    const auto infinite = hn::Set(lanes, 0x0F800000);
    bits = hn::Or(bits, hn::IfThenElseZero(hn::Not(hn::Lt(magnitude, infinite)), hn::Set(lanes, 0x7F800000)));
    bits = hn::Or(bits, hn::IfThenElseZero(hn::Gt(magnitude, infinite), hn::Set(lanes, 0x00400000)));
    const auto value = hn::BitCast(lanes_f32(), hn::Or(sign, bits));
#endif
    hn::StoreU(value, lanes_f32(), to);
  }
};

/// Not VCVTNEPS2BF16, which flushes subnormals.
struct bf16_of_f32 {
  HWY_INLINE void convert(const float* from, std::uint16_t* to, std::size_t) const {
    const lanes_i32 lanes;
    const lanes_u32 unsigned_lanes;
    const auto bits = hn::BitCast(unsigned_lanes, hn::LoadU(lanes_f32(), from));
    const auto upper = hn::ShiftRight<16>(bits);
    const auto odd = hn::And(upper, hn::Set(unsigned_lanes, 1));
    const auto rounded = hn::ShiftRight<16>(hn::Add(bits, hn::Add(odd, hn::Set(unsigned_lanes, 0x7FFF))));
    const auto magnitude = hn::BitCast(lanes, hn::And(bits, hn::Set(unsigned_lanes, 0x7FFFFFFF)));
    const auto quiet = hn::BitCast(lanes, hn::Or(upper, hn::Set(unsigned_lanes, 0x40)));
    const auto half = hn::IfThenElse(hn::Gt(magnitude, hn::Set(lanes, 0x7F800000)), quiet, hn::BitCast(lanes, rounded));
    hn::StoreU(hn::DemoteTo(two_byte_lanes(), half), two_byte_lanes(), to);
  }
};

struct f32_of_bf16 {
  HWY_INLINE void convert(const std::uint16_t* from, float* to, std::size_t) const {
    hn::StoreU(widened(stored_bf16(), hn::LoadU(two_byte_lanes(), from)), lanes_f32(), to);
  }
};

/// One factor for all elements, or one for each.
struct same_factor {
  vector_f32 factor;
  HWY_INLINE explicit same_factor(const float* factors) : factor(hn::Set(lanes_f32(), factors[0])) {}
  HWY_INLINE vector_f32 at(std::size_t) const { return factor; }
};
struct own_factors {
  const float* factors;
  HWY_INLINE explicit own_factors(const float* all) : factors(all) {}
  HWY_INLINE vector_f32 at(std::size_t place) const { return hn::LoadU(lanes_f32(), factors + place); }
};

template <class Factors>
struct i8_of_f32 {
  Factors factors;
  HWY_INLINE explicit i8_of_f32(const float* all) : factors(all) {}
  HWY_INLINE void convert(const float* from, std::int8_t* to, std::size_t at) const {
    auto value = hn::Mul(hn::LoadU(lanes_f32(), from), factors.at(at));
    value = hn::IfThenElseZero(hn::Eq(value, value), value);
    value = hn::Min(hn::Max(value, hn::Set(lanes_f32(), -127.0F)), hn::Set(lanes_f32(), 127.0F));
    hn::StoreU(hn::DemoteTo(one_byte_lanes(), hn::NearestInt(value)), one_byte_lanes(), to);
  }
};

template <class Factors>
struct f32_of_i8 {
  Factors factors;
  HWY_INLINE explicit f32_of_i8(const float* all) : factors(all) {}
  HWY_INLINE void convert(const std::int8_t* from, float* to, std::size_t at) const {
    const auto value = widened(stored_i8(), hn::LoadU(one_byte_lanes(), from));
    hn::StoreU(hn::Mul(value, factors.at(at)), lanes_f32(), to);
  }
};

/// Whole vectors; for the rest the last whole vector once more, which writes some elements twice, alike.
template <class Step, class From, class To>
HWY_INLINE void convert_each(const Step& step, const From* from, To* to, std::size_t count) {
  if (count < lane_count) {
    From padded[lane_count] = {};
    To converted[lane_count];
    for (std::size_t i = 0; i < count; ++i) padded[i] = from[i];
    step.convert(padded, converted, 0);
    for (std::size_t i = 0; i < count; ++i) to[i] = converted[i];
    return;
  }
  std::size_t at = 0;
  for (; at + lane_count <= count; at += lane_count) step.convert(from + at, to + at, at);
  if (at != count) step.convert(from + (count - lane_count), to + (count - lane_count), count - lane_count);
}

template <template <class> class Step, class From, class To>
HWY_INLINE void convert_scaled(const From* from, const float* factors, std::size_t factor_count, To* to,
                               std::size_t count) {
  if (count == 0) return;
  if (factor_count == 1) return convert_each(Step<same_factor>(factors), from, to, count);
  if (count >= lane_count) return convert_each(Step<own_factors>(factors), from, to, count);
  float padded[lane_count] = {};
  for (std::size_t i = 0; i < count; ++i) padded[i] = factors[i];
  convert_each(Step<own_factors>(padded), from, to, count);
}

inline void f32_to_f16(const void* from, void* to, std::size_t count) {
  convert_each(f16_of_f32(), static_cast<const float*>(from), static_cast<std::uint16_t*>(to), count);
}
inline void f16_to_f32(const void* from, void* to, std::size_t count) {
  convert_each(f32_of_f16(), static_cast<const std::uint16_t*>(from), static_cast<float*>(to), count);
}
inline void f32_to_bf16(const void* from, void* to, std::size_t count) {
  convert_each(bf16_of_f32(), static_cast<const float*>(from), static_cast<std::uint16_t*>(to), count);
}
inline void bf16_to_f32(const void* from, void* to, std::size_t count) {
  convert_each(f32_of_bf16(), static_cast<const std::uint16_t*>(from), static_cast<float*>(to), count);
}
inline void f32_to_i8(const float* from, const float* factors, std::size_t factor_count, std::int8_t* to,
                      std::size_t count) {
  convert_scaled<i8_of_f32>(from, factors, factor_count, to, count);
}
inline void i8_to_f32(const std::int8_t* from, const float* factors, std::size_t factor_count, float* to,
                      std::size_t count) {
  convert_scaled<f32_of_i8>(from, factors, factor_count, to, count);
}

inline float largest_f32(const float* from, std::size_t count) {
  // Magnitudes order as their bits do, NaN above infinity.
  const lanes_i32 lanes;
  const auto magnitude_bits = hn::Set(lanes, 0x7FFFFFFF);
  auto even = hn::Zero(lanes);
  auto odd = hn::Zero(lanes);
  std::size_t at = 0;
  for (; at + 2 * lane_count <= count; at += 2 * lane_count) {
    even = hn::Max(even, hn::And(hn::BitCast(lanes, hn::LoadU(lanes_f32(), from + at)), magnitude_bits));
    odd = hn::Max(odd, hn::And(hn::BitCast(lanes, hn::LoadU(lanes_f32(), from + at + lane_count)), magnitude_bits));
  }
  if (at + lane_count <= count) {
    even = hn::Max(even, hn::And(hn::BitCast(lanes, hn::LoadU(lanes_f32(), from + at)), magnitude_bits));
    at += lane_count;
  }
  if (at != count) {
    const auto tail = last_lanes(lanes_f32(), from, count, count - at);
    odd = hn::Max(odd, hn::And(hn::BitCast(lanes, tail), magnitude_bits));
  }
  const std::int32_t largest = hn::GetLane(hn::MaxOfLanes(lanes, hn::Max(even, odd)));
  return float_of_bits(static_cast<std::uint32_t>(largest));
}

inline void scale_f32(const float* from, float factor, float* to, std::size_t count) {
  const lanes_f32 lanes;
  if (count < lane_count) {
    for (std::size_t i = 0; i < count; ++i) to[i] = from[i] * factor;
    return;
  }
  const auto factors = hn::Set(lanes, factor);
  // Read before anything is written: in place, the last whole vector holds elements that the loop scales.
  const auto tail = hn::LoadU(lanes, from + (count - lane_count));
  for (std::size_t at = 0; at + lane_count <= count; at += lane_count) {
    hn::StoreU(hn::Mul(hn::LoadU(lanes, from + at), factors), lanes, to + at);
  }
  hn::StoreU(hn::Mul(tail, factors), lanes, to + (count - lane_count));
}

inline void add_to_f64(const float* from, double* sums, std::size_t count) {
  const hn::ScalableTag<double> lanes;
  const hn::Rebind<float, decltype(lanes)> half_lanes;
  constexpr std::size_t step = lane_count / 2;
  std::size_t at = 0;
  for (; at + step <= count; at += step) {
    const auto terms = hn::PromoteTo(lanes, hn::LoadU(half_lanes, from + at));
    hn::StoreU(hn::Add(hn::LoadU(lanes, sums + at), terms), lanes, sums + at);
  }
  for (; at < count; ++at) sums[at] += static_cast<double>(from[at]);
}

#undef ATLAS_KERNELS_CONVERT_F16

#endif  // ATLAS_KERNELS_PLAIN

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_DISTANCE_CONVERT_KERNELS_INL_HPP
