// SPDX-License-Identifier: Apache-2.0
// tests/support/told_structure.hpp -- what a rule tells of a text, written into the text.
#ifndef ATLAS_TESTS_SUPPORT_TOLD_STRUCTURE_HPP
#define ATLAS_TESTS_SUPPORT_TOLD_STRUCTURE_HPP

#include <atlas/chunk/chunk_rule.hpp>

#include "support/insist.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace support {

inline std::string level_name(atlas::boundary_level level) {
  const char* const names[] = {"character", "word", "clause", "sentence", "line", "paragraph", "section", "7",
                               "8", "9", "h6", "h5", "h4", "h3", "h2", "h1"};
  const auto number = static_cast<std::size_t>(level);
  return number < 16 ? names[number] : "end";
}

/// Lets a rule read a text that comes in pieces of `step` bytes. Of what it has read nothing is kept, and its state is kept as bytes.
template <class Rule>
void scan_in_steps(const Rule& rule, const std::string& text, std::size_t step, atlas::structure& found) {
  typename Rule::state_type state;
  std::uint64_t from = 0;
  for (std::size_t end = 0; end < text.size();) {
    end = text.size() - end > step ? end + step : text.size();
    const auto begin = static_cast<std::size_t>(from);
    const std::string piece = text.substr(begin, end - begin);  // a copy, so that a sanitizer sees its ends
    typename Rule::state_type kept;
    std::memcpy(&kept, &state, sizeof state);
    const std::uint64_t reached = rule.scan(kept, {piece, from, end == text.size()}, from, found).value();
    const std::size_t held = end == text.size() ? 0 : Rule::lookahead();
    insist(reached >= from && reached <= end && end - reached <= held, "a rule reads on as far as it promises");
    from = reached;
    state = kept;
  }
}

/// The text with what is told of it before the byte that it is told of: "{line}" a boundary, "{2 Title}" a heading, "{whole}" and "{end}"
/// a part that stays whole.
template <class Rule>
std::string told_structure(const Rule& rule, const std::string& text, std::size_t step) {
  atlas::structure found;
  scan_in_steps(rule, text, step, found);
  std::string out;
  const atlas::text_boundary* boundary = found.begin();
  std::uint64_t whole_end = ~std::uint64_t{0};
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (at == whole_end) out += "{end}";
    if (boundary != found.end() && boundary->offset == at) out += "{" + level_name((boundary++)->level) + "}";
    atlas::heading_path heading;
    found.enter_headings(at, heading, nullptr).value();
    if (!heading.empty()) out += "{" + std::to_string(heading.depth(0)) + " " + std::string(heading.title(0).data(), heading.title(0).size()) + "}";
    const atlas::whole_part* const whole = found.whole_around(at + 1);
    if (whole != nullptr && whole->begin == at) {
      out += "{whole}";
      whole_end = whole->end;
    }
    if (at < text.size()) out += text[at];
  }
  insist(boundary == found.end(), "boundaries lie in the text, in order");
  return out;
}
template <class Rule>
std::string told_structure(const Rule& rule, const std::string& text) {
  return told_structure(rule, text, text.size() + 1);
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_TOLD_STRUCTURE_HPP
