// SPDX-License-Identifier: Apache-2.0
// include/atlas/simd/kernel_table.hpp -- the vectorised loops in use, behind one load.
//
// Room:      kernels(): all that other headers see of SIMD.
// Not here:  what the kernels promise (simd/kernel_entries.hpp), how one table is chosen
//            (simd/dispatch-inl.hpp), choosing another (simd/target.hpp).
// Depends:   core. In header-only mode (ATLAS_LINK_KERNELS=0) it also compiles the kernels, and so
//            includes Highway; in link mode it only declares them, and c_api/kernels.cpp defines them.
// Threads:   kernels() and every kernel may be called from any number of threads.
#ifndef ATLAS_SIMD_KERNEL_TABLE_HPP
#define ATLAS_SIMD_KERNEL_TABLE_HPP

#include <atlas/core/atomic.hpp>          // load_relaxed
#include <atlas/simd/kernel_entries.hpp>  // kernel_table

#if ATLAS_LINK_KERNELS
namespace atlas { inline namespace ATLAS_ABI {
namespace kernel_home = kernels_v1;
}}  // namespace atlas::ATLAS_ABI
#else
#include <atlas/simd/dispatch-inl.hpp>  // kernel_home: chosen, choose, runnable
#endif

namespace atlas { inline namespace ATLAS_ABI {

using kernels_v1::kernel_table;

/// The kernels in use: the best for this CPU, unless ATLAS_SIMD_TARGET or simd::force_target named
/// another. Works in static initialisers. Cost: after the first call, one relaxed load and a branch;
/// fetch it once for a loop all the same, so that the loop keeps the function pointer in a register.
[[nodiscard]] inline const kernel_table& kernels() noexcept {
  const kernel_table* table = load_relaxed(&kernel_home::chosen);
  if (table == nullptr) [[unlikely]]
    table = kernel_home::choose();
  return *table;
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_SIMD_KERNEL_TABLE_HPP
