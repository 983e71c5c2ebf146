// SPDX-License-Identifier: Apache-2.0
// tests/support/nearest_model.hpp -- the nearest rows of many queries by sorting all distances, and awkward data for it.
#ifndef ATLAS_TESTS_SUPPORT_NEAREST_MODEL_HPP
#define ATLAS_TESTS_SUPPORT_NEAREST_MODEL_HPP

#include <atlas/distance/distances.hpp>
#include <atlas/distance/nearest.hpp>

#include "support/reference.hpp"
#include "support/vectors.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace support {

/// Vectors with gaps between them.
struct float_block {
  std::size_t rows;
  std::size_t dimension;
  std::size_t stride;
  std::vector<float> values;

  [[nodiscard]] atlas::matrix_view view() const { return {values.data(), rows, dimension, stride}; }
  [[nodiscard]] float* row(std::size_t index) { return values.data() + index * stride; }
};

/// Kinds of data that a search by rounded products has its troubles with, among them ordinary ones.
inline constexpr const char* kinds_of_data[] = {"random",  "few values", "all alike", "far away",
                                                "lengths", "odd",        "near",      "tiny"};

inline float_block make_block(const std::string& kind, std::uint64_t seed, std::size_t rows, std::size_t dimension,
                              std::size_t gap) {
  float_block made{rows, dimension, dimension + gap, random_vector(seed, rows * (dimension + gap))};
  std::mt19937_64 bits(seed + 1);
  if (kind == "few values") made.values = random_integers(seed, made.values.size(), 1);
  for (std::size_t row = 0; row < rows; ++row) {
    float* values = made.row(row);
    const double scale = std::ldexp(1.0, static_cast<int>(bits() % 40) - 20);
    const auto choice = bits() % 16;
    for (std::size_t i = 0; i < dimension; ++i) {
      if (kind == "all alike") values[i] = static_cast<float>(i % 5) - 1.5F;
      if (kind == "far away") values[i] = 1000.0F + values[i];
      if (kind == "lengths") values[i] = static_cast<float>(static_cast<double>(values[i]) * scale);
      if (kind == "near") values[i] = static_cast<float>(i % 3) + values[i] / 1024.0F;
      if (kind == "tiny") values[i] *= 1e-18F;
      if (kind != "odd") continue;
      if (choice == 0) values[i] = 0.0F;
      if (choice == 1) values[i] *= 1e19F;
      if (choice == 2) values[i] *= 1e-25F;
      if (choice == 3 && i == dimension - 1) values[i] = std::numeric_limits<float>::quiet_NaN();
      if (choice == 4 && i == dimension / 2) values[i] = std::numeric_limits<float>::infinity();
      if (choice == 5) values[i] *= 3e17F;
    }
  }
  return made;
}

/// What nearest must give for each query, by sorting the distances that one query at a time has.
inline std::vector<atlas::neighbour> sorted_nearest(atlas::matrix_view queries, atlas::matrix_view rows,
                                                    atlas::metric which, std::size_t k,
                                                    std::vector<std::uint32_t>* counts = nullptr) {
  std::vector<atlas::neighbour> all(queries.rows * k, {std::numeric_limits<float>::infinity(), ~std::uint32_t{0}});
  std::vector<float> distances(rows.rows);
  for (std::size_t query = 0; query < queries.rows; ++query) {
    static_cast<void>(atlas::distances(queries.row(query), rows, which, distances.data()).value());
    const auto sorted = sorted_top_k(distances, k);
    for (std::size_t i = 0; i < sorted.size(); ++i) all[query * k + i] = {sorted[i].first, sorted[i].second};
    if (counts != nullptr) counts->push_back(static_cast<std::uint32_t>(sorted.size()));
  }
  return all;
}

/// Equal rows and equal bits.
inline bool are_same(const std::vector<atlas::neighbour>& left, const std::vector<atlas::neighbour>& right) {
  return left.size() == right.size() &&
         (left.empty() || std::memcmp(left.data(), right.data(), left.size() * sizeof(atlas::neighbour)) == 0);
}

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_NEAREST_MODEL_HPP
