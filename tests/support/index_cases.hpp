// SPDX-License-Identifier: Apache-2.0
// tests/support/index_cases.hpp -- every kind of index behind one face, for TEST_CASE_TEMPLATE.
#ifndef ATLAS_TESTS_SUPPORT_INDEX_CASES_HPP
#define ATLAS_TESTS_SUPPORT_INDEX_CASES_HPP

#include <atlas/any_index.hpp>

#include <cstddef>
#include <string>
#include <utility>

namespace support {

/// Up to this many rows, removed ones too, the hnsw and ivf_pq cases answer exactly: a list holds more links than there are
/// other rows, so none is ever dropped, the graph stays in one piece, and the width looks at all of it.
inline constexpr std::size_t exact_rows = 256;

inline atlas::hnsw_options exact_hnsw_options(std::size_t dimension, atlas::metric metric, std::size_t reserve_rows = 0) {
  return {.dimension = dimension,
          .metric = metric,
          .connectivity = exact_rows / 2,
          .build_width = exact_rows,
          .search_width = exact_rows,
          .reserve_rows = reserve_rows};
}

template <class Index>
atlas::result<atlas::any_index> as_any(atlas::result<Index>&& made) {
  if (!made.ok()) return made.error();
  return atlas::any_index(std::move(*made));
}

struct flat_case {
  using index_type = atlas::flat<float>;
  static constexpr atlas::file_kind kind = atlas::file_kind::flat;
  static atlas::result<index_type> create(std::size_t dimension, atlas::metric metric = atlas::metric::l2sq,
                                          std::size_t reserve_rows = 0) {
    return index_type::create({.dimension = dimension, .metric = metric, .reserve_rows = reserve_rows});
  }
  static atlas::result<index_type> open(const std::string& path, atlas::open_mode mode = atlas::open_mode::read) {
    return index_type::open(path.c_str(), {.mode = mode});
  }
};

struct hnsw_case {
  using index_type = atlas::hnsw<float>;
  static constexpr atlas::file_kind kind = atlas::file_kind::hnsw;
  static atlas::result<index_type> create(std::size_t dimension, atlas::metric metric = atlas::metric::l2sq,
                                          std::size_t reserve_rows = 0) {
    return index_type::create(exact_hnsw_options(dimension, metric, reserve_rows));
  }
  static atlas::result<index_type> open(const std::string& path, atlas::open_mode mode = atlas::open_mode::read) {
    return index_type::open(path.c_str(), {.mode = mode});
  }
};

/// All lists are looked at and every row is measured, so that answers are exact.
inline atlas::ivf_pq_options exact_ivf_options(std::size_t dimension, atlas::metric metric, std::size_t reserve_rows = 0) {
  return {.dimension = dimension,
          .metric = metric,
          .lists = 4,
          .codes = atlas::ivf_codes::rabitq,
          .train_from = 8,
          .probes = 4,
          .rerank = exact_rows,
          .reserve_rows = reserve_rows};
}
struct ivf_pq_case {
  using index_type = atlas::ivf_pq<float>;
  static constexpr atlas::file_kind kind = atlas::file_kind::ivf_pq;
  static atlas::result<index_type> create(std::size_t dimension, atlas::metric metric = atlas::metric::l2sq,
                                          std::size_t reserve_rows = 0) {
    return index_type::create(exact_ivf_options(dimension, metric, reserve_rows));
  }
  static atlas::result<index_type> open(const std::string& path, atlas::open_mode mode = atlas::open_mode::read) {
    return index_type::open(path.c_str(), {.mode = mode});
  }
};

template <class Held>
struct any_case {
  using index_type = atlas::any_index;
  static constexpr atlas::file_kind kind = Held::kind;
  static atlas::result<index_type> create(std::size_t dimension, atlas::metric metric = atlas::metric::l2sq,
                                          std::size_t reserve_rows = 0) {
    return as_any(Held::create(dimension, metric, reserve_rows));
  }
  static atlas::result<index_type> open(const std::string& path, atlas::open_mode mode = atlas::open_mode::read) {
    return index_type::open(path.c_str(), {.mode = mode});
  }
};
using any_flat_case = any_case<flat_case>;
using any_hnsw_case = any_case<hnsw_case>;
using any_ivf_pq_case = any_case<ivf_pq_case>;

inline constexpr atlas::metric float_metrics[] = {atlas::metric::l2sq, atlas::metric::inner_product, atlas::metric::cosine};

}  // namespace support

/// The last arguments of a TEST_CASE_TEMPLATE about what every index promises, and any_index only passes on.
#define ATLAS_EACH_KIND support::flat_case, support::hnsw_case, support::ivf_pq_case
/// The same, and any_index of each kind. ThreadSanitizer, under which they take minutes, sees the same threads in the kinds themselves.
#if defined(__SANITIZE_THREAD__)
#define ATLAS_EACH_INDEX ATLAS_EACH_KIND
#else
#define ATLAS_EACH_INDEX ATLAS_EACH_KIND, support::any_flat_case, support::any_hnsw_case, support::any_ivf_pq_case
#endif

#endif  // ATLAS_TESTS_SUPPORT_INDEX_CASES_HPP
