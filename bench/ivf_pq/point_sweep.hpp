// SPDX-License-Identifier: Apache-2.0
// bench/ivf_pq/point_sweep.hpp -- the points at which an engine reaches a recall, and the cheapest of them.
#ifndef ATLAS_BENCH_IVF_PQ_POINT_SWEEP_HPP
#define ATLAS_BENCH_IVF_PQ_POINT_SWEEP_HPP

#include "hnsw/recall_curve.hpp"  // truth, recall_of, smallest_reaching, interpolate
#include "ivf_pq/list_engine.hpp"
#include "support/statistics.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace bench {

/// Points of one rerank that lie around a recall: the fewest probes, to within a twentieth, that reach it, and some fewer
/// that do not; twice the same if one list is enough.
struct point_bracket {
  operating_point below;
  operating_point reaching;
  double recall_below = 0;
  double recall = 0;  ///< of `reaching`
  double seconds = 0;  ///< of a pass at the recall, as the sweep timed it

  /// Passes a second at a recall, log-linear between the two.
  [[nodiscard]] double rate(double wanted, double seconds_below, double seconds_reaching) const {
    const bracket around = {{below.probes, recall_below}, {reaching.probes, recall}};
    return interpolate(around, 1 / seconds_below, 1 / seconds_reaching, wanted);
  }
};

/// One engine, asked `at_once` queries a call.
class point_sweep {
 public:
  /// @param one  borrowed
  point_sweep(const list_engine& one, std::size_t at_once, truth known)
      : engine_(one), at_once_(at_once), truth_(known) {}

  [[nodiscard]] const list_engine& searched() const { return engine_; }
  [[nodiscard]] std::size_t at_once() const { return at_once_; }

  double recall_at(operating_point at) {
    const auto place = std::make_pair(at.probes, at.rerank);
    const auto known = recalls_.find(place);
    if (known != recalls_.end()) return known->second;
    std::vector<std::uint64_t> keys(truth_.set.query_count * top_k);
    engine_.answer(truth_.set.query_count, at_once_, at, keys.data());
    return recalls_[place] = recall_of(truth_, keys);
  }
  /// For each rerank the points around a recall; of these the `most` where a pass over `queries` queries takes least time,
  /// cheapest first. None where nothing reaches it.
  /// @param tried  reranks, ascending
  std::vector<point_bracket> cheapest(double wanted, const std::vector<std::size_t>& tried, std::size_t queries,
                                      std::size_t most) {
    std::vector<point_bracket> reaching;
    std::size_t least = 1;  // fewer rows measured take no fewer probes
    for (std::size_t i = tried.size(); i-- > 0;) {
      const auto found = smallest_reaching(least, list_count, wanted, [&](std::size_t probes) {
        return recall_at({probes, tried[i]});
      });
      if (!found) break;  // nor would measuring fewer rows
      reaching.push_back(around(wanted, {found->width, tried[i]}));
      least = reaching.back().reaching.probes;
    }
    for (point_bracket& one : reaching) {
      one.seconds = 1 / one.rate(wanted, least_seconds(one.below, queries), least_seconds(one.reaching, queries));
    }
    std::sort(reaching.begin(), reaching.end(),
              [](const point_bracket& a, const point_bracket& b) { return a.seconds < b.seconds; });
    reaching.resize(std::min(reaching.size(), most));
    return reaching;
  }

 private:
  /// @param at  reaches the recall
  point_bracket around(double wanted, operating_point at) {
    const std::size_t step = std::max<std::size_t>(1, at.probes / 20);
    point_bracket found;
    found.reaching = found.below = at;
    while (recall_at(found.below) >= wanted) {
      found.reaching = found.below;
      if (found.below.probes <= step) break;
      found.below.probes -= step;
    }
    found.recall = recall_at(found.reaching);
    found.recall_below = recall_at(found.below);
    return found;
  }
  /// Of three passes.
  double least_seconds(operating_point at, std::size_t queries) const {
    std::vector<std::uint64_t> keys(queries * top_k);
    double least = 0;
    for (int pass = 0; pass < 3; ++pass) {
      const double start = thread_seconds();
      engine_.answer(queries, at_once_, at, keys.data());
      const double seconds = thread_seconds() - start;
      if (pass == 0 || seconds < least) least = seconds;
    }
    return least;
  }

  const list_engine& engine_;
  std::size_t at_once_;
  truth truth_;
  std::map<std::pair<std::size_t, std::size_t>, double> recalls_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_IVF_PQ_POINT_SWEEP_HPP
