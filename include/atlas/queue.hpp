// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue.hpp -- bounded queues between threads.
//
// Room:      mpmc_ring (any number of threads on both sides), spsc_ring (one on each), bounded_queue (both).
// Not here:  sharing out independent tasks (core/thread_pool.hpp), other processes.
// Depends:   core only. Includes no <atomic>, no <thread>.
// Threads:   as each queue says; all of it within one process.
//
//   auto queue = atlas::mpmc_ring<job>::create(1024).value();
//   producers:  if (!queue.push(std::move(next)).ok()) return;   // waits for room; fails after close()
//   the last:   queue.close();
//   consumers:  for (job next; queue.pop(next).ok();) work(next); // waits; ends when closed and drained
#ifndef ATLAS_QUEUE_HPP
#define ATLAS_QUEUE_HPP

#include <atlas/queue/mpmc_ring.hpp>  // mpmc_ring
#include <atlas/queue/spsc_ring.hpp>  // spsc_ring

namespace atlas { inline namespace ATLAS_ABI {

/// What the queues have in common, for code that takes either.
template <class Queue>
concept bounded_queue = requires(Queue& queue, typename Queue::value_type& value,
                                 span<typename Queue::value_type> values) {
  queue.try_push(static_cast<typename Queue::value_type&&>(value));
  queue.try_pop(value);
  queue.push(static_cast<typename Queue::value_type&&>(value), std::uint64_t{});
  queue.pop(value, std::uint64_t{});
  queue.try_push_n(values);
  queue.try_pop_n(values);
  queue.close();
  queue.is_closed();
  queue.capacity();
  queue.size_approx();
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_HPP
