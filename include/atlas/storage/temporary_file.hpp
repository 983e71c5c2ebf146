// SPDX-License-Identifier: Apache-2.0
// include/atlas/storage/temporary_file.hpp -- a file without a name, gone with its last descriptor.
//
// Room:      one function.
// Not here:  files that get a name when they are whole (storage/replacement_file.hpp).
// Depends:   core, storage/file_descriptor.hpp, POSIX.
#ifndef ATLAS_STORAGE_TEMPORARY_FILE_HPP
#define ATLAS_STORAGE_TEMPORARY_FILE_HPP

#include <atlas/core/bits.hpp>                // mix64
#include <atlas/storage/file_descriptor.hpp>  // file_descriptor

#include <cstdio>  // std::snprintf

namespace atlas { inline namespace ATLAS_ABI {

/// An empty file for reading and writing on a folder's disk, whose bytes go back to the disk when the last descriptor is
/// closed, also by a crash.
/// @param folder  NUL-terminated; it exists
/// @return  errc::file_not_found, not_a_directory, permission_denied, invalid_argument (null or empty), no_space, io
[[nodiscard]] inline result<file_descriptor> open_temporary(const char* folder) noexcept {
  if (folder == nullptr || folder[0] == '\0') {
    return error{errc::invalid_argument, "folder", "a path", folder == nullptr ? "null" : "an empty one"};
  }
  constexpr mode_t owner_only = 0600;
#ifdef O_TMPFILE
  const int nameless = ::open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, owner_only);
  if (nameless >= 0) return file_descriptor(nameless);
  // What file systems say that have none, and kernels that do not know it.
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return os_error(errno, "folder");
#endif
  const file_descriptor opened(::open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.is_open()) return os_error(errno, "folder");
  std::uint64_t draw = mix64(static_cast<std::uint64_t>(::getpid())) ^ reinterpret_cast<std::uintptr_t>(&draw);
  for (int attempt = 0; attempt < 100; ++attempt) {
    struct timespec now = {0, 0};
    ::clock_gettime(CLOCK_REALTIME, &now);
    draw = mix64(draw + static_cast<std::uint64_t>(now.tv_nsec) + 1);
    char name[32];
    std::snprintf(name, sizeof name, ".atlas-%016llx.tmp", static_cast<unsigned long long>(draw));
    const int number = ::openat(opened.number(), name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, owner_only);
    if (number >= 0) {
      ::unlinkat(opened.number(), name, 0);
      return file_descriptor(number);
    }
    if (errno != EEXIST && errno != EINTR) return os_error(errno, "folder.temporary");
  }
  return os_error(EEXIST, "folder.temporary");
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_STORAGE_TEMPORARY_FILE_HPP
