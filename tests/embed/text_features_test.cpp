// SPDX-License-Identifier: Apache-2.0
// tests/embed/text_features_test.cpp -- mirrors include/atlas/embed/text_features.hpp.
#include <atlas/embed/text_features.hpp>  // first, so that a missing include in it fails here

#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

namespace {

using atlas::feature_kind;

std::map<std::uint64_t, std::uint32_t> features_of(const std::string& text, feature_kind kind, std::size_t gram_length = 4,
                                                   std::uint64_t seed = 0) {
  atlas::feature_scratch scratch;
  REQUIRE(atlas::count_features(text, gram_length, seed, scratch).ok());
  std::map<std::uint64_t, std::uint32_t> out;
  for (const atlas::feature_count& feature : scratch.features) {
    if (feature.kind == kind) out[feature.hash] = feature.count;
  }
  return out;
}
std::size_t total(const std::map<std::uint64_t, std::uint32_t>& features) {
  std::size_t sum = 0;
  for (const auto& [hash, count] : features) sum += count;
  return sum;
}

}  // namespace

TEST_SUITE("embed") {
  TEST_CASE("count_features: words, pairs of neighbours, and runs of characters between word marks") {
    const std::string text = "Cats chase cats.";
    const auto words = features_of(text, feature_kind::word);
    CHECK(words.size() == 2);
    CHECK(words.at(atlas::xxh3_64("cats", 4)) == 2);
    CHECK(words.at(atlas::xxh3_64("chase", 5)) == 1);
    CHECK(features_of(text, feature_kind::pair).size() == 2);  // cats chase, chase cats
    // <cats> has <cat cats ats>, twice; <chase> has <cha chas hase ase>
    const auto grams = features_of(text, feature_kind::gram);
    CHECK(grams.size() == 7);
    CHECK(total(grams) == 10);
    CHECK(grams.at(atlas::xxh3_64("<cat", 4, 2)) == 2);
  }

  TEST_CASE("count_features: no run is as long as the word with its marks, and length 0 asks for none") {
    CHECK(features_of("ab", feature_kind::gram).empty());       // "<ab>" says what the word says
    CHECK(features_of("a b c", feature_kind::gram).empty());
    CHECK(features_of("abc", feature_kind::gram).size() == 2);
    CHECK(features_of("abcdefgh", feature_kind::gram, 0).empty());
    CHECK(features_of("abcdefgh", feature_kind::gram, 16).empty());
    CHECK(features_of("abcdefgh", feature_kind::gram, 9).size() == 2);
  }

  TEST_CASE("count_features: runs count characters, not bytes") {
    CHECK(features_of("\u0436\u0443\u043A\u0438", feature_kind::gram).size() == 3);
    CHECK(features_of("\u4E2D\u6587\u5B57", feature_kind::word).size() == 3);
    CHECK(features_of("\u4E2D\u6587\u5B57", feature_kind::pair).size() == 2);
    CHECK(features_of("\u4E2D\u6587\u5B57", feature_kind::gram).empty());
  }

  TEST_CASE("count_features: case, width and composition do not matter; the order of words does") {
    for (const feature_kind kind : {feature_kind::word, feature_kind::pair, feature_kind::gram}) {
      CHECK(features_of("Caf\u00E9 STRASSE", kind) == features_of("cafe\u0301 Stra\u00DFe", kind));
      CHECK(features_of("\uFF21\uFF22\uFF23 abcd", kind) == features_of("abc ABCD", kind));
    }
    CHECK(features_of("red apple", feature_kind::pair) != features_of("apple red", feature_kind::pair));
  }

  TEST_CASE("count_features: another seed gives other hashes") {
    CHECK(features_of("seed", feature_kind::word, 4, 1) != features_of("seed", feature_kind::word, 4, 2));
  }

  TEST_CASE("count_features: nothing to count") {
    for (const char* text : {"", " \n\t", "...!?", "\xFF\xFE"}) {
      atlas::feature_scratch scratch;
      REQUIRE(atlas::count_features(text, 4, 0, scratch).ok());
      CHECK(scratch.features.size() == 0);
    }
  }

  TEST_CASE("count_features: scratch of one text leaves no trace in the next") {
    atlas::feature_scratch used;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      const std::string text = support::random_text(seed, (seed * 37) % 300);
      REQUIRE(atlas::count_features(text, 4, 0, used).ok());
      atlas::feature_scratch fresh;
      REQUIRE(atlas::count_features(text, 4, 0, fresh).ok());
      REQUIRE(used.features.size() == fresh.features.size());
      const atlas::feature_count* other = fresh.features.begin();
      bool same = true;
      for (const atlas::feature_count& feature : used.features) {
        same = same && feature.hash == other->hash && feature.count == other->count && feature.kind == other->kind;
        ++other;
      }
      REQUIRE(same);
    }
  }
}
