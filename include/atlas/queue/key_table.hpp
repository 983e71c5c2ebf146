// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/key_table.hpp -- where the element of a key lies, for a bounded number of keys.
//
// Room:      key_table.
// Depends:   core/{bits,memory}.hpp.
// Threads:   one at a time.
#ifndef ATLAS_QUEUE_KEY_TABLE_HPP
#define ATLAS_QUEUE_KEY_TABLE_HPP

#include <atlas/core/bits.hpp>    // mix64, next_power_of_two
#include <atlas/core/memory.hpp>  // buffer

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Keys other than 0, each with a place. Open addressing with linear probing, at most half full; a key that goes pulls
/// the ones behind it up, so that no marks of what was there lengthen later searches.
/// Cost: constant time a call, 32 to 64 bytes a key, all of them taken by create(). Keys that a stranger chooses to
/// meet in few slots would have to be chosen for the table's address, which address space randomisation keeps from him.
class key_table {
 public:
  static constexpr std::size_t no_place = ~std::size_t{0};

  /// Finds nothing and takes nothing in.
  key_table() noexcept = default;
  /// @param most  keys at a time, less than 2^58
  static result<key_table> create(std::size_t most) noexcept {
    auto made = create_with(most, 0);
    if (made.ok()) made->secret_ = mix64(reinterpret_cast<std::uintptr_t>(made->entries_.data()));
    return made;
  }
  /// The same, with keys that begin at mix64(key ^ secret): for tests.
  static result<key_table> create_with(std::size_t most, std::uint64_t secret) noexcept {
    key_table made;
    const auto count = static_cast<std::size_t>(next_power_of_two(most * 2));
    if (const status zeroed = made.entries_.resize_zeroed(count); !zeroed.ok()) return zeroed.error();
    made.secret_ = secret;
    return made;
  }

  /// @return  no_place when there is no such key, as for 0
  [[nodiscard]] std::size_t find(std::uint64_t key) const noexcept {
    if (key == 0 || entries_.empty()) return no_place;
    const entry& found = entries_[slot_of(key)];
    return found.key == key ? found.place : no_place;
  }
  /// @pre the key is not 0 and not there, and fewer than the most are
  void insert(std::uint64_t key, std::size_t place) noexcept {
    entry& to = entries_[slot_of(key)];
    ATLAS_ASSERT(key != 0 && to.key == 0);
    to = {key, place};
  }
  /// Nothing happens if the key is not there.
  void erase(std::uint64_t key) noexcept {
    if (find(key) == no_place) return;
    std::size_t hole = slot_of(key);
    for (std::size_t at = next(hole); entries_[at].key != 0; at = next(at)) {
      // An entry may move up to the hole if that does not lie before the first slot where it is looked for.
      const std::size_t home = first_slot_of(entries_[at].key);
      if (((at - home) & mask()) < ((at - hole) & mask())) continue;
      entries_[hole] = entries_[at];
      hole = at;
    }
    entries_[hole] = {};
  }

 private:
  struct entry {
    std::uint64_t key = 0;  ///< 0: free
    std::size_t place = 0;
  };

  [[nodiscard]] std::size_t mask() const noexcept { return entries_.size() - 1; }
  [[nodiscard]] std::size_t next(std::size_t slot) const noexcept { return (slot + 1) & mask(); }
  [[nodiscard]] std::size_t first_slot_of(std::uint64_t key) const noexcept {
    return static_cast<std::size_t>(mix64(key ^ secret_)) & mask();
  }
  /// Of the key, or the free one where it belongs; half of all are free.
  [[nodiscard]] std::size_t slot_of(std::uint64_t key) const noexcept {
    std::size_t slot = first_slot_of(key);
    while (entries_[slot].key != 0 && entries_[slot].key != key) slot = next(slot);
    return slot;
  }

  buffer<entry> entries_;
  std::uint64_t secret_ = 0;
};

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUEUE_KEY_TABLE_HPP
