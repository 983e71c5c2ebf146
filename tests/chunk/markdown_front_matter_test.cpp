// SPDX-License-Identifier: Apache-2.0
// tests/chunk/markdown_front_matter_test.cpp -- mirrors include/atlas/chunk/markdown_front_matter.hpp.
#include <atlas/chunk/markdown_front_matter.hpp>  // first, so that a missing include in it fails here

#include <doctest/doctest.h>

#include <string>

TEST_SUITE("chunk: markdown front matter") {
namespace {

/// "data mark end" of what a document begins with.
std::string matter_of(const std::string& document, std::size_t begin = 0, std::size_t most = 3000) {
  const atlas::detail::markdown_front_matter matter(document, begin, most);
  return matter.end == 0 ? "none" : std::to_string(matter.data) + " " + std::to_string(matter.mark) + " " + std::to_string(matter.end);
}

}  // namespace

  TEST_CASE("front matter lies between its marks") {
    CHECK(matter_of("---\na: b\n---\ntext") == "4 9 13");
    CHECK(matter_of("--- \t\r\na: b\r\n...") == "7 13 16");
    CHECK(matter_of("+++\na = 1\n---\n+++\n") == "4 14 18");
    CHECK(matter_of("\xEF\xBB\xBF---\na\n---\n", 3) == "7 9 13");
    CHECK(matter_of("---\n---\n") == "4 4 8");
  }

  TEST_CASE("what has no other mark, begins with a blank line or elsewhere is none") {
    CHECK(matter_of("") == "none");
    CHECK(matter_of("---") == "none");
    CHECK(matter_of("---\na: b\n") == "none");
    CHECK(matter_of("---\n\na: b\n---\n") == "none");
    CHECK(matter_of("---\na: b\n----\n") == "none");
    CHECK(matter_of("+++\na: b\n...\n") == "none");
    CHECK(matter_of(" ---\na: b\n---\n") == "none");
    CHECK(matter_of("---a\nb\n---\n") == "none");
    CHECK(matter_of("***\na\n***\n") == "none");
  }

  TEST_CASE("the last mark begins where it can be seen, behind lines of any length") {
    const std::string line(2000, '-');
    CHECK(matter_of("---\n" + line + "\n---\n") == "4 2005 2009");
    CHECK(matter_of("---\n" + line + "\n---\n", 0, 2005) == "4 2005 2009");
    CHECK(matter_of("---\n" + line + "\n---\n", 0, 2004) == "none");
  }
}
