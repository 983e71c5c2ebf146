// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/visited_set.hpp -- which rows one search has seen.
//
// Room:      one byte a row that names the search that saw it last, so that a new search clears nothing.
// Depends:   core/memory.hpp.
#ifndef ATLAS_INDEX_VISITED_SET_HPP
#define ATLAS_INDEX_VISITED_SET_HPP

#include <atlas/core/memory.hpp>  // buffer

namespace atlas { inline namespace ATLAS_ABI {

class visited_set {
 public:
  /// Forgets every row and makes room for `rows`. Allocates only when it has to grow; clears all bytes once in
  /// 255 calls.
  [[nodiscard]] status start(std::size_t rows) noexcept {
    if (rows > marks_.size()) {
      const std::size_t roomy = rows + rows / 4 + 64;  // a growing index must not grow this at each search
      if (status grown = marks_.resize_zeroed(roomy); !grown.ok()) return grown;
    }
    if (++epoch_ == 0) {
      if (!marks_.empty()) std::memset(marks_.data(), 0, marks_.size());
      epoch_ = 1;
    }
    return {};
  }
  /// True the first time a row is asked for since start. @pre row < the rows given to start
  [[nodiscard]] bool insert(std::uint32_t row) noexcept {
    std::uint8_t& mark = marks_.data()[row];
    const bool is_new = mark != epoch_;
    mark = epoch_;
    return is_new;
  }
  /// Whether a row was asked for since start. @pre as for insert
  [[nodiscard]] bool contains(std::uint32_t row) const noexcept { return marks_.data()[row] == epoch_; }
  /// Rows there is room for.
  [[nodiscard]] std::size_t capacity() const noexcept { return marks_.size(); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return marks_.capacity(); }

 private:
  buffer<std::uint8_t> marks_;
  std::uint8_t epoch_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_VISITED_SET_HPP
