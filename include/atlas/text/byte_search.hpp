// SPDX-License-Identifier: Apache-2.0
// include/atlas/text/byte_search.hpp -- the next byte of a text that is one of several.
//
// Room:      byte_set, first_in, last_in.
// Not here:  the loops (text/byte_kernels-inl.hpp).
// Depends:   core, simd.
// Threads:   every function is pure.
#ifndef ATLAS_TEXT_BYTE_SEARCH_HPP
#define ATLAS_TEXT_BYTE_SEARCH_HPP

#include <atlas/core/text_view.hpp>     // text_view
#include <atlas/simd/kernel_table.hpp>  // kernels

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// ASCII characters that are named, and all bytes from 0x80 on.
using kernels_v1::byte_set;

/// Where the first byte in [begin, end) lies that is in the set; `end` if there is none. @pre begin <= end <= text.size()
/// Cost: linear in the answer, some 30 GB/s; a call of 5 ns.
[[nodiscard]] constexpr std::size_t first_in(text_view text, std::size_t begin, std::size_t end, const byte_set& set) noexcept {
  if (!__builtin_is_constant_evaluated()) return begin + kernels().first_of(reinterpret_cast<const std::uint8_t*>(text.data()) + begin, end - begin, set);
  while (begin < end && !set.contains(static_cast<std::uint8_t>(text[begin]))) ++begin;
  return begin;
}

/// Where the last such byte lies; `end` if there is none.
[[nodiscard]] constexpr std::size_t last_in(text_view text, std::size_t begin, std::size_t end, const byte_set& set) noexcept {
  if (!__builtin_is_constant_evaluated()) return begin + kernels().last_of(reinterpret_cast<const std::uint8_t*>(text.data()) + begin, end - begin, set);
  for (std::size_t at = end; at > begin; --at) {
    if (set.contains(static_cast<std::uint8_t>(text[at - 1]))) return at - 1;
  }
  return end;
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_TEXT_BYTE_SEARCH_HPP
