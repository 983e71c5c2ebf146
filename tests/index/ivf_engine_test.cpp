// SPDX-License-Identifier: Apache-2.0
// tests/index/ivf_engine_test.cpp -- mirrors include/atlas/index/ivf_engine.hpp: what was learned before, what is loaded, and
// codes beside rows while all changes.
#include <atlas/index/ivf_engine.hpp>

#include <atlas/ivf_pq.hpp>

#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/memory_folder.hpp"
#include "support/patched_file.hpp"
#include "support/repetitions.hpp"
#include "support/scratch_folder.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

using atlas::ivf_codes;
using atlas::ivf_pq;
using atlas::ivf_rotation;
using atlas::traversal_codes;

TEST_SUITE("ivf_engine") {
namespace {

constexpr std::size_t dimension = 24;

ivf_pq<float> filled(atlas::ivf_pq_options options, const std::vector<float>& vectors) {
  options.dimension = dimension;
  auto index = ivf_pq<float>::create(options).value();
  const std::size_t rows = vectors.size() / dimension;
  index.add(support::keys_from(0, rows), atlas::dense(vectors.data(), rows, dimension)).value();
  REQUIRE(index.is_trained());
  return index;
}

}  // namespace

  TEST_CASE("retrain: what was learned before counts as memory while a search is in it, and goes with the next change") {
    const auto vectors = support::random_vector(1, 2000 * dimension);
    auto index = filled({.lists = 8, .train_from = 2000}, vectors);
    const std::uint64_t alone = index.memory().graph;
    std::atomic<bool> is_inside{false};
    std::atomic<bool> may_leave{false};
    const auto wait = [&](std::uint64_t) {
      is_inside.store(true);
      while (!may_leave.load()) std::this_thread::yield();
      return true;
    };
    std::thread searching([&] {
      (void)support::search_one(index, vectors.data(), {.k = 3, .allowed = {.predicate = wait}});
    });
    while (!is_inside.load()) std::this_thread::yield();
    REQUIRE(index.retrain().ok());
    CHECK(index.memory().graph >= alone + alone / 2);
    index.remove(0).value();
    CHECK(index.memory().graph >= alone + alone / 2);  // the search is in it still
    may_leave.store(true);
    searching.join();
    CHECK(index.memory().graph >= alone + alone / 2);
    index.remove(1).value();
    CHECK(index.memory().graph <= alone + alone / 4);
    REQUIRE(index.retrain().ok());  // with nobody in it, it goes at once
    CHECK(index.memory().graph <= alone + alone / 4);
  }

  TEST_CASE("load: nothing that searches by codes read is left in the file") {
    const support::memory_folder folder;
    const auto vectors = support::random_vector(1, 5000 * dimension);
    const auto queries = support::random_vector(2, 20 * dimension);
    const auto view = atlas::dense(queries.data(), 20, dimension);
    for (const std::size_t lists : {std::size_t{8}, std::size_t{4200}}) {  // of so many a graph finds the nearest
      CAPTURE(lists);
      const auto index = filled({.lists = lists, .rotation = ivf_rotation::random, .train_from = 5000, .iterations = 1, .rerank_codes = traversal_codes::lvq8}, vectors);
      index.save(folder.path("good").c_str()).value();
      const support::patched_file file(folder, support::read_whole(folder.path("good")));
      const auto loaded = ivf_pq<float>::open(file.path(), {.load = true}).value();
      const auto mapped = ivf_pq<float>::open(file.path()).value();
      const atlas::search_options options{.k = 5, .probes = 6};
      const auto wanted = support::search(index, view, options);
      CHECK(support::search(mapped, view, options) == wanted);
      for (const atlas::section_entry& entry : loaded.file()->sections()) {
        if (entry.id != 0x103) file.put(entry.offset, std::string(entry.length_bytes, '\0'));
      }
      CHECK(support::search(loaded, view, options) == wanted);
      CHECK(support::search(mapped, view, options) != wanted);
    }
  }

  TEST_CASE("trainings, changes and searches beside each other, with codes to rerank by: every search finds a vector that stays") {
    const auto vectors = support::random_vector(5, 700 * dimension);
    auto index = ivf_pq<float>::create({.dimension = dimension, .lists = 4, .codes = ivf_codes::pq4, .train_from = 64, .probes = 4, .rerank = 64, .rerank_codes = traversal_codes::lvq8}).value();
    index.add(support::keys_from(0, 200), atlas::dense(vectors.data(), 200, dimension)).value();
    std::atomic<bool> is_over{false};
    std::atomic<std::uint64_t> wrong{0};
    const auto search = [&] {
      while (!is_over.load()) {
        std::uint64_t keys[2];
        float distances[2];
        for (std::size_t i = 0; i < 200; i += 17) {
          if (!index.search(atlas::dense(vectors.data() + i * dimension, 1, dimension), {.k = 2}, {keys, distances}).ok() || keys[0] != i || distances[0] != 0.0F) wrong.fetch_add(1);
          if (!index.search(atlas::dense(vectors.data() + i * dimension, 1, dimension), {.k = 2, .estimates_only = true}, {keys, distances}).ok()) wrong.fetch_add(1);
        }
        if (index.memory().graph == 0) wrong.fetch_add(1);
      }
    };
    std::thread first(search);
    std::thread second(search);
    std::thread changing([&] {
      for (std::size_t round = 0; !is_over.load(); ++round) {
        for (std::size_t i = 200; i < 700; i += 50) {
          if (!index.upsert(support::keys_from(i, 50), atlas::dense(vectors.data() + i * dimension, 50, dimension), {.threads = 1}).ok()) wrong.fetch_add(1);
        }
        for (std::uint64_t key = 200; key < 700; ++key) {
          if (!index.remove(key).ok()) wrong.fetch_add(1);
        }
      }
    });
    for (std::size_t round = 0; round < support::repetitions(20, 8, 4); ++round) {
      if (!index.retrain().ok()) wrong.fetch_add(1);
      if (!index.compact().ok()) wrong.fetch_add(1);
    }
    is_over.store(true);
    first.join();
    second.join();
    changing.join();
    CHECK(wrong.load() == 0);
    CHECK(index.size() == 200);
  }
}
