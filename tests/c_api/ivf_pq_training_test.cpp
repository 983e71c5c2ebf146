// SPDX-License-Identifier: Apache-2.0
// tests/c_api/ivf_pq_training_test.cpp -- an inverted file through C: trained, trained anew and tuned.
#include "c_api/ivf_pq_support.hpp"
#include "support/child_process.hpp"
#include "support/scratch_folder.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <limits>
#include <sched.h>

TEST_SUITE("c_api") {
namespace {

using namespace ivf_pq_support;

std::size_t threads_of_process() {
  const std::filesystem::directory_iterator all("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

}  // namespace

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

  TEST_CASE("tune: as many threads as are asked for, and all if that is left open; they change nothing that is set") {
    const support::scratch_folder folder;
    const std::string path = folder.path("index.atlas");
    REQUIRE(atlas_index_save(filled_ivf().get(), path.c_str(), nullptr) == ATLAS_OK);
    const auto questions = random_rows(11, 60, components);
    const atlas_matrix queries = matrix(questions, components);
    const auto tune = [&](atlas_index* index, std::uint32_t threads, std::size_t struct_size) {
      atlas_tune_options options = ATLAS_TUNE_OPTIONS_INIT;
      options.struct_size = static_cast<std::uint32_t>(struct_size);
      options.threads = threads;
      atlas_tune_result tuned = ATLAS_TUNE_RESULT_INIT;
      REQUIRE(atlas_index_tune(&tuned, index, &queries, &options) == ATLAS_OK);
      return tuned;
    };
    const auto open = [&] {
      atlas_index* opened = nullptr;
      REQUIRE(atlas_index_open(&opened, path.c_str(), nullptr) == ATLAS_OK);
      return index_handle(opened);
    };
    cpu_set_t allowed;  // of those that there are the process may use fewer
    REQUIRE(::sched_getaffinity(0, sizeof allowed, &allowed) == 0);
    const auto processors = static_cast<std::uint32_t>(std::min(CPU_COUNT(&allowed), 60));
    constexpr std::size_t known = sizeof(atlas_tune_options);
    constexpr std::size_t old = offsetof(atlas_tune_options, threads);
    struct asked {
      std::uint32_t threads;
      std::size_t struct_size;
      std::uint32_t used;
    };
    const index_handle index = open();
    const atlas_tune_result alone = tune(index.get(), 1, known);
    for (const asked& one : {asked{1, known, 1}, asked{2, known, std::min(processors, 2U)}, asked{0, known, processors}, asked{1, old, processors}}) {
      CAPTURE(one.threads);
      CAPTURE(one.struct_size);
      const atlas_tune_result tuned = tune(index.get(), one.threads, one.struct_size);
      CHECK(tuned.probes == alone.probes);
      CHECK(tuned.rerank == alone.rerank);
      CHECK(tuned.recall == alone.recall);
      // A child begins with one thread, and those of its index stay until that is closed.
      const auto ended = support::in_child([&] {
        const index_handle own = open();
        tune(own.get(), one.threads, one.struct_size);
        return static_cast<int>(threads_of_process());
      });
      CHECK(ended.code == static_cast<int>(one.used));
    }
  }
}
