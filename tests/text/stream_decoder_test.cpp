// SPDX-License-Identifier: Apache-2.0
// tests/text/stream_decoder_test.cpp -- mirrors include/atlas/text/stream_decoder.hpp.
#include <atlas/text/stream_decoder.hpp>  // first, so that a missing include in it fails here
#include <atlas/text/utf8_validity.hpp>

#include "support/encodings.hpp"
#include "support/error_line.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace {

using atlas::stream_decoder;
using atlas::text_encoding;

struct streamed {
  std::string text;
  std::string error;
  text_encoding encoding = text_encoding::unknown;
  std::uint64_t source_bytes = 0;
};

/// @param most  bytes a piece; 0: random sizes up to 200,000
streamed streamed_in_pieces(const std::string& bytes, std::size_t most, atlas::bad_bytes policy = atlas::bad_bytes::refuse,
                            text_encoding encoding = text_encoding::unknown) {
  stream_decoder decoder(policy, encoding);
  std::mt19937_64 random(bytes.size());
  atlas::buffer<char> out;
  atlas::status said;
  for (std::size_t at = 0; at < bytes.size() && said.ok();) {
    std::size_t size = most != 0 ? most : random() % 200'000;
    size = size < bytes.size() - at ? size : bytes.size() - at;
    said = decoder.feed({reinterpret_cast<const std::byte*>(bytes.data()) + at, size}, out);
    at += size;
  }
  if (said.ok()) said = decoder.finish(out);
  streamed got{support::string_of(out), support::error_line(said)};
  if (decoder.is_decided()) {
    got.encoding = decoder.guess().encoding;
    got.source_bytes = decoder.state().source_bytes;
  }
  return got;
}

std::string repeated(const std::string& text, std::size_t least_bytes) {
  std::string out;
  while (out.size() < least_bytes) out += text;
  return out;
}

}  // namespace

TEST_SUITE("text") {
  TEST_CASE("stream_decoder: short texts are what decode_text makes of them, in pieces of any size") {
    for (const support::encoded_text& text : support::encoded_texts()) {
      CAPTURE(std::string(atlas::name(text.encoding)));
      atlas::buffer<char> storage;
      const auto want = atlas::decode_text(support::bytes_of(text.bytes), storage);
      for (const std::size_t most : {1U, 3U, 1000U}) {
        const streamed got = streamed_in_pieces(text.bytes, most);
        CHECK(got.error == support::error_line(want));
        if (!want.ok()) continue;
        CHECK(got.text == std::string(want->text.data(), want->text.size()));
        CHECK(got.encoding == want->encoding);
        CHECK(got.source_bytes == text.bytes.size());
      }
    }
  }

  TEST_CASE("stream_decoder: in an encoding that is given, texts are what decode_text makes of them in it, marks left out") {
    using enum text_encoding;
    using atlas::bad_bytes;
    for (const support::encoded_text& text : support::encoded_texts()) {
      for (const std::string& mark : {std::string(), std::string("\xEF\xBB\xBF"), std::string("\xFF\xFE"), std::string("\xFE\xFF"),
                                      std::string("\xFF\xFE\0\0", 4)}) {
        for (const text_encoding given : {text.encoding, utf8, utf16_le, windows_1252}) {
          CAPTURE(std::string(atlas::name(given)));
          CAPTURE(mark);
          const std::string bytes = mark + text.bytes;
          atlas::buffer<char> storage;
          const auto want = atlas::decode_text(support::bytes_of(bytes), storage, {.encoding = given, .bad = bad_bytes::replace});
          REQUIRE(want.ok());
          for (const std::size_t most : {1U, 3U, 1000U}) {
            const streamed got = streamed_in_pieces(bytes, most, bad_bytes::replace, given);
            CHECK(got.error.empty());
            CHECK(got.text == std::string(want->text.data(), want->text.size()));
            CHECK(got.encoding == given);
            CHECK(got.source_bytes == bytes.size());
          }
        }
      }
    }
    for (const std::string bytes : {"", "x", "\xEF\xBB\xBF", "\xEF\xBB"}) {  // shorter than a mark may be
      CHECK(streamed_in_pieces(bytes, 1, bad_bytes::pass, utf8).text == (bytes.size() == 3 ? "" : bytes));
    }
    CHECK(streamed_in_pieces(std::string("\xFF\xFE\0\0A\0", 6), 1, bad_bytes::refuse, utf16_le).text == std::string("\0A", 2));
    CHECK(streamed_in_pieces("12345", 5, bad_bytes::replace, binary).error.find("binary data") != std::string::npos);
  }

  TEST_CASE("stream_decoder: longer than what is looked at, the choice and the text do not depend on the pieces") {
    const std::size_t first = stream_decoder::first_bytes;
    for (const support::encoded_text& text : support::encoded_texts()) {
      using enum text_encoding;
      if (text.encoding != shift_jis && text.encoding != windows_1251 && text.encoding != utf16_le && text.encoding != utf8) continue;
      CAPTURE(std::string(atlas::name(text.encoding)));
      // Telling bytes at the beginning; and, where ASCII may stand before them, around and behind the first MiB.
      for (const std::size_t before : {std::size_t{0}, first - 10, first + 5'000}) {
        if (before != 0 && text.encoding == utf16_le) continue;
        CAPTURE(before);
        const std::string input = repeated("plain ascii, \n", before).substr(0, before) + "\n" + repeated(text.bytes, first + 200'000);
        const std::string bytes = before == 0 ? repeated(text.bytes, first + 200'000) : input;
        const streamed whole = streamed_in_pieces(bytes, bytes.size());
        CHECK(whole.error.empty());
        CHECK(whole.encoding == text.encoding);
        CHECK(whole.source_bytes == bytes.size());
        CHECK(atlas::is_utf8(whole.text));
        for (const std::size_t most : {0U, 999U, 65'536U}) {
          const streamed pieces = streamed_in_pieces(bytes, most);
          const bool same = pieces.text == whole.text && pieces.encoding == whole.encoding && pieces.error == whole.error;
          CHECK(same);
        }
      }
    }
  }

  TEST_CASE("stream_decoder: decides as soon as it has seen enough, hands on ASCII before, and holds no more than it says") {
    stream_decoder decoder;
    atlas::buffer<char> out;
    const std::string ascii(stream_decoder::first_bytes, 'a');
    REQUIRE(decoder.feed(support::bytes_of(ascii.substr(1)), out).ok());
    CHECK(out.empty());
    CHECK(decoder.text_bytes() == 0);
    REQUIRE(decoder.feed(support::bytes_of("b"), out).ok());
    CHECK_FALSE(decoder.is_decided());
    CHECK(out.size() == stream_decoder::first_bytes);
    CHECK(decoder.text_bytes() == out.size());
    REQUIRE(decoder.feed(support::bytes_of("\xCF\xF0\xE8\xE2\xE5\xF2 \xEC\xE8\xF0"), out).ok());
    CHECK_FALSE(decoder.is_decided());
    REQUIRE(decoder.feed(support::bytes_of(std::string(stream_decoder::telling_bytes - 10, ' ')), out).ok());
    REQUIRE(decoder.is_decided());
    CHECK(decoder.guess().encoding == text_encoding::windows_1251);
    CHECK(decoder.guess().basis == atlas::guess_basis::statistics);
    CHECK(decoder.state().source_bytes == stream_decoder::first_bytes + stream_decoder::telling_bytes);
    REQUIRE(decoder.finish(out).ok());
    CHECK(out.size() == decoder.state().text_bytes);
    CHECK(out.size() == decoder.text_bytes());
  }

  TEST_CASE("stream_decoder: only ASCII, or nothing, is UTF-8; a byte-order mark is left out and counted") {
    CHECK(streamed_in_pieces("", 1).encoding == text_encoding::utf8);
    const std::string ascii = repeated("line\n", 3'000'000);
    const streamed got = streamed_in_pieces(ascii, 0);
    CHECK(got.encoding == text_encoding::utf8);
    const bool same = got.text == ascii;
    CHECK(same);
    const streamed marked = streamed_in_pieces("\xEF\xBB\xBF" "a\xC3\xA9", 1);
    CHECK(marked.text == "a\u00E9");
    CHECK(marked.source_bytes == 6);
  }

  TEST_CASE("stream_decoder: binary data is refused, also behind much ASCII, and bad bytes as the policy says") {
    const std::string picture("\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0", 18);
    CHECK(streamed_in_pieces(picture, 3).error.find("found binary data") != std::string::npos);
    const std::string late = std::string(stream_decoder::first_bytes + 10'000, 'a') + picture;
    CHECK(streamed_in_pieces(late, 50'000).error.find("found binary data") != std::string::npos);
    std::string wide = std::string(stream_decoder::first_bytes, 'a');
    for (int i = 0; i < 100; ++i) wide += std::string("a\0", 2);
    CHECK(streamed_in_pieces(wide, 50'000).error.find("found binary data") != std::string::npos);

    const std::string damaged = repeated("\xD0\x96\xD1\x83\xD0\xBA ", 500) + "\xFF";
    CHECK(streamed_in_pieces(damaged, 7).error.find("expected well-formed UTF-8, found 504") != std::string::npos);
    CHECK(streamed_in_pieces(damaged, 7, atlas::bad_bytes::replace).text == damaged.substr(0, damaged.size() - 1) + "\uFFFD");
    CHECK(streamed_in_pieces(damaged, 7, atlas::bad_bytes::pass).text == damaged);
  }
}
