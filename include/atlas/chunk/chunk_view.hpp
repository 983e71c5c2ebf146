// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/chunk_view.hpp -- one chunk: where it lies, how it ends, what it is called.
//
// Room:      chunk_view.
// Not here:  how a text is cut (chunk/chunker.hpp).
// Depends:   core, chunk/boundary.hpp.
#ifndef ATLAS_CHUNK_CHUNK_VIEW_HPP
#define ATLAS_CHUNK_CHUNK_VIEW_HPP

#include <atlas/chunk/boundary.hpp>  // boundary_level
#include <atlas/core/hash.hpp>       // hash128
#include <atlas/core/text_view.hpp>  // text_view

namespace atlas { inline namespace ATLAS_ABI {

class heading_path;

/// A part of a text. Borrows the text; owns nothing. All offsets count from the text's start; `begin` is
/// the first in the chunk, `end` the first behind it.
struct chunk_view {
  text_view text;                 ///< the chunk's bytes, overlap included
  std::uint64_t byte_begin = 0;
  std::uint64_t byte_end = 0;
  std::uint64_t byte_fresh = 0;   ///< the first byte that the chunk before does not hold; byte_begin without overlap
  std::uint64_t char_begin = 0;   ///< characters as text/utf8.hpp counts them: code points of valid UTF-8
  std::uint64_t char_end = 0;
  std::uint64_t line_begin = 1;   ///< number of the line that holds the first byte; the first line is 1
  std::uint64_t line_end = 1;     ///< number of the line that holds the last byte
  std::uint64_t column_begin = 1; ///< of the first character in its line, counted in characters from 1; chunker only
  std::uint64_t units = 0;        ///< the chunk's size as its sizer measures it; chunker only
  boundary_level level = boundary_level::text_end;  ///< of the boundary at byte_end
  std::uint32_t depth = 0;        ///< 0; of chunks that larger ones are cut into 1 and more (chunker_options::inner_sizes)
  hash128 id;                     ///< XXH3-128 of the chunk's bytes, seeded with the version of the rule: no offset enters
  const heading_path* headings = nullptr;  ///< that the first fresh byte stands under; valid until the next chunk is asked for; null: not of a chunker
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_CHUNK_VIEW_HPP
