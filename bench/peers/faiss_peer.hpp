// SPDX-License-Identifier: Apache-2.0
// bench/peers/faiss_peer.hpp -- faiss behind plain functions and a plain class.
#ifndef ATLAS_BENCH_PEERS_FAISS_PEER_HPP
#define ATLAS_BENCH_PEERS_FAISS_PEER_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace bench {

bool has_faiss();

/// Version and what the library says it was compiled for.
std::string faiss_description();

/// faiss::fvec_L2sqr_ny and faiss::fvec_inner_products_ny (which gives products, not distances).
void faiss_l2sq(const float* query, const float* rows, std::size_t dimension, std::size_t count, float* out);
void faiss_dot(const float* query, const float* rows, std::size_t dimension, std::size_t count, float* out);

/// faiss::pairwise_L2sqr on one thread: |a|^2 + |b|^2 - 2 <a, b>, by OpenBLAS. out: [query_count, count]
void faiss_l2sq_matrix(const float* queries, std::size_t query_count, const float* rows, std::size_t dimension,
                       std::size_t count, float* out);

/// faiss::IndexFlatL2. It copies the rows. OpenMP's and OpenBLAS's threads are `threads` during a search and 1 otherwise.
class faiss_flat_peer {
 public:
  faiss_flat_peer(const float* rows, std::size_t dimension, std::size_t count);
  ~faiss_flat_peer();

  /// keys, distances: [query_count, k], nearest first
  void search(const float* queries, std::size_t query_count, std::size_t k, unsigned threads, float* distances,
              std::int64_t* keys) const;
  /// Where its copy of the rows lies, and how many bytes.
  void* rows() const;
  std::size_t row_bytes() const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_PEERS_FAISS_PEER_HPP
