// SPDX-License-Identifier: Apache-2.0
// tests/support/memory_folder.hpp -- a scratch folder in memory where the system has one, for tests that save hundreds of
// times: each save waits for the disk, and these tests ask nothing of the disk.
#ifndef ATLAS_TESTS_SUPPORT_MEMORY_FOLDER_HPP
#define ATLAS_TESTS_SUPPORT_MEMORY_FOLDER_HPP

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace support {

class memory_folder {
 public:
  memory_folder() {
    const bool has_memory = ::access("/dev/shm", W_OK) == 0;
    std::string pattern = ((has_memory ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path()) / "atlas-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  memory_folder(const memory_folder&) = delete;
  memory_folder& operator=(const memory_folder&) = delete;
  ~memory_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string path(std::string_view name) const { return (path_ / name).string(); }
  std::string write(std::string_view name, std::string_view content) const {
    std::ofstream(path(name), std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
    return path(name);
  }

 private:
  std::filesystem::path path_;
};

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_MEMORY_FOLDER_HPP
