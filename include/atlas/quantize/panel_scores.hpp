// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/panel_scores.hpp -- which centroids may be the nearest of a panel's rows, while they pass by.
//
// Room:      panel_scores: least scores, and lists of the centroids within a row's margin of it.
// Not here:  how wide margins are (quantize/centroid_search.hpp), the scores (simd/kernel_entries.hpp).
// Depends:   core/config.hpp, quantize/row_panels.hpp.
// Threads:   one thread a panel_scores.
#ifndef ATLAS_QUANTIZE_PANEL_SCORES_HPP
#define ATLAS_QUANTIZE_PANEL_SCORES_HPP

#include <atlas/quantize/row_panels.hpp>  // most_panel_lanes

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Lanes of a panel, each one row. A lane is open while two centroids or more are within its margin; only then it needs
/// a list, which most rows never do.
struct panel_scores {
  static constexpr std::size_t most_candidates = 16;  ///< of a lane; with more, all centroids are candidates

  struct candidate {
    float score;
    std::uint32_t centroid;
  };

  alignas(cache_line) float least[most_panel_lanes];
  alignas(cache_line) float next[most_panel_lanes];
  alignas(cache_line) float limits[most_panel_lanes];           ///< of open lanes, else -infinity
  alignas(cache_line) std::uint32_t nearest[most_panel_lanes];  ///< whose score is the least
  float margins[most_panel_lanes];
  std::size_t counts[most_panel_lanes];
  candidate before[most_panel_lanes];
  candidate candidates[most_panel_lanes][most_candidates];

  /// @param lanes  of the panel, also those without a row
  void clear(std::size_t lanes) noexcept {
    for (std::size_t i = 0; i < lanes; ++i) {
      least[i] = next[i] = __builtin_inff();
      nearest[i] = 0;
      limits[i] = -__builtin_inff();
      counts[i] = 0;
    }
  }
  /// Before least, next and nearest take in further centroids.
  void remember(std::size_t rows) noexcept {
    for (std::size_t i = 0; i < rows; ++i) before[i] = {least[i], nearest[i]};
  }
  /// Afterwards. @return  whether any lane is open and must be told what is within its limit
  [[nodiscard]] bool open(std::size_t rows) noexcept {
    bool is_any = false;
    for (std::size_t i = 0; i < rows; ++i) {
      const float limit = least[i] + margins[i];
      limits[i] = -__builtin_inff();
      if (next[i] > limit) {
        counts[i] = 0;
        continue;
      }
      if (counts[i] > most_candidates) continue;
      if (counts[i] == 0 && before[i].score <= limit) candidates[i][counts[i]++] = before[i];
      limits[i] = limit;
      is_any = true;
    }
    return is_any;
  }
  void add(std::size_t lane, candidate one) noexcept {
    if (counts[lane] == most_candidates) prune(lane);
    if (counts[lane] < most_candidates) candidates[lane][counts[lane]] = one;
    if (counts[lane] <= most_candidates) ++counts[lane];
  }
  /// Forgets what is beyond the margin.
  void prune(std::size_t lane) noexcept {
    if (counts[lane] > most_candidates) return;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < counts[lane]; ++i) {
      candidates[lane][kept] = candidates[lane][i];
      kept += candidates[lane][i].score <= least[lane] + margins[lane] ? 1U : 0U;
    }
    counts[lane] = kept;
  }
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_PANEL_SCORES_HPP
