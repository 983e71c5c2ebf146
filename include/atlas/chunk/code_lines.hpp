// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/code_lines.hpp -- what a line of source code begins with, and how deep it is nested.
//
// Room:      code_opening of a line, nesting by growing numbers, the bytes that a reader of code must look at.
// Not here:  strings and comments (chunk/code_strings.hpp), who reads lines (chunk/code_reader.hpp).
// Depends:   chunk/word_table.hpp.
// Threads:   plain values; functions are pure.
#ifndef ATLAS_CHUNK_CODE_LINES_HPP
#define ATLAS_CHUNK_CODE_LINES_HPP

#include <atlas/chunk/word_table.hpp>  // word_table

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// What the reader of code does about a byte: counts it as a bracket, stops at it, or nothing.
struct code_bytes {
  static constexpr signed char stop = 2;
  signed char meaning[256] = {};  ///< 1 opens a bracket, -1 closes one, `stop`, or 0
  bool name[256] = {};            ///< part of a name or a number; all bytes above ASCII are
  bool gap[256] = {};             ///< white space, and NUL, which stands before the first byte
  constexpr code_bytes() noexcept {
    for (const char c : text_view("\n\\\"'`/#-<")) meaning[static_cast<unsigned char>(c)] = stop;
    for (const char c : text_view("([{")) meaning[static_cast<unsigned char>(c)] = 1;
    for (const char c : text_view(")]}")) meaning[static_cast<unsigned char>(c)] = -1;
    for (unsigned c = 0; c < 256; ++c) name[c] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c >= 0x80U;
    for (const char c : text_view(" \t\n\r\v\f\0", 7)) gap[static_cast<unsigned char>(c)] = true;
  }
};
inline constexpr code_bytes bytes_of_code;
[[nodiscard]] constexpr bool is_name_byte(char byte) noexcept { return bytes_of_code.name[static_cast<unsigned char>(byte)]; }
[[nodiscard]] constexpr bool is_gap_byte(char byte) noexcept { return bytes_of_code.gap[static_cast<unsigned char>(byte)]; }

/// How deep something is nested that shows by a number which grows inside: the column of a line, the brackets open before it.
struct nesting {
  static constexpr std::uint32_t most_steps = 24;  ///< what is deeper counts as so deep
  std::uint16_t steps[most_steps] = {};            ///< each more than the one before
  std::uint32_t count = 0;

  /// How deep a line with this number is, without entering it.
  [[nodiscard]] constexpr std::uint32_t depth_of(std::uint32_t number) const noexcept {
    const std::uint32_t below = steps_below(number);
    return below + (number != 0 && below < most_steps ? 1U : 0U);
  }
  /// Goes to a line with this number, which ends all that is deeper. @return  how deep it is
  constexpr std::uint32_t enter(std::uint32_t number) noexcept {
    count = steps_below(number);
    if (number != 0 && count < most_steps) steps[count++] = static_cast<std::uint16_t>(number < 0xFFFFU ? number : 0xFFFFU);
    return count;
  }
  /// Forgets steps that ended, so that nestings that are equal are equal bytes.
  constexpr void settle() noexcept {
    for (std::uint32_t i = count; i < most_steps; ++i) steps[i] = 0;
  }

 private:
  /// @return  0 to most_steps, whatever `count` is
  [[nodiscard]] constexpr std::uint32_t steps_below(std::uint32_t number) const noexcept {
    const std::uint32_t all = count < most_steps ? count : most_steps;
    std::uint32_t below = 0;
    while (below < all && steps[below] < number) ++below;
    return below;
  }
};

/// What a line begins with.
enum class code_opening : std::uint8_t {
  statement,  ///< anything else
  container,  ///< a class, namespace, or the like, whose members are things of their own
  closing,    ///< a bracket, or `end` and the like: part of what stands before
  branch,     ///< `else` and the like
  brace,      ///< `{`, or `do` alone: part of a line before it that does not end anything
  goes_on,    ///< an operator: likewise
  attribute,  ///< a decorator, annotation, attribute or template: part of what follows
  bracketed,  ///< `[`: an attribute, or a section's name, if `]` ends the line
  remark,     ///< a comment that only begins a line
  directive,  ///< `#include`, `#define` and others: a line by itself, read no further
  condition,  ///< `#if`: likewise, and part of what follows
  label,      ///< `public:` and the like: part of what follows, at the depth of members
  record,     ///< `struct`: a container, or a function that returns one
};

/// As much of a line decides what it begins with.
inline constexpr std::size_t code_opening_bytes = 64;

/// Words that say what a line begins with, some only where a preprocessor's mark stands before them.
struct code_words {
  word_table<code_opening, 12> first;      ///< of a line
  word_table<code_opening, 12> marked;     ///< behind a number sign
  constexpr code_words() noexcept {
    using enum code_opening;
    first.add(" end End END fi done esac endif endfunction endmodule endclass endwhile endforeach endfor endcase ", closing);
    first.add(" else elif elsif elseif except catch finally rescue ensure ELSE ", branch);
    first.add(" template ", attribute);
    first.add(" class interface namespace impl trait module mod extension protocol object extern ", container);
    first.add(" struct ", record);
    first.add(" do then ", brace);
    first.add(" public private protected ", label);
    marked.add(" if ifdef ifndef ", condition);
    marked.add(" endif else elif ", closing);
    marked.add(" include define undef import pragma error warning line using region endregion ", directive);
  }
};
inline constexpr code_words words_of_code;

/// The name that begins at an offset.
[[nodiscard]] constexpr text_view name_at(text_view text, std::size_t at) noexcept {
  std::size_t end = at;
  while (end < text.size() && is_name_byte(text[end])) ++end;
  return text.subview(at, end - at);
}

/// Whether a word is a name that something is done to: assigned, called, looked into. @param at  behind the word
[[nodiscard]] constexpr bool is_used_as_name(text_view line, std::size_t at) noexcept {
  if (at < line.size() && (line[at] == '(' || line[at] == '[' || line[at] == ':' || line[at] == '-')) return true;
  while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at;
  if (at == line.size()) return false;
  const bool has_operator = line[at] == '+' || line[at] == '-' || line[at] == '*' || line[at] == '/' || line[at] == '|';
  if (has_operator) ++at;
  return at < line.size() && line[at] == '=';
}

/// What a line of names begins with. @param line  from its first name on
[[nodiscard]] constexpr code_opening opening_of_words(text_view line) noexcept {
  const text_view first = name_at(line, 0);
  if (first.size() < 2) return code_opening::statement;
  const code_opening meaning = words_of_code.first[words_of_code.first.find(first.data(), first.size())];
  if (meaning == code_opening::closing) return is_used_as_name(line, first.size()) ? code_opening::statement : meaning;
  if (meaning == code_opening::branch || meaning == code_opening::attribute) return meaning;
  if (meaning == code_opening::label && first.size() < line.size() && line[first.size()] == ':') return meaning;
  if (meaning == code_opening::brace) return first.size() == line.size() || line[first.size()] == '\n' ? meaning : code_opening::statement;
  // A container's word may stand behind others: `public abstract class`, `type name struct`.
  std::size_t at = 0;
  for (int words = 0; words < 5 && at < line.size() && is_name_byte(line[at]); ++words) {
    const text_view word = name_at(line, at);
    at += word.size();
    if (at < line.size() && line[at] != ' ' && line[at] != '\t' && line[at] != '{' && line[at] != '<' && line[at] != '\n' && line[at] != '\r') break;
    const code_opening one = words_of_code.first[words_of_code.first.find(word.data(), word.size())];
    if (one == code_opening::container) return is_used_as_name(line, at) ? code_opening::statement : one;
    if (one == code_opening::record) {
      // What has parameters is a function.
      for (std::size_t i = at; i < line.size() && line[i] != '\n'; ++i) {
        if (line[i] == '(' || line[i] == ';' || line[i] == '=') return code_opening::statement;
      }
      return code_opening::container;
    }
    while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at;
  }
  return code_opening::statement;
}

/// What a line begins with; `statement` also for comments that go on to an end mark, or that begin with marks that other lines hold too.
/// @param line  from its first byte that is no white space, not empty
[[nodiscard]] constexpr code_opening opening_of(text_view line) noexcept {
  const char next = line.size() > 1 ? line[1] : '\n';
  switch (line[0]) {
    case ')': case ']': case '}': return code_opening::closing;
    case '<': return next == '/' ? code_opening::closing : code_opening::statement;
    case '{': return code_opening::brace;
    case '[': return code_opening::bracketed;
    case '@': return name_at(line, 1) == text_view("end") ? code_opening::closing : code_opening::attribute;
    case '.': return is_name_byte(next) ? code_opening::goes_on : code_opening::statement;
    case '&': case '|': return next == line[0] || next == ' ' || next == '>' ? code_opening::goes_on : code_opening::statement;
    case '?': case ':': case '+': case '=': return next == ' ' ? code_opening::goes_on : code_opening::statement;
    case ';': return code_opening::remark;
    case '%': return next == ' ' || next == '%' ? code_opening::remark : code_opening::statement;
    case '#': {
      if (next == '[' || (next == '!' && line.size() > 2 && line[2] == '[')) return code_opening::attribute;
      const text_view word = name_at(line, 1);
      return words_of_code.marked[words_of_code.marked.find(word.data(), word.size())];
    }
    default: return is_name_byte(line[0]) ? opening_of_words(line) : code_opening::statement;
  }
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_CODE_LINES_HPP
