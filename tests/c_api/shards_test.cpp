// SPDX-License-Identifier: Apache-2.0
// tests/c_api/shards_test.cpp -- atlas_shards through the C ABI: the same answers as one index, and what is refused.
#include "c_api/c_api_support.hpp"
#include "support/scratch_folder.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

TEST_SUITE("c_api_shards") {
namespace {

using namespace c_api_support;

constexpr std::uint32_t columns = 8;
constexpr std::size_t rows = 50;

/// Three files of 50 rows, a list of them, and one index of all rows.
struct three_files {
  support::scratch_folder folder;
  index_handle all = make_index(ATLAS_KIND_FLAT, columns);
  std::string list = folder.path("all.shards");

  three_files() {
    const char* const names[] = {"a.atlas", "b.atlas", "c.atlas"};
    for (std::uint32_t i = 0; i < 3; ++i) save(names[i], i, i == 1 ? ATLAS_KIND_HNSW : ATLAS_KIND_FLAT);
    REQUIRE(atlas_shards_write(list.c_str(), names, 3) == ATLAS_OK);
  }
  void save(const char* name, std::uint32_t number, std::int32_t kind) const {
    const index_handle index = make_index(kind, columns);
    const auto values = random_rows(number + 1, rows, columns);
    const auto keys = keys_from(1000 * number, rows);
    const atlas_matrix vectors = matrix(values, columns);
    REQUIRE(atlas_index_add(index.get(), keys.data(), &vectors, nullptr) == ATLAS_OK);
    REQUIRE(atlas_index_add(all.get(), keys.data(), &vectors, nullptr) == ATLAS_OK);
    REQUIRE(atlas_index_save(index.get(), folder.path(name).c_str(), nullptr) == ATLAS_OK);
  }
  [[nodiscard]] shards_handle open(bool allow_missing = false) const {
    atlas_shards_options options = ATLAS_SHARDS_OPTIONS_INIT;
    options.allow_missing = allow_missing ? 1 : 0;
    atlas_shards* made = nullptr;
    REQUIRE(atlas_shards_open(&made, list.c_str(), &options) == ATLAS_OK);
    return shards_handle(made);
  }
};

struct found_hits {
  std::vector<std::uint64_t> keys;
  std::vector<float> distances;
  std::vector<std::uint32_t> counts;
  friend bool operator==(const found_hits&, const found_hits&) = default;
};
template <class Call>
found_hits search(std::size_t queries, std::size_t k, Call call) {
  found_hits found{std::vector<std::uint64_t>(queries * k), std::vector<float>(queries * k), std::vector<std::uint32_t>(queries)};
  atlas_hits hits = ATLAS_HITS_INIT;
  hits.rows = queries;
  hits.k = k;
  hits.keys = found.keys.data();
  hits.distances = found.distances.data();
  hits.counts = found.counts.data();
  REQUIRE(call(&hits) == ATLAS_OK);
  return found;
}

}  // namespace

  TEST_CASE("shards: search, range, find, get, distances and list_keys answer as one index of all rows") {
    const three_files made;
    const shards_handle shards = made.open();
    const auto values = random_rows(9, 12, columns);
    const atlas_matrix queries = matrix(values, columns);
    atlas_shards_answer answer = ATLAS_SHARDS_ANSWER_INIT;
    atlas_search_options options = ATLAS_SEARCH_OPTIONS_INIT;
    options.width = 200;
    for (const std::uint32_t threads : {1U, 2U, 0U}) {
      options.threads = threads;
      const auto want = search(12, 7, [&](atlas_hits* hits) { return atlas_index_search(hits, made.all.get(), &queries, &options); });
      const auto got = search(12, 7, [&](atlas_hits* hits) { return atlas_shards_search(hits, &answer, shards.get(), &queries, &options); });
      CHECK(got == want);
      CHECK(answer.listed == 3);
      CHECK(answer.answered == 3);
      CHECK(answer.status == ATLAS_OK);
      CHECK(answer.failed_shard == UINT64_MAX);
      CHECK(answer.found == 12 * 7);
    }

    const atlas_matrix query = {values.data(), 1, 0, columns, ATLAS_SCALAR_F32};
    std::vector<std::uint64_t> keys(150);
    std::vector<float> distances(150);
    std::vector<std::uint64_t> want_keys(150);
    std::vector<float> want_distances(150);
    std::uint64_t found = 0;
    REQUIRE(atlas_index_range(&found, want_keys.data(), want_distances.data(), made.all.get(), &query, 16.0F, 150, &options) == ATLAS_OK);
    REQUIRE(atlas_shards_range(&answer, keys.data(), distances.data(), shards.get(), &query, 16.0F, 150, &options) == ATLAS_OK);
    CHECK(found > 3);
    CHECK(answer.found == found);
    CHECK(keys == want_keys);
    CHECK(distances == want_distances);
    REQUIRE(atlas_shards_range(&answer, nullptr, nullptr, shards.get(), &query, 16.0F, 0, &options) == ATLAS_OK);
    CHECK(answer.found == found);

    const std::uint64_t asked[4] = {7, 2049, 1000, 2000};
    std::uint64_t places[5] = {};
    const std::uint64_t five[5] = {7, 2049, 1000, 2000, 99};
    REQUIRE(atlas_shards_find(places, shards.get(), five, 5) == ATLAS_OK);
    CHECK(std::vector<std::uint64_t>(places, places + 5) == std::vector<std::uint64_t>{0, 2, 1, 2, UINT64_MAX});
    std::vector<float> out(4 * columns);
    std::vector<float> want_out(4 * columns);
    REQUIRE(atlas_index_get(want_out.data(), made.all.get(), asked, 4, ATLAS_SCALAR_F32, columns) == ATLAS_OK);
    REQUIRE(atlas_shards_get(out.data(), shards.get(), asked, 4, ATLAS_SCALAR_F32, columns) == ATLAS_OK);
    CHECK(out == want_out);
    std::vector<float> measured(12 * 4);
    std::vector<float> want_measured(12 * 4);
    REQUIRE(atlas_index_distances(want_measured.data(), made.all.get(), &queries, asked, 4) == ATLAS_OK);
    REQUIRE(atlas_shards_distances(measured.data(), shards.get(), &queries, asked, 4) == ATLAS_OK);
    CHECK(measured == want_measured);
    CHECK(atlas_shards_get(out.data(), shards.get(), five, 5, ATLAS_SCALAR_F32, columns) == ATLAS_ERR_KEY_NOT_FOUND);
    CHECK(atlas_last_error_row() == 4);
    CHECK(atlas_shards_distances(measured.data(), shards.get(), &query, five, 5) == ATLAS_ERR_KEY_NOT_FOUND);
    CHECK(atlas_last_error_row() == 4);
    CHECK(atlas_shards_get(out.data(), shards.get(), asked, 4, ATLAS_SCALAR_F16, columns) == ATLAS_ERR_SCALAR_MISMATCH);
    CHECK(atlas_shards_get(out.data(), shards.get(), asked, 4, ATLAS_SCALAR_F32, columns + 1) == ATLAS_ERR_DIMENSION_MISMATCH);

    std::uint64_t cursor = 0;
    std::uint64_t written = 1;
    std::uint64_t listed = 0;
    while (written != 0) {
      REQUIRE(atlas_shards_list_keys(&written, keys.data(), &cursor, shards.get(), 37) == ATLAS_OK);
      listed += written;
    }
    CHECK(listed == 3 * rows);
  }

  TEST_CASE("shards: describe says what they are, and of each where it is and of what kind") {
    const three_files made;
    const shards_handle shards = made.open();
    atlas_shards_info info = ATLAS_SHARDS_INFO_INIT;
    REQUIRE(atlas_shards_describe(&info, shards.get()) == ATLAS_OK);
    CHECK(info.metric == ATLAS_METRIC_L2SQ);
    CHECK(info.dimension == columns);
    CHECK(info.shards == 3);
    CHECK(info.missing == 0);
    CHECK(info.size == 3 * rows);
    CHECK(info.memory_vectors >= 3 * rows * columns * sizeof(float));
    CHECK(info.memory_keys > 0);
    CHECK(info.memory_graph > 0);
    atlas_shard_info one = ATLAS_SHARD_INFO_INIT;
    REQUIRE(atlas_shards_describe_shard(&one, shards.get(), 1) == ATLAS_OK);
    CHECK(one.kind == ATLAS_KIND_HNSW);
    CHECK(one.status == ATLAS_OK);
    CHECK(one.size == rows);
    CHECK(std::string(one.path) == made.folder.path("b.atlas"));
    CHECK(std::string(one.problem).empty());
    CHECK(atlas_shards_describe_shard(&one, shards.get(), 3) == ATLAS_ERR_LIMIT_EXCEEDED);
    CHECK(last_error_says("below 3, found 3"));
  }

  TEST_CASE("shards: a missing one is named; allowed to be missing, the rest answers and says so") {
    const three_files made;
    std::filesystem::remove(made.folder.path("b.atlas"));
    made.folder.write("c.atlas", "nothing of ours");
    atlas_shards* none = nullptr;
    CHECK(atlas_shards_open(&none, made.list.c_str(), nullptr) == ATLAS_ERR_FILE_NOT_FOUND);
    CHECK(none == nullptr);
    CHECK(last_error_says((made.list + " -> " + made.folder.path("b.atlas") + ": not found").c_str()));
    CHECK(atlas_last_error_row() == 1);

    const shards_handle shards = made.open(true);
    atlas_shards_info info = ATLAS_SHARDS_INFO_INIT;
    REQUIRE(atlas_shards_describe(&info, shards.get()) == ATLAS_OK);
    CHECK(info.shards == 3);
    CHECK(info.missing == 2);
    CHECK(info.size == rows);
    atlas_shard_info one = ATLAS_SHARD_INFO_INIT;
    REQUIRE(atlas_shards_describe_shard(&one, shards.get(), 2) == ATLAS_OK);
    CHECK(one.kind == 0);
    CHECK(one.status == ATLAS_ERR_NOT_ATLAS_FILE);
    CHECK(one.size == 0);
    CHECK(std::string(one.path) == made.folder.path("c.atlas"));
    CHECK(std::string(one.problem).find("not an ATLAS file") == 0);
    REQUIRE(atlas_shards_describe_shard(&one, shards.get(), 1) == ATLAS_OK);
    CHECK(std::string(one.problem).find("not found") == 0);
    REQUIRE(atlas_shards_describe_shard(&one, shards.get(), 0) == ATLAS_OK);
    CHECK(one.status == ATLAS_OK);
    CHECK(std::string(one.problem).empty());

    const auto values = random_rows(9, 1, columns);
    const atlas_matrix query = matrix(values, columns);
    atlas_shards_answer answer = ATLAS_SHARDS_ANSWER_INIT;
    const auto got = search(1, 5, [&](atlas_hits* hits) { return atlas_shards_search(hits, &answer, shards.get(), &query, nullptr); });
    CHECK(got.counts[0] == 5);
    CHECK(answer.listed == 3);
    CHECK(answer.answered == 1);
    CHECK(answer.status == ATLAS_ERR_FILE_NOT_FOUND);
    CHECK(answer.failed_shard == 1);
    std::uint64_t key = 0;
    float distance = 0;
    REQUIRE(atlas_shards_range(&answer, &key, &distance, shards.get(), &query, 1e9F, 1, nullptr) == ATLAS_OK);
    CHECK(answer.found == rows);
    CHECK(answer.answered == 1);
  }

  TEST_CASE("shards: what is refused names the list, the shard, and what was expected and found") {
    const three_files made;
    atlas_shards* none = nullptr;
    const std::string bad_list = made.folder.write("bad.shards", "atlas shards 1\na.atlas\n b.atlas\nend\n");
    CHECK(atlas_shards_open(&none, bad_list.c_str(), nullptr) == ATLAS_ERR_CORRUPT_FILE);
    CHECK(last_error_says((bad_list + ": corrupt file: shard.path").c_str()));
    CHECK(atlas_last_error_row() == 3);
    CHECK(atlas_shards_open(&none, made.folder.path("a.atlas").c_str(), nullptr) == ATLAS_ERR_NOT_ATLAS_FILE);
    const index_handle other = filled_index(ATLAS_KIND_FLAT, 3, columns + 1);
    const std::string other_path = made.folder.path("other.atlas");
    REQUIRE(atlas_index_save(other.get(), other_path.c_str(), nullptr) == ATLAS_OK);
    const std::string first = made.folder.path("a.atlas");
    const char* const mixed[] = {first.c_str(), other_path.c_str()};
    CHECK(atlas_shards_open_files(&none, mixed, 2, nullptr) == ATLAS_ERR_DIMENSION_MISMATCH);
    CHECK(last_error_says((other_path + ": dimension mismatch: shard.dimension: expected 8, found 9").c_str()));
    const char* const twice[] = {first.c_str(), first.c_str()};
    CHECK(atlas_shards_open_files(&none, twice, 2, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("another file than that of shard 0"));
    CHECK(atlas_shards_open_files(&none, nullptr, 0, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(atlas_shards_write(made.list.c_str(), twice, 2) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(atlas_shards_write(made.list.c_str(), nullptr, 0) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(atlas_shards_write(made.folder.path("none/x.shards").c_str(), mixed, 2) == ATLAS_ERR_FILE_NOT_FOUND);

    atlas_shards_options options = ATLAS_SHARDS_OPTIONS_INIT;
    options.vectors = 2;
    CHECK(atlas_shards_open(&none, made.list.c_str(), &options) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("options.vectors"));
    options.vectors = ATLAS_VECTORS_ON_DISK;
    CHECK(atlas_shards_open(&none, made.list.c_str(), &options) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("a flat index reads all"));
    options.vectors = ATLAS_VECTORS_MAPPED;
    options.load = 2;
    CHECK(atlas_shards_open(&none, made.list.c_str(), &options) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("options.load"));
    options.load = 1;
    options.allow_missing = -1;
    CHECK(atlas_shards_open(&none, made.list.c_str(), &options) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("options.allow_missing"));
    CHECK(none == nullptr);

    const shards_handle shards = made.open();
    auto values = random_rows(9, 2, columns);
    values[columns + 3] = NAN;
    const atlas_matrix queries = matrix(values, columns);
    std::uint64_t keys[4] = {1, 1, 1, 1};
    float distances[4] = {};
    atlas_hits hits = ATLAS_HITS_INIT;
    hits.rows = 2;
    hits.k = 2;
    hits.keys = keys;
    hits.distances = distances;
    atlas_shards_answer answer = ATLAS_SHARDS_ANSWER_INIT;
    CHECK(atlas_shards_search(&hits, &answer, shards.get(), &queries, nullptr) == ATLAS_ERR_NOT_FINITE);
    CHECK(atlas_last_error_row() == 1);
    CHECK(keys[0] == 1);
    hits.k = 0;
    CHECK(atlas_shards_search(&hits, &answer, shards.get(), &queries, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    const atlas_matrix narrow = {values.data(), 1, 0, columns - 1, ATLAS_SCALAR_F32};
    hits.k = 2;
    CHECK(atlas_shards_search(&hits, &answer, shards.get(), &narrow, nullptr) == ATLAS_ERR_DIMENSION_MISMATCH);
    CHECK(atlas_shards_range(&answer, keys, distances, shards.get(), &queries, 1.0F, 4, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(answer.listed == 0);
  }

  TEST_CASE("shards: structs of other callers are read and filled by their size") {
    const three_files made;
    atlas_shards* opened = nullptr;
    const atlas_shards_options options = ATLAS_SHARDS_OPTIONS_INIT;
    check_struct_size(options, [&](const atlas_shards_options* given) {
      const atlas_status status = atlas_shards_open(&opened, made.list.c_str(), given);
      if (status == ATLAS_OK) atlas_shards_close(opened);
      return status;
    });
    const shards_handle shards = made.open();
    longer<atlas_shards_info> newer;
    std::memset(static_cast<void*>(&newer), 0x55, sizeof newer);
    newer.known.struct_size = static_cast<std::uint32_t>(sizeof newer);
    REQUIRE(atlas_shards_describe(&newer.known, shards.get()) == ATLAS_OK);
    CHECK(newer.known.shards == 3);
    CHECK(newer.unknown[0] == 0);
    CHECK(newer.unknown[1] == 0);
    atlas_shard_info small = ATLAS_SHARD_INFO_INIT;
    small.struct_size = 8;
    CHECK(atlas_shards_describe_shard(&small, shards.get(), 0) == ATLAS_ERR_INVALID_ARGUMENT);
    atlas_shards_answer answer = ATLAS_SHARDS_ANSWER_INIT;
    answer.struct_size = 0;
    const auto values = random_rows(9, 1, columns);
    const atlas_matrix query = matrix(values, columns);
    std::uint64_t key = 1;
    float distance = 0;
    CHECK(atlas_shards_range(&answer, &key, &distance, shards.get(), &query, 1e9F, 1, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(key == 1);
  }
}
