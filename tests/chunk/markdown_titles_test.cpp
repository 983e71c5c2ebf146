// SPDX-License-Identifier: Apache-2.0
// tests/chunk/markdown_titles_test.cpp -- mirrors include/atlas/chunk/markdown_titles.hpp.
#include <atlas/chunk/markdown_titles.hpp>  // first, so that a missing include in it fails here

#include <doctest/doctest.h>

#include <string>

TEST_SUITE("chunk: markdown titles") {
namespace {

std::string title_of_paragraph(const std::string& paragraph) {
  const atlas::detail::markdown_paragraph_title title(paragraph);
  return {title.text().data(), title.text().size()};
}

}  // namespace

  TEST_CASE("the lines of a paragraph are one title") {
    CHECK(title_of_paragraph("  A title\n") == "A title");
    CHECK(title_of_paragraph("A\t\r\n  title \rof three\n") == "A title of three");
  }

  TEST_CASE("link definitions before the text are no title") {
    CHECK(title_of_paragraph("[a]: /b\nTitle\n") == "Title");
    CHECK(title_of_paragraph("[a]: /b 'c d'\n [e]: <f> (g)\n") == "");
    CHECK(title_of_paragraph("[a]: b c\n") == "[a]: b c");
    CHECK(title_of_paragraph("[a]:\n") == "[a]:");
    CHECK(title_of_paragraph("[]: b\n") == "[]: b");
    CHECK(title_of_paragraph("[a\\]: b\n") == "[a\\]: b");
    CHECK(title_of_paragraph("Title\n[a]: /b\n") == "Title [a]: /b");
  }

  TEST_CASE("a title of any length takes a bounded room") {
    const std::string longer = std::string(700, 'x') + "\ny\n";
    const std::string title = title_of_paragraph(longer);
    CHECK(title.size() >= atlas::heading_path::most_title_bytes);
    CHECK(longer.compare(0, title.size(), title) == 0);
  }
}
