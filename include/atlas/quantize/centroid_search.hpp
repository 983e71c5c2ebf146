// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/centroid_search.hpp -- the nearest of some centroids for each of many rows, again and again.
//
// Room:      centroid_search: panels of rows, kept while centroids move; bounds, and distances of what they leave.
// Not here:  what a user calls (quantize/assign_to_centroids.hpp, quantize/kmeans.hpp), k > 1 (distance/nearest.hpp).
// Depends:   core, simd, distance.
// Threads:   one thread at a time calls; the pool's threads work inside.
//
// Products are rounded, in int8 coarsely, and still each row x is given its nearest centroid c for sure. Let e and f be
// what the prepared forms of x and of any c lost, s >= |x| + e and t >= |c| + f, and g as in distance/nearest_bounds.hpp,
// from whose derivation follows: the score |c|^2 - 2 <x, c> as computed is off by at most 2 (e t + s f) + 2 g s t + g t^2,
// and the distance that counts, the kernel's, by at most g (s + t)^2. A centroid no further than the one of the least
// score therefore has a score above that by at most twice the sum of both, which is below
//     margin = 4 (e t + s f) + 8 g (s + t)^2,
// where 8 g in place of 6 g covers what rounds factors, terms and the margin itself. If it is the only one within the
// margin the search is over; else the distances of those few decide. A price p adds what rounds it, below 2^-19 p.
#ifndef ATLAS_QUANTIZE_CENTROID_SEARCH_HPP
#define ATLAS_QUANTIZE_CENTROID_SEARCH_HPP

#include <atlas/core/atomic.hpp>              // atomic
#include <atlas/core/bits.hpp>                // round_up
#include <atlas/core/memory.hpp>              // buffer
#include <atlas/core/thread_pool.hpp>         // thread_pool
#include <atlas/distance/matrix_view.hpp>     // matrix_view
#include <atlas/distance/nearest_bounds.hpp>  // rounding, longest_squared
#include <atlas/simd/kernel_table.hpp>        // kernels, panel_kernels

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Squared length of each row, as the kernels give it. out: [rows.rows]
/// @return  with the row: not_finite, or limit_exceeded for one so long that distances could leave the range of float
[[nodiscard]] inline status find_squares(const matrix_view& rows, const char* field, float* out) noexcept {
  const kernel_table& table = kernels();
  buffer<float> zeros;
  if (status made = zeros.resize_zeroed(rows.dimension); !made.ok()) return made;
  table.l2sq[kernels_v1::f32_f32](zeros.data(), rows.data, rows.stride * sizeof(float), nullptr, rows.rows,
                                  rows.dimension, out);
  for (std::size_t row = 0; row < rows.rows; ++row) {
    if (static_cast<double>(out[row]) <= longest_squared) continue;
    const bool is_finite = table.largest_f32(rows.row(row), rows.dimension) < __builtin_inff();
    error why = is_finite ? error{errc::limit_exceeded, field, "a length of at most 1e18", "a longer row"}
                          : error{errc::not_finite, field, "finite numbers", "NaN or infinity"};
    why.row = row;
    return why;
  }
  return {};
}

class centroid_search {
 public:
  /// @param rows  checked (check_block); they stay where they are as long as the search is used
  centroid_search(thread_pool& pool, const matrix_view& rows) noexcept
      : table_(kernels()), pool_(pool), rows_(rows) {
    full_.kernels = &table_.panel;
    if (table_.panel_i8 != nullptr && rows.dimension >= least_reduced_dimension) reduced_.kernels = table_.panel_i8;
  }
  centroid_search(const centroid_search&) = delete;
  centroid_search& operator=(const centroid_search&) = delete;
  ~centroid_search() { delete[] lanes_; }

  /// Makes ready for at most `most` centroids.
  /// @param keeps_panels  whether rows in int8, a quarter of their size, or of few components, are kept between calls
  /// @return              not_finite or limit_exceeded with the row, or no_memory
  [[nodiscard]] status create(std::size_t most, bool keeps_panels) noexcept {
    if (status made = lengths_.resize(rows_.rows); !made.ok()) return made;
    if (status made = find_squares(rows_, "rows", lengths_.data()); !made.ok()) return made;
    for (float& each : lengths_) each = __builtin_sqrtf(each);
    const std::size_t tasks = (rows_.rows + rows_of_task - 1) / rows_of_task;
    lane_count_ = tasks < pool_.thread_count() ? tasks : pool_.thread_count();
    lanes_ = new (std::nothrow) lane[lane_count_];
    if (lanes_ == nullptr) return errc::no_memory;
    const std::size_t of_full = full_.kernels->panel_bytes(rows_.dimension);
    const std::size_t of_first = first_pass().kernels->panel_bytes(rows_.dimension);
    for (std::size_t i = 0; i < lane_count_; ++i) {
      lane& each = lanes_[i];
      if (status made = each.panel.resize(of_full > of_first ? of_full : of_first); !made.ok()) return made;
      if (status made = each.products.resize(centroids_at_once * most_lanes); !made.ok()) return made;
      if (status made = each.selected.resize(centroids_at_once * most_lanes); !made.ok()) return made;
      if (status made = each.distances.resize(most); !made.ok()) return made;
    }
    if (status made = terms_.resize(most); !made.ok()) return made;
    if (status made = full_.factors.resize(most); !made.ok()) return made;
    if (reduced_.kernels != nullptr) {
      if (status made = reduced_.factors.resize(most); !made.ok()) return made;
      if (status made = residuals_.resize(most); !made.ok()) return made;
      if (status made = prepared_.resize(most * prepared_stride()); !made.ok()) return made;
    }
    // Float32 panels of long rows are made anew each time, which costs little beside their products.
    if (!keeps_panels || (reduced_.kernels == nullptr && rows_.dimension >= least_reduced_dimension)) return {};
    return keep_panels();
  }

  /// The nearest centroid of each row by distance plus price, of equally near ones the lower.
  ///
  /// @param centroids  with squared lengths <= longest_squared, no more of them than create was told
  /// @param prices     [centroids.rows], >= 0 and finite; null: none
  /// @param assigned   [rows]
  void find(const matrix_view& centroids, const float* prices, std::uint32_t* assigned) noexcept {
    centroids_ = centroids;
    prices_ = prices;
    prepare_centroids();
    for_each_task([&](std::size_t first, std::size_t end, lane& mine) noexcept {
      const kernels_v1::panel_kernels* small = is_given_up_.load_relaxed() ? nullptr : reduced_.kernels;
      if (small != nullptr && small->begin != nullptr && !small->begin()) small = nullptr;
      const operands& by = small != nullptr ? reduced_ : full_;
      mine.measured = 0;
      for (std::size_t row = first; row < end; row += by.kernels->queries) find_of_panel(by, row, mine, assigned);
      if (small == nullptr) return;
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
  static constexpr std::size_t centroids_at_once = 192;       ///< their products with a panel lie in a near cache
  static constexpr std::size_t most_candidates = 16;          ///< of one row; with more it is compared with all centroids
  static constexpr std::size_t most_lanes = 64;               ///< of any panel
  static constexpr std::size_t rows_of_task = 960;            ///< a multiple of the lanes of any panel
  static constexpr std::size_t least_reduced_dimension = 32;  ///< below, int8 gains nothing

  struct candidate {
    float score;
    std::uint32_t centroid;
  };
  /// The rows of one panel while centroids pass by.
  struct scores {
    alignas(cache_line) float least[most_lanes];
    alignas(cache_line) float next[most_lanes];
    alignas(cache_line) float limits[most_lanes];  ///< of rows that are open, else -infinity
    alignas(cache_line) std::uint32_t centroids[most_lanes];  ///< of the least score
    float margins[most_lanes];
    candidate before[most_lanes];  ///< the least score before these centroids
  };
  /// One thread's memory.
  struct lane {
    buffer<std::byte> panel;
    buffer<float> products;          ///< [centroids_at_once, lanes of a panel]
    buffer<std::uint32_t> selected;  ///< likewise
    buffer<float> distances;         ///< [centroids]
    candidate candidates[most_lanes][most_candidates];
    float residuals[most_lanes];
    std::size_t measured = 0;        ///< distances that a task needed
  };
  /// Centroids as one kind of panel meets them.
  struct operands {
    const kernels_v1::panel_kernels* kernels = nullptr;
    const std::byte* rows = nullptr;
    std::size_t stride_bytes = 0;
    buffer<float> factors;  ///< -2 times what a product must be multiplied with
    float residual = 0;     ///< f
    float length = 0;       ///< t
  };

  [[nodiscard]] const operands& first_pass() const noexcept { return reduced_.kernels != nullptr ? reduced_ : full_; }
  /// An odd number of cache lines, so that centroids do not fall into the same few sets of the first-level cache.
  [[nodiscard]] std::size_t prepared_stride() const noexcept {
    const std::size_t bytes = round_up(rows_.dimension, reduced_.kernels->padded_to) * reduced_.kernels->component_bytes;
    return (round_up(bytes, cache_line) / cache_line | 1) * cache_line;
  }

  template <class Work>
  void for_each_task(Work work) noexcept {
    const auto run = [&](std::size_t task, unsigned worker) noexcept {
      const std::size_t first = task * rows_of_task;
      work(first, rows_.rows - first < rows_of_task ? rows_.rows : first + rows_of_task, lanes_[worker]);
    };
    static_cast<void>(pool_.run((rows_.rows + rows_of_task - 1) / rows_of_task, run, static_cast<unsigned>(lane_count_)));
  }

  [[nodiscard]] status keep_panels() noexcept {
    const kernels_v1::panel_kernels& by = *first_pass().kernels;
    const std::size_t bytes = by.panel_bytes(rows_.dimension);
    const std::size_t panels = (rows_.rows + by.queries - 1) / by.queries;
    if (status made = kept_residuals_.resize(panels * by.queries); !made.ok()) return made;
    if (status made = kept_.resize(panels * bytes); !made.ok()) return made;
    for_each_task([&](std::size_t first, std::size_t end, lane&) noexcept {
      for (std::size_t row = first; row < end; row += by.queries) {
        pack(by, row, kept_.data() + row / by.queries * bytes, kept_residuals_.data() + row);
      }
    });
    return {};
  }
  void pack(const kernels_v1::panel_kernels& by, std::size_t row, std::byte* panel, float* residuals) const noexcept {
    by.pack(rows_.row(row), rows_.stride * sizeof(float), rows_of_panel(by, row), rows_.dimension, panel, residuals);
  }
  [[nodiscard]] std::size_t rows_of_panel(const kernels_v1::panel_kernels& by, std::size_t row) const noexcept {
    return rows_.rows - row < by.queries ? rows_.rows - row : by.queries;
  }

  void prepare_centroids() noexcept {
    const std::size_t stride_bytes = centroids_.stride * sizeof(float);
    full_.rows = reinterpret_cast<const std::byte*>(centroids_.data);
    full_.stride_bytes = stride_bytes;
    full_.length = 0;
    most_price_ = 0;
    for (std::size_t i = 0; i < centroids_.rows; ++i) {
      float squared = 0;
      table_.dot[kernels_v1::f32_f32](centroids_.row(i), centroids_.row(i), 0, nullptr, 1, rows_.dimension, &squared);
      const float price = prices_ == nullptr ? 0.0F : prices_[i];
      terms_[i] = squared + price;
      full_.factors[i] = -2.0F;
      full_.length = squared > full_.length ? squared : full_.length;
      most_price_ = price > most_price_ ? price : most_price_;
    }
    full_.length = __builtin_sqrtf(full_.length);
    if (reduced_.kernels == nullptr) return;
    reduced_.kernels->prepare(centroids_.data, stride_bytes, centroids_.rows, rows_.dimension, prepared_.data(),
                              prepared_stride(), reduced_.factors.data(), residuals_.data());
    reduced_.rows = prepared_.data();
    reduced_.stride_bytes = prepared_stride();
    reduced_.residual = 0;
    for (std::size_t i = 0; i < centroids_.rows; ++i) {
      reduced_.factors[i] *= -2.0F;
      reduced_.residual = residuals_[i] > reduced_.residual ? residuals_[i] : reduced_.residual;
    }
    reduced_.length = full_.length + reduced_.residual;
  }

  /// How far above the least score that of the nearest centroid may lie, for each row of a panel.
  void find_margins(const operands& by, std::size_t row, std::size_t count, const float* residuals,
                    float* margins) const noexcept {
    const rounding error(rows_.dimension);
    const auto relative = static_cast<float>(8.01 * error.gamma);
    const float fixed = most_price_ * 0x1p-19F + static_cast<float>(16 * error.underflow);
    for (std::size_t i = 0; i < count; ++i) {
      const float length = lengths_.data()[row + i] + residuals[i];
      const float both = length + by.length + 1e-30F;
      margins[i] = 4.01F * (residuals[i] * by.length + length * by.residual) + relative * both * both + fixed * (1 + both);
    }
  }

  /// The nearest centroid of the rows of one panel.
  void find_of_panel(const operands& by, std::size_t row, lane& mine, std::uint32_t* assigned) noexcept {
    const std::size_t width = by.kernels->queries;
    const std::size_t count = rows_of_panel(*by.kernels, row);
    const std::byte* panel = mine.panel.data();
    const float* residuals = mine.residuals;
    if (!kept_.empty() && &by == &first_pass()) {
      panel = kept_.data() + row / width * by.kernels->panel_bytes(rows_.dimension);
      residuals = kept_residuals_.data() + row;
    } else {
      pack(*by.kernels, row, mine.panel.data(), mine.residuals);
    }
    scores found;
    std::size_t counts[most_lanes] = {};
    find_margins(by, row, count, residuals, found.margins);
    for (std::size_t i = 0; i < width; ++i) found.least[i] = found.next[i] = __builtin_inff();
    for (std::size_t first = 0; first < centroids_.rows; first += centroids_at_once) {
      const std::size_t left = centroids_.rows - first;
      const std::size_t some = left < centroids_at_once ? left : centroids_at_once;
      by.kernels->products(panel, by.rows + first * by.stride_bytes, by.stride_bytes, some, rows_.dimension,
                           mine.products.data());
      for (std::size_t i = 0; i < count; ++i) found.before[i] = {found.least[i], found.centroids[i]};
      table_.least_scores(mine.products.data(), some, width, by.factors.data() + first, terms_.data() + first,
                          static_cast<std::uint32_t>(first), found.least, found.next, found.centroids);
      if (open(found, count, mine.candidates, counts)) add_candidates(by, first, some, found, mine, counts);
    }
    for (std::size_t i = 0; i < count; ++i) {
      keep_within(mine.candidates[i], counts[i], found.least[i] + found.margins[i]);
      assigned[row + i] = counts[i] < 2 ? found.centroids[i] : nearest_of(row + i, mine, mine.candidates[i], counts[i]);
    }
  }

  /// Finds the rows of which more than one centroid lies within the margin. @return  whether there are any
  static bool open(scores& found, std::size_t count, candidate (*candidates)[most_candidates], std::size_t* counts) noexcept {
    bool is_any = false;
    for (std::size_t i = 0; i < most_lanes; ++i) found.limits[i] = -__builtin_inff();
    for (std::size_t i = 0; i < count; ++i) {
      const float limit = found.least[i] + found.margins[i];
      if (found.next[i] > limit) counts[i] = 0;
      if (found.next[i] > limit || counts[i] > most_candidates) continue;
      if (counts[i] == 0 && found.before[i].score <= limit) candidates[i][counts[i]++] = found.before[i];
      found.limits[i] = limit;
      is_any = true;
    }
    return is_any;
  }
  void add_candidates(const operands& by, std::size_t first, std::size_t some, const scores& found, lane& mine,
                      std::size_t* counts) const noexcept {
    const std::size_t width = by.kernels->queries;
    const std::size_t passed = table_.select(mine.products.data(), some, width, by.factors.data() + first,
                                             terms_.data() + first, found.limits, mine.selected.data());
    std::size_t centroid = first;
    std::size_t start = 0;
    for (std::size_t i = 0; i < passed; ++i) {
      const std::size_t at = mine.selected.data()[i];
      for (; at >= start + width; start += width) ++centroid;
      const std::size_t which = at - start;
      const float score = mine.products.data()[at] * by.factors.data()[centroid] + terms_.data()[centroid];
      add(mine.candidates[which], counts[which], {score, static_cast<std::uint32_t>(centroid)}, found.limits[which]);
    }
  }

  /// More than most_candidates: too many to be told apart.
  static void add(candidate* candidates, std::size_t& count, candidate one, float limit) noexcept {
    if (count == most_candidates) keep_within(candidates, count, limit);
    if (count < most_candidates) candidates[count] = one;
    if (count <= most_candidates) ++count;
  }
  static void keep_within(candidate* candidates, std::size_t& count, float limit) noexcept {
    if (count < 2 || count > most_candidates) return;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
      candidates[kept] = candidates[i];
      kept += candidates[i].score <= limit ? 1U : 0U;
    }
    count = kept;
  }

  /// The nearest by distances to the candidates, or to all centroids if there are none or too many.
  [[nodiscard]] std::uint32_t nearest_of(std::size_t row, lane& mine, const candidate* candidates, std::size_t count) noexcept {
    std::uint32_t ids[most_candidates];
    const bool is_all = count == 0 || count > most_candidates;
    if (is_all) count = centroids_.rows;
    for (std::size_t i = 0; i < count && !is_all; ++i) ids[i] = candidates[i].centroid;
    table_.l2sq[kernels_v1::f32_f32](rows_.row(row), centroids_.data, centroids_.stride * sizeof(float),
                                     is_all ? nullptr : ids, count, rows_.dimension, mine.distances.data());
    mine.measured += count;
    std::uint32_t nearest = 0;
    float distance = __builtin_inff();
    for (std::size_t i = 0; i < count; ++i) {
      const auto centroid = is_all ? static_cast<std::uint32_t>(i) : ids[i];
      const float one = mine.distances.data()[i] + (prices_ == nullptr ? 0.0F : prices_[centroid]);
      if (one < distance) {
        distance = one;
        nearest = centroid;
      }
    }
    return nearest;
  }

  const kernel_table& table_;
  thread_pool& pool_;
  const matrix_view rows_;
  matrix_view centroids_;
  const float* prices_ = nullptr;
  buffer<float> lengths_;  ///< [rows]
  operands full_;          ///< in float32
  operands reduced_;       ///< in int8, or without kernels
  buffer<float> terms_;    ///< [centroids]: squared length and price
  float most_price_ = 0;
  buffer<std::byte> prepared_;
  buffer<float> residuals_;       ///< [centroids]
  buffer<std::byte> kept_;        ///< panels for the first pass, or none
  buffer<float> kept_residuals_;  ///< [rows]
  atomic<bool> is_given_up_;      ///< int8 told too few apart
  std::size_t lane_count_ = 0;
  lane* lanes_ = nullptr;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_CENTROID_SEARCH_HPP
