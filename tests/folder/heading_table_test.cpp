// SPDX-License-Identifier: Apache-2.0
// tests/folder/heading_table_test.cpp -- mirrors include/atlas/folder/heading_table.hpp and document_headings.hpp.
#include <atlas/folder/heading_table.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

struct heading_of_test {
  std::uint32_t depth;
  std::string title;
};
using heading_list = std::vector<heading_of_test>;

atlas::heading_path heading_path_of(const heading_list& list) {
  atlas::heading_path path;
  for (const heading_of_test& one : list) path.enter(one.depth, one.title);
  return path;
}

void check_headings(const atlas::heading_table& table, std::uint64_t key, const heading_list& want) {
  const auto found = table.of_chunk(key);
  REQUIRE(found.ok());
  REQUIRE(found->size() == want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    CHECK(found->title(i) == atlas::text_view(want[i].title));
    CHECK(found->depth(i) == want[i].depth);
    CHECK(found->begin()[i] == found->title(i));
  }
  CHECK(found->begin() + found->size() == found->end());
}

}  // namespace

TEST_SUITE("folder") {
  TEST_CASE("document_headings: what follows each other is kept once") {
    atlas::document_headings headings;
    const heading_list steps[] = {{}, {{1, "A"}}, {{1, "A"}, {2, "B"}}, {{1, "A"}, {2, "B"}}, {{1, "A"}, {2, "C"}, {4, "D"}}, {{1, "A"}},
                                  {{2, "A"}}, {{2, "A"}, {3, ""}}};
    for (const heading_list& one : steps) REQUIRE(headings.add_chunk(heading_path_of(one)).ok());
    CHECK(headings.records().size() == 6);  // A, B, C, D, the other A, and the one without a title
    CHECK(headings.titles().size() == 5);
    REQUIRE(headings.of_chunks().size() == 8);
    const std::uint32_t numbers[] = {0, 1, 2, 2, 4, 1, 5, 6};
    for (std::size_t i = 0; i < 8; ++i) CHECK(headings.of_chunks()[i] == numbers[i]);
    for (std::size_t i = 0; i < 6; ++i) CHECK(headings.records()[i].parent <= i);
    headings.clear();
    CHECK(headings.records().empty());
    REQUIRE(headings.add_chunk(heading_path_of({{2, "A"}})).ok());
    CHECK(headings.records().size() == 1);  // nothing of the document before is shared
  }

  TEST_CASE("heading_table: each document's chunks find their titles, and documents without headings stand between") {
    atlas::heading_table table;
    REQUIRE(table.create().ok());
    const heading_list paths[] = {{}, {{1, "Title"}}, {{1, "Title"}, {2, "Part"}}, {{1, "Title"}, {2, "Part"}, {3, "a"}, {4, "b"}, {5, "c"}, {6, "d"}}};
    std::uint64_t key = 0;
    std::vector<heading_list> want;
    for (std::uint32_t document = 0; document < 50; ++document) {
      atlas::document_headings headings;
      for (const heading_list& path : paths) {
        want.push_back(document % 3 == 0 ? heading_list() : path);
        if (!want.back().empty()) want.back()[0].title += std::to_string(document);
        REQUIRE(headings.add_chunk(heading_path_of(want.back())).ok());
      }
      REQUIRE(table.append(key, headings).ok());
      key += 4;
    }
    for (std::uint64_t i = 0; i < key; ++i) check_headings(table, i, want[i]);
    check_headings(table, key, {});
    check_headings(table, ~std::uint64_t{0}, {});
  }

  TEST_CASE("heading_table: a gathered path is the same when it is gathered from the table again") {
    atlas::heading_table table;
    atlas::heading_table other;
    REQUIRE(table.create().ok());
    REQUIRE(other.create().ok());
    atlas::document_headings headings;
    for (std::uint32_t i = 0; i < 40; ++i) {
      REQUIRE(headings.add_chunk(heading_path_of({{1, "T" + std::to_string(i / 20)}, {2 + i / 7 % 3, std::string(i % 5, 'x')}})).ok());
    }
    REQUIRE(table.append(3, headings).ok());
    atlas::document_headings again;
    for (std::uint64_t key = 3; key < 43; ++key) REQUIRE(again.add_chunk(table.of_chunk(key).value()).ok());
    REQUIRE(other.append(3, again).ok());
    CHECK(other.size() == table.size());
    CHECK(other.title_bytes() == table.title_bytes());
  }
}
