// SPDX-License-Identifier: Apache-2.0
// tests/faults/disk_full_test.cpp -- a save that meets the end of the disk or of what the process may write.
#include <atlas/storage/file_bytes.hpp>
#include <atlas/storage/file_writer.hpp>

#include "faults/saved_file.hpp"
#include "support/child_process.hpp"
#include "support/error_line.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <csignal>
#include <string>

using support::failed_as;

namespace {

constexpr std::size_t section_bytes = 1'500'000;

// In the child: no file may grow beyond this.
bool limit_file_size(std::uint64_t bytes) {
  const struct rlimit limit = {bytes, RLIM_INFINITY};
  return ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

bool is_pending(int signal) {
  sigset_t pending;
  ::sigpending(&pending);
  return ::sigismember(&pending, signal) == 1;
}

bool is_blocked(int signal) {
  sigset_t blocked;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  return ::sigismember(&blocked, signal) == 1;
}

volatile std::sig_atomic_t signals_seen = 0;

}  // namespace

TEST_SUITE("faults") {
  TEST_CASE("at every file size limit a save fails with no_space, and the old file is whole") {
    const support::scratch_folder folder;
    const std::string path = folder.path("a");
    REQUIRE(faults::save(path, 'o', 100).ok());
    const std::size_t whole = faults::saved('n', section_bytes).size();
    for (const std::size_t limit : {std::size_t{0}, std::size_t{1}, std::size_t{4095}, std::size_t{4096},
                                    std::size_t{4097}, std::size_t{1'048'576}, std::size_t{2'000'000}, whole - 1}) {
      CAPTURE(limit);
      const auto end = support::in_child([&] {
        if (!limit_file_size(limit)) return 1;
        const atlas::status said = faults::save(path, 'n', section_bytes);
        if (!failed_as(said, atlas::errc::no_space)) return 2;
        if (!support::says_both(said)) return 3;
        return is_pending(SIGXFSZ) || is_blocked(SIGXFSZ) ? 4 : 0;
      });
      CHECK(end.signal == 0);  // SIGXFSZ would have been the end of the process
      CHECK(end.code == 0);
      CHECK(faults::holds(path, faults::saved('o', 100)));
      CHECK(faults::others(folder, "a") == 0);
    }
    const auto end = support::in_child(
        [&] { return limit_file_size(whole) && faults::save(path, 'n', section_bytes).ok() ? 0 : 1; });
    CHECK(end.code == 0);
    CHECK(faults::holds(path, faults::saved('n', section_bytes)));
  }

  TEST_CASE("a small file written at once fails the same way") {
    const support::scratch_folder folder;
    const std::string path = folder.write("a", "old");
    const auto end = support::in_child([&] {
      if (!limit_file_size(5)) return 1;
      const std::byte bytes[6] = {};
      return failed_as(atlas::write_file(path.c_str(), bytes), atlas::errc::no_space) ? 0 : 2;
    });
    CHECK(end.signal == 0);
    CHECK(end.code == 0);
    CHECK(support::read_whole(path) == "old");
    CHECK(faults::others(folder, "a") == 0);
  }

  TEST_CASE("the program's own handling of SIGXFSZ is left as it was") {
    const support::scratch_folder folder;
    const auto with_handler = support::in_child([&] {
      ::signal(SIGXFSZ, [](int) { signals_seen = signals_seen + 1; });
      if (!limit_file_size(1000)) return 1;
      if (!failed_as(faults::save(folder.path("a"), 'x', 10), atlas::errc::no_space)) return 2;
      if (signals_seen != 0) return 3;  // not this program's write
      ::raise(SIGXFSZ);
      return signals_seen == 1 ? 0 : 4;
    });
    CHECK(with_handler.code == 0);
    const auto with_one_pending = support::in_child([&] {
      sigset_t file_size;
      ::sigemptyset(&file_size);
      ::sigaddset(&file_size, SIGXFSZ);
      ::pthread_sigmask(SIG_BLOCK, &file_size, nullptr);
      ::raise(SIGXFSZ);
      if (!limit_file_size(1000)) return 1;
      if (!failed_as(faults::save(folder.path("a"), 'x', 10), atlas::errc::no_space)) return 2;
      return is_pending(SIGXFSZ) && is_blocked(SIGXFSZ) ? 0 : 3;
    });
    CHECK(with_one_pending.code == 0);
  }

  TEST_CASE("on a full file system a save fails with no_space, and works again when there is room") {
    const support::scratch_folder folder;
    constexpr int no_rights = 77;
    const auto end = support::in_child([&] {
      // A disk of 1 MiB that only this child sees.
      if (::unshare(CLONE_NEWNS) != 0) return no_rights;
      if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return no_rights;
      if (::mount("none", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0) return no_rights;
      const std::string path = folder.path("a");
      if (!faults::save(path, 'o', 1000).ok()) return 1;
      for (const std::size_t size : {std::size_t{600'000}, std::size_t{3'000'000}}) {
        const atlas::status said = faults::save(path, 'n', size);
        if (!failed_as(said, atlas::errc::no_space) || said.error().os_code != ENOSPC) return 2;
        if (!faults::holds(path, faults::saved('o', 1000)) || faults::others(folder, "a") != 0) return 3;
      }
      if (!faults::save(path, 'n', 100'000).ok()) return 4;
      return faults::holds(path, faults::saved('n', 100'000)) ? 0 : 5;
    });
    if (end.code == no_rights) {
      MESSAGE("skipped: this process may not mount a small file system");
      return;
    }
    CHECK(end.code == 0);
  }
}
