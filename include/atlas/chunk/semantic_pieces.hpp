// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/semantic_pieces.hpp -- the pieces of a text that are embedded one by one.
//
// Room:      where the piece ends that begins at an offset: a sentence, or as much of one as is embedded at once.
// Not here:  their vectors (chunk/semantic_vectors.hpp), sentences (text/tailored_sentences.hpp).
// Depends:   chunk/prose_boundaries.hpp, text.
// Threads:   every function is pure.
#ifndef ATLAS_CHUNK_SEMANTIC_PIECES_HPP
#define ATLAS_CHUNK_SEMANTIC_PIECES_HPP

#include <atlas/chunk/prose_boundaries.hpp>  // last_prose_boundary

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

inline constexpr std::size_t longest_piece = 1024;                    ///< bytes
inline constexpr std::size_t piece_lookahead = longest_piece + 256;   ///< from its begin on, by which a piece is known

/// A part of a document that is embedded as one text.
struct semantic_piece {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool ends_sentence = false;  ///< it may be cut behind it
};

/// How a piece ends.
struct piece_end {
  std::size_t bytes = 0;  ///< of the piece; 0: not known before more of the text is there
  bool ends_sentence = false;
};

[[nodiscard]] inline bool is_white_space(text_view text) noexcept {
  for (const char c : text) {
    if (c != ' ' && !(c >= '\t' && c <= '\r')) return false;
  }
  return true;
}

/// The end of the piece that a text begins with: of the first tailored sentence that is more than white space, with the white space behind
/// it. One that is longer than longest_piece is cut as running text is, and what is left of it is read like another sentence.
///
/// What stands beyond piece_lookahead has no part in it, so that pieces are the same however much text is there.
/// @param is_last  nothing follows the text
/// @pre   !text.empty()
[[nodiscard]] inline piece_end end_of_piece(text_view text, bool is_last) noexcept {
  if (text.size() < piece_lookahead && !is_last) return {};
  const text_view seen = text.subview(0, text.size() < piece_lookahead ? text.size() : piece_lookahead);
  std::size_t end = 0;
  bool has_text = false;
  while (end < seen.size()) {
    const std::size_t next = next_boundary<tailored_sentence_state>(seen, end);
    const bool is_white = is_white_space(seen.subview(end, next - end));
    if (next > longest_piece || (has_text && !is_white)) break;
    has_text = has_text || !is_white;
    end = next;
  }
  if (end != 0) return {end, true};
  const std::size_t cut = static_cast<std::size_t>(last_prose_boundary(seen, longest_piece / 2, longest_piece).offset);
  return {cut != 0 ? cut : character_start(seen, longest_piece), false};
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_SEMANTIC_PIECES_HPP
