// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/row_places-inl.hpp -- where rows lie and what is asked for ahead; compiled once a target.
//
// Room:      row_places: rows in order or by id.
// Not here:  loops over rows (distance/row_kernels-inl.hpp).
// Depends:   simd/kernels-inl.hpp, which sets up Highway and the ATLAS_KERNELS macros.
#if defined(ATLAS_DISTANCE_ROW_PLACES_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_DISTANCE_ROW_PLACES_INL_HPP
#undef ATLAS_DISTANCE_ROW_PLACES_INL_HPP
#else
#define ATLAS_DISTANCE_ROW_PLACES_INL_HPP
#endif

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

/// How far ahead of itself a loop over rows in order, side by side, asks for their lines. Measured on Sapphire Rapids,
/// rows of 768 i8 from 1 GiB: with it 1.2 to 1.5 times the rows a second; 8,192 is as good.
inline constexpr std::size_t prefetched_bytes = 4096;
/// Rows in order of no more bytes may lie in the second-level cache, and are read in the way that suits it: 1.5 MB of
/// f32 and bf16 on a CPU with 2 MiB come 1.1 to 1.25 times as fast so as in the way that suits memory.
inline constexpr std::size_t most_cached_bytes = std::size_t{2} << 20;

/// Where row `index` begins.
struct row_places {
  const char* first;
  std::size_t stride_bytes;
  const std::uint32_t* ids;

  HWY_INLINE bool may_be_cached(std::size_t count) const {
    return ids != nullptr || count * stride_bytes <= most_cached_bytes;
  }
  HWY_INLINE const void* row(std::size_t index) const {
    return first + (ids == nullptr ? index : ids[index]) * stride_bytes;
  }
  /// Of rows by id, two lines: they take the miss of the page and start the
  /// CPU's own stream, which has more requests in flight than software gets. Measured on Sapphire Rapids, rows of
  /// 512 to 6,144 bytes in random order of 150 MB: none is 1 to 12 % slower, 1 to 8 lines are within 5 %, the group
  /// after next instead is slower.
  HWY_INLINE void prefetch(std::size_t index) const {
    // As integers: the second line may lie past the block, where a pointer may not point.
    const std::uintptr_t start = reinterpret_cast<std::uintptr_t>(first) + ids[index] * stride_bytes;
    __builtin_prefetch(reinterpret_cast<const void*>(start));
    __builtin_prefetch(reinterpret_cast<const void*>(start + cache_line));
  }
};

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_DISTANCE_ROW_PLACES_INL_HPP
