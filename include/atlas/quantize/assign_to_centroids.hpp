// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/assign_to_centroids.hpp -- which of given centroids each of many rows is nearest to.
//
// Room:      assign_to_centroids.
// Not here:  finding centroids (quantize/kmeans.hpp), more than one for a row (distance/nearest.hpp).
// Depends:   core, simd, distance.
// Threads:   pure; options.threads work inside a call.
#ifndef ATLAS_QUANTIZE_ASSIGN_TO_CENTROIDS_HPP
#define ATLAS_QUANTIZE_ASSIGN_TO_CENTROIDS_HPP

#include <atlas/core/progress.hpp>             // progress
#include <atlas/distance/distance_checks.hpp>  // check_block, check_apart
#include <atlas/quantize/centroid_search.hpp>  // centroid_search

namespace atlas { inline namespace ATLAS_ABI {

/// Options of assign_to_centroids.
struct assign_options {
  unsigned threads = 1;       ///< 0: all that the process may use; the result is the same for any number
  progress on_progress = {};  ///< called on the calling thread with rows done, once for each 2^20 and at the end
};

namespace detail {
inline constexpr block_fields centroids_block{"centroids", "centroids.data", "centroids.rows", "centroids.dimension",
                                              "centroids.stride"};
inline constexpr std::size_t rows_of_report = std::size_t{1} << 20;

/// @pre rows.rows > 0
[[nodiscard]] inline status check_assignment(const matrix_view& rows, const matrix_view& centroids,
                                             const std::uint32_t* ids, const float* distances) noexcept {
  const any_matrix_view any_rows = any_matrix_view::of(rows);
  const any_matrix_view any_centroids = any_matrix_view::of(centroids);
  if (status checked = check_block(any_centroids, centroids_block); !checked.ok()) return checked;
  if (centroids.rows == 0) return error{errc::invalid_argument, "centroids.rows", "at least 1", std::uint64_t{0}};
  if (centroids.rows > max_rows) return error{errc::limit_exceeded, "centroids.rows", max_rows, centroids.rows};
  if (centroids.dimension != rows.dimension) {
    return error{errc::dimension_mismatch, "centroids.dimension", rows.dimension, centroids.dimension};
  }
  if (ids == nullptr) return error{errc::invalid_argument, "ids", "a pointer", "null"};
  const std::size_t ids_bytes = rows.rows * sizeof *ids;
  const std::size_t distances_bytes = distances == nullptr ? 0 : rows.rows * sizeof *distances;
  const any_matrix_view ids_block{ids, 1, rows.rows, rows.rows, scalar::f32};
  status apart = check_apart(ids, ids_bytes, "ids", any_rows, rows_block);
  if (apart.ok()) apart = check_apart(ids, ids_bytes, "ids", any_centroids, centroids_block);
  if (apart.ok()) apart = check_apart(distances, distances_bytes, "distances", any_rows, rows_block);
  if (apart.ok()) apart = check_apart(distances, distances_bytes, "distances", any_centroids, centroids_block);
  if (apart.ok()) apart = check_apart(distances, distances_bytes, "distances", ids_block, {"ids", "", "", "", ""});
  if (!apart.ok()) return apart;
  if (status checked = check_lengths(centroids, "centroids"); !checked.ok()) return checked;
  return check_lengths(rows, "rows");
}

/// As the function below, on the threads of a pool, of which options.threads is the most.
[[nodiscard]] inline result<std::size_t> assign_with(thread_pool& pool, const matrix_view& rows, const matrix_view& centroids,
                                                     const assign_options& options, std::uint32_t* ids, float* distances) noexcept {
  if (status checked = check_block(any_matrix_view::of(rows), rows_block); !checked.ok()) return checked.error();
  if (rows.rows == 0) return std::size_t{0};
  if (status checked = check_assignment(rows, centroids, ids, distances); !checked.ok()) return checked.error();
  for (std::size_t first = 0; first < rows.rows; first += rows_of_report) {
    const std::size_t count = rows.rows - first < rows_of_report ? rows.rows - first : rows_of_report;
    centroid_search search(pool, rows.subrows(first, count), options.threads);
    if (status made = search.create(centroids.rows, false); !made.ok()) return made.error();
    search.find(centroids, nullptr, ids + first);
    if (distances != nullptr) search.measure(centroids, ids + first, distances + first);
    if (options.on_progress && !options.on_progress(first + count, rows.rows)) return errc::cancelled;
  }
  return rows.rows;
}

}  // namespace detail

/// The nearest centroid of each row by squared distance, of equally near ones the lower.
///
/// @param rows       shape [rows, dimension], finite, lengths at most 1e18
/// @param centroids  shape [centroids, dimension], likewise; at least one if there are rows, at most max_rows
/// @param options    threads, progress
/// @param ids        shape [rows]
/// @param distances  shape [rows]: squared distances, bit for bit those of l2sq(row, centroid); or null
/// @return           rows assigned, all of them, or with nothing written:
///                   errc::invalid_argument    no centroids, dimension 0, null, outputs that overlap the others
///                   errc::dimension_mismatch  different dimensions, or a stride below the dimension
///                   errc::limit_exceeded      more than max_rows centroids; with the row, a length above 1e18
///                   errc::not_finite          NaN or infinity, with the row
///                   errc::no_memory
///                   or with some rows assigned errc::no_memory or errc::cancelled
/// The answer is that of nearest for k = 1, in a fraction of the time. What kmeans does to the rows is this.
/// Cost: O(rows * centroids * dimension) time. Memory: that of the centroids up to 2.5 times, and
/// 32 bytes for each, with 4 more for each thread. Never throws.
[[nodiscard]] inline result<std::size_t> assign_to_centroids(const matrix_view& rows, const matrix_view& centroids,
                                                             const assign_options& options, std::uint32_t* ids,
                                                             float* distances = nullptr) noexcept {
  thread_pool pool(options.threads);
  return detail::assign_with(pool, rows, centroids, options, ids, distances);
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUANTIZE_ASSIGN_TO_CENTROIDS_HPP
