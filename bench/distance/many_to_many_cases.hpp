// SPDX-License-Identifier: Apache-2.0
// bench/distance/many_to_many_cases.hpp -- all distances of many queries, and their ten nearest rows.
#ifndef ATLAS_BENCH_DISTANCE_MANY_TO_MANY_CASES_HPP
#define ATLAS_BENCH_DISTANCE_MANY_TO_MANY_CASES_HPP

#include <atlas/distance.hpp>  // distances, nearest

#include "distance/case_frame.hpp"
#include "distance/float_checks.hpp"
#include "peers/faiss_peer.hpp"
#include "peers/openblas_peer.hpp"
#include "support/data_set.hpp"
#include "support/pages.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

namespace bench {

/// All distances of many queries on one thread; their ten nearest rows on many.
class many_to_many_cases : private case_frame {
 public:
  using case_frame::case_frame;

  void run() {
    matrices();
    many_to_many();
    same_top_10();
  }

 private:
  // --- many queries: all distances ---------------------------------------------------------------------------------
  void matrices() {
    for (const bool is_l2sq : {true, false}) {
      for (const std::size_t dimension : {std::size_t{96}, std::size_t{784}}) {
        for (const std::size_t queries : {std::size_t{8}, std::size_t{16}, std::size_t{48}, std::size_t{256}}) {
          const std::string name = std::string("matrix/") + (is_l2sq ? "l2sq/" : "ip/") + std::to_string(dimension) +
                                   "/" + std::to_string(queries);
          if (options_.wants(name)) matrix(name, is_l2sq, dimension, queries);
        }
      }
    }
  }

  void matrix(const std::string& name, bool is_l2sq, std::size_t dimension, std::size_t query_count) {
    constexpr std::size_t row_count = 4096;
    const metric which = is_l2sq ? metric::l2sq : metric::inner_product;
    std::vector<float> query_values(query_count * dimension), row_values(row_count * dimension);
    fill_random(scalar::f32, reinterpret_cast<char*>(query_values.data()), query_values.size() * sizeof(float), 1);
    fill_random(scalar::f32, reinterpret_cast<char*>(row_values.data()), row_values.size() * sizeof(float), 2);
    const auto queries = atlas::dense(query_values.data(), query_count, dimension);
    const auto rows = atlas::dense(row_values.data(), row_count, dimension);
    std::vector<float> ours(query_count * row_count), one_by_one(ours.size()), theirs(ours.size());

    std::vector<side> sides{
        {"atlas", [&] { require_ok(atlas::distances(queries, rows, which, ours.data())); }},
        {"one query after another", [&] {
           for (std::size_t query = 0; query < query_count; ++query) {
             require_ok(atlas::distances(queries.row(query), rows, which, one_by_one.data() + query * row_count));
           }
         }}};
    if (is_l2sq && has_faiss()) {
      sides.push_back({"faiss::pairwise_L2sqr", [&] {
                         faiss_l2sq_matrix(queries.data, query_count, rows.data, dimension, row_count, theirs.data());
                       }});
    }
    if (!is_l2sq && has_openblas()) {
      sides.push_back({"openblas", [&] {
                         openblas_dots(queries.data, query_count, rows.data, dimension, row_count, theirs.data());
                       }});
    }
    for (const side& one : sides) one.call();
    const meaning distance = is_l2sq ? meaning::l2sq : meaning::product_distance;
    for (std::size_t query = 0; query < query_count; ++query) {
      const std::size_t first = query * row_count;
      check_floats("atlas", distance, queries.row(query), rows.data, dimension, nullptr, row_count,
                   ours.data() + first);
      check_floats(sides[1].name, distance, queries.row(query), rows.data, dimension, nullptr, row_count,
                   one_by_one.data() + first);
      if (sides.size() == 2) continue;
      check_floats(sides[2].name, is_l2sq ? meaning::l2sq : meaning::product, queries.row(query), rows.data, dimension,
                   nullptr, row_count, theirs.data() + first);
    }
    race(sides, rules());
    report_all(name, {static_cast<double>(query_count * row_count) * 1e-6, "million distances/s"}, sides, 2);
  }

  // --- many queries: the ten nearest of 60,000 x 784 -------------------------------------------------------------------
  static constexpr std::size_t k = 10;
  /// How long threads may spin after their work: libgomp's 90 ms if OMP_WAIT_POLICY is not set (measured), OpenBLAS's
  /// 2^26 cycles (its THREAD_TIMEOUT).
  static constexpr double spinning_seconds = 0.1;

  struct top_10 {
    std::vector<atlas::neighbour> found;
    std::vector<std::uint32_t> counts;
  };
  [[nodiscard]] top_10 make_room(std::size_t queries) const {
    return {std::vector<atlas::neighbour>(queries * k), std::vector<std::uint32_t>(queries)};
  }

  void search(atlas::matrix_view queries, atlas::matrix_view rows, metric which, atlas::first_pass pass,
              top_10& into) const {
    const atlas::nearest_options options{.k = k, .threads = threads_, .first_pass = pass};
    require_ok(atlas::nearest(queries, rows, which, options, into.found.data(), into.counts.data()));
  }

  /// The share of queries whose every hit is, by its exact distance, no further than the true k-th, times 1 + `slack`.
  static double right_share(const data_set& set, const std::vector<double>& kth, std::size_t queries, double slack,
                            const std::function<std::size_t(std::size_t query, std::size_t rank)>& id) {
    std::size_t right = 0;
    for (std::size_t q = 0; q < queries; ++q) {
      bool all = true;
      for (std::size_t rank = 0; rank < k; ++rank) {
        const std::size_t row = id(q, rank);
        all = all && row < set.rows && set.exact(q, row) <= kth[q] + std::abs(kth[q]) * slack;
      }
      right += all ? 1 : 0;
    }
    return static_cast<double>(right) / static_cast<double>(queries);
  }

  void many_to_many() {
    constexpr std::size_t batches[] = {1, 16, 64, 1000};
    const std::string prefix = "nearest/mnist-784/";
    bool any = options_.wants(prefix + "1000/bf16") || options_.wants(prefix + "1000/i8");
    for (const std::size_t queries : batches) any = any || options_.wants(prefix + std::to_string(queries));
    if (!any) return;
    const auto set = load_data_set("mnist-784", options_.data, options_.cache);
    const auto kth = set.kth_distances(k);
    const pages rows_pages(set.base.size() * sizeof(float));
    std::copy(set.base.begin(), set.base.end(), rows_pages.as<float>());
    const auto rows = atlas::dense(rows_pages.as<const float>(), set.rows, set.dimension);
    std::optional<faiss_flat_peer> faiss;
    if (has_faiss()) {
      faiss.emplace(rows.data, set.dimension, set.rows);
      make_pages_huge(faiss->rows(), faiss->row_bytes());
    }
    for (const std::size_t count : batches) {
      const std::string name = prefix + std::to_string(count);
      std::vector<std::pair<std::string, atlas::first_pass>> passes{{name, atlas::first_pass::f32}};
      if (count == 1000) {
        passes.push_back({name + "/bf16", atlas::first_pass::bf16});
        passes.push_back({name + "/i8", atlas::first_pass::i8});
      }
      std::erase_if(passes, [this](const auto& one) { return !options_.wants(one.first); });
      if (!passes.empty() && count <= set.query_count) nearest_of(set, kth, rows, count, passes, faiss);
    }
  }

  void nearest_of(const data_set& set, const std::vector<double>& kth, atlas::matrix_view rows, std::size_t count,
                  const std::vector<std::pair<std::string, atlas::first_pass>>& passes,
                  const std::optional<faiss_flat_peer>& faiss) {
    const auto queries = atlas::dense(set.queries.data(), count, set.dimension);
    top_10 ours = make_room(count);
    std::vector<side> sides;
    for (const auto& [name, pass] : passes) {
      sides.push_back({name, [&, first = pass] { search(queries, rows, metric::l2sq, first, ours); }});
      sides.back().call();
      const double right = right_share(set, kth, count, 2 * static_cast<double>(set.dimension + 3) * half_ulp,
                                       [&](std::size_t q, std::size_t rank) { return ours.found[q * k + rank].id; });
      if (right < (pass == atlas::first_pass::f32 ? 1.0 : 0.999)) throw std::runtime_error(name + ": wrong rows");
    }
    std::vector<float> their_distances(count * k);
    std::vector<std::int64_t> their_keys(count * k);
    double theirs_right = 0;
    if (faiss) {
      sides.push_back({"faiss", [&] {
                         faiss->search(queries.data, count, k, threads_, their_distances.data(), their_keys.data());
                       }});
      sides.back().call();
      // faiss takes |x|^2 + |y|^2 - 2 <x, y> for 20 queries or more, with that much less of a float's precision.
      theirs_right = right_share(set, kth, count, 1e-3, [&](std::size_t q, std::size_t rank) {
        return static_cast<std::size_t>(their_keys[q * k + rank]);
      });
      if (theirs_right < 0.999) throw std::runtime_error("faiss: wrong rows");
    }
    auto how = rules();
    how.rounds = options_.quick || count == 1000 ? 9 : 15;
    how.sample_seconds = 0.02;
    how.clock = CLOCK_MONOTONIC;
    how.pause_seconds = spinning_seconds;
    race(sides, how);
    const double operations = 2.0 * static_cast<double>(count * set.rows * set.dimension);
    for (std::size_t i = 0; i < passes.size(); ++i) {
      const nlohmann::json more{{"threads", threads_},
                                {"gflop_per_second", std::round(operations / median(sides[i].seconds) * 1e-8) / 10}};
      const scale scale{static_cast<double>(count), "queries/s"};
      if (faiss) {
        report_pair("distance", sides[i].name, scale, sides[i], sides.back(), "faiss", more, options_.json);
      } else {
        report_alone(sides[i].name, scale, sides[i], more);
      }
    }
  }

  /// Not a time: how many queries get the exact answer although a smaller type looked first.
  void same_top_10() {
    const struct {
      const char* name;
      atlas::first_pass pass;
    } passes[] = {{"f32", atlas::first_pass::f32}, {"bf16", atlas::first_pass::bf16}, {"i8", atlas::first_pass::i8}};
    for (const char* const set_name : {"mnist-784", "sift-kodak-128", "words-ft100", "lsa-books-384"}) {
      const std::string prefix = std::string("same-top-10/") + set_name + "/";
      if (std::none_of(std::begin(passes), std::end(passes),
                       [&](const auto& one) { return options_.wants(prefix + one.name); }))
        continue;
      const auto set = load_data_set(set_name, options_.data, options_.cache);
      const auto kth = set.kth_distances(k);
      const auto rows = atlas::dense(set.base.data(), set.rows, set.dimension);
      const auto queries = atlas::dense(set.queries.data(), set.query_count, set.dimension);
      top_10 exact = make_room(set.query_count), found = make_room(set.query_count);
      search(queries, rows, set.metric, atlas::first_pass::f32, exact);
      for (const auto& one : passes) {
        if (!options_.wants(prefix + one.name)) continue;
        search(queries, rows, set.metric, one.pass, found);
        const double right = right_share(set, kth, set.query_count, 1e-12,
                                         [&](std::size_t q, std::size_t rank) { return found.found[q * k + rank].id; });
        std::ptrdiff_t same = 0;
        for (std::size_t at = 0; at < found.found.size(); at += k) {
          same += std::equal(&found.found[at], &found.found[at] + k, &exact.found[at]) ? 1 : 0;
        }
        print_row("distance",
                  {prefix + one.name,
                   static_cast<double>(same) / static_cast<double>(set.query_count),
                   "of queries",
                   {},
                   0,
                   0,
                   {{"queries", set.query_count},
                    {"metric", atlas::name(set.metric)},
                    {"no_hit_beyond_the_true_10th", right}}},
                  options_.json);
      }
    }
  }
};

}  // namespace bench

#endif  // ATLAS_BENCH_DISTANCE_MANY_TO_MANY_CASES_HPP
