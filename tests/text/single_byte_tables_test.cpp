// SPDX-License-Identifier: Apache-2.0
// tests/text/single_byte_tables_test.cpp -- mirrors include/atlas/text/single_byte_tables.hpp.
#include <atlas/text/single_byte_tables.hpp>  // first, so that a missing include in it fails here

#include "support/encodings.hpp"

#include <doctest/doctest.h>

#include <cctype>
#include <string>

TEST_SUITE("text") {
  TEST_CASE("single_byte_tables: each pointer of the standard's indexes, and no others, is a character") {
    if (support::test_data().empty()) {
      MESSAGE("skipped: the WHATWG indexes of single-byte encodings, ATLAS_TEST_DATA is not set");
      return;
    }
    std::size_t compared = 0;
    for (const auto encoding : support::all_encodings()) {
      using enum atlas::text_encoding;
      if (!atlas::is_single_byte(encoding) || encoding == ibm855 || encoding == x_user_defined) continue;
      std::string name = encoding == iso_8859_8_i ? "iso-8859-8" : atlas::name(encoding);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      CAPTURE(name);
      char32_t wanted[128] = {};
      const auto entries = support::index_entries(support::encoding_index("index-" + name + ".txt"));
      REQUIRE(entries.size() > 40);
      for (const auto& [pointer, code_point] : entries) wanted[pointer] = code_point;
      atlas::detail::character_reader reader;
      REQUIRE(reader.open(encoding).ok());
      for (std::size_t byte = 0; byte < 256; ++byte) {
        CAPTURE(byte);
        const char c = static_cast<char>(byte);
        const auto read = reader.read({&c, 1}, 0, false);
        const char32_t want = byte < 0x80 ? static_cast<char32_t>(byte) : wanted[byte - 0x80];
        CHECK(read.length_bytes == 1);
        CHECK((read.what == atlas::detail::reading::whole) == (want != 0 || byte == 0));
        CHECK(read.code_points[0] == want);
        ++compared;
      }
    }
    MESSAGE(compared << " bytes");
    CHECK(compared == 28 * 256);
  }

  TEST_CASE("single_byte_tables: x-user-defined and IBM855, which have no index") {
    atlas::detail::character_reader reader;
    REQUIRE(reader.open(atlas::text_encoding::x_user_defined).ok());
    CHECK(reader.read({"\x80", 1}, 0, true).code_points[0] == 0xF780);
    CHECK(reader.read({"\xFF", 1}, 0, true).code_points[0] == 0xF7FF);
    for (int byte = 0x80; byte < 0x100; ++byte) {
      const char c = static_cast<char>(byte);
      REQUIRE(reader.open(atlas::text_encoding::ibm855).ok());
      const std::string utf8 = support::utf8_of(reader.read({&c, 1}, 0, true).code_points[0]);
      CHECK(support::encoded_by_library(utf8, "IBM855") == std::string(1, c));
    }
  }
}
