// SPDX-License-Identifier: Apache-2.0
// include/atlas/folder/heading_table.hpp -- the headings behind a folder index's chunks.
//
// Room:      heading_table: from a chunk's key to its titles, whatever a file says; appending a document's.
// Not here:  gathering a document's (folder/document_headings.hpp), documents and chunks (folder/document_table.hpp).
// Depends:   folder/{document_headings,heading_titles,table_section}.hpp.
// Threads:   append by one thread at a time; of_chunk() by any number beside it.
#ifndef ATLAS_FOLDER_HEADING_TABLE_HPP
#define ATLAS_FOLDER_HEADING_TABLE_HPP

#include <atlas/folder/document_headings.hpp>  // document_headings
#include <atlas/folder/heading_titles.hpp>     // heading_titles
#include <atlas/folder/table_section.hpp>      // open_newer_table

namespace atlas { inline namespace ATLAS_ABI {

class heading_table {
 public:
  /// An empty table that can grow. @return errc::no_memory
  [[nodiscard]] status create() noexcept {
    status said = records_.own(nullptr, 0);
    if (said.ok()) said = titles_.own(nullptr, 0);
    if (said.ok()) said = of_chunks_.own(nullptr, 0);
    return said;
  }
  /// The tables of a file. One from before there were headings has none, and its chunks stand under none.
  /// @param chunk_count  of the file
  /// @return             errc::corrupt_file, errc::no_memory
  [[nodiscard]] status open(const file_reader& file, open_mode mode, std::uint64_t chunk_count) noexcept {
    if (status said = detail::open_newer_table(file, folder_section::headings, mode, records_); !said.ok()) return said;
    if (status said = detail::open_newer_table(file, folder_section::heading_titles, mode, titles_); !said.ok()) return said;
    if (status said = detail::open_newer_table(file, folder_section::chunk_headings, mode, of_chunks_); !said.ok()) return said;
    if (of_chunks_.size() > chunk_count) return error{errc::corrupt_file, "folder.chunk_headings", chunk_count, of_chunks_.size()};
    return {};
  }

  [[nodiscard]] std::uint64_t size() const noexcept { return records_.size(); }
  [[nodiscard]] std::uint64_t title_bytes() const noexcept { return titles_.size(); }

  /// What a chunk stands under. Borrows the table.
  /// @return errc::corrupt_file if a heading lies outside of the tables, or above itself
  [[nodiscard]] result<heading_titles> of_chunk(std::uint64_t key) const noexcept {
    heading_titles found;
    if (key >= of_chunks_.size()) return found;
    std::uint32_t number = of_chunks_.at(key);
    if (number > records_.size()) return error{errc::corrupt_file, "folder.chunk.heading", records_.size(), std::uint64_t{number}};
    for (std::uint32_t below = heading_path::most_depth + 1; number != 0;) {  // depths fall, so this ends
      const heading_record record = records_.at(number - 1);
      if (record.depth == 0 || record.depth >= below) {
        return error{errc::corrupt_file, "folder.heading.depth", std::uint64_t{below} - 1, std::uint64_t{record.depth}};
      }
      if (record.parent >= number) return error{errc::corrupt_file, "folder.heading.parent", std::uint64_t{number} - 1, std::uint64_t{record.parent}};
      if (record.title_bytes > heading_path::most_title_bytes) {
        return error{errc::corrupt_file, "folder.heading.title_bytes", heading_path::most_title_bytes, std::uint64_t{record.title_bytes}};
      }
      const result<text_view> title = detail::table_slice(titles_, record.title_begin, record.title_bytes, "folder.heading.title");
      if (!title.ok()) return title.error();
      found.put_above(record.depth, *title);
      below = record.depth;
      number = record.parent;
    }
    return found;
  }

  /// Adds the headings of a document.
  /// @param first_chunk  the key of its first chunk
  /// @param headings     of its chunks; of none if there is no heading
  /// @return             errc::no_memory, errc::limit_exceeded: no chunk before or after has others then
  /// @pre the table can grow; no chunk from first_chunk on has headings
  [[nodiscard]] status append(std::uint64_t first_chunk, const document_headings& headings) noexcept {
    if (headings.records().empty()) return {};
    ATLAS_ASSERT(of_chunks_.size() <= first_chunk);
    if (headings.records().size() > most_headings - records_.size()) {
      return error{errc::limit_exceeded, "folder.headings", most_headings, records_.size() + headings.records().size()};
    }
    const std::uint64_t first_title = titles_.size();
    const auto before = static_cast<std::uint32_t>(records_.size());
    const auto chunks_end = static_cast<std::size_t>(first_chunk) + headings.of_chunks().size();
    if (status said = of_chunks_.reserve(chunks_end - of_chunks_.size()); !said.ok()) return said;
    // What is pointed to comes first, so that a reader beside this never looks behind an end.
    if (status said = titles_.append(headings.titles().data(), headings.titles().size()); !said.ok()) return said;
    if (status said = records_.reserve(headings.records().size()); !said.ok()) return said;
    for (heading_record record : headings.records()) {
      record.title_begin += first_title;
      if (record.parent != 0) record.parent += before;
      static_cast<void>(records_.append(&record, 1));  // reserved above
    }
    const std::uint32_t none = 0;
    while (of_chunks_.size() < first_chunk) static_cast<void>(of_chunks_.append(&none, 1));  // likewise
    for (std::uint32_t number : headings.of_chunks()) {
      if (number != 0) number += before;
      static_cast<void>(of_chunks_.append(&number, 1));
    }
    return {};
  }

  static constexpr std::size_t section_count = 3;
  /// The tables as sections of a file. Borrows the table: nothing may be appended while they are used.
  void list_sections(extra_section (&out)[section_count]) const noexcept {
    out[0] = detail::table_section(folder_section::headings, records_);
    out[1] = detail::table_section(folder_section::heading_titles, titles_);
    out[2] = detail::table_section(folder_section::chunk_headings, of_chunks_);
  }

 private:
  static constexpr std::uint64_t most_headings = 0xFFFFFFFEU;

  growing_array<heading_record> records_;
  growing_array<char> titles_;
  growing_array<std::uint32_t> of_chunks_;  // may end before the chunks do: the rest has none
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_FOLDER_HEADING_TABLE_HPP
