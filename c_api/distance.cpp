// SPDX-License-Identifier: Apache-2.0
// c_api/distance.cpp -- distances of queries to rows that the caller holds.
#include "arguments.hpp"
#include "guard.hpp"

#include <atlas/distance.hpp>

using namespace atlas::c_api;
using atlas::errc;
using atlas::error;
using atlas::status;

extern "C" atlas_status atlas_distances(float* out, const atlas_matrix* queries, const atlas_matrix* rows,
                                        int32_t metric) {
  return guard([&]() -> status {
    const auto from = read_matrix(queries, queries_fields);
    if (!from.ok()) return from.error();
    const auto to = read_matrix(rows, rows_fields);
    if (!to.ok()) return to.error();
    const auto which = read_metric(metric);
    if (!which.ok()) return which.error();
    ATLAS_C_TRY(require_dimension(to->dimension, from->dimension, "rows.dimension"));
    std::uint64_t slots = 0;
    if (__builtin_mul_overflow(from->rows, to->rows, &slots)) {
      return error{errc::limit_exceeded, "rows.rows", "queries * rows below 2^61", to->rows};
    }
    ATLAS_C_TRY(require(out, "out", slots));
    for (std::size_t query = 0; query < from->rows; ++query) {
      const auto written = atlas::distances(from->row(query), *to, *which, out + query * to->rows);
      if (!written.ok()) return written.error();
    }
    return {};
  });
}
