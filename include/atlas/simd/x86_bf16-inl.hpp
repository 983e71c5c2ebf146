// SPDX-License-Identifier: Apache-2.0
// include/atlas/simd/x86_bf16-inl.hpp -- sums of bf16 products with AVX512_BF16.
//
// Room:      dot of bf16 rows. Highway 1.0.3 emulates the instruction. Against its AVX-512, rows of 768 in L2 on
//            Sapphire Rapids: 1.6 times the rows a second.
// Not here:  what it promises (simd/kernel_entries.hpp); l2sq and cosine, which the instruction does not give with
//            their accuracy.
// Depends:   simd/x86_rows-inl.hpp.
#ifndef ATLAS_SIMD_X86_BF16_INL_HPP
#define ATLAS_SIMD_X86_BF16_INL_HPP

#include <atlas/simd/x86_rows-inl.hpp>

HWY_PUSH_ATTRIBUTES(ATLAS_X86_AVX512 ",avx512bf16")
ATLAS_X86_BEGIN

[[gnu::always_inline]] inline __m512 add_bf16_products(__m512 sum, __m512i a, __m512i b) {
  return _mm512_dpbf16_ps(sum, __builtin_bit_cast(__m512bh, a), __builtin_bit_cast(__m512bh, b));
}

/// Two sums a row: eight chains cover the instruction's latency.
struct four_bf16_rows {
  const void* query;
  std::size_t bytes;

  template <class Rows>
  void operator()(const Rows& rows, float* out) const {
    __m512 even[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
    __m512 odd[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
    std::size_t at = 0;
    for (; at + 128 <= bytes; at += 128) {
      const __m512i first = bytes_at(query, at);
      const __m512i second = bytes_at(query, at + 64);
      for (std::size_t row = 0; row < 4; ++row) {
        even[row] = add_bf16_products(even[row], bytes_at(rows[row], at), first);
        odd[row] = add_bf16_products(odd[row], bytes_at(rows[row], at + 64), second);
      }
    }
    if (at + 64 <= bytes) {
      const __m512i part = bytes_at(query, at);
      for (std::size_t row = 0; row < 4; ++row) even[row] = add_bf16_products(even[row], bytes_at(rows[row], at), part);
      at += 64;
    }
    if (at < bytes) {
      const __mmask64 keep = ~std::uint64_t{0} >> (64 - (bytes - at));
      const __m512i part = bytes_at(query, at, keep);
      for (std::size_t row = 0; row < 4; ++row) {
        odd[row] = add_bf16_products(odd[row], bytes_at(rows[row], at, keep), part);
      }
    }
    for (std::size_t row = 0; row < 4; ++row) out[row] = _mm512_reduce_add_ps(_mm512_add_ps(even[row], odd[row]));
  }
};

inline void dot_bf16(const void* query, const void* rows, std::size_t stride_bytes, const std::uint32_t* ids,
                     std::size_t count, std::size_t dimension, float* out) {
  in_groups<4>(four_bf16_rows{query, 2 * dimension}, rows, stride_bytes, ids, count, out);
}

ATLAS_X86_END
HWY_POP_ATTRIBUTES

#endif  // ATLAS_SIMD_X86_BF16_INL_HPP
