// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/break_properties_of.hpp -- the break properties of a code point.
//
// Room:      the look-up in the tables of one Unicode version, `unicode_version`, which changes with ATLAS and not with
//            the system.
// Not here:  the tables (text/unicode_tables.hpp), the rules (text/*_boundaries.hpp).
// Depends:   text/unicode_tables.hpp.
// Threads:   every function is pure.
#ifndef ATLAS_TEXT_BREAK_PROPERTIES_OF_HPP
#define ATLAS_TEXT_BREAK_PROPERTIES_OF_HPP

#include <atlas/text/unicode_tables.hpp>  // unicode_version, the tables

namespace atlas { inline namespace ATLAS_ABI {

/// The break properties of a code point.
///
/// @param c  any value; a surrogate, or what is above U+10FFFF, is Other in everything, as is U+FFFD, which stands for an
///           ill-formed byte (text/utf8.hpp)
/// Cost: two loads for ASCII, else four.
[[nodiscard]] constexpr break_properties break_properties_of(char32_t c) noexcept {
  if (c < 0x80U) return detail::unicode_classes[detail::unicode_class_of[c]];
  if (c > 0x10FFFFU) return {};
  const std::size_t page = detail::unicode_page_of[c >> 9];
  const std::size_t row = detail::unicode_row_of[page << 5 | (c >> 4 & 0x1FU)];
  return detail::unicode_classes[detail::unicode_class_of[row << 4 | (c & 0xFU)]];
}

[[nodiscard]] constexpr grapheme_break grapheme_break_of(char32_t c) noexcept { return break_properties_of(c).grapheme; }
[[nodiscard]] constexpr word_break word_break_of(char32_t c) noexcept { return break_properties_of(c).word; }
[[nodiscard]] constexpr sentence_break sentence_break_of(char32_t c) noexcept { return break_properties_of(c).sentence; }

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_BREAK_PROPERTIES_OF_HPP
