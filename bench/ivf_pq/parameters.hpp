// SPDX-License-Identifier: Apache-2.0
// bench/ivf_pq/parameters.hpp -- what every case of ivf_pq_bench has in common: the data sets, the lists, the codes.
#ifndef ATLAS_BENCH_IVF_PQ_PARAMETERS_HPP
#define ATLAS_BENCH_IVF_PQ_PARAMETERS_HPP

#include "hnsw/parameters.hpp"  // top_k, target_set, small_set

#include <cstddef>
#include <vector>

namespace bench {

/// Of both engines.
inline constexpr std::size_t list_count = 256;
inline constexpr std::size_t list_iterations = 10;  ///< of k-means for the lists: the default of both

/// A data set, the recalls that its search is measured at, and the parts of 4 bits that its codes have.
struct ivf_target {
  target_set set;
  std::size_t dimension = 0;  ///< known before the set is loaded: names of cases tell bytes
  std::vector<std::size_t> parts;
  /// Whether the peer takes inner products of vectors of unit length, or else their L2, which has the same order: the one
  /// that it is faster with.
  bool peer_takes_products = false;
};
inline const std::vector<ivf_target> ivf_targets = {
    {{"mnist-784", {0.90, 0.95, 0.99}}, 784, {196}},
    {{"sift-kodak-128", {0.90, 0.95, 0.99}}, 128, {32}},
    {{"words-ft100", {0.90, 0.95, 0.99}}, 100, {50}},
    {{"lsa-books-384", {0.90, 0.95, 0.99}}, 384, {96, 192}, true}};

/// Lists looked at, and rows measured for each of k.
struct operating_point {
  std::size_t probes = 0;
  std::size_t rerank = 0;
};
/// What both engines are tried with, and with --quick; probes are any number of lists.
inline const std::vector<std::size_t> reranks = {1, 2, 3, 4, 6, 8, 10, 12, 16, 24, 32, 48, 64, 96};
inline const std::vector<std::size_t> few_reranks = {4, 8, 16, 32};

/// Where cases need one point: as the index's defaults have it.
inline constexpr operating_point common_point = {16, 8};

/// Bytes a vector at which codes alone are compared.
inline constexpr std::size_t code_sizes[] = {32, 64};

/// Ends the names of cached files: an index built otherwise than before gets another one.
inline constexpr char ivf_cache_version[] = ".v1";

// What is asked, as ratios of which more is better.
inline constexpr double asked_of_search = 1.5;
inline constexpr double asked_of_hnswlib = 2.4;
inline constexpr double asked_of_codes = 1.0;
inline constexpr double asked_of_build = 1 / 0.7;
inline constexpr double asked_of_error = 1.0;
inline constexpr double asked_of_scan = 0.8;

}  // namespace bench

#endif  // ATLAS_BENCH_IVF_PQ_PARAMETERS_HPP
