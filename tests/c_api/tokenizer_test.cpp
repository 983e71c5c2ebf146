// SPDX-License-Identifier: Apache-2.0
// tests/c_api/tokenizer_test.cpp -- tokens of texts: counted, into the caller's array, and back.
#include "c_api/c_api_support.hpp"
#include "support/rank_file.hpp"
#include "support/scratch_folder.hpp"

#include <string>

TEST_SUITE("c_api") {
namespace {
using namespace c_api_support;

tokenizer_handle tokenizer_of(const std::vector<std::string>& tokens, std::int32_t pattern = ATLAS_PATTERN_CL100K) {
  const std::string ranks = support::rank_file(support::ranks_of_bytes_and(tokens));
  atlas_tokenizer* made = nullptr;
  REQUIRE(atlas_tokenizer_open_ranks(&made, ranks.data(), ranks.size(), pattern) == ATLAS_OK);
  return tokenizer_handle(made);
}
std::vector<std::uint32_t> tokens_of(const atlas_tokenizer* tokenizer, const std::string& text) {
  std::uint64_t found = 0;
  std::vector<std::uint32_t> tokens(text.size());
  REQUIRE(atlas_tokenizer_encode(&found, tokens.data(), tokenizer, text.data(), text.size(), tokens.size()) == ATLAS_OK);
  REQUIRE(found <= tokens.size());
  tokens.resize(found);
  return tokens;
}
std::string bytes_of(const atlas_tokenizer* tokenizer, const std::vector<std::uint32_t>& tokens) {
  std::uint64_t needed = 0;
  REQUIRE(atlas_tokenizer_decode(&needed, nullptr, tokenizer, tokens.data(), tokens.size(), 0) == ATLAS_OK);
  std::string bytes(needed, '\0');
  REQUIRE(atlas_tokenizer_decode(&needed, bytes.data(), tokenizer, tokens.data(), tokens.size(), bytes.size()) == ATLAS_OK);
  REQUIRE(needed == bytes.size());
  return bytes;
}
}  // namespace

  TEST_CASE("tokenizer: ranks decide what is merged, and decoding gives the text back") {
    const tokenizer_handle tokenizer = tokenizer_of({"ab", "bc", "abc", " abc"});
    CHECK(tokens_of(tokenizer.get(), "abc") == std::vector<std::uint32_t>{258});
    CHECK(tokens_of(tokenizer.get(), "abc abc") == std::vector<std::uint32_t>{258, 259});
    CHECK(tokens_of(tokenizer.get(), "abx") == std::vector<std::uint32_t>{256, 'x'});
    CHECK(tokens_of(tokenizer.get(), "").empty());
    for (const std::string text : {"abc abcabc\n\xC3\xA4 <|endoftext|>", "\xFF\x80", "x"}) {
      CHECK(bytes_of(tokenizer.get(), tokens_of(tokenizer.get(), text)) == text);
    }
    atlas_tokenizer_info info = ATLAS_TOKENIZER_INFO_INIT;
    REQUIRE(atlas_tokenizer_describe(&info, tokenizer.get()) == ATLAS_OK);
    CHECK(info.pattern == ATLAS_PATTERN_CL100K);
    CHECK(info.tokens == 260);
    CHECK(info.longest_bytes == 4);
  }

  TEST_CASE("tokenizer: the pattern says what is one word") {
    const std::vector<std::string> numbers = {"12", "123", "1234"};
    CHECK(tokens_of(tokenizer_of(numbers, ATLAS_PATTERN_GPT2).get(), "1234") == std::vector<std::uint32_t>{258});
    CHECK(tokens_of(tokenizer_of(numbers, ATLAS_PATTERN_CL100K).get(), "1234") == std::vector<std::uint32_t>{257, '4'});
    const std::vector<std::string> cases = {"aB"};
    CHECK(tokens_of(tokenizer_of(cases, ATLAS_PATTERN_CL100K).get(), "aB") == std::vector<std::uint32_t>{256});
    CHECK(tokens_of(tokenizer_of(cases, ATLAS_PATTERN_O200K).get(), "aB") == std::vector<std::uint32_t>{'a', 'B'});
  }

  TEST_CASE("tokenizer: a small array gets the first tokens, too small a one for bytes nothing") {
    const tokenizer_handle tokenizer = tokenizer_of({});
    std::uint64_t found = 0;
    std::uint32_t tokens[3] = {7, 7, 7};
    REQUIRE(atlas_tokenizer_encode(&found, tokens, tokenizer.get(), "abcd", 4, 2) == ATLAS_OK);
    CHECK(found == 4);
    CHECK(tokens[0] == 'a');
    CHECK(tokens[1] == 'b');
    CHECK(tokens[2] == 7);
    char bytes[3] = {'x', 'x', 'x'};
    REQUIRE(atlas_tokenizer_decode(&found, bytes, tokenizer.get(), tokens, 2, 1) == ATLAS_OK);
    CHECK(found == 2);
    CHECK(bytes[0] == 'x');
    const std::uint32_t strange[3] = {'a', 256, 'b'};
    CHECK(atlas_tokenizer_decode(&found, bytes, tokenizer.get(), strange, 3, 3) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(atlas_last_error_row() == 1);
    CHECK(last_error_says("token: expected a rank of the encoding, found 256"));
    CHECK(bytes[0] == 'x');
    CHECK(found == 2);
  }

  TEST_CASE("tokenizer: a batch is counted alike on one thread and on many, and can be stopped") {
    const tokenizer_handle tokenizer = tokenizer_of({"ab", "abab"});
    std::vector<std::string> strings;
    for (std::size_t i = 0; i < 200; ++i) {
      strings.emplace_back();
      for (std::size_t k = 0; k < i % 7; ++k) strings.back() += "ab";
    }
    std::vector<atlas_text> texts;
    for (const std::string& one : strings) texts.push_back({one.data(), one.size()});
    std::vector<std::uint64_t> counts(texts.size(), 99);
    REQUIRE(atlas_tokenizer_count(counts.data(), tokenizer.get(), texts.data(), texts.size(), nullptr) == ATLAS_OK);
    for (std::size_t i = 0; i < strings.size(); ++i) CHECK(counts[i] == tokens_of(tokenizer.get(), strings[i]).size());
    atlas_work_options how = ATLAS_WORK_OPTIONS_INIT;
    how.threads = 1;
    std::vector<std::uint64_t> again(texts.size());
    REQUIRE(atlas_tokenizer_count(again.data(), tokenizer.get(), texts.data(), texts.size(), &how) == ATLAS_OK);
    CHECK(again == counts);
    how.progress = [](std::uint64_t, std::uint64_t, void*) -> std::int32_t { return 1; };
    CHECK(atlas_tokenizer_count(again.data(), tokenizer.get(), texts.data(), texts.size(), &how) == ATLAS_ERR_CANCELLED);
    texts[40].data = nullptr;
    CHECK(atlas_tokenizer_count(again.data(), tokenizer.get(), texts.data(), texts.size(), nullptr) == ATLAS_ERR_INVALID_ARGUMENT);
    CHECK(atlas_last_error_row() == 40);
  }

  TEST_CASE("tokenizer: a rank file is read from its path, and what is wrong with it is said") {
    const support::scratch_folder scratch;
    const std::string good = scratch.write("good.tiktoken", support::rank_file(support::ranks_of_bytes_and({"ab"})));
    atlas_tokenizer* made = nullptr;
    REQUIRE(atlas_tokenizer_open(&made, good.c_str(), ATLAS_PATTERN_O200K) == ATLAS_OK);
    const tokenizer_handle tokenizer(made);
    CHECK(tokens_of(made, "ab") == std::vector<std::uint32_t>{256});

    atlas_tokenizer* none = nullptr;
    CHECK(atlas_tokenizer_open(&none, scratch.path("absent").c_str(), 0) == ATLAS_ERR_FILE_NOT_FOUND);
    CHECK(last_error_says("absent"));
    CHECK(atlas_tokenizer_open(&none, scratch.path().c_str(), 0) == ATLAS_ERR_IS_A_DIRECTORY);
    const std::string bad = scratch.write("bad.tiktoken", "YQ== 0\n!! 1\n");
    CHECK(atlas_tokenizer_open(&none, bad.c_str(), 0) == ATLAS_ERR_CORRUPT_FILE);
    CHECK(atlas_last_error_row() == 2);
    CHECK(last_error_says("bad.tiktoken"));
    CHECK(atlas_tokenizer_open_ranks(&none, nullptr, 0, 0) == ATLAS_ERR_CORRUPT_FILE);
    for (const std::int32_t pattern : {-1, 3}) {
      CHECK(atlas_tokenizer_open(&none, good.c_str(), pattern) == ATLAS_ERR_INVALID_ARGUMENT);
      CHECK(last_error_says("ATLAS_PATTERN_"));
    }
    CHECK(none == nullptr);
  }
}
