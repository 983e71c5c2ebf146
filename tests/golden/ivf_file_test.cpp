// SPDX-License-Identifier: Apache-2.0
// tests/golden/ivf_file_test.cpp -- inverted files written by this format version, kept: they open, they answer what they
// answered when they were written, and the same data still gives the same bytes.
//
// As tests/golden/index_file_test.cpp says; ATLAS_WRITE_GOLDEN=FOLDER writes what they would be today. All instruction sets round
// centroids of integers alike; a learned rotation is not the same on all of them.
#include <atlas/any_index.hpp>
#include <atlas/core/bits.hpp>

#include "support/each_target.hpp"
#include "support/index_answers.hpp"
#include "support/index_model.hpp"
#include "support/memory_folder.hpp"
#include "support/scratch_folder.hpp"
#include "support/sparse_hex.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

TEST_SUITE("golden_ivf") {
namespace {

using keys_t = std::vector<std::uint64_t>;

struct golden {
  const char* name;
  atlas::ivf_pq_options options;
  std::size_t row_count;
  std::uint64_t estimates;       ///< of probe(): estimates_hash
  bool is_trained = true;
  bool is_same_everywhere = true;  ///< whether every instruction set gives the same bytes

  [[nodiscard]] std::vector<float> rows() const { return support::grid_vectors(options.metric, 2026, row_count); }
  [[nodiscard]] std::vector<float> probe() const { return support::grid_vectors(options.metric, 7, 1); }
  [[nodiscard]] keys_t keys() const {
    keys_t all;
    for (std::uint64_t i = 0; i < row_count; ++i) all.push_back(i * 1'000'003 + (i % 3 << 40));
    return all;
  }
};

atlas::ivf_pq_options made_of(atlas::metric metric, atlas::ivf_codes codes, std::size_t parts, atlas::ivf_rotation rotation = atlas::ivf_rotation::automatic,
                              atlas::scalar stored = atlas::scalar::f32) {
  return {.dimension = support::grid_dimension, .metric = metric, .lists = 4, .codes = codes, .parts = parts, .rotation = rotation, .probes = 4, .rerank = 100, .seed = 5, .stored = stored};
}

/// With codes beside the vectors, which are there from 256 rows on.
atlas::ivf_pq_options reranked(atlas::ivf_pq_options options) {
  options.rerank_codes = atlas::traversal_codes::lvq8;
  options.recall = 0.5;
  return options;
}

const std::vector<golden>& all_golden() {
  using atlas::ivf_codes;
  using atlas::metric;
  static const std::vector<golden> all = {
      {"v1_ivf_flat_l2sq", made_of(metric::l2sq, ivf_codes::flat, 0), 40, 16621521903315805221U},
      {"v1_ivf_pq4_l2sq", made_of(metric::l2sq, ivf_codes::pq4, 4), 40, 11246150021487723041U},
      {"v1_ivf_pq8_inner_product", made_of(metric::inner_product, ivf_codes::pq8, 2), 260, 5201501018720984428U},
      {"v1_ivf_pq4_reranked_l2sq", reranked(made_of(metric::l2sq, ivf_codes::pq4, 4)), 260, 0, true, false},
      {"v1_ivf_rabitq_cosine", made_of(metric::cosine, ivf_codes::rabitq, 0), 40, 9533881198965974082U},
      {"v1_ivf_sq8_l2sq_of_f16", made_of(metric::l2sq, ivf_codes::sq8, 0, atlas::ivf_rotation::automatic, atlas::scalar::f16), 40, 6981940371815582847U},
      {"v1_ivf_pq4_learned_cosine", made_of(metric::cosine, ivf_codes::pq4, 4, atlas::ivf_rotation::learned), 40, 12118854183646449957U, true, false},
      {"v1_ivf_untrained_l2sq", made_of(metric::l2sq, ivf_codes::pq4, 4), 20, 7262965125973510861U, false},
  };
  return all;
}

std::string bytes_of_today(const golden& one) {
  const support::memory_folder folder;
  const std::string path = folder.path("a.atlas");
  auto index = atlas::ivf_pq<float>::create(one.options).value();
  const auto vectors = one.rows();
  const auto view = support::grid(vectors);
  const keys_t keys = one.keys();
  if (one.is_trained) index.train(view).value();
  index.add({keys.data(), 12}, view.subrows(0, 12)).value();
  index.add({keys.data() + 12, one.row_count - 12}, view.subrows(12, one.row_count - 12)).value();
  index.upsert({keys.data() + 3, 1}, view.subrows(5, 1)).value();
  index.remove(keys[0]).value();
  index.save(path.c_str()).value();
  return support::read_whole(path);
}
support::index_model model_of(const golden& one) {
  support::index_model model(one.options.metric, atlas::file_kind::ivf_pq);
  const auto vectors = one.rows();
  const keys_t keys = one.keys();
  model.put(keys, support::grid(vectors));
  model.put(keys[3], support::grid(vectors).row(5), support::grid_dimension);
  model.remove(keys[0]);
  return model;
}

/// Of the keys and the bits of the estimated distances of ten rows.
std::uint64_t estimates_hash(const atlas::any_index& index, const std::vector<float>& query) {
  const auto found = support::search_one(index, query.data(), {.k = 10, .estimates_only = true});
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < found.keys.size(); ++i) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &found.distances[i], sizeof bits);
    sum = atlas::mix64(sum + found.keys[i] + (std::uint64_t{bits} << 32));
  }
  return sum;
}

std::string kept_bytes(const golden& one) {
  const char* source = std::getenv("ATLAS_SOURCE_FOLDER");
  const auto folder = source != nullptr ? std::filesystem::path(source) / "tests" / "golden" : std::filesystem::absolute(__FILE__).parent_path();
  const auto path = folder / (std::string(one.name) + ".hex");
  REQUIRE_MESSAGE(std::filesystem::exists(path), path.string());
  return support::bytes_of_sparse_hex(support::read_whole(path.string()));
}

}  // namespace

  TEST_CASE("golden inverted files: written anew where ATLAS_WRITE_GOLDEN says") {
    const char* target = std::getenv("ATLAS_WRITE_GOLDEN");
    if (target == nullptr) return;
    for (const golden& one : all_golden()) {
      const std::string comment = std::to_string(one.row_count) + " rows, one replaced, one removed: tests/golden/ivf_file_test.cpp, " + one.name;
      std::ofstream(std::filesystem::path(target) / (std::string(one.name) + ".hex")) << support::sparse_hex_of_bytes(bytes_of_today(one), comment);
    }
  }

  TEST_CASE("golden inverted files: open to read and to change, verify, hold every vector, and answer the exact nearest") {
    const support::memory_folder folder;
    for (const golden& one : all_golden()) {
      CAPTURE(std::string(one.name));
      const std::string path = folder.write("golden", kept_bytes(one));
      const support::index_model model = model_of(one);
      const auto query = one.probe();
      for (const atlas::open_mode mode : {atlas::open_mode::read, atlas::open_mode::change}) {
        auto index = atlas::any_index::open(path.c_str(), {.mode = mode}).value();
        CHECK(index.kind() == atlas::file_kind::ivf_pq);
        CHECK(index.element() == one.options.stored);
        CHECK(index.file()->verify().ok());
        CHECK(support::all_keys(index) == model.keys());
        for (const std::uint64_t key : model.keys()) {
          std::vector<float> vector(support::grid_dimension);
          REQUIRE(index.get(key, vector.data()).ok());
          CHECK(vector == model.vector(key));
        }
        CHECK(support::search_one(index, query.data(), {.k = 5}) == support::as_answer(model.nearest(query.data(), 5)));
        if (mode == atlas::open_mode::change) {
          const auto more = support::grid_vectors(one.options.metric, 8, 3);
          REQUIRE(index.add(keys_t{1, 2, 3}, support::grid(more)).ok());
          CHECK(support::search_one(index, more.data(), {.k = 1}).distances[0] <= 0.0F);
        }
      }
    }
  }

  TEST_CASE("golden inverted files: estimates are what they were, on every instruction set") {
    const support::memory_folder folder;
    for (const golden& one : all_golden()) {
      CAPTURE(std::string(one.name));
      const std::string path = folder.write("golden", kept_bytes(one));
      const auto query = one.probe();
      if (one.options.rerank_codes != atlas::traversal_codes::none) continue;  // whose distances have other last bits on other sets
      support::on_each_target([&] { CHECK(estimates_hash(atlas::any_index::open(path.c_str()).value(), query) == one.estimates); });
    }
  }

  TEST_CASE("golden inverted files: the same data gives the same bytes today, and a file saved anew is the same") {
    const support::memory_folder folder;
    for (const golden& one : all_golden()) {
      CAPTURE(std::string(one.name));
      const std::string kept = kept_bytes(one);
      const auto opened = atlas::any_index::open(folder.write("golden", kept).c_str()).value();
      opened.save(folder.path("anew").c_str()).value();
      CHECK(support::read_whole(folder.path("anew")) == kept);
      if (!one.is_same_everywhere) continue;
      support::on_each_target([&] { CHECK(bytes_of_today(one) == kept); });
    }
  }
}
