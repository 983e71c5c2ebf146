// SPDX-License-Identifier: Apache-2.0
// tests/index/hnsw_codes_file_test.cpp -- mirrors include/atlas/index/hnsw_engine.hpp: graphs with codes in files.
// Damaged ones: tests/index/hnsw_codes_damage_test.cpp.
#include <atlas/index/hnsw_engine.hpp>

#include <atlas/any_index.hpp>

#include "support/coded_graphs.hpp"
#include "support/graphs.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/memory_folder.hpp"
#include "support/patched_file.hpp"
#include "support/stored_numbers.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

using atlas::metric;
using atlas::open_mode;
using atlas::scalar;
using atlas::traversal_codes;
using support::coded;
using support::codes_offset;
using support::wanted_offset;
using support::prefetch_offset;
using support::from_offset;
using support::alpha_offset;
using support::codes_section;
using support::centre_section;
using support::file_of;
using support::graph_of;
using support::judge;

TEST_SUITE("index") {
namespace {

constexpr std::size_t dimension = support::coded_dimension;

}  // namespace

  TEST_CASE("save, open: codes, centre and all parameters come back, to read and to change, and are saved as they were") {
    const support::memory_folder folder;
    for (const scalar stored : support::row_scalars) {
      const auto numbers = support::storable_numbers(stored, 1, 100 * dimension);
      const auto kept = support::stored_numbers(stored, numbers);
      const auto queries = support::storable_numbers(stored, 2, 10 * dimension);
      for (const traversal_codes codes : support::all_codes) {
        CAPTURE(std::string(atlas::name(stored)));
        CAPTURE(std::string(atlas::name(codes)));
        auto options = coded(codes, metric::cosine, stored);
        options.alpha = 1.25F;
        const auto index = graph_of(numbers, options);
        std::string file = file_of(index, folder);
        CHECK(support::header_of(file).scalar == static_cast<std::uint8_t>(stored));
        CHECK(support::number_at(file, codes_offset, 1) == static_cast<std::uint8_t>(codes));
        CHECK(support::number_at(file, wanted_offset, 1) == static_cast<std::uint8_t>(codes));
        CHECK(support::number_at(file, prefetch_offset, 2) == 0);
        CHECK(support::number_at(file, from_offset, 4) == 16);
        CHECK(support::number_at(file, alpha_offset, 4) == 0x3FA00000U);
        const bool has_codes = codes != traversal_codes::none;
        CHECK(support::has_section(file, codes_section) == has_codes);
        CHECK(support::has_section(file, centre_section) == has_codes);
        if (has_codes) {
          const std::size_t stride = atlas::detail::code_stride_bytes(codes, dimension);
          CHECK(support::section_of(file, codes_section).element_bytes == stride);
          CHECK(support::section_of(file, codes_section).length_bytes == 100 * stride);
          CHECK(support::section_of(file, centre_section).length_bytes == dimension * sizeof(float));
        }
        // A number of rows to prefetch can only be in a file; it is kept.
        support::put_number(file, prefetch_offset, 17, 2);
        support::seal(file);
        const std::string path = folder.write("tuned", file);
        for (const open_mode mode : {open_mode::read, open_mode::change}) {
          const auto opened = atlas::hnsw<float>::open(path.c_str(), {.mode = mode}).value();
          CHECK(opened.codes() == codes);
          CHECK(opened.element() == stored);
          CHECK(opened.file()->verify().ok());
          CHECK(opened.memory().graph == index.memory().graph);
          const auto view = atlas::dense(queries.data(), 10, dimension);
          CHECK(support::search(opened, view, {.k = 10}) == support::search(index, view, {.k = 10}));
          CHECK(file_of(opened, folder) == file);
          const auto any = atlas::any_index::open(path.c_str(), {.mode = mode}).value();
          CHECK(support::search(any, view, {.k = 10}) == support::search(index, view, {.k = 10}));
        }
        // What is added to the opened file gets codes of the same centre.
        auto changed = atlas::hnsw<float>::open(path.c_str(), {.mode = open_mode::change}).value();
        const auto more = support::storable_numbers(stored, 3, 100 * dimension);
        changed.add(support::keys_from(100, 100), atlas::dense(more.data(), 100, dimension)).value();
        auto all = kept;
        const auto more_kept = support::stored_numbers(stored, more);
        all.insert(all.end(), more_kept.begin(), more_kept.end());
        const support::judgement said = judge(changed, all, queries, 10);
        CHECK(said.recall >= 0.95);
        CHECK(said.are_distances_right);
        const std::string grown = file_of(changed, folder);
        if (has_codes) {
          const auto centre = [](const std::string& of) {
            const auto section = support::section_of(of, centre_section);
            return of.substr(section.offset, section.length_bytes);
          };
          CHECK(centre(grown) == centre(file));
        }
      }
    }
  }

  TEST_CASE("hnsw: one thread and one seed give the same bytes, with codes and of every stored scalar") {
    const support::memory_folder folder;
    for (const scalar stored : support::row_scalars) {
      const auto numbers = support::storable_numbers(stored, 1, 120 * dimension);
      for (const traversal_codes codes : support::all_codes) {
        const std::string first = file_of(graph_of(numbers, coded(codes, metric::l2sq, stored)), folder);
        CHECK(file_of(graph_of(numbers, coded(codes, metric::l2sq, stored)), folder) == first);
      }
    }
  }

  TEST_CASE("hnsw: rows in one batch, one by one or in batches across the beginning of codes give the same bytes") {
    const support::memory_folder folder;
    const std::size_t rows = 120;
    const auto keys = support::keys_from(0, rows);
    const std::vector<std::vector<std::size_t>> ways = {{1}, {15, 1, 1, 103}, {15, 2, 103}, {16, 104}, {17, 103}, {10, 90, 20}};
    for (const metric which : support::float_metrics) {
      const auto vectors = support::random_vector(1, rows * dimension);
      const auto view = atlas::dense(vectors.data(), rows, dimension);
      for (const traversal_codes codes : support::all_codes) {
        CAPTURE(std::string(atlas::name(which)));
        CAPTURE(std::string(atlas::name(codes)));
        const std::string at_once = file_of(graph_of(vectors, coded(codes, which)), folder);
        for (const auto& batches : ways) {
          auto index = atlas::hnsw<float>::create(coded(codes, which)).value();
          for (std::size_t first = 0, turn = 0; first < rows; ++turn) {
            const std::size_t count = batches[turn % batches.size()];
            index.add({keys.data() + first, count}, view.subrows(first, count)).value();
            first += count;
          }
          const std::string file = file_of(index, folder);
          const atlas::file_header header = support::header_of(at_once);
          for (std::uint32_t i = 0; i < header.section_count; ++i) {
            CAPTURE(header.sections[i].id);
            if (header.sections[i].id == 0x103) continue;  // the key map may be roomier
            CHECK(support::section_of(file, header.sections[i].id).checksum == header.sections[i].checksum);
          }
          CHECK(file.substr(64, 256) == at_once.substr(64, 256));  // the parameters
        }
      }
    }
  }

  TEST_CASE("hnsw: a file of fewer rows than codes begin with goes on to have them, when it is changed") {
    const support::memory_folder folder;
    const auto vectors = support::random_vector(1, 200 * dimension);
    const auto queries = support::random_vector(2, 20 * dimension);
    const auto view = atlas::dense(vectors.data(), 200, dimension);
    const auto keys = support::keys_from(0, 200);
    for (const traversal_codes codes : support::all_codes) {
      CAPTURE(std::string(atlas::name(codes)));
      auto options = coded(codes);
      options.codes_from = 50;
      auto index = atlas::hnsw<float>::create(options).value();
      index.add({keys.data(), 49}, view.subrows(0, 49)).value();
      const std::string few = file_of(index, folder);
      CHECK(support::number_at(few, codes_offset, 1) == 0);
      CHECK(support::number_at(few, wanted_offset, 1) == static_cast<std::uint8_t>(codes));
      CHECK(support::number_at(few, from_offset, 4) == 50);
      CHECK_FALSE(support::has_section(few, codes_section));
      CHECK_FALSE(support::has_section(few, centre_section));
      const std::string path = folder.write("few", few);
      const auto read = atlas::hnsw<float>::open(path.c_str()).value();
      CHECK(read.codes() == codes);
      CHECK(judge(read, {vectors.begin(), vectors.begin() + 49 * dimension}, queries, 10).recall == 1.0);
      CHECK(file_of(read, folder) == few);

      auto changed = atlas::hnsw<float>::open(path.c_str(), {.mode = open_mode::change}).value();
      CHECK(file_of(changed, folder) == few);
      const std::uint64_t before = changed.memory().graph;
      changed.add({keys.data() + 49, 1}, view.subrows(49, 1)).value();
      const bool has_codes = codes != traversal_codes::none;
      CHECK(support::has_section(file_of(changed, folder), codes_section) == has_codes);
      const std::size_t stride = atlas::detail::code_stride_bytes(codes, dimension);
      CHECK(changed.memory().graph >= before + 50 * stride);
      changed.add({keys.data() + 50, 150}, view.subrows(50, 150)).value();
      const support::judgement said = judge(changed, vectors, queries, 10);
      CHECK(said.recall >= 0.96);
      CHECK(said.are_distances_right);
      // Of the same fifty rows, whatever their order in the file was: the same mean, but for the order of a sum.
      auto whole = atlas::hnsw<float>::create(options).value();
      whole.add(keys, view).value();
      if (has_codes) {
        const std::string one = file_of(changed, folder);
        const std::string other = file_of(whole, folder);
        const std::size_t first = support::section_of(one, centre_section).offset;
        const std::size_t second = support::section_of(other, centre_section).offset;
        for (std::size_t i = 0; i < dimension; ++i) {
          float a = 0;
          float b = 0;
          std::memcpy(&a, one.data() + first + i * sizeof a, sizeof a);
          std::memcpy(&b, other.data() + second + i * sizeof b, sizeof b);
          CHECK(std::abs(a - b) <= 1e-7F);
        }
      }
    }
  }

  TEST_CASE("hnsw: codes stay when rows become fewer than they begin with, also in a file") {
    const support::memory_folder folder;
    const auto vectors = support::random_vector(1, 60 * dimension);
    for (const traversal_codes codes : support::real_codes) {
      auto index = graph_of(vectors, coded(codes));
      for (std::uint64_t key = 3; key < 60; ++key) index.remove(key).value();
      const std::string path = folder.write("few", file_of(index, folder));
      auto opened = atlas::hnsw<float>::open(path.c_str(), {.mode = open_mode::change}).value();
      CHECK(opened.size() == 3);
      CHECK(support::search_one(opened, vectors.data() + dimension, {.k = 3}).keys.size() == 3);
      opened.add(support::keys_from(3, 57), atlas::dense(vectors.data() + 3 * dimension, 57, dimension)).value();
      const support::judgement said = judge(opened, vectors, support::random_vector(2, 20 * dimension), 5);
      CHECK(said.recall >= 0.96);
      CHECK(said.are_distances_right);
    }
  }

  TEST_CASE("hnsw: save with codes counts its bytes to the total that it names") {
    const support::memory_folder folder;
    const auto index = graph_of(support::random_vector(1, 100 * dimension), coded(traversal_codes::lvq4));
    std::uint64_t last = 0;
    std::uint64_t named = 0;
    const auto note = [&](std::uint64_t done, std::uint64_t total) {
      last = done;
      named = total;
      return true;
    };
    REQUIRE(index.save(folder.path("a").c_str(), {.on_progress = note}).ok());
    CHECK(last > 0);
    CHECK(last == named);
  }
}
