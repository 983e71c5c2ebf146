// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/panel_distances.hpp -- the full matrix of many float queries and rows.
//
// Room:      l2sq, inner product and cosine by the kernels that keep a panel of queries in registers.
// Not here:  those kernels (distance/panel_kernels-inl.hpp), what a caller uses (distance/distances.hpp).
// Depends:   core, simd.
// Threads:   pure.
#ifndef ATLAS_DISTANCE_PANEL_DISTANCES_HPP
#define ATLAS_DISTANCE_PANEL_DISTANCES_HPP

#include <atlas/distance/matrix_view.hpp>  // any_matrix_view
#include <atlas/distance/metric.hpp>       // metric
#include <atlas/simd/kernel_table.hpp>     // kernels, panel_kernels

#include <new>  // operator new

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Memory of one call, aligned to cache_line; null if there is none.
class panel_memory {
 public:
  explicit panel_memory(std::size_t bytes) noexcept
      : data_(static_cast<char*>(::operator new(bytes, std::align_val_t{cache_line}, std::nothrow))) {}
  panel_memory(const panel_memory&) = delete;
  panel_memory& operator=(const panel_memory&) = delete;
  ~panel_memory() { ::operator delete(data_, std::align_val_t{cache_line}, std::nothrow); }

  [[nodiscard]] char* data() const noexcept { return data_; }

 private:
  char* data_;
};

/// 1 / length of each vector: what makes a product a cosine. 0 for a vector of length zero, whose cosine distance is 1;
/// NaN where cosine() gives NaN. The squared lengths are distances from the origin, four at a time.
inline void inverse_lengths(const kernel_table& table, const any_matrix_view& block, const float* origin,
                            std::size_t first, std::size_t count, float* out) noexcept {
  table.l2sq[kernels_v1::f32_f32](origin, block.row(first), block.stride_bytes(), nullptr, count, block.dimension, out);
  for (std::size_t i = 0; i < count; ++i) {
    const float squared = out[i];
    out[i] = squared == 0.0F              ? 0.0F
             : squared < __builtin_inff() ? static_cast<float>(1.0 / __builtin_sqrt(static_cast<double>(squared)))
                                          : __builtin_nanf("");
  }
}

/// One panel's sums, [rows, lanes], as distances, [queries, rows].
inline void store_panel(metric which, const float* sums, std::size_t lanes, const float* query_factors,
                        const float* row_factors, std::size_t queries, std::size_t rows, float* out,
                        std::size_t out_stride) noexcept {
  for (std::size_t query = 0; query < queries; ++query) {
    float* const distances = out + query * out_stride;
    const float* const column = sums + query;
    if (which == metric::l2sq) {
      for (std::size_t row = 0; row < rows; ++row) distances[row] = column[row * lanes];
      continue;
    }
    if (which == metric::inner_product) {
      for (std::size_t row = 0; row < rows; ++row) distances[row] = 1.0F - column[row * lanes];
      continue;
    }
    for (std::size_t row = 0; row < rows; ++row) {
      float distance = 1.0F - column[row * lanes] * query_factors[query] * row_factors[row];
      // Rounding may step over the ends of the range; a NaN passes both comparisons.
      distance = distance < 0.0F ? 0.0F : distance;
      distances[row] = distance > 2.0F ? 2.0F : distance;
    }
  }
}

/// The distances of all queries, by one kind of panel.
///
/// @param out  shape [queries.rows, rows.rows]
/// @return     false where there was no memory; then some distances may be written
inline bool distances_by(const kernels_v1::panel_kernels& panel, const any_matrix_view& queries,
                         const any_matrix_view& rows, metric which, float* out) noexcept {
  const kernel_table& table = kernels();
  const auto compute = which == metric::l2sq ? panel.differences : panel.products;

  // Rows lie in the L2 cache while all panels pass over them, and their sums too. Panels that are packed at a time
  // may take 8 MiB, but for a single larger one.
  constexpr std::size_t panels_bytes = std::size_t{8} << 20;
  constexpr std::size_t rows_bytes = std::size_t{256} << 10;
  constexpr std::size_t most_rows = 256;
  const std::size_t panel_bytes = panel.panel_bytes(rows.dimension);
  std::size_t panels = (queries.rows + panel.queries - 1) / panel.queries;
  if (panels > panels_bytes / panel_bytes) panels = panels_bytes / panel_bytes == 0 ? 1 : panels_bytes / panel_bytes;
  std::size_t block = rows_bytes / rows.stride_bytes() / panel.rows_at_once * panel.rows_at_once;
  if (block > most_rows) block = most_rows / panel.rows_at_once * panel.rows_at_once;
  if (block == 0) block = panel.rows_at_once;

  const std::size_t sums_bytes = (block * panel.queries * sizeof(float) + cache_line - 1) / cache_line * cache_line;
  const std::size_t factors = panels * panel.queries;  // of queries; and residuals, which nobody asks for here
  const bool is_cosine = which == metric::cosine;
  const std::size_t floats = factors + panel.queries + block + (is_cosine ? rows.dimension : 0);
  const panel_memory memory(panels * panel_bytes + sums_bytes + floats * sizeof(float));
  if (memory.data() == nullptr) return false;
  char* const packed = memory.data();
  auto* const sums = reinterpret_cast<float*>(packed + panels * panel_bytes);
  float* const query_factors = sums + sums_bytes / sizeof(float);
  float* const residuals = query_factors + factors;
  float* const row_factors = residuals + panel.queries;
  float* const origin = row_factors + block;
  for (std::size_t i = 0; is_cosine && i < rows.dimension; ++i) origin[i] = 0.0F;

  for (std::size_t start = 0; start < queries.rows; start += factors) {
    const std::size_t query_count = queries.rows - start < factors ? queries.rows - start : factors;
    for (std::size_t first = 0; first < query_count; first += panel.queries) {
      const std::size_t count = query_count - first < panel.queries ? query_count - first : panel.queries;
      panel.pack(static_cast<const float*>(queries.row(start + first)), queries.stride_bytes(), count, rows.dimension,
                 packed + first / panel.queries * panel_bytes, residuals);
    }
    if (is_cosine) inverse_lengths(table, queries, origin, start, query_count, query_factors);
    for (std::size_t row = 0; row < rows.rows; row += block) {
      const std::size_t row_count = rows.rows - row < block ? rows.rows - row : block;
      if (is_cosine) inverse_lengths(table, rows, origin, row, row_count, row_factors);
      for (std::size_t first = 0; first < query_count; first += panel.queries) {
        const std::size_t count = query_count - first < panel.queries ? query_count - first : panel.queries;
        compute(packed + first / panel.queries * panel_bytes, rows.row(row), rows.stride_bytes(), row_count,
                rows.dimension, sums);
        store_panel(which, sums, panel.queries, query_factors + first, row_factors, count, row_count,
                    out + (start + first) * rows.rows + row, rows.rows);
      }
    }
  }
  return true;
}

/// The distances of the first queries, as many as are worth it.
///
/// @param queries  float, at least one vector, as the rows
/// @param out      shape [queries.rows, rows.rows]
/// @return         how many queries are done; the others' distances need not be written
inline std::size_t distances_by_panels(const any_matrix_view& queries, const any_matrix_view& rows, metric which,
                                       float* out) noexcept {
  if (queries.element != scalar::f32 || rows.element != scalar::f32) return 0;
  const kernel_table& table = kernels();
  // A panel costs the same with few queries in it; the kernels for one query are as fast below half of it, and, as
  // differences cost a panel twice, of l2sq below three quarters.
  const auto least = [which](const kernels_v1::panel_kernels& panel) noexcept {
    return which == metric::l2sq ? panel.queries / 4 * 3 : panel.queries / 2;
  };
  std::size_t done = 0;
  while (done < queries.rows) {
    const std::size_t left = queries.rows - done;
    const bool is_wide = left > table.panel_16.queries && left >= least(table.panel);
    const kernels_v1::panel_kernels& panel = is_wide ? table.panel : table.panel_16;
    if (left < least(panel)) break;
    const std::size_t full = left / panel.queries * panel.queries;
    const std::size_t count = full == 0 ? left : full;
    const any_matrix_view some{queries.row(done), count, queries.dimension, queries.stride, queries.element};
    if (!distances_by(panel, some, rows, which, out + done * rows.rows)) break;
    done += count;
  }
  return done;
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_DISTANCE_PANEL_DISTANCES_HPP
