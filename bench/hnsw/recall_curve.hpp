// SPDX-License-Identifier: Apache-2.0
// bench/hnsw/recall_curve.hpp -- which share of the true answers an engine finds at a width, and which width it needs.
#ifndef ATLAS_BENCH_HNSW_RECALL_CURVE_HPP
#define ATLAS_BENCH_HNSW_RECALL_CURVE_HPP

#include "hnsw/engine.hpp"

#include <cmath>
#include <map>
#include <optional>
#include <utility>

namespace bench {

/// The set that is searched and each query's true k-th distance in it.
struct truth {
  const data_set& set;
  const std::vector<double>& kth;
  const std::vector<std::uint32_t>* row_of_key = nullptr;  ///< null: keys are row numbers
};

/// The share of right answers among keys[.., top_k], for as many queries as there are. An answer is right if its exact
/// distance is no more than the true k-th and it was not given before.
inline double recall_of(const truth& known, const std::vector<std::uint64_t>& keys) {
  std::size_t right = 0;
  for (std::size_t at = 0; at < keys.size(); ++at) {
    const std::size_t query = at / top_k;
    const auto begin = keys.begin() + static_cast<std::ptrdiff_t>(query * top_k);
    const auto here = keys.begin() + static_cast<std::ptrdiff_t>(at);
    if (*here >= known.set.rows || std::find(begin, here, *here) != here) continue;
    const std::uint64_t row = known.row_of_key == nullptr ? *here : (*known.row_of_key)[*here];
    if (known.set.exact(query, row) <= known.kth[query] * (1 + 1e-12)) ++right;
  }
  return static_cast<double>(right) / static_cast<double>(keys.size());
}

struct point {
  std::size_t width = 0;
  double recall = 0;
};
/// The widths around a recall: one below and one above; twice the same if even the least is above.
using bracket = std::pair<point, point>;

/// Queries a second at a recall, log-linear between two points.
inline double interpolate(const bracket& around, double low_rate, double high_rate, double wanted) {
  const auto& [low, high] = around;
  if (low.width == high.width || high.recall <= low.recall) return high_rate;
  const double share = (wanted - low.recall) / (high.recall - low.recall);
  return std::exp(std::log(low_rate) * (1 - share) + std::log(high_rate) * share);
}

/// One engine's recall at each of `widths`, measured when it is first asked for.
class recall_curve {
 public:
  recall_curve(const engine& one, const truth& known) : engine_(one), truth_(known) {}

  double at(std::size_t width) {
    const auto known = recalls_.find(width);
    if (known != recalls_.end()) return known->second;
    std::vector<std::uint64_t> keys;
    engine_.answer(truth_.set.query_count, width, keys);
    return recalls_[width] = recall_of(truth_, keys);
  }
  /// Two neighbours among `widths`, the first below `wanted` and the second not; nothing where the last is still below.
  /// Recall grows with the width but for chance, so the place is searched for and not every width tried.
  std::optional<bracket> around(double wanted) {
    if (at(widths[0]) >= wanted) return bracket{point_of(0), point_of(0)};
    std::size_t below = 0;
    std::size_t above = 1;
    for (std::size_t step = 2; at(widths[above]) < wanted; step *= 2) {
      if (above + 1 == std::size(widths)) return std::nullopt;
      below = above;
      above = std::min(above + step, std::size(widths) - 1);
    }
    while (above - below > 1) {
      const std::size_t middle = (below + above) / 2;
      (at(widths[middle]) >= wanted ? above : below) = middle;
    }
    return bracket{point_of(below), point_of(above)};
  }

 private:
  point point_of(std::size_t i) { return {widths[i], at(widths[i])}; }

  const engine& engine_;
  truth truth_;
  std::map<std::size_t, double> recalls_;
};

/// The smallest number from `least` on, found by doubling and then halving to within a twentieth, at which `recall_at`
/// reaches what is wanted; nothing if `most` does not.
template <class RecallAt>
std::optional<point> smallest_reaching(std::size_t least, std::size_t most, double wanted, RecallAt recall_at) {
  std::size_t below = 0;
  std::size_t above = least;
  double reached = recall_at(above);
  while (reached < wanted) {
    if (above == most) return std::nullopt;
    below = above;
    above = std::min(2 * above, most);
    reached = recall_at(above);
  }
  while (below != 0 && above - below > std::max<std::size_t>(1, below / 20)) {
    const std::size_t middle = (below + above) / 2;
    const double here = recall_at(middle);
    if (here >= wanted) {
      above = middle;
      reached = here;
    } else {
      below = middle;
    }
  }
  return point{above, reached};
}

}  // namespace bench

#endif  // ATLAS_BENCH_HNSW_RECALL_CURVE_HPP
