// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/kmeans_start.hpp -- the rows that centroids start from.
//
// Room:      rows drawn at random, each alike or by k-means++.
// Not here:  what becomes of them (quantize/kmeans.hpp).
// Depends:   core, simd, distance/matrix_view.hpp.
// Threads:   pure.
#ifndef ATLAS_QUANTIZE_KMEANS_START_HPP
#define ATLAS_QUANTIZE_KMEANS_START_HPP

#include <atlas/core/bits.hpp>             // mix64
#include <atlas/core/memory.hpp>           // buffer
#include <atlas/distance/matrix_view.hpp>  // matrix_view
#include <atlas/simd/kernel_table.hpp>     // kernels

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Number `index` of those that a seed gives, as splitmix64 would.
[[nodiscard]] constexpr std::uint64_t seeded(std::uint64_t seed, std::uint64_t index) noexcept {
  return mix64(seed + (index + 1) * 0x9E3779B97F4A7C15U);
}

/// `count` different numbers below `rows`, in an order that the seed decides (Fisher and Yates).
[[nodiscard]] inline status choose_rows(std::size_t rows, std::size_t count, std::uint64_t seed,
                                        buffer<std::uint32_t>& chosen) noexcept {
  if (status made = chosen.resize(rows); !made.ok()) return made;
  for (std::size_t i = 0; i < rows; ++i) chosen.data()[i] = static_cast<std::uint32_t>(i);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t other = i + static_cast<std::size_t>(seeded(seed, i) % (rows - i));
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
/// out: [count, rows.dimension]
[[nodiscard]] inline status choose_plus_plus(const matrix_view& rows, std::size_t count, std::uint64_t seed,
                                             float* out) noexcept {
  const std::size_t most = count * plus_plus_rows;
  buffer<std::uint32_t> ids;
  if (status made = choose_rows(rows.rows, rows.rows < most ? rows.rows : most, seed, ids); !made.ok()) return made;
  buffer<float> nearest;
  buffer<float> distances;
  if (status made = nearest.resize(ids.size()); !made.ok()) return made;
  if (status made = distances.resize(ids.size()); !made.ok()) return made;
  for (float& each : nearest) each = __builtin_inff();
  const kernel_table& table = kernels();
  std::size_t chosen = 0;  // the order of `ids` is random
  for (std::size_t i = 0;; ++i) {
    copy_rows(rows, ids.data() + chosen, 1, out + i * rows.dimension);
    if (i + 1 == count) return {};
    table.l2sq[kernels_v1::f32_f32](rows.row(ids[chosen]), rows.data, rows.stride * sizeof(float), ids.data(),
                                    ids.size(), rows.dimension, distances.data());
    double sum = 0;
    for (std::size_t j = 0; j < ids.size(); ++j) {
      nearest.data()[j] = distances.data()[j] < nearest.data()[j] ? distances.data()[j] : nearest.data()[j];
      sum += static_cast<double>(nearest.data()[j]);
    }
    const std::uint64_t drawn = seeded(~seed, i);
    double left = static_cast<double>(drawn >> 11) * 0x1p-53 * sum;
    if (sum == 0) {
      chosen = static_cast<std::size_t>(drawn % ids.size());
      continue;
    }
    // The last row of some distance stands where rounding leaves something over.
    for (std::size_t j = 0; j < ids.size() && left >= 0; ++j) {
      if (nearest.data()[j] == 0.0F) continue;
      chosen = j;
      left -= static_cast<double>(nearest.data()[j]);
    }
  }
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_KMEANS_START_HPP
