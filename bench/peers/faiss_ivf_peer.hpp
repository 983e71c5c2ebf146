// SPDX-License-Identifier: Apache-2.0
// bench/peers/faiss_ivf_peer.hpp -- faiss's 4-bit fast scan with an exact second pass, behind a plain class.
#ifndef ATLAS_BENCH_PEERS_FAISS_IVF_PEER_HPP
#define ATLAS_BENCH_PEERS_FAISS_IVF_PEER_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace bench {

/// faiss::IndexIVFPQFastScan under a faiss::IndexRefineFlat, "IVF{lists},PQ{parts}x4fs,RFlat"; L2, or inner product over
/// vectors that the caller made of unit length. All on this thread alone.
class faiss_ivf_peer {
 public:
  static bool is_available();
  /// "1.15.0": one version need not read another's files.
  static std::string version();

  faiss_ivf_peer(std::size_t dimension, bool inner_product, std::size_t lists, std::size_t parts);
  explicit faiss_ivf_peer(const std::string& path);
  ~faiss_ivf_peer();

  /// Trains on rows and adds them, keyed by their place, with faiss's own settings: 10 iterations for the lists.
  void build(const float* rows, std::size_t count);
  void save(const std::string& path) const;
  /// Of a row in its list.
  std::size_t code_bytes() const;
  /// @param at_once  queries of a call
  /// @param rerank   rows measured, for each of k
  /// @param keys     [query_count, k], nearest first, -1 where nothing was found
  void search(const float* queries, std::size_t query_count, std::size_t at_once, std::size_t k, std::size_t probes,
              std::size_t rerank, std::int64_t* keys) const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_PEERS_FAISS_IVF_PEER_HPP
