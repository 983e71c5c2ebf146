// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/config.hpp -- what this library is compiled as: version, platform, switches, ABI tag.
//
// Room:      the only file that asks the compiler who it is.
// Not here:  the check macro (core/assert.hpp), the CPU at run time (simd/cpu.hpp).
// Depends:   nothing.
#ifndef ATLAS_CORE_CONFIG_HPP
#define ATLAS_CORE_CONFIG_HPP

#include <cstddef>  // std::size_t
#include <cstdint>  // fixed-width integers, everywhere below

#define ATLAS_VERSION_MAJOR 0
#define ATLAS_VERSION_MINOR 1
#define ATLAS_VERSION_PATCH 0
#define ATLAS_VERSION_STRING "0.1.0"

#if !defined(__linux__) || !(defined(__x86_64__) || defined(__aarch64__)) || !defined(__LP64__) || \
    __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "ATLAS runs on 64-bit little-endian Linux on x86-64 or arm64 only"
#endif
#if __cplusplus < 202002L
#error "ATLAS needs C++20: compile with -std=c++20 or newer"
#endif

/// 1: kernels are only declared, one translation unit (or the library atlas::kernels) defines them.
/// 0: each translation unit that includes a facade compiles them. All units of one program agree.
#if !defined(ATLAS_LINK_KERNELS)
#define ATLAS_LINK_KERNELS 0
#endif

/// 1: ATLAS_ASSERT checks preconditions and ends the process with a message. Never keyed on NDEBUG.
#if !defined(ATLAS_CHECKED)
#define ATLAS_CHECKED 0
#endif

#define ATLAS_DETAIL_JOIN_(a, b, c, d) a##b##c##d
#define ATLAS_DETAIL_JOIN(a, b, c, d) ATLAS_DETAIL_JOIN_(a, b, c, d)

// The tag carries each switch that changes what an inline function compiles to, so that two units built
// differently fail to link where an atlas type crosses, and never share one wrong copy.
#if defined(__AVX512BW__)
#define ATLAS_DETAIL_TIER _avx512
#elif defined(__AVX2__)
#define ATLAS_DETAIL_TIER _avx2
#else
#define ATLAS_DETAIL_TIER
#endif
#if ATLAS_LINK_KERNELS
#define ATLAS_DETAIL_MODE _linked
#else
#define ATLAS_DETAIL_MODE
#endif
#if ATLAS_CHECKED
#define ATLAS_DETAIL_CHECKS _checked
#else
#define ATLAS_DETAIL_CHECKS
#endif
#define ATLAS_ABI ATLAS_DETAIL_JOIN(v0, ATLAS_DETAIL_TIER, ATLAS_DETAIL_MODE, ATLAS_DETAIL_CHECKS)

namespace atlas { inline namespace ATLAS_ABI {

/// Bytes that two threads must lie apart to write without disturbing each other; also the alignment of
/// rows and file sections. 64 on every CPU supported here, whatever -mtune says.
inline constexpr std::size_t cache_line = 64;

/// Documented limits (ARCHITECTURE.md, "Limits"), each checked where a value enters.
inline constexpr std::size_t max_rows = 0xFFFFFFFEU;               ///< rows an index, live and removed
inline constexpr std::size_t max_dimension = 65'535;               ///< components a vector, >= 1
inline constexpr std::uint64_t reserved_key = ~std::uint64_t{0};   ///< marks an empty result slot

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_CONFIG_HPP
