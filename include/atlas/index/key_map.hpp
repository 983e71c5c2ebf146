// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/key_map.hpp -- from a caller's key to its row, in memory or in a mapped file.
//
// Room:      an open-addressing table of row numbers, probed linearly; the keys stay in the key column.
// Not here:  locks: the row store holds one around every call.
// Depends:   core only.
// Threads:   const calls may run beside each other, never beside a change, but for slot_count().
#ifndef ATLAS_INDEX_KEY_MAP_HPP
#define ATLAS_INDEX_KEY_MAP_HPP

#include <atlas/core/atomic.hpp>        // load_relaxed, store_relaxed
#include <atlas/core/bits.hpp>          // mix64, next_power_of_two
#include <atlas/core/function_ref.hpp>  // function_ref
#include <atlas/core/memory.hpp>        // buffer

namespace atlas { inline namespace ATLAS_ABI {

/// Slots hold a row number, `empty` or `erased`. The table is a power of two of slots; the home slot of a
/// key is mix64(key) modulo that. A slot of a hostile file may hold anything: a row is believed only if it
/// is below `row_count` and its key in the key column is the one looked for.
class key_map {
 public:
  static constexpr std::uint32_t empty = 0xFFFFFFFFU;
  static constexpr std::uint32_t erased = 0xFFFFFFFEU;
  static constexpr std::uint32_t no_row = empty;

  key_map() noexcept = default;

  /// A map over slots in a mapped file, copied when it is first changed.
  /// @pre `slots` is readable for `slot_count` words, slot_count is 0 or a power of two
  key_map(const std::uint32_t* slots, std::size_t slot_count) noexcept : mapped_(slots), slot_count_(slot_count) {}

  /// Slots of a map made for `rows` rows.
  [[nodiscard]] static std::size_t slots_for(std::size_t rows) noexcept {
    return static_cast<std::size_t>(next_power_of_two(rows + rows / 2 + 8));
  }
  /// The row of a key, or no_row.
  /// @param keys       the key column, shape [row_count]
  /// Cost: O(1) expected, at most one pass over the slots whatever they hold.
  [[nodiscard]] std::uint32_t find(std::uint64_t key, const std::uint64_t* keys, std::uint32_t row_count) const noexcept {
    return row_in(slots(), slot_count_, key, keys, row_count);
  }

  /// Room for `rows` rows in all, so that as many `insert` cannot fail. On errc::no_memory nothing changed.
  /// @param row_count  rows in the key column, all of which may be in the map
  /// @param keeps      whether a row that a file's map names belongs there: asked when the map is copied. What does not is
  ///                   left out, or it would take a place that `rows` does not count, and stand for a key that is free
  [[nodiscard]] status reserve(std::size_t rows, const std::uint64_t* keys, std::uint32_t row_count,
                               function_ref<bool(std::uint32_t row)> keeps = {}) noexcept {
    // Two thirds full when made and three quarters at most, erased slots included, so that probes stay short.
    const std::size_t wanted_slots = slots_for(rows);
    if (owned_.size() != 0 && used_ + (rows > live_ ? rows - live_ : 0) <= owned_.size() / 4 * 3) return {};
    buffer<std::uint32_t> grown;
    if (status made = grown.resize(wanted_slots > slot_count_ ? wanted_slots : slot_count_); !made.ok()) return made;
    for (std::uint32_t& slot : grown) slot = empty;
    const std::uint32_t* before = slots();
    std::size_t moved = 0;
    for (std::size_t slot = 0; slot < slot_count_; ++slot) {
      const std::uint32_t row = before[slot];
      if (row >= row_count) continue;  // empty, erased, or a hostile file's number
      // A hostile file may hold one row, or rows of one key, many times: placed one behind the other they would take
      // the square of their number in steps, and more room than `rows` of them were given.
      if (keeps && !keeps(row)) continue;
      if (row_in(grown.data(), grown.size(), keys[row], keys, row_count) != no_row) continue;
      place(grown, keys[row], row);
      ++moved;
    }
    owned_ = static_cast<buffer<std::uint32_t>&&>(grown);
    mapped_ = nullptr;
    store_relaxed(&slot_count_, owned_.size());
    live_ = used_ = moved;
    return {};
  }

  /// Adds a key that is not in the map. @pre reserve() made room
  void insert(std::uint64_t key, std::uint32_t row) noexcept {
    ATLAS_ASSERT(used_ < owned_.size());
    if (place(owned_, key, row)) ++used_;
    ++live_;
  }
  /// Lets a key that is in the map name another row. @pre reserve() was called, so that the slots are owned
  void replace(std::uint64_t key, std::uint32_t old_row, std::uint32_t row) noexcept { owned_[slot_of(key, old_row)] = row; }
  /// Takes out a key that is in the map. @pre as for replace
  void erase(std::uint64_t key, std::uint32_t row) noexcept {
    owned_[slot_of(key, row)] = erased;
    --live_;
  }

  [[nodiscard]] const std::uint32_t* slots() const noexcept { return mapped_ != nullptr ? mapped_ : owned_.data(); }
  [[nodiscard]] std::size_t slot_count() const noexcept { return load_relaxed(&slot_count_); }

 private:
  [[nodiscard]] static std::uint32_t row_in(const std::uint32_t* table, std::size_t slot_count, std::uint64_t key,
                                            const std::uint64_t* keys, std::uint32_t row_count) noexcept {
    const std::size_t mask = slot_count - 1;
    std::size_t slot = static_cast<std::size_t>(mix64(key)) & mask;
    for (std::size_t probes = 0; probes < slot_count; ++probes, slot = (slot + 1) & mask) {
      const std::uint32_t row = table[slot];
      if (row == empty) return no_row;
      if (row < row_count && keys[row] == key) return row;
    }
    return no_row;
  }
  /// True if an empty slot was taken, false if an erased one.
  static bool place(buffer<std::uint32_t>& table, std::uint64_t key, std::uint32_t row) noexcept {
    const std::size_t mask = table.size() - 1;
    std::size_t slot = static_cast<std::size_t>(mix64(key)) & mask;
    while (table[slot] < erased) slot = (slot + 1) & mask;
    const bool was_empty = table[slot] == empty;
    table[slot] = row;
    return was_empty;
  }
  [[nodiscard]] std::size_t slot_of(std::uint64_t key, std::uint32_t row) const noexcept {
    const std::size_t mask = owned_.size() - 1;
    std::size_t slot = static_cast<std::size_t>(mix64(key)) & mask;
    while (owned_[slot] != row) slot = (slot + 1) & mask;
    return slot;
  }

  buffer<std::uint32_t> owned_;
  const std::uint32_t* mapped_ = nullptr;
  std::size_t slot_count_ = 0;
  std::size_t live_ = 0;  ///< keys in owned slots
  std::size_t used_ = 0;  ///< owned slots that are not empty
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_KEY_MAP_HPP
