// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/kmeans.hpp -- centroids that stand for many vectors: Lloyd's k-means.
//
// Room:      kmeans: training of centroids, and each row's nearest.
// Not here:  what is made of centroids (quantize/product_quantizer.hpp), one query's nearest row (distance/nearest.hpp).
// Depends:   core, simd, distance.
// Threads:   every function is pure; options.threads work inside a call.
#ifndef ATLAS_QUANTIZE_KMEANS_HPP
#define ATLAS_QUANTIZE_KMEANS_HPP

#include <atlas/core/bits.hpp>         // mix64
#include <atlas/core/memory.hpp>       // buffer
#include <atlas/core/progress.hpp>     // progress
#include <atlas/distance/nearest.hpp>  // nearest

namespace atlas { inline namespace ATLAS_ABI {

/// Options of kmeans.
struct kmeans_options {
  std::size_t clusters = 0;       ///< centroids wanted, 1 to the number of rows; no default
  std::uint32_t iterations = 10;  ///< at most so many times centroids move, 0 to 10,000
  std::uint64_t seed = 42;        ///< of every random choice
  unsigned threads = 1;           ///< 0: all that the process may use
  progress on_progress = {};      ///< called with iterations done; cancelling ends the call with errc::cancelled
};

/// What kmeans found.
struct kmeans_result {
  buffer<float> centroids;         ///< shape [clusters, dimension]
  buffer<std::uint32_t> assigned;  ///< shape [rows]: each row's nearest centroid, of equally near ones the lower
  buffer<std::uint32_t> sizes;     ///< shape [clusters]: rows of each centroid
  double error = 0;                ///< mean squared distance of a row to its centroid
  std::uint32_t iterations = 0;    ///< times the centroids moved
};

namespace detail {

/// `count` different numbers below `rows`, in an order that the seed decides.
[[nodiscard]] inline status sample_rows(std::size_t rows, std::size_t count, std::uint64_t seed, buffer<std::uint32_t>& out) noexcept {
  if (status made = out.resize(rows); !made.ok()) return made;
  for (std::size_t i = 0; i < rows; ++i) out.data()[i] = static_cast<std::uint32_t>(i);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t other = i + static_cast<std::size_t>(mix64(seed + (i + 1) * 0x9E3779B97F4A7C15U) % (rows - i));
    const std::uint32_t one = out.data()[i];
    out.data()[i] = out.data()[other];
    out.data()[other] = one;
  }
  return out.resize(count);
}

}  // namespace detail

/// Centroids such that rows are near one of them.
///
/// @param rows     shape [rows, dimension], finite
/// @param options  clusters, iterations, ...
/// @return         errc::invalid_argument (no clusters, more clusters than rows, dimension 0, null, an option out of its range),
///                 dimension_mismatch (a stride below the dimension), limit_exceeded, not_finite with the row, no_memory,
///                 cancelled
[[nodiscard]] inline result<kmeans_result> kmeans(const matrix_view& rows, const kmeans_options& options) noexcept {
  if (status checked = detail::check_block(any_matrix_view::of(rows), detail::rows_block); !checked.ok()) return checked.error();
  if (options.clusters == 0) return error{errc::invalid_argument, "clusters", "at least 1", options.clusters};
  if (options.clusters > rows.rows) return error{errc::invalid_argument, "clusters", "at most rows.rows =", rows.rows, options.clusters};
  const std::size_t dimension = rows.dimension;
  kmeans_result found;
  buffer<std::uint32_t> first;
  if (status made = detail::sample_rows(rows.rows, options.clusters, options.seed, first); !made.ok()) return made.error();
  if (status made = found.centroids.resize(options.clusters * dimension); !made.ok()) return made.error();
  for (std::size_t i = 0; i < options.clusters; ++i) {
    std::memcpy(found.centroids.data() + i * dimension, rows.row(first.data()[i]), dimension * sizeof(float));
  }
  buffer<neighbour> nearest_of;
  buffer<double> sums;
  if (status made = nearest_of.resize(rows.rows); !made.ok()) return made.error();
  if (status made = sums.resize(options.clusters * dimension); !made.ok()) return made.error();
  if (status made = found.assigned.resize(rows.rows); !made.ok()) return made.error();
  if (status made = found.sizes.resize(options.clusters); !made.ok()) return made.error();
  for (;; ++found.iterations) {
    const matrix_view centroids = dense(found.centroids.data(), options.clusters, dimension);
    const nearest_options one{.k = 1, .threads = options.threads};
    if (const auto done = nearest(rows, centroids, metric::l2sq, one, nearest_of.data()); !done.ok()) return done.error();
    std::memset(found.sizes.data(), 0, options.clusters * sizeof(std::uint32_t));
    found.error = 0;
    for (std::size_t i = 0; i < rows.rows; ++i) {
      found.assigned.data()[i] = nearest_of.data()[i].id;
      ++found.sizes.data()[nearest_of.data()[i].id];
      found.error += static_cast<double>(nearest_of.data()[i].distance);
    }
    found.error /= static_cast<double>(rows.rows);
    if (options.on_progress && !options.on_progress(found.iterations, options.iterations)) return errc::cancelled;
    if (found.iterations == options.iterations) return found;
    std::memset(sums.data(), 0, sums.size() * sizeof(double));
    for (std::size_t i = 0; i < rows.rows; ++i) {
      kernels().add_to_f64(rows.row(i), sums.data() + found.assigned.data()[i] * dimension, dimension);
    }
    for (std::size_t cluster = 0; cluster < options.clusters; ++cluster) {
      if (found.sizes.data()[cluster] == 0) continue;
      for (std::size_t i = 0; i < dimension; ++i) {
        found.centroids.data()[cluster * dimension + i] =
            static_cast<float>(sums.data()[cluster * dimension + i] / found.sizes.data()[cluster]);
      }
    }
  }
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUANTIZE_KMEANS_HPP
