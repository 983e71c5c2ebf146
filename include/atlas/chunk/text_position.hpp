// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/text_position.hpp -- a place in a document, in bytes, characters, lines and columns.
//
// Room:      text_position, and moving it over a piece of text.
// Depends:   simd, text/utf8_validity.hpp.
// Threads:   plain values.
#ifndef ATLAS_CHUNK_TEXT_POSITION_HPP
#define ATLAS_CHUNK_TEXT_POSITION_HPP

#include <atlas/text/utf8_validity.hpp>  // count_characters, kernels

namespace atlas { inline namespace ATLAS_ABI {

/// All count from 0.
struct text_position {
  std::uint64_t byte = 0;
  std::uint64_t character = 0;  ///< as text/utf8.hpp counts them
  std::uint64_t line = 0;       ///< lines that ended before; one ends behind U+000A and behind U+000D that no U+000A follows
  std::uint64_t column = 0;     ///< characters since the last line end

  /// Goes to the end of a text that begins here and ends between two characters, and not between U+000D and U+000A.
  /// @param is_ascii  each byte is known to be a character
  /// Cost: linear; two passes, or one, of some 20 GB/s and more.
  void move_over(text_view text, bool is_ascii = false) noexcept {
    if (!text.empty()) move_over(text, is_ascii, kernels().line_ends(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  }
  /// The same of a text whose line ends are known.
  void move_over(text_view text, bool is_ascii, const kernels_v1::line_count& lines) noexcept {
    const std::size_t characters = is_ascii ? text.size() : count_characters(text);
    byte += text.size();
    character += characters;
    line += lines.ends;
    if (lines.ends == 0) {
      column += characters;
    } else {
      column = is_ascii ? text.size() - lines.last : count_characters(text.subview(lines.last, text.size() - lines.last));
    }
  }
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_TEXT_POSITION_HPP
