// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/markdown_front_matter.hpp -- data for programs that a Markdown document may begin with.
//
// Room:      where it ends: YAML between "---" and "---" or "...", TOML between "+++" and "+++".
// Not here:  what it says.
// Depends:   chunk/markdown_starts.hpp.
// Threads:   plain values.
#ifndef ATLAS_CHUNK_MARKDOWN_FRONT_MATTER_HPP
#define ATLAS_CHUNK_MARKDOWN_FRONT_MATTER_HPP

#include <atlas/chunk/markdown_starts.hpp>  // is_markdown_blank, markdown_run

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Front matter as far as the begin of a document shows it. It is none if its first line is blank: the mark is a rule then.
struct markdown_front_matter {
  std::size_t data = 0;  ///< offset of the line behind the first mark
  std::size_t mark = 0;  ///< of the last mark
  std::size_t end = 0;   ///< behind its line; 0 if there is no front matter

  /// @param seen   the begin of the document
  /// @param begin  bytes of a byte order mark
  /// @param most   offset up to which the last mark may begin; markdown_line_bytes + 2 follow, or the document ends
  /// Cost: linear in `most`.
  markdown_front_matter(text_view seen, std::size_t begin, std::size_t most) noexcept {
    if (seen.size() <= begin) return;
    const char c = seen[begin];
    if (c != '-' && c != '+') return;
    markdown_lines lines(seen.end());
    const markdown_line first = lines.at(seen, 0);
    if (!is_mark(first, c, begin)) return;
    data = first.size;
    for (std::size_t at = data; at < seen.size() && at <= most; at = line_behind(seen, at)) {
      const markdown_line line = lines.at(seen, at);
      if (at == data && line.is_whole && is_markdown_blank(line.text)) return;
      if (!is_mark(line, c) && !(c == '-' && is_mark(line, '.'))) continue;
      mark = at;
      end = at + line.size;
      return;
    }
  }

  /// Where the line behind one begins, which may be of any length.
  [[nodiscard]] static std::size_t line_behind(text_view seen, std::size_t at) noexcept {
    const std::size_t last = markdown_line_end(seen.data(), at, seen.size());
    return last < seen.size() ? last + markdown_end_bytes(seen, last) : last;
  }

 private:
  [[nodiscard]] static bool is_mark(const markdown_line& line, char c, std::size_t begin = 0) noexcept {
    const text_view text = line.text.subview(begin, line.text.size() - begin);
    return line.is_whole && markdown_run(text, 0, c) == 3 && is_markdown_blank(text.subview(3, text.size() - 3));
  }
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_MARKDOWN_FRONT_MATTER_HPP
