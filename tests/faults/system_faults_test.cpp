// SPDX-License-Identifier: Apache-2.0
// tests/faults/system_faults_test.cpp -- the fault layer, and the proof that the library's calls go through it.
#undef _FORTIFY_SOURCE  // its inline pread would be a second definition
#include "faults/system_faults.hpp"

#include "faults/saved_file.hpp"

#include <doctest/doctest.h>

#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

namespace {

const faults::judge* judge_now = nullptr;

faults::verdict judged(faults::call which, std::size_t bytes) {
  return judge_now == nullptr ? faults::verdict{} : (*judge_now)(which, bytes);
}

}  // namespace

faults::layer::layer(judge decide) : decide_(std::move(decide)) { judge_now = &decide_; }
faults::layer::~layer() { judge_now = nullptr; }

extern "C" {

ssize_t pread(int file, void* out, size_t bytes, off_t offset) {
  const faults::verdict said = judged(faults::call::pread, bytes);
  if (said.error != 0) return errno = said.error, -1;
  return ::syscall(SYS_pread64, file, out, said.cut ? std::min(bytes, said.bytes) : bytes, offset);
}

ssize_t pwrite(int file, const void* data, size_t bytes, off_t offset) {
  const faults::verdict said = judged(faults::call::pwrite, bytes);
  if (said.error != 0) return errno = said.error, -1;
  return ::syscall(SYS_pwrite64, file, data, said.cut ? std::min(bytes, said.bytes) : bytes, offset);
}

int fsync(int file) {
  const faults::verdict said = judged(faults::call::fsync, 0);
  if (said.error != 0) return errno = said.error, -1;
  return static_cast<int>(::syscall(SYS_fsync, file));
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  const faults::verdict said = judged(faults::call::renameat, 0);
  if (said.error != 0) return errno = said.error, -1;
  return static_cast<int>(::syscall(SYS_renameat2, from_folder, from, to_folder, to, 0));
}

int close(int file) {
  const faults::verdict said = judged(faults::call::close, 0);
  const int closed = static_cast<int>(::syscall(SYS_close, file));
  if (said.error != 0) return errno = said.error, -1;
  return closed;
}

}  // extern "C"

TEST_SUITE("faults") {
  TEST_CASE("the fault layer sees a save's calls") {
    const support::scratch_folder folder;
    std::map<faults::call, int> calls;
    {
      const faults::layer watch([&](faults::call which, std::size_t) {
        ++calls[which];
        return faults::verdict{};
      });
      REQUIRE(faults::save(folder.path("a"), 'x', 2'000'000).ok());
    }
    CHECK(calls[faults::call::pwrite] >= 3);
    CHECK(calls[faults::call::fsync] == 2);  // the file, then its folder
    CHECK(calls[faults::call::renameat] == 1);
    CHECK(calls[faults::call::close] == 2);
  }
}
