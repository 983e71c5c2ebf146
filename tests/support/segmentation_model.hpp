// SPDX-License-Identifier: Apache-2.0
// tests/support/segmentation_model.hpp -- the boundary rules of UAX #29 as they are printed, each a pair of patterns: what stands
// before a boundary and what behind it. Slow, and for short texts.
#ifndef ATLAS_TESTS_SUPPORT_SEGMENTATION_MODEL_HPP
#define ATLAS_TESTS_SUPPORT_SEGMENTATION_MODEL_HPP

#include <atlas/text/break_properties_of.hpp>

#include <cstddef>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace support {

/// Each property value's name and letter, or a name for several of them.
using property_letters = std::map<std::string, std::string>;

/// A pattern of letters: names of values, several with | between, each once or with * or ? behind; ^ is the start of the text, and
/// RIRI* any number of pairs.
class letter_pattern {
 public:
  letter_pattern(const property_letters& names, const std::string& rule) {
    std::istringstream in(rule);
    for (std::string token; in >> token;) {
      piece one;
      one.is_start = token == "^";
      if (token.back() == '*' || token.back() == '?') {
        one.at_least = 0;
        one.at_most = token.back() == '*' ? 1000 : 1;
        token.pop_back();
      }
      one.length = token == "RIRI" ? 2 : 1;
      std::istringstream alternatives(token == "RIRI" ? "RI" : token);
      for (std::string name; !one.is_start && std::getline(alternatives, name, '|');) {
        one.letters += name[0] == '!' ? names.at(name.substr(1)) : names.at(name);
        one.is_other = name[0] == '!';
      }
      pieces_.push_back(one);
    }
  }

  /// Whether the text begins so.
  bool begins(const std::string& text) const { return matches(pieces_, 0, text, 0); }
  /// Whether the text ends so.
  bool ends(const std::string& text) const {
    return matches({pieces_.rbegin(), pieces_.rend()}, 0, {text.rbegin(), text.rend()}, 0);
  }

 private:
  struct piece {
    std::string letters;
    bool is_other = false;  ///< any letter but these
    bool is_start = false;
    int at_least = 1;
    int at_most = 1;
    std::size_t length = 1;
  };

  static bool matches(const std::vector<piece>& pieces, std::size_t next, const std::string& text, std::size_t at) {
    if (next == pieces.size()) return true;
    const piece& one = pieces[next];
    if (one.is_start) return at == text.size() && matches(pieces, next + 1, text, at);  // it is read backwards
    for (int count = 0;; ++count) {
      if (count >= one.at_least && matches(pieces, next + 1, text, at)) return true;
      if (count == one.at_most || at + one.length > text.size()) return false;
      for (std::size_t i = 0; i < one.length; ++i, ++at) {
        if ((one.letters.find(text[at]) != std::string::npos) == one.is_other) return false;
      }
    }
  }

  std::vector<piece> pieces_;
};

/// One rule: "left × right" or "left ÷ right".
class boundary_rule {
 public:
  boundary_rule(const property_letters& names, const std::string& left, bool breaks, const std::string& right)
      : left_(names, left), right_(names, right), breaks_(breaks) {}

  bool applies(const std::string& before, const std::string& behind) const { return left_.ends(before) && right_.begins(behind); }
  bool breaks() const { return breaks_; }

 private:
  letter_pattern left_;
  letter_pattern right_;
  bool breaks_;
};

/// The first rule that applies decides, and there is a boundary where none does.
inline bool decided(const std::vector<boundary_rule>& rules, const std::string& before, const std::string& behind, bool otherwise) {
  for (const boundary_rule& rule : rules) {
    if (rule.applies(before, behind)) return rule.breaks();
  }
  return otherwise;
}

template <class Property>
char letter_of(Property property) {
  return static_cast<char>('a' + static_cast<int>(property));
}
template <class Property>
std::string letters_of(std::initializer_list<Property> properties) {
  std::string out;
  for (const Property one : properties) out += letter_of(one);
  return out;
}

/// For each position 0..size whether it is a boundary; empty for an empty text.
inline std::vector<bool> model_graphemes(const std::vector<char32_t>& text) {
  using enum atlas::grapheme_break;
  const auto one = [](atlas::grapheme_break property) { return std::string(1, letter_of(property)); };
  static const property_letters names = {
      {"CR", one(cr)}, {"LF", one(lf)}, {"Control", one(control)}, {"Extend", one(extend)}, {"ZWJ", one(zwj)}, {"RI", one(regional_indicator)},
      {"Prepend", one(prepend)}, {"SpacingMark", one(spacing_mark)}, {"L", one(l)}, {"V", one(v)}, {"T", one(t)}, {"LV", one(lv)},
      {"LVT", one(lvt)}, {"ExtPict", one(extended_pictographic)}};
  static const std::vector<boundary_rule> rules = {
      {names, "CR", false, "LF"},  // GB3
      {names, "Control|CR|LF", true, ""},  // GB4
      {names, "", true, "Control|CR|LF"},  // GB5
      {names, "L", false, "L|V|LV|LVT"},  // GB6
      {names, "LV|V", false, "V|T"},  // GB7
      {names, "LVT|T", false, "T"},  // GB8
      {names, "", false, "Extend|ZWJ"},  // GB9
      {names, "", false, "SpacingMark"},  // GB9a
      {names, "Prepend", false, ""},  // GB9b
      {names, "ExtPict Extend* ZWJ", false, "ExtPict"},  // GB11
      {names, "^ RIRI* RI", false, "RI"},  // GB12
      {names, "!RI RIRI* RI", false, "RI"},  // GB13
  };
  std::string all;
  for (const char32_t c : text) all += letter_of(atlas::grapheme_break_of(c));
  std::vector<bool> out(text.empty() ? 0 : text.size() + 1, true);
  for (std::size_t i = 1; i < text.size(); ++i) out[i] = decided(rules, all.substr(0, i), all.substr(i), true);
  return out;
}

/// X (ignored)* as X, where X is no line end. At the start of `all` there is no X.
inline std::string without_ignored(const std::string& all, const std::string& ignored, const std::string& line_ends) {
  std::string out;
  for (const char c : all) {
    if (ignored.find(c) != std::string::npos && !out.empty() && line_ends.find(out.back()) == std::string::npos) continue;
    out += c;
  }
  return out;
}

inline std::vector<bool> model_words(const std::vector<char32_t>& text) {
  using enum atlas::word_break;
  const auto one = [](atlas::word_break property) { return std::string(1, letter_of(property)); };
  static const std::string ignored = letters_of({extend, format, zwj});
  static const std::string line_ends = letters_of({cr, lf, newline});
  static const property_letters names = {
      {"CR", one(cr)}, {"LF", one(lf)}, {"Newline", one(newline)}, {"ZWJ", one(zwj)}, {"WSegSpace", one(wseg_space)},
      {"AHLetter", letters_of({aletter, hebrew_letter})}, {"MidLetter", one(mid_letter)},
      {"MidNumLetQ", letters_of({mid_num_let, single_quote})}, {"Single_Quote", one(single_quote)}, {"Double_Quote", one(double_quote)},
      {"Hebrew_Letter", one(hebrew_letter)}, {"Numeric", one(numeric)}, {"MidNum", one(mid_num)}, {"Katakana", one(katakana)},
      {"ExtendNumLet", one(extend_num_let)}, {"RI", one(regional_indicator)}, {"Ignored", ignored}};
  static const std::vector<boundary_rule> raw = {
      {names, "CR", false, "LF"},  // WB3
      {names, "Newline|CR|LF", true, ""},  // WB3a
      {names, "", true, "Newline|CR|LF"},  // WB3b
      {names, "WSegSpace", false, "WSegSpace"},  // WB3d
      {names, "", false, "Ignored"},  // WB4
  };
  static const std::vector<boundary_rule> rules = {
      {names, "AHLetter", false, "AHLetter"},  // WB5
      {names, "AHLetter", false, "MidLetter|MidNumLetQ AHLetter"},  // WB6
      {names, "AHLetter MidLetter|MidNumLetQ", false, "AHLetter"},  // WB7
      {names, "Hebrew_Letter", false, "Single_Quote"},  // WB7a
      {names, "Hebrew_Letter", false, "Double_Quote Hebrew_Letter"},  // WB7b
      {names, "Hebrew_Letter Double_Quote", false, "Hebrew_Letter"},  // WB7c
      {names, "Numeric", false, "Numeric"},  // WB8
      {names, "AHLetter", false, "Numeric"},  // WB9
      {names, "Numeric", false, "AHLetter"},  // WB10
      {names, "Numeric MidNum|MidNumLetQ", false, "Numeric"},  // WB11
      {names, "Numeric", false, "MidNum|MidNumLetQ Numeric"},  // WB12
      {names, "Katakana", false, "Katakana"},  // WB13
      {names, "AHLetter|Numeric|Katakana|ExtendNumLet", false, "ExtendNumLet"},  // WB13a
      {names, "ExtendNumLet", false, "AHLetter|Numeric|Katakana"},  // WB13b
      {names, "^ RIRI* RI", false, "RI"},  // WB15
      {names, "!RI RIRI* RI", false, "RI"},  // WB16
  };
  std::string all;
  for (const char32_t c : text) all += letter_of(atlas::word_break_of(c));
  std::vector<bool> out(text.empty() ? 0 : text.size() + 1, true);
  for (std::size_t i = 1; i < text.size(); ++i) {
    const std::string before = all.substr(0, i);
    const std::string behind = all.substr(i);
    bool settled = false;
    for (const boundary_rule& rule : raw) {
      if (settled || !rule.applies(before, behind)) continue;
      out[i] = rule.breaks();
      settled = true;
    }
    const bool pictograph = atlas::grapheme_break_of(text[i]) == atlas::grapheme_break::extended_pictographic;
    if (!settled && pictograph && before.back() == letter_of(zwj)) {  // WB3c
      out[i] = false;
      settled = true;
    }
    if (settled) continue;
    out[i] = decided(rules, without_ignored(before, ignored, line_ends), without_ignored(behind, ignored, line_ends), true);
  }
  return out;
}

inline std::vector<bool> model_sentences(const std::vector<char32_t>& text) {
  using enum atlas::sentence_break;
  const auto one = [](atlas::sentence_break property) { return std::string(1, letter_of(property)); };
  static const std::string ignored = letters_of({extend, format});
  static const std::string line_ends = letters_of({cr, lf, sep});
  static const property_letters names = {
      {"CR", one(cr)}, {"LF", one(lf)}, {"ParaSep", line_ends}, {"Ignored", ignored}, {"ATerm", one(aterm)}, {"Numeric", one(numeric)},
      {"Upper", one(upper)}, {"Lower", one(lower)}, {"Close", one(close)}, {"Sp", one(sp)}, {"SContinue", one(scontinue)},
      {"SATerm", letters_of({aterm, sterm})}, {"Settling", letters_of({oletter, upper, lower, aterm, sterm}) + line_ends}};
  static const std::vector<boundary_rule> raw = {
      {names, "CR", false, "LF"},  // SB3
      {names, "ParaSep", true, ""},  // SB4
      {names, "", false, "Ignored"},  // SB5
  };
  static const std::vector<boundary_rule> rules = {
      {names, "ATerm", false, "Numeric"},  // SB6
      {names, "Upper|Lower ATerm", false, "Upper"},  // SB7
      {names, "ATerm Close* Sp*", false, "!Settling* Lower"},  // SB8
      {names, "SATerm Close* Sp*", false, "SContinue|SATerm"},  // SB8a
      {names, "SATerm Close*", false, "Close|Sp|ParaSep"},  // SB9
      {names, "SATerm Close* Sp*", false, "Sp|ParaSep"},  // SB10
      {names, "SATerm Close* Sp* ParaSep?", true, ""},  // SB11
  };
  std::string all;
  for (const char32_t c : text) all += letter_of(atlas::sentence_break_of(c));
  std::vector<bool> out(text.empty() ? 0 : text.size() + 1, true);
  for (std::size_t i = 1; i < text.size(); ++i) {
    const std::string before = all.substr(0, i);
    const std::string behind = all.substr(i);
    bool settled = false;
    for (const boundary_rule& rule : raw) {
      if (settled || !rule.applies(before, behind)) continue;
      out[i] = rule.breaks();
      settled = true;
    }
    if (settled) continue;
    out[i] = decided(rules, without_ignored(before, ignored, line_ends), without_ignored(behind, ignored, line_ends), false);
  }
  return out;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_SEGMENTATION_MODEL_HPP
