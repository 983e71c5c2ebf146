// SPDX-License-Identifier: Apache-2.0
// include/atlas/folder/document_headings.hpp -- the headings of one document's chunks, each kept once.
//
// Room:      document_headings.
// Not here:  those of all documents of an index (folder/heading_table.hpp).
// Depends:   core, folder/folder_sections.hpp.
// Threads:   used by one thread at a time.
#ifndef ATLAS_FOLDER_DOCUMENT_HEADINGS_HPP
#define ATLAS_FOLDER_DOCUMENT_HEADINGS_HPP

#include <atlas/chunk/heading_path.hpp>      // heading_path
#include <atlas/core/memory.hpp>             // buffer
#include <atlas/core/span.hpp>               // span
#include <atlas/folder/folder_sections.hpp>  // heading_record

namespace atlas { inline namespace ATLAS_ABI {

/// A tree of headings, and for each chunk the nearest that it stands under. Numbers count from 1, and offsets of titles from the
/// document's first.
class document_headings {
 public:
  /// Forgets the document, not the memory.
  void clear() noexcept {
    records_.clear();
    titles_.clear();
    of_chunks_.clear();
    open_count_ = 0;
  }

  /// Says what the next chunk stands under. What it shares with the chunk before is not kept again.
  /// @param path  a heading_path or heading_titles
  /// @return      errc::no_memory, errc::limit_exceeded
  template <class Path>
  [[nodiscard]] status add_chunk(const Path& path) noexcept {
    std::size_t shared = 0;
    while (shared < path.size() && shared < open_count_ && is_open(shared, path.depth(shared), path.title(shared))) ++shared;
    open_count_ = shared;
    for (; open_count_ < path.size(); ++open_count_) {
      if (status said = enter(path.depth(open_count_), path.title(open_count_)); !said.ok()) return said;
    }
    return of_chunks_.push_back(open_count_ == 0 ? 0 : open_[open_count_ - 1]);
  }

  [[nodiscard]] span<const heading_record> records() const noexcept { return {records_.data(), records_.size()}; }
  [[nodiscard]] span<const char> titles() const noexcept { return {titles_.data(), titles_.size()}; }
  /// A heading's number a chunk, 0 for none.
  [[nodiscard]] span<const std::uint32_t> of_chunks() const noexcept { return {of_chunks_.data(), of_chunks_.size()}; }
  /// Bytes held on to for the next document.
  [[nodiscard]] std::uint64_t held_bytes() const noexcept {
    return records_.capacity() * sizeof(heading_record) + titles_.capacity() + of_chunks_.capacity() * sizeof(std::uint32_t);
  }

 private:
  [[nodiscard]] bool is_open(std::size_t index, std::uint32_t depth, text_view title) const noexcept {
    const heading_record& record = records_[open_[index] - 1];
    return record.depth == depth && text_view(titles_.data() + record.title_begin, record.title_bytes) == title;
  }
  [[nodiscard]] status enter(std::uint32_t depth, text_view title) noexcept {
    if (title.size() > heading_path::most_title_bytes) {
      return error{errc::limit_exceeded, "title bytes", heading_path::most_title_bytes, title.size()};
    }
    heading_record record;
    record.title_begin = titles_.size();
    record.title_bytes = static_cast<std::uint16_t>(title.size());
    record.depth = static_cast<std::uint8_t>(depth);
    record.parent = open_count_ == 0 ? 0 : open_[open_count_ - 1];
    if (status said = titles_.append(title.data(), title.size()); !said.ok()) return said;
    if (status said = records_.push_back(record); !said.ok()) return said;
    open_[open_count_] = static_cast<std::uint32_t>(records_.size());  // a document of 2^30 bytes has fewer headings
    return {};
  }

  buffer<heading_record> records_;
  buffer<char> titles_;
  buffer<std::uint32_t> of_chunks_;
  std::uint32_t open_[heading_path::most_depth] = {};  // numbers of the last chunk's headings, the outermost first
  std::size_t open_count_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_FOLDER_DOCUMENT_HEADINGS_HPP
