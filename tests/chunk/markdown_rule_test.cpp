// SPDX-License-Identifier: Apache-2.0
// tests/chunk/markdown_rule_test.cpp -- mirrors include/atlas/chunk/markdown_rule.hpp: documents in chunks.
#include <atlas/chunk/markdown_rule.hpp>  // first, so that a missing include in it fails here
#include <atlas/chunk/chunker.hpp>
#include <atlas/chunk/parallel_chunks.hpp>

#include "support/chunk_runs.hpp"
#include "support/known_chunks.hpp"
#include "support/markdown_examples.hpp"
#include "support/repetitions.hpp"
#include "support/scratch_folder.hpp"
#include "support/told_structure.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

TEST_SUITE("chunk: markdown rule") {
namespace {

using markdown_bytes = atlas::chunker<atlas::markdown_rule, atlas::byte_sizer>;
using markdown_characters = atlas::chunker<atlas::markdown_rule, atlas::character_sizer>;

support::kept_chunks markdown_chunks(const std::string& text, const atlas::chunker_options& options) {
  auto one = markdown_bytes::create(options).value();
  return support::read_chunks(one, text);
}
std::string headings_of(const support::kept_chunk& chunk) {
  std::string out;
  for (const std::string& title : chunk.headings) out += "/" + title;
  return out;
}
std::uint64_t markdown_size(const std::string& text) { return text.size(); }

/// Draws from what begins, continues and ends blocks, in containers and outside.
std::string random_markdown(std::uint64_t seed, std::size_t pieces) {
  static const std::vector<std::string> stock = {
      "```", "~~~", "````", "> ", ">", "- ", "* ", "+ ", "1. ", "2) ", "    ", "  ", " ", "\t", "foo", "bar", "***", "---", "===", "# h", "## h ##",
      "| a | b |", "|---|---|", "|--|", "a|b", "-|-", "\n", "\n", "\n", "\n\n", "\n- ", "\n> ", "\n    ", "\n```\n", "\n\n    code\n",
      "<div>", "<!-- x", "-->", "<script>", "</script>", "<?a", "?>", "<b>", "[x]: /u", "`a`", "===\n", "---\n", "\\|", "\r\n", "\r",
      "\xC3\xA9", "\xFF", "a longer piece of text. ", "+++\n"};
  std::mt19937_64 random(seed);
  std::string out;
  for (std::size_t i = 0; i < pieces; ++i) {
    out += random() % 200 == 0 ? std::string(random() % 5000, " x\n-`"[random() % 5]) : stock[random() % stock.size()];
  }
  return out;
}

}  // namespace

  TEST_CASE("every code block of the specification's examples lies in one chunk whenever it fits") {
    const auto examples = support::markdown_examples();
    if (examples.empty()) {
      MESSAGE("skipped: 655 examples, ATLAS_TEST_DATA is not set");
      return;
    }
    std::size_t blocks = 0;
    for (const auto& example : examples) {
      const auto spans = support::markdown_code_spans(example);
      CAPTURE(example.number);
      CAPTURE(example.markdown);
      std::size_t wanted = 0;
      for (std::size_t at = 0; (at = example.html.find("<pre><code", at)) != std::string::npos; ++at) ++wanted;
      CHECK(spans.size() == wanted);
      blocks += spans.size();
      for (const auto& [begin, end] : spans) {
        for (std::size_t size = end - begin; size <= example.markdown.size() + 1; ++size) {
          CAPTURE(size);
          bool is_whole = false;
          for (const auto& chunk : markdown_chunks(example.markdown, {.size = size})) {
            is_whole = is_whole || (chunk.byte_begin <= begin && end <= chunk.byte_end);
          }
          CHECK(is_whole);
        }
      }
    }
    MESSAGE(examples.size() << " examples, " << blocks << " code blocks");
    CHECK(examples.size() == 655);
    CHECK(blocks == 89);
  }

  TEST_CASE("what the examples are told to be does not depend on how they come") {
    for (const auto& example : support::markdown_examples()) {
      const std::string told = support::told_structure(atlas::markdown_rule(), example.markdown);
      CAPTURE(example.number);
      for (const std::size_t step : {1U, 2U, 7U}) CHECK(support::told_structure(atlas::markdown_rule(), example.markdown, step) == told);
    }
  }

  TEST_CASE("neither does it for documents of all sorts that are longer than what is looked ahead") {
    for (std::uint64_t seed = 0; seed < support::repetitions(60, 10, 10); ++seed) {
      const std::string text = random_markdown(seed, 1000 + seed * 50);
      CAPTURE(seed);
      const std::string told = support::told_structure(atlas::markdown_rule(), text);
      for (const std::size_t step : {seed % 8 == 0 ? std::size_t{1} : std::size_t{97}, std::size_t{1000}, std::size_t{4097}}) {
        const bool same = support::told_structure(atlas::markdown_rule(), text, step) == told;
        CAPTURE(step);
        CHECK(same);
      }
    }
  }

  TEST_CASE("chunks of documents of all sorts keep the promises, the same by every way to ask") {
    for (std::uint64_t seed = 0; seed < support::repetitions(30, 6, 6); ++seed) {
      const std::string text = random_markdown(seed, seed % 3 == 0 ? 900 : 40 + seed * 6);
      CAPTURE(seed);
      const std::vector<atlas::chunker_options> some = {{.size = seed % 3 == 0 ? 100U : 1U},
                                                        {.size = 300, .overlap = 60},
                                                        {.size = 1000, .overlap = 200},
                                                        {.size = 120, .fill_percent = 0, .packing = atlas::chunk_packing::coherent}};
      for (const atlas::chunker_options& options : some) {
        CAPTURE(options.size);
        const auto make = [&] { return markdown_bytes::create(options).value(); };
        const auto resume = [&](atlas::span<const std::byte> saved) { return markdown_bytes::resume(saved, options).value(); };
        auto one = make();
        const auto read = support::read_chunks(one, text);
        CHECK(support::broken_promise(text, read, options, markdown_size) == "");
        for (const std::size_t most : {std::size_t{1}, std::size_t{700}}) {
          const bool same = support::fed_chunks(one, text, seed, most) == read;
          CHECK(same);
        }
        for (std::size_t middle = 0; middle <= text.size(); middle += text.size() / 5 + 1) {
          const bool same = support::resumed_chunks(make, resume, text, middle) == read;
          CHECK(same);
        }
      }
    }
  }

  TEST_CASE("a document saved at any byte goes on as if it had not been") {
    const std::string text = "---\na: b\n---\n# A\n\ntext of it\n- b\n\n      code\n\n> ```\n> x\n> ```\n\nB\n---\n"
                             "| a |\n|---|\n| b |\r\n\r\n<!-- c\n-->\n" +
                             std::string(5000, 'x') + "\n\n# C\n";
    const atlas::chunker_options options{.size = 30, .overlap = 5};
    const auto make = [&] { return markdown_characters::create(options).value(); };
    const auto resume = [&](atlas::span<const std::byte> saved) { return markdown_characters::resume(saved, options).value(); };
    auto one = make();
    const auto read = support::read_chunks(one, text);
    for (std::size_t middle = 0; middle <= text.size(); middle += middle < 200 || middle > 4900 ? 1 : 61) {
      CAPTURE(middle);
      const bool same = support::resumed_chunks(make, resume, text, middle) == read;
      CHECK(same);
    }
  }

  TEST_CASE("any number of threads gives the chunks of one") {
    std::string text = "# Begin\n\n";
    for (std::uint64_t seed = 0; text.size() < std::size_t{5} << 20; ++seed) text += "\n\n# Part " + std::to_string(seed) + "\n\n" + random_markdown(seed, 200);
    const atlas::chunker_options options{.size = 800};
    auto one = markdown_characters::create(options).value();
    const auto want = support::read_chunks(one, text);
    atlas::thread_pool pool(3);
    for (const unsigned threads : {1U, 3U}) {
      support::kept_chunks got;
      const auto keep = [&](const atlas::chunk_view& chunk) {
        got.emplace_back(chunk);
        return true;
      };
      atlas::chunk_document<atlas::markdown_rule, atlas::character_sizer>(text, options, pool, threads, keep).value();
      const bool same = got == want;
      CHECK(same);
    }
  }

  TEST_CASE("a state of bytes from anywhere is read on from without harm") {
    const std::string text = random_markdown(3, 300);
    std::mt19937_64 random(5);
    for (int i = 0; i < 2000; ++i) {
      atlas::markdown_rule::state_type state;
      unsigned char bytes[sizeof state];
      for (unsigned char& byte : bytes) byte = static_cast<unsigned char>(random() % 4 == 0 ? random() : random() % 8);
      std::memcpy(&state, bytes, sizeof state);
      atlas::structure found;
      const std::uint64_t from = random() % text.size();
      CHECK(atlas::markdown_rule().scan(state, {text, 0, true}, from, found).value() == text.size());
    }
  }

  TEST_CASE("each chunk knows the headings that it stands under") {
    const std::string text =
        "# Book\n\nAbout it all.\n\n## First\n\nThe first part.\n\n### Detail\n\nIts details.\n\nSecond\n------\n\nThe second part.\n\n"
        "> # Quoted\n> text of it\n\n# Other\n\nThe end.\n";
    std::string got;
    for (const auto& chunk : markdown_chunks(text, {.size = 34, .fill_percent = 0})) {
      got += headings_of(chunk) + ": " + chunk.text.substr(0, chunk.text.find('\n')) + "\n";
    }
    CHECK(got == "/Book: # Book\n/Book/First: ## First\n/Book/First/Detail: ### Detail\n/Book/Second: Second\n/Book/Second: > # Quoted\n"
                 "/Other: # Other\n");
  }

  TEST_CASE("a library of books: each chunk's headings are those that lines with marks before it make") {
    const std::string text = support::test_data().empty() ? "" : support::output_of("zstd -dcq " + support::test_data() + "/text/en-books.md.zst");
    if (text.empty()) {
      MESSAGE("skipped: 10 MB of books, ATLAS_TEST_DATA is not set or there is no zstd");
      return;
    }
    // A rule below a line is set apart from it: it would make a heading of it.
    std::string part;
    for (const std::string& line : support::lines_of(text.substr(0, support::repetitions(text.size(), 1'000'000, 1'000'000)))) {
      if (line.find_first_not_of("-=\r ") == std::string::npos) part += '\n';
      part += line + '\n';
    }
    std::vector<std::pair<std::size_t, std::string>> path;  // depth and title
    std::size_t headings = 0;
    std::size_t at = 0;
    auto one = markdown_characters::create({}).value();
    for (const auto& chunk : support::read_chunks(one, part)) {
      for (; at <= chunk.byte_fresh && at < part.size(); at = part.find('\n', at) == std::string::npos ? part.size() : part.find('\n', at) + 1) {
        const std::size_t title = part.find_first_not_of('#', at);
        if (title == at || title == std::string::npos || part[title] != ' ') continue;
        while (!path.empty() && path.back().first >= title - at) path.pop_back();
        const std::size_t begin = part.find_first_not_of(' ', title);
        const std::string line = part.substr(begin, part.find_first_of("\r\n", begin) - begin);
        path.emplace_back(title - at, line.substr(0, line.find_last_not_of(" #") + 1));
        ++headings;
      }
      std::string want;
      for (const auto& [depth, name] : path) want += "/" + name.substr(0, atlas::heading_path::most_title_bytes);
      REQUIRE(headings_of(chunk) == want);
    }
    CHECK(headings > 10);
  }

  TEST_CASE("1,281 documents of several languages: as many headings and whole parts as were compared with another reader") {
    // Behind front matter, which that one does not know, every heading and the first and last line of all code, tables and HTML agreed
    // with those of cmark-gfm 0.29.0.gfm.6 when this was written. These are the sums, front matter counted.
    support::scratch_folder folder;
    const std::string packed = support::test_data() + "/text/markdown-docs.tar.zst";
    if (support::test_data().empty() || support::output_of("tar -I zstd -xf " + packed + " -C " + folder.path() + " && echo done").empty()) {
      MESSAGE("skipped: 1,281 documents, ATLAS_TEST_DATA is not set or tar cannot unpack zstd here");
      return;
    }
    std::size_t documents = 0;
    std::size_t headings = 0;
    std::size_t wholes = 0;
    for (const std::string& name : folder.names()) {
      if (name.find(".md") == std::string::npos) continue;
      ++documents;
      const std::string text = support::file_bytes(folder.path(name));
      atlas::structure found;
      support::scan_in_steps(atlas::markdown_rule(), text, 5000, found);
      for (const std::size_t begin : support::markdown_line_begins(text)) {
        atlas::heading_path one;
        found.enter_headings(begin, one, nullptr).value();
        headings += one.size();
        const atlas::whole_part* const whole = found.whole_around(begin + 1);
        wholes += whole != nullptr && whole->begin == begin ? 1 : 0;
      }
    }
    CHECK(documents == 1281);
    CHECK(headings == 14360);
    CHECK(wholes == 21613);
  }

  TEST_CASE("a heading goes with what it is the heading of") {
    const std::string text = "Some text before it.\n\n# A heading\n\nThe first words of a paragraph.\n";
    const auto chunks = markdown_chunks(text, {.size = 50});
    REQUIRE(chunks.size() == 2);
    CHECK(chunks[0].text == "Some text before it.\n\n");
    CHECK(chunks[0].level == atlas::boundary_level::heading_1);
  }

  TEST_CASE("what stays whole is cut only if it does not fit, and then between its lines") {
    const std::string fence = "```\none line\ntwo lines\nthree lines\n```\n";
    const auto kept = markdown_chunks("Some text before it.\n\n" + fence, {.size = 40});
    REQUIRE(kept.size() == 2);
    CHECK(kept[1].text == fence);
    std::vector<std::string> cut;
    for (const auto& chunk : markdown_chunks(fence, {.size = 25})) cut.push_back(chunk.text);
    CHECK(cut == std::vector<std::string>{"```\none line\ntwo lines\n", "three lines\n```\n"});
  }

  TEST_CASE("hostile documents are read to their end, and their chunks are the document") {
    const std::size_t size = support::repetitions(400'000, 100'000, 100'000);
    std::vector<std::string> documents;
    for (const char* const piece : {">", "#", "`", "- ", "|", "\n", "\r", "\r\n", "    x\n", "    \n", "> > ", "* * ", "<", "<a ", "</",
                                    "=", "1. ", "\t", "[", "a\n", "a\n|-|\n", ">\n", "-\n", "- a\n\n", "<!--\n", "<script>", "a|", "\\|",
                                    "x\n-\n", "```\n"}) {
      std::string document;
      while (document.size() < size) document += piece;
      documents.push_back(document);
      documents.push_back("```\n" + document);
      documents.push_back("> - <script>" + document);
      documents.push_back("    x\n" + document);
    }
    std::string nested;
    for (std::size_t depth = 0; nested.size() < size; ++depth) nested += std::string(depth % 600, ' ') + "- a\n";
    documents.push_back(nested);
    for (const std::string& text : documents) {
      CAPTURE(text.substr(0, 16));
      auto one = markdown_characters::create({.size = 1000}).value();
      one.read(text);
      std::uint64_t end = 0;
      for (atlas::chunk_view chunk; one.next(chunk).value();) {
        CHECK(chunk.byte_begin == end);
        end = chunk.byte_end;
      }
      CHECK(end == text.size());
    }
  }

  TEST_CASE("the chunks of the known document are those that every language gives") {
    atlas::chunker_options options{.size = 300, .coherent_percent = 20, .packing = atlas::chunk_packing::coherent};
    options.inner_sizes[0] = 80;
    options.trim = true;
    auto one = markdown_characters::create(options).value();
    support::known_digest digest;
    for (const support::kept_chunk& chunk : support::read_chunks(one, support::known_document())) {
      for (const std::uint64_t number : {chunk.byte_begin, chunk.byte_end, chunk.byte_fresh, chunk.char_begin, chunk.char_end, chunk.line_begin, chunk.line_end,
                                         chunk.column_begin, chunk.units, static_cast<std::uint64_t>(chunk.level), std::uint64_t{chunk.depth}, chunk.id.low, chunk.id.high}) {
        digest.add(number);
      }
      digest.add(chunk.text);
      for (const std::string& title : chunk.headings) digest.add(title);
    }
    CHECK(digest.value() == support::known_markdown_digest);
  }
}
