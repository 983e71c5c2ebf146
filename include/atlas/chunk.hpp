// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk.hpp -- texts cut into pieces that can be embedded, found and shown.
//
// Room:      chunker<Rule, Sizer>, its rules (plain text, Markdown, sentences, delimiters, given places, fixed sizes), its sizers
//            (bytes, characters, graphemes, words, a caller's own), content-defined chunks; chunk_text.
// Not here:  what fewer programs need, each with its header: HTML, code, meaning (chunk/html_rule.hpp, chunk/code_rule.hpp,
//            chunk/semantic_rule.hpp), sizes in tokens (chunk/token_sizer.hpp), several threads (chunk/parallel_chunks.hpp). Decoding
//            files (text/encoding.hpp), vectors (embed.hpp).
// Depends:   text, core. Nothing to link.
// Threads:   a chunker is used by one thread at a time; chunk_text is pure but for its sink.
#ifndef ATLAS_CHUNK_HPP
#define ATLAS_CHUNK_HPP

#include <atlas/chunk/callback_sizer.hpp>           // callback_sizer
#include <atlas/chunk/chunk_view.hpp>               // chunk_view, boundary_level
#include <atlas/chunk/chunker.hpp>                  // chunker
#include <atlas/chunk/content_defined_chunker.hpp>  // content_defined_chunker
#include <atlas/chunk/delimiter_rule.hpp>           // delimiter_rule
#include <atlas/chunk/external_rule.hpp>            // external_rule
#include <atlas/chunk/fixed_rule.hpp>               // fixed_rule
#include <atlas/chunk/markdown_rule.hpp>            // markdown_rule
#include <atlas/chunk/plain_text_rule.hpp>          // plain_text_rule
#include <atlas/chunk/recursive_chunker.hpp>        // chunk_options, recursive_chunker
#include <atlas/chunk/segment_sizers.hpp>           // grapheme_sizer, word_sizer
#include <atlas/chunk/sentence_rule.hpp>            // sentence_rule
#include <atlas/core/function_ref.hpp>              // function_ref

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
