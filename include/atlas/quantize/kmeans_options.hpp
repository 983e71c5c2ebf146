// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/kmeans_options.hpp -- what k-means is told, and what it tells.
//
// Room:      kmeans_start, kmeans_options, kmeans_result, and the options that are refused.
// Not here:  the call (quantize/kmeans.hpp).
// Depends:   core.
#ifndef ATLAS_QUANTIZE_KMEANS_OPTIONS_HPP
#define ATLAS_QUANTIZE_KMEANS_OPTIONS_HPP

#include <atlas/core/memory.hpp>    // buffer
#include <atlas/core/progress.hpp>  // progress

namespace atlas { inline namespace ATLAS_ABI {

/// Where centroids start.
enum class kmeans_start : std::uint8_t {
  sampled = 0,    ///< at different rows, drawn at random
  plus_plus = 1,  ///< at rows far from each other: k-means++ over 16 rows for each cluster, drawn at random
};

/// Options of kmeans.
struct kmeans_options {
  std::size_t clusters = 0;       ///< centroids wanted, 1 to 2^20 and to the number of rows; no default
  std::uint32_t iterations = 10;  ///< at most so many times centroids move, 0 to 10,000; it ends before if no row moves
  std::uint64_t seed = 42;        ///< of every random choice
  kmeans_start start = kmeans_start::sampled;
  std::size_t sample_rows = 0;  ///< centroids are trained on so many rows, drawn at random; 0: on all
  /// Rows of an iteration, drawn anew for each; 0: all. A centroid is then the mean of all rows that it was ever the
  /// nearest to (Sculley, "Web-scale k-means clustering", WWW 2010). Iterations cost less, and come less near.
  std::size_t batch_rows = 0;
  /// 0 to 1: how fast clusters become even, 0 for not at all. A row goes where its squared distance and the cluster's
  /// price are least together. After each iteration the price of a cluster with `size` rows rises, or falls, by
  /// balance / 4 * error * (size * clusters / rows - 1), at most balance / 4 * error: ascent of the dual of k-means
  /// under the constraint that all sizes are equal, whose subgradient is size - rows / clusters. Then all prices fall
  /// until the least is 0. Larger steps swing. With balance 1, 64 clusters, 30 iterations, 20,000 x 784: the largest has
  /// 1.08 times the mean size instead of 1.91, and the error is 0.5 % more. Clumps far narrower than they lie apart
  /// stay uneven.
  float balance = 0;
  /// 1 to 1.9: centroids move so many times the way to the mean of their rows, and to it the last time and once no row moves.
  /// 1: Lloyd's iterations. Beyond the mean is where later rows come from (over-relaxation: Salakhutdinov and Roweis, "Adaptive
  /// overrelaxed bound optimization methods", ICML 2003): with 1.7, 256 clusters and 10 iterations the error is 0.4 % less on
  /// sift-kodak-128 and 0.7 % on mnist-784, of 1,024 clusters of 20,000 rows 1.4 %, and after 5 and 25 iterations likewise.
  /// Batches and balance pay it no heed.
  float relaxation = 1.7F;
  /// 0 to 1: training ends where an iteration lowered the error by less than this share of it. Batches pay it no heed.
  double tolerance = 0;
  unsigned threads = 1;       ///< 0: all that the process may use; the result is the same for any number
  /// Called on the calling thread with iterations done; while k-means++ chooses among many components, also with 0.
  progress on_progress = {};
};

/// What kmeans found.
struct kmeans_result {
  buffer<float> centroids;  ///< shape [clusters, dimension]
  /// shape [rows]: the centroid nearest to each row, with balance by distance and price; of equally near ones the lower
  buffer<std::uint32_t> assigned;
  buffer<std::uint32_t> sizes;   ///< shape [clusters]: rows of each centroid
  double error = 0;              ///< mean squared distance of a row to its centroid
  std::uint32_t iterations = 0;  ///< times the centroids moved
};

namespace detail {

inline constexpr std::size_t most_clusters = std::size_t{1} << 20;
inline constexpr std::uint32_t most_iterations = 10'000;

/// @param rows  how many there are
[[nodiscard]] inline status check_kmeans(const kmeans_options& options, std::size_t rows) noexcept {
  if (options.clusters == 0) return error{errc::invalid_argument, "clusters", "at least 1", std::uint64_t{0}};
  if (options.clusters > most_clusters) return error{errc::limit_exceeded, "clusters", most_clusters, options.clusters};
  if (options.clusters > rows) {
    return error{errc::invalid_argument, "clusters", "at most rows.rows =", rows, options.clusters};
  }
  if (options.iterations > most_iterations) {
    return error{errc::limit_exceeded, "iterations", most_iterations, options.iterations};
  }
  if (options.start != kmeans_start::sampled && options.start != kmeans_start::plus_plus) {
    return error{errc::invalid_argument, "start", "0 sampled or 1 plus_plus",
                 static_cast<std::uint64_t>(options.start)};
  }
  if (options.sample_rows != 0 && options.sample_rows < options.clusters) {
    return error{errc::invalid_argument, "sample_rows", "0 or at least clusters =", options.clusters,
                 options.sample_rows};
  }
  if (!(options.balance >= 0.0F && options.balance <= 1.0F)) {
    return error{errc::invalid_argument, "balance", "0 to 1", "a number outside"};
  }
  if (!(options.relaxation >= 1.0F && options.relaxation <= 1.9F)) {
    return error{errc::invalid_argument, "relaxation", "1 to 1.9", "a number outside"};
  }
  if (!(options.tolerance >= 0.0 && options.tolerance <= 1.0)) {
    return error{errc::invalid_argument, "tolerance", "0 to 1", "a number outside"};
  }
  return {};
}

}  // namespace detail

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUANTIZE_KMEANS_OPTIONS_HPP
