// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/word_boundaries.hpp -- word boundaries, as an editor's cursor jumps.
//
// Room:      UAX #29 section 4.1.1, rules WB1 to WB999 of Unicode 15.0, exactly: no dictionary, so scripts without
//            spaces are cut at every ideograph. Segments are words, and the spaces and signs between them.
// Not here:  words for comparing texts (text/words.hpp); how a text is cut (text/segments.hpp).
// Depends:   text/break_properties_of.hpp, text/segments.hpp.
// Threads:   plain values.
#ifndef ATLAS_TEXT_WORD_BOUNDARIES_HPP
#define ATLAS_TEXT_WORD_BOUNDARIES_HPP

#include <atlas/text/break_properties_of.hpp>  // break_properties_of
#include <atlas/text/segments.hpp>             // boundary_step, segment_reader

namespace atlas { inline namespace ATLAS_ABI {

/// Finds word boundaries in characters that are fed to it: a state as text/segments.hpp says, 16 bytes. It leaves the position
/// before the apostrophe of "can't" open, and that before the point of "3.14", until what follows is no mark: rules WB6, WB7b, WB12.
class word_state {
 public:
  [[nodiscard]] constexpr boundary_step feed(char32_t c, std::uint64_t offset) noexcept {
    return feed(break_properties_of(c), offset);
  }
  [[nodiscard]] constexpr bool is_open() const noexcept { return open_ != 0; }
  [[nodiscard]] constexpr std::uint64_t open_at() const noexcept { return open_at_; }
  [[nodiscard]] constexpr bool finish() const noexcept { return is_open(); }

  [[nodiscard]] static constexpr bool is_anchor(char32_t c) noexcept {
    using enum word_break;
    const word_break one = break_properties_of(c).word;
    return one != regional_indicator && !is_ignored(one) && !is_middle(one);
  }

  /// Feeds a character by its properties.
  [[nodiscard]] constexpr boundary_step feed(break_properties properties, std::uint64_t offset) noexcept {
    using enum word_break;
    const word_break next = properties.word;
    if (at_start_ != 0 || is_line_end(last_) || is_line_end(next)) {
      const bool inside = at_start_ == 0 && last_ == cr && next == lf;  // WB3
      const boundary_step step{is_open(), !inside};                     // WB1, WB3a, WB3b
      begin(next);
      return step;
    }
    const word_break before = last_;
    last_ = next;
    if (is_ignored(next)) return {};  // WB4
    const bool bridged = reaches(next);
    boundary_step step{is_open() && !bridged, false};
    open_ = 0;
    const bool adjacent = (before == zwj && properties.grapheme == grapheme_break::extended_pictographic) ||  // WB3c
                          (before == wseg_space && next == wseg_space);                                      // WB3d
    const bool joined = bridged || adjacent || joins(next);
    const bridge reach = bridge_of(next);
    if (is_middle(next) && reach != bridge::none && !joined) {
      open_ = 1;
      open_at_ = offset;
    } else {
      step.before_this = !joined;
    }
    begin(next, reach);
    return step;
  }

 private:
  /// What a sign in the middle has before it, which joins it to the like behind it; and half of a flag.
  enum class bridge : std::uint8_t {
    none = 0,
    letters = 1,    ///< WB7: AHLetter (MidLetter | MidNumLetQ)
    hebrew = 2,     ///< WB7c: Hebrew_Letter Double_Quote
    numbers = 3,    ///< WB11: Numeric (MidNum | MidNumLetQ)
    half_flag = 4,  ///< WB15, WB16: an odd number of regional indicators
  };

  [[nodiscard]] static constexpr bool is_line_end(word_break one) noexcept {
    using enum word_break;
    return one == cr || one == lf || one == newline;
  }
  [[nodiscard]] static constexpr bool is_ignored(word_break one) noexcept {
    using enum word_break;
    return one == extend || one == format || one == zwj;
  }
  [[nodiscard]] static constexpr bool is_letter(word_break one) noexcept {
    using enum word_break;
    return one == aletter || one == hebrew_letter;
  }
  [[nodiscard]] static constexpr bool is_middle(word_break one) noexcept {
    using enum word_break;
    return one == mid_letter || one == mid_num || one == mid_num_let || one == single_quote || one == double_quote;
  }

  constexpr void begin(word_break next, bridge reach) noexcept {
    base_ = next;
    bridge_ = reach;
  }
  constexpr void begin(word_break next) noexcept {
    at_start_ = 0;
    open_ = 0;
    last_ = next;
    begin(next, next == word_break::regional_indicator ? bridge::half_flag : bridge::none);
  }

  /// Whether `next` is the other end of the bridge.
  [[nodiscard]] constexpr bool reaches(word_break next) const noexcept {
    using enum word_break;
    switch (bridge_) {
      case bridge::letters: return is_letter(next);
      case bridge::hebrew: return next == hebrew_letter;
      case bridge::numbers: return next == numeric;
      case bridge::half_flag: return next == regional_indicator;
      default: return false;
    }
  }

  /// What `next` begins behind the last character that is not ignored.
  [[nodiscard]] constexpr bridge bridge_of(word_break next) const noexcept {
    using enum word_break;
    if (next == regional_indicator) return bridge_ == bridge::half_flag ? bridge::none : bridge::half_flag;
    if (is_letter(base_) && (next == mid_letter || next == mid_num_let || next == single_quote)) return bridge::letters;
    if (base_ == hebrew_letter && next == double_quote) return bridge::hebrew;
    if (base_ == numeric && (next == mid_num || next == mid_num_let || next == single_quote)) return bridge::numbers;
    return bridge::none;
  }

  /// The rules that look at two characters.
  [[nodiscard]] constexpr bool joins(word_break next) const noexcept {
    using enum word_break;
    const bool word = is_letter(base_) || base_ == numeric;
    if (word && (is_letter(next) || next == numeric)) return true;                                  // WB5, WB8, WB9, WB10
    if (base_ == hebrew_letter && next == single_quote) return true;                                // WB7a
    if (base_ == katakana && next == katakana) return true;                                         // WB13
    if (next == extend_num_let) return word || base_ == katakana || base_ == extend_num_let;        // WB13a
    return base_ == extend_num_let && (is_letter(next) || next == numeric || next == katakana);     // WB13b, WB999
  }

  std::uint64_t open_at_ = 0;
  word_break base_ = word_break::other;  ///< of the last character that is not ignored
  word_break last_ = word_break::other;  ///< of the last character
  bridge bridge_ = bridge::none;
  std::uint8_t open_ = 0;
  std::uint8_t at_start_ = 1;
};

/// The words of a text and what stands between them, in order.
using word_segment_reader = segment_reader<word_state>;

/// The word boundary that follows the one at `boundary`; text.size() where there is none. @pre boundary <= text.size()
[[nodiscard]] constexpr std::size_t next_word_boundary(text_view text, std::size_t boundary) noexcept {
  return next_boundary<word_state>(text, boundary);
}
/// Whether there is a word boundary at `offset`. @pre offset <= text.size()
[[nodiscard]] constexpr bool is_word_boundary(text_view text, std::size_t offset) noexcept {
  return is_boundary<word_state>(text, offset);
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_WORD_BOUNDARIES_HPP
