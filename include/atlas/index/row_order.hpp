// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/row_order.hpp -- in what order rows are written to a file.
//
// Room:      the rows that are kept, and each one's number in the file.
// Not here:  how a graph orders its rows (index/hnsw_file.hpp).
// Depends:   core, index/row_store.hpp.
#ifndef ATLAS_INDEX_ROW_ORDER_HPP
#define ATLAS_INDEX_ROW_ORDER_HPP

#include <atlas/core/memory.hpp>      // buffer
#include <atlas/index/row_store.hpp>  // row_store

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

class row_order {
 public:
  static constexpr std::uint32_t no_row = row_store::no_row;

  /// No row kept yet.
  [[nodiscard]] status start(std::uint32_t row_count) noexcept {
    if (status made = number_.resize(row_count); !made.ok()) return made;
    for (std::uint32_t& number : number_) number = no_row;
    return rows_.reserve(row_count);
  }
  /// Keeps a row as the next one, if it is not kept yet. @pre row < the row count given to start
  bool keep(std::uint32_t row) noexcept {
    if (number_.data()[row] != no_row) return false;
    number_.data()[row] = static_cast<std::uint32_t>(rows_.size());
    (void)rows_.push_back(row);  // start made room
    return true;
  }
  [[nodiscard]] std::size_t size() const noexcept { return rows_.size(); }
  [[nodiscard]] span<const std::uint32_t> rows() const noexcept { return {rows_.data(), rows_.size()}; }
  /// The number of a row in the file, or no_row if it is left out or none.
  [[nodiscard]] std::uint32_t number(std::uint32_t row) const noexcept { return row < number_.size() ? number_.data()[row] : no_row; }

 private:
  buffer<std::uint32_t> rows_;
  buffer<std::uint32_t> number_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_ROW_ORDER_HPP
