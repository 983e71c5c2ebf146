// SPDX-License-Identifier: Apache-2.0
// tests/storage/file_bytes_test.cpp -- mirrors include/atlas/storage/file_bytes.hpp.
#include <atlas/storage/file_bytes.hpp>

#include "support/error_line.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using support::failed_as;

namespace {

std::string text_of(const atlas::buffer<char>& bytes) { return {bytes.data(), bytes.size()}; }

}  // namespace

TEST_SUITE("storage") {
  TEST_CASE("read_file: gives every byte, and uses the buffer again") {
    const support::scratch_folder folder;
    atlas::buffer<char> out;
    for (const std::size_t size : {100'000U, 0U, 1U, 4096U, 99'999U}) {
      CAPTURE(size);
      const std::string content(size, 'c');
      REQUIRE(atlas::read_file(folder.write("a", content).c_str(), 1'000'000, out).ok());
      const bool equal = text_of(out) == content;
      CHECK(equal);
    }
    CHECK(out.capacity() < 200'000);
  }

  TEST_CASE("read_file: the limit is inclusive, and above it both sizes are told") {
    const support::scratch_folder folder;
    const std::string path = folder.write("a", "0123456789");
    atlas::buffer<char> out;
    CHECK(atlas::read_file(path.c_str(), 10, out).ok());
    CHECK(out.size() == 10);
    const atlas::status refused = atlas::read_file(path.c_str(), 9, out);
    CHECK(failed_as(refused, atlas::errc::limit_exceeded));
    CHECK(refused.error().expected == 9);
    CHECK(refused.error().found == 10);
    CHECK(out.empty());
    CHECK(atlas::read_file(folder.write("e", "").c_str(), 0, out).ok());
    CHECK(atlas::read_file(path.c_str(), ~std::uint64_t{0}, out).ok());
  }

  TEST_CASE("read_file: a file that does not know its size is read to its end, within the limit") {
    atlas::buffer<char> out;
    const atlas::status read = atlas::read_file("/proc/self/maps", 10'000'000, out);
    if (failed_as(read, atlas::errc::file_not_found)) {
      MESSAGE("skipped: no /proc here");
      return;
    }
    REQUIRE(read.ok());
    CHECK(out.size() > 100);
    CHECK(failed_as(atlas::read_file("/proc/self/maps", 99, out), atlas::errc::limit_exceeded));
    CHECK(out.empty());
  }

  TEST_CASE("read_file: what cannot be read leaves the buffer empty") {
    const support::scratch_folder folder;
    atlas::buffer<char> out;
    REQUIRE(out.append("old", 3).ok());
    CHECK(failed_as(atlas::read_file(folder.path("none").c_str(), 10, out), atlas::errc::file_not_found));
    CHECK(out.empty());
    CHECK(failed_as(atlas::read_file(folder.path().c_str(), 10, out), atlas::errc::is_a_directory));
    CHECK(failed_as(atlas::read_file(nullptr, 10, out), atlas::errc::invalid_argument));
  }

  TEST_CASE("write_file: writes it all, replaces what was there, and leaves nothing beside it") {
    const support::scratch_folder folder;
    for (const std::size_t size : {3'000'000U, 0U, 5U}) {
      const std::string content(size, 'w');
      const atlas::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(content.data()), content.size());
      REQUIRE(atlas::write_file(folder.path("a").c_str(), bytes).ok());
      const bool equal = support::read_whole(folder.path("a")) == content;
      CHECK(equal);
    }
    CHECK(folder.names() == std::vector<std::string>{"a"});
    CHECK(failed_as(atlas::write_file(folder.path().c_str(), {}), atlas::errc::is_a_directory));
  }
}
