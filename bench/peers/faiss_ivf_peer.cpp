// SPDX-License-Identifier: Apache-2.0
// bench/peers/faiss_ivf_peer.cpp -- includes nothing of ATLAS. The loops are in libfaiss, whatever the flags here.
#include "peers/faiss_ivf_peer.hpp"

#include <stdexcept>

#if ATLAS_BENCH_HAVE_FAISS
#include <faiss/IVFlib.h>
#include <faiss/IndexIVFPQFastScan.h>
#include <faiss/IndexRefine.h>
#include <faiss/index_factory.h>
#include <faiss/index_io.h>

#include "peers/faiss_library.hpp"

#include <algorithm>
#include <vector>

namespace bench {

struct faiss_ivf_peer::state {
  std::unique_ptr<faiss::Index> index;
  faiss::IndexRefine* refine = nullptr;  ///< index
  faiss::IndexIVF* lists = nullptr;      ///< below it

  explicit state(faiss::Index* made) : index(made), refine(dynamic_cast<faiss::IndexRefine*>(made)) {
    if (refine != nullptr) lists = dynamic_cast<faiss::IndexIVFPQFastScan*>(refine->base_index);
    if (lists == nullptr) throw std::runtime_error("faiss: not an IndexIVFPQFastScan under an IndexRefine");
  }
};

bool faiss_ivf_peer::is_available() { return true; }
std::string faiss_ivf_peer::version() { return faiss_version(); }

faiss_ivf_peer::faiss_ivf_peer(std::size_t dimension, bool inner_product, std::size_t lists, std::size_t parts) {
  const std::string kind = "IVF" + std::to_string(lists) + ",PQ" + std::to_string(parts) + "x4fs,RFlat";
  state_ = std::make_unique<state>(
      faiss::index_factory(static_cast<int>(dimension), kind.c_str(),
                           inner_product ? faiss::METRIC_INNER_PRODUCT : faiss::METRIC_L2));
}
faiss_ivf_peer::faiss_ivf_peer(const std::string& path)
    : state_(std::make_unique<state>(faiss::read_index(path.c_str()))) {}
faiss_ivf_peer::~faiss_ivf_peer() = default;

void faiss_ivf_peer::build(const float* rows, std::size_t count) {
  set_faiss_threads(1);
  state_->index->train(static_cast<std::int64_t>(count), rows);
  state_->index->add(static_cast<std::int64_t>(count), rows);
}
void faiss_ivf_peer::save(const std::string& path) const { faiss::write_index(state_->index.get(), path.c_str()); }
std::size_t faiss_ivf_peer::code_bytes() const { return state_->lists->code_size; }
void faiss_ivf_peer::search(const float* queries, std::size_t query_count, std::size_t at_once, std::size_t k,
                            std::size_t probes, std::size_t rerank, std::int64_t* keys) const {
  set_faiss_threads(1);
  state_->lists->nprobe = probes;
  state_->refine->k_factor = static_cast<float>(rerank);
  const auto dimension = static_cast<std::size_t>(state_->index->d);
  std::vector<float> distances(at_once * k);
  for (std::size_t first = 0; first < query_count; first += at_once) {
    const std::size_t count = std::min(at_once, query_count - first);
    state_->index->search(static_cast<std::int64_t>(count), queries + first * dimension, static_cast<std::int64_t>(k),
                          distances.data(), keys + first * k);
  }
}

}  // namespace bench

#else

namespace bench {
struct faiss_ivf_peer::state {};
bool faiss_ivf_peer::is_available() { return false; }
std::string faiss_ivf_peer::version() { return {}; }
faiss_ivf_peer::faiss_ivf_peer(std::size_t, bool, std::size_t, std::size_t) {
  throw std::runtime_error("built without faiss");
}
faiss_ivf_peer::faiss_ivf_peer(const std::string&) { throw std::runtime_error("built without faiss"); }
faiss_ivf_peer::~faiss_ivf_peer() = default;
void faiss_ivf_peer::build(const float*, std::size_t) {}
void faiss_ivf_peer::save(const std::string&) const {}
std::size_t faiss_ivf_peer::code_bytes() const { return 0; }
void faiss_ivf_peer::search(const float*, std::size_t, std::size_t, std::size_t, std::size_t, std::size_t,
                            std::int64_t*) const {}
}  // namespace bench

#endif
