// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/row_distance.hpp -- how rows lie in memory and how far they are from a query.
//
// Room:      row_layout: stride, the inverse norm behind each row, and the three metrics over it.
// Not here:  the loops (simd/kernel_table.hpp), where rows come from (index/row_store.hpp).
// Depends:   core, simd, distance.
// Threads:   pure; rows may be read by any number of threads.
#ifndef ATLAS_INDEX_ROW_DISTANCE_HPP
#define ATLAS_INDEX_ROW_DISTANCE_HPP

#include <atlas/core/bits.hpp>               // round_up, load_unaligned
#include <atlas/core/result.hpp>             // status
#include <atlas/distance/metric.hpp>         // metric
#include <atlas/distance/pair_distance.hpp>  // operands_of
#include <atlas/distance/scalar.hpp>         // scalar
#include <atlas/simd/kernel_table.hpp>       // kernels

namespace atlas { inline namespace ATLAS_ABI {

/// One row: `dimension` components in the stored scalar; under cosine then, at `norm_offset`, one f32, 1 / Euclidean
/// norm of the components as stored; then zeros up to `stride_bytes`, a multiple of cache_line, so that no row shares a
/// line with another.
struct row_layout {
  std::size_t dimension = 0;
  std::size_t stride_bytes = 0;
  std::size_t norm_offset = 0;
  atlas::metric metric = atlas::metric::l2sq;
  scalar element = scalar::f32;

  row_layout() noexcept = default;
  row_layout(std::size_t components, atlas::metric which, scalar stored = scalar::f32) noexcept
      : dimension(components),
        norm_offset(static_cast<std::size_t>(round_up(vector_bytes(stored, components), sizeof(float)))),
        metric(which),
        element(stored) {
    stride_bytes = static_cast<std::size_t>(
        round_up(norm_offset + (which == atlas::metric::cosine ? sizeof(float) : 0), cache_line));
  }

  [[nodiscard]] const std::byte* row(const std::byte* rows, std::uint32_t which) const noexcept {
    return rows + which * stride_bytes;
  }
  [[nodiscard]] float inverse_norm(const std::byte* rows, std::uint32_t which) const noexcept {
    return load_unaligned<float>(row(rows, which) + norm_offset);
  }

  /// What makes a row's vector of unit length under cosine; 1 under other metrics.
  [[nodiscard]] float scale(const std::byte* rows, std::uint32_t which) const noexcept {
    return metric == atlas::metric::cosine ? inverse_norm(rows, which) : 1.0F;
  }

  /// Distances of a query to rows named by id.
  /// @param query  shape [dimension], of scalar `query_element`: f32, or the stored one; under cosine of unit length, or
  ///               `query_scale` makes it so
  /// @param rows   row 0 of the block
  /// @param ids    shape [count], each a valid row; null: the rows from `rows` on
  /// @param out    shape [count]
  /// Between stored rows, with query_scale the query row's inverse norm, the result is the same bits in either order:
  /// equal rows are equally far from any third, which the choice of links relies on.
  void gather(const void* query, scalar query_element, float query_scale, const std::byte* rows, const std::uint32_t* ids,
              std::size_t count, float* out) const noexcept {
    const kernel_table& table = kernels();
    const kernels_v1::operands pair = detail::operands_of(query_element, element);
    if (metric == atlas::metric::l2sq) return table.l2sq[pair](query, rows, stride_bytes, ids, count, dimension, out);
    table.dot[pair](query, rows, stride_bytes, ids, count, dimension, out);
    if (metric == atlas::metric::cosine) {
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t which = ids != nullptr ? ids[i] : static_cast<std::uint32_t>(i);
        out[i] = 1.0F - out[i] * (query_scale * inverse_norm(rows, which));
      }
    } else {
      for (std::size_t i = 0; i < count; ++i) out[i] = 1.0F - out[i];
    }
  }
  void gather(const float* query, float query_scale, const std::byte* rows, const std::uint32_t* ids, std::size_t count,
              float* out) const noexcept {
    gather(query, scalar::f32, query_scale, rows, ids, count, out);
  }
  /// As gather, with row `from` of the block as the query.
  void between(const std::byte* rows, std::uint32_t from, const std::uint32_t* ids, std::size_t count, float* out) const noexcept {
    gather(row(rows, from), element, scale(rows, from), rows, ids, count, out);
  }
  /// Distances of a query to `count` rows from `first` on. As gather otherwise.
  void block(const float* query, const std::byte* rows, std::uint32_t first, std::size_t count, float* out) const noexcept {
    gather(query, scalar::f32, 1.0F, row(rows, first), nullptr, count, out);
  }

  /// A stored row's components as floats, as they were given as far as the stored scalar holds them.
  void read(const std::byte* from, float* out) const noexcept {
    const kernel_table& table = kernels();
    switch (element) {
      case scalar::f16: return table.f16_to_f32(from, out, dimension);
      case scalar::bf16: return table.bf16_to_f32(from, out, dimension);
      case scalar::i8:
        for (std::size_t i = 0; i < dimension; ++i) out[i] = static_cast<float>(reinterpret_cast<const std::int8_t*>(from)[i]);
        return;
      case scalar::u8:
        for (std::size_t i = 0; i < dimension; ++i) out[i] = static_cast<float>(reinterpret_cast<const std::uint8_t*>(from)[i]);
        return;
      case scalar::f32:
      case scalar::b1: std::memcpy(out, from, dimension * sizeof(float));
    }
  }
  /// The same, under cosine of unit length.
  void read_unit(const std::byte* from, float* out) const noexcept {
    read(from, out);
    if (metric == atlas::metric::cosine) kernels().scale_f32(out, inverse_norm(from, 0), out, dimension);
  }
  /// Writes a row whole. @pre detail::check_storable accepted the vector
  void write(std::byte* to, const float* vector, float inverse) const noexcept {
    const kernel_table& table = kernels();
    switch (element) {
      case scalar::f16: table.f32_to_f16(vector, to, dimension); break;
      case scalar::bf16: table.f32_to_bf16(vector, to, dimension); break;
      case scalar::i8:
        for (std::size_t i = 0; i < dimension; ++i) reinterpret_cast<std::int8_t*>(to)[i] = static_cast<std::int8_t>(vector[i]);
        break;
      case scalar::u8:
        for (std::size_t i = 0; i < dimension; ++i) reinterpret_cast<std::uint8_t*>(to)[i] = static_cast<std::uint8_t>(vector[i]);
        break;
      case scalar::f32:
      case scalar::b1: std::memcpy(to, vector, dimension * sizeof(float));
    }
    const std::size_t components_end = vector_bytes(element, dimension);
    std::memset(to + components_end, 0, stride_bytes - components_end);
    if (metric == atlas::metric::cosine) std::memcpy(to + norm_offset, &inverse, sizeof inverse);
  }
};

namespace detail {

/// What is `factor` times as far, for a factor of 1 or more: of vectors longer than 1 the distance by their product may be
/// below 0, and far is then what is nearer to 0.
[[nodiscard]] constexpr float times_as_far(float distance, float factor) noexcept {
  return distance < 0.0F ? distance / factor : distance * factor;
}

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
  const std::size_t whole = dimension & ~std::size_t{15};
  kernels().steady_dot(vector, vector, 0, nullptr, 1, whole, &square);
  double squares = static_cast<double>(square);  // the same on all instruction sets, and so is the vector of unit length
  for (std::size_t i = whole; i < dimension; ++i) squares += static_cast<double>(vector[i]) * static_cast<double>(vector[i]);
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

/// The scalars that rows are stored in.
[[nodiscard]] constexpr bool is_row_scalar(scalar which) noexcept {
  return which == scalar::f32 || which == scalar::f16 || which == scalar::bf16 || which == scalar::i8 || which == scalar::u8;
}

/// Refuses a vector that the stored scalar cannot hold: i8 and u8 take whole numbers of their range, exactly; f16 and bf16
/// round, but not to infinity. @pre the components are finite
[[nodiscard]] inline status check_storable(const float* vector, std::size_t dimension, scalar element) noexcept {
  if (element == scalar::f32) return {};
  const bool is_whole = element == scalar::i8 || element == scalar::u8;
  const float least = element == scalar::i8 ? -128.0F : element == scalar::u8 ? 0.0F : element == scalar::f16 ? -65504.0F : -0x1.FEp127F;
  const float most = element == scalar::i8 ? 127.0F : element == scalar::u8 ? 255.0F : element == scalar::f16 ? 65504.0F : 0x1.FEp127F;
  for (std::size_t i = 0; i < dimension; ++i) {
    const float value = vector[i];
    if (value >= least && value <= most && (!is_whole || value == static_cast<float>(static_cast<int>(value)))) continue;
    switch (element) {
      case scalar::i8: return error{errc::limit_exceeded, "vector stored as i8", "whole numbers from -128 to 127", "another number"};
      case scalar::u8: return error{errc::limit_exceeded, "vector stored as u8", "whole numbers from 0 to 255", "another number"};
      case scalar::f16: return error{errc::limit_exceeded, "vector stored as f16", "numbers from -65504 to 65504", "a larger one"};
      default: return error{errc::limit_exceeded, "vector stored as bf16", "numbers from -3.38e38 to 3.38e38", "a larger one"};
    }
  }
  return {};
}

}  // namespace detail

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_ROW_DISTANCE_HPP
