// SPDX-License-Identifier: Apache-2.0
// tests/c_api/null_test.cpp -- every function of atlas.h that is not about texts, with NULL for each pointer that it needs.
//
// tests/abi/test_exports.py checks that each function of the header is named here or in null_texts_test.cpp.
#include "c_api/c_api_support.hpp"
#include "support/scratch_folder.hpp"

#include <string>

namespace {
using namespace c_api_support;
}

TEST_SUITE("c_api") {
  TEST_CASE("NULL is refused by every function of atlas_index that needs a pointer") {
    const index_handle handle = filled_index(ATLAS_KIND_FLAT, 4, 2);
    atlas_index* index = handle.get();
    atlas_index* made = nullptr;
    atlas_index_options options = ATLAS_INDEX_OPTIONS_INIT;
    options.dimension = 2;
    const std::uint64_t keys[2] = {0, 1};
    const float values[4] = {1, 2, 3, 4};
    const atlas_matrix vectors = {values, 2, 0, 2, ATLAS_SCALAR_F32};
    const atlas_matrix no_data = {nullptr, 2, 0, 2, ATLAS_SCALAR_F32};
    const atlas_matrix query = {values, 1, 0, 2, ATLAS_SCALAR_F32};
    std::uint64_t out_keys[8] = {};
    float out_floats[8] = {};
    std::uint8_t out_bytes[2] = {};
    std::uint64_t count = 0;
    std::uint64_t cursor = 0;

    refuses_null(atlas_index_create(nullptr, &options));
    refuses_null(atlas_index_create(&made, nullptr));
    refuses_null(atlas_index_open(nullptr, "x", nullptr));
    refuses_null(atlas_index_open(&made, nullptr, nullptr));
    CHECK(made == nullptr);
    atlas_index_close(nullptr);

    atlas_index_info info = ATLAS_INDEX_INFO_INIT;
    refuses_null(atlas_index_describe(nullptr, index));
    refuses_null(atlas_index_describe(&info, nullptr));

    refuses_null(atlas_index_add(nullptr, keys, &vectors, nullptr));
    refuses_null(atlas_index_add(index, nullptr, &vectors, nullptr));
    refuses_null(atlas_index_add(index, keys, nullptr, nullptr));
    refuses_null(atlas_index_add(index, keys, &no_data, nullptr));
    refuses_null(atlas_index_upsert(nullptr, keys, &vectors, nullptr));
    refuses_null(atlas_index_upsert(index, nullptr, &vectors, nullptr));
    refuses_null(atlas_index_upsert(index, keys, nullptr, nullptr));
    refuses_null(atlas_index_upsert(index, keys, &no_data, nullptr));
    refuses_null(atlas_index_remove(nullptr, keys, 2));
    refuses_null(atlas_index_remove(index, nullptr, 2));
    refuses_null(atlas_index_remove_stored(&count, nullptr, keys, 2));
    refuses_null(atlas_index_remove_stored(&count, index, nullptr, 2));
    refuses_null(atlas_index_contains(nullptr, index, keys, 2));
    refuses_null(atlas_index_contains(out_bytes, nullptr, keys, 2));
    refuses_null(atlas_index_contains(out_bytes, index, nullptr, 2));
    refuses_null(atlas_index_get(nullptr, index, keys, 2, ATLAS_SCALAR_F32, 2));
    refuses_null(atlas_index_get(out_floats, nullptr, keys, 2, ATLAS_SCALAR_F32, 2));
    refuses_null(atlas_index_get(out_floats, index, nullptr, 2, ATLAS_SCALAR_F32, 2));

    atlas_hits hits = ATLAS_HITS_INIT;
    hits.rows = 2;
    hits.k = 4;
    hits.keys = out_keys;
    hits.distances = out_floats;
    refuses_null(atlas_index_search(nullptr, index, &vectors, nullptr));
    refuses_null(atlas_index_search(&hits, nullptr, &vectors, nullptr));
    refuses_null(atlas_index_search(&hits, index, nullptr, nullptr));
    refuses_null(atlas_index_search(&hits, index, &no_data, nullptr));
    hits.keys = nullptr;
    refuses_null(atlas_index_search(&hits, index, &vectors, nullptr));
    hits.keys = out_keys;
    hits.distances = nullptr;
    refuses_null(atlas_index_search(&hits, index, &vectors, nullptr));
    hits.distances = out_floats;
    atlas_search_options search = ATLAS_SEARCH_OPTIONS_INIT;
    search.allowed_bits = 64;
    refuses_null(atlas_index_search(&hits, index, &vectors, &search));

    refuses_null(atlas_index_range(nullptr, out_keys, out_floats, index, &query, 1.0F, 4, nullptr));
    refuses_null(atlas_index_range(&count, nullptr, out_floats, index, &query, 1.0F, 4, nullptr));
    refuses_null(atlas_index_range(&count, out_keys, nullptr, index, &query, 1.0F, 4, nullptr));
    refuses_null(atlas_index_range(&count, out_keys, out_floats, nullptr, &query, 1.0F, 4, nullptr));
    refuses_null(atlas_index_range(&count, out_keys, out_floats, index, nullptr, 1.0F, 4, nullptr));
    refuses_null(atlas_index_range(&count, out_keys, out_floats, index, &query, 1.0F, 4, &search));
    refuses_null(atlas_index_distances(nullptr, index, &vectors, keys, 2));
    refuses_null(atlas_index_distances(out_floats, nullptr, &vectors, keys, 2));
    refuses_null(atlas_index_distances(out_floats, index, nullptr, keys, 2));
    refuses_null(atlas_index_distances(out_floats, index, &no_data, keys, 2));
    refuses_null(atlas_index_distances(out_floats, index, &vectors, nullptr, 2));
    refuses_null(atlas_index_list_keys(nullptr, out_keys, &cursor, index, 8));
    refuses_null(atlas_index_list_keys(&count, nullptr, &cursor, index, 8));
    refuses_null(atlas_index_list_keys(&count, out_keys, nullptr, index, 8));
    refuses_null(atlas_index_list_keys(&count, out_keys, &cursor, nullptr, 8));
    refuses_null(atlas_index_reserve(nullptr, 10));
    refuses_null(atlas_index_compact(nullptr));
    refuses_null(atlas_index_train(nullptr, &vectors, nullptr));
    refuses_null(atlas_index_train(index, nullptr, nullptr));
    refuses_null(atlas_index_train(index, &no_data, nullptr));
    refuses_null(atlas_index_retrain(nullptr, nullptr));
    refuses_null(atlas_index_tune(nullptr, nullptr, &vectors, nullptr));
    refuses_null(atlas_index_tune(nullptr, index, nullptr, nullptr));
    refuses_null(atlas_index_tune(nullptr, index, &no_data, nullptr));
    refuses_null(atlas_index_seal(nullptr, "x", nullptr));
    refuses_null(atlas_index_seal(index, nullptr, nullptr));
    refuses_null(atlas_index_save(nullptr, "x", nullptr));
    refuses_null(atlas_index_save(index, nullptr, nullptr));
    refuses_null(atlas_file_verify(nullptr, nullptr));

    CHECK(size_of(index) == 4);
    CHECK(count == 0);
    CHECK(out_keys[0] == 0);
    CHECK(out_floats[0] == 0.0F);
  }

  TEST_CASE("NULL is refused by distances, chunks and instruction sets") {
    const float values[4] = {1, 2, 3, 4};
    const atlas_matrix rows = {values, 2, 0, 2, ATLAS_SCALAR_F32};
    const atlas_matrix no_data = {nullptr, 2, 0, 2, ATLAS_SCALAR_F32};
    float out[4] = {};
    refuses_null(atlas_distances(nullptr, &rows, &rows, ATLAS_METRIC_L2SQ));
    refuses_null(atlas_distances(out, nullptr, &rows, ATLAS_METRIC_L2SQ));
    refuses_null(atlas_distances(out, &rows, nullptr, ATLAS_METRIC_L2SQ));
    refuses_null(atlas_distances(out, &no_data, &rows, ATLAS_METRIC_L2SQ));
    refuses_null(atlas_distances(out, &rows, &no_data, ATLAS_METRIC_L2SQ));
    const std::uint64_t ids[2] = {0, 1};
    refuses_null(atlas_distances_of_rows(nullptr, &rows, &rows, ids, 2, ATLAS_METRIC_L2SQ));
    refuses_null(atlas_distances_of_rows(out, nullptr, &rows, ids, 2, ATLAS_METRIC_L2SQ));
    refuses_null(atlas_distances_of_rows(out, &rows, nullptr, ids, 2, ATLAS_METRIC_L2SQ));
    refuses_null(atlas_distances_of_rows(out, &rows, &no_data, ids, 2, ATLAS_METRIC_L2SQ));
    refuses_null(atlas_distances_of_rows(out, &rows, &rows, nullptr, 2, ATLAS_METRIC_L2SQ));

    std::uint64_t keys[4] = {};
    atlas_hits hits = ATLAS_HITS_INIT;
    hits.rows = 2;
    hits.k = 1;
    hits.keys = keys;
    hits.distances = out;
    refuses_null(atlas_nearest(nullptr, &rows, &rows, ATLAS_METRIC_L2SQ, nullptr));
    refuses_null(atlas_nearest(&hits, nullptr, &rows, ATLAS_METRIC_L2SQ, nullptr));
    refuses_null(atlas_nearest(&hits, &rows, nullptr, ATLAS_METRIC_L2SQ, nullptr));
    refuses_null(atlas_nearest(&hits, &rows, &no_data, ATLAS_METRIC_L2SQ, nullptr));
    hits.keys = nullptr;
    refuses_null(atlas_nearest(&hits, &rows, &rows, ATLAS_METRIC_L2SQ, nullptr));
    hits.keys = keys;
    hits.distances = nullptr;
    refuses_null(atlas_nearest(&hits, &rows, &rows, ATLAS_METRIC_L2SQ, nullptr));

    refuses_null(atlas_norms(nullptr, &rows));
    refuses_null(atlas_norms(out, nullptr));
    refuses_null(atlas_norms(out, &no_data));
    refuses_null(atlas_normalize(nullptr, nullptr, &rows, 0));
    refuses_null(atlas_normalize(out, nullptr, nullptr, 0));
    refuses_null(atlas_mean(nullptr, &rows));
    refuses_null(atlas_mean(out, nullptr));
    refuses_null(atlas_consecutive_cosine(nullptr, &rows));
    refuses_null(atlas_consecutive_cosine(out, nullptr));
    refuses_null(atlas_i8_scales(nullptr, &rows, ATLAS_SCALING_PER_ROW));
    refuses_null(atlas_i8_scales(out, nullptr, ATLAS_SCALING_PER_ROW));
    refuses_null(atlas_convert(nullptr, ATLAS_SCALAR_F16, &rows, 0, nullptr, 0));
    refuses_null(atlas_convert(out, ATLAS_SCALAR_F16, nullptr, 0, nullptr, 0));
    refuses_null(atlas_convert(out, ATLAS_SCALAR_I8, &rows, 0, nullptr, ATLAS_SCALING_PER_ROW));
    const std::uint8_t codes[2] = {0, 1};
    const atlas_matrix code_rows = {codes, 2, 0, 1, ATLAS_SCALAR_U8};
    refuses_null(atlas_pq_distances(nullptr, values, nullptr));
    refuses_null(atlas_pq_distances(out, nullptr, &code_rows));
    CHECK(out[0] == 0.0F);
    CHECK(keys[0] == 0);

    std::uint64_t found = 0;
    atlas_chunk chunks[4] = {};
    refuses_null(atlas_chunk_text(nullptr, chunks, "text", 4, 4, nullptr));
    refuses_null(atlas_chunk_text(&found, nullptr, "text", 4, 4, nullptr));
    refuses_null(atlas_chunk_text(&found, chunks, nullptr, 4, 4, nullptr));
    refuses_null(atlas_simd_force(nullptr));
  }

  TEST_CASE("NULL is refused by every function of atlas_shards that needs a pointer") {
    const support::scratch_folder scratch;
    const std::string file = scratch.path("a.atlas");
    const index_handle index = filled_index(ATLAS_KIND_FLAT, 4, 2);
    REQUIRE(atlas_index_save(index.get(), file.c_str(), nullptr) == ATLAS_OK);
    const char* const paths[2] = {file.c_str(), nullptr};
    atlas_shards* made = nullptr;
    REQUIRE(atlas_shards_open_files(&made, paths, 1, nullptr) == ATLAS_OK);
    const shards_handle shards(made);
    const std::string list = scratch.path("all.shards");
    const std::uint64_t keys[2] = {0, 1};
    const float values[4] = {1, 2, 3, 4};
    const atlas_matrix queries = {values, 2, 0, 2, ATLAS_SCALAR_F32};
    const atlas_matrix query = {values, 1, 0, 2, ATLAS_SCALAR_F32};
    const atlas_matrix no_data = {nullptr, 2, 0, 2, ATLAS_SCALAR_F32};
    std::uint64_t out_keys[8] = {};
    float out_floats[8] = {};
    std::uint64_t count = 0;
    std::uint64_t cursor = 0;

    refuses_null(atlas_shards_write(nullptr, paths, 1));
    refuses_null(atlas_shards_write(list.c_str(), nullptr, 1));
    CHECK(atlas_shards_write(list.c_str(), paths, 2) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("null"));
    CHECK(atlas_last_error_row() == 1);
    refuses_null(atlas_shards_open(nullptr, file.c_str(), nullptr));
    refuses_null(atlas_shards_open(&made, nullptr, nullptr));
    refuses_null(atlas_shards_open_files(nullptr, paths, 1, nullptr));
    refuses_null(atlas_shards_open_files(&made, nullptr, 1, nullptr));
    refuses_null(atlas_shards_open_files(&made, paths, 2, nullptr));
    CHECK(atlas_last_error_row() == 1);
    atlas_shards_close(nullptr);

    atlas_shards_info info = ATLAS_SHARDS_INFO_INIT;
    atlas_shard_info one = ATLAS_SHARD_INFO_INIT;
    refuses_null(atlas_shards_describe(nullptr, shards.get()));
    refuses_null(atlas_shards_describe(&info, nullptr));
    refuses_null(atlas_shards_describe_shard(nullptr, shards.get(), 0));
    refuses_null(atlas_shards_describe_shard(&one, nullptr, 0));

    atlas_hits hits = ATLAS_HITS_INIT;
    hits.rows = 2;
    hits.k = 4;
    hits.keys = out_keys;
    hits.distances = out_floats;
    atlas_shards_answer answer = ATLAS_SHARDS_ANSWER_INIT;
    refuses_null(atlas_shards_search(nullptr, &answer, shards.get(), &queries, nullptr));
    refuses_null(atlas_shards_search(&hits, nullptr, shards.get(), &queries, nullptr));
    refuses_null(atlas_shards_search(&hits, &answer, nullptr, &queries, nullptr));
    refuses_null(atlas_shards_search(&hits, &answer, shards.get(), nullptr, nullptr));
    refuses_null(atlas_shards_search(&hits, &answer, shards.get(), &no_data, nullptr));
    hits.keys = nullptr;
    refuses_null(atlas_shards_search(&hits, &answer, shards.get(), &queries, nullptr));
    hits.keys = out_keys;
    hits.distances = nullptr;
    refuses_null(atlas_shards_search(&hits, &answer, shards.get(), &queries, nullptr));
    atlas_search_options search = ATLAS_SEARCH_OPTIONS_INIT;
    search.allowed_bits = 64;
    refuses_null(atlas_shards_range(nullptr, out_keys, out_floats, shards.get(), &query, 1.0F, 4, nullptr));
    refuses_null(atlas_shards_range(&answer, nullptr, out_floats, shards.get(), &query, 1.0F, 4, nullptr));
    refuses_null(atlas_shards_range(&answer, out_keys, nullptr, shards.get(), &query, 1.0F, 4, nullptr));
    refuses_null(atlas_shards_range(&answer, out_keys, out_floats, nullptr, &query, 1.0F, 4, nullptr));
    refuses_null(atlas_shards_range(&answer, out_keys, out_floats, shards.get(), nullptr, 1.0F, 4, nullptr));
    refuses_null(atlas_shards_range(&answer, out_keys, out_floats, shards.get(), &query, 1.0F, 4, &search));

    refuses_null(atlas_shards_find(nullptr, shards.get(), keys, 2));
    refuses_null(atlas_shards_find(out_keys, nullptr, keys, 2));
    refuses_null(atlas_shards_find(out_keys, shards.get(), nullptr, 2));
    refuses_null(atlas_shards_get(nullptr, shards.get(), keys, 2, ATLAS_SCALAR_F32, 2));
    refuses_null(atlas_shards_get(out_floats, nullptr, keys, 2, ATLAS_SCALAR_F32, 2));
    refuses_null(atlas_shards_get(out_floats, shards.get(), nullptr, 2, ATLAS_SCALAR_F32, 2));
    refuses_null(atlas_shards_distances(nullptr, shards.get(), &queries, keys, 2));
    refuses_null(atlas_shards_distances(out_floats, nullptr, &queries, keys, 2));
    refuses_null(atlas_shards_distances(out_floats, shards.get(), nullptr, keys, 2));
    refuses_null(atlas_shards_distances(out_floats, shards.get(), &queries, nullptr, 2));
    refuses_null(atlas_shards_list_keys(nullptr, out_keys, &cursor, shards.get(), 8));
    refuses_null(atlas_shards_list_keys(&count, nullptr, &cursor, shards.get(), 8));
    refuses_null(atlas_shards_list_keys(&count, out_keys, nullptr, shards.get(), 8));
    refuses_null(atlas_shards_list_keys(&count, out_keys, &cursor, nullptr, 8));
    CHECK(out_keys[0] == 0);
    CHECK(out_floats[0] == 0.0F);
    CHECK(answer.listed == 0);
    CHECK(count == 0);
  }

  TEST_CASE("NULL is refused by every function of atlas_folder that needs a pointer") {
    const support::scratch_folder scratch;
    scratch.write("docs/a.txt", "A text about apples.\n");
    const std::string docs = scratch.path("docs");
    const std::string file = scratch.path("docs.atlas");
    REQUIRE(atlas_folder_build(nullptr, docs.c_str(), file.c_str(), nullptr) == ATLAS_OK);
    atlas_open_options change = ATLAS_OPEN_OPTIONS_INIT;
    change.mode = ATLAS_OPEN_CHANGE;
    atlas_folder* opened = nullptr;
    REQUIRE(atlas_folder_open(&opened, file.c_str(), &change) == ATLAS_OK);
    const folder_handle folder(opened);
    atlas_folder_report report = ATLAS_FOLDER_REPORT_INIT;
    atlas_folder_info info = ATLAS_FOLDER_INFO_INIT;
    atlas_folder_hit hit = {};
    std::uint64_t found = 0;

    refuses_null(atlas_folder_build(&report, nullptr, file.c_str(), nullptr));
    refuses_null(atlas_folder_build(&report, docs.c_str(), nullptr, nullptr));
    refuses_null(atlas_folder_open(nullptr, file.c_str(), nullptr));
    refuses_null(atlas_folder_open(&opened, nullptr, nullptr));
    atlas_folder_close(nullptr);
    refuses_null(atlas_folder_describe(nullptr, opened));
    refuses_null(atlas_folder_describe(&info, nullptr));
    refuses_null(atlas_folder_search(nullptr, &hit, opened, "a", 1, 1, nullptr));
    refuses_null(atlas_folder_search(&found, nullptr, opened, "a", 1, 1, nullptr));
    refuses_null(atlas_folder_search(&found, &hit, nullptr, "a", 1, 1, nullptr));
    refuses_null(atlas_folder_search(&found, &hit, opened, nullptr, 1, 1, nullptr));
    atlas_folder_heading headings[ATLAS_FOLDER_MOST_HEADINGS] = {};
    refuses_null(atlas_folder_headings(nullptr, headings, opened, 0));
    refuses_null(atlas_folder_headings(&found, nullptr, opened, 0));
    refuses_null(atlas_folder_headings(&found, headings, nullptr, 0));
    refuses_null(atlas_folder_add_document(nullptr, "b.txt", "b", 1));
    refuses_null(atlas_folder_add_document(opened, nullptr, "b", 1));
    refuses_null(atlas_folder_add_document(opened, "b.txt", nullptr, 1));
    refuses_null(atlas_folder_remove_document(nullptr, "a.txt"));
    refuses_null(atlas_folder_remove_document(opened, nullptr));
    refuses_null(atlas_folder_save(nullptr, file.c_str(), nullptr));
    refuses_null(atlas_folder_save(opened, nullptr, nullptr));
    refuses_null(atlas_folder_update(&report, nullptr, docs.c_str(), file.c_str(), nullptr));
    refuses_null(atlas_folder_update(&report, opened, nullptr, file.c_str(), nullptr));
    refuses_null(atlas_folder_update(&report, opened, docs.c_str(), nullptr, nullptr));
    refuses_null(atlas_folder_compact(&report, nullptr, file.c_str(), nullptr));
    refuses_null(atlas_folder_compact(&report, opened, nullptr, nullptr));
    CHECK(report.files == 0);
    CHECK(found == 0);
  }

  TEST_CASE("NULL is refused by every function of atlas_ivf_builder that needs a pointer") {
    const support::scratch_folder scratch;
    const std::string path = scratch.path("built.atlas");
    atlas_index_options index = ATLAS_INDEX_OPTIONS_INIT;
    index.dimension = 2;
    index.lists = 1;
    atlas_ivf_build_options options = ATLAS_IVF_BUILD_OPTIONS_INIT;
    atlas_ivf_builder* made = nullptr;
    refuses_null(atlas_ivf_builder_create(&made, path.c_str(), nullptr));
    refuses_null(atlas_ivf_builder_create(&made, path.c_str(), &options));  // options.index
    options.index = &index;
    refuses_null(atlas_ivf_builder_create(nullptr, path.c_str(), &options));
    refuses_null(atlas_ivf_builder_create(&made, nullptr, &options));
    CHECK(made == nullptr);
    CHECK(scratch.names().empty());
    atlas_ivf_builder_close(nullptr);

    REQUIRE(atlas_ivf_builder_create(&made, path.c_str(), &options) == ATLAS_OK);
    const builder_handle builder(made);
    const auto values = random_rows(1, 100, 2);
    const auto keys = keys_from(0, 100);
    const atlas_matrix rows = matrix(values, 2);
    const atlas_matrix no_data = {nullptr, 2, 0, 2, ATLAS_SCALAR_F32};
    atlas_ivf_builder_info info = ATLAS_IVF_BUILDER_INFO_INIT;
    refuses_null(atlas_ivf_builder_describe(nullptr, made));
    refuses_null(atlas_ivf_builder_describe(&info, nullptr));
    refuses_null(atlas_ivf_builder_train(nullptr, &rows, nullptr));
    refuses_null(atlas_ivf_builder_train(made, nullptr, nullptr));
    refuses_null(atlas_ivf_builder_train(made, &no_data, nullptr));
    REQUIRE(atlas_ivf_builder_train(made, &rows, nullptr) == ATLAS_OK);
    refuses_null(atlas_ivf_builder_add(nullptr, keys.data(), &rows, nullptr));
    refuses_null(atlas_ivf_builder_add(made, nullptr, &rows, nullptr));
    refuses_null(atlas_ivf_builder_add(made, keys.data(), nullptr, nullptr));
    refuses_null(atlas_ivf_builder_add(made, keys.data(), &no_data, nullptr));
    refuses_null(atlas_ivf_builder_finish(nullptr, nullptr));
    refuses_null(atlas_ivf_build_file(nullptr, "x.npy", nullptr, 0, nullptr));
    refuses_null(atlas_ivf_build_file(path.c_str(), nullptr, nullptr, 0, nullptr));
    refuses_null(atlas_ivf_build_file(path.c_str(), "x.npy", nullptr, 3, nullptr));
    REQUIRE(atlas_ivf_builder_describe(&info, made) == ATLAS_OK);
    CHECK(info.size == 0);
  }

  TEST_CASE("NULL is refused by k-means and every function of atlas_quantizer and atlas_rotation that needs a pointer") {
    const auto values = random_rows(1, 20, 2);
    const atlas_matrix rows = matrix(values, 2);
    const atlas_matrix no_data = {nullptr, 20, 0, 2, ATLAS_SCALAR_F32};
    std::uint8_t bytes[40] = {};
    const atlas_matrix codes = {bytes, 20, 0, 2, ATLAS_SCALAR_U8};
    const atlas_matrix no_codes = {nullptr, 20, 0, 2, ATLAS_SCALAR_U8};
    float floats[400] = {};
    std::uint32_t ids[20] = {};
    std::uint64_t needed = 0;
    refuses_null(atlas_kmeans(nullptr, ids, ids, nullptr, &rows, 3, nullptr));
    refuses_null(atlas_kmeans(floats, ids, ids, nullptr, nullptr, 3, nullptr));
    refuses_null(atlas_kmeans(floats, ids, ids, nullptr, &no_data, 3, nullptr));
    refuses_null(atlas_assign_to_centroids(nullptr, floats, &rows, &rows, nullptr));
    refuses_null(atlas_assign_to_centroids(ids, floats, nullptr, &rows, nullptr));
    refuses_null(atlas_assign_to_centroids(ids, floats, &rows, nullptr, nullptr));
    refuses_null(atlas_assign_to_centroids(ids, floats, &rows, &no_data, nullptr));

    atlas_quantizer_options scalar = ATLAS_QUANTIZER_OPTIONS_INIT;
    scalar.kind = ATLAS_QUANTIZER_SCALAR;
    atlas_quantizer* made = nullptr;
    REQUIRE(atlas_quantizer_train(&made, &rows, &scalar) == ATLAS_OK);
    const quantizer_handle quantizer(made);
    atlas_quantizer* other = nullptr;
    refuses_null(atlas_quantizer_train(nullptr, &rows, &scalar));
    refuses_null(atlas_quantizer_train(&other, nullptr, &scalar));
    refuses_null(atlas_quantizer_train(&other, &no_data, &scalar));
    refuses_null(atlas_quantizer_open_state(nullptr, bytes, 40));
    refuses_null(atlas_quantizer_open_state(&other, nullptr, 40));
    CHECK(other == nullptr);
    atlas_quantizer_close(nullptr);
    atlas_quantizer_info info = ATLAS_QUANTIZER_INFO_INIT;
    refuses_null(atlas_quantizer_describe(nullptr, made));
    refuses_null(atlas_quantizer_describe(&info, nullptr));
    refuses_null(atlas_quantizer_encode(nullptr, made, &rows, nullptr));
    refuses_null(atlas_quantizer_encode(bytes, nullptr, &rows, nullptr));
    refuses_null(atlas_quantizer_encode(bytes, made, nullptr, nullptr));
    refuses_null(atlas_quantizer_encode(bytes, made, &no_data, nullptr));
    refuses_null(atlas_quantizer_decode(nullptr, made, &codes, nullptr));
    refuses_null(atlas_quantizer_decode(floats, nullptr, &codes, nullptr));
    refuses_null(atlas_quantizer_decode(floats, made, nullptr, nullptr));
    refuses_null(atlas_quantizer_decode(floats, made, &no_codes, nullptr));
    double share = 0;
    refuses_null(atlas_quantizer_error_of(nullptr, &share, nullptr, &rows, nullptr));
    refuses_null(atlas_quantizer_error_of(nullptr, &share, made, nullptr, nullptr));
    refuses_null(atlas_quantizer_error_of(nullptr, nullptr, made, &rows, nullptr));
    refuses_null(atlas_quantizer_distances(nullptr, nullptr, made, &rows, &codes, nullptr));
    refuses_null(atlas_quantizer_distances(floats, nullptr, nullptr, &rows, &codes, nullptr));
    refuses_null(atlas_quantizer_distances(floats, nullptr, made, nullptr, &codes, nullptr));
    refuses_null(atlas_quantizer_distances(floats, nullptr, made, &rows, nullptr, nullptr));
    refuses_null(atlas_quantizer_save_state(nullptr, bytes, made, 40));
    refuses_null(atlas_quantizer_save_state(&needed, nullptr, made, 40));
    refuses_null(atlas_quantizer_save_state(&needed, bytes, nullptr, 40));

    atlas_rotation_options parts = ATLAS_ROTATION_OPTIONS_INIT;
    parts.parts = 1;
    parts.bits = 4;
    atlas_rotation* turned = nullptr;
    REQUIRE(atlas_rotation_train(&turned, &rows, &parts) == ATLAS_OK);
    const rotation_handle rotation(turned);
    atlas_rotation* none = nullptr;
    refuses_null(atlas_rotation_create(nullptr, 2, 1));
    refuses_null(atlas_rotation_train(nullptr, &rows, &parts));
    refuses_null(atlas_rotation_train(&none, nullptr, &parts));
    refuses_null(atlas_rotation_open_state(nullptr, bytes, 40));
    refuses_null(atlas_rotation_open_state(&none, nullptr, 40));
    CHECK(none == nullptr);
    atlas_rotation_close(nullptr);
    atlas_rotation_info facts = ATLAS_ROTATION_INFO_INIT;
    refuses_null(atlas_rotation_describe(nullptr, turned));
    refuses_null(atlas_rotation_describe(&facts, nullptr));
    refuses_null(atlas_rotation_apply(nullptr, turned, &rows, nullptr));
    refuses_null(atlas_rotation_apply(floats, nullptr, &rows, nullptr));
    refuses_null(atlas_rotation_apply(floats, turned, nullptr, nullptr));
    refuses_null(atlas_rotation_apply_inverse(nullptr, turned, &rows, nullptr));
    refuses_null(atlas_rotation_apply_inverse(floats, nullptr, &rows, nullptr));
    refuses_null(atlas_rotation_apply_inverse(floats, turned, nullptr, nullptr));
    refuses_null(atlas_rotation_orthogonality_error(nullptr, turned, 1));
    refuses_null(atlas_rotation_orthogonality_error(floats, nullptr, 1));
    refuses_null(atlas_rotation_save_state(nullptr, bytes, turned, 40));
    refuses_null(atlas_rotation_save_state(&needed, nullptr, turned, 40));
    refuses_null(atlas_rotation_save_state(&needed, bytes, nullptr, 40));
  }

  TEST_CASE("functions without a handle answer without one") {
    CHECK(atlas_abi_version() == ATLAS_C_ABI_VERSION);
    CHECK(std::string(atlas_version()) == "0.1.0");
    CHECK(std::string(atlas_status_name(ATLAS_OK)) == "ok");
    CHECK(std::string(atlas_status_name(ATLAS_ERR_DIMENSION_MISMATCH)) == "dimension mismatch");
    CHECK(std::string(atlas_status_name(-1000)) == "unknown error");
    CHECK(std::string(atlas_encoding_name(ATLAS_ENCODING_SHIFT_JIS)) == "Shift_JIS");
    for (const std::int32_t number : {-1, 15, 256, std::int32_t{ATLAS_ENCODING_UNKNOWN}}) CHECK(std::string(atlas_encoding_name(number)) == "unknown encoding");
    CHECK(atlas_last_error() != nullptr);
    CHECK(atlas_last_error_row() == UINT64_MAX);
    const std::string before = atlas_simd_target();
    CHECK(atlas_simd_force("abacus") == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(atlas_simd_force("scalar") == ATLAS_OK);
    CHECK(std::string(atlas_simd_target()) == "scalar");
    CHECK(atlas_simd_force(before.c_str()) == ATLAS_OK);
  }

  TEST_CASE("an array of no elements may be NULL") {
    const index_handle index = filled_index(ATLAS_KIND_HNSW, 4, 2);
    const atlas_matrix none = {nullptr, 0, 0, 2, ATLAS_SCALAR_F32};
    atlas_hits hits = ATLAS_HITS_INIT;
    hits.k = 3;
    std::uint64_t found = 9;
    CHECK(atlas_index_add(index.get(), nullptr, &none, nullptr) == ATLAS_OK);
    CHECK(atlas_index_remove(index.get(), nullptr, 0) == ATLAS_OK);
    CHECK(atlas_index_remove_stored(nullptr, index.get(), nullptr, 0) == ATLAS_OK);
    CHECK(atlas_index_contains(nullptr, index.get(), nullptr, 0) == ATLAS_OK);
    CHECK(atlas_index_get(nullptr, index.get(), nullptr, 0, ATLAS_SCALAR_F32, 2) == ATLAS_OK);
    CHECK(atlas_index_search(&hits, index.get(), &none, nullptr) == ATLAS_OK);
    CHECK(atlas_index_distances(nullptr, index.get(), &none, nullptr, 0) == ATLAS_OK);
    CHECK(atlas_distances(nullptr, &none, &none, ATLAS_METRIC_L2SQ) == ATLAS_OK);
    CHECK(atlas_distances_of_rows(nullptr, &none, &none, nullptr, 0, ATLAS_METRIC_L2SQ) == ATLAS_OK);
    CHECK(atlas_norms(nullptr, &none) == ATLAS_OK);
    CHECK(atlas_normalize(nullptr, nullptr, &none, 0) == ATLAS_OK);
    CHECK(atlas_consecutive_cosine(nullptr, &none) == ATLAS_OK);
    CHECK(atlas_i8_scales(nullptr, &none, ATLAS_SCALING_PER_ROW) == ATLAS_OK);
    CHECK(atlas_convert(nullptr, ATLAS_SCALAR_F16, &none, 0, nullptr, 0) == ATLAS_OK);
    CHECK(atlas_chunk_text(&found, nullptr, nullptr, 0, 0, nullptr) == ATLAS_OK);
    CHECK(found == 0);
    CHECK(size_of(index.get()) == 4);
  }
}
