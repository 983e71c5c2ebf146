// SPDX-License-Identifier: Apache-2.0
// tests/folder/document_kind_test.cpp -- mirrors include/atlas/folder/document_kind.hpp.
#include <atlas/folder/document_kind.hpp>

#include <doctest/doctest.h>

#include <string>

TEST_SUITE("folder") {
  TEST_CASE("document_kind: the ending of the last name decides, whatever its case") {
    using enum atlas::document_kind;
    struct expected {
      const char* path;
      atlas::document_kind kind;
    };
    const expected table[] = {
        {"README.md", markdown}, {"a/b/Guide.MARKDOWN", markdown}, {"page.mdx", markdown}, {"x.mdown", markdown}, {"x.mkd", markdown},
        {"index.html", html}, {"a.HTM", html}, {"a.b.xhtml", html},
        {"main.cpp", code}, {"main.C", code}, {"a.tar.py", code}, {"src/x.Rs", code}, {"q.sql", code}, {"style.css", code},
        {"data.json", code}, {"ci.yaml", code}, {"ci.yml", code}, {"Cargo.toml", code}, {"pom.xml", code}, {"a/Makefile", code},
        {"CMakeLists.txt", code}, {"Dockerfile", code}, {"x/MESON.BUILD", code},
        {"notes.txt", plain_text}, {"README", plain_text}, {"paper.tex", plain_text}, {"rows.csv", plain_text}, {"", plain_text},
        {"md", plain_text}, {"cpp", plain_text}, {"a.md/b", plain_text}, {"a.md/", plain_text}, {"a.", plain_text}, {".", plain_text},
        {"a.m d", plain_text}, {"a.md markdown", plain_text}, {"a. ", plain_text}, {"Makefile.txt", plain_text}, {"my cmakelists.txt", plain_text},
    };
    for (const expected& one : table) {
      CAPTURE(one.path);
      CHECK(atlas::kind_of_path(one.path) == one.kind);
    }
  }

  TEST_CASE("document_kind: any bytes are a name") {
    CHECK(atlas::kind_of_path(std::string("\xFF\0.md", 5)) == atlas::document_kind::markdown);
    CHECK(atlas::kind_of_path(std::string(100'000, 'a') + ".md") == atlas::document_kind::markdown);
    CHECK(atlas::kind_of_path("a." + std::string(100'000, 'c')) == atlas::document_kind::plain_text);
    CHECK(atlas::kind_of_path(std::string("a.md\0", 5)) == atlas::document_kind::plain_text);
  }
}
