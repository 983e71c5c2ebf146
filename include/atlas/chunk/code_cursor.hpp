// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/code_cursor.hpp -- moves over strings and comments of source code, in parts of any size.
//
// Room:      where the reading of code stands, and going on from there to where code goes on.
// Not here:  single decisions (chunk/code_strings.hpp), lines (chunk/code_reader.hpp).
// Depends:   chunk/{chunk_rule,code_lines,code_strings}.hpp.
// Threads:   used by one thread at a time.
#ifndef ATLAS_CHUNK_CODE_CURSOR_HPP
#define ATLAS_CHUNK_CODE_CURSOR_HPP

#include <atlas/chunk/chunk_rule.hpp>    // document_part
#include <atlas/chunk/code_lines.hpp>    // code_opening, nesting
#include <atlas/chunk/code_strings.hpp>  // code_comment, end_of_string

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// What the next byte of code lies in.
enum class code_place : std::uint8_t {
  indentation,     ///< before a line's first byte that is no white space
  line,
  line_comment,
  block_comment,
  markup_comment,
  bracket_comment,
  triple_string,   ///< to three marks
  hashed_string,   ///< of Rust: to a quote and hashes
  named_string,    ///< of C++: to a bracket, the name and a quote
  long_string,     ///< to a mark or the line's end
  skipped,         ///< a here-document
};

/// Where the reading of code stands. Bytes that were changed give other boundaries, and do no harm.
struct code_state {
  static constexpr std::size_t most_name = 16;

  std::uint64_t read = 0;       ///< up to here
  std::uint64_t line = 0;       ///< begin of the line that is read
  std::uint64_t opened = 0;     ///< begin of the string or comment that is open
  std::uint64_t code_from = 0;  ///< code of this line begins here, or goes on behind a comment
  std::uint64_t skip_to = 0;    ///< end of a here-document that begins with the next line; 0 if none does
  std::uint64_t no_here_before = 0;  ///< none ends within code_sight
  nesting columns;
  nesting bracketed;
  std::int64_t brackets = 0;    ///< open here; below zero at most until the line's end
  std::int64_t fewest = 0;      ///< open anywhere in this line
  std::int64_t attribute_brackets = 0;  ///< open where the last attribute began
  std::uint32_t column = 0;     ///< of the line's first byte, tabs counted to the next multiple of 8
  std::uint32_t depth = 0;      ///< of the last line that was no closing one
  std::uint32_t own_depth = 0;  ///< of this line
  std::uint32_t members = 0;    ///< lines of this depth or less are things of their own
  char recent[4] = {};          ///< the last bytes before `read`, the last one first
  char last = '\0';             ///< of the line's code so far that is no white space; NUL if there is none
  char last_before = '\0';      ///< likewise of the last line that had code
  char mark = '\0';             ///< of the string that is open
  char name[most_name] = {};    ///< of a named string
  std::uint8_t name_size = 0;   ///< or number of hashes
  code_place place = code_place::indentation;
  code_opening opening = code_opening::statement;  ///< of this line
  std::uint8_t is_blank_before = 0;  ///< 1: this line stands behind a blank one
  std::uint8_t goes_on = 0;          ///< 1: what stands before belongs to this line
  std::uint8_t unused[4] = {};       ///< no padding, so that equal states are equal bytes

  /// Forgets what no line to come depends on, so that states from which reading goes on alike are equal bytes.
  void settle() noexcept {
    columns.settle();
    bracketed.settle();
    code_from = 0;  // what follows is read from `read` on
    if (no_here_before <= read) no_here_before = 0;
    if (skip_to <= read && place != code_place::skipped) skip_to = 0;
    if (place == code_place::indentation) {
      last = '\0';
    } else {
      column = 0;
    }
    if (opening != code_opening::attribute) attribute_brackets = 0;
    const bool is_raw = place == code_place::hashed_string || place == code_place::named_string;
    const bool is_marked = place == code_place::triple_string || place == code_place::long_string;
    const bool is_comment = place == code_place::block_comment || place == code_place::markup_comment || place == code_place::bracket_comment;
    if (!is_raw && !is_marked && !is_comment) opened = 0;
    if (!is_marked) mark = '\0';
    if (!is_raw) name_size = 0;
    for (std::size_t i = name_size; i < most_name; ++i) name[i] = '\0';
  }
};
static_assert(__has_unique_object_representations(code_state));

/// What code_reader is made of.
class code_cursor {
 protected:
  /// @pre  part.begin <= state.read <= the part's end
  code_cursor(code_state& state, const document_part& part) noexcept
      : state_(state), text_(part.text), begin_(part.begin), is_last_(part.is_last),
        at_(static_cast<std::size_t>(state.read - part.begin)), entry_(at_) {
    // Only bytes that were changed say otherwise, and what is counted on must not overflow.
    const auto is_sound = [](std::int64_t count) noexcept { return count > -most_counted && count < most_counted; };
    if (state_.line > state_.read) state_.line = state_.read;
    if (!is_sound(state_.brackets) || !is_sound(state_.fewest) || !is_sound(state_.attribute_brackets)) state_.brackets = state_.fewest = 0;
  }

  [[nodiscard]] std::uint64_t here() const noexcept { return begin_ + at_; }
  [[nodiscard]] std::size_t left() const noexcept { return text_.size() - at_; }
  [[nodiscard]] seen_code ahead() const noexcept { return {text_.subview(at_, left()), is_last_}; }
  /// The byte that stands `back` before; what was read before this part is known for 4.
  [[nodiscard]] char before(std::size_t back) const noexcept {
    if (at_ >= entry_ + back) return text_.data()[at_ - back];
    const std::size_t index = back - (at_ - entry_) - 1;
    return index < sizeof state_.recent ? state_.recent[index] : '\0';
  }
  /// Whether that many bytes are there, or all; waits for them if not.
  [[nodiscard]] bool has(std::size_t bytes) noexcept {
    if (left() >= bytes || is_last_) return true;
    waits_ = true;
    return false;
  }
  void open(code_place place) noexcept {
    state_.place = place;
    state_.opened = here();
  }

  /// Keeps where the reading stands.
  void leave() noexcept {
    if (state_.place == code_place::line) note_last();
    char recent[4];
    for (std::size_t i = 0; i < sizeof recent; ++i) recent[i] = before(i + 1);
    std::memcpy(state_.recent, recent, sizeof recent);
    state_.read = here();
    state_.settle();
  }
  /// Finds the last byte of code before this place.
  void note_last() noexcept {
    const std::uint64_t from = state_.code_from > begin_ + entry_ ? state_.code_from : begin_ + entry_;
    for (std::size_t at = at_; begin_ + at > from; --at) {
      const char byte = text_.data()[at - 1];
      if (is_gap_byte(byte)) continue;
      state_.last = byte;
      break;
    }
  }

  // --- at the begin of a string or a comment ---

  /// At a byte that may begin a string or a comment: moves behind it, into it, or waits.
  void read_mark(char mark) noexcept {
    switch (mark) {
      case '\\':
        if (has(2)) at_ += left() > 1 && text_.data()[at_ + 1] != '\n' ? 2U : 1U;
        return;
      case '"': read_double(); return;
      case '\'': read_single(); return;
      case '`':
        // Lisp quotes a list so, and nothing ends it.
        if (has(2)) read_string(ahead().at(1) != '(', true);
        return;
      default: break;
    }
    if (mark == '<' && has(here_opening_bytes)) read_here();
    if (waits_ || !has(code_comment_bytes)) return;
    if (mark == '#' && before(1) == 'r' && (before(2) == 'b' || !is_name_byte(before(2))) && read_hashes()) return;
    const code_comment comment = comment_of(ahead(), before(1));
    if (comment == code_comment::none) {
      ++at_;
      return;
    }
    note_last();
    constexpr code_place places[] = {code_place::line, code_place::line_comment, code_place::block_comment, code_place::markup_comment,
                                     code_place::bracket_comment};
    open(places[static_cast<std::size_t>(comment)]);
    at_ += comment == code_comment::markup || comment == code_comment::brackets ? 4 : 2;
    if (comment == code_comment::line && mark == '#') --at_;
    if (at_ > text_.size()) at_ = text_.size();
  }

  void read_here() noexcept {
    if (here() < state_.no_here_before || state_.skip_to > here()) return;
    const seen_code code = ahead();
    const text_view name = here_name(code, before(1));
    if (name.empty()) return;
    const code_end end = end_of_here(code, name);
    if (end.what == code_end::outcome::unknown) {
      waits_ = true;
    } else if (end.what == code_end::outcome::found) {
      state_.skip_to = here() + end.bytes;
    } else {
      state_.no_here_before = here() + code_sight;
    }
  }

  void read_string(bool may_span, bool has_escapes) noexcept {
    const code_end end = end_of_string(ahead(), may_span, has_escapes);
    switch (end.what) {
      case code_end::outcome::unknown: waits_ = true; return;
      case code_end::outcome::found: at_ += end.bytes; return;
      case code_end::outcome::far:
        state_.mark = text_.data()[at_];
        open(code_place::long_string);
        ++at_;
        return;
      case code_end::outcome::none: ++at_; return;
    }
  }
  [[nodiscard]] bool begins_triple() noexcept {
    const char* const bytes = text_.data() + at_;
    if (left() < 3 || bytes[1] != bytes[0] || bytes[2] != bytes[0]) return false;
    state_.mark = bytes[0];
    open(code_place::triple_string);
    at_ += 3;
    return true;
  }
  void read_double() noexcept {
    if (!has(code_state::most_name + 3)) return;
    if (before(1) == 'R' && read_named()) return;
    if (begins_triple()) return;
    read_string(true, before(1) != '@');
  }
  void read_single() noexcept {
    if (!has(3)) return;
    if (is_name_byte(before(1))) {
      // Letters before a string of Python, else a digit separator, a prime or an apostrophe.
      const auto is_prefix = [](char byte) noexcept {
        const char small = byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + ('a' - 'A')) : byte;
        return small == 'b' || small == 'r' || small == 'u' || small == 'f' || byte == 'L';
      };
      const bool is_prefixed = is_prefix(before(1)) && (!is_name_byte(before(2)) || (is_prefix(before(2)) && !is_name_byte(before(3))));
      if (!is_prefixed) {
        ++at_;
        return;
      }
    }
    if (begins_triple()) return;
    const seen_code code = ahead();
    const code_end end = end_of_string(code, false, true);
    if (end.what == code_end::outcome::found) {
      if (end.bytes == left() && !is_last_) {
        waits_ = true;
      } else if (is_name_byte(code.at(end.bytes))) {
        ++at_;  // two lifetimes of Rust, with a name behind the second
      } else {
        at_ += end.bytes;
      }
      return;
    }
    read_string(false, true);
  }
  /// R"name( @return  whether it is one
  [[nodiscard]] bool read_named() noexcept {
    const char* const bytes = text_.data() + at_;
    std::size_t size = 0;
    for (; size < code_state::most_name && 1 + size < left(); ++size) {
      const char byte = bytes[1 + size];
      if (byte == '(' || byte == '"' || byte == '\\' || is_gap_byte(byte)) break;
    }
    if (1 + size >= left() || bytes[1 + size] != '(') return false;
    std::memcpy(state_.name, bytes + 1, size);
    state_.name_size = static_cast<std::uint8_t>(size);
    state_.mark = ')';
    open(code_place::named_string);
    at_ += size + 2;
    return true;
  }
  /// r#" @return  whether it is one, or needs more bytes
  [[nodiscard]] bool read_hashes() noexcept {
    if (!has(code_state::most_name + 1)) return true;
    std::size_t count = 1;
    const seen_code code = ahead();
    while (count < code_state::most_name && code.at(count) == '#') ++count;
    if (code.at(count) != '"') return false;
    std::memset(state_.name, '#', sizeof state_.name);
    state_.name_size = static_cast<std::uint8_t>(count);
    state_.mark = '"';
    open(code_place::hashed_string);
    at_ += count + 1;
    return true;
  }

  // --- in a string or comment ---

  /// Goes on with code behind a string or a comment.
  void close(std::size_t bytes, bool is_comment) noexcept {
    at_ += bytes;
    state_.place = code_place::line;
    state_.code_from = here();
    if (!is_comment) state_.last = '"';
  }
  /// What is open for too long was misread: an end mark of a language that has none.
  [[nodiscard]] bool is_too_long() noexcept {
    if (here() - state_.opened < longest_open) return false;
    close(0, true);
    return true;
  }
  /// To where a mark may lie at most. @return  at_ if the limit is there
  [[nodiscard]] std::size_t limit() const noexcept {
    const std::uint64_t most = state_.opened + longest_open;
    return most - begin_ < text_.size() ? static_cast<std::size_t>(most - begin_) : text_.size();
  }
  /// Moves to the next byte of that value, or to where it can be looked for no further.
  [[nodiscard]] bool move_to(char byte) noexcept {
    const std::size_t most = limit();
    const void* const found = std::memchr(text_.data() + at_, byte, most - at_);
    at_ = found == nullptr ? most : static_cast<std::size_t>(static_cast<const char*>(found) - text_.data());
    return found != nullptr;
  }
  void read_to(text_view mark) noexcept {
    while (at_ < text_.size() && !is_too_long()) {
      if (!move_to(mark[0])) continue;
      if (!has(mark.size())) return;
      if (left() >= mark.size() && std::memcmp(text_.data() + at_, mark.data(), mark.size()) == 0) {
        close(mark.size(), true);
        return;
      }
      ++at_;
    }
  }
  void read_triple() noexcept {
    const char mark = state_.mark;
    while (at_ < text_.size() && !is_too_long()) {
      const std::size_t most = limit();
      while (at_ < most && text_.data()[at_] != mark && text_.data()[at_] != '\\') ++at_;
      if (at_ == most) continue;
      if (!has(3)) return;
      if (text_.data()[at_] == '\\') {
        at_ += left() > 1 ? 2U : 1U;
      } else if (left() >= 3 && text_.data()[at_ + 1] == mark && text_.data()[at_ + 2] == mark) {
        close(3, false);
        return;
      } else {
        ++at_;
      }
    }
  }
  void read_raw() noexcept {
    const bool is_named = state_.place == code_place::named_string;
    const std::size_t size = state_.name_size < code_state::most_name ? state_.name_size : code_state::most_name;
    while (at_ < text_.size() && !is_too_long()) {
      if (!move_to(is_named ? ')' : '"')) continue;
      if (!has(size + 2)) return;
      const char* const bytes = text_.data() + at_;
      if (left() >= size + 1 && std::memcmp(bytes + 1, state_.name, size) == 0 && (!is_named || (left() >= size + 2 && bytes[size + 1] == '"'))) {
        close(size + (is_named ? 2 : 1), false);
        return;
      }
      ++at_;
    }
  }
  void read_long() noexcept {
    while (at_ < text_.size()) {
      const char byte = text_.data()[at_];
      if (byte == state_.mark || byte == '\n') {
        close(byte == '\n' ? 0 : 1, false);
        return;
      }
      if (byte == '\\' && !has(2)) return;
      at_ += byte == '\\' && left() > 1 && text_.data()[at_ + 1] != '\n' ? 2U : 1U;
    }
  }
  void read_skipped() noexcept {
    const std::uint64_t end = begin_ + text_.size();
    at_ = state_.skip_to < end ? (state_.skip_to > here() ? static_cast<std::size_t>(state_.skip_to - begin_) : at_) : text_.size();
    if (state_.skip_to <= end) {
      state_.skip_to = 0;
      close(0, false);
    }
  }

  code_state& state_;
  text_view text_;
  std::uint64_t begin_;
  bool is_last_;
  std::size_t at_;
  std::size_t entry_;    ///< where this part was taken up
  bool waits_ = false;   ///< for bytes that decide

 private:
  static constexpr std::int64_t most_counted = std::int64_t{1} << 62;
  static constexpr std::uint64_t longest_open = std::uint64_t{64} << 10;  ///< a string or comment that is longer was none
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_CODE_CURSOR_HPP
