// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/kmeans_start.hpp -- the rows that centroids start from.
//
// Room:      rows drawn at random, each alike or by k-means++.
// Not here:  what becomes of them (quantize/kmeans.hpp).
// Depends:   core, simd, distance/matrix_view.hpp.
// Threads:   those of the pool that is given.
#ifndef ATLAS_QUANTIZE_KMEANS_START_HPP
#define ATLAS_QUANTIZE_KMEANS_START_HPP

#include <atlas/core/function_ref.hpp>       // function_ref
#include <atlas/core/memory.hpp>             // buffer
#include <atlas/core/thread_pool.hpp>        // thread_pool
#include <atlas/distance/matrix_view.hpp>    // matrix_view
#include <atlas/quantize/random_number.hpp>  // random_number
#include <atlas/simd/kernel_table.hpp>       // kernels

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// `count` different numbers below `rows`, in an order that the seed decides (Fisher and Yates).
[[nodiscard]] inline status choose_rows(std::size_t rows, std::size_t count, std::uint64_t seed,
                                        buffer<std::uint32_t>& chosen) noexcept {
  if (status made = chosen.resize(rows); !made.ok()) return made;
  for (std::size_t i = 0; i < rows; ++i) chosen.data()[i] = static_cast<std::uint32_t>(i);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t other = i + static_cast<std::size_t>(random_number(seed, i) % (rows - i));
    const std::uint32_t one = chosen.data()[i];
    chosen.data()[i] = chosen.data()[other];
    chosen.data()[other] = one;
  }
  return chosen.resize(count);
}

inline void copy_rows(const matrix_view& rows, const std::uint32_t* ids, std::size_t count, float* out) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    std::memcpy(out + i * rows.dimension, rows.row(ids[i]), rows.dimension * sizeof(float));
  }
}

/// k-means++ looks at so many rows for each cluster, drawn at random, if there are more.
inline constexpr std::size_t plus_plus_rows = 16;

/// Each next centroid is a row drawn with a chance in proportion to its squared distance from the nearest one so far
/// (Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007); where all are 0, any row.
///
/// @param goes_on  bool(): asked on the calling thread after each 2^28 components that were compared, about a tenth of a
///                 second of one core; false ends it
/// @param out      [count, rows.dimension]
/// @return         errc::no_memory, errc::cancelled
/// The same rows with any number of threads: distances are added up in blocks of a fixed size, and these in their order.
[[nodiscard]] inline status choose_plus_plus(thread_pool& pool, const matrix_view& rows, std::size_t count,
                                             std::uint64_t seed, function_ref<bool()> goes_on, float* out) noexcept {
  constexpr std::size_t block_rows = 4096;
  constexpr std::size_t components_of_report = std::size_t{1} << 28;
  const std::size_t most = count * plus_plus_rows;
  buffer<std::uint32_t> ids;
  if (status made = choose_rows(rows.rows, rows.rows < most ? rows.rows : most, seed, ids); !made.ok()) return made;
  const std::size_t blocks = (ids.size() + block_rows - 1) / block_rows;
  buffer<float> nearest;
  buffer<float> distances;
  buffer<double> sums;  // of each block's nearest distances
  if (status made = nearest.resize(ids.size()); !made.ok()) return made;
  if (status made = distances.resize(ids.size()); !made.ok()) return made;
  if (status made = sums.resize(blocks); !made.ok()) return made;
  for (float& each : nearest) each = __builtin_inff();
  const kernel_table& table = kernels();
  std::size_t compared = 0;
  std::size_t chosen = 0;  // the order of `ids` is random
  for (std::size_t i = 0;; ++i) {
    copy_rows(rows, ids.data() + chosen, 1, out + i * rows.dimension);
    if (i + 1 == count) return {};
    static_cast<void>(pool.run(blocks, [&](std::size_t block, unsigned) noexcept {
      const std::size_t first = block * block_rows;
      const std::size_t end = ids.size() - first < block_rows ? ids.size() : first + block_rows;
      table.l2sq[kernels_v1::f32_f32](rows.row(ids[chosen]), rows.data, rows.stride * sizeof(float), ids.data() + first,
                                      end - first, rows.dimension, distances.data() + first);
      double sum = 0;
      for (std::size_t j = first; j < end; ++j) {
        nearest.data()[j] = distances.data()[j] < nearest.data()[j] ? distances.data()[j] : nearest.data()[j];
        sum += static_cast<double>(nearest.data()[j]);
      }
      sums.data()[block] = sum;
    }));
    double sum = 0;
    for (const double each : sums) sum += each;
    compared += ids.size() * rows.dimension;
    if (compared >= components_of_report) {
      compared = 0;
      if (!goes_on()) return errc::cancelled;
    }
    if (sum == 0) {
      chosen = static_cast<std::size_t>(random_number(~seed, i) % ids.size());
      continue;
    }
    // Where rounding leaves something over, the last block and the last row of some distance stand.
    double left = random_share(~seed, i) * sum;
    std::size_t at = 0;
    for (std::size_t block = 0; block < blocks; ++block) {
      if (sums.data()[block] == 0) continue;
      at = block;
      if (left < sums.data()[block]) break;
      left -= sums.data()[block];
    }
    const std::size_t end = ids.size() - at * block_rows < block_rows ? ids.size() : (at + 1) * block_rows;
    for (std::size_t j = at * block_rows; j < end && left >= 0; ++j) {
      if (nearest.data()[j] == 0.0F) continue;
      chosen = j;
      left -= static_cast<double>(nearest.data()[j]);
    }
  }
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_KMEANS_START_HPP
