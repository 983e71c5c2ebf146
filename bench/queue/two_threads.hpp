// SPDX-License-Identifier: Apache-2.0
// bench/queue/two_threads.hpp -- pieces of work on threads that each have a core, from one moment on, timed together.
#ifndef ATLAS_BENCH_QUEUE_TWO_THREADS_HPP
#define ATLAS_BENCH_QUEUE_TWO_THREADS_HPP

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

namespace bench {

/// How long a piece of work took all its threads together, by the wall.
struct sample {
  double seconds = 0;
  bool is_clean = false;  ///< no thread had to give its core to another meanwhile
};

inline void pause_a_moment() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

/// The cores that this process may use.
inline std::vector<int> cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  std::vector<int> found;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return found;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(static_cast<std::size_t>(core), &allowed)) found.push_back(core);
  }
  return found;
}

/// Runs each piece on a thread of its own, the threads dealt out to the cores in turn; they begin together.
inline sample run_together(const std::vector<std::function<void()>>& pieces) {
  using clock = std::chrono::steady_clock;
  const std::vector<int> all = cores();
  std::atomic<std::size_t> arrived{0};
  std::vector<clock::time_point> begins(pieces.size());
  std::vector<clock::time_point> ends(pieces.size());
  std::vector<long> switches(pieces.size());
  const auto work = [&](std::size_t which) {
    if (!all.empty()) {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(static_cast<std::size_t>(all[which % all.size()]), &one);
      static_cast<void>(::sched_setaffinity(0, sizeof one, &one));
    }
    rusage before{};
    rusage after{};
    arrived.fetch_add(1);
    while (arrived.load() < pieces.size()) pieces.size() <= all.size() ? pause_a_moment() : std::this_thread::yield();
    ::getrusage(RUSAGE_THREAD, &before);
    begins[which] = clock::now();
    pieces[which]();
    ends[which] = clock::now();
    ::getrusage(RUSAGE_THREAD, &after);
    switches[which] = after.ru_nivcsw - before.ru_nivcsw;
  };
  std::vector<std::thread> threads;
  for (std::size_t which = 0; which < pieces.size(); ++which) threads.emplace_back(work, which);
  for (std::thread& one : threads) one.join();
  const auto took = *std::max_element(ends.begin(), ends.end()) - *std::min_element(begins.begin(), begins.end());
  return {std::chrono::duration<double>(took).count(),
          std::all_of(switches.begin(), switches.end(), [](long count) { return count == 0; })};
}

}  // namespace bench

#endif  // ATLAS_BENCH_QUEUE_TWO_THREADS_HPP
