// SPDX-License-Identifier: Apache-2.0
// bench/support/race.hpp -- several ways to do one thing, timed in turn, so that each meets the machine's moods alike.
#ifndef ATLAS_BENCH_SUPPORT_RACE_HPP
#define ATLAS_BENCH_SUPPORT_RACE_HPP

#include "support/report.hpp"
#include "support/statistics.hpp"

#include <cmath>
#include <functional>
#include <string>
#include <vector>

namespace bench {

/// One way: its name, and one whole call. The answer of the first call was checked before.
struct side {
  std::string name;
  std::function<void()> call;
  std::vector<double> seconds = {};  ///< of a call, one number a round
};

struct race_rules {
  int rounds = 15;
  double sample_seconds = 2e-3;               ///< a call is repeated until a sample lasts so long
  clockid_t clock = CLOCK_THREAD_CPUTIME_ID;  ///< CLOCK_MONOTONIC where several threads work
  /// Idle time after each sample: until the threads of OpenMP and OpenBLAS have stopped spinning (OpenBLAS: 2^26 cycles).
  double pause_seconds = 0;
};

inline void wait_idle(double seconds) {
  const timespec length{static_cast<time_t>(seconds), static_cast<long>(std::fmod(seconds, 1.0) * 1e9)};
  if (seconds > 0) ::nanosleep(&length, nullptr);
}

/// Fills `seconds` of each side. Every round times each side once, beginning with another one each time; a call before
/// each sample warms up caches and branch predictors.
inline void race(std::vector<side>& sides, const race_rules& rules) {
  std::vector<int> calls;
  for (side& one : sides) {
    one.seconds.clear();
    one.call();
    const double start = seconds_of(rules.clock);
    int made = 0;
    do {
      one.call();
      ++made;
    } while (seconds_of(rules.clock) - start < rules.sample_seconds);
    calls.push_back(made);
    wait_idle(rules.pause_seconds);
  }
  for (int round = 0; round < rules.rounds; ++round) {
    for (std::size_t turn = 0; turn < sides.size(); ++turn) {
      const std::size_t which = (static_cast<std::size_t>(round) + turn) % sides.size();
      side& one = sides[which];
      if (calls[which] > 1) one.call();
      const double start = seconds_of(rules.clock);
      for (int i = 0; i < calls[which]; ++i) one.call();
      one.seconds.push_back((seconds_of(rules.clock) - start) / calls[which]);
      wait_idle(rules.pause_seconds);
    }
  }
}

/// How a case is printed: amount / seconds in this unit, or with `is_time` seconds * amount.
struct scale {
  double amount;
  std::string unit;
  bool is_time = false;

  [[nodiscard]] double value(double seconds) const { return is_time ? seconds * amount : amount / seconds; }
};
/// To three places, for what stands beside the figures.
inline double rounded(double value) { return std::round(1000 * value) / 1000; }
inline scale microseconds() { return {1e6, "us", true}; }

/// One line: `one` against `peer`, the median of the paired ratios and their lower quartile.
inline void report_pair(const char* bench, const std::string& name, const scale& how, const side& one, const side& peer,
                        const std::string& peer_name, nlohmann::json more, bool json) {
  std::vector<double> ratios;
  for (std::size_t round = 0; round < one.seconds.size(); ++round)
    ratios.push_back(peer.seconds[round] / one.seconds[round]);
  more["ratio_lower_quartile"] = rounded(quantile(ratios, 0.25));
  more["rounds"] = one.seconds.size();
  print_row(bench,
            {name, how.value(median(one.seconds)), how.unit, peer_name, how.value(median(peer.seconds)), median(ratios),
             more},
            json);
}

/// One line alone, for what has no peer.
inline void report_alone(const char* bench, const std::string& name, const scale& how, const side& one,
                         nlohmann::json more, bool json) {
  more["rounds"] = one.seconds.size();
  more["worst_to_median"] = rounded(quantile(one.seconds, 1) / median(one.seconds));
  print_row(bench, {name, how.value(median(one.seconds)), how.unit, {}, 0, 0, more}, json);
}

/// sides[0] against each other side, a line each; then against the fastest of the sides from `first_rival` on, if there
/// are two. Where sides[1] is "read", the limit, each line also says how near both come to it.
inline void report_all(const char* bench, const std::string& name, const scale& how, const std::vector<side>& sides,
                       std::size_t first_rival, const nlohmann::json& more, bool json) {
  const auto report = [&](std::size_t peer, const std::string& peer_name, nlohmann::json and_more) {
    if (sides[1].name == "read" && peer > 1) {
      const double limit = median(sides[1].seconds);
      and_more["of_read"] = {rounded(limit / median(sides[0].seconds)), rounded(limit / median(sides[peer].seconds))};
    }
    report_pair(bench, name, how, sides[0], sides[peer], peer_name, and_more, json);
  };
  for (std::size_t peer = 1; peer < sides.size(); ++peer) report(peer, sides[peer].name, more);
  if (first_rival + 1 >= sides.size()) return;
  std::size_t best = first_rival;
  for (std::size_t peer = first_rival; peer < sides.size(); ++peer) {
    if (median(sides[peer].seconds) < median(sides[best].seconds)) best = peer;
  }
  nlohmann::json and_which = more;
  and_which["best"] = sides[best].name;
  report(best, "best of them", and_which);
}

}  // namespace bench

#endif  // ATLAS_BENCH_SUPPORT_RACE_HPP
