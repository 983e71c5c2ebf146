// SPDX-License-Identifier: Apache-2.0
// bench/peers/faiss_quantizer_peer.cpp -- includes nothing of ATLAS. The loops are in libfaiss, whatever the flags here.
#include "peers/faiss_quantizer_peer.hpp"

#include <stdexcept>

#if ATLAS_BENCH_HAVE_FAISS
#include <faiss/Clustering.h>
#include <faiss/IndexFlat.h>
#include <faiss/IndexPreTransform.h>
#include <faiss/index_factory.h>
#include <faiss/index_io.h>

#include "peers/faiss_library.hpp"

#include <algorithm>
#include <limits>
#include <vector>

namespace bench {

void faiss_kmeans(const float* rows, std::size_t count, std::size_t dimension, std::size_t clusters,
                  std::size_t iterations, int seed, float* centroids) {
  set_faiss_threads(1);
  faiss::ClusteringParameters parameters;
  parameters.niter = static_cast<int>(iterations);
  parameters.seed = seed;
  parameters.max_points_per_centroid = std::numeric_limits<int>::max() / static_cast<int>(clusters);
  faiss::Clustering clustering(static_cast<int>(dimension), static_cast<int>(clusters), parameters);
  faiss::IndexFlatL2 assigner(static_cast<int>(dimension));
  clustering.train(static_cast<std::int64_t>(count), rows, assigner);
  std::copy(clustering.centroids.begin(), clustering.centroids.end(), centroids);
}

struct faiss_opq_peer::state {
  std::unique_ptr<faiss::Index> index;

  void search(faiss::MetricType metric, const float* queries, std::size_t query_count, std::size_t k, std::int64_t* keys) {
    set_faiss_threads(1);
    dynamic_cast<faiss::IndexPreTransform&>(*index).index->metric_type = metric;
    std::vector<float> distances(query_count * k);
    index->search(static_cast<std::int64_t>(query_count), queries, static_cast<std::int64_t>(k), distances.data(), keys);
  }
};

bool faiss_opq_peer::is_available() { return true; }

faiss_opq_peer::faiss_opq_peer(std::size_t dimension, std::size_t bytes) : state_(std::make_unique<state>()) {
  const std::string parts = std::to_string(bytes);
  const std::string padded = std::to_string((dimension + bytes - 1) / bytes * bytes);
  const std::string kind = "OPQ" + parts + "_" + padded + ",PQ" + parts;
  state_->index.reset(faiss::index_factory(static_cast<int>(dimension), kind.c_str()));
}
faiss_opq_peer::faiss_opq_peer(const std::string& path) : state_(std::make_unique<state>()) {
  state_->index.reset(faiss::read_index(path.c_str()));
}
faiss_opq_peer::~faiss_opq_peer() = default;

void faiss_opq_peer::build(const float* rows, std::size_t count) {
  set_faiss_threads(1);
  state_->index->train(static_cast<std::int64_t>(count), rows);
  state_->index->add(static_cast<std::int64_t>(count), rows);
}
void faiss_opq_peer::save(const std::string& path) const { faiss::write_index(state_->index.get(), path.c_str()); }
void faiss_opq_peer::search(const float* queries, std::size_t query_count, std::size_t k, std::int64_t* keys) const {
  state_->search(faiss::METRIC_L2, queries, query_count, k, keys);
}
void faiss_opq_peer::search_products(const float* queries, std::size_t query_count, std::size_t k, std::int64_t* keys) const {
  state_->search(faiss::METRIC_INNER_PRODUCT, queries, query_count, k, keys);
}

}  // namespace bench

#else

namespace bench {
void faiss_kmeans(const float*, std::size_t, std::size_t, std::size_t, std::size_t, int, float*) {}
struct faiss_opq_peer::state {};
bool faiss_opq_peer::is_available() { return false; }
faiss_opq_peer::faiss_opq_peer(std::size_t, std::size_t) { throw std::runtime_error("built without faiss"); }
faiss_opq_peer::faiss_opq_peer(const std::string&) { throw std::runtime_error("built without faiss"); }
faiss_opq_peer::~faiss_opq_peer() = default;
void faiss_opq_peer::build(const float*, std::size_t) {}
void faiss_opq_peer::save(const std::string&) const {}
void faiss_opq_peer::search(const float*, std::size_t, std::size_t, std::int64_t*) const {}
void faiss_opq_peer::search_products(const float*, std::size_t, std::size_t, std::int64_t*) const {}
}  // namespace bench

#endif
