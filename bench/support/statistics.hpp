// SPDX-License-Identifier: Apache-2.0
// bench/support/statistics.hpp -- medians, quartiles, and the clocks of a measurement.
#ifndef ATLAS_BENCH_SUPPORT_STATISTICS_HPP
#define ATLAS_BENCH_SUPPORT_STATISTICS_HPP

#include <algorithm>
#include <ctime>
#include <vector>

namespace bench {

/// The value below which `share` of the sorted values lie (nearest rank). @pre not empty
inline double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
}
inline double median(const std::vector<double>& values) { return quantile(values, 0.5); }

inline double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}
/// Seconds this thread has run: what others take of a shared machine does not count.
inline double thread_seconds() { return seconds_of(CLOCK_THREAD_CPUTIME_ID); }
inline double wall_seconds() { return seconds_of(CLOCK_MONOTONIC); }

}  // namespace bench

#endif  // ATLAS_BENCH_SUPPORT_STATISTICS_HPP
