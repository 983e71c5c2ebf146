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
// one takes the time of a few words and not of the text before it. Of ".", "!" and "?" in a row only one is asked: backwards the last,
// forwards the first. A search ends without a boundary once most_stops_asked were asked, those before a letter or digit not counted.
#ifndef ATLAS_CHUNK_PROSE_BOUNDARIES_HPP
#define ATLAS_CHUNK_PROSE_BOUNDARIES_HPP

#include <atlas/chunk/boundary.hpp>            // boundary_level
#include <atlas/text/byte_search.hpp>          // byte_set, first_in, last_in
#include <atlas/text/grapheme_boundaries.hpp>  // grapheme_state
#include <atlas/text/tailored_sentences.hpp>   // tailored_sentence_state
#include <atlas/text/words.hpp>                // word_part_of

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {

/// Nothing here depends on text further ahead.
inline constexpr std::size_t prose_lookahead = 256;
/// A search for a sentence asks so many terminators at most, of which each may take 320 bytes to be read: text of nothing else could take
/// each byte 500 times. Most searches ask one or two.
inline constexpr std::size_t most_stops_asked = 16;
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

/// What the characters beside a terminator say of it, in ASCII text.
struct usual_stop {
  bool is_known = false;     ///< else tailored_sentence_state must read what is around it
  std::size_t boundary = 0;  ///< that the terminator leads to; 0: none
};
/// What the full stop at `stop` is by the word before it: known, with a boundary that the caller has to find, if that is a word of 2 to 24
/// letters and in none of the lists; known, without one, if it is a title.
[[nodiscard]] constexpr usual_stop usual_word_before(text_view text, std::size_t stop) noexcept {
  constexpr std::size_t most_letters = 24;
  constexpr std::uint64_t ones = 0x0101010101010101U;
  if (__builtin_is_constant_evaluated() || stop <= most_letters) return {};
  const auto before = load_unaligned<std::uint64_t>(text.data() + stop - 8);
  const std::uint64_t lower = before | ones * 0x20U;
  const std::uint64_t low_bits = lower & ones * 0x7FU;
  const std::uint64_t others = (~(low_bits + ones * (0x80U - 'a')) | (low_bits + ones * (0x80U - 'z' - 1U)) | before) & ones * 0x80U;
  std::size_t letters = others == 0 ? 8 : static_cast<std::size_t>(__builtin_clzll(others)) / 8;
  const bool is_short = letters <= word_filter::most_letters;
  const auto is_letter = [&](std::size_t at) { return (static_cast<unsigned char>(text.data()[at]) | 0x20U) - U'a' < 26U; };
  while (!is_short && letters <= most_letters && is_letter(stop - letters - 1)) ++letters;
  if (letters < 2 || letters > most_letters) return {};
  const std::size_t begin = stop - letters;
  const char edge = text.data()[begin - 1];
  if (edge != ' ' && edge != '\n' && edge != '"' && edge != '(') return {};
  if (!is_short || !words_before_stop.may_contain(lower >> (8 * (8 - letters)))) return {true, stop};
  std::uint32_t word = empty_word;
  for (std::size_t i = begin; i < stop; ++i) word = word_with(word, static_cast<unsigned char>(text.data()[i]));
  return {titles.contains(word), 0};
}
/// The answer of tailored_sentence_state for what is most common: a small letter behind a terminator; behind a full stop a digit, and in a
/// word a capital; else at most two closing marks, then a line end, hyphen, comma or colon, or one or two spaces and one of these, or at
/// most one mark that opens and a letter or digit.
[[nodiscard]] constexpr usual_stop usual_break_behind(text_view text, std::size_t stop) noexcept {
  const auto is_small = [](char c) { return static_cast<unsigned char>(c) - U'a' < 26U; };
  const auto is_capital = [](char c) { return static_cast<unsigned char>(c) - U'A' < 26U; };
  const auto is_digit = [](char c) { return static_cast<unsigned char>(c) - U'0' < 10U; };
  constexpr usual_stop unknown;
  constexpr usual_stop no_boundary{true, 0};
  constexpr std::size_t most_bytes = 7;  // the terminator, two marks, two spaces, a mark and a letter
  if (text.size() - stop < most_bytes) return unknown;
  const char* const at = text.data() + stop;
  if (static_cast<unsigned char>(at[0]) >= 0x80U) return unknown;
  const bool is_full_stop = at[0] == '.';
  if (is_small(at[1])) return no_boundary;
  if (is_full_stop && is_digit(at[1])) return no_boundary;
  if (is_full_stop && is_capital(at[1]) && stop != 0 && (is_small(at[-1]) || is_capital(at[-1]))) return no_boundary;
  const auto closes = [](char c) -> std::size_t { return ((c == '"') | (c == '\'') | (c == ')')) ? 1 : 0; };
  const auto goes_on = [](char c) { return c == '\n' || c == '\r' || c == '-' || c == ',' || c == ':'; };
  std::size_t i = 1 + closes(at[1]);
  i += closes(at[1]) & closes(at[2]);
  if (goes_on(at[i])) return no_boundary;
  if (at[i] != ' ') return unknown;
  i += at[i + 1] == ' ' ? 2 : 1;
  if (is_small(at[i]) || goes_on(at[i])) return no_boundary;
  const bool is_opened = at[i] == '"' || at[i] == '\'' || at[i] == '(';
  if (!is_opened && !is_capital(at[i]) && !is_digit(at[i])) return unknown;
  if (!is_full_stop) return {true, stop + i};
  if (is_opened) {
    if (is_small(at[i + 1])) return no_boundary;
    if (!is_capital(at[i + 1])) return unknown;
  }
  usual_stop usual = usual_word_before(text, stop);
  if (usual.boundary != 0) usual.boundary = stop + i;
  return usual;
}

/// Whether a character may end a sentence.
[[nodiscard]] constexpr bool is_sentence_terminator(char32_t c) noexcept {
  if (c < 0x80U) return c == U'.' || c == U'!' || c == U'?';
  const sentence_break kind = sentence_break_of(c);
  return kind == sentence_break::aterm || kind == sentence_break::sterm || c == 0x2026U;
}

/// Asks of terminators, one after the other, whether a sentence begins behind them.
class stop_reader {
 public:
  explicit constexpr stop_reader(text_view text) noexcept : text_(text) {}

  /// The sentence boundary that a terminator leads to; 0 if there is none. @pre !is_used_up()
  [[nodiscard]] constexpr std::size_t break_behind(std::size_t stop) noexcept {
    const char behind = stop + 1 < text_.size() ? text_.data()[stop + 1] : ' ';
    const bool is_inside = (static_cast<unsigned char>(behind) | 0x20U) - U'a' < 26U || static_cast<unsigned char>(behind) - U'0' < 10U;
    asked_ += is_inside ? 0 : 1;
    const usual_stop usual = usual_break_behind(text_, stop);
    return usual.is_known ? usual.boundary : read_behind(stop);
  }
  /// The same by tailored_sentence_state alone.
  [[nodiscard]] constexpr std::size_t read_behind(std::size_t stop) const noexcept {
    const std::size_t left = text_.size() - stop;
    const text_view seen = text_.subview(0, left > prose_lookahead ? character_start(text_, stop + prose_lookahead) : text_.size());
    tailored_sentence_state state;
    for (std::size_t at = three_words_before(text_, stop); at < seen.size();) {
      const std::size_t here = at;
      const boundary_step step = feed_one(state, seen, at);
      if (step.before_open && state.open_at() > stop) return static_cast<std::size_t>(state.open_at());
      if (here <= stop) continue;
      if (step.before_this) return here;
      if (!state.may_end_sentence()) return 0;
    }
    return 0;
  }
  [[nodiscard]] constexpr bool is_used_up() const noexcept { return asked_ >= most_stops_asked; }

 private:
  text_view text_;
  std::size_t asked_ = 0;
};

inline constexpr byte_set ascii_terminators(".!?");
[[nodiscard]] constexpr bool is_ascii_terminator(char c) noexcept { return c == '.' || c == '!' || c == '?'; }

/// The last terminator in [begin, end); `end` if there is none.
[[nodiscard]] constexpr std::size_t last_terminator(text_view text, std::size_t begin, std::size_t end) noexcept {
  for (std::size_t at = end; at > begin;) {
    std::size_t start = at - 1;
    if (static_cast<unsigned char>(text.data()[start]) < 0x80U) {
      start = last_in(text, begin, at, ascii_terminators);
      if (start == at) break;
      if (static_cast<unsigned char>(text.data()[start]) < 0x80U) return start;
    }
    start = character_start(text, start);
    if (start < begin) break;
    if (is_sentence_terminator(decode_one(text, start).code_point)) return start;
    at = start;
  }
  return end;
}

/// The last sentence boundary in [least, most]; 0 if there is none. @pre 0 < least <= most < text.size()
[[nodiscard]] constexpr std::size_t last_sentence_break(text_view text, std::size_t least, std::size_t most) noexcept {
  const std::size_t begin = least > most_behind_stop ? least - most_behind_stop : 0;
  stop_reader reader(text);
  for (std::size_t end = most; end > begin;) {
    const std::size_t stop = last_terminator(text, begin, end);
    if (stop == end) return 0;
    const std::size_t found = reader.break_behind(stop);
    if (found >= least && found <= most && is_cluster_break(text, found)) return found;
    if (reader.is_used_up()) return 0;
    end = stop;
    while (end > begin && is_ascii_terminator(text.data()[end - 1])) --end;  // "....."
  }
  return 0;
}

/// The first sentence boundary in [first, most]; 0 if there is none. @pre 0 < first
[[nodiscard]] constexpr std::size_t first_sentence_break(text_view text, std::size_t first, std::size_t most) noexcept {
  stop_reader reader(text);
  for (std::size_t at = character_start(text, first > most_behind_stop ? first - most_behind_stop : 0); at < most;) {
    if (static_cast<unsigned char>(text.data()[at]) < 0x80U) at = first_in(text, at, most, ascii_terminators);
    if (at >= most) break;
    const utf8_character c = decode_one(text, at);
    if (is_sentence_terminator(c.code_point)) {
      const std::size_t found = reader.break_behind(at);
      if (found >= first && found <= most && is_cluster_break(text, found)) return found;
      if (reader.is_used_up()) return 0;
    }
    at += c.length_bytes;
    if (c.code_point < 0x80U) {
      while (at < most && is_ascii_terminator(text.data()[at])) ++at;  // "....."
    }
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
inline constexpr byte_set ascii_clause_marks(",:)]}.;!?");
/// A mark of a script that puts no space behind it.
[[nodiscard]] constexpr bool is_wide_mark(char32_t c) noexcept { return (c >= 0x3001U && c <= 0x300FU) || (c >= 0xFF01U && c <= 0xFF1FU); }
[[nodiscard]] constexpr bool is_quote(char32_t c) noexcept {
  return c == U'"' || c == U'\'' || c == 0x2019U || c == 0x201DU || c == 0xBBU;
}

/// Whether the full stop at `stop` is that of a title, which begins at or behind `begin`: "Dr. Jones" stays together.
[[nodiscard]] constexpr bool is_behind_title(text_view text, std::size_t begin, std::size_t stop) noexcept {
  constexpr std::size_t most_bytes = 16;
  std::size_t first = stop;  // of letters, digits and full stops
  std::size_t start = stop;  // of the word, which begins with no full stop
  for (std::size_t at = stop; at > begin && stop - at <= most_bytes;) {
    at = character_start(text, at - 1);
    const char32_t c = decode_one(text, at).code_point;
    const bool joins = c < 0x80U ? word_part_of(c) == word_part::joins : !is_break_space(c) && clause_rank(c) == 0;
    if (!joins && c != U'.') break;
    first = at;
    if (joins) start = at;
  }
  if (start == stop || stop - first > most_bytes) return false;
  std::uint32_t word = empty_word;
  for (std::size_t at = start; at < stop;) {
    const utf8_character c = decode_one(text, at);
    word = word_with(word, c.code_point);
    at += c.length_bytes;
  }
  return titles.contains(word);
}

/// The last of the best ends of clauses in [least, most]; 0 if there is none. A clause ends behind a mark with white space and quotes behind
/// it, before a character that white space precedes, or that follows a wide mark.
[[nodiscard]] constexpr std::size_t last_clause_break(text_view text, std::size_t least, std::size_t most) noexcept {
  constexpr int most_rank = 4;
  const std::size_t begin = character_start(text, least > 16 ? least - 16 : 0);
  const std::size_t end = most < text.size() ? most + 1 : text.size();
  int best = 0;
  std::size_t found = 0;
  for (std::size_t mark = end; mark > begin && best < most_rank;) {
    const std::size_t behind = mark;
    mark = behind - 1;
    if (!ascii_clause_marks.contains(static_cast<std::uint8_t>(text[mark]))) {
      mark = last_in(text, begin, behind, ascii_clause_marks);
      if (mark == behind) break;
    }
    if (static_cast<unsigned char>(text[mark]) < 0x80U && mark + 1 < text.size()) {
      const auto next = static_cast<unsigned char>(text[mark + 1]);
      if (next < 0x80U && !is_break_space(next) && !is_quote(next)) continue;  // as in "1,000", which takes no more
    }
    mark = character_start(text, mark);
    const utf8_character one = decode_one(text, mark);
    const int rank = clause_rank(one.code_point);
    if (rank == 0) continue;
    bool is_spaced = false;
    int best_here = best + 1;
    std::size_t found_here = 0;
    for (std::size_t at = mark + one.length_bytes; at < end;) {
      const utf8_character c = decode_one(text, at);
      if (is_break_space(c.code_point)) {
        is_spaced = true;
      } else {
        const int own = clause_rank(c.code_point);
        const bool is_lower = c.code_point >= U'a' && c.code_point <= U'z';
        const int value = rank == 2 && is_lower ? most_rank : rank;  // a full stop before a small letter seldom is an abbreviation's
        const bool is_end = at >= least && (is_spaced || (is_wide_mark(one.code_point) && own == 0));
        if (is_end && value >= best_here && is_cluster_break(text, at)) {
          best_here = value;
          found_here = at;
        }
        if (own != 0 || !is_quote(c.code_point)) break;
      }
      at += c.length_bytes;
    }
    if (found_here == 0 || (rank == 2 && is_behind_title(text, begin, mark))) continue;
    best = best_here;
    found = found_here;
  }
  return found;
}

inline constexpr byte_set ascii_spaces(" \t\n\v\f\r");
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
      const std::size_t space = detail::last_in(text, least - 1, at - 1, detail::ascii_spaces);
      if (space == at - 1) break;
      at = space + 1;
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
  while (at < last) {  // of ASCII, which needs no decoding
    const auto before = static_cast<unsigned char>(text.data()[at - 1]);
    const auto behind = static_cast<unsigned char>(text.data()[at]);
    if (before >= 0x80U || behind >= 0x80U) break;
    if (before != '\r' || behind != '\n') {
      if (detail::is_break_space(before) && !detail::is_break_space(behind)) return at;
      if (cluster == last) cluster = at;
    }
    at = detail::first_in(text, at, last, detail::ascii_spaces);
    if (at < last && static_cast<unsigned char>(text.data()[at]) < 0x80U) ++at;
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
