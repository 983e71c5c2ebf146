// SPDX-License-Identifier: Apache-2.0
// bench/support/peer_environment.hpp -- what OpenBLAS and OpenMP want to find in the environment when they are loaded.
#ifndef ATLAS_BENCH_SUPPORT_PEER_ENVIRONMENT_HPP
#define ATLAS_BENCH_SUPPORT_PEER_ENVIRONMENT_HPP

#include <atlas/simd/cpu.hpp>  // detect_cpu

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace bench {

/// OpenBLAS and OpenMP read their environment when they are loaded: the program starts itself again with it.
/// Without it OpenBLAS 0.3.21 does not know newer CPUs and runs its SSE3 kernels, five times slower.
inline void set_peer_environment(const char* program, char** arguments) {
  bool changed = false;
  const auto set = [&changed](const char* name, const char* value) {
    if (std::getenv(name) == nullptr) changed = ::setenv(name, value, 0) == 0 || changed;
  };
#if defined(__x86_64__)
  if (atlas::detect_cpu().avx512) set("OPENBLAS_CORETYPE", "SkylakeX");
#endif
  set("OMP_WAIT_POLICY", "passive");
  if (!changed) return;
  ::execv("/proc/self/exe", arguments);
  std::fprintf(stderr, "%s: cannot start again with the peers' environment\n", program);
}

}  // namespace bench

#endif  // ATLAS_BENCH_SUPPORT_PEER_ENVIRONMENT_HPP
