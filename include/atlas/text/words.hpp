// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/words.hpp -- the words of a text, for comparing texts and not for display.
//
// Room:      a forward reader of words; which code points make one.
// Not here:  UAX #29 word boundaries; stemming; case (normalise the text before).
// Depends:   text/utf8.hpp.
// Threads:   plain values.
#ifndef ATLAS_TEXT_WORDS_HPP
#define ATLAS_TEXT_WORDS_HPP

#include <atlas/text/utf8.hpp>  // decode_one

namespace atlas { inline namespace ATLAS_ABI {

/// What a code point is to a word.
enum class word_part : std::uint8_t {
  none = 0,   ///< white space, punctuation, most symbols, controls, U+FFFD: ends a word
  joins = 1,  ///< a letter, mark or digit: neighbours of this part form one word
  alone = 2,  ///< a word of its own: scripts written without spaces (Han, Hiragana, Thai, Lao, Khmer,
              ///< Myanmar), and pictographs
};

/// The part of a code point. Fixed tables of this library: it changes with no Unicode or system version.
[[nodiscard]] constexpr word_part word_part_of(char32_t c) noexcept {
  using enum word_part;
  const auto within = [c](char32_t first, char32_t last) { return c >= first && c <= last; };
  if (c < 0x80U) return within(U'a', U'z') || within(U'A', U'Z') || within(U'0', U'9') ? joins : none;
  if (c < 0x0250U) {
    if (c < 0xC0U) return c == 0xAAU || c == 0xB5U || c == 0xBAU ? joins : none;
    return c == 0xD7U || c == 0xF7U ? none : joins;
  }
  if (c < 0x0E00U) {
    const bool punctuation = c == 0x037E || c == 0x0387 || within(0x055A, 0x055F) || within(0x0589, 0x058F) ||
                             c == 0x05BE || c == 0x05C0 || c == 0x05C3 || c == 0x05C6 || within(0x05F3, 0x05F4) ||
                             within(0x0606, 0x060F) || within(0x061B, 0x061F) || within(0x066A, 0x066D) ||
                             c == 0x06D4 || within(0x0700, 0x070D) || within(0x07F7, 0x07F9) ||
                             within(0x0964, 0x0965) || c == 0x0970 || c == 0x0DF4;
    return punctuation ? none : joins;
  }
  if (c < 0x1100U) {
    if (within(0x0E4F, 0x0E5B) || c == 0x0E3F || within(0x0F01, 0x0F17) || within(0x0F3A, 0x0F3D) ||
        within(0x104A, 0x104F) || c == 0x10FB) {
      return none;
    }
    return c < 0x0F00U || within(0x1000, 0x109F) ? alone : joins;
  }
  if (c < 0x2000U) {
    if (within(0x1360, 0x1368) || c == 0x1680 || within(0x16EB, 0x16ED) || within(0x17D4, 0x17DB) ||
        within(0x1800, 0x180A)) {
      return none;
    }
    return within(0x1780, 0x17FF) ? alone : joins;
  }
  if (c < 0x2E80U) return within(0x2070, 0x209F) || within(0x2100, 0x218F) || within(0x2C00, 0x2DFF) ? joins : none;
  if (c < 0x3040U) return c < 0x2FE0U || within(0x3005, 0x3007) || within(0x3021, 0x302F) ? alone : none;
  if (c < 0x30A0U) return alone;
  if (c < 0x3400U) return c == 0x30A0 || c == 0x30FB ? none : joins;
  if (c < 0xA000U) return within(0x4DC0, 0x4DFF) ? none : alone;
  if (c < 0xE000U) return joins;
  if (c < 0xF900U) return none;  // private use
  if (c < 0xFB00U) return alone;
  if (c < 0x10000U) {
    if (within(0xFD3E, 0xFD3F) || within(0xFE10, 0xFE1F) || within(0xFE30, 0xFE6F) || c >= 0xFFE0U) return none;
    if (within(0xFF00, 0xFF65)) {
      return within(0xFF10, 0xFF19) || within(0xFF21, 0xFF3A) || within(0xFF41, 0xFF5A) ? joins : none;
    }
    return c == 0xFEFF ? none : joins;
  }
  if (c < 0x1F000U) return joins;
  if (c < 0x20000U) return within(0x1F300, 0x1FAFF) ? alone : none;
  return c < 0x40000U ? alone : none;
}

/// Reads the words of a text from its start to its end, in linear time, without allocating.
class word_reader {
 public:
  /// @param text  any bytes; an ill-formed one ends a word. Must outlive the words.
  explicit word_reader(text_view text) noexcept : text_(text) {}

  /// Writes the next word, which borrows the text and is never empty; false at the end.
  [[nodiscard]] bool next(text_view& word) noexcept {
    std::size_t begin = at_;
    while (at_ < text_.size()) {
      const utf8_character c = decode_one(text_, at_);
      const word_part part = c.well_formed ? word_part_of(c.code_point) : word_part::none;
      if (part == word_part::joins) {
        at_ += c.length_bytes;
        continue;
      }
      if (at_ > begin) break;
      at_ += c.length_bytes;
      if (part == word_part::alone) break;
      begin = at_;
    }
    if (at_ == begin) return false;
    word = text_.subview(begin, at_ - begin);
    return true;
  }

 private:
  text_view text_;
  std::size_t at_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_WORDS_HPP
