// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/ring_positions.hpp -- places in an endless row of elements that a ring of any capacity holds a
// part of.
//
// Room:      ring_positions.
// Depends:   core/{assert,bits}.hpp.
// Threads:   pure.
#ifndef ATLAS_QUEUE_RING_POSITIONS_HPP
#define ATLAS_QUEUE_RING_POSITIONS_HPP

#include <atlas/core/assert.hpp>  // ATLAS_ASSERT
#include <atlas/core/bits.hpp>    // next_power_of_two

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// A position is ((laps done * stride) + slot) * 2, modulo 2^64, where the stride is the power of two from the capacity
/// on: so it runs over its end without a seam for every capacity, and its successor needs no division. Bit 0 is free
/// for a mark.
struct ring_positions {
  /// @param elements  of the ring, at least 1
  explicit constexpr ring_positions(std::size_t elements) noexcept
      : capacity(elements), lap(next_power_of_two(elements) * 2) {}

  [[nodiscard]] constexpr std::size_t slot(std::uint64_t position) const noexcept {
    return static_cast<std::size_t>((position & (lap - 1)) / 2);
  }
  [[nodiscard]] constexpr std::uint64_t after(std::uint64_t position) const noexcept {
    return slot(position) + 1 < capacity ? position + 2 : position - slot(position) * 2 + lap;
  }
  /// Elements from one position to one that lies at or behind it.
  [[nodiscard]] constexpr std::uint64_t distance(std::uint64_t from, std::uint64_t to) const noexcept {
    const std::uint64_t laps = ((to - slot(to) * 2) - (from - slot(from) * 2)) / lap;
    return laps * capacity + slot(to) - slot(from);
  }
  /// The position that lies `elements` before another, at most the capacity.
  [[nodiscard]] constexpr std::uint64_t before(std::uint64_t position, std::size_t elements) const noexcept {
    ATLAS_ASSERT(elements <= capacity);
    const std::size_t at = slot(position);
    return elements <= at ? position - elements * 2 : position - lap + (capacity - elements) * 2;
  }

  std::size_t capacity;
  std::uint64_t lap;  ///< what one lap adds to a position
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUEUE_RING_POSITIONS_HPP
