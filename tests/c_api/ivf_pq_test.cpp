// SPDX-License-Identifier: Apache-2.0
// tests/c_api/ivf_pq_test.cpp -- an inverted file through C: created, trained, searched, tuned, saved, and what is refused.
#include "c_api/c_api_support.hpp"
#include "support/scratch_folder.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

TEST_SUITE("c_api") {
namespace {

using namespace c_api_support;

constexpr std::size_t vector_count = 1500;
constexpr std::uint32_t components = 16;

atlas_index_options ivf_options() {
  atlas_index_options options = ATLAS_INDEX_OPTIONS_INIT;
  options.kind = ATLAS_KIND_IVF_PQ;
  options.dimension = components;
  options.lists = 16;
  return options;
}

index_handle create_ivf(const atlas_index_options& options) {
  atlas_index* index = nullptr;
  REQUIRE(atlas_index_create(&index, &options) == ATLAS_OK);
  return index_handle(index);
}

/// The first vectors under the keys 0, 1, 2, ...
void add_some(atlas_index* index, const std::vector<float>& values, std::size_t first, std::size_t count) {
  const auto keys = keys_from(first, count);
  const atlas_matrix some = {values.data() + first * components, count, 0, components, ATLAS_SCALAR_F32};
  REQUIRE(atlas_index_add(index, keys.data(), &some, nullptr) == ATLAS_OK);
}

index_handle filled_ivf(const atlas_index_options& options = ivf_options()) {
  index_handle index = create_ivf(options);
  add_some(index.get(), random_rows(7, vector_count, components), 0, vector_count);
  return index;
}

atlas_index_info info_of(const atlas_index* index) {
  atlas_index_info info = ATLAS_INDEX_INFO_INIT;
  REQUIRE(atlas_index_describe(&info, index) == ATLAS_OK);
  return info;
}

struct found_by_ivf {
  std::vector<std::uint64_t> keys;
  std::vector<float> distances;
  friend bool operator==(const found_by_ivf&, const found_by_ivf&) = default;
};
atlas_status ask(found_by_ivf& found, const atlas_index* index, const std::vector<float>& queries, std::size_t k,
                 const atlas_search_options* options) {
  const atlas_matrix asked = matrix(queries, components);
  found.keys.assign(asked.rows * k, 5);
  found.distances.assign(asked.rows * k, 5.0F);
  atlas_hits hits = ATLAS_HITS_INIT;
  hits.rows = asked.rows;
  hits.k = k;
  hits.keys = found.keys.data();
  hits.distances = found.distances.data();
  return atlas_index_search(&hits, index, &asked, options);
}
found_by_ivf ask(const atlas_index* index, const std::vector<float>& queries, std::size_t k, std::uint32_t probes = 0,
                 std::uint32_t rerank = 0, std::uint32_t estimates_only = 0) {
  atlas_search_options options = ATLAS_SEARCH_OPTIONS_INIT;
  options.probes = probes;
  options.rerank = rerank;
  options.estimates_only = estimates_only;
  found_by_ivf found;
  REQUIRE(ask(found, index, queries, k, &options) == ATLAS_OK);
  return found;
}

found_by_ivf exact_answers(const std::vector<float>& queries, std::size_t k) {
  const index_handle flat = filled_index(ATLAS_KIND_FLAT, vector_count, components);
  return ask(flat.get(), queries, k);
}

/// The share of answers that are as near as the k-th exact one.
double recall_of(const found_by_ivf& found, const found_by_ivf& exact, std::size_t k) {
  std::size_t right = 0;
  for (std::size_t i = 0; i < found.keys.size(); ++i) {
    right += found.distances[i] <= exact.distances[i / k * k + k - 1] ? 1U : 0U;
  }
  return static_cast<double>(right) / static_cast<double>(found.keys.size());
}

std::int32_t count_reports(std::uint64_t done, std::uint64_t total, void* context) {
  CHECK(done <= total);
  ++*static_cast<int*>(context);
  return 0;
}
std::int32_t stop_at_once(std::uint64_t, std::uint64_t, void*) { return 1; }

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

  TEST_CASE("train and retrain: lists from a sample before vectors come, and anew from those there are") {
    const auto values = random_rows(7, vector_count, components);
    const auto queries = random_rows(8, 20, components);
    const index_handle index = create_ivf(ivf_options());
    atlas_matrix sample = {values.data(), 400, 0, components, ATLAS_SCALAR_F32};
    atlas_work_options work = ATLAS_WORK_OPTIONS_INIT;
    check_struct_size(work, [&](const atlas_work_options* given) { return atlas_index_train(index.get(), &sample, given); });
    int reports = 0;
    work.progress = count_reports;
    work.progress_context = &reports;
    work.threads = 1;
    REQUIRE(atlas_index_train(index.get(), &sample, &work) == ATLAS_OK);
    CHECK(reports > 1);
    CHECK(info_of(index.get()).lists == 16);
    CHECK(info_of(index.get()).size == 0);
    add_some(index.get(), values, 0, vector_count);
    const found_by_ivf exact = exact_answers(queries, 5);
    CHECK(ask(index.get(), queries, 5, 16, 300) == exact);
    const found_by_ivf before = ask(index.get(), queries, 5, 2, 300);

    reports = 0;
    check_struct_size(work, [&](const atlas_work_options* given) { return atlas_index_retrain(index.get(), given); });
    CHECK(reports > 1);
    CHECK(ask(index.get(), queries, 5, 16, 300) == exact);
    CHECK(ask(index.get(), queries, 5, 2, 300) != before);  // of other lists

    work.progress = stop_at_once;
    const found_by_ivf kept = ask(index.get(), queries, 5, 2, 300);
    CHECK(atlas_index_retrain(index.get(), &work) == ATLAS_ERR_CANCELLED);
    CHECK(atlas_index_train(index.get(), &sample, &work) == ATLAS_ERR_CANCELLED);
    CHECK(ask(index.get(), queries, 5, 2, 300) == kept);
  }

  TEST_CASE("train and retrain: what cannot be trained on is refused, and all is as it was") {
    auto values = random_rows(7, 100, components);
    const index_handle index = create_ivf(ivf_options());
    const auto refused = [&](const atlas_matrix& given, atlas_status status, const char* text) {
      CAPTURE(text);
      CHECK(atlas_index_train(index.get(), &given, nullptr) == status);
      CHECK(last_error_says(text));
      CHECK(info_of(index.get()).lists == 0);
    };
    atlas_matrix sample = {values.data(), 15, 0, components, ATLAS_SCALAR_F32};
    refused(sample, ATLAS_ERR_INVALID_ARGUMENT, "sample.rows: expected at least 16, found 15");
    sample.rows = 0;
    refused(sample, ATLAS_ERR_INVALID_ARGUMENT, "sample.rows: expected at least 1, found 0");
    sample.rows = 100;
    sample.dimension = components - 1;
    refused(sample, ATLAS_ERR_DIMENSION_MISMATCH, "sample.dimension: expected 16, found 15");
    sample.dimension = components;
    sample.stride = 3;
    refused(sample, ATLAS_ERR_INVALID_ARGUMENT, "sample.stride");
    sample.stride = 0;
    sample.scalar = ATLAS_SCALAR_U8;
    refused(sample, ATLAS_ERR_SCALAR_MISMATCH, "sample.scalar: expected f32, found u8");
    sample.scalar = 99;
    refused(sample, ATLAS_ERR_INVALID_ARGUMENT, "sample.scalar: expected one of ATLAS_SCALAR_, found 99");
    sample.scalar = ATLAS_SCALAR_F32;
    values[57 * components + 3] = std::numeric_limits<float>::quiet_NaN();
    refused(sample, ATLAS_ERR_NOT_FINITE, "NaN");
    CHECK(atlas_last_error_row() == 57);
    CHECK(atlas_index_retrain(index.get(), nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("rows to train on: expected at least 16, found 0"));

    atlas_index_options cosine = ivf_options();
    cosine.metric = ATLAS_METRIC_COSINE;
    const index_handle angles = create_ivf(cosine);
    std::fill(&values[57 * components], &values[58 * components], 0.0F);
    CHECK(atlas_index_train(angles.get(), &sample, nullptr) == ATLAS_ERR_ZERO_VECTOR);
    CHECK(atlas_last_error_row() == 57);

    for (const std::int32_t kind : {ATLAS_KIND_FLAT, ATLAS_KIND_HNSW}) {
      const index_handle other = filled_index(kind, 20, components);
      const std::string text = std::string("index: expected ivf_pq, found ") + (kind == ATLAS_KIND_FLAT ? "flat" : "hnsw");
      CHECK(atlas_index_train(other.get(), &sample, nullptr) == ATLAS_ERR_KIND_MISMATCH);
      CHECK(last_error_says(text.c_str()));
      CHECK(atlas_index_retrain(other.get(), nullptr) == ATLAS_ERR_KIND_MISMATCH);
      CHECK(last_error_says(text.c_str()));
    }
    CHECK(atlas_index_seal(index.get(), "none.atlas", nullptr) == ATLAS_ERR_KIND_MISMATCH);
    CHECK(last_error_says("index: expected hnsw, found ivf_pq"));

    const support::scratch_folder folder;
    const std::string path = folder.path("index.atlas");
    REQUIRE(atlas_index_save(filled_ivf().get(), path.c_str(), nullptr) == ATLAS_OK);
    atlas_index* opened = nullptr;
    REQUIRE(atlas_index_open(&opened, path.c_str(), nullptr) == ATLAS_OK);
    const index_handle read_only(opened);
    CHECK(atlas_index_train(opened, &sample, nullptr) == ATLAS_ERR_READ_ONLY);
    CHECK(atlas_index_retrain(opened, nullptr) == ATLAS_ERR_READ_ONLY);
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

  TEST_CASE("tune of ivf_pq: probes and rerank that find the wanted share, which become the index's") {
    const support::scratch_folder folder;
    const std::string path = folder.path("index.atlas");
    const auto questions = random_rows(11, 60, components);
    const atlas_matrix queries = matrix(questions, components);
    const index_handle index = filled_ivf();
    atlas_tune_options options = ATLAS_TUNE_OPTIONS_INIT;
    options.k = 5;
    options.recall = 0.9;
    int reports = 0;
    options.progress = count_reports;
    options.progress_context = &reports;
    atlas_tune_result tuned = ATLAS_TUNE_RESULT_INIT;
    REQUIRE(atlas_index_tune(&tuned, index.get(), &queries, &options) == ATLAS_OK);
    CHECK(reports > 1);
    CHECK(tuned.recall >= 0.9);
    CHECK(tuned.recall <= 1.0);
    CHECK(tuned.probes >= 1);
    CHECK(tuned.probes <= 16);
    CHECK(tuned.rerank >= 1);
    CHECK(tuned.width == 0);
    CHECK(tuned.prefetch_rows == 0);
    CHECK(tuned.queries_per_second > 0);
    CHECK(info_of(index.get()).probes == tuned.probes);
    CHECK(info_of(index.get()).rerank == tuned.rerank);
    CHECK(recall_of(ask(index.get(), questions, 5), exact_answers(questions, 5), 5) == doctest::Approx(tuned.recall));

    REQUIRE(atlas_index_save(index.get(), path.c_str(), nullptr) == ATLAS_OK);
    atlas_index* opened = nullptr;
    REQUIRE(atlas_index_open(&opened, path.c_str(), nullptr) == ATLAS_OK);
    const index_handle read_only(opened);
    CHECK(info_of(opened).probes == tuned.probes);
    CHECK(info_of(opened).rerank == tuned.rerank);
    options.recall = 1.0;
    atlas_tune_result more = ATLAS_TUNE_RESULT_INIT;
    REQUIRE(atlas_index_tune(&more, opened, &queries, &options) == ATLAS_OK);
    CHECK(more.recall > tuned.recall);
    CHECK(info_of(opened).probes == more.probes);

    options.progress = stop_at_once;
    CHECK(atlas_index_tune(&more, index.get(), &queries, &options) == ATLAS_ERR_CANCELLED);
    CHECK(info_of(index.get()).probes == tuned.probes);
    options.progress = nullptr;
    for (const double recall : {-0.5, 1.5}) {
      options.recall = recall;
      CHECK(atlas_index_tune(&more, index.get(), &queries, &options) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("recall"));
    }
    const index_handle untrained = create_ivf(ivf_options());
    add_some(untrained.get(), random_rows(7, 100, components), 0, 100);
    CHECK(atlas_index_tune(&more, untrained.get(), &queries, nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("index: expected trained, found not trained yet"));
    const index_handle flat = filled_index(ATLAS_KIND_FLAT, 5, components);
    CHECK(atlas_index_tune(&more, flat.get(), &queries, nullptr) == ATLAS_ERR_KIND_MISMATCH);
    CHECK(last_error_says("index: expected hnsw or ivf_pq, found flat"));
  }
}
