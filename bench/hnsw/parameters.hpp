// SPDX-License-Identifier: Apache-2.0
// bench/hnsw/parameters.hpp -- what every case of hnsw_bench has in common: the data sets, the graph, the widths.
#ifndef ATLAS_BENCH_HNSW_PARAMETERS_HPP
#define ATLAS_BENCH_HNSW_PARAMETERS_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

inline constexpr std::size_t top_k = 10;
inline constexpr std::uint32_t connectivity = 16;
inline constexpr std::uint32_t build_width = 200;

/// The widths that recall is measured at, each about 1.19 times the one before it.
inline constexpr std::size_t widths[] = {10, 12,  14,  17,  20,  24,  28,  34,  40,  48,  57,  68,  80,
                                         96, 113, 135, 160, 190, 226, 269, 320, 380, 452, 538, 640, 760};
/// Where graphs are compared at the same width.
inline constexpr std::size_t common_width = 64;
/// Where cases need one recall.
inline constexpr double common_recall = 0.95;

/// Rows added at once while builds take turns: short against the machine's moods.
inline constexpr std::size_t turn_rows = 500;
/// With --quick, graphs are built over so many rows.
inline constexpr std::size_t quick_rows = 10'000;

/// Ends the names of cached files: a graph built otherwise than before gets another one.
inline constexpr char cache_version[] = ".v2";

/// A data set, and the recalls that its search is measured at.
struct target_set {
  std::string name;
  std::vector<double> recalls;
};
inline const std::vector<target_set> target_sets = {{"mnist-784", {0.95, 0.99}},
                                                    {"sift-kodak-128", {0.95, 0.99}},
                                                    {"words-ft100", {0.95, 0.97}},
                                                    {"lsa-books-384", {0.90, 0.95}}};
/// The one that --quick and the case of growth take.
inline constexpr char small_set[] = "sift-kodak-128";

}  // namespace bench

#endif  // ATLAS_BENCH_HNSW_PARAMETERS_HPP
