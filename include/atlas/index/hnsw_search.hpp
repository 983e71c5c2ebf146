// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/hnsw_search.hpp -- walks over the graph: descent, best-first, filtered, within a radius.
//
// Room:      reading walks. Each gathers the unseen neighbours of a row, then scores them in one kernel call
//            that prefetches ahead (gather, then score: research on pyglass, graph_searcher.hpp, SearchImpl2).
// Not here:  choosing and writing links (index/hnsw_build.hpp).
// Depends:   index/{hnsw_graph,row_store,search_scratch,options}.hpp.
// Threads:   const over rows and graph, beside any change; one scratch a walk.
// Source:    Malkov and Yashunin, TPAMI 2020 (arXiv:1603.09320), algorithms 2 and 5.
#ifndef ATLAS_INDEX_HNSW_SEARCH_HPP
#define ATLAS_INDEX_HNSW_SEARCH_HPP

#include <atlas/index/filter.hpp>          // filter
#include <atlas/index/hnsw_graph.hpp>      // hnsw_graph, link_list
#include <atlas/index/row_store.hpp>       // row_store
#include <atlas/index/search_scratch.hpp>  // search_scratch

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// One walk's view of an index: rows known when it began, and the scratch that is its own.
/// Ids are checked against `row_count`, so no list, however hostile, leads outside the rows.
class hnsw_walk {
 public:
  /// For the query in scratch.query, which is of unit length under cosine.
  hnsw_walk(const row_store& rows, const hnsw_graph& graph, search_scratch& scratch) noexcept
      : rows_(rows), graph_(graph), scratch_(scratch), vectors_(rows.vectors()), query_(scratch.query.data()) {}
  /// For a stored row as the query.
  hnsw_walk(const row_store& rows, const hnsw_graph& graph, search_scratch& scratch, std::uint32_t row) noexcept
      : rows_(rows), graph_(graph), scratch_(scratch), vectors_(rows.vectors()), query_(rows.vector(row)),
        query_scale_(rows.scale(row)) {}

  /// Readies the scratch.
  [[nodiscard]] status start() noexcept {
    row_count_ = rows_.row_count();
    if (status made = scratch_.start(graph_.base_capacity()); !made.ok()) return made;
    if (status made = scratch_.visited.start(row_count_); !made.ok()) return made;
    // A filtered walk may put every row on its frontier, once. Room for them is address space until it is used, and the
    // next search, whatever its filter, allocates nothing.
    return scratch_.frontier.reserve(scratch_.visited.capacity());
  }
  [[nodiscard]] std::uint32_t row_count() const noexcept { return row_count_; }

  /// Moves from `from` to ever nearer neighbours on one level until none is nearer. Ends: distances only fall.
  [[nodiscard]] candidate descend(candidate from, std::uint32_t level) const noexcept {
    for (bool moved = true; moved;) {
      moved = false;
      const std::size_t count = graph_.links(from.row, level).read(row_count_, scratch_.ids.data());
      score(count);
      for (std::size_t i = 0; i < count; ++i) {
        if (scratch_.distances.data()[i] < from.distance) {
          from = {scratch_.distances.data()[i], scratch_.ids.data()[i]};
          moved = true;
        }
      }
    }
    return from;
  }
  /// From the entry point down to `level`, exclusive. @pre entry.row < row_count()
  [[nodiscard]] candidate descend_to(entry_point entry, std::uint32_t level) const noexcept {
    candidate nearest = score_one(entry.row);
    const std::uint32_t top = entry.level < hnsw_graph::most_levels ? entry.level : hnsw_graph::most_levels;
    for (std::uint32_t at = top; at > level; --at) nearest = descend(nearest, at);
    return nearest;
  }

  /// The `width` nearest rows that a best-first walk from `from` meets, into scratch.pool.
  [[nodiscard]] status nearest(candidate from, std::uint32_t level, std::size_t width) noexcept {
    candidate_pool& pool = scratch_.pool;
    if (status made = pool.start(width); !made.ok()) return made;
    (void)scratch_.visited.insert(from.row);
    pool.insert(from);
    candidate at;
    while (pool.take(at)) {
      const std::size_t count = gather_unseen(at.row, level);
      if (level == 0) graph_.prefetch(pool.peek(at.row));
      score(count);
      float bound = pool.bound();
      for (std::size_t i = 0; i < count; ++i) {
        if (scratch_.distances.data()[i] > bound) continue;
        pool.insert({scratch_.distances.data()[i], scratch_.ids.data()[i]});
        bound = pool.bound();
      }
    }
    return {};
  }

  /// As nearest on level 0, but answers only live, allowed rows: the `width` nearest of them into
  /// scratch.answers, sorted. The walk goes through all rows and ends when no row on its frontier is nearer
  /// than the farthest answer; with few allowed rows it may visit every row it can reach.
  [[nodiscard]] status nearest_allowed(candidate from, std::size_t width, const filter& allowed) noexcept {
    return bounded_walk(from, allowed, [width](const search_scratch& scratch) noexcept {
      return scratch.answers.size() < width ? __builtin_inff() : scratch.answers.top().distance;
    }, width);
  }
  /// All live, allowed rows within `radius` that a walk meets which goes on through the `width` nearest rows or
  /// through rows within the radius, into scratch.answers, sorted.
  [[nodiscard]] status within(candidate from, float radius, std::size_t width, const filter& allowed) noexcept;

 private:
  void score(std::size_t count) const noexcept {
    rows_.layout().gather(query_, query_scale_, vectors_, scratch_.ids.data(), count, scratch_.distances.data());
  }
  [[nodiscard]] candidate score_one(std::uint32_t row) const noexcept {
    float distance = 0.0F;
    rows_.layout().gather(query_, query_scale_, vectors_, &row, 1, &distance);
    return {distance, row};
  }
  std::size_t gather_unseen(std::uint32_t row, std::uint32_t level) noexcept {
    std::uint32_t* ids = scratch_.ids.data();
    const std::size_t linked = graph_.links(row, level).read(row_count_, ids);
    std::size_t unseen = 0;
    for (std::size_t i = 0; i < linked; ++i) {
      const std::uint32_t id = ids[i];
      if (scratch_.visited.insert(id)) ids[unseen++] = id;
    }
    return unseen;
  }
  [[nodiscard]] bool is_answer(std::uint32_t row, const filter& allowed) const noexcept {
    return rows_.state(row) == row_state::live && allowed.allows(rows_.key(row));
  }
  /// The walk behind nearest_allowed: `bound(scratch)` is the distance past which nothing is of use.
  template <class Bound>
  [[nodiscard]] status bounded_walk(candidate from, const filter& allowed, Bound bound, std::size_t most_answers) noexcept {
    auto& frontier = scratch_.frontier;
    auto& answers = scratch_.answers;
    frontier.clear();
    answers.clear();
    (void)scratch_.visited.insert(from.row);
    if (status kept = frontier.push(from); !kept.ok()) return kept;
    if (from.distance == from.distance && is_answer(from.row, allowed)) {  // not NaN, which a file may hold
      if (status kept = answers.push(from); !kept.ok()) return kept;
    }
    while (frontier.size() != 0 && !(frontier.top().distance > bound(scratch_))) {
      const candidate at = frontier.pop();
      const std::size_t count = gather_unseen(at.row, 0);
      score(count);
      for (std::size_t i = 0; i < count; ++i) {
        const candidate one{scratch_.distances.data()[i], scratch_.ids.data()[i]};
        if (!(one.distance <= bound(scratch_))) continue;
        if (status kept = frontier.push(one); !kept.ok()) return kept;
        if (!is_answer(one.row, allowed)) continue;
        if (answers.size() == most_answers) {
          if (!(one < answers.top())) continue;
          answers.pop();
        }
        if (status kept = answers.push(one); !kept.ok()) return kept;
      }
    }
    answers.sort();
    return {};
  }

  const row_store& rows_;
  const hnsw_graph& graph_;
  search_scratch& scratch_;
  const std::byte* vectors_;
  const float* query_;
  float query_scale_ = 1.0F;
  std::uint32_t row_count_ = 0;
};

inline status hnsw_walk::within(candidate from, float radius, std::size_t width, const filter& allowed) noexcept {
  // First to the neighbourhood, by the nearest `width` rows; then outward through everything within the radius.
  if (status walked = nearest(from, 0, width); !walked.ok()) return walked;
  auto& frontier = scratch_.frontier;
  auto& answers = scratch_.answers;
  frontier.clear();
  answers.clear();
  for (std::size_t i = 0; i < scratch_.pool.size() && scratch_.pool.data()[i].distance <= radius; ++i) {
    const candidate one = scratch_.pool.data()[i];
    if (is_answer(one.row, allowed)) {
      if (status kept = answers.push(one); !kept.ok()) return kept;
    }
  }
  // The pool's rows are expanded already. If even the farthest of a full pool lies within the radius, rows that
  // it dropped may too: they were marked as seen, so the walk starts again from all that it holds.
  if (scratch_.pool.size() == width && scratch_.pool.data()[width - 1].distance <= radius) {
    if (status made = scratch_.visited.start(row_count_); !made.ok()) return made;
    for (std::size_t i = 0; i < width; ++i) {
      const candidate one = scratch_.pool.data()[i];
      (void)scratch_.visited.insert(one.row);
      if (status kept = frontier.push(one); !kept.ok()) return kept;
    }
    while (frontier.size() != 0) {
      const candidate at = frontier.pop();
      const std::size_t count = gather_unseen(at.row, 0);
      score(count);
      for (std::size_t i = 0; i < count; ++i) {
        const candidate one{scratch_.distances.data()[i], scratch_.ids.data()[i]};
        if (!(one.distance <= radius)) continue;
        if (status kept = frontier.push(one); !kept.ok()) return kept;
        if (!is_answer(one.row, allowed)) continue;
        if (status kept = answers.push(one); !kept.ok()) return kept;
      }
    }
  }
  answers.sort();
  return {};
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_HNSW_SEARCH_HPP
