// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/kmeans.hpp -- centroids that stand for many vectors: k-means.
//
// Room:      kmeans: training of centroids, and which of them each row is nearest to.
// Not here:  its options and result (quantize/kmeans_options.hpp), rows for centroids that are there already
//            (quantize/assign_to_centroids.hpp), the iterations (quantize/kmeans_training.hpp).
// Depends:   core, simd, distance.
// Threads:   every function is pure; options.threads work inside a call.
#ifndef ATLAS_QUANTIZE_KMEANS_HPP
#define ATLAS_QUANTIZE_KMEANS_HPP

#include <atlas/core/result.hpp>               // result, errc
#include <atlas/distance/distance_checks.hpp>  // check_block
#include <atlas/quantize/kmeans_training.hpp>  // kmeans_training

namespace atlas { inline namespace ATLAS_ABI {

/// Centroids such that rows are near one of them, and each row's: k-means (Lloyd, "Least squares quantization in PCM",
/// IEEE Transactions on Information Theory 28, 1982), with steps that go beyond the mean (kmeans_options::relaxation).
///
/// @param rows     shape [rows, dimension], finite, lengths at most 1e18
/// @param options  clusters; how they start, move and end
/// @return         errc::invalid_argument    no clusters, more of them than rows or sampled rows, dimension 0, null, an
///                                           option out of its range
///                 errc::dimension_mismatch  a stride below the dimension
///                 errc::limit_exceeded      a documented limit; with the row, a length above 1e18
///                 errc::not_finite          NaN or infinity, with the row
///                 errc::no_memory, errc::cancelled
/// Exact: each row goes to the nearest centroid by the distances of the pair functions, as if all of them had been
/// compared. A centroid is the mean, summed in double and rounded once, of the rows that were its before it moved last.
/// Empty clusters are given one row each before centroids move, drawn with a chance in proportion to its squared distance
/// from its centroid. The last row of a cluster stays; so clusters are left without rows if fewer rows differ than there
/// are clusters and, rarely, if the last move of centroids takes all rows from one. Batches leave them where they are.
/// The same input, options and instruction set give the same bits, whatever the number of threads.
/// Cost: O(rows * clusters * dimension) time an iteration; from 32 components on in int8 where CPUs are faster at that.
/// Memory beside the result: at most 20 bytes a row; of each centroid 20 bytes a component, 64, and 4 for each thread;
/// rows in int8, components rounded up to a multiple of 64, or once more as they are if they have fewer than 32; a sample or
/// a batch as it is. k-means++ takes 12 bytes for each of the rows it looks at. Never throws.
[[nodiscard]] inline result<kmeans_result> kmeans(const matrix_view& rows, const kmeans_options& options) noexcept {
  if (status checked = detail::check_block(any_matrix_view::of(rows), detail::rows_block); !checked.ok()) {
    return checked.error();
  }
  if (rows.rows > max_rows) return error{errc::limit_exceeded, "rows.rows", max_rows, rows.rows};
  if (status checked = detail::check_kmeans(options, rows.rows); !checked.ok()) return checked.error();
  const bool is_sampled = options.sample_rows != 0 && options.sample_rows < rows.rows;
  const std::size_t trained_rows = is_sampled ? options.sample_rows : rows.rows;
  const bool is_batched = options.batch_rows != 0 && options.batch_rows < trained_rows;

  if (status checked = detail::check_lengths(rows, "rows"); !checked.ok()) return checked.error();
  thread_pool pool(options.threads);
  detail::centroid_search search(pool, rows);
  if (status made = search.create(options.clusters, !is_sampled && !is_batched); !made.ok()) return made.error();
  kmeans_result found;
  detail::kmeans_training training(pool, options, found);
  buffer<float> sample;
  matrix_view trained = rows;
  if (is_sampled) {
    buffer<std::uint32_t> ids;
    if (status made = detail::choose_rows(rows.rows, trained_rows, ~options.seed, ids); !made.ok()) return made.error();
    if (status made = sample.resize(trained_rows * rows.dimension); !made.ok()) return made.error();
    detail::copy_rows(rows, ids.data(), trained_rows, sample.data());
    trained = dense(sample.data(), trained_rows, rows.dimension);
  }
  if (status made = training.start(trained); !made.ok()) return made.error();
  if (is_batched) {
    if (status done = training.iterate_batches(trained); !done.ok()) return done.error();
  } else if (is_sampled) {
    detail::centroid_search search_of_sample(pool, trained);
    if (status made = search_of_sample.create(options.clusters, true); !made.ok()) return made.error();
    if (status done = training.iterate(trained, search_of_sample); !done.ok()) return done.error();
  } else {
    if (status done = training.iterate(trained, search); !done.ok()) return done.error();
  }
  if (status done = training.finish(rows, search); !done.ok()) return done.error();
  return found;
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUANTIZE_KMEANS_HPP
