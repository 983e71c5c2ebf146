// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/delimiter_rule.hpp -- a text cut at strings that the caller names.
//
// Room:      up to 16 delimiters, the strongest first, and on which side of a cut they stay.
// Not here:  boundaries at offsets that the caller knows (chunk/external_rule.hpp).
// Depends:   chunk/chunk_rule.hpp, chunk/prose_boundaries.hpp.
// Threads:   const functions are pure but for what they are given.
#ifndef ATLAS_CHUNK_DELIMITER_RULE_HPP
#define ATLAS_CHUNK_DELIMITER_RULE_HPP

#include <atlas/chunk/chunk_rule.hpp>        // chunk_rule, document_part
#include <atlas/chunk/prose_boundaries.hpp>  // last_prose_boundary
#include <atlas/core/hash.hpp>               // xxh3_64
#include <atlas/core/span.hpp>               // span

namespace atlas { inline namespace ATLAS_ABI {

/// On which side of a cut a delimiter stays. It is never lost: chunks laid end to end are the document.
enum class delimiter_side : std::uint8_t {
  before = 0,  ///< it ends the chunk before
  behind = 1,  ///< it begins the chunk behind
};

/// Boundaries at delimiters. Of two that begin at the same byte the one that is named first counts; occurrences do not overlap.
/// The first delimiter's level is `paragraph`, the second's `line`, then `sentence`, `clause`, and `word` for all others.
/// Where none of them lies within the size, a chunk ends as plain text does: at a sentence, a clause, a word.
class delimiter_rule {
 public:
  static constexpr std::size_t most_delimiters = 16;
  static constexpr std::size_t most_delimiter_bytes = 64;

  struct state_type {
    std::uint64_t read = 0;  ///< no occurrence begins before
  };
  [[nodiscard]] static constexpr std::uint32_t version() noexcept { return 0x40001; }
  [[nodiscard]] static constexpr std::size_t lookahead() noexcept { return 2 * most_delimiter_bytes; }

  /// @param delimiters  1 to 16 texts of 1 to 64 bytes, copied
  /// @return            errc::invalid_argument names the number or length that does not fit, and which delimiter
  [[nodiscard]] static result<delimiter_rule> create(span<const text_view> delimiters, delimiter_side side = delimiter_side::before) noexcept {
    if (delimiters.empty() || delimiters.size() > most_delimiters) return error{errc::invalid_argument, "delimiters", "1 to 16", delimiters.size()};
    if (side != delimiter_side::before && side != delimiter_side::behind) {
      return error{errc::invalid_argument, "delimiter_side", "0 before or 1 behind", static_cast<std::uint64_t>(side)};
    }
    delimiter_rule rule;
    rule.side_ = side;
    for (std::size_t i = 0; i < delimiters.size(); ++i) {
      const text_view one = delimiters[i];
      if (one.empty() || one.size() > most_delimiter_bytes) return error{errc::invalid_argument, "delimiter", "1 to 64 bytes", one.size()}.at_row(i);
      rule.sizes_[i] = static_cast<std::uint8_t>(one.size());
      std::memcpy(rule.bytes_[i], one.data(), one.size());
      rule.begins_[static_cast<unsigned char>(one[0])] = true;
    }
    rule.count_ = static_cast<std::uint8_t>(delimiters.size());
    return rule;
  }

  [[nodiscard]] std::uint64_t fingerprint() const noexcept { return xxh3_64(bytes_, sizeof bytes_) + xxh3_64(sizes_, sizeof sizes_) + static_cast<std::uint64_t>(side_); }

  [[nodiscard]] result<std::uint64_t> scan(state_type& state, const document_part& part, std::uint64_t from, structure& found) const noexcept {
    const text_view text = part.text;
    const std::uint64_t end = part.begin + text.size();
    if (state.read < from || state.read > end) state.read = from;
    auto at = static_cast<std::size_t>(state.read - part.begin);
    while (at < text.size()) {
      if (!begins_[static_cast<unsigned char>(text[at])]) {
        ++at;
        continue;
      }
      if (!part.is_last && text.size() - at < most_delimiter_bytes) break;
      const std::size_t which = at_offset(text, at);
      if (which == count_) {
        ++at;
        continue;
      }
      const std::uint64_t begin = part.begin + at;
      const std::uint64_t boundary = side_ == delimiter_side::before ? begin + sizes_[which] : begin;
      at += sizes_[which];
      if (boundary == 0) continue;
      if (status added = found.add(boundary, level_of(which)); !added.ok()) return added.error();
    }
    state.read = part.begin + at;
    if (part.is_last) return end;
    // A delimiter that begins at `at` would put a boundary there, or behind it.
    return state.read > from ? state.read - 1 : from;
  }
  [[nodiscard]] text_boundary last_within(text_view text, std::size_t least, std::size_t most) const noexcept {
    return last_prose_boundary(text, least, most);
  }
  [[nodiscard]] std::size_t first_within(text_view text, std::size_t first, std::size_t middle, std::size_t last) const noexcept {
    return first_prose_boundary(text, first, middle, last);
  }

 private:
  delimiter_rule() noexcept = default;

  [[nodiscard]] static boundary_level level_of(std::size_t which) noexcept {
    constexpr boundary_level levels[] = {boundary_level::paragraph, boundary_level::line, boundary_level::sentence, boundary_level::clause, boundary_level::word};
    return levels[which < 4 ? which : 4];
  }
  /// Which delimiter begins at `at`; count_ if none does.
  [[nodiscard]] std::size_t at_offset(text_view text, std::size_t at) const noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
      if (text.size() - at >= sizes_[i] && std::memcmp(text.data() + at, bytes_[i], sizes_[i]) == 0) return i;
    }
    return count_;
  }

  char bytes_[most_delimiters][most_delimiter_bytes] = {};
  std::uint8_t sizes_[most_delimiters] = {};
  std::uint8_t count_ = 0;
  delimiter_side side_ = delimiter_side::before;
  bool begins_[256] = {};
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_DELIMITER_RULE_HPP
