// SPDX-License-Identifier: Apache-2.0
// tests/chunk/markdown_blocks_test.cpp -- mirrors include/atlas/chunk/markdown_blocks.hpp: what is told of written documents.
#include <atlas/chunk/markdown_blocks.hpp>  // first, so that a missing include in it fails here
#include <atlas/chunk/markdown_rule.hpp>

#include "support/told_structure.hpp"

#include <doctest/doctest.h>

#include <string>

TEST_SUITE("chunk: markdown blocks") {
namespace {

/// Checked for texts that come at once and a byte at a time.
std::string told_of(const std::string& text) {
  const std::string told = support::told_structure(atlas::markdown_rule(), text);
  CHECK(support::told_structure(atlas::markdown_rule(), text, 1) == told);
  return told;
}
std::string repeated(const std::string& text, std::size_t count) {
  std::string out;
  while (count-- != 0) out += text;
  return out;
}

}  // namespace

  TEST_CASE("a heading's boundary is before it, and none is behind it") {
    CHECK(told_of("# A\n\ntext\n\n## B ##\nmore\n") == "{1 A}# A\n\ntext\n\n{h2}{2 B}## B ##\nmore\n");
    CHECK(told_of("text\n###### *F*") == "text\n{h6}{6 *F*}###### *F*");
    CHECK(told_of("#\ntext\n\n") == "{1 }#\ntext\n\n");
  }

  TEST_CASE("an underlined paragraph is a heading, its lines one title") {
    CHECK(told_of("A\n===\ntext\n\nB\n  of two\n---\n\nmore") == "{1 A}A\n===\ntext\n\n{h2}{2 B of two}B\n  of two\n---\n\nmore");
    CHECK(told_of("text\n\n=== \nmore") == "text\n\n{paragraph}=== \nmore");
    CHECK(told_of("[a]: /b\n===\n") == "[a]: /b\n===\n");
    CHECK(told_of("[a]: /b\n---\ntext") == "[a]: /b\n{section}---\n{section}text");
    CHECK(told_of("A\n*b*\n===") == "{1 A *b*}A\n*b*\n===");
    CHECK(told_of("    code\n===") == "{whole}    code\n{end}{paragraph}===");
  }

  TEST_CASE("a paragraph of more than 1,024 bytes is no heading") {
    const std::string longest = repeated("text of a line\n", 68);
    CHECK(told_of(longest + "===\n") == "{1 " + repeated("text of a line ", 20).substr(0, 256) + "}" + longest + "===\n");
    CHECK(told_of(longest + "longer\n===\n") == longest + "longer\n===\n");
    CHECK(told_of(longest + "longer\n---\n") == longest + "longer\n{section}---\n");
  }

  TEST_CASE("a heading below the one directly before it has no boundary; one beside it has") {
    CHECK(told_of("text\n# A\n## B\n\n### C\ntext\n") == "text\n{h1}{1 A}# A\n{2 B}## B\n\n{3 C}### C\ntext\n");
    CHECK(told_of("## A\n## B\n# C") == "{2 A}## A\n{h2}{2 B}## B\n{h1}{1 C}# C");
  }

  TEST_CASE("headings in block quotes and items do not divide the document") {
    CHECK(told_of("> # A\n> text\n\n# B\n") == "> # A\n> text\n\n{h1}{1 B}# B\n");
    CHECK(told_of("- A\n  ===\n  text\n\n  text") == "- A\n  ===\n  text\n\n{paragraph}  text");
    CHECK(told_of("> A\n===\n> B") == "> A\n===\n> B");  // lazy: text
  }

  TEST_CASE("a rule divides sections on both sides") {
    CHECK(told_of("a\n\n***\n\nb\n") == "a\n\n{section}***\n\n{section}b\n");
    CHECK(told_of("a\n* * *\n# B\n") == "a\n{section}* * *\n{h1}{1 B}# B\n");
    CHECK(told_of("# A\n---\nb\n") == "{1 A}# A\n---\n{section}b\n");
    CHECK(told_of("> a\n>\n> ---\n> b") == "> a\n>\n{paragraph}> ---\n{paragraph}> b");
  }

  TEST_CASE("front matter is whole, and a section ends behind it") {
    CHECK(told_of("---\na: b\nc: d\n---\ntext\n") == "{whole}---\na: b\n{line}c: d\n---\n{end}{section}text\n");
    CHECK(told_of("---\na: b\n...\n\n# A") == "{whole}---\na: b\n...\n{end}{section}\n{h1}{1 A}# A");
    CHECK(told_of("+++\na = 1\n+++\n") == "{whole}+++\na = 1\n+++\n{end}{section}");
    CHECK(told_of("\xEF\xBB\xBF---\na\n---\nb") == "{whole}\xEF\xBB\xBF---\na\n---\n{end}{section}b");
    CHECK(told_of("---\n\na: b\n---\n") == "---\n\n{h2}{2 a: b}a: b\n---\n");
    CHECK(told_of("---\na: b\n") == "---\n{section}a: b\n");
    CHECK(told_of("text\n\n---\na: b\n---\n") == "text\n\n{section}---\n{h2}{2 a: b}a: b\n---\n");
  }

  TEST_CASE("front matter that is longer than what can be seen is none") {
    const std::string data = repeated("key: value of it\n", 178);
    CHECK(told_of("---\n" + data + "---\n").substr(0, 7) == "{whole}");
    CHECK(told_of("---\n" + data + data + "---\n").substr(0, 7) != "{whole}");
    const std::string line = "a: " + std::string(2000, '-');  // of a length that is not looked at otherwise
    CHECK(told_of("---\n" + line + "\nb: c\n---\n") == "{whole}---\n" + line + "\n{line}b: c\n---\n{end}{section}");
  }

  TEST_CASE("a byte order mark counts for nothing") {
    CHECK(told_of("\xEF\xBB\xBF# A\ntext") == "{1 A}\xEF\xBB\xBF# A\ntext");
    CHECK(told_of("\xEF\xBB\xBF" "A\n=\n") == "{1 A}\xEF\xBB\xBF" "A\n=\n");
    CHECK(told_of("a\n\n\xEF\xBB\xBF# A\n") == "a\n\n{paragraph}\xEF\xBB\xBF# A\n");
  }

  TEST_CASE("between blocks there is a paragraph's boundary, none between the lines of one") {
    CHECK(told_of("a\nb\n\nc\n\n\n\nd") == "a\nb\n\n{paragraph}c\n\n\n\n{paragraph}d");
    CHECK(told_of("a\n \nb\n\t\t\nc\n===") == "a\n \n{paragraph}b\n\t\t\n{h1}{1 c}c\n===");
    CHECK(told_of("a\n> b\nc\n> d\n\ne") == "a\n{paragraph}> b\nc\n> d\n\n{paragraph}e");
    CHECK(told_of("a\r\rb\r\n\r\nc") == "a\r\r{paragraph}b\r\n\r\n{paragraph}c");
  }

  TEST_CASE("items that stand close have a line's boundary, others a paragraph's") {
    CHECK(told_of("a\n- b\n- c\n  - d\n  e\n- f\n") == "a\n{paragraph}- b\n{line}- c\n{line}  - d\n  e\n{line}- f\n");
    CHECK(told_of("1. a\n\n2. b\n\n   c\n") == "1. a\n\n{paragraph}2. b\n\n{paragraph}   c\n");
    CHECK(told_of("a\n2. b\n") == "a\n2. b\n");
    CHECK(told_of("- a\nb\n\nc\n") == "- a\nb\n\n{paragraph}c\n");
    CHECK(told_of("-\n\n  a") == "-\n\n{paragraph}  a");
    CHECK(told_of("-\n\n  ```\nb") == "-\n\n{paragraph}{whole}  ```\nb{end}");  // an empty item ends at a blank line
    CHECK(told_of("-\n  ```\nb") == "-\n{word}{whole}  ```\n{end}{paragraph}b");
    CHECK(told_of("a\n\n1.\n   b\n2.\n") == "a\n\n{paragraph}1.\n   b\n{line}2.\n");
    CHECK(told_of("-\n- a\n-\n") == "-\n{line}- a\n{line}-\n");
    CHECK(told_of("- -\n\n\n  ```\nb") == "- -\n\n\n{paragraph}{whole}  ```\n{end}{paragraph}b");  // only the inner item ends
  }

  TEST_CASE("a fence is whole, its lines have boundaries but for the first and the last") {
    CHECK(told_of("a\n``` c\nx\n\ny\n```\nb") == "a\n{paragraph}{whole}``` c\nx\n\n{line}y\n```\n{end}{paragraph}b");
    CHECK(told_of("~~~\n```\n# a\n~~~~") == "{whole}~~~\n```\n{line}# a\n~~~~{end}{paragraph}");
    CHECK(told_of("```\nx\ny\n") == "{whole}```\nx\n{line}y\n{end}");
    CHECK(told_of("``` a`\n") == "``` a`\n");
  }

  TEST_CASE("between a heading and what stays whole there is the weakest boundary of all") {
    CHECK(told_of("# A\n```\nx\n```\n") == "{1 A}# A\n{word}{whole}```\nx\n```\n{end}{paragraph}");
    CHECK(told_of("# A\n\n    x\n") == "{1 A}# A\n\n{word}{whole}    x\n{end}{paragraph}");
    CHECK(told_of("# A\n\n| a |\n|---|\n") == "{1 A}# A\n\n{word}{whole}| a |\n|---|\n{end}");
  }

  TEST_CASE("a fence ends with the container that it stands in") {
    CHECK(told_of("> ```\n> x\ny\n") == "{whole}> ```\n> x\n{end}{paragraph}y\n");
    CHECK(told_of("- ```\n  x\n\n  y\nz") == "{whole}- ```\n  x\n\n{line}  y\n{end}{paragraph}z");
    CHECK(told_of("1. a\n\n   ~~~\n   x\n   ~~~\n2. b") == "1. a\n\n{paragraph}{whole}   ~~~\n   x\n   ~~~\n{end}{paragraph}2. b");
  }

  TEST_CASE("indented code is whole up to its last line that is not blank") {
    CHECK(told_of("a\n\n    x\n\n      y\n\n\nb") == "a\n\n{paragraph}{whole}    x\n\n{line}      y\n{end}{paragraph}\n\n{paragraph}b");
    CHECK(told_of("\tx\n \n\ty") == "{whole}\tx\n \n{line}\ty{end}{paragraph}");
    CHECK(told_of("a\n    b\n") == "a\n    b\n");
    CHECK(told_of("> \tx\n>\n>     y\nz") == "> \tx\n>\n{paragraph}{whole}>     y\n{end}{paragraph}z");
    CHECK(told_of("-     x\n\n      y\n\n  z") == "{whole}-     x\n\n{line}      y\n{end}{paragraph}\n{paragraph}  z");
    CHECK(told_of("> a\n    - b") == "> a\n    - b");  // lazy
  }

  TEST_CASE("many blank lines end indented code") {
    CHECK(told_of("    x" + std::string(2000, '\n') + "    y") == "{whole}    x" + std::string(2000, '\n') + "{line}    y{end}{paragraph}");
    const std::string told = "{whole}    x\n{end}{paragraph}" + std::string(3999, '\n') + "{paragraph}{whole}    y{end}{paragraph}";
    CHECK(told_of("    x" + std::string(4000, '\n') + "    y") == told);
  }

  TEST_CASE("a table is whole, with boundaries between its rows") {
    CHECK(told_of("t\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n| 3\n4\n\nc") ==
          "t\n\n{paragraph}{whole}| a | b |\n|---|:-:|\n| 1 | 2 |\n{line}| 3\n{line}4\n{end}{paragraph}\n{paragraph}c");
    CHECK(told_of("t\na|b\n-|-\n> q") == "t\n{paragraph}{whole}a|b\n-|-\n{end}{paragraph}> q");
    CHECK(told_of("| a |\n|---|---|\n") == "| a |\n|---|---|\n");
    CHECK(told_of("> | a |\n> |---|\n> | b |\nc") == "{whole}> | a |\n> |---|\n> | b |\n{end}{paragraph}c");
    CHECK(told_of("- t\n  a | b\n  --|--\n  c") == "- t\n{paragraph}{whole}  a | b\n  --|--\n  c{end}");
    CHECK(told_of("> | a |\n|---|\n") == "> | a |\n|---|\n");
  }

  TEST_CASE("HTML of the kinds 1 to 5 is whole, the others end before a blank line") {
    CHECK(told_of("<!-- a\n\n# b\n-->\nc") == "{whole}<!-- a\n\n{line}# b\n{line}-->\n{end}{paragraph}c");
    CHECK(told_of("a\n<pre>x</pre>\nb") == "a\n{paragraph}{whole}<pre>x</pre>\n{end}{paragraph}b");
    CHECK(told_of("<div>\n# a\n</div>\n\n# b") == "<div>\n{line}# a\n{line}</div>\n\n{h1}{1 b}# b");
    CHECK(told_of("<?a\nb") == "{whole}<?a\n{line}b{end}");
    CHECK(told_of("- <script>\n  a\nb") == "{whole}- <script>\n{line}  a\n{end}{paragraph}b");
  }

  TEST_CASE("the end of HTML is found in a line of any length") {
    for (const std::size_t size : {900U, 1020U, 1024U, 4090U, 4096U, 9000U}) {
      CAPTURE(size);
      const std::string line = "<script>" + std::string(size, 'x') + "</script> x";
      CHECK(told_of(line + "\n# a\n") == "{whole}" + line + "\n{end}{h1}{1 a}# a\n");
      CHECK(told_of(line + "\r# a\n") == "{whole}" + line + "\r{end}{h1}{1 a}# a\n");
    }
  }

  TEST_CASE("the end of HTML is found where what is there ends inside of it") {
    for (std::size_t size = 5080; size < 5125; ++size) {
      CAPTURE(size);
      const std::string line = "<!--" + std::string(size, 'x') + "-->\r\n";
      CHECK(told_of(line + "# a" + std::string(5000, 'b')).find("\r\n{end}{h1}") == 7 + line.size() - 2);
    }
  }

  TEST_CASE("what a line is depends on its first 1,024 bytes") {
    const std::string fill(2000, 'x');
    CHECK(told_of("# A " + fill + "\ntext") == "{1 A " + fill.substr(0, 254) + "}# A " + fill + "\ntext");
    CHECK(told_of("```\n" + fill + "\ny\n```\nb") == "{whole}```\n" + fill + "\n{line}y\n```\n{end}{paragraph}b");
    CHECK(told_of(fill + "\n===\n# B") == fill + "\n===\n{h1}{1 B}# B");
    CHECK(told_of("a\n" + std::string(2000, '-') + "\n# B") == "a\n" + std::string(2000, '-') + "\n{h1}{1 B}# B");
    CHECK(told_of("a\n" + std::string(2000, ' ') + "\nb") == "a\n" + std::string(2000, ' ') + "\nb");
    CHECK(told_of("    " + fill + "\nb") == "{whole}    " + fill + "\n{end}{paragraph}b");
  }

  TEST_CASE("containers lie 32 deep, what is deeper is text") {
    const std::string deep = repeated(">", 32);
    CHECK(told_of(deep + " a\n\n" + deep + " ```\n" + deep + " x\n") == deep + " a\n\n{paragraph}{whole}" + deep + " ```\n" + deep + " x\n{end}");
    CHECK(told_of(deep + "> ```\n" + deep + "> x\n") == deep + "> ```\n" + deep + "> x\n");
    CHECK(told_of(repeated("- ", 40) + "a\n") == repeated("- ", 40) + "a\n");
  }

  TEST_CASE("bytes that are no text change nothing") {
    const std::string zero(1, '\0');
    CHECK(told_of(zero + "# a\n\n\xFF\n# b\n\xC3") == zero + "# a\n\n{paragraph}\xFF\n{h1}{1 b}# b\n\xC3");
    CHECK(told_of("") == "");
    CHECK(told_of("\n\r\n\r") == "\n\r\n\r");
  }
}
