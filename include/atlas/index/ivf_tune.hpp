// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/ivf_tune.hpp -- how many lists and how many measured rows find the wanted share of the exact answers?
//
// Room:      the cheapest of the probes and rerankings that are enough.
// Not here:  what tune promises (index/ivf_index.hpp), recall and the clock (index/recall_measure.hpp), the searches that
//            are measured (index/ivf_query.hpp).
// Depends:   storage/mapped_file.hpp, index/{ivf_query,recall_measure}.hpp.
// Threads:   const over the index, beside searches and any change.
//
// The candidates of a reranking are the first of those of a larger one, and the answers the nearest of them: so how many exact
// answers each reranking finds follows from their places among the most candidates, by one pass of searches that measure no
// vector. Where candidates are compared by codes beside the vectors, whole searches are counted instead.
#ifndef ATLAS_INDEX_IVF_TUNE_HPP
#define ATLAS_INDEX_IVF_TUNE_HPP

#include <atlas/index/ivf_query.hpp>       // ivf_parts, ivf_search
#include <atlas/index/recall_measure.hpp>  // recall_measure
#include <atlas/storage/mapped_file.hpp>   // mapped_file

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// What else there is to say of inverted lists that are tuned.
struct ivf_tuning_of {
  own_row own = own_row::counts;       ///< of the queries
  std::size_t rerank = 0;              ///< the only one that is tried; 0: several
  const std::uint32_t* ids = nullptr;  ///< of lists that searches do not see yet: rows in them, live or being added
  std::size_t id_count = 0;
  const mapped_file* mapped = nullptr;  ///< lists are in it, of which no more than so much stays in the process between searches
  std::uint64_t resident_bytes = 0;
};

/// One tuning. @pre check_tune accepted the arguments
class ivf_tuning {
 public:
  ivf_tuning(const measured_index& index, const ivf_parts& parts, const code_store& codes, const matrix_view& queries, const tune_options& options,
             const ivf_tuning_of& how) noexcept
      : rows_(index.rows), parts_(parts), codes_(codes), k_(options.k), how_(how), lists_(parts.lists.list_count()),
        are_flat_(parts.model.coder().codes() == ivf_codes::flat), are_ranked_(!are_flat_ && !codes.is_active()),
        tried_(are_flat_ ? span<const std::size_t>{reranks + rerank_count - 1, 1}
               : how_.rerank != 0 ? span<const std::size_t>{&how_.rerank, 1}
                                  : span<const std::size_t>{reranks, rerank_count}),
        measure_(index, queries, options, how.own) {
    std::size_t passes = 1;
    for (std::size_t probes = lists_; probes != 0; probes /= 2) passes += are_ranked_ ? 4 : 2 * tried_.size();
    measure_.expect_passes(passes);
  }
  ivf_tuning(const ivf_tuning&) = delete;
  ivf_tuning& operator=(const ivf_tuning&) = delete;

  /// The cheapest pair, and its recall.
  [[nodiscard]] result<tune_result> find() noexcept {
    if (status measured = measure_.find_exact_answers(how_.ids, how_.id_count); !measured.ok()) return measured.error();
    setting best;
    std::size_t from = 1;
    for (std::size_t which = 0; which < tried_.size(); ++which) {
      const auto found = least_probes(which, from, best);
      if (!found.ok()) return found.error();
      if (found->probes == 0) break;
      if (is_better(*found, best)) best = *found;
      from = found->probes;
    }
    // What is said is of whole searches, which may find less where rows are equally far or lists are short.
    for (const bool was_enough = measure_.is_enough(best.hits); are_ranked_; ++best.probes) {
      const auto searched = count_hits(best.probes, best.rerank);
      if (!searched.ok()) return searched.error();
      best.hits = *searched;
      if (!was_enough || measure_.is_enough(best.hits) || best.probes == lists_) break;
    }
    tune_result tuned;
    tuned.probes = best.probes;
    tuned.rerank = best.rerank;
    tuned.recall = measure_.recall_of(best.hits);
    return tuned;
  }
  /// Fills in queries a second, by the clock.
  [[nodiscard]] status time(tune_result& tuned) noexcept {
    double sum_ns = 0;
    const auto asked = measure_.time(1, &sum_ns, [&](search_scratch& scratch, std::size_t query, std::size_t) noexcept {
      return search(scratch, query, tuned.probes, tuned.rerank);
    });
    if (!asked.ok()) return asked.error();
    tuned.queries_per_second = static_cast<double>(*asked) * 1e9 / (sum_ns + 1.0);
    return {};
  }

 private:
  /// Probes and reranking, and how many of the exact answers searches found with them.
  struct setting {
    std::size_t probes = 0;
    std::size_t rerank = 0;
    std::uint64_t hits = 0;
  };
  static constexpr std::size_t rerank_count = 10;
  struct ranked_pass {
    std::size_t probes;
    std::uint64_t hits[rerank_count];  ///< of each reranking that is tried
  };
  /// With fewer no search finds more, so that each needs at least the probes of the one before it.
  static constexpr std::size_t reranks[rerank_count] = {64, 32, 16, 12, 8, 6, 4, 3, 2, 1};

  /// About how long a search takes, in nanoseconds on one core of Zen 4: so much a list, a code that is looked up, and a
  /// vector or its code that is read. Not the clock, so that the same index and queries always give the same answer.
  [[nodiscard]] double cost(std::size_t probes, std::size_t rerank) const noexcept {
    const std::size_t row_count = how_.ids != nullptr ? how_.id_count : rows_.live_count();
    const double rows = static_cast<double>(row_count) / static_cast<double>(lists_);
    const double list = 60.0 + rows * (0.4 + 0.03 * static_cast<double>(parts_.model.coder().layout().code_bytes));
    const auto read = [](std::size_t stride_bytes) noexcept { return 40.0 + 0.02 * static_cast<double>(stride_bytes); };
    const double vector = read(rows_.layout().stride_bytes);
    const double vectors = static_cast<double>(codes_.is_active() ? measured_of_coded(codes_.kind()) : rerank) * vector;
    const double codes = codes_.is_active() ? static_cast<double>(rerank) * read(codes_.stride_bytes()) : 0.0;
    return static_cast<double>(probes) * list + static_cast<double>(k_) * (codes + vectors);
  }
  [[nodiscard]] bool is_better(const setting& one, const setting& other) const noexcept {
    if (other.probes == 0) return true;
    const bool is_enough = measure_.is_enough(one.hits);
    if (is_enough != measure_.is_enough(other.hits)) return is_enough;
    if (!is_enough && one.hits != other.hits) return one.hits > other.hits;
    return cost(one.probes, one.rerank) < cost(other.probes, other.rerank);
  }
  /// The most probes that are cheaper with this reranking than a setting that is enough; of one that is not, all.
  [[nodiscard]] std::size_t most_probes(std::size_t rerank, const setting& best) const noexcept {
    if (best.probes == 0 || !measure_.is_enough(best.hits)) return lists_;
    std::size_t most = 0;
    for (std::size_t step = std::size_t{1} << 20; step != 0; step /= 2) {
      if (most + step <= lists_ && cost(most + step, rerank) < cost(best.probes, best.rerank)) most += step;
    }
    return most;
  }
  [[nodiscard]] result<found_rows> search(search_scratch& scratch, std::size_t query, std::size_t probes, std::size_t rerank,
                                          bool estimates_only = false) const noexcept {
    ivf_request asked;
    asked.estimates_only = estimates_only;
    asked.k = k_;
    asked.probes = probes;
    asked.candidates = candidates_of(k_, rerank);
    const auto is_other = [&](std::uint64_t key) noexcept { return key != measure_.own_key(query); };
    if (how_.own == own_row::left_out) asked.allowed.predicate = is_other;
    const auto answers = how_.ids != nullptr ? answer_states::live_and_pending : answer_states::live;
    const status found = ivf_search(rows_, parts_, codes_, scratch, answers).nearest(asked);
    if (!found.ok()) return found.error();
    if (how_.mapped != nullptr) bound_resident(probes);
    return found_rows{scratch.answers.data(), scratch.answers.size()};
  }
  /// Lets pages go between searches, when these may have touched too many: the blocks of each list, and the keys, states and codes of its
  /// rows, with as much around them as the kernel maps at once.
  void bound_resident(std::size_t probes) const noexcept {
    constexpr std::uint64_t mapped_at_once = std::uint64_t{64} << 10;
    const std::uint64_t code_bytes = codes_.is_active() ? codes_.stride_bytes() : 0;
    const std::uint64_t row_bytes = parts_.model.coder().layout().block_bytes / list_block_rows + sizeof(std::uint64_t) + 1 + code_bytes;
    const std::uint64_t list_bytes = rows_.live_count() / lists_ * row_bytes + 4 * mapped_at_once;
    const std::uint64_t before = touched_bytes_.fetch_add(probes * list_bytes);
    if (before / how_.resident_bytes != (before + probes * list_bytes) / how_.resident_bytes) how_.mapped->release();
  }
  [[nodiscard]] result<std::uint64_t> count_hits(std::size_t probes, std::size_t rerank) noexcept {
    return measure_.count_hits([&](search_scratch& scratch, std::size_t query) noexcept { return search(scratch, query, probes, rerank); });
  }
  /// @param which  of the rerankings that are tried
  [[nodiscard]] result<setting> hits_at(std::size_t probes, std::size_t which) noexcept {
    const std::size_t rerank = tried_[which];
    if (!are_ranked_) {
      const auto hits = count_hits(probes, rerank);
      if (!hits.ok()) return hits.error();
      return setting{probes, rerank, *hits};
    }
    for (const ranked_pass& pass : passes_) {
      if (pass.probes == probes) return setting{probes, rerank, pass.hits[which]};
    }
    const auto pass = rank_pass(probes);
    if (!pass.ok()) return pass.error();
    if (status noted = passes_.push_back(*pass); !noted.ok()) return noted.error();
    return setting{probes, rerank, pass->hits[which]};
  }
  /// How many exact answers each reranking finds with so many lists.
  [[nodiscard]] result<ranked_pass> rank_pass(std::size_t probes) noexcept {
    atomic<std::uint64_t> hits[rerank_count];
    const auto search_most = [&](search_scratch& scratch, std::size_t query) noexcept { return search(scratch, query, probes, tried_[0], true); };
    const status asked = measure_.for_each_query(search_most, [&](search_scratch& scratch, std::size_t query, const found_rows&) noexcept -> status {
      const estimated_rows& found = scratch.ivf.alone.found;
      auto& candidates = scratch.answers;
      candidates.clear();
      if (status made = candidates.reserve(found.count); !made.ok()) return made;
      for (std::size_t i = 0; i < found.count; ++i) candidates.offer({found.distances[i], found.rows[i]}, found.count);
      candidates.sort();
      std::size_t place = 0;
      std::uint64_t right = 0;
      for (std::size_t which = tried_.size(); which-- > 0;) {  // the fewest candidates first
        const std::size_t most = candidates_of(k_, tried_[which]);
        for (; place < candidates.size() && place < most; ++place) right += measure_.is_exact(query, candidates.data()[place].row) ? 1U : 0U;
        hits[which].fetch_add(right);
      }
      return {};
    });
    if (!asked.ok()) return asked.error();
    ranked_pass pass{probes, {}};
    for (std::size_t which = 0; which < tried_.size(); ++which) pass.hits[which] = hits[which].load_acquire();
    return pass;
  }
  /// The fewest probes, from so many on, that are enough with this reranking and cheaper than `best`; if none are, the most
  /// that were tried, which are 0 if none is cheaper.
  [[nodiscard]] result<setting> least_probes(std::size_t which, std::size_t from, const setting& best) noexcept {
    const std::size_t most = most_probes(tried_[which], best);
    std::size_t too_few = from - 1;
    setting found;
    for (std::size_t probes = from; probes <= most; probes = 2 * probes < most ? 2 * probes : most) {
      const auto measured = hits_at(probes, which);
      if (!measured.ok()) return measured.error();
      found = *measured;
      if (measure_.is_enough(found.hits) || probes == most) break;
      too_few = probes;
    }
    while (measure_.is_enough(found.hits) && found.probes - too_few > 1) {
      const auto measured = hits_at(too_few + (found.probes - too_few) / 2, which);
      if (!measured.ok()) return measured.error();
      if (measure_.is_enough(measured->hits)) {
        found = *measured;
      } else {
        too_few = measured->probes;
      }
    }
    return found;
  }

  const row_store& rows_;
  const ivf_parts& parts_;
  const code_store& codes_;
  const std::size_t k_;
  const ivf_tuning_of how_;
  const std::size_t lists_;
  const bool are_flat_;
  const bool are_ranked_;                ///< one pass says what all rerankings find
  const span<const std::size_t> tried_;  ///< rerankings, the most first
  buffer<ranked_pass> passes_;
  mutable atomic<std::uint64_t> touched_bytes_{0};
  recall_measure measure_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_IVF_TUNE_HPP
