// SPDX-License-Identifier: Apache-2.0
// tests/chunk/markdown_html_test.cpp -- mirrors include/atlas/chunk/markdown_html.hpp.
#include <atlas/chunk/markdown_html.hpp>  // first, so that a missing include in it fails here

#include <doctest/doctest.h>

#include <string>

TEST_SUITE("chunk: markdown html") {
namespace {

int html_kind(const std::string& line, bool is_whole = true, bool continues = false) {
  return atlas::detail::markdown_html_start(line, is_whole, continues);
}
bool has_end(const std::string& line, std::uint8_t kind) { return atlas::detail::markdown_html_end(line, 0, line.size(), kind); }

}  // namespace

  TEST_CASE("blocks begin as the standard's seven kinds do") {
    CHECK(html_kind("<script>") == 1);
    CHECK(html_kind("<PRE") == 1);
    CHECK(html_kind("<style type=\"a\">") == 1);
    CHECK(html_kind("<scripts>") == 7);
    CHECK(html_kind("<!-- a") == 2);
    CHECK(html_kind("<?php") == 3);
    CHECK(html_kind("<!doctype html>") == 4);
    CHECK(html_kind("<![CDATA[a") == 5);
    CHECK(html_kind("<![cdata[a") == 0);
    CHECK(html_kind("<div") == 6);
    CHECK(html_kind("</TABLE>x") == 6);
    CHECK(html_kind("<hr/>") == 6);
    CHECK(html_kind("<hr/") == 0);
    CHECK(html_kind("<search>") == 6);
    CHECK(html_kind("<") == 0);
    CHECK(html_kind("<!") == 0);
    CHECK(html_kind("<3") == 0);
  }

  TEST_CASE("any other tag begins one if it is complete and alone on its line") {
    CHECK(html_kind("<a>") == 7);
    CHECK(html_kind("<a href=\"x>y\" _b:c.d-1 e = 'f' g=h/> \t") == 7);
    CHECK(html_kind("</a-b >") == 7);
    CHECK(html_kind("</script>") == 7);
    CHECK(html_kind("<a> x") == 0);
    CHECK(html_kind("<a href=\"x>") == 0);
    CHECK(html_kind("<a href=>") == 0);
    CHECK(html_kind("<a href=x\"y>") == 0);
    CHECK(html_kind("<a b=\"c\"d>") == 0);
    CHECK(html_kind("</a b>") == 0);
    CHECK(html_kind("<a") == 0);
    CHECK(html_kind("<http://x.y>") == 0);
    CHECK(html_kind("<a>", false) == 0);
    CHECK(html_kind("<a>", true, true) == 0);
  }

  TEST_CASE("blocks end as they have to") {
    CHECK(has_end("x</Script>y", 1));
    CHECK(has_end("</</pre>", 1));
    CHECK_FALSE(has_end("</script >", 1));
    CHECK(has_end("<!-->", 2));
    CHECK_FALSE(has_end("-- >", 2));
    CHECK(has_end("a ?>", 3));
    CHECK(has_end(">", 4));
    CHECK(has_end("]]]>", 5));
    CHECK_FALSE(has_end("", 4));
  }

  TEST_CASE("an end that begins before `to` is found whole") {
    const std::string text = "</textarea>";
    CHECK(atlas::detail::markdown_html_end(text, 0, 1, 1));
    CHECK_FALSE(atlas::detail::markdown_html_end(text, 1, text.size(), 1));
    CHECK(text.size() == atlas::detail::markdown_html_end_bytes);
  }
}
