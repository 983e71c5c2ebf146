// SPDX-License-Identifier: Apache-2.0
// tests/chunk/markdown_starts_test.cpp -- mirrors include/atlas/chunk/markdown_starts.hpp.
#include <atlas/chunk/markdown_starts.hpp>  // first, so that a missing include in it fails here

#include <doctest/doctest.h>

#include <string>

TEST_SUITE("chunk: markdown starts") {
namespace {

using atlas::detail::markdown_paragraph;
using atlas::detail::markdown_start_kind;

/// "kind size" of what begins with a line.
std::string start_of(const std::string& text, markdown_paragraph before = markdown_paragraph::none) {
  const char* const kinds[] = {"none", "quote", "heading", "fence", "html", "rule", "item"};
  const auto line = atlas::detail::markdown_lines(text.data() + text.size()).at(text, 0);
  const auto start = atlas::detail::markdown_start_at(atlas::detail::markdown_cursor(line), before);
  return std::string(kinds[static_cast<std::size_t>(start.kind)]) + " " + std::to_string(start.size);
}
std::string title_of(const std::string& text) {
  const atlas::text_view title = atlas::detail::markdown_heading_title(text);
  return {title.data(), title.size()};
}
std::size_t divider(const std::string& text) { return atlas::detail::markdown_divider_cells(text); }

}  // namespace

  TEST_CASE("a heading has one to six marks, and white space or nothing behind them") {
    CHECK(start_of("# a") == "heading 1");
    CHECK(start_of("   ###### a") == "heading 6");
    CHECK(start_of("#\ta") == "heading 1");
    CHECK(start_of("##") == "heading 2");
    CHECK(start_of("####### a") == "none 0");
    CHECK(start_of("#a") == "none 0");
    CHECK(start_of("    # a") == "none 0");
  }

  TEST_CASE("a title is without its marks at both ends and the white space there") {
    CHECK(title_of("# a title") == "a title");
    CHECK(title_of("## \t a ## ") == "a");
    CHECK(title_of("# a#") == "a#");
    CHECK(title_of("# a # b") == "a # b");
    CHECK(title_of("### ###") == "");
    CHECK(title_of("#") == "");
    CHECK(title_of("# a \\#") == "a \\#");
  }

  TEST_CASE("a fence has three marks or more; of backticks none may follow") {
    CHECK(start_of("```") == "fence 3");
    CHECK(start_of("  ~~~~~ sh ~~~") == "fence 5");
    CHECK(start_of("``` c++") == "fence 3");
    CHECK(start_of("``` a`b") == "none 0");
    CHECK(start_of("``") == "none 0");
    CHECK(atlas::detail::closes_markdown_fence("````  ", '`', 3));
    CHECK_FALSE(atlas::detail::closes_markdown_fence("```", '`', 4));
    CHECK_FALSE(atlas::detail::closes_markdown_fence("``` x", '`', 3));
    CHECK_FALSE(atlas::detail::closes_markdown_fence("~~~", '`', 3));
    CHECK_FALSE(atlas::detail::closes_markdown_fence("", '`', 0));
  }

  TEST_CASE("a rule is three marks of a kind and white space; it is seen before an item") {
    CHECK(start_of("---") == "rule 0");
    CHECK(start_of(" * * *\t") == "rule 0");
    CHECK(start_of("_____") == "rule 0");
    CHECK(start_of("- - x") == "item 1");
    CHECK(start_of("__") == "none 0");
    CHECK(start_of("+++") == "none 0");
    CHECK(start_of(std::string(1025, '-')) == "none 0");  // longer than what is looked at
  }

  TEST_CASE("an item has a mark or a number of at most nine digits, and white space behind it") {
    CHECK(start_of("- a") == "item 1");
    CHECK(start_of("+\ta") == "item 1");
    CHECK(start_of("*") == "item 1");
    CHECK(start_of("7. a") == "item 2");
    CHECK(start_of("123456789) a") == "item 10");
    CHECK(start_of("1234567890. a") == "none 0");
    CHECK(start_of("-a") == "none 0");
    CHECK(start_of("1.a") == "none 0");
    CHECK(start_of("1 a") == "none 0");
    CHECK(start_of("1") == "none 0");
  }

  TEST_CASE("a paragraph is interrupted by few items, and only by HTML that is sure to be a block") {
    for (const markdown_paragraph lazy : {markdown_paragraph::none, markdown_paragraph::lazy}) {
      CHECK(start_of("2. a", lazy) == "item 2");
      CHECK(start_of("-", lazy) == "item 1");
    }
    CHECK(start_of("2. a", markdown_paragraph::open) == "none 0");
    CHECK(start_of("01. a", markdown_paragraph::open) == "item 3");
    CHECK(start_of("11. a", markdown_paragraph::open) == "none 0");
    CHECK(start_of("- ", markdown_paragraph::open) == "none 0");
    CHECK(start_of("- a", markdown_paragraph::open) == "item 1");
    CHECK(start_of("<b>") == "html 7");
    CHECK(start_of("<b>", markdown_paragraph::open) == "none 0");
    CHECK(start_of("<b>", markdown_paragraph::lazy) == "none 0");
    CHECK(start_of("<div>", markdown_paragraph::open) == "html 6");
  }

  TEST_CASE("an underline is one mark repeated") {
    CHECK(atlas::detail::markdown_underline_depth("=") == 1);
    CHECK(atlas::detail::markdown_underline_depth("----- ") == 2);
    CHECK(atlas::detail::markdown_underline_depth("== =") == 0);
    CHECK(atlas::detail::markdown_underline_depth("=-") == 0);
    CHECK(atlas::detail::markdown_underline_depth("") == 0);
  }

  TEST_CASE("cells are counted between pipes, those at the ends and behind a backslash not counted") {
    CHECK(atlas::detail::markdown_cells("| a | b |") == 2);
    CHECK(atlas::detail::markdown_cells("a | b  ") == 2);
    CHECK(atlas::detail::markdown_cells("a \\| b") == 1);
    CHECK(atlas::detail::markdown_cells("|a||b|") == 3);
    CHECK(atlas::detail::markdown_cells("a\\") == 1);
    CHECK(divider("| --- | :-: |") == 2);
    CHECK(divider("-|-") == 2);
    CHECK(divider("|:-|") == 1);
    CHECK(divider("---") == 0);
    CHECK(divider("| - x |") == 0);
    CHECK(divider("| : |") == 0);
    CHECK(divider("|") == 0);
  }
}
