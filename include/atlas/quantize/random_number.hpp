// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/random_number.hpp -- the random numbers of training, by seed and place.
//
// Room:      random_number, random_share.
// Depends:   core/bits.hpp.
// Threads:   pure: a number depends on its place alone, not on who asked before.
#ifndef ATLAS_QUANTIZE_RANDOM_NUMBER_HPP
#define ATLAS_QUANTIZE_RANDOM_NUMBER_HPP

#include <atlas/core/bits.hpp>  // mix64

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// The `which`th of the numbers that a seed stands for: what splitmix64 would give.
[[nodiscard]] constexpr std::uint64_t random_number(std::uint64_t seed, std::uint64_t which) noexcept {
  return mix64(seed + (which + 1) * 0x9E3779B97F4A7C15U);
}
/// The same number as one of [0, 1), a multiple of 2^-53.
[[nodiscard]] constexpr double random_share(std::uint64_t seed, std::uint64_t which) noexcept {
  return static_cast<double>(random_number(seed, which) >> 11) * 0x1P-53;
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_RANDOM_NUMBER_HPP
