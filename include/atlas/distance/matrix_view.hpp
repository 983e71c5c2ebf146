// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/matrix_view.hpp -- a borrowed block of vectors.
//
// Room:      pointer, shape and stride of row-major vectors.
// Depends:   core, distance/scalar.hpp.
#ifndef ATLAS_DISTANCE_MATRIX_VIEW_HPP
#define ATLAS_DISTANCE_MATRIX_VIEW_HPP

#include <atlas/core/assert.hpp>      // ATLAS_ASSERT
#include <atlas/distance/scalar.hpp>  // b1x8, scalar_of

namespace atlas { inline namespace ATLAS_ABI {

/// Elements that hold one vector: as many as components; of b1x8 an eighth, rounded up.
template <class Scalar>
[[nodiscard]] constexpr std::size_t elements_of(std::size_t dimension) noexcept {
  return dimension;
}
template <>
[[nodiscard]] constexpr std::size_t elements_of<b1x8>(std::size_t dimension) noexcept {
  return dimension / 8 + (dimension % 8 != 0 ? 1 : 0);
}

/// A borrowed row-major block: shape [rows, dimension], `stride` elements between row starts. Owns
/// nothing; the memory must outlive the view. Alignment is that of Scalar, no more is required.
/// For b1x8, dimension counts bits, any number of them; bits of a row's last element beyond it are ignored.
template <class Scalar>
struct basic_matrix_view {
  using scalar_type = Scalar;

  const Scalar* data = nullptr;
  std::size_t rows = 0;       ///< vectors
  std::size_t dimension = 0;  ///< components of each vector
  std::size_t stride = 0;     ///< elements, >= elements_of<Scalar>(dimension)

  /// The first element of row `index`. @pre index < rows
  [[nodiscard]] constexpr const Scalar* row(std::size_t index) const noexcept {
    ATLAS_ASSERT(index < rows);
    return data + index * stride;
  }
  [[nodiscard]] constexpr bool empty() const noexcept { return rows == 0; }
  /// Whether row follows row without a gap.
  [[nodiscard]] constexpr bool is_dense() const noexcept { return stride == elements_of<Scalar>(dimension); }
  /// Rows [first, first + count). @pre first + count <= rows
  [[nodiscard]] constexpr basic_matrix_view subrows(std::size_t first, std::size_t count) const noexcept {
    ATLAS_ASSERT(first <= rows && count <= rows - first);
    return {count == 0 ? data : data + first * stride, count, dimension, stride};
  }
};

using matrix_view = basic_matrix_view<float>;

/// A block whose scalar is known at run time only. Shape and stride as in basic_matrix_view.
struct any_matrix_view {
  const void* data = nullptr;
  std::size_t rows = 0;
  std::size_t dimension = 0;
  std::size_t stride = 0;
  scalar element = scalar::f32;

  template <class Scalar>
  [[nodiscard]] static constexpr any_matrix_view of(const basic_matrix_view<Scalar>& view) noexcept {
    return {view.data, view.rows, view.dimension, view.stride, scalar_of<Scalar>};
  }
  /// The first byte of row `index`. @pre index < rows
  [[nodiscard]] const void* row(std::size_t index) const noexcept {
    ATLAS_ASSERT(index < rows);
    return static_cast<const char*>(data) + index * stride_bytes();
  }
  [[nodiscard]] constexpr std::size_t element_bytes() const noexcept { return (bits_of(element) + 7) / 8; }
  [[nodiscard]] constexpr std::size_t stride_bytes() const noexcept { return stride * element_bytes(); }
  /// Bytes of one vector. @pre dimension <= max_dimension
  [[nodiscard]] constexpr std::size_t row_bytes() const noexcept { return vector_bytes(element, dimension); }
};

/// A block whose rows lie end to end.
template <class Scalar>
[[nodiscard]] constexpr basic_matrix_view<Scalar> dense(const Scalar* data, std::size_t rows,
                                                        std::size_t dimension) noexcept {
  return {data, rows, dimension, elements_of<Scalar>(dimension)};
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_DISTANCE_MATRIX_VIEW_HPP
