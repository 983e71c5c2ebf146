// SPDX-License-Identifier: Apache-2.0
// bench/queue/thread_cases.hpp -- queues between the threads of a process, beside other libraries' queues.
#ifndef ATLAS_BENCH_QUEUE_THREAD_CASES_HPP
#define ATLAS_BENCH_QUEUE_THREAD_CASES_HPP

#include <atlas/queue.hpp>

#include "peers/queue_peers.hpp"
#include "queue/contest.hpp"
#include "queue/contestant.hpp"
#include "support/bench_options.hpp"

#include <string>
#include <vector>

namespace bench {

/// One of ATLAS's queues as a contestant.
template <class Queue, bool TakesACrowd>
struct of_atlas {
  static constexpr bool takes_a_crowd = TakesACrowd;
  explicit of_atlas(std::size_t capacity) : queue(Queue::create(capacity).value()) {}
  bool push(const typename Queue::value_type& value) { return queue.try_push(value); }
  bool pop(typename Queue::value_type& value) { return queue.try_pop(value); }
  std::size_t push_n(typename Queue::value_type* values, std::size_t count) { return queue.try_push_n({values, count}); }
  std::size_t pop_n(typename Queue::value_type* values, std::size_t count) { return queue.try_pop_n({values, count}); }
  Queue queue;
};

/// By the calls that wait.
template <class Queue>
struct waiting_atlas {
  static constexpr bool takes_a_crowd = true;
  explicit waiting_atlas(std::size_t capacity) : queue(Queue::create(capacity).value()) {}
  bool push(const typename Queue::value_type& value) { return queue.push(value).ok(); }
  bool pop(typename Queue::value_type& value) { return queue.pop(value).ok(); }
  Queue queue;
};

class thread_cases {
 public:
  explicit thread_cases(const bench_options& options) : options_(options) {}

  void run() {
    of_messages<8>();
    of_messages<64>();
  }

 private:
  static constexpr std::size_t capacity = 1024;

  template <std::size_t Bytes>
  void of_messages() {
    using value = message<Bytes>;
    const std::string suffix = "/" + std::to_string(Bytes) + "B";
    std::vector<contestant> single = spsc_peers(Bytes, capacity);
    add<of_atlas<atlas::spsc_queue<value>, false>, value>(single, "spsc_queue, index_cached");
    add<of_atlas<atlas::spsc_queue<value, atlas::slot_sequenced>, false>, value>(single, "spsc_queue, slot_sequenced");
    contest("spsc" + suffix, single, &contestant::throughput, false, {{"", 1.0}, {"boost::lockfree::spsc_queue", 2.0}});
    contest("spsc-round-trip" + suffix, single, &contestant::round_trips, true, {{"", Bytes == 8 ? 1 / 0.8 : 1 / 1.05}});
    contest("spsc-batch64" + suffix, single, &contestant::batches, false, {{"boost::lockfree::spsc_queue", 1.1}});
    std::vector<contestant> many = mpmc_peers(Bytes, capacity);
    add<of_atlas<atlas::mpmc_queue<value>, true>, value>(many, "mpmc_queue");
    add<waiting_atlas<atlas::mpmc_queue<value>>, value>(many, "mpmc_queue, push and pop");
    contest("mpmc-1p1c" + suffix, many, &contestant::throughput, false,
            {{"", 1.0}, {"boost::lockfree::queue", 4.0}, {"tbb::concurrent_bounded_queue", 4.0}});
    contest("mpmc-round-trip" + suffix, many, &contestant::round_trips, true, {{"", 0}});
    contest("mpmc-2p2c" + suffix, many, &contestant::crowd, false, {{"", 1.0}});
  }

  template <class Adapter, class Message>
  static void add(std::vector<contestant>& to, const std::string& name) {
    to.push_back(make_contestant<Adapter, Message>(name, capacity));
    to.back().is_atlas = true;
  }

  void contest(const std::string& name, const std::vector<contestant>& all, std::function<sample(std::size_t)> contestant::*what,
               bool is_time, const std::vector<demand>& asked) {
    std::vector<entrant> entrants;
    for (const contestant& one : all) {
      if (one.*what) entrants.push_back({one.name, one.is_atlas, one.is_linearizable, one.*what});
    }
    hold_contest(name, entrants, is_time, asked, options_);
  }

  const bench_options& options_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_QUEUE_THREAD_CASES_HPP
