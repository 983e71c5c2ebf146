// SPDX-License-Identifier: Apache-2.0
// tests/support/patched_file.hpp -- an index file that is changed in place, a few bytes at a time.
#ifndef ATLAS_TESTS_SUPPORT_PATCHED_FILE_HPP
#define ATLAS_TESTS_SUPPORT_PATCHED_FILE_HPP

#include <atlas/storage/file_header.hpp>

#include "support/index_bytes.hpp"
#include "support/memory_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

namespace support {

inline atlas::file_header header_of(const std::string& file) {
  atlas::file_header header;
  if (file.size() < sizeof header) std::abort();
  std::memcpy(&header, file.data(), sizeof header);
  return header;
}
/// The entry of a section, which must be there.
inline atlas::section_entry section_of(const std::string& file, std::uint32_t id) {
  const atlas::file_header header = header_of(file);
  for (std::uint32_t i = 0; i < header.section_count; ++i) {
    if (header.sections[i].id == id) return header.sections[i];
  }
  std::abort();
}
inline bool has_section(const std::string& file, std::uint32_t id) {
  const atlas::file_header header = header_of(file);
  for (std::uint32_t i = 0; i < header.section_count; ++i) {
    if (header.sections[i].id == id) return true;
  }
  return false;
}
/// Calls use(file) for files whose table lies about one section: it is called something else, and optional; it has an element
/// less; it is empty; its elements are half as large. @pre the section is there
template <class Use>
void each_lie_about(const std::string& good, std::uint32_t id, Use use) {
  const atlas::file_header header = header_of(good);
  std::size_t place = 0;
  while (header.sections[place].id != id) ++place;
  const atlas::section_entry& entry = header.sections[place];
  const std::size_t at = 1024 + place * sizeof entry;
  struct lie {
    std::size_t offset;
    std::uint64_t value;
    std::size_t width;
  };
  const lie lies[] = {{at, 0x999, 8}, {at + 16, entry.length_bytes - entry.element_bytes, 8}, {at + 16, 0, 8}, {at + 24, entry.element_bytes / 2, 4}};
  for (const lie& one : lies) {
    std::string file = good;
    put_number(file, one.offset, one.value, one.width);
    seal(file);
    use(file);
  }
}
inline constexpr std::uint32_t vectors_section = 0x100;

/// The file with its vectors behind everything else, so that cutting it cuts them alone.
inline std::string with_vectors_last(const std::string& file) {
  atlas::file_header header = header_of(file);
  std::string moved = file;
  std::uint32_t place = 0;
  while (header.sections[place].id != vectors_section) ++place;
  atlas::section_entry entry = header.sections[place];
  moved.resize((file.size() + atlas::growable_alignment - 1) / atlas::growable_alignment * atlas::growable_alignment, '\0');
  const std::string vectors = file.substr(entry.offset, entry.length_bytes);
  entry.offset = moved.size();
  moved += vectors;
  for (; place + 1 < header.section_count; ++place) header.sections[place] = header.sections[place + 1];
  header.sections[place] = entry;
  header.file_bytes = moved.size();
  std::memcpy(moved.data(), &header, sizeof header);
  seal(moved);
  return moved;
}
/// A little-endian number of `width` bytes.
inline std::uint64_t number_at(const std::string& file, std::size_t offset, std::size_t width) {
  std::uint64_t number = 0;
  for (std::size_t i = width; i-- > 0;) number = number << 8 | static_cast<unsigned char>(file.at(offset + i));
  return number;
}

class patched_file {
 public:
  patched_file(const memory_folder& folder, const std::string& content)
      : path_(folder.write("patched", content)), descriptor_(::open(path_.c_str(), O_RDWR | O_CLOEXEC)), content_(content) {
    if (descriptor_ < 0) std::abort();
  }
  patched_file(const patched_file&) = delete;
  patched_file& operator=(const patched_file&) = delete;
  ~patched_file() { ::close(descriptor_); }

  [[nodiscard]] const char* path() const { return path_.c_str(); }
  [[nodiscard]] const std::string& content() const { return content_; }
  void put(std::size_t offset, const std::string& bytes) const {
    if (::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset)) != static_cast<ssize_t>(bytes.size())) std::abort();
  }
  /// A new header page, its checksum made right.
  void put_sealed(std::string page) const {
    seal(page);
    put(0, page);
  }
  void restore(std::size_t offset, std::size_t length) const { put(offset, content_.substr(offset, length)); }
  [[nodiscard]] std::string header() const { return content_.substr(0, 4096); }

 private:
  std::string path_;
  int descriptor_;
  std::string content_;
};

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_PATCHED_FILE_HPP
