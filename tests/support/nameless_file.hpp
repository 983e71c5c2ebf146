// SPDX-License-Identifier: Apache-2.0
// tests/support/nameless_file.hpp -- what is expected of a file that open_temporary gives.
#ifndef ATLAS_TESTS_SUPPORT_NAMELESS_FILE_HPP
#define ATLAS_TESTS_SUPPORT_NAMELESS_FILE_HPP

#include <atlas/storage/file_descriptor.hpp>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <cstring>

namespace support {

/// Writes to it, reads from it, and checks that it is its owner's alone, has no name, and is not inherited. @pre it is empty
inline void check_nameless(const atlas::file_descriptor& file) {
  file.write_at("abcdef", 6, 3).value();
  char got[6] = {};
  file.read_at(got, 6, 3).value();
  CHECK(std::memcmp(got, "abcdef", 6) == 0);
  struct stat facts;
  REQUIRE(::fstat(file.number(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  CHECK(facts.st_nlink == 0);
  CHECK(facts.st_size == 9);
  CHECK((::fcntl(file.number(), F_GETFD) & FD_CLOEXEC) != 0);
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_NAMELESS_FILE_HPP
