// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/bit_kernels-inl.hpp -- one bit vector against rows of them; compiled once for each target.
//
// Room:      hamming, jaccard, common_bits.
// Not here:  what they promise (simd/kernel_entries.hpp).
// Depends:   distance/{components,row_places}-inl.hpp.
#if defined(ATLAS_DISTANCE_BIT_KERNELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_DISTANCE_BIT_KERNELS_INL_HPP
#undef ATLAS_DISTANCE_BIT_KERNELS_INL_HPP
#else
#define ATLAS_DISTANCE_BIT_KERNELS_INL_HPP
#endif

#include <atlas/distance/components-inl.hpp>
#include <atlas/distance/row_places-inl.hpp>

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

/// The bits of two vectors that an operation counts: up to two counts a pair.
struct bit_counts {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
};
struct hamming_bits {
  template <class Word>
  static HWY_INLINE Word first(Word a, Word b) {
    return a ^ b;
  }
  static constexpr bool counts_second = false;
  static HWY_INLINE float number(bit_counts counts) { return static_cast<float>(counts.first); }
};
struct common_bits_of {
  template <class Word>
  static HWY_INLINE Word first(Word a, Word b) {
    return a & b;
  }
  static constexpr bool counts_second = false;
  static HWY_INLINE float number(bit_counts counts) { return static_cast<float>(counts.first); }
};
/// Common bits first, then bits in either.
struct jaccard_bits : common_bits_of {
  static constexpr bool counts_second = true;
  static HWY_INLINE float number(bit_counts counts) {
    if (counts.second == 0) return 0.0F;
    return static_cast<float>(1.0 - static_cast<double>(counts.first) / static_cast<double>(counts.second));
  }
};

template <class Operation>
HWY_INLINE void count_word(std::uint64_t a, std::uint64_t b, bit_counts& counts) {
  counts.first += static_cast<std::uint64_t>(__builtin_popcountll(Operation::first(a, b)));
  if constexpr (Operation::counts_second) counts.second += static_cast<std::uint64_t>(__builtin_popcountll(a | b));
}

/// `bytes` < 8 of them, and of the last only the bits in `last_mask`.
HWY_INLINE std::uint64_t partial_word(const unsigned char* from, std::size_t bytes, unsigned last_mask) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    const unsigned byte = from[i] & (i + 1 == bytes ? last_mask : 0xFFU);
    word |= std::uint64_t{byte} << (8 * i);
  }
  return word;
}

template <class Operation>
HWY_INLINE bit_counts count_bits(const void* left, const void* right, std::size_t dimension) {
  const auto* a = static_cast<const unsigned char*>(left);
  const auto* b = static_cast<const unsigned char*>(right);
  const std::size_t whole_bytes = dimension / 8;
  bit_counts counts;
  std::size_t at = 0;
#if !ATLAS_KERNELS_PLAIN
  const hn::ScalableTag<std::uint8_t> bytes;
  const hn::ScalableTag<std::uint64_t> words;
  constexpr std::size_t step = 8 * HWY_LANES(std::uint64_t);
  auto first = hn::Zero(words);
  [[maybe_unused]] auto second = hn::Zero(words);
  for (; at + step <= whole_bytes; at += step) {
    const auto from_a = hn::LoadU(bytes, a + at);
    const auto from_b = hn::LoadU(bytes, b + at);
    first = hn::Add(first, hn::SumsOf8(hn::PopulationCount(Operation::first(from_a, from_b))));
    if constexpr (Operation::counts_second) {
      second = hn::Add(second, hn::SumsOf8(hn::PopulationCount(hn::Or(from_a, from_b))));
    }
  }
  counts.first = hn::GetLane(hn::SumOfLanes(words, first));
  if constexpr (Operation::counts_second) counts.second = hn::GetLane(hn::SumOfLanes(words, second));
#endif
  for (; at + 8 <= whole_bytes; at += 8) {
    std::uint64_t word_a;
    std::uint64_t word_b;
    __builtin_memcpy(&word_a, a + at, 8);
    __builtin_memcpy(&word_b, b + at, 8);
    count_word<Operation>(word_a, word_b, counts);
  }
  if (const std::size_t left_bytes = (dimension + 7) / 8 - at; left_bytes != 0) {
    const unsigned last_mask = dimension % 8 == 0 ? 0xFFU : (1U << dimension % 8) - 1U;
    count_word<Operation>(partial_word(a + at, left_bytes < 8 ? left_bytes : 8, last_mask),
                          partial_word(b + at, left_bytes < 8 ? left_bytes : 8, last_mask), counts);
  }
  return counts;
}

template <class Operation>
inline void bit_kernel(const void* query, const void* rows, std::size_t stride_bytes, const std::uint32_t* ids,
                       std::size_t count, std::size_t dimension, float* out) {
  const row_places places{static_cast<const char*>(rows), stride_bytes, ids};
  constexpr std::size_t ahead = 4;
  for (std::size_t row = 0; row < count; ++row) {
    if (ids != nullptr && row + ahead < count) places.prefetch(row + ahead);
    out[row] = Operation::number(count_bits<Operation>(query, places.row(row), dimension));
  }
}

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_DISTANCE_BIT_KERNELS_INL_HPP
