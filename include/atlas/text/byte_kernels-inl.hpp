// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/byte_kernels-inl.hpp -- bytes of a text looked for, 64 at a time; compiled once for each target.
//
// Room:      is_ascii, line_ends, line_end_offsets, first_of, last_of.
// Not here:  what they promise (simd/kernel_entries.hpp), UTF-8 (text/utf8_kernels-inl.hpp).
// Depends:   simd/kernels-inl.hpp, which sets up Highway and the ATLAS_KERNELS macros.
#if defined(ATLAS_TEXT_BYTE_KERNELS_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef ATLAS_TEXT_BYTE_KERNELS_INL_HPP
#undef ATLAS_TEXT_BYTE_KERNELS_INL_HPP
#else
#define ATLAS_TEXT_BYTE_KERNELS_INL_HPP
#endif

HWY_BEFORE_NAMESPACE();
ATLAS_KERNELS_BEGIN

#if ATLAS_KERNELS_PLAIN

inline bool is_line_end(const std::uint8_t* bytes, std::size_t at, std::size_t size) {
  return bytes[at] == 0x0A || (bytes[at] == 0x0D && (at + 1 == size || bytes[at + 1] != 0x0A));
}
inline bool is_ascii(const std::uint8_t* bytes, std::size_t size) {
  std::uint8_t all = 0;
  for (std::size_t at = 0; at < size; ++at) all |= bytes[at];
  return all < 0x80U;
}
inline kernels_v1::line_count line_ends(const std::uint8_t* bytes, std::size_t size) {
  kernels_v1::line_count found = {0, 0};
  for (std::size_t at = 0; at < size; ++at) {
    if (is_line_end(bytes, at, size)) found = {found.ends + 1, at + 1};
  }
  return found;
}
inline std::size_t line_end_offsets(const std::uint8_t* bytes, std::size_t size, std::uint16_t* offsets) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < size; ++at) {
    if (is_line_end(bytes, at, size)) offsets[count++] = static_cast<std::uint16_t>(at + 1);
  }
  return count;
}
inline std::size_t first_of(const std::uint8_t* bytes, std::size_t size, const kernels_v1::byte_set& set) {
  std::size_t at = 0;
  while (at < size && !set.contains(bytes[at])) ++at;
  return at;
}
inline std::size_t last_of(const std::uint8_t* bytes, std::size_t size, const kernels_v1::byte_set& set) {
  for (std::size_t at = size; at != 0; --at) {
    if (set.contains(bytes[at - 1])) return at - 1;
  }
  return size;
}

#else

namespace byte_blocks {

namespace hn = hwy::HWY_NAMESPACE;
using lanes_type = hn::ScalableTag<std::uint8_t>;
using vector = hn::Vec<lanes_type>;

inline constexpr std::size_t block = 64;
inline constexpr std::size_t step = HWY_LANES(std::uint8_t) < block ? HWY_LANES(std::uint8_t) : block;

/// A bit for each of 64 bytes: whether is_one(vector, where it was) has its lane.
template <class IsOne>
HWY_INLINE std::uint64_t bits_of(const std::uint8_t* at, IsOne is_one) {
  const lanes_type lanes;
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < block; i += step) {
    std::uint8_t bytes[block / 8] = {};  // StoreMaskBits may write all of them
    hn::StoreMaskBits(lanes, is_one(hn::LoadU(lanes, at + i), at + i), bytes);
    std::uint64_t bits = 0;
    __builtin_memcpy(&bits, bytes, sizeof bits);
    all |= bits << i;
  }
  return all;
}

/// What is left of a text behind its last whole block, as a block: its end, of which earlier bytes are masked out, or a copy.
struct last_block {
  std::uint8_t copy[block];
  const std::uint8_t* at;
  std::size_t offset;  ///< of `at` in the text
  std::uint64_t mask;  ///< of the bits that count

  HWY_INLINE last_block(const std::uint8_t* bytes, std::size_t size) {
    const std::size_t rest = size % block;
    if (size >= block) {
      at = bytes + (size - block);
      offset = size - block;
      mask = rest == 0 ? 0 : ~std::uint64_t{0} << (block - rest);
      return;
    }
    __builtin_memset(copy, 0, block);
    if (rest != 0) __builtin_memcpy(copy, bytes, rest);
    at = copy;
    offset = 0;
    mask = (std::uint64_t{1} << rest) - 1;
  }
};

/// Bits of a set's bytes.
class set_bits {
 public:
  HWY_INLINE explicit set_bits(const kernels_v1::byte_set& set) : by_lower_(hn::LoadDup128(lanes_type(), set.by_lower)) {}
  HWY_INLINE std::uint64_t operator()(const std::uint8_t* at) const {
    alignas(16) static constexpr std::uint8_t of_upper[16] = {1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0};
    const lanes_type lanes;
    const auto bit = hn::LoadDup128(lanes, of_upper);
    return bits_of(at, [&](vector bytes, const std::uint8_t*) HWY_ATTR {
      const hn::Repartition<std::uint16_t, lanes_type> pairs;
      const auto low = hn::Set(lanes, std::uint8_t{0x0F});
      const auto upper = hn::And(hn::BitCast(lanes, hn::ShiftRight<4>(hn::BitCast(pairs, bytes))), low);
      const auto named = hn::And(hn::TableLookupBytes(by_lower_, hn::And(bytes, low)), hn::TableLookupBytes(bit, upper));
      const auto found = hn::Or(named, hn::And(bytes, hn::Set(lanes, std::uint8_t{0x80})));
      return hn::Not(hn::Eq(found, hn::Zero(lanes)));
    });
  }

 private:
  vector by_lower_;
};

/// Bits of the bytes behind which lines end. @pre at[block] can be read
HWY_INLINE std::uint64_t line_end_bits(const std::uint8_t* at) {
  const lanes_type lanes;
  const auto feed = hn::Set(lanes, std::uint8_t{0x0A});
  const auto carriage_return = hn::Set(lanes, std::uint8_t{0x0D});
  return bits_of(at, [&](vector bytes, const std::uint8_t* from) HWY_ATTR {
    const auto is_feed_next = hn::VecFromMask(lanes, hn::Eq(hn::LoadU(lanes, from + 1), feed));
    const auto is_return = hn::VecFromMask(lanes, hn::Eq(bytes, carriage_return));
    const auto is_feed = hn::VecFromMask(lanes, hn::Eq(bytes, feed));
    return hn::MaskFromVec(hn::Or(is_feed, hn::AndNot(is_feed_next, is_return)));
  });
}
/// The same of the last `rest` bytes of a text, 1 to 64, behind `offset`.
struct rest_of_lines {
  std::uint64_t bits;
  std::size_t offset;

  HWY_INLINE rest_of_lines(const std::uint8_t* bytes, std::size_t size, std::size_t rest) {
    if (size > block) {  // the last byte has none behind it
      const std::uint64_t is_last_end = bytes[size - 1] == 0x0A || bytes[size - 1] == 0x0D ? 1 : 0;
      bits = (line_end_bits(bytes + (size - 1 - block)) >> 1 | is_last_end << 63) & ~std::uint64_t{0} << (block - rest);
      offset = size - block;
      return;
    }
    std::uint8_t copy[block + 1] = {};
    __builtin_memcpy(copy, bytes, rest);
    bits = line_end_bits(copy) & ~std::uint64_t{0} >> (block - rest);
    offset = 0;
  }
};

}  // namespace byte_blocks

inline bool is_ascii(const std::uint8_t* bytes, std::size_t size) {
  namespace hn = hwy::HWY_NAMESPACE;
  const byte_blocks::lanes_type lanes;
  constexpr std::size_t step = byte_blocks::step;
  constexpr std::size_t at_once = 4;
  const auto is_clear = [&](byte_blocks::vector all) HWY_ATTR { return hn::AllTrue(lanes, hn::Eq(hn::And(all, hn::Set(lanes, std::uint8_t{0x80})), hn::Zero(lanes))); };
  std::size_t at = 0;
  for (; size - at >= at_once * step; at += at_once * step) {
    auto all = hn::LoadU(lanes, bytes + at);
    for (std::size_t i = 1; i < at_once; ++i) all = hn::Or(all, hn::LoadU(lanes, bytes + at + i * step));
    if (!is_clear(all)) return false;
  }
  if (size < step) {
    std::uint8_t all = 0;
    for (; at < size; ++at) all |= bytes[at];
    return all < 0x80U;
  }
  auto all = hn::LoadU(lanes, bytes + (size - step));
  for (; size - at >= step; at += step) all = hn::Or(all, hn::LoadU(lanes, bytes + at));
  return is_clear(all);
}

inline kernels_v1::line_count line_ends(const std::uint8_t* bytes, std::size_t size) {
  constexpr std::size_t block = byte_blocks::block;
  if (size == 0) return {0, 0};
  std::size_t ends = 0;
  std::size_t at = 0;
  for (; size - at > block; at += block) ends += static_cast<std::size_t>(__builtin_popcountll(byte_blocks::line_end_bits(bytes + at)));
  const byte_blocks::rest_of_lines rest(bytes, size, size - at);
  ends += static_cast<std::size_t>(__builtin_popcountll(rest.bits));
  if (ends == 0) return {0, 0};
  std::uint64_t bits = rest.bits;
  std::size_t offset = rest.offset;
  while (bits == 0) {
    at -= block;
    bits = byte_blocks::line_end_bits(bytes + at);
    offset = at;
  }
  return {ends, offset + block - static_cast<std::size_t>(__builtin_clzll(bits))};
}

inline std::size_t line_end_offsets(const std::uint8_t* bytes, std::size_t size, std::uint16_t* offsets) {
  constexpr std::size_t block = byte_blocks::block;
  if (size == 0) return 0;
  std::size_t count = 0;
  const auto put_all = [&](std::uint64_t bits, std::size_t offset) HWY_ATTR {
    std::uint16_t* out = offsets + count;
    count += static_cast<std::size_t>(__builtin_popcountll(bits));
    const auto put = [&]() HWY_ATTR {
      *out++ = static_cast<std::uint16_t>(offset + 1U + static_cast<std::size_t>(__builtin_ctzll(bits | std::uint64_t{1} << 63)));
      bits &= bits - 1;
    };
    put();  // few blocks have more than two: these take no branch
    put();
    while (bits != 0) put();
  };
  std::size_t at = 0;
  for (; size - at > block; at += block) put_all(byte_blocks::line_end_bits(bytes + at), at);
  const byte_blocks::rest_of_lines rest(bytes, size, size - at);
  put_all(rest.bits, rest.offset);
  return count;
}

inline std::size_t first_of(const std::uint8_t* bytes, std::size_t size, const kernels_v1::byte_set& set) {
  constexpr std::size_t block = byte_blocks::block;
  const byte_blocks::set_bits bits_at(set);
  std::size_t at = 0;
  for (; size - at >= block; at += block) {
    if (const std::uint64_t bits = bits_at(bytes + at); bits != 0) return at + static_cast<std::size_t>(__builtin_ctzll(bits));
  }
  if (at == size) return size;
  const byte_blocks::last_block last(bytes, size);
  const std::uint64_t bits = bits_at(last.at) & last.mask;
  return bits != 0 ? last.offset + static_cast<std::size_t>(__builtin_ctzll(bits)) : size;
}

inline std::size_t last_of(const std::uint8_t* bytes, std::size_t size, const kernels_v1::byte_set& set) {
  constexpr std::size_t block = byte_blocks::block;
  const byte_blocks::set_bits bits_at(set);
  std::size_t end = size;
  for (; end >= block; end -= block) {
    if (const std::uint64_t bits = bits_at(bytes + (end - block)); bits != 0) return end - 1U - static_cast<std::size_t>(__builtin_clzll(bits));
  }
  if (end == 0) return size;
  std::uint64_t bits = 0;
  if (size >= block) {
    bits = bits_at(bytes) & ((std::uint64_t{1} << end) - 1);
  } else {
    const byte_blocks::last_block last(bytes, size);
    bits = bits_at(last.at) & last.mask;
  }
  return bits != 0 ? 63U - static_cast<std::size_t>(__builtin_clzll(bits)) : size;
}

#endif

ATLAS_KERNELS_END
HWY_AFTER_NAMESPACE();

#endif  // ATLAS_TEXT_BYTE_KERNELS_INL_HPP
