// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/sentence_boundaries.hpp -- sentence boundaries as the standard has them.
//
// Room:      UAX #29 section 5.1, rules SB1 to SB998 of Unicode 15.0, exactly. It knows no abbreviations: "Mr. Smith" are
//            two sentences. Segments hold the spaces that follow a sentence; a line end ends one.
// Not here:  how a text is cut by them (text/segments.hpp, of which the aliases below are made).
// Depends:   text/break_properties_of.hpp, text/segments.hpp, text/sentence_stops.hpp.
// Threads:   plain values.
#ifndef ATLAS_TEXT_SENTENCE_BOUNDARIES_HPP
#define ATLAS_TEXT_SENTENCE_BOUNDARIES_HPP

#include <atlas/text/break_properties_of.hpp>  // sentence_break_of
#include <atlas/text/segments.hpp>             // boundary_step, segment_reader
#include <atlas/text/sentence_stops.hpp>       // bytes_to_stop, bytes_of_syllables

namespace atlas { inline namespace ATLAS_ABI {

/// Finds sentence boundaries in characters that are fed to it: a state as text/segments.hpp says, 16 bytes.
///
/// Whether a full stop ends a sentence may depend on the first letter, line end or terminator that follows, however far that is
/// (rule SB8: "etc. (12) and"). The position is left open until it comes. No other boundary can lie between.
class sentence_state {
 public:
  [[nodiscard]] constexpr boundary_step feed(char32_t c, std::uint64_t offset) noexcept {
    return feed(sentence_break_of(c), offset);
  }
  [[nodiscard]] constexpr bool is_open() const noexcept { return open_ != 0; }
  [[nodiscard]] constexpr std::uint64_t open_at() const noexcept { return open_at_; }
  [[nodiscard]] constexpr bool finish() const noexcept { return is_open(); }

  /// Forgets where a position was open and what the last terminator was, if they are done with.
  constexpr void settle() noexcept {
    if (open_ == 0) open_at_ = 0;
    if (ending_ != ending::none) return;
    terminator_ = sentence_break::aterm;
    after_case_ = 0;
  }

  [[nodiscard]] static constexpr bool is_anchor(char32_t c) noexcept {
    using enum sentence_break;
    const sentence_break one = sentence_break_of(c);
    return one != aterm && one != close && one != sp && one != extend && one != format;
  }

  /// Inside a sentence, where nothing is open, only terminators and line ends matter, and the letter that stands before one.
  [[nodiscard]] constexpr std::size_t skip(text_view text, std::size_t offset) noexcept {
    using enum sentence_break;
    if (at_start_ != 0 || open_ != 0 || ending_ != ending::none || is_line_end(base_)) return 0;
    std::size_t at = offset;
    for (;;) {
      const std::size_t run = detail::bytes_to_stop(text, at);
      at += run;
      if (run != 0) base_ = sentence_break_of(static_cast<unsigned char>(text[at - 1]));
      if (const std::size_t syllables = detail::bytes_of_syllables(text, at); syllables != 0) {
        at += syllables;
        base_ = oletter;
      }
      if (at == text.size()) break;
      const utf8_character c = decode_one(text, at);
      const sentence_break next = sentence_break_of(c.code_point);
      if (is_term(next) || is_line_end(next)) break;
      if (next != extend && next != format) base_ = next;
      at += c.length_bytes;
    }
    return at - offset;
  }

  /// Feeds a character by its property.
  [[nodiscard]] constexpr boundary_step feed(sentence_break next, std::uint64_t offset) noexcept {
    using enum sentence_break;
    if (at_start_ != 0 || is_line_end(base_)) {
      const bool inside = at_start_ == 0 && base_ == cr && next == lf;  // SB3
      at_start_ = 0;
      ending_ = ending::none;
      advance(next);
      return {false, !inside};  // SB1, SB4
    }
    if (next == extend || next == format) return {};  // SB5
    boundary_step step;
    if (open_ != 0 && settles(next)) {  // SB8
      open_ = 0;
      step.before_open = next != lower;
    }
    if (ending_ != ending::none && !continues(next)) {
      if (terminator_ == aterm && !settles(next)) {
        open_ = 1;
        open_at_ = offset;
      } else {
        step.before_this = true;  // SB11
      }
    }
    advance(next);
    return step;
  }

 private:
  /// How much of SATerm Close* Sp* there is.
  enum class ending : std::uint8_t { none = 0, term = 1, close = 2, space = 3 };

  [[nodiscard]] static constexpr bool is_line_end(sentence_break one) noexcept {
    using enum sentence_break;
    return one == cr || one == lf || one == sep;
  }
  [[nodiscard]] static constexpr bool is_term(sentence_break one) noexcept {
    return one == sentence_break::aterm || one == sentence_break::sterm;
  }
  /// What rule SB8 looks for.
  [[nodiscard]] static constexpr bool settles(sentence_break one) noexcept {
    using enum sentence_break;
    return one == lower || one == upper || one == oletter || is_line_end(one) || is_term(one);
  }

  /// Whether the sentence goes on with `next` behind what may be its end.
  [[nodiscard]] constexpr bool continues(sentence_break next) const noexcept {
    using enum sentence_break;
    if (terminator_ == aterm) {
      if (next == lower) return true;                                   // SB8
      if (ending_ == ending::term && next == numeric) return true;      // SB6
      if (base_ == aterm && after_case_ != 0 && next == upper) return true;  // SB7
    }
    if (next == scontinue || is_term(next)) return true;                // SB8a
    if (next == close && ending_ != ending::space) return true;         // SB9
    return next == sp || is_line_end(next);                             // SB9, SB10
  }

  constexpr void advance(sentence_break next) noexcept {
    using enum sentence_break;
    if (is_term(next)) {
      after_case_ = base_ == upper || base_ == lower ? 1 : 0;
      terminator_ = next;
      ending_ = ending::term;
    } else if (next == close && (ending_ == ending::term || ending_ == ending::close)) {
      ending_ = ending::close;
    } else if (next == sp && ending_ != ending::none) {
      ending_ = ending::space;
    } else {
      ending_ = ending::none;
    }
    base_ = next;
  }

  std::uint64_t open_at_ = 0;
  sentence_break base_ = sentence_break::other;        ///< of the last character that is neither Extend nor Format
  sentence_break terminator_ = sentence_break::aterm;  ///< which one it was, where ending_ is not none
  ending ending_ = ending::none;
  std::uint8_t after_case_ = 0;  ///< whether Upper or Lower stands before it
  std::uint8_t open_ = 0;
  std::uint8_t at_start_ = 1;
  [[maybe_unused]] std::uint8_t unused_[2] = {};  ///< no padding, so that equal states are equal bytes
};

/// The sentences of a text in order, each with the spaces behind it.
using sentence_reader = segment_reader<sentence_state>;

/// The sentence boundary that follows the one at `boundary`; text.size() where there is none. @pre boundary <= text.size()
[[nodiscard]] constexpr std::size_t next_sentence_boundary(text_view text, std::size_t boundary) noexcept {
  return next_boundary<sentence_state>(text, boundary);
}
/// Whether there is a sentence boundary at `offset`. @pre offset <= text.size()
[[nodiscard]] constexpr bool is_sentence_boundary(text_view text, std::size_t offset) noexcept {
  return is_boundary<sentence_state>(text, offset);
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_SENTENCE_BOUNDARIES_HPP
