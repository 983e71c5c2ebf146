// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/hnsw_tune.hpp -- which width finds the wanted share of the exact answers, and what is fastest then?
//
// Room:      the search for a width, and for how far ahead to prefetch.
// Not here:  what tune promises (index/hnsw_index.hpp), recall and the clock (index/recall_measure.hpp), the searches that
//            are measured (index/hnsw_query.hpp).
// Depends:   index/{hnsw_engine,recall_measure}.hpp.
// Threads:   const over the index, beside searches and any change.
#ifndef ATLAS_INDEX_HNSW_TUNE_HPP
#define ATLAS_INDEX_HNSW_TUNE_HPP

#include <atlas/index/hnsw_engine.hpp>     // hnsw_engine
#include <atlas/index/recall_measure.hpp>  // recall_measure

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// One tuning. @pre check_tune accepted the arguments
class hnsw_tuning {
 public:
  hnsw_tuning(const measured_index& index, const hnsw_engine& engine, const matrix_view& queries, const tune_options& options) noexcept
      : rows_(index.rows), engine_(engine), k_(options.k), measure_(index, queries, options) {
    const std::uint32_t row_count = index.rows.row_count();
    most_ = row_count < hnsw_engine::most_width ? row_count : hnsw_engine::most_width;
    least_ = options.k < most_ ? options.k : most_;
    std::size_t passes = 0;
    for (std::size_t width = most_; width != 0; width /= 2) passes += 2;  // while it doubles, and while it is halved
    measure_.expect_passes(passes);
  }

  [[nodiscard]] result<tune_result> run() noexcept {
    if (status measured = measure_.find_exact_answers(); !measured.ok()) return measured.error();
    const auto width = find_width();
    if (!width.ok()) return width.error();
    tune_result tuned;
    tuned.width = width->width;
    tuned.recall = measure_.recall_of(width->hits);
    if (status timed = time_searches(tuned); !timed.ok()) return timed.error();
    return tuned;
  }

 private:
  /// A width, and how many of the exact answers searches found with it.
  struct measured_width {
    std::size_t width = 0;
    std::uint64_t hits = 0;
  };
  static constexpr double clear_win = 0.98;  ///< of the default's time: below what chance brings

  [[nodiscard]] result<measured_width> hits_at(std::size_t width) noexcept {
    const auto hits = measure_.count_hits([&](search_scratch& scratch, std::size_t) noexcept {
      return engine_.nearest(rows_, scratch, {.k = k_, .width = width}, engine_.codes().usual_prefetch_rows());
    });
    if (!hits.ok()) return hits.error();
    return measured_width{width, *hits};
  }

  /// Twice as wide until that is enough, or until nothing is wider; then between the width that gave the most and the one
  /// before it, which gave less, down to two neighbours of which the narrower is not enough.
  [[nodiscard]] result<measured_width> find_width() noexcept {
    measured_width best;
    std::size_t too_narrow = 0;
    std::size_t before = least_ - 1;
    for (std::size_t width = least_;; width = 2 * width < most_ ? 2 * width : most_) {
      const auto measured = hits_at(width);
      if (!measured.ok()) return measured.error();
      if (best.width == 0 || measured->hits > best.hits) {
        best = *measured;
        too_narrow = before;
      }
      if (measure_.is_enough(measured->hits) || width == most_) break;
      before = width;
    }
    const std::uint64_t most_hits = best.hits;
    while (best.width - too_narrow > 1) {
      const auto measured = hits_at(too_narrow + (best.width - too_narrow) / 2);
      if (!measured.ok()) return measured.error();
      if (measure_.is_enough(measured->hits) || measured->hits >= most_hits) {
        best = *measured;
      } else {
        too_narrow = measured->width;
      }
    }
    return best;
  }

  /// Fills in how far ahead to prefetch, and queries a second, by the clock.
  [[nodiscard]] status time_searches(tune_result& tuned) noexcept {
    constexpr std::size_t others = 6;
    const code_store& codes = engine_.codes();
    std::size_t ways[1 + others] = {codes.usual_prefetch_rows()};
    std::size_t filled = 1;
    for (std::size_t rows = 1; filled <= others; rows *= 2) {
      if (rows != ways[0]) ways[filled++] = rows;
    }
    const std::size_t way_count = codes.is_active() && is_lvq(codes.kind()) ? 1 + others : 1;  // no other scores ask ahead
    double sums[1 + others] = {};
    const auto asked = measure_.time(way_count, sums, [&](search_scratch& scratch, std::size_t, std::size_t way) noexcept {
      return engine_.nearest(rows_, scratch, {.k = k_, .width = tuned.width}, ways[way]);
    });
    if (!asked.ok()) return asked.error();
    std::size_t chosen = 0;
    for (std::size_t way = 1; way < way_count; ++way) {
      if (sums[way] <= (chosen == 0 ? clear_win * sums[0] : sums[chosen])) chosen = way;
    }
    tuned.prefetch_rows = ways[chosen];
    tuned.queries_per_second = static_cast<double>(*asked) * 1e9 / (sums[chosen] + 1.0);
    return {};
  }

  const row_store& rows_;
  const hnsw_engine& engine_;
  const std::size_t k_;
  recall_measure measure_;
  std::size_t least_ = 0;  ///< a narrower search is raised to this
  std::size_t most_ = 0;   ///< a wider one finds no more, or is refused
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_HNSW_TUNE_HPP
