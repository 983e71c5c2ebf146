// SPDX-License-Identifier: Apache-2.0
// tests/support/reference.hpp -- the slow, obvious answers that the fast ones are compared with.
#ifndef ATLAS_TESTS_SUPPORT_REFERENCE_HPP
#define ATLAS_TESTS_SUPPORT_REFERENCE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace support {

inline double l2sq_float64(const float* a, const float* b, std::size_t dimension) {
  double sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    sum += difference * difference;
  }
  return sum;
}

inline double dot_float64(const float* a, const float* b, std::size_t dimension) {
  double sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

/// Sum of |a[i] * b[i]|, which bounds the error of a dot product.
inline double absolute_dot_float64(const float* a, const float* b, std::size_t dimension) {
  double sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) sum += std::abs(static_cast<double>(a[i]) * static_cast<double>(b[i]));
  return sum;
}

inline double cosine_float64(const float* a, const float* b, std::size_t dimension) {
  return 1.0 - dot_float64(a, b, dimension) / std::sqrt(dot_float64(a, a, dimension) * dot_float64(b, b, dimension));
}

/// The promised bounds of simd/kernel_entries.hpp.
inline double l2sq_bound(double exact, std::size_t dimension) {
  return static_cast<double>(dimension + 3) * std::ldexp(1.0, -24) * exact;
}
inline double dot_bound(const float* a, const float* b, std::size_t dimension) {
  return static_cast<double>(dimension + 3) * std::ldexp(1.0, -24) * absolute_dot_float64(a, b, dimension);
}

/// The k least (distance, id), nearest first, by sorting all of them; NaN left out.
inline std::vector<std::pair<float, std::uint32_t>> sorted_top_k(const std::vector<float>& distances, std::size_t k) {
  std::vector<std::pair<float, std::uint32_t>> all;
  for (std::size_t id = 0; id < distances.size(); ++id) {
    if (!std::isnan(distances[id])) all.emplace_back(distances[id], static_cast<std::uint32_t>(id));
  }
  std::sort(all.begin(), all.end());
  all.resize(std::min(all.size(), k));
  return all;
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_REFERENCE_HPP
