// SPDX-License-Identifier: Apache-2.0
// tests/support/tar_archive.hpp -- the files in a tar archive that is known to be whole, for conformance data.
#ifndef ATLAS_TESTS_SUPPORT_TAR_ARCHIVE_HPP
#define ATLAS_TESTS_SUPPORT_TAR_ARCHIVE_HPP

#include "support/insist.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace support {

struct archived_file {
  std::string path;
  std::string bytes;
};

/// The plain files of an archive as POSIX (ustar) and GNU tar write them, long paths of the latter included, by their paths.
inline std::vector<archived_file> files_of_archive(const std::string& archive) {
  constexpr std::size_t block = 512;
  // A field of the header ends at a NUL, if it does not fill its place.
  const auto field = [&](std::size_t at, std::size_t length) {
    const std::string all = archive.substr(at, length);
    return all.substr(0, all.find('\0'));
  };
  std::vector<archived_file> files;
  std::string long_path;
  for (std::size_t at = 0; at + block <= archive.size() && archive[at] != '\0';) {
    const auto size = static_cast<std::size_t>(std::strtoull(field(at + 124, 12).c_str(), nullptr, 8));
    const char kind = archive[at + 156];
    insist(archive.compare(at + 257, 5, "ustar") == 0 && size <= archive.size() - at - block, "a header of tar, and what it is of");
    const std::string bytes = archive.substr(at + block, size);
    if (kind == 'L') {
      long_path = bytes.substr(0, bytes.find('\0'));
    } else {
      const bool is_posix = archive[at + 262] == '\0';
      const std::string folder = is_posix ? field(at + 345, 155) : "";
      std::string path = long_path.empty() ? folder + (folder.empty() ? "" : "/") + field(at, 100) : long_path;
      if (kind == '0' || kind == '\0') files.push_back({std::move(path), bytes});
      long_path.clear();
    }
    at += block + (size + block - 1) / block * block;
  }
  std::sort(files.begin(), files.end(), [](const archived_file& a, const archived_file& b) { return a.path < b.path; });
  return files;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_TAR_ARCHIVE_HPP
