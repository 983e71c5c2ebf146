// SPDX-License-Identifier: Apache-2.0
// tests/reject/spinning_queue_watched.cpp -- a queue whose waiters spin signals nothing that others could wait for.
// reject: a queue that waits by spinning or yielding signals nothing
#include <atlas/queue.hpp>

#if REJECT
using queue = atlas::mpmc_queue<int, atlas::spinning>;
#else
using queue = atlas::mpmc_queue<int>;
#endif

atlas::result<std::size_t> wait(queue& waited) { return atlas::wait_any(1, waited); }
atlas::status watch(atlas::queue_event& event, queue& watched) { return event.watch(watched); }
