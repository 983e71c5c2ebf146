// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/row_panels.hpp -- rows side by side as panels, for one set of centroids or for many.
//
// Room:      row_panels: packing, what packing lost of each row, panels that are kept.
// Not here:  the panels themselves (simd/kernel_entries.hpp), what they meet (quantize/centroid_operands.hpp).
// Depends:   core, simd, distance/matrix_view.hpp.
// Threads:   any number may pack, each into its own memory.
#ifndef ATLAS_QUANTIZE_ROW_PANELS_HPP
#define ATLAS_QUANTIZE_ROW_PANELS_HPP

#include <atlas/core/memory.hpp>           // buffer
#include <atlas/distance/matrix_view.hpp>  // matrix_view
#include <atlas/simd/kernel_table.hpp>     // kernels, panel_kernels

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

inline constexpr std::size_t most_panel_lanes = 64;

/// What a search must know of a row: its length, less the centre, and the length of what packing lost.
struct row_lengths {
  float row;
  float residual;
};

class row_panels {
 public:
  /// One panel, and one thread's memory for making it.
  struct panel_memory {
    buffer<std::byte> panel;
    buffer<float> centred;  ///< [lanes, dimension]
    row_lengths lengths[most_panel_lanes];
  };
  struct packed_panel {
    const std::byte* data;
    const row_lengths* lengths;
  };

  /// @param kernels  null: there are no such panels, and nothing else may be asked of them
  row_panels(const kernels_v1::panel_kernels* kernels, const matrix_view& rows) noexcept
      : kernels_(kernels), rows_(rows) {}

  [[nodiscard]] const kernels_v1::panel_kernels* kernels() const noexcept { return kernels_; }
  [[nodiscard]] std::size_t lanes() const noexcept { return kernels_->queries; }
  /// Rows of the panel that begins with row `first`.
  [[nodiscard]] std::size_t rows_from(std::size_t first) const noexcept {
    return rows_.rows - first < lanes() ? rows_.rows - first : lanes();
  }

  [[nodiscard]] status create(panel_memory& memory) const noexcept {
    if (status made = memory.panel.resize(panel_bytes()); !made.ok()) return made;
    return memory.centred.resize(lanes() * rows_.dimension);
  }

  /// Makes room for all panels, which pack then fills and panel gives.
  [[nodiscard]] status keep() noexcept {
    const std::size_t panels = (rows_.rows + lanes() - 1) / lanes();
    if (status made = kept_lengths_.resize(panels * lanes()); !made.ok()) return made;
    return kept_.resize(panels * panel_bytes());
  }
  void pack_kept(std::size_t first, const float* centre, panel_memory& memory) noexcept {
    pack(first, centre, kept_.data() + first / lanes() * panel_bytes(), kept_lengths_.data() + first,
         memory.centred.data());
  }

  /// The panel that begins with row `first`, a multiple of lanes(). Valid as long as `memory` is left alone.
  /// @param centre  [rows.dimension]: what is taken off each row before it is packed
  [[nodiscard]] packed_panel panel(std::size_t first, const float* centre, panel_memory& memory) const noexcept {
    if (!kept_.empty()) return {kept_.data() + first / lanes() * panel_bytes(), kept_lengths_.data() + first};
    pack(first, centre, memory.panel.data(), memory.lengths, memory.centred.data());
    return {memory.panel.data(), memory.lengths};
  }

 private:
  [[nodiscard]] std::size_t panel_bytes() const noexcept { return kernels_->panel_bytes(rows_.dimension); }

  void pack(std::size_t first, const float* centre, std::byte* panel, row_lengths* lengths,
            float* centred) const noexcept {
    const std::size_t count = rows_from(first);
    const std::size_t dimension = rows_.dimension;
    for (std::size_t i = 0; i < count; ++i) {
      const float* const row = rows_.row(first + i);
      for (std::size_t j = 0; j < dimension; ++j) centred[i * dimension + j] = row[j] - centre[j];
    }
    float residuals[most_panel_lanes];
    kernels_->pack(centred, dimension * sizeof(float), count, dimension, panel, residuals);
    for (std::size_t i = 0; i < count; ++i) {
      float squared = 0;
      atlas::kernels().dot[kernels_v1::f32_f32](centred + i * dimension, centred + i * dimension, 0, nullptr, 1,
                                                dimension, &squared);
      lengths[i] = {__builtin_sqrtf(squared), residuals[i]};
    }
  }

  const kernels_v1::panel_kernels* kernels_;
  const matrix_view rows_;
  buffer<std::byte> kept_;            ///< panels
  buffer<row_lengths> kept_lengths_;  ///< [rows]
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_ROW_PANELS_HPP
