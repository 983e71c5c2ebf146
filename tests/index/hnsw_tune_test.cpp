// SPDX-License-Identifier: Apache-2.0
// tests/index/hnsw_tune_test.cpp -- mirrors include/atlas/index/hnsw_tune.hpp, through what hnsw<float>::tune promises.
#include <atlas/index/hnsw_index.hpp>

#include "support/coded_graphs.hpp"
#include "support/error_line.hpp"
#include "support/graphs.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/memory_folder.hpp"
#include "support/patched_file.hpp"
#include "support/repetitions.hpp"
#include "support/scratch_folder.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <string>
#include <thread>
#include <vector>

using atlas::errc;
using support::coded_dimension;
using support::failed_as;
using support::graph_of;
using support::says_both;

TEST_SUITE("index") {
namespace {

const std::size_t rows = support::repetitions(1500, 600, 300);
const std::size_t query_count = support::repetitions(40, 20, 10);

atlas::matrix_view view_of(const std::vector<float>& queries, std::size_t dimension = coded_dimension) {
  return atlas::dense(queries.data(), queries.size() / dimension, dimension);
}

/// The share of the k nearest that searches find, by the distance of every stored key.
double recall_at(const atlas::hnsw<float>& index, const std::vector<float>& queries, std::size_t k, std::size_t width) {
  const auto view = view_of(queries, index.dimension());
  const auto found = support::search(index, view, {.k = k, .width = width});
  const std::vector<std::uint64_t> keys = support::all_keys(index);
  const std::size_t wanted = std::min(k, keys.size());
  std::vector<float> distances(keys.size());
  std::size_t hits = 0;
  for (std::size_t i = 0; i < view.rows; ++i) {
    index.distances({view.row(i), index.dimension()}, keys, distances.data()).value();
    std::sort(distances.begin(), distances.end());
    const auto right = std::count_if(found[i].distances.begin(), found[i].distances.end(),
                                     [&](float distance) { return distance <= distances[wanted - 1]; });
    hits += std::min(static_cast<std::size_t>(right), wanted);
  }
  return static_cast<double>(hits) / static_cast<double>(wanted * view.rows);
}

/// Checks what tune says against the index, which it set.
void check_tuned(const atlas::hnsw<float>& index, const std::vector<float>& queries, std::size_t k, double wanted,
                 const atlas::tune_result& tuned) {
  CHECK(index.search_width() == tuned.width);
  CHECK(index.prefetch_rows() == tuned.prefetch_rows);
  CHECK(tuned.queries_per_second > 0);
  CHECK(tuned.recall >= wanted);
  CHECK(tuned.recall == recall_at(index, queries, k, 0));
  REQUIRE(tuned.width >= std::min(k, index.size()));
  if (tuned.width > k) CHECK(recall_at(index, queries, k, tuned.width - 1) < wanted);
}

/// A graph most of which no walk reaches.
atlas::hnsw<float> broken_graph() {
  return graph_of(support::random_vector(1, rows * coded_dimension),
                  {.dimension = coded_dimension, .connectivity = 2, .build_width = 1, .codes = atlas::traversal_codes::none});
}

}  // namespace

  TEST_CASE("tune: the width finds the wanted share of the exact answers, and one less does not, under every metric and code") {
    const auto vectors = support::random_vector(1, rows * coded_dimension);
    const auto queries = support::random_vector(2, query_count * coded_dimension);
    for (const atlas::metric metric : support::float_metrics) {
      for (const atlas::traversal_codes codes : support::all_codes) {
        CAPTURE(std::string(atlas::name(metric)));
        CAPTURE(std::string(atlas::name(codes)));
        auto index = graph_of(vectors, support::coded(codes, metric));
        const auto tuned = index.tune(view_of(queries), {.k = 5, .recall = 0.97}).value();
        check_tuned(index, queries, 5, 0.97, tuned);
        CHECK(tuned.width > 5);  // or these data ask nothing
      }
    }
  }

  TEST_CASE("tune: width and recall do not depend on time, nor on what was set before") {
    const auto queries = support::random_vector(2, query_count * coded_dimension);
    auto index = graph_of(support::random_vector(1, rows * coded_dimension), support::coded(atlas::traversal_codes::lvq8));
    const auto one = index.tune(view_of(queries)).value();
    REQUIRE(index.set_search_width(1).ok());
    const auto other = index.tune(view_of(queries)).value();
    CHECK(one.width == other.width);
    CHECK(one.recall == other.recall);
    CHECK(index.search_width() == one.width);
  }

  TEST_CASE("tune: what is stored in few bits is measured as it is stored") {
    for (const atlas::scalar stored : {atlas::scalar::f16, atlas::scalar::bf16, atlas::scalar::i8}) {
      CAPTURE(std::string(atlas::name(stored)));
      const auto vectors = support::random_integers(1, rows * coded_dimension, 100);
      const auto queries = support::random_vector(2, query_count * coded_dimension);
      auto index = graph_of(vectors, support::coded(atlas::traversal_codes::lvq4, atlas::metric::l2sq, stored));
      check_tuned(index, queries, 10, 0.9, index.tune(view_of(queries), {.recall = 0.9}).value());
    }
  }

  TEST_CASE("tune: both are saved, of an index that was opened to read, too; the opened file stays as it is") {
    const support::memory_folder folder;
    const auto queries = support::random_vector(2, query_count * coded_dimension);
    const std::string path = folder.path("index");
    const auto made = graph_of(support::random_vector(1, rows * coded_dimension), support::coded(atlas::traversal_codes::lvq8));
    for (const bool is_sealed : {false, true}) {
      CAPTURE(is_sealed);
      REQUIRE((is_sealed ? made.seal(path.c_str()) : made.save(path.c_str())).ok());
      const std::string before = support::read_whole(path);
      auto opened = atlas::hnsw<float>::open(path.c_str()).value();
      REQUIRE(opened.is_read_only());
      const auto tuned = opened.tune(view_of(queries), {.recall = 0.9}).value();
      check_tuned(opened, queries, 10, 0.9, tuned);
      CHECK(support::read_whole(path) == before);
      REQUIRE(opened.save(folder.path("tuned").c_str()).ok());
      const auto again = atlas::hnsw<float>::open(folder.path("tuned").c_str()).value();
      CHECK(again.is_sealed() == is_sealed);
      CHECK(again.search_width() == tuned.width);
      CHECK(again.prefetch_rows() == tuned.prefetch_rows);
      CHECK(support::search(again, view_of(queries), {}) == support::search(opened, view_of(queries), {}));
    }
  }

  TEST_CASE("tune: vectors left on disk are measured as those of a mapped file") {
    const support::memory_folder folder;
    const auto queries = support::random_vector(2, query_count * coded_dimension);
    const std::string path = folder.path("index");
    for (const atlas::traversal_codes codes : {atlas::traversal_codes::none, atlas::traversal_codes::lvq8}) {
      REQUIRE(graph_of(support::random_vector(1, rows * coded_dimension), support::coded(codes)).save(path.c_str()).ok());
      auto mapped = atlas::hnsw<float>::open(path.c_str()).value();
      auto on_disk = atlas::hnsw<float>::open(path.c_str(), {.vectors = atlas::vector_residence::on_disk}).value();
      const auto one = mapped.tune(view_of(queries), {.recall = 0.9}).value();
      const auto other = on_disk.tune(view_of(queries), {.recall = 0.9}).value();
      CHECK(one.width == other.width);
      CHECK(one.recall == other.recall);
    }
  }

  TEST_CASE("tune: a prefetch distance that a file names gives way to one of those that are tried") {
    const support::memory_folder folder;
    const auto queries = support::random_vector(2, query_count * coded_dimension);
    for (const atlas::traversal_codes codes : {atlas::traversal_codes::none, atlas::traversal_codes::lvq8}) {
      std::string file = support::file_of(graph_of(support::random_vector(1, 200 * coded_dimension), support::coded(codes)), folder);
      support::put_number(file, support::prefetch_offset, 3, 2);
      support::seal(file);
      auto opened = atlas::hnsw<float>::open(folder.write("three", file).c_str()).value();
      CHECK(opened.prefetch_rows() == 3);
      const std::size_t chosen = opened.tune(view_of(queries)).value().prefetch_rows;
      CHECK((chosen == 64 || (codes != atlas::traversal_codes::none && chosen < 64 && (chosen & (chosen - 1)) == 0)));
      CHECK(opened.prefetch_rows() == chosen);
      file = support::file_of(opened, folder);
      CHECK(support::number_at(file, support::prefetch_offset, 2) == (chosen == 64 ? 0 : chosen));  // the default has no number
    }
  }

  TEST_CASE("tune: rows that are removed or replaced are no answers") {
    const auto queries = support::random_vector(2, query_count * coded_dimension);
    for (const bool is_compact : {false, true}) {
      auto index = graph_of(support::random_vector(1, rows * coded_dimension), support::coded(atlas::traversal_codes::lvq8));
      const auto others = support::random_vector(3, 100 * coded_dimension);
      REQUIRE(index.upsert(support::keys_from(0, 100), view_of(others)).ok());
      for (std::uint64_t key = 50; key < rows; key += 2) REQUIRE(index.remove(key).ok());
      if (is_compact) REQUIRE(index.compact().ok());
      check_tuned(index, queries, 5, 0.95, index.tune(view_of(queries), {.k = 5}).value());
    }
  }

  TEST_CASE("tune: k of more than there are asks for all of them; the width is no more than the rows") {
    const auto queries = support::random_vector(2, query_count * coded_dimension);
    for (const std::size_t count : {1U, 2U, 30U}) {
      CAPTURE(count);
      auto index = graph_of(support::random_vector(1, count * coded_dimension), support::coded(atlas::traversal_codes::lvq8));
      for (const std::size_t k : {count, std::size_t{100}, std::numeric_limits<std::size_t>::max()}) {
        const auto tuned = index.tune(view_of(queries), {.k = k, .recall = 1.0}).value();
        CHECK(tuned.recall == 1.0);
        CHECK(tuned.width == count);
      }
    }
  }

  TEST_CASE("tune: an answer as near as the k-th nearest is right, whichever of equal rows it is") {
    auto index = graph_of(std::vector<float>(200 * coded_dimension, 0.5F), support::coded(atlas::traversal_codes::none));
    const auto tuned = index.tune(view_of(support::random_vector(2, coded_dimension)), {.k = 3, .recall = 1.0}).value();
    CHECK(tuned.recall == 1.0);
    CHECK(tuned.width == 3);
  }

  TEST_CASE("tune: if no width is enough, the narrowest that found the most, and the recall says so") {
    const auto queries = support::random_vector(2, query_count * coded_dimension);
    auto index = broken_graph();
    const double most = recall_at(index, queries, 10, rows);
    REQUIRE(most < 0.9);
    const auto tuned = index.tune(view_of(queries), {.recall = 0.99}).value();
    CHECK(tuned.recall < 0.99);
    CHECK(tuned.recall >= most);
    check_tuned(index, queries, 10, tuned.recall, tuned);
    CHECK(tuned.width < rows);
  }

  TEST_CASE("tune: progress comes in order and ends; cancelling at any call leaves both as they were") {
    const auto queries = support::random_vector(2, query_count * coded_dimension);
    auto index = graph_of(support::random_vector(1, 300 * coded_dimension), support::coded(atlas::traversal_codes::lvq8));
    std::uint64_t last_call = 0;
    std::uint64_t cancel_at = 0;
    std::uint64_t last = 0;
    std::uint64_t all = 0;
    bool is_in_order = true;
    const auto report = [&](std::uint64_t done, std::uint64_t total) {
      is_in_order = is_in_order && done >= last && done <= total && (all == 0 || total == all);
      last = done;
      all = total;
      return ++last_call != cancel_at;
    };
    auto unchanged = graph_of(support::random_vector(1, 300 * coded_dimension), support::coded(atlas::traversal_codes::lvq8));
    REQUIRE(index.tune(view_of(queries), {.on_progress = report}).ok());
    CHECK(is_in_order);
    CHECK(last == all);
    const std::uint64_t calls = last_call;
    REQUIRE(calls > 4 * query_count);
    for (const std::uint64_t at : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{query_count} + 2, calls / 2, calls - 1, calls}) {
      CAPTURE(at);
      last_call = last = 0;
      cancel_at = at;
      CHECK(failed_as(unchanged.tune(view_of(queries), {.on_progress = report}), errc::cancelled));
      CHECK(last_call == at);
      CHECK(unchanged.search_width() == 40);
      CHECK(unchanged.prefetch_rows() == 64);
    }
  }

  TEST_CASE("tune: refuses what cannot be tuned by, says both, and sets nothing") {
    auto index = graph_of(support::random_vector(1, 50 * coded_dimension), support::coded(atlas::traversal_codes::none, atlas::metric::cosine));
    const auto good = support::random_vector(2, 3 * coded_dimension);
    const auto refused = [&](const atlas::matrix_view& queries, const atlas::tune_options& options, errc code) {
      const auto answer = index.tune(queries, options);
      CHECK(failed_as(answer, code));
      CHECK(says_both(answer));
      CHECK(index.search_width() == 40);
    };
    refused({}, {}, errc::invalid_argument);
    refused({good.data(), 0, coded_dimension, coded_dimension}, {}, errc::invalid_argument);
    refused({nullptr, 3, coded_dimension, coded_dimension}, {}, errc::invalid_argument);
    refused({good.data(), 2, coded_dimension, coded_dimension - 1}, {}, errc::invalid_argument);
    refused(atlas::dense(good.data(), 3, coded_dimension - 1), {}, errc::dimension_mismatch);
    refused(view_of(good), {.k = 0}, errc::invalid_argument);
    for (const double recall : {0.0, -0.5, 1.0000001, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
      refused(view_of(good), {.recall = recall}, errc::invalid_argument);
    }
    for (const float component : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      auto wrong = good;
      wrong[coded_dimension + 3] = component;
      refused(view_of(wrong), {}, errc::not_finite);
      CHECK(index.tune(view_of(wrong)).error().row == 1);
    }
    auto zero = good;
    std::fill(zero.begin() + 2 * coded_dimension, zero.end(), 0.0F);
    refused(view_of(zero), {}, errc::zero_vector);

    auto empty = atlas::hnsw<float>::create(support::coded(atlas::traversal_codes::lvq8)).value();
    CHECK(failed_as(empty.tune(view_of(good)), errc::invalid_argument));
    CHECK(says_both(empty.tune(view_of(good))));
    REQUIRE(empty.add(support::keys_from(0, 3), view_of(good)).ok());
    for (std::uint64_t key = 0; key < 3; ++key) REQUIRE(empty.remove(key).ok());
    CHECK(failed_as(empty.tune(view_of(good)), errc::invalid_argument));
    CHECK(empty.search_width() == 40);
  }

  TEST_CASE("tune: beside searches, replacements and removals") {
    const auto vectors = support::random_vector(1, 400 * coded_dimension);
    const auto queries = support::random_vector(2, 10 * coded_dimension);
    auto index = graph_of(vectors, support::coded(atlas::traversal_codes::lvq8));
    std::atomic<bool> is_over{false};
    std::thread changes([&] {
      for (std::uint64_t i = 0; !is_over.load(); ++i) {
        const std::uint64_t key = i % 200;
        const float* vector = vectors.data() + (i % 399) * coded_dimension;
        if (!index.upsert({&key, 1}, atlas::dense(vector, 1, coded_dimension)).ok()) return;
        const std::uint64_t gone = 200 + i % 100;
        if (index.contains(gone)) (void)index.remove(gone);
      }
    });
    std::thread searches([&] {
      std::uint64_t keys[5];
      float distances[5];
      while (!is_over.load()) {
        if (!index.search(atlas::dense(queries.data(), 1, coded_dimension), {.k = 5}, {keys, distances, nullptr}).ok()) return;
      }
    });
    for (int i = 0; i < 2; ++i) {
      const auto tuned = index.tune(view_of(queries), {.k = 5, .recall = 0.9});
      CHECK(tuned.ok());
      if (!tuned.ok()) continue;
      CHECK(tuned->recall > 0.3);
      CHECK(tuned->recall <= 1.0);
      CHECK(index.search_width() == tuned->width);
    }
    is_over = true;
    changes.join();
    searches.join();
  }
}
