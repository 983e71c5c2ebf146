// SPDX-License-Identifier: Apache-2.0
// bench/hnsw/engine.hpp -- ATLAS's indexes and the peers' as one kind of thing that is searched at a width.
#ifndef ATLAS_BENCH_HNSW_ENGINE_HPP
#define ATLAS_BENCH_HNSW_ENGINE_HPP

#include <atlas/hnsw.hpp>

#include "hnsw/parameters.hpp"
#include "peers/faiss_hnsw_peer.hpp"
#include "peers/hnswlib_peer.hpp"
#include "support/data_set.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bench {

using atlas_graph = atlas::hnsw<float>;

/// Answers `count` queries one after the other on this thread into keys[count, top_k]; reserved_key for what was not
/// found.
using searcher = std::function<void(const float* queries, std::size_t count, std::size_t width, std::uint64_t* keys)>;

struct engine {
  std::string name;
  searcher search;
  const std::vector<float>* queries = nullptr;  ///< as this engine wants them: [.., dimension]
  std::size_t dimension = 0;

  /// The answers to the first `count` queries.
  void answer(std::size_t count, std::size_t width, std::vector<std::uint64_t>& keys) const {
    keys.resize(count * top_k);
    search(queries->data(), count, width, keys.data());
  }
};

/// Rows of unit length, as inner product wants them under cosine.
inline std::vector<float> unit_rows(const std::vector<float>& rows, std::size_t dimension) {
  std::vector<float> out(rows);
  for (std::size_t at = 0; at < out.size(); at += dimension) {
    double squares = 0;
    for (std::size_t i = 0; i < dimension; ++i) {
      squares += static_cast<double>(out[at + i]) * static_cast<double>(out[at + i]);
    }
    const auto scale = static_cast<float>(1.0 / std::sqrt(squares));
    for (std::size_t i = 0; i < dimension; ++i) out[at + i] *= scale;
  }
  return out;
}

/// An index of ATLAS, flat or hnsw: one call a query. What `allowed` borrows must outlive the engine.
template <class Index>
engine atlas_engine(std::string name, std::shared_ptr<const Index> index, const data_set& set,
                    const atlas::filter& allowed = {}) {
  const std::size_t dimension = set.dimension;
  const auto search = [index = std::move(index), dimension, allowed](const float* queries, std::size_t count,
                                                                     std::size_t width, std::uint64_t* keys) {
    float distances[top_k];
    const atlas::search_options options{.k = top_k, .width = width, .allowed = allowed};
    for (std::size_t q = 0; q < count; ++q) {
      const auto query = atlas::dense(queries + q * dimension, 1, dimension);
      index->search(query, options, {keys + q * top_k, distances}).value();
    }
  };
  return {std::move(name), search, &set.queries, dimension};
}
/// @param queries  of unit length under cosine; borrowed
inline engine hnswlib_engine(std::shared_ptr<const hnswlib_peer> peer, const std::vector<float>& queries,
                             std::size_t dimension) {
  const auto search = [peer = std::move(peer), dimension](const float* from, std::size_t count, std::size_t width,
                                                          std::uint64_t* keys) {
    for (std::size_t q = 0; q < count; ++q) {
      const std::size_t found = peer->search(from + q * dimension, top_k, width, keys + q * top_k);
      std::fill(keys + q * top_k + found, keys + (q + 1) * top_k, atlas::reserved_key);
    }
  };
  return {"hnswlib", search, &queries, dimension};
}
/// All queries in one call, which is faiss at its best.
inline engine faiss_engine(std::shared_ptr<const faiss_hnsw_peer> peer, const std::vector<float>& queries,
                           std::size_t dimension) {
  const auto search = [peer = std::move(peer)](const float* from, std::size_t count, std::size_t width,
                                               std::uint64_t* keys) {
    static_assert(sizeof(std::int64_t) == sizeof(std::uint64_t) &&
                  static_cast<std::uint64_t>(-1) == atlas::reserved_key);
    peer->search(from, count, top_k, width, reinterpret_cast<std::int64_t*>(keys));
  };
  return {"faiss", search, &queries, dimension};
}

// --- building --------------------------------------------------------------------------------------------------------

inline atlas_graph empty_graph(const data_set& set) {
  return atlas_graph::create({.dimension = set.dimension,
                              .metric = set.metric,
                              .connectivity = connectivity,
                              .build_width = build_width,
                              .reserve_rows = set.rows})
      .value();
}
inline std::shared_ptr<hnswlib_peer> empty_hnswlib(const data_set& set) {
  return std::make_shared<hnswlib_peer>(set.dimension, set.metric == atlas::metric::cosine, set.rows, connectivity,
                                        build_width);
}
/// Adds rows [first, first + count) of a set under their numbers.
inline void add_rows(atlas_graph& graph, const data_set& set, std::size_t first, std::size_t count,
                     unsigned threads = 1) {
  std::vector<std::uint64_t> keys(count);
  for (std::size_t i = 0; i < count; ++i) keys[i] = first + i;
  graph.add(keys, atlas::dense(set.row(first), count, set.dimension), {.threads = threads}).value();
}

}  // namespace bench

#endif  // ATLAS_BENCH_HNSW_ENGINE_HPP
