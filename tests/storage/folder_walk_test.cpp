// SPDX-License-Identifier: Apache-2.0
// tests/storage/folder_walk_test.cpp -- mirrors include/atlas/storage/folder_walk.hpp.
// Folders without permission: tests/faults/permissions_test.cpp.
#include <atlas/storage/folder_walk.hpp>

#include "support/error_line.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

using support::failed_as;

namespace {

struct walked {
  std::vector<std::string> names;
  atlas::walk_report report;
};

walked walk(const std::string& root, const atlas::walk_options& options = {}) {
  walked found;
  const auto note = [&](const atlas::walk_entry& entry) {
    found.names.emplace_back(entry.relative.data(), entry.relative.size());
    return true;
  };
  found.report = *atlas::walk_folder(root.c_str(), options, note);
  return found;
}

using names = std::vector<std::string>;

}  // namespace

TEST_SUITE("storage") {
  TEST_CASE("walk_folder: files come in the order of the bytes of their paths") {
    const support::scratch_folder folder;
    // '-' < '.' < '/' < '0': a folder's files do not come where its bare name would.
    const names expected = {"B/x", "a-b", "a.txt", "a/b/c", "a/z", "a0", "b", "\xC3\xA9/f", "\xFF"};
    names shuffled = expected;
    std::reverse(shuffled.begin(), shuffled.end());
    for (const std::string& name : shuffled) folder.write(name, name);
    REQUIRE(std::is_sorted(expected.begin(), expected.end()));
    const walked found = walk(folder.path());
    CHECK(found.names == expected);
    CHECK(found.report.files == expected.size());
    CHECK(found.report.folders == 5);
  }

  TEST_CASE("walk_folder: an entry says where the file is, how long, and when it was changed") {
    const support::scratch_folder folder;
    const std::string path = folder.write("below/file", "12345");
    const struct timespec times[2] = {{1, 0}, {1'234'567'890, 123'456'789}};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
    for (const char* ending : {"", "/", "//"}) {
      int calls = 0;
      const auto look = [&](const atlas::walk_entry& entry) {
        ++calls;
        CHECK(entry.relative == atlas::text_view("below/file"));
        CHECK(std::filesystem::equivalent(entry.path, path));
        CHECK(entry.size_bytes == 5);
        CHECK(entry.modified_ns == 1'234'567'890'123'456'789);
        return true;
      };
      CHECK(atlas::walk_folder((folder.path() + ending).c_str(), {}, look).ok());
      CHECK(calls == 1);
    }
  }

  TEST_CASE("walk_folder: a time that nanoseconds cannot say is the nearest that they can") {
    const support::scratch_folder folder;
    const std::string path = folder.write("file", "x");
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
    struct expectation {
      std::int64_t seconds, nanoseconds, modified_ns;
    };
    // The last and the first moment that fit, their neighbours, the years 2400 and 1600.
    const expectation all[] = {{9'223'372'036, 854'775'807, most}, {9'223'372'036, 854'775'806, most - 1},
                               {9'223'372'036, 854'775'808, most}, {13'569'465'600, 0, most},
                               {-9'223'372'036, 0, -9'223'372'036'000'000'000},
                               {-11'676'096'000, 0, least}, {-1, 999'999'999, -1}};
    for (const expectation& one : all) {
      CAPTURE(one.seconds);
      const struct timespec time = {one.seconds, one.nanoseconds};
      const struct timespec times[2] = {time, time};
      REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
      struct stat kept;
      REQUIRE(::stat(path.c_str(), &kept) == 0);
      if (kept.st_mtim.tv_sec != one.seconds || kept.st_mtim.tv_nsec != one.nanoseconds) {
        MESSAGE("skipped: this file system does not keep the second ", one.seconds);
        continue;
      }
      const auto look = [&](const atlas::walk_entry& entry) {
        CHECK(entry.modified_ns == one.modified_ns);
        return true;
      };
      CHECK(atlas::walk_folder(folder.path().c_str(), {}, look).ok());
    }
  }

  TEST_CASE("walk_folder: hidden names are left out unless asked for, made-up folders in both cases") {
    const support::scratch_folder folder;
    for (const char* name : {".hidden", ".folder/file", ".git/config", "node_modules/x.js", "seen", "sub/.git/x"}) {
      folder.write(name, "x");
    }
    const walked plain = walk(folder.path());
    CHECK(plain.names == names{"seen"});
    CHECK(plain.report.hidden == 4);
    CHECK(plain.report.ignored_folders == 1);
    const walked all = walk(folder.path(), {.hidden = true});
    CHECK(all.names == names{".folder/file", ".hidden", "seen"});
    CHECK(all.report.ignored_folders == 3);
    const walked nothing_ignored = walk(folder.path(), {.hidden = true, .ignored_folders = {}});
    CHECK(nothing_ignored.names.size() == 6);
    const atlas::text_view own[] = {"sub"};
    CHECK(walk(folder.path(), {.ignored_folders = own}).names == names{"node_modules/x.js", "seen"});
  }

  TEST_CASE("walk_folder: an ignored name is a folder's, a file may have it") {
    const support::scratch_folder folder;
    folder.write("node_modules", "a file");
    CHECK(walk(folder.path()).names == names{"node_modules"});
  }

  TEST_CASE("walk_folder: links to files are files, links to folders are counted and not followed") {
    const support::scratch_folder folder;
    namespace fs = std::filesystem;
    folder.write("real/file", "x");
    fs::create_symlink("real/file", folder.path("link"));
    fs::create_directory_symlink("real", folder.path("folder_link"));
    fs::create_directory_symlink("..", folder.path("real/cycle"));
    fs::create_symlink("nowhere", folder.path("broken"));
    fs::create_symlink("self", folder.path("self"));
    const walked found = walk(folder.path());
    CHECK(found.names == names{"link", "real/file"});
    CHECK(found.report.linked_folders == 2);
    CHECK(found.report.broken_links == 2);
    const walked without = walk(folder.path(), {.linked_files = false});
    CHECK(without.names == names{"real/file"});
    CHECK(without.report.linked_files == 1);
    CHECK(walk(folder.path("folder_link")).names == names{"file"});  // as the root it is followed
  }

  TEST_CASE("walk_folder: pipes and sockets are counted, never opened") {
    const support::scratch_folder folder;
    REQUIRE(::mkfifo(folder.path("pipe").c_str(), 0600) == 0);
    std::filesystem::create_symlink("/dev/null", folder.path("null"));
    folder.write("file", "");
    const walked found = walk(folder.path());
    CHECK(found.names == names{"file"});
    CHECK(found.report.special_files == 2);
  }

  TEST_CASE("walk_folder: goes as deep as it may, and counts what lies below") {
    const support::scratch_folder folder;
    folder.write("0", "x");
    folder.write("a/1", "x");
    folder.write("a/b/2", "x");
    CHECK(walk(folder.path(), {.max_depth = 0}).names == names{"0"});
    CHECK(walk(folder.path(), {.max_depth = 0}).report.too_deep_folders == 1);
    CHECK(walk(folder.path(), {.max_depth = 1}).names == names{"0", "a/1"});
    CHECK(walk(folder.path(), {.max_depth = 2}).names == names{"0", "a/1", "a/b/2"});
  }

  TEST_CASE("walk_folder: folders nested beyond the longest path are counted, not fatal") {
    const support::scratch_folder folder;
    // mkdirat from level to level; no path is long enough to name the last ones.
    int at = ::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::string name(200, 'd');
    for (int level = 0; level < 40; ++level) {
      REQUIRE(::mkdirat(at, name.c_str(), 0700) == 0);
      const int next = ::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      ::close(at);
      REQUIRE(next >= 0);
      at = next;
    }
    ::close(at);
    folder.write("file", "x");
    std::string unreadable;
    const auto note = [&](atlas::text_view path, int why) {
      CHECK(why == ENAMETOOLONG);
      CHECK(path[path.size() - 1] == '/');
      unreadable += std::string(path.data(), 4) + ' ';
    };
    const walked found = walk(folder.path(), {.max_depth = ~0U, .on_unreadable = note});
    CHECK(found.names == names{"file"});
    CHECK(unreadable == "dddd ");
    CHECK(found.report.unreadable_folders == 1);
    CHECK(found.report.folders >= 15);
  }

  TEST_CASE("walk_folder: an empty folder has no files; many files all come") {
    const support::scratch_folder folder;
    CHECK(walk(folder.path()).report.files == 0);
    for (int i = 0; i < 1000; ++i) folder.write(std::to_string(i), "");
    const walked found = walk(folder.path());
    CHECK(found.names.size() == 1000);
    CHECK(std::is_sorted(found.names.begin(), found.names.end()));
  }

  TEST_CASE("walk_folder: the callback can stop it") {
    const support::scratch_folder folder;
    for (const char* name : {"a", "b/c", "d"}) folder.write(name, "x");
    int calls = 0;
    const auto stop = [&](const atlas::walk_entry&) { return ++calls < 2; };
    CHECK(failed_as(atlas::walk_folder(folder.path().c_str(), {}, stop), atlas::errc::cancelled));
    CHECK(calls == 2);
  }

  TEST_CASE("walk_folder: a root that is no folder is an error") {
    const support::scratch_folder folder;
    const auto never = [](const atlas::walk_entry&) {
      FAIL("called");
      return true;
    };
    const std::string file = folder.write("file", "x");
    CHECK(failed_as(atlas::walk_folder(nullptr, {}, never), atlas::errc::invalid_argument));
    CHECK(failed_as(atlas::walk_folder("", {}, never), atlas::errc::invalid_argument));
    CHECK(failed_as(atlas::walk_folder(folder.path("none").c_str(), {}, never), atlas::errc::file_not_found));
    CHECK(failed_as(atlas::walk_folder(file.c_str(), {}, never), atlas::errc::not_a_directory));
  }
}
