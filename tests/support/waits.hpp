// SPDX-License-Identifier: Apache-2.0
// tests/support/waits.hpp -- deadlines and delays for tests of who waits for whom.
#ifndef ATLAS_TESTS_SUPPORT_WAITS_HPP
#define ATLAS_TESTS_SUPPORT_WAITS_HPP

#include <atlas/core/clock.hpp>
#include <atlas/core/futex.hpp>

#include <cstdint>

namespace support {

/// So late that only a defect lets it come: a wait whose wake-up was lost ends then. It may even succeed; so a test
/// ends with a look at the clock.
inline std::uint64_t soon() { return atlas::monotonic_ns() + 60'000'000'000; }

/// Passes up to some 20 us, so that what follows comes while the other side spins, announces itself, or sleeps.
inline void dawdle(std::uint32_t round) {
  for (std::uint32_t i = 0; i < round * 37 % 500; ++i) atlas::spin_pause();
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_WAITS_HPP
