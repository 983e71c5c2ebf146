// SPDX-License-Identifier: Apache-2.0
// tests/simd/target_test.cpp -- mirrors include/atlas/simd/target.hpp.
#include <atlas/simd/target.hpp>

#include <atlas/simd/cpu.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <set>
#include <string>

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

  TEST_CASE("targets: all that this CPU runs, each once, the best first and scalar last") {
    const atlas::simd::target_list list = atlas::simd::targets();
    REQUIRE(list.count >= 1);
    const std::set<std::string> names(list.begin(), list.end());
    CHECK(names.size() == list.count);
    CHECK(std::string(list.names[list.count - 1]) == "scalar");
    const atlas::cpu_features cpu = atlas::detect_cpu();
    CHECK(names.count("avx512") == (cpu.avx512 ? 1U : 0U));
    CHECK(names.count("avx2") == (cpu.avx2 ? 1U : 0U));
    CHECK(names.count("sse4") == (cpu.sse4 ? 1U : 0U));
    CHECK(names.count("neon") == (cpu.neon ? 1U : 0U));
    std::string seen;
    for (const char* name : list) seen += std::string(name) + " ";
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
    for (const char* name : {"", "avx", "AVX2", "avx2 ", "sve", "avx1024"}) {
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
    for (const char* name : {"", "avx", "AVX2", "sve", "avx1024"}) CHECK(target_with_environment(name) == best);
  }
}
