// SPDX-License-Identifier: Apache-2.0
// tests/text/bpe_pretokens_test.cpp -- mirrors include/atlas/text/bpe_pretokens.hpp.
#include <atlas/text/bpe_pretokens.hpp>  // first, so that a missing include in it fails here

#include "support/bpe_model.hpp"
#include "support/repetitions.hpp"
#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

TEST_SUITE("text: bpe pretokens") {
  using atlas::bpe_pattern;
  constexpr bpe_pattern each_pattern[] = {bpe_pattern::gpt2, bpe_pattern::cl100k, bpe_pattern::o200k};

  namespace {
  std::vector<std::size_t> pretoken_ends(bpe_pattern pattern, const std::string& text) {
    std::vector<std::size_t> ends;
    for (std::size_t at = 0; at < text.size();) {
      at = atlas::next_pretoken(pattern, text, at).end;
      ends.push_back(at);
    }
    return ends;
  }
  /// The pre-tokens with | between them.
  std::string divided(bpe_pattern pattern, const std::string& text) {
    std::string out;
    std::size_t begin = 0;
    for (const std::size_t end : pretoken_ends(pattern, text)) {
      out += (begin == 0 ? "" : "|") + text.substr(begin, end - begin);
      begin = end;
    }
    return out;
  }
  }  // namespace

  TEST_CASE("next_pretoken: the published expressions, on texts of all that they treat apart") {
    for (std::uint64_t seed = 0; seed < support::repetitions(60'000, 6'000, 3'000); ++seed) {
      const std::string text = support::pattern_text(seed, seed % 24);
      CAPTURE(text);
      for (const bpe_pattern pattern : each_pattern) {
        CAPTURE(static_cast<int>(pattern));
        REQUIRE(pretoken_ends(pattern, text) == support::model_pretokens(pattern, text));
      }
    }
  }

  TEST_CASE("next_pretoken: any bytes") {
    for (std::uint64_t seed = 0; seed < support::repetitions(5'000, 1'000, 500); ++seed) {
      const std::string text = seed % 2 == 0 ? support::random_bytes(seed, seed % 60) : support::random_text(seed, seed % 30);
      CAPTURE(seed);
      for (const bpe_pattern pattern : each_pattern) REQUIRE(pretoken_ends(pattern, text) == support::model_pretokens(pattern, text));
    }
  }

  TEST_CASE("next_pretoken: what each family does with English") {
    const std::string text = "Don't SHOUT, it's 12345 o'clock  now!\n\n  CamelCase";
    CHECK(divided(bpe_pattern::gpt2, text) == "Don|'t| SHOUT|,| it|'s| 12345| o|'|clock| | now|!|\n\n | CamelCase");
  }

  TEST_CASE("next_pretoken: what each family does with numbers, lines and capitals") {
    const std::string text = "IT'S 12345 a/\n/b \n\n  helloWorldABC";
    CHECK(divided(bpe_pattern::gpt2, text) == "IT|'|S| 12345| a|/|\n|/|b| \n\n | helloWorldABC");
    CHECK(divided(bpe_pattern::cl100k, text) == "IT|'S| |123|45| a|/\n|/b| \n\n| | helloWorldABC");
    CHECK(divided(bpe_pattern::o200k, text) == "IT'S| |123|45| a|/\n/|b| \n\n| | hello|World|ABC");
  }

  TEST_CASE("next_pretoken: no byte from `reach` on can change it, and none that the text lacks") {
    for (std::uint64_t seed = 0; seed < support::repetitions(20'000, 3'000, 1'500); ++seed) {
      const std::string text = support::pattern_text(seed, 1 + seed % 12);
      const std::string other = support::pattern_text(seed + 1'000'000, 6);
      CAPTURE(text);
      CAPTURE(other);
      for (const bpe_pattern pattern : each_pattern) {
        for (std::size_t at = 0; at < text.size();) {
          const atlas::pretoken one = atlas::next_pretoken(pattern, text, at);
          REQUIRE(one.reach >= one.end);
          if (one.reach <= text.size()) {
            REQUIRE(atlas::next_pretoken(pattern, text.substr(0, one.reach), at).end == one.end);
            REQUIRE(atlas::next_pretoken(pattern, text.substr(0, one.reach) + other, at).end == one.end);
          }
          at = one.end;
        }
      }
    }
  }

  TEST_CASE("next_pretoken: a text that ends where a pre-token ends has the same ones, or white space at its end is one") {
    std::size_t joined = 0;
    for (std::uint64_t seed = 0; seed < support::repetitions(5'000, 800, 400); ++seed) {
      const std::string text = support::pattern_text(seed, 1 + seed % 12);
      CAPTURE(text);
      for (const bpe_pattern pattern : each_pattern) {
        const std::vector<std::size_t> ends = pretoken_ends(pattern, text);
        for (std::size_t i = 0; i < ends.size(); ++i) {
          std::vector<std::size_t> first(ends.begin(), ends.begin() + static_cast<std::ptrdiff_t>(i) + 1);
          const std::vector<std::size_t> alone = pretoken_ends(pattern, text.substr(0, ends[i]));
          if (alone == first) continue;
          ++joined;
          REQUIRE(i != 0);
          for (std::size_t at = i == 1 ? 0 : ends[i - 2]; at < ends[i]; at += atlas::kind_at(text, at).length_bytes) {
            REQUIRE(atlas::kind_at(text, at).kind == atlas::unicode_kind::white_space);
          }
          first.erase(first.end() - 2);
          REQUIRE(alone == first);
        }
      }
    }
    CHECK(joined > 0);
  }

  TEST_CASE("next_pretoken: what is looked at is at most three times the text, whatever the text") {
    const std::size_t size = 1 << 20;
    std::vector<std::string> texts;
    for (const char* const one : {"a", "A", " ", "\n", "7", "!", "'", " \n", "aA", "\u4F60A", "\u0301", "\u0301A", "\xE4",
                                  "\u3000 ", "/\n", "'s", "1a "}) {
      std::string text;
      while (text.size() < size) text += one;
      texts.push_back(text);
    }
    texts.push_back("\u4F60" + std::string(size, 'A'));
    texts.push_back(std::string(size / 2, '\n') + std::string(size / 2, ' ') + "x");
    for (const std::string& text : texts) {
      CAPTURE(text.substr(0, 8));
      for (const bpe_pattern pattern : each_pattern) {
        std::uint64_t looked_at = 0;
        std::uint64_t pretokens = 0;
        for (std::size_t at = 0; at < text.size(); ++pretokens) {
          const atlas::pretoken one = atlas::next_pretoken(pattern, text, at);
          REQUIRE(one.end > at);
          looked_at += one.reach - at;
          at = one.end;
        }
        CHECK(looked_at <= 3 * text.size() + 4 * pretokens);
      }
    }
  }
}
