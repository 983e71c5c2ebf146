// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/hnsw_options.hpp -- what an HNSW index is created with.
//
// Room:      hnsw_options and its limits.
// Depends:   distance, index/traversal_codes.hpp.
#ifndef ATLAS_INDEX_HNSW_OPTIONS_HPP
#define ATLAS_INDEX_HNSW_OPTIONS_HPP

#include <atlas/distance/metric.hpp>        // metric
#include <atlas/distance/scalar.hpp>        // scalar
#include <atlas/index/traversal_codes.hpp>  // traversal_codes

namespace atlas { inline namespace ATLAS_ABI {

/// Names follow Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using
/// Hierarchical Navigable Small World graphs", TPAMI 2020 (arXiv:1603.09320), in brackets.
struct hnsw_options {
  std::size_t dimension = 0;          ///< components a vector, 1 to max_dimension; no default
  atlas::metric metric = metric::l2sq;
  std::uint32_t connectivity = 16;    ///< links a node on upper levels (M), 2 to 512; the lowest level has twice that
  std::uint32_t build_width = 200;    ///< candidates kept while inserting (efConstruction), 1 to 65,536
  std::uint32_t search_width = 64;    ///< default candidates kept while searching (ef), 1 to 65,536; stored in the file
  std::uint64_t seed = 42;            ///< of the level of each row
  std::size_t reserve_rows = 0;       ///< rows to make room for at once
  /// In what form rows are compared while the graph is walked; answers are measured on the stored vectors.
  traversal_codes codes = traversal_codes::automatic;
  /// Rows from which on there are codes: until then walks read the vectors, and the mean of these rows, which codes are
  /// relative to, is not known. At least 1.
  std::uint32_t codes_from = 1024;
  /// What vectors are stored as: f32, f16, bf16, i8 or u8. f16 and bf16 round; i8 and u8 refuse what is no whole number of
  /// their range. Distances are those of the stored numbers.
  scalar stored = scalar::f32;
  /// How much farther than a kept neighbour a candidate must be from it to be left out, 1 to 2. Above 1 keeps more and longer
  /// links, which costs time at each step and saves steps (the alpha of Vamana: Subramanya et al., "DiskANN", NeurIPS 2019)
  float alpha = 1.0F;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_HNSW_OPTIONS_HPP
