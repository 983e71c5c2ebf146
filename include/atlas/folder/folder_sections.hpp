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

/// How the folder was cut, so that documents added later are cut alike.
struct folder_record {
  std::uint32_t layout_version = folder_layout_version;
  embedder_kind embedder = embedder_kind::caller;
  std::uint64_t chunk_size = 0;      ///< chunk_options
  std::uint64_t chunk_overlap = 0;
  std::uint64_t chunk_fill_percent = 0;
  std::uint64_t live_files = 0;
  std::uint64_t live_chunks = 0;
  std::uint64_t reserved[2] = {0, 0};
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

static_assert(sizeof(folder_record) == 64 && sizeof(file_record) == 64 && sizeof(chunk_record) == 64);
static_assert(__is_trivially_copyable(folder_record) && __is_trivially_copyable(file_record) &&
              __is_trivially_copyable(chunk_record));

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_FOLDER_FOLDER_SECTIONS_HPP
