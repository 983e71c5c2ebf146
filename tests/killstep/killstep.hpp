// SPDX-License-Identifier: Apache-2.0
// tests/killstep/killstep.hpp -- ends a process by SIGKILL after each of its instructions, one run for each.
#ifndef ATLAS_TESTS_KILLSTEP_KILLSTEP_HPP
#define ATLAS_TESTS_KILLSTEP_KILLSTEP_HPP

#include <sched.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace killstep {

[[noreturn]] inline void fail(const char* what) { throw std::runtime_error(std::string(what) + ": " + std::strerror(errno)); }

/// A byte that a child writes and its parent reads.
class shared_flag {
 public:
  shared_flag() : at_(static_cast<volatile char*>(::mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    if (at_ == MAP_FAILED) fail("mmap");
  }
  shared_flag(const shared_flag&) = delete;
  shared_flag& operator=(const shared_flag&) = delete;
  ~shared_flag() { ::munmap(const_cast<char*>(at_), 1); }
  void set() { *at_ = 1; }
  [[nodiscard]] bool is_set() const { return *at_ == 1; }

 private:
  volatile char* at_;
};

/// Waits for a traced child to stop. @return false when it has ended
inline bool stops(pid_t child) {
  int how = 0;
  if (::waitpid(child, &how, __WALL) != child) fail("waitpid");
  return WIFSTOPPED(how);
}

/// Whether this process may trace children; sandboxes forbid it.
inline bool may_trace() {
  const pid_t child = ::fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(1);
    ::raise(SIGSTOP);
    ::_exit(0);
  }
  const bool stopped = stops(child);
  bool stepped = false;
  if (stopped) {
    stepped = ::ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) == 0 && stops(child);
    ::kill(child, SIGKILL);
    static_cast<void>(stops(child));
  }
  return stepped;
}

/// Both sides on one core: a step then costs a switch between them and no wake-up of another core.
inline void stay_on_one_core() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) fail("sched_getaffinity");
  std::size_t core = 0;
  while (!CPU_ISSET(core, &allowed)) ++core;
  CPU_ZERO(&allowed);
  CPU_SET(core, &allowed);
  if (::sched_setaffinity(0, sizeof allowed, &allowed) != 0) fail("sched_setaffinity");
}

/// A child process that stands before its work. work() gets what prepare() gave, which is never destroyed.
class traced_child {
 public:
  template <class Prepare, class Work>
  traced_child(Prepare prepare, Work work) : child_(::fork()) {
    if (child_ < 0) fail("fork");
    if (child_ == 0) run(prepare, work, has_ended_);
    if (!stops(child_)) throw std::runtime_error("the child ended before its work began");
  }
  traced_child(const traced_child&) = delete;
  traced_child& operator=(const traced_child&) = delete;
  ~traced_child() {
    ::kill(child_, SIGKILL);
    while (stops(child_)) {
    }
  }

  /// Whether work() came to its end.
  [[nodiscard]] bool has_ended() const { return has_ended_.is_set(); }
  void step() {
    if (::ptrace(PTRACE_SINGLESTEP, child_, nullptr, nullptr) != 0) fail("ptrace(SINGLESTEP)");
    if (!stops(child_)) throw std::runtime_error("the child ended within its work");
  }
#if defined(__x86_64__)
  /// The address of the instruction that comes next.
  [[nodiscard]] std::uint64_t next_instruction() const {
    user_regs_struct registers{};
    if (::ptrace(PTRACE_GETREGS, child_, nullptr, &registers) != 0) fail("ptrace(GETREGS)");
    return registers.rip;
  }
  /// Runs until that instruction comes next for the first time. @return false if work() ended without it
  [[nodiscard]] bool run_to(std::uint64_t instruction) {
    if (next_instruction() == instruction) return true;
    constexpr std::uint64_t trap = 0xCC;
    errno = 0;
    const long original = ::ptrace(PTRACE_PEEKTEXT, child_, instruction, nullptr);
    if (errno != 0) fail("ptrace(PEEKTEXT)");
    write_text(instruction, (static_cast<std::uint64_t>(original) & ~std::uint64_t{0xFF}) | trap);
    if (::ptrace(PTRACE_CONT, child_, nullptr, nullptr) != 0) fail("ptrace(CONT)");
    if (!stops(child_)) throw std::runtime_error("the child ended before its breakpoint");
    write_text(instruction, static_cast<std::uint64_t>(original));
    user_regs_struct registers{};
    if (::ptrace(PTRACE_GETREGS, child_, nullptr, &registers) != 0) fail("ptrace(GETREGS)");
    if (registers.rip != instruction + 1) return false;
    registers.rip = instruction;
    if (::ptrace(PTRACE_SETREGS, child_, nullptr, &registers) != 0) fail("ptrace(SETREGS)");
    return true;
  }
#else
  [[nodiscard]] bool run_to(std::uint64_t) { return false; }
#endif

 private:
  // Not inlined: all children are to run the same instructions.
  template <class Prepare, class Work>
  [[noreturn, gnu::noinline]] static void run(Prepare& prepare, Work& work, shared_flag& has_ended) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(1);
    alignas(64) unsigned char place[sizeof(decltype(prepare()))];
    auto& prepared = *::new (place) decltype(prepare())(prepare());
    ::raise(SIGSTOP);
    work(prepared);
    has_ended.set();
    for (;;) ::raise(SIGSTOP);
  }

#if defined(__x86_64__)
  void write_text(std::uint64_t at, std::uint64_t word) const {
    if (::ptrace(PTRACE_POKETEXT, child_, at, word) != 0) fail("ptrace(POKETEXT)");
  }
#endif

  shared_flag has_ended_;
  pid_t child_;
};

/// Kills a process after each instruction and system call of work(), from the first to the last, one process for each.
/// @param begin    void(): before each process
/// @param prepare  in the process, before work(); gives what work() takes
/// @param check    void(bool): after the kill; whether work() had ended
/// @return         how many points there were
///
/// A first process is stepped through and its way written down. The others run freely to the last instruction on that way that was
/// new there, and are stepped from there: else the steps would be the square of the way. A process that does not come by there, because
/// the allocator found another heap, say, is stepped from the beginning.
template <class Begin, class Prepare, class Work, class Check>
std::size_t at_every_instruction(Begin begin, Prepare prepare, Work work, Check check) {
  struct point {
    std::uint64_t landmark;  // an instruction
    std::size_t steps;       // from its first time on
  };
  std::vector<point> points;
  begin();
  {
    traced_child first(prepare, work);
    std::set<std::uint64_t> known;
    for (;; first.step()) {
#if defined(__x86_64__)
      const std::uint64_t next = first.next_instruction();
      if (known.insert(next).second) points.push_back({next, 0});
      else points.push_back({points.back().landmark, points.back().steps + 1});
#else
      points.push_back({0, points.size()});
#endif
      if (first.has_ended()) break;
    }
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    const bool is_last = i + 1 == points.size();
    begin();
    bool has_ended = false;
    {
      auto child = std::make_unique<traced_child>(prepare, work);
      std::size_t steps = points[i].steps;
      if (!child->run_to(points[i].landmark)) {
        child = std::make_unique<traced_child>(prepare, work);
        steps = i;
      }
      for (std::size_t step = 0; (is_last || step < steps) && !child->has_ended(); ++step) child->step();
      has_ended = child->has_ended();
    }
    check(has_ended);
  }
  return points.size();
}

}  // namespace killstep

#endif  // ATLAS_TESTS_KILLSTEP_KILLSTEP_HPP
