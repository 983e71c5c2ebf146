// SPDX-License-Identifier: Apache-2.0
// tests/support/segmentation_ways.hpp -- every way to ask for the boundaries of a text, the cases of the Unicode suites, and texts of
// characters of all classes.
#ifndef ATLAS_TESTS_SUPPORT_SEGMENTATION_WAYS_HPP
#define ATLAS_TESTS_SUPPORT_SEGMENTATION_WAYS_HPP

#include <atlas/text/break_properties_of.hpp>
#include <atlas/text/segments.hpp>

#include "support/texts.hpp"

#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

namespace support {

using offsets = std::vector<std::size_t>;

inline std::string utf8_of_all(const std::vector<char32_t>& code_points) {
  std::string out;
  for (const char32_t c : code_points) {
    char bytes[4];
    out.append(bytes, atlas::encode_one(c, bytes));
  }
  return out;
}

/// The characters of any bytes, and where each begins, with the end of the text last.
inline std::vector<char32_t> characters_of(const std::string& text, offsets& begins) {
  std::vector<char32_t> out;
  begins.clear();
  for (std::size_t at = 0; at < text.size();) {
    const auto c = atlas::decode_one(text, at);
    begins.push_back(at);
    out.push_back(c.code_point);
    at += c.length_bytes;
  }
  begins.push_back(text.size());
  return out;
}

/// The byte offsets of the boundaries that a model found among the characters of a text.
inline offsets boundaries_of(const std::vector<bool>& model, const offsets& begins) {
  offsets out;
  for (std::size_t i = 0; i < model.size(); ++i) {
    if (model[i]) out.push_back(begins[i]);
  }
  return out;
}

/// A reader's segments as boundaries.
template <class Reader>
offsets by_reader(const std::string& text) {
  Reader reader(text);
  offsets out;
  atlas::text_view segment;
  std::size_t end = 0;
  while (reader.next(segment)) {
    if (out.empty()) out.push_back(0);
    if (segment.empty() || segment.data() != text.data() + end) return {};  // not what any test expects of a text
    end += segment.size();
    out.push_back(end);
  }
  return out;
}

/// Characters fed one at a time to a state whose bytes are kept in between.
template <class State>
offsets by_feeding(const std::string& text) {
  static_assert(std::is_trivially_copyable_v<State> && sizeof(State) <= 32);
  offsets begins;
  const auto characters = characters_of(text, begins);
  unsigned char kept[sizeof(State)];
  const State fresh;
  std::memcpy(kept, &fresh, sizeof fresh);
  offsets out;
  for (std::size_t i = 0; i < characters.size(); ++i) {
    State state;
    std::memcpy(&state, kept, sizeof state);
    const auto step = state.feed(characters[i], begins[i]);
    if (step.before_open) out.push_back(static_cast<std::size_t>(state.open_at()));
    if (step.before_this) out.push_back(begins[i]);
    std::memcpy(kept, &state, sizeof state);
  }
  State state;
  std::memcpy(&state, kept, sizeof state);
  if (state.finish()) out.push_back(static_cast<std::size_t>(state.open_at()));
  if (!text.empty()) out.push_back(text.size());
  return out;
}

/// Which way disagrees with the boundaries that are wanted; "" if none does.
template <class State>
std::string disagreement(const std::string& text, const offsets& want) {
  if (by_reader<atlas::segment_reader<State>>(text) != want) return "reader";
  if (by_feeding<State>(text) != want) return "feeding";
  const std::set<std::size_t> boundaries(want.begin(), want.end());
  for (std::size_t offset = 0; offset <= text.size(); ++offset) {
    if (atlas::is_boundary<State>(text, offset) != boundaries.contains(offset)) return "is_boundary at " + std::to_string(offset);
    const auto behind = boundaries.upper_bound(offset);
    const std::size_t next = behind == boundaries.end() ? text.size() : *behind;
    if (atlas::boundary_behind<State>(text, offset) != next) return "boundary_behind " + std::to_string(offset);
    if (boundaries.contains(offset) && atlas::next_boundary<State>(text, offset) != next) return "next_boundary of " + std::to_string(offset);
  }
  return "";
}

/// One line of a Unicode break test: "÷ 0020 × 0308 ÷ 0020 ÷".
struct break_case {
  std::string text;
  offsets boundaries;
  std::string line;
};

/// The cases of a file of the suite. Empty, with the reason in `skipped`, where the data is not there.
inline std::vector<break_case> break_cases(const std::string& file, std::string& skipped) {
  std::vector<break_case> cases;
  if (test_data().empty()) {
    skipped = "ATLAS_TEST_DATA is not set";
    return cases;
  }
  const std::string packed = test_data() + "/suites/unicode-15.0.tar.zst";
  const std::string suite = output_of("tar -I zstd -xOf " + packed + " unicode-15.0/" + file + " 2>/dev/null");
  if (suite.empty()) skipped = "tar cannot unpack zstd here";
  for (const std::string& line : lines_of(suite)) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream in(line.substr(0, line.find('#')));
    break_case one;
    one.line = line;
    for (std::string token; in >> token;) {
      if (token == "\u00F7") {
        one.boundaries.push_back(one.text.size());
      } else if (token != "\u00D7") {
        one.text += utf8_of_all({static_cast<char32_t>(std::stoul(token, nullptr, 16))});
      }
    }
    cases.push_back(one);
  }
  return cases;
}

/// A few code points for each value of a property, of all combinations with the other properties.
template <class Property>
std::vector<std::vector<char32_t>> characters_by(Property break_properties_member) {
  std::map<int, int> seen;
  std::map<int, std::vector<char32_t>> found;
  for (char32_t c = 0; c <= 0x10FFFFU; ++c) {
    if (c >= 0xD800U && c <= 0xDFFFU) continue;  // not encodable
    const atlas::break_properties one = atlas::break_properties_of(c);
    const int all = static_cast<int>(one.grapheme) << 16 | static_cast<int>(one.word) << 8 | static_cast<int>(one.sentence);
    if (seen[all]++ < 2) found[static_cast<int>(one.*break_properties_member)].push_back(c);
  }
  std::vector<std::vector<char32_t>> out;
  for (const auto& [value, characters] : found) out.push_back(characters);
  return out;
}

/// `size` characters, of all values of a property or, with three seeds of four, of two to four values only: rules are about patterns,
/// which come seldom among all.
inline std::vector<char32_t> random_characters(const std::vector<std::vector<char32_t>>& by_value, std::uint64_t seed, std::size_t size) {
  std::mt19937_64 random(seed);
  std::vector<std::vector<char32_t>> stock = by_value;
  if (seed % 4 != 0) {
    stock.clear();
    for (std::uint64_t i = 0; i < 1 + seed % 4; ++i) stock.push_back(by_value[random() % by_value.size()]);
  }
  std::vector<char32_t> out;
  for (std::size_t i = 0; i < size; ++i) {
    const std::vector<char32_t>& value = stock[random() % stock.size()];
    out.push_back(value[random() % value.size()]);
  }
  return out;
}

/// Text of long ASCII runs, in which little matters to sentences: `pieces` of it.
inline std::string random_prose(std::uint64_t seed, std::size_t pieces) {
  static const std::vector<std::string> stock = {"word ", "another", " ", "  ", "The ", "he ", "am ", "der ", "5", "12", "1234", "5th ", "U", "S", "Mr", "No",
                                                 "co", "-", "_", "(", ")", "\"", "'", ", ", "; a long clause without any end, ", "\t", ". ", ".", "! ", "?",
                                                 ".\" ", "\n", "\r\n", "\u00E9", "\u2019s ", "\u0308", "\u2026 ", "\u2022 ", "\u00B0 ", "\xFF", "\u4E2D\u6587", "\u3042\u30A2\u3099",
                                                 "\uAC01", "\u3002", "\u00C9", "\u0301", "1) ", "2) ", "2) ", "1. ", "2. ", "3.) ", "a. ", "b. "};
  std::mt19937_64 random(seed);
  std::string out;
  for (std::size_t i = 0; i < pieces; ++i) out += stock[random() % (seed % 3 == 0 ? stock.size() : 31)];
  return out;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_SEGMENTATION_WAYS_HPP
