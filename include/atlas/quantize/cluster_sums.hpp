// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/cluster_sums.hpp -- what rows of a cluster add up to, while rows change clusters.
//
// Room:      cluster_sums: sums and sizes of clusters, and the centroids that these make.
// Not here:  which cluster a row belongs to (quantize/centroid_search.hpp).
// Depends:   core, simd, distance.
// Threads:   one thread at a time calls; the pool's threads work inside. Each cluster belongs to one of them, which
//            meets rows in their order: the sums are the same for any number of threads.
#ifndef ATLAS_QUANTIZE_CLUSTER_SUMS_HPP
#define ATLAS_QUANTIZE_CLUSTER_SUMS_HPP

#include <atlas/core/memory.hpp>               // buffer
#include <atlas/core/thread_pool.hpp>          // thread_pool
#include <atlas/distance/matrix_view.hpp>      // matrix_view
#include <atlas/distance/nearest_bounds.hpp>   // longest_squared
#include <atlas/simd/kernel_table.hpp>         // kernels

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

inline constexpr std::uint32_t no_cluster = ~std::uint32_t{0};

class cluster_sums {
 public:
  [[nodiscard]] status create(std::size_t clusters, std::size_t dimension) noexcept {
    if (status made = sizes.resize_zeroed(clusters); !made.ok()) return made;
    if (status made = is_worn_.resize_zeroed(clusters); !made.ok()) return made;
    return sums_.resize_zeroed(clusters * dimension);
  }

  /// Takes each row from the cluster where it was to the one where it is. Only rows that move cost more than a look.
  /// @param before  [rows.rows]: no_cluster for a row that is new
  /// @param now     [rows.rows]
  void move(thread_pool& pool, const matrix_view& rows, const std::uint32_t* before,
            const std::uint32_t* now) noexcept {
    const std::size_t clusters = sizes.size();
    const std::size_t parts = pool.thread_count() < clusters ? pool.thread_count() : clusters;
    static_cast<void>(pool.run(parts, [&](std::size_t part, unsigned) noexcept {
      const std::size_t first = clusters * part / parts;
      const std::size_t count = clusters * (part + 1) / parts - first;
      for (std::size_t row = 0; row < rows.rows; ++row) {
        if (before[row] == now[row]) continue;
        if (before[row] - first < count) remove(rows.row(row), rows.dimension, before[row]);
        if (now[row] - first < count) add(rows.row(row), rows.dimension, now[row]);
      }
      add_up_worn(rows, now, first, count);
    }));
  }

  /// Moves each centroid `step` times the way to the mean of its cluster's rows, so with 1 to it; one without rows stays.
  /// One that would leave the lengths that rows may have goes to the mean. centroids: [clusters, dimension]
  void move_centroids(float* centroids, double step) const noexcept {
    const std::size_t dimension = sums_.size() / sizes.size();
    for (std::size_t cluster = 0; cluster < sizes.size(); ++cluster) {
      if (sizes[cluster] == 0) continue;
      const double* const sum = sums_.data() + cluster * dimension;
      float* const centroid = centroids + cluster * dimension;
      const auto size = static_cast<double>(sizes[cluster]);
      double squared = 0;
      for (std::size_t i = 0; step != 1 && i < dimension; ++i) {
        const double moved = beyond(centroid[i], sum[i] / size, step);
        squared += moved * moved;
      }
      const bool goes_beyond = step != 1 && squared <= longest_squared;
      for (std::size_t i = 0; i < dimension; ++i) {
        centroid[i] = static_cast<float>(goes_beyond ? beyond(centroid[i], sum[i] / size, step) : sum[i] / size);
      }
    }
  }

  buffer<std::uint64_t> sizes;  ///< [clusters]: rows, each as often as it was added

 private:
  [[nodiscard]] static double beyond(float from, double mean, double step) noexcept {
    return static_cast<double>(from) + step * (mean - static_cast<double>(from));
  }
  void add(const float* row, std::size_t dimension, std::size_t cluster) noexcept {
    ++sizes.data()[cluster];
    kernels().add_to_f64(row, sums_.data() + cluster * dimension, dimension);
  }
  void remove(const float* row, std::size_t dimension, std::size_t cluster) noexcept {
    double* const sum = sums_.data() + cluster * dimension;
    const bool is_last = --sizes.data()[cluster] == 0;
    double largest = 0.0;
    double left = 0.0;
    for (std::size_t i = 0; i < dimension; ++i) {
      const double number = static_cast<double>(row[i]);
      // What rounding left of the sum goes with the last row.
      sum[i] = is_last ? 0.0 : sum[i] - number;
      largest = __builtin_fabs(number) > largest ? __builtin_fabs(number) : largest;
      left = __builtin_fabs(sum[i]) > left ? __builtin_fabs(sum[i]) : left;
    }
    // While so large a row was in it, the sum lost more of the small ones than a float would show.
    if (!is_last && largest > 0x1p24 * left) is_worn_.data()[cluster] = 1;
  }
  /// Sums from which a row went that had hidden the others are made anew.
  void add_up_worn(const matrix_view& rows, const std::uint32_t* now, std::size_t first, std::size_t count) noexcept {
    const std::size_t dimension = rows.dimension;
    bool is_any_worn = false;
    for (std::size_t cluster = first; cluster < first + count; ++cluster) {
      if (is_worn_.data()[cluster] == 0) continue;
      is_any_worn = true;
      std::memset(sums_.data() + cluster * dimension, 0, dimension * sizeof(double));
    }
    if (!is_any_worn) return;
    for (std::size_t row = 0; row < rows.rows; ++row) {
      if (now[row] - first < count && is_worn_.data()[now[row]] != 0) {
        kernels().add_to_f64(rows.row(row), sums_.data() + now[row] * dimension, dimension);
      }
    }
    std::memset(is_worn_.data() + first, 0, count);
  }

  buffer<double> sums_;           ///< [clusters, dimension]
  buffer<std::uint8_t> is_worn_;  ///< [clusters]: whether to add up anew
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_CLUSTER_SUMS_HPP
