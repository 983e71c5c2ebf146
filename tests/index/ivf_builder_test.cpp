// SPDX-License-Identifier: Apache-2.0
// tests/index/ivf_builder_test.cpp -- mirrors include/atlas/index/ivf_builder.hpp, ivf_file_build.hpp and ivf_spill.hpp.
#include <atlas/ivf_pq.hpp>

#include "support/error_line.hpp"
#include "support/index_answers.hpp"
#include "support/index_cases.hpp"
#include "support/index_model.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
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

std::vector<float> rows_of(std::uint64_t seed, std::size_t rows, std::size_t dimension) {
  auto values = support::random_vector(seed, rows * dimension);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += static_cast<float>(i / dimension % 7) * 2.0F;
  return values;
}
/// Whether an answer is this error, of this field.
template <class Answer>
bool names(const Answer& answer, errc code, const char* field) {
  return failed_as(answer, code) && std::strcmp(answer.error().field, field) == 0;
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
  std::vector<float> vectors = rows_of(3, 400, 8);
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
          CAPTURE(static_cast<int>(codes));
          CAPTURE(static_cast<int>(metric));
          CAPTURE(static_cast<int>(stored));
          constexpr std::size_t rows = 2000;
          constexpr std::size_t dimension = 24;
          const auto vectors = rows_of(1, rows, dimension);
          const auto keys = scattered_keys(rows);
          const bool is_learned = codes == ivf_codes::pq8 && stored == atlas::scalar::f32;
          const atlas::ivf_pq_options options{.dimension = dimension, .metric = metric, .lists = 12, .codes = codes,
                                              .rotation = is_learned ? ivf_rotation::learned : ivf_rotation::automatic, .probes = 3, .rerank = 5, .stored = stored};
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
    const auto vectors = rows_of(4, rows, dimension);
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
    ivf_pq_builder::build(path.c_str(), source, {.memory_bytes = std::size_t{16} << 20, .on_progress = report}).value();
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
    const auto cancel = [](std::uint64_t done, std::uint64_t) noexcept { return done < 500; };
    CHECK(failed_as(ivf_pq_builder::build(folder.path("other.atlas").c_str(), source, {.on_progress = cancel}), errc::cancelled));
    CHECK(folder.names() == std::vector<std::string>{"built.atlas", "vectors.npy"});
  }

  TEST_CASE("build: a vector that cannot be taken is named by its row, and no file comes to be") {
    const support::scratch_folder folder;
    auto vectors = rows_of(4, 3000, 6);
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

  TEST_CASE("a temporary folder that is not there is refused when it is needed, by name") {
    const support::scratch_folder folder;
    const std::string nowhere = folder.path("nowhere");
    auto builder = ivf_pq_builder::create(folder.path("built.atlas").c_str(), {.index = {.dimension = 8, .lists = 2, .codes = ivf_codes::flat}, .temporary_folder = nowhere.c_str()}).value();
    const auto sample = rows_of(1, 100, 8);
    CHECK(failed_as(builder.train(atlas::dense(sample.data(), 100, 8)), errc::file_not_found));
    CHECK(failed_as(builder.finish(), errc::file_not_found));
  }

  TEST_CASE("calls out of order are refused, and the builder goes on") {
    const support::scratch_folder folder;
    const auto vectors = rows_of(2, 100, 8);
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
      const auto vectors = rows_of(3, 400, 8);
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
    const auto sample = rows_of(3, 400, 8);
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

  TEST_CASE("spill: each column comes back in the order of lists, whatever the ranges and windows") {
    const support::scratch_folder folder;
    constexpr std::size_t dimension = 4;
    const auto sample = rows_of(5, 300, dimension);
    atlas::ivf_pq_options options{.dimension = dimension, .lists = 9, .codes = ivf_codes::sq8, .rotation = ivf_rotation::none};
    atlas::detail::ivf_model model;
    model.train(atlas::dense(sample.data(), 300, dimension), options, 1, {}).value();
    for (const std::uint32_t ranges : {1U, 2U, 5U, 9U}) {
      for (const std::size_t window_bytes : {std::size_t{1}, std::size_t{70}, std::size_t{1} << 20}) {
        CAPTURE(ranges);
        CAPTURE(window_bytes);
        atlas::detail::ivf_spill spill;
        spill.create(folder.path().c_str(), 9, ranges, model.coder().layout().code_bytes, dimension * sizeof(float)).value();
        atlas::thread_pool pool(1);
        atlas::detail::ivf_encoding encoding;
        std::vector<std::vector<std::uint64_t>> keys_of_lists(9);
        std::uint64_t next_key = 0;
        for (const std::size_t count : {std::size_t{3}, std::size_t{100}, std::size_t{40}}) {
          const auto vectors = rows_of(6 + count, count, dimension);
          encoding.encode(model, atlas::metric::l2sq, count, pool, 1, [&](std::size_t i, float* out) noexcept {
            std::memcpy(out, vectors.data() + i * dimension, dimension * sizeof(float));
          }).value();
          std::vector<std::uint64_t> keys(count);
          for (auto& key : keys) key = next_key++;
          // A row's vector begins with its key, so that it is known again.
          auto marked = vectors;
          for (std::size_t i = 0; i < count; ++i) marked[i * dimension] = static_cast<float>(keys[i]);
          spill.append(encoding, count, keys.data(), reinterpret_cast<const std::byte*>(marked.data())).value();
          for (std::size_t i = 0; i < count; ++i) keys_of_lists[encoding.list(i)].push_back(keys[i]);
        }
        spill.number_rows();
        std::vector<std::uint64_t> want;
        for (std::uint32_t list = 0; list < 9; ++list) {
          CHECK(spill.first_row(list) == want.size());
          want.insert(want.end(), keys_of_lists[list].begin(), keys_of_lists[list].end());
        }
        REQUIRE(spill.row_count() == want.size());
        atlas::detail::ordered_rows keys(spill, atlas::detail::spill_column::keys, window_bytes);
        atlas::detail::ordered_rows vectors(spill, atlas::detail::spill_column::vectors, window_bytes);
        for (std::size_t first = 0; first < want.size();) {
          const std::size_t count = std::min<std::size_t>(first % 5 + 1, want.size() - first);
          std::uint64_t got[5];
          float marked[5 * dimension];
          keys.read(count, reinterpret_cast<std::byte*>(got)).value();
          vectors.read(count, reinterpret_cast<std::byte*>(marked)).value();
          for (std::size_t i = 0; i < count; ++i) {
            CHECK(got[i] == want[first + i]);
            CHECK(marked[i * dimension] == static_cast<float>(want[first + i]));
          }
          first += count;
        }
        CHECK(folder.names().empty());
      }
    }
  }
}
