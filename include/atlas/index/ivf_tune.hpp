// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_tune.hpp -- how many lists and how many measured rows find the wanted share of the exact answers?
//
// Room:      exact answers to sample queries, the recall of probes and reranking, the cheapest of those that are enough.
// Not here:  what tune promises (index/ivf_index.hpp), the searches that are measured (index/ivf_query.hpp).
// Depends:   index/{ivf_engine,tune_checks}.hpp.
// Threads:   const over the index, beside searches and any change; one thread works.
#ifndef ATLAS_INDEX_IVF_TUNE_HPP
#define ATLAS_INDEX_IVF_TUNE_HPP

#include <atlas/core/clock.hpp>         // monotonic_ns
#include <atlas/index/ivf_engine.hpp>   // ivf_engine, run_batch
#include <atlas/index/tune_checks.hpp>  // check_tune

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// The parts of an inverted file that is tuned, which others may use meanwhile.
struct tuned_lists {
  const row_store& rows;
  const ivf_engine& engine;
  thread_pool& pool;
  scratch_list& scratches;
  reader_epochs& epochs;
};

/// One tuning. @pre the arguments were checked, and the index is trained
class ivf_tuning {
 public:
  ivf_tuning(const tuned_lists& index, const matrix_view& queries, const tune_options& options) noexcept
      : index_(index), queries_(queries), options_(options), lists_(index.engine.list_count()) {
    std::size_t passes = 2;  // the exact answers, and the clock
    for (std::size_t probes = lists_; probes != 0; probes /= 2) passes += 2 * rerank_count;
    most_queries_ = std::uint64_t{queries.rows} * passes;
  }

  [[nodiscard]] result<tune_result> run() noexcept {
    if (status measured = find_exact_answers(); !measured.ok()) return measured.error();
    setting best;
    for (const std::size_t rerank : reranks) {
      const auto found = least_probes(rerank, best);
      if (!found.ok()) return found.error();
      if (is_better(*found, best)) best = *found;
    }
    tune_result tuned;
    tuned.probes = best.probes;
    tuned.rerank = best.rerank;
    tuned.recall = recall_of(best.hits);
    const std::uint64_t begin = monotonic_ns();
    if (const auto again = hits_at(best.probes, best.rerank); !again.ok()) return again.error();
    tuned.queries_per_second = static_cast<double>(queries_.rows) * 1e9 / static_cast<double>(monotonic_ns() - begin + 1);
    if (options_.on_progress && !options_.on_progress(most_queries_, most_queries_)) return errc::cancelled;
    return tuned;
  }

 private:
  /// Probes and reranking, and how many of the exact answers searches found with them.
  struct setting {
    std::size_t probes = 0;
    std::size_t rerank = 0;
    std::uint64_t hits = 0;
  };
  static constexpr std::size_t rerank_count = 10;
  static constexpr std::size_t reranks[rerank_count] = {1, 2, 3, 4, 6, 8, 12, 16, 32, 64};

  [[nodiscard]] double recall_of(std::uint64_t hits) const noexcept { return static_cast<double>(hits) / static_cast<double>(exact_total_); }
  [[nodiscard]] bool is_enough(const setting& one) const noexcept { return recall_of(one.hits) >= options_.recall; }
  /// About how long a search takes, in nanoseconds on one core of Zen 4: so much a list, a code that is looked up, and a
  /// vector that is read. Not the clock, so that the same index and queries always give the same answer.
  [[nodiscard]] double cost(const setting& one) const noexcept {
    const double rows = static_cast<double>(index_.rows.live_count()) / static_cast<double>(lists_);
    const double list = 60.0 + rows * (0.4 + 0.03 * static_cast<double>(index_.engine.code_bytes()));
    const double measured = 40.0 + 0.02 * static_cast<double>(index_.rows.layout().stride_bytes);
    return static_cast<double>(one.probes) * list + static_cast<double>(one.rerank * options_.k) * measured;
  }
  [[nodiscard]] bool is_better(const setting& one, const setting& other) const noexcept {
    if (other.probes == 0) return true;
    if (is_enough(one) != is_enough(other)) return is_enough(one);
    return is_enough(one) ? cost(one) < cost(other) : one.hits > other.hits;
  }

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
    const status scanned = for_each_query([&](search_scratch& scratch, std::size_t i) noexcept -> status {
      if (status taken = scratch.take_query(queries_.row(i), index_.rows.layout()); !taken.ok()) return taken;
      const reader_epochs::reader reading(index_.epochs, scratch.place);
      if (status found = scan_live(scratch); !found.ok()) return found;
      exact_counts_[i] = static_cast<std::uint32_t>(scratch.answers.size());
      farthest_[i] = exact_counts_[i] != 0 ? scratch.answers.top().distance : 0.0F;
      exact_total_ += exact_counts_[i];
      return {};
    });
    if (!scanned.ok()) return scanned;
    // Removed meanwhile, or NaN, which a file may hold.
    if (exact_total_ == 0) return error{errc::invalid_argument, "index.size", "1 or more", std::uint64_t{0}};
    return {};
  }
  /// The k nearest live rows into scratch.answers, wherever vectors are.
  [[nodiscard]] status scan_live(search_scratch& scratch) const noexcept {
    const std::uint32_t row_count = index_.rows.row_count();
    const std::size_t most = options_.k < row_count ? options_.k : row_count;
    scratch.answers.clear();
    if (status made = scratch.answers.reserve(most); !made.ok()) return made;
    if (status made = scratch.start(exact_block_rows); !made.ok()) return made;
    for (std::uint32_t row = 0; row < row_count;) {
      std::size_t count = 0;
      for (; row < row_count && count < exact_block_rows; ++row) {
        if (index_.rows.state(row) == row_state::live) scratch.ids[count++] = row;
      }
      float* const distances = scratch.distances.data();
      if (status got = index_.rows.distances_to(scratch.query.data(), scratch.ids.data(), count, scratch.vectors, distances); !got.ok()) return got;
      for (std::size_t i = 0; i < count; ++i) {
        if (distances[i] == distances[i]) scratch.answers.offer({distances[i], scratch.ids[i]}, most);
      }
    }
    return {};
  }

  [[nodiscard]] result<setting> hits_at(std::size_t probes, std::size_t rerank) noexcept {
    setting measured{probes, rerank, 0};
    const status asked = for_each_query([&](search_scratch& scratch, std::size_t i) noexcept -> status {
      if (status taken = scratch.take_query(queries_.row(i), index_.rows.layout()); !taken.ok()) return taken;
      const reader_epochs::reader reading(index_.epochs, scratch.place);
      const auto found = index_.rows.read_steadily([&]() noexcept {
        return index_.engine.nearest(index_.rows, scratch, {.k = options_.k, .probes = probes, .rerank = rerank});
      });
      if (!found.ok()) return found.error();
      std::size_t right = 0;
      for (const candidate& one : *found) right += one.distance <= farthest_[i] ? 1U : 0U;
      measured.hits += right < exact_counts_[i] ? right : exact_counts_[i];
      return {};
    });
    if (!asked.ok()) return asked.error();
    return measured;
  }
  /// The fewest probes that are enough with this reranking, or all of them. Gives up where it costs more than `best`.
  [[nodiscard]] result<setting> least_probes(std::size_t rerank, const setting& best) noexcept {
    std::size_t too_few = 0;
    setting found;
    for (std::size_t probes = 1;; probes = 2 * probes < lists_ ? 2 * probes : lists_) {
      const auto measured = hits_at(probes, rerank);
      if (!measured.ok()) return measured.error();
      found = *measured;
      if (is_enough(found) || probes == lists_) break;
      if (is_enough(best) && cost(found) > cost(best)) return found;
      too_few = probes;
    }
    while (is_enough(found) && found.probes - too_few > 1) {
      const auto measured = hits_at(too_few + (found.probes - too_few) / 2, rerank);
      if (!measured.ok()) return measured.error();
      if (is_enough(*measured)) {
        found = *measured;
      } else {
        too_few = measured->probes;
      }
    }
    return found;
  }

  const tuned_lists& index_;
  const matrix_view& queries_;
  const tune_options& options_;
  const std::size_t lists_;
  buffer<float> farthest_;              ///< each query's k-th nearest row's distance
  buffer<std::uint32_t> exact_counts_;  ///< k, or as many as there are
  std::uint64_t exact_total_ = 0;
  std::uint64_t done_queries_ = 0;
  std::uint64_t most_queries_ = 0;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_IVF_TUNE_HPP
