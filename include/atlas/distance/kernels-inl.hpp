// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/kernels-inl.hpp -- the float32 distance loops; compiled once for each target.
//
// Room:      squared differences and products: one to one, rows, gathered rows.
// Not here:  what they promise (simd/kernel_entries.hpp), metrics made of them (distance.hpp).
// Depends:   simd/kernels-inl.hpp, which includes this and sets up Highway and the ATLAS_KERNELS macros.
#if defined(ATLAS_DISTANCE_KERNELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_DISTANCE_KERNELS_INL_HPP
#undef ATLAS_DISTANCE_KERNELS_INL_HPP
#else
#define ATLAS_DISTANCE_KERNELS_INL_HPP
#endif

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

#if ATLAS_KERNELS_PLAIN

struct l2sq_step {
  static HWY_INLINE float add(float a, float b, float sum) { return sum + (a - b) * (a - b); }
};
struct dot_step {
  static HWY_INLINE float add(float a, float b, float sum) { return sum + a * b; }
};

inline constexpr std::size_t rows_at_once = 1;

/// Eight sums, so that the compiler may keep them in vectors without reordering anything.
template <class Step, std::size_t Rows>
HWY_NOINLINE void few_rows(const float* query, const float* const* rows, std::size_t dimension, float* out) {
  const float* row = rows[0];
  float sums[8] = {};
  std::size_t i = 0;
  for (; i + 8 <= dimension; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) sums[lane] = Step::add(query[i + lane], row[i + lane], sums[lane]);
  }
  for (std::size_t lane = 0; i < dimension; ++i, ++lane) sums[lane] = Step::add(query[i], row[i], sums[lane]);
  out[0] = ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

#else

namespace hn = hwy::HWY_NAMESPACE;

using lanes_f32 = hn::ScalableTag<float>;
using vector_f32 = hn::Vec<lanes_f32>;
inline constexpr std::size_t lane_count = HWY_LANES(float);

struct l2sq_step {
  static HWY_INLINE vector_f32 add(vector_f32 a, vector_f32 b, vector_f32 sum) {
    const vector_f32 difference = hn::Sub(a, b);
    return hn::MulAdd(difference, difference, sum);
  }
  static HWY_INLINE float add_one(float a, float b, float sum) { return sum + (a - b) * (a - b); }
};
struct dot_step {
  static HWY_INLINE vector_f32 add(vector_f32 a, vector_f32 b, vector_f32 sum) { return hn::MulAdd(a, b, sum); }
  static HWY_INLINE float add_one(float a, float b, float sum) { return sum + a * b; }
};

/// Four sums a row hide the latency of the multiply-add for one row alone, and 32 registers hold four
/// rows of them; with 16 registers two rows share the query's loads.
#if HWY_TARGET == HWY_AVX3 || HWY_ARCH_ARM
inline constexpr std::size_t rows_at_once = 4;
#else
inline constexpr std::size_t rows_at_once = 2;
#endif

/// The sums of `Rows` rows. A list and not an array of rows, so that every vector has a register of its
/// own at any optimisation level.
template <class Step, std::size_t Rows>
struct row_sums {
  vector_f32 sums[4];
  const float* row;
  row_sums<Step, Rows - 1> others;

  // Not a member function called later: gcc gives an implicit constructor no target, and then refuses to
  // inline Highway's into it.
  HWY_INLINE explicit row_sums(const float* const* rows)
      : sums{hn::Zero(lanes_f32()), hn::Zero(lanes_f32()), hn::Zero(lanes_f32()), hn::Zero(lanes_f32())},
        row(rows[0]),
        others(rows + 1) {}
  template <std::size_t Slot>
  HWY_INLINE void add(vector_f32 query, std::size_t at) {
    sums[Slot] = Step::add(query, hn::LoadU(lanes_f32(), row + at), sums[Slot]);
    others.template add<Slot>(query, at);
  }
#if HWY_TARGET == HWY_AVX3
  HWY_INLINE void add_tail(vector_f32 query, hn::Mask<lanes_f32> keep, std::size_t at) {
    sums[3] = Step::add(query, hn::MaskedLoad(keep, lanes_f32(), row + at), sums[3]);
    others.add_tail(query, keep, at);
  }
#else
  HWY_INLINE void add_tail(vector_f32 query, hn::Mask<lanes_f32> keep, std::size_t at) {
    sums[3] = Step::add(query, hn::IfThenElseZero(keep, hn::LoadU(lanes_f32(), row + at)), sums[3]);
    others.add_tail(query, keep, at);
  }
#endif
  HWY_INLINE vector_f32 total() const { return hn::Add(hn::Add(sums[0], sums[1]), hn::Add(sums[2], sums[3])); }
};
template <class Step>
struct row_sums<Step, 0> {
  HWY_INLINE explicit row_sums(const float* const*) {}
  template <std::size_t Slot>
  HWY_INLINE void add(vector_f32, std::size_t) {}
  HWY_INLINE void add_tail(vector_f32, hn::Mask<lanes_f32>, std::size_t) {}
};

/// Adds the upper half to the lower until four lanes are left.
template <class Lanes, class Vector>
HWY_INLINE hn::Vec<hn::Full128<float> > fold(Lanes, Vector vector) {
  if constexpr (hn::MaxLanes(Lanes()) > 4) {
    const hn::Half<Lanes> half;
    return fold(half, hn::Add(hn::LowerHalf(half, vector), hn::UpperHalf(half, vector)));
  } else {
    return vector;
  }
}

HWY_INLINE float sum_of_lanes(vector_f32 vector) {
  const hn::Full128<float> four;
  const auto folded = fold(lanes_f32(), vector);
  const auto pairs = hn::Add(folded, hn::ConcatUpperUpper(four, folded, folded));
  return hn::GetLane(pairs) + hn::ExtractLane(pairs, 1);
}

/// The same additions as sum_of_lanes in the same order, for four rows in six shuffles.
HWY_INLINE void store_four_sums(vector_f32 a, vector_f32 b, vector_f32 c, vector_f32 d, float* out) {
  const hn::Full128<float> four;
  const lanes_f32 lanes;
  const auto a4 = fold(lanes, a);
  const auto b4 = fold(lanes, b);
  const auto c4 = fold(lanes, c);
  const auto d4 = fold(lanes, d);
  const auto ab = hn::Add(hn::InterleaveLower(four, a4, b4), hn::InterleaveUpper(four, a4, b4));
  const auto cd = hn::Add(hn::InterleaveLower(four, c4, d4), hn::InterleaveUpper(four, c4, d4));
  hn::StoreU(hn::Add(hn::ConcatLowerLower(four, cd, ab), hn::ConcatUpperUpper(four, cd, ab)), four, out);
}

/// Fewer components than a vector has lanes. One copy only, so that every entry gives the same bits
/// however the compiler contracts its multiplications and additions.
template <class Step>
HWY_NOINLINE float short_row(const float* query, const float* row, std::size_t dimension) {
  float sum = 0.0F;
  for (std::size_t i = 0; i < dimension; ++i) sum = Step::add_one(query[i], row[i], sum);
  return sum;
}

/// Up to four rows side by side.
template <class Step, std::size_t Rows>
HWY_INLINE void few_rows(const float* query, const float* const* rows, std::size_t dimension, float* out) {
  const lanes_f32 lanes;
#if HWY_TARGET != HWY_AVX3
  if (dimension < lane_count) {
    for (std::size_t row = 0; row < Rows; ++row) out[row] = short_row<Step>(query, rows[row], dimension);
    return;
  }
#endif
  row_sums<Step, Rows> sums(rows);
  std::size_t at = 0;
  for (; at + 4 * lane_count <= dimension; at += 4 * lane_count) {
    sums.template add<0>(hn::LoadU(lanes, query + at), at);
    sums.template add<1>(hn::LoadU(lanes, query + at + lane_count), at + lane_count);
    sums.template add<2>(hn::LoadU(lanes, query + at + 2 * lane_count), at + 2 * lane_count);
    sums.template add<3>(hn::LoadU(lanes, query + at + 3 * lane_count), at + 3 * lane_count);
  }
  if (at + 2 * lane_count <= dimension) {
    sums.template add<0>(hn::LoadU(lanes, query + at), at);
    sums.template add<1>(hn::LoadU(lanes, query + at + lane_count), at + lane_count);
    at += 2 * lane_count;
  }
  if (at + lane_count <= dimension) {
    sums.template add<2>(hn::LoadU(lanes, query + at), at);
    at += lane_count;
  }
  if (const std::size_t left = dimension - at; left != 0) {
#if HWY_TARGET == HWY_AVX3
    const auto keep = hn::FirstN(lanes, left);
    sums.add_tail(hn::MaskedLoad(keep, lanes, query + at), keep, at);
#else
    // The last whole vector again, without the lanes already counted: no byte past the row is read.
    const auto keep = hn::Not(hn::FirstN(lanes, lane_count - left));
    at = dimension - lane_count;
    sums.add_tail(hn::IfThenElseZero(keep, hn::LoadU(lanes, query + at)), keep, at);
#endif
  }
  if constexpr (Rows == 4) {
    store_four_sums(sums.total(), sums.others.total(), sums.others.others.total(), sums.others.others.others.total(),
                    out);
  } else {
    out[0] = sum_of_lanes(sums.total());
    if constexpr (Rows >= 2) out[1] = sum_of_lanes(sums.others.total());
    if constexpr (Rows == 3) out[2] = sum_of_lanes(sums.others.others.total());
  }
}

#endif  // ATLAS_KERNELS_PLAIN

/// Row i begins i * stride_bytes after the first. The CPU sees that and fetches ahead by itself.
struct rows_in_order {
  const char* first;
  std::size_t stride_bytes;

  HWY_INLINE const float* row(std::size_t index) const {
    return reinterpret_cast<const float*>(first + index * stride_bytes);
  }
  HWY_INLINE void prefetch(std::size_t) const {}
};

/// Row i begins ids[i] * stride_bytes after the first.
struct rows_by_id {
  const char* first;
  std::size_t stride_bytes;
  const std::uint32_t* ids;

  HWY_INLINE const float* row(std::size_t index) const {
    return reinterpret_cast<const float*>(first + ids[index] * stride_bytes);
  }
  /// Two lines: they take the miss of the page and start the CPU's own stream, which has more requests in
  /// flight than software gets. Measured on Sapphire Rapids, rows of 512 to 6,144 bytes in random order of
  /// 150 MB: none is 1 to 12 % slower, 1 to 8 lines are within 5 %, the group after next instead is slower.
  HWY_INLINE void prefetch(std::size_t index) const {
    // As integers: the second line may lie past the block, where a pointer may not point.
    const std::uintptr_t start = reinterpret_cast<std::uintptr_t>(first) + ids[index] * stride_bytes;
    __builtin_prefetch(reinterpret_cast<const void*>(start));
    __builtin_prefetch(reinterpret_cast<const void*>(start + cache_line));
  }
};

/// `count` rows in groups, so that the misses of one group overlap; the next group is asked for before
/// this one is computed. The rest is one smaller group.
template <class Step, class Place>
HWY_INLINE void each_row(const float* query, const Place& place, std::size_t count, std::size_t dimension, float* out) {
  const float* rows[rows_at_once];
  std::size_t done = 0;
  for (; done + rows_at_once <= count; done += rows_at_once) {
    const std::size_t next = done + rows_at_once;
    for (std::size_t row = 0; row < rows_at_once; ++row) rows[row] = place.row(done + row);
    for (std::size_t row = next; row < next + rows_at_once && row < count; ++row) place.prefetch(row);
    few_rows<Step, rows_at_once>(query, rows, dimension, out + done);
  }
  const std::size_t left = count - done;
  for (std::size_t row = 0; row < left; ++row) rows[row] = place.row(done + row);
  if constexpr (rows_at_once > 2) {
    if (left == 3) few_rows<Step, 3>(query, rows, dimension, out + done);
    if (left == 2) few_rows<Step, 2>(query, rows, dimension, out + done);
  }
  if (left == 1) few_rows<Step, 1>(query, rows, dimension, out + done);
}

template <class Step>
HWY_INLINE float one_row(const float* query, const float* row, std::size_t dimension) {
  float out;
  few_rows<Step, 1>(query, &row, dimension, &out);
  return out;
}

template <class Step>
HWY_INLINE void all_rows(const float* query, const void* first, std::size_t stride_bytes, std::size_t count,
                         std::size_t dimension, float* out) {
  each_row<Step>(query, rows_in_order{static_cast<const char*>(first), stride_bytes}, count, dimension, out);
}
template <class Step>
HWY_INLINE void gathered_rows(const float* query, const void* first, std::size_t stride_bytes, const std::uint32_t* ids,
                              std::size_t count, std::size_t dimension, float* out) {
  each_row<Step>(query, rows_by_id{static_cast<const char*>(first), stride_bytes, ids}, count, dimension, out);
}

inline float l2sq_f32(const float* a, const float* b, std::size_t dimension) {
  return one_row<l2sq_step>(a, b, dimension);
}
inline float dot_f32(const float* a, const float* b, std::size_t dimension) {
  return one_row<dot_step>(a, b, dimension);
}
inline void l2sq_rows_f32(const float* query, const void* rows, std::size_t stride_bytes, std::size_t count,
                          std::size_t dimension, float* out) {
  all_rows<l2sq_step>(query, rows, stride_bytes, count, dimension, out);
}
inline void dot_rows_f32(const float* query, const void* rows, std::size_t stride_bytes, std::size_t count,
                         std::size_t dimension, float* out) {
  all_rows<dot_step>(query, rows, stride_bytes, count, dimension, out);
}
inline void l2sq_gather_f32(const float* query, const void* rows, std::size_t stride_bytes, const std::uint32_t* ids,
                            std::size_t count, std::size_t dimension, float* out) {
  gathered_rows<l2sq_step>(query, rows, stride_bytes, ids, count, dimension, out);
}
inline void dot_gather_f32(const float* query, const void* rows, std::size_t stride_bytes, const std::uint32_t* ids,
                           std::size_t count, std::size_t dimension, float* out) {
  gathered_rows<dot_step>(query, rows, stride_bytes, ids, count, dimension, out);
}

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_DISTANCE_KERNELS_INL_HPP
