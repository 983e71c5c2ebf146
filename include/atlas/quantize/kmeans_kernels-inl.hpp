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
                         const float* terms, std::uint32_t first_row, float* least, float* next, std::uint32_t* rows) {
  for (std::size_t row = 0; row < count; ++row) {
    for (std::size_t lane = 0; lane < queries; ++lane) {
      const float score = products[row * queries + lane] * factors[row] + terms[row];
      const bool is_less = score < least[lane];
      const float other = is_less ? least[lane] : score;
      if (other < next[lane]) next[lane] = other;
      if (is_less) {
        least[lane] = score;
        rows[lane] = first_row + static_cast<std::uint32_t>(row);
      }
    }
  }
}

#else

inline void least_scores(const float* products, std::size_t count, std::size_t queries, const float* factors,
                         const float* terms, std::uint32_t first_row, float* least, float* next, std::uint32_t* rows) {
  const panel_lanes lanes;
  const hn::RebindToUnsigned<panel_lanes> numbers;
  // Two vectors at a time, which every panel has, so that one is compared while the other waits.
  for (std::size_t lane = 0; lane < queries; lane += 2 * panel_lane_count) {
    const bool is_pair = lane + panel_lane_count < queries;
    const std::size_t other = is_pair ? lane + panel_lane_count : lane;
    auto least_a = hn::LoadU(lanes, least + lane);
    auto least_b = hn::LoadU(lanes, least + other);
    auto next_a = hn::LoadU(lanes, next + lane);
    auto next_b = hn::LoadU(lanes, next + other);
    // The numbers of rows as bits of floats, so that one mask serves for both.
    auto rows_a = hn::BitCast(lanes, hn::LoadU(numbers, rows + lane));
    auto rows_b = hn::BitCast(lanes, hn::LoadU(numbers, rows + other));
    auto number = hn::Set(numbers, first_row);
    const auto one = hn::Set(numbers, 1U);
    for (std::size_t row = 0; row < count; ++row) {
      const float* const from = products + row * queries;
      const auto factor = hn::Set(lanes, factors[row]);
      const auto term = hn::Set(lanes, terms[row]);
      const auto this_row = hn::BitCast(lanes, number);
      const auto a = hn::MulAdd(hn::Load(lanes, from + lane), factor, term);
      const auto b = hn::MulAdd(hn::Load(lanes, from + other), factor, term);
      rows_a = hn::IfThenElse(hn::Lt(a, least_a), this_row, rows_a);
      rows_b = hn::IfThenElse(hn::Lt(b, least_b), this_row, rows_b);
      next_a = hn::Min(next_a, hn::Max(least_a, a));
      next_b = hn::Min(next_b, hn::Max(least_b, b));
      least_a = hn::Min(least_a, a);
      least_b = hn::Min(least_b, b);
      number = hn::Add(number, one);
    }
    hn::StoreU(least_a, lanes, least + lane);
    hn::StoreU(next_a, lanes, next + lane);
    hn::StoreU(hn::BitCast(numbers, rows_a), numbers, rows + lane);
    if (!is_pair) continue;
    hn::StoreU(least_b, lanes, least + other);
    hn::StoreU(next_b, lanes, next + other);
    hn::StoreU(hn::BitCast(numbers, rows_b), numbers, rows + other);
  }
}

#endif  // ATLAS_KERNELS_PLAIN

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_QUANTIZE_KMEANS_KERNELS_INL_HPP
