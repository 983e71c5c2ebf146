// SPDX-License-Identifier: Apache-2.0
// bench/ivf_pq/large_cases.hpp -- an inverted file of more vectors than the process may hold: memory, time, and what it finds.
#ifndef ATLAS_BENCH_IVF_PQ_LARGE_CASES_HPP
#define ATLAS_BENCH_IVF_PQ_LARGE_CASES_HPP

#include <atlas/core/bits.hpp>  // mix64
#include <atlas/ivf_pq.hpp>     // ivf_pq, ivf_pq_builder

#include "ivf_pq/parameters.hpp"
#include "support/bench_options.hpp"
#include "support/own_child.hpp"
#include "support/race.hpp"
#include "support/report.hpp"
#include "support/resident_memory.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace bench {

/// Vectors that are made when they are asked for: each is one of 20,000 centres with noise around it, and near each of some
/// of them a query is planted, which no other vector is as near to.
class planted_vectors {
 public:
  static constexpr std::size_t dimension = 96;
  static constexpr std::size_t query_count = 1000;
  explicit planted_vectors(std::uint64_t count) : count_(count) {}

  [[nodiscard]] std::uint64_t count() const { return count_; }
  void vector(std::uint64_t row, float* out) const {
    const std::uint64_t centre = atlas::mix64(row) % centres;
    for (std::size_t i = 0; i < dimension; ++i) {
      out[i] = component(centre * dimension + i, 1) + noise * component(row * dimension + i, 2);
    }
  }
  [[nodiscard]] std::uint64_t row_of_query(std::size_t query) const { return atlas::mix64(query + 77) % count_; }
  void query(std::size_t query, float* out) const {
    vector(row_of_query(query), out);
    for (std::size_t i = 0; i < dimension; ++i) out[i] += query_noise * component(query * dimension + i, 3);
  }

 private:
  static constexpr std::uint64_t centres = 20'000;
  static constexpr float noise = 0.35F;
  static constexpr float query_noise = 0.05F;
  /// Of [-1, 1).
  static float component(std::uint64_t place, std::uint64_t kind) {
    const std::uint64_t bits = atlas::mix64(place * 4 + kind) >> 40;
    return static_cast<float>(bits) * 0x1P-23F - 1.0F;
  }
  std::uint64_t count_;
};

/// Runs in a process of its own, so that what is resident is the building's alone.
class large_cases {
 public:
  static constexpr char child_option[] = "--build-large";

  explicit large_cases(const bench_options& options) : options_(options) {}

  /// Minutes of time and twice 4 GB of disk: only if the filter names it.
  void run() {
    const std::string name = "large/10M-96";
    if (options_.filter.empty() || !options_.wants(name)) return;
    const auto path = options_.cache / "large.atlas";
    const auto told = nlohmann::json::parse(output_of_own_child({child_option, std::to_string(rows), path.string()}));
    std::filesystem::remove(path);
    print_row("ivf_pq", {.name = name + "/resident", .atlas = told["peak_mb"], .unit = "MB", .peer = "allowed", .peer_value = asked_mb,
                         .ratio = asked_mb / told["peak_mb"].get<double>(), .more = told, .asked = 1.0}, options_.json);
    print_row("ivf_pq", {.name = name + "/open", .atlas = told["open_ms"], .unit = "ms", .peer = "allowed", .peer_value = asked_open_ms,
                         .ratio = asked_open_ms / told["open_ms"].get<double>(), .asked = 1.0}, options_.json);
    print_row("ivf_pq", {.name = name + "/planted", .atlas = told["planted_recall"], .unit = "recall@1"}, options_.json);
  }

  /// What the child does: builds, opens, searches, and prints what it saw as one JSON object.
  static int build(std::uint64_t count, const std::string& path) {
    const planted_vectors vectors(count);
    nlohmann::json told = {{"rows", count}, {"dimension", planted_vectors::dimension}};
    const auto seconds_since = [](double start) { return rounded(seconds_of(CLOCK_MONOTONIC) - start); };
    const double start = seconds_of(CLOCK_MONOTONIC);
    {
      auto builder = atlas::ivf_pq_builder::create(path.c_str(), {.index = {.dimension = planted_vectors::dimension,
                                                                            .recall = asked_recall,
                                                                            .reserve_rows = static_cast<std::size_t>(count)}}).value();
      train(builder, vectors);
      told["lists"] = builder.lists();
      told["train_seconds"] = seconds_since(start);
      add(builder, vectors);
      told["added_after_seconds"] = seconds_since(start);
      builder.finish().value();
    }
    told["seconds"] = seconds_since(start);
    told["peak_mb"] = rounded(peak_mb());
    told["file_bytes"] = std::filesystem::file_size(path);
    const double opening = seconds_of(CLOCK_MONOTONIC);
    const auto index = atlas::ivf_pq<float>::open(path.c_str(), {.vectors = atlas::vector_residence::on_disk}).value();
    told["open_ms"] = rounded(1e3 * (seconds_of(CLOCK_MONOTONIC) - opening));
    find_planted(index, vectors, told);
    std::printf("%s\n", told.dump().c_str());
    return 0;
  }

 private:
  static constexpr std::uint64_t rows = 10'000'000;
  static constexpr double asked_mb = 600;
  static constexpr double asked_open_ms = 10;
  static constexpr double asked_recall = 0.95; ///< of the ten nearest, which the building measures and promises
  static constexpr std::size_t rows_at_once = 20'000;

  static double peak_mb() {
    struct rusage used {};
    ::getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_maxrss) / 1e3 * 1.024;
  }
  static void train(atlas::ivf_pq_builder& builder, const planted_vectors& vectors) {
    const std::uint64_t count = std::min<std::uint64_t>(vectors.count(), 200'000);
    std::vector<float> sample(count * planted_vectors::dimension);
    for (std::uint64_t i = 0; i < count; ++i) {
      vectors.vector(i * vectors.count() / count, sample.data() + i * planted_vectors::dimension);
    }
    builder.train(atlas::dense(sample.data(), count, planted_vectors::dimension)).value();
  }
  static void add(atlas::ivf_pq_builder& builder, const planted_vectors& vectors) {
    std::vector<float> some(rows_at_once * planted_vectors::dimension);
    std::vector<std::uint64_t> keys;
    for (std::uint64_t first = 0; first < vectors.count(); first += rows_at_once) {
      const std::uint64_t count = std::min<std::uint64_t>(rows_at_once, vectors.count() - first);
      keys.clear();
      for (std::uint64_t i = 0; i < count; ++i) {
        keys.push_back(first + i);
        vectors.vector(first + i, some.data() + i * planted_vectors::dimension);
      }
      builder.add(keys, atlas::dense(some.data(), count, planted_vectors::dimension)).value();
    }
  }
  static void find_planted(const atlas::ivf_pq<float>& index, const planted_vectors& vectors, nlohmann::json& told) {
    std::size_t found = 0;
    const double start = seconds_of(CLOCK_MONOTONIC);
    for (std::size_t i = 0; i < planted_vectors::query_count; ++i) {
      float query[planted_vectors::dimension];
      vectors.query(i, query);
      std::uint64_t key = 0;
      float distance = 0;
      index.search(atlas::dense(query, 1, planted_vectors::dimension), {.k = 1}, {&key, &distance}).value();
      found += key == vectors.row_of_query(i) ? 1U : 0U;
    }
    told["planted_recall"] = static_cast<double>(found) / planted_vectors::query_count;
    told["search_ms"] = rounded(seconds_of(CLOCK_MONOTONIC) - start);  // of one of 1,000
    told["promised"] = index.promised().recall;
    told["probes"] = index.probes();
    told["rerank"] = index.rerank();
  }

  const bench_options& options_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_IVF_PQ_LARGE_CASES_HPP
