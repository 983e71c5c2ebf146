// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/utf8_kernels-inl.hpp -- UTF-8, a vector of bytes at a time; compiled once for each target.
//
// Room:      utf8_checked, utf8_starts, utf8_skip.
// Not here:  what they promise (simd/kernel_entries.hpp), bytes that are looked for (text/byte_kernels-inl.hpp), where exactly a byte is wrong (text/utf8_validity.hpp).
// Depends:   simd/kernels-inl.hpp, which sets up Highway and the ATLAS_KERNELS macros.
//
// Source: Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte", Software: Practice and Experience 51, 2021,
// section 6: three look-ups by the nibbles of a byte and the one before it, whose common bits are what may be wrong.
#if defined(ATLAS_TEXT_UTF8_KERNELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_TEXT_UTF8_KERNELS_INL_HPP
#undef ATLAS_TEXT_UTF8_KERNELS_INL_HPP
#else
#define ATLAS_TEXT_UTF8_KERNELS_INL_HPP
#endif

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

/// The rest of utf8_skip, a byte at a time.
inline std::size_t utf8_skip_from(const std::uint8_t* bytes, std::size_t at, std::size_t size, std::size_t starts) {
  for (; at < size; ++at) {
    if ((bytes[at] & 0xC0U) == 0x80U) continue;
    if (starts == 0) break;
    --starts;
  }
  return at;
}
#if ATLAS_KERNELS_PLAIN

inline std::size_t utf8_skip(const std::uint8_t* bytes, std::size_t size, std::size_t starts) { return utf8_skip_from(bytes, 0, size, starts); }

inline std::size_t utf8_checked(const std::uint8_t*, std::size_t) { return 0; }
inline std::size_t utf8_starts(const std::uint8_t* bytes, std::size_t size) {
  std::size_t starts = 0;
  std::size_t at = 0;
  for (; at + 8 <= size; at += 8) {
    std::uint64_t eight = 0;
    __builtin_memcpy(&eight, bytes + at, 8);
    starts += 8U - static_cast<std::size_t>(__builtin_popcountll((eight >> 7) & (~eight >> 6) & 0x0101010101010101U));
  }
  for (; at < size; ++at) starts += (bytes[at] & 0xC0U) != 0x80U ? 1U : 0U;
  return starts;
}

#else

namespace hn = hwy::HWY_NAMESPACE;

/// What is wrong with two bytes in a row, a bit each; a pair is wrong in a way if all three tables have its bit.
namespace utf8_wrong {
inline constexpr std::uint8_t too_short = 1;         ///< 11______ 0_______, 11______ 11______
inline constexpr std::uint8_t too_long = 2;          ///< 0_______ 10______
inline constexpr std::uint8_t overlong_3 = 4;        ///< 11100000 100_____
inline constexpr std::uint8_t too_large = 8;         ///< 11110100 1001____ and more
inline constexpr std::uint8_t surrogate = 16;        ///< 11101101 101_____
inline constexpr std::uint8_t overlong_2 = 32;       ///< 1100000_ 10______
inline constexpr std::uint8_t overlong_4 = 64;       ///< 11110000 1000____
inline constexpr std::uint8_t too_large_1000 = 64;   ///< 11110101 1000____ and more
inline constexpr std::uint8_t two_continue = 128;    ///< 10______ 10______, which is right if two or three bytes before wanted it
inline constexpr std::uint8_t by_others = too_short | too_long | two_continue;  ///< says nothing of the lower nibble
inline constexpr std::uint8_t large = by_others | too_large | too_large_1000;

alignas(16) inline constexpr std::uint8_t of_upper_before[16] = {
    too_long, too_long, too_long, too_long, too_long, too_long, too_long, too_long, two_continue, two_continue, two_continue, two_continue,
    too_short | overlong_2, too_short, too_short | overlong_3 | surrogate, too_short | too_large | too_large_1000 | overlong_4};
alignas(16) inline constexpr std::uint8_t of_lower_before[16] = {
    by_others | overlong_3 | overlong_2 | overlong_4, by_others | overlong_2, by_others, by_others, by_others | too_large,
    large, large, large, large, large, large, large, large, large | surrogate, large, large};
alignas(16) inline constexpr std::uint8_t of_upper[16] = {
    too_short, too_short, too_short, too_short, too_short, too_short, too_short, too_short,
    too_long | overlong_2 | two_continue | overlong_3 | too_large_1000 | overlong_4, too_long | overlong_2 | two_continue | overlong_3 | too_large,
    too_long | overlong_2 | two_continue | surrogate | too_large, too_long | overlong_2 | two_continue | surrogate | too_large,
    too_short, too_short, too_short, too_short};
}  // namespace utf8_wrong

using lanes_utf8 = hn::ScalableTag<std::uint8_t>;
using vector_utf8 = hn::Vec<lanes_utf8>;

HWY_INLINE vector_utf8 upper_nibbles(vector_utf8 bytes) {
  const lanes_utf8 lanes;
  const hn::Repartition<std::uint16_t, lanes_utf8> pairs;
  return hn::And(hn::BitCast(lanes, hn::ShiftRight<4>(hn::BitCast(pairs, bytes))), hn::Set(lanes, std::uint8_t{0x0F}));
}
/// Not 0 where something is wrong. @pre three bytes before `at` can be read
HWY_INLINE vector_utf8 utf8_errors(const std::uint8_t* at) {
  const lanes_utf8 lanes;
  const auto bytes = hn::LoadU(lanes, at);
  const auto before = hn::LoadU(lanes, at - 1);
  const auto one = hn::TableLookupBytes(hn::LoadDup128(lanes, utf8_wrong::of_upper_before), upper_nibbles(before));
  const auto two = hn::TableLookupBytes(hn::LoadDup128(lanes, utf8_wrong::of_lower_before), hn::And(before, hn::Set(lanes, std::uint8_t{0x0F})));
  const auto three = hn::TableLookupBytes(hn::LoadDup128(lanes, utf8_wrong::of_upper), upper_nibbles(bytes));
  const auto wrong = hn::And(hn::And(one, two), three);
  // Behind a lead of three or four bytes the second and third that follow must continue, and do in two_continue's bit.
  const auto third = hn::SaturatedSub(hn::LoadU(lanes, at - 2), hn::Set(lanes, std::uint8_t{0xE0 - 0x80}));
  const auto fourth = hn::SaturatedSub(hn::LoadU(lanes, at - 3), hn::Set(lanes, std::uint8_t{0xF0 - 0x80}));
  const auto must_continue = hn::And(hn::Or(third, fourth), hn::Set(lanes, std::uint8_t{0x80}));
  return hn::Xor(wrong, must_continue);
}
HWY_INLINE bool is_all_zero(vector_utf8 bytes) {
  const lanes_utf8 lanes;
  return hn::AllTrue(lanes, hn::Eq(bytes, hn::Zero(lanes)));
}

inline std::size_t utf8_checked(const std::uint8_t* bytes, std::size_t size) {
  const lanes_utf8 lanes;
  constexpr std::size_t block = 64;
  constexpr std::size_t step = HWY_LANES(std::uint8_t) < block ? HWY_LANES(std::uint8_t) : block;
  if (size < block) return 0;
  std::uint8_t first[3 + block] = {};  // with zeros before it, where there is nothing
  __builtin_memcpy(first + 3, bytes, block);
  for (std::size_t at = 0;; at += block) {
    const std::uint8_t* const from = at == 0 ? first + 3 : bytes + at;
    auto all = hn::LoadU(lanes, from);
    for (std::size_t i = step; i < block; i += step) all = hn::Or(all, hn::LoadU(lanes, from + i));
    const bool is_open = from[-1] >= 0xC0 || from[-2] >= 0xE0 || from[-3] >= 0xF0;
    if (is_open || !is_all_zero(hn::And(all, hn::Set(lanes, std::uint8_t{0x80})))) {
      auto errors = utf8_errors(from);
      for (std::size_t i = step; i < block; i += step) errors = hn::Or(errors, utf8_errors(from + i));
      if (!is_all_zero(errors)) return at;
    }
    if (size - at < 2 * block) return at + block;
  }
}

inline std::size_t utf8_starts(const std::uint8_t* bytes, std::size_t size) {
  const lanes_utf8 lanes;
  const hn::RebindToSigned<lanes_utf8> numbers;
  constexpr std::size_t step = HWY_LANES(std::uint8_t);
  const auto last_continuing = hn::Set(numbers, static_cast<std::int8_t>(-65));  // 10111111
  std::size_t starts = 0;
  std::size_t at = 0;
  for (; at + step <= size; at += step) {
    starts += hn::CountTrue(numbers, hn::Gt(hn::BitCast(numbers, hn::LoadU(lanes, bytes + at)), last_continuing));
  }
  for (; at < size; ++at) starts += (bytes[at] & 0xC0U) != 0x80U ? 1U : 0U;
  return starts;
}

inline std::size_t utf8_skip(const std::uint8_t* bytes, std::size_t size, std::size_t starts) {
  const lanes_utf8 lanes;
  const hn::RebindToSigned<lanes_utf8> numbers;
  constexpr std::size_t step = HWY_LANES(std::uint8_t);
  const auto last_continuing = hn::Set(numbers, static_cast<std::int8_t>(-65));
  std::size_t at = 0;
  for (; at + step <= size; at += step) {
    const std::size_t found = hn::CountTrue(numbers, hn::Gt(hn::BitCast(numbers, hn::LoadU(lanes, bytes + at)), last_continuing));
    if (found > starts) break;  // the one that is too many is in this vector
    starts -= found;
  }
  return utf8_skip_from(bytes, at, size, starts);
}

#endif

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_TEXT_UTF8_KERNELS_INL_HPP
