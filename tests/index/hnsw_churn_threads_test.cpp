// SPDX-License-Identifier: Apache-2.0
// tests/index/hnsw_churn_threads_test.cpp -- mirrors include/atlas/index/hnsw_repair.hpp: removed rows leave the graph, and
// their slots serve again, while other threads search, change and save. Mostly for the sanitizers.
#include <atlas/index/hnsw_repair.hpp>

#include <atlas/any_index.hpp>

#include "support/child_process.hpp"
#include "support/index_answers.hpp"
#include "support/index_model.hpp"
#include "support/memory_folder.hpp"
#include "support/repetitions.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

using atlas::metric;
using atlas::traversal_codes;

TEST_SUITE("index") {
namespace {

using keys_t = std::vector<std::uint64_t>;
constexpr std::size_t dimension = 12;

atlas::hnsw<float> make(traversal_codes codes, metric which = metric::l2sq) {
  return atlas::hnsw<float>::create({.dimension = dimension,
                                     .metric = which,
                                     .connectivity = 8,
                                     .build_width = 40,
                                     .search_width = 40,
                                     .codes = codes,
                                     .codes_from = 16})
      .value();
}

/// The vectors that keys below `keys` may have, by key and version: made once, because threads compare with them all the time.
class versions {
 public:
  static constexpr std::size_t count = 4;
  explicit versions(std::size_t keys) : all_(support::random_vector(77, keys * count * dimension)) {}
  [[nodiscard]] const float* vector(std::uint64_t key, std::uint64_t version) const {
    return all_.data() + (key * count + version % count) * dimension;
  }
  [[nodiscard]] std::size_t keys() const { return all_.size() / count / dimension; }
  /// Whether it is one of the key's vectors, bit for bit.
  [[nodiscard]] bool has(std::uint64_t key, const float* found) const {
    for (std::uint64_t version = 0; version < count; ++version) {
      if (std::memcmp(vector(key, version), found, dimension * sizeof(float)) == 0) return true;
    }
    return false;
  }
  /// Whether it is the distance of one of the key's vectors.
  [[nodiscard]] bool has_at(metric which, const float* query, std::uint64_t key, float distance) const {
    for (std::uint64_t version = 0; version < count; ++version) {
      const double exact = support::distance_float64(which, query, vector(key, version), dimension);
      if (std::abs(static_cast<double>(distance) - exact) <= 1e-5) return true;
    }
    return false;
  }
  void add(atlas::hnsw<float>& index, const keys_t& keys, std::uint64_t version) const {
    std::vector<float> block;
    for (const std::uint64_t key : keys) block.insert(block.end(), vector(key, version), vector(key, version) + dimension);
    index.upsert(keys, atlas::dense(block.data(), keys.size(), dimension)).value();
  }

 private:
  std::vector<float> all_;
};

/// Errors and wrong answers that threads saw: doctest's checks are slow under a sanitizer, and one line says as much.
struct tally {
  std::atomic<std::uint64_t> wrong{0};
  void insist(bool is_so) {
    if (!is_so) wrong.fetch_add(1);
  }
};

/// Searches of all sorts until it is over: every key answered is one of those that may be there, at the distance of one of
/// its vectors; a row that was written while it was read would be at none.
void search_on(const atlas::hnsw<float>& index, const versions& known, std::uint64_t seed, const std::atomic<bool>& is_over, tally& seen) {
  std::mt19937_64 draw(seed);
  constexpr std::size_t k = 10;
  std::vector<std::uint64_t> keys(k * 3);
  std::vector<float> distances(k * 3);
  std::uint32_t counts[3] = {};
  float got[dimension];
  while (!is_over.load()) {
    const auto queries = support::random_vector(draw(), 3 * dimension);
    const auto third = [](std::uint64_t key) { return key % 3 == 1; };
    atlas::search_options options{.k = k, .threads = 1 + static_cast<unsigned>(draw() % 8 == 0)};
    const bool is_filtered = draw() % 2 == 0;
    if (is_filtered) {
      options.allowed = {.predicate = third};
      options.strategy = static_cast<atlas::filter_strategy>(draw() % 4);
    }
    if (draw() % 4 == 0) options.starts = 5;
    seen.insist(index.search(atlas::dense(queries.data(), 3, dimension), options, {keys.data(), distances.data(), counts}).ok());
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t slot = 0; slot < counts[i]; ++slot) {
        const std::uint64_t key = keys[i * k + slot];
        const float distance = distances[i * k + slot];
        seen.insist(key < known.keys() && (!is_filtered || third(key)));
        if (key < known.keys()) seen.insist(known.has_at(index.metric(), queries.data() + i * dimension, key, distance));
        seen.insist(slot == 0 || distances[i * k + slot - 1] <= distance);
        for (std::size_t other = 0; other < slot; ++other) seen.insist(keys[i * k + other] != key);
      }
    }
    const std::uint64_t key = draw() % known.keys();
    if (index.get(key, got).ok()) seen.insist(known.has(key, got));
    float distance = 0;
    if (index.distances({queries.data(), dimension}, {&key, 1}, &distance).ok()) seen.insist(known.has_at(index.metric(), queries.data(), key, distance));
    const std::size_t within = index.range({queries.data(), dimension}, 3.0F, {}, keys, distances).value();
    for (std::size_t slot = 0; slot < std::min(within, keys.size()); ++slot) {
      seen.insist(keys[slot] < known.keys() && known.has_at(index.metric(), queries.data(), keys[slot], distances[slot]));
    }
    std::uint64_t cursor = draw() % 100;
    const std::size_t listed = index.list_keys(cursor, keys);
    for (std::size_t i = 0; i < listed; ++i) seen.insist(keys[i] < known.keys());
    (void)index.memory();
  }
}

template <class... Work>
void beside_each_other(Work&&... work) {
  std::vector<std::thread> threads;
  (threads.emplace_back(work), ...);
  for (std::thread& one : threads) one.join();
}

std::size_t rows_of(const atlas::hnsw<float>& index) {
  return static_cast<std::size_t>(index.memory().vectors / atlas::row_layout(dimension, index.metric()).stride_bytes);
}

}  // namespace

  TEST_CASE("threads: searches beside removals and slots used again answer whole rows of keys that are, or just were, there") {
    const std::size_t live = 150;
    const std::size_t rounds = support::repetitions(2000, 800, 300);
    for (const metric which : {metric::l2sq, metric::cosine}) {
      for (const traversal_codes codes : {which == metric::l2sq ? traversal_codes::none : traversal_codes::lvq4, traversal_codes::lvq8}) {
        CAPTURE(std::string(atlas::name(which)));
        CAPTURE(std::string(atlas::name(codes)));
        const versions known(2 * live);
        auto index = make(codes, which);
        known.add(index, support::keys_from(0, live), 0);
        tally seen;
        std::atomic<bool> is_over{false};
        std::thread first([&] { search_on(index, known, 1, is_over, seen); });
        std::thread second([&] { search_on(index, known, 2, is_over, seen); });
        std::size_t most = 0;
        for (std::uint64_t round = 0; round < rounds; ++round) {
          if (round % 3 == 0) {
            known.add(index, {round % live}, round);  // replaced
          } else {  // under another key
            const std::uint64_t key = round % live + (index.contains(round % live) ? 0 : live);
            index.remove(key).value();
            known.add(index, {(key + live) % (2 * live)}, round);
          }
          most = std::max(most, rows_of(index));
        }
        is_over.store(true);
        first.join();
        second.join();
        CHECK(seen.wrong.load() == 0);
        CHECK(index.size() == live);
        // A search that the system has stopped holds sweeps up, but not for good.
        CHECK(most < live + rounds);
        const auto change = [&] {
          for (std::uint64_t round = 0; round < 200; ++round) known.add(index, {index.contains(round % live) ? round % live : live + round % live}, round);
        };
        change();  // sweeps what is left over
        const std::size_t then = rows_of(index);
        change();
        CHECK(rows_of(index) == then);
        for (std::uint64_t key = 0; key < 2 * live; ++key) {
          float own[dimension];
          if (!index.get(key, own).ok()) continue;
          CHECK(known.has(key, own));
          CHECK(support::search_one(index, own, {.k = 1, .width = 100}).keys == keys_t{key});
        }
      }
    }
  }

  TEST_CASE("threads: adds, upserts, removals, searches and saves beside each other, across the beginning of codes and sweeps") {
    const support::memory_folder folder;
    const std::string path = folder.path("saved");
    for (const traversal_codes codes : {traversal_codes::lvq8, traversal_codes::f16}) {
      CAPTURE(std::string(atlas::name(codes)));
      const versions known(1200);
      auto index = make(codes);
      tally seen;
      std::atomic<bool> is_over{false};
      std::thread first([&] { search_on(index, known, 1, is_over, seen); });
      std::thread second([&] { search_on(index, known, 2, is_over, seen); });
      const std::uint64_t rounds = support::repetitions(150, 50, 25);
      // Each thread has keys of its own, so that it knows what is there.
      const auto changer = [&](std::uint64_t of) {
        return [&, of] {
          std::mt19937_64 draw(of);
          keys_t keys;
          for (std::uint64_t key = of * 300; key < of * 300 + 60; ++key) keys.push_back(key);
          for (std::uint64_t round = 0; round < rounds; ++round) {
            std::vector<float> block;
            for (const std::uint64_t key : keys) block.insert(block.end(), known.vector(key, round), known.vector(key, round) + dimension);
            const std::size_t part = 1 + draw() % 20;
            const std::size_t from = draw() % (keys.size() - part);
            const keys_t some(keys.begin() + static_cast<std::ptrdiff_t>(from), keys.begin() + static_cast<std::ptrdiff_t>(from + part));
            const auto view = atlas::dense(block.data(), keys.size(), dimension).subrows(from, part);
            const auto never = [](std::uint64_t done, std::uint64_t total) { return done < total; };
            switch (draw() % 4) {
              case 0: (void)index.add(some, view, {.threads = 1 + static_cast<unsigned>(draw() % 2)}).ok(); break;
              case 1: seen.insist(index.upsert(some, view).ok()); break;
              case 2: seen.insist(!index.upsert(some, view, {.on_progress = never}).ok()); break;
              default:
                for (const std::uint64_t key : some) {
                  const bool was_there = index.contains(key);
                  seen.insist(index.remove(key).ok() == was_there);
                  seen.insist(!index.contains(key));
                }
            }
          }
          for (const std::uint64_t key : keys) known.add(index, {key}, 3);
        };
      };
      const auto saver = [&] {
        for (std::uint64_t round = 0; round < 4; ++round) {
          seen.insist(index.save(path.c_str()).ok());
          const auto opened = atlas::any_index::open(path.c_str());
          seen.insist(opened.ok() && opened->file()->verify().ok());
          if (!opened.ok()) continue;
          seen.insist(opened->file()->header().rows == opened->size());
          const keys_t saved = support::all_keys(*opened, 64);
          seen.insist(saved.size() == opened->size());
          float got[dimension];
          for (const std::uint64_t key : saved) seen.insist(opened->get(key, got).ok() && known.has(key, got));
        }
      };
      beside_each_other(changer(0), changer(1), changer(2), saver);
      is_over.store(true);
      first.join();
      second.join();
      CHECK(seen.wrong.load() == 0);
      REQUIRE(index.size() == 180);
      std::size_t found = 0;
      for (std::uint64_t of = 0; of < 3; ++of) {
        for (std::uint64_t key = of * 300; key < of * 300 + 60; ++key) {
          found += support::search_one(index, known.vector(key, 3), {.k = 1, .width = 100}).keys == keys_t{key} ? 1U : 0U;
        }
      }
      CHECK(found == 180);
      CHECK(rows_of(index) < 180 + rounds * 60);
      index.save(path.c_str()).value();
      CHECK(atlas::hnsw<float>::open(path.c_str()).value().file()->header().rows == 180);
    }
  }

  TEST_CASE("threads: while one search is inside, changes go on and its rows stay whole; when it leaves, slots serve again") {
    const std::size_t live = 100;
    const versions known(live);
    auto index = make(traversal_codes::lvq8);
    known.add(index, support::keys_from(0, live), 0);
    std::atomic<bool> is_inside{false};
    std::atomic<bool> may_leave{false};
    support::answer found;
    std::thread searching([&] {
      const auto wait = [&](std::uint64_t) {
        is_inside.store(true);
        while (!may_leave.load()) std::this_thread::yield();
        return true;
      };
      found = support::search_one(index, known.vector(0, 0), {.k = live, .allowed = {.predicate = wait}, .strategy = atlas::filter_strategy::walk});
    });
    while (!is_inside.load()) std::this_thread::yield();
    const std::size_t rounds = support::repetitions(1000, 400, 200);
    for (std::uint64_t round = 0; round < rounds; ++round) known.add(index, {round % live}, 1 + round / live);
    CHECK(rows_of(index) >= live + rounds);  // nothing was used again
    CHECK(index.size() == live);
    for (std::uint64_t key = 0; key < live; ++key) {
      CHECK(support::search_one(index, known.vector(key, 1 + (rounds - live + key) / live), {.k = 1, .width = 200}).keys == keys_t{key});
    }
    may_leave.store(true);
    searching.join();
    CHECK(found.keys.size() == live);
    for (std::size_t i = 0; i < found.keys.size(); ++i) CHECK(known.has_at(metric::l2sq, known.vector(0, 0), found.keys[i], found.distances[i]));
    // Slots come back: a sweep looks at 32 rows for each row replaced.
    for (std::uint64_t round = 0; round < rounds; ++round) known.add(index, {round % live}, 1);
    const std::size_t then = rows_of(index);
    for (std::uint64_t round = 0; round < rounds; ++round) known.add(index, {round % live}, 2);
    CHECK(rows_of(index) == then);
    CHECK(then <= live + rounds + 200);
  }

  TEST_CASE("fork: a child searches what it inherited while its parent's rows are being swept, and both go on") {
    if (support::under_thread_sanitizer || support::under_address_sanitizer) {
      MESSAGE("skipped: a sanitizer's allocator may be locked in the child");
      return;
    }
    const std::size_t live = 120;
    const versions known(2 * live);
    std::size_t stuck = 0;
    std::size_t wrong = 0;
    auto index = make(traversal_codes::lvq8);
    known.add(index, support::keys_from(0, 2 * live), 0);
    std::atomic<bool> is_over{false};
    std::atomic<std::uint64_t> turns{0};
    std::thread changing([&] {  // keys from `live` on; those below never change
      for (std::uint64_t round = 0; !is_over.load(); ++round) {
        const std::uint64_t key = live + round % live;
        index.remove(key).value();
        known.add(index, {key}, round);
        turns.fetch_add(1);
      }
    });
    while (turns.load() < 200) std::this_thread::yield();
    for (int round = 0; round < 60; ++round) {
      std::cout.flush();  // or the child would write what waits there too
      const auto end = support::in_child([&] {
        ::alarm(10);  // ends a child that hangs
        for (std::uint64_t key = 0; key < live; key += 7) {
          float got[dimension];
          if (!index.contains(key) || !index.get(key, got).ok() || !known.has(key, got)) return 1;
          std::uint64_t keys[10];
          float distances[10];
          std::uint32_t count = 0;
          if (!index.search(atlas::dense(known.vector(key, 0), 1, dimension), {.k = 10, .width = 60}, {keys, distances, &count}).ok()) return 2;
          if (count == 0 || keys[0] != key) return 3;
          for (std::uint32_t i = 0; i < count; ++i) {
            if (!known.has_at(metric::l2sq, known.vector(key, 0), keys[i], distances[i])) return 4;
          }
        }
        return 0;
      });
      stuck += end.signal != 0 ? 1U : 0U;
      wrong += end.signal == 0 && end.code != 0 ? 1U : 0U;
    }
    is_over.store(true);
    changing.join();
    CHECK(stuck == 0);
    CHECK(wrong == 0);
    CHECK(index.size() == 2 * live);
    CHECK(rows_of(index) < 3 * live);
  }

  TEST_CASE("fork: a child of a quiet parent changes and saves what it inherited") {
    const support::memory_folder folder;
    const std::size_t live = 100;
    const versions known(live);
    auto index = make(traversal_codes::lvq4);
    known.add(index, support::keys_from(0, live), 0);
    for (std::uint64_t key = 0; key < 20; ++key) index.remove(key).value();
    const std::string path = folder.path("child");
    std::cout.flush();  // or the child would write what waits there too
    const auto end = support::in_child([&] {
      ::alarm(20);
      for (std::uint64_t round = 0; round < 300; ++round) {
        const std::uint64_t key = 20 + round % 80;
        if (!index.remove(key).ok()) return 1;
        known.add(index, {key}, round);
      }
      if (!index.save(path.c_str()).ok()) return 2;
      return index.size() == 80 ? 0 : 3;
    });
    CHECK(end.signal == 0);
    CHECK(end.code == 0);
    // A child does not wait for sweeps, so its file may hold removed rows.
    const auto opened = atlas::hnsw<float>::open(path.c_str()).value();
    CHECK(opened.size() == 80);
    CHECK(opened.file()->verify().ok());
    for (std::uint64_t key = 20; key < 100; ++key) {
      float got[dimension];
      REQUIRE(opened.get(key, got).ok());
      CHECK(known.has(key, got));
      CHECK(support::search_one(opened, got, {.k = 1, .width = 100}).keys == keys_t{key});
    }
    CHECK(index.size() == 80);
    for (std::uint64_t key = 20; key < 100; ++key) CHECK(support::search_one(index, known.vector(key, 0), {.k = 1, .width = 100}).keys == keys_t{key});
  }
}
