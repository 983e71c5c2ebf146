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

/// Rows that one row's blocks are made of. Each has a place: its own number, or, where vectors are left in their file, that
/// of its copy in the scratch.
struct near_rows {
  const std::byte* vectors = nullptr;   ///< of place 0
  const std::uint32_t* rows = nullptr;  ///< of each place; null: the same

  [[nodiscard]] std::uint32_t row(std::uint32_t place) const noexcept { return rows == nullptr ? place : rows[place]; }
};

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
    near_rows near;
    std::uint32_t place = row;  // of the row
    if (status found = find_near(place, scratch, most, near); !found.ok()) return found;
    if (status chosen = fill(place, scratch, most, near); !chosen.ok()) return chosen;
    const std::size_t padded = layout.bits.dimension;
    if (status made = scratch.rotated.resize(2 * round_up(padded, 16)); !made.ok()) return made;
    float* const node = scratch.rotated.data();
    float* const neighbour = node + round_up(padded, 16);
    rotate(near, place, scratch, node);
    const metric which = parts_.rows.layout().metric;
    for (std::uint32_t block = 0; block < layout.blocks; ++block, out += layout.block_bytes()) {
      std::memset(out, 0xFF, neighbour_rows::numbers_bytes);
      std::byte* const bits = out + neighbour_rows::numbers_bytes;
      clear_neighbours(layout.bits, bits);
      for (std::size_t lane = 0; lane < neighbours_of_block; ++lane) {
        const std::size_t at = block * neighbours_of_block + lane;
        if (at >= scratch.chosen.size()) break;
        const std::uint32_t other = scratch.chosen.data()[at].row;
        store_unaligned(out + lane * sizeof(std::uint32_t), order_.number(near.row(other)));
        rotate(near, other, scratch, neighbour);
        set_neighbour(layout.bits, which, node, neighbour, rotated_centre_, lane, bits);
      }
    }
    return {};
  }

 private:
  static constexpr std::size_t most_candidates = 96;  ///< of neighbours' neighbours that are measured exactly

  void rotate(const near_rows& near, std::uint32_t place, search_scratch& scratch, float* out) const noexcept {
    const row_layout& layout = parts_.rows.layout();
    layout.read_unit(layout.row(near.vectors, place), scratch.query.data());
    shape_.rotated_by().apply(scratch.query.data(), 1.0F, centre_, out);
  }
  [[nodiscard]] bool may_lead_to(std::uint32_t row) const noexcept { return order_.number(row) != row_order::no_row; }

  /// The places of the row's neighbours into scratch.chosen, and of what may come beside them into scratch.pruned.
  /// @param place  the row; becomes its place
  [[nodiscard]] status find_near(std::uint32_t& place, search_scratch& scratch, std::size_t most, near_rows& near) const noexcept {
    const std::uint32_t row = place;
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
    for (std::size_t i = 0; i < linked && chosen.size() < most; ++i) {
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
    if (const status& walked = walk.outcome(); !walked.ok()) return walked;
    auto& left = scratch.pruned;
    left.clear();
    if (status made = left.append(scratch.pool.data(), scratch.pool.size()); !made.ok()) return made;
    if (!parts_.rows.cold_vectors().are_there()) {
      near = {parts_.rows.vectors(), nullptr};
      return {};
    }
    return copy_near(place, scratch, near);
  }
  /// Reads the row and those of scratch.chosen and scratch.pruned into the scratch, and names them by their places there.
  [[nodiscard]] status copy_near(std::uint32_t& place, search_scratch& scratch, near_rows& near) const noexcept {
    auto& rows = scratch.second_ids;
    rows.clear();
    if (status made = rows.reserve(1 + scratch.chosen.size() + scratch.pruned.size()); !made.ok()) return made;
    const auto take = [&](std::uint32_t& row) noexcept {
      (void)rows.push_back(row);
      row = static_cast<std::uint32_t>(rows.size() - 1);
    };
    take(place);
    for (candidate& one : scratch.chosen) take(one.row);
    for (candidate& one : scratch.pruned) take(one.row);
    const cold_rows& cold = parts_.rows.cold_vectors();
    if (status made = scratch.vectors.resize(rows.size() * cold.row_bytes()); !made.ok()) return made;
    near = {scratch.vectors.data(), rows.data()};
    return cold.read(rows.data(), rows.size(), scratch.vectors.data());
  }
  /// Fills scratch.chosen from scratch.pruned.
  [[nodiscard]] status fill(std::uint32_t place, search_scratch& scratch, std::size_t most, const near_rows& near) const noexcept {
    auto& chosen = scratch.chosen;
    auto& left = scratch.pruned;
    const std::size_t count = left.size();
    std::uint32_t places[most_candidates];
    float distances[most_candidates];
    for (std::size_t i = 0; i < count; ++i) places[i] = left[i].row;
    parts_.rows.layout().between(near.vectors, place, places, count, distances);
    const auto comes_before = [&](candidate one, candidate other) noexcept {
      return one.distance < other.distance || (one.distance == other.distance && near.row(one.row) < near.row(other.row));
    };
    for (std::size_t i = 0; i < count; ++i) {
      const candidate one{distances[i], places[i]};
      std::size_t at = i;
      for (; at > 0 && comes_before(one, left[at - 1]); --at) left[at] = left[at - 1];
      left[at] = one;
    }
    constexpr float factors[] = {1.2F, 1.5F, 2.0F};
    for (const float factor : factors) {
      std::size_t kept = 0;
      for (std::size_t i = 0; i < left.size(); ++i) {
        if (chosen.size() < most && !is_covered(near, left[i], chosen, factor)) {
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
  [[nodiscard]] bool is_covered(const near_rows& near, candidate one, const buffer<candidate>& kept, float factor) const noexcept {
    constexpr std::size_t group = 4;
    for (std::size_t first = 0; first < kept.size(); first += group) {
      std::uint32_t places[group];
      float distances[group];
      const std::size_t size = kept.size() - first < group ? kept.size() - first : group;
      for (std::size_t i = 0; i < size; ++i) places[i] = kept.data()[first + i].row;
      parts_.rows.layout().between(near.vectors, one.row, places, size, distances);
      for (std::size_t i = 0; i < size; ++i) {
        if (times_as_far(distances[i], factor) < one.distance) return true;
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
