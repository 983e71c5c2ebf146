// SPDX-License-Identifier: Apache-2.0
// tests/index/hnsw_on_disk_test.cpp -- mirrors include/atlas/index/cold_rows.hpp, through what vector_residence::on_disk promises:
// the same answers as a mapped file, bit for bit, without the vectors in memory. Reads that fail: tests/faults/cold_vectors_test.cpp.
#include <atlas/index/cold_rows.hpp>

#include <atlas/any_index.hpp>

#include "support/coded_graphs.hpp"
#include "support/error_line.hpp"
#include "support/graphs.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/index_exercise.hpp"
#include "support/memory_folder.hpp"
#include "support/patched_file.hpp"
#include "support/repetitions.hpp"
#include "support/scratch_folder.hpp"
#include "support/stored_numbers.hpp"
#include "support/vectors.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

using atlas::errc;
using atlas::filter_strategy;
using atlas::metric;
using atlas::scalar;
using atlas::traversal_codes;
using atlas::vector_residence;
using support::coded;
using support::failed_as;
using support::graph_of;
using support::says_both;

TEST_SUITE("index") {
namespace {

using keys_t = std::vector<std::uint64_t>;

atlas::result<atlas::hnsw<float>> open_on_disk(const std::string& path) {
  return atlas::hnsw<float>::open(path.c_str(), {.vectors = vector_residence::on_disk});
}

/// One file, opened in both ways.
struct both_ways {
  explicit both_ways(const std::string& path)
      : mapped(atlas::hnsw<float>::open(path.c_str()).value()), on_disk(open_on_disk(path).value()) {}
  atlas::hnsw<float> mapped;
  atlas::hnsw<float> on_disk;
};

/// Whether both answer alike, to the bit, whatever they are asked.
void check_equal(const both_ways& index, const std::vector<float>& queries, std::size_t rows) {
  const std::size_t dimension = index.mapped.dimension();
  const auto view = atlas::dense(queries.data(), queries.size() / dimension, dimension);
  const auto odd = [](std::uint64_t key) { return key % 2 != 0; };
  const auto few = [](std::uint64_t key) { return key % 37 == 5; };
  const auto none = [](std::uint64_t) { return false; };
  const atlas::search_options asked[] = {
      {.k = 1},
      {.k = 10, .width = 40},
      {.k = 25, .width = 200, .threads = 2},
      {.k = rows + 3, .width = rows},
      {.k = 10, .width = 60, .starts = 4, .patience = 20},
      {.k = 10, .allowed = {.predicate = odd}},
      {.k = 10, .allowed = {.predicate = odd}, .strategy = filter_strategy::walk},
      {.k = 10, .allowed = {.predicate = odd}, .strategy = filter_strategy::two_hop},
      {.k = 10, .allowed = {.predicate = few}, .strategy = filter_strategy::scan},
      {.k = 10, .width = 12, .allowed = {.predicate = few}, .strategy = filter_strategy::walk},  // on through the others
      {.k = 10, .allowed = {.predicate = none}},
  };
  for (const atlas::search_options& options : asked) {
    CAPTURE(options.k);
    CAPTURE(static_cast<int>(options.strategy));
    CHECK(support::search(index.on_disk, view, options) == support::search(index.mapped, view, options));
  }
  const auto tenth = support::search_one(index.mapped, queries.data(), {.k = 10, .width = rows});
  for (const float radius : {tenth.distances.back(), std::numeric_limits<float>::max()}) {
    for (const atlas::range_options& options : {atlas::range_options{}, atlas::range_options{.width = 12, .allowed = {.predicate = odd}}}) {
      std::size_t found[2];
      const auto of_mapped = support::range(index.mapped, queries.data(), radius, rows, found[0], options);
      CHECK(support::range(index.on_disk, queries.data(), radius, rows, found[1], options) == of_mapped);
      CHECK(found[0] == found[1]);
    }
  }
  const keys_t keys = support::all_keys(index.mapped);
  CHECK(support::all_keys(index.on_disk) == keys);
  std::vector<float> distances[2] = {std::vector<float>(keys.size()), std::vector<float>(keys.size())};
  REQUIRE(index.mapped.distances({queries.data(), dimension}, keys, distances[0].data()).ok());
  REQUIRE(index.on_disk.distances({queries.data(), dimension}, keys, distances[1].data()).ok());
  CHECK(distances[0] == distances[1]);
  std::vector<float> vectors[2] = {std::vector<float>(dimension), std::vector<float>(dimension)};
  for (std::size_t i = 0; i < keys.size(); i += 7) {
    REQUIRE(index.mapped.get(keys[i], vectors[0].data()).ok());
    REQUIRE(index.on_disk.get(keys[i], vectors[1].data()).ok());
    CHECK(vectors[0] == vectors[1]);
  }
  CHECK(failed_as(index.on_disk.get(1'000'000, vectors[1].data()), errc::key_not_found));
}

/// Pages of the first half of a section that are in this process's memory through the mapping; -1 if the system does not tell.
/// Around a page that is touched behind it the system may map up to a huge page.
long mapped_pages(const atlas::file_reader& file, const atlas::section_entry& entry) {
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const int table = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (table < 0) return -1;
  const std::uint64_t first = reinterpret_cast<std::uintptr_t>(file.file().data() + entry.offset) / page;
  const std::uint64_t count = entry.length_bytes / 2 / page;
  std::vector<std::uint64_t> words(count);
  const ssize_t got = ::pread(table, words.data(), count * 8, static_cast<off_t>(first * 8));
  ::close(table);
  if (got != static_cast<ssize_t>(count * 8)) return -1;
  long present = 0;
  for (const std::uint64_t word : words) present += static_cast<long>(word >> 63);
  return present;
}

}  // namespace

  TEST_CASE("on disk: the answers are the mapped file's, for every scalar, metric and form of codes, sealed or not") {
    const support::memory_folder folder;
    const std::size_t rows = support::repetitions(400, 200, 120);
    for (const scalar stored : support::row_scalars) {
      const auto vectors = support::storable_numbers(stored, 1, rows * support::coded_dimension);
      const auto queries = support::storable_numbers(stored, 2, 12 * support::coded_dimension);
      for (const metric which : support::float_metrics) {
        // Threads meet alike whatever is stored: the sanitizer that watches them sees each scalar and each metric once.
        if (support::under_thread_sanitizer && stored != scalar::f32 && which != metric::cosine) continue;
        for (const traversal_codes codes : support::all_codes) {
          CAPTURE(std::string(atlas::name(stored)));
          CAPTURE(std::string(atlas::name(which)));
          CAPTURE(std::string(atlas::name(codes)));
          auto index = graph_of(vectors, coded(codes, which, stored));
          for (std::uint64_t key = 3; key < rows; key += 20) REQUIRE(index.remove(key).ok());
          REQUIRE(index.save(folder.path("dynamic").c_str()).ok());
          REQUIRE(index.seal(folder.path("sealed").c_str()).ok());
          check_equal(both_ways(folder.path("dynamic")), queries, rows);
          check_equal(both_ways(folder.path("sealed")), queries, rows);
        }
      }
    }
  }

  TEST_CASE("on disk: likewise where walks go by estimates, where there are too few rows for codes, and where there is none") {
    const support::memory_folder folder;
    constexpr std::size_t wide = 520;
    const auto vectors = support::random_vector(1, 300 * wide);
    const auto queries = support::random_vector(2, 8 * wide);
    auto options = coded(traversal_codes::lvq4, metric::cosine, scalar::f32, wide);
    for (const std::uint32_t codes_from : {16U, 1000U}) {
      options.codes_from = codes_from;
      const auto index = graph_of(vectors, options);
      REQUIRE(index.save(folder.path("dynamic").c_str()).ok());
      REQUIRE(index.seal(folder.path("sealed").c_str()).ok());
      check_equal(both_ways(folder.path("dynamic")), queries, 300);
      check_equal(both_ways(folder.path("sealed")), queries, 300);
    }
    const auto empty = atlas::hnsw<float>::create({.dimension = wide}).value();
    REQUIRE(empty.save(folder.path("empty").c_str()).ok());
    CHECK(support::search_one(open_on_disk(folder.path("empty")).value(), queries.data(), {.k = 3}).keys.empty());
  }

  TEST_CASE("on disk: saving and sealing give the files that they give of a mapped one, also onto the file itself") {
    const support::memory_folder folder;
    const std::size_t rows = support::repetitions(500, 500, 200);
    for (const traversal_codes codes : {traversal_codes::none, traversal_codes::lvq8}) {
      for (const metric which : support::float_metrics) {
        auto index = graph_of(support::random_vector(1, rows * 24), coded(codes, which, scalar::f32, 24));
        for (std::uint64_t key = 0; key < rows; key += 9) REQUIRE(index.remove(key).ok());
        REQUIRE(index.save(folder.path("a").c_str()).ok());
        const both_ways open(folder.path("a"));
        for (const std::uint32_t degree : {32U, 128U}) {
          REQUIRE(open.mapped.seal(folder.path("of_mapped").c_str(), {.degree = degree}).ok());
          REQUIRE(open.on_disk.seal(folder.path("of_disk").c_str(), {.degree = degree, .threads = 2}).ok());
          CHECK(support::read_whole(folder.path("of_disk")) == support::read_whole(folder.path("of_mapped")));
        }
        const both_ways sealed(folder.path("of_mapped"));
        REQUIRE(sealed.on_disk.save(folder.path("again").c_str()).ok());
        CHECK(support::read_whole(folder.path("again")) == support::read_whole(folder.path("of_mapped")));
        const std::string before = support::read_whole(folder.path("a"));
        REQUIRE(open.on_disk.save(folder.path("a").c_str()).ok());
        CHECK(support::read_whole(folder.path("a")) == before);
        check_equal(open, support::random_vector(2, 5 * 24), rows);  // over the file that was replaced
      }
    }
  }

  TEST_CASE("on disk: what only a mapping or a change could do is refused, with both values") {
    const support::memory_folder folder;
    const auto vectors = support::random_vector(1, 40 * 8);
    REQUIRE(graph_of(vectors, {.dimension = 8}).save(folder.path("hnsw").c_str()).ok());
    REQUIRE(support::flat_of(vectors, 8, metric::l2sq).save(folder.path("flat").c_str()).ok());
    const auto refused = [&](const char* name, const atlas::open_options& options) {
      const auto opened = atlas::any_index::open(folder.path(name).c_str(), options);
      CHECK(says_both(opened));
      return failed_as(opened, errc::invalid_argument);
    };
    CHECK(refused("hnsw", {.mode = atlas::open_mode::change, .vectors = vector_residence::on_disk}));
    CHECK(refused("hnsw", {.vectors = static_cast<vector_residence>(2)}));
    CHECK(refused("flat", {.vectors = vector_residence::on_disk}));
    CHECK(refused("flat", {.mode = atlas::open_mode::change, .vectors = vector_residence::on_disk}));
    auto index = atlas::any_index::open(folder.path("hnsw").c_str(), {.vectors = vector_residence::on_disk}).value();
    CHECK(index.is_read_only());
    CHECK(failed_as(index.add(keys_t{100}, atlas::dense(vectors.data(), 1, 8)), errc::read_only));
    CHECK(failed_as(index.remove(1), errc::read_only));
    CHECK(failed_as(index.compact(), errc::read_only));
  }

  TEST_CASE("on disk: no vector comes into memory through the mapping, and memory() says so") {
    const support::memory_folder folder;
    constexpr std::size_t wide = 512;
    constexpr std::size_t rows = 2100;  // 4 MiB
    const auto vectors = support::random_vector(1, rows * wide);
    REQUIRE(graph_of(vectors, coded(traversal_codes::lvq8, metric::l2sq, scalar::f32, wide)).save(folder.path("a").c_str()).ok());
    const both_ways open(folder.path("a"));
    CHECK(open.on_disk.memory().vectors == 0);
    CHECK(open.mapped.memory().vectors >= rows * wide * sizeof(float));
    CHECK(open.on_disk.memory().graph == open.mapped.memory().graph);
    const auto view = atlas::dense(vectors.data(), 300, wide);
    CHECK(support::search(open.on_disk, view, {.k = 10}) == support::search(open.mapped, view, {.k = 10}));
    REQUIRE(open.on_disk.seal(folder.path("b").c_str()).ok());
    const atlas::section_entry entry = *open.on_disk.file()->find(support::vectors_section);
    const long pages = mapped_pages(*open.on_disk.file(), entry);
    if (pages >= 0) {
      CHECK(pages == 0);
      CHECK(mapped_pages(*open.mapped.file(), entry) > 100);
    }
    CHECK(open.on_disk.memory().scratch < rows * wide * sizeof(float));
  }

  TEST_CASE("on disk: a moved index reads on, and so do many threads at once") {
    const support::memory_folder folder;
    const auto vectors = support::random_vector(1, 600 * 24);
    REQUIRE(graph_of(vectors, coded(traversal_codes::lvq4, metric::cosine, scalar::f32, 24)).save(folder.path("a").c_str()).ok());
    both_ways open(folder.path("a"));
    const atlas::any_index moved(std::move(open.on_disk));
    const auto view = atlas::dense(vectors.data(), 600, 24);
    const auto expected = support::search(open.mapped, view, {.k = 10});
    for (const unsigned threads : {1U, 2U, 8U}) CHECK(support::search(moved, view, {.k = 10, .threads = threads}) == expected);
  }

  TEST_CASE("on disk: sections that hold any bytes lead to answers or errors, also when they are saved and sealed") {
    const support::memory_folder folder;
    const auto index = graph_of(support::random_vector(1, 60 * 24), coded(traversal_codes::lvq8, metric::cosine, scalar::f32, 24));
    REQUIRE(index.save(folder.path("dynamic").c_str()).ok());
    REQUIRE(index.seal(folder.path("sealed").c_str()).ok());
    std::mt19937_64 draw(1);
    for (const char* form : {"dynamic", "sealed"}) {
      const std::string good = support::read_whole(folder.path(form));
      const atlas::file_header header = support::header_of(good);
      for (std::uint32_t place = 0; place < header.section_count; ++place) {
        const atlas::section_entry& entry = header.sections[place];
        for (const std::uint64_t largest : {std::uint64_t{70}, ~std::uint64_t{0}}) {
          std::string bad = good;
          for (std::size_t at = 0; at + 4 <= entry.length_bytes; at += 4) {
            const auto word = static_cast<std::uint32_t>(draw() % largest);
            std::memcpy(bad.data() + entry.offset + at, &word, 4);
          }
          const auto opened = open_on_disk(folder.write("bad", bad));
          if (!opened.ok()) continue;
          support::exercise_reading(*opened);
          (void)opened->save(folder.path("saved").c_str());
          (void)opened->seal(folder.path("saved").c_str());
        }
      }
    }
  }

  TEST_CASE("on disk: a file that is cut while it is open gives errors from what needs the vectors that are gone") {
    const support::memory_folder folder;
    const auto vectors = support::random_vector(1, 400 * 24);
    for (const traversal_codes codes : {traversal_codes::none, traversal_codes::lvq8}) {
      const std::string file = support::with_vectors_last(support::file_of(graph_of(vectors, coded(codes, metric::l2sq, scalar::f32, 24)), folder));
      const std::string path = folder.write("cut", file);
      const auto index = open_on_disk(path).value();
      const auto before = support::search_one(index, vectors.data(), {.k = 10});
      CHECK(before.keys[0] == 0);
      const atlas::section_entry entry = support::section_of(file, support::vectors_section);
      REQUIRE(::truncate(path.c_str(), static_cast<off_t>(entry.offset + 50)) == 0);
      support::hit_buffers hits(1, 10);
      const auto one = atlas::dense(vectors.data(), 1, 24);
      const auto odd = [](std::uint64_t key) { return key % 2 != 0; };
      for (const filter_strategy strategy : {filter_strategy::walk, filter_strategy::two_hop, filter_strategy::scan}) {
        CHECK(failed_as(index.search(one, {.k = 10, .allowed = {.predicate = odd}, .strategy = strategy}, hits.view()), errc::corrupt_file));
      }
      CHECK(failed_as(index.search(one, {.k = 10}, hits.view()), errc::corrupt_file));
      CHECK(hits.is_untouched());
      CHECK(says_both(index.search(one, {.k = 10}, hits.view())));
      std::uint64_t key = 0;
      float distance = 0;
      CHECK(failed_as(index.range({vectors.data(), 24}, 1.0F, {}, {&key, 1}, {&distance, 1}), errc::corrupt_file));
      std::vector<float> got(24);
      CHECK(failed_as(index.get(7, got.data()), errc::corrupt_file));
      CHECK(failed_as(index.distances({vectors.data(), 24}, keys_t{7}, &distance), errc::corrupt_file));
      CHECK(failed_as(index.save(folder.path("b").c_str()), errc::corrupt_file));
      CHECK(failed_as(index.seal(folder.path("b").c_str()), errc::corrupt_file));
      CHECK_FALSE(atlas::hnsw<float>::open(folder.path("b").c_str()).ok());
      CHECK(index.contains(7));
      CHECK(support::all_keys(index).size() == 400);
      // And once more when the bytes are back.
      (void)folder.write("cut", file);
      CHECK(support::search_one(index, vectors.data(), {.k = 10}) == before);
    }
  }
}
