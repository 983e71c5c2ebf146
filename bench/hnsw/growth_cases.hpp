// SPDX-License-Identifier: Apache-2.0
// bench/hnsw/growth_cases.hpp -- how the cost of a query grows with the rows.
#ifndef ATLAS_BENCH_HNSW_GROWTH_CASES_HPP
#define ATLAS_BENCH_HNSW_GROWTH_CASES_HPP

#include "hnsw/case_frame.hpp"

#include <cmath>
#include <deque>
#include <memory>

namespace bench {

class growth_cases : private case_frame {
 public:
  using case_frame::case_frame;

  void run() {
    const std::string name = "growth/" + set_.name();
    if (set_.is_small() && wants(name, true)) measure(name);
  }

 private:
  static constexpr std::size_t row_counts[] = {10'000, 20'000, 40'000, 80'000};

  /// One kind of graph over some of the rows.
  struct grown {
    engine searched;
    bracket around;
    std::vector<double> rates = {};
  };
  /// Some of the rows, and who searches them.
  struct part {
    data_set rows;
    std::vector<double> kth;
    std::vector<grown> graphs = {};  ///< ATLAS's, and hnswlib's where it is there
  };

  void measure(const std::string& name) {
    const std::vector<std::uint32_t> order = shuffled(set_.data().rows, 1);
    std::deque<part> parts;  // engines refer to its elements
    for (const std::size_t count : row_counts) {
      part& one = parts.emplace_back();
      one.rows = part_of(set_.data(), order, 0, count);
      one.kth = exact_kth(one.rows, flat_of(one.rows), top_k);
      const auto file = graph_file(one.rows, options_);
      auto graph = std::make_shared<const atlas_graph>(atlas_graph::open(file.c_str(), {.load = true}).value());
      if (!take(one, atlas_engine("atlas", std::move(graph), one.rows))) return say_unreached(name, "atlas");
      if (!hnswlib_peer::is_available()) continue;
      auto peer = empty_hnswlib(one.rows);
      peer->add(one.rows.base.data(), 0, one.rows.rows);
      if (!take(one, hnswlib_engine(std::move(peer), one.rows.queries, one.rows.dimension))) return say_unreached(name, "hnswlib");
    }
    const std::size_t queries = timed_queries();
    std::vector<side> sides;
    for (const part& one : parts) {
      for (const grown& graph : one.graphs) {
        sides.push_back(pass(graph.searched, queries, graph.around.first.width));
        sides.push_back(pass(graph.searched, queries, graph.around.second.width));
      }
    }
    race(sides, {.rounds = rounds()});
    std::size_t next = 0;
    for (part& one : parts) {
      for (grown& graph : one.graphs) {
        graph.rates = rates_at(common_recall, graph.around, queries, sides[next], sides[next + 1]);
        next += 2;
      }
    }
    const double logs = std::log(static_cast<double>(row_counts[3])) / std::log(static_cast<double>(row_counts[0]));
    const double cost_ratio = growth_of(parts, 0);
    row line{.name = name, .atlas = cost_ratio / (logs * logs), .unit = "of log^2"};
    line.more = {{"recall", common_recall}, {"rounds", parts.front().graphs[0].rates.size()}, {"cost_ratio", rounded(cost_ratio)}};
    if (parts.front().graphs.size() > 1) line.more["peer_cost_ratio"] = rounded(growth_of(parts, 1));
    for (const part& one : parts) {
      const grown& ours = one.graphs[0];
      line.more["rows"].push_back(one.rows.rows);
      line.more["queries_per_second"].push_back(rounded(median(ours.rates)));
      if (one.graphs.size() > 1) line.more["peer_queries_per_second"].push_back(rounded(median(one.graphs[1].rates)));
      line.more["widths"].push_back({ours.around.first.width, ours.around.second.width});
      line.more["recalls"].push_back({ours.around.first.recall, ours.around.second.recall});
    }
    print(line);
  }
  /// Keeps an engine with the widths around the common recall; false if there are none.
  static bool take(part& of, engine one) {
    const auto around = recall_curve(one, {of.rows, of.kth}).around(common_recall);
    if (around) of.graphs.push_back({std::move(one), *around});
    return around.has_value();
  }
  /// How many times the time a query takes over the most rows that it takes over the fewest.
  static double growth_of(const std::deque<part>& parts, std::size_t which) {
    const std::vector<double>& few = parts.front().graphs[which].rates;
    const std::vector<double>& many = parts.back().graphs[which].rates;
    std::vector<double> growths;
    for (std::size_t round = 0; round < few.size(); ++round) growths.push_back(few[round] / many[round]);
    return median(growths);
  }
};

}  // namespace bench

#endif  // ATLAS_BENCH_HNSW_GROWTH_CASES_HPP
