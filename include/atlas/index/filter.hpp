// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/filter.hpp -- which keys a search may return.
//
// Room:      the allow-list of a search: a bitmap over keys, a predicate, or both.
// Depends:   core only.
#ifndef ATLAS_INDEX_FILTER_HPP
#define ATLAS_INDEX_FILTER_HPP

#include <atlas/core/function_ref.hpp>  // function_ref

namespace atlas { inline namespace ATLAS_ABI {

/// Keys that a search may return. Empty allows all; with both parts set a key must pass both.
/// Borrowed for the call. A batch on several threads calls the predicate from each of them; it must
/// neither throw nor call the index.
struct filter {
  const std::uint64_t* bitmap = nullptr;  ///< bit `key % 64` of word `key / 64` set: the key is allowed
  std::size_t bitmap_bits = 0;            ///< bits that may be read; keys >= bitmap_bits are not allowed
  function_ref<bool(std::uint64_t key)> predicate = {};  ///< true: the key is allowed

  [[nodiscard]] bool is_empty() const noexcept { return bitmap == nullptr && !predicate; }
  [[nodiscard]] bool allows(std::uint64_t key) const {
    if (bitmap != nullptr && (key >= bitmap_bits || ((bitmap[key / 64] >> (key % 64)) & 1U) == 0)) return false;
    return !predicate || predicate(key);
  }
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_FILTER_HPP
