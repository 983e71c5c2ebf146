// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/quantization_error.hpp -- how much of some vectors their codes lose.
//
// Room:      quantization_error, and measuring it.
// Depends:   core, simd, distance.
// Threads:   pure.
#ifndef ATLAS_QUANTIZE_QUANTIZATION_ERROR_HPP
#define ATLAS_QUANTIZE_QUANTIZATION_ERROR_HPP

#include <atlas/core/memory.hpp>               // buffer
#include <atlas/distance/distance_checks.hpp>  // check_block
#include <atlas/simd/kernel_table.hpp>         // kernels

namespace atlas { inline namespace ATLAS_ABI {

/// Of rows and what their codes stand for.
struct quantization_error {
  double mean_squared = 0;  ///< mean of the squared distances; 0 for no rows
  double share = 0;         ///< sum of the squared distances / sum of the rows' squared lengths; 0 if those are 0
};

namespace detail {

/// What every quantiser asks of the rows it trains on or encodes.
[[nodiscard]] inline status check_rows_of(const matrix_view& rows, std::size_t dimension) noexcept {
  if (status checked = check_block(any_matrix_view::of(rows), rows_block); !checked.ok()) return checked;
  if (rows.rows != 0 && rows.dimension != dimension) {
    return error{errc::dimension_mismatch, rows_block.dimension, dimension, rows.dimension};
  }
  return {};
}
[[nodiscard]] inline status check_training_rows(const matrix_view& rows) noexcept {
  if (status checked = check_block(any_matrix_view::of(rows), rows_block); !checked.ok()) return checked;
  if (rows.rows > max_rows) return error{errc::limit_exceeded, rows_block.rows, "at most", max_rows, rows.rows};
  const kernel_table& table = kernels();
  for (std::size_t row = 0; row < rows.rows; ++row) {
    if (!(table.largest_f32(rows.row(row), rows.dimension) < __builtin_inff())) {
      return error{errc::not_finite, "rows", "finite components", "NaN or infinity"}.at_row(row);
    }
  }
  return {};
}

/// The same of rows whose squared distances must not leave the range of float.
[[nodiscard]] inline status check_training_lengths(const matrix_view& rows) noexcept {
  if (status checked = check_training_rows(rows); !checked.ok()) return checked;
  for (std::size_t row = 0; row < rows.rows; ++row) {
    float squared = 0.0F;
    kernels().dot[kernels_v1::f32_f32](rows.row(row), rows.row(row), 0, nullptr, 1, rows.dimension, &squared);
    if (!(squared <= 1e36F)) {
      return error{errc::limit_exceeded, "rows", "lengths of at most 1e18", "a longer vector"}.at_row(row);
    }
  }
  return {};
}

/// @param code  void(const float* row, float* stands_for): encodes and decodes one row
template <class Code>
[[nodiscard]] result<quantization_error> measure_error(const matrix_view& rows, std::size_t dimension,
                                                       Code code) noexcept {
  if (status checked = check_rows_of(rows, dimension); !checked.ok()) return checked.error();
  buffer<float> stands_for;
  if (status sized = stands_for.resize(dimension); !sized.ok()) return sized.error();
  double lost = 0;
  double whole = 0;
  for (std::size_t row = 0; row < rows.rows; ++row) {
    const float* const components = rows.row(row);
    code(components, stands_for.data());
    for (std::size_t i = 0; i < dimension; ++i) {
      const auto component = static_cast<double>(components[i]);
      const double difference = component - static_cast<double>(stands_for.data()[i]);
      lost += difference * difference;
      whole += component * component;
    }
  }
  if (rows.rows == 0) return quantization_error{};
  return quantization_error{lost / static_cast<double>(rows.rows), whole == 0 ? 0.0 : lost / whole};
}

}  // namespace detail

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUANTIZE_QUANTIZATION_ERROR_HPP
