// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/markdown_titles.hpp -- the title that an underlined paragraph of Markdown is.
//
// Room:      its lines as one, without the link definitions that it may begin with.
// Not here:  headings of one line (chunk/markdown_starts.hpp).
// Depends:   chunk/{heading_path,markdown_starts}.hpp.
// Threads:   plain values.
#ifndef ATLAS_CHUNK_MARKDOWN_TITLES_HPP
#define ATLAS_CHUNK_MARKDOWN_TITLES_HPP

#include <atlas/chunk/heading_path.hpp>     // heading_path
#include <atlas/chunk/markdown_starts.hpp>  // is_markdown_blank

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

[[nodiscard]] inline text_view markdown_trimmed(text_view text) noexcept {
  std::size_t begin = 0;
  std::size_t end = text.size();
  while (begin < end && is_markdown_white(text[begin])) ++begin;
  while (end > begin && is_markdown_white(text[end - 1])) --end;
  return text.subview(begin, end - begin);
}

/// Whether a line is the definition of a link: "[label]: address", and perhaps a title in quotes or brackets. One of several lines is
/// taken for text.
[[nodiscard]] inline bool is_markdown_definition(text_view line) noexcept {
  if (line.size() < 4 || line[0] != '[') return false;
  std::size_t at = 1;
  while (at < line.size() && line[at] != ']' && line[at] != '[') at += line[at] == '\\' ? 2U : 1U;
  if (at + 1 >= line.size() || line[at] != ']' || line[at + 1] != ':' || is_markdown_blank(line.subview(1, at - 1))) return false;
  text_view rest = markdown_trimmed(line.subview(at + 2, line.size() - at - 2));
  if (rest.empty()) return false;
  at = 0;
  while (at < rest.size() && !is_markdown_white(rest[at])) ++at;
  rest = markdown_trimmed(rest.subview(at, rest.size() - at));
  if (rest.empty()) return true;
  const char open = rest[0];
  return rest.size() >= 2 && (open == '"' || open == '\'' || open == '(') && rest[rest.size() - 1] == (open == '(' ? ')' : open);
}

class markdown_paragraph_title {
 public:
  /// @param paragraph  whole lines
  explicit markdown_paragraph_title(text_view paragraph) noexcept {
    bool is_text = false;
    for (std::size_t at = 0; at < paragraph.size();) {
      const std::size_t end = markdown_line_end(paragraph.data(), at, paragraph.size());
      const text_view line = markdown_trimmed(paragraph.subview(at, end - at));
      is_text = is_text || !is_markdown_definition(line);
      if (is_text) append(line);
      at = end < paragraph.size() ? end + markdown_end_bytes(paragraph, end) : end;
    }
  }
  /// Empty if the paragraph is nothing but definitions: it is no heading then. Borrows this object.
  [[nodiscard]] text_view text() const noexcept { return {bytes_, size_}; }

 private:
  void append(text_view line) noexcept {
    if (size_ != 0 && size_ < sizeof bytes_) bytes_[size_++] = ' ';
    const std::size_t room = sizeof bytes_ - size_;
    const std::size_t size = line.size() < room ? line.size() : room;
    if (size != 0) std::memcpy(bytes_ + size_, line.data(), size);
    size_ += size;
  }

  char bytes_[heading_path::most_title_bytes + 4];  // what is cut off is cut between two characters by who takes the title
  std::size_t size_ = 0;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_MARKDOWN_TITLES_HPP
