// SPDX-License-Identifier: Apache-2.0
// include/atlas/core/hash.hpp -- XXH3, the one hash of files, chunk ids and the hashing embedder.
//
// Room:      64- and 128-bit one-shot hashes and a 64-bit streaming one. Nothing else names xxHash.
// Depends:   core/config.hpp, xxHash (inlined, nothing to link).
#ifndef ATLAS_CORE_HASH_HPP
#define ATLAS_CORE_HASH_HPP

#include <atlas/core/config.hpp>  // ATLAS_ABI

#if !defined(XXH_INLINE_ALL)
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>

namespace atlas { inline namespace ATLAS_ABI {

struct hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend constexpr bool operator==(const hash128&, const hash128&) noexcept = default;
};

/// XXH3-64 of `size_bytes` bytes. The same on every machine. `data` may be null when the size is 0.
[[nodiscard]] inline std::uint64_t xxh3_64(const void* data, std::size_t size_bytes, std::uint64_t seed = 0) noexcept {
  return XXH3_64bits_withSeed(data, size_bytes, seed);
}
/// XXH3-128 of `size_bytes` bytes.
[[nodiscard]] inline hash128 xxh3_128(const void* data, std::size_t size_bytes, std::uint64_t seed = 0) noexcept {
  const XXH128_hash_t sum = XXH3_128bits_withSeed(data, size_bytes, seed);
  return {sum.low64, sum.high64};
}

/// XXH3-64 of bytes that come in pieces; equals xxh3_64 of them laid end to end. 576 bytes, no allocation.
class hash_stream {
 public:
  hash_stream() noexcept { XXH3_64bits_reset(&state_); }
  void update(const void* data, std::size_t size_bytes) noexcept { XXH3_64bits_update(&state_, data, size_bytes); }
  [[nodiscard]] std::uint64_t digest() const noexcept { return XXH3_64bits_digest(&state_); }

 private:
  XXH3_state_t state_;
};

}}  // namespace atlas::ATLAS_ABI

#endif  // ATLAS_CORE_HASH_HPP
