// SPDX-License-Identifier: Apache-2.0
// tests/c_api/text_test.cpp -- chunks into the caller's array, and the embedder from learning to saved state.
#include "c_api/c_api_support.hpp"

#include <cmath>
#include <string>

TEST_SUITE("c_api") {
namespace {
using namespace c_api_support;

double product(const float* a, const float* b, std::size_t dimension) {
  double sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}
}  // namespace

  TEST_CASE("chunks: offsets are exact, and their fresh parts laid end to end are the text") {
    std::string text;
    for (int i = 0; i < 60; ++i) text += "Sentence number " + std::to_string(i) + " h\xC3\xA4lt an. \n";
    atlas_chunk_options options = ATLAS_CHUNK_OPTIONS_INIT;
    options.size = 100;
    options.overlap = 20;
    std::uint64_t found = 0;
    std::vector<atlas_chunk> chunks(3);
    REQUIRE(atlas_chunk_text(&found, chunks.data(), text.data(), text.size(), 3, &options) == ATLAS_OK);
    REQUIRE(found > 3);
    const std::uint64_t third_end = chunks[2].byte_end;
    chunks.resize(found);
    REQUIRE(atlas_chunk_text(&found, chunks.data(), text.data(), text.size(), chunks.size(), &options) == ATLAS_OK);
    REQUIRE(found == chunks.size());
    CHECK(chunks[2].byte_end == third_end);
    std::string joined;
    for (const atlas_chunk& chunk : chunks) {
      CHECK(chunk.char_end - chunk.char_begin <= 100);
      CHECK(chunk.line_begin <= chunk.line_end);
      CHECK(chunk.byte_begin <= chunk.byte_fresh);
      CHECK((chunk.id_low != 0 || chunk.id_high != 0));
      joined += text.substr(chunk.byte_fresh, chunk.byte_end - chunk.byte_fresh);
    }
    CHECK(joined == text);
    CHECK(chunks.back().level == ATLAS_BOUNDARY_TEXT_END);

    options.size = (std::uint64_t{1} << 31) + 1;
    CHECK(atlas_chunk_text(&found, nullptr, text.data(), text.size(), 0, &options) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("size"));
    options.size = 10;
    options.overlap = 10;
    CHECK(atlas_chunk_text(&found, nullptr, text.data(), text.size(), 0, &options) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(found == chunks.size());
  }

  TEST_CASE("embedder: learns, freezes, embeds alike on one thread and on many, and comes back from its state") {
    atlas_embedder_options options = ATLAS_EMBEDDER_OPTIONS_INIT;
    options.dimension = 256;
    atlas_embedder* made = nullptr;
    REQUIRE(atlas_embedder_create(&made, &options) == ATLAS_OK);
    const embedder_handle embedder(made);

    std::vector<std::string> strings;
    for (int i = 0; i < 200; ++i) strings.push_back("text " + std::to_string(i % 50) + " about rivers and bridges");
    strings[7] = "";
    std::vector<atlas_text> texts;
    for (const std::string& one : strings) texts.push_back({one.data(), one.size()});
    std::vector<float> vectors(texts.size() * 256);

    CHECK(atlas_embedder_embed(vectors.data(), made, texts.data(), texts.size(), 256, nullptr) == ATLAS_ERR_READ_ONLY);
    REQUIRE(atlas_embedder_learn(made, texts.data(), texts.size(), nullptr) == ATLAS_OK);
    REQUIRE(atlas_embedder_freeze(made) == ATLAS_OK);
    CHECK(atlas_embedder_learn(made, texts.data(), texts.size(), nullptr) == ATLAS_ERR_READ_ONLY);
    atlas_embedder_info info = ATLAS_EMBEDDER_INFO_INIT;
    REQUIRE(atlas_embedder_describe(&info, made) == ATLAS_OK);
    CHECK(info.dimension == 256);
    CHECK(info.is_frozen == 1);
    CHECK(info.texts == 200);

    CHECK(atlas_embedder_embed(vectors.data(), made, texts.data(), texts.size(), 255, nullptr) ==
          ATLAS_ERR_DIMENSION_MISMATCH);
    CHECK(last_error_says("expected 256, found 255"));
    REQUIRE(atlas_embedder_embed(vectors.data(), made, texts.data(), texts.size(), 256, nullptr) == ATLAS_OK);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      CHECK(product(&vectors[i * 256], &vectors[i * 256], 256) == doctest::Approx(1.0).epsilon(1e-5));
    }
    atlas_work_options one_thread = ATLAS_WORK_OPTIONS_INIT;
    one_thread.threads = 1;
    std::vector<float> again(vectors.size());
    REQUIRE(atlas_embedder_embed(again.data(), made, texts.data(), texts.size(), 256, &one_thread) == ATLAS_OK);
    CHECK(again == vectors);

    std::uint64_t needed = 0;
    REQUIRE(atlas_embedder_save_state(&needed, nullptr, made, 0) == ATLAS_OK);
    REQUIRE(needed > 64);
    std::vector<unsigned char> state(needed);
    REQUIRE(atlas_embedder_save_state(&needed, state.data(), made, state.size()) == ATLAS_OK);
    atlas_embedder* back = nullptr;
    REQUIRE(atlas_embedder_open_state(&back, state.data(), state.size()) == ATLAS_OK);
    const embedder_handle opened(back);
    std::fill(again.begin(), again.end(), 0.0F);
    REQUIRE(atlas_embedder_embed(again.data(), back, texts.data(), texts.size(), 256, nullptr) == ATLAS_OK);
    CHECK(again == vectors);
    state[70] ^= 1;
    CHECK(atlas_embedder_open_state(&back, state.data(), state.size()) == ATLAS_ERR_CORRUPT_FILE);
    CHECK(atlas_embedder_open_state(&back, state.data(), 10) == ATLAS_ERR_CORRUPT_FILE);

    one_thread.progress = [](std::uint64_t, std::uint64_t, void*) -> std::int32_t { return 1; };
    CHECK(atlas_embedder_embed(again.data(), made, texts.data(), texts.size(), 256, &one_thread) ==
          ATLAS_ERR_CANCELLED);
  }

  TEST_CASE("embedder: a negative weight means none, and not all may be none") {
    atlas_embedder_options options = ATLAS_EMBEDDER_OPTIONS_INIT;
    options.word_weight = options.pair_weight = options.gram_weight = -1.0F;
    atlas_embedder* made = nullptr;
    CHECK(atlas_embedder_create(&made, &options) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(last_error_says("weights"));
    options.word_weight = std::nanf("");
    CHECK(atlas_embedder_create(&made, &options) == ATLAS_ERR_INVALID_ARGUMENT);
    options.word_weight = 2.0F;
    REQUIRE(atlas_embedder_create(&made, &options) == ATLAS_OK);
    atlas_embedder_close(made);
  }
}
