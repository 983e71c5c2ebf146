// SPDX-License-Identifier: Apache-2.0
// tests/index/basic_index_threads_test.cpp -- mirrors include/atlas/index/basic_index.hpp: all calls beside each other, for
// ThreadSanitizer and for what must hold afterwards; and what is left of an index after fork().
#include <atlas/index/basic_index.hpp>

#include "support/child_process.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/memory_folder.hpp"
#include "support/repetitions.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

TEST_SUITE("index") {
namespace {

using keys_t = std::vector<std::uint64_t>;
constexpr std::size_t dimension = 12;

/// The one vector that a key has in these tests; another for each version of it.
std::vector<float> vector_of(std::uint64_t key, std::uint64_t version = 0) {
  return support::random_vector(key * 1000 + version, dimension);
}
std::vector<float> vectors_of(const keys_t& keys, std::uint64_t version = 0) {
  std::vector<float> block;
  for (const std::uint64_t key : keys) {
    const auto one = vector_of(key, version);
    block.insert(block.end(), one.begin(), one.end());
  }
  return block;
}
atlas::matrix_view view_of(const std::vector<float>& block) { return atlas::dense(block.data(), block.size() / dimension, dimension); }

/// Plain graphs, not the exact ones of the other tests: these should look like a user's.
atlas::result<atlas::any_index> make(atlas::file_kind kind, atlas::metric metric) {
  if (kind == atlas::file_kind::flat) return support::as_any(atlas::flat<float>::create({.dimension = dimension, .metric = metric}));
  if (kind == atlas::file_kind::ivf_pq) {
    return support::as_any(atlas::ivf_pq<float>::create(
        {.dimension = dimension, .metric = metric, .lists = 8, .train_from = 100, .probes = 8, .rerank = 1000}));
  }
  return support::as_any(atlas::hnsw<float>::create({.dimension = dimension, .metric = metric, .connectivity = 8, .build_width = 60}));
}

/// Errors and wrong answers that threads saw: doctest's checks are slow under a sanitizer, and one line says as much.
struct tally {
  std::atomic<std::uint64_t> wrong{0};
  void insist(bool is_so) {
    if (!is_so) wrong.fetch_add(1);
  }
};

template <class... Work>
void beside_each_other(Work&&... work) {
  std::vector<std::thread> threads;
  (threads.emplace_back(work), ...);
  for (std::thread& one : threads) one.join();
}

}  // namespace

  TEST_CASE("threads: adds, upserts, removals, look-ups, searches and saves beside each other") {
    const support::memory_folder folder;
    for (const atlas::file_kind kind : {atlas::file_kind::flat, atlas::file_kind::hnsw, atlas::file_kind::ivf_pq}) {
      for (const bool is_mapped : {false, true}) {
        CAPTURE(static_cast<int>(kind));
        CAPTURE(is_mapped);
        auto index = make(kind, atlas::metric::cosine).value();
        const keys_t base = support::keys_from(0, 200);
        index.add(base, view_of(vectors_of(base))).value();
        if (is_mapped) {
          index.save(folder.path("base").c_str()).value();
          index = atlas::any_index::open(folder.path("base").c_str(), {.mode = atlas::open_mode::change}).value();
        }
        tally seen;
        std::atomic<bool> is_over{false};
        const auto adder = [&](std::uint64_t first) {
          return [&, first] {
            for (std::uint64_t batch = 0; batch < 25; ++batch) {
              const keys_t keys = support::keys_from(first + batch * 8, 8);
              seen.insist(index.add(keys, view_of(vectors_of(keys)), {.threads = batch % 3 == 2 ? 2U : 1U}).ok());
              seen.insist(index.contains(keys[0]) && index.contains(keys[7]));
            }
          };
        };
        const auto upserter = [&] {  // of keys 50 to 99, and of some that are new
          for (std::uint64_t version = 1; version <= 20; ++version) {
            const keys_t keys = support::keys_from(50 + version % 5 * 10, 10);
            seen.insist(index.upsert(keys, view_of(vectors_of(keys, version))).ok());
            const keys_t fresh{3000 + version};
            seen.insist(index.upsert(fresh, view_of(vectors_of(fresh))).ok());
          }
        };
        const auto remover = [&] {  // keys 100 to 149
          for (std::uint64_t key = 100; key < 150; ++key) {
            seen.insist(index.remove(key).ok());
            seen.insist(!index.contains(key));
            seen.insist(index.remove(key).error() == atlas::errc::key_not_found);
          }
        };
        const auto searcher = [&](std::uint64_t seed) {
          return [&, seed] {
            std::mt19937_64 draw(seed);
            std::uint64_t keys[10];
            float distances[10];
            std::uint32_t count = 0;
            float got[dimension];
            while (!is_over.load()) {
              const std::uint64_t key = draw() % 50;  // never changed
              const auto query = vector_of(key);
              const auto even = [](std::uint64_t one) { return one % 2 == 0; };
              const bool is_filtered = draw() % 4 == 0;
              atlas::search_options options{.k = 10};
              if (is_filtered) options.allowed = {.predicate = even};
              seen.insist(index.search(view_of(query), options, {keys, distances, &count}).ok());
              seen.insist(count == 10);
              seen.insist(std::is_sorted(distances, distances + 10));
              seen.insist(is_filtered || (keys[0] == key && distances[0] < 1e-5F));
              for (std::uint32_t i = 0; is_filtered && i < count; ++i) seen.insist(even(keys[i]));
              seen.insist(index.get(key, got).ok() && std::equal(query.begin(), query.end(), got));
              seen.insist(index.range(query, 0.3F, {}, keys, distances).value() >= 1);
              const std::uint64_t some[2] = {key, (key + 1) % 50};
              seen.insist(index.distances(query, some, distances).ok() && distances[0] < 1e-5F);
              std::uint64_t cursor = draw() % 300;
              seen.insist(index.list_keys(cursor, keys) <= 10);
              seen.insist(index.size() >= 150);
              (void)index.memory();
            }
          };
        };
        const auto saver = [&] {
          for (int round = 0; round < 5; ++round) {
            const std::string path = folder.path("saved");
            seen.insist(index.save(path.c_str()).ok());
            const auto opened = atlas::any_index::open(path.c_str());
            seen.insist(opened.ok());
            if (!opened.ok()) continue;
            seen.insist(opened->size() == support::all_keys(*opened, 64).size());
            for (std::uint64_t key = 0; key < 50; ++key) seen.insist(opened->contains(key));
            seen.insist(support::search_one(*opened, vector_of(3).data(), {.k = 1}).keys == keys_t{3});
          }
        };
        std::thread first_searcher(searcher(1));
        std::thread second_searcher(searcher(2));
        beside_each_other(adder(1000), adder(2000), upserter, remover, saver, [&] { seen.insist(index.reserve(5000).ok()); });
        is_over.store(true);
        first_searcher.join();
        second_searcher.join();
        CHECK(seen.wrong.load() == 0);

        // Every live key is there once, and is found by its own vector.
        keys_t expected = support::keys_from(0, 100);
        for (const std::uint64_t first : {150U}) {
          const keys_t more = support::keys_from(first, 50);
          expected.insert(expected.end(), more.begin(), more.end());
        }
        for (const std::uint64_t first : {1000U, 2000U}) {
          const keys_t more = support::keys_from(first, 200);
          expected.insert(expected.end(), more.begin(), more.end());
        }
        const keys_t fresh = support::keys_from(3001, 20);
        expected.insert(expected.end(), fresh.begin(), fresh.end());
        keys_t listed = support::all_keys(index, 100);
        std::sort(listed.begin(), listed.end());
        CHECK(listed == expected);
        CHECK(index.size() == expected.size());
        std::size_t found = 0;
        for (const std::uint64_t key : expected) {
          float own[dimension];
          REQUIRE(index.get(key, own).ok());
          const bool is_upserted = key >= 50 && key < 100;
          if (!is_upserted) CHECK(std::equal(own, own + dimension, vector_of(key).data()));
          found += support::search_one(index, own, {.k = 1, .width = 200}).keys == keys_t{key} ? 1U : 0U;
        }
        CHECK(found == expected.size());
      }
    }
  }

  TEST_CASE("threads: of adds of one key at the same time exactly one succeeds") {
    for (const atlas::file_kind kind : {atlas::file_kind::flat, atlas::file_kind::hnsw, atlas::file_kind::ivf_pq}) {
      auto index = make(kind, atlas::metric::l2sq).value();
      std::atomic<std::uint64_t> successes{0};
      tally seen;
      const auto add_all = [&] {
        for (std::uint64_t key = 0; key < 150; ++key) {
          const keys_t keys{key, 1000 + key};
          const auto said = index.add(keys, view_of(vectors_of(keys)));
          if (said.ok()) {
            successes.fetch_add(1);
          } else {
            seen.insist(said.error() == atlas::errc::duplicate_key);
          }
        }
      };
      beside_each_other(add_all, add_all, add_all);
      CHECK(seen.wrong.load() == 0);
      CHECK(successes.load() == 150);
      CHECK(index.size() == 300);
      CHECK(support::all_keys(index, 50).size() == 300);
    }
  }

  TEST_CASE("threads: adds, upserts and removals of the same few keys leave each there once or not at all") {
    for (const atlas::file_kind kind : {atlas::file_kind::flat, atlas::file_kind::hnsw, atlas::file_kind::ivf_pq}) {
      auto index = make(kind, atlas::metric::l2sq).value();
      const auto churn = [&](std::uint64_t seed) {
        return [&, seed] {
          std::mt19937_64 draw(seed);
          for (int round = 0; round < 150; ++round) {
            const keys_t keys{draw() % 4, 4 + draw() % 4};
            const auto vectors = vectors_of(keys, draw() % 3);
            const auto never = [](std::uint64_t, std::uint64_t) { return false; };
            switch (draw() % 4) {
              case 0: (void)index.add(keys, view_of(vectors)).ok(); break;
              case 1: (void)index.upsert(keys, view_of(vectors)).ok(); break;
              case 2: (void)index.upsert(keys, view_of(vectors), {.on_progress = never}).ok(); break;
              default: (void)index.remove(keys[0]).ok(); break;
            }
          }
        };
      };
      beside_each_other(churn(1), churn(2), churn(3));
      keys_t listed = support::all_keys(index, 3);
      CHECK(index.size() == listed.size());
      std::sort(listed.begin(), listed.end());
      CHECK(std::adjacent_find(listed.begin(), listed.end()) == listed.end());
      for (std::uint64_t key = 0; key < 8; ++key) {
        const bool is_listed = std::binary_search(listed.begin(), listed.end(), key);
        CHECK(index.contains(key) == is_listed);
        float own[dimension];
        CHECK(index.get(key, own).ok() == is_listed);
        if (is_listed) CHECK(support::search_one(index, own, {.k = 8}).distances[0] == 0.0F);
      }
      const auto found = support::search_one(index, vector_of(0).data(), {.k = 100, .width = 1000});
      CHECK(found.keys.size() == listed.size());
      for (const std::uint64_t key : listed) CHECK(index.remove(key).ok());
      CHECK(index.size() == 0);
    }
  }

  TEST_CASE("threads: a search beside adds to a graph that is small yet is never empty") {
    // An add that raises the entry point between a search's two looks at the graph once left it without any answer.
    std::uint64_t empty = 0;
    for (std::uint64_t round = 0; round < support::repetitions(600, 100, 40); ++round) {
      auto index = atlas::hnsw<float>::create({.dimension = dimension, .connectivity = 2, .build_width = 8, .seed = round}).value();
      index.add(keys_t{0}, view_of(vector_of(0))).value();
      std::atomic<bool> is_over{false};
      std::atomic<bool> is_searching{false};
      std::thread searcher([&] {
        const auto query = vector_of(0);
        while (!is_over.load()) {
          std::uint64_t key = 0;
          float distance = 0;
          std::uint32_t count = 0;
          index.search(view_of(query), {.k = 1}, {&key, &distance, &count}).value();
          empty += count == 0 ? 1U : 0U;
          empty += index.range(query, 1e30F, {}, {}, {}).value() == 0 ? 1U : 0U;
          is_searching.store(true);
        }
      });
      while (!is_searching.load()) std::this_thread::yield();
      for (std::uint64_t key = 1; key < 40; ++key) index.add({&key, 1}, view_of(vector_of(key))).value();
      is_over.store(true);
      searcher.join();
    }
    CHECK(empty == 0);
  }

  TEST_CASE("fork: a child goes on searching what it inherited, whatever other threads were doing") {
    if (support::under_thread_sanitizer) {
      MESSAGE("skipped: ThreadSanitizer does not follow threads through fork()");
      return;
    }
    auto index = atlas::hnsw<float>::create({.dimension = dimension}).value();
    const keys_t keys = support::keys_from(0, 60);
    index.add(keys, view_of(vectors_of(keys))).value();
    std::atomic<bool> is_over{false};
    const auto search = [&] {
      std::uint64_t key = 0;
      float distance = 0;
      return index.search(view_of(vector_of(7)), {.k = 1, .width = 1}, {&key, &distance, nullptr}).ok() && key == 7;
    };
    const auto search_on = [&] {
      const auto query = vector_of(7);
      std::uint64_t key = 0;
      float distance = 0;
      while (!is_over.load()) (void)index.search(view_of(query), {.k = 1, .width = 1}, {&key, &distance, nullptr}).ok();
    };
    std::thread first(search_on);
    std::thread second(search_on);
    std::size_t stuck = 0;
    std::size_t wrong = 0;
    for (std::size_t round = 0; round < support::repetitions(100, 20, 0); ++round) {
      const auto end = support::in_child([&] {
        ::alarm(5);  // ends a child that hangs
        std::vector<std::uint64_t> found(20);
        std::vector<float> distances(20);
        const auto queries = vectors_of(keys);
        const bool in_batch = index.search(view_of(queries).subrows(0, 20), {.k = 1, .threads = 2}, {found.data(), distances.data(), nullptr}).ok();
        return search() && in_batch ? 0 : 1;
      });
      stuck += end.signal != 0 ? 1U : 0U;
      wrong += end.signal == 0 && end.code != 0 ? 1U : 0U;
    }
    is_over.store(true);
    first.join();
    second.join();
    CHECK(stuck == 0);
    CHECK(wrong == 0);
  }

  TEST_CASE("fork: a child looks up and searches, whatever change another thread was cut off in") {
    if (support::under_thread_sanitizer || support::under_address_sanitizer) {
      MESSAGE("skipped: a sanitizer's allocator may be locked in the child");
      return;
    }
    const keys_t keys = support::keys_from(0, 60);
    const keys_t replaced = support::keys_from(30, 30);
    const auto vectors = vectors_of(keys);
    const auto newer = vectors_of(replaced, 1);
    std::size_t stuck = 0;
    std::size_t wrong = 0;
    for (int round = 0; round < 200; ++round) {
      constexpr atlas::file_kind kinds[] = {atlas::file_kind::flat, atlas::file_kind::hnsw, atlas::file_kind::ivf_pq};
      auto index = make(kinds[round % 3], atlas::metric::l2sq).value();
      index.add(keys, view_of(vectors)).value();
      std::atomic<bool> is_over{false};
      std::atomic<int> turns{0};
      std::thread changing([&] {
        while (!is_over.load() && turns.fetch_add(1) < 2000) {
          for (const std::uint64_t key : replaced) index.remove(key).value();
          index.add(replaced, view_of(newer)).value();
          index.upsert(replaced, view_of(newer)).value();
        }
      });
      while (turns.load() < 3) std::this_thread::yield();
      const auto end = support::in_child([&] {
        ::alarm(10);  // ends a child that hangs
        for (std::uint64_t key = 0; key < 30; ++key) {
          float got[dimension];
          if (!index.contains(key) || !index.get(key, got).ok()) return 1;
          if (!std::equal(got, got + dimension, vectors.data() + key * dimension)) return 2;
        }
        for (std::uint64_t key = 30; key < 60; ++key) (void)index.contains(key);
        if (index.contains(12345)) return 3;
        std::uint64_t found = 0;
        float distance = 0;
        if (!index.search(view_of(vectors).subrows(7, 1), {.k = 1}, {&found, &distance, nullptr}).ok() || found != 7) return 4;
        return 0;
      });
      stuck += end.signal != 0 ? 1U : 0U;
      wrong += end.signal == 0 && end.code != 0 ? 1U : 0U;
      is_over.store(true);
      changing.join();
    }
    CHECK(stuck == 0);
    CHECK(wrong == 0);
  }
}
