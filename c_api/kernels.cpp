// SPDX-License-Identifier: Apache-2.0
// c_api/kernels.cpp -- the one translation unit of link mode: every kernel, for every instruction set.
//
// Built without any -m flag, so that the scalar kernels and the choice itself run on every CPU.
#if defined(ATLAS_LINK_KERNELS) && !ATLAS_LINK_KERNELS
#error "this is the translation unit of link mode: compile it with ATLAS_LINK_KERNELS=1 or unset"
#endif
#undef ATLAS_LINK_KERNELS
#define ATLAS_LINK_KERNELS 1
#define ATLAS_DEFINE_KERNELS 1
#include <atlas/simd/dispatch-inl.hpp>
