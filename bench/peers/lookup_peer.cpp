// SPDX-License-Identifier: Apache-2.0
// bench/peers/lookup_peer.cpp -- compiled with -march=native, includes nothing of ATLAS.
#include "peers/lookup_peer.hpp"

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
// Of _mm512_undefined_epi32, in the own headers of g++ 12.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace bench {
namespace {

// Each `pairs` looks up the codes of `step` parts of a block, 16 bytes a part.
#if defined(__AVX512VBMI__)

constexpr const char* isa = "AVX-512 VBMI";
constexpr std::size_t at_once = 64;
constexpr std::size_t step = 4;
void keep(__m512i entries) { asm volatile("" : : "v"(entries)); }
/// In a register: the compiler would load it again for its second use, and loads are the limit then.
__m512i loaded(const std::uint8_t* from) {
  __m512i bytes = _mm512_loadu_si512(from);
  asm("" : "+v"(bytes));
  return bytes;
}
/// 64 entries are the tables of four parts: the upper two bits of an index say which.
struct pairs {
  __m512i lower_bits = _mm512_set1_epi8(15);
  __m512i even_parts = _mm512_inserti64x4(_mm512_setzero_si512(), _mm256_set1_epi8(32), 1);
  __m512i odd_parts = _mm512_or_si512(even_parts, _mm512_set1_epi8(16));
  void look_up(const std::uint8_t* tables, const std::uint8_t* codes) const {
    const __m512i bytes = loaded(codes);
    const __m512i four = loaded(tables);
    constexpr int and_or = 0xEA;  // (a & b) | c
    const __m512i even = _mm512_ternarylogic_epi64(bytes, lower_bits, even_parts, and_or);
    const __m512i odd = _mm512_ternarylogic_epi64(_mm512_srli_epi16(bytes, 4), lower_bits, odd_parts, and_or);
    keep(_mm512_permutexvar_epi8(even, four));
    keep(_mm512_permutexvar_epi8(odd, four));
  }
};

#elif defined(__AVX2__)

constexpr const char* isa = "AVX2";
constexpr std::size_t at_once = 32;
constexpr std::size_t step = 2;
void keep(__m256i entries) { asm volatile("" : : "x"(entries)); }
/// In a register: the compiler would load it again for its second use.
__m256i loaded(const std::uint8_t* from) {
  __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  asm("" : "+x"(bytes));
  return bytes;
}
__m256i table_at(const std::uint8_t* table) {
  return _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(table)));
}
struct pairs {
  __m256i lower_bits = _mm256_set1_epi8(15);
  void look_up(const std::uint8_t* tables, const std::uint8_t* codes) const {
    const __m256i bytes = loaded(codes);
    keep(_mm256_shuffle_epi8(table_at(tables), _mm256_and_si256(bytes, lower_bits)));
    keep(_mm256_shuffle_epi8(table_at(tables + 16), _mm256_and_si256(_mm256_srli_epi16(bytes, 4), lower_bits)));
  }
};

#elif defined(__SSSE3__)

constexpr const char* isa = "SSSE3";
constexpr std::size_t at_once = 16;
constexpr std::size_t step = 2;
void keep(__m128i entries) { asm volatile("" : : "x"(entries)); }
struct pairs {
  __m128i lower_bits = _mm_set1_epi8(15);
  void look_up(const std::uint8_t* tables, const std::uint8_t* codes) const {
    const __m128i even = _mm_loadu_si128(reinterpret_cast<const __m128i*>(tables));
    const __m128i odd = _mm_loadu_si128(reinterpret_cast<const __m128i*>(tables + 16));
    for (std::size_t at = 0; at < step * 16; at += 16) {
      const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(codes + at));
      keep(_mm_shuffle_epi8(even, _mm_and_si128(bytes, lower_bits)));
      keep(_mm_shuffle_epi8(odd, _mm_and_si128(_mm_srli_epi16(bytes, 4), lower_bits)));
    }
  }
};

#elif defined(__aarch64__)

constexpr const char* isa = "NEON";
constexpr std::size_t at_once = 16;
constexpr std::size_t step = 2;
void keep(uint8x16_t entries) { asm volatile("" : : "w"(entries)); }
struct pairs {
  uint8x16_t lower_bits = vdupq_n_u8(15);
  void look_up(const std::uint8_t* tables, const std::uint8_t* codes) const {
    const uint8x16_t even = vld1q_u8(tables);
    const uint8x16_t odd = vld1q_u8(tables + 16);
    for (std::size_t at = 0; at < step * 16; at += 16) {
      const uint8x16_t bytes = vld1q_u8(codes + at);
      keep(vqtbl1q_u8(even, vandq_u8(bytes, lower_bits)));
      keep(vqtbl1q_u8(odd, vshrq_n_u8(bytes, 4)));
    }
  }
};

#else

constexpr const char* isa = "plain";
constexpr std::size_t at_once = 1;
constexpr std::size_t step = 2;
void keep(unsigned entry) { asm volatile("" : : "r"(entry)); }
struct pairs {
  void look_up(const std::uint8_t* tables, const std::uint8_t* codes) const {
    for (std::size_t at = 0; at < step * 16; ++at) {
      keep(tables[codes[at] & 15U]);
      keep(tables[16 + (codes[at] >> 4)]);
    }
  }
};

#endif

}  // namespace

void look_up_all(const std::uint8_t* tables, const void* codes, std::size_t stride_bytes, std::size_t block_count,
                 std::size_t parts) noexcept {
  const pairs some;
  for (std::size_t block = 0; block < block_count; ++block) {
    const auto* const of_block = static_cast<const std::uint8_t*>(codes) + block * stride_bytes;
    for (std::size_t part = 0; part < parts; part += step) some.look_up(tables + part * 16, of_block + part * 16);
  }
}

std::size_t lookups_at_once() noexcept { return at_once; }
const char* lookup_isa() noexcept { return isa; }

}  // namespace bench
