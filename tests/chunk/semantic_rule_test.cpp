// SPDX-License-Identifier: Apache-2.0
// tests/chunk/semantic_rule_test.cpp -- mirrors include/atlas/chunk/semantic_rule.hpp.
#include <atlas/chunk/semantic_rule.hpp>  // first, so that a missing include in it fails here

#include <atlas/embed/hashing_embedder.hpp>

#include "support/semantic_runs.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <utility>
#include <vector>

TEST_SUITE("semantic_rule") {
namespace {

using atlas::chunk_packing;
using atlas::chunker_options;
using atlas::semantic_options;
using atlas::semantic_rule;
using support::all_semantic_options;
using support::kept_chunks;
using support::make_semantic;
using support::mixed_prose;
using support::sections_alone;
using support::semantic_chunker;
using support::semantic_chunks;
using support::semantic_drops;
using support::semantic_parts;
using support::topic_text;
using support::word_model;

struct found_changes {
  std::size_t right = 0;
  std::size_t wrong = 0;
};
found_changes changes_found(const topic_text& topics, const kept_chunks& chunks) {
  found_changes found;
  for (std::size_t i = 0; i + 1 < chunks.size(); ++i) {
    const bool is_change = std::find(topics.changes.begin(), topics.changes.end(), chunks[i].byte_end) != topics.changes.end();
    ++(is_change ? found.right : found.wrong);
  }
  return found;
}

/// The pieces of a text that is read at once, and their vectors made unit vectors.
struct embedded_text {
  std::vector<std::uint64_t> begins;
  std::vector<std::vector<double>> vectors;

  explicit embedded_text(const std::string& text) {
    word_model model;
    for (std::size_t at = 0; at < text.size();) {
      begins.push_back(at);
      const std::size_t end = at + atlas::detail::end_of_piece(atlas::text_view(text).subview(at, text.size() - at), true).bytes;
      std::size_t last = end;
      while (last > at + 1 && (text[last - 1] == ' ' || text[last - 1] == '\n')) --last;
      const atlas::text_view piece(text.data() + at, last - at);
      float row[word_model::dimension];
      static_cast<void>(model({&piece, 1}, row));
      vectors.emplace_back(row, row + word_model::dimension);
      double square = 0;
      for (const double x : vectors.back()) square += x * x;
      for (double& x : vectors.back()) x /= std::sqrt(square);
      at = end;
    }
  }
  /// The sum of the products of all pairs of one of [a, b) and one of [c, d).
  [[nodiscard]] double products(std::size_t a, std::size_t b, std::size_t c, std::size_t d) const {
    double sum = 0;
    for (std::size_t i = a; i < b; ++i) {
      for (std::size_t j = c; j < d; ++j) {
        for (std::size_t k = 0; k < word_model::dimension; ++k) sum += vectors[i][k] * vectors[j][k];
      }
    }
    return sum;
  }
};

std::vector<std::uint64_t> begins_of(const kept_chunks& chunks) {
  std::vector<std::uint64_t> out;
  for (const auto& chunk : chunks) out.push_back(chunk.byte_begin);
  return out;
}

}  // namespace

  TEST_CASE("drops: chunks end where the topic changes") {
    found_changes all;
    std::size_t changes = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const topic_text topics(seed, 20, 8, 14);
      const found_changes found = changes_found(topics, semantic_chunks(topics.text, semantic_drops(), sections_alone));
      all.right += found.right;
      all.wrong += found.wrong;
      changes += topics.changes.size();
    }
    CHECK(all.right * 100 >= changes * 95);
    CHECK(all.wrong * 100 <= changes * 5);
  }

  TEST_CASE("partition: chunks end where the topic changes, and are no larger than they may be") {
    found_changes all;
    std::size_t changes = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const topic_text topics(seed, 20, 5, 14);
      const kept_chunks chunks = semantic_chunks(topics.text, semantic_parts(), sections_alone);
      const found_changes found = changes_found(topics, chunks);
      all.right += found.right;
      all.wrong += found.wrong;
      changes += topics.changes.size();
      for (const auto& chunk : chunks) CHECK(std::count(chunk.text.begin(), chunk.text.end(), '.') <= 16);
      semantic_options short_parts = semantic_parts();
      short_parts.part_bytes = 300;
      for (const auto& chunk : semantic_chunks(topics.text, short_parts, sections_alone)) CHECK(chunk.text.size() <= 300);
    }
    CHECK(all.right * 100 >= changes * 95);
    CHECK(all.wrong * 100 <= changes * 5);
  }

  TEST_CASE("drops: a document of one batch is divided as the definition says") {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
      const std::string text = topic_text(seed, 6, 2, 10).text;
      const embedded_text model(text);
      const std::size_t size = model.begins.size();
      REQUIRE(size <= 64);
      for (const std::size_t window : {std::size_t{1}, std::size_t{3}, std::size_t{8}}) {
        CAPTURE(seed);
        CAPTURE(window);
        semantic_options options = semantic_drops(window);
        options.batch_bytes = 32768;
        std::vector<double> drops(size + 1, -1);
        atlas::streaming_quantile quantile(options.quantile);
        for (std::size_t i = 1; i < size; ++i) {
          const std::size_t first = i - std::min(i, window);
          const std::size_t last = std::min(i + window, size);
          drops[i] = 1 - model.products(first, i, i, last) / std::sqrt(model.products(first, i, first, i) * model.products(i, last, i, last));
          quantile.add(drops[i]);
        }
        std::vector<std::uint64_t> want = {0};
        for (std::size_t i = 1; i < size; ++i) {
          if (drops[i] >= quantile.value() && drops[i] >= drops[i - 1] && drops[i] > drops[i + 1] && drops[i] > 0.01) want.push_back(model.begins[i]);
        }
        CHECK(begins_of(semantic_chunks(text, options, sections_alone)) == want);
      }
    }
  }

  TEST_CASE("partition: a document of one batch is divided as the definition says") {
    for (std::uint64_t seed = 0; seed < 15; ++seed) {
      const std::string text = topic_text(seed, 6, 2, 10).text;
      const embedded_text model(text);
      const std::size_t size = model.begins.size();
      REQUIRE(size <= 64);
      const auto alike = [&](std::size_t first, std::size_t last) { return model.products(first, last, first, last) - static_cast<double>(last - first); };
      const double mean = alike(0, size) / static_cast<double>(size * (size - 1));
      for (const std::size_t most : {std::size_t{2}, std::size_t{5}, std::size_t{16}}) {
        CAPTURE(seed);
        CAPTURE(most);
        semantic_options options = semantic_parts(most);
        options.batch_bytes = 32768;
        // The sum of the parts that were chosen is that of the best choice, which is found without any sums of vectors.
        std::vector<double> best(size + 1, 0);
        for (std::size_t end = 1; end <= size; ++end) {
          best[end] = -1e9;
          for (std::size_t begin = end - std::min(end, most); begin < end; ++begin) {
            const auto count = static_cast<double>(end - begin);
            best[end] = std::max(best[end], best[begin] + alike(begin, end) - mean * count * (count - 1));
          }
        }
        std::vector<std::uint64_t> begins = begins_of(semantic_chunks(text, options, sections_alone));
        begins.push_back(text.size());
        double sum = 0;
        std::size_t piece = 0;
        for (std::size_t i = 0; i + 1 < begins.size(); ++i) {
          const std::size_t first = piece;
          while (piece < size && model.begins[piece] < begins[i + 1]) ++piece;
          const auto count = static_cast<double>(piece - first);
          CHECK(piece - first <= most);
          sum += alike(first, piece) - mean * count * (count - 1);
        }
        CHECK(sum == doctest::Approx(best[size]).epsilon(1e-4));
      }
    }
  }

  TEST_CASE("the built-in embedder finds the changes too") {
    auto embedder = atlas::hashing_embedder::create().value();
    embedder.freeze();
    const auto model = [&](atlas::span<const atlas::text_view> texts, float* out) -> atlas::result<std::size_t> {
      if (atlas::status done = embedder.embed(texts, out); !done.ok()) return done.error();
      return texts.size();
    };
    const topic_text topics(3, 20, 8, 14);
    for (semantic_options options : {semantic_drops(), semantic_parts()}) {
      options.dimension = embedder.dimension();
      auto one = make_semantic(model, options, sections_alone);
      const found_changes found = changes_found(topics, support::read_chunks(one, topics.text));
      CHECK(found.right >= 17);
      CHECK(found.wrong <= 3);
    }
  }

  TEST_CASE("the size holds, and what holds for any chunker, by every way to ask") {
    for (const semantic_options& options : all_semantic_options()) {
      for (const chunker_options& sizes : {chunker_options{.size = 400}, chunker_options{.size = 150, .overlap = 40, .fill_percent = 0},
                                           chunker_options{.size = 2000, .packing = chunk_packing::divided}}) {
        CAPTURE(options.batch_texts);
        CAPTURE(sizes.size);
        const std::string text = mixed_prose(sizes.size);
        word_model model;
        const auto make = [&] { return make_semantic(model, options, sizes); };
        auto one = make();
        const kept_chunks read = support::read_chunks(one, text);
        CHECK(support::broken_promise(text, read, sizes, [](const std::string& chunk) { return chunk.size(); }) == "");
        for (const std::size_t most : {std::size_t{1}, std::size_t{700}, std::size_t{200000}}) {
          const bool same = support::fed_chunks(one, text, 5, most) == read;
          CAPTURE(most);
          CHECK(same);
        }
        const auto resume = [&](atlas::span<const std::byte> saved) {
          return semantic_chunker::resume(saved, sizes, semantic_rule::create(model, options).value()).value();
        };
        for (std::size_t middle = 0; middle <= text.size(); middle += text.size() / 9) {
          const bool same = support::resumed_chunks(make, resume, text, middle) == read;
          CAPTURE(middle);
          CHECK(same);
        }
      }
    }
  }

  TEST_CASE("long documents: a stream is read ahead no further than it says, and is cut as if it were read") {
    for (const semantic_options& options : all_semantic_options()) {
      const topic_text topics(8, 220, 5, 14);
      REQUIRE(topics.text.size() > 2 * semantic_rule::lookahead());
      word_model model;
      auto one = make_semantic(model, options, {.size = 3000, .packing = chunk_packing::divided});
      const kept_chunks read = support::read_chunks(one, topics.text);
      kept_chunks fed;
      std::uint64_t furthest = 0;
      std::size_t at = 0;
      const auto keep = [&](const atlas::chunk_view& chunk) {
        fed.emplace_back(chunk);
        furthest = std::max<std::uint64_t>(furthest, at - chunk.byte_begin);
        return true;
      };
      while (at < topics.text.size()) {
        const std::size_t size = std::min<std::size_t>(500, topics.text.size() - at);
        at += size;
        one.feed({topics.text.data() + at - size, size}, keep).value();
      }
      CHECK(furthest < 2 * (semantic_rule::lookahead() + 3000));
      one.finish(keep).value();
      const bool same = fed == read;
      CHECK(same);
    }
  }

  TEST_CASE("texts of all sorts, ill-formed ones too, keep the promises") {
    for (std::uint64_t seed = 0; seed < 30; ++seed) {
      const std::string text = seed % 2 == 0 ? support::random_text(seed, 900) : support::random_bytes(seed, 4000);
      CAPTURE(seed);
      const semantic_options options = all_semantic_options()[seed % 4];
      const chunker_options sizes{.size = 60 + seed * 20};
      const kept_chunks chunks = semantic_chunks(text, options, sizes);
      CHECK(support::broken_promise(text, chunks, sizes, [](const std::string& chunk) { return chunk.size(); }) == "");
    }
    for (const std::string& text : {std::string(50'000, '\n'), std::string(50'000, 'x'), std::string(20'000, '\0'), std::string("One."), std::string(" ")}) {
      for (const semantic_options& options : all_semantic_options()) {
        std::string whole;
        for (const auto& chunk : semantic_chunks(text, options, {.size = 700})) whole += chunk.text;
        CHECK(whole == text);
      }
    }
  }

  TEST_CASE("a state of any bytes, as a checkpoint may hold, does no harm") {
    std::mt19937_64 random(12);
    const std::string text = mixed_prose(3);
    for (const semantic_options& options : all_semantic_options()) {
      word_model model;
      const auto rule = semantic_rule::create(model, options).value();
      for (int i = 0; i < 300; ++i) {
        semantic_rule::state_type state;
        const std::string bytes = support::random_bytes(random(), sizeof state);
        std::memcpy(static_cast<void*>(&state), bytes.data(), sizeof state);
        if (i % 3 != 0) state.reached = random() % text.size();
        if (i % 3 != 0) state.kept = static_cast<std::uint32_t>(random() % 34);
        if (i % 3 == 1) state.undecided = static_cast<std::uint32_t>(random() % (state.kept + 1));
        const std::uint64_t from = random() % text.size();
        const bool is_last = random() % 2 == 0;
        atlas::structure found;
        const auto reached = rule.scan(state, {text, 0, is_last}, from, found);
        REQUIRE(reached.ok());
        CHECK(*reached >= from);
        CHECK((!is_last || *reached == text.size()));
      }
    }
  }

  TEST_CASE("equal sentences have no changes among them") {
    std::string text;
    for (int i = 0; i < 200; ++i) text += "The same sentence again. ";
    CHECK(semantic_chunks(text, semantic_drops(), sections_alone).size() == 1);
  }
}
