// SPDX-License-Identifier: Apache-2.0
// tests/support/bpe_model.hpp -- the slow, obvious answers of byte-pair encoding: the published expressions, matched by trying, and a merge
// that looks at all pairs each time; rank files, made up and published.
#ifndef ATLAS_TESTS_SUPPORT_BPE_MODEL_HPP
#define ATLAS_TESTS_SUPPORT_BPE_MODEL_HPP

#include "support/rank_file.hpp"
#include "support/texts.hpp"

#include <atlas/text/bpe_pretokens.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace support {

// --- ranks ---

/// All single bytes, in any order of ranks, and `tokens` more, made of pieces of those that are there: many overlap, and some can be
/// reached by no merge.
inline rank_map made_up_ranks(std::uint64_t seed, std::size_t tokens, const std::string& letters) {
  std::mt19937_64 random(seed);
  std::vector<std::string> all;
  for (int byte = 0; byte < 256; ++byte) all.emplace_back(1, static_cast<char>(byte));
  std::vector<std::string> parts;
  for (const char letter : letters) parts.emplace_back(1, letter);
  rank_map ranks;
  for (const std::string& one : all) ranks[one] = 0;
  for (std::size_t i = 0; i < tokens; ++i) {
    std::string token = parts[random() % parts.size()] + parts[random() % parts.size()];
    if (random() % 8 == 0) token += parts[random() % parts.size()];
    if (token.size() > 40 || !ranks.emplace(token, 0).second) continue;
    all.push_back(token);
    parts.push_back(token);
  }
  // Mostly in the order in which they were made, as where ranks were learned.
  for (std::size_t i = 0; i < all.size() / 4; ++i) std::swap(all[random() % all.size()], all[random() % all.size()]);
  std::uint32_t rank = 0;
  for (const std::string& one : all) ranks[one] = rank += random() % 50 == 0 ? 1 + static_cast<std::uint32_t>(random() % 9) : 1U;
  return ranks;
}

/// "" if it cannot be had.
inline std::string published_ranks(const std::string& name) {
  const std::string folder = test_data() + "/suites/tokenizers/" + (name == "gpt2" ? "ms-tokenizer/model/" : "data/");
  return test_data().empty() ? std::string() : output_of("zstd -dcq " + folder + name + ".tiktoken.zst 2>/dev/null");
}

// --- merging ---

/// Lengths of the tokens of a piece; one that is a token is that one.
inline std::vector<std::string> model_tokens(const rank_map& ranks, const std::string& piece) {
  if (ranks.count(piece) != 0) return {piece};
  std::vector<std::string> parts;
  for (const char byte : piece) parts.emplace_back(1, byte);
  for (;;) {
    std::size_t best = parts.size();
    std::uint32_t lowest = ~std::uint32_t{0};
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto found = ranks.find(parts[i] + parts[i + 1]);
      if (found == ranks.end() || found->second >= lowest) continue;
      best = i;
      lowest = found->second;
    }
    if (best == parts.size()) return parts;
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

// --- the expressions ---

/// A text as an expression sees it: characters and where each begins; the last offset is the text's size.
struct seen_text {
  std::vector<char32_t> characters;
  std::vector<std::size_t> offsets;
};
inline seen_text seen(const std::string& text) {
  seen_text out;
  for (std::size_t at = 0; at < text.size();) {
    const atlas::utf8_character c = atlas::decode_one(text, at);
    out.characters.push_back(c.code_point);
    out.offsets.push_back(at);
    at += c.length_bytes;
  }
  out.offsets.push_back(text.size());
  return out;
}

using character_set = std::function<bool(char32_t)>;

/// One step of an expression: a set, so often, as often as it can; or an optional contraction; or that no \S follows.
struct pattern_step {
  enum kind_of_step { repeat, contraction, no_text_follows } kind = repeat;
  character_set set;
  std::size_t least = 1;
  std::size_t most = 1;
};
using alternative = std::vector<pattern_step>;

inline constexpr std::size_t no_match = ~std::size_t{0};
inline constexpr std::size_t any_number = ~std::size_t{0};

/// Characters of 's|'t|'re|'ve|'m|'ll|'d at `at`, or 0.
inline std::size_t contraction_at(const seen_text& text, std::size_t at, bool any_case) {
  for (const std::u32string one : {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"}) {
    bool is_there = text.characters.size() - at >= one.size();
    for (std::size_t i = 0; is_there && i < one.size(); ++i) {
      char32_t c = text.characters[at + i];
      if (any_case && c >= U'A' && c <= U'Z') c += 32;
      if (any_case && c == U'\u017F') c = U's';  // Unicode folds the long s to s
      is_there = c == one[i];
    }
    if (is_there) return one.size();
  }
  return 0;
}

/// Where a match ends that goes through steps from `step` on, trying the longest of each first; or no_match.
inline std::size_t match(const alternative& steps, std::size_t step, const seen_text& text, std::size_t at) {
  if (step == steps.size()) return at;
  const pattern_step& one = steps[step];
  const std::size_t size = text.characters.size();
  if (one.kind == pattern_step::no_text_follows) {
    const bool follows = at < size && atlas::unicode_kind_of(text.characters[at]) != atlas::unicode_kind::white_space;
    return follows ? no_match : match(steps, step + 1, text, at);
  }
  if (one.kind == pattern_step::contraction) {
    const std::size_t length = contraction_at(text, at, true);
    const std::size_t end = length == 0 ? no_match : match(steps, step + 1, text, at + length);
    return end != no_match ? end : match(steps, step + 1, text, at);
  }
  std::size_t count = 0;
  while (count < one.most && at + count < size && one.set(text.characters[at + count])) ++count;
  for (;; --count) {
    if (count < one.least) return no_match;
    const std::size_t end = match(steps, step + 1, text, at + count);
    if (end != no_match) return end;
    if (count == 0) return no_match;
  }
}

/// Offsets of the ends of the pre-tokens. Takes quadratic time, and more.
inline std::vector<std::size_t> model_pretokens(atlas::bpe_pattern pattern, const std::string& text) {
  using of = atlas::unicode_kind;
  const auto kind = [](char32_t c) { return atlas::unicode_kind_of(c); };
  const character_set letter = [=](char32_t c) { return atlas::is_letter(kind(c)); };
  const character_set digit = [=](char32_t c) { return kind(c) == of::number; };
  const character_set space = [=](char32_t c) { return kind(c) == of::white_space; };
  const character_set symbol = [=](char32_t c) { return !letter(c) && !digit(c) && !space(c); };
  const character_set line_end = [](char32_t c) { return c == U'\r' || c == U'\n'; };
  const character_set line_end_or_slash = [](char32_t c) { return c == U'\r' || c == U'\n' || c == U'/'; };
  const character_set blank = [](char32_t c) { return c == U' '; };
  const character_set prefix = [=](char32_t c) { return !line_end(c) && !letter(c) && !digit(c); };
  const character_set large = [=](char32_t c) { return kind(c) == of::upper || kind(c) == of::letter || kind(c) == of::mark; };
  const character_set small = [=](char32_t c) { return kind(c) == of::lower || kind(c) == of::letter || kind(c) == of::mark; };
  const auto some = [](character_set set) { return pattern_step{pattern_step::repeat, set, 1, any_number}; };
  const auto any = [](character_set set) { return pattern_step{pattern_step::repeat, set, 0, any_number}; };
  const auto maybe = [](character_set set) { return pattern_step{pattern_step::repeat, set, 0, 1}; };
  const pattern_step contraction{pattern_step::contraction, {}, 0, 0};
  const pattern_step no_text{pattern_step::no_text_follows, {}, 0, 0};
  const pattern_step three{pattern_step::repeat, digit, 1, 3};

  std::vector<alternative> alternatives;
  if (pattern == atlas::bpe_pattern::gpt2) {
    alternatives = {{maybe(blank), some(letter)}, {maybe(blank), some(digit)}, {maybe(blank), some(symbol)}, {some(space), no_text}, {some(space)}};
  } else if (pattern == atlas::bpe_pattern::cl100k) {
    alternatives = {{maybe(prefix), some(letter)}, {three}, {maybe(blank), some(symbol), any(line_end)},
                    {any(space), some(line_end)}, {some(space), no_text}, {some(space)}};
  } else {
    alternatives = {{maybe(prefix), any(large), some(small), contraction}, {maybe(prefix), some(large), any(small), contraction}, {three},
                    {maybe(blank), some(symbol), any(line_end_or_slash)}, {any(space), some(line_end)}, {some(space), no_text}, {some(space)}};
  }
  const seen_text all = seen(text);
  std::vector<std::size_t> ends;
  for (std::size_t at = 0; at < all.characters.size();) {
    std::size_t end = no_match;
    if (pattern != atlas::bpe_pattern::o200k) {
      const std::size_t length = contraction_at(all, at, pattern == atlas::bpe_pattern::cl100k);
      if (length != 0) end = at + length;
    }
    for (std::size_t i = 0; end == no_match && i < alternatives.size(); ++i) end = match(alternatives[i], 0, all, at);
    at = end;
    ends.push_back(all.offsets[at]);
  }
  return ends;
}

/// `pieces` draws from all that the expressions treat apart.
inline std::string pattern_text(std::uint64_t seed, std::size_t pieces) {
  static const std::vector<std::string> stock = {
      "a", "e", "s", "t", "ll", "re", "ve", "d", "m", "word", "A", "S", "LL", "Re", "\u017F", "\u00E9", "\u00C9", "\u01C5", "\u02B0", "\u4F60", "\u3042",
      "\u0301", "\u0903", "\u20DD", "'", "'", "'s", "'LL", "\u2019", " ", " ", "  ", "\t", "\n", "\r\n", "\r", "\u00A0", "\u3000", "\u2028", "\u0085",
      "1", "22", "4567", "\u00B2", "\u2160", "\u0663", ".", ",", "/", "//", "!?", "-", "_", "\u3002", "\U0001F600", "\u200D", "\uFFFD", "\U0001D400",
      "\U000E0100", "\u2003", "\xE2\x80", "\xE3\x80", "\xC2", "\xE4\xBD", "\xF0\x9F", "\xC0", "\x80", "\xED\xA0\x80", std::string(1, '\0'), "\x7F"};
  std::mt19937_64 random(seed);
  const bool few = random() % 3 == 0;  // of a small part of the stock runs come
  const std::size_t first = few ? random() % (stock.size() - 4) : 0;
  const std::size_t count = few ? 4 : stock.size();
  std::string out;
  for (std::size_t i = 0; i < pieces; ++i) out += stock[first + random() % count];
  return out;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_BPE_MODEL_HPP
