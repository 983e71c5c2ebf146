// SPDX-License-Identifier: Apache-2.0
// tests/folder/document_test.cpp -- mirrors include/atlas/folder/document.hpp.
#include <atlas/folder/document.hpp>

#include "support/child_process.hpp"
#include "support/encodings.hpp"
#include "support/scratch_folder.hpp"
#include "support/texts.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace {

atlas::chunker_options small_chunks(std::size_t overlap = 0) {
  atlas::chunker_options options;
  options.size = 40;
  options.overlap = overlap;
  return options;
}

atlas::status cut(std::string_view bytes, atlas::document& into, const atlas::chunker_options& options = small_chunks(),
                  atlas::document_kind kind = atlas::document_kind::plain_text) {
  return atlas::cut_document({reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()}, kind, options, into);
}

// One code point in each encoding, written out by hand.
std::string encode(const std::u32string& text, atlas::text_encoding encoding, bool with_mark) {
  using enum atlas::text_encoding;
  const bool big = encoding == utf16_be || encoding == utf32_be;
  const bool wide = encoding == utf32_le || encoding == utf32_be;
  std::string out;
  const auto unit = [&](std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i) out += static_cast<char>(value >> (8 * (big ? size - 1 - i : i)));
  };
  const auto put = [&](char32_t c) {
    if (wide) {
      unit(c, 4);
    } else if (encoding == utf8) {
      char bytes[4];
      out.append(bytes, atlas::encode_one(c, bytes));
    } else if (c < 0x10000) {
      unit(c, 2);
    } else {
      unit(0xD800 + ((c - 0x10000) >> 10), 2);
      unit(0xDC00 + ((c - 0x10000) & 0x3FF), 2);
    }
  };
  if (with_mark) put(0xFEFF);
  for (const char32_t c : text) put(c);
  return out;
}

}  // namespace

TEST_SUITE("folder") {
  TEST_CASE("document: offsets in the source cut out the chunk's own text, in every encoding") {
    using enum atlas::text_encoding;
    std::u32string text;
    for (int i = 0; i < 60; ++i) text += U"Größe 食べ物 \U0001F600 and plain words, line after line.\r\n";
    for (const auto encoding : {utf8, utf16_le, utf16_be, utf32_le, utf32_be}) {
      for (const bool with_mark : {false, true}) {
        for (const std::size_t overlap : {0U, 15U}) {
          CAPTURE(atlas::name(encoding));
          CAPTURE(with_mark);
          const std::string source = encode(text, encoding, with_mark);
          atlas::document document;
          REQUIRE(cut(source, document, small_chunks(overlap)).ok());
          REQUIRE_FALSE(document.is_skipped);
          CHECK(document.encoding == encoding);
          CHECK(document.source_bytes == source.size());
          REQUIRE(document.chunks.size() > 50);
          CHECK(document.chunks[0].source_begin == document.mark_bytes);
          CHECK(document.chunks[document.chunks.size() - 1].source_end == source.size());
          for (const atlas::chunk_record& chunk : document.chunks) {
            const std::string piece = source.substr(chunk.source_begin, chunk.source_end - chunk.source_begin);
            std::string want(document.text.data() + chunk.text_begin, chunk.text_bytes);
            std::u32string points;
            for (std::size_t at = 0; at < want.size();) {
              const auto c = atlas::decode_one(want, at);
              points += c.code_point;
              at += c.length_bytes;
            }
            CHECK(piece == encode(points, encoding, false));
          }
        }
      }
    }
  }

  TEST_CASE("document: offsets in a source of a legacy encoding cut out what the chunk's text was decoded from") {
    for (const support::encoded_text& text : support::encoded_texts()) {
      if (text.encoding != atlas::text_encoding::shift_jis && text.encoding != atlas::text_encoding::koi8_r &&
          text.encoding != atlas::text_encoding::iso_2022_jp) {
        continue;
      }
      CAPTURE(std::string(atlas::name(text.encoding)));
      std::string source;
      for (int i = 0; i < 300; ++i) source += text.bytes;
      for (const std::size_t overlap : {0U, 15U}) {
        atlas::document document;
        REQUIRE(cut(source, document, small_chunks(overlap)).ok());
        REQUIRE_FALSE(document.is_skipped);
        CHECK(document.encoding == text.encoding);
        REQUIRE(document.chunks.size() > 200);
        CHECK(document.chunks[0].source_begin == 0);
        CHECK(document.chunks[document.chunks.size() - 1].source_end == source.size());
        for (const atlas::chunk_record& chunk : document.chunks) {
          std::string piece = source.substr(chunk.source_begin, chunk.source_end - chunk.source_begin);
          if (text.encoding == atlas::text_encoding::iso_2022_jp && chunk.source_begin != 0 && piece[0] != '\x1B') {
            // The escape sequence that says how to read it lies before the chunk.
            const std::size_t escape = source.rfind('\x1B', chunk.source_begin - 1);
            if (escape != std::string::npos) piece = source.substr(escape, 3) + piece;
          }
          atlas::buffer<char> storage;
          atlas::decode_options options;
          options.encoding = text.encoding;
          const auto decoded = atlas::decode_text(support::bytes_of(piece), storage, options);
          REQUIRE(decoded.ok());
          CHECK(decoded->text == document.text.subview(chunk.text_begin, chunk.text_bytes));
        }
      }
    }
  }

  TEST_CASE("document: lines count from 1, and the record says first and last") {
    atlas::document document;
    std::string text;
    for (int i = 1; i <= 30; ++i) text += "line " + std::to_string(i) + " of the text\n";
    REQUIRE(cut(text, document).ok());
    std::uint64_t expected = 1;
    for (const atlas::chunk_record& chunk : document.chunks) {
      CHECK(chunk.line_begin == expected);
      CHECK(text.compare(chunk.source_begin, 5, "line ") == 0);
      CHECK(text.compare(chunk.source_begin + 5, std::to_string(expected).size(), std::to_string(expected)) == 0);
      expected = chunk.line_end + 1;
    }
    CHECK(expected == 31);
  }

  TEST_CASE("document: what is no text is skipped, and says why") {
    using enum atlas::skip_reason;
    struct expected {
      std::string bytes;
      atlas::skip_reason why;
    };
    std::string noise = support::random_bytes(1, 600);
    for (char& c : noise) c = static_cast<char>(c | 0x80);
    const expected table[] = {
        {"", empty},
        {" \n\t\r\n  ", empty},
        {"\xEF\xBB\xBF", empty},
        {std::string("\x7F"
                     "ELF\x02\x01\x01\x00\x00\x00\x00\x05\x06",
                     13),
         binary},
        {std::string("\x89PNG\r\n\x1A\n\x00\x00\x00\rIHDR", 16), binary},
        {noise, bad_encoding},
        {"\xFF\xFE"
         "a",
         bad_encoding},
        {std::string("\xFF\xFE\x00\xD8"
                     "a\x00",
                     6),
         bad_encoding},
    };
    for (const expected& want : table) {
      CAPTURE(want.bytes);
      atlas::document document;
      REQUIRE(cut(want.bytes, document).ok());
      REQUIRE(document.is_skipped);
      CHECK(document.why == want.why);
      CHECK(document.chunks.empty());
    }
  }

  TEST_CASE("document: a document can be filled again and again") {
    atlas::document document;
    REQUIRE(cut("first text", document).ok());
    REQUIRE(cut("", document).ok());
    CHECK(document.is_skipped);
    REQUIRE(cut(encode(U"second", atlas::text_encoding::utf16_be, true), document).ok());
    CHECK_FALSE(document.is_skipped);
    CHECK(document.text == atlas::text_view("second"));
    REQUIRE(cut("third", document).ok());
    CHECK(document.encoding == atlas::text_encoding::utf8);
    CHECK(document.mark_bytes == 0);
    CHECK(document.chunks[0].source_begin == 0);
  }

  TEST_CASE("document: it says how much memory it holds on to") {
    atlas::document document;
    CHECK(document.held_bytes() == 0);
    REQUIRE(cut(encode(std::u32string(1000, U'a'), atlas::text_encoding::utf16_be, true), document).ok());
    CHECK(document.chunks.size() >= 25);
    CHECK(document.held_bytes() >= 1000 + document.chunks.size() * sizeof(atlas::chunk_record));
    REQUIRE(cut("x", document).ok());
    CHECK(document.held_bytes() >= 1000);
    document = atlas::document();
    CHECK(document.held_bytes() == 0);
  }

  TEST_CASE("document: files that are missing, too large or without permission are skipped") {
    const support::scratch_folder folder;
    atlas::document document;
    const std::string path = folder.write("a", std::string(1000, 'a'));
    REQUIRE(atlas::read_document(folder.path("none").c_str(), 1 << 20, small_chunks(), document).ok());
    CHECK(document.is_skipped);
    CHECK(document.why == atlas::skip_reason::unreadable);
    REQUIRE(atlas::read_document(path.c_str(), 999, small_chunks(), document).ok());
    CHECK(document.is_skipped);
    CHECK(document.why == atlas::skip_reason::too_large);
    REQUIRE(atlas::read_document(path.c_str(), 1000, small_chunks(), document).ok());
    CHECK_FALSE(document.is_skipped);
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
    std::filesystem::permissions(path, std::filesystem::perms(0));
    const auto end = support::in_child_without_rights([&] {
      atlas::document inside;
      if (!atlas::read_document(path.c_str(), 1 << 20, small_chunks(), inside).ok()) return 1;
      return inside.is_skipped && inside.why == atlas::skip_reason::unreadable ? 0 : 2;
    });
    CHECK(end.code == 0);
  }

  TEST_CASE("document: options that do not hold together are an error, not a skipped file") {
    atlas::document document;
    atlas::chunker_options bad;
    bad.size = 0;
    CHECK(cut("text", document, bad).error() == atlas::errc::invalid_argument);
  }

  TEST_CASE("document: the kind is the rule it is cut by, and headings are told of each chunk") {
    using enum atlas::document_kind;
    atlas::document document;
    const std::string text = "# Title\n\nfirst words of the text\n\n## Part\n\nsecond words of the text\n";
    REQUIRE(cut(text, document, small_chunks(), markdown).ok());
    REQUIRE(document.chunks.size() == 2);
    CHECK(document.headings.records().size() == 2);
    CHECK(document.headings.of_chunks()[0] == 1);
    CHECK(document.headings.of_chunks()[1] == 2);
    CHECK(document.headings.records()[1].parent == 1);
    CHECK(document.chunks[0].id == atlas::xxh3_128(text.data(), document.chunks[0].text_bytes, atlas::markdown_rule().version()));
    REQUIRE(cut(text, document).ok());
    CHECK(document.headings.records().empty());
    CHECK(document.headings.of_chunks().size() == document.chunks.size());
    CHECK(document.chunks[0].id == atlas::xxh3_128(text.data(), document.chunks[0].text_bytes, atlas::plain_text_rule().version()));
    REQUIRE(cut("<h3>Deep</h3>\n<p>words</p>", document, small_chunks(), html).ok());
    REQUIRE(document.headings.records().size() == 1);
    CHECK(document.headings.records()[0].depth == 3);
    REQUIRE(cut("", document, small_chunks(), markdown).ok());
    CHECK(document.headings.of_chunks().empty());

    const support::scratch_folder folder;
    const std::string path = folder.write("a.MD", text);
    REQUIRE(atlas::read_document(path.c_str(), 1000, small_chunks(), document).ok());
    CHECK(document.headings.records().size() == 2);
  }

  TEST_CASE("document: options that would take too long, or are none of a folder's, are refused by name") {
    const auto refused = [](auto change) {
      atlas::chunker_options options;
      change(options);
      return atlas::check_folder_chunks(options).ok() ? "" : std::string(atlas::check_folder_chunks(options).error().field);
    };
    CHECK(refused([](auto&) {}) == "");
    CHECK(refused([](auto& options) { options.size = 0; }) == "chunker_options.size");
    CHECK(refused([](auto& options) { options.size = 3; }) == "chunks.size");
    CHECK(refused([](auto& options) { options.overlap = 501; }) == "chunks.overlap");
    CHECK(refused([](auto& options) { options.overlap = 500; }) == "");
    CHECK(refused([](auto& options) { options.coherent_percent = 9; }) == "");
    CHECK(refused([](auto& options) { options.coherent_percent = 9, options.packing = atlas::chunk_packing::divided; }) == "chunks.coherent_percent");
    CHECK(refused([](auto& options) { options.inner_sizes[0] = 10; }) == "chunks.inner_sizes");
    CHECK(refused([](auto& options) { options.trim = true; }) == "");
  }
}
