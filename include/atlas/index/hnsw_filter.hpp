// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/hnsw_filter.hpp -- searches among allowed rows: how many are there, and which way is shortest?
//
// Room:      the share of rows that a filter lets through, the choice of a way by its cost, the walk over allowed rows
//            only, and the scan of all of them.
// Not here:  the walk through all rows (index/hnsw_search.hpp).
// Depends:   index/hnsw_search.hpp.
// Threads:   as the walk.
// Source:    the walk is ACORN-1's (Patel et al., "ACORN: Performant and Predicate-Agnostic Search Over Vector Embeddings
//            and Structured Data", SIGMOD 2024, section 5.2), but goes over neighbours that are not allowed only.
#ifndef ATLAS_INDEX_HNSW_FILTER_HPP
#define ATLAS_INDEX_HNSW_FILTER_HPP

#include <atlas/index/hnsw_search.hpp>  // hnsw_walk
#include <atlas/index/options.hpp>      // filter_strategy

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// The share of live rows that are allowed, from a sample of 256; never 0.
[[nodiscard]] inline double allowed_share(const row_store& rows, std::uint32_t row_count, const filter& allowed) noexcept {
  constexpr std::uint32_t most = 256;
  const std::uint32_t sample = row_count < most ? row_count : most;
  std::uint32_t passed = 0;
  std::uint32_t live = 0;
  for (std::uint32_t i = 0; i < sample; ++i) {
    // Not at equal steps: keys often are, and filters ask for a key's remainder.
    const auto row = static_cast<std::uint32_t>(mix64(i) % row_count);
    if (rows.state(row) != row_state::live) continue;
    ++live;
    if (allowed.allows(rows.key(row))) ++passed;
  }
  return (static_cast<double>(passed) + 0.5) / (static_cast<double>(live) + 1.0);
}

/// Costs in distances of codes, roughly as measured (bench/README.md).
[[nodiscard]] inline filter_strategy chosen_strategy(double share, std::uint32_t row_count, std::size_t width) noexcept {
  const double rows = static_cast<double>(row_count);
  const double wide = static_cast<double>(width);
  const double scan = rows * (0.03 + share * 0.6);  // a look at each key; allowed rows lie nearly in order
  const double walk = 100 + 16 * wide / share;
  const double two_hop = 100 + wide * 50;
  if (scan <= walk && (scan <= two_hop || share < 0.005)) return filter_strategy::scan;
  return two_hop < walk && share >= 0.005 ? filter_strategy::two_hop : filter_strategy::walk;
}

/// The `width` nearest live, allowed rows into scratch.pool, of all that there are.
[[nodiscard]] inline status scan_allowed(hnsw_walk& walk, search_scratch& scratch, std::size_t width, const filter& allowed) noexcept {
  const std::size_t block = walk.batch_rows();
  candidate_pool& pool = scratch.pool;
  if (status made = pool.start(width); !made.ok()) return made;
  std::size_t gathered = 0;
  const auto score = [&]() noexcept {
    walk.score(scratch.ids.data(), gathered, scratch.distances.data());
    for (std::size_t i = 0; i < gathered; ++i) {
      if (scratch.distances.data()[i] <= pool.bound()) pool.insert({scratch.distances.data()[i], scratch.ids.data()[i]});
    }
    gathered = 0;
  };
  for (std::uint32_t row = 0; row < walk.row_count(); ++row) {
    if (!walk.is_answer(row, allowed)) continue;
    scratch.ids.data()[gathered++] = row;
    if (gathered == block) score();
  }
  score();
  return {};
}

/// The `width` nearest allowed rows that a walk from allowed row to allowed row meets, into scratch.pool. A neighbour that is
/// not allowed is not scored; its own allowed neighbours are, up to a list's length for each row.
[[nodiscard]] inline status nearest_two_hop(hnsw_walk& walk, const hnsw_parts& parts, search_scratch& scratch, std::size_t width,
                                            const filter& allowed, const walk_limits& limits) noexcept {
  const hnsw_graph& graph = parts.graph;
  const std::size_t most = graph.base_capacity();
  candidate_pool& pool = scratch.pool;
  if (status made = pool.start(width); !made.ok()) return made;
  auto& frontier = scratch.frontier;  // rows that are not allowed, until the first allowed ones are found
  frontier.clear();
  for (std::size_t i = 0; i < scratch.starts.size(); ++i) {
    const candidate start = scratch.starts[i];
    if (!scratch.visited.insert(start.row)) continue;
    if (walk.is_answer(start.row, allowed)) pool.insert(start);
    if (status kept = frontier.push(start); !kept.ok()) return kept;
  }
  const auto expand = [&](std::uint32_t row) noexcept {
    std::uint32_t* ids = scratch.ids.data();
    std::size_t count = 0;
    const std::size_t direct = graph.links(row, 0).read(walk.row_count(), scratch.second_ids.data());
    std::size_t others = 0;
    for (std::size_t i = 0; i < direct; ++i) {
      const std::uint32_t id = scratch.second_ids.data()[i];
      if (!scratch.visited.insert(id)) continue;
      if (walk.is_answer(id, allowed)) {
        ids[count++] = id;
      } else {
        scratch.second_ids.data()[others++] = id;
        graph.prefetch(id);
      }
    }
    for (std::size_t i = 0; i < others && count < most; ++i) {
      const link_list list = graph.links(scratch.second_ids.data()[i], 0);
      for (std::uint32_t j = 0; j < list.capacity && count < most; ++j) {
        const std::uint32_t id = load_acquire(list.ids + j);
        if (id == row_store::no_row) break;
        if (id >= walk.row_count() || !walk.is_answer(id, allowed) || !scratch.visited.insert(id)) continue;
        ids[count++] = id;
      }
    }
    walk.score(ids, count, scratch.distances.data());
    for (std::size_t i = 0; i < count; ++i) {
      if (scratch.distances.data()[i] <= pool.bound()) pool.insert({scratch.distances.data()[i], ids[i]});
    }
    return others;
  };
  walk_clock clock(limits);
  // Where the walk begins nothing may be allowed: outward through all rows, nearest first, until something is.
  while (pool.size() == 0 && frontier.size() != 0 && !clock.is_over(true)) {
    const candidate at = frontier.pop();
    const std::size_t others = expand(at.row);
    if (pool.size() != 0) break;
    for (std::size_t i = 0; i < others; ++i) {
      if (status kept = frontier.push(walk.score_one(scratch.second_ids.data()[i])); !kept.ok()) return kept;
    }
  }
  candidate at;
  while (pool.take(at)) {
    const float gain_below = clock.gain_below(pool);
    (void)expand(at.row);
    if (clock.is_over(clock.gain_below(pool) < gain_below)) break;
  }
  return {};
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_HNSW_FILTER_HPP
