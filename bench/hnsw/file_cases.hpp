// SPDX-License-Identifier: Apache-2.0
// bench/hnsw/file_cases.hpp -- how large a saved graph is, how fast it opens, and what of it a process keeps in memory.
#ifndef ATLAS_BENCH_HNSW_FILE_CASES_HPP
#define ATLAS_BENCH_HNSW_FILE_CASES_HPP

#include "hnsw/case_frame.hpp"
#include "hnsw/resident_child.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace bench {

/// Run before graphs are searched in this process: what is mapped stays in the page cache.
class file_cases : private case_frame {
 public:
  using case_frame::case_frame;

  void run() {
    for (const graph_form& form : graph_forms) {
      if (const auto name = "size/" + set_.name() + "/" + form.name; wants(name, true)) size(name, form);
      if (const auto name = "resident/" + set_.name() + "/" + form.name; wants(name, true)) resident(name, form);
    }
    if (const auto name = "size/" + set_.name() + "/sealed-u8"; wants(name, true) && are_bytes()) size_of_bytes(name);
    if (const auto name = "open/" + set_.name(); wants(name, true)) open(name);
  }

 private:
  void size(const std::string& name, const graph_form& form) {
    const std::size_t raw_bytes = set_.data().base.size() * sizeof(float);
    const auto raw = static_cast<double>(raw_bytes);
    const auto bytes = std::filesystem::file_size(set_.file(form));
    row one{.name = name, .atlas = static_cast<double>(bytes) / raw, .unit = "x raw f32"};
    one.more = {{"file_bytes", bytes}, {"raw_bytes", raw_bytes}};
    if (hnswlib_peer::is_available()) {
      const auto peer_bytes = std::filesystem::file_size(set_.hnswlib_file());
      one.peer = "hnswlib";
      one.peer_value = static_cast<double>(peer_bytes) / raw;
      one.ratio = static_cast<double>(peer_bytes) / static_cast<double>(bytes);
      one.more["peer_file_bytes"] = peer_bytes;
    }
    print(one);
  }

  /// Whether the set's numbers are those of bytes, so that vectors may be kept as u8.
  [[nodiscard]] bool are_bytes() {
    return std::all_of(set_.data().base.begin(), set_.data().base.end(),
                       [](float value) { return value == static_cast<float>(static_cast<std::uint8_t>(value)); });
  }
  /// A sealed graph that keeps its vectors as u8. Its size does not depend on how well it is built.
  void size_of_bytes(const std::string& name) {
    const data_set& set = set_.data();
    auto graph = atlas_graph::create({.dimension = set.dimension,
                                      .metric = set.metric,
                                      .connectivity = connectivity,
                                      .build_width = connectivity,
                                      .reserve_rows = set.rows,
                                      .stored = atlas::scalar::u8})
                     .value();
    add_rows(graph, set, 0, set.rows, atlas::hardware_threads());
    const auto path = options_.cache / (set_.name() + ".sealed-u8.atlas");
    graph.seal(path.c_str(), {.threads = atlas::hardware_threads()}).value();
    const auto bytes = std::filesystem::file_size(path);
    std::filesystem::remove(path);
    const std::size_t raw_bytes = set.base.size() * sizeof(float);
    row one{.name = name, .atlas = static_cast<double>(bytes) / static_cast<double>(raw_bytes), .unit = "x raw f32"};
    one.more = {{"file_bytes", bytes}, {"raw_bytes", raw_bytes}};
    print(one);
  }

  void resident(const std::string& name, const graph_form& form) {
    const auto path = set_.file(form);
    const auto raw = static_cast<double>(set_.data().base.size() * sizeof(float));
    std::vector<std::uint64_t> keys;
    const auto in_mb = [](std::uint64_t bytes) { return rounded(static_cast<double>(bytes) / 1e6); };
    const auto ours = run_resident_child(options_, "atlas", set_.name(), path, keys);
    const double recall = recall_of(set_.known(), keys);
    drop_from_page_cache(path);
    const auto from_disk = run_resident_child(options_, "atlas", set_.name(), path, keys);
    row one{.name = name, .atlas = in_mb(ours.after.all), .unit = "MB"};
    one.more = {{"before_opening", in_mb(ours.before.all)},
                {"anonymous", in_mb(ours.after.anonymous)},
                {"file_not_in_page_cache", in_mb(from_disk.after.all)},
                {"of_raw", rounded(static_cast<double>(ours.after.all) / raw)},
                {"recall", recall},
                {"width", common_width}};
    if (hnswlib_peer::is_available()) {
      const auto theirs = run_resident_child(options_, "hnswlib", set_.name(), set_.hnswlib_file(), keys);
      one.peer = "hnswlib";
      one.peer_value = in_mb(theirs.after.all);
      one.ratio = one.peer_value / one.atlas;
      one.more["of_peer"] = rounded(one.atlas / one.peer_value);
      one.more["of_peer_since_opening"] = rounded(static_cast<double>(ours.after.all - ours.before.all) /
                                                  static_cast<double>(theirs.after.all - theirs.before.all));
      one.more["peer_before_opening"] = in_mb(theirs.before.all);
      one.more["peer_recall"] = recall_of(set_.known(), keys);
    }
    print(one);
  }
  /// As far as no process maps it.
  static void drop_from_page_cache(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    ::close(file);
  }

  void open(const std::string& name) {
    const auto path = set_.dynamic_file();
    std::vector<double> milliseconds;
    std::uint64_t after_open = 0, after_search = 0;
    for (int round = 0; round < 21; ++round) {
      const double start = wall_seconds();
      auto index = atlas_graph::open(path.c_str()).value();
      milliseconds.push_back((wall_seconds() - start) * 1e3);
      if (round != 0) continue;
      after_open = resident_bytes_of(path);
      std::uint64_t keys[top_k];
      float distances[top_k];
      const auto query = atlas::dense(set_.data().query(0), 1, set_.data().dimension);
      index.search(query, {.k = top_k}, {keys, distances}).value();
      after_search = resident_bytes_of(path);
    }
    row one{.name = name, .atlas = median(milliseconds), .unit = "ms"};
    one.more = {{"file_bytes", std::filesystem::file_size(path)},
                {"worst_ms", quantile(milliseconds, 1)},
                {"resident_bytes_after_open", after_open},
                {"resident_bytes_after_one_search", after_search}};
    print(one);
  }
};

}  // namespace bench

#endif  // ATLAS_BENCH_HNSW_FILE_CASES_HPP
