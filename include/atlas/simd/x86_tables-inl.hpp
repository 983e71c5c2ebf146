// SPDX-License-Identifier: Apache-2.0
// include/atlas/simd/x86_tables-inl.hpp -- the AVX-512 table with what newer CPUs add to it.
//
// Room:      one table for each step: VNNI, VPOPCNTDQ, BF16, AMX. Each includes the steps before it.
// Not here:  the loops (simd/x86_*-inl.hpp), which CPU has what (simd/cpu.hpp).
// Depends:   the Highway pass, whose AVX-512 table these are copies of. Compiled once.
//
// Not here either, because nothing gained by it: AVX512-FP16. Its sums are of 11 bits, and its conversions are as fast
// as those of AVX-512 (bench/README.md).
#ifndef ATLAS_SIMD_X86_TABLES_INL_HPP
#define ATLAS_SIMD_X86_TABLES_INL_HPP

#include <atlas/simd/kernel_entries.hpp>  // kernel_table

#include <immintrin.h>

/// What the AVX-512 table is compiled for; to be followed by the extension.
#define ATLAS_X86_AVX512 \
  "sse4.2,aes,pclmul,popcnt,avx2,fma,f16c,bmi,bmi2,lzcnt,avx512f,avx512bw,avx512cd,avx512dq,avx512vl"

#if ATLAS_LINK_KERNELS
#define ATLAS_X86_BEGIN        \
  namespace atlas {            \
  inline namespace ATLAS_ABI { \
  namespace x86 {              \
  namespace {
#define ATLAS_X86_END \
  }                   \
  }                   \
  }                   \
  }
#else
#define ATLAS_X86_BEGIN        \
  namespace atlas {            \
  inline namespace ATLAS_ABI { \
  namespace x86 {
#define ATLAS_X86_END \
  }                   \
  }                   \
  }
#endif

#include <atlas/simd/x86_amx-inl.hpp>
#include <atlas/simd/x86_bf16-inl.hpp>
#include <atlas/simd/x86_vbmi_lists-inl.hpp>
#include <atlas/simd/x86_vbmi_neighbours-inl.hpp>
#include <atlas/simd/x86_vnni-inl.hpp>
#include <atlas/simd/x86_vnni_lvq-inl.hpp>
#include <atlas/simd/x86_vnni_panel-inl.hpp>
#include <atlas/simd/x86_vpopcnt-inl.hpp>

ATLAS_X86_BEGIN

constexpr kernels_v1::kernel_table with_vnni(kernels_v1::kernel_table table) {
  table.target = "avx512_vnni";
  table.l2sq[kernels_v1::i8_i8] = &l2sq_i8_vnni;
  table.l2sq[kernels_v1::u8_u8] = &l2sq_u8_vnni;
  table.dot[kernels_v1::i8_i8] = &dot_i8_vnni;
  table.dot[kernels_v1::u8_u8] = &dot_u8_vnni;
  table.lvq8 = &lvq8_vnni;
  table.lvq4 = &lvq4_vnni;
  table.panel_i8 = &vnni_panel_i8;
  return table;
}
constexpr kernels_v1::kernel_table with_vpopcnt(kernels_v1::kernel_table table) {
  table.target = "avx512_vpopcnt";
  table.hamming = &hamming_vpopcnt;
  table.jaccard = &jaccard_vpopcnt;
  table.common_bits = &common_bits_vpopcnt;
  table.neighbour_estimates = &neighbour_estimates_vbmi;
  table.list_estimates = &list_estimates_vbmi;
  table.list_scans = &list_scans_vbmi;
  return table;
}
constexpr kernels_v1::kernel_table with_bf16(kernels_v1::kernel_table table) {
  table.target = "avx512_bf16";
  table.dot[kernels_v1::bf16_bf16] = &dot_bf16;
  return table;
}
inline constexpr kernels_v1::kernel_table avx512_vnni = with_vnni(N_AVX3::table);
inline constexpr kernels_v1::kernel_table avx512_vpopcnt = with_vpopcnt(avx512_vnni);
inline constexpr kernels_v1::kernel_table avx512_bf16 = with_bf16(avx512_vpopcnt);

#if ATLAS_X86_HAS_AMX
constexpr kernels_v1::kernel_table with_amx(kernels_v1::kernel_table table) {
  table.target = "avx512_amx";
  table.panel_bf16 = &amx_panel_bf16;
  table.panel_i8 = &amx_panel_i8;
  return table;
}
inline constexpr kernels_v1::kernel_table avx512_amx = with_amx(avx512_bf16);
#endif

ATLAS_X86_END

#endif  // ATLAS_SIMD_X86_TABLES_INL_HPP
