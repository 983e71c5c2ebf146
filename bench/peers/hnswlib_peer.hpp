// SPDX-License-Identifier: Apache-2.0
// bench/peers/hnswlib_peer.hpp -- hnswlib behind a plain class, so that its flags stay in one translation unit.
#ifndef ATLAS_BENCH_PEERS_HNSWLIB_PEER_HPP
#define ATLAS_BENCH_PEERS_HNSWLIB_PEER_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace bench {

/// L2, or inner product over vectors that the caller made of unit length.
class hnswlib_peer {
 public:
  static bool is_available();

  hnswlib_peer(std::size_t dimension, bool inner_product, std::size_t most_rows, std::size_t connectivity, std::size_t build_width);
  hnswlib_peer(const std::string& path, std::size_t dimension, bool inner_product);
  ~hnswlib_peer();

  void add(const float* rows, std::size_t first, std::size_t count);
  void save(const std::string& path);
  /// The k nearest, farthest first. @return how many
  std::size_t search(const float* query, std::size_t k, std::size_t width, std::uint64_t* keys) const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

/// The distance function that hnswlib chooses for a dimension, called once a row.
class hnswlib_kernel_peer {
 public:
  hnswlib_kernel_peer(std::size_t dimension, bool inner_product);
  ~hnswlib_kernel_peer();

  /// out[i] = squared L2 or 1 - product. shape rows: [count, dimension]
  void distances(const float* query, const float* rows, std::size_t count, float* out) const;
  /// The same of rows[ids[i]], with a prefetch of the next row's first line, as hnswlib's search does it.
  void gather(const float* query, const float* rows, const std::uint32_t* ids, std::size_t count, float* out) const;

  /// "AVX-512", "AVX", "SSE" or "plain": what the functions were compiled for.
  static const char* isa();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_PEERS_HNSWLIB_PEER_HPP
