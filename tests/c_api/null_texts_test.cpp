// SPDX-License-Identifier: Apache-2.0
// tests/c_api/null_texts_test.cpp -- every function of atlas.h that is about texts, with NULL for each pointer that it needs.
//
// tests/abi/test_exports.py checks that each function of the header is named here or in null_test.cpp.
#include "c_api/c_api_support.hpp"
#include "support/rank_file.hpp"

#include <string>

namespace {
using namespace c_api_support;
}

TEST_SUITE("c_api") {
  TEST_CASE("NULL is refused by every function about encodings and boundaries that needs a pointer") {
    std::uint64_t number = 0;
    std::uint64_t offsets[2] = {0, 1};
    std::int32_t encoding = 0;
    char out[8] = {};
    refuses_null(atlas_text_validate(nullptr, &number, "text", 4));
    refuses_null(atlas_text_validate(&number, nullptr, nullptr, 4));
    CHECK(atlas_text_validate(&number, nullptr, "text", 4) == ATLAS_OK);
    CHECK(atlas_text_validate(&number, nullptr, nullptr, 0) == ATLAS_OK);
    refuses_null(atlas_encoding_of_label(nullptr, "utf-8"));
    refuses_null(atlas_encoding_of_label(&encoding, nullptr));
    atlas_encoding_guess guess = ATLAS_ENCODING_GUESS_INIT;
    refuses_null(atlas_text_detect_encoding(nullptr, "text", 4));
    refuses_null(atlas_text_detect_encoding(&guess, nullptr, 4));
    atlas_decoded_text decoded = ATLAS_DECODED_TEXT_INIT;
    refuses_null(atlas_text_decode(nullptr, out, "text", 4, ATLAS_ENCODING_UTF8, 0, 8));
    refuses_null(atlas_text_decode(&decoded, nullptr, "text", 4, ATLAS_ENCODING_UTF8, 0, 8));
    refuses_null(atlas_text_decode(&decoded, out, nullptr, 4, ATLAS_ENCODING_UTF8, 0, 8));
    CHECK(decoded.text_bytes == 0);
    decoded.text_bytes = 4;
    refuses_null(atlas_text_source_offsets(nullptr, offsets, 2, &decoded, "text", 4));
    refuses_null(atlas_text_source_offsets(offsets, nullptr, 2, &decoded, "text", 4));
    refuses_null(atlas_text_source_offsets(offsets, offsets, 2, nullptr, "text", 4));
    refuses_null(atlas_text_source_offsets(offsets, offsets, 2, &decoded, nullptr, 4));
    CHECK(atlas_text_source_offsets(nullptr, nullptr, 0, &decoded, "text", 4) == ATLAS_OK);

    atlas_text_decoder* made = nullptr;
    refuses_null(atlas_text_decoder_create(nullptr, ATLAS_ENCODING_UTF8, 0));
    REQUIRE(atlas_text_decoder_create(&made, ATLAS_ENCODING_UTF8, 0) == ATLAS_OK);
    const text_decoder_handle decoder(made);
    atlas_text_decoder_close(nullptr);
    atlas_text text = {nullptr, 0};
    refuses_null(atlas_text_decoder_feed(nullptr, made, "text", 4));
    refuses_null(atlas_text_decoder_feed(&text, nullptr, "text", 4));
    refuses_null(atlas_text_decoder_feed(&text, made, nullptr, 4));
    refuses_null(atlas_text_decoder_finish(nullptr, made));
    refuses_null(atlas_text_decoder_finish(&text, nullptr));
    refuses_null(atlas_text_decoder_describe(nullptr, made));
    refuses_null(atlas_text_decoder_describe(&decoded, nullptr));
    refuses_null(atlas_text_decoder_keep_source(nullptr, 0));
    refuses_null(atlas_text_decoder_source_offsets(nullptr, offsets, 2, made));
    refuses_null(atlas_text_decoder_source_offsets(offsets, nullptr, 2, made));
    refuses_null(atlas_text_decoder_source_offsets(offsets, offsets, 2, nullptr));

    refuses_null(atlas_text_boundaries(nullptr, offsets, offsets, "text", 4, ATLAS_SEGMENTS_WORDS, 2));
    refuses_null(atlas_text_boundaries(&number, offsets, offsets, nullptr, 4, ATLAS_SEGMENTS_WORDS, 2));
    CHECK(atlas_text_boundaries(&number, nullptr, nullptr, "text", 4, ATLAS_SEGMENTS_WORDS, 2) == ATLAS_OK);
    CHECK(number == 1);
  }

  TEST_CASE("NULL is refused by every function of atlas_tokenizer that needs a pointer") {
    const std::string ranks = support::rank_file(support::ranks_of_bytes_and({}));
    atlas_tokenizer* made = nullptr;
    REQUIRE(atlas_tokenizer_open_ranks(&made, ranks.data(), ranks.size(), ATLAS_PATTERN_GPT2) == ATLAS_OK);
    const tokenizer_handle tokenizer(made);
    atlas_tokenizer* other = nullptr;
    refuses_null(atlas_tokenizer_open(nullptr, "x", ATLAS_PATTERN_GPT2));
    refuses_null(atlas_tokenizer_open(&other, nullptr, ATLAS_PATTERN_GPT2));
    refuses_null(atlas_tokenizer_open_ranks(nullptr, ranks.data(), ranks.size(), ATLAS_PATTERN_GPT2));
    refuses_null(atlas_tokenizer_open_ranks(&other, nullptr, ranks.size(), ATLAS_PATTERN_GPT2));
    CHECK(other == nullptr);
    atlas_tokenizer_close(nullptr);
    atlas_tokenizer_info info = ATLAS_TOKENIZER_INFO_INIT;
    refuses_null(atlas_tokenizer_describe(nullptr, made));
    refuses_null(atlas_tokenizer_describe(&info, nullptr));
    std::uint64_t count = 0;
    std::uint32_t tokens[4] = {};
    char bytes[4] = {};
    const atlas_text text = {"text", 4};
    const atlas_text no_data = {nullptr, 4};
    refuses_null(atlas_tokenizer_count(nullptr, made, &text, 1, nullptr));
    refuses_null(atlas_tokenizer_count(&count, nullptr, &text, 1, nullptr));
    refuses_null(atlas_tokenizer_count(&count, made, nullptr, 1, nullptr));
    refuses_null(atlas_tokenizer_count(&count, made, &no_data, 1, nullptr));
    refuses_null(atlas_tokenizer_encode(nullptr, tokens, made, "text", 4, 4));
    refuses_null(atlas_tokenizer_encode(&count, nullptr, made, "text", 4, 4));
    refuses_null(atlas_tokenizer_encode(&count, tokens, nullptr, "text", 4, 4));
    refuses_null(atlas_tokenizer_encode(&count, tokens, made, nullptr, 4, 4));
    refuses_null(atlas_tokenizer_decode(nullptr, bytes, made, tokens, 4, 4));
    refuses_null(atlas_tokenizer_decode(&count, nullptr, made, tokens, 4, 4));
    refuses_null(atlas_tokenizer_decode(&count, bytes, nullptr, tokens, 4, 4));
    refuses_null(atlas_tokenizer_decode(&count, bytes, made, nullptr, 4, 4));
    CHECK(count == 0);
  }

  TEST_CASE("NULL is refused by every function of atlas_chunker that needs a pointer") {
    atlas_chunker* made = nullptr;
    atlas_chunks chunks = {};
    std::uint64_t number = 0;
    REQUIRE(atlas_chunker_create(&made, nullptr) == ATLAS_OK);
    const chunker_handle chunker(made);
    refuses_null(atlas_chunker_create(nullptr, nullptr));
    refuses_null(atlas_chunker_read(nullptr, made, "text", 4));
    refuses_null(atlas_chunker_read(&chunks, nullptr, "text", 4));
    refuses_null(atlas_chunker_read(&chunks, made, nullptr, 4));
    std::uint64_t firsts[2] = {};
    const atlas_text one_text = {"text", 4};
    const atlas_text missing_bytes = {nullptr, 4};
    refuses_null(atlas_chunker_read_many(nullptr, firsts, made, &one_text, 1));
    refuses_null(atlas_chunker_read_many(&chunks, nullptr, made, &one_text, 1));
    refuses_null(atlas_chunker_read_many(&chunks, firsts, nullptr, &one_text, 1));
    refuses_null(atlas_chunker_read_many(&chunks, firsts, made, nullptr, 1));
    refuses_null(atlas_chunker_read_many(&chunks, firsts, made, &missing_bytes, 1));
    refuses_null(atlas_chunker_feed(nullptr, made, "text", 4));
    refuses_null(atlas_chunker_feed(&chunks, nullptr, "text", 4));
    refuses_null(atlas_chunker_feed(&chunks, made, nullptr, 4));
    refuses_null(atlas_chunker_finish(nullptr, made));
    refuses_null(atlas_chunker_finish(&chunks, nullptr));
    refuses_null(atlas_chunker_taken(nullptr, made));
    refuses_null(atlas_chunker_kept_from(nullptr, made));
    refuses_null(atlas_chunker_kept_from(&number, nullptr));
    refuses_null(atlas_chunker_taken(&number, nullptr));
    refuses_null(atlas_chunker_restart(nullptr));
    refuses_null(atlas_chunker_save_state(nullptr, nullptr, made, 0));
    refuses_null(atlas_chunker_save_state(&number, nullptr, made, 1));
    refuses_null(atlas_chunker_save_state(&number, nullptr, nullptr, 0));
    refuses_null(atlas_chunker_open_state(nullptr, "state", 5, nullptr));
    refuses_null(atlas_chunker_open_state(&made, nullptr, 5, nullptr));
    atlas_chunker_close(nullptr);

    atlas_chunker* other = nullptr;
    atlas_chunker_options options = ATLAS_CHUNKER_OPTIONS_INIT;
    options.rule = ATLAS_RULE_DELIMITER;
    options.delimiter_count = 1;
    refuses_null(atlas_chunker_create(&other, &options));
    const atlas_text no_bytes = {nullptr, 3};
    options.delimiters = &no_bytes;
    refuses_null(atlas_chunker_create(&other, &options));
    options = ATLAS_CHUNKER_OPTIONS_INIT;
    options.rule = ATLAS_RULE_EXTERNAL;
    options.boundary_count = 1;
    refuses_null(atlas_chunker_create(&other, &options));
    options = ATLAS_CHUNKER_OPTIONS_INIT;
    options.rule = ATLAS_RULE_SEMANTIC;
    refuses_null(atlas_chunker_create(&other, &options));
    options = ATLAS_CHUNKER_OPTIONS_INIT;
    options.sizer = ATLAS_SIZER_TOKENS;
    refuses_null(atlas_chunker_create(&other, &options));
    options.sizer = ATLAS_SIZER_CALLBACK;
    refuses_null(atlas_chunker_create(&other, &options));
    CHECK(other == nullptr);
  }

  TEST_CASE("NULL is refused by every function of atlas_embedder that needs a pointer") {
    atlas_embedder* made = nullptr;
    REQUIRE(atlas_embedder_create(&made, nullptr) == ATLAS_OK);
    const embedder_handle handle(made);
    const atlas_text text = {"text", 4};
    const atlas_text no_text = {nullptr, 4};
    std::vector<float> out(1024);
    std::uint64_t needed = 0;
    char byte = 0;

    refuses_null(atlas_embedder_create(nullptr, nullptr));
    refuses_null(atlas_embedder_open_state(nullptr, "x", 1));
    refuses_null(atlas_embedder_open_state(&made, nullptr, 1));
    atlas_embedder_close(nullptr);
    atlas_embedder_info info = ATLAS_EMBEDDER_INFO_INIT;
    refuses_null(atlas_embedder_describe(nullptr, made));
    refuses_null(atlas_embedder_describe(&info, nullptr));
    refuses_null(atlas_embedder_learn(nullptr, &text, 1, nullptr));
    refuses_null(atlas_embedder_learn(made, nullptr, 1, nullptr));
    refuses_null(atlas_embedder_learn(made, &no_text, 1, nullptr));
    refuses_null(atlas_embedder_freeze(nullptr));
    refuses_null(atlas_embedder_embed(nullptr, made, &text, 1, 1024, nullptr));
    refuses_null(atlas_embedder_embed(out.data(), nullptr, &text, 1, 1024, nullptr));
    refuses_null(atlas_embedder_embed(out.data(), made, nullptr, 1, 1024, nullptr));
    refuses_null(atlas_embedder_embed(out.data(), made, &no_text, 1, 1024, nullptr));
    refuses_null(atlas_embedder_save_state(nullptr, &byte, made, 1));
    refuses_null(atlas_embedder_save_state(&needed, nullptr, made, 1));
    refuses_null(atlas_embedder_save_state(&needed, &byte, nullptr, 1));
  }
}
