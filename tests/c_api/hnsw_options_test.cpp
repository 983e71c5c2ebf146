// SPDX-License-Identifier: Apache-2.0
// tests/c_api/hnsw_options_test.cpp -- what an hnsw index is created with beyond its links, and how it is searched.
#include "c_api/c_api_support.hpp"
#include "support/scratch_folder.hpp"

#include <algorithm>
#include <cstddef>

namespace {

using namespace c_api_support;

constexpr std::size_t row_count = 300;
constexpr std::uint32_t dimension = 12;

/// Whole numbers from 0 to 100, which every scalar holds exactly.
std::vector<float> whole_rows(std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<float> out(row_count * dimension);
  for (float& value : out) value = static_cast<float>(random() % 101);
  return out;
}

index_handle create(const atlas_index_options& options) {
  atlas_index* index = nullptr;
  REQUIRE(atlas_index_create(&index, &options) == ATLAS_OK);
  return index_handle(index);
}

std::vector<std::uint64_t> search(const atlas_index* index, const float* query, std::size_t k,
                                  const atlas_search_options* options = nullptr) {
  std::vector<std::uint64_t> keys(k, 5);
  std::vector<float> distances(k);
  std::uint32_t count = 0;
  const atlas_matrix one = {query, 1, 0, dimension, ATLAS_SCALAR_F32};
  atlas_hits hits = ATLAS_HITS_INIT;
  hits.rows = 1;
  hits.k = k;
  hits.keys = keys.data();
  hits.distances = distances.data();
  hits.counts = &count;
  REQUIRE(atlas_index_search(&hits, index, &one, options) == ATLAS_OK);
  REQUIRE(count <= k);
  for (std::size_t i = count; i < k; ++i) CHECK(keys[i] == ATLAS_RESERVED_KEY);
  CHECK(std::is_sorted(distances.begin(), distances.begin() + count));
  keys.resize(count);
  return keys;
}

}  // namespace

TEST_SUITE("c_api") {
  TEST_CASE("codes, stored scalar, codes_from and alpha: described, kept in the file, and every vector found") {
    const support::scratch_folder folder;
    const std::string path = folder.path("index.atlas");
    const auto values = whole_rows(3);
    const auto keys = keys_from(0, row_count);
    const atlas_matrix vectors = matrix(values, dimension);
    for (const std::int32_t stored :
         {ATLAS_SCALAR_F32, ATLAS_SCALAR_F16, ATLAS_SCALAR_BF16, ATLAS_SCALAR_I8, ATLAS_SCALAR_U8}) {
      for (const std::int32_t codes :
           {ATLAS_CODES_NONE, ATLAS_CODES_F16, ATLAS_CODES_BF16, ATLAS_CODES_LVQ8, ATLAS_CODES_LVQ4}) {
        CAPTURE(stored);
        CAPTURE(codes);
        atlas_index_options options = ATLAS_INDEX_OPTIONS_INIT;
        options.dimension = dimension;
        options.stored = stored;
        options.codes = codes;
        options.codes_from = 100;
        options.alpha = 1.25F;
        const index_handle made = create(options);
        REQUIRE(atlas_index_add(made.get(), keys.data(), &vectors, nullptr) == ATLAS_OK);
        REQUIRE(atlas_index_save(made.get(), path.c_str(), nullptr) == ATLAS_OK);
        atlas_index* opened = nullptr;
        REQUIRE(atlas_index_open(&opened, path.c_str(), nullptr) == ATLAS_OK);
        const index_handle mapped(opened);
        for (const atlas_index* index : {made.get(), opened}) {
          atlas_index_info info = ATLAS_INDEX_INFO_INIT;
          REQUIRE(atlas_index_describe(&info, index) == ATLAS_OK);
          CHECK(info.scalar == ATLAS_SCALAR_F32);
          CHECK(info.stored == stored);
          CHECK(info.codes == codes);
          CHECK(info.codes_from == 100);
          CHECK(info.alpha == 1.25F);
          for (std::size_t i = 0; i < row_count; i += 29) {
            CHECK(search(index, &values[i * dimension], 1) == std::vector<std::uint64_t>{i});
            float got[dimension];
            REQUIRE(atlas_index_get(got, index, &keys[i], 1, ATLAS_SCALAR_F32, dimension) == ATLAS_OK);
            CHECK(std::memcmp(got, &values[i * dimension], sizeof got) == 0);
          }
        }
      }
    }
  }

  TEST_CASE("0 in an option is the default; a flat index has no codes") {
    atlas_index_options options = ATLAS_INDEX_OPTIONS_INIT;
    atlas_index_info info = ATLAS_INDEX_INFO_INIT;
    options.dimension = 255;
    REQUIRE(atlas_index_describe(&info, create(options).get()) == ATLAS_OK);
    CHECK(info.stored == ATLAS_SCALAR_F32);
    CHECK(info.codes == ATLAS_CODES_LVQ8);
    CHECK(info.codes_from == 1024);
    CHECK(info.alpha == 1.0F);
    options.dimension = 256;
    REQUIRE(atlas_index_describe(&info, create(options).get()) == ATLAS_OK);
    CHECK(info.codes == ATLAS_CODES_LVQ4);
    options.kind = ATLAS_KIND_FLAT;
    REQUIRE(atlas_index_describe(&info, create(options).get()) == ATLAS_OK);
    CHECK(info.codes == 0);
    CHECK(info.codes_from == 0);
    CHECK(info.alpha == 0.0F);
  }

  TEST_CASE("add: what the stored scalar cannot hold is refused, and its row named") {
    const std::uint64_t keys[2] = {1, 2};
    struct {
      std::int32_t stored;
      float number;
    } const cases[] = {{ATLAS_SCALAR_I8, 0.5F},
                       {ATLAS_SCALAR_I8, -129.0F},
                       {ATLAS_SCALAR_U8, -1.0F},
                       {ATLAS_SCALAR_U8, 256.0F},
                       {ATLAS_SCALAR_F16, 1e6F}};
    for (const auto& one : cases) {
      CAPTURE(one.stored);
      atlas_index_options options = ATLAS_INDEX_OPTIONS_INIT;
      options.dimension = 2;
      options.stored = one.stored;
      const index_handle index = create(options);
      const std::vector<float> values = {1, 2, 3, one.number};
      const atlas_matrix vectors = matrix(values, 2);
      CHECK(atlas_index_add(index.get(), keys, &vectors, nullptr) == ATLAS_ERR_LIMIT_EXCEEDED);
      CHECK(atlas_last_error_row() == 1);
      CHECK(last_error_says("vector stored as"));
      CHECK(size_of(index.get()) == 0);
    }
  }

  TEST_CASE("strategy, starts, patience and time limit: allowed keys only, and the same neighbours by every strategy") {
    const index_handle index = make_index(ATLAS_KIND_HNSW, dimension);
    const auto values = random_rows(7, row_count, dimension);
    const auto keys = keys_from(0, row_count);
    const atlas_matrix vectors = matrix(values, dimension);
    atlas_work_options work = ATLAS_WORK_OPTIONS_INIT;
    work.threads = 1;  // the same graph every time
    REQUIRE(atlas_index_add(index.get(), keys.data(), &vectors, &work) == ATLAS_OK);
    const auto query = random_rows(8, 1, dimension);
    std::uint64_t bitmap[5] = {};
    for (std::uint64_t key = 0; key < row_count; key += 3) bitmap[key / 64] |= std::uint64_t{1} << (key % 64);
    atlas_search_options options = ATLAS_SEARCH_OPTIONS_INIT;
    options.allowed = bitmap;
    options.allowed_bits = row_count;
    options.width = row_count;
    options.strategy = ATLAS_STRATEGY_SCAN;
    const auto want = search(index.get(), query.data(), 10, &options);
    CHECK(want.size() == 10);
    for (const std::uint64_t key : want) CHECK(key % 3 == 0);
    for (const std::int32_t strategy : {ATLAS_STRATEGY_AUTOMATIC, ATLAS_STRATEGY_WALK, ATLAS_STRATEGY_TWO_HOP}) {
      CAPTURE(strategy);
      options.strategy = strategy;
      CHECK(search(index.get(), query.data(), 10, &options) == want);
    }

    atlas_search_options plain = ATLAS_SEARCH_OPTIONS_INIT;
    const auto nearest = search(index.get(), query.data(), 10, &plain);
    plain.starts = 8;
    CHECK(search(index.get(), query.data(), 10, &plain) == nearest);
    plain.patience = 1000;
    CHECK(search(index.get(), query.data(), 10, &plain) == nearest);
    plain.time_limit_ns = UINT64_MAX;
    CHECK(search(index.get(), query.data(), 10, &plain) == nearest);
    plain.time_limit_ns = 1;
    CHECK(search(index.get(), query.data(), 10, &plain).size() <= 10);

    plain.starts = 1025;
    const atlas_matrix one = matrix(query, dimension);
    std::uint64_t key = 7;
    float distance = 7;
    atlas_hits hits = ATLAS_HITS_INIT;
    hits.rows = hits.k = 1;
    hits.keys = &key;
    hits.distances = &distance;
    CHECK(atlas_index_search(&hits, index.get(), &one, &plain) == ATLAS_ERR_LIMIT_EXCEEDED);
    CHECK(last_error_says("starts: expected 1024, found 1025"));
    CHECK(key == 7);
  }

  TEST_CASE("equal distances: by key in hnsw and ivf_pq, by the order of adding in flat") {
    const std::vector<float> values(3 * dimension, 1.0F);
    const std::uint64_t keys[3] = {9, 3, 7};
    const atlas_matrix vectors = matrix(values, dimension);
    for (const std::int32_t kind : {ATLAS_KIND_FLAT, ATLAS_KIND_HNSW, ATLAS_KIND_IVF_PQ}) {
      const index_handle index = make_index(kind, dimension);
      REQUIRE(atlas_index_add(index.get(), keys, &vectors, nullptr) == ATLAS_OK);
      const auto want =
          kind == ATLAS_KIND_FLAT ? std::vector<std::uint64_t>{9, 3, 7} : std::vector<std::uint64_t>{3, 7, 9};
      CHECK(search(index.get(), values.data(), 3) == want);
    }
  }

  TEST_CASE("seal and compact: a sealed file answers as its graph and cannot change; flat has none") {
    const support::scratch_folder folder;
    const std::string sealed = folder.path("sealed.atlas");
    const auto values = random_rows(7, row_count, dimension);
    const index_handle index = filled_index(ATLAS_KIND_HNSW, row_count, dimension);
    const std::uint64_t gone = 3;
    REQUIRE(atlas_index_remove(index.get(), &gone, 1) == ATLAS_OK);
    REQUIRE(atlas_index_compact(index.get()) == ATLAS_OK);
    CHECK(size_of(index.get()) == row_count - 1);

    atlas_seal_options options = ATLAS_SEAL_OPTIONS_INIT;
    check_struct_size(
        options, [&](const atlas_seal_options* given) { return atlas_index_seal(index.get(), sealed.c_str(), given); });
    options.degree = 64;
    int calls = 0;
    options.progress = [](std::uint64_t, std::uint64_t, void* context) -> std::int32_t {
      ++*static_cast<int*>(context);
      return 0;
    };
    options.progress_context = &calls;
    REQUIRE(atlas_index_seal(index.get(), sealed.c_str(), &options) == ATLAS_OK);
    CHECK(calls > 0);
    REQUIRE(atlas_file_verify(sealed.c_str(), nullptr) == ATLAS_OK);
    atlas_index* opened = nullptr;
    REQUIRE(atlas_index_open(&opened, sealed.c_str(), nullptr) == ATLAS_OK);
    const index_handle mapped(opened);
    atlas_index_info info = ATLAS_INDEX_INFO_INIT;
    REQUIRE(atlas_index_describe(&info, opened) == ATLAS_OK);
    CHECK(info.is_sealed == 1);
    CHECK(info.is_read_only == 1);
    for (std::size_t i = 0; i < row_count; i += 17) CHECK(search(opened, &values[i * dimension], 1)[0] == i);
    CHECK(atlas_index_compact(opened) == ATLAS_ERR_READ_ONLY);
    CHECK(atlas_index_remove_stored(nullptr, opened, &gone, 1) == ATLAS_ERR_READ_ONLY);
    atlas_open_options change = ATLAS_OPEN_OPTIONS_INIT;
    change.mode = ATLAS_OPEN_CHANGE;
    CHECK(atlas_index_open(&opened, sealed.c_str(), &change) == ATLAS_ERR_READ_ONLY);
    CHECK(last_error_says("sealed"));

    for (const std::uint32_t degree : {1U, 33U, 160U}) {
      options.degree = degree;
      CHECK(atlas_index_seal(index.get(), folder.path("none.atlas").c_str(), &options) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("degree"));
    }
    options.degree = 0;
    options.reserved = 1;
    CHECK(atlas_index_seal(index.get(), folder.path("none.atlas").c_str(), &options) == ATLAS_ERR_INVALID_ARGUMENT);
    const index_handle flat = filled_index(ATLAS_KIND_FLAT, 5, dimension);
    CHECK(atlas_index_seal(flat.get(), folder.path("none.atlas").c_str(), nullptr) == ATLAS_ERR_KIND_MISMATCH);
    CHECK(last_error_says("index: expected hnsw, found flat"));
    CHECK(atlas_index_compact(flat.get()) == ATLAS_OK);
    CHECK(folder.names() == std::vector<std::string>{"sealed.atlas"});
  }

  TEST_CASE("tune: a width that finds the wanted share, which becomes the index's") {
    const index_handle index = filled_index(ATLAS_KIND_HNSW, row_count, dimension);
    const auto questions = random_rows(11, 40, dimension);
    const atlas_matrix queries = matrix(questions, dimension);
    atlas_tune_options options = ATLAS_TUNE_OPTIONS_INIT;
    atlas_tune_result tuned = ATLAS_TUNE_RESULT_INIT;
    check_struct_size(
        options,
        [&](const atlas_tune_options* given) { return atlas_index_tune(&tuned, index.get(), &queries, given); },
        offsetof(atlas_tune_options, threads));
    options.reserved_2 = 1;
    CHECK(atlas_index_tune(&tuned, index.get(), &queries, &options) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("options.reserved_2: expected 0, found 1"));
    options.reserved_2 = 0;
    options.k = 5;
    options.recall = 0.9;
    int calls = 0;
    options.progress = [](std::uint64_t, std::uint64_t, void* context) -> std::int32_t {
      ++*static_cast<int*>(context);
      return 0;
    };
    options.progress_context = &calls;
    options.threads = 1;  // of several only the caller's tells
    REQUIRE(atlas_index_tune(&tuned, index.get(), &queries, &options) == ATLAS_OK);
    CHECK(calls > 40);
    CHECK(tuned.recall >= 0.9);
    CHECK(tuned.recall <= 1.0);
    CHECK(tuned.width >= 5);
    CHECK(tuned.prefetch_rows >= 1);
    CHECK(tuned.queries_per_second > 0);
    const auto width = [](const atlas_index* of) {
      atlas_index_info info = ATLAS_INDEX_INFO_INIT;
      REQUIRE(atlas_index_describe(&info, of) == ATLAS_OK);
      return info.search_width;
    };
    CHECK(width(index.get()) == tuned.width);

    const support::scratch_folder folder;
    const std::string path = folder.path("index.atlas");
    REQUIRE(atlas_index_save(index.get(), path.c_str(), nullptr) == ATLAS_OK);
    atlas_index* opened = nullptr;
    REQUIRE(atlas_index_open(&opened, path.c_str(), nullptr) == ATLAS_OK);
    const index_handle read_only(opened);
    CHECK(width(opened) == tuned.width);
    options.recall = 0.99;
    REQUIRE(atlas_index_tune(nullptr, opened, &queries, &options) == ATLAS_OK);
    CHECK(width(opened) >= tuned.width);

    for (const double recall : {-0.5, 1.5}) {
      options.recall = recall;
      CHECK(atlas_index_tune(&tuned, index.get(), &queries, &options) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("recall"));
    }
    options.recall = 0;
    options.progress = [](std::uint64_t, std::uint64_t, void*) -> std::int32_t { return 1; };
    CHECK(atlas_index_tune(&tuned, index.get(), &queries, &options) == ATLAS_ERR_CANCELLED);
    CHECK(width(index.get()) == tuned.width);
    const index_handle empty = make_index(ATLAS_KIND_HNSW, dimension);
    CHECK(atlas_index_tune(&tuned, empty.get(), &queries, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    const atlas_matrix narrow = matrix(questions, dimension / 2);
    CHECK(atlas_index_tune(&tuned, index.get(), &narrow, nullptr) == ATLAS_ERR_DIMENSION_MISMATCH);
    const atlas_matrix none = {nullptr, 0, 0, dimension, ATLAS_SCALAR_F32};
    CHECK(atlas_index_tune(&tuned, index.get(), &none, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    const index_handle flat = filled_index(ATLAS_KIND_FLAT, 5, dimension);
    CHECK(atlas_index_tune(&tuned, flat.get(), &queries, nullptr) == ATLAS_ERR_KIND_MISMATCH);
  }

  TEST_CASE("vectors on disk: the same answers, and no changes") {
    const support::scratch_folder folder;
    const std::string path = folder.path("index.atlas");
    const index_handle index = filled_index(ATLAS_KIND_HNSW, row_count, dimension);
    REQUIRE(atlas_index_save(index.get(), path.c_str(), nullptr) == ATLAS_OK);
    const auto values = random_rows(7, row_count, dimension);
    atlas_open_options options = ATLAS_OPEN_OPTIONS_INIT;
    options.vectors = ATLAS_VECTORS_ON_DISK;
    atlas_index* opened = nullptr;
    REQUIRE(atlas_index_open(&opened, path.c_str(), &options) == ATLAS_OK);
    const index_handle on_disk(opened);
    for (std::size_t i = 0; i < row_count; i += 7) {
      CHECK(search(opened, &values[i * dimension], 5) == search(index.get(), &values[i * dimension], 5));
      float got[dimension];
      REQUIRE(atlas_index_get(got, opened, &i, 1, ATLAS_SCALAR_F32, dimension) == ATLAS_OK);
      CHECK(std::memcmp(got, &values[i * dimension], sizeof got) == 0);
    }
    options.mode = ATLAS_OPEN_CHANGE;
    CHECK(atlas_index_open(&opened, path.c_str(), &options) == ATLAS_ERR_INVALID_ARGUMENT);
    options.mode = ATLAS_OPEN_READ;
    for (const std::int32_t vectors : {-1, 2, 256}) {
      options.vectors = vectors;
      CHECK(atlas_index_open(&opened, path.c_str(), &options) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("options.vectors"));
    }
    options.vectors = ATLAS_VECTORS_MAPPED;
    options.load = 1;
    REQUIRE(atlas_index_open(&opened, path.c_str(), &options) == ATLAS_OK);
    const index_handle loaded(opened);
    CHECK(search(opened, values.data(), 5) == search(index.get(), values.data(), 5));
    for (const std::int32_t load : {-1, 2, 256}) {
      options.load = load;
      CHECK(atlas_index_open(&opened, path.c_str(), &options) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("options.load"));
    }
    options.load = 0;
    check_struct_size(
        options,
        [&](const atlas_open_options* given) {
          atlas_index* again = nullptr;
          const atlas_status status = atlas_index_open(&again, path.c_str(), given);
          atlas_index_close(again);
          return status;
        },
        offsetof(atlas_open_options, vectors));
  }

  TEST_CASE("remove_stored: removes what is stored, however often it is named, and counts it") {
    const support::scratch_folder folder;
    for (const std::int32_t kind : {ATLAS_KIND_FLAT, ATLAS_KIND_HNSW, ATLAS_KIND_IVF_PQ}) {
      const index_handle index = filled_index(kind, row_count, dimension);
      std::vector<std::uint64_t> keys = {7, 1000, 49, 7, ATLAS_RESERVED_KEY};
      std::uint64_t removed = 99;
      REQUIRE(atlas_index_remove_stored(&removed, index.get(), keys.data(), keys.size()) == ATLAS_OK);
      CHECK(removed == 2);
      CHECK(size_of(index.get()) == row_count - 2);
      REQUIRE(atlas_index_remove_stored(nullptr, index.get(), keys.data(), keys.size()) == ATLAS_OK);
      keys = keys_from(0, row_count - 1);  // all but the last
      REQUIRE(atlas_index_remove_stored(&removed, index.get(), keys.data(), keys.size()) == ATLAS_OK);
      CHECK(removed == row_count - 3);
      const auto values = random_rows(7, row_count, dimension);
      CHECK(search(index.get(), values.data(), 5) == std::vector<std::uint64_t>{row_count - 1});

      const std::string path = folder.path("index.atlas");
      REQUIRE(atlas_index_save(index.get(), path.c_str(), nullptr) == ATLAS_OK);
      atlas_index* opened = nullptr;
      REQUIRE(atlas_index_open(&opened, path.c_str(), nullptr) == ATLAS_OK);
      const index_handle mapped(opened);
      removed = 99;
      CHECK(atlas_index_remove_stored(&removed, opened, keys.data(), keys.size()) == ATLAS_ERR_READ_ONLY);
      CHECK(removed == 99);
    }
  }
}
