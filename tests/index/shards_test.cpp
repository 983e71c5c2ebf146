// SPDX-License-Identifier: Apache-2.0
// tests/index/shards_test.cpp -- mirrors include/atlas/index/shards.hpp: what is found in shards that are all there.
// Shards that are not: tests/index/shard_files_test.cpp.
#include <atlas/shards.hpp>

#include "support/child_process.hpp"
#include "support/error_line.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/index_model.hpp"
#include "support/memory_folder.hpp"
#include "support/threads.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using atlas::errc;
using atlas::metric;
using atlas::shards;
using support::failed_as;

TEST_SUITE("shards") {
namespace {

using key_list = std::vector<std::uint64_t>;

/// Files of some rows each, and all of their rows in one flat index.
class sharded {
 public:
  explicit sharded(std::size_t dimension, metric which = metric::l2sq)
      : all_(atlas::flat<float>::create({.dimension = dimension, .metric = which}).value()) {}

  /// Adds the rows to an index that is made by `Case`, and that as a shard.
  template <class Case>
  void add(const key_list& keys, const std::vector<float>& vectors) {
    add(support::as_any(Case::create(all_.dimension(), all_.metric())).value(), keys, vectors);
  }
  void add(atlas::any_index index, const key_list& keys, const std::vector<float>& vectors) {
    const auto rows = atlas::dense(vectors.data(), keys.size(), all_.dimension());
    index.add(keys, rows).value();
    all_.upsert(keys, rows).value();
    paths_.push_back(folder_.path("shard-" + std::to_string(paths_.size()) + ".atlas"));
    index.save(paths_.back().c_str()).value();
  }
  [[nodiscard]] shards open(const atlas::shards_options& options = {}) const {
    std::vector<const char*> paths;
    for (const std::string& path : paths_) paths.push_back(path.c_str());
    return shards::open(paths, options).value();
  }
  [[nodiscard]] const atlas::flat<float>& all() const { return all_; }
  [[nodiscard]] const support::memory_folder& folder() const { return folder_; }
  [[nodiscard]] const std::string& path(std::size_t shard) const { return paths_[shard]; }

 private:
  support::memory_folder folder_;
  atlas::flat<float> all_;
  std::vector<std::string> paths_;
};

struct ranged {
  atlas::shard_answer said;
  support::answer written;
};
ranged range(const shards& index, const float* query, float radius, std::size_t room, const atlas::shard_range_options& options = {}) {
  support::marked<std::uint64_t> keys(room, 0x5151515151515151U);
  support::marked<float> distances(room, -77.0F);
  ranged got{index.range({query, index.dimension()}, radius, options, {keys.data(), room}, {distances.data(), room}).value(), {}};
  CHECK(keys.is_intact_outside());
  CHECK(distances.is_intact_outside());
  got.written = {keys.values(), distances.values()};
  got.written.keys.resize(std::min(got.said.found, room));
  got.written.distances.resize(std::min(got.said.found, room));
  return got;
}

/// The share of `want` that was found.
double share_found(const std::vector<support::answer>& got, const std::vector<support::answer>& want) {
  std::size_t right = 0;
  std::size_t all = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    all += want[i].keys.size();
    for (const std::uint64_t key : want[i].keys) {
      right += std::find(got[i].keys.begin(), got[i].keys.end(), key) != got[i].keys.end() ? 1U : 0U;
    }
  }
  return static_cast<double>(right) / static_cast<double>(all);
}

/// Three kinds, exact by their options, of unequal sizes.
struct mixed_kinds : sharded {
  explicit mixed_kinds(metric which) : sharded(20, which) {
    add<support::flat_case>(support::keys_from(0, 240), support::random_vector(1, 240 * 20));
    add<support::hnsw_case>(support::keys_from(1000, 90), support::random_vector(2, 90 * 20));
    add<support::ivf_pq_case>(support::keys_from(500, 200), support::random_vector(3, 200 * 20));
  }
};

}  // namespace

  TEST_CASE("shards: of flat files, the answers of one flat index over all rows, to the bit, on any number of threads") {
    for (const metric which : support::float_metrics) {
      for (const std::size_t files : {1U, 2U, 7U}) {
        sharded made(33, which);
        for (std::size_t i = 0; i < files; ++i) {
          made.add<support::flat_case>(support::keys_from(i * 1000, 40 + 50 * i), support::random_vector(i + 1, (40 + 50 * i) * 33));
        }
        const shards opened = made.open();
        CHECK(opened.size() == made.all().size());
        const auto queries = support::random_vector(77, 21 * 33);
        const auto odd = [](std::uint64_t key) { return key % 2 != 0; };
        const key_list bits(40, 0x0F0F3301'00FF00FFU);
        const atlas::search_options asked[] = {
            {.k = 1},
            {.k = 10},
            {.k = 5000},
            {.k = 10, .allowed = {.predicate = odd}},
            {.k = 10, .allowed = {.bitmap = bits.data(), .bitmap_bits = bits.size() * 64}},
            {.k = 10, .allowed = {.bitmap = bits.data(), .bitmap_bits = 1}},
        };
        for (std::size_t i = 0; i < std::size(asked); ++i) {
          for (const std::size_t rows : {0U, 1U, 2U, 21U}) {
            const auto view = atlas::dense(queries.data(), rows, 33);
            const auto want = support::search(made.all(), view, asked[i]);
            for (const unsigned threads : {1U, 2U, 4U, 0U}) {
              CAPTURE(static_cast<int>(which));
              CAPTURE(files);
              CAPTURE(i);
              CAPTURE(rows);
              CAPTURE(threads);
              atlas::search_options options = asked[i];
              options.threads = threads;
              CHECK(support::search(opened, view, options) == want);
            }
          }
        }
      }
    }
  }

  TEST_CASE("shards: more queries than are asked at once") {
    sharded made(4);
    for (std::size_t i = 0; i < 3; ++i) {
      made.add<support::flat_case>(support::keys_from(i * 1000, 600), support::random_vector(i + 1, 600 * 4));
    }
    const shards opened = made.open();
    const auto queries = support::random_vector(9, 700 * 4);
    const auto view = atlas::dense(queries.data(), 700, 4);
    const auto want = support::search(made.all(), view, {.k = 400});
    for (const unsigned threads : {1U, 3U}) CHECK(support::search(opened, view, {.k = 400, .threads = threads}) == want);
  }

  TEST_CASE("shards: flat, hnsw and ivf_pq files beside each other give what all of their rows do") {
    for (const metric which : support::float_metrics) {
      const mixed_kinds made(which);
      const shards opened = made.open();
      const auto queries = support::random_vector(4, 15 * 20);
      const auto view = atlas::dense(queries.data(), 15, 20);
      const auto want = support::search(made.all(), view, {.k = 12});
      for (const unsigned threads : {1U, 2U, 4U}) CHECK(support::search(opened, view, {.k = 12, .threads = threads}) == want);
      CHECK(opened.shard(0)->kind() == atlas::file_kind::flat);
      CHECK(opened.shard(1)->kind() == atlas::file_kind::hnsw);
      CHECK(opened.shard(2)->kind() == atlas::file_kind::ivf_pq);
      CHECK(opened.shard_count() == 3);
      CHECK(opened.metric() == which);
      CHECK(opened.dimension() == 20);
      CHECK(opened.size() == 530);
      CHECK(opened.path(1) == made.path(1));
      CHECK(opened.missing().empty());
    }
  }

  TEST_CASE("shards: of graphs and lists, the recall that these have, on any number of threads the same answers") {
    constexpr std::size_t rows = 1500;
    sharded made(24, metric::cosine);
    for (std::size_t i = 0; i < 4; ++i) {
      const auto vectors = support::random_vector(i + 1, rows * 24);
      if (i % 2 == 0) {
        made.add(support::as_any(atlas::hnsw<float>::create({.dimension = 24, .metric = metric::cosine})).value(), support::keys_from(i * rows, rows), vectors);
      } else {
        made.add(support::as_any(atlas::ivf_pq<float>::create({.dimension = 24, .metric = metric::cosine, .lists = 16, .train_from = rows})).value(),
                 support::keys_from(i * rows, rows), vectors);
      }
    }
    const shards opened = made.open();
    const auto queries = support::random_vector(9, 60 * 24);
    const auto view = atlas::dense(queries.data(), 60, 24);
    const auto got = support::search(opened, view, {.k = 10, .width = 100, .probes = 12, .rerank = 16});
    CHECK(share_found(got, support::search(made.all(), view, {.k = 10})) > 0.95);
    for (const unsigned threads : {2U, 4U, 0U}) {
      CHECK(support::search(opened, view, {.k = 10, .width = 100, .probes = 12, .rerank = 16, .threads = threads}) == got);
    }
    const auto few = support::search(opened, view, {.k = 10, .probes = 1, .rerank = 1});
    CHECK(share_found(few, got) < 1.0);  // so the options reach the shards
    const float radius = support::search_one(made.all(), queries.data(), {.k = 300}).distances.back();
    const std::size_t most = range(opened, queries.data(), radius, 0, {.width = 1000, .probes = 16}).said.found;
    CHECK(most > 285);
    CHECK(range(opened, queries.data(), radius, 0, {.width = 1000, .probes = 1}).said.found < most);
    CHECK(range(opened, queries.data(), radius, 0, {.width = 1, .probes = 16}).said.found <= most);
  }

  TEST_CASE("shards: equal distances come in the order of keys, whichever shard has them") {
    for (const metric which : support::float_metrics) {
      CAPTURE(static_cast<int>(which));
      sharded made(support::grid_dimension, which);
      support::index_model model(which, atlas::file_kind::hnsw);  // which orders equals by key
      for (std::size_t i = 0; i < 3; ++i) {
        key_list keys(80);
        for (std::size_t row = 0; row < keys.size(); ++row) keys[row] = (row * 3 + i) * 7919 % 100003;  // in no order
        const auto vectors = support::grid_vectors(which, 5, 80);                                       // the same in each
        model.put(keys, support::grid(vectors));
        if (i == 1) made.add<support::hnsw_case>(keys, vectors);
        if (i != 1) made.add<support::flat_case>(keys, vectors);
      }
      const shards opened = made.open();
      const auto queries = support::grid_vectors(which, 6, 9);
      const auto answers = support::search(opened, support::grid(queries), {.k = 300, .threads = 2});
      for (std::size_t i = 0; i < 9; ++i) {
        const float* query = queries.data() + i * support::grid_dimension;
        CHECK(answers[i] == support::as_answer(model.nearest(query, 300)));
        const float radius = answers[i].distances[100];
        const auto want = support::as_answer(model.within(query, static_cast<double>(radius)));
        const ranged got = range(opened, query, radius, 300);
        CHECK(got.said.found == want.keys.size());
        CHECK(got.written == want);
      }
    }
  }

  TEST_CASE("shards: a key in several of them is answered once, where it is nearest") {
    sharded made(2);
    made.add<support::flat_case>({1, 2, 3}, {0, 0, 5, 0, 9, 0});
    made.add<support::flat_case>({2, 4}, {1, 0, 4, 0});
    made.add<support::hnsw_case>({3, 1}, {2, 0, 20, 0});
    const shards opened = made.open();
    const float query[2] = {0, 0};
    const key_list want_keys = {1, 2, 3, 4};
    const std::vector<float> want_distances = {0, 1, 4, 16};
    for (const unsigned threads : {1U, 2U}) {
      const auto got = support::search_one(opened, query, {.k = 6, .threads = threads});
      CHECK(got.keys == want_keys);
      CHECK(got.distances == want_distances);
      const auto two = support::search_one(opened, query, {.k = 2, .threads = threads});
      CHECK(two.keys == key_list{1, 2});
    }
    const ranged within = range(opened, query, 30.0F, 10);
    CHECK(within.said.found == 4);
    CHECK(within.written.keys == want_keys);
    CHECK(within.written.distances == want_distances);
    float exact[4] = {};
    opened.distances(query, want_keys, exact).value();
    CHECK(std::vector<float>(exact, exact + 4) == want_distances);

    CHECK(opened.size() == 7);
    CHECK(opened.find(2) == 0);
    CHECK(opened.find(4) == 1);
    CHECK(opened.find(5) == atlas::no_shard);
    CHECK(opened.contains(3));
    CHECK_FALSE(opened.contains(5));
    float vector[2] = {};
    opened.get(2, vector).value();
    CHECK(vector[0] == 5.0F);  // of the first shard that has it
  }

  TEST_CASE("shards: range finds what one index does, on any number of threads, and says how much there is") {
    const mixed_kinds made(metric::l2sq);
    const shards opened = made.open();
    const auto queries = support::random_vector(4, 6 * 20);
    const auto odd = [](std::uint64_t key) { return key % 2 != 0; };
    for (std::size_t i = 0; i < 6; ++i) {
      const float* query = queries.data() + i * 20;
      for (const float radius : {0.0F, 7.0F, 9.0F, 100.0F}) {
        for (const std::size_t room : {0U, 1U, 30U, 600U}) {
          for (const bool filtered : {false, true}) {
            const atlas::filter allowed = filtered ? atlas::filter{.predicate = odd} : atlas::filter{};
            std::size_t found = 0;
            const auto want = support::range(made.all(), query, radius, room, found, {.allowed = allowed});
            for (const unsigned threads : {1U, 2U, 4U}) {
              CAPTURE(radius);
              CAPTURE(room);
              CAPTURE(threads);
              const ranged got = range(opened, query, radius, room, {.width = 256, .threads = threads, .allowed = allowed});
              CHECK(got.said.found == found);
              CHECK(got.said.is_whole());
              CHECK(got.written == want);
            }
          }
        }
      }
    }
  }

  TEST_CASE("shards: get, distances and list_keys go over all shards") {
    const mixed_kinds made(metric::cosine);
    const shards opened = made.open();
    key_list listed;
    std::uint64_t cursor = 0;
    std::uint64_t some[37];
    while (const std::size_t count = opened.list_keys(cursor, some)) listed.insert(listed.end(), some, some + count);
    CHECK(opened.list_keys(cursor, some) == 0);
    CHECK(listed.size() == 530);
    std::sort(listed.begin(), listed.end());
    key_list want(530);
    cursor = 0;
    CHECK(made.all().list_keys(cursor, want) == 530);
    std::sort(want.begin(), want.end());
    CHECK(listed == want);

    const auto query = support::random_vector(4, 20);
    std::vector<float> exact(530);
    std::vector<float> got(530);
    made.all().distances(query, want, exact.data()).value();
    opened.distances(query, want, got.data()).value();
    CHECK(got == exact);
    for (const std::uint64_t key : {0U, 239U, 500U, 1089U}) {
      float one[20];
      float other[20];
      made.all().get(key, one).value();
      opened.get(key, other).value();
      CHECK(std::equal(one, one + 20, other));
    }
    float out[20];
    CHECK(failed_as(opened.get(4000, out), errc::key_not_found));
    CHECK(failed_as(opened.get(0, nullptr), errc::invalid_argument));
    const auto unknown = opened.distances(query, key_list{0, 4000}, out);
    CHECK(failed_as(unknown, errc::key_not_found));
    CHECK(unknown.error().row == 1);
    CHECK(failed_as(opened.distances({query.data(), 19}, key_list{0}, out), errc::dimension_mismatch));
    CHECK(failed_as(opened.distances(query, key_list{0}, nullptr), errc::invalid_argument));
  }

  TEST_CASE("shards: a refused search names what is wrong and writes nothing") {
    const mixed_kinds made(metric::cosine);
    const shards opened = made.open();
    auto queries = support::random_vector(4, 3 * 20);
    queries[25] = std::numeric_limits<float>::quiet_NaN();
    const std::vector<float> zeros(20, 0.0F);
    support::hit_buffers hits(3, 5);
    const auto view = atlas::dense(queries.data(), 3, 20);
    const auto bad = opened.search(view, {.k = 5}, hits.view());
    CHECK(failed_as(bad, errc::not_finite));
    CHECK(bad.error().row == 1);
    CHECK(failed_as(opened.search(atlas::dense(zeros.data(), 1, 20), {.k = 5}, hits.view()), errc::zero_vector));
    CHECK(failed_as(opened.search(view.subrows(0, 1), {.k = 0}, hits.view()), errc::invalid_argument));
    CHECK(failed_as(opened.search(atlas::dense(queries.data(), 1, 19), {.k = 5}, hits.view()), errc::dimension_mismatch));
    CHECK(failed_as(opened.search(atlas::matrix_view{nullptr, 1, 20, 20}, {.k = 5}, hits.view()), errc::invalid_argument));
    CHECK(failed_as(opened.search(view.subrows(0, 1), {.k = 5}, {nullptr, hits.distances.data(), nullptr}), errc::invalid_argument));
    CHECK(failed_as(opened.search(view.subrows(0, 1), {.k = 5}, {hits.keys.data(), nullptr, nullptr}), errc::invalid_argument));
    CHECK(failed_as(opened.search(view.subrows(0, 1), {.k = 5, .starts = 5000}, hits.view()), errc::limit_exceeded));
    const float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(failed_as(opened.range({queries.data(), 20}, nan, {}, {hits.keys.data(), 5}, {hits.distances.data(), 5}), errc::invalid_argument));
    CHECK(failed_as(opened.range({queries.data(), 20}, 1, {}, {hits.keys.data(), 5}, {hits.distances.data(), 4}), errc::invalid_argument));
    CHECK(failed_as(opened.range({queries.data(), 19}, 1, {}, {hits.keys.data(), 5}, {hits.distances.data(), 5}), errc::dimension_mismatch));
    CHECK(failed_as(opened.range({queries.data() + 20, 20}, 1, {}, {hits.keys.data(), 5}, {hits.distances.data(), 5}), errc::not_finite));
    CHECK(failed_as(opened.range(zeros, 1, {}, {hits.keys.data(), 5}, {hits.distances.data(), 5}), errc::zero_vector));
    CHECK(hits.is_untouched());
    const auto fine = opened.search(view.subrows(0, 1), {.k = 5}, {hits.keys.data(), hits.distances.data(), nullptr});
    CHECK(fine.value().found == 5);
    CHECK(fine->is_whole());
    CHECK(fine->failed_shard == atlas::no_shard);
  }

  TEST_CASE("shards: many threads search at once, and what searches keep does not grow") {
    const mixed_kinds made(metric::l2sq);
    const shards opened = made.open();
    const auto queries = support::random_vector(4, 24 * 20);
    const auto view = atlas::dense(queries.data(), 24, 20);
    const auto want = support::search(opened, view, {.k = 7});
    std::atomic<int> wrong{0};
    support::together(4, [&](unsigned number) {
      for (int i = 0; i < 5; ++i) {
        key_list keys(24 * 7);
        std::vector<float> distances(24 * 7);
        const auto said = opened.search(view, {.k = 7, .threads = number % 3}, {keys.data(), distances.data(), nullptr});
        if (!said.ok()) wrong.fetch_add(1);
        for (std::size_t query = 0; query < 24; ++query) {
          if (!std::equal(want[query].keys.begin(), want[query].keys.end(), keys.begin() + static_cast<std::ptrdiff_t>(query * 7))) wrong.fetch_add(1);
        }
      }
    });
    CHECK(wrong == 0);

    const shards alone = made.open();
    CHECK(alone.memory().scratch == 0);
    CHECK(alone.memory().vectors >= 530 * 20 * sizeof(float));
    (void)support::search(alone, view, {.k = 7});
    const std::uint64_t kept = alone.memory().scratch;
    CHECK(kept > 0);
    for (int i = 0; i < 3; ++i) (void)support::search(alone, view, {.k = 7});
    CHECK(alone.memory().scratch == kept);
  }

  TEST_CASE("shards: moved, they answer as before; the child of a fork goes on searching") {
    const mixed_kinds made(metric::l2sq);
    shards first = made.open();
    const auto query = support::random_vector(4, 20);
    const auto want = support::search_one(first, query.data(), {.k = 7, .threads = 2});
    shards second = std::move(first);
    CHECK(support::search_one(second, query.data(), {.k = 7}) == want);
    first = made.open();
    std::swap(first, second);
    CHECK(support::search_one(first, query.data(), {.k = 7, .threads = 2}) == want);
    if (support::under_thread_sanitizer) return;
    const auto end = support::in_child([&] {
      key_list keys(7);
      std::vector<float> distances(7);
      const auto said = first.search(atlas::dense(query.data(), 1, 20), {.k = 7, .threads = 2}, {keys.data(), distances.data(), nullptr});
      return said.ok() && keys == want.keys ? 42 : 1;
    });
    CHECK(end.code == 42);
  }

  TEST_CASE("shards: loaded into memory, or with vectors left on disk, they answer the same") {
    sharded made(24);
    for (std::size_t i = 0; i < 2; ++i) made.add<support::hnsw_case>(support::keys_from(i * 1000, 150), support::random_vector(i + 1, 150 * 24));
    const auto queries = support::random_vector(9, 10 * 24);
    const auto view = atlas::dense(queries.data(), 10, 24);
    const auto want = support::search(made.open(), view, {.k = 10});
    const shards loaded = made.open({.load = true});
    const shards on_disk = made.open({.vectors = atlas::vector_residence::on_disk});
    CHECK(support::search(loaded, view, {.k = 10, .threads = 2}) == want);
    CHECK(support::search(on_disk, view, {.k = 10, .threads = 2}) == want);
    CHECK(on_disk.memory().vectors == 0);
  }
}
