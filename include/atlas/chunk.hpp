// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk.hpp -- texts cut into pieces that can be embedded, found and shown.
//
// Room:      the chunker family; today one, which cuts at paragraphs, lines, sentences or words.
// Not here:  decoding files (text/encoding.hpp), vectors (embed.hpp).
// Depends:   text/utf8.hpp, core. Nothing to link.
// Threads:   chunk_text is pure but for its sink.
#ifndef ATLAS_CHUNK_HPP
#define ATLAS_CHUNK_HPP

#include <atlas/chunk/chunk_view.hpp>         // chunk_view, boundary_level
#include <atlas/chunk/recursive_chunker.hpp>  // chunk_options, recursive_chunker
#include <atlas/core/function_ref.hpp>        // function_ref

namespace atlas { inline namespace ATLAS_ABI {

/// Calls `sink` with each chunk of the text, in order.
///
/// @param text     any bytes, UTF-8 as a rule; an empty text has no chunks
/// @param options  sizes in characters
/// @param sink     returns false to stop; the view it is given borrows `text` and may be kept as long
/// @return         errc::invalid_argument  for options that check() refuses (the sink is not called);
///                 errc::cancelled         if the sink stopped
/// Cost: linear time, no allocation, never throws (the sink may). See recursive_chunker for the promises.
[[nodiscard]] inline status chunk_text(text_view text, const chunk_options& options,
                                       function_ref<bool(const chunk_view&)> sink) {
  result<recursive_chunker> chunker = recursive_chunker::create(text, options);
  if (!chunker.ok()) return chunker.error();
  chunk_view chunk;
  while (chunker->next(chunk)) {
    if (!sink(chunk)) return errc::cancelled;
  }
  return {};
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_HPP
