// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/plain_text_rule.hpp -- text of any kind: paragraphs, lines, sentences, clauses, words.
//
// Room:      what a blank line is, and the level of each line end.
// Not here:  boundaries inside of lines (chunk/prose_boundaries.hpp), documents with markup (chunk/markdown_rule.hpp, chunk/html_rule.hpp).
// Depends:   chunk/chunk_rule.hpp, chunk/prose_boundaries.hpp.
// Threads:   a plain value; const functions are pure but for what they are given.
//
// The rule, exactly: a line ends behind U+000A, and behind U+000D that no U+000A follows. A line is blank if it holds nothing but bytes
// 09, 0B, 0C and 20 before its end. Behind the end of a line the level is `line`; behind a blank line `paragraph`; behind a blank line that
// follows another one `section`.
#ifndef ATLAS_CHUNK_PLAIN_TEXT_RULE_HPP
#define ATLAS_CHUNK_PLAIN_TEXT_RULE_HPP

#include <atlas/chunk/chunk_rule.hpp>        // chunk_rule, document_part
#include <atlas/chunk/prose_boundaries.hpp>  // last_prose_boundary

#include <cstring>  // std::memchr

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {

/// Where the line ends that `at` lies in: behind its line end, text.size() if it has none.
/// @param is_last  nothing follows the text; else a carriage return that ends it may be half of a line end, and is none yet
[[nodiscard]] inline std::size_t line_end_behind(text_view text, std::size_t at, bool is_last, bool& is_ended) noexcept {
  constexpr std::size_t window = 4096;  // so that a line feed far away is not looked for behind each carriage return
  is_ended = true;
  for (std::size_t first = at; first < text.size(); first += window) {
    const char* const begin = text.data() + first;
    const std::size_t size = text.size() - first < window ? text.size() - first : window;
    const void* const feed = std::memchr(begin, '\n', size);
    const std::size_t line = feed == nullptr ? size : static_cast<std::size_t>(static_cast<const char*>(feed) - begin);
    const void* const back = line == 0 ? nullptr : std::memchr(begin, '\r', line);
    if (back != nullptr) {
      const std::size_t end = first + static_cast<std::size_t>(static_cast<const char*>(back) - begin) + 1;
      if (end < text.size()) return text[end] == '\n' ? end + 1 : end;
      if (is_last) return end;
      is_ended = false;
      return end - 1;
    }
    if (feed != nullptr) return first + line + 1;
  }
  is_ended = false;
  return text.size();
}

/// Whether bytes are white space that ends no line.
[[nodiscard]] inline bool is_blank(const char* bytes, std::size_t size) noexcept {
  for (std::size_t i = 0; i < size; ++i) {
    const char c = bytes[i];
    if (c != ' ' && c != '\t' && c != '\v' && c != '\f' && c != '\r' && c != '\n') return false;
  }
  return true;
}

}  // namespace detail

class plain_text_rule {
 public:
  struct state_type {
    std::uint8_t has_text = 0;     ///< the line that is read holds more than white space
    std::uint8_t blank_lines = 0;  ///< before it, counted up to 2
  };
  [[nodiscard]] static constexpr std::uint32_t version() noexcept { return 0xA0001; }
  [[nodiscard]] static constexpr std::size_t lookahead() noexcept { return 2; }

  [[nodiscard]] result<std::uint64_t> scan(state_type& state, const document_part& part, std::uint64_t from, structure& found) const noexcept {
    const text_view text = part.text;
    auto at = static_cast<std::size_t>(from - part.begin);
    while (at < text.size()) {
      bool is_ended = false;
      const std::size_t end = detail::line_end_behind(text, at, part.is_last, is_ended);
      if (state.has_text == 0 && !detail::is_blank(text.data() + at, end - at)) state.has_text = 1;
      const bool stands_still = end == at;
      at = end;
      if (!is_ended) {
        if (stands_still || at < text.size()) break;  // at a carriage return, whose next byte is not here yet
        continue;
      }
      const boundary_level level = state.has_text != 0         ? boundary_level::line
                                   : state.blank_lines != 0 ? boundary_level::section
                                                            : boundary_level::paragraph;
      state.blank_lines = state.has_text != 0 ? 0 : state.blank_lines == 0 ? 1 : 2;
      state.has_text = 0;
      if (status added = found.add(part.begin + at, level); !added.ok()) return added.error();
    }
    return part.begin + at;
  }
  [[nodiscard]] text_boundary last_within(text_view text, std::size_t least, std::size_t most) const noexcept {
    return last_prose_boundary(text, least, most);
  }
  [[nodiscard]] std::size_t first_within(text_view text, std::size_t first, std::size_t middle, std::size_t last) const noexcept {
    return first_prose_boundary(text, first, middle, last);
  }
};
static_assert(chunk_rule<plain_text_rule>);

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_PLAIN_TEXT_RULE_HPP
