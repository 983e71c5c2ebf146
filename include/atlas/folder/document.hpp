// SPDX-License-Identifier: Apache-2.0
// include/atlas/folder/document.hpp -- one source file, or one text, on its way to the tables.
//
// Room:      bytes -> text -> chunk records, and why not.
// Not here:  where documents are kept (folder/document_table.hpp), by which rule one is cut (folder/document_kind.hpp).
// Depends:   chunk, text, storage/file_bytes.hpp, folder/{document_headings,document_kind,folder_options,folder_sections}.hpp.
// Threads:   a document belongs to one thread at a time.
#ifndef ATLAS_FOLDER_DOCUMENT_HPP
#define ATLAS_FOLDER_DOCUMENT_HPP

#include <atlas/chunk/chunker.hpp>             // chunker
#include <atlas/chunk/code_rule.hpp>           // code_rule
#include <atlas/chunk/html_rule.hpp>           // html_rule
#include <atlas/chunk/markdown_rule.hpp>       // markdown_rule
#include <atlas/chunk/plain_text_rule.hpp>     // plain_text_rule
#include <atlas/core/hash.hpp>                 // xxh3_64
#include <atlas/core/memory.hpp>               // buffer
#include <atlas/folder/document_headings.hpp>  // document_headings
#include <atlas/folder/document_kind.hpp>      // document_kind
#include <atlas/folder/folder_options.hpp>     // skip_reason
#include <atlas/folder/folder_sections.hpp>    // chunk_record
#include <atlas/storage/file_bytes.hpp>        // read_file
#include <atlas/text/encoding.hpp>             // decode_text
#include <atlas/text/source_map.hpp>           // source_walker

namespace atlas { inline namespace ATLAS_ABI {

/// A document's text and chunks, and the memory that they lie in, which is used again for the next one.
struct document {
  std::uint64_t source_bytes = 0;
  std::uint64_t source_hash = 0;
  text_encoding encoding = text_encoding::utf8;
  std::uint8_t mark_bytes = 0;
  text_view text;                ///< UTF-8; borrows `bytes` or `decoded`, or what cut_document was given
  buffer<chunk_record> chunks;   ///< text_begin counts from the document's start; `file` is not set
  document_headings headings;    ///< of the chunks
  bool is_skipped = false;
  skip_reason why = skip_reason::unreadable;

  buffer<char> bytes;
  buffer<char> decoded;
  source_map places;             ///< of `decoded` in the source

  /// Bytes that this holds on to for the next document.
  [[nodiscard]] std::uint64_t held_bytes() const noexcept {
    return bytes.capacity() + decoded.capacity() + places.memory_bytes() + chunks.capacity() * sizeof(chunk_record) + headings.held_bytes();
  }
};

namespace detail {

[[nodiscard]] inline bool is_blank(text_view text) noexcept {
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\v') return false;
  }
  return true;
}

template <class Rule>
[[nodiscard]] status cut_text_by(span<const std::byte> source, const chunker_options& options, document& into) noexcept {
  result<source_walker> walker = source_walker::create(into.places, source, into.encoding, bad_bytes::refuse);
  if (!walker.ok()) return walker.error();
  const auto source_byte = [&](std::uint64_t text_byte) {
    return into.encoding == text_encoding::utf8 ? into.mark_bytes + text_byte : walker->source_byte(text_byte);
  };
  result<chunker<Rule, character_sizer>> cutter = chunker<Rule, character_sizer>::create(options);
  if (!cutter.ok()) return cutter.error();
  cutter->read(into.text);
  for (chunk_view chunk;;) {
    const result<bool> more = cutter->next(chunk);
    if (!more.ok()) return more.error();
    if (!*more) return {};
    chunk_record record;
    record.text_begin = chunk.byte_begin;
    record.text_bytes = static_cast<std::uint32_t>(chunk.text.size());
    record.source_begin = source_byte(chunk.byte_begin);
    record.source_end = chunk.byte_end == into.text.size() ? source.size() : source_byte(chunk.byte_end);
    record.line_begin = chunk.line_begin;
    record.line_end = chunk.line_end;
    record.id = chunk.id;
    status said = into.chunks.push_back(record);
    if (said.ok()) said = into.headings.add_chunk(*chunk.headings);
    if (!said.ok()) return said;
  }
}

/// Fills `into` from its text.
/// @param source  what the text was decoded from
[[nodiscard]] inline status cut_text(span<const std::byte> source, document_kind kind, const chunker_options& options, document& into) noexcept {
  into.chunks.clear();
  into.headings.clear();
  switch (kind) {
    case document_kind::markdown: return cut_text_by<markdown_rule>(source, options, into);
    case document_kind::html: return cut_text_by<html_rule>(source, options, into);
    case document_kind::code: return cut_text_by<code_rule>(source, options, into);
    case document_kind::plain_text: break;
  }
  return cut_text_by<plain_text_rule>(source, options, into);
}

}  // namespace detail

/// Decodes and cuts bytes into a document.
///
/// @param bytes    the source; borrowed as long as the document's text is used
/// @param kind     the rule to cut by
/// @param options  see check_folder_chunks
/// @param into     everything is overwritten; is_skipped says that the bytes are no document, and why
/// @return         errc::no_memory, errc::limit_exceeded above most_document_bytes, errc::invalid_argument for options
/// Cost: linear.
[[nodiscard]] inline status cut_document(span<const std::byte> bytes, document_kind kind, const chunker_options& options,
                                         document& into) noexcept {
  if (bytes.size() > most_document_bytes) {
    return error{errc::limit_exceeded, "document bytes", most_document_bytes, bytes.size()};
  }
  const auto skip = [&](skip_reason why) -> status {
    into.is_skipped = true;
    into.why = why;
    into.chunks.clear();
    into.headings.clear();
    return {};
  };
  into.is_skipped = false;
  into.source_bytes = bytes.size();
  into.source_hash = xxh3_64(bytes.data(), bytes.size());
  if (bytes.empty()) return skip(skip_reason::empty);
  decode_options how;
  how.map = &into.places;
  const result<decoded_text> decoded = decode_text(bytes, into.decoded, how);
  if (!decoded.ok()) {
    if (!(decoded.error() == errc::bad_encoding)) return decoded.error();
    const bool binary = guess_encoding(bytes) == text_encoding::binary;
    return skip(binary ? skip_reason::binary : skip_reason::bad_encoding);
  }
  into.text = decoded->text;
  into.encoding = decoded->encoding;
  into.mark_bytes = static_cast<std::uint8_t>(decoded->mark_bytes);
  if (detail::is_blank(into.text)) return skip(skip_reason::empty);
  return detail::cut_text(bytes, kind, options, into);
}

/// The same for a file, whose path says what kind it is.
///
/// @param path        NUL-terminated
/// @param most_bytes  a larger file is skipped
/// @return            as cut_document; a file that cannot be read is skipped, not an error
[[nodiscard]] inline status read_document(const char* path, std::uint64_t most_bytes, const chunker_options& options,
                                          document& into) noexcept {
  if (most_bytes > most_document_bytes) most_bytes = most_document_bytes;
  const status read = read_file(path, most_bytes, into.bytes);
  if (!read.ok()) {
    if (read.error() == errc::no_memory) return read;
    into.is_skipped = true;
    into.why = read.error() == errc::limit_exceeded ? skip_reason::too_large : skip_reason::unreadable;
    into.chunks.clear();
    into.headings.clear();
    into.source_bytes = 0;
    return {};
  }
  return cut_document({reinterpret_cast<const std::byte*>(into.bytes.data()), into.bytes.size()}, kind_of_path(path), options, into);
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_FOLDER_DOCUMENT_HPP
