// SPDX-License-Identifier: Apache-2.0
// tests/text/character_reader_test.cpp -- mirrors include/atlas/text/character_reader.hpp.
#include <atlas/text/character_reader.hpp>  // first, so that a missing include in it fails here

#include "support/encodings.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using atlas::detail::character_reader;
using atlas::detail::reading;

/// A text read to its end: characters as UTF-8, "!n" for n bad bytes.
std::string shape_of(const std::string& bytes, atlas::text_encoding encoding) {
  character_reader reader;
  REQUIRE(reader.open(encoding).ok());
  std::string shape;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto read = reader.read(bytes, at, true);
    REQUIRE(read.what != reading::cut);
    REQUIRE(read.length_bytes >= 1);
    REQUIRE(read.length_bytes <= bytes.size() - at);
    if (read.what == reading::bad) shape += "!" + std::to_string(read.length_bytes);
    for (std::size_t i = 0; i < read.count; ++i) shape += support::utf8_of(read.code_points[i]);
    at += read.length_bytes;
  }
  return shape;
}

}  // namespace

TEST_SUITE("text") {
  TEST_CASE("character_reader: good and bad bytes are taken apart as the standard's decoders do") {
    using enum atlas::text_encoding;
    const struct {
      atlas::text_encoding encoding;
      std::string bytes;
      std::string shape;
    } cases[] = {
        {utf8, "a\xC3\xA9\xE2\x82", "a\u00E9!1!1"},
        {utf8, "\xF0\x9F\x98\x80\xED\xA0\x80\xC0\xAF", "\U0001F600!1!1!1!1!1"},
        {utf16_le, std::string("a\0\x3D\xD8\x00\xDE\x00\xDC", 8), "a\U0001F600!2"},
        {utf16_be, std::string("\xD8\x3D\0a\xD8\x3D\xDE", 7), "!2a!3"},
        {utf16_le, std::string("\x3D\xD8", 2), "!2"},
        {utf32_le, std::string("a\0\0\0\0\xD8\0\0\0\0\x11\0z\0\0", 15), "a!4!4!3"},
        {utf32_be, std::string("\0\0\0a\0\1\xF6\0", 8), "a\U0001F600"},
        {windows_1252, "\x80\x81\xFF", "\u20AC\u0081\u00FF"},
        {windows_1253, "\xAA\xD2\xFF" "a", "!1!1!1a"},
        {gbk, "\x80\xC4\xE3\xFF\x81", "\u20AC\u4F60!1!1"},
        {gb18030, "\x81\x30\x81\x30\x90\x30\x81\x30", "\u0080\U00010000"},
        {gb18030, "\x81\x30\x81z\x81\x30z\x81\xFF", "!10\u4E83!10z!2"},
        {gb18030, "\xE3\x32\x9A\x36", "!4"},
        {gb18030, "\x81 \x81\x7F", "!1 !1\x7F"},
        {gb18030, "\x81\x30\x81", "!3"},
        {big5, "\xA4\xA4\x88" "b\x88\xA5", "\u4E2D\u00CA\u0304\u00EA\u030C"},
        {big5, "\x80\xFF\x81\x40\x81\x80\xA4", "!1!1!1@!2!1"},
        {big5, "\xA4 \xA4\x7F", "!1 !1\x7F"},
        {euc_jp, "\xC6\xFC\x8E\xB1\x8F\xB0\xA1", "\u65E5\uFF71\u4E02"},
        {euc_jp, "\x8E\xE0\x8Ez\x8F\xB0z\x8F\xB0\x80\x8Fz\x80\xA0", "!2!1z!2z!3!1z!1!1"},
        {euc_jp, "\x8F\xB0", "!2"},
        {shift_jis, "\x93\xFA\xB1\x80\x5C\x7E\xF0\x40", "\u65E5\uFF71\u0080\x5C\x7E\uE000"},
        {shift_jis, "\xA0\xFD\x81 \x81\xFD\x85\x40\x81", "!1!1!1 !2!1@!1"},
        {euc_kr, "\xB0\xA1\x81\x41\x80\xFF\xB0 \xC9\xA1\xC9\x41\xB0", "\uAC00\uAC02!1!1!1 !2!1A!1"},
        {iso_2022_jp, "a\x1B$BF|\x1B(Ba", "a\u65E5a"},
        {iso_2022_jp, "\x1B(J\x5C\x7E\x1B(I1\x1B$@F|\x1B(B\x5C", "\u00A5\u203E\uFF71\u65E5\x5C"},
        {iso_2022_jp, "\x80\x0E\x0F\x1B[0m\x1B$A\x1B", "!1!1!1!1[0m!1$A!1"},
        {iso_2022_jp, "\x1B$B\nF\x1B(BaF\x1B$BF", "!1!1aF!1"},
        {iso_2022_jp, "\x1B(I\x60\x1B$", "!1!2"},
        {iso_2022_jp, "\x1B$BF\x80\x21\x7F", "!2!2"},
    };
    for (const auto& one : cases) {
      CAPTURE(std::string(atlas::name(one.encoding)));
      CAPTURE(one.shape);
      CHECK(shape_of(one.bytes, one.encoding) == one.shape);
    }
  }

  TEST_CASE("character_reader: every prefix of a character is cut, and is one bad sequence at a text's end") {
    std::size_t cuts = 0;
    for (const support::encoded_text& text : support::encoded_texts()) {
      CAPTURE(std::string(atlas::name(text.encoding)));
      character_reader reader;
      REQUIRE(reader.open(text.encoding).ok());
      for (std::size_t at = 0; at < text.bytes.size();) {
        const std::uint8_t mode = reader.mode();
        const auto whole = reader.read(text.bytes, at, false);
        REQUIRE(whole.what == reading::whole);
        const std::uint8_t after = reader.mode();
        for (std::size_t length = 1; length < whole.length_bytes; ++length, ++cuts) {
          REQUIRE(reader.set_mode(mode));
          const atlas::text_view prefix(text.bytes.data() + at, length);
          CHECK(reader.read(prefix, 0, false).what == reading::cut);
          const auto last = reader.read(prefix, 0, true);
          CHECK(last.what == reading::bad);
          CHECK(last.length_bytes == (text.encoding == atlas::text_encoding::utf8 ? 1 : length));
          CHECK(reader.mode() == mode);
        }
        REQUIRE(reader.set_mode(after));
        at += whole.length_bytes;
      }
    }
    CHECK(cuts > 500);
  }

  TEST_CASE("character_reader: four bytes always tell what the first of them are, whatever they are") {
    for (const auto encoding : support::all_encodings()) {
      CAPTURE(std::string(atlas::name(encoding)));
      character_reader reader;
      REQUIRE(reader.open(encoding).ok());
      for (std::uint64_t seed = 0; seed < 2000; ++seed) {
        std::string bytes = support::random_bytes(seed, 4);
        if (seed % 3 == 0) bytes[0] = '\x1B';
        const auto read = reader.read(bytes, 0, false);
        REQUIRE(read.what != reading::cut);
        REQUIRE(read.length_bytes >= 1);
        REQUIRE(read.length_bytes <= 4);
        REQUIRE(read.count <= 2);
        if (read.what == reading::bad) REQUIRE(read.count == 0);
        for (std::size_t i = 0; i < read.count; ++i) {
          REQUIRE(read.code_points[i] <= 0x10FFFFU);
          REQUIRE_FALSE((read.code_points[i] >= 0xD800U && read.code_points[i] <= 0xDFFFU));
        }
      }
    }
  }

  TEST_CASE("character_reader: modes are those of ISO-2022-JP, and only its") {
    character_reader reader;
    REQUIRE(reader.open(atlas::text_encoding::iso_2022_jp).ok());
    for (std::uint8_t mode = 0; mode < 4; ++mode) {
      CHECK(reader.set_mode(mode));
      CHECK(reader.mode() == mode);
    }
    CHECK_FALSE(reader.set_mode(4));
    CHECK(reader.mode() == 3);
    REQUIRE(reader.open(atlas::text_encoding::shift_jis).ok());
    CHECK(reader.mode() == 0);
    CHECK_FALSE(reader.set_mode(1));
  }
}
