// SPDX-License-Identifier: Apache-2.0
// tests/core/os_error_test.cpp -- mirrors include/atlas/core/os_error.hpp.
#include <atlas/core/os_error.hpp>

#include "support/error_line.hpp"

#include <doctest/doctest.h>

TEST_SUITE("core") {
  TEST_CASE("os_error: each errno that has a code of its own gets it") {
    struct known {
      int number;
      atlas::errc code;
    };
    constexpr known table[] = {{ENOENT, atlas::errc::file_not_found},
                               {EISDIR, atlas::errc::is_a_directory},
                               {ENOTDIR, atlas::errc::not_a_directory},
                               {EACCES, atlas::errc::permission_denied},
                               {EPERM, atlas::errc::permission_denied},
                               {EROFS, atlas::errc::permission_denied},
                               {ENOSPC, atlas::errc::no_space},
                               {EDQUOT, atlas::errc::no_space},
                               {EFBIG, atlas::errc::no_space},
                               {ENOMEM, atlas::errc::no_memory},
                               {ELOOP, atlas::errc::invalid_argument},
                               {ENAMETOOLONG, atlas::errc::invalid_argument},
                               {EIO, atlas::errc::io},
                               {EMFILE, atlas::errc::io},
                               {ENFILE, atlas::errc::io}};
    for (const known& row : table) {
      const atlas::status said = atlas::os_error(row.number, "path");
      CAPTURE(support::error_line(said));
      CHECK(said.error() == row.code);
      CHECK(said.error().os_code == row.number);
      CHECK(support::says_both(said));
    }
  }
}
