// SPDX-License-Identifier: Apache-2.0
// include/atlas/folder/folder_sections.hpp -- what a folder index adds to an hnsw file.
//
// Room:      section ids 0x200 to 0x2FF and 0x300, and the records in them.
// Not here:  reading and changing them (folder/document_table.hpp).
// Depends:   core, text/encoding.hpp. ARCHITECTURE.md holds the byte table; golden files keep it.
#ifndef ATLAS_FOLDER_FOLDER_SECTIONS_HPP
#define ATLAS_FOLDER_FOLDER_SECTIONS_HPP

#include <atlas/core/hash.hpp>      // hash128
#include <atlas/text/encoding.hpp>  // text_encoding

namespace atlas { inline namespace ATLAS_ABI {

/// Sections of a folder index, all optional: a reader that does not know them sees an hnsw index whose keys
/// are the numbers of chunks.
enum class folder_section : std::uint32_t {
  info = 0x200,         ///< one folder_record
  files = 0x201,        ///< file_record; the n-th is file n
  file_states = 0x202,  ///< u8 a file: file_state
  paths = 0x203,        ///< bytes; file_record points into them
  chunks = 0x204,       ///< chunk_record; the n-th has key n
  texts = 0x205,        ///< the documents as UTF-8, each whole; file_record and chunk_record point into them
  headings = 0x206,        ///< heading_record; the n-th has number n + 1. This and the next two may be missing
  heading_titles = 0x207,  ///< bytes; heading_record points into them
  chunk_headings = 0x208,  ///< u32 a chunk: the number of the nearest heading above it, 0 for none; may end before the chunks do
  hashing_state = 0x300,  ///< hashing_embedder::save_state; only with embedder_kind::hashing
};

/// Who made the vectors. The values are stored.
enum class embedder_kind : std::uint32_t {
  caller = 0,   ///< an embedder that the file does not hold; whoever searches must bring it
  hashing = 1,  ///< hashing_embedder, its state in section hashing_state
};

/// What a file's number stands for. The values are stored.
enum class file_state : std::uint8_t {
  live = 0,
  removed = 1,  ///< its chunks are in the tables until compact, and are found no more
};

inline constexpr std::uint32_t folder_layout_version = 1;

/// How the folder was walked and cut, so that documents are taken and cut alike later. Sizes are in characters.
struct folder_record {
  std::uint32_t layout_version = folder_layout_version;
  embedder_kind embedder = embedder_kind::caller;
  std::uint64_t chunk_size = 0;      ///< this and what follows as in chunker_options
  std::uint64_t chunk_overlap = 0;
  std::uint64_t chunk_fill_percent = 0;  ///< what fill() gave: never 255
  std::uint64_t live_files = 0;
  std::uint64_t live_chunks = 0;
  std::uint8_t chunk_packing = 0;        ///< 0, full, in files from before there were others
  std::uint8_t chunk_coherent_percent = 0;  ///< 0 with packing full
  std::uint8_t chunk_trim = 0;           ///< 1: chunks are trimmed
  std::uint8_t walk_hidden = 0;          ///< 1: the folder was walked with walk_options::hidden; 0 in older files
  std::uint8_t zero[4] = {0, 0, 0, 0};
  std::uint64_t max_file_bytes = 0;      ///< larger files were left out; 0, folder_options's default, in older files
};

/// One document.
struct file_record {
  std::uint64_t path_begin = 0;    ///< in section paths
  std::uint32_t path_bytes = 0;
  text_encoding encoding = text_encoding::utf8;  ///< of the source
  std::uint8_t mark_bytes = 0;     ///< of the source's byte-order mark
  std::uint16_t zero = 0;
  std::uint64_t text_begin = 0;    ///< in section texts
  std::uint64_t text_bytes = 0;
  std::uint64_t first_chunk = 0;
  std::uint64_t chunk_count = 0;
  std::uint64_t source_bytes = 0;
  std::uint64_t source_hash = 0;   ///< XXH3-64 of the source's bytes
};

/// One chunk. Offsets in the source count its bytes as they lie in the file, byte-order mark included.
struct chunk_record {
  std::uint64_t text_begin = 0;    ///< in section texts
  std::uint32_t text_bytes = 0;
  std::uint32_t file = 0;
  std::uint64_t source_begin = 0;
  std::uint64_t source_end = 0;
  std::uint64_t line_begin = 1;    ///< of its first byte; the first line is 1
  std::uint64_t line_end = 1;      ///< of its last byte
  hash128 id;                      ///< chunk_view::id
};

/// One heading of a document.
struct heading_record {
  std::uint64_t title_begin = 0;   ///< in section heading_titles
  std::uint32_t parent = 0;        ///< number of the heading above; less than its own, 0 for none
  std::uint16_t title_bytes = 0;   ///< at most heading_path::most_title_bytes
  std::uint8_t depth = 0;          ///< 1 to 6, more than its parent's
  std::uint8_t zero = 0;
};

static_assert(sizeof(folder_record) == 64 && sizeof(file_record) == 64 && sizeof(chunk_record) == 64 && sizeof(heading_record) == 16);
static_assert(__is_trivially_copyable(folder_record) && __is_trivially_copyable(file_record) &&
              __is_trivially_copyable(chunk_record) && __is_trivially_copyable(heading_record));

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_FOLDER_FOLDER_SECTIONS_HPP
