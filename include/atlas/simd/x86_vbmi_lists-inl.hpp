// SPDX-License-Identifier: Apache-2.0
// include/atlas/simd/x86_vbmi_lists-inl.hpp -- estimates for blocks of a list's rows with AVX512_VBMI.
//
// Room:      list_estimates and list_scans with permutations that look up in four tables at once.
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

/// Appends the lanes of a block whose estimate is within the bound; gives how many.
[[gnu::always_inline]] inline std::size_t append_near(const kernels_v1::bit_query& query, const neighbour_totals& totals, const char* block, float base,
                                                      float bound, float* distances, std::uint32_t* found) {
  const void* const terms = block;
  const auto* const add_mul = static_cast<const float*>(terms);
  __m512 estimates[2];
  unsigned near[2];
  for (int half = 0; half < 2; ++half) {
    const __m512 scaled = unfused(_mm512_mul_ps(_mm512_set1_ps(query.factor), totals.rows(half)));
    const __m512 product = _mm512_add_ps(scaled, _mm512_set1_ps(query.offset));
    const __m512 start_at = _mm512_add_ps(_mm512_set1_ps(base), _mm512_loadu_ps(add_mul + 16 * half));
    const __m512 varying = unfused(_mm512_mul_ps(_mm512_loadu_ps(add_mul + 32 + 16 * half), product));
    estimates[half] = _mm512_add_ps(start_at, varying);
    near[half] = _mm512_cmp_ps_mask(estimates[half], _mm512_set1_ps(bound), _CMP_LE_OQ);
  }
  std::uint32_t lanes = near[0] | near[1] << 16;
  if (lanes == 0) return 0;  // most often
  std::size_t passed = 0;
  alignas(64) float numbers[32];
  _mm512_store_ps(numbers, estimates[0]);
  _mm512_store_ps(numbers + 16, estimates[1]);
  const void* const rows = block + kernels_v1::list_rows_offset;
  for (; lanes != 0; lanes &= lanes - 1) {
    const int lane = __builtin_ctz(lanes);
    distances[passed] = numbers[lane];
    found[passed++] = static_cast<const std::uint32_t*>(rows)[lane];
  }
  return passed;
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
    passed += append_near(query, totals, start, base, bound, distances + passed, found + passed);
  }
  return passed;
}

/// Sums of a block for `Queries` queries. A list and not arrays, so that each has registers of its own.
template <std::size_t Queries>
struct list_sums {
  neighbour_sums sums;
  list_sums<Queries - 1> others;
  [[gnu::always_inline]] list_sums() : sums(), others() {}
  [[gnu::always_inline]] void add(const kernels_v1::list_scan* scans, std::size_t part, const neighbour_indexes& first, const neighbour_indexes& second) {
    const std::uint8_t* const tables = scans->query.tables;
    sums.add(_mm512_add_epi8(first.entries(tables, part), second.entries(tables, part + 4)));
    if constexpr (Queries > 1) others.add(scans + 1, part, first, second);
  }
  [[gnu::always_inline]] void add(const kernels_v1::list_scan* scans, std::size_t part, const neighbour_indexes& last) {
    sums.add(last.entries(scans->query.tables, part));
    if constexpr (Queries > 1) others.add(scans + 1, part, last);
  }
  [[gnu::always_inline]] void finish(kernels_v1::list_scan* scans, const char* block) const {
    neighbour_totals totals;
    totals.add(sums);
    scans->count += append_near(scans->query, totals, block, scans->base, scans->bound, scans->distances + scans->count, scans->rows + scans->count);
    if constexpr (Queries > 1) others.finish(scans + 1, block);
  }
};
template <>
struct list_sums<0> {};

/// @pre at most 1,024 parts
template <std::size_t Queries>
inline void scan_together(kernels_v1::list_scan* scans, const void* blocks, std::size_t block_count) {
  const std::size_t parts = scans[0].query.parts;
  const std::size_t block_bytes = kernels_v1::list_codes_offset + parts * 16;
  for (std::size_t i = 0; i < Queries; ++i) scans[i].count = 0;
  const neighbour_parts constants;
  for (std::size_t block = 0; block < block_count; ++block) {
    const char* const start = static_cast<const char*>(blocks) + block * block_bytes;
    const char* const codes = start + kernels_v1::list_codes_offset;
    list_sums<Queries> sums;
    std::size_t part = 0;
    for (; part + 8 <= parts; part += 8) sums.add(scans, part, constants.indexes(codes, part), constants.indexes(codes, part + 4));
    if (part != parts) sums.add(scans, part, constants.indexes(codes, part));
    sums.finish(scans, start);
  }
}

/// Of 8 operations for 128 look-ups three make the indexes, which four queries share: 784 components in 196 parts on Zen 4
/// take 135 instead of 189 cycles of its clock a block.
inline void list_scans_vbmi(kernels_v1::list_scan* scans, std::size_t scan_count, const void* blocks, std::size_t block_count) {
  std::size_t next = 0;
  if (scan_count > 1 && scans[0].query.parts <= 1024) {
    for (; next + 4 <= scan_count; next += 4) scan_together<4>(scans + next, blocks, block_count);
    if (next + 2 <= scan_count) {
      scan_together<2>(scans + next, blocks, block_count);
      next += 2;
    }
  }
  for (; next < scan_count; ++next) {
    kernels_v1::list_scan& one = scans[next];
    one.count = list_estimates_vbmi(one.query, blocks, block_count, one.base, one.bound, one.distances, one.rows);
  }
}

ATLAS_X86_END
HWY_POP_ATTRIBUTES

#endif  // ATLAS_SIMD_X86_VBMI_LISTS_INL_HPP
