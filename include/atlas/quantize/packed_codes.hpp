// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/packed_codes.hpp -- numbers of centroids as bytes: of 256 centroids one a byte, of 16 two.
//
// Room:      how many bytes, both ways, and tables of a query for what lies in a byte.
// Not here:  4-bit codes in blocks of 32 rows (distance/code_distance.hpp).
// Depends:   core, simd.
// Threads:   pure.
#ifndef ATLAS_QUANTIZE_PACKED_CODES_HPP
#define ATLAS_QUANTIZE_PACKED_CODES_HPP

#include <atlas/core/memory.hpp>        // buffer
#include <atlas/core/result.hpp>        // status
#include <atlas/simd/kernel_table.hpp>  // kernels

#include <cstdint>
#include <cstring>

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// @param bits  4 or 8
[[nodiscard]] constexpr std::size_t packed_bytes(std::size_t codes, unsigned bits) noexcept { return bits == 8 ? codes : (codes + 1) / 2; }

/// @param codes  shape [count], of 4 bits the lower half counts
/// @param bytes  shape [packed_bytes(count, bits)]: of 4 bits the even code lies in the lower half; what is behind the last is 0
inline void pack_codes(const std::uint8_t* codes, std::size_t count, unsigned bits, std::uint8_t* bytes) noexcept {
  if (bits == 8) {
    std::memcpy(bytes, codes, count);
    return;
  }
  for (std::size_t i = 0; i < count; i += 2) {
    const unsigned upper = i + 1 < count ? codes[i + 1] & 15U : 0U;
    bytes[i / 2] = static_cast<std::uint8_t>((codes[i] & 15U) | (upper << 4));
  }
}
/// The other way.
inline void unpack_codes(const std::uint8_t* bytes, std::size_t count, unsigned bits, std::uint8_t* codes) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    codes[i] = bits == 8 ? bytes[i] : static_cast<std::uint8_t>((unsigned{bytes[i / 2]} >> (i % 2 * 4)) & 15U);
  }
}

/// Sums of table entries by packed codes.
/// @param tables  shape [parts, 2^bits]
/// @param stride  bytes from row to row of `codes`, which has `rows` of packed_bytes(parts, bits)
/// @param out     shape [rows]
/// @return        errc::no_memory; with 8 bits nothing fails
/// Of 4 bits the two tables of a byte become one first, so that a byte costs one look-up.
[[nodiscard]] inline status sum_packed(const float* tables, std::size_t parts, unsigned bits, const std::uint8_t* codes,
                                       std::size_t stride, std::size_t rows, float* out) noexcept {
  if (bits == 8) {
    kernels().pq8(tables, codes, stride, rows, parts, out);
    return {};
  }
  const std::size_t bytes = packed_bytes(parts, bits);
  buffer<float> joined;
  if (status sized = joined.resize(bytes * 256); !sized.ok()) return sized;
  for (std::size_t byte = 0; byte < bytes; ++byte) {
    const float* const even = tables + 2 * byte * 16;
    const float* const odd = 2 * byte + 1 < parts ? even + 16 : nullptr;
    for (std::size_t value = 0; value < 256; ++value) {
      joined.data()[byte * 256 + value] = even[value & 15U] + (odd == nullptr ? 0.0F : odd[value >> 4]);
    }
  }
  kernels().pq8(joined.data(), codes, stride, rows, bytes, out);
  return {};
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_QUANTIZE_PACKED_CODES_HPP
