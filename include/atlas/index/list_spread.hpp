// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/list_spread.hpp -- how much farther than its centroid a list is, for the order in which lists are looked at.
//
// Room:      learn_spreads.
// Not here:  centroids (quantize/kmeans.hpp), the order itself (index/ivf_model.hpp).
// Depends:   core, simd.
// Threads:   pure but for what it writes.
//
// The rows of a list are |q - centroid|^2 plus the list's mean squared distance to its centroid away from a query on average, so among
// lists of equally near centroids a dense one is more likely to hold the nearest rows; but a wide one has the more rows near its edge. How
// much of that mean counts is asked of the sample: the share of it that needs the fewest rows, in the mean of their logarithms, before the
// lists of a row's nearest neighbours are reached. For unit vectors all of it would be the order of inner products with the means. Measured
// in a model in NumPy with 256 lists, rows looked at until 0.95 (0.99) of the ten nearest are reached, with the best share over those
// without: of sift-kodak-128 0.95 (1.03), mnist-784 0.98 (1.02), words-ft100 0.87 (0.87), lsa-books-384 0.59 (0.71).
#ifndef ATLAS_INDEX_LIST_SPREAD_HPP
#define ATLAS_INDEX_LIST_SPREAD_HPP

#include <atlas/core/memory.hpp>        // buffer
#include <atlas/core/result.hpp>        // result
#include <atlas/simd/kernel_table.hpp>  // kernels

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// What spreads are learned from. Vectors are padded with zeros to a multiple of 16 components.
struct spread_sample {
  const float* rows = nullptr;            ///< shape [row_count, padded]: some of those that centroids were trained on
  const std::uint32_t* lists = nullptr;   ///< shape [row_count]: their lists
  std::size_t row_count = 0;
  std::size_t padded = 0;
  const std::byte* centroids = nullptr;   ///< shape [list_count], padded floats `stride_bytes` apart
  std::size_t stride_bytes = 0;
  std::size_t list_count = 0;
  const float* mean_squares = nullptr;    ///< shape [list_count]: of all rows of a list, their mean squared distance to the centroid
  const std::uint32_t* sizes = nullptr;   ///< shape [list_count]: how many rows these are

  static constexpr std::size_t most_rows = 4096;
};

/// The logarithm to base 2 in units of 1/4096, rounded down; the same everywhere. @pre x > 0
[[nodiscard]] constexpr std::uint64_t fixed_log2(std::uint64_t x) noexcept {
  const auto whole = static_cast<std::uint64_t>(63 - __builtin_clzll(x));
  std::uint64_t mantissa = (x << (63 - whole)) >> 32;  // 1 is 2^31
  std::uint64_t result = whole;
  for (int bit = 0; bit < 12; ++bit) {
    mantissa = (mantissa * mantissa) >> 31;
    result <<= 1;
    if (mantissa >= std::uint64_t{1} << 32) {
      result |= 1;
      mantissa >>= 1;
    }
  }
  return result;
}

/// What is added to the squared distance of each list's centroid.
/// @param spreads  shape [list_count]; 0 or more, the same bits on all instruction sets
/// @return         whether any is above 0; errc::no_memory
/// Cost: 128 times the products with all rows and centroids of the sample: 8 ms of 4,096 rows of 128 components and 256 lists (Xeon, AVX-512).
[[nodiscard]] inline result<bool> learn_spreads(const spread_sample& sample, float* spreads) noexcept {
  constexpr std::size_t most_queries = 128;
  constexpr std::size_t neighbours = 5;
  constexpr std::size_t shares = 5;  // of a quarter each
  constexpr double share = 0.25;     // times a float in double it is exact: compilers that fuse it with a sum give the same
  const auto steady_dot = [&](const float* query, const void* rows, std::size_t stride_bytes, std::size_t count, float* out) noexcept {
    kernels().steady_dot(query, rows, stride_bytes, nullptr, count, sample.padded, out);
  };
  buffer<float> row_squares;
  buffer<float> list_squares;
  buffer<float> products;
  if (status made = row_squares.resize(sample.row_count); !made.ok()) return made.error();
  if (status made = list_squares.resize(sample.list_count); !made.ok()) return made.error();
  if (status made = products.resize(sample.row_count > sample.list_count ? sample.row_count : sample.list_count); !made.ok()) return made.error();
  for (std::size_t i = 0; i < sample.row_count; ++i) {
    const float* const row = sample.rows + i * sample.padded;
    steady_dot(row, row, 0, 1, row_squares.data() + i);
  }
  for (std::size_t list = 0; list < sample.list_count; ++list) {
    const auto* const centroid = reinterpret_cast<const float*>(sample.centroids + list * sample.stride_bytes);
    steady_dot(centroid, centroid, 0, 1, list_squares.data() + list);
  }

  std::uint64_t costs[shares] = {};
  const std::size_t queries = sample.row_count < most_queries ? sample.row_count : most_queries;
  for (std::size_t i = 0; i < queries; ++i) {
    const std::size_t query = i * sample.row_count / queries;
    const float* const vector = sample.rows + query * sample.padded;
    steady_dot(vector, sample.rows, sample.padded * sizeof(float), sample.row_count, products.data());
    float least[neighbours];
    std::uint32_t lists[neighbours];
    std::size_t found = 0;
    for (std::size_t row = 0; row < sample.row_count; ++row) {
      const float distance = row_squares[row] - 2.0F * products[row];
      if (row == query || (found == neighbours && !(distance < least[found - 1]))) continue;
      std::size_t place = found < neighbours ? found++ : found - 1;
      for (; place != 0 && distance < least[place - 1]; --place) {
        least[place] = least[place - 1];
        lists[place] = lists[place - 1];
      }
      least[place] = distance;
      lists[place] = sample.lists[row];
    }
    steady_dot(vector, sample.centroids, sample.stride_bytes, sample.list_count, products.data());
    for (std::size_t list = 0; list < sample.list_count; ++list) products[list] = list_squares[list] - 2.0F * products[list];
    for (std::size_t which = 0; which < shares; ++which) {
      const double weight = share * static_cast<double>(which);
      const auto key = [&](std::size_t list) noexcept { return static_cast<double>(products[list]) + weight * static_cast<double>(sample.mean_squares[list]); };
      for (std::size_t k = 0; k < found; ++k) {
        const double reached = key(lists[k]);
        std::uint64_t rows = 1;
        for (std::size_t list = 0; list < sample.list_count; ++list) rows += key(list) <= reached ? sample.sizes[list] : 0U;
        costs[which] += fixed_log2(rows);
      }
    }
  }
  std::size_t best = 0;
  for (std::size_t which = 1; which < shares; ++which) best = costs[which] < costs[best] ? which : best;
  for (std::size_t list = 0; list < sample.list_count; ++list) {
    spreads[list] = static_cast<float>(share * static_cast<double>(best) * static_cast<double>(sample.mean_squares[list]));
  }
  return best != 0;
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_LIST_SPREAD_HPP
