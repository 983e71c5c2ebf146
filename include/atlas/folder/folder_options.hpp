// SPDX-License-Identifier: Apache-2.0
// include/atlas/folder/folder_options.hpp -- what the calls of a folder index take and give.
//
// Room:      options and what is refused of them, progress, report, hits.
// Not here:  the calls (folder/folder_index.hpp).
// Depends:   core, chunk, embed, index/filter.hpp, storage/folder_walk.hpp.
#ifndef ATLAS_FOLDER_FOLDER_OPTIONS_HPP
#define ATLAS_FOLDER_FOLDER_OPTIONS_HPP

#include <atlas/chunk/chunker_options.hpp>      // chunker_options
#include <atlas/core/function_ref.hpp>          // function_ref
#include <atlas/core/hash.hpp>                  // hash128
#include <atlas/core/text_view.hpp>             // text_view
#include <atlas/embed/hashing_embedder.hpp>     // hashing_options
#include <atlas/folder/heading_titles.hpp>      // heading_titles
#include <atlas/index/options.hpp>              // filter, filter_strategy
#include <atlas/storage/folder_walk.hpp>        // walk_options, walk_report

namespace atlas { inline namespace ATLAS_ABI {

/// Why a file below the folder is not in the index. Never fatal, always counted.
enum class skip_reason : std::uint8_t {
  unreadable = 0,    ///< no permission, gone meanwhile, or the disk failed
  too_large = 1,     ///< more than folder_options::max_file_bytes
  empty = 2,         ///< no bytes, or white space only
  binary = 3,        ///< not text
  bad_encoding = 4,  ///< text, but in no encoding that can be told, or ill-formed in it
};
inline constexpr std::size_t skip_reasons = 5;

[[nodiscard]] constexpr const char* name(skip_reason why) noexcept {
  constexpr const char* names[skip_reasons] = {"unreadable", "too large", "empty", "binary", "bad encoding"};
  return names[static_cast<unsigned>(why)];
}

/// What a build is doing.
enum class folder_phase : std::uint8_t {
  walking = 0,   ///< done: files found; total 0, as it is not known
  reading = 1,   ///< bytes of source files read, cut and learned from
  indexing = 2,  ///< chunks embedded, or their vectors taken over, and added
  saving = 3,    ///< bytes of the index file written
};
struct folder_progress {
  folder_phase phase = folder_phase::walking;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
};

/// The largest document: its lengths must fit the records, also after UTF-16 became UTF-8.
inline constexpr std::uint64_t most_document_bytes = std::uint64_t{1} << 30;

inline constexpr std::uint64_t least_folder_chunk = 4;
inline constexpr std::uint32_t least_coherent_percent = 10;

/// Whether a folder can be cut so: as check(chunker_options), and within bounds that keep the time to cut a document linear in it
/// whatever options a file holds.
/// @return errc::invalid_argument names the option that does not fit
[[nodiscard]] inline status check_folder_chunks(const chunker_options& options) noexcept {
  if (status said = check(options); !said.ok()) return said;
  if (options.size < least_folder_chunk) return error{errc::invalid_argument, "chunks.size", "4 to 2147483648 characters", options.size};
  if (options.overlap > options.size / 2) return error{errc::invalid_argument, "chunks.overlap", "at most half of the size", options.overlap};
  if (options.packing != chunk_packing::full && options.coherent_percent < least_coherent_percent) {
    return error{errc::invalid_argument, "chunks.coherent_percent", "10 to 100", std::uint64_t{options.coherent_percent}};
  }
  if (options.inner_sizes[0] != 0) return error{errc::invalid_argument, "chunks.inner_sizes", "none in a folder", options.inner_sizes[0]};
  return {};
}

/// How a folder becomes an index.
struct folder_options {
  /// How documents are cut, each by the rule of its kind (folder/document_kind.hpp); sizes are in characters. Kept in the file for
  /// documents added later. See check_folder_chunks.
  chunker_options chunks = {};
  hashing_options hashing = {};      ///< of the default embedder; its dimension is the index's
  walk_options walk = {};            ///< which files are looked at; of it, hidden is kept in the file for updates, and so is the next
  std::uint64_t max_file_bytes = std::uint64_t{16} << 20;  ///< larger files are skipped; at most most_document_bytes
  std::uint32_t connectivity = 16;   ///< of the hnsw graph, as in hnsw_options
  std::uint32_t build_width = 200;
  std::uint32_t search_width = 100;
  std::uint64_t seed = 42;
  unsigned threads = 0;              ///< 0: all that the process may use. 1: the same folder gives the same bytes
  function_ref<bool(const folder_progress&)> on_progress = {};  ///< on the calling thread; false ends with errc::cancelled
  function_ref<void(text_view path, skip_reason why)> on_skip = {};  ///< on the calling thread, for each file left out
};

/// What a build did.
struct folder_report {
  std::uint64_t files = 0;          ///< documents in the index
  std::uint64_t chunks = 0;         ///< vectors in the index
  std::uint64_t embedded = 0;       ///< of those, vectors that were made
  std::uint64_t taken_over = 0;     ///< of those, vectors of the index that was updated
  std::uint64_t gone = 0;           ///< documents of the index that was updated, and not of the new one
  std::uint64_t source_bytes = 0;   ///< of those files
  std::uint64_t skipped[skip_reasons] = {0, 0, 0, 0, 0};  ///< by skip_reason
  walk_report walk;                 ///< what the walk saw and left out

  [[nodiscard]] std::uint64_t skipped_total() const noexcept {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : skipped) sum += count;
    return sum;
  }
};

/// One answer. The texts borrow the index: they are valid until it is closed, also beside later changes.
struct folder_hit {
  float score = 0.0F;      ///< cosine similarity, -1 to 1; larger is nearer
  float distance = 0.0F;   ///< 1 - score
  std::uint64_t key = 0;   ///< the chunk's number
  text_view path;          ///< as the folder's files are named, from the folder, '/' between names; any bytes
  std::uint64_t line_begin = 0;  ///< of the chunk's first byte; the first line is 1
  std::uint64_t line_end = 0;    ///< of its last byte
  std::uint64_t byte_begin = 0;  ///< [byte_begin, byte_end) in the source file
  std::uint64_t byte_end = 0;
  text_view text;          ///< the chunk as UTF-8, whatever the source's encoding
  heading_titles headings; ///< chunk_view::headings: what its first fresh byte stands under, the outermost first
  hash128 id;              ///< chunk_view::id: the same text, cut by the same rule, has the same id
};

/// How a folder index is searched.
struct folder_search_options {
  std::size_t width = 0;  ///< candidates the graph search keeps; 0: the index's default
  filter allowed = {};    ///< which chunks may be returned, by key
  filter_strategy strategy = filter_strategy::automatic;  ///< this and the next three as in search_options
  std::uint32_t starts = 0;
  std::uint32_t patience = 0;
  std::uint64_t time_limit_ns = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_FOLDER_FOLDER_OPTIONS_HPP
