// SPDX-License-Identifier: Apache-2.0
// tests/support/threads.hpp -- threads that begin together, meet and sleep; child processes that report back.
#ifndef ATLAS_TESTS_SUPPORT_THREADS_HPP
#define ATLAS_TESTS_SUPPORT_THREADS_HPP

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
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

/// Where a fixed number of threads wait for each other, again and again; they leave within nanoseconds.
class meeting {
 public:
  explicit meeting(unsigned threads) : threads_(threads) {}
  void wait() {
    const std::uint64_t before = arrived_.fetch_add(1);
    const std::uint64_t goal = (before / threads_ + 1) * threads_;
    for (int spin = 0; arrived_.load() < goal; ++spin) {
      if (spin > 500) std::this_thread::yield();  // the others may have no CPU
    }
  }

 private:
  const unsigned threads_;
  std::atomic<std::uint64_t> arrived_{0};
};

/// A place where one thread stands still until another lets it go on.
class standstill {
 public:
  void here() {
    is_reached_ = true;
    while (!is_over_) std::this_thread::yield();
  }
  void wait_until_reached() const {
    while (!is_reached_) std::this_thread::yield();
  }
  void end() { is_over_ = true; }

 private:
  std::atomic<bool> is_reached_{false};
  std::atomic<bool> is_over_{false};
};

/// The number by which the kernel knows the calling thread.
inline pid_t kernel_thread() { return static_cast<pid_t>(::syscall(SYS_gettid)); }

/// Returns once that thread of this process sleeps in the kernel. `thread` may still be 0; then waits for that too.
inline void wait_until_asleep(const std::atomic<pid_t>& thread) {
  for (;;) {
    if (const pid_t number = thread.load(); number != 0) {
      std::ifstream file("/proc/self/task/" + std::to_string(number) + "/stat");
      std::string line;
      std::getline(file, line);
      const std::size_t name_end = line.rfind(')');
      if (name_end != std::string::npos && name_end + 2 < line.size() && line[name_end + 2] == 'S') return;
    }
    std::this_thread::yield();
  }
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
