// SPDX-License-Identifier: Apache-2.0
// bench/peers/faiss_hnsw_peer.hpp -- faiss::IndexHNSWFlat behind a plain class; faiss_description() says its ISA.
#ifndef ATLAS_BENCH_PEERS_FAISS_HNSW_PEER_HPP
#define ATLAS_BENCH_PEERS_FAISS_HNSW_PEER_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace bench {

/// L2, or inner product over vectors that the caller made of unit length.
class faiss_hnsw_peer {
 public:
  static bool is_available();

  faiss_hnsw_peer(std::size_t dimension, bool inner_product, std::size_t connectivity, std::size_t build_width);
  explicit faiss_hnsw_peer(const std::string& path);
  ~faiss_hnsw_peer();

  /// All rows at once, keyed by their place, on `threads` threads.
  void add(const float* rows, std::size_t count, unsigned threads);
  void save(const std::string& path) const;
  /// keys: [query_count, k], nearest first, -1 where nothing was found. On this thread alone; one call for many queries
  /// is faiss at its best, since each call makes a table of visited rows anew.
  void search(const float* queries, std::size_t query_count, std::size_t k, std::size_t width,
              std::int64_t* keys) const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_PEERS_FAISS_HNSW_PEER_HPP
