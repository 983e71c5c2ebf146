// SPDX-License-Identifier: Apache-2.0
// tests/support/row_entries.hpp -- the row kernels of a table as a list, and what each must answer.
#ifndef ATLAS_TESTS_SUPPORT_ROW_ENTRIES_HPP
#define ATLAS_TESTS_SUPPORT_ROW_ENTRIES_HPP

#include <atlas/simd/kernel_table.hpp>

#include "support/components.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

namespace support {

enum class operation {
  l2sq,
  dot,
  cosine,
  hamming,
  jaccard,
  common_bits
};

/// One row kernel of every table: what it computes, of what. A dimension counts bits if the type is b1.
struct row_entry {
  std::string name;  ///< "cosine f32_i8"
  operation what;
  atlas::kernels_v1::operands operands;  ///< meaningless for bits
  atlas::scalar query;
  atlas::scalar row;

  /// The kernel of the table in use.
  [[nodiscard]] atlas::kernels_v1::row_kernel kernel() const {
    const atlas::kernels_v1::kernel_table& table = atlas::kernels();
    switch (what) {
      case operation::l2sq: return table.l2sq[operands];
      case operation::dot: return table.dot[operands];
      case operation::cosine: return table.cosine[operands];
      case operation::hamming: return table.hamming;
      case operation::jaccard: return table.jaccard;
      case operation::common_bits: return table.common_bits;
    }
    std::abort();
  }
  [[nodiscard]] float one(const void* query_vector, const void* row_vector, std::size_t dimension) const {
    float found = -77.0F;
    kernel()(query_vector, row_vector, 0, nullptr, 1, dimension, &found);
    return found;
  }
  /// The same row 15 times at once, which leaves a rest of any group of rows, and then alone.
  [[nodiscard]] std::array<float, 16> in_groups(const void* query_vector, const void* row_vector,
                                                std::size_t dimension) const {
    std::array<float, 16> found;
    kernel()(query_vector, row_vector, 0, nullptr, 15, dimension, found.data());
    found[15] = one(query_vector, row_vector, dimension);
    return found;
  }
  [[nodiscard]] bool is_symmetric() const { return query == row; }
  [[nodiscard]] bool is_of_floats() const { return is_float(query); }
};

inline std::vector<row_entry> dense_entries() {
  using enum atlas::scalar;
  struct pair {
    const char* name;
    atlas::kernels_v1::operands operands;
    atlas::scalar query, row;
  };
  constexpr pair pairs[] = {
      {"f32_f32", atlas::kernels_v1::f32_f32, f32, f32},
      {"f16_f16", atlas::kernels_v1::f16_f16, f16, f16},
      {"bf16_bf16", atlas::kernels_v1::bf16_bf16, bf16, bf16},
      {"i8_i8", atlas::kernels_v1::i8_i8, i8, i8},
      {"u8_u8", atlas::kernels_v1::u8_u8, u8, u8},
      {"f32_f16", atlas::kernels_v1::f32_f16, f32, f16},
      {"f32_bf16", atlas::kernels_v1::f32_bf16, f32, bf16},
      {"f32_i8", atlas::kernels_v1::f32_i8, f32, i8},
      {"f32_u8", atlas::kernels_v1::f32_u8, f32, u8},
  };
  static_assert(std::size(pairs) == atlas::kernels_v1::operands_count);
  std::vector<row_entry> all;
  for (const pair& each : pairs) {
    all.push_back({std::string("l2sq ") + each.name, operation::l2sq, each.operands, each.query, each.row});
    all.push_back({std::string("dot ") + each.name, operation::dot, each.operands, each.query, each.row});
    all.push_back({std::string("cosine ") + each.name, operation::cosine, each.operands, each.query, each.row});
  }
  return all;
}
inline std::vector<row_entry> bit_entries() {
  using enum atlas::scalar;
  return {{"hamming", operation::hamming, atlas::kernels_v1::operands_count, b1, b1},
          {"jaccard", operation::jaccard, atlas::kernels_v1::operands_count, b1, b1},
          {"common_bits", operation::common_bits, atlas::kernels_v1::operands_count, b1, b1}};
}
inline std::vector<row_entry> row_entries() {
  std::vector<row_entry> all = dense_entries();
  for (row_entry& each : bit_entries()) all.push_back(each);
  return all;
}

// ---- what a row kernel must answer -----------------------------------------------------------------------------

/// Sums over the components of a query and a row, in float64: exact for bytes, bits and small integers.
struct exact_sums {
  std::size_t dimension = 0;
  double l2sq = 0;
  double dot = 0;
  double absolute_dot = 0;  ///< of |query[i] * row[i]|
  double query_squared = 0;
  double row_squared = 0;

  void add(double query, double row) {
    ++dimension;
    l2sq += (query - row) * (query - row);
    dot += query * row;
    absolute_dot += std::abs(query * row);
    query_squared += query * query;
    row_squared += row * row;
  }
};

inline exact_sums sums_of(const row_entry& entry, const void* query, const void* row, std::size_t dimension) {
  exact_sums sums;
  for (std::size_t i = 0; i < dimension; ++i) sums.add(component(entry.query, query, i), component(entry.row, row, i));
  return sums;
}

/// atlas::cosine from the three sums, each rounded to float32.
inline float cosine_of_sums(float dot, float query_squared, float row_squared) {
  const double lengths_squared = static_cast<double>(query_squared) * static_cast<double>(row_squared);
  if (lengths_squared == 0.0) return 1.0F;
  if (!std::isfinite(lengths_squared)) return std::numeric_limits<float>::quiet_NaN();
  const double distance = 1.0 - static_cast<double>(dot) / std::sqrt(lengths_squared);
  if (distance < 0.0) return 0.0F;
  return distance > 2.0 ? 2.0F : static_cast<float>(distance);
}

/// The answer if every sum is exact in float32, or rounded once.
inline float rounded_answer(operation what, const exact_sums& sums) {
  switch (what) {
    case operation::l2sq:
    case operation::hamming: return static_cast<float>(sums.l2sq);
    case operation::dot:
    case operation::common_bits: return static_cast<float>(sums.dot);
    case operation::cosine:
      return cosine_of_sums(static_cast<float>(sums.dot), static_cast<float>(sums.query_squared),
                            static_cast<float>(sums.row_squared));
    case operation::jaccard: {
      const double in_either = sums.query_squared + sums.row_squared - sums.dot;
      return in_either == 0 ? 0.0F : static_cast<float>(1.0 - sums.dot / in_either);
    }
  }
  std::abort();
}

/// Whether an answer keeps the promised bound of simd/kernel_entries.hpp (for the cosine, of distance.hpp).
/// @pre no sum overflows or underflows
inline bool keeps_bound(operation what, const exact_sums& sums, float found) {
  const double unit = std::ldexp(1.0, -24);
  const auto dimension = static_cast<double>(sums.dimension);
  const double answer = static_cast<double>(found);
  switch (what) {
    case operation::l2sq: return std::abs(answer - sums.l2sq) <= (dimension + 3) * unit * sums.l2sq;
    case operation::dot: return std::abs(answer - sums.dot) <= (dimension + 3) * unit * sums.absolute_dot;
    case operation::cosine: {
      const double lengths = std::sqrt(sums.query_squared) * std::sqrt(sums.row_squared);
      const double exact = lengths == 0 ? 1.0 : 1.0 - sums.dot / lengths;
      return answer >= 0 && answer <= 2 && std::abs(answer - exact) <= 2 * (dimension + 4) * unit;
    }
    default:
      return found == rounded_answer(what, sums);
  }
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_ROW_ENTRIES_HPP
