// SPDX-License-Identifier: Apache-2.0
// tests/chunk/prose_boundaries_test.cpp -- mirrors include/atlas/chunk/prose_boundaries.hpp.
#include <atlas/chunk/prose_boundaries.hpp>  // first, so that a missing include in it fails here

#include "support/each_target.hpp"
#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace {

/// Words, marks and spaces that mean something to a sentence or a clause; a text has few sorts of them, each often.
std::string text_of_marks(std::uint64_t seed, std::size_t pieces) {
  static const std::vector<std::string> stock = {
      " ", " ", " ", " ", ".", ".", ".", "!", "?", "\"", "'", ")", "(", "\n", "\r\n", "a", "b", "c", "A", "The", "the", "iv", "ii", "Mr", "dr", "no", "No", "co", "U.S",
      "etc", "word", "Word", "bold", "1", "12", "-", ",", ":", ";", "  ", "\u201D", "\u00BB", "\u00AB", "\u2026", "\u2022", "e.g", "z.b", "am", "der", "Mai", "C",
      "\u00B0", "don't", "\u00E9", "\u4E2D", "\uD55C", "\u3002", "\u3001", "\uFF0C", "[", "]", "St", "long-word", "extraordinarily", "\xFF", "\u0301", "\u0085", "\u2028", "\u00A0",
      "\u2014", "do\u00F1a", "\u043F\u0440\u043E\u0444", "1)", "a)", "messrs", "abcdefg", "abcdefgh", "I", "It"};
  std::mt19937_64 random(seed);
  std::vector<std::string> some = {" ", "."};
  for (std::uint64_t i = 0; i < 1 + seed % 9; ++i) some.push_back(stock[random() % stock.size()]);
  std::string out;
  for (std::size_t i = 0; i < pieces; ++i) out += random() % 5 == 0 ? stock[random() % stock.size()] : some[random() % some.size()];
  return out;
}

/// The rule of last_clause_break, read forwards a character at a time.
std::size_t model_clause_break(atlas::text_view text, std::size_t least, std::size_t most) {
  int best = 0;
  std::size_t found = 0;
  std::string word;
  int rank = 0;
  bool is_spaced = false;
  bool is_wide = false;
  for (std::size_t at = atlas::character_start(text, least > 16 ? least - 16 : 0); at <= most && at < text.size();) {
    const atlas::utf8_character c = atlas::decode_one(text, at);
    const bool is_space = atlas::detail::is_break_space(c.code_point);
    const int own = atlas::detail::clause_rank(c.code_point);
    if (rank != 0 && !is_space && at >= least && (is_spaced || (is_wide && own == 0))) {
      const int value = rank == 2 && c.code_point >= U'a' && c.code_point <= U'z' ? 4 : rank;
      if (value >= best && atlas::detail::is_cluster_break(text, at)) {
        best = value;
        found = at;
      }
    }
    if (is_space) {
      is_spaced = true;
    } else if (own != 0 || !atlas::detail::is_quote(c.code_point)) {
      std::uint32_t hash = atlas::detail::empty_word;
      for (std::size_t i = 0; i < word.size();) {
        const atlas::utf8_character letter = atlas::decode_one(word, i);
        hash = atlas::detail::word_with(hash, letter.code_point);
        i += letter.length_bytes;
      }
      rank = own == 2 && !word.empty() && atlas::detail::titles.contains(hash) ? 0 : own;
      is_wide = atlas::detail::is_wide_mark(c.code_point);
      is_spaced = false;
    }
    const bool joins = own == 0 && !is_space && (c.code_point >= 0x80U || atlas::word_part_of(c.code_point) == atlas::word_part::joins);
    if (joins || (own == 2 && !word.empty())) {
      word.append(text.data() + at, c.length_bytes);
    } else {
      word.clear();
    }
    at += c.length_bytes;
  }
  return found;
}

}  // namespace

TEST_SUITE("chunk: prose boundaries") {
  TEST_CASE("what is known of a terminator without reading is what reading finds") {
    std::size_t known = 0;
    for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
      const std::string text = text_of_marks(seed, 10 + seed % 50);
      for (std::size_t i = 0; i < text.size(); ++i) {
        if (!atlas::detail::is_ascii_terminator(text[i])) continue;
        const atlas::detail::usual_stop usual = atlas::detail::usual_break_behind(text, i);
        if (!usual.is_known) continue;
        ++known;
        if (atlas::detail::stop_reader(text).read_behind(i) == usual.boundary) continue;
        CAPTURE(text);
        CAPTURE(i);
        CHECK(atlas::detail::stop_reader(text).read_behind(i) == usual.boundary);
      }
    }
    CHECK(known > 50'000);
  }

  TEST_CASE("sentences of plain English are known without reading") {
    const std::string text = "It was a dark, cold day. Mr. Smith said: \"Is it so?\" He left. (No one saw him.) \"Then,\" she said, \"we wait!\" And so they did.  Then night fell on them all.";
    std::string cut;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (!atlas::detail::is_ascii_terminator(text[i]) || text.size() - i < 7) continue;
      const atlas::detail::usual_stop usual = atlas::detail::usual_break_behind(text, i);
      CAPTURE(i);
      CHECK((usual.is_known || i < 25));  // not at the very start, where a word may be cut
      cut += usual.boundary == 0 ? '-' : text[usual.boundary];
    }
    CHECK(cut == "--H(\"AT");
  }

  TEST_CASE("last_clause_break: as the rule read forwards, on each target") {
    support::on_each_target([] {
      std::size_t wrong = 0;
      std::size_t found = 0;
      for (std::uint64_t seed = 0; seed < 6'000; ++seed) {
        const std::string text = text_of_marks(seed, 3 + seed % 60);
        std::mt19937_64 random(seed);
        for (int i = 0; i < 3 && text.size() > 2; ++i) {
          const std::size_t least = 1 + random() % (text.size() - 2);
          const std::size_t most = least + random() % (text.size() - 1 - least);
          const std::size_t want = model_clause_break(text, least, most);
          found += want != 0 ? 1U : 0U;
          wrong += atlas::detail::last_clause_break(text, least, most) == want ? 0U : 1U;
        }
      }
      CHECK(wrong == 0);
      CHECK(found > 2'000);
    });
  }

  TEST_CASE("a search for a sentence ends where too much was read in vain, and no sooner") {
    const std::string start = "One sentence of some words ends here. Another one ends here: ";
    const std::size_t boundary = start.find("Another");
    const auto last = [&](std::size_t stops) {
      std::string text = start;
      for (std::size_t i = 0; i < stops; ++i) text += ".'";  // nothing is settled as far as is read
      const std::size_t most = text.size();
      text.append(300, '\'');
      return atlas::detail::last_sentence_break(text, 20, most);
    };
    CHECK(last(3) == boundary);
    CHECK(last(20) == 0);
    const auto first = [&](std::size_t stops) {
      std::string text = "Some words";
      for (std::size_t i = 0; i < stops; ++i) text += ".'";
      text += " and no more of this is here. " + start;
      return atlas::detail::first_sentence_break(text, 12, text.size() - 2) == text.find("One");
    };
    CHECK(first(2));
    CHECK_FALSE(first(400));
  }

  TEST_CASE("of full stops in a row one is asked; a word is found over any distance") {
    std::string text = "Well, he waited, and waited......... Then he left the house, and went home at last.";
    const std::size_t boundary = text.find("Then");
    CHECK(atlas::detail::last_sentence_break(text, 10, text.size() - 1) == boundary);
    CHECK(atlas::detail::first_sentence_break(text, 10, text.size() - 1) == boundary);
    const std::string far = "word " + std::string(1000, 'x') + "\u00E9" + std::string(1000, 'x') + " end of it";
    CHECK(atlas::last_prose_boundary(far, 1, 2000).offset == 5);
    CHECK(atlas::last_prose_boundary(far, 6, 2000).level == atlas::boundary_level::character);
    CHECK(atlas::first_prose_boundary(far, 6, 1000, far.size()) == far.find("end"));
    CHECK(atlas::first_prose_boundary(far, 6, 1000, 1900) == 6);
  }
}
