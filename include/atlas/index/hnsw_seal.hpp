// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/hnsw_seal.hpp -- from a graph that changes to blocks of neighbours that do not.
//
// Room:      which neighbours a row's blocks hold, and their bits.
// Not here:  the blocks' layout (index/neighbour_store.hpp), the file (index/hnsw_engine.hpp).
// Depends:   index/{hnsw_search,neighbour_store,row_order}.hpp.
// Threads:   const over the index; one scratch a row.
#ifndef ATLAS_INDEX_HNSW_SEAL_HPP
#define ATLAS_INDEX_HNSW_SEAL_HPP

#include <atlas/index/hnsw_search.hpp>      // hnsw_walk, hnsw_parts
#include <atlas/index/neighbour_store.hpp>  // neighbour_store
#include <atlas/index/row_order.hpp>        // row_order

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Writes one row's blocks. A block costs the same whether it is full or not, so what a row's links leave free is filled with
/// the nearest of its neighbours' neighbours: first such that none kept is nearer by a factor, which falls step by step,
/// then the nearest. Measured on words-ft100: recall 0.95 at width 96 in place of 113.
class sealing {
 public:
  /// @param centre  shape [dimension]: what blocks are relative to
  sealing(const hnsw_parts& parts, const neighbour_store& shape, const row_order& order, const float* centre,
          const float* rotated_centre) noexcept
      : parts_(parts), shape_(shape), order_(order), centre_(centre), rotated_centre_(rotated_centre) {}

  /// @param out  shape_.layout().stride_bytes() bytes, 64-byte aligned
  [[nodiscard]] status write(std::uint32_t row, search_scratch& scratch, std::byte* out) const noexcept {
    const neighbour_rows& layout = shape_.layout();
    const std::size_t most = layout.blocks * neighbours_of_block;
    if (status chosen = choose(row, scratch, most); !chosen.ok()) return chosen;
    const std::size_t padded = layout.bits.dimension;
    if (status made = scratch.rotated.resize(2 * round_up(padded, 16)); !made.ok()) return made;
    float* const node = scratch.rotated.data();
    float* const neighbour = node + round_up(padded, 16);
    rotate(row, scratch, node);
    const metric which = parts_.rows.layout().metric;
    for (std::uint32_t block = 0; block < layout.blocks; ++block, out += layout.block_bytes()) {
      std::memset(out, 0xFF, neighbour_rows::numbers_bytes);
      std::byte* const bits = out + neighbour_rows::numbers_bytes;
      clear_neighbours(layout.bits, bits);
      for (std::size_t lane = 0; lane < neighbours_of_block; ++lane) {
        const std::size_t place = block * neighbours_of_block + lane;
        if (place >= scratch.chosen.size()) break;
        const std::uint32_t id = scratch.chosen.data()[place].row;
        store_unaligned(out + lane * sizeof(std::uint32_t), order_.number(id));
        rotate(id, scratch, neighbour);
        set_neighbour(layout.bits, which, node, neighbour, rotated_centre_, lane, bits);
      }
    }
    return {};
  }

 private:
  static constexpr std::size_t most_candidates = 96;  ///< of neighbours' neighbours that are measured exactly

  void rotate(std::uint32_t row, search_scratch& scratch, float* out) const noexcept {
    parts_.rows.read_unit(row, scratch.query.data());
    shape_.rotated_by().apply(scratch.query.data(), 1.0F, centre_, out);
  }
  [[nodiscard]] bool may_lead_to(std::uint32_t row) const noexcept { return order_.number(row) != row_order::no_row; }

  /// The row's neighbours into scratch.chosen.
  [[nodiscard]] status choose(std::uint32_t row, search_scratch& scratch, std::size_t most) const noexcept {
    auto& chosen = scratch.chosen;
    chosen.clear();
    if (status made = chosen.reserve(most); !made.ok()) return made;
    if (status taken = scratch.take_row(parts_.rows, row); !taken.ok()) return taken;
    hnsw_walk walk(parts_, scratch);
    if (status ready = walk.start(); !ready.ok()) return ready;
    if (status made = scratch.pool.start(most_candidates); !made.ok()) return made;
    (void)scratch.visited.insert(row);
    const std::size_t linked = parts_.graph.links(row, 0).read(walk.row_count(), scratch.second_ids.data());
    for (std::size_t i = 0; i < linked && chosen.size() < most; ++i) {
      const std::uint32_t id = scratch.second_ids.data()[i];
      if (!scratch.visited.insert(id) || !may_lead_to(id)) continue;
      (void)chosen.push_back({0.0F, id});
    }
    if (chosen.size() == most) return {};
    for (std::size_t i = 0; i < linked; ++i) {
      std::uint32_t* ids = scratch.ids.data();
      const std::size_t further = parts_.graph.links(scratch.second_ids.data()[i], 0).read(walk.row_count(), ids);
      std::size_t count = 0;
      for (std::size_t j = 0; j < further; ++j) {
        const std::uint32_t id = ids[j];
        if (scratch.visited.insert(id) && may_lead_to(id)) ids[count++] = id;
      }
      walk.score(ids, count, scratch.distances.data());
      for (std::size_t j = 0; j < count; ++j) scratch.pool.insert({scratch.distances.data()[j], ids[j]});
    }
    return fill(row, scratch, most);
  }
  /// Fills scratch.chosen from scratch.pool.
  [[nodiscard]] status fill(std::uint32_t row, search_scratch& scratch, std::size_t most) const noexcept {
    auto& chosen = scratch.chosen;
    auto& left = scratch.pruned;
    const std::size_t count = scratch.pool.size();
    if (status made = left.resize(count); !made.ok()) return made;
    std::uint32_t ids[most_candidates];
    float distances[most_candidates];
    for (std::size_t i = 0; i < count; ++i) ids[i] = scratch.pool.data()[i].row;
    parts_.rows.distances_from(row, ids, count, distances);
    for (std::size_t i = 0; i < count; ++i) {
      const candidate one{distances[i], ids[i]};
      std::size_t at = i;
      for (; at > 0 && one < left[at - 1]; --at) left[at] = left[at - 1];
      left[at] = one;
    }
    constexpr float factors[] = {1.2F, 1.5F, 2.0F};
    for (const float factor : factors) {
      std::size_t kept = 0;
      for (std::size_t i = 0; i < left.size(); ++i) {
        if (chosen.size() < most && !is_covered(left[i], chosen, factor)) {
          (void)chosen.push_back(left[i]);
        } else {
          left[kept++] = left[i];
        }
      }
      (void)left.resize(kept);
    }
    for (std::size_t i = 0; i < left.size() && chosen.size() < most; ++i) (void)chosen.push_back(left[i]);
    return {};
  }
  [[nodiscard]] bool is_covered(candidate one, const buffer<candidate>& kept, float factor) const noexcept {
    constexpr std::size_t group = 4;
    for (std::size_t first = 0; first < kept.size(); first += group) {
      std::uint32_t ids[group];
      float distances[group];
      const std::size_t size = kept.size() - first < group ? kept.size() - first : group;
      for (std::size_t i = 0; i < size; ++i) ids[i] = kept.data()[first + i].row;
      parts_.rows.distances_from(one.row, ids, size, distances);
      for (std::size_t i = 0; i < size; ++i) {
        if (distances[i] * factor < one.distance) return true;
      }
    }
    return false;
  }

  const hnsw_parts& parts_;
  const neighbour_store& shape_;
  const row_order& order_;
  const float* centre_;
  const float* rotated_centre_;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_HNSW_SEAL_HPP
