// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/batch.hpp -- what is asked of all rows of a block at once.
//
// Room:      lengths, rows of length 1, the mean, how far each row is from the next.
// Not here:  conversions (distance/convert.hpp), distances from queries (distance/distances.hpp).
// Depends:   core, simd, distance. In link mode no Highway, no std container.
// Threads:   every function is pure; any number of threads may call it.
//
// Each function gives
//   errc::dimension_mismatch if a stride is below the dimension,
//   errc::limit_exceeded     for a dimension above max_dimension, or a block beyond the address space,
//   errc::invalid_argument   for a null pointer or dimension 0 with rows, or an output that overlaps `rows`: the memory
//                            from its first component to its last, gaps between rows included;
// on error it writes nothing. None allocates or throws.
#ifndef ATLAS_DISTANCE_BATCH_HPP
#define ATLAS_DISTANCE_BATCH_HPP

#include <atlas/distance/distance_checks.hpp>  // check_block, check_apart, check_row_output
#include <atlas/distance/matrix_view.hpp>      // matrix_view
#include <atlas/distance/pair_distance.hpp>    // operands_of, one_row
#include <atlas/simd/kernel_table.hpp>         // kernels

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {

/// Euclidean length of one row.
template <class Scalar>
[[nodiscard]] double length_of(const kernel_table& table, const Scalar* row, std::size_t dimension) noexcept {
  const float squares = one_row(table.dot[operands_of<Scalar, Scalar>()], row, row, dimension);
  if constexpr (scalar_of<Scalar> == scalar::f32 || scalar_of<Scalar> == scalar::bf16) {
    // A square below 2^-126 loses bits or all of them: 65,535 of these are nothing beside 2^-80. The squares of the
    // other scalars neither under- nor overflow.
    if (!(squares >= 0x1p-80F && squares < __builtin_inff())) {
      double sum = 0.0;
      for (std::size_t i = 0; i < dimension; ++i) {
        double component = 0.0;
        if constexpr (scalar_of<Scalar> == scalar::f32) {
          component = static_cast<double>(row[i]);
        } else {
          component = static_cast<double>(__builtin_bit_cast(float, std::uint32_t{row[i].bits} << 16));
        }
        sum += component * component;
      }
      return __builtin_sqrt(sum);
    }
  }
  return __builtin_sqrt(static_cast<double>(squares));
}

/// The block and its output of `count` floats.
[[nodiscard]] inline status check_batch(const any_matrix_view& rows, const float* out, std::size_t count) noexcept {
  if (status checked = check_block(rows, rows_block); !checked.ok() || count == 0) return checked;
  if (out == nullptr) return error{errc::invalid_argument, "out", "a pointer", "null"};
  return check_apart(out, count * sizeof(float), "out", rows, rows_block);
}

}  // namespace detail

/// Euclidean length of each row.
///
/// @param rows  shape [rows, dimension], float, f16, bf16, std::int8_t or std::uint8_t
/// @param out   shape [rows.rows]
/// @return      lengths >= 0; infinity if a length is beyond float32 or a component is infinite; NaN if one is NaN
/// Accuracy: relative error <= (dimension + 6) * 2^-25, half that of the sum of squares and the rounding of the root;
/// also where the sum of squares alone would be beyond float32, or below. Of integers <= 2^-23.
/// Cost: one pass; a second one, component by component, over float and bf16 rows whose length is below 2^-40 or
/// beyond 2^64.
template <class Scalar>
[[nodiscard]] status norms(const basic_matrix_view<Scalar>& rows, float* out) noexcept {
  if (status checked = detail::check_batch(any_matrix_view::of(rows), out, rows.rows); !checked.ok()) return checked;
  const kernel_table& table = kernels();
  for (std::size_t row = 0; row < rows.rows; ++row) {
    out[row] = static_cast<float>(detail::length_of(table, rows.row(row), rows.dimension));
  }
  return {};
}

/// Each row divided by its length.
///
/// @param rows        shape [rows, dimension]
/// @param out         shape [rows, dimension]; rows.data with the stride of `rows`: in place
/// @param out_stride  floats between row starts in `out`, >= rows.dimension; 0: end to end
/// @return            how many rows have length zero; they stay as they are
/// A row with NaN becomes NaN. Of a row with infinity the infinite components become NaN, the others 0.
/// Accuracy: each component's relative error is at most that of the length (see norms) and 2^-23, barring underflow.
/// Cost: one pass, as for norms.
[[nodiscard]] inline result<std::size_t> normalise_rows(const matrix_view& rows, float* out,
                                                        std::size_t out_stride = 0) noexcept {
  const any_matrix_view block = any_matrix_view::of(rows);
  if (status checked = detail::check_block(block, detail::rows_block); !checked.ok()) return checked.error();
  std::size_t stride = out_stride == 0 ? rows.dimension : out_stride;
  if (out != rows.data || stride != rows.stride) {
    result<std::size_t> checked = detail::check_row_output(out, sizeof *out, stride, block);
    if (!checked.ok()) return checked;
  }
  const kernel_table& table = kernels();
  std::size_t zero_rows = 0;
  for (std::size_t row = 0; row < rows.rows; ++row) {
    const float* from = rows.row(row);
    float* to = out + row * stride;
    double length = detail::length_of(table, from, rows.dimension);
    if (length == 0.0) {
      ++zero_rows;
      length = 1.0;
    }
    if (length < 0x1p-100 || (length > 0x1p100 && length < __builtin_inf())) {  // 1 / length does not suit float32
      for (std::size_t i = 0; i < rows.dimension; ++i)
        to[i] = static_cast<float>(static_cast<double>(from[i]) / length);
    } else {
      table.scale_f32(from, static_cast<float>(1.0 / length), to, rows.dimension);
    }
  }
  return zero_rows;
}

/// The mean of all rows, component by component.
///
/// @param rows  shape [rows, dimension], at least one row
/// @param out   shape [rows.dimension]
/// @return      also errc::invalid_argument for no rows
/// NaN and infinity go through as in IEEE 754.
/// Accuracy: summed in double and rounded once: error <= 2^-24 * |mean| + 2^-53 * (sum of magnitudes), barring
/// underflow. The same bits on every instruction set.
/// Cost: one pass, 4 KiB of stack.
[[nodiscard]] inline status mean_of_rows(const matrix_view& rows, float* out) noexcept {
  if (rows.rows == 0) return error{errc::invalid_argument, "rows.rows", "at least 1", std::uint64_t{0}};
  if (status checked = detail::check_batch(any_matrix_view::of(rows), out, rows.dimension); !checked.ok())
    return checked;
  const kernel_table& table = kernels();
  constexpr std::size_t batch = 512;
  for (std::size_t first = 0; first < rows.dimension; first += batch) {
    const std::size_t count = rows.dimension - first < batch ? rows.dimension - first : batch;
    double sums[batch] = {};
    for (std::size_t row = 0; row < rows.rows; ++row) table.add_to_f64(rows.row(row) + first, sums, count);
    for (std::size_t i = 0; i < count; ++i)
      out[first + i] = static_cast<float>(sums[i] / static_cast<double>(rows.rows));
  }
  return {};
}

/// Cosine distance of each row to the next: where the subject changes, in the rows of a text's sentences.
///
/// @param rows  shape [rows, dimension], float, f16, bf16, std::int8_t or std::uint8_t
/// @param out   shape [rows.rows - 1]: out[i] = cosine(row i, row i + 1), the same bits; fewer than two rows: nothing
/// Cost: each row is read twice, the second time from a cache.
template <class Scalar>
[[nodiscard]] status consecutive_cosine(const basic_matrix_view<Scalar>& rows, float* out) noexcept {
  const std::size_t count = rows.rows == 0 ? 0 : rows.rows - 1;
  if (status checked = detail::check_batch(any_matrix_view::of(rows), out, count); !checked.ok()) return checked;
  const kernels_v1::row_kernel kernel = kernels().cosine[detail::operands_of<Scalar, Scalar>()];
  for (std::size_t row = 0; row < count; ++row) {
    out[row] = detail::one_row(kernel, rows.row(row), rows.row(row + 1), rows.dimension);
  }
  return {};
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_DISTANCE_BATCH_HPP
