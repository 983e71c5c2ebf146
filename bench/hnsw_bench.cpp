// SPDX-License-Identifier: Apache-2.0
// bench/hnsw_bench.cpp -- how many queries a second does one thread answer at a given recall, and what does the
// graph cost to build? Against hnswlib with the same connectivity and build width, interleaved in one process.
//   hnsw_bench [--data DIR] [--quick] [--filter NAME] [--json]
// Cases: DATA-SET/recall@10=R (queries/s, log-linear between the two nearest widths), DATA-SET/reaches (the best
// recall of the widths tried), build/DATA-SET (rows/s, one thread), open/DATA-SET (ms, and resident bytes).
#include <atlas/hnsw.hpp>

#include "peers/hnswlib_peer.hpp"
#include "support/bench_options.hpp"
#include "support/data_set.hpp"
#include "support/report.hpp"
#include "support/statistics.hpp"

#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>

namespace {

constexpr std::size_t k = 10;
constexpr std::uint32_t connectivity = 16;
constexpr std::uint32_t build_width = 200;
constexpr std::size_t widths[] = {10, 12, 14, 17, 20, 24, 28, 34, 40, 48, 57, 68, 80, 96, 113, 135, 160, 190, 226, 269, 320, 380, 452, 538, 640, 760};
// Rows added in turn by one side and then the other while a build is timed: short against the machine's moods.
constexpr std::size_t build_block = 500;

struct target_set {
  const char* name;
  std::vector<double> recalls;
};
const std::vector<target_set> sets = {
    {"mnist-784", {0.95, 0.99}}, {"sift-kodak-128", {0.90, 0.95, 0.99}}, {"words-ft100", {0.90, 0.95, 0.99}}, {"lsa-books-384", {0.90, 0.95}}};

/// Answers one query into keys[k]; gives how many.
using searcher = std::function<std::size_t(const float* query, std::size_t width, std::uint64_t* keys)>;

struct engine {
  std::string name;
  searcher search;
  std::vector<float> queries;  ///< as this engine wants them
};

/// One timed pass over all queries: seconds of this thread, and what was found.
double pass(const engine& one, const bench::data_set& set, std::size_t width, std::vector<std::uint64_t>& keys) {
  keys.assign(set.query_count * k, atlas::reserved_key);
  const double start = bench::thread_seconds();
  for (std::size_t q = 0; q < set.query_count; ++q) {
    one.search(one.queries.data() + q * set.dimension, width, keys.data() + q * k);
  }
  return bench::thread_seconds() - start;
}

/// A hit is right if its exact distance is no more than the true k-th.
double recall(const bench::data_set& set, const std::vector<double>& kth, const std::vector<std::uint64_t>& keys) {
  std::size_t right = 0;
  for (std::size_t q = 0; q < set.query_count; ++q) {
    for (std::size_t i = 0; i < k; ++i) {
      const std::uint64_t key = keys[q * k + i];
      if (key < set.rows && set.exact(q, key) <= kth[q] * (1 + 1e-12)) ++right;
    }
  }
  return static_cast<double>(right) / static_cast<double>(set.query_count * k);
}

struct point {
  std::size_t width = 0;
  double recall = 0;
};

/// The recall of each width, until one reaches all that is asked for.
std::vector<point> sweep(const engine& one, const bench::data_set& set, const std::vector<double>& kth, double enough) {
  std::vector<point> points;
  std::vector<std::uint64_t> keys;
  for (const std::size_t width : widths) {
    pass(one, set, width, keys);
    points.push_back({width, recall(set, kth, keys)});
    if (points.back().recall >= enough) break;
  }
  return points;
}

/// The widths around a recall: one below and one above; twice the first if even that is above.
std::optional<std::pair<point, point>> bracket(const std::vector<point>& points, double wanted) {
  if (points.front().recall >= wanted) return std::pair{points.front(), points.front()};
  for (std::size_t i = 1; i < points.size(); ++i) {
    if (points[i].recall >= wanted) return std::pair{points[i - 1], points[i]};
  }
  return std::nullopt;
}

/// Queries a second at a recall, log-linear between two points.
double interpolate(point low, double low_rate, point high, double high_rate, double wanted) {
  if (low.width == high.width || high.recall == low.recall) return high_rate;
  const double share = (wanted - low.recall) / (high.recall - low.recall);
  return std::exp(std::log(low_rate) * (1 - share) + std::log(high_rate) * share);
}

std::vector<float> unit_rows(const std::vector<float>& rows, std::size_t dimension) {
  std::vector<float> out(rows);
  for (std::size_t at = 0; at < out.size(); at += dimension) {
    double squares = 0;
    for (std::size_t i = 0; i < dimension; ++i) squares += static_cast<double>(out[at + i]) * static_cast<double>(out[at + i]);
    const auto scale = static_cast<float>(1.0 / std::sqrt(squares));
    for (std::size_t i = 0; i < dimension; ++i) out[at + i] *= scale;
  }
  return out;
}

/// Resident bytes of this process that belong to the mapping of a file.
std::uint64_t resident_bytes(const std::string& path) {
  std::ifstream maps("/proc/self/smaps");
  const std::string file = std::filesystem::canonical(path);
  std::uint64_t sum = 0;
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.find('-') != std::string::npos && line.find(' ') > line.find('-') && line.find("Rss:") != 0 && std::isxdigit(line[0]) != 0) {
      inside = line.size() >= file.size() && line.compare(line.size() - file.size(), file.size(), file) == 0;
    }
    if (inside && line.rfind("Rss:", 0) == 0) sum += std::stoull(line.substr(4)) * 1024;
  }
  return sum;
}

class data_set_bench {
 public:
  data_set_bench(const target_set& targets, const bench::bench_options& options)
      : options_(options), targets_(targets), set_(bench::load_data_set(targets.name, options.data, options.cache)),
        atlas_path_(options.cache / (set_.name + ".v1.atlas")), peer_path_(options.cache / (set_.name + ".hnswlib")) {
    peer_rows_ = set_.metric == atlas::metric::cosine ? unit_rows(set_.base, set_.dimension) : set_.base;
    keys_.resize(set_.rows);
    std::iota(keys_.begin(), keys_.end(), std::uint64_t{0});
  }

  void run() {
    const std::string build_name = "build/" + set_.name;
    const bool cached = std::filesystem::exists(atlas_path_) && (!has_peer() || std::filesystem::exists(peer_path_));
    if (!cached || (!options_.quick && options_.wants(build_name))) build(build_name);
    if (options_.wants("open/" + set_.name)) open();
    search();
  }

 private:
  static bool has_peer() { return bench::hnswlib_peer::is_available(); }

  void build(const std::string& name) {
    auto index = atlas::hnsw<float>::create({.dimension = set_.dimension, .metric = set_.metric, .connectivity = connectivity,
                                             .build_width = build_width, .reserve_rows = set_.rows}).value();
    std::optional<bench::hnswlib_peer> peer;
    if (has_peer()) peer.emplace(set_.dimension, set_.metric == atlas::metric::cosine, set_.rows, connectivity, build_width);
    double atlas_seconds = 0, peer_seconds = 0;
    std::vector<double> ratios;
    for (std::size_t first = 0; first < set_.rows; first += build_block) {
      const std::size_t count = std::min(build_block, set_.rows - first);
      double start = bench::thread_seconds();
      index.add({keys_.data() + first, count}, atlas::dense(set_.row(first), count, set_.dimension)).value();
      const double ours = bench::thread_seconds() - start;
      atlas_seconds += ours;
      if (!peer) continue;
      start = bench::thread_seconds();
      peer->add(peer_rows_.data(), first, count);
      const double theirs = bench::thread_seconds() - start;
      peer_seconds += theirs;
      if (first != 0) ratios.push_back(theirs / ours);
    }
    index.save(atlas_path_.c_str()).value();
    if (peer) peer->save(peer_path_);
    if (!options_.wants(name)) return;
    bench::row row{name, static_cast<double>(set_.rows) / atlas_seconds, "rows/s", {}, 0, 0, {{"atlas_seconds", atlas_seconds}, {"threads", 1}}};
    if (peer) {
      row.peer = "hnswlib";
      row.peer_value = static_cast<double>(set_.rows) / peer_seconds;
      row.ratio = peer_seconds / atlas_seconds;
      row.more["peer_seconds"] = peer_seconds;
      row.more["block_ratio_median"] = bench::median(ratios);
      row.more["block_ratio_lower_quartile"] = bench::quantile(ratios, 0.25);
    }
    bench::print_row("hnsw", row, options_.json);
  }

  void open() {
    std::vector<double> milliseconds;
    std::uint64_t after_open = 0, after_search = 0;
    for (int round = 0; round < 21; ++round) {
      const double start = bench::wall_seconds();
      auto index = atlas::hnsw<float>::open(atlas_path_.c_str()).value();
      milliseconds.push_back((bench::wall_seconds() - start) * 1e3);
      if (round != 0) continue;
      after_open = resident_bytes(atlas_path_);
      std::uint64_t keys[k];
      float distances[k];
      index.search(atlas::dense(set_.query(0), 1, set_.dimension), {.k = k}, {keys, distances}).value();
      after_search = resident_bytes(atlas_path_);
    }
    bench::row row{"open/" + set_.name, bench::median(milliseconds), "ms", {}, 0, 0,
                   {{"file_bytes", std::filesystem::file_size(atlas_path_)}, {"worst_ms", bench::quantile(milliseconds, 1)},
                    {"resident_bytes_after_open", after_open}, {"resident_bytes_after_one_search", after_search}}};
    bench::print_row("hnsw", row, options_.json);
  }

  void search() {
    bool wanted = options_.wants(set_.name + "/reaches");
    for (const double target : targets_.recalls) wanted = wanted || options_.wants(case_name(target));
    if (!wanted) return;
    const auto index = atlas::hnsw<float>::open(atlas_path_.c_str()).value();
    std::optional<bench::hnswlib_peer> peer;
    std::vector<engine> engines;
    std::vector<float> distances(k);
    engines.push_back({"atlas", [&](const float* query, std::size_t width, std::uint64_t* keys) {
      std::uint32_t count = 0;
      index.search(atlas::dense(query, 1, set_.dimension), {.k = k, .width = width}, {keys, distances.data(), &count}).value();
      return std::size_t{count};
    }, set_.queries});
    if (has_peer()) {
      peer.emplace(peer_path_, set_.dimension, set_.metric == atlas::metric::cosine);
      engines.push_back({"hnswlib", [&](const float* query, std::size_t width, std::uint64_t* keys) {
        return peer->search(query, k, width, keys);
      }, set_.metric == atlas::metric::cosine ? unit_rows(set_.queries, set_.dimension) : set_.queries});
    }

    const auto kth = set_.kth_distances(k);
    std::vector<std::vector<point>> curves;
    for (const engine& one : engines) curves.push_back(sweep(one, set_, kth, targets_.recalls.back()));
    if (options_.wants(set_.name + "/reaches")) {
      bench::row row{set_.name + "/reaches", curves[0].back().recall, "recall@10", {}, 0, 0, {{"width", curves[0].back().width}}};
      if (engines.size() > 1) {
        row.more["hnswlib_recall"] = curves[1].back().recall;
        row.more["hnswlib_width"] = curves[1].back().width;
      }
      bench::print_row("hnsw", row, options_.json);
    }
    for (const double target : targets_.recalls) {
      if (options_.wants(case_name(target))) compare(engines, curves, target);
    }
  }

  [[nodiscard]] std::string case_name(double target) const {
    char text[64];
    std::snprintf(text, sizeof text, "/recall@10=%.2f", target);
    return set_.name + text;
  }

  void compare(const std::vector<engine>& engines, const std::vector<std::vector<point>>& curves, double target) {
    std::vector<std::pair<point, point>> around;
    for (std::size_t e = 0; e < engines.size(); ++e) {
      const auto found = bracket(curves[e], target);
      if (!found) {
        std::fprintf(stderr, "%s: %s does not reach it at width %zu\n", case_name(target).c_str(), engines[e].name.c_str(), curves[e].back().width);
        return;
      }
      around.push_back(*found);
    }
    const int rounds = options_.quick ? 9 : 15;
    std::vector<std::vector<double>> rates(engines.size());
    std::vector<std::uint64_t> keys;
    for (int round = -1; round < rounds; ++round) {  // round -1 warms up
      for (std::size_t e = 0; e < engines.size(); ++e) {
        const auto [low, high] = around[e];
        const auto queries = static_cast<double>(set_.query_count);
        const double low_rate = queries / pass(engines[e], set_, low.width, keys);
        const double high_rate = low.width == high.width ? low_rate : queries / pass(engines[e], set_, high.width, keys);
        if (round >= 0) rates[e].push_back(interpolate(low, low_rate, high, high_rate, target));
      }
    }
    bench::row row{case_name(target), bench::median(rates[0]), "queries/s", {}, 0, 0,
                   {{"recall", target}, {"rounds", rounds},
                    {"atlas_widths", {around[0].first.width, around[0].second.width}},
                    {"atlas_recalls", {around[0].first.recall, around[0].second.recall}}}};
    if (engines.size() > 1) {
      std::vector<double> ratios;
      for (int round = 0; round < rounds; ++round) {
        ratios.push_back(rates[0][static_cast<std::size_t>(round)] / rates[1][static_cast<std::size_t>(round)]);
      }
      row.peer = "hnswlib";
      row.peer_value = bench::median(rates[1]);
      row.ratio = bench::median(ratios);
      row.more["ratio_lower_quartile"] = bench::quantile(ratios, 0.25);
      row.more["peer_widths"] = {around[1].first.width, around[1].second.width};
      row.more["peer_recalls"] = {around[1].first.recall, around[1].second.recall};
    }
    bench::print_row("hnsw", row, options_.json);
  }

  const bench::bench_options& options_;
  const target_set& targets_;
  bench::data_set set_;
  std::filesystem::path atlas_path_;
  std::filesystem::path peer_path_;
  std::vector<float> peer_rows_;
  std::vector<std::uint64_t> keys_;
};

}  // namespace

int main(int argc, char** argv) {
  const auto options = bench::parse_options(argc, argv, "HNSW: queries a second at equal recall and build time, against hnswlib");
  bench::print_header("hnsw", options.json,
                      bench::hnswlib_peer::is_available() ? "hnswlib (Debian), f32, same connectivity 16 and build width 200; times are CPU seconds of one thread"
                                                          : "none found");
  try {
    for (const target_set& one : sets) {
      bool any = options.wants(std::string("build/") + one.name) || options.wants(std::string("open/") + one.name) ||
                 std::string(one.name).find(options.filter) != std::string::npos || options.wants(std::string(one.name) + "/reaches");
      for (const double recall : one.recalls) {
        char text[96];
        std::snprintf(text, sizeof text, "%s/recall@10=%.2f", one.name, recall);
        any = any || options.wants(text);
      }
      if (any) data_set_bench(one, options).run();
    }
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "hnsw_bench: %s\n", failure.what());
    return 1;
  }
  return 0;
}
