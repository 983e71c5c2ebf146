// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/markdown_lines.hpp -- a line of Markdown, and a place in it that knows its column.
//
// Room:      where lines end, what their bytes may begin, indentation with tab stops of four columns.
// Not here:  what begins at a place in a line (chunk/markdown_starts.hpp), blocks (chunk/markdown_blocks.hpp).
// Depends:   core only.
// Threads:   every function is pure.
//
// A line ends behind U+000A, and behind U+000D that no U+000A follows. White space is U+0020 and U+0009, nothing else. What a line is
// depends on its first markdown_line_bytes; a longer one is never taken for what only its end could show: blank, a rule, a closing fence.
#ifndef ATLAS_CHUNK_MARKDOWN_LINES_HPP
#define ATLAS_CHUNK_MARKDOWN_LINES_HPP

#include <atlas/core/text_view.hpp>  // text_view

#include <cstdint>  // std::uint8_t

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

inline constexpr std::size_t markdown_line_bytes = 1024;

/// A line as far as it is looked at.
struct markdown_line {
  text_view text;        ///< without its line end; the first markdown_line_bytes of one that is longer
  std::size_t size = 0;  ///< bytes, its line end counted
  bool is_whole = true;  ///< it is not longer than what is looked at
};

/// Offset of the first line end in [from, to); `to` if there is none. Lines that end with a carriage return alone are looked for a block
/// at a time, so that texts of either kind take linear time.
[[nodiscard]] inline std::size_t markdown_line_end(const char* text, std::size_t from, std::size_t to) noexcept {
  constexpr std::size_t block = 256;
  while (from < to) {
    const std::size_t size = to - from < block ? to - from : block;
    const void* const feed = std::memchr(text + from, '\n', size);
    const std::size_t before = feed == nullptr ? size : static_cast<std::size_t>(static_cast<const char*>(feed) - (text + from));
    const void* const back = std::memchr(text + from, '\r', before);
    if (back != nullptr) return static_cast<std::size_t>(static_cast<const char*>(back) - text);
    if (feed != nullptr) return from + before;
    from += size;
  }
  return to;
}

/// Bytes of the line end at an offset. @pre text[at] is one
[[nodiscard]] inline std::size_t markdown_end_bytes(text_view text, std::size_t at) noexcept {
  return text[at] == '\r' && at + 1 < text.size() && text[at + 1] == '\n' ? 2 : 1;
}

/// Reads the lines of one text, whose bytes stay where they are. Where it has looked for line ends it does not look again, so that lines
/// can be looked at before they are read.
class markdown_lines {
 public:
  /// @param end  of the bytes that are there, up to which it may look ahead
  explicit markdown_lines(const char* end) noexcept : end_(end) {}

  /// The line that begins at an offset.
  /// @param text  of those bytes
  /// @pre         the document ends with `text`, or markdown_line_bytes + 2 bytes follow `at` in it
  [[nodiscard]] markdown_line at(text_view text, std::size_t at) noexcept {
    const char* const begin = text.data() + at;
    const std::size_t left = text.size() - at;
    const std::size_t most = left < markdown_line_bytes + 1 ? left : markdown_line_bytes + 1;
    const char* const feed = feeds_.next(begin, text.end(), end_);
    const char* const back = backs_.next(begin, text.end(), end_);
    const auto size = static_cast<std::size_t>((feed < back ? feed : back) - begin);
    markdown_line line;
    if (size < most) {
      line.text = {begin, size};
      line.size = size + (back < feed && back + 1 == feed && feed < text.end() ? 2U : 1U);
      return line;
    }
    line.is_whole = most <= markdown_line_bytes;
    line.size = line.is_whole ? most : markdown_line_bytes;
    line.text = {begin, line.size};
    return line;
  }

 private:
  /// Looks for one byte.
  class finder {
   public:
    explicit finder(char wanted) noexcept : wanted_(wanted) {}
    /// Where the first one stands in [from, to); `to` or more if none does. Looks a block beyond, for the lines to come, but not behind
    /// `end`.
    [[nodiscard]] const char* next(const char* from, const char* to, const char* end) noexcept {
      const bool is_known = from >= from_ && from <= until_;
      if (!is_known || (until_ < to && *until_ != wanted_)) look(is_known ? until_ : from, from, to, end);
      return until_;
    }

   private:
    static constexpr std::ptrdiff_t block = 1024;

    void look(const char* at, const char* from, const char* to, const char* end) noexcept {
      if (at == from) from_ = from;
      const char* const last = end - to > block ? to + block : end;
      const void* const found = at == last ? nullptr : std::memchr(at, wanted_, static_cast<std::size_t>(last - at));
      until_ = found != nullptr ? static_cast<const char*>(found) : last;
    }

    const char* from_ = nullptr;   ///< there is none in [from_, until_)
    const char* until_ = nullptr;  ///< one stands there, or no more was looked at
    char wanted_;
  };

  const char* end_;
  finder feeds_{'\n'};
  finder backs_{'\r'};
};

/// What a byte may mean where a line's text begins.
enum class markdown_byte : std::uint8_t {
  text,   ///< nothing: a paragraph
  white,  ///< a space or a tab
  end,    ///< a line end
  mark,   ///< a block may begin here
};
struct markdown_byte_table {
  markdown_byte of[256] = {};
  constexpr markdown_byte_table() noexcept {
    set(" \t", markdown_byte::white);
    set("\n\r", markdown_byte::end);
    set("#>-+*_=`~<|:0123456789", markdown_byte::mark);
  }

 private:
  constexpr void set(const char* bytes, markdown_byte what) noexcept {
    for (; *bytes != '\0'; ++bytes) of[static_cast<unsigned char>(*bytes)] = what;
  }
};
inline constexpr markdown_byte_table markdown_bytes;
[[nodiscard]] constexpr markdown_byte markdown_byte_of(char c) noexcept { return markdown_bytes.of[static_cast<unsigned char>(c)]; }
[[nodiscard]] constexpr bool is_markdown_white(char c) noexcept { return c == ' ' || c == '\t'; }

/// A place in a line, and the first byte behind it that is not white space.
class markdown_cursor {
 public:
  /// @param begin  bytes of the line that count for nothing
  explicit markdown_cursor(const markdown_line& line, std::size_t begin = 0) noexcept
      : next_(line.text.data() + begin), end_(line.text.data() + line.text.size()), is_whole_(line.is_whole) {
    find();
  }

  /// Columns of white space from the place on.
  [[nodiscard]] std::size_t indent() const noexcept { return next_column_ - column_; }
  /// Nothing but white space follows to the line's end.
  [[nodiscard]] bool is_blank() const noexcept { return next_ == end_ && is_whole_; }
  [[nodiscard]] bool is_whole() const noexcept { return is_whole_; }
  /// What follows the white space, without the line end.
  [[nodiscard]] text_view rest() const noexcept { return {next_, static_cast<std::size_t>(end_ - next_)}; }
  /// The first byte of it; a line feed if there is none.
  [[nodiscard]] char first() const noexcept { return next_ != end_ ? *next_ : '\n'; }

  /// Goes on by columns, which may end inside of a tab. @pre columns <= indent()
  void skip_columns(std::size_t columns) noexcept { column_ += columns; }
  void skip_white() noexcept { column_ = next_column_; }
  /// Goes over white space and `bytes` behind it, each a column wide. @pre bytes <= rest().size()
  void skip_mark(std::size_t bytes) noexcept {
    next_ += bytes;
    column_ = next_column_ + bytes;
    find();
  }

 private:
  void find() noexcept {
    next_column_ = column_;
    for (; next_ != end_; ++next_) {
      if (*next_ == ' ') {
        ++next_column_;
      } else if (*next_ == '\t') {
        next_column_ += 4 - next_column_ % 4;
      } else {
        break;
      }
    }
  }

  const char* next_;             ///< first byte that is not white space
  const char* end_;
  std::size_t column_ = 0;       ///< of the place, from the line's begin
  std::size_t next_column_ = 0;  ///< of that byte
  bool is_whole_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_MARKDOWN_LINES_HPP
