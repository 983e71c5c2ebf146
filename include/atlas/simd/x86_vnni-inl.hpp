// SPDX-License-Identifier: Apache-2.0
// include/atlas/simd/x86_vnni-inl.hpp -- exact sums of byte products with AVX512_VNNI.
//
// Room:      l2sq and dot of i8 and of u8 rows. Highway 1.0.3 has no such operation. Against its AVX-512, rows of 768
//            in L2 on Sapphire Rapids: dot 2.1 times the rows a second, l2sq 1.17 times.
// Not here:  what they promise (simd/kernel_entries.hpp).
// Depends:   simd/x86_rows-inl.hpp.
#ifndef ATLAS_SIMD_X86_VNNI_INL_HPP
#define ATLAS_SIMD_X86_VNNI_INL_HPP

#include <atlas/simd/x86_rows-inl.hpp>

HWY_PUSH_ATTRIBUTES(ATLAS_X86_AVX512 ",avx512vnni")
ATLAS_X86_BEGIN

/// Sums for four rows. Constructors are written out because gcc gives an implicit one no target.
///
/// dot: VPDPBUSD multiplies unsigned with signed bytes, so rows move by 128, and what that adds, 128 times the query's
/// sum, is taken off at the end. Sums are modulo 2^32, which the result fits.
template <bool IsSigned>
struct dot_sums {
  __m512i rows[4];

  [[gnu::always_inline]] dot_sums()
      : rows{_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()} {}
  [[gnu::always_inline]] static __m512i add_products(__m512i sum, __m512i query, __m512i row) {
    const __m512i moved = _mm512_xor_si512(row, _mm512_set1_epi8(-128));
    return IsSigned ? _mm512_dpbusd_epi32(sum, moved, query) : _mm512_dpbusd_epi32(sum, query, moved);
  }
  [[gnu::always_inline]] void add(__m512i part, __m512i a, __m512i b, __m512i c, __m512i d) {
    rows[0] = add_products(rows[0], part, a);
    rows[1] = add_products(rows[1], part, b);
    rows[2] = add_products(rows[2], part, c);
    rows[3] = add_products(rows[3], part, d);
  }
  /// What is added to each row's sum: 128 times the sum of the query, or, for signed bytes, its negative.
  static int offset(const void* query, std::size_t dimension) {
    __m512i sum = _mm512_setzero_si512();
    const __m512i ones = _mm512_set1_epi8(1);
    for (std::size_t at = 0; at < dimension; at += 64) {
      const std::size_t left = dimension - at;
      const __mmask64 keep = left >= 64 ? ~std::uint64_t{0} : ~std::uint64_t{0} >> (64 - left);
      const __m512i part = bytes_at(query, at, keep);
      sum = IsSigned ? _mm512_dpbusd_epi32(sum, ones, part) : _mm512_dpbusd_epi32(sum, part, ones);
    }
    const int total = 128 * _mm512_reduce_add_epi32(sum);  // at most 65,535 * 255 * 128 < 2^31
    return IsSigned ? -total : total;
  }
  [[gnu::always_inline]] void store(int moved, float* out) const {
    const __m128i sums = _mm_add_epi32(four_sums(rows), _mm_set1_epi32(moved));
    _mm_storeu_ps(out, IsSigned ? _mm_cvtepi32_ps(sums) : _mm_cvtepu32_ps(sums));
  }
};

/// The differences' sizes are unsigned bytes; their squares are added in pairs of 16 bits.
template <bool IsSigned>
struct l2sq_sums {
  __m512i rows[4];

  [[gnu::always_inline]] l2sq_sums()
      : rows{_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()} {}
  [[gnu::always_inline]] static __m512i add_squares(__m512i sum, __m512i a, __m512i b) {
    const __m512i size = IsSigned ? _mm512_sub_epi8(_mm512_max_epi8(a, b), _mm512_min_epi8(a, b))
                                  : _mm512_sub_epi8(_mm512_max_epu8(a, b), _mm512_min_epu8(a, b));
    const __m512i lower = _mm512_unpacklo_epi8(size, _mm512_setzero_si512());
    const __m512i upper = _mm512_unpackhi_epi8(size, _mm512_setzero_si512());
    return _mm512_dpwssd_epi32(_mm512_dpwssd_epi32(sum, lower, lower), upper, upper);
  }
  [[gnu::always_inline]] void add(__m512i part, __m512i a, __m512i b, __m512i c, __m512i d) {
    rows[0] = add_squares(rows[0], part, a);
    rows[1] = add_squares(rows[1], part, b);
    rows[2] = add_squares(rows[2], part, c);
    rows[3] = add_squares(rows[3], part, d);
  }
  static int offset(const void*, std::size_t) { return 0; }
  [[gnu::always_inline]] void store(int, float* out) const { _mm_storeu_ps(out, _mm_cvtepu32_ps(four_sums(rows))); }
};

template <class Sums>
struct four_byte_rows {
  const void* query;
  std::size_t dimension;
  int offset;

  template <class Rows>
  void operator()(const Rows& rows, float* out) const {
    Sums sums;
    std::size_t at = 0;
    for (; at + 64 <= dimension; at += 64) {
      sums.add(bytes_at(query, at), bytes_at(rows[0], at), bytes_at(rows[1], at), bytes_at(rows[2], at),
               bytes_at(rows[3], at));
    }
    if (at < dimension) {
      const __mmask64 keep = ~std::uint64_t{0} >> (64 - (dimension - at));
      sums.add(bytes_at(query, at, keep), bytes_at(rows[0], at, keep), bytes_at(rows[1], at, keep),
               bytes_at(rows[2], at, keep), bytes_at(rows[3], at, keep));
    }
    sums.store(offset, out);
  }
};

inline void dot_i8_vnni(const void* query, const void* rows, std::size_t stride_bytes, const std::uint32_t* ids,
                        std::size_t count, std::size_t dimension, float* out) {
  in_groups<4>(four_byte_rows<dot_sums<true>>{query, dimension, dot_sums<true>::offset(query, dimension)}, rows,
               stride_bytes, ids, count, out);
}
inline void dot_u8_vnni(const void* query, const void* rows, std::size_t stride_bytes, const std::uint32_t* ids,
                        std::size_t count, std::size_t dimension, float* out) {
  in_groups<4>(four_byte_rows<dot_sums<false>>{query, dimension, dot_sums<false>::offset(query, dimension)}, rows,
               stride_bytes, ids, count, out);
}
inline void l2sq_i8_vnni(const void* query, const void* rows, std::size_t stride_bytes, const std::uint32_t* ids,
                         std::size_t count, std::size_t dimension, float* out) {
  in_groups<4>(four_byte_rows<l2sq_sums<true>>{query, dimension, l2sq_sums<true>::offset(query, dimension)}, rows,
               stride_bytes, ids, count, out);
}
inline void l2sq_u8_vnni(const void* query, const void* rows, std::size_t stride_bytes, const std::uint32_t* ids,
                         std::size_t count, std::size_t dimension, float* out) {
  in_groups<4>(four_byte_rows<l2sq_sums<false>>{query, dimension, l2sq_sums<false>::offset(query, dimension)}, rows,
               stride_bytes, ids, count, out);
}

ATLAS_X86_END
HWY_POP_ATTRIBUTES

#endif  // ATLAS_SIMD_X86_VNNI_INL_HPP
