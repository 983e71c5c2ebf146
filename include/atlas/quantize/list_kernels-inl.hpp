// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/list_kernels-inl.hpp -- estimates for blocks of a list's rows; compiled once for each target.
//
// Room:      list_estimates, list_scans.
// Not here:  what it promises (simd/kernel_entries.hpp), what the numbers mean (quantize/list_block.hpp), AVX512_VBMI
//            (simd/x86_vbmi_lists-inl.hpp).
// Depends:   quantize/neighbour_kernels-inl.hpp, for the sums of a block; distance/unfused-inl.hpp.
#if defined(ATLAS_QUANTIZE_LIST_KERNELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_QUANTIZE_LIST_KERNELS_INL_HPP
#undef ATLAS_QUANTIZE_LIST_KERNELS_INL_HPP
#else
#define ATLAS_QUANTIZE_LIST_KERNELS_INL_HPP
#endif

#include <atlas/quantize/neighbour_kernels-inl.hpp>
#include <atlas/distance/unfused-inl.hpp>

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

inline std::size_t list_estimates(const kernels_v1::bit_query& query, const void* blocks, std::size_t block_count,
                                  float base, float bound, float* distances, std::uint32_t* found) {
  const std::size_t block_bytes = kernels_v1::list_codes_offset + query.parts * 16;
  std::size_t passed = 0;
  for (std::size_t block = 0; block < block_count; ++block) {
    const char* const start = static_cast<const char*>(blocks) + block * block_bytes;
    const void* const block_start = start;
    const void* const rows_start = start + kernels_v1::list_rows_offset;
    const void* const codes_start = start + kernels_v1::list_codes_offset;
    const auto* const add_mul = static_cast<const float*>(block_start);
    const auto* const rows = static_cast<const std::uint32_t*>(rows_start);
    const auto* const codes = static_cast<const std::uint8_t*>(codes_start);
    HWY_ALIGN float totals[32] = {};
    for (std::size_t first = 0; first < query.parts; first += bit_parts_at_once) {
      const std::size_t end = first + bit_parts_at_once < query.parts ? first + bit_parts_at_once : query.parts;
#if ATLAS_KERNELS_PLAIN
      std::uint16_t sums[32];
      pq4(query.tables + first * 16, codes + first * 16, 1, end - first, sums);
      for (std::size_t row = 0; row < 32; ++row) totals[row] += static_cast<float>(sums[row]);
#else
      bit_add_sums(query.tables, codes, first, end, totals);
#endif
    }
#if ATLAS_KERNELS_PLAIN
    for (std::size_t row = 0; row < 32; ++row) {
      const float product = unfused(query.factor * totals[row]) + query.offset;
      const float estimate = (base + add_mul[row]) + unfused(add_mul[32 + row] * product);
      if (!(estimate <= bound)) continue;
      distances[passed] = estimate;
      found[passed++] = rows[row];
    }
#else
    const lanes_f32 lanes;
    std::uint32_t near = 0;
    for (std::size_t row = 0; row < 32; row += lane_count) {
      const auto scaled = unfused(hn::Mul(hn::Set(lanes, query.factor), hn::Load(lanes, totals + row)));
      const auto product = hn::Add(scaled, hn::Set(lanes, query.offset));
      const auto start_at = hn::Add(hn::Set(lanes, base), hn::LoadU(lanes, add_mul + row));
      const auto estimate = hn::Add(start_at, unfused(hn::Mul(hn::LoadU(lanes, add_mul + 32 + row), product)));
      hn::Store(estimate, lanes, totals + row);
      near |= bits_of_mask(hn::Le(estimate, hn::Set(lanes, bound))) << row;
    }
    for (; near != 0; near &= near - 1) {
      const auto row = static_cast<std::size_t>(__builtin_ctz(near));
      distances[passed] = totals[row];
      found[passed++] = rows[row];
    }
#endif
  }
  return passed;
}
/// A few blocks lie in the L1 cache for all queries.
inline void list_scans(kernels_v1::list_scan* scans, std::size_t scan_count, const void* blocks, std::size_t block_count) {
  for (std::size_t i = 0; i < scan_count; ++i) {
    kernels_v1::list_scan& one = scans[i];
    one.count = list_estimates(one.query, blocks, block_count, one.base, one.bound, one.distances, one.rows);
  }
}

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_QUANTIZE_LIST_KERNELS_INL_HPP
