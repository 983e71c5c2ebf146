// SPDX-License-Identifier: Apache-2.0
// tests/support/rule_checks.hpp -- what a rule tells of a text, and what holds for any rule: by every split, and by every way to ask.
#ifndef ATLAS_TESTS_SUPPORT_RULE_CHECKS_HPP
#define ATLAS_TESTS_SUPPORT_RULE_CHECKS_HPP

#include <atlas/chunk/chunker.hpp>

#include "support/chunk_runs.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace support {

/// All that a rule told of a text, in a form that can be compared and read.
struct told_text {
  std::vector<std::string> entries;
  friend bool operator==(const told_text&, const told_text&) = default;
};

/// A text given to a rule in parts of up to `most` bytes, 0 for all at once, each beginning where the answer before it lies. The rule's
/// promise of progress is checked on the way.
template <class Rule>
void scan_all(const Rule& rule, const std::string& text, std::uint64_t seed, std::size_t most, atlas::structure& found) {
  std::mt19937_64 random(seed);
  typename Rule::state_type state{};
  std::uint64_t from = 0;
  std::size_t end = most == 0 ? text.size() : 0;
  for (;;) {
    if (most != 0) end = std::min<std::size_t>(text.size(), end + random() % (most + 1));
    const bool is_last = end == text.size() && (most == 0 || random() % 2 == 0);
    // What is before `from` is gone at times.
    const std::size_t begin = random() % 2 == 0 ? static_cast<std::size_t>(from) : 0;
    const std::uint64_t reached = rule.scan(state, {atlas::text_view(text.data() + begin, end - begin), begin, is_last}, from, found).value();
    insist(reached >= from && reached <= end, "an answer lies between where reading began and the part's end");
    insist(is_last ? reached == end : reached + Rule::lookahead() >= end, "a rule reads up to its lookahead");
    from = reached;
    if (is_last) break;
  }
}
template <class Rule>
told_text told_by(const Rule& rule, const std::string& text, std::uint64_t seed = 0, std::size_t most = 0) {
  atlas::structure found;
  scan_all(rule, text, seed, most, found);
  told_text out;
  for (const atlas::text_boundary& one : found) {
    std::string entry = std::to_string(one.offset) + " level " + std::to_string(static_cast<int>(one.level));
    const atlas::whole_part* const whole = found.whole_around(one.offset + 1);
    if (whole != nullptr) entry += " in " + std::to_string(whole->begin) + " to " + std::to_string(whole->end);
    out.entries.push_back(entry);
  }
  atlas::heading_path path;
  std::string before;
  for (const atlas::text_boundary& one : std::vector<atlas::text_boundary>(found.begin(), found.end())) {
    found.enter_headings(one.offset, path, nullptr).value();
    std::string titles = "under";
    for (std::size_t i = 0; i < path.size(); ++i) {
      titles += " / " + std::to_string(path.depth(i)) + " " + std::string(path.title(i).data(), path.title(i).size());
    }
    if (titles != before) out.entries.push_back(std::to_string(one.offset) + " " + titles);
    before = titles;
  }
  return out;
}

/// A text with the level of each boundary written before it, as a digit in braces; an asterisk where a part begins that stays whole.
template <class Rule>
std::string with_levels(const Rule& rule, const std::string& text, bool with_wholes = false) {
  atlas::structure found;
  scan_all(rule, text, 0, 0, found);
  std::string out;
  std::size_t at = 0;
  const auto whole_begins = [&](std::uint64_t offset) {
    const atlas::whole_part* const whole = found.whole_around(offset + 1);
    return with_wholes && whole != nullptr && whole->begin == offset ? "*" : "";
  };
  for (const atlas::text_boundary& one : found) {
    out += text.substr(at, static_cast<std::size_t>(one.offset) - at);
    out += "{" + std::to_string(static_cast<int>(one.level)) + whole_begins(one.offset) + "}";
    at = static_cast<std::size_t>(one.offset);
  }
  return out + text.substr(at);
}

/// "" or how the structure of a text depends on where its parts end.
template <class Rule>
std::string split_dependence(const Rule& rule, const std::string& text, std::uint64_t seeds) {
  const told_text want = told_by(rule, text);
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    for (const std::size_t most : {std::size_t{1}, std::size_t{40}, std::size_t{3000}}) {
      const told_text got = told_by(rule, text, seed, most);
      if (got == want) continue;
      std::size_t i = 0;
      while (i < got.entries.size() && i < want.entries.size() && got.entries[i] == want.entries[i]) ++i;
      const std::string found = i < got.entries.size() ? got.entries[i] : "nothing";
      const std::string wanted = i < want.entries.size() ? want.entries[i] : "nothing";
      return "parts of " + std::to_string(most) + ", seed " + std::to_string(seed) + ": " + found + " instead of " + wanted;
    }
  }
  return "";
}

/// Reads a text with bytes of the state changed in between, as a damaged checkpoint would have them; "" or what came of it.
template <class Rule>
std::string harm_of_changed_state(const Rule& rule, const std::string& text, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  typename Rule::state_type state{};
  atlas::structure found;
  std::uint64_t from = 0;
  for (std::size_t end = 0; end < text.size();) {
    end = std::min<std::size_t>(text.size(), end + random() % 400);
    const atlas::text_view part(text.data() + from, end - static_cast<std::size_t>(from));
    const std::uint64_t reached = rule.scan(state, {part, from, end == text.size()}, from, found).value();
    if (reached < from || reached > end) return "an answer lies between where reading began and the part's end";
    from = reached;
    auto* const bytes = reinterpret_cast<unsigned char*>(&state);
    for (std::uint64_t i = 0; i < random() % 6; ++i) bytes[random() % sizeof state] = static_cast<unsigned char>(random() % 3 == 0 ? 0xFF : random());
  }
  return "";
}

/// "" or the promise of chunkers that is broken: read, fed in pieces, saved and taken up.
template <class Rule, class Sizer, class Measure>
std::string broken_by_any_way(const Rule& rule, const std::string& text, const atlas::chunker_options& options, Measure measure) {
  const auto make = [&] { return atlas::chunker<Rule, Sizer>::create(options, rule).value(); };
  const auto resume = [&](atlas::span<const std::byte> saved) { return atlas::chunker<Rule, Sizer>::resume(saved, options, rule).value(); };
  auto one = make();
  const kept_chunks read = read_chunks(one, text);
  if (const std::string broken = broken_promise(text, read, options, measure); !broken.empty()) return broken;
  for (const std::size_t most : {std::size_t{1}, std::size_t{700}, std::size_t{200000}}) {
    if (!(fed_chunks(one, text, 5, most) == read)) return "fed in pieces of " + std::to_string(most) + " bytes";
  }
  std::mt19937_64 random(9);
  for (int i = 0; i < 8; ++i) {
    const std::size_t middle = random() % (text.size() + 1);
    if (!(resumed_chunks(make, resume, text, middle) == read)) return "saved at byte " + std::to_string(middle);
  }
  return "";
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_RULE_CHECKS_HPP
