// SPDX-License-Identifier: Apache-2.0
// tests/support/markdown_examples.hpp -- the examples of the CommonMark specification, and where in them code stands.
#ifndef ATLAS_TESTS_SUPPORT_MARKDOWN_EXAMPLES_HPP
#define ATLAS_TESTS_SUPPORT_MARKDOWN_EXAMPLES_HPP

#include "support/json_tokens.hpp"
#include "support/texts.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace support {

struct markdown_example {
  std::uint64_t number = 0;
  std::string markdown;
  std::string html;
};

/// All examples; empty where the data is not there.
inline std::vector<markdown_example> markdown_examples() {
  std::vector<markdown_example> out;
  if (test_data().empty()) return out;
  const std::string file = file_bytes(test_data() + "/suites/commonmark/spec-examples.json");
  json_tokens tokens(file);
  markdown_example one;
  std::string field;
  for (json_token token = tokens.next(); token.kind != '\0'; token = tokens.next()) {
    if (token.kind == '}') {
      out.push_back(one);
      one = {};
    } else if (token.kind == '"' && field.empty()) {
      field = token.text;
    } else if (token.kind == '"' || token.kind == '0') {
      if (field == "markdown") one.markdown = token.text;
      if (field == "html") one.html = token.text;
      if (field == "example") one.number = token.number;
      field.clear();
    }
  }
  return out;
}

/// Whole lines of a text with their line ends: the offset behind each, and 0 first.
inline std::vector<std::size_t> markdown_line_begins(const std::string& text) {
  std::vector<std::size_t> begins = {0};
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n' || at + 1 == text.size()) begins.push_back(at + 1);
  }
  return begins;
}

/// Bytes [first, second) of a text.
using byte_span = std::pair<std::size_t, std::size_t>;

namespace markdown_oracle {

inline std::string without_entities(std::string text) {
  const std::pair<const char*, const char*> entities[] = {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&amp;", "&"}};
  for (const auto& [entity, character] : entities) {
    const std::string wanted = entity;
    for (std::size_t at = 0; (at = text.find(wanted, at)) != std::string::npos; ++at) text.replace(at, wanted.size(), character);
  }
  return text;
}

inline bool is_fence(const std::string& line) { return line.find("```") != std::string::npos || line.find("~~~") != std::string::npos; }

/// Whether a line of the source may be a line of code: it ends with it, or is blank, but for marks of containers.
/// @param is_indented  so that four columns stand before it
inline bool may_be(const std::string& source, const std::string& code, bool is_indented) {
  const std::size_t begin = code.find_first_not_of(" \t");
  if (begin == std::string::npos) return source.find_first_not_of(" \t>") == std::string::npos;
  const std::string wanted = code.substr(begin);
  if (source.size() < wanted.size() || source.compare(source.size() - wanted.size(), wanted.size(), wanted) != 0) return false;
  const std::string before = source.substr(0, source.size() - wanted.size());
  if (before.find_first_not_of(" \t>-+*.)0123456789") != std::string::npos) return false;
  return !is_indented || before.size() >= 4 || before.find('\t') != std::string::npos;
}

}  // namespace markdown_oracle

/// Where each code block of the expected HTML stands in the source, its lines and the fences around them: found by comparing lines, with
/// no knowledge of Markdown but what fences look like.
inline std::vector<byte_span> markdown_code_spans(const markdown_example& example) {
  std::vector<byte_span> spans;
  const auto begins = markdown_line_begins(example.markdown);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i + 1 < begins.size(); ++i) {
    std::string line = example.markdown.substr(begins[i], begins[i + 1] - begins[i]);
    if (!line.empty() && line.back() == '\n') line.pop_back();
    lines.push_back(line);
  }
  std::size_t from = 0;  // lines before it are of blocks that were found
  for (std::size_t at = 0; (at = example.html.find("<pre><code", at)) != std::string::npos;) {
    const std::size_t begin = example.html.find('>', at + 6) + 1;
    const std::size_t end = example.html.find("</code></pre>", begin);
    const bool is_fenced = example.html[begin - 2] == '"';  // has a class
    std::vector<std::string> code;
    for (std::size_t line = begin; line < end;) {
      const std::size_t line_end = example.html.find('\n', line);
      code.push_back(markdown_oracle::without_entities(example.html.substr(line, line_end - line)));
      line = line_end + 1;
    }
    at = end;
    for (std::size_t first = from; first < lines.size(); ++first) {
      const bool behind_fence = first > from && markdown_oracle::is_fence(lines[first - 1]);
      if (code.empty() || is_fenced) {
        if (!behind_fence && !(code.empty() && first + 1 == lines.size())) continue;
      }
      bool is_found = first + code.size() <= lines.size();
      for (std::size_t i = 0; is_found && i < code.size(); ++i) is_found = markdown_oracle::may_be(lines[first + i], code[i], !behind_fence);
      if (!is_found) continue;
      std::size_t last = first + code.size();  // behind the code
      const bool is_closed = behind_fence && last < lines.size() && markdown_oracle::is_fence(lines[last]);
      if (is_closed) ++last;
      if (code.empty() && !behind_fence) ++last;  // a fence that the text ends with
      spans.emplace_back(begins[behind_fence ? first - 1 : first], begins[last]);
      from = last;
      break;
    }
  }
  return spans;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_MARKDOWN_EXAMPLES_HPP
