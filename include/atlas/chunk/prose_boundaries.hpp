// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/prose_boundaries.hpp -- where running text may be cut when nothing divides it: sentences, clauses, words, graphemes.
//
// Room:      the last good boundary of a stretch, and the first.
// Not here:  what divides a text: lines, headings and the like (the rules); all sentences of a text (text/tailored_sentences.hpp).
// Depends:   text.
// Threads:   every function is pure.
//
// A sentence is looked for backwards, a stretch of 224 bytes at a time, each read by tailored_sentence_state from its start; what is
// found in the first 32 bytes of a stretch does not count, as the words before it are not known. So a boundary is, but for rare numbers
// of items, one of the text's tailored sentences, and finding one takes the time of one stretch and not of the text before it.
#ifndef ATLAS_CHUNK_PROSE_BOUNDARIES_HPP
#define ATLAS_CHUNK_PROSE_BOUNDARIES_HPP

#include <atlas/chunk/boundary.hpp>            // boundary_level
#include <atlas/text/grapheme_boundaries.hpp>  // grapheme_state
#include <atlas/text/tailored_sentences.hpp>   // tailored_sentence_state
#include <atlas/text/words.hpp>                // word_part_of

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {

/// Nothing here depends on text further ahead.
inline constexpr std::size_t prose_lookahead = 256;

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

/// Where to begin to read so that a word begins there: behind the first white space of the next 32 bytes, else at a character.
[[nodiscard]] constexpr std::size_t begin_of_stretch(text_view text, std::size_t begin) noexcept {
  if (begin == 0) return 0;
  for (std::size_t at = begin; at < begin + 32 && at < text.size(); ++at) {
    if (text[at] == ' ') return at + 1;
  }
  return begin < text.size() ? character_start(text, begin) : begin;
}

/// The last sentence boundary in [least, most]; 0 if there is none. @pre 0 < least <= most < text.size()
[[nodiscard]] constexpr std::size_t last_sentence_break(text_view text, std::size_t least, std::size_t most) noexcept {
  constexpr std::size_t stretch = 224;
  constexpr std::size_t unknown = 32;
  const text_view seen = text.subview(0, text.size() - most > prose_lookahead ? most + prose_lookahead : text.size());
  for (std::size_t end = most;;) {
    const std::size_t begin = begin_of_stretch(text, end > stretch ? end - stretch : 0);
    std::size_t from = begin == 0 ? 1 : begin + unknown;
    if (from < least) from = least;
    tailored_sentence_state state;
    std::size_t last = 0;
    std::size_t at = begin;
    for (;;) {
      skip_ahead(state, seen, at);
      if (at == seen.size()) break;
      const std::size_t here = at;
      const boundary_step step = feed_one(state, seen, at);
      const std::uint64_t opened = state.open_at();
      if (step.before_open && opened >= from && opened <= end) last = static_cast<std::size_t>(opened);
      if (step.before_this && here >= from && here <= end) last = here;
      if (here > end && !(state.is_open() && opened <= end)) break;
    }
    if (last != 0) return last;
    if (from == least || begin == 0) return 0;
    end = begin + unknown;
  }
}

/// The first sentence boundary in [first, most]; 0 if there is none. @pre 0 < first
[[nodiscard]] constexpr std::size_t first_sentence_break(text_view text, std::size_t first, std::size_t most) noexcept {
  constexpr std::size_t before = 80;
  const text_view seen = text.subview(0, text.size() - most > prose_lookahead ? most + prose_lookahead : text.size());
  tailored_sentence_state state;
  std::size_t at = begin_of_stretch(text, first > before ? first - before : 0);
  for (;;) {
    skip_ahead(state, seen, at);
    if (at >= seen.size()) return 0;
    const std::size_t here = at;
    const boundary_step step = feed_one(state, seen, at);
    const std::uint64_t opened = state.open_at();
    if (step.before_open && opened >= first && opened <= most) return static_cast<std::size_t>(opened);
    if (here > most && !(state.is_open() && opened <= most)) return 0;
    if (step.before_this && here >= first && here <= most) return here;
  }
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
  int rank = 0;  // of the last mark, white space and quotes behind it not counted
  bool is_spaced = false;
  bool is_wide = false;
  for (std::size_t at = character_start(text, least > 8 ? least - 8 : 0); at <= most && at < text.size();) {
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
      rank = own;
      is_wide = is_wide_mark(c.code_point);
      is_spaced = false;
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
  for (std::size_t at = last; at >= least; at = character_start(text, at - 1)) {
    if (detail::is_word_break(text, at) && detail::is_cluster_break(text, at)) return {at, boundary_level::word};
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
  for (std::size_t at = first; at < last; at += decode_one(text, at).length_bytes) {
    if (character_start(text, at) != at || !detail::is_cluster_break(text, at)) continue;
    if (detail::is_word_break(text, at)) return at;
    if (cluster == last) cluster = at;
  }
  return cluster;
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_PROSE_BOUNDARIES_HPP
