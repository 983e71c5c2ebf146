// SPDX-License-Identifier: Apache-2.0
// c_api/library.cpp -- versions, and the instruction set in use.
#include "arguments.hpp"
#include "guard.hpp"

#include <atlas/simd/target.hpp>

using namespace atlas::c_api;
using atlas::status;

extern "C" uint32_t atlas_abi_version(void) { return ATLAS_C_ABI_VERSION; }

extern "C" const char* atlas_version(void) { return ATLAS_VERSION_STRING; }

extern "C" const char* atlas_simd_target(void) { return atlas::simd::target(); }

extern "C" atlas_status atlas_simd_force(const char* name) {
  return guard([&]() -> status {
    ATLAS_C_TRY(require(name, "name"));
    return atlas::simd::force_target(name);
  });
}
