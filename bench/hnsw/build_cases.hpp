// SPDX-License-Identifier: Apache-2.0
// bench/hnsw/build_cases.hpp -- what a graph costs to build: beside hnswlib, and on two threads beside one.
#ifndef ATLAS_BENCH_HNSW_BUILD_CASES_HPP
#define ATLAS_BENCH_HNSW_BUILD_CASES_HPP

#include "hnsw/case_frame.hpp"

#include <functional>

namespace bench {

class build_cases : private case_frame {
 public:
  using case_frame::case_frame;

  void run() {
    const std::string name = "build/" + set_.name();
    if (wants(name, set_.is_small())) beside_hnswlib(name);
    if (wants(name + "/threads=2", set_.is_small())) on_two_threads(name + "/threads=2");
  }

 private:
  /// One of those that take turns: adds rows [first, first + count).
  struct builder {
    std::function<void(std::size_t first, std::size_t count)> add;
    double seconds = 0;
    double cpu_seconds = 0;  ///< of all threads
    std::vector<double> turns = {};
  };
  /// Every builder adds every row, so many at a time, and each time another one goes first.
  static void build_in_turn(std::vector<builder>& builders, std::size_t rows, std::size_t at_once, clockid_t clock) {
    std::size_t turn = 0;
    for (std::size_t first = 0; first < rows; first += at_once, ++turn) {
      for (std::size_t i = 0; i < builders.size(); ++i) {
        builder& one = builders[(turn + i) % builders.size()];
        const double used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        const double start = seconds_of(clock);
        one.add(first, std::min(at_once, rows - first));
        one.turns.push_back(seconds_of(clock) - start);
        one.seconds += one.turns.back();
        one.cpu_seconds += seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used;
      }
    }
  }
  /// What the second builder takes over what the first takes, turn by turn, but for the first: there is no graph yet.
  static std::vector<double> ratios_of_turns(const std::vector<builder>& builders) {
    std::vector<double> ratios;
    for (std::size_t turn = 1; turn < builders[0].turns.size(); ++turn) {
      ratios.push_back(builders[1].turns[turn] / builders[0].turns[turn]);
    }
    return ratios;
  }
  static double recall_at_common_width(const engine& one, const truth& known) {
    return recall_curve(one, known).at(common_width);
  }

  /// Calls `then` with the truth about the rows that were built.
  template <class Then>
  void with_truth(const data_set& rows, Then then) {
    if (&rows == &set_.data()) return then(set_.known());
    const auto kth = exact_kth(rows, flat_of(rows), top_k);
    then(truth{rows, kth});
  }

  void beside_hnswlib(const std::string& name) {
    const data_set& rows = rows_to_build();
    const bool is_whole = &rows == &set_.data();
    const auto graph = std::make_shared<atlas_graph>(empty_graph(rows));
    std::vector<builder> builders;
    builders.push_back({[&](std::size_t first, std::size_t count) { add_rows(*graph, rows, first, count); }});
    std::shared_ptr<hnswlib_peer> peer;
    std::vector<float> units;
    if (hnswlib_peer::is_available()) {
      peer = empty_hnswlib(rows);
      if (!is_whole && set_.is_cosine()) units = unit_rows(rows.base, rows.dimension);
      const std::vector<float>& peer_rows = is_whole ? set_.peer_rows() : units.empty() ? rows.base : units;
      builders.push_back({[&](std::size_t first, std::size_t count) { peer->add(peer_rows.data(), first, count); }});
    }
    build_in_turn(builders, rows.rows, turn_rows, CLOCK_THREAD_CPUTIME_ID);

    const auto row_count = static_cast<double>(rows.rows);
    row one{.name = name, .atlas = row_count / builders[0].seconds, .unit = "rows/s"};
    one.more = {{"rows", rows.rows}, {"threads", 1}, {"atlas_seconds", builders[0].seconds}, {"width", common_width}};
    with_truth(rows, [&](const truth& known) {
      one.more["atlas_recall"] = recall_at_common_width(atlas_engine<atlas_graph>("atlas", graph, rows), known);
      if (peer) {
        one.more["peer_recall"] =
            recall_at_common_width(hnswlib_engine(peer, set_.peer_queries(), rows.dimension), known);
      }
    });
    if (peer) {
      const auto ratios = ratios_of_turns(builders);
      one.peer = "hnswlib";
      one.peer_value = row_count / builders[1].seconds;
      one.ratio = builders[1].seconds / builders[0].seconds;
      one.more["peer_seconds"] = builders[1].seconds;
      one.more["turn_ratio_median"] = rounded(median(ratios));
      one.more["turn_ratio_lower_quartile"] = rounded(quantile(ratios, 0.25));
    }
    print(one);
    if (!is_whole) return;
    set_.keep(*graph);
    if (peer) set_.keep(*peer);
  }

  void on_two_threads(const std::string& name) {
    const data_set& rows = rows_to_build();
    const auto by_two = std::make_shared<atlas_graph>(empty_graph(rows));
    const auto by_one = std::make_shared<atlas_graph>(empty_graph(rows));
    std::vector<builder> builders;
    builders.push_back({[&](std::size_t first, std::size_t count) { add_rows(*by_two, rows, first, count, 2); }});
    builders.push_back({[&](std::size_t first, std::size_t count) { add_rows(*by_one, rows, first, count, 1); }});
    // Longer turns, so that what two threads wait for each other at the end of one is little.
    build_in_turn(builders, rows.rows, 4 * turn_rows, CLOCK_MONOTONIC);
    const auto ratios = ratios_of_turns(builders);
    const auto row_count = static_cast<double>(rows.rows);
    row one{.name = name, .atlas = row_count / builders[0].seconds, .unit = "rows/s wall", .peer = "one thread"};
    one.peer_value = row_count / builders[1].seconds;
    one.ratio = builders[1].seconds / builders[0].seconds;
    one.more = {{"rows", rows.rows},
                {"turn_ratio_median", rounded(median(ratios))},
                {"turn_ratio_lower_quartile", rounded(quantile(ratios, 0.25))},
                {"cpus_had", rounded(builders[0].cpu_seconds / builders[0].seconds)},  // near 2, or others took them
                {"width", common_width}};
    with_truth(rows, [&](const truth& known) {
      one.more["recall"] = recall_at_common_width(atlas_engine<atlas_graph>("atlas", by_two, rows), known);
      one.more["recall_of_one_thread"] =
          recall_at_common_width(atlas_engine<atlas_graph>("atlas", by_one, rows), known);
    });
    print(one);
  }
};

}  // namespace bench

#endif  // ATLAS_BENCH_HNSW_BUILD_CASES_HPP
