// SPDX-License-Identifier: Apache-2.0
// include/atlas/index/flat_batch.hpp -- exact search for many queries at once, or on several threads.
//
// Room:      nearest_of_batch: a flat index's rows, filters and distances as a request to distance/nearest.hpp.
// Not here:  one query on one thread, which allocates nothing (index/exact_search.hpp).
// Depends:   core, distance, index/{row_store,options}.hpp.
// Threads:   const over the rows.
#ifndef ATLAS_INDEX_FLAT_BATCH_HPP
#define ATLAS_INDEX_FLAT_BATCH_HPP

#include <atlas/core/memory.hpp>       // buffer
#include <atlas/core/thread_pool.hpp>  // thread_pool
#include <atlas/distance/nearest.hpp>  // search_nearest
#include <atlas/index/options.hpp>     // search_options, hits_view
#include <atlas/index/row_store.hpp>   // row_store

namespace atlas { inline namespace ATLAS_ABI { namespace detail {

/// What the search asks back about rows and queries.
struct flat_batch_context {
  const row_store& rows;
  const filter& allowed;
  const float* queries;  ///< of unit length under cosine
  std::size_t query_stride;
  thread_pool& pool;

  static const flat_batch_context& of(const void* context) noexcept {
    return *static_cast<const flat_batch_context*>(context);
  }
  static bool skip(const void* context, std::uint32_t row) {
    const flat_batch_context& self = of(context);
    return self.rows.state(row) != row_state::live ||
           (!self.allowed.is_empty() && !self.allowed.allows(self.rows.key(row)));
  }
  static void distances(const void* context, std::size_t query, std::uint32_t first, const std::uint32_t* ids,
                        std::size_t count, float* out) {
    const flat_batch_context& self = of(context);
    const float* const vector = self.queries + query * self.query_stride;
    if (ids == nullptr) return self.rows.layout().block(vector, self.rows.vectors(), first, count, out);
    self.rows.layout().gather(vector, 1.0F, self.rows.vectors(), ids, count, out);
  }
  static void run(const void* context, std::size_t tasks, unsigned most_threads,
                  void (*work)(void* of_work, std::size_t task, unsigned worker), void* of_work) {
    static_cast<void>(of(context).pool.run(
        tasks, [&](std::size_t task, unsigned worker) { work(of_work, task, worker); }, most_threads));
  }
};

/// The k nearest live, allowed rows of each query. @pre the arguments were checked
/// @return  errc::no_memory; then some queries may be answered
/// Memory: that of nearest, and 8 bytes for each answer; under cosine a copy of the queries.
[[nodiscard]] inline status nearest_of_batch(const row_store& rows, thread_pool& pool, const matrix_view& queries,
                                             const search_options& options, const hits_view& hits) noexcept {
  const row_layout& layout = rows.layout();
  const bool is_cosine = layout.metric == metric::cosine;
  buffer<float> units;
  if (is_cosine) {
    if (status made = units.resize(queries.rows * layout.dimension); !made.ok()) return made;
    for (std::size_t query = 0; query < queries.rows; ++query) {
      const auto inverse = checked_inverse_norm(queries.row(query), layout.dimension, layout.metric);
      if (!inverse.ok()) return inverse.error().at_row(query);
      const float* from = queries.row(query);
      float* to = units.data() + query * layout.dimension;
      for (std::size_t i = 0; i < layout.dimension; ++i) to[i] = from[i] * *inverse;
    }
  }
  const std::uint32_t row_count = rows.row_count();
  const std::size_t k = options.k < row_count ? options.k : row_count;
  buffer<neighbour> found;
  buffer<std::uint32_t> counts;
  if (status made = found.resize(queries.rows * k); !made.ok()) return made;
  if (status made = counts.resize_zeroed(queries.rows); !made.ok()) return made;

  const flat_batch_context context{rows, options.allowed, is_cosine ? units.data() : queries.data,
                                   is_cosine ? layout.dimension : queries.stride, pool};
  kernels_v1::nearest_request request;
  request.queries = context.queries;
  request.query_stride_bytes = context.query_stride * sizeof(float);
  request.query_count = queries.rows;
  request.rows = rows.vectors();
  request.row_stride_bytes = layout.stride_bytes;
  request.row_count = row_count;
  request.dimension = layout.dimension;
  request.k = k;
  request.metric = static_cast<std::uint8_t>(is_cosine ? metric::inner_product : layout.metric);
  request.first_pass = static_cast<std::uint8_t>(options.first_pass);
  request.row_scale_offset = is_cosine ? layout.dimension * sizeof(float) : 0;
  request.threads = options.threads == 0 ? pool.thread_count() : options.threads;
  request.found = found.data();
  request.counts = counts.data();
  request.context = &context;
  request.skip = &flat_batch_context::skip;
  request.distances = &flat_batch_context::distances;
  request.run = &flat_batch_context::run;
  if (k != 0) {
    if (const errc failed = search_nearest(request); failed != errc{}) return error{failed, "search"};
  }

  for (std::size_t query = 0; query < queries.rows; ++query) {
    std::uint64_t* const keys = hits.keys + query * options.k;
    float* const distances = hits.distances + query * options.k;
    const std::size_t count = counts[query];
    for (std::size_t i = 0; i < options.k; ++i) {
      keys[i] = i < count ? rows.key(found[query * k + i].id) : reserved_key;
      distances[i] = i < count ? found[query * k + i].distance : __builtin_inff();
    }
    if (hits.counts != nullptr) hits.counts[query] = counts[query];
  }
  return {};
}

}}}  // namespace atlas::ATLAS_ABI::detail

#endif  // ATLAS_INDEX_FLAT_BATCH_HPP
