// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/unfused-inl.hpp -- products that are rounded before they are added.
//
// Room:      unfused, for kernels that promise the same bits on every instruction set.
// Depends:   distance/components-inl.hpp, for the lanes.
#if defined(ATLAS_DISTANCE_UNFUSED_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_DISTANCE_UNFUSED_INL_HPP
#undef ATLAS_DISTANCE_UNFUSED_INL_HPP
#else
#define ATLAS_DISTANCE_UNFUSED_INL_HPP
#endif

#include <atlas/distance/components-inl.hpp>  // vector_f32

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

/// The same number, of which the compiler does not know that it is a product: gcc joins a product and a sum to one
/// operation with one rounding, intrinsics too, wherever the instruction set has one.
HWY_INLINE float unfused(float product) {
#if HWY_ARCH_X86
  __asm__("" : "+x"(product));
#elif HWY_ARCH_ARM
  __asm__("" : "+w"(product));
#endif
  return product;
}

#if !ATLAS_KERNELS_PLAIN
HWY_INLINE vector_f32 unfused(vector_f32 product) {
#if HWY_ARCH_X86
  __asm__("" : "+v"(product.raw));
#elif HWY_ARCH_ARM
  __asm__("" : "+w"(product.raw));
#endif
  return product;
}
#endif

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_DISTANCE_UNFUSED_INL_HPP
