// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/sentence_rule.hpp -- as many whole sentences as fit.
//
// Room:      a rule whose structure is sentences, by a state of text/segments.hpp; lines and paragraphs are no more than their ends.
// Not here:  sentences among other boundaries (chunk/plain_text_rule.hpp).
// Depends:   chunk/chunk_rule.hpp, chunk/prose_boundaries.hpp, text.
// Threads:   a plain value; const functions are pure but for what they are given.
#ifndef ATLAS_CHUNK_SENTENCE_RULE_HPP
#define ATLAS_CHUNK_SENTENCE_RULE_HPP

#include <atlas/chunk/chunk_rule.hpp>          // chunk_rule, document_part
#include <atlas/chunk/prose_boundaries.hpp>    // last_prose_boundary
#include <atlas/text/sentence_boundaries.hpp>  // sentence_state
#include <atlas/text/utf8_validity.hpp>        // open_sequence

namespace atlas { inline namespace ATLAS_ABI {

/// Sentences as `State` finds them. Where one does not fit, it is cut at clauses and words.
///
/// A state may leave a position open until it reads what settles it, however far that is. Beyond 4,096 bytes it is no boundary, so that
/// the memory of a stream has a bound.
template <class State, std::uint32_t Version>
class basic_sentence_rule {
 public:
  struct state_type {
    State sentences{};
    std::uint64_t read = 0;  ///< what the state was fed
  };
  static_assert(__has_unique_object_representations(state_type));
  [[nodiscard]] static constexpr std::uint32_t version() noexcept { return Version; }
  [[nodiscard]] static constexpr std::size_t lookahead() noexcept { return 4096 + 8; }

  [[nodiscard]] result<std::uint64_t> scan(state_type& state, const document_part& part, std::uint64_t from, structure& found) const noexcept {
    const text_view text = part.text;
    State& sentences = state.sentences;
    const std::uint64_t end = part.begin + text.size();
    if (state.read < from || state.read > end) state.read = from;
    auto at = static_cast<std::size_t>(state.read - part.begin);
    const auto tell = [&](std::uint64_t offset) noexcept { return offset == 0 ? status{} : found.add(offset, boundary_level::sentence); };
    // A character that is not all there would look ill-formed.
    const text_view whole = text.subview(0, part.is_last ? text.size() : whole_characters(text));
    while (at < whole.size()) {
      detail::skip_ahead(sentences, whole, at);
      if (at == whole.size()) break;
      const std::uint64_t here = part.begin + at;
      const utf8_character c = decode_one(whole, at);
      const std::uint64_t opened = sentences.open_at();
      const boundary_step step = sentences.feed(c.code_point, here);
      if (step.before_open && here - opened <= longest_open) {
        if (status told = tell(opened); !told.ok()) return told.error();
      }
      if (step.before_this) {
        if (status told = tell(here); !told.ok()) return told.error();
      }
      at += c.length_bytes;
    }
    state.read = part.begin + at;
    if (part.is_last && at == text.size()) {
      if (sentences.finish() && end - sentences.open_at() <= longest_open) {
        if (status told = tell(sentences.open_at()); !told.ok()) return told.error();
      }
      return end;
    }
    detail::settle(sentences);
    // Whether a sentence begins at the next character, or at one that is open, is not known.
    std::uint64_t unknown = state.read;
    if (sentences.is_open() && state.read - sentences.open_at() <= longest_open) unknown = sentences.open_at();
    return unknown > from ? unknown - 1 : from;
  }
  [[nodiscard]] text_boundary last_within(text_view text, std::size_t least, std::size_t most) const noexcept {
    return last_prose_boundary(text, least, most);
  }
  [[nodiscard]] std::size_t first_within(text_view text, std::size_t first, std::size_t middle, std::size_t last) const noexcept {
    return first_prose_boundary(text, first, middle, last);
  }

 private:
  static constexpr std::uint64_t longest_open = 4096;

  /// Bytes of the text before a character that may not be all there.
  [[nodiscard]] static std::size_t whole_characters(text_view text) noexcept {
    if (text.empty()) return 0;
    return detail::open_sequence(text, 0, text.size());
  }
};

/// Sentences as a reader sees them.
using sentence_rule = basic_sentence_rule<tailored_sentence_state, 0x20001>;
/// Sentences as the standard has them, which knows no abbreviations.
using uax29_sentence_rule = basic_sentence_rule<sentence_state, 0x30001>;
static_assert(chunk_rule<sentence_rule> && chunk_rule<uax29_sentence_rule>);

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_SENTENCE_RULE_HPP
