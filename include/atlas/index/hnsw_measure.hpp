// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/hnsw_measure.hpp -- the exact distances of what a walk found.
//
// Room:      from candidates in the order of their codes' distances to the k nearest in the order of their vectors'.
// Not here:  the walk (index/hnsw_search.hpp).
// Depends:   index/{answer_order,filter,row_store,search_scratch}.hpp.
// Threads:   as the walk.
#ifndef ATLAS_INDEX_HNSW_MEASURE_HPP
#define ATLAS_INDEX_HNSW_MEASURE_HPP

#include <atlas/index/answer_order.hpp>    // order_equals_by_key
#include <atlas/index/filter.hpp>          // filter
#include <atlas/index/row_store.hpp>       // row_store
#include <atlas/index/search_scratch.hpp>  // search_scratch

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Measures candidates on the stored vectors and leaves the k nearest live, allowed ones in scratch.answers, sorted by
/// distance and then by key. Candidates come in the order of their codes' distances, whose error against those
/// measured so far tells how far on a nearer row may still lie: past the k-th nearest and four standard deviations no
/// more are read.
///
/// @param found       shape [count], nearest first; not in scratch.answers
/// @param are_exact   whether their distances are the vectors' own already
/// @return  errc::no_memory, or why vectors that are left in their file could not be read
[[nodiscard]] inline status measure_candidates(const row_store& rows, search_scratch& scratch, const candidate* found,
                                               std::size_t count, bool are_exact, std::size_t k, const filter& allowed) noexcept {
  constexpr std::size_t group = 8;       // while they are wanted anyway
  constexpr std::size_t late_group = 4;  // what the kernels compute side by side
  auto& answers = scratch.answers;
  answers.clear();
  const std::size_t most = k < count ? k : count;
  if (status made = answers.reserve(most); !made.ok()) return made;
  std::uint32_t ids[group];
  float expected[group];
  float distances[group];
  double error_sum = 0;
  double error_squares = 0;
  double measured = 0;
  const bool all_allowed = allowed.is_empty();
  for (std::size_t next = 0; next < count;) {
    const std::size_t wanted = most - answers.size();
    const std::size_t at_once = wanted == 0 ? late_group : wanted < group ? wanted : group;
    std::size_t size = 0;
    for (; next < count && size < at_once; ++next) {
      const candidate one = found[next];
      if (rows.state(one.row) != row_state::live || (!all_allowed && !allowed.allows(rows.key(one.row)))) continue;
      ids[size] = one.row;
      expected[size++] = one.distance;
    }
    if (are_exact) {
      for (std::size_t i = 0; i < size; ++i) distances[i] = expected[i];
    } else {
      if (answers.size() == most && measured > 1) {
        const double mean = error_sum / measured;
        const double variance = error_squares / measured - mean * mean;
        const double slack = 4.0 * __builtin_sqrt(variance > 0 ? variance : 0) - mean;
        if (static_cast<double>(expected[0]) - slack > static_cast<double>(answers.top().distance)) break;
      }
      if (status got = rows.distances_to(scratch.query.data(), ids, size, scratch.vectors, distances); !got.ok()) return got;
    }
    for (std::size_t i = 0; i < size; ++i) {
      if (!(distances[i] == distances[i])) continue;  // NaN, which a file may hold
      const double error = static_cast<double>(distances[i]) - static_cast<double>(expected[i]);
      error_sum += error;
      error_squares += error * error;
      measured += 1;
      answers.offer({distances[i], ids[i]}, most);
    }
    if (are_exact && answers.size() == most && size != 0 && answers.top().distance < expected[size - 1]) break;
  }
  answers.sort();
  order_equals_by_key(answers.data(), answers.size(), rows);
  return {};
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_HNSW_MEASURE_HPP
