// SPDX-License-Identifier: Apache-2.0
// include/atlas/folder/document_table.hpp -- the documents, paths and chunks behind a folder index's keys.
//
// Room:      document_table: from a key to text and place, whatever a file says; appending and removing.
// Not here:  vectors (hnsw.hpp), making documents (folder/document.hpp), headings (folder/heading_table.hpp).
// Depends:   folder/{document,folder_sections,growing_array,heading_table,path_map,table_section}.hpp, index/options.hpp, storage.
// Threads:   append, remove and find by one thread at a time; hit() by any number beside them.
#ifndef ATLAS_FOLDER_DOCUMENT_TABLE_HPP
#define ATLAS_FOLDER_DOCUMENT_TABLE_HPP

#include <atlas/core/atomic.hpp>             // load_relaxed
#include <atlas/folder/document.hpp>         // document
#include <atlas/folder/folder_sections.hpp>  // folder_section, the records
#include <atlas/folder/growing_array.hpp>    // growing_array
#include <atlas/folder/heading_table.hpp>    // heading_table
#include <atlas/folder/path_map.hpp>         // path_map
#include <atlas/folder/table_section.hpp>    // open_table, table_section
#include <atlas/index/options.hpp>           // extra_section, open_mode
#include <atlas/storage/file_reader.hpp>     // file_reader

namespace atlas { inline namespace ATLAS_ABI {

/// A document as the tables hold it.
struct stored_document {
  file_record record;
  text_view path;
  text_view text;
  bool is_live = true;
};

class document_table {
 public:
  document_table() noexcept = default;

  /// An empty table that can grow. @return errc::no_memory
  [[nodiscard]] status create(const chunker_options& chunks, embedder_kind embedder) noexcept {
    info_.embedder = embedder;
    info_.chunk_size = chunks.size;
    info_.chunk_overlap = chunks.overlap;
    info_.chunk_fill_percent = chunks.fill();
    info_.chunk_packing = static_cast<std::uint8_t>(chunks.packing);
    if (chunks.packing != chunk_packing::full) info_.chunk_coherent_percent = static_cast<std::uint8_t>(chunks.coherent_percent);
    info_.chunk_trim = chunks.trim ? 1 : 0;
    can_change_ = true;
    status said = files_.own(nullptr, 0);
    if (said.ok()) said = states_.own(nullptr, 0);
    if (said.ok()) said = paths_.own(nullptr, 0);
    if (said.ok()) said = chunks_.own(nullptr, 0);
    if (said.ok()) said = texts_.own(nullptr, 0);
    if (said.ok()) said = headings_.create();
    return said;
  }

  /// The tables of a file: in place, or, for change, copied.
  ///
  /// @param file  stays open as long as the table
  /// @return      errc::kind_mismatch for an index that holds no folder; errc::corrupt_file,
  ///              errc::unsupported_version, errc::no_memory
  /// Cost: constant for reading; for change one pass over the tables and texts.
  [[nodiscard]] status open(const file_reader& file, open_mode mode) noexcept {
    if (!file.has(static_cast<std::uint32_t>(folder_section::info))) {
      return error{errc::kind_mismatch, "sections", "a folder index", "an index without documents"};
    }
    const auto info = detail::section_records<folder_record>(file, folder_section::info);
    if (!info.ok()) return info.error();
    if (info->size() != 1) return error{errc::corrupt_file, "folder.info records", 1, info->size()};
    std::memcpy(&info_, info->data(), sizeof info_);
    if (info_.layout_version != folder_layout_version) {
      return error{errc::unsupported_version, "folder.layout_version", folder_layout_version, info_.layout_version};
    }
    if (info_.chunk_fill_percent > 100) return error{errc::corrupt_file, "folder.chunk_fill_percent", 100, info_.chunk_fill_percent};
    if (status said = check_folder_chunks(chunking()); !said.ok()) {
      error why = said.error();
      why.code = errc::corrupt_file;
      return why;
    }
    if (info_.max_file_bytes > most_document_bytes) {
      return error{errc::corrupt_file, "folder.max_file_bytes", most_document_bytes, info_.max_file_bytes};
    }
    can_change_ = mode == open_mode::change;
    if (status said = detail::open_table(file, folder_section::files, mode, files_); !said.ok()) return said;
    if (status said = detail::open_table(file, folder_section::file_states, mode, states_); !said.ok()) return said;
    if (status said = detail::open_table(file, folder_section::paths, mode, paths_); !said.ok()) return said;
    if (status said = detail::open_table(file, folder_section::chunks, mode, chunks_); !said.ok()) return said;
    if (status said = detail::open_table(file, folder_section::texts, mode, texts_); !said.ok()) return said;
    if (status said = headings_.open(file, mode, chunks_.size()); !said.ok()) return said;
    if (states_.size() != files_.size()) {
      return error{errc::corrupt_file, "folder.file_states", files_.size(), states_.size()};
    }
    if (files_.size() >= path_map::none) return error{errc::corrupt_file, "folder.files", max_rows, files_.size()};
    return can_change_ ? map_paths() : status();
  }

  /// Notes which files the documents were taken from. @param max_file_bytes  not 0
  void keep_walk(bool hidden, std::uint64_t max_file_bytes) noexcept {
    info_.walk_hidden = hidden ? 1 : 0;
    info_.max_file_bytes = max_file_bytes;
  }

  /// How the documents were taken, cut and embedded.
  [[nodiscard]] const folder_record& info() const noexcept { return info_; }
  [[nodiscard]] std::uint64_t live_files() const noexcept { return load_relaxed(&info_.live_files); }
  /// How the documents were cut, and documents that are added are.
  [[nodiscard]] chunker_options chunking() const noexcept {
    chunker_options options;
    options.size = info_.chunk_size;
    options.overlap = info_.chunk_overlap;
    options.fill_percent = static_cast<std::uint32_t>(info_.chunk_fill_percent);
    options.packing = static_cast<chunk_packing>(info_.chunk_packing);
    if (options.packing != chunk_packing::full) options.coherent_percent = info_.chunk_coherent_percent;
    options.trim = info_.chunk_trim != 0;
    return options;
  }
  /// Numbers given out, removed files and their chunks included.
  [[nodiscard]] std::uint64_t file_count() const noexcept { return files_.size(); }
  [[nodiscard]] std::uint64_t chunk_count() const noexcept { return chunks_.size(); }
  [[nodiscard]] std::uint64_t text_bytes() const noexcept { return texts_.size(); }
  [[nodiscard]] std::uint64_t path_bytes() const noexcept { return paths_.size(); }
  [[nodiscard]] const heading_table& headings() const noexcept { return headings_; }

  /// @return errc::corrupt_file if the number or what it stands for lies outside of the tables
  [[nodiscard]] result<stored_document> file_at(std::uint64_t number) const noexcept {
    if (number >= files_.size()) return error{errc::corrupt_file, "folder.file", "below the count of files", number};
    stored_document answer;
    answer.record = files_.at(number);
    answer.is_live = states_.at(number) == file_state::live;
    const result<text_view> path = detail::table_slice(paths_, answer.record.path_begin, answer.record.path_bytes, "folder.path");
    if (!path.ok()) return path.error();
    const result<text_view> text = detail::table_slice(texts_, answer.record.text_begin, answer.record.text_bytes, "folder.text");
    if (!text.ok()) return text.error();
    answer.path = *path;
    answer.text = *text;
    return answer;
  }

  /// What a key stands for; score and distance are left to the caller.
  /// @return errc::corrupt_file if the key or what it stands for lies outside of the tables
  [[nodiscard]] result<folder_hit> hit(std::uint64_t key) const noexcept {
    if (key >= chunks_.size()) return error{errc::corrupt_file, "folder.chunk", "below the count of chunks", key};
    const chunk_record chunk = chunks_.at(key);
    if (chunk.file >= files_.size()) {
      return error{errc::corrupt_file, "folder.chunk.file", "below the count of files", std::uint64_t{chunk.file}};
    }
    const file_record file = files_.at(chunk.file);
    const result<text_view> path = detail::table_slice(paths_, file.path_begin, file.path_bytes, "folder.path");
    if (!path.ok()) return path.error();
    const result<text_view> text = detail::table_slice(texts_, chunk.text_begin, chunk.text_bytes, "folder.chunk.text");
    if (!text.ok()) return text.error();
    const result<heading_titles> headings = headings_.of_chunk(key);
    if (!headings.ok()) return headings.error();
    folder_hit answer;
    answer.key = key;
    answer.path = *path;
    answer.line_begin = chunk.line_begin;
    answer.line_end = chunk.line_end;
    answer.byte_begin = chunk.source_begin;
    answer.byte_end = chunk.source_end;
    answer.text = *text;
    answer.headings = *headings;
    answer.id = chunk.id;
    return answer;
  }

  [[nodiscard]] bool can_change() const noexcept { return can_change_; }

  /// The number of the live file of this path, or path_map::none. @pre can_change()
  [[nodiscard]] std::uint32_t find(text_view path) const noexcept {
    const std::uint32_t number = numbers_.find(path, path_reader{this});
    return number != path_map::none && is_live(number) ? number : path_map::none;
  }

  /// Adds a document behind the others; its chunks get the keys from chunk_count() on.
  ///
  /// @param record_of  the source's encoding, sizes and hash are taken from it
  /// @param chunks     text_begin counts from the text's start
  /// @param headings   of the chunks, or one that knows of none
  /// @return           errc::limit_exceeded, errc::no_memory: nothing can be reached then
  /// @pre can_change(), no live file has this path
  [[nodiscard]] status append(text_view path, text_view text, const file_record& record_of,
                              span<const chunk_record> chunks, const document_headings& headings = {}) noexcept {
    ATLAS_ASSERT(can_change_ && (headings.of_chunks().empty() || headings.of_chunks().size() == chunks.size()));
    if (chunks.size() > max_rows - chunks_.size()) {
      return error{errc::limit_exceeded, "folder.chunks", max_rows, chunks_.size() + chunks.size()};
    }
    if (files_.size() >= max_rows) return error{errc::limit_exceeded, "folder.files", max_rows, files_.size()};
    if (path.size() > 0xFFFFFFFFU) return error{errc::limit_exceeded, "path bytes", 0xFFFFFFFFU, path.size()};
    const auto number = static_cast<std::uint32_t>(files_.size());
    file_record record = record_of;
    record.path_begin = paths_.size();
    record.path_bytes = static_cast<std::uint32_t>(path.size());
    record.text_begin = texts_.size();
    record.text_bytes = text.size();
    record.first_chunk = chunks_.size();
    record.chunk_count = chunks.size();
    buffer<chunk_record> placed;
    if (status said = placed.append(chunks.data(), chunks.size()); !said.ok()) return said;
    for (chunk_record& chunk : placed) {
      chunk.text_begin += record.text_begin;
      chunk.file = number;
    }
    // What is pointed to comes first, so that a reader beside this never looks behind an end. When a later step
    // fails, the bytes of the earlier ones stay, with nothing that points to them; tables that go side by side get
    // their room before the first of them grows.
    if (status said = chunks_.reserve(placed.size()); !said.ok()) return said;
    if (status said = files_.reserve(1); !said.ok()) return said;
    if (status said = paths_.append(path.data(), path.size()); !said.ok()) return said;
    if (status said = texts_.append(text.data(), text.size()); !said.ok()) return said;
    if (status said = states_.append(&live_state, 1); !said.ok()) return said;
    static_cast<void>(files_.append(&record, 1));
    status said = numbers_.put(number, path_reader{this});
    if (said.ok()) said = headings_.append(chunks_.size(), headings);
    if (!said.ok()) {
      states_.put(number, file_state::removed);
      return said;
    }
    static_cast<void>(chunks_.append(placed.data(), placed.size()));
    count_live(info_.live_files + 1, info_.live_chunks + chunks.size());
    return {};
  }

  /// Marks a file as removed. Its records stay. @pre can_change(), the file is live
  void remove(std::uint32_t number) noexcept {
    ATLAS_ASSERT(can_change_ && states_.at(number) == file_state::live);
    states_.put(number, file_state::removed);
    const std::uint64_t count = files_.at(number).chunk_count;
    count_live(info_.live_files - (info_.live_files == 0 ? 0 : 1),
               info_.live_chunks - (info_.live_chunks < count ? info_.live_chunks : count));
  }
  [[nodiscard]] bool is_live(std::uint64_t number) const noexcept { return states_.at(number) == file_state::live; }
  [[nodiscard]] chunk_record chunk_at(std::uint64_t key) const noexcept { return chunks_.at(key); }

  static constexpr std::size_t section_count = 6 + heading_table::section_count;
  /// The tables as sections of a file. Borrows the table: nothing may be appended while they are used.
  void list_sections(extra_section (&out)[section_count]) const noexcept {
    out[0] = {static_cast<std::uint32_t>(folder_section::info), sizeof info_, &info_, sizeof info_};
    out[1] = detail::table_section(folder_section::files, files_);
    out[2] = detail::table_section(folder_section::file_states, states_);
    out[3] = detail::table_section(folder_section::paths, paths_);
    out[4] = detail::table_section(folder_section::chunks, chunks_);
    out[5] = detail::table_section(folder_section::texts, texts_);
    extra_section headings[heading_table::section_count];
    headings_.list_sections(headings);
    for (std::size_t i = 0; i < heading_table::section_count; ++i) out[6 + i] = headings[i];
  }

 private:
  static constexpr file_state live_state = file_state::live;

  struct path_reader {
    const document_table* table;
    [[nodiscard]] text_view operator()(std::uint32_t number) const noexcept {
      const result<stored_document> there = table->file_at(number);
      return there.ok() ? there->path : text_view();
    }
  };

  [[nodiscard]] status map_paths() noexcept {
    std::uint64_t total_bytes = 0;  // paths that overlap would make this loop as long as a hostile file likes
    for (std::uint32_t number = 0; number < files_.size(); ++number) {
      const result<stored_document> there = file_at(number);
      if (!there.ok()) return there.error();
      total_bytes += there->path.size();
      if (total_bytes > paths_.size()) return error{errc::corrupt_file, "folder.path bytes", paths_.size(), total_bytes};
      if (!there->is_live) continue;
      if (status said = numbers_.put(number, path_reader{this}); !said.ok()) return said;
    }
    return {};
  }
  void count_live(std::uint64_t files, std::uint64_t chunks) noexcept {
    store_relaxed(&info_.live_files, files);
    store_relaxed(&info_.live_chunks, chunks);
  }

  folder_record info_;
  growing_array<file_record> files_;
  growing_array<file_state> states_;
  growing_array<char> paths_;
  growing_array<chunk_record> chunks_;
  growing_array<char> texts_;
  heading_table headings_;
  path_map numbers_;
  bool can_change_ = false;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_FOLDER_DOCUMENT_TABLE_HPP
