// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/query_panels.hpp -- a batch of float32 queries as panels, and the bounds of each.
//
// Room:      query_panels: memory, packing, and which queries no panel may hold.
// Not here:  the kernels (simd/kernel_entries.hpp), the search (distance/nearest_panels.hpp).
// Depends:   core, distance/{nearest_bounds,nearest_call}.hpp.
// Threads:   pack on one thread; then any number may read.
#ifndef ATLAS_DISTANCE_QUERY_PANELS_HPP
#define ATLAS_DISTANCE_QUERY_PANELS_HPP

#include <atlas/core/bits.hpp>                // round_up
#include <atlas/core/memory.hpp>              // buffer
#include <atlas/distance/nearest_bounds.hpp>  // query_bound
#include <atlas/distance/nearest_call.hpp>    // nearest_call

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

class query_panels {
 public:
  query_panels(const nearest_call& call, const kernels_v1::panel_kernels& panel, std::size_t first_query,
               std::size_t query_count) noexcept
      : kernels(panel),
        call_(call),
        first_query_(first_query),
        query_count_(query_count),
        panel_bytes_(panel.panel_bytes(call.request.dimension)) {}

  [[nodiscard]] bool create() noexcept {
    return memory_.resize(panel_count() * panel_bytes_).ok() && bounds.resize(query_count_).ok() &&
           fits.resize(query_count_).ok() && residuals_.resize(panel_count() * width()).ok();
  }
  void pack() noexcept {
    const rounding by(call_.request.dimension);
    for (std::size_t panel = 0; panel < panel_count(); ++panel) {
      const std::size_t first = panel * width();
      kernels.pack(reinterpret_cast<const float*>(call_.query(first_query_ + first)), call_.request.query_stride_bytes,
                   queries_of(panel), call_.request.dimension, memory_.data() + panel * panel_bytes_,
                   residuals_.data() + first);
    }
    const double least = call_.which == metric::cosine ? shortest_squared_cosine : 0.0;
    for (std::size_t query = 0; query < query_count_; ++query) {
      const double squared = squared_length(first_query_ + query);
      fits[query] = squared >= least && squared <= longest_squared;
      if (fits[query]) bounds[query] = query_bound(by, call_.which, squared, static_cast<double>(residuals_[query]));
    }
    is_packed_ = true;
  }
  [[nodiscard]] bool is_packed() const noexcept { return is_packed_; }

  [[nodiscard]] std::size_t width() const noexcept { return kernels.queries; }  ///< lanes of a panel
  [[nodiscard]] std::size_t panel_count() const noexcept { return (query_count_ + width() - 1) / width(); }
  [[nodiscard]] const void* panel(std::size_t index) const noexcept { return memory_.data() + index * panel_bytes_; }
  [[nodiscard]] std::size_t queries_of(std::size_t panel) const noexcept {
    const std::size_t left = query_count_ - panel * width();
    return left < width() ? left : width();
  }
  /// Bytes from one prepared row to the next; 0 if rows are read where they lie. An odd number of cache lines, so
  /// that the rows of a tile do not fall into the same few sets of the first-level cache.
  [[nodiscard]] std::size_t prepared_stride() const noexcept {
    if (kernels.prepare == nullptr) return 0;
    const std::size_t components = round_up(call_.request.dimension, kernels.padded_to);
    return (round_up(components * kernels.component_bytes, cache_line) / cache_line | 1) * cache_line;
  }

  const kernels_v1::panel_kernels& kernels;
  buffer<query_bound> bounds;  ///< [queries]
  buffer<bool> fits;           ///< [queries]: the panels' products with it can be relied on

 private:
  [[nodiscard]] double squared_length(std::size_t query) const noexcept {
    const auto* components = reinterpret_cast<const float*>(call_.query(query));
    double sums[4] = {};  // side by side: one sum would wait for each addition
    std::size_t i = 0;
    for (; i + 4 <= call_.request.dimension; i += 4) {
      for (std::size_t lane = 0; lane < 4; ++lane) {
        const auto component = static_cast<double>(components[i + lane]);
        sums[lane] += component * component;
      }
    }
    for (; i < call_.request.dimension; ++i) sums[0] += static_cast<double>(components[i]) * static_cast<double>(components[i]);
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }

  const nearest_call& call_;
  std::size_t first_query_;
  std::size_t query_count_;
  std::size_t panel_bytes_;
  buffer<std::byte> memory_;
  buffer<float> residuals_;
  bool is_packed_ = false;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_DISTANCE_QUERY_PANELS_HPP
