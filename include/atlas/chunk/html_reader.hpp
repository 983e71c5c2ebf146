// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/html_reader.hpp -- reads HTML once, and tells its blocks, headings and what should stay whole.
//
// Room:      the state of a reader, the automaton over tags and what lies between them.
// Not here:  the rule in words (chunk/html_rule.hpp), elements and tags (chunk/html_tags.hpp), places in running text (chunk/html_text.hpp).
// Depends:   chunk/{chunk_rule,html_tags}.hpp.
// Threads:   used by one thread at a time.
#ifndef ATLAS_CHUNK_HTML_READER_HPP
#define ATLAS_CHUNK_HTML_READER_HPP

#include <atlas/chunk/chunk_rule.hpp>  // document_part, structure
#include <atlas/chunk/html_tags.hpp>   // html_element, read_tag

#include <cstring>  // std::memchr

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// What the next byte of a document lies in.
enum class html_place : std::uint8_t { text, tag, comment, declaration, cdata, raw };

/// Where the reading of HTML stands. Bytes that were changed give other boundaries, and do no harm.
struct html_state {
  static constexpr std::uint64_t nowhere = ~std::uint64_t{0};

  std::uint64_t read = 0;          ///< up to here
  std::uint64_t gap = nowhere;     ///< where the chunk would be cut, if what comes next is shown: behind what ends, before what begins
  std::uint32_t title_bytes = 0;
  std::uint8_t element = 0;        ///< of the tag or the raw text that is read
  std::uint8_t raw = 0;            ///< of the raw text that begins behind this tag; 0 if none does
  std::uint8_t heading = 0;        ///< depth of the heading whose title is read; 0 if none is
  boundary_level level = boundary_level::character;  ///< at the gap, of headings, sections and line ends; character is none
  boundary_level ended = boundary_level::character;  ///< likewise of the last element that ended, which is the outermost
  boundary_level begun = boundary_level::character;  ///< likewise of the first that began
  html_place place = html_place::text;
  html_tag_place tag = html_tag_place::before_name;
  std::uint8_t has_title = 0;          ///< 1, as below: a part of the heading was shown: `gap` is its begin
  std::uint8_t is_behind_heading = 0;  ///< nothing was shown since its end
  std::uint8_t has_lines = 0;          ///< in pre
  std::uint8_t is_whole = 0;           ///< in something that should stay whole
  std::uint8_t ends_whole = 0;         ///< it has ended, at the next boundary
  std::uint8_t has_space = 0;          ///< between two words of the title
  char title[heading_path::most_title_bytes] = {};
  std::uint8_t unused[6] = {};         ///< no padding, so that equal states are equal bytes

  /// Forgets what nothing to come depends on, so that states from which reading goes on alike are equal bytes.
  void settle() noexcept {
    if (place != html_place::raw) element = 0;
    if (place != html_place::tag) {
      raw = 0;
      tag = html_tag_place::before_name;
    }
    if (heading == 0) {
      title_bytes = 0;
      has_space = 0;
    }
    std::memset(title + title_bytes, 0, sizeof title - title_bytes);
  }
};
static_assert(__has_unique_object_representations(html_state));

class html_reader {
 public:
  static constexpr std::uint64_t gap_sight = 1024;      ///< what begins within so many bytes of a gap is seen before it is told
  static constexpr std::uint64_t heading_sight = 2048;  ///< likewise of a heading's title

  /// @pre  part.begin <= state.read <= the part's end
  html_reader(html_state& state, const document_part& part, structure& found) noexcept
      : state_(state), text_(part.text), begin_(part.begin), is_last_(part.is_last), found_(found),
        at_(static_cast<std::size_t>(state.read - part.begin)) {
    // Only bytes that were changed say otherwise.
    if (state_.title_bytes > sizeof state_.title) state_.title_bytes = 0;
    if (state_.gap > state_.read || state_.read - state_.gap > 2 * heading_sight) state_.gap = html_state::nowhere;
    if (state_.heading > heading_path::most_depth || (state_.has_title != 0 && (state_.gap == html_state::nowhere || state_.heading == 0))) {
      state_.heading = 0;
      state_.has_title = 0;
    }
  }

  /// Reads as far as the bytes decide. @return  no_memory
  [[nodiscard]] status run() noexcept {
    while (at_ < text_.size() && !waits_ && told_.ok()) {
      if (is_far()) settle();
      switch (state_.place) {
        case html_place::tag: read_rest_of_tag(); break;
        case html_place::comment: read_comment(); break;
        case html_place::declaration: read_to_mark('>'); break;
        case html_place::cdata: read_cdata(); break;
        case html_place::raw: read_raw(); break;
        case html_place::text:
        default: read_text(); break;
      }
    }
    if (is_far() || (is_last_ && at_ == text_.size() && state_.has_title != 0)) settle();
    state_.read = here();
    state_.settle();
    return static_cast<status&&>(told_);
  }

 private:
  [[nodiscard]] std::uint64_t here() const noexcept { return begin_ + at_; }
  [[nodiscard]] std::size_t left() const noexcept { return text_.size() - at_; }
  [[nodiscard]] text_view ahead() const noexcept { return text_.subview(at_, left()); }
  /// Whether that many bytes are there, or all; waits for them if not.
  [[nodiscard]] bool has(std::size_t bytes) noexcept {
    if (left() >= bytes || is_last_) return true;
    waits_ = true;
    return false;
  }

  // --- gaps: tags, comments and white space between what is shown ---

  /// What begins here could not be seen before the gap is told.
  [[nodiscard]] bool is_far() const noexcept {
    return state_.gap != html_state::nowhere && here() - state_.gap >= (state_.has_title != 0 ? heading_sight : gap_sight);
  }
  void begin_gap() noexcept {
    if (state_.gap == html_state::nowhere) state_.gap = here();
  }
  void raise(boundary_level level) noexcept {
    if (state_.level < level) state_.level = level;
  }
  /// The level at the gap.
  [[nodiscard]] boundary_level gap_level() const noexcept {
    const boundary_level outermost = state_.ended > state_.begun ? state_.ended : state_.begun;
    return outermost > state_.level ? outermost : state_.level;
  }
  [[nodiscard]] bool has_level() const noexcept { return gap_level() != boundary_level::character; }
  /// Something is shown that begins here: tells the boundary before it, if there is one.
  void show() noexcept {
    if (state_.heading != 0) {
      begin_gap();
      if (state_.has_title == 0) raise(heading_level(state_.heading));  // the gap may have been told before
      state_.has_title = 1;
      return;
    }
    if (has_level()) {
      begin_gap();
      tell();
    }
    state_.is_behind_heading = 0;
    state_.gap = html_state::nowhere;
  }
  void tell() noexcept {
    boundary_level level = gap_level();
    // What a heading is the heading of stays with it.
    if (state_.is_behind_heading != 0 && level < boundary_level::heading_6 && level > boundary_level::sentence) level = boundary_level::sentence;
    state_.is_behind_heading = 0;
    state_.level = state_.ended = state_.begun = boundary_level::character;
    if (!told_.ok()) return;
    if (state_.gap != 0) told_ = found_.add(state_.gap, level);
    if (state_.ends_whole == 0) return;
    found_.end_whole(state_.gap);
    state_.is_whole = state_.ends_whole = 0;
  }
  /// The gap, or the heading, ends here as if something were shown.
  void settle() noexcept {
    if (state_.has_title != 0) {
      end_heading();
    } else {
      if (has_level()) tell();
      state_.gap = html_state::nowhere;
    }
  }

  // --- headings ---

  void end_heading() noexcept {
    if (state_.has_title != 0) {
      tell();
      if (told_.ok() && state_.title_bytes != 0) told_ = found_.add_heading(state_.gap, state_.heading, {state_.title, state_.title_bytes});
      state_.gap = html_state::nowhere;
      state_.is_behind_heading = 1;
    }
    state_.heading = 0;
    state_.has_title = 0;
  }
  void begin_heading(std::uint8_t depth) noexcept {
    state_.heading = depth;
    state_.title_bytes = 0;
    state_.has_space = 0;
  }
  void add_to_title(const char* bytes, std::size_t size) noexcept {
    const std::size_t before = state_.title_bytes;
    const std::size_t space = state_.has_space != 0 && before != 0 ? 1 : 0;
    state_.has_space = 0;
    if (before + space + size > sizeof state_.title) return;
    if (space != 0) state_.title[before] = ' ';
    std::memcpy(state_.title + before + space, bytes, size);
    state_.title_bytes = static_cast<std::uint32_t>(before + space + size);
  }

  // --- text ---

  void read_text() noexcept {
    if (state_.heading != 0) {
      read_title();
    } else if (state_.has_lines != 0) {
      read_lines();
    } else {
      const char* const bytes = text_.data();
      if (state_.gap != html_state::nowhere || has_level()) {
        while (at_ < text_.size() && is_html_space(bytes[at_])) ++at_;
        if (at_ == text_.size()) return;
      }
      if (bytes[at_] == '<') {
        read_opening();
        return;
      }
      show();
      const void* const sign = std::memchr(bytes + at_, '<', left());
      at_ = sign == nullptr ? text_.size() : static_cast<std::size_t>(static_cast<const char*>(sign) - bytes);
    }
  }
  /// Text whose line ends count, up to a less-than sign.
  void read_lines() noexcept {
    const char* const bytes = text_.data();
    while (at_ < text_.size()) {
      if (bytes[at_] == '<') {
        read_opening();
        return;
      }
      read_piece();
    }
  }
  /// To a less-than sign, or behind a line end.
  void read_piece() noexcept {
    const char* const bytes = text_.data();
    if (bytes[at_] == '\n') {
      if (is_far()) settle();
      // An empty line is worth more; so is what was there before.
      raise(state_.level == boundary_level::line ? boundary_level::paragraph : boundary_level::line);
      state_.gap = html_state::nowhere;
      ++at_;
      return;
    }
    if (bytes[at_] == '\r') {
      ++at_;
      return;
    }
    show();
    while (at_ < text_.size() && bytes[at_] != '<' && bytes[at_] != '\n') ++at_;
  }
  void read_title() noexcept {
    const char* const bytes = text_.data();
    while (at_ < text_.size()) {
      if (is_far()) return;
      const char byte = bytes[at_];
      if (byte == '<') {
        read_opening();
        return;
      }
      if (is_html_space(byte)) {
        state_.has_space = 1;
        ++at_;
        continue;
      }
      if (!has(html_reference::most_bytes)) return;
      show();
      const html_reference reference = byte == '&' ? reference_of(ahead()) : html_reference{};
      const utf8_character c = decode_one(text_, at_);
      const std::size_t size = reference.bytes != 0 ? reference.bytes : c.length_bytes;
      char encoded[4];
      if (reference.code_point == 0xA0 || c.code_point == 0xA0) {
        state_.has_space = 1;
      } else if (reference.code_point != 0) {
        add_to_title(encoded, encode_one(reference.code_point, encoded));
      } else {
        add_to_title(bytes + at_, size);
      }
      at_ += size;
    }
  }
  /// The text of a script, a style, a text area, to its end tag.
  void read_raw() noexcept {
    const char* const bytes = text_.data();
    while (at_ < text_.size()) {
      if (state_.heading != 0 && is_far()) return;  // the rest is shown
      if (bytes[at_] == '<') {
        if (!has(html_opening::sight)) return;
        if (ends_raw(ahead(), state_.element)) {
          state_.place = html_place::text;
          read_opening();
          return;
        }
        if (state_.heading == 0) show();
        ++at_;
        continue;
      }
      if (state_.heading != 0) {
        ++at_;
        continue;
      }
      read_piece();
    }
  }

  // --- tags ---

  void read_opening() noexcept {
    if (!has(html_opening::sight)) return;
    if (is_far()) settle();
    const html_opening opening = opening_of_html(ahead());
    switch (opening.what) {
      case html_opening::form::none:
        show();
        if (state_.heading != 0) add_to_title("<", 1);
        break;
      case html_opening::form::start_tag: start(opening.element); break;
      case html_opening::form::end_tag: end(opening.element); break;
      case html_opening::form::comment: begin_gap(); state_.place = html_place::comment; break;
      case html_opening::form::declaration: begin_gap(); state_.place = html_place::declaration; break;
      case html_opening::form::cdata: begin_gap(); state_.place = html_place::cdata; break;
    }
    at_ += opening.bytes;
  }
  void start(std::uint8_t number) noexcept {
    const html_element& element = elements_of_html[number];
    state_.place = html_place::tag;
    state_.tag = html_tag_place::before_name;
    state_.raw = 0;
    const bool keeps_lines = element.kind == html_kind::raw || element.kind == html_kind::all_text;
    if (keeps_lines) state_.raw = number;
    if (state_.heading != 0) {
      // A heading that is not ended ends where a block begins that it cannot hold.
      if (element.kind != html_kind::heading && element.kind != html_kind::block) return;
      end_heading();
    }
    if (element.kind == html_kind::shown) {
      show();
      return;
    }
    if (element.kind == html_kind::line_end) {
      // What follows it begins anew, and so it belongs to what is before.
      state_.gap = html_state::nowhere;
      raise(element.level);
      return;
    }
    begin_gap();
    if (element.level > boundary_level::paragraph) {
      raise(element.level);
    } else if (state_.begun == boundary_level::character) {
      state_.begun = element.level;
    }
    if (element.kind == html_kind::heading) begin_heading(static_cast<std::uint8_t>(16U - static_cast<unsigned>(element.level)));
    if (!keeps_lines && element.kind != html_kind::lines) return;
    if (element.kind == html_kind::lines) state_.has_lines = 1;
    if (state_.is_whole != 0 && state_.ends_whole == 0) return;  // within another one
    const std::uint64_t gap = state_.gap;
    tell();
    if (told_.ok()) told_ = found_.begin_whole(gap);
    state_.is_whole = 1;
    state_.gap = html_state::nowhere;
  }
  void end(std::uint8_t number) noexcept {
    const html_element& element = elements_of_html[number];
    state_.place = html_place::tag;
    state_.tag = html_tag_place::before_name;
    state_.raw = 0;
    if (state_.heading != 0) {
      if (element.kind == html_kind::heading) end_heading();
      if (element.kind != html_kind::heading && element.kind != html_kind::block) return;
      if (state_.heading != 0) end_heading();
    }
    // An element without text is a mark, and stays with what follows.
    if (element.kind == html_kind::inside) return;
    state_.gap = html_state::nowhere;
    if (element.kind == html_kind::shown || element.kind == html_kind::line_end || element.kind == html_kind::heading) return;
    state_.begun = boundary_level::character;
    if (element.level > boundary_level::paragraph) {
      raise(element.level);
    } else {
      state_.ended = element.level;
    }
    if (element.kind == html_kind::lines) state_.has_lines = 0;
    if ((element.kind == html_kind::lines || element.kind == html_kind::raw) && state_.is_whole != 0) state_.ends_whole = 1;
  }
  void read_rest_of_tag() noexcept {
    bool is_ended = false;
    at_ = read_tag(text_, at_, state_.tag, is_ended);
    if (!is_ended) return;
    state_.place = state_.raw != 0 ? html_place::raw : html_place::text;
    state_.element = state_.raw;
  }

  // --- what is not shown ---

  void close(std::size_t bytes) noexcept {
    at_ += bytes;
    state_.place = html_place::text;
  }
  /// To a byte; then at it, and true.
  [[nodiscard]] bool move_to(char byte) noexcept {
    const void* const found = std::memchr(text_.data() + at_, byte, left());
    at_ = found == nullptr ? text_.size() : static_cast<std::size_t>(static_cast<const char*>(found) - text_.data());
    return found != nullptr;
  }
  void read_to_mark(char mark) noexcept {
    if (move_to(mark)) close(1);
  }
  void read_comment() noexcept {
    while (move_to('-')) {
      if (!has(4)) return;
      const char* const bytes = text_.data() + at_;
      if (left() >= 3 && bytes[1] == '-' && bytes[2] == '>') return close(3);
      if (left() >= 4 && bytes[1] == '-' && bytes[2] == '!' && bytes[3] == '>') return close(4);
      ++at_;
    }
  }
  void read_cdata() noexcept {
    while (move_to(']')) {
      if (!has(3)) return;
      if (left() >= 3 && text_[at_ + 1] == ']' && text_[at_ + 2] == '>') return close(3);
      ++at_;
    }
  }

  html_state& state_;
  text_view text_;
  std::uint64_t begin_;
  bool is_last_;
  structure& found_;
  std::size_t at_;
  bool waits_ = false;  ///< for bytes that decide
  status told_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_HTML_READER_HPP
