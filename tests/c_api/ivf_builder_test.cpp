// SPDX-License-Identifier: Apache-2.0
// tests/c_api/ivf_builder_test.cpp -- atlas_ivf_builder and atlas_ivf_build_file: the file, what is refused, what is left behind.
#include "c_api/c_api_support.hpp"
#include "support/child_process.hpp"
#include "support/scratch_folder.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <limits>
#include <string>
#include <thread>
#include <vector>

TEST_SUITE("c_api_builder") {
namespace {

using namespace c_api_support;

constexpr std::size_t row_count = 1000;
constexpr std::uint32_t width = 8;

atlas_index_options lists_of_four() {
  atlas_index_options options = ATLAS_INDEX_OPTIONS_INIT;
  options.kind = ATLAS_KIND_IVF_PQ;
  options.dimension = width;
  options.lists = 4;
  options.list_codes = ATLAS_LIST_CODES_SQ8;
  return options;
}
atlas_ivf_build_options build_options(const atlas_index_options& index) {
  atlas_ivf_build_options options = ATLAS_IVF_BUILD_OPTIONS_INIT;
  options.index = &index;
  return options;
}
builder_handle make_builder(const std::string& path, double recall = 0) {
  atlas_index_options index = lists_of_four();
  index.recall = recall;
  const atlas_ivf_build_options options = build_options(index);
  atlas_ivf_builder* builder = nullptr;
  REQUIRE(atlas_ivf_builder_create(&builder, path.c_str(), &options) == ATLAS_OK);
  return builder_handle(builder);
}
builder_handle trained_builder(const std::string& path, const std::vector<float>& sample) {
  builder_handle builder = make_builder(path);
  const atlas_matrix rows = matrix(sample, width);
  REQUIRE(atlas_ivf_builder_train(builder.get(), &rows, nullptr) == ATLAS_OK);
  return builder;
}
atlas_ivf_builder_info info_of(const builder_handle& builder) {
  atlas_ivf_builder_info info = ATLAS_IVF_BUILDER_INFO_INIT;
  REQUIRE(atlas_ivf_builder_describe(&info, builder.get()) == ATLAS_OK);
  return info;
}
atlas_status add(const builder_handle& builder, const std::vector<std::uint64_t>& keys, const std::vector<float>& values,
                 const atlas_save_options* options = nullptr) {
  const atlas_matrix rows = matrix(values, width);
  return atlas_ivf_builder_add(builder.get(), keys.data(), &rows, options);
}
/// A .fbin file.
std::string file_of(const std::vector<float>& values) {
  const std::uint32_t shape[2] = {static_cast<std::uint32_t>(values.size() / width), width};
  std::string bytes(reinterpret_cast<const char*>(shape), sizeof shape);
  return bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}
std::int32_t stop(std::uint64_t, std::uint64_t, void*) { return 1; }
std::int32_t note(std::uint64_t done, std::uint64_t total, void* context) {
  static_cast<std::uint64_t*>(context)[0] = done;
  static_cast<std::uint64_t*>(context)[1] = total;
  return 0;
}

}  // namespace

  TEST_CASE("a file that is built is the one that an index with the same training and adds saves, tuned to the wanted recall") {
    const support::scratch_folder folder;
    const auto values = random_rows(7, row_count, width);
    const atlas_matrix rows = matrix(values, width);
    const auto keys = keys_from(50, row_count);
    atlas_index_options options = lists_of_four();
    options.recall = 0.9;
    atlas_index* made = nullptr;
    REQUIRE(atlas_index_create(&made, &options) == ATLAS_OK);
    const index_handle index(made);
    REQUIRE(atlas_index_train(index.get(), &rows, nullptr) == ATLAS_OK);
    REQUIRE(atlas_index_add(index.get(), keys.data(), &rows, nullptr) == ATLAS_OK);
    atlas_tune_options tuning = ATLAS_TUNE_OPTIONS_INIT;
    tuning.recall = 0.9;
    atlas_tune_result tuned = ATLAS_TUNE_RESULT_INIT;
    REQUIRE(atlas_index_tune(&tuned, index.get(), nullptr, &tuning) == ATLAS_OK);
    CHECK(tuned.recall >= 0.9);
    REQUIRE(atlas_index_save(index.get(), folder.path("index.atlas").c_str(), nullptr) == ATLAS_OK);

    const builder_handle builder = make_builder(folder.path("built.atlas"), 0.9);
    CHECK(info_of(builder).lists == 0);
    CHECK(info_of(builder).dimension == width);
    std::uint64_t last[2] = {};
    atlas_save_options progress = ATLAS_SAVE_OPTIONS_INIT;
    progress.progress = note;
    progress.progress_context = last;
    REQUIRE(atlas_ivf_builder_train(builder.get(), &rows, &progress) == ATLAS_OK);
    CHECK(last[0] != 0);
    REQUIRE(add(builder, keys, values, &progress) == ATLAS_OK);
    CHECK(last[0] == row_count);
    CHECK(last[1] == row_count);
    const atlas_matrix none = {nullptr, 0, 0, width, ATLAS_SCALAR_F32};
    CHECK(atlas_ivf_builder_add(builder.get(), nullptr, &none, nullptr) == ATLAS_OK);
    CHECK(info_of(builder).size == row_count);
    CHECK(info_of(builder).lists == 4);
    CHECK(info_of(builder).code_bytes == width);
    CHECK(folder.names() != std::vector<std::string>{"built.atlas", "index.atlas"});
    REQUIRE(atlas_ivf_builder_finish(builder.get(), &progress) == ATLAS_OK);
    CHECK(last[0] == last[1]);
    CHECK(info_of(builder).size == row_count);
    CHECK(atlas_ivf_builder_finish(builder.get(), nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("a finished one"));
    CHECK(support::read_whole(folder.path("built.atlas")) == support::read_whole(folder.path("index.atlas")));
  }

  TEST_CASE("a builder refuses what does not fit, with the row, and goes on") {
    const support::scratch_folder folder;
    const auto values = random_rows(7, row_count, width);
    const builder_handle untrained = make_builder(folder.path("other.atlas"));
    CHECK(add(untrained, keys_from(0, row_count), values) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("train first"));
    CHECK(atlas_ivf_builder_finish(untrained.get(), nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    const atlas_matrix few = {values.data(), 3, 0, width, ATLAS_SCALAR_F32};
    CHECK(atlas_ivf_builder_train(untrained.get(), &few, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("expected at least 4, found 3"));

    const builder_handle builder = trained_builder(folder.path("built.atlas"), values);
    const atlas_matrix narrow = {values.data(), 10, 0, width / 2, ATLAS_SCALAR_F32};
    const auto keys = keys_from(0, row_count);
    CHECK(atlas_ivf_builder_add(builder.get(), keys.data(), &narrow, nullptr) == ATLAS_ERR_DIMENSION_MISMATCH);
    CHECK(atlas_ivf_builder_train(builder.get(), &narrow, nullptr) == ATLAS_ERR_DIMENSION_MISMATCH);
    const atlas_matrix halves = {values.data(), 10, 0, width, ATLAS_SCALAR_F16};
    CHECK(atlas_ivf_builder_add(builder.get(), keys.data(), &halves, nullptr) == ATLAS_ERR_SCALAR_MISMATCH);
    auto bad = values;
    bad[77 * width + 3] = std::numeric_limits<float>::quiet_NaN();
    CHECK(add(builder, keys, bad) == ATLAS_ERR_NOT_FINITE);
    CHECK(atlas_last_error_row() == 77);
    auto twice = keys;
    twice[500] = 3;
    CHECK(add(builder, twice, values) == ATLAS_ERR_DUPLICATE_KEY);
    CHECK(atlas_last_error_row() == 500);
    CHECK(info_of(builder).size == 0);
    atlas_save_options wrong = ATLAS_SAVE_OPTIONS_INIT;
    wrong.reserved = 1;
    CHECK(add(builder, keys, values, &wrong) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("reserved"));
    CHECK(add(builder, keys, values) == ATLAS_OK);
    CHECK(atlas_ivf_builder_finish(builder.get(), nullptr) == ATLAS_OK);
  }

  TEST_CASE("a builder's options are checked by name") {
    const support::scratch_folder folder;
    atlas_index_options index = lists_of_four();
    const std::string path = folder.path("built.atlas");
    const std::string nowhere = folder.path("nowhere");
    const auto create = [&](const atlas_ivf_build_options* options) {
      atlas_ivf_builder* builder = nullptr;
      const atlas_status said = atlas_ivf_builder_create(&builder, path.c_str(), options);
      CHECK((builder != nullptr) == (said == ATLAS_OK));
      atlas_ivf_builder_close(builder);
      return said;
    };
    const atlas_ivf_build_options good = build_options(index);
    check_struct_size(good, create);
    const auto refuses = [&](auto change, atlas_status why, const char* says) {
      index = lists_of_four();
      atlas_ivf_build_options options = good;
      change(options);
      CHECK(create(&options) == why);
      CHECK(last_error_says(says));
    };
    refuses([&](auto& options) { options.memory_bytes = 1000; }, ATLAS_ERR_INVALID_ARGUMENT, "memory_bytes: expected at least 16 MiB");
    refuses([&](auto& options) { options.temporary_folder = nowhere.c_str(); }, ATLAS_ERR_FILE_NOT_FOUND, "folder");
    refuses([&](auto&) { index.kind = ATLAS_KIND_HNSW; }, ATLAS_ERR_INVALID_ARGUMENT, "options.index.kind");
    refuses([&](auto&) { index.kind = -3; }, ATLAS_ERR_INVALID_ARGUMENT, "a negative number");
    refuses([&](auto&) { index.scalar = ATLAS_SCALAR_I8; }, ATLAS_ERR_SCALAR_MISMATCH, "options.scalar");
    refuses([&](auto&) { index.stored = ATLAS_SCALAR_B1; }, ATLAS_ERR_SCALAR_MISMATCH, "stored");
    refuses([&](auto&) { index.list_codes = 77; }, ATLAS_ERR_INVALID_ARGUMENT, "options.list_codes");
    refuses([&](auto&) { index.rotation = 77; }, ATLAS_ERR_INVALID_ARGUMENT, "options.rotation");
    refuses([&](auto&) { index.dimension = 0; }, ATLAS_ERR_INVALID_ARGUMENT, "dimension");
    refuses([&](auto&) { index.struct_size = 3; }, ATLAS_ERR_INVALID_ARGUMENT, "struct_size");
    index = lists_of_four();
    index.kind = ATLAS_KIND_DEFAULT;
    CHECK(create(&good) == ATLAS_OK);
    CHECK(folder.names().empty());
  }

  TEST_CASE("a cancelled or closed builder leaves the old file, and nothing else") {
    const support::scratch_folder folder;
    const std::string path = folder.write("built.atlas", "before");
    const auto values = random_rows(7, row_count, width);
    const auto keys = keys_from(0, row_count);
    atlas_save_options cancel = ATLAS_SAVE_OPTIONS_INIT;
    cancel.progress = stop;
    {
      const builder_handle builder = trained_builder(path, values);
      CHECK(add(builder, keys, values) == ATLAS_OK);
      CHECK(atlas_ivf_builder_finish(builder.get(), &cancel) == ATLAS_ERR_CANCELLED);
      CHECK(atlas_ivf_builder_finish(builder.get(), nullptr) == ATLAS_ERR_CANCELLED);
    }
    {
      const builder_handle builder = trained_builder(path, values);
      CHECK(add(builder, keys, values) == ATLAS_OK);
    }
    CHECK(support::read_whole(path) == "before");
    CHECK(folder.names() == std::vector<std::string>{"built.atlas"});
  }

  TEST_CASE("vectors of several threads are all taken") {
    const support::scratch_folder folder;
    const auto values = random_rows(7, row_count, width);
    const builder_handle builder = trained_builder(folder.path("built.atlas"), values);
    std::vector<atlas_status> said(4, ATLAS_ERR_INTERNAL);
    std::vector<std::thread> threads;
    for (std::size_t which = 0; which < 4; ++which) {
      threads.emplace_back([&, which] {
        said[which] = ATLAS_OK;
        for (std::size_t part = 0; part < 20; ++part) {
          const auto keys = keys_from(which * 1000 + part * 50, 50);
          const atlas_matrix rows = {values.data() + part * 50 * width, 50, 0, width, ATLAS_SCALAR_F32};
          if (said[which] == ATLAS_OK) said[which] = atlas_ivf_builder_add(builder.get(), keys.data(), &rows, nullptr);
        }
      });
    }
    for (auto& thread : threads) thread.join();
    for (const atlas_status status : said) CHECK(status == ATLAS_OK);
    CHECK(atlas_ivf_builder_finish(builder.get(), nullptr) == ATLAS_OK);
    atlas_index* opened = nullptr;
    REQUIRE(atlas_index_open(&opened, folder.path("built.atlas").c_str(), nullptr) == ATLAS_OK);
    const index_handle index(opened);
    CHECK(size_of(index.get()) == 4 * row_count);
    std::vector<std::uint8_t> are_there(4 * row_count);
    const auto all = keys_from(0, 4 * row_count);
    REQUIRE(atlas_index_contains(are_there.data(), index.get(), all.data(), all.size()) == ATLAS_OK);
    for (const std::uint8_t is_there : are_there) CHECK(is_there == 1);
  }

  TEST_CASE("a file of vectors becomes an index, under its rows' numbers or keys that are given") {
    const support::scratch_folder folder;
    auto values = random_rows(7, row_count, width);
    const std::string vectors = folder.write("vectors.fbin", file_of(values));
    const std::string path = folder.path("built.atlas");
    REQUIRE(atlas_ivf_build_file(path.c_str(), vectors.c_str(), nullptr, 0, nullptr) == ATLAS_OK);
    const auto keys = keys_from(7000, row_count);
    atlas_index_options index = lists_of_four();
    index.dimension = 5;  // the file's counts
    atlas_ivf_build_options options = build_options(index);
    options.train_rows = 300;
    std::uint64_t last[2] = {};
    options.progress = note;
    options.progress_context = last;
    const std::string other = folder.path("other.atlas");
    REQUIRE(atlas_ivf_build_file(other.c_str(), vectors.c_str(), keys.data(), row_count, &options) == ATLAS_OK);
    CHECK(last[0] == 1000);
    CHECK(last[1] == 1000);
    for (const bool has_keys : {false, true}) {
      atlas_index* opened = nullptr;
      REQUIRE(atlas_index_open(&opened, has_keys ? other.c_str() : path.c_str(), nullptr) == ATLAS_OK);
      const index_handle built(opened);
      CHECK(size_of(built.get()) == row_count);
      std::vector<float> got(width);
      const std::uint64_t key = (has_keys ? 7000U : 0U) + 123U;
      REQUIRE(atlas_index_get(got.data(), built.get(), &key, 1, ATLAS_SCALAR_F32, width) == ATLAS_OK);
      CHECK(std::equal(got.begin(), got.end(), values.begin() + 123 * width));
    }

    const auto fails = [&](const std::string& from, const std::uint64_t* with, std::size_t count, const atlas_ivf_build_options* how,
                           atlas_status why, const char* says) {
      CHECK(atlas_ivf_build_file(path.c_str(), from.c_str(), with, count, how) == why);
      CHECK(last_error_says(says));
      CHECK(last_error_says((from + " -> ").c_str()));
    };
    const std::string before = support::read_whole(path);
    fails(folder.path("none.npy"), nullptr, 0, nullptr, ATLAS_ERR_FILE_NOT_FOUND, "none.npy");
    fails(folder.write("a.txt", "x"), nullptr, 0, nullptr, ATLAS_ERR_INVALID_ARGUMENT, "a name ending in .fvecs");
    fails(folder.write("short.fbin", file_of(values).substr(0, 100)), nullptr, 0, nullptr, ATLAS_ERR_CORRUPT_FILE, "vector file bytes");
    fails(vectors, keys.data(), row_count - 1, nullptr, ATLAS_ERR_INVALID_ARGUMENT, "keys.size: expected 1000, found 999");
    auto twice = keys;
    twice[600] = 7000;
    fails(vectors, twice.data(), row_count, nullptr, ATLAS_ERR_DUPLICATE_KEY, "7000");
    CHECK(atlas_last_error_row() == 600);
    options.progress = stop;
    fails(vectors, nullptr, 0, &options, ATLAS_ERR_CANCELLED, "cancelled");
    options.progress = nullptr;
    options.train_rows = 2;
    fails(vectors, nullptr, 0, &options, ATLAS_ERR_INVALID_ARGUMENT, "sample.rows: expected at least 4, found 2");
    values[999 * width] = std::numeric_limits<float>::infinity();
    fails(folder.write("bad.fbin", file_of(values)), nullptr, 0, nullptr, ATLAS_ERR_NOT_FINITE, "row 999");
    CHECK(atlas_last_error_row() == 999);
    CHECK(support::read_whole(path) == before);
    CHECK(folder.names() == std::vector<std::string>{"a.txt", "bad.fbin", "built.atlas", "other.atlas", "short.fbin", "vectors.fbin"});
  }

  TEST_CASE("a full disk is ATLAS_ERR_NO_SPACE, and a fork's child is refused") {
    const support::scratch_folder folder;
    const std::string path = folder.write("built.atlas", "before");
    const auto values = random_rows(7, row_count, width);
    for (const bool is_full : {true, false}) {
      const builder_handle builder = trained_builder(path, values);
      REQUIRE(add(builder, keys_from(0, row_count), values) == ATLAS_OK);
      std::cout.flush();  // what waits there a sanitizer writes from the child too, against the limit
      const auto end = support::in_child([&] {
        const rlimit limit{10'000, 10'000};
        if (is_full && ::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 2;
        if (is_full) {
          const builder_handle own = trained_builder(path, values);
          if (add(own, keys_from(0, row_count), values) != ATLAS_OK) return 3;
          return atlas_ivf_builder_finish(own.get(), nullptr) == ATLAS_ERR_NO_SPACE ? 0 : 1;
        }
        return atlas_ivf_builder_finish(builder.get(), nullptr) == ATLAS_ERR_INVALID_ARGUMENT ? 0 : 1;
      });
      CHECK(end.signal == 0);
      CHECK(end.code == 0);
      CHECK(support::read_whole(path) == "before");
      if (!is_full) CHECK(atlas_ivf_builder_finish(builder.get(), nullptr) == ATLAS_OK);
    }
    CHECK(folder.names() == std::vector<std::string>{"built.atlas"});
    CHECK(support::read_whole(path) != "before");
  }
}
