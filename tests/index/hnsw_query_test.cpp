// SPDX-License-Identifier: Apache-2.0
// tests/index/hnsw_query_test.cpp -- mirrors include/atlas/index/hnsw_query.hpp and what options.hpp says of a search: where a
// walk begins and when it ends. Filters: tests/index/hnsw_filter_test.cpp.
#include <atlas/index/hnsw_query.hpp>

#include <atlas/any_index.hpp>

#include "support/coded_graphs.hpp"
#include "support/error_line.hpp"
#include "support/graphs.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/index_model.hpp"
#include "support/memory_folder.hpp"
#include "support/repetitions.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

using atlas::errc;
using atlas::filter_strategy;
using atlas::metric;
using atlas::traversal_codes;
using support::failed_as;
using support::graph_of;
using support::says_both;

TEST_SUITE("index") {
namespace {

using keys_t = std::vector<std::uint64_t>;
constexpr std::size_t dimension = 12;

atlas::hnsw_options options_of(traversal_codes codes) {
  return {.dimension = dimension, .connectivity = 8, .build_width = 60, .search_width = 60, .codes = codes, .codes_from = 100};
}
constexpr traversal_codes some_codes[] = {traversal_codes::none, traversal_codes::lvq8, traversal_codes::lvq4};

/// Clusters far apart that lie in no order: links of the lowest level hardly lead from one to the other.
std::vector<float> clusters(std::size_t count, std::size_t in_each, std::uint64_t seed) {
  const auto centres = support::random_vector(5, count * dimension);
  auto vectors = support::random_vector(seed, count * in_each * dimension);
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    vectors[i] = vectors[i] + 10 * centres[i / dimension / in_each * dimension + i % dimension];
  }
  return vectors;
}

}  // namespace

  TEST_CASE("hnsw search: more rows to start from find their way in separate clusters") {
    const std::size_t count = 40;
    const std::size_t in_each = 40;
    const auto vectors = clusters(count, in_each, 1);
    const auto queries = clusters(count, 2, 2);
    const auto view = atlas::dense(queries.data(), 2 * count, dimension);
    const auto exact = support::search(support::flat_of(vectors, dimension, metric::l2sq), view, {.k = 5});
    for (const traversal_codes codes : some_codes) {
      CAPTURE(std::string(atlas::name(codes)));
      auto options = options_of(codes);
      options.connectivity = 4;
      options.build_width = 10;
      const auto index = graph_of(vectors, options);
      const auto recall_of = [&](std::uint32_t starts) {
        return support::recall(exact, support::search(index, view, {.k = 5, .width = 10, .starts = starts}));
      };
      // Measured: 0.67, 0.78 and 0.86; 0.58, 0.63 and 0.67 by the coarsest codes.
      CHECK(recall_of(64) >= recall_of(1) + 0.03);
      CHECK(recall_of(1024) >= recall_of(64) + 0.02);
      CHECK(support::search(index, view, {.k = 5, .width = 10, .starts = 1}) == support::search(index, view, {.k = 5, .width = 10}));
    }
  }

  TEST_CASE("hnsw search: any number of starts gives a whole answer, also where there is no level above") {
    for (const std::size_t rows : {1U, 2U, 10U, 300U}) {
      const auto vectors = support::random_vector(1, rows * dimension);
      for (const traversal_codes codes : some_codes) {
        const auto index = graph_of(vectors, options_of(codes));
        for (const std::uint32_t starts : {0U, 1U, 2U, 100U, 1024U}) {
          CAPTURE(rows);
          CAPTURE(starts);
          const auto found = support::search_one(index, vectors.data(), {.k = 10, .starts = starts});
          CHECK(found.keys.size() == std::min<std::size_t>(10, rows));
          CHECK(found.keys[0] == 0);
          const auto odd = [](std::uint64_t key) { return key % 2 == 1; };
          for (const filter_strategy strategy : {filter_strategy::automatic, filter_strategy::walk, filter_strategy::two_hop, filter_strategy::scan}) {
            const auto filtered = support::search_one(index, vectors.data(), {.k = 10, .allowed = {.predicate = odd}, .strategy = strategy, .starts = starts});
            CHECK(filtered.keys.size() == std::min<std::size_t>(10, rows / 2));
          }
        }
      }
    }
    auto empty = atlas::hnsw<float>::create({.dimension = dimension}).value();
    CHECK(support::search_one(empty, support::random_vector(1, dimension).data(), {.k = 3, .starts = 50}).keys.empty());
  }

  TEST_CASE("hnsw search: most of the rows, and all, sealed or not, are given in order and as the exact index has them") {
    const std::size_t rows = 4600;
    const auto vectors = support::random_vector(1, rows * dimension);
    const auto exact = support::flat_of(vectors, dimension, metric::l2sq);
    const support::memory_folder folder;
    for (const traversal_codes codes : {traversal_codes::none, traversal_codes::lvq8}) {
      CAPTURE(std::string(atlas::name(codes)));
      auto options = options_of(codes);
      options.build_width = 16;
      const auto dynamic = graph_of(vectors, options);
      REQUIRE(dynamic.seal(folder.path("sealed").c_str()).ok());
      const auto sealed = atlas::hnsw<float>::open(folder.path("sealed").c_str()).value();
      const auto third = [](std::uint64_t key) { return key % 3 == 0; };
      for (const std::size_t k : {4097U, 4500U, 5000U}) {
        for (const atlas::filter& allowed : {atlas::filter{}, atlas::filter{.predicate = third}}) {
          const auto right = support::search_one(exact, vectors.data(), {.k = k, .allowed = allowed});
          for (const auto* index : {&dynamic, &sealed}) {
            const auto found = support::search_one(*index, vectors.data(), {.k = k, .allowed = allowed});
            CHECK(found.keys.size() == right.keys.size());
            CHECK(std::is_sorted(found.distances.begin(), found.distances.end()));
            // Where not all are asked for, codes decide which of the farthest are measured.
            if (right.keys.size() < k) CHECK(found.keys == right.keys);
            CHECK(support::recall({right}, {found}) >= 0.995);
          }
        }
      }
    }
  }

  TEST_CASE("hnsw search: patience ends a walk early: never more exact, and with enough of it the same") {
    const std::size_t rows = support::repetitions(2000, 800, 400);
    const auto vectors = support::random_vector(1, rows * dimension);
    const std::size_t count = support::repetitions(100, 50, 30);
    const auto queries = support::random_vector(2, count * dimension);
    const auto view = atlas::dense(queries.data(), count, dimension);
    for (const traversal_codes codes : some_codes) {
      CAPTURE(std::string(atlas::name(codes)));
      auto options = options_of(codes);
      options.connectivity = 4;
      const auto index = graph_of(vectors, options);
      const auto full = support::search(index, view, {.k = 10, .width = 100});
      double last = 0;
      for (const std::uint32_t patience : {1U, 3U, 10U, 30U, 1000U, ~0U}) {
        CAPTURE(patience);
        const auto ended = support::search(index, view, {.k = 10, .width = 100, .patience = patience});
        std::size_t better = 0;
        std::size_t fewer = 0;
        for (std::size_t i = 0; i < count; ++i) {
          fewer += ended[i].keys.size() < 10 ? 1U : 0U;
          for (std::size_t slot = 0; slot < ended[i].keys.size(); ++slot) better += ended[i].distances[slot] < full[i].distances[slot] ? 1U : 0U;
        }
        const double share = support::recall(full, ended);
        CHECK(fewer == 0);
        if (patience == 1) CHECK(share < 0.8);  // it does end early: 0.5 was measured
        CHECK(share >= last);
        last = share;
        if (codes == traversal_codes::none) CHECK(better == 0);
        if (patience >= 1000) CHECK(ended == full);
      }
    }
  }

  TEST_CASE("hnsw search: a time limit of any length gives a valid answer; one that is long enough the same as none") {
    const std::size_t rows = support::repetitions(3000, 800, 400);
    const auto vectors = support::random_vector(1, rows * dimension);
    const std::size_t count = 30;
    const auto queries = support::random_vector(2, count * dimension);
    const auto view = atlas::dense(queries.data(), count, dimension);
    const auto third = [](std::uint64_t key) { return key % 3 == 0; };
    for (const traversal_codes codes : some_codes) {
      CAPTURE(std::string(atlas::name(codes)));
      const auto index = graph_of(vectors, options_of(codes));
      for (const bool is_filtered : {false, true}) {
        for (const filter_strategy strategy : {filter_strategy::automatic, filter_strategy::walk, filter_strategy::two_hop, filter_strategy::scan}) {
          atlas::search_options options{.k = 10, .width = 500, .strategy = strategy};
          if (is_filtered) options.allowed = {.predicate = third};
          const auto full = support::search(index, view, options);
          for (const std::uint64_t limit : {std::uint64_t{1}, std::uint64_t{1000}, std::uint64_t{3'600'000'000'000}, ~std::uint64_t{0}}) {
            CAPTURE(limit);
            options.time_limit_ns = limit;
            const auto found = support::search(index, view, options);
            if (limit > 1'000'000) CHECK(found == full);
            for (std::size_t i = 0; i < count; ++i) {
              CHECK(found[i].keys.size() <= 10);
              if (!is_filtered) CHECK(found[i].keys.size() == 10);  // eight expansions are always made
              for (std::size_t slot = 0; slot < found[i].keys.size(); ++slot) {
                const std::uint64_t key = found[i].keys[slot];
                REQUIRE(key < rows);
                CHECK((!is_filtered || third(key)));
                const double exact = support::l2sq_float64(queries.data() + i * dimension, vectors.data() + key * dimension, dimension);
                CHECK(std::abs(static_cast<double>(found[i].distances[slot]) - exact) <= support::l2sq_bound(exact, dimension));
              }
            }
            if (limit == 1 && !is_filtered && rows == 3000) CHECK(support::recall(full, found) < 0.95);  // it does end early: 0.77
          }
        }
      }
    }
  }

  TEST_CASE_TEMPLATE("search: strategies and numbers of starts that there are not are refused, and nothing is written", Case, ATLAS_EACH_INDEX) {
    auto index = Case::create(dimension).value();
    const auto vectors = support::random_vector(1, 50 * dimension);
    index.add(support::keys_from(0, 50), atlas::dense(vectors.data(), 50, dimension)).value();
    support::hit_buffers hits(2, 3);
    const auto view = atlas::dense(vectors.data(), 2, dimension);
    for (const int number : {4, 5, 255}) {
      const auto said = index.search(view, {.k = 3, .strategy = static_cast<filter_strategy>(number)}, hits.view());
      CHECK(failed_as(said, errc::invalid_argument));
      CHECK(says_both(said));
      CHECK(std::string(said.error().field) == "strategy");
      CHECK(said.error().found == static_cast<std::uint64_t>(number));
    }
    for (const std::uint32_t starts : {1025U, 1'000'000U, ~0U}) {
      const auto said = index.search(view, {.k = 3, .starts = starts}, hits.view());
      CHECK(failed_as(said, errc::limit_exceeded));
      CHECK(says_both(said));
      CHECK(said.error().expected == 1024);
      CHECK(said.error().found == starts);
    }
    CHECK(hits.is_untouched());
    // What only a graph heeds, every other index takes.
    const auto plain = support::search(index, view, {.k = 3});
    CHECK(support::search(index, view, {.k = 3, .strategy = filter_strategy::two_hop, .starts = 1024, .patience = ~0U, .time_limit_ns = ~std::uint64_t{0}}) == plain);
  }

  TEST_CASE("hnsw search: a width below k is k, and one beyond the rows is all of them, by codes too") {
    const std::size_t rows = 300;
    const auto vectors = support::random_vector(1, rows * dimension);
    for (const traversal_codes codes : some_codes) {
      const auto index = graph_of(vectors, options_of(codes));
      for (const std::size_t k : {1U, 50U, 299U, 300U, 1000U}) {
        for (const std::size_t width : {std::size_t{1}, std::size_t{60}, std::size_t{100'000}, ~std::size_t{0}}) {
          CHECK(support::search_one(index, vectors.data(), {.k = k, .width = width}).keys.size() == std::min(k, rows));
        }
      }
    }
  }

  TEST_CASE("hnsw search: beside removed rows it looks at more, so that recall stays") {
    // Some removed rows are always waiting for a sweep, and a walk goes through them.
    const std::size_t rows = support::repetitions(2000, 800, 400);
    const auto vectors = support::random_vector(1, rows * dimension);
    const auto queries = support::random_vector(2, 50 * dimension);
    const auto view = atlas::dense(queries.data(), 50, dimension);
    for (const traversal_codes codes : some_codes) {
      auto index = graph_of(vectors, options_of(codes));
      auto exact = support::flat_of(vectors, dimension, metric::l2sq);
      for (std::uint64_t key = 0; key < rows; key += 2) {
        index.remove(key).value();
        exact.remove(key).value();
        if (key % (rows / 10) == 0) {
          const auto found = support::search(index, view, {.k = 10});
          for (const support::answer& one : found) CHECK(one.keys.size() == 10);
          CHECK(support::recall(support::search(exact, view, {.k = 10}), found) >= 0.97);
        }
      }
    }
  }
}
