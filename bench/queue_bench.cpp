// SPDX-License-Identifier: Apache-2.0
// bench/queue_bench.cpp -- how fast do messages go from thread to thread, beside other libraries' queues?
//   queue_bench [--quick] [--filter NAME] [--json]
// Every message is counted, and looked at where there is an order.
#include "queue/priority_cases.hpp"
#include "queue/process_cases.hpp"
#include "queue/thread_cases.hpp"

#include <cstdio>
#include <exception>

namespace {

constexpr char cases[] = R"(Cases, and what is asked of them (ratio > 1: ATLAS is better). Queues hold 1,024 messages of 8 or 64 bytes:
  spsc/BYTES               one producer, one consumer: 1 x the best peer, 2 x boost::lockfree::spsc_queue
  spsc-round-trip/BYTES    to another thread and back: 8B 1.25 x the best peer, 64B 0.95 x
  spsc-batch64/BYTES       64 a call: 1.1 x boost's push(ptr, n)
  mpmc-1p1c/BYTES          1 x the best linearizable peer; 4 x boost::lockfree::queue and oneTBB
  mpmc-round-trip/BYTES    rates alone
  mpmc-2p2c/BYTES          two producers, two consumers: 1 x the best linearizable peer
  priority/THREADS         a push and a pop, 8 levels, 64 waiting: 1 x std::mutex and std::priority_queue
  process-round-trip/spinning   8 bytes to another process and back: 0.74 x (1.35 times as long as) two words of shared memory
  process-round-trip/waiting    the same by calls that spin a while and then sleep: 0.91 x (1.1 times as long as) eventfd
  process-round-trip/one-core   likewise with both processes on one core, where no spinning helps: 0.91 x eventfd
)";

}  // namespace

int main(int argc, char** argv) {
  const auto options = bench::parse_options(argc, argv, "Queues between threads and processes: their rate and their latency", [&](CLI::App& app) { app.footer(cases); });
  bench::print_header("queue", options.json, bench::queue_peers_description() + "; " + std::to_string(bench::cores().size()) + " cores");
  try {
    bench::thread_cases(options).run();
    bench::priority_cases(options);
    bench::process_cases(options);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "queue_bench: %s\n", failure.what());
    return 1;
  }
  return 0;
}
