// SPDX-License-Identifier: Apache-2.0
// bench/queue/contest.hpp -- who is fastest: samples of a millisecond in turn, medians of those that nobody disturbed.
#ifndef ATLAS_BENCH_QUEUE_CONTEST_HPP
#define ATLAS_BENCH_QUEUE_CONTEST_HPP

#include "queue/two_threads.hpp"
#include "support/bench_options.hpp"
#include "support/report.hpp"
#include "support/statistics.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace bench {

/// Somebody who does one thing `count` times and says how long it took.
struct entrant {
  std::string name;
  bool is_atlas = false;
  bool is_linearizable = true;  ///< else it is shown, but is nobody's best peer
  std::function<sample(std::size_t count)> call;
};

/// Against whom, and what ratio is asked, 0 for none; an empty name: the best peer that is linearizable.
struct demand {
  std::string peer;
  double asked;
};

/// What an entrant reached in the rounds: the median of those in which no thread lost its core; of all if that is the rule, as with
/// more threads than cores.
struct standing {
  const entrant* who;
  std::vector<double> clean = {};
  std::vector<double> all = {};
  std::vector<bool> was_clean = {};  ///< of all
  [[nodiscard]] bool is_clean() const { return 2 * clean.size() >= all.size(); }
  [[nodiscard]] double seconds() const { return median(is_clean() ? clean : all); }
};

/// How many times as long as `one` the other took: the median of the rounds' ratios, as what slows a round down slows both;
/// of those rounds in which no thread of either lost its core, of all if those are fewer than half.
inline double paired_ratio(const standing& other, const standing& one) {
  std::vector<double> clean;
  std::vector<double> all;
  for (std::size_t round = 0; round < one.all.size(); ++round) {
    all.push_back(other.all[round] / one.all[round]);
    if (one.was_clean[round] && other.was_clean[round]) clean.push_back(all.back());
  }
  return median(2 * clean.size() >= all.size() ? clean : all);
}

/// So many times that a sample lasts about a millisecond: short enough to be left alone as a rule.
inline std::size_t count_for(const std::function<sample(std::size_t)>& timed_call) {
  for (std::size_t count = 1000;; count *= 2) {
    const sample took = timed_call(count);
    if (took.seconds > 0.7e-3 || count > 10'000'000) return count;
  }
}

/// Prints a line for each entrant, the fastest first, and one for each demand.
/// @param is_time  whether the figure is nanoseconds for one, or millions a second
inline void hold_contest(const std::string& name, const std::vector<entrant>& entrants, bool is_time,
                         const std::vector<demand>& asked, const bench_options& options) {
  if (!options.wants(name)) return;
  std::vector<standing> standings;
  std::vector<std::size_t> counts;
  for (const entrant& one : entrants) {
    standings.push_back({&one});
    counts.push_back(count_for(one.call));
  }
  const int rounds = options.quick ? 15 : 60;
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t turn = 0; turn < standings.size(); ++turn) {
      const std::size_t which = (static_cast<std::size_t>(round) + turn) % standings.size();
      const sample took = standings[which].who->call(counts[which]);
      const double each = took.seconds / static_cast<double>(counts[which]);
      standings[which].all.push_back(each);
      standings[which].was_clean.push_back(took.is_clean);
      if (took.is_clean) standings[which].clean.push_back(each);
    }
  }
  const auto value_of = [&](const standing& one) { return is_time ? one.seconds() * 1e9 : 1e-6 / one.seconds(); };
  const char* const unit = is_time ? "ns" : "M/s";
  std::sort(standings.begin(), standings.end(), [](const standing& left, const standing& right) { return left.seconds() < right.seconds(); });
  const auto best = std::find_if(standings.begin(), standings.end(), [](const standing& one) { return one.who->is_atlas; });
  for (const standing& one : standings) {
    row out{name + " " + one.who->name, value_of(one), unit};
    out.more = {{"clean_rounds", one.clean.size()}, {"rounds", one.all.size()}};
    if (!one.who->is_linearizable) out.more["linearizable"] = false;
    print_row("queue", out, options.json);
  }
  for (const demand& wish : asked) {
    for (const standing& one : standings) {
      if (one.who->is_atlas || !(wish.peer.empty() ? one.who->is_linearizable : one.who->name == wish.peer)) continue;
      row out{name, value_of(*best), unit, one.who->name, value_of(one), paired_ratio(one, *best)};
      out.asked = wish.asked;
      out.more = {{"atlas", best->who->name}};
      print_row("queue", out, options.json);
      break;
    }
  }
}

}  // namespace bench

#endif  // ATLAS_BENCH_QUEUE_CONTEST_HPP
