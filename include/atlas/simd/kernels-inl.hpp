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

#include <atlas/distance/bit_kernels-inl.hpp>
#include <atlas/distance/code_kernels-inl.hpp>
#include <atlas/distance/convert_kernels-inl.hpp>
#include <atlas/distance/keep_kernels-inl.hpp>
#include <atlas/distance/panel_kernels-inl.hpp>
#include <atlas/distance/row_kernels-inl.hpp>
#include <atlas/distance/steady_kernels-inl.hpp>
#include <atlas/quantize/list_kernels-inl.hpp>
#include <atlas/quantize/kmeans_kernels-inl.hpp>
#include <atlas/quantize/lvq_code_kernels-inl.hpp>
#include <atlas/quantize/lvq_row_kernels-inl.hpp>
#include <atlas/quantize/neighbour_kernels-inl.hpp>
#include <atlas/quantize/product_kernels-inl.hpp>
#include <atlas/quantize/rotation_kernels-inl.hpp>
#include <atlas/text/byte_kernels-inl.hpp>
#include <atlas/text/utf8_kernels-inl.hpp>

ATLAS_KERNELS_BEGIN

inline constexpr kernels_v1::kernel_table table = {
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
    // In the order of kernels_v1::operands.
    .l2sq = {&each_row_kernel<l2sq_of, float_kind<stored_f32, stored_f32>>,
             &each_row_kernel<l2sq_of, float_kind<stored_f16, stored_f16>>,
             &each_row_kernel<l2sq_of, float_kind<stored_bf16, stored_bf16>>,
             &each_row_kernel<l2sq_of, integer_kind<stored_i8>>, &each_row_kernel<l2sq_of, integer_kind<stored_u8>>,
             &each_row_kernel<l2sq_of, float_kind<stored_f32, stored_f16>>,
             &each_row_kernel<l2sq_of, float_kind<stored_f32, stored_bf16>>,
             &each_row_kernel<l2sq_of, float_kind<stored_f32, stored_i8>>,
             &each_row_kernel<l2sq_of, float_kind<stored_f32, stored_u8>>},
    .dot = {&each_row_kernel<dot_of, float_kind<stored_f32, stored_f32>>,
            &each_row_kernel<dot_of, float_kind<stored_f16, stored_f16>>,
            &each_row_kernel<dot_of, float_kind<stored_bf16, stored_bf16>>,
            &each_row_kernel<dot_of, integer_kind<stored_i8>>, &each_row_kernel<dot_of, integer_kind<stored_u8>>,
            &each_row_kernel<dot_of, float_kind<stored_f32, stored_f16>>,
            &each_row_kernel<dot_of, float_kind<stored_f32, stored_bf16>>,
            &each_row_kernel<dot_of, float_kind<stored_f32, stored_i8>>,
            &each_row_kernel<dot_of, float_kind<stored_f32, stored_u8>>},
    .cosine = {&cosine_kernel<float_kind<stored_f32, stored_f32>, float_kind<stored_f32, stored_f32>>,
               &cosine_kernel<float_kind<stored_f16, stored_f16>, float_kind<stored_f16, stored_f16>>,
               &cosine_kernel<float_kind<stored_bf16, stored_bf16>, float_kind<stored_bf16, stored_bf16>>,
               &cosine_kernel<integer_kind<stored_i8>, integer_kind<stored_i8>>,
               &cosine_kernel<integer_kind<stored_u8>, integer_kind<stored_u8>>,
               &cosine_kernel<float_kind<stored_f32, stored_f16>, float_kind<stored_f32, stored_f32>>,
               &cosine_kernel<float_kind<stored_f32, stored_bf16>, float_kind<stored_f32, stored_f32>>,
               &cosine_kernel<float_kind<stored_f32, stored_i8>, float_kind<stored_f32, stored_f32>>,
               &cosine_kernel<float_kind<stored_f32, stored_u8>, float_kind<stored_f32, stored_f32>>},
    .hamming = &bit_kernel<hamming_bits>,
    .jaccard = &bit_kernel<jaccard_bits>,
    .common_bits = &bit_kernel<common_bits_of>,
    .f32_to_f16 = &f32_to_f16,
    .f16_to_f32 = &f16_to_f32,
    .f32_to_bf16 = &f32_to_bf16,
    .bf16_to_f32 = &bf16_to_f32,
    .f32_to_i8 = &f32_to_i8,
    .i8_to_f32 = &i8_to_f32,
    .largest_f32 = &largest_f32,
    .scale_f32 = &scale_f32,
    .add_to_f64 = &add_to_f64,
    .pq8 = &pq8,
    .pq4 = &pq4,
    .pq_products = &pq_tables<pq_product>,
    .pq_differences = &pq_tables<pq_difference>,
    .pq_encode = &pq_encode,
    .pq4_byte_tables = &pq4_byte_tables,
    .lvq8 = &lvq_kernel<lvq8_codes>,
    .lvq4 = &lvq_kernel<lvq4_codes>,
    .lvq_range = &lvq_range,
    .lvq_codes = &lvq_codes,
    .rotate = &rotate,
    .neighbour_bits = &neighbour_bits,
    .bit_tables = &bit_tables,
    .neighbour_estimates = &neighbour_estimates,
    .list_estimates = &list_estimates,
    .list_scans = &list_scans,
    .keep_nearest = &keep_nearest,
    .steady_dot = &steady_dot,
    .panel = panel_of<panel_queries, panel_rows>,
    .panel_16 = panel_of<16, panel_16_rows>,
    .panel_bf16 = nullptr,
    .panel_i8 = nullptr,
    .select = &select_products,
    .least_scores = &least_scores,
    .least_of_panel = &least_of_panel,
    .utf8_checked = &utf8_checked,
    .utf8_starts = &utf8_starts,
    .utf8_skip = &utf8_skip,
    .is_ascii = &is_ascii,
    .line_ends = &line_ends,
    .line_end_offsets = &line_end_offsets,
    .first_of = &first_of,
    .last_of = &last_of,
};

ATLAS_KERNELS_END

#endif  // ATLAS_SIMD_KERNELS_INL_HPP
