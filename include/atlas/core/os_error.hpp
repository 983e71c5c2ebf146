// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/os_error.hpp -- from an errno to an error that says what was expected and found.
//
// Room:      the one table of errno values.
// Depends:   core/error.hpp.
// Threads:   pure.
#ifndef ATLAS_CORE_OS_ERROR_HPP
#define ATLAS_CORE_OS_ERROR_HPP

#include <atlas/core/error.hpp>  // error, errc

#include <cerrno>  // errno and its values

namespace atlas { inline namespace ATLAS_ABI {

/// The error of a failed system call.
///
/// @param number  its errno
/// @param field   what was looked at ("path", "file.write"); static storage
/// @return        the closest code (errc::io if none is closer), with `os_code` set
[[nodiscard, gnu::cold]] inline error os_error(int number, const char* field) noexcept {
  const auto make = [&](errc code, const char* expected, const char* found) {
    return error{code, field, expected, found}.with_os_code(number);
  };
  switch (number) {
    case ENOENT: return make(errc::file_not_found, "an existing file or folder", "nothing");
    case EISDIR: return make(errc::is_a_directory, "a file", "a folder");
    case ENOTDIR: return make(errc::not_a_directory, "a folder", "something else");
    case EACCES:
    case EPERM: return make(errc::permission_denied, "access", "a refusal by the operating system");
    case EROFS: return make(errc::permission_denied, "a writable file system", "a read-only one");
    case ENOSPC: return make(errc::no_space, "room on the file system", "none");
    case EDQUOT: return make(errc::no_space, "room within the disk quota", "none");
    case EFBIG: return make(errc::no_space, "room below the file size limit", "none");
    case ENOMEM: return make(errc::no_memory, "memory or address space", "none");
    case ELOOP: return make(errc::invalid_argument, "a path of at most 40 symbolic links", "a longer chain");
    case ENAMETOOLONG: return make(errc::invalid_argument, "a path the file system allows", "a longer one");
    case EMFILE: return make(errc::io, "a free file descriptor of this process", "none");
    case ENFILE: return make(errc::io, "a free file descriptor of the system", "none");
    default: return make(errc::io, "success", "a failed system call");
  }
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_OS_ERROR_HPP
