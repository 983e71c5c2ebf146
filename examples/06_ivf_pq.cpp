// SPDX-License-Identifier: Apache-2.0
// examples/06_ivf_pq.cpp -- an inverted file: learn it from a sample, add, ask, tune, save, search with the vectors on disk, build on disk.
//   g++ -std=c++20 -O2 -Iinclude examples/06_ivf_pq.cpp -o 06_ivf_pq && ./06_ivf_pq [FILE]
#include <atlas/ivf_pq.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

namespace {

/// Prints why a call failed. Errors are values; what to do about one is the caller's choice.
int fail(const char* what, const atlas::error& why) {
  char text[512];
  atlas::describe(why, text, sizeof text);
  std::fprintf(stderr, "%s: %s\n", what, text);
  return 1;
}

/// Vectors around 200 places, as those of texts and pictures lie.
std::vector<float> vectors_around_places(unsigned seed, std::size_t rows, std::size_t dimension) {
  std::mt19937 of_places(1);
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> places(200 * dimension);
  for (float& component : places) component = 0.7F * normal(of_places);
  std::vector<float> vectors(rows * dimension);
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t place = random() % 200;
    for (std::size_t i = 0; i < dimension; ++i) vectors[row * dimension + i] = places[place * dimension + i] + normal(random);
  }
  return vectors;
}

}  // namespace

int main(int argc, char** argv) {
  const char* path = argc > 1 ? argv[1] : "06_ivf_pq.atlas";
  constexpr std::size_t rows = 20'000;
  constexpr std::size_t dimension = 64;
  const std::vector<float> vectors = vectors_around_places(2, rows, dimension);
  std::vector<std::uint64_t> keys(rows);
  for (std::size_t i = 0; i < rows; ++i) keys[i] = 1'000 + i;  // any number but UINT64_MAX

  // Vectors are listed with the nearest of 128 centroids, and 16 bytes stand for each: 4 bits for every two components.
  // All of this has defaults but the dimension.
  auto created = atlas::ivf_pq<float>::create(
      {.dimension = dimension, .lists = 128, .codes = atlas::ivf_codes::pq4, .parts = 32, .reserve_rows = rows});
  if (!created.ok()) return fail("create", created.error());
  auto& index = *created;

  // A sample teaches lists and codes, so that vectors may then come in any order. Without it the index learns from the first
  // that come, once there are enough of them, and compares all until then. It wants more vectors than it has lists.
  if (auto refused = index.train(atlas::dense(vectors.data(), 100, dimension)); !refused.ok()) {
    fail("as expected, too small a sample is refused", refused.error());
  }
  std::vector<float> sample;
  for (std::size_t row = 0; row < rows; row += 2) {  // from all over
    sample.insert(sample.end(), &vectors[row * dimension], &vectors[row * dimension] + dimension);
  }
  if (auto trained = index.train(atlas::dense(sample.data(), rows / 2, dimension), {.threads = 0}); !trained.ok()) {
    return fail("train", trained.error());
  }
  if (auto added = index.add(keys, atlas::dense(vectors.data(), rows, dimension), {.threads = 0}); !added.ok()) {
    return fail("add", added.error());
  }
  std::printf("%zu lists, %zu bytes a code\n", index.lists(), index.code_bytes());

  // A search looks at the `probes` nearest lists, and measures `rerank` vectors for each of k: those that the codes say may
  // be near. Answers go into the caller's arrays: one row of k for each query.
  constexpr std::size_t k = 5;
  std::uint64_t found[k];
  float distances[k];
  std::uint32_t count = 0;
  const auto query = atlas::dense(vectors.data(), 1, dimension);  // the first vector itself
  if (auto asked = index.search(query, {.k = k, .probes = 8, .rerank = 10}, {found, distances, &count}); !asked.ok()) {
    return fail("search", asked.error());
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    std::printf("%u. key %llu at distance %.4f\n", i + 1, static_cast<unsigned long long>(found[i]), static_cast<double>(distances[i]));
  }
  if (found[0] != keys[0]) return 1;

  // By the codes alone: no vector is read, and distances are estimates.
  float estimates[k];
  if (auto asked = index.search(query, {.k = k, .probes = 8, .estimates_only = true}, {found, estimates, &count}); !asked.ok()) {
    return fail("search by estimates", asked.error());
  }
  std::printf("nearest by the codes alone: key %llu, about %.4f\n", static_cast<unsigned long long>(found[0]), static_cast<double>(estimates[0]));

  // How many lists, how many vectors? Queries such as will be asked tell; both are the index's defaults, in its file too.
  const std::vector<float> samples = vectors_around_places(3, 200, dimension);
  const auto tuned = index.tune(atlas::dense(samples.data(), 200, dimension), {.k = k, .recall = 0.95});
  if (!tuned.ok()) return fail("tune", tuned.error());
  std::printf("%zu probes, rerank %zu find %.3f of the exact answers, %.0f queries a second\n", tuned->probes, tuned->rerank,
              tuned->recall, tuned->queries_per_second);
  if (tuned->recall < 0.95) return 1;

  if (auto saved = index.save(path); !saved.ok()) return fail(path, saved.error());

  // The same file with its vectors left on disk: lists and codes are mapped, and the few vectors that a search measures are
  // read. So an index may be many times larger than memory.
  auto opened = atlas::ivf_pq<float>::open(path, {.vectors = atlas::vector_residence::on_disk});
  if (!opened.ok()) return fail(path, opened.error());
  const atlas::memory_use memory = opened->memory();
  std::printf("%s holds %zu vectors; in memory are %llu bytes, as opposed to %llu\n", path, opened->size(),
              static_cast<unsigned long long>(memory.total()), static_cast<unsigned long long>(index.memory().total()));
  std::uint64_t again[k];
  if (auto asked = index.search(query, {.k = k}, {found, distances, &count}); !asked.ok()) return fail("search", asked.error());
  if (auto asked = opened->search(query, {.k = k}, {again, distances, &count}); !asked.ok()) return fail("search on disk", asked.error());
  if (!std::equal(found, found + k, again) || memory.vectors != 0) return 1;

  // Such a file is built without an index in memory, too: vectors lie on disk until they are in the order of lists, and the
  // file is in place, whole, when it is finished. A file of vectors is built in one call, ivf_pq_builder::build.
  auto builder = atlas::ivf_pq_builder::create(path, {.index = {.dimension = dimension, .reserve_rows = rows}, .memory_bytes = std::size_t{64} << 20});
  if (!builder.ok()) return fail("create a builder", builder.error());
  if (auto trained = builder->train(atlas::dense(sample.data(), rows / 2, dimension)); !trained.ok()) return fail("train", trained.error());
  constexpr std::size_t at_once = 1'000;
  for (std::size_t row = 0; row < rows; row += at_once) {
    const auto some = atlas::dense(&vectors[row * dimension], at_once, dimension);
    if (auto added = builder->add({&keys[row], at_once}, some); !added.ok()) return fail("add", added.error());
  }
  if (auto finished = builder->finish(); !finished.ok()) return fail(path, finished.error());
  auto built = atlas::ivf_pq<float>::open(path);
  if (!built.ok()) return fail(path, built.error());
  std::printf("%s was built anew with %zu lists of %zu vectors\n", path, built->lists(), built->size());
  return built->size() == rows ? 0 : 1;
}
