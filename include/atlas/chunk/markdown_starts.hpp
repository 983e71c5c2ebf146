// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/markdown_starts.hpp -- which block of Markdown begins at a place in a line.
//
// Room:      headings, fences, rules across the page, items of lists, block quotes, rows of tables.
// Not here:  HTML (chunk/markdown_html.hpp), what the lines before say about it (chunk/markdown_blocks.hpp).
// Depends:   chunk/{markdown_lines,markdown_html}.hpp.
// Threads:   every function is pure.
//
// Source: CommonMark 0.31.2, sections 4 and 5; tables as GitHub Flavored Markdown 0.29, section 4.10.
#ifndef ATLAS_CHUNK_MARKDOWN_STARTS_HPP
#define ATLAS_CHUNK_MARKDOWN_STARTS_HPP

#include <atlas/chunk/markdown_html.hpp>   // markdown_html_start
#include <atlas/chunk/markdown_lines.hpp>  // markdown_cursor

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

enum class markdown_start_kind : std::uint8_t { none, quote, heading, fence, html, rule, item };
struct markdown_start {
  markdown_start_kind kind = markdown_start_kind::none;
  std::uint16_t size = 0;  ///< a heading's depth, bytes of a fence's or an item's mark, the kind of HTML
};

/// The paragraph, if any, that a line may go on with.
enum class markdown_paragraph : std::uint8_t {
  none,
  lazy,  ///< of a container that the line does not stand in
  open,
};

[[nodiscard]] inline std::size_t markdown_run(text_view text, std::size_t from, char c) noexcept {
  std::size_t at = from;
  while (at < text.size() && text.data()[at] == c) ++at;
  return at - from;
}
[[nodiscard]] inline bool is_markdown_blank(text_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size() && is_markdown_white(text.data()[at])) ++at;
  return at == text.size();
}

/// Depth of the heading that a line is; 0 if it is none.
[[nodiscard]] inline std::uint16_t markdown_heading_depth(text_view rest) noexcept {
  const std::size_t depth = markdown_run(rest, 0, '#');
  const bool is_heading = depth >= 1 && depth <= 6 && (depth == rest.size() || is_markdown_white(rest[depth]));
  return is_heading ? static_cast<std::uint16_t>(depth) : std::uint16_t{0};
}

/// The title of a heading without its marks and the white space at both ends. @pre markdown_heading_depth(rest) != 0
[[nodiscard]] inline text_view markdown_heading_title(text_view rest) noexcept {
  std::size_t begin = markdown_run(rest, 0, '#');
  while (begin < rest.size() && is_markdown_white(rest[begin])) ++begin;
  std::size_t end = rest.size();
  while (end > begin && is_markdown_white(rest[end - 1])) --end;
  std::size_t mark = end;
  while (mark > begin && rest[mark - 1] == '#') --mark;
  if (mark == begin || (mark < end && is_markdown_white(rest[mark - 1]))) end = mark;
  while (end > begin && is_markdown_white(rest[end - 1])) --end;
  return rest.subview(begin, end - begin);
}

/// Length of the mark that opens a fence; 0 if none does.
[[nodiscard]] inline std::uint16_t markdown_fence_size(text_view rest) noexcept {
  const char c = rest[0];
  const std::size_t size = markdown_run(rest, 0, c);
  if (size < 3) return 0;
  if (c == '`' && size < rest.size() && std::memchr(rest.data() + size, '`', rest.size() - size) != nullptr) return 0;
  return static_cast<std::uint16_t>(size);
}
/// Whether a line closes a fence of `size` times `c`. @pre the line is whole
[[nodiscard]] inline bool closes_markdown_fence(text_view rest, char c, std::size_t size) noexcept {
  const std::size_t own = markdown_run(rest, 0, c);
  return own >= size && own != 0 && is_markdown_blank(rest.subview(own, rest.size() - own));
}

/// Whether a line is a rule across the page: three or more of one mark, and white space. @pre the line is whole
[[nodiscard]] inline bool is_markdown_rule(text_view rest) noexcept {
  const char c = rest[0];
  std::size_t count = 0;
  for (const char each : rest) {
    if (each == c) {
      ++count;
    } else if (!is_markdown_white(each)) {
      return false;
    }
  }
  return count >= 3;
}

/// Depth of the heading that a line makes of the paragraph before it; 0 if it makes none. @pre the line is whole
[[nodiscard]] inline std::uint32_t markdown_underline_depth(text_view rest) noexcept {
  if (rest.empty() || (rest[0] != '=' && rest[0] != '-')) return 0;
  const std::size_t size = markdown_run(rest, 0, rest[0]);
  if (!is_markdown_blank(rest.subview(size, rest.size() - size))) return 0;
  return rest[0] == '=' ? 1 : 2;
}

/// Bytes of the mark of the list item that begins here; 0 if none does. A paragraph is interrupted only by an item that is not empty, and
/// that has the number 1 if it has one.
[[nodiscard]] inline std::uint16_t markdown_item_mark(text_view rest, bool interrupts) noexcept {
  std::size_t size = 0;
  if (rest[0] == '-' || rest[0] == '+' || rest[0] == '*') {
    size = 1;
  } else {
    while (size < rest.size() && size < 10 && rest[size] >= '0' && rest[size] <= '9') ++size;
    if (size == 0 || size == 10 || size == rest.size() || (rest[size] != '.' && rest[size] != ')')) return 0;
    if (interrupts) {
      std::size_t digit = 0;
      while (digit + 1 < size && rest[digit] == '0') ++digit;
      if (digit + 1 != size || rest[digit] != '1') return 0;
    }
    ++size;
  }
  if (size < rest.size() && !is_markdown_white(rest[size])) return 0;
  if (interrupts && is_markdown_blank(rest.subview(size, rest.size() - size))) return 0;
  return static_cast<std::uint16_t>(size);
}

/// The block that begins behind the cursor's white space; of those that a mark begins, so neither a paragraph nor indented code.
[[nodiscard]] inline markdown_start markdown_start_at(const markdown_cursor& cursor, markdown_paragraph before) noexcept {
  using kind = markdown_start_kind;
  if (cursor.indent() >= 4 || markdown_byte_of(cursor.first()) != markdown_byte::mark) return {};
  const text_view rest = cursor.rest();
  const bool interrupts = before == markdown_paragraph::open;
  const char c = rest[0];
  switch (c) {
    case '>': return {kind::quote, 1};
    case '#': {
      const std::uint16_t depth = markdown_heading_depth(rest);
      return depth != 0 ? markdown_start{kind::heading, depth} : markdown_start{};
    }
    case '`':
    case '~': {
      const std::uint16_t size = markdown_fence_size(rest);
      return size != 0 ? markdown_start{kind::fence, size} : markdown_start{};
    }
    case '<': {
      const std::uint8_t html = markdown_html_start(rest, cursor.is_whole(), before != markdown_paragraph::none);
      return html != 0 ? markdown_start{kind::html, html} : markdown_start{};
    }
    case '-': case '+': case '*': case '_':
      if (c != '+' && cursor.is_whole() && is_markdown_rule(rest)) return {kind::rule, 0};
      if (c == '_') return {};
      break;
    default:
      if (c < '0' || c > '9') return {};
  }
  const std::uint16_t mark = markdown_item_mark(rest, interrupts);
  return mark != 0 ? markdown_start{kind::item, mark} : markdown_start{};
}

/// Cells of a line as a row of a table: a pipe at either end bounds, one behind a backslash is text.
[[nodiscard]] inline std::size_t markdown_cells(text_view rest) noexcept {
  std::size_t end = rest.size();
  while (end != 0 && is_markdown_white(rest[end - 1])) --end;
  std::size_t cells = 1;
  for (std::size_t at = rest.empty() || rest[0] != '|' ? 0 : 1; at < end; ++at) {
    if (rest[at] == '\\') {
      ++at;
    } else if (rest[at] == '|' && at + 1 != end) {
      ++cells;
    }
  }
  return cells;
}

/// Cells of the line that divides a table's head from its rows; 0 if a line is none. One without any pipe is none: it would be a heading.
/// @pre the line is whole
[[nodiscard]] inline std::size_t markdown_divider_cells(text_view rest) noexcept {
  std::size_t cells = 0;
  bool has_pipe = false;
  std::size_t at = 0;
  const auto skip = [&](char c) {
    if (at < rest.size() && rest[at] == c) {
      ++at;
      return true;
    }
    return false;
  };
  const auto skip_white = [&] {
    while (at < rest.size() && is_markdown_white(rest[at])) ++at;
  };
  if (skip('|')) has_pipe = true;
  for (;;) {
    skip_white();
    if (at == rest.size()) break;
    static_cast<void>(skip(':'));
    const std::size_t dashes = markdown_run(rest, at, '-');
    if (dashes == 0) return 0;
    at += dashes;
    static_cast<void>(skip(':'));
    skip_white();
    ++cells;
    if (!skip('|')) break;
    has_pipe = true;
  }
  return at == rest.size() && has_pipe ? cells : 0;
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_MARKDOWN_STARTS_HPP
