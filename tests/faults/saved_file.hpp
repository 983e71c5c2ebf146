// SPDX-License-Identifier: Apache-2.0
// tests/faults/saved_file.hpp -- the save that every fault is tried on, and what its file must then hold.
#ifndef ATLAS_TESTS_FAULTS_SAVED_FILE_HPP
#define ATLAS_TESTS_FAULTS_SAVED_FILE_HPP

#include <atlas/storage/file_writer.hpp>

#include "support/index_bytes.hpp"
#include "support/scratch_folder.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace faults {

/// Two sections of `size` bytes that are all `fill`, or the first error.
inline atlas::status save(const std::string& path, char fill, std::size_t size) {
  auto writer = atlas::file_writer::create(path.c_str());
  if (!writer.ok()) return writer.error();
  const std::string bytes(size, fill);
  for (const std::uint32_t id : {0x100U, 0x101U}) {
    if (auto said = writer->begin_section(id, 1, 0); !said.ok()) return said;
    if (auto said = writer->append(bytes.data(), bytes.size()); !said.ok()) return said;
    if (auto said = writer->end_section(); !said.ok()) return said;
  }
  atlas::file_header header{};
  header.kind = atlas::file_kind::hnsw;
  return writer->commit(header);
}

/// What save() leaves at the path, byte for byte.
inline std::string saved(char fill, std::size_t size) {
  return support::index_bytes({}, {{0x100, 0, 1, std::string(size, fill)}, {0x101, 0, 1, std::string(size, fill)}});
}

inline bool holds(const std::string& path, const std::string& bytes) { return support::read_whole(path) == bytes; }

/// How many files of the folder are not `name`.
inline std::size_t others(const support::scratch_folder& folder, const std::string& name) {
  const std::vector<std::string> names = folder.names();
  return names.size() - static_cast<std::size_t>(std::count(names.begin(), names.end(), name));
}

}  // namespace faults

#endif  // ATLAS_TESTS_FAULTS_SAVED_FILE_HPP
