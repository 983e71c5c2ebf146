// SPDX-License-Identifier: Apache-2.0
// bench/support/typed_rows.hpp -- one query and many rows of any stored type, and what their distances are in double.
#ifndef ATLAS_BENCH_SUPPORT_TYPED_ROWS_HPP
#define ATLAS_BENCH_SUPPORT_TYPED_ROWS_HPP

#include <atlas/distance/scalar.hpp>  // scalar

#include "support/components.hpp"  // component: the value behind the bits
#include "support/pages.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

/// Random components: floats of every type in [-1, 1), bytes of the whole range, bits.
inline void fill_random(atlas::scalar type, void* to, std::size_t bytes, std::uint64_t seed) {
  std::uint64_t state = seed * 0x9E3779B97F4A7C15U + 1;
  const auto next = [&state] {  // xorshift64*, Vigna 2016: fast enough for a GiB
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545F4914F6CDD1DU;
  };
  for (std::size_t at = 0; at + 8 <= bytes; at += 8) {
    const std::uint64_t random = next();
    std::uint64_t eight = random;
    if (type == atlas::scalar::f32) {
      const float pair[2] = {static_cast<float>(static_cast<std::int32_t>(random)) * 0x1p-31F,
                             static_cast<float>(static_cast<std::int32_t>(random >> 32)) * 0x1p-31F};
      std::memcpy(&eight, pair, sizeof eight);
    } else if (type == atlas::scalar::bf16 || type == atlas::scalar::f16) {
      // Sign and fraction as they fall; the exponent from four below 1 up to just below it.
      const std::uint64_t lowest = 0x0001000100010001U;
      const int fraction = type == atlas::scalar::bf16 ? 7 : 10;
      const std::uint64_t kept = lowest * (0x8000U | ((1U << fraction) - 1U));
      const std::uint64_t exponents = (random >> fraction) & (lowest * 3U);
      const std::uint64_t base = lowest * static_cast<std::uint64_t>(type == atlas::scalar::bf16 ? 123 : 11);
      eight = (random & kept) | ((exponents + base) << fraction);
    }
    std::memcpy(static_cast<char*>(to) + at, &eight, 8);
  }
}

/// The sums that every distance is made of, in double.
struct exact_sums {
  double l2sq = 0;
  double dot = 0;
  double absolute_dot = 0;  ///< bounds the error of dot
  double query_squares = 0;
  double row_squares = 0;

  void add(double a, double b) {
    l2sq += (a - b) * (a - b);
    dot += a * b;
    absolute_dot += std::abs(a * b);
    query_squares += a * a;
    row_squares += b * b;
  }
};

/// Who computed a wrong answer is not timed.
inline void require_close(const std::string& who, std::size_t row, double got, double wanted, double bound) {
  if (std::abs(got - wanted) <= bound) return;
  throw std::runtime_error(who + ": row " + std::to_string(row) + " gives " + std::to_string(got) + " instead of " +
                           std::to_string(wanted) + " (bound " + std::to_string(bound) + ")");
}

/// One query and dense rows. For b1, `dimension` is a multiple of 8.
class typed_rows {
 public:
  typed_rows(atlas::scalar query_type, atlas::scalar row_type, std::size_t dimension, std::size_t count)
      : query_type_(query_type),
        row_type_(row_type),
        dimension_(dimension),
        count_(count),
        query_(atlas::vector_bytes(query_type, dimension) + 8),
        rows_(row_bytes() * count + 8) {
    fill_random(query_type, query_.as<char>(), atlas::vector_bytes(query_type, dimension) + 8, 1);
    fill_random(row_type, rows_.as<char>(), row_bytes() * count + 8, 2);
  }

  [[nodiscard]] std::size_t dimension() const { return dimension_; }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::size_t row_bytes() const { return atlas::vector_bytes(row_type_, dimension_); }
  [[nodiscard]] std::size_t bytes() const { return row_bytes() * count_; }
  template <class T = void>
  [[nodiscard]] const T* query() const {
    return query_.as<const T>();
  }
  template <class T = void>
  [[nodiscard]] const T* rows() const {
    return rows_.as<const T>();
  }
  [[nodiscard]] const char* row(std::size_t i) const { return rows_.as<const char>() + i * row_bytes(); }

  [[nodiscard]] exact_sums sums(std::size_t i) const {
    exact_sums found;
    for (std::size_t at = 0; at < dimension_; ++at) {
      found.add(support::component(query_type_, query(), at), support::component(row_type_, row(i), at));
    }
    return found;
  }
  /// The bits that differ. @pre b1
  [[nodiscard]] double hamming(std::size_t i) const {
    int differing = 0;
    for (std::size_t at = 0; at < row_bytes(); ++at) {
      differing +=
          std::popcount(static_cast<unsigned>(query<std::uint8_t>()[at] ^ static_cast<std::uint8_t>(row(i)[at])));
    }
    return differing;
  }

 private:
  atlas::scalar query_type_;
  atlas::scalar row_type_;
  std::size_t dimension_;
  std::size_t count_;
  pages query_;
  pages rows_;
};

}  // namespace bench

#endif  // ATLAS_BENCH_SUPPORT_TYPED_ROWS_HPP
