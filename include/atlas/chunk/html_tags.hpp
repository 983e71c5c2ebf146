// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/html_tags.hpp -- elements, tags and character references of HTML.
//
// Room:      what an element does to a cut, the end of a tag, a character reference.
// Not here:  reading documents (chunk/html_reader.hpp), text between tags (chunk/html_text.hpp).
// Depends:   chunk/{boundary,word_table}.hpp, text/utf8.hpp.
// Threads:   plain values; functions are pure.
//
// Source: the HTML standard, sections 13.2.5 (tokenization) and 15.3 (rendering: which elements are blocks).
#ifndef ATLAS_CHUNK_HTML_TAGS_HPP
#define ATLAS_CHUNK_HTML_TAGS_HPP

#include <atlas/chunk/boundary.hpp>    // boundary_level
#include <atlas/chunk/word_table.hpp>  // word_table
#include <atlas/text/utf8.hpp>         // encode_one

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

[[nodiscard]] constexpr bool is_html_space(char byte) noexcept {
  return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r' || byte == '\f';
}
[[nodiscard]] constexpr bool is_tag_letter(char byte) noexcept { return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'); }
[[nodiscard]] constexpr char ascii_lower(char byte) noexcept { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + ('a' - 'A')) : byte; }

enum class html_kind : std::uint8_t {
  inside,     ///< of a line: nothing to a cut
  shown,      ///< likewise, and shown by itself: an image
  block,
  group,      ///< a block that a heading may hold
  heading,    ///< 1 to 6
  line_end,   ///< br, hr: what is behind it begins anew
  lines,      ///< pre: a block whose line ends count
  raw,        ///< script, textarea: likewise, and its text has no tags, up to its own end tag
  all_text,   ///< plaintext: no tag behind it
};

struct html_element {
  boundary_level level = boundary_level::character;  ///< before and behind it; character is none
  html_kind kind = html_kind::inside;
};

/// All elements that are not html_kind::inside.
struct html_elements {
  static constexpr std::size_t most_name_bytes = 10;

  word_table<html_element, most_name_bytes> table;
  char small[256] = {};  ///< of a byte of a name; NUL ends it
  constexpr html_elements() noexcept {
    using enum boundary_level;
    table.add(" section article main aside nav header footer html head body ", {section, html_kind::block});
    table.add(" p ul ol dl table blockquote form fieldset figure details dialog dir ", {paragraph, html_kind::block});
    table.add(" menu search address legend summary ", {paragraph, html_kind::block});
    table.add(" div center hgroup ", {paragraph, html_kind::group});
    table.add(" li dt dd tr caption thead tbody tfoot colgroup option optgroup figcaption ", {line, html_kind::block});
    table.add(" td th ", {clause, html_kind::block});
    table.add(" pre listing ", {paragraph, html_kind::lines});
    table.add(" script style textarea title xmp iframe noembed noframes ", {paragraph, html_kind::raw});
    table.add(" plaintext ", {paragraph, html_kind::all_text});
    table.add(" h1 ", {heading_1, html_kind::heading});
    table.add(" h2 ", {heading_2, html_kind::heading});
    table.add(" h3 ", {heading_3, html_kind::heading});
    table.add(" h4 ", {heading_4, html_kind::heading});
    table.add(" h5 ", {heading_5, html_kind::heading});
    table.add(" h6 ", {heading_6, html_kind::heading});
    table.add(" br ", {line, html_kind::line_end});
    table.add(" hr ", {section, html_kind::line_end});
    table.add(" img input button select video audio canvas object embed ", {character, html_kind::shown});
    for (unsigned c = 1; c < 256; ++c) {
      const auto byte = static_cast<char>(c);
      small[c] = byte == '>' || byte == '/' || is_html_space(byte) ? '\0' : byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + ('a' - 'A')) : byte;
    }
    small[0] = '\x01';  // a NUL is part of a name that no element has
  }
  [[nodiscard]] constexpr const html_element& operator[](std::uint8_t number) const noexcept { return table[number]; }
};
inline constexpr html_elements elements_of_html;

/// Where a tag is read that has begun, behind its name.
enum class html_tag_place : std::uint8_t { before_name, name, behind_name, before_value, value, double_quoted, single_quoted };

/// Reads a tag on from `at`. @return  behind its end, or text.size() and is_ended false
[[nodiscard]] constexpr std::size_t read_tag(text_view text, std::size_t at, html_tag_place& place, bool& is_ended) noexcept {
  using enum html_tag_place;
  const char* const bytes = text.data();
  const std::size_t size = text.size();
  is_ended = false;
  while (at < size) {
    const char byte = bytes[at];
    if (place == double_quoted || place == single_quoted) {
      const char quote = place == double_quoted ? '"' : '\'';
      while (at < size && bytes[at] != quote) ++at;
      if (at == size) break;
      place = before_name;
      ++at;
      continue;
    }
    if (byte == '>') {
      is_ended = true;
      return at + 1;
    }
    switch (place) {
      case before_name:
        if (byte != '/' && !is_html_space(byte)) place = name;  // an equals sign too
        break;
      case name:
        if (byte == '=') place = before_value;
        if (byte == '/') place = before_name;
        if (is_html_space(byte)) place = behind_name;
        break;
      case behind_name:
        if (byte == '=') {
          place = before_value;
        } else if (byte == '/') {
          place = before_name;
        } else if (!is_html_space(byte)) {
          place = name;
        }
        break;
      case before_value:
        if (byte == '"') {
          place = double_quoted;
        } else if (byte == '\'') {
          place = single_quoted;
        } else if (!is_html_space(byte)) {
          place = value;
        }
        break;
      default:
        if (is_html_space(byte)) place = before_name;
        break;
    }
    ++at;
  }
  return at;
}

/// What begins with a less-than sign.
struct html_opening {
  enum class form : std::uint8_t { none, start_tag, end_tag, comment, declaration, cdata };
  static constexpr std::size_t sight = 24;  ///< bytes that decide

  form what = form::none;      ///< none: the sign stands for itself
  std::uint8_t element = 0;    ///< of a tag
  std::uint8_t bytes = 1;      ///< of the name, or of the mark, and what is before it
};
/// @param text  from the sign on
/// @pre         it is `sight` bytes long, or nothing follows it
[[nodiscard]] constexpr html_opening opening_of_html(text_view text) noexcept {
  using enum html_opening::form;
  const std::size_t size = text.size() < html_opening::sight ? text.size() : html_opening::sight;
  const char* const bytes = text.data();
  if (size < 2) return {};
  if (bytes[1] == '!') {
    if (size >= 4 && bytes[2] == '-' && bytes[3] == '-') {
      // <!--> and <!---> are all of a comment.
      const bool is_short = size > 4 && bytes[4] == '>';
      const bool is_short_too = size > 5 && bytes[4] == '-' && bytes[5] == '>';
      return {comment, 0, static_cast<std::uint8_t>(is_short || is_short_too ? 2 : 4)};
    }
    if (size >= 9 && text.subview(2, 7) == text_view("[CDATA[")) return {cdata, 0, 9};
    return {declaration, 0, 2};
  }
  if (bytes[1] == '?') return {declaration, 0, 2};
  const bool is_end = bytes[1] == '/';
  const std::size_t begin = is_end ? 2 : 1;
  if (size <= begin) return {};
  if (!is_tag_letter(bytes[begin])) return is_end ? html_opening{declaration, 0, 2} : html_opening{};
  char name[html_opening::sight] = {};
  std::size_t at = begin;
  for (; at < size; ++at) {
    const char small = elements_of_html.small[static_cast<unsigned char>(bytes[at])];
    if (small == '\0') break;
    name[at - begin] = small;
  }
  return {is_end ? end_tag : start_tag, elements_of_html.table.find(name, at - begin), static_cast<std::uint8_t>(at)};
}

/// Whether the end tag of an element begins with a text, as that of a script ends it.
/// @pre  the text is html_opening::sight bytes long, or nothing follows it
[[nodiscard]] constexpr bool ends_raw(text_view text, std::uint8_t element) noexcept {
  const html_opening opening = opening_of_html(text);
  return opening.what == html_opening::form::end_tag && opening.element == element && element != 0 && opening.bytes < text.size();
}

/// A character reference.
struct html_reference {
  static constexpr std::size_t most_bytes = 32;

  char32_t code_point = 0;  ///< 0 if the name is not one of those that matter here
  std::uint8_t bytes = 0;   ///< 0 if there is none
};
/// The reference that begins with a text, which begins with an ampersand; one without a semicolon is none.
[[nodiscard]] constexpr html_reference reference_of(text_view text) noexcept {
  const std::size_t size = text.size() < html_reference::most_bytes ? text.size() : html_reference::most_bytes;
  std::size_t end = 1;
  const bool is_number = size > 2 && text[1] == '#';
  if (is_number) ++end;
  const bool is_hex = is_number && (text[2] == 'x' || text[2] == 'X');
  if (is_hex) ++end;
  const std::size_t begin = end;
  char32_t number = 0;
  for (; end < size; ++end) {
    const char c = ascii_lower(text[end]);
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_digit && !(is_number ? is_hex && c >= 'a' && c <= 'f' : is_tag_letter(c))) break;
    if (is_number && number <= 0x10FFFFU) {
      const auto digit = static_cast<char32_t>(is_digit ? c - '0' : c - 'a' + 10);
      number = number * (is_hex ? 16U : 10U) + digit;
    }
  }
  if (end == begin || end == size || text[end] != ';') return {};
  const auto bytes = static_cast<std::uint8_t>(end + 1);
  if (is_number) return {number == 0 || number > 0x10FFFFU ? replacement_character : number, bytes};
  struct named {
    text_view name;
    char32_t code_point;
  };
  constexpr named known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}, {"nbsp", 0xA0}, {"mdash", 0x2014},
                             {"ndash", 0x2013}, {"hellip", 0x2026}, {"lsquo", 0x2018}, {"rsquo", 0x2019}, {"ldquo", 0x201C}, {"rdquo", 0x201D},
                             {"laquo", 0xAB}, {"raquo", 0xBB}, {"copy", 0xA9}, {"reg", 0xAE}, {"trade", 0x2122}, {"middot", 0xB7},
                             {"bull", 0x2022}, {"para", 0xB6}, {"sect", 0xA7}};
  for (const named& one : known) {
    if (one.name == text.subview(1, end - 1)) return {one.code_point, bytes};
  }
  return {0, bytes};
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_HTML_TAGS_HPP
