// SPDX-License-Identifier: Apache-2.0
// tests/storage/temporary_file_test.cpp -- mirrors include/atlas/storage/temporary_file.hpp.
#include <atlas/storage/temporary_file.hpp>

#include "support/child_process.hpp"
#include "support/error_line.hpp"
#include "support/nameless_file.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>

using atlas::errc;
using atlas::open_temporary;
using support::failed_as;

TEST_SUITE("temporary_file") {
  TEST_CASE("it can be written and read, by its owner only, and has no name") {
    const support::scratch_folder folder;
    const auto file = open_temporary(folder.path().c_str()).value();
    CHECK(folder.names().empty());
    support::check_nameless(file);
    CHECK(folder.names().empty());
  }

  TEST_CASE("two in one folder are apart") {
    const support::scratch_folder folder;
    const auto one = open_temporary(folder.path().c_str()).value();
    const auto other = open_temporary((folder.path() + "/").c_str()).value();
    one.write_at("a", 1, 0).value();
    char got = 'x';
    CHECK(failed_as(other.read_at(&got, 1, 0), errc::corrupt_file));  // it is empty
  }

  TEST_CASE("what is no folder to write in is refused by name") {
    const support::scratch_folder folder;
    CHECK(failed_as(open_temporary(nullptr), errc::invalid_argument));
    CHECK(failed_as(open_temporary(""), errc::invalid_argument));
    CHECK(failed_as(open_temporary(folder.path("none").c_str()), errc::file_not_found));
    CHECK(failed_as(open_temporary(folder.write("file", "x").c_str()), errc::not_a_directory));
    std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec |
                                                    std::filesystem::perms::others_read | std::filesystem::perms::others_exec);
    const auto end = support::in_child_without_rights([&] { return failed_as(open_temporary(folder.path().c_str()), errc::permission_denied) ? 0 : 1; });
    CHECK(end.code == 0);
    std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
  }
}
