// SPDX-License-Identifier: Apache-2.0
// bench/hnsw/filter_cases.hpp -- searches of which only some keys may be answers, at the same recall: the graph with a
// bitmap, hnswlib searched for more and filtered afterwards, and a scan of the allowed rows.
#ifndef ATLAS_BENCH_HNSW_FILTER_CASES_HPP
#define ATLAS_BENCH_HNSW_FILTER_CASES_HPP

#include "hnsw/case_frame.hpp"

#include <algorithm>
#include <stdexcept>

namespace bench {

class filter_cases : private case_frame {
 public:
  using case_frame::case_frame;

  void run() {
    static constexpr struct {
      const char* name;
      double share;
      bool when_quick;
    } shares[] = {{"0.1%", 0.001, false}, {"1%", 0.01, true}, {"10%", 0.1, true}, {"50%", 0.5, false}};
    for (const auto& one : shares) {
      const std::string name = std::string("filter=") + one.name + "/" + set_.name();
      if (wants(name, one.when_quick && set_.is_small())) compare(name, one.share);
    }
  }

 private:
  /// Queries that recall is measured on; with the fewest rows allowed, hnswlib takes a twentieth of a second for each.
  [[nodiscard]] std::size_t queries_for_recall(double share) const {
    return options_.quick || share < 0.01 ? 100 : 200;
  }
  /// Where hnswlib needs so many rows, they are as many as hold the allowed ones, and a wider search only costs more.
  static constexpr std::size_t most_rows_worth_a_wider_search = 500;

  struct chosen {
    engine searched;
    std::size_t width = 0;
    double recall = 0;
    std::size_t factor = 1;
  };

  void compare(const std::string& name, double share) {
    const data_set& set = set_.data();
    const auto allowed_rows = static_cast<std::size_t>(share * static_cast<double>(set.rows) + 0.5);
    const std::vector<std::uint32_t> order = shuffled(set.rows, 2);
    std::vector<std::uint64_t> bitmap((set.rows + 63) / 64);
    for (std::size_t i = 0; i < allowed_rows; ++i) bitmap[order[i] / 64] |= std::uint64_t{1} << (order[i] % 64);
    const atlas::filter allowed{bitmap.data(), set.rows};
    const auto kth = exact_kth(set, *set_.all_rows(), top_k, allowed);
    const truth known{set, kth};
    const std::size_t queries = queries_for_recall(share);

    std::vector<chosen> ours;
    for (const graph_form& form : graph_forms) {
      auto graph = std::make_shared<const atlas_graph>(atlas_graph::open(set_.file(form).c_str(), {.load = true}).value());
      auto one = least(atlas_engine(form.name, std::move(graph), set, allowed), known, queries);
      if (!one) return say_unreached(name, std::string("atlas ") + form.name);
      ours.push_back(std::move(*one));
    }
    const auto scan = least(scan_of_allowed(allowed), known, queries);
    if (!scan) throw std::runtime_error(name + ": the exact scan is wrong");
    const auto theirs = best_of_hnswlib(allowed, known, queries);
    if (!theirs && hnswlib_peer::is_available()) say_unreached(name, "hnswlib");
    time_all(name, allowed_rows, queries, ours, *scan, theirs);
  }

  /// The least width at which an engine reaches the common recall.
  std::optional<chosen> least(engine one, const truth& known, std::size_t queries) {
    std::vector<std::uint64_t> keys;
    const auto found = smallest_reaching(top_k, known.set.rows, common_recall, [&](std::size_t width) {
      one.answer(queries, width, keys);
      return recall_of(known, keys);
    });
    if (!found) return std::nullopt;
    return chosen{std::move(one), found->width, found->recall};
  }

  /// How ATLAS looks at the allowed rows alone: every one of them is compared.
  engine scan_of_allowed(const atlas::filter& allowed) {
    return atlas_engine("exact scan", set_.all_rows(), set_.data(), allowed);
  }

  /// hnswlib 0.6.2 has no filter: it is asked for `width` rows with a list `factor` times as long, and the nearest that
  /// are allowed are kept.
  engine hnswlib_filtered_afterwards(const atlas::filter& allowed, std::size_t factor) {
    const std::size_t dimension = set_.data().dimension;
    const auto search = [graph = set_.hnswlib_graph(), allowed, factor, dimension,
                         nearest = std::vector<std::uint64_t>(set_.data().rows)](
                            const float* queries, std::size_t count, std::size_t width, std::uint64_t* keys) mutable {
      for (std::size_t q = 0; q < count; ++q) {
        std::size_t left = graph->search(queries + q * dimension, width, width * factor, nearest.data());
        std::size_t kept = 0;
        while (kept < top_k && left > 0) {
          const std::uint64_t key = nearest[--left];
          if (allowed.allows(key)) keys[q * top_k + kept++] = key;
        }
        std::fill(keys + q * top_k + kept, keys + (q + 1) * top_k, atlas::reserved_key);
      }
    };
    return {"hnswlib", search, &set_.peer_queries(), dimension};
  }
  std::optional<chosen> best_of_hnswlib(const atlas::filter& allowed, const truth& known, std::size_t queries) {
    if (!hnswlib_peer::is_available()) return std::nullopt;
    std::optional<chosen> best;
    double best_seconds = 0;
    for (const std::size_t factor : {1U, 2U, 4U}) {
      if (best && best->width > most_rows_worth_a_wider_search) break;
      auto one = least(hnswlib_filtered_afterwards(allowed, factor), known, queries);
      if (!one) continue;
      one->factor = factor;
      const double seconds = seconds_of_pass(*one, queries);
      if (best && seconds >= best_seconds) continue;
      best = std::move(one);
      best_seconds = seconds;
    }
    return best;
  }
  static double seconds_of_pass(const chosen& one, std::size_t queries) {
    std::vector<std::uint64_t> keys;
    const double start = thread_seconds();
    one.searched.answer(queries, one.width, keys);
    return thread_seconds() - start;
  }

  void time_all(const std::string& name, std::size_t allowed_rows, std::size_t queries, const std::vector<chosen>& ours,
                const chosen& scan, const std::optional<chosen>& theirs) {
    // So many queries a pass that the slowest takes no longer than this.
    const double most_seconds = options_.quick ? 0.1 : 0.5;
    double slowest = seconds_of_pass(scan, queries);
    for (const chosen& one : ours) slowest = std::max(slowest, seconds_of_pass(one, queries));
    if (theirs) slowest = std::max(slowest, seconds_of_pass(*theirs, queries));
    const double fitting = static_cast<double>(queries) * most_seconds / slowest;
    const auto count = static_cast<std::size_t>(std::clamp(fitting, 20.0, static_cast<double>(queries)));

    std::vector<side> sides{pass(scan.searched, count, scan.width)};
    for (const chosen& one : ours) sides.push_back(pass(one.searched, count, one.width));
    if (theirs) sides.push_back(pass(theirs->searched, count, theirs->width));
    race(sides, {.rounds = rounds()});
    const scale how{static_cast<double>(count), "queries/s"};
    for (std::size_t i = 0; i < ours.size(); ++i) {
      const auto report = [&](const side& peer, const nlohmann::json& about_peer) {
        nlohmann::json all = {{"allowed_rows", allowed_rows}, {"recall", ours[i].recall}, {"width", ours[i].width}, {"queries", count}};
        all.update(about_peer);
        report_pair("hnsw", name + "/" + graph_forms[i].name, how, sides[1 + i], peer, peer.name, all, options_.json);
      };
      if (theirs) {
        report(sides.back(), {{"peer_recall", theirs->recall},
                              {"peer_k", theirs->width},
                              {"peer_width", theirs->width * theirs->factor}});
      }
      report(sides[0], {{"peer_recall", scan.recall}});
    }
  }
};

}  // namespace bench

#endif  // ATLAS_BENCH_HNSW_FILTER_CASES_HPP
