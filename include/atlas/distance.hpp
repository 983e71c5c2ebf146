// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance.hpp -- how far apart vectors are, and which rows are nearest.
//
// Room:      everything of distance/ that a caller asks for: one to one, one to many, many to many, by row ids, the
//            nearest.
// Not here:  the SIMD loops (distance/*_kernels-inl.hpp), indexes (hnsw.hpp, flat.hpp).
// Depends:   core, simd. In link mode no Highway, no std container.
// Threads:   every function is pure; any number of threads may call it.
#ifndef ATLAS_DISTANCE_HPP
#define ATLAS_DISTANCE_HPP

#include <atlas/distance/distances.hpp>      // distances
#include <atlas/distance/matrix_view.hpp>    // matrix_view, dense
#include <atlas/distance/metric.hpp>         // metric
#include <atlas/distance/pair_distance.hpp>  // l2sq, inner_product, cosine, hamming, jaccard
#include <atlas/distance/scalar.hpp>         // scalar, f16, bf16, b1x8
#include <atlas/distance/top_k.hpp>          // neighbour, top_k

namespace atlas { inline namespace ATLAS_ABI {

/// The rows nearest to one query, by comparing it with all of them.
///
/// @param query  shape [rows.dimension], float32
/// @param rows   shape [rows.rows, rows.dimension], float32
/// @param which  l2sq, inner_product or cosine
/// @param found  room for k = found.size() neighbours; filled nearest first, of equal distances the lower
///               row first; must not overlap the inputs
/// @return       how many were found: the lesser of k and the number of rows whose distance is not NaN,
///               or an error as distances() gives it, errc::invalid_argument for k = 0, or
///               errc::limit_exceeded for more than max_rows rows
/// Nothing is written on error. Cost: O(rows * (dimension + log k)) time, 1 KiB of stack, no allocation,
/// never throws.
[[nodiscard]] inline result<std::size_t> nearest(const float* query, matrix_view rows, metric which,
                                                 span<neighbour> found) noexcept {
  if (status fits = detail::check_metric(scalar::f32, scalar::f32, which); !fits.ok()) return fits.error();
  const any_matrix_view block = any_matrix_view::of(rows);
  if (status checked = detail::check_block(block, detail::rows_block); !checked.ok()) return checked.error();
  if (rows.rows != 0 && query == nullptr) return error{errc::invalid_argument, "query", "a pointer", "null"};
  if (found.empty()) return error{errc::invalid_argument, "k", "at least 1", std::uint64_t{0}};
  if (found.data() == nullptr) return error{errc::invalid_argument, "found", "a pointer", "null"};
  if (rows.rows > max_rows) return error{errc::limit_exceeded, "rows.rows", max_rows, rows.rows};

  const kernels_v1::row_kernel kernel = detail::kernel_of(kernels(), which, scalar::f32, scalar::f32);
  constexpr std::size_t batch = 256;
  float distances_of_batch[batch];
  top_k best(found);
  for (std::size_t first = 0; first < rows.rows; first += batch) {
    const std::size_t count = rows.rows - first < batch ? rows.rows - first : batch;
    kernel(query, rows.row(first), block.stride_bytes(), nullptr, count, rows.dimension, distances_of_batch);
    detail::finish_distances(which, distances_of_batch, count);
    best.offer_rows(distances_of_batch, count, static_cast<std::uint32_t>(first));
  }
  return best.take_sorted().size();
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_DISTANCE_HPP
