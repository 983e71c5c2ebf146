// SPDX-License-Identifier: Apache-2.0
// tests/faults/permissions_test.cpp -- files and folders that the process may not read or write.
#include <atlas/storage/file_bytes.hpp>
#include <atlas/storage/file_reader.hpp>
#include <atlas/storage/file_writer.hpp>
#include <atlas/storage/folder_walk.hpp>

#include "faults/saved_file.hpp"
#include "support/child_process.hpp"
#include "support/error_line.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <string>
#include <vector>

using support::failed_as;

namespace {

void set_mode(const std::string& path, mode_t mode) { REQUIRE(::chmod(path.c_str(), mode) == 0); }

}  // namespace

TEST_SUITE("faults") {
  TEST_CASE("a file without read permission is refused as such by everything that opens it") {
    const support::scratch_folder folder;
    set_mode(folder.path(), 0755);
    const std::string path = folder.path("a");
    REQUIRE(faults::save(path, 'x', 10).ok());
    set_mode(path, 0000);
    const auto end = support::in_child_without_rights([&] {
      atlas::buffer<char> bytes;
      if (!failed_as(atlas::mapped_file::open(path.c_str()), atlas::errc::permission_denied)) return 1;
      if (!failed_as(atlas::file_reader::open(path.c_str()), atlas::errc::permission_denied)) return 2;
      if (!failed_as(atlas::read_file(path.c_str(), 100'000, bytes), atlas::errc::permission_denied)) return 3;
      if (!support::says_both(atlas::file_reader::open(path.c_str()))) return 4;
      return 0;
    });
    CHECK(end.code == 0);
    set_mode(path, 0444);
    const auto readable = support::in_child_without_rights([&] {
      const auto file = atlas::file_reader::open(path.c_str());
      return file.ok() && file->verify().ok() ? 0 : 1;
    });
    CHECK(readable.code == 0);
  }

  TEST_CASE("a save into a folder that may not be written, searched or is gone leaves it alone") {
    const support::scratch_folder folder;
    set_mode(folder.path(), 0755);
    const std::string path = folder.write("below/a", "old");
    set_mode(path, 0666);  // the file may be written; its folder may not
    for (const mode_t mode : {mode_t{0555}, mode_t{0644}, mode_t{0000}}) {
      CAPTURE(mode);
      set_mode(folder.path("below"), mode);
      const auto end = support::in_child_without_rights(
          [&] { return failed_as(faults::save(path, 'x', 10), atlas::errc::permission_denied) ? 0 : 1; });
      CHECK(end.code == 0);
      set_mode(folder.path("below"), 0755);
      CHECK(support::read_whole(path) == "old");
      CHECK(folder.names() == std::vector<std::string>{"below/", "below/a"});
    }
  }

  TEST_CASE("another user's file in a sticky folder is not replaced, and the temporary goes") {
    if (::geteuid() != 0) {
      MESSAGE("skipped: needs root to make another user's file");
      return;
    }
    const support::scratch_folder folder;
    const std::string path = folder.write("a", "old");
    set_mode(folder.path(), 01777);
    const auto end = support::in_child_without_rights(
        [&] { return failed_as(faults::save(path, 'x', 10), atlas::errc::permission_denied) ? 0 : 1; });
    CHECK(end.code == 0);
    CHECK(support::read_whole(path) == "old");
    CHECK(folder.names() == std::vector<std::string>{"a"});
  }

  TEST_CASE("a walk passes over folders it may not read, and counts them") {
    const support::scratch_folder folder;
    set_mode(folder.path(), 0755);
    for (const char* name : {"a/1", "closed/2", "unsearchable/3", "z/4"}) folder.write(name, "x");
    set_mode(folder.path("closed"), 0000);
    set_mode(folder.path("unsearchable"), 0444);  // names can be read, what they name cannot
    const auto end = support::in_child_without_rights([&] {
      std::string seen;
      const auto note = [&](const atlas::walk_entry& entry) {
        seen += std::string(entry.relative.data(), entry.relative.size()) + ' ';
        return true;
      };
      const auto report = atlas::walk_folder(folder.path().c_str(), {}, note);
      if (!report.ok() || seen != "a/1 z/4 ") return 1;
      if (report->unreadable_folders != 1 || report->unreadable_files != 1 || report->files != 2) return 2;
      if (!failed_as(atlas::walk_folder(folder.path("closed").c_str(), {}, note), atlas::errc::permission_denied))
        return 3;
      return 0;
    });
    CHECK(end.code == 0);
    set_mode(folder.path("closed"), 0755);
    set_mode(folder.path("unsearchable"), 0755);
  }
}
