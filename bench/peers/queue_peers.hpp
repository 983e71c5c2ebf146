// SPDX-License-Identifier: Apache-2.0
// bench/peers/queue_peers.hpp -- other libraries' bounded queues between threads.
#ifndef ATLAS_BENCH_PEERS_QUEUE_PEERS_HPP
#define ATLAS_BENCH_PEERS_QUEUE_PEERS_HPP

#include "queue/contestant.hpp"

#include <string>
#include <vector>

namespace bench {

/// Those that are there, of messages of 8 or 64 bytes: of one producer and one consumer, and of any number.
std::vector<contestant> spsc_peers(std::size_t message_bytes, std::size_t capacity);
std::vector<contestant> mpmc_peers(std::size_t message_bytes, std::size_t capacity);

/// Which they are, and their versions.
std::string queue_peers_description();

}  // namespace bench

#endif  // ATLAS_BENCH_PEERS_QUEUE_PEERS_HPP
