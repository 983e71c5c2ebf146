// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue/queue_event.hpp -- a file descriptor that is readable while queues may have something to take.
//
// Room:      queue_event, over an eventfd: what epoll, poll, select and asyncio wait for.
// Not here:  waiting for queues alone (queue/wait_any.hpp, cheaper by some system calls).
// Depends:   core/{atomic,barrier,mutex,os_error,result,thread}.hpp, queue/watched_queue.hpp, Linux eventfd.
// Threads:   watch, unwatch, arm, move and destruction by one thread at a time, which is also one that may pop from
//            every queue watched. Pushes and closes from any thread of the process.
#ifndef ATLAS_QUEUE_QUEUE_EVENT_HPP
#define ATLAS_QUEUE_QUEUE_EVENT_HPP

#include <atlas/core/atomic.hpp>          // atomic
#include <atlas/core/barrier.hpp>         // heavy_barrier
#include <atlas/core/mutex.hpp>           // mutex, lock_guard
#include <atlas/core/os_error.hpp>        // os_error
#include <atlas/core/result.hpp>          // result, status
#include <atlas/core/thread.hpp>          // current_process
#include <atlas/queue/watched_queue.hpp>  // watched_queue

#include <cstdlib>  // std::malloc, std::free

#include <sys/eventfd.h>  // eventfd
#include <unistd.h>       // read, write, close

namespace atlas { inline namespace ATLAS_ABI {

/// Makes a descriptor readable when something is pushed to one of the queues it watches, or one is closed.
///
///     auto event = atlas::queue_event::create().value();
///     event.watch(queue).value();
///     epoll_ctl(loop, EPOLL_CTL_ADD, event.descriptor(), &wanted);   // EPOLLIN, level-triggered
///     // when the descriptor is readable:
///     for (int i = 0; i < enough && queue.try_pop(one); ++i) use(one);
///     event.arm();                                                  // always, as the last step; then back to the loop
///
/// In asyncio the two last lines are the callback of loop.add_reader(event.descriptor(), callback).
///
/// From watch() until the first arm() the descriptor is readable. arm() leaves it readable if there is anything to
/// take; if not, the next element makes it readable, and nothing does before: so no wake-up is lost, no loop turns for
/// nothing, and whoever takes only some of what is there is called again. Once it is readable, until the next arm(), a
/// thread that pushes pays nothing for the event. It may be readable although another consumer took the element. The
/// descriptor is there to wait for: never read from it, write to it or close it.
///
/// A queue that is closed keeps the descriptor readable. Unwatch it when it is drained.
///
/// exec closes the descriptor. A child of fork() shares it with its parent, but has copies of the queues: what it
/// pushes to one that is watched wakes the parent, and its arm() takes the parent's wake-ups. So it leaves the event
/// and the queues alone, and makes its own. An event that ends in a child only closes the child's descriptor: its
/// memory stays, as another thread may have been at work on it, or in a queue's list of watchers, during the fork.
class queue_event {
 public:
  /// @return  errc::io when there is no descriptor left (os_code EMFILE, ENFILE), errc::no_memory
  static result<queue_event> create() noexcept {
    void* const memory = std::malloc(sizeof(shared));
    if (memory == nullptr) return error{errc::no_memory, "queue_event"};
    const int number = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (number < 0) {
      const int why = errno;
      std::free(memory);
      return os_error(why, "queue_event.descriptor");
    }
    return queue_event(::new (memory) shared(number));
  }
  /// The event moved from can only be assigned to or destroyed.
  queue_event(queue_event&& other) noexcept : shared_(other.shared_) { other.shared_ = nullptr; }
  queue_event& operator=(queue_event&& other) noexcept {
    if (this != &other) {
      destroy();
      shared_ = other.shared_;
      other.shared_ = nullptr;
    }
    return *this;
  }
  queue_event(const queue_event&) = delete;
  queue_event& operator=(const queue_event&) = delete;
  /// Unwatches all queues, and closes the descriptor; in a child of fork() that alone.
  ~queue_event() { destroy(); }

  /// Nobody else's to close, read or write.
  [[nodiscard]] int descriptor() const noexcept { return here().number; }

  /// @param queue  as of wait_any
  /// @return       errc::invalid_argument when it is watched already, errc::no_memory
  /// @pre          the queue is neither moved nor destroyed until it is unwatched: declare the event after its queues
  template <class Queue>
  status watch(Queue& queue) noexcept {
    static_assert(detail::gate_of<Queue>::is_watchable,
                  "a queue that waits by spinning or yielding signals nothing, so it cannot be watched");
    if constexpr (detail::gate_of<Queue>::is_watchable) {
      shared& event = here();
      if (*event.find(&queue) != nullptr) {
        return error{errc::invalid_argument, "queue_event.queue", "one that is not watched yet", "one that is"};
      }
      void* const memory = std::malloc(sizeof(entry));
      if (memory == nullptr) return error{errc::no_memory, "queue_event.queue"};
      auto* const added = ::new (memory) entry();
      added->watched.set(queue);
      added->watched.watcher.notify = notify;
      added->watched.watcher.who = &event;
      added->watched.gate->attach(added->watched.watcher);
      added->next = event.first;
      event.first = added;
      event.fire();
      return {};
    }
  }
  /// @return  whether it was watched. When this returns, no thread that pushes to it uses the event any more
  template <class Queue>
  bool unwatch(Queue& queue) noexcept {
    entry** const at = here().find(&queue);
    if (*at == nullptr) return false;
    remove(*at);
    return true;
  }

  /// Makes ready for the next wait; see above.
  /// @return  whether something may be there already: the descriptor is readable then
  /// Cost: a look at each queue; then, with nothing to take, a heavy_barrier and, after a wake-up, another system call.
  /// Should heavy_barrier() stop working in this process after it worked, the descriptor stays readable: loops poll.
  bool arm() noexcept {
    shared& event = here();
    if (!event.is_anything()) {
      event.clear();
      bool needs_barrier = false;
      for (entry* one = event.first; one != nullptr; one = one->next) {
        if (one->watched.gate->announce()) needs_barrier = true;
      }
      if ((!needs_barrier || heavy_barrier()) && !event.is_anything()) return false;
    }
    event.fire();
    return true;
  }

 private:
  struct entry {
    detail::watched_queue<wait_gate> watched;
    entry* next = nullptr;
  };
  struct shared {
    explicit shared(int descriptor) noexcept : number(descriptor) {}

    /// Where the pointer to the queue's entry is, or would be.
    [[nodiscard]] entry** find(const void* queue) noexcept {
      entry** at = &first;
      while (*at != nullptr && (*at)->watched.queue != queue) at = &(*at)->next;
      return at;
    }
    /// What is about to end counts: whether it has ended is told by no signal.
    [[nodiscard]] bool is_anything() const noexcept {
      for (const entry* one = first; one != nullptr; one = one->next) {
        if (one->watched.look() != detail::queue_look::nothing) return true;
      }
      return false;
    }
    void fire() noexcept {
      const lock_guard lock(guard);
      make_readable();
    }
    void clear() noexcept {
      const lock_guard lock(guard);
      if (is_readable) {
        std::uint64_t count = 0;
        static_cast<void>(!::read(number, &count, sizeof count));
        is_readable = false;
      }
      is_armed.store_release(1);
    }
    /// @pre under the lock
    void make_readable() noexcept {
      is_armed.store_release(0);
      is_readable = true;
      const int errno_before = errno;
      constexpr std::uint64_t one = 1;
      static_cast<void>(!::write(number, &one, sizeof one));  // 2^64 of them would be needed to fail
      errno = errno_before;
    }

    const int number;
    const std::uint32_t process = current_process();  // that made it
    mutex guard;
    atomic<std::uint32_t> is_armed;  // written under the lock
    bool is_readable = false;        // under the lock
    entry* first = nullptr;
  };

  explicit queue_event(shared* made) noexcept : shared_(made) {}

  [[nodiscard]] shared& here() const noexcept {
    ATLAS_ASSERT(shared_ != nullptr);
    return *shared_;
  }
  static void notify(void* who) noexcept {
    shared& event = *static_cast<shared*>(who);
    // A mark that this event's arm() set shows that it was armed; after another's mark, arm() looks by itself.
    if (event.is_armed.load_acquire() == 0) return;
    const lock_guard lock(event.guard);
    if (event.is_armed.load_relaxed() != 0) event.make_readable();
  }
  static void remove(entry*& at) noexcept {
    entry* const removed = at;
    at = removed->next;
    removed->watched.gate->detach(removed->watched.watcher);
    std::free(removed);
  }
  void destroy() noexcept {
    if (shared_ == nullptr) return;
    const bool is_own = shared_->process == current_process();
    while (is_own && shared_->first != nullptr) remove(shared_->first);
    const int errno_before = errno;
    ::close(shared_->number);
    errno = errno_before;
    if (is_own) std::free(shared_);
    shared_ = nullptr;
  }

  shared* shared_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_QUEUE_EVENT_HPP
