// SPDX-License-Identifier: Apache-2.0
// tests/support/index_exercise.hpp -- every call on an index whose file may hold any bytes whatever. What comes back may be
// wrong, but must be well formed; a sanitizer watches the rest.
#ifndef ATLAS_TESTS_SUPPORT_INDEX_EXERCISE_HPP
#define ATLAS_TESTS_SUPPORT_INDEX_EXERCISE_HPP

#include <atlas/any_index.hpp>

#include "support/insist.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace support {

/// `count` hits of k slots: sorted, no NaN, the unused slots marked.
inline void insist_well_formed(const std::vector<std::uint64_t>& keys, const std::vector<float>& distances, std::size_t count, std::size_t k) {
  insist(count <= k, "more hits than k");
  for (std::size_t i = 0; i < k; ++i) {
    if (i >= count) {
      insist(keys[i] == atlas::reserved_key && distances[i] == std::numeric_limits<float>::infinity(), "an unmarked slot");
      continue;
    }
    insist(distances[i] == distances[i], "NaN");
    insist(i == 0 || distances[i - 1] <= distances[i], "not sorted");
  }
}

/// A vector that no checked call refuses.
inline std::vector<float> probe_vector(std::size_t dimension, std::uint64_t seed) {
  std::vector<float> vector(dimension);
  for (std::size_t i = 0; i < dimension; ++i) {
    vector[i] = static_cast<float>((seed * 2654435761U + i * 40503U) % 17U) - 8.0F;
  }
  vector[0] += 0.5F;  // never the zero vector
  return vector;
}

template <class Index>
void exercise_reading(const Index& index) {
  const std::size_t dimension = index.dimension();
  std::vector<float> queries;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const std::vector<float> one = probe_vector(dimension, seed);
    queries.insert(queries.end(), one.begin(), one.end());
  }
  const auto even = [](std::uint64_t key) { return key % 2 == 0; };
  const std::uint64_t bitmap[2] = {0x00FF00FF00FF00FFU, ~std::uint64_t{0}};
  const atlas::filter filters[] = {{}, {.predicate = even}, {.bitmap = bitmap, .bitmap_bits = 100}};
  using atlas::filter_strategy;
  for (const atlas::filter& allowed : filters) {
    struct way {
      std::size_t k;
      std::size_t width;
      filter_strategy strategy;
      std::uint32_t starts;
      std::uint32_t patience;
      std::uint64_t time_limit_ns;
    };
    const way ways[] = {{1, 0, filter_strategy::automatic, 0, 0, 0},
                        {7, 20, filter_strategy::walk, 0, 0, 0},
                        {7, 9, filter_strategy::two_hop, 4, 0, 0},
                        {7, 9, filter_strategy::scan, 0, 0, 0},
                        {3, 0, filter_strategy::walk, 1000, 1, 1},
                        {300, 0, filter_strategy::two_hop, 0, 2, ~std::uint64_t{0}}};
    for (const way& one : ways) {
      const std::size_t k = one.k;
      std::vector<std::uint64_t> keys(3 * k);
      std::vector<float> distances(3 * k);
      std::uint32_t counts[3] = {};
      const auto said = index.search(atlas::dense(queries.data(), 3, dimension),
                                     {.k = k,
                                      .width = one.width,
                                      .allowed = allowed,
                                      .strategy = one.strategy,
                                      .starts = one.starts,
                                      .patience = one.patience,
                                      .time_limit_ns = one.time_limit_ns},
                                     {keys.data(), distances.data(), counts});
      if (!said.ok()) continue;
      for (std::size_t i = 0; i < 3; ++i) {
        const auto first = static_cast<std::ptrdiff_t>(i * k);
        const auto last = static_cast<std::ptrdiff_t>((i + 1) * k);
        insist_well_formed({keys.begin() + first, keys.begin() + last}, {distances.begin() + first, distances.begin() + last}, counts[i], k);
      }
    }
    for (const float radius : {-1.0F, 0.0F, 100.0F, std::numeric_limits<float>::infinity()}) {
      std::vector<std::uint64_t> keys(50);
      std::vector<float> distances(50);
      (void)index.range({queries.data(), dimension}, radius, {.allowed = allowed}, keys, distances);
    }
  }
  std::uint64_t cursor = 0;
  std::uint64_t keys[64];
  std::vector<float> vector(dimension);
  std::uint64_t listed = 0;
  for (std::size_t got; (got = index.list_keys(cursor, keys)) != 0;) {
    listed += got;
    insist(listed <= atlas::max_rows, "list_keys does not end");
    for (std::size_t i = 0; i < got; i += 9) {
      const bool is_there = index.contains(keys[i]);
      insist(index.get(keys[i], vector.data()).ok() == is_there, "contains and get disagree");
      float distance = 0;
      insist(index.distances({queries.data(), dimension}, {keys + i, 1}, &distance).ok() == is_there, "contains and distances disagree");
    }
  }
  for (const std::uint64_t key : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{12345}, atlas::reserved_key}) (void)index.contains(key);
  (void)index.size();
  (void)index.memory();
}

/// Adds, replaces and removes, with reading in between.
inline void exercise_changing(atlas::any_index& index, unsigned threads) {
  const std::size_t dimension = index.dimension();
  std::uint64_t stored[4] = {};
  std::uint64_t cursor = 0;
  const std::size_t known = index.list_keys(cursor, stored);
  std::vector<float> block;
  std::vector<std::uint64_t> keys;
  for (std::uint64_t i = 0; i < 20; ++i) {
    std::vector<float> one = probe_vector(dimension, 100 + i);
    if (index.element() == atlas::scalar::i8 || index.element() == atlas::scalar::u8) {
      for (float& component : one) component = std::ceil(std::abs(component));  // a whole number of both ranges
    }
    block.insert(block.end(), one.begin(), one.end());
    keys.push_back((std::uint64_t{1} << 40) + i);
  }
  const atlas::matrix_view vectors = atlas::dense(block.data(), keys.size(), dimension);
  (void)index.add(keys, vectors, {.threads = threads});
  for (std::size_t i = 0; i < known; ++i) (void)index.remove(stored[i]);
  (void)index.upsert({keys.data(), 10}, vectors.subrows(10, 10), {.threads = threads});
  for (std::size_t i = 0; i < 10; i += 2) (void)index.remove(keys[i]);
  (void)index.upsert({stored, known < 1 ? known : 1}, vectors.subrows(0, known < 1 ? known : 1));
  // Enough removed rows for a graph to take them out of its lists, and their slots are used again.
  (void)index.upsert(keys, vectors, {.threads = threads});
  (void)index.upsert(keys, vectors);
  (void)index.compact();
  (void)index.upsert(keys, vectors);
  (void)index.reserve(100);
  const auto never = [](std::uint64_t, std::uint64_t) { return false; };
  const std::uint64_t withdrawn = 3;
  (void)index.add({&withdrawn, 1}, vectors.subrows(0, 1), {.on_progress = never});
  exercise_reading(index);
}

/// Reads from the file loaded into memory, and with its vectors left on disk, where its kind can.
inline void exercise_residences(const char* path) {
  for (const bool is_loaded : {true, false}) {
    for (const auto vectors : {atlas::vector_residence::mapped, atlas::vector_residence::on_disk}) {
      const auto index = atlas::any_index::open(path, {.vectors = vectors, .load = is_loaded});
      if (index.ok()) exercise_reading(*index);
    }
  }
}

/// Opens the file in both modes and calls everything. @return whether it opened at all
inline bool exercise_file(const char* path, const char* save_path = nullptr, unsigned threads = 1) {
  bool is_open = false;
  {
    auto index = atlas::any_index::open(path);
    if (index.ok()) {
      is_open = true;
      exercise_reading(*index);
    }
  }
  auto index = atlas::any_index::open(path, {.mode = atlas::open_mode::change});
  if (!index.ok()) return is_open;
  exercise_changing(*index, threads);
  if (save_path != nullptr && index->save(save_path).ok()) {
    auto again = atlas::any_index::open(save_path);
    if (again.ok()) exercise_reading(*again);
  }
  return true;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_INDEX_EXERCISE_HPP
