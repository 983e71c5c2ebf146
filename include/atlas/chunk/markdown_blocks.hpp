// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/markdown_blocks.hpp -- reads Markdown a line or a paragraph at a time and tells what structure it finds.
//
// Room:      markdown_reader: which block each line is of, where blocks begin and end.
// Not here:  what begins at a place in a line (chunk/markdown_starts.hpp), what a chunker asks (chunk/markdown_rule.hpp).
// Depends:   chunk/structure.hpp, chunk/markdown_*.hpp.
// Threads:   used by one thread at a time.
//
// Source: CommonMark 0.31.2, its appendix "A parsing strategy"; tables as GitHub Flavored Markdown 0.29, section 4.10.
#ifndef ATLAS_CHUNK_MARKDOWN_BLOCKS_HPP
#define ATLAS_CHUNK_MARKDOWN_BLOCKS_HPP

#include <atlas/chunk/markdown_front_matter.hpp>  // markdown_front_matter
#include <atlas/chunk/markdown_starts.hpp>        // markdown_start_at
#include <atlas/chunk/markdown_state.hpp>         // markdown_state
#include <atlas/chunk/markdown_titles.hpp>        // markdown_paragraph_title
#include <atlas/chunk/structure.hpp>              // structure

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

class markdown_reader {
 public:
  /// Bytes from a line's begin on that what is told of it may depend on.
  static constexpr std::size_t window_bytes = 4096;

  /// @param found  null: the state changes, and nothing is told
  /// @param text   of which parts are read
  markdown_reader(markdown_state& state, structure* found, text_view text) noexcept : state_(state), found_(found), lines_(text.end()) {}

  /// What could not be told: errc::no_memory. The state is of no use then.
  [[nodiscard]] const status& told() const noexcept { return told_; }

  /// Reads what begins with a line.
  /// @param seen    from the line's begin on: window_bytes, or what is left of the document
  /// @param offset  of the line in the document
  /// @return        bytes that were read, at least 1: lines, or the beginning of one
  /// @pre           !state.is_in_line, !seen.empty()
  [[nodiscard]] std::size_t read(text_view seen, std::uint64_t offset) noexcept {
    seen_ = seen;
    offset_ = offset;
    return block();
  }

  /// Reads on in a line that began before.
  /// @param text    at least window_bytes, or what is left of the document
  /// @param offset  of the text in the document
  /// @return        bytes that were read, at least 1
  [[nodiscard]] std::size_t read_on(text_view text, std::uint64_t offset, bool is_last) noexcept {
    offset_ = offset;
    std::size_t end = markdown_line_end(text.data(), 0, text.size());
    const bool is_ended = end < text.size() && (is_last || end + 1 < text.size() || text[end] == '\n');
    if (!is_ended && !is_last) end = text.size() - markdown_html_end_bytes;  // no end of HTML, and no line end, is seen by half
    if (state_.leaf == markdown_leaf::html && state_.html_kind <= last_markdown_html_closed && state_.is_html_closed == 0 &&
        markdown_html_end(text, 0, end, state_.html_kind)) {
      state_.is_html_closed = 1;
    }
    if (!is_ended) return end;
    const std::size_t size = end + markdown_end_bytes(text, end);
    if (state_.is_html_closed != 0) end_leaf(size);
    state_.is_in_line = 0;
    state_.is_html_closed = 0;
    return size;
  }

  /// The document ends here.
  void finish(std::uint64_t end) noexcept {
    if (is_whole() && found_ != nullptr) found_->end_whole(end);
    state_.leaf = markdown_leaf::none;
  }

 private:
  static constexpr std::size_t most_heading_bytes = 1024;  ///< a longer paragraph is none, whatever its underline
  static constexpr std::size_t most_ahead_bytes = window_bytes - markdown_line_bytes - 2;  ///< lines that begin up to here can be read
  static_assert(most_heading_bytes + markdown_line_bytes <= most_ahead_bytes);

  // --- lines ---

  [[nodiscard]] std::size_t block() noexcept {
    const bool has_mark = offset_ == 0 && seen_.size() >= 3 && std::memcmp(seen_.data(), "\xEF\xBB\xBF", 3) == 0;
    begin_ = has_mark ? 3 : 0;
    if (offset_ == 0) {
      if (const std::size_t size = front_matter(); size != 0) return size;
    }
    // What most lines are is seen at their first byte.
    if (state_.containers.depth == 0 && !has_mark) {
      const markdown_byte first = markdown_byte_of(seen_.data()[0]);
      if (state_.leaf == markdown_leaf::none || state_.leaf == markdown_leaf::paragraph) {
        if (first == markdown_byte::text) return paragraph(lines_.at(seen_, 0), state_.leaf == markdown_leaf::none);
        if (first == markdown_byte::end) {
          state_.leaf = markdown_leaf::none;
          state_.is_behind_blank = 1;
          return markdown_end_bytes(seen_, 0);
        }
      } else if (state_.leaf == markdown_leaf::fence && first == markdown_byte::text) {
        if (state_.has_lines != 0) tell(0, boundary_level::line);
        state_.has_lines = 1;
        return take(lines_.at(seen_, 0));
      }
    }
    const markdown_line line = lines_.at(seen_, 0);
    return any_line(line);
  }

  [[nodiscard]] std::size_t any_line(const markdown_line& line) noexcept {
    markdown_cursor cursor(line, begin_);
    const std::uint8_t matched = state_.containers.match(cursor);
    const bool is_inside = matched == state_.containers.depth;
    if (state_.leaf > markdown_leaf::paragraph) {
      if (is_inside && goes_on(line, cursor)) return take(line);
      if (state_.leaf != markdown_leaf::none) end_leaf(0);
    }
    if (cursor.is_blank()) {
      state_.leaf = markdown_leaf::none;
      state_.containers.depth = matched;
      state_.containers.has_empty_item = 0;
      state_.is_behind_blank = 1;
      return line.size;
    }

    // What an item holds that begins with a blank line is not cut off from its mark.
    if (is_inside && state_.containers.has_empty_item != 0) state_.behind = heading_path::most_depth;

    // A line that may go on with a paragraph leaves all open, so what it begins is seen before anything is changed.
    markdown_paragraph before = state_.leaf != markdown_leaf::paragraph ? markdown_paragraph::none
                                : is_inside                             ? markdown_paragraph::open
                                                                        : markdown_paragraph::lazy;
    if (before == markdown_paragraph::open && state_.containers.depth != 0 && is_underline(line, cursor)) {
      state_.leaf = markdown_leaf::none;
      state_.behind = heading_path::most_depth;
      return line.size;
    }
    markdown_containers inside = state_.containers;
    inside.depth = matched;
    inside.has_empty_item = 0;
    bool has_item = false;
    markdown_start start;
    for (;;) {
      start = markdown_start_at(cursor, before);
      const bool is_item = start.kind == markdown_start_kind::item;
      if (!is_item && start.kind != markdown_start_kind::quote) break;
      if (inside.is_full()) {
        start = {};
        break;
      }
      inside.push(begin_container(cursor, start));
      before = markdown_paragraph::none;
      has_item = has_item || is_item;
      inside.has_empty_item = is_item && cursor.is_blank() ? 1 : 0;
    }
    if (before != markdown_paragraph::none && start.kind == markdown_start_kind::none) return go_on_with_paragraph(line, cursor, before);

    const bool is_tight = has_item && state_.is_behind_blank == 0 && state_.containers.has_item();
    state_.containers = inside;
    state_.leaf = markdown_leaf::none;
    return begin_leaf(line, cursor, start, is_tight ? boundary_level::line : boundary_level::paragraph);
  }

  /// Goes behind the mark of a block quote or an item. @return its width, as markdown_containers has it
  [[nodiscard]] static std::size_t begin_container(markdown_cursor& cursor, const markdown_start& start) noexcept {
    const std::size_t indent = cursor.indent();
    cursor.skip_mark(start.size);
    // More than four columns of white space are one, and the rest is code's; behind them nothing may follow.
    const std::size_t white = cursor.indent();
    const bool is_one = start.kind == markdown_start_kind::quote || cursor.is_blank() || white > 4;
    const std::size_t behind = is_one ? 1 : white;
    cursor.skip_columns(behind < white ? behind : white);
    return start.kind == markdown_start_kind::quote ? 0 : indent + start.size + behind;
  }

  /// Whether the open code, table or HTML goes on with a line of its containers; what ends with the line is ended.
  [[nodiscard]] bool goes_on(const markdown_line& line, const markdown_cursor& cursor) noexcept {
    const bool is_blank = cursor.is_blank();
    switch (state_.leaf) {
      case markdown_leaf::fence:
        if (line.is_whole && cursor.indent() < 4 && closes_markdown_fence(cursor.rest(), state_.fence_mark, state_.fence_size)) {
          end_leaf(line.size);
          return true;
        }
        // A mark is not left alone with the lines before or behind it, nor is a blank line the first of a chunk.
        if (state_.has_lines != 0 && !is_blank) tell(0, boundary_level::line);
        state_.has_lines = 1;
        return true;
      case markdown_leaf::indented_code:
        if (is_blank) return true;
        if (cursor.indent() < 4) return false;
        tell(0, boundary_level::line);
        if (line.is_whole && !code_goes_on(line.size)) end_leaf(line.size);
        return true;
      case markdown_leaf::table:
        if (is_blank || cursor.indent() >= 4 || markdown_start_at(cursor, markdown_paragraph::none).kind != markdown_start_kind::none) return false;
        if (state_.has_lines != 0) tell(0, boundary_level::line);
        state_.has_lines = 1;
        return true;
      default:
        if (is_blank && state_.html_kind > last_markdown_html_closed) return false;
        if (!is_blank) tell(0, boundary_level::line);
        if (has_html_end(line)) end_leaf(line.size);
        return true;
    }
  }

  /// Whether a whole line of HTML ends its block; of a longer one the state knows it.
  [[nodiscard]] bool has_html_end(const markdown_line& line) noexcept {
    if (state_.html_kind > last_markdown_html_closed || !markdown_html_end(seen_, 0, line.text.size(), state_.html_kind)) return false;
    if (!line.is_whole) state_.is_html_closed = 1;
    return line.is_whole;
  }

  /// Whether indented code goes on behind the line that ends at `at`, perhaps behind blank lines; those at its end are not part of it.
  [[nodiscard]] bool code_goes_on(std::size_t at) noexcept {
    while (at < seen_.size() && at <= most_ahead_bytes) {
      const markdown_line line = lines_.at(seen_, at);
      markdown_cursor cursor(line);
      if (state_.containers.match(cursor) != state_.containers.depth) return false;
      if (!cursor.is_blank()) return cursor.indent() >= 4;
      at += line.size;
    }
    return false;
  }

  // --- paragraphs ---

  [[nodiscard]] std::size_t go_on_with_paragraph(const markdown_line& line, const markdown_cursor& cursor, markdown_paragraph before) noexcept {
    if (before == markdown_paragraph::open) {
      if (state_.containers.depth == 0) return paragraph(line, false);
      if (const std::size_t divider = divider_behind(line, cursor); divider != 0) return table(line.size + divider);
    }
    state_.is_behind_blank = 0;
    return take(line);
  }

  /// Reads a paragraph outside of containers, or what can be seen of it.
  /// @param line    its first, or one that goes on with it
  /// @param is_new  no line of it was read before
  [[nodiscard]] std::size_t paragraph(markdown_line line, bool is_new) noexcept {
    std::size_t at = 0;  // the line begins here
    std::size_t end = 0;
    for (;;) {
      end = at + line.size;
      if (!line.is_whole) {
        state_.is_in_line = 1;
        break;
      }
      if (end >= seen_.size() || end > most_heading_bytes) break;
      const markdown_byte first = markdown_byte_of(seen_.data()[end]);
      if (first == markdown_byte::end) break;
      const markdown_line next = lines_.at(seen_, end);
      if (first != markdown_byte::text) {
        const markdown_cursor cursor(next);
        if (cursor.is_blank()) break;
        if (cursor.indent() < 4) {
          if (is_new && is_underline(next, cursor)) {
            const markdown_paragraph_title title(seen_.subview(begin_, end - begin_));
            if (!title.text().empty()) {
              heading(markdown_underline_depth(cursor.rest()), title.text());
              return end + next.size;
            }
          }
          if (markdown_start_at(cursor, markdown_paragraph::open).kind != markdown_start_kind::none) break;
          if (is_divider(next, cursor, markdown_cursor(line, at == 0 ? begin_ : 0))) {
            if (at == 0) return table(end + next.size);
            end = at;  // the table begins with its head, which the paragraph does not hold
            break;
          }
        }
      }
      at = end;
      line = next;
    }
    if (is_new) static_cast<void>(begin_block(boundary_level::paragraph));
    state_.leaf = markdown_leaf::paragraph;
    state_.is_behind_blank = 0;
    return end;
  }

  [[nodiscard]] static bool is_underline(const markdown_line& line, const markdown_cursor& cursor) noexcept {
    return line.is_whole && cursor.indent() < 4 && markdown_underline_depth(cursor.rest()) != 0;
  }

  /// Bytes of the line behind one, if both are the head of a table; else 0.
  [[nodiscard]] std::size_t divider_behind(const markdown_line& line, const markdown_cursor& head) noexcept {
    if (!line.is_whole || line.size >= seen_.size()) return 0;
    if (std::memchr(line.text.data(), '|', line.text.size()) == nullptr) return 0;
    const markdown_line next = lines_.at(seen_, line.size);
    markdown_cursor cursor(next);
    const bool is_inside = state_.containers.match(cursor) == state_.containers.depth;
    const bool begins = is_inside && markdown_start_at(cursor, markdown_paragraph::open).kind == markdown_start_kind::none;
    return begins && is_divider(next, cursor, head) ? next.size : 0;
  }
  [[nodiscard]] static bool is_divider(const markdown_line& line, const markdown_cursor& cursor, const markdown_cursor& head) noexcept {
    if (!line.is_whole || cursor.indent() >= 4) return false;
    const std::size_t cells = markdown_divider_cells(cursor.rest());
    return cells != 0 && cells == markdown_cells(head.rest());
  }

  // --- blocks that begin ---

  [[nodiscard]] std::size_t begin_leaf(const markdown_line& line, const markdown_cursor& cursor, const markdown_start& start,
                                       boundary_level level) noexcept {
    const bool is_outside = state_.containers.depth == 0;
    switch (start.kind) {
      case markdown_start_kind::heading:
        if (is_outside) {
          heading(start.size, markdown_heading_title(cursor.rest()));
        } else {
          static_cast<void>(begin_block(level));
          state_.behind = heading_path::most_depth;
        }
        return take(line);
      case markdown_start_kind::rule:
        static_cast<void>(begin_block(is_outside ? boundary_level::section : level));
        if (is_outside) state_.behind = markdown_behind_section;
        return take(line);
      case markdown_start_kind::fence:
        state_.fence_mark = cursor.first();
        state_.fence_size = start.size;
        begin_kept(markdown_leaf::fence, level);
        return take(line);
      case markdown_start_kind::html:
        state_.html_kind = static_cast<std::uint8_t>(start.size);
        if (state_.html_kind > last_markdown_html_closed) {
          static_cast<void>(begin_block(level));
          state_.leaf = markdown_leaf::html;
          return take(line);
        }
        begin_kept(markdown_leaf::html, level, has_html_end(line) ? line.size : 0);
        return take(line);
      default: break;
    }
    if (cursor.is_blank()) {  // behind the mark of a container
      static_cast<void>(begin_block(level));
      return take(line);
    }
    if (cursor.indent() >= 4) {
      begin_kept(markdown_leaf::indented_code, level, line.is_whole && !code_goes_on(line.size) ? line.size : 0);
      return take(line);
    }
    if (is_outside) return paragraph(line, true);
    if (const std::size_t divider = divider_behind(line, cursor); divider != 0) return table(line.size + divider, level);
    static_cast<void>(begin_block(level));
    state_.leaf = markdown_leaf::paragraph;
    return take(line);
  }

  /// @param size  of its head and the line below
  [[nodiscard]] std::size_t table(std::size_t size, boundary_level level = boundary_level::paragraph) noexcept {
    begin_kept(markdown_leaf::table, level);
    return size;
  }

  /// A heading that stands in no container divides the document. One directly behind a heading that it is below is told without a
  /// boundary, so that no heading is left without what it is the heading of.
  void heading(std::uint32_t depth, text_view title) noexcept {
    const bool is_below = state_.behind != 0 && state_.behind < depth;
    if (!is_below) tell(0, heading_level(depth));
    state_.leaf = markdown_leaf::none;
    state_.behind = static_cast<std::uint8_t>(depth);
    state_.is_behind_blank = 0;
    if (is_telling()) note(found_->add_heading(offset_, depth, title));
  }

  /// Tells where a block begins. @return whether it may: not directly behind a heading
  [[nodiscard]] bool begin_block(boundary_level level) noexcept {
    const std::uint8_t behind = state_.behind;
    state_.behind = 0;
    state_.is_behind_blank = 0;
    if (behind != 0 && behind != markdown_behind_section) return false;
    tell(0, behind == markdown_behind_section && level < boundary_level::section ? boundary_level::section : level);
    return true;
  }
  /// Begins what is kept whole. Behind a heading its boundary is a weak one, for where both together do not fit.
  /// @param end  where it ends, if that is known; else 0
  void begin_kept(markdown_leaf leaf, boundary_level level, std::size_t end = 0) noexcept {
    if (!begin_block(level)) tell(0, boundary_level::word);
    state_.leaf = leaf;
    state_.has_lines = 0;
    if (end != 0) tell(end, boundary_level::paragraph);
    // The last thing that can fail, so that it is not told twice if memory was short.
    if (is_telling()) note(found_->begin_whole(offset_));
    if (end != 0) end_leaf(end);
  }

  [[nodiscard]] bool is_whole() const noexcept {
    return state_.leaf > markdown_leaf::paragraph && (state_.leaf != markdown_leaf::html || state_.html_kind <= last_markdown_html_closed);
  }
  void end_leaf(std::size_t at) noexcept {
    if (is_whole()) {
      tell(at, boundary_level::paragraph);
      if (is_telling()) found_->end_whole(offset_ + at);
    }
    state_.leaf = markdown_leaf::none;
  }

  /// Reads front matter. @return its bytes; 0 if there is none, or more than can be seen
  [[nodiscard]] std::size_t front_matter() noexcept {
    const markdown_front_matter matter(seen_, begin_, most_ahead_bytes);
    if (matter.end == 0) return 0;
    const auto behind = [&](std::size_t at) { return markdown_front_matter::line_behind(seen_, at); };
    if (matter.data < matter.mark) {
      for (std::size_t at = behind(matter.data); at < matter.mark; at = behind(at)) tell(at, boundary_level::line);
    }
    tell(matter.end, boundary_level::section);
    if (is_telling()) note(found_->begin_whole(0));
    if (is_telling()) found_->end_whole(matter.end);
    state_.behind = markdown_behind_section;
    return matter.end;
  }

  [[nodiscard]] std::size_t take(const markdown_line& line) noexcept {
    if (!line.is_whole) state_.is_in_line = 1;
    return line.size;
  }
  /// @param at  from the line's begin on
  void tell(std::size_t at, boundary_level level) noexcept {
    if (is_telling() && offset_ + at != 0) note(found_->add(offset_ + at, level));
  }
  [[nodiscard]] bool is_telling() const noexcept { return found_ != nullptr && told_.ok(); }
  void note(const status& done) noexcept {
    if (!done.ok()) told_ = done;
  }

  markdown_state& state_;
  structure* found_;
  markdown_lines lines_;
  text_view seen_;
  std::uint64_t offset_ = 0;  ///< of what is seen
  std::size_t begin_ = 0;  ///< bytes of a byte order mark
  status told_;            ///< what could not be told
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_MARKDOWN_BLOCKS_HPP
