// SPDX-License-Identifier: Apache-2.0
// tests/support/threads.hpp -- several threads that begin together, and a child process that reports back.
#ifndef ATLAS_TESTS_SUPPORT_THREADS_HPP
#define ATLAS_TESTS_SUPPORT_THREADS_HPP

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <thread>
#include <vector>

namespace support {

/// ThreadSanitizer loses its way when the child of a process with threads starts threads of its own.
#if defined(__SANITIZE_THREAD__)
inline constexpr bool under_thread_sanitizer = true;
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
inline constexpr bool under_thread_sanitizer = true;
#else
inline constexpr bool under_thread_sanitizer = false;
#endif
#else
inline constexpr bool under_thread_sanitizer = false;
#endif

/// Calls work(number) on `count` threads that all wait for the last one to start; returns when all are done.
template <class Work>
void together(unsigned count, Work work) {
  std::atomic<unsigned> arrived{0};
  std::vector<std::thread> threads;
  threads.reserve(count);
  for (unsigned number = 0; number < count; ++number) {
    threads.emplace_back([&, number] {
      arrived.fetch_add(1);
      while (arrived.load() != count) std::this_thread::yield();
      work(number);
    });
  }
  for (std::thread& one : threads) one.join();
}

/// Whether work() returned true in a child of this process. The child leaves by _exit and runs no destructors.
template <class Work>
bool holds_in_child(Work work) {
  std::fflush(nullptr);  // or the child would write the parent's buffered lines again
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work() ? 0 : 1);
  int how = 0;
  return child > 0 && ::waitpid(child, &how, 0) == child && WIFEXITED(how) && WEXITSTATUS(how) == 0;
}

/// Whether work() ended a child of this process by abort(). What it writes to stderr is thrown away.
template <class Work>
bool aborts_in_child(Work work) {
  std::fflush(nullptr);  // or the child would write the parent's buffered lines again
  const pid_t child = ::fork();
  if (child == 0) {
    if (std::freopen("/dev/null", "w", stderr) == nullptr) ::_exit(2);
    std::signal(SIGABRT, SIG_DFL);  // doctest's handler would report the abort as a failure
    work();
    ::_exit(0);
  }
  int how = 0;
  return child > 0 && ::waitpid(child, &how, 0) == child && WIFSIGNALED(how) && WTERMSIG(how) == SIGABRT;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_THREADS_HPP
