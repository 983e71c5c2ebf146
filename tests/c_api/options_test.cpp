// SPDX-License-Identifier: Apache-2.0
// tests/c_api/options_test.cpp -- struct_size: too small, longer with and without wishes, and nonsense.
#include "c_api/c_api_support.hpp"

#include <cstddef>
#include <cstring>
#include <limits>

namespace {
using namespace c_api_support;
}

TEST_SUITE("c_api") {
  TEST_CASE("struct_size: index options") {
    atlas_index_options options = ATLAS_INDEX_OPTIONS_INIT;
    options.dimension = 3;
    check_struct_size(
        options,
        [](const atlas_index_options* given) {
          atlas_index* index = nullptr;
          const atlas_status status = atlas_index_create(&index, given);
          atlas_index_close(index);
          return status;
        },
        offsetof(atlas_index_options, codes));
  }

  TEST_CASE("struct_size: work options, search options, hits") {
    const index_handle index = filled_index(ATLAS_KIND_FLAT, 3, 2);
    const float values[2] = {1, 2};
    const atlas_matrix query = {values, 1, 0, 2, ATLAS_SCALAR_F32};
    const std::uint64_t key = 1;
    check_struct_size(atlas_work_options ATLAS_WORK_OPTIONS_INIT, [&](const atlas_work_options* given) {
      return atlas_index_upsert(index.get(), &key, &query, given);
    });

    std::uint64_t keys[2];
    float distances[2];
    atlas_hits hits = ATLAS_HITS_INIT;
    hits.rows = 1;
    hits.k = 2;
    hits.keys = keys;
    hits.distances = distances;
    constexpr std::size_t first_search = offsetof(atlas_search_options, strategy);
    check_struct_size(
        atlas_search_options ATLAS_SEARCH_OPTIONS_INIT,
        [&](const atlas_search_options* given) { return atlas_index_search(&hits, index.get(), &query, given); },
        first_search);
    check_struct_size(
        atlas_search_options ATLAS_SEARCH_OPTIONS_INIT,
        [&](const atlas_search_options* given) {
          std::uint64_t found = 0;
          return atlas_index_range(&found, keys, distances, index.get(), &query, 1.0F, 2, given);
        },
        first_search);
    check_struct_size(hits, [&](const atlas_hits* given) {
      return atlas_index_search(const_cast<atlas_hits*>(given), index.get(), &query, nullptr);
    });
    atlas_search_options search = ATLAS_SEARCH_OPTIONS_INIT;
    for (const std::int32_t first_pass : {ATLAS_FIRST_PASS_F32, ATLAS_FIRST_PASS_BF16, ATLAS_FIRST_PASS_I8}) {
      search.first_pass = first_pass;
      CHECK(atlas_index_search(&hits, index.get(), &query, &search) == ATLAS_OK);
    }
    for (const std::int32_t first_pass : {-1, 3, 256}) {
      search.first_pass = first_pass;
      CHECK(atlas_index_search(&hits, index.get(), &query, &search) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("options.first_pass"));
    }
    search.first_pass = 0;
    for (const std::int32_t strategy : {-1, 4, 256}) {
      search.strategy = strategy;
      CHECK(atlas_index_search(&hits, index.get(), &query, &search) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("options.strategy"));
    }
    search.strategy = 0;
    search.reserved_2 = 1;
    CHECK(atlas_index_search(&hits, index.get(), &query, &search) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("options.reserved_2"));
    search.reserved_2 = 0;
    search.reserved_3 = 1;
    CHECK(atlas_index_search(&hits, index.get(), &query, &search) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("options.reserved_3: expected 0, found 1"));
    search.reserved_3 = 0;
    search.estimates_only = 2;
    CHECK(atlas_index_search(&hits, index.get(), &query, &search) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("options.estimates_only: expected 0 or 1, found 2"));
    search.estimates_only = 0;
    search.reserved = 1;
    CHECK(atlas_index_search(&hits, index.get(), &query, &search) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("options.reserved"));

    hits.reserved = 1;
    CHECK(atlas_index_search(&hits, index.get(), &query, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
  }

  TEST_CASE("struct_size: chunk options, chunker options, embedder options") {
    const auto creates = [](const atlas_chunker_options& options) {
      atlas_chunker* chunker = nullptr;
      const atlas_status status = atlas_chunker_create(&chunker, &options);
      atlas_chunker_close(chunker);
      return status;
    };
    check_struct_size(atlas_chunker_options ATLAS_CHUNKER_OPTIONS_INIT, [&](const atlas_chunker_options* given) { return creates(*given); });
    check_struct_size(atlas_content_defined_options ATLAS_CONTENT_DEFINED_OPTIONS_INIT, [&](const atlas_content_defined_options* given) {
      atlas_chunker_options options = ATLAS_CHUNKER_OPTIONS_INIT;
      options.rule = ATLAS_RULE_CONTENT_DEFINED;
      options.content_defined = given;
      return creates(options);
    });
    atlas_semantic_options semantic = ATLAS_SEMANTIC_OPTIONS_INIT;
    semantic.embed = [](float*, const atlas_text*, std::uint64_t, std::uint64_t, void*) { return std::int32_t{0}; };
    semantic.dimension = 4;
    check_struct_size(semantic, [&](const atlas_semantic_options* given) {
      atlas_chunker_options options = ATLAS_CHUNKER_OPTIONS_INIT;
      options.rule = ATLAS_RULE_SEMANTIC;
      options.semantic = given;
      return creates(options);
    });
    check_struct_size(atlas_chunk_options ATLAS_CHUNK_OPTIONS_INIT, [](const atlas_chunk_options* given) {
      std::uint64_t found = 0;
      return atlas_chunk_text(&found, nullptr, "some text", 9, 0, given);
    });
    check_struct_size(atlas_embedder_options ATLAS_EMBEDDER_OPTIONS_INIT, [](const atlas_embedder_options* given) {
      atlas_embedder* embedder = nullptr;
      const atlas_status status = atlas_embedder_create(&embedder, given);
      atlas_embedder_close(embedder);
      return status;
    });
  }

  TEST_CASE("struct_size: a struct that is filled gets zeros where the caller knows more") {
    const index_handle index = filled_index(ATLAS_KIND_FLAT, 3, 2);
    longer<atlas_index_info> newer;
    std::memset(static_cast<void*>(&newer), 0xFF, sizeof newer);
    newer.known.struct_size = static_cast<std::uint32_t>(sizeof newer);
    REQUIRE(atlas_index_describe(&newer.known, index.get()) == ATLAS_OK);
    CHECK(newer.known.struct_size == sizeof newer);
    CHECK(newer.known.size == 3);
    CHECK(newer.unknown[0] == 0);
    CHECK(newer.unknown[1] == 0);

    atlas_index_info shorter = ATLAS_INDEX_INFO_INIT;
    shorter.struct_size = 8;
    CHECK(atlas_index_describe(&shorter, index.get()) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(shorter.size == 0);
  }

  TEST_CASE("numbers that stand for names are checked") {
    atlas_index* index = nullptr;
    atlas_index_options options = ATLAS_INDEX_OPTIONS_INIT;
    options.dimension = 2;
    options.kind = 99;
    CHECK(atlas_index_create(&index, &options) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("kind"));
    options.kind = ATLAS_KIND_FLAT;
    for (const std::int32_t metric : {-1, 5, 1 << 20}) {
      options.metric = metric;
      CHECK(atlas_index_create(&index, &options) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("metric"));
    }
    options.metric = ATLAS_METRIC_HAMMING;
    CHECK(atlas_index_create(&index, &options) == ATLAS_ERR_METRIC_MISMATCH);
    options.metric = ATLAS_METRIC_L2SQ;
    options.scalar = ATLAS_SCALAR_F16;
    CHECK(atlas_index_create(&index, &options) == ATLAS_ERR_SCALAR_MISMATCH);
    CHECK(last_error_says("expected f32, found f16"));
    options.scalar = 77;
    CHECK(atlas_index_create(&index, &options) == ATLAS_ERR_INVALID_ARGUMENT);
    options.scalar = ATLAS_SCALAR_F32;
    options.stored = ATLAS_SCALAR_F16;  // of flat
    CHECK(atlas_index_create(&index, &options) == ATLAS_ERR_SCALAR_MISMATCH);
    CHECK(last_error_says("options.stored of flat: expected f32, found f16"));
    options.stored = ATLAS_SCALAR_F32;
    options.dimension = 0;
    CHECK(atlas_index_create(&index, &options) == ATLAS_ERR_INVALID_ARGUMENT);
    options.dimension = 65'536;
    CHECK(atlas_index_create(&index, &options) == ATLAS_ERR_LIMIT_EXCEEDED);
    options.dimension = 2;
    options.kind = ATLAS_KIND_HNSW;
    options.connectivity = 1;
    CHECK(atlas_index_create(&index, &options) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("connectivity"));
    options.connectivity = 0;
    for (const std::int32_t codes : {-1, 6, 255}) {
      options.codes = codes;
      CHECK(atlas_index_create(&index, &options) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("options.codes"));
    }
    options.codes = ATLAS_CODES_AUTOMATIC;
    for (const std::int32_t stored : {-1, 6, 256}) {
      options.stored = stored;
      CHECK(atlas_index_create(&index, &options) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("options.stored"));
    }
    options.stored = ATLAS_SCALAR_B1;
    CHECK(atlas_index_create(&index, &options) == ATLAS_ERR_SCALAR_MISMATCH);
    options.stored = ATLAS_SCALAR_F32;
    for (const float alpha : {-1.0F, 0.99F, 2.01F, std::numeric_limits<float>::quiet_NaN()}) {
      options.alpha = alpha;
      CHECK(atlas_index_create(&index, &options) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("alpha"));
    }
    CHECK(index == nullptr);
  }
}
