// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/first_pass.hpp -- in what numbers an exact search rules rows out.
//
// Room:      the enum, which options of searches hold and the C ABI passes on.
// Not here:  the search (distance/nearest.hpp).
// Depends:   core only.
#ifndef ATLAS_DISTANCE_FIRST_PASS_HPP
#define ATLAS_DISTANCE_FIRST_PASS_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI

namespace atlas { inline namespace ATLAS_ABI {

/// An exact search rules rows out in these numbers and measures the rest in float32. The answer is the same, bit for
/// bit. On CPUs with AMX, bf16 and i8 make the process ask Linux for its registers, which it keeps: signal stacks must
/// then have room for them (sigaltstack refuses less than getauxval(AT_MINSIGSTKSZ), about 12 KiB), and where a thread
/// has a smaller one already, Linux refuses and float32 does the work (Documentation/arch/x86/xstate.rst).
enum class first_pass : std::uint8_t {
  f32 = 0,
  bf16 = 1,  ///< several times faster for many queries on CPUs with AMX; elsewhere as f32
  i8 = 2,    ///< likewise, also with AVX-512 VNNI, if components are of about one size; elsewhere as f32
};

/// Whether a number is a first pass of this version.
[[nodiscard]] constexpr bool is_first_pass(std::uint8_t number) noexcept { return number <= 2; }

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_DISTANCE_FIRST_PASS_HPP
