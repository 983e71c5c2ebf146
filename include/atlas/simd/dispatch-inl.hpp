// SPDX-License-Identifier: Apache-2.0
// include/atlas/simd/dispatch-inl.hpp -- compiles the kernels for every target and picks one table.
//
// Room:      the one Highway pass of a translation unit, and the choice by CPU and environment.
// Not here:  what a caller uses (simd/kernel_table.hpp, simd/target.hpp).
// Depends:   simd/cpu.hpp, Highway's headers; never its library.
// Threads:   every function may be called from any number of threads, also in static initialisers.
//
// In header-only mode simd/kernel_table.hpp includes this; in link mode c_api/kernels.cpp alone does, with
// ATLAS_DEFINE_KERNELS=1, and elsewhere it is empty.
#ifndef ATLAS_SIMD_DISPATCH_INL_HPP
#define ATLAS_SIMD_DISPATCH_INL_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI, ATLAS_LINK_KERNELS

#if !defined(ATLAS_DEFINE_KERNELS)
#define ATLAS_DEFINE_KERNELS 0
#endif

#if !ATLAS_LINK_KERNELS || ATLAS_DEFINE_KERNELS

#if defined(HIGHWAY_HWY_FOREACH_TARGET_H_) || defined(HWY_TARGET_INCLUDE)
#error \
    "Highway allows one pass over its targets a translation unit, and this unit has its own: define ATLAS_LINK_KERNELS=1 and link atlas::kernels, or include ATLAS elsewhere"
#endif

#include <atlas/core/atomic.hpp>          // load_relaxed
#include <atlas/simd/cpu.hpp>             // detect_cpu
#include <atlas/simd/highway-inl.hpp>     // the target list
#include <atlas/simd/kernel_entries.hpp>  // kernel_table

#include <cstdlib>  // std::getenv
#include <cstring>  // std::strcmp

#define HWY_TARGET_INCLUDE <atlas/simd/kernels-inl.hpp>
#include <hwy/foreach_target.h>
#include <atlas/simd/kernels-inl.hpp>
#undef HWY_TARGET_INCLUDE

// What only some AVX-512 machines run, in functions with target attributes of their own; and the tables with it.
#if HWY_TARGETS & HWY_AVX3
#include <atlas/simd/x86_tables-inl.hpp>
#endif

// The linkage of what kernel_home holds: one definition in the kernels' unit, or one inline copy.
#if ATLAS_LINK_KERNELS
#define ATLAS_KERNEL_HOME \
  namespace atlas {       \
  namespace kernels_v1 {
#define ATLAS_KERNEL_HOME_END \
  }                           \
  }
#define ATLAS_KERNEL_HOME_INLINE
#define ATLAS_KERNEL_TABLE(target) &ATLAS_ABI::target::table
#define ATLAS_X86_TABLE(name) &ATLAS_ABI::x86::name
#else
#define ATLAS_KERNEL_HOME         \
  namespace atlas {               \
  inline namespace ATLAS_ABI {    \
  namespace kernel_home {         \
  using kernels_v1::kernel_table; \
  using kernels_v1::runnable_tables;
#define ATLAS_KERNEL_HOME_END \
  }                           \
  }                           \
  }
#define ATLAS_KERNEL_HOME_INLINE inline
#define ATLAS_KERNEL_TABLE(target) &target::table
#define ATLAS_X86_TABLE(name) &x86::name
#endif

ATLAS_KERNEL_HOME

ATLAS_KERNEL_HOME_INLINE runnable_tables runnable() noexcept {
  [[maybe_unused]] const cpu_features cpu = detect_cpu();
  runnable_tables found{};
  const auto add = [&found](bool can_run, const kernel_table* table) {
    if (can_run) found.tables[found.count++] = table;
  };
#if HWY_TARGETS & HWY_AVX3
#if ATLAS_X86_HAS_AMX
  add(cpu.avx512_amx, ATLAS_X86_TABLE(avx512_amx));
#endif
  add(cpu.avx512_bf16, ATLAS_X86_TABLE(avx512_bf16));
  add(cpu.avx512_vpopcnt, ATLAS_X86_TABLE(avx512_vpopcnt));
  add(cpu.avx512_vnni, ATLAS_X86_TABLE(avx512_vnni));
  add(cpu.avx512, ATLAS_KERNEL_TABLE(N_AVX3));
#endif
#if HWY_TARGETS & HWY_AVX2
  add(cpu.avx2, ATLAS_KERNEL_TABLE(N_AVX2));
#endif
#if HWY_TARGETS & HWY_SSE4
  add(cpu.sse4, ATLAS_KERNEL_TABLE(N_SSE4));
#endif
  // From 1.0.5 on there are two, and the one that any arm64 CPU runs is as good for these kernels.
#if defined(HWY_NEON_WITHOUT_AES) && (HWY_TARGETS & HWY_NEON_WITHOUT_AES)
  add(cpu.neon, ATLAS_KERNEL_TABLE(N_NEON_WITHOUT_AES));
#elif HWY_TARGETS & HWY_NEON
  add(cpu.neon, ATLAS_KERNEL_TABLE(N_NEON));
#endif
#if HWY_TARGETS & HWY_EMU128
  add(true, ATLAS_KERNEL_TABLE(N_EMU128));
#elif HWY_TARGETS & HWY_SCALAR
  add(true, ATLAS_KERNEL_TABLE(N_SCALAR));
#endif
  // Only in a unit that set up Highway itself: what its compiler flags allow anyway.
  if (found.count == 0) add(true, ATLAS_KERNEL_TABLE(HWY_NAMESPACE));
  return found;
}

/// Null until the first choice. Constant-initialised, so that static initialisers may use kernels.
ATLAS_KERNEL_HOME_INLINE const kernel_table* chosen = nullptr;

/// ATLAS_SIMD_TARGET names a table; one that is unknown or cannot run here gives the best one, and
/// simd::target() tells. A choice that another thread made meanwhile stands.
ATLAS_KERNEL_HOME_INLINE const kernel_table* choose() noexcept {
  const runnable_tables can_run = runnable();
  const kernel_table* best = can_run.tables[0];
  if (const char* wanted = std::getenv("ATLAS_SIMD_TARGET"); wanted != nullptr) {
    for (std::size_t index = 0; index < can_run.count; ++index) {
      if (std::strcmp(can_run.tables[index]->target, wanted) == 0) best = can_run.tables[index];
    }
  }
  const kernel_table* before = nullptr;
  const bool is_ours = __atomic_compare_exchange_n(&chosen, &before, best, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return is_ours ? best : before;
}

ATLAS_KERNEL_HOME_END

#undef ATLAS_KERNEL_HOME
#undef ATLAS_KERNEL_HOME_END
#undef ATLAS_KERNEL_HOME_INLINE
#undef ATLAS_KERNEL_TABLE
#undef ATLAS_X86_TABLE

#endif  // !ATLAS_LINK_KERNELS || ATLAS_DEFINE_KERNELS

#endif  // ATLAS_SIMD_DISPATCH_INL_HPP
