// SPDX-License-Identifier: Apache-2.0
// bench/peers/faiss_library.hpp -- libfaiss as a whole: which it is, and on how many threads. Includes nothing of ATLAS; for
// the peers alone, and only where faiss is there.
#ifndef ATLAS_BENCH_PEERS_FAISS_LIBRARY_HPP
#define ATLAS_BENCH_PEERS_FAISS_LIBRARY_HPP

#include "peers/openblas_peer.hpp"

#include <faiss/Index.h>
#include <omp.h>

#include <string>

namespace bench {

inline std::string faiss_version() {
  return std::to_string(FAISS_VERSION_MAJOR) + "." + std::to_string(FAISS_VERSION_MINOR) + "." +
         std::to_string(FAISS_VERSION_PATCH);
}
/// Of its own loops and of the matrix products that it leaves to OpenBLAS.
inline void set_faiss_threads(unsigned threads) {
  omp_set_num_threads(static_cast<int>(threads));
  set_openblas_threads(threads);
}

}  // namespace bench

#endif  // ATLAS_BENCH_PEERS_FAISS_LIBRARY_HPP
