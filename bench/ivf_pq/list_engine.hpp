// SPDX-License-Identifier: Apache-2.0
// bench/ivf_pq/list_engine.hpp -- ATLAS's inverted file and faiss's as one kind of thing that is searched at a point.
#ifndef ATLAS_BENCH_IVF_PQ_LIST_ENGINE_HPP
#define ATLAS_BENCH_IVF_PQ_LIST_ENGINE_HPP

#include <atlas/ivf_pq.hpp>

#include "ivf_pq/parameters.hpp"
#include "peers/faiss_ivf_peer.hpp"
#include "support/data_set.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

using atlas_lists = atlas::ivf_pq<float>;

struct list_engine {
  std::string name;
  std::size_t code_bytes = 0;
  /// Answers the first `count` queries, `at_once` a call, on this thread into keys[count, top_k]; reserved_key for what
  /// was not found.
  std::function<void(std::size_t count, std::size_t at_once, operating_point at, std::uint64_t* keys)> answer;
};

/// @param set  borrowed
inline list_engine atlas_engine(std::shared_ptr<const atlas_lists> index, const data_set& set) {
  const std::size_t code_bytes = index->code_bytes();
  const auto answer = [index = std::move(index), &set, distances = std::vector<float>()](
                          std::size_t count, std::size_t at_once, operating_point at, std::uint64_t* keys) mutable {
    distances.resize(at_once * top_k);
    const atlas::search_options options{.k = top_k, .probes = at.probes, .rerank = at.rerank};
    for (std::size_t first = 0; first < count; first += at_once) {
      const auto queries = atlas::dense(set.query(first), std::min(at_once, count - first), set.dimension);
      index->search(queries, options, {keys + first * top_k, distances.data()}).value();
    }
  };
  return {"atlas", code_bytes, answer};
}
/// @param queries  as the peer wants them; borrowed
inline list_engine faiss_engine(std::shared_ptr<const faiss_ivf_peer> peer, const std::vector<float>& queries) {
  static_assert(sizeof(std::int64_t) == sizeof(std::uint64_t) && static_cast<std::uint64_t>(-1) == atlas::reserved_key);
  const std::size_t code_bytes = peer->code_bytes();
  const auto answer = [peer = std::move(peer), &queries](std::size_t count, std::size_t at_once, operating_point at,
                                                         std::uint64_t* keys) {
    peer->search(queries.data(), count, at_once, top_k, at.probes, at.rerank, reinterpret_cast<std::int64_t*>(keys));
  };
  return {"faiss", code_bytes, answer};
}

// --- building --------------------------------------------------------------------------------------------------------

inline std::vector<std::uint64_t> row_numbers(std::size_t rows) {
  std::vector<std::uint64_t> keys(rows);
  std::iota(keys.begin(), keys.end(), std::uint64_t{0});
  return keys;
}
/// Trained on a set's rows, which it holds under their numbers. On one thread.
inline atlas_lists built_lists(const data_set& set, const atlas::ivf_pq_options& options) {
  auto index = atlas_lists::create(options).value();
  index.add(row_numbers(set.rows), atlas::dense(set.base.data(), set.rows, set.dimension)).value();
  if (!index.is_trained()) throw std::runtime_error(set.name + ": the index did not train itself");
  return index;
}
inline atlas_lists built_lists(const data_set& set, std::size_t parts) {
  return built_lists(set, {.dimension = set.dimension,
                           .metric = set.metric,
                           .lists = list_count,
                           .codes = atlas::ivf_codes::pq4,
                           .parts = parts,
                           .train_from = set.rows,
                           .iterations = list_iterations,
                           .reserve_rows = set.rows});
}

}  // namespace bench

#endif  // ATLAS_BENCH_IVF_PQ_LIST_ENGINE_HPP
