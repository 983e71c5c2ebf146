// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/distance_checks.hpp -- what calls with blocks of vectors refuse, and in which words.
//
// Room:      shapes, pointers, scalars and metrics that fit each other, outputs apart from inputs.
// Not here:  distances (distance/distances.hpp), the nearest (distance/nearest.hpp).
// Depends:   core, distance/{matrix_view,metric}.hpp.
// Threads:   pure.
#ifndef ATLAS_DISTANCE_DISTANCE_CHECKS_HPP
#define ATLAS_DISTANCE_DISTANCE_CHECKS_HPP

#include <atlas/core/result.hpp>           // status, error
#include <atlas/distance/matrix_view.hpp>  // any_matrix_view
#include <atlas/distance/metric.hpp>       // metric

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// What errors call a block and its fields.
struct block_fields {
  const char* block;
  const char* data;
  const char* rows;
  const char* dimension;
  const char* stride;
};
inline constexpr block_fields query_block{"query", "query", "query", "query.dimension", "query.stride"};
inline constexpr block_fields queries_block{"queries", "queries.data", "queries.rows", "queries.dimension",
                                            "queries.stride"};
inline constexpr block_fields rows_block{"rows", "rows.data", "rows.rows", "rows.dimension", "rows.stride"};

/// Bytes from a block's first component to its last; 0 for no rows. @pre check_block(block) was ok
[[nodiscard]] constexpr std::size_t extent_bytes(const any_matrix_view& block) noexcept {
  return block.rows == 0 ? 0 : (block.rows - 1) * block.stride_bytes() + block.row_bytes();
}

/// A block without rows needs no pointer and no dimension.
[[nodiscard]] inline status check_block(const any_matrix_view& block, const block_fields& fields) noexcept {
  const std::size_t elements = block.element == scalar::b1 ? elements_of<b1x8>(block.dimension) : block.dimension;
  if (block.stride < elements) {
    return error{errc::dimension_mismatch, fields.stride, "at least", elements, block.stride};
  }
  if (block.dimension > max_dimension) {
    return error{errc::limit_exceeded, fields.dimension, max_dimension, block.dimension};
  }
  if (block.rows == 0) return {};
  if (block.dimension == 0) return error{errc::invalid_argument, fields.dimension, "1 to 65535", block.dimension};
  if (block.data == nullptr) return error{errc::invalid_argument, fields.data, "a pointer", "null"};
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(block.stride, block.element_bytes(), &bytes) ||
      __builtin_mul_overflow(block.rows, bytes, &bytes) || bytes > static_cast<std::size_t>(PTRDIFF_MAX)) {
    const std::size_t most = static_cast<std::size_t>(PTRDIFF_MAX) / block.element_bytes() / block.stride;
    return error{errc::limit_exceeded, fields.rows, "at most", most, block.rows};
  }
  return {};
}

/// Whether two scalars can be compared, and by this metric.
[[nodiscard]] inline status check_metric(scalar query, scalar row, metric which) noexcept {
  const bool is_bits = query == scalar::b1 && row == scalar::b1;
  const bool is_of_bits = which == metric::hamming || which == metric::jaccard;
  if (!is_bits && query != row && (query != scalar::f32 || row == scalar::b1)) {
    // Of one scalar, or a float query.
    return error{errc::scalar_mismatch, "rows.scalar", name(query), name(row)};
  }
  if (!is_metric(static_cast<std::uint8_t>(which)) || is_bits != is_of_bits) {
    return error{errc::metric_mismatch, "metric",
                 is_bits ? "hamming or jaccard for bits" : "l2sq, inner_product or cosine for numbers", name(which)};
  }
  return {};
}

/// @pre both blocks are checked; one without rows fits any other
[[nodiscard]] inline status check_dimensions(const any_matrix_view& queries, const any_matrix_view& rows) noexcept {
  if (queries.dimension != rows.dimension && queries.rows != 0 && rows.rows != 0) {
    return error{errc::dimension_mismatch, rows_block.dimension, queries.dimension, rows.dimension};
  }
  return {};
}

/// An output must lie apart from what is read while it is written.
[[nodiscard]] inline status check_apart(const void* out, std::size_t out_bytes, const char* out_field,
                                        const any_matrix_view& block, const block_fields& fields) noexcept {
  const auto out_begin = reinterpret_cast<std::uintptr_t>(out);
  const auto block_begin = reinterpret_cast<std::uintptr_t>(block.data);
  if (block.rows != 0 && out_bytes != 0 && out_begin < block_begin + extent_bytes(block) &&
      block_begin < out_begin + out_bytes) {
    return error{errc::invalid_argument, out_field, "memory apart from the inputs", fields.block};
  }
  return {};
}

/// A row of output for each row of a block, `stride` elements apart; 0: end to end.
/// @return  the stride in elements
/// @pre     check_block(rows) was ok
[[nodiscard]] inline result<std::size_t> check_row_output(const void* out, std::size_t element_bytes,
                                                          std::size_t stride, const any_matrix_view& rows) noexcept {
  if (stride == 0) stride = rows.dimension;
  if (stride < rows.dimension) return error{errc::dimension_mismatch, "out_stride", "at least", rows.dimension, stride};
  if (rows.rows == 0) return stride;
  if (out == nullptr) return error{errc::invalid_argument, "out", "a pointer", "null"};
  const std::size_t most = static_cast<std::size_t>(PTRDIFF_MAX) / element_bytes / rows.rows;
  if (stride > most) return error{errc::limit_exceeded, "out_stride", "at most", most, stride};
  const std::size_t bytes = ((rows.rows - 1) * stride + rows.dimension) * element_bytes;
  if (status apart = check_apart(out, bytes, "out", rows, rows_block); !apart.ok()) return apart.error();
  return stride;
}

/// A float of output for each query and row.
/// @return  how many
[[nodiscard]] inline result<std::size_t> check_output(const float* out, const any_matrix_view& queries,
                                                      const block_fields& query_fields, const any_matrix_view& rows,
                                                      std::size_t row_count) noexcept {
  std::size_t count = 0;
  if (__builtin_mul_overflow(queries.rows, row_count, &count) ||
      count > static_cast<std::size_t>(PTRDIFF_MAX) / sizeof(float)) {
    return error{errc::limit_exceeded, rows_block.rows, "at most",
                 static_cast<std::size_t>(PTRDIFF_MAX) / sizeof(float) / queries.rows, row_count};
  }
  if (count == 0) return count;
  if (out == nullptr) return error{errc::invalid_argument, "out", "a pointer", "null"};
  const std::size_t bytes = count * sizeof(float);
  if (status apart = check_apart(out, bytes, "out", queries, query_fields); !apart.ok()) return apart.error();
  if (status apart = check_apart(out, bytes, "out", rows, rows_block); !apart.ok()) return apart.error();
  return count;
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_DISTANCE_DISTANCE_CHECKS_HPP
