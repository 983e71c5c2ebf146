// SPDX-License-Identifier: Apache-2.0
// bench/peers/read_peer.cpp -- compiled with -march=native, includes nothing of ATLAS.
#include "peers/read_peer.hpp"

#include <cstring>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bench {
namespace {

#if defined(__AVX512F__)
using word = __m512i;
constexpr const char* isa = "AVX-512";
word load(const char* from) { return _mm512_loadu_si512(from); }
word zero() { return _mm512_setzero_si512(); }
word either(word a, word b) { return _mm512_xor_si512(a, b); }
#elif defined(__AVX2__)
using word = __m256i;
constexpr const char* isa = "AVX2";
word load(const char* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }
word zero() { return _mm256_setzero_si256(); }
word either(word a, word b) { return _mm256_xor_si256(a, b); }
#elif defined(__x86_64__)
using word = __m128i;
constexpr const char* isa = "SSE2";
word load(const char* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); }
word zero() { return _mm_setzero_si128(); }
word either(word a, word b) { return _mm_xor_si128(a, b); }
#else
using word = std::uint64_t;
constexpr const char* isa = "64-bit";
word load(const char* from) {
  word out;
  std::memcpy(&out, from, sizeof out);
  return out;
}
word zero() { return 0; }
word either(word a, word b) { return a ^ b; }
#endif

}  // namespace

const char* read_isa() noexcept { return isa; }

std::uint64_t read_all(const void* bytes, std::size_t length) noexcept {
  const char* at = static_cast<const char*>(bytes);
  const char* const end = at + length;
  constexpr std::size_t lane = sizeof(word);
  word a = zero(), b = zero(), c = zero(), d = zero(), e = zero(), f = zero(), g = zero(), h = zero();
  for (; static_cast<std::size_t>(end - at) >= 8 * lane; at += 8 * lane) {
    a = either(a, load(at));
    b = either(b, load(at + lane));
    c = either(c, load(at + 2 * lane));
    d = either(d, load(at + 3 * lane));
    e = either(e, load(at + 4 * lane));
    f = either(f, load(at + 5 * lane));
    g = either(g, load(at + 6 * lane));
    h = either(h, load(at + 7 * lane));
  }
  const word all = either(either(either(a, b), either(c, d)), either(either(e, f), either(g, h)));
  std::uint64_t parts[lane / sizeof(std::uint64_t)];
  std::memcpy(parts, &all, sizeof parts);
  std::uint64_t sum = 0;
  for (const std::uint64_t part : parts) sum ^= part;
  for (; end - at >= 8; at += 8) {
    std::uint64_t part;
    std::memcpy(&part, at, sizeof part);
    sum ^= part;
  }
  for (; at != end; ++at) sum ^= static_cast<unsigned char>(*at);
  return sum;
}

}  // namespace bench
