// SPDX-License-Identifier: Apache-2.0
// tests/chunk/markdown_state_test.cpp -- mirrors include/atlas/chunk/markdown_state.hpp.
#include <atlas/chunk/markdown_state.hpp>  // first, so that a missing include in it fails here

#include <doctest/doctest.h>

#include <cstring>
#include <string>

TEST_SUITE("chunk: markdown state") {
namespace {

using atlas::detail::markdown_containers;

/// How many containers a line stands in, and what is left of it.
std::string matched(const markdown_containers& containers, const std::string& text) {
  atlas::detail::markdown_cursor cursor(atlas::detail::markdown_lines(text.data() + text.size()).at(text, 0));
  const unsigned count = containers.match(cursor);
  return std::to_string(count) + ":" + std::string(cursor.indent(), ' ') + std::string(cursor.rest().data(), cursor.rest().size());
}

}  // namespace

  TEST_CASE("a line stands in a block quote behind its mark and one column, in an item behind its width") {
    markdown_containers containers;
    containers.push(0);
    containers.push(4);
    CHECK(containers.has_item());
    CHECK(matched(containers, "> \tx") == "1:  x");
    CHECK(matched(containers, ">     x") == "2:x");
    CHECK(matched(containers, ">    x") == "1:   x");
    CHECK(matched(containers, "   >x") == "1:x");
    CHECK(matched(containers, "    >x") == "0:    >x");
    CHECK(matched(containers, "x") == "0:x");
  }

  TEST_CASE("a blank line stands in every item but an empty one, and in no block quote") {
    markdown_containers containers;
    containers.push(2);
    containers.push(3);
    CHECK(matched(containers, "") == "2:");
    containers.has_empty_item = 1;
    CHECK(matched(containers, "") == "1:");
    CHECK(matched(containers, "     x") == "2:x");
    containers.has_empty_item = 0;
    containers.push(0);
    CHECK(matched(containers, "  ") == "2:");
  }

  TEST_CASE("what blocks that have ended leave in a state is forgotten") {
    atlas::detail::markdown_state state;
    state.fence_mark = '~';
    state.fence_size = 4;
    state.html_kind = 2;
    state.has_lines = 1;
    state.containers.push(3);
    state.containers.depth = 0;
    atlas::detail::markdown_state settled = state;
    settled.settle();
    const atlas::detail::markdown_state fresh;
    CHECK(std::memcmp(&settled, &fresh, sizeof fresh) == 0);
    state.leaf = atlas::detail::markdown_leaf::fence;
    state.containers.depth = 1;
    state.html_kind = 0;
    settled = state;
    settled.settle();
    CHECK(std::memcmp(&settled, &state, sizeof state) == 0);
  }

  TEST_CASE("bytes from anywhere become a state that can be read on from") {
    for (int byte = 0; byte < 256; ++byte) {
      atlas::detail::markdown_state state;
      std::memset(static_cast<void*>(&state), byte, sizeof state);
      state.mend();
      CHECK(state.containers.depth <= markdown_containers::most);
      CHECK(state.leaf <= atlas::detail::markdown_leaf::html);
      CHECK((state.leaf != atlas::detail::markdown_leaf::html || (state.html_kind >= 1 && state.html_kind <= 7)));
      CHECK(state.behind <= atlas::detail::markdown_behind_section);
    }
  }
}
