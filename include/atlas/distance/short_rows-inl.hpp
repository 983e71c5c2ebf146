// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/short_rows-inl.hpp -- float32 rows of at most eight AVX-512 registers.
//
// Room:      sums with the query kept in registers.
// Not here:  longer rows, other types and targets (distance/row_kernels-inl.hpp).
// Depends:   distance/{components,row_places}-inl.hpp.
#if defined(ATLAS_DISTANCE_SHORT_ROWS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_DISTANCE_SHORT_ROWS_INL_HPP
#undef ATLAS_DISTANCE_SHORT_ROWS_INL_HPP
#else
#define ATLAS_DISTANCE_SHORT_ROWS_INL_HPP
#endif

#include <atlas/distance/components-inl.hpp>
#include <atlas/distance/row_places-inl.hpp>

#if HWY_TARGET == HWY_AVX3

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

// The whole query stays in registers, and rows are read one after the other. From the second-level cache 96 and 128
// components come at 0.93 of a plain read; side by side, with the query loaded again for each group, at 0.73
// (Sapphire Rapids). Which sum a step goes to is as in few_short_rows.

template <std::size_t Steps>
struct short_query {
  vector_f32 parts[8];

  HWY_INLINE short_query(const float* query, std::size_t dimension)
      : parts{part<0>(query, dimension),
              part<1>(query, dimension),
              part<2>(query, dimension),
              part<3>(query, dimension),
              part<4>(query, dimension),
              part<5>(query, dimension),
              part<6>(query, dimension),
              part<7>(query, dimension)} {}

  template <std::size_t Step>
  static HWY_INLINE vector_f32 part(const float* from, std::size_t dimension) {
    if constexpr (Step + 1 < Steps) {
      return hn::LoadU(lanes_f32(), from + Step * lane_count);
    } else if constexpr (Step + 1 == Steps) {
      return last_lanes(lanes_f32(), from, dimension, dimension - Step * lane_count);
    } else {
      return hn::Zero(lanes_f32());
    }
  }
  template <class Operation, std::size_t Step>
  HWY_INLINE void add(const float* row, std::size_t dimension, vector_f32& sum) const {
    if constexpr (Step < Steps) sum = Operation::add(parts[Step], part<Step>(row, dimension), sum);
  }
  template <class Operation>
  HWY_INLINE vector_f32 total(const void* place, std::size_t dimension) const {
    const float* row = static_cast<const float*>(place);
    vector_f32 even = Operation::zero();
    vector_f32 odd = Operation::zero();
    add<Operation, 0>(row, dimension, even);
    add<Operation, 1>(row, dimension, odd);
    add<Operation, 2>(row, dimension, even);
    add<Operation, 3>(row, dimension, odd);
    add<Operation, 4>(row, dimension, even);
    add<Operation, 5>(row, dimension, odd);
    add<Operation, 6>(row, dimension, even);
    add<Operation, 7>(row, dimension, odd);
    return hn::Add(even, odd);
  }
};

template <class Operation, std::size_t Steps>
HWY_NOINLINE void short_rows(const float* query_start, const row_places& places, std::size_t count,
                             std::size_t dimension, float* out) {
  const short_query<Steps> query(query_start, dimension);
  std::size_t row = 0;
  for (; row + 4 <= count; row += 4) {
    if (places.ids != nullptr) {
      for (std::size_t next = row + 4; next < row + 8 && next < count; ++next) places.prefetch(next);
    }
    const auto first = query.template total<Operation>(places.row(row), dimension);
    const auto second = query.template total<Operation>(places.row(row + 1), dimension);
    const auto third = query.template total<Operation>(places.row(row + 2), dimension);
    const auto fourth = query.template total<Operation>(places.row(row + 3), dimension);
    hn::StoreU(four_sums(lanes_f32(), first, second, third, fourth), hn::Full128<float>(), out + row);
  }
  for (; row < count; ++row) {
    out[row] = sum_of_lanes(lanes_f32(), query.template total<Operation>(places.row(row), dimension));
  }
}

/// @pre 0 < dimension <= 8 * lane_count
template <class Operation>
HWY_INLINE void any_short_rows(const float* query, const row_places& places, std::size_t count, std::size_t dimension,
                               float* out) {
  using call = void (*)(const float*, const row_places&, std::size_t, std::size_t, float*);
  static constexpr call of_steps[8] = {&short_rows<Operation, 1>, &short_rows<Operation, 2>, &short_rows<Operation, 3>,
                                       &short_rows<Operation, 4>, &short_rows<Operation, 5>, &short_rows<Operation, 6>,
                                       &short_rows<Operation, 7>, &short_rows<Operation, 8>};
  of_steps[(dimension - 1) / lane_count](query, places, count, dimension, out);
}

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // HWY_TARGET == HWY_AVX3

#endif  // ATLAS_DISTANCE_SHORT_ROWS_INL_HPP
