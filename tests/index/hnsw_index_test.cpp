// SPDX-License-Identifier: Apache-2.0
// tests/index/hnsw_index_test.cpp -- mirrors include/atlas/index/hnsw_index.hpp: what only a graph has, and how near its
// answers come to the exact ones.
#include <atlas/index/hnsw_index.hpp>

#include "support/error_line.hpp"
#include "support/graphs.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/memory_folder.hpp"
#include "support/repetitions.hpp"
#include "support/scratch_folder.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <set>
#include <string>
#include <vector>

using atlas::errc;
using support::failed_as;
using support::flat_of;
using support::graph_of;
using support::recall;
using support::says_both;

TEST_SUITE("index") {
namespace {

using keys_t = std::vector<std::uint64_t>;

/// How many rows are the nearest to their own vectors.
std::size_t found_by_own_vector(const atlas::hnsw<float>& index, const std::vector<float>& vectors, std::size_t width) {
  std::size_t found = 0;
  const std::size_t rows = vectors.size() / index.dimension();
  for (std::size_t row = 0; row < rows; ++row) {
    const auto nearest = support::search_one(index, vectors.data() + row * index.dimension(), {.k = 1, .width = width});
    found += nearest.keys == keys_t{row} ? 1U : 0U;
  }
  return found;
}

/// Random vectors, of which the first or last `copies` are one vector.
std::vector<float> with_copies(std::size_t dimension, std::size_t copies, std::size_t others, bool copies_first) {
  std::vector<float> same;
  for (std::size_t i = 0; i < copies; ++i) same.insert(same.end(), dimension, 0.5F);
  std::vector<float> vectors = support::random_vector(5, others * dimension);
  vectors.insert(copies_first ? vectors.begin() : vectors.end(), same.begin(), same.end());
  return vectors;
}

}  // namespace

  TEST_CASE("hnsw create: options outside their range are refused with the option's name") {
    struct bad_option {
      atlas::hnsw_options options;
      const char* field;
    };
    const bad_option bad[] = {
        {{.dimension = 4, .connectivity = 0}, "connectivity"},   {{.dimension = 4, .connectivity = 1}, "connectivity"},
        {{.dimension = 4, .connectivity = 513}, "connectivity"}, {{.dimension = 4, .connectivity = 0xFFFFFFFF}, "connectivity"},
        {{.dimension = 4, .build_width = 0}, "build_width"},     {{.dimension = 4, .build_width = 65'537}, "build_width"},
        {{.dimension = 4, .search_width = 0}, "search_width"},   {{.dimension = 4, .search_width = 65'537}, "search_width"},
    };
    for (const bad_option& one : bad) {
      const auto refused = atlas::hnsw<float>::create(one.options);
      CHECK(failed_as(refused, errc::invalid_argument));
      CHECK(says_both(refused));
      CHECK(std::string(refused.error().field) == one.field);
    }
  }

  TEST_CASE("hnsw: says what it was created with, also after a file, and the search width can be set") {
    const support::memory_folder folder;
    for (const std::uint32_t connectivity : {2U, 16U, 512U}) {
      auto index = graph_of(support::random_vector(1, 400), {.dimension = 4, .connectivity = connectivity, .build_width = 77, .search_width = 33});
      CHECK(index.connectivity() == connectivity);
      CHECK(index.build_width() == 77);
      CHECK(index.search_width() == 33);
      for (const std::size_t bad : {std::size_t{0}, std::size_t{65'537}, ~std::size_t{0}}) {
        CHECK(failed_as(index.set_search_width(bad), errc::invalid_argument));
        CHECK(says_both(index.set_search_width(bad)));
      }
      CHECK(index.search_width() == 33);
      for (const std::size_t width : {1U, 65'536U, 40U}) CHECK(index.set_search_width(width).ok());
      CHECK(index.search_width() == 40);
      const std::string path = folder.path("a.atlas");
      REQUIRE(index.save(path.c_str()).ok());
      auto opened = atlas::hnsw<float>::open(path.c_str()).value();
      CHECK(opened.connectivity() == connectivity);
      CHECK(opened.build_width() == 77);
      CHECK(opened.search_width() == 40);
      CHECK(opened.max_level() == index.max_level());
      CHECK(opened.set_search_width(50).ok());  // a matter of the handle, not of the file
      CHECK(opened.search_width() == 50);
    }
  }

  TEST_CASE("hnsw: levels are drawn as connectivity says, and an empty graph has none") {
    CHECK(atlas::hnsw<float>::create({.dimension = 4}).value().max_level() == 0);
    // Of 2,000 rows a share of 1 / connectivity is above level 0, of those again, and so on.
    CHECK(graph_of(support::random_vector(1, 8000), {.dimension = 4, .connectivity = 2, .build_width = 10}).max_level() >= 6);
    CHECK(graph_of(support::random_vector(1, 8000), {.dimension = 4, .connectivity = 64, .build_width = 10}).max_level() <= 3);
    std::size_t above = 0;
    for (std::uint32_t row = 0; row < 100'000; ++row) above += atlas::detail::hnsw_level(42, row, 16) > 0 ? 1U : 0U;
    CHECK(above > 6'250 - 400);  // five standard deviations
    CHECK(above < 6'250 + 400);
    std::uint8_t highest = 0;
    for (std::uint32_t row = 0; row < 1'000'000; ++row) highest = std::max(highest, atlas::detail::hnsw_level(7, row, 2));
    CHECK(highest >= 16);
    CHECK(highest <= atlas::hnsw_graph::most_levels);
  }

  TEST_CASE("hnsw: one thread and one seed give one file; another seed gives another") {
    const support::memory_folder folder;
    const auto vectors = support::random_vector(1, 600 * 12);
    const auto bytes = [&](std::uint64_t seed) {
      graph_of(vectors, {.dimension = 12, .metric = atlas::metric::cosine, .seed = seed}).save(folder.path("a").c_str()).value();
      return support::read_whole(folder.path("a"));
    };
    const std::string first = bytes(1);
    CHECK(bytes(1) == first);
    CHECK(bytes(2) != first);
  }

  TEST_CASE("hnsw: a file opened for change and added to gives the graph that was never in a file") {
    const support::memory_folder folder;
    const auto vectors = support::random_vector(1, 500 * 12);
    const auto whole = atlas::dense(vectors.data(), 500, 12);
    const auto keys = support::keys_from(0, 500);
    auto once = graph_of(vectors, {.dimension = 12});
    auto index = atlas::hnsw<float>::create({.dimension = 12}).value();
    for (std::size_t first = 0; first < 500; first += 125) {
      REQUIRE(index.add({keys.data() + first, 125}, whole.subrows(first, 125)).ok());
      REQUIRE(index.save(folder.path("part").c_str()).ok());
      index = atlas::hnsw<float>::open(folder.path("part").c_str(), {.mode = atlas::open_mode::change}).value();
    }
    REQUIRE(once.save(folder.path("once").c_str()).ok());
    const auto a = atlas::file_reader::open(folder.path("part").c_str()).value();
    const auto b = atlas::file_reader::open(folder.path("once").c_str()).value();
    for (const std::uint32_t id : {0x100U, 0x101U, 0x102U, 0x110U, 0x111U, 0x112U, 0x113U}) {
      CAPTURE(id);
      CHECK(a.find(id)->checksum == b.find(id)->checksum);
    }
  }

  TEST_CASE("hnsw: recall against exact search") {
    // Uniform vectors in 16 dimensions are harder than most data. The bounds are what was measured, less a margin.
    const std::size_t rows = support::repetitions(2000, 1000, 500);
    const auto vectors = support::random_vector(1, rows * 16);
    const auto queries = support::random_vector(2, 100 * 16);
    const auto view = atlas::dense(queries.data(), 100, 16);
    for (const atlas::metric metric : support::float_metrics) {
      CAPTURE(std::string(atlas::name(metric)));
      const auto exact = support::search(flat_of(vectors, 16, metric), view, {.k = 10});
      for (const unsigned threads : {1U, 2U}) {
        const auto index = graph_of(vectors, {.dimension = 16, .metric = metric}, threads);
        const double narrow = recall(exact, support::search(index, view, {.k = 10, .width = 10}));
        const double normal = recall(exact, support::search(index, view, {.k = 10}));
        const double wide = recall(exact, support::search(index, view, {.k = 10, .width = 400}));
        CAPTURE(threads);
        CHECK(narrow >= (metric == atlas::metric::inner_product ? 0.6 : 0.85));
        CHECK(normal >= (metric == atlas::metric::inner_product ? 0.9 : 0.98));
        CHECK(wide >= 0.99);
      }
    }
  }

  TEST_CASE("hnsw: recall after half the rows were removed, and among few allowed keys") {
    const std::size_t rows = support::repetitions(2000, 1000, 500);
    const auto vectors = support::random_vector(1, rows * 16);
    const auto queries = support::random_vector(2, 100 * 16);
    const auto view = atlas::dense(queries.data(), 100, 16);
    auto index = graph_of(vectors, {.dimension = 16});
    auto exact = flat_of(vectors, 16, atlas::metric::l2sq);
    for (const std::uint64_t modulus : {2U, 10U, 100U, 250U}) {
      CAPTURE(modulus);
      const auto allowed = [modulus](std::uint64_t key) { return key % modulus == 1; };
      const atlas::search_options options{.k = 10, .allowed = {.predicate = allowed}};
      const auto found = support::search(index, view, options);
      CHECK(recall(support::search(exact, view, options), found) >= 0.98);
      for (const support::answer& one : found) {
        CHECK(one.keys.size() == std::min<std::size_t>(10, rows / modulus));
        for (const std::uint64_t key : one.keys) CHECK(allowed(key));
      }
    }
    for (std::uint64_t key = 0; key < rows; key += 2) {
      REQUIRE(index.remove(key).ok());
      REQUIRE(exact.remove(key).ok());
    }
    CHECK(recall(support::search(exact, view, {.k = 10}), support::search(index, view, {.k = 10})) >= 0.98);
  }

  TEST_CASE("hnsw: range finds nearly all that lie within, and nothing else") {
    const std::size_t rows = support::repetitions(2000, 1000, 500);
    const auto vectors = support::random_vector(1, rows * 16);
    const auto index = graph_of(vectors, {.dimension = 16});
    const auto exact = flat_of(vectors, 16, atlas::metric::l2sq);
    std::size_t wanted = 0;
    std::size_t got = 0;
    for (std::uint64_t seed = 100; seed < 140; ++seed) {
      const auto query = support::random_vector(seed, 16);
      for (const float radius : {4.0F, 6.0F, 8.0F}) {
        std::size_t all = 0;
        std::size_t found = 0;
        const auto right = support::range(exact, query.data(), radius, rows, all);
        const auto given = support::range(index, query.data(), radius, rows, found);
        const std::set<std::uint64_t> right_keys(right.keys.begin(), right.keys.end());
        for (const std::uint64_t key : given.keys) CHECK(right_keys.count(key) == 1);
        wanted += all;
        got += found;
      }
    }
    REQUIRE(wanted > 100);
    CHECK(static_cast<double>(got) >= 0.98 * static_cast<double>(wanted));
  }

  TEST_CASE("hnsw: every row is found by its own vector") {
    for (const atlas::metric metric : {atlas::metric::l2sq, atlas::metric::cosine}) {
      const std::size_t rows = support::repetitions(2000, 1000, 300);
      const auto vectors = support::random_vector(3, rows * 16);
      const auto index = graph_of(vectors, {.dimension = 16, .metric = metric});
      CHECK(found_by_own_vector(index, vectors, 64) == rows);
    }
  }

  TEST_CASE("hnsw: a search width of the caller's is raised to k, and k to any size") {
    const auto vectors = support::random_vector(1, 300 * 4);
    const auto index = graph_of(vectors, {.dimension = 4});
    CHECK(support::search_one(index, vectors.data(), {.k = 50, .width = 1}).keys.size() == 50);
    CHECK(support::search_one(index, vectors.data(), {.k = 300, .width = 1}).keys.size() == 300);
    CHECK(support::search_one(index, vectors.data(), {.k = 1000, .width = ~std::size_t{0}}).keys.size() == 300);
  }

  TEST_CASE("hnsw: copies of one vector do not cut the others off") {
    const std::size_t others = support::repetitions(1000, 500, 200);
    for (const bool copies_first : {true, false}) {
      // Up to two copies on five others. Where copies outnumber the others, more are lost: with 400 on 200, a fifth.
      for (const std::size_t copies : {others / 25, others * 2 / 5}) {
        CAPTURE(copies);
        CAPTURE(copies_first);
        const auto vectors = with_copies(16, copies, others, copies_first);
        const auto index = graph_of(vectors, {.dimension = 16});
        std::size_t found = 0;
        std::size_t asked = 0;
        for (std::size_t row = 0; row < copies + others; ++row) {
          const bool is_copy = copies_first ? row < copies : row >= others;
          if (is_copy || row % support::repetitions(1, 2, 2) != 0) continue;
          ++asked;
          found += support::search_one(index, vectors.data() + row * 16, {.k = 1, .width = 200}).keys == keys_t{row} ? 1U : 0U;
        }
        CHECK(100 * found >= 98 * asked);  // 14 to 80 of 100 when copies filled each other's lists
      }
    }
  }

  TEST_CASE("hnsw: all copies of one vector are found") {
    for (const std::size_t copies : {40U, 200U}) {
      CAPTURE(copies);
      const auto vectors = with_copies(16, copies, 500, false);
      const auto index = graph_of(vectors, {.dimension = 16});
      const auto found = support::search_one(index, vectors.data() + std::size_t{16} * 500, {.k = copies, .width = 2 * copies});
      CHECK(std::count(found.distances.begin(), found.distances.end(), 0.0F) == static_cast<std::ptrdiff_t>(copies));
    }
  }

  TEST_CASE("hnsw: under cosine, long and short vectors make as good a graph as unit ones") {
    const auto unit = support::random_vector(1, support::repetitions(2000, 500, 300) * 16);
    const auto queries = support::random_vector(2, 100 * 16);
    const auto view = atlas::dense(queries.data(), 100, 16);
    const auto exact = support::search(flat_of(unit, 16, atlas::metric::cosine), view, {.k = 10});
    for (const float scale : {1e-17F, 1e18F}) {
      CAPTURE(scale);
      auto vectors = unit;
      for (float& value : vectors) value *= scale;
      CHECK(recall(exact, support::search(graph_of(vectors, {.dimension = 16, .metric = atlas::metric::cosine}), view, {.k = 10})) >= 0.98);
    }
    // Lengths of all sorts in one index.
    auto mixed = unit;
    const float scales[] = {1e-17F, 1.0F, 1e18F, 1e-9F, 1e9F};
    for (std::size_t i = 0; i < mixed.size(); ++i) mixed[i] *= scales[i / 16 % 5];
    CHECK(recall(exact, support::search(graph_of(mixed, {.dimension = 16, .metric = atlas::metric::cosine}), view, {.k = 10})) >= 0.98);
  }

  TEST_CASE("hnsw: an add that is refused takes no room in the graph, however often it is tried") {
    auto index = atlas::hnsw<float>::create({.dimension = 4, .connectivity = 4}).value();
    const auto vectors = support::random_vector(1, 200 * 4);
    const auto keys = support::keys_from(0, 200);
    REQUIRE(index.add({keys.data(), 1}, atlas::dense(vectors.data(), 1, 4)).ok());
    REQUIRE(index.add(support::keys_from(1, 199), atlas::dense(vectors.data(), 199, 4)).ok());
    const std::uint64_t before = index.memory().graph;
    for (int i = 0; i < 50; ++i) CHECK(support::failed_as(index.add(support::keys_from(199, 200), atlas::dense(vectors.data(), 200, 4)), atlas::errc::duplicate_key));
    CHECK(index.memory().graph == before);
  }

  TEST_CASE("hnsw: alpha above 1 keeps more links, also where distances are below 0") {
    constexpr std::size_t dimension = 16;
    const std::size_t rows = support::repetitions(1500, 600, 300);
    auto vectors = support::random_vector(1, rows * dimension);
    for (float& value : vectors) value *= 4.0F;  // products far above 1
    for (const atlas::metric which : {atlas::metric::l2sq, atlas::metric::inner_product}) {
      CAPTURE(std::string(atlas::name(which)));
      std::size_t links[2] = {};
      for (const bool is_stretched : {false, true}) {
        auto index = atlas::hnsw<float>::create({.dimension = dimension, .metric = which, .alpha = is_stretched ? 1.3F : 1.0F}).value();
        REQUIRE(index.add(support::keys_from(0, rows), atlas::dense(vectors.data(), rows, dimension)).ok());
        const support::memory_folder folder;
        REQUIRE(index.save(folder.path("graph").c_str()).ok());
        const auto file = atlas::file_reader::open(folder.path("graph").c_str()).value();
        const auto base = file.section(static_cast<std::uint32_t>(atlas::index_section::base_links)).value();
        for (std::size_t at = 0; at < base.size(); at += 4) {
          std::uint32_t id = 0;
          std::memcpy(&id, base.data() + at, 4);
          links[is_stretched] += id != 0xFFFFFFFFU ? 1U : 0U;
        }
      }
      CHECK(links[1] > links[0]);
    }
  }
}
