// SPDX-License-Identifier: Apache-2.0
// tests/core/text_view_test.cpp -- mirrors include/atlas/core/text_view.hpp.
#include <atlas/core/text_view.hpp>

#include "support/threads.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

TEST_SUITE("core") {
  TEST_CASE("text_view: is empty by default and from a null C string") {
    CHECK(atlas::text_view().empty());
    CHECK(atlas::text_view(static_cast<const char*>(nullptr)).empty());
    CHECK(atlas::text_view("").empty());
  }

  TEST_CASE("text_view: borrows from C strings and from anything of char with data() and size()") {
    const std::string text = "text";
    CHECK(atlas::text_view("text") == atlas::text_view(text));
    CHECK(atlas::text_view(std::string_view(text)) == atlas::text_view(text.data(), 4));
    CHECK(atlas::text_view(std::vector<char>{'t', 'e'}) == "te");
    CHECK(atlas::text_view(text).data() == text.data());
  }

  TEST_CASE("text_view: may hold any byte, NUL too") {
    const std::string text("a\0b", 3);
    const atlas::text_view view = text;
    CHECK(view.size() == 3);
    CHECK(view[1] == '\0');
    CHECK_FALSE(view == atlas::text_view("a"));
    CHECK(std::string(view.begin(), view.end()) == text);
  }

  TEST_CASE("text_view: compares bytes, whatever the pointers") {
    CHECK(atlas::text_view("same") == atlas::text_view(std::string("same")));
    CHECK_FALSE(atlas::text_view("same") == atlas::text_view("sama"));
    CHECK_FALSE(atlas::text_view("same") == atlas::text_view("sam"));
    CHECK(atlas::text_view() == atlas::text_view(""));
  }

  TEST_CASE("text_view: is usable in constant expressions") {
    static_assert(atlas::text_view("words").size() == 5);
    static_assert(atlas::text_view("words").subview(1, 2) == atlas::text_view("or"));
    CHECK(atlas::text_view("words").subview(5, 0).empty());
  }

  TEST_CASE("text_view: reaching outside ends the process in checked builds") {
#if ATLAS_CHECKED
    CHECK(support::aborts_in_child([] { static_cast<void>(atlas::text_view("ab")[2]); }));
    CHECK(support::aborts_in_child([] { static_cast<void>(atlas::text_view("ab").subview(1, 2)); }));
#else
    MESSAGE("skipped: built without ATLAS_CHECKED");
#endif
  }
}
