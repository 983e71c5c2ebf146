// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/rotation_kernels-inl.hpp -- a random rotation by Hadamard transforms; compiled once a target.
//
// Room:      four rounds of random signs, a fast Walsh-Hadamard transform of a power of two of the components, and sums
//            and differences of the two halves.
// Not here:  what it promises (simd/kernel_entries.hpp), the signs (quantize/rotation.hpp).
// Depends:   simd/kernels-inl.hpp, which sets up Highway and the ATLAS_KERNELS macros.
#if defined(ATLAS_QUANTIZE_ROTATION_KERNELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_QUANTIZE_ROTATION_KERNELS_INL_HPP
#undef ATLAS_QUANTIZE_ROTATION_KERNELS_INL_HPP
#else
#define ATLAS_QUANTIZE_ROTATION_KERNELS_INL_HPP
#endif

#include <atlas/distance/components-inl.hpp>  // float_of_bits, the lanes

#include <type_traits>  // std::bool_constant

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

/// What one round transforms: components [first, first + size) of `padded`.
struct rotation_span {
  std::size_t first;
  std::size_t size;  ///< the greatest power of two that is at most `padded`
};
HWY_INLINE rotation_span rotation_span_of(std::size_t round, std::size_t padded) {
  const std::size_t size = std::size_t{1} << (63 - __builtin_clzll(padded));
  return {round % 2 == 0 ? 0 : padded - size, size};
}

/// 1 / sqrt(2^k), exact or nearest.
HWY_INLINE float rotation_norm(std::size_t size) {
  const int levels = 63 - __builtin_clzll(size);
  const float even = float_of_bits(static_cast<std::uint32_t>(127 - levels / 2) << 23);
  return levels % 2 == 0 ? even : even * 0.70710678118654752440F;
}

// ---- one component at a time: all of them on plain targets, and transforms smaller than a register -------

HWY_INLINE float rotation_signed(float number, const std::uint8_t* signs, std::size_t at) {
  const std::uint32_t sign = (std::uint32_t{signs[at / 8]} >> (at % 8)) << 31;
  return float_of_bits(__builtin_bit_cast(std::uint32_t, number) ^ sign);
}

inline void rotation_round_of_few(std::size_t round, std::size_t padded, const std::uint8_t* signs, float* numbers) {
  for (std::size_t i = 0; i < padded; ++i) numbers[i] = rotation_signed(numbers[i], signs, i);
  const rotation_span span = rotation_span_of(round, padded);
  float* const transformed = numbers + span.first;
  for (std::size_t half = 1; half < span.size; half *= 2) {
    for (std::size_t block = 0; block < span.size; block += 2 * half) {
      for (std::size_t i = block; i < block + half; ++i) {
        const float sum = transformed[i] + transformed[i + half];
        transformed[i + half] = transformed[i] - transformed[i + half];
        transformed[i] = sum;
      }
    }
  }
  const float norm = rotation_norm(span.size);
  for (std::size_t i = 0; i < span.size; ++i) transformed[i] *= norm;
  if (span.size == padded) return;
  for (std::size_t i = 0; i < padded / 2; ++i) {
    const float sum = numbers[i] + numbers[i + padded / 2];
    numbers[i + padded / 2] = numbers[i] - numbers[i + padded / 2];
    numbers[i] = sum;
  }
}

/// The centred vector, zeros behind it, all times `factor`.
inline void rotation_start(const float* vector, float scale, const float* centre, std::size_t dimension,
                           std::size_t padded, float factor, float* out) {
  const float scaled = scale * factor;
  for (std::size_t i = 0; i < dimension; ++i) out[i] = vector[i] * scaled - centre[i] * factor;
  for (std::size_t i = dimension; i < padded; ++i) out[i] = 0.0F;
}

/// Each of the four steps of sums and differences divides by sqrt(2), all of them by 4, which is exact at the start.
HWY_INLINE float rotation_factor(std::size_t padded) {
  return rotation_span_of(0, padded).size == padded ? 1.0F : 0.25F;
}

#if ATLAS_KERNELS_PLAIN

inline void rotate(const float* vector, float scale, const float* centre, std::size_t dimension, std::size_t padded,
                   const std::uint8_t* signs, float* out) {
  rotation_start(vector, scale, centre, dimension, padded, rotation_factor(padded), out);
  for (std::size_t round = 0; round < 4; ++round) rotation_round_of_few(round, padded, signs + round * padded / 8, out);
}

#else

/// A register of components with their signs. `at` is a multiple of 8, or of 4 for four lanes.
template <class Lanes>
HWY_INLINE hn::Vec<Lanes> rotation_load(Lanes lanes, const float* numbers, const std::uint8_t* signs, std::size_t at) {
  const auto loaded = hn::LoadU(lanes, numbers + at);
  if constexpr (hn::MaxLanes(Lanes()) == 4) {
    const auto four = static_cast<std::uint8_t>(signs[at / 8] >> (at % 8));
    return hn::IfThenElse(hn::LoadMaskBits(lanes, &four), hn::Neg(loaded), loaded);
  } else {
    return hn::IfThenElse(hn::LoadMaskBits(lanes, signs + at / 8), hn::Neg(loaded), loaded);
  }
}

/// Sums and differences of the lanes whose numbers differ in one bit, for each of the bits.
struct rotation_lanes {
  vector_f32 signs[4];
  template <std::size_t Bit>
  static HWY_INLINE vector_f32 signs_of() {
    HWY_ALIGN float lanes[lane_count];
    for (std::size_t lane = 0; lane < lane_count; ++lane) lanes[lane] = (lane >> Bit) % 2 == 0 ? 1.0F : -1.0F;
    return hn::Load(lanes_f32(), lanes);
  }
  HWY_INLINE rotation_lanes() : signs{signs_of<0>(), signs_of<1>(), signs_of<2>(), signs_of<3>()} {}

  HWY_INLINE vector_f32 transformed(vector_f32 numbers) const {
    numbers = hn::MulAdd(numbers, signs[0], hn::Shuffle2301(numbers));
    numbers = hn::MulAdd(numbers, signs[1], hn::Shuffle1032(numbers));
#if HWY_TARGET == HWY_AVX3  // which lacks SwapAdjacentBlocks, and whose table lookups need Highway's library
    const auto turned = hn::ReverseBlocks(lanes_f32(), numbers);
    numbers = hn::MulAdd(numbers, signs[2], hn::ConcatLowerUpper(lanes_f32(), turned, turned));
    numbers = hn::MulAdd(numbers, signs[3], hn::ConcatLowerUpper(lanes_f32(), numbers, numbers));
#elif HWY_TARGET == HWY_AVX2
    numbers = hn::MulAdd(numbers, signs[2], hn::SwapAdjacentBlocks(numbers));
#endif
    return numbers;
  }
};

/// `Count` registers, of which the transform takes sums and differences: a list, so that each keeps its register.
template <std::size_t Count>
struct rotation_registers {
  rotation_registers<Count / 2> lower;
  rotation_registers<Count / 2> upper;

  // Constructors are written out because gcc gives an implicit one no target.
  HWY_INLINE rotation_registers(const float* numbers, std::size_t stride)
      : lower(numbers, stride), upper(numbers + Count / 2 * stride, stride) {}
  HWY_INLINE rotation_registers(const float* numbers, const std::uint8_t* signs, std::size_t at)
      : lower(numbers, signs, at), upper(numbers, signs, at + Count / 2 * lane_count) {}
  HWY_INLINE void add(const rotation_registers& other) {
    lower.add(other.lower);
    upper.add(other.upper);
  }
  /// other - this
  HWY_INLINE void subtract_from(const rotation_registers& other) {
    lower.subtract_from(other.lower);
    upper.subtract_from(other.upper);
  }
  HWY_INLINE void transform() {
    lower.transform();
    upper.transform();
    const rotation_registers<Count / 2> before = lower;
    lower.add(upper);
    upper.subtract_from(before);
  }
  HWY_INLINE void transform_lanes(const rotation_lanes& lanes) {
    lower.transform_lanes(lanes);
    upper.transform_lanes(lanes);
  }
  HWY_INLINE void scale(vector_f32 norm) {
    lower.scale(norm);
    upper.scale(norm);
  }
  HWY_INLINE void store(float* numbers, std::size_t stride) const {
    lower.store(numbers, stride);
    upper.store(numbers + Count / 2 * stride, stride);
  }
};
template <>
struct rotation_registers<1> {
  vector_f32 numbers;

  HWY_INLINE rotation_registers(const float* from, std::size_t) : numbers(hn::LoadU(lanes_f32(), from)) {}
  HWY_INLINE rotation_registers(const float* from, const std::uint8_t* signs, std::size_t at)
      : numbers(rotation_load(lanes_f32(), from, signs, at)) {}
  HWY_INLINE void add(const rotation_registers& other) { numbers = hn::Add(numbers, other.numbers); }
  HWY_INLINE void subtract_from(const rotation_registers& other) { numbers = hn::Sub(other.numbers, numbers); }
  HWY_INLINE void transform() {}
  HWY_INLINE void transform_lanes(const rotation_lanes& lanes) { numbers = lanes.transformed(numbers); }
  HWY_INLINE void scale(vector_f32 norm) { numbers = hn::Mul(numbers, norm); }
  HWY_INLINE void store(float* to, std::size_t) const { hn::StoreU(numbers, lanes_f32(), to); }
};

// Numbers that are next to each other are added first, then ever farther ones, as one component at a time: the same bits
// on all targets.

/// Signs, and sums and differences inside of registers and across `Radix` neighbouring ones.
template <std::size_t Radix>
HWY_INLINE void rotation_first_pass(float* numbers, const std::uint8_t* signs, std::size_t first, std::size_t size,
                                    const rotation_lanes& lanes) {
  const auto norm = hn::Set(lanes_f32(), rotation_norm(size));
  const bool is_last = size == Radix * lane_count;
  for (std::size_t at = first; at < first + size; at += Radix * lane_count) {
    rotation_registers<Radix> registers(numbers, signs, at);
    registers.transform_lanes(lanes);
    registers.transform();
    if (is_last) registers.scale(norm);
    registers.store(numbers + at, lane_count);
  }
}
/// Sums and differences across eight registers `stride` apart, wherever in [first, first + size) they begin.
HWY_INLINE void rotation_pass(float* numbers, std::size_t first, std::size_t size, std::size_t stride) {
  const auto norm = hn::Set(lanes_f32(), rotation_norm(size));
  const bool is_last = size == 8 * stride;
  for (std::size_t block = first; block < first + size; block += 8 * stride) {
    for (std::size_t at = block; at < block + stride; at += lane_count) {
      rotation_registers<8> registers(numbers + at, stride);
      registers.transform();
      if (is_last) registers.scale(norm);
      registers.store(numbers + at, stride);
    }
  }
}

/// Signs of components that no transform of this round touches. Both ends are multiples of 8.
HWY_INLINE void rotation_flip(float* numbers, const std::uint8_t* signs, std::size_t at, std::size_t end) {
  for (; at + lane_count <= end; at += lane_count) {
    hn::StoreU(rotation_load(lanes_f32(), numbers, signs, at), lanes_f32(), numbers + at);
  }
  const hn::Full128<float> four;
  for (; at < end; at += 4) hn::StoreU(rotation_load(four, numbers, signs, at), four, numbers + at);
}

template <class Lanes>
HWY_INLINE std::size_t rotation_halves(Lanes lanes, float* lower, float* upper, std::size_t at, std::size_t end) {
  constexpr std::size_t step = hn::MaxLanes(Lanes());
  for (; at + step <= end; at += step) {
    const auto a = hn::LoadU(lanes, lower + at);
    const auto b = hn::LoadU(lanes, upper + at);
    hn::StoreU(hn::Add(a, b), lanes, lower + at);
    hn::StoreU(hn::Sub(a, b), lanes, upper + at);
  }
  return at;
}

HWY_INLINE void rotation_round(std::size_t round, std::size_t padded, const std::uint8_t* signs,
                               const rotation_lanes& lanes, float* numbers) {
  const auto [first, size] = rotation_span_of(round, padded);
  rotation_flip(numbers, signs, 0, first);
  rotation_flip(numbers, signs, first + size, padded);
  std::size_t radix = size / lane_count;
  while (radix > 8) radix /= 8;
  if (radix == 8) {
    rotation_first_pass<8>(numbers, signs, first, size, lanes);
  } else if (radix == 4) {
    rotation_first_pass<4>(numbers, signs, first, size, lanes);
  } else if (radix == 2) {
    rotation_first_pass<2>(numbers, signs, first, size, lanes);
  } else {
    rotation_first_pass<1>(numbers, signs, first, size, lanes);
  }
  for (std::size_t stride = radix * lane_count; stride < size; stride *= 8) rotation_pass(numbers, first, size, stride);
  if (size == padded) return;
  const std::size_t half = padded / 2;
  const std::size_t done = rotation_halves(lanes_f32(), numbers, numbers + half, 0, half);
  rotation_halves(hn::Full128<float>(), numbers, numbers + half, done, half);
}

inline void rotate(const float* vector, float scale, const float* centre, std::size_t dimension, std::size_t padded,
                   const std::uint8_t* signs, float* out) {
  const float factor = rotation_factor(padded);
  const auto scales = hn::Set(lanes_f32(), scale * factor);
  const auto factors = hn::Set(lanes_f32(), factor);
  std::size_t at = 0;
  for (; at + lane_count <= dimension; at += lane_count) {
    const auto of_centre = hn::Mul(hn::LoadU(lanes_f32(), centre + at), factors);
    hn::StoreU(hn::MulSub(hn::LoadU(lanes_f32(), vector + at), scales, of_centre), lanes_f32(), out + at);
  }
  rotation_start(vector + at, scale, centre + at, dimension - at, padded - at, factor, out + at);
  if (rotation_span_of(0, padded).size < lane_count) {
    for (std::size_t round = 0; round < 4; ++round) {
      rotation_round_of_few(round, padded, signs + round * padded / 8, out);
    }
    return;
  }
  const rotation_lanes lanes;
  for (std::size_t round = 0; round < 4; ++round) {
    rotation_round(round, padded, signs + round * padded / 8, lanes, out);
  }
}

#endif  // ATLAS_KERNELS_PLAIN

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_QUANTIZE_ROTATION_KERNELS_INL_HPP
