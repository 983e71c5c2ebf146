// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/list_block.hpp -- the bytes of 32 rows of an inverted list.
//
// Room:      where terms, row numbers and codes of a block lie; lanes written, cleared and copied.
// Not here:  what a list is (index/inverted_lists.hpp), estimates over whole blocks (quantize/list_kernels-inl.hpp).
// Depends:   core, simd/kernel_entries.hpp.
// Threads:   every function is pure but for what it writes through its last pointer.
//
// A row x of a list with centroid c stands as a code p of its residual r = x - c and two numbers. With g = |r|^2 / <r, p>,
// so that g p is as long as r in r's direction, q the query, and everything relative to a common centre:
//   l2sq            |q - x|^2 is about |q - c|^2 + add + mul <q, p>, add = |r|^2 + 2 g <c, p>, mul = -2 g
//   cosine          half of that, for vectors of length 1
//   inner product   1 - <q, x> is about (1 - <q, c>) + mul <q, p>, mul = -g
// Source: the scaling is that of RaBitQ (Gao and Long, SIGMOD 2024, section 3.2), with any code in the place of one of
// signs. Of sift-kodak-128 in 32 parts of 4 bits the ten that are estimated nearest hold 0.62 of the ten nearest with it,
// and 0.57 without.
#ifndef ATLAS_QUANTIZE_LIST_BLOCK_HPP
#define ATLAS_QUANTIZE_LIST_BLOCK_HPP

#include <atlas/core/assert.hpp>          // ATLAS_ASSERT
#include <atlas/core/bits.hpp>            // load_unaligned, store_unaligned, round_up
#include <atlas/simd/kernel_entries.hpp>  // list_rows_offset, list_codes_offset

namespace atlas { inline namespace ATLAS_ABI {

/// Rows of a block.
inline constexpr std::size_t list_block_rows = 32;

/// The bytes of a block: f32 add[32], f32 mul[32], u32 row[32], then codes. Those of 4 bits a part lie as in pq4's blocks
/// (distance/code_distance.hpp), those of a byte a component row behind row.
struct list_block_layout {
  std::size_t code_bytes = 0;   ///< of a row; of 4-bit codes a multiple of 2, zeros behind the last part
  std::size_t block_bytes = 0;  ///< a multiple of 64
  bool are_interleaved = true;  ///< 4-bit codes

  /// @param parts  a multiple of 4, at most 65,536
  [[nodiscard]] static constexpr list_block_layout of_nibbles(std::size_t parts) noexcept {
    return {parts / 2, kernels_v1::list_codes_offset + parts * 16, true};
  }
  [[nodiscard]] static constexpr list_block_layout of_bytes(std::size_t bytes) noexcept {
    return {bytes, kernels_v1::list_codes_offset + bytes * list_block_rows, false};
  }

  /// Makes all lanes empty: NaN is within no bound.
  void clear(std::byte* block) const noexcept {
    std::memset(block, 0, block_bytes);
    for (std::size_t lane = 0; lane < list_block_rows; ++lane) store_unaligned(block + lane * sizeof(float), __builtin_nanf(""));
  }
  /// @param code  code_bytes bytes; of 4-bit codes two parts a byte, the even one in the lower half
  void write(std::byte* block, std::size_t lane, float add, float mul, std::uint32_t row, const std::uint8_t* code) const noexcept {
    ATLAS_ASSERT(lane < list_block_rows);
    store_unaligned(block + lane * sizeof(float), add);
    store_unaligned(block + (list_block_rows + lane) * sizeof(float), mul);
    store_unaligned(block + kernels_v1::list_rows_offset + lane * sizeof(std::uint32_t), row);
    std::byte* const codes = block + kernels_v1::list_codes_offset;
    if (!are_interleaved) {
      if (code_bytes != 0) std::memcpy(codes + lane * code_bytes, code, code_bytes);
      return;
    }
    for (std::size_t i = 0; i < code_bytes; ++i) codes[i * list_block_rows + lane] = static_cast<std::byte>(code[i]);
  }
  /// Copies a lane of another block, under another row number.
  void copy(const std::byte* from, std::size_t from_lane, std::byte* block, std::size_t lane, std::uint32_t row) const noexcept {
    ATLAS_ASSERT(lane < list_block_rows && from_lane < list_block_rows);
    std::memcpy(block + lane * sizeof(float), from + from_lane * sizeof(float), sizeof(float));
    std::memcpy(block + (list_block_rows + lane) * sizeof(float), from + (list_block_rows + from_lane) * sizeof(float), sizeof(float));
    store_unaligned(block + kernels_v1::list_rows_offset + lane * sizeof(std::uint32_t), row);
    std::byte* const codes = block + kernels_v1::list_codes_offset;
    const std::byte* const from_codes = from + kernels_v1::list_codes_offset;
    if (!are_interleaved) {
      std::memcpy(codes + lane * code_bytes, from_codes + from_lane * code_bytes, code_bytes);
      return;
    }
    for (std::size_t i = 0; i < code_bytes; ++i) codes[i * list_block_rows + lane] = from_codes[i * list_block_rows + from_lane];
  }
  /// The row number of a lane; any number where the bytes are another's.
  [[nodiscard]] static std::uint32_t row(const std::byte* block, std::size_t lane) noexcept {
    return load_unaligned<std::uint32_t>(block + kernels_v1::list_rows_offset + lane * sizeof(std::uint32_t));
  }
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUANTIZE_LIST_BLOCK_HPP
