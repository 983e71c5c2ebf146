// SPDX-License-Identifier: Apache-2.0
// include/atlas/folder/heading_titles.hpp -- the titles that a chunk in an index stands under.
//
// Room:      heading_titles.
// Not here:  how they are kept (folder/heading_table.hpp), the headings of a document that is being cut (chunk/heading_path.hpp).
// Depends:   core, chunk/heading_path.hpp.
// Threads:   plain values.
#ifndef ATLAS_FOLDER_HEADING_TITLES_HPP
#define ATLAS_FOLDER_HEADING_TITLES_HPP

#include <atlas/chunk/heading_path.hpp>  // heading_path
#include <atlas/core/assert.hpp>         // ATLAS_ASSERT
#include <atlas/core/text_view.hpp>      // text_view

namespace atlas { inline namespace ATLAS_ABI {

/// At most six titles, the outermost first, as heading_path; borrows them from the index.
class heading_titles {
 public:
  static constexpr std::size_t most = heading_path::most_depth;

  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  /// UTF-8, without the marks of the heading; may be empty. @pre index < size()
  [[nodiscard]] text_view title(std::size_t index) const noexcept {
    ATLAS_ASSERT(index < count_);
    return titles_[most - count_ + index];
  }
  /// 1 to 6, each more than the one before. @pre index < size()
  [[nodiscard]] std::uint32_t depth(std::size_t index) const noexcept {
    ATLAS_ASSERT(index < count_);
    return depths_[most - count_ + index];
  }
  [[nodiscard]] const text_view* begin() const noexcept { return titles_ + (most - count_); }
  [[nodiscard]] const text_view* end() const noexcept { return titles_ + most; }

  /// Puts a heading above all others. @pre size() < most
  void put_above(std::uint32_t depth, text_view title) noexcept {
    ATLAS_ASSERT(count_ < most);
    ++count_;
    titles_[most - count_] = title;
    depths_[most - count_] = static_cast<std::uint8_t>(depth);
  }

 private:
  text_view titles_[most];  // the last is the nearest
  std::uint8_t depths_[most] = {};
  std::uint8_t count_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_FOLDER_HEADING_TITLES_HPP
