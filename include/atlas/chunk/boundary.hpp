// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/boundary.hpp -- a place where a text may be cut, and how good it is.
//
// Room:      boundary_level, text_boundary.
// Not here:  who finds boundaries (the rules, chunk/*_rule.hpp), who chooses among them (chunk/chunker.hpp).
// Depends:   core only.
#ifndef ATLAS_CHUNK_BOUNDARY_HPP
#define ATLAS_CHUNK_BOUNDARY_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI

namespace atlas { inline namespace ATLAS_ABI {

/// How strong a boundary of the text is. A higher number is a better place to cut. Stored in files and
/// part of the C ABI: numbers are never reused, and the gaps are for levels to come.
enum class boundary_level : std::uint8_t {
  character = 0,    ///< between two characters, nothing better was near
  word = 1,         ///< behind white space
  clause = 2,       ///< behind a comma, colon, semicolon or bracket and the white space that follows it
  sentence = 3,     ///< behind a sentence and the white space that follows it
  line = 4,         ///< behind a line end; before an item of a list or a row of a table
  paragraph = 5,    ///< behind a blank line; between the blocks of a document
  section = 6,      ///< behind two blank lines or a rule across the page
  heading_6 = 10,   ///< before a heading of depth 6, the least, and so up to
  heading_5 = 11,
  heading_4 = 12,
  heading_3 = 13,
  heading_2 = 14,
  heading_1 = 15,   ///< before a heading of depth 1
  text_end = 255,   ///< the end of the text
};

/// The boundary before a heading. @pre 1 <= depth <= 6
[[nodiscard]] constexpr boundary_level heading_level(std::uint32_t depth) noexcept {
  return static_cast<boundary_level>(16U - depth);
}

/// A place between two bytes.
struct text_boundary {
  std::uint64_t offset = 0;  ///< bytes from the start of the document to the first byte behind
  boundary_level level = boundary_level::character;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_BOUNDARY_HPP
