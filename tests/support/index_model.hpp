// SPDX-License-Identifier: Apache-2.0
// tests/support/index_model.hpp -- what an index must answer, from a std::map and a sort; and vectors for which every
// distance is exact in float32, so that answers can be compared with ==.
#ifndef ATLAS_TESTS_SUPPORT_INDEX_MODEL_HPP
#define ATLAS_TESTS_SUPPORT_INDEX_MODEL_HPP

#include <atlas/distance/matrix_view.hpp>
#include <atlas/distance/metric.hpp>
#include <atlas/storage/file_header.hpp>

#include "support/reference.hpp"
#include "support/vectors.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <tuple>
#include <vector>

namespace support {

/// Components of the vectors below. Sixteen components of +-1 have length 4, so that even under cosine nothing is
/// rounded: every distance is a multiple of 1/8.
inline constexpr std::size_t grid_dimension = 16;

/// shape [rows, grid_dimension]. Exact under the metric, with many equal distances and some equal vectors.
inline std::vector<float> grid_vectors(atlas::metric metric, std::uint64_t seed, std::size_t rows) {
  std::vector<float> values = random_integers(seed, rows * grid_dimension, metric == atlas::metric::cosine ? 1 : 3);
  if (metric == atlas::metric::cosine) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] == 0.0F) values[i] = (i * 7 + seed) % 3 == 0 ? -1.0F : 1.0F;
    }
  }
  return values;
}
inline atlas::matrix_view grid(const std::vector<float>& values) {
  return atlas::dense(values.data(), values.size() / grid_dimension, grid_dimension);
}

inline double distance_float64(atlas::metric metric, const float* a, const float* b, std::size_t dimension) {
  switch (metric) {
    case atlas::metric::l2sq: return l2sq_float64(a, b, dimension);
    case atlas::metric::inner_product: return 1.0 - dot_float64(a, b, dimension);
    default: return cosine_float64(a, b, dimension);
  }
}

struct expected_hit {
  std::uint64_t key;
  double distance;
  friend bool operator==(const expected_hit&, const expected_hit&) = default;
};

/// Keys and vectors. What is equally far a flat index answers in the order of adding, where an upsert adds anew, and a graph
/// in the order of keys.
class index_model {
 public:
  index_model(atlas::metric metric, atlas::file_kind kind) : metric_(metric), kind_(kind) {}

  void put(std::uint64_t key, const float* vector, std::size_t dimension) {
    stored_[key] = {++last_added_, std::vector<float>(vector, vector + dimension)};
  }
  void put(const std::vector<std::uint64_t>& keys, const atlas::matrix_view& vectors) {
    for (std::size_t i = 0; i < keys.size(); ++i) put(keys[i], vectors.row(i), vectors.dimension);
  }
  bool remove(std::uint64_t key) { return stored_.erase(key) != 0; }

  [[nodiscard]] bool contains(std::uint64_t key) const { return stored_.contains(key); }
  [[nodiscard]] const std::vector<float>& vector(std::uint64_t key) const { return stored_.at(key).vector; }
  [[nodiscard]] std::size_t size() const { return stored_.size(); }
  /// All keys, sorted.
  [[nodiscard]] std::vector<std::uint64_t> keys() const {
    std::vector<std::uint64_t> keys;
    for (const auto& [key, entry] : stored_) keys.push_back(key);
    return keys;
  }
  [[nodiscard]] std::vector<std::uint64_t> keys_as_added() const {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ordered;
    for (const auto& [key, entry] : stored_) ordered.emplace_back(entry.added, key);
    std::sort(ordered.begin(), ordered.end());
    std::vector<std::uint64_t> keys;
    for (const auto& [added, key] : ordered) keys.push_back(key);
    return keys;
  }

  using key_test = std::function<bool(std::uint64_t)>;
  /// All allowed keys, nearest first.
  [[nodiscard]] std::vector<expected_hit> sorted(const float* query, const key_test& allowed = {}) const {
    std::vector<std::tuple<double, std::uint64_t, std::uint64_t>> all;
    for (const auto& [key, entry] : stored_) {
      if (allowed && !allowed(key)) continue;
      const std::uint64_t among_equals = kind_ == atlas::file_kind::flat ? entry.added : key;
      all.emplace_back(distance_float64(metric_, query, entry.vector.data(), entry.vector.size()), among_equals, key);
    }
    std::sort(all.begin(), all.end());
    std::vector<expected_hit> hits;
    for (const auto& [distance, among_equals, key] : all) hits.push_back({key, distance});
    return hits;
  }
  [[nodiscard]] std::vector<expected_hit> nearest(const float* query, std::size_t k, const key_test& allowed = {}) const {
    std::vector<expected_hit> hits = sorted(query, allowed);
    if (hits.size() > k) hits.resize(k);
    return hits;
  }
  [[nodiscard]] std::vector<expected_hit> within(const float* query, double radius, const key_test& allowed = {}) const {
    std::vector<expected_hit> hits = sorted(query, allowed);
    std::erase_if(hits, [&](const expected_hit& hit) { return hit.distance > radius; });
    return hits;
  }

 private:
  struct stored_vector {
    std::uint64_t added = 0;
    std::vector<float> vector;
  };
  atlas::metric metric_;
  atlas::file_kind kind_;
  std::uint64_t last_added_ = 0;
  std::map<std::uint64_t, stored_vector> stored_;
};

}  // namespace support

#endif  // ATLAS_TESTS_SUPPORT_INDEX_MODEL_HPP
