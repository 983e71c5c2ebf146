// SPDX-License-Identifier: Apache-2.0
// tests/chunk/semantic_vectors_test.cpp -- mirrors include/atlas/chunk/semantic_vectors.hpp: what a callable that embeds is asked, and may do.
#include <atlas/chunk/semantic_vectors.hpp>  // first, so that a missing include in it fails here

#include "support/error_line.hpp"
#include "support/semantic_runs.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>

TEST_SUITE("semantic_vectors") {
namespace {

using atlas::errc;
using atlas::semantic_options;
using support::all_semantic_options;
using support::failed_as;
using support::kept_chunks;
using support::make_semantic;
using support::mixed_prose;
using support::semantic_chunks;
using support::semantic_drops;
using support::semantic_parts;
using support::topic_text;
using support::word_model;

}  // namespace

  TEST_CASE("batches are no larger than they may be, and do not depend on how a document is fed") {
    for (const semantic_options& options : all_semantic_options()) {
      const std::string text = mixed_prose(7) + topic_text(9, 30, 3, 9).text;
      word_model whole;
      auto one = make_semantic(whole, options, {.size = 500});
      static_cast<void>(support::read_chunks(one, text));
      for (const std::size_t texts : whole.batches) CHECK(texts <= options.batch_texts);
      for (const std::size_t bytes : whole.batch_bytes) CHECK(bytes <= options.batch_bytes);
      for (const std::string& piece : whole.seen) CHECK((!piece.empty() && piece.size() <= 1024));
      word_model pieces;
      auto two = make_semantic(pieces, options, {.size = 500});
      static_cast<void>(support::fed_chunks(two, text, 3, 40));
      // What a chunk that ends the document holds need not be read.
      CHECK(pieces.batches.size() + 1 >= whole.batches.size());
      const std::size_t common = std::min(whole.batches.size(), pieces.batches.size());
      CHECK(std::equal(whole.batches.begin(), whole.batches.begin() + static_cast<std::ptrdiff_t>(common), pieces.batches.begin()));
    }
  }

  TEST_CASE("a callable that fails ends the call with its error, and nothing is lost") {
    for (const semantic_options& options : all_semantic_options()) {
      const std::string text = mixed_prose(4) + topic_text(9, 30, 3, 9).text;
      const kept_chunks read = semantic_chunks(text, options, {.size = 300});
      word_model model;
      std::size_t calls = 0;
      const auto fails_often = [&](atlas::span<const atlas::text_view> texts, float* out) -> atlas::result<std::size_t> {
        for (std::size_t i = 0; i < texts.size() * word_model::dimension; ++i) out[i] = std::numeric_limits<float>::quiet_NaN();
        if (++calls % 3 != 0) return errc::timed_out;
        return model(texts, out);
      };
      auto one = make_semantic(fails_often, options, {.size = 300});
      kept_chunks got;
      std::size_t failures = 0;
      one.read(text);
      for (atlas::chunk_view chunk;;) {
        const auto next = one.next(chunk);
        if (!next.ok()) {
          CHECK(failed_as(next, errc::timed_out));
          REQUIRE(++failures < 10'000);
          continue;
        }
        if (!*next) break;
        got.emplace_back(chunk);
      }
      CHECK(failures != 0);
      const bool same = got == read;
      CHECK(same);

      // The same in a stream.
      one.restart();
      got.clear();
      const auto keep = [&](const atlas::chunk_view& chunk) {
        got.emplace_back(chunk);
        return true;
      };
      while (one.taken() < text.size()) {
        const auto at = static_cast<std::size_t>(one.taken());
        static_cast<void>(one.feed({text.data() + at, std::min<std::size_t>(900, text.size() - at)}, keep).ok());
      }
      while (!one.finish(keep).ok()) REQUIRE(++failures < 20'000);
      const bool same_fed = got == read;
      CHECK(same_fed);
    }
  }

  TEST_CASE("a callable that lies is found out") {
    const std::string text = topic_text(1, 5, 5, 9).text;
    for (const semantic_options& options : {semantic_drops(), semantic_parts()}) {
      const auto outcome = [&](atlas::embed_texts model) {
        auto one = make_semantic(model, options, {.size = 300});
        one.read(text);
        atlas::chunk_view chunk;
        for (;;) {
          auto next = one.next(chunk);
          if (!next.ok() || !*next) return next;
        }
      };
      word_model model;
      const auto breaks = [&](float value, std::size_t at) {
        return [&model, value, at](atlas::span<const atlas::text_view> texts, float* out) {
          auto wrote = model(texts, out);
          if (texts.size() > 3) out[3 * word_model::dimension + at] = value;
          return wrote;
        };
      };
      CHECK(failed_as(outcome(breaks(std::numeric_limits<float>::quiet_NaN(), 0)), errc::not_finite));
      CHECK(failed_as(outcome(breaks(-std::numeric_limits<float>::infinity(), word_model::dimension - 1)), errc::not_finite));
      const auto no_direction = [&](atlas::span<const atlas::text_view> texts, float* out) -> atlas::result<std::size_t> {
        for (std::size_t i = 0; i < texts.size() * word_model::dimension; ++i) out[i] = 0;
        return texts.size();
      };
      CHECK(failed_as(outcome(no_direction), errc::zero_vector));
      using counted = atlas::result<std::size_t>;
      const auto too_few = [&](atlas::span<const atlas::text_view> texts, float* out) -> counted { return *model(texts, out) - 1; };
      CHECK(failed_as(outcome(too_few), errc::invalid_argument));
      const auto too_many = [&](atlas::span<const atlas::text_view> texts, float* out) -> counted { return *model(texts, out) + 1; };
      CHECK(failed_as(outcome(too_many), errc::invalid_argument));
      const auto huge = [&](atlas::span<const atlas::text_view> texts, float* out) -> atlas::result<std::size_t> {
        for (std::size_t i = 0; i < texts.size() * word_model::dimension; ++i) out[i] = std::numeric_limits<float>::max();
        return texts.size();
      };
      CHECK(outcome(huge).ok());
    }
  }
}
