// SPDX-License-Identifier: Apache-2.0
// include/atlas/simd/highway-inl.hpp -- Highway as ATLAS sets it up, and what its versions differ in.
//
// Room:      the target list. Included first by the pass; in a unit that has seen Highway before, the
//            unit's own settings stand.
// Not here:  the pass (simd/dispatch-inl.hpp).
// Depends:   Highway >= 1.0.3, headers only.
#ifndef ATLAS_SIMD_HIGHWAY_INL_HPP
#define ATLAS_SIMD_HIGHWAY_INL_HPP

// Targets are given as bits, because the names come from the header that reads this macro and older ones
// lack the newer names. Left are SCALAR or EMU128 ("scalar"), SSE4, AVX2, AVX3 ("avx512") and NEON.
//   bits 0 to 7   AVX10, AVX3_SPR, AVX3_ZEN4, AVX3_DL: nothing in f32 gains by them, each costs compile
//                 time, and 1.0.3 cannot be compiled with -march=icelake or newer while AVX3_DL is on
//                 ("#error Logic error": it tests HWY_BASELINE, which is never defined)
//   bits 12 to 14 SSSE3, SSE2: machines so old run "scalar"
//   bits 15 to 27 SVE, NEON_BF16: not tested here
#if !defined(HWY_DISABLED_TARGETS)
#define HWY_DISABLED_TARGETS (0xFFLL | (0x7LL << 12) | (0x1FFFLL << 15))
#endif

// Every target in every unit, also those below the unit's own -march: the list must not depend on a flag.
#if !defined(HWY_COMPILE_ALL_ATTAINABLE) && !defined(HWY_COMPILE_ONLY_SCALAR) && !defined(HWY_COMPILE_ONLY_EMU128) && \
    !defined(HWY_COMPILE_ONLY_STATIC)
#define HWY_COMPILE_ALL_ATTAINABLE
#endif

#include <hwy/detect_targets.h>

#endif  // ATLAS_SIMD_HIGHWAY_INL_HPP
