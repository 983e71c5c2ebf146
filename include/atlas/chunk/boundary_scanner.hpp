// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/boundary_scanner.hpp -- reads a text once and says how strong each boundary is.
//
// Room:      the kinds of characters that matter to a cut, and the automaton over them.
// Not here:  which boundary is taken (chunk/recursive_chunker.hpp); UAX #29, which a later rule will use.
// Depends:   text/utf8.hpp, chunk/chunk_view.hpp.
// Threads:   plain values.
//
// The rule, exactly (chunk_rule_version 1), so that it can be written again in another language:
//
//  1. Characters are those of text/utf8.hpp. Each has one kind:
//       line_feed U+000A; carriage_return U+000D;
//       space     U+0009 U+000B U+000C U+0020 U+0085 U+1680 U+2000..U+2006 U+2008..U+200A U+2028 U+2029 U+205F U+3000;
//       stop      U+002E;
//       mark      U+0021 U+003F U+061F U+06D4 U+0964 U+0965 U+2026 U+203C U+2047..U+2049;
//       wide_mark U+3002 U+FF01 U+FF0E U+FF1F U+FF61;
//       closer    U+0022 U+0027 U+0029 U+005D U+007D U+00BB U+2019 U+201D U+203A U+3009 U+300B U+300D U+300F
//                 U+3011 U+3015 U+FF09 U+FF3D U+FF5D U+FF63;
//       lower     U+0061..U+007A;  other: all the rest, ill-formed bytes among them.
//     White means space, line_feed or carriage_return.
//  2. A line ends behind a line_feed, and behind a carriage_return that no line_feed follows. A line is
//     blank if it holds only white characters.
//  3. The sentence state starts as `none`; each character moves it:
//       wide_mark -> wide;   mark -> wide if it was wide, else marked;   stop -> wide if it was wide, else stopped;
//       closer    -> unchanged if marked, stopped or wide, else none;
//       white     -> stopped becomes stopped_space; marked and wide become marked_space; the others stay;
//       lower, other -> none.
//  4. The boundary between character `a` and the character `b` behind it has the first level that fits:
//       no boundary  if a is a carriage_return and b a line_feed;
//       paragraph    if a line ends behind a and that line is blank;
//       line         if a line ends behind a;
//       sentence     if b is not white and the state behind a is marked_space; or stopped_space and b is not
//                    lower; or wide and b is none of closer, stop, mark, wide_mark;
//       word         if a is white and b is not;
//       character    otherwise.
//     Grapheme clusters are not looked at: a character boundary may lie inside one.
#ifndef ATLAS_CHUNK_BOUNDARY_SCANNER_HPP
#define ATLAS_CHUNK_BOUNDARY_SCANNER_HPP

#include <atlas/chunk/chunk_view.hpp>  // boundary_level
#include <atlas/text/utf8.hpp>         // decode_one

namespace atlas { inline namespace ATLAS_ABI {

/// The version of the rule above and of the one in chunk/recursive_chunker.hpp. It enters each chunk's id.
inline constexpr std::uint32_t chunk_rule_version = 1;

namespace detail {

/// What a character means to a cut; see the rule, number 1. The order makes `white` one comparison.
enum class character_kind : std::uint8_t {
  space, line_feed, carriage_return, lower, other, stop, mark, wide_mark, closer
};
[[nodiscard]] constexpr bool is_white(character_kind kind) noexcept { return kind <= character_kind::carriage_return; }

[[nodiscard]] constexpr character_kind kind_of(char32_t c) noexcept {
  using enum character_kind;
  if (c < 0x80U) {
    if (c >= U'a' && c <= U'z') return lower;
    switch (c) {
      case U'\n': return line_feed;
      case U'\r': return carriage_return;
      case U'\t': case U'\v': case U'\f': case U' ': return space;
      case U'.': return stop;
      case U'!': case U'?': return mark;
      case U'"': case U'\'': case U')': case U']': case U'}': return closer;
      default: return other;
    }
  }
  switch (c) {
    case 0x0085: case 0x1680: case 0x2028: case 0x2029: case 0x205F: case 0x3000: return space;
    case 0x061F: case 0x06D4: case 0x0964: case 0x0965: case 0x2026: case 0x203C: case 0x2047: case 0x2048:
    case 0x2049: return mark;
    case 0x3002: case 0xFF01: case 0xFF0E: case 0xFF1F: case 0xFF61: return wide_mark;
    case 0x00BB: case 0x2019: case 0x201D: case 0x203A: case 0x3009: case 0x300B: case 0x300D: case 0x300F:
    case 0x3011: case 0x3015: case 0xFF09: case 0xFF3D: case 0xFF5D: case 0xFF63: return closer;
    default: return c >= 0x2000 && c <= 0x200A && c != 0x2007 ? space : other;
  }
}

struct ascii_kinds {
  character_kind of[128] = {};
  constexpr ascii_kinds() noexcept {
    for (unsigned c = 0; c < 128; ++c) of[c] = kind_of(c);
  }
};
/// kind_of without its branches: saves a third of the time on English text.
inline constexpr ascii_kinds kinds_of_ascii;

enum class sentence_state : std::uint8_t { none, stopped, marked, wide, stopped_space, marked_space };

/// A place between two characters, with all that the automaton must know to go on from there.
struct text_mark {
  std::uint64_t byte = 0;
  std::uint64_t characters = 0;  ///< before this place
  std::uint64_t lines = 0;       ///< that ended before this place
  character_kind before = character_kind::other;  ///< of the character before; `other` at the text's start
  sentence_state sentence = sentence_state::none;
  bool line_ended = false;       ///< a line ends here
  bool ended_blank = false;      ///< ... and it is blank
  bool blank_so_far = true;      ///< the line that goes on here holds only white characters up to here
};

/// A forward reader that stands between two characters and sees the one behind.
class boundary_scanner {
 public:
  boundary_scanner(text_view text, const text_mark& from) noexcept : text_(text), here_(from) { look(); }

  [[nodiscard]] const text_mark& here() const noexcept { return here_; }
  [[nodiscard]] bool at_end() const noexcept { return here_.byte == text_.size(); }
  /// Whether the text may be cut here. The text's two ends are boundaries.
  [[nodiscard]] bool is_boundary() const noexcept {
    return here_.before != character_kind::carriage_return || next_kind_ != character_kind::line_feed;
  }
  /// The level here. @pre is_boundary()
  [[nodiscard]] boundary_level level() const noexcept {
    if (at_end()) return boundary_level::text_end;
    if (here_.line_ended) return here_.ended_blank ? boundary_level::paragraph : boundary_level::line;
    if (is_white(next_kind_)) return boundary_level::character;
    if (ends_sentence()) return boundary_level::sentence;
    return is_white(here_.before) ? boundary_level::word : boundary_level::character;
  }
  /// Steps over one character. @pre !at_end()
  void advance() noexcept {
    const character_kind kind = next_kind_;
    here_.byte += next_bytes_;
    here_.characters += 1;
    look();
    here_.sentence = moved(here_.sentence, kind);
    here_.before = kind;
    here_.line_ended = kind == character_kind::line_feed ||
                       (kind == character_kind::carriage_return && next_kind_ != character_kind::line_feed);
    if (here_.line_ended) {
      here_.lines += 1;
      here_.ended_blank = here_.blank_so_far;
      here_.blank_so_far = true;
    } else if (!is_white(kind)) {
      here_.blank_so_far = false;
    }
  }

 private:
  void look() noexcept {
    if (at_end()) {
      next_kind_ = character_kind::other;
      next_bytes_ = 0;
      return;
    }
    if (const auto byte = static_cast<unsigned char>(text_.data()[here_.byte]); byte < 0x80U) {
      next_kind_ = kinds_of_ascii.of[byte];
      next_bytes_ = 1;
      return;
    }
    const utf8_character next = decode_one(text_, here_.byte);
    next_kind_ = kind_of(next.code_point);
    next_bytes_ = next.length_bytes;
  }
  [[nodiscard]] bool ends_sentence() const noexcept {
    switch (here_.sentence) {
      case sentence_state::marked_space: return true;
      case sentence_state::stopped_space: return next_kind_ != character_kind::lower;
      case sentence_state::wide: return next_kind_ < character_kind::stop;
      default: return false;
    }
  }
  [[nodiscard]] static sentence_state moved(sentence_state state, character_kind kind) noexcept {
    using enum sentence_state;
    switch (kind) {
      case character_kind::lower:
      case character_kind::other: return none;
      case character_kind::wide_mark: return wide;
      case character_kind::mark: return state == wide ? wide : marked;
      case character_kind::stop: return state == wide ? wide : stopped;
      case character_kind::closer: return state == marked || state == stopped || state == wide ? state : none;
      default: break;
    }
    if (state == stopped) return stopped_space;
    if (state == marked || state == wide) return marked_space;
    return state;
  }

  text_view text_;
  text_mark here_;
  character_kind next_kind_ = character_kind::other;
  std::uint8_t next_bytes_ = 0;
};

}  // namespace detail
}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_BOUNDARY_SCANNER_HPP
