// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/prose_boundaries.hpp -- where running text may be cut when nothing divides it: sentences, clauses, words, graphemes.
//
// Room:      the last good boundary of a stretch, and the first.
// Not here:  what divides a text: lines, headings and the like (the rules); all sentences of a text (text/tailored_sentences.hpp).
// Depends:   text.
// Threads:   every function is pure.
//
// A sentence is looked for at terminators: tailored_sentence_state reads the three words before one (at most 64 bytes), and what is behind
// it until it is settled (at most 256). So a boundary is, but for rare numbers of items, one of the text's tailored sentences, and finding
// one takes the time of a few words and not of the text before it.
#ifndef ATLAS_CHUNK_PROSE_BOUNDARIES_HPP
#define ATLAS_CHUNK_PROSE_BOUNDARIES_HPP

#include <atlas/chunk/boundary.hpp>            // boundary_level
#include <atlas/text/grapheme_boundaries.hpp>  // grapheme_state
#include <atlas/text/sentence_stops.hpp>       // bytes_to_stop
#include <atlas/text/tailored_sentences.hpp>   // tailored_sentence_state
#include <atlas/text/words.hpp>                // word_part_of

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {

/// Nothing here depends on text further ahead.
inline constexpr std::size_t prose_lookahead = 256;
/// Between a terminator and the sentence behind it, with quotes and spaces, are no more bytes.
inline constexpr std::size_t most_behind_stop = 16;

/// White space between words: White_Space of Unicode 15.0 without the no-break spaces U+00A0, U+2007 and U+202F.
[[nodiscard]] constexpr bool is_break_space(char32_t c) noexcept {
  if (c < 0x80U) return c == U' ' || (c >= 0x09U && c <= 0x0DU);
  return c == 0x85U || c == 0x1680U || (c >= 0x2000U && c <= 0x200AU && c != 0x2007U) || c == 0x2028U || c == 0x2029U || c == 0x205FU || c == 0x3000U;
}

/// Whether a grapheme cluster may begin at an offset, if only the characters beside it are looked at; they decide where both are ASCII.
enum class cluster_break : std::uint8_t { no, yes, unknown };
[[nodiscard]] constexpr cluster_break cluster_break_at(text_view text, std::size_t offset) noexcept {
  if (offset == 0 || offset == text.size()) return cluster_break::yes;
  const auto before = static_cast<unsigned char>(text.data()[offset - 1]);
  const auto behind = static_cast<unsigned char>(text.data()[offset]);
  if (before < 0x80U && behind < 0x80U) return before == '\r' && behind == '\n' ? cluster_break::no : cluster_break::yes;
  if (before < 0x20U) return cluster_break::yes;  // behind a control, GB4
  return (behind & 0xC0U) == 0x80U && character_start(text, offset) != offset ? cluster_break::no : cluster_break::unknown;
}
[[nodiscard]] constexpr bool is_cluster_break(text_view text, std::size_t offset) noexcept {
  const cluster_break seen = cluster_break_at(text, offset);
  return seen == cluster_break::unknown ? is_boundary<grapheme_state>(text, offset) : seen == cluster_break::yes;
}

/// The last grapheme cluster boundary at or before `most`; 0 if there is none behind the start. Linear in what lies between.
[[nodiscard]] constexpr std::size_t last_cluster_break(text_view text, std::size_t most) noexcept {
  if (most >= text.size()) return text.size();
  std::size_t limit = character_start(text, most);
  if (cluster_break_at(text, limit) == cluster_break::yes) return limit;
  while (limit != 0) {
    const std::size_t anchor = anchor_before<grapheme_state>(text, limit);
    grapheme_state state;
    std::size_t last = 0;
    for (std::size_t at = anchor; at <= limit;) {
      const std::size_t here = at;
      if (feed_one(state, text, at).before_this && here > anchor) last = here;
    }
    if (last != 0) return last;
    limit = anchor;
    if (cluster_break_at(text, limit) == cluster_break::yes) return limit;
  }
  return 0;
}

/// Where to begin to read so that the three words before an offset are read whole: behind white space or a line end, or at the start; 64
/// bytes before it if there is none.
[[nodiscard]] constexpr std::size_t three_words_before(text_view text, std::size_t offset) noexcept {
  constexpr std::size_t most_bytes = 64;
  std::size_t at = offset;
  for (int words = 0; at != 0 && offset - at < most_bytes; --at) {
    const char before = text.data()[at - 1];
    if (before == '\n' || before == '\r') return at;
    if (before == ' ' && at != offset && text.data()[at] != ' ' && ++words == 3) return at;
  }
  return at == 0 ? 0 : character_start(text, at);
}

/// What sentence_break_behind says of the most common case, without the state: behind a word of four to sixteen small ASCII letters that
/// is in none of the lists, or behind a small letter and a mark, a sentence begins with a capital behind one space.
struct usual_stop {
  bool is_usual = false;
  std::size_t boundary = 0;
};
[[nodiscard]] constexpr usual_stop usual_break_behind(text_view text, std::size_t stop) noexcept {
  const auto at = [&](std::size_t offset) { return static_cast<unsigned char>(text.data()[offset]); };
  const auto is_small = [](unsigned char c) { return c - U'a' < 26U; };
  if (text.size() - stop < 3 || stop < 17) return {};
  const unsigned char mark = at(stop);
  if (mark >= 0x80U) return {};
  if (at(stop + 1) != ' ' || !(at(stop + 2) - U'A' < 26U)) return {};
  if (mark != '.') return {is_small(at(stop - 1)), stop + 2};
  std::size_t begin = stop;
  while (begin > stop - 17 && is_small(at(begin - 1))) --begin;
  if (stop - begin < 4 || stop - begin > 16 || at(begin - 1) != ' ') return {};
  std::uint32_t word = empty_word;
  for (std::size_t i = begin; i < stop; ++i) word = word_with(word, at(i));
  if (titles.contains(word) || abbreviations.contains(word) || number_words.contains(word)) return {};
  return {true, stop + 2};
}

/// The sentence boundary that a terminator at `stop` leads to, if it does; else 0.
[[nodiscard]] constexpr std::size_t sentence_break_behind(text_view text, std::size_t stop) noexcept {
  if (const usual_stop usual = usual_break_behind(text, stop); usual.is_usual) return usual.boundary;
  const std::size_t left = text.size() - stop;
  const text_view seen = text.subview(0, left > prose_lookahead ? stop + prose_lookahead : text.size());
  tailored_sentence_state state;
  for (std::size_t at = three_words_before(text, stop); at < seen.size();) {
    const std::size_t here = at;
    const boundary_step step = feed_one(state, seen, at);
    if (step.before_open && state.open_at() > stop) return static_cast<std::size_t>(state.open_at());
    if (here <= stop) continue;
    if (step.before_this) return here;
    if (!state.may_end_sentence()) return 0;
  }
  return 0;
}

/// Whether a character may end a sentence.
[[nodiscard]] constexpr bool is_sentence_terminator(char32_t c) noexcept {
  if (c < 0x80U) return c == U'.' || c == U'!' || c == U'?';
  const sentence_break kind = sentence_break_of(c);
  return kind == sentence_break::aterm || kind == sentence_break::sterm || c == 0x2026U;
}

/// The last terminator in [begin, end); `end` if there is none.
[[nodiscard]] constexpr std::size_t last_terminator(text_view text, std::size_t begin, std::size_t end) noexcept {
  for (std::size_t at = end; at > begin;) {
    if (!__builtin_is_constant_evaluated()) {
      for (; at - begin >= 8; at -= 8) {  // of ASCII that is no terminator
        const auto bytes = load_unaligned<std::uint64_t>(text.data() + at - 8);
        constexpr std::uint64_t ones = 0x0101010101010101U;
        const auto zeros = [](std::uint64_t x) { return (x - ones) & ~x; };
        const std::uint64_t stops = bytes | zeros(bytes ^ ones * '.') | zeros(bytes ^ ones * '!') | zeros(bytes ^ ones * '?');
        if ((stops & ones * 0x80U) != 0) break;
      }
      if (at == begin) break;
    }
    const std::size_t start = static_cast<unsigned char>(text.data()[at - 1]) < 0x80U ? at - 1 : character_start(text, at - 1);
    if (start < begin) break;
    if (is_sentence_terminator(decode_one(text, start).code_point)) return start;
    at = start;
  }
  return end;
}

/// The last sentence boundary in [least, most]; 0 if there is none. @pre 0 < least <= most < text.size()
[[nodiscard]] constexpr std::size_t last_sentence_break(text_view text, std::size_t least, std::size_t most) noexcept {
  const std::size_t begin = least > most_behind_stop ? least - most_behind_stop : 0;
  for (std::size_t end = most; end > begin;) {
    const std::size_t stop = last_terminator(text, begin, end);
    if (stop == end) return 0;
    const std::size_t found = sentence_break_behind(text, stop);
    if (found >= least && found <= most) return found;
    end = stop;
    while (end > begin && static_cast<unsigned char>(text.data()[end - 1]) < 0x80U && is_sentence_terminator(static_cast<unsigned char>(text.data()[end - 1]))) --end;  // "....."
  }
  return 0;
}

/// The first sentence boundary in [first, most]; 0 if there is none. @pre 0 < first
[[nodiscard]] constexpr std::size_t first_sentence_break(text_view text, std::size_t first, std::size_t most) noexcept {
  for (std::size_t at = character_start(text, first > most_behind_stop ? first - most_behind_stop : 0); at < most;) {
    at += bytes_to_stop(text.subview(0, most), at);
    if (at >= most) break;
    const utf8_character c = decode_one(text, at);
    if (is_sentence_terminator(c.code_point)) {
      const std::size_t found = sentence_break_behind(text, at);
      if (found >= first && found <= most) return found;
    }
    at += c.length_bytes;
  }
  return 0;
}

/// How well a clause ends with a character: 0 not at all, 1 comma, colon, bracket, dash, 2 full stop of an abbreviation, 3 semicolon,
/// 4 a mark that ends sentences.
[[nodiscard]] constexpr int clause_rank(char32_t c) noexcept {
  switch (c) {
    case U',': case U':': case U')': case U']': case U'}': case 0x2013: case 0x2014: case 0x060C: return 1;
    case 0x3001: case 0xFF0C: case 0xFF1A: case 0xFF09: case 0x300D: case 0x300F: return 1;
    case U'.': return 2;
    case U';': case 0x061B: case 0xFF1B: return 3;
    case U'!': case U'?': case 0x2026: case 0x061F: case 0x3002: case 0xFF01: case 0xFF1F: return 4;
    default: return 0;
  }
}
/// A mark of a script that puts no space behind it.
[[nodiscard]] constexpr bool is_wide_mark(char32_t c) noexcept { return (c >= 0x3001U && c <= 0x300FU) || (c >= 0xFF01U && c <= 0xFF1FU); }
[[nodiscard]] constexpr bool is_quote(char32_t c) noexcept {
  return c == U'"' || c == U'\'' || c == 0x2019U || c == 0x201DU || c == 0xBBU;
}

/// The last of the best ends of clauses in [least, most]; 0 if there is none.
[[nodiscard]] constexpr std::size_t last_clause_break(text_view text, std::size_t least, std::size_t most) noexcept {
  int best = 0;
  std::size_t found = 0;
  std::uint32_t word = empty_word;  // that is read, or was read last
  bool is_in_word = false;
  int rank = 0;  // of the last mark, white space and quotes behind it not counted
  bool is_spaced = false;
  bool is_wide = false;
  for (std::size_t at = character_start(text, least > 16 ? least - 16 : 0); at <= most && at < text.size();) {
    const utf8_character c = decode_one(text, at);
    const bool is_space = is_break_space(c.code_point);
    const int own = clause_rank(c.code_point);
    if (rank != 0 && !is_space && at >= least && (is_spaced || (is_wide && own == 0))) {
      const bool is_lower = c.code_point >= U'a' && c.code_point <= U'z';
      const int value = rank == 2 && is_lower ? 4 : rank;  // a full stop before a small letter seldom is an abbreviation's
      if (value >= best && is_cluster_break(text, at)) {
        best = value;
        found = at;
      }
    }
    if (is_space) {
      is_spaced = true;
    } else if (own != 0 || !is_quote(c.code_point)) {
      rank = own == 2 && is_in_word && titles.contains(word) ? 0 : own;  // "Dr. Jones" stays together
      is_wide = is_wide_mark(c.code_point);
      is_spaced = false;
    }
    const bool joins = own == 0 && !is_space && (c.code_point >= 0x80U || word_part_of(c.code_point) == word_part::joins);
    if (joins || (own == 2 && is_in_word)) {
      word = word_with(is_in_word ? word : empty_word, c.code_point);
      is_in_word = true;
    } else {
      is_in_word = false;
    }
    at += c.length_bytes;
  }
  return found;
}

/// Whether a word begins at an offset: behind white space, or at a word of a script that is written without. @pre 0 < offset < text.size()
[[nodiscard]] constexpr bool is_word_break(text_view text, std::size_t offset) noexcept {
  const std::size_t start = character_start(text, offset - 1);
  const char32_t before = decode_one(text, start).code_point;
  const char32_t behind = decode_one(text, offset).code_point;
  if (is_break_space(behind)) return false;
  if (is_break_space(before)) return true;
  return behind >= 0x80U && word_part_of(before) == word_part::alone && word_part_of(behind) == word_part::alone;
}

}  // namespace detail

/// The best place to cut running text, of the best level that there is: the last sentence, clause, word or grapheme cluster that begins
/// in [least, most].
/// @param text  from a place that was cut to `prose_lookahead` bytes behind `most`, or to where the text ends
/// @return      offset and level; an offset of 0 if not even a cluster begins there
/// @pre         0 < least <= most < text.size()
/// Cost:        a few hundred bytes if there is a sentence; else linear in what lies between, and in the length of a cluster.
[[nodiscard]] constexpr text_boundary last_prose_boundary(text_view text, std::size_t least, std::size_t most) noexcept {
  if (const std::size_t found = detail::last_sentence_break(text, least, most); found != 0) return {found, boundary_level::sentence};
  if (const std::size_t found = detail::last_clause_break(text, least, most); found != 0) return {found, boundary_level::clause};
  const std::size_t last = detail::last_cluster_break(text, most);
  if (last < least) return {};
  for (std::size_t at = last; at >= least;) {
    const auto before = static_cast<unsigned char>(text.data()[at - 1]);
    const auto behind = static_cast<unsigned char>(text.data()[at]);
    if (before < 0x80U && behind < 0x80U) {  // most text; neither character needs to be decoded
      if (detail::is_break_space(before) && !detail::is_break_space(behind)) return {at, boundary_level::word};
      --at;
      continue;
    }
    if (!detail::is_word_break(text, at)) {
      at = character_start(text, at - 1);
      continue;
    }
    if (detail::is_cluster_break(text, at)) return {at, boundary_level::word};
    at = detail::last_cluster_break(text, at);  // and not every character of a long cluster
    if (at == 0) break;
  }
  return {last, boundary_level::character};
}

/// A good place for a text that repeats the end of another to begin: the first sentence in [first, middle], else the first word in
/// [first, last), else the first grapheme cluster there; `last` if there is none.
/// @pre  0 < first <= middle <= last <= text.size()
/// Cost: the bytes to the answer, and some hundred before them.
[[nodiscard]] constexpr std::size_t first_prose_boundary(text_view text, std::size_t first, std::size_t middle, std::size_t last) noexcept {
  if (const std::size_t found = detail::first_sentence_break(text, first, middle); found != 0) return found;
  std::size_t cluster = last;
  std::size_t at = first;
  for (; at < last; ++at) {  // of ASCII, which needs no decoding
    const auto before = static_cast<unsigned char>(text.data()[at - 1]);
    const auto behind = static_cast<unsigned char>(text.data()[at]);
    if (before >= 0x80U || behind >= 0x80U) break;
    if (before == '\r' && behind == '\n') continue;
    if (detail::is_break_space(before) && !detail::is_break_space(behind)) return at;
    if (cluster == last) cluster = at;
  }
  if (at >= last) return cluster;
  const std::size_t from = at;
  const std::size_t anchor = detail::anchor_before<grapheme_state>(text, from);
  grapheme_state state;
  for (at = anchor; at < last;) {
    const std::size_t here = at;
    const bool is_break = detail::feed_one(state, text, at).before_this && here >= from && here > anchor;
    if (!is_break) continue;
    if (detail::is_word_break(text, here)) return here;
    if (cluster == last) cluster = here;
  }
  return cluster;
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_PROSE_BOUNDARIES_HPP
