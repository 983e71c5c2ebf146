// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/allowed_rows.hpp -- the rows that a bitmap of few keys allows.
//
// Room:      how many keys a bitmap allows, and the rows under them.
// Not here:  which way of searching among them is shortest (index/hnsw_filter.hpp, index/ivf_filter.hpp).
// Depends:   index/{filter,row_store}.hpp.
// Threads:   beside any change.
#ifndef ATLAS_INDEX_ALLOWED_ROWS_HPP
#define ATLAS_INDEX_ALLOWED_ROWS_HPP

#include <atlas/core/memory.hpp>      // buffer
#include <atlas/index/filter.hpp>     // filter
#include <atlas/index/row_store.hpp>  // row_store

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// What a filter lets through, as far as it is worth knowing.
struct allowed_estimate {
  double share = 1.0;  ///< of live rows, from a sample; never 0
  /// Set bits of a bitmap with few of them, each of which may be a row's key; else `uncounted`.
  std::size_t bits = uncounted;
  static constexpr std::size_t uncounted = ~std::size_t{0};
};

/// Set bits of a filter's bitmap, or `uncounted` above `most`.
[[nodiscard]] inline std::size_t count_bits(const filter& allowed, std::size_t most) noexcept {
  std::size_t bits = 0;
  for (std::size_t word = 0; word < allowed.bitmap_bits / 64 && bits <= most; ++word) {
    if (allowed.bitmap[word] != 0) bits += static_cast<std::size_t>(__builtin_popcountll(allowed.bitmap[word]));
  }
  if (const std::size_t rest = allowed.bitmap_bits % 64; rest != 0) {
    bits += static_cast<std::size_t>(__builtin_popcountll(allowed.bitmap[allowed.bitmap_bits / 64] << (64 - rest)));
  }
  return bits <= most ? bits : allowed_estimate::uncounted;
}

/// The rows under the keys of a bitmap into `named`, live or not.
/// @param bits  set bits, as counted: no more rows than that
/// @param is_whole  false if a change held the key map; then some may be missing
[[nodiscard]] inline status look_up_rows(const row_store& rows, const filter& allowed, std::size_t bits, buffer<std::uint32_t>& named,
                                         bool& is_whole) noexcept {
  named.clear();
  if (status made = named.reserve(bits); !made.ok()) return made;
  constexpr std::size_t words_at_once = 64;  // a change waits for no more than their keys
  const std::size_t words = allowed.bitmap_bits / 64 + (allowed.bitmap_bits % 64 != 0 ? 1U : 0U);
  is_whole = true;
  for (std::size_t first = 0; first < words && is_whole; first += words_at_once) {
    is_whole = rows.look_up([&](auto row_of) noexcept {
      for (std::size_t word = first; word < words && word < first + words_at_once; ++word) {
        for (std::uint64_t left = allowed.bitmap[word]; left != 0; left &= left - 1) {
          const std::uint64_t key = word * 64 + static_cast<std::uint64_t>(__builtin_ctzll(left));
          if (key >= allowed.bitmap_bits || named.size() == bits) return;
          if (const std::uint32_t row = row_of(key); row != row_store::no_row) (void)named.push_back(row);  // there is room
        }
      }
    });
  }
  return {};
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_ALLOWED_ROWS_HPP
