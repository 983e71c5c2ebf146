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

  /// A graph over some of the rows, with all that measuring its recall takes.
  struct grown {
    data_set rows;
    std::vector<double> kth;
    engine searched;
    bracket around;
    std::vector<double> rates = {};
  };

  void measure(const std::string& name) {
    const std::vector<std::uint32_t> order = shuffled(set_.data().rows, 1);
    std::deque<grown> all;  // sides refer to its elements
    for (const std::size_t count : row_counts) {
      grown& one = all.emplace_back();
      one.rows = part_of(set_.data(), order, 0, count);
      one.kth = exact_kth(one.rows, flat_of(one.rows), top_k);
      const auto file = graph_file(one.rows, options_);
      auto graph = std::make_shared<const atlas_graph>(atlas_graph::open(file.c_str(), {.load = true}).value());
      one.searched = atlas_engine(std::to_string(count), std::move(graph), one.rows);
      const auto around = recall_curve(one.searched, {one.rows, one.kth}).around(common_recall);
      if (!around) return say_unreached(name, "atlas");
      one.around = *around;
    }
    const std::size_t queries = timed_queries();
    std::vector<side> sides;
    for (const grown& one : all) {
      sides.push_back(pass(one.searched, queries, one.around.first.width));
      sides.push_back(pass(one.searched, queries, one.around.second.width));
    }
    race(sides, {.rounds = rounds()});
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i].rates = rates_at(common_recall, all[i].around, queries, sides[2 * i], sides[2 * i + 1]);
    }
    std::vector<double> growths;
    for (std::size_t round = 0; round < all.front().rates.size(); ++round) {
      growths.push_back(all.front().rates[round] / all.back().rates[round]);
    }
    const double logs =
        std::log(static_cast<double>(all.back().rows.rows)) / std::log(static_cast<double>(all.front().rows.rows));
    row line{.name = name, .atlas = median(growths) / (logs * logs), .unit = "of log^2"};
    line.more = {{"recall", common_recall}, {"rounds", growths.size()}, {"cost_ratio", rounded(median(growths))}};
    for (const grown& one : all) {
      line.more["rows"].push_back(one.rows.rows);
      line.more["queries_per_second"].push_back(rounded(median(one.rates)));
      line.more["widths"].push_back({one.around.first.width, one.around.second.width});
      line.more["recalls"].push_back({one.around.first.recall, one.around.second.recall});
    }
    print(line);
  }
};

}  // namespace bench

#endif  // ATLAS_BENCH_HNSW_GROWTH_CASES_HPP
