// SPDX-License-Identifier: Apache-2.0
// tests/support/chunk_model.hpp -- the chunk rule as its documentation says it, slow and obvious: every place of the
// text is judged from the whole text before it.
#ifndef ATLAS_TESTS_SUPPORT_CHUNK_MODEL_HPP
#define ATLAS_TESTS_SUPPORT_CHUNK_MODEL_HPP

#include <algorithm>
#include <cstdint>
#include <set>
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

struct model_chunk {
  std::size_t byte_begin, byte_end, byte_fresh, char_begin, char_end, line_begin, line_end;
  int level;
};

class chunk_model {
 public:
  explicit chunk_model(const std::string& text) : size_bytes_(text.size()), characters_(model_characters(text)) {
    for (std::size_t place = 0; place <= characters_.size(); ++place) levels_.push_back(judge(place));
  }

  /// -1: no boundary; else the number of the boundary_level.
  [[nodiscard]] int level(std::size_t place) const { return levels_[place]; }
  [[nodiscard]] std::size_t size() const { return characters_.size(); }
  [[nodiscard]] std::size_t byte_of(std::size_t place) const {
    return place == characters_.size() ? size_bytes_ : characters_[place].byte;
  }

  [[nodiscard]] std::vector<model_chunk> chunks(std::size_t size, std::size_t overlap, std::size_t percent) const {
    std::vector<model_chunk> out;
    std::size_t start = 0, fresh = 0;
    while (fresh != this->size()) {
      const std::size_t room = size - (fresh - start);
      const std::size_t least = fresh + std::max<std::size_t>(1, std::min(room * percent / 100, room - 1));
      std::size_t cut = this->size();
      if (cut > start + size) {
        cut = least;
        for (std::size_t place = least; place <= start + size; ++place) {
          if (levels_[place] >= 0 && (levels_[cut] < 0 || levels_[place] >= levels_[cut])) cut = place;
        }
      }
      out.push_back({byte_of(start), byte_of(cut), byte_of(fresh), start, cut, line_of(start), line_of(cut - 1), levels_[cut]});
      start = overlap == 0 ? cut : overlap_start(start, cut, overlap);
      fresh = cut;
    }
    return out;
  }

 private:
  [[nodiscard]] std::size_t overlap_start(std::size_t start, std::size_t cut, std::size_t overlap) const {
    const std::size_t first = cut - start > overlap ? cut - overlap : start;
    for (std::size_t place = first; place < cut && place <= first + overlap / 2; ++place) {
      if (levels_[place] >= 3) return place;
    }
    for (std::size_t place = first; place < cut; ++place) {
      if (levels_[place] >= 1) return place;
    }
    for (std::size_t place = first; place < cut; ++place) {
      if (levels_[place] >= 0) return place;
    }
    return cut;
  }

  static bool is_space(std::uint32_t c) {
    static const std::set<std::uint32_t> set = {0x09, 0x0B, 0x0C, 0x20, 0x85, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004,
                                                0x2005, 0x2006, 0x2008, 0x2009, 0x200A, 0x2028, 0x2029, 0x205F, 0x3000};
    return set.count(c) != 0;
  }
  static bool is_white(std::uint32_t c) { return is_space(c) || c == '\n' || c == '\r'; }
  static bool is_mark(std::uint32_t c) {
    static const std::set<std::uint32_t> set = {0x21, 0x3F, 0x61F, 0x6D4, 0x964, 0x965, 0x2026, 0x203C, 0x2047, 0x2048, 0x2049};
    return set.count(c) != 0;
  }
  static bool is_wide_mark(std::uint32_t c) {
    static const std::set<std::uint32_t> set = {0x3002, 0xFF01, 0xFF0E, 0xFF1F, 0xFF61};
    return set.count(c) != 0;
  }
  static bool is_closer(std::uint32_t c) {
    static const std::set<std::uint32_t> set = {0x22, 0x27, 0x29, 0x5D, 0x7D, 0xBB, 0x2019, 0x201D, 0x203A, 0x3009, 0x300B,
                                                0x300D, 0x300F, 0x3011, 0x3015, 0xFF09, 0xFF3D, 0xFF5D, 0xFF63};
    return set.count(c) != 0;
  }
  [[nodiscard]] std::uint32_t at(std::size_t i) const { return characters_[i].code_point; }
  [[nodiscard]] bool ends_line(std::size_t i) const {  // a line ends behind character i
    return at(i) == '\n' || (at(i) == '\r' && !(i + 1 < size() && at(i + 1) == '\n'));
  }
  [[nodiscard]] std::size_t line_of(std::size_t i) const {
    std::size_t line = 1;
    for (std::size_t j = 0; j < i; ++j) line += ends_line(j) ? 1U : 0U;
    return line;
  }

  // Looks back over: white characters; then closers; then the characters that end sentences.
  [[nodiscard]] bool sentence_ends_before(std::size_t place) const {
    const std::uint32_t next = at(place);
    if (is_white(next)) return false;
    std::size_t i = place;
    while (i > 0 && is_white(at(i - 1))) --i;
    const bool spaced = i != place;
    while (i > 0 && is_closer(at(i - 1))) --i;
    if (i == 0) return false;
    const auto is_end = [&](std::size_t j) { return at(j) == '.' || is_mark(at(j)) || is_wide_mark(at(j)); };
    if (!is_end(i - 1)) return false;
    bool wide = false;  // a wide mark anywhere in the run of ends and closers
    for (std::size_t j = i; j > 0 && (is_end(j - 1) || is_closer(at(j - 1))); --j) wide = wide || is_wide_mark(at(j - 1));
    if (spaced) return wide || at(i - 1) != '.' || !(next >= 'a' && next <= 'z');
    return wide && !is_closer(next) && next != '.' && !is_mark(next) && !is_wide_mark(next);
  }

  [[nodiscard]] int judge(std::size_t place) const {
    if (place == size()) return 255;
    if (place == 0) return 0;
    const std::uint32_t before = at(place - 1), next = at(place);
    if (before == '\r' && next == '\n') return -1;
    if (ends_line(place - 1)) {
      std::size_t i = place - 1;
      bool blank = true;
      while (i > 0 && !ends_line(i - 1)) {
        --i;
        blank = blank && is_white(at(i));
      }
      return blank ? 5 : 4;
    }
    if (sentence_ends_before(place)) return 3;
    return is_white(before) && !is_white(next) ? 1 : 0;
  }

  std::size_t size_bytes_;
  std::vector<model_character> characters_;
  std::vector<int> levels_;
};

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_CHUNK_MODEL_HPP
