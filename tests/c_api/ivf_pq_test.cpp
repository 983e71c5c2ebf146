// SPDX-License-Identifier: Apache-2.0
// tests/c_api/ivf_pq_test.cpp -- an inverted file through C: created, searched, changed, saved, and what is refused.
#include "c_api/ivf_pq_support.hpp"
#include "support/scratch_folder.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

TEST_SUITE("c_api") {
namespace {

using namespace ivf_pq_support;

}  // namespace

  TEST_CASE("ivf_pq: each sort of codes and rotation is described, kept in the file, and finds all with all lists") {
    const support::scratch_folder folder;
    const std::string path = folder.path("index.atlas");
    const auto queries = random_rows(8, 20, components);
    const found_by_ivf exact = exact_answers(queries, 5);
    struct {
      std::int32_t codes;
      std::int32_t rotation;
      std::uint32_t parts;
      std::uint32_t code_bytes;
    } const cases[] = {{ATLAS_LIST_CODES_FLAT, ATLAS_ROTATION_NONE, 0, 0},
                       {ATLAS_LIST_CODES_PQ4, ATLAS_ROTATION_NONE, 8, 4},
                       {ATLAS_LIST_CODES_PQ4, ATLAS_ROTATION_LEARNED, 4, 2},
                       {ATLAS_LIST_CODES_PQ8, ATLAS_ROTATION_RANDOM, 2, 2},
                       {ATLAS_LIST_CODES_RABITQ, ATLAS_ROTATION_RANDOM, 0, 2},
                       {ATLAS_LIST_CODES_SQ8, ATLAS_ROTATION_NONE, 0, 16}};
    for (const auto& one : cases) {
      CAPTURE(one.codes);
      CAPTURE(one.rotation);
      atlas_index_options options = ivf_options();
      options.list_codes = one.codes;
      options.rotation = one.rotation;
      options.parts = one.parts;
      options.probes = 3;
      options.rerank = 7;
      options.iterations = 4;
      const index_handle made = filled_ivf(options);
      REQUIRE(atlas_index_save(made.get(), path.c_str(), nullptr) == ATLAS_OK);
      REQUIRE(atlas_file_verify(path.c_str(), nullptr) == ATLAS_OK);
      atlas_index* opened = nullptr;
      REQUIRE(atlas_index_open(&opened, path.c_str(), nullptr) == ATLAS_OK);
      const index_handle mapped(opened);
      for (const atlas_index* index : {made.get(), opened}) {
        const atlas_index_info info = info_of(index);
        CHECK(info.kind == ATLAS_KIND_IVF_PQ);
        CHECK(info.size == vector_count);
        CHECK(info.stored == ATLAS_SCALAR_F32);
        CHECK(info.lists == 16);
        CHECK(info.list_codes == one.codes);
        CHECK(info.rotation == one.rotation);
        CHECK(info.parts == one.parts);
        CHECK(info.code_bytes == one.code_bytes);
        CHECK(info.probes == 3);
        CHECK(info.rerank == 7);
        CHECK(info.connectivity == 0);
        CHECK(info.codes == 0);
        CHECK(info.memory_graph > 0);
        CHECK(ask(index, queries, 5, 16, 300) == exact);
      }
      CHECK(info_of(opened).is_read_only == 1);
      const found_by_ivf found = ask(opened, queries, 5);
      CHECK(found == ask(made.get(), queries, 5));
      CHECK(found == ask(opened, queries, 5, 3, 7));  // the defaults are those of creation
    }
  }

  TEST_CASE("ivf_pq: candidates are compared by codes beside the vectors, which a file keeps, and estimates are these") {
    const support::scratch_folder folder;
    const std::string path = folder.path("index.atlas");
    const auto queries = random_rows(8, 20, components);
    const found_by_ivf exact = exact_answers(queries, 5);
    const auto share_of_keys = [&](const found_by_ivf& found) {
      std::size_t right = 0;
      for (std::size_t i = 0; i < found.keys.size(); ++i) {
        for (std::size_t j = i / 5 * 5; j < i / 5 * 5 + 5; ++j) right += found.keys[i] == exact.keys[j] ? 1U : 0U;
      }
      return static_cast<double>(right) / static_cast<double>(found.keys.size());
    };
    for (const std::int32_t codes : {ATLAS_CODES_F16, ATLAS_CODES_BF16, ATLAS_CODES_LVQ8, ATLAS_CODES_LVQ4}) {
      CAPTURE(codes);
      atlas_index_options options = ivf_options();
      options.rerank_codes = codes;
      const index_handle made = filled_ivf(options);
      REQUIRE(atlas_index_save(made.get(), path.c_str(), nullptr) == ATLAS_OK);
      atlas_open_options how = ATLAS_OPEN_OPTIONS_INIT;
      how.vectors = ATLAS_VECTORS_ON_DISK;
      atlas_index* opened = nullptr;
      REQUIRE(atlas_index_open(&opened, path.c_str(), &how) == ATLAS_OK);
      const index_handle on_disk(opened);
      for (const atlas_index* index : {made.get(), opened}) {
        CHECK(info_of(index).rerank_codes == codes);
        CHECK(info_of(index).codes == 0);
        CHECK(share_of_keys(ask(index, queries, 5, 16, 300)) >= (codes == ATLAS_CODES_LVQ4 ? 0.95 : 0.99));
        CHECK(share_of_keys(ask(index, queries, 5, 16, 300, 1)) >= (codes == ATLAS_CODES_LVQ4 ? 0.5 : 0.9));
      }
      CHECK(ask(opened, queries, 5) == ask(made.get(), queries, 5));
    }
    CHECK(info_of(filled_ivf().get()).rerank_codes == ATLAS_CODES_NONE);
  }

  TEST_CASE("ivf_pq: 0 in an option is the default, and other kinds have none of them") {
    atlas_index_options options = ATLAS_INDEX_OPTIONS_INIT;
    options.kind = ATLAS_KIND_IVF_PQ;
    options.dimension = components;
    const index_handle index = create_ivf(options);
    atlas_index_info info = info_of(index.get());
    CHECK(info.lists == 0);  // not trained yet
    CHECK(info.code_bytes == 0);
    CHECK(info.list_codes == ATLAS_LIST_CODES_PQ4);
    CHECK(info.rotation == ATLAS_ROTATION_NONE);
    CHECK(info.parts == components / 2);
    CHECK(info.rerank == 8);
    options.list_codes = ATLAS_LIST_CODES_PQ8;
    CHECK(info_of(create_ivf(options).get()).parts == components / 8);
    options.list_codes = ATLAS_LIST_CODES_RABITQ;
    CHECK(info_of(create_ivf(options).get()).rotation == ATLAS_ROTATION_RANDOM);
    const index_handle early = create_ivf(ivf_options());
    const auto values = random_rows(7, vector_count, components);
    const atlas_matrix sample = matrix(values, components);
    REQUIRE(atlas_index_train(early.get(), &sample, nullptr) == ATLAS_OK);
    CHECK(info_of(early.get()).probes == 4);  // of 16 lists, with no vectors to measure with
    info = info_of(filled_ivf().get());
    CHECK(info.probes > 4);
    CHECK(info.probes < 16);
    CHECK(info.promised_recall == 0.0);
    CHECK(info.promised_k == 0);
    for (const std::int32_t kind : {ATLAS_KIND_FLAT, ATLAS_KIND_HNSW}) {
      info = info_of(filled_index(kind, 20, components).get());
      CHECK(info.lists == 0);
      CHECK(info.list_codes == 0);
      CHECK(info.rotation == 0);
      CHECK(info.parts == 0);
      CHECK(info.probes == 0);
      CHECK(info.rerank == 0);
      CHECK(info.rerank_codes == 0);
    }
  }

  TEST_CASE("ivf_pq: every wrong option of creation is refused, with what was expected and found") {
    const auto refused = [](auto set, atlas_status status, const char* text) {
      CAPTURE(text);
      atlas_index_options options = ivf_options();
      set(options);
      atlas_index* index = nullptr;
      CHECK(atlas_index_create(&index, &options) == status);
      CHECK(last_error_says(text));
      CHECK(index == nullptr);
    };
    using made_with = atlas_index_options;
    refused([](made_with& o) { o.kind = 4; }, ATLAS_ERR_INVALID_ARGUMENT, "options.kind: expected one of ATLAS_KIND_, found 4");
    refused([](made_with& o) { o.dimension = 0; }, ATLAS_ERR_INVALID_ARGUMENT, "dimension: expected 1 to 65535, found 0");
    refused([](made_with& o) { o.metric = ATLAS_METRIC_HAMMING; }, ATLAS_ERR_METRIC_MISMATCH, "metric");
    refused([](made_with& o) { o.stored = ATLAS_SCALAR_B1; }, ATLAS_ERR_SCALAR_MISMATCH,
            "stored: expected f32, f16, bf16, i8 or u8");
    for (const std::int32_t number : {-1, 6, 256}) {
      refused([&](made_with& o) { o.list_codes = number; }, ATLAS_ERR_INVALID_ARGUMENT,
              "options.list_codes: expected one of ATLAS_LIST_CODES_, found");
    }
    for (const std::int32_t number : {-1, 6, 256}) {
      refused([&](made_with& o) { o.rerank_codes = number; }, ATLAS_ERR_INVALID_ARGUMENT,
              "options.rerank_codes: expected one of ATLAS_CODES_, found");
    }
    refused(
        [](made_with& o) {
          o.list_codes = ATLAS_LIST_CODES_FLAT;
          o.rerank_codes = ATLAS_CODES_LVQ8;
        },
        ATLAS_ERR_INVALID_ARGUMENT, "rerank_codes: expected none, as flat lists compare vectors, found lvq8");
    for (const std::int32_t number : {-1, 4, 256}) {
      refused([&](made_with& o) { o.rotation = number; }, ATLAS_ERR_INVALID_ARGUMENT,
              "options.rotation: expected one of ATLAS_ROTATION_, found");
    }
    refused([](made_with& o) { o.lists = (1U << 20) + 1; }, ATLAS_ERR_LIMIT_EXCEEDED, "lists: expected 1048576, found 1048577");
    refused([](made_with& o) { o.lists = UINT64_MAX; }, ATLAS_ERR_LIMIT_EXCEEDED, "lists: expected 1048576");
    refused([](made_with& o) { o.train_from = 15; }, ATLAS_ERR_INVALID_ARGUMENT,
            "train_from: expected 0 or at least as many as there are lists and centroids of a part, 16, found 15");
    refused([](made_with& o) { o.train_from = UINT64_MAX; }, ATLAS_ERR_LIMIT_EXCEEDED, "train_from: expected 4294967294");
    refused([](made_with& o) { o.parts = 17; }, ATLAS_ERR_INVALID_ARGUMENT, "parts: expected at most the dimension 16, found 17");
    refused([](made_with& o) { o.parts = 15; }, ATLAS_ERR_INVALID_ARGUMENT,
            "parts: expected as many as leave none empty, such as 8, found 15");
    refused(
        [](made_with& o) {
          o.list_codes = ATLAS_LIST_CODES_SQ8;
          o.parts = 4;
        },
        ATLAS_ERR_INVALID_ARGUMENT, "parts: expected 0 for codes without parts, found 4");
    refused(
        [](made_with& o) {
          o.list_codes = ATLAS_LIST_CODES_SQ8;
          o.rotation = ATLAS_ROTATION_LEARNED;
        },
        ATLAS_ERR_INVALID_ARGUMENT, "rotation: expected none or random, as only product codes learn one, found learned");
    refused([](made_with& o) { o.iterations = 10'001; }, ATLAS_ERR_INVALID_ARGUMENT, "iterations: expected 1 to 10000, found 10001");
    refused([](made_with& o) { o.probes = (1U << 20) + 1; }, ATLAS_ERR_LIMIT_EXCEEDED, "probes: expected 1048576, found 1048577");
    refused([](made_with& o) { o.rerank = 65'537; }, ATLAS_ERR_LIMIT_EXCEEDED, "rerank: expected 65536, found 65537");
    for (const double wrong : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
      refused([&](made_with& o) { o.recall = wrong; }, ATLAS_ERR_INVALID_ARGUMENT, "recall: expected 0 to 1, found another number");
    }
    refused([](made_with& o) { o.recall_k = UINT32_MAX; }, ATLAS_ERR_INVALID_ARGUMENT, "recall_k: expected 1 to 2^32 - 2, found 4294967295");
    refused([](made_with& o) { o.reserve_rows = UINT64_MAX; }, ATLAS_ERR_LIMIT_EXCEEDED, "reserve_rows");
  }

  TEST_CASE("ivf_pq: an options struct of before it had lists makes the other kinds, and a search without probes") {
    atlas_index_options options = ATLAS_INDEX_OPTIONS_INIT;
    std::memset(reinterpret_cast<char*>(&options) + offsetof(atlas_index_options, lists), 0xFF,
                sizeof options - offsetof(atlas_index_options, lists));
    options.struct_size = offsetof(atlas_index_options, lists);
    options.dimension = components;
    options.alpha = 1.5F;
    for (const std::int32_t kind : {ATLAS_KIND_DEFAULT, ATLAS_KIND_IVF_PQ}) {
      options.kind = kind;
      const index_handle index = create_ivf(options);
      const atlas_index_info info = info_of(index.get());
      CHECK(info.kind == (kind == ATLAS_KIND_DEFAULT ? ATLAS_KIND_HNSW : kind));
      CHECK(info.alpha == (kind == ATLAS_KIND_DEFAULT ? 1.5F : 0.0F));
      CHECK(info.rerank == (kind == ATLAS_KIND_DEFAULT ? 0 : 8));
    }
    const index_handle index = filled_ivf();
    const auto queries = random_rows(8, 5, components);
    atlas_search_options search = ATLAS_SEARCH_OPTIONS_INIT;
    std::memset(reinterpret_cast<char*>(&search) + offsetof(atlas_search_options, probes), 0xFF,
                sizeof search - offsetof(atlas_search_options, probes));
    search.struct_size = offsetof(atlas_search_options, probes);
    found_by_ivf found;
    REQUIRE(ask(found, index.get(), queries, 3, &search) == ATLAS_OK);
    CHECK(found == ask(index.get(), queries, 3));

    struct {
      atlas_index_info info;
      std::uint64_t behind;
    } described = {ATLAS_INDEX_INFO_INIT, 77};
    described.info.struct_size = offsetof(atlas_index_info, lists);
    described.info.lists = 66;
    REQUIRE(atlas_index_describe(&described.info, index.get()) == ATLAS_OK);
    CHECK(described.info.kind == ATLAS_KIND_IVF_PQ);
    CHECK(described.info.lists == 66);  // behind what the caller knows
    CHECK(described.behind == 77);

    atlas_tune_result tuned = ATLAS_TUNE_RESULT_INIT;
    tuned.struct_size = offsetof(atlas_tune_result, probes);
    tuned.probes = 66;
    const atlas_matrix asked = matrix(queries, components);
    REQUIRE(atlas_index_tune(&tuned, index.get(), &asked, nullptr) == ATLAS_OK);
    CHECK(tuned.recall > 0);
    CHECK(tuned.probes == 66);
  }

  TEST_CASE("ivf_pq: searches are exact until there are train_from vectors, and then as probes and rerank say") {
    const auto values = random_rows(7, vector_count, components);
    const auto queries = random_rows(8, 30, components);
    const found_by_ivf exact = exact_answers(queries, 10);
    atlas_index_options options = ivf_options();
    options.train_from = vector_count;
    const index_handle index = create_ivf(options);
    add_some(index.get(), values, 0, vector_count - 1);
    CHECK(info_of(index.get()).lists == 0);
    const index_handle flat = make_index(ATLAS_KIND_FLAT, components);
    add_some(flat.get(), values, 0, vector_count - 1);
    CHECK(ask(index.get(), queries, 10, 1, 1) == ask(flat.get(), queries, 10));
    add_some(index.get(), values, vector_count - 1, 1);
    CHECK(info_of(index.get()).lists == 16);

    double before = 0;
    for (const std::uint32_t probes : {1U, 4U, 16U}) {
      const double recall = recall_of(ask(index.get(), queries, 10, probes, 100), exact, 10);
      CHECK(recall > before);
      before = recall;
    }
    CHECK(before == 1.0);
    CHECK(recall_of(ask(index.get(), queries, 10, 16, 1), exact, 10) < 0.9);
    CHECK(ask(index.get(), queries, 10, UINT32_MAX, UINT32_MAX) == exact);  // more than there are: all

    const found_by_ivf estimated = ask(index.get(), queries, 10, 16, 0, 1);
    CHECK(estimated != exact);
    double error = 0;
    double sum = 0;
    for (std::size_t i = 0; i < estimated.keys.size(); ++i) {
      const atlas_matrix one = {&queries[i / 10 * components], 1, 0, components, ATLAS_SCALAR_F32};
      float distance = 0;
      REQUIRE(atlas_index_distances(&distance, index.get(), &one, &estimated.keys[i], 1) == ATLAS_OK);
      error += std::abs(static_cast<double>(estimated.distances[i]) - static_cast<double>(distance));
      sum += static_cast<double>(distance);
    }
    CHECK(error > 0);
    CHECK(error < 0.3 * sum);
    CHECK(ask(index.get(), queries, 10, 16, 50, 1) == estimated);  // nothing is measured, whatever the rerank

    atlas_search_options filtered = ATLAS_SEARCH_OPTIONS_INIT;
    std::uint64_t bitmap[(vector_count + 63) / 64] = {};
    for (std::uint64_t key = 0; key < vector_count; key += 50) bitmap[key / 64] |= std::uint64_t{1} << (key % 64);
    filtered.allowed = bitmap;
    filtered.allowed_bits = vector_count;
    filtered.probes = 16;
    filtered.rerank = 100;
    found_by_ivf found;
    REQUIRE(ask(found, index.get(), queries, 30, &filtered) == ATLAS_OK);
    for (const std::uint64_t key : found.keys) CHECK(key % 50 == 0);  // all 30 that there are
  }

  TEST_CASE("ivf_pq: range looks at as many lists as probes says") {
    atlas_index_options made_with = ivf_options();
    made_with.probes = 4;
    const index_handle index = filled_ivf(made_with);
    const index_handle flat = filled_index(ATLAS_KIND_FLAT, vector_count, components);
    const auto query = random_rows(8, 1, components);
    const atlas_matrix one = matrix(query, components);
    const float radius = ask(flat.get(), query, 100).distances[99];
    std::uint64_t found[3] = {};
    std::vector<std::uint64_t> keys(vector_count);
    std::vector<float> distances(vector_count);
    atlas_search_options options = ATLAS_SEARCH_OPTIONS_INIT;
    for (const std::uint32_t probes : {1U, 4U, 16U}) {
      options.probes = probes;
      std::uint64_t& count = found[probes == 1 ? 0 : probes == 4 ? 1 : 2];
      REQUIRE(atlas_index_range(&count, keys.data(), distances.data(), index.get(), &one, radius, keys.size(), &options) == ATLAS_OK);
      CHECK(std::is_sorted(distances.begin(), distances.begin() + static_cast<std::ptrdiff_t>(count)));
    }
    CHECK(found[0] < found[1]);
    CHECK(found[1] < found[2]);
    CHECK(found[2] == 100);
    keys.resize(100);
    CHECK(keys == ask(flat.get(), query, 100).keys);
    std::uint64_t by_default = 0;
    REQUIRE(atlas_index_range(&by_default, nullptr, nullptr, index.get(), &one, radius, 0, nullptr) == ATLAS_OK);
    CHECK(by_default == found[1]);  // 4 of 16 lists
  }

  TEST_CASE("ivf_pq: upsert, remove and compact, and a file opened for change goes on") {
    const support::scratch_folder folder;
    const std::string path = folder.path("index.atlas");
    const auto values = random_rows(7, vector_count, components);
    const index_handle index = filled_ivf();
    const std::uint64_t gone[2] = {3, 700};
    REQUIRE(atlas_index_remove(index.get(), gone, 2) == ATLAS_OK);
    const std::uint64_t moved = 9;
    const atlas_matrix place = {&values[3 * components], 1, 0, components, ATLAS_SCALAR_F32};
    REQUIRE(atlas_index_upsert(index.get(), &moved, &place, nullptr) == ATLAS_OK);
    REQUIRE(atlas_index_compact(index.get()) == ATLAS_OK);
    const std::vector<float> query(&values[3 * components], &values[4 * components]);
    CHECK(ask(index.get(), query, 1).keys[0] == moved);
    CHECK(size_of(index.get()) == vector_count - 2);
    REQUIRE(atlas_index_save(index.get(), path.c_str(), nullptr) == ATLAS_OK);

    atlas_open_options change = ATLAS_OPEN_OPTIONS_INIT;
    change.mode = ATLAS_OPEN_CHANGE;
    atlas_index* opened = nullptr;
    REQUIRE(atlas_index_open(&opened, path.c_str(), &change) == ATLAS_OK);
    const index_handle changed(opened);
    REQUIRE(atlas_index_add(opened, gone, &place, nullptr) == ATLAS_OK);
    const found_by_ivf two = ask(opened, query, 2);
    CHECK(two.keys == std::vector<std::uint64_t>{3, 9});  // both at distance 0, the least key first
    REQUIRE(atlas_index_retrain(opened, nullptr) == ATLAS_OK);
    CHECK(ask(opened, query, 2) == two);
  }

  TEST_CASE("ivf_pq: vectors on disk, or loaded: the same answers; nothing to leave on disk before training") {
    const support::scratch_folder folder;
    const std::string path = folder.path("index.atlas");
    const auto queries = random_rows(8, 20, components);
    const index_handle index = filled_ivf();
    const found_by_ivf want = ask(index.get(), queries, 5, 3, 4);
    REQUIRE(atlas_index_save(index.get(), path.c_str(), nullptr) == ATLAS_OK);
    for (const std::int32_t load : {0, 1}) {
      atlas_open_options options = ATLAS_OPEN_OPTIONS_INIT;
      options.vectors = ATLAS_VECTORS_ON_DISK;
      options.load = load;
      atlas_index* opened = nullptr;
      REQUIRE(atlas_index_open(&opened, path.c_str(), &options) == ATLAS_OK);
      const index_handle on_disk(opened);
      CHECK(ask(opened, queries, 5, 3, 4) == want);
      CHECK(info_of(opened).memory_vectors == 0);
      options.mode = ATLAS_OPEN_CHANGE;
      CHECK(atlas_index_open(&opened, path.c_str(), &options) == ATLAS_ERR_INVALID_ARGUMENT);
    }
    REQUIRE(atlas_index_save(create_ivf(ivf_options()).get(), path.c_str(), nullptr) == ATLAS_OK);
    atlas_open_options options = ATLAS_OPEN_OPTIONS_INIT;
    options.vectors = ATLAS_VECTORS_ON_DISK;
    atlas_index* opened = nullptr;
    CHECK(atlas_index_open(&opened, path.c_str(), &options) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("expected mapped, as nothing is trained and every search reads all, found on_disk"));
    CHECK(opened == nullptr);
  }

  TEST_CASE("ivf_pq: every scalar that vectors may be stored as") {
    std::vector<float> values(vector_count * components);
    std::mt19937 random(3);
    for (float& value : values) value = static_cast<float>(random() % 101);
    for (const std::int32_t stored :
         {ATLAS_SCALAR_F32, ATLAS_SCALAR_F16, ATLAS_SCALAR_BF16, ATLAS_SCALAR_I8, ATLAS_SCALAR_U8}) {
      CAPTURE(stored);
      atlas_index_options options = ivf_options();
      options.stored = stored;
      const index_handle index = create_ivf(options);
      add_some(index.get(), values, 0, vector_count);
      CHECK(info_of(index.get()).stored == stored);
      const std::uint64_t key = 77;
      float got[components];
      REQUIRE(atlas_index_get(got, index.get(), &key, 1, ATLAS_SCALAR_F32, components) == ATLAS_OK);
      CHECK(std::memcmp(got, &values[77 * components], sizeof got) == 0);
      const found_by_ivf found = ask(index.get(), {got, got + components}, 1);
      CHECK(found.keys[0] == key);
      CHECK(found.distances[0] == 0.0F);
    }
  }
}
