// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/heading_path.hpp -- the headings that a place in a document stands under.
//
// Room:      heading_path.
// Not here:  what a heading is (chunk/markdown_rule.hpp, chunk/html_rule.hpp).
// Depends:   text/utf8.hpp.
// Threads:   plain values.
#ifndef ATLAS_CHUNK_HEADING_PATH_HPP
#define ATLAS_CHUNK_HEADING_PATH_HPP

#include <atlas/text/utf8.hpp>  // character_start

namespace atlas { inline namespace ATLAS_ABI {

/// At most six titles, one below the other, of which the last is the nearest. A heading ends all that are as deep or deeper. Owns its
/// titles; trivially copyable, so that it can be kept.
class heading_path {
 public:
  static constexpr std::uint32_t most_depth = 6;
  static constexpr std::size_t most_title_bytes = 256;  ///< longer titles are cut between two characters

  /// How many headings there are. A document that leaves depths out ("#" and then "###") has one for each that it uses.
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  /// Title of the heading, the outermost first. Borrows this path. @pre index < size()
  [[nodiscard]] text_view title(std::size_t index) const noexcept {
    ATLAS_ASSERT(index < count_);
    return {titles_[index].bytes, titles_[index].size};
  }
  /// 1 to 6. @pre index < size()
  [[nodiscard]] std::uint32_t depth(std::size_t index) const noexcept {
    ATLAS_ASSERT(index < count_);
    return titles_[index].depth;
  }

  /// Goes on below a heading. @pre 1 <= depth <= 6
  void enter(std::uint32_t depth, text_view title) noexcept {
    ATLAS_ASSERT(depth >= 1 && depth <= most_depth);
    while (count_ != 0 && titles_[count_ - 1].depth >= depth) --count_;
    std::size_t size = title.size();
    if (size > most_title_bytes) size = character_start(title, most_title_bytes);
    entry& last = titles_[count_++];
    last.depth = static_cast<std::uint16_t>(depth);
    last.size = static_cast<std::uint16_t>(size);
    if (size != 0) std::memcpy(last.bytes, title.data(), size);
  }

  friend bool operator==(const heading_path& left, const heading_path& right) noexcept {
    bool same = left.count_ == right.count_;
    for (std::size_t i = 0; same && i < left.count_; ++i) same = left.depth(i) == right.depth(i) && left.title(i) == right.title(i);
    return same;
  }

  /// Whether the bytes, which may come from anywhere, are a path.
  [[nodiscard]] bool is_sound() const noexcept {
    if (count_ > most_depth) return false;
    std::uint32_t before = 0;
    for (std::size_t i = 0; i < count_; ++i) {
      if (titles_[i].depth <= before || titles_[i].depth > most_depth || titles_[i].size > most_title_bytes) return false;
      before = titles_[i].depth;
    }
    return true;
  }

 private:
  struct entry {
    std::uint16_t depth = 0;
    std::uint16_t size = 0;
    char bytes[most_title_bytes] = {};
  };

  std::uint32_t count_ = 0;
  entry titles_[most_depth] = {};
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_HEADING_PATH_HPP
