// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/keep_kernels-inl.hpp -- the nearest of some rows, without sorting them; compiled once for each
// target.
//
// Room:      keep_nearest.
// Not here:  what it promises (simd/kernel_entries.hpp), sorted answers (distance/top_k.hpp).
// Depends:   distance/components-inl.hpp.
#if defined(ATLAS_DISTANCE_KEEP_KERNELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_DISTANCE_KEEP_KERNELS_INL_HPP
#undef ATLAS_DISTANCE_KEEP_KERNELS_INL_HPP
#else
#define ATLAS_DISTANCE_KEEP_KERNELS_INL_HPP
#endif

#include <atlas/distance/components-inl.hpp>

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

/// Floats as integers in the same order, and back. @pre not NaN; -0 is given as 0
inline std::int32_t float_order(float number) {
  const auto bits = __builtin_bit_cast(std::int32_t, number);
  return bits >= 0 ? bits : static_cast<std::int32_t>(0x80000000U - static_cast<std::uint32_t>(bits));
}
inline float float_of_order(std::int32_t order) {
  return __builtin_bit_cast(float, order >= 0 ? static_cast<std::uint32_t>(order) : 0x80000000U - static_cast<std::uint32_t>(order));
}

#if ATLAS_KERNELS_PLAIN

inline std::size_t count_within(const float* distances, std::size_t count, float bound) {
  std::size_t within = 0;
  for (std::size_t i = 0; i < count; ++i) within += distances[i] <= bound ? 1U : 0U;
  return within;
}
inline void range_of(const float* distances, std::size_t count, float& least, float& greatest) {
  least = greatest = distances[0];
  for (std::size_t i = 1; i < count; ++i) {
    least = distances[i] < least ? distances[i] : least;
    greatest = distances[i] > greatest ? distances[i] : greatest;
  }
}
#else

/// A vector's worth of distances from `at` on; those from `count` on are NaN, which is within no bound.
HWY_INLINE vector_f32 distances_at(const float* distances, std::size_t at, std::size_t count) {
  const lanes_f32 lanes;
  const auto there = hn::LoadU(lanes, distances + at);
  if (at + HWY_LANES(float) <= count) return there;
  return hn::IfThenElse(hn::FirstN(lanes, count - at), there, hn::Set(lanes, __builtin_nanf("")));
}
inline std::size_t count_within(const float* distances, std::size_t count, float bound) {
  const lanes_f32 lanes;
  const hn::RebindToSigned<lanes_f32> numbers;
  const auto most = hn::Set(lanes, bound);
  auto within = hn::Zero(numbers);  // less one for each
  for (std::size_t at = 0; at < count; at += HWY_LANES(float)) {
    within = hn::Add(within, hn::VecFromMask(numbers, hn::RebindMask(numbers, hn::Le(distances_at(distances, at, count), most))));
  }
  return static_cast<std::size_t>(-sum_of_lanes(numbers, within));
}
inline void range_of(const float* distances, std::size_t count, float& least, float& greatest) {
  const lanes_f32 lanes;
  auto smallest = hn::Set(lanes, distances[0]);
  auto largest = smallest;
  for (std::size_t at = 0; at < count; at += HWY_LANES(float)) {
    const auto there = hn::LoadU(lanes, distances + at);
    const auto some = at + HWY_LANES(float) <= count ? there : hn::IfThenElse(hn::FirstN(lanes, count - at), there, smallest);
    smallest = hn::Min(smallest, some);
    largest = hn::Max(largest, hn::IfThenElse(hn::FirstN(lanes, count - at), some, largest));
  }
  least = hn::GetLane(hn::MinOfLanes(lanes, smallest));
  greatest = hn::GetLane(hn::MaxOfLanes(lanes, largest));
}

#endif  // ATLAS_KERNELS_PLAIN

#if HWY_TARGET == HWY_AVX3

inline std::size_t keep_within(float* distances, std::uint32_t* rows, std::size_t count, float bound) {
  const lanes_f32 lanes;
  const hn::RebindToUnsigned<lanes_f32> numbers;
  std::size_t kept = 0;
  for (std::size_t at = 0; at < count; at += HWY_LANES(float)) {
    const auto some = distances_at(distances, at, count);
    const auto of_rows = hn::LoadU(numbers, rows + at);
    const auto within = hn::Le(some, hn::Set(lanes, bound));
    // In registers, then whole: Zen 4 takes a hundred cycles to compress into memory.
    hn::StoreU(hn::Compress(some, within), lanes, distances + kept);
    hn::StoreU(hn::Compress(of_rows, hn::RebindMask(numbers, within)), numbers, rows + kept);
    kept += hn::CountTrue(lanes, within);
  }
  return kept;
}

#else

// What other targets have needs Highway's library where assertions are on.
inline std::size_t keep_within(float* distances, std::uint32_t* rows, std::size_t count, float bound) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    distances[kept] = distances[i];
    rows[kept] = rows[i];
    kept += distances[kept] <= bound ? 1U : 0U;
  }
  return kept;
}

#endif

/// Takes the rows with the highest numbers out of those at `bound`, until `most` pairs are left.
inline std::size_t drop_ties(float* distances, std::uint32_t* rows, std::size_t count, std::size_t most, float bound) {
  std::size_t nearer = 0;
  for (std::size_t i = 0; i < count; ++i) nearer += distances[i] < bound ? 1U : 0U;
  std::uint32_t last = 0;  // the highest row number to keep, bit by bit
  for (std::uint32_t bit = 0x80000000U; bit != 0; bit >>= 1) {
    std::size_t below = nearer;
    for (std::size_t i = 0; i < count; ++i) below += distances[i] == bound && rows[i] < (last | bit) ? 1U : 0U;
    if (below < most) last |= bit;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count && kept < most; ++i) {
    if (distances[i] == bound && rows[i] > last) continue;
    distances[kept] = distances[i];
    rows[kept++] = rows[i];
  }
  return kept;
}

inline std::size_t keep_nearest(float* distances, std::uint32_t* rows, std::size_t count, std::size_t most, float* bound) {
  float least = 0.0F;
  float greatest = 0.0F;
  range_of(distances, count, least, greatest);
  *bound = greatest;
  if (count <= most) return count;
  // Halves the range that the most-th lies in, until as many are within it, or more are equally far.
  std::int64_t low = float_order(least + 0.0F) - std::int64_t{1};
  std::int64_t high = float_order(greatest + 0.0F);
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    const std::size_t within = count_within(distances, count, float_of_order(static_cast<std::int32_t>(middle)));
    (within < most ? low : high) = middle;
    if (within == most) break;
  }
  const float last = float_of_order(static_cast<std::int32_t>(high));
  std::size_t kept = keep_within(distances, rows, count, last);
  if (kept > most) kept = drop_ties(distances, rows, kept, most, last);
  *bound = last;
  return kept;
}

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_DISTANCE_KEEP_KERNELS_INL_HPP
