// SPDX-License-Identifier: Apache-2.0
// tests/guard/guard_test.cpp -- mirrors c_api/guard.hpp: nothing thrown crosses the C border.
#include "../c_api/guard.hpp"

#include <doctest/doctest.h>

#include <new>
#include <stdexcept>
#include <string>

namespace {

// In place of c_api/error.cpp: what guard reported last.
atlas::error reported;
std::string reported_path;

}  // namespace

namespace atlas::c_api {
atlas_status report(const error& what, const about& paths) noexcept {
  reported = what;
  reported_path = paths.path == nullptr ? "(none)" : paths.path;
  return static_cast<atlas_status>(what.code);
}
}  // namespace atlas::c_api

TEST_SUITE("guard") {
  using atlas::status;
  using atlas::c_api::guard;

  TEST_CASE("success and errors pass through, errors with their path") {
    CHECK(guard([]() -> status { return {}; }) == ATLAS_OK);
    CHECK(guard({"a/path"}, []() -> status {
            return atlas::error{atlas::errc::no_space, "file"};
          }) == ATLAS_ERR_NO_SPACE);
    CHECK(reported == atlas::errc::no_space);
    CHECK(reported_path == "a/path");
  }

#if defined(__cpp_exceptions)
  TEST_CASE("bad_alloc becomes no_memory, anything else internal, and nothing leaves") {
    CHECK(guard([]() -> status { throw std::bad_alloc(); }) == ATLAS_ERR_NO_MEMORY);
    CHECK(guard({"p"}, []() -> status { throw std::bad_array_new_length(); }) == ATLAS_ERR_NO_MEMORY);
    CHECK(reported_path == "p");
    CHECK(guard([]() -> status { throw std::runtime_error("x"); }) == ATLAS_ERR_INTERNAL);
    CHECK(guard([]() -> status { throw 7; }) == ATLAS_ERR_INTERNAL);
    CHECK(std::string(reported.field) == "an exception reached the C border");
  }
#endif
}
