// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/steady_kernels-inl.hpp -- inner products that are the same bits on all targets.
//
// Room:      steady_dot.
// Not here:  what it promises (simd/kernel_entries.hpp), the faster products (distance/row_kernels-inl.hpp).
// Depends:   distance/unfused-inl.hpp.
#if defined(ATLAS_DISTANCE_STEADY_KERNELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_DISTANCE_STEADY_KERNELS_INL_HPP
#undef ATLAS_DISTANCE_STEADY_KERNELS_INL_HPP
#else
#define ATLAS_DISTANCE_STEADY_KERNELS_INL_HPP
#endif

#include <atlas/distance/components-inl.hpp>
#include <atlas/distance/unfused-inl.hpp>

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

/// Sums of a row side by side, on every target.
inline constexpr std::size_t steady_lanes = 16;

#if ATLAS_KERNELS_PLAIN

inline void steady_dot(const float* query, const void* rows, std::size_t stride_bytes, const std::uint32_t* ids,
                       std::size_t count, std::size_t dimension, float* out) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t place = ids == nullptr ? i : ids[i];
    const void* const start = static_cast<const char*>(rows) + place * stride_bytes;
    const auto* const row = static_cast<const float*>(start);
    float sums[steady_lanes] = {};
    for (std::size_t at = 0; at < dimension; at += steady_lanes) {
      for (std::size_t lane = 0; lane < steady_lanes; ++lane) sums[lane] += unfused(query[at + lane] * row[at + lane]);
    }
    for (std::size_t half = steady_lanes / 2; half != 0; half /= 2) {
      for (std::size_t lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
    }
    out[i] = sums[0];
  }
}

#else

/// Rows that share the query's loads: enough sums to hide an addition's latency, no more than there are registers for.
inline constexpr std::size_t steady_vectors = steady_lanes / HWY_LANES(float);
inline constexpr std::size_t steady_rows = steady_vectors == 1 ? 8 : 4;

/// Four sums of a row: halves are added up until four are left.
template <class Lanes>
HWY_INLINE hn::Vec<hn::Full128<float>> steady_quarter(Lanes, hn::Vec<Lanes> sums) {
  if constexpr (hn::MaxLanes(Lanes()) == 4) {
    return sums;
  } else {
    const hn::Half<Lanes> half;
    return steady_quarter(half, hn::Add(hn::LowerHalf(half, sums), hn::UpperHalf(half, sums)));
  }
}

template <std::size_t Rows>
HWY_INLINE void steady_several(const float* query, const char* const* rows, std::size_t dimension, float* out) {
  const lanes_f32 lanes;
  vector_f32 sums[Rows][steady_vectors];
  for (auto& row : sums) {
    for (auto& sum : row) sum = hn::Zero(lanes);
  }
  for (std::size_t at = 0; at < dimension; at += steady_lanes) {
    for (std::size_t i = 0; i < steady_vectors; ++i) {
      const auto of_query = hn::LoadU(lanes, query + at + i * HWY_LANES(float));
      for (std::size_t row = 0; row < Rows; ++row) {
        const void* const place = rows[row] + (at + i * HWY_LANES(float)) * sizeof(float);
        const auto of_row = hn::LoadU(lanes, static_cast<const float*>(place));
        sums[row][i] = hn::Add(sums[row][i], unfused(hn::Mul(of_query, of_row)));
      }
    }
  }
  const hn::Full128<float> four;
  for (std::size_t row = 0; row < Rows; row += 4) {
    hn::Vec<hn::Full128<float>> rows_of_four[4];
    for (std::size_t i = 0; i < 4; ++i) {
      if (i >= Rows) {
        rows_of_four[i] = rows_of_four[0];
        continue;
      }
      vector_f32* const parts = sums[row + i];
      for (std::size_t half = steady_vectors / 2; half != 0; half /= 2) {
        for (std::size_t part = 0; part < half; ++part) parts[part] = hn::Add(parts[part], parts[part + half]);
      }
      rows_of_four[i] = steady_quarter(lanes, parts[0]);
    }
    // Sums 0 and 2, and 1 and 3, of two rows side by side; then those of all four.
    const auto pairs = [&](std::size_t i) HWY_ATTR {
      return hn::Add(hn::ConcatLowerLower(four, rows_of_four[i + 1], rows_of_four[i]),
                     hn::ConcatUpperUpper(four, rows_of_four[i + 1], rows_of_four[i]));
    };
    const auto first = pairs(0);
    const auto second = pairs(2);
    const auto totals = hn::Add(hn::ConcatEven(four, second, first), hn::ConcatOdd(four, second, first));
    if constexpr (Rows == 1) {
      *out = hn::GetLane(totals);
    } else {
      hn::StoreU(totals, four, out + row);
    }
  }
}

inline void steady_dot(const float* query, const void* rows, std::size_t stride_bytes, const std::uint32_t* ids,
                       std::size_t count, std::size_t dimension, float* out) {
  const char* places[steady_rows];
  for (std::size_t first = 0; first < count; first += steady_rows) {
    for (std::size_t i = 0; i < steady_rows; ++i) {
      const std::size_t row = first + i < count ? first + i : first;
      places[i] = static_cast<const char*>(rows) + (ids == nullptr ? row : ids[row]) * stride_bytes;
    }
    if (count - first >= steady_rows) {
      steady_several<steady_rows>(query, places, dimension, out + first);
    } else if (count - first == 1) {
      steady_several<1>(query, places, dimension, out + first);
    } else {
      float last[steady_rows];
      steady_several<steady_rows>(query, places, dimension, last);
      for (std::size_t i = 0; i < count - first; ++i) out[first + i] = last[i];
    }
  }
}

#endif  // ATLAS_KERNELS_PLAIN

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_DISTANCE_STEADY_KERNELS_INL_HPP
