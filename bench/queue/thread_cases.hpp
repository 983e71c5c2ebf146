// SPDX-License-Identifier: Apache-2.0
// bench/queue/thread_cases.hpp -- queues between the threads of a process, beside other libraries' queues.
#ifndef ATLAS_BENCH_QUEUE_THREAD_CASES_HPP
#define ATLAS_BENCH_QUEUE_THREAD_CASES_HPP

#include <atlas/queue.hpp>

#include "peers/queue_peers.hpp"
#include "queue/contestant.hpp"
#include "support/bench_options.hpp"
#include "support/report.hpp"
#include "support/statistics.hpp"

#include <algorithm>
#include <cstdio>
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

class thread_cases {
 public:
  explicit thread_cases(const bench_options& options) : options_(options) {}

  void run() {
    of_messages<8>();
    of_messages<64>();
  }

 private:
  using timed = std::function<sample(std::size_t)> contestant::*;
  static constexpr std::size_t capacity = 1024;

  /// What a contestant reached in the rounds: the median of those in which no thread lost its core, of all if there are too few.
  struct standing {
    const contestant* who;
    std::vector<double> clean = {};
    std::vector<double> all = {};
    [[nodiscard]] bool is_clean() const { return clean.size() >= 5; }
    [[nodiscard]] double seconds() const { return median(is_clean() ? clean : all); }
  };

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

  /// Against whom, and what ratio is asked; an empty name: the best peer that is linearizable.
  struct demand {
    std::string peer;
    double asked;
  };

  void contest(const std::string& name, const std::vector<contestant>& all, timed what, bool is_time, const std::vector<demand>& asked) {
    if (!options_.wants(name)) return;
    std::vector<standing> standings;
    std::vector<std::size_t> counts;
    for (const contestant& one : all) {
      if (!(one.*what)) continue;
      standings.push_back({&one});
      counts.push_back(count_for((one.*what)));
    }
    const int rounds = options_.quick ? 15 : 60;
    for (int round = 0; round < rounds; ++round) {
      for (std::size_t turn = 0; turn < standings.size(); ++turn) {
        const std::size_t which = (static_cast<std::size_t>(round) + turn) % standings.size();
        const sample took = (standings[which].who->*what)(counts[which]);
        const double each = took.seconds / static_cast<double>(counts[which]);
        standings[which].all.push_back(each);
        if (took.is_clean) standings[which].clean.push_back(each);
      }
    }
    const auto value_of = [&](const standing& one) { return is_time ? one.seconds() * 1e9 : 1e-6 / one.seconds(); };
    const char* const unit = is_time ? "ns" : "M/s";
    std::sort(standings.begin(), standings.end(), [](const standing& left, const standing& right) { return left.seconds() < right.seconds(); });
    const standing* best = nullptr;
    for (const standing& one : standings) {
      if (one.who->is_atlas && best == nullptr) best = &one;
    }
    for (const standing& one : standings) {
      row out{name + " " + one.who->name, value_of(one), unit};
      out.more = {{"clean_rounds", one.clean.size()}, {"rounds", one.all.size()}};
      if (!one.who->is_linearizable) out.more["linearizable"] = false;
      print_row("queue", out, options_.json);
    }
    for (const demand& wish : asked) {
      for (const standing& one : standings) {
        if (one.who->is_atlas || !(wish.peer.empty() ? one.who->is_linearizable : one.who->name == wish.peer)) continue;
        row out{name, value_of(*best), unit, one.who->name, value_of(one), one.seconds() / best->seconds()};
        out.asked = wish.asked;
        out.more = {{"atlas", best->who->name}};
        print_row("queue", out, options_.json);
        break;
      }
    }
  }

  /// So many messages that a sample lasts about a millisecond: short enough to be left alone as a rule.
  static std::size_t count_for(const std::function<sample(std::size_t)>& timed_call) {
    std::size_t count = 1000;
    for (;;) {
      const sample took = timed_call(count);
      if (took.seconds > 0.7e-3 || count > 10'000'000) return count;
      count *= 2;
    }
  }

  const bench_options& options_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_QUEUE_THREAD_CASES_HPP
