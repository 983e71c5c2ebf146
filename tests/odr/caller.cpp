// SPDX-License-Identifier: Apache-2.0
// tests/odr/caller.cpp -- compiled once for each -march under the name ATLAS_ODR_CALLER; what a user's unit does.
#include <atlas/distance.hpp>
#include <atlas/hnsw.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

extern "C" double ATLAS_ODR_CALLER();

/// The sum of the distances of 50 nearest neighbours and of one kernel call; -1 if a call failed.
extern "C" double ATLAS_ODR_CALLER() {
  constexpr std::size_t rows = 300;
  constexpr std::size_t dimension = 37;  // odd, so that every vector width has a tail
  std::vector<float> data(rows * dimension);
  std::vector<std::uint64_t> keys(rows);
  std::uint32_t state = 1;
  for (float& value : data) {
    state = state * 1664525U + 1013904223U;
    value = static_cast<float>(state >> 8) / 16777216.0F;
  }
  for (std::size_t i = 0; i < rows; ++i) keys[i] = i;

  auto index = atlas::hnsw<float>::create({.dimension = dimension, .metric = atlas::metric::l2sq});
  if (!index.ok()) return -1;
  const atlas::matrix_view vectors{data.data(), rows, dimension, dimension};
  if (!index->add(keys, vectors).ok()) return -1;

  std::vector<std::uint64_t> found(5 * 10);
  std::vector<float> distances(5 * 10);
  std::vector<std::uint32_t> counts(5);
  const atlas::matrix_view queries{data.data(), 5, dimension, dimension};
  if (!index->search(queries, {.k = 10}, {found.data(), distances.data(), counts.data()}).ok()) return -1;

  double sum = static_cast<double>(atlas::l2sq(data.data(), data.data() + dimension, dimension));
  for (const float distance : distances) sum += static_cast<double>(distance);
  return sum;
}
