// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/neighbour_kernels-inl.hpp -- neighbours in one bit a component; compiled once for each target.
//
// Room:      bits and sums of a neighbour, tables of a query, estimates of 32 distances.
// Not here:  what they promise (simd/kernel_entries.hpp), what the numbers mean (quantize/neighbour_bits.hpp),
//            AVX512_VBMI (simd/x86_vbmi_neighbours-inl.hpp).
// Depends:   distance/code_kernels-inl.hpp, for the sums of blocks of 32.
#if defined(ATLAS_QUANTIZE_NEIGHBOUR_KERNELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_QUANTIZE_NEIGHBOUR_KERNELS_INL_HPP
#undef ATLAS_QUANTIZE_NEIGHBOUR_KERNELS_INL_HPP
#else
#define ATLAS_QUANTIZE_NEIGHBOUR_KERNELS_INL_HPP
#endif

#include <atlas/distance/code_kernels-inl.hpp>  // pq4_sums, pq4_tables, pq4_store
#include <atlas/distance/components-inl.hpp>    // sum_of_lanes
#include <atlas/distance/unfused-inl.hpp>       // unfused

#include <cstring>  // std::memset

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

/// The largest group is of 61 steps, which four roundings may lift to 63, so that four entries fit a byte: one of two
/// additions to sums of 16 bits saved is a tenth of the time. Groups of sizes out of these bounds count as zeros.
inline constexpr float bit_steps = 61.0F;
inline constexpr float bit_least_size = 0x1P-100F;
inline constexpr float bit_most_size = 0x1.fffffeP127F;
/// 1.5 * 2^23, where floats lie 1 apart: adding it rounds to an integer, which then stands in the lowest bits.
inline constexpr float bit_rounder = 12582912.0F;

/// Parts whose sums fit 16 bits: 1,024 * 63 < 2^16. Sums over all parts are below 2^24, exact in float.
inline constexpr std::size_t bit_parts_at_once = 1024;

#if ATLAS_KERNELS_PLAIN

inline kernels_v1::bit_sums neighbour_bits(const float* node, const float* neighbour, const float* centre,
                                           std::size_t dimension, std::uint8_t* bits) {
  kernels_v1::bit_sums sums{0.0F, 0.0F, 0.0F, 0.0F};
  for (std::size_t first = 0; first < dimension; first += 8, bits += 32) {
    unsigned byte = 0;
    for (std::size_t bit = 0; bit < 8; ++bit) {
      const float of_node = node[first + bit];
      const float difference = neighbour[first + bit] - of_node;
      const bool is_positive = difference > 0.0F;
      byte |= is_positive ? 1U << bit : 0U;
      sums.sizes += is_positive ? difference : -difference;
      sums.squares += difference * difference;
      sums.node += is_positive ? of_node : -of_node;
      sums.product += (of_node + (centre == nullptr ? 0.0F : centre[first + bit])) * difference;
    }
    *bits = static_cast<std::uint8_t>(byte);
  }
  return sums;
}

inline kernels_v1::bit_steps_of_query bit_tables(const float* rotated, std::size_t dimension, std::uint8_t* tables) {
  float size = 0.0F;
  for (std::size_t i = 0; i < dimension; i += 4) {
    const float sum = (__builtin_fabsf(rotated[i]) + __builtin_fabsf(rotated[i + 1])) +
                      (__builtin_fabsf(rotated[i + 2]) + __builtin_fabsf(rotated[i + 3]));
    size = sum > size ? sum : size;
  }
  const std::size_t table_bytes = (dimension + 15) / 16 * 64;
  std::memset(tables, 0, table_bytes);
  if (!(size >= bit_least_size && size <= bit_most_size)) return {0.0F, 0};
  const float inverse = bit_steps / size;
  std::uint32_t sizes = 0;
  for (std::size_t i = 0; i < dimension; i += 4, tables += 16) {
    for (std::size_t bit = 0; bit < 4; ++bit) {
      const std::uint32_t bits = __builtin_bit_cast(std::uint32_t, unfused(rotated[i + bit] * inverse) + bit_rounder);
      const auto steps = static_cast<std::int8_t>(bits & 0xFFU);
      const auto steps_size = static_cast<std::uint8_t>(steps < 0 ? -steps : steps);
      sizes += steps_size;
      for (std::size_t code = 0; code < 16; ++code) {
        const bool is_set = (code >> bit) % 2 == 1;
        if (is_set == (steps > 0)) tables[code] = static_cast<std::uint8_t>(tables[code] + steps_size);
      }
    }
  }
  return {size / bit_steps, sizes};
}

inline std::uint32_t neighbour_estimates(const kernels_v1::bit_query& query, const void* bits, const float* add_mul,
                                         float distance_of_node, float bound, float* out) {
  const auto* codes = static_cast<const std::uint8_t*>(bits);
  float totals[32] = {};
  for (std::size_t first = 0; first < query.parts; first += bit_parts_at_once) {
    const std::size_t left = query.parts - first;
    std::uint16_t sums[32];  // pq4 may add up any number of parts whose sums fit
    pq4(query.tables + first * 16, codes + first * 16, 1, left < bit_parts_at_once ? left : bit_parts_at_once, sums);
    for (std::size_t row = 0; row < 32; ++row) totals[row] += static_cast<float>(sums[row]);
  }
  std::uint32_t near = 0;
  for (std::size_t row = 0; row < 32; ++row) {
    const float product = query.factor * totals[row] + query.offset;
    out[row] = distance_of_node + add_mul[row] + add_mul[32 + row] * product;
    near |= out[row] < bound ? std::uint32_t{1} << row : 0U;
  }
  return near;
}

#else

/// A mask's bits, the first lane's lowest. In a register of which clang 14 does not know where it came from: it would
/// load two bytes just stored as sixteen, which waits until they are written, and make neighbour_bits 3.7 times as slow.
template <class Mask>
HWY_INLINE unsigned bits_of_mask(Mask mask) {
  std::uint8_t bytes[8] = {};
  hn::StoreMaskBits(lanes_f32(), mask, bytes);
  unsigned bits = bytes[0] | static_cast<unsigned>(bytes[1] << 8);
  __asm__("" : "+r"(bits));
  return bits;
}

// ---- a neighbour's bits ----------------------------------------------------------------------------------

struct neighbour_sums {
  vector_f32 sizes;
  vector_f32 squares;
  vector_f32 node;
  vector_f32 product;
  HWY_INLINE neighbour_sums()
      : sizes(hn::Zero(lanes_f32())),
        squares(hn::Zero(lanes_f32())),
        node(hn::Zero(lanes_f32())),
        product(hn::Zero(lanes_f32())) {}
  /// Gives the bits of a register of components, the first lane's lowest. `centre` is 0 where it does not count.
  HWY_INLINE unsigned add(vector_f32 of_node, vector_f32 of_neighbour, vector_f32 centre) {
    const lanes_f32 lanes;
    const auto difference = hn::Sub(of_neighbour, of_node);
    const auto is_positive = hn::Gt(difference, hn::Zero(lanes));
    sizes = hn::Add(sizes, hn::Abs(difference));
    squares = hn::MulAdd(difference, difference, squares);
    node = hn::Add(node, hn::IfThenElse(is_positive, of_node, hn::Neg(of_node)));
    product = hn::MulAdd(hn::Add(of_node, centre), difference, product);
    return bits_of_mask(is_positive);
  }
};

inline kernels_v1::bit_sums neighbour_bits(const float* node, const float* neighbour, const float* centre,
                                           std::size_t dimension, std::uint8_t* bits) {
  const lanes_f32 lanes;
  const auto zero = hn::Zero(lanes);
  neighbour_sums sums;
  std::size_t at = 0;
  constexpr std::size_t step = lane_count < 8 ? 8 : lane_count;
  for (; at + step <= dimension; at += step) {
    unsigned word = 0;
    for (std::size_t part = 0; part < step; part += lane_count) {
      const auto of_centre = centre == nullptr ? zero : hn::LoadU(lanes, centre + at + part);
      word |= sums.add(hn::LoadU(lanes, node + at + part), hn::LoadU(lanes, neighbour + at + part), of_centre) << part;
    }
    bits[at * 4] = static_cast<std::uint8_t>(word);
    if constexpr (step == 16) bits[at * 4 + 32] = static_cast<std::uint8_t>(word >> 8);
  }
#if HWY_TARGET == HWY_AVX3
  if (at != dimension) {
    const auto left = hn::FirstN(lanes, dimension - at);
    const auto of_centre = centre == nullptr ? zero : hn::MaskedLoad(left, lanes, centre + at);
    const auto of_node = hn::MaskedLoad(left, lanes, node + at);
    bits[at * 4] = static_cast<std::uint8_t>(sums.add(of_node, hn::MaskedLoad(left, lanes, neighbour + at), of_centre));
  }
#endif
  return {sum_of_lanes(lanes, sums.sizes), sum_of_lanes(lanes, sums.squares), sum_of_lanes(lanes, sums.node),
          sum_of_lanes(lanes, sums.product)};
}

// ---- a query's tables --------------------------------------------------------------------------------------

/// Registers of components to the end; those behind the last are zeros. The dimension is a multiple of 8.
HWY_INLINE vector_f32 bit_components(const float* rotated, std::size_t at, [[maybe_unused]] std::size_t dimension) {
#if HWY_TARGET == HWY_AVX3
  if (at + lane_count > dimension)
    return hn::MaskedLoad(hn::FirstN(lanes_f32(), dimension - at), lanes_f32(), rotated + at);
#endif
  return hn::LoadU(lanes_f32(), rotated + at);
}

/// Which of 16 bytes a table's entries take their four summands from, a group a block of 128 bits; and which codes have
/// the bit set.
struct bit_choices {
  vector_u8 bytes[4];
  vector_u8 is_set[4];
  HWY_INLINE bit_choices()
      : bytes{of_bit(0), of_bit(1), of_bit(2), of_bit(3)}, is_set{set(0), set(1), set(2), set(3)} {}
  static HWY_INLINE vector_u8 of_bit(std::size_t bit) {
    HWY_ALIGN std::uint8_t lanes[pq4_vector_bytes];
    for (std::size_t i = 0; i < pq4_vector_bytes; ++i) lanes[i] = static_cast<std::uint8_t>(i / 16 * 4 + bit);
    return hn::Load(lanes_u8(), lanes);
  }
  static HWY_INLINE vector_u8 set(std::size_t bit) {
    HWY_ALIGN std::uint8_t lanes[pq4_vector_bytes];
    for (std::size_t i = 0; i < pq4_vector_bytes; ++i) lanes[i] = (i >> bit) % 2 == 1 ? 255 : 0;
    return hn::Load(lanes_u8(), lanes);
  }
  /// The tables of the first groups of 16 signed numbers, as many as a vector holds.
  HWY_INLINE vector_u8 tables(const std::int8_t* steps) const {
    const hn::RebindToSigned<lanes_u8> lanes;
    const auto numbers = hn::LoadDup128(lanes, steps);
    const auto zero = hn::Zero(lanes);
    const auto positive = hn::BitCast(lanes_u8(), hn::Max(numbers, zero));
    const auto negative = hn::BitCast(lanes_u8(), hn::Max(hn::Sub(zero, numbers), zero));
    auto sum = hn::Zero(lanes_u8());
    for (std::size_t bit = 0; bit < 4; ++bit) {
      const auto if_set = hn::TableLookupBytes(positive, bytes[bit]);
      const auto if_not = hn::TableLookupBytes(negative, bytes[bit]);
      sum = hn::Add(sum, hn::Or(hn::And(is_set[bit], if_set), hn::AndNot(is_set[bit], if_not)));
    }
    return sum;
  }
};

inline kernels_v1::bit_steps_of_query bit_tables(const float* rotated, std::size_t dimension, std::uint8_t* tables) {
  const lanes_f32 lanes;
  auto largest = hn::Zero(lanes);
  for (std::size_t at = 0; at < dimension; at += lane_count) {
    const auto sizes = hn::Abs(bit_components(rotated, at, dimension));
    const auto pairs = hn::Add(sizes, hn::Shuffle2301(sizes));
    largest = hn::Max(largest, hn::Add(pairs, hn::Shuffle1032(pairs)));
  }
  const float size = hn::GetLane(hn::MaxOfLanes(lanes, largest));
  const std::size_t table_bytes = (dimension + 15) / 16 * 64;
  if (!(size >= bit_least_size && size <= bit_most_size)) {
    std::memset(tables, 0, table_bytes);
    return {0.0F, 0};
  }
  const bit_choices choices;
  const hn::RebindToUnsigned<lanes_f32> bits;
  const hn::Rebind<std::uint8_t, lanes_f32> lanes_steps;
  const auto inverse = hn::Set(lanes, bit_steps / size);
  auto sizes = hn::Zero(lanes_i32());
  for (std::size_t first = 0; first < dimension; first += 64) {
    HWY_ALIGN std::int8_t steps[64 + 16] = {};  // loads of 16 for the groups of fewer
    for (std::size_t at = first; at < first + 64 && at < dimension; at += lane_count) {
      const auto scaled = unfused(hn::Mul(bit_components(rotated, at, dimension), inverse));
      const auto rounded = hn::Add(scaled, hn::Set(lanes, bit_rounder));
      const auto number = hn::Sub(hn::BitCast(lanes_i32(), rounded), hn::Set(lanes_i32(), 0x4B400000));
      sizes = hn::Add(sizes, hn::Abs(number));
      const auto bytes = hn::U8FromU32(hn::And(hn::BitCast(bits, number), hn::Set(bits, 0xFF)));
      hn::StoreU(bytes, lanes_steps, reinterpret_cast<std::uint8_t*>(steps) + (at - first));
    }
    constexpr std::size_t groups = pq4_vector_bytes / 16;
    for (std::size_t group = 0; group < 16 && first * 4 + group * 16 < table_bytes; group += groups) {
      hn::StoreU(choices.tables(steps + group * 4), lanes_u8(), tables + first * 4 + group * 16);
    }
  }
  return {size / bit_steps, static_cast<std::uint32_t>(sum_of_lanes(lanes_i32(), sizes))};
}

// ---- estimates ---------------------------------------------------------------------------------------------

/// A vector's codes, of an even and an odd part, as entries of at most 63 each, added up as bytes.
HWY_INLINE vector_u8 bit_entries(const std::uint8_t* from, vector_u8 even_tables, vector_u8 odd_tables) {
  const auto codes = hn::LoadU(lanes_u8(), from);
  const auto lower_bits = hn::Set(lanes_u8(), 15);
  const auto upper = hn::BitCast(lanes_u8(), hn::ShiftRight<4>(hn::BitCast(lanes_u16(), codes)));
  return hn::Add(hn::TableLookupBytes(even_tables, hn::And(codes, lower_bits)),
                 hn::TableLookupBytes(odd_tables, hn::And(upper, lower_bits)));
}

/// Adds the sums of parts [first, end), at most bit_parts_at_once, to the totals of 32 rows.
HWY_INLINE void bit_add_sums(const std::uint8_t* tables, const std::uint8_t* codes, std::size_t first, std::size_t end,
                             float* totals) {
  constexpr std::size_t step = 2 * pq4_pairs;  // parts of a vector of codes; two steps are added up as bytes
  pq4_sums lower;
  pq4_sums upper;  // of the second half of the rows, where a vector holds half of them
  std::size_t part = first;
  for (; part + 2 * step <= end; part += 2 * step) {
    const std::size_t next = part + step;
    const auto even = pq4_tables(tables + part * 16);
    const auto odd = pq4_tables(tables + part * 16 + 16);
    const auto next_even = pq4_tables(tables + next * 16);
    const auto next_odd = pq4_tables(tables + next * 16 + 16);
    lower.add(hn::Add(bit_entries(codes + part * 16, even, odd), bit_entries(codes + next * 16, next_even, next_odd)));
    if constexpr (pq4_vectors == 2) {
      upper.add(hn::Add(bit_entries(codes + part * 16 + pq4_vector_bytes, even, odd),
                        bit_entries(codes + next * 16 + pq4_vector_bytes, next_even, next_odd)));
    }
  }
  if (part != end) {  // parts are a multiple of 4, which a vector of two pairs has in one step
    lower.add(bit_entries(codes + part * 16, pq4_tables(tables + part * 16), pq4_tables(tables + part * 16 + 16)));
  }
  HWY_ALIGN std::uint16_t sums[32];
  pq4_store(lanes_u16(), lower.all, lower.odd, sums);
  if constexpr (pq4_vectors == 2) pq4_store(lanes_u16(), upper.all, upper.odd, sums + 16);
  const hn::Rebind<std::uint16_t, lanes_f32> narrow;
  for (std::size_t row = 0; row < 32; row += lane_count) {
    const auto numbers = hn::ConvertTo(lanes_f32(), hn::PromoteTo(lanes_i32(), hn::Load(narrow, sums + row)));
    hn::Store(hn::Add(hn::Load(lanes_f32(), totals + row), numbers), lanes_f32(), totals + row);
  }
}

inline std::uint32_t neighbour_estimates(const kernels_v1::bit_query& query, const void* bits, const float* add_mul,
                                         float distance_of_node, float bound, float* out) {
  const lanes_f32 lanes;
  HWY_ALIGN float totals[32] = {};
  for (std::size_t first = 0; first < query.parts; first += bit_parts_at_once) {
    const std::size_t end = first + bit_parts_at_once < query.parts ? first + bit_parts_at_once : query.parts;
    bit_add_sums(query.tables, static_cast<const std::uint8_t*>(bits), first, end, totals);
  }
  std::uint32_t near = 0;
  for (std::size_t row = 0; row < 32; row += lane_count) {
    const auto product =
        hn::MulAdd(hn::Set(lanes, query.factor), hn::Load(lanes, totals + row), hn::Set(lanes, query.offset));
    const auto start = hn::Add(hn::Set(lanes, distance_of_node), hn::LoadU(lanes, add_mul + row));
    const auto estimate = hn::MulAdd(hn::LoadU(lanes, add_mul + 32 + row), product, start);
    hn::StoreU(estimate, lanes, out + row);
    near |= bits_of_mask(hn::Lt(estimate, hn::Set(lanes, bound))) << row;
  }
  return near;
}

#endif  // ATLAS_KERNELS_PLAIN

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_QUANTIZE_NEIGHBOUR_KERNELS_INL_HPP
