// SPDX-License-Identifier: Apache-2.0
// include/atlas/chunk/gear_hash.hpp -- a hash of the last 32 bytes at every place of a text.
//
// Room:      gear_hash: its table, its value at a place, the first place where it is small.
// Not here:  what small means and where chunks end (chunk/content_defined_chunker.hpp).
// Depends:   core only.
// Threads:   a plain value of 1 KiB; const functions are pure.
//
// The hash, exactly: the value at a place is the sum of table[b] << i, modulo 2^32, over the 32 bytes before it, where b is the one that
// has i others between itself and the place; table[b] is the upper half of XXH3-64 of the byte b alone under the seed.
// Source: Xia et al., "Ddelta: a deduplication-inspired fast delta compression approach", Performance Evaluation 79, 2014 (the gear
// hash); it is compared with a threshold rather than under a mask, so that a mean distance need not be a power of two.
#ifndef ATLAS_CHUNK_GEAR_HASH_HPP
#define ATLAS_CHUNK_GEAR_HASH_HPP

#include <atlas/core/hash.hpp>       // xxh3_64
#include <atlas/core/text_view.hpp>  // text_view

namespace atlas { inline namespace ATLAS_ABI {

class gear_hash {
 public:
  static constexpr std::size_t window_bytes = 32;

  explicit gear_hash(std::uint64_t seed) noexcept {
    for (std::size_t i = 0; i < 256; ++i) {
      const auto byte = static_cast<unsigned char>(i);
      table_[i] = static_cast<std::uint32_t>(xxh3_64(&byte, 1, seed) >> 32);
    }
  }

  /// @pre window_bytes <= at <= text.size()
  [[nodiscard]] std::uint32_t value(text_view text, std::size_t at) const noexcept { return before(bytes_of(text) + at); }

  /// The first place in [first, last) where the hash is below `threshold`; `last` if there is none.
  /// @pre   window_bytes <= first <= last <= text.size()
  /// Cost:  linear; reads no more than 2 KiB behind the answer. Chunks of 8 KiB found by it in 10 MB of English on one core of a Xeon
  ///        (Sapphire Rapids), g++ 12 and clang 14, -O3 without -m flags: 2.8 to 3.0 GB/s. Slower there: one place after the other 1.9, the
  ///        same with two bytes a step 2.1, two places instead of four 2.2 to 2.8, four by the least of their values 1.6 to 2.6, and 16 or
  ///        8 places in a vector with gathers from the table 2.3 (of chunks of 1 KiB 0.9, where this gives 1.9).
  [[nodiscard]] std::size_t first_below(text_view text, std::size_t first, std::size_t last, std::uint32_t threshold) const noexcept {
    ATLAS_ASSERT(window_bytes <= first && first <= last && last <= text.size());
    const unsigned char* const bytes = bytes_of(text);
    // Each value waits for the one before it. Four places a quarter of a block apart do not wait for each other, which makes up for the
    // windows that are read once more at their beginnings.
    std::size_t at = first;
    while (last - at >= least_block) {
      const std::size_t quarter = (last - at < most_block ? last - at : most_block) / 4;
      const std::size_t found = first_in_block(bytes + at, quarter, threshold);
      if (found != 4 * quarter) return at + found;
      at += 4 * quarter;
    }
    return at + first_in_run(bytes + at, 0, last - at, threshold, before(bytes + at));
  }

 private:
  static constexpr std::size_t least_block = 256;
  static constexpr std::size_t most_block = 2048;

  [[nodiscard]] static const unsigned char* bytes_of(text_view text) noexcept { return reinterpret_cast<const unsigned char*>(text.data()); }
  [[nodiscard]] std::uint32_t before(const unsigned char* place) const noexcept {
    std::uint32_t hash = 0;
    for (const unsigned char* byte = place - window_bytes; byte != place; ++byte) hash = hash * 2 + table_[*byte];
    return hash;
  }
  /// @param hash  the value at `first`
  [[nodiscard]] std::size_t first_in_run(const unsigned char* bytes, std::size_t first, std::size_t last, std::uint32_t threshold,
                                         std::uint32_t hash) const noexcept {
    for (std::size_t at = first; at < last; ++at) {
      if (hash < threshold) return at;
      hash = hash * 2 + table_[bytes[at]];
    }
    return last;
  }
  /// The first in 4 * quarter bytes.
  [[nodiscard]] std::size_t first_in_block(const unsigned char* bytes, std::size_t quarter, std::uint32_t threshold) const noexcept {
    const unsigned char* const second = bytes + quarter;
    const unsigned char* const third = second + quarter;
    const unsigned char* const fourth = third + quarter;
    std::uint32_t hash[4] = {before(bytes), before(second), before(third), before(fourth)};
    for (std::size_t at = 0; at < quarter; ++at) {
      if (hash[0] < threshold) return at;
      const std::size_t behind = hash[1] < threshold ? 1U : hash[2] < threshold ? 2U : hash[3] < threshold ? 3U : 0U;
      if (behind != 0) [[unlikely]] {
        // There is one in a quarter behind; those before it may yet have an earlier one.
        for (std::size_t i = 0; i < behind; ++i) {
          const std::size_t found = first_in_run(bytes + i * quarter, at, quarter, threshold, hash[i]);
          if (found != quarter) return i * quarter + found;
        }
        return behind * quarter + at;
      }
      hash[0] = hash[0] * 2 + table_[bytes[at]];
      hash[1] = hash[1] * 2 + table_[second[at]];
      hash[2] = hash[2] * 2 + table_[third[at]];
      hash[3] = hash[3] * 2 + table_[fourth[at]];
    }
    return 4 * quarter;
  }

  std::uint32_t table_[256];
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CHUNK_GEAR_HASH_HPP
