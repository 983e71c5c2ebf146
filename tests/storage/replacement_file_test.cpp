// SPDX-License-Identifier: Apache-2.0
// tests/storage/replacement_file_test.cpp -- mirrors include/atlas/storage/replacement_file.hpp.
#include <atlas/storage/replacement_file.hpp>

#include "support/child_process.hpp"
#include "support/error_line.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

using support::failed_as;

namespace {

atlas::status replace(const std::string& path, const std::string& content) {
  auto file = atlas::replacement_file::create(path.c_str());
  if (!file.ok()) return file.error();
  if (auto said = file->file().write_at(content.data(), content.size(), 0); !said.ok()) return said;
  return file->commit();
}

mode_t mode_of(const std::string& path) {
  struct stat facts {};
  CHECK(::stat(path.c_str(), &facts) == 0);
  return facts.st_mode & 07777;
}

}  // namespace

TEST_SUITE("storage") {
  TEST_CASE("replacement_file: commit puts the new file at the path, and nothing else stays") {
    const support::scratch_folder folder;
    REQUIRE(replace(folder.path("a"), "first").ok());
    CHECK(support::read_whole(folder.path("a")) == "first");
    REQUIRE(replace(folder.path("a"), "second, longer").ok());
    CHECK(support::read_whole(folder.path("a")) == "second, longer");
    REQUIRE(replace(folder.path("a"), "3").ok());
    CHECK(support::read_whole(folder.path("a")) == "3");
    CHECK(folder.names() == std::vector<std::string>{"a"});
  }

  TEST_CASE("replacement_file: the temporary lies beside the target under a name that tells what it is") {
    const support::scratch_folder folder;
    const std::string path = folder.write("below/a", "old");
    {
      auto first = atlas::replacement_file::create(path.c_str());
      auto second = atlas::replacement_file::create(path.c_str());  // as another process would
      REQUIRE(first.ok());
      REQUIRE(second.ok());
      const std::vector<std::string> names = folder.names();
      REQUIRE(names.size() == 4);
      for (const std::size_t i : {std::size_t{1}, std::size_t{2}}) {
        CHECK(names[i].substr(0, 13) == "below/.atlas-");
        CHECK(names[i].size() == std::string("below/.atlas-0123456789abcdef.tmp").size());
        CHECK(names[i].substr(names[i].size() - 4) == ".tmp");
      }
      first->discard();
      CHECK(folder.names().size() == 3);
    }
    CHECK(folder.names() == std::vector<std::string>{"below/", "below/a"});
    CHECK(support::read_whole(path) == "old");
  }

  TEST_CASE("replacement_file: a path without a folder means the current one, also when that changes meanwhile") {
    const support::scratch_folder folder;
    const auto end = support::in_child([&] {
      if (::chdir(folder.path().c_str()) != 0) return 1;
      auto file = atlas::replacement_file::create("plain");
      if (!file.ok()) return 2;
      if (::chdir("/") != 0) return 3;
      if (!file->file().write_at("x", 1, 0).ok() || !file->commit().ok()) return 4;
      return 0;
    });
    CHECK(end.code == 0);
    CHECK(folder.names() == std::vector<std::string>{"plain"});
  }

  TEST_CASE("replacement_file: a link stays a link, and the file behind it is replaced") {
    const support::scratch_folder folder;
    namespace fs = std::filesystem;
    const std::string real = folder.write("far/away/real", "old");
    fs::create_directories(folder.path("links"));
    fs::create_symlink("../far/away/real", folder.path("links/relative"));
    fs::create_symlink(real, folder.path("absolute"));
    fs::create_symlink("links/relative", folder.path("chain"));
    fs::create_directory_symlink("far/away", folder.path("by_folder"));
    for (const char* name : {"links/relative", "absolute", "chain", "by_folder/real"}) {
      CAPTURE(name);
      REQUIRE(replace(folder.path(name), name).ok());
      CHECK(support::read_whole(real) == name);
      CHECK_FALSE(fs::is_symlink(real));
    }
    for (const char* name : {"links/relative", "absolute", "chain", "by_folder"})
      CHECK(fs::is_symlink(folder.path(name)));
    CHECK(folder.names().size() == 8);
  }

  TEST_CASE("replacement_file: a link to nothing brings the file behind it into being; a circle is refused") {
    const support::scratch_folder folder;
    namespace fs = std::filesystem;
    fs::create_symlink("later", folder.path("dangling"));
    REQUIRE(replace(folder.path("dangling"), "now").ok());
    CHECK(support::read_whole(folder.path("later")) == "now");
    CHECK(fs::is_symlink(folder.path("dangling")));
    fs::create_symlink("b", folder.path("a"));
    fs::create_symlink("a", folder.path("b"));
    CHECK(failed_as(replace(folder.path("a"), "x"), atlas::errc::invalid_argument));
    fs::create_symlink("gone/file", folder.path("lost"));
    CHECK(failed_as(replace(folder.path("lost"), "x"), atlas::errc::file_not_found));
  }

  TEST_CASE("replacement_file: what is no regular file is never replaced") {
    const support::scratch_folder folder;
    namespace fs = std::filesystem;
    fs::create_directory(folder.path("folder"));
    REQUIRE(::mkfifo(folder.path("pipe").c_str(), 0600) == 0);
    fs::create_symlink("/dev/null", folder.path("null"));
    CHECK(failed_as(replace(folder.path("folder"), "x"), atlas::errc::is_a_directory));
    CHECK(failed_as(replace(folder.path("folder/"), "x"), atlas::errc::is_a_directory));
    CHECK(failed_as(replace(folder.path(), "x"), atlas::errc::is_a_directory));
    CHECK(failed_as(replace("/", "x"), atlas::errc::is_a_directory));
    CHECK(failed_as(replace(".", "x"), atlas::errc::is_a_directory));
    CHECK(failed_as(replace(folder.path("pipe"), "x"), atlas::errc::invalid_argument));
    CHECK(failed_as(replace(folder.path("null"), "x"), atlas::errc::invalid_argument));
    CHECK(fs::is_fifo(folder.path("pipe")));
    CHECK(fs::is_character_file("/dev/null"));
    CHECK(folder.names() == std::vector<std::string>{"folder/", "null", "pipe"});
  }

  TEST_CASE("replacement_file: a path that leads nowhere says where it ends") {
    const support::scratch_folder folder;
    const std::string file = folder.write("file", "x");
    CHECK(failed_as(atlas::replacement_file::create(nullptr), atlas::errc::invalid_argument));
    CHECK(failed_as(atlas::replacement_file::create(""), atlas::errc::invalid_argument));
    CHECK(failed_as(replace(folder.path("none/a"), "x"), atlas::errc::file_not_found));
    CHECK(failed_as(replace(file + "/a", "x"), atlas::errc::not_a_directory));
    CHECK(failed_as(replace(folder.path(std::string(300, 'n')), "x"), atlas::errc::invalid_argument));
    CHECK(support::says_both(replace(folder.path("none/a"), "x")));
  }

  TEST_CASE("replacement_file: the longest name a file may have still works") {
    const support::scratch_folder folder;
    const std::string name(255, 'n');
    REQUIRE(replace(folder.path(name), "x").ok());
    CHECK(folder.names() == std::vector<std::string>{name});
  }

  TEST_CASE("replacement_file: a folder put at the target meanwhile is not touched") {
    const support::scratch_folder folder;
    auto file = atlas::replacement_file::create(folder.path("a").c_str());
    REQUIRE(file.ok());
    std::filesystem::create_directory(folder.path("a"));
    CHECK(failed_as(file->commit(), atlas::errc::is_a_directory));
    CHECK(folder.names() == std::vector<std::string>{"a/"});
  }

  TEST_CASE("replacement_file: a new file gets 0666 without the umask, a replaced one keeps its bits") {
    const support::scratch_folder folder;
    for (const mode_t mask : {mode_t{022}, mode_t{077}, mode_t{0}}) {
      const auto end = support::in_child([&] {
        ::umask(mask);
        return replace(folder.path("a"), "x").ok() ? 0 : 1;
      });
      CHECK(end.code == 0);
      CHECK(mode_of(folder.path("a")) == (0666 & ~mask));
      std::filesystem::remove(folder.path("a"));
    }
    const std::string secret = folder.write("secret", "old");
    for (const mode_t mode : {mode_t{0600}, mode_t{0444}, mode_t{0666}}) {
      REQUIRE(::chmod(secret.c_str(), mode) == 0);
      {
        auto file = atlas::replacement_file::create(secret.c_str());
        REQUIRE(file.ok());
        // While it is written nobody may read it who may not read the old one.
        CHECK((mode_of(folder.path(folder.names()[0])) & ~mode) == 0);
        REQUIRE(file->commit().ok());
      }
      CHECK(mode_of(secret) == mode);
    }
  }

  TEST_CASE("replacement_file: root keeps the owner of the file it replaces") {
    if (::geteuid() != 0) {
      MESSAGE("skipped: only root may give a file away");
      return;
    }
    const support::scratch_folder folder;
    const std::string path = folder.write("a", "old");
    REQUIRE(::chown(path.c_str(), 1234, 4321) == 0);
    REQUIRE(replace(path, "new").ok());
    struct stat facts {};
    REQUIRE(::stat(path.c_str(), &facts) == 0);
    CHECK(facts.st_uid == 1234);
    CHECK(facts.st_gid == 4321);
    CHECK(support::read_whole(path) == "new");
  }

  TEST_CASE("replacement_file: other links to the replaced file keep the old bytes") {
    const support::scratch_folder folder;
    const std::string path = folder.write("a", "old");
    std::filesystem::create_hard_link(path, folder.path("b"));
    REQUIRE(replace(path, "new").ok());
    CHECK(support::read_whole(folder.path("a")) == "new");
    CHECK(support::read_whole(folder.path("b")) == "old");
  }

  TEST_CASE("replacement_file: a child that ends does not take its parent's temporary away") {
    const support::scratch_folder folder;
    auto file = atlas::replacement_file::create(folder.path("a").c_str());
    REQUIRE(file.ok());
    REQUIRE(file->file().write_at("bytes", 5, 0).ok());
    const auto end = support::in_child([&] {
      file->discard();
      return 0;
    });
    CHECK(end.code == 0);
    REQUIRE(file->commit().ok());
    CHECK(support::read_whole(folder.path("a")) == "bytes");
  }

  TEST_CASE("replacement_file: a move hands the temporary on, and what it replaces is removed") {
    const support::scratch_folder folder;
    {
      atlas::replacement_file first = atlas::replacement_file::create(folder.path("a").c_str()).value();
      atlas::replacement_file second(static_cast<atlas::replacement_file&&>(first));
      CHECK_FALSE(first.is_open());
      CHECK(folder.names().size() == 1);
      atlas::replacement_file third = atlas::replacement_file::create(folder.path("b").c_str()).value();
      CHECK(folder.names().size() == 2);
      third = static_cast<atlas::replacement_file&&>(second);
      CHECK(folder.names().size() == 1);
      REQUIRE(third.commit().ok());
      CHECK_FALSE(third.is_open());
    }
    CHECK(folder.names() == std::vector<std::string>{"a"});
  }
}
