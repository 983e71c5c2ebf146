// SPDX-License-Identifier: Apache-2.0
// tests/support/index_bytes.hpp -- an index file put together byte by byte from the format's table, as an oracle
// for the reader and the writer. Uses none of include/atlas/storage.
#ifndef ATLAS_TESTS_SUPPORT_INDEX_BYTES_HPP
#define ATLAS_TESTS_SUPPORT_INDEX_BYTES_HPP

#include <atlas/core/hash.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace support {

struct section_bytes {
  std::uint32_t id = 0;
  std::uint32_t flags = 0;  // 1 required, 2 growable
  std::uint32_t element_bytes = 1;
  std::string bytes;
};

struct header_numbers {
  std::uint16_t kind = 2;
  std::uint8_t scalar = 0;
  std::uint8_t metric = 0;
  std::uint32_t dimension = 0;
  std::uint64_t count = 0;
  std::uint64_t rows = 0;
  std::string parameters;  // at most 256 bytes
};

/// Little-endian, `width` bytes.
inline void put_number(std::string& bytes, std::size_t offset, std::uint64_t value, std::size_t width) {
  for (std::size_t i = 0; i < width; ++i) bytes.at(offset + i) = static_cast<char>((value >> (8 * i)) & 0xFF);
}

/// Makes the header's checksum right again after a change.
inline void seal(std::string& file) {
  std::string page = file.substr(0, 4096);
  put_number(page, 56, 0, 8);
  put_number(file, 56, atlas::xxh3_64(page.data(), page.size()), 8);
}

inline std::string index_bytes(const header_numbers& numbers, const std::vector<section_bytes>& sections) {
  std::string file(4096, '\0');
  file.replace(0, 8,
               "\x89"
               "ATLAS\r\n");
  put_number(file, 8, 0x01020304, 4);
  put_number(file, 12, 1, 2);
  put_number(file, 14, 0, 2);
  put_number(file, 16, 4096, 4);
  put_number(file, 20, numbers.kind, 2);
  put_number(file, 22, numbers.scalar, 1);
  put_number(file, 23, numbers.metric, 1);
  put_number(file, 24, numbers.dimension, 4);
  put_number(file, 28, sections.size(), 4);
  put_number(file, 32, numbers.count, 8);
  put_number(file, 40, numbers.rows, 8);
  file.replace(64, numbers.parameters.size(), numbers.parameters);
  std::size_t entry = 1024;
  for (const section_bytes& section : sections) {
    const std::size_t unit = (section.flags & 2) != 0 ? 65536 : 64;
    file.resize((file.size() + unit - 1) / unit * unit, '\0');
    put_number(file, entry, section.id, 4);
    put_number(file, entry + 4, section.flags, 4);
    put_number(file, entry + 8, file.size(), 8);
    put_number(file, entry + 16, section.bytes.size(), 8);
    put_number(file, entry + 24, section.element_bytes, 4);
    put_number(file, entry + 32, atlas::xxh3_64(section.bytes.data(), section.bytes.size()), 8);
    file += section.bytes;
    entry += 64;
  }
  put_number(file, 48, file.size(), 8);
  seal(file);
  return file;
}

/// Three sections: 10 x 4 bytes required, an empty one, 3 x 5 bytes optional. 4175 bytes.
inline std::string small_index() {
  header_numbers numbers;
  numbers.dimension = 1;
  numbers.count = numbers.rows = 10;
  numbers.parameters = "parameters";
  std::string tenfold;
  for (int i = 0; i < 40; ++i) tenfold += static_cast<char>(i);
  return index_bytes(numbers, {{0x100, 1, 4, tenfold}, {0x101, 0, 8, ""}, {0x200, 0, 5, "abcdeABCDE01234"}});
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_INDEX_BYTES_HPP
