// SPDX-License-Identifier: Apache-2.0
// bench/ivf_pq/build_cases.hpp -- what training and adding take beside faiss, and k-means alone: its time and its error.
#ifndef ATLAS_BENCH_IVF_PQ_BUILD_CASES_HPP
#define ATLAS_BENCH_IVF_PQ_BUILD_CASES_HPP

#include <atlas/quantize/assign_to_centroids.hpp>  // assign_to_centroids
#include <atlas/quantize/kmeans.hpp>               // kmeans

#include "ivf_pq/case_frame.hpp"

#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

namespace bench {

class build_cases : private case_frame {
 public:
  using case_frame::case_frame;

  void run() {
    if (set_.name() != small_set && set_.name() != large_set) return;
    const std::string name = "build/" + set_.name();
    if (wants(name, set_.is_small())) lists(name);
    if (wants(name + "/kmeans", set_.is_small())) clusters(name + "/kmeans");
  }

 private:
  static constexpr char large_set[] = "mnist-784";

  [[nodiscard]] int build_rounds() const { return options_.quick ? 1 : 5; }
  /// Of all threads, should one of either side start any.
  static double seconds_to(const std::function<void()>& work) {
    const double start = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    work();
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID) - start;
  }
  static std::vector<double> ratios_of(const std::vector<double>& ours, const std::vector<double>& theirs) {
    std::vector<double> ratios;
    for (std::size_t round = 0; round < ours.size(); ++round) ratios.push_back(theirs[round] / ours[round]);
    return ratios;
  }

  static double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  }

  /// Whole indexes, one after the other in each round, and what each finds at one point.
  void lists(const std::string& name) {
    const data_set& set = set_.data();
    const std::size_t parts = set_.parts().front();
    std::vector<double> ours;
    std::vector<double> theirs;
    std::optional<atlas_lists> index;
    std::shared_ptr<faiss_ivf_peer> peer;
    const std::vector<float>& peer_rows = set_.graphs().peer_rows();
    for (int round = 0; round < build_rounds(); ++round) {
      index.reset();
      ours.push_back(seconds_to([&] { index.emplace(built_lists(set, parts)); }));
      if (!faiss_ivf_peer::is_available()) continue;
      peer.reset();
      theirs.push_back(seconds_to([&] {
        peer = std::make_shared<faiss_ivf_peer>(set.dimension, set_.peer_takes_products(), list_count, parts);
        peer->build(peer_rows.data(), set.rows);
      }));
    }
    const auto rows = static_cast<double>(set.rows);
    row one{.name = name, .atlas = rows / median(ours), .unit = "rows/s"};
    one.more = {{"rows", set.rows},
                {"dimension", set.dimension},
                {"threads", 1},
                {"lists", list_count},
                {"iterations", list_iterations},
                {"rounds", ours.size()},
                {"probes", common_point.probes},
                {"rerank", common_point.rerank},
                {"atlas_seconds", rounded(median(ours))}};
    const auto shared = std::make_shared<const atlas_lists>(std::move(*index));
    one.more["atlas_recall"] = recall_at(atlas_engine(shared, set), common_point, set.query_count);
    if (peer) {
      const auto ratios = ratios_of(ours, theirs);
      one.peer = "faiss";
      one.peer_value = rows / median(theirs);
      one.ratio = median(ratios);
      one.asked = asked_of_build;
      one.more["peer_seconds"] = rounded(median(theirs));
      one.more["peer_recall"] =
          recall_at(faiss_engine(peer, set_.graphs().peer_queries()), common_point, set.query_count);
      one.more["ratio_lower_quartile"] = rounded(quantile(ratios, 0.25));
    }
    print(one);
  }

  /// The same rows, centroids and iterations, with another seed in each round.
  void clusters(const std::string& name) {
    const data_set& set = set_.data();
    const auto rows = atlas::dense(set.base.data(), set.rows, set.dimension);
    std::vector<double> ours;
    std::vector<double> theirs;
    std::vector<double> our_errors;
    std::vector<double> their_errors;
    std::vector<float> centroids(list_count * set.dimension);
    const bool has_peer = faiss_ivf_peer::is_available();
    for (int round = 0; round < build_rounds(); ++round) {
      const int seed = round + 1;
      std::optional<atlas::kmeans_result> found;
      ours.push_back(seconds_to([&] {
        found.emplace(atlas::kmeans(rows, {.clusters = list_count,
                                           .iterations = list_iterations,
                                           .seed = static_cast<std::uint64_t>(seed)})
                          .value());
      }));
      our_errors.push_back(error_of(rows, found->centroids.data()));
      if (!has_peer) continue;
      theirs.push_back(seconds_to([&] {
        faiss_kmeans(set.base.data(), set.rows, set.dimension, list_count, list_iterations, seed, centroids.data());
      }));
      their_errors.push_back(error_of(rows, centroids.data()));
    }
    row time{.name = name, .atlas = median(ours), .unit = "s"};
    row error{.name = name + "/error", .atlas = mean(our_errors), .unit = "mean squared"};
    time.more = {{"rows", set.rows},
                 {"dimension", set.dimension},
                 {"threads", 1},
                 {"clusters", list_count},
                 {"iterations", list_iterations},
                 {"rounds", build_rounds()}};
    error.more = time.more;
    error.more["atlas_least_and_most"] = {quantile(our_errors, 0), quantile(our_errors, 1)};
    if (has_peer) {
      const auto ratios = ratios_of(ours, theirs);
      time.peer = error.peer = "faiss";
      time.peer_value = median(theirs);
      time.ratio = median(ratios);
      time.asked = asked_of_build;
      time.more["ratio_lower_quartile"] = rounded(quantile(ratios, 0.25));
      error.peer_value = mean(their_errors);
      error.ratio = error.peer_value / error.atlas;
      error.more["peer_least_and_most"] = {quantile(their_errors, 0), quantile(their_errors, 1)};
      error.asked = asked_of_error;
    }
    print(time);
    print(error);
  }
  /// The mean squared distance of a row to its nearest centroid, whoever made them.
  static double error_of(const atlas::matrix_view& rows, const float* centroids) {
    std::vector<std::uint32_t> ids(rows.rows);
    std::vector<float> distances(rows.rows);
    const auto all = atlas::dense(centroids, list_count, rows.dimension);
    (void)atlas::assign_to_centroids(rows, all, {}, ids.data(), distances.data()).value();
    double sum = 0;
    for (const float distance : distances) sum += static_cast<double>(distance);
    return sum / static_cast<double>(rows.rows);
  }
};

}  // namespace bench

#endif  // ATLAS_BENCH_IVF_PQ_BUILD_CASES_HPP
