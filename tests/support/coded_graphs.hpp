// SPDX-License-Identifier: Apache-2.0
// tests/support/coded_graphs.hpp -- small graphs that are walked by codes, where their files say so, and a judge of their
// answers.
#ifndef ATLAS_TESTS_SUPPORT_CODED_GRAPHS_HPP
#define ATLAS_TESTS_SUPPORT_CODED_GRAPHS_HPP

#include <atlas/index/hnsw_index.hpp>

#include "support/index_answers.hpp"
#include "support/index_model.hpp"
#include "support/memory_folder.hpp"
#include "support/scratch_folder.hpp"
#include "support/stored_numbers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace support {

inline constexpr atlas::traversal_codes all_codes[] = {atlas::traversal_codes::none, atlas::traversal_codes::f16, atlas::traversal_codes::bf16, atlas::traversal_codes::lvq8,
                                                      atlas::traversal_codes::lvq4};
inline constexpr atlas::traversal_codes real_codes[] = {atlas::traversal_codes::f16, atlas::traversal_codes::bf16, atlas::traversal_codes::lvq8, atlas::traversal_codes::lvq4};
inline constexpr std::size_t coded_dimension = 20;

// Offsets in a file, from ARCHITECTURE.md's table.
inline constexpr std::size_t codes_offset = 104;
inline constexpr std::size_t wanted_offset = 105;
inline constexpr std::size_t prefetch_offset = 106;
inline constexpr std::size_t from_offset = 108;
inline constexpr std::size_t alpha_offset = 112;
inline constexpr std::uint32_t codes_section = 0x114;
inline constexpr std::uint32_t centre_section = 0x115;

/// A graph that has codes from its 16th row on.
inline atlas::hnsw_options coded(atlas::traversal_codes codes, atlas::metric which = atlas::metric::l2sq,
                                 atlas::scalar stored = atlas::scalar::f32, std::size_t components = coded_dimension) {
  return {.dimension = components,
          .metric = which,
          .connectivity = 8,
          .build_width = 40,
          .search_width = 40,
          .codes = codes,
          .codes_from = 16,
          .stored = stored};
}

/// The bytes that an index is saved as.
inline std::string file_of(const atlas::hnsw<float>& index, const memory_folder& folder) {
  const std::string path = folder.path("file_of");
  index.save(path.c_str()).value();
  return read_whole(path);
}

/// The share of answers whose distance in float64 is at most that of the k-th nearest; and whether each answer's distance
/// is that of its key's stored vector, within the kernels' bound.
struct judgement {
  double recall = 0;
  bool are_distances_right = true;
};
inline judgement judge(const atlas::hnsw<float>& index, const std::vector<float>& stored, const std::vector<float>& queries,
                       std::size_t k, std::size_t width = 0) {
  const std::size_t components = index.dimension();
  const std::size_t rows = stored.size() / components;
  const std::size_t count = queries.size() / components;
  const auto found = search(index, atlas::dense(queries.data(), count, components), {.k = k, .width = width});
  judgement said;
  std::size_t right = 0;
  std::vector<double> distances(rows);
  for (std::size_t i = 0; i < count; ++i) {
    const float* query = queries.data() + i * components;
    for (std::size_t row = 0; row < rows; ++row) {
      distances[row] = distance_float64(index.metric(), query, stored.data() + row * components, components);
    }
    std::vector<double> sorted = distances;
    std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(k - 1), sorted.end());
    for (std::size_t slot = 0; slot < found[i].keys.size(); ++slot) {
      const std::uint64_t key = found[i].keys[slot];
      REQUIRE(key < rows);
      if (distances[key] <= sorted[k - 1]) ++right;
      const double bound = distance_bound(index.metric(), query, stored.data() + key * components, components);
      if (!(std::abs(static_cast<double>(found[i].distances[slot]) - distances[key]) <= bound)) said.are_distances_right = false;
    }
  }
  said.recall = static_cast<double>(right) / static_cast<double>(count * k);
  return said;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_CODED_GRAPHS_HPP
