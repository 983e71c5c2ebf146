// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/recursive_chunker.hpp -- cuts a text at the best boundaries within a size.
//
// Room:      chunk_options, and the chunker that gives one chunk after the other.
// Not here:  what a boundary is (chunk/boundary_scanner.hpp); feeding a text in pieces.
// Depends:   chunk/boundary_scanner.hpp, core.
// Threads:   a chunker is used by one thread at a time; the text may be shared.
#ifndef ATLAS_CHUNK_RECURSIVE_CHUNKER_HPP
#define ATLAS_CHUNK_RECURSIVE_CHUNKER_HPP

#include <atlas/chunk/boundary_scanner.hpp>  // boundary_scanner, text_mark
#include <atlas/core/result.hpp>             // result

namespace atlas { inline namespace ATLAS_ABI {

inline constexpr std::size_t least_chunk_size = 4;
inline constexpr std::size_t most_chunk_size = std::size_t{1} << 31;

/// How large chunks are. Every number counts characters, which are code points in valid UTF-8.
struct chunk_options {
  std::size_t size = 1000;     ///< no chunk is longer, overlap included; 4..2^31
  std::size_t overlap = 0;     ///< a chunk repeats at most this much of the chunk before; 0..size / 2
  std::size_t fill_percent = 50;  ///< of the room left beside the overlap that a chunk fills at least; 10..90
};

/// Whether the options hold together: errc::invalid_argument names the one that does not.
[[nodiscard]] inline status check(const chunk_options& options) noexcept {
  if (options.size < least_chunk_size || options.size > most_chunk_size) {
    return error{errc::invalid_argument, "chunk_options.size", "4 to 2147483648 characters", options.size};
  }
  if (options.overlap > options.size / 2) {
    return error{errc::invalid_argument, "chunk_options.overlap", "at most half of the size", options.overlap};
  }
  if (options.fill_percent < 10 || options.fill_percent > 90) {
    return error{errc::invalid_argument, "chunk_options.fill_percent", "10 to 90", options.fill_percent};
  }
  return {};
}

/// Gives the chunks of one text in order.
///
/// Promises, for any bytes whatever: no chunk is empty or longer than options.size characters; no cut
/// lies inside a well-formed UTF-8 sequence or between CR and LF; [byte_fresh, byte_end) of all chunks
/// laid end to end are the text; offsets are exact. Two runs give the same chunks.
///
/// The rule, exactly (chunk_rule_version 1); boundaries and levels are those of chunk/boundary_scanner.hpp,
/// places are counted in characters, divisions round down:
///   start = fresh = 0. While fresh is not the end of the text:
///    1. room = size - (fresh - start);  least = fresh + max(1, min(room * fill_percent / 100, room - 1)).
///    2. If the text ends at or before start + size, the chunk is [start, end of text), its level text_end,
///       and it is the last. Otherwise cut = among the boundaries in [least, start + size] the last one of
///       the highest level there; the chunk is [start, cut).
///    3. The next fresh is cut. The next start is cut if overlap is 0; else, with
///       first = max(start, cut - overlap), the first of these that exists:
///         the first boundary of level sentence or higher in [first, first + overlap / 2], but before cut;
///         the first boundary of level word or higher in [first, cut);
///         the first boundary in [first, cut);
///         cut itself.
/// Cost: linear in the text, whatever it holds: each chunk reads at most 2 * size + 2 characters and brings
/// at least size * fill_percent / 200 - 1 new ones. Allocates nothing, never throws.
class recursive_chunker {
 public:
  /// @param text  any bytes; must outlive the chunker and its chunks
  /// @return      the chunker, or errc::invalid_argument for options that check() refuses
  [[nodiscard]] static result<recursive_chunker> create(text_view text, const chunk_options& options = {}) noexcept {
    if (status checked = check(options); !checked.ok()) return checked.error();
    return recursive_chunker(text, options);
  }

  /// Writes the next chunk; false, and `out` untouched, when the text is used up.
  [[nodiscard]] bool next(chunk_view& out) noexcept {
    if (fresh_.byte == text_.size()) return false;
    boundary_level level = boundary_level::character;
    const detail::text_mark cut = find_cut(level);
    out = view_of(cut, level);
    const detail::text_mark start = start_;
    fresh_ = cut;
    start_ = cut;
    if (options_.overlap != 0 && cut.byte != text_.size()) start_ = find_overlap(start, cut);
    return true;
  }

  /// Characters looked at so far: what the linear-time promise counts.
  [[nodiscard]] std::uint64_t characters_read() const noexcept { return characters_read_; }

 private:
  recursive_chunker(text_view text, const chunk_options& options) noexcept : text_(text), options_(options) {}

  [[nodiscard]] detail::text_mark find_cut(boundary_level& level) noexcept {
    const std::uint64_t limit = start_.characters + options_.size;
    const std::uint64_t room = limit - fresh_.characters;
    std::uint64_t fill = room * options_.fill_percent / 100;
    if (fill > room - 1) fill = room - 1;
    if (fill < 1) fill = 1;
    const std::uint64_t least = fresh_.characters + fill;

    detail::boundary_scanner scanner(text_, fresh_);
    detail::text_mark best = fresh_;
    level = boundary_level::character;
    while (!scanner.at_end() && scanner.here().characters < limit) {
      scanner.advance();
      ++characters_read_;
      if (scanner.here().characters < least && !scanner.at_end()) continue;
      if (!scanner.is_boundary()) continue;
      const boundary_level found = scanner.level();
      if (found >= level) {
        level = found;
        best = scanner.here();
      }
    }
    return best;
  }

  [[nodiscard]] detail::text_mark find_overlap(const detail::text_mark& start, const detail::text_mark& cut) noexcept {
    const std::uint64_t first =
        cut.characters - start.characters > options_.overlap ? cut.characters - options_.overlap : start.characters;
    detail::boundary_scanner scanner(text_, start);
    detail::text_mark word = cut;
    detail::text_mark any = cut;
    for (; scanner.here().characters < cut.characters; scanner.advance(), ++characters_read_) {
      const detail::text_mark& here = scanner.here();
      if (here.characters < first || !scanner.is_boundary()) continue;
      const boundary_level found = scanner.level();
      if (found >= boundary_level::sentence && here.characters <= first + options_.overlap / 2) return here;
      if (found >= boundary_level::word && word.byte == cut.byte) word = here;
      if (any.byte == cut.byte) any = here;
    }
    return word.byte != cut.byte ? word : any;
  }

  [[nodiscard]] chunk_view view_of(const detail::text_mark& cut, boundary_level level) const noexcept {
    chunk_view view;
    view.text = text_.subview(start_.byte, cut.byte - start_.byte);
    view.byte_begin = start_.byte;
    view.byte_end = cut.byte;
    view.byte_fresh = fresh_.byte;
    view.char_begin = start_.characters;
    view.char_end = cut.characters;
    view.line_begin = start_.lines + 1;
    view.line_end = cut.lines + (cut.line_ended ? 0 : 1);
    view.level = level;
    view.id = xxh3_128(view.text.data(), view.text.size(), chunk_rule_version);
    return view;
  }

  text_view text_;
  chunk_options options_;
  detail::text_mark start_;  // of the next chunk
  detail::text_mark fresh_;  // what the chunks so far do not hold yet
  std::uint64_t characters_read_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_RECURSIVE_CHUNKER_HPP
