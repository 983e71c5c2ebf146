// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/neighbour_bits.hpp -- a node's neighbours as one bit a component, in blocks of 32.
//
// Room:      the bytes of a block, putting a neighbour into it, a query's side, estimates of 32 distances at once.
// Not here:  the rotation that all vectors go through first (quantize/rotation.hpp), the loops
//            (quantize/neighbour_kernels-inl.hpp), which neighbours a node has.
// Depends:   core, simd, distance/metric.hpp.
// Threads:   every function is pure but for what it writes through its last pointer.
//
// Source: Gao and Long, "RaBitQ: quantizing high-dimensional vectors with a theoretical error bound for approximate
// nearest neighbor search", SIGMOD 2024, section 3.2; with codes of the difference to the node, beside the node: Gou et
// al., "SymphonyQG: towards symphonious integration of quantization and graph for approximate nearest neighbor search",
// SIGMOD 2025.
//
// With c the node, x a neighbour, q the query, P the rotation of D components, m the common centre:
//   v = P(x - m) - P(c - m), y = P(q - m), u = P(q - c) = y - P(c - m), s = the signs of v, |v|_1 = <s, v>.
// <u, v> is estimated as |v|^2 / |v|_1 * <u, s>, whose expectation over rotations it is. Then
//   l2sq            |q - x|^2 = |q - c|^2 + |v|^2 - 2 <u, v>
//   cosine          half of that, for vectors of length 1
//   inner product   1 - <q, x> = (1 - <q, c>) - <q, x - c>, and <q, x - c> = <u, v> + <c, x - c>
// Of each, what depends on the query is mul * <y, s>, where <y, s> = 2 * (sum of y where s is +1) - (sum of y).
#ifndef ATLAS_QUANTIZE_NEIGHBOUR_BITS_HPP
#define ATLAS_QUANTIZE_NEIGHBOUR_BITS_HPP

#include <atlas/core/assert.hpp>        // ATLAS_ASSERT
#include <atlas/core/bits.hpp>          // round_up, store_unaligned
#include <atlas/distance/metric.hpp>    // metric
#include <atlas/simd/kernel_table.hpp>  // kernels, bit_query

namespace atlas { inline namespace ATLAS_ABI {

using kernels_v1::bit_query;

/// Neighbours of a block.
inline constexpr std::size_t neighbours_of_block = 32;

/// The bytes of a block: float add[32], float mul[32], then 32 bytes for each 8 components, of which byte r holds those
/// of neighbour r, the lowest bit first; zeros to a multiple of 64.
struct neighbour_layout {
  std::size_t dimension = 0;    ///< of rotated vectors, a multiple of 8
  std::size_t block_bytes = 0;  ///< a multiple of 64
  std::size_t table_bytes = 0;  ///< of a prepared query, a multiple of 64

  /// @param padded_dimension  rotation::padded(): a multiple of 8, at most 65,536
  [[nodiscard]] static constexpr neighbour_layout of(std::size_t padded_dimension) noexcept {
    const std::size_t bits_bytes = round_up(padded_dimension * 4, cache_line);
    return {padded_dimension, bits_offset + bits_bytes, bits_bytes};
  }
  static constexpr std::size_t bits_offset = 2 * neighbours_of_block * sizeof(float);
};

/// Makes all lanes of a block empty: their estimates are +infinity.
/// @param block  layout.block_bytes bytes
inline void clear_neighbours(const neighbour_layout& layout, std::byte* block) noexcept {
  std::memset(block, 0, layout.block_bytes);
  for (std::size_t lane = 0; lane < neighbours_of_block; ++lane) {
    store_unaligned(block + lane * sizeof(float), __builtin_inff());
  }
}

/// Puts a neighbour into a lane.
///
/// @param which      l2sq, inner_product or cosine
/// @param node       shape [layout.dimension]: the node, rotated after the centre was taken off; under cosine of length
///                   1 before that
/// @param neighbour  likewise
/// @param centre     shape [layout.dimension]: the rotated centre; read under inner_product only, null for zeros
/// @param lane       0 to 31
/// @param block      layout.block_bytes bytes that were cleared once
/// A neighbour that is equal to its node, or so far that its square overflows, is estimated as the node's own distance.
/// Cost: about 0.2 ns a component with AVX-512, no allocation, never throws.
inline void set_neighbour(const neighbour_layout& layout, metric which, const float* node, const float* neighbour,
                          const float* centre, std::size_t lane, std::byte* block) noexcept {
  ATLAS_ASSERT(lane < neighbours_of_block);
  ATLAS_ASSERT(which == metric::l2sq || which == metric::inner_product || which == metric::cosine);
  auto* const bits = reinterpret_cast<std::uint8_t*>(block + neighbour_layout::bits_offset) + lane;
  const kernels_v1::bit_sums sums = kernels().neighbour_bits(
      node, neighbour, which == metric::inner_product ? centre : nullptr, layout.dimension, bits);

  const double squares = static_cast<double>(sums.squares);
  const double weight = which == metric::l2sq ? -2.0 : -1.0;
  double mul = weight * squares / static_cast<double>(sums.sizes);
  double add = -mul * static_cast<double>(sums.node);
  if (which == metric::l2sq) add += squares;
  if (which == metric::cosine) add += squares / 2;
  if (which == metric::inner_product) add -= static_cast<double>(sums.product);
  constexpr double largest = 0x1.fffffeP127;
  const bool is_usable = mul >= -largest && add >= -largest && add <= largest;  // false for NaN
  store_unaligned(block + lane * sizeof(float), is_usable ? static_cast<float>(add) : 0.0F);
  store_unaligned(block + (neighbours_of_block + lane) * sizeof(float), is_usable ? static_cast<float>(mul) : 0.0F);
}

/// Prepares a query.
///
/// @param rotated  shape [layout.dimension]: the query, rotated after scale and centre
/// @param tables   layout.table_bytes bytes; each is written, and they must outlive the query that is returned
/// @return         finite numbers, if the sums of the sizes of four components are; those of a query whose
///                 components all are below 2^-102 are 0
/// Accuracy: a component is off by at most 1/122 of the largest sum of the sizes of components 4g to 4g + 3.
/// Cost: about 0.3 ns a component with AVX-512, no allocation, never throws.
[[nodiscard]] inline bit_query prepare_neighbour_query(const neighbour_layout& layout, const float* rotated,
                                                       std::uint8_t* tables) noexcept {
  const kernels_v1::bit_steps_of_query steps = kernels().bit_tables(rotated, layout.dimension, tables);
  // With n steps in all: 2 * (steps where s is +1) - (steps with their signs) = 2 * sum - n, for sum of entries `sum`.
  return {tables, layout.table_bytes / 16, 2.0F * steps.step, -steps.step * static_cast<float>(steps.sizes)};
}

/// Estimates the distances of a node's neighbours.
///
/// @param query             from prepare_neighbour_query
/// @param block             of the node; its bytes may be anything
/// @param distance_of_node  between query and node: under l2sq squared, under inner_product 1 - <q, c>, under cosine
///                          half of the squared one, which is the cosine distance
/// @param bound             of what is near
/// @param out               shape [32]: the estimates, +infinity in empty lanes
/// @return                  bit r is set if the estimate of lane r is less than `bound`; never for NaN
/// Accuracy: unbiased over rotations; the standard error is about 0.75 * |q - c| |x - c| / sqrt(D), twice that for l2sq
/// (Gao and Long, theorem 3.2, where <o, o'> is about 0.8). The rounding of the query adds about 0.04 * |q - m| |x - c|
/// / sqrt(D), or twice that: little, unless the common centre is far from all vectors.
/// Cost: about 0.09 ns a component with AVX-512 (VBMI; Zen 4, from the L1 cache), no allocation, never throws.
inline std::uint32_t estimate_neighbours(const bit_query& query, const std::byte* block, float distance_of_node,
                                         float bound, float* out) noexcept {
  const void* const factors = block;
  return kernels().neighbour_estimates(query, block + neighbour_layout::bits_offset, static_cast<const float*>(factors),
                                       distance_of_node, bound, out);
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUANTIZE_NEIGHBOUR_BITS_HPP
