// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/answer_order.hpp -- answers that are equally far, in an order that is the same wherever rows lie.
//
// Room:      order_equals_by_key, for the indexes whose rows a file puts into another order.
// Not here:  the order by distance (index/candidate_pool.hpp).
// Depends:   index/{candidate_pool,row_store}.hpp.
#ifndef ATLAS_INDEX_ANSWER_ORDER_HPP
#define ATLAS_INDEX_ANSWER_ORDER_HPP

#include <atlas/index/candidate_pool.hpp>  // candidate
#include <atlas/index/row_store.hpp>       // row_store

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Puts candidates of equal distance, which lie beside each other, in the order of their keys.
inline void order_equals_by_key(candidate* sorted, std::size_t count, const row_store& rows) noexcept {
  const auto sink = [&](candidate* run, std::size_t at, std::size_t size) noexcept {
    for (std::size_t child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && rows.key(run[child].row) < rows.key(run[child + 1].row)) ++child;
      if (!(rows.key(run[at].row) < rows.key(run[child].row))) break;
      const candidate moved = run[at];
      run[at] = run[child];
      run[child] = moved;
      at = child;
    }
  };
  for (std::size_t first = 0, end = 0; first < count; first = end) {
    for (end = first + 1; end < count && sorted[end].distance == sorted[first].distance;) ++end;
    candidate* const run = sorted + first;
    const std::size_t size = end - first;
    for (std::size_t at = size / 2; at-- > 0;) sink(run, at, size);  // a heap sort: a run may hold all rows
    for (std::size_t last = size; last-- > 1;) {
      const candidate largest = run[0];
      run[0] = run[last];
      run[last] = largest;
      sink(run, 0, last);
    }
  }
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_ANSWER_ORDER_HPP
