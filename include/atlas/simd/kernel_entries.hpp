// SPDX-License-Identifier: Apache-2.0
// include/atlas/simd/kernel_entries.hpp -- what every instruction set provides, as one struct of pointers.
//
// Room:      the contract of each kernel.
// Not here:  the choice of a table (simd/kernel_table.hpp), the loops (each room's *_kernels-inl.hpp).
// Depends:   core/config.hpp.
#ifndef ATLAS_SIMD_KERNEL_ENTRIES_HPP
#define ATLAS_SIMD_KERNEL_ENTRIES_HPP

#include <atlas/core/config.hpp>  // ATLAS_LINK_KERNELS

namespace atlas {

/// Not under ATLAS_ABI: units built for any instruction set meet here and link to one set of kernels.
/// From the first release on the number in the name grows whenever kernel_table or nearest_request changes, so that an
/// older library fails to link.
namespace kernels_v1 {

/// What the query and the rows of a row kernel are stored as.
enum operands : std::uint8_t {
  f32_f32,
  f16_f16,
  bf16_bf16,
  i8_i8,
  u8_u8,
  f32_f16,  ///< float32 query, float16 rows; likewise below
  f32_bf16,
  f32_i8,
  f32_u8,
  operands_count
};

/// One number for one query and each of `count` rows. Row i begins at rows + i * stride_bytes, or at
/// rows + ids[i] * stride_bytes if `ids` is not null; then rows still to come are prefetched while earlier
/// ones are computed, so one call with many ids beats many calls. stride_bytes is a multiple of the scalar's
/// size and may be 0. out: [count], overlaps no input.
using row_kernel = void (*)(const void* query, const void* rows, std::size_t stride_bytes, const std::uint32_t* ids,
                            std::size_t count, std::size_t dimension, float* out);

/// What stands behind a row's codes (quantize/lvq.hpp). The row stands for lower + step * code in each component.
struct lvq_terms {
  float norm;   ///< the row's part of the distance
  float lower;  ///< what code 0 stands for
  float step;   ///< from one code to the next
  float sum;    ///< of the components that the row stands for
};
static_assert(sizeof(lvq_terms) == 16);

/// A query prepared for such rows. It stands for middle + step * components[i].
struct lvq_query {
  /// -127 to 127, then zeros to a multiple of 128 bytes; aligned to 64.
  const std::int8_t* components;
  float base;      ///< the query's part of the distance
  float weight;    ///< of the inner product in the distance
  float middle;    ///< what component 0 stands for
  float step;      ///< from one component's number to the next
  float step_sum;  ///< step * the sum of `components`
};

/// out[i] = base + norm - weight * (middle * sum + step_sum * lower + query.step * row.step * dot), of the query and
/// row i's terms, where dot is the exact sum of components[j] * codes[j]; +infinity instead of NaN. Row i begins at
/// rows + i * stride_bytes, or at rows + ids[i] * stride_bytes if `ids` is not null; rows are aligned to 64 bytes,
/// stride_bytes is a multiple of 64, the terms begin at code_bytes, a multiple of 16. Any bytes of a row's stride may
/// be read, and all may be anything. prefetch_rows: how many rows are asked for ahead of the one that is computed, with
/// all their lines; 0 for none, `count` for all at the beginning. out: [count], overlaps no input.
using lvq_kernel = void (*)(const lvq_query& query, const void* rows, std::size_t stride_bytes,
                            const std::uint32_t* ids, std::size_t count, std::size_t dimension, std::size_t code_bytes,
                            std::size_t prefetch_rows, float* out);

/// Of the numbers vector[i] * scale - centre[i].
struct centred_range {
  float least;
  float greatest;
  float product;  ///< sum of (vector[i] * scale - centre[i]) * centre[i]
};

/// Of integer codes, exact.
struct code_sums {
  std::uint32_t codes;
  std::uint32_t squares;
};

/// Of the differences neighbour[i] - node[i]; a sign is that of one that is > 0, else -1.
struct bit_sums {
  float sizes;    ///< sum of the differences' sizes
  float squares;  ///< sum of their squares
  float node;     ///< sum of sign * node[i]
  float product;  ///< sum of (node[i] + centre[i]) * difference
};

/// A query's components in steps, as tables hold them.
struct bit_steps_of_query {
  float step;           ///< 0 if all tables are 0
  std::uint32_t sizes;  ///< sum of the numbers of steps of all components, without their signs
};

/// A query prepared for blocks of neighbours (quantize/neighbour_bits.hpp).
struct bit_query {
  const std::uint8_t* tables;  ///< [parts, 16], entries of at most 63
  std::size_t parts;           ///< a multiple of 4, at most 16,384
  float factor;                ///< of a sum of entries in a product with signs
  float offset;                ///< what is added to that
};

/// Where the parts of a block of 32 rows of a list begin, in bytes: f32 add[32], f32 mul[32], u32 row[32], codes.
inline constexpr std::size_t list_rows_offset = 256;
inline constexpr std::size_t list_codes_offset = 384;

/// One of several queries that look at a list's blocks together.
struct list_scan {
  bit_query query;
  float base;             ///< distance to the list's centroid
  float bound;            ///< what is farther is left out
  float* distances;       ///< room for 32 * block_count; likewise `rows`
  std::uint32_t* rows;
  std::size_t count;      ///< set: how many were within the bound
};

/// Float tables as bytes: an entry stands for step * byte, and the least entry of its part.
struct pq4_steps_of_tables {
  float step;    ///< 0 if all bytes are 0
  double least;  ///< sum of the parts' least entries, in the order of parts
};

/// Numbers of a query and each centroid: tables[part * centroids + j] is the sum over i < width, in that order, of a
/// term of query[part * width + i] and codebook[(part * width + i) * centroids + j]. A product is rounded before it is
/// added: the same bits on all tables. width >= 1; centroids 16 or 256. tables: [parts, centroids], overlaps no input.
using pq_tables_kernel = void (*)(const float* query, const float* codebook, std::size_t parts, std::size_t width,
                                  std::size_t centroids, float* tables);

/// One scalar for another, element by element; `to` does not overlap `from`.
using convert_kernel = void (*)(const void* from, void* to, std::size_t count);

/// Line ends in a text.
struct line_count {
  std::size_t ends;  ///< how many
  std::size_t last;  ///< offset behind the last of them; 0 if there is none
};

/// Bytes to look for: ASCII characters that are named, and all bytes from 0x80 on.
struct alignas(16) byte_set {
  std::uint8_t by_lower[16] = {};  ///< bit h of [l] is that of byte 16 * h + l

  explicit constexpr byte_set(const char* ascii) noexcept {
    for (; *ascii != '\0'; ++ascii) add(static_cast<unsigned char>(*ascii));
  }
  /// With all bytes below `end` too.
  constexpr byte_set(const char* ascii, unsigned char end) noexcept : byte_set(ascii) {
    for (unsigned char byte = 0; byte < end; ++byte) add(byte);
  }
  [[nodiscard]] constexpr bool contains(std::uint8_t byte) const noexcept { return byte >= 0x80U || (by_lower[byte & 15U] >> (byte >> 4) & 1U) != 0; }

 private:
  constexpr void add(unsigned char byte) noexcept { by_lower[byte & 15U] |= static_cast<std::uint8_t>(1U << (byte >> 4)); }
};

/// How panels of queries are compared with rows: in float32, or in a smaller type that is faster and only
/// good enough to rule rows out. `queries` queries lie side by side in a panel, one a lane.
struct panel_kernels {
  std::size_t queries;          ///< of a panel: a multiple of 16, at most 64
  std::size_t rows_at_once;     ///< `products` is fastest for a multiple of it
  std::size_t component_bytes;  ///< of a prepared component
  std::size_t padded_to;        ///< a prepared row's components are padded with zeros to a multiple of this

  /// Bytes of a panel, a multiple of 64. Panels are aligned to 64 bytes.
  std::size_t (*panel_bytes)(std::size_t dimension);

  /// Lays `count` <= `queries` float32 queries side by side; the lanes left over are zeros.
  /// residuals: [count], Euclidean length of (query - query as the panel holds it); an upper bound is as good.
  void (*pack)(const float* queries, std::size_t stride_bytes, std::size_t count, std::size_t dimension, void* panel,
               float* residuals);

  /// Converts `count` float32 rows for `products`, 64-byte aligned, prepared_stride_bytes apart (a multiple of
  /// 64, at least component_bytes * dimension padded). scales: [count], what a product of row i must be multiplied
  /// with. residuals: [count], as in pack. Null: `products` reads float32 rows where they lie, at any
  /// stride, scales are 1 and residuals 0.
  void (*prepare)(const float* rows, std::size_t stride_bytes, std::size_t count, std::size_t dimension,
                  void* prepared, std::size_t prepared_stride_bytes, float* scales, float* residuals);

  /// Inner products of each query of a panel with each row, but for the rows' scales.
  /// out: [count, queries], 64-byte aligned. Absolute error <= (dimension + 8) * (2^-24 * |query| * |row| + 2^-125), of
  /// the query and row as prepared; the second part is for what underflows, which AMX takes for 0. `rows` behind them
  /// may be prefetched.
  /// Lanes without a query are 0, or NaN in a row with infinity or NaN.
  void (*products)(const void* panel, const void* rows, std::size_t stride_bytes, std::size_t count,
                   std::size_t dimension, float* out);

  /// Sums of squared differences of each query of a panel and each row; as `products` otherwise.
  /// Relative error <= (dimension + 3) * 2^-24, barring overflow and underflow, also of one sum after the other over
  /// 65,535 components (Jeannerod and Rump, "Improved error bounds for inner products in floating-point arithmetic",
  /// SIAM J. Matrix Anal. Appl. 34, 2013). Lanes without a query hold the row's squared length.
  /// Null: the panel's type is too coarse for it.
  void (*differences)(const void* panel, const void* rows, std::size_t stride_bytes, std::size_t count,
                      std::size_t dimension, float* out);

  /// Around all calls of `products` and `differences` by one thread. begin: false if the operating system refuses (then nothing
  /// has to be ended). Null: nothing to do.
  bool (*begin)();
  void (*end)();
};

/// The kernels of one instruction set. No pointer is null unless said. Common to all of them:
/// vectors need no alignment beyond a scalar's; nothing outside [0, dimension) of a vector is read;
/// dimension 0 gives 0, and cosine 1; dimensions go up to max_dimension; nothing is allocated or thrown.
/// NaN and infinity go through as in IEEE 754. Within one table, a pair of vectors gives the same bits in either
/// order (if stored alike) and with whichever ids, count or alignment of a row kernel, and the same bits, which may be
/// others, in `panel` and `panel_16`; between tables the last bits differ for floats. For i8_i8 and u8_u8 the sums are exact and rounded once to float: the same on all tables.
/// Accuracy, for floats: l2sq: relative error <= (dimension + 3) * 2^-24. dot: absolute error
/// <= (dimension + 3) * 2^-24 * sum |a[i] * b[i]|. Both barring overflow and underflow, of the scalars as
/// stored (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., sections 3.1 and 4.2, for any order of
/// summation). bf16_bf16 dot and cosine may count subnormal inputs and products below 2^-126 as 0.
struct kernel_table {
  const char* target;  ///< "scalar", "sse4", "avx2", "avx512", "avx512_vnni" and so on, "neon"

  row_kernel l2sq[operands_count];    ///< sum of squared differences
  row_kernel dot[operands_count];     ///< sum of products
  row_kernel cosine[operands_count];  ///< cosine distance, as atlas::cosine gives it; one pass over the rows

  /// Bits, the lowest of a byte first; `dimension` counts bits, and bits of the last byte beyond it are ignored.
  row_kernel hamming;      ///< bits that differ
  row_kernel jaccard;      ///< 1 - common / (in either), rounded once from double; 0 if both are empty
  row_kernel common_bits;  ///< bits set in both: the inner product of bit vectors

  /// Each conversion rounds to nearest, ties to even, like IEEE 754; too large becomes infinity, NaN stays NaN;
  /// subnormals are kept. The same bits on all tables.
  convert_kernel f32_to_f16;
  convert_kernel f16_to_f32;
  convert_kernel f32_to_bf16;
  convert_kernel bf16_to_f32;
  /// to[i] = from[i] * factors[i % factor_count] rounded to nearest even and cut to [-127, 127]; NaN gives 0.
  /// factor_count is 1 or count.
  void (*f32_to_i8)(const float* from, const float* factors, std::size_t factor_count, std::int8_t* to,
                    std::size_t count);
  /// to[i] = from[i] * factors[i % factor_count].
  void (*i8_to_f32)(const std::int8_t* from, const float* factors, std::size_t factor_count, float* to,
                    std::size_t count);

  float (*largest_f32)(const float* from, std::size_t count);  ///< max |from[i]|; NaN if any is NaN
  void (*scale_f32)(const float* from, float factor, float* to, std::size_t count);  ///< may be in place
  void (*add_to_f64)(const float* from, double* sums, std::size_t count);            ///< sums[i] += from[i]

  /// Product quantisation, 8 bits a part: out[i] = sum over part of tables[part * 256 + codes_of_row_i[part]],
  /// added in float in an order of the table's own. tables: [parts, 256]; a row of codes has `parts` bytes.
  void (*pq8)(const float* tables, const std::uint8_t* codes, std::size_t stride_bytes, std::size_t count,
              std::size_t parts, float* out);
  /// Product quantisation, 4 bits a part, in blocks of 32 rows: 32 bytes for each pair of parts, of which byte r
  /// holds row r's codes, the even part in the lower half. tables: [parts, 16]. out: [blocks, 32], exact sums.
  /// `parts` is even and at most 256, so that no sum overflows. Each block is parts * 16 bytes.
  void (*pq4)(const std::uint8_t* tables, const std::uint8_t* blocks, std::size_t block_count, std::size_t parts,
              std::uint16_t* out);

  pq_tables_kernel pq_products;     ///< the terms are products
  pq_tables_kernel pq_differences;  ///< the terms are squares of differences
  /// codes[row * code_stride + part] is the centroid for which the entry of pq_differences would be least, of equal ones the
  /// lowest; of NaN any below `centroids`. Row i begins at rows + i * stride_bytes and has parts * width components.
  /// The same on all tables.
  void (*pq_encode)(const float* rows, std::size_t stride_bytes, std::size_t count, const float* codebook,
                    std::size_t parts, std::size_t width, std::size_t centroids, std::uint8_t* codes,
                    std::size_t code_stride);
  /// For pq4: bytes[part * 16 + j] is (tables[part * 16 + j] - the part's least entry) / step rounded to nearest even,
  /// at most 63, so that four fit a byte. The step is the largest range of a part / 63. If no range is at least 2^-100,
  /// or one is not finite, all bytes and the step are 0; with an entry that is not finite `least` is 0 too. The same on
  /// all tables. parts is a multiple of 4, with zeros for those there are not. bytes: [parts, 16].
  pq4_steps_of_tables (*pq4_byte_tables)(const float* tables, std::size_t parts, std::uint8_t* bytes);

  /// Distances of codes with a lower bound and a step for each row. lvq8: byte i of a row is code i. lvq4: blocks of 64
  /// bytes hold 128 codes; byte j of block b holds code 128b + j in its lower and code 128b + 64 + j in its upper half.
  /// What the bytes behind the last code hold counts nothing.
  lvq_kernel lvq8;
  lvq_kernel lvq4;
  /// dimension >= 1. The least and the greatest are those of finite numbers; one that overflows is an infinity.
  /// `product` within the bound of dot. With a NaN they may be anything.
  centred_range (*lvq_range)(const float* vector, float scale, const float* centre, std::size_t dimension);
  /// The code of component i is (vector[i] * scale - centre[i] - lower) * inverse_step, cut to [0, largest] and rounded
  /// to nearest even; NaN gives 0. codes[i] is the code less `offset`, modulo 256. largest <= 255.
  /// @return  the sums of codes and of their squares, without the offset
  code_sums (*lvq_codes)(const float* vector, float scale, const float* centre, std::size_t dimension, float lower,
                         float inverse_step, std::uint8_t largest, std::uint8_t offset, std::uint8_t* codes);

  /// out = P(vector * scale - centre), an orthogonal map of `dimension` components and zeros behind them to `padded`, a
  /// multiple of 8: four rounds r, each of
  ///   the signs of bits [r * padded, (r + 1) * padded) of `signs`, the lowest of a byte first, 1 for the opposite;
  ///   the Walsh-Hadamard transform, divided by the root of its size, of the first (r even) or last (r odd) components,
  ///   as many as the greatest power of two that is <= padded;
  ///   unless that are all, (a + b) / sqrt(2) and (a - b) / sqrt(2) for components i and i + padded / 2.
  /// out: [padded], overlaps no input. Absolute error <= 4 * (log2(padded) + 4) * 2^-24 * |vector * scale - centre|,
  /// and the rounding of that difference.
  void (*rotate)(const float* vector, float scale, const float* centre, std::size_t dimension, std::size_t padded,
                 const std::uint8_t* signs, float* out);

  /// Signs and sums of a neighbour's difference to a node. bits[i / 8 * 32] holds, the lowest bit first, which of the
  /// differences i to i + 7 are > 0. dimension is a multiple of 8; a centre that is null stands for zeros. Sums of
  /// sizes and squares within a relative, the others within an absolute error as l2sq and dot have.
  bit_sums (*neighbour_bits)(const float* node, const float* neighbour, const float* centre, std::size_t dimension,
                             std::uint8_t* bits);
  /// Tables of groups of 4 of a rotated query's components, which are rounded to steps; the largest sum of sizes in a
  /// group is 61 steps. Entry c of a group's 16 is the sum of the sizes of its components whose sign is that of their
  /// bit in c (set: > 0), so that it is 0 to 63. tables: dimension * 4 bytes rounded up to a multiple of 64, the rest
  /// zeros.
  bit_steps_of_query (*bit_tables)(const float* rotated, std::size_t dimension, std::uint8_t* tables);
  /// Estimates for 32 neighbours, out[r] = distance_of_node + add[r] + mul[r] * (factor * sum[r] + offset), with the
  /// exact sum of the entries that neighbour r's codes name. bits as pq4's blocks: 16 bytes a part, any bytes. add_mul:
  /// add[32], mul[32].
  /// @return  bit r is set if out[r] < bound
  std::uint32_t (*neighbour_estimates)(const bit_query& query, const void* bits, const float* add_mul,
                                       float distance_of_node, float bound, float* out);

  /// Estimates for a list's rows, block_count blocks of list_codes_offset + query.parts * 16 bytes: of lane r
  /// (base + add[r]) + mul[r] * (factor * sum[r] + offset), each operation rounded, with the exact sum of the entries that
  /// lane r's codes name, as neighbour_estimates has it. Any bytes. The same bits on all tables.
  /// @param distances  room for 32 * block_count: the estimates that are at most `bound`, in the order of their lanes
  /// @param rows       likewise: their row[r]
  /// @return           how many these are
  std::size_t (*list_estimates)(const bit_query& query, const void* blocks, std::size_t block_count, float base,
                                float bound, float* distances, std::uint32_t* rows);
  /// The same for each of several queries, all with as many parts: the same bits.
  void (*list_scans)(list_scan* scans, std::size_t scan_count, const void* blocks, std::size_t block_count);

  /// Keeps the `most` pairs that are least by distance, then row, in the order in which they come.
  /// @param distances  [count], count >= 1, no NaN; room for 15 more, which may be overwritten; likewise `rows`
  /// @param most       >= 1
  /// @param bound      a number that is at least every distance kept, and less than every other but for equally far rows
  /// @return           the lesser of count and `most`
  std::size_t (*keep_nearest)(float* distances, std::uint32_t* rows, std::size_t count, std::size_t most, float* bound);

  /// Inner products of a query and rows, as `dot` but the same bits on all tables: 16 sums, of the components i with
  /// the same i % 16 in their order, each product rounded; then sums s and s + 8 are added, s and s + 4, s and s + 2, s
  /// and s + 1. dimension is a multiple of 16.
  void (*steady_dot)(const float* query, const void* rows, std::size_t stride_bytes, const std::uint32_t* ids,
                     std::size_t count, std::size_t dimension, float* out);

  panel_kernels panel;     ///< in float32, with differences, with neither prepare nor begin
  panel_kernels panel_16;  ///< the same for 16 queries, and faster for no more than 16; the same bits
  /// The same on smaller numbers; null where that would not be faster.
  const panel_kernels* panel_bf16;
  const panel_kernels* panel_i8;

  /// Which of the products of panel_kernels may belong to near rows: appends row * queries + lane of each for which
  /// products[row * queries + lane] * factors[row] + terms[row] <= limits[lane] or the comparison is with a
  /// NaN, in rising order. found has room for count * queries. limits: [queries], -infinity for an empty lane.
  /// @return  how many were appended
  std::size_t (*select)(const float* products, std::size_t count, std::size_t queries, const float* factors,
                        const float* terms, const float* limits, std::uint32_t* found);
  /// The two least of the same numbers, with those of earlier calls: products[row * queries + lane] * factors[row] +
  /// terms[row] becomes least[lane] and its row rows[lane] = first_row + row, of equal ones the first; next[lane] is the
  /// least of all others. No NaN among them. least, next, rows: [queries].
  void (*least_scores)(const float* products, std::size_t count, std::size_t queries, const float* factors,
                       const float* terms, std::uint32_t first_row, float* least, float* next, std::uint32_t* rows);
  /// The same with the products of `panel` (the first above) and factors of -2: of float32 rows where they lie, in one
  /// go. least, next, numbers (rows above): [panel.queries].
  void (*least_of_panel)(const void* panel, const void* rows, std::size_t stride_bytes, std::size_t count,
                         std::size_t dimension, const float* terms, std::uint32_t first_row, float* least, float* next,
                         std::uint32_t* numbers);

  /// @return  n <= size, such that the first n bytes are well-formed UTF-8, but for a sequence that begins in the last three of
  ///          them and is not over; less than 64 bytes are left unless in the next 64 something is wrong, or begins that is, or
  ///          the table is scalar, which gives 0
  std::size_t (*utf8_checked)(const std::uint8_t* bytes, std::size_t size);
  /// How many bytes are not 10______: of well-formed UTF-8 its characters.
  std::size_t (*utf8_starts)(const std::uint8_t* bytes, std::size_t size);
  /// Where the byte lies that is not 10______ and has `starts` such bytes before it; `size` if there are no more than so many.
  std::size_t (*utf8_skip)(const std::uint8_t* bytes, std::size_t size, std::size_t starts);
  /// Whether all bytes are below 0x80.
  bool (*is_ascii)(const std::uint8_t* bytes, std::size_t size);
  /// Lines end behind bytes 0A, and behind 0D that no 0A follows.
  line_count (*line_ends)(const std::uint8_t* bytes, std::size_t size);
  /// Where they end, in order: the offsets behind those bytes. size <= 65535; offsets: room for size + 2, of which what lies behind the
  /// answer may be written too.
  std::size_t (*line_end_offsets)(const std::uint8_t* bytes, std::size_t size, std::uint16_t* offsets);
  /// Where the first byte lies that is in the set, and the last; `size` if there is none.
  std::size_t (*first_of)(const std::uint8_t* bytes, std::size_t size, const byte_set& set);
  std::size_t (*last_of)(const std::uint8_t* bytes, std::size_t size, const byte_set& set);
};

/// The tables that this CPU can run, best first; at least one.
struct runnable_tables {
  const kernel_table* tables[10];
  std::size_t count;
};

#if ATLAS_LINK_KERNELS
extern const kernel_table* chosen;      ///< null until the first choice; read and written atomically
const kernel_table* choose() noexcept;  ///< chooses if nothing is chosen yet; gives what is chosen
runnable_tables runnable() noexcept;
#endif

}  // namespace kernels_v1
}  // namespace atlas

#endif  // ATLAS_SIMD_KERNEL_ENTRIES_HPP
