// SPDX-License-Identifier: Apache-2.0
// tests/support/utf8_model.hpp -- the characters of a text as the Unicode Standard says it, slow and obvious.
#ifndef ATLAS_TESTS_SUPPORT_UTF8_MODEL_HPP
#define ATLAS_TESTS_SUPPORT_UTF8_MODEL_HPP

#include <cstdint>
#include <string>
#include <vector>

namespace support {

/// Code points; a byte of no well-formed sequence is one of its own, as 0x110000 + byte.
struct model_character {
  std::uint32_t code_point = 0;
  std::size_t byte = 0;  ///< where it begins
};

inline std::vector<model_character> model_characters(const std::string& text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto in = [](unsigned value, unsigned first, unsigned last) { return value >= first && value <= last; };
  std::vector<model_character> out;
  for (std::size_t i = 0; i < text.size();) {
    // The Unicode Standard, table 3-7, row by row.
    const unsigned a = byte(i), b = byte(i + 1), c = byte(i + 2), d = byte(i + 3);
    std::size_t length = 0;
    if (in(a, 0x00, 0x7F)) length = 1;
    if (in(a, 0xC2, 0xDF) && in(b, 0x80, 0xBF)) length = 2;
    if (a == 0xE0 && in(b, 0xA0, 0xBF) && in(c, 0x80, 0xBF)) length = 3;
    if (in(a, 0xE1, 0xEC) && in(b, 0x80, 0xBF) && in(c, 0x80, 0xBF)) length = 3;
    if (a == 0xED && in(b, 0x80, 0x9F) && in(c, 0x80, 0xBF)) length = 3;
    if (in(a, 0xEE, 0xEF) && in(b, 0x80, 0xBF) && in(c, 0x80, 0xBF)) length = 3;
    if (a == 0xF0 && in(b, 0x90, 0xBF) && in(c, 0x80, 0xBF) && in(d, 0x80, 0xBF)) length = 4;
    if (in(a, 0xF1, 0xF3) && in(b, 0x80, 0xBF) && in(c, 0x80, 0xBF) && in(d, 0x80, 0xBF)) length = 4;
    if (a == 0xF4 && in(b, 0x80, 0x8F) && in(c, 0x80, 0xBF) && in(d, 0x80, 0xBF)) length = 4;
    std::uint32_t code_point = 0x110000U + a;
    if (length == 1) code_point = a;
    if (length == 2) code_point = (a & 0x1FU) << 6 | (b & 0x3FU);
    if (length == 3) code_point = (a & 0x0FU) << 12 | (b & 0x3FU) << 6 | (c & 0x3FU);
    if (length == 4) code_point = (a & 0x07U) << 18 | (b & 0x3FU) << 12 | (c & 0x3FU) << 6 | (d & 0x3FU);
    out.push_back({code_point, i});
    i += length == 0 ? 1 : length;
  }
  return out;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_UTF8_MODEL_HPP
