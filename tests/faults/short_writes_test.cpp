// SPDX-License-Identifier: Apache-2.0
// tests/faults/short_writes_test.cpp -- system calls that do less than asked, are interrupted, or fail.
#include <atlas/storage/file_bytes.hpp>
#include <atlas/storage/file_reader.hpp>
#include <atlas/storage/file_writer.hpp>

#include "faults/saved_file.hpp"
#include "faults/system_faults.hpp"
#include "support/error_line.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

using faults::call;
using faults::verdict;
using support::failed_as;

TEST_SUITE("faults") {
  TEST_CASE("a save is whole when each write takes a few bytes and every second call is interrupted") {
    const support::scratch_folder folder;
    std::mt19937 random(1);
    bool interrupt = false;
    const faults::layer layer([&](call which, std::size_t) {
      interrupt = !interrupt;
      // Interrupted calls are tried again; after close there is nothing left to close.
      if (interrupt && which != call::renameat) return verdict{.error = EINTR};
      return verdict{.error = 0, .cut = which == call::pwrite, .bytes = 1 + random() % 7};
    });
    REQUIRE(faults::save(folder.path("a"), 'x', 3000).ok());
    CHECK(faults::holds(folder.path("a"), faults::saved('x', 3000)));
  }

  TEST_CASE("whichever call of a save fails, the old file stays whole and nothing lies beside it") {
    const support::scratch_folder folder;
    const std::string path = folder.path("a");
    const std::string before = faults::saved('o', 500);
    const std::string after = faults::saved('n', 1'500'000);
    struct fault {
      int number;
      atlas::errc code;
    };
    for (const fault& one : {fault{EIO, atlas::errc::io}, fault{ENOSPC, atlas::errc::no_space},
                             fault{EDQUOT, atlas::errc::no_space}, fault{EFBIG, atlas::errc::no_space}}) {
      bool done = false;
      int refused = 0;
      for (int failing = 0; !done; ++failing) {
        CAPTURE(failing);
        REQUIRE(failing < 100);
        REQUIRE(faults::save(path, 'o', 500).ok());
        int seen = 0;
        atlas::status said;
        {
          const faults::layer layer(
              [&](call, std::size_t) { return verdict{.error = seen++ == failing ? one.number : 0}; });
          said = faults::save(path, 'n', 1'500'000);
        }
        done = seen <= failing;
        if (said.ok()) {
          // Only closing the folder, after everything, has nothing to say.
          CHECK(faults::holds(path, after));
        } else {
          ++refused;
          CHECK(failed_as(said, one.code));
          CHECK(said.error().os_code == one.number);
          const bool in_place = std::string(said.error().field) == "folder.sync";
          CHECK(faults::holds(path, in_place ? after : before));
        }
        CHECK(faults::others(folder, "a") == 0);
      }
      CHECK(refused >= 7);  // three writes, file sync, close, rename, folder sync
    }
  }

  TEST_CASE("a folder that cannot be synced by its file system does not fail the save") {
    const support::scratch_folder folder;
    int syncs = 0;
    const faults::layer layer(
        [&](call which, std::size_t) { return verdict{.error = which == call::fsync && ++syncs == 2 ? EINVAL : 0}; });
    CHECK(faults::save(folder.path("a"), 'x', 10).ok());
    CHECK(syncs == 2);
  }

  TEST_CASE("a write that takes nothing ends in an error, not in a loop") {
    const support::scratch_folder folder;
    const faults::layer layer(
        [&](call which, std::size_t) { return verdict{.error = 0, .cut = which == call::pwrite}; });
    const atlas::status said = faults::save(folder.path("a"), 'x', 10);
    CHECK(failed_as(said, atlas::errc::io));
    CHECK(support::says_both(said));
    CHECK(folder.names().empty());
  }

  TEST_CASE("reading goes on over short and interrupted reads") {
    const support::scratch_folder folder;
    const std::string path = folder.path("a");
    REQUIRE(faults::save(path, 'x', 3000).ok());
    bool interrupt = false;
    const faults::layer layer([&](call which, std::size_t) {
      if (which != call::pread) return verdict{};
      interrupt = !interrupt;
      return interrupt ? verdict{.error = EINTR} : verdict{.error = 0, .cut = true, .bytes = 11};
    });
    const auto file = atlas::file_reader::open(path.c_str());
    REQUIRE(file.ok());
    CHECK(file->verify().ok());
    atlas::buffer<char> bytes;
    REQUIRE(atlas::read_file(path.c_str(), 1 << 20, bytes).ok());
    CHECK(std::string(bytes.data(), bytes.size()) == faults::saved('x', 3000));
  }

  TEST_CASE("a disk that cannot read gives an input/output error, whichever read it is") {
    const support::scratch_folder folder;
    const std::string path = folder.path("a");
    REQUIRE(faults::save(path, 'x', 1'500'000).ok());
    for (int failing = 0; failing < 5; ++failing) {  // the header, then two steps a section
      CAPTURE(failing);
      int reads = 0;
      const faults::layer layer([&](call which, std::size_t) {
        return verdict{.error = which == call::pread && reads++ == failing ? EIO : 0};
      });
      const auto file = atlas::file_reader::open(path.c_str());
      CHECK(file.ok() == (failing != 0));
      const atlas::status said = file.ok() ? file->verify() : atlas::status(file.error());
      CHECK(failed_as(said, atlas::errc::io));
      CHECK(said.error().os_code == EIO);
    }
    const faults::layer layer(
        [&](call which, std::size_t) { return verdict{.error = which == call::pread ? EIO : 0}; });
    atlas::buffer<char> bytes;
    CHECK(failed_as(atlas::read_file(path.c_str(), ~std::uint64_t{0}, bytes), atlas::errc::io));
    CHECK(bytes.empty());
  }
}
