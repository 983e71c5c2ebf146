// SPDX-License-Identifier: Apache-2.0
// bench/ivf_pq/case_frame.hpp -- what all cases of ivf_pq_bench share.
#ifndef ATLAS_BENCH_IVF_PQ_CASE_FRAME_HPP
#define ATLAS_BENCH_IVF_PQ_CASE_FRAME_HPP

#include "ivf_pq/ivf_set.hpp"
#include "support/bench_options.hpp"
#include "support/race.hpp"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

namespace bench {

/// The cases of one kind over one data set.
class case_frame {
 public:
  case_frame(const bench_options& options, ivf_set& set) : options_(options), set_(set) {}

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
  void print(const row& one) const { print_row("ivf_pq", one, options_.json); }
  static void say_unreached(const std::string& name, const std::string& who) {
    std::fprintf(stderr, "%s: %s does not reach this recall\n", name.c_str(), who.c_str());
  }
  [[nodiscard]] double recall_at(const list_engine& one, operating_point at, std::size_t at_once) {
    std::vector<std::uint64_t> keys(set_.data().query_count * top_k);
    one.answer(set_.data().query_count, at_once, at, keys.data());
    return recall_of(set_.graphs().known(), keys);
  }

  const bench_options& options_;
  ivf_set& set_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_IVF_PQ_CASE_FRAME_HPP
