// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/neighbour_store.hpp -- what a sealed graph knows of each row's neighbours without going to them.
//
// Room:      for each row the numbers of its neighbours and one bit a component of each, in blocks of 32.
// Not here:  the bits and their estimates (quantize/neighbour_bits.hpp), the choice of neighbours (index/hnsw_seal.hpp),
//            the walk that reads them (index/hnsw_sealed_search.hpp).
// Depends:   core, quantize, index/column.hpp.
// Threads:   const after adopt.
// Source:    the layout is SymphonyQG's (Gou et al., "SymphonyQG: Towards Symphonious Integration of Quantization and Graph
//            for Approximate Nearest Neighbor Search", SIGMOD 2025), but for codes of the rows, which lie by themselves.
#ifndef ATLAS_INDEX_NEIGHBOUR_STORE_HPP
#define ATLAS_INDEX_NEIGHBOUR_STORE_HPP

#include <atlas/index/column.hpp>             // column
#include <atlas/quantize/neighbour_bits.hpp>  // neighbour_layout
#include <atlas/quantize/rotation.hpp>        // rotation

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// How the blocks of one row lie: each has the 32 numbers of its neighbours, 0xFFFFFFFF for none, and then their bits.
struct neighbour_rows {
  neighbour_layout bits;
  std::uint32_t blocks = 0;  ///< of a row

  static constexpr std::uint32_t most_blocks = 4;
  static constexpr std::size_t numbers_bytes = neighbours_of_block * sizeof(std::uint32_t);

  [[nodiscard]] std::size_t block_bytes() const noexcept { return numbers_bytes + bits.block_bytes; }
  [[nodiscard]] std::size_t stride_bytes() const noexcept { return blocks * block_bytes(); }
};

class neighbour_store {
 public:
  /// @return  errc::no_memory
  [[nodiscard]] status set_shape(std::size_t dimension, std::uint32_t blocks, std::uint64_t seed) noexcept {
    auto made = rotation::create(dimension, seed);
    if (!made.ok()) return made.error();
    rotation_ = static_cast<rotation&&>(*made);
    rows_.bits = neighbour_layout::of(rotation_.padded());
    rows_.blocks = blocks;
    seed_ = seed;
    return {};
  }
  void adopt(column&& rows) noexcept { column_ = static_cast<column&&>(rows); }

  [[nodiscard]] bool is_there() const noexcept { return rows_.blocks != 0; }
  [[nodiscard]] const neighbour_rows& layout() const noexcept { return rows_; }
  [[nodiscard]] const rotation& rotated_by() const noexcept { return rotation_; }
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }
  [[nodiscard]] const column& rows() const noexcept { return column_; }
  [[nodiscard]] const std::byte* block(std::uint32_t row, std::uint32_t which) const noexcept {
    return column_.at(row) + which * rows_.block_bytes();
  }
  [[nodiscard]] std::uint64_t bytes(std::uint32_t row_count) const noexcept { return std::uint64_t{row_count} * rows_.stride_bytes(); }

 private:
  neighbour_rows rows_;
  rotation rotation_;
  std::uint64_t seed_ = 0;
  column column_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_NEIGHBOUR_STORE_HPP
