// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/utf8.hpp -- reading bytes as UTF-8, whatever they are.
//
// Room:      one character at a time, forwards and backwards, encoding one code point.
// Not here:  whole texts (text/utf8_validity.hpp), other encodings (text/encoding.hpp), case and normal forms (text/normalise.hpp).
// Depends:   core only.
// Threads:   every function is pure.
//
// One rule holds everywhere in this library: a character is a well-formed UTF-8 sequence (The Unicode
// Standard 15.0, table 3-7), and each byte that is part of none is a character of its own, read as
// U+FFFD. So every byte belongs to exactly one character, offsets survive, and the counts are those of
// Python's bytes.decode("utf-8", "surrogateescape").
#ifndef ATLAS_TEXT_UTF8_HPP
#define ATLAS_TEXT_UTF8_HPP

#include <atlas/core/bits.hpp>       // load_unaligned
#include <atlas/core/text_view.hpp>  // text_view

namespace atlas { inline namespace ATLAS_ABI {

/// What stands in place of a byte that is no part of a well-formed sequence.
inline constexpr char32_t replacement_character = U'\uFFFD';

/// One character of a text.
struct utf8_character {
  char32_t code_point = replacement_character;
  std::uint8_t length_bytes = 1;  ///< 1..4; 1 when not well formed
  bool well_formed = false;
};

/// The character that begins at byte `offset`.
///
/// @pre  offset < text.size()
/// Cost: constant, no allocation. Any bytes are accepted; it never reads past the text.
[[nodiscard]] constexpr utf8_character decode_one(text_view text, std::size_t offset) noexcept {
  ATLAS_ASSERT(offset < text.size());
  const char* const at = text.data() + offset;
  const std::size_t left = text.size() - offset;
  const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(at[index]); };
  const auto continues = [&](std::size_t index) { return (byte(index) & 0xC0U) == 0x80U; };
  const auto tail = [&](std::size_t index) { return static_cast<char32_t>(byte(index) & 0x3FU); };

  const unsigned char first = byte(0);
  if (first < 0x80U) return {first, 1, true};
  if (first < 0xC2U) return {};  // a continuation byte, or an overlong two-byte lead
  if (first < 0xE0U) {
    if (left < 2 || !continues(1)) return {};
    return {(static_cast<char32_t>(first & 0x1FU) << 6) | tail(1), 2, true};
  }
  if (first < 0xF0U) {
    if (left < 3 || !continues(1) || !continues(2)) return {};
    const char32_t code_point = (static_cast<char32_t>(first & 0x0FU) << 12) | (tail(1) << 6) | tail(2);
    if (code_point < 0x800U || (code_point >= 0xD800U && code_point <= 0xDFFFU)) return {};
    return {code_point, 3, true};
  }
  if (first < 0xF5U) {
    if (left < 4 || !continues(1) || !continues(2) || !continues(3)) return {};
    const char32_t code_point =
        (static_cast<char32_t>(first & 0x07U) << 18) | (tail(1) << 12) | (tail(2) << 6) | tail(3);
    if (code_point < 0x10000U || code_point > 0x10FFFFU) return {};
    return {code_point, 4, true};
  }
  return {};
}

/// Where the character begins that holds byte `offset`.
///
/// @pre  offset < text.size()
/// Cost: constant, no allocation. A lead byte stands in no other sequence, so the answer does not depend on what is before.
[[nodiscard]] constexpr std::size_t character_start(text_view text, std::size_t offset) noexcept {
  ATLAS_ASSERT(offset < text.size());
  for (std::size_t back = 0; back <= 3 && back <= offset; ++back) {
    if ((static_cast<unsigned char>(text[offset - back]) & 0xC0U) == 0x80U) continue;
    return decode_one(text, offset - back).length_bytes > back ? offset - back : offset;
  }
  return offset;
}

/// Bytes from `offset` on that are ASCII, looked at eight at a time and so a multiple of eight.
[[nodiscard]] inline std::size_t ascii_run(text_view text, std::size_t offset) noexcept {
  std::size_t at = offset;
  while (text.size() - at >= 8 &&
         (load_unaligned<std::uint64_t>(text.data() + at) & 0x8080808080808080U) == 0) {
    at += 8;
  }
  return at - offset;
}

/// Writes a code point as UTF-8.
///
/// @param code_point  a surrogate, or a value above U+10FFFF, is written as U+FFFD
/// @param out         room for 4 bytes
/// @return            bytes written, 1..4
[[nodiscard]] constexpr std::size_t encode_one(char32_t code_point, char* out) noexcept {
  if (code_point > 0x10FFFFU || (code_point >= 0xD800U && code_point <= 0xDFFFU)) code_point = replacement_character;
  const auto tail = [&](unsigned shift) { return static_cast<char>(0x80U | ((code_point >> shift) & 0x3FU)); };
  if (code_point < 0x80U) {
    out[0] = static_cast<char>(code_point);
    return 1;
  }
  if (code_point < 0x800U) {
    out[0] = static_cast<char>(0xC0U | (code_point >> 6));
    out[1] = tail(0);
    return 2;
  }
  if (code_point < 0x10000U) {
    out[0] = static_cast<char>(0xE0U | (code_point >> 12));
    out[1] = tail(6);
    out[2] = tail(0);
    return 3;
  }
  out[0] = static_cast<char>(0xF0U | (code_point >> 18));
  out[1] = tail(12);
  out[2] = tail(6);
  out[3] = tail(0);
  return 4;
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_UTF8_HPP
