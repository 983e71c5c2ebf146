// SPDX-License-Identifier: Apache-2.0
// include/atlas/storage/mapped_file.hpp -- a file's bytes as memory, for reading.
//
// Room:      opening, mapping and unmapping one file.
// Not here:  what the bytes mean (storage/file_reader.hpp), memory that grows (storage/region.hpp).
// Depends:   core, storage/file_descriptor.hpp, POSIX.
// Threads:   any number of readers; open, move and destruction by one thread.
#ifndef ATLAS_STORAGE_MAPPED_FILE_HPP
#define ATLAS_STORAGE_MAPPED_FILE_HPP

#include <atlas/core/result.hpp>              // result
#include <atlas/storage/file_descriptor.hpp>  // file_descriptor

#include <sys/mman.h>  // mmap, munmap, madvise

namespace atlas { inline namespace ATLAS_ABI {

/// A whole file mapped for reading. Pages are read when they are touched, so opening costs the same for
/// every size. The file may be renamed, replaced or unlinked while it is mapped.
///
/// The file must not shrink while it is mapped, and the device must be able to read it: otherwise touching
/// a lost page raises SIGBUS, as it does for every mapping of every program. ATLAS itself never writes into an
/// existing file; it replaces it.
class mapped_file {
 public:
  mapped_file() noexcept = default;
  mapped_file(mapped_file&& other) noexcept
      : descriptor_(static_cast<file_descriptor&&>(other.descriptor_)),
        data_(other.data_),
        size_bytes_(other.size_bytes_),
        base_(other.base_) {
    other.data_ = nullptr;
    other.size_bytes_ = other.base_ = 0;
  }
  mapped_file& operator=(mapped_file&& other) noexcept {
    if (this != &other) {
      unmap();
      descriptor_ = static_cast<file_descriptor&&>(other.descriptor_);
      data_ = other.data_;
      size_bytes_ = other.size_bytes_;
      base_ = other.base_;
      other.data_ = nullptr;
      other.size_bytes_ = other.base_ = 0;
    }
    return *this;
  }
  mapped_file(const mapped_file&) = delete;
  mapped_file& operator=(const mapped_file&) = delete;
  ~mapped_file() { unmap(); }

  /// Maps a regular file for reading. An empty file is allowed: data() is then null.
  ///
  /// @param path  NUL-terminated; symbolic links are followed
  /// @return      errc::file_not_found, errc::permission_denied, errc::is_a_directory,
  ///              errc::invalid_argument for a null path or what is no regular file,
  ///              errc::no_memory when the address space is full, errc::io
  /// Cost: three system calls, whatever the size; reads no byte of the file.
  [[nodiscard]] static result<mapped_file> open(const char* path) noexcept {
    std::uint64_t size_bytes = 0;
    result<file_descriptor> descriptor = file_descriptor::open_to_read(path, size_bytes);
    if (!descriptor.ok()) return descriptor.error();
    return of(static_cast<file_descriptor&&>(*descriptor), size_bytes);
  }
  /// The same of a regular file that is open for reading, with or without a name.
  /// @param size_bytes  its size; what is beyond its end cannot be read (SIGBUS)
  /// @return            errc::no_memory, errc::io
  [[nodiscard]] static result<mapped_file> of(file_descriptor&& file, std::uint64_t size_bytes) noexcept {
    mapped_file opened;
    opened.descriptor_ = static_cast<file_descriptor&&>(file);
    opened.size_bytes_ = size_bytes;
    if (opened.size_bytes_ != 0) {
      // Private, because some file systems refuse shared maps; for a map without writes they are the same.
      void* at = ::mmap(nullptr, opened.size_bytes_, PROT_READ, MAP_PRIVATE, opened.descriptor(), 0);
      if (at == MAP_FAILED) return os_error(errno, "file.map");
      opened.data_ = static_cast<const std::byte*>(at);
    }
    return static_cast<mapped_file&&>(opened);
  }

  /// A part of a file that is mapped already, as if it were a file of its own.
  /// @param offset        a multiple of every page size (storage/region.hpp: mapping_alignment)
  /// @param length_bytes  at least 1; offset + length_bytes <= whole.size_bytes()
  /// @return              errc::no_memory, errc::io
  /// Cost: two system calls.
  [[nodiscard]] static result<mapped_file> open_part(const mapped_file& whole, std::uint64_t offset, std::uint64_t length_bytes) noexcept {
    ATLAS_ASSERT(length_bytes != 0 && offset <= whole.size_bytes() && length_bytes <= whole.size_bytes() - offset);
    mapped_file part;
    auto descriptor = whole.descriptor_.duplicate();
    if (!descriptor.ok()) return descriptor.error();
    part.descriptor_ = static_cast<file_descriptor&&>(*descriptor);
    void* at = ::mmap(nullptr, length_bytes, PROT_READ, MAP_PRIVATE, part.descriptor(), static_cast<off_t>(whole.base_ + offset));
    if (at == MAP_FAILED) return os_error(errno, "file.map");
    part.data_ = static_cast<const std::byte*>(at);
    part.size_bytes_ = length_bytes;
    part.base_ = whole.base_ + offset;
    return static_cast<mapped_file&&>(part);
  }

  [[nodiscard]] bool is_open() const noexcept { return descriptor_.is_open(); }
  /// Where data() lies in the file: 0 unless it is a part.
  [[nodiscard]] std::uint64_t base() const noexcept { return base_; }
  /// The file's first byte, page-aligned; null if the file is empty or none is open.
  [[nodiscard]] const std::byte* data() const noexcept { return data_; }
  /// The file's size when it was opened.
  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return size_bytes_; }
  /// For reads that should not go through the mapping; owned by this object.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_.number(); }
  [[nodiscard]] const file_descriptor& file() const noexcept { return descriptor_; }

  /// Asks the kernel to read [offset, offset + length_bytes) ahead. A hint: returns at once, cannot fail.
  void prefetch(std::uint64_t offset, std::uint64_t length_bytes) const noexcept {
    if (offset >= size_bytes_) return;
    if (length_bytes > size_bytes_ - offset) length_bytes = size_bytes_ - offset;
    const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    const std::uint64_t before = offset % page_bytes;  // madvise wants the first byte of a page
    ::madvise(const_cast<std::byte*>(data_) + (offset - before), length_bytes + before, MADV_WILLNEED);
  }
  /// Takes the pages that were touched out of the process; those that are touched again come back, from the kernel's cache if
  /// they are still there. Others may read meanwhile. A hint, as prefetch.
  void release() const noexcept {
    if (data_ != nullptr) ::madvise(const_cast<std::byte*>(data_), size_bytes_, MADV_DONTNEED);
  }

 private:
  void unmap() noexcept {
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_bytes_);
    data_ = nullptr;
  }

  file_descriptor descriptor_;
  const std::byte* data_ = nullptr;
  std::uint64_t size_bytes_ = 0;
  std::uint64_t base_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_STORAGE_MAPPED_FILE_HPP
