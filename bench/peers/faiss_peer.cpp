// SPDX-License-Identifier: Apache-2.0
// bench/peers/faiss_peer.cpp -- includes nothing of ATLAS. The loops are in libfaiss, whatever the flags here.
#include "peers/faiss_peer.hpp"

#if ATLAS_BENCH_HAVE_FAISS
#include "peers/faiss_library.hpp"

#include <faiss/IndexFlat.h>
#include <faiss/utils/distances.h>
#include <faiss/utils/utils.h>
#include <omp.h>

namespace bench {

bool has_faiss() { return true; }
std::string faiss_description() {
  return "faiss " + faiss_version() + " (compile options: " + faiss::get_compile_options() + ")";
}
void faiss_l2sq(const float* query, const float* rows, std::size_t dimension, std::size_t count, float* out) {
  faiss::fvec_L2sqr_ny(out, query, rows, dimension, count);
}
void faiss_dot(const float* query, const float* rows, std::size_t dimension, std::size_t count, float* out) {
  faiss::fvec_inner_products_ny(out, query, rows, dimension, count);
}
void faiss_l2sq_matrix(const float* queries, std::size_t query_count, const float* rows, std::size_t dimension,
                       std::size_t count, float* out) {
  omp_set_num_threads(1);  // for the lengths; OpenBLAS has its own number
  faiss::pairwise_L2sqr(static_cast<std::int64_t>(dimension), static_cast<std::int64_t>(query_count), queries,
                        static_cast<std::int64_t>(count), rows, out);
}

struct faiss_flat_peer::state {
  faiss::IndexFlatL2 index;
};

faiss_flat_peer::faiss_flat_peer(const float* rows, std::size_t dimension, std::size_t count)
    : state_(new state{faiss::IndexFlatL2(static_cast<std::int64_t>(dimension))}) {
  state_->index.add(static_cast<std::int64_t>(count), rows);
}
faiss_flat_peer::~faiss_flat_peer() = default;

void faiss_flat_peer::search(const float* queries, std::size_t query_count, std::size_t k, unsigned threads,
                             float* distances, std::int64_t* keys) const {
  set_faiss_threads(threads);
  state_->index.search(static_cast<std::int64_t>(query_count), queries, static_cast<std::int64_t>(k),
                       distances, keys);
  set_faiss_threads(1);
}
void* faiss_flat_peer::rows() const { return state_->index.get_xb(); }
std::size_t faiss_flat_peer::row_bytes() const { return state_->index.codes.size(); }

}  // namespace bench

#else

#include <stdexcept>

namespace bench {
bool has_faiss() { return false; }
std::string faiss_description() { return {}; }
void faiss_l2sq(const float*, const float*, std::size_t, std::size_t, float*) {}
void faiss_dot(const float*, const float*, std::size_t, std::size_t, float*) {}
void faiss_l2sq_matrix(const float*, std::size_t, const float*, std::size_t, std::size_t, float*) {}
struct faiss_flat_peer::state {};
faiss_flat_peer::faiss_flat_peer(const float*, std::size_t, std::size_t) {
  throw std::runtime_error("built without faiss");
}
faiss_flat_peer::~faiss_flat_peer() = default;
void faiss_flat_peer::search(const float*, std::size_t, std::size_t, unsigned, float*, std::int64_t*) const {}
void* faiss_flat_peer::rows() const { return nullptr; }
std::size_t faiss_flat_peer::row_bytes() const { return 0; }
}  // namespace bench

#endif
