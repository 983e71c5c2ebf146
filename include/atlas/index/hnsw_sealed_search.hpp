// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/hnsw_sealed_search.hpp -- a walk that judges a row's neighbours by bits that lie beside it.
//
// Room:      best-first over the lowest level of a sealed graph, in two ways.
// Not here:  descent and codes (index/hnsw_search.hpp), exact distances of what was found (index/hnsw_measure.hpp).
// Depends:   index/{hnsw_search,neighbour_store}.hpp.
// Threads:   as the walk.
// Source:    Gou et al., "SymphonyQG", SIGMOD 2025, algorithm 2; estimates: Gao and Long, "RaBitQ", SIGMOD 2024.
#ifndef ATLAS_INDEX_HNSW_SEALED_SEARCH_HPP
#define ATLAS_INDEX_HNSW_SEALED_SEARCH_HPP

#include <atlas/index/hnsw_search.hpp>      // hnsw_walk, walk_clock
#include <atlas/index/neighbour_store.hpp>  // neighbour_store

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// From so many components on estimates are good enough to walk by; below, they only tell which neighbours are worth a look
/// at their code. Measured: words-ft100 and sift-kodak-128 1.2 to 1.6 times as fast by codes, lsa-books-384 1.2 times,
/// mnist-784 1.1 times as fast by estimates (bench/README.md).
inline constexpr std::size_t walk_by_estimates_from = 512;
/// With a filter that lets less through, a walk by codes finds as much sooner than one by estimates, which needs a wider
/// pool: mnist-784, 50 % allowed, recall 0.96: 29 and 39 us; 90 % allowed, recall 0.99: 34 and 32 us (bench/README.md).
inline constexpr double estimates_from_share = 0.75;

/// One query on the blocks of a sealed graph.
class sealed_walk {
 public:
  sealed_walk(hnsw_walk& walk, const neighbour_store& neighbours, search_scratch& scratch) noexcept
      : walk_(walk), neighbours_(neighbours), scratch_(scratch) {}

  /// @param centre  shape [dimension]: what blocks are relative to
  [[nodiscard]] status start(const float* centre) noexcept {
    const neighbour_layout& layout = neighbours_.layout().bits;
    if (status made = scratch_.rotated.resize(layout.dimension); !made.ok()) return made;
    if (status made = scratch_.bit_tables.resize(layout.table_bytes); !made.ok()) return made;
    neighbours_.rotated_by().apply(scratch_.query.data(), 1.0F, centre, scratch_.rotated.data());
    query_ = prepare_neighbour_query(layout, scratch_.rotated.data(), scratch_.bit_tables.data());
    return {};
  }

  /// Neighbours whose estimate is below the pool's bound are looked at by their codes, and the pool holds what these say.
  [[nodiscard]] status nearest_by_codes(std::size_t width, const walk_limits& limits) noexcept;
  /// The pool holds estimates; a row is looked at by its code when it is expanded. What is found lies in scratch.found.
  [[nodiscard]] status nearest_by_estimates(std::size_t width, const walk_limits& limits) noexcept;

 private:
  /// Lines of a row's blocks asked for before it is expanded; the processor follows on by itself.
  static constexpr std::size_t prefetched_lines = 12;

  void prefetch(std::uint32_t row) const noexcept {
    const std::byte* at = neighbours_.block(row, 0);
    for (std::size_t line = 0; line < prefetched_lines * cache_line; line += cache_line) __builtin_prefetch(at + line);
  }
  void prefetch_all(std::uint32_t row) const noexcept {
    prefetch(row);
    walk_.prefetch(row);
  }
  /// Calls take(row, estimate) for each neighbour of a row whose estimate is below `bound`.
  template <class Take>
  void each_near(std::uint32_t row, float distance, float bound, Take take) const noexcept {
    float estimates[neighbours_of_block];
    for (std::uint32_t which = 0; which < neighbours_.layout().blocks; ++which) {
      const std::byte* block = neighbours_.block(row, which);
      std::uint32_t near = estimate_neighbours(query_, block + neighbour_rows::numbers_bytes, distance, bound, estimates);
      for (; near != 0; near &= near - 1) {
        const auto lane = static_cast<std::size_t>(__builtin_ctz(near));
        const auto neighbour = load_unaligned<std::uint32_t>(block + lane * sizeof(std::uint32_t));
        if (neighbour < walk_.row_count()) take(neighbour, estimates[lane]);
      }
    }
  }

  hnsw_walk& walk_;
  const neighbour_store& neighbours_;
  search_scratch& scratch_;
  bit_query query_{};
};

inline status sealed_walk::nearest_by_codes(std::size_t width, const walk_limits& limits) noexcept {
  candidate_pool& pool = scratch_.pool;
  if (status made = pool.start(width); !made.ok()) return made;
  for (const candidate& start : scratch_.starts) {
    if (scratch_.visited.insert(start.row)) pool.insert(start);
  }
  walk_clock clock(limits);
  candidate at;
  while (pool.take(at)) {
    std::size_t count = 0;
    std::uint32_t* ids = scratch_.ids.data();
    each_near(at.row, at.distance, pool.bound(), [&](std::uint32_t row, float) noexcept {
      ids[count] = row;
      count += scratch_.visited.insert(row) ? 1U : 0U;
    });
    prefetch(pool.peek(at.row));
    walk_.score(ids, count, scratch_.distances.data());
    const float gain_below = clock.gain_below(pool);
    bool has_gained = false;
    for (std::size_t i = 0; i < count; ++i) {
      const float distance = scratch_.distances.data()[i];
      if (distance > pool.bound()) continue;
      pool.insert({distance, ids[i]});
      has_gained = has_gained || distance < gain_below;
    }
    if (clock.is_over(has_gained)) break;
  }
  return {};
}

inline status sealed_walk::nearest_by_estimates(std::size_t width, const walk_limits& limits) noexcept {
  candidate_pool& pool = scratch_.pool;
  candidate_pool& found = scratch_.found;
  if (status made = pool.start(width); !made.ok()) return made;
  if (status made = found.start(width); !made.ok()) return made;
  for (const candidate& start : scratch_.starts) pool.insert(start);
  walk_clock clock(limits);
  candidate at;
  while (pool.take(at)) {
    // A row may wait in the pool under several estimates, one of each row that leads to it.
    if (!scratch_.visited.insert(at.row)) continue;
    const std::uint32_t expected = pool.peek(at.row);  // the next one, unless this row leads to a nearer
    prefetch_all(expected);
    const candidate one = walk_.score_one(at.row);
    const float gain_below = clock.gain_below(found);
    found.insert(one);
    each_near(at.row, one.distance, pool.bound(), [&](std::uint32_t row, float estimate) noexcept {
      if (estimate < pool.bound() && !scratch_.visited.contains(row)) pool.insert({estimate, row});
    });
    if (const std::uint32_t next = pool.peek(at.row); next != expected) prefetch_all(next);
    if (clock.is_over(one.distance < gain_below)) break;
  }
  return {};
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_HNSW_SEALED_SEARCH_HPP
