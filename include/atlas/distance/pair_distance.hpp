// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/pair_distance.hpp -- how far apart two vectors are.
//
// Room:      l2sq, inner_product, cosine of numbers; hamming, jaccard of bits; which scalars go together.
// Not here:  one vector against many (distance/distances.hpp), the SIMD loops (distance/row_kernels-inl.hpp).
// Depends:   core, simd. In link mode no Highway, no std container.
// Threads:   every function is pure; any number of threads may call it.
//
// Query and row are of one scalar, or a float query meets rows of f16, bf16, std::int8_t or std::uint8_t. All errors
// are meant against the exact distance of the numbers as stored: what a conversion to a smaller scalar lost before
// is not in them. The last bits of sums of floats differ between instruction sets: compare with a tolerance, never
// with ==. On one instruction set f(a, b), f(b, a) of one scalar and each call of distances with one query give the
// same bits.
#ifndef ATLAS_DISTANCE_PAIR_DISTANCE_HPP
#define ATLAS_DISTANCE_PAIR_DISTANCE_HPP

#include <atlas/core/assert.hpp>        // ATLAS_ASSERT
#include <atlas/distance/metric.hpp>    // metric
#include <atlas/distance/scalar.hpp>    // scalar_of
#include <atlas/simd/kernel_table.hpp>  // kernels, operands

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {

/// What the kernels call a query and rows of these scalars; operands_count: no kernel compares them as numbers.
[[nodiscard]] constexpr kernels_v1::operands operands_of(scalar query, scalar row) noexcept {
  if (query == row) {
    switch (row) {
      case scalar::f32: return kernels_v1::f32_f32;
      case scalar::f16: return kernels_v1::f16_f16;
      case scalar::bf16: return kernels_v1::bf16_bf16;
      case scalar::i8: return kernels_v1::i8_i8;
      case scalar::u8: return kernels_v1::u8_u8;
      case scalar::b1: return kernels_v1::operands_count;
    }
  }
  if (query == scalar::f32) {
    switch (row) {
      case scalar::f16: return kernels_v1::f32_f16;
      case scalar::bf16: return kernels_v1::f32_bf16;
      case scalar::i8: return kernels_v1::f32_i8;
      case scalar::u8: return kernels_v1::f32_u8;
      case scalar::f32:
      case scalar::b1: break;
    }
  }
  return kernels_v1::operands_count;
}

/// Whether a query of one scalar can be compared with rows of another by some metric.
[[nodiscard]] constexpr bool are_comparable(scalar query, scalar row) noexcept {
  return operands_of(query, row) != kernels_v1::operands_count || (query == scalar::b1 && row == scalar::b1);
}

/// The kernel for a metric, or null if the metric does not fit the scalars.
[[nodiscard]] inline kernels_v1::row_kernel kernel_of(const kernel_table& table, metric which, scalar query,
                                                      scalar row) noexcept {
  const kernels_v1::operands numbers = operands_of(query, row);
  if (numbers != kernels_v1::operands_count) {
    switch (which) {
      case metric::l2sq: return table.l2sq[numbers];
      case metric::inner_product: return table.dot[numbers];  // 1 - dot is the caller's
      case metric::cosine: return table.cosine[numbers];
      case metric::hamming:
      case metric::jaccard: break;
    }
  } else if (query == scalar::b1 && row == scalar::b1) {
    if (which == metric::hamming) return table.hamming;
    if (which == metric::jaccard) return table.jaccard;
  }
  return nullptr;
}

/// The same with what a wrong pair of types is told.
template <class Query, class Row>
[[nodiscard]] consteval kernels_v1::operands operands_of() noexcept {
  constexpr kernels_v1::operands numbers = operands_of(scalar_of<Query>, scalar_of<Row>);
  static_assert(numbers != kernels_v1::operands_count,
                "ATLAS compares two vectors of float, f16, bf16, std::int8_t or std::uint8_t, or a float query with "
                "any of these, by l2sq, inner_product and cosine; b1x8 with b1x8 by hamming and jaccard");
  return numbers;
}

/// Refuses at compile time what no kernel compares.
template <class Query, class Row>
consteval void require_comparable() noexcept {
  if constexpr (scalar_of<Query> != scalar::b1 || scalar_of<Row> != scalar::b1) {
    static_cast<void>(operands_of<Query, Row>());
  }
}

[[nodiscard]] inline float one_row(kernels_v1::row_kernel kernel, const void* a, const void* b,
                                   std::size_t dimension) noexcept {
  ATLAS_ASSERT(dimension <= max_dimension);
  float distance = 0;
  kernel(a, b, 0, nullptr, 1, dimension, &distance);
  return distance;
}

}  // namespace detail

/// Squared Euclidean distance of two vectors.
///
/// @param a          shape [dimension]; float, or the scalar of `b`
/// @param b          shape [dimension]; float, f16, bf16, std::int8_t or std::uint8_t; may alias `a`
/// @param dimension  components of each vector; 0 gives 0
/// @return           squared input units, >= 0; NaN if any input is NaN, NaN or infinity if any is infinite
/// @pre              both pointers are readable for `dimension` components; dimension <= max_dimension
/// Accuracy: of floats (float, f16, bf16, mixed): relative error <= (dimension + 3) * 2^-24 barring overflow and
/// underflow, whatever the order of summation (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.,
/// section 4.2). Of integers with integers: the exact sum rounded once to float, the same on all instruction sets.
/// Cost: O(dimension) time, no allocation, never throws.
template <class Query, class Row>
[[nodiscard]] float l2sq(const Query* a, const Row* b, std::size_t dimension) noexcept {
  return detail::one_row(kernels().l2sq[detail::operands_of<Query, Row>()], a, b, dimension);
}

/// Inner product distance of two vectors: 1 - <a, b>.
///
/// @param a          shape [dimension]; float, or the scalar of `b`
/// @param b          shape [dimension]; float, f16, bf16, std::int8_t or std::uint8_t; may alias `a`
/// @param dimension  components of each vector; 0 gives 1
/// @return           (-inf, inf); 0 for equal vectors of length 1; NaN if any input is NaN, NaN or infinity if any is
///                   infinite
/// @pre              both pointers are readable for `dimension` components; dimension <= max_dimension
/// Accuracy: of floats: absolute error <= (dimension + 4) * 2^-24 * (1 + sum |a[i] * b[i]|) barring overflow and
/// underflow; bf16 with bf16 may count subnormals as 0. Of integers with integers: the exact sum rounded once
/// to float, then subtracted from 1 and rounded, the same on all instruction sets.
/// Cost: O(dimension) time, no allocation, never throws.
template <class Query, class Row>
[[nodiscard]] float inner_product(const Query* a, const Row* b, std::size_t dimension) noexcept {
  return 1.0F - detail::one_row(kernels().dot[detail::operands_of<Query, Row>()], a, b, dimension);
}

/// Cosine distance of two vectors: 1 - <a, b> / (|a| |b|).
///
/// @param a          shape [dimension]; float, or the scalar of `b`
/// @param b          shape [dimension]; float, f16, bf16, std::int8_t or std::uint8_t; may alias `a`
/// @param dimension  components of each vector
/// @return           [0, 2]; 1 if either vector has length zero (it has no direction, and is as far as an
///                   orthogonal one), also when its squared length underflows (below about 1e-45; of bf16 with bf16
///                   below about 1e-38) and for dimension 0; NaN if any input is NaN or infinite, or a squared
///                   length overflows
/// @pre              both pointers are readable for `dimension` components; dimension <= max_dimension
/// Accuracy: of floats: absolute error <= 2 * (dimension + 4) * 2^-24 barring overflow and underflow, from that of the
/// three sums. Of integers with integers: absolute error <= 4 * 2^-24, the same on all instruction sets.
/// Cost: O(dimension) time, no allocation, never throws.
template <class Query, class Row>
[[nodiscard]] float cosine(const Query* a, const Row* b, std::size_t dimension) noexcept {
  return detail::one_row(kernels().cosine[detail::operands_of<Query, Row>()], a, b, dimension);
}

/// Hamming distance of two bit vectors: how many bits differ.
///
/// @param a          shape [dimension] bits, the lowest of each byte first; bits behind them are ignored
/// @param b          likewise; may alias `a`
/// @param dimension  bits of each vector; 0 gives 0
/// @return           [0, dimension], exact
/// @pre              both pointers are readable for (dimension + 7) / 8 bytes; dimension <= max_dimension
/// Cost: O(dimension) time, no allocation, never throws.
[[nodiscard]] inline float hamming(const b1x8* a, const b1x8* b, std::size_t dimension) noexcept {
  return detail::one_row(kernels().hamming, a, b, dimension);
}

/// Jaccard distance of two bit vectors: 1 - bits set in both / bits set in either.
///
/// @param a          shape [dimension] bits, the lowest of each byte first; bits behind them are ignored
/// @param b          likewise; may alias `a`
/// @param dimension  bits of each vector
/// @return           [0, 1]; 0 if neither has a bit set
/// @pre              both pointers are readable for (dimension + 7) / 8 bytes; dimension <= max_dimension
/// Accuracy: the counts are exact, and 1 - their quotient is rounded once from double.
/// Cost: O(dimension) time, no allocation, never throws.
[[nodiscard]] inline float jaccard(const b1x8* a, const b1x8* b, std::size_t dimension) noexcept {
  return detail::one_row(kernels().jaccard, a, b, dimension);
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_DISTANCE_PAIR_DISTANCE_HPP
