// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/centroid_operands.hpp -- centroids as panels of rows meet them.
//
// Room:      centroid_operands: centred, converted, with what makes scores of products.
// Not here:  the rows (quantize/row_panels.hpp), the search (quantize/centroid_search.hpp).
// Depends:   core, simd, distance/matrix_view.hpp.
#ifndef ATLAS_QUANTIZE_CENTROID_OPERANDS_HPP
#define ATLAS_QUANTIZE_CENTROID_OPERANDS_HPP

#include <atlas/core/bits.hpp>             // round_up
#include <atlas/core/memory.hpp>           // buffer
#include <atlas/distance/matrix_view.hpp>  // matrix_view
#include <atlas/simd/kernel_table.hpp>     // kernels, panel_kernels

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

struct centroid_operands {
  const std::byte* rows = nullptr;  ///< as kernels.products reads them
  std::size_t stride_bytes = 0;
  buffer<float> factors;  ///< [centroids]: -2 times the scale of a product
  buffer<float> terms;    ///< [centroids]: squared length, less the centre, and price
  float length = 0;       ///< of the longest, less the centre, with what conversion lost of it
  float residual = 0;     ///< the most that it lost of any
  float price = 0;        ///< the highest

  [[nodiscard]] status create(const kernels_v1::panel_kernels& kernels, std::size_t most,
                              std::size_t dimension) noexcept {
    if (status made = factors.resize(most); !made.ok()) return made;
    if (status made = terms.resize(most); !made.ok()) return made;
    if (status made = centred.resize(most * dimension); !made.ok()) return made;
    if (kernels.prepare == nullptr) return {};
    if (status made = residuals.resize(most); !made.ok()) return made;
    // An odd number of cache lines, so that they do not fall into the same few sets of the first-level cache.
    const std::size_t bytes = round_up(dimension, kernels.padded_to) * kernels.component_bytes;
    stride_bytes = (round_up(bytes, cache_line) / cache_line | 1) * cache_line;
    return prepared.resize(most * stride_bytes);
  }

  /// @param centre  [centroids.dimension]
  /// @param prices  [centroids.rows], or null
  void set(const kernels_v1::panel_kernels& kernels, const matrix_view& centroids, const float* centre,
           const float* prices) noexcept {
    const std::size_t dimension = centroids.dimension;
    length = residual = price = 0;
    for (std::size_t i = 0; i < centroids.rows; ++i) {
      float* const to = centred.data() + i * dimension;
      for (std::size_t j = 0; j < dimension; ++j) to[j] = centroids.row(i)[j] - centre[j];
      float squared = 0;
      atlas::kernels().dot[kernels_v1::f32_f32](to, to, 0, nullptr, 1, dimension, &squared);
      length = squared > length ? squared : length;
      factors[i] = 1;
      terms[i] = squared;
      if (prices == nullptr) continue;
      terms[i] += prices[i];
      price = prices[i] > price ? prices[i] : price;
    }
    length = __builtin_sqrtf(length);
    rows = reinterpret_cast<const std::byte*>(centred.data());
    if (kernels.prepare == nullptr) {
      stride_bytes = dimension * sizeof(float);
    } else {
      kernels.prepare(centred.data(), dimension * sizeof(float), centroids.rows, dimension, prepared.data(),
                      stride_bytes, factors.data(), residuals.data());
      rows = prepared.data();
      for (std::size_t i = 0; i < centroids.rows; ++i) residual = residuals[i] > residual ? residuals[i] : residual;
      length += residual;
    }
    for (std::size_t i = 0; i < centroids.rows; ++i) factors[i] *= -2.0F;
  }

 private:
  buffer<float> centred;  ///< [centroids, dimension]
  buffer<float> residuals;
  buffer<std::byte> prepared;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_CENTROID_OPERANDS_HPP
