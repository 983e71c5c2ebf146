// SPDX-License-Identifier: Apache-2.0
// tests/support/known_chunks.hpp -- a document and what its chunks are, for every language that can ask for them.
#ifndef ATLAS_TESTS_SUPPORT_KNOWN_CHUNKS_HPP
#define ATLAS_TESTS_SUPPORT_KNOWN_CHUNKS_HPP

#include <cstdint>
#include <string>

namespace support {

/// Markdown with headings, fences, tags, combining marks, carriage returns and a byte that is no UTF-8.
inline const std::string& known_document() {
  static const std::string text = [] {
    std::string out = "# Fish\n\nOf the sea, and of rivers. \"Really?\" Yes.\n\n";
    for (int i = 0; i < 400; ++i) {
      if (i % 40 == 10) out += "\n## Part " + std::to_string(i) + "\n\n";
      if (i % 90 == 50) out += "### Caf\xC3\xA9 <b>bold</b>\n\n```c\nint x = " + std::to_string(i) + ";\n\nint y;\n```\n\n";
      out += "Sentence " + std::to_string(i) + ", h\xC3\xA4lt an; e\xCC\x81t\xC3\xA9. ";
      if (i % 9 == 8) out += "\r\n\r\n";
    }
    return out + "\xFF end";
  }();
  return text;
}

/// FNV-1a over numbers and texts.
class known_digest {
 public:
  void add(std::uint64_t number) {
    for (int i = 0; i < 8; ++i) fold(static_cast<unsigned char>(number >> (8 * i)));
  }
  void add(const std::string& text) {
    for (const char c : text) fold(static_cast<unsigned char>(c));
    add(std::uint64_t{text.size()});
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  void fold(unsigned char byte) { value_ = (value_ ^ byte) * 0x100000001B3U; }
  std::uint64_t value_ = 0xCBF29CE484222325U;
};

/// Of the known document by Markdown: size 300 characters, cut again into 80, coherent from 20 %, trimmed. For each chunk, in this order:
/// byte begin, end, fresh; character begin, end; line begin, end; column; units; level; depth; id low, high; text; its headings' titles.
inline constexpr std::uint64_t known_markdown_digest = 4883150073338121776U;

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_KNOWN_CHUNKS_HPP
