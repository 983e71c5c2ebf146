// SPDX-License-Identifier: Apache-2.0
// include/atlas/folder/ordered_pipeline.hpp -- work on several threads, taken in and given out in order.
//
// Room:      one stage of parallel work between a producer and a collector on the calling thread.
// Not here:  what the work is (folder/folder_build.hpp).
// Depends:   core threads, queue/mpmc_queue.hpp.
// Threads:   run() may be called by any number of threads; the calls share nothing.
//
//   caller: produce -> [ring] -> worker, worker, ... -> [ring] -> put in order -> collect :caller
#ifndef ATLAS_FOLDER_ORDERED_PIPELINE_HPP
#define ATLAS_FOLDER_ORDERED_PIPELINE_HPP

#include <atlas/core/atomic.hpp>        // atomic
#include <atlas/core/clock.hpp>         // monotonic_ns
#include <atlas/core/function_ref.hpp>  // function_ref
#include <atlas/core/memory.hpp>        // buffer
#include <atlas/core/thread.hpp>        // thread, hardware_threads
#include <atlas/queue/mpmc_queue.hpp>    // mpmc_queue

namespace atlas { inline namespace ATLAS_ABI {

/// How a pipeline runs. The steps are borrowed for the call.
template <class Slot>
struct pipeline_steps {
  /// Fills the slot with the next piece of work; false: there is none left. On the calling thread, in order.
  function_ref<result<bool>(Slot& slot)> produce;
  /// Does it. On any thread, several slots at a time, each by one thread. Must not throw.
  function_ref<status(Slot& slot)> work;
  /// Takes it. On the calling thread, in the order produced.
  function_ref<status(Slot& slot)> collect;
  /// Called at least about ten times a second while the calling thread only waits; an error stops the run. May be empty.
  function_ref<status()> wait;
};

/// Runs the steps until produce has no more. What is in flight, from produce to collect, is bounded: there are
/// `slots_per_thread` slots a thread, and no further slot is given to the workers while the sum of the `weight` of
/// those in flight would pass `most_weight` (one alone may). Slots are made once and used again: memory that collect
/// leaves in one stays there for the next piece of work, and the weight does not count it.
///
/// With one thread everything runs on the calling thread, in order, and no thread is started. When the system
/// has no threads to give, fewer run.
///
/// @tparam Slot   default-constructible; has a std::uint64_t weight that produce sets
/// @return        the first error in the order of the work, whatever step gave it. What was in flight then is
///                finished or dropped, no thread is left behind, and collect is not called any more
template <class Slot>
class ordered_pipeline {
 public:
  static constexpr std::size_t slots_per_thread = 4;

  /// @param threads      0: all that the process may use
  /// @param most_weight  see above
  [[nodiscard]] static status run(unsigned threads, std::uint64_t most_weight, const pipeline_steps<Slot>& steps) {
    if (threads == 0) threads = hardware_threads();
    if (threads > most_threads) threads = most_threads;
    if (threads > 1) {
      ordered_pipeline pipeline(steps, most_weight, threads * slots_per_thread);
      if (pipeline.cells_ == nullptr) return error{errc::no_memory, "pipeline slots"};
      const result<bool> said = pipeline.run_threads(threads);
      if (!said.ok()) return said.error();
      if (*said) return {};
    }
    return run_alone(steps);
  }

 private:
  static constexpr unsigned most_threads = 1024;
  static constexpr std::uint64_t heartbeat_ns = 100'000'000;
  static constexpr std::uint32_t none = 0xFFFFFFFFU;

  struct cell {
    Slot slot;
    status said;
    std::uint64_t sequence = 0;
  };

  /// Ends the workers whatever way run_threads is left: also when a step of the caller's throws.
  struct crew {
    explicit crew(ordered_pipeline& owner) noexcept : pipeline(owner) {}
    crew(const crew&) = delete;
    crew& operator=(const crew&) = delete;
    ~crew() {
      pipeline.stopping_.store_release(true);
      if (pipeline.work_ != nullptr) pipeline.work_->close();
      for (std::size_t i = 0; i < started; ++i) threads[i].join();
      delete[] threads;
    }
    ordered_pipeline& pipeline;
    thread* threads = nullptr;
    std::size_t started = 0;
  };

  ordered_pipeline(const pipeline_steps<Slot>& steps, std::uint64_t most_weight, std::size_t slots) noexcept
      : steps_(steps), most_weight_(most_weight), cells_(new (std::nothrow) cell[slots]), cell_count_(slots) {}
  ordered_pipeline(const ordered_pipeline&) = delete;
  ordered_pipeline& operator=(const ordered_pipeline&) = delete;
  ~ordered_pipeline() { delete[] cells_; }

  [[nodiscard]] static status run_alone(const pipeline_steps<Slot>& steps) {
    Slot slot;
    for (;;) {
      const result<bool> more = steps.produce(slot);
      if (!more.ok()) return more.error();
      if (!*more) return {};
      if (status said = steps.work(slot); !said.ok()) return said.error();
      if (status said = steps.collect(slot); !said.ok()) return said.error();
    }
  }

  static void work_until_closed(void* self) noexcept {
    auto& pipeline = *static_cast<ordered_pipeline*>(self);
    std::uint32_t number = 0;
    while (pipeline.work_->pop(number).ok()) {
      cell& taken = pipeline.cells_[number];
      // After an error nobody looks at the rest.
      taken.said = pipeline.stopping_.load_acquire() ? status(errc::cancelled) : pipeline.steps_.work(taken.slot);
      static_cast<void>(pipeline.done_->push(number));  // has room for every slot and is never closed
    }
  }

  /// False when no thread could be started: nothing has been produced then.
  [[nodiscard]] result<bool> run_threads(unsigned count) {
    result<mpmc_queue<std::uint32_t>> work = mpmc_queue<std::uint32_t>::create(cell_count_);
    if (!work.ok()) return work.error();
    result<mpmc_queue<std::uint32_t>> done = mpmc_queue<std::uint32_t>::create(cell_count_);
    if (!done.ok()) return done.error();
    work_ = &*work;
    done_ = &*done;
    if (status said = free_.reserve(cell_count_); !said.ok()) return said.error();
    if (status said = waiting_.resize(cell_count_); !said.ok()) return said.error();
    for (std::uint32_t i = 0; i < cell_count_; ++i) {
      static_cast<void>(free_.push_back(i));  // reserved above
      waiting_[i] = none;
    }
    crew workers(*this);
    workers.threads = new (std::nothrow) thread[count];
    if (workers.threads == nullptr) return error{errc::no_memory, "pipeline threads"};
    for (; workers.started < count; ++workers.started) {
      result<thread> begun = thread::start(&work_until_closed, this);
      if (!begun.ok()) break;
      workers.threads[workers.started] = static_cast<thread&&>(*begun);
    }
    if (workers.started == 0) return false;
    run_coordinator();
    if (!failure_.ok()) return failure_.error();
    return true;
  }

  void run_coordinator() {
    for (;;) {
      if (failure_.ok()) issue();
      if (in_flight_ == 0) return;  // everything produced is collected, or dropped after an error
      std::uint32_t number = 0;
      if (!done_->pop(number, monotonic_ns() + heartbeat_ns).ok()) {
        if (failure_.ok() && steps_.wait) fail(steps_.wait());
        continue;
      }
      waiting_[cells_[number].sequence % cell_count_] = number;
      collect_in_order();
    }
  }

  /// Hands out work while there are slots and weight.
  void issue() {
    while (!exhausted_ || held_ != none) {
      if (held_ == none) {
        if (free_.empty()) return;
        held_ = free_[free_.size() - 1];
        const result<bool> more = steps_.produce(cells_[held_].slot);
        if (!more.ok()) fail(more.error());
        if (!more.ok() || !*more) {
          exhausted_ = true;
          held_ = none;
          return;
        }
        free_.resize(free_.size() - 1).value();
      }
      const std::uint64_t weight = cells_[held_].slot.weight;
      if (in_flight_ != 0 && (weight > most_weight_ || weight_in_flight_ > most_weight_ - weight)) return;
      cells_[held_].sequence = next_sequence_++;
      weight_in_flight_ += weight;
      ++in_flight_;
      static_cast<void>(work_->push(held_));  // has room for every slot
      held_ = none;
    }
  }

  void collect_in_order() {
    for (;;) {
      std::uint32_t& place = waiting_[next_collected_ % cell_count_];
      if (place == none) return;
      cell& finished = cells_[place];
      if (failure_.ok()) fail(finished.said);
      if (failure_.ok()) fail(steps_.collect(finished.slot));
      weight_in_flight_ -= finished.slot.weight;
      --in_flight_;
      ++next_collected_;
      static_cast<void>(free_.push_back(place));  // reserved for all
      place = none;
    }
  }

  void fail(const status& said) noexcept {
    if (said.ok()) return;
    failure_ = said.error();
    stopping_.store_release(true);
  }

  const pipeline_steps<Slot>& steps_;
  std::uint64_t most_weight_;
  cell* cells_;
  std::size_t cell_count_;
  mpmc_queue<std::uint32_t>* work_ = nullptr;
  mpmc_queue<std::uint32_t>* done_ = nullptr;
  buffer<std::uint32_t> free_;
  buffer<std::uint32_t> waiting_;  // by sequence % cell_count_: finished, but something before it is not
  std::uint32_t held_ = none;      // produced, but too heavy for now
  bool exhausted_ = false;
  std::uint64_t in_flight_ = 0;
  std::uint64_t weight_in_flight_ = 0;
  std::uint64_t next_sequence_ = 0;
  std::uint64_t next_collected_ = 0;
  status failure_;
  atomic<bool> stopping_{false};
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_FOLDER_ORDERED_PIPELINE_HPP
