// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/html_rule.hpp -- HTML: blocks, headings and their path, tables and lists, sentences between tags.
//
// Room:      a rule that leaves the source as it is: offsets are those of the document, and no chunk begins or ends inside of a tag.
// Not here:  the automaton (chunk/html_reader.hpp), elements (chunk/html_tags.hpp), running text (chunk/html_text.hpp).
// Depends:   chunk/{chunk_rule,html_reader,html_text}.hpp.
// Threads:   a plain value; const functions are pure but for what they are given.
//
// The rule, exactly:
//
//  1. Tags, comments and declarations are told from text as the HTML standard's tokenizer does: names in any case, quotes of attributes,
//     a less-than sign that begins nothing, the text of script, style, textarea, title, xmp, iframe, noembed and noframes, which has no tags
//     but the end tag of its own. Scripts are taken to be off. CDATA sections end at ]]> anywhere. What never ends, ends with the document.
//  2. A gap is what lies between two things that are shown: white space, tags, comments. Text is shown, so are images, controls and the text
//     of scripts. Its place is behind the last end tag, br or hr in it and the white space that follows, before the start tags and comments
//     behind that. Its level is the strongest of these: the outermost element that ends in it, the outermost that begins, any heading, section
//     or line end; no block, no boundary. Elements of a line that hold no text count as start tags.
//     What begins more than 1,024 bytes behind a place counts for the next one.
//  3. Levels: h1 to h6 their own, at their begin. section, article, main, aside, nav, header, footer, body and hr: `section`. p, div, ul, ol,
//     dl, table, blockquote, pre, form, figure, details, script and others: `paragraph`. li, dt, dd, tr, caption, option, br and others:
//     `line`. td, th: `clause`. Behind a heading at most `sentence`, so that it stays with what follows, unless that is a heading.
//  4. A heading's title is its text without tags, white space made one space, references resolved, as far as 2,048 bytes of source.
//  5. pre, script, style, textarea and the like stay whole if they fit into a chunk by themselves. Line ends inside are `line`, empty lines
//     `paragraph`.
//  6. Where there is no such boundary: the last sentence, clause or word of the text between tags. Start tags stay with what follows, end
//     tags with what stands before. References are one character. A tag that alone is larger than a chunk is cut as any text.
#ifndef ATLAS_CHUNK_HTML_RULE_HPP
#define ATLAS_CHUNK_HTML_RULE_HPP

#include <atlas/chunk/html_reader.hpp>  // html_reader
#include <atlas/chunk/html_text.hpp>    // last_html_boundary, first_html_boundary

namespace atlas { inline namespace ATLAS_ABI {

class html_rule {
 public:
  using state_type = detail::html_state;
  [[nodiscard]] static constexpr std::uint32_t version() noexcept { return 0x70001; }
  [[nodiscard]] static constexpr std::size_t lookahead() noexcept { return detail::html_reader::heading_sight + 128; }

  /// Cost: linear, whatever the bytes: 440 to 680 MB/s of manuals on one core of a loaded machine (Xeon, g++ 12 -O3).
  [[nodiscard]] result<std::uint64_t> scan(state_type& state, const document_part& part, std::uint64_t from, structure& found) const noexcept {
    const std::uint64_t end = part.begin + part.text.size();
    if (state.read < from) state.read = from;
    if (state.read <= end) {
      detail::html_reader reader(state, part, found);
      if (status read = reader.run(); !read.ok()) return read.error();
    }
    if (part.is_last) return end;
    // Whether there is a boundary at a gap is known behind it.
    const std::uint64_t open = state.gap != detail::html_state::nowhere ? state.gap : state.read;
    const std::uint64_t known = open != 0 ? open - 1 : 0;
    return known < from ? from : known < end ? known : end;
  }
  [[nodiscard]] text_boundary last_within(text_view text, std::size_t least, std::size_t most) const noexcept {
    return detail::last_html_boundary(text, least, most);
  }
  [[nodiscard]] std::size_t first_within(text_view text, std::size_t first, std::size_t middle, std::size_t last) const noexcept {
    return detail::first_html_boundary(text, first, middle, last);
  }
};
static_assert(chunk_rule<html_rule>);

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_HTML_RULE_HPP
