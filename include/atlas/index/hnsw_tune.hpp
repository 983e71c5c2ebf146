// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/hnsw_tune.hpp -- which width finds the wanted share of the exact answers, and what is fastest then?
//
// Room:      exact answers to sample queries, the recall at a width, the search for a width, and the clock.
// Not here:  what tune promises (index/hnsw_index.hpp), the searches that are measured (index/hnsw_query.hpp).
// Depends:   index/{hnsw_engine,tune_checks}.hpp.
// Threads:   const over the index, beside searches and any change; one thread works.
#ifndef ATLAS_INDEX_HNSW_TUNE_HPP
#define ATLAS_INDEX_HNSW_TUNE_HPP

#include <atlas/core/clock.hpp>         // monotonic_ns
#include <atlas/index/hnsw_engine.hpp>  // hnsw_engine, hnsw_walk, run_batch
#include <atlas/index/tune_checks.hpp>  // check_tune

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// The parts of an index that is tuned, which others may use meanwhile.
struct tuned_index {
  const row_store& rows;
  const hnsw_engine& engine;
  thread_pool& pool;
  scratch_list& scratches;
  reader_epochs& epochs;
};

/// One tuning. @pre check_tune accepted the arguments
class hnsw_tuning {
 public:
  hnsw_tuning(const tuned_index& index, const matrix_view& queries, const tune_options& options) noexcept
      : index_(index), queries_(queries), options_(options) {
    const std::uint32_t row_count = index.rows.row_count();
    most_ = row_count < hnsw_engine::most_width ? row_count : hnsw_engine::most_width;
    least_ = options.k < most_ ? options.k : most_;
    std::size_t passes = 1 + rounds;
    for (std::size_t width = most_; width != 0; width /= 2) passes += 2;  // while it doubles, and while it is halved
    most_queries_ = std::uint64_t{queries.rows} * passes;
  }

  [[nodiscard]] result<tune_result> run() noexcept {
    if (status measured = find_exact_answers(); !measured.ok()) return measured.error();
    const auto width = find_width();
    if (!width.ok()) return width.error();
    tune_result tuned;
    tuned.width = width->width;
    tuned.recall = recall_of(width->hits);
    if (status timed = time_searches(tuned); !timed.ok()) return timed.error();
    return tuned;
  }

 private:
  /// A width, and how many of the exact answers searches found with it.
  struct measured_width {
    std::size_t width = 0;
    std::uint64_t hits = 0;
  };
  // Each search is timed so often, and the least counts, so that what interrupts it does not. Unless one
  // search takes longer than a hundredth of a second, all take 0.15 to 4 seconds.
  static constexpr std::size_t rounds = 9;
  static constexpr std::uint64_t shortest_ns = 150'000'000;
  static constexpr std::uint64_t longest_pass_ns = 60'000'000;  ///< of the searches that are timed, once each
  static constexpr double clear_win = 0.98;                     ///< of the default's time: below what chance brings

  /// Calls `work(scratch, query number)` for each query, and reports.
  template <class Work>
  [[nodiscard]] status for_each_query(Work work) noexcept {
    const auto report = [&](std::uint64_t done, std::uint64_t) { return options_.on_progress(done_queries_ + done, most_queries_); };
    const status done = run_batch(index_.pool, index_.scratches, queries_.rows, 1, options_.on_progress ? progress(report) : progress{}, work);
    done_queries_ += queries_.rows;
    return done;
  }

  /// Fills farthest_ and exact_counts_ by a scan of the live rows' vectors.
  [[nodiscard]] status find_exact_answers() noexcept {
    if (status made = farthest_.resize(queries_.rows); !made.ok()) return made;
    if (status made = exact_counts_.resize(queries_.rows); !made.ok()) return made;
    const hnsw_parts parts{index_.rows, index_.engine.codes(), index_.engine.graph()};
    const status scanned = for_each_query([&](search_scratch& scratch, std::size_t i) noexcept -> status {
      if (status taken = scratch.take_query(queries_.row(i), index_.rows.layout()); !taken.ok()) return taken;
      const reader_epochs::reader reading(index_.epochs, scratch.place);
      const status found = index_.rows.read_steadily([&]() noexcept -> status {
        hnsw_walk walk(parts, scratch, hnsw_walk::measure_by::vectors);
        if (status ready = walk.start(); !ready.ok()) return ready;
        const std::size_t most = options_.k < walk.row_count() ? options_.k : walk.row_count();
        if (status gone_over = scan_allowed(walk, index_.rows, scratch, most, {}, allowed_estimate::uncounted, 0); !gone_over.ok()) return gone_over;
        return walk.outcome();
      });
      if (!found.ok()) return found;
      exact_counts_[i] = static_cast<std::uint32_t>(scratch.answers.size());
      farthest_[i] = exact_counts_[i] != 0 ? scratch.answers.data()[exact_counts_[i] - 1].distance : 0.0F;
      exact_total_ += exact_counts_[i];
      return {};
    });
    if (!scanned.ok()) return scanned;
    // Removed meanwhile, or NaN, which a file may hold.
    if (exact_total_ == 0) return error{errc::invalid_argument, "index.size", "1 or more", std::uint64_t{0}};
    return {};
  }

  [[nodiscard]] result<found_rows> ask(search_scratch& scratch, std::size_t query, std::size_t width, std::size_t prefetch_rows) const noexcept {
    if (status taken = scratch.take_query(queries_.row(query), index_.rows.layout()); !taken.ok()) return taken.error();
    const reader_epochs::reader reading(index_.epochs, scratch.place);
    return index_.rows.read_steadily([&]() noexcept {
      return index_.engine.nearest(index_.rows, scratch, {.k = options_.k, .width = width}, prefetch_rows);
    });
  }
  [[nodiscard]] result<measured_width> hits_at(std::size_t width) noexcept {
    measured_width measured{width, 0};
    const status asked = for_each_query([&](search_scratch& scratch, std::size_t i) noexcept -> status {
      const auto found = ask(scratch, i, width, index_.engine.codes().usual_prefetch_rows());
      if (!found.ok()) return found.error();
      std::size_t right = 0;
      for (const candidate& one : *found) right += one.distance <= farthest_[i] ? 1U : 0U;
      measured.hits += right < exact_counts_[i] ? right : exact_counts_[i];
      return {};
    });
    if (!asked.ok()) return asked.error();
    return measured;
  }
  [[nodiscard]] double recall_of(std::uint64_t hits) const noexcept { return static_cast<double>(hits) / static_cast<double>(exact_total_); }

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
      if (recall_of(measured->hits) >= options_.recall || width == most_) break;
      before = width;
    }
    const std::uint64_t most_hits = best.hits;
    while (best.width - too_narrow > 1) {
      const auto measured = hits_at(too_narrow + (best.width - too_narrow) / 2);
      if (!measured.ok()) return measured.error();
      if (recall_of(measured->hits) >= options_.recall || measured->hits >= most_hits) {
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
    const code_store& codes = index_.engine.codes();
    std::size_t ways[1 + others] = {codes.usual_prefetch_rows()};
    std::size_t filled = 1;
    for (std::size_t rows = 1; filled <= others; rows *= 2) {
      if (rows != ways[0]) ways[filled++] = rows;
    }
    const std::size_t way_count = codes.is_active() && is_lvq(codes.kind()) ? 1 + others : 1;  // no other scores ask ahead
    borrowed_scratch scratch(index_.scratches);
    if (!scratch) return error{errc::no_memory, "search scratch"};

    // As many queries as fit into a pass, which warms up too.
    std::size_t asked = 0;
    const std::uint64_t begin = monotonic_ns();
    for (; asked < queries_.rows && monotonic_ns() - begin < longest_pass_ns; ++asked) {
      if (const auto found = ask(*scratch, asked, tuned.width, index_.engine.codes().usual_prefetch_rows()); !found.ok()) return found.error();
    }
    buffer<std::uint64_t> least_ns;  // [asked, way_count]
    if (status made = least_ns.resize(asked * way_count); !made.ok()) return made;
    for (std::uint64_t& least : least_ns) least = ~std::uint64_t{0};
    done_queries_ = most_queries_ - rounds * queries_.rows;
    const std::uint64_t start = monotonic_ns();
    for (std::size_t round = 0; round < rounds || monotonic_ns() - start < shortest_ns; ++round) {
      if (round < rounds) {
        if (options_.on_progress && !options_.on_progress(done_queries_, most_queries_)) return errc::cancelled;
        done_queries_ += queries_.rows;
      }
      // One way beside the other, so that a slow moment is one for all; each query comes again when the others' rows have
      // taken the place of its own in the cache.
      for (std::size_t turn = 0; turn < way_count; ++turn) {
        for (std::size_t i = 0; i < asked; ++i) {
          const std::size_t way = (turn + i) % way_count;
          const std::uint64_t before = monotonic_ns();
          if (const auto found = ask(*scratch, i, tuned.width, ways[way]); !found.ok()) return found.error();
          const std::uint64_t taken_ns = monotonic_ns() - before;
          std::uint64_t& least = least_ns[i * way_count + way];
          if (taken_ns < least) least = taken_ns;
        }
      }
    }
    double sums[1 + others] = {};
    for (std::size_t i = 0; i < asked * way_count; ++i) sums[i % way_count] += static_cast<double>(least_ns[i]);
    std::size_t chosen = 0;
    for (std::size_t way = 1; way < way_count; ++way) {
      if (sums[way] <= (chosen == 0 ? clear_win * sums[0] : sums[chosen])) chosen = way;
    }
    tuned.prefetch_rows = ways[chosen];
    tuned.queries_per_second = static_cast<double>(asked) * 1e9 / (sums[chosen] + 1.0);
    if (options_.on_progress && !options_.on_progress(most_queries_, most_queries_)) return errc::cancelled;
    return {};
  }

  const tuned_index& index_;
  const matrix_view& queries_;
  const tune_options& options_;
  std::size_t least_ = 0;                ///< a narrower search is raised to this
  std::size_t most_ = 0;                 ///< a wider one finds no more, or is refused
  buffer<float> farthest_;               ///< each query's k-th nearest row's distance
  buffer<std::uint32_t> exact_counts_;   ///< k, or as many as there are
  std::uint64_t exact_total_ = 0;
  std::uint64_t done_queries_ = 0;
  std::uint64_t most_queries_ = 0;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_HNSW_TUNE_HPP
