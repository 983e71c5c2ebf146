// SPDX-License-Identifier: Apache-2.0
// tests/chunk/code_rule_test.cpp -- mirrors include/atlas/chunk/code_rule.hpp, one TEST_CASE for each promise in it.
#include <atlas/chunk/code_rule.hpp>  // first, so that a missing include in it fails here

#include "support/repetitions.hpp"
#include "support/rule_checks.hpp"
#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

TEST_SUITE("chunk: code") {
namespace {

using atlas::chunker_options;
using atlas::code_rule;

/// With the level of each boundary in braces: 6 section, 5 paragraph, 4 line, 3 to 1 inside of something.
std::string code_levels(const std::string& text) { return support::with_levels(code_rule(), text); }
std::string code_wholes(const std::string& text) { return support::with_levels(code_rule(), text, true); }

std::vector<std::string> cut_code(const std::string& text, std::uint64_t size) {
  auto one = atlas::chunker<code_rule, atlas::character_sizer>::create({.size = size, .fill_percent = 40}).value();
  std::vector<std::string> out;
  for (const auto& chunk : support::read_chunks(one, text)) out.push_back(chunk.text);
  return out;
}
std::uint64_t characters_of_code(const std::string& text) { return atlas::count_characters(text); }

/// Pieces of all sorts of languages, mostly not closed.
std::string random_code(std::uint64_t seed, std::size_t pieces) {
  static const std::vector<std::string> stock = {
      "\n", "\n", "\n", "\n\n", "  ", "    ", "\t", "x", "foo", "bar()", "{", "}", "(", ")", "[", "]", "\"", "'", "`", "'''", "\"\"\"",
          "//", "/*", "*/", "#", "# ", "--", "-- ",
      "<!--", "-->", "--[[", "]]", "r#\"", "\"#", "R\"x(", ")x\"", "<<EOF", " <<EOF\n", "EOF\n", "EOF", "\\", "\\\n", "if", "def f():",
          "class A", "end\n", "else:", "@deco\n", ";",
      ",", ",", ":", "\r\n", "#include <x>\n", "#if X\n", "#endif\n", "template <class T>\n", "struct X {", "don't", "b'", "&'a str", "=",
          "&& ", "\xE4\xB8\xAD", "e\xCC\x81", "\xFF",
      "return ", "$", "<", "</a>"};
  std::mt19937_64 random(seed);
  std::string out;
  for (std::size_t i = 0; i < pieces; ++i) {
    out += stock[random() % stock.size()];
    if (random() % 300 == 0) out += std::string(random() % 6000, " x\"<\n-]"[random() % 7]);
  }
  return out;
}

}  // namespace

  TEST_CASE("a blank line before a thing at depth 0 is strongest, then before members, then in bodies by depth") {
    CHECK(code_levels("int a;\n\nint f() {\n  if (a) {\n    b();\n\n    c();\n    d();\n  }\n  e();\n\n  g();\n}\nint h() {\n}\n") ==
          "int a;\n\n{6}int f() {\n  if (a) {\n    b();\n\n{3}    c();\n{2}    d();\n  }\n{3}  e();\n\n{4}  g();\n}\n{5}int h() {\n}\n");
    CHECK(code_levels("class A:\n    x = 1\n\n    def f(self):\n        a()\n        b()\n\n    def g(self):\n        pass\n\n"
                      "class B:\n    pass\n") ==
          "class A:\n    x = 1\n\n{5}    def f(self):\n        a()\n{3}        b()\n\n{5}    def g(self):\n        pass\n\n{6}class B:\n    pass\n");
  }

  TEST_CASE("nested containers: members of members are things of their own") {
    CHECK(code_wholes("namespace N\n{\n  class A\n  {\n    int x;\n\n    void f()\n    {\n      a();\n\n      b();\n    }\n\n"
                      "    void g() {}\n  }\n}\n") ==
          "namespace N\n{\n  class A\n  {\n    int x;\n\n{5*}    void f()\n    {\n      a();\n\n{4}      b();\n    }\n\n"
          "{5*}    void g() {}\n  }\n}\n");
    CHECK(code_wholes("impl A {\n    fn f() {\n        a();\n        b();\n    }\n    fn g() {\n    }\n}\n") ==
          "impl A {\n    fn f() {\n        a();\n{3}        b();\n    }\n{4*}    fn g() {\n    }\n}\n");
  }

  TEST_CASE("namespaces that are not indented do not make their content deeper") {
    CHECK(code_levels("namespace a {\n\nint f() {\n  return 1;\n}\n\nint g() {\n  return 2;\n}\n\n}\n") ==
          "namespace a {\n\n{6}int f() {\n  return 1;\n}\n\n{6}int g() {\n  return 2;\n}\n\n}\n");
  }

  TEST_CASE("comments, decorators, attributes and annotations stay with what follows") {
    CHECK(code_levels("x = 1\n\n# About f,\n# in two lines.\n@cached\n@other(1,\n       2)\ndef f():\n    pass\n") ==
        "x = 1\n\n{6}# About f,\n# in two lines.\n@cached\n@other(1,\n       2)\ndef f():\n    pass\n");
    CHECK(code_levels("int a;\n/** About f.\n *\n * More. */\n[[nodiscard]]\ntemplate <class T>\nint f();\n") ==
        "int a;\n{4}/** About f.\n *\n * More. */\n[[nodiscard]]\ntemplate <class T>\nint f();\n");
    CHECK(code_levels("use a;\n\n/// About S.\n#[derive(Debug)]\nstruct S {\n    a: u8,\n    // About b.\n    b: u8,\n}\n") ==
        "use a;\n\n{6}/// About S.\n#[derive(Debug)]\nstruct S {\n    a: u8,\n{4}    // About b.\n    b: u8,\n}\n");
    CHECK(code_levels("-- About t.\nCREATE TABLE t (\n  a int,\n  b int\n);\n\nSELECT 1;\n") ==
        "-- About t.\nCREATE TABLE t (\n  a int,\n{3}  b int\n);\n\n{6}SELECT 1;\n");
    CHECK(code_levels("class A {\npublic:\n  int x;\n") == "class A {\npublic:\n  int x;\n");
    // But for a comment that a blank line divides from it.
    CHECK(code_levels("# The file.\n\ndef f():\n    pass\n") == "# The file.\n\n{6}def f():\n    pass\n");
    // One that belongs to a body that ends here.
    CHECK(code_levels("def f():\n    a\n    # Last words.\nb\n") == "def f():\n    a\n{3}    # Last words.\n{5}b\n");
  }

  TEST_CASE("what closes a block stays with it, and what opens one with its first line") {
    CHECK(code_levels("if x; then\n  a\n  b\nelse\n  c\nfi\nd\n") == "if x; then\n  a\n{3}  b\n{3}else\n  c\nfi\n{5}d\n");
    CHECK(code_levels("def f\n  a\n  b\nend\n\ndef g\nend\n") == "def f\n  a\n{3}  b\nend\n\n{6}def g\nend\n");
    CHECK(code_levels("try {\n  a();\n} catch (e) {\n  b();\n  c();\n}\n") == "try {\n  a();\n} catch (e) {\n  b();\n{3}  c();\n}\n");
    CHECK(code_levels("void f()\n{\n  a();\n}\nvoid g()\n{\n}\n") == "void f()\n{\n  a();\n}\n{5}void g()\n{\n}\n");
    CHECK(code_levels("<ul>\n  <li>a</li>\n  <li>b</li>\n</ul>\n<p>c</p>\n") ==
        "<ul>\n  <li>a</li>\n{3}  <li>b</li>\n</ul>\n{5}<p>c</p>\n");
    CHECK(code_levels("[\n  {\n    \"a\": 1\n  },\n  {\n    \"a\": 2\n  }\n]\n") ==
        "[\n  {\n    \"a\": 1\n  },\n{3}  {\n    \"a\": 2\n  }\n]\n");
  }

  TEST_CASE("names that are words of other languages close and begin nothing") {
    CHECK(code_levels("a()\nend = 1\ndone += 2\nfi(3)\nmodule = 4\nobject: 5\n") ==
          "a()\n{4}end = 1\n{4}done += 2\n{4}fi(3)\n{4}module = 4\n{4}object: 5\n");
    CHECK(code_levels("for x\ndo\n  a\ndone < file\n") == "for x\ndo\n  a\ndone < file\n");
  }

  TEST_CASE("operators that begin a line, and backslashes that end one, go on with the line before") {
    CHECK(code_levels("x = a\n  .b()\n  .c();\ny = d\n  && e\n  && f;\n") == "x = a\n  .b()\n  .c();\n{5}y = d\n  && e\n  && f;\n");
    CHECK(code_levels("#define A(x) \\\n  do { \\\n  f(x); } while (0)\nint y;\n") ==
        "#define A(x) \\\n  do { \\\n  f(x); } while (0)\n{5}int y;\n");
  }

  TEST_CASE("brackets, blank lines and names in strings and comments are no structure") {
    const std::string same = "{4}b;\n";
    for (const std::string one : {"a(\"{ ( [\");\n", "a('{', '\\'', \"\\\"{\");\n", "a(`{\n\n  (\n`);\n", "a(\"\"\"{\n\n(\n\"\"\");\n",
        "a('''\n{(\n\nx''');\n", "a(r#\"{ \" (\n\n\"#);\n",
                                  "a(R\"x({\n\n)\" ( )x\");\n", "a(); // { (\n", "a(); /* {\n\n( */\n", "a(@\"c:\\\");\n",
                                      "a(\"one {\n\ntwo (\");\n", "a <<EOF\n{ (\n\n  x\nEOF\n",
                                  "a <<-'END_1'; c\n{ (\n\n  END_1\n", "f(x: &'a str, y: &'a str);\n", "let x: &'a str = \"\";\n",
                                      "don't(\"can't\");\n", "x = 1'000;\n", "y = '\"';\n", "y = b'{';\n",
                                  "a('it''s {');\n", "a\\\"b;\n", "a();  # {\n", "a()  -- { (\n", "a <!-- {\n\n( --> ;\n",
                                      "a --[[ {\n\n( ]]\n"}) {
      CAPTURE(one);
      CHECK(code_levels(one + "b;\n") == one + same);
    }
  }

  TEST_CASE("marks that begin no string or comment") {
    for (const std::string one : {"rm -rf build/* other/*\n", "see http://example.org/ for it\n", "x = $#;\n", "it's not closed\n",
        "for (;;) x--;\n", "f(--x);\n", "cmd --option\n", "`(a ,b)\n", "1 << SHIFT\n",
                                  "a \" alone\n"}) {
      CAPTURE(one);
      CHECK(code_levels(one + "b();\nc(\"x\", 'y', `z`);\n\nd(\"\");\n") == one + "{4}b();\n{4}c(\"x\", 'y', `z`);\n\n{6}d(\"\");\n");
    }
  }

  TEST_CASE("a comment or string that nothing closes hides no more than 64 KiB") {
    for (const std::string open : {"/*", "\"\"\"", "<!--", "R\"x(", "r#\"", "--[["}) {
      CAPTURE(open);
      std::string text = open + "\n";
      while (text.size() < 100'000) text += "line of code();\n\n";
      atlas::structure found;
      support::scan_all(code_rule(), text, 0, 0, found);
      REQUIRE(found.begin() != found.end());
      CHECK(found.begin()->offset > 60'000);
      CHECK(found.begin()->offset < 70'000);
    }
  }

  TEST_CASE("functions are whole where they fit, and so are the members of a class that does not") {
    const std::string f = "int f() {\n  return a + b + c;\n}\n\n";
    const std::string g = "// About g.\nint g() {\n  int x = 1;\n\n  int y = 2;\n  return x + y;\n}\n\n";
    CHECK(cut_code(f + g, 90) == std::vector<std::string>{f, g});
    const std::string head = "class A:\n    \"\"\"About A.\"\"\"\n\n";
    const std::string m1 = "    def m1(self):\n        a = 1\n\n        b = 2\n        return a + b\n\n";
    const std::string m2 = "    @property\n    def m2(self):\n        return 2\n\n";
    const std::string m3 = "    def m3(self):\n        return 'a rather long one'\n";
    CHECK(cut_code(head + m1 + m2 + m3, 130) == std::vector<std::string>{head + m1, m2 + m3});
    CHECK(cut_code(head + m1 + m2 + m3, 90) == std::vector<std::string>{head, m1, m2, m3});
  }

  TEST_CASE("a line that is too long is cut behind semicolons, commas, brackets and white space, in this order") {
    CHECK(cut_code("aaaa(bbbb,cccc);dddd(eeee,ffff)gg", 20) == std::vector<std::string>{"aaaa(bbbb,cccc);", "dddd(eeee,ffff)gg"});
    CHECK(cut_code("aaaa(bbbb, cccc + dddd + eeee)", 20) == std::vector<std::string>{"aaaa(bbbb, ", "cccc + dddd + eeee)"});
    CHECK(cut_code("aaaaaaaaaa(bbbbbbbbbbbbbbbbb", 20) == std::vector<std::string>{"aaaaaaaaaa(", "bbbbbbbbbbbbbbbbb"});
    CHECK(cut_code("aaaaaaaa bbbbb ccccccccccccc", 20) == std::vector<std::string>{"aaaaaaaa bbbbb ", "ccccccccccccc"});
    CHECK(cut_code(std::string(50, 'a'), 20) == std::vector<std::string>{std::string(20, 'a'), std::string(20, 'a'), std::string(10, 'a')});
    CHECK(cut_code("/* a comment of\n   some lines that\n   goes on */ x();\n", 40) ==
        std::vector<std::string>{"/* a comment of\n   some lines that\n", "   goes on */ x();\n"});
  }

  TEST_CASE("a chunk that repeats the end of another begins with a line") {
    std::string text;
    for (int i = 0; i < 200; ++i) text += "statement number " + std::to_string(i) + ";\n";
    auto one = atlas::chunker<code_rule, atlas::character_sizer>::create({.size = 300, .overlap = 80}).value();
    for (const auto& chunk : support::read_chunks(one, text)) CHECK((chunk.byte_begin == 0 ||
        text[static_cast<std::size_t>(chunk.byte_begin) - 1] == '\n'));
  }

  TEST_CASE("what is told does not depend on where parts end") {
    for (std::uint64_t seed = 0; seed < support::repetitions(60, 12, 4); ++seed) {
      CAPTURE(seed);
      CHECK(support::split_dependence(code_rule(), random_code(seed, 20 + seed * 17), 2) == "");
      CHECK(support::split_dependence(code_rule(), support::random_text(seed, 300), 1) == "");
      CHECK(support::split_dependence(code_rule(), support::random_bytes(seed, 600), 1) == "");
    }
  }

  TEST_CASE("code: a state whose bytes were changed gives other boundaries and does no harm") {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      CAPTURE(seed);
      CHECK(support::harm_of_changed_state(code_rule(), random_code(seed, 400), seed) == "");
    }
  }

  TEST_CASE("chunks keep the promises, the same by every way to ask") {
    for (std::uint64_t seed = 100; seed < 100 + support::repetitions(5, 2, 1); ++seed) {
      CAPTURE(seed);
      const std::string text = random_code(seed, 500).substr(0, 12'000);
      for (const chunker_options& options : support::chunker_option_sets()) {
        CAPTURE(options.size);
        // Places are counted from the start for each chunk.
        const std::string some = text.substr(0, options.size < 50 ? 1500 : text.size());
        CHECK(support::broken_by_any_way<code_rule, atlas::character_sizer>({}, some, options, characters_of_code) == "");
      }
    }
  }

  TEST_CASE("the library's own Python: functions at depth 0 that fit are whole, and none is cut before what closes") {
    const char* const root = std::getenv("ATLAS_SOURCE_FOLDER");
    if (root == nullptr) {
      MESSAGE("skipped: the library's own sources, ATLAS_SOURCE_FOLDER is not set");
      return;
    }
    std::size_t functions = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::string(root) + "/c_api/python/atlas")) {
      if (entry.path().extension() != ".py") continue;
      const std::string text = support::file_bytes(entry.path().string());
      auto one = atlas::chunker<code_rule, atlas::byte_sizer>::create({.size = 1500}).value();
      const auto chunks = support::read_chunks(one, text);
      // A function goes from `def` or its decorators to the next line that begins at column 0 and closes nothing.
      std::size_t begin = text.size();
      bool is_decorated = false;
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
        const std::string line = text.substr(at, end - at);
        const bool is_top = line[0] != ' ' && line[0] != '\n' && line[0] != ')' && line[0] != ']' && line[0] != '}';
        if (is_top && begin != text.size() && !is_decorated) {
          std::size_t last = at;
          while (last > begin && text[last - 1] == '\n') --last;
          if (last - begin <= 1500) {
            ++functions;
            bool is_whole = false;
            for (const auto& chunk : chunks) is_whole = is_whole || (chunk.byte_begin <= begin && chunk.byte_end >= last);
            CAPTURE(entry.path().string());
            CAPTURE(text.substr(begin, 60));
            CHECK(is_whole);
          }
          begin = text.size();
        }
        if (is_top && (line.starts_with("def ") || line[0] == '@')) begin = is_decorated ? begin : at;
        if (is_top) is_decorated = line[0] == '@';
        at = end;
      }
    }
    MESSAGE(functions << " functions");
    CHECK(functions > 20);
  }

  TEST_CASE("the library's own headers: chunks begin with a line, nearly all with one that is a thing's first") {
    const char* const root = std::getenv("ATLAS_SOURCE_FOLDER");
    if (root == nullptr) {
      MESSAGE("skipped: the library's own sources, ATLAS_SOURCE_FOLDER is not set");
      return;
    }
    std::size_t cuts = 0;
    std::size_t strong = 0;
    std::size_t closing = 0;
    double fill = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(root) + "/include/atlas")) {
      if (entry.path().extension() != ".hpp") continue;
      const std::string text = support::file_bytes(entry.path().string());
      auto one = atlas::chunker<code_rule, atlas::byte_sizer>::create({.size = 1500}).value();
      const auto chunks = support::read_chunks(one, text);
      for (std::size_t i = 1; i < chunks.size(); ++i) {
        const auto begin = static_cast<std::size_t>(chunks[i].byte_begin);
        ++cuts;
        fill += static_cast<double>(chunks[i - 1].units) / 1500;
        strong += chunks[i - 1].level >= atlas::boundary_level::line ? 1U : 0U;
        const char first = text[text.find_first_not_of(" \n", begin)];
        closing += first == '}' || first == ')' ? 1U : 0U;
        CHECK(text[begin - 1] == '\n');
      }
    }
    MESSAGE(cuts << " cuts, " << 100 * strong / cuts << " % before things, blank lines of bodies among them, "
                 << 1000 * closing / cuts << " per mille before what closes, fill " << fill / static_cast<double>(cuts));
    CHECK(cuts > 500);
    CHECK(strong * 100 >= cuts * 80);
    CHECK(closing * 1000 <= cuts * 5);
  }
}
