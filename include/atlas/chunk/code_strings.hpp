// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/code_strings.hpp -- where strings and comments of source code begin and end, whatever the language.
//
// Room:      what begins a comment, where a string ends, where a here-document ends.
// Not here:  who asks (chunk/code_reader.hpp).
// Depends:   chunk/code_lines.hpp.
// Threads:   functions are pure.
//
// Each function looks at no more than `code_sight` bytes, and says so if it cannot tell from the bytes that are there.
#ifndef ATLAS_CHUNK_CODE_STRINGS_HPP
#define ATLAS_CHUNK_CODE_STRINGS_HPP

#include <atlas/chunk/code_lines.hpp>  // is_name_byte, is_gap_byte

#include <cstring>  // std::memcmp

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// The end of a string that goes on over lines, or of a here-document, is looked for so far.
inline constexpr std::size_t code_sight = 4096;

/// Text from a place in a document to where it is known.
struct seen_code {
  text_view text;
  bool is_last = false;  ///< nothing follows it

  /// The bytes that a decision may depend on are there.
  [[nodiscard]] constexpr bool has(std::size_t bytes) const noexcept { return is_last || text.size() >= bytes; }
  /// NUL behind the end, which no decision here takes for anything.
  [[nodiscard]] constexpr char at(std::size_t index) const noexcept { return index < text.size() ? text[index] : '\0'; }
};

enum class code_comment : std::uint8_t {
  none,
  line,        ///< to the line's end
  block,       ///< to */
  markup,      ///< to -->
  brackets,    ///< to ]], of Lua
};

/// Bytes that decide whether a comment begins.
inline constexpr std::size_t code_comment_bytes = 8;

/// The comment that begins with the code. @param before  the byte before it, NUL at the document's start
/// @pre  code.has(code_comment_bytes)
[[nodiscard]] constexpr code_comment comment_of(seen_code code, char before) noexcept {
  const char next = code.at(1);
  switch (code.at(0)) {
    case '/':
      if (next == '/') return before == ':' ? code_comment::none : code_comment::line;  // but for http://
      // A slash and a star behind a name are two operators, or a pattern of file names.
      if (next != '*' || is_name_byte(before)) return code_comment::none;
      return before != '*' && before != '.' && before != '"' && before != '$' && before != '/' ? code_comment::block : code_comment::none;
    case '#':
      if (!is_gap_byte(before)) return code_comment::none;
      switch (next) {
        // Readers of Lisp, attributes, selectors, patterns.
        case '[': case '(': case ')': case '{': case '}': case '\'': case '\\': case ':': case '&': case '*': case '<': case '>': case '.':
        case ',': case ';': case '|': return code_comment::none;
        case '!': return code.at(2) == '[' ? code_comment::none : code_comment::line;
        default: return code_comment::line;
      }
    case '-': {
      if (next != '-' || !is_gap_byte(before)) return code_comment::none;
      const char third = code.at(2);
      if (third == '[' && code.at(3) == '[') return code_comment::brackets;
      return is_gap_byte(third) || third == '-' ? code_comment::line : code_comment::none;
    }
    case '<': return next == '!' && code.at(2) == '-' && code.at(3) == '-' ? code_comment::markup : code_comment::none;
    default: return code_comment::none;
  }
}

/// What came of looking for an end.
struct code_end {
  enum class outcome : std::uint8_t {
    found,
    none,      ///< the mark stands for something else
    far,       ///< further than code_sight on the same line
    unknown,   ///< the bytes are not there
  };
  outcome what = outcome::none;
  std::size_t bytes = 0;  ///< behind the end mark, if found
};

/// Where a string ends that the code begins with. A mark that the line does not close opens a string of several lines if the next line
/// that holds such a mark holds an odd number of them: if the first mark stood alone by mistake, there would be an even number.
/// @param may_span     whether it may go on over lines
/// @param has_escapes  whether a backslash takes the byte behind it along
/// Cost: linear in what is found, or in code_sight and then not again for the same bytes.
[[nodiscard]] constexpr code_end end_of_string(seen_code code, bool may_span, bool has_escapes) noexcept {
  using enum code_end::outcome;
  const char* const bytes = code.text.data();
  const char mark = bytes[0];
  const std::size_t sight = code.text.size() < code_sight ? code.text.size() : code_sight;
  const code_end unseen{code.has(code_sight) ? none : unknown, 0};
  std::size_t at = 1;
  for (; at < sight && bytes[at] != '\n'; ++at) {
    if (bytes[at] == mark) return {found, at + 1};
    if (has_escapes && bytes[at] == '\\' && !(at + 1 < sight && bytes[at + 1] == '\n')) ++at;
  }
  if (at >= sight) return {code.has(code_sight) ? (code.text.size() >= code_sight ? far : none) : unknown, 0};
  if (!may_span) return {none, 0};
  std::size_t first = 0;
  std::size_t marks = 0;
  for (; at < sight && !(marks != 0 && bytes[at] == '\n'); ++at) {
    if (bytes[at] == mark) {
      if (marks++ == 0) first = at + 1;
    } else if (has_escapes && bytes[at] == '\\') {
      ++at;
    }
  }
  if (at >= sight && !code.has(code_sight)) return unseen;
  if (marks % 2 == 0) return {none, 0};
  return {found, first};
}

/// The name that ends a here-document, if one begins with the code, as in <<END, <<-'END', <<~END, <<<"END".
/// @return  the name within the code; empty if none begins
/// @pre     code.has(here_opening_bytes)
inline constexpr std::size_t here_opening_bytes = 48;
[[nodiscard]] constexpr text_view here_name(seen_code code, char before) noexcept {
  if (code.at(1) != '<' || !(is_gap_byte(before) || before == '(' || before == '=')) return {};
  std::size_t at = 2;
  if (code.at(at) == '<') ++at;
  if (code.at(at) == '-' || code.at(at) == '~') ++at;
  const char quote = code.at(at) == '\'' || code.at(at) == '"' ? code.at(at) : '\0';
  if (quote != '\0') ++at;
  const std::size_t begin = at;
  for (; at < here_opening_bytes; ++at) {
    const char byte = code.at(at);
    if (!((byte >= 'A' && byte <= 'Z') || byte == '_' || (at > begin && byte >= '0' && byte <= '9'))) break;
  }
  if (at < begin + 2 || at == here_opening_bytes || (quote != '\0' ? code.at(at) != quote : is_name_byte(code.at(at)))) return {};
  return code.text.subview(begin, at - begin);
}

/// Where a here-document ends: behind its name at the begin of a line. @param name  as here_name found it
[[nodiscard]] constexpr code_end end_of_here(seen_code code, text_view name) noexcept {
  using enum code_end::outcome;
  const std::size_t sight = code.text.size() < code_sight ? code.text.size() : code_sight;
  const code_end unseen{code.has(code_sight) ? none : unknown, 0};
  bool begins_line = false;
  for (std::size_t at = 0; at < sight; ++at) {
    const char byte = code.text[at];
    if (byte == '\n') {
      begins_line = true;
    } else if (begins_line && byte != ' ' && byte != '\t') {
      begins_line = false;
      if (byte != name[0]) continue;
      if (sight - at <= name.size()) {
        const bool ends_code = code.is_last && code.text.size() - at == name.size();
        return ends_code && code.text.subview(at, name.size()) == name ? code_end{found, at + name.size()} : unseen;
      }
      if (code.text.subview(at, name.size()) == name && !is_name_byte(code.text[at + name.size()])) return {found, at + name.size()};
    }
  }
  return unseen;
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_CODE_STRINGS_HPP
