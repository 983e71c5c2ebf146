// SPDX-License-Identifier: Apache-2.0
// c_api/guard.hpp -- the border: nothing thrown leaves, and every failure leaves a text behind.
//
// Room:      guard, the only `try` of the project, and report, which keeps the text for atlas_last_error.
// Not here:  checking what the caller gave (c_api/arguments.hpp), the texts themselves (core/error.hpp).
// Depends:   core, atlas.h.
// Threads:   each thread has its own last failure.
#ifndef ATLAS_C_API_GUARD_HPP
#define ATLAS_C_API_GUARD_HPP

#include "atlas.h"

#include <atlas/core/result.hpp>  // status, error

#include <new>  // std::bad_alloc

namespace atlas::c_api {

/// What a call is about: nothing, one path, or from one to another. Paths may be null.
struct about {
  const char* path = nullptr;
  const char* output = nullptr;
};

/// Keeps the failure for atlas_last_error and atlas_last_error_row of this thread.
///
/// @param paths  the files or folders that the call was about, put before the text
/// @return       the error's code as a status
/// Allocates nothing.
[[gnu::cold]] atlas_status report(const error& what, const about& paths) noexcept;

/// Runs the body of one exported function and turns its outcome into a status.
///
/// @param paths  as for report
/// @param body   () -> status
template <class Body>
[[nodiscard]] atlas_status guard(const about& paths, Body&& body) noexcept {
#if defined(__cpp_exceptions)
  try {
    const status outcome = body();
    return outcome.ok() ? ATLAS_OK : report(outcome.error(), paths);
  } catch (const std::bad_alloc&) {
    return report(errc::no_memory, paths);
  } catch (...) {
    return report(error{errc::internal, "an exception reached the C border"}, paths);
  }
#else
  const status outcome = body();
  return outcome.ok() ? ATLAS_OK : report(outcome.error(), paths);
#endif
}
template <class Body>
[[nodiscard]] atlas_status guard(Body&& body) noexcept {
  return guard(about{}, static_cast<Body&&>(body));
}

}  // namespace atlas::c_api

#endif  // ATLAS_C_API_GUARD_HPP
