// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/unicode_kinds.hpp -- letter, mark, number or white space: what a code point is to the patterns of tokenizers.
//
// Room:      the kinds, and the look-up in the tables of one Unicode version, 15.0.
// Not here:  the tables (text/unicode_kind_tables.hpp), the patterns (text/bpe_pretokens.hpp).
// Depends:   text/{unicode_kind_tables,utf8}.hpp.
// Threads:   every function is pure.
#ifndef ATLAS_TEXT_UNICODE_KINDS_HPP
#define ATLAS_TEXT_UNICODE_KINDS_HPP

#include <atlas/text/unicode_kind_tables.hpp>  // the tables
#include <atlas/text/utf8.hpp>                 // decode_one

namespace atlas { inline namespace ATLAS_ABI {

/// General_Category, as far as regular expressions for tokens ask for it, and White_Space. No code point is of two kinds.
/// cmake/make_unicode_kinds.py writes these numbers.
enum class unicode_kind : std::uint8_t {
  other = 0,        ///< all else: punctuation, symbols, controls, what is not assigned
  white_space = 1,  ///< White_Space: \s
  number = 2,       ///< Nd, Nl, No: \p{N}
  mark = 3,         ///< Mn, Mc, Me: \p{M}
  upper = 4,        ///< Lu, Lt
  lower = 5,        ///< Ll
  letter = 6,       ///< Lm, Lo
};

/// \p{L}
[[nodiscard]] constexpr bool is_letter(unicode_kind kind) noexcept { return kind >= unicode_kind::upper; }

/// The kind of a code point.
/// @param c  any value; a surrogate, or what is above U+10FFFF, is `other`
/// Cost: three loads.
[[nodiscard]] constexpr unicode_kind unicode_kind_of(char32_t c) noexcept {
  if (c > 0x10FFFFU) return unicode_kind::other;
  const std::size_t page = detail::kind_page_of[c >> 9];
  const std::size_t row = detail::kind_row_of[page << 5 | (c >> 4 & 0x1FU)];
  return static_cast<unicode_kind>(detail::kind_numbers[row << 4 | (c & 0xFU)]);
}

namespace detail {

/// The kinds of ASCII, one load away.
struct ascii_unicode_kinds {
  unicode_kind of[128] = {};
  constexpr ascii_unicode_kinds() noexcept {
    for (char32_t c = 0; c < 128; ++c) of[c] = unicode_kind_of(c);
  }
};
inline constexpr ascii_unicode_kinds unicode_kinds_of_ascii;

}  // namespace detail

/// A character's kind and its bytes.
struct kind_in_text {
  unicode_kind kind = unicode_kind::other;
  std::uint8_t length_bytes = 1;
};

/// The kind of the character at an offset; an ill-formed byte is one character of the kind `other`, as U+FFFD. @pre at < text.size()
[[nodiscard]] constexpr kind_in_text kind_at(text_view text, std::size_t at) noexcept {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80U) return {detail::unicode_kinds_of_ascii.of[byte], 1};
  const utf8_character c = decode_one(text, at);
  return {unicode_kind_of(c.code_point), c.length_bytes};
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_UNICODE_KINDS_HPP
