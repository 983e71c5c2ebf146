// SPDX-License-Identifier: Apache-2.0
// bench/peers/queue_peers.cpp -- compiled with -march=native, includes nothing of ATLAS.
#include "peers/queue_peers.hpp"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wstringop-overflow"  // gcc 12 of ConcurrentQueue, where it cannot tell that a block is there
#endif

#if ATLAS_BENCH_HAVE_READERWRITERQUEUE
#include <readerwriterqueue.h>
#endif
#if ATLAS_BENCH_HAVE_CONCURRENTQUEUE
#include <concurrentqueue/concurrentqueue.h>
#endif
#if ATLAS_BENCH_HAVE_ATOMIC_QUEUE
#include <atomic_queue/atomic_queue.h>
#endif
#if ATLAS_BENCH_HAVE_BOOST_LOCKFREE
#include <boost/lockfree/queue.hpp>
#include <boost/lockfree/spsc_queue.hpp>
#include <boost/version.hpp>
#endif
#if ATLAS_BENCH_HAVE_TBB
#include <tbb/concurrent_queue.h>
#include <tbb/version.h>
#endif
#if ATLAS_BENCH_HAVE_RIGTORP
#include <rigtorp/MPMCQueue.h>
#include <rigtorp/SPSCQueue.h>
#endif

#include <mutex>

namespace bench {
namespace {

/// A ring behind a lock: what one writes without a library.
template <class Message>
struct of_mutex {
  static constexpr bool takes_a_crowd = true;
  explicit of_mutex(std::size_t capacity) : slots(capacity) {}
  bool push(const Message& value) {
    const std::lock_guard<std::mutex> lock(guard);
    if (size == slots.size()) return false;
    slots[(first + size++) % slots.size()] = value;
    return true;
  }
  bool pop(Message& value) {
    const std::lock_guard<std::mutex> lock(guard);
    if (size == 0) return false;
    value = slots[first];
    first = (first + 1) % slots.size();
    --size;
    return true;
  }
  std::mutex guard;
  std::vector<Message> slots;
  std::size_t first = 0;
  std::size_t size = 0;
};

#if ATLAS_BENCH_HAVE_READERWRITERQUEUE
template <class Message>
struct of_reader_writer {
  static constexpr bool takes_a_crowd = false;
  explicit of_reader_writer(std::size_t capacity) : queue(capacity) {}
  bool push(const Message& value) { return queue.try_enqueue(value); }
  bool pop(Message& value) { return queue.try_dequeue(value); }
  moodycamel::ReaderWriterQueue<Message> queue;
};
#endif

#if ATLAS_BENCH_HAVE_CONCURRENTQUEUE
template <class Message>
struct of_concurrent {
  static constexpr bool takes_a_crowd = true;
  explicit of_concurrent(std::size_t capacity) : queue(capacity) {}
  bool push(const Message& value) { return queue.try_enqueue(value); }
  bool pop(Message& value) { return queue.try_dequeue(value); }
  moodycamel::ConcurrentQueue<Message> queue;
};
/// As its documentation has it for the most speed: tokens, and many at once.
template <class Message>
struct of_concurrent_with_tokens {
  static constexpr bool takes_a_crowd = false;
  explicit of_concurrent_with_tokens(std::size_t capacity) : queue(capacity), in(queue), out(queue) {}
  bool push(const Message& value) { return queue.try_enqueue(in, value); }
  bool pop(Message& value) { return queue.try_dequeue(out, value); }
  std::size_t push_n(Message* values, std::size_t count) { return queue.try_enqueue_bulk(in, values, count) ? count : 0; }
  std::size_t pop_n(Message* values, std::size_t count) { return queue.try_dequeue_bulk(out, values, count); }
  moodycamel::ConcurrentQueue<Message> queue;
  moodycamel::ProducerToken in;
  moodycamel::ConsumerToken out;
};
#endif

#if ATLAS_BENCH_HAVE_ATOMIC_QUEUE
/// Its B2 keeps the elements beside their states, for any type and a capacity of the moment.
template <class Message, bool IsSpsc>
struct of_atomic {
  static constexpr bool takes_a_crowd = !IsSpsc;
  explicit of_atomic(std::size_t capacity) : queue(static_cast<unsigned>(capacity)) {}
  bool push(const Message& value) { return queue.try_push(value); }
  bool pop(Message& value) { return queue.try_pop(value); }
  atomic_queue::AtomicQueueB2<Message, std::allocator<Message>, true, false, IsSpsc> queue;
};
/// Its OptimistAtomicQueue: tickets, and a wait for the slot; the fastest that it has.
template <class Message>
struct of_optimist {
  static constexpr bool takes_a_crowd = true;
  explicit of_optimist(std::size_t capacity) : queue(static_cast<unsigned>(capacity)) {}
  bool push(const Message& value) {
    queue.push(value);
    return true;
  }
  bool pop(Message& value) {
    value = queue.pop();
    return true;
  }
  atomic_queue::AtomicQueueB2<Message> queue;
};
#endif

#if ATLAS_BENCH_HAVE_BOOST_LOCKFREE
template <class Message>
struct of_boost_spsc {
  static constexpr bool takes_a_crowd = false;
  explicit of_boost_spsc(std::size_t capacity) : queue(capacity) {}
  bool push(const Message& value) { return queue.push(value); }
  bool pop(Message& value) { return queue.pop(value); }
  std::size_t push_n(Message* values, std::size_t count) { return queue.push(values, count); }
  std::size_t pop_n(Message* values, std::size_t count) { return queue.pop(values, count); }
  boost::lockfree::spsc_queue<Message> queue;
};
template <class Message>
struct of_boost {
  static constexpr bool takes_a_crowd = true;
  explicit of_boost(std::size_t capacity) : queue(capacity) {}
  bool push(const Message& value) { return queue.bounded_push(value); }
  bool pop(Message& value) { return queue.pop(value); }
  boost::lockfree::queue<Message> queue;
};
#endif

#if ATLAS_BENCH_HAVE_TBB
template <class Message>
struct of_tbb {
  static constexpr bool takes_a_crowd = true;
  explicit of_tbb(std::size_t capacity) { queue.set_capacity(static_cast<std::ptrdiff_t>(capacity)); }
  bool push(const Message& value) { return queue.try_push(value); }
  bool pop(Message& value) { return queue.try_pop(value); }
  tbb::concurrent_bounded_queue<Message> queue;
};
#endif

#if ATLAS_BENCH_HAVE_RIGTORP
template <class Message>
struct of_rigtorp_spsc {
  static constexpr bool takes_a_crowd = false;
  explicit of_rigtorp_spsc(std::size_t capacity) : queue(capacity) {}
  bool push(const Message& value) { return queue.try_push(value); }
  bool pop(Message& value) {
    const Message* const front = queue.front();
    if (front == nullptr) return false;
    value = *front;
    queue.pop();
    return true;
  }
  rigtorp::SPSCQueue<Message> queue;
};
template <class Message>
struct of_rigtorp_mpmc {
  static constexpr bool takes_a_crowd = true;
  explicit of_rigtorp_mpmc(std::size_t capacity) : queue(capacity) {}
  bool push(const Message& value) { return queue.try_push(value); }
  bool pop(Message& value) { return queue.try_pop(value); }
  rigtorp::MPMCQueue<Message> queue;
};
#endif

template <class Message>
std::vector<contestant> spsc_peers_of([[maybe_unused]] std::size_t capacity) {
  std::vector<contestant> found;
#if ATLAS_BENCH_HAVE_READERWRITERQUEUE
  found.push_back(make_contestant<of_reader_writer<Message>, Message>("moodycamel::ReaderWriterQueue", capacity));
#endif
#if ATLAS_BENCH_HAVE_ATOMIC_QUEUE
  found.push_back(make_contestant<of_atomic<Message, true>, Message>("atomic_queue B2 SPSC", capacity));
#endif
#if ATLAS_BENCH_HAVE_BOOST_LOCKFREE
  found.push_back(make_contestant<of_boost_spsc<Message>, Message>("boost::lockfree::spsc_queue", capacity));
#endif
#if ATLAS_BENCH_HAVE_CONCURRENTQUEUE
  found.push_back(make_contestant<of_concurrent_with_tokens<Message>, Message>("moodycamel::ConcurrentQueue, tokens", capacity));
#endif
#if ATLAS_BENCH_HAVE_RIGTORP
  found.push_back(make_contestant<of_rigtorp_spsc<Message>, Message>("rigtorp::SPSCQueue", capacity));
#endif
  return found;
}

template <class Message>
std::vector<contestant> mpmc_peers_of(std::size_t capacity) {
  std::vector<contestant> found;
  found.push_back(make_contestant<of_mutex<Message>, Message>("std::mutex and a ring", capacity));
#if ATLAS_BENCH_HAVE_CONCURRENTQUEUE
  found.push_back(make_contestant<of_concurrent<Message>, Message>("moodycamel::ConcurrentQueue", capacity));
  found.back().is_linearizable = false;
#endif
#if ATLAS_BENCH_HAVE_ATOMIC_QUEUE
  found.push_back(make_contestant<of_atomic<Message, false>, Message>("atomic_queue B2", capacity));
  found.push_back(make_contestant<of_optimist<Message>, Message>("atomic_queue B2, push and pop", capacity));
#endif
#if ATLAS_BENCH_HAVE_BOOST_LOCKFREE
  found.push_back(make_contestant<of_boost<Message>, Message>("boost::lockfree::queue", capacity));
#endif
#if ATLAS_BENCH_HAVE_TBB
  found.push_back(make_contestant<of_tbb<Message>, Message>("tbb::concurrent_bounded_queue", capacity));
#endif
#if ATLAS_BENCH_HAVE_RIGTORP
  found.push_back(make_contestant<of_rigtorp_mpmc<Message>, Message>("rigtorp::MPMCQueue", capacity));
#endif
  return found;
}

}  // namespace

std::vector<contestant> spsc_peers(std::size_t message_bytes, std::size_t capacity) {
  return message_bytes == 8 ? spsc_peers_of<message<8>>(capacity) : spsc_peers_of<message<64>>(capacity);
}
std::vector<contestant> mpmc_peers(std::size_t message_bytes, std::size_t capacity) {
  return message_bytes == 8 ? mpmc_peers_of<message<8>>(capacity) : mpmc_peers_of<message<64>>(capacity);
}

std::string queue_peers_description() {
  std::string found = "std::mutex";
#if ATLAS_BENCH_HAVE_READERWRITERQUEUE
  found += ", moodycamel::ReaderWriterQueue (Debian)";
#endif
#if ATLAS_BENCH_HAVE_CONCURRENTQUEUE
  found += ", moodycamel::ConcurrentQueue (Debian)";
#endif
#if ATLAS_BENCH_HAVE_ATOMIC_QUEUE
  found += ", atomic_queue (Debian)";
#endif
#if ATLAS_BENCH_HAVE_BOOST_LOCKFREE
  found += std::string(", Boost ") + BOOST_LIB_VERSION;
#endif
#if ATLAS_BENCH_HAVE_TBB
  found += std::string(", oneTBB ") + TBB_runtime_version();
#endif
#if ATLAS_BENCH_HAVE_RIGTORP
  found += ", rigtorp";
#endif
  return found;
}

}  // namespace bench
