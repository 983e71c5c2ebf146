// SPDX-License-Identifier: Apache-2.0
// tests/support/child_process.hpp -- runs a function in a forked child, if wanted as a user without rights.
#ifndef ATLAS_TESTS_SUPPORT_CHILD_PROCESS_HPP
#define ATLAS_TESTS_SUPPORT_CHILD_PROCESS_HPP

#include <grp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace support {

/// How a child ended: by returning `code`, or by `signal` (0: none).
struct child_end {
  int code = -1;
  int signal = 0;
};

inline child_end wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  child_end end;
  if (WIFEXITED(status)) end.code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  return end;
}

/// `body` returns the exit code, 0 to 255. Nothing but its effects outside of the process comes back.
template <class Body>
pid_t start_child(Body&& body) {
  const pid_t child = ::fork();
  if (child < 0) std::abort();
  if (child == 0) ::_exit(body());
  return child;
}

template <class Body>
child_end in_child(Body&& body) {
  return wait_for(start_child(body));
}

/// The same as a user who owns nothing and belongs to nothing, when the tests run as root; else as the caller.
template <class Body>
child_end in_child_without_rights(Body&& body) {
  return in_child([&] {
    constexpr unsigned nobody = 65534;
    if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setgid(nobody) != 0 || ::setuid(nobody) != 0))
      return 255;
    return body();
  });
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_CHILD_PROCESS_HPP
