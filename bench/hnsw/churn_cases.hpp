// SPDX-License-Identifier: Apache-2.0
// bench/hnsw/churn_cases.hpp -- what is left of recall and of the file's size after most vectors were replaced.
#ifndef ATLAS_BENCH_HNSW_CHURN_CASES_HPP
#define ATLAS_BENCH_HNSW_CHURN_CASES_HPP

#include "hnsw/case_frame.hpp"

#include <filesystem>
#include <memory>

namespace bench {

/// Three times, half of the keys, chosen by chance, exchange their vectors: by upserts, by removals and additions, by
/// upserts again. The vectors stay those of the set, and so its truth holds.
class churn_cases : private case_frame {
 public:
  using case_frame::case_frame;

  void run() {
    const std::string name = "churn/" + set_.name();
    if (!wants(name, set_.is_small())) return;
    const data_set& rows = rows_to_build();
    if (&rows == &set_.data()) return compare(name, set_.known(), set_.dynamic_file());
    const auto kth = exact_kth(rows, flat_of(rows), top_k);
    compare(name, {rows, kth}, graph_file(rows, options_));
  }

 private:
  static constexpr int rounds_of_churn = 3;

  void compare(const std::string& name, const truth& known, const std::filesystem::path& file) {
    const data_set& set = known.set;
    const auto churned =
        std::make_shared<atlas_graph>(atlas_graph::open(file.c_str(), {.mode = atlas::open_mode::change}).value());
    std::vector<std::uint32_t> row_of_key(set.rows);
    std::iota(row_of_key.begin(), row_of_key.end(), std::uint32_t{0});
    const double start = thread_seconds();
    for (int round = 0; round < rounds_of_churn; ++round) {
      std::vector<std::uint32_t> keys = shuffled(set.rows, 10 + static_cast<std::uint64_t>(round));
      keys.resize(set.rows / 2);
      exchange(keys, row_of_key);
      replace(*churned, set, keys, row_of_key, round % 2 == 0);
    }
    const double churn_seconds = thread_seconds() - start;
    const auto fresh = built_afresh(set, row_of_key);

    std::vector<searched> both;
    for (const auto& graph : {churned, fresh}) {
      searched one{atlas_engine<atlas_graph>("atlas", graph, set), 0, saved_bytes(*graph)};
      std::vector<std::uint64_t> found;
      one.of.answer(set.query_count, common_width, found);
      one.recall = recall_of({set, known.kth, &row_of_key}, found);
      both.push_back(std::move(one));
    }
    report(name, set, both, churn_seconds);
  }

  struct searched {
    engine of;
    double recall = 0;
    std::uintmax_t file_bytes = 0;
  };

  /// Each of `keys` takes the row of the next one. Their order is one of chance already.
  static void exchange(const std::vector<std::uint32_t>& keys, std::vector<std::uint32_t>& row_of_key) {
    const std::uint32_t first = row_of_key[keys.front()];
    for (std::size_t i = 0; i + 1 < keys.size(); ++i) row_of_key[keys[i]] = row_of_key[keys[i + 1]];
    row_of_key[keys.back()] = first;
  }
  static void replace(atlas_graph& graph, const data_set& set, const std::vector<std::uint32_t>& all,
                      const std::vector<std::uint32_t>& row_of_key, bool by_upsert) {
    std::vector<std::uint64_t> keys;
    std::vector<float> vectors;
    for (std::size_t first = 0; first < all.size(); first += turn_rows) {
      const std::size_t count = std::min(turn_rows, all.size() - first);
      keys.clear();
      vectors.clear();
      for (std::size_t i = first; i < first + count; ++i) {
        const float* const vector = set.row(row_of_key[all[i]]);
        keys.push_back(all[i]);
        vectors.insert(vectors.end(), vector, vector + set.dimension);
      }
      const auto matrix = atlas::dense(vectors.data(), count, set.dimension);
      if (by_upsert) {
        graph.upsert(keys, matrix).value();
      } else {
        for (const std::uint64_t key : keys) graph.remove(key).value();
        graph.add(keys, matrix).value();
      }
    }
  }
  static std::shared_ptr<atlas_graph> built_afresh(const data_set& set, const std::vector<std::uint32_t>& row_of_key) {
    const data_set contents = part_of(set, row_of_key, 0, set.rows);
    const auto graph = std::make_shared<atlas_graph>(empty_graph(contents));
    add_rows(*graph, contents, 0, contents.rows);
    return graph;
  }
  [[nodiscard]] std::uintmax_t saved_bytes(const atlas_graph& graph) const {
    const auto path = options_.cache / (set_.name() + ".churn.atlas");
    graph.save(path.c_str()).value();
    const auto bytes = std::filesystem::file_size(path);
    std::filesystem::remove(path);
    return bytes;
  }

  void report(const std::string& name, const data_set& set, const std::vector<searched>& both, double churn_seconds) {
    const std::size_t queries = timed_queries();
    std::vector<side> sides;
    for (const searched& one : both) sides.push_back(pass(one.of, queries, common_width));
    race(sides, {.rounds = rounds()});
    const auto rate = [&](std::size_t i) { return rounded(static_cast<double>(queries) / median(sides[i].seconds)); };
    const double replaced = static_cast<double>(rounds_of_churn) * static_cast<double>(set.rows / 2);
    const double file_ratio = static_cast<double>(both[0].file_bytes) / static_cast<double>(both[1].file_bytes);
    row one{.name = name, .atlas = both[0].recall, .unit = "recall@10", .peer = "built afresh"};
    one.peer_value = both[1].recall;
    one.ratio = both[0].recall / both[1].recall;
    one.more = {{"width", common_width},
                {"rows", set.rows},
                {"recall_lost", both[1].recall - both[0].recall},
                {"file_of_fresh", rounded(file_ratio)},
                {"file_bytes", both[0].file_bytes},
                {"queries_per_second", {rate(0), rate(1)}},
                {"replaced_per_second", rounded(replaced / churn_seconds)}};
    print(one);
  }
};

}  // namespace bench

#endif  // ATLAS_BENCH_HNSW_CHURN_CASES_HPP
