// SPDX-License-Identifier: Apache-2.0
// tests/support/texts.hpp -- texts that a careful writer would never send.
#ifndef ATLAS_TESTS_SUPPORT_TEXTS_HPP
#define ATLAS_TESTS_SUPPORT_TEXTS_HPP

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace support {

/// Any bytes whatever.
inline std::string random_bytes(std::uint64_t seed, std::size_t size_bytes) {
  std::mt19937_64 random(seed);
  std::string out(size_bytes, '\0');
  for (char& c : out) c = static_cast<char>(random() & 0xFF);
  return out;
}

/// `pieces` draws from everything that a chunker, decoder or word reader treats apart: line ends of all sorts, white
/// space, sentence ends, closers, scripts of one to four bytes, cut and overlong sequences, NUL.
inline std::string random_text(std::uint64_t seed, std::size_t pieces) {
  static const std::vector<std::string> stock = {
      "a", "b", "word", "Two", "z", "A", "7", " ", " ", " ", " ", "  ", "\t", "\n", "\n", "\r\n", "\r", "\n\n", "\r\n\r\n",
      "\n \t\n", ". ", ". x", ".\n", "! ", "?\" ", "... ", ".) Then ", "'", ")", "]", "}", ".", "!", "?", "e.g. this",
      "\u00E9", "e\u0301", "\u00DF", "\u0416", "\u05D0", "\u4E2D", "\u6587", "\u3042", "\u30AB\u30CA", "\u3002", "\uFF01", "\uFF1F\u300D", "\u300D",
      "\u3000", "\u2028", "\u2029", "\u00A0", "\u2007", "\u2003", "\u0085", "\u2026 ", "\u0964 ", "\u061F ", "\u201D", "\U0001F600", "\U0001F468\u200D\U0001F469",
      "\U0001D400", "\uFF21", "\uFB01", "\uFDFA", "\u0130", "\u1E9E", "\u1100\u1161\u11A8", "\uD55C", "\xE4\xB8", "\xF0\x9F", "\xC0\xAF", "\xED\xA0\x80", "\x80", "\xFF",
      "\xF4\x90\x80\x80", std::string(1, '\0'), "\x1B[0m", "_", "snake_case", "camelCase"};
  std::mt19937_64 random(seed);
  std::string out;
  for (std::size_t i = 0; i < pieces; ++i) out += stock[random() % stock.size()];
  return out;
}

/// The folder of conformance data, "" when it is not given.
inline std::string test_data() {
  const char* const folder = std::getenv("ATLAS_TEST_DATA");
  return folder == nullptr ? std::string() : std::string(folder);
}

/// A file's bytes; "" if there is none.
inline std::string file_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// What a command prints; "" if it fails. For unpacking test data.
inline std::string output_of(const std::string& command) {
  FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  std::string out;
  char block[65536];
  for (std::size_t got = 0; (got = std::fread(block, 1, sizeof block, pipe)) > 0;) out.append(block, got);
  return pclose(pipe) == 0 ? out : std::string();
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_TEXTS_HPP
