// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/bits.hpp -- rounding, powers of two, mixing, and unaligned little-endian access.
//
// Room:      arithmetic on single words.
// Depends:   core/config.hpp.
#ifndef ATLAS_CORE_BITS_HPP
#define ATLAS_CORE_BITS_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI

#include <cstring>  // std::memcpy

namespace atlas { inline namespace ATLAS_ABI {

/// The least multiple of `unit` that is >= value. @pre unit is a power of two, value <= 2^64 - unit
[[nodiscard]] constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) noexcept {
  return (value + unit - 1) & ~(unit - 1);
}
[[nodiscard]] constexpr bool is_power_of_two(std::uint64_t value) noexcept {
  return value != 0 && (value & (value - 1)) == 0;
}
/// The least power of two that is >= value; 1 for 0. @pre value <= 2^63
[[nodiscard]] constexpr std::uint64_t next_power_of_two(std::uint64_t value) noexcept {
  return value <= 1 ? 1 : std::uint64_t{1} << (64 - __builtin_clzll(value - 1));
}
/// A bijection that spreads every input bit over all 64 (splitmix64's finaliser, Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", OOPSLA 2014, fig. 17 with Stafford's variant 13).
[[nodiscard]] constexpr std::uint64_t mix64(std::uint64_t value) noexcept {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31);
}
/// A trivially copyable T from bytes of any alignment. The platform is little-endian, as files are.
template <class T>
[[nodiscard]] inline T load_unaligned(const void* from) noexcept {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
template <class T>
inline void store_unaligned(void* to, const T& value) noexcept {
  std::memcpy(to, &value, sizeof value);
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_BITS_HPP
