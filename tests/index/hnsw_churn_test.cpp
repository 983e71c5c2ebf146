// SPDX-License-Identifier: Apache-2.0
// tests/index/hnsw_churn_test.cpp -- mirrors include/atlas/index/hnsw_repair.hpp and hnsw_file.hpp: whole graphs that change for
// long, against a map of what they should hold; their files. Beside other threads: tests/index/hnsw_churn_threads_test.cpp.
#include <atlas/index/hnsw_repair.hpp>

#include <atlas/any_index.hpp>

#include "support/error_line.hpp"
#include "support/graphs.hpp"
#include "support/index_answers.hpp"
#include "support/index_model.hpp"
#include "support/memory_folder.hpp"
#include "support/patched_file.hpp"
#include "support/repetitions.hpp"
#include "support/scratch_folder.hpp"
#include "support/stored_numbers.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

using atlas::metric;
using atlas::open_mode;
using atlas::row_store;
using atlas::scalar;
using atlas::traversal_codes;
using support::failed_as;

TEST_SUITE("index") {
namespace {

using keys_t = std::vector<std::uint64_t>;
constexpr std::size_t dimension = 12;

atlas::hnsw_options churned(traversal_codes codes = traversal_codes::lvq8, metric which = metric::l2sq, scalar stored = scalar::f32) {
  return {.dimension = dimension,
          .metric = which,
          .connectivity = 6,
          .build_width = 40,
          .search_width = 40,
          .codes = codes,
          .codes_from = 16,
          .stored = stored};
}
/// Rows there is memory for, used or not.
std::size_t rows_of(const atlas::hnsw<float>& index) {
  return static_cast<std::size_t>(index.memory().vectors / atlas::row_layout(index.dimension(), index.metric(), index.element()).stride_bytes);
}

/// What an index should hold.
struct model {
  std::map<std::uint64_t, std::vector<float>> stored;

  void put(std::uint64_t key, const float* vector) { stored[key] = {vector, vector + dimension}; }
  [[nodiscard]] keys_t keys() const {
    keys_t all;
    for (const auto& [key, vector] : stored) all.push_back(key);
    return all;
  }
  [[nodiscard]] std::vector<float> block() const {
    std::vector<float> all;
    for (const auto& [key, vector] : stored) all.insert(all.end(), vector.begin(), vector.end());
    return all;
  }
  [[nodiscard]] atlas::flat<float> exact(metric which) const {
    auto index = atlas::flat<float>::create({.dimension = dimension, .metric = which}).value();
    const auto all = block();
    if (!stored.empty()) index.add(keys(), atlas::dense(all.data(), stored.size(), dimension)).value();
    return index;
  }
};

/// How good an index is, against its model.
struct quality {
  double narrow = 0;   ///< recall of ten at a width of 12
  double normal = 0;   ///< at the index's own
  double wide = 0;     ///< at a width of all rows
  double by_self = 0;  ///< share of keys that are the nearest to their own vectors, or as near
};
quality quality_of(const atlas::hnsw<float>& index, const model& what, std::uint64_t seed) {
  const auto exact = what.exact(index.metric());
  const auto queries = support::storable_numbers(index.element(), seed, 100 * dimension);
  const auto view = atlas::dense(queries.data(), 100, dimension);
  const auto right = support::search(exact, view, {.k = 10});
  quality of;
  of.narrow = support::recall(right, support::search(index, view, {.k = 10, .width = 12}));
  of.normal = support::recall(right, support::search(index, view, {.k = 10}));
  of.wide = support::recall(right, support::search(index, view, {.k = 10, .width = what.stored.size() + 1}));
  const auto all = what.block();
  std::size_t found = 0;
  if (!what.stored.empty()) {
    const auto by_self = support::search(index, atlas::dense(all.data(), what.stored.size(), dimension), {.k = 1});
    const auto keys = what.keys();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      float own = 0;
      REQUIRE(index.distances({all.data() + i * dimension, dimension}, {keys.data() + i, 1}, &own).ok());
      found += by_self[i].keys.size() == 1 && by_self[i].distances[0] <= own ? 1U : 0U;
    }
    of.by_self = static_cast<double>(found) / static_cast<double>(keys.size());
  }
  return of;
}

/// The same rows in a graph of their own, built at once.
atlas::hnsw<float> built_anew(const atlas::hnsw_options& options, const model& what) {
  auto index = atlas::hnsw<float>::create(options).value();
  const auto all = what.block();
  if (!what.stored.empty()) index.add(what.keys(), atlas::dense(all.data(), what.stored.size(), dimension)).value();
  return index;
}

/// The index holds what the model holds, key by key.
void check_holds(const atlas::hnsw<float>& index, const model& what) {
  REQUIRE(index.size() == what.stored.size());
  REQUIRE(support::all_keys(index, 100) == what.keys());
  float got[dimension];
  std::size_t wrong = 0;
  for (const auto& [key, vector] : what.stored) {
    const bool is_same = index.contains(key) && index.get(key, got).ok() && std::memcmp(got, vector.data(), sizeof got) == 0;
    wrong += is_same ? 0U : 1U;
  }
  CHECK(wrong == 0);
}

/// A saved index: whole, without removed rows, and all of it in one piece.
void check_file(const std::string& path, std::size_t rows) {
  const auto opened = atlas::hnsw<float>::open(path.c_str()).value();
  CHECK(opened.file()->verify().ok());
  CHECK(opened.size() == rows);
  CHECK(opened.file()->header().rows == rows);
  const std::string file = support::read_whole(path);
  const auto states = support::section_of(file, 0x102);
  CHECK(file.substr(states.offset, states.length_bytes) == std::string(rows, '\0'));
  const auto links = support::section_of(file, 0x110);
  const std::size_t list = links.element_bytes / 4;
  std::vector<std::uint32_t> next;
  std::set<std::uint32_t> seen;
  if (rows != 0) next.push_back(static_cast<std::uint32_t>(support::number_at(file, 88, 4)));  // the entry
  while (!next.empty()) {
    const std::uint32_t row = next.back();
    next.pop_back();
    REQUIRE(row < rows);
    if (!seen.insert(row).second) continue;
    for (std::size_t i = 0; i < list; ++i) {
      const auto id = static_cast<std::uint32_t>(support::number_at(file, links.offset + (row * list + i) * 4, 4));
      if (id == row_store::no_row) break;
      next.push_back(id);
    }
  }
  CHECK(seen.size() == rows);
}

/// Rows there may be memory for: a sixteenth of the live ones and at least 32 wait for a sweep, and as long as it lasts, which
/// is a removal for every 32 rows, more of them come.
std::size_t most_rows(std::size_t most_live) { return most_live + 2 * (std::max<std::size_t>(32, most_live / 16) + most_live / 32 + 8); }

/// Random changes of an index and of its model.
struct churn {
  churn(const atlas::hnsw_options& made_with, std::uint64_t seed)
      : options(made_with), index(atlas::hnsw<float>::create(made_with).value()), draw(seed) {}

  std::uint64_t up_to(std::uint64_t bound) { return draw() % bound; }
  std::vector<float> vectors(std::size_t count) {
    return support::stored_numbers(index.element(), support::storable_numbers(index.element(), draw(), count * dimension));
  }
  void put(const keys_t& keys) {
    const auto block = vectors(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) what.put(keys[i], block.data() + i * dimension);
    index.upsert(keys, atlas::dense(block.data(), keys.size(), dimension)).value();
  }
  void add(const keys_t& keys) {
    const auto block = vectors(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) what.put(keys[i], block.data() + i * dimension);
    index.add(keys, atlas::dense(block.data(), keys.size(), dimension)).value();
  }
  void remove(std::uint64_t key) {
    index.remove(key).value();
    what.stored.erase(key);
  }
  std::uint64_t any_stored() {
    auto at = what.stored.lower_bound(up_to(next_key));
    if (at == what.stored.end()) at = what.stored.begin();
    return at->first;
  }
  /// One of them; the index grows up to `live` rows and then stays about there.
  void change(std::size_t live) {
    most_live = std::max(most_live, what.stored.size() + 8);
    const std::uint64_t which = up_to(10);
    if (what.stored.size() < live / 2 || (which < 3 && what.stored.size() < live)) {
      keys_t keys(1 + up_to(8));
      for (std::uint64_t& key : keys) key = next_key++;
      return add(keys);
    }
    if (which < 7) {
      std::set<std::uint64_t> keys;
      for (std::uint64_t i = up_to(4) + 1; i-- > 0;) keys.insert(any_stored());
      return put({keys.begin(), keys.end()});
    }
    if (which == 7) {  // given up: nothing has changed
      const auto never = [](std::uint64_t, std::uint64_t) { return false; };
      const auto block = vectors(2);
      const keys_t keys{any_stored(), next_key};
      CHECK(failed_as(index.upsert(keys, atlas::dense(block.data(), 2, dimension), {.on_progress = never}), atlas::errc::cancelled));
      return;
    }
    remove(any_stored());
  }

  atlas::hnsw_options options;
  atlas::hnsw<float> index;
  model what;
  std::mt19937_64 draw;
  std::uint64_t next_key = 0;
  std::size_t most_live = 0;
};

}  // namespace

  TEST_CASE("hnsw: after many thousand changes it holds what a map does, and finds it nearly as a new one would") {
    struct kind {
      traversal_codes codes;
      metric which;
      scalar stored;
    };
    const kind kinds[] = {{traversal_codes::lvq8, metric::l2sq, scalar::f32},
                          {traversal_codes::lvq4, metric::cosine, scalar::f32},
                          {traversal_codes::none, metric::inner_product, scalar::f32},
                          {traversal_codes::f16, metric::l2sq, scalar::u8},
                          {traversal_codes::bf16, metric::cosine, scalar::f16}};
    const std::size_t live = support::repetitions(500, 200, 100);
    for (const kind& one : kinds) {
      CAPTURE(std::string(atlas::name(one.codes)));
      CAPTURE(std::string(atlas::name(one.which)));
      CAPTURE(std::string(atlas::name(one.stored)));
      churn in(churned(one.codes, one.which, one.stored), 1 + static_cast<std::uint64_t>(one.codes));
      for (std::size_t thousand = 0; thousand < support::repetitions(5, 2, 1); ++thousand) {
        for (int i = 0; i < 1000; ++i) in.change(live);
        check_holds(in.index, in.what);
        CHECK(rows_of(in.index) <= most_rows(in.most_live));
        const quality now = quality_of(in.index, in.what, 1000 + thousand);
        const quality anew = quality_of(built_anew(in.options, in.what), in.what, 1000 + thousand);
        CHECK(now.narrow >= anew.narrow - 0.02);  // it is rather better: walks are widened by the share of removed rows
        CHECK(now.normal >= anew.normal - 0.02);
        CHECK(now.wide >= 0.995);
        CHECK(now.by_self >= 0.99);
      }
    }
  }

  TEST_CASE("hnsw: a file saved after many changes has no removed rows, is whole, and as good as a new graph") {
    const support::memory_folder folder;
    const std::string path = folder.path("churned");
    for (const traversal_codes codes : {traversal_codes::none, traversal_codes::lvq8, traversal_codes::lvq4}) {
      CAPTURE(std::string(atlas::name(codes)));
      churn in(churned(codes, metric::cosine), 7);
      for (std::size_t round = 0; round < 3; ++round) {
        for (std::size_t i = 0; i < support::repetitions(800, 400, 200); ++i) in.change(support::repetitions(400, 200, 100));
        in.index.save(path.c_str()).value();
        check_file(path, in.what.stored.size());
        const quality anew = quality_of(built_anew(in.options, in.what), in.what, round);
        for (const open_mode mode : {open_mode::read, open_mode::change}) {
          auto opened = atlas::hnsw<float>::open(path.c_str(), {.mode = mode}).value();
          check_holds(opened, in.what);
          const quality saved = quality_of(opened, in.what, round);
          CHECK(saved.narrow >= anew.narrow - 0.04);  // of ten answers to a hundred queries
          CHECK(saved.normal >= anew.normal - 0.02);
          CHECK(saved.wide >= 0.995);
          CHECK(saved.by_self >= 0.99);
          // What was in memory has lost its removed rows too, and goes on.
          if (mode == open_mode::change && round % 2 == 1) in.index = std::move(opened);
        }
      }
    }
  }

  TEST_CASE("hnsw: slots are used again: rows do not grow with changes") {
    const std::size_t live = 200;
    churn in(churned(), 3);
    in.add(support::keys_from(0, live));
    in.next_key = live;
    const std::size_t changes = support::repetitions(4000, 1000, 400);
    std::size_t most = 0;
    for (std::size_t i = 0; i < changes; ++i) {
      in.put({i % live});
      most = std::max(most, rows_of(in.index));
    }
    CHECK(most <= most_rows(live));
    const std::uint64_t links = in.index.memory().graph;
    const std::uint64_t keys = in.index.memory().keys;
    for (std::size_t i = 0; i < changes; ++i) {  // under ever new keys
      in.remove(in.next_key - live);
      in.add({in.next_key++});
      most = std::max(most, rows_of(in.index));
    }
    CHECK(most <= most_rows(live));
    CHECK(in.index.memory().graph <= links + links / 4);
    CHECK(in.index.memory().keys <= 2 * keys);
    check_holds(in.index, in.what);
    const support::memory_folder folder;
    in.index.save(folder.path("a").c_str()).value();
    check_file(folder.path("a"), live);
    CHECK(rows_of(in.index) <= most);
    // After the save every slot but the live ones is free.
    const std::size_t before = rows_of(in.index);
    in.add(support::keys_from(in.next_key, before - live));
    CHECK(rows_of(in.index) == before);
    check_holds(in.index, in.what);
    CHECK(quality_of(in.index, in.what, 5).by_self >= 0.99);
  }

  TEST_CASE("hnsw: a batch that is given up leaves no trace: what was there is found, and its slots serve again") {
    for (const std::size_t before : {1U, 5U, 40U, 200U}) {
      CAPTURE(before);
      churn in(churned(), before);
      in.add(support::keys_from(0, before));
      for (int round = 0; round < 6; ++round) {
        const std::size_t count = support::repetitions(600, 300, 200);
        const auto block = in.vectors(count);
        const auto last = [](std::uint64_t done, std::uint64_t total) { return done < total; };
        CHECK(failed_as(in.index.add(support::keys_from(1000, count), atlas::dense(block.data(), count, dimension), {.on_progress = last}),
                        atlas::errc::cancelled));
        check_holds(in.index, in.what);
        CHECK(quality_of(in.index, in.what, 9).by_self == 1.0);
        CHECK(rows_of(in.index) <= before + 2 * count);
      }
      const support::memory_folder folder;
      in.index.save(folder.path("a").c_str()).value();
      check_file(folder.path("a"), before);
      CHECK(quality_of(in.index, in.what, 9).by_self == 1.0);
    }
  }

  TEST_CASE("hnsw: an index emptied and filled again, in any order, is as good as new, and takes no more rows") {
    for (const std::size_t rows : {1U, 10U, 31U, 32U, 33U, 70U, 300U}) {
      for (const bool is_saved : {false, true}) {
        CAPTURE(rows);
        CAPTURE(is_saved);
        const support::memory_folder folder;
        churn in(churned(), rows);
        in.add(support::keys_from(0, rows));
        for (std::uint64_t round = 1; round <= 4; ++round) {
          keys_t order = in.what.keys();
          if (round != 2) std::shuffle(order.begin(), order.end(), in.draw);
          for (const std::uint64_t key : order) in.remove(key);
          REQUIRE(in.index.size() == 0);
          CHECK(support::all_keys(in.index).empty());
          const auto query = in.vectors(1);
          CHECK(support::search_one(in.index, query.data(), {.k = 5}).keys.empty());
          const auto any = [](std::uint64_t) { return true; };
          CHECK(support::search_one(in.index, query.data(), {.k = 5, .allowed = {.predicate = any}}).keys.empty());
          std::size_t found = 1;
          (void)support::range(in.index, query.data(), 1e30F, 3, found);
          CHECK(found == 0);
          if (is_saved) {
            in.index.save(folder.path("a").c_str()).value();
            check_file(folder.path("a"), 0);
            if (round == 3) in.index = atlas::hnsw<float>::open(folder.path("a").c_str(), {.mode = open_mode::change}).value();
          }
          in.add(support::keys_from(round * 1000, rows));
          check_holds(in.index, in.what);
          CHECK(rows_of(in.index) <= most_rows(rows));
          const quality now = quality_of(in.index, in.what, round);
          CHECK(now.wide >= 0.995);
          CHECK(now.by_self >= 0.99);
        }
      }
    }
  }

  TEST_CASE("hnsw: few rows that are left of many are all found, before and after a save") {
    const support::memory_folder folder;
    for (const std::size_t rows : {40U, 60U, 100U, 200U, 400U}) {
      for (const std::size_t left : {1U, 2U, 3U, 10U, 20U}) {
        for (std::uint64_t seed = 1; seed <= support::repetitions(3, 3, 1); ++seed) {
          CAPTURE(rows);
          CAPTURE(left);
          CAPTURE(seed);
          churn in({.dimension = dimension, .seed = seed}, seed);  // all as a user has it who says nothing
          in.add(support::keys_from(0, rows));
          keys_t order = in.what.keys();
          std::shuffle(order.begin(), order.end(), in.draw);
          for (std::size_t i = left; i < rows; ++i) in.remove(order[i]);
          CHECK(quality_of(in.index, in.what, 1).by_self == 1.0);
          in.index.save(folder.path("a").c_str()).value();
          check_file(folder.path("a"), left);
          CHECK(quality_of(in.index, in.what, 1).by_self == 1.0);
          CHECK(quality_of(in.index, in.what, 1).wide == 1.0);
        }
      }
    }
  }

  TEST_CASE("hnsw: the row that searches start from may be removed again and again") {
    const support::memory_folder folder;
    const std::string path = folder.path("a");
    const std::size_t rows = support::repetitions(300, 150, 80);
    churn in(churned(), 11);
    in.add(support::keys_from(0, rows));
    const auto entry_key = [&] {
      in.index.save(path.c_str()).value();
      const std::string file = support::read_whole(path);
      return support::number_at(file, support::section_of(file, 0x101).offset + 8 * support::number_at(file, 88, 4), 8);
    };
    std::uint32_t level = in.index.max_level();
    CHECK(level > 0);
    for (std::size_t left = rows; left > 1; --left) {
      const std::uint64_t entry = entry_key();
      REQUIRE(in.what.stored.contains(entry));
      CHECK(in.index.max_level() <= level);  // the highest that is left takes over
      level = in.index.max_level();
      in.remove(entry);
      const std::size_t k = std::min<std::size_t>(10, left - 1);
      CHECK(support::search_one(in.index, in.what.stored.begin()->second.data(), {.k = k}).keys.size() == k);
      if (left % 50 == 0) {
        check_holds(in.index, in.what);
        CHECK(quality_of(in.index, in.what, left).by_self >= 0.99);
      }
    }
    CHECK(level == 0);
    in.remove(entry_key());
    in.add(support::keys_from(1000, 50));
    CHECK(quality_of(in.index, in.what, 1).by_self >= 0.99);
  }

  TEST_CASE("hnsw: what is added while all else is removed is found") {
    // The other thread's removals come between the last row's linking and the batch's end.
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      CAPTURE(seed);
      auto options = churned();
      options.seed = seed;
      churn in(options, seed);
      in.add(support::keys_from(0, 32));
      const auto removing = [&](std::uint64_t done, std::uint64_t total) {
        if (done != total) return true;
        std::thread other([&] {
          for (std::uint64_t key = 0; key < 32; ++key) in.index.remove(key).value();
        });
        other.join();
        return true;
      };
      const auto block = in.vectors(6);
      in.index.add(support::keys_from(100, 6), atlas::dense(block.data(), 6, dimension), {.on_progress = removing}).value();
      in.what.stored.clear();
      for (std::uint64_t i = 0; i < 6; ++i) in.what.put(100 + i, block.data() + i * dimension);
      check_holds(in.index, in.what);
      CHECK(quality_of(in.index, in.what, 1).by_self == 1.0);
      in.add(support::keys_from(200, 50));
      CHECK(quality_of(in.index, in.what, 1).by_self == 1.0);
    }
  }

  TEST_CASE("hnsw: a file of removed rows, as older versions wrote them, is swept when it is changed") {
    // States are set by hand, as the key map of such a file no longer names the rows.
    const support::memory_folder folder;
    const std::size_t rows = 300;
    churn in(churned(), 5);
    in.add(support::keys_from(0, rows));
    in.index.save(folder.path("a").c_str()).value();
    std::string file = support::read_whole(folder.path("a"));
    const auto keys = support::section_of(file, 0x101);
    const auto states = support::section_of(file, 0x102);
    for (std::size_t row = 0; row < rows; ++row) {
      const std::uint64_t key = support::number_at(file, keys.offset + row * 8, 8);
      if (key % 10 == 0) continue;
      file[states.offset + row] = 1;
      in.what.stored.erase(key);
    }
    support::put_number(file, 32, in.what.stored.size(), 8);
    support::seal(file);
    const std::string path = folder.write("older", file);
    const auto read = atlas::hnsw<float>::open(path.c_str()).value();
    check_holds(read, in.what);
    CHECK(quality_of(read, in.what, 1).wide == 1.0);
    read.save(folder.path("b").c_str()).value();  // one that is read only leaves nothing out
    CHECK(atlas::hnsw<float>::open(folder.path("b").c_str()).value().file()->header().rows == rows);
    in.index = atlas::hnsw<float>::open(path.c_str(), {.mode = open_mode::change}).value();
    check_holds(in.index, in.what);
    in.put({0});
    in.add(support::keys_from(1000, 100));
    in.put(in.what.keys());
    CHECK(quality_of(in.index, in.what, 1).wide >= 0.995);
    in.index.save(path.c_str()).value();
    check_file(path, 130);
    CHECK(quality_of(in.index, in.what, 1).by_self == 1.0);
    const std::size_t before = rows_of(in.index);
    in.add(support::keys_from(5000, before - 130));
    CHECK(rows_of(in.index) == before);
    CHECK(quality_of(in.index, in.what, 1).by_self >= 0.99);
  }
}
