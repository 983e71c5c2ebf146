// SPDX-License-Identifier: Apache-2.0
// include/atlas/simd/kernels-inl.hpp -- the table of one target; compiled once for each.
//
// Room:      gathers every room's loops into one kernel_table.
// Not here:  the loops themselves. A room adds its own *-inl.hpp to the includes and its entries below.
// Depends:   Highway, simd/kernel_entries.hpp, each room's kernels-inl.hpp (the one place where simd
//            names a room above it: Highway allows one pass a translation unit).

// Seen again for each target: the guard flips with Highway's.
#if defined(ATLAS_SIMD_KERNELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_SIMD_KERNELS_INL_HPP
#undef ATLAS_SIMD_KERNELS_INL_HPP
#else
#define ATLAS_SIMD_KERNELS_INL_HPP
#endif

#include <atlas/simd/highway-inl.hpp>     // the target list, before any other Highway header
#include <atlas/simd/kernel_entries.hpp>  // kernel_table

#include <hwy/highway.h>

// In link mode one unit holds the kernels and nobody else may see them. In header-only mode each unit
// holds a copy, and inline functions of ours name them: the linker must keep one.
#undef ATLAS_KERNELS_BEGIN
#undef ATLAS_KERNELS_END
#if ATLAS_LINK_KERNELS
#define ATLAS_KERNELS_BEGIN    \
  namespace atlas {            \
  inline namespace ATLAS_ABI { \
  namespace HWY_NAMESPACE {    \
  namespace {
#define ATLAS_KERNELS_END \
  }                       \
  }                       \
  }                       \
  }
#else
#define ATLAS_KERNELS_BEGIN    \
  namespace atlas {            \
  inline namespace ATLAS_ABI { \
  namespace HWY_NAMESPACE {
#define ATLAS_KERNELS_END \
  }                       \
  }                       \
  }
#endif

// 1 where a kernel is plain C++: SCALAR lacks many operations, EMU128 has them slowly.
#undef ATLAS_KERNELS_PLAIN
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
#define ATLAS_KERNELS_PLAIN 1
#else
#define ATLAS_KERNELS_PLAIN 0
#endif

#include <atlas/distance/kernels-inl.hpp>

ATLAS_KERNELS_BEGIN

inline constexpr kernels_v0::kernel_table table = {
#if ATLAS_KERNELS_PLAIN
    .target = "scalar",
#elif HWY_TARGET == HWY_SSE4
    .target = "sse4",
#elif HWY_TARGET == HWY_AVX2
    .target = "avx2",
#elif HWY_TARGET == HWY_AVX3
    .target = "avx512",
#elif HWY_ARCH_ARM
    .target = "neon",
#else
    .target = "other",
#endif
    .l2sq_f32 = &l2sq_f32,
    .dot_f32 = &dot_f32,
    .l2sq_rows_f32 = &l2sq_rows_f32,
    .dot_rows_f32 = &dot_rows_f32,
    .l2sq_gather_f32 = &l2sq_gather_f32,
    .dot_gather_f32 = &dot_gather_f32,
};

ATLAS_KERNELS_END

#endif  // ATLAS_SIMD_KERNELS_INL_HPP
