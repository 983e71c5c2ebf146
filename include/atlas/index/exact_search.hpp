// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/exact_search.hpp -- the nearest rows by looking at every one.
//
// Room:      k nearest and range over all live rows, and over the rows of a short allow-list.
// Not here:  walks over a graph (index/hnsw_search.hpp).
// Depends:   core, index/{row_store,search_scratch,options}.hpp.
// Threads:   const over the rows; one scratch a caller.
#ifndef ATLAS_INDEX_EXACT_SEARCH_HPP
#define ATLAS_INDEX_EXACT_SEARCH_HPP

#include <atlas/index/options.hpp>         // filter, hits_view
#include <atlas/index/row_store.hpp>       // row_store
#include <atlas/index/search_scratch.hpp>  // search_scratch

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Rows scored by one kernel call: their distances stay in the first-level cache.
inline constexpr std::size_t exact_block_rows = 256;

/// Writes the first `count` of sorted candidates into one query's slots, and empty marks behind them.
inline void write_hits(const candidate* nearest, std::size_t count, const row_store& rows, std::size_t k,
                       std::uint64_t* keys, float* distances) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    keys[i] = rows.key(nearest[i].row);
    distances[i] = nearest[i].distance;
  }
  for (std::size_t i = count; i < k; ++i) {
    keys[i] = reserved_key;
    distances[i] = __builtin_inff();
  }
}

/// Calls `visit(candidate)` for every live, allowed row.
template <class Visit>
[[nodiscard]] inline status scan_rows(const row_store& rows, const filter& allowed, search_scratch& scratch, Visit visit) noexcept {
  if (status made = scratch.start(exact_block_rows); !made.ok()) return made;
  const std::uint32_t row_count = rows.row_count();
  const std::byte* vectors = rows.vectors();
  const bool all = allowed.is_empty();
  for (std::uint32_t first = 0; first < row_count;) {
    const std::uint32_t left = row_count - first;
    const std::uint32_t count = left < exact_block_rows ? left : static_cast<std::uint32_t>(exact_block_rows);
    if (all) {
      rows.layout().block(scratch.query.data(), vectors, first, count, scratch.distances.data());
      for (std::uint32_t i = 0; i < count; ++i) {
        if (rows.state(first + i) != row_state::live) continue;
        if (status kept = visit(candidate{scratch.distances.data()[i], first + i}); !kept.ok()) return kept;
      }
    } else {
      std::size_t passed = 0;
      for (std::uint32_t row = first; row < first + count; ++row) {
        if (rows.state(row) == row_state::live && allowed.allows(rows.key(row))) scratch.ids.data()[passed++] = row;
      }
      rows.layout().gather(scratch.query.data(), 1.0F, vectors, scratch.ids.data(), passed, scratch.distances.data());
      for (std::size_t i = 0; i < passed; ++i) {
        if (status kept = visit(candidate{scratch.distances.data()[i], scratch.ids.data()[i]}); !kept.ok()) return kept;
      }
    }
    first += count;
  }
  return {};
}

/// The k nearest live, allowed rows into scratch.answers, sorted. @pre scratch.query is set
[[nodiscard]] inline status exact_nearest(const row_store& rows, std::size_t k, const filter& allowed, search_scratch& scratch) noexcept {
  scratch.answers.clear();
  const status scanned = scan_rows(rows, allowed, scratch, [&](candidate one) noexcept -> status {
    if (!(one.distance == one.distance)) return {};  // NaN: a mapped file may hold it
    if (scratch.answers.size() < k) return scratch.answers.push(one);
    if (one < scratch.answers.top()) {
      scratch.answers.pop();
      return scratch.answers.push(one);
    }
    return {};
  });
  scratch.answers.sort();
  return scanned;
}

/// All live, allowed rows within `radius` into scratch.answers, sorted. @pre scratch.query is set
[[nodiscard]] inline status exact_range(const row_store& rows, float radius, const filter& allowed, search_scratch& scratch) noexcept {
  scratch.answers.clear();
  const status scanned = scan_rows(rows, allowed, scratch, [&](candidate one) noexcept -> status {
    return one.distance <= radius ? scratch.answers.push(one) : status{};
  });
  scratch.answers.sort();
  return scanned;
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_EXACT_SEARCH_HPP
