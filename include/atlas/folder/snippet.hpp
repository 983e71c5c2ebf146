// SPDX-License-Identifier: Apache-2.0
// include/atlas/folder/snippet.hpp -- the part of a text that shows best why it was found.
//
// Room:      snippet.
// Depends:   core, text/{utf8,words}.hpp.
// Threads:   pure.
#ifndef ATLAS_FOLDER_SNIPPET_HPP
#define ATLAS_FOLDER_SNIPPET_HPP

#include <atlas/core/text_view.hpp>  // text_view
#include <atlas/text/words.hpp>      // word_reader

namespace atlas { inline namespace ATLAS_ABI {

namespace detail {

/// The words of a question, and which of them a word is. Words are equal but for ASCII case, or when both have
/// a common beginning of at least 4 bytes and two thirds of the longer one ("chunk", "chunks", "chunker").
class question_words {
 public:
  static constexpr std::uint32_t most = 32;  ///< words looked at; one bit each in a mask

  explicit question_words(text_view question) noexcept {
    word_reader reader(question);
    text_view word;
    while (count_ < most && reader.next(word)) {
      if (index_of(word) == most) words_[count_++] = word;
    }
  }
  [[nodiscard]] std::uint32_t size() const noexcept { return count_; }
  /// The number of the question's word that this one is, or `most`.
  [[nodiscard]] std::uint32_t index_of(text_view word) const noexcept {
    for (std::uint32_t i = 0; i < count_; ++i) {
      if (are_alike(words_[i], word)) return i;
    }
    return most;
  }
  /// Longer words say more; "a" and "of" say next to nothing.
  [[nodiscard]] std::uint64_t weight(std::uint32_t index) const noexcept {
    const std::size_t length = words_[index].size();
    return length < 3 ? 1 : length < 16 ? length * length : 256;
  }

 private:
  [[nodiscard]] static char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }
  [[nodiscard]] static bool are_alike(text_view left, text_view right) noexcept {
    const std::size_t shorter = left.size() < right.size() ? left.size() : right.size();
    const std::size_t longer = left.size() < right.size() ? right.size() : left.size();
    if (shorter * 3 < longer * 2) return false;
    std::size_t same = 0;
    while (same < shorter && lower(left.data()[same]) == lower(right.data()[same])) ++same;
    return same == longer || (same >= 4 && same * 3 >= longer * 2);
  }

  text_view words_[most];
  std::uint32_t count_ = 0;
};

}  // namespace detail

/// The window of a text that holds most of a question's words, each counted once and long words counted more.
///
/// @param text        any bytes
/// @param question    its first 32 different words count
/// @param most_bytes  the window's length at most; a longer first word is cut at a character
/// @return            a part of `text` that begins and ends at word boundaries, without white space at its ends; the
///                    text's beginning if no word of the question is in it
/// Cost: linear in the text times the question's words; no allocation.
[[nodiscard]] inline text_view snippet(text_view text, text_view question, std::size_t most_bytes) noexcept {
  constexpr std::uint32_t most_words = detail::question_words::most;
  const detail::question_words wanted(question);

  // Two readers over the same words: `ahead` takes words in, `behind` lets them go.
  word_reader ahead(text);
  word_reader behind(text);
  text_view word;
  text_view first;
  std::uint32_t counts[most_words] = {};
  std::uint64_t score = 0;
  std::uint64_t best_score = 0;
  std::size_t best_begin = 0;  // the best window's first and last matching word
  std::size_t best_end = 0;
  const auto offset = [&](const char* at) { return static_cast<std::size_t>(at - text.data()); };
  bool has_first = wanted.size() != 0 && behind.next(first);
  while (has_first && ahead.next(word)) {
    const std::uint32_t index = wanted.index_of(word);
    if (index == most_words) continue;
    if (counts[index]++ == 0) score += wanted.weight(index);
    // Let go of words in front until the window fits and begins with a word of the question.
    while (has_first && first.data() < word.data()) {
      const std::uint32_t leaving = wanted.index_of(first);
      if (leaving != most_words) {
        if (offset(word.end()) - offset(first.data()) <= most_bytes) break;
        if (--counts[leaving] == 0) score -= wanted.weight(leaving);
      }
      has_first = behind.next(first);
    }
    if (score > best_score) {
      best_score = score;
      best_begin = offset(first.data());
      best_end = offset(word.end());
    }
  }

  // The room left is shared by what comes before and what follows.
  std::size_t begin = 0;
  if (best_score != 0 && best_end - best_begin < most_bytes) {
    const std::size_t spare = most_bytes - (best_end - best_begin);
    begin = best_begin > spare / 3 ? best_begin - spare / 3 : 0;
    if (text.size() - begin < most_bytes) begin = text.size() > most_bytes ? text.size() - most_bytes : 0;
    if (begin > best_begin) begin = best_begin;
  } else if (best_score != 0) {
    begin = best_begin;
  }
  std::size_t end = text.size() - begin < most_bytes ? text.size() : begin + most_bytes;

  const auto is_space = [&](std::size_t at) {
    const char c = text.data()[at];
    return c == ' ' || (c >= '\t' && c <= '\r');
  };
  const auto is_inside = [&](std::size_t at) {  // of a UTF-8 sequence
    return at > 0 && at < text.size() && (static_cast<unsigned char>(text.data()[at]) & 0xC0U) == 0x80U;
  };
  // To the next white space on either side, unless it is far, as in scripts without spaces, or that would lose a
  // matching word.
  constexpr std::size_t most_shift = 16;
  const std::size_t keep_begin = best_score != 0 ? best_begin : end;
  const std::size_t keep_end = best_score != 0 && best_end <= end ? best_end : begin;
  if (begin != 0 && !is_space(begin - 1)) {
    std::size_t moved = begin;
    while (moved < keep_begin && moved - begin < most_shift && !is_space(moved)) ++moved;
    if (moved == keep_begin || (moved < end && is_space(moved))) begin = moved;
  }
  if (end != text.size() && !is_space(end)) {
    std::size_t moved = end;
    while (moved > keep_end && end - moved < most_shift && !is_space(moved - 1)) --moved;
    if (moved > begin && (moved == keep_end || is_space(moved - 1))) end = moved;
  }
  while (begin < end && is_inside(begin)) ++begin;
  // A sequence that would be cut goes; bytes that are no UTF-8 may look like one for ever.
  for (std::size_t step = 0; step < 3 && end > begin && is_inside(end); ++step) --end;
  while (begin < end && is_space(begin)) ++begin;
  while (begin < end && is_space(end - 1)) --end;
  return text.subview(begin, end - begin);
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_FOLDER_SNIPPET_HPP
