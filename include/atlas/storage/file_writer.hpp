// SPDX-License-Identifier: Apache-2.0
// include/atlas/storage/file_writer.hpp -- writes an index file section by section; complete or absent, never half.
//
// Room:      sections appended in a stream, checksums, the header, the commit.
// Not here:  how the target is replaced (storage/replacement_file.hpp), the layout (storage/file_header.hpp).
// Depends:   core, storage/file_header.hpp, storage/replacement_file.hpp.
// Threads:   one thread at a time.
#ifndef ATLAS_STORAGE_FILE_WRITER_HPP
#define ATLAS_STORAGE_FILE_WRITER_HPP

#include <atlas/core/bits.hpp>                 // round_up
#include <atlas/core/memory.hpp>               // buffer
#include <atlas/storage/file_header.hpp>       // file_header
#include <atlas/storage/replacement_file.hpp>  // replacement_file

namespace atlas { inline namespace ATLAS_ABI {

/// begin_section, append ..., end_section; again for each section; commit. An existing file at the path stays
/// as it is until commit has everything on the device. After a failed call every later one gives the same
/// error, so that only commit's need be looked at. Takes 1 MiB of memory.
class file_writer {
 public:
  file_writer() noexcept = default;

  /// @param path  the target, NUL-terminated; see replacement_file for links and permissions
  /// @return      replacement_file::create's errors, errc::no_memory
  [[nodiscard]] static result<file_writer> create(const char* path) noexcept {
    file_writer made;
    if (status said = made.waiting_.reserve(waiting_bytes); !said.ok()) return said.error();
    if (status said = made.sections_.reserve(most_sections); !said.ok()) return said.error();
    result<replacement_file> opened = replacement_file::create(path);
    if (!opened.ok()) return opened.error();
    made.replacement_ = static_cast<replacement_file&&>(*opened);
    return static_cast<file_writer&&>(made);
  }

  /// The same into memory, for a file within a file: commit puts no name on it, and syncs nothing.
  /// @param memory  emptied; it outlives the writer, and has the whole file after commit
  [[nodiscard]] static result<file_writer> create_in(buffer<std::byte>& memory) noexcept {
    file_writer made;
    if (status said = made.waiting_.reserve(waiting_bytes); !said.ok()) return said.error();
    if (status said = made.sections_.reserve(most_sections); !said.ok()) return said.error();
    memory.clear();
    if (status said = memory.resize_zeroed(file_header_bytes); !said.ok()) return said.error();
    made.memory_ = &memory;
    return static_cast<file_writer&&>(made);
  }

  /// Starts a section at the next aligned byte.
  ///
  /// @param id             not used before in this file
  /// @param element_bytes  bytes, >= 1; the section's length will be a multiple of it
  /// @param flags          section_required, section_growable
  /// @return  errc::invalid_argument for a used id, a zero element or a section still open,
  ///          errc::limit_exceeded for a 49th section, append's errors
  status begin_section(std::uint32_t id, std::uint32_t element_bytes, std::uint32_t flags) noexcept {
    if (!said_.ok()) return said_;
    if (inside_) return fail({errc::invalid_argument, "section", "end_section first", "a section still open"});
    if (element_bytes == 0) {
      return fail({errc::invalid_argument, "section.element_bytes", "at least 1", std::uint64_t{0}});
    }
    for (const section_entry& entry : sections_) {
      if (entry.id == id) return fail({errc::invalid_argument, "section.id", "an id used once", std::uint64_t{id}});
    }
    if (sections_.size() == most_sections) {
      return fail({errc::limit_exceeded, "sections", most_sections, most_sections + 1});
    }
    const std::uint64_t unit = (flags & section_growable) != 0 ? growable_alignment : section_alignment;
    if (status said = pad_to(round_up(position_, unit)); !said.ok()) return said;
    section_entry entry{};
    entry.id = id;
    entry.flags = flags;
    entry.offset = position_;
    entry.element_bytes = element_bytes;
    if (status said = sections_.push_back(entry); !said.ok()) return fail(said.error());
    sum_ = hash_stream{};
    inside_ = true;
    return {};
  }

  /// Adds bytes to the open section.
  /// @return  errc::invalid_argument outside of a section, errc::no_space (disk, quota, file size limit), errc::io
  status append(const void* data, std::uint64_t size_bytes) noexcept {
    if (!said_.ok()) return said_;
    if (!inside_) return fail({errc::invalid_argument, "section", "begin_section first", "no section open"});
    if (size_bytes == 0) return {};
    sum_.update(data, size_bytes);
    return put(data, size_bytes);
  }

  /// Ends the section. @return errc::invalid_argument outside of one, or for a part of an element
  status end_section() noexcept {
    if (!said_.ok()) return said_;
    if (!inside_) return fail({errc::invalid_argument, "section", "begin_section first", "no section open"});
    section_entry& entry = sections_[sections_.size() - 1];
    entry.length_bytes = position_ - entry.offset;
    if (entry.length_bytes % entry.element_bytes != 0) {
      return fail({errc::invalid_argument, "section.length_bytes", "a multiple of its element_bytes",
                   entry.length_bytes});
    }
    entry.checksum = sum_.digest();
    inside_ = false;
    return {};
  }

  /// Fills the header (magic to header_bytes, section table, file_bytes, checksum; not kind to dimension, count, rows
  /// and parameters, which are the caller's), writes it, and puts the file in place.
  ///
  /// @return  the first error of this writer, or those of append and replacement_file::commit
  /// @pre     not committed before
  status commit(file_header& header) noexcept {
    if (status said = write_header(header); !said.ok()) return said;
    if (memory_ != nullptr) return {};
    if (status said = replacement_.commit(); !said.ok()) return fail(said.error());
    return {};
  }
  /// Fills and writes the header as commit does, and gives the file for reading what was written before it has a name.
  /// Commit writes its header in place of this one.
  /// @return  as commit, but for what has to do with the name
  /// @pre     not into memory, and not committed before
  [[nodiscard]] result<file_descriptor> seal(file_header& header) noexcept {
    ATLAS_ASSERT(memory_ == nullptr);
    if (status said = write_header(header); !said.ok()) return said.error();
    return replacement_.file().duplicate();
  }

  /// Whether this process began the file: what a child of fork() writes goes into its parent's.
  [[nodiscard]] bool is_of_this_process() const noexcept { return memory_ != nullptr || replacement_.is_of_this_process(); }
  /// Bytes of the file so far, header and padding too.
  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return position_; }

 private:
  static constexpr std::size_t waiting_bytes = std::size_t{1} << 20;

  status fail(const error& why) noexcept {
    said_ = why;
    replacement_.discard();  // gives the disk its room back at once
    return said_;
  }
  [[nodiscard]] status write_header(file_header& header) noexcept {
    if (!said_.ok()) return said_;
    if (inside_) return fail({errc::invalid_argument, "section", "end_section first", "a section still open"});
    if (status said = flush(); !said.ok()) return said;
    std::memcpy(header.magic, file_magic, sizeof file_magic);
    header.byte_order = file_byte_order;
    header.version_major = file_version_major;
    header.version_minor = file_version_minor;
    header.header_bytes = file_header_bytes;
    header.section_count = static_cast<std::uint32_t>(sections_.size());
    header.file_bytes = position_;
    std::memset(header.reserved, 0, sizeof header.reserved);
    std::memset(header.sections, 0, sizeof header.sections);
    if (!sections_.empty()) std::memcpy(header.sections, sections_.data(), sections_.size() * sizeof(section_entry));
    header.checksum = header_checksum(header);
    if (memory_ != nullptr) {
      std::memcpy(memory_->data(), &header, sizeof header);
      return {};
    }
    if (status said = replacement_.file().write_at(&header, sizeof header, 0); !said.ok()) return fail(said.error());
    return {};
  }
  [[nodiscard]] status flush() noexcept {
    if (waiting_.empty()) return {};
    const status said = write(waiting_.data(), waiting_.size(), position_ - waiting_.size());
    if (!said.ok()) return fail(said.error());
    waiting_.clear();
    return {};
  }
  [[nodiscard]] status put(const void* data, std::uint64_t size_bytes) noexcept {
    if (size_bytes > waiting_.capacity() - waiting_.size()) {
      if (status said = flush(); !said.ok()) return said;
      if (size_bytes >= waiting_.capacity()) {
        const status said = write(data, size_bytes, position_);
        if (!said.ok()) return fail(said.error());
        position_ += size_bytes;
        return {};
      }
    }
    const status said = waiting_.append(static_cast<const std::byte*>(data), size_bytes);
    if (!said.ok()) return fail(said.error());
    position_ += size_bytes;
    return {};
  }
  /// Behind what was written before. @param position  where that is
  [[nodiscard]] status write(const void* data, std::uint64_t size_bytes, std::uint64_t position) noexcept {
    if (memory_ != nullptr) return memory_->append(static_cast<const std::byte*>(data), static_cast<std::size_t>(size_bytes));
    return replacement_.file().write_at(data, size_bytes, position);
  }
  [[nodiscard]] status pad_to(std::uint64_t position) noexcept {
    static constexpr std::byte zeros[4096] = {};
    while (position_ < position) {
      const std::uint64_t left = position - position_;
      if (status said = put(zeros, left < sizeof zeros ? left : sizeof zeros); !said.ok()) return said;
    }
    return {};
  }

  hash_stream sum_;  // of the open section
  replacement_file replacement_;
  buffer<std::byte>* memory_ = nullptr;  // in place of the file
  buffer<std::byte> waiting_;  // the file's last bytes, not written yet
  buffer<section_entry> sections_;
  std::uint64_t position_ = file_header_bytes;
  bool inside_ = false;
  status said_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_STORAGE_FILE_WRITER_HPP
