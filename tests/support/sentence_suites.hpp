// SPDX-License-Identifier: Apache-2.0
// tests/support/sentence_suites.hpp -- texts whose sentences people marked, and how well boundaries agree with them.
#ifndef ATLAS_TESTS_SUPPORT_SENTENCE_SUITES_HPP
#define ATLAS_TESTS_SUPPORT_SENTENCE_SUITES_HPP

#include <atlas/core/text_view.hpp>

#include "support/insist.hpp"
#include "support/json_tokens.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace support {

/// Byte offsets where sentences end, ascending, the text's own end among them.
using sentence_ends = std::vector<std::size_t>;

/// Those of a reader of segments.
template <class Reader>
sentence_ends ends_of(const std::string& text) {
  Reader reader(text);
  sentence_ends ends;
  std::size_t end = 0;
  for (atlas::text_view sentence; reader.next(sentence);) ends.push_back(end += sentence.size());
  return ends;
}

struct gold_text {
  std::string text;
  sentence_ends ends;
};

/// The texts of each language, by its code.
/// @param json  suites/sentence-gold/ud-sentence-gold.json.zst, unpacked
inline std::map<std::string, std::vector<gold_text>> gold_texts(const std::string& json) {
  json_tokens tokens(json);
  std::map<std::string, std::vector<gold_text>> out;
  std::string language;
  std::string text;
  for (json_token token = tokens.next(); token.kind != '\0'; token = tokens.next()) {
    if (token.kind != '"') continue;
    const std::string key = token.text;
    insist(tokens.next().kind == ':', "a colon behind a key of the gold sentences");
    token = tokens.next();
    if (token.kind == '[' && key != "sentence_end_bytes") language = key;
    if (key == "text") text = token.text;
    if (key != "sentence_end_bytes") continue;
    gold_text one{text, {}};
    for (; token.kind != ']'; token = tokens.next()) {
      insist(token.kind != '\0', "an end of the gold sentences' lists");
      if (token.kind == '0') one.ends.push_back(static_cast<std::size_t>(token.number));
    }
    out[language].push_back(one);
  }
  return out;
}

/// Counts ends that two segmentations have in common. White space behind a sentence belongs to it or not, as one likes.
class sentence_agreement {
 public:
  void add(const std::string& text, const sentence_ends& want, const sentence_ends& found) {
    const sentence_ends one = without_space(text, want);
    const sentence_ends other = without_space(text, found);
    sentence_ends both;
    std::set_intersection(one.begin(), one.end(), other.begin(), other.end(), std::back_inserter(both));
    both_ += both.size();
    all_ += one.size() + other.size();
  }
  /// The harmonic mean of precision and recall, in percent.
  [[nodiscard]] double f1() const { return 200.0 * static_cast<double>(both_) / static_cast<double>(all_); }

 private:
  static sentence_ends without_space(const std::string& text, sentence_ends ends) {
    for (std::size_t& end : ends) {
      while (end > 0 && (text[end - 1] == ' ' || text[end - 1] == '\n')) --end;
    }
    ends.erase(std::unique(ends.begin(), ends.end()), ends.end());
    return ends;
  }

  std::size_t both_ = 0;
  std::size_t all_ = 0;
};

using sentence_list = std::vector<std::string>;

struct golden_rule {
  std::string text;
  sentence_list sentences;  ///< without white space around them
};

/// The rules for English.
/// @param json  suites/sentence-golden-rules/pysbd-golden.json
inline std::vector<golden_rule> golden_rules(const std::string& json) {
  json_tokens tokens(json);
  std::vector<golden_rule> out;
  std::string text;
  std::string set;
  for (json_token token = tokens.next(); token.kind != '\0'; token = tokens.next()) {
    if (token.kind != '"') continue;
    const std::string key = token.text;
    insist(tokens.next().kind == ':', "a colon behind a key of the golden rules");
    token = tokens.next();
    if (key == "set") set = token.text;
    if (key == "text") text = token.text;
    if (key != "sentences") continue;
    golden_rule one{text, {}};
    for (; token.kind != ']'; token = tokens.next()) {
      insist(token.kind != '\0', "an end of the golden rules' lists");
      if (token.kind == '"') one.sentences.push_back(token.text);
    }
    if (set == "GOLDEN_EN_RULES_TEST_CASES") out.push_back(one);
  }
  return out;
}

/// The sentences without white space around them, and without those that are nothing else.
inline sentence_list trimmed_sentences(const std::string& text, const sentence_ends& ends) {
  sentence_list out;
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    const std::string one = text.substr(begin, end - begin);
    const std::size_t first = one.find_first_not_of(" \t\r\n");
    if (first != std::string::npos) out.push_back(one.substr(first, one.find_last_not_of(" \t\r\n") + 1 - first));
    begin = end;
  }
  return out;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_SENTENCE_SUITES_HPP
