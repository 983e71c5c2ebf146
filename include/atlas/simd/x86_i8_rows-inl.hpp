// SPDX-License-Identifier: Apache-2.0
// include/atlas/simd/x86_i8_rows-inl.hpp -- float rows as int8, each with a scale of its own.
//
// Room:      the scale of a row, its components as int8, and how far off they are.
// Not here:  products of such rows (simd/x86_vnni_panel-inl.hpp, simd/x86_amx-inl.hpp), conversion by factors that
//            somebody gives (distance/convert_kernels-inl.hpp).
// Depends:   simd/x86_tables-inl.hpp, which defines the ATLAS_X86 macros; Highway's HWY_PUSH_ATTRIBUTES.
#ifndef ATLAS_SIMD_X86_I8_ROWS_INL_HPP
#define ATLAS_SIMD_X86_I8_ROWS_INL_HPP

HWY_PUSH_ATTRIBUTES(ATLAS_X86_AVX512)
ATLAS_X86_BEGIN

/// Lanes i with first + i < size. @pre first < size + 16
[[gnu::always_inline]] inline __mmask16 lanes_below(std::size_t first, std::size_t size) {
  return first + 16 <= size ? __mmask16{0xFFFF}
                            : static_cast<__mmask16>(first < size ? (1U << (size - first)) - 1U : 0U);
}

/// An upper bound of the length whose square, but for rounding, is the sum of `squares`, into which at most 65,535
/// squares went. At most 4,110 roundings of 2^-24 follow on each other: 2^-10 is above them. Underflow takes less than
/// 2^-126 from each, also where the processor is set to count subnormals as 0: 2^-109 is above that.
[[gnu::always_inline]] inline float length_above(__m512 squares) {
  return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(_mm512_reduce_add_ps(squares) * 0x1.004p0F + 0x1p-109F)));
}

/// How a row becomes int8: components times `inverse`, rounded to nearest; and back: times `scale`.
/// A row with NaN or infinity has the scale NaN. One that is nearly nothing becomes zeros, so that 127 / its largest
/// component is a float; what is lost is below what length_above adds.
struct i8_scale {
  float scale;
  float inverse;
};

inline i8_scale i8_scale_of(const float* row, std::size_t dimension) {
  const __m512i magnitude = _mm512_set1_epi32(0x7FFFFFFF);
  __m512i largest = _mm512_setzero_si512();  // as integers, among which NaN is above everything and stays
  for (std::size_t i = 0; i < dimension; i += 16) {
    const __m512i bits = _mm512_maskz_loadu_epi32(lanes_below(i, dimension), row + i);
    largest = _mm512_max_epu32(largest, _mm512_and_si512(bits, magnitude));
  }
  const float most = __builtin_bit_cast(float, _mm512_reduce_max_epu32(largest));
  if (!(most <= __FLT_MAX__)) return {__builtin_nanf(""), 0.0F};
  if (most < 0x1p-100F) return {0.0F, 0.0F};
  return {most / 127.0F, 127.0F / most};
}

/// Components [first, first + 16) as int8, 0 from `dimension` on. Adds the squares of what is lost.
[[gnu::always_inline]] inline __m128i sixteen_as_i8(const float* row, std::size_t first, std::size_t dimension,
                                                    i8_scale by, __m512& squares) {
  const __m512 components = _mm512_maskz_loadu_ps(lanes_below(first, dimension), row + first);
  const __m512i rounded = _mm512_cvtps_epi32(_mm512_mul_ps(components, _mm512_set1_ps(by.inverse)));
  const __m512 lost = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(rounded), _mm512_set1_ps(by.scale), components);
  squares = _mm512_fmadd_ps(lost, lost, squares);
  return _mm512_cvtsepi32_epi8(rounded);
}

/// panel_kernels::prepare, in multiples of 64 components. Biased: 128 more, as uint8.
template <bool Biased>
inline void prepare_i8(const float* rows, std::size_t stride_bytes, std::size_t count, std::size_t dimension,
                       void* prepared, std::size_t prepared_stride_bytes, float* scales, float* residuals) {
  const __m128i bias = _mm_set1_epi8(Biased ? -128 : 0);
  for (std::size_t index = 0; index < count; ++index) {
    const float* const row = reinterpret_cast<const float*>(reinterpret_cast<const char*>(rows) + index * stride_bytes);
    char* const to = static_cast<char*>(prepared) + index * prepared_stride_bytes;
    const i8_scale by = i8_scale_of(row, dimension);
    __m512 squares = _mm512_setzero_ps();
    std::size_t i = 0;
    for (; i < dimension; i += 16) {
      _mm_store_si128(reinterpret_cast<__m128i*>(to + i),
                      _mm_xor_si128(sixteen_as_i8(row, i, dimension, by, squares), bias));
    }
    for (; i % 64 != 0; i += 16) _mm_store_si128(reinterpret_cast<__m128i*>(to + i), bias);
    scales[index] = by.scale;
    residuals[index] = length_above(squares);
  }
}

ATLAS_X86_END
HWY_POP_ATTRIBUTES

#endif  // ATLAS_SIMD_X86_I8_ROWS_INL_HPP
