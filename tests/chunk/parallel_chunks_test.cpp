// SPDX-License-Identifier: Apache-2.0
// tests/chunk/parallel_chunks_test.cpp -- mirrors include/atlas/chunk/parallel_chunks.hpp.
#include <atlas/chunk/parallel_chunks.hpp>
#include <atlas/chunk/any_rule.hpp>

#include "support/chunk_runs.hpp"
#include "support/error_line.hpp"
#include "support/repetitions.hpp"
#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

TEST_SUITE("parallel_chunks") {
namespace {

using atlas::any_rule;
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

/// A text of other people, of up to `most` bytes; empty, with a message, if it is not there.
std::string part_of_data(const std::string& command, std::size_t most) {
  std::string text = support::test_data().empty() ? "" : support::output_of("cd '" + support::test_data() + "/text' && " + command + " 2>/dev/null");
  if (text.empty()) MESSAGE("skipped: ATLAS_TEST_DATA is not set, or there is no zstd");
  if (text.size() > most) text.resize(most);
  return text;
}
/// The library's own source, several times over 1 MiB.
std::string own_source() {
  const char* const named = std::getenv("ATLAS_SOURCE_FOLDER");
  const std::filesystem::path folder = named != nullptr ? std::filesystem::path(named) : std::filesystem::absolute(__FILE__).parent_path().parent_path().parent_path();
  return support::output_of("cd '" + folder.string() + "' && find include tests c_api -name '*.[ch]pp' | LC_ALL=C sort | xargs cat 2>/dev/null");
}

/// How many pieces meet when a text is cut on four threads; all chunks are checked.
template <class Rule>
atlas::detail::piece_statistics met_pieces(const std::string& text, const chunker_options& options, const Rule& rule) {
  auto one = atlas::chunker<Rule, atlas::character_sizer>::create(options, rule).value();
  const kept_chunks want = support::read_chunks(one, text);
  atlas::thread_pool pool(4);
  kept_chunks got;
  atlas::detail::piece_statistics pieces;
  const auto keep = [&](const atlas::chunk_view& chunk) {
    got.emplace_back(chunk);
    return true;
  };
  atlas::detail::chunk_in_pieces(text, options, pool, 4, keep, rule, atlas::character_sizer(), pieces).value();
  const bool same = got == want;
  CHECK(same);
  return pieces;
}
template <class Rule>
void check_pieces_meet(const std::string& text, const Rule& rule = Rule()) {
  if (text.empty()) return;
  atlas::detail::piece_statistics all;
  for (const chunker_options& options : {chunker_options{.size = 1000, .overlap = 200}, chunker_options{.size = 400},
                                         chunker_options{.size = 1500, .packing = atlas::chunk_packing::coherent}}) {
    const atlas::detail::piece_statistics pieces = met_pieces(text, options, rule);
    all.cut += pieces.cut;
    all.met += pieces.met;
  }
  CAPTURE(all.met);
  CAPTURE(all.cut);
  CHECK(all.cut >= 9);
  CHECK(all.met * 10 >= all.cut * 9);
}

template <class Rule>
void check_same(const std::string& text, const chunker_options& options) {
  auto one = atlas::chunker<Rule, atlas::character_sizer>::create(options).value();
  const kept_chunks want = support::read_chunks(one, text);
  atlas::thread_pool pool(3);
  for (const unsigned threads : {1U, 2U, 3U}) {
    if (support::under_thread_sanitizer && threads != 3) continue;
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

  TEST_CASE("nine of ten pieces of a text meet the true chunks, by any rule that may") {
    const std::string books = part_of_data("zstd -dcq en-books.md.zst", std::size_t{6} << 20);
    check_pieces_meet<atlas::plain_text_rule>(books);
    if (support::under_thread_sanitizer) return;  // threads meet alike by all of them
    check_pieces_meet<atlas::sentence_rule>(books);
    check_pieces_meet<atlas::uax29_sentence_rule>(books);
    check_pieces_meet<atlas::markdown_rule>(books);
    check_pieces_meet<any_rule>(books, any_rule(atlas::sentence_rule()));
    const std::array<atlas::text_view, 2> delimiters = {"\n\n", "; "};
    check_pieces_meet(books, atlas::delimiter_rule::create({delimiters.data(), delimiters.size()}).value());
    std::vector<atlas::text_boundary> places;
    for (std::size_t at = books.find("\n\n"); at < books.size() - 2 && !books.empty(); at = books.find("\n\n", at + 2)) places.push_back({at + 2, atlas::boundary_level::section});
    check_pieces_meet(books, atlas::external_rule::create({places.data(), places.size()}).value());
    check_pieces_meet<atlas::html_rule>(part_of_data("tar --zstd -xOf html-docs.tar.zst --wildcards '*.html'", std::size_t{6} << 20));
    check_pieces_meet<atlas::markdown_rule>(part_of_data("tar --zstd -xOf markdown-docs.tar.zst --wildcards '*.md'", std::size_t{6} << 20));
    check_pieces_meet<atlas::code_rule>(own_source());
  }

  TEST_CASE("a text is cut into no pieces where its chunks would not meet") {
    const std::string text = megabytes_of_text(4, std::size_t{3} << 20);
    CHECK(met_pieces(text, {.size = 1000}, atlas::fixed_rule()).cut == 0);
    CHECK(met_pieces(text, {.size = 1000}, any_rule(atlas::fixed_rule())).cut == 0);
    const auto embed = [](atlas::span<const atlas::text_view> texts, float* out) -> atlas::result<std::size_t> {
      for (std::size_t i = 0; i < texts.size(); ++i) out[i] = static_cast<float>(texts[i].size());
      return texts.size();
    };
    const auto rule = atlas::semantic_rule::create(embed, {.dimension = 1}).value();
    CHECK_FALSE(atlas::detail::is_self_synchronizing(rule));
    CHECK_FALSE(atlas::detail::is_self_synchronizing(any_rule(rule)));
  }

  TEST_CASE("chunks that never meet, and texts without lines, are the same as well") {
    check_same<atlas::fixed_rule>(megabytes_of_text(2, std::size_t{5} << 19), {.size = 997, .overlap = 13});
    check_same<atlas::plain_text_rule>(std::string(std::size_t{5} << 19, 'x'), {.size = 1000, .overlap = 10});
    check_same<atlas::plain_text_rule>(std::string(std::size_t{5} << 19, '\n'), {.size = 1000});
    check_same<atlas::plain_text_rule>("", {.size = 10});
    check_same<atlas::plain_text_rule>("short", {.size = 10});
  }

  TEST_CASE("headings are those of one thread where a piece entered one before the chunks met, and chunks lie within each other") {
    std::mt19937_64 random(6);
    std::string text;
    while (text.size() < std::size_t{9} << 19) {
      text += "<h" + std::to_string(1 + random() % 3) + ">Of " + std::to_string(random() % 1000) + "</h1>\n<p>";
      for (std::uint64_t words = 20 + random() % 200; words != 0; --words) text += random() % 9 == 0 ? "end. Begin " : "word ";
      text += "</p>\n";
    }
    check_same<atlas::html_rule>(text, {.size = 700});
    check_same<atlas::html_rule>(text, {.size = 1100, .overlap = 300, .trim = true});
    chunker_options nested{.size = 2000, .overlap = 100};
    nested.inner_sizes[0] = 500;
    check_same<atlas::html_rule>(text, nested);
    check_same<atlas::code_rule>(text, nested);
  }

  TEST_CASE("a chunk that is trimmed up to a heading does not stand under it, on any number of threads") {
    std::mt19937_64 random(5);
    std::string text;
    while (text.size() < std::size_t{5} << 19) {
      for (std::uint64_t words = random() % support::repetitions(9, 9, 90); words != 0; --words) text += "word ";
      text += std::string(random() % 30, ' ') + "<h2>Of " + std::to_string(random()) + "</h2>" + std::string(random() % 30, '\n');
    }
    check_same<atlas::html_rule>(text, {.size = 30, .trim = true});
    chunker_options nested{.size = 90, .trim = true};
    nested.inner_sizes[0] = 20;
    check_same<atlas::html_rule>(text, nested);
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
