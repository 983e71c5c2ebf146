// SPDX-License-Identifier: Apache-2.0
// include/atlas/quantize/lvq.hpp -- vectors as 8- or 4-bit codes, each vector with a lower bound and a step of its own.
//
// Room:      the bytes of a row, encoding and decoding one vector, a query's side, distances of rows.
// Not here:  the loops (quantize/lvq_*_kernels-inl.hpp, simd/x86_vnni_lvq-inl.hpp), where a common centre comes from.
// Depends:   core, simd, distance/metric.hpp.
// Threads:   every function is pure but for what it writes through its last pointer.
//
// Source: Aguerrebere et al., "Similarity search in the blink of an eye with compressed indices", VLDB 2023;
// here the query is coded too, in 8 bits, so that products are of integers.
#ifndef ATLAS_QUANTIZE_LVQ_HPP
#define ATLAS_QUANTIZE_LVQ_HPP

#include <atlas/core/assert.hpp>        // ATLAS_ASSERT
#include <atlas/core/bits.hpp>          // round_up, load_unaligned
#include <atlas/distance/metric.hpp>    // metric
#include <atlas/simd/kernel_table.hpp>  // kernels, lvq_query, lvq_terms

namespace atlas { inline namespace ATLAS_ABI {

using kernels_v1::lvq_query;
using kernels_v1::lvq_terms;

/// Bits of a code.
enum class lvq_bits : std::uint8_t {
  four = 4,
  eight = 8,
};

/// The bytes of a row: codes, then zeros up to `code_bytes`, lvq_terms, zeros up to `stride_bytes`. Of 8 bits, byte i
/// is code i. Of 4 bits, blocks of 64 bytes hold 128 codes, byte j of block b code 128b + j in its lower and code
/// 128b + 64 + j in its upper half; the last block is cut to as many bytes as it has codes.
struct lvq_layout {
  std::size_t dimension = 0;
  std::size_t code_bytes = 0;    ///< a multiple of 16: where the terms begin
  std::size_t stride_bytes = 0;  ///< a multiple of 64: from one row to the next
  lvq_bits bits = lvq_bits::eight;

  /// @pre 1 <= dimension <= max_dimension
  [[nodiscard]] static constexpr lvq_layout of(std::size_t dimension, lvq_bits bits) noexcept {
    const std::size_t in_last_block = dimension % 128 < 64 ? dimension % 128 : 64;
    const std::size_t used_bytes = bits == lvq_bits::four ? dimension / 128 * 64 + in_last_block : dimension;
    const std::size_t code_bytes = round_up(used_bytes, 16);
    return {dimension, code_bytes, round_up(code_bytes + sizeof(lvq_terms), cache_line), bits};
  }
  /// 15 or 255.
  [[nodiscard]] constexpr std::uint8_t largest_code() const noexcept { return bits == lvq_bits::four ? 15 : 255; }
};

/// Bytes of a prepared query's components, a multiple of 128.
[[nodiscard]] constexpr std::size_t lvq_query_bytes(std::size_t dimension) noexcept { return round_up(dimension, 128); }

namespace detail {

/// As a finite float: what is beyond the largest one becomes the largest, NaN the least.
[[nodiscard]] inline float finite_float(double number) noexcept {
  constexpr float largest = 0x1.fffffeP127F;
  if (!(number > -static_cast<double>(largest))) return -largest;
  return number < static_cast<double>(largest) ? static_cast<float>(number) : largest;
}

/// How the numbers from `lower` up are coded in [0, largest].
struct lvq_coding {
  float lower;
  float step;          ///< 0 if all numbers are alike
  float inverse_step;  ///< of the step as it is stored

  lvq_coding(const kernels_v1::centred_range& range, std::uint8_t largest) noexcept
      : lower(finite_float(static_cast<double>(range.least))), step(0.0F), inverse_step(0.0F) {
    const float greatest = finite_float(static_cast<double>(range.greatest));
    if (!(greatest > lower)) return;
    step = finite_float((static_cast<double>(greatest) - static_cast<double>(lower)) / static_cast<double>(largest));
    // The least normal float, whose inverse is finite: then not all codes are used.
    if (step < 0x1P-126F) step = 0x1P-126F;
    inverse_step = 1.0F / step;
  }
};

/// The sum of what the codes stand for, and of the squares of that, from exact integers; `zero` is code 0's number.
struct lvq_reconstructed {
  double sum;
  double squares;
  lvq_reconstructed(double zero, double step, std::size_t dimension, double codes, double code_squares) noexcept
      : sum(static_cast<double>(dimension) * zero + step * codes),
        squares(static_cast<double>(dimension) * zero * zero + 2 * zero * step * codes + step * step * code_squares) {}
};

/// Codes of 4 bits in blocks, and their sums.
inline kernels_v1::code_sums lvq_encode_blocks(const float* vector, float scale, const float* centre,
                                               std::size_t dimension, const lvq_coding& coding,
                                               std::byte* row) noexcept {
  const kernel_table& table = kernels();
  kernels_v1::code_sums sums{0, 0};
  for (std::size_t first = 0; first < dimension; first += 128, row += 64) {
    const std::size_t left = dimension - first < 128 ? dimension - first : 128;
    std::uint8_t codes[128];
    const kernels_v1::code_sums of_block =
        table.lvq_codes(vector + first, scale, centre + first, left, coding.lower, coding.inverse_step, 15, 0, codes);
    sums.codes += of_block.codes;
    sums.squares += of_block.squares;
    if (left < 128) std::memset(codes + left, 0, 128 - left);
    for (std::size_t i = 0; i < 64; ++i) row[i] = static_cast<std::byte>(codes[i] | (codes[64 + i] << 4));
  }
  return sums;
}

}  // namespace detail

/// Encodes a vector: vector * scale - centre, component by component, as lower + step * code.
///
/// @param layout  of the row
/// @param which   l2sq, inner_product or cosine
/// @param vector  shape [layout.dimension]
/// @param scale   1 / the vector's length under cosine, else 1
/// @param centre  shape [layout.dimension]: what all rows and queries have in common; zeros do
/// @param row     layout.stride_bytes bytes, aligned to 64; each is written
/// @pre           vector, scale and centre are finite
/// Accuracy: what the row stands for is within step / 2 of each component, and the rounding of a few float operations
/// (2^-22 of the range and 2^-23 of the component). The step is the range of the components / 255 or 15, but 0 for
/// equal ones and never below 2^-126 else. Beyond the largest float a component or a difference of components counts as
/// infinite, and gets the code of the nearest end; the terms are always finite.
/// Cost: about 0.25 ns a component with AVX-512 (Zen 4), no allocation, never throws.
inline void lvq_encode(const lvq_layout& layout, metric which, const float* vector, float scale, const float* centre,
                       std::byte* row) noexcept {
  ATLAS_ASSERT(layout.dimension >= 1 && layout.dimension <= max_dimension);
  ATLAS_ASSERT(which == metric::l2sq || which == metric::inner_product || which == metric::cosine);
  const kernel_table& table = kernels();
  const std::size_t dimension = layout.dimension;
  const kernels_v1::centred_range range = table.lvq_range(vector, scale, centre, dimension);
  const detail::lvq_coding coding(range, layout.largest_code());
  kernels_v1::code_sums sums;
  std::size_t written = 0;
  if (layout.bits == lvq_bits::four) {
    sums = detail::lvq_encode_blocks(vector, scale, centre, dimension, coding, row);
    written = (dimension + 127) / 128 * 64;
  } else {
    sums = table.lvq_codes(vector, scale, centre, dimension, coding.lower, coding.inverse_step, 255, 0,
                           reinterpret_cast<std::uint8_t*>(row));
    written = dimension;
  }
  std::memset(row + written, 0, layout.stride_bytes - written);

  const detail::lvq_reconstructed made(static_cast<double>(coding.lower), static_cast<double>(coding.step), dimension,
                                       static_cast<double>(sums.codes), static_cast<double>(sums.squares));
  double norm = made.squares;
  if (which == metric::inner_product) norm = -static_cast<double>(range.product);
  if (which == metric::cosine) norm *= 0.5;
  store_unaligned(row + layout.code_bytes,
                  lvq_terms{detail::finite_float(norm), coding.lower, coding.step, detail::finite_float(made.sum)});
}

/// Prepares a query for rows of this layout, metric and centre.
///
/// @param layout      of the rows
/// @param which       as the rows were encoded
/// @param query       shape [layout.dimension]
/// @param scale       1 / the query's length under cosine, else 1
/// @param centre      as the rows were encoded
/// @param components  lvq_query_bytes(layout.dimension) bytes, aligned to 64; each is written, and they must outlive
///                    the query that is returned
/// @return            numbers that are finite, but for `base` under inner_product if a product overflows
/// @pre               query, scale and centre are finite
/// Accuracy: the query as prepared is within 1/508 of the range of its components, after centre and scale, of each.
/// Cost: about 0.25 ns a component with AVX-512 (Zen 4), no allocation, never throws.
[[nodiscard]] inline lvq_query lvq_prepare(const lvq_layout& layout, metric which, const float* query, float scale,
                                           const float* centre, std::int8_t* components) noexcept {
  ATLAS_ASSERT(layout.dimension >= 1 && layout.dimension <= max_dimension);
  ATLAS_ASSERT(which == metric::l2sq || which == metric::inner_product || which == metric::cosine);
  const kernel_table& table = kernels();
  const std::size_t dimension = layout.dimension;
  const kernels_v1::centred_range range = table.lvq_range(query, scale, centre, dimension);
  const detail::lvq_coding coding(range, 254);
  const kernels_v1::code_sums sums = table.lvq_codes(query, scale, centre, dimension, coding.lower, coding.inverse_step,
                                                     254, 127, reinterpret_cast<std::uint8_t*>(components));
  std::memset(components + dimension, 0, lvq_query_bytes(dimension) - dimension);

  const auto count = static_cast<double>(dimension);
  const auto step = static_cast<double>(coding.step);
  const float middle = detail::finite_float(static_cast<double>(coding.lower) + 127 * step);
  const double codes = static_cast<double>(sums.codes) - 127 * count;
  const double squares = static_cast<double>(sums.squares) - 254 * static_cast<double>(sums.codes) + 127 * 127 * count;
  const detail::lvq_reconstructed made(static_cast<double>(middle), step, dimension, codes, squares);
  lvq_query prepared{components, 0.0F, 1.0F, middle, coding.step, detail::finite_float(step * codes)};
  if (which == metric::inner_product) {
    float product = 0.0F;
    table.dot[kernels_v1::f32_f32](query, centre, 0, nullptr, 1, dimension, &product);
    prepared.base = 1.0F - scale * product;
  } else {
    prepared.weight = which == metric::l2sq ? 2.0F : 1.0F;
    prepared.base = detail::finite_float(which == metric::l2sq ? made.squares : made.squares * 0.5);
  }
  return prepared;
}

/// Distances of a prepared query to rows: under l2sq of what the query and the row stand for; under cosine half of
/// that, which for vectors of length 1 is the cosine distance; under inner_product 1 - <query, row>.
///
/// @param layout         of the rows
/// @param query          from lvq_prepare
/// @param rows           row i begins at rows + i * layout.stride_bytes, aligned to 64
/// @param ids            shape [count], or null for rows in order
/// @param prefetch_rows  how many rows are asked for ahead of the one that is computed, with all their lines; 0 for
///                       none. 20 rows a call at random places of 200 MB in huge pages, Zen 4: 8 gives up to 1.9 times
///                       the rows a second of none with rows of 128 bytes, 1.2 times with 448 bytes of 4-bit codes,
///                       0.95 times with 832; `count` 1 to 15 % fewer than 8
/// @param out            shape [count]; overlaps no input; never NaN, +infinity instead. May be a little below 0
/// Accuracy: within 2^-21 * (|base| + |norm| + weight * size) of the distance between what both stand for, where size is
/// |middle * sum| + |step_sum * lower| + |query.step * row.step * dot|, barring overflow and underflow; rows with the
/// same bytes give the same bits. The bytes of rows may be anything.
/// Cost: 784 components of 8 bits from L2 8 ns a row with AVX512_VNNI, 16 with AVX2 (Zen 4); no allocation, never
/// throws.
inline void lvq_distances(const lvq_layout& layout, const lvq_query& query, const std::byte* rows,
                          const std::uint32_t* ids, std::size_t count, std::size_t prefetch_rows, float* out) noexcept {
  const kernel_table& table = kernels();
  const kernels_v1::lvq_kernel kernel = layout.bits == lvq_bits::four ? table.lvq4 : table.lvq8;
  kernel(query, rows, layout.stride_bytes, ids, count, layout.dimension, layout.code_bytes, prefetch_rows, out);
}

/// The vector that a row stands for, centre included.
///
/// @param centre  shape [layout.dimension], as the row was encoded
/// @param vector  shape [layout.dimension]: vector * scale of lvq_encode, nearly
/// Cost: O(dimension), no allocation, never throws. For tests and tools.
inline void lvq_decode(const lvq_layout& layout, const std::byte* row, const float* centre, float* vector) noexcept {
  const auto terms = load_unaligned<lvq_terms>(row + layout.code_bytes);
  for (std::size_t i = 0; i < layout.dimension; ++i) {
    unsigned code = 0;
    if (layout.bits == lvq_bits::four) {
      const auto pair = std::to_integer<unsigned>(row[i / 128 * 64 + i % 64]);
      code = i % 128 < 64 ? pair & 15U : pair >> 4;
    } else {
      code = std::to_integer<unsigned>(row[i]);
    }
    vector[i] = terms.lower + terms.step * static_cast<float>(code) + centre[i];
  }
}

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUANTIZE_LVQ_HPP
