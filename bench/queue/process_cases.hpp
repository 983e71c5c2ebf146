// SPDX-License-Identifier: Apache-2.0
// bench/queue/process_cases.hpp -- from process to process and back, beside what the machine itself can do.
#ifndef ATLAS_BENCH_QUEUE_PROCESS_CASES_HPP
#define ATLAS_BENCH_QUEUE_PROCESS_CASES_HPP

#include <atlas/queue/shm_channel.hpp>

#include "queue/contest.hpp"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

/// Memory that a child keeps in common with its parent.
struct common_memory {
  struct words {
    alignas(64) std::atomic<std::uint64_t> there;
    alignas(64) std::atomic<std::uint64_t> back;
    alignas(64) std::atomic<std::uint32_t> is_ready;
    alignas(64) std::atomic<long> switches;
  };
  common_memory() : at(::mmap(nullptr, sizeof(words), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (at == MAP_FAILED) throw std::runtime_error("processes: no shared memory");
    ::new (at) words{};
  }
  common_memory(const common_memory&) = delete;
  common_memory& operator=(const common_memory&) = delete;
  ~common_memory() { ::munmap(at, sizeof(words)); }
  words* operator->() const { return static_cast<words*>(at); }
  void* at;
};

/// Stands on one core while it lives.
class on_core {
 public:
  explicit on_core(std::size_t which) {
    const std::vector<int> all = cores();
    if (all.empty() || ::sched_getaffinity(0, sizeof before_, &before_) != 0) return;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(all[which % all.size()]), &one);
    was_set_ = ::sched_setaffinity(0, sizeof one, &one) == 0;
  }
  on_core(const on_core&) = delete;
  on_core& operator=(const on_core&) = delete;
  ~on_core() {
    if (was_set_) ::sched_setaffinity(0, sizeof before_, &before_);
  }

 private:
  cpu_set_t before_{};
  bool was_set_ = false;
};

inline long involuntary_switches() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return used.ru_nivcsw;
}

/// @param core     of the child, of those that there are; this process stands on the first
/// @param warm_up  round trips before the time is taken: memory that was never touched is no matter of a round trip
/// @param count    round trips
/// @param echo     bool(common_memory&, announce): in a child process; announces that it is ready, then answers all;
///                 whether all was well
/// @param ask      bool(common_memory&, begin, end): the round trips of these numbers, here, once the child is ready
template <class Echo, class Ask>
sample between_processes(std::size_t core, std::size_t warm_up, std::size_t count, Echo echo, Ask ask) {
  common_memory common;
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("processes: no child");
  if (child == 0) {
    const on_core other(core);
    long before = 0;
    const bool was_well = echo(common, [&] {
      before = involuntary_switches();
      common->is_ready.store(1);
    });
    common->switches.store(involuntary_switches() - before);
    ::_exit(was_well ? 0 : 1);
  }
  sample took;
  bool was_well = false;
  {
    const on_core first(0);
    while (common->is_ready.load() == 0) {
      if (::waitpid(child, nullptr, WNOHANG) != 0) throw std::runtime_error("processes: the other one has ended");
      std::this_thread::yield();
    }
    was_well = ask(common, std::size_t{0}, warm_up);
    const long before = involuntary_switches();
    const auto begin = std::chrono::steady_clock::now();
    was_well = was_well && ask(common, warm_up, warm_up + count);
    took.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    took.is_clean = involuntary_switches() == before;
  }
  int how = 0;
  if (::waitpid(child, &how, 0) != child || !WIFEXITED(how) || WEXITSTATUS(how) != 0 || !was_well) {
    throw std::runtime_error("processes: an answer is missing or wrong");
  }
  took.is_clean = took.is_clean && common->switches.load() == 0;
  return took;
}

inline constexpr std::uint64_t lane_bytes = 65536;
/// Messages of 8 bytes for a bit more than once round a lane.
inline constexpr std::size_t once_round = lane_bytes / 16 + 100;

/// Two words of shared memory, each written by one side: the least that there is.
inline sample bare_spin(std::size_t warm_up, std::size_t count) {
  return between_processes(
      1, warm_up, count,
      [&](common_memory& common, auto announce) {
        announce();
        for (std::uint64_t i = 1; i <= warm_up + count; ++i) {
          while (common->there.load(std::memory_order_acquire) != i) pause_a_moment();
          common->back.store(i, std::memory_order_release);
        }
        return true;
      },
      [&](common_memory& common, std::size_t begin, std::size_t end) {
        for (std::uint64_t i = begin + 1; i <= end; ++i) {
          common->there.store(i, std::memory_order_release);
          while (common->back.load(std::memory_order_acquire) != i) pause_a_moment();
        }
        return true;
      });
}

struct raw_eventfds {
  raw_eventfds() : there(::eventfd(0, EFD_CLOEXEC)), back(::eventfd(0, EFD_CLOEXEC)) {
    if (there < 0 || back < 0) throw std::runtime_error("processes: no eventfd");
  }
  raw_eventfds(const raw_eventfds&) = delete;
  raw_eventfds& operator=(const raw_eventfds&) = delete;
  ~raw_eventfds() {
    ::close(there);
    ::close(back);
  }
  int there;
  int back;
};

inline sample raw_eventfd(std::size_t core, std::size_t warm_up, std::size_t count) {
  const raw_eventfds events;
  const int there = events.there;
  const int back = events.back;
  const auto ring = [](int which) {
    const std::uint64_t one = 1;
    return ::write(which, &one, sizeof one) == sizeof one;
  };
  const auto wait = [](int which) {
    std::uint64_t got = 0;
    return ::read(which, &got, sizeof got) == sizeof got && got == 1;
  };
  return between_processes(
      core, warm_up, count,
      [&](common_memory&, auto announce) {
        announce();
        for (std::size_t i = 0; i < warm_up + count; ++i) {
          if (!wait(there) || !ring(back)) return false;
        }
        return true;
      },
      [&](common_memory&, std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
          if (!ring(there) || !wait(back)) return false;
        }
        return true;
      });
}

/// The name of a channel while it lives.
struct channel_name {
  explicit channel_name(const char* direction) : text("bench-" + std::to_string(::getpid()) + direction) {}
  channel_name(const channel_name&) = delete;
  channel_name& operator=(const channel_name&) = delete;
  ~channel_name() { static_cast<void>(atlas::remove_shm_channel(text).ok()); }
  std::string text;
};

/// A message of 8 bytes there and back by two channels.
/// @param sleeps  waits by the channel's own calls; else tries until it works
inline sample by_channel(bool sleeps, std::size_t core, std::size_t warm_up, std::size_t count) {
  const channel_name there_name("-there");
  const channel_name back_name("-back");
  const std::string& there = there_name.text;
  const std::string& back = back_name.text;
  const std::uint64_t until_ns = atlas::monotonic_ns() + 30'000'000'000;  // or a mistake would hang
  static_cast<void>(atlas::shm_receiver::create(there, {.lanes = 1, .lane_bytes = lane_bytes}).value());
  atlas::shm_receiver in = atlas::shm_receiver::create(back, {.lanes = 1, .lane_bytes = lane_bytes}).value();
  atlas::shm_sender out_there = atlas::shm_sender::attach(there).value();
  const auto send = [&](atlas::shm_sender& out, std::uint64_t number) {
    std::byte bytes[8];
    std::memcpy(bytes, &number, sizeof number);
    if (sleeps) return out.push({bytes, sizeof bytes}, until_ns).ok();
    for (;;) {
      const auto pushed = out.try_push({bytes, sizeof bytes});
      if (!pushed.ok()) return false;
      if (*pushed) return true;
      pause_a_moment();
    }
  };
  const auto receive = [&](atlas::shm_receiver& from, std::uint64_t& number) {
    atlas::shm_message message;
    if (sleeps) {
      if (!from.peek(message, until_ns).ok()) return false;
    } else {
      for (;;) {
        const auto found = from.try_peek(message);
        if (!found.ok()) return false;
        if (*found) break;
        pause_a_moment();
      }
    }
    std::memcpy(&number, message.bytes.data(), sizeof number);
    return true;
  };
  return between_processes(
      core, warm_up, count,
      [&](common_memory&, auto announce) {
        auto from = atlas::shm_receiver::attach(there).value();
        auto out = atlas::shm_sender::attach(back).value();
        announce();
        for (std::size_t i = 0; i < warm_up + count; ++i) {
          std::uint64_t number = 0;
          if (!receive(from, number) || !send(out, number + 1)) return false;
          from.release();  // behind the answer, as by whoever works on a message where it lies
        }
        return true;
      },
      [&](common_memory&, std::size_t begin, std::size_t end) {
        for (std::uint64_t i = begin; i < end; ++i) {
          std::uint64_t number = 0;
          if (!send(out_there, i) || !receive(in, number) || number != i + 1) return false;
          in.release();
        }
        return true;
      });
}

inline void process_cases(const bench_options& options) {
  constexpr std::size_t few = 20;  // where each may take a system call's microseconds
  const auto channel = [](bool sleeps, std::size_t core, std::size_t warm_up) {
    return entrant{"shm_channel", true, true,
                   [=](std::size_t count) { return by_channel(sleeps, core, warm_up, count); }};
  };
  const auto eventfd = [](std::size_t core) {
    return entrant{"eventfd", false, true, [=](std::size_t count) { return raw_eventfd(core, few, count); }};
  };
  hold_contest(
      "process-round-trip/spinning",
      {channel(false, 1, once_round),
       {"two words of shared memory", false, true, [](std::size_t count) { return bare_spin(once_round, count); }}},
      true, {{"", 1 / 1.35}}, options);
  hold_contest("process-round-trip/waiting", {channel(true, 1, few), eventfd(1)}, true, {{"", 1 / 1.1}}, options);
  hold_contest("process-round-trip/one-core", {channel(true, 0, few), eventfd(0)}, true, {{"", 1 / 1.1}}, options);
}

}  // namespace bench

#endif  // ATLAS_BENCH_QUEUE_PROCESS_CASES_HPP
