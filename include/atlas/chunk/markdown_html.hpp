// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/markdown_html.hpp -- blocks of HTML inside of Markdown: how they begin and what ends them.
//
// Room:      the seven kinds of CommonMark 0.31.2, section 4.6, under their numbers.
// Not here:  documents that are HTML (chunk/html_rule.hpp), other blocks (chunk/markdown_starts.hpp).
// Depends:   chunk/markdown_lines.hpp.
// Threads:   every function is pure.
#ifndef ATLAS_CHUNK_MARKDOWN_HTML_HPP
#define ATLAS_CHUNK_MARKDOWN_HTML_HPP

#include <atlas/chunk/markdown_lines.hpp>  // is_markdown_white

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Blocks up to this kind end with what markdown_html_end() finds, the others before a blank line.
inline constexpr std::uint8_t last_markdown_html_closed = 5;
inline constexpr std::uint8_t markdown_html_block_tag = 6;
inline constexpr std::uint8_t markdown_html_any_tag = 7;
/// No end of a block is longer.
inline constexpr std::size_t markdown_html_end_bytes = 11;

[[nodiscard]] constexpr char markdown_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }
[[nodiscard]] constexpr bool is_markdown_letter(char c) noexcept { return markdown_lower(c) >= 'a' && markdown_lower(c) <= 'z'; }
[[nodiscard]] constexpr bool is_markdown_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Whether a name begins at an offset, whatever its case. @param lower  small letters and signs
[[nodiscard]] constexpr bool has_markdown_name(text_view text, std::size_t at, text_view lower) noexcept {
  if (text.size() - at < lower.size()) return false;
  for (std::size_t i = 0; i < lower.size(); ++i) {
    if (markdown_lower(text.data()[at + i]) != lower.data()[i]) return false;
  }
  return true;
}

inline constexpr text_view markdown_raw_tags[] = {"script", "pre", "style", "textarea"};
inline constexpr text_view markdown_block_tags[] = {
    "address", "article", "aside", "base", "basefont", "blockquote", "body", "caption", "center", "col", "colgroup", "dd", "details", "dialog",
    "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "frame", "frameset", "h1", "h2", "h3", "h4", "h5", "h6",
    "head", "header", "hr", "html", "iframe", "legend", "li", "link", "main", "menu", "menuitem", "nav", "noframes", "ol", "optgroup", "option",
    "p", "param", "search", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "title", "tr", "track", "ul"};

/// Whether a name is one of those.
template <std::size_t Count>
[[nodiscard]] constexpr bool is_markdown_tag(text_view name, const text_view (&names)[Count]) noexcept {
  for (const text_view tag : names) {
    if (tag.size() == name.size() && has_markdown_name(name, 0, tag)) return true;
  }
  return false;
}

/// Reads one tag: section 6.6 of the same.
class markdown_tag_reader {
 public:
  explicit markdown_tag_reader(text_view text) noexcept : text_(text) {}

  /// Behind the tag that the text begins with; 0 if it begins with none that is complete.
  [[nodiscard]] std::size_t end() noexcept {
    at_ = 1;
    const bool is_closing = take('/');
    if (at_ == text_.size() || !is_markdown_letter(text_[at_])) return 0;
    while (at_ < text_.size() && (is_markdown_letter(text_[at_]) || is_markdown_digit(text_[at_]) || text_[at_] == '-')) ++at_;
    bool is_spaced = skip_white();
    while (!is_closing && is_spaced && at_ < text_.size() && begins_attribute(text_[at_])) {
      if (!attribute(is_spaced)) return 0;
    }
    if (!is_closing) static_cast<void>(take('/'));
    return take('>') ? at_ : 0;
  }

 private:
  [[nodiscard]] static bool begins_attribute(char c) noexcept { return is_markdown_letter(c) || c == '_' || c == ':'; }
  /// Reads a name and perhaps a value, and the white space behind it.
  [[nodiscard]] bool attribute(bool& is_spaced) noexcept {
    while (at_ < text_.size() && (begins_attribute(text_[at_]) || is_markdown_digit(text_[at_]) || text_[at_] == '.' || text_[at_] == '-')) ++at_;
    is_spaced = skip_white();
    if (!take('=')) return true;
    static_cast<void>(skip_white());
    if (at_ == text_.size()) return false;
    const char quote = text_[at_];
    if (quote == '"' || quote == '\'') {
      const void* const close = std::memchr(text_.data() + at_ + 1, quote, text_.size() - at_ - 1);
      if (close == nullptr) return false;
      at_ = static_cast<std::size_t>(static_cast<const char*>(close) - text_.data()) + 1;
    } else {
      const std::size_t begin = at_;
      while (at_ < text_.size() && std::memchr(" \t\"'=<>`", text_[at_], 8) == nullptr) ++at_;
      if (at_ == begin) return false;
    }
    is_spaced = skip_white();
    return true;
  }
  [[nodiscard]] bool take(char c) noexcept {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] bool skip_white() noexcept {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_markdown_white(text_[at_])) ++at_;
    return at_ != begin;
  }

  text_view text_;
  std::size_t at_ = 0;
};

/// The kind of HTML block that a line begins; 0 if it begins none.
/// @param rest       of the line, from "<" on
/// @param is_whole   no more of the line follows
/// @param continues  the line may go on with a paragraph, which blocks of kind 7 do not interrupt
[[nodiscard]] inline std::uint8_t markdown_html_start(text_view rest, bool is_whole, bool continues) noexcept {
  if (rest.size() < 2) return 0;
  if (rest[1] == '!') {
    if (has_markdown_name(rest, 0, "<!--")) return 2;
    if (rest.size() >= 9 && std::memcmp(rest.data(), "<![CDATA[", 9) == 0) return 5;
    return rest.size() > 2 && is_markdown_letter(rest[2]) ? 4 : 0;
  }
  if (rest[1] == '?') return 3;
  const std::size_t begin = rest[1] == '/' ? 2 : 1;
  std::size_t end = begin;
  while (end < rest.size() && (is_markdown_letter(rest[end]) || is_markdown_digit(rest[end]))) ++end;
  const text_view name = rest.subview(begin, end - begin);
  const bool is_ended = end == rest.size() || is_markdown_white(rest[end]) || rest[end] == '>';
  const bool is_raw = is_markdown_tag(name, markdown_raw_tags);
  if (begin == 1 && is_ended && is_raw) return 1;
  if ((is_ended || (rest.size() - end >= 2 && rest[end] == '/' && rest[end + 1] == '>')) && is_markdown_tag(name, markdown_block_tags)) {
    return markdown_html_block_tag;
  }
  if (continues || !is_whole || (is_raw && begin == 1)) return 0;
  std::size_t tag = markdown_tag_reader(rest).end();
  if (tag == 0) return 0;
  while (tag < rest.size() && is_markdown_white(rest[tag])) ++tag;
  return tag == rest.size() ? markdown_html_any_tag : std::uint8_t{0};
}

/// Whether what ends a block begins in [from, to); it may reach beyond, to the end of the text. @pre 1 <= kind <= 5
[[nodiscard]] inline bool markdown_html_end(text_view text, std::size_t from, std::size_t to, std::uint8_t kind) noexcept {
  constexpr text_view ends[] = {"</", "-->", "?>", ">", "]]>"};
  const text_view wanted = ends[kind - 1];
  while (from < to) {
    const void* const found = std::memchr(text.data() + from, wanted[0], to - from);
    if (found == nullptr) return false;
    from = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    if (has_markdown_name(text, from, wanted)) {
      if (kind != 1) return true;
      for (const text_view name : markdown_raw_tags) {
        const std::size_t behind = from + 2 + name.size();
        if (has_markdown_name(text, from + 2, name) && behind < text.size() && text[behind] == '>') return true;
      }
    }
    ++from;
  }
  return false;
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_MARKDOWN_HTML_HPP
