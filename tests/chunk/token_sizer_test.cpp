// SPDX-License-Identifier: Apache-2.0
// tests/chunk/token_sizer_test.cpp -- mirrors include/atlas/chunk/token_sizer.hpp.
#include <atlas/chunk/token_sizer.hpp>  // first, so that a missing include in it fails here

#include "support/bpe_model.hpp"
#include "support/chunk_runs.hpp"
#include "support/repetitions.hpp"

#include <atlas/chunk/chunker.hpp>
#include <atlas/chunk/parallel_chunks.hpp>
#include <atlas/chunk/plain_text_rule.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

TEST_SUITE("chunk: token sizer") {
  using atlas::bpe_encoder;
  using atlas::bpe_pattern;
  using atlas::token_sizer;
  constexpr bpe_pattern sizer_patterns[] = {bpe_pattern::gpt2, bpe_pattern::cl100k, bpe_pattern::o200k};

  namespace {
  bpe_encoder small_encoder(std::uint64_t seed, bpe_pattern pattern) {
    const std::string letters = support::pattern_text(seed, 30) + " aest'\n  ";
    return bpe_encoder::create(support::rank_file(support::made_up_ranks(seed, 300, letters)), pattern).value();
  }
  /// One of thirty, ten of each pattern.
  const bpe_encoder& numbered_encoder(std::uint64_t number) {
    static const std::vector<bpe_encoder> all = [] {
      std::vector<bpe_encoder> made;
      for (std::uint64_t i = 0; i < 30; ++i) made.push_back(small_encoder(i / 3, sizer_patterns[i % 3]));
      return made;
    }();
    return all[number % all.size()];
  }
  bool begins_character(const std::string& text, std::size_t at) { return at == text.size() || atlas::character_start(text, at) == at; }
  std::string text_of_length(std::uint64_t seed, std::size_t size) {
    std::string text;
    while (text.size() < size) text += support::pattern_text(seed++, 20);
    return text;
  }
  }  // namespace

  TEST_CASE("token_sizer: measures what the encoder counts, whatever was asked before") {
    for (const bpe_pattern pattern : sizer_patterns) {
      const bpe_encoder encoder = small_encoder(1, pattern);
      const token_sizer sizer(encoder);
      std::mt19937_64 random(2);
      std::string text = text_of_length(0, 600);
      for (std::uint64_t seed = 0; seed < support::repetitions(3'000, 600, 300); ++seed) {
        if (random() % 5 == 0) text[random() % text.size()] = "a '\n1"[random() % 5];  // in the same memory
        if (random() % 9 == 0) text = text.substr(random() % text.size() / 2) + support::pattern_text(seed, 30);
        const std::size_t begin = random() % 3 == 0 ? random() % text.size() : 0;
        const std::size_t size = random() % (text.size() - begin + 1);
        const atlas::text_view part(text.data() + begin, size);
        switch (random() % 3) {
          case 0: static_cast<void>(*sizer.fit(part, random() % 60, random() % 2 == 0)); break;
          case 1: static_cast<void>(*sizer.fit_back(part, random() % 60)); break;
          default: break;
        }
        REQUIRE(*sizer.measure(part, 0) == *encoder.count(part));
      }
    }
  }

  TEST_CASE("token_sizer: what fits is a prefix of as many tokens as it says, and of whole characters") {
    for (std::uint64_t seed = 0; seed < support::repetitions(6'000, 600, 60); ++seed) {
      const bpe_encoder& encoder = numbered_encoder(seed);
      const bpe_pattern pattern = encoder.pattern();
      const token_sizer sizer(encoder);
      const std::string text = support::pattern_text(seed, seed % 60);
      CAPTURE(text);
      for (const std::uint64_t limit : {0U, 1U, 2U, 3U, 5U, 8U, 13U, 40U, 1000U}) {
        CAPTURE(limit);
        const auto fitted = sizer.fit(text, limit, true);
        REQUIRE(fitted.ok());
        REQUIRE(fitted->is_settled);
        REQUIRE(fitted->bytes <= text.size());
        REQUIRE(begins_character(text, fitted->bytes));
        REQUIRE(fitted->units <= limit);
        REQUIRE(fitted->units == *encoder.count({text.data(), fitted->bytes}));
        if (*encoder.count(text) <= limit) REQUIRE(fitted->bytes == text.size());
        // No fewer than the pre-tokens that fit together, but for one where white space at the end takes more tokens as one.
        std::size_t whole = 0;
        std::size_t before = 0;
        std::uint64_t tokens = 0;
        for (std::size_t at = 0; at < text.size();) {
          const std::size_t begin = at;
          at = atlas::next_pretoken(pattern, text, at).end;
          REQUIRE(atlas::bpe_counter(encoder).count_pretoken(text, begin, at, tokens).ok());
          if (tokens > limit) break;
          before = whole;
          whole = at;
        }
        REQUIRE(fitted->bytes >= before);
        if (*encoder.count({text.data(), whole}) <= limit) REQUIRE(fitted->bytes >= whole);
      }
    }
  }

  TEST_CASE("token_sizer: what is settled stays, whatever follows; in the end it is settled") {
    std::size_t settled = 0;
    for (std::uint64_t seed = 0; seed < support::repetitions(6'000, 600, 60); ++seed) {
      const bpe_encoder& encoder = numbered_encoder(seed);
      const token_sizer sizer(encoder);
      const std::string text = support::pattern_text(seed, 1 + seed % 40);
      const std::string more = text + support::pattern_text(seed + 100'000, 10);
      CAPTURE(more);
      for (const std::uint64_t limit : {0U, 1U, 2U, 5U, 9U, 20U}) {
        CAPTURE(limit);
        const auto fitted = sizer.fit(text, limit, false);
        REQUIRE(fitted.ok());
        if (!fitted->is_settled) continue;
        ++settled;
        for (const bool is_whole : {false, true}) {
          const auto again = token_sizer(encoder).fit(more, limit, is_whole);
          REQUIRE(again.ok());
          REQUIRE(again->bytes == fitted->bytes);
          REQUIRE(again->units == fitted->units);
        }
      }
    }
    CHECK(settled > support::repetitions(1000, 1000, 100));
    const bpe_encoder encoder = small_encoder(1, bpe_pattern::o200k);
    for (const char* const one : {"a", " ", "\n", "A", "7", "!", "\xE4\xBD\xA0", "\xFF"}) {
      CAPTURE(one);
      std::string text;
      while (text.size() < token_sizer(encoder).most_bytes(10) + 100) text += one;
      CHECK(token_sizer(encoder).fit(text, 10, false)->is_settled);
    }
  }

  TEST_CASE("token_sizer: a word at the end of what is there is not settled while it could become another") {
    support::rank_map ranks = support::made_up_ranks(1, 0, "a");
    ranks["bc"] = 5000;
    ranks["abc"] = 5001;
    ranks["s'd"] = 5002;
    const auto fitted_of = [&](bpe_pattern pattern, const std::string& text, std::uint64_t limit, bool is_whole) {
      const bpe_encoder encoder = bpe_encoder::create(support::rank_file(ranks), pattern).value();
      return *token_sizer(encoder).fit(text, limit, is_whole);
    };
    for (const bpe_pattern pattern : sizer_patterns) {
      CHECK_FALSE(fitted_of(pattern, "x ab", 3, false).is_settled);
      CHECK(fitted_of(pattern, "x ab", 3, true).bytes == 3);
      CHECK(fitted_of(pattern, "abd", 1, true).bytes == 1);
      CHECK(fitted_of(pattern, "abc", 1, true).bytes == 3);
      CHECK_FALSE(fitted_of(pattern, "ab", 1, false).is_settled);
      CHECK(fitted_of(pattern, "ab .....", 1, false).is_settled);
    }
    // A contraction is a part of the word for this family alone.
    CHECK_FALSE(fitted_of(bpe_pattern::o200k, "s'", 1, false).is_settled);
    CHECK(fitted_of(bpe_pattern::o200k, "s'd", 1, true).bytes == 3);
    CHECK(fitted_of(bpe_pattern::cl100k, "s'd", 1, true).bytes == 1);
  }

  TEST_CASE("token_sizer: of pre-tokens of many thousand bytes what fits is right, settled early, and the same whatever is behind") {
    std::vector<std::string> texts;
    for (const char* const one : {"a", " ", "A", "!", "ae", "est", "\xE4\xBD\xA0", "\xFF", "\n ", "s a"}) {
      std::string text;
      while (text.size() < 30'000) text += one;
      texts.push_back(text);
    }
    texts.push_back("\xE4\xBD\xA0" + std::string(30'000, 'A'));
    texts.push_back("\n" + std::string(30'000, ' ') + "\n");
    std::size_t early = 0;
    for (std::uint64_t seed = 0; seed < support::repetitions(36, 6, 6); ++seed) {
      const bpe_encoder& encoder = numbered_encoder(seed);
      const std::string& text = texts[seed % texts.size()];
      CAPTURE(seed);
      for (const std::uint64_t limit : {1U, 30U, 500U, 9000U}) {
        CAPTURE(limit);
        const auto whole = token_sizer(encoder).fit(text, limit, true);
        REQUIRE(whole.ok());
        REQUIRE(whole->units <= limit);
        REQUIRE(whole->units == *encoder.count({text.data(), whole->bytes}));
        if (whole->bytes < text.size()) CHECK(whole->units + 4 > limit);
        const token_sizer asked_before(encoder);
        for (const std::size_t size : {40U, 300U, 4'090U, 4'100U, 9'000U, 16'400U, 29'999U}) {
          CAPTURE(size);
          const auto part = asked_before.fit({text.data(), size}, limit, false);
          REQUIRE(part.ok());
          if (!part->is_settled) continue;
          if (size < 20'000) ++early;
          CHECK(part->bytes == whole->bytes);
          CHECK(part->units == whole->units);
        }
      }
    }
    CHECK(early > 50);
  }

  TEST_CASE("token_sizer: what fits at the end is a suffix of at most so many tokens, and of whole characters") {
    std::size_t none = 0;
    for (std::uint64_t seed = 0; seed < support::repetitions(6'000, 600, 60); ++seed) {
      const bpe_encoder& encoder = numbered_encoder(seed);
      const bpe_pattern pattern = encoder.pattern();
      const token_sizer sizer(encoder);
      const std::string text = support::pattern_text(seed, 1 + seed % 40);
      CAPTURE(text);
      for (const std::uint64_t limit : {1U, 2U, 3U, 5U, 8U, 13U, 40U, 1000U}) {
        CAPTURE(limit);
        const auto begin = sizer.fit_back(text, limit);
        REQUIRE(begin.ok());
        REQUIRE(*begin <= text.size());
        REQUIRE(begins_character(text, *begin));
        REQUIRE(*encoder.count({text.data() + *begin, text.size() - *begin}) <= limit);
        if (*encoder.count(text) <= limit) REQUIRE(*begin == 0);
        // Every pre-token from which on the rest fits is in it.
        std::size_t first = text.size();
        for (std::size_t at = 0; at < text.size(); at = atlas::next_pretoken(pattern, text, at).end) {
          if (*encoder.count({text.data() + at, text.size() - at}) > limit) continue;
          first = at;
          break;
        }
        REQUIRE(*begin <= first);
        if (*begin == text.size()) ++none;
      }
    }
    CHECK(none > 0);
  }

  TEST_CASE("token_sizer: a text of so many tokens has no more bytes than most_bytes says") {
    const bpe_encoder encoder = small_encoder(3, bpe_pattern::cl100k);
    const token_sizer sizer(encoder);
    const std::size_t longest = encoder.ranks().longest_bytes();
    CHECK(sizer.most_bytes(1) == longest);
    CHECK(sizer.most_bytes(7) == 7 * longest);
    CHECK(sizer.most_bytes(~std::uint64_t{0}) >= std::size_t{1} << 60);
    const std::string text = text_of_length(9, 2000);
    CHECK(sizer.most_bytes(*encoder.count(text)) >= text.size());
  }

  TEST_CASE("token_sizer: copies go on by themselves") {
    const bpe_encoder one = small_encoder(4, bpe_pattern::gpt2);
    const bpe_encoder other = small_encoder(5, bpe_pattern::cl100k);
    const std::string text = text_of_length(5, 400);
    token_sizer sizer(one);
    CHECK(*sizer.measure(text, 0) == *one.count(text));
    token_sizer copy(sizer);
    CHECK(*copy.measure(text, 0) == *one.count(text));
    copy = token_sizer(other);
    sizer = copy;
    CHECK(*sizer.measure(text, 0) == *other.count(text));
    CHECK(*copy.measure(text, 0) == *other.count(text));
  }

  TEST_CASE("token_sizer: chunks keep what holds for any chunks, and are the same by every way to ask") {
    using chunker = atlas::chunker<atlas::plain_text_rule, token_sizer>;
    for (std::uint64_t seed = 0; seed < support::repetitions(60, 12, 2); ++seed) {
      CAPTURE(seed);
      const bpe_encoder& encoder = numbered_encoder(seed);
      const std::string text = seed % 4 == 3 ? std::string(seed % 8 == 3 ? 3000 : 20'000, "a 7\n"[seed / 8 % 4]) : text_of_length(seed * 1000, 3000);
      atlas::chunker_options options;
      options.size = 6 + seed % 40;
      options.overlap = seed % 2 == 0 ? 0 : options.size / 3;
      if (seed % 5 == 0) options.packing = atlas::chunk_packing::coherent;
      const auto make = [&] { return chunker::create(options, {}, token_sizer(encoder)).value(); };
      const auto resume = [&](atlas::span<const std::byte> saved) { return chunker::resume(saved, options, {}, token_sizer(encoder)).value(); };
      chunker one = make();
      const support::kept_chunks read = support::read_chunks(one, text);
      CHECK(support::broken_promise(text, read, options, [&](const std::string& part) { return *encoder.count(part); }) == "");
      for (const std::size_t most : {1U, 700U, 30'000U}) {
        CAPTURE(most);
        CHECK((support::fed_chunks(one, text, 5, most) == read));
      }
      std::mt19937_64 random(seed);
      for (int i = 0; i < 4; ++i) CHECK((support::resumed_chunks(make, resume, text, random() % (text.size() + 1)) == read));
    }
  }

  TEST_CASE("token_sizer: a document on several threads has the chunks of one, as each thread has a sizer of its own") {
    const bpe_encoder& encoder = numbered_encoder(1);
    std::string text;
    for (std::uint64_t seed = 0; text.size() < (std::size_t{5} << 19); ++seed) text += support::pattern_text(seed, 200);
    atlas::chunker_options options;
    options.size = 300;
    options.overlap = 30;
    auto one = atlas::chunker<atlas::plain_text_rule, token_sizer>::create(options, {}, token_sizer(encoder)).value();
    const support::kept_chunks want = support::read_chunks(one, text);
    atlas::thread_pool pool(2);
    support::kept_chunks got;
    const auto keep = [&](const atlas::chunk_view& chunk) {
      got.emplace_back(chunk);
      return true;
    };
    atlas::chunk_document<atlas::plain_text_rule, token_sizer>(text, options, pool, 2, keep, {}, token_sizer(encoder)).value();
    CHECK((got == want));
  }
}
