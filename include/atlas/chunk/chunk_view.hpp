// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/chunk_view.hpp -- one chunk: where it lies, how it ends, what it is called.
//
// Room:      boundary_level, chunk_view.
// Not here:  how a text is cut (chunk/recursive_chunker.hpp).
// Depends:   core only.
#ifndef ATLAS_CHUNK_CHUNK_VIEW_HPP
#define ATLAS_CHUNK_CHUNK_VIEW_HPP

#include <atlas/core/hash.hpp>       // hash128
#include <atlas/core/text_view.hpp>  // text_view

namespace atlas { inline namespace ATLAS_ABI {

/// How strong a boundary of the text is. A higher number is a better place to cut. Stored in files and
/// part of the C ABI: numbers are never reused, and the gaps are for levels to come.
enum class boundary_level : std::uint8_t {
  character = 0,    ///< between two characters, nothing better was near
  word = 1,         ///< after white space
  sentence = 3,     ///< after a sentence's end and the white space behind it
  line = 4,         ///< after a line end
  paragraph = 5,    ///< after a blank line
  text_end = 255,   ///< the end of the text
};

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
  boundary_level level = boundary_level::text_end;  ///< of the boundary at byte_end
  hash128 id;                     ///< XXH3-128 of the chunk's bytes, seeded with chunk_rule_version: no offset enters
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_CHUNK_VIEW_HPP
