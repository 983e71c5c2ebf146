// SPDX-License-Identifier: Apache-2.0
// tests/support/queue_histories.hpp -- short random programs of calls run on a queue by fibres or by threads,
// recorded and judged.
#ifndef ATLAS_TESTS_SUPPORT_QUEUE_HISTORIES_HPP
#define ATLAS_TESTS_SUPPORT_QUEUE_HISTORIES_HPP

#include "support/fibres.hpp"
#include "support/linearizability.hpp"
#include "support/threads.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

namespace support {

/// One history as it is planned and then recorded: calls before all threads, of each thread, and after them.
struct history {
  unsigned threads = 2;
  std::vector<queue_event> before;
  std::vector<queue_event> of_thread[fibres::most];
  std::vector<queue_event> after;

  [[nodiscard]] std::vector<queue_event> events() const {
    std::vector<queue_event> all = before;
    for (const auto& calls : of_thread) all.insert(all.end(), calls.begin(), calls.end());
    all.insert(all.end(), after.begin(), after.end());
    return all;
  }
  /// Whether two calls of different threads were under way at one moment.
  [[nodiscard]] bool has_overlap() const {
    for (unsigned thread = 1; thread < threads; ++thread) {
      for (const queue_event& one : of_thread[thread]) {
        for (unsigned earlier = 0; earlier < thread; ++earlier) {
          for (const queue_event& other : of_thread[earlier]) {
            if (one.begin < other.end && other.begin < one.end) return true;
          }
        }
      }
    }
    return false;
  }
};

inline std::string text_of(const std::vector<queue_event>& events) {
  constexpr const char* names[] = {"push", "pop", "close", "subscribe", "unsubscribe", "count"};
  std::string text;
  for (const queue_event& event : events) {
    text += std::to_string(event.begin) + "-" + std::to_string(event.end) + " " +
            names[static_cast<std::size_t>(event.call)];
    if (event.call <= queue_call::pop) text += event.is_batch ? "_n" : "";
    text += " who " + std::to_string(event.who) + " level " + std::to_string(event.level) + " done " +
            std::to_string(event.done) + "/" + std::to_string(event.wanted) + ":";
    for (std::size_t i = 0; i < (event.call == queue_call::push ? event.wanted : event.done) && i < most_batch; ++i) {
      text += " " + std::to_string(event.values[i]);
    }
    if (event.missed != 0) text += " missed " + std::to_string(event.missed);
    text += "\n";
  }
  return text;
}

struct recorded {
  std::uint64_t histories = 0;
  std::uint64_t overlapping = 0;  ///< of which calls of different threads overlap
  std::uint64_t unexplained = 0;
  std::uint64_t said[9] = {};             ///< of each verdict, how often
  verdict first = verdict::linearizable;  ///< on the first that no order explains
  std::string text;                       ///< of it
};

struct recording {
  std::uint64_t histories = 1000;
  std::uint64_t seed = 1;
  bool with_threads = false;  ///< else with fibres
  bool stops_at_first = true;
};

/// Plans, runs and judges histories of a Subject, which makes a queue of its own for each of them:
///   Subject(random)                    draws its capacity and whatever else it likes
///   least_threads, most_threads
///   plan(random, history&)             the calls of `before` and of each thread
///   perform(thread, event&)            makes a call and records what it gave
///   drain(history&)                    plans `after`, one call after the other, by `perform`
///   model(), is_drained                as judge() takes them
template <class Subject>
class recorder {
 public:
  explicit recorder(recording how) : how_(how) {}

  recorded run() {
    if (how_.with_threads) {
      constexpr unsigned kinds = Subject::most_threads - Subject::least_threads + 1;
      for (unsigned threads = Subject::least_threads; threads <= Subject::most_threads; ++threads)
        with_threads(threads, (how_.histories + kinds - 1) / kinds);
    } else {
      with_fibres();
    }
    return result_;
  }

 private:
  void with_fibres() {
    fibres all;
    quick_random random(how_.seed);
    for (std::uint64_t i = 0; i < how_.histories && goes_on(); ++i) {
      const auto threads = Subject::least_threads +
                           static_cast<unsigned>(random.below(Subject::most_threads - Subject::least_threads + 1));
      sets_up(threads, random);
      auto work = [this](unsigned thread) { calls_of(thread); };
      const std::uint64_t seed = random();  // one after the other: the order of arguments is the compiler's
      all.run(threads, seed, 1 + static_cast<unsigned>(random.below(6)), work);
      judges();
    }
  }
  void with_threads(unsigned threads, std::uint64_t histories) {
    meeting meeting(threads);
    std::atomic<bool> is_over{false};
    together(threads, [&](unsigned thread) {
      quick_random random(how_.seed * 64 + threads);
      pause_random = quick_random(how_.seed * 64 + threads * 8 + thread);
      for (std::uint64_t i = 0; i < histories; ++i) {
        if (thread == 0) {
          sets_up(threads, random);
          is_over = !goes_on();
        }
        meeting.wait();
        if (is_over) break;
        pauses_one_in = 2;
        calls_of(thread);
        pauses_one_in = 0;
        meeting.wait();
        if (thread == 0) judges();
      }
    });
    subject_.reset();
  }

  [[nodiscard]] bool goes_on() const { return !how_.stops_at_first || result_.unexplained == 0; }
  void sets_up(unsigned threads, quick_random& random) {
    subject_.emplace(random);
    now_ = history();
    now_.threads = threads;
    subject_->plan(random, now_);
    for (queue_event& event : now_.before) call(0, event);
  }
  void calls_of(unsigned thread) {
    for (queue_event& event : now_.of_thread[thread]) call(thread, event);
  }
  void call(unsigned thread, queue_event& event) {
    event.begin = clock_.fetch_add(1);
    subject_->perform(thread, event);
    event.end = clock_.fetch_add(1);
  }
  void judges() {
    subject_->drain(now_, [this](queue_event& event) { call(0, event); });
    ++result_.histories;
    result_.overlapping += now_.has_overlap() ? 1U : 0U;
    const std::vector<queue_event> events = now_.events();
    const verdict said = judge(events, subject_->model(), Subject::is_drained);
    subject_.reset();
    ++result_.said[static_cast<std::size_t>(said)];
    if (said == verdict::linearizable) return;
    if (result_.unexplained++ != 0) return;
    result_.first = said;
    result_.text = std::string(name_of(said)) + "\n" + text_of(events);
  }

  recording how_;
  recorded result_;
  std::optional<Subject> subject_;
  history now_;
  std::atomic<std::uint64_t> clock_{0};
};

template <class Subject>
recorded record(recording how) {
  return recorder<Subject>(how).run();
}

/// How many histories a test records: those of everyday, or as many as ATLAS_HISTORIES says.
inline std::uint64_t histories_or(std::uint64_t everyday) {
  const char* const wanted = std::getenv("ATLAS_HISTORIES");
  return wanted == nullptr ? everyday : std::strtoull(wanted, nullptr, 10);
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_QUEUE_HISTORIES_HPP
