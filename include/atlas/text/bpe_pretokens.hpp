// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/bpe_pretokens.hpp -- the pieces of a text that byte-pair encoders encode one by one.
//
// Room:      the published patterns of three families of encodings, written out by hand.
// Not here:  what becomes of a piece (text/bpe_encoder.hpp), the properties of characters (text/unicode_kinds.hpp).
// Depends:   text/unicode_kinds.hpp.
// Threads:   every function is pure.
//
// A published encoder splits a text with a regular expression first, and merges bytes only within what one match holds, a pre-token.
// Here each expression is a reader that goes forwards; the alternatives stand as comments beside the code that stands for them, with
//   L  \p{L}, N  \p{N}, M  \p{M}, U  [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], W  [\p{Ll}\p{Lm}\p{Lo}\p{M}].
// Every byte lies in one pre-token, so their lengths add up to the text. An expression looks ahead and never back: behind a pre-token
// the rest of a text splits as a text of its own. A text that ends where a pre-token ends splits as before, but for one thing: white
// space leaves its last character to what follows, and keeps it where nothing does.
//
// Properties are those of Unicode 15.0. The published encoders use those of the regular expression library that they were built with:
// Unicode 15.0 with Rust's regex 1.7 to 1.10, 16.0 from 1.11 on. Letters that were added after 15.0 (CJK extension I, the scripts of
// 16.0) are no letters here, and texts with them may be split otherwise. Bytes that are not UTF-8, which the published encoders do not
// take, are read as text/utf8.hpp says: each is a character of its own that is neither letter nor number nor white space.
#ifndef ATLAS_TEXT_BPE_PRETOKENS_HPP
#define ATLAS_TEXT_BPE_PRETOKENS_HPP

#include <atlas/text/unicode_kinds.hpp>  // kind_at

namespace atlas { inline namespace ATLAS_ABI {

/// Which expression splits a text.
enum class bpe_pattern : std::uint8_t {
  gpt2 = 0,    ///< gpt2, r50k_base, p50k_base, p50k_edit
  cl100k = 1,  ///< cl100k_base
  o200k = 2,   ///< o200k_base
};

/// A pre-token, by where it ends.
struct pretoken {
  std::size_t end = 0;    ///< offset behind its last byte
  std::size_t reach = 0;  ///< no byte from this offset on could change it, so if it is no more than the text's size, no longer text could
};

namespace detail {

/// A character takes up to four bytes, and an ill-formed one may be the beginning of a longer one.
inline constexpr std::size_t most_utf8_bytes = 4;

inline constexpr std::uint64_t each_byte = 0x0101010101010101U;
inline constexpr std::uint64_t each_high_bit = 0x80 * each_byte;

/// The high bit of each byte that is an ASCII letter in [first, last]; exact for each byte by itself, as no sum carries over.
[[nodiscard]] constexpr std::uint64_t bytes_within(std::uint64_t eight, std::uint64_t first, std::uint64_t last) noexcept {
  const std::uint64_t low = eight & ~each_high_bit;
  return (low + (0x80 - first) * each_byte) & ~(low + (0x7F - last) * each_byte) & ~eight & each_high_bit;
}
struct ascii_letters {
  [[nodiscard]] static constexpr std::uint64_t of(std::uint64_t eight) noexcept { return bytes_within(eight | 0x20 * each_byte, 'a', 'z'); }
  [[nodiscard]] static constexpr bool holds(unicode_kind kind) noexcept { return is_letter(kind); }
};
/// W
struct small_letters {
  [[nodiscard]] static constexpr std::uint64_t of(std::uint64_t eight) noexcept { return bytes_within(eight, 'a', 'z'); }
  [[nodiscard]] static constexpr bool holds(unicode_kind kind) noexcept {
    return kind == unicode_kind::lower || kind == unicode_kind::letter || kind == unicode_kind::mark;
  }
};

/// Behind the run of letters at an offset. Eight bytes are looked at together, so that the end of a word, which no branch predictor
/// knows, costs one wrong guess less.
template <class Letters>
[[nodiscard]] inline std::size_t run_end(text_view text, std::size_t at) noexcept {
  for (;;) {
    while (text.size() - at >= 8) {
      const std::uint64_t others = ~Letters::of(load_unaligned<std::uint64_t>(text.data() + at)) & each_high_bit;
      if (others != 0) {
        at += static_cast<std::size_t>(__builtin_ctzll(others)) / 8;
        break;
      }
      at += 8;
    }
    if (at == text.size()) return at;
    const kind_in_text c = kind_at(text, at);
    if (!Letters::holds(c.kind)) return at;
    at += c.length_bytes;
  }
}

/// Behind at most `most` numbers.
[[nodiscard]] inline std::size_t numbers_end(text_view text, std::size_t at, std::size_t most) noexcept {
  for (; most != 0 && at < text.size(); --most) {
    const kind_in_text c = kind_at(text, at);
    if (c.kind != unicode_kind::number) break;
    at += c.length_bytes;
  }
  return at;
}

[[nodiscard]] constexpr bool is_symbol(unicode_kind kind) noexcept { return kind == unicode_kind::other || kind == unicode_kind::mark; }

/// Behind [^\s L N]*
[[nodiscard]] inline std::size_t symbols_end(text_view text, std::size_t at) noexcept {
  while (at < text.size()) {
    const kind_in_text c = kind_at(text, at);
    if (!is_symbol(c.kind)) break;
    at += c.length_bytes;
  }
  return at;
}

[[nodiscard]] constexpr bool is_line_end(char c) noexcept { return c == '\n' || c == '\r'; }

/// Behind [\r\n]*, or [\r\n/]*
[[nodiscard]] inline std::size_t line_ends_end(text_view text, std::size_t at, bool with_slashes) noexcept {
  while (at < text.size() && (is_line_end(text[at]) || (with_slashes && text[at] == '/'))) ++at;
  return at;
}

/// Bytes of 's|'t|'re|'ve|'m|'ll|'d at an apostrophe; 0 if it is none of them. Without regard to case U+017F is an s as well.
[[nodiscard]] inline std::size_t contraction_bytes(text_view text, std::size_t at, bool any_case) noexcept {
  const auto letter = [&](std::size_t index) {
    if (text.size() - at <= index) return '\0';
    const char c = text[at + index];
    return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  };
  switch (letter(1)) {
    case 's': case 't': case 'm': case 'd': return 2;
    case 'r': case 'v': return letter(2) == 'e' ? 3 : 0;
    case 'l': return letter(2) == 'l' ? 3 : 0;
    case '\xC5': return any_case && letter(2) == '\xBF' ? 3 : 0;
    default: return 0;
  }
}

/// \s*[\r\n]+|\s+(?!\S)|\s+ at white space; without_lines: the last two alone.
template <bool WithLines>
[[nodiscard]] inline pretoken white_space(text_view text, std::size_t begin) noexcept {
  std::size_t end = begin;   // of the run
  std::size_t last = begin;  // where its last character begins
  std::size_t line = begin;  // behind its last line end
  while (end < text.size()) {
    const kind_in_text c = kind_at(text, end);
    if (c.kind != unicode_kind::white_space) break;
    last = end;
    end += c.length_bytes;
    if (WithLines && is_line_end(text[last])) line = end;
  }
  const std::size_t reach = end + most_utf8_bytes;
  if (line != begin) return {line, reach};
  return {end == text.size() || last == begin ? end : last, reach};
}

/// The words of o200k at `begin`, of which the first `prefix` bytes, of the kind `first`, are no part of U*W+ or U+W*:
///   [^\r\n L N]?U*W+(?i:'s|...)?|[^\r\n L N]?U+W*(?i:'s|...)?
/// An end of `begin` if there is none.
[[nodiscard]] inline pretoken cased_word(text_view text, std::size_t begin, std::size_t prefix, unicode_kind first) noexcept {
  const std::size_t word = begin + prefix;
  std::size_t at = word;
  std::size_t both = begin;  // behind the last character that is of U and of W
  // A mark may be the prefix or a part of the word. The word comes to the same, but if it would be none: the mark is one by itself.
  if (prefix != 0 && first == unicode_kind::mark) both = word;
  kind_in_text c;
  while (at < text.size()) {
    c = kind_at(text, at);
    if (c.kind < unicode_kind::mark || c.kind == unicode_kind::lower) break;
    at += c.length_bytes;
    if (c.kind != unicode_kind::upper) both = at;
  }
  std::size_t end = begin;
  if (at < text.size() && c.kind == unicode_kind::lower) {
    end = at = run_end<small_letters>(text, at + c.length_bytes);
  } else if (both != begin) {
    end = both;  // U* gives characters back until W+ has one
  } else if (at != word) {
    end = at;
  } else {
    return {begin, at + most_utf8_bytes};
  }
  if (end < text.size() && text[end] == '\'') end += contraction_bytes(text, end, true);
  return {end, (end > at ? end : at) + most_utf8_bytes};
}

template <bpe_pattern Pattern>
[[nodiscard]] inline pretoken read_pretoken(text_view text, std::size_t begin) noexcept {
  constexpr bool is_gpt2 = Pattern == bpe_pattern::gpt2;
  constexpr bool is_o200k = Pattern == bpe_pattern::o200k;
  const auto ends = [](std::size_t end) { return pretoken{end, end + most_utf8_bytes}; };

  const kind_in_text first = kind_at(text, begin);
  const std::size_t second = begin + first.length_bytes;
  const char byte = text[begin];
  if constexpr (!is_o200k) {  // 's|'t|'re|'ve|'m|'ll|'d
    if (byte == '\'') {
      if (const std::size_t bytes = contraction_bytes(text, begin, !is_gpt2); bytes != 0) return ends(begin + bytes);
    }
  }
  if constexpr (is_o200k) {  // the words, without a prefix
    if (is_letter(first.kind)) return cased_word(text, begin, 0, first.kind);
  } else {  // L+
    if (is_letter(first.kind)) return ends(run_end<ascii_letters>(text, second));
  }
  if (first.kind == unicode_kind::number) return ends(numbers_end(text, second, is_gpt2 ? ~std::size_t{0} : 2));  // N+, N{1,3}

  if (second < text.size()) {
    const kind_in_text next = kind_at(text, second);
    if constexpr (is_gpt2) {
      if (byte == ' ') {
        if (is_letter(next.kind)) return ends(run_end<ascii_letters>(text, second + next.length_bytes));             //  L+
        if (next.kind == unicode_kind::number) return ends(numbers_end(text, second + next.length_bytes, ~std::size_t{0}));  //  N+
      }
    } else if (!is_line_end(byte)) {
      if constexpr (is_o200k) {
        if (next.kind >= unicode_kind::mark || first.kind == unicode_kind::mark) {
          if (const pretoken word = cased_word(text, begin, first.length_bytes, first.kind); word.end != begin) return word;
        }
      } else {
        if (is_letter(next.kind)) return ends(run_end<ascii_letters>(text, second + next.length_bytes));  // [^\r\n L N]L+
      }
    }
    // ?[^\s L N]+ and what lines it takes along
    if (is_symbol(first.kind) || (byte == ' ' && is_symbol(next.kind))) {
      const std::size_t end = symbols_end(text, second);
      return ends(is_gpt2 ? end : line_ends_end(text, end, is_o200k));
    }
  } else if (is_symbol(first.kind)) {
    // For o200k a mark alone is a word, which is as long.
    return ends(second);
  }
  return white_space<!is_gpt2>(text, begin);
}

}  // namespace detail

/// The pre-token that begins at an offset where one ended, or the text begins.
/// @pre   begin < text.size()
/// Cost:  linear in what it looks at, which all in all is at most three times the text. English: 2 to 3 ns a byte.
template <bpe_pattern Pattern>
[[nodiscard]] inline pretoken next_pretoken(text_view text, std::size_t begin) noexcept {
  ATLAS_ASSERT(begin < text.size());
  return detail::read_pretoken<Pattern>(text, begin);
}
/// As above, for a pattern that is known only when the program runs.
[[nodiscard]] inline pretoken next_pretoken(bpe_pattern pattern, text_view text, std::size_t begin) noexcept {
  switch (pattern) {
    case bpe_pattern::gpt2: return next_pretoken<bpe_pattern::gpt2>(text, begin);
    case bpe_pattern::cl100k: return next_pretoken<bpe_pattern::cl100k>(text, begin);
    default: return next_pretoken<bpe_pattern::o200k>(text, begin);
  }
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_BPE_PRETOKENS_HPP
