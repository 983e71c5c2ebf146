// SPDX-License-Identifier: Apache-2.0
// include/atlas/simd/x86_vbmi_lists-inl.hpp -- estimates for blocks of a list's rows with AVX512_VBMI.
//
// Room:      list_estimates with permutations that look up in four tables at once.
// Not here:  what it promises (simd/kernel_entries.hpp), other targets (quantize/list_kernels-inl.hpp).
// Depends:   simd/x86_vbmi_neighbours-inl.hpp, for the sums of a block.
#ifndef ATLAS_SIMD_X86_VBMI_LISTS_INL_HPP
#define ATLAS_SIMD_X86_VBMI_LISTS_INL_HPP

#include <atlas/simd/x86_vbmi_neighbours-inl.hpp>

HWY_PUSH_ATTRIBUTES(ATLAS_X86_AVX512 ",avx512vbmi")
ATLAS_X86_BEGIN

/// As unfused() of distance/unfused-inl.hpp.
[[gnu::always_inline]] inline __m512 unfused(__m512 product) {
  __asm__("" : "+v"(product));
  return product;
}

inline std::size_t list_estimates_vbmi(const kernels_v1::bit_query& query, const void* blocks, std::size_t block_count,
                                       float base, float bound, float* distances, std::uint32_t* found) {
  const std::size_t block_bytes = kernels_v1::list_codes_offset + query.parts * 16;
  std::size_t passed = 0;
  for (std::size_t block = 0; block < block_count; ++block) {
    const char* const start = static_cast<const char*>(blocks) + block * block_bytes;
    neighbour_totals totals;
    for (std::size_t first = 0; first < query.parts; first += 1024) {
      totals.add(query.tables, start + kernels_v1::list_codes_offset, first,
                 query.parts - first < 1024 ? query.parts : first + 1024);
    }
    const void* const terms = start;
    const auto* const add_mul = static_cast<const float*>(terms);
    for (int half = 0; half < 2; ++half) {
      const __m512 scaled = unfused(_mm512_mul_ps(_mm512_set1_ps(query.factor), totals.rows(half)));
      const __m512 product = _mm512_add_ps(scaled, _mm512_set1_ps(query.offset));
      const __m512 start_at = _mm512_add_ps(_mm512_set1_ps(base), _mm512_loadu_ps(add_mul + 16 * half));
      const __m512 varying = unfused(_mm512_mul_ps(_mm512_loadu_ps(add_mul + 32 + 16 * half), product));
      const __m512 estimates = _mm512_add_ps(start_at, varying);
      unsigned near = _mm512_cmp_ps_mask(estimates, _mm512_set1_ps(bound), _CMP_LE_OQ);
      if (near == 0) continue;
      alignas(64) float numbers[16];
      _mm512_store_ps(numbers, estimates);
      const void* const rows = start + kernels_v1::list_rows_offset;
      for (; near != 0; near &= near - 1) {
        const int lane = __builtin_ctz(near);
        distances[passed] = numbers[lane];
        found[passed++] = static_cast<const std::uint32_t*>(rows)[16 * half + lane];
      }
    }
  }
  return passed;
}

ATLAS_X86_END
HWY_POP_ATTRIBUTES

#endif  // ATLAS_SIMD_X86_VBMI_LISTS_INL_HPP
