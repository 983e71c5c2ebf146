// SPDX-License-Identifier: Apache-2.0
// tests/chunk/token_runs_test.cpp -- mirrors include/atlas/chunk/token_runs.hpp.
#include <atlas/chunk/token_runs.hpp>  // first, so that a missing include in it fails here

#include "support/bpe_model.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

TEST_SUITE("chunk: token runs") {
  using atlas::detail::token_run;
  constexpr atlas::bpe_pattern runs_pattern = atlas::bpe_pattern::o200k;

  namespace {
  /// Adds all pre-tokens of a text from where the run knows them; each counts as many tokens as it has bytes.
  void learn(token_run& run, const std::string& text) {
    const std::size_t known = run.match(text);
    if (known != run.size()) return;
    std::size_t at = known == 0 ? 0 : run[known - 1].end;
    while (at < text.size()) {
      const atlas::pretoken next = atlas::next_pretoken(runs_pattern, text, at);
      run.add(text, at, next, next.end);
      at = next.end;
    }
    run.keep_bytes(text);
  }
  }  // namespace

  TEST_CASE("token_run: what it says of a text is what the text's own pre-tokens are") {
    token_run run;
    std::mt19937_64 random(1);
    std::string text = support::pattern_text(0, 60);
    std::size_t known_in_all = 0;
    for (std::uint64_t seed = 1; seed < 4000; ++seed) {
      if (random() % 3 == 0) text = text.substr(0, random() % (text.size() + 1)) + support::pattern_text(seed, random() % 40);
      const std::string asked = random() % 2 == 0 ? text : text.substr(0, random() % (text.size() + 1));
      CAPTURE(asked);
      const std::size_t known = run.match(asked);
      std::size_t at = 0;
      for (std::size_t i = 0; i < known; ++i) {
        at = atlas::next_pretoken(runs_pattern, asked, at).end;
        REQUIRE(run[i].end == at);
        REQUIRE(run[i].tokens == at);
        REQUIRE(run[i].reach <= asked.size());
      }
      known_in_all += known;
      learn(run, asked);
    }
    CHECK(known_in_all > 10'000);
  }

  TEST_CASE("token_run: the first pre-token beyond a number of tokens") {
    token_run run;
    const std::string text = "one two three four five six seven";
    learn(run, text);
    const std::size_t known = run.match(text);
    REQUIRE(known > 4);
    for (std::uint64_t limit = 0; limit < text.size() + 3; ++limit) {
      std::size_t want = 0;
      while (want < known && run[want].tokens <= limit) ++want;
      CHECK(run.first_beyond(known, limit) == want);
    }
    CHECK(run.first_beyond(0, 5) == 0);
  }

  TEST_CASE("token_run: keeps no more than its bound, and no gap") {
    token_run run;
    std::string text;
    while (text.size() < 3 * token_run::most_bytes) text += "word and ";
    learn(run, text);
    const std::size_t known = run.match(text);
    REQUIRE(known != 0);
    CHECK(run[known - 1].reach <= token_run::most_bytes);
    CHECK(run[known - 1].end > token_run::most_bytes - 16);
    const std::size_t size = run.size();
    run.add(text, run[known - 1].end + 1, {run[known - 1].end + 2, 10}, 1);  // not where the last one ended
    CHECK(run.size() == size);
  }

  TEST_CASE("token_runs: a text finds its own run again behind two others") {
    atlas::detail::token_runs runs;
    const std::string texts[] = {"the first text of all", "another text of them", "one more that is new"};
    for (const std::string& text : texts) learn(runs.of(text), text);
    for (const std::string& text : texts) {
      CAPTURE(text);
      CHECK(runs.of(text).match(text) > 2);
    }
    const std::string fourth = "what nobody asked for yet";
    CHECK(runs.of(fourth).match(fourth) == 0);
    CHECK(runs.of(texts[2]).match(texts[2]) > 2);
  }
}
