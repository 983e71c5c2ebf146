// SPDX-License-Identifier: Apache-2.0
// c_api/kernels.cpp -- the one translation unit of link mode: every kernel, for every instruction set, and the search
// that drives them.
//
// Built without any -m flag, so that the scalar kernels and the choice itself run on every CPU.
#if defined(ATLAS_LINK_KERNELS) && !ATLAS_LINK_KERNELS
#error "this is the translation unit of link mode: compile it with ATLAS_LINK_KERNELS=1 or unset"
#endif
#undef ATLAS_LINK_KERNELS
#define ATLAS_LINK_KERNELS 1
#define ATLAS_DEFINE_KERNELS 1
#include <atlas/simd/dispatch-inl.hpp>

#include <atlas/distance/nearest_many.hpp>

namespace atlas::kernels_v1 {

std::int32_t nearest_many(const nearest_request& request) noexcept {
  return static_cast<std::int32_t>(detail::nearest_many(request));
}

}  // namespace atlas::kernels_v1
