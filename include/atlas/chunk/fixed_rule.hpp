// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/fixed_rule.hpp -- chunks of one size, whatever they hold.
//
// Room:      a rule without structure: every chunk is as large as the size allows and ends between two grapheme clusters.
// Depends:   chunk/chunk_rule.hpp, chunk/prose_boundaries.hpp.
// Threads:   a plain value.
#ifndef ATLAS_CHUNK_FIXED_RULE_HPP
#define ATLAS_CHUNK_FIXED_RULE_HPP

#include <atlas/chunk/chunk_rule.hpp>        // chunk_rule, document_part
#include <atlas/chunk/prose_boundaries.hpp>  // last_cluster_break

namespace atlas { inline namespace ATLAS_ABI {

class fixed_rule {
 public:
  struct state_type {
    std::uint8_t unused = 0;
  };
  [[nodiscard]] static constexpr std::uint32_t version() noexcept { return 0x10001; }
  [[nodiscard]] static constexpr std::size_t lookahead() noexcept { return 0; }
  /// Where a chunk ends depends on how much text there is before it.
  [[nodiscard]] static constexpr bool is_self_synchronizing() noexcept { return false; }

  [[nodiscard]] result<std::uint64_t> scan(state_type& /*state*/, const document_part& part, std::uint64_t /*from*/, structure& /*found*/) const noexcept {
    return part.begin + part.text.size();
  }
  [[nodiscard]] text_boundary last_within(text_view text, std::size_t least, std::size_t most) const noexcept {
    const std::size_t last = detail::last_cluster_break(text, most);
    return {last < least ? 0 : last, boundary_level::character};
  }
  [[nodiscard]] std::size_t first_within(text_view text, std::size_t first, std::size_t /*middle*/, std::size_t last) const noexcept {
    const std::size_t anchor = detail::anchor_before<grapheme_state>(text, first);
    grapheme_state state;
    for (std::size_t at = anchor; at < last;) {
      const std::size_t here = at;
      if (detail::feed_one(state, text, at).before_this && here >= first && here > anchor) return here;
    }
    return last;
  }
};
static_assert(chunk_rule<fixed_rule>);

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_FIXED_RULE_HPP
