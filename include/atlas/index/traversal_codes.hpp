// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/traversal_codes.hpp -- in what form rows are compared while a graph is walked, or before they are measured.
//
// Room:      the names and numbers of these forms, their sizes, and which one is taken if none is asked for.
// Not here:  the codes themselves (quantize/lvq.hpp), their memory (index/code_store.hpp).
// Depends:   core, distance, quantize/lvq.hpp (its sizes).
#ifndef ATLAS_INDEX_TRAVERSAL_CODES_HPP
#define ATLAS_INDEX_TRAVERSAL_CODES_HPP

#include <atlas/core/bits.hpp>     // round_up
#include <atlas/quantize/lvq.hpp>  // lvq_layout

namespace atlas { inline namespace ATLAS_ABI {

/// A walk compares hundreds of rows and needs to know only which are nearer; so it reads codes, which take a fraction of
/// a vector's bytes, and what it finds is then measured exactly on the stored vectors. So are the candidates that lists give, by
/// rerank_codes. The numbers are stored.
enum class traversal_codes : std::uint8_t {
  none = 0,   ///< the stored vectors themselves
  /// Each component as IEEE 754 binary16, under cosine of unit vectors. What is beyond 65,504 counts as infinite: such rows
  /// are hardly found, so not for them
  f16 = 1,
  bf16 = 2,   ///< as the upper half of a binary32, likewise
  lvq8 = 3,   ///< 8 bits a component, with a scale and offset of each vector's own after the rows' mean is taken off
  lvq4 = 4,   ///< the same in 4 bits
  automatic = 255,  ///< at creation: lvq8, and for walks lvq4 from `lvq4_from_dimension` components on
};

/// Where four bits come to be enough: from here on their errors, which are averaged over the components, cost no recall at
/// equal width, and rows of half the bytes are read faster. Measured on mnist-784 and lsa-books-384 (bench/README.md).
inline constexpr std::size_t lvq4_from_dimension = 256;

[[nodiscard]] constexpr const char* name(traversal_codes which) noexcept {
  switch (which) {
    case traversal_codes::none: return "none";
    case traversal_codes::f16: return "f16";
    case traversal_codes::bf16: return "bf16";
    case traversal_codes::lvq8: return "lvq8";
    case traversal_codes::lvq4: return "lvq4";
    case traversal_codes::automatic: return "automatic";
  }
  return "unknown";
}

namespace detail {

[[nodiscard]] constexpr bool is_stored_codes(std::uint8_t number) noexcept { return number <= 4; }
[[nodiscard]] constexpr bool is_lvq(traversal_codes which) noexcept {
  return which == traversal_codes::lvq8 || which == traversal_codes::lvq4;
}
[[nodiscard]] constexpr traversal_codes chosen_codes(traversal_codes wanted, std::size_t dimension) noexcept {
  if (wanted != traversal_codes::automatic) return wanted;
  return dimension >= lvq4_from_dimension ? traversal_codes::lvq4 : traversal_codes::lvq8;
}
/// Bytes from one row's code to the next: a multiple of cache_line; 0 for none.
[[nodiscard]] inline std::size_t code_stride_bytes(traversal_codes which, std::size_t dimension) noexcept {
  if (is_lvq(which)) return lvq_layout::of(dimension, which == traversal_codes::lvq8 ? lvq_bits::eight : lvq_bits::four).stride_bytes;
  if (which == traversal_codes::none) return 0;
  return static_cast<std::size_t>(round_up(dimension * 2, cache_line));
}

}  // namespace detail

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_INDEX_TRAVERSAL_CODES_HPP
