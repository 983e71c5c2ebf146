// SPDX-License-Identifier: Apache-2.0
// include/atlas/simd/x86_rows-inl.hpp -- what the row kernels written in x86 intrinsics share.
//
// Room:      the loop over groups of rows, loads, sums of lanes.
// Not here:  what is computed for each group (simd/x86_{vnni,vpopcnt,bf16}-inl.hpp).
// Depends:   simd/x86_tables-inl.hpp, which defines the ATLAS_X86 macros; Highway's HWY_PUSH_ATTRIBUTES.
#ifndef ATLAS_SIMD_X86_ROWS_INL_HPP
#define ATLAS_SIMD_X86_ROWS_INL_HPP

HWY_PUSH_ATTRIBUTES(ATLAS_X86_AVX512)
ATLAS_X86_BEGIN

/// Rows that follow each other, and rows in a list. Integers, because a prefetch may name bytes past the block, where a
/// pointer may not point.
struct rows_in_order {
  std::uintptr_t first;
  std::size_t stride_bytes;
  [[gnu::always_inline]] const void* operator[](std::size_t row) const {
    return reinterpret_cast<const void*>(first + row * stride_bytes);
  }
};
template <std::size_t Rows>
struct rows_in_list {
  const void* places[Rows];
  [[gnu::always_inline]] const void* operator[](std::size_t row) const { return places[row]; }
};

/// As in distance/row_places-inl.hpp, with the measurement there.
inline constexpr std::size_t prefetched_bytes = 4096;
inline constexpr std::size_t most_cached_bytes = std::size_t{2} << 20;

/// Calls group(rows, out) for `Rows` rows at a time. In the last group rows are repeated, and only what belongs to
/// `out` is written.
template <std::size_t Rows, class Group>
[[gnu::always_inline]] inline void in_groups(const Group& group, const void* rows, std::size_t stride_bytes,
                                             const std::uint32_t* ids, std::size_t count, float* out) {
  const std::uintptr_t first = reinterpret_cast<std::uintptr_t>(rows);
  std::size_t done = 0;
  if (ids == nullptr) {
    for (; done + Rows <= count; done += Rows) {
      const rows_in_order group_rows{first + done * stride_bytes, stride_bytes};
      // Longer rows are fetched by the CPU itself as fast as the memory gives them.
      if (stride_bytes <= 2 * cache_line && count * stride_bytes > most_cached_bytes) {
        for (std::size_t line = 0; line < Rows * stride_bytes; line += cache_line) {
          __builtin_prefetch(reinterpret_cast<const void*>(group_rows.first + prefetched_bytes + line));
        }
      }
      group(group_rows, out + done);
    }
  }
  for (; done < count; done += Rows) {
    rows_in_list<Rows> list;
    for (std::size_t row = 0; row < Rows; ++row) {
      const std::size_t index = done + row < count ? done + row : done;
      list.places[row] = reinterpret_cast<const void*>(first + (ids == nullptr ? index : ids[index]) * stride_bytes);
    }
    if (ids != nullptr) {
      for (std::size_t row = done + Rows; row < done + 2 * Rows && row < count; ++row) {
        __builtin_prefetch(reinterpret_cast<const void*>(first + ids[row] * stride_bytes));
        __builtin_prefetch(reinterpret_cast<const void*>(first + ids[row] * stride_bytes + cache_line));
      }
    }
    if (count - done >= Rows) {
      group(list, out + done);
    } else {
      float numbers[Rows];
      group(list, numbers);
      for (std::size_t row = 0; row < count - done; ++row) out[done + row] = numbers[row];
    }
  }
}

[[gnu::always_inline]] inline __m512i bytes_at(const void* row, std::size_t at) {
  return _mm512_loadu_si512(static_cast<const char*>(row) + at);
}
/// Bytes that `keep` does not name are not read, and are 0.
[[gnu::always_inline]] inline __m512i bytes_at(const void* row, std::size_t at, __mmask64 keep) {
  return _mm512_maskz_loadu_epi8(keep, static_cast<const char*>(row) + at);
}

[[gnu::always_inline]] inline __m128i folded(__m512i sums) {
  const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(sums), _mm512_extracti64x4_epi64(sums, 1));
  return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}
/// The sum of each of four registers' lanes, modulo 2^32.
[[gnu::always_inline]] inline __m128i four_sums(const __m512i* rows) {
  return _mm_hadd_epi32(_mm_hadd_epi32(folded(rows[0]), folded(rows[1])),
                        _mm_hadd_epi32(folded(rows[2]), folded(rows[3])));
}

ATLAS_X86_END
HWY_POP_ATTRIBUTES

#endif  // ATLAS_SIMD_X86_ROWS_INL_HPP
