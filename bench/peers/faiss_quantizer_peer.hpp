// SPDX-License-Identifier: Apache-2.0
// bench/peers/faiss_quantizer_peer.hpp -- faiss's k-means, and its product codes after a learned rotation.
#ifndef ATLAS_BENCH_PEERS_FAISS_QUANTIZER_PEER_HPP
#define ATLAS_BENCH_PEERS_FAISS_QUANTIZER_PEER_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace bench {

/// faiss::Clustering with an IndexFlatL2 on all rows, on this thread alone.
/// @param centroids  [clusters, dimension]
void faiss_kmeans(const float* rows, std::size_t count, std::size_t dimension, std::size_t clusters,
                  std::size_t iterations, int seed, float* centroids);

/// "OPQ{bytes}_{padded},PQ{bytes}": codes of 8 bits a part, all of which a search looks at, without a second pass. Trained for
/// L2, with faiss's own settings, on this thread alone.
class faiss_opq_peer {
 public:
  static bool is_available();

  faiss_opq_peer(std::size_t dimension, std::size_t bytes);
  explicit faiss_opq_peer(const std::string& path);
  ~faiss_opq_peer();

  void build(const float* rows, std::size_t count);
  void save(const std::string& path) const;
  /// keys: [query_count, k], nearest first
  void search(const float* queries, std::size_t query_count, std::size_t k, std::int64_t* keys) const;
  /// The same codes by their inner products, which over vectors of unit length have the order of L2.
  void search_products(const float* queries, std::size_t query_count, std::size_t k, std::int64_t* keys) const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_PEERS_FAISS_QUANTIZER_PEER_HPP
