// SPDX-License-Identifier: Apache-2.0
// tests/c_api/ivf_pq_recall_test.cpp -- an inverted file through C that is made for a recall.
#include "c_api/c_api_support.hpp"
#include "support/scratch_folder.hpp"

#include <limits>

TEST_SUITE("c_api") {
namespace {

using namespace c_api_support;

constexpr std::uint32_t wide = 16;

atlas_index_options lists_options() {
  atlas_index_options options = ATLAS_INDEX_OPTIONS_INIT;
  options.kind = ATLAS_KIND_IVF_PQ;
  options.dimension = wide;
  options.lists = 16;
  return options;
}
index_handle make(const atlas_index_options& options) {
  atlas_index* index = nullptr;
  REQUIRE(atlas_index_create(&index, &options) == ATLAS_OK);
  return index_handle(index);
}
atlas_index_info described(const atlas_index* index) {
  atlas_index_info info = ATLAS_INDEX_INFO_INIT;
  REQUIRE(atlas_index_describe(&info, index) == ATLAS_OK);
  return info;
}

}  // namespace

  TEST_CASE("ivf_pq: a wanted recall is measured by training, and by a tune without queries, and promised in the file") {
    const support::scratch_folder folder;
    const std::string path = folder.path("index.atlas");
    atlas_index_options options = lists_options();
    options.recall = 0.9;
    options.recall_k = 5;
    const index_handle index = make(options);
    const auto values = random_rows(7, 1500, wide);
    const auto keys = keys_from(0, 1500);
    const atlas_matrix all = matrix(values, wide);
    REQUIRE(atlas_index_add(index.get(), keys.data(), &all, nullptr) == ATLAS_OK);
    atlas_index_info info = described(index.get());
    CHECK(info.promised_k == 5);
    CHECK(info.promised_recall >= 0.9F - 1e-6);
    CHECK(info.promised_recall <= 1.0);
    REQUIRE(atlas_index_save(index.get(), path.c_str(), nullptr) == ATLAS_OK);

    atlas_index* opened = nullptr;
    REQUIRE(atlas_index_open(&opened, path.c_str(), nullptr) == ATLAS_OK);
    const index_handle other(opened);
    CHECK(described(opened).promised_recall == info.promised_recall);
    CHECK(described(opened).promised_k == 5);
    atlas_tune_result tuned = ATLAS_TUNE_RESULT_INIT;
    atlas_tune_options how = ATLAS_TUNE_OPTIONS_INIT;
    how.k = 3;
    how.recall = 0.8;
    REQUIRE(atlas_index_tune(&tuned, opened, nullptr, &how) == ATLAS_OK);
    CHECK(tuned.recall >= 0.8);
    info = described(opened);
    CHECK(info.promised_k == 3);
    CHECK(info.promised_recall == doctest::Approx(tuned.recall));
    CHECK(info.probes == tuned.probes);
    const index_handle empty = make(lists_options());
    CHECK(atlas_index_tune(&tuned, empty.get(), nullptr, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("index: expected trained, found not trained yet"));
    const index_handle graph = filled_index(ATLAS_KIND_HNSW, 20, wide);
    CHECK(atlas_index_tune(&tuned, graph.get(), nullptr, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("queries: expected a pointer, found NULL"));
  }

  TEST_CASE("ivf_pq: a recall that is none, and answers that are none, are refused with what was expected and found") {
    const auto refused = [](auto set, const char* text) {
      CAPTURE(text);
      atlas_index_options options = lists_options();
      set(options);
      atlas_index* index = nullptr;
      CHECK(atlas_index_create(&index, &options) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says(text));
      CHECK(index == nullptr);
    };
    for (const double wrong : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
      refused([&](atlas_index_options& o) { o.recall = wrong; }, "recall: expected 0 to 1, found another number");
    }
    refused([](atlas_index_options& o) { o.recall_k = UINT32_MAX; }, "recall_k: expected 1 to 2^32 - 2, found 4294967295");
  }
}
