// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/hnsw_query.hpp -- which walk answers which search.
//
// Room:      the k nearest, with and without a filter, and all within a radius: start, walk, exact distances.
// Not here:  the walks (index/hnsw_search.hpp), exact distances (index/hnsw_measure.hpp), how much a filter lets through
//            and walks among allowed rows only (index/hnsw_filter.hpp).
// Depends:   index/{hnsw_filter,hnsw_measure,hnsw_search}.hpp.
// Threads:   const over the index, beside any change; one scratch a search; inside a reader_epochs::reader.
#ifndef ATLAS_INDEX_HNSW_QUERY_HPP
#define ATLAS_INDEX_HNSW_QUERY_HPP

#include <atlas/index/hnsw_filter.hpp>   // chosen_strategy, nearest_two_hop
#include <atlas/index/hnsw_measure.hpp>  // measure_candidates
#include <atlas/index/hnsw_search.hpp>   // hnsw_walk
#include <atlas/index/hnsw_sealed_search.hpp>  // sealed_walk
#include <atlas/index/options.hpp>       // search_options

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// What a search asks of the graph, with defaults filled in.
struct hnsw_request {
  std::size_t k = 0;
  std::size_t width = 0;  ///< >= k, at most the number of rows
  filter allowed = {};
  filter_strategy strategy = filter_strategy::automatic;
  std::uint32_t starts = 1;
  walk_limits limits = {};
};

/// What a sealed graph has besides.
struct sealed_parts {
  const neighbour_store* neighbours;
  const float* centre;  ///< what blocks are relative to
};

/// The nearest rows of level 1 into scratch.starts, `starts` of them at the most. @pre walk.start() was called
[[nodiscard]] inline status find_starts(hnsw_walk& walk, search_scratch& scratch, entry_point entry, std::uint32_t starts) noexcept {
  if (starts <= 1 || entry.level == 0) {
    if (status made = scratch.starts.resize(1); !made.ok()) return made;
    scratch.starts[0] = walk.descend_to(entry, 0);
    return {};
  }
  const candidate from = walk.descend_to(entry, 1);
  if (status walked = walk.nearest(from, 1, starts); !walked.ok()) return walked;
  scratch.starts.clear();
  if (status made = scratch.starts.append(scratch.pool.data(), scratch.pool.size()); !made.ok()) return made;
  if (scratch.starts.empty()) {  // NaN from a hostile file
    if (status made = scratch.starts.push_back(from); !made.ok()) return made;
  }
  return walk.forget_seen();
}

/// The share of the rows that walks meet which are live.
[[nodiscard]] inline double linked_share(const row_store& rows) noexcept {
  const std::size_t removed = rows.removed_count();
  if (removed == 0) return 1.0;
  const auto live = static_cast<double>(rows.live_count());
  return live > 0 ? live / (live + static_cast<double>(removed)) : 1.0;
}
/// The width of a walk of whose rows only a share will do.
[[nodiscard]] inline std::size_t widened(const hnsw_request& request, std::uint32_t row_count, double share) noexcept {
  if (share >= 1.0) return request.width;
  const double wider = static_cast<double>(request.width) / share * 1.1 + 4;
  return wider < static_cast<double>(row_count) ? static_cast<std::size_t>(wider) : row_count;
}

/// The k nearest live, allowed rows into scratch.answers, by distance and then by key.
/// @param sealed  null unless the graph is
[[nodiscard]] inline status hnsw_nearest(const hnsw_parts& parts, const sealed_parts* sealed, search_scratch& scratch, entry_point entry,
                                         std::size_t prefetch_rows, hnsw_request request) noexcept {
  const row_store& rows = parts.rows;
  scratch.answers.clear();
  hnsw_walk walk(parts, scratch);
  walk.set_prefetch(prefetch_rows);
  if (status ready = walk.start(); !ready.ok()) return ready;
  if (entry.row >= walk.row_count()) return {};
  const auto measure = [&](const candidate* found, std::size_t count) noexcept -> status {
    if (const status& walked = walk.outcome(); !walked.ok()) return walked;
    return measure_candidates(rows, scratch, found, count, !walk.is_coded(), request.k, request.allowed);
  };
  const auto measure_answers = [&]() noexcept -> status {
    auto& found = scratch.answers;  // where measured ones go
    if (status made = scratch.starts.resize(found.size()); !made.ok()) return made;
    for (std::size_t i = 0; i < found.size(); ++i) scratch.starts[i] = found.data()[i];
    return measure(scratch.starts.data(), scratch.starts.size());
  };
  allowed_estimate allowed;
  // Codes put the nearest in a slightly different order: a scan measures so many more that none is missed.
  const std::size_t wide = request.width + request.k / 2 + 32;
  const std::size_t scan_width = wide < walk.row_count() ? wide : walk.row_count();
  // Here, so that the next search, whatever its filter, allocates nothing.
  if (status made = scratch.answers.reserve(scan_width); !made.ok()) return made;
  if (status made = scratch.starts.reserve(scan_width); !made.ok()) return made;
  const auto scan = [&]() noexcept -> status {
    if (status scanned = scan_allowed(walk, rows, scratch, scan_width, request.allowed, allowed.bits, request.limits.deadline_ns); !scanned.ok()) return scanned;
    return measure_answers();
  };
  const auto is_enough = [&]() noexcept {
    const std::size_t found = scratch.answers.size();
    if (found >= request.k || found >= rows.live_count()) return true;
    return request.limits.deadline_ns != 0 && monotonic_ns() >= request.limits.deadline_ns;
  };
  filter_strategy strategy = filter_strategy::walk;
  if (!request.allowed.is_empty()) {
    allowed = estimate_allowed(rows, walk.row_count(), request.allowed, request.limits.deadline_ns);
    strategy = request.strategy != filter_strategy::automatic ? request.strategy : chosen_strategy(allowed, walk.row_count(), request.width, rows.layout().dimension);
  }
  if (strategy == filter_strategy::scan) return scan();

  if (status found = find_starts(walk, scratch, entry, request.starts); !found.ok()) return found;
  const candidate from = scratch.starts[0];
  bool may_be_more = true;
  const bool is_walked_through = strategy == filter_strategy::walk && allowed.share >= walk_apart_below;
  // A pool keeps its candidates in order, which takes the square of their number; a heap takes longer for few.
  constexpr std::size_t widest_pool = 4096;
  const bool is_wide = request.width > widest_pool;
  const bool by_estimates = rows.layout().dimension >= walk_by_estimates_from;
  if (sealed != nullptr && is_walked_through && !is_wide && (!by_estimates || allowed.share >= estimates_from_share)) {
    sealed_walk blocks(walk, *sealed->neighbours, scratch);
    if (status ready = blocks.start(sealed->centre); !ready.ok()) return ready;
    const std::size_t width = widened(request, walk.row_count(), allowed.share * linked_share(rows));
    if (status walked = by_estimates ? blocks.nearest_by_estimates(width, request.limits) : blocks.nearest_by_codes(width, request.limits);
        !walked.ok()) {
      return walked;
    }
    const candidate_pool& found = by_estimates ? scratch.found : scratch.pool;
    if (status measured = measure(found.data(), found.size()); !measured.ok()) return measured;
    if (is_enough()) return {};
    // Bits may hide rows that only they lead to: once more, by all links.
    if (status ready = walk.forget_seen(); !ready.ok()) return ready;
  }
  // Through all rows, keeping answers apart from what leads to them: as far as it takes, but for the deadline.
  const auto walk_apart = [&]() noexcept -> status {
    const auto is_answer = [&](std::uint32_t row) noexcept { return walk.is_answer(row, request.allowed); };
    if (status walked = walk.nearest_of(from, request.width, is_answer, request.limits.deadline_ns); !walked.ok()) return walked;
    return measure_answers();
  };
  const bool is_pooled = request.starts > 1 || request.limits.patience != 0;  // which a walk in one pool keeps
  if (strategy == filter_strategy::walk && (!is_walked_through || is_wide) && !is_pooled) {
    if (status measured = walk_apart(); !measured.ok()) return measured;
    return is_enough() ? status() : scan();
  }
  if (strategy == filter_strategy::two_hop) {
    if (status walked = nearest_two_hop(walk, parts, scratch, request.width, request.allowed, request.limits); !walked.ok()) return walked;
  } else {
    const std::size_t width = widened(request, walk.row_count(), allowed.share * linked_share(rows));
    if (status walked = walk.nearest(scratch.starts.data(), scratch.starts.size(), 0, width, request.limits); !walked.ok()) return walked;
    may_be_more = scratch.pool.size() == width && width < walk.row_count();
  }
  if (status measured = measure(scratch.pool.data(), scratch.pool.size()); !measured.ok()) return measured;
  if (is_enough()) return {};
  if (may_be_more) {  // the pool is full of rows that will not do: on through the others, as far as it takes
    if (status ready = walk.forget_seen(); !ready.ok()) return ready;
    if (status measured = walk_apart(); !measured.ok()) return measured;
    if (is_enough()) return {};
  }
  return scan();  // links lead to too few: to what there is, whether anything leads there or not
}

/// All live, allowed rows within `radius` that a walk meets which goes on through the `width` nearest rows or
/// through rows within the radius, into scratch.answers, by distance and then by key.
[[nodiscard]] inline status hnsw_within(const hnsw_parts& parts, search_scratch& scratch, entry_point entry,
                                        std::size_t prefetch_rows, float radius, std::size_t width, const filter& allowed) noexcept {
  const row_store& rows = parts.rows;
  auto& frontier = scratch.frontier;
  auto& answers = scratch.answers;
  answers.clear();
  frontier.clear();
  hnsw_walk walk(parts, scratch);
  walk.set_prefetch(prefetch_rows);
  if (status ready = walk.start(); !ready.ok()) return ready;
  if (entry.row >= walk.row_count()) return {};
  // First to the neighbourhood, by the nearest `width` rows; then outward through everything within the radius.
  if (status walked = walk.nearest(walk.descend_to(entry, 0), 0, width); !walked.ok()) return walked;
  if (const status& walked = walk.outcome(); !walked.ok()) return walked;
  const auto exact = [&](const std::uint32_t* ids, std::size_t count) noexcept {
    return rows.distances_to(scratch.query.data(), ids, count, scratch.vectors, scratch.distances.data());
  };
  const auto take_within = [&](std::size_t count) noexcept -> status {
    for (std::size_t i = 0; i < count; ++i) {
      const candidate one{scratch.distances.data()[i], scratch.ids.data()[i]};
      if (!(one.distance <= radius)) continue;
      if (status kept = frontier.push(one); !kept.ok()) return kept;
      if (!walk.is_answer(one.row, allowed)) continue;
      if (status kept = answers.push(one); !kept.ok()) return kept;
    }
    return {};
  };
  const std::size_t found = scratch.pool.size();
  const std::size_t batch = walk.batch_rows();
  for (std::size_t first = 0; first < found; first += batch) {
    const std::size_t count = found - first < batch ? found - first : batch;
    for (std::size_t i = 0; i < count; ++i) scratch.ids[i] = scratch.pool.data()[first + i].row;
    if (status got = exact(scratch.ids.data(), count); !got.ok()) return got;
    if (status taken = take_within(count); !taken.ok()) return taken;
  }
  // The pool's rows are expanded already. If a good part of a full pool lies within the radius, rows that it dropped may
  // too: they were marked as seen, so the walk starts again from all that is within.
  if (found == width && frontier.size() > width - width / 4) {
    if (status ready = walk.forget_seen(); !ready.ok()) return ready;
    for (std::size_t i = 0; i < found; ++i) (void)scratch.visited.insert(scratch.pool.data()[i].row);
    while (frontier.size() != 0) {
      const candidate at = frontier.pop();
      const std::size_t linked = parts.graph.links(at.row, 0).read(walk.row_count(), scratch.ids.data());
      std::size_t unseen = 0;
      for (std::size_t i = 0; i < linked; ++i) {
        const std::uint32_t id = scratch.ids[i];
        if (scratch.visited.insert(id)) scratch.ids[unseen++] = id;
      }
      if (status got = exact(scratch.ids.data(), unseen); !got.ok()) return got;
      if (status taken = take_within(unseen); !taken.ok()) return taken;
    }
  }
  answers.sort();
  order_equals_by_key(answers.data(), answers.size(), rows);
  return {};
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_HNSW_QUERY_HPP
