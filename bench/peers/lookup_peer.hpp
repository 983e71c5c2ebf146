// SPDX-License-Identifier: Apache-2.0
// bench/peers/lookup_peer.hpp -- the limit of a scan of 4-bit codes: its table look-ups, and nothing done with them.
#ifndef ATLAS_BENCH_PEERS_LOOKUP_PEER_HPP
#define ATLAS_BENCH_PEERS_LOOKUP_PEER_HPP

#include <cstddef>
#include <cstdint>

namespace bench {

/// Looks up every code of some blocks of 32 rows, as atlas/distance/code_distance.hpp says they lie, by the widest table
/// instruction that the compiler knows for this machine. What was looked up is neither added up nor stored.
///
/// @param tables        [parts, 16]
/// @param codes         the first block's codes
/// @param stride_bytes  from a block's codes to the next one's
/// @param parts         a multiple of 4
void look_up_all(const std::uint8_t* tables, const void* codes, std::size_t stride_bytes, std::size_t block_count,
                 std::size_t parts) noexcept;

/// Codes that one instruction looks up.
std::size_t lookups_at_once() noexcept;
/// "AVX-512 VBMI", "AVX2", "SSSE3", "NEON" or "plain": what look_up_all was compiled for.
const char* lookup_isa() noexcept;

}  // namespace bench

#endif  // ATLAS_BENCH_PEERS_LOOKUP_PEER_HPP
