// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk.hpp -- texts cut into pieces that can be embedded, found and shown.
//
// Room:      chunker<Rule, Sizer>, its rules (plain text, Markdown, sentences, delimiters, given places, fixed sizes), its sizers
//            (bytes, characters, graphemes, words, a caller's own), content-defined chunks; chunk_text.
// Not here:  what fewer programs need, each with its header: HTML, code, meaning (chunk/html_rule.hpp, chunk/code_rule.hpp,
//            chunk/semantic_rule.hpp), sizes in tokens (chunk/token_sizer.hpp), several threads (chunk/parallel_chunks.hpp). Decoding
//            files (text/encoding.hpp), vectors (embed.hpp).
// Depends:   text, core. Nothing to link.
// Threads:   a chunker is used by one thread at a time; chunk_text is pure but for its sink, rule and sizer.
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
#include <atlas/chunk/segment_sizers.hpp>           // grapheme_sizer, word_sizer
#include <atlas/chunk/sentence_rule.hpp>            // sentence_rule

namespace atlas { inline namespace ATLAS_ABI {

/// Calls `sink` with each chunk of the text, in order: what chunker::read and next give.
///
///   atlas::chunk_text(text, {.size = 800, .overlap = 100}, [&](const atlas::chunk_view& chunk) { return keep(chunk.text); });
///
/// @param text     any bytes, UTF-8 as a rule; an empty text has no chunks
/// @param options  sizes in what the sizer counts
/// @param sink     returns false to stop; the view it is given borrows `text` and may be kept as long, but for its headings
/// @return         errc::invalid_argument for options that check() refuses (the sink is not called); cancelled if the sink stopped;
///                 no_memory; the errors of the rule and the sizer
template <chunk_rule Rule = plain_text_rule, chunk_sizer Sizer = character_sizer>
[[nodiscard]] status chunk_text(text_view text, const chunker_options& options, chunk_sink sink, Rule rule = Rule(), Sizer sizer = Sizer()) {
  result<chunker<Rule, Sizer>> made = chunker<Rule, Sizer>::create(options, static_cast<Rule&&>(rule), static_cast<Sizer&&>(sizer));
  if (!made.ok()) return made.error();
  made->read(text);
  for (chunk_view chunk;;) {
    const result<bool> next = made->next(chunk);
    if (!next.ok()) return next.error();
    if (!*next) return {};
    if (!sink(chunk)) return errc::cancelled;
  }
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_HPP
