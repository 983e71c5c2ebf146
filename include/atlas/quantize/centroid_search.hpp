// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/centroid_search.hpp -- the nearest of some centroids for each of many rows, again and again.
//
// Room:      centroid_search: panels of rows against centroids, margins, and distances of what they leave open.
// Not here:  what a user calls (quantize/assign_to_centroids.hpp, quantize/kmeans.hpp), k > 1 (distance/nearest.hpp).
// Depends:   core, simd, distance, quantize/{centroid_operands,panel_scores,row_panels}.hpp.
// Threads:   one thread at a time calls; the pool's threads work inside.
//
// Products are rounded, in int8 coarsely, and still each row x is given its nearest centroid c for sure. Both are taken
// less a centre, which changes no distance and makes them short. Let e and f be what the prepared forms of x and of any
// c lost, s >= |x| + e and t >= |c| + f, and g as in distance/nearest_bounds.hpp, from whose derivation follows: the
// score |c|^2 - 2 <x, c> as computed is off by at most 2 (e t + s f) + 2 g s t + g t^2, and the distance that counts,
// the kernel's, by at most g (s + t)^2. A centroid no further than the one of the least score therefore has a score
// above that by at most twice the sum of both, which is below
//     margin = 4 (e t + s f) + 8 g (s + t)^2,
// where 8 g in place of 6 g covers what rounds centring, factors, terms and the margin itself. If it is the only one
// within the margin the search is over; else the distances of those few decide. A price p adds what rounds it, below
// 2^-19 p.
#ifndef ATLAS_QUANTIZE_CENTROID_SEARCH_HPP
#define ATLAS_QUANTIZE_CENTROID_SEARCH_HPP

#include <atlas/core/atomic.hpp>                 // atomic
#include <atlas/core/hash.hpp>                   // xxh3_64
#include <atlas/core/thread_pool.hpp>            // thread_pool
#include <atlas/distance/nearest_bounds.hpp>     // rounding, longest_squared
#include <atlas/quantize/centroid_operands.hpp>  // centroid_operands
#include <atlas/quantize/panel_scores.hpp>       // panel_scores
#include <atlas/quantize/row_panels.hpp>         // row_panels

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// @return  with the row: not_finite, or limit_exceeded for one so long that distances could leave the range of float
[[nodiscard]] inline status check_lengths(const matrix_view& rows, const char* field) noexcept {
  const kernel_table& table = kernels();
  for (std::size_t row = 0; row < rows.rows; ++row) {
    float squared = 0;
    table.dot[kernels_v1::f32_f32](rows.row(row), rows.row(row), 0, nullptr, 1, rows.dimension, &squared);
    if (static_cast<double>(squared) <= longest_squared) continue;
    const bool is_finite = table.largest_f32(rows.row(row), rows.dimension) < __builtin_inff();
    error why = is_finite ? error{errc::limit_exceeded, field, "lengths of at most 1e18", "a longer vector"}
                          : error{errc::not_finite, field, "finite numbers", "NaN or infinity"};
    why.row = row;
    return why;
  }
  return {};
}

class centroid_search {
 public:
  /// @param rows          checked (check_block, check_lengths); they stay where they are as long as the search is used
  /// @param most_threads  of the pool's; 0: all
  centroid_search(thread_pool& pool, const matrix_view& rows, unsigned most_threads = 0) noexcept
      : table_(kernels()),
        pool_(pool),
        threads_(most_threads == 0 || most_threads > pool.thread_count() ? pool.thread_count() : most_threads),
        rows_(rows),
        full_rows_(&table_.panel, rows),
        reduced_rows_(rows.dimension < least_reduced_dimension ? nullptr : table_.panel_i8, rows) {}
  centroid_search(const centroid_search&) = delete;
  centroid_search& operator=(const centroid_search&) = delete;
  ~centroid_search() { delete[] lanes_; }

  /// Makes ready for at most `most` centroids.
  /// @param keeps_panels  whether rows in int8, a quarter of their size, or of few components, are kept between calls
  [[nodiscard]] status create(std::size_t most, bool keeps_panels) noexcept {
    const std::size_t tasks = (rows_.rows + rows_of_task - 1) / rows_of_task;
    lane_count_ = threads_ < most_lanes ? threads_ : most_lanes;
    lane_count_ = tasks < lane_count_ ? tasks : lane_count_;
    lanes_ = new (std::nothrow) lane[lane_count_];
    if (lanes_ == nullptr) return errc::no_memory;
    if (status made = find_centre(); !made.ok()) return made;
    if (status made = full_.create(table_.panel, most, rows_.dimension); !made.ok()) return made;
    if (has_reduced()) {
      if (status made = reduced_.create(*reduced_rows_.kernels(), most, rows_.dimension); !made.ok()) return made;
    }
    if (status made = first_of_hash_.resize(next_power_of_two(2 * most)); !made.ok()) return made;
    for (std::size_t i = 0; i < lane_count_; ++i) {
      lane& each = lanes_[i];
      if (status made = full_rows_.create(each.full); !made.ok()) return made;
      if (has_reduced()) {
        if (status made = reduced_rows_.create(each.reduced); !made.ok()) return made;
      }
      if (status made = each.products.resize(centroids_at_once * most_panel_lanes); !made.ok()) return made;
      if (status made = each.selected.resize(centroids_at_once * most_panel_lanes); !made.ok()) return made;
      if (status made = each.distances.resize(most); !made.ok()) return made;
    }
    // Float32 panels of long rows are made anew each time, which costs little beside their products.
    if (!keeps_panels || (!has_reduced() && rows_.dimension >= least_reduced_dimension)) return {};
    row_panels& kept = has_reduced() ? reduced_rows_ : full_rows_;
    if (status made = kept.keep(); !made.ok()) return made;
    for_each_task([&](std::size_t first, std::size_t end, lane& mine) noexcept {
      for (std::size_t row = first; row < end; row += kept.lanes()) {
        kept.pack_kept(row, centre_.data(), has_reduced() ? mine.reduced : mine.full);
      }
    });
    return {};
  }

  /// The nearest centroid of each row by distance plus price, of equally near ones the lower.
  ///
  /// @param centroids  checked as the rows, no more of them than create was told
  /// @param prices     [centroids.rows], >= 0 and finite; null: none
  /// @param assigned   [rows]
  void find(const matrix_view& centroids, const float* prices, std::uint32_t* assigned) noexcept {
    centroids_ = centroids;
    prices_ = prices;
    full_.set(table_.panel, centroids, centre_.data(), prices);
    if (has_reduced()) reduced_.set(*reduced_rows_.kernels(), centroids, centre_.data(), prices);
    if (prices == nullptr) leave_out_copies();
    for_each_task([&](std::size_t first, std::size_t end, lane& mine) noexcept {
      const kernels_v1::panel_kernels* small = is_given_up_.load_relaxed() ? nullptr : reduced_rows_.kernels();
      if (small != nullptr && small->begin != nullptr && !small->begin()) small = nullptr;
      mine.measured = 0;
      if (small == nullptr) {
        find_of_rows(full_rows_, full_, first, end, mine, mine.full, assigned);
        return;
      }
      find_of_rows(reduced_rows_, reduced_, first, end, mine, mine.reduced, assigned);
      if (small->end != nullptr) small->end();
      // One distance costs about as much as sixteen products in int8.
      if (mine.measured > (end - first) * (centroids_.rows / 16 + 1)) is_given_up_.store_relaxed(true);
    });
  }

  /// Squared distance of each row to its centroid, bit for bit that of the pair function.
  void measure(const matrix_view& centroids, const std::uint32_t* assigned, float* distances) noexcept {
    for_each_task([&](std::size_t first, std::size_t end, lane&) noexcept {
      for (std::size_t row = first; row < end; ++row) {
        table_.l2sq[kernels_v1::f32_f32](rows_.row(row), centroids.row(assigned[row]), 0, nullptr, 1, rows_.dimension,
                                         distances + row);
      }
    });
  }

 private:
  static constexpr std::size_t centroids_at_once = 192;  ///< their products with a panel lie in a near cache
  static constexpr std::size_t most_lanes = 1024;        ///< threads that work
  static constexpr std::size_t rows_of_task = 960;            ///< a multiple of the lanes of any panel
  static constexpr std::size_t least_reduced_dimension = 32;  ///< below, int8 gains nothing
  static constexpr std::size_t rows_of_centre = 1024;         ///< whose mean is near enough to that of all

  /// One thread's memory.
  struct lane {
    row_panels::panel_memory full;
    row_panels::panel_memory reduced;
    buffer<float> products;          ///< [centroids_at_once, lanes of a panel]
    buffer<std::uint32_t> selected;  ///< likewise
    buffer<float> distances;         ///< [centroids]
    panel_scores scores;
    std::size_t measured = 0;  ///< distances that a task needed
  };

  [[nodiscard]] bool has_reduced() const noexcept { return reduced_rows_.kernels() != nullptr; }

  /// Each lane takes runs of rows as long as there are any.
  template <class Work>
  void for_each_task(Work work) noexcept {
    atomic<std::size_t> next{0};
    static_cast<void>(pool_.run(lane_count_, [&](std::size_t which, unsigned) noexcept {
      for (std::size_t first; (first = next.fetch_add(rows_of_task)) < rows_.rows;) {
        work(first, rows_.rows - first < rows_of_task ? rows_.rows : first + rows_of_task, lanes_[which]);
      }
    }));
  }

  [[nodiscard]] status find_centre() noexcept {
    buffer<double> sums;
    if (status made = sums.resize_zeroed(rows_.dimension); !made.ok()) return made;
    if (status made = centre_.resize(rows_.dimension); !made.ok()) return made;
    const std::size_t count = rows_.rows < rows_of_centre ? rows_.rows : rows_of_centre;
    const std::size_t step = rows_.rows / count;
    for (std::size_t i = 0; i < count; ++i) table_.add_to_f64(rows_.row(i * step), sums.data(), rows_.dimension);
    for (std::size_t i = 0; i < rows_.dimension; ++i) {
      centre_[i] = static_cast<float>(sums[i] / static_cast<double>(count));
    }
    return {};
  }

  /// A centroid equal to an earlier one is never the nearest. Left in, it would leave that one's rows open.
  void leave_out_copies() noexcept {
    const std::size_t bytes = rows_.dimension * sizeof(float);
    const std::size_t mask = next_power_of_two(2 * centroids_.rows) - 1;
    for (std::size_t i = 0; i <= mask; ++i) first_of_hash_[i] = nobody;
    for (std::uint32_t i = 0; i < centroids_.rows; ++i) {
      std::size_t slot = xxh3_64(centroids_.row(i), bytes) & mask;
      for (; first_of_hash_[slot] != nobody; slot = (slot + 1) & mask) {
        if (std::memcmp(centroids_.row(first_of_hash_[slot]), centroids_.row(i), bytes) == 0) break;
      }
      if (first_of_hash_[slot] == nobody) {
        first_of_hash_[slot] = i;
        continue;
      }
      full_.terms[i] = __builtin_inff();
      if (has_reduced()) reduced_.terms[i] = __builtin_inff();
    }
  }

  void find_margins(const centroid_operands& by, const row_lengths* lengths, std::size_t count,
                    float* margins) const noexcept {
    const rounding error(rows_.dimension);
    const auto relative = static_cast<float>(8 * error.gamma);
    const auto underflow = static_cast<float>(16 * error.underflow);
    for (std::size_t i = 0; i < count; ++i) {
      const float length = lengths[i].row + lengths[i].residual;
      const float both = length + by.length;
      margins[i] = 4.001F * (lengths[i].residual * by.length + length * by.residual) + relative * both * both +
                   by.price * 0x1p-19F + underflow * (1 + both);
    }
  }

  /// Rows [first, end), in panels of one kind.
  void find_of_rows(const row_panels& rows, const centroid_operands& by, std::size_t first, std::size_t end, lane& mine,
                    row_panels::panel_memory& memory, std::uint32_t* assigned) noexcept {
    panel_scores& scores = mine.scores;
    for (std::size_t row = first; row < end; row += rows.lanes()) {
      const row_panels::packed_panel panel = rows.panel(row, centre_.data(), memory);
      const std::size_t count = rows.rows_from(row);
      scores.clear(rows.lanes());
      find_margins(by, panel.lengths, count, scores.margins);
      for (std::size_t centroid = 0; centroid < centroids_.rows; centroid += centroids_at_once) {
        const std::size_t left = centroids_.rows - centroid;
        const std::size_t some = left < centroids_at_once ? left : centroids_at_once;
        const std::byte* const operands = by.rows + centroid * by.stride_bytes;
        const auto products = [&]() noexcept {
          rows.kernels()->products(panel.data, operands, by.stride_bytes, some, rows_.dimension, mine.products.data());
        };
        scores.remember(count);
        if (&rows == &full_rows_) {
          table_.least_of_panel(panel.data, operands, by.stride_bytes, some, rows_.dimension,
                                by.terms.data() + centroid, static_cast<std::uint32_t>(centroid), scores.least,
                                scores.next, scores.nearest);
        } else {
          products();
          table_.least_scores(mine.products.data(), some, rows.lanes(), by.factors.data() + centroid,
                              by.terms.data() + centroid, static_cast<std::uint32_t>(centroid), scores.least,
                              scores.next, scores.nearest);
        }
        if (!scores.open(count)) continue;
        if (&rows == &full_rows_) products();
        add_candidates(rows.lanes(), by, centroid, some, mine);
      }
      for (std::size_t i = 0; i < count; ++i) assigned[row + i] = nearest_of(row + i, i, mine);
    }
  }

  /// The centroids [first, first + some) that are within the limits of open lanes.
  void add_candidates(std::size_t lanes, const centroid_operands& by, std::size_t first, std::size_t some,
                      lane& mine) const noexcept {
    const std::size_t passed = table_.select(mine.products.data(), some, lanes, by.factors.data() + first,
                                             by.terms.data() + first, mine.scores.limits, mine.selected.data());
    std::size_t centroid = first;
    std::size_t start = 0;
    for (std::size_t i = 0; i < passed; ++i) {
      const std::size_t at = mine.selected.data()[i];
      for (; at >= start + lanes; start += lanes) ++centroid;
      const float score = mine.products.data()[at] * by.factors.data()[centroid] + by.terms.data()[centroid];
      mine.scores.add(at - start, {score, static_cast<std::uint32_t>(centroid)});
    }
  }

  /// The one of the least score if no other is within the margin, else the nearest by distance.
  [[nodiscard]] std::uint32_t nearest_of(std::size_t row, std::size_t place, lane& mine) noexcept {
    panel_scores& scores = mine.scores;
    if (scores.counts[place] == 0) return scores.nearest[place];
    scores.prune(place);
    std::uint32_t ids[panel_scores::most_candidates];
    const bool is_all = scores.counts[place] > panel_scores::most_candidates;
    const std::size_t count = is_all ? centroids_.rows : scores.counts[place];
    for (std::size_t i = 0; !is_all && i < count; ++i) ids[i] = scores.candidates[place][i].centroid;
    table_.l2sq[kernels_v1::f32_f32](rows_.row(row), centroids_.data, centroids_.stride * sizeof(float),
                                     is_all ? nullptr : ids, count, rows_.dimension, mine.distances.data());
    mine.measured += count;
    std::uint32_t nearest = scores.nearest[place];
    float least = __builtin_inff();
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint32_t centroid = is_all ? static_cast<std::uint32_t>(i) : ids[i];
      const float distance = mine.distances.data()[i] + (prices_ == nullptr ? 0.0F : prices_[centroid]);
      if (distance < least) {
        least = distance;
        nearest = centroid;
      }
    }
    return nearest;
  }

  static constexpr std::uint32_t nobody = ~std::uint32_t{0};

  const kernel_table& table_;
  thread_pool& pool_;
  const unsigned threads_;
  const matrix_view rows_;
  matrix_view centroids_;
  const float* prices_ = nullptr;
  buffer<float> centre_;     ///< [dimension]
  row_panels full_rows_;     ///< in float32
  row_panels reduced_rows_;  ///< in int8, where that is faster
  centroid_operands full_;
  centroid_operands reduced_;
  buffer<std::uint32_t> first_of_hash_;
  atomic<bool> is_given_up_;  ///< int8 told too few centroids apart
  std::size_t lane_count_ = 0;
  lane* lanes_ = nullptr;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_CENTROID_SEARCH_HPP
