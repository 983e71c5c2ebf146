// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/hnsw_options.hpp -- what an HNSW index is created with.
//
// Room:      hnsw_options and its limits.
// Depends:   distance/metric.hpp.
#ifndef ATLAS_INDEX_HNSW_OPTIONS_HPP
#define ATLAS_INDEX_HNSW_OPTIONS_HPP

#include <atlas/distance/metric.hpp>  // metric

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
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_HNSW_OPTIONS_HPP
