// SPDX-License-Identifier: Apache-2.0
// tests/c_api/index_test.cpp -- atlas_index from creation to a mapped file, and what it refuses.
#include "c_api/c_api_support.hpp"
#include "support/scratch_folder.hpp"

#include <cmath>
#include <cstring>
#include <limits>

namespace {

using namespace c_api_support;

struct answer {
  std::vector<std::uint64_t> keys;
  std::vector<float> distances;
  std::vector<std::uint32_t> counts;
};

atlas_status search(answer& out, const atlas_index* index, const atlas_matrix& queries, std::size_t k,
                    const atlas_search_options* options = nullptr) {
  out.keys.assign(queries.rows * k, 5);
  out.distances.assign(queries.rows * k, -5.0F);
  out.counts.assign(queries.rows, 5);
  atlas_hits hits = ATLAS_HITS_INIT;
  hits.rows = queries.rows;
  hits.k = k;
  hits.keys = out.keys.data();
  hits.distances = out.distances.data();
  hits.counts = out.counts.data();
  return atlas_index_search(&hits, index, &queries, options);
}

bool is_untouched(const answer& out) {
  for (const std::uint64_t key : out.keys) {
    if (key != 5) return false;
  }
  for (const float distance : out.distances) {
    if (distance != -5.0F) return false;
  }
  for (const std::uint32_t count : out.counts) {
    if (count != 5) return false;
  }
  return true;
}

}  // namespace

TEST_SUITE("c_api") {
  TEST_CASE("an index finds each vector by itself, before and after save and open") {
    const support::scratch_folder folder;
    for (const std::int32_t kind : {ATLAS_KIND_FLAT, ATLAS_KIND_HNSW, ATLAS_KIND_IVF_PQ}) {
      CAPTURE(kind);
      const auto values = random_rows(7, 300, 12);
      const atlas_matrix queries = matrix(values, 12);
      const index_handle index = filled_index(kind, 300, 12);
      answer found;
      REQUIRE(search(found, index.get(), queries, 3) == ATLAS_OK);
      for (std::size_t i = 0; i < 300; ++i) {
        CHECK(found.keys[i * 3] == i);
        CHECK(found.distances[i * 3] == 0.0F);
        CHECK(found.counts[i] == 3);
      }

      const std::string path = folder.path("index.atlas");
      REQUIRE(atlas_index_save(index.get(), path.c_str(), nullptr) == ATLAS_OK);
      REQUIRE(atlas_file_verify(path.c_str(), nullptr) == ATLAS_OK);
      atlas_index* opened = nullptr;
      REQUIRE(atlas_index_open(&opened, path.c_str(), nullptr) == ATLAS_OK);
      const index_handle mapped(opened);
      answer again;
      REQUIRE(search(again, opened, queries, 3) == ATLAS_OK);
      CHECK(again.keys == found.keys);
      CHECK(again.distances == found.distances);

      atlas_index_info info = ATLAS_INDEX_INFO_INIT;
      REQUIRE(atlas_index_describe(&info, opened) == ATLAS_OK);
      CHECK(info.kind == kind);
      CHECK(info.scalar == ATLAS_SCALAR_F32);
      CHECK(info.metric == ATLAS_METRIC_L2SQ);
      CHECK(info.dimension == 12);
      CHECK(info.size == 300);
      CHECK(info.is_read_only == 1);
      CHECK(info.connectivity == (kind == ATLAS_KIND_HNSW ? 16 : 0));
      CHECK(info.memory_vectors >= 300 * 12 * sizeof(float));

      const std::uint64_t key = 1000;
      const atlas_matrix one = {values.data(), 1, 0, 12, ATLAS_SCALAR_F32};
      CHECK(atlas_index_add(opened, &key, &one, nullptr) == ATLAS_ERR_READ_ONLY);
      CHECK(atlas_index_remove(opened, &key, 1) == ATLAS_ERR_READ_ONLY);

      atlas_open_options change = ATLAS_OPEN_OPTIONS_INIT;
      change.mode = ATLAS_OPEN_CHANGE;
      REQUIRE(atlas_index_open(&opened, path.c_str(), &change) == ATLAS_OK);
      const index_handle changed(opened);
      CHECK(atlas_index_add(opened, &key, &one, nullptr) == ATLAS_OK);
      CHECK(size_of(opened) == 301);
      CHECK(size_of(mapped.get()) == 300);
    }
  }

  TEST_CASE("contains, get, distances, remove, upsert and list_keys agree") {
    const index_handle index = filled_index(ATLAS_KIND_HNSW, 50, 4);
    const auto values = random_rows(7, 50, 4);
    const std::uint64_t keys[3] = {49, 7, 0};
    float vectors[12];
    REQUIRE(atlas_index_get(vectors, index.get(), keys, 3, ATLAS_SCALAR_F32, 4) == ATLAS_OK);
    for (std::size_t i = 0; i < 3; ++i) CHECK(std::memcmp(vectors + 4 * i, &values[4 * keys[i]], 16) == 0);

    const atlas_matrix query = {values.data(), 2, 0, 4, ATLAS_SCALAR_F32};
    float distances[6];
    REQUIRE(atlas_index_distances(distances, index.get(), &query, keys, 3) == ATLAS_OK);
    CHECK(distances[2] == 0.0F);
    for (std::size_t i = 0; i < 2; ++i) {
      float want[3];
      const atlas_matrix one = {values.data() + 4 * i, 1, 0, 4, ATLAS_SCALAR_F32};
      const atlas_matrix rows = {vectors, 3, 0, 4, ATLAS_SCALAR_F32};
      REQUIRE(atlas_distances(want, &one, &rows, ATLAS_METRIC_L2SQ) == ATLAS_OK);
      for (std::size_t j = 0; j < 3; ++j) CHECK(distances[3 * i + j] == doctest::Approx(want[j]));
    }

    const std::uint64_t gone[3] = {7, 49, 7};
    REQUIRE(atlas_index_remove(index.get(), gone, 3) == ATLAS_OK);
    std::uint8_t stored[3];
    REQUIRE(atlas_index_contains(stored, index.get(), keys, 3) == ATLAS_OK);
    CHECK(stored[0] == 0);
    CHECK(stored[1] == 0);
    CHECK(stored[2] == 1);
    CHECK(atlas_index_get(vectors, index.get(), keys + 1, 1, ATLAS_SCALAR_F32, 4) == ATLAS_ERR_KEY_NOT_FOUND);

    const std::uint64_t partly[2] = {1, 7};
    CHECK(atlas_index_remove(index.get(), partly, 2) == ATLAS_ERR_KEY_NOT_FOUND);
    CHECK(atlas_last_error_row() == 1);
    CHECK(size_of(index.get()) == 48);

    CHECK(atlas_index_upsert(index.get(), keys, &query, nullptr) == ATLAS_OK);
    CHECK(size_of(index.get()) == 50);

    std::vector<std::uint64_t> all;
    std::uint64_t cursor = 0;
    for (;;) {
      std::uint64_t some[7];
      std::uint64_t written = 0;
      REQUIRE(atlas_index_list_keys(&written, some, &cursor, index.get(), 7) == ATLAS_OK);
      if (written == 0) break;
      all.insert(all.end(), some, some + written);
    }
    CHECK(all.size() == 50);
  }

  TEST_CASE("add refuses a batch whole: dimension, scalar, duplicate, reserved, NaN, zero under cosine") {
    const index_handle index = filled_index(ATLAS_KIND_FLAT, 3, 2, ATLAS_METRIC_COSINE);
    std::vector<float> values = {1, 2, 3, 4, 5, 6};
    std::vector<std::uint64_t> keys = {10, 11, 12};
    atlas_matrix vectors = matrix(values, 2);
    const auto refused = [&](atlas_status status, std::uint64_t row, const char* says) {
      CHECK(atlas_index_add(index.get(), keys.data(), &vectors, nullptr) == status);
      CHECK(atlas_last_error_row() == row);
      CHECK(last_error_says(says));
      CHECK(size_of(index.get()) == 3);
    };

    vectors.dimension = 3;
    refused(ATLAS_ERR_DIMENSION_MISMATCH, UINT64_MAX, "expected 2, found 3");
    vectors.dimension = 2;
    vectors.scalar = ATLAS_SCALAR_I8;
    refused(ATLAS_ERR_SCALAR_MISMATCH, UINT64_MAX, "expected f32, found i8");
    vectors.scalar = ATLAS_SCALAR_F32;
    vectors.stride = 1;
    refused(ATLAS_ERR_INVALID_ARGUMENT, UINT64_MAX, "vectors.stride");
    vectors.stride = UINT64_MAX / 2;
    refused(ATLAS_ERR_LIMIT_EXCEEDED, UINT64_MAX, "vectors");
    vectors.stride = 0;
    vectors.data = reinterpret_cast<const char*>(values.data()) + 1;
    refused(ATLAS_ERR_INVALID_ARGUMENT, UINT64_MAX, "aligned");
    vectors.data = values.data();
    keys[2] = 10;
    refused(ATLAS_ERR_DUPLICATE_KEY, 2, "duplicate key");
    keys[2] = 1;
    refused(ATLAS_ERR_DUPLICATE_KEY, 2, "duplicate key");
    keys[2] = ATLAS_RESERVED_KEY;
    refused(ATLAS_ERR_INVALID_ARGUMENT, 2, "key");
    keys[2] = 12;
    values[3] = std::numeric_limits<float>::quiet_NaN();
    refused(ATLAS_ERR_NOT_FINITE, 1, "finite");
    values[3] = std::numeric_limits<float>::infinity();
    refused(ATLAS_ERR_NOT_FINITE, 1, "finite");
    values[2] = values[3] = 0.0F;
    refused(ATLAS_ERR_ZERO_VECTOR, 1, "zero vector");
    values[3] = 1.0F;
    CHECK(atlas_index_add(index.get(), keys.data(), &vectors, nullptr) == ATLAS_OK);
    CHECK(size_of(index.get()) == 6);
  }

  TEST_CASE("search: a stride reads every second row") {
    const index_handle index = filled_index(ATLAS_KIND_FLAT, 10, 3);
    const auto values = random_rows(7, 10, 3);
    const atlas_matrix every_second = {values.data(), 5, 6, 3, ATLAS_SCALAR_F32};
    answer found;
    REQUIRE(search(found, index.get(), every_second, 1) == ATLAS_OK);
    CHECK(found.keys == std::vector<std::uint64_t>{0, 2, 4, 6, 8});
  }

  TEST_CASE("search: k above the size is a count, k = 0 and bad queries are errors that write nothing") {
    for (const std::int32_t kind : {ATLAS_KIND_FLAT, ATLAS_KIND_HNSW, ATLAS_KIND_IVF_PQ}) {
      const index_handle index = filled_index(kind, 5, 2, ATLAS_METRIC_COSINE);
      std::vector<float> values = {1, 2, 3, 4};
      const atlas_matrix queries = matrix(values, 2);
      answer found;
      REQUIRE(search(found, index.get(), queries, 9) == ATLAS_OK);
      for (std::size_t row = 0; row < 2; ++row) {
        CHECK(found.counts[row] == 5);
        for (std::size_t i = 5; i < 9; ++i) {
          CHECK(found.keys[row * 9 + i] == ATLAS_RESERVED_KEY);
          CHECK(found.distances[row * 9 + i] == std::numeric_limits<float>::infinity());
        }
      }

      CHECK(search(found, index.get(), queries, 0) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("hits.k: expected at least 1, found 0"));
      atlas_matrix other = queries;
      other.dimension = 1;
      CHECK(search(found, index.get(), other, 3) == ATLAS_ERR_DIMENSION_MISMATCH);
      CHECK(last_error_says("queries.dimension: expected 2, found 1"));
      CHECK(is_untouched(found));
      other = queries;
      other.scalar = ATLAS_SCALAR_F16;
      CHECK(search(found, index.get(), other, 3) == ATLAS_ERR_SCALAR_MISMATCH);
      CHECK(is_untouched(found));
      values[3] = std::numeric_limits<float>::quiet_NaN();
      CHECK(search(found, index.get(), queries, 3) == ATLAS_ERR_NOT_FINITE);
      CHECK(atlas_last_error_row() == 1);
      CHECK(is_untouched(found));
      values[2] = values[3] = 0.0F;
      CHECK(search(found, index.get(), queries, 3) == ATLAS_ERR_ZERO_VECTOR);
      CHECK(is_untouched(found));

      atlas_hits hits = ATLAS_HITS_INIT;
      hits.rows = 1;  // room for one of two queries
      hits.k = 2;
      hits.keys = found.keys.data();
      hits.distances = found.distances.data();
      CHECK(atlas_index_search(&hits, index.get(), &queries, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("hits.rows: expected 2, found 1"));
      hits.rows = 2;
      hits.k = UINT64_MAX / 2;
      CHECK(atlas_index_search(&hits, index.get(), &queries, nullptr) == ATLAS_ERR_LIMIT_EXCEEDED);
    }
  }

  TEST_CASE("search and range: only keys of the bitmap are returned") {
    for (const std::int32_t kind : {ATLAS_KIND_FLAT, ATLAS_KIND_HNSW, ATLAS_KIND_IVF_PQ}) {
      const index_handle index = filled_index(kind, 100, 4);
      const auto values = random_rows(8, 3, 4);
      const atlas_matrix queries = matrix(values, 4);
      const std::uint64_t bitmap[2] = {(1ULL << 3) | (1ULL << 63), (1ULL << 1) | (1ULL << 20)};
      atlas_search_options options = ATLAS_SEARCH_OPTIONS_INIT;
      options.allowed = bitmap;
      options.allowed_bits = 80;  // so that key 84 is not allowed, though its bit is set
      answer found;
      REQUIRE(search(found, index.get(), queries, 10, &options) == ATLAS_OK);
      for (std::size_t row = 0; row < 3; ++row) {
        CHECK(found.counts[row] == 3);
        for (std::size_t i = 0; i < 3; ++i) {
          const std::uint64_t key = found.keys[row * 10 + i];
          CHECK((key == 3 || key == 63 || key == 65));
        }
      }
      const atlas_matrix one = {values.data(), 1, 0, 4, ATLAS_SCALAR_F32};
      std::uint64_t count = 0;
      std::uint64_t keys[2];
      float distances[2];
      REQUIRE(atlas_index_range(&count, keys, distances, index.get(), &one, 1e6F, 2, &options) == ATLAS_OK);
      CHECK(count == 3);
      CHECK(keys[0] == found.keys[0]);
      CHECK(keys[1] == found.keys[1]);
      CHECK(distances[0] <= distances[1]);
      CHECK(atlas_index_range(&count, keys, distances, index.get(), &queries, 1.0F, 2, nullptr) ==
            ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("query.rows: expected 1, found 3"));
      CHECK(atlas_index_range(&count, keys, distances, index.get(), &one, std::nanf(""), 2, nullptr) ==
            ATLAS_ERR_INVALID_ARGUMENT);
    }
  }

  TEST_CASE("progress: reported, and a callback that stops leaves everything as it was") {
    const support::scratch_folder folder;
    const std::string path = folder.path("kept.atlas");
    const index_handle index = filled_index(ATLAS_KIND_HNSW, 200, 8);
    const auto values = random_rows(9, 500, 8);
    const auto keys = keys_from(1000, 500);
    const atlas_matrix vectors = matrix(values, 8);
    struct seen {
      std::uint64_t last = 0;
      int calls = 0;
      int stop_at = -1;
    } state;
    const atlas_progress callback = [](std::uint64_t done, std::uint64_t total, void* context) -> std::int32_t {
      auto* to = static_cast<seen*>(context);
      if (done <= total) to->last = done;
      return ++to->calls == to->stop_at ? 1 : 0;
    };
    atlas_work_options options = ATLAS_WORK_OPTIONS_INIT;
    options.progress = callback;
    options.progress_context = &state;
    state.stop_at = 2;
    CHECK(atlas_index_add(index.get(), keys.data(), &vectors, &options) == ATLAS_ERR_CANCELLED);
    CHECK(size_of(index.get()) == 200);
    state = {};
    CHECK(atlas_index_add(index.get(), keys.data(), &vectors, &options) == ATLAS_OK);
    CHECK(state.last == 500);
    CHECK(state.calls >= 2);

    REQUIRE(atlas_index_save(index.get(), path.c_str(), nullptr) == ATLAS_OK);
    const std::string before = support::read_whole(path);
    atlas_save_options save = ATLAS_SAVE_OPTIONS_INIT;
    save.progress = callback;
    save.progress_context = &state;
    state = {};
    state.stop_at = 1;
    CHECK(atlas_index_save(index.get(), path.c_str(), &save) == ATLAS_ERR_CANCELLED);
    CHECK(support::read_whole(path) == before);
    CHECK(folder.names() == std::vector<std::string>{"kept.atlas"});
    CHECK(atlas_file_verify(path.c_str(), &save) == ATLAS_OK);
  }

  TEST_CASE("reserve makes room; distances of a metric of bits are refused") {
    const index_handle index = make_index(ATLAS_KIND_HNSW, 4);
    CHECK(atlas_index_reserve(index.get(), 1000) == ATLAS_OK);
    CHECK(atlas_index_reserve(index.get(), static_cast<std::size_t>(1) << 40) == ATLAS_ERR_LIMIT_EXCEEDED);
    const float values[4] = {1, 0, 0, 0};
    const atlas_matrix rows = {values, 2, 0, 2, ATLAS_SCALAR_F32};
    float out[4] = {-1, -1, -1, -1};
    CHECK(atlas_distances(out, &rows, &rows, ATLAS_METRIC_HAMMING) == ATLAS_ERR_METRIC_MISMATCH);
    CHECK(atlas_distances(out, &rows, &rows, 17) == ATLAS_ERR_INVALID_ARGUMENT);
    atlas_matrix other = rows;
    other.dimension = 1;
    CHECK(atlas_distances(out, &rows, &other, ATLAS_METRIC_L2SQ) == ATLAS_ERR_DIMENSION_MISMATCH);
    CHECK(out[0] == -1.0F);
    REQUIRE(atlas_distances(out, &rows, &rows, ATLAS_METRIC_COSINE) == ATLAS_OK);
    CHECK(out[0] == doctest::Approx(0.0));
    CHECK(out[1] == 1.0F);  // a zero vector has no direction
    CHECK(out[3] == 1.0F);
  }
}
