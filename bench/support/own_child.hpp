// SPDX-License-Identifier: Apache-2.0
// bench/support/own_child.hpp -- this program started afresh, for what a used process cannot show, and what it wrote.
#ifndef ATLAS_BENCH_SUPPORT_OWN_CHILD_HPP
#define ATLAS_BENCH_SUPPORT_OWN_CHILD_HPP

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

/// Runs this executable with `arguments` and gives what it wrote to its standard output, any bytes. Throws
/// std::runtime_error if it cannot be started or ends with anything but 0.
inline std::string output_of_own_child(std::vector<std::string> arguments) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("cannot make a pipe");
  arguments.insert(arguments.begin(), "/proc/self/exe");
  std::vector<char*> pointers;
  for (std::string& one : arguments) pointers.push_back(one.data());
  pointers.push_back(nullptr);
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("cannot start a process");
  if (child == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::close(ends[0]);
    ::close(ends[1]);
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string output;
  char block[1 << 16];
  for (;;) {
    const ssize_t count = ::read(ends[0], block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    output.append(block, static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) throw std::runtime_error("the process that was started did not end well");
  return output;
}

}  // namespace bench

#endif  // ATLAS_BENCH_SUPPORT_OWN_CHILD_HPP
