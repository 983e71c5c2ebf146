// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/kmeans_kernels-inl.hpp -- the least of many scores; compiled once for each target.
//
// Room:      least_scores, of products that are there; least_of_panel, of products that stay in registers.
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

inline void least_of_panel(const void* panel, const void* rows, std::size_t stride_bytes, std::size_t count,
                           std::size_t dimension, const float* terms, std::uint32_t first_row, float* least,
                           float* next, std::uint32_t* numbers) {
  const float factor = -2.0F;
  for (std::size_t row = 0; row < count; ++row) {
    float products[panel_queries];
    all_sums<product, panel_queries, 1>(static_cast<const float*>(panel),
                                        static_cast<const char*>(rows) + row * stride_bytes, stride_bytes, 1, dimension,
                                        products);
    least_scores(products, 1, panel_queries, &factor, terms + row, first_row + static_cast<std::uint32_t>(row), least,
                 next, numbers);
  }
}

#else

/// The least scores so far of some vectors of lanes. A list as those of panels are.
template <std::size_t Vectors>
struct running_least {
  panel_vector least;
  panel_vector next;
  panel_vector rows;  ///< numbers as the bits of floats, so that one mask serves for both
  running_least<Vectors - 1> others;
  HWY_INLINE running_least(const float* least_from, const float* next_from, const std::uint32_t* rows_from)
      : least(hn::LoadU(panel_lanes(), least_from)),
        next(hn::LoadU(panel_lanes(), next_from)),
        rows(hn::BitCast(panel_lanes(), hn::LoadU(hn::RebindToUnsigned<panel_lanes>(), rows_from))),
        others(least_from + panel_lane_count, next_from + panel_lane_count, rows_from + panel_lane_count) {}
  HWY_INLINE void take(const query_sums<product, Vectors>& products, panel_vector term, panel_vector row) {
    const panel_vector score = hn::MulAdd(products.sum, hn::Set(panel_lanes(), -2.0F), term);
    rows = hn::IfThenElse(hn::Lt(score, least), row, rows);
    next = hn::Min(next, hn::Max(least, score));
    least = hn::Min(least, score);
    others.take(products.others, term, row);
  }
  HWY_INLINE void store(float* least_to, float* next_to, std::uint32_t* rows_to) const {
    const hn::RebindToUnsigned<panel_lanes> numbers;
    hn::StoreU(least, panel_lanes(), least_to);
    hn::StoreU(next, panel_lanes(), next_to);
    hn::StoreU(hn::BitCast(numbers, rows), numbers, rows_to);
    others.store(least_to + panel_lane_count, next_to + panel_lane_count, rows_to + panel_lane_count);
  }
};
template <>
struct running_least<0> {
  HWY_INLINE running_least(const float*, const float*, const std::uint32_t*) {}
  HWY_INLINE void take(const query_sums<product, 0>&, panel_vector, panel_vector) {}
  HWY_INLINE void store(float*, float*, std::uint32_t*) const {}
};

template <std::size_t Rows, std::size_t Vectors>
HWY_INLINE void take_least(const tile_sums<product, Rows, Vectors>& products, const float* terms, std::uint32_t row,
                           running_least<Vectors>& found) {
  const hn::RebindToUnsigned<panel_lanes> numbers;
  found.take(products.sums, hn::Set(panel_lanes(), *terms), hn::BitCast(panel_lanes(), hn::Set(numbers, row)));
  if constexpr (Rows > 1) take_least(products.others, terms + 1, row + 1, found);
}

/// In tiles as products are; but none is stored, which short rows would spend more time on than on computing them.
template <std::size_t Rows>
HWY_INLINE void least_of_tiles(const float* panel, const char* rows, std::size_t stride_bytes, std::size_t count,
                               std::size_t dimension, const float* terms, std::uint32_t row,
                               running_least<tile_vectors>& found) {
  for (; count >= Rows; count -= Rows, rows += Rows * stride_bytes, terms += Rows, row += Rows) {
    tile_sums<product, Rows, tile_vectors> products;
    for (std::size_t i = 0; i < dimension; ++i) {
      products.add(rows + i * sizeof(float), stride_bytes, query_vectors<tile_vectors>(panel + i * panel_queries));
    }
    take_least(products, terms, row, found);
  }
  if constexpr (Rows > 1) least_of_tiles<Rows / 2>(panel, rows, stride_bytes, count, dimension, terms, row, found);
}

inline void least_of_panel(const void* panel, const void* rows, std::size_t stride_bytes, std::size_t count,
                           std::size_t dimension, const float* terms, std::uint32_t first_row, float* least,
                           float* next, std::uint32_t* numbers) {
  for (std::size_t lane = 0; lane < panel_queries; lane += tile_vectors * panel_lane_count) {
    running_least<tile_vectors> found(least + lane, next + lane, numbers + lane);
    least_of_tiles<panel_rows>(static_cast<const float*>(panel) + lane, static_cast<const char*>(rows), stride_bytes,
                               count, dimension, terms, first_row, found);
    found.store(least + lane, next + lane, numbers + lane);
  }
}

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
