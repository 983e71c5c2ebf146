// SPDX-License-Identifier: Apache-2.0
// tests/golden/index_file_test.cpp -- files written by this format version, kept: they open, they answer what they answered
// when they were written, and the same data still gives the same bytes.
//
// The files are tests/golden/*.hex (support/sparse_hex.hpp). ATLAS_WRITE_GOLDEN=FOLDER writes into FOLDER what they would be
// today. A file of a released format is never changed: a new format version adds files of its own. Within a version the
// bytes of a graph may change when graphs are built better; then files that show it are added, and the older ones must still
// open, answer, and come out of a save as files that answer the same.
//
// Numbers are integers whose sums, means of eight, distances and codes no instruction set rounds, so that graphs and codes are
// the same bytes on each of them. (Of other numbers codes are not: what lies half way between two is rounded up by some.)
#include <atlas/any_index.hpp>

#include "support/each_target.hpp"
#include "support/error_line.hpp"
#include "support/index_answers.hpp"
#include "support/index_model.hpp"
#include "support/memory_folder.hpp"
#include "support/scratch_folder.hpp"
#include "support/sparse_hex.hpp"

#include <doctest/doctest.h>

#include <algorithm>
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

/// Integers from `least` on of which the codes of so many bits are exact: each row has the least and the greatest of their range,
/// and the mean of the first eight is the same in all components.
std::vector<float> exactly_coded(std::uint64_t seed, std::size_t rows, unsigned bits, float least) {
  constexpr std::size_t dimension = support::grid_dimension;
  const std::uint32_t range = (1U << bits) - 1;
  std::vector<float> values;
  for (const std::uint32_t id : support::random_ids(seed, rows * dimension, range + 1)) values.push_back(least + static_cast<float>(id));
  for (std::size_t row = 0; row < rows; ++row) {
    float* const vector = values.data() + row * dimension;
    vector[row % dimension] = least;
    vector[(row + 5) % dimension] = least + static_cast<float>(range);
    if (row < 4 || row >= 8) continue;
    for (std::size_t i = 0; i < dimension; ++i) vector[i] = 2 * least + static_cast<float>(range) - values[(row - 4) * dimension + i];
  }
  return values;
}

struct golden {
  const char* name;
  atlas::file_kind kind;
  atlas::metric metric;
  // The five nearest to probe().
  keys_t nearest;
  std::vector<float> distances;
  bool is_of_today = true;  ///< whether the same data gives the same bytes
  atlas::traversal_codes codes = atlas::traversal_codes::automatic;
  std::uint32_t codes_from = 1024;
  atlas::scalar stored = atlas::scalar::f32;

  /// Vectors whose distances no CPU rounds, so that the graph is the same everywhere.
  [[nodiscard]] std::vector<float> numbers(std::uint64_t seed, std::size_t rows) const {
    const float least = stored == atlas::scalar::u8 ? 0.0F : codes == atlas::traversal_codes::lvq8 ? -127.0F : -7.0F;
    if (metric != atlas::metric::cosine && codes == atlas::traversal_codes::lvq8) return exactly_coded(seed, rows, 8, least);
    if (metric != atlas::metric::cosine && codes == atlas::traversal_codes::lvq4) return exactly_coded(seed, rows, 4, least);
    auto values = support::grid_vectors(metric, seed, rows);
    for (float& value : values) value += stored == atlas::scalar::u8 ? 3.0F : 0.0F;  // from 0 up
    return values;
  }
  [[nodiscard]] std::vector<float> rows() const { return numbers(2026, 20); }
  [[nodiscard]] std::vector<float> probe() const { return numbers(7, 1); }
  /// Rows in the file: a graph's removed ones were still there at first.
  [[nodiscard]] std::size_t file_rows() const { return kind == atlas::file_kind::hnsw && is_of_today ? 18 : 21; }
};

const std::vector<golden>& all_golden() {
  static const std::vector<golden> all = {
      {"v1_flat_l2sq", atlas::file_kind::flat, atlas::metric::l2sq,
       {2199034255585U, 1099518627797U, 2199031255576U, 2199037255594U, 2199040255603U}, {59, 71, 99, 99, 99}},
      {"v1_flat_inner_product", atlas::file_kind::flat, atlas::metric::inner_product,
       {1099518627797U, 2199034255585U, 2199025255558U, 2199040255603U, 12000036U}, {-18, -15, -14, -12, -10}},
      {"v1_flat_cosine", atlas::file_kind::flat, atlas::metric::cosine,
       {6000018U, 1099524627815U, 18000054U, 1099518627797U, 9000027U}, {0.625F, 0.75F, 0.75F, 0.875F, 0.875F}},
      // Graphs whose rows lie as they were added, removed ones among them.
      {"v1_hnsw_l2sq", atlas::file_kind::hnsw, atlas::metric::l2sq,
       {2199034255585U, 1099518627797U, 2199031255576U, 2199037255594U, 2199040255603U}, {59, 71, 99, 99, 99}, false},
      {"v1_hnsw_inner_product", atlas::file_kind::hnsw, atlas::metric::inner_product,
       {1099518627797U, 2199034255585U, 2199025255558U, 2199040255603U, 12000036U}, {-18, -15, -14, -12, -10}, false},
      {"v1_hnsw_cosine", atlas::file_kind::hnsw, atlas::metric::cosine,
       {6000018U, 18000054U, 1099524627815U, 9000027U, 1099518627797U}, {0.625F, 0.75F, 0.75F, 0.875F, 0.875F}, false},
      // Rows in the order of links, without removed ones; with codes from the eighth row on, but for the first. Of rows that
      // are as far as the fifth nearest a graph answers some.
      {"v1_hnsw_ordered_cosine", atlas::file_kind::hnsw, atlas::metric::cosine,
       {6000018U, 18000054U, 1099524627815U, 9000027U, 12000036U}, {0.625F, 0.75F, 0.75F, 0.875F, 0.875F}},
      {"v1_hnsw_lvq8_l2sq", atlas::file_kind::hnsw, atlas::metric::l2sq,
       {2199040255603U, 1099521627806U, 2199031255576U, 3000009U, 2199028255567U}, {165910, 194461, 195544, 204761, 204761},
       true, atlas::traversal_codes::lvq8, 8},
      {"v1_hnsw_lvq4_inner_product", atlas::file_kind::hnsw, atlas::metric::inner_product,
       {1099527627824U, 6000018U, 2199034255585U, 9000027U, 15000045U}, {-221, -209, -161, -151, -111},
       true, atlas::traversal_codes::lvq4, 8},
      {"v1_hnsw_lvq8_cosine", atlas::file_kind::hnsw, atlas::metric::cosine,
       {6000018U, 18000054U, 1099524627815U, 9000027U, 12000036U}, {0.625F, 0.75F, 0.75F, 0.875F, 0.875F},
       true, atlas::traversal_codes::lvq8, 8},
      {"v1_hnsw_f16_l2sq_of_u8", atlas::file_kind::hnsw, atlas::metric::l2sq,
       {2199034255585U, 1099518627797U, 2199031255576U, 2199037255594U, 2199040255603U}, {59, 71, 99, 99, 99},
       true, atlas::traversal_codes::f16, 8, atlas::scalar::u8},
      {"v1_hnsw_lvq4_inner_product_of_u8", atlas::file_kind::hnsw, atlas::metric::inner_product,
       {6000018U, 1099527627824U, 1099512627779U, 1099521627806U, 2199031255576U}, {-1350, -1229, -1148, -1131, -1108},
       true, atlas::traversal_codes::lvq4, 8, atlas::scalar::u8},
  };
  return all;
}

struct sealed {
  const char* name;
  const char* of;  ///< the graph
};
/// Two of these graphs with blocks of neighbours, whose bits and sums are rounded in one way or another.
const std::vector<sealed>& all_sealed() {
  static const std::vector<sealed> all = {{"v1_hnsw_sealed_l2sq", "v1_hnsw_lvq8_l2sq"},
                                          {"v1_hnsw_sealed_cosine", "v1_hnsw_lvq8_cosine"}};
  return all;
}

keys_t stored_keys() {
  keys_t keys;
  for (std::uint64_t i = 0; i < 20; ++i) keys.push_back(i * 1'000'003 + (i % 3 << 40));
  return keys;
}

/// Added in two batches, one key replaced and two removed.
template <class Index>
void fill(Index& index, const golden& one) {
  const auto vectors = one.rows();
  const auto view = support::grid(vectors);
  const keys_t keys = stored_keys();
  index.add({keys.data(), 12}, view.subrows(0, 12)).value();
  index.add({keys.data() + 12, 8}, view.subrows(12, 8)).value();
  index.upsert({keys.data() + 3, 1}, view.subrows(5, 1)).value();
  index.remove(keys[0]).value();
  index.remove(keys[19]).value();
}
void fill_model(support::index_model& model, const golden& one) {
  const auto vectors = one.rows();
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
    fill(index, one);
    index.save(path.c_str(), {.extra = extra}).value();
  } else {
    auto index = atlas::hnsw<float>::create({.dimension = support::grid_dimension,
                                             .metric = one.metric,
                                             .connectivity = 4,
                                             .build_width = 30,
                                             .search_width = 24,
                                             .seed = 5,
                                             .codes = one.codes,
                                             .codes_from = one.codes_from,
                                             .stored = one.stored})
                     .value();
    fill(index, one);
    index.save(path.c_str(), {.extra = extra}).value();
  }
  return support::read_whole(path);
}

std::string kept_bytes(const char* name) {
  const auto path = golden_folder() / (std::string(name) + ".hex");
  REQUIRE_MESSAGE(std::filesystem::exists(path), path.string());
  return support::bytes_of_sparse_hex(support::read_whole(path.string()));
}
std::string kept_bytes(const golden& one) { return kept_bytes(one.name); }

const golden& golden_named(const char* name) {
  const auto& all = all_golden();
  return *std::find_if(all.begin(), all.end(), [&](const golden& one) { return std::string(one.name) == name; });
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
    const support::memory_folder folder;
    for (const sealed& one : all_sealed()) {
      const auto graph = atlas::hnsw<float>::open(folder.write("graph", bytes_of_today(golden_named(one.of))).c_str()).value();
      const auto note = graph.file()->section(0x2FF).value();
      const atlas::extra_section extra[] = {{0x2FF, 1, note.data(), note.size()}};
      graph.seal(folder.path("sealed").c_str(), {.save = {.extra = extra}}).value();
      std::ofstream(std::filesystem::path(target) / (std::string(one.name) + ".hex"))
          << support::sparse_hex_of_bytes(support::read_whole(folder.path("sealed")), std::string(one.of) + ", sealed");
    }
  }

  TEST_CASE("golden files: open to read and to change, verify, and hold every vector") {
    const support::memory_folder folder;
    for (const golden& one : all_golden()) {
      CAPTURE(std::string(one.name));
      const std::string path = folder.write("golden", kept_bytes(one));
      support::index_model model(one.metric, one.kind);
      fill_model(model, one);
      for (const atlas::open_mode mode : {atlas::open_mode::read, atlas::open_mode::change}) {
        auto index = atlas::any_index::open(path.c_str(), {.mode = mode}).value();
        CHECK(index.kind() == one.kind);
        CHECK(index.metric() == one.metric);
        CHECK(index.dimension() == support::grid_dimension);
        CHECK(index.size() == 18);
        CHECK(index.element() == one.stored);
        CHECK(index.file()->header().rows == one.file_rows());
        CHECK((index.file()->find(0x114) != nullptr) == (one.codes_from <= 20));
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
          const auto more = one.numbers(8, 3);
          REQUIRE(index.add(keys_t{1, 2, 3}, support::grid(more)).ok());
          model.put(keys_t{1, 2, 3}, support::grid(more));
          const auto nearest = model.nearest(more.data(), 1);
          CHECK(support::search_one(index, more.data(), {.k = 1}) == support::as_answer(nearest));
          model = support::index_model(one.metric, one.kind);
          fill_model(model, one);
        }
      }
    }
  }

  TEST_CASE("golden files: saved anew, to read or to change, they answer the same") {
    const support::memory_folder folder;
    for (const golden& one : all_golden()) {
      CAPTURE(std::string(one.name));
      const std::string path = folder.write("golden", kept_bytes(one));
      const auto query = one.probe();
      for (const atlas::open_mode mode : {atlas::open_mode::read, atlas::open_mode::change}) {
        const auto old = atlas::any_index::open(path.c_str(), {.mode = mode}).value();
        const auto extra = old.file()->section(0x2FF).value();
        const atlas::extra_section kept[] = {{0x2FF, 1, extra.data(), extra.size()}};
        REQUIRE(old.save(folder.path("anew").c_str(), {.extra = kept}).ok());
        const auto anew = atlas::any_index::open(folder.path("anew").c_str()).value();
        CHECK(anew.file()->verify().ok());
        CHECK(anew.file()->header().rows == (mode == atlas::open_mode::change && one.kind == atlas::file_kind::hnsw ? 18 : one.file_rows()));
        if (one.is_of_today) CHECK(support::read_whole(folder.path("anew")) == kept_bytes(one));
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
      const auto query = one.probe();
      support::on_each_target([&] {
        const auto found = support::search_one(index, query.data(), {.k = 5});
        CHECK(found.keys == one.nearest);
        CHECK(found.distances == one.distances);
      });
    }
  }

  TEST_CASE("golden files: sealed ones open to read, verify, answer on every instruction set, and are saved as they are") {
    const support::memory_folder folder;
    for (const sealed& kept : all_sealed()) {
      CAPTURE(std::string(kept.name));
      const golden& one = golden_named(kept.of);
      const std::string path = folder.write("golden", kept_bytes(kept.name));
      CHECK(support::failed_as(atlas::hnsw<float>::open(path.c_str(), {.mode = atlas::open_mode::change}), atlas::errc::read_only));
      const auto index = atlas::hnsw<float>::open(path.c_str()).value();
      CHECK(index.is_sealed());
      CHECK(index.file()->verify().ok());
      CHECK(index.size() == 18);
      const auto query = one.probe();
      support::on_each_target([&] {
        const auto found = support::search_one(index, query.data(), {.k = 5});
        CHECK(found.keys == one.nearest);
        CHECK(found.distances == one.distances);
      });
      const auto note = index.file()->section(0x2FF).value();
      const atlas::extra_section extra[] = {{0x2FF, 1, note.data(), note.size()}};
      REQUIRE(index.save(folder.path("anew").c_str(), {.extra = extra}).ok());
      CHECK(support::read_whole(folder.path("anew")) == kept_bytes(kept.name));
    }
  }

  TEST_CASE("golden files: the same data gives the same bytes today, on every instruction set") {
    for (const golden& one : all_golden()) {
      if (!one.is_of_today) continue;
      const std::string kept = kept_bytes(one);
      support::on_each_target([&] {
        CAPTURE(std::string(one.name));
        CHECK(bytes_of_today(one) == kept);
      });
    }
  }
}
