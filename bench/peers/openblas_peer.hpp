// SPDX-License-Identifier: Apache-2.0
// bench/peers/openblas_peer.hpp -- OpenBLAS behind plain functions.
#ifndef ATLAS_BENCH_PEERS_OPENBLAS_PEER_HPP
#define ATLAS_BENCH_PEERS_OPENBLAS_PEER_HPP

#include <cstddef>
#include <string>

namespace bench {

bool has_openblas();

/// Version and the kernels in use. OpenBLAS chooses them when it is loaded; OPENBLAS_CORETYPE must be set before.
std::string openblas_description();

/// Threads of every later call, also of the calls that faiss makes.
void set_openblas_threads(unsigned threads);

/// out[i] = <rows[i], query>, what NumPy's `rows @ query` calls. shape rows: [count, dimension]
void openblas_dot(const float* query, const float* rows, std::size_t dimension, std::size_t count, float* out);

/// out[i][j] = <queries[i], rows[j]>, what NumPy's `queries @ rows.T` calls.
void openblas_dots(const float* queries, std::size_t query_count, const float* rows, std::size_t dimension,
                   std::size_t count, float* out);

}  // namespace bench

#endif  // ATLAS_BENCH_PEERS_OPENBLAS_PEER_HPP
