// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/panel_kernels-inl.hpp -- many queries against many rows; compiled once for each target.
//
// Room:      panels of float32 queries, their products with and differences from rows, and which of the products are
//            small enough.
// Not here:  what they promise (simd/kernel_entries.hpp), panels of smaller numbers (simd/x86_amx-inl.hpp,
//            simd/x86_vnni_panel-inl.hpp), the search made of them (distance/nearest_many.hpp).
// Depends:   simd/kernels-inl.hpp, which includes this and sets up Highway and the ATLAS_KERNELS macros.
//
// A panel is [dimension, queries] floats. One lane is one query: a component of a row is broadcast, and its product
// with (or squared difference from) a component of all queries is added to sums that stay in registers for the whole
// dimension, one for each pair, in the order of the components. So a pair gives the same bits in whatever tile, lane
// and count it is met.
#if defined(ATLAS_DISTANCE_PANEL_KERNELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_DISTANCE_PANEL_KERNELS_INL_HPP
#undef ATLAS_DISTANCE_PANEL_KERNELS_INL_HPP
#else
#define ATLAS_DISTANCE_PANEL_KERNELS_INL_HPP
#endif

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

/// Writes the numbers of the bits set, plus `first`. @return how many
HWY_INLINE std::size_t append_bits(std::uint64_t bits, std::size_t first, std::uint32_t* found) {
  std::size_t count = 0;
  for (; bits != 0; bits &= bits - 1) {
    found[count++] = static_cast<std::uint32_t>(first + static_cast<std::size_t>(__builtin_ctzll(bits)));
  }
  return count;
}

#if ATLAS_KERNELS_PLAIN

inline constexpr std::size_t panel_queries = 16;
inline constexpr std::size_t panel_rows = 1;
inline constexpr std::size_t panel_16_rows = 1;

template <std::size_t Queries>
HWY_INLINE void pack_queries(const char* first, std::size_t stride_bytes, std::size_t count, std::size_t dimension,
                             float* panel) {
  for (std::size_t query = 0; query < count; ++query) {
    const float* from = reinterpret_cast<const float*>(first + query * stride_bytes);
    for (std::size_t i = 0; i < dimension; ++i) panel[i * Queries + query] = from[i];
  }
}

struct product {
  static HWY_INLINE float added(float component, float query, float sum) { return sum + component * query; }
};
struct squared_difference {
  static HWY_INLINE float added(float component, float query, float sum) {
    return sum + (component - query) * (component - query);
  }
};

template <class Term, std::size_t Queries, std::size_t Rows>
HWY_INLINE void all_sums(const float* panel, const char* rows, std::size_t stride_bytes, std::size_t count,
                         std::size_t dimension, float* out) {
  for (; count != 0; --count, rows += stride_bytes, out += Queries) {
    const float* row = reinterpret_cast<const float*>(rows);
    float sums[Queries] = {};
    for (std::size_t i = 0; i < dimension; ++i) {
      for (std::size_t lane = 0; lane < Queries; ++lane) {
        sums[lane] = Term::added(row[i], panel[i * Queries + lane], sums[lane]);
      }
    }
    for (std::size_t lane = 0; lane < Queries; ++lane) out[lane] = sums[lane];
  }
}

inline std::size_t select_products(const float* products, std::size_t count, std::size_t queries, const float* factors,
                                   const float* terms, const float* limits, std::uint32_t* found) {
  std::size_t found_count = 0;
  for (std::size_t row = 0; row < count; ++row) {
    std::uint64_t keep = 0;
    for (std::size_t lane = 0; lane < queries; ++lane) {
      const bool is_too_far = products[row * queries + lane] * factors[row] + terms[row] > limits[lane];
      keep |= std::uint64_t{!is_too_far} << lane;
    }
    found_count += append_bits(keep, row * queries, found + found_count);
  }
  return found_count;
}

#else

namespace hn = hwy::HWY_NAMESPACE;

using panel_lanes = hn::ScalableTag<float>;
using panel_vector = hn::Vec<panel_lanes>;
inline constexpr std::size_t panel_lane_count = HWY_LANES(float);

// The sums of a tile, a tile's part of the panel, one broadcast component and one difference must fit the registers,
// and the tile be large enough that loads (rows + vectors a component) stay below half of the multiply-adds
// (rows * vectors).
#if HWY_TARGET == HWY_AVX3
inline constexpr std::size_t panel_queries = 32;
inline constexpr std::size_t panel_rows = 12;
inline constexpr std::size_t panel_16_rows = 24;
inline constexpr std::size_t tile_vectors = 2;
#elif HWY_ARCH_ARM
inline constexpr std::size_t panel_queries = 16;
inline constexpr std::size_t panel_rows = 5;
inline constexpr std::size_t panel_16_rows = 5;
inline constexpr std::size_t tile_vectors = 4;
#else
inline constexpr std::size_t panel_queries = 16;
inline constexpr std::size_t panel_rows = 6;
inline constexpr std::size_t panel_16_rows = 6;
inline constexpr std::size_t tile_vectors = 2;
#endif

inline constexpr std::size_t line_floats = cache_line / sizeof(float);

// Lists and not arrays, so that every vector has a register of its own at any optimisation level; constructors
// that name their target, because gcc gives an implicit one none and then refuses to inline Highway's into it.

/// What a component adds to the sum of a pair.
struct product {
  static HWY_INLINE panel_vector added(panel_vector component, panel_vector query, panel_vector sum) {
    return hn::MulAdd(component, query, sum);
  }
};
struct squared_difference {
  static HWY_INLINE panel_vector added(panel_vector component, panel_vector query, panel_vector sum) {
    const panel_vector difference = hn::Sub(component, query);
    return hn::MulAdd(difference, difference, sum);
  }
};

/// One component of some queries.
template <std::size_t Vectors>
struct query_vectors {
  panel_vector first;
  query_vectors<Vectors - 1> others;
  HWY_INLINE explicit query_vectors(const float* from)
      : first(hn::Load(panel_lanes(), from)), others(from + panel_lane_count) {}
};
template <>
struct query_vectors<0> {
  HWY_INLINE explicit query_vectors(const float*) {}
};

/// The sums of some queries and one row.
template <class Term, std::size_t Vectors>
struct query_sums {
  panel_vector sum;
  query_sums<Term, Vectors - 1> others;
  HWY_INLINE query_sums() : sum(hn::Zero(panel_lanes())), others() {}
  HWY_INLINE void add(panel_vector component, const query_vectors<Vectors>& queries) {
    sum = Term::added(component, queries.first, sum);
    others.add(component, queries.others);
  }
  HWY_INLINE void store(float* out) const {
    hn::Store(sum, panel_lanes(), out);
    others.store(out + panel_lane_count);
  }
};
template <class Term>
struct query_sums<Term, 0> {
  HWY_INLINE query_sums() {}
  HWY_INLINE void add(panel_vector, const query_vectors<0>&) {}
  HWY_INLINE void store(float*) const {}
};

/// The sums of some queries and `Rows` rows.
template <class Term, std::size_t Rows, std::size_t Vectors>
struct tile_sums {
  query_sums<Term, Vectors> sums;
  tile_sums<Term, Rows - 1, Vectors> others;
  HWY_INLINE tile_sums() : sums(), others() {}
  HWY_INLINE void add(const char* row, std::size_t stride_bytes, const query_vectors<Vectors>& queries) {
    sums.add(hn::Set(panel_lanes(), *reinterpret_cast<const float*>(row)), queries);
    // After the last row of a block there may be nothing that a pointer may point to.
    if constexpr (Rows > 1) others.add(row + stride_bytes, stride_bytes, queries);
  }
  HWY_INLINE void store(float* out, std::size_t out_stride) const {
    sums.store(out);
    if constexpr (Rows > 1) others.store(out + out_stride, out_stride);
  }
};
template <class Term, std::size_t Vectors>
struct tile_sums<Term, 0, Vectors> {
  HWY_INLINE tile_sums() {}
};

/// The next tile's rows are fetched meanwhile, line by line of each: so many streams are more than the CPU follows
/// by itself. Measured on Sapphire Rapids, 60,000 x 784 from DRAM, one core: 32 queries in 18.9 ms instead of
/// 28.0, 16 queries in 13.8 ms instead of 22; rows in cache are 3 % slower. Row after row instead: 23 and 20 ms.
template <class Term, std::size_t Queries, std::size_t Rows, std::size_t Vectors>
HWY_NOINLINE void one_tile(const float* panel, const char* rows, std::size_t stride_bytes, std::size_t dimension,
                           float* out) {
  tile_sums<Term, Rows, Vectors> sums;
  std::size_t left = dimension;
  // As an integer: the rows after this tile may lie past the block, where a pointer may not point.
  for (std::uintptr_t next = reinterpret_cast<std::uintptr_t>(rows) + Rows * stride_bytes; left >= line_floats;
       left -= line_floats, next += cache_line) {
    for (std::size_t row = 0; row < Rows; ++row) {
      __builtin_prefetch(reinterpret_cast<const void*>(next + row * stride_bytes), 0, 2);
    }
    for (std::size_t i = 0; i < line_floats; ++i, rows += sizeof(float), panel += Queries) {
      sums.add(rows, stride_bytes, query_vectors<Vectors>(panel));
    }
  }
  for (; left != 0; --left, rows += sizeof(float), panel += Queries) {
    sums.add(rows, stride_bytes, query_vectors<Vectors>(panel));
  }
  sums.store(out, Queries);
}

/// In tiles of `Rows` rows, the rest in ones of half as many and so on.
template <class Term, std::size_t Queries, std::size_t Rows>
HWY_INLINE void all_sums(const float* panel, const char* rows, std::size_t stride_bytes, std::size_t count,
                         std::size_t dimension, float* out) {
  constexpr std::size_t vectors = HWY_MIN(tile_vectors, Queries / panel_lane_count);
  for (; count >= Rows; count -= Rows, rows += Rows * stride_bytes, out += Rows * Queries) {
    for (std::size_t lane = 0; lane < Queries; lane += vectors * panel_lane_count) {
      one_tile<Term, Queries, Rows, vectors>(panel + lane, rows, stride_bytes, dimension, out + lane);
    }
  }
  if constexpr (Rows > 1) all_sums<Term, Queries, Rows / 2>(panel, rows, stride_bytes, count, dimension, out);
}

/// Four components of four queries at a time: no lane is written alone.
template <std::size_t Queries>
HWY_INLINE void pack_queries(const char* first, std::size_t stride_bytes, std::size_t count, std::size_t dimension,
                             float* panel) {
  const hn::Full128<float> four;
  std::size_t query = 0;
  for (; query + 4 <= count; query += 4) {
    const float* const from_a = reinterpret_cast<const float*>(first + query * stride_bytes);
    const float* const from_b = reinterpret_cast<const float*>(first + (query + 1) * stride_bytes);
    const float* const from_c = reinterpret_cast<const float*>(first + (query + 2) * stride_bytes);
    const float* const from_d = reinterpret_cast<const float*>(first + (query + 3) * stride_bytes);
    float* to = panel + query;
    std::size_t i = 0;
    for (; i + 4 <= dimension; i += 4, to += 4 * Queries) {
      const auto a = hn::LoadU(four, from_a + i);
      const auto b = hn::LoadU(four, from_b + i);
      const auto c = hn::LoadU(four, from_c + i);
      const auto d = hn::LoadU(four, from_d + i);
      const auto ab_lower = hn::InterleaveLower(four, a, b);
      const auto ab_upper = hn::InterleaveUpper(four, a, b);
      const auto cd_lower = hn::InterleaveLower(four, c, d);
      const auto cd_upper = hn::InterleaveUpper(four, c, d);
      hn::Store(hn::ConcatLowerLower(four, cd_lower, ab_lower), four, to);
      hn::Store(hn::ConcatUpperUpper(four, cd_lower, ab_lower), four, to + Queries);
      hn::Store(hn::ConcatLowerLower(four, cd_upper, ab_upper), four, to + 2 * Queries);
      hn::Store(hn::ConcatUpperUpper(four, cd_upper, ab_upper), four, to + 3 * Queries);
    }
    for (; i < dimension; ++i, to += Queries) {
      to[0] = from_a[i];
      to[1] = from_b[i];
      to[2] = from_c[i];
      to[3] = from_d[i];
    }
  }
  for (; query < count; ++query) {
    const float* const from = reinterpret_cast<const float*>(first + query * stride_bytes);
    for (std::size_t i = 0; i < dimension; ++i) panel[i * Queries + query] = from[i];
  }
}

/// Which lanes of one row stay, as bits.
HWY_INLINE std::uint64_t lanes_kept(const float* products, std::size_t queries, float factor, float term,
                                    const float* limits) {
  const panel_lanes lanes;
  std::uint64_t keep = 0;
  for (std::size_t lane = 0; lane < queries; lane += panel_lane_count) {
    const auto value = hn::MulAdd(hn::Load(lanes, products + lane), hn::Set(lanes, factor), hn::Set(lanes, term));
    std::uint8_t bits[8] = {};  // StoreMaskBits may write all of them
    hn::StoreMaskBits(lanes, hn::Not(hn::Gt(value, hn::LoadU(lanes, limits + lane))), bits);
    const std::uint64_t word = panel_lane_count > 8 ? bits[0] | (std::uint64_t{bits[1]} << 8) : bits[0];
    keep |= word << lane;
  }
  return keep;
}

inline std::size_t select_products(const float* products, std::size_t count, std::size_t queries, const float* factors,
                                   const float* terms, const float* limits, std::uint32_t* found) {
  const panel_lanes lanes;
  std::size_t found_count = 0;
  std::size_t row = 0;
  // Almost always nothing of four rows is near enough, and one branch says so.
  for (; row + 4 <= count; row += 4) {
    const auto factor_a = hn::Set(lanes, factors[row]);
    const auto factor_b = hn::Set(lanes, factors[row + 1]);
    const auto factor_c = hn::Set(lanes, factors[row + 2]);
    const auto factor_d = hn::Set(lanes, factors[row + 3]);
    const auto term_a = hn::Set(lanes, terms[row]);
    const auto term_b = hn::Set(lanes, terms[row + 1]);
    const auto term_c = hn::Set(lanes, terms[row + 2]);
    const auto term_d = hn::Set(lanes, terms[row + 3]);
    const float* const from = products + row * queries;
    auto all_too_far = hn::MaskFromVec(hn::Zero(lanes));
    all_too_far = hn::Not(all_too_far);
    for (std::size_t lane = 0; lane < queries; lane += panel_lane_count) {
      const auto limit = hn::LoadU(lanes, limits + lane);
      const auto a = hn::Gt(hn::MulAdd(hn::Load(lanes, from + lane), factor_a, term_a), limit);
      const auto b = hn::Gt(hn::MulAdd(hn::Load(lanes, from + queries + lane), factor_b, term_b), limit);
      const auto c = hn::Gt(hn::MulAdd(hn::Load(lanes, from + 2 * queries + lane), factor_c, term_c), limit);
      const auto d = hn::Gt(hn::MulAdd(hn::Load(lanes, from + 3 * queries + lane), factor_d, term_d), limit);
      all_too_far = hn::And(all_too_far, hn::And(hn::And(a, b), hn::And(c, d)));
    }
    if (hn::AllTrue(lanes, all_too_far)) continue;
    for (std::size_t near = row; near < row + 4; ++near) {
      found_count += append_bits(lanes_kept(products + near * queries, queries, factors[near], terms[near], limits),
                                 near * queries, found + found_count);
    }
  }
  for (; row < count; ++row) {
    found_count += append_bits(lanes_kept(products + row * queries, queries, factors[row], terms[row], limits),
                               row * queries, found + found_count);
  }
  return found_count;
}

#endif  // ATLAS_KERNELS_PLAIN

template <std::size_t Queries>
inline std::size_t panel_bytes_f32(std::size_t dimension) {
  return dimension * Queries * sizeof(float);
}

template <std::size_t Queries>
inline void pack_f32(const float* queries, std::size_t stride_bytes, std::size_t count, std::size_t dimension,
                     void* panel, float* residuals) {
  float* const packed = static_cast<float*>(panel);
  if (count < Queries) {
    for (std::size_t i = 0; i < dimension * Queries; ++i) packed[i] = 0.0F;
  }
  pack_queries<Queries>(reinterpret_cast<const char*>(queries), stride_bytes, count, dimension, packed);
  for (std::size_t query = 0; query < count; ++query) residuals[query] = 0.0F;
}

template <class Term, std::size_t Queries, std::size_t Rows>
inline void sums_f32(const void* panel, const void* rows, std::size_t stride_bytes, std::size_t count,
                     std::size_t dimension, float* out) {
  all_sums<Term, Queries, Rows>(static_cast<const float*>(panel), static_cast<const char*>(rows), stride_bytes, count,
                                dimension, out);
}

template <std::size_t Queries, std::size_t Rows>
inline constexpr kernels_v1::panel_kernels panel_of = {
    .queries = Queries,
    .rows_at_once = Rows,
    .component_bytes = sizeof(float),
    .padded_to = 1,
    .panel_bytes = &panel_bytes_f32<Queries>,
    .pack = &pack_f32<Queries>,
    .prepare = nullptr,
    .products = &sums_f32<product, Queries, Rows>,
    .differences = &sums_f32<squared_difference, Queries, Rows>,
    .begin = nullptr,
    .end = nullptr,
};

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_DISTANCE_PANEL_KERNELS_INL_HPP
