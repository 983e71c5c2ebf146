// SPDX-License-Identifier: Apache-2.0
// tests/faults/killed_save_test.cpp -- kill -9 at any moment of a save leaves the old file or the new one, whole.
#include <atlas/storage/file_reader.hpp>
#include <atlas/storage/file_writer.hpp>

#include "faults/saved_file.hpp"
#include "faults/system_faults.hpp"
#include "support/child_process.hpp"
#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <string>

using faults::call;
using faults::verdict;

namespace {

constexpr std::size_t old_bytes = 1000;
constexpr std::size_t new_bytes = 1'500'000;

void die() {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}

bool is_whole(const std::string& path) {
  const auto file = atlas::file_reader::open(path.c_str());
  return file.ok() && file->verify().ok();
}

}  // namespace

TEST_SUITE("faults") {
  TEST_CASE("killed before any of its system calls, or in the middle of a write") {
    const support::scratch_folder folder;
    const std::string path = folder.path("a");
    const std::string before = faults::saved('o', old_bytes);
    const std::string after = faults::saved('n', new_bytes);
    for (const bool half_written : {false, true}) {
      bool renamed = false;
      bool ended = false;
      for (int fatal = 0; !ended; ++fatal) {
        CAPTURE(half_written);
        CAPTURE(fatal);
        REQUIRE(fatal < 100);
        REQUIRE(faults::save(path, 'o', old_bytes).ok());
        const auto end = support::in_child([&] {
          int seen = 0;
          bool dying = false;
          const faults::layer layer([&](call which, std::size_t bytes) {
            if (dying) die();
            if (seen++ != fatal) return verdict{};
            if (!half_written || which != call::pwrite) die();
            dying = true;  // at the next call, with half of this one on the disk
            return verdict{.error = 0, .cut = true, .bytes = bytes / 2};
          });
          return faults::save(path, 'n', new_bytes).ok() ? 0 : 1;
        });
        ended = end.signal == 0;
        CHECK((ended ? end.code == 0 : end.signal == SIGKILL));
        // Once the rename has happened it is the new file at every later death, and never something else.
        renamed = renamed || faults::holds(path, after);
        CHECK(faults::holds(path, renamed ? after : before));
        CHECK(is_whole(path));
        // What the killed save leaves is a temporary, and that does not hinder the next save.
        for (const std::string& name : folder.names()) {
          if (name != "a") CHECK(name.substr(0, 7) == ".atlas-");
          if (name != "a") CHECK(::unlink(folder.path(name).c_str()) == 0);
        }
      }
      CHECK(renamed);
    }
  }

  TEST_CASE("killed at any time, while others open the file: it is always there and always whole") {
    const support::scratch_folder folder;
    const std::string path = folder.path("a");
    const std::string one = faults::saved('1', 40'000);
    const std::string two = faults::saved('2', 70'000);
    REQUIRE(faults::save(path, '1', 40'000).ok());
    for (int round = 0; round < 15; ++round) {
      CAPTURE(round);
      int pipe[2];
      REQUIRE(::pipe(pipe) == 0);
      const pid_t saver = support::start_child([&] {
        for (bool second = true;; second = !second) {
          if (!(second ? faults::save(path, '2', 70'000) : faults::save(path, '1', 40'000)).ok()) return 1;
          if (::write(pipe[1], ".", 1) != 1) return 2;
        }
      });
      ::close(pipe[1]);
      char saves[1];
      // Another number of saves each round; the kill lands anywhere in the one after.
      for (int i = 0; i < 1 + round % 4; ++i) REQUIRE(::read(pipe[0], saves, 1) == 1);
      for (int i = 0; i < 5 + round; ++i) CHECK(is_whole(path));
      ::kill(saver, SIGKILL);
      CHECK(support::wait_for(saver).signal == SIGKILL);
      ::close(pipe[0]);
      CHECK((faults::holds(path, one) || faults::holds(path, two)));
    }
    REQUIRE(faults::save(path, '1', 40'000).ok());
    CHECK(faults::holds(path, one));
  }
}
