// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/segments.hpp -- a text cut at the boundaries that a state machine finds.
//
// Room:      the next boundary, whether an offset is one, all segments in order, by any state of this contract.
// Not here:  what is a boundary: text/grapheme_boundaries.hpp, text/word_boundaries.hpp, text/sentence_boundaries.hpp,
//            text/tailored_sentences.hpp.
// Depends:   text/utf8.hpp.
// Threads:   functions are pure, readers plain values.
//
// A *state* is fed the characters of a text one after the other, each with its byte offset, and tells where boundaries are.
// Whether there is one before a character may depend on what comes later: then that position is left open, one at a time, until a
// later character, or the end, settles it. The start and the end of a text that is not empty are boundaries. An
// ill-formed byte is a character of its own (text/utf8.hpp) and has the property Other. A state owns nothing and is
// trivially copyable: its bytes can be kept, and copied back later it goes on where it was. Bytes that were changed give
// boundaries that mean nothing, and do no harm. What a state says behind a boundary is what a fresh one says that begins there.
//
//   State()                                 before the first character
//   boundary_step feed(char32_t, offset)    tells what this character settles
//   bool is_open(); uint64 open_at()        the position that is left open
//   bool finish()                           whether there is one that is a boundary if the text ends here
//   static bool is_anchor(char32_t)         whether no boundary behind such a character depends on what is before it
//   size_t skip(text_view, offset)          may be missing: passes characters from `offset` on that settle nothing, and says
//                                           how many bytes they have; takes time in proportion to them
//   void settle()                           may be missing: forgets what nothing to come depends on, so that states that go on alike
//                                           are equal bytes
#ifndef ATLAS_TEXT_SEGMENTS_HPP
#define ATLAS_TEXT_SEGMENTS_HPP

#include <atlas/text/utf8.hpp>  // decode_one, character_start

namespace atlas { inline namespace ATLAS_ABI {

/// What a character told that was fed to a state.
struct boundary_step {
  bool before_open = false;  ///< the position that had been left open is a boundary; its offset is still open_at()
  bool before_this = false;  ///< there is a boundary before the character
};

namespace detail {

/// Feeds the character at `offset` and moves behind it.
template <class State>
[[nodiscard]] constexpr boundary_step feed_one(State& state, text_view text, std::size_t& offset) noexcept {
  const utf8_character c = decode_one(text, offset);
  const boundary_step step = state.feed(c.code_point, offset);
  offset += c.length_bytes;
  return step;
}

/// Moves over characters that settle nothing, where the state knows a faster way than to be fed them.
template <class State>
constexpr void skip_ahead(State& state, text_view text, std::size_t& offset) noexcept {
  if constexpr (requires { state.skip(text, offset); }) offset += state.skip(text, offset);
}

template <class State>
constexpr void settle(State& state) noexcept {
  if constexpr (requires { state.settle(); }) state.settle();
}

/// The last character before `offset` on which nothing before it has an influence; 0 if there is none.
template <class State>
[[nodiscard]] constexpr std::size_t anchor_before(text_view text, std::size_t offset) noexcept {
  while (offset > 0) {
    offset = character_start(text, offset - 1);
    if (State::is_anchor(decode_one(text, offset).code_point)) break;
  }
  return offset;
}

/// The first boundary behind `offset` of what a state is fed from `at` on.
template <class State>
[[nodiscard]] constexpr std::size_t first_boundary(text_view text, std::size_t at, std::size_t offset) noexcept {
  State state;
  for (;;) {
    skip_ahead(state, text, at);
    if (at == text.size()) break;
    const std::size_t here = at;
    const boundary_step step = feed_one(state, text, at);
    if (step.before_open && state.open_at() > offset) return static_cast<std::size_t>(state.open_at());
    if (step.before_this && here > offset) return here;
  }
  return state.finish() && state.open_at() > offset ? static_cast<std::size_t>(state.open_at()) : text.size();
}

}  // namespace detail

/// The boundary that follows another one.
///
/// @param boundary  bytes, 0 <= boundary <= text.size(): a boundary, as what came of the call before, or where a text is to begin
/// @return          the next boundary > boundary; text.size() where there is none
/// Cost: the characters to the answer, and those that settle whether it is one. From boundary to boundary over a whole text that
/// is linear on any input. No allocation.
template <class State>
[[nodiscard]] constexpr std::size_t next_boundary(text_view text, std::size_t boundary) noexcept {
  ATLAS_ASSERT(boundary <= text.size());
  return detail::first_boundary<State>(text, boundary, boundary);
}

/// The first boundary behind any offset.
///
/// @param offset  bytes, 0 <= offset <= text.size()
/// @return        a boundary > offset; text.size() where there is none
/// Cost: that of next_boundary, and the characters from the last anchor on, in a run of characters that are no anchors all of it:
/// to go through a text by this is not linear on every input. No allocation.
template <class State>
[[nodiscard]] constexpr std::size_t boundary_behind(text_view text, std::size_t offset) noexcept {
  ATLAS_ASSERT(offset <= text.size());
  if (offset == text.size()) return offset;
  const std::size_t begin = character_start(text, offset);
  return detail::first_boundary<State>(text, detail::anchor_before<State>(text, begin + decode_one(text, begin).length_bytes), offset);
}

/// Whether there is a boundary at an offset; never inside a character.
///
/// @param offset  bytes, 0 <= offset <= text.size()
/// Cost: the characters from the last anchor before the offset to the one that settles it, as of boundary_behind. No allocation.
template <class State>
[[nodiscard]] constexpr bool is_boundary(text_view text, std::size_t offset) noexcept {
  ATLAS_ASSERT(offset <= text.size());
  if (text.empty()) return false;
  if (offset == 0 || offset == text.size()) return true;
  if (character_start(text, offset) != offset) return false;
  State state;
  std::size_t at = detail::anchor_before<State>(text, offset);
  while (at < offset) static_cast<void>(detail::feed_one(state, text, at));
  if (detail::feed_one(state, text, at).before_this) return true;
  while (state.is_open() && state.open_at() == offset) {
    if (at == text.size()) return state.finish();
    if (detail::feed_one(state, text, at).before_open) return true;
  }
  return false;
}

/// Reads the segments between boundaries from the start of a text to its end, which together are the text. Each character is
/// fed or skipped once. Never allocates.
template <class State>
class segment_reader {
 public:
  /// @param text  any bytes. Must outlive the segments.
  explicit constexpr segment_reader(text_view text) noexcept : text_(text) {}

  /// Writes the next segment, which borrows the text and is never empty; false at the end.
  [[nodiscard]] constexpr bool next(text_view& segment) noexcept {
    if (begin_ == text_.size()) return false;
    const std::size_t end = next_end();
    segment = text_.subview(begin_, end - begin_);
    begin_ = end;
    return true;
  }

 private:
  [[nodiscard]] constexpr std::size_t next_end() noexcept {
    if (found_ > begin_) return found_;
    for (;;) {
      detail::skip_ahead(state_, text_, at_);
      if (at_ == text_.size()) break;
      const std::size_t here = at_;
      const boundary_step step = detail::feed_one(state_, text_, at_);
      if (step.before_this) found_ = here;
      if (step.before_open) return static_cast<std::size_t>(state_.open_at());
      if (step.before_this && here > begin_) return here;
    }
    return state_.finish() && state_.open_at() > begin_ ? static_cast<std::size_t>(state_.open_at()) : text_.size();
  }

  text_view text_;
  State state_;
  std::size_t begin_ = 0;  ///< of the next segment
  std::size_t at_ = 0;     ///< of the next character to be fed
  std::size_t found_ = 0;  ///< the last boundary before it that was not open
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_SEGMENTS_HPP
