// SPDX-License-Identifier: Apache-2.0
// tests/storage/file_descriptor_test.cpp -- mirrors include/atlas/storage/file_descriptor.hpp.
// Short writes, EINTR and EIO: tests/faults/short_writes_test.cpp.
#include <atlas/storage/file_descriptor.hpp>

#include "support/error_line.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <string>

using support::failed_as;

namespace {

bool is_open_number(int number) { return ::fcntl(number, F_GETFD) >= 0; }

}  // namespace

TEST_SUITE("storage") {
  TEST_CASE("file_descriptor: opens a regular file, tells its size, and does not pass it on to a new program") {
    const support::scratch_folder folder;
    const std::string path = folder.write("a", "twelve bytes");
    std::uint64_t size_bytes = 0;
    const auto file = atlas::file_descriptor::open_to_read(path.c_str(), size_bytes);
    REQUIRE(file.ok());
    CHECK(size_bytes == 12);
    CHECK((::fcntl(file->number(), F_GETFD) & FD_CLOEXEC) != 0);
  }

  TEST_CASE("file_descriptor: what is no file is refused by name, and a pipe is not waited for") {
    const support::scratch_folder folder;
    const std::string pipe = folder.path("pipe");
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    std::uint64_t size_bytes = 77;
    using atlas::file_descriptor;
    CHECK(failed_as(file_descriptor::open_to_read(nullptr, size_bytes), atlas::errc::invalid_argument));
    CHECK(failed_as(file_descriptor::open_to_read("", size_bytes), atlas::errc::file_not_found));
    CHECK(
        failed_as(file_descriptor::open_to_read(folder.path("none").c_str(), size_bytes), atlas::errc::file_not_found));
    CHECK(failed_as(file_descriptor::open_to_read(folder.path().c_str(), size_bytes), atlas::errc::is_a_directory));
    CHECK(failed_as(file_descriptor::open_to_read(pipe.c_str(), size_bytes), atlas::errc::invalid_argument));
    CHECK(failed_as(file_descriptor::open_to_read("/dev/null", size_bytes), atlas::errc::invalid_argument));
    CHECK(support::says_both(file_descriptor::open_to_read("/dev/null", size_bytes)));
    CHECK(size_bytes == 77);
  }

  TEST_CASE("file_descriptor: one file is the same by every path, and others are others") {
    const support::scratch_folder folder;
    const std::string first = folder.write("a", "x");
    const std::string other = folder.write("b", "x");
    const std::string link = folder.path("link");
    REQUIRE(::symlink("a", link.c_str()) == 0);
    const auto identity = [](const std::string& path) {
      std::uint64_t size_bytes = 0;
      return atlas::file_descriptor::open_to_read(path.c_str(), size_bytes).value().identity().value();
    };
    CHECK(identity(first) == identity(first));
    CHECK(identity(first) == identity(link));
    CHECK_FALSE(identity(first) == identity(other));
    CHECK(failed_as(atlas::file_descriptor().identity(), atlas::errc::io));
  }

  TEST_CASE("file_descriptor: a move hands the file on, the end closes it once") {
    const support::scratch_folder folder;
    const std::string path = folder.write("a", "x");
    std::uint64_t size_bytes = 0;
    int number = -1;
    {
      atlas::file_descriptor first = atlas::file_descriptor::open_to_read(path.c_str(), size_bytes).value();
      number = first.number();
      atlas::file_descriptor second(static_cast<atlas::file_descriptor&&>(first));
      CHECK_FALSE(first.is_open());
      CHECK(second.number() == number);
      atlas::file_descriptor third = atlas::file_descriptor::open_to_read(path.c_str(), size_bytes).value();
      const int overwritten = third.number();
      third = static_cast<atlas::file_descriptor&&>(second);
      CHECK(third.number() == number);
      CHECK_FALSE(is_open_number(overwritten));
    }
    CHECK_FALSE(is_open_number(number));
    CHECK(atlas::file_descriptor().close().ok());
  }

  TEST_CASE("file_descriptor: read_at wants every byte, read_some_at takes what there is") {
    const support::scratch_folder folder;
    const std::string path = folder.write("a", "0123456789");
    std::uint64_t size_bytes = 0;
    const auto file = atlas::file_descriptor::open_to_read(path.c_str(), size_bytes);
    REQUIRE(file.ok());
    char out[16] = {};
    CHECK(file->read_at(out, 4, 6).ok());
    CHECK(std::string(out, 4) == "6789");
    const atlas::status beyond = file->read_at(out, 5, 6);
    CHECK(failed_as(beyond, atlas::errc::corrupt_file));
    CHECK(beyond.error().expected == 5);
    CHECK(beyond.error().found == 4);
    CHECK(*file->read_some_at(out, 16, 0) == 10);
    CHECK(*file->read_some_at(out, 16, 99) == 0);
    CHECK(file->read_at(out, 0, 99).ok());
    for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{9}, std::uint64_t{1} << 62}) file->prefetch(offset, 4);
    CHECK(file->read_at(out, 4, 6).ok());
  }

  TEST_CASE("file_descriptor: write_at to what is open for reading is an error, not a loss") {
    const support::scratch_folder folder;
    const std::string path = folder.write("a", "0123456789");
    std::uint64_t size_bytes = 0;
    const auto file = atlas::file_descriptor::open_to_read(path.c_str(), size_bytes);
    REQUIRE(file.ok());
    const atlas::status refused = file->write_at("xx", 2, 0);
    CHECK(failed_as(refused, atlas::errc::io));
    CHECK(refused.error().os_code == EBADF);
    CHECK(support::read_whole(path) == "0123456789");
  }
}
