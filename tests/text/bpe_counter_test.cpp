// SPDX-License-Identifier: Apache-2.0
// tests/text/bpe_counter_test.cpp -- mirrors include/atlas/text/bpe_counter.hpp.
#include <atlas/text/bpe_counter.hpp>  // first, so that a missing include in it fails here

#include "support/bpe_model.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

TEST_SUITE("text: bpe counter") {
  TEST_CASE("bpe_counter: counts as the encoder, the first time and every other time") {
    const support::rank_map ranks = support::made_up_ranks(11, 400, "abcd \xC3\xA9");
    const atlas::bpe_encoder encoder = atlas::bpe_encoder::create(support::rank_file(ranks), atlas::bpe_pattern::gpt2).value();
    atlas::bpe_counter counter(encoder);
    CHECK(&counter.encoder() == &encoder);
    std::mt19937_64 random(12);
    std::uint64_t several = 0;
    for (int i = 0; i < 30'000; ++i) {
      // Few letters and lengths, so that many pieces come again; zeros at the end, which a key must not lose.
      std::string piece;
      for (std::size_t size = 1 + random() % 20; piece.size() < size;) piece += "ab\xC3\0\0"[random() % 5];
      CAPTURE(piece);
      const std::string text = "d" + piece + (i % 2 == 0 ? "" : "cccccccccccccccc");
      std::uint64_t want = 5;
      std::uint64_t got = 5;
      if (encoder.is_token(text, 1, 1 + piece.size())) {
        ++want;
      } else {
        REQUIRE(encoder.count_merged(text, 1, 1 + piece.size(), want).ok());
      }
      REQUIRE(counter.count_pretoken(text, 1, 1 + piece.size(), got).ok());
      REQUIRE(got == want);
      REQUIRE(got - 5 == support::model_tokens(ranks, piece).size());
      if (got > 6) ++several;
    }
    CHECK(several > 1000);
  }
}
