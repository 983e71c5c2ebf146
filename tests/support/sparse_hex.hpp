// SPDX-License-Identifier: Apache-2.0
// tests/support/sparse_hex.hpp -- a file as text that can be read and compared: lines of an offset and 32 bytes, both in
// hexadecimal, without the lines of zeros. An index file is mostly gaps, and a change of its format shows in a diff.
#ifndef ATLAS_TESTS_SUPPORT_SPARSE_HEX_HPP
#define ATLAS_TESTS_SUPPORT_SPARSE_HEX_HPP

#include <cstddef>
#include <sstream>
#include <string>

namespace support {

/// Lines that begin with '#' are for people; then "size" and a decimal number of bytes; then the lines of bytes.
inline std::string bytes_of_sparse_hex(const std::string& text) {
  std::istringstream lines(text);
  std::string bytes;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    if (line.starts_with("size ")) {
      bytes.assign(std::stoul(line.substr(5)), '\0');
      continue;
    }
    std::size_t offset = std::stoul(line.substr(0, 8), nullptr, 16);
    for (std::size_t at = 9; at + 2 <= line.size(); at += 2) bytes.at(offset++) = static_cast<char>(std::stoul(line.substr(at, 2), nullptr, 16));
  }
  return bytes;
}

inline std::string sparse_hex_of_bytes(const std::string& bytes, const std::string& comment) {
  constexpr std::size_t line_bytes = 32;
  constexpr char digits[] = "0123456789abcdef";
  std::string text = "# " + comment + "\nsize " + std::to_string(bytes.size()) + "\n";
  for (std::size_t first = 0; first < bytes.size(); first += line_bytes) {
    const std::string line = bytes.substr(first, line_bytes);
    if (line.find_first_not_of('\0') == std::string::npos) continue;
    for (int shift = 28; shift >= 0; shift -= 4) text += digits[(first >> shift) & 0xF];
    text += ' ';
    for (const char byte : line) {
      text += digits[(static_cast<unsigned char>(byte) >> 4) & 0xF];
      text += digits[static_cast<unsigned char>(byte) & 0xF];
    }
    text += '\n';
  }
  return text;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_SPARSE_HEX_HPP
