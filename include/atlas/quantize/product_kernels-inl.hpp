// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/product_kernels-inl.hpp -- codes and tables of product quantisation; compiled once a target.
//
// Room:      the nearest centroid of each part, a query's tables, float tables as bytes; the same bits on all targets.
// Not here:  what they promise (simd/kernel_entries.hpp), codebooks (quantize/product_quantizer.hpp), sums of table
//            entries (distance/code_kernels-inl.hpp).
// Depends:   simd/kernels-inl.hpp, which sets up Highway and the ATLAS_KERNELS macros.
#if defined(ATLAS_QUANTIZE_PRODUCT_KERNELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_QUANTIZE_PRODUCT_KERNELS_INL_HPP
#undef ATLAS_QUANTIZE_PRODUCT_KERNELS_INL_HPP
#else
#define ATLAS_QUANTIZE_PRODUCT_KERNELS_INL_HPP
#endif

#include <atlas/distance/unfused-inl.hpp>            // unfused
#include <atlas/quantize/neighbour_kernels-inl.hpp>  // bits_of_mask, bit_rounder

#include <cstring>  // std::memset

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

/// Steps of the largest range in a byte table: four entries fit a byte.
inline constexpr float pq4_steps = 63.0F;
/// Ranges out of these bounds count as zeros: the inverse of a step is finite and normal.
inline constexpr float pq4_least_range = 0x1P-100F;
inline constexpr float pq4_most_range = 0x1.fffffeP127F;

/// What a component and a centroid's add to a sum.
struct pq_product {
#if !ATLAS_KERNELS_PLAIN
  static HWY_INLINE vector_f32 of(vector_f32 component, vector_f32 centroid) {
    return unfused(hn::Mul(component, centroid));
  }
#endif
  static HWY_INLINE float of(float component, float centroid) { return unfused(component * centroid); }
};
struct pq_difference {
#if !ATLAS_KERNELS_PLAIN
  static HWY_INLINE vector_f32 of(vector_f32 component, vector_f32 centroid) {
    const auto difference = hn::Sub(component, centroid);
    return unfused(hn::Mul(difference, difference));
  }
#endif
  static HWY_INLINE float of(float component, float centroid) {
    const float difference = component - centroid;
    return unfused(difference * difference);
  }
};

#if ATLAS_KERNELS_PLAIN

template <class Term>
HWY_INLINE float pq_sum(const float* components, const float* centroid, std::size_t width, std::size_t centroids) {
  float sum = Term::of(components[0], centroid[0]);
  for (std::size_t i = 1; i < width; ++i) sum += Term::of(components[i], centroid[i * centroids]);
  return sum;
}

template <class Term>
inline void pq_tables(const float* query, const float* codebook, std::size_t parts, std::size_t width,
                      std::size_t centroids, float* tables) {
  for (std::size_t part = 0; part < parts; ++part) {
    for (std::size_t each = 0; each < centroids; ++each) {
      *tables++ = pq_sum<Term>(query + part * width, codebook + part * width * centroids + each, width, centroids);
    }
  }
}

HWY_INLINE std::size_t pq_nearest(const float* components, const float* codebook, std::size_t width,
                                  std::size_t centroids) {
  float least = __builtin_inff();
  std::size_t nearest = 0;
  for (std::size_t each = 0; each < centroids; ++each) {
    const float distance = pq_sum<pq_difference>(components, codebook + each, width, centroids);
    if (!(distance < least)) continue;
    least = distance;
    nearest = each;
  }
  return nearest;
}

inline void pq_encode(const float* rows, std::size_t stride_bytes, std::size_t count, const float* codebook,
                      std::size_t parts, std::size_t width, std::size_t centroids, std::uint8_t* codes,
                      std::size_t code_stride) {
  for (std::size_t row = 0; row < count; ++row) {
    const auto* const from = reinterpret_cast<const float*>(reinterpret_cast<const char*>(rows) + row * stride_bytes);
    for (std::size_t part = 0; part < parts; ++part) {
      const float* const of_part = codebook + part * width * centroids;
      codes[row * code_stride + part] =
          static_cast<std::uint8_t>(pq_nearest(from + part * width, of_part, width, centroids));
    }
  }
}

inline kernels_v1::pq4_steps_of_tables pq4_byte_tables(const float* tables, std::size_t parts, std::uint8_t* bytes) {
  std::memset(bytes, 0, parts * 16);
  double sum = 0;
  float range = 0.0F;
  bool is_finite = true;
  const auto least_of = [](const float* table) {
    float least = table[0];
    for (std::size_t each = 1; each < 16; ++each) least = table[each] < least ? table[each] : least;
    return least;
  };
  for (std::size_t part = 0; part < parts; ++part) {
    const float* const table = tables + part * 16;
    const float least = least_of(table);
    sum += static_cast<double>(least);
    for (std::size_t each = 0; each < 16; ++each) {
      range = table[each] - least > range ? table[each] - least : range;
      is_finite = is_finite && table[each] - table[each] == 0.0F;
    }
  }
  if (!is_finite) return {0.0F, 0.0};
  if (!(range >= pq4_least_range && range <= pq4_most_range)) return {0.0F, sum};
  const float step = range / pq4_steps;
  const float inverse = 1.0F / step;
  for (std::size_t part = 0; part < parts; ++part) {
    const float least = least_of(tables + part * 16);
    for (std::size_t each = part * 16; each < part * 16 + 16; ++each) {
      const float steps = unfused((tables[each] - least) * inverse);
      const float rounded = (steps < pq4_steps ? steps : pq4_steps) + bit_rounder;
      bytes[each] = static_cast<std::uint8_t>(__builtin_bit_cast(std::uint32_t, rounded) & 0xFFU);
    }
  }
  return {step, sum};
}

#else

/// Vectors that hold 16 centroids; and as many of 256 as are summed side by side, to hide what an addition waits.
inline constexpr std::size_t pq_vectors_of_16 = 16 / lane_count;
inline constexpr std::size_t pq_vectors_of_256 = 4;

/// Sums of `Vectors` vectors of centroids, component after component.
template <class Term, std::size_t Vectors>
struct pq_sums {
  vector_f32 of[Vectors];
  HWY_INLINE pq_sums(const float* components, const float* first, std::size_t width, std::size_t centroids) {
    const lanes_f32 lanes;
    for (std::size_t i = 0; i < Vectors; ++i) {
      of[i] = Term::of(hn::Set(lanes, components[0]), hn::LoadU(lanes, first + i * lane_count));
    }
    for (std::size_t at = 1; at < width; ++at) {
      const auto component = hn::Set(lanes, components[at]);
      for (std::size_t i = 0; i < Vectors; ++i) {
        const auto centroid = hn::LoadU(lanes, first + at * centroids + i * lane_count);
        of[i] = hn::Add(of[i], Term::of(component, centroid));
      }
    }
  }
};

template <class Term, std::size_t Vectors>
HWY_INLINE void pq_table(const float* components, const float* codebook, std::size_t width, std::size_t centroids,
                         float* table) {
  for (std::size_t first = 0; first < centroids; first += Vectors * lane_count) {
    const pq_sums<Term, Vectors> sums(components, codebook + first, width, centroids);
    for (std::size_t i = 0; i < Vectors; ++i) hn::StoreU(sums.of[i], lanes_f32(), table + first + i * lane_count);
  }
}

template <class Term>
inline void pq_tables(const float* query, const float* codebook, std::size_t parts, std::size_t width,
                      std::size_t centroids, float* tables) {
  for (std::size_t part = 0; part < parts; ++part) {
    const float* const of_part = codebook + part * width * centroids;
    if (centroids == 16) {
      pq_table<Term, pq_vectors_of_16>(query + part * width, of_part, width, 16, tables + part * 16);
    } else {
      pq_table<Term, pq_vectors_of_256>(query + part * width, of_part, width, centroids, tables + part * centroids);
    }
  }
}

/// The least lanes of blocks of 128 bits.
template <class Lanes>
HWY_INLINE hn::Vec<hn::Full128<float> > pq_least_block(Lanes, hn::Vec<Lanes> vector) {
  if constexpr (hn::MaxLanes(Lanes()) > 4) {
    const hn::Half<Lanes> half;
    return pq_least_block(half, hn::Min(hn::LowerHalf(half, vector), hn::UpperHalf(half, vector)));
  } else {
    return vector;
  }
}
/// The least lanes of four vectors: folding four together takes 13 instructions on AVX-512, each by itself 36.
HWY_INLINE void pq_least_of_four(vector_f32 a, vector_f32 b, vector_f32 c, vector_f32 d, float* out) {
  const lanes_f32 lanes;
  const hn::RepartitionToWide<hn::RebindToUnsigned<lanes_f32> > pairs;
  const auto ab = hn::BitCast(pairs, hn::Min(hn::InterleaveLower(lanes, a, b), hn::InterleaveUpper(lanes, a, b)));
  const auto cd = hn::BitCast(pairs, hn::Min(hn::InterleaveLower(lanes, c, d), hn::InterleaveUpper(lanes, c, d)));
  const auto least = hn::Min(hn::BitCast(lanes, hn::InterleaveLower(pairs, ab, cd)),
                             hn::BitCast(lanes, hn::InterleaveUpper(pairs, ab, cd)));
  hn::StoreU(pq_least_block(lanes, least), hn::Full128<float>(), out);
}

/// Four times 16 numbers, and the least of each.
struct pq_four {
  vector_f32 of[4][pq_vectors_of_16];
  HWY_ALIGN float least[4];
  HWY_INLINE pq_four() {}
  /// Of four parts' tables.
  HWY_INLINE explicit pq_four(const float* tables) {
    for (std::size_t each = 0; each < 4; ++each) {
      for (std::size_t i = 0; i < pq_vectors_of_16; ++i) {
        of[each][i] = hn::LoadU(lanes_f32(), tables + each * 16 + i * lane_count);
      }
    }
    fold();
  }
  HWY_INLINE void fold() {
    vector_f32 folded[4] = {of[0][0], of[1][0], of[2][0], of[3][0]};
    for (std::size_t each = 0; each < 4; ++each) {
      for (std::size_t i = 1; i < pq_vectors_of_16; ++i) folded[each] = hn::Min(folded[each], of[each][i]);
    }
    pq_least_of_four(folded[0], folded[1], folded[2], folded[3], least);
  }
};

/// The first of 16 centroids whose distance is the least: of four parts of a row, or of a part of four rows, which
/// share its centroids. What lies behind the last is the last again.
struct pq_four_items {
  const char* components;
  const float* centroids;
  std::uint8_t* codes;
  std::size_t component_bytes;  ///< from one item to the next; likewise below
  std::size_t centroid_count;
  std::size_t code_bytes;

  HWY_INLINE void add(const float* const from[4], const float* const to[4], std::size_t at, bool is_first,
                      pq_four& sums) const {
    for (std::size_t each = 0; each < 4; ++each) {
      const auto component = hn::Set(lanes_f32(), from[each][at]);
      for (std::size_t i = 0; i < pq_vectors_of_16; ++i) {
        const auto term = pq_difference::of(component, hn::LoadU(lanes_f32(), to[each] + at * 16 + i * lane_count));
        sums.of[each][i] = is_first ? term : hn::Add(sums.of[each][i], term);
      }
    }
  }
  HWY_INLINE void encode(std::size_t first, std::size_t end, std::size_t width) const {
    const std::size_t items[4] = {first, first + 1 < end ? first + 1 : end - 1, first + 2 < end ? first + 2 : end - 1,
                                  first + 3 < end ? first + 3 : end - 1};
    const float* from[4];
    const float* to[4];
    for (std::size_t each = 0; each < 4; ++each) {
      from[each] = reinterpret_cast<const float*>(components + items[each] * component_bytes);
      to[each] = centroids + items[each] * centroid_count;
    }
    pq_four distances;
    add(from, to, 0, true, distances);
    for (std::size_t at = 1; at < width; ++at) add(from, to, at, false, distances);
    distances.fold();
    for (std::size_t each = 0; each < 4; ++each) {
      const auto least = hn::Set(lanes_f32(), distances.least[each]);
      unsigned equal = 1U << 15;  // of NaN none is
      for (std::size_t i = 0; i < pq_vectors_of_16; ++i) {
        equal |= bits_of_mask(hn::Eq(distances.of[each][i], least)) << (i * lane_count);
      }
      codes[items[each] * code_bytes] = static_cast<std::uint8_t>(__builtin_ctz(equal));
    }
  }
};

/// The same of 256: each lane keeps its first least distance and that centroid's number.
HWY_INLINE std::size_t pq_nearest_of_256(const float* components, const float* codebook, std::size_t width,
                                         std::size_t centroids) {
  const lanes_f32 lanes;
  const lanes_i32 integers;
  auto least = hn::Set(lanes, __builtin_inff());
  auto number = hn::Iota(integers, 0);
  auto nearest = number;
  for (std::size_t first = 0; first < centroids; first += pq_vectors_of_256 * lane_count) {
    const pq_sums<pq_difference, pq_vectors_of_256> distances(components, codebook + first, width, centroids);
    for (std::size_t i = 0; i < pq_vectors_of_256; ++i) {
      const auto is_less = hn::Lt(distances.of[i], least);
      least = hn::IfThenElse(is_less, distances.of[i], least);
      nearest = hn::IfThenElse(hn::RebindMask(integers, is_less), number, nearest);
      number = hn::Add(number, hn::Set(integers, static_cast<std::int32_t>(lane_count)));
    }
  }
  const auto is_least = hn::RebindMask(integers, hn::Eq(least, hn::MinOfLanes(lanes, least)));
  const auto candidates = hn::IfThenElse(is_least, nearest, hn::Set(integers, 255));
  return static_cast<std::size_t>(hn::GetLane(hn::MinOfLanes(integers, candidates)));
}

/// Rows that pass over one part's centroids before the next part's, so that those stay in the L1 cache.
inline constexpr std::size_t pq_rows_at_once = 32;

inline void pq_encode(const float* rows, std::size_t stride_bytes, std::size_t count, const float* codebook,
                      std::size_t parts, std::size_t width, std::size_t centroids, std::uint8_t* codes,
                      std::size_t code_stride) {
  const std::size_t part_bytes = width * sizeof(float);
  for (std::size_t first = 0; first < count; first += pq_rows_at_once) {
    const std::size_t end = count - first < pq_rows_at_once ? count - first : pq_rows_at_once;
    const char* const block = reinterpret_cast<const char*>(rows) + first * stride_bytes;
    std::uint8_t* const block_codes = codes + first * code_stride;
    if (centroids == 16 && end < 4) {
      for (std::size_t row = 0; row < end; ++row) {
        const pq_four_items of_row{
            block + row * stride_bytes, codebook, block_codes + row * code_stride, part_bytes, width * 16, 1};
        for (std::size_t part = 0; part < parts; part += 4) of_row.encode(part, parts, width);
      }
      continue;
    }
    for (std::size_t part = 0; part < parts; ++part) {
      const float* const of_part = codebook + part * width * centroids;
      const char* const components = block + part * part_bytes;
      if (centroids == 16) {
        const pq_four_items rows_of_part{components, of_part, block_codes + part, stride_bytes, 0, code_stride};
        for (std::size_t row = 0; row < end; row += 4) rows_of_part.encode(row, end, width);
        continue;
      }
      for (std::size_t row = 0; row < end; ++row) {
        const auto* const from = reinterpret_cast<const float*>(components + row * stride_bytes);
        block_codes[row * code_stride + part] =
            static_cast<std::uint8_t>(pq_nearest_of_256(from, of_part, width, centroids));
      }
    }
  }
}

inline kernels_v1::pq4_steps_of_tables pq4_byte_tables(const float* tables, std::size_t parts, std::uint8_t* bytes) {
  const lanes_f32 lanes;
  const lanes_i32 integers;
  double sum = 0;
  auto ranges = hn::Zero(lanes);
  auto magnitudes = hn::Zero(integers);  // of finite numbers they are below that of infinity
  for (std::size_t part = 0; part < parts; part += 4) {
    const pq_four four(tables + part * 16);
    for (std::size_t each = 0; each < 4; ++each) {
      sum += static_cast<double>(four.least[each]);
      for (std::size_t i = 0; i < pq_vectors_of_16; ++i) {
        ranges = hn::Max(ranges, hn::Sub(four.of[each][i], hn::Set(lanes, four.least[each])));
        magnitudes = hn::Max(magnitudes, hn::BitCast(integers, hn::Abs(four.of[each][i])));
      }
    }
  }
  const float range = hn::GetLane(hn::MaxOfLanes(lanes, ranges));
  const bool is_finite = hn::GetLane(hn::MaxOfLanes(integers, magnitudes)) < 0x7F800000;
  if (!is_finite || !(range >= pq4_least_range && range <= pq4_most_range)) {
    std::memset(bytes, 0, parts * 16);
    return {0.0F, is_finite ? sum : 0.0};
  }
  const hn::RebindToUnsigned<lanes_f32> bits;
  const hn::Rebind<std::uint8_t, lanes_f32> lanes_of_bytes;
  const float step = range / pq4_steps;
  const auto inverse = hn::Set(lanes, 1.0F / step);
  const auto most = hn::Set(lanes, pq4_steps);
  for (std::size_t part = 0; part < parts; part += 4) {
    const pq_four four(tables + part * 16);
    for (std::size_t each = 0; each < 4; ++each) {
      const auto least = hn::Set(lanes, four.least[each]);
      for (std::size_t i = 0; i < pq_vectors_of_16; ++i, bytes += lane_count) {
        const auto steps = hn::Min(hn::Mul(hn::Sub(four.of[each][i], least), inverse), most);
        hn::StoreU(hn::U8FromU32(hn::BitCast(bits, hn::NearestInt(steps))), lanes_of_bytes, bytes);
      }
    }
  }
  return {step, sum};
}

#endif  // ATLAS_KERNELS_PLAIN

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_QUANTIZE_PRODUCT_KERNELS_INL_HPP
