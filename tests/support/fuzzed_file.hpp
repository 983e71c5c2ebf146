// SPDX-License-Identifier: Apache-2.0
// tests/support/fuzzed_file.hpp -- a file in memory that a fuzz target writes anew for each input.
#ifndef ATLAS_TESTS_SUPPORT_FUZZED_FILE_HPP
#define ATLAS_TESTS_SUPPORT_FUZZED_FILE_HPP

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace support {

/// One file in memory, and a name in a folder in memory to save to.
struct fuzzed_file {
  /// @param name  of the program
  explicit fuzzed_file(const char* name) {
    descriptor = ::memfd_create(name, MFD_CLOEXEC);
    if (descriptor < 0) std::abort();
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    std::snprintf(save_path, sizeof save_path, "%s/%s.%d", ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", name, static_cast<int>(::getpid()));
  }
  fuzzed_file(const fuzzed_file&) = delete;
  fuzzed_file& operator=(const fuzzed_file&) = delete;
  ~fuzzed_file() {
    ::close(descriptor);
    ::unlink(save_path);
  }
  void write(const std::string& bytes) const {
    // Emptied first: then what is zero needs not be written.
    if (::ftruncate(descriptor, 0) != 0 || ::ftruncate(descriptor, static_cast<off_t>(bytes.size())) != 0) std::abort();
    constexpr std::size_t page = 4096;
    static const std::string zeros(page, '\0');
    for (std::size_t at = 0; at < bytes.size(); at += page) {
      const std::size_t length = bytes.size() - at < page ? bytes.size() - at : page;
      if (std::memcmp(bytes.data() + at, zeros.data(), length) == 0) continue;
      if (::pwrite(descriptor, bytes.data() + at, length, static_cast<off_t>(at)) != static_cast<ssize_t>(length)) std::abort();
    }
  }
  int descriptor = -1;
  char path[64] = {};
  char save_path[64] = {};
};

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_FUZZED_FILE_HPP
