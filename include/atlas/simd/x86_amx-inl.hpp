// SPDX-License-Identifier: Apache-2.0
// include/atlas/simd/x86_amx-inl.hpp -- many queries against many rows in bf16 and int8 with AMX.
//
// Room:      amx_panel_bf16, amx_panel_i8. Highway has no such operations.
// Not here:  what they promise (simd/kernel_entries.hpp); whether CPU and operating system have AMX (simd/cpu.hpp).
// Depends:   simd/x86_i8_rows-inl.hpp.
//
// One instruction adds the products of 16 rows and 16 queries, 64 bytes of each. Four tiles of sums share the loads
// of two tiles of rows and two of queries. Rows lie as they are, zeros behind their components; queries in blocks of
// 64 bytes of components, in each the lower and the upper 16 queries, in those [16, 16 queries, 4 bytes].
#ifndef ATLAS_SIMD_X86_AMX_INL_HPP
#define ATLAS_SIMD_X86_AMX_INL_HPP

/// 1 where the compiler knows AMX (gcc 11, clang 12).
#if __has_include(<amxbf16intrin.h>) || (defined(__clang__) && __has_include(<amxintrin.h>))
#define ATLAS_X86_HAS_AMX 1
#else
#define ATLAS_X86_HAS_AMX 0
#endif

#if ATLAS_X86_HAS_AMX

#include <atlas/simd/x86_i8_rows-inl.hpp>

#include <cstring>  // std::memcpy, std::memset

#include <sys/syscall.h>
#include <unistd.h>

HWY_PUSH_ATTRIBUTES(ATLAS_X86_AVX512 ",avx512bf16,amx-tile,amx-bf16,amx-int8")
ATLAS_X86_BEGIN

inline constexpr std::size_t amx_queries = 32;
inline constexpr std::size_t amx_block_bytes = 64 * amx_queries;  ///< of a panel
inline constexpr std::size_t amx_tile_bytes = 1024;

/// What LDTILECFG reads: eight tiles of 16 rows of 64 bytes.
struct alignas(64) amx_tile_shapes {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
inline constexpr amx_tile_shapes amx_whole_tiles = {};

/// A process has to ask for the tile registers before it uses them (Linux, Documentation/arch/x86/xstate.rst); to
/// ask again costs a system call. Loading the shapes in every call of products instead takes two thirds of the speed.
inline bool amx_begin() {
  constexpr long request_permission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long tile_data = 18;               // XFEATURE_XTILEDATA
  if (::syscall(SYS_arch_prctl, request_permission, tile_data) != 0) return false;
  _tile_loadconfig(&amx_whole_tiles);
  return true;
}
inline void amx_end() { _tile_release(); }

/// Where the four bytes of `query` that begin at component byte `byte` lie in a panel. @pre byte % 4 == 0
inline constexpr std::size_t amx_place(std::size_t byte, std::size_t query) {
  return byte / 64 * amx_block_bytes + query / 16 * amx_tile_bytes + byte % 64 * 16 + query % 16 * 4;
}

struct amx_bf16 {
  static constexpr std::size_t component_bytes = 2;
  static constexpr std::size_t bytes_after_panel = 0;

  // Tiles 0 to 3 are sums, 4 and 5 rows, 6 and 7 queries.
  [[gnu::always_inline]] static void multiply_upper_rows() {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
  }
  [[gnu::always_inline]] static void multiply_lower_rows() {
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  [[gnu::always_inline]] static void finish(const char*, float*, std::size_t) {}
};

struct amx_i8 {
  static constexpr std::size_t component_bytes = 1;
  static constexpr std::size_t bytes_after_panel = sizeof(float) * amx_queries;  // their scales

  [[gnu::always_inline]] static void multiply_upper_rows() {
    _tile_dpbssd(0, 4, 6);
    _tile_dpbssd(1, 4, 7);
  }
  [[gnu::always_inline]] static void multiply_lower_rows() {
    _tile_dpbssd(2, 5, 6);
    _tile_dpbssd(3, 5, 7);
  }
  /// The sums are integers until here.
  [[gnu::always_inline]] static void finish(const char* after_panel, float* out, std::size_t rows) {
    const __m512 lower = _mm512_load_ps(after_panel);
    const __m512 upper = _mm512_load_ps(after_panel + 64);
    for (; rows != 0; --rows, out += amx_queries) {
      _mm512_store_ps(out, _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_load_si512(out)), lower));
      _mm512_store_ps(out + 16, _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_load_si512(out + 16)), upper));
    }
  }
};

/// A row's components in blocks of 64 bytes.
template <class Numbers>
[[gnu::always_inline]] inline std::size_t amx_blocks(std::size_t dimension) {
  return (dimension * Numbers::component_bytes + 63) / 64;
}

template <class Numbers>
inline std::size_t amx_panel_bytes(std::size_t dimension) {
  return amx_blocks<Numbers>(dimension) * amx_block_bytes + Numbers::bytes_after_panel;
}

/// Adds `blocks` blocks to the sums of 32 rows, which begin at 0 or go on from `out`.
template <class Numbers>
[[gnu::always_inline]] inline void amx_32_rows(const char* panel, const char* rows, std::size_t stride_bytes,
                                               std::size_t blocks, bool begins, float* out) {
  constexpr std::size_t out_stride = amx_queries * sizeof(float);
  float* const out_below = out + 16 * amx_queries;
  if (begins) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  } else {
    _tile_loadd(0, out, out_stride);
    _tile_loadd(1, out + 16, out_stride);
    _tile_loadd(2, out_below, out_stride);
    _tile_loadd(3, out_below + 16, out_stride);
  }
  for (const char* const end = panel + blocks * amx_block_bytes; panel != end; panel += amx_block_bytes, rows += 64) {
    _tile_loadd(6, panel, 64);
    _tile_loadd(4, rows, stride_bytes);
    _tile_loadd(7, panel + amx_tile_bytes, 64);
    Numbers::multiply_upper_rows();
    _tile_loadd(5, rows + 16 * stride_bytes, stride_bytes);
    Numbers::multiply_lower_rows();
  }
  _tile_stored(0, out, out_stride);
  _tile_stored(1, out + 16, out_stride);
  _tile_stored(2, out_below, out_stride);
  _tile_stored(3, out_below + 16, out_stride);
}

template <class Numbers>
inline void amx_16_rows(const char* panel, const char* rows, std::size_t stride_bytes, std::size_t blocks, float* out) {
  _tile_zero(0);
  _tile_zero(1);
  for (const char* const end = panel + blocks * amx_block_bytes; panel != end; panel += amx_block_bytes, rows += 64) {
    _tile_loadd(4, rows, stride_bytes);
    _tile_loadd(6, panel, 64);
    _tile_loadd(7, panel + amx_tile_bytes, 64);
    Numbers::multiply_upper_rows();
  }
  constexpr std::size_t out_stride = amx_queries * sizeof(float);
  _tile_stored(0, out, out_stride);
  _tile_stored(1, out + 16, out_stride);
  Numbers::finish(panel, out, 16);
}

/// Fewer rows than a tile has: through a tile of zeros.
template <class Numbers>
inline void amx_few_rows(const char* panel, const char* rows, std::size_t stride_bytes, std::size_t count,
                         std::size_t blocks, float* out) {
  alignas(64) char tile[amx_tile_bytes] = {};
  alignas(64) float sums[16 * amx_queries];
  _tile_zero(0);
  _tile_zero(1);
  for (const char* const end = panel + blocks * amx_block_bytes; panel != end; panel += amx_block_bytes, rows += 64) {
    for (std::size_t row = 0; row < count; ++row) std::memcpy(tile + 64 * row, rows + row * stride_bytes, 64);
    __asm__ volatile("" ::: "memory");  // gcc 12 does not know that a tile is loaded from memory
    _tile_loadd(4, tile, 64);
    _tile_loadd(6, panel, 64);
    _tile_loadd(7, panel + amx_tile_bytes, 64);
    Numbers::multiply_upper_rows();
  }
  constexpr std::size_t out_stride = amx_queries * sizeof(float);
  _tile_stored(0, sums, out_stride);
  _tile_stored(1, sums + 16, out_stride);
  Numbers::finish(panel, sums, count);
  std::memcpy(out, sums, count * out_stride);
}

/// A panel passes through the first-level cache in parts of 18 KiB, each for all rows; if it is small, whole. Measured
/// on Sapphire Rapids, bf16, 192 rows of 800 components in the second-level cache: 2.09 TFLOPS; 1.59 with the whole
/// panel for each 32 rows; 1.77 with 6 and 1.93 with 13 blocks. To fetch rows or panel ahead is slower in all of them.
inline constexpr std::size_t amx_blocks_at_once = 9;
inline constexpr std::size_t amx_blocks_whole = 14;

/// Error, bf16: products are exact, 16 sums follow on each other for the even components of a block and 16 for the
/// odd ones, which are added up, and one sum a block: a component goes through at most
/// min(dimension / 2, 16) + 1 + dimension / 32 + 1 roundings. int8: the sum is exact, then rounded, then scaled.
template <class Numbers>
inline void amx_products(const void* panel, const void* rows, std::size_t stride_bytes, std::size_t count,
                         std::size_t dimension, float* out) {
  const char* const queries = static_cast<const char*>(panel);
  const char* const first = static_cast<const char*>(rows);
  const std::size_t blocks = amx_blocks<Numbers>(dimension);
  __asm__ volatile("" ::: "memory");  // gcc 12 does not know that tiles are loaded from memory
  if (count < 16) {
    if (count != 0) amx_few_rows<Numbers>(queries, first, stride_bytes, count, blocks, out);
    return;
  }
  std::size_t row = count / 32 * 32;
  const std::size_t at_once = blocks <= amx_blocks_whole ? blocks : amx_blocks_at_once;
  std::size_t block = 0;
  do {
    const std::size_t some = blocks - block < at_once ? blocks - block : at_once;
    for (std::size_t group = 0; group < row; group += 32) {
      float* const sums = out + group * amx_queries;
      amx_32_rows<Numbers>(queries + block * amx_block_bytes, first + group * stride_bytes + block * 64, stride_bytes,
                           some, block == 0, sums);
      if (block + some == blocks) Numbers::finish(queries + blocks * amx_block_bytes, sums, 32);
    }
    block += some;
  } while (block < blocks);
  if (row + 16 <= count) {
    amx_16_rows<Numbers>(queries, first + row * stride_bytes, stride_bytes, blocks, out + row * amx_queries);
    row += 16;
  }
  // The last 16 rows again: no row past the last is read.
  if (row < count) {
    row = count - 16;
    amx_16_rows<Numbers>(queries, first + row * stride_bytes, stride_bytes, blocks, out + row * amx_queries);
  }
}

/// Components [first, first + 32) as bf16, 0 from `dimension` on. Adds the squares of what is lost. The conversion
/// takes subnormal floats for 0, as the products would; the loss counts them.
[[gnu::always_inline]] inline __m512i thirty_two_as_bf16(const float* row, std::size_t first, std::size_t dimension,
                                                         __m512& squares) {
  const __m512 lower = _mm512_maskz_loadu_ps(lanes_below(first, dimension), row + first);
  const __m512 upper = first + 16 < dimension
                           ? _mm512_maskz_loadu_ps(lanes_below(first + 16, dimension), row + first + 16)
                           : _mm512_setzero_ps();
  const __m512i rounded = __builtin_bit_cast(__m512i, _mm512_cvtne2ps_pbh(upper, lower));
  const __m512i lower_back = _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm512_castsi512_si256(rounded)), 16);
  const __m512i upper_back = _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(rounded, 1)), 16);
  const __m512 lower_lost = _mm512_sub_ps(lower, _mm512_castsi512_ps(lower_back));
  const __m512 upper_lost = _mm512_sub_ps(upper, _mm512_castsi512_ps(upper_back));
  squares = _mm512_fmadd_ps(lower_lost, lower_lost, _mm512_fmadd_ps(upper_lost, upper_lost, squares));
  return rounded;
}

inline void prepare_bf16(const float* rows, std::size_t stride_bytes, std::size_t count, std::size_t dimension,
                         void* prepared, std::size_t prepared_stride_bytes, float* scales, float* residuals) {
  for (std::size_t index = 0; index < count; ++index) {
    const float* const row = reinterpret_cast<const float*>(reinterpret_cast<const char*>(rows) + index * stride_bytes);
    char* const to = static_cast<char*>(prepared) + index * prepared_stride_bytes;
    __m512 squares = _mm512_setzero_ps();
    for (std::size_t i = 0; i < dimension; i += 32) {
      _mm512_store_si512(to + 2 * i, thirty_two_as_bf16(row, i, dimension, squares));
    }
    scales[index] = 1.0F;
    residuals[index] = length_above(squares);
  }
}

inline void amx_pack_bf16(const float* queries, std::size_t stride_bytes, std::size_t count, std::size_t dimension,
                          void* panel, float* residuals) {
  char* const to = static_cast<char*>(panel);
  std::memset(to, 0, amx_panel_bytes<amx_bf16>(dimension));
  for (std::size_t query = 0; query < count; ++query) {
    const float* const from =
        reinterpret_cast<const float*>(reinterpret_cast<const char*>(queries) + query * stride_bytes);
    __m512 squares = _mm512_setzero_ps();
    for (std::size_t i = 0; i < dimension; i += 32) {
      alignas(64) char bytes[64];
      _mm512_store_si512(bytes, thirty_two_as_bf16(from, i, dimension, squares));
      for (std::size_t byte = 0; byte < 64; byte += 4) {
        std::memcpy(to + amx_place(2 * i + byte, query), bytes + byte, 4);
      }
    }
    residuals[query] = length_above(squares);
  }
}

inline void amx_pack_i8(const float* queries, std::size_t stride_bytes, std::size_t count, std::size_t dimension,
                        void* panel, float* residuals) {
  char* const to = static_cast<char*>(panel);
  std::memset(to, 0, amx_panel_bytes<amx_i8>(dimension));
  for (std::size_t query = 0; query < count; ++query) {
    const float* const from =
        reinterpret_cast<const float*>(reinterpret_cast<const char*>(queries) + query * stride_bytes);
    const i8_scale by = i8_scale_of(from, dimension);
    __m512 squares = _mm512_setzero_ps();
    for (std::size_t i = 0; i < dimension; i += 16) {
      alignas(16) char bytes[16];
      _mm_store_si128(reinterpret_cast<__m128i*>(bytes), sixteen_as_i8(from, i, dimension, by, squares));
      for (std::size_t byte = 0; byte < 16; byte += 4) {
        std::memcpy(to + amx_place(i + byte, query), bytes + byte, 4);
      }
    }
    std::memcpy(to + amx_blocks<amx_i8>(dimension) * amx_block_bytes + 4 * query, &by.scale, 4);
    residuals[query] = length_above(squares);
  }
}

inline constexpr kernels_v1::panel_kernels amx_panel_bf16 = {
    .queries = amx_queries,
    .rows_at_once = 32,
    .component_bytes = amx_bf16::component_bytes,
    .padded_to = 32,
    .panel_bytes = &amx_panel_bytes<amx_bf16>,
    .pack = &amx_pack_bf16,
    .prepare = &prepare_bf16,
    .products = &amx_products<amx_bf16>,
    .differences = nullptr,
    .begin = &amx_begin,
    .end = &amx_end,
};
inline constexpr kernels_v1::panel_kernels amx_panel_i8 = {
    .queries = amx_queries,
    .rows_at_once = 32,
    .component_bytes = amx_i8::component_bytes,
    .padded_to = 64,
    .panel_bytes = &amx_panel_bytes<amx_i8>,
    .pack = &amx_pack_i8,
    .prepare = &prepare_i8<false>,
    .products = &amx_products<amx_i8>,
    .differences = nullptr,
    .begin = &amx_begin,
    .end = &amx_end,
};

ATLAS_X86_END
HWY_POP_ATTRIBUTES

#endif  // ATLAS_X86_HAS_AMX

#endif  // ATLAS_SIMD_X86_AMX_INL_HPP
