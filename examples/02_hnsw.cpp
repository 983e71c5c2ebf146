// SPDX-License-Identifier: Apache-2.0
// examples/02_hnsw.cpp -- an approximate index: build it, ask it, tune it, change it, save it, open it again.
//   g++ -std=c++20 -O2 -Iinclude examples/02_hnsw.cpp -o 02_hnsw && ./02_hnsw [FILE]
#include <atlas/hnsw.hpp>

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

}  // namespace

int main(int argc, char** argv) {
  const char* path = argc > 1 ? argv[1] : "02_hnsw.atlas";
  constexpr std::size_t rows = 10'000;
  constexpr std::size_t dimension = 64;

  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<float> vectors(rows * dimension);
  for (float& component : vectors) component = normal(random);
  std::vector<std::uint64_t> keys(rows);
  for (std::size_t i = 0; i < rows; ++i) keys[i] = 1'000 + i;  // any number but UINT64_MAX

  // Vectors go in and come out as float32, and are stored here in half precision. Walks over the graph read 8 bits a
  // component; what they find is measured on the stored vectors. All of this has defaults but the dimension.
  auto created = atlas::hnsw<float>::create({.dimension = dimension,
                                             .metric = atlas::metric::cosine,
                                             .codes = atlas::traversal_codes::lvq8,
                                             .stored = atlas::scalar::f16});
  if (!created.ok()) return fail("create", created.error());
  auto& index = *created;
  if (auto added = index.add(keys, atlas::dense(vectors.data(), rows, dimension), {.threads = 0}); !added.ok()) {
    return fail("add", added.error());
  }

  // A bad batch is refused whole, and the error says which row and why.
  std::vector<float> wrong(dimension / 2, 1.0F);
  const std::uint64_t new_key = 1;
  if (auto refused = index.add({&new_key, 1}, atlas::dense(wrong.data(), 1, wrong.size())); !refused.ok()) {
    fail("as expected, a vector of another dimension is refused", refused.error());
  }

  // Answers go into the caller's arrays: one row of k for each query.
  constexpr std::size_t k = 5;
  std::uint64_t found[k];
  float distances[k];
  std::uint32_t count = 0;
  const auto query = atlas::dense(vectors.data(), 1, dimension);  // the first vector itself
  if (auto asked = index.search(query, {.k = k}, {found, distances, &count}); !asked.ok()) return fail("search", asked.error());
  for (std::uint32_t i = 0; i < count; ++i) {
    std::printf("%u. key %llu at distance %.4f\n", i + 1, static_cast<unsigned long long>(found[i]), static_cast<double>(distances[i]));
  }
  if (found[0] != keys[0]) return 1;

  // Filters: only even keys, without the first one. How they are found follows from the share that is allowed.
  const auto is_wanted = [](std::uint64_t key) { return key % 2 == 0 && key != 1'000; };
  if (auto asked = index.search(query, {.k = k, .allowed = {.predicate = is_wanted}}, {found, distances, &count}); !asked.ok()) {
    return fail("filtered search", asked.error());
  }
  std::printf("nearest allowed: key %llu\n", static_cast<unsigned long long>(found[0]));

  // Or a bitmap over keys, which every language has: here one key in a thousand.
  std::vector<std::uint64_t> bitmap((keys.back() + 64) / 64);
  for (std::uint64_t key = 1'000; key <= keys.back(); key += 1'000) bitmap[key / 64] |= std::uint64_t{1} << (key % 64);
  const atlas::filter one_in_a_thousand{.bitmap = bitmap.data(), .bitmap_bits = bitmap.size() * 64};
  if (auto asked = index.search(query, {.k = k, .allowed = one_in_a_thousand}, {found, distances, &count}); !asked.ok()) {
    return fail("filtered search", asked.error());
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    if (found[i] % 1'000 != 0) return 1;
  }

  // How wide must a search be? Queries such as will be asked tell; what is found is the index's default, in its file too.
  std::vector<float> samples(200 * dimension);
  for (float& component : samples) component = normal(random);
  const auto tuned = index.tune(atlas::dense(samples.data(), 200, dimension), {.k = k, .recall = 0.9});
  if (!tuned.ok()) return fail("tune", tuned.error());
  std::printf("width %zu finds %.3f of the exact answers, %.0f queries a second\n", tuned->width, tuned->recall, tuned->queries_per_second);

  // What is removed is found no more, leaves the graph bit by bit, and its room serves vectors to come.
  constexpr std::size_t gone = 500;
  for (std::size_t i = 0; i < gone; ++i) {
    if (auto removed = index.remove(keys[i]); !removed.ok()) return fail("remove", removed.error());
  }
  if (auto saved = index.save(path); !saved.ok()) return fail(path, saved.error());

  // Opening maps the file and reads its header, however large it is.
  auto opened = atlas::hnsw<float>::open(path);
  if (!opened.ok()) return fail(path, opened.error());
  std::printf("%s holds %zu vectors of dimension %zu\n", path, opened->size(), opened->dimension());
  return opened->size() == rows - gone && !opened->contains(keys[0]) ? 0 : 1;
}
