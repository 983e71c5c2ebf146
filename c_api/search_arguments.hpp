// SPDX-License-Identifier: Apache-2.0
// c_api/search_arguments.hpp -- checks what a C caller asks of a search: of one index, or of several as one.
//
// Room:      queries, hits, options and radii of searches against the dimension of what is searched.
// Not here:  the pieces that other calls take too (c_api/arguments.hpp).
// Depends:   c_api/arguments.hpp.
// Threads:   pure.
#ifndef ATLAS_C_API_SEARCH_ARGUMENTS_HPP
#define ATLAS_C_API_SEARCH_ARGUMENTS_HPP

#include "arguments.hpp"

namespace atlas::c_api {

/// A search for the k nearest.
struct nearest_call {
  matrix_view queries;
  search_options options;
  hits_view hits;
};
[[nodiscard]] inline result<nearest_call> read_nearest(const atlas_hits* hits, const atlas_matrix* queries,
                                                       const atlas_search_options* options, std::size_t dimension) noexcept {
  const auto into = read_options(hits, "hits");
  if (!into.ok()) return into.error();
  ATLAS_C_TRY(require_zero(into->reserved, "hits.reserved"));
  const auto rows = read_matrix(queries, queries_fields);
  if (!rows.ok()) return rows.error();
  const auto how = read_search_options(options);
  if (!how.ok()) return how.error();

  if (into->k == 0) return error{errc::invalid_argument, "hits.k", "at least 1", std::uint64_t{0}};
  if (into->rows < rows->rows) return error{errc::invalid_argument, "hits.rows", rows->rows, into->rows};
  ATLAS_C_TRY(require_dimension(rows->dimension, dimension, "queries.dimension"));
  std::uint64_t slots = 0;
  if (__builtin_mul_overflow(into->rows, into->k, &slots)) {
    return error{errc::limit_exceeded, "hits.k", "rows * k below 2^60", into->k};
  }
  ATLAS_C_TRY(require(into->keys, "hits.keys", slots));
  ATLAS_C_TRY(require(into->distances, "hits.distances", slots));
  if (into->counts != nullptr) ATLAS_C_TRY(require(into->counts, "hits.counts", into->rows));
  nearest_call call{*rows, *how, {into->keys, into->distances, into->counts}};
  call.options.k = into->k;
  return call;
}

/// A search within a radius: the query, and options of which the call takes what it heeds.
struct range_call {
  span<const float> query;
  search_options options;
};
[[nodiscard]] inline result<range_call> read_range(const uint64_t* keys, const float* distances, const atlas_matrix* query,
                                                   std::size_t capacity, const atlas_search_options* options,
                                                   std::size_t dimension) noexcept {
  ATLAS_C_TRY(require(keys, "keys", capacity));
  ATLAS_C_TRY(require(distances, "distances", capacity));
  const auto row = read_matrix(query, query_fields);
  if (!row.ok()) return row.error();
  const auto how = read_search_options(options);
  if (!how.ok()) return how.error();
  if (row->rows != 1) return error{errc::invalid_argument, "query.rows", 1, row->rows};
  ATLAS_C_TRY(require_dimension(row->dimension, dimension, "query.dimension"));
  return range_call{{row->data, row->dimension}, *how};
}

/// The queries of a call that measures distances to some keys.
[[nodiscard]] inline result<matrix_view> read_distances(const float* out, const atlas_matrix* queries, const uint64_t* keys,
                                                        std::size_t key_count, std::size_t dimension) noexcept {
  const auto rows = read_matrix(queries, queries_fields);
  if (!rows.ok()) return rows.error();
  ATLAS_C_TRY(require(keys, "keys", key_count));
  ATLAS_C_TRY(require_dimension(rows->dimension, dimension, "queries.dimension"));
  std::uint64_t slots = 0;
  if (__builtin_mul_overflow(rows->rows, key_count, &slots)) {
    return error{errc::limit_exceeded, "key_count", "rows * keys below 2^61", key_count};
  }
  ATLAS_C_TRY(require(out, "out", slots));
  return *rows;
}

/// Calls `get(key, row)` for each key, of something of this dimension, and names the row that fails.
template <class Get>
[[nodiscard]] status get_vectors(void* out, const uint64_t* keys, std::size_t key_count, std::int32_t scalar,
                                 std::size_t given, std::size_t dimension, Get get) noexcept {
  ATLAS_C_TRY(require(keys, "keys", key_count));
  ATLAS_C_TRY(require_f32(scalar, "scalar"));
  ATLAS_C_TRY(require_dimension(given, dimension, "dimension"));
  auto* rows = static_cast<float*>(out);
  ATLAS_C_TRY(require(rows, "out", key_count));
  for (std::size_t i = 0; i < key_count; ++i) {
    if (const status got = get(keys[i], rows + i * dimension); !got.ok()) return got.error().at_row(i);
  }
  return {};
}

}  // namespace atlas::c_api

#endif  // ATLAS_C_API_SEARCH_ARGUMENTS_HPP
