// SPDX-License-Identifier: Apache-2.0
// tests/support/rank_file.hpp -- rank files of byte-pair encodings, written by hand.
#ifndef ATLAS_TESTS_SUPPORT_RANK_FILE_HPP
#define ATLAS_TESTS_SUPPORT_RANK_FILE_HPP

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace support {

using rank_map = std::map<std::string, std::uint32_t>;

inline std::string base64_of(const std::string& bytes) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 3; ++i) value = value << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) out += at + i <= bytes.size() ? digits[value >> (18 - 6 * i) & 63U] : '=';
  }
  return out;
}

/// In the order of the tokens, not of the ranks.
inline std::string rank_file(const rank_map& ranks) {
  std::string out;
  for (const auto& [token, rank] : ranks) out += base64_of(token) + " " + std::to_string(rank) + "\n";
  return out;
}

/// All single bytes, whose ranks are their values, and these tokens from rank 256 on.
inline rank_map ranks_of_bytes_and(const std::vector<std::string>& tokens) {
  rank_map ranks;
  for (std::uint32_t byte = 0; byte < 256; ++byte) ranks[std::string(1, static_cast<char>(byte))] = byte;
  for (const std::string& token : tokens) ranks.emplace(token, static_cast<std::uint32_t>(ranks.size()));
  return ranks;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_RANK_FILE_HPP
