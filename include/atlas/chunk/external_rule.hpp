// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/external_rule.hpp -- boundaries that the caller knows: of a parser, of pages.
//
// Room:      a rule whose structure is an array of offsets and levels.
// Depends:   chunk/chunk_rule.hpp, chunk/prose_boundaries.hpp.
// Threads:   const functions are pure but for what they are given.
#ifndef ATLAS_CHUNK_EXTERNAL_RULE_HPP
#define ATLAS_CHUNK_EXTERNAL_RULE_HPP

#include <atlas/chunk/chunk_rule.hpp>        // chunk_rule, document_part
#include <atlas/chunk/prose_boundaries.hpp>  // last_prose_boundary
#include <atlas/core/hash.hpp>               // xxh3_64
#include <atlas/core/span.hpp>               // span

namespace atlas { inline namespace ATLAS_ABI {

/// Cuts at given places. One that lies inside of a grapheme cluster is not cut at, nor is one behind the document's end. Where none lies
/// within the size, a chunk ends as plain text does.
class external_rule {
 public:
  struct state_type {
    std::uint64_t told = 0;  ///< boundaries
  };
  [[nodiscard]] static constexpr std::uint32_t version() noexcept { return 0x50001; }
  [[nodiscard]] static constexpr std::size_t lookahead() noexcept { return 0; }

  /// @param boundaries  of the document, each behind the one before; borrowed, must outlive the rule
  /// @return            errc::invalid_argument with the number of the first that is not behind the one before
  [[nodiscard]] static result<external_rule> create(span<const text_boundary> boundaries) noexcept {
    for (std::size_t i = 1; i < boundaries.size(); ++i) {
      if (boundaries[i].offset <= boundaries[i - 1].offset) {
        return error{errc::invalid_argument, "boundary.offset", "more than", boundaries[i - 1].offset, boundaries[i].offset}.at_row(i);
      }
    }
    return external_rule(boundaries);
  }

  [[nodiscard]] std::uint64_t fingerprint() const noexcept {
    std::uint64_t sum = boundaries_.size();
    for (const text_boundary& one : boundaries_) {
      const std::uint64_t numbers[] = {sum, one.offset, static_cast<std::uint64_t>(one.level)};
      sum = xxh3_64(numbers, sizeof numbers);
    }
    return sum;
  }

  [[nodiscard]] result<std::uint64_t> scan(state_type& state, const document_part& part, std::uint64_t from, structure& found) const noexcept {
    const std::uint64_t end = part.begin + part.text.size();
    if (state.told == 0 && from != 0) state.told = boundaries_up_to(from);  // a piece of a document begins here
    for (; state.told < boundaries_.size() && boundaries_[static_cast<std::size_t>(state.told)].offset <= end; ++state.told) {
      const text_boundary& one = boundaries_[static_cast<std::size_t>(state.told)];
      if (one.offset == 0 || (part.is_last && one.offset == end)) continue;
      if (status added = found.add(one.offset, one.level); !added.ok()) return added.error();
    }
    return end;
  }
  [[nodiscard]] text_boundary last_within(text_view text, std::size_t least, std::size_t most) const noexcept {
    return last_prose_boundary(text, least, most);
  }
  [[nodiscard]] std::size_t first_within(text_view text, std::size_t first, std::size_t middle, std::size_t last) const noexcept {
    return first_prose_boundary(text, first, middle, last);
  }

 private:
  [[nodiscard]] std::uint64_t boundaries_up_to(std::uint64_t offset) const noexcept {
    std::size_t low = 0;
    for (std::size_t high = boundaries_.size(); low < high;) {
      const std::size_t middle = low + (high - low) / 2;
      if (boundaries_[middle].offset <= offset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  explicit external_rule(span<const text_boundary> boundaries) noexcept : boundaries_(boundaries) {}
  span<const text_boundary> boundaries_;
};
static_assert(chunk_rule<external_rule>);

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_EXTERNAL_RULE_HPP
