// SPDX-License-Identifier: Apache-2.0
// bench/ivf_pq/ivf_set.hpp -- one data set with its built inverted files, ATLAS's and the peer's, each made when asked for.
#ifndef ATLAS_BENCH_IVF_PQ_IVF_SET_HPP
#define ATLAS_BENCH_IVF_PQ_IVF_SET_HPP

#include "hnsw/hnsw_set.hpp"
#include "ivf_pq/list_engine.hpp"
#include "peers/faiss_quantizer_peer.hpp"
#include "support/bench_options.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

namespace bench {

class ivf_set {
 public:
  ivf_set(const ivf_target& target, const bench_options& options)
      : target_(target), options_(options), graphs_(target.set, options) {}

  [[nodiscard]] const std::string& name() const { return target_.set.name; }
  [[nodiscard]] const std::vector<double>& recalls() const { return target_.set.recalls; }
  [[nodiscard]] const std::vector<std::size_t>& parts() const { return target_.parts; }
  [[nodiscard]] bool is_small() const { return name() == small_set; }
  /// The set itself, its truth, and hnswlib's graph.
  hnsw_set& graphs() { return graphs_; }
  const data_set& data() {
    const data_set& loaded = graphs_.data();
    if (loaded.dimension != dimension()) {
      throw std::runtime_error(name() + ": expected " + std::to_string(dimension()) + " components, found " +
                               std::to_string(loaded.dimension));
    }
    return loaded;
  }
  [[nodiscard]] std::size_t dimension() const { return target_.dimension; }
  [[nodiscard]] bool peer_takes_products() const { return target_.peer_takes_products; }

  /// Read into memory, as the peer's. With --quick as an earlier run left it.
  const list_engine& atlas(std::size_t parts) {
    const auto known = atlas_.find(parts);
    if (known != atlas_.end()) return known->second;
    const auto path = cached(std::to_string(parts) + "x4", ".atlas");
    if (!options_.quick || !std::filesystem::exists(path)) built_lists(data(), parts).save(path.c_str()).value();
    const auto index = std::make_shared<const atlas_lists>(atlas_lists::open(path.c_str(), {.load = true}).value());
    return atlas_.emplace(parts, atlas_engine(index, data())).first->second;
  }
  const list_engine& faiss(std::size_t parts) {
    const auto known = faiss_.find(parts);
    if (known != faiss_.end()) return known->second;
    const auto peer = cached_peer<faiss_ivf_peer>(cached(std::to_string(parts) + "x4", faiss_suffix()), data().dimension,
                                                  peer_takes_products(), list_count, parts);
    return faiss_.emplace(parts, faiss_engine(peer, graphs_.peer_queries())).first->second;
  }
  std::shared_ptr<const faiss_opq_peer> faiss_codes(std::size_t bytes) {
    return cached_peer<faiss_opq_peer>(cached("opq" + std::to_string(bytes), faiss_suffix()), data().dimension, bytes);
  }

 private:
  [[nodiscard]] static std::string faiss_suffix() { return ".faiss-" + faiss_ivf_peer::version(); }
  [[nodiscard]] std::filesystem::path cached(const std::string& what, const std::string& suffix) const {
    return options_.cache / (name() + ".ivf." + what + ivf_cache_version + suffix);
  }
  /// Complete or not at all, so that what was interrupted is built again.
  template <class Peer, class... Shape>
  std::shared_ptr<const Peer> cached_peer(const std::filesystem::path& path, Shape... shape) {
    if (!std::filesystem::exists(path)) {
      Peer peer(shape...);
      peer.build(graphs_.peer_rows().data(), data().rows);
      const auto partial = std::filesystem::path(path).concat(".partial");
      peer.save(partial);
      std::filesystem::rename(partial, path);
    }
    return std::make_shared<const Peer>(path);
  }

  const ivf_target& target_;
  const bench_options& options_;
  hnsw_set graphs_;
  std::map<std::size_t, list_engine> atlas_;  ///< by their parts
  std::map<std::size_t, list_engine> faiss_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_IVF_PQ_IVF_SET_HPP
