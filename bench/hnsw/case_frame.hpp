// SPDX-License-Identifier: Apache-2.0
// bench/hnsw/case_frame.hpp -- what all cases of hnsw_bench share.
#ifndef ATLAS_BENCH_HNSW_CASE_FRAME_HPP
#define ATLAS_BENCH_HNSW_CASE_FRAME_HPP

#include "hnsw/hnsw_set.hpp"
#include "support/bench_options.hpp"
#include "support/race.hpp"

#include <cstdio>
#include <string>
#include <vector>

namespace bench {

/// The cases of one kind over one data set.
class case_frame {
 public:
  case_frame(const bench_options& options, hnsw_set& set) : options_(options), set_(set) {}

 protected:
  /// Whether a case runs. --quick alone leaves out what takes long; a case that --filter names runs all the same.
  [[nodiscard]] bool wants(const std::string& name, bool when_quick) const {
    return options_.wants(name) && (when_quick || !options_.quick || !options_.filter.empty());
  }
  [[nodiscard]] int rounds() const { return options_.quick ? 9 : 15; }
  /// Queries of a timed pass. Recall is that of all queries.
  [[nodiscard]] std::size_t timed_queries() {
    const std::size_t all = set_.data().query_count;
    return options_.quick ? std::min<std::size_t>(all, 300) : all;
  }
  void print(const row& one) const { print_row("hnsw", one, options_.json); }
  static void say_unreached(const std::string& name, const std::string& who) {
    std::fprintf(stderr, "%s: %s does not reach this recall\n", name.c_str(), who.c_str());
  }
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

  const bench_options& options_;
  hnsw_set& set_;

 private:
  std::optional<data_set> part_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_HNSW_CASE_FRAME_HPP
