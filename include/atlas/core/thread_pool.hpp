// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/thread_pool.hpp -- many independent tasks, shared out over a fixed set of threads.
//
// Room:      thread_pool.
// Not here:  stages that feed each other (queue/), one thread (core/thread.hpp).
// Depends:   core/{thread,mutex,function_ref,result}.hpp.
// Threads:   run() from any thread; one run at a time has the threads, others do their work themselves. The pool itself
//            never moves.
#ifndef ATLAS_CORE_THREAD_POOL_HPP
#define ATLAS_CORE_THREAD_POOL_HPP

#include <atlas/core/function_ref.hpp>  // function_ref
#include <atlas/core/mutex.hpp>         // mutex, futex_wait
#include <atlas/core/thread.hpp>        // thread, hardware_threads

#include <unistd.h>  // getpid

namespace atlas { inline namespace ATLAS_ABI {

/// Threads that wait for work. They start with the first run that can use them and end with the pool.
///
/// Forks: the child of a fork() has none of the threads; its next run() starts new ones, and its destructor
/// waits for none. Only a task itself must not fork and return.
class thread_pool {
 public:
  /// @param threads  the calling thread included, at most 4,096; 0: hardware_threads(). Starts nothing and allocates
  ///                 nothing.
  explicit thread_pool(unsigned threads = 0) noexcept
      : thread_count_(threads == 0 ? hardware_threads() : threads <= most_workers ? threads : most_workers + 1) {}
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;
  /// @pre no thread is inside run(), except the ones that fork() left behind in the parent
  ~thread_pool() {
    worker* const workers = workers_.load_acquire();
    if (workers == nullptr) return;
    const bool is_ours = owner_.load_acquire() == ::getpid();
    const unsigned started = started_.load_acquire();
    if (is_ours) {
      is_ending_.store_release(1);
      turn_.fetch_add(1);
      futex_wake(turn_.address(), wake_all);
    }
    for (unsigned i = 0; i < started; ++i) {
      if (!is_ours) workers[i].handle.abandon();
      workers[i].~worker();  // joins
    }
    std::free(workers);
  }

  /// Threads that a run may use, the caller included: worker numbers are below it. Constant, >= 1.
  [[nodiscard]] unsigned thread_count() const noexcept { return thread_count_; }

  /// Calls `work(task, worker)` once for each task in [0, tasks), and returns when all calls have.
  ///
  /// @param tasks         they start in ascending order, each on the next free thread; 0 is allowed
  /// @param work          called from several threads at once, never twice at once with the same worker number;
  ///                      throws nothing (the process would end)
  /// @param most_threads  at most so many threads work, the caller included; 0: thread_count()
  /// @return              ok: when threads cannot be started, those there are do the work
  /// While another run of this pool has the threads it does not wait for them: the calling thread does all tasks itself,
  /// as worker 0. A worker number therefore tells threads of one run apart, not threads of two.
  /// Called inside a task of the same pool it runs its tasks on this thread alone, under the number of the
  /// worker that it is. Tasks of two pools must not run each other's pool.
  /// Cost: about 100 ns for each task and one wake-up for each sleeping thread; the first run allocates
  /// and starts the threads, later ones allocate nothing.
  status run(std::size_t tasks, function_ref<void(std::size_t task, unsigned worker)> work,
             unsigned most_threads = 0) noexcept {
    if (tasks == 0) return {};
    claim_after_fork();
    if (const unsigned inside = worker_inside(); inside != nobody) {
      for (std::size_t task = 0; task < tasks; ++task) work(task, inside);
      return {};
    }
    if (!run_lock_.try_lock()) {
      for (std::size_t task = 0; task < tasks; ++task) work(task, 0);
      return {};
    }
    caller_.store_relaxed(current_thread());
    unsigned helpers = (most_threads == 0 || most_threads > thread_count_ ? thread_count_ : most_threads) - 1;
    if (tasks - 1 < helpers) helpers = static_cast<unsigned>(tasks - 1);
    if (helpers != 0) helpers = start_workers(helpers);
    if (helpers == 0) {
      for (std::size_t task = 0; task < tasks; ++task) work(task, 0);
    } else {
      run_with(helpers, tasks, work);
    }
    caller_.store_relaxed(0);
    run_lock_.unlock();
    return {};
  }

 private:
  static constexpr unsigned nobody = ~0U;
  static constexpr unsigned most_workers = 4095;

  struct worker {
    thread_pool* pool = nullptr;
    unsigned number = 0;
    atomic<std::uintptr_t> self;
    thread handle;
  };

  // The number of the worker that this thread is, or `nobody`. A thread always sees what it stored itself.
  [[nodiscard]] unsigned worker_inside() const noexcept {
    const std::uintptr_t self = current_thread();
    if (caller_.load_relaxed() == self) return 0;
    const worker* const workers = workers_.load_acquire();
    const unsigned started = started_.load_acquire();
    for (unsigned i = 0; i < started; ++i) {
      if (workers[i].self.load_relaxed() == self) return workers[i].number;
    }
    return nobody;
  }

  // In a forked child, puts the pool back to where no thread was ever started. `owner_` is the process that
  // the threads live in, and its negative while one thread of the child does this.
  void claim_after_fork() noexcept {
    const pid_t here = ::getpid();
    pid_t owner = owner_.load_acquire();
    while (owner != here) {
      if (owner == -here) {
        spin_pause();
        owner = owner_.load_acquire();
      } else if (owner_.compare_exchange(owner, -here)) {
        reset();
        owner_.store_release(here);
        return;
      }
    }
  }
  void reset() noexcept {
    const unsigned started = started_.load_relaxed();
    for (unsigned i = 0; i < started; ++i) workers_.load_relaxed()[i].handle.abandon();
    started_.store_relaxed(0);
    run_lock_.~mutex();  // a thread of the parent may have held it
    ::new (static_cast<void*>(&run_lock_)) mutex;
    caller_.store_relaxed(0);
    open_places_.store_relaxed(0);
    sleepers_.store_relaxed(0);
    is_caller_asleep_.store_relaxed(0);
  }

  // At least `wanted` workers if the system gives them. @return how many there are, at most `wanted`.
  [[gnu::noinline]] unsigned start_workers(unsigned wanted) noexcept {
    unsigned started = started_.load_relaxed();
    if (started >= wanted) return wanted;
    worker* workers = workers_.load_relaxed();
    if (workers == nullptr) {
      const unsigned room = thread_count_ - 1;
      workers = static_cast<worker*>(std::calloc(room, sizeof(worker)));
      if (workers == nullptr) return 0;
      workers_.store_release(workers);
    }
    for (; started < wanted; ++started) {
      worker* const fresh = ::new (static_cast<void*>(workers + started)) worker;
      fresh->pool = this;
      fresh->number = started + 1;
      result<thread> handle = thread::start([](void* given) { enter(*static_cast<worker*>(given)); }, fresh);
      if (!handle.ok()) break;
      fresh->handle = static_cast<thread&&>(*handle);
      started_.store_release(started + 1);
    }
    return started;
  }

  void run_with(unsigned helpers, std::size_t tasks, function_ref<void(std::size_t, unsigned)> work) noexcept {
    work_ = work;
    tasks_ = tasks;
    next_task_.store_relaxed(0);
    left_.store_relaxed(0);
    is_caller_asleep_.store_relaxed(0);
    open_places_.store_release(helpers);
    turn_.fetch_add(1);
    if (sleepers_.load_ordered() != 0) futex_wake(turn_.address(), helpers);

    take_tasks(0);

    // Nobody may enter any more; wait for those who did.
    const std::uint32_t entered = helpers - open_places_.exchange_acq_rel(0);
    for (unsigned spin = 0; spin < lock_spins && left_.load_acquire() != entered; ++spin) spin_pause();
    std::uint32_t left = left_.load_acquire();
    if (left == entered) return;
    is_caller_asleep_.store_ordered(1);
    while ((left = left_.load_ordered()) != entered) futex_wait(left_.address(), left);
  }

  void take_tasks(unsigned number) noexcept {
    const function_ref<void(std::size_t, unsigned)> work = work_;
    const std::size_t tasks = tasks_;
    for (std::size_t task; (task = next_task_.fetch_add_relaxed(1)) < tasks;) work(task, number);
  }

  // One place in the current run, if it has one left. Acquires what run_with wrote before it opened them.
  bool take_place() noexcept {
    std::uint32_t places = open_places_.load_relaxed();
    while (places != 0) {
      if (open_places_.compare_exchange_weak_acquire(places, places - 1)) return true;
    }
    return false;
  }

  static void enter(worker& me) noexcept {
    me.self.store_relaxed(current_thread());
    me.pool->serve(me.number);
  }
  void serve(unsigned number) noexcept {
    for (;;) {
      // The turn is read before looking for work: a run that begins in between changes it, and the sleep
      // below then returns at once.
      const std::uint32_t turn = turn_.load_acquire();
      if (is_ending_.load_acquire() != 0) return;
      if (take_place()) {
        take_tasks(number);
        left_.fetch_add(1);
        if (is_caller_asleep_.load_ordered() != 0) futex_wake(left_.address(), 1);
        continue;
      }
      for (unsigned spin = 0; spin < lock_spins && turn_.load_relaxed() == turn; ++spin) spin_pause();
      if (turn_.load_relaxed() != turn) continue;
      sleepers_.fetch_add(1);
      futex_wait(turn_.address(), turn);
      sleepers_.fetch_sub(1);
    }
  }

  const unsigned thread_count_;
  atomic<pid_t> owner_;
  atomic<worker*> workers_;
  atomic<unsigned> started_;
  mutex run_lock_;
  atomic<std::uintptr_t> caller_;

  // Written by run_with while no worker is inside; read by those who took a place.
  function_ref<void(std::size_t, unsigned)> work_;
  std::size_t tasks_ = 0;

  alignas(cache_line) atomic<std::uint32_t> turn_;  // one more for each run: what idle workers sleep on
  atomic<std::uint32_t> open_places_;               // workers that may still enter the current run
  atomic<std::uint32_t> sleepers_;
  atomic<std::uint32_t> is_ending_;
  alignas(cache_line) atomic<std::uint32_t> left_;  // workers that entered the current run and are done
  atomic<std::uint32_t> is_caller_asleep_;
  alignas(cache_line) atomic<std::size_t> next_task_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_THREAD_POOL_HPP
