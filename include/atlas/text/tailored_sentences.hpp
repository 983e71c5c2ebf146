// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/tailored_sentences.hpp -- sentence boundaries as a reader sees them.
//
// Room:      the rules of UAX #29 with what it leaves to others: abbreviations, initials, ordinals, numbers of lists, quotes and brackets
//            behind and before a terminator, ellipses, bullets. No language is asked for.
// Not here:  the standard's own boundaries (text/sentence_boundaries.hpp), the lists of words (text/sentence_words.hpp).
// Depends:   text/break_properties_of.hpp, text/segments.hpp, text/sentence_stops.hpp, text/sentence_words.hpp.
// Threads:   plain values.
//
// What differs from the standard:
//   abbreviations  a title ("Mr.") ends no sentence; an abbreviation, an initial or a word of single letters ("Co.", "J.", "U.S.") ends
//                  one if a word follows that often begins sentences ("U.S. They"); "no." and the like end none before a number;
//                  letters that are units, or an era ("20 C.", "a. C."), are no initials
//   numbers        a sentence may begin with a number ("in May. 1987 was"); the number or single letter that begins one, as that of an
//                  item, ends none ("1. The first", "a. The", "IV. The"), nor does one of up to three digits behind a German
//                  article ("am 5. Mai")
//   ? and !        end no sentence before a lower-case letter ("Yahoo! in")
//   quotes         an opening one behind a terminator begins the next sentence; a closing guillemet may stand apart (". »")
//   ellipses       "..." ends a sentence as an abbreviation does, " . . ." ends none; U+2026 ends one before a space and a capital
//   items          a bullet behind a space begins a sentence; so does the number or letter of the next item in a sentence that is one
//                  ("1) One 2) Two", "a. One b. Two")
#ifndef ATLAS_TEXT_TAILORED_SENTENCES_HPP
#define ATLAS_TEXT_TAILORED_SENTENCES_HPP

#include <atlas/text/break_properties_of.hpp>  // sentence_break_of
#include <atlas/text/segments.hpp>             // boundary_step, segment_reader
#include <atlas/text/sentence_stops.hpp>       // bytes_to_stop
#include <atlas/text/sentence_words.hpp>       // abbreviations, sentence_starters

namespace atlas { inline namespace ATLAS_ABI {

/// Finds tailored sentence boundaries in characters that are fed to it: a state as text/segments.hpp says, 32 bytes. A position is left
/// open until the next letter as in sentence_state, or until the end of the next word. Only line ends are anchors.
class tailored_sentence_state {
 public:
  [[nodiscard]] constexpr boundary_step feed(char32_t c, std::uint64_t offset) noexcept {
    return feed(c, sentence_break_of(c), offset);
  }
  [[nodiscard]] constexpr bool is_open() const noexcept { return open_ != waiting::no; }
  [[nodiscard]] constexpr std::uint64_t open_at() const noexcept { return open_at_; }
  [[nodiscard]] constexpr bool finish() const noexcept {
    switch (open_) {
      case waiting::letter: return kind_ == word_kind::plain;
      case waiting::word: return detail::sentence_starters.contains(word_);
      default: return false;
    }
  }

  /// Whether the characters that were fed end with a terminator and what may follow one, or a position is open: only then may there be a
  /// boundary before the next character that is no line end's.
  [[nodiscard]] constexpr bool may_end_sentence() const noexcept { return ending_ != ending::none || open_ != waiting::no; }

  /// Inside a sentence, where nothing is open, only stops matter, and before one that is no line end the last two words.
  [[nodiscard]] constexpr std::size_t skip(text_view text, std::size_t offset) noexcept {
    if (at_start_ != 0 || open_ != waiting::no || ending_ != ending::none || is_line_end(base_)) return 0;
    const bool in_number = in_word_ == 1 && (word_flags_ & is_first) != 0 && number_ != no_number;
    if (begun_ == 0 || in_number || mark_ != item_mark::none || next_item_ != 0) return 0;  // of an item
    const std::size_t end = offset + detail::bytes_to_stop(text, offset);
    if (end == offset) return 0;
    const std::size_t from = end < text.size() && (text[end] == '\n' || text[end] == '\r') ? end - 1 : before_two_words(text, offset, end);
    for (std::size_t at = from; at < end; ++at) {
      const auto c = static_cast<unsigned char>(text[at]);
      advance(c, sentence_break_of(c));
    }
    return end - offset;
  }

  /// Forgets where a position was open and what the last terminator was, if they are done with.
  constexpr void settle() noexcept {
    if (open_ == waiting::no) open_at_ = 0;
    if (next_item_ == 0 && open_ != waiting::mark) item_style_ = item_mark::none;
    if (open_ != waiting::no || ending_ != ending::none) return;
    terminator_ = sentence_break::aterm;
    kind_ = word_kind::plain;
    dots_ = spaced_ = ellipsis_ = 0;
  }

  [[nodiscard]] static constexpr bool is_anchor(char32_t c) noexcept { return is_line_end(sentence_break_of(c)); }

 private:
  /// How much of terminator Close* Sp* there is.
  enum class ending : std::uint8_t { none = 0, term = 1, close = 2, space = 3 };
  /// What a full stop behind a word may be.
  enum class word_kind : std::uint8_t {
    plain = 0,          ///< the end of a sentence
    abbreviation = 1,   ///< that, if a word follows that begins sentences
    before_number = 2,  ///< that, unless a number follows
    never = 3,
  };
  /// What an open position waits for.
  enum class waiting : std::uint8_t { no = 0, letter = 1, word = 2, behind_quote = 3, mark = 4 };
  /// What stands behind the number or letter of an item: ")", ".)" or "."; and that a space has followed.
  enum class item_mark : std::uint8_t { none = 0, bracket = 1, stop_bracket = 2, stop = 3, complete = 4 };

  static constexpr std::uint16_t no_number = 65535;  ///< a word that numbers no item
  static constexpr std::uint16_t before_a = 10000;   ///< "a" is the next, behind all numbers

  static constexpr std::uint8_t has_letters = 1;
  static constexpr std::uint8_t has_digits = 2;
  static constexpr std::uint8_t has_stop = 4;        ///< inside, as "U.S"
  static constexpr std::uint8_t has_long_part = 8;   ///< of more than two letters, or behind a hyphen: no initials
  static constexpr std::uint8_t is_first = 16;       ///< of its sentence
  static constexpr std::uint8_t is_behind_article = 32;
  static constexpr std::uint8_t is_unit = 64;  ///< a letter behind a number
  static constexpr std::uint8_t is_era = 128;  ///< the second letter of "a. C." and the like

  [[nodiscard]] static constexpr bool is_line_end(sentence_break one) noexcept {
    using enum sentence_break;
    return one == cr || one == lf || one == sep;
  }
  [[nodiscard]] static constexpr bool is_letter(sentence_break one) noexcept {
    using enum sentence_break;
    return one == upper || one == lower || one == oletter;
  }
  [[nodiscard]] static constexpr bool is_term(sentence_break one) noexcept {
    return one == sentence_break::aterm || one == sentence_break::sterm;
  }
  [[nodiscard]] static constexpr bool is_ellipsis(char32_t c) noexcept { return c == 0x2026; }
  [[nodiscard]] static constexpr bool is_bullet(char32_t c) noexcept { return c == 0x2022 || c == 0x2043 || c == 0x25CF || c == 0x25AA; }
  /// A quote that opens in every language: corner brackets and book title marks.
  [[nodiscard]] static constexpr bool is_opening(char32_t c) noexcept {
    return c == 0x300C || c == 0x300E || c == 0x300A || c == 0x3008 || c == 0x3010;
  }
  /// One that opens in some and closes in others: before a letter it opens.
  [[nodiscard]] static constexpr bool is_either(char32_t c, bool after_space) noexcept {
    return after_space ? c == 0xBB || c == 0x203A : c == 0x201C || c == 0xAB || c == 0x2039;
  }
  /// Kana, ideographs and Hangul, of which one makes a word.
  [[nodiscard]] static constexpr bool is_syllable(char32_t c) noexcept { return c >= 0x3040 && c <= 0xD7A3; }
  [[nodiscard]] static constexpr bool is_hangul(char32_t c) noexcept { return c >= 0xAC00 && c <= 0xD7A3; }

  [[nodiscard]] constexpr boundary_step feed(char32_t c, sentence_break next, std::uint64_t offset) noexcept {
    using enum sentence_break;
    if (is_ellipsis(c)) next = aterm;
    if (at_start_ != 0 || is_line_end(base_)) {
      const bool inside = at_start_ == 0 && base_ == cr && next == lf;
      at_start_ = 0;
      ending_ = ending::none;
      next_item_ = 0;
      begin_sentence();
      advance(c, next);
      return {false, !inside};
    }
    if (next == extend || next == format) return {};
    boundary_step step;
    const bool apart = is_bullet(c) && base_ == sp;
    const bool numbered = next == sp && mark_ != item_mark::none && mark_ != item_mark::complete;
    step.before_open = settle_open(c, next, apart || numbered);
    if (open_ == waiting::no) {
      const bool bullet = apart && begun_ != 0;
      waiting wait = ending_ == ending::none || bullet ? waiting::no : decide(c, next, step.before_this);
      if (ending_ == ending::none && begins_next_item(c)) wait = waiting::mark;
      step.before_this = step.before_this || bullet;
      if (wait != waiting::no) {
        open_ = wait;
        open_at_ = offset;
      }
      if (step.before_this || wait != waiting::no) {
        if (wait != waiting::mark) next_item_ = 0;
        begin_sentence();
        ending_ = ending::none;
      }
    }
    advance(c, next);
    return step;
  }

  /// Where in ASCII text to begin so that the last two words before `end` are read whole: at a character before them that
  /// belongs to no word, or at `begin`.
  [[nodiscard]] static constexpr std::size_t before_two_words(text_view text, std::size_t begin, std::size_t end) noexcept {
    const auto in_word = [&](std::size_t at) {
      const auto c = static_cast<unsigned char>(text[at]);
      return (c | 0x20U) - U'a' < 26U || c - U'0' < 10U;
    };
    std::size_t at = end;
    for (int words = 0; words < 2; ++words) {
      while (at > begin && !in_word(at - 1)) --at;
      while (at > begin && in_word(at - 1)) --at;
    }
    return at > begin ? at - 1 : begin;
  }

  /// Whether the character, behind a space, may begin what numbers the next item of a list that the sentence began with.
  [[nodiscard]] constexpr bool begins_next_item(char32_t c) const noexcept {
    if (next_item_ == 0 || begun_ == 0 || base_ != sentence_break::sp) return false;
    if (c >= U'a' && c <= U'z') return c - U'a' + 1U + before_a == next_item_;
    std::uint16_t first = next_item_;
    while (first >= 10) first = static_cast<std::uint16_t>(first / 10);
    return next_item_ <= before_a && c == U'0' + first;
  }

  /// Forgets all that is before a boundary, so that what follows is the same for one who begins there.
  constexpr void begin_sentence() noexcept {
    begun_ = 0;
    word_ = detail::empty_word;
    word_flags_ = 0;
    part_letters_ = 0;
    in_word_ = 0;
    number_ = no_number;
    mark_ = item_mark::none;
    base_ = sentence_break::other;
    behind_hyphen_ = 0;
  }

  /// Settles the open position if `next` does, or an item begins; true if it is a boundary.
  [[nodiscard]] constexpr bool settle_open(char32_t c, sentence_break next, bool item) noexcept {
    using enum sentence_break;
    bool is_boundary = false;
    switch (open_) {
      case waiting::letter:
        if (!is_letter(next) && !is_line_end(next) && !is_term(next) && !item) return false;
        if (is_letter(next) && next != lower && kind_ == word_kind::abbreviation) {
          open_ = waiting::word;
          return false;
        }
        is_boundary = next != lower && (kind_ == word_kind::plain || kind_ == word_kind::before_number);
        break;
      case waiting::word:
        if (is_letter(next) || next == numeric) return false;
        is_boundary = detail::sentence_starters.contains(word_) && !(next == aterm && part_letters_ == 1);  // another initial
        break;
      case waiting::behind_quote:
        is_boundary = is_letter(next) || next == numeric;
        if (!is_boundary) ending_ = ending::close;
        break;
      case waiting::mark:
        if ((in_word_ == 1 && (is_letter(next) || next == numeric)) || c == U'.' || c == U')') return false;
        is_boundary = next == sp && number_ == next_item_ && mark_ == item_style_;
        break;
      default: return false;
    }
    open_ = waiting::no;
    if (!is_boundary) {
      begun_ = 1;
      word_flags_ &= static_cast<std::uint8_t>(~is_first);
    }
    return is_boundary;
  }

  /// What `next` is behind a terminator: a boundary before it, none, or one to be settled later.
  [[nodiscard]] constexpr waiting decide(char32_t c, sentence_break next, bool& is_boundary) const noexcept {
    using enum sentence_break;
    if (next == lower || next == scontinue || is_term(next) || next == sp || is_line_end(next)) return waiting::no;
    const bool stops = terminator_ == sterm || kind_ == word_kind::plain;
    const bool spaced = ending_ == ending::space;
    if (stops && is_either(c, spaced)) return waiting::behind_quote;
    if (next == close && !spaced) {
      is_boundary = terminator_ == sterm && is_opening(c);
      return waiting::no;
    }
    if (ending_ == ending::close && is_hangul(c)) return waiting::no;  // a particle behind a quotation
    if (terminator_ == sterm) {
      is_boundary = true;
      return waiting::no;
    }
    if (ending_ == ending::term) {
      const bool inside = next == numeric || ellipsis_ != 0 || dots_ > 1 || (next == upper && (word_flags_ & has_letters) != 0) ||
                          (is_letter(next) && (kind_ != word_kind::plain || (word_flags_ & has_long_part) == 0));
      is_boundary = !inside && is_letter(next);
      return inside || is_boundary ? waiting::no : waiting::letter;
    }
    if (ellipsis_ != 0 && !spaced) return waiting::no;
    switch (kind_) {
      case word_kind::plain: break;
      case word_kind::abbreviation:
        if (is_letter(next)) return detail::is_era(word_, c) ? waiting::no : waiting::word;
        return next == numeric ? waiting::no : waiting::letter;
      case word_kind::before_number:
        if (next == numeric) return waiting::no;
        break;
      default: return waiting::no;
    }
    const bool mixed = (word_flags_ & (has_digits | has_letters)) == (has_digits | has_letters);  // "2s. 6d."
    is_boundary = is_letter(next) || (next == numeric && !mixed);
    return is_boundary ? waiting::no : waiting::letter;
  }

  /// What a full stop behind the word before it may be.
  [[nodiscard]] constexpr word_kind kind_of_word() const noexcept {
    const bool only_digits = (word_flags_ & (has_digits | has_letters)) == has_digits && (word_flags_ & has_stop) == 0;
    if (only_digits) {
      const bool ordinal = (word_flags_ & is_first) != 0 || ((word_flags_ & is_behind_article) != 0 && part_letters_ <= 3);
      return ordinal ? word_kind::never : word_kind::plain;
    }
    const bool numbers_item = (word_flags_ & is_first) != 0 && (part_letters_ == 1 || detail::roman_numbers.contains(word_));
    if ((numbers_item && (word_flags_ & has_stop) == 0) || detail::titles.contains(word_)) return word_kind::never;
    if (detail::abbreviations.contains(word_)) return word_kind::abbreviation;
    if (detail::number_words.contains(word_)) return word_kind::before_number;
    if ((word_flags_ & (has_digits | has_long_part)) != 0) return word_kind::plain;
    if ((word_flags_ & has_stop) != 0) return word_kind::abbreviation;
    const bool initial = part_letters_ == 1 && (word_flags_ & (is_unit | is_era)) == 0;
    return initial ? word_kind::abbreviation : word_kind::plain;
  }

  /// Follows the number or letter of an item that a sentence begins with.
  constexpr void advance_mark(char32_t c, sentence_break next) noexcept {
    if (next == sentence_break::sp) {
      if (mark_ == item_mark::none || mark_ == item_mark::complete) return;
      item_style_ = mark_;
      next_item_ = static_cast<std::uint16_t>(number_ + 1);
      mark_ = item_mark::complete;
      return;
    }
    if (mark_ == item_mark::complete && next == sentence_break::lower) next_item_ = 0;  // "1. und 2. Klasse"
    const bool behind_number = in_word_ == 1 && (word_flags_ & is_first) != 0 && number_ != no_number;
    mark_ = c == U'.' && behind_number                 ? item_mark::stop
            : c == U')' && mark_ == item_mark::stop    ? item_mark::stop_bracket
            : c == U')' && behind_number               ? item_mark::bracket
                                                       : item_mark::none;
  }

  constexpr void advance(char32_t c, sentence_break next) noexcept {
    using enum sentence_break;
    advance_mark(c, next);
    if (is_letter(next) || next == numeric || c == 0xB0) {
      add_to_word(c, next);
      ending_ = ending::none;
    } else if (next == aterm) {
      if (ending_ != ending::none && terminator_ == aterm) {
        dots_ = dots_ < 5 ? static_cast<std::uint8_t>(dots_ + 1) : dots_;
      } else {
        dots_ = 1;
        spaced_ = base_ == sp ? 1 : 0;
        kind_ = in_word_ != 0 ? kind_of_word() : word_kind::plain;
      }
      if (dots_ > 1) kind_ = dots_ != 3 ? word_kind::plain : spaced_ != 0 ? word_kind::never : word_kind::abbreviation;
      ellipsis_ = is_ellipsis(c) ? 1 : 0;
      in_word_ = in_word_ != 0 && dots_ == 1 && ellipsis_ == 0 ? 2 : 0;
      terminator_ = aterm;
      ending_ = ending::term;
    } else {
      in_word_ = 0;
      if (next == sterm) {
        terminator_ = sterm;
        ending_ = ending::term;
      } else if (next == close && (ending_ == ending::term || ending_ == ending::close)) {
        ending_ = ending::close;
      } else if (next == sp && ending_ != ending::none) {
        ending_ = ending::space;
      } else {
        ending_ = ending::none;
      }
    }
    base_ = next;
    behind_hyphen_ = c == U'-' || c == 0x2010 || c == 0x2011 ? 1 : 0;
  }

  constexpr void add_to_word(char32_t c, sentence_break next) noexcept {
    if (in_word_ == 2) {  // goes on behind a full stop
      word_ = detail::word_with(word_, U'.');
      word_flags_ |= has_stop;
      part_letters_ = 0;
    } else if (in_word_ == 0) {
      const bool digit = next == sentence_break::numeric;
      const bool article = digit && begun_ != 0 && detail::ordinal_articles.contains(word_);
      const bool unit = (word_flags_ & (has_digits | has_letters)) == has_digits && detail::is_unit(c);
      const bool era = detail::is_era(word_, c);
      word_flags_ = static_cast<std::uint8_t>((begun_ == 0 ? is_first : 0) | (article ? is_behind_article : 0) | (unit ? is_unit : 0) |
                                              (era ? is_era : 0) | (behind_hyphen_ != 0 ? has_long_part : 0));
      word_ = detail::empty_word;
      part_letters_ = 0;
      begun_ = 1;
      number_ = base_ == sentence_break::close ? no_number : 0;  // "(1) and" is no item
    }
    const bool digit_goes_on = c >= U'0' && c <= U'9' && number_ < 1000 && (word_flags_ & (has_letters | has_stop)) == 0;
    const bool single = c >= U'a' && c <= U'z' && part_letters_ == 0 && number_ == 0 && (word_flags_ & has_stop) == 0;
    number_ = digit_goes_on ? static_cast<std::uint16_t>(number_ * 10U + (c - U'0'))
              : single      ? static_cast<std::uint16_t>(before_a + 1U + (c - U'a'))
                            : no_number;
    in_word_ = 1;
    word_ = detail::word_with(word_, c);
    if (c != 0xB0) word_flags_ |= next == sentence_break::numeric ? has_digits : has_letters;
    part_letters_ = part_letters_ < 9 ? static_cast<std::uint8_t>(part_letters_ + 1) : part_letters_;
    if (part_letters_ > 2 || is_syllable(c)) word_flags_ |= has_long_part;
  }

  std::uint64_t open_at_ = 0;
  std::uint32_t word_ = detail::empty_word;  ///< the word that is read, or was read last, in this sentence
  std::uint16_t number_ = no_number;         ///< of an item that the word may be
  std::uint16_t next_item_ = 0;              ///< the number of the next item in a sentence that is one, else 0
  std::uint8_t word_flags_ = 0;
  std::uint8_t part_letters_ = 0;            ///< of the word, behind its last full stop
  std::uint8_t in_word_ = 0;                 ///< 1: the last character belongs to it, 2: is a full stop behind it
  std::uint8_t begun_ = 0;                   ///< whether the sentence has a word
  sentence_break base_ = sentence_break::other;
  sentence_break terminator_ = sentence_break::aterm;
  ending ending_ = ending::none;
  word_kind kind_ = word_kind::plain;  ///< of the word before the terminator
  waiting open_ = waiting::no;
  std::uint8_t dots_ = 0;
  std::uint8_t spaced_ = 0;    ///< whether a space stands before the first of them
  std::uint8_t ellipsis_ = 0;  ///< whether the last of them is U+2026
  item_mark mark_ = item_mark::none;
  item_mark item_style_ = item_mark::none;
  std::uint8_t behind_hyphen_ = 0;
  std::uint8_t at_start_ = 1;
};

/// The sentences of a text in order, each with the spaces behind it.
using tailored_sentence_reader = segment_reader<tailored_sentence_state>;

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_TEXT_TAILORED_SENTENCES_HPP
