// SPDX-License-Identifier: Apache-2.0
// tests/faults/system_faults_test.cpp -- the fault layer, and the proof that the library's calls go through it.
#undef _FORTIFY_SOURCE  // its inline pread would be a second definition
#include "faults/system_faults.hpp"

#include "faults/saved_file.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <map>
#include <utility>

namespace {

const faults::placed_judge* judge_now = nullptr;

faults::verdict judged(faults::call which, std::size_t bytes, std::uint64_t place = 0) {
  return judge_now == nullptr ? faults::verdict{} : (*judge_now)(which, bytes, place);
}
/// What stands behind the flags of an open that makes a file.
mode_t mode_behind(int flags, va_list more) {
  const bool makes_one = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;  // which has a bit of O_DIRECTORY
  return makes_one ? static_cast<mode_t>(va_arg(more, unsigned)) : mode_t{0};
}

}  // namespace

faults::layer::layer(judge decide)
    : layer(placed_judge([kept = std::move(decide)](call which, std::size_t bytes, std::uint64_t) {
        return which == call::open || which == call::openat ? verdict{} : kept(which, bytes);
      })) {}
faults::layer::layer(placed_judge decide) : decide_(std::move(decide)) { judge_now = &decide_; }
faults::layer::~layer() { judge_now = nullptr; }

extern "C" {

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = mode_behind(flags, more);
  va_end(more);
  const faults::verdict said = judged(faults::call::open, 0, static_cast<std::uint64_t>(flags));
  if (said.error != 0) return errno = said.error, -1;
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

int openat(int folder, const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = mode_behind(flags, more);
  va_end(more);
  const faults::verdict said = judged(faults::call::openat, 0, static_cast<std::uint64_t>(flags));
  if (said.error != 0) return errno = said.error, -1;
  return static_cast<int>(::syscall(SYS_openat, folder, path, flags, mode));
}

ssize_t pread(int file, void* out, size_t bytes, off_t offset) {
  const faults::verdict said = judged(faults::call::pread, bytes, static_cast<std::uint64_t>(offset));
  if (said.error != 0) return errno = said.error, -1;
  return ::syscall(SYS_pread64, file, out, said.cut ? std::min(bytes, said.bytes) : bytes, offset);
}

ssize_t pwrite(int file, const void* data, size_t bytes, off_t offset) {
  const faults::verdict said = judged(faults::call::pwrite, bytes, static_cast<std::uint64_t>(offset));
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
      const faults::layer watch([&](faults::call which, std::size_t, std::uint64_t) {
        ++calls[which];
        return faults::verdict{};
      });
      REQUIRE(faults::save(folder.path("a"), 'x', 2'000'000).ok());
    }
    CHECK(calls[faults::call::open] == 1);    // the folder
    CHECK(calls[faults::call::openat] == 1);  // the file in it
    CHECK(calls[faults::call::pwrite] >= 3);
    CHECK(calls[faults::call::fsync] == 2);  // the file, then its folder
    CHECK(calls[faults::call::renameat] == 1);
    CHECK(calls[faults::call::close] == 2);
  }
}
