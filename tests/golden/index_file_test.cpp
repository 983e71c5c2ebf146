// SPDX-License-Identifier: Apache-2.0
// tests/golden/index_file_test.cpp -- files written by this format version, kept: they open, they answer what they answered
// when they were written, and the same data still gives the same bytes.
//
// The files are tests/golden/*.hex (support/sparse_hex.hpp). ATLAS_WRITE_GOLDEN=FOLDER writes into FOLDER what they would be
// today. A file of a released format is never changed: a new format version adds files of its own. Within a version the
// bytes of a graph may change when graphs are built better; the other sections may not.
#include <atlas/any_index.hpp>

#include "support/each_target.hpp"
#include "support/index_answers.hpp"
#include "support/index_model.hpp"
#include "support/memory_folder.hpp"
#include "support/scratch_folder.hpp"
#include "support/sparse_hex.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using keys_t = std::vector<std::uint64_t>;

std::filesystem::path golden_folder() {
  const char* source = std::getenv("ATLAS_SOURCE_FOLDER");
  if (source != nullptr) return std::filesystem::path(source) / "tests" / "golden";
  return std::filesystem::absolute(__FILE__).parent_path();
}

struct golden {
  const char* name;
  atlas::file_kind kind;
  atlas::metric metric;
  // The five nearest to probe(metric).
  keys_t nearest;
  std::vector<float> distances;
};

const std::vector<golden>& all_golden() {
  static const std::vector<golden> all = {
      {"v1_flat_l2sq", atlas::file_kind::flat, atlas::metric::l2sq,
       {2199034255585U, 1099518627797U, 2199031255576U, 2199037255594U, 2199040255603U}, {59, 71, 99, 99, 99}},
      {"v1_flat_inner_product", atlas::file_kind::flat, atlas::metric::inner_product,
       {1099518627797U, 2199034255585U, 2199025255558U, 2199040255603U, 12000036U}, {-18, -15, -14, -12, -10}},
      {"v1_flat_cosine", atlas::file_kind::flat, atlas::metric::cosine,
       {6000018U, 1099524627815U, 18000054U, 1099518627797U, 9000027U}, {0.625F, 0.75F, 0.75F, 0.875F, 0.875F}},
      {"v1_hnsw_l2sq", atlas::file_kind::hnsw, atlas::metric::l2sq,
       {2199034255585U, 1099518627797U, 2199031255576U, 2199037255594U, 2199040255603U}, {59, 71, 99, 99, 99}},
      {"v1_hnsw_inner_product", atlas::file_kind::hnsw, atlas::metric::inner_product,
       {1099518627797U, 2199034255585U, 2199025255558U, 2199040255603U, 12000036U}, {-18, -15, -14, -12, -10}},
      {"v1_hnsw_cosine", atlas::file_kind::hnsw, atlas::metric::cosine,
       {6000018U, 18000054U, 1099524627815U, 9000027U, 1099518627797U}, {0.625F, 0.75F, 0.75F, 0.875F, 0.875F}},
  };
  return all;
}

/// Vectors whose distances no CPU rounds, so that the graph is the same everywhere.
std::vector<float> stored(atlas::metric metric) { return support::grid_vectors(metric, 2026, 20); }
std::vector<float> probe(atlas::metric metric) { return support::grid_vectors(metric, 7, 1); }

keys_t stored_keys() {
  keys_t keys;
  for (std::uint64_t i = 0; i < 20; ++i) keys.push_back(i * 1'000'003 + (i % 3 << 40));
  return keys;
}

/// Added in two batches, one key replaced and two removed.
template <class Index>
void fill(Index& index, atlas::metric metric) {
  const auto vectors = stored(metric);
  const auto view = support::grid(vectors);
  const keys_t keys = stored_keys();
  index.add({keys.data(), 12}, view.subrows(0, 12)).value();
  index.add({keys.data() + 12, 8}, view.subrows(12, 8)).value();
  index.upsert({keys.data() + 3, 1}, view.subrows(5, 1)).value();
  index.remove(keys[0]).value();
  index.remove(keys[19]).value();
}
void fill_model(support::index_model& model, atlas::metric metric) {
  const auto vectors = stored(metric);
  const keys_t keys = stored_keys();
  model.put(keys, support::grid(vectors));
  model.put(keys[3], support::grid(vectors).row(5), support::grid_dimension);
  model.remove(keys[0]);
  model.remove(keys[19]);
}

std::string bytes_of_today(const golden& one) {
  const support::memory_folder folder;
  const std::string path = folder.path("a.atlas");
  const char note[] = "a section of the caller's own";
  const atlas::extra_section extra[] = {{0x2FF, 1, note, sizeof note}};
  if (one.kind == atlas::file_kind::flat) {
    auto index = atlas::flat<float>::create({.dimension = support::grid_dimension, .metric = one.metric}).value();
    fill(index, one.metric);
    index.save(path.c_str(), {.extra = extra}).value();
  } else {
    auto index = atlas::hnsw<float>::create({.dimension = support::grid_dimension,
                                             .metric = one.metric,
                                             .connectivity = 4,
                                             .build_width = 30,
                                             .search_width = 24,
                                             .seed = 5})
                     .value();
    fill(index, one.metric);
    index.save(path.c_str(), {.extra = extra}).value();
  }
  return support::read_whole(path);
}

std::string kept_bytes(const golden& one) {
  const auto path = golden_folder() / (std::string(one.name) + ".hex");
  REQUIRE_MESSAGE(std::filesystem::exists(path), path.string());
  return support::bytes_of_sparse_hex(support::read_whole(path.string()));
}

}  // namespace

TEST_SUITE("golden") {
  TEST_CASE("sparse hex: gives back what it was given") {
    for (const std::size_t size : {0U, 1U, 31U, 32U, 33U, 100'000U}) {
      std::string bytes(size, '\0');
      for (std::size_t at = 0; at < size; at += 77) bytes[at] = static_cast<char>(at + 129);
      CHECK(support::bytes_of_sparse_hex(support::sparse_hex_of_bytes(bytes, "a comment")) == bytes);
    }
  }

  TEST_CASE("golden files: written anew where ATLAS_WRITE_GOLDEN says") {
    const char* target = std::getenv("ATLAS_WRITE_GOLDEN");
    if (target == nullptr) return;
    for (const golden& one : all_golden()) {
      const std::string comment = std::string("20 rows, one replaced, two removed: tests/golden/index_file_test.cpp, ") + one.name;
      std::ofstream(std::filesystem::path(target) / (std::string(one.name) + ".hex"))
          << support::sparse_hex_of_bytes(bytes_of_today(one), comment);
    }
  }

  TEST_CASE("golden files: open to read and to change, verify, and hold every vector") {
    const support::memory_folder folder;
    for (const golden& one : all_golden()) {
      CAPTURE(std::string(one.name));
      const std::string path = folder.write("golden", kept_bytes(one));
      support::index_model model(one.metric, one.kind);
      fill_model(model, one.metric);
      for (const atlas::open_mode mode : {atlas::open_mode::read, atlas::open_mode::change}) {
        auto index = atlas::any_index::open(path.c_str(), {.mode = mode}).value();
        CHECK(index.kind() == one.kind);
        CHECK(index.metric() == one.metric);
        CHECK(index.dimension() == support::grid_dimension);
        CHECK(index.size() == 18);
        CHECK(support::all_keys(index) == model.keys());
        CHECK(index.file()->verify().ok());
        CHECK(index.file()->header().version_major == 1);
        CHECK(index.file()->section(0x2FF)->size() == 30);
        for (const std::uint64_t key : model.keys()) {
          std::vector<float> vector(support::grid_dimension);
          REQUIRE(index.get(key, vector.data()).ok());
          CHECK(vector == model.vector(key));
        }
        if (mode == atlas::open_mode::change) {
          const auto more = support::grid_vectors(one.metric, 8, 3);
          REQUIRE(index.add(keys_t{1, 2, 3}, support::grid(more)).ok());
          model.put(keys_t{1, 2, 3}, support::grid(more));
          const auto nearest = model.nearest(more.data(), 1);
          CHECK(support::search_one(index, more.data(), {.k = 1}) == support::as_answer(nearest));
          model = support::index_model(one.metric, one.kind);
          fill_model(model, one.metric);
        }
      }
    }
  }

  TEST_CASE("golden files: saved anew, to read or to change, they answer the same") {
    const support::memory_folder folder;
    for (const golden& one : all_golden()) {
      CAPTURE(std::string(one.name));
      const std::string path = folder.write("golden", kept_bytes(one));
      const auto query = probe(one.metric);
      for (const atlas::open_mode mode : {atlas::open_mode::read, atlas::open_mode::change}) {
        const auto old = atlas::any_index::open(path.c_str(), {.mode = mode}).value();
        const auto extra = old.file()->section(0x2FF).value();
        const atlas::extra_section kept[] = {{0x2FF, 1, extra.data(), extra.size()}};
        REQUIRE(old.save(folder.path("anew").c_str(), {.extra = kept}).ok());
        const auto anew = atlas::any_index::open(folder.path("anew").c_str()).value();
        CHECK(anew.file()->verify().ok());
        CHECK(support::all_keys(anew) == support::all_keys(old));
        CHECK(support::search_one(anew, query.data(), {.k = 18}) == support::search_one(old, query.data(), {.k = 18}));
        CHECK(support::search_one(anew, query.data(), {.k = 5}).distances == one.distances);
      }
    }
  }

  TEST_CASE("golden files: answer what they answered when they were written, on every instruction set") {
    const support::memory_folder folder;
    for (const golden& one : all_golden()) {
      CAPTURE(std::string(one.name));
      const auto index = atlas::any_index::open(folder.write("golden", kept_bytes(one)).c_str()).value();
      const auto query = probe(one.metric);
      support::on_each_target([&] {
        const auto found = support::search_one(index, query.data(), {.k = 5});
        CHECK(found.keys == one.nearest);
        CHECK(found.distances == one.distances);
      });
    }
  }

  TEST_CASE("golden files: the same data gives the same bytes today, on every instruction set") {
    for (const golden& one : all_golden()) {
      if (one.kind == atlas::file_kind::hnsw) continue;  // since then rows lie in the order of links, and removed ones are left out
      const std::string kept = kept_bytes(one);
      support::on_each_target([&] {
        CAPTURE(std::string(one.name));
        CHECK(bytes_of_today(one) == kept);
      });
    }
  }
}
