// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/grapheme_boundaries.hpp -- extended grapheme clusters, what a reader takes for one character.
//
// Room:      UAX #29 section 3.1.1, rules GB1 to GB13 of Unicode 15.0, exactly.
// Not here:  how a text is cut by them (text/segments.hpp, of which the aliases below are made).
// Depends:   text/break_properties_of.hpp, text/segments.hpp.
// Threads:   plain values.
#ifndef ATLAS_TEXT_GRAPHEME_BOUNDARIES_HPP
#define ATLAS_TEXT_GRAPHEME_BOUNDARIES_HPP

#include <atlas/text/break_properties_of.hpp>  // break_properties_of
#include <atlas/text/segments.hpp>             // boundary_step, segment_reader

namespace atlas { inline namespace ATLAS_ABI {

/// Finds grapheme cluster boundaries in characters that are fed to it: a state as text/segments.hpp says, 2 bytes. It leaves no
/// position open.
class grapheme_state {
 public:
  [[nodiscard]] constexpr boundary_step feed(char32_t c, std::uint64_t /*offset*/) noexcept {
    return {false, starts_with(break_properties_of(c).grapheme)};
  }
  [[nodiscard]] constexpr bool is_open() const noexcept { return false; }
  [[nodiscard]] constexpr std::uint64_t open_at() const noexcept { return 0; }
  [[nodiscard]] constexpr bool finish() const noexcept { return false; }

  [[nodiscard]] static constexpr bool is_anchor(char32_t c) noexcept {
    using enum grapheme_break;
    const grapheme_break one = break_properties_of(c).grapheme;
    return one != extend && one != zwj && one != regional_indicator;
  }

  /// Feeds a character by its property; true if a cluster starts with it.
  [[nodiscard]] constexpr bool starts_with(grapheme_break next) noexcept {
    using enum grapheme_break;
    const bool starts = run_ == run::at_start || !joins(previous_, next);
    switch (next) {
      case extended_pictographic: run_ = run::pictograph; break;
      case extend: run_ = run_ == run::pictograph ? run::pictograph : run::other; break;
      case zwj: run_ = run_ == run::pictograph ? run::pictograph_zwj : run::other; break;
      case regional_indicator: run_ = run_ == run::half_flag ? run::other : run::half_flag; break;
      default: run_ = run::other; break;
    }
    previous_ = next;
    return starts;
  }

 private:
  /// What the characters before are to the two rules that look further back than one.
  enum class run : std::uint8_t {
    at_start = 0,
    other = 1,
    pictograph = 2,      ///< GB11: \p{Extended_Pictographic} Extend*
    pictograph_zwj = 3,  ///< GB11: \p{Extended_Pictographic} Extend* ZWJ
    half_flag = 4,       ///< GB12, GB13: an odd number of regional indicators
  };

  [[nodiscard]] constexpr bool joins(grapheme_break before, grapheme_break next) const noexcept {
    using enum grapheme_break;
    if (before == cr) return next == lf;                                                             // GB3, GB4
    if (before == lf || before == control || next == cr || next == lf || next == control) return false;  // GB4, GB5
    if (next == extend || next == zwj || next == spacing_mark || before == prepend) return true;     // GB9, GB9a, GB9b
    if (before == l && (next == l || next == v || next == lv || next == lvt)) return true;           // GB6
    if ((before == lv || before == v) && (next == v || next == t)) return true;                      // GB7
    if ((before == lvt || before == t) && next == t) return true;                                    // GB8
    if (run_ == run::pictograph_zwj && next == extended_pictographic) return true;                   // GB11
    return run_ == run::half_flag && next == regional_indicator;                                     // GB12, GB13, GB999
  }

  grapheme_break previous_ = grapheme_break::other;
  run run_ = run::at_start;
};

/// The clusters of a text in order. Bytes in, bytes out: CR LF is one cluster, an ill-formed byte one of its own unless a mark
/// follows it.
using grapheme_reader = segment_reader<grapheme_state>;

/// The cluster boundary that follows the one at `boundary`; text.size() where there is none. @pre boundary <= text.size()
[[nodiscard]] constexpr std::size_t next_grapheme(text_view text, std::size_t boundary) noexcept {
  return next_boundary<grapheme_state>(text, boundary);
}
/// Whether a cluster begins or ends at `offset`. @pre offset <= text.size()
[[nodiscard]] constexpr bool is_grapheme_boundary(text_view text, std::size_t offset) noexcept {
  return is_boundary<grapheme_state>(text, offset);
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_GRAPHEME_BOUNDARIES_HPP
