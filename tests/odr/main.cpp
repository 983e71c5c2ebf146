// SPDX-License-Identifier: Apache-2.0
// tests/odr/main.cpp -- units of different -march in one program agree, in whichever order they were linked.
#include <cmath>
#include <cstdio>

extern "C" double atlas_odr_baseline();
#if ATLAS_ODR_X86_TIERS
extern "C" double atlas_odr_haswell();
extern "C" double atlas_odr_avx512();
#endif

namespace {

int compare(const char* tier, double found, double wanted) {
  // Sums of floats differ in their last bits between vector widths.
  if (wanted > 0 && std::abs(found - wanted) <= 1e-3 * wanted) return 0;
  std::printf("%s: expected %.6f, found %.6f\n", tier, wanted, found);
  return 1;
}

}  // namespace

int main() {
  // The baseline first: were it poisoned by a wider unit, an older CPU would stop here.
  const double wanted = atlas_odr_baseline();
  int failures = compare("baseline", wanted, wanted);
#if ATLAS_ODR_X86_TIERS
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) {
    failures += compare("haswell", atlas_odr_haswell(), wanted);
  } else {
    std::puts("haswell: skipped, this CPU has no AVX2");
  }
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512cd")) {
    failures += compare("avx512", atlas_odr_avx512(), wanted);
  } else {
    std::puts("avx512: skipped, this CPU has no AVX-512");
  }
#endif
  return failures;
}
