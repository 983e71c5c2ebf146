// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/shard_merge.hpp -- the nearest of what several indexes found.
//
// Room:      shard_hit, and the merge of many of them into the nearest keys.
// Depends:   core only.
// Threads:   pure over the caller's memory.
#ifndef ATLAS_INDEX_SHARD_MERGE_HPP
#define ATLAS_INDEX_SHARD_MERGE_HPP

#include <atlas/core/bits.hpp>    // mix64, next_power_of_two
#include <atlas/core/config.hpp>  // reserved_key
#include <atlas/core/span.hpp>    // span

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// A key that an index found. Ordered by distance, then by key.
struct shard_hit {
  std::uint64_t key = 0;
  float distance = 0.0F;
  friend constexpr bool operator<(const shard_hit& left, const shard_hit& right) noexcept {
    return left.distance < right.distance || (left.distance == right.distance && left.key < right.key);
  }
};

/// Moves hits[at] down to where a heap with the nearest on top has it.
inline void sink_hit(span<shard_hit> hits, std::size_t at) noexcept {
  const shard_hit moved = hits[at];
  for (std::size_t child = 2 * at + 1; child < hits.size(); child = 2 * at + 1) {
    if (child + 1 < hits.size() && hits[child + 1] < hits[child]) ++child;
    if (!(hits[child] < moved)) break;
    hits[at] = hits[child];
    at = child;
  }
  hits[at] = moved;
}

/// Slots that merge_hits needs for so many answers.
[[nodiscard]] constexpr std::size_t merge_slots(std::size_t most) noexcept {
  return static_cast<std::size_t>(next_power_of_two(2 * most + 1));
}

/// Calls `put(hit)` for the nearest `most` keys in the order of shard_hit, each key once, with its least distance.
/// @param hits  in any order; in another afterwards
/// @param seen  shape [merge_slots(min(most, hits.size()))] or more, a power of two; any content
/// @return      how often it was called
/// Cost: O(hits + answers * log(hits)).
template <class Put>
inline std::size_t merge_hits(span<shard_hit> hits, std::size_t most, span<std::uint64_t> seen, Put put) noexcept {
  for (std::uint64_t& slot : seen) slot = reserved_key;  // the key that nothing is stored under
  for (std::size_t at = hits.size() / 2; at-- > 0;) sink_hit(hits, at);
  std::size_t count = 0;
  for (std::size_t left = hits.size(); left != 0 && count < most;) {
    const shard_hit nearest = hits[0];
    --left;
    hits[0] = hits[left];
    hits = {hits.data(), left};
    if (left != 0) sink_hit(hits, 0);
    std::size_t slot = mix64(nearest.key) & (seen.size() - 1);
    while (seen[slot] != reserved_key && seen[slot] != nearest.key) slot = (slot + 1) & (seen.size() - 1);
    if (seen[slot] == nearest.key && nearest.key != reserved_key) continue;
    seen[slot] = nearest.key;
    put(nearest);
    ++count;
  }
  return count;
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_SHARD_MERGE_HPP
