// SPDX-License-Identifier: Apache-2.0
// tests/text/unicode_kinds_test.cpp -- mirrors include/atlas/text/unicode_kinds.hpp, with the tables it reads.
#include <atlas/text/unicode_kinds.hpp>  // first, so that a missing include in it fails here

#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

TEST_SUITE("text: unicode kinds") {
  using atlas::unicode_kind;
  using atlas::unicode_kind_of;

  TEST_CASE("unicode_kind_of: every code point is what the files of Unicode 15.0 say") {
    if (support::test_data().empty()) {
      MESSAGE("skipped: 1,114,112 code points, ATLAS_TEST_DATA is not set");
      return;
    }
    const std::string unpack = "tar -I zstd -xOf " + support::test_data() + "/suites/unicode-15.0.tar.zst unicode-15.0/ucd/";
    const std::string data = support::output_of(unpack + "UnicodeData.txt 2>/dev/null");
    const std::string properties = support::output_of(unpack + "PropList.txt 2>/dev/null");
    if (data.empty() || properties.empty()) {
      MESSAGE("skipped: tar cannot unpack zstd here");
      return;
    }
    std::vector<std::string> category(0x110000, "Cn");
    std::size_t first = 0;
    for (const std::string& line : support::lines_of(data)) {
      const std::size_t name = line.find(';');
      const std::size_t field = line.find(';', name + 1);
      if (name == std::string::npos || field == std::string::npos) continue;
      const std::size_t last = std::stoul(line, nullptr, 16);
      if (line.find(", Last>") == std::string::npos) first = last;
      for (std::size_t c = first; c <= last; ++c) category[c] = line.substr(field + 1, 2);
    }
    for (const std::string& line : support::lines_of(properties)) {
      if (line.find("; White_Space") == std::string::npos) continue;
      const std::size_t dots = line.find("..");
      const std::size_t begin = std::stoul(line, nullptr, 16);
      const std::size_t end = dots == std::string::npos ? begin : std::stoul(line.substr(dots + 2), nullptr, 16);
      for (std::size_t c = begin; c <= end; ++c) category[c] = "White_Space";
    }
    std::size_t wrong = 0;
    std::size_t letters = 0;
    for (std::size_t c = 0; c < 0x110000; ++c) {
      const std::string& one = category[c];
      const unicode_kind want = one == "White_Space"              ? unicode_kind::white_space
                                  : one[0] == 'N'                   ? unicode_kind::number
                                  : one[0] == 'M'                   ? unicode_kind::mark
                                  : one == "Lu" || one == "Lt"      ? unicode_kind::upper
                                  : one == "Ll"                     ? unicode_kind::lower
                                  : one[0] == 'L'                   ? unicode_kind::letter
                                                                    : unicode_kind::other;
      const unicode_kind got = unicode_kind_of(static_cast<char32_t>(c));
      if (got != want) ++wrong;
      if (is_letter(got)) ++letters;
    }
    CHECK(wrong == 0);
    CHECK(letters > 130'000);
    MESSAGE(letters << " letters");
  }

  TEST_CASE("unicode_kind_of: what is no code point is other") {
    CHECK(unicode_kind_of(0x110000) == unicode_kind::other);
    CHECK(unicode_kind_of(0xFFFFFFFF) == unicode_kind::other);
    CHECK(unicode_kind_of(0xD800) == unicode_kind::other);
  }

  TEST_CASE("kind_at: the character that begins there, an ill-formed byte by itself") {
    const std::string text = "aA1 \xC3\xA9\xE4\xBD\xA0\xCC\x81\xE2\x80\xA8\xE4\xBD";
    std::vector<int> kinds;
    for (std::size_t at = 0; at < text.size();) {
      const atlas::kind_in_text one = atlas::kind_at(text, at);
      kinds.push_back(static_cast<int>(one.kind) * 10 + one.length_bytes);
      at += one.length_bytes;
    }
    CHECK(kinds == std::vector<int>{51, 41, 21, 11, 52, 63, 32, 13, 1, 1});
  }
}
