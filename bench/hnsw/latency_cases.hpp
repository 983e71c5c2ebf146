// SPDX-License-Identifier: Apache-2.0
// bench/hnsw/latency_cases.hpp -- how long single queries take, and how many are answered while vectors are added.
#ifndef ATLAS_BENCH_HNSW_LATENCY_CASES_HPP
#define ATLAS_BENCH_HNSW_LATENCY_CASES_HPP

#include "hnsw/case_frame.hpp"

#include <sys/resource.h>  // getrusage

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

namespace bench {

class latency_cases : private case_frame {
 public:
  using case_frame::case_frame;

  void run() {
    const std::string name = "latency/" + set_.name();
    if (wants(name, set_.is_small())) single_queries(name);
    if (wants(name + "/adding", set_.is_small())) beside_adding(name + "/adding");
  }

 private:
  // --- one query after the other, each by the wall -------------------------------------------------------------------
  struct timed {
    const engine* one = nullptr;
    point at;
    std::vector<std::vector<double>> of_query;  ///< seconds of each query, one number a round
    std::vector<double> medians = {};           ///< of each round, over its queries
    std::vector<double> p99s = {};
    std::vector<double> p99s_to_median = {};
    std::size_t interrupted = 0;  ///< queries that were asked again
  };

  void single_queries(const std::string& name) {
    const std::size_t queries = set_.data().query_count;
    std::vector<timed> all;
    const auto enter = [&](searched_graph& graph) {
      const auto around = graph.curve.around(common_recall);
      if (!around) return say_unreached(name, graph.searched.name);
      all.push_back({&graph.searched, around->second, std::vector<std::vector<double>>(queries)});
    };
    enter(set_.dynamic());
    if (all.empty()) return;
    if (hnswlib_peer::is_available()) enter(set_.hnswlib());
    for (int round = -1; round < rounds(); ++round) {  // round -1 warms up
      for (timed& one : all) time_queries(one, queries, round >= 0);
    }
    row line{.name = name, .atlas = median(all[0].p99s_to_median), .unit = "p99/median"};
    line.more = {{"rounds", rounds()}};
    const auto say = [&line](const std::string& who, const timed& one) {
      line.more[who + "width"] = one.at.width;
      line.more[who + "recall"] = one.at.recall;
      line.more[who + "median_us"] = rounded(1e6 * median(one.medians));
      line.more[who + "p99_us"] = rounded(1e6 * median(one.p99s));
      line.more[who + "interrupted"] = one.interrupted;
      // Of each query its median over the rounds: what the machine's moods leave of the difference between queries.
      std::vector<double> quiet;
      for (const auto& seconds : one.of_query) quiet.push_back(median(seconds));
      line.more[who + "p99_to_median_of_queries"] = rounded(quantile(quiet, 0.99) / median(quiet));
    };
    say("", all[0]);
    if (all.size() > 1) {
      line.peer = "hnswlib";
      line.peer_value = median(all[1].p99s_to_median);
      line.ratio = line.peer_value / line.atlas;
      say("peer_", all[1]);
    }
    print(line);
  }

  /// How often this thread lost its core to another. What that takes, 4 ms and more, says nothing of the search, so the
  /// query is asked again.
  static long times_interrupted() {
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nivcsw;
  }
  static constexpr int most_attempts = 10;

  static void time_queries(timed& one, std::size_t queries, bool counts) {
    std::uint64_t keys[top_k];
    std::vector<double> seconds(queries);
    for (std::size_t q = 0; q < queries; ++q) {
      const float* const query = one.one->queries->data() + q * one.one->dimension;
      for (int attempt = 0; attempt < most_attempts; ++attempt) {
        const long before = times_interrupted();
        const double start = wall_seconds();
        one.one->search(query, 1, one.at.width, keys);
        seconds[q] = wall_seconds() - start;
        if (times_interrupted() == before) break;
        ++one.interrupted;
      }
    }
    if (!counts) return;
    for (std::size_t q = 0; q < queries; ++q) one.of_query[q].push_back(seconds[q]);
    one.medians.push_back(median(seconds));
    one.p99s.push_back(quantile(seconds, 0.99));
    one.p99s_to_median.push_back(one.p99s.back() / one.medians.back());
  }

  // --- searches beside additions -------------------------------------------------------------------------------------
  /// Adds rows to a graph, some at a time, on a thread of its own from the first block on until it is told to stop.
  class adder {
   public:
    static constexpr std::size_t block = 50;

    adder(atlas_graph& graph, const data_set& rows, std::size_t& next, std::uint64_t first_key)
        : thread_([this, &graph, &rows, &next, first_key] { work(graph, rows, next, first_key); }) {
      while (added_.load() == 0) std::this_thread::yield();
    }
    adder(const adder&) = delete;
    adder& operator=(const adder&) = delete;
    ~adder() { stop(); }
    /// @return rows added a second, since the first block
    double stop() {
      is_told_.store(true);
      if (thread_.joinable()) thread_.join();
      return rate_;
    }

   private:
    void work(atlas_graph& graph, const data_set& rows, std::size_t& next, std::uint64_t first_key) {
      double start = 0;
      std::size_t counted = 0;
      std::vector<std::uint64_t> keys;
      while (!is_told_.load() && next < rows.rows) {
        const std::size_t count = std::min(block, rows.rows - next);
        keys.clear();
        for (std::size_t i = 0; i < count; ++i) keys.push_back(first_key + next + i);
        graph.add(keys, atlas::dense(rows.row(next), count, rows.dimension)).value();
        next += count;
        if (start == 0) {
          start = wall_seconds();
        } else {
          counted += count;
        }
        added_.fetch_add(count);
      }
      rate_ = static_cast<double>(counted) / (wall_seconds() - start);
    }

    std::atomic<std::size_t> added_{0};
    std::atomic<bool> is_told_{false};
    double rate_ = 0;
    std::thread thread_;
  };

  /// A graph over the first three quarters of the rows, and how far the last quarter was added to it.
  struct growing {
    std::shared_ptr<atlas_graph> graph;
    std::size_t next = 0;

    explicit growing(const std::filesystem::path& file)
        : graph(std::make_shared<atlas_graph>(
              atlas_graph::open(file.c_str(), {.mode = atlas::open_mode::change, .load = true}).value())) {}
  };

  void beside_adding(const std::string& name) {
    const data_set& set = set_.data();
    const std::vector<std::uint32_t> order = shuffled(set.rows, 3);
    const std::size_t stored = set.rows / 4 * 3;
    const data_set first = part_of(set, order, 0, stored);
    const data_set rest = part_of(set, order, stored, set.rows - stored);
    const auto kth = exact_kth(first, flat_of(first), top_k);
    const auto file = graph_file(first, options_);

    auto searched = std::make_unique<growing>(file);
    auto other = std::make_unique<growing>(file);
    engine one = atlas_engine<atlas_graph>("atlas", searched->graph, first);
    const auto around = recall_curve(one, {first, kth}).around(common_recall);
    if (!around) return say_unreached(name, "atlas");
    const std::size_t width = around->second.width;

    const double seconds = options_.quick ? 0.15 : 0.3;
    std::vector<double> alone, beside, ratios, ratios_elsewhere, added, cpus;
    for (int round = -1; round < rounds(); ++round) {  // round -1 warms up
      if (searched->next > rest.rows / 2) {
        searched = std::make_unique<growing>(file);
        one = atlas_engine<atlas_graph>("atlas", searched->graph, first);
      }
      if (other->next > rest.rows / 2) other = std::make_unique<growing>(file);
      const double by_itself = queries_a_second(one, first.query_count, width, seconds);
      adder adding(*searched->graph, rest, searched->next, first.rows);
      const double used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
      const double start = wall_seconds();
      const double while_adding = queries_a_second(one, first.query_count, width, seconds);
      const double cpus_had = (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used) / (wall_seconds() - start);
      const double added_a_second = adding.stop();
      // The same additions to a graph that is not searched: what the two cores take from each other.
      adder adding_elsewhere(*other->graph, rest, other->next, first.rows);
      const double beside_another = queries_a_second(one, first.query_count, width, seconds);
      adding_elsewhere.stop();
      if (searched->next == rest.rows || other->next == rest.rows) {  // then the last searches were alone
        std::fprintf(stderr, "%s: the rows to add do not last for a round\n", name.c_str());
        return;
      }
      if (round < 0) continue;
      alone.push_back(by_itself);
      beside.push_back(while_adding);
      added.push_back(added_a_second);
      cpus.push_back(cpus_had);
      ratios.push_back(while_adding / by_itself);
      ratios_elsewhere.push_back(beside_another / by_itself);
    }
    row line{.name = name, .atlas = median(ratios), .unit = "of alone, wall"};
    line.more = {{"lower_quartile", rounded(quantile(ratios, 0.25))},
                 {"rounds", rounds()},
                 {"width", width},
                 {"queries_per_second_alone", rounded(median(alone))},
                 {"queries_per_second", rounded(median(beside))},
                 {"added_per_second", rounded(median(added))},
                 {"cpus_had", rounded(median(cpus))},  // near 2, or others took them
                 {"of_alone_while_another_graph_grows", rounded(median(ratios_elsewhere))}};
    print(line);
  }

  /// By the wall, over as many queries as fit.
  static double queries_a_second(const engine& one, std::size_t queries, std::size_t width, double seconds) {
    std::uint64_t keys[top_k];
    std::size_t answered = 0;
    const double start = wall_seconds();
    double now = start;
    for (; now - start < seconds; now = wall_seconds()) {
      const std::size_t q = answered++ % queries;
      one.search(one.queries->data() + q * one.dimension, 1, width, keys);
    }
    return static_cast<double>(answered) / (now - start);
  }
};

}  // namespace bench

#endif  // ATLAS_BENCH_HNSW_LATENCY_CASES_HPP
