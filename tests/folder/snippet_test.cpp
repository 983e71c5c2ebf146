// SPDX-License-Identifier: Apache-2.0
// tests/folder/snippet_test.cpp -- mirrors include/atlas/folder/snippet.hpp.
#include <atlas/folder/snippet.hpp>

#include <atlas/text/utf8_validity.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace {

std::string window(const std::string& text, const std::string& question, std::size_t most_bytes) {
  const atlas::text_view view = atlas::snippet(text, question, most_bytes);
  return {view.data(), view.size()};
}

const std::string filler = "nothing of interest is said in these words here and there ";

}  // namespace

TEST_SUITE("folder") {
  TEST_CASE("snippet: the window holds the words of the question, wherever they are") {
    for (const int before : {0, 1, 7, 30}) {
      CAPTURE(before);
      std::string text;
      for (int i = 0; i < before; ++i) text += filler;
      text += "the temporary file is renamed onto its target. ";
      for (int i = 0; i < 20; ++i) text += filler;
      const std::string found = window(text, "How is a file renamed onto the target?", 100);
      CHECK(found.find("file is renamed onto its target") != std::string::npos);
      CHECK(found.size() <= 100);
    }
  }

  TEST_CASE("snippet: many different words beat one word that is repeated") {
    std::string text;
    for (int i = 0; i < 40; ++i) text += "queue ";
    for (int i = 0; i < 10; ++i) text += filler;
    text += "a bounded queue wakes its sleeping consumer once. ";
    for (int i = 0; i < 10; ++i) text += filler;
    CHECK(window(text, "which consumer sleeps on a bounded queue", 80).find("bounded queue wakes") != std::string::npos);
  }

  TEST_CASE("snippet: case and endings of words do not matter") {
    const std::string text = filler + filler + filler + "Chunkers CUT long documents. " + filler + filler;
    CHECK(window(text, "chunker cuts document", 60).find("Chunkers CUT long documents") != std::string::npos);
  }

  TEST_CASE("snippet: without a match it is the beginning, and nothing gives nothing") {
    const std::string text = filler + filler;
    CHECK(text.find(window(text, "zebra", 30)) == 0);
    CHECK(window(text, "", 30).size() > 10);
    CHECK(window("", "zebra", 30).empty());
    CHECK(window("short", "short", 0).empty());
    CHECK(window("short text", "text", 1000) == "short text");
    CHECK(window("   \n  ", "text", 1000).empty());
  }

  TEST_CASE("snippet: words are whole") {
    std::string text;
    for (int i = 0; i < 50; ++i) text += "alpha beta gamma delta ";
    const std::string found = window(text, "gamma", 50);
    CHECK(found.find("gamma") != std::string::npos);
    const std::string padded = " " + found + " ";
    CHECK((" " + text + " ").find(padded) != std::string::npos);
  }

  TEST_CASE("snippet: scripts without spaces are searched and never cut inside of a character") {
    std::string text;
    for (int i = 0; i < 50; ++i) text += "これは普通の文章です。";
    text += "検索エンジンの索引。";
    for (int i = 0; i < 50; ++i) text += "これは普通の文章です。";
    for (std::size_t most = 0; most < 120; ++most) {
      const std::string found = window(text, "検索エンジン", most);
      CHECK(atlas::is_utf8(found));
      CHECK(found.size() <= most);
    }
    CHECK(window(text, "検索エンジン", 90).find("検索エンジン") != std::string::npos);
    CHECK(window(text, "検索エンジン", 90).size() > 80);
    CHECK(window(text, "zebra", 90).size() > 80);
  }

  TEST_CASE("snippet: any bytes whatever give a part of the text within the bound") {
    std::mt19937 random(11);
    for (int round = 0; round < 5000; ++round) {
      std::string text(random() % 200, '\0');
      for (char& c : text) c = "ab \n\x80\xE3\x81\xF0\xFF"[random() % 9];
      std::string question(random() % 10, '\0');
      for (char& c : question) c = "ab \xE3"[random() % 4];
      const std::size_t most = random() % 60;
      const atlas::text_view found = atlas::snippet(text, question, most);
      CHECK(found.size() <= most);
      CHECK(found.data() >= text.data());
      CHECK(found.end() <= text.data() + text.size());
    }
  }

  TEST_CASE("snippet: valid UTF-8 in, valid UTF-8 out, at every length") {
    std::mt19937 random(12);
    const std::string letters[] = {"a", "b", " ", "ö", "食", "\U0001F600", "word", "\n"};
    for (int round = 0; round < 2000; ++round) {
      std::string text;
      for (std::size_t i = random() % 60; i > 0; --i) text += letters[random() % 8];
      const std::string question = letters[random() % 8] + " " + letters[random() % 8];
      CHECK(atlas::is_utf8(window(text, question, random() % 50)));
    }
  }
}
