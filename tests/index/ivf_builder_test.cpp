// SPDX-License-Identifier: Apache-2.0
// tests/index/ivf_builder_test.cpp -- mirrors include/atlas/index/ivf_builder.hpp and ivf_file_build.hpp.
#include <atlas/ivf_pq.hpp>

#include "support/child_process.hpp"
#include "support/error_line.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/index_model.hpp"
#include "support/scratch_folder.hpp"
#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <limits>
#include <string>
#include <vector>

using atlas::errc;
using atlas::ivf_codes;
using atlas::ivf_pq;
using atlas::ivf_pq_builder;
using atlas::ivf_rotation;
using support::failed_as;

TEST_SUITE("ivf_builder") {
namespace {

/// Whether an answer is this error, of this field.
template <class Answer>
bool names(const Answer& answer, errc code, const char* field) {
  return failed_as(answer, code) && std::strcmp(answer.error().field, field) == 0;
}
/// Of each sort some with codes to rerank by.
atlas::traversal_codes rerank_codes_of(ivf_codes codes, atlas::scalar stored) {
  if (codes == ivf_codes::pq4) return stored == atlas::scalar::f32 ? atlas::traversal_codes::lvq8 : atlas::traversal_codes::f16;
  return codes == ivf_codes::rabitq && stored == atlas::scalar::f32 ? atlas::traversal_codes::lvq4 : atlas::traversal_codes::none;
}
/// Keys that do not come in their order.
std::vector<std::uint64_t> scattered_keys(std::size_t rows) {
  std::vector<std::uint64_t> keys(rows);
  for (std::size_t i = 0; i < rows; ++i) keys[i] = (i * 7919) % 100'003 + 5;
  return keys;
}
/// Adds vectors in calls of several sizes.
template <class Target>
void add_in_parts(Target& target, const std::vector<std::uint64_t>& keys, const std::vector<float>& vectors, std::size_t dimension) {
  const std::size_t sizes[] = {1, 300, 17, 700};
  std::size_t first = 0;
  for (std::size_t call = 0; first < keys.size(); ++call) {
    const std::size_t count = std::min(sizes[call % 4], keys.size() - first);
    target.add({keys.data() + first, count}, atlas::dense(vectors.data() + first * dimension, count, dimension)).value();
    first += count;
  }
}
std::string npy_of(const std::vector<float>& values, std::size_t rows, std::size_t dimension) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " + std::to_string(dimension) + "), }";
  header.resize(117, ' ');
  header += '\n';
  std::string bytes = std::string("\x93NUMPY\x01\x00", 8) + std::string("\x76\x00", 2) + header;
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  return bytes;
}
/// A file that is built of one half of some vectors.
struct half_built {
  support::scratch_folder folder;
  std::vector<float> vectors = support::random_rows_on_line(3, 400, 8);
  ivf_pq_builder builder = ivf_pq_builder::create(folder.path("built.atlas").c_str(), {.index = {.dimension = 8, .lists = 4, .codes = ivf_codes::pq4}, .threads = 1}).value();
  half_built() {
    builder.train(atlas::dense(vectors.data(), 400, 8)).value();
    builder.add(support::keys_from(0, 200), atlas::dense(vectors.data(), 200, 8)).value();
  }
};

}  // namespace

  TEST_CASE("the file is the one that an index with the same training and adds saves, byte for byte") {
    const support::scratch_folder folder;
    for (const ivf_codes codes : {ivf_codes::flat, ivf_codes::pq4, ivf_codes::pq8, ivf_codes::rabitq, ivf_codes::sq8}) {
      for (const atlas::metric metric : support::float_metrics) {
        for (const atlas::scalar stored : {atlas::scalar::f32, atlas::scalar::bf16}) {
          if (support::under_thread_sanitizer && stored != atlas::scalar::f32) continue;
          CAPTURE(static_cast<int>(codes));
          CAPTURE(static_cast<int>(metric));
          CAPTURE(static_cast<int>(stored));
          constexpr std::size_t rows = 2000;
          constexpr std::size_t dimension = 24;
          const auto vectors = support::random_rows_on_line(1, rows, dimension);
          const auto keys = scattered_keys(rows);
          const bool is_learned = codes == ivf_codes::pq8 && stored == atlas::scalar::f32;
          const atlas::ivf_pq_options options{.dimension = dimension, .metric = metric, .lists = 12, .codes = codes,
                                              .rotation = is_learned ? ivf_rotation::learned : ivf_rotation::automatic, .probes = 3, .rerank = 5, .stored = stored,
                                              .rerank_codes = rerank_codes_of(codes, stored)};
          const auto sample = atlas::dense(vectors.data(), 600, dimension);
          auto index = ivf_pq<float>::create(options).value();
          index.train(sample).value();
          add_in_parts(index, keys, vectors, dimension);
          index.save(folder.path("index.atlas").c_str()).value();
          auto builder = ivf_pq_builder::create(folder.path("built.atlas").c_str(), {.index = options, .threads = 2}).value();
          builder.train(sample).value();
          CHECK(builder.lists() == 12);
          add_in_parts(builder, keys, vectors, dimension);
          CHECK(builder.size() == rows);
          builder.finish().value();
          CHECK(support::read_whole(folder.path("built.atlas")) == support::read_whole(folder.path("index.atlas")));
          CHECK(folder.names() == std::vector<std::string>{"built.atlas", "index.atlas"});
        }
      }
    }
  }

  TEST_CASE("build: of a file, with as many lists as suit it, progress, and keys that are its row numbers") {
    const support::scratch_folder folder;
    constexpr std::size_t rows = 12'000;
    constexpr std::size_t dimension = 10;
    const auto vectors = support::random_rows_on_line(4, rows, dimension);
    folder.write("vectors.npy", npy_of(vectors, rows, dimension));
    const auto source = atlas::vector_file::open(folder.path("vectors.npy").c_str()).value();
    REQUIRE(source.rows() == rows);
    std::uint64_t last = 0;
    bool has_fallen = false;
    const auto report = [&](std::uint64_t done, std::uint64_t total) noexcept {
      has_fallen = has_fallen || done < last || done > total;
      last = done;
      return true;
    };
    const std::string path = folder.path("built.atlas");
    ivf_pq_builder::build(path.c_str(), source, {.index = {.rerank_codes = atlas::traversal_codes::lvq8}, .memory_bytes = std::size_t{16} << 20}, {}, 0, report).value();
    CHECK_FALSE(has_fallen);
    CHECK(last == 1000);
    const auto index = ivf_pq<float>::open(path.c_str()).value();
    CHECK(index.size() == rows);
    CHECK(index.lists() == 128);
    for (std::size_t i = 0; i < rows; i += 371) {
      CHECK(support::search_one(index, vectors.data() + i * dimension, {.k = 1, .probes = 8}).keys[0] == i);
      std::vector<float> stored(dimension);
      index.get(i, stored.data()).value();
      CHECK(std::equal(stored.begin(), stored.end(), vectors.begin() + static_cast<std::ptrdiff_t>(i * dimension)));
    }
    for (const std::uint64_t end : {0U, 1U, 100U, 200U, 500U, 900U, 1000U}) {
      CAPTURE(end);
      const auto cancel = [end](std::uint64_t done, std::uint64_t) noexcept { return done < end; };
      CHECK(failed_as(ivf_pq_builder::build(folder.path("other.atlas").c_str(), source, {}, {}, 0, cancel), errc::cancelled));
    }
    CHECK(folder.names() == std::vector<std::string>{"built.atlas", "vectors.npy"});
  }

  TEST_CASE("build: a vector that cannot be taken is named by its row, and no file comes to be") {
    const support::scratch_folder folder;
    auto vectors = support::random_rows_on_line(4, 3000, 6);
    vectors[6 * 2345 + 1] = std::numeric_limits<float>::quiet_NaN();
    folder.write("vectors.npy", npy_of(vectors, 3000, 6));
    const auto source = atlas::vector_file::open(folder.path("vectors.npy").c_str()).value();
    const auto built = ivf_pq_builder::build(folder.path("built.atlas").c_str(), source, {.index = {.lists = 10, .codes = ivf_codes::pq4}});
    REQUIRE(failed_as(built, errc::not_finite));
    CHECK(built.error().row == 2345);
    CHECK(folder.names() == std::vector<std::string>{"vectors.npy"});
  }

  TEST_CASE("create: what does not fit is refused by name") {
    const support::scratch_folder folder;
    const std::string path = folder.path("built.atlas");
    CHECK(names(ivf_pq_builder::create(path.c_str(), {}), errc::invalid_argument, "dimension"));
    CHECK(names(ivf_pq_builder::create(path.c_str(), {.index = {.dimension = 8, .parts = 9}}), errc::invalid_argument, "parts"));
    CHECK(names(ivf_pq_builder::create(path.c_str(), {.index = {.dimension = 8, .stored = atlas::scalar::b1}}), errc::scalar_mismatch, "stored"));
    CHECK(names(ivf_pq_builder::create(path.c_str(), {.index = {.dimension = 8}, .memory_bytes = 1000}), errc::invalid_argument, "memory_bytes"));
    CHECK(failed_as(ivf_pq_builder::create(folder.path("none/built.atlas").c_str(), {.index = {.dimension = 8}}), errc::file_not_found));
    CHECK(names(ivf_pq_builder::create(nullptr, {.index = {.dimension = 8}}), errc::invalid_argument, "path"));
    CHECK(folder.names().empty());
  }

  TEST_CASE("a temporary folder that is not there is refused at once, by name; one that is has nothing in it that can be seen") {
    const support::scratch_folder folder;
    const std::string path = folder.path("built.atlas");
    const auto create = [&](const std::string& temporary) {
      return ivf_pq_builder::create(path.c_str(), {.index = {.dimension = 8, .lists = 2}, .temporary_folder = temporary.c_str()});
    };
    CHECK(names(create(folder.path("nowhere")), errc::file_not_found, "folder"));
    CHECK(names(create(folder.write("file", "")), errc::not_a_directory, "folder"));
    CHECK(names(create(""), errc::invalid_argument, "folder"));
    CHECK(folder.names() == std::vector<std::string>{"file"});
    const support::scratch_folder elsewhere;
    const auto vectors = support::random_rows_on_line(1, 100, 8);
    auto builder = create(elsewhere.path()).value();
    builder.train(atlas::dense(vectors.data(), 100, 8)).value();
    builder.add(support::keys_from(0, 100), atlas::dense(vectors.data(), 100, 8)).value();
    CHECK(elsewhere.names().empty());
    builder.finish().value();
    CHECK(ivf_pq<float>::open(path.c_str()).value().size() == 100);
  }

  TEST_CASE("vectors added one by one give the same file, also where lists are found by a graph") {
    const support::scratch_folder folder;
    constexpr std::size_t rows = 5000;
    constexpr std::size_t dimension = 4;
    const auto vectors = support::random_rows_on_line(8, rows, dimension);
    const auto all = atlas::dense(vectors.data(), rows, dimension);
    for (const std::size_t lists : {std::size_t{20}, std::size_t{4200}}) {
      if (support::under_thread_sanitizer && lists > 20) continue;  // one thread, and half a minute
      CAPTURE(lists);
      const atlas::ivf_pq_options options{.dimension = dimension, .lists = lists, .codes = ivf_codes::sq8, .iterations = 1, .probes = 4};
      auto index = ivf_pq<float>::create(options).value();
      index.train(all).value();
      index.add(support::keys_from(0, rows), all).value();
      index.save(folder.path("index.atlas").c_str()).value();
      for (const std::size_t at_once : {std::size_t{1}, rows}) {
        auto builder = ivf_pq_builder::create(folder.path("built.atlas").c_str(), {.index = options, .memory_bytes = std::size_t{16} << 20, .threads = 1}).value();
        builder.train(all).value();
        for (std::size_t first = 0; first < rows; first += at_once) {
          builder.add(support::keys_from(first, at_once), atlas::dense(all.row(first), at_once, dimension)).value();
        }
        builder.finish().value();
        CHECK(support::read_whole(folder.path("built.atlas")) == support::read_whole(folder.path("index.atlas")));
      }
    }
  }

  TEST_CASE("with a wanted recall the file is the one that an index tuned to it saves, byte for byte") {
    const support::scratch_folder folder;
    constexpr std::size_t rows = 3000;
    constexpr std::size_t dimension = 16;
    const auto vectors = support::random_vector(9, rows * dimension);
    const auto keys = scattered_keys(rows);
    for (const std::size_t sample_rows : {std::size_t{1500}, std::size_t{150}}) {  // of 150 none are held back
      for (const ivf_codes codes : {ivf_codes::pq4, ivf_codes::pq8, ivf_codes::flat}) {
        const auto rerank_codes = codes == ivf_codes::pq8 ? atlas::traversal_codes::lvq8 : atlas::traversal_codes::none;
        if (codes == ivf_codes::pq8 && sample_rows < 256) continue;  // of which each part has centroids
        if (support::under_thread_sanitizer && codes == ivf_codes::pq8) continue;  // threads meet as with the others
        CAPTURE(sample_rows);
        CAPTURE(name(codes));
        const atlas::ivf_pq_options options{.dimension = dimension, .lists = 24, .codes = codes, .recall = 0.9, .recall_k = 7, .rerank_codes = rerank_codes};
        const auto sample = atlas::dense(vectors.data(), sample_rows, dimension);
        auto index = ivf_pq<float>::create(options).value();
        index.train(sample).value();
        add_in_parts(index, keys, vectors, dimension);
        const std::string path = folder.path("index.atlas");
        if (sample_rows < 200) {  // it is measured with stored vectors then, which are chosen in their order
          index.save(path.c_str()).value();
          index = ivf_pq<float>::open(path.c_str()).value();
        }
        const auto tuned = index.tune({.k = 7, .recall = 0.9}).value();
        REQUIRE(tuned.recall >= 0.9);
        REQUIRE(tuned.probes > 1);
        index.save(path.c_str()).value();
        auto builder = ivf_pq_builder::create(folder.path("built.atlas").c_str(), {.index = options, .threads = 2}).value();
        builder.train(sample).value();
        add_in_parts(builder, keys, vectors, dimension);
        std::uint64_t last = 0;
        bool has_fallen = false;
        builder.finish([&](std::uint64_t done, std::uint64_t total) noexcept {
          has_fallen = has_fallen || done < last || done > total;
          last = done == total ? 0 : done;
          return true;
        }).value();
        CHECK_FALSE(has_fallen);
        CHECK(last == 0);  // the whole was said
        CHECK(support::read_whole(folder.path("built.atlas")) == support::read_whole(path));
        const auto built = ivf_pq<float>::open(folder.path("built.atlas").c_str()).value();
        CHECK(built.promised().k == 7);
        CHECK(built.promised().recall == doctest::Approx(tuned.recall));
        CHECK(built.probes() == tuned.probes);
        CHECK(built.rerank() == tuned.rerank);
      }
    }
  }

  TEST_CASE("probes that nobody names are the fewest that find enough of the file's own neighbours") {
    const support::scratch_folder folder;
    constexpr std::size_t rows = 200;  // as many as it is measured by
    constexpr std::size_t dimension = 6;
    const auto vectors = support::random_vector(10, rows * dimension);
    const auto all = atlas::dense(vectors.data(), rows, dimension);
    const auto keys = support::keys_from(0, rows);
    auto builder = ivf_pq_builder::create(folder.path("built.atlas").c_str(), {.index = {.dimension = dimension, .lists = 16, .codes = ivf_codes::flat}}).value();
    builder.train(all).value();
    builder.add(keys, all).value();
    builder.finish().value();
    const auto built = ivf_pq<float>::open(folder.path("built.atlas").c_str()).value();
    CHECK(built.promised().k == 0);
    const auto found_with = [&](std::size_t probes) {
      std::size_t found = 0;
      for (std::size_t i = 0; i < rows; ++i) {
        const auto is_other = [&](std::uint64_t key) noexcept { return key != i; };
        const auto exact = support::search_one(built, all.row(i), {.probes = 16, .allowed = {.predicate = is_other}});
        const auto answer = support::search_one(built, all.row(i), {.probes = static_cast<std::uint32_t>(probes), .allowed = {.predicate = is_other}});
        for (const std::uint64_t key : answer.keys) found += static_cast<std::size_t>(std::count(exact.keys.begin(), exact.keys.end(), key));
      }
      return static_cast<double>(found) / static_cast<double>(rows * 10);
    };
    REQUIRE(built.probes() > 1);
    REQUIRE(built.probes() < 16);
    CHECK(found_with(built.probes()) >= 0.96);
    CHECK(found_with(built.probes() - 1) < 0.96);
  }

  TEST_CASE("train with a wanted recall: a vector that is too long is named by its row, whether it is held back or not") {
    const support::scratch_folder folder;
    auto vectors = support::random_vector(12, 1000 * 8);
    const auto all = atlas::dense(vectors.data(), 1000, 8);
    for (const std::size_t row : {0U, 1U, 499U, 990U, 995U, 999U}) {  // each tenth is held back
      CAPTURE(row);
      const float before = vectors[row * 8 + 3];
      vectors[row * 8 + 3] = 5e18F;
      for (const double recall : {0.0, 0.9}) {
        const atlas::ivf_pq_options options{.dimension = 8, .lists = 4, .recall = recall};
        auto builder = ivf_pq_builder::create(folder.path("built.atlas").c_str(), {.index = options}).value();
        const auto refused = builder.train(all);
        CHECK(failed_as(refused, errc::limit_exceeded));
        CHECK(refused.error().row == row);
        const auto by_index = ivf_pq<float>::create(options).value().train(all);
        CHECK(failed_as(by_index, errc::limit_exceeded));
        CHECK(by_index.error().row == row);
      }
      vectors[row * 8 + 3] = before;
    }
  }

  TEST_CASE("cancelled while it is measured: there is no file") {
    const support::scratch_folder folder;
    const auto vectors = support::random_vector(11, 2000 * 8);
    const auto all = atlas::dense(vectors.data(), 2000, 8);
    for (const std::uint64_t end : {30U, 60U, 99U}) {
      CAPTURE(end);
      auto builder = ivf_pq_builder::create(folder.path("built.atlas").c_str(), {.index = {.dimension = 8, .lists = 16, .recall = 0.9}}).value();
      builder.train(all).value();
      builder.add(support::keys_from(0, 2000), all).value();
      std::uint64_t most = 0;
      const auto stop = [&](std::uint64_t done, std::uint64_t total) noexcept {
        most = total;
        return done * 100 < end * total;
      };
      CHECK(failed_as(builder.finish(stop), errc::cancelled));
      CHECK(most != 0);
      CHECK(folder.names().empty());
    }
  }

  TEST_CASE("files: trained on and added, with keys of their own or their rows' numbers, one after the other") {
    const support::scratch_folder folder;
    constexpr std::size_t dimension = 8;
    const auto vectors = support::random_rows_on_line(3, 1000, dimension);
    folder.write("vectors.npy", npy_of(vectors, 1000, dimension));
    folder.write("empty.fvecs", "");
    folder.write("narrow.npy", npy_of(vectors, 2000, dimension / 2));
    const auto file_of = [&](const char* name) { return atlas::vector_file::open(folder.path(name).c_str()).value(); };
    const auto source = file_of("vectors.npy");
    const std::string path = folder.path("built.atlas");
    auto builder = ivf_pq_builder::create(path.c_str(), {.index = {.dimension = dimension, .codes = ivf_codes::pq4}}).value();
    CHECK(names(builder.add(source), errc::invalid_argument, "add"));
    CHECK(names(builder.train(file_of("empty.fvecs")), errc::invalid_argument, "vectors.rows"));
    CHECK(names(builder.train(file_of("narrow.npy")), errc::dimension_mismatch, "vectors.dimension"));
    CHECK(names(builder.train(source, 15), errc::invalid_argument, "sample.rows"));
    CHECK(builder.train(source, 600).value() == 600);
    CHECK(builder.lists() == 8);  // 16 would want 640
    CHECK(builder.code_bytes() == 2);
    CHECK(builder.dimension() == dimension);
    CHECK(names(builder.train(source), errc::invalid_argument, "train"));
    CHECK(names(builder.add(file_of("narrow.npy")), errc::dimension_mismatch, "vectors.dimension"));
    std::uint64_t reported = 0;
    const auto report = [&](std::uint64_t done, std::uint64_t total) noexcept { return (reported = done) <= total; };
    builder.add(source, {}, report).value();
    CHECK(reported == 1000);
    const auto keys = support::keys_from(5000, 1000);
    CHECK(names(builder.add(source, {keys.data(), 999}), errc::invalid_argument, "keys.size"));
    builder.add(source, keys).value();
    builder.add(file_of("empty.fvecs")).value();
    CHECK(builder.size() == 2000);
    const auto again = builder.add(source, keys);
    REQUIRE(failed_as(again, errc::duplicate_key));
    CHECK(again.error().row == 0);
    builder.finish().value();
    CHECK(builder.size() == 2000);
    const auto index = ivf_pq<float>::open(path.c_str()).value();
    for (const std::uint64_t key : {0U, 999U, 5000U, 5999U}) {
      std::vector<float> stored(dimension);
      index.get(key, stored.data()).value();
      CHECK(std::equal(stored.begin(), stored.end(), vectors.begin() + static_cast<std::ptrdiff_t>(key % 1000 * dimension)));
    }
    CHECK(ivf_pq_builder::build(path.c_str(), source, {}, {}, 100).ok());
    CHECK(ivf_pq<float>::open(path.c_str()).value().lists() == 2);
    CHECK(names(ivf_pq_builder::build(path.c_str(), source, {}, {keys.data(), 3}), errc::invalid_argument, "keys.size"));
    CHECK(names(ivf_pq_builder::build(path.c_str(), file_of("empty.fvecs"), {}), errc::invalid_argument, "dimension"));
    CHECK(ivf_pq<float>::open(path.c_str()).value().size() == 1000);  // as it was
  }

  TEST_CASE("cancelled training can be begun again; a cancelled add or finish is the builder's end") {
    const support::scratch_folder folder;
    folder.write("built.atlas", "before");
    const auto vectors = support::random_rows_on_line(3, 400, 8);
    const auto all = atlas::dense(vectors.data(), 400, 8);
    const auto stop = [](std::uint64_t, std::uint64_t) noexcept { return false; };
    for (const bool is_in_add : {true, false}) {
      auto builder = ivf_pq_builder::create(folder.path("built.atlas").c_str(), {.index = {.dimension = 8, .lists = 4}}).value();
      CHECK(failed_as(builder.train(all, stop), errc::cancelled));
      CHECK(builder.lists() == 0);
      builder.train(all).value();
      if (is_in_add) {
        CHECK(failed_as(builder.add(support::keys_from(0, 400), all, stop), errc::cancelled));
        CHECK(failed_as(builder.add(support::keys_from(400, 400), all), errc::cancelled));
      } else {
        builder.add(support::keys_from(0, 400), all).value();
        CHECK(failed_as(builder.finish(stop), errc::cancelled));
      }
      CHECK(folder.names() == std::vector<std::string>{"built.atlas"});  // not only when the builder goes
      CHECK(failed_as(builder.finish(), errc::cancelled));
    }
    CHECK(support::read_whole(folder.path("built.atlas")) == "before");
  }

  TEST_CASE("a full disk: no_space from every later call, nothing left behind, and the old file is whole") {
    // RLIMIT_FSIZE stands for it. In a child, since it cannot be undone.
    const support::scratch_folder folder;
    folder.write("built.atlas", "before");
    constexpr std::size_t rows = 3000;
    constexpr std::size_t dimension = 64;
    const auto vectors = support::random_rows_on_line(3, rows, dimension);
    const auto all = atlas::dense(vectors.data(), rows, dimension);
    const auto build = [&] {
      auto builder = ivf_pq_builder::create(folder.path("built.atlas").c_str(),
                                            {.index = {.dimension = dimension, .lists = 8, .codes = ivf_codes::sq8}, .memory_bytes = std::size_t{16} << 20, .threads = 1}).value();
      builder.train(all).value();
      atlas::status last;
      for (std::size_t first = 0; first < rows && last.ok(); first += 100) {
        last = builder.add(support::keys_from(first, 100), atlas::dense(all.row(first), 100, dimension));
      }
      if (last.ok()) last = builder.finish();
      const bool leaves_nothing = folder.names() == std::vector<std::string>{"built.atlas"};
      if (last.ok()) return 1;
      const bool is_the_end = failed_as(builder.finish(), errc::no_space) && failed_as(builder.add(support::keys_from(9000, 1), atlas::dense(all.row(0), 1, dimension)), errc::no_space);
      return failed_as(last, errc::no_space) && is_the_end && leaves_nothing ? 0 : 2;
    };
    // What is on its way is 1.0 MB, the file 1.3 MB.
    for (const rlim_t room : {0UL, 1UL, 4096UL, 500'000UL, 1'100'000UL, 1'250'000UL}) {
      CAPTURE(room);
      std::cout.flush();  // what waits there a sanitizer writes from the child too, against the limit
      const auto end = support::in_child([&] {
        const rlimit limit{room, room};
        return ::setrlimit(RLIMIT_FSIZE, &limit) == 0 ? build() : 3;
      });
      CHECK(end.signal == 0);
      CHECK(end.code == 0);
      CHECK(support::read_whole(folder.path("built.atlas")) == "before");
      CHECK(folder.names() == std::vector<std::string>{"built.atlas"});
    }
    CHECK(build() == 1);
  }

  TEST_CASE("a child of fork() is refused, and its parent's file stays whole") {
    half_built half;
    const auto rest = atlas::dense(half.vectors.data() + 200 * 8, 200, 8);
    const auto end = support::in_child([&] {
      const bool all_refused = names(half.builder.add(support::keys_from(200, 200), rest), errc::invalid_argument, "builder") &&
                               names(half.builder.train(rest), errc::invalid_argument, "builder") && names(half.builder.finish(), errc::invalid_argument, "builder");
      half.builder = ivf_pq_builder::create(half.folder.path("other.atlas").c_str(), {.index = {.dimension = 8}}).value();  // ends the child's copy
      return all_refused ? 0 : 1;
    });
    CHECK(end.code == 0);
    half.builder.add(support::keys_from(200, 200), rest).value();
    half.builder.finish().value();
    const auto index = ivf_pq<float>::open(half.folder.path("built.atlas").c_str()).value();
    CHECK(index.size() == 400);
    for (std::size_t i = 0; i < 400; i += 13) CHECK(support::search_one(index, half.vectors.data() + i * 8, {.k = 1, .probes = 4}).keys[0] == i);
  }

  TEST_CASE("calls out of order are refused, and the builder goes on") {
    const support::scratch_folder folder;
    const auto vectors = support::random_rows_on_line(2, 100, 8);
    auto builder = ivf_pq_builder::create(folder.path("built.atlas").c_str(), {.index = {.dimension = 8, .lists = 2}}).value();
    const auto keys = support::keys_from(0, 100);
    CHECK(names(builder.add(keys, atlas::dense(vectors.data(), 100, 8)), errc::invalid_argument, "add"));
    CHECK(names(builder.finish(), errc::invalid_argument, "finish"));
    CHECK(names(builder.train(atlas::dense(vectors.data(), 10, 8)), errc::invalid_argument, "sample.rows"));
    CHECK(names(builder.train(atlas::dense(vectors.data(), 0, 8)), errc::invalid_argument, "sample.rows"));
    CHECK(names(builder.train(atlas::dense(vectors.data(), 100, 4)), errc::dimension_mismatch, "sample"));
    builder.train(atlas::dense(vectors.data(), 100, 8)).value();
    CHECK(names(builder.train(atlas::dense(vectors.data(), 100, 8)), errc::invalid_argument, "train"));
    builder.add(keys, atlas::dense(vectors.data(), 100, 8)).value();
    builder.finish().value();
    CHECK(names(builder.finish(), errc::invalid_argument, "builder"));
    CHECK(names(builder.add(keys, atlas::dense(vectors.data(), 100, 8)), errc::invalid_argument, "builder"));
    CHECK(ivf_pq<float>::open(folder.path("built.atlas").c_str()).value().size() == 100);
  }

  TEST_CASE("add: all of a call or none; what is refused is named by its row of the call") {
    half_built half;
    auto vectors = half.vectors;
    std::vector<std::uint64_t> keys = support::keys_from(200, 200);
    const auto add = [&] { return half.builder.add(keys, atlas::dense(vectors.data() + 200 * 8, 200, 8)); };
    const auto is_refused = [&](errc why, std::uint64_t row) {
      const auto added = add();
      return failed_as(added, why) && added.error().row == row && half.builder.size() == 200;
    };
    keys[150] = 7;  // taken before
    CHECK(is_refused(errc::duplicate_key, 150));
    keys[150] = 201;  // twice in a call
    CHECK(is_refused(errc::duplicate_key, 150));
    keys[150] = atlas::reserved_key;
    CHECK(is_refused(errc::invalid_argument, 150));
    keys[150] = 350;
    vectors[(200 + 199) * 8] = std::numeric_limits<float>::infinity();
    CHECK(is_refused(errc::not_finite, 199));
    vectors = half.vectors;
    CHECK(names(half.builder.add(keys, atlas::dense(vectors.data(), 199, 8)), errc::invalid_argument, "keys.size"));
    CHECK(names(half.builder.add(keys, atlas::dense(vectors.data(), 200, 7)), errc::dimension_mismatch, "vectors"));
    add().value();
    half.builder.finish().value();
    const auto index = ivf_pq<float>::open(half.folder.path("built.atlas").c_str()).value();
    REQUIRE(index.size() == 400);
    for (std::size_t i = 0; i < 400; ++i) CHECK(index.contains(i));
  }

  TEST_CASE("a builder that is given up leaves the file that was there") {
    const support::scratch_folder folder;
    folder.write("built.atlas", "before");
    {
      const auto vectors = support::random_rows_on_line(3, 400, 8);
      auto builder = ivf_pq_builder::create(folder.path("built.atlas").c_str(), {.index = {.dimension = 8, .lists = 4}}).value();
      builder.train(atlas::dense(vectors.data(), 400, 8)).value();
      builder.add(support::keys_from(0, 400), atlas::dense(vectors.data(), 400, 8)).value();
      auto moved = static_cast<ivf_pq_builder&&>(builder);
      CHECK(moved.size() == 400);
    }
    CHECK(support::read_whole(folder.path("built.atlas")) == "before");
    CHECK(folder.names() == std::vector<std::string>{"built.atlas"});
  }

  TEST_CASE("a file without vectors, and one whose vectors are all in one list, open") {
    const support::scratch_folder folder;
    const auto sample = support::random_rows_on_line(3, 400, 8);
    for (const std::size_t rows : {std::size_t{0}, std::size_t{500}}) {
      const std::string path = folder.path("built.atlas");
      auto builder = ivf_pq_builder::create(path.c_str(), {.index = {.dimension = 8, .lists = 7}}).value();
      builder.train(atlas::dense(sample.data(), 400, 8)).value();
      const std::vector<float> same(rows * 8, 1.5F);
      builder.add(support::keys_from(0, rows), atlas::dense(same.data(), rows, 8)).value();
      builder.finish().value();
      const auto index = ivf_pq<float>::open(path.c_str()).value();
      CHECK(index.size() == rows);
      const auto found = support::search_one(index, sample.data(), {.k = 600, .probes = 7});
      CHECK(found.keys.size() == rows);
    }
  }
}
