// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/nearest.hpp -- the rows of a block that are nearest to a query, or to each of many.
//
// Room:      nearest: one query with no allocation; many queries on many threads without writing all distances.
// Not here:  the search itself (distance/nearest_many.hpp), indexes (flat.hpp, hnsw.hpp).
// Depends:   core, simd. In link mode no Highway, no std container, no thread.
// Threads:   every function is pure; any number of threads may call it.
//
// Both give the same distances, bit for bit those of the pair functions (distance/pair_distance.hpp), and of equal
// distances the lower row. A row whose distance is NaN is never found.
#ifndef ATLAS_DISTANCE_NEAREST_HPP
#define ATLAS_DISTANCE_NEAREST_HPP

#include <atlas/core/progress.hpp>             // progress
#include <atlas/core/result.hpp>               // result, errc
#include <atlas/core/span.hpp>                 // span
#include <atlas/distance/distance_checks.hpp>  // check_block, check_metric
#include <atlas/distance/first_pass.hpp>       // first_pass
#include <atlas/distance/matrix_view.hpp>      // basic_matrix_view
#include <atlas/distance/metric.hpp>           // metric
#include <atlas/distance/nearest_request.hpp>  // nearest_request
#include <atlas/distance/pair_distance.hpp>    // kernel_of, require_comparable
#include <atlas/distance/top_k.hpp>            // neighbour, top_k
#if !ATLAS_LINK_KERNELS
#include <atlas/distance/nearest_many.hpp>  // detail::nearest_many
#endif

namespace atlas { inline namespace ATLAS_ABI {

/// Options of nearest for many queries.
struct nearest_options {
  std::size_t k = 10;    ///< rows wanted for each query, 1 to rows.rows
  unsigned threads = 1;  ///< 0: all that the process may use; if fewer can be started, fewer work
  atlas::first_pass first_pass = first_pass::f32;
  progress on_progress = {};  ///< called on the calling thread with rows done, once more for each 1,024 queries
};

namespace detail {

/// What searches the request: the library in link mode, else this unit.
[[nodiscard]] inline errc search_nearest(const kernels_v1::nearest_request& request) noexcept {
#if ATLAS_LINK_KERNELS
  return static_cast<errc>(kernels_v1::nearest_many(request));
#else
  return nearest_many(request);
#endif
}

[[nodiscard]] inline result<std::size_t> nearest_of_blocks(const any_matrix_view& queries, const any_matrix_view& rows,
                                                           metric which, const nearest_options& options,
                                                           neighbour* found, std::uint32_t* counts) noexcept {
  if (status fits = check_metric(queries.element, rows.element, which); !fits.ok()) return fits.error();
  if (status checked = check_block(rows, rows_block); !checked.ok()) return checked.error();
  if (status checked = check_block(queries, queries_block); !checked.ok()) return checked.error();
  if (status same = check_dimensions(queries, rows); !same.ok()) return same.error();
  if (rows.rows > max_rows) return error{errc::limit_exceeded, rows_block.rows, "at most", max_rows, rows.rows};
  if (options.k == 0) return error{errc::invalid_argument, "k", "at least 1", std::uint64_t{0}};
  if (options.k > rows.rows) return error{errc::invalid_argument, "k", "at most rows.rows =", rows.rows, options.k};
  if (!is_first_pass(static_cast<std::uint8_t>(options.first_pass))) {
    return error{errc::invalid_argument, "first_pass", "0 f32, 1 bf16 or 2 i8",
                 static_cast<std::uint64_t>(options.first_pass)};
  }
  const std::size_t most = static_cast<std::size_t>(PTRDIFF_MAX) / sizeof(neighbour) / options.k;
  if (queries.rows > most) return error{errc::limit_exceeded, queries_block.rows, "at most", most, queries.rows};
  if (queries.rows == 0) return std::size_t{0};
  if (found == nullptr) return error{errc::invalid_argument, "found", "a pointer", "null"};

  const std::size_t slots = queries.rows * options.k;
  const std::size_t found_bytes = slots * sizeof(neighbour);
  const std::size_t counts_bytes = counts == nullptr ? 0 : queries.rows * sizeof(std::uint32_t);
  const any_matrix_view counts_block{counts, counts == nullptr ? 0 : std::size_t{1}, queries.rows, queries.rows,
                                     scalar::f32};
  status apart = check_apart(found, found_bytes, "found", queries, queries_block);
  if (apart.ok()) apart = check_apart(found, found_bytes, "found", rows, rows_block);
  if (apart.ok()) apart = check_apart(found, found_bytes, "found", counts_block, {"counts", "", "", "", ""});
  if (apart.ok()) apart = check_apart(counts, counts_bytes, "counts", queries, queries_block);
  if (apart.ok()) apart = check_apart(counts, counts_bytes, "counts", rows, rows_block);
  if (!apart.ok()) return apart.error();

  kernels_v1::nearest_request request;
  request.queries = queries.data;
  request.query_stride_bytes = queries.stride_bytes();
  request.query_count = queries.rows;
  request.rows = rows.data;
  request.row_stride_bytes = rows.stride_bytes();
  request.row_count = rows.rows;
  request.dimension = rows.dimension;
  request.k = options.k;
  request.query_scalar = static_cast<std::uint8_t>(queries.element);
  request.row_scalar = static_cast<std::uint8_t>(rows.element);
  request.metric = static_cast<std::uint8_t>(which);
  request.first_pass = static_cast<std::uint8_t>(options.first_pass);
  // So few products are computed before a second thread has started: about 0.1 ms.
  const bool is_short = queries.rows <= (std::size_t{1} << 21) / rows.dimension / rows.rows;
  request.threads = is_short ? 1 : options.threads;
  request.found = found;
  request.counts = counts;
  request.context = &options;
  if (options.on_progress) {
    request.on_progress = [](const void* context, std::uint64_t done, std::uint64_t total) {
      return static_cast<const nearest_options*>(context)->on_progress(done, total);
    };
  }
  if (const errc failed = search_nearest(request); failed != errc{}) return error{failed, "nearest"};
  return slots;
}

/// One query, on this thread and without allocating.
[[nodiscard]] inline result<std::size_t> nearest_of_one(const void* query, scalar element, const any_matrix_view& rows,
                                                        metric which, span<neighbour> found) noexcept {
  if (status fits = check_metric(element, rows.element, which); !fits.ok()) return fits.error();
  if (status checked = check_block(rows, rows_block); !checked.ok()) return checked.error();
  if (rows.rows != 0 && query == nullptr) return error{errc::invalid_argument, "query", "a pointer", "null"};
  if (found.empty()) return error{errc::invalid_argument, "k", "at least 1", std::uint64_t{0}};
  if (found.data() == nullptr) return error{errc::invalid_argument, "found", "a pointer", "null"};
  if (rows.rows > max_rows) return error{errc::limit_exceeded, rows_block.rows, "at most", max_rows, rows.rows};
  if (found.size() > static_cast<std::size_t>(PTRDIFF_MAX) / sizeof(neighbour)) {
    return error{errc::limit_exceeded, "k", static_cast<std::size_t>(PTRDIFF_MAX) / sizeof(neighbour), found.size()};
  }
  const std::size_t found_bytes = found.size() * sizeof(neighbour);
  const any_matrix_view query_view{query, rows.rows == 0 ? std::size_t{0} : std::size_t{1}, rows.dimension,
                                   rows.dimension, element};
  if (status apart = check_apart(found.data(), found_bytes, "found", query_view, query_block); !apart.ok()) {
    return apart.error();
  }
  if (status apart = check_apart(found.data(), found_bytes, "found", rows, rows_block); !apart.ok()) {
    return apart.error();
  }

  const kernels_v1::row_kernel kernel = kernel_of(kernels(), which, element, rows.element);
  constexpr std::size_t batch = 256;
  float distances_of_batch[batch];
  top_k best(found);
  for (std::size_t first = 0; first < rows.rows; first += batch) {
    const std::size_t count = rows.rows - first < batch ? rows.rows - first : batch;
    kernel(query, rows.row(first), rows.stride_bytes(), nullptr, count, rows.dimension, distances_of_batch);
    for (std::size_t i = 0; which == metric::inner_product && i < count; ++i) {
      distances_of_batch[i] = 1.0F - distances_of_batch[i];
    }
    best.offer_rows(distances_of_batch, count, static_cast<std::uint32_t>(first));
  }
  return best.take_sorted().size();
}

}  // namespace detail

/// The rows nearest to each of many queries, by comparing all of them.
///
/// @param queries  shape [n, dimension]; the rows' scalar, or float unless they are bits
/// @param rows     shape [rows.rows, dimension], at most max_rows
/// @param which    l2sq, inner_product or cosine; for bits hamming or jaccard
/// @param options  k, threads, first pass, progress
/// @param found    shape [n, k], nearest first; slots that no row fills, because distances are NaN, get
///                 {+inf, 2^32 - 1}
/// @param counts   shape [n]: slots filled; or null
/// @return         n * k, or with nothing written:
///                 errc::scalar_mismatch     scalars that do not go together (any_matrix_view only: types are refused
///                                           by the compiler)
///                 errc::metric_mismatch     a metric that does not fit them
///                 errc::dimension_mismatch  different dimensions, or a stride below the dimension
///                 errc::invalid_argument    a null pointer with a non-empty shape, dimension 0, k = 0, k > rows.rows,
///                                           outputs that overlap inputs or each other
///                 errc::limit_exceeded      dimension above max_dimension, more than max_rows rows
///                 or with some queries answered errc::no_memory or errc::cancelled
/// Exact: a first pass leaves rows out only where k others are nearer for sure, by a bound on its error. Data for
/// which that bound is wide (far from the origin and close together, or all alike) costs more: about as much as
/// comparing each query with each row, up to twice as much for short vectors.
/// Cost: O(n * rows * dimension) time; float queries from six on share each load of a row. Memory: 8 to 24 bytes for
/// each query, thread and k, at most about 256 MiB beside 1,024 queries. Never throws.
/// Threads: options.threads.
template <class Query, class Row>
[[nodiscard]] result<std::size_t> nearest(basic_matrix_view<Query> queries, basic_matrix_view<Row> rows, metric which,
                                          const nearest_options& options, neighbour* found,
                                          std::uint32_t* counts = nullptr) noexcept {
  detail::require_comparable<Query, Row>();
  return detail::nearest_of_blocks(any_matrix_view::of(queries), any_matrix_view::of(rows), which, options, found,
                                   counts);
}
/// The same, so that blocks may be written as lists in braces.
[[nodiscard]] inline result<std::size_t> nearest(matrix_view queries, matrix_view rows, metric which,
                                                 const nearest_options& options, neighbour* found,
                                                 std::uint32_t* counts = nullptr) noexcept {
  return nearest<float, float>(queries, rows, which, options, found, counts);
}
/// The same of scalars that are known at run time only.
[[nodiscard]] inline result<std::size_t> nearest_of_any(const any_matrix_view& queries, const any_matrix_view& rows,
                                                        metric which, const nearest_options& options,
                                                        neighbour* found, std::uint32_t* counts = nullptr) noexcept {
  return detail::nearest_of_blocks(queries, rows, which, options, found, counts);
}

/// The rows nearest to one query, by comparing it with all of them.
///
/// @param query  shape [rows.dimension]; the rows' scalar, or float unless they are bits
/// @param rows   shape [rows.rows, rows.dimension]
/// @param which  l2sq, inner_product or cosine; for bits hamming or jaccard
/// @param found  room for k = found.size() neighbours; filled nearest first, of equal distances the lower
///               row first; must not overlap the inputs
/// @return       how many were found: the lesser of k and the number of rows whose distance is not NaN,
///               or an error as above; here more slots than rows are fine
/// Nothing is written on error. Cost: O(rows * (dimension + log k)) time, 1 KiB of stack, no allocation,
/// never throws.
template <class Query, class Row>
[[nodiscard]] result<std::size_t> nearest(const Query* query, basic_matrix_view<Row> rows, metric which,
                                          span<neighbour> found) noexcept {
  detail::require_comparable<Query, Row>();
  return detail::nearest_of_one(query, scalar_of<Query>, any_matrix_view::of(rows), which, found);
}
/// The same, so that a block may be written as a list in braces.
[[nodiscard]] inline result<std::size_t> nearest(const float* query, matrix_view rows, metric which,
                                                 span<neighbour> found) noexcept {
  return nearest<float, float>(query, rows, which, found);
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_DISTANCE_NEAREST_HPP
