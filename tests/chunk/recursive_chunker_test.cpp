// SPDX-License-Identifier: Apache-2.0
// tests/chunk/recursive_chunker_test.cpp -- mirrors include/atlas/chunk/recursive_chunker.hpp.
#include <atlas/chunk/recursive_chunker.hpp>  // first, so that a missing include in it fails here
#include <atlas/text/utf8_validity.hpp>

#include "support/chunk_model.hpp"
#include "support/error_line.hpp"
#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using atlas::boundary_level;
using atlas::chunk_options;
using atlas::chunk_view;

std::vector<chunk_view> chunks_of(const std::string& text, const chunk_options& options) {
  atlas::recursive_chunker chunker = atlas::recursive_chunker::create(text, options).value();
  std::vector<chunk_view> chunks;
  for (chunk_view chunk; chunker.next(chunk);) chunks.push_back(chunk);
  return chunks;
}
std::vector<std::string> strings_of(const std::string& text, const chunk_options& options) {
  std::vector<std::string> out;
  for (const chunk_view& chunk : chunks_of(text, options)) out.emplace_back(chunk.text.data(), chunk.text.size());
  return out;
}
using strings = std::vector<std::string>;

/// Every promise that holds for any bytes and options.
void check_promises(const std::string& text, const chunk_options& options) {
  const auto chunks = chunks_of(text, options);
  std::string fresh;
  std::uint64_t end = 0;
  bool right = true;
  for (const chunk_view& chunk : chunks) {
    right = right && chunk.text.data() == text.data() + chunk.byte_begin;
    right = right && chunk.text.size() == chunk.byte_end - chunk.byte_begin && chunk.byte_end <= text.size();
    right = right && chunk.byte_begin <= chunk.byte_fresh && chunk.byte_fresh < chunk.byte_end && chunk.byte_fresh == end;
    right = right && chunk.char_end > chunk.char_begin && chunk.char_end - chunk.char_begin <= options.size;
    right = right && atlas::count_characters(chunk.text) == chunk.char_end - chunk.char_begin;
    const atlas::text_view repeated = chunk.text.subview(0, chunk.byte_fresh - chunk.byte_begin);
    right = right && atlas::count_characters(repeated) <= options.overlap;
    for (const std::uint64_t cut : {chunk.byte_begin, chunk.byte_end}) {
      if (cut == 0 || cut == text.size()) continue;
      right = right && !(text[cut - 1] == '\r' && text[cut] == '\n');
    }
    right = right && (chunk.level == boundary_level::text_end) == (chunk.byte_end == text.size());
    fresh += text.substr(chunk.byte_fresh, chunk.byte_end - chunk.byte_fresh);
    end = chunk.byte_end;
    if (!right) break;
  }
  CHECK(right);
  const bool whole = fresh == text;
  CHECK(whole);
}

}  // namespace

TEST_SUITE("chunk") {
  TEST_CASE("recursive_chunker: cuts at the highest level within the size, at its last boundary") {
    CHECK(strings_of("one two. Three four\nfive six\n\nseven", {.size = 32}) == strings{"one two. Three four\nfive six\n\n", "seven"});
    CHECK(strings_of("one two. Three four\nfive six\n\nseven", {.size = 26}) == strings{"one two. Three four\n", "five six\n\nseven"});
    CHECK(strings_of("one two. Three four", {.size = 16}) == strings{"one two. ", "Three four"});
    CHECK(strings_of("one two three four", {.size = 10}) == strings{"one two ", "three four"});
    CHECK(strings_of("abcdefghijkl", {.size = 5}) == strings{"abcde", "fghij", "kl"});
    CHECK(strings_of("", {.size = 5}).empty());
    CHECK(strings_of("x", {.size = 5}) == strings{"x"});
  }

  TEST_CASE("recursive_chunker: a boundary below the minimum fill is not taken") {
    CHECK(strings_of("a\n\nbcdefgh ijklmn", {.size = 10, .fill_percent = 50}) == strings{"a\n\nbcdefgh", " ijklmn"});
    CHECK(strings_of("a\n\nbcdefgh ijklmn", {.size = 10, .fill_percent = 30}) == strings{"a\n\n", "bcdefgh ", "ijklmn"});
  }

  TEST_CASE("recursive_chunker: the overlap starts at a sentence, else at a word, else where it must") {
    CHECK(strings_of("One is. Two is. Three goes on.", {.size = 16, .overlap = 8}) ==
          strings{"One is. Two is. ", "Two is. Three ", "Three goes on."});
    CHECK(strings_of("alpha beta gamma delta", {.size = 12, .overlap = 5}) == strings{"alpha beta ", "beta gamma ", "amma delta"});
    CHECK(strings_of("abcdefghijkl", {.size = 6, .overlap = 2}) == strings{"abcdef", "efghij", "ijkl"});
  }

  TEST_CASE("recursive_chunker: bytes, characters and lines of each chunk") {
    const std::string text = "\u00E9\u4E2D\r\nb\n\nc\rd";
    const auto chunks = chunks_of(text, {.size = 4});
    REQUIRE(chunks.size() == 3);
    CHECK(chunks[0].byte_end == 7);   // 2 + 3 + 2
    CHECK(chunks[0].char_end == 4);
    CHECK(chunks[0].line_begin == 1);
    CHECK(chunks[0].line_end == 1);   // its line end belongs to the line
    CHECK(chunks[0].level == boundary_level::line);
    CHECK(chunks[1].char_begin == 4);
    CHECK(chunks[1].line_begin == 2);
    CHECK(chunks[1].line_end == 3);
    CHECK(chunks[1].level == boundary_level::paragraph);
    CHECK(chunks[2].line_begin == 4);
    CHECK(chunks[2].line_end == 5);
    CHECK(chunks[2].level == boundary_level::text_end);
  }

  TEST_CASE("recursive_chunker: the same content has the same id wherever it lies, and other content another") {
    const std::string first = "same words\n\nother words\n";
    const std::string second = "prefix para\n\nsame words\n\n";
    const auto here = chunks_of(first, {.size = 14});
    const auto there = chunks_of(second, {.size = 14});
    REQUIRE(here.size() == 2);
    REQUIRE(there.size() == 2);
    CHECK(here[0].id == there[1].id);
    CHECK_FALSE(here[0].id == here[1].id);
    CHECK(here[0].id == atlas::xxh3_128(here[0].text.data(), here[0].text.size(), atlas::chunk_rule_version));
  }

  TEST_CASE("recursive_chunker: golden chunks; a change of the rule needs a new chunk_rule_version") {
    std::string all;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      const std::string text = support::random_text(seed, 200);
      for (const chunk_view& chunk : chunks_of(text, {.size = 20 + seed, .overlap = seed / 4})) {
        all += std::to_string(chunk.byte_begin) + "," + std::to_string(chunk.byte_fresh) + "," + std::to_string(chunk.byte_end) + ";";
        all.append(reinterpret_cast<const char*>(&chunk.id), sizeof chunk.id);
      }
    }
    CHECK(atlas::chunk_rule_version == 1);
    CHECK(atlas::xxh3_64(all.data(), all.size()) == 10816532549110828335U);
  }

  TEST_CASE("recursive_chunker: the same chunks as the model's, over random texts and options") {
    std::mt19937_64 random(7);
    for (std::uint64_t seed = 0; seed < 3000; ++seed) {
      const std::string text = seed % 5 == 4 ? support::random_bytes(seed, random() % 120) : support::random_text(seed, random() % 120);
      chunk_options options;
      options.size = 4 + random() % (seed % 3 == 0 ? 6 : 60);
      options.overlap = random() % 2 == 0 ? 0 : random() % (options.size / 2 + 1);
      options.fill_percent = 10 + random() % 81;
      CAPTURE(seed);
      CAPTURE(options.size);
      CAPTURE(options.overlap);
      CAPTURE(options.fill_percent);
      const auto want = support::chunk_model(text).chunks(options.size, options.overlap, options.fill_percent);
      const auto got = chunks_of(text, options);
      REQUIRE(got.size() == want.size());
      bool same = true;
      for (std::size_t i = 0; i < got.size(); ++i) {
        same = same && got[i].byte_begin == want[i].byte_begin && got[i].byte_end == want[i].byte_end &&
               got[i].byte_fresh == want[i].byte_fresh && got[i].char_begin == want[i].char_begin &&
               got[i].char_end == want[i].char_end && got[i].line_begin == want[i].line_begin &&
               got[i].line_end == want[i].line_end && static_cast<int>(got[i].level) == want[i].level;
      }
      REQUIRE(same);
    }
  }

  TEST_CASE("recursive_chunker: what it promises for any bytes") {
    std::mt19937_64 random(11);
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      const std::string text = seed % 2 == 0 ? support::random_bytes(seed, random() % 4000) : support::random_text(seed, random() % 2000);
      CAPTURE(seed);
      for (const std::size_t size : {std::size_t{4}, std::size_t{5}, std::size_t{64}, std::size_t{1000}, std::size_t{1} << 31}) {
        check_promises(text, {.size = size});
        check_promises(text, {.size = size, .overlap = size / 2, .fill_percent = 90});
        check_promises(text, {.size = size, .overlap = size / 5, .fill_percent = 10});
      }
    }
  }

  TEST_CASE("recursive_chunker: linear work on texts made to defeat it") {
    const std::size_t length = 200'000;
    std::vector<std::string> texts(8);
    for (std::size_t i = 0; texts[0].size() < length; ++i) {
      texts[0] += 'x';                                   // no boundary at all
      texts[1] += '\n';                                  // nothing else
      texts[2] += "\r\n";
      texts[3] += ' ';
      texts[4] += "a ";
      texts[5] += ". ";
      texts[6] += "\u3002";
      texts[7] += "\x80";
    }
    texts.push_back("\n\n" + std::string(length, 'y') + "\n\n");  // one boundary, far away
    texts.push_back(std::string(length, ' ') + "\n" + std::string(length, ' '));  // one line, blank to the end
    for (std::size_t i = 0; i < texts.size(); ++i) {
      for (const std::size_t size : {4U, 64U, 1000U, 100'000U}) {
        for (const std::size_t overlap : {std::size_t{0}, size / 10, size / 2}) {
          for (const std::size_t percent : {10U, 50U, 90U}) {
            CAPTURE(i);
            CAPTURE(size);
            CAPTURE(overlap);
            CAPTURE(percent);
            atlas::recursive_chunker chunker =
                atlas::recursive_chunker::create(texts[i], {.size = size, .overlap = overlap, .fill_percent = percent}).value();
            std::uint64_t chunks = 0;
            for (chunk_view chunk; chunker.next(chunk);) ++chunks;
            // At least fill - 1 new characters a chunk (one is given up for CR LF), at most 2 * size looked at.
            const std::size_t fill = std::max<std::size_t>(1, (size - overlap) * percent / 100);
            const std::size_t least = fill > 2 ? fill - 1 : 1;
            const std::uint64_t characters = atlas::count_characters(texts[i]);
            CHECK(chunks <= characters / least + 1);
            CHECK(chunker.characters_read() <= chunks * 2 * size);
          }
        }
      }
    }
  }

  TEST_CASE("recursive_chunker: with the default options no text is read more than three times") {
    for (const std::string& text : {support::random_text(3, 200'000), std::string(300'000, 'x')}) {
      atlas::recursive_chunker chunker = atlas::recursive_chunker::create(text).value();
      for (chunk_view chunk; chunker.next(chunk);) {
      }
      CHECK(chunker.characters_read() <= 3 * atlas::count_characters(text));
    }
  }

  TEST_CASE("check: options that do not hold together are refused by name") {
    const auto refused = [](const chunk_options& options, const char* field) {
      const auto made = atlas::recursive_chunker::create("text", options);
      CHECK(support::failed_as(made, atlas::errc::invalid_argument));
      CHECK(support::says_both(made));
      CHECK(support::error_line(made).find(field) != std::string::npos);
    };
    refused({.size = 0}, "size");
    refused({.size = 3}, "size");
    refused({.size = (std::size_t{1} << 31) + 1}, "size");
    refused({.size = ~std::size_t{0}}, "size");
    refused({.size = 10, .overlap = 6}, "overlap");
    refused({.size = 10, .overlap = ~std::size_t{0}}, "overlap");
    refused({.fill_percent = 9}, "fill_percent");
    refused({.fill_percent = 91}, "fill_percent");
    CHECK(atlas::check(chunk_options{}).ok());
    CHECK(atlas::check(atlas::chunk_options{.size = 10, .overlap = 5, .fill_percent = 90}).ok());
  }

  TEST_CASE("recursive_chunker: naughty strings, the UTF-8 stress file, and a real book keep the promises") {
    const std::string data = support::test_data();
    if (data.empty()) {
      MESSAGE("skipped: 3 files, ATLAS_TEST_DATA is not set");
      return;
    }
    for (const char* name : {"/suites/blns/blns.txt", "/suites/utf8-stress/UTF-8-test.txt",
                             "/suites/chunking_evaluation/chunking_evaluation/evaluation_framework/general_evaluation_data/corpora/wikitexts.md"}) {
      const std::string text = support::file_bytes(data + name);
      CAPTURE(std::string(name));
      REQUIRE(text.size() > 10'000);
      check_promises(text, {});
      check_promises(text, {.size = 200, .overlap = 50});
      for (const std::string& line : support::lines_of(text)) check_promises(line, {.size = 7, .overlap = 3});
    }
  }
}
