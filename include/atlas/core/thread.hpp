// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/thread.hpp -- one thread of the operating system, joined when its owner goes.
//
// Room:      thread, hardware_threads, current_thread.
// Not here:  sharing work out (core/thread_pool.hpp), waiting (core/futex.hpp, queue/).
// Depends:   core/result.hpp, POSIX threads.
// Threads:   a thread object belongs to one thread at a time, as a pointer would.
#ifndef ATLAS_CORE_THREAD_HPP
#define ATLAS_CORE_THREAD_HPP

#include <atlas/core/result.hpp>  // result, status, errc

#include <cstdlib>    // std::malloc, std::free
#include <pthread.h>  // pthread_create, pthread_join
#include <sched.h>    // sched_getaffinity, sched_yield
#include <signal.h>   // pthread_sigmask
#include <unistd.h>   // getpid

namespace atlas { inline namespace ATLAS_ABI {

/// CPUs that this process may run on (its affinity mask), at least 1. Cost: one system call.
[[nodiscard]] inline unsigned hardware_threads() noexcept {
  // The kernel refuses a mask shorter than its own; 8 KiB hold 65,536 CPUs, eight times what it can be built for.
  unsigned long mask[1024] = {};
  if (::sched_getaffinity(0, sizeof mask, reinterpret_cast<cpu_set_t*>(mask)) != 0) return 1;
  int count = 0;
  for (const unsigned long word : mask) count += __builtin_popcountl(word);
  return count > 0 ? static_cast<unsigned>(count) : 1;
}

/// A number that no other living thread of this process has; never 0. Cost: one load.
[[nodiscard]] inline std::uintptr_t current_thread() noexcept {
  return reinterpret_cast<std::uintptr_t>(::pthread_self());
}

/// Lets other threads run first. Cost: a system call.
inline void yield_thread() noexcept { (void)::sched_yield(); }

/// The number of this process; another one in the child of a fork(). Cost: a system call.
[[nodiscard]] inline std::uint32_t current_process() noexcept { return static_cast<std::uint32_t>(::getpid()); }

/// A running thread. Its destructor joins it.
class thread {
 public:
  /// Runs `entry(argument)` on a new thread, on which signals are blocked: the host's handlers run on the
  /// host's own threads, and Ctrl-C reaches the one that waits for it.
  ///
  /// @return errc::no_memory, or errc::limit_exceeded when the system has no more threads to give
  /// @pre    entry throws nothing
  static result<thread> start(void (*entry)(void*), void* argument) noexcept {
    auto* call = static_cast<entry_call*>(std::malloc(sizeof(entry_call)));
    if (call == nullptr) return error{errc::no_memory, "thread"};
    *call = {entry, argument};
    sigset_t blocked;
    sigset_t before;
    ::sigfillset(&blocked);
    // These mean that the thread itself did wrong; blocked, they would end the process without a trace.
    const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
    for (const int fault : faults) ::sigdelset(&blocked, fault);
    ::pthread_sigmask(SIG_SETMASK, &blocked, &before);
    thread started;
    const int refused = ::pthread_create(&started.handle_, nullptr, &run_entry, call);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (refused != 0) {
      std::free(call);
      return error{errc::limit_exceeded, "threads"}.with_os_code(refused);
    }
    started.is_running_ = true;
    return started;
  }

  thread() noexcept = default;
  thread(thread&& other) noexcept : handle_(other.handle_), is_running_(other.is_running_) {
    other.is_running_ = false;
  }
  thread& operator=(thread&& other) noexcept {
    if (this != &other) {
      join();
      handle_ = other.handle_;
      is_running_ = other.is_running_;
      other.is_running_ = false;
    }
    return *this;
  }
  thread(const thread&) = delete;
  thread& operator=(const thread&) = delete;
  ~thread() { join(); }

  /// False for an empty one, and after join.
  [[nodiscard]] bool is_joinable() const noexcept { return is_running_; }
  /// Returns when the thread's entry function has; does nothing when it was joined before.
  void join() noexcept {
    if (!is_running_) return;
    is_running_ = false;
    ::pthread_join(handle_, nullptr);
  }
  /// Forgets the thread without waiting. For the child of a fork(), where it does not exist.
  void abandon() noexcept { is_running_ = false; }

 private:
  struct entry_call {
    void (*entry)(void*);
    void* argument;
  };
  static void* run_entry(void* given) noexcept {
    const entry_call call = *static_cast<entry_call*>(given);
    std::free(given);
    call.entry(call.argument);
    return nullptr;
  }

  pthread_t handle_{};
  bool is_running_ = false;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_THREAD_HPP
