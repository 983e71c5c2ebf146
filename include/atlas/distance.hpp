// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance.hpp -- how far apart dense float32 vectors are, and which rows are nearest.
//
// Room:      the float32 metrics, and one function for each question a caller asks of them.
// Not here:  the SIMD loops (distance/kernels-inl.hpp), indexes (hnsw.hpp, flat.hpp).
// Depends:   core, simd. In link mode no Highway, no std container.
// Threads:   every function is pure; any number of threads may call it.
#ifndef ATLAS_DISTANCE_HPP
#define ATLAS_DISTANCE_HPP

#include <atlas/core/result.hpp>           // result, errc
#include <atlas/core/span.hpp>             // span
#include <atlas/distance/matrix_view.hpp>  // matrix_view
#include <atlas/distance/metric.hpp>       // metric
#include <atlas/distance/scalar.hpp>       // scalar
#include <atlas/distance/top_k.hpp>        // neighbour, top_k
#include <atlas/simd/kernel_table.hpp>     // kernels

namespace atlas { inline namespace ATLAS_ABI {

/// Squared Euclidean distance of two vectors.
///
/// @param a          shape [dimension], float32
/// @param b          shape [dimension], float32; may alias `a`
/// @param dimension  components of each vector; 0 gives 0
/// @return           squared input units, >= 0; NaN if any input is NaN
/// @pre              both pointers are readable for `dimension` floats
/// Accuracy: relative error <= (dimension + 3) * 2^-24 barring overflow and underflow, whatever the
/// order of summation (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 4.2).
/// The last bits differ between instruction sets: compare with a tolerance, never with ==. On one
/// instruction set, l2sq(a, b), l2sq(b, a) and every batch call give the same bits.
/// Cost: O(dimension) time, no allocation, never throws.
[[nodiscard]] inline float l2sq(const float* a, const float* b, std::size_t dimension) noexcept {
  return kernels().l2sq_f32(a, b, dimension);
}

/// Inner product distance of two vectors: 1 - <a, b>.
///
/// @param a          shape [dimension], float32
/// @param b          shape [dimension], float32; may alias `a`
/// @param dimension  components of each vector; 0 gives 1
/// @return           (-inf, inf); 0 for equal vectors of length 1; NaN if any input is NaN
/// @pre              both pointers are readable for `dimension` floats
/// Accuracy: absolute error <= (dimension + 4) * 2^-24 * (1 + sum |a[i] * b[i]|) barring overflow and
/// underflow; as for l2sq otherwise.
/// Cost: O(dimension) time, no allocation, never throws.
[[nodiscard]] inline float inner_product(const float* a, const float* b, std::size_t dimension) noexcept {
  return 1.0F - kernels().dot_f32(a, b, dimension);
}

namespace detail {

/// 1 - dot / (|a| |b|), from the three sums of products; cosine() says what the ends give. Both square roots at once and in double, where
/// the product of two squared lengths neither overflows nor underflows.
[[nodiscard]] inline float cosine_of_sums(float dot, float a_squared, float b_squared) noexcept {
  const double lengths_squared = static_cast<double>(a_squared) * static_cast<double>(b_squared);
  if (lengths_squared == 0.0) return 1.0F;
  if (!(lengths_squared < __builtin_inf())) return __builtin_nanf("");
  const double distance = 1.0 - static_cast<double>(dot) / __builtin_sqrt(lengths_squared);
  // Rounding may step over the ends of the range; a NaN passes both comparisons.
  if (distance < 0.0) return 0.0F;
  if (distance > 2.0) return 2.0F;
  return static_cast<float>(distance);
}

/// Distances of a run of rows. @pre pointers fit the shape; which is l2sq, inner_product or cosine
inline void distances_of_rows(const kernel_table& table, const float* query, float query_squared, matrix_view rows,
                              metric which, float* out) noexcept {
  const std::size_t stride_bytes = rows.stride * sizeof(float);
  if (which == metric::l2sq) {
    table.l2sq_rows_f32(query, rows.data, stride_bytes, rows.rows, rows.dimension, out);
    return;
  }
  table.dot_rows_f32(query, rows.data, stride_bytes, rows.rows, rows.dimension, out);
  for (std::size_t row = 0; row < rows.rows; ++row) {
    if (which == metric::inner_product) {
      out[row] = 1.0F - out[row];
    } else {
      const float* candidate = rows.data + row * rows.stride;
      out[row] = cosine_of_sums(out[row], query_squared, table.dot_f32(candidate, candidate, rows.dimension));
    }
  }
}

/// What distances and nearest refuse alike.
[[nodiscard]] inline status check_shapes(const float* query, matrix_view rows, metric which) noexcept {
  if (which != metric::l2sq && which != metric::inner_product && which != metric::cosine) {
    return error{errc::metric_mismatch, "metric", "l2sq, inner_product or cosine for float32", name(which)};
  }
  if (rows.stride < rows.dimension) {
    return error{errc::dimension_mismatch, "rows.stride", "at least rows.dimension", rows.stride};
  }
  if (rows.rows != 0 && rows.dimension != 0) {
    if (query == nullptr) return error{errc::invalid_argument, "query", "a pointer", "null"};
    if (rows.data == nullptr) return error{errc::invalid_argument, "rows.data", "a pointer", "null"};
  }
  return {};
}

}  // namespace detail

/// Cosine distance of two vectors: 1 - <a, b> / (|a| |b|).
///
/// @param a          shape [dimension], float32
/// @param b          shape [dimension], float32; may alias `a`
/// @param dimension  components of each vector
/// @return           [0, 2]; 1 if either vector has length zero (it has no direction, and is as far as an
///                   orthogonal one), also when its squared length underflows (below about 1e-45) and
///                   for dimension 0; NaN if any input is NaN or infinite, or a squared length overflows
/// @pre              both pointers are readable for `dimension` floats
/// Accuracy: absolute error <= 2 * (dimension + 4) * 2^-24 barring overflow and underflow, from that of
/// the three sums.
/// Cost: O(dimension) time, three passes, no allocation, never throws.
[[nodiscard]] inline float cosine(const float* a, const float* b, std::size_t dimension) noexcept {
  const kernel_table& table = kernels();
  return detail::cosine_of_sums(table.dot_f32(a, b, dimension), table.dot_f32(a, a, dimension),
                                table.dot_f32(b, b, dimension));
}

/// Distances of one query to every row of a block.
///
/// @param query  shape [rows.dimension], float32
/// @param rows   shape [rows.rows, rows.dimension], float32
/// @param which  l2sq, inner_product or cosine, each as the function of that name gives it
/// @param out    shape [rows.rows], float32; written in row order; must not overlap the inputs
/// @return       the number of distances written, or
///               errc::metric_mismatch    for a metric of bits,
///               errc::dimension_mismatch if rows.stride < rows.dimension,
///               errc::invalid_argument   for a null pointer with a non-empty shape
/// Nothing is written on error. Cost: O(rows * dimension) time, no allocation, never throws.
[[nodiscard]] inline result<std::size_t> distances(const float* query, matrix_view rows, metric which,
                                                   float* out) noexcept {
  if (status checked = detail::check_shapes(query, rows, which); !checked.ok()) return checked.error();
  if (rows.rows == 0) return std::size_t{0};
  if (out == nullptr) return error{errc::invalid_argument, "out", "a pointer", "null"};
  if (rows.dimension == 0) rows.stride = 0;  // no arithmetic on a pointer that may be null

  const kernel_table& table = kernels();
  const float query_squared = which == metric::cosine ? table.dot_f32(query, query, rows.dimension) : 0.0F;
  detail::distances_of_rows(table, query, query_squared, rows, which, out);
  return rows.rows;
}

/// The rows nearest to one query, by comparing it with all of them.
///
/// @param query  shape [rows.dimension], float32
/// @param rows   shape [rows.rows, rows.dimension], float32
/// @param which  l2sq, inner_product or cosine
/// @param found  room for k = found.size() neighbours; filled nearest first, of equal distances the lower
///               row first; must not overlap the inputs
/// @return       how many were found: the lesser of k and the number of rows whose distance is not NaN,
///               or an error as distances() gives it, errc::invalid_argument for k = 0, or
///               errc::limit_exceeded for more than max_rows rows
/// Nothing is written on error. Cost: O(rows * (dimension + log k)) time, 1 KiB of stack, no allocation,
/// never throws.
[[nodiscard]] inline result<std::size_t> nearest(const float* query, matrix_view rows, metric which,
                                                 span<neighbour> found) noexcept {
  if (status checked = detail::check_shapes(query, rows, which); !checked.ok()) return checked.error();
  if (found.empty()) return error{errc::invalid_argument, "k", "at least 1", std::uint64_t{0}};
  if (found.data() == nullptr) return error{errc::invalid_argument, "found", "a pointer", "null"};
  if (rows.rows > max_rows) return error{errc::limit_exceeded, "rows.rows", max_rows, rows.rows};
  if (rows.dimension == 0) rows.stride = 0;  // no arithmetic on a pointer that may be null

  const kernel_table& table = kernels();
  const float query_squared =
      which == metric::cosine && rows.rows != 0 ? table.dot_f32(query, query, rows.dimension) : 0.0F;
  constexpr std::size_t batch = 256;
  float distances_of_batch[batch];
  top_k best(found);
  for (std::size_t first = 0; first < rows.rows; first += batch) {
    const matrix_view part = rows.subrows(first, rows.rows - first < batch ? rows.rows - first : batch);
    detail::distances_of_rows(table, query, query_squared, part, which, distances_of_batch);
    best.offer_rows(distances_of_batch, part.rows, static_cast<std::uint32_t>(first));
  }
  return best.take_sorted().size();
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_DISTANCE_HPP
