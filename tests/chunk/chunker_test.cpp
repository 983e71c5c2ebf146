// SPDX-License-Identifier: Apache-2.0
// tests/chunk/chunker_test.cpp -- mirrors include/atlas/chunk/chunker.hpp: what holds for every rule and sizer, by every way to ask.
#include <atlas/chunk/chunker.hpp>
#include <atlas/chunk/callback_sizer.hpp>
#include <atlas/chunk/code_rule.hpp>
#include <atlas/chunk/delimiter_rule.hpp>
#include <atlas/chunk/external_rule.hpp>
#include <atlas/chunk/fixed_rule.hpp>
#include <atlas/chunk/plain_text_rule.hpp>
#include <atlas/chunk/segment_sizers.hpp>
#include <atlas/chunk/sentence_rule.hpp>

#include "support/chunk_runs.hpp"
#include "support/repetitions.hpp"
#include "support/error_line.hpp"
#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

TEST_SUITE("chunker") {
namespace {

using atlas::chunker;
using atlas::chunker_options;
using atlas::errc;
using support::failed_as;
using support::kept_chunks;

std::uint64_t bytes_of(const std::string& text) { return text.size(); }
std::uint64_t characters_in(const std::string& text) { return atlas::count_characters(text); }

/// Running text with all that a chunker treats apart, several times the size of what a stream looks ahead.
std::string long_text(std::uint64_t seed, std::size_t pieces) {
  std::mt19937_64 random(seed);
  const char* const stock[] = {"word ", "Another sentence. ", "of several words, which go on; ", "Mr. Smith said (no). ", "\n", "\n\n", "\r\n", "\xE4\xB8\xAD\xE6\x96\x87\xE3\x80\x82",
                               "e\xCC\x81", "\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9 ", "\xFF", "1. item ", "\t", "\xE2\x80\xA6 ", "U.S. law ",
                               "stop! \xD8\x80 B ", "end!\xE0\xB8\xB3 "};  // sentences of the standard that begin inside of a grapheme cluster
  std::string out;
  for (std::size_t i = 0; i < pieces; ++i) out += stock[random() % 40 < 25 ? random() % 4 : random() % 17];
  return out;
}

std::vector<chunker_options> some_options() {
  std::vector<chunker_options> all = support::chunker_option_sets();
  all.push_back({.size = 1});
  return all;
}

template <class Rule, class Sizer, class Measure>
void check_all_ways(const Rule& rule, const std::string& whole, const chunker_options& options, Measure measure, const Sizer& sizer = Sizer()) {
  const std::string text = whole.substr(0, options.size < 40 ? 5000 : whole.size());  // what is checked takes the time of text times chunks
  CAPTURE(options.size);
  CAPTURE(options.overlap);
  const auto make = [&] { return chunker<Rule, Sizer>::create(options, rule, sizer).value(); };
  const auto resume = [&](atlas::span<const std::byte> saved) { return chunker<Rule, Sizer>::resume(saved, options, rule, sizer).value(); };
  auto one = make();
  const kept_chunks read = support::read_chunks(one, text);
  CHECK(support::broken_promise(text, read, options, measure) == "");
  for (const std::size_t most : {std::size_t{1}, std::size_t{700}, std::size_t{200'000}}) {
    const bool same = support::fed_chunks(one, text, 5, most) == read;
    CAPTURE(most);
    CHECK(same);
  }
  std::mt19937_64 random(9);
  for (int i = 0; i < 12; ++i) {
    const std::size_t middle = random() % (text.size() + 1);
    CAPTURE(middle);
    const bool same = support::resumed_chunks(make, resume, text, middle) == read;
    CHECK(same);
  }
}

}  // namespace

  TEST_CASE("plain text: any options give chunks that keep the promises, the same by every way to ask") {
    for (const chunker_options& options : some_options()) {
      for (const std::uint64_t seed : {1U, 2U}) check_all_ways<atlas::plain_text_rule, atlas::character_sizer>({}, long_text(seed, 1500), options, characters_in);
      check_all_ways<atlas::plain_text_rule, atlas::byte_sizer>({}, long_text(3, 1500), options, bytes_of);
    }
  }

  TEST_CASE("fixed, sentence and delimiter rules: likewise") {
    const atlas::text_view delimiters[] = {"\n\n", ". ", " ", "\xE3\x80\x82"};
    const auto before = atlas::delimiter_rule::create(delimiters).value();
    const auto behind = atlas::delimiter_rule::create(delimiters, atlas::delimiter_side::behind).value();
    for (const chunker_options& options : some_options()) {
      const std::string text = long_text(4, 1200);
      check_all_ways<atlas::fixed_rule, atlas::character_sizer>({}, text, options, characters_in);
      check_all_ways<atlas::sentence_rule, atlas::character_sizer>({}, text, options, characters_in);
      check_all_ways<atlas::uax29_sentence_rule, atlas::byte_sizer>({}, text, options, bytes_of);
      check_all_ways<atlas::delimiter_rule, atlas::character_sizer>(before, text, options, characters_in);
      check_all_ways<atlas::delimiter_rule, atlas::byte_sizer>(behind, text, options, bytes_of);
    }
  }

  TEST_CASE("external boundaries: likewise, and only the given places divide what fits") {
    const std::string text = long_text(6, 1200);
    std::vector<atlas::text_boundary> places;
    for (std::uint64_t at = 40; at < text.size() + 100; at += 70) places.push_back({at, atlas::boundary_level::section});
    const auto rule = atlas::external_rule::create({places.data(), places.size()}).value();
    for (const chunker_options& options : some_options()) check_all_ways<atlas::external_rule, atlas::byte_sizer>(rule, text, options, bytes_of);
    const std::string letters(1000, 'x');
    auto one = chunker<atlas::external_rule, atlas::byte_sizer>::create({.size = 100, .fill_percent = 0}, rule).value();
    for (const auto& chunk : support::read_chunks(one, letters)) CHECK(((chunk.byte_end - 40) % 70 == 0 || chunk.byte_end == 1000));
  }

  TEST_CASE("sizes in grapheme clusters, words and by a callable: likewise") {
    const std::string text = long_text(13, 900);
    const auto graphemes_in = [](const std::string& of) {
      std::uint64_t count = 0;
      for (std::size_t at = 0; at < of.size(); at = atlas::next_grapheme(of, at)) ++count;
      return count;
    };
    const auto words_in = [](const std::string& of) {
      atlas::word_reader reader(of);
      std::uint64_t count = 0;
      for (atlas::text_view word; reader.next(word);) ++count;
      return count;
    };
    // As a tokenizer may: a text that begins with a space measures less.
    const auto priced = [](atlas::text_view of) -> atlas::result<std::uint64_t> { return of.size() / 3 + (of.empty() || of[0] != ' ' ? 2U : 0U); };
    for (const chunker_options& options : {chunker_options{.size = 90}, chunker_options{.size = 40, .overlap = 12}}) {
      check_all_ways<atlas::plain_text_rule, atlas::grapheme_sizer>({}, text, options, graphemes_in);
      check_all_ways<atlas::plain_text_rule, atlas::word_sizer>({}, text, options, words_in);
      check_all_ways<atlas::plain_text_rule, atlas::callback_sizer>({}, text, options, [&](const std::string& of) { return *priced(of); }, atlas::callback_sizer(priced));
    }
  }

  TEST_CASE("a measure that fails ends the call with its error, and the chunks go on when it no longer does") {
    const std::string text = long_text(14, 800);
    bool fails = false;
    const auto measure = [&](atlas::text_view of) -> atlas::result<std::uint64_t> {
      if (fails) return atlas::error{errc::io, "measure"};
      return std::uint64_t{of.size()};
    };
    using measured = chunker<atlas::plain_text_rule, atlas::callback_sizer>;
    auto one = measured::create({.size = 200, .overlap = 40}, {}, atlas::callback_sizer(measure)).value();
    const kept_chunks want = support::read_chunks(one, text);
    kept_chunks got;
    one.read(text);
    for (;;) {
      atlas::chunk_view chunk;
      fails = true;
      const auto failed = one.next(chunk);
      fails = false;
      if (failed.ok()) {  // nothing was left to measure
        CHECK_FALSE(*failed);
        break;
      }
      CHECK(failed.error() == errc::io);
      REQUIRE(one.next(chunk).value());
      got.emplace_back(chunk);
    }
    const bool same = got == want;
    CHECK(same);
  }

  TEST_CASE("clusters far larger than the size are the same fed and resumed, and are cut beyond 4,096 bytes") {
    std::string text = "before ";
    for (int i = 0; i < 3; ++i) {
      text += "\xC3\xA9";
      for (int marks = 0; marks < 1500 * (i + 1); ++marks) text += "\xCC\x81";
      for (int words = 0; words < 900; ++words) text += "some words ";
    }
    for (const chunker_options& options : {chunker_options{.size = 1000}, chunker_options{.size = 50, .overlap = 10}}) {
      check_all_ways<atlas::plain_text_rule, atlas::byte_sizer>({}, text, options, bytes_of);
    }
  }

  TEST_CASE("texts of all sorts, ill-formed ones too, keep the promises") {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      const std::string text = seed % 2 == 0 ? support::random_text(seed, 300) : support::random_bytes(seed, 600);
      CAPTURE(seed);
      for (const chunker_options& options : some_options()) {
        auto one = chunker<atlas::plain_text_rule, atlas::character_sizer>::create(options).value();
        CHECK(support::broken_promise(text, support::read_chunks(one, text), options, characters_in) == "");
        auto two = chunker<atlas::sentence_rule, atlas::byte_sizer>::create(options).value();
        CHECK(support::broken_promise(text, support::read_chunks(two, text), options, bytes_of) == "");
      }
    }
  }

  TEST_CASE("a chunk ends at the strongest boundary near its size") {
    auto one = chunker<atlas::plain_text_rule, atlas::character_sizer>::create({.size = 40, .fill_percent = 10}).value();
    const auto texts = [&](const std::string& text) {
      std::vector<std::string> out;
      for (const auto& chunk : support::read_chunks(one, text)) out.push_back(chunk.text);
      return out;
    };
    using strings = std::vector<std::string>;
    CHECK(texts("Short paragraph.\n\nA line that is long\nand another one\n") == strings{"Short paragraph.\n\n", "A line that is long\nand another one\n"});
    CHECK(texts("One sentence of words. Another one, which is longer.") == strings{"One sentence of words. ", "Another one, which is longer."});
    CHECK(texts("It was Mr. Smith of the U.S. who came here and Dr. Jones") == strings{"It was Mr. Smith of the U.S. ", "who came here and Dr. Jones"});
    CHECK(texts("We know that Mr. Smith and Dr. Jones came over here") == strings{"We know that Mr. Smith and Dr. Jones ", "came over here"});
    CHECK(texts("words that have no end, but a clause in them and more") == strings{"words that have no end, ", "but a clause in them and more"});
    CHECK(texts("nothing but words without any mark among them here") == strings{"nothing but words without any mark ", "among them here"});
    CHECK(texts(std::string(90, 'x')) == strings{std::string(40, 'x'), std::string(40, 'x'), std::string(10, 'x')});
    CHECK(texts("").empty());
  }

  TEST_CASE("divided packing ends a chunk wherever more than a sentence ends, once it is filled to coherent_percent") {
    const std::string text = "One. Two.\nThree, four.\n\nFive.\nSix and more of it. Seven.\n";
    const auto texts = [&](std::uint32_t percent) {
      auto one = chunker<atlas::plain_text_rule, atlas::byte_sizer>::create({.size = 100, .coherent_percent = percent, .packing = atlas::chunk_packing::divided}).value();
      std::vector<std::string> out;
      for (const auto& chunk : support::read_chunks(one, text)) out.push_back(chunk.text);
      return out;
    };
    using strings = std::vector<std::string>;
    CHECK(texts(0) == strings{"One. Two.\n", "Three, four.\n", "\n", "Five.\n", "Six and more of it. Seven.\n"});
    CHECK(texts(12) == strings{"One. Two.\nThree, four.\n", "\nFive.\nSix and more of it. Seven.\n"});
  }

  TEST_CASE("chunks of several sizes lie within each other, each size covers the text, and every way to ask gives the same") {
    const std::string text = long_text(12, 1500);
    for (const std::uint64_t overlap : {std::uint64_t{0}, std::uint64_t{80}}) {
      chunker_options options{.size = 900, .overlap = overlap};
      options.inner_sizes[0] = 300;
      options.inner_sizes[1] = 60;
      using plain = chunker<atlas::plain_text_rule, atlas::character_sizer>;
      auto one = plain::create(options).value();
      const kept_chunks all = support::read_chunks(one, text);
      const bool fed = support::fed_chunks(one, text, 3, 900) == all;
      CHECK(fed);
      std::mt19937_64 random(4);
      for (int i = 0; i < 20; ++i) {
        const std::size_t middle = random() % text.size();
        const bool resumed = support::resumed_chunks([&] { return plain::create(options).value(); },
                                                     [&](atlas::span<const std::byte> saved) { return plain::resume(saved, options).value(); }, text, middle) == all;
        CAPTURE(middle);
        CHECK(resumed);
      }
      std::uint64_t begins[3] = {0, 0, 0};
      std::uint64_t ends[3] = {0, 0, 0};
      std::size_t counts[3] = {0, 0, 0};
      const std::uint64_t sizes[3] = {900, 300, 60};
      bool right = true;
      for (const auto& chunk : all) {
        const std::uint32_t depth = chunk.depth;
        REQUIRE(depth < 3);
        ++counts[depth];
        right = right && chunk.byte_fresh == ends[depth] && chunk.units <= sizes[depth];
        if (depth > 0) right = right && chunk.byte_begin == chunk.byte_fresh && chunk.byte_begin >= begins[depth - 1] && chunk.byte_end <= ends[depth - 1];
        for (std::uint32_t inner = depth + 1; inner < 3; ++inner) right = right && ends[inner] == chunk.byte_fresh;  // the one before is cut up
        right = right && chunk.line_begin == support::place_in_text::of(text, chunk.byte_begin).line;
        begins[depth] = chunk.byte_fresh;
        ends[depth] = chunk.byte_end;
      }
      CHECK(right);
      for (const std::uint64_t end : ends) CHECK(end == text.size());
      CHECK(counts[0] < counts[1]);
      CHECK(counts[1] < counts[2]);
    }
    chunker_options wrong{.size = 100};
    wrong.inner_sizes[0] = 100;
    CHECK(failed_as(chunker<atlas::plain_text_rule, atlas::byte_sizer>::create(wrong), errc::invalid_argument));
    wrong.inner_sizes[0] = 0;
    wrong.inner_sizes[1] = 50;
    CHECK(failed_as(chunker<atlas::plain_text_rule, atlas::byte_sizer>::create(wrong), errc::invalid_argument));
  }

  TEST_CASE("a grapheme cluster that is larger than the size is a chunk by itself") {
    std::string marks = "a";
    for (int i = 0; i < 50; ++i) marks += "\xCC\x81";
    auto one = chunker<atlas::plain_text_rule, atlas::character_sizer>::create({.size = 10, .overlap = 3}).value();
    const auto chunks = support::read_chunks(one, "before it " + marks + "behind it");
    bool found = false;
    for (const auto& chunk : chunks) found = found || chunk.text == marks;
    CHECK(found);
  }

  TEST_CASE("trimmed chunks have no white space at their ends, and offsets of what is left") {
    const std::string text = "  First line.  \n\n \xE3\x80\x80 \n\nSecond line of text that goes on. \n\n\n";
    auto one = chunker<atlas::plain_text_rule, atlas::character_sizer>::create({.size = 20, .trim = true}).value();
    const auto chunks = support::read_chunks(one, text);
    REQUIRE(chunks.size() >= 3);
    CHECK(chunks.front().text == "First line.");
    for (const auto& chunk : chunks) {
      CHECK(chunk.text == text.substr(chunk.byte_begin, chunk.byte_end - chunk.byte_begin));
      CHECK(chunk.char_begin == atlas::count_characters({text.data(), chunk.byte_begin}));
      CHECK(chunk.column_begin == support::place_in_text::of(text, chunk.byte_begin).column);
      CHECK(chunk.text.front() != ' ');
      CHECK(chunk.text.back() != '\n');
    }
  }

  TEST_CASE("an edit elsewhere leaves the ids of other chunks alone") {
    const std::string text = long_text(8, 3000);
    auto one = chunker<atlas::plain_text_rule, atlas::character_sizer>::create({.size = 400}).value();
    const auto before = support::read_chunks(one, text);
    const auto after = support::read_chunks(one, "An inserted line.\n\n" + text);
    std::size_t kept = 0;
    for (const auto& chunk : after) {
      for (const auto& old : before) {
        if (chunk.id == old.id) {
          ++kept;
          break;
        }
      }
    }
    CHECK(kept + 12 >= after.size());
    CHECK(kept > before.size() / 2);
  }

  TEST_CASE("a sink that stops cancels the call, and the chunk counts as taken") {
    const std::string text = long_text(10, 4000);
    auto one = chunker<atlas::plain_text_rule, atlas::character_sizer>::create({.size = 200, .overlap = 50}).value();
    const auto all = support::read_chunks(one, text);
    kept_chunks got;
    const auto every_third = [&](const atlas::chunk_view& chunk) {
      got.emplace_back(chunk);
      return got.size() % 3 != 0;
    };
    std::size_t at = 0;
    std::size_t stops = 0;
    while (at < text.size()) {
      const atlas::status fed = one.feed({text.data() + at, text.size() - at}, every_third);
      at = static_cast<std::size_t>(one.taken());
      if (fed.ok()) break;
      CHECK(failed_as(fed, errc::cancelled));
      ++stops;
    }
    while (!one.finish(every_third).ok()) ++stops;
    CHECK(stops > 5);
    const bool same = got == all;
    CHECK(same);
  }

  TEST_CASE("options that do not hold together are refused by name") {
    const auto refused = [](const chunker_options& options) { return support::error_line(chunker<atlas::plain_text_rule, atlas::character_sizer>::create(options)); };
    CHECK(refused({.size = 0}).find("chunker_options.size") != std::string::npos);
    CHECK(refused({.size = 10, .overlap = 10}).find("chunker_options.overlap") != std::string::npos);
    CHECK(refused({.fill_percent = 101}).find("chunker_options.fill_percent") != std::string::npos);
    CHECK(refused({.coherent_percent = 101}).find("chunker_options.coherent_percent") != std::string::npos);
    CHECK(refused({.packing = static_cast<atlas::chunk_packing>(7)}).find("chunker_options.packing") != std::string::npos);
  }

  TEST_CASE("bytes that no chunker was saved as are refused, and so are other options") {
    using plain = chunker<atlas::plain_text_rule, atlas::character_sizer>;
    const chunker_options options{.size = 100, .overlap = 20};
    auto one = plain::create(options).value();
    const auto ignore = [](const atlas::chunk_view&) { return true; };
    one.feed(long_text(11, 900), ignore).value();
    atlas::buffer<std::byte> saved;
    one.save(saved).value();
    const atlas::span<const std::byte> bytes(saved.data(), saved.size());
    CHECK(plain::resume(bytes, options).ok());
    CHECK(failed_as(plain::resume(bytes, {.size = 101, .overlap = 20}), errc::invalid_argument));
    CHECK(failed_as(plain::resume(bytes, {.size = 100, .overlap = 21}), errc::invalid_argument));
    CHECK(failed_as(chunker<atlas::fixed_rule, atlas::character_sizer>::resume(bytes, options), errc::invalid_argument));
    CHECK(failed_as(plain::resume({saved.data(), 10}, options), errc::corrupt_file));
    for (std::size_t size = 48; size < saved.size(); size += 97) CHECK_FALSE(plain::resume({saved.data(), size}, options).ok());
    for (std::size_t at = 0; at < saved.size(); at += 13) {
      saved[at] ^= std::byte{0x10};
      CHECK_FALSE(plain::resume(bytes, options).ok());
      saved[at] ^= std::byte{0x10};
    }
  }

  TEST_CASE("chunks within a chunk that a part to be kept whole goes on behind do not depend on how far was read") {
    std::mt19937_64 random(17);
    std::string text;
    while (text.size() < 300'000) {
      text += "int f" + std::to_string(random() % 1000) + "(int a) {\n";
      for (std::uint64_t lines = random() % (random() % 2 == 0 ? 120 : 9); lines != 0; --lines) text += "  " + std::string(random() % 30, 'x') + " = a;\n";
      text += random() % 3 == 0 ? "}\n\n" : "}\n";
    }
    for (const std::uint64_t size : {40U, 204U, 810U}) {
      chunker_options options{.size = size, .overlap = size / 3};
      options.inner_sizes[0] = size / 2;
      auto one = chunker<atlas::code_rule, atlas::character_sizer>::create(options).value();
      const support::kept_chunks want = support::read_chunks(one, text);
      for (const std::size_t most : {std::size_t{1}, std::size_t{90}, std::size_t{3000}}) {
        const bool same = support::fed_chunks(one, text, most, most) == want;
        CHECK(same);
      }
    }
  }

  TEST_CASE("a line of 100 MB and a million empty lines come to an end, and no byte is lost") {
    const std::size_t line_bytes = support::repetitions(100'000'000, 4'000'000, 4'000'000);
    std::string line;
    line.reserve(line_bytes + 16);
    while (line.size() < line_bytes) line += "never an end of it ";
    for (const std::string& text : {line, std::string(1'000'000, '\n')}) {
      auto one = chunker<atlas::plain_text_rule, atlas::character_sizer>::create({.size = 1000, .overlap = 100}).value();
      std::uint64_t end = 0;
      const auto follow = [&](const atlas::chunk_view& chunk) {
        REQUIRE(chunk.byte_fresh == end);
        REQUIRE(chunk.units <= 1000);
        end = chunk.byte_end;
        return true;
      };
      one.feed(text, follow).value();
      one.finish(follow).value();
      CHECK(end == text.size());
    }
  }

  TEST_CASE("no cut lies in a grapheme cluster that a sentence begins in, nor is a character cut where the search for sentences ends") {
    for (const std::string& text : {std::string("aaaa!\xE0\xB8\xB3" "bbbb"), std::string("aaaa! \xD8\x80" "bbbb")}) {
      auto one = chunker<atlas::plain_text_rule, atlas::byte_sizer>::create({.size = 9}).value();
      for (const support::kept_chunk& chunk : support::read_chunks(one, text)) CHECK(atlas::is_boundary<atlas::grapheme_state>(text, chunk.byte_end));
    }
    std::string stops;
    for (int i = 0; i < 200; ++i) stops += "\xE3\x80\x82";
    auto one = chunker<atlas::plain_text_rule, atlas::character_sizer>::create({.size = 150}).value();
    for (const support::kept_chunk& chunk : support::read_chunks(one, stops)) CHECK(chunk.level != atlas::boundary_level::sentence);  // there is one sentence
  }

  TEST_CASE("a checkpoint whose bytes were changed, and summed anew, is refused or leads to an end") {
    chunker_options options{.size = 200, .overlap = 40};
    options.inner_sizes[0] = 50;
    using sentences = chunker<atlas::sentence_rule, atlas::character_sizer>;
    auto one = sentences::create(options).value();
    std::size_t given = 0;
    const auto count = [&](const atlas::chunk_view&) { return ++given < 100'000; };
    one.feed(long_text(15, 700), count).value();
    atlas::buffer<std::byte> saved;
    one.save(saved).value();
    std::mt19937_64 random(16);
    std::size_t refused = 0;
    std::size_t ended = 0;
    for (int i = 0; i < 2500; ++i) {
      std::vector<std::byte> changed(saved.begin(), saved.end());
      const std::size_t header = sizeof(atlas::detail::checkpoint_header);
      // Mostly the numbers, which stand behind the text.
      const std::size_t first = i % 4 == 0 ? header : changed.size() - 8 - std::min<std::size_t>(changed.size() - 8 - header, 2400);
      for (std::uint64_t flips = 0; flips <= random() % 3; ++flips) changed[first + random() % (changed.size() - 8 - first)] = static_cast<std::byte>(random() & 0xFF);
      const std::uint64_t sum = atlas::xxh3_64(changed.data(), changed.size() - 8);
      std::memcpy(changed.data() + changed.size() - 8, &sum, 8);
      auto resumed = sentences::resume({changed.data(), changed.size()}, options);
      if (!resumed.ok()) {
        ++refused;
        continue;
      }
      given = 0;
      static_cast<void>(resumed->feed("Some more text. And an end.", count));  // an error is an end too
      static_cast<void>(resumed->finish(count));
      ended += given < 100'000 ? 1U : 0U;
    }
    CHECK(refused > 500);
    CHECK(ended > 500);
    CHECK(refused + ended == 2500);
  }
}
