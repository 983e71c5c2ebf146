// SPDX-License-Identifier: Apache-2.0
// tests/simd/cpu_test.cpp -- mirrors include/atlas/simd/cpu.hpp.
#include <atlas/simd/cpu.hpp>

#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#if defined(__x86_64__)
namespace {

/// What Linux says of the first CPU, by its own names: only what it also lets programs use.
std::set<std::string> flags_of_linux() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  std::set<std::string> flags;
  while (std::getline(file, line)) {
    if (line.rfind("flags", 0) != 0) continue;
    std::istringstream words(line.substr(line.find(':') + 1));
    for (std::string word; words >> word;) flags.insert(word);
    break;
  }
  return flags;
}

}  // namespace
#endif

TEST_SUITE("simd") {
  TEST_CASE("cpu: a tier includes the tiers below it") {
    const atlas::cpu_features cpu = atlas::detect_cpu();
    if (cpu.avx512_amx) CHECK(cpu.avx512_bf16);
    if (cpu.avx512_bf16) CHECK(cpu.avx512_vpopcnt);
    if (cpu.avx512_vpopcnt) CHECK(cpu.avx512_vnni);
    if (cpu.avx512_vnni) CHECK(cpu.avx512);
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

  TEST_CASE("cpu: each extension beyond AVX-512 as the compiler's own detection has it") {
    const atlas::cpu_features cpu = atlas::detect_cpu();
    __builtin_cpu_init();
    CHECK(cpu.avx512_vnni == (cpu.avx512 && __builtin_cpu_supports("avx512vnni")));
    CHECK(cpu.avx512_vpopcnt == (cpu.avx512_vnni && __builtin_cpu_supports("avx512vbmi") &&
                                 __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vpopcntdq")));
    CHECK(cpu.avx512_bf16 == (cpu.avx512_vpopcnt && __builtin_cpu_supports("avx512bf16")));
  }

  TEST_CASE("cpu: AMX is claimed only if Linux has it") {
    const atlas::cpu_features cpu = atlas::detect_cpu();
    const std::set<std::string> flags = flags_of_linux();
    if (cpu.avx512_amx) {
      CHECK(flags.count("amx_tile") == 1);
      CHECK(flags.count("amx_bf16") == 1);
      CHECK(flags.count("amx_int8") == 1);
    }
  }

  TEST_CASE("cpu: says the same each time") {
    const atlas::cpu_features first = atlas::detect_cpu();
    const atlas::cpu_features second = atlas::detect_cpu();
    CHECK(first.avx512 == second.avx512);
    CHECK(first.avx512_bf16 == second.avx512_bf16);
    CHECK(first.avx512_amx == second.avx512_amx);
  }
#else
  TEST_CASE("cpu: arm64 always has NEON, and nothing of x86-64") {
    const atlas::cpu_features cpu = atlas::detect_cpu();
    CHECK(cpu.neon);
    CHECK_FALSE(cpu.sse4);
    CHECK_FALSE(cpu.avx512);
    CHECK_FALSE(cpu.avx512_amx);
  }
#endif
}
