// SPDX-License-Identifier: Apache-2.0
// tests/storage/mapped_file_test.cpp -- mirrors include/atlas/storage/mapped_file.hpp.
#include <atlas/storage/mapped_file.hpp>

#include "support/error_line.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

using support::failed_as;

TEST_SUITE("storage") {
  TEST_CASE("mapped_file: shows the file's bytes") {
    const support::scratch_folder folder;
    std::string content(100'000, '\0');
    for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 31 % 251);
    const auto file = atlas::mapped_file::open(folder.write("a", content).c_str());
    REQUIRE(file.ok());
    CHECK(file->is_open());
    REQUIRE(file->size_bytes() == content.size());
    CHECK(std::memcmp(file->data(), content.data(), content.size()) == 0);
    CHECK(file->descriptor() >= 0);
  }

  TEST_CASE("mapped_file: an empty file is a file of no bytes") {
    const support::scratch_folder folder;
    const auto file = atlas::mapped_file::open(folder.write("empty", "").c_str());
    REQUIRE(file.ok());
    CHECK(file->is_open());
    CHECK(file->size_bytes() == 0);
    CHECK(file->data() == nullptr);
    file->prefetch(0, 100);
  }

  TEST_CASE("mapped_file: a symbolic link leads to the file") {
    const support::scratch_folder folder;
    const std::string path = folder.write("a", "abc");
    std::filesystem::create_symlink(path, folder.path("link"));
    const auto file = atlas::mapped_file::open(folder.path("link").c_str());
    REQUIRE(file.ok());
    CHECK(std::memcmp(file->data(), "abc", 3) == 0);
  }

  TEST_CASE("mapped_file: a missing file, a folder, and a path through a file each say so") {
    const support::scratch_folder folder;
    const std::string path = folder.write("a", "abc");
    using atlas::mapped_file;
    CHECK(failed_as(mapped_file::open(folder.path("none").c_str()), atlas::errc::file_not_found));
    CHECK(failed_as(mapped_file::open(folder.path().c_str()), atlas::errc::is_a_directory));
    CHECK(failed_as(mapped_file::open((path + "/b").c_str()), atlas::errc::not_a_directory));
    CHECK(failed_as(mapped_file::open(nullptr), atlas::errc::invalid_argument));
    CHECK(failed_as(mapped_file::open(std::string(9000, 'n').c_str()), atlas::errc::invalid_argument));
    std::filesystem::create_symlink("loop", folder.path("loop"));
    CHECK(failed_as(mapped_file::open(folder.path("loop").c_str()), atlas::errc::invalid_argument));
    CHECK(support::says_both(mapped_file::open(folder.path("none").c_str())));
    CHECK(support::says_both(mapped_file::open(folder.path().c_str())));
  }

  TEST_CASE("mapped_file: the bytes stay when the file is replaced or unlinked") {
    const support::scratch_folder folder;
    const std::string path = folder.write("a", "old bytes");
    const auto file = atlas::mapped_file::open(path.c_str());
    REQUIRE(file.ok());
    std::filesystem::rename(folder.write("b", "new"), path);
    CHECK(std::memcmp(file->data(), "old bytes", 9) == 0);
    std::filesystem::remove(path);
    CHECK(std::memcmp(file->data(), "old bytes", 9) == 0);
  }

  TEST_CASE("mapped_file: a move hands the bytes on and leaves nothing behind") {
    const support::scratch_folder folder;
    atlas::mapped_file first = atlas::mapped_file::open(folder.write("a", "first").c_str()).value();
    const std::byte* at = first.data();
    atlas::mapped_file second(static_cast<atlas::mapped_file&&>(first));
    CHECK(second.data() == at);
    CHECK(first.data() == nullptr);
    CHECK(first.size_bytes() == 0);
    CHECK_FALSE(first.is_open());
    atlas::mapped_file third = atlas::mapped_file::open(folder.write("b", "third").c_str()).value();
    third = static_cast<atlas::mapped_file&&>(second);
    CHECK(third.data() == at);
    CHECK(std::memcmp(third.data(), "first", 5) == 0);
  }

  TEST_CASE("mapped_file: prefetch takes any range") {
    const support::scratch_folder folder;
    const auto file = atlas::mapped_file::open(folder.write("a", std::string(70'000, 'x')).c_str());
    REQUIRE(file.ok());
    file->prefetch(0, ~std::uint64_t{0});
    file->prefetch(69'999, 1);
    file->prefetch(70'000, 1);
    file->prefetch(~std::uint64_t{0}, ~std::uint64_t{0});
    CHECK(file->data()[69'999] == std::byte{'x'});
  }

  TEST_CASE("mapped_file: release takes touched pages out of the process, and they come back") {
    const support::scratch_folder folder;
    const std::string bytes(std::size_t{4} << 20, 'x');
    folder.write("a", bytes);
    std::uint64_t size_bytes = 0;
    auto descriptor = atlas::file_descriptor::open_to_read(folder.path("a").c_str(), size_bytes).value();
    REQUIRE(std::remove(folder.path("a").c_str()) == 0);
    const auto file = atlas::mapped_file::of(static_cast<atlas::file_descriptor&&>(descriptor), size_bytes).value();
    REQUIRE(file.size_bytes() == bytes.size());
    const auto resident = [&] {
      std::ifstream maps("/proc/self/smaps");
      char start[32];
      std::snprintf(start, sizeof start, "%lx-", reinterpret_cast<unsigned long>(file.data()));
      bool is_this = false;
      for (std::string line; std::getline(maps, line);) {
        if (line.rfind(start, 0) == 0) is_this = true;
        if (is_this && line.rfind("Rss:", 0) == 0) return std::stoul(line.substr(4));
      }
      return ~0UL;
    };
    CHECK(std::memcmp(file.data(), bytes.data(), bytes.size()) == 0);
    CHECK(resident() == 4096);  // KiB
    file.release();
    CHECK(resident() == 0);
    CHECK(file.data()[12'345] == std::byte{'x'});
    atlas::mapped_file().release();
  }
}
