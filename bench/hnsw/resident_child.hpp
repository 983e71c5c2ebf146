// SPDX-License-Identifier: Apache-2.0
// bench/hnsw/resident_child.hpp -- what a process that has only opened a graph and searched it keeps in memory.
#ifndef ATLAS_BENCH_HNSW_RESIDENT_CHILD_HPP
#define ATLAS_BENCH_HNSW_RESIDENT_CHILD_HPP

#include "hnsw/engine.hpp"
#include "support/bench_options.hpp"
#include "support/own_child.hpp"
#include "support/resident_memory.hpp"

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

/// How such a process opens ATLAS's file: with the vectors left on disk.
inline atlas::open_options opened_for_little_memory() { return {.vectors = atlas::vector_residence::on_disk}; }

/// Before the graph was opened, and after the queries of its set.
struct resident_figures {
  resident_memory before;
  resident_memory after;
};

/// The option that makes the program such a process: "atlas" or "hnswlib", the data set, the file.
inline constexpr char resident_option[] = "--resident";

/// Opens the file, answers the set's queries and writes the figures and the keys found to the standard output.
inline void be_resident_child(const bench_options& options, const std::vector<std::string>& asked) {
  const std::string& file = asked.at(2);
  data_set set = load_queries(asked.at(1), options.data, options.cache);
  const bool is_cosine = set.metric == atlas::metric::cosine;
  const bool is_atlas = asked.at(0) == "atlas";
  if (!is_atlas && is_cosine) set.queries = unit_rows(set.queries, set.dimension);
  std::vector<std::uint64_t> keys(set.query_count * top_k);
  resident_figures figures;
  figures.before = resident_now();
  engine one;
  if (is_atlas) {
    auto graph = atlas_graph::open(file.c_str(), opened_for_little_memory());
    one = atlas_engine("atlas", std::make_shared<const atlas_graph>(std::move(graph).value()), set);
  } else {
    auto graph = std::make_shared<const hnswlib_peer>(file, set.dimension, is_cosine);
    one = hnswlib_engine(std::move(graph), set.queries, set.dimension);
  }
  one.answer(set.query_count, common_width, keys);
  figures.after = resident_now();
  std::fwrite(&figures, sizeof figures, 1, stdout);
  std::fwrite(keys.data(), sizeof keys[0], keys.size(), stdout);
}

/// Starts such a process; its answers go to `keys`.
inline resident_figures run_resident_child(const bench_options& options, const std::string& who, const std::string& set,
                                           const std::filesystem::path& file, std::vector<std::uint64_t>& keys) {
  const std::string output =
      output_of_own_child({"--data", options.data.string(), resident_option, who, set, file.string()});
  resident_figures figures;
  if (output.size() < sizeof figures) throw std::runtime_error("the resident process wrote too little");
  std::memcpy(&figures, output.data(), sizeof figures);
  keys.resize((output.size() - sizeof figures) / sizeof keys[0]);
  std::memcpy(keys.data(), output.data() + sizeof figures, keys.size() * sizeof keys[0]);
  return figures;
}

}  // namespace bench

#endif  // ATLAS_BENCH_HNSW_RESIDENT_CHILD_HPP
