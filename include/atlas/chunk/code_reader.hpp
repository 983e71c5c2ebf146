// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/code_reader.hpp -- reads source code once, and tells the lines that may begin a chunk.
//
// Room:      the automaton over lines.
// Not here:  the rule in words (chunk/code_rule.hpp), strings and comments (chunk/code_cursor.hpp).
// Depends:   chunk/code_cursor.hpp.
// Threads:   used by one thread at a time.
#ifndef ATLAS_CHUNK_CODE_READER_HPP
#define ATLAS_CHUNK_CODE_READER_HPP

#include <atlas/chunk/code_cursor.hpp>  // code_cursor, code_state

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

class code_reader : private code_cursor {
 public:
  /// @pre  part.begin <= state.read <= the part's end
  code_reader(code_state& state, const document_part& part, structure& found) noexcept
      : code_cursor(state, part), found_(found) {}

  /// Reads as far as the bytes decide. @return  no_memory
  [[nodiscard]] status run() noexcept {
    while (at_ < text_.size() && !waits_ && told_.ok()) {
      switch (state_.place) {
        case code_place::indentation: read_indentation(); break;
        case code_place::line_comment: read_line_comment(); break;
        case code_place::block_comment: read_to("*/"); break;
        case code_place::markup_comment: read_to("-->"); break;
        case code_place::bracket_comment: read_to("]]"); break;
        case code_place::triple_string: read_triple(); break;
        case code_place::hashed_string:
        case code_place::named_string: read_raw(); break;
        case code_place::long_string: read_long(); break;
        case code_place::skipped: read_skipped(); break;
        case code_place::line:
        default: read_line(); break;
      }
    }
    leave();
    return static_cast<status&&>(told_);
  }

 private:
  static constexpr std::int64_t most_brackets = 60'000;              ///< with more open, nothing is deeper
  static constexpr std::size_t longest_indentation = 512;           ///< with more before it, a line's first byte counts as found

  // --- between lines ---

  void begin_line() noexcept {
    state_.line = here();
    state_.place = code_place::indentation;
    state_.column = 0;
  }
  void read_indentation() noexcept {
    char byte = '\0';
    for (; at_ < text_.size(); ++at_) {
      byte = text_.data()[at_];
      if (byte == ' ') {
        ++state_.column;
      } else if (byte == '\t') {
        state_.column = (state_.column | 7U) + 1;
      } else if (byte != '\r' && byte != '\v' && byte != '\f') {
        break;
      }
      if (here() - state_.line >= longest_indentation) break;
    }
    if (at_ == text_.size()) return;
    if (byte == '\n') {
      ++at_;
      state_.is_blank_before = 1;
      begin_line();
      return;
    }
    if (!has(code_opening_bytes)) return;
    open_line();
  }

  /// Tells the boundary before the line whose first byte this is.
  void open_line() noexcept {
    const seen_code code = ahead();
    const text_view line = code.text.subview(0, left() < code_opening_bytes ? left() : code_opening_bytes);
    const code_comment comment = comment_of(code, before(1));
    code_opening opening = opening_of(line);
    if (comment != code_comment::none && opening == code_opening::statement) opening = code_opening::remark;
    // An attribute whose arguments go on.
    const bool is_argument = state_.opening == code_opening::attribute && state_.brackets > state_.attribute_brackets;
    if (is_argument) opening = code_opening::attribute;
    const bool is_statement = is_statement_of(opening) && !is_argument;

    const bool is_blank = state_.is_blank_before != 0;
    const std::uint32_t depth = is_statement ? enter(line[0]) : depth_of(opening, line);
    const bool is_deeper = depth > state_.depth;
    const bool ends_block = depth < state_.depth;
    bool is_told = is_blank || !is_deeper;  // what is first inside stays with what it is inside of
    if (state_.goes_on != 0 && !is_blank && depth >= state_.own_depth) is_told = false;
    if (opening == code_opening::closing || is_argument) is_told = false;
    const bool may_go_on = opening == code_opening::brace || (opening == code_opening::goes_on && state_.column != 0);
    if (may_go_on && !is_blank && !ends_something(state_.last_before)) is_told = false;

    const bool is_brace = opening == code_opening::brace && !is_told;  // of what the line before begins
    if (is_statement && !is_brace && depth < state_.members) state_.members = depth;
    const bool is_member = depth <= state_.members && opening != code_opening::branch && opening != code_opening::closing && !is_brace;
    if (is_told && state_.line != 0) tell(level_of(depth, opening == code_opening::branch, is_blank && !is_deeper, ends_block, is_member), is_member);
    if (state_.line == 0 && told_.ok()) told_ = found_.begin_whole(0);
    if (is_member && opening == code_opening::container) state_.members = depth + 1;
    if (is_statement) state_.depth = depth;
    if (opening == code_opening::attribute && !is_argument) state_.attribute_brackets = state_.brackets;

    if (!is_argument) state_.own_depth = depth;
    state_.opening = opening;
    state_.is_blank_before = 0;
    state_.goes_on = 0;
    state_.last = '\0';
    state_.code_from = here();
    state_.place = code_place::line;
    const bool is_for_preprocessor = opening == code_opening::directive || opening == code_opening::condition;
    if (is_for_preprocessor) state_.last = '#';
    if (is_for_preprocessor || (opening == code_opening::remark && comment == code_comment::none)) state_.place = code_place::line_comment;
  }
  /// Whether a line that ends with this byte is not continued by a brace or an operator in the next.
  [[nodiscard]] static bool ends_something(char last) noexcept {
    switch (last) {
      case '\0': case ';': case '{': case '}': case ',': case '(': case '[': return true;
      default: return false;
    }
  }
  /// Nesting by columns or by brackets, whichever is more.
  [[nodiscard]] std::uint32_t enter(char first) noexcept {
    // Code that is indented elsewhere begins anew at column 0, whatever brackets seem to be open: a namespace's, or a mistake.
    const bool may_begin = state_.columns.count != 0 || state_.opening == code_opening::container;
    if (state_.column == 0 && may_begin && is_name_byte(first)) state_.brackets = state_.fewest = 0;
    const std::uint32_t columns = state_.columns.enter(state_.column);
    const std::uint32_t bracketed = state_.bracketed.enter(open_brackets());
    return columns > bracketed ? columns : bracketed;
  }
  /// The depth of a line that changes nothing about it.
  [[nodiscard]] std::uint32_t depth_of(code_opening opening, text_view line) const noexcept {
    std::uint32_t open = open_brackets();
    if (opening == code_opening::closing) {
      for (std::size_t at = 0; at < line.size() && open != 0 && bytes_of_code.meaning[static_cast<unsigned char>(line[at])] < 0; ++at) --open;
    }
    const std::uint32_t columns = state_.columns.depth_of(state_.column);
    const std::uint32_t bracketed = state_.bracketed.depth_of(open);
    const std::uint32_t depth = columns > bracketed ? columns : bracketed;
    return opening == code_opening::label && depth < state_.members ? state_.members : depth;
  }
  [[nodiscard]] static bool is_statement_of(code_opening opening) noexcept {
    switch (opening) {
      case code_opening::remark:
      case code_opening::directive:
      case code_opening::condition:
      case code_opening::closing:
      case code_opening::label: return false;
      default: return true;
    }
  }
  [[nodiscard]] std::uint32_t open_brackets() const noexcept {
    if (state_.brackets <= 0) return 0;
    return static_cast<std::uint32_t>(state_.brackets < most_brackets ? state_.brackets : most_brackets);
  }

  [[nodiscard]] boundary_level level_of(std::uint32_t depth, bool is_branch, bool is_blank, bool ends_block, bool is_member) const noexcept {
    if (is_member) {
      if (is_blank) return depth == 0 ? boundary_level::section : boundary_level::paragraph;
      return depth == 0 && ends_block ? boundary_level::paragraph : boundary_level::line;
    }
    const std::uint32_t inside = depth - state_.members + (is_branch ? 1U : 0U);
    const std::uint32_t strength = inside < 4 ? 4 - inside : 1;
    return static_cast<boundary_level>(strength + (is_blank && inside < 4 ? 1U : 0U));
  }
  void tell(boundary_level level, bool is_member) noexcept {
    if (!told_.ok()) return;
    told_ = found_.add(state_.line, level);
    if (!is_member || !told_.ok()) return;
    found_.end_whole(state_.line);
    told_ = found_.begin_whole(state_.line);
  }

  /// At the line feed.
  void end_line() noexcept {
    note_last();
    if (state_.fewest < 0) state_.brackets -= state_.fewest;
    state_.fewest = state_.brackets;
    const char last = state_.last;
    const bool is_open = last == '{' || last == '(' || last == '[' || last == ':';
    switch (state_.opening) {
      case code_opening::closing:
        if (is_open) state_.depth = state_.own_depth;  // what it opens again is inside
        break;
      case code_opening::attribute: state_.goes_on = last != ';' && last != '{' && last != '}' && last != ','; break;
      case code_opening::bracketed: state_.goes_on = last == ']'; break;
      case code_opening::condition: state_.goes_on = 1; break;
      default: break;
    }
    if (state_.opening != code_opening::closing && (last == '\0' || last == ':')) state_.goes_on = 1;
    if (last == '\\') state_.goes_on = 1;
    if (last != '\0') state_.last_before = last;
    ++at_;
    begin_line();
  }

  void read_line() noexcept {
    const char* const bytes = text_.data();
    const std::size_t size = text_.size();
    std::int64_t brackets = state_.brackets;
    std::int64_t fewest = state_.fewest;
    for (;;) {
      std::size_t at = at_;
      for (; at < size; ++at) {
        const std::int64_t meaning = bytes_of_code.meaning[static_cast<unsigned char>(bytes[at])];
        if (meaning == code_bytes::stop) break;
        brackets += meaning;
        fewest = brackets < fewest ? brackets : fewest;
      }
      at_ = at;
      if (at == size) break;
      if (bytes[at] == '\n') {
        state_.brackets = brackets;
        state_.fewest = fewest;
        if (state_.skip_to > here()) {
          state_.place = code_place::skipped;
        } else {
          end_line();
        }
        return;
      }
      read_mark(bytes[at]);
      if (waits_ || state_.place != code_place::line) break;
    }
    state_.brackets = brackets;
    state_.fewest = fewest;
  }

  void read_line_comment() noexcept {
    const void* const feed = std::memchr(text_.data() + at_, '\n', left());
    at_ = feed == nullptr ? text_.size() : static_cast<std::size_t>(static_cast<const char*>(feed) - text_.data());
    if (feed == nullptr) return;
    state_.code_from = here();
    // A definition that goes on in the next line.
    if (before(1) == '\\' || (before(1) == '\r' && before(2) == '\\')) state_.last = '\\';
    if (state_.skip_to > here()) {
      state_.place = code_place::skipped;
    } else {
      end_line();
    }
  }

  structure& found_;
  status told_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_CODE_READER_HPP
