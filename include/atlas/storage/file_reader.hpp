// SPDX-License-Identifier: Apache-2.0
// include/atlas/storage/file_reader.hpp -- an index file, opened and checked in constant time.
//
// Room:      open, sections by id, verify.
// Not here:  the layout and its checks (storage/file_header.hpp), what a section means (its owner).
// Depends:   core, storage/file_header.hpp, storage/mapped_file.hpp.
// Threads:   const functions may run beside each other; open, move and destruction by one thread.
#ifndef ATLAS_STORAGE_FILE_READER_HPP
#define ATLAS_STORAGE_FILE_READER_HPP

#include <atlas/core/memory.hpp>          // buffer
#include <atlas/core/progress.hpp>        // progress
#include <atlas/core/span.hpp>            // span
#include <atlas/storage/file_header.hpp>  // file_header, check_header
#include <atlas/storage/mapped_file.hpp>  // mapped_file

namespace atlas { inline namespace ATLAS_ABI {

/// A mapped file whose header page has passed check_header. Sections are any bytes whatever of the promised
/// length: who reads them checks each value before using it. The file must not shrink while it is open
/// (storage/mapped_file.hpp).
class file_reader {
 public:
  file_reader() noexcept = default;

  /// Maps the file, copies and checks its header page, and reads no other byte.
  ///
  /// @param path  NUL-terminated; symbolic links are followed
  /// @return  what mapped_file::open and check_header return. A file shorter than a header is
  ///          errc::corrupt_file if what there is of the magic is right, else errc::not_atlas_file
  /// Cost: a few system calls and 4096 bytes read, whatever the size.
  [[nodiscard]] static result<file_reader> open(const char* path) noexcept {
    result<mapped_file> mapped = mapped_file::open(path);
    if (!mapped.ok()) return mapped.error();
    return from(static_cast<mapped_file&&>(*mapped));
  }
  /// The same for a file that is mapped already.
  [[nodiscard]] static result<file_reader> from(mapped_file&& mapped) noexcept {
    file_reader opened;
    opened.file_ = static_cast<mapped_file&&>(mapped);
    if (status said = opened.header_.resize_zeroed(1); !said.ok()) return said.error();
    file_header& page = opened.header_[0];
    const std::uint64_t size_bytes = opened.file_.size_bytes();
    // Read, not mapped: a copy cannot change after the check, and a bad disk gives an error instead of SIGBUS.
    const result<std::uint64_t> got = opened.file_.file().read_some_at(&page, sizeof page, opened.file_.base());
    if (!got.ok()) return got.error();
    if (*got < sizeof page) {
      const std::size_t magic_bytes = *got < sizeof file_magic ? *got : sizeof file_magic;
      const bool ours = std::memcmp(page.magic, file_magic, magic_bytes) == 0;
      return error{ours ? errc::corrupt_file : errc::not_atlas_file, "file.size_bytes", "at least 4096", *got};
    }
    if (status said = check_header(page, size_bytes); !said.ok()) return said.error();
    return static_cast<file_reader&&>(opened);
  }

  [[nodiscard]] bool is_open() const noexcept { return file_.is_open(); }
  /// The checked copy; it stays where it is when this object is moved. @pre is_open()
  [[nodiscard]] const file_header& header() const noexcept { return header_[0]; }
  [[nodiscard]] const mapped_file& file() const noexcept { return file_; }

  /// The table's entries, in the order of their offsets. @pre is_open()
  [[nodiscard]] span<const section_entry> sections() const noexcept {
    return {header().sections, header().section_count};
  }
  /// The entry of this id, or null. Cost: at most 48 comparisons.
  [[nodiscard]] const section_entry* find(std::uint32_t id) const noexcept {
    for (const section_entry& entry : sections()) {
      if (entry.id == id) return &entry;
    }
    return nullptr;
  }
  [[nodiscard]] bool has(std::uint32_t id) const noexcept { return find(id) != nullptr; }

  /// A section's bytes, 64-byte-aligned, mapped: valid while this object (moved or not) lives.
  /// @return  errc::corrupt_file if there is none of this id
  [[nodiscard]] result<span<const std::byte>> section(std::uint32_t id) const noexcept {
    const section_entry* entry = find(id);
    if (entry == nullptr) {
      error missing{errc::corrupt_file, "section.id", id, std::uint64_t{0}};
      missing.found_text = "no such section";
      return missing;
    }
    return span<const std::byte>{file_.data() + entry->offset, static_cast<std::size_t>(entry->length_bytes)};
  }

  /// Refuses the file if it has a section that is marked as required and is not in `known_ids`.
  /// @return  errc::unsupported_version naming the id
  [[nodiscard]] status require_known(span<const std::uint32_t> known_ids) const noexcept {
    std::uint64_t place = 0;
    for (const section_entry& entry : sections()) {
      bool known = (entry.flags & section_required) == 0;
      for (const std::uint32_t id : known_ids) known = known || id == entry.id;
      if (!known) {
        return error{errc::unsupported_version, "section.id", "a known id, as it is required", entry.id}.at_row(place);
      }
      ++place;
    }
    return {};
  }

  /// Reads every section and compares its checksum with the table's.
  ///
  /// @param report  called with bytes; false stops
  /// @return  errc::corrupt_file with both sums, its `row` the section's place in the table;
  ///          errc::io for a disk that cannot read, errc::cancelled, errc::no_memory
  /// Cost: reads the file once, in steps of 1 MiB, outside of the mapping.
  [[nodiscard]] status verify(progress report = {}) const noexcept {
    buffer<std::byte> step;
    if (status said = step.resize(std::size_t{1} << 20); !said.ok()) return said;
    std::uint64_t total = 0;
    std::uint64_t done = 0;
    for (const section_entry& entry : sections()) total += entry.length_bytes;
    std::uint64_t place = 0;
    for (const section_entry& entry : sections()) {
      hash_stream sum;
      for (std::uint64_t at = 0; at < entry.length_bytes;) {
        const std::uint64_t left = entry.length_bytes - at;
        const std::uint64_t bytes = left < step.size() ? left : step.size();
        if (status said = file_.file().read_at(step.data(), bytes, file_.base() + entry.offset + at); !said.ok()) return said;
        sum.update(step.data(), bytes);
        at += bytes;
        done += bytes;
        if (report && !report(done, total)) return errc::cancelled;
      }
      if (const std::uint64_t found = sum.digest(); found != entry.checksum) {
        return error{errc::corrupt_file, "section.checksum", entry.checksum, found}.at_row(place);
      }
      ++place;
    }
    return {};
  }

 private:
  mapped_file file_;
  buffer<file_header> header_;  // one; on the heap, so that header() survives a move
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_STORAGE_FILE_READER_HPP
