// SPDX-License-Identifier: Apache-2.0
// include/atlas/folder/path_map.hpp -- which file has this path.
//
// Room:      path_map, an open-addressing table of file numbers, in memory only.
// Depends:   core.
// Threads:   one thread at a time.
#ifndef ATLAS_FOLDER_PATH_MAP_HPP
#define ATLAS_FOLDER_PATH_MAP_HPP

#include <atlas/core/bits.hpp>       // next_power_of_two
#include <atlas/core/hash.hpp>       // xxh3_64
#include <atlas/core/memory.hpp>     // buffer
#include <atlas/core/text_view.hpp>  // text_view

namespace atlas { inline namespace ATLAS_ABI {

/// Holds numbers only; path_of(number) -> text_view says what they stand for. Removing is putting another file
/// of the same path in, or none at all: the caller knows which files are live.
class path_map {
 public:
  static constexpr std::uint32_t none = 0xFFFFFFFFU;

  /// The last number put in for this path, or none.
  template <class PathOf>
  [[nodiscard]] std::uint32_t find(text_view path, PathOf path_of) const noexcept {
    if (slots_.empty()) return none;
    return slots_[place_of(path, path_of)];
  }
  /// @return errc::no_memory
  template <class PathOf>
  [[nodiscard]] status put(std::uint32_t number, PathOf path_of) noexcept {
    if ((count_ + 1) * 2 > slots_.size()) {
      if (status grown = grow(path_of); !grown.ok()) return grown;
    }
    std::uint32_t& slot = slots_[place_of(path_of(number), path_of)];
    if (slot == none) ++count_;
    slot = number;
    return {};
  }

 private:
  template <class PathOf>
  [[nodiscard]] std::size_t place_of(text_view path, PathOf path_of) const noexcept {
    const std::size_t mask = slots_.size() - 1;
    std::size_t place = static_cast<std::size_t>(xxh3_64(path.data(), path.size())) & mask;
    while (slots_[place] != none && !(path_of(slots_[place]) == path)) place = (place + 1) & mask;
    return place;
  }
  template <class PathOf>
  [[nodiscard]] status grow(PathOf path_of) noexcept {
    path_map larger;
    const std::size_t slots = slots_.size() < 64 ? 64 : slots_.size() * 2;
    if (status made = larger.slots_.resize(slots); !made.ok()) return made;
    for (std::uint32_t& slot : larger.slots_) slot = none;
    for (const std::uint32_t number : slots_) {
      if (number != none) larger.slots_[larger.place_of(path_of(number), path_of)] = number;
    }
    larger.count_ = count_;
    *this = static_cast<path_map&&>(larger);
    return {};
  }

  buffer<std::uint32_t> slots_;
  std::size_t count_ = 0;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_FOLDER_PATH_MAP_HPP
