// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/nearest_candidates.hpp -- rows that may be among a query's nearest, while most are ruled out.
//
// Room:      candidate_rows: bounds of distances, exact ones among them, and the furthest that can still matter.
// Not here:  where bounds come from (distance/nearest_bounds.hpp), one exact top-k (distance/top_k.hpp).
// Depends:   core, distance/{nearest_bounds,top_k}.hpp.
// Threads:   each list belongs to one thread; the limit of a query is shared by all.
#ifndef ATLAS_DISTANCE_NEAREST_CANDIDATES_HPP
#define ATLAS_DISTANCE_NEAREST_CANDIDATES_HPP

#include <atlas/distance/nearest_bounds.hpp>  // interval
#include <atlas/distance/top_k.hpp>           // neighbour

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Puts the item that sorting would put at `place` there, none behind it less, none before it greater.
/// Cost: O(count) on average (Hoare, "Algorithm 65: Find", Communications of the ACM 4, 1961). @pre place < count
template <class Item, class Less>
inline void select_place(Item* items, std::size_t count, std::size_t place, Less less) noexcept {
  std::size_t first = 0;
  std::size_t end = count;
  while (end - first > 1) {
    // The median of three, so that what is sorted already costs no more.
    const Item &a = items[first], &b = items[first + (end - first) / 2], &c = items[end - 1];
    const Item pivot = less(a, b) ? (less(b, c) ? b : less(a, c) ? c : a) : (less(a, c) ? a : less(b, c) ? c : b);
    std::size_t low = first;
    std::size_t high = end;  // one past
    while (low < high) {
      while (less(items[low], pivot)) ++low;
      while (less(pivot, items[high - 1])) --high;
      if (low >= high) break;
      const Item swapped = items[low];
      items[low++] = items[--high];
      items[high] = swapped;
    }
    // [first, low) <= pivot and [high, end) >= pivot; what lies between them equals it.
    if (place < high) {
      end = high;
    } else if (place >= low) {
      first = low;
    } else {
      return;
    }
  }
}

/// The furthest distance at which a row can be among the nearest, as far as anyone knows: only falls.
class shared_limit {
 public:
  [[nodiscard]] float get() const noexcept {
    float furthest;
    __atomic_load(&furthest_, &furthest, __ATOMIC_RELAXED);
    return furthest;
  }
  void lower_to(float distance) noexcept {
    float before = get();
    while (distance < before &&
           !__atomic_compare_exchange(&furthest_, &before, &distance, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
  }

 private:
  float furthest_ = __builtin_inff();
};

/// A row between two bounds of its distance, or at it: then both are the distance.
struct candidate_row {
  float lower;
  float upper;
  std::uint32_t row;

  [[nodiscard]] bool is_exact() const noexcept { return lower == upper; }
};

/// The candidates of one query that one thread has seen. Plain data over memory of the caller's.
struct candidate_rows {
  candidate_row* rows = nullptr;  ///< [capacity]
  std::uint32_t count = 0;
  std::uint32_t measured = 0;  ///< distances that loose bounds made necessary
  neighbour kth = {__builtin_inff(), ~std::uint32_t{0}};  ///< k rows are known to be as near as it, by distance and row

  /// A row that lies behind k others for sure is left out. Distances that are no numbers are never candidates.
  /// @pre there is room
  void add(float lower, float upper, std::uint32_t row, float limit) noexcept {
    if (lower <= limit) rows[count++] = {lower, upper, row};
  }
  /// The same with the distance itself; of equal distances the lower rows are nearer.
  void add_measured(float distance, std::uint32_t row, float limit) noexcept {
    if (distance <= limit && neighbour{distance, row} < kth) rows[count++] = {distance, distance, row};
  }

  /// Forgets what lies behind k others for sure.
  void prune(std::size_t k, shared_limit& limit) noexcept {
    if (count >= k) {
      select_place(rows, count, k - 1, [](const candidate_row& left, const candidate_row& right) noexcept {
        return left.upper < right.upper;
      });
      limit.lower_to(rows[k - 1].upper);
    }
    const float furthest = limit.get();
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      rows[kept] = rows[i];
      kept += rows[i].lower <= furthest ? 1U : 0U;
    }
    count = kept;
  }

  /// Replaces bounds by distances; what has none goes. Then at most k are left.
  /// @param measure  measure(ids, count, out)
  /// @param ids, out room for as many as there are candidates
  template <class Measure>
  void settle(std::size_t k, shared_limit& limit, Measure measure, std::uint32_t* ids, float* out) noexcept {
    std::uint32_t unknown = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (!rows[i].is_exact()) ids[unknown++] = rows[i].row;
    }
    if (unknown != 0) {
      measure(ids, unknown, out);
      std::uint32_t kept = 0;
      std::uint32_t next = 0;
      for (std::uint32_t i = 0; i < count; ++i) {
        candidate_row one = rows[i];
        if (!one.is_exact()) one.lower = one.upper = out[next++];
        rows[kept] = one;
        kept += one.lower <= __builtin_inff() ? 1U : 0U;
      }
      count = kept;
      measured += unknown;
    }
    if (count < k) return;
    select_place(rows, count, k - 1, [](const candidate_row& left, const candidate_row& right) noexcept {
      return neighbour{left.lower, left.row} < neighbour{right.lower, right.row};
    });
    count = static_cast<std::uint32_t>(k);
    kth = {rows[k - 1].lower, rows[k - 1].row};
    limit.lower_to(kth.distance);
  }
};

/// Candidates that one list has room for: so many that finding the k-th is rare, and cheap for each.
[[nodiscard]] constexpr std::size_t candidate_capacity(std::size_t k) noexcept { return 2 * k + 64; }

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_DISTANCE_NEAREST_CANDIDATES_HPP
