// SPDX-License-Identifier: Apache-2.0
// include/atlas/simd/cpu.hpp -- which instruction sets this CPU and this kernel can run.
//
// Room:      CPUID and XGETBV, read once by whoever fills the kernel table.
// Not here:  which kernels exist (simd/dispatch-inl.hpp). Highway's own detection lives in its shared
//            library, and nothing of ours links that.
// Depends:   core/config.hpp.
// Threads:   pure; works in static initialisers (no libgcc constructor is needed first).
#ifndef ATLAS_SIMD_CPU_HPP
#define ATLAS_SIMD_CPU_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI

namespace atlas { inline namespace ATLAS_ABI {

/// Each member is a whole tier, as the compiler was told to use it: true only if every extension of the
/// tier is there and the operating system saves its registers.
struct cpu_features {
  bool sse4 = false;    ///< SSE4.2, SSSE3, POPCNT, AES, PCLMUL (Highway compiles its SSE4 with the last two)
  bool avx2 = false;    ///< sse4 and AVX2, FMA, BMI1, BMI2, F16C, LZCNT
  bool avx512 = false;  ///< avx2 and AVX-512 F, CD, BW, DQ, VL
  bool avx512_vnni = false;     ///< avx512 and AVX512_VNNI: Cascade Lake and later
  bool avx512_vpopcnt = false;  ///< avx512_vnni and AVX512_VPOPCNTDQ, VBMI, VBMI2: Ice Lake, Zen 4 and later
  bool avx512_bf16 = false;     ///< avx512_vpopcnt and AVX512_BF16: Zen 4, Sapphire Rapids and later
  bool avx512_amx = false;      ///< avx512_bf16 and AMX-TILE, AMX-BF16, AMX-INT8: Sapphire Rapids and later
  bool neon = false;    ///< Advanced SIMD, part of every arm64 CPU that Linux runs on
};

#if defined(__x86_64__)
namespace detail {

struct cpuid_registers {
  std::uint32_t eax, ebx, ecx, edx;
};

inline cpuid_registers cpuid(std::uint32_t leaf, std::uint32_t subleaf) noexcept {
  cpuid_registers read{};
  __asm__ volatile("cpuid" : "=a"(read.eax), "=b"(read.ebx), "=c"(read.ecx), "=d"(read.edx) : "a"(leaf), "c"(subleaf));
  return read;
}

/// The register states that the operating system saves. @pre CPUID says OSXSAVE
inline std::uint64_t saved_register_states() noexcept {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (std::uint64_t{high} << 32) | low;
}

constexpr bool has_bits(std::uint64_t word, std::uint64_t wanted) noexcept { return (word & wanted) == wanted; }
constexpr std::uint64_t bit(unsigned number) noexcept { return std::uint64_t{1} << number; }

}  // namespace detail
#endif

/// What this machine runs. Bit positions: Intel 64 and IA-32 Architectures Software Developer's Manual,
/// volume 2A, CPUID, tables 3-8 to 3-11; XCR0: volume 1, section 13.3.
[[nodiscard]] inline cpu_features detect_cpu() noexcept {
  cpu_features found;
#if defined(__x86_64__)
  using detail::bit;
  using detail::has_bits;
  const std::uint32_t last_leaf = detail::cpuid(0, 0).eax;
  const std::uint32_t last_extended = detail::cpuid(0x80000000U, 0).eax;
  const detail::cpuid_registers one = detail::cpuid(1, 0);
  const detail::cpuid_registers seven = last_leaf >= 7 ? detail::cpuid(7, 0) : detail::cpuid_registers{};
  const detail::cpuid_registers more = seven.eax >= 1 ? detail::cpuid(7, 1) : detail::cpuid_registers{};
  const std::uint32_t extended = last_extended >= 0x80000001U ? detail::cpuid(0x80000001U, 0).ecx : 0;

  // PCLMUL, SSSE3, SSE4.1, SSE4.2, POPCNT, AES
  found.sse4 = has_bits(one.ecx, bit(1) | bit(9) | bit(19) | bit(20) | bit(23) | bit(25));
  const bool has_xgetbv = has_bits(one.ecx, bit(27));
  const std::uint64_t saved = has_xgetbv ? detail::saved_register_states() : 0;
  // FMA, AVX, F16C; BMI1, AVX2, BMI2; LZCNT; XMM and YMM
  found.avx2 = found.sse4 && has_bits(one.ecx, bit(12) | bit(28) | bit(29)) &&
               has_bits(seven.ebx, bit(3) | bit(5) | bit(8)) && has_bits(extended, bit(5)) &&
               has_bits(saved, bit(1) | bit(2));
  // F, DQ, CD, BW, VL; opmask, upper halves of ZMM0-15, ZMM16-31
  found.avx512 = found.avx2 && has_bits(seven.ebx, bit(16) | bit(17) | bit(28) | bit(30) | bit(31)) &&
                 has_bits(saved, bit(5) | bit(6) | bit(7));
  found.avx512_vnni = found.avx512 && has_bits(seven.ecx, bit(11));
  // VBMI, VBMI2, VPOPCNTDQ
  found.avx512_vpopcnt = found.avx512_vnni && has_bits(seven.ecx, bit(1) | bit(6) | bit(14));
  found.avx512_bf16 = found.avx512_vpopcnt && has_bits(more.eax, bit(5));
  // AMX-BF16, AMX-TILE, AMX-INT8; TILECFG, TILEDATA. A process asks for the use of the tiles when it first needs them.
  found.avx512_amx = found.avx512_bf16 && has_bits(seven.edx, bit(22) | bit(24) | bit(25)) &&
                     has_bits(saved, bit(17) | bit(18));
#else
  found.neon = true;
#endif
  return found;
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_SIMD_CPU_HPP
