// SPDX-License-Identifier: Apache-2.0
// bench/hnsw/hnsw_set.hpp -- one data set with its built graphs, ATLAS's and the peers', each made when asked for.
#ifndef ATLAS_BENCH_HNSW_HNSW_SET_HPP
#define ATLAS_BENCH_HNSW_HNSW_SET_HPP

#include "hnsw/recall_curve.hpp"
#include "support/bench_options.hpp"
#include "support/exact_truth.hpp"

#include <atlas/core/thread.hpp>  // hardware_threads

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bench {

/// A form in which ATLAS keeps a graph. Cases that are measured for every form end with its name.
struct graph_form {
  const char* name;
  void (*save)(const atlas_graph& graph, const char* path);  ///< writes a built graph in this form; opened as any other
};
/// The first is the one that is added to and removed from; a further form is one entry more.
inline const std::vector<graph_form> graph_forms = {
    {"dynamic", [](const atlas_graph& graph, const char* path) { graph.save(path).value(); }},
    {"sealed", [](const atlas_graph& graph, const char* path) { graph.seal(path).value(); }}};

/// The file of a graph over all rows of `set`, built in one thread; with --quick, as an earlier run left it.
inline std::filesystem::path graph_file(const data_set& set, const bench_options& options) {
  const auto path = options.cache / (set.name + cache_version + ".atlas");
  if (!options.quick || !std::filesystem::exists(path)) {
    atlas_graph graph = empty_graph(set);
    add_rows(graph, set, 0, set.rows);
    graph.save(path.c_str()).value();
  }
  return path;
}

/// An engine over a built graph, and its recalls as far as they were measured.
struct searched_graph {
  engine searched;
  recall_curve curve;

  searched_graph(engine one, const truth& known) : searched(std::move(one)), curve(searched, known) {}
  searched_graph(const searched_graph&) = delete;
  searched_graph& operator=(const searched_graph&) = delete;
};

class hnsw_set {
 public:
  hnsw_set(const target_set& targets, const bench_options& options) : targets_(targets), options_(options) {}

  [[nodiscard]] const std::string& name() const { return targets_.name; }
  [[nodiscard]] const std::vector<double>& recalls() const { return targets_.recalls; }
  [[nodiscard]] bool is_small() const { return name() == small_set; }

  const data_set& data() {
    if (!data_) data_ = load_data_set(name(), options_.data, options_.cache);
    return *data_;
  }
  truth known() {
    if (kth_.empty()) kth_ = data().kth_distances(top_k);
    return {data(), kth_};
  }
  [[nodiscard]] bool is_cosine() { return data().metric == atlas::metric::cosine; }
  /// Of unit length under cosine, as the peers' inner product wants them.
  const std::vector<float>& peer_rows() {
    if (is_cosine() && unit_rows_.empty()) unit_rows_ = unit_rows(data().base, data().dimension);
    return is_cosine() ? unit_rows_ : data().base;
  }
  const std::vector<float>& peer_queries() {
    if (is_cosine() && unit_queries_.empty()) unit_queries_ = unit_rows(data().queries, data().dimension);
    return is_cosine() ? unit_queries_ : data().queries;
  }
  /// All rows, to be searched exactly.
  const std::shared_ptr<const atlas::flat<float>>& all_rows() {
    if (!all_rows_) all_rows_ = std::make_shared<const atlas::flat<float>>(flat_of(data()));
    return all_rows_;
  }

  // --- files in the cache --------------------------------------------------------------------------------------------
  /// ATLAS's graphs of earlier runs, which another version of the library may have built, serve --quick alone.
  std::filesystem::path file(const graph_form& form) {
    if (!is_built_) {
      bool are_there = options_.quick;
      for (const graph_form& one : graph_forms) are_there = are_there && std::filesystem::exists(path_of(one));
      if (!are_there) {
        atlas_graph graph = empty_graph(data());
        add_rows(graph, data(), 0, data().rows);
        keep(graph);
      }
      is_built_ = true;
    }
    return path_of(form);
  }
  std::filesystem::path dynamic_file() { return file(graph_forms.front()); }
  std::filesystem::path hnswlib_file() {
    const auto path = cached("", ".hnswlib");
    if (!std::filesystem::exists(path)) {
      const auto peer = empty_hnswlib(data());
      peer->add(peer_rows().data(), 0, data().rows);
      keep(*peer);
    }
    return path;
  }
  std::filesystem::path faiss_file() {
    const auto path = cached("", ".faiss");
    if (!std::filesystem::exists(path)) {
      faiss_hnsw_peer peer(data().dimension, is_cosine(), connectivity, build_width);
      peer.add(peer_rows().data(), data().rows, atlas::hardware_threads());
      save_whole(peer, path);
    }
    return path;
  }
  /// Puts built graphs into the cache, in place of those that are there.
  void keep(const atlas_graph& graph) {
    for (const graph_form& form : graph_forms) form.save(graph, path_of(form).c_str());
    is_built_ = true;
  }
  void keep(hnswlib_peer& peer) { save_whole(peer, cached("", ".hnswlib")); }

  // --- engines over those files --------------------------------------------------------------------------------------
  searched_graph& of(const graph_form& form) {
    return opened(std::string("atlas ") + form.name, [&](const std::string& as) {
      return atlas_engine(as, std::make_shared<const atlas_graph>(atlas_graph::open(file(form).c_str()).value()),
                          data());
    });
  }
  searched_graph& dynamic() { return of(graph_forms.front()); }
  /// hnswlib with its graph, for searches of any k.
  const std::shared_ptr<const hnswlib_peer>& hnswlib_graph() {
    if (!hnswlib_) hnswlib_ = std::make_shared<hnswlib_peer>(hnswlib_file(), data().dimension, is_cosine());
    return hnswlib_;
  }
  searched_graph& hnswlib() {
    return opened("hnswlib", [&](const std::string&) {
      return hnswlib_engine(hnswlib_graph(), peer_queries(), data().dimension);
    });
  }
  searched_graph& faiss() {
    return opened("faiss", [&](const std::string&) {
      return faiss_engine(std::make_shared<const faiss_hnsw_peer>(faiss_file()), peer_queries(), data().dimension);
    });
  }

 private:
  [[nodiscard]] std::filesystem::path cached(const std::string& what, const char* suffix) const {
    return options_.cache / (name() + what + cache_version + suffix);
  }
  [[nodiscard]] std::filesystem::path path_of(const graph_form& form) const {
    return cached(std::string(".") + form.name, ".atlas");
  }
  /// Complete or not at all, so that what was interrupted is built again.
  template <class Peer>
  static void save_whole(Peer& peer, const std::filesystem::path& path) {
    const auto partial = std::filesystem::path(path).concat(".partial");
    peer.save(partial);
    std::filesystem::rename(partial, path);
  }
  template <class Open>
  searched_graph& opened(const std::string& as, Open open) {
    auto& known_as = graphs_[as];
    if (!known_as) known_as = std::make_unique<searched_graph>(open(as), known());
    return *known_as;
  }

  const target_set& targets_;
  const bench_options& options_;
  bool is_built_ = false;
  std::optional<data_set> data_;
  std::vector<double> kth_;
  std::vector<float> unit_rows_;
  std::vector<float> unit_queries_;
  std::shared_ptr<const atlas::flat<float>> all_rows_;
  std::shared_ptr<const hnswlib_peer> hnswlib_;
  std::map<std::string, std::unique_ptr<searched_graph>> graphs_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_HNSW_HNSW_SET_HPP
