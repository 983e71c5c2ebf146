// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/distances.hpp -- distances of queries to the rows of a block.
//
// Room:      one query to all rows, one query to rows by id, many queries to all rows.
// Not here:  two vectors (distance/pair_distance.hpp), the nearest rows (distance/nearest.hpp).
// Depends:   core, simd. In link mode no Highway, no std container.
// Threads:   every function is pure and runs on the calling thread; any number of threads may call it.
//
// Scalars and metrics go together as in distance/pair_distance.hpp, and what is said there of accuracy, NaN and
// infinity holds here. A block without rows needs no pointers. Each call writes all distances or, with an error,
// none:
//   errc::scalar_mismatch     the scalars cannot be compared (any_matrix_view only: types are refused by the compiler)
//   errc::metric_mismatch     a metric of bits for numbers, or the other way round
//   errc::dimension_mismatch  a stride below the dimension, or queries and rows of different dimensions
//   errc::invalid_argument    a null pointer with a non-empty shape, dimension 0, an output that overlaps an input (its
//                             memory from first to last component)
//   errc::limit_exceeded      a dimension above max_dimension, an id that is no row, more than memory can hold
#ifndef ATLAS_DISTANCE_DISTANCES_HPP
#define ATLAS_DISTANCE_DISTANCES_HPP

#include <atlas/core/result.hpp>               // result
#include <atlas/core/span.hpp>                 // span
#include <atlas/distance/distance_checks.hpp>  // check_block, check_metric, check_output
#include <atlas/distance/matrix_view.hpp>      // basic_matrix_view
#include <atlas/distance/metric.hpp>           // metric
#include <atlas/distance/pair_distance.hpp>    // kernel_of, require_comparable
#include <atlas/distance/panel_distances.hpp>  // distances_by_panels
#include <atlas/simd/kernel_table.hpp>         // kernels

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {

/// What makes a kernel's numbers distances.
inline void finish_distances(metric which, float* numbers, std::size_t count) noexcept {
  if (which != metric::inner_product) return;
  for (std::size_t i = 0; i < count; ++i) numbers[i] = 1.0F - numbers[i];
}

/// Rows that are compared with all queries while they lie in the L2 cache; 256 KiB is the smallest of the CPUs with
/// AVX2, and a part of it is the queries'.
inline constexpr std::size_t cached_block_bytes = 128 * 1024;

/// Queries to all rows, block by block of rows, so that rows come from memory once.
inline void distances_by_rows(const any_matrix_view& queries, const any_matrix_view& rows, metric which,
                              float* out, std::size_t out_stride) noexcept {
  const kernels_v1::row_kernel kernel = kernel_of(kernels(), which, queries.element, rows.element);
  const std::size_t stride_bytes = rows.stride_bytes();
  std::size_t block = queries.rows == 1 ? rows.rows : cached_block_bytes / stride_bytes / 16 * 16;
  if (block < 16) block = 16;
  for (std::size_t first = 0; first < rows.rows; first += block) {
    const std::size_t count = rows.rows - first < block ? rows.rows - first : block;
    for (std::size_t query = 0; query < queries.rows; ++query) {
      float* const numbers = out + query * out_stride + first;
      kernel(queries.row(query), rows.row(first), stride_bytes, nullptr, count, rows.dimension, numbers);
      finish_distances(which, numbers, count);
    }
  }
}

/// Many to many, of scalars known at run time.
[[nodiscard]] inline result<std::size_t> distances_of_blocks(const any_matrix_view& queries,
                                                             const block_fields& query_fields,
                                                             const any_matrix_view& rows, metric which,
                                                             float* out) noexcept {
  if (status fits = check_metric(queries.element, rows.element, which); !fits.ok()) return fits.error();
  if (status checked = check_block(rows, rows_block); !checked.ok()) return checked.error();
  if (status checked = check_block(queries, query_fields); !checked.ok()) return checked.error();
  if (status same = check_dimensions(queries, rows); !same.ok()) return same.error();
  auto count = check_output(out, queries, query_fields, rows, rows.rows);
  if (!count.ok() || *count == 0) return count;

  const std::size_t done = distances_by_panels(queries, rows, which, out);
  if (done < queries.rows) {
    const any_matrix_view others{queries.row(done), queries.rows - done, queries.dimension, queries.stride,
                                 queries.element};
    distances_by_rows(others, rows, which, out + done * rows.rows, rows.rows);
  }
  return count;
}

/// One to rows by id, of scalars known at run time.
[[nodiscard]] inline result<std::size_t> distances_of_ids(const any_matrix_view& query, const any_matrix_view& rows,
                                                          span<const std::uint32_t> ids, metric which,
                                                          float* out) noexcept {
  if (status fits = check_metric(query.element, rows.element, which); !fits.ok()) return fits.error();
  if (status checked = check_block(rows, rows_block); !checked.ok()) return checked.error();
  if (status checked = check_block(query, query_block); !checked.ok()) return checked.error();
  if (status same = check_dimensions(query, rows); !same.ok()) return same.error();
  if (ids.empty()) return std::size_t{0};
  if (ids.data() == nullptr) return error{errc::invalid_argument, "ids", "a pointer", "null"};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= rows.rows) return error{errc::limit_exceeded, "id", "below", rows.rows, ids[i]}.at_row(i);
  }
  const auto count = check_output(out, query, query_block, rows, ids.size());
  if (!count.ok()) return count.error();
  const any_matrix_view id_block{ids.data(), 1, ids.size(), ids.size(), scalar::f32};
  if (status apart = check_apart(out, *count * sizeof(float), "out", id_block, {"ids", "", "", "", ""}); !apart.ok()) {
    return apart.error();
  }
  kernel_of(kernels(), which, query.element, rows.element)(query.data, rows.data, rows.stride_bytes(), ids.data(),
                                                           ids.size(), rows.dimension, out);
  finish_distances(which, out, ids.size());
  return ids.size();
}

/// One query as a block that fits the rows.
[[nodiscard]] inline any_matrix_view block_of_query(const void* query, scalar element, std::size_t dimension,
                                                    bool is_needed) noexcept {
  return {query, is_needed ? std::size_t{1} : std::size_t{0}, dimension, dimension, element};
}

}  // namespace detail

/// Distances of one query to every row of a block.
///
/// @param query  shape [rows.dimension]; the rows' scalar, or float unless they are bits
/// @param rows   shape [rows.rows, rows.dimension]
/// @param which  l2sq, inner_product or cosine, for bits hamming or jaccard; each as the function of that name gives it
/// @param out    shape [rows.rows]; written in row order; must not overlap the inputs
/// @return       the number of distances written, or an error of the list above
/// Cost: O(rows * dimension) time, no allocation, never throws.
template <class Query, class Row>
[[nodiscard]] result<std::size_t> distances(const Query* query, basic_matrix_view<Row> rows, metric which,
                                            float* out) noexcept {
  detail::require_comparable<Query, Row>();
  return detail::distances_of_blocks(
      detail::block_of_query(query, scalar_of<Query>, rows.dimension, rows.rows != 0), detail::query_block,
      any_matrix_view::of(rows), which, out);
}
/// The same, so that a block may be written as a list in braces.
[[nodiscard]] inline result<std::size_t> distances(const float* query, matrix_view rows, metric which,
                                                   float* out) noexcept {
  return distances<float, float>(query, rows, which, out);
}

/// Distances of one query to some rows of a block. Rows still to come are prefetched, so one call with many ids
/// beats many calls.
///
/// @param query  shape [rows.dimension]; the rows' scalar, or float unless they are bits
/// @param rows   shape [rows.rows, rows.dimension]
/// @param ids    shape [ids.size()], each below rows.rows, in any order, with repetitions; the error of one that is
///               not names its place in ids
/// @param which  as above
/// @param out    shape [ids.size()]; written in the order of ids; must not overlap the inputs
/// @return       the number of distances written, or an error of the list above
/// Cost: O(ids * dimension) time, no allocation, never throws.
template <class Query, class Row>
[[nodiscard]] result<std::size_t> distances(const Query* query, basic_matrix_view<Row> rows,
                                            span<const std::uint32_t> ids, metric which, float* out) noexcept {
  detail::require_comparable<Query, Row>();
  return detail::distances_of_ids(
      detail::block_of_query(query, scalar_of<Query>, rows.dimension, !ids.empty()),
      any_matrix_view::of(rows), ids, which, out);
}
/// The same, so that a block may be written as a list in braces.
[[nodiscard]] inline result<std::size_t> distances(const float* query, matrix_view rows, span<const std::uint32_t> ids,
                                                   metric which, float* out) noexcept {
  return distances<float, float>(query, rows, ids, which, out);
}

/// Distances of each query to every row.
///
/// @param queries  shape [queries.rows, dimension]; the rows' scalar, or float unless they are bits
/// @param rows     shape [rows.rows, dimension]
/// @param which    as above
/// @param out      shape [queries.rows, rows.rows]; must not overlap the inputs
/// @return         the number of distances written, or an error of the list above
/// Accuracy: as one to one gives it. Of many float queries and float rows, distances may come from blocked sums, whose
/// last bits differ from those of one to one: then l2sq keeps its relative error <= (dimension + 3) * 2^-24
/// (differences are taken, never |a|^2 - 2ab + |b|^2, where near vectors would cancel), inner_product has an absolute
/// error <= (dimension + 9) * 2^-24 * (1 + |a| * |b|), and cosine one <= 2 * (dimension + 9) * 2^-24, barring overflow
/// and underflow.
/// Cost: O(queries * rows * dimension) time; rows are read from memory once for as many queries as fit into 8 MiB. Many
/// float queries are copied to memory of the call; where there is none, nothing is allocated. Never throws.
template <class Query, class Row>
[[nodiscard]] result<std::size_t> distances(basic_matrix_view<Query> queries, basic_matrix_view<Row> rows, metric which,
                                            float* out) noexcept {
  detail::require_comparable<Query, Row>();
  return detail::distances_of_blocks(any_matrix_view::of(queries), detail::queries_block,
                                     any_matrix_view::of(rows), which, out);
}
/// The same, so that a block may be written as a list in braces.
[[nodiscard]] inline result<std::size_t> distances(matrix_view queries, matrix_view rows, metric which,
                                                   float* out) noexcept {
  return distances<float, float>(queries, rows, which, out);
}

/// The same of scalars that are known at run time only.
[[nodiscard]] inline result<std::size_t> distances_of_any(const any_matrix_view& queries, const any_matrix_view& rows,
                                                          metric which, float* out) noexcept {
  return detail::distances_of_blocks(queries, detail::queries_block, rows, which, out);
}
/// @param query  one vector
[[nodiscard]] inline result<std::size_t> distances_of_any(const any_matrix_view& query, const any_matrix_view& rows,
                                                          span<const std::uint32_t> ids, metric which,
                                                          float* out) noexcept {
  if (query.rows != 1) return error{errc::invalid_argument, "query.rows", 1, query.rows};
  return detail::distances_of_ids(query, rows, ids, which, out);
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_DISTANCE_DISTANCES_HPP
