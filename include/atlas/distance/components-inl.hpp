// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/components-inl.hpp -- components of each stored type as vectors to compute with.
//
// Room:      loading f32, f16, bf16, i8 and u8, also a row's last few; sums of products; sums of lanes.
// Not here:  the loops over rows (distance/row_kernels-inl.hpp).
// Depends:   simd/kernels-inl.hpp, which sets up Highway and the ATLAS_KERNELS macros.
#if defined(ATLAS_DISTANCE_COMPONENTS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_DISTANCE_COMPONENTS_INL_HPP
#undef ATLAS_DISTANCE_COMPONENTS_INL_HPP
#else
#define ATLAS_DISTANCE_COMPONENTS_INL_HPP
#endif

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

/// The stored types. f16 and bf16 are their bits.
struct stored_f32 {
  using type = float;
};
struct stored_f16 {
  using type = std::uint16_t;
};
struct stored_bf16 {
  using type = std::uint16_t;
};
struct stored_i8 {
  using type = std::int8_t;
};
struct stored_u8 {
  using type = std::uint8_t;
};

HWY_INLINE float float_of_bits(std::uint32_t bits) { return __builtin_bit_cast(float, bits); }

HWY_INLINE float number(stored_f32, float value) { return value; }
HWY_INLINE float number(stored_bf16, std::uint16_t bits) { return float_of_bits(std::uint32_t{bits} << 16); }
HWY_INLINE float number(stored_i8, std::int8_t value) { return static_cast<float>(value); }
HWY_INLINE float number(stored_u8, std::uint8_t value) { return static_cast<float>(value); }
/// By integers and one exact subtraction of normal numbers, so that no mode of the processor flushes subnormals.
HWY_INLINE float number(stored_f16, std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000U) << 16;
  const std::uint32_t magnitude = (bits & 0x7FFFU) << 13;
  if (magnitude >= 0x0F800000U) return float_of_bits(sign | magnitude | 0x7F800000U);  // infinity, NaN
  if (magnitude >= 0x00800000U) return float_of_bits(sign | (magnitude + 0x38000000U));
  const float small = float_of_bits(magnitude + 0x38800000U) - float_of_bits(0x38800000U);
  return float_of_bits(sign | __builtin_bit_cast(std::uint32_t, small));
}

#if ATLAS_KERNELS_PLAIN

/// Sums in float.
template <class Query, class Row>
struct float_kind {
  using query_type = typename Query::type;
  using row_type = typename Row::type;
  using plain_number = float;
  using plain_sum = float;
  static HWY_INLINE float query_number(query_type stored) { return number(Query(), stored); }
  static HWY_INLINE float row_number(row_type stored) { return number(Row(), stored); }
  static HWY_INLINE float dot_number(float sum) { return sum; }
};

/// Exact sums in 32 bits: of unsigned products they reach 65,535 * 255^2 < 2^32, of signed ones
/// 65,535 * 2^14 < 2^31 in either direction, modulo 2^32.
template <class Stored>
struct integer_kind {
  using query_type = typename Stored::type;
  using row_type = typename Stored::type;
  using plain_number = std::int32_t;
  using plain_sum = std::uint32_t;
  static HWY_INLINE std::int32_t query_number(query_type stored) { return stored; }
  static HWY_INLINE std::int32_t row_number(row_type stored) { return stored; }
  static HWY_INLINE float dot_number(std::uint32_t sum) {
    if constexpr (query_type(-1) < 0) return static_cast<float>(static_cast<std::int32_t>(sum));
    return static_cast<float>(sum);
  }
};

#else

namespace hn = hwy::HWY_NAMESPACE;

using lanes_f32 = hn::ScalableTag<float>;
using lanes_i32 = hn::ScalableTag<std::int32_t>;
using lanes_i16 = hn::ScalableTag<std::int16_t>;
using vector_f32 = hn::Vec<lanes_f32>;
using vector_i32 = hn::Vec<lanes_i32>;
inline constexpr std::size_t lane_count = HWY_LANES(float);

// ---- widening ------------------------------------------------------------------------------------------

using lanes_16 = hn::Rebind<std::uint16_t, lanes_f32>;

HWY_INLINE vector_f32 widened(stored_f32, vector_f32 stored) { return stored; }
HWY_INLINE vector_f32 widened(stored_bf16, hn::Vec<lanes_16> stored) {
  const hn::RebindToUnsigned<lanes_f32> bits;
  return hn::BitCast(lanes_f32(), hn::ShiftLeft<16>(hn::PromoteTo(bits, stored)));
}
HWY_INLINE vector_f32 widened(stored_f16, hn::Vec<lanes_16> stored) {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || HWY_ARCH_ARM
  return hn::PromoteTo(lanes_f32(), hn::BitCast(hn::Rebind<hwy::float16_t, lanes_f32>(), stored));
#else  // Highway's emulation does not know infinity; the same steps as number(stored_f16)
  const hn::RebindToUnsigned<lanes_f32> bits;
  const auto wide = hn::PromoteTo(bits, stored);
  const auto sign = hn::ShiftLeft<16>(hn::And(wide, hn::Set(bits, 0x8000U)));
  const auto magnitude = hn::ShiftLeft<13>(hn::And(wide, hn::Set(bits, 0x7FFFU)));
  const auto small = hn::BitCast(
      bits, hn::Sub(hn::BitCast(lanes_f32(), hn::Add(magnitude, hn::Set(bits, 0x38800000U))),
                    hn::BitCast(lanes_f32(), hn::Set(bits, 0x38800000U))));
  const auto normal = hn::Add(magnitude, hn::Set(bits, 0x38000000U));
  const auto not_finite = hn::Or(magnitude, hn::Set(bits, 0x7F800000U));
  auto value = hn::IfThenElse(hn::Lt(magnitude, hn::Set(bits, 0x00800000U)), small, normal);
  value = hn::IfThenElse(hn::Lt(magnitude, hn::Set(bits, 0x0F800000U)), value, not_finite);
  return hn::BitCast(lanes_f32(), hn::Or(sign, value));
#endif
}
HWY_INLINE vector_f32 widened(stored_i8, hn::Vec<hn::Rebind<std::int8_t, lanes_f32>> stored) {
  return hn::ConvertTo(lanes_f32(), hn::PromoteTo(lanes_i32(), stored));
}
HWY_INLINE vector_f32 widened(stored_u8, hn::Vec<hn::Rebind<std::uint8_t, lanes_f32>> stored) {
  return hn::ConvertTo(lanes_f32(), hn::PromoteTo(lanes_i32(), stored));
}

/// The same vector, of which the compiler does not know where it came from: gcc would load a row twice from memory
/// rather than keep it in a register for its second use, and be a third slower.
HWY_INLINE vector_f32 kept(vector_f32 vector) {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_SSE4
  __asm__("" : "+x"(vector.raw));
#endif
  return vector;
}
template <class Vector>
HWY_INLINE Vector kept(Vector vector) {
  return vector;
}

/// `Lanes` components from the row's end, those before the last `left` as zeros; no byte outside the row is read.
/// @pre 0 < left < the lanes of a vector, left <= dimension
template <class Lanes, class Stored>
HWY_INLINE hn::Vec<Lanes> last_lanes(Lanes lanes, const Stored* row, std::size_t dimension, std::size_t left) {
#if HWY_TARGET == HWY_AVX3
  return hn::MaskedLoad(hn::FirstN(lanes, left), lanes, row + (dimension - left));
#else
  constexpr std::size_t count = hn::MaxLanes(Lanes());
  if (dimension >= count) {
    // The last whole vector again, without the lanes already counted.
    return hn::IfThenZeroElse(hn::FirstN(lanes, count - left), hn::LoadU(lanes, row + (dimension - count)));
  }
  HWY_ALIGN Stored padded[count] = {};
  for (std::size_t i = 0; i < left; ++i) padded[i] = row[dimension - left + i];
  return hn::Load(lanes, padded);
#endif
}

// ---- sums of lanes -------------------------------------------------------------------------------------

/// Adds the blocks of 128 bits up.
template <class Lanes>
HWY_INLINE hn::Vec<hn::Full128<hn::TFromD<Lanes>>> sum_of_blocks(Lanes, hn::Vec<Lanes> vector) {
  if constexpr (hn::MaxLanes(Lanes()) > 4) {
    const hn::Half<Lanes> half;
    return sum_of_blocks(half, hn::Add(hn::LowerHalf(half, vector), hn::UpperHalf(half, vector)));
  } else {
    return vector;
  }
}

/// The sums of four vectors' lanes: first the four lanes of each block, then the blocks. On AVX-512 thirteen
/// instructions for four rows, where folding each row by itself takes 25.
template <class Lanes>
HWY_INLINE hn::Vec<hn::Full128<hn::TFromD<Lanes>>> four_sums(Lanes lanes, hn::Vec<Lanes> a, hn::Vec<Lanes> b,
                                                             hn::Vec<Lanes> c, hn::Vec<Lanes> d) {
  const hn::RepartitionToWide<hn::RebindToUnsigned<Lanes>> pairs;
  const auto ab = hn::BitCast(pairs, hn::Add(hn::InterleaveLower(lanes, a, b), hn::InterleaveUpper(lanes, a, b)));
  const auto cd = hn::BitCast(pairs, hn::Add(hn::InterleaveLower(lanes, c, d), hn::InterleaveUpper(lanes, c, d)));
  return sum_of_blocks(lanes, hn::Add(hn::BitCast(lanes, hn::InterleaveLower(pairs, ab, cd)),
                                      hn::BitCast(lanes, hn::InterleaveUpper(pairs, ab, cd))));
}
/// The same additions in the same order, so that a row has the same sum in a group and alone.
template <class Lanes>
HWY_INLINE hn::TFromD<Lanes> sum_of_lanes(Lanes lanes, hn::Vec<Lanes> vector) {
  return hn::GetLane(four_sums(lanes, vector, vector, vector, vector));
}

// ---- kinds: what a pair of stored types is computed in ---------------------------------------------------

/// Any stored types, in float32.
template <class Query, class Row>
struct float_kind {
  using query_type = typename Query::type;
  using row_type = typename Row::type;
  using part = vector_f32;
  using sum = vector_f32;
  static constexpr std::size_t step = lane_count;

  static HWY_INLINE sum zero() { return hn::Zero(lanes_f32()); }
  // Which of the two stored types a pointer's is, its type does not say: u16 is both f16 and bf16.
  static HWY_INLINE part load(const row_type* at)
    requires(!std::is_same_v<query_type, row_type>)
  {
    return widened(Row(), hn::LoadU(hn::Rebind<row_type, lanes_f32>(), at));
  }
  static HWY_INLINE part load(const query_type* at) {
    return widened(Query(), hn::LoadU(hn::Rebind<query_type, lanes_f32>(), at));
  }
  static HWY_INLINE part load_tail(const row_type* row, std::size_t dimension, std::size_t left)
    requires(!std::is_same_v<query_type, row_type>)
  {
    return widened(Row(), last_lanes(hn::Rebind<row_type, lanes_f32>(), row, dimension, left));
  }
  static HWY_INLINE part load_tail(const query_type* query, std::size_t dimension, std::size_t left) {
    return widened(Query(), last_lanes(hn::Rebind<query_type, lanes_f32>(), query, dimension, left));
  }
  static HWY_INLINE sum add_product(part a, part b, sum so_far) { return hn::MulAdd(a, b, so_far); }

  static HWY_INLINE float product_number(sum total) { return sum_of_lanes(lanes_f32(), total); }
  static HWY_INLINE void store_products_and_squares(sum a, sum b, sum a_squared, sum b_squared, float* products,
                                                    float* squares) {
    const hn::Full128<float> four;
    const auto sums = four_sums(lanes_f32(), a, b, a_squared, b_squared);
    HWY_ALIGN float numbers[4];
    hn::Store(sums, four, numbers);
    products[0] = numbers[0];
    products[1] = numbers[1];
    squares[0] = numbers[2];
    squares[1] = numbers[3];
  }
  static HWY_INLINE float square_number(sum total) { return product_number(total); }
  template <std::size_t Rows, class Sums>
  static HWY_INLINE void store_products(const Sums& sums, float* out) {
    if constexpr (Rows == 4) {
      const auto& second = sums.others;
      const auto& third = second.others;
      hn::StoreU(four_sums(lanes_f32(), sums.total(), second.total(), third.total(), third.others.total()),
                 hn::Full128<float>(), out);
    } else {
      out[0] = product_number(sums.total());
      if constexpr (Rows > 1) store_products<Rows - 1>(sums.others, out + 1);
    }
  }
  template <std::size_t Rows, class Sums>
  static HWY_INLINE void store_squares(const Sums& sums, float* out) {
    store_products<Rows>(sums, out);
  }
};

/// Two rows of bytes, exactly, in 16-bit products of 32-bit sums: of unsigned products they reach
/// 65,535 * 255^2 < 2^32, of signed ones 65,535 * 2^14 < 2^31 in either direction, modulo 2^32.
template <class Stored>
struct integer_kind {
  using query_type = typename Stored::type;
  using row_type = typename Stored::type;
  using part = hn::Vec<lanes_i16>;
  using sum = vector_i32;
  using lanes_8 = hn::Rebind<row_type, lanes_i16>;
  static constexpr std::size_t step = 2 * lane_count;
  static constexpr bool is_signed = row_type(-1) < 0;

  static HWY_INLINE sum zero() { return hn::Zero(lanes_i32()); }
  static HWY_INLINE part load(const row_type* at) { return hn::PromoteTo(lanes_i16(), hn::LoadU(lanes_8(), at)); }
  static HWY_INLINE part load_tail(const row_type* row, std::size_t dimension, std::size_t left) {
    return hn::PromoteTo(lanes_i16(), last_lanes(lanes_8(), row, dimension, left));
  }
  static HWY_INLINE sum add_product(part a, part b, sum so_far) {
    auto upper = zero();  // where a target sums halves apart
    const auto lower = hn::ReorderWidenMulAccumulate(lanes_i32(), a, b, so_far, upper);
    return hn::Add(lower, upper);
  }

  static HWY_INLINE float product_number(sum total) {
    const std::int32_t bits = sum_of_lanes(lanes_i32(), total);
    return is_signed ? static_cast<float>(bits) : square_number(total);
  }
  static HWY_INLINE float square_number(sum total) {
    return static_cast<float>(static_cast<std::uint32_t>(sum_of_lanes(lanes_i32(), total)));
  }
  static HWY_INLINE void store_products_and_squares(sum a, sum b, sum a_squared, sum b_squared, float* products,
                                                    float* squares) {
    HWY_ALIGN std::int32_t numbers[4];
    hn::Store(four_sums(lanes_i32(), a, b, a_squared, b_squared), hn::Full128<std::int32_t>(), numbers);
    for (std::size_t row = 0; row < 2; ++row) {
      products[row] = is_signed ? static_cast<float>(numbers[row]) : unsigned_number(numbers[row]);
      squares[row] = unsigned_number(numbers[2 + row]);
    }
  }
  template <std::size_t Rows, class Sums>
  static HWY_INLINE void store_products(const Sums& sums, float* out) {
    store_numbers<Rows, is_signed>(sums, out);
  }
  template <std::size_t Rows, class Sums>
  static HWY_INLINE void store_squares(const Sums& sums, float* out) {
    store_numbers<Rows, false>(sums, out);
  }

 private:
  static HWY_INLINE float unsigned_number(std::int32_t bits) {
    return static_cast<float>(static_cast<std::uint32_t>(bits));
  }
  template <std::size_t Rows, bool IsSigned, class Sums>
  static HWY_INLINE void store_numbers(const Sums& sums, float* out) {
    if constexpr (Rows == 4) {
      const auto& second = sums.others;
      const auto& third = second.others;
      HWY_ALIGN std::int32_t numbers[4];
      hn::Store(four_sums(lanes_i32(), sums.total(), second.total(), third.total(), third.others.total()),
                hn::Full128<std::int32_t>(), numbers);
      for (std::size_t row = 0; row < 4; ++row) {
        out[row] = IsSigned ? static_cast<float>(numbers[row]) : unsigned_number(numbers[row]);
      }
    } else {
      out[0] = IsSigned ? product_number(sums.total()) : square_number(sums.total());
      if constexpr (Rows > 1) store_numbers<Rows - 1, IsSigned>(sums.others, out + 1);
    }
  }
};

#endif  // ATLAS_KERNELS_PLAIN

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_DISTANCE_COMPONENTS_INL_HPP
