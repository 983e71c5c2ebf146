// SPDX-License-Identifier: Apache-2.0
// tests/index/ivf_index_test.cpp -- mirrors include/atlas/index/ivf_index.hpp and what only this kind of index promises.
#include <atlas/ivf_pq.hpp>

#include "support/each_target.hpp"
#include "support/error_line.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/index_model.hpp"
#include "support/memory_folder.hpp"
#include "support/patched_file.hpp"
#include "support/repetitions.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <vector>

using atlas::errc;
using atlas::ivf_codes;
using atlas::ivf_pq;
using atlas::ivf_rotation;
using support::failed_as;

TEST_SUITE("ivf_index") {
namespace {

constexpr ivf_codes all_codes[] = {ivf_codes::flat, ivf_codes::pq4, ivf_codes::pq8, ivf_codes::rabitq, ivf_codes::sq8};

/// Vectors around some centres, as real ones lie.
std::vector<float> clustered(std::uint64_t seed, std::size_t rows, std::size_t dimension, float spread = 0.3F) {
  const auto centres = support::random_vector(99, 12 * dimension);
  auto values = support::random_vector(seed, rows * dimension);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = values[i] * spread + centres[i / dimension * 7 % 12 * dimension + i % dimension] + 0.5F;
  return values;
}

struct answers {
  std::vector<std::uint64_t> keys;
  std::vector<float> distances;
  friend bool operator==(const answers&, const answers&) = default;
};
answers ask(const ivf_pq<float>& index, const std::vector<float>& queries, const atlas::search_options& options) {
  const std::size_t count = queries.size() / index.dimension();
  answers got{std::vector<std::uint64_t>(count * options.k), std::vector<float>(count * options.k)};
  index.search(atlas::dense(queries.data(), count, index.dimension()), options, {got.keys.data(), got.distances.data()}).value();
  return got;
}
/// The share of the exact k nearest that were found.
double recall(const answers& got, const atlas::flat<float>& exact, const std::vector<float>& queries, std::size_t k) {
  const std::size_t count = queries.size() / exact.dimension();
  std::size_t right = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto want = support::search_one(exact, queries.data() + i * exact.dimension(), {.k = k});
    for (std::size_t j = 0; j < k; ++j) {
      right += std::find(want.keys.begin(), want.keys.end(), got.keys[i * k + j]) != want.keys.end() ? 1U : 0U;
    }
  }
  return static_cast<double>(right) / static_cast<double>(count * k);
}

struct filled {
  ivf_pq<float> index;
  atlas::flat<float> exact;
  std::vector<float> vectors;
  std::vector<float> queries;
};
filled fill(atlas::ivf_pq_options options, std::size_t rows = 2000, float spread = 0.3F) {
  options.train_from = rows;
  filled made{ivf_pq<float>::create(options).value(), atlas::flat<float>::create({.dimension = options.dimension, .metric = options.metric}).value(),
              clustered(1, rows, options.dimension, spread), clustered(2, 30, options.dimension, spread)};
  const auto keys = support::keys_from(0, rows);
  made.index.add(keys, atlas::dense(made.vectors.data(), rows, options.dimension)).value();
  made.exact.add(keys, atlas::dense(made.vectors.data(), rows, options.dimension)).value();
  return made;
}

}  // namespace

  TEST_CASE("search: every sort of codes and metric finds nearly all with most lists, and all with all lists and rows") {
    for (const ivf_codes codes : all_codes) {
      for (const atlas::metric metric : support::float_metrics) {
        CAPTURE(static_cast<int>(codes));
        CAPTURE(static_cast<int>(metric));
        const auto made = fill({.dimension = 24, .metric = metric, .lists = 16, .codes = codes, .parts = codes == ivf_codes::pq4 ? 12U : codes == ivf_codes::pq8 ? 6U : 0U});
        CHECK(made.index.is_trained());
        CHECK(made.index.lists() == 16);
        CHECK(recall(ask(made.index, made.queries, {.k = 10, .probes = 8, .rerank = 10}), made.exact, made.queries, 10) >= 0.95);
        const auto all = ask(made.index, made.queries, {.k = 10, .probes = 16, .rerank = 200});
        for (std::size_t i = 0; i < 30; ++i) {
          const auto want = support::search_one(made.exact, made.queries.data() + i * 24, {.k = 10});
          CHECK(std::vector<std::uint64_t>(all.keys.begin() + static_cast<std::ptrdiff_t>(i * 10), all.keys.begin() + static_cast<std::ptrdiff_t>(i * 10 + 10)) == want.keys);
        }
      }
    }
  }

  TEST_CASE("estimates: near the distances that they stand for, the same bits one by one, in a batch, and on each target") {
    const support::memory_folder folder;
    for (const ivf_codes codes : all_codes) {
      for (const atlas::metric metric : support::float_metrics) {
        for (const ivf_rotation turned : {ivf_rotation::none, ivf_rotation::random, ivf_rotation::learned}) {
          CAPTURE(static_cast<int>(codes));
          CAPTURE(static_cast<int>(metric));
          CAPTURE(static_cast<int>(turned));
          if (codes == ivf_codes::rabitq && turned == ivf_rotation::none) continue;
          if (turned == ivf_rotation::learned && codes != ivf_codes::pq4 && codes != ivf_codes::pq8) continue;
          const auto made = fill({.dimension = 40, .metric = metric, .lists = 8, .codes = codes, .rotation = turned}, 500);
          made.index.save(folder.path("targets.atlas").c_str()).value();
          const atlas::search_options options{.k = 30, .probes = 8, .estimates_only = true};
          const answers want = ask(made.index, made.queries, options);
          double error = 0;
          double distances = 0;
          for (std::size_t i = 0; i < want.keys.size(); ++i) {
            const double exact = support::distance_float64(metric, made.queries.data() + i / 30 * 40, made.vectors.data() + want.keys[i] * 40, 40);
            error += std::abs(static_cast<double>(want.distances[i]) - exact);
            distances += std::abs(exact);
          }
          CHECK(error <= (codes == ivf_codes::flat ? 1e-5 : codes == ivf_codes::sq8 ? 0.02 : 0.5) * distances);
          support::on_each_target([&] {
            const auto opened = ivf_pq<float>::open(folder.path("targets.atlas").c_str()).value();
            // Vectors are compared by other sums on other targets, and lists by none: their distances may differ in the last bits.
            if (codes != ivf_codes::flat) CHECK(ask(opened, made.queries, options) == want);
            answers one_by_one;
            for (std::size_t i = 0; i < 30; ++i) {
              const std::vector<float> query(made.queries.begin() + static_cast<std::ptrdiff_t>(i * 40), made.queries.begin() + static_cast<std::ptrdiff_t>(i * 40 + 40));
              const answers one = ask(opened, query, options);
              one_by_one.keys.insert(one_by_one.keys.end(), one.keys.begin(), one.keys.end());
              one_by_one.distances.insert(one_by_one.distances.end(), one.distances.begin(), one.distances.end());
            }
            CHECK(one_by_one == ask(opened, made.queries, options));
          });
        }
      }
    }
  }

  TEST_CASE("search: a batch has the answers of its queries one by one, whatever shares lists, filtered, and on any threads") {
    for (const ivf_codes codes : all_codes) {
      CAPTURE(static_cast<int>(codes));
      auto made = fill({.dimension = 16, .lists = 16, .codes = codes}, 1500);
      auto queries = clustered(5, 2100, 16);
      for (std::size_t i = 0; i < 160; ++i) queries[i] = queries[160 + i];  // ten that are asked twice
      for (std::uint64_t key = 0; key < 1500; key += 9) made.index.remove(key).value();
      const auto is_allowed = [](std::uint64_t key) { return key % 3 != 0; };
      for (const bool is_filtered : {false, true}) {
        atlas::search_options options{.k = 7, .probes = 3, .rerank = 2};
        if (is_filtered) options.allowed.predicate = is_allowed;
        answers one_by_one;
        for (std::size_t i = 0; i < 2100; ++i) {
          const std::vector<float> query(queries.begin() + static_cast<std::ptrdiff_t>(i * 16), queries.begin() + static_cast<std::ptrdiff_t>(i * 16 + 16));
          const answers one = ask(made.index, query, options);
          one_by_one.keys.insert(one_by_one.keys.end(), one.keys.begin(), one.keys.end());
          one_by_one.distances.insert(one_by_one.distances.end(), one.distances.begin(), one.distances.end());
        }
        for (const unsigned threads : {1U, 3U, 0U}) {
          options.threads = threads;
          CHECK(ask(made.index, queries, options) == one_by_one);
        }
        options.threads = 1;
        options.patience = 1;  // for which the order of lists counts
        const auto first = ask(made.index, {queries.begin(), queries.begin() + 16}, options);
        const auto both = ask(made.index, queries, options);
        CHECK(std::equal(first.keys.begin(), first.keys.end(), both.keys.begin()));
      }
    }
  }

  TEST_CASE("search: counts of a batch say how many were found, and one query that is no vector leaves all unanswered") {
    const auto made = fill({.dimension = 8, .lists = 4, .codes = ivf_codes::pq4}, 300);
    std::vector<float> queries(made.queries.begin(), made.queries.begin() + 80);
    const auto is_allowed = [](std::uint64_t key) { return key < 3; };
    std::vector<std::uint64_t> keys(10 * 5, 7);
    std::vector<float> distances(10 * 5, 7.0F);
    std::vector<std::uint32_t> counts(10, 7);
    const atlas::search_options options{.k = 5, .probes = 4, .rerank = 100, .allowed = {.predicate = is_allowed}};
    made.index.search(atlas::dense(queries.data(), 10, 8), options, {keys.data(), distances.data(), counts.data()}).value();
    for (std::size_t i = 0; i < 10; ++i) {
      CHECK(counts[i] == 3);
      CHECK(std::is_sorted(distances.begin() + static_cast<std::ptrdiff_t>(5 * i), distances.begin() + static_cast<std::ptrdiff_t>(5 * i + 5)));
      CHECK(keys[5 * i + 3] == atlas::reserved_key);
    }
    queries[8 * 6 + 2] = std::numeric_limits<float>::quiet_NaN();
    CHECK(failed_as(made.index.search(atlas::dense(queries.data(), 10, 8), options, {keys.data(), distances.data(), counts.data()}), errc::not_finite));
    CHECK(counts[9] == 3);
  }

  TEST_CASE("an index that is not trained yet answers exactly, and goes on to when it is") {
    auto index = ivf_pq<float>::create({.dimension = 16, .lists = 4, .train_from = 100, .probes = 4, .rerank = 100}).value();
    support::index_model model(atlas::metric::l2sq, atlas::file_kind::ivf_pq);
    const auto vectors = support::grid_vectors(atlas::metric::l2sq, 3, 200);
    const auto query = support::grid_vectors(atlas::metric::l2sq, 4, 1);
    for (std::size_t i = 0; i < 200; ++i) {
      const auto key = static_cast<std::uint64_t>(i);
      index.add({&key, 1}, support::grid(vectors).subrows(i, 1)).value();
      CHECK(index.is_trained() == (i >= 99));
      CHECK(index.lists() == (i >= 99 ? 4 : 0));
      CHECK(support::search_one(index, query.data(), {.k = 300}).keys.size() == i + 1);
    }
  }

  TEST_CASE("train: before rows, after them, and anew; searches answer from all rows each time") {
    auto index = ivf_pq<float>::create({.dimension = 16, .lists = 4, .codes = ivf_codes::pq4, .probes = 4, .rerank = 100}).value();
    const auto vectors = clustered(5, 300, 16);
    const auto view = atlas::dense(vectors.data(), 300, 16);
    REQUIRE(index.train(view).ok());
    CHECK(index.is_trained());
    CHECK(support::search_one(index, vectors.data(), {.k = 3}).keys.empty());
    index.add(support::keys_from(0, 300), view).value();
    CHECK(support::search_one(index, vectors.data() + 16 * 7, {.k = 1}).keys == std::vector<std::uint64_t>{7});
    for (std::uint64_t key = 0; key < 300; key += 3) index.remove(key).value();
    REQUIRE(index.retrain().ok());
    CHECK(support::search_one(index, vectors.data(), {.k = 300}).keys.size() == 200);
    REQUIRE(index.train(view.subrows(0, 100), {.threads = 2}).ok());
    CHECK(support::search_one(index, vectors.data() + 16 * 7, {.k = 300}).keys.size() == 200);
    const auto stop = [](std::uint64_t, std::uint64_t) { return false; };
    CHECK(failed_as(index.retrain({.on_progress = stop}), errc::cancelled));
    CHECK(support::search_one(index, vectors.data() + 16 * 7, {.k = 300}).keys.size() == 200);
  }

  TEST_CASE("train: what cannot be learned from is refused, with what was expected and found") {
    auto index = ivf_pq<float>::create({.dimension = 16, .lists = 40, .codes = ivf_codes::pq4}).value();
    auto vectors = clustered(5, 100, 16);
    const auto refused = [&](const atlas::matrix_view& sample, errc code) {
      const auto said = index.train(sample);
      CHECK(failed_as(said, code));
      CHECK(support::says_both(said));
      CHECK_FALSE(index.is_trained());
    };
    refused(atlas::dense(vectors.data(), 39, 16), errc::invalid_argument);
    refused(atlas::dense(vectors.data(), 0, 16), errc::invalid_argument);
    refused(atlas::dense(vectors.data(), 100, 15), errc::dimension_mismatch);
    vectors[16 * 50 + 3] = std::numeric_limits<float>::quiet_NaN();
    refused(atlas::dense(vectors.data(), 100, 16), errc::not_finite);
    CHECK(index.train(atlas::dense(vectors.data(), 100, 16)).error().row == 50);
    auto few = ivf_pq<float>::create({.dimension = 16, .lists = 4, .codes = ivf_codes::pq4}).value();
    CHECK(failed_as(few.train(atlas::dense(vectors.data(), 15, 16)), errc::invalid_argument));  // a part has 16 centroids
    CHECK(failed_as(few.retrain(), errc::invalid_argument));                                    // nothing to learn from
  }

  TEST_CASE("vectors that are all the same, or zero, are trained on, found and saved") {
    const support::memory_folder folder;
    for (const ivf_codes codes : all_codes) {
      for (const float value : {0.0F, 3.0F}) {
        CAPTURE(static_cast<int>(codes));
        auto index = ivf_pq<float>::create({.dimension = 16, .lists = 8, .codes = codes, .train_from = 300}).value();
        const std::vector<float> vectors(300 * 16, value);
        index.add(support::keys_from(0, 300), atlas::dense(vectors.data(), 300, 16)).value();
        CHECK(index.is_trained());
        const auto found = support::search_one(index, vectors.data(), {.k = 300, .probes = 8});
        CHECK(found.keys == support::keys_from(0, 300));
        CHECK(*std::max_element(found.distances.begin(), found.distances.end()) == 0.0F);
        index.save(folder.path("same.atlas").c_str()).value();
        const auto opened = ivf_pq<float>::open(folder.path("same.atlas").c_str()).value();
        CHECK(support::search_one(opened, vectors.data(), {.k = 300, .probes = 8}).keys == support::keys_from(0, 300));
      }
    }
  }

  TEST_CASE("create: what does not fit is refused by name, with both values") {
    const auto refused = [](const atlas::ivf_pq_options& options, errc code, const std::string& field) {
      const auto made = ivf_pq<float>::create(options);
      CHECK(failed_as(made, code));
      CHECK(support::says_both(made));
      if (!made.ok()) CHECK(std::string(made.error().field).find(field) == 0);
    };
    refused({}, errc::invalid_argument, "dimension");
    refused({.dimension = 65'536}, errc::limit_exceeded, "dimension");
    refused({.dimension = 8, .metric = atlas::metric::hamming}, errc::metric_mismatch, "metric");
    refused({.dimension = 8, .lists = (std::size_t{1} << 20) + 1}, errc::limit_exceeded, "lists");
    refused({.dimension = 8, .codes = static_cast<ivf_codes>(5)}, errc::invalid_argument, "codes");
    refused({.dimension = 8, .rotation = static_cast<ivf_rotation>(3)}, errc::invalid_argument, "rotation");
    refused({.dimension = 8, .codes = ivf_codes::rabitq, .rotation = ivf_rotation::learned}, errc::invalid_argument, "rotation");
    refused({.dimension = 8, .parts = 9}, errc::invalid_argument, "parts");
    refused({.dimension = 20, .parts = 10, .rotation = ivf_rotation::random}, errc::invalid_argument, "parts");  // 24 components
    refused({.dimension = 65'530, .codes = ivf_codes::pq8, .rotation = ivf_rotation::random}, errc::invalid_argument, "dimension");
    refused({.dimension = 8, .lists = 50, .train_from = 49}, errc::invalid_argument, "train_from");
    refused({.dimension = 9, .parts = 8}, errc::invalid_argument, "parts");  // width 2: the last three parts would be empty
    refused({.dimension = 8, .codes = ivf_codes::sq8, .parts = 4}, errc::invalid_argument, "parts");
    refused({.dimension = 8, .iterations = 0}, errc::invalid_argument, "iterations");
    refused({.dimension = 8, .probes = (std::size_t{1} << 20) + 1}, errc::limit_exceeded, "probes");
    refused({.dimension = 8, .rerank = 65'537}, errc::limit_exceeded, "rerank");
    refused({.dimension = 8, .stored = atlas::scalar::b1}, errc::scalar_mismatch, "stored");
  }

  TEST_CASE("search: more probes than lists, more k than rows, patience, and vectors left on disk") {
    const support::memory_folder folder;
    const auto made = fill({.dimension = 16, .lists = 10, .codes = ivf_codes::pq4, .parts = 8}, 400);
    CHECK(ask(made.index, made.queries, {.k = 5, .probes = 1'000'000}) == ask(made.index, made.queries, {.k = 5, .probes = 10}));
    CHECK(support::search_one(made.index, made.queries.data(), {.k = 1000, .probes = 10}).keys.size() == 400);
    const answers patient = ask(made.index, made.queries, {.k = 5, .probes = 10, .rerank = 4, .patience = 2});
    CHECK(recall(patient, made.exact, made.queries, 5) >= 0.9);
    made.index.save(folder.path("cold.atlas").c_str()).value();
    const auto cold = ivf_pq<float>::open(folder.path("cold.atlas").c_str(), {.vectors = atlas::vector_residence::on_disk}).value();
    CHECK(ask(cold, made.queries, {.k = 5}) == ask(made.index, made.queries, {.k = 5}));
    CHECK(cold.memory().vectors == 0);
    CHECK(cold.memory().graph <= made.index.memory().graph);
  }

  TEST_CASE("open: an inverted file that is not trained cannot leave its vectors on disk, and may be changed") {
    const support::memory_folder folder;
    const std::string path = folder.path("plain.atlas");
    auto index = ivf_pq<float>::create({.dimension = 8, .lists = 2, .train_from = 50}).value();
    const auto vectors = support::random_vector(1, 100 * 8);
    index.add(support::keys_from(0, 30), atlas::dense(vectors.data(), 30, 8)).value();
    index.save(path.c_str()).value();
    CHECK(failed_as(ivf_pq<float>::open(path.c_str(), {.vectors = atlas::vector_residence::on_disk}), errc::invalid_argument));
    CHECK(support::search_one(ivf_pq<float>::open(path.c_str()).value(), vectors.data(), {.k = 1}).keys == std::vector<std::uint64_t>{0});
    auto opened = ivf_pq<float>::open(path.c_str(), {.mode = atlas::open_mode::change}).value();
    opened.add(support::keys_from(30, 70), atlas::dense(vectors.data() + 30 * 8, 70, 8)).value();
    CHECK(opened.is_trained());
    CHECK(support::search_one(opened, vectors.data(), {.k = 100, .probes = 2, .rerank = 100}).keys.size() == 100);
  }

  TEST_CASE("save, open for change: what was learned is kept, and lists go on growing") {
    const support::memory_folder folder;
    for (const ivf_codes codes : all_codes) {
      CAPTURE(static_cast<int>(codes));
      auto made = fill({.dimension = 20, .lists = 6, .codes = codes}, 500);
      const std::string path = folder.path("grow.atlas");
      made.index.save(path.c_str()).value();
      auto opened = ivf_pq<float>::open(path.c_str(), {.mode = atlas::open_mode::change}).value();
      CHECK(opened.lists() == 6);
      CHECK(opened.codes() == codes);
      CHECK(opened.parts() == made.index.parts());
      CHECK(ask(opened, made.queries, {.k = 7}) == ask(made.index, made.queries, {.k = 7}));
      const auto more = clustered(9, 300, 20);
      for (std::size_t i = 0; i < 300; ++i) {
        const std::uint64_t key = 500 + i;
        opened.add({&key, 1}, atlas::dense(more.data() + i * 20, 1, 20)).value();
      }
      made.index.add(support::keys_from(500, 300), atlas::dense(more.data(), 300, 20)).value();
      for (std::uint64_t key = 0; key < 500; key += 5) {
        opened.remove(key).value();
        made.index.remove(key).value();
      }
      CHECK(ask(opened, made.queries, {.k = 7}) == ask(made.index, made.queries, {.k = 7}));
      REQUIRE(opened.compact().ok());
      CHECK(ask(opened, made.queries, {.k = 7}) == ask(made.index, made.queries, {.k = 7}));
      opened.save(path.c_str()).value();
      const auto again = ivf_pq<float>::open(path.c_str()).value();
      CHECK(again.size() == 700);
      CHECK(ask(again, made.queries, {.k = 7}) == ask(made.index, made.queries, {.k = 7}));
    }
  }

  TEST_CASE("tune: sets what finds the wanted share, no more lists than needed, and says what it measured") {
    auto made = fill({.dimension = 24, .lists = 32, .codes = ivf_codes::pq4}, 3000, 0.8F);
    const auto queries = atlas::dense(made.queries.data(), 30, 24);
    for (const double wanted : {0.5, 0.9, 1.0}) {
      const auto tuned = made.index.tune(queries, {.k = 10, .recall = wanted}).value();
      CHECK(tuned.recall >= wanted);
      CHECK(tuned.probes >= 1);
      CHECK(tuned.probes <= 32);
      CHECK(tuned.queries_per_second > 0);
      CHECK(made.index.probes() == tuned.probes);
      CHECK(made.index.rerank() == tuned.rerank);
      CHECK(recall(ask(made.index, made.queries, {.k = 10}), made.exact, made.queries, 10) == doctest::Approx(tuned.recall).epsilon(0.001));
      if (tuned.probes > 1) {
        CHECK(recall(ask(made.index, made.queries, {.k = 10, .probes = tuned.probes - 1, .rerank = tuned.rerank}), made.exact, made.queries, 10) < wanted);
      }
      const auto again = made.index.tune(queries, {.k = 10, .recall = wanted}).value();
      CHECK(again.probes == tuned.probes);
      CHECK(again.rerank == tuned.rerank);
    }
    const support::memory_folder folder;
    made.index.save(folder.path("tuned.atlas").c_str()).value();
    CHECK(ivf_pq<float>::open(folder.path("tuned.atlas").c_str()).value().probes() == made.index.probes());
    const auto before = made.index.probes();
    const auto stop = [](std::uint64_t, std::uint64_t) { return false; };
    CHECK(failed_as(made.index.tune(queries, {.k = 10, .recall = 0.1, .on_progress = stop}), errc::cancelled));
    CHECK(made.index.probes() == before);
    CHECK(failed_as(made.index.tune(queries, {.k = 10, .recall = 1.5}), errc::invalid_argument));
    CHECK(failed_as(made.index.tune(atlas::dense(made.queries.data(), 0, 24)), errc::invalid_argument));
    auto empty = ivf_pq<float>::create({.dimension = 24}).value();
    CHECK(failed_as(empty.tune(queries), errc::invalid_argument));
  }

  TEST_CASE("patience does not end a search that has not found anything yet") {
    const auto made = fill({.dimension = 16, .lists = 8, .codes = ivf_codes::pq4}, 1000);
    const auto allowed = [](std::uint64_t key) { return key == 777; };
    CHECK(support::search_one(made.index, made.queries.data(), {.k = 3, .probes = 8, .allowed = {.predicate = allowed}, .patience = 1}).keys ==
          std::vector<std::uint64_t>{777});
  }

  TEST_CASE("trainings, changes and searches beside each other: every search finds a vector that stays") {
    auto index = ivf_pq<float>::create({.dimension = 16, .lists = 4, .codes = ivf_codes::pq4, .train_from = 64, .probes = 4, .rerank = 64}).value();
    const auto vectors = clustered(5, 400, 16);
    index.add(support::keys_from(0, 200), atlas::dense(vectors.data(), 200, 16)).value();
    std::atomic<bool> is_over{false};
    std::atomic<std::uint64_t> wrong{0};
    const auto search = [&] {
      while (!is_over.load()) {
        std::uint64_t key = 0;
        float distance = 0;
        for (std::size_t i = 0; i < 200; i += 17) {
          const bool found = index.search(atlas::dense(vectors.data() + i * 16, 1, 16), {.k = 1}, {&key, &distance}).ok();
          if (!found || distance != 0.0F) wrong.fetch_add(1);
        }
        if (index.memory().graph == 0 || index.lists() != 4 || index.code_bytes() == 0 || index.probes() != 4) wrong.fetch_add(1);
      }
    };
    std::thread first(search);
    std::thread second(search);
    std::thread changing([&] {
      while (!is_over.load()) {
        for (std::size_t i = 200; i < 400; i += 10) {
          if (!index.upsert(support::keys_from(i, 10), atlas::dense(vectors.data() + i * 16, 10, 16)).ok()) wrong.fetch_add(1);
        }
        for (std::uint64_t key = 200; key < 400; ++key) {
          if (!index.remove(key).ok()) wrong.fetch_add(1);
        }
      }
    });
    for (std::size_t round = 0; round < support::repetitions(40, 15, 8); ++round) {
      if (!index.retrain().ok()) wrong.fetch_add(1);
      if (!index.train(atlas::dense(vectors.data(), 100, 16)).ok()) wrong.fetch_add(1);
    }
    is_over.store(true);
    first.join();
    second.join();
    changing.join();
    CHECK(wrong.load() == 0);
  }

  TEST_CASE("a file whose lists share blocks is searched, and refused where it would be changed or saved") {
    const support::memory_folder folder;
    const auto made = fill({.dimension = 16, .lists = 8, .codes = ivf_codes::pq4}, 600);
    made.index.save(folder.path("good").c_str()).value();
    const support::patched_file file(folder, support::read_whole(folder.path("good")));
    const atlas::section_entry* lists = nullptr;
    const auto good = atlas::file_reader::open(file.path()).value();
    for (const atlas::section_entry& entry : good.sections()) lists = entry.id == 0x120 ? &entry : lists;
    REQUIRE(lists != nullptr);
    std::string same = file.content().substr(lists->offset, lists->length_bytes);
    for (std::size_t list = 1; list < 8; ++list) same.replace(list * 32, 32, same.substr(0, 32));
    file.put(lists->offset, same);
    const auto opened = ivf_pq<float>::open(file.path()).value();
    CHECK(support::search_one(opened, made.queries.data(), {.k = 600, .probes = 8, .rerank = 8}).keys.size() <= 600 * 8);
    std::uint64_t keys[8];
    float distances[8];
    CHECK(opened.range({made.queries.data(), 16}, 1e9F, {.width = 8}, keys, distances).value() <= 600 + 32 * 8);
    CHECK(failed_as(opened.save(folder.path("again").c_str()), errc::corrupt_file));
    CHECK(failed_as(ivf_pq<float>::open(file.path(), {.mode = atlas::open_mode::change}), errc::corrupt_file));
  }

  TEST_CASE("a graph over many lists: found by it, saved with it; keys of its file that come again are one list") {
    constexpr std::size_t lists = 4200;
    constexpr std::size_t rows = 6000;
    const auto vectors = support::random_vector(7, rows * 4);
    auto index = ivf_pq<float>::create({.dimension = 4, .lists = lists, .codes = ivf_codes::sq8, .rotation = ivf_rotation::none, .train_from = rows, .iterations = 2}).value();
    index.add(support::keys_from(0, rows), atlas::dense(vectors.data(), rows, 4)).value();
    REQUIRE(index.lists() == lists);
    const std::vector<float> queries(vectors.begin(), vectors.begin() + 400 * 4);
    const atlas::search_options options{.k = 3, .probes = 40, .rerank = 8};
    const auto batch = ask(index, queries, options);
    std::size_t found = 0;
    for (std::size_t i = 0; i < 400; ++i) found += batch.keys[i * 3] == i ? 1U : 0U;
    CHECK(found >= 396);
    const support::memory_folder folder;
    const std::string path = folder.path("graph.atlas");
    index.save(path.c_str()).value();
    CHECK(ask(ivf_pq<float>::open(path.c_str()).value(), queries, options) == batch);
    const support::patched_file file(folder, support::read_whole(path));
    const auto graph = support::section_of(file.content(), static_cast<std::uint32_t>(atlas::index_section::list_graph));
    const std::string nested = file.content().substr(graph.offset, graph.length_bytes);
    const auto keys = support::section_of(nested, static_cast<std::uint32_t>(atlas::index_section::keys));
    std::string same(keys.length_bytes, '\0');
    for (std::size_t i = 0; i < lists; ++i) same[i * 8] = static_cast<char>(i % 3);
    file.put(graph.offset + keys.offset, same);
    const auto hostile = ivf_pq<float>::open(file.path());
    REQUIRE(hostile.ok());
    const auto few = ask(*hostile, queries, {.k = 100, .probes = 40, .rerank = 1});
    for (std::size_t i = 0; i < 400; ++i) {
      std::vector<std::uint64_t> got(few.keys.begin() + static_cast<std::ptrdiff_t>(i * 100), few.keys.begin() + static_cast<std::ptrdiff_t>(i * 100 + 100));
      got.erase(std::remove(got.begin(), got.end(), atlas::reserved_key), got.end());
      std::sort(got.begin(), got.end());
      CHECK(std::adjacent_find(got.begin(), got.end()) == got.end());
    }
  }

  TEST_CASE("a file that says nothing of reranking is searched with the usual one") {
    const support::memory_folder folder;
    const auto made = fill({.dimension = 16, .lists = 8, .codes = ivf_codes::pq4}, 600);
    made.index.save(folder.path("good").c_str()).value();
    const support::patched_file file(folder, support::read_whole(folder.path("good")));
    std::string page = file.header();
    support::put_number(page, 64 + 48, 0, 4);  // rerank, behind iterations and probes
    file.put_sealed(page);
    const auto opened = ivf_pq<float>::open(file.path()).value();
    CHECK(opened.rerank() == 8);
    CHECK(ask(opened, made.queries, {.k = 5}) == ask(made.index, made.queries, {.k = 5}));
  }

  TEST_CASE("save: the same vectors give the same bytes, of odd dimensions too") {
    const support::memory_folder folder;
    for (const ivf_codes codes : all_codes) {
      CAPTURE(static_cast<int>(codes));
      const auto one = fill({.dimension = 21, .lists = 5, .codes = codes}, 400);
      const auto other = fill({.dimension = 21, .lists = 5, .codes = codes}, 400);
      one.index.save(folder.path("one").c_str()).value();
      other.index.save(folder.path("other").c_str()).value();
      CHECK(support::read_whole(folder.path("one")) == support::read_whole(folder.path("other")));
    }
  }

  TEST_CASE("filters: of those allowed, all are found that the lists hold, also where one in a hundred is allowed") {
    const auto made = fill({.dimension = 16, .lists = 8, .codes = ivf_codes::pq4}, 1000);
    for (const std::uint64_t one_in : {2U, 100U, 1000U}) {
      CAPTURE(one_in);
      const auto allowed = [&](std::uint64_t key) { return key % one_in == 1; };
      const auto found = support::search_one(made.index, made.queries.data(), {.k = 10, .probes = 8, .rerank = 50, .allowed = {.predicate = allowed}});
      const auto want = support::search_one(made.exact, made.queries.data(), {.k = 10, .allowed = {.predicate = allowed}});
      CHECK(found.keys == want.keys);
    }
  }
}
