// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/markdown_state.hpp -- where the reading of a Markdown document stands.
//
// Room:      the block quotes and items that are open, the block in them that is, and what the next boundary depends on.
// Not here:  how lines change it (chunk/markdown_blocks.hpp).
// Depends:   chunk/markdown_lines.hpp.
// Threads:   plain values.
#ifndef ATLAS_CHUNK_MARKDOWN_STATE_HPP
#define ATLAS_CHUNK_MARKDOWN_STATE_HPP

#include <atlas/chunk/markdown_lines.hpp>  // markdown_cursor

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Block quotes and items of lists, one inside of the other, the outermost first.
struct markdown_containers {
  static constexpr std::size_t most = 32;  ///< what would lie deeper is text

  std::uint8_t depth = 0;
  std::uint8_t has_empty_item = 0;  ///< the innermost is an item whose first line was blank; it ends at another one
  std::uint8_t widths[most] = {};   ///< 0 a block quote, else the columns that an item's lines are indented by

  [[nodiscard]] bool is_full() const noexcept { return depth == most; }
  void push(std::size_t width) noexcept { widths[depth++] = static_cast<std::uint8_t>(width); }
  [[nodiscard]] bool has_item() const noexcept {
    bool found = false;
    for (std::size_t i = 0; i < depth; ++i) found = found || widths[i] != 0;
    return found;
  }
  /// How many of them a line stands in; the cursor goes behind their marks.
  [[nodiscard]] std::uint8_t match(markdown_cursor& cursor) const noexcept {
    std::uint8_t count = 0;
    for (; count < depth; ++count) {
      const std::size_t width = widths[count];
      if (width == 0) {
        if (cursor.indent() >= 4 || cursor.first() != '>') break;
        cursor.skip_mark(1);
        if (cursor.indent() != 0) cursor.skip_columns(1);
      } else if (cursor.is_blank()) {
        if (has_empty_item != 0 && count + 1U == depth) break;
        cursor.skip_white();
      } else {
        if (cursor.indent() < width) break;
        cursor.skip_columns(width);
      }
    }
    return count;
  }
};

enum class markdown_leaf : std::uint8_t { none, paragraph, fence, indented_code, table, html };

/// Behind a heading of depth 1 to 6 stands the number of the depth, 6 as well behind what else is not cut off from the next block; behind
/// what divides sections stands this one.
inline constexpr std::uint8_t markdown_behind_section = 7;

struct markdown_state {
  std::uint64_t read = 0;                     ///< a line begins here, or goes on
  markdown_leaf leaf = markdown_leaf::none;   ///< the block that the line before was of, if it may go on
  std::uint8_t html_kind = 0;                 ///< of a block of HTML
  char fence_mark = '\0';
  std::uint8_t has_lines = 0;                 ///< a fence or a table has lines behind its first
  std::uint16_t fence_size = 0;
  std::uint8_t is_in_line = 0;                ///< the line began before
  std::uint8_t is_html_closed = 0;            ///< the line holds the end of its block
  std::uint8_t behind = 0;                    ///< what the next block stands directly behind, if that counts
  std::uint8_t is_behind_blank = 0;           ///< the line before was blank
  std::uint8_t unused[4] = {};                ///< no padding, so that equal states are equal bytes
  markdown_containers containers;

  /// Forgets what no line to come depends on, so that states from which reading goes on alike are equal bytes.
  void settle() noexcept {
    if (leaf != markdown_leaf::fence) {
      fence_mark = '\0';
      fence_size = 0;
    }
    if (leaf != markdown_leaf::html) html_kind = 0;
    if (leaf != markdown_leaf::fence && leaf != markdown_leaf::table) has_lines = 0;
    for (std::size_t i = containers.depth; i < markdown_containers::most; ++i) containers.widths[i] = 0;
  }
  /// Makes something of bytes from anywhere that can be read on from.
  void mend() noexcept {
    if (containers.depth > markdown_containers::most) containers = {};
    if (leaf > markdown_leaf::html || (leaf == markdown_leaf::html && (html_kind == 0 || html_kind > 7))) leaf = markdown_leaf::none;
    if (behind > markdown_behind_section) behind = 0;
  }
};
static_assert(__has_unique_object_representations(markdown_state) && sizeof(markdown_state) == 56);

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_MARKDOWN_STATE_HPP
