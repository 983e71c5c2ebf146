// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/lvq_row_kernels-inl.hpp -- distances of rows of scalar codes; compiled once for each target.
//
// Room:      exact products of an i8 query with codes of 8 or 4 bits, and the distance they make with a row's terms.
// Not here:  what they promise (simd/kernel_entries.hpp), codes (quantize/lvq_code_kernels-inl.hpp), AVX512_VNNI
//            (simd/x86_vnni_lvq-inl.hpp).
// Depends:   simd/kernels-inl.hpp, which sets up Highway and the ATLAS_KERNELS macros.
#if defined(ATLAS_QUANTIZE_LVQ_ROW_KERNELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_QUANTIZE_LVQ_ROW_KERNELS_INL_HPP
#undef ATLAS_QUANTIZE_LVQ_ROW_KERNELS_INL_HPP
#else
#define ATLAS_QUANTIZE_LVQ_ROW_KERNELS_INL_HPP
#endif

#include <atlas/distance/components-inl.hpp>  // four_sums
#include <atlas/distance/row_places-inl.hpp>  // row_places

#include <cstring>  // std::memcpy

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

// Products reach 65,535 * 255 * 127 < 2^31 in either direction, so 32 bits hold every sum of some of them.

#if ATLAS_KERNELS_PLAIN

inline constexpr std::size_t lvq_rows_at_once = 1;

struct lvq8_codes {
  static std::int32_t product(const std::int8_t* components, const std::uint8_t* codes, std::size_t dimension) {
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < dimension; ++i) sum += std::int32_t{components[i]} * codes[i];
    return sum;
  }
};
struct lvq4_codes {
  static std::int32_t product(const std::int8_t* components, const std::uint8_t* codes, std::size_t dimension) {
    std::int32_t sum = 0;
    for (std::size_t first = 0; first < dimension; first += 128, codes += 64) {
      const std::size_t left = dimension - first < 64 ? dimension - first : 64;  // the query is 0 beyond its dimension
      for (std::size_t i = 0; i < left; ++i) {
        sum += components[first + i] * (codes[i] & 15) + components[first + 64 + i] * (codes[i] >> 4);
      }
    }
    return sum;
  }
};

template <class Codes>
inline void lvq_distances_of(const kernels_v1::lvq_query& query, const void* const* rows, std::size_t dimension,
                             std::size_t code_bytes, float* out) {
  const auto* codes = static_cast<const std::uint8_t*>(rows[0]);
  kernels_v1::lvq_terms terms;
  std::memcpy(&terms, codes + code_bytes, sizeof terms);
  const auto dot = static_cast<float>(Codes::product(query.components, codes, dimension));
  const float inner = query.middle * terms.sum + (query.step_sum * terms.lower + query.step * terms.step * dot);
  const float distance = query.base + terms.norm - query.weight * inner;
  out[0] = distance == distance ? distance : __builtin_inff();
}

#else

inline constexpr std::size_t lvq_rows_at_once = 4;

using lanes_bytes = hn::ScalableTag<std::uint8_t>;
using lanes_pairs = hn::ScalableTag<std::uint16_t>;
using vector_i16 = hn::Vec<lanes_i16>;
using vector_pairs = hn::Vec<lanes_pairs>;

/// Pairs of bytes as 16-bit numbers: the even bytes, and the odd ones. No byte crosses a lane, which would cost more.
HWY_INLINE vector_pairs byte_pairs(const void* from) {
  return hn::BitCast(lanes_pairs(), hn::Load(lanes_bytes(), static_cast<const std::uint8_t*>(from)));
}
HWY_INLINE vector_i16 even_signed(vector_pairs pairs) {
  return hn::ShiftRight<8>(hn::BitCast(lanes_i16(), hn::ShiftLeft<8>(pairs)));
}
HWY_INLINE vector_i16 odd_signed(vector_pairs pairs) { return hn::ShiftRight<8>(hn::BitCast(lanes_i16(), pairs)); }

struct lvq_sum {
  vector_i32 lower;
  vector_i32 upper;  // where a target sums halves apart
  HWY_INLINE lvq_sum() : lower(hn::Zero(lanes_i32())), upper(hn::Zero(lanes_i32())) {}
  HWY_INLINE void add(vector_i16 components, vector_pairs codes) {
    lower = hn::ReorderWidenMulAccumulate(lanes_i32(), components, hn::BitCast(lanes_i16(), codes), lower, upper);
  }
  HWY_INLINE vector_i32 total() const { return hn::Add(lower, upper); }
};

/// A step is a vector of codes of each row: add(step, query's components there, `Rows` rows, their sums).
struct lvq8_codes {
  static constexpr std::size_t codes_of_block = 64;
  template <std::size_t Rows>
  static HWY_INLINE void add(std::size_t at, const std::int8_t* components, const void* const* rows, lvq_sum* sums) {
    const auto pairs = byte_pairs(components);
    const auto even = even_signed(pairs);
    const auto odd = odd_signed(pairs);
    const auto even_bytes = hn::Set(lanes_pairs(), 0xFF);
    for (std::size_t row = 0; row < Rows; ++row) {
      const auto codes = byte_pairs(static_cast<const std::uint8_t*>(rows[row]) + at);
      sums[row].add(even, hn::And(codes, even_bytes));
      sums[row].add(odd, hn::ShiftRight<8>(codes));
    }
  }
};
struct lvq4_codes {
  static constexpr std::size_t codes_of_block = 128;
  template <std::size_t Rows>
  static HWY_INLINE void add(std::size_t at, const std::int8_t* components, const void* const* rows, lvq_sum* sums) {
    const auto first = byte_pairs(components);
    const auto second = byte_pairs(components + 64);
    const auto first_even = even_signed(first);
    const auto first_odd = odd_signed(first);
    const auto second_even = even_signed(second);
    const auto second_odd = odd_signed(second);
    const auto half_bytes = hn::Set(lanes_pairs(), 0x0F);
    for (std::size_t row = 0; row < Rows; ++row) {
      const auto codes = byte_pairs(static_cast<const std::uint8_t*>(rows[row]) + at);
      sums[row].add(first_even, hn::And(codes, half_bytes));
      sums[row].add(second_even, hn::And(hn::ShiftRight<4>(codes), half_bytes));
      sums[row].add(first_odd, hn::And(hn::ShiftRight<8>(codes), half_bytes));
      sums[row].add(second_odd, hn::ShiftRight<12>(codes));
    }
  }
};

/// The products of four rows, of which only the first `Rows` are read; the others' are the first's.
template <class Codes, std::size_t Rows>
HWY_INLINE hn::Vec<hn::Full128<std::int32_t>> lvq_products(const std::int8_t* components, const void* const* rows,
                                                           std::size_t dimension) {
  constexpr std::size_t vector_bytes = HWY_LANES(std::uint8_t);
  lvq_sum sums[Rows];
  // The query's zeros and the row's stride go on to the end of the last block.
  std::size_t at = 0;
  for (std::size_t first = 0; first < dimension; first += Codes::codes_of_block) {
    for (std::size_t part = 0; part < 64 && first + part < dimension; part += vector_bytes, at += vector_bytes) {
      Codes::template add<Rows>(at, components + first + part, rows, sums);
    }
  }
  const auto total = sums[0].total();
  if constexpr (Rows == 1) return four_sums(lanes_i32(), total, total, total, total);
  if constexpr (Rows == 4) return four_sums(lanes_i32(), total, sums[1].total(), sums[2].total(), sums[3].total());
}

/// Distances of `Rows` rows, one or four, from the terms side by side.
template <class Codes, std::size_t Rows>
HWY_INLINE void lvq_distances_of(const kernels_v1::lvq_query& query, const void* const* rows, std::size_t dimension,
                                 std::size_t code_bytes, float* out) {
  const hn::Full128<float> four;
  const auto terms = [&](std::size_t row) HWY_ATTR {
    return hn::Load(four,
                    reinterpret_cast<const float*>(static_cast<const char*>(rows[row < Rows ? row : 0]) + code_bytes));
  };
  const auto a = terms(0);
  const auto b = terms(1);
  const auto c = terms(2);
  const auto d = terms(3);
  const hn::Full128<std::uint64_t> pairs;
  const auto lower_ab = hn::BitCast(pairs, hn::InterleaveLower(four, a, b));
  const auto upper_ab = hn::BitCast(pairs, hn::InterleaveUpper(four, a, b));
  const auto lower_cd = hn::BitCast(pairs, hn::InterleaveLower(four, c, d));
  const auto upper_cd = hn::BitCast(pairs, hn::InterleaveUpper(four, c, d));
  const auto norm = hn::BitCast(four, hn::InterleaveLower(pairs, lower_ab, lower_cd));
  const auto lower = hn::BitCast(four, hn::InterleaveUpper(pairs, lower_ab, lower_cd));
  const auto step = hn::BitCast(four, hn::InterleaveLower(pairs, upper_ab, upper_cd));
  const auto sum = hn::BitCast(four, hn::InterleaveUpper(pairs, upper_ab, upper_cd));

  const auto dot = hn::ConvertTo(four, lvq_products<Codes, Rows>(query.components, rows, dimension));
  auto inner = hn::Mul(hn::Mul(hn::Set(four, query.step), step), dot);
  inner = hn::MulAdd(hn::Set(four, query.step_sum), lower, inner);
  inner = hn::MulAdd(hn::Set(four, query.middle), sum, inner);
  auto distance = hn::NegMulAdd(hn::Set(four, query.weight), inner, hn::Add(hn::Set(four, query.base), norm));
  distance = hn::IfThenElse(hn::Eq(distance, distance), distance, hn::Set(four, __builtin_inff()));
  if constexpr (Rows == 4) {
    hn::StoreU(distance, four, out);
  } else {
    out[0] = hn::GetLane(distance);
  }
}

#endif  // ATLAS_KERNELS_PLAIN

/// All lines of a row.
HWY_INLINE void lvq_prefetch(const void* row, std::size_t row_bytes) {
  for (std::size_t at = 0; at < row_bytes; at += cache_line) __builtin_prefetch(static_cast<const char*>(row) + at);
}

template <class Codes>
inline void lvq_kernel(const kernels_v1::lvq_query& query, const void* rows, std::size_t stride_bytes,
                       const std::uint32_t* ids, std::size_t count, std::size_t dimension, std::size_t code_bytes,
                       std::size_t prefetch_rows, float* out) {
  const row_places places{static_cast<const char*>(rows), stride_bytes, ids};
  const std::size_t row_bytes = code_bytes + sizeof(kernels_v1::lvq_terms);
  const std::size_t ahead = prefetch_rows < count ? prefetch_rows : count;
  std::size_t asked_for = 0;
  for (; asked_for < ahead; ++asked_for) lvq_prefetch(places.row(asked_for), row_bytes);

  constexpr std::size_t group = lvq_rows_at_once;
  const void* starts[group];
  std::size_t done = 0;
  for (; done + group <= count; done += group) {
    if (ahead != 0) {
      for (; asked_for < done + group + ahead && asked_for < count; ++asked_for) {
        lvq_prefetch(places.row(asked_for), row_bytes);
      }
    }
    for (std::size_t row = 0; row < group; ++row) starts[row] = places.row(done + row);
#if ATLAS_KERNELS_PLAIN
    lvq_distances_of<Codes>(query, starts, dimension, code_bytes, out + done);
#else
    lvq_distances_of<Codes, group>(query, starts, dimension, code_bytes, out + done);
#endif
  }
#if !ATLAS_KERNELS_PLAIN
  const std::size_t left = count - done;
  if (left == 0) return;
  for (std::size_t row = 0; row < group; ++row) starts[row] = places.row(done + (row < left ? row : 0));
  if (left == 1) return lvq_distances_of<Codes, 1>(query, starts, dimension, code_bytes, out + done);
  float distances[group];
  lvq_distances_of<Codes, group>(query, starts, dimension, code_bytes, distances);
  for (std::size_t row = 0; row < left; ++row) out[done + row] = distances[row];
#endif
}

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_QUANTIZE_LVQ_ROW_KERNELS_INL_HPP
