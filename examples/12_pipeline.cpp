// SPDX-License-Identifier: Apache-2.0
// examples/12_pipeline.cpp -- three stages with a queue between each two: producers, workers, one collector; and a slow
// reader of their progress, who holds nobody up.
//   g++ -std=c++20 -O2 -Iinclude examples/12_pipeline.cpp -o 12_pipeline -lpthread && ./12_pipeline
#include <atlas/queue.hpp>

#include <cstdint>
#include <cstdio>
#include <thread>
#include <utility>
#include <vector>

namespace {

constexpr unsigned producers = 2;
constexpr unsigned workers = 3;
constexpr std::uint64_t jobs_each = 5000;

struct job {
  std::uint64_t number = 0;
};
struct answer {
  std::uint64_t number = 0;
  unsigned steps = 0;
};
/// How far a worker is: the newer one replaces the one that was not read yet. The last has no key, so that it is never
/// lost.
struct progress {
  unsigned worker = 0;
  std::uint64_t done = 0;
  bool is_last = false;
};
struct by_worker {
  [[nodiscard]] std::uint64_t key_of(const progress& one) const noexcept { return one.is_last ? 0 : one.worker + 1; }
};

/// Steps of Collatz's sequence down to 1: work whose length nobody knows beforehand.
unsigned steps_of(std::uint64_t number) {
  unsigned steps = 0;
  for (; number > 1; ++steps) number = number % 2 == 0 ? number / 2 : 3 * number + 1;
  return steps;
}

}  // namespace

int main() {
  // Bounded: when the workers are behind, producers wait, and memory does not grow.
  auto jobs = atlas::mpmc_queue<job>::create(64).value();
  // One thread takes answers; rare long ones first, the others in their order.
  auto answers = atlas::priority_queue<answer, 2>::create({.capacity = 256, .ageing = 16}).value();
  // Whoever watches may be slow: a worker has at most one report waiting.
  using progress_queue = atlas::overflow_queue<progress, by_worker>;
  auto reports = progress_queue::create({.capacity = 2 * workers, .overflow = atlas::overflow::coalesce}).value();

  std::vector<std::thread> first;
  for (unsigned producer = 0; producer < producers; ++producer) {
    first.emplace_back([&jobs, producer] {
      for (std::uint64_t i = 0; i < jobs_each; ++i) {
        if (!jobs.push(job{producer * jobs_each + i + 1}).ok()) return;  // somebody closed the queue
      }
    });
  }

  std::vector<std::thread> second;
  for (unsigned worker = 0; worker < workers; ++worker) {
    second.emplace_back([&, worker] {
      std::uint64_t done = 0;
      for (job next; jobs.pop(next).ok();) {  // until it is closed and empty
        const answer found{next.number, steps_of(next.number)};
        if (!answers.push(answer{found}, found.steps > 200 ? 0 : 1).ok()) return;
        static_cast<void>(reports.push(progress{worker, ++done, false}));
      }
      static_cast<void>(reports.push(progress{worker, done, true}));
    });
  }

  std::uint64_t collected = 0;
  std::uint64_t sum = 0;
  answer longest;
  std::thread collector([&] {
    for (answer one; answers.pop(one).ok();) {
      ++collected;
      sum += one.steps;
      if (one.steps > longest.steps || (one.steps == longest.steps && one.number < longest.number)) longest = one;
    }
  });

  std::uint64_t reported = 0;
  std::uint64_t seen = 0;
  std::thread watcher([&] {
    for (progress one; reports.pop(one).ok(); ++seen) {
      if (one.is_last) reported += one.done;
      std::this_thread::yield();  // a slow reader
    }
  });

  // Each stage is closed when the one before it has ended; what waits in it is still taken.
  for (std::thread& one : first) one.join();
  jobs.close();
  for (std::thread& one : second) one.join();
  answers.close();
  reports.close();
  collector.join();
  watcher.join();

  const atlas::overflow_statistics told = reports.statistics();
  std::printf("%llu answers, %llu steps; the longest is %llu with %u\n", static_cast<unsigned long long>(collected),
              static_cast<unsigned long long>(sum), static_cast<unsigned long long>(longest.number), longest.steps);
  std::printf("%llu reported at last, %llu pushed\n", static_cast<unsigned long long>(reported),
              static_cast<unsigned long long>(told.pushed));

  // Every job once; and of the reports, exactly those that were not seen were replaced by newer ones.
  const std::uint64_t all = producers * jobs_each;
  std::uint64_t expected = 0;
  for (std::uint64_t number = 1; number <= all; ++number) expected += steps_of(number);
  const bool is_counted =
      told.pushed == all + workers && told.popped == seen && told.pushed == told.popped + told.coalesced;
  const bool is_right = collected == all && sum == expected && longest.number == 6171 && longest.steps == 261;
  return is_right && is_counted && reported == all ? 0 : 1;
}
