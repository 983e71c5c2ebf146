// SPDX-License-Identifier: Apache-2.0
// tests/chunk/parallel_chunks_test.cpp -- mirrors include/atlas/chunk/parallel_chunks.hpp.
#include <atlas/chunk/parallel_chunks.hpp>
#include <atlas/chunk/fixed_rule.hpp>
#include <atlas/chunk/plain_text_rule.hpp>
#include <atlas/chunk/sentence_rule.hpp>

#include "support/chunk_runs.hpp"
#include "support/error_line.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_SUITE("parallel_chunks") {
namespace {

using atlas::chunker_options;
using atlas::errc;
using support::failed_as;
using support::kept_chunks;

/// Paragraphs of sentences, some of them far longer than a chunk.
std::string megabytes_of_text(std::uint64_t seed, std::size_t size) {
  std::mt19937_64 random(seed);
  const char* const stock[] = {"word ", "another sentence. ", "It goes on, and on; ", "Mr. Smith (too). ", "\xC3\xA9t\xC3\xA9 ", "\xE4\xB8\xAD\xE6\x96\x87\xE3\x80\x82", "1. "};
  std::string out;
  while (out.size() < size) {
    out += stock[random() % 7];
    const std::uint64_t drawn = random() % 400;
    if (drawn == 0) out += "\n\n\n";
    if (drawn < 3) out += "\n\n";
    if (drawn < 9) out += drawn % 2 == 0 ? "\n" : "\r\n";
  }
  return out;
}

template <class Rule>
void check_same(const std::string& text, const chunker_options& options) {
  auto one = atlas::chunker<Rule, atlas::character_sizer>::create(options).value();
  const kept_chunks want = support::read_chunks(one, text);
  atlas::thread_pool pool(3);
  for (const unsigned threads : {1U, 2U, 3U}) {
    kept_chunks got;
    const auto keep = [&](const atlas::chunk_view& chunk) {
      got.emplace_back(chunk);
      return true;
    };
    atlas::chunk_document<Rule, atlas::character_sizer>(text, options, pool, threads, keep).value();
    CAPTURE(threads);
    CHECK(got.size() == want.size());
    const bool same = got == want;
    CHECK(same);
  }
}

}  // namespace

  TEST_CASE("any number of threads gives the chunks of one") {
    const std::string text = megabytes_of_text(1, std::size_t{5} << 20);
    check_same<atlas::plain_text_rule>(text, {.size = 1000});
    check_same<atlas::plain_text_rule>(text, {.size = 700, .overlap = 150});
    check_same<atlas::plain_text_rule>(text, {.size = 900, .packing = atlas::chunk_packing::coherent});
    check_same<atlas::sentence_rule>(text, {.size = 500});
    chunker_options nested{.size = 3000};
    nested.inner_sizes[0] = 800;
    check_same<atlas::plain_text_rule>(text, nested);
  }

  TEST_CASE("chunks that never meet, and texts without lines, are the same as well") {
    check_same<atlas::fixed_rule>(megabytes_of_text(2, std::size_t{5} << 19), {.size = 997, .overlap = 13});
    check_same<atlas::plain_text_rule>(std::string(std::size_t{5} << 19, 'x'), {.size = 1000, .overlap = 10});
    check_same<atlas::plain_text_rule>(std::string(std::size_t{5} << 19, '\n'), {.size = 1000});
    check_same<atlas::plain_text_rule>("", {.size = 10});
    check_same<atlas::plain_text_rule>("short", {.size = 10});
  }

  TEST_CASE("a sink that stops cancels, and options are checked") {
    const std::string text = megabytes_of_text(3, std::size_t{3} << 20);
    atlas::thread_pool pool(2);
    std::size_t given = 0;
    const auto stop = [&](const atlas::chunk_view&) { return ++given < 1500; };
    CHECK(failed_as((atlas::chunk_document<atlas::plain_text_rule, atlas::character_sizer>(text, {.size = 1000}, pool, 0, stop)), errc::cancelled));
    CHECK(given == 1500);
    CHECK(failed_as((atlas::chunk_document<atlas::plain_text_rule, atlas::character_sizer>(text, {.size = 0}, pool, 0, stop)), errc::invalid_argument));
  }

  TEST_CASE("documents come in order, each as alone") {
    std::vector<std::string> documents;
    for (std::uint64_t i = 0; i < 70; ++i) documents.push_back(i % 9 == 4 ? "" : megabytes_of_text(i, 100 + 977 * (i % 13)));
    const std::vector<atlas::text_view> texts(documents.begin(), documents.end());
    const chunker_options options{.size = 300, .overlap = 40};
    atlas::thread_pool pool(3);
    std::vector<kept_chunks> got(documents.size());
    std::size_t last = 0;
    bool in_order = true;
    const auto keep = [&](std::size_t document, const atlas::chunk_view& chunk) {
      in_order = in_order && document >= last;
      last = document;
      got[document].emplace_back(chunk);
      return true;
    };
    atlas::chunk_documents<atlas::plain_text_rule, atlas::character_sizer>({texts.data(), texts.size()}, options, pool, 0, keep).value();
    CHECK(in_order);
    auto one = atlas::chunker<atlas::plain_text_rule, atlas::character_sizer>::create(options).value();
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const bool same = got[i] == support::read_chunks(one, documents[i]);
      CAPTURE(i);
      CHECK(same);
    }
  }
}
