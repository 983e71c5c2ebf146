// SPDX-License-Identifier: Apache-2.0
// tests/c_api/memory_test.cpp -- an allocator that gives out becomes ATLAS_ERR_NO_MEMORY, and nothing is lost.
//
// This program's aligned_alloc stands in front of the C library's, also for libatlas.so. Under a sanitizer, which
// has its own, the test is left out and says so.
#include "c_api/c_api_support.hpp"
#include "support/rank_file.hpp"
#include "support/scratch_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <dlfcn.h>
#include <string>
#include <vector>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ATLAS_TEST_OWN_ALLOCATOR 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ATLAS_TEST_OWN_ALLOCATOR 0
#endif
#endif
#if !defined(ATLAS_TEST_OWN_ALLOCATOR)
#define ATLAS_TEST_OWN_ALLOCATOR 1
#endif

#if ATLAS_TEST_OWN_ALLOCATOR
namespace {
thread_local long allowed = -1;  // allocations of this thread that still succeed; -1: all
}

extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  if (allowed == 0) {
    errno = ENOMEM;
    return nullptr;
  }
  if (allowed > 0) --allowed;
  using function = void* (*)(std::size_t, std::size_t);
  static const auto real = reinterpret_cast<function>(::dlsym(RTLD_NEXT, "aligned_alloc"));
  return real(alignment, size);
}
#endif

TEST_SUITE("c_api") {
  TEST_CASE("no memory: every call that allocates says so and can be repeated") {
#if !ATLAS_TEST_OWN_ALLOCATOR
    MESSAGE("skipped: the sanitizer has its own allocator");
#else
    using namespace c_api_support;
    const auto values = random_rows(3, 64, 8);
    const auto keys = keys_from(0, 64);
    const atlas_matrix vectors = matrix(values, 8);
    atlas_work_options one_thread = ATLAS_WORK_OPTIONS_INIT;
    one_thread.threads = 1;

    int failures = 0;
    bool done = false;
    for (long allow = 0; !done && allow < 200; ++allow) {
      const index_handle index = make_index(ATLAS_KIND_HNSW, 8);
      allowed = allow;
      const atlas_status added = atlas_index_add(index.get(), keys.data(), &vectors, &one_thread);
      allowed = -1;
      done = added == ATLAS_OK;
      if (done) break;
      ++failures;
      CHECK(added == ATLAS_ERR_NO_MEMORY);
      CHECK(last_error_says("out of memory"));
      CHECK(size_of(index.get()) == 0);
      CHECK(atlas_index_add(index.get(), keys.data(), &vectors, &one_thread) == ATLAS_OK);
      CHECK(size_of(index.get()) == 64);
    }
    CHECK(done);
    CHECK(failures > 2);

    failures = 0;
    done = false;
    for (long allow = 0; !done && allow < 50; ++allow) {
      atlas_embedder* made = nullptr;
      allowed = allow;
      const atlas_status created = atlas_embedder_create(&made, nullptr);
      allowed = -1;
      done = created == ATLAS_OK;
      atlas_embedder_close(made);
      if (done) break;
      ++failures;
      CHECK(created == ATLAS_ERR_NO_MEMORY);
      CHECK(made == nullptr);
    }
    CHECK(done);
    CHECK(failures > 0);
#endif
  }

  TEST_CASE("no memory: texts are decoded, and tokens encoded, or nothing is written") {
#if !ATLAS_TEST_OWN_ALLOCATOR
    MESSAGE("skipped: the sanitizer has its own allocator");
#else
    using namespace c_api_support;
    const std::string ranks = support::rank_file(support::ranks_of_bytes_and({"ab"}));
    std::string text;
    for (int i = 0; i < 3000; ++i) text += "ab \xE4 ";  // windows-1252
    enum { open_ranks, encode, decode_tokens, decode_text, find_places, feed, steps };
    for (int step = 0; step < steps; ++step) {
      CAPTURE(step);
      atlas_tokenizer* made = nullptr;
      REQUIRE(atlas_tokenizer_open_ranks(&made, ranks.data(), ranks.size(), ATLAS_PATTERN_GPT2) == ATLAS_OK);
      const tokenizer_handle tokenizer(made);
      atlas_text_decoder* created = nullptr;
      REQUIRE(atlas_text_decoder_create(&created, ATLAS_ENCODING_WINDOWS_1252, ATLAS_BAD_BYTES_REFUSE) == ATLAS_OK);
      text_decoder_handle decoder(created);
      const std::vector<std::uint32_t> tokens(5000, 256);
      atlas_decoded_text facts = ATLAS_DECODED_TEXT_INIT;
      facts.encoding = ATLAS_ENCODING_WINDOWS_1252;
      facts.text_bytes = text.size();
      int failures = 0;
      bool done = false;
      for (long allow = 0; !done && allow < 200; ++allow) {
        std::uint64_t count = 7;
        std::uint64_t places[2] = {9, 3};
        atlas_tokenizer* other = nullptr;
        atlas_text part = {nullptr, 7};
        atlas_decoded_text decoded = ATLAS_DECODED_TEXT_INIT;
        allowed = allow;
        atlas_status said = ATLAS_OK;
        switch (step) {
          case open_ranks: said = atlas_tokenizer_open_ranks(&other, ranks.data(), ranks.size(), ATLAS_PATTERN_GPT2); break;
          case encode: said = atlas_tokenizer_encode(&count, nullptr, made, text.data(), text.size(), 0); break;
          case decode_tokens: said = atlas_tokenizer_decode(&count, nullptr, made, tokens.data(), tokens.size(), 0); break;
          case decode_text: said = atlas_text_decode(&decoded, nullptr, text.data(), text.size(), ATLAS_ENCODING_WINDOWS_1252, 0, 0); break;
          case find_places: said = atlas_text_source_offsets(places, places, 2, &facts, text.data(), text.size()); break;
          default: said = atlas_text_decoder_feed(&part, decoder.get(), text.data(), text.size());
        }
        allowed = -1;
        atlas_tokenizer_close(other);
        done = said == ATLAS_OK;
        if (done) break;
        ++failures;
        CHECK(said == ATLAS_ERR_NO_MEMORY);
        CHECK(count == 7);
        CHECK(places[0] == 9);
        CHECK(other == nullptr);
        CHECK(part.size_bytes == 7);
        CHECK(decoded.text_bytes == 0);
        if (step == feed) {  // a decoder that failed is of no more use
          CHECK(atlas_text_decoder_feed(&part, decoder.get(), "x", 1) == ATLAS_ERR_NO_MEMORY);
          REQUIRE(atlas_text_decoder_create(&created, ATLAS_ENCODING_WINDOWS_1252, ATLAS_BAD_BYTES_REFUSE) == ATLAS_OK);
          decoder.reset(created);
        }
      }
      CHECK(done);
      CHECK(failures > 0);
    }
#endif
  }

  TEST_CASE("no memory: a queue takes the messages before the one that it has no memory for") {
#if !ATLAS_TEST_OWN_ALLOCATOR
    MESSAGE("skipped: the sanitizer has its own allocator");
#else
    using namespace c_api_support;
    const std::string bytes(8000, 'x');
    std::vector<std::uint64_t> offsets;
    for (std::uint64_t at = 0; at <= bytes.size(); at += 200) offsets.push_back(at);  // none lies inline
    atlas_queue* made = nullptr;
    allowed = 0;
    CHECK(atlas_queue_create(&made, nullptr) == ATLAS_ERR_NO_MEMORY);
    allowed = -1;
    CHECK(made == nullptr);
    REQUIRE(atlas_queue_create(&made, nullptr) == ATLAS_OK);
    const queue_handle queue(made);
    std::uint64_t sum = 0;
    for (const long allow : {0, 5, 32, 35}) {
      std::uint64_t accepted = 99;
      allowed = allow;
      const atlas_status status = atlas_queue_push_n(&accepted, made, bytes.data(), bytes.size(), offsets.data(), nullptr,
                                                     offsets.size() - 1, ATLAS_WAIT_FOREVER);
      allowed = -1;
      CHECK(status == ATLAS_ERR_NO_MEMORY);
      CHECK(last_error_says("out of memory"));
      CHECK(atlas_last_error_row() == accepted);
      CHECK(accepted == static_cast<std::uint64_t>(allow));
      sum += accepted;
    }
    std::uint64_t size = 0;
    REQUIRE(atlas_queue_size(&size, made) == ATLAS_OK);
    CHECK(size == sum);
#endif
  }

  TEST_CASE("no memory: training and adding to lists leave all as it was, and can be repeated") {
#if !ATLAS_TEST_OWN_ALLOCATOR
    MESSAGE("skipped: the sanitizer has its own allocator");
#else
    using namespace c_api_support;
    const auto values = random_rows(3, 64, 8);
    const auto keys = keys_from(0, 64);
    const atlas_matrix vectors = matrix(values, 8);
    atlas_work_options one_thread = ATLAS_WORK_OPTIONS_INIT;
    one_thread.threads = 1;
    atlas_index_options options = ATLAS_INDEX_OPTIONS_INIT;
    options.kind = ATLAS_KIND_IVF_PQ;
    options.dimension = 8;
    options.lists = 4;
    options.rotation = ATLAS_ROTATION_LEARNED;
    options.iterations = 2;
    const auto lists_of = [](const atlas_index* index) {
      atlas_index_info info = ATLAS_INDEX_INFO_INIT;
      REQUIRE(atlas_index_describe(&info, index) == ATLAS_OK);
      return info.lists;
    };
    enum { train_empty, add_to_lists, retrain_full, steps };
    for (int step = 0; step < steps; ++step) {
      CAPTURE(step);
      int failures = 0;
      bool done = false;
      for (long allow = 0; !done && allow < 5000; ++allow) {
        atlas_index* made = nullptr;
        REQUIRE(atlas_index_create(&made, &options) == ATLAS_OK);
        const index_handle index(made);
        if (step != train_empty) REQUIRE(atlas_index_train(made, &vectors, &one_thread) == ATLAS_OK);
        if (step == retrain_full) REQUIRE(atlas_index_add(made, keys.data(), &vectors, &one_thread) == ATLAS_OK);
        const auto run = [&] {
          return step == train_empty    ? atlas_index_train(made, &vectors, &one_thread)
                 : step == add_to_lists ? atlas_index_add(made, keys.data(), &vectors, &one_thread)
                                        : atlas_index_retrain(made, &one_thread);
        };
        allowed = allow;
        const atlas_status status = run();
        allowed = -1;
        done = status == ATLAS_OK;
        if (!done) {
          ++failures;
          CHECK(status == ATLAS_ERR_NO_MEMORY);
          CHECK(lists_of(made) == (step == train_empty ? 0 : 4));
          CHECK(size_of(made) == (step == retrain_full ? 64 : 0));
          CHECK(run() == ATLAS_OK);
        }
        CHECK(lists_of(made) == 4);
        CHECK(size_of(made) == (step == train_empty ? 0 : 64));
      }
      CHECK(done);
      CHECK(failures > 2);
    }
#endif
  }

  TEST_CASE("no memory: a quantiser is trained or not, and what it does with rows can be repeated") {
#if !ATLAS_TEST_OWN_ALLOCATOR
    MESSAGE("skipped: the sanitizer has its own allocator");
#else
    using namespace c_api_support;
    const auto values = random_rows(3, 40, 8);
    const atlas_matrix rows = matrix(values, 8);
    atlas_work_options one_thread = ATLAS_WORK_OPTIONS_INIT;
    one_thread.threads = 1;
    atlas_quantizer_options options = ATLAS_QUANTIZER_OPTIONS_INIT;
    options.kind = ATLAS_QUANTIZER_PRODUCT;
    options.code_bytes = 2;
    options.bits = 4;
    options.iterations = 1;
    options.threads = 1;
    std::vector<std::uint8_t> bytes(80);
    std::vector<float> floats(40 * 40);
    const atlas_matrix codes = {bytes.data(), 40, 0, 2, ATLAS_SCALAR_U8};
    atlas_quantizer* given = nullptr;
    REQUIRE(atlas_quantizer_train(&given, &rows, &options) == ATLAS_OK);
    const quantizer_handle trained(given);
    REQUIRE(atlas_quantizer_encode(bytes.data(), given, &rows, &one_thread) == ATLAS_OK);
    const std::vector<std::uint8_t> good = bytes;
    std::uint64_t needed = 0;
    REQUIRE(atlas_quantizer_save_state(&needed, nullptr, given, 0) == ATLAS_OK);
    std::vector<unsigned char> state(needed);
    REQUIRE(atlas_quantizer_save_state(&needed, state.data(), given, state.size()) == ATLAS_OK);
    double share = 0;
    enum { train, open_state, encode, decode, measure, distances, save_state, steps };
    for (int step = 0; step < steps; ++step) {
      CAPTURE(step);
      int failures = 0;
      bool done = false;
      for (long allow = 0; !done && allow < 500; ++allow) {
        atlas_quantizer* made = nullptr;
        const auto run = [&]() -> atlas_status {
          switch (step) {
            case train: return atlas_quantizer_train(&made, &rows, &options);
            case open_state: return atlas_quantizer_open_state(&made, state.data(), state.size());
            case encode: return atlas_quantizer_encode(bytes.data(), given, &rows, &one_thread);
            case decode: return atlas_quantizer_decode(floats.data(), given, &codes, &one_thread);
            case measure: return atlas_quantizer_error_of(&share, nullptr, given, &rows, &one_thread);
            case distances: return atlas_quantizer_distances(floats.data(), nullptr, given, &rows, &codes, &one_thread);
            default: return atlas_quantizer_save_state(&needed, state.data(), given, state.size());
          }
        };
        allowed = allow;
        const atlas_status status = run();
        allowed = -1;
        done = status == ATLAS_OK;
        atlas_quantizer_close(made);
        if (done) break;
        ++failures;
        CHECK(status == ATLAS_ERR_NO_MEMORY);
        CHECK(made == nullptr);
      }
      CHECK(done);
      CHECK(failures > 0);
      CHECK(bytes == good);
    }
#endif
  }

  TEST_CASE("no memory: shards are opened and searched whole or not at all, also where some may be missing") {
#if !ATLAS_TEST_OWN_ALLOCATOR
    MESSAGE("skipped: the sanitizer has its own allocator");
#else
    using namespace c_api_support;
    const support::scratch_folder folder;
    const std::string paths[3] = {folder.path("a.atlas"), folder.path("b.atlas"), folder.path("none.atlas")};
    REQUIRE(atlas_index_save(filled_index(ATLAS_KIND_FLAT, 64, 8).get(), paths[0].c_str(), nullptr) == ATLAS_OK);
    REQUIRE(atlas_index_save(filled_index(ATLAS_KIND_HNSW, 90, 8).get(), paths[1].c_str(), nullptr) == ATLAS_OK);
    const char* const listed[3] = {paths[0].c_str(), paths[1].c_str(), paths[2].c_str()};
    const std::string list = folder.path("all.shards");
    atlas_shards_options options = ATLAS_SHARDS_OPTIONS_INIT;
    options.allow_missing = 1;
    const auto values = random_rows(9, 3, 8);
    const atlas_matrix queries = matrix(values, 8);
    const atlas_matrix query = {values.data(), 1, 0, 8, ATLAS_SCALAR_F32};
    atlas_search_options one_thread = ATLAS_SEARCH_OPTIONS_INIT;
    one_thread.threads = 1;
    std::uint64_t keys[30];
    float distances[30];
    atlas_hits hits = ATLAS_HITS_INIT;
    hits.rows = 3;
    hits.k = 10;
    hits.keys = keys;
    hits.distances = distances;
    enum { write_list, open_list, search_all, search_range, steps };
    for (int step = 0; step < steps; ++step) {
      CAPTURE(step);
      int failures = 0;
      bool done = false;
      for (long allow = 0; !done && allow < 500; ++allow) {
        if (step != write_list) REQUIRE(atlas_shards_write(list.c_str(), listed, 3) == ATLAS_OK);
        atlas_shards* made = nullptr;
        if (step > open_list) REQUIRE(atlas_shards_open(&made, list.c_str(), &options) == ATLAS_OK);
        atlas_shards_answer answer = ATLAS_SHARDS_ANSWER_INIT;
        const auto run = [&] {
          return step == write_list   ? atlas_shards_write(list.c_str(), listed, 3)
                 : step == open_list  ? atlas_shards_open(&made, list.c_str(), &options)
                 : step == search_all ? atlas_shards_search(&hits, &answer, made, &queries, &one_thread)
                                      : atlas_shards_range(&answer, keys, distances, made, &query, 1e9F, 30, &one_thread);
        };
        allowed = allow;
        const atlas_status status = run();
        allowed = -1;
        done = status == ATLAS_OK;
        if (!done) {
          ++failures;
          CHECK(status == ATLAS_ERR_NO_MEMORY);
          CHECK(answer.listed == 0);
          if (step == open_list) CHECK(made == nullptr);
          CHECK(run() == ATLAS_OK);
        }
        if (step > open_list) CHECK(answer.answered == 2);
        if (step == search_range) CHECK(answer.found == 90);
        if (step == open_list) {
          atlas_shards_info info = ATLAS_SHARDS_INFO_INIT;
          REQUIRE(atlas_shards_describe(&info, made) == ATLAS_OK);
          CHECK(info.missing == 1);
        }
        atlas_shards_close(made);
      }
      CHECK(done);
      CHECK(failures > 2);
    }
#endif
  }

  TEST_CASE("no memory: a builder says so and goes on or is over; what was at its path stays until the file is whole") {
#if !ATLAS_TEST_OWN_ALLOCATOR
    MESSAGE("skipped: the sanitizer has its own allocator");
#else
    using namespace c_api_support;
    const support::scratch_folder folder;
    const std::string path = folder.path("built.atlas");
    const auto values = random_rows(3, 80, 8);
    const auto keys = keys_from(0, 80);
    const atlas_matrix vectors = matrix(values, 8);
    const std::uint32_t shape[2] = {80, 8};
    std::string file(reinterpret_cast<const char*>(shape), sizeof shape);
    file.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
    const std::string source = folder.write("vectors.fbin", file);
    atlas_index_options lists = ATLAS_INDEX_OPTIONS_INIT;
    lists.kind = ATLAS_KIND_IVF_PQ;
    lists.dimension = 8;
    lists.lists = 4;
    lists.list_codes = ATLAS_LIST_CODES_PQ4;
    lists.rotation = ATLAS_ROTATION_LEARNED;
    lists.rerank_codes = ATLAS_CODES_LVQ8;
    lists.iterations = 2;
    atlas_ivf_build_options options = ATLAS_IVF_BUILD_OPTIONS_INIT;
    options.index = &lists;
    options.threads = 1;
    enum { create, train, add, finish, build_file, steps };
    std::string whole;
    for (int step = create; step < steps; ++step) {
      CAPTURE(step);
      int failures = 0;
      bool done = false;
      for (long allow = 0; !done && allow < 5000; ++allow) {
        folder.write("built.atlas", "before");
        atlas_ivf_builder* made = nullptr;
        const auto run = [&](int which) {
          switch (which) {
            case create: return atlas_ivf_builder_create(&made, path.c_str(), &options);
            case train: return atlas_ivf_builder_train(made, &vectors, nullptr);
            case add: return atlas_ivf_builder_add(made, keys.data(), &vectors, nullptr);
            case finish: return atlas_ivf_builder_finish(made, nullptr);
            default: return atlas_ivf_build_file(path.c_str(), source.c_str(), nullptr, 0, &options);
          }
        };
        for (int before = create; step != build_file && before < step; ++before) REQUIRE(run(before) == ATLAS_OK);
        allowed = allow;
        const atlas_status status = run(step);
        allowed = -1;
        done = status == ATLAS_OK;
        bool goes_on = done;
        if (!done) {
          ++failures;
          CHECK(status == ATLAS_ERR_NO_MEMORY);
          CHECK(support::read_whole(path) == "before");
          if (step == create) CHECK(made == nullptr);
          const atlas_status again = run(step);
          goes_on = again == ATLAS_OK;
          if (!goes_on) CHECK(again == ATLAS_ERR_NO_MEMORY);
          if (step == create || step == build_file) CHECK(goes_on);
        }
        for (int after = step + 1; after <= finish; ++after) CHECK(run(after) == (goes_on ? ATLAS_OK : ATLAS_ERR_NO_MEMORY));
        atlas_ivf_builder_close(made);
        if (whole.empty()) whole = support::read_whole(path);
        CHECK(support::read_whole(path) == (goes_on ? whole : "before"));
        CHECK(folder.names() == std::vector<std::string>{"built.atlas", "vectors.fbin"});
      }
      CHECK(done);
      CHECK(failures > 2);
    }
#endif
  }
}
