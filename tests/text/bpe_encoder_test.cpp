// SPDX-License-Identifier: Apache-2.0
// tests/text/bpe_encoder_test.cpp -- mirrors include/atlas/text/bpe_encoder.hpp.
#include <atlas/text/bpe_encoder.hpp>  // first, so that a missing include in it fails here

#include "support/bpe_model.hpp"
#include "support/repetitions.hpp"
#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

TEST_SUITE("text: bpe encoder") {
  using atlas::bpe_encoder;
  using atlas::bpe_pattern;
  using atlas::errc;

  namespace {
  std::vector<std::uint32_t> encoded(const bpe_encoder& encoder, const std::string& text) {
    atlas::buffer<std::uint32_t> out;
    REQUIRE(encoder.encode(text, out).ok());
    return {out.begin(), out.end()};
  }
  std::string decoded(const bpe_encoder& encoder, const std::vector<std::uint32_t>& tokens) {
    atlas::buffer<char> out;
    REQUIRE(encoder.decode({tokens.data(), tokens.size()}, out).ok());
    return {out.data(), out.size()};
  }
  /// By the models alone.
  std::vector<std::uint32_t> model_encoded(const support::rank_map& ranks, bpe_pattern pattern, const std::string& text) {
    std::vector<std::uint32_t> out;
    std::size_t begin = 0;
    for (const std::size_t end : support::model_pretokens(pattern, text)) {
      for (const std::string& token : support::model_tokens(ranks, text.substr(begin, end - begin))) out.push_back(ranks.at(token));
      begin = end;
    }
    return out;
  }
  std::vector<std::uint32_t> numbers_in(const std::string& text) {
    std::vector<std::uint32_t> out;
    for (std::size_t at = 0; at < text.size();) {
      if (text[at] < '0' || text[at] > '9') {
        ++at;
        continue;
      }
      std::size_t length = 0;
      out.push_back(static_cast<std::uint32_t>(std::stoul(text.substr(at, 10), &length)));
      at += length;
    }
    return out;
  }
  struct published_encoders {
    std::map<std::string, bpe_encoder> by_name;
    std::string skipped;  ///< why there are none
  };
  published_encoders published() {
    published_encoders out;
    const std::string gpt2 = support::published_ranks("gpt2");
    const std::string cl100k = support::published_ranks("cl100k_base");
    const std::string o200k = support::published_ranks("o200k_base");
    if (gpt2.empty() || cl100k.empty() || o200k.empty()) {
      out.skipped = support::test_data().empty() ? "ATLAS_TEST_DATA is not set" : "zstd cannot unpack the rank files here";
      return out;
    }
    // p50k_base is gpt2 with runs of 2 to 25 spaces behind <|endoftext|>, whose number 50256 is no rank.
    std::string p50k = gpt2;
    for (std::uint32_t spaces = 2; spaces <= 25; ++spaces) {
      p50k += support::base64_of(std::string(spaces, ' ')) + " " + std::to_string(50255 + spaces) + "\n";
    }
    const auto add = [&](const char* name, const std::string& ranks, bpe_pattern pattern) {
      out.by_name.emplace(name, bpe_encoder::create(ranks, pattern).value());
    };
    for (const char* const name : {"r50k_base", "gpt2"}) add(name, gpt2, bpe_pattern::gpt2);
    for (const char* const name : {"p50k_base", "p50k_edit"}) add(name, p50k, bpe_pattern::gpt2);
    for (const char* const name : {"cl100k_base", "gpt_3.5_turbo"}) add(name, cl100k, bpe_pattern::cl100k);
    for (const char* const name : {"o200k_base", "gpt_4o"}) add(name, o200k, bpe_pattern::o200k);
    return out;
  }
  }  // namespace

  TEST_CASE("bpe_encoder: all samples of the published encoders, exactly") {
    const published_encoders all = published();
    if (!all.skipped.empty()) {
      MESSAGE("skipped: 313 samples, " << all.skipped);
      return;
    }
    const std::string plans = support::file_bytes(support::test_data() + "/suites/tokenizers/data/TestPlans.txt");
    const std::string head = "EncodingName: ";
    const std::string sample_head = "\nSample: ";
    const std::string encoded_head = "\nEncoded: ";
    std::size_t samples = 0;
    for (std::size_t at = plans.find(head); at != std::string::npos;) {
      const std::size_t next = plans.find(head, at + 1);
      const std::string plan = plans.substr(at, next == std::string::npos ? next : next - at);
      const std::size_t sample = plan.find(sample_head);
      const std::size_t want = plan.find(encoded_head);
      REQUIRE(sample != std::string::npos);
      REQUIRE(want != std::string::npos);
      const std::string name = plan.substr(head.size(), sample - head.size());
      const std::string text = plan.substr(sample + sample_head.size(), want - sample - sample_head.size());
      CAPTURE(name);
      CAPTURE(text);
      const bpe_encoder& encoder = all.by_name.at(name);
      const std::vector<std::uint32_t> tokens = numbers_in(plan.substr(want + encoded_head.size()));
      CHECK(encoded(encoder, text) == tokens);
      CHECK(*encoder.count(text) == tokens.size());
      CHECK(decoded(encoder, tokens) == text);
      ++samples;
      at = next;
    }
    MESSAGE(samples << " samples");
    CHECK(samples == 313);
  }

  TEST_CASE("bpe_encoder: a source file of 24 KB, exactly, in six encodings") {
    const published_encoders all = published();
    if (!all.skipped.empty()) {
      MESSAGE("skipped: 6 lists of tokens, " << all.skipped);
      return;
    }
    std::string text;
    for (const char* const name : {"gpt2", "r50k_base", "p50k_base", "p50k_edit", "gpt_3.5_turbo", "gpt_4o"}) {
      CAPTURE(name);
      const std::string folder = support::test_data() + "/suites/tokenizers/ms-tokenizer/tokenizer_ts/test/testdata/tokens_";
      const std::vector<std::uint32_t> tokens = numbers_in(support::file_bytes(folder + name + ".json"));
      REQUIRE(tokens.size() > 5000);
      const bpe_encoder& encoder = all.by_name.at(name);
      const std::string own = decoded(encoder, tokens);
      if (text.empty()) text = own;
      CHECK(own == text);
      CHECK(encoded(encoder, text) == tokens);
    }
    CHECK(text.size() == 24'292);
  }

  TEST_CASE("bpe_encoder: the published ranks agree with a merge that looks at all pairs each time") {
    for (const char* const name : {"gpt2", "cl100k_base", "o200k_base"}) {
      const std::string file = support::published_ranks(name);
      if (file.empty()) {
        MESSAGE("skipped: " << name << ", no rank file");
        continue;
      }
      const bpe_pattern pattern = name[0] == 'g' ? bpe_pattern::gpt2 : name[0] == 'c' ? bpe_pattern::cl100k : bpe_pattern::o200k;
      const bpe_encoder encoder = bpe_encoder::create(file, pattern).value();
      support::rank_map ranks;
      for (std::uint32_t i = 0; i < encoder.ranks().size(); ++i) {
        const atlas::text_view bytes = encoder.ranks().bytes(i);
        ranks.emplace(std::string(bytes.data(), bytes.size()), encoder.ranks().rank(i));
      }
      for (std::uint64_t seed = 0; seed < support::repetitions(2'000, 150, 100); ++seed) {
        const std::string text = seed % 3 == 0   ? support::random_text(seed, seed % 50)
                                 : seed % 3 == 1 ? support::pattern_text(seed, seed % 40)
                                                 : support::random_bytes(seed, seed % 50);
        CAPTURE(text);
        REQUIRE(encoded(encoder, text) == model_encoded(ranks, pattern, text));
      }
    }
  }

  TEST_CASE("bpe_encoder: made-up ranks, as the models, and decoding gives the text back") {
    for (std::uint64_t seed = 0; seed < support::repetitions(60, 9, 6); ++seed) {
      CAPTURE(seed);
      const support::rank_map ranks = support::made_up_ranks(seed, 50 + seed * 20, support::pattern_text(seed, 20) + " aestr'\n");
      for (const bpe_pattern pattern : {bpe_pattern::gpt2, bpe_pattern::cl100k, bpe_pattern::o200k}) {
        const bpe_encoder encoder = bpe_encoder::create(support::rank_file(ranks), pattern).value();
        CHECK(encoder.pattern() == pattern);
        for (std::uint64_t i = 0; i < 40; ++i) {
          const std::string text = i % 4 == 0   ? support::random_bytes(seed + i, i)
                                   : i % 4 == 1 ? support::random_text(seed + i, i)
                                                : support::pattern_text(seed * 40 + i, i);
          CAPTURE(text);
          const std::vector<std::uint32_t> tokens = encoded(encoder, text);
          REQUIRE(tokens == model_encoded(ranks, pattern, text));
          REQUIRE(*encoder.count(text) == tokens.size());
          REQUIRE(decoded(encoder, tokens) == text);
        }
      }
    }
  }

  TEST_CASE("bpe_encoder: a megabyte of one thing goes there and back") {
    const support::rank_map ranks = support::made_up_ranks(2, 200, "a 7\n\xE4\xBD\xA0");
    const std::size_t size = support::repetitions(1 << 20, 1 << 18, 1 << 18);
    for (const char* const one : {"a", " ", "7", "\n", "!", "\xE4\xBD\xA0", "\xFF", "a7 "}) {
      std::string text;
      while (text.size() < size) text += one;
      for (const bpe_pattern pattern : {bpe_pattern::gpt2, bpe_pattern::cl100k, bpe_pattern::o200k}) {
        const bpe_encoder encoder = bpe_encoder::create(support::rank_file(ranks), pattern).value();
        const std::vector<std::uint32_t> tokens = encoded(encoder, text);
        CHECK(tokens.size() < text.size() + 1);
        CHECK(*encoder.count(text) == tokens.size());
        CHECK((decoded(encoder, tokens) == text));
      }
    }
  }

  TEST_CASE("bpe_encoder: special tokens are text like any other") {
    const bpe_encoder encoder = bpe_encoder::create(support::rank_file(support::made_up_ranks(1, 0, "a")), bpe_pattern::cl100k).value();
    CHECK(encoded(encoder, "<|endoftext|>").size() == 13);
  }

  TEST_CASE("bpe_encoder: each_token calls what encode gives, with their lengths") {
    const support::rank_map ranks = support::made_up_ranks(6, 300, "abc");
    const bpe_encoder encoder = bpe_encoder::create(support::rank_file(ranks), bpe_pattern::gpt2).value();
    const std::string text = "abccbaabcabcabccccbbbaaa";
    std::vector<std::uint32_t> tokens;
    std::size_t bytes = 0;
    REQUIRE(encoder.each_token(text, 0, text.size(), [&](std::uint32_t index, std::size_t length) {
      tokens.push_back(encoder.ranks().rank(index));
      bytes += length;
    }).ok());
    CHECK(tokens == encoded(encoder, text));
    CHECK(bytes == text.size());
  }

  TEST_CASE("bpe_encoder: decoding a number that is no token names its place and appends nothing") {
    const bpe_encoder encoder = bpe_encoder::create(support::rank_file(support::made_up_ranks(1, 10, "a")), bpe_pattern::cl100k).value();
    const std::uint32_t tokens[] = {encoder.ranks().rank(0), encoder.ranks().rank(1), 4'000'000'000U};
    atlas::buffer<char> out;
    REQUIRE(out.push_back('x').ok());
    const atlas::status done = encoder.decode(tokens, out);
    REQUIRE_FALSE(done.ok());
    CHECK(done.error().code == errc::invalid_argument);
    CHECK(done.error().row == 2);
    CHECK(done.error().found == 4'000'000'000U);
    CHECK(out.size() == 1);
  }

  TEST_CASE("bpe_encoder: a pattern that is none and a rank file that is none are refused") {
    const std::string file = support::rank_file(support::made_up_ranks(1, 0, "a"));
    const auto pattern = bpe_encoder::create(file, static_cast<bpe_pattern>(3));
    REQUIRE_FALSE(pattern.ok());
    CHECK(pattern.error().code == errc::invalid_argument);
    const auto ranks = bpe_encoder::create(file + "nothing", bpe_pattern::gpt2);
    REQUIRE_FALSE(ranks.ok());
    CHECK(ranks.error().row == 257);
  }
}
