// SPDX-License-Identifier: Apache-2.0
// tests/simd/target_test.cpp -- mirrors include/atlas/simd/target.hpp.
#include <atlas/simd/target.hpp>

#include <atlas/simd/cpu.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace {

const std::string target_in_static_initialiser = atlas::simd::target();

/// Chooses anew with ATLAS_SIMD_TARGET set to `wanted`, then restores what was in use.
std::string target_with_environment(const char* wanted) {
  const atlas::kernel_table* before = &atlas::kernels();
  const char* set = std::getenv("ATLAS_SIMD_TARGET");
  const std::string kept = set == nullptr ? "" : set;
  ::setenv("ATLAS_SIMD_TARGET", wanted, 1);
  atlas::store_relaxed(&atlas::kernel_home::chosen, static_cast<const atlas::kernel_table*>(nullptr));
  std::string chosen = atlas::simd::target();
  if (set == nullptr) {
    ::unsetenv("ATLAS_SIMD_TARGET");
  } else {
    ::setenv("ATLAS_SIMD_TARGET", kept.c_str(), 1);
  }
  atlas::store_relaxed(&atlas::kernel_home::chosen, before);
  return chosen;
}

}  // namespace

TEST_SUITE("simd") {
  TEST_CASE("target: kernels can be used in static initialisers") { CHECK_FALSE(target_in_static_initialiser.empty()); }

  TEST_CASE("targets: all that this CPU runs, the best first and scalar last") {
    const atlas::cpu_features cpu = atlas::detect_cpu();
    std::vector<std::string> wanted;
    const auto add = [&wanted](bool has, const char* name) {
      if (has) wanted.emplace_back(name);
    };
    add(cpu.avx512_amx, "avx512_amx");
    add(cpu.avx512_bf16, "avx512_bf16");
    add(cpu.avx512_vpopcnt, "avx512_vpopcnt");
    add(cpu.avx512_vnni, "avx512_vnni");
    add(cpu.avx512, "avx512");
    add(cpu.avx2, "avx2");
    add(cpu.sse4, "sse4");
    add(cpu.neon, "neon");
    add(true, "scalar");
    const atlas::simd::target_list list = atlas::simd::targets();
    const std::vector<std::string> names(list.begin(), list.end());
    CHECK(names == wanted);
    std::string seen;
    for (const std::string& name : names) seen += name + " ";
    MESSAGE("targets on this CPU: " << seen);
  }

  TEST_CASE("force_target: each of targets() can be forced, and target() tells") {
    const char* const before = atlas::simd::target();
    for (const char* name : atlas::simd::targets()) {
      REQUIRE(atlas::simd::force_target(name).ok());
      CHECK(std::string(atlas::simd::target()) == name);
    }
    REQUIRE(atlas::simd::force_target(before).ok());
  }

  TEST_CASE("force_target: an unknown or impossible name is refused and changes nothing") {
    const std::string before = atlas::simd::target();
    for (const char* name : {"", "avx", "AVX2", "avx2 ", "sve", "avx1024", "avx512_", "amx", "avx512_vnni2"}) {
      CAPTURE(name);
      const atlas::status refused = atlas::simd::force_target(name);
      REQUIRE_FALSE(refused.ok());
      CHECK(refused.error() == atlas::errc::invalid_argument);
    }
#if defined(__x86_64__)
    CHECK_FALSE(atlas::simd::force_target("neon").ok());
#else
    CHECK_FALSE(atlas::simd::force_target("avx2").ok());
#endif
    CHECK(before == atlas::simd::target());
  }

  TEST_CASE("ATLAS_SIMD_TARGET: chooses one of targets()") {
    for (const char* name : atlas::simd::targets()) CHECK(target_with_environment(name) == name);
  }

  TEST_CASE("ATLAS_SIMD_TARGET: an unknown or impossible name gives the best") {
    const std::string best = atlas::simd::targets().names[0];
    for (const char* name : {"", "avx", "AVX2", "sve", "avx1024", "avx512_", "amx"})
      CHECK(target_with_environment(name) == best);
  }
}
