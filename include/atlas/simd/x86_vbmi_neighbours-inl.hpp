// SPDX-License-Identifier: Apache-2.0
// include/atlas/simd/x86_vbmi_neighbours-inl.hpp -- estimates for blocks of neighbours with AVX512_VBMI.
//
// Room:      neighbour_estimates with permutations that look up in four tables at once. Against Highway's AVX-512, 784
//            components in L1 on Zen 4: 71 ns a block instead of 109; 78 ns with entries of up to 127, of which only
//            two fit a byte.
// Not here:  what it promises (simd/kernel_entries.hpp), other targets (quantize/neighbour_kernels-inl.hpp).
// Depends:   simd/x86_rows-inl.hpp.
#ifndef ATLAS_SIMD_X86_VBMI_NEIGHBOURS_INL_HPP
#define ATLAS_SIMD_X86_VBMI_NEIGHBOURS_INL_HPP

#include <atlas/simd/x86_rows-inl.hpp>

HWY_PUSH_ATTRIBUTES(ATLAS_X86_AVX512 ",avx512vbmi")
ATLAS_X86_BEGIN

/// 64 bytes are two pairs of parts of all 32 rows, and the tables of the four parts: an index of six bits has a part in
/// its upper two and a code in its lower four.
struct neighbour_indexes {
  __m512i even;
  __m512i odd;
  /// Entries of an even and an odd part, at most 63 each, added up as bytes.
  [[gnu::always_inline]] __m512i entries(const std::uint8_t* tables, std::size_t part) const {
    const __m512i four_tables = bytes_at(tables, part * 16);
    return _mm512_add_epi8(_mm512_permutexvar_epi8(even, four_tables), _mm512_permutexvar_epi8(odd, four_tables));
  }
};
struct neighbour_parts {
  __m512i even_parts;
  __m512i odd_parts;
  [[gnu::always_inline]] neighbour_parts()
      : even_parts(_mm512_inserti64x4(_mm512_setzero_si512(), _mm256_set1_epi8(32), 1)),
        odd_parts(_mm512_or_si512(even_parts, _mm512_set1_epi8(16))) {}
  [[gnu::always_inline]] neighbour_indexes indexes(const void* bits, std::size_t part) const {
    const __m512i lower_bits = _mm512_set1_epi8(15);
    const __m512i codes = bytes_at(bits, part * 16);
    constexpr int and_or = 0xEA;  // (a & b) | c
    return {_mm512_ternarylogic_epi64(codes, lower_bits, even_parts, and_or),
            _mm512_ternarylogic_epi64(_mm512_srli_epi16(codes, 4), lower_bits, odd_parts, and_or)};
  }
  [[gnu::always_inline]] __m512i entries(const std::uint8_t* tables, const void* bits, std::size_t part) const {
    return indexes(bits, part).entries(tables, part);
  }
};

/// Sums of 16 bits, as pq4_sums of distance/code_kernels-inl.hpp.
struct neighbour_sums {
  __m512i all;
  __m512i odd;
  [[gnu::always_inline]] neighbour_sums() : all(_mm512_setzero_si512()), odd(_mm512_setzero_si512()) {}
  [[gnu::always_inline]] void add(__m512i entries) {
    all = _mm512_add_epi16(all, entries);
    odd = _mm512_add_epi16(odd, _mm512_srli_epi16(entries, 8));
  }
};

/// Totals of the even rows of a block, and of the odd ones.
struct neighbour_totals {
  __m512 even;
  __m512 odd;
  [[gnu::always_inline]] neighbour_totals() : even(_mm512_setzero_ps()), odd(_mm512_setzero_ps()) {}

  /// @pre end - first is at most 1,024
  [[gnu::always_inline]] void add(const std::uint8_t* tables, const void* bits, std::size_t first, std::size_t end) {
    const neighbour_parts parts;
    neighbour_sums sums;
    std::size_t part = first;
    for (; part + 8 <= end; part += 8) {
      sums.add(_mm512_add_epi8(parts.entries(tables, bits, part), parts.entries(tables, bits, part + 4)));
    }
    if (part != end) sums.add(parts.entries(tables, bits, part));
    add(sums);
  }
  [[gnu::always_inline]] void add(const neighbour_sums& sums) {
    const __m256i odd_sums = _mm256_add_epi16(_mm512_castsi512_si256(sums.odd), _mm512_extracti64x4_epi64(sums.odd, 1));
    const __m256i all_sums = _mm256_add_epi16(_mm512_castsi512_si256(sums.all), _mm512_extracti64x4_epi64(sums.all, 1));
    const __m256i even_sums = _mm256_sub_epi16(all_sums, _mm256_slli_epi16(odd_sums, 8));
    even = _mm512_add_ps(even, _mm512_cvtepi32_ps(_mm512_cvtepu16_epi32(even_sums)));
    odd = _mm512_add_ps(odd, _mm512_cvtepi32_ps(_mm512_cvtepu16_epi32(odd_sums)));
  }
  /// Rows 0 to 15, or 16 to 31 for half 1.
  [[gnu::always_inline]] __m512 rows(int half) const {
    const __m512i first = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    return _mm512_permutex2var_ps(even, _mm512_add_epi32(first, _mm512_set1_epi32(8 * half)), odd);
  }
};

inline std::uint32_t neighbour_estimates_vbmi(const kernels_v1::bit_query& query, const void* bits,
                                              const float* add_mul, float distance_of_node, float bound, float* out) {
  neighbour_totals totals;
  for (std::size_t first = 0; first < query.parts; first += 1024) {
    totals.add(query.tables, bits, first, query.parts - first < 1024 ? query.parts : first + 1024);
  }
  std::uint32_t near = 0;
  for (int half = 0; half < 2; ++half) {
    const __m512 product =
        _mm512_fmadd_ps(_mm512_set1_ps(query.factor), totals.rows(half), _mm512_set1_ps(query.offset));
    const __m512 start = _mm512_add_ps(_mm512_set1_ps(distance_of_node), _mm512_loadu_ps(add_mul + 16 * half));
    const __m512 estimates = _mm512_fmadd_ps(_mm512_loadu_ps(add_mul + 32 + 16 * half), product, start);
    _mm512_storeu_ps(out + 16 * half, estimates);
    near |= std::uint32_t{_mm512_cmp_ps_mask(estimates, _mm512_set1_ps(bound), _CMP_LT_OQ)} << (16 * half);
  }
  return near;
}

ATLAS_X86_END
HWY_POP_ATTRIBUTES

#endif  // ATLAS_SIMD_X86_VBMI_NEIGHBOURS_INL_HPP
