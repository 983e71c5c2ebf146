// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/row_distance.hpp -- how rows lie in memory and how far they are from a query.
//
// Room:      row_layout: stride, the inverse norm behind each row, and the three metrics over it.
// Not here:  the loops (simd/kernel_table.hpp), where rows come from (index/row_store.hpp).
// Depends:   core, simd, distance.
// Threads:   pure; rows may be read by any number of threads.
#ifndef ATLAS_INDEX_ROW_DISTANCE_HPP
#define ATLAS_INDEX_ROW_DISTANCE_HPP

#include <atlas/core/bits.hpp>            // round_up, load_unaligned
#include <atlas/core/result.hpp>          // status
#include <atlas/distance/metric.hpp>      // metric
#include <atlas/simd/kernel_table.hpp>    // kernels

namespace atlas { inline namespace ATLAS_ABI {

/// One row: `dimension` f32 as they were given; under cosine then one f32, 1 / Euclidean norm; then zeros up
/// to `stride_bytes`, a multiple of cache_line, so that no row shares a line with another.
struct row_layout {
  std::size_t dimension = 0;
  std::size_t stride_bytes = 0;
  atlas::metric metric = atlas::metric::l2sq;

  row_layout() noexcept = default;
  row_layout(std::size_t components, atlas::metric which) noexcept
      : dimension(components),
        stride_bytes(static_cast<std::size_t>(
            round_up(components * sizeof(float) + (which == atlas::metric::cosine ? sizeof(float) : 0), cache_line))),
        metric(which) {}

  [[nodiscard]] const float* row(const std::byte* rows, std::uint32_t which) const noexcept {
    return reinterpret_cast<const float*>(rows + which * stride_bytes);
  }
  [[nodiscard]] float inverse_norm(const std::byte* rows, std::uint32_t which) const noexcept {
    return row(rows, which)[dimension];
  }

  /// Distances of a query to rows named by id.
  /// @param query  shape [dimension]; under cosine of unit length, or `query_scale` makes it so
  /// @param rows   row 0 of the block
  /// @param ids    shape [count], each a valid row
  /// @param out    shape [count]
  /// Between stored rows, with query_scale the query row's inverse norm, the result is the same bits in either order:
  /// equal rows are equally far from any third, which the choice of links relies on.
  void gather(const float* query, float query_scale, const std::byte* rows, const std::uint32_t* ids, std::size_t count,
              float* out) const noexcept {
    const kernel_table& table = kernels();
    if (metric == atlas::metric::l2sq) {
      return table.l2sq[kernels_v1::f32_f32](query, rows, stride_bytes, ids, count, dimension, out);
    }
    table.dot[kernels_v1::f32_f32](query, rows, stride_bytes, ids, count, dimension, out);
    if (metric == atlas::metric::cosine) {
      for (std::size_t i = 0; i < count; ++i) out[i] = 1.0F - out[i] * (query_scale * inverse_norm(rows, ids[i]));
    } else {
      for (std::size_t i = 0; i < count; ++i) out[i] = 1.0F - out[i];
    }
  }

  /// Distances of a query to `count` rows from `first` on. As gather otherwise.
  void block(const float* query, const std::byte* rows, std::uint32_t first, std::size_t count, float* out) const noexcept {
    const kernel_table& table = kernels();
    const std::byte* start = rows + first * stride_bytes;
    if (metric == atlas::metric::l2sq) {
      return table.l2sq[kernels_v1::f32_f32](query, start, stride_bytes, nullptr, count, dimension, out);
    }
    table.dot[kernels_v1::f32_f32](query, start, stride_bytes, nullptr, count, dimension, out);
    if (metric == atlas::metric::cosine) {
      for (std::size_t i = 0; i < count; ++i) {
        out[i] = 1.0F - out[i] * inverse_norm(rows, first + static_cast<std::uint32_t>(i));
      }
    } else {
      for (std::size_t i = 0; i < count; ++i) out[i] = 1.0F - out[i];
    }
  }
};

namespace detail {

[[nodiscard]] inline bool all_finite(const float* values, std::size_t count) noexcept {
  std::uint32_t worst = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t exponent = load_unaligned<std::uint32_t>(values + i) & 0x7F800000U;
    worst = exponent > worst ? exponent : worst;
  }
  return worst != 0x7F800000U;
}

/// Checks a vector that comes in, and gives 1 / its norm (1 unless the metric is cosine).
/// @return  errc::not_finite; errc::limit_exceeded for a length whose square float cannot hold, because products of
///          such vectors would be infinite or NaN; under cosine errc::zero_vector, and limit_exceeded below 1e-18
[[nodiscard]] inline result<float> checked_inverse_norm(const float* vector, std::size_t dimension, metric which) noexcept {
  if (!all_finite(vector, dimension)) {
    return error{errc::not_finite, "vector", "finite components", "NaN or infinity"};
  }
  float square = 0.0F;
  kernels().dot[kernels_v1::f32_f32](vector, vector, 0, nullptr, 1, dimension, &square);
  double squares = static_cast<double>(square);
  if (!(squares > 1e-30 && squares < 1e30)) {  // float may have over- or underflowed: once more, in double
    squares = 0.0;
    for (std::size_t i = 0; i < dimension; ++i) squares += static_cast<double>(vector[i]) * static_cast<double>(vector[i]);
  }
  if (squares > 3.4e38) return error{errc::limit_exceeded, "vector", "a length of at most 1.8e19", "a longer one"};
  if (which != metric::cosine) return 1.0F;
  if (squares == 0.0) return error{errc::zero_vector, "vector under cosine", "a length above 0", "a zero vector"};
  if (squares < 1e-36) return error{errc::limit_exceeded, "vector under cosine", "a length of at least 1e-18", "a shorter one"};
  return static_cast<float>(1.0 / __builtin_sqrt(squares));
}

}  // namespace detail

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_ROW_DISTANCE_HPP
