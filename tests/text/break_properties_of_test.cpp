// SPDX-License-Identifier: Apache-2.0
// tests/text/break_properties_of_test.cpp -- mirrors include/atlas/text/break_properties_of.hpp, with the tables it reads.
#include <atlas/text/break_properties_of.hpp>  // first, so that a missing include in it fails here

#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

TEST_SUITE("text: break properties") {
  using atlas::grapheme_break;
  using atlas::sentence_break;
  using atlas::word_break;

  /// A file of the Unicode Character Database by code points; "Other" where it says nothing.
  std::vector<std::string> property_file(const std::string& name) {
    const std::string packed = support::test_data() + "/suites/unicode-15.0.tar.zst";
    const std::string text = support::output_of("tar -I zstd -xOf " + packed + " unicode-15.0/ucd/" + name + " 2>/dev/null");
    std::vector<std::string> values(text.empty() ? 0 : 0x110000, "Other");
    for (const std::string& line : support::lines_of(text)) {
      std::istringstream in(line.substr(0, line.find('#')));
      std::string range;
      std::string semicolon;
      std::string value;
      if (!(in >> range >> semicolon >> value)) continue;
      if (name == "emoji-data.txt" && value != "Extended_Pictographic") continue;
      const std::size_t dots = range.find("..");
      const std::size_t first = std::stoul(range, nullptr, 16);
      const std::size_t last = dots == std::string::npos ? first : std::stoul(range.substr(dots + 2), nullptr, 16);
      for (std::size_t c = first; c <= last; ++c) values[c] = value;
    }
    return values;
  }

  TEST_CASE("break_properties_of: every code point is what the files of Unicode 15.0 say") {
    CHECK(std::string(atlas::unicode_version) == "15.0.0");
    if (support::test_data().empty()) {
      MESSAGE("skipped: 1,114,112 code points, ATLAS_TEST_DATA is not set");
      return;
    }
    std::vector<std::string> grapheme = property_file("GraphemeBreakProperty.txt");
    const std::vector<std::string> word = property_file("WordBreakProperty.txt");
    const std::vector<std::string> sentence = property_file("SentenceBreakProperty.txt");
    const std::vector<std::string> pictographs = property_file("emoji-data.txt");
    if (grapheme.empty()) {
      MESSAGE("skipped: tar cannot unpack zstd here");
      return;
    }
    static const char* const grapheme_names[] = {"Other", "CR", "LF", "Control", "Extend", "ZWJ", "Regional_Indicator", "Prepend",
                                                 "SpacingMark", "L", "V", "T", "LV", "LVT", "Extended_Pictographic"};
    static const char* const word_names[] = {"Other", "CR", "LF", "Newline", "Extend", "ZWJ", "Format", "Regional_Indicator",
                                             "Katakana", "Hebrew_Letter", "ALetter", "Single_Quote", "Double_Quote", "MidNumLet",
                                             "MidLetter", "MidNum", "Numeric", "ExtendNumLet", "WSegSpace"};
    static const char* const sentence_names[] = {"Other", "CR", "LF", "Sep", "Extend", "Format", "Sp", "Lower", "Upper", "OLetter",
                                                 "Numeric", "ATerm", "SContinue", "STerm", "Close"};
    std::size_t wrong = 0;
    for (std::size_t c = 0; c < 0x110000; ++c) {
      if (pictographs[c] != "Other") grapheme[c] = pictographs[c];
      const atlas::break_properties found = atlas::break_properties_of(static_cast<char32_t>(c));
      wrong += grapheme[c] != grapheme_names[static_cast<int>(found.grapheme)] ? 1U : 0U;
      wrong += word[c] != word_names[static_cast<int>(found.word)] ? 1U : 0U;
      wrong += sentence[c] != sentence_names[static_cast<int>(found.sentence)] ? 1U : 0U;
    }
    CHECK(wrong == 0);
  }

  TEST_CASE("break_properties_of: some of each stage of the tables") {
    CHECK(atlas::grapheme_break_of(U'\r') == grapheme_break::cr);
    CHECK(atlas::word_break_of(U'a') == word_break::aletter);
    CHECK(atlas::word_break_of(U'\'') == word_break::single_quote);
    CHECK(atlas::sentence_break_of(U'.') == sentence_break::aterm);
    CHECK(atlas::sentence_break_of(U'\u3002') == sentence_break::sterm);
    CHECK(atlas::sentence_break_of(U'\u4E2D') == sentence_break::oletter);
    CHECK(atlas::grapheme_break_of(U'\uAC01') == grapheme_break::lvt);
    CHECK(atlas::grapheme_break_of(U'\U0001F600') == grapheme_break::extended_pictographic);
    CHECK(atlas::grapheme_break_of(U'\U0001F1E6') == grapheme_break::regional_indicator);
    CHECK(atlas::grapheme_break_of(U'\U000E01EF') == grapheme_break::extend);
  }

  TEST_CASE("break_properties_of: what is no character has the property Other") {
    for (const char32_t c : {char32_t{0xFFFD}, char32_t{0xD800}, char32_t{0xDFFF}, char32_t{0x10FFFF}, char32_t{0x110000}, char32_t{0xFFFFFFFF}}) {
      CHECK(atlas::grapheme_break_of(c) == grapheme_break::other);
      CHECK(atlas::word_break_of(c) == word_break::other);
      CHECK(atlas::sentence_break_of(c) == sentence_break::other);
    }
  }
}
