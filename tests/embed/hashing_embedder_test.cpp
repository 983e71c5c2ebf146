// SPDX-License-Identifier: Apache-2.0
// tests/embed/hashing_embedder_test.cpp -- mirrors include/atlas/embed/hashing_embedder.hpp.
#include <atlas/embed/hashing_embedder.hpp>  // first, so that a missing include in it fails here

#include "support/error_line.hpp"
#include "support/texts.hpp"
#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

TEST_SUITE("embed") {
namespace {

using atlas::hashing_embedder;
using atlas::hashing_options;
using vector = std::vector<float>;

std::vector<atlas::text_view> views_of(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

hashing_embedder learned(const std::vector<std::string>& texts, const hashing_options& options = {}) {
  hashing_embedder model = hashing_embedder::create(options).value();
  model.learn(views_of(texts)).value();
  model.freeze();
  return model;
}
vector embed(const hashing_embedder& model, const std::string& text) {
  vector out(model.dimension());
  const atlas::text_view view(text);
  model.embed({&view, 1}, out.data()).value();
  return out;
}
double product(const vector& a, const vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}
bool is_unit(const vector& v) {
  for (const float x : v) {
    if (!std::isfinite(x)) return false;
  }
  return std::abs(product(v, v) - 1.0) < 1e-5;
}

std::vector<std::string> random_corpus(std::size_t size) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < size; ++i) texts.push_back(support::random_text(i, 1 + i % 90));
  return texts;
}

}  // namespace

  TEST_CASE("embed: every vector is finite and of length one, whatever the text") {
    const hashing_embedder model = learned(random_corpus(50));
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      CAPTURE(seed);
      CHECK(is_unit(embed(model, support::random_text(seed, seed))));
      CHECK(is_unit(embed(model, support::random_bytes(seed, seed))));
    }
    CHECK(is_unit(embed(model, std::string(1'000'000, 'a'))));
    std::string same;
    for (int i = 0; i < 100'000; ++i) same += "again ";
    CHECK(is_unit(embed(model, same)));
  }

  TEST_CASE("embed: a text without features has the vector of the reserved one, near no text") {
    const hashing_embedder model = learned({"some words", "other words"});
    const vector nothing = embed(model, "");
    CHECK(is_unit(nothing));
    CHECK(nothing == embed(model, " ...\n"));
    CHECK(nothing == embed(model, "\xFF\x80"));
    CHECK(std::abs(product(nothing, embed(model, "some words"))) < 0.5);
  }

  TEST_CASE("embed: features that cancel out leave no zero vector") {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {  // one component: all features meet in it
      const hashing_embedder model = learned({}, {.dimension = 1, .seed = seed, .pair_weight = 0.0F, .gram_weight = 0.0F});
      for (const char* text : {"a b", "a b c d", "x y", "1 2", "p q"}) {
        const vector v = embed(model, text);
        CHECK(std::abs(std::abs(v[0]) - 1.0F) < 1e-6F);
      }
    }
  }

  TEST_CASE("embed: the vector of a text does not depend on its batch") {
    const std::vector<std::string> texts = random_corpus(120);
    const hashing_embedder model = learned(texts);
    vector all(texts.size() * model.dimension());
    REQUIRE(model.embed(views_of(texts), all.data()).ok());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const vector alone = embed(model, texts[i]);
      const bool same = std::equal(alone.begin(), alone.end(), all.begin() + static_cast<std::ptrdiff_t>(i * model.dimension()));
      REQUIRE(same);
    }
  }

  TEST_CASE("embed: texts that share rare words are nearer than texts that share common ones") {
    std::vector<std::string> corpus;
    for (int i = 0; i < 200; ++i) corpus.push_back("the report of the day " + std::to_string(i) + " is about the weather");
    corpus.push_back("the zebra sleeps");
    corpus.push_back("a glacier melts");
    const hashing_embedder model = learned(corpus);
    const vector question = embed(model, "where is the zebra of the day");
    CHECK(product(question, embed(model, "the zebra sleeps")) > product(question, embed(model, corpus[5])));
    // Other forms of a word share character runs.
    CHECK(product(embed(model, "glaciers melting"), embed(model, "a glacier melts")) > 0.3);
  }

  TEST_CASE("learn: any order and any number of threads give the same vectors, bit for bit") {
    const std::vector<std::string> texts = random_corpus(200);
    const hashing_embedder forward = learned(texts);
    const hashing_embedder backward = learned({texts.rbegin(), texts.rend()});
    hashing_embedder parallel = hashing_embedder::create().value();
    const auto views = views_of(texts);
    support::together(4, [&](unsigned thread) {
      for (std::size_t i = thread; i < views.size(); i += 4) parallel.learn({&views[i], 1}).value();
    });
    parallel.freeze();
    CHECK(parallel.texts() == texts.size());
    for (const std::string& text : {texts[3], texts[77], std::string("two words")}) {
      CHECK(embed(forward, text) == embed(backward, text));
      CHECK(embed(forward, text) == embed(parallel, text));
    }
  }

  TEST_CASE("embed: from several threads as from one") {
    const std::vector<std::string> texts = random_corpus(40);
    const hashing_embedder model = learned(texts);
    std::vector<vector> want;
    for (const std::string& text : texts) want.push_back(embed(model, text));
    std::vector<int> wrong(4, 0);
    support::together(4, [&](unsigned thread) {
      for (std::size_t i = 0; i < texts.size(); ++i) wrong[thread] += embed(model, texts[i]) == want[i] ? 0 : 1;
    });
    for (const int count : wrong) CHECK(count == 0);
  }

  TEST_CASE("freeze: a frozen one is left as it is, also beside threads that embed") {
    const std::vector<std::string> texts = random_corpus(40);
    hashing_embedder model = learned(texts);
    std::vector<vector> want;
    for (const std::string& text : texts) want.push_back(embed(model, text));
    std::vector<int> wrong(3, 0);
    support::together(3, [&](unsigned thread) {
      for (std::size_t i = 0; i < texts.size(); ++i) {
        if (thread == 0) model.freeze();  // a write here is a data race that ThreadSanitizer sees
        wrong[thread] += embed(model, texts[i]) == want[i] ? 0 : 1;
      }
    });
    for (const int count : wrong) CHECK(count == 0);
  }

  TEST_CASE("without learning every feature weighs its kind's weight") {
    const hashing_embedder model = learned({}, {.dimension = 65'535, .pair_weight = 0.0F, .gram_weight = 0.0F});
    vector v = embed(model, "one two three four");  // four words in 65,535 components
    std::size_t used = 0;
    for (const float x : v) {
      if (x == 0.0F) continue;
      ++used;
      CHECK(std::abs(std::abs(x) - 0.5F) < 1e-6F);
    }
    CHECK(used == 4);
    CHECK(model.texts() == 0);
  }

  TEST_CASE("term frequency counts as 1 + ln tf") {
    const hashing_embedder model = learned({}, {.dimension = 65'535, .pair_weight = 0.0F, .gram_weight = 0.0F});
    const vector v = embed(model, "apple apple apple pear");
    float most = 0, least = 2;
    for (const float x : v) {
      if (x == 0.0F) continue;
      most = std::max(most, std::abs(x));
      least = std::min(least, std::abs(x));
    }
    CHECK(std::abs(most / least - (1.0F + std::log(3.0F))) < 1e-4F);
  }

  TEST_CASE("freeze: learning is over, embedding may begin") {
    hashing_embedder model = hashing_embedder::create().value();
    const atlas::text_view text("text");
    vector out(model.dimension(), 7.0F);
    const auto early = model.embed({&text, 1}, out.data());
    CHECK(support::failed_as(early, atlas::errc::read_only));
    CHECK(support::says_both(early));
    CHECK(out == vector(model.dimension(), 7.0F));
    CHECK_FALSE(model.is_frozen());
    model.freeze();
    CHECK(model.is_frozen());
    CHECK(model.embed({&text, 1}, out.data()).ok());
    const auto late = model.learn({&text, 1});
    CHECK(support::failed_as(late, atlas::errc::read_only));
    CHECK(support::says_both(late));
    CHECK(model.texts() == 0);
    CHECK(model.embed({}, nullptr).ok());
  }

  TEST_CASE("a moved embedder embeds as before") {
    hashing_embedder first = learned({"alpha beta", "gamma"});
    const vector want = embed(first, "alpha");
    hashing_embedder second = std::move(first);
    CHECK(embed(second, "alpha") == want);
    first = std::move(second);
    CHECK(embed(first, "alpha") == want);
  }

  TEST_CASE("any dimension gives unit vectors; options that check() refuses give no embedder") {
    for (const std::size_t dimension : {1U, 2U, 3U, 1000U, 65'535U}) {
      CHECK(is_unit(embed(learned({"a text"}, {.dimension = dimension}), "another text")));
    }
    CHECK(support::failed_as(hashing_embedder::create({.dimension = 0}), atlas::errc::invalid_argument));
  }

  TEST_CASE("golden: where the features of a text lie is part of the saved state's meaning") {
    const hashing_embedder model = learned({"The quick brown fox", "jumps over the lazy dog", "na\u00EFve \u4E2D\u6587"}, {.dimension = 64});
    std::string signs;
    for (const float x : embed(model, "quick foxes over \u4E2D\u6587")) signs += x > 0 ? '+' : x < 0 ? '-' : '0';
    CHECK(signs == "0000++-00-000+00000+000000-0+-0000000000+0-0000-0+00-+0000+0000+");
  }
}
