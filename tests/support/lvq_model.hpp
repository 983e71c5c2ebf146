// SPDX-License-Identifier: Apache-2.0
// tests/support/lvq_model.hpp -- rows of scalar codes as their documentation says them, in double, one code at a time.
#ifndef ATLAS_TESTS_SUPPORT_LVQ_MODEL_HPP
#define ATLAS_TESTS_SUPPORT_LVQ_MODEL_HPP

#include <atlas/core/memory.hpp>
#include <atlas/quantize/lvq.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace support {

/// Memory aligned to 64 bytes, filled with a byte that is none of ours.
template <class T>
atlas::buffer<T> aligned_memory(std::size_t count) {
  atlas::buffer<T> memory;
  if (!memory.resize(count).ok()) std::abort();
  if (count != 0) std::memset(static_cast<void*>(memory.data()), 0xEE, count * sizeof(T));
  return memory;
}

inline atlas::lvq_terms terms_of(const atlas::lvq_layout& layout, const std::byte* row) {
  return atlas::load_unaligned<atlas::lvq_terms>(row + layout.code_bytes);
}
inline unsigned code_of(const atlas::lvq_layout& layout, const std::byte* row, std::size_t i) {
  if (layout.bits == atlas::lvq_bits::eight) return std::to_integer<unsigned>(row[i]);
  const auto pair = std::to_integer<unsigned>(row[i / 128 * 64 + i % 64]);
  return i / 64 % 2 == 0 ? pair % 16 : pair / 16;
}
/// Component i of what a row, or a prepared query, stands for.
inline double number_of(const atlas::lvq_layout& layout, const std::byte* row, std::size_t i) {
  const atlas::lvq_terms terms = terms_of(layout, row);
  return static_cast<double>(terms.lower) + static_cast<double>(terms.step) * code_of(layout, row, i);
}
inline double number_of(const atlas::lvq_query& query, std::size_t i) {
  return static_cast<double>(query.middle) + static_cast<double>(query.step) * query.components[i];
}

/// vector * scale - centre.
inline std::vector<double> centred(const float* vector, float scale, const float* centre, std::size_t dimension) {
  std::vector<double> numbers(dimension);
  for (std::size_t i = 0; i < dimension; ++i) {
    numbers[i] = static_cast<double>(vector[i]) * static_cast<double>(scale) - static_cast<double>(centre[i]);
  }
  return numbers;
}
/// How far rounding moves component i of it, in float: of the product and of the difference.
inline double centred_error(const float* vector, float scale, const float* centre, std::size_t i) {
  const double product = std::abs(static_cast<double>(vector[i]) * static_cast<double>(scale));
  return std::ldexp(2 * product + std::abs(static_cast<double>(centre[i])), -24) + std::ldexp(1.0, -148);
}

/// The distance that lvq_distances promises, and how far from it its answer may be.
struct lvq_answer {
  double distance;
  double bound;
};
inline lvq_answer lvq_distance(const atlas::lvq_layout& layout, atlas::metric which, const atlas::lvq_query& query,
                               const std::byte* row) {
  const atlas::lvq_terms terms = terms_of(layout, row);
  double product = 0;
  double difference = 0;
  double dot = 0;
  for (std::size_t i = 0; i < layout.dimension; ++i) {
    const double q = number_of(query, i);
    const double x = number_of(layout, row, i);
    product += q * x;
    difference += (q - x) * (q - x);
    dot += query.components[i] * static_cast<double>(code_of(layout, row, i));
  }
  const auto size = [](float a, double b) { return std::abs(static_cast<double>(a) * b); };
  const double inner = size(query.middle, static_cast<double>(terms.sum)) +
                       size(query.step_sum, static_cast<double>(terms.lower)) +
                       size(query.step, static_cast<double>(terms.step) * dot);
  lvq_answer answer{difference, std::ldexp(size(query.base, 1) + size(terms.norm, 1) + size(query.weight, inner), -21)};
  if (which == atlas::metric::cosine) answer.distance *= 0.5;
  if (which == atlas::metric::inner_product) {
    answer.distance = static_cast<double>(query.base) + static_cast<double>(terms.norm) - product;
  }
  return answer;
}

inline double length(const std::vector<double>& numbers) {
  double sum = 0;
  for (const double number : numbers) sum += number * number;
  return std::sqrt(sum);
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_LVQ_MODEL_HPP
