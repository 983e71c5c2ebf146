// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/row_products.hpp -- products of matrices, as inner products of the rows of both.
//
// Room:      row_products, transpose.
// Not here:  the kernels (simd/kernel_entries.hpp), distances (distance/panel_distances.hpp).
// Depends:   core, simd, distance.
// Threads:   those of the pool that is given.
#ifndef ATLAS_QUANTIZE_ROW_PRODUCTS_HPP
#define ATLAS_QUANTIZE_ROW_PRODUCTS_HPP

#include <atlas/core/atomic.hpp>           // atomic
#include <atlas/core/memory.hpp>           // buffer
#include <atlas/core/thread_pool.hpp>      // thread_pool
#include <atlas/distance/matrix_view.hpp>  // matrix_view
#include <atlas/simd/kernel_table.hpp>     // kernels, panel_kernels

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// out = a * b', the inner product of each row of `a` with each of `b`.
///
/// @param a    shape [a.rows, dimension], as b
/// @param out  shape [a.rows, b.rows]; overlaps no input
/// @return     errc::no_memory
/// Accuracy: absolute error <= (dimension + 8) * (2^-24 * |a's row| * |b's row| + 2^-125). The same bits with any
/// number of threads.
/// Cost: 784 x 784 x 784 about 12 ms on a core with AVX-512 (Zen 4).
[[nodiscard]] inline status row_products(const matrix_view& a, const matrix_view& b, float* out,
                                         thread_pool& pool) noexcept {
  constexpr std::size_t block_rows = 128;  // whose sums stay in the L1 cache
  const kernels_v1::panel_kernels& panel = kernels().panel;
  const std::size_t panel_bytes = panel.panel_bytes(a.dimension);
  const std::size_t lanes = panel.queries;
  const std::size_t floats = panel_bytes / sizeof(float) + block_rows * lanes + lanes;
  const std::size_t panels = (a.rows + lanes - 1) / lanes;
  buffer<float> memory;
  // Not by the number of the worker: an earlier run of the pool may have started more of them than there are panels now.
  const std::size_t workers = pool.thread_count() < panels ? pool.thread_count() : panels;
  if (status sized = memory.resize(workers * floats); !sized.ok()) return sized;
  atomic<std::size_t> next;
  return pool.run(workers, [&](std::size_t task, unsigned) {
    float* const packed = memory.data() + task * floats;
    float* const sums = packed + panel_bytes / sizeof(float);
    for (std::size_t one = 0; (one = next.fetch_add_relaxed(1)) < panels;) {
      const std::size_t first = one * lanes;
      const std::size_t count = a.rows - first < lanes ? a.rows - first : lanes;
      panel.pack(a.row(first), a.stride * sizeof(float), count, a.dimension, packed, sums + block_rows * lanes);
      for (std::size_t row = 0; row < b.rows; row += block_rows) {
        const std::size_t rows = b.rows - row < block_rows ? b.rows - row : block_rows;
        panel.products(packed, b.row(row), b.stride * sizeof(float), rows, a.dimension, sums);
        for (std::size_t lane = 0; lane < count; ++lane) {
          float* const to = out + (first + lane) * b.rows + row;
          for (std::size_t i = 0; i < rows; ++i) to[i] = sums[i * lanes + lane];
        }
      }
    }
  });
}

/// out[column, row] = from[row, column]; they do not overlap.
inline void transpose(const float* from, std::size_t rows, std::size_t columns, float* out) noexcept {
  constexpr std::size_t tile = 16;  // floats of a cache line
  for (std::size_t row = 0; row < rows; row += tile) {
    const std::size_t row_end = rows - row < tile ? rows : row + tile;
    for (std::size_t column = 0; column < columns; ++column) {
      for (std::size_t i = row; i < row_end; ++i) out[column * rows + i] = from[i * columns + column];
    }
  }
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_ROW_PRODUCTS_HPP
