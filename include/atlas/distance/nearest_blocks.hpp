// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/nearest_blocks.hpp -- runs of rows as panels take them: those that count, with their bounds.
//
// Room:      row_block: one thread's block of float32 rows, and the rows that no panel may meet.
// Not here:  what is done with a block (distance/nearest_panels.hpp).
// Depends:   core, distance/{nearest_bounds,nearest_call}.hpp.
// Threads:   one thread a row_block.
#ifndef ATLAS_DISTANCE_NEAREST_BLOCKS_HPP
#define ATLAS_DISTANCE_NEAREST_BLOCKS_HPP

#include <atlas/core/bits.hpp>                // round_up, load_unaligned
#include <atlas/core/memory.hpp>              // buffer
#include <atlas/distance/nearest_bounds.hpp>  // row_bound
#include <atlas/distance/nearest_call.hpp>    // nearest_call

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Bytes of rows that panels meet while they lie in the second-level cache beside one panel.
inline constexpr std::size_t panel_block_bytes = std::size_t{512} << 10;

/// Rows of a block. Bounded above because its products with a panel must lie in that cache too.
[[nodiscard]] inline std::size_t rows_of_panel_block(std::size_t dimension) noexcept {
  const std::size_t rows = panel_block_bytes / (dimension * sizeof(float)) / 32 * 32;
  return rows < 32 ? 32 : rows > 512 ? 512 : rows;
}

class row_block {
 public:
  [[nodiscard]] bool create(const nearest_call& call, std::size_t capacity, std::size_t prepared_stride_bytes) noexcept {
    const std::size_t row_bytes = call.request.dimension * sizeof(float);
    return held_.resize(capacity * row_bytes).ok() && prepared_.resize(capacity * prepared_stride_bytes).ok() &&
           ids.resize(capacity).ok() && squared_.resize(capacity).ok() && zeros_.resize_zeroed(call.request.dimension).ok() &&
           scales_.resize(capacity).ok() && residuals_.resize(capacity).ok() && bounds.resize(capacity).ok() &&
           factors.resize(capacity).ok() && terms.resize(capacity).ok() && aside.resize(capacity).ok();
  }

  /// Takes in those of the rows [first, first + looked_at) that count: as they lie in memory if these are all of them,
  /// else copied behind what the block has already. @pre count + looked_at <= capacity
  void take(const nearest_call& call, std::uint32_t first, std::size_t looked_at) noexcept {
    const std::size_t before = count;
    for (std::uint32_t row = first; row < first + looked_at; ++row) {
      if (call.skips(row)) continue;
      ids[count++] = row;
    }
    if (before == 0 && count == looked_at) {
      data_ = call.row(first);
      stride_bytes_ = call.request.row_stride_bytes;
      return;
    }
    const std::size_t row_bytes = call.request.dimension * sizeof(float);
    copy(call, before != 0 && data_ == held_.data() ? before : 0, row_bytes);
    data_ = held_.data();
    stride_bytes_ = row_bytes;
  }

  /// Makes the rows ready for `panel`.
  /// @param prepared_stride_bytes  as `panel` needs it
  void prepare(const nearest_call& call, const kernels_v1::panel_kernels& panel,
               std::size_t prepared_stride_bytes) noexcept {
    is_prepared_ = panel.prepare != nullptr;
    operands_ = is_prepared_ ? prepared_.data() : data_;
    operand_stride_ = is_prepared_ ? prepared_stride_bytes : stride_bytes_;
    if (!is_prepared_) return;
    panel.prepare(reinterpret_cast<const float*>(data_), stride_bytes_, count, call.request.dimension, prepared_.data(),
                  prepared_stride_bytes, scales_.data(), residuals_.data());
  }

  /// Finds the bounds of rows [first, end). A row whose sums could leave the range of float goes to `aside`, and its
  /// score is infinite or NaN. @pre prepare was called
  void find_bounds(const nearest_call& call, const rounding& by, std::size_t first, std::size_t end) noexcept {
    // The distance from zero: one call for all of them is faster than the product of each with itself.
    call.table.l2sq[kernels_v1::f32_f32](zeros_.data(), data_ + first * stride_bytes_, stride_bytes_, nullptr,
                                         end - first, call.request.dimension, squared_.data() + first);
    const double least = call.which == metric::cosine ? shortest_squared_cosine : 0.0;
    for (std::size_t i = first; i < end; ++i) {
      const auto squared = static_cast<double>(squared_[i]);
      double weight = 1;
      if (call.request.row_scale_offset != 0) {
        weight = static_cast<double>(load_unaligned<float>(call.row(ids[i]) + call.request.row_scale_offset));
      }
      if (squared >= least && squared <= longest_squared && weight >= -largest_weight && weight <= largest_weight) {
        const double scale = is_prepared_ ? static_cast<double>(scales_[i]) : 1;
        const double residual = is_prepared_ ? static_cast<double>(residuals_[i]) : 0;
        bounds[i] = bound_of_row(by, call.which, squared, residual, scale, weight);
      } else {
        aside[aside_count++] = ids[i];
        bounds[i] = {0, __builtin_inff(), __builtin_nanf(""), 0, 0};
      }
      factors[i] = bounds[i].factor;
      terms[i] = bounds[i].term;
    }
  }

  /// The largest parts of the bounds of rows [first, end).
  [[nodiscard]] row_bound largest(std::size_t first, std::size_t end) const noexcept {
    row_bound most{};
    for (std::size_t i = first; i < end; ++i) {
      most.length = bounds[i].length > most.length ? bounds[i].length : most.length;
      most.residual = bounds[i].residual > most.residual ? bounds[i].residual : most.residual;
      most.fixed = bounds[i].fixed > most.fixed ? bounds[i].fixed : most.fixed;
    }
    return most;
  }

  /// Row `index` as the panel kernels read it.
  [[nodiscard]] const std::byte* operand(std::size_t index) const noexcept { return operands_ + index * operand_stride_; }
  [[nodiscard]] std::size_t operand_stride() const noexcept { return operand_stride_; }

  void clear() noexcept { count = aside_count = 0; }

  std::size_t count = 0;        ///< rows in the block
  std::size_t aside_count = 0;
  buffer<std::uint32_t> ids;    ///< [count], rising
  buffer<row_bound> bounds;     ///< [count]
  buffer<float> factors;        ///< [count], of the bounds
  buffer<float> terms;          ///< [count], likewise
  buffer<std::uint32_t> aside;  ///< [aside_count]: rows of the block to be measured

 private:
  void copy(const nearest_call& call, std::size_t first, std::size_t row_bytes) noexcept {
    for (std::size_t i = first; i < count; ++i) std::memcpy(held_.data() + i * row_bytes, call.row(ids[i]), row_bytes);
  }

  buffer<std::byte> held_;      ///< copies of rows
  buffer<std::byte> prepared_;
  buffer<float> squared_;
  buffer<float> zeros_;         ///< [dimension]
  buffer<float> scales_;
  buffer<float> residuals_;
  const std::byte* data_ = nullptr;
  std::size_t stride_bytes_ = 0;
  bool is_prepared_ = false;
  const std::byte* operands_ = nullptr;
  std::size_t operand_stride_ = 0;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_DISTANCE_NEAREST_BLOCKS_HPP
