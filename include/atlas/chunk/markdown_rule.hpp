// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/markdown_rule.hpp -- Markdown: headings, blocks, code and tables that stay whole.
//
// Room:      what of a document's blocks is a boundary, and how strong.
// Not here:  how blocks are read (chunk/markdown_blocks.hpp), boundaries inside of paragraphs (chunk/prose_boundaries.hpp).
// Depends:   chunk/chunk_rule.hpp, chunk/{markdown_blocks,prose_boundaries}.hpp.
// Threads:   a plain value; const functions are pure but for what they are given.
#ifndef ATLAS_CHUNK_MARKDOWN_RULE_HPP
#define ATLAS_CHUNK_MARKDOWN_RULE_HPP

#include <atlas/chunk/chunk_rule.hpp>        // chunk_rule, document_part
#include <atlas/chunk/markdown_blocks.hpp>   // markdown_reader
#include <atlas/chunk/prose_boundaries.hpp>  // last_prose_boundary

namespace atlas { inline namespace ATLAS_ABI {

/// Blocks as CommonMark 0.31.2 has them, and the tables of GitHub Flavored Markdown. Any bytes are Markdown.
///
/// Boundaries, all of them where a line begins or behind the last:
///   heading_1 to heading_6  before a heading that stands in no block quote and no item, and which enters the heading path. There is none
///                           behind it, nor before a heading directly behind one that it is below. The title is the source's text, lines
///                           joined by one space
///   section                 before and behind a rule across the page; behind front matter
///   paragraph               between two blocks, however deep they stand; before the first item of a list in no other, and one behind a blank line
///   line                    before any other item; between the rows of a table; before a line of code or HTML that is not blank, but not
///                           beside the marks of a fence
///   word                    between a heading, or the mark of an empty item, and what stays whole directly behind it
/// Stays whole: a fence, indented code, a table, HTML of the kinds 1 to 5 (scripts, comments and the like), front matter; each with its
/// marks, from the begin of a line to the end of one.
/// A line end inside of a paragraph is no boundary: sentences, clauses and words are, as in plain text.
///
/// Front matter lies between "---" and "---" or "...", or between "+++" and "+++", at the very beginning; no blank line follows its first
/// mark, and its last one begins in the first 3,070 bytes. A byte order mark counts for nothing.
///
/// Bounds, beyond which a document is read otherwise than the standard says: blocks lie 32 deep, what is deeper is text; an underlined
/// paragraph of more than 1,024 bytes is no heading; what a line is depends on its first 1,024 bytes, and a longer one is no rule, no
/// closing fence, no part of a table's head; blank lines of more than 3,070 bytes end indented code; link definitions of one line only
/// are known, and matter only before a heading's underline.
///
/// Cost: each byte is looked at a bounded number of times. Source of the bounds: a chunker waits for 4,352 bytes anyway, which is more
/// than all of them take.
class markdown_rule {
 public:
  using state_type = detail::markdown_state;
  [[nodiscard]] static constexpr std::uint32_t version() noexcept { return 0x60001; }
  [[nodiscard]] static constexpr std::size_t lookahead() noexcept { return detail::markdown_reader::window_bytes; }

  [[nodiscard]] result<std::uint64_t> scan(state_type& state, const document_part& part, std::uint64_t from, structure& found) const noexcept {
    const std::uint64_t end = part.begin + part.text.size();
    state.mend();
    if (state.read < from || state.read > end) state.read = from;
    const state_type before = state;
    detail::markdown_reader reader(state, &found, part.text);
    if (!read(reader, state, part, end)) {
      // To be tried again from the line that failed: what the lines before it said was told.
      const std::uint64_t failed = state.read;
      state = before;
      detail::markdown_reader silent(state, nullptr, part.text);
      static_cast<void>(read(silent, state, part, failed));
      return reader.told().error();
    }
    if (part.is_last) {
      reader.finish(end);
      return end;
    }
    state.settle();
    // Whether a boundary stands before the line that begins there is not known.
    return state.read > from ? state.read - 1 : from;
  }
  [[nodiscard]] text_boundary last_within(text_view text, std::size_t least, std::size_t most) const noexcept {
    return last_prose_boundary(text, least, most);
  }
  [[nodiscard]] std::size_t first_within(text_view text, std::size_t first, std::size_t middle, std::size_t last) const noexcept {
    return first_prose_boundary(text, first, middle, last);
  }

 private:
  /// Reads up to where not all bytes are there that a line may depend on, and at most to `until`. @return false if something was not told
  [[nodiscard]] static bool read(detail::markdown_reader& reader, state_type& state, const document_part& part, std::uint64_t until) noexcept {
    const text_view text = part.text;
    const std::size_t ready = part.is_last ? text.size() : text.size() < lookahead() ? 0 : text.size() - lookahead() + 1;
    const auto wanted = static_cast<std::size_t>(until - part.begin);
    const std::size_t stop = wanted < ready ? wanted : ready;
    for (auto at = static_cast<std::size_t>(state.read - part.begin); at < stop;) {
      const std::size_t left = text.size() - at;
      const std::size_t size = state.is_in_line != 0 ? reader.read_on(text.subview(at, left), state.read, part.is_last)
                                                     : reader.read(text.subview(at, left < lookahead() ? left : lookahead()), state.read);
      if (!reader.told().ok()) return false;
      at += size;
      state.read = part.begin + at;
    }
    return true;
  }
};
static_assert(chunk_rule<markdown_rule>);

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_MARKDOWN_RULE_HPP
