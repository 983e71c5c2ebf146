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
#include <atlas/simd/kernel_table.hpp>       // kernels

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {

/// Bytes 09 to 0D and 20.
[[nodiscard]] constexpr bool is_white(char c) noexcept {
  constexpr std::uint64_t white = std::uint64_t{1} << 0x20 | std::uint64_t{0x1F} << 0x09;
  const auto byte = static_cast<unsigned char>(c);
  return ((white >> (byte & 63U)) & (byte < 64U ? 1U : 0U)) != 0;
}
/// Whether bytes are white space.
[[nodiscard]] constexpr bool is_blank(const char* bytes, std::size_t size) noexcept {
  while (size != 0 && is_white(bytes[size - 1])) --size;
  return size == 0;
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
  [[nodiscard]] static constexpr bool tells_lines() noexcept { return true; }

  [[nodiscard]] result<std::uint64_t> scan(state_type& state, const document_part& part, std::uint64_t from, structure& found) const noexcept {
    const text_view text = part.text;
    auto at = static_cast<std::size_t>(from - part.begin);
    std::size_t end = text.size();
    if (!part.is_last && end > at && text[end - 1] == '\r') --end;  // whose next byte is not here yet
    while (at < end) {
      std::size_t size = end - at < piece_bytes ? end - at : piece_bytes;
      if (size < end - at && text[at + size - 1] == '\r') --size;
      std::uint16_t ends[piece_bytes + 2];
      const std::size_t count = kernels().line_end_offsets(reinterpret_cast<const std::uint8_t*>(text.data()) + at, size, ends);
      std::size_t line = at;
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t line_end = at + ends[i];
        bool has_text = (state.has_text != 0) | !detail::is_white(text.data()[line]);  // lines and blank ones alternate: no branch is taken by that
        if (!has_text && line_end - line > 2) has_text = !detail::is_blank(text.data() + line, line_end - line);
        const boundary_level level = levels[has_text ? 0U : 1U + (state.blank_lines != 0 ? 1U : 0U)];
        state.blank_lines = has_text ? 0 : state.blank_lines == 0 ? 1 : 2;
        state.has_text = 0;
        if (status added = found.add(part.begin + line_end, level); !added.ok()) return added.error();
        line = line_end;
      }
      at += size;
      if (state.has_text == 0 && !detail::is_blank(text.data() + line, at - line)) state.has_text = 1;
    }
    return part.begin + at;
  }
  [[nodiscard]] text_boundary last_within(text_view text, std::size_t least, std::size_t most) const noexcept {
    return last_prose_boundary(text, least, most);
  }
  [[nodiscard]] std::size_t first_within(text_view text, std::size_t first, std::size_t middle, std::size_t last) const noexcept {
    return first_prose_boundary(text, first, middle, last);
  }

 private:
  static constexpr std::size_t piece_bytes = 1024;  ///< whose line ends are looked for at once
  static constexpr boundary_level levels[] = {boundary_level::line, boundary_level::paragraph, boundary_level::section};
};
static_assert(chunk_rule<plain_text_rule>);

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_PLAIN_TEXT_RULE_HPP
