// SPDX-License-Identifier: Apache-2.0
// bench/hnsw/recall_cases.hpp -- queries a second at the same recall@10: each form of the graph and the peers in turn.
#ifndef ATLAS_BENCH_HNSW_RECALL_CASES_HPP
#define ATLAS_BENCH_HNSW_RECALL_CASES_HPP

#include "hnsw/case_frame.hpp"

#include <cstdio>

namespace bench {

class recall_cases : private case_frame {
 public:
  using case_frame::case_frame;

  void run() {
    for (const double target : set_.recalls()) compare(target, target == set_.recalls().front());
  }

 private:
  /// A line of the report: one engine of ATLAS against one peer.
  struct comparison {
    std::string name;
    std::size_t atlas = 0;
    std::size_t peer = 0;  ///< the same: nothing to compare with
  };
  struct contender {
    searched_graph* graph = nullptr;
    bracket around;
    std::vector<double> rates;
  };

  void compare(double target, bool is_first) {
    contenders_.clear();
    std::vector<comparison> lines;
    const auto want = [&](const std::string& name, searched_graph& atlas, searched_graph* peer) {
      const auto ours = entered(name, atlas, target);
      const auto theirs = peer == nullptr ? ours : entered(name, *peer, target);
      if (ours && theirs) lines.push_back({name, *ours, *theirs});
    };
    for (const graph_form& form : graph_forms) {
      const std::string name = case_name(target, form.name);
      if (!wants(name, is_first)) continue;
      want(name, set_.of(form), hnswlib_peer::is_available() ? &set_.hnswlib() : nullptr);
    }
    const std::string name = case_name(target, "faiss");
    if (faiss_hnsw_peer::is_available() && wants(name, false)) want(name, set_.dynamic(), &set_.faiss());
    if (lines.empty()) return;
    measure(target);
    for (const comparison& line : lines) report(line, target);
  }

  [[nodiscard]] std::string case_name(double target, const char* end) const {
    char text[64];
    std::snprintf(text, sizeof text, "/recall@10=%.2f/%s", target, end);
    return set_.name() + text;
  }
  /// The place of a graph among the contenders; nothing where no width reaches the recall.
  std::optional<std::size_t> entered(const std::string& name, searched_graph& graph, double target) {
    for (std::size_t at = 0; at < contenders_.size(); ++at) {
      if (contenders_[at].graph == &graph) return at;
    }
    const auto around = graph.curve.around(target);
    if (!around) {
      say_unreached(name, graph.searched.name);
      return std::nullopt;
    }
    contenders_.push_back({&graph, *around, {}});
    return contenders_.size() - 1;
  }

  /// Two sides for each contender, its width below and its width above, all in turn.
  void measure(double target) {
    const std::size_t queries = timed_queries();
    std::vector<side> sides;
    for (const contender& one : contenders_) {
      sides.push_back(pass(one.graph->searched, queries, one.around.first.width));
      sides.push_back(pass(one.graph->searched, queries, one.around.second.width));
    }
    race(sides, {.rounds = rounds()});
    for (std::size_t at = 0; at < contenders_.size(); ++at) {
      contender& one = contenders_[at];
      one.rates = rates_at(target, one.around, queries, sides[2 * at], sides[2 * at + 1]);
    }
  }

  void report(const comparison& line, double target) {
    const contender& ours = contenders_[line.atlas];
    const contender& theirs = contenders_[line.peer];
    row one{.name = line.name, .atlas = median(ours.rates), .unit = "queries/s"};
    one.more = {{"recall", target}, {"rounds", ours.rates.size()}, {"queries", timed_queries()}};
    const auto say_points = [&one](const std::string& who, const bracket& around) {
      one.more[who + "_widths"] = {around.first.width, around.second.width};
      one.more[who + "_recalls"] = {around.first.recall, around.second.recall};
    };
    say_points("atlas", ours.around);
    if (line.peer != line.atlas) {
      std::vector<double> ratios;
      for (std::size_t round = 0; round < ours.rates.size(); ++round) {
        ratios.push_back(ours.rates[round] / theirs.rates[round]);
      }
      one.peer = theirs.graph->searched.name;
      one.peer_value = median(theirs.rates);
      one.ratio = median(ratios);
      one.more["ratio_lower_quartile"] = rounded(quantile(ratios, 0.25));
      say_points("peer", theirs.around);
    }
    print(one);
  }

  std::vector<contender> contenders_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_HNSW_RECALL_CASES_HPP
