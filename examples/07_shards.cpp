// SPDX-License-Identifier: Apache-2.0
// examples/07_shards.cpp -- several index files searched as one: a list of them, one answer, and what happens when one is gone.
//   g++ -std=c++20 -O2 -Iinclude examples/07_shards.cpp -o 07_shards && ./07_shards [FOLDER]
#include <atlas/hnsw.hpp>
#include <atlas/shards.hpp>

#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

namespace {

constexpr std::size_t rows = 2'000;
constexpr std::size_t dimension = 32;

/// Prints why a call failed. Errors are values; what to do about one is the caller's choice.
int fail(const std::string& what, const atlas::error& why) {
  char text[512];
  atlas::describe(why, text, sizeof text);
  std::fprintf(stderr, "%s: %s\n", what.c_str(), text);
  return 1;
}

/// An index of some random vectors under the keys from `first` on, as a file.
atlas::status save_index(const std::string& path, unsigned seed, std::uint64_t first) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> vectors(rows * dimension);
  for (float& component : vectors) component = normal(random);
  std::vector<std::uint64_t> keys(rows);
  for (std::size_t i = 0; i < rows; ++i) keys[i] = first + i;
  auto index = atlas::hnsw<float>::create({.dimension = dimension});
  if (!index.ok()) return index.error();
  if (auto added = index->add(keys, atlas::dense(vectors.data(), rows, dimension), {.threads = 0}); !added.ok()) return added;
  return index->save(path.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : ".";
  const std::string list = folder + "/07_shards.shards";
  const char* const names[] = {"07_shards_2023.atlas", "07_shards_2024.atlas", "07_shards_2025.atlas"};
  for (unsigned i = 0; i < 3; ++i) {
    const std::string path = folder + "/" + names[i];
    if (auto saved = save_index(path, i, i * rows); !saved.ok()) return fail(path, saved.error());
  }

  // The list is a text, to be read, changed and compared by people; its paths lead on from its folder.
  if (auto written = atlas::shard_manifest::write(list.c_str(), names); !written.ok()) return fail(list, written.error());
  auto opened = atlas::shards::open(list.c_str());
  if (!opened.ok()) return fail(list, opened.error());
  std::printf("%zu shards hold %zu vectors\n", opened->shard_count(), opened->size());

  // A search asks every shard on all cores, and gives the nearest of what they find.
  constexpr std::size_t k = 5;
  std::uint64_t keys[k];
  float distances[k];
  const std::vector<float> query(dimension, 0.1F);
  const auto asked = opened->search(atlas::dense(query.data(), 1, dimension), {.k = k, .threads = 0}, {keys, distances, nullptr});
  if (!asked.ok()) return fail("search", asked.error());
  for (std::size_t i = 0; i < asked->found; ++i) {
    std::printf("%zu. key %llu of shard %zu at distance %.3f\n", i + 1, static_cast<unsigned long long>(keys[i]), opened->find(keys[i]),
                static_cast<double>(distances[i]));
  }

  // A shard that is gone is an error, which names it; or the rest answers and says so, where that is asked for.
  std::remove((folder + "/" + names[1]).c_str());
  const auto name_it = [](const atlas::shard_failure& one) { fail(one.path, one.why); };
  if (atlas::shards::open(list.c_str(), {.on_failure = name_it}).ok()) return 1;
  auto rest = atlas::shards::open(list.c_str(), {.allow_missing = true});
  if (!rest.ok()) return fail(list, rest.error());
  const auto part = rest->search(atlas::dense(query.data(), 1, dimension), {.k = k}, {keys, distances, nullptr});
  if (!part.ok()) return fail("search", part.error());
  std::printf("%zu of %zu shards answered\n", part->answered, part->listed);
  return part->answered == 2 && !part->is_whole() && rest->missing()[0].shard == 1 ? 0 : 1;
}
