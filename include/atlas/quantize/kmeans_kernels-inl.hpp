// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/kmeans_kernels-inl.hpp -- the least of many scores, lane by lane; compiled once for each target.
//
// Room:      least_scores.
// Not here:  what it promises (simd/kernel_entries.hpp), the products (distance/panel_kernels-inl.hpp), the search made
//            of them (quantize/centroid_search.hpp).
// Depends:   simd/kernels-inl.hpp, which includes this and sets up Highway and the ATLAS_KERNELS macros.
#if defined(ATLAS_QUANTIZE_KMEANS_KERNELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_QUANTIZE_KMEANS_KERNELS_INL_HPP
#undef ATLAS_QUANTIZE_KMEANS_KERNELS_INL_HPP
#else
#define ATLAS_QUANTIZE_KMEANS_KERNELS_INL_HPP
#endif

#include <atlas/distance/panel_kernels-inl.hpp>  // panel_lanes

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

#if ATLAS_KERNELS_PLAIN

inline void least_scores(const float* products, std::size_t count, std::size_t queries, const float* factors,
                         const float* terms, float* least) {
  for (std::size_t row = 0; row < count; ++row) {
    for (std::size_t lane = 0; lane < queries; ++lane) {
      const float score = products[row * queries + lane] * factors[row] + terms[row];
      least[lane] = score < least[lane] ? score : least[lane];
    }
  }
}

#else

inline void least_scores(const float* products, std::size_t count, std::size_t queries, const float* factors,
                         const float* terms, float* least) {
  const panel_lanes lanes;
  // Every panel has 16 lanes or a multiple; four vectors at most share the loads of factors and terms.
  constexpr std::size_t vectors = HWY_MAX(16 / panel_lane_count, 1);
  for (std::size_t lane = 0; lane < queries; lane += vectors * panel_lane_count) {
    panel_vector best[vectors];
    for (std::size_t i = 0; i < vectors; ++i) best[i] = hn::LoadU(lanes, least + lane + i * panel_lane_count);
    const float* from = products + lane;
    for (std::size_t row = 0; row < count; ++row, from += queries) {
      const auto factor = hn::Set(lanes, factors[row]);
      const auto term = hn::Set(lanes, terms[row]);
      for (std::size_t i = 0; i < vectors; ++i) {
        const auto score = hn::MulAdd(hn::Load(lanes, from + i * panel_lane_count), factor, term);
        best[i] = hn::Min(best[i], score);
      }
    }
    for (std::size_t i = 0; i < vectors; ++i) hn::StoreU(best[i], lanes, least + lane + i * panel_lane_count);
  }
}

#endif  // ATLAS_KERNELS_PLAIN

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_QUANTIZE_KMEANS_KERNELS_INL_HPP
