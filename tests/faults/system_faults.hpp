// SPDX-License-Identifier: Apache-2.0
// tests/faults/system_faults.hpp -- lets a test decide how open, openat, pread, pwrite, fsync, renameat and close end.
//
// The functions themselves are in system_faults_test.cpp: a program's own definition comes before the C library's.
#ifndef ATLAS_TESTS_FAULTS_SYSTEM_FAULTS_HPP
#define ATLAS_TESTS_FAULTS_SYSTEM_FAULTS_HPP

#include <cstddef>
#include <cstdint>
#include <functional>

namespace faults {

enum class call {
  open,
  openat,
  pread,
  pwrite,
  fsync,
  renameat,
  close
};

/// What becomes of one call.
struct verdict {
  int error = 0;     ///< not 0: it fails with this errno (close closes all the same)
  bool cut = false;  ///< it moves at most `bytes` bytes
  std::size_t bytes = 0;
};

/// Asked before each of these calls but open and openat. It may also end the process.
using judge = std::function<verdict(call which, std::size_t bytes)>;
/// Asked before each of them, with where in the file it reads or writes; of open and openat the flags, else 0.
using placed_judge = std::function<verdict(call which, std::size_t bytes, std::uint64_t place)>;

/// While it lives, `decide` is asked; afterwards every call passes again. One at a time.
class layer {
 public:
  explicit layer(judge decide);
  explicit layer(placed_judge decide);
  layer(const layer&) = delete;
  layer& operator=(const layer&) = delete;
  ~layer();

 private:
  placed_judge decide_;
};

}  // namespace faults

#endif  // ATLAS_TESTS_FAULTS_SYSTEM_FAULTS_HPP
