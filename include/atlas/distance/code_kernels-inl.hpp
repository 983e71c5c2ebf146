// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/code_kernels-inl.hpp -- distances of quantised codes by table; compiled once for each target.
//
// Room:      sums of table entries that codes of 8 or 4 bits name.
// Not here:  what they promise (simd/kernel_entries.hpp), shapes and packing (distance/code_distance.hpp).
// Depends:   simd/kernels-inl.hpp, which sets up Highway and the ATLAS_KERNELS macros.
#if defined(ATLAS_DISTANCE_CODE_KERNELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_DISTANCE_CODE_KERNELS_INL_HPP
#undef ATLAS_DISTANCE_CODE_KERNELS_INL_HPP
#else
#define ATLAS_DISTANCE_CODE_KERNELS_INL_HPP
#endif

#include <cstring>  // std::memcpy

ATLAS_KERNELS_BEGIN

// Plain C++ on all targets, and before HWY_BEFORE_NAMESPACE, which would allow AVX: VADDSS with an index is two
// operations where ADDSS is one. Measured on Sapphire Rapids with 8 to 64 parts, entries a nanosecond, gcc 12: 5.0 to
// 6.0 so, 3.6 to 4.5 with AVX; four or eight rows side by side 4.0 to 5.5; gathers of 16 lanes 2.4 to 5.2, of 8 lanes
// 2.0 to 4.3.

/// Entries of eight parts: one load for the codes, because loads are what takes time, and two chains of additions.
inline float pq8_eight(const float* tables, const std::uint8_t* codes) {
  std::uint64_t eight;
  std::memcpy(&eight, codes, sizeof eight);
  float even = tables[eight & 0xFFU];
  float odd = tables[256 + ((eight >> 8) & 0xFFU)];
  even += tables[512 + ((eight >> 16) & 0xFFU)];
  odd += tables[768 + ((eight >> 24) & 0xFFU)];
  even += tables[1024 + ((eight >> 32) & 0xFFU)];
  odd += tables[1280 + ((eight >> 40) & 0xFFU)];
  even += tables[1536 + ((eight >> 48) & 0xFFU)];
  odd += tables[1792 + (eight >> 56)];
  return even + odd;
}

inline void pq8(const float* tables, const std::uint8_t* codes, std::size_t stride_bytes, std::size_t count,
                std::size_t parts, float* out) {
  const std::size_t whole = parts & ~std::size_t{7};
  std::size_t row = 0;
  for (; row + 2 <= count; row += 2) {  // each with the additions of a row alone
    const std::uint8_t* first = codes + row * stride_bytes;
    const std::uint8_t* second = first + stride_bytes;
    float first_sum = 0.0F;
    float second_sum = 0.0F;
    std::size_t part = 0;
    for (; part < whole; part += 8) {
      first_sum += pq8_eight(tables + part * 256, first + part);
      second_sum += pq8_eight(tables + part * 256, second + part);
    }
    for (; part < parts; ++part) {
      first_sum += tables[part * 256 + first[part]];
      second_sum += tables[part * 256 + second[part]];
    }
    out[row] = first_sum;
    out[row + 1] = second_sum;
  }
  if (row == count) return;
  const std::uint8_t* last = codes + row * stride_bytes;
  float sum = 0.0F;
  std::size_t part = 0;
  for (; part < whole; part += 8) sum += pq8_eight(tables + part * 256, last + part);
  for (; part < parts; ++part) sum += tables[part * 256 + last[part]];
  out[row] = sum;
}

ATLAS_KERNELS_END
HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

#if ATLAS_KERNELS_PLAIN

inline void pq4(const std::uint8_t* tables, const std::uint8_t* blocks, std::size_t block_count, std::size_t parts,
                std::uint16_t* out) {
  for (std::size_t block = 0; block < block_count; ++block) {
    std::uint16_t sums[32] = {};
    for (std::size_t part = 0; part < parts; part += 2, blocks += 32) {
      const std::uint8_t* even = tables + part * 16;
      const std::uint8_t* odd = even + 16;
      for (std::size_t row = 0; row < 32; ++row) {
        sums[row] = static_cast<std::uint16_t>(sums[row] + even[blocks[row] & 15] + odd[blocks[row] >> 4]);
      }
    }
    std::memcpy(out + block * 32, sums, sizeof sums);
  }
}

#else

namespace hn = hwy::HWY_NAMESPACE;

using lanes_u8 = hn::ScalableTag<std::uint8_t>;
using lanes_u16 = hn::ScalableTag<std::uint16_t>;
using vector_u8 = hn::Vec<lanes_u8>;
using vector_u16 = hn::Vec<lanes_u16>;

/// A block's pair of parts is 32 bytes: `pq4_vectors` vectors, or with 64 bytes a vector `pq4_pairs` of them in one,
/// which looks up 70 entries a nanosecond instead of 66 (Sapphire Rapids, 64 parts, L2 cache).
inline constexpr std::size_t pq4_vector_bytes = HWY_LANES(std::uint8_t);
inline constexpr std::size_t pq4_pairs = pq4_vector_bytes > 32 ? pq4_vector_bytes / 32 : 1;
inline constexpr std::size_t pq4_vectors = pq4_vector_bytes < 32 ? 32 / pq4_vector_bytes : 1;

/// The tables of one step's even or odd parts, as TableLookupBytes wants them: each 16 bytes of a vector hold those of
/// the part whose codes lie there.
#if HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86
HWY_INLINE vector_u8 pq4_tables(const std::uint8_t* first) {
  const lanes_u8 lanes;
  const auto upper = hn::LoadDup128(lanes, first + 32);
  return hn::ConcatUpperLower(lanes, upper, hn::LoadDup128(lanes, first));
}
#else
HWY_INLINE vector_u8 pq4_tables(const std::uint8_t* first) { return hn::LoadDup128(lanes_u8(), first); }
#endif

/// Sums of a block's rows. Entries are added in pairs, as 16-bit numbers: `all` is the sum of the even rows and 256
/// times that of the odd ones, modulo 2^16; `odd` is that of the odd ones, so both can be told apart.
struct pq4_sums {
  vector_u16 all;
  vector_u16 odd;
  HWY_INLINE pq4_sums() : all(hn::Zero(lanes_u16())), odd(hn::Zero(lanes_u16())) {}
  HWY_INLINE void add(vector_u8 entries) {
    const auto pairs = hn::BitCast(lanes_u16(), entries);
    all = hn::Add(all, pairs);
    odd = hn::Add(odd, hn::ShiftRight<8>(pairs));
  }
  HWY_INLINE void add_codes(vector_u8 codes, vector_u8 even_tables, vector_u8 odd_tables) {
    const lanes_u8 lanes;
    const auto lower_bits = hn::Set(lanes, 15);
    const auto upper = hn::BitCast(lanes, hn::ShiftRight<4>(hn::BitCast(lanes_u16(), codes)));
    add(hn::TableLookupBytes(even_tables, hn::And(codes, lower_bits)));
    add(hn::TableLookupBytes(odd_tables, hn::And(upper, lower_bits)));
  }
};

/// Writes a vector of sums in the order of rows.
template <class Lanes>
HWY_INLINE void pq4_store(Lanes lanes, hn::Vec<Lanes> all, hn::Vec<Lanes> odd, std::uint16_t* out) {
  constexpr std::size_t count = hn::MaxLanes(Lanes());
  if constexpr (count > 16) {  // two pairs of parts side by side
    const hn::Half<Lanes> half;
    pq4_store(half, hn::Add(hn::LowerHalf(half, all), hn::UpperHalf(half, all)),
              hn::Add(hn::LowerHalf(half, odd), hn::UpperHalf(half, odd)), out);
  } else {
    const auto even = hn::Sub(all, hn::ShiftLeft<8>(odd));
    const auto lower = hn::InterleaveLower(lanes, even, odd);
    const auto upper = hn::InterleaveUpper(lanes, even, odd);
    if constexpr (count > 8) {
      hn::StoreU(hn::ConcatLowerLower(lanes, upper, lower), lanes, out);
      hn::StoreU(hn::ConcatUpperUpper(lanes, upper, lower), lanes, out + count);
    } else {
      hn::StoreU(lower, lanes, out);
      hn::StoreU(upper, lanes, out + count);
    }
  }
}

/// `Blocks` blocks side by side share the loads of the tables.
template <std::size_t Blocks>
struct pq4_blocks {
  pq4_sums sums[pq4_vectors];
  const std::uint8_t* codes;
  pq4_blocks<Blocks - 1> others;

  HWY_INLINE pq4_blocks(const std::uint8_t* first, std::size_t block_bytes)
      : codes(first), others(first + block_bytes, block_bytes) {}
  HWY_INLINE void add(std::size_t at, vector_u8 even_tables, vector_u8 odd_tables) {
    sums[0].add_codes(hn::LoadU(lanes_u8(), codes + at), even_tables, odd_tables);
    if constexpr (pq4_vectors == 2) {
      sums[1].add_codes(hn::LoadU(lanes_u8(), codes + at + pq4_vector_bytes), even_tables, odd_tables);
    }
    others.add(at, even_tables, odd_tables);
  }
  /// The last pair of parts where a vector holds two: zeros stand for the other, and for its tables.
  HWY_INLINE void add_half(std::size_t at, vector_u8 even_tables, vector_u8 odd_tables) {
    const hn::Half<lanes_u8> half;
    sums[0].add_codes(hn::ZeroExtendVector(lanes_u8(), hn::LoadU(half, codes + at)), even_tables, odd_tables);
    others.add_half(at, even_tables, odd_tables);
  }
  HWY_INLINE void store(std::uint16_t* out) const {
    pq4_store(lanes_u16(), sums[0].all, sums[0].odd, out);
    if constexpr (pq4_vectors == 2) pq4_store(lanes_u16(), sums[1].all, sums[1].odd, out + 16);
    others.store(out + 32);
  }
};
template <>
struct pq4_blocks<0> {
  HWY_INLINE pq4_blocks(const std::uint8_t*, std::size_t) {}
  HWY_INLINE void add(std::size_t, vector_u8, vector_u8) {}
  HWY_INLINE void add_half(std::size_t, vector_u8, vector_u8) {}
  HWY_INLINE void store(std::uint16_t*) const {}
};

template <std::size_t Blocks>
HWY_INLINE void pq4_several(const std::uint8_t* tables, const std::uint8_t* blocks, std::size_t parts,
                            std::uint16_t* out) {
  pq4_blocks<Blocks> sums(blocks, parts * 16);
  std::size_t part = 0;
  for (; part + 2 * pq4_pairs <= parts; part += 2 * pq4_pairs) {
    sums.add(part * 16, pq4_tables(tables + part * 16), pq4_tables(tables + part * 16 + 16));
  }
  if constexpr (pq4_pairs == 2) {
    if (part != parts) {
      const hn::Half<lanes_u8> half;
      const auto even = hn::LoadDup128(half, tables + part * 16);
      const auto odd = hn::LoadDup128(half, tables + part * 16 + 16);
      sums.add_half(part * 16, hn::ZeroExtendVector(lanes_u8(), even), hn::ZeroExtendVector(lanes_u8(), odd));
    }
  }
  sums.store(out);
}

/// Four where the tables of a step cost shuffles, or registers are many; two where 16 hold the sums of no more.
inline constexpr std::size_t pq4_blocks_at_once = pq4_pairs == 2 ? 4 : 2;

inline void pq4(const std::uint8_t* tables, const std::uint8_t* blocks, std::size_t block_count, std::size_t parts,
                std::uint16_t* out) {
  std::size_t block = 0;
  for (; block + pq4_blocks_at_once <= block_count; block += pq4_blocks_at_once) {
    pq4_several<pq4_blocks_at_once>(tables, blocks + block * parts * 16, parts, out + block * 32);
  }
  for (; block < block_count; ++block) pq4_several<1>(tables, blocks + block * parts * 16, parts, out + block * 32);
}

#endif  // ATLAS_KERNELS_PLAIN

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_DISTANCE_CODE_KERNELS_INL_HPP
