// SPDX-License-Identifier: Apache-2.0
// tests/simd/cpu_test.cpp -- mirrors include/atlas/simd/cpu.hpp.
#include <atlas/simd/cpu.hpp>

#include <doctest/doctest.h>

TEST_SUITE("simd") {
  TEST_CASE("cpu: a tier includes the tiers below it") {
    const atlas::cpu_features cpu = atlas::detect_cpu();
    if (cpu.avx512) CHECK(cpu.avx2);
    if (cpu.avx2) CHECK(cpu.sse4);
  }

#if defined(__x86_64__)
  TEST_CASE("cpu: claims no more than the compiler's own detection") {
    const atlas::cpu_features cpu = atlas::detect_cpu();
    __builtin_cpu_init();
    CHECK(cpu.sse4 ==
          (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("popcnt") &&
           __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul")));
    if (cpu.avx2) {
      CHECK(__builtin_cpu_supports("avx2"));
      CHECK(__builtin_cpu_supports("fma"));
      CHECK(__builtin_cpu_supports("bmi"));
      CHECK(__builtin_cpu_supports("bmi2"));
    }
    if (cpu.avx512) {
      CHECK(__builtin_cpu_supports("avx512f"));
      CHECK(__builtin_cpu_supports("avx512cd"));
      CHECK(__builtin_cpu_supports("avx512bw"));
      CHECK(__builtin_cpu_supports("avx512dq"));
      CHECK(__builtin_cpu_supports("avx512vl"));
    }
    CHECK_FALSE(cpu.neon);
  }
#else
  TEST_CASE("cpu: arm64 always has NEON") { CHECK(atlas::detect_cpu().neon); }
#endif
}
