// SPDX-License-Identifier: Apache-2.0
// tests/index/loaded_index_test.cpp -- mirrors what index/options.hpp says of open_options::load: an index that was read into
// memory answers, changes and is saved as one whose file is mapped.
#include <atlas/any_index.hpp>

#include "support/coded_graphs.hpp"
#include "support/error_line.hpp"
#include "support/graphs.hpp"
#include "support/index_answers.hpp"
#include "support/memory_folder.hpp"
#include "support/scratch_folder.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using atlas::errc;
using atlas::open_mode;
using atlas::vector_residence;
using support::failed_as;

TEST_SUITE("index") {
namespace {

constexpr std::size_t dimension = support::coded_dimension;
constexpr std::size_t rows = 600;

/// Whether an index opened in some way answers as the mapped one.
template <class Index>
void check_answers(const Index& mapped, const Index& opened, const std::vector<float>& queries) {
  const auto view = atlas::dense(queries.data(), queries.size() / dimension, dimension);
  const auto odd = [](std::uint64_t key) { return key % 2 != 0; };
  for (const atlas::search_options& options : {atlas::search_options{.k = 10}, atlas::search_options{.k = rows, .width = rows},
                                               atlas::search_options{.k = 10, .allowed = {.predicate = odd}}}) {
    CHECK(support::search(opened, view, options) == support::search(mapped, view, options));
  }
  float own[2][dimension];
  for (std::uint64_t key = 0; key < rows; key += 11) {
    CHECK(opened.contains(key) == mapped.contains(key));
    if (!mapped.contains(key)) continue;
    REQUIRE(mapped.get(key, own[0]).ok());
    REQUIRE(opened.get(key, own[1]).ok());
    CHECK(std::equal(own[0], own[0] + dimension, own[1]));
  }
}

}  // namespace

  TEST_CASE("load: graphs with and without codes, sealed and with vectors on disk, answer as mapped ones") {
    const support::memory_folder folder;
    const auto vectors = support::random_vector(1, rows * dimension);
    const auto queries = support::random_vector(2, 12 * dimension);
    for (const atlas::traversal_codes codes : support::all_codes) {
      CAPTURE(std::string(atlas::name(codes)));
      auto index = support::graph_of(vectors, support::coded(codes));
      for (std::uint64_t key = 3; key < rows; key += 20) REQUIRE(index.remove(key).ok());
      REQUIRE(index.save(folder.path("dynamic").c_str()).ok());
      REQUIRE(index.seal(folder.path("sealed").c_str()).ok());
      for (const char* name : {"dynamic", "sealed"}) {
        const std::string path = folder.path(name);
        const auto mapped = atlas::hnsw<float>::open(path.c_str()).value();
        for (const vector_residence where : {vector_residence::mapped, vector_residence::on_disk}) {
          const auto loaded = atlas::hnsw<float>::open(path.c_str(), {.vectors = where, .load = true}).value();
          CHECK(loaded.is_read_only());
          check_answers(mapped, loaded, queries);
          REQUIRE(loaded.save(folder.path("saved").c_str()).ok());
          REQUIRE(mapped.save(folder.path("expected").c_str()).ok());
          CHECK(support::read_whole(folder.path("saved")) == support::read_whole(folder.path("expected")));
        }
      }
    }
  }

  TEST_CASE("load: a flat index, and an index of no rows") {
    const support::memory_folder folder;
    const auto vectors = support::random_vector(1, rows * dimension);
    auto index = atlas::flat<float>::create({.dimension = dimension}).value();
    const std::string path = folder.path("flat");
    REQUIRE(index.save(path.c_str()).ok());
    CHECK(atlas::flat<float>::open(path.c_str(), {.load = true}).value().size() == 0);
    REQUIRE(index.add(support::keys_from(0, rows), atlas::dense(vectors.data(), rows, dimension)).ok());
    REQUIRE(index.save(path.c_str()).ok());
    check_answers(atlas::flat<float>::open(path.c_str()).value(), atlas::flat<float>::open(path.c_str(), {.load = true}).value(),
                  support::random_vector(2, 12 * dimension));
    CHECK(failed_as(atlas::any_index::open(folder.path("none").c_str(), {.load = true}), errc::file_not_found));
  }

  TEST_CASE("load: opened for change it changes as a mapped one, and the file stays as it is") {
    const support::memory_folder folder;
    const auto vectors = support::random_vector(1, rows * dimension);
    const std::string path = folder.path("graph");
    REQUIRE(support::graph_of(vectors, support::coded(atlas::traversal_codes::lvq8)).save(path.c_str()).ok());
    const std::string before = support::read_whole(folder.path("graph"));
    std::string after[2];
    for (const bool load : {false, true}) {
      auto opened = atlas::hnsw<float>::open(path.c_str(), {.mode = open_mode::change, .load = load}).value();
      for (std::uint64_t key = 0; key < rows; key += 3) REQUIRE(opened.remove(key).ok());
      const auto more = support::random_vector(3, rows * dimension);
      REQUIRE(opened.upsert(support::keys_from(rows / 2, rows), atlas::dense(more.data(), rows, dimension)).ok());
      REQUIRE(opened.save(folder.path("changed").c_str()).ok());
      after[load] = support::read_whole(folder.path("changed"));
    }
    CHECK(after[0] == after[1]);
    CHECK(support::read_whole(folder.path("graph")) == before);
  }
}
