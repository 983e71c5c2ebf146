// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/hnsw_search.hpp -- walks over the graph: descent, best-first, among allowed rows.
//
// Room:      reading walks. Each gathers the unseen neighbours of a row, then scores them in one kernel call
//            that prefetches ahead (gather, then score, as pyglass does, graph_searcher.hpp).
// Not here:  exact distances of what was found (index/hnsw_measure.hpp), which walk answers which search
//            (index/hnsw_query.hpp), choosing and writing links (index/hnsw_build.hpp).
// Depends:   index/{code_store,filter,hnsw_graph,row_store,search_scratch}.hpp.
// Threads:   const over rows, codes and graph, beside any change; one scratch a walk; inside a reader_epochs::reader.
// Source:    Malkov and Yashunin, TPAMI 2020 (arXiv:1603.09320), algorithms 2 and 5.
#ifndef ATLAS_INDEX_HNSW_SEARCH_HPP
#define ATLAS_INDEX_HNSW_SEARCH_HPP

#include <atlas/core/clock.hpp>            // monotonic_ns
#include <atlas/index/code_store.hpp>      // code_store
#include <atlas/index/filter.hpp>          // filter
#include <atlas/index/hnsw_graph.hpp>      // hnsw_graph, link_list
#include <atlas/index/row_store.hpp>       // row_store
#include <atlas/index/search_scratch.hpp>  // search_scratch

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// What a walk goes over.
struct hnsw_parts {
  const row_store& rows;
  const code_store& codes;
  const hnsw_graph& graph;
};

/// When a walk ends before nothing nearer is left.
struct walk_limits {
  std::uint64_t deadline_ns = 0;  ///< of monotonic_ns; 0: none
  std::uint32_t patience = 0;     ///< expansions in a row that bring nothing among the nearest `patience_k`; 0: any number
  std::size_t patience_k = 0;
};

/// Tells a walk when its limits are reached.
class walk_clock {
 public:
  explicit walk_clock(const walk_limits& limits) noexcept : limits_(limits) {}
  /// Below what a distance must be to come among the nearest that patience asks about.
  [[nodiscard]] float gain_below(const candidate_pool& pool) const noexcept {
    return limits_.patience != 0 ? pool.distance_at(limits_.patience_k) : 0.0F;
  }
  /// After each expansion. @param has_gained  whether a distance was below gain_below
  [[nodiscard]] bool is_over(bool has_gained) noexcept {
    if (limits_.patience != 0) {
      without_gain_ = has_gained ? 0 : without_gain_ + 1;
      if (without_gain_ >= limits_.patience) return true;
    }
    if (limits_.deadline_ns == 0 || --until_look_ != 0) return false;
    until_look_ = look_every;
    return monotonic_ns() >= limits_.deadline_ns;
  }

 private:
  static constexpr std::uint32_t look_every = 8;  // expansions: about a microsecond each, with vectors on disk and no codes some tens
  const walk_limits& limits_;
  std::uint32_t until_look_ = look_every;
  std::uint32_t without_gain_ = 0;
};

/// One walk's view of an index: rows known when it began, and the scratch that is its own.
/// Ids are checked against `row_count`, so no list, however hostile, leads outside the rows.
class hnsw_walk {
 public:
  enum class measure_by : std::uint8_t { codes, vectors };

  /// For the query in scratch.query, which is of unit length under cosine.
  /// @param by  codes: as soon as every row has one
  hnsw_walk(const hnsw_parts& parts, search_scratch& scratch, measure_by by = measure_by::codes) noexcept
      : rows_(parts.rows), codes_(parts.codes), graph_(parts.graph), scratch_(scratch), query_(scratch.query.data()), by_(by),
        prefetch_rows_(parts.codes.usual_prefetch_rows()) {}

  /// Readies the scratch. Once more: another walk, which has seen nothing.
  [[nodiscard]] status start() noexcept {
    row_count_ = rows_.row_count();
    scratch_.read_error = {};
    is_coded_ = by_ == measure_by::codes && codes_.is_active();  // after the row count: each of these rows has a code
    if (status made = scratch_.start(batch_rows()); !made.ok()) return made;
    if (status made = scratch_.second_ids.resize(graph_.base_capacity()); !made.ok()) return made;
    if (is_coded_) {
      if (status made = scratch_.components.resize(lvq_query_bytes(rows_.layout().dimension)); !made.ok()) return made;
      coded_ = codes_.prepare(query_, scratch_.components.data());
    }
    return forget_seen();
  }
  [[nodiscard]] std::uint32_t row_count() const noexcept { return row_count_; }
  /// Rows that scratch.ids and scratch.distances have room for.
  [[nodiscard]] std::size_t batch_rows() const noexcept {
    constexpr std::size_t least = 256;
    const std::size_t two_lists = 2 * std::size_t{graph_.base_capacity()};
    return two_lists > least ? two_lists : least;
  }
  /// Whether distances are those of codes, and so only about right.
  [[nodiscard]] bool is_coded() const noexcept { return is_coded_; }
  [[nodiscard]] status forget_seen() noexcept {
    if (status made = scratch_.visited.start(row_count_); !made.ok()) return made;
    // A filtered walk may put every row on its frontier, once. Room for them is address space until it is used, and the
    // next search, whatever its filter, allocates nothing.
    return scratch_.frontier.reserve(scratch_.visited.capacity());
  }
  void set_prefetch(std::size_t rows) noexcept { prefetch_rows_ = rows; }

  /// Moves from `from` to ever nearer neighbours on one level until none is nearer. Ends: distances only fall.
  [[nodiscard]] candidate descend(candidate from, std::uint32_t level) const noexcept {
    for (bool moved = true; moved;) {
      moved = false;
      const std::size_t count = graph_.links(from.row, level).read(row_count_, scratch_.ids.data());
      score(scratch_.ids.data(), count, scratch_.distances.data());
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

  /// The `width` nearest rows that a best-first walk from `starts` meets, into scratch.pool.
  /// @param starts  shape [start_count]; may lie in scratch.starts
  [[nodiscard]] status nearest(const candidate* starts, std::size_t start_count, std::uint32_t level, std::size_t width,
                               const walk_limits& limits = {}) noexcept;
  [[nodiscard]] status nearest(candidate from, std::uint32_t level, std::size_t width, const walk_limits& limits = {}) noexcept {
    return nearest(&from, 1, level, width, limits);
  }

  /// As nearest on level 0, but keeps accepted rows only: the `width` nearest of them into scratch.answers, sorted.
  /// The walk goes through all rows and ends when no row on its frontier is nearer than the farthest answer; with few
  /// accepted rows it may visit every row it can reach.
  /// @param accepts      called with a row, gives whether it is kept
  /// @param deadline_ns  as walk_limits'
  template <class Accepts>
  [[nodiscard]] status nearest_of(candidate from, std::size_t width, Accepts accepts, std::uint64_t deadline_ns = 0) noexcept;

  /// Distances of rows by id: those of codes where the walk is coded. If vectors that are left in their file cannot be read,
  /// all further ones are infinite, and outcome() says why.
  void score(const std::uint32_t* ids, std::size_t count, float* out) const noexcept {
    if (is_coded_) return codes_.distances(coded_, ids, count, prefetch_rows_, out);
    if (rows_.cold_vectors().are_there()) return score_cold(ids, count, out);
    rows_.layout().gather(query_, 1.0F, rows_.vectors(), ids, count, out);
  }
  /// Not ok if what the walk found is worth nothing.
  [[nodiscard]] const status& outcome() const noexcept { return scratch_.read_error; }
  /// Asks for a row's code to be loaded soon.
  void prefetch(std::uint32_t row) const noexcept {
    if (!is_coded_) return prefetch_vector(row);
    const std::byte* at = codes_.codes().at(row);
    for (std::size_t line = 0; line < codes_.stride_bytes(); line += cache_line) __builtin_prefetch(at + line);
  }
  [[nodiscard]] candidate score_one(std::uint32_t row) const noexcept {
    float distance = 0.0F;
    score(&row, 1, &distance);
    return {distance, row};
  }
  [[nodiscard]] bool is_answer(std::uint32_t row, const filter& allowed) const noexcept {
    // The state first: the key of a row that is about to be stored may be written just now.
    return rows_.state(row) == row_state::live && (allowed.is_empty() || allowed.allows(rows_.key(row)));
  }

 private:
  void score_cold(const std::uint32_t* ids, std::size_t count, float* out) const noexcept {
    status& failed = scratch_.read_error;
    if (failed.ok()) failed = rows_.distances_to(query_, ids, count, scratch_.vectors, out);
    if (failed.ok()) return;
    for (std::size_t i = 0; i < count; ++i) out[i] = __builtin_inff();
  }
  void prefetch_vector(std::uint32_t row) const noexcept {
    if (!rows_.cold_vectors().are_there()) __builtin_prefetch(rows_.vector(row));
  }
  std::size_t gather_unseen(std::uint32_t row, std::uint32_t level) noexcept {
    std::uint32_t* ids = scratch_.ids.data();
    const std::size_t linked = graph_.links(row, level).read(row_count_, ids);
    std::size_t unseen = 0;
    for (std::size_t i = 0; i < linked; ++i) {
      const std::uint32_t id = ids[i];
      ids[unseen] = id;
      unseen += scratch_.visited.insert(id) ? 1U : 0U;
    }
    return unseen;
  }

  const row_store& rows_;
  const code_store& codes_;
  const hnsw_graph& graph_;
  search_scratch& scratch_;
  const float* query_;
  measure_by by_;
  bool is_coded_ = false;
  coded_query coded_;
  std::size_t prefetch_rows_;
  std::uint32_t row_count_ = 0;
};

inline status hnsw_walk::nearest(const candidate* starts, std::size_t start_count, std::uint32_t level, std::size_t width,
                                 const walk_limits& limits) noexcept {
  candidate_pool& pool = scratch_.pool;
  if (status made = pool.start(width); !made.ok()) return made;
  for (std::size_t i = 0; i < start_count; ++i) {
    if (scratch_.visited.insert(starts[i].row)) pool.insert(starts[i]);
  }
  candidate at;
  walk_clock clock(limits);
  while (pool.take(at)) {
    const std::size_t count = gather_unseen(at.row, level);
    if (level == 0) graph_.prefetch(pool.peek(at.row));
    score(scratch_.ids.data(), count, scratch_.distances.data());
    float bound = pool.bound();
    const float gain_below = clock.gain_below(pool);
    bool has_gained = false;
    for (std::size_t i = 0; i < count; ++i) {
      const float distance = scratch_.distances.data()[i];
      if (distance > bound) continue;
      pool.insert({distance, scratch_.ids.data()[i]});
      has_gained = has_gained || distance < gain_below;
      bound = pool.bound();
    }
    if (clock.is_over(has_gained)) break;
  }
  return {};
}

template <class Accepts>
status hnsw_walk::nearest_of(candidate from, std::size_t width, Accepts accepts, std::uint64_t deadline_ns) noexcept {
  auto& frontier = scratch_.frontier;
  auto& answers = scratch_.answers;
  frontier.clear();
  answers.clear();
  if (status made = answers.reserve(width); !made.ok()) return made;
  const auto bound = [&]() noexcept { return answers.size() < width ? __builtin_inff() : answers.top().distance; };
  (void)scratch_.visited.insert(from.row);
  if (status kept = frontier.push(from); !kept.ok()) return kept;
  if (from.distance == from.distance && accepts(from.row)) answers.offer(from, width);  // not NaN, which a file may hold
  const walk_limits limits{.deadline_ns = deadline_ns};
  walk_clock clock(limits);
  while (frontier.size() != 0 && !(frontier.top().distance > bound())) {
    const candidate at = frontier.pop();
    const std::size_t count = gather_unseen(at.row, 0);
    if (frontier.size() != 0) graph_.prefetch(frontier.top().row);
    score(scratch_.ids.data(), count, scratch_.distances.data());
    for (std::size_t i = 0; i < count; ++i) {
      const candidate one{scratch_.distances.data()[i], scratch_.ids.data()[i]};
      if (!(one.distance <= bound())) continue;
      if (status kept = frontier.push(one); !kept.ok()) return kept;
      if (accepts(one.row)) answers.offer(one, width);
    }
    if (clock.is_over(true)) break;
  }
  answers.sort();
  return {};
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_HNSW_SEARCH_HPP
