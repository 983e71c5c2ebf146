// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/sentence_stops.hpp -- passes what ends no sentence, eight bytes or a character at a time.
//
// Room:      how many bytes are ASCII and neither a terminator nor a line end; how many are of East Asian letters.
// Not here:  what is made of it (text/sentence_boundaries.hpp, text/tailored_sentences.hpp).
// Depends:   core/bits.hpp, core/text_view.hpp.
// Threads:   pure.
#ifndef ATLAS_TEXT_SENTENCE_STOPS_HPP
#define ATLAS_TEXT_SENTENCE_STOPS_HPP

#include <atlas/core/bits.hpp>       // load_unaligned
#include <atlas/core/text_view.hpp>  // text_view

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

[[nodiscard]] constexpr bool is_sentence_stop(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80U || byte < 0x0EU || c == '.' || c == '!' || c == '?';
}

/// Bytes from `offset` on before the next that is not ASCII, is '.', '!' or '?', or is below U+000E, as line ends are; to the end of the
/// text if there is none. Cost: linear in the answer.
[[nodiscard]] constexpr std::size_t bytes_to_stop(text_view text, std::size_t offset) noexcept {
  std::size_t at = offset;
  if (at == text.size() || is_sentence_stop(text[at])) return 0;
  if (!__builtin_is_constant_evaluated()) {
    constexpr std::uint64_t ones = 0x0101010101010101U;
    constexpr std::uint64_t tops = ones * 0x80U;
    const auto zeros = [](std::uint64_t bytes) { return (bytes - ones) & ~bytes; };  // right up to the first zero byte
    for (; text.size() - at >= 8; at += 8) {
      const auto bytes = load_unaligned<std::uint64_t>(text.data() + at);
      const std::uint64_t stops = (bytes | zeros(bytes ^ ones * '.') | zeros(bytes ^ ones * '!') | zeros(bytes ^ ones * '?') |
                                   ((bytes - ones * 0x0EU) & ~bytes)) & tops;
      if (stops != 0) return at - offset + static_cast<std::size_t>(__builtin_ctzll(stops)) / 8;
    }
  }
  while (at < text.size() && !is_sentence_stop(text[at])) ++at;
  return at - offset;
}

/// Bytes from `offset` on of characters U+3041 to U+3096, U+30A1 to U+30FA, U+4000 to U+9FFF and U+AC00 to U+D7A3: kana, ideographs and
/// Hangul, which are neither terminators, line ends nor marks. Cost: linear in the answer.
[[nodiscard]] constexpr std::size_t bytes_of_syllables(text_view text, std::size_t offset) noexcept {
  std::size_t at = offset;
  for (; text.size() - at >= 3; at += 3) {
    const auto byte = [&](std::size_t index) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text.data()[at + index])); };
    if ((byte(0) & 0xF0U) != 0xE0U || (byte(1) & 0xC0U) != 0x80U || (byte(2) & 0xC0U) != 0x80U) break;
    const std::uint32_t c = (byte(0) & 0x0FU) << 12 | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU);
    if (!(c - 0x4000U <= 0x5FFFU || c - 0x3041U <= 0x55U || c - 0x30A1U <= 0x59U || c - 0xAC00U <= 0x2BA3U)) break;
  }
  return at - offset;
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_TEXT_SENTENCE_STOPS_HPP
