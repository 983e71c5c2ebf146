// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/html_text.hpp -- places in the running text of HTML: sentences, clauses and words as if there were no tags.
//
// Room:      a walker over characters between tags; the last good place of a stretch, and the first.
// Not here:  blocks, headings and the like (chunk/html_reader.hpp).
// Depends:   chunk/{html_tags,prose_boundaries}.hpp, text.
// Threads:   plain values; functions are pure.
#ifndef ATLAS_CHUNK_HTML_TEXT_HPP
#define ATLAS_CHUNK_HTML_TEXT_HPP

#include <atlas/chunk/html_tags.hpp>         // opening_of_html, read_tag
#include <atlas/chunk/prose_boundaries.hpp>  // clause_rank, is_break_space
#include <atlas/text/sentence_words.hpp>     // titles, word_with

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// A character that is shown, or a reference to one.
struct html_character {
  std::size_t begin = 0;       ///< of the start tags and comments before it, which belong to it
  std::size_t at = 0;          ///< of itself
  std::size_t end = 0;
  char32_t code_point = 0;
};

/// Reads the characters of a text that begins outside of tags, one after the other.
class html_walker {
 public:
  explicit html_walker(text_view text) noexcept : text_(text) {}

  /// Moves on, but not behind a tag or reference that ends behind `offset`, nor into a character. Cost: some bytes a nanosecond.
  void skip_to(std::size_t offset) noexcept {
    while (at_ < offset && at_ < text_.size()) {
      if (text_.data()[at_] == '<' && tag_end(at_) != at_) {
        const std::size_t end = tag_end(at_);
        if (end > offset) return;
        pass_tag(end);
        continue;
      }
      const std::size_t begin = at_ + (text_.data()[at_] == '<' ? 1 : 0);
      const std::size_t sign = next_sign(begin);
      if (sign > offset) {
        at_ = start_before(at_, offset);
        return;
      }
      at_ = sign;
    }
  }
  /// The next character; false at the text's end.
  bool next(html_character& out) noexcept {
    std::size_t begin = text_.size();
    while (at_ < text_.size()) {
      const char byte = text_.data()[at_];
      if (byte == '<') {
        const std::size_t end = tag_end(at_);
        if (end != at_) {
          if (!is_start_) {
            begin = text_.size();
          } else if (at_ < begin) {
            begin = at_;
          }
          pass_tag(end);
          continue;
        }
      }
      out.at = at_;
      out.begin = begin < at_ ? begin : at_;
      if (byte == '&') {
        const html_reference reference = reference_of(text_.subview(at_, text_.size() - at_));
        if (reference.bytes != 0) {
          out.code_point = reference.code_point != 0 ? reference.code_point : U'a';
          at_ += reference.bytes;
          out.end = at_;
          return true;
        }
      }
      const utf8_character c = decode_one(text_, at_);
      out.code_point = c.code_point;
      at_ += c.length_bytes;
      out.end = at_;
      return true;
    }
    return false;
  }
  [[nodiscard]] std::size_t at() const noexcept { return at_; }

  /// Moves over ASCII without tags and references, not behind `limit`, of which a state of sentences says that it settles nothing.
  /// @return  where that begins; at() if there is none
  std::size_t skip(tailored_sentence_state& state, std::size_t limit) noexcept {
    const std::size_t begin = at_;
    if (at_ < limit) at_ += state.skip(text_.subview(0, first_in(text_, at_, limit, signs)), at_);
    return begin;
  }
  /// Moves over all such ASCII.
  std::size_t pass(std::size_t limit) noexcept {
    const std::size_t begin = at_;
    if (at_ < limit) at_ = first_in(text_, at_, limit, signs);
    return begin;
  }

 private:
  static constexpr byte_set signs{"<&"};
  [[nodiscard]] std::size_t next_sign(std::size_t from) const noexcept {
    const void* const sign = from < text_.size() ? std::memchr(text_.data() + from, '<', text_.size() - from) : nullptr;
    return sign == nullptr ? text_.size() : static_cast<std::size_t>(static_cast<const char*>(sign) - text_.data());
  }
  /// Where a character or reference begins that holds `offset` or begins there; not before `least`.
  [[nodiscard]] std::size_t start_before(std::size_t least, std::size_t offset) const noexcept {
    const std::size_t start = character_start(text_, offset);
    for (std::size_t at = start; at > least && start - at < html_reference::most_bytes; --at) {
      if (text_.data()[at - 1] != '&') continue;
      const html_reference reference = reference_of(text_.subview(at - 1, text_.size() - (at - 1)));
      return at - 1 + reference.bytes > start ? at - 1 : start;
    }
    return start > least ? start : least;
  }
  void pass_tag(std::size_t end) noexcept {
    raw_ = next_raw_;
    at_ = end;
  }
  /// Behind the tag, comment or declaration that begins at a less-than sign; `at` itself if none does. One that does not end goes on to
  /// the text's end. Sets is_start_ and next_raw_.
  std::size_t tag_end(std::size_t at) noexcept {
    if (at == known_at_) return known_end_;
    const text_view from = text_.subview(at, text_.size() - at);
    known_at_ = at;
    known_end_ = at;
    next_raw_ = 0;
    is_start_ = true;
    if (raw_ != 0 && !ends_raw(from, raw_)) {
      next_raw_ = raw_;
      return at;
    }
    const html_opening opening = opening_of_html(from);
    std::size_t end = at + opening.bytes;
    switch (opening.what) {
      case html_opening::form::none: return at;
      case html_opening::form::start_tag:
      case html_opening::form::end_tag: {
        html_tag_place place = html_tag_place::before_name;
        bool is_ended = false;
        end = read_tag(text_, end, place, is_ended);
        is_start_ = opening.what == html_opening::form::start_tag;
        const html_kind kind = elements_of_html[opening.element].kind;
        if (is_start_ && (kind == html_kind::raw || kind == html_kind::all_text)) next_raw_ = opening.element;
        if (kind == html_kind::line_end) is_start_ = false;
        break;
      }
      case html_opening::form::comment: end = behind_comment(end); break;
      case html_opening::form::declaration: end = behind(end, ">"); break;
      case html_opening::form::cdata: end = behind(end, "]]>"); break;
    }
    known_end_ = end;
    return end;
  }
  /// Behind --> or --!>.
  [[nodiscard]] std::size_t behind_comment(std::size_t from) const noexcept {
    for (std::size_t at = behind(from, ">"); at <= text_.size() && at >= from + 3; at = behind(at, ">")) {
      const char* const end = text_.data() + at;
      if (end[-1] == '>' && end[-2] == '-' && end[-3] == '-') return at;
      if (at >= from + 4 && end[-1] == '>' && end[-2] == '!' && end[-3] == '-' && end[-4] == '-') return at;
      if (at == text_.size()) break;
    }
    return text_.size();
  }
  [[nodiscard]] std::size_t behind(std::size_t at, text_view mark) const noexcept {
    for (; at + mark.size() <= text_.size(); ++at) {
      if (text_.data()[at] == mark[0] && text_.subview(at, mark.size()) == mark) return at + mark.size();
    }
    return text_.size();
  }

  text_view text_;
  std::size_t at_ = 0;
  std::size_t known_at_ = ~std::size_t{0};  ///< the last tag that was read, which is asked for twice
  std::size_t known_end_ = 0;
  std::uint8_t raw_ = 0;       ///< the element whose text is read that has no tags; 0 outside
  std::uint8_t next_raw_ = 0;  ///< likewise behind the tag
  bool is_start_ = false;      ///< the tag belongs to what follows
};

/// What a character is to words and clauses.
struct html_character_class {
  std::uint8_t rank = 0;  ///< clause_rank
  bool is_space = false;  ///< is_break_space
  bool is_quote = false;
  bool joins = false;     ///< others to a word
};
[[nodiscard]] constexpr html_character_class html_class_of(char32_t c) noexcept {
  const auto rank = static_cast<std::uint8_t>(clause_rank(c));
  const bool is_space = is_break_space(c);
  return {rank, is_space, is_quote(c), rank == 0 && !is_space && (c >= 0x80U || word_part_of(c) == word_part::joins)};
}
struct html_ascii_classes {
  html_character_class of[128] = {};
  constexpr html_ascii_classes() noexcept {
    for (unsigned c = 0; c < 128; ++c) of[c] = html_class_of(c);
  }
};
inline constexpr html_ascii_classes classes_of_html;

/// Watches characters pass by, and says which of them begin a word or a clause.
class html_words {
 public:
  /// The level before a character that has none by its sentence; `character` where even a word goes on.
  /// @param rank  of the clause that ends before it, of clause_rank; 0 if none does
  [[nodiscard]] boundary_level before(const html_character& c, int& rank) noexcept {
    const html_character_class own = c.code_point < 0x80U ? classes_of_html.of[c.code_point] : html_class_of(c.code_point);
    boundary_level level = boundary_level::character;
    rank = 0;
    if (!own.is_space && has_any_) {
      if (rank_ != 0 && (is_spaced_ || (is_wide_ && own.rank == 0))) {
        level = boundary_level::clause;
        rank = rank_ == 2 && c.code_point >= U'a' && c.code_point <= U'z' ? 4 : rank_;
      } else if (is_spaced_ || (c.code_point >= 0x80U && word_part_of(last_) == word_part::alone && word_part_of(c.code_point) == word_part::alone)) {
        level = boundary_level::word;
      }
    }
    if (own.is_space) {
      is_spaced_ = true;
    } else {
      if (own.rank != 0 || !own.is_quote) {
        rank_ = own.rank == 2 && is_in_word_ && titles.contains(word_) ? 0 : own.rank;  // "Dr. Jones" stays together
        is_wide_ = is_wide_mark(c.code_point);
      }
      is_spaced_ = false;
    }
    if (own.joins || (own.rank == 2 && is_in_word_)) {
      word_ = word_with(is_in_word_ ? word_ : empty_word, c.code_point);
      is_in_word_ = true;
    } else {
      is_in_word_ = false;
    }
    last_ = c.code_point;
    has_any_ = true;
    return level;
  }
  /// Passes [begin, end) of a text, which is ASCII: nothing before a space that follows a letter or digit matters behind it.
  void pass(text_view text, std::size_t begin, std::size_t end) noexcept {
    const auto joins = [&](std::size_t at) { return classes_of_html.of[static_cast<unsigned char>(text.data()[at])].joins; };
    std::size_t at = end;
    while (at > begin + 1 && !(text.data()[at - 1] == ' ' && joins(at - 2))) --at;
    if (at > begin + 1) {
      *this = {};
      last_ = U' ';
      is_spaced_ = true;
      has_any_ = true;
    } else {
      at = begin;
    }
    for (int rank = 0; at < end; ++at) static_cast<void>(before({at, at, at + 1, static_cast<unsigned char>(text.data()[at])}, rank));
  }

 private:
  char32_t last_ = 0;
  std::uint32_t word_ = empty_word;  ///< that is read, or was read last
  int rank_ = 0;
  bool is_spaced_ = false;
  bool is_wide_ = false;
  bool is_in_word_ = false;
  bool has_any_ = false;
};

/// Whether a text has no sign of a tag or a reference in [from, to).
[[nodiscard]] constexpr bool is_outside_tags(text_view text, std::size_t from, std::size_t to) noexcept {
  for (std::size_t at = from; at < to; ++at) {
    if (text.data()[at] == '>' || text.data()[at] == ';') return false;
  }
  return true;
}

/// How much before a place is read to find sentences near it, and how much behind.
inline constexpr std::size_t html_sentence_sight = 256;

/// Stands some way before a place, from where what is at it can be told.
[[nodiscard]] inline html_walker html_walker_before(text_view text, std::size_t offset) noexcept {
  html_walker walker(text);
  walker.skip_to(offset > html_sentence_sight ? offset - html_sentence_sight : 0);
  return walker;
}

/// Reads sentences between tags.
/// @param each   each(offset) for every boundary in [first, most], in order; false to stop
/// @param limit  characters that begin there are not read
template <class Each>
inline void html_sentences(html_walker walker, std::size_t first, std::size_t most, std::size_t limit, Each each) noexcept {
  tailored_sentence_state state;
  bool is_any = false;
  for (html_character c;;) {
    const std::size_t begin = walker.skip(state, most < limit ? most : limit);
    is_any = is_any || begin != walker.at();
    if (!walker.next(c) || c.begin >= limit) return;
    const std::uint64_t opened = state.open_at();
    const boundary_step step = state.feed(c.code_point, c.begin);
    if (step.before_open && opened >= first && opened <= most && !each(static_cast<std::size_t>(opened))) return;
    if (step.before_this && is_any && c.begin >= first && c.begin <= most && !each(c.begin)) return;
    is_any = true;
    if (c.begin > most && !(state.is_open() && state.open_at() <= most)) return;
  }
}

/// The best place in [least, most], as last_prose_boundary has it, but outside of tags, comments and references, and as if there were none.
/// A text that is a single tag up to `most` and further is cut as any text.
/// Cost: linear.
[[nodiscard]] inline text_boundary last_html_boundary(text_view text, std::size_t least, std::size_t most) noexcept {
  const text_view seen = text.subview(0, text.size() - most > html_sentence_sight ? most + html_sentence_sight : text.size());
  html_walker walker = html_walker_before(seen, least);
  std::size_t sentence = 0;
  html_sentences(walker, least, most, seen.size(), [&](std::size_t offset) {
    sentence = offset;
    return true;
  });
  if (sentence != 0 && is_cluster_break(seen, sentence)) return {sentence, boundary_level::sentence};

  std::size_t clause = 0;
  std::size_t word = 0;
  std::size_t other = 0;
  std::size_t unsure = 0;  // may be in a grapheme cluster
  int best_rank = 1;
  html_words words;
  const auto within = [&](std::size_t offset) { return offset >= least && offset <= most; };
  for (html_character c; walker.next(c) && c.begin <= most;) {
    int rank = 0;
    const boundary_level level = words.before(c, rank);
    if (!within(c.begin)) continue;
    if (level < boundary_level::word) {
      const cluster_break seen_here = cluster_break_at(seen, c.begin);
      if (seen_here == cluster_break::yes) other = c.begin;
      if (seen_here == cluster_break::unknown) unsure = c.begin;
      continue;
    }
    if (!is_cluster_break(seen, c.begin)) continue;
    if (level == boundary_level::clause && rank >= best_rank) {
      best_rank = rank;
      clause = c.begin;
    }
    word = c.begin;
  }
  if (clause != 0) return {clause, boundary_level::clause};
  if (word != 0) return {word, boundary_level::word};
  if (unsure > other) {
    // The begin of its cluster, if no tag lies between.
    const std::size_t cluster = last_cluster_break(seen, unsure);
    if (within(cluster) && cluster > other && is_outside_tags(seen, cluster, unsure)) other = cluster;
  }
  if (other != 0) return {other, boundary_level::character};
  // Nothing but tags, or a tag that does not end, or a grapheme cluster.
  html_walker tags(seen);
  tags.skip_to(most);
  if (tags.at() == 0) return last_prose_boundary(text, least, most);
  const std::size_t end = last_cluster_break(seen, tags.at());
  return within(end) ? text_boundary{end, boundary_level::character} : text_boundary{};
}

/// A good place for a text to begin that repeats the end of another, as first_prose_boundary has it, but outside of tags.
[[nodiscard]] inline std::size_t first_html_boundary(text_view text, std::size_t first, std::size_t middle, std::size_t last) noexcept {
  html_walker walker = html_walker_before(text, first);
  std::size_t sentence = 0;
  html_sentences(walker, first, middle, last, [&](std::size_t offset) {
    sentence = offset;
    return false;
  });
  if (sentence != 0) return sentence;

  std::size_t word = last;
  std::size_t other = last;
  int tries = 16;
  html_words words;
  for (html_character c; word == last;) {
    const std::size_t begin = walker.pass(first);
    if (begin != walker.at()) words.pass(text, begin, walker.at());
    if (!walker.next(c) || c.begin >= last) break;
    int rank = 0;
    const boundary_level level = words.before(c, rank);
    if (c.begin >= first && (level >= boundary_level::word || other == last)) {
      const cluster_break seen = cluster_break_at(text, c.begin);
      // To find out takes time in proportion to the cluster, which any number of marks may make long.
      const bool breaks = seen == cluster_break::yes || (seen == cluster_break::unknown && tries-- > 0 && is_cluster_break(text, c.begin));
      if (breaks && level >= boundary_level::word) word = c.begin;
      if (breaks && other == last) other = c.begin;
    }
  }
  return word != last ? word : other;
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_CHUNK_HTML_TEXT_HPP
