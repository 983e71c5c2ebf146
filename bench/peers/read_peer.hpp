// SPDX-License-Identifier: Apache-2.0
// bench/peers/read_peer.hpp -- the limit: how fast one thread reads a buffer if it does nothing else with it.
#ifndef ATLAS_BENCH_PEERS_READ_PEER_HPP
#define ATLAS_BENCH_PEERS_READ_PEER_HPP

#include <cstddef>
#include <cstdint>

namespace bench {

/// Loads every byte once, front to back, into eight registers of exclusive ors: the widest plain loads that the
/// compiler knows for this machine, no prefetch, no streaming. @return  the exclusive or, so that no load is dropped
std::uint64_t read_all(const void* bytes, std::size_t length) noexcept;

/// "AVX-512", "AVX2", "SSE2" or "64-bit": what read_all was compiled for.
const char* read_isa() noexcept;

}  // namespace bench

#endif  // ATLAS_BENCH_PEERS_READ_PEER_HPP
