// SPDX-License-Identifier: Apache-2.0
// bench/ivf_pq/search_cases.hpp -- queries a second at the same recall@10, one query a call and all in one: beside faiss's
// fast scan with the same lists, bytes a code and exact second pass, and beside hnswlib.
#ifndef ATLAS_BENCH_IVF_PQ_SEARCH_CASES_HPP
#define ATLAS_BENCH_IVF_PQ_SEARCH_CASES_HPP

#include "ivf_pq/case_frame.hpp"
#include "ivf_pq/point_sweep.hpp"

#include <cmath>
#include <memory>
#include <utility>

namespace bench {

class search_cases : private case_frame {
 public:
  using case_frame::case_frame;

  void run() {
    for (const std::size_t parts : set_.parts()) {
      beside_faiss(parts, "single", 1);
      beside_faiss(parts, "batch", batch);
    }
    const std::string name = "hnswlib/" + set_.name() + recall_text(hnswlib_recall);
    if (set_.name() == hnswlib_set && hnswlib_peer::is_available() && wants(name, false)) beside_hnswlib(name);
  }

 private:
  static constexpr std::size_t batch = 1'000;  ///< queries of a call: all that a set has
  static constexpr char hnswlib_set[] = "mnist-784";
  static constexpr double hnswlib_recall = 0.99;
  static constexpr std::size_t raced_points = 2;  ///< of an engine: what the sweep's short passes cannot tell apart

  /// An engine in a race, with two sides for each of its brackets.
  struct contender {
    point_sweep* sweep = nullptr;
    std::vector<point_bracket> points;
    std::vector<double> rates;  ///< queries a second at the recall, by the bracket that was fastest, one number a round
    std::size_t fastest = 0;
    double rate_reaching = 0;  ///< the same at its point that reaches the recall
  };

  [[nodiscard]] const std::vector<std::size_t>& tried() const { return options_.quick ? few_reranks : reranks; }
  static std::string recall_text(double recall) {
    char text[32];
    std::snprintf(text, sizeof text, "/recall@10=%.2f", recall);
    return text;
  }

  void beside_faiss(std::size_t parts, const char* mode, std::size_t at_once) {
    std::unique_ptr<point_sweep> ours;
    std::unique_ptr<point_sweep> theirs;
    for (const double target : set_.recalls()) {
      const std::string name =
          "search/" + set_.name() + "/" + std::to_string(parts) + "x4" + recall_text(target) + "/" + mode;
      if (!wants(name, set_.is_small() && target == 0.95)) continue;
      if (!ours) ours = std::make_unique<point_sweep>(set_.atlas(parts), at_once, set_.graphs().known());
      if (!theirs && faiss_ivf_peer::is_available()) {
        theirs = std::make_unique<point_sweep>(set_.faiss(parts), at_once, set_.graphs().known());
      }
      compare(name, target, *ours, theirs.get());
    }
  }

  void compare(const std::string& name, double target, point_sweep& ours, point_sweep* theirs) {
    std::vector<contender> contenders;
    for (point_sweep* const one : {&ours, theirs}) {
      if (one == nullptr) continue;
      contenders.push_back({one, one->cheapest(target, tried(), timed_queries(), raced_points), {}});
      if (contenders.back().points.empty()) say_unreached(name, one->searched().name);
    }
    if (contenders.front().points.empty()) return;
    std::vector<side> sides;
    for (const contender& one : contenders) enter(one, sides);
    race(sides, {.rounds = rounds()});
    std::size_t first = 0;
    for (contender& one : contenders) {
      take_fastest(one, target, sides, first);
      first += 2 * one.points.size();
    }
    const contender& atlas = contenders.front();
    row line{.name = name, .atlas = median(atlas.rates), .unit = "queries/s"};
    line.more = {{"recall", target}, {"lists", list_count}, {"rounds", atlas.rates.size()}, {"queries", timed_queries()}};
    say_point(line, "atlas", atlas);
    if (theirs != nullptr && !contenders.back().points.empty()) {
      const contender& peer = contenders.back();
      const auto ratios = ratios_of(atlas.rates, peer.rates);
      line.peer = peer.sweep->searched().name;
      line.peer_value = median(peer.rates);
      line.ratio = median(ratios);
      line.asked = asked_of_search;
      line.more["ratio_lower_quartile"] = rounded(quantile(ratios, 0.25));
      say_point(line, "peer", peer);
    }
    print(line);
  }

  /// hnswlib at this recall by its widths below and above, as ATLAS by its probes.
  void beside_hnswlib(const std::string& name) {
    const auto around = set_.graphs().hnswlib().curve.around(hnswlib_recall);
    if (!around) return say_unreached(name, "hnswlib");
    point_sweep sweep(set_.atlas(set_.parts().front()), 1, set_.graphs().known());
    contender ours{&sweep, sweep.cheapest(hnswlib_recall, tried(), timed_queries(), raced_points), {}};
    if (ours.points.empty()) return say_unreached(name, "atlas");
    std::vector<side> sides;
    enter(ours, sides);
    const std::size_t queries = timed_queries();
    for (const std::size_t width : {around->first.width, around->second.width}) {
      sides.push_back({"hnswlib", [&graph = set_.graphs().hnswlib().searched, queries, width,
                                   keys = std::vector<std::uint64_t>()]() mutable { graph.answer(queries, width, keys); }});
    }
    race(sides, {.rounds = rounds()});
    take_fastest(ours, hnswlib_recall, sides, 0);
    const side& low = sides[sides.size() - 2];
    const side& high = sides.back();
    std::vector<double> rates;
    for (std::size_t round = 0; round < low.seconds.size(); ++round) {
      const auto rate = [&](const side& of) { return static_cast<double>(queries) / of.seconds[round]; };
      rates.push_back(interpolate(*around, rate(low), rate(high), hnswlib_recall));
    }
    const auto ratios = ratios_of(ours.rates, rates);
    row line{.name = name, .atlas = median(ours.rates), .unit = "queries/s", .peer = "hnswlib", .peer_value = median(rates)};
    line.ratio = median(ratios);
    line.asked = asked_of_hnswlib;
    line.more = {{"recall", hnswlib_recall},
                 {"rounds", rates.size()},
                 {"queries", queries},
                 {"ratio_lower_quartile", rounded(quantile(ratios, 0.25))},
                 {"peer_widths", {around->first.width, around->second.width}},
                 {"peer_recalls", {around->first.recall, around->second.recall}}};
    say_point(line, "atlas", ours);
    print(line);
  }

  void enter(const contender& one, std::vector<side>& sides) {
    const std::size_t queries = timed_queries();
    for (const point_bracket& around : one.points) {
      for (const operating_point at : {around.below, around.reaching}) {
        sides.push_back({one.sweep->searched().name,
                         [&engine = one.sweep->searched(), queries, at_once = one.sweep->at_once(), at,
                          keys = std::vector<std::uint64_t>(queries * top_k)]() mutable {
                           engine.answer(queries, at_once, at, keys.data());
                         }});
      }
    }
  }
  /// @param first  its first side
  void take_fastest(contender& one, double wanted, const std::vector<side>& sides, std::size_t first) {
    for (std::size_t i = 0; i < one.points.size(); ++i) {
      const side& below = sides[first + 2 * i];
      const side& reaching = sides[first + 2 * i + 1];
      std::vector<double> rates;
      for (std::size_t round = 0; round < below.seconds.size(); ++round) {
        rates.push_back(static_cast<double>(timed_queries()) *
                        one.points[i].rate(wanted, below.seconds[round], reaching.seconds[round]));
      }
      if (i != 0 && median(rates) <= median(one.rates)) continue;
      one.fastest = i;
      one.rates = std::move(rates);
      one.rate_reaching = static_cast<double>(timed_queries()) / median(reaching.seconds);
    }
  }
  static std::vector<double> ratios_of(const std::vector<double>& ours, const std::vector<double>& theirs) {
    std::vector<double> ratios;
    for (std::size_t round = 0; round < ours.size(); ++round) ratios.push_back(ours[round] / theirs[round]);
    return ratios;
  }
  static void say_point(row& line, const std::string& who, const contender& one) {
    const point_bracket& around = one.points[one.fastest];
    line.more[who + "_recalls"] = {around.recall_below, around.recall};
    line.more[who + "_probes"] = {around.below.probes, around.reaching.probes};
    line.more[who + "_rerank"] = around.reaching.rerank;
    line.more[who + "_at_reaching"] = std::round(one.rate_reaching);
    line.more[who + "_code_bytes"] = one.sweep->searched().code_bytes;
  }
};

}  // namespace bench

#endif  // ATLAS_BENCH_IVF_PQ_SEARCH_CASES_HPP
