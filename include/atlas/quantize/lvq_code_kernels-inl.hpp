// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/lvq_code_kernels-inl.hpp -- vectors to scalar codes; compiled once for each target.
//
// Room:      the range of a centred vector's components, and their codes in it.
// Not here:  what they promise (simd/kernel_entries.hpp), bounds, steps and where codes lie (quantize/lvq.hpp).
// Depends:   simd/kernels-inl.hpp, which sets up Highway and the ATLAS_KERNELS macros.
#if defined(ATLAS_QUANTIZE_LVQ_CODE_KERNELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_QUANTIZE_LVQ_CODE_KERNELS_INL_HPP
#undef ATLAS_QUANTIZE_LVQ_CODE_KERNELS_INL_HPP
#else
#define ATLAS_QUANTIZE_LVQ_CODE_KERNELS_INL_HPP
#endif

#include <atlas/distance/components-inl.hpp>  // sum_of_lanes

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

// ---- one component at a time: all of them on plain targets, and vectors shorter than a register ----------

HWY_INLINE kernels_v1::centred_range lvq_range_of_few(const float* vector, float scale, const float* centre,
                                                      std::size_t dimension) {
  const float first = vector[0] * scale - centre[0];
  kernels_v1::centred_range range{first, first, first * centre[0]};
  for (std::size_t i = 1; i < dimension; ++i) {
    const float centred = vector[i] * scale - centre[i];
    range.least = centred < range.least ? centred : range.least;
    range.greatest = centred > range.greatest ? centred : range.greatest;
    range.product += centred * centre[i];
  }
  return range;
}

/// 1.5 * 2^23, where floats lie 1 apart: adding it rounds to an integer, which then stands in the lowest bits.
inline constexpr float lvq_rounder = 12582912.0F;

/// What makes a code of a component.
struct lvq_coding {
  float scale;
  float lower;
  float inverse_step;
  std::uint8_t largest;
  std::uint8_t offset;
};

HWY_INLINE kernels_v1::code_sums lvq_codes_of_few(const float* vector, const float* centre, std::size_t dimension,
                                                  const lvq_coding& coding, std::uint8_t* codes) {
  const auto largest = static_cast<float>(coding.largest);
  kernels_v1::code_sums sums{0, 0};
  for (std::size_t i = 0; i < dimension; ++i) {
    float place = (vector[i] * coding.scale - centre[i] - coding.lower) * coding.inverse_step;
    place = place > 0.0F ? place : 0.0F;  // NaN too
    place = place < largest ? place : largest;
    const std::uint32_t code = __builtin_bit_cast(std::uint32_t, place + lvq_rounder) & 0xFFU;
    codes[i] = static_cast<std::uint8_t>(code - coding.offset);
    sums.codes += code;
    sums.squares += code * code;
  }
  return sums;
}

#if ATLAS_KERNELS_PLAIN

inline kernels_v1::centred_range lvq_range(const float* vector, float scale, const float* centre,
                                           std::size_t dimension) {
  return lvq_range_of_few(vector, scale, centre, dimension);
}
inline kernels_v1::code_sums lvq_codes(const float* vector, float scale, const float* centre, std::size_t dimension,
                                       float lower, float inverse_step, std::uint8_t largest, std::uint8_t offset,
                                       std::uint8_t* codes) {
  return lvq_codes_of_few(vector, centre, dimension, {scale, lower, inverse_step, largest, offset}, codes);
}

#else

/// Two of each, so that one register's latency does not hold up the next component.
struct lvq_ranges {
  vector_f32 least;
  vector_f32 greatest;
  vector_f32 product;
  HWY_INLINE explicit lvq_ranges(vector_f32 first) : least(first), greatest(first), product(hn::Zero(lanes_f32())) {}
  HWY_INLINE void add(vector_f32 centred, vector_f32 centre) {
    least = hn::Min(least, centred);
    greatest = hn::Max(greatest, centred);
    product = hn::MulAdd(centred, centre, product);
  }
};

HWY_INLINE vector_f32 lvq_centred(const float* vector, vector_f32 scale, vector_f32 centre) {
  return hn::MulSub(hn::LoadU(lanes_f32(), vector), scale, centre);
}

inline kernels_v1::centred_range lvq_range(const float* vector, float scale, const float* centre,
                                           std::size_t dimension) {
  if (dimension < lane_count) return lvq_range_of_few(vector, scale, centre, dimension);
  const lanes_f32 lanes;
  const auto scales = hn::Set(lanes, scale);
  const auto first_centre = hn::LoadU(lanes, centre);
  const auto first = lvq_centred(vector, scales, first_centre);
  lvq_ranges even(first);
  lvq_ranges odd(first);
  std::size_t at = 0;
  for (; at + 2 * lane_count <= dimension; at += 2 * lane_count) {
    const auto even_centre = hn::LoadU(lanes, centre + at);
    const auto odd_centre = hn::LoadU(lanes, centre + at + lane_count);
    even.add(lvq_centred(vector + at, scales, even_centre), even_centre);
    odd.add(lvq_centred(vector + at + lane_count, scales, odd_centre), odd_centre);
  }
  if (at + lane_count <= dimension) {
    const auto even_centre = hn::LoadU(lanes, centre + at);
    even.add(lvq_centred(vector + at, scales, even_centre), even_centre);
    at += lane_count;
  }
  if (at != dimension) {  // the last whole register again; what was counted before is multiplied with 0
    const std::size_t last = dimension - lane_count;
    const auto last_centre = hn::LoadU(lanes, centre + last);
    const auto centred = lvq_centred(vector + last, scales, last_centre);
    odd.add(centred, hn::IfThenZeroElse(hn::FirstN(lanes, at - last), last_centre));
  }
  return {hn::GetLane(hn::MinOfLanes(lanes, hn::Min(even.least, odd.least))),
          hn::GetLane(hn::MaxOfLanes(lanes, hn::Max(even.greatest, odd.greatest))),
          sum_of_lanes(lanes, hn::Add(even.product, odd.product))};
}

/// The greater of a number and a bound; of NaN the bound.
HWY_INLINE vector_f32 lvq_at_least(vector_f32 number, vector_f32 bound) {
#if HWY_ARCH_X86  // MAXPS gives its second operand
  return hn::Max(number, bound);
#else
  return hn::IfThenElse(hn::Gt(number, bound), number, bound);
#endif
}

/// A coding in registers.
struct lvq_coder {
  using lanes_codes = hn::Rebind<std::uint8_t, lanes_f32>;
  vector_f32 scale;
  vector_f32 lower;
  vector_f32 inverse_step;
  vector_f32 least;
  vector_f32 greatest;
  hn::Vec<lanes_codes> offset;
  HWY_INLINE explicit lvq_coder(const lvq_coding& coding)
      : scale(hn::Set(lanes_f32(), coding.scale)),
        lower(hn::Set(lanes_f32(), coding.lower)),
        inverse_step(hn::Set(lanes_f32(), coding.inverse_step)),
        least(hn::Set(lanes_f32(), lvq_rounder)),
        greatest(hn::Set(lanes_f32(), lvq_rounder + static_cast<float>(coding.largest))),
        offset(hn::Set(lanes_codes(), coding.offset)) {}
  /// Writes the codes of one register of components, and gives them.
  HWY_INLINE vector_i32 encode(const float* vector, const float* centre, std::uint8_t* codes) const {
    const hn::RebindToUnsigned<lanes_f32> bits;
    const auto centred = lvq_centred(vector, scale, hn::LoadU(lanes_f32(), centre));
    auto rounded = hn::MulAdd(hn::Sub(centred, lower), inverse_step, least);
    rounded = hn::Min(lvq_at_least(rounded, least), greatest);
    const auto numbers = hn::And(hn::BitCast(bits, rounded), hn::Set(bits, 0xFF));
    hn::StoreU(hn::Sub(hn::U8FromU32(numbers), offset), lanes_codes(), codes);
    return hn::BitCast(lanes_i32(), numbers);
  }
};

inline kernels_v1::code_sums lvq_codes(const float* vector, float scale, const float* centre, std::size_t dimension,
                                       float lower, float inverse_step, std::uint8_t largest, std::uint8_t offset,
                                       std::uint8_t* codes) {
  const lvq_coding coding{scale, lower, inverse_step, largest, offset};
  if (dimension < lane_count) return lvq_codes_of_few(vector, centre, dimension, coding, codes);
  const lanes_i32 lanes;
  const lvq_coder coder(coding);
  auto sum = hn::Zero(lanes);
  auto squares = hn::Zero(lanes);  // at most 65,535 * 255^2 < 2^32 in all
  const auto add = [&](vector_i32 numbers) HWY_ATTR {
    auto upper = hn::Zero(lanes);  // where a target sums halves apart
    const auto halves = hn::BitCast(lanes_i16(), numbers);
    sum = hn::Add(sum, numbers);
    squares = hn::ReorderWidenMulAccumulate(lanes, halves, halves, squares, upper);
    squares = hn::Add(squares, upper);
  };
  std::size_t at = 0;
  for (; at + lane_count <= dimension; at += lane_count) add(coder.encode(vector + at, centre + at, codes + at));
  if (at != dimension) {
    const std::size_t last = dimension - lane_count;
    const auto numbers = coder.encode(vector + last, centre + last, codes + last);
    add(hn::IfThenZeroElse(hn::FirstN(lanes, at - last), numbers));
  }
  return {static_cast<std::uint32_t>(sum_of_lanes(lanes, sum)),
          static_cast<std::uint32_t>(sum_of_lanes(lanes, squares))};
}

#endif  // ATLAS_KERNELS_PLAIN

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_QUANTIZE_LVQ_CODE_KERNELS_INL_HPP
