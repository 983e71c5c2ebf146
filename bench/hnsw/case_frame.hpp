// SPDX-License-Identifier: Apache-2.0
// bench/hnsw/case_frame.hpp -- what all cases of hnsw_bench share.
#ifndef ATLAS_BENCH_HNSW_CASE_FRAME_HPP
#define ATLAS_BENCH_HNSW_CASE_FRAME_HPP

#include "hnsw/hnsw_set.hpp"
#include "support/bench_options.hpp"
#include "support/race.hpp"
#include "support/set_cases.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace bench {

/// The cases of one kind over one data set.
class case_frame : protected set_cases<hnsw_set> {
 public:
  case_frame(const bench_options& options, hnsw_set& set) : set_cases("hnsw", options, set) {}

 protected:
  /// A pass over the first `count` queries, as one side of a race.
  [[nodiscard]] static side pass(const engine& one, std::size_t count, std::size_t width) {
    return {one.name,
            [&one, count, width, keys = std::vector<std::uint64_t>()]() mutable { one.answer(count, width, keys); }};
  }
  /// Queries a second at a recall in each round of a race, from the passes at the width below and at the one above.
  [[nodiscard]] static std::vector<double> rates_at(double wanted, const bracket& around, std::size_t queries,
                                                    const side& low, const side& high) {
    std::vector<double> rates;
    for (std::size_t round = 0; round < low.seconds.size(); ++round) {
      const auto rate = [&](const side& of) { return static_cast<double>(queries) / of.seconds[round]; };
      rates.push_back(interpolate(around, rate(low), rate(high), wanted));
    }
    return rates;
  }
  /// The whole set; with --quick, the first of its rows in an order of chance.
  const data_set& rows_to_build() {
    if (!options_.quick) return set_.data();
    if (!part_) part_ = part_of(set_.data(), shuffled(set_.data().rows, 1), 0, std::min(quick_rows, set_.data().rows));
    return *part_;
  }

 private:
  std::optional<data_set> part_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_HNSW_CASE_FRAME_HPP
