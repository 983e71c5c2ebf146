// SPDX-License-Identifier: Apache-2.0
// tests/c_api/ivf_pq_support.hpp -- inverted files and what they answer, through C.
#ifndef ATLAS_TESTS_C_API_IVF_PQ_SUPPORT_HPP
#define ATLAS_TESTS_C_API_IVF_PQ_SUPPORT_HPP

#include "c_api/c_api_support.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ivf_pq_support {

using namespace c_api_support;

inline constexpr std::size_t vector_count = 1500;
inline constexpr std::uint32_t components = 16;

inline atlas_index_options ivf_options() {
  atlas_index_options options = ATLAS_INDEX_OPTIONS_INIT;
  options.kind = ATLAS_KIND_IVF_PQ;
  options.dimension = components;
  options.lists = 16;
  return options;
}

inline index_handle create_ivf(const atlas_index_options& options) {
  atlas_index* index = nullptr;
  REQUIRE(atlas_index_create(&index, &options) == ATLAS_OK);
  return index_handle(index);
}

/// The first vectors under the keys 0, 1, 2, ...
inline void add_some(atlas_index* index, const std::vector<float>& values, std::size_t first, std::size_t count) {
  const auto keys = keys_from(first, count);
  const atlas_matrix some = {values.data() + first * components, count, 0, components, ATLAS_SCALAR_F32};
  REQUIRE(atlas_index_add(index, keys.data(), &some, nullptr) == ATLAS_OK);
}

inline index_handle filled_ivf(const atlas_index_options& options = ivf_options()) {
  index_handle index = create_ivf(options);
  add_some(index.get(), random_rows(7, vector_count, components), 0, vector_count);
  return index;
}

inline atlas_index_info info_of(const atlas_index* index) {
  atlas_index_info info = ATLAS_INDEX_INFO_INIT;
  REQUIRE(atlas_index_describe(&info, index) == ATLAS_OK);
  return info;
}

struct found_by_ivf {
  std::vector<std::uint64_t> keys;
  std::vector<float> distances;
  friend bool operator==(const found_by_ivf&, const found_by_ivf&) = default;
};
inline atlas_status ask(found_by_ivf& found, const atlas_index* index, const std::vector<float>& queries, std::size_t k,
                 const atlas_search_options* options) {
  const atlas_matrix asked = matrix(queries, components);
  found.keys.assign(asked.rows * k, 5);
  found.distances.assign(asked.rows * k, 5.0F);
  atlas_hits hits = ATLAS_HITS_INIT;
  hits.rows = asked.rows;
  hits.k = k;
  hits.keys = found.keys.data();
  hits.distances = found.distances.data();
  return atlas_index_search(&hits, index, &asked, options);
}
inline found_by_ivf ask(const atlas_index* index, const std::vector<float>& queries, std::size_t k, std::uint32_t probes = 0,
                 std::uint32_t rerank = 0, std::uint32_t estimates_only = 0) {
  atlas_search_options options = ATLAS_SEARCH_OPTIONS_INIT;
  options.probes = probes;
  options.rerank = rerank;
  options.estimates_only = estimates_only;
  found_by_ivf found;
  REQUIRE(ask(found, index, queries, k, &options) == ATLAS_OK);
  return found;
}

inline found_by_ivf exact_answers(const std::vector<float>& queries, std::size_t k) {
  const index_handle flat = filled_index(ATLAS_KIND_FLAT, vector_count, components);
  return ask(flat.get(), queries, k);
}

/// The share of answers that are as near as the k-th exact one.
inline double recall_of(const found_by_ivf& found, const found_by_ivf& exact, std::size_t k) {
  std::size_t right = 0;
  for (std::size_t i = 0; i < found.keys.size(); ++i) {
    right += found.distances[i] <= exact.distances[i / k * k + k - 1] ? 1U : 0U;
  }
  return static_cast<double>(right) / static_cast<double>(found.keys.size());
}

inline std::int32_t count_reports(std::uint64_t done, std::uint64_t total, void* context) {
  CHECK(done <= total);
  ++*static_cast<int*>(context);
  return 0;
}
inline std::int32_t stop_at_once(std::uint64_t, std::uint64_t, void*) { return 1; }

}  // namespace ivf_pq_support

#endif  // ATLAS_TESTS_C_API_IVF_PQ_SUPPORT_HPP
