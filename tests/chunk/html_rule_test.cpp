// SPDX-License-Identifier: Apache-2.0
// tests/chunk/html_rule_test.cpp -- mirrors include/atlas/chunk/html_rule.hpp, one TEST_CASE for each promise in it.
#include <atlas/chunk/html_rule.hpp>  // first, so that a missing include in it fails here

#include "support/repetitions.hpp"
#include "support/rule_checks.hpp"
#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_SUITE("chunk: html") {
namespace {

using atlas::chunker_options;
using atlas::html_rule;

/// With the level of each boundary in braces: 15 to 10 headings, 6 section, 5 paragraph, 4 line, 3 behind a heading, 2 cell.
std::string html_levels(const std::string& text) { return support::with_levels(html_rule(), text); }
std::string html_wholes(const std::string& text) { return support::with_levels(html_rule(), text, true); }

std::vector<std::string> cut_html(const std::string& text, std::uint64_t size, std::uint64_t overlap = 0) {
  auto one = atlas::chunker<html_rule, atlas::character_sizer>::create({.size = size, .overlap = overlap, .fill_percent = 40}).value();
  std::vector<std::string> out;
  for (const auto& chunk : support::read_chunks(one, text)) out.push_back(chunk.text);
  return out;
}
std::uint64_t characters_of_html(const std::string& text) { return atlas::count_characters(text); }

using heading_list = std::vector<std::pair<std::uint32_t, std::string>>;

/// All headings that a text has, in order.
heading_list headings_told(const std::string& text) {
  atlas::structure found;
  support::scan_all(html_rule(), text, 0, 0, found);
  heading_list out;
  // Each heading lies at a boundary; two at the same one would leave only the last.
  atlas::heading_path path;
  std::vector<atlas::text_boundary> places(found.begin(), found.end());
  if (places.empty() || places[0].offset != 0) places.insert(places.begin(), atlas::text_boundary{0, atlas::boundary_level::paragraph});
  for (const atlas::text_boundary& one : places) {
    if (one.offset != 0 && one.level < atlas::boundary_level::heading_6) continue;
    atlas::heading_path before = path;
    found.enter_headings(one.offset, path, nullptr).value();
    if (!path.empty() && (one.offset != 0 || !(before == path))) {
      const auto title = path.title(path.size() - 1);
      out.emplace_back(path.depth(path.size() - 1), std::string(title.data(), title.size()));
    }
  }
  return out;
}

/// Which places of a text lie inside of a tag, a comment or a declaration; for documents that close all of them.
std::vector<bool> inside_of_tags(const std::string& text) {
  std::vector<bool> out(text.size() + 1, false);
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '<' || at + 1 == text.size() || !(std::isalpha(static_cast<unsigned char>(text[at + 1])) || text[at + 1] == '/' ||
        text[at + 1] == '!' || text[at + 1] == '?')) {
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    if (text.compare(at, 4, "<!--") == 0) {
      end = text.find("-->", at + 4) + 3;
    } else {
      for (char quote = '\0'; text[end] != '>' || quote != '\0'; ++end) {
        if (quote != '\0' ? text[end] == quote : (text[end] == '"' && text[end - 1] == '=')) quote = quote != '\0' ? '\0' : text[end];
      }
      ++end;
    }
    for (std::size_t i = at + 1; i < end; ++i) out[i] = true;
    if (text.compare(at, 7, "<script") == 0) end = text.find("</script", end);
    at = end;
  }
  return out;
}

std::string random_html(std::uint64_t seed, std::size_t pieces) {
  static const std::vector<std::string> stock = {
      "<p>", "</p>", "<div class=\"a>b\">", "</div>", "text ", "Sentence one. ", "Two? ", "\n", "\n\n", " ", "<h1>", "</h1>", "<h2 id=x>",
          "</h2>", "<h3>", "</h4>", "<ul>", "<li>", "</li>",
      "</ul>", "<br>", "<hr/>", "<pre>", "</pre>", "<script>", "</script>", "if(a<b)", "<style>", "</style>", "<!--", "-->", "--!>",
          "<!-->", "<![CDATA[", "]]>", "<!DOCTYPE html>", "<?php",
      "?>", "<", "</", "</>", "<a href='x'>", "</a>", "<b>", "</b>", "<i", "=\"", "'", ">", "&amp;", "&", "&#65;", "&#x4e2d;", "&nbsp;",
          "&bogus;", "\xE4\xB8\xAD\xE3\x80\x82", "e\xCC\x81",
      "\xFF", "<table><tr><td>", "</td></tr></table>", "<img src=x>", "<TEXTAREA>", "</textarea>", "<title>", "</title>", "<section>",
          "</section>", "\r\n", "\t", "-", "]", "\"", "<plaintext"};
  std::mt19937_64 random(seed);
  std::string out;
  for (std::size_t i = 0; i < pieces; ++i) {
    out += stock[random() % stock.size()];
    if (random() % 300 == 0) out += std::string(random() % 6000, " x\"<\n-]"[random() % 7]);
  }
  return out;
}

}  // namespace

  TEST_CASE("blocks are boundaries by level, behind what ends and before what begins") {
    CHECK(html_levels("<p>One.</p>\n<p>Two.</p>\n<section><p>Three.</p></section>\n<p>Four.") ==
          "<p>One.</p>\n{5}<p>Two.</p>\n{6}<section><p>Three.</p></section>\n{6}<p>Four.");
    CHECK(html_levels("a<ul>\n<li>b</li>\n<li><p>c</p></li>\n</ul>\nd") == "a{5}<ul>\n<li>b</li>\n{4}<li><p>c</p></li>\n</ul>\n{5}d");
    CHECK(html_levels("<table><tr><th>a<th>b<tr><td>c</td><td>d</td></tr></table>e") ==
        "<table><tr><th>a{2}<th>b{4}<tr><td>c</td>{2}<td>d</td></tr></table>{5}e");
    CHECK(html_levels("a<br>b<hr>c<BR/> <i>d") == "a<br>{4}b<hr>{6}c<BR/> {4}<i>d");
    CHECK(html_levels("a<div><div><p>b</p></div>c</div>d") == "a{5}<div><div><p>b</p></div>{5}c</div>{5}d");
    CHECK(html_levels("<b>a</b> <i>b</i><img src=x><input> c") == "<b>a</b> <i>b</i><img src=x><input> c");
    CHECK(html_levels("<p>a</p><!-- c --><p>b</p><a id=x></a><p>c") == "<p>a</p>{5}<!-- c --><p>b</p>{5}<a id=x></a><p>c");
    CHECK(html_levels("<dl><dt>a<dd>b<dt>c</dl><p></p>d") == "<dl><dt>a{4}<dd>b{4}<dt>c</dl><p></p>{5}d");
  }

  TEST_CASE("headings have their own levels and stay with what follows") {
    CHECK(html_levels("a<h1>b</h1><p>c</p><div><a></a><H3 class=x>d</H3></div>\n<p>e<h2>f</h2>\n<h6>g</h6>h") ==
          "a{15}<h1>b</h1>{3}<p>c</p>{13}<div><a></a><H3 class=x>d</H3></div>\n{3}<p>e{14}<h2>f</h2>\n{10}<h6>g</h6>h");
    CHECK(cut_html("<p>Some text here.</p><h2>Title</h2><p>More text that is here.</p>", 50) ==
          std::vector<std::string>{"<p>Some text here.</p>", "<h2>Title</h2><p>More text that is here.</p>"});
  }

  TEST_CASE("a chunk knows the headings above it, titles without tags, white space and references") {
    const std::string text = "<h1>The\n  <b>first</b> &amp; only</h1><p>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</p>"
                             "<h3>Be<i>low</i>&nbsp;&#x4e2d;&eacute; <!-- no -->x</h3><p>bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb</p>"
                             "<h2>Two</h2><p>cccccccccccccccccccccccccccccccccccccc</p>";
    auto one = atlas::chunker<html_rule, atlas::character_sizer>::create({.size = 100}).value();
    const auto chunks = support::read_chunks(one, text);
    REQUIRE(chunks.size() == 3);
    CHECK(chunks[0].headings == std::vector<std::string>{"The first & only"});
    CHECK(chunks[1].headings == std::vector<std::string>{"The first & only", "Below \xE4\xB8\xAD&eacute; x"});
    CHECK(chunks[2].headings == std::vector<std::string>{"The first & only", "Two"});
    CHECK(headings_told("<h1></h1><h2> </h2>a<h2>b") == heading_list{{2, "b"}});
    CHECK(headings_told("a<h2>b<p>c<h3>d<h4>e</h2>") == heading_list{{2, "b"}, {3, "d"}, {4, "e"}});
    CHECK(headings_told("<h2><script>if (a < b) {}</script>x</h2>") == heading_list{{2, "x"}});
    const auto endless = headings_told("<h2>" + std::string(10'000, 'x'));
    REQUIRE(endless.size() == 1);
    CHECK(endless[0].second == std::string(256, 'x'));
  }

  TEST_CASE("quotes, comments, declarations, sections and signs that begin nothing are read as the standard's tokenizer does") {
    for (const std::string one : {"a<b title=\"<p>\">", "a<b title='<p>' x>", "a<b title=\">\"<p>", "a<b x=y\"<p>", "a<b x\"=\"<p>\">",
        "a<!-- <p> -- > <p> -->", "a<!--><b>", "a<!---><b>", "a<!-- <p> --!>",
                                  "a<!<p>", "a<?<p>", "a</ <p>", "a<![CDATA[<p>]]>", "a < p>", "a <1p>", "a<>", "a<px>",
                                      "a<b/x=\"<p>\"/>", "a<b = \"<p>\">", "a<b x = \n \"<p>\">"}) {
      CAPTURE(one);
      CHECK(html_levels(one + "b<P\n>c") == one + "b{5}<P\n>c");
    }
    CHECK(html_levels("a<p") == "a<p");
    CHECK(html_levels("a<b title=\"<p>b<p>c") == "a<b title=\"<p>b<p>c");
  }

  TEST_CASE("the text of scripts, styles, text areas and titles has no tags, and all of them and pre stay whole") {
    CHECK(html_wholes("<p>a</p><script>if (a<p>b) \"</p>\";\n\nx</scripty></script><p>b") ==
        "<p>a</p>{5*}<script>if (a<p>b) \"</p>\";\n\n{5}x</scripty></script>{5}<p>b");
    CHECK(html_wholes("<p>a<STYLE>p{}\nq{}</Style >b<textarea><p>\n</textarea>c<title><p></title>") ==
          "<p>a{5*}<STYLE>p{}\n{4}q{}</Style >{5}b{5*}<textarea><p>\n</textarea>{5}c{5*}<title><p></title>");
    CHECK(html_wholes("a<div><pre>\nb\n\n  <b>c</b>\n  d\n</pre></div>e") ==
        "a{5*}<div><pre>\n{4}b\n\n{5}  <b>c</b>\n{4}  d\n</pre></div>{5}e");
    const std::string before = "<p>Some text before it that is a little long.</p>\n";
    const std::string pre = "<pre>line one\nline two\n\nline three\n</pre>\n";
    CHECK(cut_html(before + pre + "<p>And more text behind it.</p>", 80) == std::vector<std::string>{before,
        pre + "<p>And more text behind it.</p>"});
for (const std::string& chunk : cut_html(before + "<pre>" + std::string(40, 'x') + "\n" + std::string(40, 'y') + "\n" + std::string(40,
    'z') + "</pre>", 70)) CHECK(chunk.size() <= 70);
  }

  TEST_CASE("sentences and words are found across tags, and nothing is cut inside of a tag or a reference") {
    const std::string text = "One <b>sentence of it.</b> <i class=\"x y\">Another</i> one, of <a href='a b c'>Mr. Smith</a> &amp; sons. Third";
    CHECK(cut_html(text, 60) == std::vector<std::string>{"One <b>sentence of it.</b> ", "<i class=\"x y\">Another</i> one, ",
        "of <a href='a b c'>Mr. Smith</a> &amp; sons. Third"});
    CHECK(cut_html(text, 48) == std::vector<std::string>{"One <b>sentence of it.</b> ", "<i class=\"x y\">Another</i> one, ",
        "of <a href='a b c'>Mr. Smith</a> &amp; sons. ", "Third"});
    CHECK(cut_html("aaaa bbbb&quot;cccc&quot;dddd", 12) == std::vector<std::string>{"aaaa ", "bbbb&quot;cc", "cc&quot;dddd"});
    CHECK(cut_html("aaaa&amp;&amp;&amp;&amp;", 12) == std::vector<std::string>{"aaaa&amp;", "&amp;&amp;", "&amp;"});
    CHECK(cut_html("aaaaaaaa<span title=\"a b\">bbbbbbb</span>cc", 20) == std::vector<std::string>{"aaaaaaaa", "<span title=\"a b\">bb",
        "bbbbb</span>cc"});
    CHECK(cut_html("\xE4\xB8\xAD\xE6\x96\x87\xE3\x80\x82<b>\xE4\xB8\xAD\xE6\x96\x87</b>\xE4\xB8\xAD", 8) ==
        std::vector<std::string>{"\xE4\xB8\xAD\xE6\x96\x87\xE3\x80\x82", "<b>\xE4\xB8\xAD", "\xE6\x96\x87</b>\xE4\xB8\xAD"});
    // A tag that alone is larger than a chunk.
    std::string joined;
    for (const std::string& chunk : cut_html("a <img alt=\"" + std::string(100, 'x') + " y z\"> b", 40)) {
      CHECK(chunk.size() <= 40);
      joined += chunk;
    }
    CHECK(joined == "a <img alt=\"" + std::string(100, 'x') + " y z\"> b");
  }

  TEST_CASE("what a chunk repeats begins outside of tags") {
    std::string text;
    for (int i = 0; i < 300; ++i) text += "Sentence <b class=\"a b c\">number " + std::to_string(i) + "</b>. ";
    const auto inside = inside_of_tags(text);
    auto one = atlas::chunker<html_rule, atlas::character_sizer>::create({.size = 200, .overlap = 90}).value();
    std::size_t repeats = 0;
    for (const auto& chunk : support::read_chunks(one, text)) {
      CHECK_FALSE(inside[static_cast<std::size_t>(chunk.byte_begin)]);
      repeats += chunk.byte_begin != chunk.byte_fresh ? 1U : 0U;
      CHECK((chunk.byte_begin == 0 || text.compare(static_cast<std::size_t>(chunk.byte_begin), 9, "Sentence ") == 0));
    }
    CHECK(repeats > 50);
  }

  TEST_CASE("what is told of HTML does not depend on where parts end") {
    for (std::uint64_t seed = 0; seed < support::repetitions(60, 12, 4); ++seed) {
      CAPTURE(seed);
      CHECK(support::split_dependence(html_rule(), random_html(seed, 20 + seed * 17), 2) == "");
      CHECK(support::split_dependence(html_rule(), support::random_text(seed, 300), 1) == "");
      CHECK(support::split_dependence(html_rule(), support::random_bytes(seed, 600), 1) == "");
    }
  }

  TEST_CASE("HTML: a state whose bytes were changed gives other boundaries and does no harm") {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
      CAPTURE(seed);
      CHECK(support::harm_of_changed_state(html_rule(), random_html(seed, 400), seed) == "");
    }
  }

  TEST_CASE("chunks of HTML keep the promises, the same by every way to ask") {
    for (std::uint64_t seed = 100; seed < 100 + support::repetitions(5, 2, 1); ++seed) {
      CAPTURE(seed);
      const std::string text = random_html(seed, 500).substr(0, 12'000);
      for (const chunker_options& options : support::chunker_option_sets()) {
        CAPTURE(options.size);
        // Places are counted from the start for each chunk.
        const std::string some = text.substr(0, options.size < 50 ? 1500 : text.size());
        CHECK(support::broken_by_any_way<html_rule, atlas::character_sizer>({}, some, options, characters_of_html) == "");
      }
    }
  }

  TEST_CASE("documents: the headings are those of the source, and no chunk begins inside of a tag") {
    if (support::test_data().empty()) {
      MESSAGE("skipped: 1,243 HTML documents, ATLAS_TEST_DATA is not set");
      return;
    }
    const std::string all = support::output_of("tar --zstd -xOf '" + support::test_data() + "/text/html-docs.tar.zst' --wildcards '*.html'");
    REQUIRE(all.size() > 1'000'000);
    std::size_t documents = 0;
    std::size_t headings = 0;
    std::size_t cuts = 0;
    std::size_t strong = 0;
    std::size_t places = 0;
    std::size_t cut_tags = 0;
    auto one = atlas::chunker<html_rule, atlas::character_sizer>::create({.size = 1000}).value();
    auto small = atlas::chunker<html_rule, atlas::character_sizer>::create({.size = 300, .overlap = 60}).value();
    for (std::size_t begin = 0; begin < all.size() && documents < 400;) {
      const std::size_t end = std::min(all.find("</html>", begin), all.size() - 7) + 7;
      const std::string text = all.substr(begin, end - begin);
      begin = end;
      ++documents;
      // What the source has between <hN and </hN>, without tags and with single spaces.
      heading_list want;
      for (std::size_t at = 0; (at = text.find("<h", at)) != std::string::npos; ++at) {
        if (text[at + 2] < '1' || text[at + 2] > '6') continue;
        const std::size_t stop = text.find("</h", at);
        std::string title;
        bool is_tag = false;
        for (std::size_t i = at; i < stop; ++i) {
          if (text[i] == '<') is_tag = true;
          if (!is_tag) title += text[i] == '\n' || text[i] == '\t' ? ' ' : text[i];
          if (text[i] == '>') is_tag = false;
        }
        std::string clean;
        for (std::size_t i = 0; i < title.size(); ++i) {
          if (title.compare(i, 2, "\xC2\xA0") == 0) title.replace(i, 2, " ");
          const struct { const char* from; const char* to; } references[] = {{"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;",
              "\""}, {"&#8217;", "\xE2\x80\x99"}, {"&#39;", "'"}};
          bool is_reference = false;
          for (const auto& reference : references) {
            if (title.compare(i, std::strlen(reference.from), reference.from) != 0) continue;
            clean += reference.to;
            i += std::strlen(reference.from) - 1;
            is_reference = true;
            break;
          }
          if (is_reference || (title[i] == ' ' && (clean.empty() || clean.back() == ' '))) continue;
          clean += title[i];
        }
        while (!clean.empty() && clean.back() == ' ') clean.pop_back();
        if (!clean.empty()) want.emplace_back(static_cast<std::uint32_t>(text[at + 2] - '0'), clean);
      }
      headings += want.size();
      heading_list got = headings_told(text);
      CAPTURE(documents);
      REQUIRE(got.size() == want.size());
      for (std::size_t i = 0; i < got.size(); ++i) {
        CHECK(got[i].first == want[i].first);
        // The longest are cut.
        CHECK(got[i].second == want[i].second.substr(0, got[i].second.size() < 250 ? std::string::npos : got[i].second.size()));
      }
      const auto inside = inside_of_tags(text);
      for (const auto& chunk : support::read_chunks(one, text)) {
        ++cuts;
        strong += chunk.level >= atlas::boundary_level::line ? 1U : 0U;
        CHECK_FALSE(inside[static_cast<std::size_t>(chunk.byte_begin)]);
      }
      for (const auto& chunk : support::read_chunks(small, text)) {
        for (const std::uint64_t place : {chunk.byte_begin, chunk.byte_fresh}) {
          ++places;
          if (!inside[static_cast<std::size_t>(place)]) continue;
          // Only where the tag is larger than a chunk.
          std::size_t first = static_cast<std::size_t>(place);
          std::size_t last = first;
          while (inside[first]) --first;
          while (inside[last]) ++last;
          CHECK(atlas::count_characters({text.data() + first, last - first}) > 300);
          ++cut_tags;
        }
      }
    }
    MESSAGE(cut_tags << " of " << places << " places of small chunks lie inside of a tag that is larger than a chunk");
    MESSAGE(documents << " documents, " << headings << " headings, " << cuts << " chunks, " << 100 * strong / cuts << " % of them end with a block");
    CHECK(headings > 500);
  }

  TEST_CASE("the tokenizer tests of html5lib: any of their inputs gives chunks that keep the promises") {
    if (support::test_data().empty()) {
      MESSAGE("skipped: html5lib tests, ATLAS_TEST_DATA is not set");
      return;
    }
    const std::string all = support::output_of("tar --zstd -xOf '" + support::test_data() + "/suites/html5lib-tests.tar.zst'");
    REQUIRE(all.size() > 100'000);
    auto small = atlas::chunker<html_rule, atlas::character_sizer>::create({.size = 60, .overlap = 10}).value();
    for (std::size_t at = 0; at < all.size(); at += 20'000) {
      const std::string text = all.substr(at, 20'000);
      CAPTURE(at);
      CHECK(support::split_dependence(html_rule(), text, 1) == "");
      CHECK(support::broken_promise(text.substr(0, 2000), support::read_chunks(small, text.substr(0, 2000)), {.size = 60, .overlap = 10},
          characters_of_html) == "");
    }
  }
}
