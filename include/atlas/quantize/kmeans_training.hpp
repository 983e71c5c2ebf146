// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/kmeans_training.hpp -- the iterations of k-means: rows find centroids, centroids move.
//
// Room:      kmeans_training: iterations over all rows and over small batches, empty clusters, prices.
// Not here:  what a user calls (quantize/kmeans.hpp), the search (quantize/centroid_search.hpp).
// Depends:   core, simd, distance, quantize/{centroid_search,cluster_sums,kmeans_options,kmeans_start}.hpp.
// Threads:   one thread at a time calls; the pool's threads work inside.
#ifndef ATLAS_QUANTIZE_KMEANS_TRAINING_HPP
#define ATLAS_QUANTIZE_KMEANS_TRAINING_HPP

#include <atlas/distance/top_k.hpp>            // top_k
#include <atlas/quantize/centroid_search.hpp>  // centroid_search
#include <atlas/quantize/cluster_sums.hpp>     // cluster_sums
#include <atlas/quantize/kmeans_options.hpp>   // kmeans_options, kmeans_result
#include <atlas/quantize/kmeans_start.hpp>     // choose_rows

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

class kmeans_training {
 public:
  /// @param options  checked
  /// @param found    its centroids and iterations are the training's result
  kmeans_training(thread_pool& pool, const kmeans_options& options, kmeans_result& found) noexcept
      : pool_(pool), options_(options), found_(found) {}

  /// Lays out centroids where they start. @param rows  those to be trained on
  [[nodiscard]] status start(const matrix_view& rows) noexcept {
    const std::size_t clusters = options_.clusters;
    if (status made = found_.centroids.resize(clusters * rows.dimension); !made.ok()) return made;
    if (status made = sums_.create(clusters, rows.dimension); !made.ok()) return made;
    if (options_.balance > 0) {
      if (status made = prices_.resize_zeroed(clusters); !made.ok()) return made;
    }
    if (options_.start == kmeans_start::plus_plus) {
      const auto goes_on = [&] { return !options_.on_progress || options_.on_progress(0, options_.iterations); };
      return choose_plus_plus(pool_, rows, clusters, options_.seed, goes_on, found_.centroids.data());
    }
    buffer<std::uint32_t> ids;
    if (status made = choose_rows(rows.rows, clusters, options_.seed, ids); !made.ok()) return made;
    copy_rows(rows, ids.data(), clusters, found_.centroids.data());
    return {};
  }

  /// Iterations over all rows. @param search  over these rows
  [[nodiscard]] status iterate(const matrix_view& rows, centroid_search& search) noexcept {
    if (status made = resize(rows.rows); !made.ok()) return made;
    const bool needs_error = options_.tolerance > 0 || options_.balance > 0;
    // Once rows have come to rest centroids go to the means, and rows may move again.
    bool goes_to_means = options_.relaxation == 1.0F || options_.balance > 0;
    double error = __builtin_inf();
    while (found_.iterations < options_.iterations) {
      search.find(centroids(rows), prices(), now_.data());
      bool is_at_rest = options_.balance == 0.0F && is_settled();
      if (needs_error) {
        const double error_before = error;
        error = error_of(rows, search);
        if (options_.tolerance > 0 && error_before - error < options_.tolerance * error_before) is_at_rest = true;
      }
      if (is_at_rest && goes_to_means) return {};
      goes_to_means = goes_to_means || is_at_rest || found_.iterations + 1 == options_.iterations;
      move_sums(rows);
      if (status made = fill_empty(rows, search); !made.ok()) return made;
      const double step = goes_to_means ? 1.0 : static_cast<double>(options_.relaxation);
      if (status ended = end_iteration(rows.rows, error, step); !ended.ok()) return ended;
    }
    return {};
  }

  /// Iterations over a few rows each.
  [[nodiscard]] status iterate_batches(const matrix_view& rows) noexcept {
    const std::size_t batch_rows = options_.batch_rows;
    if (status made = resize(batch_rows); !made.ok()) return made;
    buffer<float> memory;
    buffer<std::uint32_t> ids;
    if (status made = memory.resize(batch_rows * rows.dimension); !made.ok()) return made;
    if (status made = ids.resize(batch_rows); !made.ok()) return made;
    const matrix_view batch = dense(memory.data(), batch_rows, rows.dimension);
    while (found_.iterations < options_.iterations) {
      for (std::size_t i = 0; i < batch_rows; ++i) {
        const std::uint64_t drawn = random_number(options_.seed ^ batch_seed, found_.iterations * batch_rows + i);
        ids[i] = static_cast<std::uint32_t>(drawn % rows.rows);
      }
      copy_rows(rows, ids.data(), batch_rows, memory.data());
      centroid_search search(pool_, batch);
      if (status made = search.create(options_.clusters, false); !made.ok()) return made;
      search.find(centroids(rows), prices(), now_.data());
      sums_.move(pool_, batch, before_.data(), now_.data());
      const double error = options_.balance > 0 ? error_of(batch, search) : 0;
      if (status ended = end_iteration((found_.iterations + 1) * batch_rows, error, 1); !ended.ok()) return ended;
    }
    return {};
  }

  /// What the centroids mean for all rows. @param search  over them
  [[nodiscard]] status finish(const matrix_view& rows, centroid_search& search) noexcept {
    if (status made = resize(rows.rows); !made.ok()) return made;
    if (status made = found_.sizes.resize_zeroed(options_.clusters); !made.ok()) return made;
    search.find(centroids(rows), prices(), now_.data());
    found_.error = error_of(rows, search);
    for (const std::uint32_t cluster : now_) ++found_.sizes[cluster];
    found_.assigned = static_cast<buffer<std::uint32_t>&&>(now_);
    return {};
  }

 private:
  // So that the choices are not those of the start.
  static constexpr std::uint64_t batch_seed = 0x6261746368;
  static constexpr std::uint64_t fill_seed = 0x66696C6C;

  [[nodiscard]] matrix_view centroids(const matrix_view& rows) const noexcept {
    return dense(found_.centroids.data(), options_.clusters, rows.dimension);
  }
  [[nodiscard]] const float* prices() const noexcept { return prices_.empty() ? nullptr : prices_.data(); }

  [[nodiscard]] status resize(std::size_t rows) noexcept {
    if (status made = now_.resize(rows); !made.ok()) return made;
    if (status made = before_.resize(rows); !made.ok()) return made;
    for (std::uint32_t& each : before_) each = no_cluster;
    return distances_.resize(rows);
  }

  [[nodiscard]] bool is_settled() const noexcept {
    return std::memcmp(before_.data(), now_.data(), now_.size() * sizeof(std::uint32_t)) == 0;
  }
  void move_sums(const matrix_view& rows) noexcept {
    sums_.move(pool_, rows, before_.data(), now_.data());
    std::memcpy(before_.data(), now_.data(), now_.size() * sizeof(std::uint32_t));
  }

  /// Mean squared distance, added up in the order of the rows.
  [[nodiscard]] double error_of(const matrix_view& rows, centroid_search& search) noexcept {
    search.measure(centroids(rows), now_.data(), distances_.data());
    double sum = 0;
    for (const float each : distances_) sum += static_cast<double>(each);
    return sum / static_cast<double>(rows.rows);
  }

  /// Gives each cluster without rows one, drawn with a chance in proportion to its squared distance from its centroid, and
  /// not twice: the rows of the least -log(u) / distance are such a draw (Efraimidis and Spirakis, "Weighted random sampling
  /// with a reservoir", Information Processing Letters 97, 2006). The last row of a cluster stays.
  [[nodiscard]] status fill_empty(const matrix_view& rows, centroid_search& search) noexcept {
    std::size_t empty = 0;
    for (const std::uint64_t size : sums_.sizes) empty += size == 0 ? 1U : 0U;
    if (empty == 0) return {};
    buffer<neighbour> drawn_rows;
    if (status made = drawn_rows.resize(empty); !made.ok()) return made;
    search.measure(centroids(rows), now_.data(), distances_.data());
    float greatest = 0.0F;
    for (const float distance : distances_) greatest = distance > greatest ? distance : greatest;
    top_k least({drawn_rows.data(), empty});
    for (std::uint32_t row = 0; row < rows.rows; ++row) {
      const float distance = distances_.data()[row];
      if (!(distance > 0.0F)) continue;
      const double share = random_share(options_.seed ^ fill_seed, found_.iterations * rows.rows + row);
      const double parts = static_cast<double>(greatest) / static_cast<double>(distance);
      const double wait = -__builtin_log(1 - share) * parts;
      constexpr double most = 3e38;  // what float can hold; rows that near are drawn last, in any order
      least.offer(static_cast<float>(wait < most ? wait : most), row);
    }
    buffer<std::uint32_t> left;  // rows of each cluster
    if (status made = left.resize(options_.clusters); !made.ok()) return made;
    for (std::size_t i = 0; i < options_.clusters; ++i) left[i] = static_cast<std::uint32_t>(sums_.sizes[i]);
    std::uint32_t cluster = 0;
    for (const neighbour& each : least.take_sorted()) {
      if (left[now_[each.id]] == 1) continue;
      while (sums_.sizes[cluster] != 0) ++cluster;
      --left[now_[each.id]];
      copy_rows(rows, &each.id, 1, found_.centroids.data() + cluster * rows.dimension);
      now_[each.id] = cluster++;
    }
    move_sums(rows);
    return {};
  }

  /// Moves centroids and prices. @param rows  that the sizes count
  [[nodiscard]] status end_iteration(std::size_t rows, double error, double step) noexcept {
    sums_.move_centroids(found_.centroids.data(), step);
    if (!prices_.empty()) move_prices(rows, error);
    ++found_.iterations;
    if (options_.on_progress && !options_.on_progress(found_.iterations, options_.iterations)) return errc::cancelled;
    return {};
  }
  void move_prices(std::size_t rows, double error) noexcept {
    const double fair = static_cast<double>(rows) / static_cast<double>(options_.clusters);
    const double step = static_cast<double>(options_.balance) / 4 * error;
    float least = __builtin_inff();
    for (std::size_t i = 0; i < prices_.size(); ++i) {
      const double above = static_cast<double>(sums_.sizes[i]) / fair - 1;
      prices_[i] = static_cast<float>(static_cast<double>(prices_[i]) + step * (above < 1 ? above : 1));
      least = prices_[i] < least ? prices_[i] : least;
    }
    for (float& each : prices_) each -= least;
  }

  thread_pool& pool_;
  const kmeans_options& options_;
  kmeans_result& found_;
  cluster_sums sums_;
  buffer<float> prices_;          ///< [clusters], or none
  buffer<std::uint32_t> before_;  ///< [rows]: their clusters as the sums have them
  buffer<std::uint32_t> now_;     ///< [rows]
  buffer<float> distances_;       ///< [rows]
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_KMEANS_TRAINING_HPP
