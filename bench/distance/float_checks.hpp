// SPDX-License-Identifier: Apache-2.0
// bench/distance/float_checks.hpp -- whether a side's distances of float32 rows are right, before it is timed.
#ifndef ATLAS_BENCH_DISTANCE_FLOAT_CHECKS_HPP
#define ATLAS_BENCH_DISTANCE_FLOAT_CHECKS_HPP

#include "distance/case_frame.hpp"
#include "support/typed_rows.hpp"

#include <cmath>
#include <cstdint>
#include <string>

namespace bench {

/// The sums of one row of floats: eight partial sums, so that a GiB takes half a second.
inline exact_sums float_sums(const float* a, const float* b, std::size_t dimension) {
  double squares[8] = {}, products[8] = {}, absolute[8] = {};
  for (std::size_t at = 0; at + 8 <= dimension; at += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) {
      const double x = static_cast<double>(a[at + lane]), y = static_cast<double>(b[at + lane]);
      squares[lane] += (x - y) * (x - y);
      products[lane] += x * y;
      absolute[lane] += std::abs(x * y);
    }
  }
  for (std::size_t at = dimension / 8 * 8; at < dimension; ++at) {
    const double x = static_cast<double>(a[at]), y = static_cast<double>(b[at]);
    squares[0] += (x - y) * (x - y);
    products[0] += x * y;
    absolute[0] += std::abs(x * y);
  }
  exact_sums found;
  for (std::size_t lane = 0; lane < 8; ++lane) {
    found.l2sq += squares[lane];
    found.dot += products[lane];
    found.absolute_dot += absolute[lane];
  }
  return found;
}

/// What a side's numbers are.
enum class meaning {
  l2sq,
  product,
  product_distance
};

/// Throws where a number is not what double gives, within the bounds that ATLAS promises.
inline void check_floats(const std::string& who, meaning what, const float* query, const float* rows,
                         std::size_t dimension, const std::uint32_t* ids, std::size_t count, const float* got) {
  const double share = static_cast<double>(dimension + 4) * half_ulp;
  for (std::size_t row = 0; row < count; ++row) {
    const auto exact = float_sums(query, rows + (ids == nullptr ? row : ids[row]) * dimension, dimension);
    if (what == meaning::l2sq) {
      require_close(who, row, static_cast<double>(got[row]), exact.l2sq, share * exact.l2sq);
    } else {
      const double wanted = what == meaning::product ? exact.dot : 1 - exact.dot;
      require_close(who, row, static_cast<double>(got[row]), wanted, share * (1 + exact.absolute_dot));
    }
  }
}

}  // namespace bench

#endif  // ATLAS_BENCH_DISTANCE_FLOAT_CHECKS_HPP
