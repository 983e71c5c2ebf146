// SPDX-License-Identifier: Apache-2.0
// tests/support/kmeans_model.hpp -- k-means by comparing each row with each centroid, one pair at a time.
#ifndef ATLAS_TESTS_SUPPORT_KMEANS_MODEL_HPP
#define ATLAS_TESTS_SUPPORT_KMEANS_MODEL_HPP

#include <atlas/core/bits.hpp>
#include <atlas/distance/matrix_view.hpp>
#include <atlas/distance/pair_distance.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace support {

struct assignment {
  std::vector<std::uint32_t> ids;
  std::vector<float> distances;  ///< of the pair function
};

/// The nearest centroid of each row, the first of equally near ones.
inline assignment assign_by_pairs(const atlas::matrix_view& rows, const atlas::matrix_view& centroids) {
  assignment found{std::vector<std::uint32_t>(rows.rows),
                   std::vector<float>(rows.rows, std::numeric_limits<float>::infinity())};
  for (std::size_t row = 0; row < rows.rows; ++row) {
    for (std::size_t i = 0; i < centroids.rows; ++i) {
      const float distance = atlas::l2sq(rows.row(row), centroids.row(i), rows.dimension);
      if (distance < found.distances[row]) {
        found.distances[row] = distance;
        found.ids[row] = static_cast<std::uint32_t>(i);
      }
    }
  }
  return found;
}

struct clustering {
  std::vector<float> centroids;
  assignment assigned;
  double error;
  std::uint32_t iterations;
};

/// Lloyd's iterations from a start, centroids moving `step` times the way to their rows' mean until the last time or until no row
/// moves; the seed decides who fills empty clusters. Rows' sums are exact, and so in any order the same, if components are multiples of
/// 2^-23 below 1 or small integers.
inline clustering lloyd(const atlas::matrix_view& rows, std::vector<float> centroids, std::uint32_t iterations,
                        std::uint64_t seed, double step) {
  const std::size_t dimension = rows.dimension;
  const std::size_t clusters = centroids.size() / dimension;
  std::vector<std::uint32_t> before;
  clustering found{};
  for (;; ++found.iterations) {
    found.assigned = assign_by_pairs(rows, atlas::dense(centroids.data(), clusters, dimension));
    auto ids = found.assigned.ids;
    if (found.iterations == iterations || (ids == before && step == 1)) break;
    if (ids == before || found.iterations + 1 == iterations) step = 1;
    std::vector<std::size_t> sizes(clusters, 0);
    for (const std::uint32_t id : ids) ++sizes[id];
    // Clusters without rows are given some: the first by a time drawn for each, the shorter the farther it is.
    const float greatest = *std::max_element(found.assigned.distances.begin(), found.assigned.distances.end());
    const auto key = [&](std::size_t row) {
      const std::uint64_t drawn =
          atlas::mix64((seed ^ 0x66696C6CU) + (found.iterations * rows.rows + row + 1) * 0x9E3779B97F4A7C15U);
      const double share = std::ldexp(static_cast<double>(drawn >> 11), -53);
      const double parts = static_cast<double>(greatest) / static_cast<double>(found.assigned.distances[row]);
      return static_cast<float>(-std::log(1 - share) * parts);
    };
    std::vector<std::size_t> order;
    for (std::size_t row = 0; row < rows.rows; ++row) {
      if (found.assigned.distances[row] > 0.0F) order.push_back(row);
    }
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t left, std::size_t right) { return key(left) < key(right); });
    const auto wanted = static_cast<std::size_t>(std::count(sizes.begin(), sizes.end(), std::size_t{0}));
    order.resize(std::min(order.size(), wanted));
    std::size_t empty = 0;
    auto left = sizes;
    for (const std::size_t row : order) {
      if (left[ids[row]] == 1) continue;
      while (sizes[empty] != 0) ++empty;
      --left[ids[row]];
      for (std::size_t i = 0; i < dimension; ++i) centroids[empty * dimension + i] = rows.row(row)[i];
      ids[row] = static_cast<std::uint32_t>(empty++);
    }
    before = ids;
    std::vector<double> sums(clusters * dimension, 0.0);
    std::vector<double> counts(clusters, 0.0);
    for (std::size_t row = 0; row < rows.rows; ++row) {
      counts[ids[row]] += 1;
      for (std::size_t i = 0; i < dimension; ++i)
        sums[ids[row] * dimension + i] += static_cast<double>(rows.row(row)[i]);
    }
    for (std::size_t i = 0; i < sums.size(); ++i) {
      if (counts[i / dimension] == 0) continue;
      const double mean = sums[i] / counts[i / dimension];
      const double from = static_cast<double>(centroids[i]);
      centroids[i] = static_cast<float>(step == 1 ? mean : from + step * (mean - from));
    }
  }
  for (const float distance : found.assigned.distances) found.error += static_cast<double>(distance);
  found.error /= static_cast<double>(rows.rows);
  found.centroids = centroids;
  return found;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_KMEANS_MODEL_HPP
