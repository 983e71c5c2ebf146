// SPDX-License-Identifier: Apache-2.0
// include/atlas/simd/target.hpp -- which instruction set is in use, and choosing another.
//
// Room:      target, targets, force_target. The environment variable ATLAS_SIMD_TARGET does the same as
//            force_target before the first kernel is used; a name that is unknown or that this CPU cannot
//            run is passed over for the best one, and target() tells.
// Not here:  the kernels (simd/kernel_table.hpp).
// Depends:   core, simd.
#ifndef ATLAS_SIMD_TARGET_HPP
#define ATLAS_SIMD_TARGET_HPP

#include <atlas/core/result.hpp>        // status
#include <atlas/core/text_view.hpp>     // text_view
#include <atlas/simd/kernel_table.hpp>  // kernels

namespace atlas { inline namespace ATLAS_ABI { namespace simd {

/// The instruction sets compiled in that this CPU runs, best first; at least one.
struct target_list {
  /// "avx512_amx", "avx512_bf16", "avx512_vpopcnt", "avx512_vnni", "avx512", "avx2", "sse4", "neon", "scalar"; each
  /// includes those after it. Static storage.
  const char* names[10] = {};
  std::size_t count = 0;

  [[nodiscard]] const char* const* begin() const noexcept { return names; }
  [[nodiscard]] const char* const* end() const noexcept { return names + count; }
};

/// The instruction set in use, for example "avx2". Static storage.
[[nodiscard]] inline const char* target() noexcept { return kernels().target; }

[[nodiscard]] inline target_list targets() noexcept {
  const kernels_v1::runnable_tables can_run = kernel_home::runnable();
  target_list list;
  for (; list.count < can_run.count; ++list.count) list.names[list.count] = can_run.tables[list.count]->target;
  return list;
}

/// Uses another instruction set from now on, in this program (header-only mode: in all units of one
/// -march). For tests and comparisons: results change in their last bits.
///
/// @param name  one of targets()
/// @return      errc::invalid_argument if this CPU cannot run it or there is none of this name; the one
///              in use then stays
/// Threads: safe beside running kernels; they end on the table they began with.
[[nodiscard]] inline status force_target(text_view name) noexcept {
  const kernels_v1::runnable_tables can_run = kernel_home::runnable();
  for (std::size_t index = 0; index < can_run.count; ++index) {
    if (name == text_view{can_run.tables[index]->target}) {
      store_relaxed(&kernel_home::chosen, can_run.tables[index]);
      return {};
    }
  }
  return error{errc::invalid_argument, "SIMD target", "one that this CPU runs (atlas::simd::targets)", "another name"};
}

}}}  // namespace atlas::ATLAS_ABI::simd

#endif  // ATLAS_SIMD_TARGET_HPP
