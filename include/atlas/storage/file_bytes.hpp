// SPDX-License-Identifier: Apache-2.0
// include/atlas/storage/file_bytes.hpp -- a whole file into memory, and a whole file out of it.
//
// Room:      read_file with a bound, write_file in one step.
// Not here:  mapping (storage/mapped_file.hpp), files written in pieces (storage/replacement_file.hpp).
// Depends:   core, storage/file_descriptor.hpp, storage/replacement_file.hpp.
// Threads:   calls share nothing.
#ifndef ATLAS_STORAGE_FILE_BYTES_HPP
#define ATLAS_STORAGE_FILE_BYTES_HPP

#include <atlas/core/memory.hpp>               // buffer
#include <atlas/core/span.hpp>                 // span
#include <atlas/storage/file_descriptor.hpp>   // file_descriptor
#include <atlas/storage/replacement_file.hpp>  // replacement_file

namespace atlas { inline namespace ATLAS_ABI {

/// Reads a regular file to its end, also when it grows meanwhile or, like those of /proc, does not know its size.
///
/// @param path         NUL-terminated; symbolic links are followed
/// @param limit_bytes  the most it may hold
/// @param out          its bytes; memory it has already is used again. Empty on error
/// @return  errc::limit_exceeded with both sizes, file_descriptor::open_to_read's errors, errc::io, errc::no_memory
[[nodiscard]] inline status read_file(const char* path, std::uint64_t limit_bytes, buffer<char>& out) noexcept {
  out.clear();
  std::uint64_t size_bytes = 0;
  const result<file_descriptor> file = file_descriptor::open_to_read(path, size_bytes);
  if (!file.ok()) return file.error();
  std::uint64_t done = 0;
  while (size_bytes <= limit_bytes) {
    // One byte more than expected: reading less than asked is what shows the end.
    const status grown = out.resize(size_bytes + 1);
    const result<std::uint64_t> got =
        grown.ok() ? file->read_some_at(out.data() + done, size_bytes + 1 - done, done) : grown.error();
    if (!got.ok()) {
      out.clear();
      return got.error();
    }
    done += *got;
    if (done <= size_bytes) return out.resize(done);
    size_bytes = done;  // and there is more
    if (done > limit_bytes) break;
    size_bytes += done / 2 + 4096;
    if (size_bytes > limit_bytes) size_bytes = limit_bytes;
  }
  out.clear();
  return error{errc::limit_exceeded, "file.size_bytes", limit_bytes, size_bytes};
}

/// Replaces a file by these bytes: complete on the device or not at all.
/// @return  what replacement_file::create and commit return, errc::no_space, errc::io
[[nodiscard]] inline status write_file(const char* path, span<const std::byte> bytes) noexcept {
  result<replacement_file> target = replacement_file::create(path);
  if (!target.ok()) return target.error();
  if (status said = target->file().write_at(bytes.data(), bytes.size(), 0); !said.ok()) return said;
  return target->commit();
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_STORAGE_FILE_BYTES_HPP
