// SPDX-License-Identifier: Apache-2.0
// bench/ivf_pq/case_frame.hpp -- what all cases of ivf_pq_bench share.
#ifndef ATLAS_BENCH_IVF_PQ_CASE_FRAME_HPP
#define ATLAS_BENCH_IVF_PQ_CASE_FRAME_HPP

#include "ivf_pq/ivf_set.hpp"
#include "support/bench_options.hpp"
#include "support/race.hpp"
#include "support/set_cases.hpp"

#include <cstdint>
#include <vector>

namespace bench {

/// The cases of one kind over one data set.
class case_frame : protected set_cases<ivf_set> {
 public:
  case_frame(const bench_options& options, ivf_set& set) : set_cases("ivf_pq", options, set) {}

 protected:
  [[nodiscard]] double recall_at(const list_engine& one, operating_point at, std::size_t at_once) {
    std::vector<std::uint64_t> keys(set_.data().query_count * top_k);
    one.answer(set_.data().query_count, at_once, at, keys.data());
    return recall_of(set_.graphs().known(), keys);
  }
};

}  // namespace bench

#endif  // ATLAS_BENCH_IVF_PQ_CASE_FRAME_HPP
