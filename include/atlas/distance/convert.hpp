// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/convert.hpp -- float32 rows as f16, bf16 or i8, and back.
//
// Room:      conversions of whole blocks; the scales between float32 and i8.
// Not here:  the loops (distance/convert_kernels-inl.hpp), distances of what comes out (distance/distances.hpp).
// Depends:   core, simd, distance/distance_checks.hpp. In link mode no Highway, no std container.
// Threads:   every function is pure; any number of threads may call it.
//
// The same bits on every instruction set. Each function gives
//   errc::dimension_mismatch if a stride is below the dimension,
//   errc::limit_exceeded     for a dimension above max_dimension, or a block beyond the address space,
//   errc::invalid_argument   for a null pointer or dimension 0 with rows, or an output that overlaps an input: the
//                            memory from a block's first component to its last, gaps between rows included;
// with rows.rows == 0 it does nothing, and on error it writes nothing. None allocates or throws.
//
// out: shape [rows.rows, rows.dimension]; out_stride: elements between row starts in `out`, >= rows.dimension, or 0
// for rows end to end. What lies between rows is not written.
#ifndef ATLAS_DISTANCE_CONVERT_HPP
#define ATLAS_DISTANCE_CONVERT_HPP

#include <atlas/distance/distance_checks.hpp>  // check_block, check_row_output
#include <atlas/distance/matrix_view.hpp>      // matrix_view
#include <atlas/distance/scalar.hpp>           // f16, bf16
#include <atlas/simd/kernel_table.hpp>         // kernels

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {

[[nodiscard]] inline status convert_rows(const any_matrix_view& rows, kernels_v1::convert_kernel kernel, void* out,
                                         std::size_t out_element_bytes, std::size_t out_stride) noexcept {
  if (status checked = check_block(rows, rows_block); !checked.ok()) return checked;
  const result<std::size_t> stride = check_row_output(out, out_element_bytes, out_stride, rows);
  if (!stride.ok()) return stride.error();
  const bool is_dense = rows.stride == rows.dimension && *stride == rows.dimension;
  const std::size_t calls = is_dense && rows.rows != 0 ? 1 : rows.rows;
  const std::size_t count = is_dense ? rows.rows * rows.dimension : rows.dimension;
  for (std::size_t row = 0; row < calls; ++row) {
    kernel(rows.row(row), static_cast<char*>(out) + row * *stride * out_element_bytes, count);
  }
  return {};
}

}  // namespace detail

/// float32 to IEEE 754 binary16, rounded to nearest, ties to even.
///
/// Accuracy: relative error <= 2^-11 for magnitudes from 2^-14 up to 65,504; absolute error <= 2^-25 below (subnormals
/// are kept); from 65,520 on infinity. A NaN stays one: its sign, its payload's upper bits, quiet.
/// Cost: one pass; 20 to 30 components a nanosecond from the L1 cache with AVX2 and up (Sapphire Rapids).
[[nodiscard]] inline status convert(const matrix_view& rows, f16* out, std::size_t out_stride = 0) noexcept {
  return detail::convert_rows(any_matrix_view::of(rows), kernels().f32_to_f16, out, sizeof *out, out_stride);
}

/// float32 to bfloat16, rounded to nearest, ties to even.
///
/// Accuracy: relative error <= 2^-8 for magnitudes from 2^-126 on, half a unit of the last of 8 significant bits;
/// absolute error <= 2^-134 below (subnormals are kept); what rounds to 2^128 becomes infinity. NaN as for f16.
[[nodiscard]] inline status convert(const matrix_view& rows, bf16* out, std::size_t out_stride = 0) noexcept {
  return detail::convert_rows(any_matrix_view::of(rows), kernels().f32_to_bf16, out, sizeof *out, out_stride);
}

/// IEEE 754 binary16 to float32: exact. A NaN stays one and becomes quiet.
[[nodiscard]] inline status convert(const basic_matrix_view<f16>& rows, float* out,
                                    std::size_t out_stride = 0) noexcept {
  return detail::convert_rows(any_matrix_view::of(rows), kernels().f16_to_f32, out, sizeof *out, out_stride);
}

/// bfloat16 to float32: exact, the same bits with 16 zeros behind them, NaN too.
[[nodiscard]] inline status convert(const basic_matrix_view<bf16>& rows, float* out,
                                    std::size_t out_stride = 0) noexcept {
  return detail::convert_rows(any_matrix_view::of(rows), kernels().bf16_to_f32, out, sizeof *out, out_stride);
}

/// What shares a scale when float32 becomes i8: number = integer * scale.
enum class scaling : std::uint8_t {
  per_row,        ///< scales: [rows]; a row keeps its precision beside longer ones
  per_dimension,  ///< scales: [dimension]; vectors from elsewhere fit the same scales
};

namespace detail {

inline constexpr block_fields scales_block{"scales", "scales", "scales", "scales", "scales"};
inline constexpr float least_scale = 0x1p-126F;  ///< below it 1 / scale loses bits, or is infinite
inline constexpr float greatest_scale = 0x1p126F;
inline constexpr float greatest_finite_scale = 0x1.020406p121F;  ///< the greatest of which 127 are no infinity

[[nodiscard]] inline any_matrix_view view_of_scales(const any_matrix_view& rows, scaling which,
                                                    const float* scales) noexcept {
  const std::size_t count = which == scaling::per_row ? rows.rows : rows.dimension;
  return {scales, rows.rows == 0 ? 0U : 1U, count, count, scalar::f32};
}

[[nodiscard]] inline status check_scaling(scaling which, const void* scales) noexcept {
  if (which != scaling::per_row && which != scaling::per_dimension) {
    return error{errc::invalid_argument, "scaling", "per_row or per_dimension", static_cast<std::uint64_t>(which)};
  }
  if (scales == nullptr) return error{errc::invalid_argument, "scales", "a pointer", "null"};
  return {};
}

/// Both directions: everything that is checked before a byte is written.
/// @return  the stride of the output in elements
[[nodiscard]] inline result<std::size_t> check_scaled(const any_matrix_view& rows, scaling which, const float* scales,
                                                      const void* out, std::size_t out_element_bytes,
                                                      std::size_t out_stride) noexcept {
  if (status checked = check_block(rows, rows_block); !checked.ok()) return checked.error();
  result<std::size_t> stride = check_row_output(out, out_element_bytes, out_stride, rows);
  if (!stride.ok() || rows.rows == 0) return stride;
  if (status checked = check_scaling(which, scales); !checked.ok()) return checked.error();
  const any_matrix_view scales_view = view_of_scales(rows, which, scales);
  const std::size_t out_bytes = ((rows.rows - 1) * *stride + rows.dimension) * out_element_bytes;
  if (status apart = check_apart(out, out_bytes, "out", scales_view, scales_block); !apart.ok()) return apart.error();
  for (std::size_t i = 0; i < scales_view.dimension; ++i) {
    if (scales[i] == 0.0F || (scales[i] >= least_scale && scales[i] <= greatest_scale)) continue;
    const char* found = scales[i] != scales[i] ? "NaN"
                        : scales[i] < 0.0F     ? "a negative number"
                        : scales[i] > 1.0F     ? "a larger number or infinity"
                                               : "a smaller number";
    return error{errc::invalid_argument, "scales", "0, or 2^-126 to 2^126", found}.at_row(i);
  }
  return stride;
}

}  // namespace detail

/// The scales at which i8 holds a block best: greatest magnitude of a row or of a dimension / 127, at least 2^-126 and
/// little enough that 127 * scale is finite; 0 where all components are 0.
///
/// @param rows    shape [rows, dimension]
/// @param scales  shape [rows.rows] for per_row, [rows.dimension] for per_dimension
/// @return        also errc::not_finite, with the row, for NaN or infinity in `rows`
/// Cost: two passes, the first of which looks for what is not finite.
[[nodiscard]] inline status i8_scales(const matrix_view& rows, scaling which, float* scales) noexcept {
  const any_matrix_view block = any_matrix_view::of(rows);
  if (status checked = detail::check_block(block, detail::rows_block); !checked.ok()) return checked;
  if (rows.rows == 0) return {};
  if (status checked = detail::check_scaling(which, scales); !checked.ok()) return checked;
  const std::size_t count = detail::view_of_scales(block, which, scales).dimension;
  if (status apart = detail::check_apart(scales, count * sizeof(float), "scales", block, detail::rows_block);
      !apart.ok()) {
    return apart;
  }
  const kernel_table& table = kernels();
  for (std::size_t row = 0; row < rows.rows; ++row) {
    if (!(table.largest_f32(rows.row(row), rows.dimension) < __builtin_inff())) {
      return error{errc::not_finite, "rows", "finite components", "NaN or infinity"}.at_row(row);
    }
  }
  for (std::size_t i = 0; i < count; ++i) scales[i] = 0.0F;
  for (std::size_t row = 0; row < rows.rows; ++row) {
    const float* components = rows.row(row);
    if (which == scaling::per_row) {
      scales[row] = table.largest_f32(components, rows.dimension);
      continue;
    }
    for (std::size_t i = 0; i < count; ++i) {
      const float magnitude = __builtin_fabsf(components[i]);
      scales[i] = magnitude > scales[i] ? magnitude : scales[i];
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    const float scale = scales[i] / 127.0F;
    if (scales[i] == 0.0F) continue;
    scales[i] = scale < detail::least_scale             ? detail::least_scale
                : scale > detail::greatest_finite_scale ? detail::greatest_finite_scale
                                                        : scale;
  }
  return {};
}

/// float32 to i8: component / scale rounded to nearest, ties to even, and cut to [-127, 127]; NaN, and all of scale 0,
/// becomes 0.
///
/// @param rows    shape [rows, dimension]
/// @param scales  shape [rows.rows] for per_row, [rows.dimension] for per_dimension, as i8_scales gives them; each 0 or
///                from 2^-126 to 2^126
/// @return        also errc::invalid_argument, with its place as the row, for another scale
/// Accuracy: |integer * scale - component| <= scale / 2 * (1 + 2^-14) for components up to 127 * scale: half a step,
/// and the rounding of 1 / scale, of the product with it and of the product back, each 2^-24 of at most 127 steps.
/// Cost: one pass, 4 KiB of stack.
[[nodiscard]] inline status convert(const matrix_view& rows, scaling which, const float* scales, std::int8_t* out,
                                    std::size_t out_stride = 0) noexcept {
  const result<std::size_t> stride =
      detail::check_scaled(any_matrix_view::of(rows), which, scales, out, sizeof *out, out_stride);
  if (!stride.ok()) return stride.error();
  const kernel_table& table = kernels();
  constexpr std::size_t batch = 1024;
  float factors[batch];
  for (std::size_t first = 0; first < rows.dimension; first += batch) {
    const std::size_t count = rows.dimension - first < batch ? rows.dimension - first : batch;
    const std::size_t factor_count = which == scaling::per_row ? 1 : count;
    for (std::size_t row = 0; row < rows.rows; ++row) {
      const bool is_new = row == 0 || which == scaling::per_row;
      for (std::size_t i = 0; is_new && i < factor_count; ++i) {
        const float scale = scales[which == scaling::per_row ? row : first + i];
        factors[i] = scale == 0.0F ? 0.0F : 1.0F / scale;
      }
      table.f32_to_i8(rows.row(row) + first, factors, factor_count, out + row * *stride + first, count);
    }
  }
  return {};
}

/// i8 to float32: integer * scale, rounded to nearest.
///
/// @param rows    shape [rows, dimension]
/// @param scales  shape [rows.rows] or [rows.dimension], what the integers were made with
/// @return        as for the way to i8
[[nodiscard]] inline status convert(const basic_matrix_view<std::int8_t>& rows, scaling which, const float* scales,
                                    float* out, std::size_t out_stride = 0) noexcept {
  const result<std::size_t> stride =
      detail::check_scaled(any_matrix_view::of(rows), which, scales, out, sizeof *out, out_stride);
  if (!stride.ok()) return stride.error();
  const kernel_table& table = kernels();
  const std::size_t step = which == scaling::per_row ? 1 : 0;
  const std::size_t factor_count = which == scaling::per_row ? 1 : rows.dimension;
  for (std::size_t row = 0; row < rows.rows; ++row) {
    table.i8_to_f32(rows.row(row), scales + row * step, factor_count, out + row * *stride, rows.dimension);
  }
  return {};
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_DISTANCE_CONVERT_HPP
