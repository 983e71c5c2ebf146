// SPDX-License-Identifier: Apache-2.0
// bench/support/resident_memory.hpp -- what of a process is in memory, as the kernel counts it.
#ifndef ATLAS_BENCH_SUPPORT_RESIDENT_MEMORY_HPP
#define ATLAS_BENCH_SUPPORT_RESIDENT_MEMORY_HPP

#include <cctype>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace bench {

/// Bytes of this process that are in memory, and how many of them no file stands behind.
struct resident_memory {
  std::uint64_t all = 0;
  std::uint64_t anonymous = 0;
};

inline resident_memory resident_now() {
  std::ifstream sums("/proc/self/smaps_rollup");
  resident_memory found;
  for (std::string line; std::getline(sums, line);) {
    if (line.rfind("Rss:", 0) == 0) found.all = std::stoull(line.substr(4)) * 1024;
    if (line.rfind("Anonymous:", 0) == 0) found.anonymous = std::stoull(line.substr(10)) * 1024;
  }
  return found;
}

/// Resident bytes of this process that belong to the mapping of a file.
inline std::uint64_t resident_bytes_of(const std::filesystem::path& path) {
  std::ifstream maps("/proc/self/smaps");
  const std::string file = std::filesystem::canonical(path);
  std::uint64_t sum = 0;
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    const bool is_range = line.find('-') != std::string::npos && line.find(' ') > line.find('-') &&
                          std::isxdigit(static_cast<unsigned char>(line[0])) != 0;
    if (is_range)
      inside = line.size() >= file.size() && line.compare(line.size() - file.size(), file.size(), file) == 0;
    if (inside && line.rfind("Rss:", 0) == 0) sum += std::stoull(line.substr(4)) * 1024;
  }
  return sum;
}

}  // namespace bench

#endif  // ATLAS_BENCH_SUPPORT_RESIDENT_MEMORY_HPP
