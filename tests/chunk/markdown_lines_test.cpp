// SPDX-License-Identifier: Apache-2.0
// tests/chunk/markdown_lines_test.cpp -- mirrors include/atlas/chunk/markdown_lines.hpp.
#include <atlas/chunk/markdown_lines.hpp>  // first, so that a missing include in it fails here

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

TEST_SUITE("chunk: markdown lines") {
namespace {

using atlas::detail::markdown_cursor;
using atlas::detail::markdown_line;
using atlas::detail::markdown_line_bytes;

/// As it is seen by one who has seen nothing of the text.
markdown_line markdown_line_at(atlas::text_view text, std::size_t at) { return atlas::detail::markdown_lines(text.end()).at(text, at); }
std::string text_of_line(const markdown_line& line) { return {line.text.data(), line.text.size()}; }
std::string rest_of(const markdown_cursor& cursor) { return {cursor.rest().data(), cursor.rest().size()}; }

}  // namespace

  TEST_CASE("a line ends behind a line feed, behind both of a pair, and behind a lone carriage return") {
    const std::string text = "one\ntwo\r\nthree\rfour\n\r\n\rlast";
    std::vector<std::string> lines;
    std::size_t at = 0;
    while (at < text.size()) {
      const markdown_line line = markdown_line_at(text, at);
      CHECK(line.is_whole);
      lines.push_back(text_of_line(line));
      at += line.size;
    }
    CHECK(at == text.size());
    CHECK(lines == std::vector<std::string>{"one", "two", "three", "four", "", "", "last"});
  }

  TEST_CASE("the first line end is found at any distance, whichever it is") {
    for (std::size_t size = 0; size < 600; size += 7) {
      for (const char* const end : {"\n", "\r", "\r\n"}) {
        const std::string text = std::string(size, 'x') + end + "y\n";
        CHECK(atlas::detail::markdown_line_end(text.data(), 0, text.size()) == size);
        CHECK(markdown_line_at(text, 0).size == size + std::string(end).size());
      }
    }
    CHECK(atlas::detail::markdown_line_end("xyz\n", 0, 3) == 3);
  }

  TEST_CASE("a line is whole up to markdown_line_bytes; of a longer one they are what is seen") {
    for (const std::size_t size : {markdown_line_bytes - 1, markdown_line_bytes, markdown_line_bytes + 1, 2 * markdown_line_bytes}) {
      CAPTURE(size);
      for (const char* const end : {"", "\n", "\r", "\r\n"}) {
        const markdown_line line = markdown_line_at(std::string(size, 'x') + end, 0);
        CHECK(line.is_whole == (size <= markdown_line_bytes));
        CHECK(line.text.size() == (line.is_whole ? size : markdown_line_bytes));
        CHECK(line.size == (line.is_whole ? size + std::string(end).size() : markdown_line_bytes));
      }
    }
  }

  TEST_CASE("lines are the same in whatever order they are looked at") {
    std::mt19937_64 random(1);
    std::string text;
    for (int i = 0; i < 300; ++i) text += std::string(random() % 12, 'x') + (random() % 4 == 0 ? "\r" : random() % 3 == 0 ? "\r\n" : "\n");
    atlas::detail::markdown_lines lines(text.data() + text.size());
    for (int i = 0; i < 5000; ++i) {
      const std::size_t at = i % 3 == 0 ? random() % text.size() : (static_cast<std::size_t>(i) * 7) % text.size();
      const std::size_t end = random() % 2 == 0 ? text.size() : at + random() % 16 % (text.size() - at + 1);
      const atlas::text_view seen(text.data(), end);
      const markdown_line line = lines.at(seen, at);
      const markdown_line want = markdown_line_at(seen, at);
      REQUIRE(line.size == want.size);
      REQUIRE(line.text == want.text);
      REQUIRE(line.is_whole == want.is_whole);
    }
  }

  TEST_CASE("a tab goes on to the next column that four divides") {
    const auto indent = [](const std::string& text) { return markdown_cursor(markdown_line_at(text, 0)).indent(); };
    CHECK(indent("x") == 0);
    CHECK(indent("   x") == 3);
    CHECK(indent("\tx") == 4);
    CHECK(indent("  \tx") == 4);
    CHECK(indent("    \tx") == 8);
    CHECK(indent("\v x") == 0);  // no white space that indents
  }

  TEST_CASE("a place may lie inside of a tab, and columns are counted from the line's begin") {
    const std::string text = ">\t\tcode";
    markdown_cursor cursor(markdown_line_at(text, 0));
    cursor.skip_mark(1);
    CHECK(cursor.indent() == 7);
    cursor.skip_columns(1);
    CHECK(cursor.indent() == 6);
    CHECK(rest_of(cursor) == "code");
    cursor.skip_white();
    CHECK(cursor.indent() == 0);
  }

  TEST_CASE("a line of white space is blank, unless it goes on beyond what is seen") {
    CHECK(markdown_cursor(markdown_line_at("", 0)).is_blank());
    CHECK(markdown_cursor(markdown_line_at(" \t \r\n", 0)).is_blank());
    CHECK_FALSE(markdown_cursor(markdown_line_at(" .", 0)).is_blank());
    CHECK_FALSE(markdown_cursor(markdown_line_at(std::string("\0", 1), 0)).is_blank());
    CHECK(markdown_cursor(markdown_line_at(std::string(markdown_line_bytes, ' '), 0)).is_blank());
    const std::string longer(markdown_line_bytes + 1, ' ');
    CHECK_FALSE(markdown_cursor(markdown_line_at(longer, 0)).is_blank());
    CHECK(markdown_cursor(markdown_line_at(longer, 0)).first() == '\n');
  }
}
