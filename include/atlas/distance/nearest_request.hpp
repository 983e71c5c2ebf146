// SPDX-License-Identifier: Apache-2.0
// include/atlas/distance/nearest_request.hpp -- a search for the nearest rows of many queries, as plain data.
//
// Room:      what passes from a caller to the search, which in link mode is compiled elsewhere.
// Not here:  the search (distance/nearest_many.hpp), what a user calls (distance/nearest.hpp).
// Depends:   core/config.hpp.
#ifndef ATLAS_DISTANCE_NEAREST_REQUEST_HPP
#define ATLAS_DISTANCE_NEAREST_REQUEST_HPP

#include <atlas/core/config.hpp>  // ATLAS_LINK_KERNELS

namespace atlas {

/// Not under ATLAS_ABI, as simd/kernel_entries.hpp says of the kernels: no member's type depends on a compiler flag.
namespace kernels_v1 {

/// The nearest `k` rows of each query. All pointers are borrowed for the call. Shapes and pointers were checked:
/// dimension 1 to max_dimension, at most max_rows rows, k >= 1, metric and scalars go together.
struct nearest_request {
  const void* queries = nullptr;  ///< vectors query_stride_bytes apart
  std::size_t query_stride_bytes = 0;
  std::size_t query_count = 0;
  const void* rows = nullptr;  ///< vectors row_stride_bytes apart
  std::size_t row_stride_bytes = 0;
  std::size_t row_count = 0;
  std::size_t dimension = 0;  ///< components; bits of b1
  std::size_t k = 0;          ///< slots of each query; more than there are rows is fine
  std::uint8_t query_scalar = 0;
  std::uint8_t row_scalar = 0;
  std::uint8_t metric = 0;
  std::uint8_t first_pass = 0;
  unsigned threads = 1;  ///< at most so many; 0: all that the process may use

  void* found = nullptr;            ///< [query_count, k] of {float distance; uint32 row}, nearest first
  std::uint32_t* counts = nullptr;  ///< [query_count]; null: not wanted

  // Each of these may be null, and is called with `context`.
  const void* context = nullptr;
  /// Rows that must not be found. Called from several threads, once for each row and 1,024 queries or fewer.
  bool (*skip)(const void* context, std::uint32_t row) = nullptr;
  /// The distances that count, in place of the metric's kernel: of one query to the rows ids[0 .. count), or, if `ids`
  /// is null, to `count` rows from `first` on. Called from several threads, and unlike the others must not search. They
  /// must be those of the metric but for rounding as the kernel's; see `row_scale_offset`.
  void (*distances)(const void* context, std::size_t query, std::uint32_t first, const std::uint32_t* ids,
                    std::size_t count, float* out) = nullptr;
  /// Called on the thread of the call; false ends it with errc::cancelled.
  bool (*on_progress)(const void* context, std::uint64_t done, std::uint64_t total) = nullptr;
  /// Runs work(of_work, task, worker) for each task on threads that are there, as thread_pool::run does.
  void (*run)(const void* context, std::size_t tasks, unsigned most_threads,
              void (*work)(void* of_work, std::size_t task, unsigned worker), void* of_work) = nullptr;

  /// If not 0, with metric inner_product over float32: where in a row, in bytes, a float lies that its product is
  /// multiplied with: `distances` gives 1 - <query, row> * scale. Index rows keep 1 / |row| there under cosine.
  std::size_t row_scale_offset = 0;
};

#if ATLAS_LINK_KERNELS
/// @return  0, or the number of errc::no_memory or errc::cancelled; then some queries may be answered
std::int32_t nearest_many(const nearest_request& request) noexcept;
#endif

}  // namespace kernels_v1
}  // namespace atlas

#endif  // ATLAS_DISTANCE_NEAREST_REQUEST_HPP
