// SPDX-License-Identifier: Apache-2.0
// include/atlas/simd/x86_vnni_lvq-inl.hpp -- distances of rows of scalar codes with AVX512_VNNI.
//
// Room:      lvq8 and lvq4. Against Highway's AVX-512, 784 components in L2 on Zen 4: 1.75 and 2.1 times the rows a
//            second, out of 200 MB 1.4 times. Rows one after the other, each with two sums, instead of four side by
//            side: 0.85 of that out of memory, 0.7 from L2.
// Not here:  what they promise (simd/kernel_entries.hpp), other targets (quantize/lvq_row_kernels-inl.hpp).
// Depends:   simd/x86_rows-inl.hpp.
#ifndef ATLAS_SIMD_X86_VNNI_LVQ_INL_HPP
#define ATLAS_SIMD_X86_VNNI_LVQ_INL_HPP

#include <atlas/simd/x86_rows-inl.hpp>

HWY_PUSH_ATTRIBUTES(ATLAS_X86_AVX512 ",avx512vnni")
ATLAS_X86_BEGIN

/// Products of four rows with the query. They reach 65,535 * 255 * 127 < 2^31 in either direction. The query's zeros
/// and a row's stride go on to the end of the last 64 bytes.
struct lvq8_products {
  __m512i rows[4];

  [[gnu::always_inline]] lvq8_products(const std::int8_t* components, const void* const* places, std::size_t dimension)
      : rows{_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()} {
    for (std::size_t at = 0; at < dimension; at += 64) {
      const __m512i part = bytes_at(components, at);
      rows[0] = _mm512_dpbusd_epi32(rows[0], bytes_at(places[0], at), part);
      rows[1] = _mm512_dpbusd_epi32(rows[1], bytes_at(places[1], at), part);
      rows[2] = _mm512_dpbusd_epi32(rows[2], bytes_at(places[2], at), part);
      rows[3] = _mm512_dpbusd_epi32(rows[3], bytes_at(places[3], at), part);
    }
  }
  [[gnu::always_inline]] __m128i sums() const { return four_sums(rows); }
};

/// The codes in the upper halves of bytes are not moved down: their sums are 16 times too large, at most
/// 32,768 * 15 * 16 * 127 < 2^31, until the end.
struct lvq4_products {
  __m512i lower[4];
  __m512i upper[4];

  [[gnu::always_inline]] lvq4_products(const std::int8_t* components, const void* const* places, std::size_t dimension)
      : lower{_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()},
        upper{_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()} {
    for (std::size_t first = 0, at = 0; first < dimension; first += 128, at += 64) {
      const __m512i first_part = bytes_at(components, first);
      const __m512i second_part = bytes_at(components, first + 64);
      add<0>(bytes_at(places[0], at), first_part, second_part);
      add<1>(bytes_at(places[1], at), first_part, second_part);
      add<2>(bytes_at(places[2], at), first_part, second_part);
      add<3>(bytes_at(places[3], at), first_part, second_part);
    }
  }
  template <std::size_t Row>
  [[gnu::always_inline]] void add(__m512i codes, __m512i first_part, __m512i second_part) {
    const __m512i half_bytes = _mm512_set1_epi8(15);
    lower[Row] = _mm512_dpbusd_epi32(lower[Row], _mm512_and_si512(half_bytes, codes), first_part);
    upper[Row] = _mm512_dpbusd_epi32(upper[Row], _mm512_andnot_si512(half_bytes, codes), second_part);
  }
  [[gnu::always_inline]] __m128i sums() const {
    return _mm_add_epi32(four_sums(lower), _mm_srai_epi32(four_sums(upper), 4));
  }
};

/// A row's terms: norm, lower, step, sum.
[[gnu::always_inline]] inline __m128 lvq_terms_at(const void* row, std::size_t code_bytes) {
  return _mm_loadu_ps(reinterpret_cast<const float*>(static_cast<const char*>(row) + code_bytes));
}

/// The distances of four rows.
template <class Products>
[[gnu::always_inline]] inline __m128 lvq_distances_of_four(const kernels_v1::lvq_query& query,
                                                           const void* const* places, std::size_t dimension,
                                                           std::size_t code_bytes) {
  const Products products(query.components, places, dimension);
  const __m128 dot = _mm_cvtepi32_ps(products.sums());
  __m128 norm = lvq_terms_at(places[0], code_bytes);
  __m128 lower = lvq_terms_at(places[1], code_bytes);
  __m128 step = lvq_terms_at(places[2], code_bytes);
  __m128 sum = lvq_terms_at(places[3], code_bytes);
  _MM_TRANSPOSE4_PS(norm, lower, step, sum);
  __m128 inner = _mm_mul_ps(_mm_mul_ps(_mm_set1_ps(query.step), step), dot);
  inner = _mm_fmadd_ps(_mm_set1_ps(query.step_sum), lower, inner);
  inner = _mm_fmadd_ps(_mm_set1_ps(query.middle), sum, inner);
  const __m128 base = _mm_add_ps(_mm_set1_ps(query.base), norm);
  const __m128 distances = _mm_fnmadd_ps(_mm_set1_ps(query.weight), inner, base);
  const __mmask8 is_number = _mm_cmp_ps_mask(distances, distances, _CMP_ORD_Q);
  return _mm_mask_blend_ps(is_number, _mm_set1_ps(__builtin_inff()), distances);
}

/// All lines of a row.
[[gnu::always_inline]] inline void lvq_prefetch(const void* row, std::size_t row_bytes) {
  for (std::size_t at = 0; at < row_bytes; at += cache_line) __builtin_prefetch(static_cast<const char*>(row) + at);
}

template <class Products>
[[gnu::always_inline]] inline void lvq_vnni(const kernels_v1::lvq_query& query, const void* rows,
                                            std::size_t stride_bytes, const std::uint32_t* ids, std::size_t count,
                                            std::size_t dimension, std::size_t code_bytes, std::size_t prefetch_rows,
                                            float* out) {
  const char* const first = static_cast<const char*>(rows);
  const std::size_t row_bytes = code_bytes + sizeof(kernels_v1::lvq_terms);
  const std::size_t ahead = prefetch_rows < count ? prefetch_rows : count;
  std::size_t asked_for = 0;
  for (; asked_for < ahead; ++asked_for) {
    lvq_prefetch(first + (ids == nullptr ? asked_for : ids[asked_for]) * stride_bytes, row_bytes);
  }
  for (std::size_t done = 0; done < count; done += 4) {
    if (ahead != 0) {
      for (; asked_for < done + 4 + ahead && asked_for < count; ++asked_for) {
        lvq_prefetch(first + (ids == nullptr ? asked_for : ids[asked_for]) * stride_bytes, row_bytes);
      }
    }
    const void* places[4];
    for (std::size_t row = 0; row < 4; ++row) {  // in the last group rows are repeated
      const std::size_t index = done + row < count ? done + row : done;
      places[row] = first + (ids == nullptr ? index : ids[index]) * stride_bytes;
    }
    const __m128 distances = lvq_distances_of_four<Products>(query, places, dimension, code_bytes);
    if (count - done >= 4) {
      _mm_storeu_ps(out + done, distances);
    } else {
      _mm_mask_storeu_ps(out + done, static_cast<__mmask8>((1U << (count - done)) - 1), distances);
    }
  }
}

inline void lvq8_vnni(const kernels_v1::lvq_query& query, const void* rows, std::size_t stride_bytes,
                      const std::uint32_t* ids, std::size_t count, std::size_t dimension, std::size_t code_bytes,
                      std::size_t prefetch_rows, float* out) {
  lvq_vnni<lvq8_products>(query, rows, stride_bytes, ids, count, dimension, code_bytes, prefetch_rows, out);
}
inline void lvq4_vnni(const kernels_v1::lvq_query& query, const void* rows, std::size_t stride_bytes,
                      const std::uint32_t* ids, std::size_t count, std::size_t dimension, std::size_t code_bytes,
                      std::size_t prefetch_rows, float* out) {
  lvq_vnni<lvq4_products>(query, rows, stride_bytes, ids, count, dimension, code_bytes, prefetch_rows, out);
}

ATLAS_X86_END
HWY_POP_ATTRIBUTES

#endif  // ATLAS_SIMD_X86_VNNI_LVQ_INL_HPP
