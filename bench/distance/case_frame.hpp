// SPDX-License-Identifier: Apache-2.0
// bench/distance/case_frame.hpp -- what all cases of distance_bench share.
#ifndef ATLAS_BENCH_DISTANCE_CASE_FRAME_HPP
#define ATLAS_BENCH_DISTANCE_CASE_FRAME_HPP

#include <atlas/core/result.hpp>      // result, describe
#include <atlas/distance/metric.hpp>  // metric
#include <atlas/distance/scalar.hpp>  // scalar

#include "peers/read_peer.hpp"
#include "support/bench_options.hpp"
#include "support/race.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

using atlas::metric;
using atlas::scalar;

/// Within the second-level cache of every CPU that is measured (1 MiB or more), and above each first-level cache.
inline constexpr std::size_t l2_bytes = std::size_t{768} << 10;
inline constexpr double half_ulp = 0x1p-24;

inline void require_ok(const atlas::result<std::size_t>& answer) {
  if (answer.ok()) return;
  char text[512];
  atlas::describe(answer.error(), text, sizeof text);
  throw std::runtime_error(text);
}

/// What the cases share: the options, how many rounds, how a line is printed.
class case_frame {
 public:
  case_frame(const bench_options& options, unsigned threads) : options_(options), threads_(threads) {}

 protected:
  [[nodiscard]] race_rules rules() const { return {.rounds = options_.quick ? 9 : 21}; }
  /// Where a call takes a tenth of a second or more.
  [[nodiscard]] race_rules rules_of_long_calls() const { return {.rounds = 9}; }
  /// sides[0] against the others; from `first_rival` on they compete for the best of them.
  void report_all(const std::string& name, const scale& how, const std::vector<side>& sides, std::size_t first_rival,
                  const nlohmann::json& more = nlohmann::json::object()) const {
    bench::report_all("distance", name, how, sides, first_rival, more, options_.json);
  }
  void report_alone(const std::string& name, const scale& how, const side& one,
                    const nlohmann::json& more = nlohmann::json::object()) const {
    bench::report_alone("distance", name, how, one, more, options_.json);
  }
  /// The limit, as a side.
  [[nodiscard]] side reader(const void* bytes, std::size_t length) {
    return {"read", [this, bytes, length] { sink_ = sink_ ^ read_all(bytes, length); }};
  }

  const bench_options& options_;
  unsigned threads_;

 private:
  volatile std::uint64_t sink_ = 0;
};

}  // namespace bench

#endif  // ATLAS_BENCH_DISTANCE_CASE_FRAME_HPP
