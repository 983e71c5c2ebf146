// SPDX-License-Identifier: Apache-2.0
// bench/peers/faiss_hnsw_peer.cpp -- includes nothing of ATLAS. The loops are in libfaiss, whatever the flags here.
#include "peers/faiss_hnsw_peer.hpp"

#include <stdexcept>

#if ATLAS_BENCH_HAVE_FAISS
#include <faiss/IndexHNSW.h>
#include <faiss/index_io.h>

#include <omp.h>

#include <vector>

namespace bench {

struct faiss_hnsw_peer::state {
  std::unique_ptr<faiss::IndexHNSW> index;
};

bool faiss_hnsw_peer::is_available() { return true; }

faiss_hnsw_peer::faiss_hnsw_peer(std::size_t dimension, bool inner_product, std::size_t connectivity,
                                 std::size_t build_width)
    : state_(std::make_unique<state>()) {
  state_->index =
      std::make_unique<faiss::IndexHNSWFlat>(static_cast<int>(dimension), static_cast<int>(connectivity),
                                             inner_product ? faiss::METRIC_INNER_PRODUCT : faiss::METRIC_L2);
  state_->index->hnsw.efConstruction = static_cast<int>(build_width);
}
faiss_hnsw_peer::faiss_hnsw_peer(const std::string& path) : state_(std::make_unique<state>()) {
  std::unique_ptr<faiss::Index> read(faiss::read_index(path.c_str()));
  auto* const graph = dynamic_cast<faiss::IndexHNSW*>(read.get());
  if (graph == nullptr) throw std::runtime_error("not a faiss::IndexHNSW: " + path);
  static_cast<void>(read.release());
  state_->index.reset(graph);
}
faiss_hnsw_peer::~faiss_hnsw_peer() = default;

void faiss_hnsw_peer::add(const float* rows, std::size_t count, unsigned threads) {
  omp_set_num_threads(static_cast<int>(threads));
  state_->index->add(static_cast<std::int64_t>(count), rows);
  omp_set_num_threads(1);
}
void faiss_hnsw_peer::save(const std::string& path) const { faiss::write_index(state_->index.get(), path.c_str()); }
void faiss_hnsw_peer::search(const float* queries, std::size_t query_count, std::size_t k, std::size_t width,
                             std::int64_t* keys) const {
  omp_set_num_threads(1);
  state_->index->hnsw.efSearch = static_cast<int>(width);
  std::vector<float> distances(query_count * k);
  state_->index->search(static_cast<std::int64_t>(query_count), queries, static_cast<std::int64_t>(k),
                        distances.data(), keys);
}

}  // namespace bench

#else

namespace bench {
struct faiss_hnsw_peer::state {};
bool faiss_hnsw_peer::is_available() { return false; }
faiss_hnsw_peer::faiss_hnsw_peer(std::size_t, bool, std::size_t, std::size_t) {
  throw std::runtime_error("built without faiss");
}
faiss_hnsw_peer::faiss_hnsw_peer(const std::string&) { throw std::runtime_error("built without faiss"); }
faiss_hnsw_peer::~faiss_hnsw_peer() = default;
void faiss_hnsw_peer::add(const float*, std::size_t, unsigned) {}
void faiss_hnsw_peer::save(const std::string&) const {}
void faiss_hnsw_peer::search(const float*, std::size_t, std::size_t, std::size_t, std::int64_t*) const {}
}  // namespace bench

#endif
