// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/sections.hpp -- the names of what an index file holds.
//
// Room:      section ids 0x100 to 0x1FF and the layout of the header's parameter bytes.
// Not here:  the header and section table themselves (storage/file_header.hpp).
// Depends:   core only. ARCHITECTURE.md holds the byte table; golden files keep it.
#ifndef ATLAS_INDEX_SECTIONS_HPP
#define ATLAS_INDEX_SECTIONS_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI

namespace atlas { inline namespace ATLAS_ABI {

/// Sections of an index. All are required: a reader that does not know one must refuse the file.
enum class index_section : std::uint32_t {
  vectors = 0x100,       ///< growable; `row_stride_bytes` a row: components, under cosine f32 1/norm, zeros
  keys = 0x101,          ///< growable; u64 a row
  row_states = 0x102,    ///< growable; u8 a row: row_state
  key_map = 0x103,       ///< u32 a slot: row, 0xFFFFFFFF empty, 0xFFFFFFFE erased; a power of two of slots
  base_links = 0x110,    ///< growable; 2 * connectivity u32 a row, 0xFFFFFFFF ends the list
  levels = 0x111,        ///< growable; u8 a row: its highest level
  upper_blocks = 0x112,  ///< growable; u32 a row: the first of its blocks in upper_links; 0xFFFFFFFF on level 0
  upper_links = 0x113,   ///< growable; connectivity u32 a block, one block a level above 0
  codes = 0x114,         ///< growable; a row's traversal code, of ivf_pq to rerank by; there if parameters.codes or rerank_codes is not 0
  code_centre = 0x115,   ///< f32 a component; likewise
  neighbours = 0x116,    ///< growable; a row's blocks of neighbours; there if parameters.neighbour_blocks is not 0
  lists = 0x120,         ///< growable; list_version a list; this and the next ones are there if ivf_parameters.list_count is not 0
  list_blocks = 0x121,   ///< growable; blocks of 32 rows of a list (quantize/list_block.hpp)
  centroids = 0x122,     ///< a list's centroid (index/ivf_model.hpp)
  centroid_codes = 0x123,  ///< i8 a component of a list's centroid, as it is padded
  centroid_terms = 0x124,  ///< f32 squared length, f32 step of its code, of each list's centroid
  list_centre = 0x125,   ///< f32 a component, zeros to a multiple of 16: what centroids are relative to
  quantizer = 0x126,     ///< an image of a product quantiser; there with codes that have one
  list_rotation = 0x127, ///< an image of a learned rotation; there if ivf_parameters.rotation says so
  list_graph = 0x128,    ///< growable; an hnsw file of the centroids, keys their numbers; there above 4,096 lists
  list_spreads = 0x129,  ///< may be missing; f32 a list (index/list_spread.hpp)
};

/// What a row is. The first two are stored.
enum class row_state : std::uint8_t {
  live = 0,      ///< found by searches and by its key
  removed = 1,   ///< walked through, never returned
  pending = 2,   ///< being added; in no file
  unlinked = 3,  ///< removed, and being taken out of every list of links; in no file
  free = 4,      ///< nothing leads here: the slot waits for a new row; in no file
};

/// The first bytes of file_header::parameters of a flat or hnsw file.
struct index_parameters {
  std::uint32_t row_stride_bytes = 0;
  std::uint32_t connectivity = 0;    ///< hnsw from here on; 0 in a flat file
  std::uint32_t build_width = 0;
  std::uint32_t search_width = 0;
  std::uint64_t seed = 0;
  std::uint32_t entry_row = 0;       ///< where a search starts; 0xFFFFFFFF: no row yet
  std::uint32_t entry_level = 0;     ///< the entry row's level
  std::uint64_t upper_block_count = 0;
  std::uint8_t codes = 0;            ///< traversal_codes of the codes section; 0: there is none
  std::uint8_t codes_wanted = 0;     ///< traversal_codes that begin at `codes_from` rows
  std::uint16_t prefetch_rows = 0;   ///< rows asked for ahead in a walk; 0: the default
  std::uint32_t codes_from = 0;
  float alpha = 0.0F;                ///< 0: 1
  std::uint32_t neighbour_blocks = 0;  ///< of a row of a sealed file, 1 to 4; 0: not sealed
  std::uint64_t rotation_seed = 0;
};
static_assert(sizeof(index_parameters) == 64);

/// The first bytes of file_header::parameters of an ivf_pq file.
struct ivf_parameters {
  std::uint32_t row_stride_bytes = 0;
  std::uint32_t list_count = 0;        ///< 0: not trained yet
  std::uint8_t codes = 0;              ///< ivf_codes; not automatic
  std::uint8_t rotation = 0;           ///< ivf_rotation; likewise
  std::uint8_t rerank_codes = 0;         ///< traversal_codes of the codes section; 0: there is none
  std::uint8_t rerank_codes_wanted = 0;  ///< traversal_codes that begin at rerank_codes_from rows
  std::uint32_t parts = 0;             ///< of product codes
  std::uint64_t seed = 0;
  std::uint64_t lists_wanted = 0;      ///< at the next training; 0: by the rows there are
  std::uint64_t train_from = 0;        ///< rows from which on there are lists; 0: by the lists
  std::uint32_t iterations = 0;
  std::uint32_t probes = 0;            ///< default lists a search looks at
  std::uint32_t rerank = 0;            ///< default candidates measured, for each of k
  std::uint32_t block_count = 0;
  float promised_recall = 0.0F;        ///< measured with the defaults; 0: not measured, or no longer so
  std::uint32_t promised_k = 0;        ///< for so many answers
  std::uint64_t promised_rows = 0;     ///< with so many rows
  double wanted_recall = 0.0;          ///< at the next training; 0: none
  std::uint32_t wanted_k = 0;
  std::uint32_t usual_probes = 0;      ///< measured at the last training, in use while probes is 0; 0: not measured
};
static_assert(sizeof(ivf_parameters) == 88);

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_SECTIONS_HPP
