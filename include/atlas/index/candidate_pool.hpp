// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/candidate_pool.hpp -- the nearest rows seen so far, and which of them to look at next.
//
// Room:      candidate, and the sorted array of the best `width` of them.
// Not here:  heaps for walks without a fixed width (index/candidate_heap.hpp).
// Depends:   core/memory.hpp.
#ifndef ATLAS_INDEX_CANDIDATE_POOL_HPP
#define ATLAS_INDEX_CANDIDATE_POOL_HPP

#include <atlas/core/memory.hpp>  // buffer

namespace atlas { inline namespace ATLAS_ABI {

/// A row and its distance. Answers are ordered by distance, then by row, whatever the order of arrival.
struct candidate {
  float distance = 0.0F;
  std::uint32_t row = 0;
  friend constexpr bool operator<(const candidate& left, const candidate& right) noexcept {
    return left.distance < right.distance || (left.distance == right.distance && left.row < right.row);
  }
};

/// The order in which a graph is built and walked: of equally distant rows the newer first. Were it the older, every
/// one of many equal rows would link to the same few, and a walk would end among them; the newest lead on to the others.
[[nodiscard]] constexpr bool is_walked_before(const candidate& left, const candidate& right) noexcept {
  return left.distance < right.distance || (left.distance == right.distance && left.row > right.row);
}

/// The same order as a number. @pre the distance is not NaN
[[nodiscard]] constexpr std::uint64_t walk_order(const candidate& one) noexcept {
  const auto bits = __builtin_bit_cast(std::uint32_t, one.distance + 0.0F);  // which makes -0 a 0
  const std::uint32_t sign_filled = bits >> 31 != 0 ? ~std::uint32_t{0} : 0x80000000U;
  return std::uint64_t{bits ^ sign_filled} << 32 | static_cast<std::uint32_t>(~one.row);
}

/// The `width` nearest candidates in one sorted array. For widths up to a few hundred it beats two binary
/// heaps, because an insertion moves a few cache lines and the next candidate is found by looking on from a
/// cursor (the linear pool of NSG and of pyglass, neighbor.hpp).
class candidate_pool {
 public:
  /// Empties the pool. Allocates only when the width grows.
  [[nodiscard]] status start(std::size_t width) noexcept {
    if (status made = items_.resize(width + 1); !made.ok()) return made;
    if (status made = expanded_.resize(width + 1); !made.ok()) return made;
    width_ = width;
    size_ = next_ = 0;
    return {};
  }
  /// Keeps a candidate if it is among the nearest `width`. NaN is never kept.
  void insert(candidate one) noexcept {
    candidate* items = items_.data();
    if (size_ == width_) {
      if (!is_walked_before(one, items[size_ - 1])) return;
    } else if (!(one.distance == one.distance)) {
      return;
    }
    // Where it goes is as good as random: compared as whole numbers, and halved without a branch.
    const std::uint64_t order = walk_order(one);
    std::size_t low = 0;
    for (std::size_t left = size_; left != 0;) {
      const std::size_t half = (left + 1) / 2;
      low += walk_order(items[low + half - 1]) < order ? half : 0;
      left -= half;
    }
    const std::size_t behind = (size_ < width_ ? size_ : width_ - 1) - low;
    std::memmove(static_cast<void*>(items + low + 1), items + low, behind * sizeof(candidate));
    std::memmove(expanded_.data() + low + 1, expanded_.data() + low, behind);
    items[low] = one;
    expanded_.data()[low] = 0;
    if (size_ < width_) ++size_;
    if (low < next_) next_ = low;
  }
  /// The nearest candidate not taken yet, or false.
  [[nodiscard]] bool take(candidate& out) noexcept {
    while (next_ < size_ && expanded_.data()[next_] != 0) ++next_;
    if (next_ == size_) return false;
    expanded_.data()[next_] = 1;
    out = items_.data()[next_++];
    return true;
  }
  /// The row that take() would give now if nothing is inserted before, for prefetching; or `otherwise`.
  [[nodiscard]] std::uint32_t peek(std::uint32_t otherwise) const noexcept {
    std::size_t at = next_;
    while (at < size_ && expanded_.data()[at] != 0) ++at;
    return at < size_ ? items_.data()[at].row : otherwise;
  }
  /// A candidate farther than this is not kept: the farthest when full, else infinity.
  [[nodiscard]] float bound() const noexcept { return size_ == width_ ? items_.data()[size_ - 1].distance : __builtin_inff(); }
  /// The distance of the candidate at a place, or infinity where there is none.
  [[nodiscard]] float distance_at(std::size_t place) const noexcept {
    return place < size_ ? items_.data()[place].distance : __builtin_inff();
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] const candidate* data() const noexcept { return items_.data(); }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return items_.capacity() * sizeof(candidate) + expanded_.capacity(); }

 private:
  buffer<candidate> items_;         // [width + 1], the last for the one that falls out
  buffer<std::uint8_t> expanded_;
  std::size_t width_ = 0;
  std::size_t size_ = 0;
  std::size_t next_ = 0;            // no candidate before this one is left to take
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_CANDIDATE_POOL_HPP
