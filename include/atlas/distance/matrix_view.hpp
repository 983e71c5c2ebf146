// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/matrix_view.hpp -- a borrowed block of vectors.
//
// Room:      pointer, shape and stride of row-major vectors.
// Depends:   core only.
#ifndef ATLAS_DISTANCE_MATRIX_VIEW_HPP
#define ATLAS_DISTANCE_MATRIX_VIEW_HPP

#include <atlas/core/assert.hpp>  // ATLAS_ASSERT

namespace atlas { inline namespace ATLAS_ABI {

/// A borrowed row-major block: shape [rows, dimension], `stride` elements between row starts. Owns
/// nothing; the memory must outlive the view. Alignment is that of Scalar, no more is required.
/// For b1x8, dimension and stride count elements of eight components.
template <class Scalar>
struct basic_matrix_view {
  using scalar_type = Scalar;

  const Scalar* data = nullptr;
  std::size_t rows = 0;       ///< vectors
  std::size_t dimension = 0;  ///< elements of each vector
  std::size_t stride = 0;     ///< elements, >= dimension

  /// The first element of row `index`. @pre index < rows
  [[nodiscard]] constexpr const Scalar* row(std::size_t index) const noexcept {
    ATLAS_ASSERT(index < rows);
    return data + index * stride;
  }
  [[nodiscard]] constexpr bool empty() const noexcept { return rows == 0; }
  /// Whether row follows row without a gap.
  [[nodiscard]] constexpr bool is_dense() const noexcept { return stride == dimension; }
  /// Rows [first, first + count). @pre first + count <= rows
  [[nodiscard]] constexpr basic_matrix_view subrows(std::size_t first, std::size_t count) const noexcept {
    ATLAS_ASSERT(first <= rows && count <= rows - first);
    return {count == 0 ? data : data + first * stride, count, dimension, stride};
  }
};

using matrix_view = basic_matrix_view<float>;

/// A block whose rows lie end to end.
template <class Scalar>
[[nodiscard]] constexpr basic_matrix_view<Scalar> dense(const Scalar* data, std::size_t rows,
                                                        std::size_t dimension) noexcept {
  return {data, rows, dimension, dimension};
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_DISTANCE_MATRIX_VIEW_HPP
