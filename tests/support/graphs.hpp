// SPDX-License-Identifier: Apache-2.0
// tests/support/graphs.hpp -- graphs and the exact indexes of the same rows, and how near the ones come to the others.
#ifndef ATLAS_TESTS_SUPPORT_GRAPHS_HPP
#define ATLAS_TESTS_SUPPORT_GRAPHS_HPP

#include <atlas/any_index.hpp>

#include "support/index_answers.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

namespace support {

/// Vectors under the keys 0, 1, ...
inline atlas::hnsw<float> graph_of(const std::vector<float>& vectors, const atlas::hnsw_options& options, unsigned threads = 1) {
  auto index = atlas::hnsw<float>::create(options).value();
  const std::size_t rows = vectors.size() / options.dimension;
  index.add(keys_from(0, rows), atlas::dense(vectors.data(), rows, options.dimension), {.threads = threads}).value();
  return index;
}
inline atlas::flat<float> flat_of(const std::vector<float>& vectors, std::size_t dimension, atlas::metric metric) {
  auto index = atlas::flat<float>::create({.dimension = dimension, .metric = metric}).value();
  const std::size_t rows = vectors.size() / dimension;
  index.add(keys_from(0, rows), atlas::dense(vectors.data(), rows, dimension)).value();
  return index;
}

/// The share of the exact answers' keys that are among the others.
inline double recall(const std::vector<answer>& exact, const std::vector<answer>& found) {
  std::size_t wanted = 0;
  std::size_t hits = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    const std::set<std::uint64_t> right(exact[i].keys.begin(), exact[i].keys.end());
    wanted += right.size();
    for (const std::uint64_t key : found[i].keys) hits += right.count(key);
  }
  return wanted == 0 ? 1.0 : static_cast<double>(hits) / static_cast<double>(wanted);
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_GRAPHS_HPP
