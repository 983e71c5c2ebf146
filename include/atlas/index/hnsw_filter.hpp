// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/hnsw_filter.hpp -- searches among allowed rows: how many are there, and which way is shortest?
//
// Room:      the share of rows that a filter lets through, the choice of a way by its cost, the walk over allowed rows
//            only, and the scan of all of them.
// Not here:  the walk through all rows (index/hnsw_search.hpp), rows found by their keys (index/allowed_rows.hpp).
// Depends:   index/{allowed_rows,hnsw_search}.hpp.
// Threads:   as the walk.
// Source:    the walk is ACORN-1's (Patel et al., "ACORN: Performant and Predicate-Agnostic Search Over Vector Embeddings
//            and Structured Data", SIGMOD 2024, section 5.2), but goes over neighbours that are not allowed only.
#ifndef ATLAS_INDEX_HNSW_FILTER_HPP
#define ATLAS_INDEX_HNSW_FILTER_HPP

#include <atlas/index/allowed_rows.hpp> // allowed_estimate, look_up_rows
#include <atlas/index/hnsw_search.hpp>  // hnsw_walk
#include <atlas/index/options.hpp>      // filter_strategy

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// From 64 rows, if most are allowed, or 256; where few of these are allowed, from up to 4,096, and the bits of a bitmap are
/// counted.
[[nodiscard]] inline allowed_estimate estimate_allowed(const row_store& rows, std::uint32_t row_count, const filter& allowed,
                                                       std::uint64_t deadline_ns = 0) noexcept {
  constexpr std::uint32_t first_sample = 64;
  constexpr std::uint32_t sample = 256;
  constexpr std::uint32_t few = 16;
  std::uint32_t passed = 0;
  std::uint32_t live = 0;
  std::uint32_t looked_at = 0;
  const auto look_at = [&](std::uint32_t most) noexcept {
    for (; looked_at < most; ++looked_at) {
      // Not at equal steps: keys often are, and filters ask for a key's remainder.
      const auto row = static_cast<std::uint32_t>(mix64(looked_at) % row_count);
      if (rows.state(row) != row_state::live) continue;
      ++live;
      if (allowed.allows(rows.key(row))) ++passed;
      if (deadline_ns != 0 && monotonic_ns() >= deadline_ns) return;
    }
  };
  look_at(row_count < first_sample ? row_count : first_sample);
  if (passed < first_sample / 3) look_at(row_count < sample ? row_count : sample);
  allowed_estimate said;
  if (passed <= few) {
    // A look-up by key costs as much as looking at 32 rows in order; a word of the bitmap, about as much as one of them.
    if (allowed.bitmap != nullptr && allowed.bitmap_bits / 64 <= row_count / 4) said.bits = count_bits(allowed, row_count / 32);
    if (said.bits == allowed_estimate::uncounted && row_count / 8 > looked_at) look_at(row_count / 8 < 16 * sample ? row_count / 8 : 16 * sample);
  }
  said.share = (static_cast<double>(passed) + 0.5) / (static_cast<double>(live) + 1.0);
  if (said.bits != allowed_estimate::uncounted) {
    const double at_most = (static_cast<double>(said.bits) + 0.5) / static_cast<double>(row_count);
    if (at_most < said.share || passed < few / 2) said.share = at_most;
  }
  return said;
}

/// Below this share a walk that keeps all it meets apart from its answers is faster than one that keeps them in one pool of
/// a width that is enough for both. Measured between 0.2 and 0.5 (bench/README.md).
inline constexpr double walk_apart_below = 0.3;

/// By microseconds at equal recall, roughly as measured with bitmaps (bench/README.md).
[[nodiscard]] inline filter_strategy chosen_strategy(const allowed_estimate& allowed, std::uint32_t row_count, std::size_t width,
                                                     std::size_t dimension) noexcept {
  const double rows = static_cast<double>(row_count);
  const double wide = static_cast<double>(width);
  const bool is_by_key = allowed.bits != allowed_estimate::uncounted;
  const double scan = is_by_key ? rows * 2e-5 + static_cast<double>(allowed.bits) * 0.03 : rows * (0.0015 + allowed.share * 0.02);
  const double walk = 5 + 0.45 * wide / allowed.share;
  const double two_hop = 5 + wide * (dimension < 256 ? 5.5 : 3.2);
  constexpr double least_share_to_hop = 0.005;  // below, neighbours' neighbours are seldom allowed either
  if (scan <= walk && (scan <= two_hop || allowed.share < least_share_to_hop)) return filter_strategy::scan;
  return two_hop < walk && allowed.share >= least_share_to_hop ? filter_strategy::two_hop : filter_strategy::walk;
}

/// The `width` nearest live, allowed rows of all that there are into scratch.answers, sorted; by the deadline, of those seen
/// by then.
/// @param bits  as estimated: few bits are looked up, else each row's key is looked at
[[nodiscard]] inline status scan_allowed(hnsw_walk& walk, const row_store& rows, search_scratch& scratch, std::size_t width,
                                         const filter& allowed, std::size_t bits, std::uint64_t deadline_ns) noexcept {
  auto& answers = scratch.answers;
  answers.clear();
  if (status made = answers.reserve(width); !made.ok()) return made;
  auto& named = scratch.second_ids;
  bool is_looked_up = false;
  if (bits != allowed_estimate::uncounted) {
    if (status named_all = look_up_rows(rows, allowed, bits, named, is_looked_up); !named_all.ok()) return named_all;
  }
  constexpr std::size_t rows_a_look = 256;  // at the clock, where little is allowed
  const std::size_t block = walk.batch_rows();
  std::uint32_t* ids = scratch.ids.data();
  std::size_t gathered = 0;
  const std::size_t count = is_looked_up ? named.size() : walk.row_count();
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t row = is_looked_up ? named[i] : static_cast<std::uint32_t>(i);
    if (row < walk.row_count() && walk.is_answer(row, allowed)) ids[gathered++] = row;
    const bool looks_at_clock = deadline_ns != 0 && i % rows_a_look == 0;
    if (gathered != block && i + 1 != count && !looks_at_clock) continue;
    walk.score(ids, gathered, scratch.distances.data());
    for (std::size_t j = 0; j < gathered; ++j) {
      const candidate one{scratch.distances.data()[j], ids[j]};
      if (one.distance == one.distance) answers.offer(one, width);  // not NaN, which a file may hold
    }
    gathered = 0;
    if (deadline_ns != 0 && monotonic_ns() >= deadline_ns) break;
  }
  answers.sort();
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
