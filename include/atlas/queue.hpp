// SPDX-License-Identifier: Apache-2.0
// include/atlas/queue.hpp -- bounded queues between threads, and between processes.
//
// Room:      mpmc_queue (any number of threads on both sides), mpsc_queue (one consumer), spsc_queue (one on each side,
//            in two layouts), bounded_queue (all of these); priority_queue (a lane for each level of urgency);
//            overflow_queue (drops, coalesces or refuses what a slow reader leaves no room for); broadcast_ring (one
//            writer, every reader sees every element); byte_ring (records of any length, in place); sleeping, spinning
//            and yielding, of which each queue is given one; wait_any (until one of several queues has an element) and
//            queue_event (the same as a descriptor for epoll and asyncio); shm_sender and shm_receiver (messages from
//            many processes to one, through shared memory with a name).
// Not here:  sharing out independent tasks (core/thread_pool.hpp).
// Depends:   core, and Linux: eventfd, shared memory. Includes no <atomic>, no <thread>.
// Threads:   as each queue says; all of it within one process, but for queue/shm_channel.hpp.
//
//   auto queue = atlas::mpmc_queue<job>::create(1024).value();
//   producers:  if (!queue.push(std::move(next)).ok()) return;   // waits for room; fails after close()
//   the last:   queue.close();
//   consumers:  for (job next; queue.pop(next).ok();) work(next); // waits; ends when closed and drained
#ifndef ATLAS_QUEUE_HPP
#define ATLAS_QUEUE_HPP

#include <atlas/queue/broadcast_ring.hpp>  // broadcast_ring
#include <atlas/queue/byte_ring.hpp>       // byte_ring
#include <atlas/queue/mpmc_queue.hpp>      // mpmc_queue, mpsc_queue
#include <atlas/queue/overflow_queue.hpp>  // overflow_queue
#include <atlas/queue/priority_queue.hpp>  // priority_queue
#include <atlas/queue/queue_event.hpp>     // queue_event
#include <atlas/queue/shm_channel.hpp>     // shm_sender, shm_receiver, remove_shm_channel
#include <atlas/queue/spsc_queue.hpp>      // spsc_queue, index_cached, slot_sequenced
#include <atlas/queue/wait_any.hpp>        // wait_any, wait_any_of, wait_turn

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
  queue.has_element();
  queue.capacity();
  queue.size_approx();
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_QUEUE_HPP
