// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/nearest_many.hpp -- the nearest rows of many queries, without writing all distances.
//
// Room:      which way a request is searched, and in what batches.
// Not here:  the ways (distance/nearest_panels.hpp, distance/nearest_rows.hpp), what a user calls
//            (distance/nearest.hpp).
// Depends:   core, simd, distance.
// Threads:   any number of requests at once.
#ifndef ATLAS_DISTANCE_NEAREST_MANY_HPP
#define ATLAS_DISTANCE_NEAREST_MANY_HPP

#include <atlas/distance/nearest_panels.hpp>  // panel_search
#include <atlas/distance/nearest_rows.hpp>    // nearest_by_rows

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// Queries from which on panels pay. Measured in bench/distance_bench, 60,000 x 784.
inline constexpr std::size_t fewest_panel_queries = 6;
/// Queries that share one pass over the rows: more of them would push each other's panels out of the cache.
inline constexpr std::size_t most_batch_queries = 1024;
/// Bytes of candidates that a batch may hold.
inline constexpr std::size_t most_candidate_bytes = std::size_t{256} << 20;

/// The panels that a first pass may use: null for float32, and where the machine has no faster ones.
[[nodiscard]] inline const kernels_v1::panel_kernels* reduced_panels(const nearest_call& call) noexcept {
  if (call.request.first_pass == 1) return call.table.panel_bf16;
  if (call.request.first_pass == 2) return call.table.panel_i8;
  return nullptr;
}

/// Answers a request. @return  0, or errc::no_memory or errc::cancelled; then some queries may be answered
[[nodiscard]] inline errc nearest_many(const nearest_request& request) noexcept {
  nearest_call call(request);
  if (request.query_count == 0) return errc{};
  if (call.k == 0) {
    for (std::size_t query = 0; query < request.query_count; ++query) call.write(query, {});
    return errc{};
  }
  const bool is_float = static_cast<scalar>(request.query_scalar) == scalar::f32 &&
                        static_cast<scalar>(request.row_scalar) == scalar::f32;
  // Where most rows are answers, panels can rule out little.
  const bool uses_panels = is_float && request.query_count >= fewest_panel_queries && call.k <= request.row_count / 8;

  const std::size_t for_each_query = call.lanes(request.row_count / 32 + 1) * candidate_capacity(call.k) * sizeof(candidate_row);
  std::size_t most = most_candidate_bytes / for_each_query;
  most = most < 1 ? 1 : most > most_batch_queries ? most_batch_queries : most;
  const std::size_t batches = (request.query_count + most - 1) / most;
  const std::size_t batch = (request.query_count + batches - 1) / batches;
  call.total_rows = static_cast<std::uint64_t>(request.row_count) * batches;
  for (std::size_t first = 0; first < request.query_count; first += batch) {
    const std::size_t count = request.query_count - first < batch ? request.query_count - first : batch;
    const errc done = uses_panels ? panel_search(call, first, count, reduced_panels(call)).run()
                                  : nearest_by_rows(call, first, count);
    if (done != errc{}) return done;
  }
  return call.finish();
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_DISTANCE_NEAREST_MANY_HPP
